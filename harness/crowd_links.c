/* crowd_links.c - the links of a crowd's pairs; see crowd.h. */
#include "harness/crowd_links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "harness/crowd.h"
#include "harness/link.h"
#include "harness/room.h"

enum { LIGHT_BYTES = 48 * 1024, SHARE = 2 }; /* touched stack, and the kernel's; a guess */
enum { ENDS_OF_PIPE = 4, OWN_FDS = 64 };

/* What both workers of a pair see; behind it the link's shared state. */
struct pair {
	OWN_STRIDE atomic_u32 open_ports[2];
	atomic_u32 finished; /* stretches that the sender has ended */
	OWN_STRIDE atomic_u64 claim[2][WORKER_STRIDE / sizeof(atomic_u64)];
	OWN_STRIDE uint64_t sent;
	OWN_STRIDE struct ledger ledger; /* with room for one sender */
};

struct crowd {
	uint32_t pairs; /* 0: all share the crew's own link */
	struct link *link;
	char *mem;
	size_t mem_bytes, ledger_end, stride;
};

static struct pair *pair_of(const struct crowd *w, uint32_t i)
{
	return (struct pair *)(void *)(w->mem + i * w->stride);
}

static int refuse(struct crew *c, int err, const char *why)
{
	snprintf(c->err, sizeof(c->err), "a crowd of %u: %s", crowd_size(c->spec), why);
	return err;
}

static int map_pairs(struct crew *c, struct crowd *w)
{
	const struct mech *m = c->mech;
	size_t bytes = m->shared_bytes ? m->shared_bytes(&c->link[0]) : 0;
	bool shared = domain_has_processes(c->spec->domain);
	uint64_t need;

	w->ledger_end = ROUND_UP(sizeof(struct pair) + ledger_bytes(1), WORKER_STRIDE);
	w->stride = ROUND_UP(w->ledger_end + bytes, WORKER_STRIDE);
	w->mem_bytes = w->pairs * w->stride;
	need = w->mem_bytes + (uint64_t)crowd_size(c->spec) * (LIGHT_BYTES + c->spec->msg_bytes);
	if (need > room_bytes() / SHARE)
		return refuse(c, -ENOSPC, "memory: it needs more than half of what is available");
	w->link = calloc(w->pairs + 1, sizeof(*w->link));
	w->mem = mmap(NULL, w->mem_bytes + 1, PROT_READ | PROT_WRITE,
		(shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (w->mem == MAP_FAILED)
		w->mem = NULL;
	return w->link && w->mem ? 0 : refuse(c, -ENOMEM, strerror(ENOMEM));
}

static int set_up_pair(struct crew *c, struct crowd *w, uint32_t i)
{
	struct pair *pair = pair_of(w, i);
	struct link *l = &w->link[i];

	*l = c->link[0];
	l->shared = (char *)pair + w->ledger_end;
	l->open_ports = pair->open_ports;
	store_relaxed(&pair->open_ports[ROLE_SENDER], 1u);
	store_relaxed(&pair->open_ports[ROLE_RECEIVER], 1u);
	pair->ledger.producers = 1;
	pair->ledger.exact = 1;
	return c->mech->setup ? c->mech->setup(l) : 0;
}

/*
 * Coroutines only try, and whoever tries a pipe opens its end once more; a light one that cannot
 * would leave its peer waiting for ever.
 */
static int check_ends(struct crew *c, const struct crowd *w)
{
	const struct link *l = &w->link[0];
	bool pipes = !c->mech->contract.duplex && (l->fd[0] >= 0 || l->path[0]);
	struct rlimit most;

	if (c->spec->domain != DOMAIN_COROUTINE || !pipes || getrlimit(RLIMIT_NOFILE, &most) != 0)
		return 0;
	if ((uint64_t)w->pairs * ENDS_OF_PIPE + OWN_FDS <= most.rlim_cur)
		return 0;
	return refuse(c, -EMFILE, "each end of its pipes is opened twice");
}

int crowd_create(struct crew *c)
{
	struct crowd *w = calloc(1, sizeof(*w));
	int err;

	c->crowd = w;
	if (!w)
		return refuse(c, -ENOMEM, strerror(ENOMEM));
	if (workload_one_role(c->workload))
		return 0;
	w->pairs = crowd_size(c->spec) / 2;
	err = map_pairs(c, w);
	for (uint32_t i = 0; i < w->pairs && !err; i++)
		err = set_up_pair(c, w, i);
	return err ? err : check_ends(c, w);
}

void crowd_forget_names(struct crew *c)
{
	for (uint32_t i = 0; c->crowd && c->crowd->link && i < c->crowd->pairs; i++)
		link_unlink_paths(&c->crowd->link[i]);
}

void crowd_close_others(struct crew *c, enum role role)
{
	for (uint32_t i = 0; c->crowd && i < c->crowd->pairs; i++)
		link_close_others(&c->crowd->link[i], role);
}

void crowd_tear_down(struct crew *c)
{
	struct crowd *w = c->crowd;

	for (uint32_t i = 0; w && w->link && i < w->pairs; i++) {
		if (w->link[i].mech && c->mech->teardown)
			c->mech->teardown(&w->link[i]);
		if (w->link[i].mech)
			link_close_all(&w->link[i]);
	}
	if (w && w->mem)
		munmap(w->mem, w->mem_bytes + 1);
	if (w)
		free(w->link);
	free(w);
	c->crowd = NULL;
}

void crowd_judge(const struct crew *c, struct evidence *e)
{
	for (uint32_t i = 0; i < c->crowd->pairs; i++) {
		const struct pair *pair = pair_of(c->crowd, i);
		const struct ledger *ledger = &pair->ledger;

		evidence_judge(e, &ledger, 1, &pair->sent, 1, 0);
	}
	if (mech_overtakes(c->mech))
		e->reordered = 0; /* as the contract wants it */
}

/* ---- for a host ------------------------------------------------------------------ */

void crowd_links_join(const struct crew *c, unsigned side, uint32_t i, uint32_t n, struct worker *w,
	struct port *p)
{
	struct crowd *crowd = c->crowd;

	if (crowd->pairs == 0) {
		p->link = (struct link *)(uintptr_t)&c->link[0];
		p->index = side * n + i;
		w->ledger = arena_ledger(c->arena, side);
		w->out = p;
		return;
	}
	p->link = &crowd->link[i];
	p->index = i;
	w->ledger = &pair_of(crowd, i)->ledger;
	w->claim = pair_of(crowd, i)->claim[side];
	w->finished = &pair_of(crowd, i)->finished;
	if (side == 0)
		w->out = p;
	else
		w->in = p;
}

void crowd_links_reset(const struct crew *c, unsigned side, uint32_t i)
{
	if (c->crowd->pairs)
		store_relaxed(&pair_of(c->crowd, i)->claim[side][0], 0);
}

void crowd_links_sent(const struct crew *c, uint32_t i, uint64_t seq)
{
	struct pair *pair = pair_of(c->crowd, i);

	pair->sent = seq;
	add_acq_rel(&pair->finished, 1u);
}
