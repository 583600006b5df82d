/*
 * process.h - children that are processes: they end with their worker, are waited for
 * by number, and tell an exit code from a signal.
 */
#ifndef PRIMITIVES_SPAWN_PARTS_PROCESS_H
#define PRIMITIVES_SPAWN_PARTS_PROCESS_H

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/family/spawn.h"

enum {
	PROCESS_BYTES = 384 * 1024, /* of a forked process, kernel memory included; a guess */
	PROCESS_PAGE_TABLE = 512,   /* so many bytes are mapped by one that is copied */
	PROCESS_SLICE_NS = 1000000,
};

/* In the child: be killed when the worker ends, also if it has just done so. */
COLD static void process_end_with(pid_t worker)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != worker)
		_exit(EXIT_FAILURE);
}

static inline struct timespec process_left(uint64_t deadline_ns)
{
	uint64_t now = monotonic_ns();

	return link_timespec(deadline_ns > now ? deadline_ns - now : 0);
}

/* Until it has ended, or the deadline, never earlier. */
COLD static void process_await(pid_t pid, uint64_t deadline_ns)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	const struct timespec slice = {.tv_nsec = PROCESS_SLICE_NS};
	siginfo_t info = {.si_pid = 0};

	while (info.si_pid == 0 && monotonic_ns() < deadline_ns) {
		struct timespec left = process_left(deadline_ns);

		if (end.fd >= 0)
			ppoll(&end, 1, &left, NULL);
		else
			nanosleep(&slice, NULL);
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
			break;
	}
	if (end.fd >= 0)
		close(end.fd);
}

ALWAYS_INLINE enum result process_join(struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];
	int status, flags = how.mode == MODE_BLOCK ? 0 : WNOHANG;
	pid_t pid = (pid_t)h->id, got;

	if (UNLIKELY(spawn_local(p)->self == i + 1))
		return spawn_refuse(p, -EDEADLK);
	POINT(p, how, BLOCKED);
	if (how.mode == MODE_TIMED)
		process_await(pid, p->deadline_ns);
	do
		got = waitpid(pid, &status, flags);
	while (UNLIKELY(got < 0) && errno == EINTR);
	if (UNLIKELY(got < 0))
		return spawn_refuse(p, -errno);
	if (got == 0)
		return how.mode == MODE_TRY ? OP_WOULD_BLOCK : OP_TIMED_OUT;
	h->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	h->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	return OP_DONE;
}

/* In a worker that is a process: its children are all there are. */
static uint32_t process_left_over(struct port *p)
{
	siginfo_t info = {.si_pid = 0};

	(void)p;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

#endif
