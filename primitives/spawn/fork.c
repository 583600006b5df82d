/*
 * spawn/fork - a process that goes on as a copy: fork, waitpid.
 *
 * The kernel copies the page tables of what the worker has in memory: the time grows
 * with its resident size.
 */
#include "primitives/spawn/parts/children.h"
#include "primitives/spawn/parts/process.h"

static const char *fork_fits(const struct link *l)
{
	return spawn_fits(l, PROCESS_BYTES + l->rss_bytes / PROCESS_PAGE_TABLE, true);
}

COLD static int fork_life(struct port *p, uint32_t i, pid_t worker)
{
	uint64_t now = spawn_now(spawn_local(p)->room);

	process_end_with(worker);
	spawn_local(p)->self = i + 1;
	return spawn_live(spawn_local(p)->room, i, now, p);
}

ALWAYS_INLINE enum result fork_start(struct port *p, uint32_t i, struct how how)
{
	pid_t worker = getpid(), pid = fork();

	(void)how;
	if (pid == 0)
		spawn_exit(fork_life(p, i, worker));
	spawn_local(p)->handle[i].id = (uint64_t)pid;
	return LIKELY(pid > 0) ? OP_DONE : spawn_refuse(p, -errno);
}

static const struct spawn_ops fork_ops = {
	.start = fork_start, .join = process_join, .left = process_left_over};
SPAWN_STAMP(spawn_fork, fork_ops, BIT(WAIT_BLOCK));

const struct mech mech_spawn_fork = {
	SPAWN_COMMON(spawn_fork, fork_ops, BIT(WAIT_BLOCK)),
	.name = "spawn/fork",
	.summary = "a process that is a copy: fork, waitpid",
	.domains = BIT(DOMAIN_PROCESS),
	.contract = {CONTRACT_SPAWN, .limits = "memory: half of what is available; " TASKS_LIMITS,
		.not_in = {[DOMAIN_THREAD] = "its child is a process: see spawn/pthread",
			[DOMAIN_COROUTINE] = "its child is a process: see spawn/coroutine"},
		.reach = REACH_RELATED, .path = {.syscalls_send = 1, .syscalls_recv = 1}},
	.shared_bytes = children_bytes,
	.fits = fork_fits,
	.attach = children_attach,
	.detach = spawn_detach,
};
