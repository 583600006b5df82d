/* Readers and writers: who is let in together, and what a reader may see. */
#include "tests/lab.h"
#include "tests/sweep.h"
#include "tests/support.h"

#include <stdio.h>

#include "bench/registry.h"
#include "harness/family/rwlock.h"

enum {
	SHORT_NS = 20000000,
	TRIES = 20,
	LONGER_NS = 20 * 1000 * 1000,
	NTH = 20,
	DRAWN = 10000,
};

static const struct rwlock_ops *ops_of(const struct rig_worker *w)
{
	return w->port.link->mech->ops;
}

static enum result take(struct rig_worker *w, bool reads, enum mode mode)
{
	const struct how how = {w->rig->wait, mode, false};

	return reads ? ops_of(w)->read_lock(&w->port, how) : ops_of(w)->write_lock(&w->port, how);
}

static enum result drop(struct rig_worker *w, bool reads)
{
	const struct how how = {w->rig->wait, MODE_BLOCK, false};

	return reads ? ops_of(w)->read_unlock(&w->port, how)
		     : ops_of(w)->write_unlock(&w->port, how);
}

/* ---- who is let in --------------------------------------------------------------- */

/* Steps 1, 3: held by a writer, by a reader. */
static void hold_in_turn(struct rig_worker *w)
{
	for (uint32_t reads = 0; reads < 2; reads++) {
		MUST_BE(w, take(w, reads, MODE_BLOCK), OP_DONE);
		rig_reach(w, 2 * reads + 1);
		if (!rig_await(w, 2 * reads + 2))
			return;
		MUST_BE(w, drop(w, reads), OP_DONE);
	}
	rig_reach(w, 5);
}

static void ask_in_turn(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	for (int reads = 0; reads < 2; reads++) {
		MUST_BE(w, take(w, reads, MODE_TRY), OP_WOULD_BLOCK);
		w->port.deadline_ns = monotonic_ns() + SHORT_NS;
		MUST_BE(w, take(w, reads, MODE_TIMED), OP_TIMED_OUT);
		MUST(w, monotonic_ns() >= w->port.deadline_ns);
	}
	rig_reach(w, 2);
	if (!rig_await(w, 3))
		return;
	MUST_BE(w, take(w, false, MODE_TRY), OP_WOULD_BLOCK); /* beside a reader */
	rig_reach(w, 4);
	if (!rig_await(w, 5))
		return;
	for (int reads = 0; reads < 2; reads++) {
		MUST_BE(w, take(w, reads, MODE_TRY), OP_DONE);
		MUST_BE(w, drop(w, reads), OP_DONE);
	}
}

static void hold_or_ask(struct rig_worker *w)
{
	if (w->port.index == 0)
		hold_in_turn(w);
	else
		ask_in_turn(w);
}

static void a_writer_is_alone(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, 64, 1);

	spec.senders = 2;
	spec.receivers = 0;
	trial_play(t, spec, hold_or_ask, NULL);
}

static void teardown_of_any_state(struct trial *t)
{
	struct link empty = {.mech = t->mech, .fd = {-1, -1, -1, -1}};
	struct rig_spec spec = trial_spec(t, 64, 1);
	struct rig r;

	spec.receivers = 0;
	if (t->mech->teardown) {
		t->mech->teardown(&empty);
		t->mech->teardown(&empty);
	}
	if (!trial_open(t, &r, spec))
		return;
	if (t->mech->teardown)
		t->mech->teardown(&r.link);
	trial_close(t, &r);
}

/* ---- trials ------------------------------------------------------------------------ */

static void cell_with(struct cell *c, const struct mech *m, enum domain d, const char *more)
{
	char key[CELL_KEY];

	snprintf(key, sizeof(key), "%s/readers?domain=%s&fan=3&placement=unpinned%s", m->name,
		domain_name(d), more);
	lab_need_cell(c, key);
}

/* Writes are what is handed over: none, or all that is done. */
static void check_writes(const struct mech *m, enum domain d, unsigned percent)
{
	const struct trial_result *r = lab.result;
	char more[40];
	struct cell c;

	snprintf(more, sizeof(more), "&reads=%u&size=%u", percent, 8 + percent);
	cell_with(&c, m, d, more);
	if (lab_run(&c, NULL) != TRIAL_OK)
		fail_msg("%s: %s", c.key, r->reason);
	assert_int_equal(r->attempted, r->received);
	assert_true(percent < 100 ? r->attempted > 0 : r->attempted == 0);
	if (percent == 0)
		assert_true(r->attempted >= r->ops);
}

static void every_write_counts_and_who_only_reads_writes_nothing(void **state)
{
	unsigned ran = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (m->family != FAMILY_RWLOCK || (m->flags & MECH_RACY))
			continue;
		for (int d = 0; d <= (LAB_TSAN ? DOMAIN_THREAD : DOMAIN_PROCESS); d++) {
			for (unsigned percent = 0; percent <= 100; percent += 50, ran++)
				check_writes(m, (enum domain)d, percent);
		}
	}
	assert_true(ran > 0);
}

/* A lock that only counts who comes, and ends the stretch after so many. */
static enum result count_reader(struct port *p, struct how how)
{
	(void)how;
	p->empty_waits++;
	return OP_DONE;
}

static enum result count_writer(struct port *p, struct how how)
{
	(void)how;
	p->full_waits++;
	return OP_DONE;
}

static enum result leave(struct port *p, struct how how)
{
	(void)how;
	if (p->empty_waits + p->full_waits == DRAWN)
		store_relaxed((atomic_u32 *)p->link->own, STRETCH_OVER);
	return OP_DONE;
}

static const struct rwlock_ops counting_ops = {.read_lock = count_reader,
	.read_unlock = leave,
	.write_lock = count_writer,
	.write_unlock = leave};
RWLOCK_STAMP(counting, counting_ops, BIT(WAIT_BLOCK));

static void the_share_of_reads_is_as_asked(void **state)
{
	(void)state;
	for (uint32_t percent = 0; percent <= 100; percent += 10) {
		uint64_t guarded[2] = {0};
		struct ledger ledger = {0};
		atomic_u32 stretch = STRETCH_WARM;
		struct link link = {.state = guarded,
			.msg_bytes = sizeof(guarded),
			.own = &stretch,
			.tuning = {.reads_plus_1 = percent + 1}};
		struct port port = {.link = &link};
		struct worker w = {
			.out = &port, .clock = &lab.clock, .stretch = &stretch, .ledger = &ledger};

		counting_loops[LOOP_SHARE][0](&w);
		assert_int_equal(w.all_ops, DRAWN);
		assert_int_equal(w.seq, port.full_waits);
		assert_int_equal(guarded[1], port.full_waits);
		assert_in_range(port.empty_waits, percent ? DRAWN / 100 * (percent - 1) : 0,
			percent < 100 ? DRAWN / 100 * (percent + 1) : DRAWN);
		assert_int_equal(port.empty_waits == DRAWN, percent == 100);
	}
}

static void without_a_lock_reads_are_torn_and_the_row_says_so(void **state)
{
	uint64_t torn = 0;
	struct cell c;

	(void)state;
	if (topo_pu_count(lab.topo) < 2)
		skip_because("one CPU: hardly ever");
	for (int try = 0; try < TRIES && torn == 0; try++) {
		cell_with(&c, registry_find("rwlock/plain"), DOMAIN_THREAD, "&size=4K&reads=50");
		c.stretch_ns = LONGER_NS;
		if (lab_run(&c, NULL) != TRIAL_OK)
			fail_msg("%s: %s", c.key, lab.result->reason);
		torn = lab.result->corrupt;
	}
	assert_true(torn > 0);
}

/* ---- sabotage ------------------------------------------------------------------------ */

static const struct sabotage {
	enum probe_act act;
	size_t counter; /* in the result */
} sabotages[] = {
	{PROBE_FLIP, offsetof(struct trial_result, corrupt)},
	{PROBE_REPLAY, offsetof(struct trial_result, reordered)},
	{PROBE_DROP, offsetof(struct trial_result, lost)},
};

static void check_sabotage(const struct mech *m, enum domain d, const struct sabotage *s)
{
	struct trial_fault f = {.act = (uint32_t)s->act};
	uint64_t found = 0;
	struct cell c;

	cell_with(&c, m, d, "&reads=50");
	c.stretch_ns = LONGER_NS;
	for (int try = 0; try < TRIES && found == 0; try++) {
		f.nth = NTH + (unsigned)try; /* what is drawn behind it differs */
		lab_run(&c, &f);
		memcpy(&found, (const char *)lab.result + s->counter, sizeof(found));
		/* a short stretch may end before the nth write, or before somebody read it */
		if (found && lab.result->status != TRIAL_FAIL)
			fail_msg("%s: %s", c.key, trial_status_name(lab.result->status));
	}
	if (found == 0)
		fail_msg("%s: %s was not caught", c.key, probe_act_name(s->act));
}

static void sabotage_of_the_state_is_caught_and_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (m->family != FAMILY_RWLOCK || (m->flags & MECH_RACY))
			continue;
		for (int d = 0; d <= (LAB_TSAN ? DOMAIN_THREAD : DOMAIN_PROCESS); d++) {
			for (size_t k = 0; k < ARRAY_LEN(sabotages); k++)
				check_sabotage(m, (enum domain)d, &sabotages[k]);
		}
	}
}

static const struct check checks[] = {
	{
		.name = "a writer is alone",
		.family = FAMILY_RWLOCK,
		.run = a_writer_is_alone,
		.every_wait = true,
	},
	{
		.name = "teardown takes any state and runs twice",
		.family = FAMILY_RWLOCK,
		.run = teardown_of_any_state,
	},
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		sweep_test(&checks[0]),
		sweep_test(&checks[1]),
		cmocka_unit_test(every_write_counts_and_who_only_reads_writes_nothing),
		cmocka_unit_test(the_share_of_reads_is_as_asked),
		cmocka_unit_test(without_a_lock_reads_are_torn_and_the_row_says_so),
		cmocka_unit_test(sabotage_of_the_state_is_caught_and_named),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("rwlock", tests, lab_setup, lab_teardown);
}
