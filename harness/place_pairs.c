/*
 * place_pairs.c - which pairs of PUs stand for a class.
 *
 * One pair may be lucky: a line has a home slice, a package a warm corner.  The list begins with
 * the class's first pair; each further one is the pair that is least crowded by those before it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/place.h"

/* More than a list can add up to at one level: one PU nearer outweighs all farther ones. */
enum { LEVEL_BITS = 9 };

_Static_assert(4 * PLACE_MAX_PAIRS <= 1 << LEVEL_BITS, "a level must not run over into the next");

/* How near a class is; the highest level must leave room for the sums. */
static const unsigned char level[PLACE_CLASSES] = {
	[PLACE_SAME_PU] = 6,
	[PLACE_SMT] = 5,
	[PLACE_SAME_L2] = 4,
	[PLACE_SAME_L3] = 3,
	[PLACE_SAME_PACKAGE] = 2,
	[PLACE_NO_SHARED_CACHE] = 2,
	[PLACE_CROSS_NUMA] = 1,
};

struct chosen {
	const struct topo *topo;
	uint64_t *crowd; /* by logical index: how near the PUs chosen before are */
	unsigned n;
	unsigned pair[PLACE_MAX_PAIRS][2];
};

static void crowd_around(struct chosen *c, unsigned pu)
{
	for (unsigned i = 0; i < topo_pu_count(c->topo); i++) {
		unsigned near = level[topo_pair_class_logical(c->topo, i, pu)];

		c->crowd[i] += UINT64_C(1) << (near * LEVEL_BITS);
	}
}

static void choose(struct chosen *c, unsigned a, unsigned b)
{
	c->pair[c->n][0] = a;
	c->pair[c->n][1] = b;
	c->n++;
	crowd_around(c, a);
	if (a != b)
		crowd_around(c, b);
}

static bool is_chosen(const struct chosen *c, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (c->pair[i][0] == a && c->pair[i][1] == b)
			return true;
	}
	return false;
}

/* The least crowded pair that is not in the list yet, the first of equals. */
static void choose_next(struct chosen *c, enum place_class cls)
{
	unsigned n = topo_pu_count(c->topo), best[2] = {0, 0};
	uint64_t least = UINT64_MAX;

	for (unsigned a = 0; a < n; a++) {
		for (unsigned b = a; b < n && c->crowd[a] < least; b++) {
			uint64_t crowd = c->crowd[a] + c->crowd[b];

			if (crowd >= least || topo_pair_class_logical(c->topo, a, b) != cls ||
				is_chosen(c, a, b))
				continue;
			least = crowd;
			best[0] = a;
			best[1] = b;
		}
	}
	choose(c, best[0], best[1]);
}

unsigned place_pairs(const struct topo *t, enum place_class cls)
{
	struct place_count count[PLACE_CLASSES];

	topo_count_pairs(t, count);
	if ((unsigned)cls >= PLACE_CLASSES)
		return 0;
	return count[cls].pairs < PLACE_MAX_PAIRS ? (unsigned)count[cls].pairs : PLACE_MAX_PAIRS;
}

int place_pair(
	const struct topo *t, enum place_class cls, unsigned k, unsigned *os_a, unsigned *os_b)
{
	struct place_count count[PLACE_CLASSES];
	struct chosen c = {.topo = t};

	if (k >= place_pairs(t, cls))
		return -ENOENT;
	topo_count_pairs(t, count);
	*os_a = count[cls].example_a;
	*os_b = count[cls].example_b;
	if (k == 0)
		return 0;
	c.crowd = calloc(topo_pu_count(t), sizeof(*c.crowd));
	if (!c.crowd)
		return -ENOMEM;
	choose(&c, topo_pu_logical(t, *os_a), topo_pu_logical(t, *os_b));
	while (c.n <= k)
		choose_next(&c, cls);
	*os_a = topo_pu_os(t, c.pair[k][0]);
	*os_b = topo_pu_os(t, c.pair[k][1]);
	free(c.crowd);
	return 0;
}

int place_choose_pair(
	const struct topo *t, struct placement *p, unsigned k, char *err, size_t err_len)
{
	unsigned n = p->kind == PLACE_KIND_CLASS ? place_pairs(t, p->cls) : 1;

	p->pair = k;
	if (k < n)
		return 0;
	if (p->kind != PLACE_KIND_CLASS)
		snprintf(err, err_len, "pair=%u: %s is no class, which could have pairs", k,
			p->name);
	else if (n == PLACE_MAX_PAIRS)
		snprintf(err, err_len,
			"pair=%u: only the first %d pairs of a class are listed, counted from 0", k,
			PLACE_MAX_PAIRS);
	else
		snprintf(err, err_len, "pair=%u: %s has %u %s pair%s of PUs, counted from 0", k,
			topo_source(t), n, place_class_name(p->cls), n == 1 ? "" : "s");
	return -ENOENT;
}
