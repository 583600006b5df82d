/* gate_sim.c - see gate_sim.h. */
#include "tests/gate_sim.h"

#include <math.h>
#include <stdlib.h>

#include "bench/random.h"
#include "tests/support.h"

#define TRIAL_S       0.06
#define DRIFT         0.03
#define DRIFT_S       120.0
#define STEAL_EVERY_S 180.0
#define STEAL_LASTS_S 6.0
#define PROCESS       0.01
#define STICKY_S      30.0

struct sim_cell {
	double slice, tail; /* sd of a slice, mean of the long ones */
	double mode, share; /* the slow speed's cost, how often it is taken */
	bool by_process;
	double slow_until; /* sticky: when it changes again */
	bool slow;
	double build; /* new's difference */
};

struct sim {
	uint64_t state;
	double spare;
	bool has_spare;
	double now, drift;
	double steal_until, next_steal, steal;
	struct sim_cell *cell;
};

static double uniform(struct sim *s)
{
	return (double)((random_next(&s->state) >> 11) + 1) / 9007199254740994.0;
}

static double normal(struct sim *s)
{
	double r, a;

	s->has_spare = !s->has_spare;
	if (!s->has_spare)
		return s->spare;
	r = sqrt(-2 * log(uniform(s)));
	a = 2 * M_PI * uniform(s);
	s->spare = r * sin(a);
	return r * cos(a);
}

static double wait_for(struct sim *s, double mean)
{
	return -mean * log(uniform(s));
}

/* 80 of 200 throughputs, 60 medians, 60 tails. */
static void make_cell(struct sim *s, struct sim_cell *c, const struct gate_sim_setting *set)
{
	double kind = uniform(s);

	c->slice = kind < 0.4 ? 0.015 : kind < 0.7 ? 0.01 : 0.08;
	c->tail = 3 * c->slice;
	if (uniform(s) < 0.4) {
		c->mode = 0.05 + 0.25 * uniform(s);
		c->share = 0.1 + 0.4 * uniform(s);
		c->by_process = uniform(s) < 0.5;
	}
	c->build = set->all_effect + set->relinked_sd * M_SQRT2 * normal(s);
}

static void make_machine(struct sim *s, const struct gate_sim_setting *set)
{
	*s = (struct sim){.state = set->seed};
	s->cell = calloc(set->cells, sizeof(*s->cell));
	assert_non_null(s->cell);
	s->next_steal = wait_for(s, STEAL_EVERY_S);
	for (size_t i = 0; i < set->cells; i++) {
		make_cell(s, &s->cell[i], set);
		s->cell[i].build += i < set->slowed ? set->effect : 0;
	}
}

/* One trial's time goes by. */
static void pass_time(struct sim *s)
{
	double keep = exp(-TRIAL_S / DRIFT_S);

	s->now += TRIAL_S;
	s->drift = keep * s->drift + DRIFT * sqrt(1 - keep * keep) * normal(s);
	if (s->now >= s->next_steal) {
		s->steal_until = s->now + wait_for(s, STEAL_LASTS_S);
		s->next_steal = s->steal_until + wait_for(s, STEAL_EVERY_S);
		s->steal = log(1.1 + 0.4 * uniform(s));
	}
}

static bool is_slow(struct sim *s, struct sim_cell *c)
{
	if (c->by_process)
		return uniform(s) < c->share;
	while (s->now >= c->slow_until) {
		c->slow = !c->slow;
		c->slow_until += wait_for(s, STICKY_S * (c->slow ? c->share : 1 - c->share));
	}
	return c->slow;
}

/* The log cost that one trial shows. */
static double trial(struct sim *s, struct sim_cell *c)
{
	double cost = PROCESS * normal(s) + c->slice * normal(s);

	pass_time(s);
	if (uniform(s) < 0.05)
		cost += wait_for(s, c->tail);
	if (c->mode > 0 && is_slow(s, c))
		cost += c->mode;
	return cost + s->drift + (s->now < s->steal_until ? s->steal * uniform(s) : 0);
}

static double pair(struct sim *s, struct sim_cell *c)
{
	bool old_first = random_next(&s->state) & 1;
	double first = trial(s, c), second = trial(s, c);

	return c->build + (old_first ? second - first : first - second);
}

void gate_sim_run(struct gate *g, const struct gate_sim_setting *set)
{
	static const struct gate_metric metric = {
		.margin = 0.0295588, .tolerance = 0.0953102, .gated = true}; /* 3 and 10 % */
	struct sim s;

	make_machine(&s, set);
	assert_int_equal(gate_init(g, &gate_default_rules, &metric, 1, set->cells, set->budget), 0);
	while (gate_next(g) && (set->resolve || g->stage < GATE_RESOLVE)) {
		for (size_t i = 0; i < set->cells; i++) {
			double d;

			if (!g->cell[i].want)
				continue;
			d = pair(&s, &s.cell[i]);
			assert_int_equal(gate_add(g, i, &d), 0);
		}
	}
	gate_judge(g);
	free(s.cell);
}
