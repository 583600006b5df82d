/* scripts/noise-thresholds: marks counted, of trials whose quality is known; and once in earnest. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/program.h"

enum { LINE = 1000, FINDING = 1, INCONCLUSIVE = 4 };

static bool can_run;

/* A handoff whose runs have the rows of $D/rows, and nothing else; without that file it fails. */
static const char stand_in[] =
	"#!/bin/sh\n"
	"while [ $# -gt 0 ]; do [ \"$1\" = --out ] && out=$2; shift; done\n"
	"[ -e $D/rows ] || { echo no room for anything >&2; exit 3; }\n"
	"mkdir $out && cp $D/rows $out/samples.csv\n"
	"printf 'key,value,reason\\ncpu_model,Some CPU,\\n' > $out/environment.csv\n";

/* Trials of a run: so many clean, then so many that are noisy for this reason. */
static void rows(int clean, int noisy, const char *reason)
{
	FILE *f = fopen(support_path(&program.dir, "rows"), "we");

	assert_non_null(f);
	(void)fputs("status,cpus,quality,quality_reason,gap_before_ns\n", f);
	for (int i = 0; i < clean; i++)
		(void)fprintf(f, "ok,0 1,clean,,%d\n", 1000 + i);
	for (int i = 0; i < noisy; i++)
		(void)fprintf(f, "ok,0 1,noisy,%s,900000\n", reason);
	assert_int_equal(fclose(f), 0);
}

static void need_tools(void)
{
	if (can_run)
		return;
	skip_because("python3, pgrep or taskset is not installed");
}

/* The line that runs the script with these words, the stand-in as its program. */
static const char *thresholds(const char *words)
{
	static char line[LINE];

	program_need_no_asan("nothing here is C");
	need_tools();
	support_text(support_path(&program.dir, "stand-in"), stand_in);
	assert_int_equal(chmod(support_path(&program.dir, "stand-in"), 0700), 0);
	(void)snprintf(line, sizeof(line),
		"env D=\"$D\" HANDOFF_BIN=\"$D/stand-in\" PERF=\"$D/perf\" "
		"\"$HANDOFF_SHARE/scripts/noise-thresholds\" %s",
		words);
	return line;
}

static void says(const char *words)
{
	if (!strstr(program.out, words))
		fail_msg("does not say \"%s\":\n%s%s", words, program.out, program.err);
}

static void undisturbed_trials_may_be_marked_in_less_than_one_of_a_hundred(void **state)
{
	(void)state;
	rows(199, 1, "steal gap");
	program_ends(thresholds("--only calm"), RC_FINE);
	says("1 of 200 marked: 0.50 % [0.01 .. 2.75], wanted under 1 %: yes (gap 1, steal 1)");
	rows(99, 1, "steal");
	program_ends(thresholds("--only calm"), INCONCLUSIVE);
	says("1 of 100 marked: 1.00 % [0.03 .. 5.45], wanted under 1 %: no (steal 1)");
}

/* A perf that has seen three trials, one after the other; something else ran during the last. */
static const char stand_in_perf[] =
	"#!/bin/sh\n"
	"if [ $1 = record ]; then\n"
	"	while [ $1 != -- ]; do shift; done; shift; exec \"$@\"\n"
	"fi\n"
	"for i in 1 2 3; do\n"
	"	echo \" [000]  $i.0: sched:sched_process_fork: comm=handoff pid=9\"\\\n"
	"		\"child_comm=handoff child_pid=1$i\"\n"
	"	echo \" [000]  $i.1: sched:sched_process_fork: comm=exe pid=1$i\"\\\n"
	"		\"child_comm=exe child_pid=2$i\"\n"
	"	was=0\n"
	"	for run in 1$i/.1 2$i/.1001 8/.12 2$i/.1201 $([ $i = 3 ] && echo 8/.125) 2$i/.126 0/.13; do\n"
	"		echo \" [000]  $i${run#*/}: sched:sched_switch: prev_comm=x prev_pid=$was\"\\\n"
	"			\"prev_prio=120 prev_state=R ==> next_comm=y\"\\\n"
	"			\"next_pid=${run%/*} next_prio=120\"\n"
	"		was=${run%/*}\n"
	"	done\n"
	"done\n";

/*
 * Four trials of one worker that has its processor for 20 ms.  A clock looks at it every 0.5 ms; in
 * the second trial not for 1.5 ms, in the third it ran 0.6 ms after it was woken, in the fourth too,
 * while the runner was at work.
 */
static const char stand_in_perf_of_a_host[] =
	"#!/bin/sh\n"
	"if [ $1 = record ]; then\n"
	"	while [ $1 != -- ]; do shift; done; shift; exec \"$@\"\n"
	"fi\n"
	"exec awk 'function at(ms) { return sprintf(\" [001]  %.6f:\", i + ms / 1000) }\n"
	"function to(ms, from, pid) {\n"
	"	print at(ms), \"sched:sched_switch: prev_comm=x prev_pid=\" from,\n"
	"		\"prev_prio=120 prev_state=R ==> next_comm=y next_pid=\" pid, \"next_prio=120\"\n"
	"}\n"
	"BEGIN { for (i = 1; i <= 4; i++) {\n"
	"	print at(0), \"sched:sched_process_fork: comm=handoff pid=9 child_comm=handoff child_pid=1\" i\n"
	"	to(0.1, 0, \"1\" i)\n"
	"	if (i > 2) {\n"
	"		to(0.5, \"1\" i, i == 4 ? \"9\" : 0)\n"
	"		print at(0.6), \"sched:sched_waking: comm=x pid=1\" i \" prio=120 target_cpu=001\"\n"
	"		to(1.2, i == 4 ? \"9\" : 0, \"1\" i)\n"
	"	}\n"
	"	begin = i > 2 ? 1.2 : 0.1\n"
	"	for (t = begin + 0.5; t < 20; t += 0.5)\n"
	"		if (i != 2 || t < 10 || t > 11) print at(t), \"cpu-clock/period=500000/: \"\n"
	"	to(20, \"1\" i, 0)\n"
	"} }'\n";

static void use_perf(const char *text)
{
	support_text(support_path(&program.dir, "perf"), text);
	assert_int_equal(chmod(support_path(&program.dir, "perf"), 0700), 0);
}

static void trials_whose_processor_stood_still_were_not_alone(void **state)
{
	(void)state;
	use_perf(stand_in_perf_of_a_host);
	rows(2, 2, "away");
	program_ends(thresholds("--only calm --out kept"), INCONCLUSIVE);
	says("alone      1 of 2 marked: 50.00 %");
	program_says("cat kept/marks.csv", "; 2 had a processor that stood still\",,2,0,1,");
	assert_int_equal(remove(support_path(&program.dir, "perf")), 0);
}

static void trials_that_met_another_program_were_not_alone(void **state)
{
	(void)state;
	use_perf(stand_in_perf);
	rows(1, 2, "queue");
	program_ends(thresholds("--only calm --out kept"), INCONCLUSIVE);
	says("calm       2 of 3 marked: 66.67 % [9.43 .. 99.16] (queue 2)\n");
	says("alone      1 of 2 marked: 50.00 % [1.26 .. 98.74], wanted under 1 %: no (queue 1)\n");
	program_says("cat kept/marks.csv",
		"alone,\"nothing, no other program, no processor that stood still; 1 met another "
		"program\",,2,0,1,");
	rows(2, 1, "queue");
	program_ends(thresholds("--only calm"), RC_FINE);
	says("alone      0 of 2 marked: 0.00 %");
	assert_int_equal(remove(support_path(&program.dir, "perf")), 0);
}

static void disturbed_trials_are_all_marked_and_rightly_named(void **state)
{
	(void)state;
	rows(0, 10, "away stopped");
	program_ends(thresholds("--only stopped"), RC_FINE);
	says("10 of 10 marked with the right reason: 100.00 % [69.15 .. 100.00], wanted all: yes");
	rows(0, 10, "away");
	program_ends(thresholds("--only stopped"), FINDING);
	says("0 of 10 marked with the right reason: 0.00 % [0.00 .. 30.85], wanted all: no");
	rows(1, 9, "stopped");
	program_ends(thresholds("--only stopped"), FINDING);
}

static void marks_and_facts_are_kept_for_the_report(void **state)
{
	(void)state;
	rows(2, 8, "queue");
	program_ends(thresholds("--only '[cn]*' --out kept"), FINDING);
	program_says("cat kept/marks.csv",
		"condition,injected,right_reasons,trials,not_ok,marked,share_pct,low_pct,high_pct,"
		"wanted,as_wanted,reasons_named,absent\n"
		"calm,nothing,,10,0,8,80.00,44.39,97.48,under 1 %,no,queue 8,\n"
		"alone,\"nothing, no other program, no processor that stood still\",,0,,,,,,,,,"
		"\"perf may not trace the scheduler here, or is not installed\"\n"
		"neighbour,a busy process on one worker's CPU,gap or preempted or queue,10,0,8,");
	program_says("cat kept/facts.csv", "calm,gap_before_ns,10,900000,900000,900000,900000\n");
	program_says("cat kept/environment.csv", "cpu_model,Some CPU,");
}

static void condition_that_could_not_be_made_is_a_row_that_says_why(void **state)
{
	(void)state;
	program_ends(thresholds("--only calm --out kept"), RC_NOTHING);
	says("calm       not measured: no room for anything");
	program_ends("test -e kept", 1);
	program_ends(thresholds("--only nobody"), RC_USAGE);
	program_ends(thresholds("--reps 5"), RC_USAGE);
}

static void real_trials_have_all_the_facts(void **state)
{
	const char *line = "env HANDOFF_BIN=\"$H\" \"$HANDOFF_SHARE/scripts/noise-thresholds\" "
			   "--only calm --out kept 1";
	int code;

	(void)state;
	program_need_no_asan("what is new here is no C");
	program_need_processes();
	need_tools();
	code = program_finish(program_start(line));
	if (code != RC_FINE && code != INCONCLUSIVE)
		fail_msg("exit code %d\n%s%s", code, program.out, program.err);
	says(" of 20 marked: ");
	program_says(
		"cut -d, -f2 kept/facts.csv | tr '\\n' ' '", "fact steal_used_pct throttled_us ");
	program_says("cut -d, -f2 kept/facts.csv | tr '\\n' ' '",
		" gap_before_ns gap_after_ns involuntary_per_s queue_pct away_pct ");
	program_says("cat kept/environment.csv", "cpu_model,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(undisturbed_trials_may_be_marked_in_less_than_one_of_a_hundred),
		PROGRAM_TEST(trials_whose_processor_stood_still_were_not_alone),
		PROGRAM_TEST(trials_that_met_another_program_were_not_alone),
		PROGRAM_TEST(disturbed_trials_are_all_marked_and_rightly_named),
		PROGRAM_TEST(marks_and_facts_are_kept_for_the_report),
		PROGRAM_TEST(condition_that_could_not_be_made_is_a_row_that_says_why),
		PROGRAM_TEST(real_trials_have_all_the_facts),
	};

	program_find();
	can_run =
		system("for t in python3 pgrep taskset; do command -v $t >/dev/null || exit 1; done") ==
		0;
	return cmocka_run_group_tests_name("noise-thresholds", tests, NULL, NULL);
}
