/* judged_words.c - see judged_words.h. */
#include "bench/judged_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/gate.h"
#include "bench/gate_stored.h"
#include "bench/units.h"
#include "harness/compiler.h"

/* From here on "times as slow" is read faster than a percentage. */
#define TIMES 3.0

const struct judged_section judged_section[JUDGED_SECTIONS] = {
	{JUDGED_REGRESSED, true, false, "Slower", true, true},
	{JUDGED_NA, true, false, "Broke", true, false},
	{JUDGED_MISSING, true, false, "Missing in the new one", true, false},
	{JUDGED_REGRESSED, false, true, "Slower, not gated", true, true},
	{JUDGED_IMPROVED, true, true, "Faster", true, true},
	{JUDGED_INCONCLUSIVE, true, true, "Inconclusive", false, true},
	{JUDGED_NA, false, true, "Without figures", false, false},
	{JUDGED_NEW, true, true, "New", false, false},
	{JUDGED_MISSING, false, true, "Missing in the new one, as allowed", false, false},
	{JUDGED_OK, true, true, "Fine", false, true},
};

size_t judged_section_rows(
	const struct judgement *j, const struct judged_section *s, const struct judged **first)
{
	size_t n = 0;

	*first = NULL;
	for (size_t i = 0; i < j->n; i++) {
		const struct judged *r = &j->row[i];

		if (r->verdict != s->verdict || !(r->gated ? s->gated : s->ungated))
			continue;
		*first = *first ? *first : r;
		n++;
	}
	return n;
}

static int by_cell(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t judged_cells_of(const struct judged *row, size_t n)
{
	const char **cell = calloc(n + 1, sizeof(*cell));
	size_t cells = 0;

	for (size_t i = 0; cell && i < n; i++)
		cell[i] = row[i].cell;
	if (cell)
		qsort(cell, n, sizeof(*cell), by_cell);
	for (size_t i = 0; cell && i < n; i++)
		cells += i == 0 || strcmp(cell[i - 1], cell[i]) != 0;
	free(cell);
	return cells;
}

/* ---- values ------------------------------------------------------------------------ */

char *judged_say_value(char *out, const struct judged *r, double value)
{
	char text[UNITS_TEXT_BYTES];
	size_t n = strlen(r->unit);

	if (!isfinite(value))
		snprintf(out, JUDGED_SAY, "-");
	else if (n >= 2 && strcmp(r->unit + n - 2, "/s") == 0)
		snprintf(out, JUDGED_SAY, "%s", units_format_rate(text, sizeof(text), value));
	else if (strncmp(r->unit, "ns", 2) == 0)
		snprintf(out, JUDGED_SAY, "%s%s", units_format_ns(text, sizeof(text), value),
			r->unit + 2);
	else
		snprintf(out, JUDGED_SAY, "%.3g %s", value,
			r->unit[0] == '1' ? r->unit + 1 : r->unit);
	return out;
}

char *judged_say_values(char *out, const struct judged *r)
{
	char before[JUDGED_SAY], after[JUDGED_SAY];

	snprintf(out, JUDGED_SAY, "%.60s -> %.60s", judged_say_value(before, r, r->old_value),
		judged_say_value(after, r, r->new_value));
	return out;
}

/* ---- changes ------------------------------------------------------------------------ */

struct words {
	const char *metric, *more, *less, *times;
};

static const struct words *words_of(const char *metric)
{
	static const struct words words[] = {
		{"cpu", "more CPU time", "less CPU time", "times the CPU time"},
		{"switches", "more switches", "fewer switches", "times the switches"},
		{"", "slower", "faster", "times as slow"},
	};
	size_t i = 0;

	while (words[i].metric[0] && strcmp(words[i].metric, metric) != 0)
		i++;
	return &words[i];
}

/* As written with one digit: never -0.0. */
static double tenth(double v)
{
	return rint(10 * v) / 10 + 0.0;
}

static void say_ratio(char *out, const struct words *w, double ratio)
{
	if (!isfinite(ratio))
		out[0] = '\0';
	else if (ratio >= TIMES)
		snprintf(out, JUDGED_SAY, "%.1f %s", ratio, w->times);
	else if (tenth(100 * (ratio - 1)) >= 0)
		snprintf(out, JUDGED_SAY, "%.1f %% %s", tenth(100 * (ratio - 1)), w->more);
	else
		snprintf(out, JUDGED_SAY, "%.1f %% %s", tenth(100 * (1 - ratio)), w->less);
}

/* In what say_ratio() says the ratio in. */
static void say_interval(char *out, double ratio, double lo, double hi)
{
	if (!isfinite(ratio) || !isfinite(lo) || !isfinite(hi))
		out[0] = '\0';
	else if (ratio >= TIMES)
		snprintf(out, JUDGED_SAY, " [%.1f, %.1f]", lo, hi);
	else if (tenth(100 * (ratio - 1)) >= 0)
		snprintf(out, JUDGED_SAY, " [%.1f, %.1f]", tenth(100 * (lo - 1)),
			tenth(100 * (hi - 1)));
	else
		snprintf(out, JUDGED_SAY, " [%.1f, %.1f]", tenth(100 * (1 - hi)),
			tenth(100 * (1 - lo)));
}

char *judged_say_change(char *out, const struct judged *r)
{
	say_ratio(out, words_of(r->metric), r->ratio);
	return out;
}

static char *say_sure(char *out, const struct words *w, double ratio, double lo, double hi)
{
	char change[JUDGED_SAY], interval[JUDGED_SAY];

	say_ratio(change, w, ratio);
	say_interval(interval, ratio, lo, hi);
	snprintf(out, JUDGED_SAY, "%.60s%.60s", change, interval);
	return out;
}

char *judged_say_sure(char *out, const struct judged *r)
{
	return say_sure(out, words_of(r->metric), r->ratio, r->lo, r->hi);
}

char *judged_say_suite(char *out, const struct judgement *j)
{
	return say_sure(out, words_of(""), j->suite_ratio, j->suite_lo, j->suite_hi);
}

char *judged_say_count(char *out, const struct judgement *j, uint32_t n)
{
	snprintf(out, JUDGED_SAY, "%u %s%s", n, j->mode == JUDGED_PAIRED ? "pair" : "campaign",
		n == 1 ? "" : "s");
	return out;
}

char *judged_say_seen(char *out, const struct judged *r)
{
	if (!isfinite(r->mde))
		out[0] = '\0';
	else if (r->mde >= TIMES)
		snprintf(out, JUDGED_SAY, "would have seen %.1f times", r->mde);
	else
		snprintf(out, JUDGED_SAY, "would have seen %.1f %%", tenth(100 * (r->mde - 1)));
	return out;
}

char *judged_say_error(char *out, const struct judgement *j)
{
	if (j->mode == JUDGED_PAIRED)
		snprintf(out, JUDGED_TITLE,
			"Two builds that do not differ would show a cell slower in at most %g %% "
			"of runs, and all cells together in at most %g %%.",
			100 * j->fwer, 100 * gate_default_rules.suite_p);
	else
		snprintf(out, JUDGED_TITLE,
			"Of what is called slower at most %g %% is expected not to be (false "
			"discoveries); all cells together are wrongly called slower in at most %g "
			"%% of comparisons.",
			100 * j->fwer, 100 * stored_suite_p);
	return out;
}

static const char *why(const struct judged *r)
{
	if (r->reason[0])
		return r->reason;
	return r->verdict == JUDGED_NEW       ? "only in the new one"
	       : r->verdict == JUDGED_MISSING ? "only in the old one"
					      : "";
}

/* Parts of a sentence, by semicolons; empty ones are none. */
static void say_also(char *out, size_t len, const char *part)
{
	size_t at = strlen(out);

	if (part[0] && at < len)
		snprintf(out + at, len - at, "%s%s", at ? "; " : "", part);
}

char *judged_say_rest(char *out, const struct judgement *j, const struct judged *r)
{
	char count[JUDGED_SAY], part[JUDGED_SAY];

	out[0] = '\0';
	if (r->needs) {
		snprintf(part, sizeof(part), "needs about %.60s%s",
			judged_say_count(count, j, r->needs),
			j->mode == JUDGED_STORED ? " a side" : "");
		say_also(out, JUDGED_REST, part);
	}
	if (r->verdict == JUDGED_INCONCLUSIVE)
		say_also(out, JUDGED_REST, judged_say_seen(part, r));
	say_also(out, JUDGED_REST, why(r));
	return out;
}

char *judged_say_all(char *out, const struct judgement *j, const struct judged *r)
{
	char sure[JUDGED_SAY], values[JUDGED_SAY], count[JUDGED_SAY], rest[JUDGED_REST];
	const char *also = judged_say_rest(rest, j, r);

	if (isfinite(r->ratio))
		snprintf(out, JUDGED_TITLE, "%s, %s, %s%s%s", judged_say_sure(sure, r),
			judged_say_values(values, r), judged_say_count(count, j, r->pairs),
			also[0] ? "; " : "", also);
	else
		snprintf(out, JUDGED_TITLE, "no figure%s%s", also[0] ? "; " : "", also);
	return out;
}

/* ---- the whole ---------------------------------------------------------------------- */

/* What is wrong, and the note. */
static void say_failure(char *out, const struct judgement *j)
{
	char suite[JUDGED_SAY];
	size_t n = 0, slower = j->with[JUDGED_REGRESSED], missing = j->with[JUDGED_MISSING];
	size_t broke = j->with[JUDGED_NA];

	out[0] = '\0';
	if (slower)
		n += (size_t)snprintf(
			out, JUDGED_TITLE, "%zu of %zu cells became slower", slower, j->cells);
	if (j->suite_flagged)
		n += (size_t)snprintf(out + n, JUDGED_TITLE - n, "%sall cells together became %s",
			n ? "; " : "", judged_say_suite(suite, j));
	if (broke)
		n += (size_t)snprintf(out + n, JUDGED_TITLE - n, "%s%zu cell%s broke",
			n ? "; " : "", broke, broke == 1 ? "" : "s");
	if (missing)
		n += (size_t)snprintf(out + n, JUDGED_TITLE - n, "%s%zu %s missing", n ? "; " : "",
			missing, missing == 1 ? "cell is" : "cells are");
	if (j->note[0] || !n)
		snprintf(out + n, JUDGED_TITLE - n, "%s%s", n ? "; " : "",
			j->note[0] ? j->note : "no reason was given");
}

static void say_pass(char *out, const struct judgement *j)
{
	size_t faster = j->with[JUDGED_IMPROVED];
	int n = snprintf(out, JUDGED_TITLE, "nothing became slower in %zu cells", j->cells);

	if (faster)
		snprintf(out + n, (size_t)(JUDGED_TITLE - n), ", %zu became faster", faster);
}

static void say_inconclusive(char *out, const struct judgement *j)
{
	size_t open = j->with[JUDGED_INCONCLUSIVE];
	int n = snprintf(
		out, JUDGED_TITLE, "no verdict: %zu of %zu cells are not settled", open, j->cells);

	if (j->note[0])
		snprintf(out + n, (size_t)(JUDGED_TITLE - n), "; %s", j->note);
}

char *judged_title(char *out, const struct judgement *j)
{
	char why[JUDGED_TITLE];

	if (j->exit_code > EXIT_SIGNAL) {
		snprintf(out, JUDGED_TITLE, "stopped by signal %d", j->exit_code - EXIT_SIGNAL);
	} else if (j->exit_code == EXIT_FINDING) {
		say_failure(out, j);
	} else if (j->exit_code == EXIT_INCONCLUSIVE) {
		say_inconclusive(out, j);
	} else if (j->exit_code == EXIT_FINE) {
		say_pass(out, j);
	} else {
		say_failure(why, j);
		snprintf(out, JUDGED_TITLE, "%s: %.600s",
			j->exit_code == EXIT_NOTHING ? "not comparable" : "error", why);
	}
	return out;
}
