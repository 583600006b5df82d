/* coherence_map.c - see coherence_map.h.  The picture: coherence_draw.c. */
#include "bench/coherence_map.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/launch.h"
#include "bench/random.h"
#include "bench/stats.h"
#include "harness/futex.h"

enum { TRIPS = 100, PAIR_PATIENCE_NS = 300000000, NS_COLUMN = 5 };

static struct map_pair *at(const struct coherence_map *m, unsigned row, unsigned column)
{
	return &m->pair[(size_t)row * m->n + column];
}

int coherence_map_make(struct coherence_map *m, const struct topo *t, char *err, size_t err_len)
{
	unsigned n = topo_pu_count(t);

	*m = (struct coherence_map){.n = n};
	if (n > MAP_MOST_PUS) {
		snprintf(err, err_len,
			"a matrix of %u PUs is too large (at most %d); choose some by taskset", n,
			MAP_MOST_PUS);
		return -E2BIG;
	}
	m->os = calloc(n, sizeof(*m->os));
	m->cls = calloc((size_t)n * n, sizeof(*m->cls));
	m->pair = calloc((size_t)n * n, sizeof(*m->pair));
	if (!m->os || !m->cls || !m->pair) {
		coherence_map_free(m);
		snprintf(err, err_len, "no memory for a matrix of %u PUs", n);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++)
		m->os[i] = topo_pu_os(t, i);
	for (size_t i = 0; i < (size_t)n * n; i++)
		m->cls[i] = topo_pair_class_logical(t, (unsigned)(i / n), (unsigned)(i % n));
	return 0;
}

void coherence_map_free(struct coherence_map *m)
{
	free(m->os);
	free(m->cls);
	free(m->pair);
	*m = (struct coherence_map){0};
}

/* ---- filling ------------------------------------------------------------------ */

void coherence_map_add(
	struct coherence_map *m, unsigned row, unsigned column, const double *ns, unsigned n)
{
	struct map_pair *p = at(m, row, column);

	for (unsigned i = 0; i < n && p->n < MAP_SAMPLES; i++)
		p->ns[p->n++] = (float)ns[i];
}

void coherence_map_lack(struct coherence_map *m, unsigned row, unsigned column, const char *reason)
{
	unsigned i = 0;

	while (i < m->reasons && strncmp(m->reason[i], reason, MAP_REASON - 1) != 0)
		i++;
	if (i == MAP_REASONS)
		i--; /* the last one stands for all that are new */
	else if (i == m->reasons)
		snprintf(m->reason[m->reasons++], MAP_REASON, "%s",
			i == MAP_REASONS - 1 ? "one of many reasons" : reason);
	at(m, row, column)->reason = (uint16_t)(i + 1);
}

struct filling {
	struct coherence_map *map;
	const struct topo *topo;
	const struct clock *clock;
	uint64_t end_ns;
};

static void measure_pair(const struct filling *f, unsigned row, unsigned column)
{
	uint64_t deadline = monotonic_ns() + PAIR_PATIENCE_NS;
	const struct coherence_how how = {
		.clock = f->clock,
		.lines = MAP_LINES,
		.trips = TRIPS,
		.deadline_ns = deadline < f->end_ns ? deadline : f->end_ns,
	};
	double ns[MAP_LINES];
	char err[256];

	if (coherence_samples(
		    f->topo, f->map->os[row], f->map->os[column], &how, ns, err, sizeof(err)) == 0)
		coherence_map_add(f->map, row, column, ns, MAP_LINES);
	else
		coherence_map_lack(f->map, row, column, err);
}

/* False: time is over. */
static bool measure_round(const struct filling *f, uint32_t *order, size_t n, uint64_t *state)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)random_below(state, i);
		uint32_t swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned row = order[i] / f->map->n, column = order[i] % f->map->n;

		if (launch_stop || monotonic_ns() >= f->end_ns)
			return false;
		if (row != column)
			measure_pair(f, row, column);
	}
	return true;
}

static void explain_missing(struct coherence_map *m)
{
	const char *why = launch_stop ? "interrupted before its turn"
				      : "the budget was spent before its turn";

	for (unsigned row = 0; row < m->n; row++) {
		for (unsigned column = 0; column < m->n; column++) {
			const struct map_pair *p = at(m, row, column);

			if (row != column && p->n == 0 && p->reason == 0)
				coherence_map_lack(m, row, column, why);
		}
	}
}

void coherence_map_measure(struct coherence_map *m, const struct topo *t, const struct clock *clock,
	uint64_t budget_ns, uint64_t seed)
{
	const struct filling f = {m, t, clock, monotonic_ns() + budget_ns};
	size_t n = (size_t)m->n * m->n;
	uint32_t *order = calloc(n, sizeof(*order));

	for (size_t i = 0; order && i < n; i++)
		order[i] = (uint32_t)i;
	while (order && m->rounds < MAP_ROUNDS && measure_round(&f, order, n, &seed))
		m->rounds++;
	free(order);
	explain_missing(m);
}

/* ---- asking ------------------------------------------------------------------- */

struct coherence coherence_map_at(const struct coherence_map *m, unsigned row, unsigned column)
{
	const struct map_pair *p = at(m, row, column);
	double ns[MAP_SAMPLES];

	if (p->n == 0)
		return (struct coherence){.min_ns = NAN, .median_ns = NAN};
	for (unsigned i = 0; i < p->n; i++)
		ns[i] = (double)p->ns[i];
	return coherence_of(ns, p->n);
}

const char *coherence_map_reason(const struct coherence_map *m, unsigned row, unsigned column)
{
	const struct map_pair *p = at(m, row, column);

	return p->n == 0 && p->reason ? m->reason[p->reason - 1] : "";
}

size_t coherence_map_measured(const struct coherence_map *m)
{
	size_t n = 0;

	for (size_t i = 0; i < (size_t)m->n * m->n; i++)
		n += m->pair[i].n > 0;
	return n;
}

/* ---- showing ------------------------------------------------------------------ */

static void put_table(const struct coherence_map *m, FILE *to)
{
	fprintf(to, "%*s", NS_COLUMN, "");
	for (unsigned i = 0; i < m->n; i++)
		fprintf(to, " %*u", NS_COLUMN, m->os[i]);
	for (unsigned row = 0; row < m->n; row++) {
		fprintf(to, "\n%*u", NS_COLUMN, m->os[row]);
		for (unsigned column = 0; column < m->n; column++) {
			struct coherence c = coherence_map_at(m, row, column);

			if (row == column)
				fprintf(to, " %*s", NS_COLUMN, "");
			else if (c.n == 0)
				fprintf(to, " %*s", NS_COLUMN, "-");
			else
				fprintf(to, " %*.0f", NS_COLUMN, c.median_ns);
		}
	}
	fputc('\n', to);
}

/* The pairs of a class: how many, and the range of their medians. */
static void put_class(const struct coherence_map *m, enum place_class cls, double *v, FILE *to)
{
	size_t pairs = 0, n = 0;

	for (size_t i = 0; i < (size_t)m->n * m->n; i++) {
		struct coherence c = coherence_map_at(
			m, (unsigned)(i / m->n), (unsigned)(i % m->n));

		pairs += m->cls[i] == cls;
		if (m->cls[i] == cls && c.n)
			v[n++] = c.median_ns;
	}
	if (pairs == 0)
		return;
	fprintf(to, "%-16s %8zu %8zu", place_class_name(cls), pairs, n);
	if (n) {
		struct coherence c = coherence_of(v, (unsigned)n);

		fprintf(to, " %8.1f %8.1f %8.1f", c.min_ns, c.median_ns, v[n - 1]);
	}
	fputc('\n', to);
}

static void put_missing(const struct coherence_map *m, FILE *to)
{
	for (unsigned i = 0; i < m->reasons; i++) {
		size_t n = 0;

		for (size_t k = 0; k < (size_t)m->n * m->n; k++)
			n += m->pair[k].n == 0 && m->pair[k].reason == i + 1;
		if (n)
			fprintf(to, "missing: %zu, %s\n", n, m->reason[i]);
	}
}

void coherence_map_text(const struct coherence_map *m, FILE *to)
{
	double *v = calloc((size_t)m->n * m->n, sizeof(*v));

	if (m->n == 1)
		fputs("one PU makes no pair\n", to);
	fputs("one way of a cache line between two PUs, median in ns; rows begin, and have touched\n"
	      "the memory first; P# numbers\n",
		to);
	put_table(m, to);
	fprintf(to, "\n%-16s %8s %8s %8s %8s %8s\n", "class", "pairs", "measured", "lowest",
		"median", "highest");
	for (int cls = PLACE_SMT; v && cls < PLACE_CLASSES; cls++)
		put_class(m, (enum place_class)cls, v, to);
	fprintf(to,
		"pairs in both directions; each of %u whole rounds gave up to %d samples, lines of "
		"their own\n",
		m->rounds, MAP_LINES);
	put_missing(m, to);
	free(v);
}

static void put_row(
	struct csv_row *line, const struct coherence_map *m, unsigned row, unsigned column)
{
	struct coherence c = coherence_map_at(m, row, column);

	csv_row_reset(line);
	csv_row_u64(line, m->os[row]);
	csv_row_u64(line, m->os[column]);
	csv_row_text(line, place_class_name(m->cls[(size_t)row * m->n + column]));
	csv_row_f64(line, c.min_ns, CSV_SHORT);
	csv_row_f64(line, c.median_ns, CSV_SHORT);
	csv_row_u64(line, c.n);
	csv_row_text(line, coherence_map_reason(m, row, column));
	csv_row_end(line);
}

void coherence_map_csv(const struct coherence_map *m, FILE *to)
{
	struct csv_row line = {0};

	fputs("pu_a,pu_b,class,min_ns,median_ns,n,reason\n", to);
	for (unsigned row = 0; row < m->n; row++) {
		for (unsigned column = 0; column < m->n; column++) {
			if (row == column)
				continue;
			put_row(&line, m, row, column);
			fwrite(line.buf, 1, line.len, to);
		}
	}
	csv_row_free(&line);
}
