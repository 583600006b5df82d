/* verdict_names.c - which worker is to blame for a trial without numbers; see conduct.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/conduct.h"
#include "harness/family/lock.h"
#include "harness/family/rwlock.h"

static const struct worker_slot *slot(const struct trial *t, unsigned i)
{
	return arena_slot(t->crew.arena, i);
}

PRINTF_LIKE(2, 3) static void add(const struct trial *t, const char *fmt, ...)
{
	char *reason = t->result->reason;
	size_t used = strlen(reason);
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason + used, TRIAL_REASON - used, fmt, args);
	va_end(args);
}

/* ---- the holder of a lock -------------------------------------------------------- */

/* Threads die of nothing but a fault. */
static bool has_died(const struct trial *t, unsigned worker)
{
	const struct trial_spec *spec = t->crew.spec;
	int status;

	if (!domain_has_processes(spec->domain))
		return load_acquire(&t->crew.arena->gate.fired) && spec->fault.worker == worker;
	status = t->roster.exit_status[worker % crew_processes(spec)];
	return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static bool somebody_died(const struct trial *t)
{
	return t->roster.died > 0 || load_acquire(&t->crew.arena->gate.fired) > 0;
}

static holder_fn *holder_of(const struct mech *m)
{
	if (m->family == FAMILY_LOCK)
		return ((const struct lock_ops *)m->ops)->holder;
	return ((const struct rwlock_ops *)m->ops)->holder;
}

/* 0: nobody, or a stranger. */
static unsigned number_of(const struct trial *t, uint32_t tid)
{
	for (unsigned i = 0; tid && i < t->crew.arena->workers; i++) {
		if (slot(t, i)->tid == tid)
			return i + 1;
	}
	return 0;
}

/* The lock's own word, or else the name that is still on the board (family/lock.h); and 1. */
static unsigned who_holds(const struct trial *t)
{
	holder_fn *asks = holder_of(t->crew.mech);
	struct lock_holder h;

	if (!asks)
		return (unsigned)load_relaxed(&t->crew.arena->gate.board[0].token);
	h = asks(&t->crew.link[0]);
	return h.port ? h.port : number_of(t, h.tid);
}

/* Who lives comes and goes. */
void verdict_say_holder(const struct trial *t)
{
	enum family f = t->crew.workload->family;
	unsigned who;

	if ((f != FAMILY_LOCK && f != FAMILY_RWLOCK) || workload_crowds(t->crew.workload))
		return;
	who = who_holds(t);
	if (who && (!somebody_died(t) || has_died(t, who - 1)))
		add(t, "; the lock is held by worker %u", who - 1);
}

/* ---- who never came -------------------------------------------------------------- */

static const char *side_of(const struct trial *t, unsigned worker)
{
	return worker < t->crew.spec->side_a ? "side a" : "side b";
}

/* The first that has not attached, and whether it is for waiting for the other side. */
static void add_first(const struct trial *t, bool waits, const char *what)
{
	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker_slot *s = slot(t, i);

		if (!s->attached && (load_relaxed(&s->awaits) != 0) == waits) {
			add(t, "; worker %u (%s) %s", i, side_of(t, i), what);
			return;
		}
	}
}

void verdict_say_absent(const struct trial *t)
{
	if (load_relaxed(&t->crew.arena->gate.orders) > 0)
		return;
	add_first(t, false, "has not attached");
	add_first(t, true, "waited for the other side to come");
}
