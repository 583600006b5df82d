/* scripts/cross-check: other tools beside handoff; with stand-ins whose figures are known. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/program.h"

enum { LINE = 1000, PATIENCE = 2000, NAP_NS = 5000000 };

#define SAYS "#!/bin/sh\necho "

static bool can_run;

/* $D/bin/NAME, which comes before all others of that name. */
static void stand_in(const char *name, const char *text)
{
	char path[SUPPORT_PATH + 64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/bin/%s", program.dir.path, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0700), 0);
}

/* A handoff whose every trial takes 3000 ns, and a perf whose round trips take 6 us. */
static int make_stand_ins(void **state)
{
	int rc = program_setup(state);

	if (rc != 0 || mkdir(support_path(&program.dir, "bin"), 0700) != 0)
		return -1;
	stand_in("handoff", "#!/bin/sh\n"
			    "if [ $1 = list ]; then\n"
			    "	printf 'MECHANISM\\nchannel/pipe x\\nevent/semaphore x\\n'\n"
			    "	exit\n"
			    "fi\n"
			    "echo \"$@\" >> \"$(dirname \"$0\")/../words\"\n"
			    "while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\n"
			    "mkdir $out\n"
			    "printf 'key,value,reason\\ncpu_model,Some CPU,\\n' "
			    "> $out/environment.csv\n"
			    "printf 'status,reason,elapsed_ns,ops,lat_mean_ns,lat_p50_ns\\n"
			    "ok,,9000,3,3000,2000\\n' > $out/samples.csv\n");
	stand_in("perf", SAYS "6.0 usecs/op\n");
	return 0;
}

static void need_tools(void)
{
	program_need_no_asan("nothing here is C");
	if (can_run)
		return;
	skip_because("python3 or taskset is not installed");
}

/* The line that runs the script with these words. */
static const char *check(const char *words)
{
	static char line[LINE];

	need_tools();
	(void)snprintf(line, sizeof(line),
		"env PATH=\"$D/bin:$PATH\" \"$HANDOFF_SHARE/scripts/cross-check\" "
		"--handoff \"$D/bin/handoff\" %s",
		words);
	return line;
}

static void ratios_have_their_interval_and_no_reason_is_made_up(void **state)
{
	(void)state;
	program_says(check("--only perf-pipe-process --rounds 6 --out kept"),
		"| channel/pipe pingpong, process, 4 B | 6 | 6.00 us | 3.00 us | "
		"2.00 [2.00 .. 2.00] | no reason found yet |");
	program_says("cat kept/cross-check.csv",
		"perf,\"round trip of 4 B over two pipes, processes\",perf bench sched pipe -l "
		"40000,\"channel/pipe pingpong, process, 4 B\",6,6000,ns,3000,2.00,2.00,2.00,no "
		"reason found yet,interval95,one,");
	program_says("wc -l kept/pairs.csv", "7 ");
	program_says("cat kept/environment.csv", "cpu_model,Some CPU,");
	program_says("cat kept/environment.csv", "peer_linux-perf,");
}

static void under_six_pairs_the_bounds_are_a_range(void **state)
{
	(void)state;
	program_says(check("--only perf-pipe-process --rounds 5"), "2.00 range [2.00 .. 2.00] |");
}

/* Of two that are free to move, one has to be measured until both are where they stay. */
static void trials_are_as_long_as_was_asked_for_or_as_a_comparison_needs(void **state)
{
	(void)state;
	program_ends(check("--only perf-pipe-process --rounds 1 --trial-ms 70"), 0);
	program_says("cat ../words", "--trial-ms 70 ");
	program_ends(check("--only perf-pipe-free --rounds 1 --trial-ms 70"), 0);
	program_says("cat ../words", "--trial-ms 2000 ");
	program_ends(check("--only perf-pipe-free --rounds 1 --trial-ms 3000"), 0);
	program_says("cat ../words", "--trial-ms 3000 ");
}

static void figures_that_are_alike_need_no_reason(void **state)
{
	(void)state;
	stand_in("perf", SAYS "3.2 usecs/op\n");
	program_says(check("--only perf-pipe-process --rounds 2"),
		"| 3.20 us | 3.00 us | 1.07 range [1.07 .. 1.07] |  |");
}

/* Once 2 us, then 10 us for ever: the median ratio is 2, and may be 1. */
static void bounds_that_hold_one_are_not_separable(void **state)
{
	(void)state;
	stand_in("perf", "#!/bin/sh\n[ -e ran ] && us=10 || us=2\n"
			 "touch ran; echo $us.0 usecs/op\n");
	program_says(check("--only perf-pipe-process --rounds 2"),
		"2.00 range [0.667 .. 3.33] | not separable: the bounds hold 1 |");
}

static void work_without_a_cell_is_a_row_that_says_so(void **state)
{
	(void)state;
	stand_in("perf", SAYS "'Wokeup 2 of 2 threads in 0.0500 ms (+-1%)\n6.0 usecs/op'\n");
	program_says(check("--only perf-futex-wake --rounds 1"),
		"| perf | FUTEX_WAKE of one of two threads (both) | - |  | 25.0 us | - | - | "
		"no handoff cell yet: no mechanism is a bare futex |");
	stand_in("handoff", SAYS "\necho event/other x\n");
	program_says(check("--only perf-pipe-process --rounds 1"),
		"no handoff cell yet: no mechanism is called channel/pipe");
	stand_in("handoff", SAYS "\necho event/futex x\n");
	program_says(check("--only perf-futex-wake --rounds 1"), "event/futex has come");
}

static void tool_that_fails_is_a_row_with_its_last_words(void **state)
{
	(void)state;
	stand_in("perf", SAYS "broken; exit 5\n");
	program_ends(check("--only perf-pipe-process --rounds 2"), RC_NOTHING);
	assert_non_null(strstr(program.out, "| 2 runs failed, the last: exit code 5: broken |"));
	stand_in("perf", SAYS "nothing of use\n");
	program_ends(check("--only perf-pipe-process --rounds 1"), RC_NOTHING);
	assert_non_null(strstr(program.out, "gave no figure: nothing of use |"));
}

/* PATH with nothing but what the script itself needs. */
static void tool_that_is_missing_is_a_row_and_none_at_all_is_three(void **state)
{
	(void)state;
	need_tools();
	program_ends("sh -c 'rm \"$D/bin/perf\"; for t in python3 taskset sh env; do "
		     "ln -s \"$(command -v $t)\" \"$D/bin/\"; done'",
		RC_FINE);
	program_ends("python3 -c 'import os, sys; os.environ[\"PATH\"] = os.environ[\"D\"] + "
		     "\"/bin\"; os.execv(sys.executable, [sys.executable, os.environ["
		     "\"HANDOFF_SHARE\"] + \"/scripts/cross-check\", \"--handoff\", "
		     "os.environ[\"D\"] + \"/bin/handoff\", \"--only\", \"perf-pipe-process\"])'",
		RC_NOTHING);
	assert_non_null(strstr(program.out, "perf is not installed (Debian: linux-perf)"));
	assert_non_null(strstr(program.err, "no tool could run"));
}

static void what_cannot_be_measured_is_refused_first(void **state)
{
	(void)state;
	program_refuses(check("--only nothing"), "there is no such comparison");
	program_refuses(check("--handoff ./none"), "run make");
	program_refuses(check("--pus 0,0"), "different processors");
	program_refuses(check("--rounds 0"), "at least 1");
}

/* A tool that would run for ever: the script is stopped, and nothing is left. */
static void stopped_it_leaves_neither_processes_nor_files(void **state)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	pid_t pid;

	(void)state;
	stand_in("perf", "#!/bin/sh\ntouch began\nsleep 1000\n");
	assert_int_equal(mkdir(support_path(&program.dir, "tmp"), 0700), 0);
	assert_int_equal(setenv("TMPDIR", support_path(&program.dir, "tmp"), 1), 0);
	pid = program_start(check("--only perf-pipe-process --rounds 1"));
	assert_int_equal(unsetenv("TMPDIR"), 0);
	for (int i = 0; i < PATIENCE && access(support_path(&program.dir, "here/began"), F_OK); i++)
		nanosleep(&nap, NULL);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(program_finish_soon(pid, "SIGTERM"), RC_SIGNAL + SIGTERM);
	assert_int_equal(rmdir(support_path(&program.dir, "tmp")), 0);
	program_await_nobody("the script was stopped");
}

#define CHECK_TEST(f) cmocka_unit_test_setup_teardown(f, make_stand_ins, program_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(ratios_have_their_interval_and_no_reason_is_made_up),
		CHECK_TEST(under_six_pairs_the_bounds_are_a_range),
		CHECK_TEST(trials_are_as_long_as_was_asked_for_or_as_a_comparison_needs),
		CHECK_TEST(figures_that_are_alike_need_no_reason),
		CHECK_TEST(bounds_that_hold_one_are_not_separable),
		CHECK_TEST(work_without_a_cell_is_a_row_that_says_so),
		CHECK_TEST(tool_that_fails_is_a_row_with_its_last_words),
		CHECK_TEST(tool_that_is_missing_is_a_row_and_none_at_all_is_three),
		CHECK_TEST(what_cannot_be_measured_is_refused_first),
		CHECK_TEST(stopped_it_leaves_neither_processes_nor_files),
	};

	program_find();
	can_run = system("python3 -c 'import dataclasses' && command -v taskset > /dev/null") == 0;
	return cmocka_run_group_tests_name("cross_check", tests, NULL, NULL);
}
