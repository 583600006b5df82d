/*
 * `handoff stress` from outside: it ends well over sound mechanisms, at the time or the
 * number that was asked for, keeps what it found, and leaves nothing.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/csv.h"
#include "harness/compiler.h"
#include "harness/names.h"
#include "tests/program.h"

enum { RC_FINDING = 1, LINE = 512 };

#define PIPE  " --cell 'channel/pipe/stream?domain=thread&size=4096&placement=unpinned'"
#define SHORT H "stress --trial-ms 20 --for 10s"

/* "seed 5, 1.0 s, N messages, B bytes verified, F findings" */
static void read_summary(uint64_t *messages, uint64_t *bytes, uint64_t *findings)
{
	const char *last = strstr(program.out, "bytes verified, ");
	char *line;

	if (!last)
		fail_msg("no summary\n%s%s", program.out, program.err);
	while (last > program.out && last[-1] != '\n')
		last--;
	line = strstr(last, " s, ");
	assert_non_null(line);
	assert_int_equal(sscanf(line,
				 " s, %" SCNu64 " messages, %" SCNu64 " bytes verified, %" SCNu64
				 " findings",
				 messages, bytes, findings),
		3);
}

/* ---- sound mechanisms ----------------------------------------------------- */

static void stress_of_sound_mechanisms_ends_well(void **state)
{
	uint64_t messages, bytes, findings;
	char line[200];

	(void)state;
	/* ThreadSanitizer makes a child that begins anew take longer than a trial may */
	snprintf(line, sizeof(line), SHORT " --for 2s --seed %llu%s",
		(unsigned long long)support_seed(), SUPPORT_TSAN ? " -d thread" : "");
	program_ends_saying(line, 0, " 0 findings\n");
	read_summary(&messages, &bytes, &findings);
	assert_true(messages > 0 && bytes > 0 && findings == 0);
	program_nothing_left("stress");
}

/*
 * Senders that rest between claiming a cell and publishing it make cells ready
 * out of order: whoever was woken for a later one must be woken again.
 */
static void ring_with_cells_ready_out_of_order_wakes_all_it_should(void **state)
{
	(void)state;
	program_ends_saying(SHORT
		" --for 1s --seed 101033420 --trial 25 --cell 'channel/ring-mpmc/stream?"
		"domain=thread&fan=3x2&size=10&placement=unpinned&capacity=128'",
		0, " 0 findings\n");
}

static void stress_verifies_the_bytes_of_each_message(void **state)
{
	uint64_t messages, bytes, findings;

	(void)state;
	program_ends_saying(SHORT
		" -m channel/queue-fifo -w stream -d thread -f 1x1 -s 777 --messages 30000",
		0, "channel/queue-fifo");
	read_summary(&messages, &bytes, &findings);
	assert_int_equal(messages, 30000); /* one way: to the message */
	assert_int_equal(bytes, 30000 * 777);
	program_ends_saying(SHORT " -m channel/pipe -w pingpong -d thread -s 64 --messages 5001", 0,
		"channel/pipe");
	read_summary(&messages, &bytes, &findings);
	assert_in_range(messages, 5001, 5002); /* there and back */
	assert_int_equal(bytes, messages * 64);
}

static void stress_stops_when_its_time_is_over(void **state)
{
	uint64_t messages = 0, bytes, findings;
	char line[LINE];

	(void)state;
	for (unsigned ms = 300; ms < 30000 && !messages; ms *= 4) { /* it may begin late */
		snprintf(line, sizeof(line),
			H "stress --for %ums --messages 1000T -m channel/pipe -d thread", ms);
		program_ends_saying(line, 0, "channel/pipe");
		read_summary(&messages, &bytes, &findings);
		assert_true(findings == 0);
		snprintf(line, sizeof(line), "/%u s, trial 1, 0 messages", ms / 1000);
		assert_non_null(strstr(program.err, line));
	}
	assert_true(messages > 0);
}

static void stress_plans_the_same_for_the_same_seed(void **state)
{
	static const char line[] = H "stress --dry-run --seed 99 --for 1m";
	char *first;

	(void)state;
	program_says(line, "seed 99\ntrial 1: ");
	assert_string_equal(program.err, "");
	first = strdup(program.out);
	assert_non_null(first);
	program_says(line, "\ntrial 200: ");
	assert_string_equal(program.out, first);
	program_says(H "stress --dry-run --seed 98 --for 1m", "trial 200: ");
	assert_true(strcmp(program.out + 8, first + 8) != 0);
	free(first);
}

/* A seed of its own, said first: any run can be had again. */
static void stress_says_the_seed_that_it_drew(void **state)
{
	char line[96], *first;
	uint64_t seed;

	(void)state;
	program_ends_saying(H "stress --dry-run --for 3s", 0, "seed ");
	assert_int_equal(sscanf(program.out, "seed %" SCNu64 "\n", &seed), 1);
	first = strdup(program.out);
	assert_non_null(first);
	snprintf(line, sizeof(line), H "stress --dry-run --for 3s --seed %" PRIu64, seed);
	program_ends_saying(line, 0, "seed ");
	assert_string_equal(program.out, first);
	free(first);
}

/* ---- findings are kept ------------------------------------------------------ */

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	const char *status = field[n > 7 ? 4 : 3], *reason = field[n - 1];

	(void)ctx;
	(void)len;
	/* on a busy machine one may hang, too */
	if (line > 1 && (strcmp(status, "ok") == 0 || strcmp(status, "skip") == 0 || !reason[0]))
		fail_msg(
			"line %" PRIu64 " is no finding of this run: %s: %s", line, status, reason);
	return 0;
}

/* Without the header. */
static uint64_t count_rows(const char *name)
{
	struct csv_limits limits = {0};
	char err[LINE] = "";

	if (csv_read_file(
		    support_path(&program.dir, name), &limits, on_row, NULL, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return limits.rows - 1;
}

/* Findings of a session of so long. */
static uint64_t keep_going(unsigned ms)
{
	uint64_t messages, bytes, findings;
	char line[LINE];
	int code;

	snprintf(line, sizeof(line),
		H "stress -k --seed 4 --for %ums --trial-ms 20 --inject flip@10 -o log" PIPE, ms);
	code = program_finish(program_start(line));
	read_summary(&messages, &bytes, &findings);
	assert_int_equal(code, findings ? RC_FINDING : 0);
	if (findings >= 2)
		assert_non_null(strstr(program.out, "FINDING 2: trial 2: fail: evidence"));
	return findings;
}

static void stress_that_keeps_going_keeps_every_finding(void **state)
{
	uint64_t first = 0, second = 0;

	(void)state;
	/* a busy machine may need all of a short session for its first trial */
	for (unsigned ms = 400; ms <= 25600 && (first < 2 || second < 2); ms *= 4) {
		program_ends("rm -rf log", RC_FINE);
		first = keep_going(ms);
		second = keep_going(ms); /* added */
	}
	assert_true(first >= 2 && second >= 2);
	assert_int_equal(count_rows("here/log/findings.csv"), first + second);
	assert_int_equal(count_rows("here/log/trials.csv"), first + second);
}

/* ---- the end -------------------------------------------------------------- */

/* Until a few trials are through. */
static void await_trials(void)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	for (int i = 0; i < PROGRAM_PATIENCE_S * 200; i++) {
		struct stat st = {0};

		if (stat(support_path(&program.dir, "here/log/trials.csv"), &st) == 0 &&
			st.st_size > 400)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("no trial ended");
}

/* What a trial leaves that is killed at the wrong moment: a name that its owner cannot remove. */
static void leave_a_name(void)
{
	char path[NAMES_PATH_MAX], err[LINE];
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(names_path_new("file", path, sizeof(path), err, sizeof(err)) != 0 ||
			creat(path, 0600) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void stress_interrupted_says_what_it_did_and_leaves_nothing(void **state)
{
	uint64_t messages, bytes, findings;
	pid_t pid;

	(void)state;
	if (SUPPORT_TSAN)
		skip_because("not under ThreadSanitizer: processes");
	pid = program_start(H "stress --for 10m -d process --start exec --trial-ms 50 -o log");
	await_trials();
	leave_a_name();
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(program_finish(pid), RC_SIGNAL + SIGINT);
	read_summary(&messages, &bytes, &findings);
	assert_true(messages > 0 && findings == 0);
	assert_non_null(strstr(program.err, "stopped by signal 2"));
	program_nothing_left("stress");
}

static void stress_of_what_cannot_run_here_says_why(void **state)
{
	(void)state;
	program_ends_saying(
		SHORT " -m channel/udp -w stream -d thread -s 1M", RC_NOTHING, " skipped: ");
	program_ends_saying(SHORT
		" -p smt,cross-package,cross-numa -w pingpong -d thread --dry-run",
		0, "placement=");
}

static void stress_refuses_what_means_nothing(void **state)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{"--for 0", "--for \"0\""},
		{"--for 0s", "1ms to 8760h"},
		{"--for -1s", "--for \"-1s\""},
		{"--for 9000h", "1ms to 8760h"},
		{"--for 99999999999999h", "--for"},
		{"--for soon", "--for \"soon\""},
		{"--messages 0", "nothing to do"},
		{"--messages lots", "such as 1000, 500k"},
		{"--messages -5", "--messages"},
		{"--seed x", "--seed \"x\""},
		{"--seed 18446744073709551616", "--seed"},
		{"--trial 0 --seed 1", "counted from 1"},
		{"--trial 3", "of which --seed"},
		{"--trial-ms 0.1", "from 1 to 60000"},
		{"-m channel/pip", "did you mean channel/pipe"},
		{"-w sream", "stream"},
		{"-d threed", "thread, process"},
		{"-p nearst", "nearst"},
		{"-s 0", "--size"},
		{"-f 0x1", "--fan"},
		{"-m lock/mutex -w stream", "no cell is left"},
		{"-m 'channel/*' -w stream -f 5", "no cell is left"},
		{"--cell channel/none/stream", "no such mechanism"},
		{"--cell channel/pipe/stream -m channel/pipe", "leave out"},
		{"--cell lock/mutex/contend --inject drop@5", "no message is handed over"},
		{"-m 'lock/*' --inject drop@5", "no message is handed over"},
		{"-m channel/udp --inject drop@5", "may be lost"},
		{"--cell channel/pipe/stream --inject drop@5/7", "no such worker"},
		{"--cell channel/pipe/stream --inject drop@5/1", "sends no message"},
		{"--inject dorp@5", "did you mean drop"},
		{"--inject drop", "say when"},
		{"--dry-run -o log", "nothing is written"},
		{"-o /proc/none/log", "/proc/none/log"},
		{"--forr 1s", "--for"},
		{"more", "takes no operands"},
	};
	char line[LINE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(line, sizeof(line), H "stress %s", bad[i].line);
		program_refuses(line, bad[i].says);
		assert_int_equal(
			strcspn(program.err, "\n") + 1, strlen(program.err)); /* one sentence */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(stress_refuses_what_means_nothing),
		PROGRAM_TEST(stress_plans_the_same_for_the_same_seed),
		PROGRAM_TEST(stress_says_the_seed_that_it_drew),
		PROGRAM_TEST(stress_of_sound_mechanisms_ends_well),
		PROGRAM_TEST(ring_with_cells_ready_out_of_order_wakes_all_it_should),
		PROGRAM_TEST(stress_verifies_the_bytes_of_each_message),
		PROGRAM_TEST(stress_stops_when_its_time_is_over),
		PROGRAM_TEST(stress_that_keeps_going_keeps_every_finding),
		PROGRAM_TEST(stress_interrupted_says_what_it_did_and_leaves_nothing),
		PROGRAM_TEST(stress_of_what_cannot_run_here_says_why),
	};

	program_find();
	return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
