/*
 * export_gobench.c - a run as `go test -bench` writes it, for benchstat; see export.h.
 *
 * A line a trial, in the order they were measured, so that benchstat has its samples.  Its reader
 * cuts fields at blanks, refuses what is no UTF-8 and takes a -digits at a name's end for the
 * number of processors; `ns` in a unit becomes `sec` there.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/export.h"
#include "bench/rank.h"
#include "bench/utf8.h"

enum { TEXT = 256 };

/* ---- names ----------------------------------------------------------------------- */

struct name {
	char *out;
	size_t n;
};

static void put_char(struct name *to, char c)
{
	if (to->n + 1 < EXPORT_GOBENCH_NAME)
		to->out[to->n++] = c;
	to->out[to->n] = '\0';
}

static void put_words(struct name *to, const char *text)
{
	for (; *text; text++)
		put_char(to, *text);
}

static void put_part(struct name *to, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && (isalnum(c) || (c && strchr("_.:+=-", c)))) {
			put_char(to, (char)c);
		} else {
			put_char(to, '%');
			put_char(to, hex[c >> 4]);
			put_char(to, hex[c & 15]);
		}
	}
}

/* family/name/workload: what stands between its last two slashes and before. */
static void put_mechanism(struct name *to, const char *cell, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (cell[i] == '/')
			put_char(to, '.');
		else if (cell[i] == '.')
			put_words(to, "%2E");
		else
			put_part(to, &cell[i], 1);
	}
}

/* With a capital, as Go wants it; one that has one already is another workload. */
static void put_workload(struct name *to, const char *name, size_t len)
{
	if (len && islower((unsigned char)name[0])) {
		put_char(to, (char)toupper((unsigned char)name[0]));
		put_part(to, name + 1, len - 1);
	} else if (len) {
		put_char(to, '_');
		put_part(to, name, len);
	}
}

/* It would be taken for GOMAXPROCS. */
static bool ends_in_processors(const char *name)
{
	size_t n = strlen(name), digits = 0;

	while (digits < n && isdigit((unsigned char)name[n - 1 - digits]))
		digits++;
	return digits && digits < n && name[n - 1 - digits] == '-';
}

void export_gobench_name(const char *cell, char out[EXPORT_GOBENCH_NAME])
{
	struct name to = {out, 0};
	size_t path = strcspn(cell, "?"), mech = path;
	const char *axis = cell + path;

	while (mech > 0 && cell[mech - 1] != '/')
		mech--;
	put_words(&to, "Benchmark");
	put_workload(&to, cell + mech, path - mech);
	if (mech > 1) {
		put_words(&to, "/mechanism=");
		put_mechanism(&to, cell, mech - 1);
	}
	while (*axis) {
		size_t len = strcspn(++axis, "&");

		put_char(&to, '/');
		put_part(&to, axis, len);
		axis += len;
	}
	if (ends_in_processors(out))
		put_words(&to, "/_");
}

/* ---- lines ----------------------------------------------------------------------- */

static void put_figure(FILE *to, double v, const char *unit)
{
	if (isfinite(v))
		fprintf(to, " %.10g %s", v, unit);
}

static double ns_per_op(const struct sample *s)
{
	return isfinite(s->ops_per_s) && s->ops_per_s > 0 ? 1e9 / s->ops_per_s : NAN;
}

static bool has_figure(const struct sample *s)
{
	return isfinite(ns_per_op(s)) || isfinite(s->lat_p50_ns) || isfinite(s->cpu_ns_per_op);
}

static void put_line(FILE *to, const struct sample *s)
{
	char name[EXPORT_GOBENCH_NAME];

	export_gobench_name(s->cell, name);
	fprintf(to, "%s %" PRIu64, name, isfinite(s->ops) ? (uint64_t)s->ops : 1);
	put_figure(to, ns_per_op(s), "ns/op");
	put_figure(to, s->ops_per_s, "ops/s");
	put_figure(to, s->bytes_per_s, "B/s");
	put_figure(to, s->lat_p50_ns, "p50-ns");
	put_figure(to, s->lat_p99_ns, "p99-ns");
	put_figure(to, s->cpu_ns_per_op, "cpu-ns/op");
	put_figure(to, s->ctx_voluntary_per_op + s->ctx_involuntary_per_op, "switches/op");
	fputc('\n', to);
}

/* A value is the rest of a line. */
static void put_config(FILE *to, const char *key, const char *value)
{
	if (!value[0])
		return;
	fprintf(to, "%s: ", key);
	for (const char *at = value; *at;) {
		int n = utf8_bytes(at);

		if (n > 1)
			fwrite(at, 1, (size_t)n, to);
		else
			fputc(n == 0 || iscntrl((unsigned char)*at) ? '?' : *at, to);
		at += n ? n : 1;
	}
	fputc('\n', to);
}

static void put_head(const struct export_job *job)
{
	static const char *const fact[][2] = {{"cpu", "cpu_model"}, {"kernel", "kernel"},
		{"compiler", "compiler"}, {"commit", "handoff_commit"}};
	static const char *const lower[] = {
		"ns/op", "p50-ns", "p99-ns", "cpu-ns/op", "switches/op"};
	static const char *const higher[] = {"ops/s", "B/s"};
	char value[TEXT];

	put_config(job->to, "host", job->first->host);
	for (size_t i = 0; i < sizeof(fact) / sizeof(*fact); i++) {
		export_env(job->run_dir, fact[i][1], value, sizeof(value));
		put_config(job->to, fact[i][0], value);
	}
	for (size_t i = 0; i < sizeof(lower) / sizeof(*lower); i++)
		fprintf(job->to, "Unit %s better=lower\n", lower[i]);
	for (size_t i = 0; i < sizeof(higher) / sizeof(*higher); i++)
		fprintf(job->to, "Unit %s better=higher\n", higher[i]);
}

/* The first reading counts, the second writes: rows are never held. */
struct lines {
	FILE *to; /* NULL: count */
	size_t with, without;
};

static int on_row(void *ctx, uint64_t line, const struct sample *row)
{
	struct lines *l = ctx;
	bool has = has_figure(row);

	(void)line;
	l->with += has;
	l->without += !has;
	if (has && l->to)
		put_line(l->to, row);
	return 0;
}

int export_gobench(const struct export_job *job, char *err, size_t err_len)
{
	struct lines l = {.to = NULL};
	int code = job->each(job->from, on_row, &l, err, err_len);

	if (code)
		return code;
	if (l.with == 0) {
		snprintf(err, err_len, "no trial has a figure for this format");
		return -ENODATA;
	}
	if (l.without)
		fprintf(job->notes, "%zu trials without a figure for this format are left out\n",
			l.without);
	put_head(job);
	l.to = job->to;
	code = job->each(job->from, on_row, &l, err, err_len);
	return code ? code : 1;
}
