/*
 * place_assign.c - from a placement to one PU a worker.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include <hwloc.h>

#include "harness/locate.h"
#include "harness/place.h"

/* One side: its PUs by logical index, and how many workers they are for. */
struct side {
	unsigned *pu;
	unsigned n;
	unsigned workers;
};

struct plan {
	const struct topo *topo;
	struct side a, b;
	unsigned *load;  /* workers on each PU */
	bool *taken;     /* PUs that are on a side */
	bool *core_used; /* by the logical index of a core */
};

static void free_plan(struct plan *p)
{
	free(p->a.pu);
	free(p->b.pu);
	free(p->load);
	free(p->taken);
	free(p->core_used);
}

static int alloc_plan(struct plan *p)
{
	unsigned n = topo_pu_count(p->topo);

	p->a.pu = calloc(n, sizeof(*p->a.pu));
	p->b.pu = calloc(n, sizeof(*p->b.pu));
	p->load = calloc(n, sizeof(*p->load));
	p->taken = calloc(n, sizeof(*p->taken));
	/* a core without a PU that may be used does not appear: there are no more cores than PUs */
	p->core_used = calloc(n, sizeof(*p->core_used));
	return p->a.pu && p->b.pu && p->load && p->taken && p->core_used ? 0 : -ENOMEM;
}

static bool *core_used(struct plan *p, unsigned pu)
{
	unsigned core = topo_pu(p->topo, pu)->core;

	return core < topo_pu_count(p->topo) ? &p->core_used[core] : NULL;
}

static void add(struct plan *p, struct side *s, unsigned pu)
{
	bool *used = core_used(p, pu);

	s->pu[s->n++] = pu;
	p->taken[pu] = true;
	if (used)
		*used = true;
}

/* Whether pu may join s: it still wants PUs, and pu is in the class with all across. */
static bool fits(const struct plan *p, const struct side *s, unsigned pu, enum place_class cls)
{
	const struct side *across = s == &p->a ? &p->b : &p->a;

	if (s->n >= s->workers)
		return false;
	for (unsigned i = 0; i < across->n; i++) {
		if (topo_pair_class_logical(p->topo, pu, across->pu[i]) != cls)
			return false;
	}
	return true;
}

/* The side that has more workers for each of its PUs wants the next one. */
static bool b_is_needier(const struct plan *p)
{
	return (uint64_t)p->b.workers * p->a.n > (uint64_t)p->a.workers * p->b.n;
}

static void grow(struct plan *p, enum place_class cls, bool fresh_cores_only)
{
	for (unsigned pu = 0; pu < topo_pu_count(p->topo); pu++) {
		struct side *first = b_is_needier(p) ? &p->b : &p->a;
		struct side *second = first == &p->a ? &p->b : &p->a;
		bool *used = core_used(p, pu);

		if (p->a.n >= p->a.workers && p->b.n >= p->b.workers)
			return;
		if (p->taken[pu] || (fresh_cores_only && used && *used))
			continue;
		if (fits(p, first, pu, cls))
			add(p, first, pu);
		else if (fits(p, second, pu, cls))
			add(p, second, pu);
	}
}

static int sides_of_class(struct plan *p, enum place_class cls, unsigned pair)
{
	unsigned a, b;
	int rc = place_pair(p->topo, cls, pair, &a, &b);

	if (rc)
		return rc;
	add(p, &p->a, topo_pu_logical(p->topo, a));
	add(p, &p->b, topo_pu_logical(p->topo, b));
	if (cls == PLACE_SAME_PU)
		return 0;
	grow(p, cls, true);
	grow(p, cls, false);
	return 0;
}

static void fill_side(const struct topo *t, struct side *s, hwloc_const_bitmap_t set)
{
	for (unsigned pu = 0; pu < topo_pu_count(t); pu++) {
		if (hwloc_bitmap_isset(set, topo_pu_os(t, pu)))
			s->pu[s->n++] = pu;
	}
}

static int sides_of_locations(struct plan *p, const char *name)
{
	hwloc_bitmap_t a = hwloc_bitmap_alloc(), b = hwloc_bitmap_alloc();
	char ignored[256];
	int rc = a && b ? locate_sides(p->topo, name, a, b, ignored, sizeof(ignored)) : -ENOMEM;

	if (!rc) {
		fill_side(p->topo, &p->a, a);
		fill_side(p->topo, &p->b, b);
	}
	hwloc_bitmap_free(a);
	hwloc_bitmap_free(b);
	return rc == -EINVAL ? -ENOENT : rc;
}

/* The PU of s with the fewest workers; the first of equals. */
static unsigned least_loaded(const struct plan *p, const struct side *s)
{
	unsigned best = s->pu[0];

	for (unsigned i = 1; i < s->n; i++) {
		if (p->load[s->pu[i]] < p->load[best])
			best = s->pu[i];
	}
	return best;
}

static void assign_side(struct plan *p, const struct side *s, unsigned *os_out)
{
	for (unsigned i = 0; i < s->workers; i++) {
		unsigned pu = least_loaded(p, s);

		p->load[pu]++;
		os_out[i] = topo_pu_os(p->topo, pu);
	}
}

static int assign_sides(struct plan *p, const struct placement *pl, unsigned *os_out)
{
	int rc = pl->kind == PLACE_KIND_CLASS ? sides_of_class(p, pl->cls, pl->pair)
					      : sides_of_locations(p, pl->name);

	if (rc)
		return rc;
	assign_side(p, &p->a, os_out);
	assign_side(p, &p->b, os_out + p->a.workers);
	return 0;
}

/* The first PU of a set in logical order (the first bit would be the lowest OS number). */
static unsigned first_in(const struct topo *t, hwloc_const_bitmap_t set)
{
	unsigned pu = 0;

	while (pu + 1 < topo_pu_count(t) && !hwloc_bitmap_isset(set, topo_pu_os(t, pu)))
		pu++;
	return pu;
}

/* n PUs spread over the machine, n at most the number of PUs. */
static int spread(const struct topo *t, unsigned *pu, unsigned n)
{
	hwloc_obj_t root = hwloc_get_root_obj(topo_hwloc(t));
	hwloc_bitmap_t *sets = calloc(n, sizeof(*sets));
	int rc = sets ? 0 : -ENOMEM;

	if (!rc && hwloc_distrib(topo_hwloc(t), &root, 1, sets, n, INT_MAX, 0) < 0)
		rc = -errno;
	for (unsigned i = 0; !rc && i < n; i++) {
		pu[i] = first_in(t, sets[i]);
		hwloc_bitmap_free(sets[i]);
	}
	free(sets);
	return rc;
}

/*
 * Where the i-th of the workers dealt to the sides in turn stands in os_out; what one side has
 * more than the other comes last.
 */
static unsigned dealt(unsigned i, unsigned side_a, unsigned side_b)
{
	unsigned both = side_a < side_b ? side_a : side_b;

	if (i < 2 * both)
		return i % 2 ? side_a + i / 2 : i / 2;
	return side_a > side_b ? i - both : side_a + i - both;
}

static int assign_all(struct plan *p, const struct placement *pl, unsigned *os_out)
{
	unsigned workers = p->a.workers + p->b.workers, pus = topo_pu_count(p->topo);
	unsigned n = workers < pus ? workers : pus, *pu = p->a.pu;
	int rc = 0;

	for (unsigned i = 0; i < n; i++)
		pu[i] = i;
	if (pl->kind == PLACE_KIND_SPREAD)
		rc = spread(p->topo, pu, n);
	for (unsigned i = 0; !rc && i < workers; i++) {
		p->load[pu[i % n]]++;
		os_out[dealt(i, p->a.workers, p->b.workers)] = topo_pu_os(p->topo, pu[i % n]);
	}
	return rc;
}

static unsigned highest(const unsigned *load, unsigned n)
{
	unsigned max = 0;

	for (unsigned i = 0; i < n; i++)
		max = load[i] > max ? load[i] : max;
	return max;
}

static int assign_pinned(
	const struct placement *pl, struct plan *p, unsigned *os_out, double *workers_per_pu)
{
	bool sides = pl->kind == PLACE_KIND_CLASS || pl->kind == PLACE_KIND_SIDES;
	int rc = alloc_plan(p);

	if (!rc)
		rc = sides ? assign_sides(p, pl, os_out) : assign_all(p, pl, os_out);
	if (!rc)
		*workers_per_pu = highest(p->load, topo_pu_count(p->topo));
	free_plan(p);
	return rc;
}

int place_assign(const struct placement *p, const struct topo *t, unsigned side_a, unsigned side_b,
	unsigned *os_out, double *workers_per_pu)
{
	struct plan plan = {.topo = t, .a.workers = side_a, .b.workers = side_b};

	if (!(side_a || side_b) || side_a > UINT_MAX / 2 || side_b > UINT_MAX / 2)
		return -EINVAL;
	if (p->pinned)
		return assign_pinned(p, &plan, os_out, workers_per_pu);
	for (unsigned i = 0; i < side_a + side_b; i++)
		os_out[i] = PLACE_PU_NONE;
	*workers_per_pu = 0;
	return 0;
}

int place_assign_alternate(const struct placement *p, const struct topo *t, unsigned workers,
	unsigned *os_out, double *workers_per_pu)
{
	unsigned side_b = workers / 2, side_a = workers - side_b;
	unsigned *os = calloc(workers ? workers : 1, sizeof(*os));
	int rc = os ? place_assign(p, t, side_a, side_b, os, workers_per_pu) : -ENOMEM;

	for (unsigned i = 0; !rc && i < workers; i++)
		os_out[i] = os[dealt(i, side_a, side_b)];
	free(os);
	return rc;
}
