/*
 * What `handoff compare` does with files that are not as they should be: each its verdict, its exit
 * code and where the fault is, in bounded memory and time.
 */
#include <sys/resource.h>

#include "tests/compare_scene.h"
#include "tests/fuzz_samples.h"

#define AB "compare --no-kept a x"

enum { RC_INCONCLUSIVE = 4, MOST_KIB = 64 * 1024, MB_100_MS = 100 * 1000 };

/* What is done to a good run x, the exit code then, and what is said. */
struct bad {
	const char *done;
	int code;
	const char *says;
};

static const struct scene usual;

static void check_all(const struct bad *bad, size_t n)
{
	scene_run("a", 1, &usual);
	scene_run("good", 2, &usual);
	for (size_t i = 0; i < n; i++) {
		char line[2000];

		snprintf(line, sizeof(line), "sh -c 'rm -rf x && cp -r good x && %s'", bad[i].done);
		program_ends(line, RC_FINE);
		scene_says(H AB, bad[i].code, bad[i].says);
		if (bad[i].code != RC_INCONCLUSIVE && program.out[0])
			fail_msg("%s: prints a table:\n%s", bad[i].done, program.out);
	}
}

#define CHECK_ALL(...)                                                                             \
	do {                                                                                       \
		static const struct bad bad[] = {__VA_ARGS__};                                     \
		check_all(bad, sizeof(bad) / sizeof(*bad));                                        \
	} while (0)

#define SED(script)  "sed -i \"" script "\" x/samples.csv"
#define AWK(program) "awk -F, -v OFS=, \"" program "\" good/samples.csv > x/samples.csv"

static void compare_refuses_files_that_are_malformed_and_says_where(void **state)
{
	(void)state;
	CHECK_ALL({SED("5s/$/,more/"), 2, "x/samples.csv:5:"},
		{SED("7s/,[^,]*$//"), 2, "x/samples.csv:7:"},
		{SED("3s/,vm,/,v\\x00m,/"), 2, "x/samples.csv:3:"},
		{SED("3s/,vm,/,v\\\"m,/"), 2, "misplaced quote"},
		{SED("4s/,vm,/,\\\"vm,/"), 2, "x/samples.csv:"},
		{SED("3s/,vm,/,v\\rm,/"), 2, "x/samples.csv:3: a carriage return"},
		{": > x/samples.csv", 2, "x/samples.csv: not a samples file: it is empty"},
		{"head -c 100 good/samples.csv > x/samples.csv", 2, "it is empty"},
		{"head -n 1 good/samples.csv > x/samples.csv", 2, "x/samples.csv: it has no row"},
		{"head -c 65536 /dev/urandom > x/samples.csv", 2, "x/samples.csv"},
		{SED("1s/,cell,/,call,/"), 2, "no column cell"},
		{SED("1s/$/,cell/; 2,\\$s/$/,x/"), 2,
			"x/samples.csv:1: there are two columns cell"},
		{"rm x/samples.csv; mkfifo x/samples.csv", 2, "not a regular file"},
		{"rm x/samples.csv; mkdir x/samples.csv", 2, "x/samples.csv"});
}

static void compare_refuses_values_that_are_none_and_says_where(void **state)
{
	(void)state;
	CHECK_ALL({AWK("NR==4{\\$35=\\\"nan\\\"}1"), 2,
			  "x/samples.csv:4: ops_per_s is no number (column 35): \"nan\""},
		{AWK("NR==4{\\$35=\\\"inf\\\"}1"), 2, "x/samples.csv:4: ops_per_s"},
		{AWK("NR==4{\\$35=\\\"1e999\\\"}1"), 2, "x/samples.csv:4: ops_per_s"},
		{AWK("NR==4{\\$35=\\\"0x10\\\"}1"), 2, "x/samples.csv:4: ops_per_s"},
		{AWK("NR==4{\\$35=\\\"-5\\\"}1"), 2, "x/samples.csv:4: throughput is below 0"},
		{AWK("NR==4{\\$1=2}1"), 2, "x/samples.csv:4: schema 2, this build reads 1"},
		{AWK("NR==4{\\$29=\\\"fine\\\"}1"), 2, "x/samples.csv:4: status \"fine\""},
		{AWK("NR==4{\\$26=\\\"a\\\"}1"), 2, "x/samples.csv:4: side \"a\""},
		{AWK("NR==4{\\$5=\\\"\\\"}1"), 2, "x/samples.csv:4: a row of no cell"},
		{AWK("NR==4{for(i=0;i<400;i++)\\$5=\\$5 i}1"), 2, "x/samples.csv:4: cell has"});
}

static void compare_refuses_what_stands_there_twice(void **state)
{
	(void)state;
	CHECK_ALL({SED("6p"), 2, "stands there for the second time, first in line 6"},
		{"tail -n +2 good/samples.csv >> x/samples.csv", 2, "x/samples.csv:67: "},
		{"cp good/samples.csv more; tail -n +2 more >> x/samples.csv", 2, "second time"});
}

static void compare_reads_what_other_systems_and_a_killed_writer_left(void **state)
{
	(void)state;
	CHECK_ALL({SED("1s/^/\\xef\\xbb\\xbf/"), 4, "verdict=INCONCLUSIVE"},
		{SED("s/$/\\r/"), 4, "verdict=INCONCLUSIVE"},
		{SED("s/,vm,/,\\\"vm\\\",/"), 4, "verdict=INCONCLUSIVE"},
		{"truncate -s -10 x/samples.csv", 4, "its last line is not whole"},
		{AWK("{print \\$0,NR==1?\\\"later\\\":7}"), 4, "verdict=INCONCLUSIVE"});
}

static void compare_refuses_what_is_beside_it_when_that_is_damaged(void **state)
{
	(void)state;
	CHECK_ALL({"echo host,vm >> x/environment.csv", 2, "x/environment.csv:"},
		{"echo host,vm, >> x/environment.csv", 2, "for the second time"},
		{"echo ,vm, >> x/environment.csv", 2, "without its key"},
		{"echo a,b,c > x/environment.csv", 2, "the columns are not"},
		{": > x/environment.csv", 2, "x/environment.csv: it is empty"},
		{"sed -i s/5.1000/nan/ x/floors.csv", 2, "x/floors.csv: line 2"});
}

static void compare_refuses_campaign_files_that_are_damaged(void **state)
{
	static const struct bad bad[] = {
		{"sed -i \"3s/fact/fict/\" c", 2, "c:3: kind is unknown (column 1)"},
		{"sed -i \"s/,throughput,msg/,throughput,op/\" c", 2, "unit is not the metric"},
		{"sed -i \"0,/,p50,/s/,p50,/,p51,/\" c", 2, "metric is unknown (column 3)"},
		{"sed -i \"2s/,1,/,2,/\" c", 2, "is another schema"},
		{"sed -i \"/^figure/s/,[0-9.]*,[0-9.]*,[0-9.]*,$/,nan,0,1,/\" c", 2,
			"log_cost is no"},
		{"awk -F, -v OFS=, \"/^figure/{\\$5=0}1\" c > d; mv d c", 2,
			"trials is none, but there is a figure"},
		{"sed -i \"0,/^fact,[a-z_]*/s//fact,/\" c", 2, "name is empty"},
		{"sed -i \"/^cell/{p;}\" c", 2, "not behind the cell before it"},
		{"head -n 1 c > d; mv d c", 2, "cut short"},
		{"truncate -s -3 c", 2, "cut short"},
	};
	char line[600];

	(void)state;
	scene_run("a", 1, &usual);
	scene_run("x", 2, &usual);
	program_ends(H "baseline save --no-kept old x", RC_FINE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		program_ends("cp results/baselines/old/x.csv c", RC_FINE);
		scene_says(H "compare --no-kept a c", RC_INCONCLUSIVE, "verdict=INCONCLUSIVE");
		snprintf(line, sizeof(line), "sh -c '%s'", bad[i].done);
		program_ends(line, RC_FINE);
		scene_says(H "compare --no-kept a c", bad[i].code, bad[i].says);
	}
}

/* ---- bounds -------------------------------------------------------------------------- */

static void check_peak(const char *what)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_CHILDREN, &u), 0);
	if (u.ru_maxrss > MOST_KIB)
		fail_msg("%s took %ld KiB", what, u.ru_maxrss);
}

static void compare_reads_endless_lines_in_bounded_memory_and_time(void **state)
{
	long begin = program_now_ms();

	(void)state;
	program_need_no_asan("room");
	CHECK_ALL({"head -c 100000000 /dev/zero | tr \"\\0\" x > x/samples.csv", 2,
			  "longer than the limit"},
		{"(cat good/samples.csv; printf \\\"; head -c 100000000 /dev/zero | tr \"\\0\" "
		 "\"\\n\") > x/samples.csv",
			2, "x/samples.csv:62: "},
		{"head -c 100000000 /dev/zero | tr \"\\0\" , > x/samples.csv", 2, "x/samples.csv"});
	check_peak("a line of 100 MB");
	assert_true(program_now_ms() - begin < MB_100_MS);
}

/* Forty thousand rows: as structures they would not fit by far. */
static void compare_takes_no_room_for_rows_that_it_has_read(void **state)
{
	(void)state;
	program_need_no_asan("room");
	scene_run("a", 1, &usual);
	scene_run("x", 2, &usual);
	program_ends(
		"awk -F, -v OFS=, 'NR==1{print;next}{for(i=0;i<660;i++){$24=1000*i+NR;print}}' "
		"x/samples.csv > many",
		RC_FINE);
	program_ends("mv many x/samples.csv", RC_FINE);
	scene_says(H AB, RC_INCONCLUSIVE, "verdict=INCONCLUSIVE");
	check_peak("a file of forty thousand rows");
}

/* ---- the fuzzer's target ---------------------------------------------------------------- */

static void fuzz_target_takes_its_seeds_and_their_ruins(void **state)
{
	size_t refused = 0, tried = 0;

	(void)state;
	assert_int_equal(fuzz_seeds(program.here), FUZZ_SEEDS);
	for (size_t k = 0; k < FUZZ_SEEDS; k++) {
		char *text = read_text_file(program.here, fuzz_seed[k]);
		size_t len = strlen(text);

		LLVMFuzzerTestOneInput((const uint8_t *)text, len);
		assert_int_equal(fuzz_last(), 0);
		for (size_t at = 0; at < len; at += 7, tried++) {
			char was = text[at];

			text[at] = "\"\0\n,-9"[at % 6];
			LLVMFuzzerTestOneInput((const uint8_t *)text, len);
			refused += fuzz_last() != 0;
			text[at] = was;
			LLVMFuzzerTestOneInput((const uint8_t *)text, at);
		}
		free(text);
	}
	assert_true(refused > tried / 3 && refused < tried);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(compare_reads_endless_lines_in_bounded_memory_and_time),
		PROGRAM_TEST(compare_takes_no_room_for_rows_that_it_has_read),
		PROGRAM_TEST(compare_refuses_files_that_are_malformed_and_says_where),
		PROGRAM_TEST(compare_refuses_values_that_are_none_and_says_where),
		PROGRAM_TEST(compare_refuses_what_stands_there_twice),
		PROGRAM_TEST(compare_reads_what_other_systems_and_a_killed_writer_left),
		PROGRAM_TEST(compare_refuses_what_is_beside_it_when_that_is_damaged),
		PROGRAM_TEST(compare_refuses_campaign_files_that_are_damaged),
		PROGRAM_TEST(fuzz_target_takes_its_seeds_and_their_ruins),
	};

	program_find();
	return cmocka_run_group_tests_name("compare_bad", tests, NULL, NULL);
}
