/*
 * place.h - placements: which worker runs on which PU, and making it so.
 *
 * A placement is what a cell asks for (see place_parse()); together with a topology and the
 * number of workers on either side it becomes one PU a worker.  It is a plain value: copy it,
 * keep it, nothing to release.  It is good for the topology that it was parsed for.
 *
 * All functions may be called from any thread.  Errors are -errno; where there is an err, one
 * sentence is written into it.
 */
#ifndef HARNESS_PLACE_H
#define HARNESS_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/topo.h"

enum { PLACE_NAME_BYTES = 64 };

enum place_kind {
	PLACE_KIND_UNPINNED,
	PLACE_KIND_CLASS,
	PLACE_KIND_COMPACT,
	PLACE_KIND_SPREAD,
	PLACE_KIND_SIDES /* locations, side a + side b */
};

struct placement {
	char name[PLACE_NAME_BYTES];     /* as asked, in lower case */
	char resolved[PLACE_NAME_BYTES]; /* nearest, farthest: the class; else as name */
	bool pinned;
	enum place_kind kind;
	/*
	 * The class that every producer-consumer pair has.  Of locations: the class that all pairs
	 * of a PU of side a with another PU of side b have; PLACE_CLASSES where they differ, and
	 * with unpinned, compact and spread.
	 */
	enum place_class cls;
	unsigned pair; /* of a class: which of its pairs to start from; see place_pair() */
};

/*
 * The text is one of
 *
 *	unpinned
 *	a class           same-pu, smt, same-l2 ... (see topo.h)
 *	nearest, farthest the first and last class that the machine has, of smt, same-l2, same-l3,
 *	                  same-package, no-shared-cache, cross-numa, cross-package, unknown;
 *	                  same-pu on a machine of one PU
 *	compact           workers on neighbouring PUs, in logical order
 *	spread            workers as far from each other as the tree allows (hwloc_distrib)
 *	LOCATION+LOCATION side a and side b (see locate.h): pu:0+pu:3, package:1.core:0+numa:0,
 *	                  cpu:0,2-3+cpu:1
 *
 * 0; -ENOENT where the machine lacks the class (err lists those it has; the caller's row is a
 * skip); -EINVAL where the text is not understood or a location selects nothing (err offers near
 * names); -ENOMEM.
 */
int place_parse(
	const struct topo *t, const char *text, struct placement *out, char *err, size_t err_len);

/*
 * PUs (OS numbers) for side_a producers, os_out[0 .. side_a - 1], and side_b consumers behind
 * them; one side may be 0.  Each worker gets the PU of its side that has the fewest workers so
 * far, the first in logical order among equals: round-robin, as long as the sides share no PU.
 *
 * A class starts from its first pair of PUs, or the one that p->pair names, and takes further PUs
 * in logical order, first from cores not yet used, then from any, for the side that has more
 * workers a PU, until every worker has one of its own, as long as all pairs across stay in the
 * class and no PU is on both sides.
 * compact and spread deal their PUs to the sides in turn: a, b, a, b.
 *
 * workers_per_pu: workers on the PU that has most, 0 when unpinned, where all PUs are
 * PLACE_PU_NONE.  0; -EINVAL (no workers), -ENOENT (placement of another topology), -ENOMEM.
 */
int place_assign(const struct placement *p, const struct topo *t, unsigned side_a, unsigned side_b,
	unsigned *os_out, double *workers_per_pu);

/* The same for workers of one role: os_out[0] on side a, [1] on side b, [2] on side a ... */
int place_assign_alternate(const struct placement *p, const struct topo *t, unsigned workers,
	unsigned *os_out, double *workers_per_pu);

/*
 * The pairs that stand for a class, PLACE_MAX_PAIRS at most: pair 0 is the class's first in logical
 * order, each further one is the pair whose PUs are least near to those of the pairs before it, the
 * first of equals.  Pairs hence share no PU while there are others, and are spread over the
 * machine.  Of same-pu a pair is one PU twice.  The same topology gives the same list.
 */
enum { PLACE_MAX_PAIRS = 128 };

unsigned place_pairs(const struct topo *t, enum place_class cls);

/* OS numbers of pair k.  0; -ENOENT where the class has no such pair; -ENOMEM. */
int place_pair(
	const struct topo *t, enum place_class cls, unsigned k, unsigned *os_a, unsigned *os_b);

/*
 * Let a placement start from pair k.  0; or -ENOENT where it has none of that number (err says how
 * many the class has; what is no class has pair 0 only): the caller's row is a skip.
 */
int place_choose_pair(
	const struct topo *t, struct placement *p, unsigned k, char *err, size_t err_len);

/*
 * Pins the calling thread to one PU (OS number) and checks that it is there, by the mask and by
 * the CPU it runs on.  Does nothing for PLACE_PU_NONE.  -EXDEV on a foreign topology, -EINVAL if
 * there is no such PU, else what the kernel said; -EIO where the check failed.
 */
int place_pin(const struct topo *t, unsigned os, char *err, size_t err_len);

#endif
