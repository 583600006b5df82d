/* judged.c - order, counts and last line of a judgement; see judged.h. */
#include "bench/judged.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"

static const char *const names[JUDGED_VERDICTS] = {
	[JUDGED_REGRESSED] = "REGRESSED",
	[JUDGED_IMPROVED] = "IMPROVED",
	[JUDGED_OK] = "OK",
	[JUDGED_INCONCLUSIVE] = "INCONCLUSIVE",
	[JUDGED_NEW] = "NEW",
	[JUDGED_MISSING] = "MISSING",
	[JUDGED_NA] = "NA",
};

const char *judged_name(enum judged_verdict v)
{
	return names[v];
}

enum judged_verdict judged_of_name(const char *name)
{
	int v = 0;

	while (v < JUDGED_VERDICTS && strcmp(name, names[v]) != 0)
		v++;
	return (enum judged_verdict)v;
}

/* ---- order ---------------------------------------------------------------------- */

/* What a reader wants to see first; what fails stands before what is only told. */
static int place_of(const struct judged *r)
{
	enum { TOLD, GATED };
	static const int place[JUDGED_VERDICTS][2] = {
		[JUDGED_REGRESSED] = {[GATED] = 0, [TOLD] = 3},
		[JUDGED_NA] = {[GATED] = 1, [TOLD] = 6},
		[JUDGED_MISSING] = {[GATED] = 2, [TOLD] = 8},
		[JUDGED_IMPROVED] = {4, 4},
		[JUDGED_INCONCLUSIVE] = {5, 5},
		[JUDGED_NEW] = {7, 7},
		[JUDGED_OK] = {9, 9},
	};

	return place[r->verdict][r->gated ? GATED : TOLD];
}

/* In logarithms: twice as slow is as large a change as half. */
static double change_of(const struct judged *r)
{
	return isfinite(r->ratio) && r->ratio > 0 ? fabs(log(r->ratio)) : -1;
}

static int by_cell(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;
	int order = strcmp(x->cell, y->cell);

	return order ? order : strcmp(x->metric, y->metric);
}

static int by_weight(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;
	double dx = change_of(x), dy = change_of(y);

	if (place_of(x) != place_of(y))
		return place_of(x) < place_of(y) ? -1 : 1;
	if (dx != dy)
		return dx > dy ? -1 : 1;
	return by_cell(a, b);
}

/* Rows stand by cell: those from `first` on that have its cell. */
static size_t rows_of_cell(const struct judgement *j, size_t first)
{
	size_t n = 1;

	while (first + n < j->n && strcmp(j->row[first].cell, j->row[first + n].cell) == 0)
		n++;
	return n;
}

static void count_cell(struct judgement *j, const struct judged *row, size_t n)
{
	bool has[JUDGED_VERDICTS] = {false};

	j->cells++;
	for (size_t i = 0; i < n; i++) {
		if (!row[i].gated)
			continue;
		j->gated++;
		j->count[row[i].verdict]++;
		j->with[row[i].verdict] += !has[row[i].verdict];
		has[row[i].verdict] = true;
	}
}

void judged_sort(struct judgement *j)
{
	size_t n;

	j->cells = j->gated = 0;
	memset(j->count, 0, sizeof(j->count));
	memset(j->with, 0, sizeof(j->with));
	if (j->n == 0)
		return;
	qsort(j->row, j->n, sizeof(*j->row), by_cell);
	for (size_t i = 0; i < j->n; i += n) {
		n = rows_of_cell(j, i);
		count_cell(j, &j->row[i], n);
	}
	qsort(j->row, j->n, sizeof(*j->row), by_weight);
}

void judged_free(struct judgement *j)
{
	free(j->row);
	j->row = NULL;
	j->n = 0;
}

/* ---- in one line ----------------------------------------------------------------- */

const char *judged_word(const struct judgement *j)
{
	static const char *const word[] = {
		[EXIT_FINE] = "PASS",
		[EXIT_FINDING] = "FAIL",
		[EXIT_USAGE] = "ERROR",
		[EXIT_NOTHING] = "NOT_COMPARABLE",
		[EXIT_INCONCLUSIVE] = "INCONCLUSIVE",
	};

	if (j->exit_code > EXIT_SIGNAL)
		return "INTERRUPTED";
	if (j->exit_code < 0 || j->exit_code > EXIT_INCONCLUSIVE)
		return "ERROR";
	return word[j->exit_code];
}

int judged_exit(const struct judgement *j)
{
	bool softened = j->exit_code == EXIT_FINDING || j->exit_code == EXIT_INCONCLUSIVE;

	return j->advisory && softened ? EXIT_FINE : j->exit_code;
}

static void put_margin(FILE *out, const struct judgement *j)
{
	double least = INFINITY, most = -INFINITY;

	for (size_t i = 0; i < j->n; i++) {
		if (!j->row[i].gated || !isfinite(j->row[i].margin))
			continue;
		least = fmin(least, j->row[i].margin);
		most = fmax(most, j->row[i].margin);
	}
	if (!isfinite(least))
		fputs(" margin=-\n", out);
	else if (least == most)
		fprintf(out, " margin=%.3g%%\n", 100 * least);
	else
		fprintf(out, " margin=%.3g..%.3g%%\n", 100 * least, 100 * most);
}

void judged_last_line(FILE *out, const struct judgement *j)
{
	fprintf(out, "verdict=%s regressed=%zu improved=%zu inconclusive=%zu broke=%zu missing=%zu",
		judged_word(j), j->with[JUDGED_REGRESSED], j->with[JUDGED_IMPROVED],
		j->with[JUDGED_INCONCLUSIVE], j->with[JUDGED_NA], j->with[JUDGED_MISSING]);
	fprintf(out, " suite=%s cells=%zu %s=%g", j->suite_flagged ? "slower" : "ok", j->cells,
		j->mode == JUDGED_PAIRED ? "fwer" : "q", j->fwer);
	put_margin(out, j);
}
