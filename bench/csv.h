/*
 * CSV (RFC 4180, LF line ends) - rows are written whole, files are read in a stream.
 *
 * Numbers never depend on the locale. Text comes back byte for byte, quotes and line breaks
 * included. Every function may be called from any thread on its own objects.
 */
#ifndef BENCH_CSV_H
#define BENCH_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A row under construction, so that the caller can write it with one write(2). Starts zeroed
 * (struct csv_row row = {0}), is filled field by field, closed by csv_row_end(), used again after
 * csv_row_reset(), released by csv_row_free(). Out of memory sets failed, after which the functions
 * do nothing: it is enough to look once, after csv_row_end().
 */
struct csv_row {
	char *buf; /* not NUL-terminated */
	size_t len, cap;
	unsigned fields;
	bool failed;
};

/* Decimals of csv_row_f64(): six significant digits or more, as few characters as they need. */
enum { CSV_SHORT = -1 };

/* Text, quoted only where it must be; NULL = empty. */
void csv_row_text(struct csv_row *row, const char *text);
void csv_row_u64(struct csv_row *row, uint64_t value);
void csv_row_i64(struct csv_row *row, int64_t value);

/* decimals digits after the point (0..60), or CSV_SHORT; never an exponent. NaN and infinity, which
 * readers disagree about, are written as an empty field. */
void csv_row_f64(struct csv_row *row, double value, int decimals);

/* What a value written with CSV_SHORT is when it has been read again: csv_short(csv_short(v)) is
 * csv_short(v). */
double csv_short(double value);
void csv_row_empty(struct csv_row *row);

/* Ends the row with LF. Returns 0, or -ENOMEM if the row is not whole (row->failed). */
int csv_row_end(struct csv_row *row);
void csv_row_reset(struct csv_row *row);
void csv_row_free(struct csv_row *row);

/*
 * Writes the ended row with one write(2) (again only after EINTR with nothing written). Returns 0,
 * -errno, or -ENOSPC where only a part went out: the file then has an incomplete last line, which
 * csv_read_file() recognises.
 */
int csv_row_write(const struct csv_row *row, int fd);

/* Writes all rows of a file; 0 or -errno. */
typedef int csv_put_fn(const void *ctx, int fd);

/*
 * Writes a file whole or not at all: PATH.new first, which then gets its name.  0, or -errno with a
 * sentence in err.
 */
int csv_save(const char *path, csv_put_fn *put, const void *ctx, char *err, size_t err_len);

/* Bounds of a reading, and what it found. Zero = the default. */
struct csv_limits {
	size_t max_row_bytes;   /* 1 MiB; a row includes line breaks within quotes */
	size_t max_field_bytes; /* 1 MiB */
	size_t max_columns;     /* 1024 */
	/* set by csv_read_file(): */
	uint64_t rows;       /* delivered, the header included */
	bool truncated_tail; /* the last line had no LF (its writer was killed) and was dropped */
};

/*
 * One row: the line it starts at (from 1), n fields, NUL-terminated, with their lengths; all of it
 * valid during the call only. Returns 0 to go on; anything else ends the reading and becomes what
 * csv_read_file() returns (a negative one should be an errno, with the callback's own message).
 */
typedef int csv_row_fn(
	void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len);

/*
 * Reads path and calls on_row for every row, the header first. Memory stays within a few times
 * max_row_bytes. A byte order mark is skipped, LF and CRLF are accepted, blank lines are skipped,
 * spaces belong to their field. An empty file has no rows and is no error here.
 *
 * Returns 0; what on_row returned; or -errno with one sentence in err ("path:line[:column]: what"):
 * not a regular file (a FIFO is refused, never waited for), a quote that is not closed or stands
 * where none may, a NUL byte, a carriage return inside a line, a row with another number of fields
 * than the header, a row, field or number of columns above its limit. Lines and columns count from
 * 1, columns in bytes. Rows before the error were delivered. limits may be NULL.
 */
int csv_read_file(const char *path, struct csv_limits *limits, csv_row_fn *on_row, void *ctx,
	char *err, size_t err_len);

/* Index of the column called name in a header of n names; -1 if there is none. */
int csv_header_find(const char *const *names, size_t n, const char *name);

#endif
