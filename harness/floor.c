/* floor.c - see floor.h. */
#include "harness/floor.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/floor_part.h"
#include "harness/futex.h"
#include "harness/place.h"

/* Shares of the time, in percent; a pair has lines, one PU has switches. */
enum {
	SHARE_LINE = 15,
	SHARE_SWITCH = 30,
	SHARE_WAKE = 35,
	SHARE_SYSCALL = 5,
	SHARE_ATOMIC = 3,
	SHARE_CLOCK = 2,
	SHARE_COPIES = 25,
	PATIENCE = 4,                   /* a series gives up after so many times its share ... */
	PATIENCE_NS = 20 * 1000 * 1000, /* ... and a little, whatever it has */
};

static const char *const names[FLOOR_PARTS] = {
	"line-cas", "line-two", "switch", "wake", "syscall", "atomic", "clock", "copy"};

const char *floor_part_name(enum floor_part p)
{
	return names[p];
}

int floor_part_parse(const char *name)
{
	for (int i = 0; i < FLOOR_PARTS; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

/* ---- series -------------------------------------------------------------- */

void floor_series_begin(struct floor_series *s, uint64_t time_ns)
{
	uint64_t now = monotonic_ns();

	s->n = 0;
	s->until_ns = now + time_ns;
	s->give_up_ns = now + PATIENCE * time_ns + PATIENCE_NS;
}

bool floor_series_goes_on(const struct floor_series *s)
{
	uint64_t now = monotonic_ns();

	if (s->n == FLOOR_BATCHES || now >= s->give_up_ns)
		return false;
	return s->n < FLOOR_LEAST_BATCHES || now < s->until_ns;
}

void floor_series_add(struct floor_series *s, double ns)
{
	s->ns[s->n++] = ns;
}

struct floor_figure floor_none(const char *why)
{
	return (struct floor_figure){.min_ns = NAN, .median_ns = NAN, .spread_ns = NAN, .why = why};
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct floor_figure floor_series_end(struct floor_series *s, const char *why)
{
	struct floor_figure f = floor_none(why);

	if (s->n == 0)
		return f;
	qsort(s->ns, s->n, sizeof(*s->ns), compare);
	f.min_ns = s->ns[0];
	f.median_ns = s->ns[s->n / 2];
	f.n = s->n;
	f.why = NULL;
	return f;
}

/* ---- all parts ----------------------------------------------------------- */

/* The thread on pu_a. */
struct job {
	const struct floor_ask *ask;
	struct floor_result *out;
	char *err;
	size_t err_len;
	int code;
};

static uint64_t share(const struct floor_ask *ask, unsigned percent)
{
	return ask->time_ns / 100 * percent;
}

static int measure_apart(struct job *j)
{
	struct floor_figure *part = j->out->part;
	int code = 0;

	part[FLOOR_SWITCH] = floor_none("two PUs: nothing is switched");
	for (int i = FLOOR_LINE_CAS; i <= FLOOR_LINE_TWO && !code; i++)
		code = floor_line(j->ask, (enum floor_part)i, share(j->ask, SHARE_LINE), &part[i],
			j->err, j->err_len);
	return code;
}

static int measure_together(struct job *j)
{
	struct floor_figure *part = j->out->part;

	part[FLOOR_LINE_CAS] = floor_none("one PU: no line moves");
	part[FLOOR_LINE_TWO] = part[FLOOR_LINE_CAS];
	return floor_switch(
		j->ask, share(j->ask, SHARE_SWITCH), &part[FLOOR_SWITCH], j->err, j->err_len);
}

static void measure_alone(struct job *j)
{
	const struct clock *c = j->ask->clock;
	struct floor_figure *part = j->out->part;

	part[FLOOR_SYSCALL] = floor_syscall(c, share(j->ask, SHARE_SYSCALL));
	part[FLOOR_ATOMIC] = floor_atomic(c, share(j->ask, SHARE_ATOMIC));
	part[FLOOR_CLOCK] = floor_clock(c, share(j->ask, SHARE_CLOCK));
}

static int measure_copies(struct job *j)
{
	const struct floor_ask *ask = j->ask;
	uint8_t *memory = aligned_alloc(4096, (size_t)2 * FLOOR_MAX_BYTES);

	if (!memory) {
		snprintf(j->err, j->err_len, "no memory for messages of %d bytes", FLOOR_MAX_BYTES);
		return -ENOMEM;
	}
	memset(memory, 1, (size_t)2 * FLOOR_MAX_BYTES);
	for (size_t i = 0; i < ask->n_bytes; i++)
		j->out->copy[i] = floor_copy(ask->clock, memory, memory + FLOOR_MAX_BYTES,
			ask->bytes[i], share(ask, SHARE_COPIES) / ask->n_bytes);
	free(memory);
	return 0;
}

static void *measure(void *arg)
{
	struct job *j = arg;
	const struct floor_ask *ask = j->ask;

	j->code = place_pin(ask->topo, ask->pu_a, j->err, j->err_len);
	if (!j->code)
		j->code = ask->pu_a == ask->pu_b ? measure_together(j) : measure_apart(j);
	if (!j->code)
		j->code = floor_wake(
			ask, share(ask, SHARE_WAKE), &j->out->part[FLOOR_WAKE], j->err, j->err_len);
	if (!j->code)
		measure_alone(j);
	if (!j->code && ask->n_bytes)
		j->code = measure_copies(j);
	return NULL;
}

int floor_measure(const struct floor_ask *ask, struct floor_result *out, char *err, size_t err_len)
{
	struct job j = {.ask = ask, .out = out, .err = err, .err_len = err_len};
	pthread_t thread;
	int code;

	for (int i = 0; i < FLOOR_COPY; i++)
		out->part[i] = floor_none("not measured");
	for (int i = 0; i < FLOOR_SIZES; i++)
		out->copy[i] = floor_none("not measured");
	for (size_t i = 0; i < ask->n_bytes; i++) {
		if (ask->n_bytes > FLOOR_SIZES || !ask->bytes[i] ||
			ask->bytes[i] > FLOOR_MAX_BYTES) {
			snprintf(err, err_len, "copies are measured of 1 to %d bytes, %d sizes",
				FLOOR_MAX_BYTES, FLOOR_SIZES);
			return -EINVAL;
		}
	}
	code = -pthread_create(&thread, NULL, measure, &j);
	if (code) {
		snprintf(err, err_len, "cannot start a thread: %s", strerror(-code));
		return code;
	}
	pthread_join(thread, NULL);
	return j.code;
}
