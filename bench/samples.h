/*
 * samples.h - samples.csv: one row per trial, the only sample format.
 *
 * The column table in samples.c is the one place that knows names, order and
 * types; the writer, the reader and results/README.md's test walk over it.
 * New columns are appended, never reordered.  Empty = not measured: NAN for
 * figures, "" for text.  Figures are in the unit that the column's name says.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_row;

enum { SAMPLES_SCHEMA = 1 };

struct sample {
	double schema_version;
	char run_id[48], timestamp_utc[32], host[64];
	char cell[320];
	char family[16], mechanism[48], impl[8], workload[32], domain[16], start[8];
	double producers, consumers, procs, msg_bytes;
	char capacity[16]; /* messages, or "native" */
	char wait[20], params[96];
	char placement[64]; /* as asked; params has the class that nearest and farthest meant */
	char cpus[160];
	double workers_per_pu;
	char loop[8];
	double rate_per_s, block, order;
	char side[4];
	double rep, attempt;
	char status[16], reason[320], quality[8], quality_reason[128];
	double ops, elapsed_ns, ops_per_s, bytes_per_s;
	char kind[12];
	double lat_count, lat_min_ns, lat_p50_ns, lat_p90_ns, lat_p99_ns, lat_p999_ns, lat_p9999_ns;
	double lat_max_ns, lat_mean_ns;
	double cpu_ns_per_op, cpu_user_ns_per_op, cpu_sys_ns_per_op;
	double ctx_voluntary_per_op, ctx_involuntary_per_op, runq_wait_ns, minor_faults, migrations;
	double steal_pct, full_waits_per_op, empty_waits_per_op, start_skew_ns, overlap_pct,
		fairness;
	double lost, duplicated, reordered, corrupt;
	/* appended after schema 1's first columns */
	char clock[16];
	double clock_cost_ns;
	/* appended later: a file without them is still read, they are then empty */
	char axes[96]; /* further axes not at their default, as in the key */
	double floor_ns, floor_ratio;
	char floor_parts[96]; /* "2 wake + 4 copy-64" */
	char pages[64];       /* of the shared memory: "2 MiB huge, node 0" */
	/* 95 % intervals of the percentiles, and how many samples lie beyond each */
	double lat_p50_lo_ns, lat_p50_hi_ns, lat_p99_lo_ns, lat_p99_hi_ns, lat_p999_lo_ns,
		lat_p999_hi_ns;
	double lat_p50_beyond, lat_p99_beyond, lat_p999_beyond, lat_overflow;
	double end_skew_ns;
	double share_min_pct, share_max_pct, share_b_min_pct, share_b_max_pct;
	double longest_stamped_wait_ns, overtakes_mean, overtakes_max;
	double intervals;
	char drift[8]; /* none, up, down; "": not tested */
	double drift_p, drift_pct;
	double cycles_per_op, instructions_per_op, cache_misses_per_op, energy_uj_per_op;
	/* what `quality` was judged by */
	double steal_used_pct, throttled_us, frozen_us, thermal_events, irq_per_s;
	double sibling_busy_pct, gap_before_ns, gap_after_ns;
	double involuntary_per_s, queue_pct, away_pct, stopped;
	/* openloop: lat_ is the time from when a message was due, svc_ from when it was sent */
	double svc_count, svc_p50_ns, svc_p99_ns, svc_p999_ns, svc_max_ns;
	double offered_per_s, achieved_per_s, late_sends;
	char missed[64];
	double oneway_bound_ns, oneway_negative;
	char oneway_reason[128]; /* why percentiles are left out */
	double planned_ns;       /* what n was calibrated for; not of an open loop */
	double vain_wakeups_per_acquisition;
	char stored[128]; /* mechanisms with a file: "/run/user/1000/handoff on tmpfs" */
	/* lifecycle: lat_ is the time until a child runs, joined_ the time until it was joined */
	double joined_p50_ns, joined_p99_ns, joined_max_ns;
	double cancelled;                /* lateness: timers */
	char process_of[1024];           /* mixed: which process each worker lives in */
	double unread, callbacks_failed; /* buses of callbacks, of the whole trial */
	/* of the percentiles that had none before */
	double lat_p90_lo_ns, lat_p90_hi_ns, lat_p90_beyond;
	double lat_p9999_lo_ns, lat_p9999_hi_ns, lat_p9999_beyond;
	double svc_p50_lo_ns, svc_p50_hi_ns, svc_p50_beyond;
	double svc_p99_lo_ns, svc_p99_hi_ns, svc_p99_beyond;
	double svc_p999_lo_ns, svc_p999_hi_ns, svc_p999_beyond;
	double joined_p50_lo_ns, joined_p50_hi_ns, joined_p50_beyond;
	double joined_p99_lo_ns, joined_p99_hi_ns, joined_p99_beyond;
};

/* All figures NAN, all text empty. */
void sample_init(struct sample *s);

/* By cell, block and attempt, as qsort() wants it: which of two rows comes first. */
int samples_compare(const struct sample *a, const struct sample *b);

/* The header line and a row, into a row buffer (csv.h), newline included. */
void samples_header(struct csv_row *row);
void samples_row(struct csv_row *row, const struct sample *s);

/* Column names in order; *n of them. */
const char *const *samples_columns(size_t *n);

/* Which column of figures has this name; -1 where none has, or it is text. */
int samples_figure_column(const char *name);

/* The figure of a row in such a column; NAN: not measured. */
double samples_figure(const struct sample *s, int column);

/*
 * Read a whole file.  *out is malloc'd, caller frees; rows of an unfinished
 * last line are dropped.  0, or -errno with file, line and cause in err: not a
 * samples file, another schema, a value that is no number.
 */
int samples_read(const char *path, struct sample **out, size_t *n, char *err, size_t err_len);

/*
 * The same, row by row: *row is valid during the call only, so a file of any length takes the room
 * of one row.  line: where the row begins.  on_row returns 0 to go on; what else it returns (an
 * errno, with its own sentence in err) ends the reading.  *cut_short (may be NULL): an unfinished
 * last line was dropped.
 */
typedef int samples_fn(void *ctx, uint64_t line, const struct sample *row);
int samples_each(const char *path, samples_fn *on_row, void *ctx, bool *cut_short, char *err,
	size_t err_len);

/* An ok row that rankings may use: measured, not probed, and clean if `clean_only`. */
bool sample_usable(const struct sample *s, bool clean_only);

#endif
