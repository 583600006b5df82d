/* arena.c - see arena.h. */
#include "harness/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/crowd.h"
#include "harness/memory.h"
#include "harness/names.h"
#include "harness/room.h"

enum { ARENA_RESERVE_PERCENT = 50, ARENA_NO_QUESTION = 16 << 20 };

static int say(struct crew *c, int err, const char *what)
{
	snprintf(c->err, sizeof(c->err), "%s: %s", what, strerror(-err));
	return err;
}

static int look_up(struct crew *c, const struct trial_spec *spec)
{
	c->mech = c->find(spec->mechanism);
	if (!c->mech)
		return say(c, -ENOENT, "no such mechanism");
	c->workload = workload_find(spec->workload, c->mech->family);
	if (!c->workload)
		return say(c, -ENOENT, "no such workload");
	if (spec->side_a == 0 || spec->side_a + spec->side_b > TRIAL_MAX_WORKERS)
		return say(c, -EINVAL, "number of workers");
	return 0;
}

/* The link as the mechanism will see it, without memory yet. */
static void init_link(struct crew *c, unsigned i, const struct trial_spec *spec)
{
	bool back = i == 1, one_role = workload_one_role(c->workload);
	bool grows = c->mech->flags & MECH_GROWS;
	struct link *l = &c->link[i];

	*l = (struct link){
		.mech = c->mech,
		.msg_bytes = spec->msg_bytes,
		.capacity = spec->capacity || grows ? spec->capacity : 1,
		.fds = spec->extra.fds + 1,
		.alive = spec->extra.alive + 1,
		.rss_bytes = spec->extra.rss_bytes,
		.senders = back ? spec->side_b : spec->side_a,
		.receivers = back ? spec->side_a : spec->side_b,
		.topics = spec->extra.topics ? spec->extra.topics : 1,
		.domain = spec->domain,
		.start = spec->start,
		.self = workload_alone(c->workload),
		.fd = {-1, -1, -1, -1},
		.err = c->err,
		.err_len = sizeof(c->err),
		.err_busy = &c->err_busy,
		.tuning = spec->extra.tuning,
	};
	if (family_one_role(c->mech->family))
		l->senders = spec->side_a + spec->side_b;
	if (one_role && workload_crowds(c->workload))
		l->senders = crowd_size(spec);
	if (one_role || family_one_role(c->mech->family))
		l->receivers = l->self && !family_one_role(c->mech->family) ? 1 : 0;
}

static size_t place(size_t *at, size_t bytes)
{
	size_t here = ROUND_UP(*at, WORKER_STRIDE);

	*at = here + bytes;
	return here;
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Behind everything else; where its pages are asked for, on pages of its own. */
static void plan_links(
	const struct crew *c, struct arena *a, const struct trial_spec *spec, size_t *at)
{
	size_t own = 0, *end = memory_is_huge(spec) ? &own : at;

	*end = ROUND_UP(*end, memory_is_asked(spec) ? page_bytes() : WORKER_STRIDE);
	a->area_offset = *end;
	for (unsigned i = 0; i < a->links; i++) {
		a->link_offset[i] = place(
			end, c->mech->shared_bytes ? c->mech->shared_bytes(&c->link[i]) : 0);
		if (family_one_role(c->mech->family) && spec->msg_bytes)
			a->state_offset[i] = place(end, spec->msg_bytes);
	}
	a->area_bytes = *end - a->area_offset;
}

static size_t plan(const struct crew *c, struct arena *a, const struct trial_spec *spec)
{
	size_t at = sizeof(struct arena), hists;

	a->workers = spec->side_a + spec->side_b;
	a->links = c->workload->links == LINKS_PAIR && !c->mech->contract.duplex ? 2 : 1;
	a->xml_offset = place(&at, spec->xml_len + 1u);
	a->slots_offset = place(&at, a->workers * sizeof(struct worker_slot));
	a->ledger_stride = ROUND_UP(ledger_bytes(spec->side_a), WORKER_STRIDE);
	a->ledgers_offset = place(&at, a->workers * a->ledger_stride);
	hists = (a->workers < TRIAL_MAX_HISTS ? a->workers : TRIAL_MAX_HISTS) * sizeof(struct hist);
	a->hists_offset = place(&at, hists);
	a->service_offset = workload_two_times(c->workload) ? place(&at, hists) : 0;
	if (workload_meets(c->workload))
		a->rounds_offset = place(&at, a->workers * sizeof(struct rounds));
	plan_links(c, a, spec, &at);
	return a->bytes = ROUND_UP(at, page_bytes());
}

/* Refuse what would push the machine into swap or the OOM killer. */
static int check_memory(struct crew *c, size_t bytes)
{
	uint64_t room;

	if (bytes < ARENA_NO_QUESTION)
		return 0;
	room = room_bytes() / 100 * ARENA_RESERVE_PERCENT;
	if (bytes <= room)
		return 0;
	snprintf(c->err, sizeof(c->err),
		"memory: needs %zu MiB of shared memory, half of what is available is %llu MiB; "
		"a smaller capacity or size fits",
		bytes >> 20, (unsigned long long)room >> 20);
	return -ENOSPC;
}

/*
 * Populated here, unless it matters who does it: no first-touch fault is left for the timed
 * stretch.
 */
static void *map_memory(
	struct crew *c, const struct arena *a, const struct trial_spec *spec, char *name, int *err)
{
	int flags = memory_is_asked(spec) ? 0 : MAP_POPULATE, fd = -1;
	void *mem;

	if (!domain_has_processes(c->link[0].domain)) {
		flags |= MAP_PRIVATE | MAP_ANONYMOUS;
	} else if (c->link[0].start == START_FORK) {
		flags |= MAP_SHARED | MAP_ANONYMOUS;
	} else {
		flags |= MAP_SHARED;
		fd = names_shm_create(name, a->bytes, c->err, sizeof(c->err));
		if (fd < 0) {
			*err = fd;
			return NULL;
		}
	}
	mem = mmap(NULL, a->bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
	*err = mem == MAP_FAILED ? say(c, -errno, "mmap of shared memory") : 0;
	if (fd >= 0)
		close(fd);
	if (mem == MAP_FAILED && name[0])
		names_shm_unlink(name);
	return mem == MAP_FAILED ? NULL : mem;
}

static void point_links(struct crew *c)
{
	struct arena *a = c->arena;

	c->spec = &a->spec;
	for (unsigned i = 0; i < a->links; i++) {
		char *base = c->area ? (char *)c->area : (char *)a;

		c->link[i].shared = base + a->link_offset[i];
		c->link[i].state = a->state_offset[i] ? base + a->state_offset[i] : NULL;
		c->link[i].open_ports = a->gate.open_ports[i];
		c->link[i].board = &a->gate.board[i];
	}
}

int arena_create(struct crew *c, const struct trial_spec *spec, const char *xml)
{
	struct arena head = {.leader = getpid()};
	char name[NAMES_MAX] = "";
	int err = look_up(c, spec);

	if (err)
		return err;
	for (unsigned i = 0; i < ARENA_MAX_LINKS; i++)
		init_link(c, i, spec);
	plan(c, &head, spec);
	err = check_memory(c, head.bytes + (memory_is_huge(spec) ? head.area_bytes : 0));
	if (!err)
		c->arena = map_memory(c, &head, spec, name, &err);
	if (!err)
		err = memory_map(c, &head, spec);
	if (err)
		return err;
	if (memory_is_asked(spec)) /* all but the links' part has been touched now */
		memset(c->arena, 0, memory_is_huge(spec) ? head.bytes : head.area_offset);
	head.spec = *spec;
	memcpy(head.name, name, sizeof(head.name));
	head.base = (uint64_t)(uintptr_t)c->arena;
	*c->arena = head;
	if (spec->xml_len)
		memcpy((char *)c->arena + head.xml_offset, xml, spec->xml_len);
	point_links(c);
	for (unsigned i = 0; i < head.links; i++) {
		store_relaxed(&c->link[i].open_ports[ROLE_SENDER], c->link[i].senders);
		store_relaxed(&c->link[i].open_ports[ROLE_RECEIVER], c->link[i].receivers);
	}
	for (unsigned i = 0; i < head.workers; i++) {
		struct ledger *g = arena_ledger(c->arena, i);

		g->producers = spec->side_a;
		g->exact = (spec->side_b <= 1 || workload_to_all(c->workload)) &&
			   !mech_overtakes(c->mech);
	}
	return 0;
}

/*
 * Map it where the leader did not, also when addresses are not randomised: what
 * only works at one address shall fail here and not at a user's.
 */
static void *map_elsewhere(int fd, size_t bytes)
{
	const int flags = MAP_SHARED | MAP_POPULATE, prot = PROT_READ | PROT_WRITE;
	struct arena *a = mmap(NULL, bytes, prot, flags, fd, 0), *b;

	if (a == MAP_FAILED || a->base != (uint64_t)(uintptr_t)a)
		return a;
	b = mmap(NULL, bytes, prot, flags, fd, 0); /* while the first is in the way */
	munmap(a, bytes);
	return b;
}

int arena_join(struct crew *c, const char *name)
{
	int fd = names_shm_open(name), err;
	struct stat st;
	void *mem;

	if (fd < 0)
		return say(c, fd, name);
	if (fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(struct arena)) {
		close(fd);
		return say(c, -EINVAL, name);
	}
	mem = map_elsewhere(fd, (size_t)st.st_size);
	err = mem == MAP_FAILED ? -errno : 0;
	close(fd);
	if (err)
		return say(c, err, name);
	c->arena = mem;
	if (c->arena->spec.magic != TRIAL_MAGIC || c->arena->bytes != (uint64_t)st.st_size)
		return say(c, -EINVAL, name);
	err = look_up(c, &c->arena->spec);
	if (err)
		return err;
	for (unsigned i = 0; i < ARENA_MAX_LINKS; i++)
		init_link(c, i, &c->arena->spec);
	point_links(c);
	return 0;
}
