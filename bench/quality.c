/* quality.c - see quality.h. */
#include "bench/quality.h"

#include <math.h>
#include <stdio.h>

#include "harness/compiler.h"

double quality_involuntary_per_s(const struct quality_facts *f)
{
	return f->elapsed_ns > 0 ? f->involuntary * 1e9 / f->elapsed_ns : (double)NAN;
}

double quality_queue_pct(const struct quality_facts *f)
{
	return f->elapsed_ns > 0 ? 100 * f->runq_wait_ns / f->elapsed_ns : (double)NAN;
}

double quality_away_pct(const struct quality_facts *f)
{
	if (!f->spins || !(f->elapsed_ns > 0) || !(f->voluntary <= AWAY_MAX_SLEEPS))
		return (double)NAN;
	return 100 * f->away_ns / f->elapsed_ns;
}

/* ---- the rules, one each; comparisons with NAN are false ------------------- */

typedef bool rule_fn(const struct quality_facts *f);

/* Of the used CPUs; of the whole machine where those are not known. */
static bool steal(const struct quality_facts *f)
{
	const struct noise_facts *m = &f->machine;

	if (isnan(m->steal_used_least))
		return m->steal_pct > NOISY_STEAL_PERCENT;
	return m->steal_used_least > NOISY_STEAL_PERCENT;
}

/* Where workers share processors, also with helpers of their own, taking turns is what they do. */
static bool has_processors(const struct quality_facts *f)
{
	return f->room && !f->helped;
}

static bool overlap(const struct quality_facts *f)
{
	return has_processors(f) && !f->apart && f->workers > 1 &&
	       f->overlap_permille < NOISY_OVERLAP_PERMILLE;
}

static bool migrated(const struct quality_facts *f)
{
	return f->migrated > 0;
}

/* Spinners of the trial's own; who else was let in cannot be told from them. */
static bool let_in(const struct quality_facts *f)
{
	return f->kept_awake && f->yields;
}

/* What a worker may wait for its processor: a share of the stretch, and its own wake-ups. */
static double allowed_wait_ns(const struct quality_facts *f, double permille)
{
	double sleeps = f->voluntary > 0 ? f->voluntary : 0;

	return f->elapsed_ns * permille / 1000 + sleeps * QUEUE_ALLOWANCE_NS;
}

static bool preempted(const struct quality_facts *f)
{
	bool briefly = f->runq_wait_ns <= allowed_wait_ns(f, NOISY_PREEMPTED_PERMILLE);

	return has_processors(f) && !let_in(f) && f->pinned &&
	       f->involuntary >= NOISY_PREEMPTED_LEAST &&
	       quality_involuntary_per_s(f) > NOISY_PREEMPTED_PER_S && !briefly;
}

static bool queue(const struct quality_facts *f)
{
	return has_processors(f) && !let_in(f) && f->pinned &&
	       f->runq_wait_ns > allowed_wait_ns(f, NOISY_QUEUE_PERMILLE);
}

static bool away(const struct quality_facts *f)
{
	return f->away_ns > NOISY_AWAY_LEAST_NS && quality_away_pct(f) * 10 > NOISY_AWAY_PERMILLE;
}

static bool stopped(const struct quality_facts *f)
{
	return f->stopped;
}

static bool frozen(const struct quality_facts *f)
{
	return f->machine.frozen_us > NOISY_FROZEN_US;
}

static bool throttled(const struct quality_facts *f)
{
	return f->machine.throttled_us > NOISY_THROTTLED_US || f->machine.thermal > 0;
}

static bool interrupts(const struct quality_facts *f)
{
	return !f->device && f->machine.irq_per_s > NOISY_IRQ_PER_S;
}

/* A helper may still be at work when the workers are not yet, or no more. */
static bool gap(const struct quality_facts *f)
{
	return !f->helped && (f->gap_before_ns > NOISY_GAP_NS || f->gap_after_ns > NOISY_GAP_NS);
}

static bool sibling(const struct quality_facts *f)
{
	return !f->kept_awake && f->machine.sibling_busy_least > NOISY_SIBLING_PERCENT;
}

static const struct rule {
	const char *name;
	rule_fn *holds;
} rules[QUALITY_REASONS] = {
	[QUALITY_STEAL] = {"steal", steal},
	[QUALITY_OVERLAP] = {"overlap", overlap},
	[QUALITY_MIGRATED] = {"migrated", migrated},
	[QUALITY_PREEMPTED] = {"preempted", preempted},
	[QUALITY_QUEUE] = {"queue", queue},
	[QUALITY_AWAY] = {"away", away},
	[QUALITY_STOPPED] = {"stopped", stopped},
	[QUALITY_FROZEN] = {"frozen", frozen},
	[QUALITY_THROTTLED] = {"throttled", throttled},
	[QUALITY_INTERRUPTS] = {"interrupts", interrupts},
	[QUALITY_GAP] = {"gap", gap},
	[QUALITY_SIBLING] = {"sibling", sibling},
};

unsigned quality_judge(const struct quality_facts *f)
{
	unsigned why = 0;

	for (unsigned i = 0; i < QUALITY_REASONS; i++)
		why |= rules[i].holds(f) ? BIT(i) : 0;
	return why;
}

const char *quality_reason_name(enum quality_reason why)
{
	return rules[why].name;
}

void quality_say(unsigned why, char *out, size_t len)
{
	size_t used = 0;

	if (len)
		out[0] = '\0';
	for (unsigned i = 0; i < QUALITY_REASONS && used < len; i++) {
		if (why & BIT(i))
			used += (size_t)snprintf(
				out + used, len - used, "%s%s", used ? " " : "", rules[i].name);
	}
}
