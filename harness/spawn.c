/* spawn.c - a child's life, and what a worker keeps of its children; see family/spawn.h. */
#include "harness/family/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/coroutine.h"
#include "harness/room.h"
#include "harness/tasks.h"

enum { SPAWN_RESERVE_PERCENT = 50 };

size_t spawn_room_bytes(uint32_t alive)
{
	return ROUND_UP(
		sizeof(struct spawn_room) + alive * sizeof(struct spawn_child), WORKER_STRIDE);
}

/* A room of its own, which a program that is exec'd can map as well. */
static int map_room(struct port *p, struct spawn_local *l)
{
	void *mem;

	l->map_bytes = spawn_room_bytes(spawn_alive(p->link));
	l->fd = memfd_create("handoff-room", MFD_CLOEXEC);
	if (l->fd < 0 || ftruncate(l->fd, (off_t)l->map_bytes) != 0)
		return link_fail(p->link, -errno, "memory that children can map");
	mem = mmap(NULL, l->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, l->fd, 0);
	if (mem == MAP_FAILED)
		return link_fail(p->link, -errno, "mmap of memory that children can map");
	l->room = mem;
	return 0;
}

int spawn_attach(struct port *p, struct spawn_room *room)
{
	struct spawn_local *l = p->local;
	int err = 0;

	l->fd = -1;
	l->room = room;
	l->handle = calloc(spawn_alive(p->link), sizeof(*l->handle));
	if (!l->handle)
		return link_fail(p->link, -ENOMEM, "notes on %u children", spawn_alive(p->link));
	if (!room)
		err = map_room(p, l);
	if (err)
		spawn_detach(p);
	else
		l->room->shared = domain_has_processes(p->link->domain);
	return err;
}

void spawn_detach(struct port *p)
{
	struct spawn_local *l = p->local;

	if (l->map_bytes && l->room)
		munmap(l->room, l->map_bytes);
	if (l->fd >= 0)
		close(l->fd);
	free(l->handle);
	*l = (struct spawn_local){.fd = -1};
}

static void hold(struct spawn_room *room, const struct spawn_child *c)
{
	while (load_acquire(&room->go) == c->go) {
		if (coro_self())
			link_nap();
		else
			futex_wait(&room->go, c->go, FUTEX_FOREVER, room->shared);
	}
}

static int join_self(uint32_t i, const struct port *p)
{
	const struct how how = {WAIT_BLOCK, MODE_BLOCK, false};
	struct port own;

	if (!p)
		return ENOTSUP;
	own = *p;
	own.err = 0;
	spawn_join(p->link->mech->ops, &own, i, how);
	return -own.err;
}

int spawn_live(struct spawn_room *room, uint32_t i, uint64_t now, const struct port *p)
{
	struct spawn_child *c = &room->child[i];

	store_relaxed(&c->running, now);
	store_relaxed(&c->said, c->token);
	add_acq_rel(&c->runs, 1u);
	switch (c->deed) {
	case SPAWN_TWICE:
		add_acq_rel(&c->runs, 1u);
		return 0;
	case SPAWN_CRASH:
		signal((int)c->value, SIG_DFL);
		raise((int)c->value);
		return 0;
	case SPAWN_HOLD:
		hold(room, c);
		return (int)c->value;
	case SPAWN_JOIN:
		hold(room, c);
		return join_self(i, p);
	default:
		return (int)c->value;
	}
}

void spawn_exit(int code)
{
	_exit(code);
}

const char *spawn_fits(const struct link *l, uint64_t bytes_each, bool are_tasks)
{
	uint64_t n = (uint64_t)spawn_alive(l) * l->senders;

	if (n > 1 && n * bytes_each > room_bytes() / 100 * SPAWN_RESERVE_PERCENT)
		return "memory: so many children at once may need more than half of what is "
		       "available";
	return are_tasks && n > 1 ? tasks_limit(n) : NULL;
}

int spawn_exec_child(int fd, uint32_t index, uint32_t clock_source)
{
	const struct clock clock = {.source = clock_source};
	uint64_t now = clock_read(&clock);
	off_t bytes = lseek(fd, 0, SEEK_END);
	struct spawn_room *room = MAP_FAILED;

	if (bytes >= (off_t)(sizeof(*room) + ((size_t)index + 1) * sizeof(room->child[0])))
		room = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (room == MAP_FAILED)
		return EXIT_FAILURE;
	return spawn_live(room, index, now, NULL);
}
