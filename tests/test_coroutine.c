/* Coroutines: both ways to switch, descriptors, deadlines, queues, ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/compiler.h"
#include "harness/coroutine.h"
#include "harness/futex.h"
#include "tests/support.h"

enum { MANY = 200, ROUNDS = 2000, NS_PER_MS = 1000000, DEPTH = 200, PATIENCE_S = 60 };

/* What the coroutines of one test share. */
struct scene {
	struct coro_loop *loop;
	char order[64];
	size_t said;
	int fd[2], moved, late, woken, ended;
	double kept;
	uint64_t begin, last;
	bool fine;
	struct coro_queue queue;
	struct coro *first;
	atomic_u32 word;
};

static void say(struct scene *s, char c)
{
	if (s->said + 1 < sizeof(s->order))
		s->order[s->said++] = c;
}

/* Each test runs with every way to switch. */
static enum coro_switch way(void **state)
{
	return (enum coro_switch)(uintptr_t)*state;
}

static void open_scene(struct scene *s, void **state)
{
	memset(s, 0, sizeof(*s));
	if (!coro_switch_offered(way(state)))
		skip_because("no switch %s here", coro_switch_name(way(state)));
	s->loop = coro_loop_open(way(state), 0);
	assert_non_null(s->loop);
}

static void run_to_end(struct scene *s)
{
	assert_int_equal(coro_run(s->loop), 0);
	coro_loop_close(s->loop);
}

/* ---- turns ------------------------------------------------------------------- */

static void says_a_thrice(void *arg)
{
	for (int i = 0; i < 3; i++) {
		say(arg, 'a');
		coro_yield();
	}
}

static void says_b_twice(void *arg)
{
	for (int i = 0; i < 2; i++) {
		say(arg, 'b');
		coro_yield();
	}
}

static void coroutines_take_turns_in_the_order_of_their_start(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, says_a_thrice, &s), 0);
	assert_int_equal(coro_start(s.loop, says_b_twice, &s), 0);
	run_to_end(&s);
	assert_string_equal(s.order, "ababa");
	assert_null(coro_self());
}

/* Floating point and a deep stack, with others in between. */
static double deep(int depth, double v)
{
	volatile char here[256];
	double below;

	here[0] = (char)depth;
	if (depth % 16 == 0)
		coro_yield();
	below = depth ? deep(depth - 1, v * 1.0000001) : v;
	return here[0] == (char)depth ? below : 0;
}

static void goes_deep(void *arg)
{
	struct scene *s = arg;
	double want = 1, got = deep(DEPTH, 1);

	for (int i = 0; i < DEPTH; i++)
		want *= 1.0000001;
	s->ended += got == want;
}

static void each_coroutine_keeps_its_own_stack_and_registers(void **state)
{
	struct scene s;

	open_scene(&s, state);
	for (int i = 0; i < 8; i++)
		assert_int_equal(coro_start(s.loop, goes_deep, &s), 0);
	run_to_end(&s);
	assert_int_equal(s.ended, 8);
}

static void starts_another(void *arg)
{
	struct scene *s = arg;

	s->ended++;
	if (s->ended < MANY)
		s->fine = coro_start(coro_self_loop(), starts_another, s) == 0;
}

static void a_coroutine_starts_the_next_and_stacks_are_used_again(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, starts_another, &s), 0);
	run_to_end(&s);
	assert_int_equal(s.ended, MANY);
	assert_true(s.fine);
}

/* ---- descriptors -------------------------------------------------------------- */

static void sends_bytes(void *arg)
{
	struct scene *s = arg;
	char full[4096] = {0};

	for (int i = 0; i < ROUNDS;) {
		if (write(s->fd[1], full, sizeof(full)) == (ssize_t)sizeof(full))
			i++;
		else
			coro_await_fd(s->fd[1], POLLOUT, CORO_FOREVER);
	}
	coro_forget_fd(s->fd[1]);
	close(s->fd[1]);
}

static void takes_bytes(void *arg)
{
	struct scene *s = arg;
	char room[4096];
	ssize_t n;

	while ((n = read(s->fd[0], room, sizeof(room))) != 0) {
		if (n < 0)
			coro_await_fd(s->fd[0], POLLIN, CORO_FOREVER);
		else
			s->moved += (int)n;
	}
	s->ended++;
}

static void a_full_and_an_empty_pipe_let_the_other_end_go(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(pipe2(s.fd, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(coro_start(s.loop, takes_bytes, &s), 0);
	assert_int_equal(coro_start(s.loop, takes_bytes, &s), 0);
	assert_int_equal(coro_start(s.loop, sends_bytes, &s), 0);
	run_to_end(&s);
	close(s.fd[0]);
	assert_int_equal(s.moved, ROUNDS * 4096);
	assert_int_equal(s.ended, 2);
}

static void waits_in_vain(void *arg)
{
	struct scene *s = arg;
	uint64_t until = monotonic_ns() + 5 * NS_PER_MS;

	s->late += !coro_await_fd(s->fd[0], POLLIN, until) && monotonic_ns() >= until;
	until = monotonic_ns() + 5 * NS_PER_MS;
	s->late += !coro_park(until) && monotonic_ns() >= until;
	until = monotonic_ns() + 5 * NS_PER_MS;
	s->late += !coro_queue_wait(&s->queue, until) && monotonic_ns() >= until;
	s->fine = !coro_queue_wake(&s->queue);
}

static void a_deadline_ends_each_kind_of_wait_and_never_early(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(pipe2(s.fd, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(coro_start(s.loop, waits_in_vain, &s), 0);
	run_to_end(&s);
	close(s.fd[0]);
	close(s.fd[1]);
	assert_int_equal(s.late, 3);
	assert_true(s.fine);
}

static void sleeps_by_rank(void *arg)
{
	struct scene *s = arg;
	int rank = s->woken++;

	s->last = monotonic_ns();
	coro_park(s->begin + (uint64_t)(50 - 7 * rank) * NS_PER_MS);
	say(s, (char)('0' + rank));
}

static void the_nearest_deadline_is_the_first(void **state)
{
	struct scene s;

	/* once more if the machine was away until the first was due before the last slept */
	do {
		open_scene(&s, state);
		s.begin = monotonic_ns();
		for (int i = 0; i < 7; i++)
			assert_int_equal(coro_start(s.loop, sleeps_by_rank, &s), 0);
		run_to_end(&s);
	} while (s.last - s.begin >= 8 * NS_PER_MS);
	assert_string_equal(s.order, "6543210");
}

/* ---- each other ---------------------------------------------------------------- */

static void waits_in_the_queue(void *arg)
{
	struct scene *s = arg;
	char me = (char)('0' + s->woken++);

	if (coro_queue_wait(&s->queue, CORO_FOREVER))
		say(s, me);
}

static void lets_all_go(void *arg)
{
	struct scene *s = arg;

	coro_yield();
	while (coro_queue_wake(&s->queue))
		;
}

static void a_queue_lets_those_go_first_that_came_first(void **state)
{
	struct scene s;

	open_scene(&s, state);
	for (int i = 0; i < 5; i++)
		assert_int_equal(coro_start(s.loop, waits_in_the_queue, &s), 0);
	assert_int_equal(coro_start(s.loop, lets_all_go, &s), 0);
	run_to_end(&s);
	assert_string_equal(s.order, "01234");
}

/* Woken in the same turn in which its deadline came: the wake-up is not lost. */
static void waits_a_little(void *arg)
{
	struct scene *s = arg;

	s->woken += coro_queue_wait(&s->queue, monotonic_ns() + NS_PER_MS);
}

static void wakes_too_late(void *arg)
{
	struct scene *s = arg;
	uint64_t until = monotonic_ns() + 5 * NS_PER_MS;

	coro_yield();
	while (monotonic_ns() < until)
		;
	s->moved = coro_queue_wake(&s->queue);
}

static void a_wake_up_that_meets_a_deadline_is_not_lost(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, waits_a_little, &s), 0);
	assert_int_equal(coro_start(s.loop, wakes_too_late, &s), 0);
	run_to_end(&s);
	assert_int_equal(s.woken, s.moved);
}

/* Ready in the same turn in which its deadline came; what it waits for next is another matter. */
static void waits_a_little_for_the_pipe(void *arg)
{
	struct scene *s = arg;
	uint64_t until;
	char byte;

	coro_await_fd(s->fd[0], POLLIN, monotonic_ns() + NS_PER_MS);
	s->moved = read(s->fd[0], &byte, 1) == 1;
	for (int i = 0; i < 2; i++) {
		until = monotonic_ns() + NS_PER_MS;
		s->late += !(i ? coro_await_fd(s->fd[0], POLLIN, until) : coro_park(until)) &&
			   monotonic_ns() >= until;
	}
}

static void writes_too_late(void *arg)
{
	struct scene *s = arg;
	uint64_t until = monotonic_ns() + 5 * NS_PER_MS;

	while (monotonic_ns() < until)
		;
	s->fine = write(s->fd[1], "x", 1) == 1;
}

static void a_readiness_that_meets_a_deadline_is_used_once(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(pipe2(s.fd, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(coro_start(s.loop, waits_a_little_for_the_pipe, &s), 0);
	assert_int_equal(coro_start(s.loop, writes_too_late, &s), 0);
	alarm(PATIENCE_S);
	run_to_end(&s);
	alarm(0);
	close(s.fd[0]);
	close(s.fd[1]);
	assert_true(s.fine);
	assert_int_equal(s.moved, 1);
	assert_int_equal(s.late, 2);
}

static void unparks_first(void *arg)
{
	struct scene *s = arg;

	coro_unpark(coro_self());
	s->fine = coro_park(CORO_FOREVER);
}

static void an_unpark_that_came_first_is_remembered(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, unparks_first, &s), 0);
	run_to_end(&s);
	assert_true(s.fine);
}

static void gives_itself_up(void *arg)
{
	say(arg, 'x');
	coro_abandon();
}

static void those_who_are_left_go_on_after_one_gave_itself_up(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, gives_itself_up, &s), 0);
	assert_int_equal(coro_start(s.loop, says_b_twice, &s), 0);
	run_to_end(&s);
	assert_string_equal(s.order, "xbb");
}

static void parks_for_ever(void *arg)
{
	(void)arg;
	coro_park(CORO_FOREVER);
}

static void a_loop_whose_coroutines_all_wait_for_each_other_says_so(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, parks_for_ever, &s), 0);
	assert_int_equal(coro_run(s.loop), -EDEADLK);
	coro_loop_close(s.loop);
}

/* ---- other threads --------------------------------------------------------------- */

static void awaits_the_word(void *arg)
{
	struct scene *s = arg;

	for (uint32_t seen = 0; seen < 3; seen++)
		coro_await_word(&s->word, seen);
	s->ended++;
}

static void *moves_the_word(void *arg)
{
	struct scene *s = arg;

	for (int i = 0; i < 3; i++) {
		usleep(3000);
		add_acq_rel(&s->word, 1u);
		futex_wake(&s->word, 1, false);
	}
	return NULL;
}

static void another_thread_lets_coroutines_go_by_a_word(void **state)
{
	struct scene s;
	pthread_t thread;

	open_scene(&s, state);
	for (int i = 0; i < 3; i++)
		assert_int_equal(coro_start(s.loop, awaits_the_word, &s), 0);
	assert_int_equal(pthread_create(&thread, NULL, moves_the_word, &s), 0);
	run_to_end(&s);
	pthread_join(thread, NULL);
	assert_int_equal(s.ended, 3);
}

static void awaits_the_first_value(void *arg)
{
	struct scene *s = arg;

	coro_await_word(&s->word, 0);
	s->ended++;
	store_release(&s->word, 2u);
}

static void moves_the_word_and_awaits_the_next(void *arg)
{
	struct scene *s = arg;

	store_release(&s->word, 1u);
	coro_await_word(&s->word, 1);
	s->ended++;
}

static void who_awaits_an_older_value_of_the_word_goes_on(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, awaits_the_first_value, &s), 0);
	assert_int_equal(coro_start(s.loop, moves_the_word_and_awaits_the_next, &s), 0);
	alarm(PATIENCE_S); /* who is not let go sleeps for ever */
	run_to_end(&s);
	alarm(0);
	assert_int_equal(s.ended, 2);
}

static void yields_until_another_has_ended(void *arg)
{
	struct scene *s = arg;

	store_release(&s->word, 1u);
	for (uint64_t until = monotonic_ns() + PATIENCE_S * UINT64_C(1000000000);
		!s->ended && monotonic_ns() < until;)
		coro_yield();
	s->fine = s->ended != 0;
}

static void who_yields_all_the_time_does_not_hold_up_who_awaits_a_word(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_int_equal(coro_start(s.loop, awaits_the_first_value, &s), 0);
	assert_int_equal(coro_start(s.loop, yields_until_another_has_ended, &s), 0);
	run_to_end(&s);
	assert_true(s.fine);
}

static void a_thread_has_one_loop_at_a_time(void **state)
{
	struct scene s;

	open_scene(&s, state);
	assert_null(coro_loop_open(way(state), 0));
	assert_int_equal(errno, EBUSY);
	coro_loop_close(s.loop);
}

#define BOTH(f)                                                                                    \
	{#f " (ucontext)", f, NULL, NULL, (void *)(uintptr_t)CORO_UCONTEXT},                       \
	{                                                                                          \
#f " (assembly)", f, NULL, NULL, (void *)(uintptr_t)CORO_ASSEMBLY                  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(coroutines_take_turns_in_the_order_of_their_start),
		BOTH(each_coroutine_keeps_its_own_stack_and_registers),
		BOTH(a_coroutine_starts_the_next_and_stacks_are_used_again),
		BOTH(a_full_and_an_empty_pipe_let_the_other_end_go),
		BOTH(a_deadline_ends_each_kind_of_wait_and_never_early),
		BOTH(the_nearest_deadline_is_the_first),
		BOTH(a_queue_lets_those_go_first_that_came_first),
		BOTH(a_wake_up_that_meets_a_deadline_is_not_lost),
		BOTH(a_readiness_that_meets_a_deadline_is_used_once),
		BOTH(an_unpark_that_came_first_is_remembered),
		BOTH(those_who_are_left_go_on_after_one_gave_itself_up),
		BOTH(a_loop_whose_coroutines_all_wait_for_each_other_says_so),
		BOTH(another_thread_lets_coroutines_go_by_a_word),
		BOTH(who_awaits_an_older_value_of_the_word_goes_on),
		BOTH(who_yields_all_the_time_does_not_hold_up_who_awaits_a_word),
		BOTH(a_thread_has_one_loop_at_a_time),
	};

	return cmocka_run_group_tests_name("coroutine", tests, NULL, NULL);
}
