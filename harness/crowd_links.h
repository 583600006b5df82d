/*
 * crowd_links.h - the links of a crowd's pairs: what a host asks of them.  See crowd.h.
 */
#ifndef HARNESS_CROWD_LINKS_H
#define HARNESS_CROWD_LINKS_H

#include "harness/arena.h"

/* Fill in where the i-th of a host's n works: link, claims, ledger; of the crew's process. */
void crowd_links_join(const struct crew *c, unsigned side, uint32_t i, uint32_t n, struct worker *w,
	struct port *p);

/* Before a stretch: nothing is claimed on this side. */
void crowd_links_reset(const struct crew *c, unsigned side, uint32_t i);

/* After a stretch: what the i-th sender has sent so far, and that it has ended one more. */
void crowd_links_sent(const struct crew *c, uint32_t i, uint64_t seq);

#endif
