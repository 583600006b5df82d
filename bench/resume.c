/* resume.c - what an earlier part of a run has left; see runner_read_done(). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/runner.h"

enum { MAX_LINE = 16 << 20 }; /* of a histogram */

/* The cells in the order of their keys. */
struct past {
	struct runner *runner;
	const struct cell **cell;
};

static int compare_keys(const void *a, const void *b)
{
	const struct cell *x = *(const struct cell *const *)a;
	const struct cell *y = *(const struct cell *const *)b;

	return strcmp(x->key, y->key);
}

static int compare_with_key(const void *key, const void *cell)
{
	return strcmp(key, (*(const struct cell *const *)cell)->key);
}

/* Which cell of the plan a key names; -1: none. */
static long find_cell(const struct past *p, const char *key)
{
	const struct plan *plan = p->runner->plan;
	const struct cell *const *hit = bsearch(
		key, p->cell, plan->n, sizeof(*p->cell), compare_with_key);

	return hit ? (long)(*hit - plan->cell) : -1;
}

/* The place of a planned trial in runner->past; NULL: none of the plan's. */
static struct past_trial *find_trial(const struct past *p, const char *key, double block)
{
	const struct plan *plan = p->runner->plan;
	long cell = find_cell(p, key);

	if (cell < 0 || !(block >= 0 && block < (double)plan->reps))
		return NULL;
	return &p->runner->past[(size_t)block * plan->n + (size_t)cell];
}

static void book_attempt(struct past_trial *past, double attempt)
{
	if (past && attempt > past->attempts)
		past->attempts = (uint8_t)(attempt < RUNNER_MAX_ATTEMPTS ? attempt
									 : RUNNER_MAX_ATTEMPTS);
}

static void book_row(const struct past *p, const struct sample *row)
{
	struct past_trial *past = find_trial(p, row->cell, row->block);

	book_attempt(past, row->attempt);
	if (!past || strcmp(row->status, "interrupted") == 0)
		return;
	p->runner->repeats.done += past->done;
	runner_book_row(past, row);
	runner_book_figure(p->runner, (size_t)find_cell(p, row->cell), row);
}

/* Columns of histograms.csv and of intervals.csv: run_id,cell,block,rep,attempt,... */
static int on_hist(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	const struct past *p = ctx;

	(void)len;
	if (line > 1 && n > 4)
		book_attempt(
			find_trial(p, field[1], strtod(field[2], NULL)), strtod(field[4], NULL));
	return 0;
}

static int read_rows(const struct past *p, char *err, size_t err_len)
{
	char path[SESSION_PATH + 64];
	struct sample *rows = NULL;
	size_t n = 0;
	int code = samples_read(
		session_path(p->runner->session, "samples.csv", path), &rows, &n, err, err_len);

	for (size_t i = 0; i < n && !code; i++)
		book_row(p, &rows[i]);
	free(rows);
	return code;
}

int runner_read_done(struct runner *r, char *err, size_t err_len)
{
	struct past p = {.runner = r, .cell = calloc(r->plan->n, sizeof(*p.cell))};
	struct csv_limits limits = {.max_row_bytes = MAX_LINE, .max_field_bytes = MAX_LINE};
	char path[SESSION_PATH + 64];
	int code;

	if (!p.cell) {
		snprintf(err, err_len, "no memory for %zu cells", r->plan->n);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->plan->n; i++)
		p.cell[i] = &r->plan->cell[i];
	qsort(p.cell, r->plan->n, sizeof(*p.cell), compare_keys);
	code = read_rows(&p, err, err_len);
	if (!code)
		code = csv_read_file(session_path(r->session, "histograms.csv", path), &limits,
			on_hist, &p, err, err_len);
	if (!code && access(session_path(r->session, "intervals.csv", path), F_OK) == 0)
		code = csv_read_file(path, &limits, on_hist, &p, err, err_len);
	free(p.cell);
	return code;
}
