/*
 * export_gbench.c - a run as google/benchmark writes it; see export.h.
 *
 * A benchmark is a cell, a trial one of its repetitions; they are named .../real_time, which tells
 * readers that would else take the CPU time.  cpu_time is that of all workers together; a cell with
 * a trial that has none has none in all of them, since compare.py counts on either.  A figure that
 * was not measured is left out: there is no NaN in JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/escape.h"
#include "bench/export.h"
#include "bench/rank.h"

enum { TEXT = 256 };

/* A row and where it stood in the run. */
struct trial {
	const struct sample *row;
	size_t place;
};

static int by_cell(const void *a, const void *b)
{
	const struct trial *x = a, *y = b;
	int order = strcmp(x->row->cell, y->row->cell);

	return order ? order : (x->place > y->place) - (x->place < y->place);
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

static void put_trial(
	FILE *to, const struct trial *t, size_t index, size_t repetitions, size_t family, bool cpu)
{
	const struct sample *s = t->row;
	char name[sizeof(s->cell) + 16];

	snprintf(name, sizeof(name), "%s/real_time", s->cell);
	fputs("    {\n      \"name\": ", to);
	escape_json(to, name);
	fputs(",\n      \"run_name\": ", to);
	escape_json(to, name);
	fprintf(to, ",\n      \"run_type\": \"iteration\",\n      \"family_index\": %zu", family);
	fprintf(to, ",\n      \"per_family_instance_index\": 0,\n      \"repetitions\": %zu",
		repetitions);
	fprintf(to, ",\n      \"repetition_index\": %zu", index);
	put_number(to, "threads", s->producers + (isfinite(s->consumers) ? s->consumers : 0));
	put_number(to, "iterations", s->ops);
	put_number(to, "real_time", real_time(s));
	if (cpu)
		put_number(to, "cpu_time", s->cpu_ns_per_op);
	fputs(",\n      \"time_unit\": \"ns\"", to);
	put_number(to, "items_per_second", s->ops_per_s);
	put_number(to, "bytes_per_second", s->bytes_per_s);
	put_number(to, "p50_ns", s->lat_p50_ns);
	put_number(to, "p99_ns", s->lat_p99_ns);
	put_number(to, "switches_per_op", s->ctx_voluntary_per_op + s->ctx_involuntary_per_op);
	put_number(to, "noisy", strcmp(s->quality, "noisy") == 0);
	fputs("\n    }", to);
}

static void put_cell(FILE *to, const struct trial *t, size_t n, size_t family)
{
	bool cpu = true;

	for (size_t i = 0; i < n; i++)
		cpu = cpu && isfinite(t[i].row->cpu_ns_per_op);
	for (size_t i = 0; i < n; i++) {
		fputs(family + i ? ",\n" : "\n", to);
		put_trial(to, &t[i], i, n, family, cpu);
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
	const struct sample *s = job->row[0];
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

static size_t left_out(const struct export_job *job, struct trial *t, size_t *n)
{
	size_t out = 0;

	*n = 0;
	for (size_t i = 0; i < job->n; i++) {
		if (isfinite(real_time(job->row[i])))
			t[(*n)++] = (struct trial){job->row[i], i};
		else
			out++;
	}
	return out;
}

static void put_all(const struct export_job *job, const struct trial *t, size_t n)
{
	size_t count;

	fputs("{\n", job->to);
	put_context(job->to, job);
	fputs("  \"benchmarks\": [", job->to);
	for (size_t i = 0, family = 0; i < n; i += count, family++) {
		for (count = 1; i + count < n; count++) {
			if (strcmp(t[i].row->cell, t[i + count].row->cell) != 0)
				break;
		}
		put_cell(job->to, &t[i], count, family);
	}
	fputs("\n  ]\n}\n", job->to);
}

int export_gbench(const struct export_job *job, char *err, size_t err_len)
{
	struct trial *t = calloc(job->n + 1, sizeof(*t));
	size_t n, out;

	if (!t) {
		snprintf(err, err_len, "no memory for %zu rows", job->n);
		return -ENOMEM;
	}
	out = left_out(job, t, &n);
	if (n == 0) {
		free(t);
		snprintf(err, err_len, "no trial has a time per operation");
		return -ENODATA;
	}
	if (out)
		fprintf(job->notes, "%zu trials without a time per operation are left out\n", out);
	qsort(t, n, sizeof(*t), by_cell);
	put_all(job, t, n);
	free(t);
	return 1;
}
