/*
 * Event count: no wake-up is lost, no timed wait is early, and who waits is
 * counted right.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/eventcount.h"
#include "tests/support.h"

enum {
	ROUNDS = 100 * 1000,
	ROUNDS_FAST = 20 * 1000,
	MAX_JITTER = 512, /* pauses: from "the other one sleeps" to "it still looks" */
	CROWD = 4,
};

#define PATIENCE_NS UINT64_C(50000000000)

/* Two players; player p moves when turn % 2 == p. */
struct game {
	OWN_STRIDE atomic_u64 turn;
	OWN_STRIDE struct eventcount moved[2]; /* [p]: p waits here */
	OWN_STRIDE atomic_u32 lost;            /* somebody gave up */
	uint64_t rounds;
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

static void jitter(uint32_t *random)
{
	for (uint32_t i = next_random(random) % MAX_JITTER; i > 0; i--)
		cpu_pause();
}

/* False: it was this one's turn, and nobody woke it. */
static bool await_turn(struct game *g, unsigned p, uint64_t turn, uint32_t *random)
{
	while (load_seq(&g->turn) != turn) {
		uint32_t key = eventcount_prepare(&g->moved[p]);

		if (next_random(random) % 4 == 0)
			jitter(random);
		if (load_seq(&g->turn) == turn)
			eventcount_cancel(&g->moved[p]);
		else if (eventcount_wait(&g->moved[p], key, monotonic_ns() + PATIENCE_NS))
			return false;
		if (load_relaxed(&g->lost))
			return false;
	}
	return true;
}

static void play(struct game *g, unsigned p)
{
	uint32_t random = 0x9e3779b9u + p;

	for (uint64_t turn = p; turn < 2 * g->rounds; turn += 2) {
		if (!await_turn(g, p, turn, &random)) {
			store_relaxed(&g->lost, 1u);
			return;
		}
		jitter(&random);
		store_seq(&g->turn, turn + 1);
		eventcount_notify(&g->moved[!p], 1);
	}
}

static struct game *game_open(bool shared)
{
	struct game *g = mmap(
		NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(g != MAP_FAILED);
	g->rounds = support_fast() ? ROUNDS_FAST : ROUNDS;
	g->moved[0].shared = g->moved[1].shared = shared;
	return g;
}

static void game_close(struct game *g)
{
	assert_int_equal(load_relaxed(&g->lost), 0);
	assert_int_equal(load_relaxed(&g->turn), 2 * g->rounds);
	assert_int_equal(load_relaxed(&g->moved[0].waiters), 0);
	assert_int_equal(load_relaxed(&g->moved[1].waiters), 0);
	munmap(g, sizeof(*g));
}

static void *second_player(void *arg)
{
	play(arg, 1);
	return NULL;
}

static void eventcount_loses_no_wakeup_between_threads(void **state)
{
	struct game *g = game_open(false);
	pthread_t other;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, second_player, g), 0);
	play(g, 0);
	pthread_join(other, NULL);
	game_close(g);
}

static void eventcount_loses_no_wakeup_between_processes(void **state)
{
	struct game *g;
	int status = 0;
	pid_t pid;

	(void)state;
	if (SUPPORT_TSAN)
		skip_because("not under ThreadSanitizer: no fork");
	g = game_open(true);
	pid = fork();
	if (pid == 0) {
		play(g, 1);
		_exit(0);
	}
	assert_true(pid > 0);
	play(g, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	game_close(g);
}

static void eventcount_wait_is_never_early(void **state)
{
	struct eventcount e = {0};

	(void)state;
	for (uint64_t ns = 1; ns < 20 * 1000 * 1000; ns = ns * 3 + 1) {
		uint32_t key = eventcount_prepare(&e);
		uint64_t deadline = monotonic_ns() + ns;

		assert_int_equal(eventcount_wait(&e, key, deadline), -ETIMEDOUT);
		assert_true(monotonic_ns() >= deadline);
		assert_int_equal(load_relaxed(&e.waiters), 0);
	}
}

static void eventcount_wait_for_the_past_comes_back(void **state)
{
	struct eventcount e = {0};
	uint32_t key = eventcount_prepare(&e);

	(void)state;
	assert_int_equal(eventcount_wait(&e, key, 0), -ETIMEDOUT);
	key = eventcount_prepare(&e);
	assert_int_equal(eventcount_wait(&e, key, monotonic_ns()), -ETIMEDOUT);
	assert_int_equal(load_relaxed(&e.waiters), 0);
}

static void eventcount_notified_after_prepare_does_not_sleep(void **state)
{
	struct eventcount e = {0};
	uint32_t key = eventcount_prepare(&e);

	(void)state;
	eventcount_notify(&e, 1);
	assert_int_equal(eventcount_wait(&e, key, monotonic_ns() + PATIENCE_NS), 0);
	assert_int_equal(load_relaxed(&e.waiters), 0);
}

static void eventcount_costs_nothing_while_nobody_waits(void **state)
{
	struct eventcount e = {0};

	(void)state;
	eventcount_notify(&e, 1);
	assert_int_equal(load_relaxed(&e.epoch), 0);
	eventcount_prepare(&e);
	assert_int_equal(load_relaxed(&e.waiters), 1);
	eventcount_cancel(&e);
	eventcount_notify(&e, UINT32_MAX);
	assert_int_equal(load_relaxed(&e.epoch), 0);
}

/* ---- more than one waiter ------------------------------------------------- */

struct crowd {
	struct eventcount e;
	atomic_u32 open, inside, lost;
};

static void *wait_at_the_door(void *arg)
{
	struct crowd *c = arg;

	while (!load_seq(&c->open)) {
		uint32_t key = eventcount_prepare(&c->e);

		if (load_seq(&c->open))
			eventcount_cancel(&c->e);
		else if (eventcount_wait(&c->e, key, monotonic_ns() + PATIENCE_NS))
			add_relaxed(&c->lost, 1u);
	}
	add_relaxed(&c->inside, 1u);
	return NULL;
}

static void eventcount_wakes_all_that_wait(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct crowd c = {0};
		pthread_t t[CROWD];

		for (int i = 0; i < CROWD; i++)
			assert_int_equal(pthread_create(&t[i], NULL, wait_at_the_door, &c), 0);
		while (round % 2 && load_seq(&c.e.waiters) < CROWD)
			sched_yield(); /* odd rounds: all are at the door */
		store_seq(&c.open, 1u);
		eventcount_notify(&c.e, UINT32_MAX);
		for (int i = 0; i < CROWD; i++)
			pthread_join(t[i], NULL);
		assert_int_equal(load_relaxed(&c.inside), CROWD);
		assert_int_equal(load_relaxed(&c.lost), 0);
		assert_int_equal(load_relaxed(&c.e.waiters), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eventcount_loses_no_wakeup_between_processes),
		cmocka_unit_test(eventcount_loses_no_wakeup_between_threads),
		cmocka_unit_test(eventcount_wait_is_never_early),
		cmocka_unit_test(eventcount_wait_for_the_past_comes_back),
		cmocka_unit_test(eventcount_notified_after_prepare_does_not_sleep),
		cmocka_unit_test(eventcount_costs_nothing_while_nobody_waits),
		cmocka_unit_test(eventcount_wakes_all_that_wait),
	};

	return cmocka_run_group_tests_name("eventcount", tests, NULL, NULL);
}
