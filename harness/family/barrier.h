/*
 * barrier.h - the barrier family: nobody goes on before everybody has come.
 *
 * Ops (struct barrier_ops), the timed role loops and the macro that stamps them.
 * The proof is a count of arrivals on the link's board: each worker adds itself
 * before it waits, and looks when it has been let go.  In round i of N workers
 * the count must then be at least (i + 1) N: all have come; and below (i + 2) N:
 * the next round, in which this worker is still missing, is not over.  A barrier
 * that lets one go too early, or that cannot be used again, is found at once.
 * The count is one contended atomic addition a round and worker: it is part of
 * every figure.
 */
#ifndef HARNESS_FAMILY_BARRIER_H
#define HARNESS_FAMILY_BARRIER_H

#include "harness/board.h"
#include "harness/evidence.h"
#include "harness/hist.h"
#include "harness/link.h"
#include "harness/mech.h"
#include "harness/rounds.h"
#include "harness/family/stamp.h"

/*
 * wait: OP_DONE when all link->senders workers have called it.  Reusable at
 * once.  Only MODE_BLOCK: who has arrived cannot leave.
 */
typedef enum result barrier_wait_fn(struct port *p, struct how how);

struct barrier_ops {
	barrier_wait_fn *wait;
};

/* Sabotage of the probed twin: this worker does not wait, the others do. */
COLD static enum result barrier_sabotage(
	const struct barrier_ops *o, struct port *p, struct how how)
{
	return p->probe.act == PROBE_DROP ? OP_DONE : o->wait(p, how);
}

ALWAYS_INLINE enum result barrier_meet_once(
	const struct barrier_ops *o, struct port *p, struct how how)
{
	enum result r;

	POINT(p, how, BEFORE_SEND);
	if (how.probed && probe_message(&p->probe))
		r = barrier_sabotage(o, p, how);
	else
		r = o->wait(p, how);
	POINT(p, how, AFTER_RECV);
	return r;
}

/*
 * Meet n times; each wait is timed, from the own arrival to the release.  Of some rounds,
 * the same ones for all, each keeps when that was (rounds.h).
 */
ALWAYS_INLINE void barrier_meet(const struct barrier_ops *o, struct worker *w, struct how how)
{
	const struct clock *clock = w->clock;
	struct port *p = w->out;
	atomic_u64 *arrived = &p->link->board->ready;
	uint64_t all = p->link->senders, i, t, now, seen, strayed = 0;
	struct rounds *kept = w->rounds;
	uint64_t keep = kept ? 0 : w->n; /* the next round to be kept */
	struct hist *hist = w->hist;
	enum result r = OP_DONE;

	for (i = 0; i < w->n; i++) {
		add_acq_rel(arrived, 1u);
		t = clock_read(clock);
		r = barrier_meet_once(o, p, how);
		if (UNLIKELY(r != OP_DONE))
			break;
		now = clock_read(clock);
		hist_record(hist, clock_ns(clock, now - t));
		if (UNLIKELY(i == keep))
			keep = rounds_keep(kept, i, t, now);
		seen = load_acquire(arrived);
		strayed += seen < (i + 1) * all || seen >= (i + 2) * all;
	}
	w->ledger->strayed += strayed;
	w->ops = i;
	w->all_ops = i;
	w->result = r;
}

/* A barrier for one: what it costs when nobody else is awaited. */
ALWAYS_INLINE void barrier_self(const struct barrier_ops *o, struct worker *w, struct how how)
{
	struct port *p = w->out;
	uint64_t i;
	enum result r = OP_DONE;

	for (i = 0; i < w->n && r == OP_DONE; i++)
		r = barrier_meet_once(o, p, how);
	w->ops = i;
	w->all_ops = i;
	w->result = r;
}

/* ---- stamping ------------------------------------------------------------- */

/* As CHANNEL_STAMP, for barriers: defines id##_loops. */
#define BARRIER_STAMP(id, opstab, offered)                                                         \
	STAMP_TWINS(barrier, id, meet, opstab, offered)                                            \
	STAMP_TWINS(barrier, id, self, opstab, offered)                                            \
	static const loop_table id##_loops = {                                                     \
		[LOOP_MEET] = {id##__meet__plain, id##__meet__probed},                             \
		[LOOP_SELF] = {id##__self__plain, id##__self__probed},                             \
	}

/* What every barrier promises. */
#define CONTRACT_BARRIER                                                                           \
	.reach = REACH_ANY, .end_seen = "never", .survives = SURVIVE_NO,                           \
	.peer_dies = "nothing: the others stand at the barrier until their own deadline",          \
	.not_in[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP, .wakes = WAKES_ALL

/* What every barrier's descriptor says alike. */
#define BARRIER_COMMON(id, opstab, offered)                                                        \
	.family = FAMILY_BARRIER, .domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),             \
	.waits = (offered), .ops = &(opstab), .loops = &id##_loops

#endif
