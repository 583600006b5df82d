/* knees.c - see knees.h. */
#include "bench/knees.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/knee.h"
#include "bench/openloop.h"
#include "bench/progress.h"

enum {
	START_SHARE = 4,                      /* of the capacity */
	KNEES_LEAST_RATE = OPENLOOP_MESSAGES, /* a trial below lasts over a second */
};

/* ---- the search ----------------------------------------------------------- */

/* One trial at a rate (0: everything due at once); the reason is in the row if it fails. */
static int try_rate(struct runner *r, const struct cell *base, uint64_t rate_per_s,
	struct knee_row *row, char *err, size_t err_len)
{
	struct cell c = *base;
	int code;

	c.extra.rate_per_s = rate_per_s;
	openloop_plan(&c);
	c.n = c.n < OPENLOOP_MESSAGES ? OPENLOOP_MESSAGES : c.n;
	if (rate_per_s)
		c.stretch_ns = (uint64_t)((double)c.n * 1e9 / (double)rate_per_s);
	row->trials++;
	r->draw = UINT64_MAX - row->trials;
	code = runner_trial(r, &c, false, err, err_len);
	if (!code && r->result->status != TRIAL_OK)
		snprintf(row->reason, sizeof(row->reason), "%s", r->result->reason);
	return code;
}

static struct knee_seen seen_in(const struct trial_result *result, uint64_t rate_per_s)
{
	const struct hist *h = &result->hist[0];
	bool ok = result->status == TRIAL_OK && hist_percentile_ok(h, 0.99);

	return (struct knee_seen){
		.rate_per_s = rate_per_s,
		.p99_ns = ok ? (double)hist_value_at_percentile(h, 0.99) : NAN,
		.missed = openloop_missed(result),
	};
}

static void say_none(struct knee_row *row, const struct knee *k)
{
	if (k->trials == KNEE_MAX_TRIALS)
		snprintf(row->reason, sizeof(row->reason), "none found within %d trials",
			KNEE_MAX_TRIALS);
	else
		snprintf(row->reason, sizeof(row->reason),
			"at no rate from %d/s on was the 99th percentile under the level",
			KNEES_LEAST_RATE);
}

static int climb(
	struct runner *r, const struct cell *base, struct knee_row *row, char *err, size_t err_len)
{
	struct knee k;
	int code = 0;

	knee_init(&k, row->slo_ns, row->capacity_per_s / START_SHARE, KNEES_LEAST_RATE,
		CELL_MAX_RATE);
	while (!code && !launch_stop && !row->reason[0] && knee_next(&k)) {
		struct knee_seen seen;

		code = try_rate(r, base, knee_next(&k), row, err, err_len);
		if (code || row->reason[0])
			break;
		seen = seen_in(r->result, knee_next(&k));
		knee_tell(&k, &seen);
	}
	row->knee_per_s = row->reason[0] ? 0 : knee_found(&k);
	if (!row->reason[0] && !row->knee_per_s)
		say_none(row, &k);
	return code;
}

/* What comes through when all is due at once; then the search from a part of that. */
static int search_base(
	struct runner *r, struct cell *base, struct knee_row *row, char *err, size_t err_len)
{
	const struct trial_result *result = r->result;
	int code;

	if (base->oneway_bound_ns > row->slo_ns / OPENLOOP_BOUNDS) {
		snprintf(row->reason, sizeof(row->reason),
			"the clocks of the processors differ by too much for this level");
		snprintf(base->skip, sizeof(base->skip), "%s", row->reason);
		return 0;
	}
	code = try_rate(r, base, 0, row, err, err_len);
	if (!code && result->status == TRIAL_SKIP)
		snprintf(base->skip, sizeof(base->skip), "%s", row->reason);
	if (code || row->reason[0] || launch_stop)
		return code;
	row->capacity_per_s = (uint64_t)((double)result->ops * 1e9 / (double)result->served_ns);
	return climb(r, base, row, err, err_len);
}

static struct knee_row *add_row(struct knees *k)
{
	struct knee_row *more = realloc(k->row, (k->n + 1) * sizeof(*more));

	if (!more)
		return NULL;
	k->row = more;
	more += k->n++;
	*more = (struct knee_row){.slo_ns = 0};
	return more;
}

int knees_search(struct runner *r, uint64_t slo_ns, struct knees *k, char *err, size_t err_len)
{
	struct progress p;
	size_t bases = 0;
	int code = 0;

	*k = (struct knees){0};
	for (size_t i = 0; i < r->plan->n; i++)
		bases += openloop_is_auto(&r->plan->cell[i]) && !r->plan->cell[i].skip[0];
	progress_begin(&p, "searching rates", 0, bases);
	for (size_t i = 0; i < r->plan->n && !code && !launch_stop; i++) {
		struct cell *c = &r->plan->cell[i];
		struct knee_row *row;

		if (!openloop_is_auto(c) || c->skip[0])
			continue;
		progress_step(&p, c->key);
		row = add_row(k);
		if (!row) {
			snprintf(err, err_len, "no memory for %zu knees", bases);
			code = -ENOMEM;
			break;
		}
		snprintf(row->cell, sizeof(row->cell), "%s", c->key);
		row->slo_ns = slo_ns;
		code = search_base(r, c, row, err, err_len);
		progress_done(&p);
	}
	progress_end(&p);
	return launch_stop ? -EINTR : code;
}

/* ---- the cells in its place ----------------------------------------------- */

static const struct knee_row *row_of(const struct knees *k, const struct cell *c)
{
	for (size_t i = 0; i < k->n; i++) {
		if (strcmp(k->row[i].cell, c->key) == 0)
			return &k->row[i];
	}
	return NULL;
}

static bool is_there(const struct cell *cells, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(cells[i].key, key) == 0)
			return true;
	}
	return false;
}

/* A rate that the matrix names itself is there already. */
static size_t put_rates(const struct plan *p, const struct cell *base, uint64_t from_per_s,
	struct cell *out, size_t n)
{
	uint64_t rate[OPENLOOP_RATES];
	size_t rates = openloop_rates(from_per_s, rate);

	for (size_t i = 0; i < rates; i++) {
		struct cell *c = &out[n];

		*c = *base;
		c->extra.rate_per_s = rate[i];
		cell_make_key(c);
		openloop_plan(c);
		if (!is_there(p->cell, p->n, c->key))
			n++;
	}
	return n;
}

int knees_expand(struct plan *p, const struct knees *k, char *err, size_t err_len)
{
	struct cell *out = calloc(p->n + k->n * OPENLOOP_RATES, sizeof(*out));
	size_t n = 0;

	if (!out) {
		snprintf(err, err_len, "no memory for the cells around %zu knees", k->n);
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->n; i++) {
		struct cell *c = &p->cell[i];
		const struct knee_row *row = openloop_is_auto(c) ? row_of(k, c) : NULL;
		uint64_t from = row ? row->knee_per_s : 0;

		if (row && !from)
			from = row->capacity_per_s;
		if (from) {
			n = put_rates(p, c, from, out, n);
			continue;
		}
		if (row)
			openloop_plan(c);
		out[n++] = *c;
	}
	free(p->cell);
	p->cell = out;
	p->n = n;
	return 0;
}

void knees_free(struct knees *k)
{
	free(k->row);
	*k = (struct knees){0};
}
