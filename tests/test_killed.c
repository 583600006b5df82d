/*
 * A worker of a plain trial is killed by somebody else: whoever held the lock then is named as
 * its holder, as far as the lock knows; whoever only waited for it is not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/registry.h"
#include "harness/family/rwlock.h"
#include "tests/lab.h"
#include "tests/rig.h"
#include "tests/support.h"

enum {
	WORKERS = 2,
	TRIES = 5,
	LOOKS = 10, /* so often asleep in a row: it waits for whom we have stopped */
	NS_PER_MS = 1000000,
	STRETCH_MS = 250, /* a death is noticed at its end */
	WARMED_UP_NS = 10 * NS_PER_MS,
};

/* ---- who kills ----------------------------------------------------------------- */

/* A thread beside the one that runs the trial. */
struct killer {
	pthread_t thread;
	pid_t parent;      /* of the trial */
	bool waiter;       /* kill who waits for the lock; else who holds it */
	uint64_t until_ns; /* the stretch is surely not over before */
	atomic_u32 over;   /* the trial has ended */
	atomic_u32 killed;
};

static void nap_ms(long ms)
{
	const struct timespec ts = {.tv_nsec = ms * NS_PER_MS};

	nanosleep(&ts, NULL);
}

static int children_of(pid_t pid, pid_t *child, int most)
{
	char path[64];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	while (f && n < most && fscanf(f, "%d", &child[n]) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

/* R, S, T ...; '?': it is gone. */
static char state_of(pid_t pid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (f)
		fclose(f);
	return state;
}

/* With `one` stopped the other goes on, or it sleeps for good: it waits for what `one` holds. */
static bool holds(pid_t one, pid_t other)
{
	int asleep = 0;

	while (state_of(one) != 'T' && state_of(one) != '?')
		nap_ms(1);
	while (asleep < LOOKS && state_of(other) == 'S') {
		nap_ms(2);
		asleep++;
	}
	return asleep == LOOKS;
}

/* True when the deed is done.  Where the waiter is killed the holder stays where it is. */
static bool try_to_kill(struct killer *k, pid_t one, pid_t other)
{
	kill(one, SIGSTOP);
	/* once the stretch is over the other one sleeps in any case */
	if (!holds(one, other) || monotonic_ns() > k->until_ns) {
		kill(one, SIGCONT);
		return false;
	}
	kill(k->waiter ? other : one, SIGKILL);
	store_release(&k->killed, 1);
	return true;
}

static void *kill_one(void *arg)
{
	struct killer *k = arg;
	pid_t trial, worker[WORKERS];

	for (unsigned i = 0; !load_acquire(&k->over) && monotonic_ns() < k->until_ns; i++) {
		nap_ms(1);
		if (children_of(k->parent, &trial, 1) != 1 ||
			children_of(trial, worker, WORKERS) != WORKERS ||
			support_cpu_ns(worker[0]) < WARMED_UP_NS ||
			support_cpu_ns(worker[1]) < WARMED_UP_NS)
			continue;
		if (try_to_kill(k, worker[i % WORKERS], worker[!(i % WORKERS)]))
			break;
	}
	return NULL;
}

/* One trial in which a worker is killed; false: the moment did not come. */
static bool run_with_killer(const struct cell *c, bool waiter)
{
	struct killer k = {.parent = getpid(), .waiter = waiter};
	struct trial_spec spec;
	enum trial_status status;

	lab_spec(c, &spec);
	assert_int_equal(spec.probed, 0);
	k.until_ns = monotonic_ns() + c->stretch_ns;
	assert_int_equal(pthread_create(&k.thread, NULL, kill_one, &k), 0);
	status = lab_run_spec(c, &spec);
	store_release(&k.over, 1);
	pthread_join(k.thread, NULL);
	if (!load_acquire(&k.killed))
		return false;
	if (status != TRIAL_CRASH || !strstr(lab.result->reason, "killed by signal 9"))
		fail_msg("%s: %s: %s", c->key, trial_status_name(status), lab.result->reason);
	assert_int_equal(lab.result->fired, 0);
	lab_nothing_left(c->key);
	return true;
}

static void kill_in(const char *key, bool waiter)
{
	struct cell c;
	int try = 0;

	lab_need_cell(&c, key);
	c.stretch_ns = (uint64_t)STRETCH_MS * NS_PER_MS;
	while (!run_with_killer(&c, waiter)) {
		if (++try == TRIES)
			fail_msg("%s: nobody could be killed", key);
		c.stretch_ns *= 2;
	}
}

/* The number behind `what` in the reason; -1: it is not there. */
static int number_after(const char *what)
{
	const char *at = strstr(lab.result->reason, what);

	return at ? atoi(at + strlen(what)) : -1;
}

static void need_processes(void)
{
	if (LAB_TSAN)
		skip_because("not under ThreadSanitizer: processes");
	if (support_cpu_ns(getpid()) == 0)
		skip_because("/proc does not say how long a process has run");
}

/* Sections are long: somebody is always inside.  Of rwlocks all write. */
static void who_is_killed_inside_a_plain_lock_is_named_as_its_holder(void **state)
{
	static const char *const keys[] = {
		"lock/mutex/contend?fan=2&domain=process&size=65536",
		"lock/mutex/contend?fan=2&domain=process&size=65536&start=exec",
		"lock/mutex-recursive/contend?fan=2&domain=process&size=65536",
		"rwlock/mutex/readers?fan=2&domain=process&size=65536&reads=0",
		"rwlock/pthread/readers?fan=2&domain=process&size=65536&reads=0",
	};

	(void)state;
	need_processes();
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		kill_in(keys[i], false);
		if (number_after("lock is held by worker ") < 0 ||
			number_after("lock is held by worker ") != number_after("worker "))
			fail_msg("%s: %s", keys[i], lab.result->reason);
	}
}

static void who_is_killed_while_it_waits_is_not(void **state)
{
	static const char *const keys[] = {
		"lock/mutex/contend?fan=2&domain=process&size=65536",
		"rwlock/pthread/readers?fan=2&domain=process&size=65536&reads=0",
	};

	(void)state;
	need_processes();
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		kill_in(keys[i], true);
		if (strstr(lab.result->reason, "held by"))
			fail_msg("%s: %s", keys[i], lab.result->reason);
	}
}

/* ... and so its contract says. */
static void who_is_killed_with_a_permit_is_not_named_since_nobody_knows(void **state)
{
	const char *key = "lock/semaphore/contend?fan=2&domain=process&size=65536";

	(void)state;
	need_processes();
	kill_in(key, false);
	if (strstr(lab.result->reason, "held by"))
		fail_msg("%s: %s", key, lab.result->reason);
}

/* ---- what locks know -------------------------------------------------------------- */

static bool is_held(const struct mech *m)
{
	return (m->family == FAMILY_LOCK || m->family == FAMILY_RWLOCK) &&
	       strcmp(m->contract.owner, "anyone") != 0;
}

static holder_fn *holder_of(const struct mech *m)
{
	if (m->family == FAMILY_LOCK)
		return ((const struct lock_ops *)m->ops)->holder;
	return ((const struct rwlock_ops *)m->ops)->holder;
}

static enum result take(struct rig_worker *w)
{
	const struct mech *m = w->port.link->mech;

	if (m->family == FAMILY_LOCK)
		return rig_lock(w, MODE_TRY);
	return ((const struct rwlock_ops *)m->ops)
		->write_lock(&w->port, (struct how){WAIT_BLOCK, MODE_TRY, false});
}

static enum result release(struct rig_worker *w)
{
	const struct mech *m = w->port.link->mech;

	if (m->family == FAMILY_LOCK)
		return rig_unlock(w);
	return ((const struct rwlock_ops *)m->ops)
		->write_unlock(&w->port, (struct how){WAIT_BLOCK, MODE_BLOCK, false});
}

/* One after the other. */
static void ask_who_holds_it(struct rig_worker *w)
{
	holder_fn *holder = holder_of(w->port.link->mech);
	struct lock_holder h;

	if (!rig_await(w, w->port.index))
		return;
	h = holder(w->port.link);
	MUST(w, h.port == 0 && h.tid == 0);
	MUST_BE(w, take(w), OP_DONE);
	h = holder(w->port.link);
	MUST(w, h.port ? h.port == w->port.index + 1 : h.tid == (uint32_t)gettid());
	MUST_BE(w, release(w), OP_DONE);
	h = holder(w->port.link);
	MUST(w, h.port == 0 && h.tid == 0);
	rig_reach(w, w->port.index + 1);
}

static unsigned ask_in(const struct mech *m, enum domain d)
{
	const struct rig_spec spec = {
		.mech = m,
		.domain = d,
		.wait = d == DOMAIN_COROUTINE ? WAIT_AWAIT : WAIT_BLOCK,
		.senders = WORKERS,
		.msg_bytes = 8,
		.capacity = 1,
	};
	struct rig r;

	if (!(m->domains & BIT(d)) || (RIG_TSAN && d == DOMAIN_PROCESS))
		return 0;
	assert_int_equal(rig_open(&r, &spec), RIG_READY);
	rig_run(&r, ask_who_holds_it, NULL);
	if (!rig_close(&r))
		fail_msg("%s, %s: %s", m->name, domain_name(d), r.verdict);
	return 1;
}

static void each_lock_knows_its_holder_or_its_contract_says_that_nobody_does(void **state)
{
	unsigned asked = 0, unknown = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (!is_held(m))
			continue;
		for (int d = 0; d < DOMAIN_COUNT && holder_of(m); d++)
			asked += ask_in(m, (enum domain)d);
		if (holder_of(m))
			continue;
		if (!strstr(m->contract.owner, "who holds it nobody knows"))
			fail_msg("%s: owner: %s", m->name, m->contract.owner);
		unknown++;
	}
	assert_true(asked > 0 && unknown > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_killed_inside_a_plain_lock_is_named_as_its_holder),
		cmocka_unit_test(who_is_killed_while_it_waits_is_not),
		cmocka_unit_test(who_is_killed_with_a_permit_is_not_named_since_nobody_knows),
		cmocka_unit_test(each_lock_knows_its_holder_or_its_contract_says_that_nobody_does),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("killed", tests, lab_setup, lab_teardown);
}
