/*
 * locate.c - hwloc locations, parsed and looked up by the rules of hwloc-calc 2.x.
 *
 * "Inside" is a matter of sets, not of the tree, since NUMA nodes are memory children: an object
 * is inside another if both its CPU set and its node set are.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <hwloc.h>

#include "harness/locate.h"
#include "harness/topo.h"

enum { TYPE_NAME_MAX = 16 };

struct lookup {
	const struct topo *topo;
	hwloc_topology_t hwloc;
	const char *text; /* the whole location, for messages */
	hwloc_bitmap_t set;
	char *err;
	size_t err_len;
};

struct range {
	unsigned first, step;
	unsigned amount; /* UINT_MAX: to the last */
	bool wrap;
};

static int refuse(const struct lookup *l, const char *why)
{
	snprintf(l->err, l->err_len, "location \"%s\": %s", l->text, why);
	return -EINVAL;
}

/* Digits only (strtoul would take signs and spaces), small enough to be an index. */
static bool take_number(const char **at, unsigned *value)
{
	const char *p = *at;
	unsigned v = 0;

	while (isdigit((unsigned char)*p)) {
		v = v * 10 + (unsigned)(*p++ - '0');
		if (v > 1u << 24)
			return false;
	}
	if (p == *at)
		return false;
	*at = p;
	*value = v;
	return true;
}

static bool take_word(const char **at, const char *word)
{
	if (strncasecmp(*at, word, strlen(word)))
		return false;
	*at += strlen(word);
	return true;
}

static bool take_range(const char **at, struct range *r)
{
	unsigned last;

	*r = (struct range){.step = 1, .amount = UINT_MAX};
	if (take_word(at, "all") || take_word(at, "even") || take_word(at, "odd")) {
		/* told apart by their last letters: all, even, odd */
		r->step = (*at)[-1] == 'l' || (*at)[-1] == 'L' ? 1 : 2;
		r->first = (*at)[-1] == 'd' || (*at)[-1] == 'D';
		return true;
	}
	if (!take_number(at, &r->first))
		return false;
	r->amount = 1;
	if (**at == ':') {
		++*at;
		r->wrap = true;
		return take_number(at, &r->amount) && r->amount;
	}
	if (**at != '-')
		return true;
	++*at;
	r->amount = UINT_MAX;
	if (!isdigit((unsigned char)**at))
		return true;
	if (!take_number(at, &last) || last < r->first)
		return false;
	r->amount = last - r->first + 1;
	return true;
}

/* "", "cache", or with a d or i before: what may follow "l2". */
static bool is_cache_suffix(const char *s)
{
	if (*s == 'd' || *s == 'i')
		s++;
	return !*s || !strcmp(s, "cache");
}

/* hwloc's own scan takes any beginning of a name and ignores what follows: not strict enough. */
static bool is_type(const char *name)
{
	static const char *const words[] = {"machine", "package", "pack", "socket", "die",
		"numanode", "numa", "node", "group", "core", "pu"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(name, words[i]))
			return true;
	}
	if (!strncmp(name, "group", 5))
		return strspn(name + 5, "0123456789") == strlen(name + 5);
	return name[0] == 'l' && name[1] >= '1' && name[1] <= '5' && is_cache_suffix(name + 2);
}

static bool has_cpus(int depth)
{
	return depth >= 0 || depth == HWLOC_TYPE_DEPTH_NUMANODE;
}

static int take_type(const struct lookup *l, const char **at, int *depth)
{
	size_t len = strcspn(*at, ":");
	char name[TYPE_NAME_MAX], why[160];

	if (len >= sizeof(name) || (*at)[len] != ':')
		return refuse(l, "expected TYPE:INDEX, for example core:0 or package:1.core:0");
	for (size_t i = 0; i <= len; i++)
		name[i] = (char)(i < len ? tolower((unsigned char)(*at)[i]) : 0);
	if (!is_type(name) || hwloc_type_sscanf_as_depth(name, NULL, l->hwloc, depth) < 0) {
		snprintf(why, sizeof(why),
			"\"%s\" is no type; there are machine, package, die, numa, group, l1 ... l5, "
			"core, pu and, by OS number, cpu",
			name);
		return refuse(l, why);
	}
	*at += len + 1;
	if (has_cpus(*depth))
		return 0;
	snprintf(why, sizeof(why),
		*depth == HWLOC_TYPE_DEPTH_MULTIPLE ? "there are several levels of %s, add a number"
						    : "this machine has no %s",
		name);
	return refuse(l, why);
}

static bool is_inside(hwloc_obj_t obj, hwloc_obj_t root)
{
	if (hwloc_bitmap_iszero(obj->cpuset) && hwloc_bitmap_iszero(obj->nodeset))
		return false;
	return hwloc_bitmap_isincluded(obj->cpuset, root->cpuset) &&
	       hwloc_bitmap_isincluded(obj->nodeset, root->nodeset);
}

static bool in_range(const struct range *r, unsigned i, unsigned width)
{
	/* a wrapping range goes on at 0 */
	unsigned ahead = i >= r->first ? i - r->first : i + width - r->first;

	if (r->first >= width || (i < r->first && !r->wrap))
		return false;
	return ahead % r->step == 0 && ahead / r->step < r->amount;
}

static unsigned width_inside(const struct lookup *l, hwloc_obj_t root, int depth)
{
	unsigned width = 0;

	for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_depth(l->hwloc, depth, o));)
		width += is_inside(o, root);
	return width;
}

static int select_inside(const struct lookup *l, hwloc_obj_t root, const char *at);

/* What the range selects inside root: added to the set, or gone into if a dot follows. */
static int select_range(const struct lookup *l, hwloc_obj_t root, int depth, const struct range *r,
	const char *rest)
{
	unsigned width = width_inside(l, root, depth), i = 0;
	int rc = 0;

	for (hwloc_obj_t o = NULL; !rc && (o = hwloc_get_next_obj_by_depth(l->hwloc, depth, o));) {
		if (!is_inside(o, root) || !in_range(r, i++, width))
			continue;
		if (*rest)
			rc = select_inside(l, o, rest + 1);
		else
			hwloc_bitmap_or(l->set, l->set, o->cpuset);
	}
	return rc;
}

static int select_inside(const struct lookup *l, hwloc_obj_t root, const char *at)
{
	struct range range;
	int depth, rc = take_type(l, &at, &depth);

	if (rc)
		return rc;
	if (!take_range(&at, &range) || (*at && *at != '.'))
		return refuse(l, "an index is X, X-Y, X-, X:N, all, odd or even");
	return select_range(l, root, depth, &range, at);
}

static int add_cpus(const struct lookup *l, unsigned first, unsigned last, unsigned stride)
{
	char why[96];

	for (unsigned os = first; os <= last; os += stride) {
		if (topo_pu_logical(l->topo, os) == PLACE_PU_NONE) {
			snprintf(why, sizeof(why),
				"there is no CPU %u among those that may be used", os);
			return refuse(l, why);
		}
		if (hwloc_bitmap_set(l->set, os) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What taskset -c takes: 0,2-3,8-15:2. */
static int select_cpus(const struct lookup *l, const char *at)
{
	static const char syntax[] = "expected CPU numbers as for taskset: cpu:0,2-3 or cpu:0-15:2";
	int rc = 0;

	do {
		unsigned first, last, stride = 1;

		if (!take_number(&at, &first))
			return refuse(l, syntax);
		last = first;
		if (*at == '-' && (++at, !take_number(&at, &last) || last < first))
			return refuse(l, syntax);
		if (*at == ':' && (++at, !take_number(&at, &stride) || !stride))
			return refuse(l, syntax);
		rc = add_cpus(l, first, last, stride);
	} while (!rc && *at++ == ',');
	if (!rc && at[-1])
		rc = refuse(l, syntax);
	return rc;
}

static int select_any(const struct lookup *l, const char *at)
{
	hwloc_obj_t root = hwloc_get_root_obj(l->hwloc);

	if (take_word(&at, "cpu:"))
		return select_cpus(l, at);
	if (strcasecmp(at, "all") && strcasecmp(at, "root"))
		return select_inside(l, root, at);
	return hwloc_bitmap_copy(l->set, root->cpuset) < 0 ? -ENOMEM : 0;
}

int locate_parse(const struct topo *t, const char *text, struct hwloc_bitmap_s *set, char *err,
	size_t err_len)
{
	struct lookup l = {t, topo_hwloc(t), text, set, err, err_len};
	int rc;

	hwloc_bitmap_zero(set);
	rc = select_any(&l, text);
	if (!rc && hwloc_bitmap_iszero(set))
		rc = refuse(&l, "it selects nothing on this machine");
	if (rc == -ENOMEM)
		snprintf(err, err_len, "location \"%s\": %s", text, strerror(ENOMEM));
	return rc;
}

int locate_sides(const struct topo *t, const char *text, struct hwloc_bitmap_s *a,
	struct hwloc_bitmap_s *b, char *err, size_t err_len)
{
	const char *plus = strchr(text, '+');
	char *side_a;
	int rc;

	if (!plus || strchr(plus + 1, '+')) {
		snprintf(err, err_len,
			"\"%s\": locations come in twos, side a + side b: core:0+core:1", text);
		return -EINVAL;
	}
	side_a = strndup(text, (size_t)(plus - text));
	if (!side_a) {
		snprintf(err, err_len, "\"%s\": %s", text, strerror(ENOMEM));
		return -ENOMEM;
	}
	rc = locate_parse(t, side_a, a, err, err_len);
	free(side_a);
	return rc ? rc : locate_parse(t, plus + 1, b, err, err_len);
}
