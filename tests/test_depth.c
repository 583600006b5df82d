/*
 * Placement in depth, from outside: pairs of a class, the matrix of processors, pages and nodes.
 */
#include <sched.h>

#include "tests/program.h"
#include "tests/sample_rows.h"

#define TINY                                                                                       \
	" -m channel/ring-spsc -w pingpong -d thread --reps 2 --trial-ms 1 --no-report --repeat-noisy no "
#define MACHINE "env HWLOC_SYNTHETIC='pack:2 l3:2 core:2 pu:2' "

static void run_takes_as_many_pairs_as_each_class_has(void **state)
{
	(void)state;
	program_says(MACHINE H "run -n" TINY "-p smt,same-l3,unpinned,pu:0+pu:1 --pairs 6",
		"\n14 cells (0 to be skipped)");
	assert_non_null(strstr(program.out, "placement=smt&pair=5\n"));
	assert_null(strstr(program.out, "placement=unpinned&pair"));
	program_says(MACHINE H "run -n" TINY "-p unpinned,Compact,spread,pu:0+pu:1 --pair 0,1",
		"\n4 cells (0 to be skipped)");
	program_says(MACHINE H "run -n" TINY "-p smt --pairs 10", "\n8 cells (0 to be skipped)");
	assert_non_null(strstr(program.out, "2  the class has fewer pairs here"));
	program_says(
		MACHINE H "run -n" TINY "-p smt --pair 0,8", "skip: pair=8: synthetic topology");
	assert_non_null(strstr(program.out, "8 smt pairs of PUs, counted from 0"));
}

static void topology_shows_the_pairs_that_run_takes(void **state)
{
	(void)state;
	program_says(H "topology --synthetic 'pack:2 l3:2 core:2 pu:2' --pairs 3",
		"\n    pairs: P#0 P#1, P#8 P#9, P#4 P#5\n");
	program_says(H "topology --synthetic 'pack:1 l3:1 core:2 pu:1' --pairs 3",
		"\n    pairs: P#0 P#1\n");
	program_says(H "topology --synthetic 'pack:2 core:2 pu:2'", "smt");
	assert_null(strstr(program.out, "pairs:"));
}

static void run_refuses_pairs_that_say_nothing(void **state)
{
	(void)state;
	program_refuses(H "run" TINY "--pairs 0", "--pairs");
	program_refuses(H "run" TINY "--pairs 129", "goes up to 128");
	program_refuses(H "run" TINY "--pairs 2 --pair 1", "one of the two");
	program_refuses(H "run --resume none --pairs 2", "--pairs");
}

static void rank_says_how_far_pairs_lie_apart(void **state)
{
	struct sample *row;
	size_t n;

	(void)state;
	program_ends(H "run" TINY "-p same-pu --pairs 2 -o r", RC_FINE);
	row = program_rows("r", &n);
	for (size_t i = 0; i < n; i++)
		assert_true(strstr(row[i].axes, "pair=1") ? row[i].cpus[0] != '0' : row[i].cpus[0]);
	if (n == 4) {
		program_says(H "rank r", "same-pu         2 pairs  median ");
		assert_non_null(strstr(program.out, ", same-pu, pair=1\n"));
	}
	free(row);
	program_ends(H "run" TINY "-p same-pu -o one", RC_FINE);
	program_says(H "rank one", "This run has one pair of processors for each placement");
}

static void rows_say_what_their_memory_was(void **state)
{
	struct sample *row;
	size_t n, ok = 0;

	(void)state;
	program_ends(H "run" TINY "-m channel/fifo -p same-pu --node 0,900 --touch leader,a -o r",
		RC_FINE);
	row = program_rows("r", &n);
	for (size_t i = 0; i < n; i++) {
		bool far = strstr(row[i].axes, "node=900"), ring = strstr(row[i].cell, "ring-spsc");

		assert_string_equal(row[i].status, far ? "skip" : "ok");
		if (far)
			check_says(row[i].reason, "has NUMA node");
		else if (ring)
			check_says(row[i].pages, "node 0");
		else
			assert_string_equal(row[i].pages, "");
		ok += !far && ring;
	}
	assert_int_equal(ok, 4);
	free(row);
}

/* ---- the matrix ------------------------------------------------------------------- */

static void topology_measures_all_pairs_and_leaves_a_picture(void **state)
{
	char line[128];
	int code = RC_NOTHING;

	(void)state;
	program_says(H "topology --measure --budget 3s --seed 5 -o core", "seed 5");
	assert_true(support_exists(support_path(&program.dir, "here/core/coherence.csv")));
	program_says("head -1 core/coherence.csv", "pu_a,pu_b,class,min_ns,median_ns,n,reason\n");
	/* a busy machine may keep the two processors apart for all of a short time */
	for (int s = 1; s < 60 && code != RC_FINE; s *= 4) {
		snprintf(line, sizeof(line), H "topology --measure --budget %ds --format csv", s);
		code = program_finish(program_start(line));
	}
	assert_int_equal(code, RC_FINE);
	assert_non_null(strstr(program.out, "pu_a,pu_b,"));
	if (!strstr(program.out, ",0,"))
		assert_null(strstr(program.out, "budget"));
}

static void topology_measures_what_it_can(void **state)
{
	char line[128];
	cpu_set_t set;
	unsigned cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	snprintf(line, sizeof(line), "taskset -c %u " H "topology --measure -o one", cpu);
	program_says(line, "one PU makes no pair");
	assert_non_null(strstr(program.err, "nothing to draw"));
	if (CPU_COUNT(&set) < 2)
		return;
	program_ends(H "topology --measure --budget 1us --format csv > few", RC_NOTHING);
	program_says("cat few", "the budget was spent before its turn\n");
}

static void topology_refuses_to_measure_what_is_not_there(void **state)
{
	(void)state;
	program_refuses(H "topology --out r", "belong to --measure");
	program_refuses(H "topology --budget 3s", "belong to --measure");
	program_refuses(H "topology --measure --synthetic 'core:2 pu:1'", "not this machine");
	program_refuses(H "topology --measure --format xml", "text and csv");
	program_refuses(H "topology --measure --budget 5", "--budget");
	program_ends(H "topology --measure --budget 1s -o /proc/nowhere/x", RC_USAGE);
	assert_non_null(strstr(program.err, "cannot make /proc/nowhere/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(run_takes_as_many_pairs_as_each_class_has),
		PROGRAM_TEST(topology_shows_the_pairs_that_run_takes),
		PROGRAM_TEST(run_refuses_pairs_that_say_nothing),
		PROGRAM_TEST(rank_says_how_far_pairs_lie_apart),
		PROGRAM_TEST(rows_say_what_their_memory_was),
		PROGRAM_TEST(topology_measures_all_pairs_and_leaves_a_picture),
		PROGRAM_TEST(topology_measures_what_it_can),
		PROGRAM_TEST(topology_refuses_to_measure_what_is_not_there),
	};

	program_find();
	return cmocka_run_group_tests_name("depth", tests, NULL, NULL);
}
