/* axis.c - the table of axes, and those that have a column of their own; see axis.h. */
#include "bench/axis.h"

#include <stdlib.h>
#include <string.h>

#include "bench/axis_part.h"

static int set_name(
	const struct setting *s, int (*parse)(const char *), const char *known, uint32_t *out)
{
	int v = parse(s->text);

	if (v < 0) {
		snprintf(s->hint, s->hint_len, "matches nothing; there are %s", known);
		return -EINVAL;
	}
	*out = (uint32_t)v;
	return 0;
}

/* ---- the axes that have a column of their own ------------------------------ */

static int set_domain(struct cell *c, const struct setting *s)
{
	uint32_t v;
	int code = set_name(s, domain_parse, "thread, process, coroutine and mixed", &v);

	if (!code)
		c->domain = (enum domain)v;
	return code;
}

static bool get_domain(const struct cell *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%s", domain_name(c->domain));
	return true;
}

static int set_start(struct cell *c, const struct setting *s)
{
	uint32_t v;
	int code = set_name(s, start_parse, "fork and exec", &v);

	if (!code)
		c->start = (enum start)v;
	return code;
}

static bool get_start(const struct cell *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%s", start_name(c->start));
	return c->start != START_FORK;
}

/* "2x1": both sides; "4": one side, b = 0. */
static int set_fan(struct cell *c, const struct setting *s)
{
	const char *hint = "not a fan; write 2x1 for two senders and one receiver, or 4";
	unsigned long a, b = 0;
	char *end;

	if (s->text[0] < '0' || s->text[0] > '9')
		return wrong(s, hint);
	a = strtoul(s->text, &end, 10);
	if (*end == 'x' && end[1] >= '0' && end[1] <= '9') {
		b = strtoul(end + 1, &end, 10);
		if (b == 0)
			return wrong(s, "a side needs a worker");
	}
	if (*end)
		return wrong(s, hint);
	if (a == 0)
		return wrong(s, "a side needs a worker");
	if (a > TRIAL_MAX_WORKERS || b > TRIAL_MAX_WORKERS || a + b > TRIAL_MAX_WORKERS)
		return wrong(s, "at most 256 workers in all");
	c->side_a = (uint32_t)a;
	c->side_b = (uint32_t)b;
	*s->one_side = b == 0;
	return 0;
}

static bool get_fan(const struct cell *c, char *out, size_t out_len)
{
	cell_fan(c, out, out_len);
	return true;
}

static int set_size(struct cell *c, const struct setting *s)
{
	return set_count(s, 1, CELL_MAX_BYTES, &c->msg_bytes);
}

static bool get_size(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->msg_bytes, 0, out, out_len);
}

static int set_capacity(struct cell *c, const struct setting *s)
{
	if (strcmp(s->text, "native") != 0 && strcmp(s->text, "unbounded") != 0)
		return set_count(s, 1, CELL_MAX_CAPACITY, &c->capacity);
	c->capacity = 0;
	return 0;
}

static bool get_capacity(const struct cell *c, char *out, size_t out_len)
{
	cell_capacity(c, out, out_len);
	return c->mech->contract.bounded && c->capacity != CELL_DEFAULT_CAPACITY;
}

static int set_placement(struct cell *c, const struct setting *s)
{
	if (strlen(s->text) >= sizeof(c->placement))
		return wrong(s, "too long");
	snprintf(c->placement, sizeof(c->placement), "%s", s->text);
	return 0;
}

static bool get_placement(const struct cell *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%s", c->placement);
	return true;
}

static int set_wait(struct cell *c, const struct setting *s)
{
	uint32_t v;
	int code = set_name(s, wait_parse, "block, spin, yield, spin-then-block and epoll", &v);

	if (!code)
		c->wait = (enum wait)v;
	return code;
}

static bool get_wait(const struct cell *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%s", wait_name(c->wait));
	return c->wait != cell_default_wait(c->mech, c->domain);
}

/* ---- the table ----------------------------------------------------------- */

static const struct {
	const char *name;
	const char *usual[AXIS_MAX_DEFAULTS];
} rows[AXIS_COUNT] = {
#define AXIS_ROW(id, name_, letter, arg, help, run_default, stress_default, ...)                   \
	[AXIS_##id] = {.name = (name_), .usual = {__VA_ARGS__}},
#include "bench/axes.def"
#undef AXIS_ROW
};

static const struct {
	int (*set)(struct cell *c, const struct setting *s);
	bool (*get)(const struct cell *c, char *out, size_t out_len);
} acts[AXIS_COUNT] = {
	/* mechanism and workload are found by globs */
	[AXIS_DOMAIN] = {set_domain, get_domain},
	[AXIS_START] = {set_start, get_start},
	[AXIS_FAN] = {set_fan, get_fan},
	[AXIS_SIZE] = {set_size, get_size},
	[AXIS_CAPACITY] = {set_capacity, get_capacity},
	[AXIS_PLACEMENT] = {set_placement, get_placement},
	[AXIS_WAIT] = {set_wait, get_wait},
	[AXIS_RATE] = {axis_set_rate, axis_get_rate},
	[AXIS_ARRIVALS] = {axis_set_arrivals, axis_get_arrivals},
	[AXIS_KEEP_AWAKE] = {axis_set_keep_awake, axis_get_keep_awake},
	[AXIS_PAIR] = {axis_set_pair, axis_get_pair},
	[AXIS_MEMORY] = {axis_set_memory, axis_get_memory},
	[AXIS_NODE] = {axis_set_node, axis_get_node},
	[AXIS_TOUCH] = {axis_set_touch, axis_get_touch},
	[AXIS_FDS] = {axis_set_fds, axis_get_fds},
	[AXIS_DEPTH] = {axis_set_depth, axis_get_depth},
	[AXIS_PERMITS] = {axis_set_permits, axis_get_permits},
	[AXIS_READS] = {axis_set_reads, axis_get_reads},
	[AXIS_TICKS] = {axis_set_ticks, axis_get_ticks},
	[AXIS_INTERVAL] = {axis_set_interval, axis_get_interval},
	[AXIS_RELEASED] = {axis_set_released, axis_get_released},
	[AXIS_TOPICS] = {axis_set_topics, axis_get_topics},
	[AXIS_ALIVE] = {axis_set_alive, axis_get_alive},
	[AXIS_RSS] = {axis_set_rss, axis_get_rss},
	[AXIS_CROWD] = {axis_set_crowd, axis_get_crowd},
	[AXIS_PROCS] = {axis_set_procs, axis_get_procs},
};

const char *axis_name(enum axis a)
{
	return rows[a].name;
}

enum axis axis_find(const char *name)
{
	int a = 0;

	while (a < AXIS_COUNT && strcmp(rows[a].name, name) != 0)
		a++;
	return (enum axis)a;
}

const char *const *axis_defaults(enum axis a, size_t *n)
{
	*n = rows[a].usual[1] ? 2 : 1;
	return rows[a].usual;
}

int axis_set(
	struct cell *c, enum axis a, const char *text, bool *one_side, char *hint, size_t hint_len)
{
	const struct setting s = {text, one_side, hint, hint_len};

	return acts[a].set(c, &s);
}

bool axis_get(const struct cell *c, enum axis a, char *out, size_t out_len)
{
	return acts[a].get(c, out, out_len);
}

/* Those that every key has stand before the placement, or are it. */
static bool stands_behind(int a)
{
	return a > AXIS_WORKLOAD && a != AXIS_DOMAIN && a != AXIS_FAN && a != AXIS_SIZE &&
	       a != AXIS_PLACEMENT;
}

/* The least name behind `last`; AXIS_COUNT: none. */
static int next_behind(const char *last)
{
	int found = AXIS_COUNT;

	for (int a = 0; a < AXIS_COUNT; a++) {
		if (stands_behind(a) && strcmp(rows[a].name, last) > 0 &&
			(found == AXIS_COUNT || strcmp(rows[a].name, rows[found].name) < 0))
			found = a;
	}
	return found;
}

enum axis axis_behind(size_t i)
{
	static enum axis order[AXIS_COUNT + 1]; /* found once: every key asks */
	static bool known;

	if (!known) {
		const char *last = "";

		for (size_t k = 0; k <= AXIS_COUNT; k++) {
			order[k] = (enum axis)next_behind(last);
			if (order[k] == AXIS_COUNT)
				break;
			last = rows[order[k]].name;
		}
		known = true;
	}
	return order[i];
}

bool axis_is_further(enum axis a)
{
	return a >= AXIS_RATE;
}
