/* verdict_evidence.c - what was handed over against what was given; see verdict_evidence.h. */
#include "harness/verdict_evidence.h"

#include "harness/crowd.h"
#include "harness/family/lock.h"
#include "harness/family/state.h"

static struct worker_slot *slot(const struct trial *t, unsigned i)
{
	return arena_slot(t->crew.arena, i);
}

/* One direction: what the workers [from, from+n) received of `senders`. */
static void judge_side(const struct trial *t, struct evidence *e, unsigned from, unsigned n,
	const uint64_t *sent, uint32_t senders)
{
	const struct ledger *ledger[TRIAL_MAX_WORKERS];
	uint64_t leftover = 0;

	for (unsigned i = 0; i < n; i++) {
		ledger[i] = arena_ledger(t->crew.arena, from + i);
		leftover += slot(t, from + i)->leftover;
	}
	evidence_judge(e, ledger, n, sent, senders, leftover);
	if (mech_overtakes(t->crew.mech))
		e->reordered = 0; /* as the contract wants it */
}

static void judge_channel(const struct trial *t, struct evidence *e)
{
	const struct trial_spec *spec = t->crew.spec;
	uint64_t sent[TRIAL_MAX_WORKERS];

	for (unsigned i = 0; i < spec->side_a; i++)
		sent[i] = slot(t, i)->w.seq;
	if (spec->side_b == 0) {
		judge_side(t, e, 0, 1, sent, spec->side_a);
		return;
	}
	if (workload_to_all(t->crew.workload)) {
		for (unsigned i = 0; i < spec->side_b; i++)
			judge_side(t, e, spec->side_a + i, 1, sent, spec->side_a);
		return;
	}
	judge_side(t, e, spec->side_a, spec->side_b, sent, spec->side_a);
	if (t->crew.workload->links == LINKS_PAIR) {
		sent[0] = slot(t, spec->side_a)->w.seq; /* replies */
		judge_side(t, e, 0, 1, sent, 1);
	}
}

/* The counter inside the lock against the sections that were entered. */
static void judge_lock(const struct trial *t, struct evidence *e)
{
	const struct lock_ops *o = t->crew.mech->ops;
	struct port p = {.link = (struct link *)(uintptr_t)&t->crew.link[0]};
	uint64_t counter = load_acquire(o->guarded(&p));

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct ledger *g = arena_ledger(t->crew.arena, i);

		e->sent += slot(t, i)->all_ops - slot(t, i)->outside;
		e->intruded += g->intruded;
		e->crowded += g->crowded;
	}
	if (p.link->state)
		e->scraps = state_odd(p.link->state, p.link->msg_bytes, counter);
	e->corrupt = e->intruded + e->crowded + e->scraps;
	e->received = counter;
	e->lost = e->sent > counter ? e->sent - counter : 0;
	e->duplicated = counter > e->sent ? counter - e->sent : 0;
}

/* Everybody has passed as often as everybody else, never too early or too late. */
static void judge_barrier(const struct trial *t, struct evidence *e)
{
	uint64_t rounds = slot(t, 0)->all_ops;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		e->sent += rounds;
		e->received += slot(t, i)->all_ops;
		e->strayed += arena_ledger(t->crew.arena, i)->strayed;
	}
	e->corrupt = e->strayed;
	e->lost = e->sent > e->received ? e->sent - e->received : 0;
	e->duplicated = e->received > e->sent ? e->received - e->sent : 0;
}

/* The last version that was written against the writes, and what the readers saw. */
static void judge_rwlock(const struct trial *t, struct evidence *e)
{
	const struct link *l = &t->crew.link[0];
	bool torn;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct ledger *g = arena_ledger(t->crew.arena, i);

		e->sent += slot(t, i)->w.seq;
		e->torn += g->torn;
		e->reordered += g->stale;
	}
	e->received = state_read(l->state, l->msg_bytes, &torn);
	e->scraps = state_odd(l->state, l->msg_bytes, e->received);
	e->corrupt = e->torn + e->scraps;
	e->lost = e->sent > e->received ? e->sent - e->received : 0;
	e->duplicated = e->received > e->sent ? e->received - e->sent : 0;
}

/* Each child ran once as itself and was joined; each timer fired once or was cancelled. */
static void judge_tallies(const struct trial *t, struct evidence *e)
{
	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct ledger_tally *y = &arena_ledger(t->crew.arena, i)->tally;

		e->sent += load_relaxed(&y->given);
		e->received += load_relaxed(&y->taken);
		e->duplicated += y->twice;
		e->mistaken += y->mistaken;
		e->early += y->early;
		e->leftover += slot(t, i)->leftover;
	}
	e->corrupt = e->mistaken + e->early;
	e->lost = e->sent > e->received ? e->sent - e->received : 0;
}

void verdict_judge(const struct trial *t, struct evidence *e)
{
	if (t->crew.mech->flags & MECH_NO_EVIDENCE)
		return;
	if (workload_crowds(t->crew.workload) && t->crew.workload->family == FAMILY_CHANNEL)
		crowd_judge(&t->crew, e);
	else if (t->crew.workload->family == FAMILY_LOCK)
		judge_lock(t, e);
	else if (t->crew.workload->family == FAMILY_BARRIER)
		judge_barrier(t, e);
	else if (t->crew.workload->family == FAMILY_RWLOCK)
		judge_rwlock(t, e);
	else if (crew_has_tallies(&t->crew))
		judge_tallies(t, e);
	else
		judge_channel(t, e);
}

void verdict_judge_dead(const struct trial *t, struct evidence *e)
{
	judge_channel(t, e);
	e->lost = 0;
}

bool verdict_judge_stalled(const struct trial *t, struct evidence *e)
{
	if (crew_has_ledgers(&t->crew)) {
		judge_channel(t, e);
	} else if (t->crew.workload->family == FAMILY_BARRIER) {
		judge_barrier(t, e);
		e->lost = e->duplicated = 0; /* rounds that were still going on */
	} else if (crew_has_tallies(&t->crew)) {
		judge_tallies(t, e);
	} else {
		return false;
	}
	return true;
}

void verdict_report(const struct trial *t, const struct evidence *e)
{
	const struct trial_spec *spec = t->crew.spec;
	enum family family = t->crew.workload->family;
	struct trial_result *r = t->result;

	r->lost = e->lost;
	r->duplicated = e->duplicated;
	r->reordered = e->reordered;
	r->corrupt = e->corrupt;
	r->counted = !(t->crew.mech->flags & MECH_NO_EVIDENCE);
	r->attempted = e->sent;
	r->received = e->received;
	if (spec->probed && spec->load.verify && !family_one_role(family))
		r->verified_bytes = e->received *
				    (family == FAMILY_EVENT ? sizeof(uint64_t) : spec->msg_bytes);
}

bool verdict_acceptable(const struct mech *m, const struct evidence *e)
{
	struct evidence rest = *e;

	if (m->contract.lossy)
		rest.lost = 0;
	if (m->flags & MECH_RACY) {
		rest.reordered = 0;
		rest.corrupt = e->intruded; /* only where somebody looks for it */
	}
	return evidence_clean(&rest);
}
