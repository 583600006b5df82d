/*
 * crew.h - the workers of a trial: their body, their start, their end.
 */
#ifndef HARNESS_CREW_H
#define HARNESS_CREW_H

#include <pthread.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "harness/arena.h"

/*
 * A worker from its first to its last instruction: pin, attach, carry out the
 * gate's orders, detach.  Runs in the worker's own thread or process.
 */
void worker_body(struct crew *c, unsigned index);

/* What the kernel counts of a thread, at one moment. */
struct costs {
	struct rusage usage;
	uint64_t runq_wait_ns, migrations;
};

/*
 * What coroutines share: their thread.  What it costs is counted once, from the first
 * start to the last end of a stretch.
 */
struct together {
	unsigned workers;
	unsigned come, started, ended; /* in this stretch so far */
	uint64_t cpu_ns;               /* of the thread, at the first start */
	struct costs before;
	struct counters counters;
};

/* Processes that hold the workers; a mixed crew's are dealt to them in turn. */
unsigned crew_processes(const struct trial_spec *spec);

/* All that a worker process does: one worker, or (mixed) those that are its own, as threads. */
void crew_process_body(struct crew *c, unsigned index);

/* The trial's handles on its workers; where they are mixed, on their processes. */
struct roster {
	struct crew *crew;
	pthread_t thread[TRIAL_MAX_WORKERS];
	pid_t pid[TRIAL_MAX_WORKERS];       /* processes; 0: ended */
	int exit_status[TRIAL_MAX_WORKERS]; /* wait status once ended */
	unsigned started, ended, died;
};

/*
 * Start all workers, as threads or by fork or exec.  0, or -errno with a
 * sentence in crew->err; those already started are then ended by crew_kill().
 */
int crew_start(struct roster *r);

/*
 * Start all workers as coroutines: one thread with a loop, which is started and joined as
 * the only one of the roster.  As crew_start.
 */
int crew_start_loop(struct roster *r);

/* Collect processes that have ended; those ended by a signal or with a bad code count as died. */
void crew_reap(struct roster *r);

/* All are past their last order: join or wait.  -ETIMEDOUT at the deadline. */
int crew_join(struct roster *r, uint64_t deadline_ns);

/* Kill worker processes and wait for them.  Threads are left where they are. */
void crew_kill(struct roster *r);

/* "worker 1 (receiver) was killed by signal 9 (Killed)"; empty if nobody died. */
void crew_say_death(const struct roster *r, char *out, size_t out_len);

#endif
