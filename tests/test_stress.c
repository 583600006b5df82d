/*
 * `handoff stress` from outside: it ends well over sound mechanisms, finds each
 * fault that is injected, prints a line that finds it again, and leaves nothing.
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

#include "bench/cell.h"
#include "bench/csv.h"
#include "harness/names.h"
#include "primitives/registry.h"
#include "tests/outside.h"

enum {
	RC_FINDING = 1,
	RC_USAGE = 2,
	RC_NOTHING = 3,
	RC_INT = 130,
	LINE = 512,
	FAULTS = 8,
	STALLS = 2
};

#define PIPE  " --cell 'channel/pipe/stream?domain=thread&size=4096&placement=unpinned'"
#define SHORT " stress --trial-ms 20 --for 10s"

/* Of the two that run side by side; large. */
static struct outside one, other[FAULTS];

/* "seed 5, 1.0 s, N messages, B bytes verified, F findings" */
static void read_summary(
	const struct outside *p, uint64_t *messages, uint64_t *bytes, uint64_t *findings)
{
	const char *last = strstr(p->out, "bytes verified, ");
	char *line;

	if (!last)
		fail_msg("no summary\n%s%s", p->out, p->err);
	while (last > p->out && last[-1] != '\n')
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

	(void)state;
	outside_check(&one, SHORT " --for 2s", 0, " 0 findings\n");
	read_summary(&one, &messages, &bytes, &findings);
	assert_true(messages > 0 && bytes > 0 && findings == 0);
	outside_nothing_left();
}

static void stress_verifies_the_bytes_of_each_message(void **state)
{
	uint64_t messages, bytes, findings;

	(void)state;
	outside_check(&one,
		SHORT " -m channel/queue-fifo -w stream -d thread -f 1x1 -s 777 --messages 30000",
		0, "channel/queue-fifo");
	read_summary(&one, &messages, &bytes, &findings);
	assert_int_equal(messages, 30000); /* one way: to the message */
	assert_int_equal(bytes, 30000 * 777);
	outside_check(&one, SHORT " -m channel/pipe -w pingpong -d thread -s 64 --messages 5001", 0,
		"channel/pipe");
	read_summary(&one, &messages, &bytes, &findings);
	assert_in_range(messages, 5001, 5002); /* there and back */
	assert_int_equal(bytes, messages * 64);
}

static void stress_stops_when_its_time_is_over(void **state)
{
	uint64_t messages, bytes, findings;

	(void)state;
	outside_check(&one, " stress --for 300ms --messages 1000T -m channel/pipe -d thread", 0,
		"channel/pipe");
	read_summary(&one, &messages, &bytes, &findings);
	assert_true(messages > 0 && findings == 0);
	outside_says(&one, one.err, "stress 0/0 s, trial 1, 0 messages");
}

static void stress_plans_the_same_for_the_same_seed(void **state)
{
	static const char line[] = " stress --dry-run --seed 99 --for 1m";

	(void)state;
	outside_check(&one, line, 0, "seed 99\ntrial 1: ");
	outside_check(&other[0], line, 0, "\ntrial 200: ");
	assert_string_equal(one.out, other[0].out);
	assert_string_equal(one.err, "");
	outside_check(&other[0], " stress --dry-run --seed 98 --for 1m", 0, "trial 200: ");
	assert_true(strcmp(one.out + 8, other[0].out + 8) != 0);
}

/* A seed of its own, said first: any run can be had again. */
static void stress_says_the_seed_that_it_drew(void **state)
{
	char line[96], *first;
	uint64_t seed;

	(void)state;
	outside_check(&one, " stress --dry-run --for 3s", 0, "seed ");
	assert_int_equal(sscanf(one.out, "seed %" SCNu64 "\n", &seed), 1);
	first = strdup(one.out);
	assert_non_null(first);
	snprintf(line, sizeof(line), " stress --dry-run --for 3s --seed %" PRIu64, seed);
	outside_check(&one, line, 0, "seed ");
	assert_string_equal(one.out, first);
	free(first);
}

/* ---- faults --------------------------------------------------------------- */

/* The line behind "replay", as arguments; in a buffer of the caller's. */
static const char *replay_of(const struct outside *p, char out[LINE])
{
	const char *at = strstr(p->out, "\n  replay  handoff ");

	if (!at)
		fail_msg("no replay\n%s%s", p->out, p->err);
	at += strlen("\n  replay  handoff ");
	snprintf(out, LINE, " %.*s", (int)strcspn(at, "\n"), at);
	return out;
}

static void check_found(struct outside *p, const char *words)
{
	outside_finish(p);
	if (p->code != RC_FINDING)
		fail_msg("exit code %d: %s: not found\n%s%s", p->code, words, p->out, p->err);
	outside_says(p, p->out, "FINDING 1: trial ");
	outside_says(p, p->out, words);
}

/* All at once, as each that loses something takes the time until that is sure. */
static void each_fault_is_found_and_found_again_by_its_replay(void **state)
{
	static const struct {
		const char *fault, *says;
	} faults[FAULTS] = {
		{"duplicate@1000", "lost 0, duplicated 1, reordered 0, corrupt 0"},
		{"swap@1000", "lost 0, duplicated 0, reordered 1, corrupt 0"},
		{"flip@1000", "lost 0, duplicated 0, reordered 0, corrupt 1\n"},
		{"flip-middle@1000",
			"bytes changed in 1, first byte 2048 of message 999 of sender 0"},
		{"replay@1000", "lost 0, duplicated 1, reordered 0, corrupt 0"},
		{"mix@1000", "lost 0, duplicated 0, reordered 0, corrupt 1\n"},
		{"drop@1000", ", lost 1, duplicated 0, reordered 0, corrupt 0\n"},
		{"truncate@1000", "nothing arrives any more; evidence: of "},
	};
	/* there a stall is a crash: the verdict reads what its threads have not handed over */
	size_t n = SUPPORT_TSAN ? FAULTS - STALLS : FAULTS;
	char line[LINE];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), SHORT PIPE " --inject %s", faults[i].fault);
		outside_start(&other[i], line);
	}
	for (size_t i = 0; i < n; i++)
		check_found(&other[i], faults[i].says);
	for (size_t i = 0; i < n; i++)
		outside_start(&other[i], replay_of(&other[i], line));
	for (size_t i = 0; i < n; i++)
		check_found(&other[i], faults[i].says);
	outside_nothing_left();
}

/* Hands over bytes that a fault can spoil, as stream does. */
static bool has_bytes(const struct mech *m)
{
	return m->family == FAMILY_CHANNEL && !(m->flags & MECH_NO_EVIDENCE);
}

static void check_fault(const struct mech *m, const char *fault, const char *where)
{
	char line[LINE];

	snprintf(line, sizeof(line),
		SHORT " -m %s -w stream -f 1x1 -s 2000 -c 64 -p unpinned --inject %s %s", m->name,
		fault, where);
	outside_start(&one, line);
	outside_finish(&one);
	if (one.code == RC_NOTHING || (one.code == RC_USAGE && strstr(one.err, "no cell is left")))
		return; /* not here, and it says why */
	if (one.code != RC_FINDING)
		fail_msg("%s: exit code %d\n%s%s", line, one.code, one.out, one.err);
	outside_run(&one, replay_of(&one, line));
	if (one.code != RC_FINDING)
		fail_msg("%s: exit code %d\n%s%s", line, one.code, one.out, one.err);
}

/* A bit in the middle: the stamps at both ends are right. */
static void a_flipped_bit_in_the_middle_is_found_in_every_channel(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		if (!has_bytes(registry_all()[i]))
			continue;
		check_fault(registry_all()[i], "flip-middle@100", "-d thread");
		outside_says(&one, one.out, "bytes changed in ");
		n++;
	}
	assert_true(n > 0);
}

static void each_fault_is_found_in_every_channel_and_domain(void **state)
{
	static const char *const faults[] = {"drop@100", "duplicate@100", "swap@100", "flip@100",
		"flip-middle@100", "truncate@100", "replay@100", "mix@100"};
	static const char *const where[] = {
		"-d thread", "-d process --start fork", "-d process --start exec"};

	(void)state;
	if (!getenv("HANDOFF_TEST_LONG") || SUPPORT_TSAN) {
		print_message("the full product: HANDOFF_TEST_LONG=1\n");
		skip();
	}
	for (size_t i = 0; i < registry_count(); i++) {
		for (size_t k = 0; k < ARRAY_LEN(faults) * ARRAY_LEN(where); k++) {
			if (has_bytes(registry_all()[i]))
				check_fault(registry_all()[i], faults[k / ARRAY_LEN(where)],
					where[k % ARRAY_LEN(where)]);
		}
	}
}

static void a_lock_that_is_none_is_found(void **state)
{
	char line[LINE];

	(void)state;
	outside_check(&one, SHORT " -m lock/none -w contend -d thread -f 4", RC_FINDING,
		"FINDING 1: trial ");
	outside_run(&one, replay_of(&one, line));
	assert_int_equal(one.code, RC_FINDING);
}

/* Nobody is inside twice at a time, however the workers rest there. */
static void a_lock_that_lets_two_in_is_seen_by_its_witness(void **state)
{
	(void)state;
	outside_check(&one,
		" stress -k --for 500ms -m lock/none -w contend -d thread -f 8 -p unpinned"
		" --trial-ms 100",
		RC_FINDING, "another worker was inside ");
}

static void a_death_is_found_with_who_died(void **state)
{
	char line[LINE];

	(void)state;
	if (SUPPORT_TSAN)
		skip();
	outside_check(&one,
		SHORT
		" -m channel/pipe -w stream -d process -f 1x1 -s 64 --inject die@mid-write:50",
		RC_FINDING, "crash: worker 0 (side a) was killed by signal 9");
	outside_says(&one, one.out, "attempted 49, received 49, lost 0");
	outside_run(&one, replay_of(&one, line));
	assert_int_equal(one.code, RC_FINDING);
	outside_nothing_left();
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	(void)ctx;
	(void)len;
	if (line > 1 && (strcmp(field[n > 7 ? 4 : 3], "fail") != 0 || field[n - 1][0] == '\0'))
		fail_msg("line %" PRIu64 " is no finding of this run", line);
	return 0;
}

/* Without the header. */
static uint64_t count_rows(const char *name)
{
	struct csv_limits limits = {0};
	char err[LINE] = "";

	if (csv_read_file(
		    support_path(&outside_dir, name), &limits, on_row, NULL, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return limits.rows - 1;
}

static void stress_that_keeps_going_keeps_every_finding(void **state)
{
	static const char line[] =
		" stress -k --seed 4 --for 400ms --trial-ms 20 --inject flip@10 -o log" PIPE;
	uint64_t messages, bytes, first, second;

	(void)state;
	outside_check(&one, line, RC_FINDING, "FINDING 2: trial 2: fail: evidence");
	read_summary(&one, &messages, &bytes, &first);
	outside_check(&one, line, RC_FINDING, "FINDING 2: trial 2: fail: evidence"); /* added */
	read_summary(&one, &messages, &bytes, &second);
	assert_true(first >= 2 && second >= 2);
	assert_int_equal(count_rows("here/log/findings.csv"), first + second);
	assert_int_equal(count_rows("here/log/trials.csv"), first + second);
}

/* ---- the end -------------------------------------------------------------- */

/* Until a few trials are through. */
static void await_trials(void)
{
	const struct timespec nap = {.tv_nsec = 5000000};

	for (int i = 0; i < OUTSIDE_PATIENCE_S * 200; i++) {
		struct stat st = {0};

		if (stat(support_path(&outside_dir, "here/log/trials.csv"), &st) == 0 &&
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

	(void)state;
	if (SUPPORT_TSAN)
		skip();
	outside_start(&one, " stress --for 10m -d process --start exec --trial-ms 50 -o log");
	await_trials();
	leave_a_name();
	assert_int_equal(kill(one.pid, SIGINT), 0);
	outside_finish(&one);
	assert_int_equal(one.code, RC_INT);
	read_summary(&one, &messages, &bytes, &findings);
	assert_true(messages > 0 && findings == 0);
	outside_says(&one, one.err, "stopped by signal 2");
	outside_nothing_left();
}

static void stress_of_what_cannot_run_here_says_why(void **state)
{
	(void)state;
	outside_check(
		&one, SHORT " -m channel/udp -w stream -d thread -s 1M", RC_NOTHING, " skipped: ");
	outside_check(&one,
		SHORT " -p smt,cross-package,cross-numa -w pingpong -d thread --dry-run", 0,
		"placement=");
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
		{"--messages lots", "write 1000, 500k"},
		{"--messages -5", "--messages"},
		{"--seed x", "--seed \"x\""},
		{"--seed 18446744073709551616", "--seed"},
		{"--trial 0 --seed 1", "counted from 1"},
		{"--trial 3", "of which --seed"},
		{"--trial-ms 0.1", "from 1 to 60000"},
		{"-m channel/pip", "did you mean channel/pipe"},
		{"-w sream", "stream"},
		{"-d threed", "thread and process"},
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
		snprintf(line, sizeof(line), " stress %s", bad[i].line);
		outside_check(&one, line, RC_USAGE, bad[i].says);
		assert_string_equal(one.out, "");
		assert_int_equal(strcspn(one.err, "\n") + 1, strlen(one.err)); /* one sentence */
	}
	assert_int_equal(rmdir(support_path(&outside_dir, "here")), 0); /* nothing was made */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTSIDE_TEST(stress_refuses_what_means_nothing),
		OUTSIDE_TEST(stress_plans_the_same_for_the_same_seed),
		OUTSIDE_TEST(stress_says_the_seed_that_it_drew),
		OUTSIDE_TEST(stress_of_sound_mechanisms_ends_well),
		OUTSIDE_TEST(stress_verifies_the_bytes_of_each_message),
		OUTSIDE_TEST(stress_stops_when_its_time_is_over),
		OUTSIDE_TEST(each_fault_is_found_and_found_again_by_its_replay),
		OUTSIDE_TEST(a_flipped_bit_in_the_middle_is_found_in_every_channel),
		OUTSIDE_TEST(each_fault_is_found_in_every_channel_and_domain),
		OUTSIDE_TEST(a_lock_that_is_none_is_found),
		OUTSIDE_TEST(a_lock_that_lets_two_in_is_seen_by_its_witness),
		OUTSIDE_TEST(a_death_is_found_with_who_died),
		OUTSIDE_TEST(stress_that_keeps_going_keeps_every_finding),
		OUTSIDE_TEST(stress_interrupted_says_what_it_did_and_leaves_nothing),
		OUTSIDE_TEST(stress_of_what_cannot_run_here_says_why),
	};

	outside_find();
	return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
