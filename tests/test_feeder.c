/*
 * A feeder sends from a buffer of the sender's own: what it has and has not sent when
 * its puts are back, when it is closed, cancelled, or only shut.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "tests/queue_scene.h"

enum { MORE_THAN_A_PIPE = 2000 }; /* 65536 bytes hold fewer of them */

/* All of them, though the pipe holds fewer and nobody reads it. */
static bool put_more_than_a_pipe(struct rig_worker *w)
{
	for (uint64_t seq = 0; seq < MORE_THAN_A_PIPE; seq++) {
		if (!rig_same(w->rig, __FILE__, __LINE__, "a put that nobody reads",
			    put_seq(w, seq, MODE_TRY), OP_DONE))
			return false;
	}
	return true;
}

static void put_and_close(struct rig_worker *w)
{
	if (!put_more_than_a_pipe(w))
		return;
	rig_reach(w, 1);
	rig_shut(w); /* closes and joins */
	store_release(&w->rig->sh->note[0], 1u);
}

/* Messages in order until the end; how many. */
static uint64_t receive_to_the_end(struct rig_worker *w)
{
	uint64_t n = 0;

	while (rig_recv(w, BYTES, MODE_BLOCK) == OP_DONE && seq_of(w) == n)
		n++;
	return n;
}

static void receive_all(struct rig_worker *w)
{
	int in_pipe = 0;

	if (!rig_await(w, 1))
		return;
	rig_sleep_ms(5);
	MUST(w, load_acquire(&w->rig->sh->note[0]) == 0); /* join waits for the pipe */
	MUST(w, ioctl(w->port.link->fd[ROLE_RECEIVER], FIONREAD, &in_pipe) == 0);
	MUST(w, in_pipe < MORE_THAN_A_PIPE * BYTES); /* the puts are back, the pipe lacks some */
	MUST(w, receive_to_the_end(w) == MORE_THAN_A_PIPE);
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_CLOSED);
}

static void close_loses_nothing(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, MORE_THAN_A_PIPE), put_and_close, receive_all);
}

static void put_and_cancel(struct rig_worker *w)
{
	if (!put_more_than_a_pipe(w))
		return;
	rig_sleep_ms(5); /* some are in the pipe by now, mostly */
	store_release(&w->rig->sh->note[0], ops_of(w)->cancel(&w->port));
	rig_shut(w);
	rig_reach(w, 1);
}

static void receive_what_was_not_lost(struct rig_worker *w)
{
	uint64_t lost;

	if (!rig_await(w, 1))
		return;
	lost = load_acquire(&w->rig->sh->note[0]);
	MUST(w, lost > 0 && lost <= MORE_THAN_A_PIPE); /* all: it had no CPU so far */
	MUST(w, receive_to_the_end(w) == MORE_THAN_A_PIPE - lost);
	MUST(w, ops_of(w)->length(&w->port) == 0);
}

static void cancel_says_what_it_loses(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, MORE_THAN_A_PIPE), put_and_cancel,
		receive_what_was_not_lost);
}

static void put_and_shut(struct rig_worker *w)
{
	for (uint64_t seq = 0; seq < 3; seq++)
		MUST_BE(w, put_seq(w, seq, MODE_TRY), OP_DONE);
	ops_of(w)->shut(&w->port);
	w->port.deadline_ns = monotonic_ns() + QUEUE_LONG_NS;
	for (enum mode mode = MODE_BLOCK; mode <= MODE_TIMED; mode++) {
		w->port.err = 0;
		MUST_BE(w, put_seq(w, 3, mode), OP_ERROR);
		MUST(w, w->port.err == -ESHUTDOWN);
	}
	rig_reach(w, 1);
	if (!rig_await(w, 2))
		return;
	rig_shut(w);
}

static void receive_no_word_of_it(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	w->port.deadline_ns = monotonic_ns() + QUEUE_LONG_NS;
	for (uint64_t seq = 0; seq < 3; seq++) {
		MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_DONE);
		MUST(w, seq_of(w) == seq);
	}
	MUST_BE(w, rig_recv(w, BYTES, MODE_TRY), OP_WOULD_BLOCK);
	w->port.deadline_ns = monotonic_ns() + SHORT_NS;
	MUST_BE(w, rig_recv(w, BYTES, MODE_TIMED), OP_TIMED_OUT);
	rig_reach(w, 2);
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_CLOSED);
}

static void shut_is_not_the_end(struct trial *t)
{
	trial_play(t, trial_spec(t, BYTES, CAPACITY), put_and_shut, receive_no_word_of_it);
}

/* ---- the table ---------------------------------------------------------------- */

static bool has_feeder(const struct mech *m)
{
	const struct channel_ops *o = m->ops;

	return o->shut != NULL;
}

static const struct check checks[] = {
	QUEUE_CHECK("a feeder's put is back before the pipe has it, and close loses nothing",
		has_feeder, close_loses_nothing),
	QUEUE_CHECK("a feeder's cancel loses what was buffered and says how much", has_feeder,
		cancel_says_what_it_loses),
	QUEUE_CHECK("a feeder that is shut refuses puts and tells the receiver nothing", has_feeder,
		shut_is_not_the_end),
};

static void every_check_has_found_a_feeder(void **state)
{
	(void)state;
	queues_all_checked(checks, ARRAY_LEN(checks));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 1];

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		tests[i] = sweep_test(&checks[i]);
	tests[ARRAY_LEN(checks)] = (struct CMUnitTest)cmocka_unit_test(
		every_check_has_found_a_feeder);
	return cmocka_run_group_tests_name("feeder", tests, NULL, NULL);
}
