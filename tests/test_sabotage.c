/*
 * The evidence tested: each sabotage of a message, on every channel that hands
 * something over, is caught and rightly named.
 */
#include <stdio.h>
#include <string.h>

#include "bench/registry.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { NTH = 10 };

static const struct sabotage {
	enum probe_act act;
	/* Which counter of the result must have seen it. */
	size_t counter;
	const char *called;
} sabotages[] = {
	{PROBE_DROP, offsetof(struct trial_result, lost), "lost"},
	{PROBE_DUPLICATE, offsetof(struct trial_result, duplicated), "duplicated"},
	{PROBE_REPLAY, offsetof(struct trial_result, duplicated), "duplicated"},
	{PROBE_SWAP, offsetof(struct trial_result, reordered), "reordered"},
	{PROBE_FLIP, offsetof(struct trial_result, corrupt), "corrupt"},
	{PROBE_TRUNCATE, offsetof(struct trial_result, corrupt), "corrupt"},
	{PROBE_MIX, offsetof(struct trial_result, corrupt), "corrupt"},
};

/* Tested now, and hands something over. */
static bool has_evidence(const struct mech *m)
{
	return family_has_messages(m->family) && !(m->flags & MECH_NO_EVIDENCE) && lab_wants(m);
}

static char why_not[400]; /* the last cell that could not run */

/* False: not offered, or not on this machine. */
static bool cell_of(struct cell *c, const struct mech *m, const char *workload, int domain)
{
	char key[CELL_KEY];
	const char *why;

	snprintf(key, sizeof(key), "%s/%s?domain=%s&fan=1x1", m->name, workload,
		domain_name((enum domain)domain));
	if (!(m->domains & BIT(domain)))
		return false;
	why = lab_cell(c, key);
	if (!why && !c->skip[0])
		return true;
	snprintf(why_not, sizeof(why_not), "%s", why ? why : c->skip);
	return false;
}

/* A mechanism of which nothing ran is told of; one that can always run is wrong then. */
static bool has_run(const struct mech *m, unsigned trials, unsigned least)
{
	if (trials > 0 && trials >= least)
		return true;
	if (trials > 0 || lab_always_runs(m))
		fail_msg("%s: %u sabotages of at least %u: %s", m->name, trials, least, why_not);
	print_message("%s: nothing is sabotaged: %s\n", m->name, why_not);
	return false;
}

static uint64_t counter(const struct trial_result *r, size_t at)
{
	uint64_t v;

	memcpy(&v, (const char *)r + at, sizeof(v));
	return v;
}

/* Names a sabotage of a cell, for the sample. */
static const char *kind_of(const struct cell *c, size_t k)
{
	static char name[CELL_KEY + 32];

	snprintf(name, sizeof(name), "%s %s", c->key, probe_act_name(sabotages[k].act));
	return name;
}

/* NULL, or what is wrong with the verdict. */
static const char *complaint(const struct cell *c, const struct sabotage *s)
{
	const struct trial_result *r = lab.result;
	bool lossy = c->mech->contract.lossy;

	/* nobody can tell which loss was meant; it must be counted */
	if (lossy && s->act == PROBE_DROP)
		return r->status == TRIAL_OK && r->lost ? NULL : "was not counted";
	if (r->status == TRIAL_OK)
		return "was not caught";
	if (r->status != TRIAL_FAIL)
		return "is not a failure";
	if (counter(r, s->counter) == 0)
		return "is not named";
	/* whole messages only went missing, came twice or changed places */
	if (r->corrupt && strcmp(s->called, "corrupt") != 0)
		return "is taken for corruption";
	if (s->act == PROBE_SWAP && ((r->lost && !lossy) || r->duplicated))
		return "is taken for more";
	if (s->act == PROBE_DROP && (r->duplicated || r->reordered))
		return "is taken for more";
	if (!strstr(r->reason, "evidence") || !strstr(r->reason, s->called))
		return "is not explained";
	return NULL;
}

static void complain(const struct cell *c, const struct sabotage *s, const char *what)
{
	const struct trial_result *r = lab.result;

	fail_msg("%s: %s %s: %s, lost %lu, duplicated %lu, reordered %lu, corrupt %lu: %s", c->key,
		probe_act_name(s->act), what, trial_status_name(r->status), (unsigned long)r->lost,
		(unsigned long)r->duplicated, (unsigned long)r->reordered,
		(unsigned long)r->corrupt, r->reason);
}

/* Two messages that change places are no fault where the order is not the senders'. */
static bool is_a_fault(const struct mech *m, const struct sabotage *s)
{
	return s->act != PROBE_SWAP || !mech_overtakes(m);
}

static void sabotage(const struct cell *c, const struct sabotage *s, uint32_t worker)
{
	const struct trial_fault f = {.act = (uint32_t)s->act, .worker = worker, .nth = NTH};

	const char *what = "";

	for (int try = 0; try < LAB_TRIES && what; try++) {
		bool caught = lab_run(c, &f) != TRIAL_OK;

		what = complaint(c, s);
		if (!caught) /* once is one too many */
			break;
		lab_nothing_left(c->key);
	}
	if (what)
		complain(c, s, what);
}

/* In the first domain that runs here: of one mechanism all kinds, of the others every other one. */
static bool is_always(const struct mech *m, size_t k)
{
	return is_a_fault(m, &sabotages[k]) &&
	       (strcmp(m->name, "channel/queue-fifo") == 0 ||
		       (k + strlen(m->name) + support_seed()) % 2 == 0);
}

/* Of the rest, a part. */
static unsigned sabotage_streams(const struct mech *m)
{
	unsigned trials = 0;
	bool first = true;
	struct cell c;

	for (int d = 0; d < DOMAIN_COUNT; d++) {
		if (!cell_of(&c, m, "stream", d))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(sabotages); k++) {
			if (!is_a_fault(m, &sabotages[k]) ||
				!((first && is_always(m, k)) || lab_is_sampled(kind_of(&c, k), 30)))
				continue;
			sabotage(&c, &sabotages[k], 0);
			trials++;
		}
		first = false;
	}
	return trials;
}

static void sabotage_of_a_stream_is_caught_and_named(void **state)
{
	unsigned mechs = 0, trials = 0, most = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		unsigned n, least = 0;

		if (!has_evidence(m))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(sabotages); k++)
			least += is_always(m, k);
		n = sabotage_streams(m);
		mechs += has_run(m, n, least);
		trials += n;
		most += n >= ARRAY_LEN(sabotages);
	}
	print_message("%u sabotages of %u mechanisms, of all kinds of %u\n", trials, mechs, most);
	assert_true(mechs >= 2 && most >= 1);
}

/* Replies are evidence too: worker 1 spoils what it sends back. */
static void sabotage_of_a_reply_is_caught_and_named(void **state)
{
	static const struct sabotage flip = {
		PROBE_FLIP, offsetof(struct trial_result, corrupt), "corrupt"};
	unsigned mechs = 0, trials = 0;
	struct cell c;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned before = trials;

		if (!has_evidence(m) || m->family != FAMILY_CHANNEL) /* buses: no replies */
			continue;
		for (int d = 0; d < DOMAIN_COUNT; d++) {
			if (!cell_of(&c, m, "pingpong", d))
				continue;
			sabotage(&c, &flip, 0);
			sabotage(&c, &flip, 1);
			trials += 2;
		}
		mechs += has_run(m, trials - before, 2);
	}
	print_message("%u sabotages of %u mechanisms\n", trials, mechs);
	assert_true(mechs >= 2);
}

/* An event's message is its token: what is written before the signal. */
static void sabotage_of_a_signal_is_caught_and_named(void **state)
{
	static const struct sabotage of_signal[] = {
		{PROBE_DROP, offsetof(struct trial_result, lost), "lost"},
		{PROBE_FLIP, offsetof(struct trial_result, corrupt), "corrupt"},
		{PROBE_REPLAY, offsetof(struct trial_result, duplicated), "duplicated"},
	};
	static const char *const workloads[] = {"pingpong", "wake-one", "wake-all"};
	unsigned mechs = 0, trials = 0;
	struct cell c;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned before = trials;

		if (m->family != FAMILY_EVENT || !lab_wants(m))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(workloads) * DOMAIN_COUNT; k++) {
			if (!cell_of(&c, m, workloads[k / DOMAIN_COUNT], (int)(k % DOMAIN_COUNT)))
				continue;
			/* each drop is found by its silence, which takes its time */
			for (size_t s = k >= DOMAIN_COUNT; s < ARRAY_LEN(of_signal); s++, trials++)
				sabotage(&c, &of_signal[s], 0);
		}
		mechs += has_run(m, trials - before, ARRAY_LEN(of_signal));
	}
	print_message("%u sabotages of %u mechanisms\n", trials, mechs);
	assert_true(mechs >= 1);
}

/* A worker that does not wait: it, or who then waits for it, is at the wrong place. */
static void sabotage_of_a_barrier_is_caught_and_named(void **state)
{
	static const struct sabotage of_barrier = {
		PROBE_DROP, offsetof(struct trial_result, corrupt), "corrupt"};
	unsigned trials = 0;
	struct cell c;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (m->family != FAMILY_BARRIER || !lab_wants(m))
			continue;
		for (int d = 0; d < DOMAIN_COUNT; d++) {
			if (!(m->domains & BIT(d)))
				continue;
			trials++;
			if (!cell_of(&c, m, "rendezvous", d))
				fail_msg("%s cannot run in domain %d", m->name, d);
			sabotage(&c, &of_barrier, 0);
			if (!strstr(lab.result->reason, "let a worker go at the wrong time"))
				fail_msg("%s: %s", c.key, lab.result->reason);
		}
	}
	assert_true(trials > 0);
}

/* One receiver among several cannot be exact, but it must not be blind. */
static void sabotage_among_several_workers_is_never_ok(void **state)
{
	static const char key[] = "channel/queue-fifo/stream?domain=process&fan=2x2";
	struct cell c;

	(void)state;
	assert_null(lab_cell(&c, key));
	if (c.skip[0])
		skip_because("%s: %s", key, c.skip);
	for (size_t k = 0; k < ARRAY_LEN(sabotages); k++) {
		const struct trial_fault f = {.act = (uint32_t)sabotages[k].act, .nth = NTH};

		/* the other sender may have come first to all of them */
		for (int try = 0; try < LAB_TRIES && lab_run(&c, &f) == TRIAL_OK; try++)
			;
		if (lab.result->status != TRIAL_FAIL)
			complain(&c, &sabotages[k], "among several was not caught");
		lab_nothing_left(c.key);
	}
}

static void sabotage_left_out_is_ok(void **state)
{
	static const struct trial_fault none = {.act = PROBE_NONE};
	static const char *const workloads[] = {"stream", "pingpong", "uncontended"};
	unsigned trials = 0;
	struct cell c;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		for (unsigned k = 0; k < ARRAY_LEN(workloads) * DOMAIN_COUNT; k++) {
			if (!cell_of(&c, m, workloads[k / DOMAIN_COUNT], (int)(k % DOMAIN_COUNT)))
				continue;
			if (!lab_is_sampled(c.key, 20))
				continue;
			if (lab_run(&c, &none) != TRIAL_OK)
				fail_msg("%s: %s", c.key, lab.result->reason);
			assert_int_equal(lab.result->ops,
				LAB_N - (m->contract.lossy ? lab.result->lost : 0));
			lab_nothing_left(c.key);
			trials++;
		}
	}
	assert_true(trials > 0);
}

/* Here the faults of interest are other ones, and processes are not watched. */
static void sabotage_is_not_tested_under_thread_sanitizer(void **state)
{
	(void)state;
	print_message("ThreadSanitizer: no sabotage\n");
	assert_true(ARRAY_LEN(sabotages) == PROBE_FLIP_MIDDLE - PROBE_DROP); /* it: test_fill */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sabotage_of_a_stream_is_caught_and_named),
		cmocka_unit_test(sabotage_of_a_reply_is_caught_and_named),
		cmocka_unit_test(sabotage_of_a_signal_is_caught_and_named),
		cmocka_unit_test(sabotage_of_a_barrier_is_caught_and_named),
		cmocka_unit_test(sabotage_among_several_workers_is_never_ok),
		cmocka_unit_test(sabotage_left_out_is_ok),
	};
	const struct CMUnitTest tsan[] = {
		cmocka_unit_test(sabotage_is_not_tested_under_thread_sanitizer),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	if (LAB_TSAN)
		return cmocka_run_group_tests_name("sabotage", tsan, NULL, NULL);
	return cmocka_run_group_tests_name("sabotage", tests, lab_setup, lab_teardown);
}
