/*
 * topo.c - the tables of a topology, from which pairs are classified.
 *
 * All that hwloc is asked per PU is asked once, when the topology is opened: 4096 PUs make eight
 * million pairs.  NUMA nodes are memory children, never ancestors, hence locality is a matter of
 * node sets; equal sets get one number, and a matrix over these numbers says which are disjoint.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hwloc.h>

#include "harness/topo.h"
#include "harness/topo_io.h"

enum { PUS_MAX = 1 << 16 };

struct os_index {
	unsigned os, logical;
};

struct topo {
	hwloc_topology_t hwloc;
	char *source;
	bool this_system;
	unsigned n_pus;
	unsigned n_localities;
	struct topo_pu *pu;     /* by logical index */
	struct os_index *by_os; /* sorted: OS numbers may be sparse */
	bool *disjoint;         /* n_localities squared */
	struct place_count count[PLACE_CLASSES];
};

static const char *const class_names[PLACE_CLASSES] = {
	[PLACE_SAME_PU] = "same-pu",
	[PLACE_SMT] = "smt",
	[PLACE_SAME_L2] = "same-l2",
	[PLACE_SAME_L3] = "same-l3",
	[PLACE_SAME_PACKAGE] = "same-package",
	[PLACE_CROSS_NUMA] = "cross-numa",
	[PLACE_CROSS_PACKAGE] = "cross-package",
	[PLACE_NO_SHARED_CACHE] = "no-shared-cache",
	[PLACE_UNKNOWN] = "unknown",
};

const char *place_class_name(enum place_class cls)
{
	return (unsigned)cls < PLACE_CLASSES ? class_names[cls] : "none";
}

static unsigned ancestor(hwloc_topology_t h, hwloc_obj_t pu, hwloc_obj_type_t type)
{
	hwloc_obj_t obj = hwloc_get_ancestor_obj_by_type(h, type, pu);

	return obj ? obj->logical_index : PLACE_PU_NONE;
}

static void fill_pu(hwloc_topology_t h, hwloc_obj_t obj, struct topo_pu *pu)
{
	hwloc_obj_t node = NULL;

	*pu = (struct topo_pu){
		.os = obj->os_index,
		.core = ancestor(h, obj, HWLOC_OBJ_CORE),
		.l2 = ancestor(h, obj, HWLOC_OBJ_L2CACHE),
		.l3 = ancestor(h, obj, HWLOC_OBJ_L3CACHE),
		.package = ancestor(h, obj, HWLOC_OBJ_PACKAGE),
		.numa = PLACE_PU_NONE,
	};
	while ((node = hwloc_get_next_obj_by_type(h, HWLOC_OBJ_NUMANODE, node))) {
		if (!hwloc_bitmap_isset(obj->nodeset, node->os_index))
			continue;
		if (!pu->numa_nodes++)
			pu->numa = node->logical_index;
	}
}

/* Neighbours mostly have the same nodes, so the search starts from the last set found. */
static unsigned find_locality(hwloc_const_nodeset_t *sets, unsigned n, hwloc_const_nodeset_t set)
{
	for (unsigned i = n; i-- > 0;) {
		if (hwloc_bitmap_isequal(sets[i], set))
			return i;
	}
	return n;
}

static bool sets_disjoint(hwloc_const_nodeset_t a, hwloc_const_nodeset_t b)
{
	return !hwloc_bitmap_iszero(a) && !hwloc_bitmap_iszero(b) && !hwloc_bitmap_intersects(a, b);
}

static int fill_localities(struct topo *t)
{
	hwloc_const_nodeset_t *sets = calloc(t->n_pus, sizeof(*sets));
	unsigned n = 0;

	if (!sets)
		return -ENOMEM;
	for (unsigned i = 0; i < t->n_pus; i++) {
		hwloc_const_nodeset_t set =
			hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_PU, i)->nodeset;

		t->pu[i].locality = find_locality(sets, n, set);
		if (t->pu[i].locality == n)
			sets[n++] = set;
	}
	t->n_localities = n;
	t->disjoint = calloc((size_t)n * n, sizeof(*t->disjoint));
	for (size_t i = 0; t->disjoint && i < (size_t)n * n; i++)
		t->disjoint[i] = sets_disjoint(sets[i / n], sets[i % n]);
	free(sets);
	return t->disjoint ? 0 : -ENOMEM;
}

static int compare_os(const void *a, const void *b)
{
	const struct os_index *x = a, *y = b;

	return (x->os > y->os) - (x->os < y->os);
}

static bool same(unsigned a, unsigned b)
{
	return a == b && a != PLACE_PU_NONE;
}

enum place_class topo_pair_class_logical(const struct topo *t, unsigned a, unsigned b)
{
	const struct topo_pu *x = &t->pu[a], *y = &t->pu[b];
	bool l2 = same(x->l2, y->l2), l3 = same(x->l3, y->l3);

	if (a == b)
		return PLACE_SAME_PU;
	if (same(x->core, y->core))
		return PLACE_SMT;
	if (x->package == PLACE_PU_NONE || y->package == PLACE_PU_NONE) {
		if (!l2 && !l3)
			return PLACE_UNKNOWN;
	} else if (x->package != y->package) {
		return PLACE_CROSS_PACKAGE;
	} else if (t->disjoint[(size_t)x->locality * t->n_localities + y->locality]) {
		return PLACE_CROSS_NUMA;
	}
	if (l2)
		return PLACE_SAME_L2;
	if (l3)
		return PLACE_SAME_L3;
	if (x->l3 != PLACE_PU_NONE && y->l3 != PLACE_PU_NONE)
		return PLACE_SAME_PACKAGE;
	return PLACE_NO_SHARED_CACHE;
}

static void count_pairs(struct topo *t)
{
	for (unsigned c = 0; c < PLACE_CLASSES; c++)
		t->count[c] = (struct place_count){
			(enum place_class)c, 0, PLACE_PU_NONE, PLACE_PU_NONE};
	for (unsigned a = 0; a < t->n_pus; a++) {
		for (unsigned b = a; b < t->n_pus; b++) {
			struct place_count *c = &t->count[topo_pair_class_logical(t, a, b)];

			if (c->pairs++)
				continue;
			c->example_a = t->pu[a].os;
			c->example_b = t->pu[b].os;
		}
	}
}

static int fill_tables(struct topo *t)
{
	t->pu = calloc(t->n_pus, sizeof(*t->pu));
	t->by_os = calloc(t->n_pus, sizeof(*t->by_os));
	if (!t->pu || !t->by_os)
		return -ENOMEM;
	for (unsigned i = 0; i < t->n_pus; i++) {
		fill_pu(t->hwloc, hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_PU, i), &t->pu[i]);
		t->by_os[i] = (struct os_index){t->pu[i].os, i};
	}
	qsort(t->by_os, t->n_pus, sizeof(*t->by_os), compare_os);
	if (fill_localities(t))
		return -ENOMEM;
	count_pairs(t);
	return 0;
}

struct topo *topo_from_hwloc(
	struct hwloc_topology *h, const char *source, bool this_system, char *err, size_t err_len)
{
	struct topo *t = calloc(1, sizeof(*t));
	unsigned n = (unsigned)hwloc_get_nbobjs_by_type(h, HWLOC_OBJ_PU);

	if (!t) {
		hwloc_topology_destroy(h);
		snprintf(err, err_len, "%s: %s", source, strerror(ENOMEM));
		return NULL;
	}
	*t = (struct topo){.hwloc = h, .this_system = this_system, .n_pus = n};
	t->source = strdup(source);
	if (n < 1 || n > PUS_MAX)
		snprintf(err, err_len, "%s: a topology of %u usable PUs; 1 to %d can be handled",
			source, n, PUS_MAX);
	else if (!t->source || fill_tables(t))
		snprintf(err, err_len, "%s: no memory for the tables of %u PUs", source, n);
	else
		return t;
	topo_close(t);
	return NULL;
}

void topo_close(struct topo *t)
{
	if (!t)
		return;
	if (t->hwloc)
		hwloc_topology_destroy(t->hwloc);
	free(t->source);
	free(t->pu);
	free(t->by_os);
	free(t->disjoint);
	free(t);
}

bool topo_is_thissystem(const struct topo *t)
{
	return t->this_system;
}

const char *topo_source(const struct topo *t)
{
	return t->source;
}

unsigned topo_pu_count(const struct topo *t)
{
	return t->n_pus;
}

const struct topo_pu *topo_pu(const struct topo *t, unsigned logical)
{
	return logical < t->n_pus ? &t->pu[logical] : NULL;
}

unsigned topo_pu_os(const struct topo *t, unsigned logical)
{
	return logical < t->n_pus ? t->pu[logical].os : PLACE_PU_NONE;
}

unsigned topo_pu_logical(const struct topo *t, unsigned os)
{
	const struct os_index key = {os, 0}, *found;

	found = bsearch(&key, t->by_os, t->n_pus, sizeof(key), compare_os);
	return found ? found->logical : PLACE_PU_NONE;
}

enum place_class topo_pair_class(const struct topo *t, unsigned os_a, unsigned os_b)
{
	unsigned a = topo_pu_logical(t, os_a), b = topo_pu_logical(t, os_b);

	if (a == PLACE_PU_NONE || b == PLACE_PU_NONE)
		return PLACE_UNKNOWN;
	return topo_pair_class_logical(t, a, b);
}

void topo_count_pairs(const struct topo *t, struct place_count out[PLACE_CLASSES])
{
	memcpy(out, t->count, sizeof(t->count));
}

bool topo_has_node(const struct topo *t, unsigned os)
{
	return hwloc_get_numanode_obj_by_os_index(t->hwloc, os) != NULL;
}

void topo_say_nodes(const struct topo *t, char *out, size_t out_len)
{
	hwloc_bitmap_list_snprintf(out, out_len, hwloc_topology_get_topology_nodeset(t->hwloc));
}

struct hwloc_topology *topo_hwloc(const struct topo *t)
{
	return t->hwloc;
}
