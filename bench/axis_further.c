/* axis_further.c - the further axes that the trial itself heeds; see axis_part.h. */
#include <string.h>

#include "bench/axis_part.h"

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

int axis_set_rate(struct cell *c, const struct setting *s)
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

bool axis_get_rate(const struct cell *c, char *out, size_t out_len)
{
	if (c->extra.rate_per_s)
		snprintf(out, out_len, "%" PRIu64, c->extra.rate_per_s);
	else
		snprintf(out, out_len, "auto");
	return c->extra.rate_per_s != 0;
}

static const char *const arrivals[ARRIVALS_COUNT] = {"fixed", "poisson"};

int axis_set_arrivals(struct cell *c, const struct setting *s)
{
	return find(s, arrivals, ARRIVALS_COUNT, &c->extra.arrivals);
}

bool axis_get_arrivals(const struct cell *c, char *out, size_t out_len)
{
	return get_of(arrivals, c->extra.arrivals, out, out_len);
}

static const char *const no_or_yes[] = {"no", "yes"};

int axis_set_keep_awake(struct cell *c, const struct setting *s)
{
	return find(s, no_or_yes, 2, &c->extra.keep_awake);
}

bool axis_get_keep_awake(const struct cell *c, char *out, size_t out_len)
{
	return get_of(no_or_yes, c->extra.keep_awake, out, out_len);
}

int axis_set_pair(struct cell *c, const struct setting *s)
{
	return set_count(s, 0, CELL_MAX_PAIR, &c->extra.pair);
}

bool axis_get_pair(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.pair, 0, out, out_len);
}

static const char *const memories[MEMORY_COUNT] = {"normal", "huge"};

int axis_set_memory(struct cell *c, const struct setting *s)
{
	return find(s, memories, MEMORY_COUNT, &c->extra.memory);
}

bool axis_get_memory(const struct cell *c, char *out, size_t out_len)
{
	return get_of(memories, c->extra.memory, out, out_len);
}

static const char *const nodes[NODE_FIRST] = {"any", "a", "b"};

int axis_set_node(struct cell *c, const struct setting *s)
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

bool axis_get_node(const struct cell *c, char *out, size_t out_len)
{
	if (c->extra.node >= NODE_FIRST)
		return get_count(c->extra.node - NODE_FIRST, UINT32_MAX, out, out_len);
	return get_of(nodes, c->extra.node, out, out_len);
}

static const char *const touchers[TOUCH_COUNT] = {"leader", "a", "b"};

int axis_set_touch(struct cell *c, const struct setting *s)
{
	return find(s, touchers, TOUCH_COUNT, &c->extra.touch);
}

bool axis_get_touch(const struct cell *c, char *out, size_t out_len)
{
	return get_of(touchers, c->extra.touch, out, out_len);
}

/* 0 in the field is one, as before there were any. */
static int set_more_than_one(const struct setting *s, uint64_t most, uint32_t *more)
{
	int code = set_count(s, 1, most, more);

	if (!code)
		--*more;
	return code;
}

int axis_set_fds(struct cell *c, const struct setting *s)
{
	return set_more_than_one(s, CELL_MAX_FDS, &c->extra.fds);
}

bool axis_get_fds(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.fds + 1, 1, out, out_len);
}

/* 0 in the field is one topic, as before there were any. */
int axis_set_topics(struct cell *c, const struct setting *s)
{
	return set_count_or_usual(s, 1, CELL_MAX_TOPICS, 1, &c->extra.topics);
}

bool axis_get_topics(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.topics ? c->extra.topics : 1, 1, out, out_len);
}

int axis_set_alive(struct cell *c, const struct setting *s)
{
	return set_more_than_one(s, CELL_MAX_ALIVE, &c->extra.alive);
}

bool axis_get_alive(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.alive + 1, 1, out, out_len);
}

int axis_set_rss(struct cell *c, const struct setting *s)
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

bool axis_get_rss(const struct cell *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%" PRIu64, c->extra.rss_bytes);
	return c->extra.rss_bytes != 0;
}

int axis_set_crowd(struct cell *c, const struct setting *s)
{
	return set_count_or_usual(s, 2, CELL_MAX_CROWD, TRIAL_CROWD, &c->extra.crowd);
}

bool axis_get_crowd(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.crowd, 0, out, out_len);
}

int axis_set_procs(struct cell *c, const struct setting *s)
{
	return set_count_or_usual(s, 2, TRIAL_MAX_WORKERS, TRIAL_PROCS, &c->extra.procs);
}

bool axis_get_procs(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.procs, 0, out, out_len);
}
