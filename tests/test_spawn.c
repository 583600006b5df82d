/*
 * Children: what start and join promise, in threads, processes and coroutines; that they
 * end with their owner; and real trials that count them.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/registry.h"
#include "harness/family/spawn.h"
#include "harness/tasks.h"
#include "tests/lab.h"
#include "tests/support.h"
#include "tests/sweep.h"

enum { MS = 1000 * 1000, TOKEN = 4711, OWNER_PATIENCE_MS = 5000, ALIVE = 20 };

static const struct spawn_ops *ops_of(const struct rig_worker *w)
{
	return w->port.link->mech->ops;
}

static struct how how_of(const struct rig_worker *w, enum mode mode)
{
	return (struct how){w->rig->wait, mode, false};
}

static enum result start(struct rig_worker *w)
{
	return spawn_start(ops_of(w), &w->port, 0, how_of(w, MODE_BLOCK));
}

static enum result join(struct rig_worker *w, enum mode mode)
{
	return spawn_join(ops_of(w), &w->port, 0, how_of(w, mode));
}

static struct spawn_child *brief(struct rig_worker *w, enum spawn_deed deed, uint32_t value)
{
	struct spawn_room *room = spawn_local(&w->port)->room;

	room->clock = lab.clock;
	spawn_brief(room, 0, TOKEN, false);
	room->child[0].deed = deed;
	room->child[0].value = value;
	return &room->child[0];
}

static void let_go(struct rig_worker *w)
{
	struct spawn_room *room = spawn_local(&w->port)->room;

	add_acq_rel(&room->go, 1u);
	futex_wake(&room->go, UINT32_MAX, room->shared);
}

static const struct spawn_handle *ended(const struct rig_worker *w)
{
	return &spawn_local(&w->port)->handle[0];
}

/* ---- start and join ------------------------------------------------------------ */

static void start_and_join(struct rig_worker *w)
{
	struct spawn_child *c = brief(w, SPAWN_HOLD, 7);

	MUST_BE(w, join(w, MODE_BLOCK), OP_ERROR);
	MUST(w, w->port.err == -ESRCH); /* it was not begun */
	MUST_BE(w, start(w), OP_DONE);
	MUST_BE(w, join(w, MODE_TRY), OP_WOULD_BLOCK); /* alive */
	w->port.deadline_ns = monotonic_ns() + 20 * MS;
	MUST_BE(w, join(w, MODE_TIMED), OP_TIMED_OUT);
	MUST(w, monotonic_ns() >= w->port.deadline_ns);
	MUST_BE(w, start(w), OP_ERROR);
	MUST(w, w->port.err == -EALREADY);
	let_go(w);
	MUST_BE(w, join(w, MODE_BLOCK), OP_DONE);
	MUST(w, ended(w)->code == 7 && ended(w)->signal == 0);
	MUST(w, load_acquire(&c->runs) == 1 && load_relaxed(&c->said) == TOKEN);
	MUST(w, load_relaxed(&c->running) != 0);
	MUST_BE(w, join(w, MODE_BLOCK), OP_ERROR);
	MUST(w, w->port.err == -ESRCH); /* it has been joined */
	brief(w, SPAWN_END, 3);
	MUST_BE(w, start(w), OP_DONE); /* its place is free again */
	w->port.deadline_ns = monotonic_ns() + 20000ull * MS;
	MUST_BE(w, join(w, MODE_TIMED), OP_DONE);
	MUST(w, ended(w)->code == 3 && ended(w)->signal == 0);
}

static void check_start_and_join(struct trial *t)
{
	trial_alone(t, start_and_join);
}

/* A program that was exec'd has no handle on itself. */
static bool knows_itself(const struct mech *m)
{
	return strcmp(m->name, "spawn/fork-exec") != 0;
}

static void join_oneself(struct rig_worker *w)
{
	brief(w, SPAWN_JOIN, 0);
	MUST_BE(w, start(w), OP_DONE);
	let_go(w);
	MUST_BE(w, join(w, MODE_BLOCK), OP_DONE);
	MUST(w, ended(w)->code == EDEADLK);
}

static void check_join_oneself(struct trial *t)
{
	trial_alone(t, join_oneself);
}

static bool is_process(const struct mech *m)
{
	return m->domains & BIT(DOMAIN_PROCESS);
}

static void die_of_signals(struct rig_worker *w)
{
	static const int signals[] = {SIGTERM, SIGKILL, SIGABRT};

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		brief(w, SPAWN_CRASH, (uint32_t)signals[i]);
		MUST_BE(w, start(w), OP_DONE);
		MUST_BE(w, join(w, MODE_BLOCK), OP_DONE);
		MUST(w, ended(w)->signal == signals[i] && ended(w)->code == 0);
		brief(w, SPAWN_END, (uint32_t)signals[i]);
		MUST_BE(w, start(w), OP_DONE);
		MUST_BE(w, join(w, MODE_BLOCK), OP_DONE);
		MUST(w, ended(w)->signal == 0 && ended(w)->code == signals[i]);
	}
}

static void check_signals(struct trial *t)
{
	trial_alone(t, die_of_signals);
}

/* ---- daemons --------------------------------------------------------------------- */

/* The owner of a child that would hold for ever; it is killed. */
static _Noreturn void own_and_die(struct rig_worker *w)
{
	struct spawn_child *c = brief(w, SPAWN_HOLD, 0);

	if (start(w) == OP_DONE) {
		store_release(&w->rig->sh->note[0], ended(w)->id);
		while (load_acquire(&c->runs) == 0)
			rig_sleep_ms(1);
	}
	kill(getpid(), SIGKILL);
	_exit(1);
}

static void outlive_an_owner(struct rig_worker *w)
{
	pid_t owner, child, got = 0;
	int status = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	owner = fork();
	if (owner == 0)
		own_and_die(w);
	MUST(w, waitpid(owner, &status, 0) == owner && WIFSIGNALED(status));
	child = (pid_t)load_acquire(&w->rig->sh->note[0]);
	MUST(w, child > 0);
	for (int i = 0; i < OWNER_PATIENCE_MS && got == 0; i++) {
		got = waitpid(child, &status, WNOHANG);
		rig_sleep_ms(1);
	}
	if (got == 0)
		kill(child, SIGKILL);
	MUST(w, got == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_daemons(struct trial *t)
{
	trial_alone(t, outlive_an_owner);
}

/* ---- whole trials ------------------------------------------------------------------ */

static const char *domain_of(const struct mech *m)
{
	return is_process(m)                        ? "process"
	       : m->domains & BIT(DOMAIN_COROUTINE) ? "coroutine"
						    : "thread";
}

/* Runs `check` with the cell of each kind of child and these further axes; how many ran. */
static unsigned each_kind(const char *axes, void (*check)(struct cell *c))
{
	unsigned ran = 0;

	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		char key[CELL_KEY];
		struct cell c;

		if (m->family != FAMILY_SPAWN || (LAB_TSAN && is_process(m)) ||
			(m->probe && m->probe()))
			continue;
		snprintf(key, sizeof(key), "%s/lifecycle?fan=1&placement=unpinned&domain=%s%s",
			m->name, domain_of(m), axes);
		lab_need_cell(&c, key);
		check(&c);
		ran++;
	}
	return ran;
}

static void check_counts(struct cell *c)
{
	const struct trial_result *r = lab.result;
	struct trial_spec spec;

	lab_spec(c, &spec);
	spec.n = 2 * ALIVE;
	spec.warm_n = 0;
	if (lab_run_spec(c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", c->key, r->reason);
	assert_int_equal(r->ops, 2 * ALIVE);
	assert_int_equal(r->attempted, 2 * ALIVE);
	assert_int_equal(r->received, 2 * ALIVE);
	assert_int_equal(r->hist[0].count + r->oneway_negative, 2 * ALIVE);
	assert_int_equal(r->hist[1].count, 2 * ALIVE);
	assert_true(r->hist_kind[0] == KIND_START && r->hist_kind[1] == KIND_JOINED);
	assert_true(r->hist[1].max >= r->hist[0].min);
	lab_nothing_left(c->key);
}

static void every_child_of_a_trial_runs_once_and_is_joined(void **state)
{
	char axes[32];

	(void)state;
	assert_true(each_kind("", check_counts) > 0);
	snprintf(axes, sizeof(axes), "&alive=%d", ALIVE);
	assert_true(each_kind(axes, check_counts) > 0);
}

/* Whole rounds only: two of them for one child more. */
static void a_thousand_children_at_once_are_all_joined(void **state)
{
	struct trial_spec spec;
	struct cell c;

	(void)state;
	lab_need_cell(&c, "spawn/pthread/lifecycle?fan=1&placement=unpinned&alive=1000");
	lab_spec(&c, &spec);
	spec.n = 1001;
	if (lab_run_spec(&c, &spec) != TRIAL_OK)
		fail_msg("%s", lab.result->reason);
	assert_int_equal(lab.result->ops, 2000);
	assert_int_equal(lab.result->hist[1].count, 2000);
	lab_nothing_left(c.key);
}

/* The last trial. */
static bool fails_saying(const char *words)
{
	return lab.result->status == TRIAL_FAIL && strstr(lab.result->reason, words);
}

static void check_sabotage(struct cell *c)
{
	static const struct {
		enum probe_act act;
		const char *called;
	} acts[] = {{PROBE_DROP, "lost 1"}, {PROBE_DUPLICATE, "duplicated 1"},
		{PROBE_FLIP, "a child ran as another one"}};

	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		const struct trial_fault f = {.act = (uint32_t)acts[i].act, .nth = 3};

		c->n = 20;
		for (int try = 0; try < LAB_TRIES && !(try > 0 && fails_saying(acts[i].called));
			try++)
			lab_run(c, &f);
		if (!fails_saying(acts[i].called))
			fail_msg("%s: %s: %s", c->key, acts[i].called, lab.result->reason);
		lab_nothing_left(c->key);
	}
}

static void a_child_that_does_not_run_or_runs_twice_or_as_another_is_caught(void **state)
{
	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: children that are not run");
	assert_true(each_kind("", check_sabotage) > 0);
	assert_true(each_kind("&alive=4", check_sabotage) > 0);
}

/* ---- size and limits ----------------------------------------------------------------- */

static uint64_t fastest_fork(const char *axes)
{
	struct trial_spec spec;
	char key[CELL_KEY];
	struct cell c;

	snprintf(key, sizeof(key), "spawn/fork/lifecycle?domain=process&fan=1&placement=unpinned%s",
		axes);
	lab_need_cell(&c, key);
	lab_spec(&c, &spec);
	spec.n = 20;
	spec.warm_n = 0;
	if (lab_run_spec(&c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", key, lab.result->reason);
	return lab.result->hist[1].min;
}

static void a_fork_takes_longer_the_larger_its_owner_is(void **state)
{
	(void)state;
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: its memory is not the child's");
	assert_true(fastest_fork("&rss=256M") > 2 * fastest_fork(""));
}

static void what_memory_cannot_hold_is_a_skip_that_says_so(void **state)
{
	struct cell c;

	(void)state;
	lab_need_cell(&c, "spawn/pthread/lifecycle?fan=1&placement=unpinned&rss=1T");
	assert_int_equal(lab_run(&c, NULL), TRIAL_SKIP);
	if (!strstr(lab.result->reason, "rss") || !strstr(lab.result->reason, "memory"))
		fail_msg("%s", lab.result->reason);
	lab_nothing_left(c.key);
}

static void more_tasks_than_a_limit_allows_are_refused_by_its_name(void **state)
{
	const char *limit = tasks_limit(UINT32_MAX);

	(void)state;
	assert_null(tasks_limit(1));
	assert_non_null(limit);
	assert_true(strstr(limit, "RLIMIT_NPROC") || strstr(limit, "pids.max") ||
		    strstr(limit, "threads-max") || strstr(limit, "pid_max"));
}

static const struct check checks[] = {
	{
		.name = "a join is never early, nor possible twice; nor is a second start",
		.family = FAMILY_SPAWN,
		.run = check_start_and_join,
	},
	{
		.name = "a child that waits for itself is refused",
		.family = FAMILY_SPAWN,
		.run = check_join_oneself,
		.applies = knows_itself,
	},
	{
		.name = "an exit code and a signal are told apart",
		.family = FAMILY_SPAWN,
		.run = check_signals,
		.applies = is_process,
		.forks = true,
	},
	{
		.name = "a child ends with its owner",
		.family = FAMILY_SPAWN,
		.run = check_daemons,
		.applies = is_process,
		.forks = true,
	},
};

int main(int argc, char **argv)
{
	const struct CMUnitTest trials[] = {
		cmocka_unit_test(every_child_of_a_trial_runs_once_and_is_joined),
		cmocka_unit_test(a_thousand_children_at_once_are_all_joined),
		cmocka_unit_test(a_child_that_does_not_run_or_runs_twice_or_as_another_is_caught),
		cmocka_unit_test(a_fork_takes_longer_the_larger_its_owner_is),
		cmocka_unit_test(what_memory_cannot_hold_is_a_skip_that_says_so),
		cmocka_unit_test(more_tasks_than_a_limit_allows_are_refused_by_its_name),
	};
	struct CMUnitTest tests[ARRAY_LEN(checks) + ARRAY_LEN(trials)];
	size_t n = 0;

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	for (; n < ARRAY_LEN(checks); n++)
		tests[n] = sweep_test(&checks[n]);
	memcpy(&tests[n], trials, sizeof(trials));
	return cmocka_run_group_tests_name("spawn", tests, lab_setup, lab_teardown);
}
