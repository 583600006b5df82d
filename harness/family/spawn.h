/*
 * spawn.h - the spawn family: a worker begins children and waits for their end.
 *
 * Ops (struct spawn_ops), the timed role loop and the macro that stamps it.  A
 * child is a thread, a process or a coroutine of its own; it reads the clock
 * first, says which one it is, does what its brief tells it, and ends.
 *
 * The proof is a token: the worker writes it into the child's brief and finds it
 * in what the child has said when it has been joined.  A child that never ran,
 * ran twice, or ran as another one is found in its own round.
 *
 * A child and the worker that began it share a struct spawn_room.  Children are
 * daemons: those that are processes are killed when their worker ends, those
 * that are threads or coroutines end with its process.
 */
#ifndef HARNESS_FAMILY_SPAWN_H
#define HARNESS_FAMILY_SPAWN_H

#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/family/stamp.h"

/* What a child is to do once it has said who it is. */
enum spawn_deed {
	SPAWN_END,   /* end with the exit code `value` */
	SPAWN_HOLD,  /* the same once the room's `go` is another one than in the brief */
	SPAWN_CRASH, /* a process: die of signal `value` */
	SPAWN_JOIN,  /* as hold, then wait for itself: the exit code is what it was told */
	SPAWN_TWICE, /* sabotage: say so twice */
};

/* The brief is the worker's, written before the child exists; the rest is the child's. */
struct spawn_child {
	OWN_LINE uint64_t token;
	uint32_t deed, value; /* enum spawn_deed */
	uint32_t go;
	atomic_u32 runs;
	atomic_u64 said;    /* the token that it found */
	atomic_u64 running; /* the clock at its first instruction */
};

struct spawn_room {
	OWN_STRIDE atomic_u32 go; /* futex: those that hold are let go when it changes */
	uint32_t shared;          /* they are processes */
	struct clock clock;
	struct spawn_child child[]; /* link->alive */
};

/* The worker's own notes on a child. */
struct spawn_handle {
	uint64_t id; /* pthread_t, pid_t, or the address of a coroutine */
	uint64_t begun_ticks;
	struct port *port;
	uint32_t index;
	void *waiter; /* coroutines: who waits for its end */
	bool begun;   /* and not joined */
	bool ended;   /* coroutines: nothing of it runs any more */
	int code;     /* joined: its exit code ... */
	int signal;   /* ... or the signal that it died of; 0: none */
};

/* Each mechanism's port->local is one. */
struct spawn_local {
	struct spawn_room *room;
	struct spawn_handle *handle; /* link->alive */
	size_t map_bytes;            /* of a room that was mapped apart */
	int fd;                      /* ... and its descriptor */
	uint32_t self;               /* in a forked child: its index + 1; 0: the worker */
};

/*
 * start: begin child i as room->child[i] says.  OP_DONE, or OP_ERROR: -EAGAIN or
 *        -ENOMEM where a limit was met.
 * join:  OP_DONE: it has ended and handle[i] says how.  try: OP_WOULD_BLOCK, it is
 *        alive; timed: OP_TIMED_OUT, never early.  OP_ERROR: -EDEADLK, it is the
 *        caller itself.
 * left:  children that were not joined, as the kernel knows them; NULL: it cannot tell.
 */
typedef enum result spawn_start_fn(struct port *p, uint32_t i, struct how how);
typedef enum result spawn_join_fn(struct port *p, uint32_t i, struct how how);

struct spawn_ops {
	spawn_start_fn *start;
	spawn_join_fn *join;
	uint32_t (*left)(struct port *p);
};

ALWAYS_INLINE struct spawn_local *spawn_local(const struct port *p)
{
	return p->local;
}

ALWAYS_INLINE uint32_t spawn_alive(const struct link *l)
{
	return l->alive ? l->alive : 1;
}

/* ---- harness/spawn.c ------------------------------------------------------ */

/* Bytes of a room with so many children, a multiple of WORKER_STRIDE. */
size_t spawn_room_bytes(uint32_t alive);

/* A port's notes and its room, which is given or (NULL) mapped apart.  0 or -errno with a sentence. */
int spawn_attach(struct port *p, struct spawn_room *room);
void spawn_detach(struct port *p);

/* The first thing that a child does. */
ALWAYS_INLINE uint64_t spawn_now(const struct spawn_room *room)
{
	return clock_read(&room->clock);
}

/*
 * A child's life up to its exit code, since it began at `now`.  p: of the worker that
 * began it; NULL: it cannot know.
 */
CALLED int spawn_live(struct spawn_room *room, uint32_t i, uint64_t now, const struct port *p);

/* In a forked child: end.  Not declared so: a call at a function's end has no name in objdump. */
COLD void spawn_exit(int code);

/* NULL, or the limit that so many children of all workers would break; tasks: of the kernel. */
const char *spawn_fits(const struct link *l, uint64_t bytes_each, bool are_tasks);

/* Body of a child that began by exec: the room in a descriptor.  Its exit code. */
int spawn_exec_child(int fd, uint32_t index, uint32_t clock_source);

/* ---- what every start and join begin with ---------------------------------- */

ALWAYS_INLINE enum result spawn_refuse(struct port *p, int err)
{
	p->err = err;
	return OP_ERROR;
}

/* Begin child i: its brief is written.  A second start before the join is refused. */
ALWAYS_INLINE enum result spawn_start(
	const struct spawn_ops *o, struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];
	enum result r;

	if (UNLIKELY(h->begun))
		return spawn_refuse(p, -EALREADY);
	h->port = p;
	h->index = i;
	h->ended = false;
	h->waiter = NULL;
	h->begun = true;
	r = o->start(p, i, how);
	if (UNLIKELY(r != OP_DONE))
		h->begun = false;
	return r;
}

/* Wait for child i; one that was not begun, or was joined, is refused. */
ALWAYS_INLINE enum result spawn_join(
	const struct spawn_ops *o, struct port *p, uint32_t i, struct how how)
{
	struct spawn_handle *h = &spawn_local(p)->handle[i];
	enum result r;

	if (UNLIKELY(!h->begun))
		return spawn_refuse(p, -ESRCH);
	r = o->join(p, i, how);
	if (LIKELY(r == OP_DONE))
		h->begun = false;
	return r;
}

/* ---- role loop ------------------------------------------------------------- */

ALWAYS_INLINE void spawn_brief(struct spawn_room *room, uint32_t i, uint64_t token, bool hold)
{
	struct spawn_child *c = &room->child[i];

	c->token = token;
	c->deed = hold ? SPAWN_HOLD : SPAWN_END;
	c->value = 0;
	c->go = load_relaxed(&room->go);
	store_relaxed(&c->runs, 0);
}

/* Sabotage of the probed twin: the nth child does not begin, says so twice, or is another one. */
COLD static enum result spawn_sabotage(
	const struct spawn_ops *o, struct port *p, uint32_t i, struct how how)
{
	struct spawn_child *c = &spawn_local(p)->room->child[i];

	if (p->probe.act == PROBE_DROP)
		return OP_DONE;
	if (p->probe.act == PROBE_DUPLICATE)
		c->deed = SPAWN_TWICE;
	else
		c->token ^= 0x1000;
	return spawn_start(o, p, i, how);
}

ALWAYS_INLINE enum result spawn_begin(
	const struct spawn_ops *o, struct port *p, uint32_t i, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (how.probed && probe_message(&p->probe))
		r = spawn_sabotage(o, p, i, how);
	else
		r = spawn_start(o, p, i, how);
	POINT(p, how, AFTER_SEND);
	return r;
}

/* It has been joined, or was never begun: did it run once, as itself? */
ALWAYS_INLINE void spawn_book(struct worker *w, const struct spawn_child *c, uint64_t token)
{
	struct ledger_tally *t = &w->ledger->tally;
	uint32_t runs = load_acquire(&c->runs);

	if (LIKELY(runs == 1 && load_relaxed(&c->said) == token)) {
		store_relaxed(&t->taken, load_relaxed(&t->taken) + 1);
		return;
	}
	if (runs == 0)
		return;
	t->twice += runs - 1;
	t->mistaken += load_relaxed(&c->said) != token;
	store_relaxed(&t->taken, load_relaxed(&t->taken) + 1);
}

/* Both times of a child, from before it was begun. */
ALWAYS_INLINE void spawn_record(struct worker *w, const struct spawn_child *c, uint64_t begun)
{
	uint64_t now = clock_read(w->clock), runs = load_relaxed(&c->running) - begun;

	hist_record(w->service, clock_ns(w->clock, now - begun));
	if (UNLIKELY((int64_t)runs < 0)) /* the clocks of two processors */
		w->negative++;
	else
		hist_record(w->hist, clock_ns(w->clock, runs));
}

/* Begin up to n children one after the other; how many there are is *made. */
ALWAYS_INLINE enum result spawn_make(const struct spawn_ops *o, struct worker *w, uint64_t token,
	uint32_t n, uint32_t *made, struct how how)
{
	struct spawn_local *l = spawn_local(w->out);
	struct ledger_tally *t = &w->ledger->tally;
	enum result r = OP_DONE;
	uint32_t i;

	for (i = 0; i < n; i++) {
		spawn_brief(l->room, i, token + i, n > 1);
		l->handle[i].begun_ticks = clock_read(w->clock);
		r = spawn_begin(o, w->out, i, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		store_relaxed(&t->given, load_relaxed(&t->given) + 1);
	}
	*made = i;
	return r;
}

/* Let them go and wait for each, in the order in which they began. */
ALWAYS_INLINE enum result spawn_collect(
	const struct spawn_ops *o, struct worker *w, uint64_t token, uint32_t made, struct how how)
{
	struct spawn_local *l = spawn_local(w->out);
	enum result r = OP_DONE;

	if (made > 1) {
		add_acq_rel(&l->room->go, 1u);
		futex_wake(&l->room->go, UINT32_MAX, l->room->shared);
	}
	for (uint32_t i = 0; i < made && r == OP_DONE; i++) {
		if (LIKELY(!how.probed || l->handle[i].begun)) {
			r = spawn_join(o, w->out, i, how);
			if (UNLIKELY(r != OP_DONE))
				break;
			spawn_record(w, &l->room->child[i], l->handle[i].begun_ticks);
		}
		POINT(w->out, how, AFTER_RECV);
		spawn_book(w, &l->room->child[i], token + i);
	}
	return r;
}

/*
 * Begin link->alive children, which live until the last of them has begun, and wait
 * for them all; again and again.  One alone does not wait for anything.
 */
ALWAYS_INLINE void spawn_lifecycle(const struct spawn_ops *o, struct worker *w, struct how how)
{
	uint32_t alive = spawn_alive(w->out->link), made;
	uint64_t ops = 0;
	enum result r = OP_DONE, end;

	spawn_local(w->out)->room->clock = *w->clock;
	w->negative = 0;
	while (r == OP_DONE && add_relaxed(w->claim, alive) < w->n) {
		uint64_t token = (uint64_t)(w->id + 1) << 32 | w->seq;

		r = spawn_make(o, w, token, alive, &made, how);
		end = spawn_collect(o, w, token, made, how);
		r = r == OP_DONE ? end : r;
		w->seq += made;
		ops += made;
	}
	w->ops = ops;
	w->all_ops = ops;
	w->result = r;
}

/* ---- stamping -------------------------------------------------------------- */

/* As CHANNEL_STAMP, for children: defines id##_loops. */
#define SPAWN_STAMP(id, opstab, offered)                                                           \
	STAMP_TWINS(spawn, id, lifecycle, opstab, offered)                                         \
	static const loop_table id##_loops = {                                                     \
		[LOOP_LIFECYCLE] = {id##__lifecycle__plain, id##__lifecycle__probed},              \
	}

#define TASKS_LIMITS "RLIMIT_NPROC, pids.max, threads-max, pid_max: tasks at once"

/* What every kind of child promises. */
#define CONTRACT_SPAWN                                                                             \
	.end_seen = "join gives how it ended", .survives = SURVIVE_SEEN,                           \
	.peer_dies = "join tells how the child ended, of a process its exit code or its signal"

/* What every such descriptor says alike. */
#define SPAWN_COMMON(id, opstab, offered)                                                          \
	.family = FAMILY_SPAWN, .waits = (offered), .ops = &(opstab), .loops = &id##_loops,        \
	.local_bytes = sizeof(struct spawn_local)

#endif
