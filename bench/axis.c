/* axis.c - see axis.h. */
#include "bench/axis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/axis_part.h"
#include "bench/cell.h"
#include "bench/units.h"

/* ---- kinds of values ----------------------------------------------------- */

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

static int find(const struct setting *s, const char *const *names, uint32_t n, uint32_t *out)
{
	size_t used = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(names[i], s->text) == 0) {
			*out = i;
			return 0;
		}
	}
	used += (size_t)snprintf(s->hint, s->hint_len, "matches nothing; there are");
	for (uint32_t i = 0; i < n && used < s->hint_len; i++)
		used += (size_t)snprintf(s->hint + used, s->hint_len - used, "%s %s",
			i == 0       ? ""
			: i + 1 == n ? " and"
				     : ",",
			names[i]);
	return -EINVAL;
}

static bool get_of(const char *const *names, uint32_t v, char *out, size_t out_len)
{
	snprintf(out, out_len, "%s", names[v]);
	return v != 0;
}

/* ---- the axes ------------------------------------------------------------ */

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

static int set_rate(struct cell *c, const struct setting *s)
{
	char why[160];

	c->extra.rate_per_s = 0;
	if (strcmp(s->text, "auto") == 0)
		return 0;
	if (units_parse_count(s->text, &c->extra.rate_per_s, why, sizeof(why)) != 0) {
		snprintf(s->hint, s->hint_len, "neither auto nor a number like 5000 or 20k (%s)",
			why);
		return -EINVAL;
	}
	if (c->extra.rate_per_s == 0 || c->extra.rate_per_s > CELL_MAX_RATE)
		return wrong(s, "must be auto, or from 1 to 1G per second");
	return 0;
}

static bool get_rate(const struct cell *c, char *out, size_t out_len)
{
	if (c->extra.rate_per_s)
		snprintf(out, out_len, "%" PRIu64, c->extra.rate_per_s);
	else
		snprintf(out, out_len, "auto");
	return c->extra.rate_per_s != 0;
}

static const char *const arrivals[ARRIVALS_COUNT] = {"fixed", "poisson"};

static int set_arrivals(struct cell *c, const struct setting *s)
{
	return find(s, arrivals, ARRIVALS_COUNT, &c->extra.arrivals);
}

static bool get_arrivals(const struct cell *c, char *out, size_t out_len)
{
	return get_of(arrivals, c->extra.arrivals, out, out_len);
}

static const char *const no_or_yes[] = {"no", "yes"};

static int set_keep_awake(struct cell *c, const struct setting *s)
{
	return find(s, no_or_yes, 2, &c->extra.keep_awake);
}

static bool get_keep_awake(const struct cell *c, char *out, size_t out_len)
{
	return get_of(no_or_yes, c->extra.keep_awake, out, out_len);
}

static int set_pair(struct cell *c, const struct setting *s)
{
	return set_count(s, 0, CELL_MAX_PAIR, &c->extra.pair);
}

static bool get_pair(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.pair, 0, out, out_len);
}

static const char *const memories[MEMORY_COUNT] = {"normal", "huge"};

static int set_memory(struct cell *c, const struct setting *s)
{
	return find(s, memories, MEMORY_COUNT, &c->extra.memory);
}

static bool get_memory(const struct cell *c, char *out, size_t out_len)
{
	return get_of(memories, c->extra.memory, out, out_len);
}

static const char *const nodes[NODE_FIRST] = {"any", "a", "b"};

static int set_node(struct cell *c, const struct setting *s)
{
	uint32_t n;

	if (s->text[0] < '0' || s->text[0] > '9') {
		if (find(s, nodes, NODE_FIRST, &c->extra.node) == 0)
			return 0;
		return wrong(s, "must be any, a, b or the number of a NUMA node");
	}
	if (set_count(s, 0, CELL_MAX_NODE, &n) != 0)
		return -EINVAL;
	c->extra.node = NODE_FIRST + n;
	return 0;
}

static bool get_node(const struct cell *c, char *out, size_t out_len)
{
	if (c->extra.node >= NODE_FIRST)
		return get_count(c->extra.node - NODE_FIRST, UINT32_MAX, out, out_len);
	return get_of(nodes, c->extra.node, out, out_len);
}

static const char *const touchers[TOUCH_COUNT] = {"leader", "a", "b"};

static int set_touch(struct cell *c, const struct setting *s)
{
	return find(s, touchers, TOUCH_COUNT, &c->extra.touch);
}

static bool get_touch(const struct cell *c, char *out, size_t out_len)
{
	return get_of(touchers, c->extra.touch, out, out_len);
}

static int set_fds(struct cell *c, const struct setting *s)
{
	uint32_t n;
	int code = set_count(s, 1, CELL_MAX_FDS, &n);

	if (!code)
		c->extra.fds = n - 1;
	return code;
}

static bool get_fds(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.fds + 1, 1, out, out_len);
}

/* 0 in the field is one topic, as before there were any. */
static int set_topics(struct cell *c, const struct setting *s)
{
	int code = set_count(s, 1, CELL_MAX_TOPICS, &c->extra.topics);

	if (!code && c->extra.topics == 1)
		c->extra.topics = 0;
	return code;
}

static bool get_topics(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.topics ? c->extra.topics : 1, 1, out, out_len);
}

static int set_alive(struct cell *c, const struct setting *s)
{
	uint32_t n;
	int code = set_count(s, 1, CELL_MAX_ALIVE, &n);

	if (!code)
		c->extra.alive = n - 1;
	return code;
}

static bool get_alive(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.alive + 1, 1, out, out_len);
}

static int set_rss(struct cell *c, const struct setting *s)
{
	char why[160];

	if (units_parse_bytes(s->text, &c->extra.rss_bytes, why, sizeof(why)) != 0) {
		snprintf(s->hint, s->hint_len, "not a number of bytes (%s)", why);
		return -EINVAL;
	}
	if (c->extra.rss_bytes > CELL_MAX_RSS)
		return wrong(s, "must be at most 1 TiB");
	return 0;
}

static bool get_rss(const struct cell *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%" PRIu64, c->extra.rss_bytes);
	return c->extra.rss_bytes != 0;
}

/* 0 is the default, whatever its number. */
static int set_or_usual(
	const struct setting *s, uint32_t least, uint32_t most, uint32_t usual, uint32_t *out)
{
	int code = set_count(s, least, most, out);

	if (!code && *out == usual)
		*out = 0;
	return code;
}

static int set_crowd(struct cell *c, const struct setting *s)
{
	return set_or_usual(s, 2, CELL_MAX_CROWD, TRIAL_CROWD, &c->extra.crowd);
}

static bool get_crowd(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.crowd, 0, out, out_len);
}

static int set_procs(struct cell *c, const struct setting *s)
{
	return set_or_usual(s, 2, TRIAL_MAX_WORKERS, TRIAL_PROCS, &c->extra.procs);
}

static bool get_procs(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.procs, 0, out, out_len);
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
	[AXIS_RATE] = {set_rate, get_rate},
	[AXIS_ARRIVALS] = {set_arrivals, get_arrivals},
	[AXIS_KEEP_AWAKE] = {set_keep_awake, get_keep_awake},
	[AXIS_PAIR] = {set_pair, get_pair},
	[AXIS_MEMORY] = {set_memory, get_memory},
	[AXIS_NODE] = {set_node, get_node},
	[AXIS_TOUCH] = {set_touch, get_touch},
	[AXIS_FDS] = {set_fds, get_fds},
	[AXIS_DEPTH] = {axis_set_depth, axis_get_depth},
	[AXIS_PERMITS] = {axis_set_permits, axis_get_permits},
	[AXIS_READS] = {axis_set_reads, axis_get_reads},
	[AXIS_TICKS] = {axis_set_ticks, axis_get_ticks},
	[AXIS_INTERVAL] = {axis_set_interval, axis_get_interval},
	[AXIS_RELEASED] = {axis_set_released, axis_get_released},
	[AXIS_TOPICS] = {set_topics, get_topics},
	[AXIS_ALIVE] = {set_alive, get_alive},
	[AXIS_RSS] = {set_rss, get_rss},
	[AXIS_CROWD] = {set_crowd, get_crowd},
	[AXIS_PROCS] = {set_procs, get_procs},
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
