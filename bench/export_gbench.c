/*
 * export_gbench.c - a run as google/benchmark writes it; see export.h.
 *
 * A benchmark is a cell, a trial one of its repetitions; they are named .../real_time, which tells
 * readers that would else take the CPU time.  cpu_time is what cpu_ns_per_op is; a cell with
 * a trial that has none has none in all of them, since compare.py counts on either.  A figure that
 * was not measured is left out: there is no NaN in JSON.
 *
 * Repetitions of a benchmark stand together, trials in a file do not: what is written of each is
 * held, a twentieth of its row.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell.h"
#include "bench/escape.h"
#include "bench/export.h"
#include "bench/rank.h"

enum { TEXT = 256 };

/* What is written of a row, and where it stood in the run. */
struct trial {
	size_t cell; /* in the list of names */
	size_t place;
	double threads, ops, real, cpu, items, bytes, p50, p99, switches, noisy;
};

/* All of them; names in the order in which they came, and by name to be found. */
struct trials {
	struct trial *item;
	size_t n, room, out;
	char **name;
	size_t *by_name;
	size_t names, names_room;
};

static int by_cell(const void *a, const void *b)
{
	const struct trial *x = a, *y = b;

	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* The time of one operation; NAN where the trial has none. */
static double real_time(const struct sample *s)
{
	if (isfinite(s->ops_per_s) && s->ops_per_s > 0)
		return 1e9 / s->ops_per_s;
	return rank_lower_is_better(s) ? rank_figure(s) : NAN;
}

static void put_number(FILE *to, const char *name, double v)
{
	if (isfinite(v))
		fprintf(to, ",\n      \"%s\": %.17g", name, v);
}

/* ---- rows -------------------------------------------------------------------------- */

/* Where the name is, or would be, among those sorted. */
static size_t place_of(const struct trials *t, const char *name, bool *there)
{
	size_t lo = 0, hi = t->names;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int order = strcmp(t->name[t->by_name[mid]], name);

		if (order == 0) {
			*there = true;
			return mid;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*there = false;
	return lo;
}

static int make_room(struct trials *t)
{
	size_t room = t->room ? 2 * t->room : 256;
	struct trial *item = t->n < t->room ? t->item : realloc(t->item, room * sizeof(*item));
	size_t names = t->names_room ? 2 * t->names_room : 64, *by_name;
	char **name;

	if (!item)
		return -ENOMEM;
	t->room = t->n < t->room ? t->room : room;
	t->item = item;
	if (t->names < t->names_room)
		return 0;
	name = realloc(t->name, names * sizeof(*name));
	t->name = name ? name : t->name;
	by_name = realloc(t->by_name, names * sizeof(*by_name));
	t->by_name = by_name ? by_name : t->by_name;
	if (!name || !by_name)
		return -ENOMEM;
	t->names_room = names;
	return 0;
}

static int find_name(struct trials *t, const char *name, size_t *which)
{
	bool there;
	size_t at = place_of(t, name, &there);

	if (!there) {
		t->name[t->names] = strdup(name);
		if (!t->name[t->names])
			return -ENOMEM;
		memmove(&t->by_name[at + 1], &t->by_name[at],
			(t->names - at) * sizeof(*t->by_name));
		t->by_name[at] = t->names++;
	}
	*which = t->by_name[at];
	return 0;
}

static int on_row(void *ctx, uint64_t line, const struct sample *s)
{
	struct trials *t = ctx;
	struct trial *to;

	(void)line;
	if (!isfinite(real_time(s))) {
		t->out++;
		return 0;
	}
	if (make_room(t))
		return -ENOMEM;
	to = &t->item[t->n];
	*to = (struct trial){.place = t->n,
		.threads = s->producers + (isfinite(s->consumers) ? s->consumers : 0),
		.ops = s->ops,
		.real = real_time(s),
		.cpu = s->cpu_ns_per_op,
		.items = s->ops_per_s,
		.bytes = s->bytes_per_s,
		.p50 = s->lat_p50_ns,
		.p99 = s->lat_p99_ns,
		.switches = s->ctx_voluntary_per_op + s->ctx_involuntary_per_op,
		.noisy = strcmp(s->quality, "noisy") == 0};
	t->n++;
	return find_name(t, s->cell, &to->cell);
}

/* From the order in which names came to that of the names themselves. */
static int sort_trials(struct trials *t)
{
	size_t *rank = calloc(t->names + 1, sizeof(*rank));

	if (!rank)
		return -ENOMEM;
	for (size_t i = 0; i < t->names; i++)
		rank[t->by_name[i]] = i;
	for (size_t i = 0; i < t->n; i++)
		t->item[i].cell = rank[t->item[i].cell];
	free(rank);
	if (t->n)
		qsort(t->item, t->n, sizeof(*t->item), by_cell);
	return 0;
}

static void trials_free(struct trials *t)
{
	for (size_t i = 0; i < t->names; i++)
		free(t->name[i]);
	free(t->name);
	free(t->by_name);
	free(t->item);
}

/* ---- text -------------------------------------------------------------------------- */

static void put_trial(FILE *to, const struct trial *t, const char *cell, size_t index,
	size_t repetitions, size_t family, bool cpu)
{
	char name[CELL_KEY + 16];

	snprintf(name, sizeof(name), "%s/real_time", cell);
	fputs("    {\n      \"name\": ", to);
	escape_json(to, name);
	fputs(",\n      \"run_name\": ", to);
	escape_json(to, name);
	fprintf(to, ",\n      \"run_type\": \"iteration\",\n      \"family_index\": %zu", family);
	fprintf(to, ",\n      \"per_family_instance_index\": 0,\n      \"repetitions\": %zu",
		repetitions);
	fprintf(to, ",\n      \"repetition_index\": %zu", index);
	put_number(to, "threads", t->threads);
	put_number(to, "iterations", t->ops);
	put_number(to, "real_time", t->real);
	if (cpu)
		put_number(to, "cpu_time", t->cpu);
	fputs(",\n      \"time_unit\": \"ns\"", to);
	put_number(to, "items_per_second", t->items);
	put_number(to, "bytes_per_second", t->bytes);
	put_number(to, "p50_ns", t->p50);
	put_number(to, "p99_ns", t->p99);
	put_number(to, "switches_per_op", t->switches);
	put_number(to, "noisy", t->noisy);
	fputs("\n    }", to);
}

static void put_cell(FILE *to, const struct trial *t, size_t n, const char *cell, size_t family)
{
	bool cpu = true;

	for (size_t i = 0; i < n; i++)
		cpu = cpu && isfinite(t[i].cpu);
	for (size_t i = 0; i < n; i++) {
		fputs(family + i ? ",\n" : "\n", to);
		put_trial(to, &t[i], cell, i, n, family, cpu);
	}
}

static void put_fact(FILE *to, const char *run_dir, const char *key, const char *name)
{
	char value[TEXT];

	export_env(run_dir, key, value, sizeof(value));
	if (!value[0])
		return;
	fprintf(to, ",\n    \"%s\": ", name);
	escape_json(to, value);
}

static void put_context(FILE *to, const struct export_job *job)
{
	const struct sample *s = job->first;
	char cpus[TEXT];
	unsigned long n;

	fputs("  \"context\": {\n    \"date\": ", to);
	escape_json(to, s->timestamp_utc);
	fputs(",\n    \"host_name\": ", to);
	escape_json(to, s->host);
	fputs(",\n    \"executable\": \"handoff\",\n    \"run_id\": ", to);
	escape_json(to, s->run_id);
	export_env(job->run_dir, "cpus_online_count", cpus, sizeof(cpus));
	n = strtoul(cpus, NULL, 10);
	if (n)
		fprintf(to, ",\n    \"num_cpus\": %lu", n);
	put_fact(to, job->run_dir, "cpu_model", "cpu_model");
	put_fact(to, job->run_dir, "kernel", "kernel");
	put_fact(to, job->run_dir, "compiler", "compiler");
	put_fact(to, job->run_dir, "handoff_commit", "handoff_commit");
	fputs(",\n    \"library_build_type\": \"release\",\n    \"json_schema_version\": 1\n  },\n",
		to);
}

static void put_all(const struct export_job *job, const struct trials *t)
{
	size_t count;

	fputs("{\n", job->to);
	put_context(job->to, job);
	fputs("  \"benchmarks\": [", job->to);
	for (size_t i = 0, family = 0; i < t->n; i += count, family++) {
		const struct trial *first = &t->item[i];

		for (count = 1; i + count < t->n; count++) {
			if (first->cell != first[count].cell)
				break;
		}
		put_cell(job->to, first, count, t->name[t->by_name[first->cell]], family);
	}
	fputs("\n  ]\n}\n", job->to);
}

int export_gbench(const struct export_job *job, char *err, size_t err_len)
{
	struct trials t = {.n = 0};
	int code;

	snprintf(err, err_len, "no memory for so many trials");
	code = job->each(job->from, on_row, &t, err, err_len);
	if (!code)
		code = sort_trials(&t);
	if (!code && t.n == 0) {
		snprintf(err, err_len, "no trial has a time per operation");
		code = -ENODATA;
	}
	if (!code && t.out)
		fprintf(job->notes, "%zu trials without a time per operation are left out\n",
			t.out);
	if (!code)
		put_all(job, &t);
	trials_free(&t);
	return code ? code : 1;
}
