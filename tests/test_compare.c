/* `handoff compare` and `handoff baseline`, the real program on runs made here. */
#include <math.h>

#include "bench/campaign_set.h"
#include "bench/judged.h"
#include "tests/compare_scene.h"
#include "tests/support.h"

#define COMPARE H "compare --no-kept "

enum { RC_FINDING = 1, RC_INCONCLUSIVE = 4 };

static const struct scene usual;

static void read_judgement(struct judgement *j, const char *name)
{
	char path[2 * SUPPORT_PATH], err[400] = "";

	snprintf(path, sizeof(path), "%s/%s", program.here, name);
	if (judged_read(j, path, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

/* ---- verdicts ------------------------------------------------------------------------ */

static void compare_names_exactly_what_became_slower(void **state)
{
	struct judgement j;

	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 2});
	scene_says(COMPARE "-o j.csv " SCENE_SIX_THREE, RC_FINDING, "verdict=FAIL regressed=2 ");
	read_judgement(&j, "j.csv");
	assert_int_equal(j.mode, JUDGED_STORED);
	assert_int_equal(j.count[JUDGED_REGRESSED], 4); /* throughput and p50 of two cells */
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(j.row[i].verdict, JUDGED_REGRESSED);
		assert_true(
			strstr(j.row[i].cell, "size=64&") || strstr(j.row[i].cell, "size=128&"));
		assert_true(j.row[i].lo > 1.2 && j.row[i].lo < j.row[i].ratio &&
			    j.row[i].ratio < j.row[i].hi && j.row[i].hi < 1.4);
		assert_true(j.row[i].q < 0.05 && j.row[i].pairs == 9);
	}
	judged_free(&j);
}

static void compare_is_green_on_campaigns_of_the_same_thing(void **state)
{
	(void)state;
	scene_six_three(&usual);
	scene_says(COMPARE SCENE_SIX_THREE, RC_FINE, "verdict=PASS regressed=0 ");
}

static void compare_tells_improvements_and_does_not_fail(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = -0.3, .slowed = 2});
	scene_says(COMPARE SCENE_SIX_THREE, RC_FINE, "regressed=0 improved=2 ");
}

static void compare_of_two_runs_gives_ratios_and_never_a_verdict(void **state)
{
	(void)state;
	scene_run("a", 1, &usual);
	scene_run("b", 2, &(struct scene){.slow = 4, .slowed = 3, .binary = "bbbb"});
	scene_says(COMPARE "a b", RC_INCONCLUSIVE, "BASE has 1 of 6 campaigns");
	assert_non_null(strstr(program.out, "NEW has 1 of 3 campaigns"));
	assert_non_null(strstr(program.out, "not of 3 boots or 3 h"));
	assert_non_null(strstr(program.out, " 5.0")); /* the ratio */
	assert_null(strstr(program.out, "REGRESSED"));
	scene_says(COMPARE "--advisory a b", RC_FINE, "verdict=");
}

static void compare_of_campaigns_within_an_hour_decides_nothing(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = 2, .slowed = 2});
	program_ends("sed -i 's/^boot_id,.*/boot_id,one,/' b1/environment.csv b2/environment.csv "
		     "b3/environment.csv b4/environment.csv b5/environment.csv b6/environment.csv",
		RC_FINE);
	program_ends(COMPARE SCENE_SIX_THREE, RC_FINDING); /* one boot, but five hours */
	program_ends("sed -i 's/T..:00/T00:00/' b1/samples.csv b2/samples.csv b3/samples.csv "
		     "b4/samples.csv b5/samples.csv b6/samples.csv",
		RC_FINE);
	scene_says(COMPARE SCENE_SIX_THREE, RC_INCONCLUSIVE, "BASE is of 1 boot and 0.0 h");
}

static void compare_flags_what_slowed_all_cells_when_controls_stood_still(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.all = 0.12});
	scene_says(COMPARE SCENE_SIX_THREE, RC_FINDING, "suite=slower");
}

static void compare_does_not_blame_mechanisms_for_a_machine_that_moved(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.all = 0.12, .machine = 0.12, .slow = 1, .slowed = 1});
	scene_says(COMPARE SCENE_SIX_THREE, RC_INCONCLUSIVE, "the machine moved");
	assert_null(strstr(program.out, "REGRESSED"));
	assert_non_null(strstr(program.out, "atomic +12.0 %"));
}

static void compare_without_controls_does_not_say_who_moved(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.all = 0.12});
	program_ends("rm n1/floors.csv n2/floors.csv n3/floors.csv", RC_FINE);
	scene_says(COMPARE SCENE_SIX_THREE, RC_INCONCLUSIVE, "without controls");
	assert_non_null(strstr(program.out, "suite=ok"));
}

static void compare_tells_trials_that_were_interrupted(void **state)
{
	(void)state;
	scene_run("a", 1, &usual);
	scene_run("b", 2, &(struct scene){.status = "interrupted"});
	scene_says(COMPARE "a b", RC_INCONCLUSIVE, "b: 1 of its trials were interrupted");
	scene_says(H "baseline save --no-kept x b", RC_FINDING, "is not finished");
}

static void compare_leaves_out_a_campaign_of_base_that_lies_apart(void **state)
{
	(void)state;
	scene_six_three(&usual);
	scene_run("b7", 9, &(struct scene){.all = 0.5});
	scene_says(COMPARE "b7 " SCENE_SIX_THREE, RC_FINE, "left out: b7");
}

static void compare_fails_on_missing_cells_unless_they_are_allowed(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.without = 2});
	scene_says(COMPARE SCENE_SIX_THREE, RC_NOTHING, "MISSING");
	scene_says(COMPARE "--allow-missing 'channel/p*' " SCENE_SIX_THREE, RC_FINE, "PASS");
	scene_says(COMPARE "--allow-missing '*size=768*' " SCENE_SIX_THREE, RC_NOTHING, "MISSING");
	scene_says(COMPARE "n1 n2 n3 -- b1 b2 b3", RC_INCONCLUSIVE, "NEW ");
}

static void compare_tells_what_breaks_in_new_only(void **state)
{
	struct scene s = {.status = "crash", .binary = "bbbb"};

	(void)state;
	scene_runs("b", 6, 0, &usual);
	scene_runs("n", 3, 100, &s);
	scene_says(COMPARE SCENE_SIX_THREE, RC_FINDING, "crash");
}

/* One of 36 is below what is let pass, unless nothing is. */
static void compare_strictly_wants_every_metric_settled(void **state)
{
	char path[2 * SUPPORT_PATH];

	(void)state;
	scene_six_three(&usual);
	(void)snprintf(path, sizeof(path), "%s/blank", program.here);
	support_text(path,
		"for f in n1 n2; do\n"
		"awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++)\n"
		"if ($i == \"lat_p50_ns\") c = i } NR > 1 && /size=768&/ { $c = \"\" } 1' "
		"$f/samples.csv >x\n"
		"mv x $f/samples.csv\ndone\n");
	program_ends("sh blank", RC_FINE);
	scene_says(COMPARE SCENE_SIX_THREE, RC_FINE, " inconclusive=1 ");
	scene_says(COMPARE "--strict " SCENE_SIX_THREE, RC_INCONCLUSIVE,
		"only 6 campaigns of BASE and 1 of NEW have it");
}

static size_t lines_with(const char *text, const char *words)
{
	size_t n = 0;

	for (; (text = strstr(text, words)) != NULL; text += strlen(words))
		n++;
	return n;
}

static void compare_says_how_many_rows_it_left_out(void **state)
{
	(void)state;
	scene_six_three(&usual);
	scene_says(COMPARE "--top 3 " SCENE_SIX_THREE, RC_FINE, "... and 33 more rows");
	assert_int_equal(lines_with(program.out, "\nOK "), 3);
	program_ends(COMPARE "--top 0 " SCENE_SIX_THREE, RC_FINE);
	assert_int_equal(lines_with(program.out, "\nOK "), 36);
	assert_null(strstr(program.out, " more rows"));
}

static void compare_below_its_minimum_says_what_it_could_have_seen(void **state)
{
	char *line, *save = NULL;
	size_t open = 0;

	(void)state;
	scene_runs("b", 3, 0, &usual);
	scene_runs("n", 2, 100, &(struct scene){.binary = "bbbb"});
	program_ends(COMPARE "b1 b2 b3 -- n1 n2", RC_INCONCLUSIVE);
	for (line = strtok_r(program.out, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, "; needs about"))
			continue;
		open++;
		assert_int_equal(lines_with(line, "needs about"), 1);
		assert_int_equal(lines_with(line, " campaigns a side; would have seen "), 1);
	}
	assert_true(open >= 10);
}

static void compare_gives_the_same_bytes_for_the_same_input(void **state)
{
	char *first;

	(void)state;
	scene_six_three(&(struct scene){.slow = 0.1, .slowed = 3});
	program_ends(COMPARE "-o a.csv --top 1000 " SCENE_SIX_THREE, RC_FINDING);
	first = strdup(program.out);
	program_ends(COMPARE "-o b.csv --top 1000 " SCENE_SIX_THREE, RC_FINDING);
	assert_string_equal(first, program.out);
	free(first);
	program_ends("cmp a.csv b.csv", RC_FINE);
}

/* ---- comparable ------------------------------------------------------------------------ */

static void compare_refuses_another_machine_with_the_list_of_differences(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.kernel = "6.2"});
	scene_says(COMPARE SCENE_SIX_THREE, RC_NOTHING, "differ in kernel: 6.1, 6.2");
	assert_string_equal(program.out, "");
	scene_says(COMPARE "--under-test kernel " SCENE_SIX_THREE, RC_FINE, "PASS");
	assert_non_null(strstr(program.out, "(under test)")); /* getppid is the kernel's */
	scene_says(COMPARE "--under-test libc " SCENE_SIX_THREE, RC_NOTHING, "kernel");
	scene_says(
		COMPARE "--under-test kernle " SCENE_SIX_THREE, RC_USAGE, "did you mean kernel?");
	program_ends("sed -i 's/0x1/0x2/; s/6.2/6.1/' n1/environment.csv n2/environment.csv "
		     "n3/environment.csv",
		RC_FINE);
	scene_says(COMPARE SCENE_SIX_THREE, RC_FINE, "note: b1 and n1 differ in microcode");
}

static void compare_of_bare_files_decides_nothing(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = 1, .slowed = 1, .bare = true});
	scene_says(COMPARE SCENE_SIX_THREE, RC_INCONCLUSIVE, "no environment.csv");
	program_ends("sed -i 's/,vm,/,other,/' n1/samples.csv", RC_FINE);
	scene_says(COMPARE SCENE_SIX_THREE, RC_NOTHING, "differ in host: vm, other");
}

static void compare_takes_each_run_once_and_knows_its_sides(void **state)
{
	(void)state;
	scene_runs("b", 3, 0, &usual);
	scene_says(COMPARE "b1 b1 -- b2", RC_USAGE, "given twice");
	scene_says(COMPARE "b1 -- b1/samples.csv", RC_USAGE, "given twice");
	scene_says(COMPARE "b1 b2 b3", RC_USAGE, "BASE... -- NEW...");
	scene_says(COMPARE "-- b1 b2", RC_USAGE, "BASE... -- NEW...");
	scene_says(COMPARE "b1 -- none", RC_USAGE, "none");
	scene_says(COMPARE "--strict --advisory b1 -- b2", RC_USAGE, "opposites");
	scene_says(COMPARE ". -- b2", RC_USAGE, "no run is there");
}

/* ---- kept campaigns ---------------------------------------------------------------------- */

static void keep(const char *name)
{
	struct campaign c;
	char path[CAMPAIGN_PATH], err[400] = "", here[SUPPORT_PATH];

	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(program.here), 0);
	if (campaign_read(&c, name, err, sizeof(err)) || campaign_keep(&c, path, err, sizeof(err)))
		fail_msg("%s", err);
	campaign_free(&c);
	assert_int_equal(chdir(here), 0);
}

static void compare_reaches_its_minimum_by_kept_campaigns(void **state)
{
	char name[16];

	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 1});
	for (int i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), "%c%d", i > 6 ? 'n' : 'b', i > 6 ? i - 6 : i);
		keep(name);
	}
	scene_says(H "compare b6 -- n3", RC_FINDING, "BASE: with 5 kept campaigns");
	assert_non_null(strstr(program.out, "NEW: with 2 kept campaigns"));
	assert_non_null(strstr(program.out, "regressed=1 "));
	program_ends(COMPARE "b6 -- n3", RC_INCONCLUSIVE);
}

/* What was found, without the names of what was compared; free() it. */
static char *table(void)
{
	const char *from = strstr(program.out, "controls:"),
		   *to = strstr(program.out, "\nhandoff: ");

	assert_true(from && to && from < to);
	return strndup(from, (size_t)(to - from));
}

static void kept_campaigns_say_what_the_run_said(void **state)
{
	char *before, *after;

	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 1});
	program_ends(COMPARE "--top 999 " SCENE_SIX_THREE, RC_FINDING);
	before = table();
	for (int i = 1; i <= 3; i++)
		keep(i == 1 ? "n1" : i == 2 ? "n2" : "n3");
	program_ends("rm -r n1 n2 n3", RC_FINE);
	program_ends(COMPARE "--top 999 b1 b2 b3 b4 b5 b6 -- results/campaigns/*", RC_FINDING);
	after = table();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void the_last_fifteen_campaigns_are_kept(void **state)
{
	char name[8];

	(void)state;
	for (unsigned i = 0; i < 17; i++) {
		snprintf(name, sizeof(name), "r%02u", i);
		scene_run(name, i, &usual);
		keep(name);
	}
	program_ends("test $(ls results/campaigns/*/*.csv | wc -l) = 15 -a ! -e "
		     "results/campaigns/*/r01.csv -a -e results/campaigns/*/r02.csv",
		RC_FINE);
}

static void a_run_keeps_its_campaign_unless_told_not_to(void **state)
{
	static const char run[] =
		"run -m channel/pipe -w stream -d thread -s 64 -p nearest --reps 1 "
		"--trial-ms 1 --no-report --repeat-noisy no";
	char line[400];

	(void)state;
	program_need_processes();
	snprintf(line, sizeof(line), H "%s --no-keep", run);
	if (program_finish(program_start(line)) == RC_USAGE)
		skip_because("this build may not measure into results/");
	program_ends("test ! -e results/campaigns", RC_FINE);
	snprintf(line, sizeof(line), "env HANDOFF_NO_KEEP=1 " H "%s", run);
	program_ends(line, RC_FINE);
	program_ends("test ! -e results/campaigns", RC_FINE);
	snprintf(line, sizeof(line), H "%s", run);
	program_ends(line, RC_FINE);
	program_ends("test $(ls results/campaigns/*/*.csv | wc -l) = 1", RC_FINE);
	scene_says(H "compare results/campaigns/* -- results/latest", RC_USAGE, "given twice");
}

/* ---- baselines ----------------------------------------------------------------------------- */

#define SAVE H "baseline save --no-kept old b1 b2 b3 b4 b5 b6"

static void a_baseline_is_saved_listed_shown_verified_and_compared_with(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 1});
	scene_says(SAVE, RC_FINE, "6 campaigns, 0 in quarantine");
	scene_says(SAVE, RC_USAGE, "is there already");
	scene_says(SAVE " --replace", RC_FINE, "6 campaigns");
	scene_says(H "baseline list", RC_FINE, "old                   6 campaigns");
	scene_says(H "baseline show old", RC_FINE, "binary_id        aaaa");
	assert_non_null(strstr(program.out, "seed 6"));
	scene_says(H "baseline verify old n1", RC_FINE, "comparable");
	scene_says(COMPARE "results/baselines/old -- n1 n2 n3", RC_FINDING, "regressed=1 ");
	scene_says(H "baseline verify old", RC_NOTHING, "this machine differ in cpu_model");
	program_ends("sed -i 's/6.1/6.3/' n1/environment.csv", RC_FINE);
	scene_says(H "baseline verify old n1", RC_NOTHING, "differ in kernel: 6.1, 6.3");
	scene_says(H "baseline verify --under-test kernel old n1", RC_FINE, "comparable");
}

static void a_baseline_that_was_changed_is_told(void **state)
{
	(void)state;
	scene_runs("b", 6, 0, &usual);
	program_ends(SAVE, RC_FINE);
	program_ends("cp results/baselines/old/b2.csv kept", RC_FINE);
	program_ends("sed -i 's/,fact,/,fact,/; $d' results/baselines/old/b2.csv", RC_FINE);
	scene_says(H "baseline verify old", RC_USAGE, "b2.csv is not what was saved");
	program_ends("rm results/baselines/old/b2.csv", RC_FINE);
	scene_says(H "baseline verify old", RC_USAGE, "b2.csv: No such file");
	program_ends("cp kept results/baselines/old/b2.csv", RC_FINE);
	scene_says(H "baseline verify old b1", RC_FINE, "comparable");
	program_ends("cp kept results/baselines/old/more.csv", RC_FINE);
	scene_says(H "baseline verify old b1", RC_USAGE, "does not name");
}

static void a_baseline_of_a_red_run_needs_a_reason(void **state)
{
	(void)state;
	scene_runs("b", 5, 0, &usual);
	scene_run("b6", 5, &(struct scene){.status = "fail"});
	scene_says(SAVE, RC_FINDING, "b6: channel/pipe/pingpong");
	program_ends("test ! -e results/baselines/old", RC_FINE);
	scene_says(SAVE " --accept 'channel/pipe/pingpong?domain=thread&size=64&placement=nearest"
			"&wait=block&capacity=1024=known since spring'",
		RC_FINE, "6 campaigns");
	scene_says(H "baseline show old", RC_FINE, "known since spring");
	scene_says(SAVE " --replace --accept nonsense=x", RC_FINDING, "b6");
	program_ends("rm -r b6", RC_FINE);
	scene_run("b6", 5, &usual);
	scene_says(SAVE " --replace --accept nonsense=x", RC_USAGE, "name no cell that failed");
}

#define CELL_64                                                                                    \
	"channel/pipe/pingpong?domain=thread&size=64&placement=nearest&wait=block&capacity=1024"

/* The new kernel is what made it slower; a user would not notice any more. */
static void a_baseline_of_what_became_slower_needs_a_reason(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 1, .kernel = "6.2"});
	program_ends(SAVE, RC_FINE);
	scene_says(H "baseline save --no-kept slow n1 n2 n3", RC_FINDING,
		"against results/baselines/old: " CELL_64 ": REGRESSED: throughput: ");
	program_ends("test ! -e results/baselines/slow", RC_FINE);
	scene_says(H "baseline save --no-kept slow n1 n2 n3 --accept '" CELL_64
		     "=the mitigation costs that'",
		RC_FINE, "3 campaigns");
	scene_says(H "baseline show slow", RC_FINE, "the mitigation costs that");
	scene_says(H "baseline save --no-kept --replace old n1 n2 n3", RC_FINDING,
		"against results/baselines/old: ");
	/* the newest one is of the same */
	program_ends(
		"sed -i 's/^saved_utc,..../saved_utc,2999/' results/baselines/slow/baseline.csv",
		RC_FINE);
	scene_says(H "baseline save --no-kept newer n1 n2 n3", RC_FINE, "3 campaigns");
	program_ends(
		"sed -i 's/^saved_utc,..../saved_utc,1999/' results/baselines/slow/baseline.csv "
		"results/baselines/newer/baseline.csv",
		RC_FINE);
	scene_says(H "baseline save --no-kept again n1 n2 n3", RC_FINDING,
		"against results/baselines/old: ");
}

static void a_baseline_of_a_slower_whole_needs_a_reason(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.all = 0.12});
	program_ends(SAVE, RC_FINE);
	scene_says(H "baseline save --no-kept new n1 n2 n3", RC_FINDING,
		": all: all cells together became ");
	scene_says(H "baseline save --no-kept new n1 n2 n3 --accept 'all=a new hypervisor'",
		RC_FINE, "3 campaigns");
}

static void a_baseline_is_refused_where_compare_left_a_red_judgement(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 1});
	program_ends(COMPARE "-o n1 " SCENE_SIX_THREE, RC_FINDING);
	scene_says(H "baseline save --no-kept new n1 n2 n3", RC_FINDING,
		"n1/judgement.csv: " CELL_64 ": REGRESSED");
	program_ends("echo x >>n1/judgement.csv", RC_FINE);
	scene_says(H "baseline save --no-kept new n1 n2 n3", RC_USAGE, "n1/judgement.csv:");
	program_ends("rm n1/judgement.csv", RC_FINE);
	program_ends(H "baseline save --no-kept new n1 n2 n3", RC_FINE);
}

/* Nobody can say whether it is slower; that does not stand in the way, but is said. */
static void a_baseline_that_cannot_be_held_against_the_last_is_saved_with_a_note(void **state)
{
	(void)state;
	scene_six_three(&(struct scene){.slow = 0.3, .slowed = 1});
	program_ends(SAVE, RC_FINE);
	scene_says(H "baseline save --no-kept two n1 n2", RC_FINE,
		"note: whether it is slower than results/baselines/old is not known");
	program_ends("rm -r results/baselines/two", RC_FINE);
	program_ends("sed -i 's/A processor/Another/' n1/environment.csv n2/environment.csv "
		     "n3/environment.csv",
		RC_FINE);
	scene_says(H "baseline save --no-kept other n1 n2 n3", RC_FINE,
		"note: so it was not held against results/baselines/old");
	assert_non_null(strstr(program.err, "differ in cpu_model"));
	program_ends("rm -r results/baselines/other", RC_FINE);
	scene_says(H "baseline save --no-kept --under-test cpu other n1 n2 n3", RC_FINDING,
		"REGRESSED");
	scene_says(H "baseline save --under-test cup other n1", RC_USAGE, "did you mean cpu");
}

static void a_baseline_is_not_comparable_with_a_run_that_lacks_its_cells(void **state)
{
	(void)state;
	scene_runs("b", 6, 0, &usual);
	scene_run("n1", 100, &(struct scene){.without = 2});
	program_ends(SAVE, RC_FINE);
	scene_says(H "baseline verify old n1", RC_NOTHING, "n1 has no cell channel/p");
	assert_int_equal(lines_with(program.err, " has no cell "), 2);
	program_ends(H "baseline save --no-kept few n1", RC_FINE);
	scene_says(H "baseline verify few b1", RC_FINE, "note: results/baselines/few");
}

static void a_campaign_that_lies_apart_goes_to_quarantine(void **state)
{
	(void)state;
	scene_runs("b", 5, 0, &usual);
	scene_run("b6", 5, &(struct scene){.all = 0.4});
	scene_says(SAVE, RC_FINE, "quarantined: b6");
	program_ends("test -e results/baselines/old/quarantine/b6.csv -a ! -e "
		     "results/baselines/old/b6.csv",
		RC_FINE);
	scene_says(H "baseline verify old b1", RC_FINE, "5 campaigns");
}

static void a_baseline_is_of_one_machine_one_build_and_one_matrix(void **state)
{
	(void)state;
	scene_runs("b", 5, 0, &usual);
	scene_run("b6", 5, &(struct scene){.kernel = "6.2"});
	scene_says(SAVE, RC_NOTHING, "differ in kernel");
	program_ends("rm -r b6", RC_FINE);
	scene_run("b6", 5, &(struct scene){.binary = "bbbb"});
	scene_says(SAVE, RC_NOTHING, "differ in binary_id");
	program_ends("rm -r b6", RC_FINE);
	scene_run("b6", 5, &(struct scene){.without = 1});
	scene_says(SAVE, RC_NOTHING, "differ in their cells");
	program_ends("rm -r b6", RC_FINE);
	scene_run("b6", 5, &(struct scene){.bare = true});
	scene_says(SAVE, RC_USAGE, "no environment.csv");
	scene_says(H "baseline save ../x b1", RC_USAGE, "is no name");
	scene_says(H "baseline frob", RC_USAGE, "verify NAME");
	scene_says(H "baseline list", RC_FINE, "no baseline");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(compare_names_exactly_what_became_slower),
		PROGRAM_TEST(compare_is_green_on_campaigns_of_the_same_thing),
		PROGRAM_TEST(compare_tells_improvements_and_does_not_fail),
		PROGRAM_TEST(compare_of_two_runs_gives_ratios_and_never_a_verdict),
		PROGRAM_TEST(compare_of_campaigns_within_an_hour_decides_nothing),
		PROGRAM_TEST(compare_flags_what_slowed_all_cells_when_controls_stood_still),
		PROGRAM_TEST(compare_does_not_blame_mechanisms_for_a_machine_that_moved),
		PROGRAM_TEST(compare_without_controls_does_not_say_who_moved),
		PROGRAM_TEST(compare_tells_trials_that_were_interrupted),
		PROGRAM_TEST(compare_leaves_out_a_campaign_of_base_that_lies_apart),
		PROGRAM_TEST(compare_fails_on_missing_cells_unless_they_are_allowed),
		PROGRAM_TEST(compare_tells_what_breaks_in_new_only),
		PROGRAM_TEST(compare_strictly_wants_every_metric_settled),
		PROGRAM_TEST(compare_says_how_many_rows_it_left_out),
		PROGRAM_TEST(compare_below_its_minimum_says_what_it_could_have_seen),
		PROGRAM_TEST(compare_gives_the_same_bytes_for_the_same_input),
		PROGRAM_TEST(compare_refuses_another_machine_with_the_list_of_differences),
		PROGRAM_TEST(compare_of_bare_files_decides_nothing),
		PROGRAM_TEST(compare_takes_each_run_once_and_knows_its_sides),
		PROGRAM_TEST(compare_reaches_its_minimum_by_kept_campaigns),
		PROGRAM_TEST(kept_campaigns_say_what_the_run_said),
		PROGRAM_TEST(the_last_fifteen_campaigns_are_kept),
		PROGRAM_TEST(a_run_keeps_its_campaign_unless_told_not_to),
		PROGRAM_TEST(a_baseline_is_saved_listed_shown_verified_and_compared_with),
		PROGRAM_TEST(a_baseline_that_was_changed_is_told),
		PROGRAM_TEST(a_baseline_of_a_red_run_needs_a_reason),
		PROGRAM_TEST(a_baseline_of_what_became_slower_needs_a_reason),
		PROGRAM_TEST(a_baseline_of_a_slower_whole_needs_a_reason),
		PROGRAM_TEST(a_baseline_is_refused_where_compare_left_a_red_judgement),
		PROGRAM_TEST(a_baseline_that_cannot_be_held_against_the_last_is_saved_with_a_note),
		PROGRAM_TEST(a_baseline_is_not_comparable_with_a_run_that_lacks_its_cells),
		PROGRAM_TEST(a_campaign_that_lies_apart_goes_to_quarantine),
		PROGRAM_TEST(a_baseline_is_of_one_machine_one_build_and_one_matrix),
	};

	program_find();
	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
