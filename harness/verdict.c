/* verdict.c - from what the workers left to a result; see conduct.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/conduct.h"
#include "harness/place.h"
#include "harness/quiet.h"
#include "harness/verdict_evidence.h"

void verdict_early(struct trial_result *r, enum trial_status status, const char *reason)
{
	r->status = status;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

enum trial_status verdict_status_of(int err)
{
	switch (-err) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
	case EAGAIN:
	case EFBIG:
	case EPERM:
	case EACCES:
	case EROFS:
	case ENOSYS:
	case ENOTSUP:
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
	case ENETUNREACH:
	case ENETDOWN:
	case ENAMETOOLONG:
		return TRIAL_SKIP;
	default:
		return TRIAL_FAIL;
	}
}

const char *verdict_limit_of(int err)
{
	switch (-err) {
	case EMFILE:
		return " (the limit is that of open files: RLIMIT_NOFILE, ulimit -n)";
	case ENFILE:
		return " (the limit is the system's of open files: fs.file-max)";
	case ENOMEM:
		return " (the limit is memory: the machine's, a control group's, or ulimit -v)";
	case EAGAIN:
		return " (the limit is that of processes and threads: ulimit -u, or pids.max of a "
		       "control group)";
	case ENOSPC:
		return " (the limit is the room on a file system, or in shared memory)";
	case EFBIG:
		return " (the limit is that of a file's size: ulimit -f)";
	default:
		return "";
	}
}

void verdict_refused(struct trial_result *r, int err, const char *reason)
{
	r->status = verdict_status_of(err);
	snprintf(r->reason, sizeof(r->reason), "%s%s", reason, verdict_limit_of(err));
}

static struct worker_slot *slot(const struct trial *t, unsigned i)
{
	return arena_slot(t->crew.arena, i);
}

/* ---- figures ------------------------------------------------------------- */

static void figure_times(struct trial *t)
{
	const struct clock *clock = &t->crew.spec->clock;
	uint64_t first = UINT64_MAX, last_start = 0, first_end = UINT64_MAX, last = 0;
	struct trial_result *r = t->result;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker_report *w = &slot(t, i)->report;

		first = w->start_ticks < first ? w->start_ticks : first;
		last_start = w->start_ticks > last_start ? w->start_ticks : last_start;
		first_end = w->end_ticks < first_end ? w->end_ticks : first_end;
		last = w->end_ticks > last ? w->end_ticks : last;
	}
	r->start_skew_ns = clock_ns(clock, last_start - first);
	r->end_skew_ns = clock_ns(clock, last - first_end);
	r->elapsed_ns = clock_ns(clock, last - first);
	r->overlap_permille = 0;
	if (first_end > last_start)
		r->overlap_permille = (uint32_t)((first_end - last_start) * 1000 / (last - first));
	if (t->crew.workload->ending == ENDING_FLAG) {
		r->elapsed_ns = clock_ns(clock, t->counted_ticks);
		r->overlap_permille = 1000; /* counted between the last start and the flag */
		first = t->watch.begin_ticks;
		last = first + t->counted_ticks;
	}
	watch_end(&t->watch, first, last);
}

static void add_known(uint64_t *sum, uint64_t v)
{
	*sum = *sum == UNKNOWN_COUNT || v == UNKNOWN_COUNT ? UNKNOWN_COUNT : *sum + v;
}

static void figure_costs(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	struct trial_result *r = t->result;
	bool of_b = workload_costs_at_b(t->crew.workload);

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		const struct worker_slot *s = slot(t, i);
		const struct worker_report *w = &s->report;
		uint32_t pu = spec->pu[i];

		if (!of_b || i >= spec->side_a) {
			r->cpu_ns += w->cpu_ns;
			r->cpu_user_ns += w->cpu_user_ns;
			r->cpu_sys_ns += w->cpu_sys_ns;
		}
		r->ctx_voluntary += w->ctx_voluntary;
		r->ctx_involuntary += w->ctx_involuntary;
		r->minor_faults += w->minor_faults;
		add_known(&r->migrations, w->migrations);
		add_known(&r->runq_wait_ns, w->runq_wait_ns);
		r->full_waits += s->full_waits;
		r->empty_waits += s->empty_waits;
		r->acquisitions += s->acquisitions;
		r->vain_wakeups += s->vain_wakeups;
		if (r->most_inside < arena_ledger(t->crew.arena, i)->most_inside)
			r->most_inside = arena_ledger(t->crew.arena, i)->most_inside;
		r->cpu[i] = w->cpu_after;
		if (pu != PLACE_PU_NONE && (w->cpu_before != pu || w->cpu_after != pu))
			r->migrated++;
	}
	if (!(t->crew.mech->flags & MECH_COUNTS_WAITS))
		r->full_waits = r->empty_waits = UNKNOWN_COUNT;
	if (!(t->crew.mech->flags & MECH_COUNTS_VAIN))
		r->acquisitions = r->vain_wakeups = UNKNOWN_COUNT;
}

void verdict_operations(const struct trial *t, uint64_t *ops, uint64_t *cpu_ops)
{
	const struct trial_spec *spec = t->crew.spec;
	const struct workload *wl = t->crew.workload;
	bool lossy = t->crew.mech->contract.lossy && wl->links == LINKS_ONE && spec->side_b > 0;
	bool b = workload_works_at_b(wl) || (lossy && !family_one_role(wl->family));
	unsigned from = b ? spec->side_a : 0, n = b ? spec->side_b : spec->side_a;

	if (t->crew.workload->family == FAMILY_BARRIER)
		n = 1; /* an operation is a round of all of them */
	*ops = *cpu_ops = 0;
	for (unsigned i = from; i < from + n; i++) {
		*ops += slot(t, i)->counted;
		*cpu_ops += t->crew.workload->ending == ENDING_FLAG ? slot(t, i)->w.all_ops
								    : slot(t, i)->counted;
	}
}

static void figure_hists(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	struct trial_result *r = t->result;

	r->hist_kind[0] = t->crew.workload->kind_a;
	r->hist_kind[1] = t->crew.workload->kind_b;
	for (unsigned side = 0; side < 2; side++)
		hist_reset(&r->hist[side]);
	if (workload_scheduled(t->crew.workload)) {
		verdict_open_loop(t);
		return;
	}
	if (workload_spawns(t->crew.workload))
		verdict_children(t);
	for (unsigned i = 0; i < t->crew.arena->workers && i < TRIAL_MAX_HISTS; i++) {
		unsigned side = i >= spec->side_a;

		if (r->hist_kind[side] != KIND_NONE)
			hist_merge(&r->hist[side], arena_hist(t->crew.arena, i));
	}
}

void verdict_measured(struct trial *t)
{
	struct trial_result *r = t->result;
	struct evidence e = {0};

	verdict_judge(t, &e);
	verdict_report(t, &e);
	if (!verdict_acceptable(t->crew.mech, &e)) {
		r->status = TRIAL_FAIL;
		evidence_say(&e, r->reason, sizeof(r->reason));
		return;
	}
	verdict_operations(t, &r->ops, &r->cpu_ops);
	/* under stress nothing is timed: that a busy machine let nobody in says nothing */
	if (r->ops == 0 && !t->crew.spec->calibrate && !t->crew.spec->load.soak_ns) {
		verdict_early(r, TRIAL_FAIL, "not one operation was done in the timed stretch");
		return;
	}
	r->status = TRIAL_OK;
	figure_times(t);
	figure_costs(t);
	for (unsigned i = 0; i < t->crew.arena->workers; i++)
		r->cancelled += slot(t, i)->w.cancelled;
	quiet_figure(t);
	shares_measured(t);
	figure_hists(t);
}

/* ---- no number ----------------------------------------------------------- */

static void say_refusal(struct trial *t)
{
	struct trial_result *r = t->result;

	for (unsigned i = 0; i < t->crew.arena->workers; i++) {
		if (slot(t, i)->failed) {
			verdict_early(
				r, slot(t, i)->skip ? TRIAL_SKIP : TRIAL_FAIL, slot(t, i)->reason);
			return;
		}
	}
}

/* Threads that were left behind may still count. */
static void count_after_death(struct trial *t)
{
	struct evidence e = {0};

	if (!domain_has_processes(t->crew.spec->domain) || !crew_has_ledgers(&t->crew))
		return;
	verdict_judge_dead(t, &e);
	verdict_report(t, &e);
}

static void say_death(struct trial *t)
{
	char who[TRIAL_REASON / 2];
	const struct trial_fault *f = &t->crew.spec->fault;

	crew_say_death(&t->roster, who, sizeof(who));
	if (!who[0])
		snprintf(who, sizeof(who), "a worker left without a word");
	t->result->status = TRIAL_CRASH;
	count_after_death(t);
	if (f->act == PROBE_DIE)
		snprintf(t->result->reason, sizeof(t->result->reason),
			"%s; fault injected: die at %s, hit %llu", who, probe_point_name(f->point),
			(unsigned long long)f->nth);
	else
		snprintf(t->result->reason, sizeof(t->result->reason), "%s", who);
	verdict_say_holder(t);
}

/* Not all that was sent has arrived, and nothing moves: is it lost, or late? */
static void say_stall(struct trial *t, enum outcome outcome)
{
	struct trial_result *r = t->result;
	struct evidence e = {0};
	char what[TRIAL_REASON / 2] = "";

	if (verdict_judge_stalled(t, &e))
		verdict_report(t, &e);
	evidence_say(&e, what, sizeof(what));
	r->status = outcome == OUTCOME_STALLED && !evidence_clean(&e) ? TRIAL_FAIL : TRIAL_TIMEOUT;
	snprintf(r->reason, sizeof(r->reason), "%s%s%s",
		outcome == OUTCOME_STALLED ? "nothing arrives any more" : "deadline passed",
		what[0] ? "; " : "", what);
	verdict_say_absent(t);
	verdict_say_holder(t);
}

void verdict_broken(struct trial *t, enum outcome outcome)
{
	if (outcome == OUTCOME_DIED) {
		say_death(t);
	} else if (outcome == OUTCOME_REFUSED) {
		/* a peer that "has gone" may be a consequence: deaths come first */
		if (t->roster.died)
			say_death(t);
		else
			say_refusal(t);
	} else {
		say_stall(t, outcome);
	}
}
