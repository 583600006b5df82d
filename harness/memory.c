/* memory.c - see memory.h. */
#include "harness/memory.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/pages.h"
#include "harness/place.h"

/* Of memory that nobody asked anything of, so many pages are looked at. */
enum { LOOK_MOST = 256, NO_NODE = -1 };

bool memory_is_asked(const struct trial_spec *spec)
{
	const struct trial_extra *x = &spec->extra;

	return x->memory != MEMORY_NORMAL || x->node != NODE_ANY || x->touch != TOUCH_LEADER;
}

bool memory_is_huge(const struct trial_spec *spec)
{
	return spec->extra.memory == MEMORY_HUGE;
}

static void *area_of(const struct crew *c)
{
	return c->area ? c->area : (char *)c->arena + c->arena->area_offset;
}

/* ---- which processor, which node ---------------------------------------------- */

/* The first processor of a side; workers of one role are dealt to the sides in turn. */
static uint32_t side_pu(const struct crew *c, bool side_b)
{
	unsigned b = workload_one_role(c->workload) ? 1 : c->spec->side_a;

	if (side_b && b >= c->spec->side_a + c->spec->side_b)
		return PLACE_PU_NONE;
	return c->spec->pu[side_b ? b : 0];
}

/* Where the touch happens; PLACE_PU_NONE: wherever the leader is. */
static uint32_t touch_pu(const struct crew *c)
{
	uint32_t touch = c->spec->extra.touch;

	return touch == TOUCH_LEADER ? PLACE_PU_NONE : side_pu(c, touch == TOUCH_B);
}

/* The node that is asked for by its number or by a side; NO_NODE: any. */
static int asked_node(const struct crew *c)
{
	uint32_t node = c->spec->extra.node;

	if (node == NODE_ANY)
		return NO_NODE;
	if (node >= NODE_FIRST)
		return (int)(node - NODE_FIRST);
	return (int)pages_node_of_cpu(side_pu(c, node == NODE_B));
}

/* The node that the pages must turn out to be on: also that of who touched them first. */
static int due_node(const struct crew *c)
{
	int node = asked_node(c);
	uint32_t pu = touch_pu(c);

	return node == NO_NODE && pu != PLACE_PU_NONE ? (int)pages_node_of_cpu(pu) : node;
}

static int check_sides(struct crew *c)
{
	const struct trial_extra *x = &c->spec->extra;
	bool a = x->node == NODE_A || x->touch == TOUCH_A;
	bool b = x->node == NODE_B || x->touch == TOUCH_B;

	if ((!a || side_pu(c, false) != PLACE_PU_NONE) && (!b || side_pu(c, true) != PLACE_PU_NONE))
		return 0;
	snprintf(c->err, sizeof(c->err),
		"memory: the side whose node or touch is asked for is not pinned");
	return -ENOTSUP;
}

/* ---- before ------------------------------------------------------------------- */

int memory_map(struct crew *c, struct arena *head, const struct trial_spec *spec)
{
	size_t bytes = head->area_bytes;

	if (!memory_is_huge(spec) || bytes == 0)
		return 0;
	if (spec->domain == DOMAIN_PROCESS && spec->start == START_EXEC) {
		snprintf(c->err, sizeof(c->err),
			"memory=huge: workers that begin by exec cannot inherit it");
		return -ENOTSUP;
	}
	c->area = pages_map_huge(
		&bytes, domain_has_processes(spec->domain), c->err, sizeof(c->err));
	head->area_bytes = bytes;
	return c->area ? 0 : -ENOTSUP;
}

/* What names_shm_create() has already given to a named arena goes back. */
static int let_go(struct crew *c)
{
	if (!c->arena->name[0] || c->area)
		return 0;
	if (madvise(area_of(c), c->arena->area_bytes, MADV_REMOVE) == 0)
		return 0;
	snprintf(c->err, sizeof(c->err), "memory: pages of /dev/shm cannot be given back: %s",
		strerror(errno));
	return -ENOTSUP;
}

static int bind_node(struct crew *c)
{
	int node = asked_node(c), err;

	if (node == NO_NODE)
		return 0;
	err = pages_bind(area_of(c), c->arena->area_bytes, (unsigned)node);
	if (err == 0)
		return 0;
	snprintf(c->err, sizeof(c->err), "memory: mbind to node %d: %s%s", node, strerror(-err),
		err == -EINVAL ? " (there is no such node with memory that may be used)" : "");
	return -ENOTSUP;
}

static int touch(struct crew *c)
{
	int err = pages_touch(area_of(c), c->arena->area_bytes);

	if (err == 0)
		return 0;
	snprintf(c->err, sizeof(c->err), "memory: the kernel has no such pages left to give: %s",
		strerror(-err));
	return -ENOTSUP;
}

/* Touch and setup where the first processor of that side is; then back. */
static int at_toucher(struct crew *c, int (*setup)(struct crew *c))
{
	uint32_t pu = touch_pu(c);
	cpu_set_t before;
	int err = 0;

	if (pu != PLACE_PU_NONE) {
		if (sched_getaffinity(0, sizeof(before), &before) != 0)
			return -errno;
		err = place_pin(c->topo, pu, c->err, sizeof(c->err));
	}
	if (!err)
		err = touch(c);
	if (!err)
		err = setup(c);
	if (pu != PLACE_PU_NONE && sched_setaffinity(0, sizeof(before), &before) != 0 && !err)
		err = -errno;
	return err;
}

int memory_set_up(struct crew *c, int (*setup)(struct crew *c))
{
	int err;

	if (!memory_is_asked(c->spec) || c->arena->area_bytes == 0)
		return setup(c);
	err = check_sides(c);
	if (!err)
		err = let_go(c);
	if (!err)
		err = bind_node(c);
	return err ? err : at_toucher(c, setup);
}

/* ---- afterwards --------------------------------------------------------------- */

static int not_huge(struct crew *c, const struct pages_seen *s)
{
	char why[160];

	pages_why_not_huge(domain_has_processes(c->spec->domain), why, sizeof(why));
	snprintf(c->err, sizeof(c->err), "memory=huge: %zu of %zu KiB are in huge pages: %s",
		s->huge_bytes >> 10, s->bytes >> 10, why);
	return -ENOTSUP;
}

static int wrong_node(struct crew *c, const struct pages_seen *s, int node)
{
	char seen[PAGES_TEXT];

	pages_say(s, seen, sizeof(seen));
	if (s->nodes_err)
		snprintf(c->err, sizeof(c->err),
			"memory: whether its pages are on node %d cannot be told: move_pages: %s",
			node, strerror(-s->nodes_err));
	else
		snprintf(c->err, sizeof(c->err),
			"memory: not all of its %zu pages are on node %d: %s; %zu not in memory",
			s->asked, node, seen, s->absent);
	return -ENOTSUP;
}

int memory_verify(struct crew *c, char *text, size_t text_len)
{
	bool asked = memory_is_asked(c->spec);
	int node = due_node(c);
	struct pages_seen s;

	text[0] = '\0';
	if (c->arena->area_bytes == 0)
		return 0;
	pages_look(area_of(c), c->arena->area_bytes, asked ? 0 : LOOK_MOST, &s);
	pages_say(&s, text, text_len);
	if (memory_is_huge(c->spec) && s.huge_bytes < s.bytes)
		return not_huge(c, &s);
	if (node != NO_NODE && !pages_all_on(&s, (unsigned)node))
		return wrong_node(c, &s, node);
	return 0;
}
