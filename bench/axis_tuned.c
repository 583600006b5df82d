/* axis_tuned.c - the axes that mechanisms and loops read; see axis_part.h. */
#include "bench/axis_part.h"

static bool get_tuned(uint32_t v, uint32_t usual, char *out, size_t out_len)
{
	return get_count(v ? v : usual, usual, out, out_len);
}

int axis_set_depth(struct cell *c, const struct setting *s)
{
	return set_count_or_usual(s, 1, CELL_MAX_DEPTH, DEFAULT_DEPTH, &c->extra.tuning.depth);
}

bool axis_get_depth(const struct cell *c, char *out, size_t out_len)
{
	return get_tuned(c->extra.tuning.depth, DEFAULT_DEPTH, out, out_len);
}

int axis_set_permits(struct cell *c, const struct setting *s)
{
	return set_count_or_usual(
		s, 1, TRIAL_MAX_WORKERS, DEFAULT_PERMITS, &c->extra.tuning.permits);
}

bool axis_get_permits(const struct cell *c, char *out, size_t out_len)
{
	return get_tuned(c->extra.tuning.permits, DEFAULT_PERMITS, out, out_len);
}

int axis_set_ticks(struct cell *c, const struct setting *s)
{
	return set_count_or_usual(s, 1, CELL_MAX_TICKS, DEFAULT_TICKS, &c->extra.tuning.ticks);
}

bool axis_get_ticks(const struct cell *c, char *out, size_t out_len)
{
	return get_tuned(c->extra.tuning.ticks, DEFAULT_TICKS, out, out_len);
}

/* 0 percent is no default here. */
int axis_set_reads(struct cell *c, const struct setting *s)
{
	uint32_t *v = &c->extra.tuning.reads_plus_1;
	int code = set_count(s, 0, 100, v);

	if (!code)
		*v = *v == DEFAULT_READS ? 0 : *v + 1;
	return code;
}

bool axis_get_reads(const struct cell *c, char *out, size_t out_len)
{
	uint32_t v = c->extra.tuning.reads_plus_1;

	return get_count(v ? v - 1 : DEFAULT_READS, DEFAULT_READS, out, out_len);
}

int axis_set_interval(struct cell *c, const struct setting *s)
{
	char why[160];
	uint64_t ns;

	if (units_parse_time_ns(s->text, 0, &ns, why, sizeof(why)) != 0) {
		snprintf(s->hint, s->hint_len, "not a time like 5ms (%s)", why);
		return -EINVAL;
	}
	if (ns % 1000 || ns < 1000 || ns > 1000ull * CELL_MAX_INTERVAL_US)
		return wrong(s, "must be whole microseconds, from 1us to 10s");
	ns /= 1000;
	c->extra.tuning.interval_us = ns == DEFAULT_INTERVAL_US ? 0 : (uint32_t)ns;
	return 0;
}

bool axis_get_interval(const struct cell *c, char *out, size_t out_len)
{
	uint32_t us = c->extra.tuning.interval_us;
	bool asked = us != 0;

	us = asked ? us : DEFAULT_INTERVAL_US;
	if (us % 1000)
		snprintf(out, out_len, "%" PRIu32 "us", us);
	else
		snprintf(out, out_len, "%" PRIu32 "ms", us / 1000);
	return asked;
}

int axis_set_released(struct cell *c, const struct setting *s)
{
	return set_count(s, 0, CELL_MAX_RELEASED, &c->extra.tuning.released_percent);
}

bool axis_get_released(const struct cell *c, char *out, size_t out_len)
{
	return get_count(c->extra.tuning.released_percent, 0, out, out_len);
}
