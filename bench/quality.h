/*
 * quality.h - how far the figures of an ok trial can be believed: clean, or noisy and why.
 *
 * A pure function of facts; it never looks at what was measured, only at what the
 * machine did meanwhile.  A noisy trial keeps its numbers.  A fact that is not known
 * (NAN) speaks neither for nor against.
 *
 * Thresholds lie between what `scripts/noise-thresholds` saw on trials that were left
 * alone and what it saw on trials that it disturbed; run it on the machine in question.
 */
#ifndef BENCH_QUALITY_H
#define BENCH_QUALITY_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/noise.h"

/* In the order in which a row names them. */
enum quality_reason {
	QUALITY_STEAL,     /* the host took CPU time */
	QUALITY_OVERLAP,   /* workers that wait for each other did not run at the same time */
	QUALITY_MIGRATED,  /* a worker was seen off its processor */
	QUALITY_PREEMPTED, /* others ran instead of a worker, again and again */
	QUALITY_QUEUE,     /* a worker waited for its processor */
	QUALITY_AWAY,    /* a worker that never sleeps was off its processor, not waiting for it */
	QUALITY_STOPPED, /* a worker was stopped and let go on */
	QUALITY_FROZEN,  /* the control group was frozen */
	QUALITY_THROTTLED,  /* a control group's quota was used up, or the processor was too hot */
	QUALITY_INTERRUPTS, /* devices interrupted the used processors */
	QUALITY_GAP,        /* a processor could not be had without gaps, before or after */
	QUALITY_SIBLING,    /* the other hardware threads of the used cores were busy */
	QUALITY_REASONS
};

enum { QUALITY_TEXT = 128 };

/*
 * The thresholds, and what was seen on 2 CPUs of a KVM guest, Linux 6.18, trials of 30 ms:
 *
 *                            hardly met others     others wanted the CPUs
 *	queue, spinning          0.02 .. 0.8 %         30 .. 130 %
 *	queue, each sleep        0 .. 0.3 us           4 .. 70 us
 *	gap                      7 .. 14 us            0.8 .. 4 ms, or not let in
 *	away, spinning           0 .. 0.6 %            19 .. 51 % (stopped or frozen for 30 ms)
 *
 * The machine was never left alone for long, so the left column is of trials that others happened
 * not to meet; of 462 looks for gaps while /proc/loadavg showed no other running thread not one
 * found one.
 */
enum {
	NOISY_STEAL_PERCENT = 2,      /* above */
	NOISY_OVERLAP_PERMILLE = 800, /* below; where workers have a processor each */
	/*
	 * Switches that a worker alone on its processor did not ask for.  A busy thread beside it
	 * takes the processor every few milliseconds: 110 times a second and more.  The kernel's
	 * housekeeping takes it 200 times a second too where a sampling thread runs every 5 ms, but
	 * for 40 us each: 0.4 .. 1 % of the stretch.  Where the time waited is known it counts too.
	 */
	NOISY_PREEMPTED_PER_S = 60,
	NOISY_PREEMPTED_LEAST = 3,
	NOISY_PREEMPTED_PERMILLE = 20,
	/* Share of the stretch that one worker stood ready; its own wake-ups may take this long. */
	NOISY_QUEUE_PERMILLE = 30,
	QUEUE_ALLOWANCE_NS = 3000,
	/* Off the processor without sleeping or waiting, of a worker that slept at most so often. */
	NOISY_AWAY_PERMILLE = 20,
	NOISY_AWAY_LEAST_NS = 300000,
	AWAY_MAX_SLEEPS = 8,
	NOISY_THROTTLED_US = 100,
	NOISY_FROZEN_US = 100,
	/* Device interrupts on one used processor; at 5 us each 2000 a second take 1 %. */
	NOISY_IRQ_PER_S = 2000,
	/* Above what a timer tick or a short exit of a virtual machine takes. */
	NOISY_GAP_NS = 250000,
	NOISY_SIBLING_PERCENT = 10,
};

struct quality_facts {
	bool room;       /* there is a processor for each worker */
	bool pinned;     /* each keeps to one; else the scheduler chooses where they wait */
	bool apart;      /* nobody waits for another: overlap is a result */
	bool helped;     /* a server or threads of the mechanism's own share the processors */
	bool device;     /* operations wait for a device: its interrupts are theirs */
	bool spins;      /* by its wait strategy a worker never sleeps */
	bool yields;     /* by its wait strategy a worker lets in whoever waits for its processor */
	bool kept_awake; /* spinners of the trial's own wait there for being let in */
	unsigned workers;
	double elapsed_ns;
	double overlap_permille;
	unsigned migrated; /* workers seen off their processor */
	bool stopped;
	double involuntary, voluntary, runq_wait_ns, away_ns; /* the most that one worker had */
	double gap_before_ns, gap_after_ns;
	struct noise_facts machine;
};

/* A bit (1u << reason) for each reason; 0: clean. */
unsigned quality_judge(const struct quality_facts *f);

const char *quality_reason_name(enum quality_reason why);

/* The names, separated by blanks; "" when clean. */
void quality_say(unsigned why, char *out, size_t len);

/* Facts as the rows have them; NAN where not known. */
double quality_involuntary_per_s(const struct quality_facts *f);
double quality_queue_pct(const struct quality_facts *f);
double quality_away_pct(const struct quality_facts *f); /* only of workers that never sleep */

#endif
