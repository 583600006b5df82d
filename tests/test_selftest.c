/*
 * The self-test: that it agrees here, that it says no to what is wrong, and that
 * its mechanisms are nobody else's.
 *
 * All its checks, which `make check` runs by themselves, are only run here under
 * HANDOFF_TEST_LONG.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/cmd.h"
#include "bench/registry.h"
#include "bench/selftest.h"
#include "primitives/selftest.h"
#include "tests/program.h"
#include "tests/sample_rows.h"

enum { FAULTS = 16, RC_FINDING = 1 };

/* ---- one figure ------------------------------------------------------------------ */

static void figures_agree_within_two_percent(void **state)
{
	(void)state;
	assert_int_equal(selftest_judge(SELFTEST_SAME, 1000, 1019), SELFTEST_OK);
	assert_int_equal(selftest_judge(SELFTEST_SAME, 1000, 981), SELFTEST_OK);
	assert_int_equal(selftest_judge(SELFTEST_SAME, 1000, 1021), SELFTEST_WRONG);
	assert_int_equal(selftest_judge(SELFTEST_SAME, 1000, 979), SELFTEST_WRONG);
	assert_int_equal(selftest_judge(SELFTEST_EXACT, 16, 16), SELFTEST_OK);
	assert_int_equal(selftest_judge(SELFTEST_EXACT, 16, 17), SELFTEST_WRONG);
	assert_int_equal(selftest_judge(SELFTEST_EXACT, 16, 15), SELFTEST_WRONG);
	assert_int_equal(selftest_judge(SELFTEST_LEAST, 500, 500), SELFTEST_OK);
	assert_int_equal(selftest_judge(SELFTEST_LEAST, 500, 499), SELFTEST_WRONG);
	assert_int_equal(selftest_judge(SELFTEST_MOST, 1, 1.019), SELFTEST_OK);
	assert_int_equal(selftest_judge(SELFTEST_MOST, 1, 1.021), SELFTEST_WRONG);
}

static void figures_that_are_missing_never_agree(void **state)
{
	(void)state;
	for (int kind = 0; kind < SELFTEST_KINDS; kind++) {
		assert_int_equal(selftest_judge((enum selftest_kind)kind, 1, NAN), SELFTEST_WRONG);
		assert_int_equal(selftest_judge((enum selftest_kind)kind, NAN, 1), SELFTEST_WRONG);
	}
}

static void exit_code_tells_wrong_from_not_run(void **state)
{
	struct selftest t = {.verdicts = {[SELFTEST_OK] = 3}};

	(void)state;
	assert_int_equal(selftest_exit(&t), EXIT_FINE);
	t.verdicts[SELFTEST_NOT_RUN] = 1;
	assert_int_equal(selftest_exit(&t), EXIT_INCONCLUSIVE);
	t.verdicts[SELFTEST_WRONG] = 1;
	assert_int_equal(selftest_exit(&t), EXIT_FINDING);
	t = (struct selftest){.verdicts = {[SELFTEST_NOT_RUN] = 3}};
	assert_int_equal(selftest_exit(&t), EXIT_NOTHING);
}

/* ---- faults: what a trial may say of one ------------------------------------------- */

struct said {
	enum trial_status status;
	uint64_t lost, duplicated, reordered, corrupt;
};

static enum selftest_verdict look_at(
	struct selftest *t, enum selftest_fault fault, uint32_t side, struct said said)
{
	const struct selftest_scene scene = {
		.check = "drop",
		.side_a = side,
		.side_b = side,
		.n = FAULTS * SELFTEST_FAULT_EVERY,
		.fault = fault,
	};
	struct trial_result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*t = (struct selftest){.result = r};
	r->status = said.status;
	r->lost = said.lost;
	r->duplicated = said.duplicated;
	r->reordered = said.reordered;
	r->corrupt = said.corrupt;
	snprintf(r->reason, sizeof(r->reason), "what the trial said");
	selftest_look_fault(t, &scene, "thread 1x1");
	free(r);
	t->result = NULL;
	assert_int_equal(t->n_figures, 1);
	return t->figure[0].verdict;
}

static void faults_must_be_counted_and_rightly_named(void **state)
{
	const struct said right = {TRIAL_FAIL, .lost = FAULTS};
	const struct said one_less = {TRIAL_FAIL, .lost = FAULTS - 1};
	const struct said misnamed = {TRIAL_FAIL, .corrupt = FAULTS};
	const struct said more = {TRIAL_FAIL, .lost = FAULTS, .reordered = 1};
	struct selftest t;

	(void)state;
	assert_int_equal(look_at(&t, SELFTEST_LOST, 1, right), SELFTEST_OK);
	assert_int_equal(look_at(&t, SELFTEST_LOST, 1, one_less), SELFTEST_WRONG);
	assert_false(t.missed); /* a second try may show that the machine stood still */
	assert_int_equal(look_at(&t, SELFTEST_LOST, 1, misnamed), SELFTEST_WRONG);
	assert_int_equal(look_at(&t, SELFTEST_LOST, 1, more), SELFTEST_WRONG);
	assert_string_equal(t.figure[0].reason, "what the trial said");
	assert_int_equal(look_at(&t, SELFTEST_LOST, 2, one_less), SELFTEST_WRONG);
	assert_int_equal(look_at(&t, SELFTEST_LOST, 2, right), SELFTEST_OK);
	assert_int_equal(look_at(&t, SELFTEST_LOST, 2, more), SELFTEST_WRONG);
	assert_int_equal(look_at(&t, SELFTEST_CORRUPT, 1, misnamed), SELFTEST_OK);
}

static void duplicates_may_look_late_to_one_of_several_receivers(void **state)
{
	const struct said late = {TRIAL_FAIL, .duplicated = FAULTS, .reordered = 3};
	struct selftest t;

	(void)state;
	assert_int_equal(look_at(&t, SELFTEST_DUPLICATED, 2, late), SELFTEST_OK);
	assert_int_equal(look_at(&t, SELFTEST_DUPLICATED, 1, late), SELFTEST_WRONG);
}

static void faults_that_went_through_get_no_second_try(void **state)
{
	struct selftest t;

	(void)state;
	assert_int_equal(look_at(&t, SELFTEST_REORDERED, 1, (struct said){.status = TRIAL_OK}),
		SELFTEST_WRONG);
	assert_true(t.missed);
	assert_string_equal(t.figure[0].reason, "it went through as ok");
}

/* ---- times: what two clocks say of one stretch --------------------------------------- */

/* The verdict of the figure that begins so, and how many others are wrong. */
static enum selftest_verdict verdict_of(const struct selftest *t, const char *what, unsigned *wrong)
{
	const struct selftest_figure *found = NULL;

	*wrong = 0;
	for (unsigned i = 0; i < t->n_figures; i++) {
		const struct selftest_figure *f = &t->figure[i];

		if (strncmp(f->what, what, strlen(what)) == 0)
			found = f;
		else
			*wrong += f->verdict == SELFTEST_WRONG;
	}
	assert_non_null(found);
	return found->verdict;
}

enum { TRIPS = 100000, LATE_TRIPS = 2 * TRIPS / SELFTEST_LATE_EVERY, TRIP_NS = 2000 };

/* Round trips of which the second clock says that those held up took so long together. */
static enum selftest_verdict look_late(double late_ns, double second_ns, unsigned *wrong)
{
	const struct selftest_scene scene = {.check = "late", .n = TRIPS};
	struct trial_result *r = calloc(1, sizeof(*r));
	struct selftest t = {.result = r};
	enum selftest_verdict v;

	assert_non_null(r);
	hist_reset(&r->hist[0]);
	for (unsigned i = 0; i < TRIPS; i++)
		hist_record(&r->hist[0], i < LATE_TRIPS ? (uint64_t)late_ns : TRIP_NS);
	r->full_waits = (uint64_t)(LATE_TRIPS * second_ns);
	r->empty_waits = LATE_TRIPS;
	sample_init(&t.row);
	t.row.lat_p50_ns = t.row.lat_p99_ns = TRIP_NS;
	t.row.lat_p999_ns = t.row.lat_max_ns = late_ns;
	selftest_look_late(&t, &scene, "thread 1x1");
	v = verdict_of(&t, "time of those", wrong);
	free(r);
	return v;
}

static void delays_must_last_as_long_by_either_clock(void **state)
{
	unsigned wrong;

	(void)state;
	assert_int_equal(look_late(1002000, 1002000, &wrong), SELFTEST_OK);
	assert_int_equal(wrong, 0);
	assert_int_equal(look_late(1015000, 1002000, &wrong), SELFTEST_OK);
	assert_int_equal(look_late(1030000, 1002000, &wrong), SELFTEST_WRONG);
	assert_int_equal(wrong, 0); /* all others are only bounds */
	assert_int_equal(look_late(1002000, 1030000, &wrong), SELFTEST_WRONG);
}

enum { SECTIONS = 80000, HELD_NS = 50000000 };

/* A rate by the harness, and the same by the second clock, of so many contenders. */
static unsigned look_hold(uint32_t contenders, double seen_ns, uint64_t second_ns)
{
	const struct selftest_scene scene = {
		.check = "hold", .side_a = contenders, .stretch_ns = HELD_NS};
	struct trial_result *r = calloc(1, sizeof(*r));
	struct selftest t = {.result = r};
	unsigned wrong = 0;

	assert_non_null(r);
	r->cpu_ops = SECTIONS;
	r->full_waits = second_ns;
	sample_init(&t.row);
	t.row.elapsed_ns = HELD_NS;
	t.row.ops_per_s = SECTIONS * 1e9 / seen_ns;
	selftest_look_hold(&t, &scene, "thread 1");
	for (unsigned i = 0; i < t.n_figures; i++)
		wrong += t.figure[i].verdict == SELFTEST_WRONG;
	free(r);
	return wrong;
}

static void rate_of_one_contender_must_be_that_of_the_second_clock(void **state)
{
	(void)state;
	assert_int_equal(look_hold(1, HELD_NS, HELD_NS), 0);
	assert_int_equal(look_hold(1, 1.015 * HELD_NS, HELD_NS), 0);
	assert_int_equal(look_hold(1, 1.03 * HELD_NS, HELD_NS), 1);
	assert_int_equal(look_hold(1, 0.97 * HELD_NS, HELD_NS), 1);
	assert_int_equal(look_hold(2, 1.03 * HELD_NS, HELD_NS), 0); /* bounds alone */
}

/* ---- whose mechanisms they are ------------------------------------------------------ */

static void mechanisms_of_the_selftest_are_none_to_choose(void **state)
{
	size_t n;
	const struct mech *const *m = selftest_all(&n);
	char line[128];

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(strncmp(m[i]->name, "selftest/", 9), 0);
		assert_ptr_equal(selftest_find(m[i]->name), m[i]);
		assert_null(registry_find(m[i]->name));
		snprintf(line, sizeof(line), H "run --dry-run -m %s", m[i]->name);
		program_refuses(line, m[i]->name);
	}
	assert_null(selftest_find("channel/pipe"));
	program_refuses(H "run --dry-run -m 'selftest/*'", "selftest/*");
	program_refuses(H "stress --dry-run -m selftest/drop", "selftest/drop");
	program_ends(H "list --format=csv", RC_FINE);
	assert_null(strstr(program.out, "selftest"));
	program_ends(H "run --dry-run -m '*' -w stream", RC_FINE);
	assert_null(strstr(program.out, "selftest"));
}

/* ---- the command ----------------------------------------------------------------------- */

static bool all_of_them(void)
{
	return getenv("HANDOFF_TEST_LONG") != NULL;
}

static size_t count_of(const char *text, const char *words)
{
	size_t n = 0;

	for (; (text = strstr(text, words)); text++)
		n++;
	return n;
}

static void selftest_agrees_here(void **state)
{
	(void)state;
	program_need_processes();
	if (all_of_them())
		program_says(H "selftest", " figures agree, 0 wrong, 0 not run; ");
	else
		program_says(H "selftest -c clock,floor,busy,hold,swap,flip",
			" figures agree, 0 wrong, 0 not run; ");
	check_says(program.out, "p50 of the round trips, process 1x1");
	check_says(program.out, "reordered, process 2x2");
}

static void selftest_writes_a_line_a_figure_for_programs(void **state)
{
	(void)state;
	program_need_processes();
	program_ends(H "selftest -c clock,flip --format csv", RC_FINE);
	assert_ptr_equal(strstr(program.out, "check,figure,relation,expected,seen,unit,ratio,"
					     "verdict,tries,reason\nclock,"),
		program.out);
	check_says(program.out, "\nflip,\"corrupt, thread 1x1\",equal,16,16,,1,ok,");
	assert_int_equal(count_of(program.out, "\n"), 1 + 1 + 4);
}

/* Wrong in this check, and nowhere else. */
static void check_broken(const char *check)
{
	char line[128], row[32];
	size_t wrong;

	snprintf(line, sizeof(line), H "selftest -c %s,clock,flip --tries 2 --break %s", check,
		check);
	program_ends(line, RC_FINDING);
	wrong = count_of(program.out, " WRONG");
	assert_true(wrong > 0);
	snprintf(row, sizeof(row), "\n%s ", check);
	for (const char *at = program.out; (at = strstr(at, " WRONG")); at++) {
		const char *begin = memrchr(program.out, '\n', (size_t)(at - program.out));

		if (!begin || strncmp(begin, row, strlen(row)) != 0)
			fail_msg("%s: another check is wrong:\n%s", check, program.out);
	}
}

static void selftest_names_the_check_that_is_wrong(void **state)
{
	static const char *const few[] = {"clock", "swap", "floor", "hold"};
	size_t n = support_fast() ? 2 : sizeof(few) / sizeof(*few);
	const char *const *checks = few;

	(void)state;
	program_need_processes();
	if (all_of_them())
		checks = selftest_checks(&n);
	for (size_t i = 0; i < n; i++)
		check_broken(checks[i]);
}

static void selftest_says_how_often_it_tried(void **state)
{
	(void)state;
	program_ends(H "selftest -c clock --tries 3 --break clock", RC_FINDING);
	check_says(program.out, "WRONG (3 trials)");
	check_says(program.out, "0 figures agree, 1 wrong, 0 not run; 2 trials repeated");
}

static void selftest_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	program_refuses(H "selftest -c bsuy", "did you mean busy");
	program_refuses(H "selftest --break nothing", "nothing");
	program_refuses(H "selftest --format cvs", "did you mean csv");
	program_refuses(H "selftest --tries 0", "from 1 to 100");
	program_refuses(H "selftest --tries 101", "from 1 to 100");
	program_refuses(H "selftest harnes", "did you mean harness");
	program_refuses(H "selftest harness operand", "operand");
	program_refuses(
		"env HWLOC_SYNTHETIC='pack:1 core:2 pu:1' " H "selftest", "HWLOC_SYNTHETIC");
}

static void await_first_figure(void)
{
	const struct timespec nap = {.tv_nsec = 2000000};
	const char *path = support_path(&program.dir, "only.out");
	long begin = program_now_ms();

	while (program_now_ms() - begin < PROGRAM_PATIENCE_S * 1000L) {
		char *out = support_exists(path) ? support_read(path) : calloc(1, 1);
		bool begun = strstr(out, "\nclock ") != NULL;

		free(out);
		if (begun)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("no figure came");
}

static void selftest_stopped_by_a_signal_leaves_nothing(void **state)
{
	pid_t pid;

	(void)state;
	program_need_processes();
	pid = program_start(H "selftest -c clock,late");
	await_first_figure();
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(program_finish_soon(pid, "the self-test"), RC_SIGNAL + SIGINT);
	program_await_nobody("the self-test");
	program_made_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_agree_within_two_percent),
		cmocka_unit_test(figures_that_are_missing_never_agree),
		cmocka_unit_test(exit_code_tells_wrong_from_not_run),
		cmocka_unit_test(faults_must_be_counted_and_rightly_named),
		cmocka_unit_test(duplicates_may_look_late_to_one_of_several_receivers),
		cmocka_unit_test(faults_that_went_through_get_no_second_try),
		cmocka_unit_test(delays_must_last_as_long_by_either_clock),
		cmocka_unit_test(rate_of_one_contender_must_be_that_of_the_second_clock),
		PROGRAM_TEST(mechanisms_of_the_selftest_are_none_to_choose),
		PROGRAM_TEST(selftest_agrees_here),
		PROGRAM_TEST(selftest_writes_a_line_a_figure_for_programs),
		PROGRAM_TEST(selftest_names_the_check_that_is_wrong),
		PROGRAM_TEST(selftest_says_how_often_it_tried),
		PROGRAM_TEST(selftest_refuses_what_it_does_not_know),
		PROGRAM_TEST(selftest_stopped_by_a_signal_leaves_nothing),
	};

	program_find();
	return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
