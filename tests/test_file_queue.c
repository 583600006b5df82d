/*
 * Queues in a file survive their processes: both ends are killed in the midst of it,
 * at a moment of chance, and a new queue over the same file has everything that was
 * acknowledged and not yet processed, in order, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/registry.h"
#include "primitives/channel/parts/file_records.h"
#include "tests/ramdir.h"
#include "tests/sweep.h"

enum {
	BYTES = 10000, /* pages enough to be cut short by a death */
	CAPACITY = 16,
	LIVES = 12,
	FEW = 5,
	MIX = 1103515245,
};

/* sh->note[]: sends that came back; messages that were processed. */
enum { ACKNOWLEDGED, PROCESSED };

static char dir[64];
static uint32_t random_state = 1;

static uint32_t next_random(void)
{
	random_state = random_state * MIX + 12345;
	return random_state >> 16;
}

static const struct mech *const *queues(size_t *n)
{
	static const struct mech *found[4];

	*n = 0;
	for (size_t i = 0; i < registry_count() && *n < ARRAY_LEN(found); i++) {
		if (strncmp(registry_all()[i]->name, "channel/file-queue", 18) == 0)
			found[(*n)++] = registry_all()[i];
	}
	return found;
}

/* ---- a link and its ends ------------------------------------------------------ */

/* Over the file at `path`, or a new one. */
static int open_over(struct rig *r, const struct mech *m, const char *path, uint32_t bytes)
{
	const struct rig_spec spec = {
		.mech = m,
		.domain = DOMAIN_PROCESS,
		.wait = WAIT_BLOCK,
		.senders = 1,
		.receivers = 1,
		.msg_bytes = bytes,
		.capacity = CAPACITY,
	};

	if (rig_map(r, &spec) != RIG_READY)
		fail_msg("%s", r->verdict);
	r->link.path[0] = path;
	return m->setup(&r->link);
}

static void attach(struct port *p, struct rig *r, enum role role)
{
	const struct mech *m = r->link.mech;

	*p = (struct port){.link = &r->link, .role = role, .local = calloc(1, m->local_bytes + 1)};
	if (m->attach(p) != 0)
		fail_msg("%s", r->err);
}

static void let_go(struct port *p)
{
	p->link->mech->detach(p);
	free(p->local);
}

static void close_rig(struct rig *r)
{
	if (!rig_close(r))
		fail_msg("%s", r->verdict);
}

static enum result receive(struct port *p, uint8_t *msg, enum mode mode)
{
	const struct channel_ops *o = p->link->mech->ops;
	uint32_t len = 0;
	enum result r = o->recv(p, msg, BYTES, &len, (struct how){WAIT_BLOCK, mode, false});

	return r == OP_DONE && len != BYTES ? OP_ERROR : r;
}

static enum result send_seq(struct port *p, uint8_t *msg, uint64_t seq)
{
	const struct channel_ops *o = p->link->mech->ops;

	memset(msg, (int)seq, BYTES);
	stamp_write(msg, BYTES, seq, 0);
	return o->send(p, msg, BYTES, (struct how){WAIT_BLOCK, MODE_BLOCK, false});
}

/* Its number; every byte is looked at. */
static uint64_t whole_seq(const uint8_t *msg)
{
	uint64_t head, seq;

	memcpy(&head, msg, sizeof(head));
	seq = head >> 16;
	for (uint32_t i = 8; i < BYTES - 8; i++) {
		if (msg[i] != (uint8_t)seq)
			return UINT64_MAX;
	}
	return seq;
}

/* ---- two processes that will be killed ------------------------------------------ */

static void send_for_ever(struct rig *r, uint64_t first)
{
	static uint8_t msg[BYTES];
	struct port p;

	attach(&p, r, ROLE_SENDER);
	for (uint64_t seq = first; send_seq(&p, msg, seq) == OP_DONE; seq++)
		store_release(&r->sh->note[ACKNOWLEDGED], seq + 1);
}

static void process_for_ever(struct rig *r, uint64_t first)
{
	static uint8_t msg[BYTES];
	struct port p;

	(void)first;
	attach(&p, r, ROLE_RECEIVER);
	while (receive(&p, msg, MODE_BLOCK) == OP_DONE)
		store_release(&r->sh->note[PROCESSED], whole_seq(msg) + 1);
}

static pid_t begin(struct rig *r, void (*fn)(struct rig *r, uint64_t first), uint64_t first)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(RIG_PATIENCE_S);
		fn(r, first);
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

static void kill_hard(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it had not ended by itself */
}

/* Some messages are on their way; both ends die, the first of them at random. */
static void live_and_die(struct rig *r, uint64_t first)
{
	uint64_t enough = first + 3 + next_random() % 60;
	pid_t ends[2];

	store_release(&r->sh->note[ACKNOWLEDGED], first);
	store_release(&r->sh->note[PROCESSED], first);
	ends[0] = begin(r, send_for_ever, first);
	ends[1] = begin(r, process_for_ever, first);
	for (int ms = 0; load_acquire(&r->sh->note[ACKNOWLEDGED]) < enough; ms++) {
		assert_true(ms < RIG_PATIENCE_S * 1000);
		rig_sleep_ms(1);
	}
	usleep(next_random() % 500);
	kill_hard(ends[enough % 2]);
	usleep(next_random() % 500);
	kill_hard(ends[!(enough % 2)]);
}

/* Memory only: nothing of a link whose workers died is destroyed. */
static void forget(struct rig *r)
{
	munmap(r->sh, r->map_bytes);
}

/* ---- what is found again --------------------------------------------------------- */

/* What the file holds from `processed` on; the number behind the last. */
static uint64_t drain(struct rig *r, uint64_t processed)
{
	const struct channel_ops *o = r->link.mech->ops;
	static uint8_t msg[BYTES];
	uint64_t next = 0, seq;
	struct port p;

	attach(&p, r, ROLE_RECEIVER);
	assert_in_range(o->length(&p), 0, CAPACITY + 1);
	while (receive(&p, msg, MODE_TRY) == OP_DONE) {
		seq = whole_seq(msg);
		if (next == 0) /* the one at work may come again, none is missing */
			assert_in_range(seq, processed ? processed - 1 : 0, processed);
		else
			assert_int_equal(seq, next);
		next = seq + 1;
	}
	assert_int_equal(o->length(&p), 0);
	o->close(&p);
	let_go(&p);
	return next > processed ? next : processed;
}

static void live_many_lives(const struct mech *m)
{
	char kept[128];
	uint64_t first = 0, left = 0;
	struct rig r;

	snprintf(kept, sizeof(kept), "%s/kept", dir);
	for (int life = 0; life < LIVES; life++) {
		uint64_t acknowledged, processed, end;

		if (open_over(&r, m, life ? kept : NULL, BYTES) != 0)
			fail_msg("%s", r.err);
		if (life == 0)
			assert_int_equal(rename(r.link.path[0], kept), 0);
		if (life == 0) /* known by its path */
			snprintf(r.link.shared, sizeof(kept), "%s", kept);
		live_and_die(&r, first);
		acknowledged = load_acquire(&r.sh->note[ACKNOWLEDGED]);
		processed = load_acquire(&r.sh->note[PROCESSED]);
		forget(&r);

		if (open_over(&r, m, kept, BYTES) != 0)
			fail_msg("%s", r.err);
		end = drain(&r, processed);
		/* one may have been written that its sender did not hear of */
		assert_in_range(end, acknowledged, acknowledged + 1);
		left += end - processed;
		r.link.path[0] = NULL;
		close_rig(&r);
		first = end;
	}
	print_message("%s: %lu messages sent, %lu of them found again\n", m->name,
		(unsigned long)first, (unsigned long)left);
	assert_true(left > 0);
	unlink(kept);
}

static void file_queue_loses_nothing_acknowledged_when_both_ends_are_killed(void **state)
{
	size_t n;
	const struct mech *const *m = queues(&n);

	(void)state;
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		rig_guard(m[i]->name);
		live_many_lives(m[i]);
		rig_guard(NULL);
	}
}

/* ---- what is not taken for a message ---------------------------------------------- */

/* A queue with FEW messages in its file at `path`. */
static void fill_a_file(const struct mech *m, char *path, size_t len)
{
	static uint8_t msg[BYTES];
	struct port p;
	struct rig r;

	if (open_over(&r, m, NULL, BYTES) != 0)
		fail_msg("%s", r.err);
	snprintf(path, len, "%s", r.link.path[0]);
	attach(&p, &r, ROLE_SENDER);
	for (uint64_t seq = 0; seq < FEW; seq++)
		assert_int_equal(send_seq(&p, msg, seq), OP_DONE);
	let_go(&p);
	r.link.path[0] = NULL; /* the file stays */
	close_rig(&r);
}

static int64_t length_of(struct rig *r)
{
	const struct channel_ops *o = r->link.mech->ops;
	struct port p;
	int64_t n;

	attach(&p, r, ROLE_RECEIVER);
	n = (int64_t)o->length(&p);
	let_go(&p);
	return n;
}

static void file_queue_does_not_take_a_record_that_was_cut_short(void **state)
{
	const struct mech *m = registry_find("channel/file-queue");
	char path[128], byte = 0x55;
	struct rig r;
	bool found = false;
	int fd;

	(void)state;
	fill_a_file(m, path, sizeof(path));
	if (open_over(&r, m, path, BYTES) != 0)
		fail_msg("%s", r.err);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (uint32_t i = 0; i < file_places(&r.link); i++) {
		uint64_t number = 0;

		assert_int_equal(pread(fd, &number, 8, file_at(&r.link, i)), 8);
		if (number == FEW) {
			assert_int_equal(pwrite(fd, &byte, 1, file_at(&r.link, i) + BYTES / 2), 1);
			found = true;
		}
	}
	close(fd);
	assert_true(found);
	r.link.path[0] = NULL;
	close_rig(&r);
	if (open_over(&r, m, path, BYTES) != 0)
		fail_msg("%s", r.err);
	assert_int_equal(length_of(&r), FEW - 1);
	assert_int_equal(drain(&r, 0), FEW - 1);
	close_rig(&r);
}

static void file_queue_refuses_a_file_of_another_size(void **state)
{
	const struct mech *m = registry_find("channel/file-queue");
	char path[128];
	struct rig r;

	(void)state;
	fill_a_file(m, path, sizeof(path));
	assert_int_equal(open_over(&r, m, path, BYTES / 2), -EINVAL);
	assert_non_null(strstr(r.err, "no queue of this size"));
	close_rig(&r);
}

static int set_up(void **state)
{
	(void)state;
	return ramdir_make(dir, sizeof(dir)) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ramdir_remove(dir);
	return access(dir, F_OK) == 0 ? -1 : 0; /* something was left in it */
}

/* A forked child that a sanitizer watches is another matter. */
static void file_queue_is_not_tested_under_thread_sanitizer(void **state)
{
	(void)state;
	print_message("ThreadSanitizer: nobody is killed\n");
	assert_non_null(registry_find("channel/file-queue"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_queue_loses_nothing_acknowledged_when_both_ends_are_killed),
		cmocka_unit_test(file_queue_does_not_take_a_record_that_was_cut_short),
		cmocka_unit_test(file_queue_refuses_a_file_of_another_size),
	};
	const struct CMUnitTest tsan[] = {
		cmocka_unit_test(file_queue_is_not_tested_under_thread_sanitizer),
	};

	if (RIG_TSAN)
		return cmocka_run_group_tests_name("file_queue", tsan, NULL, NULL);
	return cmocka_run_group_tests_name("file_queue", tests, set_up, tear_down);
}
