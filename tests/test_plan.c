/*
 * Plans: the order of trials, the file that --resume trusts, and what a budget
 * cuts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/plan.h"
#include "bench/runner.h"
#include "bench/select.h"
#include "tests/support.h"

enum { ERR = 600, CELLS = 200, TRIAL_NS = 30 * 1000 * 1000, OVERHEAD_NS = 8 * 1000 * 1000 };

static struct support_dir dir; /* of the running test */

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

/* A plan over what the default axes select, with figures of its own in each cell. */
static struct plan make_plan(uint64_t reps)
{
	struct selection s = {0};
	struct axes axes = {0};
	char err[ERR] = "";
	struct plan p;

	assert_int_equal(select_axes(&s, &axes, err, sizeof(err)), 0);
	p = (struct plan){.cell = s.cell, .n = s.n, .reps = reps, .trial_ns = TRIAL_NS, .seed = 42};
	snprintf(p.binary, sizeof(p.binary), "0123456789abcdef");
	for (size_t i = 0; i < p.n; i++) {
		p.cell[i].stretch_ns = TRIAL_NS;
		p.cell[i].block = 64;
		p.cell[i].n = p.cell[i].workload->ending != ENDING_FLAG ? 1000 + 7 * i : 0;
	}
	s.cell = NULL; /* the plan's now */
	select_free(&s);
	return p;
}

/* ---- order ------------------------------------------------------------------------ */

static void check_permutation(const size_t *order, size_t n)
{
	bool seen[CELLS] = {false};

	for (size_t i = 0; i < n; i++) {
		assert_true(order[i] < n && !seen[order[i]]);
		seen[order[i]] = true;
	}
}

static void plan_order_has_every_cell_once_in_every_block(void **state)
{
	struct plan p = {.seed = 7};
	size_t order[CELLS];

	(void)state;
	for (p.n = 0; p.n <= CELLS; p.n = p.n * 2 + 1) {
		for (uint64_t block = 0; block < 20; block++) {
			plan_order(&p, block, order);
			check_permutation(order, p.n);
		}
	}
}

static void plan_order_comes_from_seed_and_block_alone(void **state)
{
	struct plan p = {.n = CELLS, .seed = 1}, q = {.n = CELLS, .seed = 1, .reps = 9};
	size_t a[CELLS], b[CELLS];

	(void)state;
	plan_order(&p, 3, a);
	plan_order(&p, 4, b);
	assert_memory_not_equal(a, b, sizeof(a));
	plan_order(&q, 3, b); /* block 4 was asked for in between */
	assert_memory_equal(a, b, sizeof(a));
	q.seed = 2;
	plan_order(&q, 3, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

/* Where cell 0 stands: over many blocks it is everywhere about as often. */
static void plan_order_prefers_no_place(void **state)
{
	enum { N = 8, BLOCKS = 8000 };
	unsigned at[N] = {0};
	struct plan p = {.n = N, .seed = 5};
	size_t order[N];

	(void)state;
	for (uint64_t block = 0; block < BLOCKS; block++) {
		plan_order(&p, block, order);
		for (size_t i = 0; i < N; i++)
			at[i] += order[i] == 0;
	}
	for (size_t i = 0; i < N; i++)
		assert_in_range(at[i], BLOCKS / N * 8 / 10, BLOCKS / N * 12 / 10);
}

static void plan_counts_one_row_for_a_skipped_cell(void **state)
{
	struct plan p = make_plan(5);

	(void)state;
	assert_int_equal(plan_rows(&p), 5 * p.n);
	snprintf(p.cell[1].skip, sizeof(p.cell[1].skip), "not here");
	assert_int_equal(plan_rows(&p), 5 * (p.n - 1) + 1);
	plan_free(&p);
}

/* ---- the file --------------------------------------------------------------------- */

static void check_same_cell(const struct cell *a, const struct cell *b)
{
	assert_string_equal(a->key, b->key);
	assert_string_equal(a->skip, b->skip);
	assert_ptr_equal(a->mech, b->mech);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->block, b->block);
	assert_int_equal(a->stretch_ns, b->stretch_ns);
}

static void plan_reads_back_what_it_wrote(void **state)
{
	struct plan p = make_plan(6), q;
	char err[ERR] = "";

	(void)state;
	p.seed = UINT64_MAX;
	p.precision_pct = 2.5;
	p.cell[0].n = UINT64_MAX - 1;
	snprintf(p.cell[2].skip, sizeof(p.cell[2].skip), "needs \"hugepages\", has none;\n0 of 1");
	assert_int_equal(plan_write(&p, support_path(&dir, "plan.csv"), err, sizeof(err)), 0);
	assert_false(support_exists(support_path(&dir, "plan.csv.new")));
	if (plan_read(&q, support_path(&dir, "plan.csv"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_int_equal(q.n, p.n);
	assert_true(q.reps == 6 && q.trial_ns == TRIAL_NS && q.seed == UINT64_MAX &&
		    q.precision_pct == 2.5);
	assert_string_equal(q.binary, p.binary);
	for (size_t i = 0; i < p.n; i++)
		check_same_cell(&p.cell[i], &q.cell[i]);
	plan_free(&p);
	plan_free(&q);
}

static void plan_replaces_an_older_one_whole(void **state)
{
	struct plan p = make_plan(1), q;
	char err[ERR] = "";

	(void)state;
	assert_int_equal(plan_write(&p, support_path(&dir, "plan.csv"), err, sizeof(err)), 0);
	p.n = 2;
	assert_int_equal(plan_write(&p, support_path(&dir, "plan.csv"), err, sizeof(err)), 0);
	assert_int_equal(plan_read(&q, support_path(&dir, "plan.csv"), err, sizeof(err)), 0);
	assert_int_equal(q.n, 2);
	plan_free(&p);
	plan_free(&q);
}

static void plan_that_cannot_be_written_says_where(void **state)
{
	struct plan p = make_plan(1);
	char err[ERR] = "", path[SUPPORT_PATH];

	(void)state;
	snprintf(path, sizeof(path), "%s", support_path(&dir, "no/such/plan.csv"));
	assert_int_equal(plan_write(&p, path, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, path));
	plan_free(&p);
}

#define HEADER "cell,n,claim,stretch_ns,reps,trial_ns,seed,binary,skip,precision_pct\n"
#define KEY    "channel/pipe/stream?domain=thread&fan=1x1&size=64&placement=nearest"

static void check_refused(const char *text)
{
	struct plan p;
	char err[ERR] = "", path[SUPPORT_PATH];

	snprintf(path, sizeof(path), "%s", support_path(&dir, "plan.csv"));
	support_text(path, text);
	if (plan_read(&p, path, err, sizeof(err)) >= 0)
		fail_msg("taken: %s", text);
	if (!strstr(err, path))
		fail_msg("\"%s\" does not name the file", err);
	assert_null(p.cell);
}

static void plan_refuses_a_broken_file(void **state)
{
	(void)state;
	check_refused("");
	check_refused("\n\n");
	check_refused(HEADER);
	check_refused("cell,n\n" KEY ",1\n");
	check_refused("n,cell,claim,stretch_ns,reps,trial_ns,seed,binary,skip,precision_pct\n");
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,\n");
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,,,\n");
	check_refused(HEADER KEY ",x,1,1,1,1,1,b,,\n");
	check_refused(HEADER KEY ",-1,1,1,1,1,1,b,,\n");
	check_refused(HEADER KEY ",1,,1,1,1,1,b,,\n");
	check_refused(HEADER KEY ",1,1,1.5,1,1,1,b,,\n");
	check_refused(HEADER KEY ",1,1,1,18446744073709551616,1,1,b,,\n");
	check_refused(HEADER KEY ",1,1,1,0,1,1,b,,\n");                   /* no repetition */
	check_refused(HEADER KEY ",1,1,1,9223372036854775808,1,1,b,,\n"); /* times cells: wraps */
	check_refused(HEADER KEY ",1,0,1,1,1,1,b,,\n"); /* claims nothing at a time: no end */
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,,\n" KEY ",1,1,1,1,1,1,b,,"); /* not whole */
	check_refused(HEADER "channel/gone/stream?domain=thread,1,1,1,1,1,1,b,,\n");
	check_refused(HEADER "channel/pipe/stream?colour=red,1,1,1,1,1,1,b,,\n");
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,,2%\n");
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,,0\n");
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,,100\n");
	check_refused(HEADER KEY ",1,1,1,1,1,1,b,,nan\n");
	check_refused(HEADER "\"" KEY ",1,1,1,1,1,1,b,,\n");
}

static void plan_refuses_what_is_no_file(void **state)
{
	struct plan p;
	char err[ERR] = "";

	(void)state;
	assert_true(plan_read(&p, support_path(&dir, "none"), err, sizeof(err)) < 0);
	assert_true(plan_read(&p, dir.path, err, sizeof(err)) < 0);
	assert_int_equal(mkfifo(support_path(&dir, "fifo"), 0600), 0);
	assert_true(plan_read(&p, support_path(&dir, "fifo"), err, sizeof(err)) < 0);
}

/* ---- the budget ------------------------------------------------------------------- */

static void budget_that_suffices_cuts_nothing(void **state)
{
	struct plan p = make_plan(6);
	uint64_t estimate = runner_estimate_ns(&p);

	(void)state;
	assert_true(estimate >= 6 * p.n * TRIAL_NS);
	assert_false(runner_fit_budget(&p, estimate));
	assert_true(p.reps == 6 && p.trial_ns == TRIAL_NS && p.cell[0].stretch_ns == TRIAL_NS);
	plan_free(&p);
}

static void budget_holds_the_stretch_in_which_the_processor_counts(void **state)
{
	struct plan p = make_plan(6);
	uint64_t estimate = runner_estimate_ns(&p);

	(void)state;
	p.counted = true;
	assert_int_equal(
		runner_estimate_ns(&p) - estimate, 6 * p.n * (TRIAL_NS / TRIAL_COUNT_SHARE));
	assert_true(runner_fit_budget(&p, estimate));
	assert_true(runner_estimate_ns(&p) <= estimate);
	plan_free(&p);
}

static void budget_cuts_repetitions_first(void **state)
{
	struct plan p = make_plan(10);
	uint64_t budget = runner_estimate_ns(&p) / 2, n = p.cell[0].n;

	(void)state;
	assert_true(runner_fit_budget(&p, budget));
	assert_int_equal(p.reps, 5);
	assert_int_equal(p.cell[0].stretch_ns, TRIAL_NS);
	assert_int_equal(p.cell[0].n, n);
	assert_true(runner_estimate_ns(&p) <= budget);
	plan_free(&p);
}

static void budget_cuts_the_stretch_when_few_repetitions_are_left(void **state)
{
	struct plan p = make_plan(10);
	size_t cells = p.n;
	uint64_t budget = p.n * RUNNER_LEAST_REPS * (OVERHEAD_NS + TRIAL_NS / 2);

	(void)state;
	assert_true(runner_fit_budget(&p, budget));
	assert_int_equal(p.reps, RUNNER_LEAST_REPS);
	assert_int_equal(p.n, cells);
	assert_true(runner_estimate_ns(&p) <= budget);
	for (size_t i = 0; i < p.n; i++) {
		const struct cell *c = &p.cell[i];
		uint64_t n = 1000 + 7 * i;

		assert_in_range(c->stretch_ns, TRIAL_NS / 3, TRIAL_NS / 2 + 1);
		if (c->workload->ending != ENDING_FLAG) /* n and stretch keep their ratio */
			assert_in_range(c->n, n * c->stretch_ns / TRIAL_NS - 1,
				n * c->stretch_ns / TRIAL_NS + 1);
		else
			assert_int_equal(c->n, 0);
	}
	plan_free(&p);
}

static void budget_cuts_repetitions_again_but_never_cells(void **state)
{
	static const uint64_t tiny[] = {0, 1, 1000000, 100000000};

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(tiny); t++) {
		struct plan p = make_plan(10);
		size_t cells = p.n;

		assert_true(runner_fit_budget(&p, tiny[t]));
		assert_int_equal(p.reps, 1);
		assert_int_equal(p.n, cells);
		for (size_t i = 0; i < p.n; i++) {
			assert_int_equal(p.cell[i].stretch_ns, RUNNER_LEAST_STRETCH_NS);
			assert_int_equal(
				p.cell[i].n > 0, p.cell[i].workload->ending != ENDING_FLAG);
		}
		plan_free(&p);
	}
}

static void budget_leaves_plans_with_few_repetitions_their_repetitions(void **state)
{
	struct plan p = make_plan(2);
	uint64_t budget = p.n * 2 * (OVERHEAD_NS + TRIAL_NS / 2);

	(void)state;
	assert_true(runner_fit_budget(&p, budget));
	assert_int_equal(p.reps, 2);
	assert_true(p.cell[0].stretch_ns < TRIAL_NS);
	plan_free(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_order_has_every_cell_once_in_every_block),
		cmocka_unit_test(plan_order_comes_from_seed_and_block_alone),
		cmocka_unit_test(plan_order_prefers_no_place),
		cmocka_unit_test(plan_counts_one_row_for_a_skipped_cell),
		TEST(plan_reads_back_what_it_wrote),
		TEST(plan_replaces_an_older_one_whole),
		TEST(plan_that_cannot_be_written_says_where),
		TEST(plan_refuses_a_broken_file),
		TEST(plan_refuses_what_is_no_file),
		cmocka_unit_test(budget_that_suffices_cuts_nothing),
		cmocka_unit_test(budget_holds_the_stretch_in_which_the_processor_counts),
		cmocka_unit_test(budget_cuts_repetitions_first),
		cmocka_unit_test(budget_cuts_the_stretch_when_few_repetitions_are_left),
		cmocka_unit_test(budget_cuts_repetitions_again_but_never_cells),
		cmocka_unit_test(budget_leaves_plans_with_few_repetitions_their_repetitions),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
