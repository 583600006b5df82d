/*
 * Mechanisms from shared objects, made by scripts/plugin as a user would: listed, measured and
 * compared like those of the program; what is none, or was made for another program, is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/compiler.h"
#include "tests/ab_scene.h"
#include "tests/support.h"

enum { TRIES = 3 };

#define MAKE "env CFLAGS='-std=c17 -O0' \"$HANDOFF_SRC\"/scripts/plugin "
#define FIFO "\"$HANDOFF_SRC\"/primitives/channel/queue_fifo.c"

/* Round trips on one processor, of whatever the plugins hold. */
#define CELL "-w pingpong -d thread -p same-pu --trial-ms 2 --pairs 8 --seed 3 --out gate "

/* More than one command. */
static void in_shell(const char *line)
{
	setenv("LINE", line, 1);
	program_ends("sh -c \"$LINE\"", RC_FINE);
}

/* FILE.so: a copy of the textbook queue, changed by sed. */
static void compile(const char *file, const char *edits)
{
	char line[1200];

	snprintf(line, sizeof(line), "sed -e '%s' " FIFO " > %s.c && " MAKE "-o %s.so %s.c", edits,
		file, file, file);
	in_shell(line);
}

#define RENAMED "s/queue_fifo/other_queue/; s/queue-fifo/other-queue/"

/* What nearly every test has: made once, and copied. */
static struct support_dir made;

static int open_made(void **state)
{
	(void)state;
	support_open(&made);
	return 0;
}

static int close_made(void **state)
{
	(void)state;
	support_close(&made);
	return 0;
}

/* ../NAME.so */
static void make_plugin(const char *name, const char *edits)
{
	char line[600], file[80];

	if (strcmp(edits, RENAMED) != 0) {
		snprintf(file, sizeof(file), "../%s", name);
		compile(file, edits);
		return;
	}
	if (!support_exists(support_path(&made, "renamed.so")))
		compile(support_path(&made, "renamed"), edits);
	snprintf(line, sizeof(line), "cp %s ../%s.so", support_path(&made, "renamed.so"), name);
	in_shell(line);
}

static void a_mechanism_of_a_plugin_is_listed_and_measured_like_any_other(void **state)
{
	struct sample *row;
	size_t n, ok = 0;

	(void)state;
	make_plugin("other", RENAMED);
	program_says(H "--plugin ../other.so list", "channel/other-queue");
	program_says(H "--plugin ../other.so version", "other.so: channel/other-queue");
	program_ends_saying(
		H "run -m channel/other-queue --dry-run", RC_USAGE, "channel/other-queue");
	program_ends(H "--plugin ../other.so run -m channel/other-queue -w pingpong,stream "
		       "-d thread,process -p same-pu --trial-ms 2 --reps 1 --out r",
		RC_FINE);
	row = program_rows("r", &n);
	for (size_t i = 0; i < n; i++)
		ok += strcmp(row[i].status, "ok") == 0 &&
		      strcmp(row[i].mechanism, "channel/other-queue") == 0;
	assert_true(n >= 4);
	assert_int_equal(ok, n);
	free(row);
	program_ends("grep -q '^plugins,.*/other.so,' r/environment.csv", RC_FINE);
}

static void workers_that_are_started_anew_have_the_plugin_too(void **state)
{
	(void)state;
	make_plugin("other", RENAMED);
	program_ends("env HANDOFF_PLUGIN=$D/other.so " H
		     "run -m channel/other-queue -w pingpong -d process --start exec "
		     "-p same-pu --trial-ms 2 --reps 1 --out r",
		RC_FINE);
	program_ends("grep -q ',exec,.*,ok,' r/samples.csv", RC_FINE);
}

static void a_run_that_is_stopped_says_with_which_plugins_to_go_on(void **state)
{
	(void)state;
	program_need_no_asan("it takes dozens of trials");
	make_plugin("other", RENAMED);
	in_shell(H
		"--plugin ../other.so run -m channel/other-queue -w pingpong -d thread -p same-pu "
		"--trial-ms 300 --reps 90 --out r 2>said & p=$!; "
		"until test \"$(grep -c ,ok, r/samples.csv)\" -gt 0 2>&- || ! kill -0 $p; "
		"do sleep 0.05; done; kill -TERM $p; wait $p; "
		"test $? = 143 && "
		"grep -q \"HANDOFF_PLUGIN='.*/other.so' handoff run --resume\" said");
}

static void a_mechanism_of_a_plugin_takes_the_place_of_its_namesake(void **state)
{
	(void)state;
	make_plugin("same", "s/bounded queue: one mutex/another one altogether: one mutex/");
	program_says(H "list", "bounded queue: one mutex");
	in_shell("! " H "list | grep -q 'another one altogether'");
	program_says(H "--plugin ../same.so list", "another one altogether");
	in_shell(
		"test $(" H "list --csv | wc -l) = $(" H "--plugin ../same.so list --csv | wc -l)");
	program_says(H "--plugin=../same.so list", "another one altogether");
	in_shell("test \"$(" H "--plugin ../same.so version)\" = \"$(" H
		 "--plugin ../same.so --plugin ../same.so version)\"");
	in_shell("test \"$(" H "version | grep binary)\" != \"$(" H
		 "--plugin ../same.so version | grep binary)\"");
}

static void ab_tells_a_slower_plugin_from_the_same_one(void **state)
{
	bool same = false;

	(void)state;
	program_need_no_asan("it takes dozens of trials");
	make_plugin("old", RENAMED);
	make_plugin("slow", RENAMED
		"; s/return queue_put/for (volatile int i = 0; i < 30000; i++)\\n;\\n\\treturn queue_put/");
	program_ends_saying(H "ab " CELL "../old.so ../slow.so", 1, "verdict=FAIL");
	program_ends(
		"grep -q 'channel/other-queue/pingpong.*,throughput,.*REGRESSED' gate/judgement.csv",
		RC_FINE);
	in_shell("cp ../old.so ../twin.so");
	for (int i = 0; i < TRIES && !same; i++) { /* other programs may slow one of them down */
		in_shell("rm -r gate");
		program_ends(H "ab --advisory " CELL "../old.so ../twin.so", RC_FINE);
		same = strstr(program.out, "regressed=0") != NULL;
	}
	assert_true(same);
}

static void ab_goes_on_with_the_same_plugins_only(void **state)
{
	(void)state;
	program_need_no_asan("it takes dozens of trials");
	make_plugin("old", RENAMED);
	make_plugin("new", RENAMED);
	program_ends(H "ab --advisory " CELL "../old.so ../new.so", RC_FINE);
	program_ends_saying(H
		"ab --advisory -w pingpong -d thread -p same-pu --trial-ms 2 --pairs 8 "
		"--resume gate ../old.so ../new.so",
		RC_FINE, "regressed=0");
	make_plugin("new", RENAMED "; s/one mutex/another mutex/");
	program_ends(H "ab --advisory -w pingpong -d thread -p same-pu --trial-ms 2 --pairs 8 "
		       "--resume gate ../old.so ../new.so",
		RC_NOTHING);
	assert_non_null(strstr(program.err, "new_binary_id was"));
}

static void ab_decides_nothing_about_files_that_change_meanwhile(void **state)
{
	static const char *const changes[] = {
		"rm -f ../new.so", "cp ../old.so ../new.so", "touch ../new.so"};
	char line[600];

	(void)state;
	program_need_no_asan("it takes dozens of trials");
	make_plugin("old", RENAMED);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		make_plugin("new", RENAMED);
		snprintf(line, sizeof(line), H "ab --new-setup '%s' " CELL "../old.so ../new.so",
			changes[i]);
		program_ends(line, RC_NOTHING);
		assert_non_null(strstr(program.err, "was changed or removed"));
		program_ends("rm -r gate", RC_FINE);
	}
	program_ends("cp \"$H\" ../program", RC_FINE);
	program_ends(H "ab --new-setup 'touch ../program' -m lock/mutex -w uncontended -d thread "
		       "-p same-pu --trial-ms 2 --pairs 8 --out gate \"$H\" ../program",
		RC_NOTHING);
	assert_non_null(strstr(program.err, "was changed or removed"));
}

static void ab_says_that_a_plugin_is_no_fair_match_for_a_program(void **state)
{
	(void)state;
	program_need_no_asan("it takes dozens of trials");
	make_plugin("same", "s/one mutex/one mutex/");
	program_refuses(H "ab --new-env HANDOFF_PLUGIN=/x.so --out gate ../same.so ../same.so",
		"leave HANDOFF_PLUGIN out");
	program_refuses(H "selftest aa2 ../same.so", "name the relinked program");
	program_ends(H "ab --advisory " CELL "\"$H\" ../same.so", RC_FINE);
	assert_non_null(strstr(program.err, "compare a plugin with a plugin"));
}

static void ab_names_a_mechanism_that_only_one_plugin_has(void **state)
{
	(void)state;
	program_need_no_asan("it takes dozens of trials");
	make_plugin("old", RENAMED);
	make_plugin("new", "s/queue_fifo/new_queue/; s/queue-fifo/new-queue/");
	program_ends_saying(H "ab " CELL "../old.so ../new.so", RC_NOTHING, "missing=1");
	program_ends("grep -q 'channel/new-queue.*NEW' gate/judgement.csv", RC_FINE);
	program_ends("grep -q 'channel/other-queue.*MISSING' gate/judgement.csv", RC_FINE);
}

static void what_is_no_plugin_of_this_program_is_refused_before_anything_runs(void **state)
{
	(void)state;
	program_refuses(H "--plugin", "--plugin wants a file");
	program_refuses(H "--plugin ../nowhere.so list", "No such file");
	in_shell("echo text > ../text.so");
	program_refuses(H "--plugin ../text.so list", "text.so: ");
	program_refuses("env HANDOFF_PLUGIN=$D/text.so " H "list", "text.so: ");
	program_says("env HANDOFF_PLUGIN=$D/text.so " H "--help", "--plugin");
	program_refuses(H "ab " CELL "../text.so ../text.so", "OLD, plugin ../text.so");
	program_refuses(H "ab --old-env HANDOFF_PLUGIN=/nowhere.so " CELL "\"$H\" \"$H\"",
		"it says: handoff: plugin /nowhere.so: No such file");
	in_shell("echo 'int x;' | cc -shared -fPIC -x c - -o ../other.so");
	program_refuses(H "--plugin ../other.so list", "no plugin of handoff's");
	make_plugin("good", RENAMED);
	in_shell("mkdir ../a:b && cp ../good.so ../a:b/");
	program_refuses(H "--plugin ../a:b/good.so list", "colon");
	program_refuses(H "ab " CELL "../good.so ../text.so", "NEW, plugin ../text.so");
	program_ends("test ! -e gate", RC_FINE);
}

/* Compiled, but not what a loop can run. */
static void check_defect(const char *edits, const char *words)
{
	make_plugin("bad", edits);
	program_refuses(H "--plugin ../bad.so list", words);
}

static void a_plugin_that_no_loop_can_run_is_refused_with_what_it_lacks(void **state)
{
	(void)state;
	check_defect("s#channel/queue-fifo\"#queue\"#", "is not named FAMILY/NAME");
	check_defect("s#channel/queue-fifo\"#lock/queue\"#", "is not named FAMILY/NAME");
	check_defect("s#channel/queue-fifo\"#channel/queue fifo\"#", "in small letters");
	check_defect("s#.summary = .*#.summary = 0,#", "lacks its summary");
	check_defect("s#.summary = .*#.summary = \"x\", .domains = 0,#", "has no domain");
	check_defect("s#channel/queue-fifo\"#channel/"
		     "a-name-that-is-much-longer-than-any-mechanism-may-have\"#",
		"too long");
	in_shell("cp " FIFO
		 " ../one.c; sed s/mech_channel_queue_fifo/mech_channel_two/ ../one.c > ../two.c");
	program_ends(MAKE "-o ../bad.so ../one.c ../two.c", RC_FINE);
	program_refuses(H "--plugin ../bad.so list", "two mechanisms in it have one name");
}

/* The checksum stands in the table's text. */
static void a_plugin_for_other_headers_is_refused(void **state)
{
	(void)state;
	make_plugin("good", RENAMED);
	in_shell("sum=$(\"$HANDOFF_SRC\"/scripts/plugin --contract) && test -n \"$sum\" && "
		 "LC_ALL=C sed s/$sum/$(echo $sum | tr 0-9 1-90)/ ../good.so > ../bad.so && "
		 "! cmp -s ../good.so ../bad.so");
	program_refuses(H "--plugin ../bad.so list", "made for other headers");
	program_says(H "--plugin ../good.so list", "channel/other-queue");
}

static void a_file_without_a_mechanism_makes_no_plugin(void **state)
{
	(void)state;
	in_shell("echo 'int x;' > x.c");
	program_ends_saying(MAKE "x.c", RC_USAGE, "no mechanism");
	program_ends_saying(MAKE "-o x.o x.c", RC_USAGE, "ends in .so");
	program_ends_saying(MAKE "nowhere.c", RC_USAGE, "cannot be read");
	program_ends("test ! -e x.so", RC_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(a_mechanism_of_a_plugin_is_listed_and_measured_like_any_other),
		PROGRAM_TEST(workers_that_are_started_anew_have_the_plugin_too),
		PROGRAM_TEST(a_run_that_is_stopped_says_with_which_plugins_to_go_on),
		PROGRAM_TEST(a_mechanism_of_a_plugin_takes_the_place_of_its_namesake),
		PROGRAM_TEST(ab_tells_a_slower_plugin_from_the_same_one),
		PROGRAM_TEST(ab_goes_on_with_the_same_plugins_only),
		PROGRAM_TEST(ab_decides_nothing_about_files_that_change_meanwhile),
		PROGRAM_TEST(ab_says_that_a_plugin_is_no_fair_match_for_a_program),
		PROGRAM_TEST(ab_names_a_mechanism_that_only_one_plugin_has),
		PROGRAM_TEST(what_is_no_plugin_of_this_program_is_refused_before_anything_runs),
		PROGRAM_TEST(a_plugin_that_no_loop_can_run_is_refused_with_what_it_lacks),
		PROGRAM_TEST(a_plugin_for_other_headers_is_refused),
		PROGRAM_TEST(a_file_without_a_mechanism_makes_no_plugin),
	};

	program_find();
	return cmocka_run_group_tests_name("plugin", tests, open_made, close_made);
}
