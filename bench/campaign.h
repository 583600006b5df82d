/*
 * campaign.h - one run seen as one replicate: for each cell and metric the 20 % trimmed mean of the
 * log costs of its trials, and what is known of the machine it ran on.
 *
 * Made from a run's directory (samples.csv, with environment.csv, plan.csv and floors.csv where
 * they are there), from a samples.csv with those files beside it, or from a campaign file, which
 * says the same in a thousandth of the room.  A samples.csv is read row by row: memory is that of
 * a few figures for each trial.
 *
 * One thread.  Errors: -errno and a sentence with file, line and column where there is one.
 */
#ifndef BENCH_CAMPAIGN_H
#define BENCH_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/costs.h"
#include "bench/facts.h"

enum {
	CAMPAIGN_SCHEMA = 1,
	CAMPAIGN_PATH = 1024,
	CAMPAIGN_ENOUGH_CLEAN =
		3, /* noisy trials are left out where there are so many clean ones */
	CAMPAIGN_COPY_BYTES = 262144, /* the largest copy that counts as a control */
};

/* What is the same whatever the mechanisms do: parts of floors.csv. */
enum campaign_control { CONTROL_ATOMIC, CONTROL_COPY, CONTROL_SYSCALL, CONTROLS };

const char *campaign_control_name(enum campaign_control c);

struct campaign_figure {
	double cost;     /* trimmed mean of logs (costs.h); NAN: not measured */
	double within;   /* its standard error by Yuen; NAN with fewer than two trials */
	double value;    /* median, in the metric's unit; NAN */
	uint32_t trials; /* behind it */
	uint32_t noisy;  /* ... of them */
};

struct campaign_cell {
	char *key;
	struct campaign_figure figure[COSTS];
	uint32_t trials;  /* ok ones */
	char status[16];  /* the worst of its trials: ok, skip, timeout, fail, crash ... */
	char reason[128]; /* of that one */
};

struct campaign {
	char from[CAMPAIGN_PATH]; /* where it was read from, as given */
	char run_id[48], began[32];
	struct facts facts; /* with trial_ns and cells; empty where there was no environment.csv */
	bool knows_machine;
	double control_ns[CONTROLS]; /* NAN: not measured */
	uint32_t copy_bytes;
	struct campaign_cell *cell; /* by key */
	size_t n;
	size_t rows, unfinished; /* trials of which only an interrupted attempt is there */
	bool cut_short;          /* samples.csv ends within a row, which was left out */
};

/* From any of the three. */
int campaign_read(struct campaign *c, const char *path, char *err, size_t err_len);
void campaign_free(struct campaign *c); /* zeroed or half-read ones too */

/* A campaign file, whole or not at all. */
int campaign_write(const struct campaign *c, const char *path, char *err, size_t err_len);

/* Of these files alone; campaign_read() tells which.  campaign_gather(): the rows, nothing else. */
int campaign_gather(struct campaign *c, const char *samples, char *err, size_t err_len);
int campaign_read_run(struct campaign *c, const char *samples, char *err, size_t err_len);
int campaign_read_file(struct campaign *c, const char *path, char *err, size_t err_len);
bool campaign_is_file(const char *path);

/* NULL: it has no such cell. */
const struct campaign_cell *campaign_find(const struct campaign *c, const char *key);

/* fail, timeout, crash: something went wrong in it. */
bool campaign_is_red(const struct campaign_cell *c);

/* "channel/pipe" of a cell's key. */
void campaign_mechanism(const char *key, char *out, size_t out_len);

/* Seconds since 1970 of `began`; NAN. */
double campaign_seconds(const struct campaign *c);

/* One campaign given twice: same run, same beginning. */
bool campaign_same(const struct campaign *a, const struct campaign *b);

#endif
