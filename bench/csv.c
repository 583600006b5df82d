/*
 * Reading CSV on libcsv, which parses; line numbers, the number of fields, limits, the byte order
 * mark, stray carriage returns and an incomplete last line are watched here, since it does not do
 * so.
 *
 * The file is taken in pieces that end at a line feed or at the end of the buffer. The
 * callbacks only collect fields; a row is handed on when the line feed behind it has been seen, so
 * a row whose end was never written does not come out.
 */
#include "bench/csv.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 64 * 1024,
	DEFAULT_ROW_BYTES = 1024 * 1024,
	DEFAULT_COLUMNS = 1024,
};

struct reader {
	struct csv_parser parser;
	struct csv_limits *limits;
	const char *path;
	csv_row_fn *on_row;
	void *ctx;
	char *err;
	size_t err_len;
	int rc;              /* first error; the rest of the file is then not looked at */
	uint64_t line;       /* being read */
	uint64_t row_line;   /* where the open row starts */
	size_t line_bytes;   /* of the line read so far */
	size_t row_bytes;    /* of the open row fed so far */
	bool row_ended;      /* libcsv saw its end; delivered with the line feed */
	bool starts_broken;  /* its first byte is CR or LF: a blank line, or a stray CR */
	size_t n, n_columns; /* fields of the open row, of the header (0 = not read yet) */
	char *text;          /* the fields, each with its NUL; max_row_bytes + max_columns */
	size_t text_len;
	size_t *len;        /* max_columns */
	const char **field; /* max_columns, filled on delivery */
	const char *piece;  /* of the line, fed last */
	size_t piece_bytes;
};

__attribute__((format(printf, 4, 5))) static void report(
	struct reader *r, uint64_t line, size_t column, const char *format, ...)
{
	char where[48] = "", what[160];
	va_list ap;

	if (r->rc)
		return;
	r->rc = -EINVAL;
	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	if (column)
		snprintf(where, sizeof(where), ":%zu", column);
	snprintf(r->err, r->err_len, "%s:%" PRIu64 "%s: %s", r->path, line, where, what);
}

static void on_field(void *bytes, size_t len, void *ctx)
{
	struct reader *r = ctx;

	if (r->rc)
		return;
	if (r->row_ended || r->starts_broken)
		report(r, r->line, 0, "a carriage return stands inside the line, outside quotes");
	else if (len > r->limits->max_field_bytes)
		report(r, r->row_line, 0, "field %zu has %zu bytes, more than the limit of %zu",
			r->n + 1, len, r->limits->max_field_bytes);
	else if (r->n == r->limits->max_columns)
		report(r, r->row_line, 0, "more than %zu columns", r->limits->max_columns);
	if (r->rc)
		return;
	r->len[r->n++] = len;
	memcpy(r->text + r->text_len, bytes, len);
	r->text_len += len;
	r->text[r->text_len++] = '\0';
}

static void on_row_end(int end, void *ctx)
{
	(void)end;
	((struct reader *)ctx)->row_ended = true;
}

static int keep_spaces(unsigned char c)
{
	(void)c;
	return 0;
}

/* Where the field behind so many others begins, in a row of one piece; columns count from 1. */
static size_t column_of(const char *piece, size_t n, size_t fields)
{
	bool quoted = false;
	size_t at = 0;

	for (; at < n && fields; at++) {
		quoted ^= piece[at] == '"'; /* a doubled one ends and begins */
		fields -= piece[at] == ',' && !quoted;
	}
	return at + 1;
}

/* Points at the first field too many; else at the end of the row, where the next one is lacking. */
static void report_ragged(struct reader *r)
{
	bool crlf = r->piece_bytes > 1 && r->piece[r->piece_bytes - 2] == '\r';
	size_t column = r->line_bytes - crlf;

	if (r->n > r->n_columns && r->row_bytes == r->piece_bytes)
		column = column_of(r->piece, r->piece_bytes, r->n_columns);
	report(r, r->line, column, "%zu fields, but the header has %zu", r->n, r->n_columns);
}

/* The line feed behind the row has been seen. */
static void deliver(struct reader *r)
{
	const char *at = r->text;

	if (r->n_columns == 0)
		r->n_columns = r->n;
	if (r->n != r->n_columns)
		report_ragged(r);
	if (r->rc)
		return;
	for (size_t i = 0; i < r->n; i++) {
		r->field[i] = at;
		at += r->len[i] + 1;
	}
	r->limits->rows++;
	r->rc = r->on_row(r->ctx, r->row_line, r->n, r->field, r->len);
}

static void next_line(struct reader *r)
{
	if (r->row_ended)
		deliver(r);
	r->line++;
	r->line_bytes = 0;
	if (!r->row_ended && !r->starts_broken)
		return; /* within quotes: the row goes on */
	r->row_ended = false;
	r->n = 0;
	r->row_bytes = 0;
	r->row_line = r->line;
	r->text_len = 0;
}

/*
 * A whole line without quotes, which nearly all are: its fields stand between the commas, and
 * libcsv, which looks at every byte, is not asked.
 */
static bool is_plain(const struct reader *r, const char *piece, size_t n)
{
	return r->row_bytes == n && n > 1 && piece[n - 1] == '\n' && !memchr(piece, '"', n) &&
	       !memchr(piece, '\r', n);
}

static void feed_plain(struct reader *r, char *piece, size_t n)
{
	char *end = piece + n - 1;

	for (char *at = piece, *comma; at; at = comma ? comma + 1 : NULL) {
		comma = memchr(at, ',', (size_t)(end - at));
		on_field(at, (size_t)((comma ? comma : end) - at), r);
	}
	on_row_end('\n', r);
}

static void feed_libcsv(struct reader *r, const char *piece, size_t n)
{
	size_t done = csv_parse(&r->parser, piece, n, on_field, on_row_end, r);

	if (done != n && csv_error(&r->parser) == CSV_EPARSE)
		report(r, r->line, r->line_bytes + done + 1,
			"misplaced quote (quote the whole field and double the quotes within)");
	else if (done != n)
		report(r, r->line, 0, "out of memory");
}

/* A piece never reaches beyond a line feed. */
static void feed(struct reader *r, char *piece, size_t n)
{
	const char *nul = memchr(piece, '\0', n);

	if (r->row_bytes == 0)
		r->starts_broken = *piece == '\n' || *piece == '\r';
	r->row_bytes += n;
	if (nul)
		report(r, r->line, r->line_bytes + (size_t)(nul - piece) + 1, "NUL byte");
	else if (r->row_bytes > r->limits->max_row_bytes)
		report(r, r->row_line, 0, "the row is longer than the limit of %zu bytes",
			r->limits->max_row_bytes);
	if (r->rc)
		return;
	if (is_plain(r, piece, n))
		feed_plain(r, piece, n);
	else
		feed_libcsv(r, piece, n);
	r->line_bytes += n;
	r->piece = piece;
	r->piece_bytes = n;
	if (!r->rc && piece[n - 1] == '\n')
		next_line(r);
}

static void feed_chunk(struct reader *r, char *bytes, size_t n)
{
	while (n && !r->rc) {
		const char *lf = memchr(bytes, '\n', n);
		size_t piece = lf ? (size_t)(lf - bytes) + 1 : n;
		feed(r, bytes, piece);
		bytes += piece;
		n -= piece;
	}
}

/* csv_fini() is never called: it would deliver the incomplete row. */
static void finish(struct reader *r)
{
	if (r->rc || r->row_bytes == 0)
		return;
	if (r->line != r->row_line)
		report(r, r->row_line, 0,
			"the row that starts here has a quote that is never closed");
	else
		r->limits->truncated_tail = true;
}

/* Reads until the chunk is full or the file ends, so that a byte order mark comes in one piece. */
static ssize_t read_chunk(int fd, char *chunk)
{
	size_t have = 0;

	while (have < CHUNK_BYTES) {
		ssize_t n = read(fd, chunk + have, CHUNK_BYTES - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static void read_all(struct reader *r, int fd, char *chunk)
{
	bool first = true;
	ssize_t n;

	while (!r->rc && (n = read_chunk(fd, chunk)) != 0) {
		if (n < 0) {
			snprintf(r->err, r->err_len, "%s: %s", r->path, strerror((int)-n));
			r->rc = (int)n;
			return;
		}
		size_t bom = first && n >= 3 && memcmp(chunk, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		first = false;
		feed_chunk(r, chunk + bom, (size_t)n - bom);
	}
	finish(r);
}

/* O_NONBLOCK: opening a FIFO that nobody writes to must not wait. */
static int open_regular(const char *path, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		int rc = -errno;
		snprintf(err, err_len, "%s: cannot open: %s", path, strerror(-rc));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (S_ISREG(st.st_mode))
		return fd;
	snprintf(err, err_len, "%s: not a regular file", path);
	close(fd);
	return -EINVAL;
}

static void set_defaults(struct csv_limits *limits)
{
	if (!limits->max_row_bytes)
		limits->max_row_bytes = DEFAULT_ROW_BYTES;
	if (!limits->max_field_bytes)
		limits->max_field_bytes = DEFAULT_ROW_BYTES;
	if (!limits->max_columns)
		limits->max_columns = DEFAULT_COLUMNS;
	limits->rows = 0;
	limits->truncated_tail = false;
}

static int read_fd(struct reader *r, int fd)
{
	char *chunk = malloc(CHUNK_BYTES);

	r->len = calloc(r->limits->max_columns, sizeof(*r->len));
	r->text = malloc(r->limits->max_row_bytes + r->limits->max_columns);
	r->field = calloc(r->limits->max_columns, sizeof(*r->field));
	if (chunk && r->text && r->len && r->field &&
		csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0) {
		csv_set_space_func(&r->parser, keep_spaces);
		read_all(r, fd, chunk);
		csv_free(&r->parser);
	} else {
		snprintf(r->err, r->err_len, "%s: out of memory", r->path);
		r->rc = -ENOMEM;
	}
	free(r->text);
	free(r->field);
	free(r->len);
	free(chunk);
	return r->rc;
}

int csv_read_file(const char *path, struct csv_limits *limits, csv_row_fn *on_row, void *ctx,
	char *err, size_t err_len)
{
	struct csv_limits own = {0};
	struct reader r = {.limits = limits ? limits : &own,
		.path = path,
		.on_row = on_row,
		.ctx = ctx,
		.err = err,
		.err_len = err_len,
		.line = 1,
		.row_line = 1};
	int fd = open_regular(path, err, err_len);

	set_defaults(r.limits);
	if (fd < 0)
		return fd;
	int rc = read_fd(&r, fd);
	close(fd);
	return rc;
}

int csv_header_find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}
