/*
 * Bad input: each is refused with a sentence (what, where, what to do), the right
 * exit code, before anything is measured, and never with a hang or a crash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/program.h"

#define RUN   H "run -m channel/pipe -w stream --reps 2 --trial-ms 2 --no-report --repeat-noisy no "
#define PLAN  H "run -n --matrix ./m.ini"
#define SH(l) "sh -c '" l "'"

/* A line, its exit code, and what it must say on stderr. */
struct bad {
	const char *line;
	int code;
	const char *says;
};

/*
 * Nothing is left but what the line itself made ("[a-z]" of one letter, with any
 * ending), hence nothing was measured.
 */
static void check_bad(const struct bad *b)
{
	char line[2048];

	program_ends(b->line, b->code);
	if (!strstr(program.err, b->says))
		fail_msg("%s: does not say \"%s\":\n%s", b->line, b->says, program.err);
	assert_string_equal(program.out, "");
	if (strlen(program.err) < 20 || strncmp(program.err, "handoff", 7) != 0)
		fail_msg("%s: is this a sentence?\n%s", b->line, program.err);
	snprintf(line, sizeof(line), "sh -c 'rm -rf ? ?.* && test -z \"$(ls -A)\"'");
	if (program_finish(program_start(line)) != 0)
		fail_msg("%s: leaves something behind", b->line);
}

static void check_all(const struct bad *bad, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_bad(&bad[i]);
}

#define CHECK_ALL(...)                                                                             \
	do {                                                                                       \
		static const struct bad bad[] = {__VA_ARGS__};                                     \
		check_all(bad, sizeof(bad) / sizeof(*bad));                                        \
	} while (0)

/* ---- values of options ----------------------------------------------------------- */

static void values_that_are_none_are_refused_with_near_matches(void **state)
{
	(void)state;
	CHECK_ALL({RUN "-m channel/piep", 2, "did you mean channel/pipe"},
		{RUN "-m '!chanel/*'", 2, "chanel"}, {RUN "-m ''", 2, "empty"},
		{RUN "-w pingpnog", 2, "did you mean pingpong"},
		{RUN "-d thraed", 2, "thread, process"}, {RUN "--wait spni", 2, "spin"},
		{RUN "--start exce", 2, "fork and exec"},
		{RUN "-p nearset", 2, "did you mean nearest"},
		{RUN "-p core:99+core:0", 2, "core:99"}, {RUN "-p ''", 2, "empty"},
		{RUN "--fna 2x1", 2, "--fan"}, {RUN "-m", 2, "needs a value"},
		{H "run --matrix quik", 2, "quick"}, {H "run --matrix ''", 2, "empty"},
		{H "rnu", 2, "did you mean run"}, {RUN "stray", 2, "stray"});
}

static void numbers_out_of_range_are_refused_and_named(void **state)
{
	(void)state;
	CHECK_ALL({RUN "-s 0", 2, "from 1 to"}, {RUN "-s -1", 2, "\"-1\""},
		{RUN "-s 1e18", 2, "1e18"}, {RUN "-s 1000000000000000000", 2, "from 1 to"},
		{RUN "-s 99999999999999999999", 2, "too large"}, {RUN "-s 1G1", 2, "1G1"},
		{RUN "-s 2G", 2, "from 1 to"}, {RUN "-s ''", 2, "empty"},
		{RUN "-s 64,,65", 2, "empty"}, {RUN "-s nan", 2, "nan"},
		{RUN "-c 0", 2, "from 1 to"}, {RUN "-c 1e9", 2, "1e9"},
		{RUN "-f 0x1", 2, "needs a worker"}, {RUN "-f 1x0", 2, "needs a worker"},
		{RUN "-f 100000x1", 2, "at most 256"}, {RUN "-f 200x200", 2, "at most 256"},
		{RUN "-f 99999999999999999999x1", 2, "at most 256"}, {RUN "-f x", 2, "2x1"},
		{RUN "-f -1x1", 2, "2x1"}, {RUN "--reps 0", 2, "more than 0"},
		{RUN "--reps -1", 2, "-1"}, {RUN "--reps 100001", 2, "100000"},
		{RUN "--trial-ms 0", 2, "more than 0"}, {RUN "--trial-ms 1h", 2, "600000"},
		{RUN "--budget 5", 2, "unit"}, {RUN "--budget 0s", 2, "more than 0"},
		{RUN "--seed 0", 2, "more than 0"},
		{RUN "--seed 18446744073709551616", 2, "too large"});
}

static void axes_whose_product_is_huge_are_refused_at_once(void **state)
{
	char line[3000] = RUN "-m '*' -s 1", value[16];
	struct bad b = {line, 2, "too many"};
	long begin = program_now_ms();

	(void)state;
	for (int axis = 0; axis < 3; axis++) {
		if (axis)
			strcat(line, axis == 1 ? " -c 1" : " -f 1");
		for (int i = 2; i < 100; i++) {
			snprintf(value, sizeof(value), ",%d", i);
			strcat(line, value);
		}
	}
	check_bad(&b);
	assert_true(program_now_ms() - begin < 1000 * PROGRAM_PATIENCE_S / 10);
}

/* ---- matrix files ---------------------------------------------------------------- */

/* The text is written to m.ini as it is. */
static void check_matrix(const void *text, size_t len, const char *says)
{
	const struct bad b = {PLAN, 2, says};

	support_write(support_path(&program.dir, "here/m.ini"), text, len);
	check_bad(&b);
}

#define MATRIX(text, says) check_matrix(text, sizeof(text) - 1, says)

static void matrix_files_that_are_malformed_are_refused_with_their_line(void **state)
{
	(void)state;
	MATRIX("", "no section");
	MATRIX("[a", "line");
	MATRIX("\x7f"
	       "ELF\x02\x01\x01",
		"line 1");
	MATRIX("[a]\nsize\n", "line 2");
	MATRIX("size = 64\n", "before the first section");
	MATRIX("[a]\nsize = 64\0\n", "NUL");
	MATRIX("[a]\nsize =\n", "no value for size");
	MATRIX("[a]\nszie = 64\n", "there is no axis szie");
	MATRIX("[a]\nsize = 64\nsize = 65\n", "twice");
	MATRIX("[a]\nsize = 1e18\n", "1e18");
	MATRIX("[a]\nfan = 0x1\n", "needs a worker");
	MATRIX("[a]\nmechanism = channel/piep\n", "channel/pipe");
	MATRIX("[matrix]\nreps = 0\n[a]\nsize = 64\n", "more than 0");
	MATRIX("[matrix]\nreps = 1\nreps = 2\n[a]\nsize = 64\n", "twice");
	MATRIX("[matrix]\ninclude = m.ini\n[a]\nsize = 64\n", "include");
	MATRIX("[matrix]\ntrial = 30\n[a]\nsize = 64\n", "unit");
}

static void matrix_sections_never_melt_into_each_other(void **state)
{
	(void)state;
	MATRIX("[a]\nsize = 64\n[a]\nfan = 1x1\n", "line 3: a second section");
	MATRIX("[a]\nsize = 64\n[b]\nsize = 64\n[a]\nsize = 65\n", "line 5: a second section");
	MATRIX("[a]\n[b]\nsize = 64\n", "line 2: the section before it is empty");
	MATRIX("[b]\nsize = 64\n[a]\n; nothing\n", "the last section is empty");
	MATRIX("[a name of more than forty-nine bytes, which libinih cuts]\nsize = 64\n",
		"too long");
}

static void matrix_files_from_other_systems_are_read(void **state)
{
	static const char dos[] = "\xef\xbb\xbf[a]\r\nmechanism = channel/pipe\r\n"
				  "workload = stream\r\nsize = 64\r\n";

	(void)state;
	support_text(support_path(&program.dir, "here/m.ini"), dos);
	program_says(PLAN, "2 cells");
}

/* As many sections as fit into the largest file, each with as many cells as one may have. */
static void matrix_files_that_ask_for_a_thousand_million_cells_are_refused(void **state)
{
	const struct bad b = {PLAN, 2, "too many"};
	char path[SUPPORT_PATH], text[128];
	long begin = program_now_ms();
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s", support_path(&program.dir, "here/m.ini"));
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 900; i++) {
		snprintf(text, sizeof(text),
			"[s%d]\nsize = %d,%d,%d,%d\nfan = 1x1,2x1,3x1,4x1,5x1\n", i, 4 * i + 1,
			4 * i + 2, 4 * i + 3, 4 * i + 4);
		fputs(text, f);
	}
	assert_int_equal(fclose(f), 0);
	check_bad(&b);
	f = fopen(path, "w");
	for (int i = 0; i < 60000; i++) /* the same few cells, again and again */
		fprintf(f, "[%d]\nsize=8\n", i);
	assert_int_equal(fclose(f), 0);
	check_bad(&b);
	assert_true(program_now_ms() - begin < 1000 * PROGRAM_PATIENCE_S / 2);
}

static void matrix_files_that_are_no_files_are_refused(void **state)
{
	(void)state;
	CHECK_ALL({H "run --matrix .", 2, "not a regular file"},
		{H "run --matrix ./none.ini", 2, "No such file"},
		{H "run --matrix /dev/zero", 2, "not a regular file"},
		{SH("mkfifo f; exec " H "run --matrix ./f"), 2, "not a regular file"},
		{SH("truncate -s 2M m.ini; exec " PLAN), 2, "larger than 1 MiB"},
		{SH("ln -s m.ini m.ini; exec " PLAN), 2, "symbolic links"});
}

/* ---- topologies ------------------------------------------------------------------- */

static void topologies_that_cannot_be_read_are_refused(void **state)
{
	(void)state;
	CHECK_ALL({SH(": > t.xml; exec " H "topology --topology t.xml"), 2, "empty"},
		{SH("echo \"<topology\" > t.xml; exec " H "topology --topology t.xml"), 2, "t.xml"},
		{SH("head -c 99999 /dev/urandom > t; exec " H "topology --topology t"), 2, "t: "},
		{SH("mkfifo t.xml; exec " H "topology --topology t.xml"), 2, "regular"},
		{H "topology --topology .", 2, "regular"}, {H "topology --topology ''", 2, "empty"},
		{H "topology --topology none", 2, "none: No such file"},
		{"env HWLOC_XMLFILE=/none " RUN, 2, "HWLOC_XMLFILE"},
		{"env HWLOC_XMLFILE=. " RUN, 2, "HWLOC_XMLFILE"},
		{SH("mkfifo f; HWLOC_XMLFILE=./f exec " RUN), 2, "HWLOC_XMLFILE"},
		{"env HWLOC_SYNTHETIC=nonsense " RUN, 2, "HWLOC_SYNTHETIC"},
		{"env HWLOC_SYNTHETIC=pu:2 " RUN, 2, "another machine"});
}

/* ---- where results go ------------------------------------------------------------- */

static void results_are_refused_where_they_cannot_be(void **state)
{
	(void)state;
	CHECK_ALL({SH(": > f; exec " RUN "-o f"), 2, "f: Not a directory"},
		{SH("mkfifo f; exec " RUN "-o f"), 2, "f: Not a directory"},
		{RUN "-o none/run", 2, "none/run: No such file"}, {RUN "-o ''", 2, "empty"},
		{RUN "-o /sys/r", 2, "/sys/r"},
		{"prlimit --fsize=2000 " RUN "-o r", 2, "r/environment.csv: cannot be written"},

		{SH("mkdir r; mkfifo r/samples.csv; exec " RUN "-o r"), 2, "r/samples.csv"},
		{SH("mkdir r; mkfifo r/histograms.csv; exec " RUN "-o r"), 2, "r/histograms.csv"},
		{SH("mkdir r; mkfifo r/environment.csv; exec " RUN "-o r"), 2, "r/environment.csv"},
		{SH("mkdir r; mkfifo r/topology.xml; exec " RUN "-o r"), 2, "r/topology.xml"},
		{SH("mkdir r; mkfifo r/plan.csv; exec " RUN "-o r"), 2, "--resume"},
		{SH("mkdir r; mkfifo r/plan.csv.new; exec " RUN "-o r"), 2, "r/plan.csv.new"},
		{SH("mkdir r; ln -s /dev/null r/topology.xml; exec " RUN "-o r"), 2,
			"topology.xml"},
		{SH("mkdir r; : > r/samples.csv; exec " RUN "-o r"), 2, "start again"});
}

/* Not even a trial's result fits: the runner's own memory files are limited, too. */
static void run_under_a_limit_of_file_size_is_refused_not_killed(void **state)
{
	(void)state;
	program_need_processes();
	program_ends("prlimit --fsize=20000 " RUN "-o r", RC_USAGE);
	assert_non_null(strstr(program.err, "File too large"));
	program_made_nothing();
}

static void runs_that_are_none_are_not_gone_on_with(void **state)
{
	(void)state;
	CHECK_ALL({H "run --resume none", 2, "none"}, {H "run --resume ''", 2, "empty"},
		{H "run --resume .", 2, "no run here"},
		{SH("mkfifo f; exec " H "run --resume f"), 2, "f: Not a directory"},
		{SH("mkdir r; : > r/samples.csv; : > r/histograms.csv; exec " H "run --resume r"),
			2, "start again"},
		{H "run --resume . -m channel/pipe", 2, "leave out"},
		{H "run --resume . --dry-run", 2, "leave out"},
		{H "run --resume . --reps 3", 2, "leave out"}, {H "rank none", 2, "none"},
		{SH("mkfifo f; exec " H "rank f"), 2, "regular"},
		{H "rank /dev/zero", 2, "regular"},
		{SH("mkdir r; mkfifo r/samples.csv; exec " H "report r"), 2, "regular"});
}

/* The line is run as root in a mount namespace of its own, with `here` a small disk. */
static void check_small_disk(const char *options, const char *line, int code, const char *says)
{
	char all[2048];

	if (program_finish(program_start("unshare -m mount -t tmpfs none .")) != 0)
		skip_because("no root, no disk of one's own: %s", program.err);
	snprintf(all, sizeof(all), "unshare -m sh -c 'mount -t tmpfs -o %s none . && cd . && %s'",
		options, line);
	program_ends(all, code);
	if (!strstr(program.err, says))
		fail_msg("%s: does not say \"%s\":\n%s", line, says, program.err);
}

static void results_on_a_read_only_disk_are_refused(void **state)
{
	(void)state;
	program_need_processes();
	check_small_disk("ro", "cd $PWD; " RUN "-o r", RC_USAGE, "r: Read-only file system");
	assert_string_equal(program.out, "");
}

static void results_on_a_full_disk_are_refused_and_leave_nothing(void **state)
{
	(void)state;
	program_need_processes();
	check_small_disk("size=4k", "cd $PWD; " RUN "-o r; c=$?; test ! -e r && exit $c", RC_USAGE,
		"No space left");
	assert_string_equal(program.out, "");
}

/* It fills up later: the rows so far stay, and once there is room again the rest comes. */
static void a_disk_that_fills_up_costs_no_row(void **state)
{
	(void)state;
	program_need_no_asan("it takes hundreds of trials");
	program_need_processes();
	check_small_disk("size=64k",
		"cd $PWD; " RUN "--reps 200 -o r; test $? -eq 2 && n=$(wc -l < r/samples.csv) && "
		"test $n -gt 5 && mount -o remount,size=8m . && " H
		"run --no-report --repeat-noisy no --resume r && test $(grep -c ,ok, r/samples.csv) -eq 400",
		RC_FINE, "handoff run --resume r");
}

/* ---- standard streams -------------------------------------------------------------- */

static void output_that_is_lost_is_found_out_before_the_measuring(void **state)
{
	(void)state;
	program_need_processes();
	CHECK_ALL({SH(RUN "-o r > /dev/full"), 2, "standard output: No space left"},
		{SH("exec > /dev/full; " RUN "-o r"), 2, "standard output"},
		{SH(H "rank > /dev/full"), 2, "results"},
		{SH(H "list > /dev/full"), 2, "No space"});
}

static void run_goes_on_without_anybody_to_tell_its_progress(void **state)
{
	(void)state;
	program_need_processes();
	program_ends(SH(RUN "-o r 2> /dev/full"), RC_FINE);
	program_ends(SH(RUN "-o s 2>&-"), RC_FINE);
	program_ends(SH("(" RUN "-o t; echo $? > code) | :; read c < code; exit $c"), RC_USAGE);
}

/* ---- the user's directory ------------------------------------------------------------ */

static void a_journal_that_is_none_is_refused_not_waited_for(void **state)
{
	(void)state;
	CHECK_ALL({SH("mkdir -p -m 700 x/handoff; mkfifo x/handoff/journal; "
		      "XDG_RUNTIME_DIR=$PWD/x exec " H "clean"),
			  2, "journal is no file"},
		{SH("mkdir -p -m 700 x/handoff/journal; chmod 700 x/handoff; "
		    "XDG_RUNTIME_DIR=$PWD/x exec " H "clean"),
			2, "journal"},
		{SH("mkdir x; mkdir -m 755 x/handoff; XDG_RUNTIME_DIR=$PWD/x exec " H "clean"), 2,
			"mode 0700"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(values_that_are_none_are_refused_with_near_matches),
		PROGRAM_TEST(numbers_out_of_range_are_refused_and_named),
		PROGRAM_TEST(axes_whose_product_is_huge_are_refused_at_once),
		PROGRAM_TEST(matrix_files_that_are_malformed_are_refused_with_their_line),
		PROGRAM_TEST(matrix_sections_never_melt_into_each_other),
		PROGRAM_TEST(matrix_files_from_other_systems_are_read),
		PROGRAM_TEST(matrix_files_that_ask_for_a_thousand_million_cells_are_refused),
		PROGRAM_TEST(matrix_files_that_are_no_files_are_refused),
		PROGRAM_TEST(topologies_that_cannot_be_read_are_refused),
		PROGRAM_TEST(results_are_refused_where_they_cannot_be),
		PROGRAM_TEST(run_under_a_limit_of_file_size_is_refused_not_killed),
		PROGRAM_TEST(runs_that_are_none_are_not_gone_on_with),
		PROGRAM_TEST(results_on_a_read_only_disk_are_refused),
		PROGRAM_TEST(results_on_a_full_disk_are_refused_and_leave_nothing),
		PROGRAM_TEST(a_disk_that_fills_up_costs_no_row),
		PROGRAM_TEST(output_that_is_lost_is_found_out_before_the_measuring),
		PROGRAM_TEST(run_goes_on_without_anybody_to_tell_its_progress),
		PROGRAM_TEST(a_journal_that_is_none_is_refused_not_waited_for),
	};

	program_find();
	return cmocka_run_group_tests_name("bad input", tests, NULL, NULL);
}
