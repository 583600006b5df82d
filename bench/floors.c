/* floors.c - see floors.h. */
#include "bench/floors.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/launch.h"

/* ---- which pairs --------------------------------------------------------- */

/* Either way round it is the same pair. */
static bool same_pair(struct floors_pair x, struct floors_pair y)
{
	return (x.a == y.a && x.b == y.b) || (x.a == y.b && x.b == y.a);
}

static bool is_among(const struct floors_pair *pair, size_t n, struct floors_pair wanted)
{
	for (size_t i = 0; i < n; i++) {
		if (same_pair(pair[i], wanted))
			return true;
	}
	return false;
}

static void want_pair(struct floors *f, struct floors_pair pair)
{
	if (is_among(f->pair, f->n_pairs, pair) || is_among(f->other, f->n_other, pair))
		return;
	if (f->n_pairs < FLOORS_PAIRS)
		f->pair[f->n_pairs++] = pair;
	else if (f->n_other < FLOORS_NAMED)
		f->other[f->n_other++] = pair;
	else
		f->n_uncounted++;
}

static size_t one_role_pair(const struct cell *c, struct floors_pair *out)
{
	*out = (struct floors_pair){c->pu[0], c->pu[c->side_a > 1]};
	return 1;
}

size_t floors_cell_pairs(const struct cell *c, struct floors_pair *out, size_t room)
{
	uint32_t most = c->side_a > c->side_b ? c->side_a : c->side_b;
	size_t n = 0;

	if (c->pu[0] == PLACE_PU_NONE || room == 0)
		return 0;
	if (c->side_b == 0)
		return one_role_pair(c, out);
	for (uint32_t i = 0; i < most && n < room; i++) {
		struct floors_pair pair = {c->pu[i % c->side_a], c->pu[c->side_a + i % c->side_b]};

		if (!is_among(out, n, pair))
			out[n++] = pair;
	}
	return n;
}

/* An unpinned worker may be anywhere: all pairs, or there is no floor. */
static void want_all_pairs(struct floors *f)
{
	unsigned n = topo_pu_count(f->topo);

	if (n * (n + 1) / 2 > FLOORS_PAIRS)
		return;
	for (unsigned a = 0; a < n; a++) {
		for (unsigned b = a; b < n; b++)
			want_pair(f, (struct floors_pair){
					     topo_pu_os(f->topo, a), topo_pu_os(f->topo, b)});
	}
	f->all = true;
}

static void want_pairs(struct floors *f, const struct plan *p)
{
	struct floors_pair pair[TRIAL_MAX_WORKERS];
	bool unpinned = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct cell *c = &p->cell[i];
		size_t n = c->skip[0] ? 0 : floors_cell_pairs(c, pair, ARRAY_LEN(pair));

		unpinned |= !c->skip[0] && c->pu[0] == PLACE_PU_NONE;
		for (size_t k = 0; k < n; k++)
			want_pair(f, pair[k]);
	}
	if (unpinned)
		want_all_pairs(f);
}

/* ---- which sizes --------------------------------------------------------- */

/* Ascending, each once; where there are too many the largest have to do with a smaller one. */
static void want_bytes(struct floors *f, uint32_t bytes)
{
	size_t at = 0;

	bytes = bytes > FLOOR_MAX_BYTES ? FLOOR_MAX_BYTES : bytes;
	while (at < f->n_bytes && f->bytes[at] < bytes)
		at++;
	if ((at < f->n_bytes && f->bytes[at] == bytes) || at == FLOOR_SIZES)
		return;
	if (f->n_bytes == FLOOR_SIZES)
		f->n_bytes--;
	memmove(&f->bytes[at + 1], &f->bytes[at], (f->n_bytes - at) * sizeof(*f->bytes));
	f->bytes[at] = bytes;
	f->n_bytes++;
}

int floors_plan(struct floors *f, const struct plan *p, const struct topo *t,
	const struct clock *clock, char *err, size_t err_len)
{
	*f = (struct floors){.topo = t, .clock = clock};
	f->below = calloc(p->n + 1, sizeof(*f->below));
	if (!f->below) {
		snprintf(err, err_len, "no memory for %zu cells", p->n);
		return -ENOMEM;
	}
	want_pairs(f, p);
	for (size_t i = 0; i < p->n; i++) {
		if (p->cell[i].msg_bytes && !p->cell[i].skip[0])
			want_bytes(f, p->cell[i].msg_bytes);
	}
	return 0;
}

void floors_free(struct floors *f)
{
	free(f->row);
	free(f->below);
	*f = (struct floors){0};
}

/* ---- measuring ----------------------------------------------------------- */

uint64_t floors_pair_ns(const struct floors *f, uint64_t run_ns)
{
	uint64_t ns = f->n_pairs ? run_ns / FLOORS_SHARE / 2 / f->n_pairs : 0;

	if (ns < FLOORS_LEAST_NS)
		return FLOORS_LEAST_NS;
	return ns < FLOORS_PAIR_NS ? ns : FLOORS_PAIR_NS;
}

uint64_t floors_estimate_ns(const struct floors *f, uint64_t run_ns)
{
	return 2 * f->n_pairs * floors_pair_ns(f, run_ns);
}

struct floors_row *floors_new_row(struct floors *f)
{
	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct floors_row *more = realloc(f->row, room * sizeof(*more));

		if (!more)
			return NULL;
		f->row = more;
		f->room = room;
	}
	return &f->row[f->n++];
}

static struct floors_row *new_row(struct floors *f, struct floors_pair pair, int part)
{
	struct floors_row *row = floors_new_row(f);

	if (row)
		*row = (struct floors_row){.pass = f->pass,
			.pair = pair,
			.part = part,
			.min_ns = NAN,
			.median_ns = NAN,
			.spread_ns = NAN};
	return row;
}

static int add_figure(struct floors *f, struct floors_pair pair, int part, uint32_t bytes,
	const struct floor_figure *figure)
{
	struct floors_row *row = new_row(f, pair, part);

	if (!row)
		return -ENOMEM;
	row->bytes = bytes;
	row->min_ns = figure->min_ns;
	row->median_ns = figure->median_ns;
	row->spread_ns = figure->spread_ns;
	row->n = figure->n;
	snprintf(row->why, sizeof(row->why), "%s", figure->why ? figure->why : "");
	return 0;
}

int floors_add(struct floors *f, struct floors_pair pair, const struct floor_result *r)
{
	int code = 0;

	for (int i = 0; i < FLOOR_COPY && !code; i++)
		code = add_figure(f, pair, i, 0, &r->part[i]);
	for (size_t i = 0; i < f->n_bytes && !code; i++)
		code = add_figure(f, pair, FLOOR_COPY, f->bytes[i], &r->copy[i]);
	return code;
}

int floors_add_other(struct floors *f, struct floors_pair pair, const char *why)
{
	struct floors_row *row = new_row(f, pair, -1);

	if (!row)
		return -ENOMEM;
	snprintf(row->why, sizeof(row->why), "%s", why);
	return 0;
}

static int add_others(struct floors *f)
{
	char why[FLOORS_WHY];
	int code = 0;

	snprintf(why, sizeof(why), "not measured: only the first %d pairs of the plan are",
		FLOORS_PAIRS);
	for (size_t i = 0; i < f->n_other && !code; i++) {
		if (f->n_uncounted && i == f->n_other - 1)
			snprintf(why, sizeof(why),
				"not measured, nor are some %zu further pairs: only the first %d "
				"are",
				f->n_uncounted, FLOORS_PAIRS);
		code = floors_add_other(f, f->other[i], why);
	}
	return code;
}

static int measure_pair(
	struct floors *f, struct floors_pair pair, uint64_t pair_ns, char *err, size_t err_len)
{
	const struct floor_ask ask = {.topo = f->topo,
		.clock = f->clock,
		.pu_a = pair.a,
		.pu_b = pair.b,
		.time_ns = pair_ns,
		.bytes = f->bytes,
		.n_bytes = f->n_bytes};
	struct floor_result result;
	int code = floor_measure(&ask, &result, err, err_len);

	return code ? code : floors_add(f, pair, &result);
}

/* A pair that cannot be measured has a row that says why, and the others are measured. */
int floors_measure(struct floors *f, uint64_t pair_ns, char *err, size_t err_len)
{
	int failed = 0, code;

	f->pass++;
	for (size_t i = 0; i < f->n_pairs && !launch_stop; i++) {
		char why[FLOORS_WHY] = "no memory";

		code = measure_pair(f, f->pair[i], pair_ns, why, sizeof(why));
		if (!code)
			continue;
		failed = code;
		snprintf(err, err_len, "PUs %u and %u: %s", f->pair[i].a, f->pair[i].b, why);
		floors_add_other(f, f->pair[i], why);
	}
	code = add_others(f);
	return failed ? failed : code;
}

/* ---- asking -------------------------------------------------------------- */

static double lesser(double a, double b)
{
	return a <= b ? a : isnan(b) ? a : b;
}

double floors_of_pair(const struct floors *f, struct floors_pair pair, enum floor_part part)
{
	double least = NAN;

	for (size_t i = 0; i < f->n; i++) {
		if (f->row[i].part == (int)part && same_pair(f->row[i].pair, pair))
			least = lesser(f->row[i].min_ns, least);
	}
	return least;
}

bool floors_has(const struct floors *f, struct floors_pair pair)
{
	return !isnan(floors_of_pair(f, pair, FLOOR_SYSCALL));
}

static double alone(const struct floors *f, enum floor_part part, uint32_t bytes)
{
	double least = NAN;

	for (size_t i = 0; i < f->n; i++) {
		if (f->row[i].part == (int)part && f->row[i].bytes == bytes)
			least = lesser(f->row[i].min_ns, least);
	}
	return least;
}

double floors_alone(const struct floors *f, enum floor_part part)
{
	return alone(f, part, 0);
}

double floors_copy(const struct floors *f, uint32_t *bytes)
{
	uint32_t best = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct floors_row *row = &f->row[i];

		if (row->part == FLOOR_COPY && row->n && row->bytes <= *bytes && row->bytes > best)
			best = row->bytes;
	}
	*bytes = best;
	return best ? alone(f, FLOOR_COPY, best) : NAN;
}
