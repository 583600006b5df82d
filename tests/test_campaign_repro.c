/* scripts/campaign-repro: campaigns that are added call by call, with the real program. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/program.h"

enum { LINE = 1000, PATIENCE = 12000, NAP_NS = 5000000, INCONCLUSIVE = 4 };

/* Two cells, four trials each, as short as can be. */
static const char tiny[] = "[matrix]\nreps = 4\ntrial = 1ms\n[a]\nmechanism = channel/pipe\n"
			   "workload = pingpong, stream\ndomain = thread\nsize = 64\n"
			   "placement = same-pu\n";

/* The same two cells for long enough to be stopped. */
static const char slow[] = "[matrix]\nreps = 4\ntrial = 100ms\n[a]\nmechanism = channel/pipe\n"
			   "workload = pingpong, stream\ndomain = thread\nsize = 64\n"
			   "placement = same-pu\n";

/* The line that runs the script with these words, campaigns in here/all. */
static const char *campaign(const char *words)
{
	static char line[LINE];

	(void)snprintf(line, sizeof(line),
		"\"$HANDOFF_SHARE/scripts/campaign-repro\" --dir all --handoff \"$H\" %s", words);
	return line;
}

static void write_matrix(const char *text)
{
	support_text(support_path(&program.dir, "here/tiny.ini"), text);
}

/* One more campaign, whatever the judgement of so little may be. */
static void measures(const char *words)
{
	int code = program_finish(program_start(campaign(words)));

	if (code != RC_FINE && code != INCONCLUSIVE && code != RC_NOTHING)
		fail_msg("exit code %d\n%s%s", code, program.out, program.err);
}

static void check_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("does not say \"%s\":\n%s", words, text);
}

static void check_campaigns(const char *wanted)
{
	program_says("sh -c 'ls -d all/c*/done | wc -l'", wanted);
}

static void each_call_adds_a_campaign_and_judges_all_pairs(void **state)
{
	(void)state;
	program_need_processes();
	write_matrix(tiny);
	measures("--matrix tiny.ini --min-gap 0s");
	check_says(program.err, "1 campaign: nothing to compare yet");
	/* the first one's matrix is kept: what stands there now is no matter */
	write_matrix("no matrix\n");
	measures("--min-gap 0s");
	check_says(program.out, "\nA and B, ");
	check_says(program.out, "same boot");
	check_says(program.out, " of 2 agree");
	check_says(program.err, "nothing could be ranked"); /* no two rows of one ranking */
	measures("--min-gap 0s");
	check_says(program.out, "\nB and C, ");
	check_campaigns("3");
	measures("--judge");
	check_says(program.out, "\nB and C, ");
	check_campaigns("3");
}

static void campaign_that_comes_too_early_waits_unless_the_machine_was_restarted(void **state)
{
	(void)state;
	program_need_no_asan("what is new here is no C");
	program_need_processes();
	write_matrix(tiny);
	measures("--matrix tiny.ini");
	program_ends(campaign(""), INCONCLUSIVE);
	check_says(program.err, "the next campaign of this boot is due on 2");
	check_campaigns("1");
	support_text(support_path(&program.dir, "here/boot"), "another\n");
	assert_int_equal(setenv("BOOT_ID_FILE", "boot", 1), 0);
	measures("");
	assert_int_equal(unsetenv("BOOT_ID_FILE"), 0);
	check_campaigns("2");
}

static void await_rows(void)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};

	for (int i = 0; i < PATIENCE; i++) {
		if (system("test \"$(cat \"$D\"/here/all/c*/samples.csv 2>/dev/null | wc -l)\" "
			   "-gt 2") == 0)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("no row after a long time");
}

static void campaign_that_was_stopped_is_gone_on_with(void **state)
{
	pid_t pid;

	(void)state;
	program_need_no_asan("what is new here is no C");
	program_need_processes();
	write_matrix(slow);
	pid = program_start(campaign("--matrix tiny.ini"));
	await_rows();
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(program_finish_soon(pid, "SIGTERM"), RC_SIGNAL + SIGTERM);
	check_says(program.err, "call again to go on");
	program_await_nobody("the script was stopped");
	check_campaigns("0");
	program_ends(campaign(""), INCONCLUSIVE);
	check_says(program.err, "going on with c01");
	check_campaigns("1");
	/* each cell in each block; noisy ones may have been repeated */
	program_says(
		"sh -c 'grep ,ok, all/c*/samples.csv | cut -d, -f5,24 | sort -u | wc -l'", "8");
}

static void what_would_mix_campaigns_is_refused(void **state)
{
	(void)state;
	program_need_processes();
	program_refuses(campaign("--min-gap soon"), "write 90s, 30m or 1h");
	program_refuses(campaign("--every-day"), "there is no option --every-day");
	program_refuses(campaign("--judge"), "there are no campaigns in all");
	write_matrix(tiny);
	measures("--matrix tiny.ini");
	program_ends(campaign("--reps 3"), RC_USAGE);
	check_says(program.err, "choose another --dir");
	check_campaigns("1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(each_call_adds_a_campaign_and_judges_all_pairs),
		PROGRAM_TEST(campaign_that_comes_too_early_waits_unless_the_machine_was_restarted),
		PROGRAM_TEST(campaign_that_was_stopped_is_gone_on_with),
		PROGRAM_TEST(what_would_mix_campaigns_is_refused),
	};

	program_find();
	return cmocka_run_group_tests_name("campaign_repro", tests, NULL, NULL);
}
