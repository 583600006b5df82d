/* crew.c - starting, reaping and ending workers; see crew.h. */
#include "harness/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/futex.h"
#include "harness/link.h"
#include "harness/names.h"
#include "harness/place.h"
#include "harness/self.h"

enum { START_TRIES = 20 };

/* What a new thread is told; freed by it. */
struct thread_start {
	struct crew *crew;
	unsigned index;
};

static void *thread_body(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;

	free(arg);
	worker_body(start.crew, start.index);
	add_acq_rel(&start.crew->arena->gate.left, 1u);
	futex_wake(&start.crew->arena->gate.left, 1, false);
	return NULL;
}

static int start_thread(struct roster *r, unsigned i)
{
	struct thread_start *start = malloc(sizeof(*start));
	int err;

	if (!start)
		return -ENOMEM;
	*start = (struct thread_start){.crew = r->crew, .index = i};
	err = pthread_create(&r->thread[i], NULL, thread_body, start);
	if (err)
		free(start);
	return -err;
}

/* The parent may be gone before the signal was asked for: look afterwards. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static int start_fork(struct roster *r, unsigned i)
{
	pid_t leader = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		die_with(leader);
		crew_process_body(r->crew, i);
		_exit(0);
	}
	r->pid[i] = pid;
	return 0;
}

static int start_exec(struct roster *r, unsigned i)
{
	char index[12];
	char *argv[] = {
		(char *)(uintptr_t) "handoff",
		(char *)(uintptr_t) "trial",
		(char *)(uintptr_t) "--arena",
		r->crew->arena->name,
		(char *)(uintptr_t) "--worker",
		index,
		NULL,
	};
	volatile int failed = 0; /* the child shares it until it has become another program */
	pid_t pid;

	snprintf(index, sizeof(index), "%u", i);
	pid = vfork();
	if (pid == 0) {
		failed = self_exec(argv);
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	if (failed)
		waitpid(pid, NULL, 0);
	else
		r->pid[i] = pid;
	return failed;
}

static int start_one(struct roster *r, unsigned i)
{
	if (!domain_has_processes(r->crew->spec->domain))
		return start_thread(r, i);
	return r->crew->spec->start == START_EXEC ? start_exec(r, i) : start_fork(r, i);
}

/* A thread that has just ended may still be counted: a limit is one only if it stays. */
static int start_patiently(struct roster *r, unsigned i)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	int err = start_one(r, i);

	for (int tries = 0; err == -EAGAIN && tries < START_TRIES; tries++) {
		nanosleep(&nap, NULL);
		err = start_one(r, i);
	}
	return err;
}

int crew_start(struct roster *r)
{
	unsigned n = r->crew->arena->workers;

	if (r->crew->spec->domain == DOMAIN_COROUTINE)
		return crew_start_loop(r);
	if (r->crew->spec->domain == DOMAIN_MIXED)
		n = crew_processes(r->crew->spec);
	for (unsigned i = 0; i < n; i++) {
		int err = start_patiently(r, i);

		if (err) {
			snprintf(r->crew->err, sizeof(r->crew->err),
				"cannot start worker %u of %u: %s", i + 1, n, strerror(-err));
			return err;
		}
		r->started++;
	}
	return 0;
}

void crew_reap(struct roster *r)
{
	if (!domain_has_processes(r->crew->spec->domain))
		return;
	for (unsigned i = 0; i < r->started; i++) {
		int status;

		if (r->pid[i] == 0 || waitpid(r->pid[i], &status, WNOHANG) != r->pid[i])
			continue;
		r->pid[i] = 0;
		r->exit_status[i] = status;
		r->ended++;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			r->died++;
	}
}

/* A deadline first, then joins that cannot block for long. */
static int join_threads(struct roster *r, uint64_t deadline_ns)
{
	atomic_u32 *left = &r->crew->arena->gate.left;
	uint32_t seen;

	while ((seen = load_acquire(left)) < r->started) {
		if (monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
		futex_wait(left, seen, deadline_ns, false);
	}
	for (unsigned i = 0; i < r->started; i++)
		pthread_join(r->thread[i], NULL);
	return 0;
}

int crew_join(struct roster *r, uint64_t deadline_ns)
{
	struct timespec nap = {.tv_nsec = 50000};

	if (!domain_has_processes(r->crew->spec->domain))
		return join_threads(r, deadline_ns);
	for (crew_reap(r); r->ended < r->started; crew_reap(r)) {
		if (monotonic_ns() >= deadline_ns)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	return 0;
}

void crew_kill(struct roster *r)
{
	int status;

	if (!domain_has_processes(r->crew->spec->domain))
		return;
	for (unsigned i = 0; i < r->started; i++) {
		if (r->pid[i])
			kill(r->pid[i], SIGKILL);
	}
	for (unsigned i = 0; i < r->started; i++) {
		if (r->pid[i])
			waitpid(r->pid[i], &status, 0);
		r->pid[i] = 0;
	}
}

void crew_say_death(const struct roster *r, char *out, size_t out_len)
{
	const struct trial_spec *spec = r->crew->spec;

	out[0] = '\0';
	for (unsigned i = 0; i < r->started; i++) {
		int status = r->exit_status[i];
		const char *role = spec->domain == DOMAIN_MIXED ? "a process of several"
				   : i < spec->side_a           ? "side a"
								: "side b";

		if (WIFSIGNALED(status))
			snprintf(out, out_len, "worker %u (%s) was killed by signal %d (%s)", i,
				role, WTERMSIG(status), strsignal(WTERMSIG(status)));
		else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
			snprintf(out, out_len, "worker %u (%s) ended with exit code %d", i, role,
				WEXITSTATUS(status));
		if (out[0])
			return;
	}
}
