/* noise.c - see noise.h. */
#include "bench/noise.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/env_probe.h"
#include "bench/noise_count.h"
#include "harness/futex.h"

enum { LEVELS = 16 };

/* All CPUs at one time; reading[i] of the ring is `cpus` long. */
struct ring {
	struct noise_ticks *reading;
	uint64_t at_ns[NOISE_READINGS];
	unsigned next, used;
};

struct counts {
	uint64_t at_ns;
	struct noise_ticks *ticks; /* by CPU */
	uint64_t *irq, *thermal;   /* by CPU */
	double throttled_us, frozen_us;
	bool has_ticks, has_irq;
};

struct noise {
	char root[256];
	size_t cpus; /* one more than the largest number */
	struct ring ring;
	struct counts before, after;
	bool *used, *sibling; /* by CPU; of the trial looked at */
	bool smt, thermal, irq;
	char cpu_dir[LEVELS][ENV_GROUP_PATH], own_dir[LEVELS][ENV_GROUP_PATH];
	size_t cpu_dirs, own_dirs;
	bool cpu_v2;
};

void noise_unknown(struct noise_facts *f)
{
	*f = (struct noise_facts){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

/* ---- reading ------------------------------------------------------------- */

static double group_us(const struct noise *n, bool frozen)
{
	size_t levels = frozen ? n->own_dirs : n->cpu_dirs;
	double sum = NAN;

	for (size_t i = 0; i < levels; i++) {
		double us = frozen ? noise_frozen_us(n->root, n->own_dir[i])
				   : noise_throttled_us(n->root, n->cpu_dir[i], n->cpu_v2);

		if (!isnan(us))
			sum = isnan(sum) ? us : sum + us;
	}
	return sum;
}

static void read_all(const struct noise *n, struct counts *c)
{
	c->at_ns = monotonic_ns();
	c->has_ticks = noise_read_ticks(n->root, c->ticks, n->cpus);
	c->has_irq = n->irq && noise_read_irq(n->root, c->irq, n->cpus);
	for (size_t i = 0; i < n->cpus && n->thermal; i++)
		c->thermal[i] = noise_read_thermal(n->root, i);
	c->throttled_us = group_us(n, false);
	c->frozen_us = group_us(n, true);
}

static void keep(struct noise *n, const struct counts *c)
{
	struct ring *r = &n->ring;
	unsigned last = (r->next + NOISE_READINGS - 1) % NOISE_READINGS;

	if (!c->has_ticks || (r->used && c->at_ns - r->at_ns[last] < NOISE_READING_NS))
		return;
	memcpy(&r->reading[r->next * n->cpus], c->ticks, n->cpus * sizeof(*c->ticks));
	r->at_ns[r->next] = c->at_ns;
	r->next = (r->next + 1) % NOISE_READINGS;
	r->used = r->used < NOISE_READINGS ? r->used + 1 : NOISE_READINGS;
}

/* The youngest reading that is old enough; NULL: none is. */
static const struct noise_ticks *window_start(const struct noise *n, uint64_t now)
{
	const struct ring *r = &n->ring;

	for (unsigned i = 0; i < r->used; i++) {
		unsigned at = (r->next + NOISE_READINGS - 1 - i) % NOISE_READINGS;

		if (now - r->at_ns[at] >= NOISE_WINDOW_NS)
			return &r->reading[at * n->cpus];
	}
	return NULL;
}

/* ---- what came of it ----------------------------------------------------- */

enum what { STOLEN, BUSY };

/* Percentage of the chosen CPUs' time; *least is what all ticks but one a CPU prove. */
static double percent(const struct noise_ticks *a, const struct noise_ticks *b, const bool *chosen,
	size_t cpus, enum what what, double *least)
{
	uint64_t part = 0, proved = 0, total = 0;

	for (size_t i = 0; i < cpus; i++) {
		uint64_t d;

		if ((chosen && !chosen[i]) || b[i].total <= a[i].total)
			continue;
		d = what == STOLEN ? b[i].steal - a[i].steal : b[i].busy - a[i].busy;
		part += d;
		proved += d ? d - 1 : 0;
		total += b[i].total - a[i].total;
	}
	*least = total ? 100.0 * (double)proved / (double)total : (double)NAN;
	return total ? 100.0 * (double)part / (double)total : (double)NAN;
}

static void figure_ticks(struct noise *n, struct noise_facts *f)
{
	const struct noise_ticks *from = window_start(n, n->after.at_ns);
	double ignored;

	if (!n->after.has_ticks)
		return;
	if (from) {
		f->steal_pct = percent(from, n->after.ticks, NULL, n->cpus, STOLEN, &ignored);
		f->steal_used_pct = percent(
			from, n->after.ticks, n->used, n->cpus, STOLEN, &f->steal_used_least);
	}
	if (n->smt && n->before.has_ticks)
		f->sibling_busy_pct = percent(n->before.ticks, n->after.ticks, n->sibling, n->cpus,
			BUSY, &f->sibling_busy_least);
}

static void figure_events(const struct noise *n, struct noise_facts *f)
{
	const struct counts *a = &n->before, *b = &n->after;
	double seconds = (double)(b->at_ns - a->at_ns) / 1e9, irq = 0, thermal = 0, used = 0;

	for (size_t i = 0; i < n->cpus; i++) {
		if (!n->used[i])
			continue;
		used++;
		irq += (double)(b->irq[i] - a->irq[i]);
		thermal += (double)(b->thermal[i] - a->thermal[i]);
	}
	if (a->has_irq && b->has_irq && used > 0 && seconds > 0)
		f->irq_per_s = irq / seconds / used;
	if (n->thermal)
		f->thermal = thermal;
	f->throttled_us = b->throttled_us - a->throttled_us;
	f->frozen_us = b->frozen_us - a->frozen_us;
}

/* Their siblings too, less what is used itself. */
static void mark_used(struct noise *n, const uint32_t *cpu, size_t count)
{
	memset(n->used, 0, n->cpus * sizeof(*n->used));
	memset(n->sibling, 0, n->cpus * sizeof(*n->sibling));
	for (size_t i = 0; i < count; i++) {
		if (cpu[i] >= n->cpus || n->used[cpu[i]])
			continue;
		n->used[cpu[i]] = true;
		if (n->smt)
			noise_mark_siblings(n->root, cpu[i], n->sibling, n->cpus);
	}
	for (size_t i = 0; i < n->cpus; i++)
		n->sibling[i] = n->sibling[i] && !n->used[i];
}

void noise_begin(struct noise *n)
{
	read_all(n, &n->before);
	keep(n, &n->before);
}

void noise_end(struct noise *n, const uint32_t *cpu, size_t count, struct noise_facts *f)
{
	noise_unknown(f);
	read_all(n, &n->after);
	mark_used(n, cpu, count);
	figure_ticks(n, f);
	figure_events(n, f);
	keep(n, &n->after);
}

/* ---- life ---------------------------------------------------------------- */

static bool make_counts(struct counts *c, size_t cpus)
{
	c->ticks = calloc(cpus, sizeof(*c->ticks));
	c->irq = calloc(cpus, sizeof(*c->irq));
	c->thermal = calloc(cpus, sizeof(*c->thermal));
	return c->ticks && c->irq && c->thermal;
}

/* Where one reading of all interrupts is dear, trials go without. */
static bool irq_is_cheap(struct noise *n)
{
	uint64_t begin = monotonic_ns();

	return noise_read_irq(n->root, n->before.irq, n->cpus) &&
	       monotonic_ns() - begin < NOISE_IRQ_COST_NS;
}

static void look_around(struct noise *n)
{
	struct env_value v = {0};
	bool v2 = false;

	n->smt = env_probe_line(&v, n->root, "/sys/devices/system/cpu/smt/active") &&
		 strcmp(v.value, "1") == 0;
	n->thermal = noise_has_thermal(n->root);
	n->irq = irq_is_cheap(n);
	n->cpu_dirs = env_probe_groups(n->root, "cpu", n->cpu_dir, LEVELS, &n->cpu_v2);
	n->own_dirs = env_probe_groups(n->root, NULL, n->own_dir, LEVELS, &v2);
	if (!v2)
		n->own_dirs = 0;
}

struct noise *noise_open(const char *root)
{
	struct noise *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	snprintf(n->root, sizeof(n->root), "%s", root);
	n->cpus = noise_count_cpus(root);
	n->ring.reading = calloc(n->cpus * NOISE_READINGS, sizeof(*n->ring.reading));
	n->used = calloc(n->cpus, sizeof(*n->used));
	n->sibling = calloc(n->cpus, sizeof(*n->sibling));
	if (!make_counts(&n->before, n->cpus) || !make_counts(&n->after, n->cpus) ||
		!n->ring.reading || !n->used || !n->sibling) {
		noise_close(n);
		return NULL;
	}
	look_around(n);
	noise_begin(n);
	return n;
}

static void free_counts(struct counts *c)
{
	free(c->ticks);
	free(c->irq);
	free(c->thermal);
}

void noise_close(struct noise *n)
{
	if (!n)
		return;
	free_counts(&n->before);
	free_counts(&n->after);
	free(n->ring.reading);
	free(n->used);
	free(n->sibling);
	free(n);
}
