/*
 * Channels, continued: how links end.  Each side learns that the other one has
 * left, also while it is blocked; teardown takes any state; nothing is left.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/registry.h"
#include "tests/sweep.h"

enum {
	BYTES = 64,
	CAPACITY = 8,
	BLOCKED_MS = 30, /* time to fall asleep in */
	LATE_MS = 60,
	NAMES_WAIT_MS = 2000,
	NAMES_TRIES = 3,
	DENSE_FDS = 3, /* 0 to 2: open in every program */
	PLENTY_OF_FDS = 256,
};

static const uint64_t seen_within_ns = 30000000000u;

/* ---- blocked while the other side leaves --------------------------------- */

static void leave_when_other_is_blocked(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	rig_sleep_ms(BLOCKED_MS);
	store_release(&w->rig->sh->note[0], monotonic_ns());
	rig_shut(w);
}

static void block_until_closed(struct rig_worker *w)
{
	const struct mech *m = w->port.link->mech;
	bool sends = w->port.role == ROLE_SENDER;
	uint32_t blocked;
	enum result r;

	/* what is lossy loses instead of being full */
	for (uint32_t i = 0; sends && !m->contract.lossy && i < rig_never_full(m); i++) {
		if (rig_send(w, BYTES, MODE_TRY) != OP_DONE)
			break;
	}
	rig_reach(w, 1);
	do { /* a channel that is never full sees it on its way */
		wait_yield();
		r = sends ? rig_send(w, BYTES, MODE_BLOCK) : rig_recv(w, BYTES, MODE_BLOCK);
	} while (sends && r == OP_DONE);
	MUST_BE(w, r, OP_CLOSED);
	MUST(w, load_acquire(&w->rig->sh->note[0]) != 0); /* not before it left */
	MUST(w, monotonic_ns() - load_acquire(&w->rig->sh->note[0]) < seen_within_ns);
	/* nobody leaves before all have seen it: leaving wakes others, too */
	blocked = sends ? w->port.link->senders : w->port.link->receivers;
	if (add_acq_rel(&w->rig->sh->note[1], 1u) + 1 == blocked)
		rig_reach(w, 2);
	rig_await(w, 2);
}

static void blocked_receiver(struct trial *t)
{
	trial_play(
		t, trial_spec(t, BYTES, CAPACITY), leave_when_other_is_blocked, block_until_closed);
}

static void blocked_sender(struct trial *t)
{
	trial_play(
		t, trial_spec(t, BYTES, CAPACITY), block_until_closed, leave_when_other_is_blocked);
}

/* All of them learn of it, not only the first. */
static void blocked_receivers(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);

	spec.receivers = 3;
	trial_play(t, spec, leave_when_other_is_blocked, block_until_closed);
}

/* ---- one end is there long before the other ------------------------------- */

static void send_once(struct rig_worker *w)
{
	stamp_write(w->msg, BYTES, 1, 0);
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	rig_await(w, 1); /* what is lossy loses what its sender takes away with it */
}

static void receive_once(struct rig_worker *w)
{
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
	MUST(w, w->len == BYTES);
	rig_reach(w, 1);
}

static void receiver_is_late(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);

	spec.late_ms[ROLE_RECEIVER] = LATE_MS;
	trial_play(t, spec, send_once, receive_once);
}

static void sender_is_late(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);

	spec.late_ms[ROLE_SENDER] = LATE_MS;
	trial_play(t, spec, send_once, receive_once);
}

/* ---- teardown ------------------------------------------------------------ */

static void tear_down_zeroed(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);
	struct link empty = {.mech = t->mech, .fd = {-1, -1, -1, -1}};
	struct rig r;

	if (t->mech->teardown) {
		t->mech->teardown(&empty);
		t->mech->teardown(&empty);
	}
	if (rig_map(&r, &spec) != RIG_READY) {
		trial_blame(t, r.verdict);
		return;
	}
	if (t->mech->teardown)
		t->mech->teardown(&r.link);
	trial_close(t, &r);
}

/* Made, and gone again before any worker came. */
static void tear_down_unused(struct trial *t)
{
	struct rig r;

	if (!trial_open(t, &r, trial_spec(t, BYTES, CAPACITY)))
		return;
	if (t->mech->teardown)
		t->mech->teardown(&r.link);
	trial_close(t, &r);
}

static void send_some(struct rig_worker *w)
{
	MUST_BE(w, rig_send(w, BYTES, MODE_BLOCK), OP_DONE);
	for (int i = 1; i < 3; i++) /* what is a single slot is full */
		rig_send(w, BYTES, MODE_TRY);
	rig_reach(w, 1);
}

static void receive_one(struct rig_worker *w)
{
	if (!rig_await(w, 1))
		return;
	MUST_BE(w, rig_recv(w, BYTES, MODE_BLOCK), OP_DONE);
}

/* Used, with messages left in it. */
static void tear_down_used(struct trial *t)
{
	struct rig r;

	if (!trial_open(t, &r, trial_spec(t, BYTES, CAPACITY)))
		return;
	rig_run(&r, send_some, receive_one);
	if (t->mech->teardown)
		t->mech->teardown(&r.link);
	trial_close(t, &r);
}

static void teardown_of_any_state(struct trial *t)
{
	tear_down_zeroed(t);
	tear_down_unused(t);
	tear_down_used(t);
}

/* ---- setup without file descriptors -------------------------------------- */

static void allow_fds(rlim_t n)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = n;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void clean(struct rig *r)
{
	if (r->link.mech->teardown)
		r->link.mech->teardown(&r->link);
	link_close_all(&r->link);
	link_unlink_paths(&r->link);
}

/* A sentence, and the system's own words at its end. */
static bool says_why(const struct rig *r, int err)
{
	const char *why = strerror(-err);
	size_t len = strlen(r->err), tail = strlen(why);

	return len > tail + 2 && strcmp(r->err + len - tail, why) == 0;
}

static int set_up(struct rig *r, const struct link *fresh)
{
	r->link = *fresh;
	r->err[0] = '\0';
	memset(r->link.shared, 0, r->shared_bytes);
	return r->link.mech->setup ? r->link.mech->setup(&r->link) : 0;
}

/* One setup with `n` fds to be had; whatever comes of it, none stays. */
static int set_up_with(struct rig *r, const struct link *fresh, unsigned n, unsigned *used)
{
	unsigned before = rig_count_fds();
	int err;

	allow_fds(DENSE_FDS + n);
	err = set_up(r, fresh);
	allow_fds(PLENTY_OF_FDS);
	*used = rig_count_fds() - before;
	if (err && (err != -EMFILE || !says_why(r, err)))
		rig_fail(r, __FILE__, __LINE__, "with %u fds: %d, \"%s\"", n, err, r->err);
	clean(r);
	clean(r);
	if (rig_count_fds() != before)
		rig_fail(r, __FILE__, __LINE__, "with %u fds: some are left", n);
	return err;
}

/* In a child of its own: one more fd each time, until setup has enough. */
static void starve(struct rig *r)
{
	const struct link fresh = r->link;
	unsigned used, n = 0;

	for (int fd = DENSE_FDS; fd < 1024; fd++)
		close(fd);
	while (set_up_with(r, &fresh, n, &used) != 0 && n < 32)
		n++;
	set_up_with(r, &fresh, PLENTY_OF_FDS - DENSE_FDS, &used);
	if (n < used || n == 32)
		rig_fail(r, __FILE__, __LINE__, "content with %u fds, uses %u", n, used);
}

static void setup_without_fds(struct trial *t)
{
	struct rig_spec spec = trial_spec(t, BYTES, CAPACITY);
	struct rig r;

	if (rig_map(&r, &spec) != RIG_READY) {
		trial_blame(t, r.verdict);
		return;
	}
	t->links++;
	rig_in_child(&r, starve);
	trial_close(t, &r);
}

/* ---- nothing is left ----------------------------------------------------- */

static void exercise(struct rig_worker *w)
{
	bool sends = w->port.role == ROLE_SENDER;

	w->port.deadline_ns = FUTEX_FOREVER / 2;
	for (enum mode mode = MODE_BLOCK; mode <= MODE_TIMED; mode++) {
		if (mode == MODE_TRY)
			continue;
		MUST_BE(w, sends ? rig_send(w, BYTES, mode) : rig_recv(w, BYTES, mode), OP_DONE);
	}
	if (!sends) {
		rig_recv(w, BYTES, MODE_TRY);
		rig_reach(w, 1);
		return;
	}
	rig_await(w, 1);
	rig_send(w, BYTES, MODE_TRY);
}

/* Other programs' names come and go: only what stays is ours. */
static bool names_are_gone(unsigned before)
{
	for (int ms = 0; rig_count_names() > before; ms += 50) {
		if (ms >= NAMES_WAIT_MS)
			return false;
		rig_sleep_ms(50);
	}
	return true;
}

static void nothing_is_left(struct trial *t)
{
	unsigned fds = rig_count_fds(), names;
	bool gone = false;

	/* another program's may come meanwhile, and stay: what we leave, we leave each time */
	for (int i = 0; i < NAMES_TRIES && !gone; i++) {
		names = rig_count_names();
		trial_play(t, trial_spec(t, BYTES, CAPACITY), exercise, exercise);
		trial_play(t, trial_spec(t, BYTES, CAPACITY), send_some, receive_one);
		gone = names_are_gone(names);
	}
	if (rig_count_fds() != fds)
		trial_blame(t, "file descriptors are left");
	if (!gone)
		trial_blame(t, "named objects are left");
}

/* ---- the table ----------------------------------------------------------- */

static bool many_receivers(const struct mech *m)
{
	return m->max_receivers == 0 || m->max_receivers >= 3;
}

static const struct check checks[] = {
	{
		.name = "who connects waits for who listens later",
		.run = receiver_is_late,
	},
	{
		.name = "who listens waits for who connects later",
		.run = sender_is_late,
	},
	{
		.name = "a blocked receiver sees that the sender has left",
		.run = blocked_receiver,
		.every_wait = true,
	},
	{
		.name = "all blocked receivers see that the sender has left",
		.run = blocked_receivers,
		.applies = many_receivers,
		.every_wait = true,
	},
	{
		.name = "a blocked sender sees that the receiver has left",
		.run = blocked_sender,
		.every_wait = true,
	},
	{
		.name = "teardown takes any state and runs twice",
		.run = teardown_of_any_state,
	},
	{
		.name = "setup without file descriptors fails with a sentence and leaves none",
		.run = setup_without_fds,
		.forks = true,
	},
	{
		.name = "nothing is left behind",
		.run = nothing_is_left,
	},
};

static void every_mechanism_domain_and_check_has_run(void **state)
{
	const unsigned common = RIG_TSAN ? 6 : 7;
	unsigned expected = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned domains = sweep_domains(m, FAMILY_CHANNEL);

		expected += domains * common;
		if (m->max_receivers != 1 && m->max_receivers != 2)
			expected += domains;
	}
	print_message("%u (mechanism, domain, check) ran\n", sweep_ran());
	assert_int_equal(sweep_ran(), expected);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(checks) + 1];

	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		tests[i] = sweep_test(&checks[i]);
	tests[ARRAY_LEN(checks)] = (struct CMUnitTest)cmocka_unit_test(
		every_mechanism_domain_and_check_has_run);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
