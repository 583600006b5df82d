/*
 * Units - reading and writing sizes, times and rates with their unit.
 *
 * Reading is exact: integers and decimal fractions are computed in integers, and what would not be
 * a whole number of bytes or nanoseconds is refused rather than rounded. Writing is for people:
 * three significant digits. Neither side looks at the locale: the decimal point is always '.'.
 *
 * All functions are pure and may be called from any thread.
 */
#ifndef BENCH_UNITS_H
#define BENCH_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* A buffer of this size holds whatever a units_format_*() function writes. */
enum { UNITS_TEXT_BYTES = 32 };

/*
 * Size in bytes: "64", "64B", "4k", "4K", "64KiB", "1.5M", "1 GiB"; K, M, G and T are 1024-based.
 * "KB", "MB" ... are refused: they mean 1000 to some readers and 1024 to others.
 * Returns 0, or -EINVAL (not a size) or -ERANGE (above 2^64 - 1) with a sentence in err; *bytes is
 * then untouched.
 */
int units_parse_bytes(const char *text, uint64_t *bytes, char *err, size_t err_len);

/*
 * Time in ns: a number with one of ns, us, ms, s, m (or min), h: "10us", "1.5s", "30 ms".
 * bare_unit_ns is what a number without a unit counts in (1000000 for milliseconds); 0 refuses it
 * and says which units there are. Returns as units_parse_bytes().
 */
int units_parse_time_ns(
	const char *text, uint64_t bare_unit_ns, uint64_t *ns, char *err, size_t err_len);

/* Number of things: "1000", "500k", "2.5M", "1G"; 1000-based. Returns as units_parse_bytes(). */
int units_parse_count(const char *text, uint64_t *n, char *err, size_t err_len);

/* Plain decimal digits. Returns as units_parse_bytes(). */
int units_parse_u64(const char *text, uint64_t *value, char *err, size_t err_len);

/*
 * The four below write into buf (UNITS_TEXT_BYTES are always enough) and return buf. A value that
 * is not finite is written as "-".
 */

/* "0.45 ns", "812 ns", "4.31 us", "12.0 ms", "2.50 s"; seconds are the largest unit. */
char *units_format_ns(char *buf, size_t len, double ns);

/* Operations a second: "950 /s", "1.23 M/s"; k, M, G and T are 1000-based. */
char *units_format_rate(char *buf, size_t len, double per_s);

/* Bytes a second: "950 B/s", "1.23 GB/s"; 1000-based, as bandwidth is. */
char *units_format_bytes_per_s(char *buf, size_t len, double bytes_per_s);

/*
 * Size: exact where a whole unit or a small number says it ("64 B", "4 KiB", "4097 B"), else three
 * digits ("1.23 MiB"). The exact forms are read back by units_parse_bytes().
 */
char *units_format_bytes(char *buf, size_t len, uint64_t bytes);

#endif
