/*
 * `handoff stress` and faults: each that is injected is found in every channel, with its
 * numbers, and found again by the line that is printed for it; so is a lock that is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/mech.h"
#include "primitives/registry.h"
#include "tests/outside.h"

enum { RC_FINDING = 1, RC_USAGE = 2, RC_NOTHING = 3, LINE = 512, FAULTS = 8, STALLS = 2 };

#define PIPE  " --cell 'channel/pipe/stream?domain=thread&size=4096&placement=unpinned'"
#define SHORT " stress --trial-ms 20 --for 10s"

static struct outside one, other[FAULTS]; /* large; the others run side by side */

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
	return m->family == FAMILY_CHANNEL && !(m->flags & MECH_NO_EVIDENCE) &&
	       m->broker == BROKER_NONE;
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
		check_fault(registry_all()[i], "flip-middle@100",
			registry_all()[i]->domains & BIT(DOMAIN_THREAD) ? "-d thread" : "");
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
		skip_because("not under ThreadSanitizer: a worker is killed");
	outside_check(&one,
		SHORT
		" -m channel/pipe -w stream -d process -f 1x1 -s 64 --inject die@mid-write:50",
		RC_FINDING, "crash: worker 0 (side a) was killed by signal 9");
	outside_says(&one, one.out, "attempted 49, received 49, lost 0");
	outside_run(&one, replay_of(&one, line));
	assert_int_equal(one.code, RC_FINDING);
	outside_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OUTSIDE_TEST(each_fault_is_found_and_found_again_by_its_replay),
		OUTSIDE_TEST(a_flipped_bit_in_the_middle_is_found_in_every_channel),
		OUTSIDE_TEST(each_fault_is_found_in_every_channel_and_domain),
		OUTSIDE_TEST(a_lock_that_is_none_is_found),
		OUTSIDE_TEST(a_lock_that_lets_two_in_is_seen_by_its_witness),
		OUTSIDE_TEST(a_death_is_found_with_who_died),
	};

	outside_find();
	return cmocka_run_group_tests_name("stress_faults", tests, NULL, NULL);
}
