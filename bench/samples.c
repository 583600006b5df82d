/* samples.c - see samples.h. */
#include "bench/samples.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/number.h"
#include "harness/compiler.h"

enum column_type { TEXT, FIGURE };

struct column {
	const char *name;
	enum column_type type;
	size_t offset, bytes;
};

#define T(f)                                                                                       \
	{                                                                                          \
#f, TEXT, offsetof(struct sample, f), sizeof(((struct sample *)0)->f)              \
	}
#define F(f)                                                                                       \
	{                                                                                          \
#f, FIGURE, offsetof(struct sample, f), sizeof(((struct sample *)0)->f)            \
	}

/* The one table; its order is the file's. */
static const struct column columns[] = {
	F(schema_version), T(run_id), T(timestamp_utc), T(host), T(cell), T(family), T(mechanism),
	T(impl), T(workload), T(domain), T(start), F(producers), F(consumers), F(procs),
	F(msg_bytes), T(capacity), T(wait), T(params), T(placement), T(cpus), F(workers_per_pu),
	T(loop), F(rate_per_s), F(block), F(order), T(side), F(rep), F(attempt), T(status),
	T(reason), T(quality), T(quality_reason), F(ops), F(elapsed_ns), F(ops_per_s),
	F(bytes_per_s), T(kind), F(lat_count), F(lat_min_ns), F(lat_p50_ns), F(lat_p90_ns),
	F(lat_p99_ns), F(lat_p999_ns), F(lat_p9999_ns), F(lat_max_ns), F(lat_mean_ns),
	F(cpu_ns_per_op), F(cpu_user_ns_per_op), F(cpu_sys_ns_per_op), F(ctx_voluntary_per_op),
	F(ctx_involuntary_per_op), F(runq_wait_ns), F(minor_faults), F(migrations), F(steal_pct),
	F(full_waits_per_op), F(empty_waits_per_op), F(start_skew_ns), F(overlap_pct), F(fairness),
	F(lost), F(duplicated), F(reordered), F(corrupt), T(clock), F(clock_cost_ns), T(axes),
	F(floor_ns), F(floor_ratio), T(floor_parts), T(pages), F(lat_p50_lo_ns), F(lat_p50_hi_ns),
	F(lat_p99_lo_ns), F(lat_p99_hi_ns), F(lat_p999_lo_ns), F(lat_p999_hi_ns), F(lat_p50_beyond),
	F(lat_p99_beyond), F(lat_p999_beyond), F(lat_overflow), F(end_skew_ns), F(share_min_pct),
	F(share_max_pct), F(share_b_min_pct), F(share_b_max_pct), F(longest_stamped_wait_ns),
	F(overtakes_mean), F(overtakes_max), F(intervals), T(drift), F(drift_p), F(drift_pct),
	F(cycles_per_op), F(instructions_per_op), F(cache_misses_per_op), F(energy_uj_per_op),
	F(steal_used_pct), F(throttled_us), F(frozen_us), F(thermal_events), F(irq_per_s),
	F(sibling_busy_pct), F(gap_before_ns), F(gap_after_ns), F(involuntary_per_s), F(queue_pct),
	F(away_pct), F(stopped), F(svc_count), F(svc_p50_ns), F(svc_p99_ns), F(svc_p999_ns),
	F(svc_max_ns), F(offered_per_s), F(achieved_per_s), F(late_sends), T(missed),
	F(oneway_bound_ns), F(oneway_negative), T(oneway_reason), F(planned_ns),
	F(vain_wakeups_per_acquisition), T(stored), F(joined_p50_ns), F(joined_p99_ns),
	F(joined_max_ns), F(cancelled), T(process_of), F(unread), F(callbacks_failed),
	F(lat_p90_lo_ns), F(lat_p90_hi_ns), F(lat_p90_beyond), F(lat_p9999_lo_ns),
	F(lat_p9999_hi_ns), F(lat_p9999_beyond), F(svc_p50_lo_ns), F(svc_p50_hi_ns),
	F(svc_p50_beyond), F(svc_p99_lo_ns), F(svc_p99_hi_ns), F(svc_p99_beyond), F(svc_p999_lo_ns),
	F(svc_p999_hi_ns), F(svc_p999_beyond), F(joined_p50_lo_ns), F(joined_p50_hi_ns),
	F(joined_p50_beyond), F(joined_p99_lo_ns), F(joined_p99_hi_ns),
	F(joined_p99_beyond), /* older files lack axes and on */
};

enum { COLUMNS = ARRAY_LEN(columns), NOT_READ = -2 };

static bool may_lack(const struct column *c)
{
	return c->offset >= offsetof(struct sample, axes);
}

static double *figure_at(const struct sample *s, const struct column *c)
{
	return (double *)(void *)((char *)(uintptr_t)s + c->offset);
}

static char *text_at(const struct sample *s, const struct column *c)
{
	return (char *)(uintptr_t)s + c->offset;
}

void sample_init(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < COLUMNS; i++) {
		if (columns[i].type == FIGURE)
			*figure_at(s, &columns[i]) = NAN;
	}
}

const char *const *samples_columns(size_t *n)
{
	static const char *names[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		names[i] = columns[i].name;
	*n = COLUMNS;
	return names;
}

int samples_figure_column(const char *name)
{
	for (int i = 0; i < COLUMNS; i++) {
		if (columns[i].type == FIGURE && strcmp(columns[i].name, name) == 0)
			return i;
	}
	return -1;
}

double samples_figure(const struct sample *s, int column)
{
	return *figure_at(s, &columns[column]);
}

int samples_compare(const struct sample *a, const struct sample *b)
{
	int c = strcmp(a->cell, b->cell);

	c = c ? c : (a->block > b->block) - (a->block < b->block);
	return c ? c : (a->attempt > b->attempt) - (a->attempt < b->attempt);
}

void samples_header(struct csv_row *row)
{
	for (int i = 0; i < COLUMNS; i++)
		csv_row_text(row, columns[i].name);
	csv_row_end(row);
}

void samples_row(struct csv_row *row, const struct sample *s)
{
	for (int i = 0; i < COLUMNS; i++) {
		if (columns[i].type == TEXT)
			csv_row_text(row, text_at(s, &columns[i]));
		else
			csv_row_f64(row, *figure_at(s, &columns[i]), CSV_SHORT);
	}
	csv_row_end(row);
}

bool sample_usable(const struct sample *s, bool clean_only)
{
	return strcmp(s->status, "ok") == 0 && strcmp(s->loop, "plain") == 0 &&
	       (!clean_only || strcmp(s->quality, "clean") == 0);
}

/* ---- reading ------------------------------------------------------------- */

struct reader {
	const char *path;
	struct sample row; /* every column is set for every row */
	samples_fn *on_row;
	void *ctx;
	int at[COLUMNS]; /* where each column stands in this file */
	char *err;
	size_t err_len;
};

/* Columns are only appended: those of the schema's beginning must be there, in any place. */
static int read_header(struct reader *r, size_t n, const char *const *field)
{
	for (int i = 0; i < COLUMNS; i++) {
		const char *name = columns[i].name;
		int at = csv_header_find(field, n, name);

		r->at[i] = at;
		if (at < 0 && !may_lack(&columns[i])) {
			snprintf(r->err, r->err_len, "%s: not a samples file: no column %s",
				r->path, name);
			return -EINVAL;
		}
		if (at >= 0 && csv_header_find(field + at + 1, n - (size_t)at - 1, name) >= 0) {
			snprintf(r->err, r->err_len, "%s:1: there are two columns %s", r->path,
				name);
			return -EINVAL;
		}
	}
	return 0;
}

static int bad_figure(const struct reader *r, uint64_t line, int i, const char *text)
{
	snprintf(r->err, r->err_len, "%s:%llu: %s is no number (column %d): \"%.40s\"", r->path,
		(unsigned long long)line, columns[i].name, r->at[i] + 1, text);
	return -EINVAL;
}

/* Never cut: two cells whose keys begin alike would become one. */
static int read_text(struct reader *r, uint64_t line, int i, const char *text, size_t len)
{
	const struct column *c = &columns[i];

	if (len < c->bytes) {
		memcpy(text_at(&r->row, c), text, len + 1);
		return 0;
	}
	snprintf(r->err, r->err_len,
		"%s:%llu: %s has %zu bytes, at most %zu fit (column %d): \"%.40s...\"", r->path,
		(unsigned long long)line, c->name, len, c->bytes - 1, r->at[i] + 1, text);
	return -EINVAL;
}

static int read_column(
	struct reader *r, uint64_t line, int i, const char *const *field, const size_t *len)
{
	const char *text = r->at[i] < 0 ? "" : field[r->at[i]];

	if (columns[i].type == TEXT)
		return read_text(r, line, i, text, *text ? len[r->at[i]] : 0);
	if (!number_read(text, figure_at(&r->row, &columns[i])))
		return bad_figure(r, line, i, text);
	return 0;
}

static int read_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;
	int code = 0;

	if (r->at[0] == NOT_READ)
		return read_header(r, n, field);
	for (int i = 0; i < COLUMNS && !code; i++)
		code = read_column(r, line, i, field, len);
	if (!code && r->row.schema_version != SAMPLES_SCHEMA) {
		snprintf(r->err, r->err_len, "%s:%llu: schema %g, this build reads %d", r->path,
			(unsigned long long)line, r->row.schema_version, SAMPLES_SCHEMA);
		code = -EINVAL;
	}
	return code ? code : r->on_row(r->ctx, line, &r->row);
}

int samples_each(
	const char *path, samples_fn *on_row, void *ctx, bool *cut_short, char *err, size_t err_len)
{
	struct reader r = {.path = path, .on_row = on_row, .ctx = ctx, .at = {NOT_READ}};
	struct csv_limits limits = {0};
	int code;

	r.err = err;
	r.err_len = err_len;
	code = csv_read_file(path, &limits, read_row, &r, err, err_len);
	if (!code && limits.rows == 0) {
		snprintf(err, err_len, "%s: not a samples file: it is empty", path);
		code = -EINVAL;
	}
	if (cut_short)
		*cut_short = limits.truncated_tail;
	return code;
}

struct gathered {
	const char *path;
	struct sample *row;
	size_t n, room;
	char *err;
	size_t err_len;
};

static int gather(void *ctx, uint64_t line, const struct sample *row)
{
	struct gathered *g = ctx;

	(void)line;
	if (g->n == g->room) {
		size_t room = g->room ? 2 * g->room : 256;
		struct sample *more = realloc(g->row, room * sizeof(*more));

		if (!more) {
			snprintf(g->err, g->err_len, "%s: no memory for %zu rows", g->path, room);
			return -ENOMEM;
		}
		g->row = more;
		g->room = room;
	}
	g->row[g->n++] = *row;
	return 0;
}

int samples_read(const char *path, struct sample **out, size_t *n, char *err, size_t err_len)
{
	struct gathered g = {.path = path, .err = err, .err_len = err_len};
	int code = samples_each(path, gather, &g, NULL, err, err_len);

	if (code) {
		free(g.row);
		return code;
	}
	*out = g.row;
	*n = g.n;
	return 0;
}
