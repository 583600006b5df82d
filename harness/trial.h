/*
 * trial.h - one cell run once, in processes of its own: the door between the
 * runner and a trial.
 *
 * The runner writes a struct trial_spec (and the topology's XML behind it) into
 * a memfd, makes a second memfd for the struct trial_result, and execs
 * `handoff trial --spec FD --result FD`.  Both structs are versioned: another
 * build's binary answers in the same form or is refused.  Only the runner
 * writes rows; a trial prints nothing.
 */
#ifndef HARNESS_TRIAL_H
#define HARNESS_TRIAL_H

#include "harness/clock.h"
#include "harness/counters.h"
#include "harness/hist.h"
#include "harness/mech.h"

enum {
	TRIAL_MAGIC = 0x68646f66,
	TRIAL_PROTOCOL = 6,
	TRIAL_MAX_WORKERS = 256,
	TRIAL_MAX_HISTS = 64, /* workers beyond it do not stamp */
	TRIAL_REASON = 320,
	TRIAL_MAX_INTERVALS = 1024,
	TRIAL_CROWD = 100,
	TRIAL_PROCS = 2,
	TRIAL_COUNT_SHARE = 4, /* a counted stretch is this part of the timed one */
};

enum trial_status {
	TRIAL_OK,
	TRIAL_SKIP,
	TRIAL_FAIL,
	TRIAL_TIMEOUT,
	TRIAL_CRASH,
	TRIAL_INTERRUPTED,
	TRIAL_STATUS_COUNT
};

const char *trial_status_name(enum trial_status s);

/* A fault to inject; act PROBE_NONE: none.  Workers: side a first, then side b. */
struct trial_fault {
	uint32_t act, point, worker, pad;
	uint64_t nth, value;
};

/*
 * Stress: the probed twins under a random load, all of it drawn beforehand.  A
 * worker's own generator is seeded from `seed` and its number.
 */
struct trial_load {
	uint64_t seed;       /* of the patterns and the rests */
	uint64_t soak_ns;    /* rounds of operations for so long, before the last one; 0: none */
	uint64_t most_n;     /* operations of all rounds, the last one included; 0: any number */
	uint32_t verify;     /* every byte; who is inside a lock */
	uint32_t rest_every; /* see struct probe_rest */
	uint32_t burst;
	uint32_t rest_ns;
};

/* When messages of a schedule are due. */
enum arrivals { ARRIVALS_FIXED, ARRIVALS_POISSON, ARRIVALS_COUNT };

/* Pages of the shared memory, and who touches them first. */
enum memory { MEMORY_NORMAL, MEMORY_HUGE, MEMORY_COUNT };
enum touch { TOUCH_LEADER, TOUCH_A, TOUCH_B, TOUCH_COUNT };

/* NUMA node of the shared memory: NODE_FIRST + n is node n. */
enum node { NODE_ANY, NODE_A, NODE_B, NODE_FIRST };

/* The further axes of a cell.  0 is what happened before an axis existed. */
struct trial_extra {
	uint64_t rate_per_s; /* offered; 0: found by search */
	uint32_t arrivals;   /* enum arrivals */
	uint32_t keep_awake; /* a spinner of the lowest priority on each PU */
	uint32_t pair;       /* which pair of PUs of the placement's class */
	uint32_t memory;     /* enum memory */
	uint32_t node;       /* enum node */
	uint32_t touch;      /* enum touch */
	uint32_t fds;        /* descriptors that are waited for, less one */
	uint32_t topics;     /* of a bus; 0: one */
	struct tuning tuning;
	uint32_t alive;     /* children of a worker at once, less one */
	uint32_t crowd;     /* oversubscribed: light workers in all; 0: TRIAL_CROWD */
	uint32_t procs;     /* mixed: processes; 0: TRIAL_PROCS */
	uint64_t rss_bytes; /* that each worker touches before anything begins */
};

struct trial_spec {
	uint32_t magic, protocol;
	uint64_t size; /* of this struct */
	char mechanism[48];
	char workload[32];
	uint32_t domain, start, wait;
	uint32_t side_a, side_b; /* workers */
	uint32_t msg_bytes, capacity;
	uint32_t probed;      /* run the probed twins */
	uint32_t calibrate;   /* find n for stretch_ns instead of measuring */
	uint32_t spin_start;  /* every worker has a PU of its own: spin to the start */
	uint64_t n;           /* operations; count-ended workloads */
	uint64_t block;       /* claimed at a time */
	uint64_t stretch_ns;  /* flag-ended: how long; else what n aims at */
	uint64_t warm_ns;     /* flag-ended: before the stretch */
	uint64_t warm_n;      /* count-ended: operations before the stretch */
	uint64_t deadline_ns; /* for the whole trial, from its start */
	uint64_t stall_ns;    /* nothing arrives for so long: give up, say what is missing */
	struct clock clock;
	struct trial_fault fault;
	struct trial_load load; /* probed twins only */
	struct trial_extra extra;
	uint32_t pu[TRIAL_MAX_WORKERS]; /* OS number, or PLACE_PU_NONE */
	uint32_t look_for_gaps;         /* before the workers exist, and after; see quiet.h */
	uint32_t parent;                /* pid of the runner */
	uint32_t xml_len; /* topology restricted to the PUs, behind this struct; 0: none */
	struct counter_plan counters; /* what to count in a stretch before the timed one */
	char energy_root[64];         /* where to read energy (energy.h): "/"; "": nowhere */
	uint64_t schedule_seed;       /* of Poisson arrivals */
};

/*
 * What a trial saw of noise; bench/quality.h judges it.  The most that one worker had.  Figures
 * are UNKNOWN_COUNT where the machine does not tell them or where nobody looked.
 */
struct trial_noise {
	uint64_t gap_before_ns, gap_after_ns; /* longest gap of a spin on the PUs; see quiet.h */
	uint64_t involuntary, voluntary;      /* switches of one worker */
	uint64_t runq_wait_ns;                /* of one worker: ready, not running */
	uint64_t away_ns;                     /* of one worker: neither running nor ready */
	uint32_t stopped;                     /* somebody was stopped and let go on */
	uint32_t pad;
};

/* Counters that not every kernel has: UNKNOWN_COUNT when it has not. */
#define UNKNOWN_COUNT UINT64_MAX

/* A piece of a long stretch; see watch.h.  Percentiles 0: too few samples lie beyond. */
struct trial_interval {
	uint64_t begin_ns, length_ns; /* from the first start on */
	uint64_t ops;
	uint64_t samples; /* of side a */
	uint64_t p50_ns, p99_ns;
};

struct trial_result {
	uint32_t magic, protocol;
	uint64_t size;
	uint32_t complete; /* written last */
	uint32_t status;   /* enum trial_status */
	char reason[TRIAL_REASON];
	uint64_t n, block; /* as measured, or as calibrated */
	uint64_t ops;      /* messages delivered, or sections entered */
	uint64_t elapsed_ns;
	uint64_t start_skew_ns;
	uint32_t overlap_permille;
	uint32_t migrated; /* workers seen off their PU */
	double fairness;   /* Jain's index over the side with more workers */
	uint64_t cpu_ops;  /* operations that the costs below were spent on */
	uint64_t cpu_ns, cpu_user_ns, cpu_sys_ns; /* see workload_costs_at_b() */
	uint64_t ctx_voluntary, ctx_involuntary;
	uint64_t minor_faults, migrations, runq_wait_ns;
	uint64_t full_waits, empty_waits;
	uint64_t lost, duplicated, reordered, corrupt;
	/* messages (deliveries, sections) of the whole trial; counted 0: not known */
	uint64_t attempted, received, verified_bytes;
	uint32_t counted;
	uint32_t fired;                  /* deaths that the fault brought about */
	uint32_t cpu[TRIAL_MAX_WORKERS]; /* where each worker was seen at its end */
	uint32_t hist_kind[2];           /* enum kind, side a and side b */
	struct hist hist[2];
	char pages[64];       /* what the links' shared memory was made of; "": not looked at */
	uint64_t end_skew_ns; /* first worker's end to the last one's */
	/* of a fair share, by side; 0 and 0 where a side has fewer than two workers */
	double share_min[2], share_max[2];
	/* locks, several receivers, barriers: others that were let in between asking and being let
	 * in; of overtakes_n operations that were looked at, 0: nobody looked */
	uint64_t overtakes, overtakes_max, overtakes_n;
	uint32_t intervals, pad_intervals;
	struct trial_interval interval[TRIAL_MAX_INTERVALS];
	uint64_t counter_ops;            /* operations that were counted; 0: none */
	uint64_t counter[COUNTER_COUNT]; /* of all workers; UNKNOWN_COUNT */
	uint64_t energy_uj; /* of all packages around the timed stretch; 0: not known */
	struct trial_noise noise;
	/* open loop: from its start until the last message that was sent was due, and was there */
	uint64_t offered_ns, served_ns;
	uint64_t late_sends;      /* their time had passed when the sender came to them */
	uint64_t oneway_negative; /* arrived before they were sent, as the clocks say: not booked */
	uint64_t acquisitions, vain_wakeups; /* of a lock; UNKNOWN_COUNT where nobody counts */
	uint64_t most_inside;                /* semaphores: so many at once; 0: not looked at */
	char stored[128];   /* directory and file system of the mechanism's file; "": it has none */
	uint64_t cancelled; /* timers that were cancelled before they fired */
	uint64_t unread, callbacks_failed; /* of the whole trial, where mech->callbacks */
};

/*
 * Run the trial that spec_fd describes, in this process, and leave the result
 * in result_fd.  Called by the hidden command only: takes over signals, the
 * process group and the parent-death signal.  Returns the exit code: 0 whenever
 * the result was written.
 */
int trial_main(int spec_fd, int result_fd, const struct mech *(*find)(const char *name));

/* Body of a worker that began by exec: joins the arena by name. */
int trial_exec_worker(
	const char *arena_name, unsigned index, const struct mech *(*find)(const char *name));

#endif
