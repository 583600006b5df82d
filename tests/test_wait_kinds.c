/*
 * Ways to wait are what they are called: two workers on one processor, which hence wait
 * for each other in every round, are asked how often they slept and what it cost.
 *
 * Real trials of every mechanism with every way to wait that it offers.  A normal run
 * draws mechanisms as long as it has time for; HANDOFF_TEST_LONG=1 takes all.  Locks
 * are not among them: on one processor who asks for one hardly ever waits.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/registry.h"
#include "harness/futex.h"
#include "tests/lab.h"
#include "tests/support.h"

enum {
	N = 400,
	N_SPIN = 60, /* each wait takes 4096 tries */
	FEW = 10,    /* sleeps of the harness' own, around the loop */
	SAMPLE_NS = 2500 * 1000 * 1000u,
	MAX_MECHS = 256,
	LOOKS = 3,
};

enum { RC_REFUSED = 0, RC_NO_FILTER = 40, RC_STATUS = 50 };

/* What a round cost, of both workers. */
struct cost {
	bool known;
	double sleeps, cpu_ns;
};

static bool is_asked(const struct mech *m)
{
	uint32_t waits = m->waits & ~BIT(WAIT_AWAIT); /* coroutines have it alone */

	return (m->family == FAMILY_CHANNEL || m->family == FAMILY_EVENT ||
		       m->family == FAMILY_BARRIER) &&
	       (waits & (waits - 1)) && (m->domains & BIT(DOMAIN_THREAD));
}

static const char *rounds_of(const struct mech *m)
{
	return m->family == FAMILY_BARRIER ? "rendezvous?fan=2&" : "pingpong?";
}

static void key_of(const struct mech *m, enum wait wait, char *key)
{
	snprintf(key, CELL_KEY, "%s/%sdomain=thread&placement=same-pu&wait=%s", m->name,
		rounds_of(m), wait_name(wait));
}

static struct cost measure(const struct mech *m, enum wait wait)
{
	static struct cell c;
	const struct trial_result *r = lab.result;
	char key[CELL_KEY];
	const char *why;
	struct trial_spec spec;

	key_of(m, wait, key);
	why = lab_cell(&c, key);
	if (why || c.skip[0]) {
		print_message("%s: %s\n", key, why ? why : c.skip);
		return (struct cost){.known = false};
	}
	c.n = wait == WAIT_SPIN ? N_SPIN : N;
	c.block = 1;
	lab_spec(&c, &spec);
	spec.warm_n = 2;
	if (lab_run_spec(&c, &spec) != TRIAL_OK)
		fail_msg("%s: %s", key, r->reason);
	assert_true(r->cpu_ops > 0);
	return (struct cost){
		.known = true,
		.sleeps = (double)r->ctx_voluntary / (double)r->cpu_ops,
		.cpu_ns = (double)r->cpu_ns / (double)r->cpu_ops,
	};
}

/* Not what it is called: said in complaint, the last one wins. */
static char complaint[256];

static void check_that(
	bool holds, const struct mech *m, enum wait w, const struct cost *c, const char *what)
{
	if (!holds)
		snprintf(complaint, sizeof(complaint),
			"%s: wait=%s %s: %.2f sleeps and %.0f ns CPU a round", m->name,
			wait_name(w), what, c[w].sleeps, c[w].cpu_ns);
}

static void look_at(const struct mech *m)
{
	struct cost c[WAIT_COUNT] = {0};
	const double often = 0.3, seldom[WAIT_COUNT] = {
					  [WAIT_SPIN] = often * 0.5 + (double)FEW / N_SPIN,
					  [WAIT_YIELD] = often * 0.5 + (double)FEW / N,
				  };

	for (int w = 0; w < WAIT_COUNT; w++) {
		if (m->waits & BIT(w) && w != WAIT_AWAIT)
			c[w] = measure(m, (enum wait)w);
	}
	for (int w = 0; w < WAIT_COUNT; w++) {
		bool never = w == WAIT_SPIN || w == WAIT_YIELD;

		if (c[w].known)
			check_that(never ? c[w].sleeps < seldom[w] : c[w].sleeps > often, m,
				(enum wait)w, c, never ? "sleeps" : "does not sleep");
	}
	if (c[WAIT_SPIN].known && c[WAIT_YIELD].known)
		check_that(c[WAIT_SPIN].cpu_ns > 5 * c[WAIT_YIELD].cpu_ns, m, WAIT_SPIN, c,
			"does not spin");
	if (c[WAIT_SPIN_BLOCK].known && c[WAIT_BLOCK].known)
		check_that(c[WAIT_SPIN_BLOCK].cpu_ns > 2 * c[WAIT_BLOCK].cpu_ns, m, WAIT_SPIN_BLOCK,
			c, "does not spin first");
}

/* CPU time that the host took in between looks like ours: one look in three must be right. */
static void check_mech(const struct mech *m)
{
	int looks = 0;

	do {
		complaint[0] = '\0';
		look_at(m);
	} while (complaint[0] && ++looks < LOOKS);
	if (complaint[0])
		fail_msg("%d times, at last: %s", looks, complaint);
}

/* HANDOFF_TEST_SEED=N: another order. */
static size_t draw(const struct mech **mech)
{
	const struct mech *const *all = registry_all();
	uint64_t seed = support_seed();
	size_t n = 0;

	print_message("order: HANDOFF_TEST_SEED=%llu\n", (unsigned long long)seed);
	srandom((unsigned)seed);
	for (size_t i = 0; i < registry_count() && n < MAX_MECHS; i++) {
		size_t k = (size_t)random() % (n + 1);

		if (!is_asked(all[i]))
			continue;
		mech[n] = mech[k];
		mech[k] = all[i];
		n++;
	}
	return n;
}

static void workers_sleep_spin_and_yield_as_they_are_told(void **state)
{
	static const struct mech *mech[MAX_MECHS];
	const char *more = getenv("HANDOFF_TEST_LONG");
	uint64_t until = monotonic_ns() + SAMPLE_NS;
	size_t n = draw(mech), i;

	(void)state;
	assert_true(n > 0);
	for (i = 0; i < n && ((more && *more) || i == 0 || monotonic_ns() < until); i++)
		check_mech(mech[i]);
	print_message("%zu of %zu mechanisms%s\n", i, n,
		more && *more ? "" : "; all: HANDOFF_TEST_LONG=1");
}

/* ---- epoll ------------------------------------------------------------------------ */

/* From here on nobody may make an epoll instance. */
static bool forbid_epoll(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_create1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = ARRAY_LEN(filter), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}

static int run_without_epoll(const char *key)
{
	struct cell c;
	struct trial_spec spec;

	if (!forbid_epoll())
		return RC_NO_FILTER;
	lab_need_cell(&c, key);
	lab_spec(&c, &spec);
	lab_run_spec(&c, &spec);
	if (strstr(lab.result->reason, "not permitted"))
		return RC_REFUSED;
	return RC_STATUS + (int)lab.result->status;
}

/* The status of a trial where there is no epoll. */
static int without_epoll(const char *key)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run_without_epoll(key));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	lab_nothing_left(key);
	return WEXITSTATUS(status);
}

static void who_waits_in_epoll_needs_epoll_and_nobody_else_does(void **state)
{
	static const char *const mechs[] = {
		"channel/pipe", "channel/fifo", "channel/tcp", "channel/udp"};
	char key[CELL_KEY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mechs); i++) {
		const struct mech *m = registry_find(mechs[i]);
		int code;

		assert_non_null(m);
		key_of(m, WAIT_EPOLL, key);
		code = without_epoll(key);
		if (code == RC_NO_FILTER)
			skip_because("no filter of system calls can be set here");
		if (code != RC_REFUSED)
			fail_msg("%s does without epoll", key);
		key_of(m, WAIT_BLOCK, key);
		assert_int_equal(without_epoll(key), RC_STATUS + TRIAL_OK);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_sleep_spin_and_yield_as_they_are_told),
		cmocka_unit_test(who_waits_in_epoll_needs_epoll_and_nobody_else_does),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("wait_kinds", tests, lab_setup, lab_teardown);
}
