/*
 * `handoff stress` and faults: each that is injected is found in every channel, with its
 * numbers, and found again by the line that is printed for it; so is a lock that is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"
#include "harness/mech.h"
#include "tests/program.h"

enum { RC_FINDING = 1, LINE = 512, FAULTS = 8, STALLS = 2 };

#define PIPE  " --cell 'channel/pipe/stream?domain=thread&size=4096&placement=unpinned'"
#define SHORT H "stress --trial-ms 20 --for 10s"

/* The line behind "replay" of the last output, as a command; in a buffer of the caller's. */
static const char *replay(char out[LINE])
{
	const char *at = strstr(program.out, "\n  replay  handoff ");

	if (!at)
		fail_msg("no replay\n%s%s", program.out, program.err);
	at += strlen("\n  replay  handoff ");
	snprintf(out, LINE, H "%.*s", (int)strcspn(at, "\n"), at);
	return out;
}

static void check_says(const char *words)
{
	if (!strstr(program.out, words))
		fail_msg("\"%s\" is not said\n%s%s", words, program.out, program.err);
}

static void check_found(int code, const char *words)
{
	if (code != RC_FINDING)
		fail_msg(
			"exit code %d: %s: not found\n%s%s", code, words, program.out, program.err);
	check_says("FINDING 1: trial ");
	check_says(words);
}

struct fault {
	const char *fault, *says;
};

/* All at once; the lines become those that find them again. */
static void find_all(const struct fault *faults, size_t n, char line[][LINE])
{
	char name[FAULTS][8];
	pid_t pid[FAULTS];

	for (size_t i = 0; i < n; i++) {
		snprintf(name[i], sizeof(name[i]), "%zu", i);
		pid[i] = program_start_as(line[i], name[i]);
	}
	for (size_t i = 0; i < n; i++) {
		check_found(program_finish_as(pid[i], name[i]), faults[i].says);
		replay(line[i]);
	}
}

/* Side by side, as each that loses something takes the time until that is sure. */
static void each_fault_is_found_and_found_again_by_its_replay(void **state)
{
	static const struct fault faults[FAULTS] = {
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
	char line[FAULTS][LINE];

	(void)state;
	for (size_t i = 0; i < n; i++)
		snprintf(line[i], LINE, SHORT PIPE " --inject %s", faults[i].fault);
	find_all(faults, n, line);
	find_all(faults, n, line);
	program_nothing_left("stress");
}

/* Hands over bytes that a fault can spoil, as stream does. */
static bool has_bytes(const struct mech *m)
{
	return m->family == FAMILY_CHANNEL && !(m->flags & MECH_NO_EVIDENCE) &&
	       m->broker == BROKER_NONE;
}

static void check_fault(const struct mech *m, const char *fault, const char *where)
{
	char line[LINE];
	int code;

	snprintf(line, sizeof(line),
		SHORT " -m %s -w stream -f 1x1 -s 2000 -c 64 -p unpinned --inject %s %s", m->name,
		fault, where);
	code = program_finish(program_start(line));
	if (code == RC_NOTHING || (code == RC_USAGE && strstr(program.err, "no cell is left")))
		return; /* not here, and it says why */
	if (code != RC_FINDING)
		fail_msg("%s: exit code %d\n%s%s", line, code, program.out, program.err);
	program_ends(replay(line), RC_FINDING);
}

/* A bit in the middle: the stamps at both ends are right. */
static void a_flipped_bit_in_the_middle_is_found_in_every_channel(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		if (!has_bytes(registry_all()[i]))
			continue;
		check_fault(registry_all()[i], "flip-middle@100",
			registry_all()[i]->domains & BIT(DOMAIN_THREAD) ? "-d thread" : "");
		check_says("bytes changed in ");
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
	if (!getenv("HANDOFF_TEST_LONG") || SUPPORT_TSAN)
		skip_because("the full product: HANDOFF_TEST_LONG=1");
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
	program_ends_saying(
		SHORT " -m lock/none -w contend -d thread -f 4", RC_FINDING, "FINDING 1: trial ");
	program_ends(replay(line), RC_FINDING);
}

/* Nobody is inside twice at a time, however the workers rest there. */
static void a_lock_that_lets_two_in_is_seen_by_its_witness(void **state)
{
	(void)state;
	program_ends_saying(H
		"stress -k --for 500ms -m lock/none -w contend -d thread -f 8 -p unpinned"
		" --trial-ms 100",
		RC_FINDING, "another worker was inside ");
}

static void a_death_is_found_with_who_died(void **state)
{
	char line[LINE];

	(void)state;
	if (SUPPORT_TSAN)
		skip_because("not under ThreadSanitizer: a worker is killed");
	program_ends_saying(SHORT
		" -m channel/pipe -w stream -d process -f 1x1 -s 64 --inject die@mid-write:50",
		RC_FINDING, "crash: worker 0 (side a) was killed by signal 9");
	check_says("attempted 49, received 49, lost 0");
	program_ends(replay(line), RC_FINDING);
	program_nothing_left("stress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(each_fault_is_found_and_found_again_by_its_replay),
		PROGRAM_TEST(a_flipped_bit_in_the_middle_is_found_in_every_channel),
		PROGRAM_TEST(each_fault_is_found_in_every_channel_and_domain),
		PROGRAM_TEST(a_lock_that_is_none_is_found),
		PROGRAM_TEST(a_lock_that_lets_two_in_is_seen_by_its_witness),
		PROGRAM_TEST(a_death_is_found_with_who_died),
	};

	program_find();
	return cmocka_run_group_tests_name("stress_faults", tests, NULL, NULL);
}
