/*
 * channel/queue-feeder - a queue between processes: each sender puts into a buffer of
 * its own, and a thread of its own, the feeder, writes that to a pipe.
 *
 * One put waits for one of `capacity` permits, copies and returns before the pipe has
 * anything; one get locks, reads the pipe and gives the permit back.  A sender's close
 * ends its puts, its buffer is written out, its end of the pipe closed: end of file.
 * The feeder runs where its sender runs; its CPU time is not in the sender's cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/feeder.h"
#include "primitives/channel/parts/pipe_size.h"
#include "primitives/channel/parts/tokens.h"

struct feeder_link {
	OWN_LINE sem_t room; /* messages that may still be put */
	OWN_LINE pthread_mutex_t write_lock;
	OWN_LINE pthread_mutex_t read_lock;
	uint32_t pending; /* under read_lock: the next message's length plus one; 0: not read yet */
	uint32_t ready;
};

static size_t feeder_link_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct feeder_link);
}

static int feeder_setup(struct link *l)
{
	struct feeder_link *q = l->shared;
	int err, fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return link_fail(l, -errno, "pipe2");
	link_own_fd(l, ROLE_SENDER, fd[1], ROLE_SENDER);
	link_own_fd(l, ROLE_RECEIVER, fd[0], ROLE_RECEIVER);
	err = pipe_size_check(l, fd[1]);
	if (err)
		return err;
	err = sync_sem_init(l, &q->room, l->capacity);
	if (!err)
		err = sync_mutex_init(l, &q->write_lock);
	if (!err)
		err = sync_mutex_init(l, &q->read_lock);
	if (err)
		return link_fail(l, err, "semaphore or mutex");
	q->ready = 1;
	return 0;
}

static int feeder_attach(struct port *p)
{
	struct feeder_link *q = p->link->shared;
	int err;

	if (p->role == ROLE_RECEIVER)
		return 0;
	err = feeder_start(p->local, p->link, p->link->fd[ROLE_SENDER], &q->write_lock);
	if (!err)
		return 0;
	feeder_end(p->local);
	return link_fail(p->link, err, "starting the feeder");
}

/* ---- put ----------------------------------------------------------------- */

ALWAYS_INLINE enum result feeder_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	struct feeder_link *q = p->link->shared;
	struct feeder *f = p->local;
	enum result r;

	if (!slots_fits(p, len))
		return OP_ERROR;
	if (UNLIKELY(feeder_is_shut(f))) {
		p->err = -ESHUTDOWN;
		return OP_ERROR;
	}
	r = tokens_take(p, &q->room, &p->full_waits, how);
	if (UNLIKELY(link_open_ports(p->link, ROLE_RECEIVER) == 0)) {
		if (r == OP_DONE)
			sem_post(&q->room);
		return OP_CLOSED;
	}
	if (UNLIKELY(r != OP_DONE))
		return r;
	pthread_mutex_lock(&f->lock);
	POINT(p, how, MID_WRITE);
	slots_put(slots_at(f->slots, p->link, f->tail), msg, len);
	f->tail = slots_after(p->link, f->tail);
	f->count++;
	POINT(p, how, BEFORE_PUBLISH);
	pthread_cond_signal(&f->work);
	pthread_mutex_unlock(&f->lock);
	return OP_DONE;
}

/* ---- get ----------------------------------------------------------------- */

/* Modes that do not simply wait in read(): is there anything, or until the deadline. */
COLD static enum result feeder_poll(const struct port *p, enum mode mode)
{
	struct pollfd at = {.fd = p->link->fd[ROLE_RECEIVER], .events = POLLIN};

	for (;;) {
		uint64_t now = monotonic_ns(), until = mode == MODE_TIMED ? p->deadline_ns : now;
		struct timespec left = link_timespec(until > now ? until - now : 0);

		if (ppoll(&at, 1, &left, NULL) > 0)
			return OP_DONE;
		if (mode == MODE_TRY)
			return OP_WOULD_BLOCK;
		if (monotonic_ns() >= until)
			return OP_TIMED_OUT;
	}
}

/* Exactly so many bytes; OP_CLOSED: end of file before the first of them. */
ALWAYS_INLINE enum result feeder_read(struct port *p, void *to, uint32_t bytes)
{
	int fd = p->link->fd[ROLE_RECEIVER];
	uint32_t done = 0;

	while (done < bytes) {
		ssize_t n = read(fd, (uint8_t *)to + done, bytes - done);

		if (n == 0 && done == 0)
			return OP_CLOSED;
		if (UNLIKELY(n == 0 || (n < 0 && errno != EINTR))) {
			p->err = n ? -errno : -EIO;
			return OP_ERROR;
		}
		done += n > 0 ? (uint32_t)n : 0;
	}
	return OP_DONE;
}

/* The reading lock is held. */
ALWAYS_INLINE enum result feeder_get(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct feeder_link *q = p->link->shared;
	uint32_t bytes = q->pending - 1;
	enum result r;

	if (LIKELY(q->pending == 0)) {
		r = how.mode == MODE_BLOCK ? OP_DONE : feeder_poll(p, how.mode);
		if (r == OP_DONE)
			r = feeder_read(p, &bytes, sizeof(bytes));
		if (r != OP_DONE)
			return r;
	}
	if (UNLIKELY(bytes > room)) {
		q->pending = bytes + 1;
		p->err = -EMSGSIZE;
		return OP_ERROR;
	}
	q->pending = 0;
	POINT(p, how, MID_READ);
	*len = bytes;
	return feeder_read(p, msg, bytes);
}

ALWAYS_INLINE enum result feeder_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	struct feeder_link *q = p->link->shared;
	enum result r;

	POINT(p, how, BLOCKED);
	r = sync_mutex_lock(p, &q->read_lock, how);
	if (UNLIKELY(r != OP_DONE))
		return r;
	r = feeder_get(p, msg, room, len, how);
	POINT(p, how, BEFORE_RELEASE);
	pthread_mutex_unlock(&q->read_lock);
	return LIKELY(r == OP_DONE) ? sync_sem_post(p, &q->room) : r;
}

/* ---- ends ---------------------------------------------------------------- */

static void feeder_shut_port(struct port *p)
{
	if (p->role == ROLE_SENDER)
		feeder_shut(p->local, false);
}

static enum result feeder_join_port(struct port *p, struct how how)
{
	(void)how;
	feeder_finish(p->local);
	return OP_DONE;
}

/* What is dropped makes room for others. */
static uint64_t feeder_cancel_port(struct port *p)
{
	struct feeder_link *q = p->link->shared;
	struct feeder *f = p->local;
	uint64_t lost;

	feeder_shut(f, true);
	feeder_finish(f);
	lost = f->count;
	for (; f->count > 0; f->count--)
		sem_post(&q->room);
	return lost;
}

/* The last receiver lets blocked senders look; a sender's buffer is written out. */
static void feeder_close(struct port *p)
{
	struct feeder_link *q = p->link->shared;

	if (p->role == ROLE_SENDER) {
		feeder_shut(p->local, false);
		feeder_finish(p->local);
	} else if (link_open_ports(p->link, ROLE_RECEIVER) == 0) {
		sem_post(&q->room);
	}
}

static void feeder_detach(struct port *p)
{
	if (p->role == ROLE_SENDER)
		feeder_end(p->local);
}

static uint32_t feeder_length(struct port *p)
{
	struct feeder_link *q = p->link->shared;
	int room = 0;

	sem_getvalue(&q->room, &room);
	return (uint32_t)room < p->link->capacity ? p->link->capacity - (uint32_t)room : 0;
}

static void feeder_teardown(struct link *l)
{
	struct feeder_link *q = l->shared;

	if (!q || !q->ready)
		return;
	q->ready = 0;
	pthread_mutex_destroy(&q->write_lock);
	pthread_mutex_destroy(&q->read_lock);
	sem_destroy(&q->room);
}

static const struct channel_ops feeder_ops = {
	.send = feeder_send,
	.recv = feeder_recv,
	.close = feeder_close,
	.length = feeder_length,
	.join = feeder_join_port,
	.shut = feeder_shut_port,
	.cancel = feeder_cancel_port,
};
CHANNEL_STAMP(channel_queue_feeder, feeder_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_queue_feeder = {
	CHANNEL_COMMON_IN(channel_queue_feeder, feeder_ops, BIT(WAIT_BLOCK), BIT(DOMAIN_PROCESS)),
	.name = "channel/queue-feeder",
	.summary = "queue of processes: a buffer, a thread that feeds a pipe, a lock a side",
	.flags = MECH_BUFFERS | MECH_HELPED,
	.contract =
		{
			.reach = REACH_RELATED,
			.unit = UNIT_MESSAGE,
			.bounded = true,
			.order = ORDER_FIFO,
			.end_seen = "end of file, once every sender has closed and written out",
			.on_oversize = OVERSIZE_REFUSED,
			.survives = SURVIVE_NO,
			.peer_dies = "end of file once no sender is left, without what the dead "
				     "one's feeder had not written; a lock it held stays held",
			.not_in = {[DOMAIN_THREAD] = "threads share memory: see channel/queue-fifo",
				[DOMAIN_COROUTINE] = BLOCKS_THE_LOOP ": see channel/queue-async"},
			.copies = 3,
			/* a length and a body to read; the writing is the feeder's */
			.path = {.syscalls_recv = 2, .syscalls_vain = 1, .atomics_send = 3, .atomics_recv = 3},
		},
	.local_bytes = sizeof(struct feeder),
	.shared_bytes = feeder_link_bytes,
	.setup = feeder_setup,
	.attach = feeder_attach,
	.detach = feeder_detach,
	.teardown = feeder_teardown,
};
