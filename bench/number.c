/* number.c - see number.h. */
#include "bench/number.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_DIGITS = 15, EXACT_POWER = 22 };

/* Exactly representable: one division by one of them is rounded once, as strtod() does. */
static const double power[EXACT_POWER + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* "123", "0.25": what we write, and several times as fast as strtod(). */
static bool read_short(const char *text, double *out)
{
	uint64_t digits = 0;
	unsigned n = 0, behind = 0;
	bool point = false;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		digits = 10 * digits + (uint64_t)(*text - '0');
		behind += point;
		if (++n > EXACT_DIGITS)
			return false;
	}
	if (*text || n == 0)
		return false;
	*out = (double)digits / power[behind];
	return true;
}

bool number_read(const char *text, double *out)
{
	char *end;

	*out = NAN;
	if (!text[0] || read_short(text, out))
		return true;
	if (text[strspn(text, "0123456789+-.eE")] == '\0') {
		*out = strtod(text, &end);
		if (*end == '\0' && isfinite(*out))
			return true;
	}
	*out = NAN;
	return false;
}
