/*
 * link.h - what a mechanism's setup and ops ask of the harness.
 *
 * Everything that differs between threads and processes is decided here, so
 * that no mechanism file asks for the domain.
 */
#ifndef HARNESS_LINK_H
#define HARNESS_LINK_H

#include <string.h>

#include "harness/mech.h"
#include "harness/sync.h"
#include "harness/wait.h"

/*
 * Leave one sentence for the row's reason ("channel/pipe: pipe2: Too many open
 * files") and return err, so that setup reads `return link_fail(l, -errno,
 * "pipe2");`.
 */
int link_fail(const struct link *l, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Give the link a file descriptor that belongs to `role`.  The harness closes
 * it: in forked workers of the other role at once, for its own role when that
 * role's last worker has left.  slot: 0 .. LINK_FDS-1.
 */
void link_own_fd(struct link *l, unsigned slot, int fd, enum role role);

/*
 * Room for n descriptors that belong to both roles, which setup fills in order,
 * raising l->n_many with each; every process closes its own.  NULL: no memory.
 */
int *link_own_many(struct link *l, uint32_t n);

/* Close the fds that do not belong to `role` (forked worker), or all of them. */
void link_close_others(struct link *l, enum role role);
void link_close_all(struct link *l);

/*
 * A fresh path for a named object of this link ("fifo", "socket", "file"), for
 * setup.  `path` must lie in the link's shared state, so that every worker finds
 * it.  The mechanism creates the object; the harness removes the name as soon as
 * all workers are attached, and after a death.  0 or -errno with a sentence.
 */
int link_new_path(struct link *l, const char *kind, char *path, size_t path_len);
void link_unlink_paths(struct link *l);

/*
 * This port sends or receives nothing more.  Returns true for the last one of
 * its role, after closing that role's fds (each process its own).  Idempotent
 * per port.
 */
bool link_port_leaves(struct port *p);

/*
 * For attach, while the other side has not come: a moment in which others go on.  The trial's
 * deadline bounds the wait, and its reason then tells who waited from who never came.
 */
void link_await_peer(const struct port *p);

/* A moment in which others go on. */
void link_nap(void);

/* The axes that a mechanism or a loop reads, as asked or by default. */
static inline uint32_t link_depth(const struct link *l)
{
	return l->tuning.depth ? l->tuning.depth : DEFAULT_DEPTH;
}

static inline uint32_t link_permits(const struct link *l)
{
	return l->tuning.permits ? l->tuning.permits : DEFAULT_PERMITS;
}

static inline uint32_t link_ticks(const struct link *l)
{
	return l->tuning.ticks ? l->tuning.ticks : DEFAULT_TICKS;
}

static inline uint64_t link_interval_ns(const struct link *l)
{
	return 1000u *
	       (uint64_t)(l->tuning.interval_us ? l->tuning.interval_us : DEFAULT_INTERVAL_US);
}

static inline uint32_t link_reads_percent(const struct link *l)
{
	return l->tuning.reads_plus_1 ? l->tuning.reads_plus_1 - 1 : DEFAULT_READS;
}

/* Ports of a role that have not left yet. */
ALWAYS_INLINE uint32_t link_open_ports(const struct link *l, enum role role)
{
	return load_seq(&l->open_ports[role]);
}

/* n bytes, n a constant: some moves, no call. */
#define COPY_FIXED(dst, src, n)                                                                    \
	do {                                                                                       \
		struct {                                                                           \
			uint8_t byte[n];                                                           \
		} part_;                                                                           \
		memcpy(&part_, (src), (n));                                                        \
		memcpy((dst), &part_, (n));                                                        \
	} while (0)

/*
 * Copy a message: up to 64 bytes by two overlapping halves without a call,
 * larger ones by the library.  The length is a run-time value on purpose: a
 * compiled-in size would measure another program.
 */
ALWAYS_INLINE void copy_message(void *dst, const void *src, uint32_t len)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (len > 64) {
		memcpy(d, s, len);
	} else if (len >= 32) {
		COPY_FIXED(d, s, 32);
		COPY_FIXED(d + len - 32, s + len - 32, 32);
	} else if (len >= 16) {
		COPY_FIXED(d, s, 16);
		COPY_FIXED(d + len - 16, s + len - 16, 16);
	} else if (len >= 8) {
		COPY_FIXED(d, s, 8);
		COPY_FIXED(d + len - 8, s + len - 8, 8);
	} else {
		for (uint32_t i = 0; i < len; i++)
			d[i] = s[i];
	}
}

#endif
