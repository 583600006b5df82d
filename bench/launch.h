/*
 * launch.h - the runner's side of a trial: fork and exec it, wait for it, take
 * its result.
 *
 * One at a time, from a program with one thread.  The trial is this program's
 * own binary unless another is named; both ends check the protocol's version.
 */
#ifndef BENCH_LAUNCH_H
#define BENCH_LAUNCH_H

#include <signal.h>
#include <sys/types.h>

#include "harness/trial.h"

/* Set by the program's signal handler: the trial is ended and launch returns. */
extern volatile sig_atomic_t launch_stop;

/*
 * Wait for the end of a child, CLOCK_MONOTONIC's deadline or a signal (launch_stop).  False: it
 * still runs.  The child is not reaped.  What a machine stood still for (a virtual one does at times,
 * for many seconds) moves the deadline.
 */
bool launch_await(pid_t pid, uint64_t deadline_ns);

/*
 * Run one trial.  `binary` NULL: this program.  `xml` is the topology that the
 * spec speaks of, spec->xml_len bytes.  The result is always filled in: a trial
 * that crashed, hung or answered nonsense gets that status and a reason.
 * *wall_ns: from the fork to the end.  0, or -errno with a sentence when not
 * even a fork was to be had.
 */
int launch_trial(const char *binary, const struct trial_spec *spec, const char *xml,
	struct trial_result *result, uint64_t *wall_ns, char *err, size_t err_len);

#endif
