/* repro.c - see repro.h. */
#include "bench/repro.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/compiler.h"

const char *repro_verdict_name(enum repro_verdict v)
{
	static const char *const names[REPRO_VERDICTS] = {
		[REPRO_DIFFERS] = "differs",
		[REPRO_AGREES] = "agrees",
		[REPRO_TOO_FEW] = "too few trials",
		[REPRO_ONLY_A] = "only in the first",
		[REPRO_ONLY_B] = "only in the second",
	};

	return names[v];
}

/* ---- may they be compared ---------------------------------------------------- */

const char *repro_began(const struct report_run *r)
{
	const char *first = "";

	for (size_t i = 0; i < r->n; i++) {
		const char *t = r->rows[i].timestamp_utc;

		if (t[0] && (!first[0] || strcmp(t, first) < 0))
			first = t;
	}
	return first;
}

static double seconds_of(const char *utc)
{
	struct tm tm = {0};
	const char *end = strptime(utc, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && *end == '\0' ? (double)timegm(&tm) : NAN;
}

bool repro_same_run(const struct report_run *a, const struct report_run *b)
{
	return a->n && b->n && strcmp(a->rows[0].run_id, b->rows[0].run_id) == 0 &&
	       strcmp(a->rows[0].host, b->rows[0].host) == 0 &&
	       strcmp(repro_began(a), repro_began(b)) == 0;
}

/* What must be the same for a difference to be one of chance. */
static const char *const same_keys[] = {"host", "cpu_model", "cpus_online", "cpus_allowed",
	"kernel", "libc", "hypervisor", "governor", "turbo", "smt", "binary_id"};

static bool same_fact(const struct report_run *a, const struct report_run *b, const char *key,
	char *why, size_t why_len)
{
	const struct run_env *x = report_run_env_row(a, key), *y = report_run_env_row(b, key);

	if (!x != !y)
		snprintf(why, why_len, "only one of them says in environment.csv what its %s was",
			key);
	else if (x && strcmp(x->value, y->value) != 0)
		snprintf(why, why_len, "their %s differs: %.120s and %.120s", key, x->value,
			y->value);
	else
		return true;
	return false;
}

bool repro_comparable(
	const struct report_run *a, const struct report_run *b, char *why, size_t why_len)
{
	if (!report_run_env_row(a, "cpu_model") || !report_run_env_row(b, "cpu_model")) {
		snprintf(why, why_len, "environment.csv does not say what machine each ran on");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(same_keys); i++) {
		if (!same_fact(a, b, same_keys[i], why, why_len))
			return false;
	}
	return true;
}

/* ---- cells --------------------------------------------------------------------- */

/* Logarithms of the figures of n rows; clean rows alone where there are enough of them. */
static size_t take_logs(
	const struct sample *const *row, size_t n, double *log_figure, size_t *noisy)
{
	size_t clean = 0, have = 0;

	for (size_t i = 0; i < n; i++)
		clean += sample_usable(row[i], true) && rank_figure(row[i]) > 0;
	*noisy = 0;
	for (size_t i = 0; i < n; i++) {
		double figure = rank_figure(row[i]);

		if (!sample_usable(row[i], clean >= REPRO_TRIALS) || !(figure > 0))
			continue;
		*noisy += strcmp(row[i]->quality, "noisy") == 0;
		log_figure[have++] = log(figure);
	}
	return have;
}

static int judge_logs(struct repro_cell *c, const double *a, const double *b)
{
	double *work = malloc(stats_shift_work(c->n[0], c->n[1]) * sizeof(*work));
	struct stats_interval shift;
	bool enough;

	if (!work)
		return -ENOMEM;
	enough = stats_shift(a, c->n[0], b, c->n[1], 0.95, &shift, work);
	free(work);
	if (!enough) {
		c->verdict = REPRO_TOO_FEW;
		return 0;
	}
	c->ratio = exp(shift.estimate);
	c->lo = exp(shift.lo);
	c->hi = exp(shift.hi);
	c->verdict = shift.lo <= 0 && shift.hi >= 0 ? REPRO_AGREES : REPRO_DIFFERS;
	return 0;
}

/* The cell that the rows at at[0] and at[1] have, of either run or of both. */
static int judge_cell(struct repro_pair *p, const char *key, const size_t *at, const size_t *n)
{
	struct repro_cell *c = &p->cell[p->n];
	double *logs = calloc(n[0] + n[1] + 1, sizeof(*logs));
	int code = logs ? 0 : -ENOMEM;

	*c = (struct repro_cell){.key = key, .ratio = NAN, .lo = NAN, .hi = NAN};
	for (int i = 0; i < 2 && !code; i++)
		c->n[i] = take_logs(
			&p->run[i]->by_cell[at[i]], n[i], i ? logs + n[0] : logs, &c->noisy[i]);
	if (!code && c->n[0] && c->n[1])
		code = judge_logs(c, logs, logs + n[0]);
	else
		c->verdict = c->n[0] ? REPRO_ONLY_A : REPRO_ONLY_B;
	if (!code && (c->n[0] || c->n[1])) { /* a cell that ran in neither is none */
		p->count[c->verdict]++;
		p->n++;
	}
	free(logs);
	return code;
}

static const char *next_key(const struct repro_pair *p, const size_t *at)
{
	const char *key = NULL;

	for (int i = 0; i < 2; i++) {
		const struct report_run *r = p->run[i];

		if (at[i] < r->n && (!key || strcmp(r->by_cell[at[i]]->cell, key) < 0))
			key = r->by_cell[at[i]]->cell;
	}
	return key;
}

static int judge_cells(struct repro_pair *p)
{
	size_t at[2] = {0}, n[2];
	const char *key;
	int code = 0;

	while (!code && (key = next_key(p, at))) {
		for (int i = 0; i < 2; i++) {
			const struct report_run *r = p->run[i];

			for (n[i] = 0; at[i] + n[i] < r->n &&
				       strcmp(r->by_cell[at[i] + n[i]]->cell, key) == 0;)
				n[i]++;
		}
		code = judge_cell(p, key, at, n);
		at[0] += n[0];
		at[1] += n[1];
	}
	return code;
}

static int compare_cells(const void *a, const void *b)
{
	const struct repro_cell *x = a, *y = b;
	double far_x = fabs(log(x->ratio)), far_y = fabs(log(y->ratio));
	int c = (x->verdict > y->verdict) - (x->verdict < y->verdict);

	c = c ? c : (far_x < far_y) - (far_x > far_y);
	return c ? c : strcmp(x->key, y->key);
}

/* ---- order --------------------------------------------------------------------- */

/* A row's trials in one of the runs. */
struct trials {
	double *log_figure;
	size_t n;
};

/* The rows of one part of a group that both runs have. */
struct part {
	const char **key;
	double *log_figure[2]; /* medians */
	struct trials *trials[2];
	size_t n;
};

static int add_swap(struct repro_pair *p, const struct part *r, size_t j, size_t i)
{
	struct repro_swap *more = realloc(p->swap, (p->swaps + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->swap = more;
	more[p->swaps++] = (struct repro_swap){
		{r->key[j], r->key[i]}, {exp(r->log_figure[0][i] - r->log_figure[0][j]),
						exp(r->log_figure[1][i] - r->log_figure[1][j])}};
	return 0;
}

/* 1: this campaign's trials say that the two rows differ; 0: they do not; -ENOMEM. */
static int differ(const struct trials *a, const struct trials *b, double apart)
{
	double *work = malloc(stats_shift_work(a->n, b->n) * sizeof(*work));
	struct stats_interval shift;
	bool known;

	if (!work)
		return -ENOMEM;
	known = stats_shift(a->log_figure, a->n, b->log_figure, b->n, 0.95, &shift, work);
	free(work);
	return known && (shift.lo > apart || shift.hi < -apart);
}

static int add_pair(struct repro_pair *p, const struct part *r, size_t j, size_t i)
{
	const double apart = log(1 + REPRO_APART_PCT / 100.0);
	double dx = r->log_figure[0][i] - r->log_figure[0][j];
	double dy = r->log_figure[1][i] - r->log_figure[1][j];
	int code = 0;

	if (stats_apart(dx, dy, apart))
		stats_order_pair(&p->by_median, dx, dy);
	for (int run = 0; run < 2 && code == 0; run++)
		code = differ(&r->trials[run][j], &r->trials[run][i], apart);
	if (code <= 0)
		return code;
	stats_order_pair(&p->order, dx, dy);
	return dx * dy < 0 ? add_swap(p, r, j, i) : 0;
}

static int add_pairs(struct repro_pair *p, const struct part *r)
{
	int code = 0;

	for (size_t i = 0; i < r->n && !code; i++) {
		for (size_t j = 0; j < i && !code; j++)
			code = add_pair(p, r, j, i);
	}
	return code;
}

static int take_trials(const struct report_run *run, const char *key, struct trials *out)
{
	const struct sample *const *row;
	size_t rows = report_run_cell(run, key, &row), noisy;

	out->log_figure = calloc(rows + 1, sizeof(*out->log_figure));
	if (!out->log_figure)
		return -ENOMEM;
	out->n = take_logs(row, rows, out->log_figure, &noisy);
	return 0;
}

/* Entries first .. last-1 of a group of the first run, and the same cells of the second. */
static int take_part(const struct repro_pair *p, const struct rank_group *g, size_t first,
	size_t last, struct part *out)
{
	const struct sample *const *row;
	struct run_figure f;

	for (size_t i = first; i < last; i++) {
		const struct rank_entry *e = &g->entry[i];
		size_t rows = report_run_cell(p->run[1], e->first->cell, &row);
		int code = report_run_figure(row, rows, RUN_FIGURE, &f);

		if (code)
			return code;
		if (f.n == 0 || !(f.v.median > 0) || !(e->figure.median > 0))
			continue;
		out->key[out->n] = e->first->cell;
		out->log_figure[0][out->n] = log(e->figure.median);
		out->log_figure[1][out->n] = log(f.v.median);
		for (int run = 0; run < 2 && !code; run++)
			code = take_trials(p->run[run], e->first->cell, &out->trials[run][out->n]);
		out->n++;
		if (code)
			return code;
	}
	return 0;
}

static void free_part(struct part *r)
{
	for (int run = 0; run < 2; run++) {
		for (size_t i = 0; r->trials[run] && i < r->n; i++)
			free(r->trials[run][i].log_figure);
		free(r->trials[run]);
		free(r->log_figure[run]);
	}
	free(r->key);
}

static int add_order(struct repro_pair *p, const struct rank_group *g, size_t first, size_t last)
{
	size_t room = last - first + 1;
	struct part r = {.key = calloc(room, sizeof(*r.key))};
	bool have = r.key;
	int code;

	for (int run = 0; run < 2; run++) {
		r.log_figure[run] = calloc(room, sizeof(*r.log_figure[run]));
		r.trials[run] = calloc(room, sizeof(*r.trials[run]));
		have = have && r.log_figure[run] && r.trials[run];
	}
	code = have ? take_part(p, g, first, last, &r) : -ENOMEM;
	if (!code)
		code = add_pairs(p, &r);
	free_part(&r);
	return code;
}

/* How far a pair went, there and back. */
static double swap_length(const struct repro_swap *s)
{
	return fabs(log(s->ratio[0])) + fabs(log(s->ratio[1]));
}

static int compare_swaps(const void *a, const void *b)
{
	double x = swap_length(a), y = swap_length(b);

	return (x < y) - (x > y);
}

static int judge_order(struct repro_pair *p)
{
	const struct ranking *r = &p->run[0]->ranking;
	int code = 0;

	for (size_t i = 0; i < r->n && !code; i++) {
		const struct rank_group *g = &r->group[i];

		code = add_order(p, g, 0, g->sleeping);
		if (!code)
			code = add_order(p, g, g->sleeping, g->n);
	}
	p->tau = stats_kendall_tau_b(&p->order);
	p->tau_by_median = stats_kendall_tau_b(&p->by_median);
	if (p->swaps)
		qsort(p->swap, p->swaps, sizeof(*p->swap), compare_swaps);
	return code;
}

/* ---- both ------------------------------------------------------------------------ */

int repro_judge(struct repro_pair *p, const struct report_run *a, const struct report_run *b)
{
	size_t judged, both;
	int code;

	*p = (struct repro_pair){.run = {a, b}, .tau = NAN, .tau_by_median = NAN};
	p->apart_s = fabs(seconds_of(repro_began(b)) - seconds_of(repro_began(a)));
	p->cell = calloc(a->n + b->n + 1, sizeof(*p->cell));
	code = p->cell ? judge_cells(p) : -ENOMEM;
	code = code ? code : judge_order(p);
	if (code)
		return code;
	qsort(p->cell, p->n, sizeof(*p->cell), compare_cells);
	judged = p->count[REPRO_AGREES] + p->count[REPRO_DIFFERS];
	both = judged + p->count[REPRO_TOO_FEW];
	p->agree_pct = judged ? 100.0 * (double)p->count[REPRO_AGREES] / (double)judged : NAN;
	p->judged_pct = both ? 100.0 * (double)judged / (double)both : NAN;
	return 0;
}

void repro_free(struct repro_pair *p)
{
	free(p->cell);
	free(p->swap);
	*p = (struct repro_pair){0};
}
