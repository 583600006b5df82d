/* gate_sim.c - see gate_sim.h. */
#include "tests/gate_sim.h"

#include <math.h>
#include <stdlib.h>

#include "bench/costs.h"
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
	double build;    /* new's difference */
	bool has[COSTS]; /* a figure: without any latency, percentiles are empty */
	double switches; /* sd; 0: none ever, and all pairs are tied */
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

/* Of four small uniform ones: what each metric has for itself need not have tails. */
static double rough_normal(struct sim *s)
{
	uint64_t r = random_next(&s->state);
	double sum = (double)(r & 0xffff) + (double)(r >> 16 & 0xffff) +
		     (double)(r >> 32 & 0xffff) + (double)(r >> 48);

	return (sum / 65536.0 - 2.0) * 1.7320508;
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
	c->has[COST_THROUGHPUT] = c->has[COST_CPU] = c->has[COST_SWITCHES] = true;
	c->has[COST_P50] = uniform(s) < 0.9;
	c->has[COST_P99] = c->has[COST_P50] && uniform(s) < 0.1;
	c->switches = uniform(s) < 0.6 ? 0 : 0.03;
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

/* Counts of few events: most trials have as many as the others. */
static double switches(struct sim *s, const struct sim_cell *c)
{
	return c->switches > 0 ? 0.01 * round(100 * c->switches * rough_normal(s)) : 0.0;
}

/*
 * The log costs that one trial shows.  What a trial took is in all of them; what was stolen, and a
 * slice that was long, are neither CPU time nor in the median.
 */
static void trial(struct sim *s, struct sim_cell *c, double cost[COSTS])
{
	double own = PROCESS * normal(s) + c->slice * normal(s), lost = 0;

	pass_time(s);
	if (uniform(s) < 0.05)
		lost += wait_for(s, c->tail);
	if (c->mode > 0 && is_slow(s, c))
		own += c->mode;
	own += s->drift;
	if (s->now < s->steal_until)
		lost += s->steal * uniform(s);
	cost[COST_THROUGHPUT] = own + lost + 0.6 * c->slice * rough_normal(s);
	cost[COST_CPU] = own + 0.3 * lost + 0.4 * c->slice * rough_normal(s);
	cost[COST_P50] = own + 0.1 * lost + 0.3 * c->slice * rough_normal(s);
	cost[COST_P99] = own + 2 * lost + 3 * c->slice * rough_normal(s);
	cost[COST_SWITCHES] = switches(s, c);
}

static void pair(struct sim *s, struct sim_cell *c, double d[COSTS])
{
	bool old_first = random_next(&s->state) & 1;
	double first[COSTS], second[COSTS];

	trial(s, c, first);
	trial(s, c, second);
	for (int m = 0; m < COSTS; m++) {
		d[m] = old_first ? second[m] - first[m] : first[m] - second[m];
		if (m != COST_SWITCHES)
			d[m] += c->build;
		if (!c->has[m])
			d[m] = NAN;
	}
}

static void start(
	struct gate *g, struct gate_metric metric[COSTS], const struct gate_sim_setting *set)
{
	for (int m = 0; m < COSTS; m++)
		metric[m] = (struct gate_metric){
			log1p(cost_rules[m].margin), log1p(cost_rules[m].tolerance), true};
	assert_int_equal(
		gate_init(g, &gate_default_rules, metric, COSTS, set->cells, set->budget), 0);
}

void gate_sim_run(
	struct gate *g, struct gate_metric metric[COSTS], const struct gate_sim_setting *set)
{
	struct sim s;

	make_machine(&s, set);
	start(g, metric, set);
	while (gate_next(g) && (set->resolve || g->stage < GATE_RESOLVE)) {
		for (size_t i = 0; i < set->cells; i++) {
			double d[COSTS];

			if (!g->cell[i].want)
				continue;
			pair(&s, &s.cell[i], d);
			assert_int_equal(gate_add(g, i, d), 0);
		}
	}
	gate_judge(g);
	free(s.cell);
}
