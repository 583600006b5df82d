/*
 * spawn/fork-exec - a process that runs a program of its own: fork, execve, waitpid.
 *
 * The program is handoff itself, as the hidden command `trial --child`: the time until
 * it runs is that of a dynamically linked program with a few libraries, up to main().
 * It finds its brief in a memory file that it inherits.
 */
#include <fcntl.h>
#include <stdio.h>

#include "harness/self.h"
#include "primitives/spawn/parts/process.h"

enum { PROGRAM_BYTES = 1024 * 1024 }; /* what it does not share with the others; a guess */

static const char *exec_fits(const struct link *l)
{
	return spawn_fits(l, PROGRAM_BYTES + l->rss_bytes / PROCESS_PAGE_TABLE, true);
}

static int exec_attach(struct port *p)
{
	return spawn_attach(p, NULL);
}

COLD static int exec_life(struct port *p, uint32_t i, pid_t worker)
{
	const struct spawn_local *l = p->local;
	char fd[12], index[12], source[12];
	char *argv[] = {(char *)(uintptr_t) "handoff", (char *)(uintptr_t) "trial",
		(char *)(uintptr_t) "--child", fd, index, source, NULL};

	process_end_with(worker);
	snprintf(fd, sizeof(fd), "%d", l->fd);
	snprintf(index, sizeof(index), "%u", i);
	snprintf(source, sizeof(source), "%u", l->room->clock.source);
	fcntl(l->fd, F_SETFD, 0);
	self_exec(argv);
	return 127;
}

ALWAYS_INLINE enum result exec_start(struct port *p, uint32_t i, struct how how)
{
	pid_t worker = getpid(), pid = fork();

	(void)how;
	if (pid == 0)
		spawn_exit(exec_life(p, i, worker));
	spawn_local(p)->handle[i].id = (uint64_t)pid;
	return LIKELY(pid > 0) ? OP_DONE : spawn_refuse(p, -errno);
}

static const struct spawn_ops exec_ops = {
	.start = exec_start, .join = process_join, .left = process_left_over};
SPAWN_STAMP(spawn_fork_exec, exec_ops, BIT(WAIT_BLOCK));

const struct mech mech_spawn_fork_exec = {
	SPAWN_COMMON(spawn_fork_exec, exec_ops, BIT(WAIT_BLOCK)),
	.name = "spawn/fork-exec",
	.summary = "a process with a program of its own: fork, execve, waitpid",
	.domains = BIT(DOMAIN_PROCESS),
	.contract = {CONTRACT_SPAWN, .limits = "memory: half of what is available; " TASKS_LIMITS,
		.not_in = {[DOMAIN_THREAD] = "its child is a process: see spawn/pthread",
			[DOMAIN_COROUTINE] = "its child is a process: see spawn/coroutine"},
		.reach = REACH_RELATED, .path = {.syscalls_send = 2, .syscalls_recv = 1}},
	.fits = exec_fits,
	.attach = exec_attach,
	.detach = spawn_detach,
};
