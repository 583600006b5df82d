/*
 * Units: exact parsing in integers, printing with three significant digits.
 */
#include "bench/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FRACTION_DIGITS = 6 }; /* 10^6 x the largest unit still fits in 64 bits */

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit count_units[] = {
	{"k", 1000},
	{"K", 1000},
	{"M", 1000000},
	{"G", 1000000000},
	{"T", 1000000000000},
	{0},
};

static const struct unit byte_units[] = {
	{"B", 1},
	{"K", UINT64_C(1) << 10},
	{"k", UINT64_C(1) << 10},
	{"KiB", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"MiB", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
	{"GiB", UINT64_C(1) << 30},
	{"T", UINT64_C(1) << 40},
	{"TiB", UINT64_C(1) << 40},
	{NULL, 0},
};

static const struct unit time_units[] = {
	{"ns", 1},
	{"us", UINT64_C(1000)},
	{"ms", UINT64_C(1000000)},
	{"s", UINT64_C(1000000000)},
	{"m", UINT64_C(60000000000)},
	{"min", UINT64_C(60000000000)},
	{"h", UINT64_C(3600000000000)},
	{NULL, 0},
};

/* A decimal number taken apart: whole + fraction / fraction_scale. */
struct number {
	uint64_t whole, fraction, fraction_scale;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 0 with *end behind the digits (at text when there are none), or -ERANGE. */
static int read_digits(const char *text, const char **end, uint64_t *value)
{
	uint64_t v = 0;

	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return -ERANGE;
	*end = text;
	*value = v;
	return 0;
}

static int read_number(const char *text, const char **end, struct number *num)
{
	const char *p = text;
	int rc = read_digits(text, &p, &num->whole);

	num->fraction = 0;
	num->fraction_scale = 1;
	*end = p;
	if (rc || p == text)
		return rc ? rc : -EINVAL;
	if (*p != '.')
		return 0;
	const char *digits = p + 1;
	rc = read_digits(digits, &p, &num->fraction);
	if (rc || p == digits || p - digits > MAX_FRACTION_DIGITS)
		return -EINVAL;
	for (*end = p; p > digits; p--)
		num->fraction_scale *= 10;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* num x scale in whole units: -EINVAL where that is not whole, -ERANGE where it does not fit. */
static int scale_number(const struct number *num, uint64_t scale, uint64_t *out)
{
	uint64_t part = num->fraction * scale, v;

	if (part % num->fraction_scale)
		return -EINVAL;
	if (__builtin_mul_overflow(num->whole, scale, &v) ||
		__builtin_add_overflow(v, part / num->fraction_scale, &v))
		return -ERANGE;
	*out = v;
	return 0;
}

/* bare = scale of a number without a unit, 0 where it needs one. */
static int parse_scaled(const char *text, const struct unit *units, uint64_t bare, uint64_t *out)
{
	struct number num;
	const char *end;
	int rc = read_number(text, &end, &num);

	if (rc)
		return rc;
	if (!*end)
		return bare ? scale_number(&num, bare, out) : -ENOENT;
	if (*end == ' ')
		end++;
	const struct unit *unit = find_unit(units, end);
	return unit ? scale_number(&num, unit->scale, out) : -EINVAL;
}

static int too_large(const char *text, char *err, size_t err_len)
{
	snprintf(err, err_len, "'%s' is too large", text);
	return -ERANGE;
}

int units_parse_bytes(const char *text, uint64_t *bytes, char *err, size_t err_len)
{
	int rc = parse_scaled(text, byte_units, 1, bytes);

	if (rc == -ERANGE)
		return too_large(text, err, err_len);
	if (rc)
		snprintf(err, err_len,
			"'%s' is not a size such as 64, 4K, 64KiB or 1M (1024-based)", text);
	return rc;
}

int units_parse_time_ns(
	const char *text, uint64_t bare_unit_ns, uint64_t *ns, char *err, size_t err_len)
{
	int rc = parse_scaled(text, time_units, bare_unit_ns, ns);

	if (rc == -ERANGE)
		return too_large(text, err, err_len);
	if (rc == -ENOENT)
		snprintf(err, err_len,
			"'%s' needs a unit: write %sms, %ss or another of ns, us, m, h", text, text,
			text);
	else if (rc)
		snprintf(
			err, err_len, "'%s' is not a time such as 10us, 30ms, 2s, 10m or 1h", text);
	return rc ? -EINVAL : 0;
}

int units_parse_count(const char *text, uint64_t *n, char *err, size_t err_len)
{
	int rc = parse_scaled(text, count_units, 1, n);

	if (rc == -ERANGE)
		return too_large(text, err, err_len);
	if (rc)
		snprintf(err, err_len, "'%s' is not a number such as 1000, 500k, 2.5M or 1G", text);
	return rc;
}

int units_parse_u64(const char *text, uint64_t *value, char *err, size_t err_len)
{
	const char *end;
	uint64_t v = 0;

	if (read_digits(text, &end, &v) == -ERANGE)
		return too_large(text, err, err_len);
	if (end == text || *end) {
		snprintf(err, err_len, "'%s' is not a whole number of 0 or more", text);
		return -EINVAL;
	}
	*value = v;
	return 0;
}

/*
 * Rounds to three significant digits: value = digits x 10^(exponent - 2). The digits are picked out
 * of %.2e one by one, so that it does not matter which decimal point the locale puts between them.
 */
static void round_to_three(double value, int *digits, int *exponent)
{
	char text[32];
	int n = 0;

	snprintf(text, sizeof(text), "%.2e", value);
	*digits = 0;
	for (const char *p = text; *p && n < 3; p++)
		if (is_digit(*p)) {
			*digits = *digits * 10 + (*p - '0');
			n++;
		}
	const char *e = strchr(text, 'e');
	*exponent = 0;
	for (const char *p = e + 2; *p; p++)
		*exponent = *exponent * 10 + (*p - '0');
	if (e[1] == '-')
		*exponent = -*exponent;
}

/* names[i] is the unit of 1000^i; the last one takes whatever is larger. */
static char *format_scaled(
	char *buf, size_t len, double value, const char *const *names, size_t n_names)
{
	int digits, exponent;

	if (!isfinite(value)) {
		snprintf(buf, len, "-");
		return buf;
	}
	const char *sign = value < 0 ? "-" : "";
	round_to_three(fabs(value), &digits, &exponent);
	size_t step = exponent < 0 ? 0 : (size_t)exponent / 3;
	if (step >= n_names)
		step = n_names - 1;
	int place = exponent - 3 * (int)step; /* of the first digit, 0 = units */
	if (place < 0) {                      /* below the smallest unit two decimals are left */
		int hundredths = (int)lround(fabs(value) * 100.0);
		snprintf(buf, len, "%s%d.%02d %s", sign, hundredths / 100, hundredths % 100,
			names[step]);
	} else if (place == 0) {
		snprintf(buf, len, "%s%d.%02d %s", sign, digits / 100, digits % 100, names[step]);
	} else if (place == 1) {
		snprintf(buf, len, "%s%d.%d %s", sign, digits / 10, digits % 10, names[step]);
	} else if (place <= 8) {
		for (; place > 2; place--)
			digits *= 10;
		snprintf(buf, len, "%s%d %s", sign, digits, names[step]);
	} else {
		snprintf(buf, len, "%s%d.%02de%d %s", sign, digits / 100, digits % 100, place,
			names[step]);
	}
	return buf;
}

char *units_format_ns(char *buf, size_t len, double ns)
{
	static const char *const names[] = {"ns", "us", "ms", "s"};

	return format_scaled(buf, len, ns, names, 4);
}

char *units_format_rate(char *buf, size_t len, double per_s)
{
	static const char *const names[] = {"/s", "k/s", "M/s", "G/s", "T/s"};

	return format_scaled(buf, len, per_s, names, 5);
}

char *units_format_bytes_per_s(char *buf, size_t len, double bytes_per_s)
{
	static const char *const names[] = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};

	return format_scaled(buf, len, bytes_per_s, names, 5);
}

char *units_format_bytes(char *buf, size_t len, uint64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t step = 0;
	uint64_t unit = 1;

	while (step < 4 && bytes / unit >= 1024) {
		unit *= 1024;
		step++;
	}
	if (bytes % unit == 0) {
		snprintf(buf, len, "%llu %s", (unsigned long long)(bytes / unit), names[step]);
	} else if (bytes < 10000) {
		snprintf(buf, len, "%llu B", (unsigned long long)bytes);
	} else if (bytes / unit >= 1000) { /* 1000..1023: whole units carry enough digits */
		uint64_t whole = bytes / unit + (bytes % unit >= unit / 2);
		snprintf(buf, len, "%llu %s", (unsigned long long)whole, names[step]);
	} else {
		format_scaled(buf, len, (double)bytes / (double)unit, &names[step], 1);
	}
	return buf;
}
