/*
 * place.c - understanding a placement, and pinning.  place_assign.c turns it into PUs.
 */
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <hwloc.h>

#include "harness/locate.h"
#include "harness/place.h"

/* Names that are no class. */
static const char *const other_names[] = {"unpinned", "nearest", "farthest", "compact", "spread"};

enum {
	OTHERS = sizeof(other_names) / sizeof(*other_names),
	NAMES = PLACE_CLASSES + OTHERS,
	NEAR_EDITS = 2,
};

/* From the nearest on; same-pu is no distance, but all that a single PU has. */
static const enum place_class by_distance[] = {PLACE_SMT, PLACE_SAME_L2, PLACE_SAME_L3,
	PLACE_SAME_PACKAGE, PLACE_NO_SHARED_CACHE, PLACE_CROSS_NUMA, PLACE_CROSS_PACKAGE,
	PLACE_UNKNOWN};

enum { DISTANCES = sizeof(by_distance) / sizeof(*by_distance) };

static const char *name_at(unsigned i)
{
	return i < PLACE_CLASSES ? place_class_name((enum place_class)i)
				 : other_names[i - PLACE_CLASSES];
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance; both are shorter than PLACE_NAME_BYTES. */
static unsigned edits(const char *a, const char *b)
{
	unsigned row[PLACE_NAME_BYTES + 1];
	unsigned n = (unsigned)strlen(b);

	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < n; j++) {
			unsigned above = row[j + 1];

			row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[n];
}

static bool is_near(const char *word, const char *name)
{
	return (strlen(word) > 1 && strstr(name, word)) || edits(word, name) <= NEAR_EDITS;
}

/* Appends to a list of words in err; what does not fit is cut. */
static void append(char *err, size_t err_len, const char *separator, const char *word)
{
	size_t len = strlen(err);

	if (len < err_len)
		snprintf(err + len, err_len - len, "%s%s", separator, word);
}

static int refuse_name(const char *word, char *err, size_t err_len)
{
	bool any = false;

	for (unsigned i = 0; i < NAMES; i++)
		any |= is_near(word, name_at(i));
	snprintf(err, err_len, "unknown placement \"%s\"; ", word);
	append(err, err_len, any ? "did you mean" : "there are", "");
	for (unsigned i = 0, n = 0; i < NAMES; i++) {
		if (!any || is_near(word, name_at(i)))
			append(err, err_len, !n++ ? " " : any ? " or " : ", ", name_at(i));
	}
	append(err, err_len, any ? "?" : " and locations such as core:0+core:1", "");
	return -EINVAL;
}

static int refuse_absent(const struct topo *t, enum place_class cls, char *err, size_t err_len)
{
	struct place_count count[PLACE_CLASSES];

	topo_count_pairs(t, count);
	snprintf(err, err_len, "%s has no %s pair of PUs; it has", topo_source(t),
		place_class_name(cls));
	for (unsigned i = 0, n = 0; i < PLACE_CLASSES; i++) {
		if (count[i].pairs)
			append(err, err_len, n++ ? ", " : " ", name_at(i));
	}
	return -ENOENT;
}

static enum place_class extreme(const struct topo *t, bool farthest)
{
	struct place_count count[PLACE_CLASSES];

	topo_count_pairs(t, count);
	for (unsigned i = 0; i < DISTANCES; i++) {
		enum place_class cls = by_distance[farthest ? DISTANCES - 1 - i : i];

		if (count[cls].pairs)
			return cls;
	}
	return PLACE_SAME_PU;
}

static int take_class(const struct topo *t, enum place_class cls, struct placement *out, char *err,
	size_t err_len)
{
	struct place_count count[PLACE_CLASSES];

	topo_count_pairs(t, count);
	if (!count[cls].pairs)
		return refuse_absent(t, cls, err, err_len);
	out->kind = PLACE_KIND_CLASS;
	out->cls = cls;
	snprintf(out->resolved, sizeof(out->resolved), "%s", place_class_name(cls));
	return 0;
}

static int take_name(const struct topo *t, struct placement *out, char *err, size_t err_len)
{
	const char *name = out->name;

	for (unsigned i = 0; i < PLACE_CLASSES; i++) {
		if (!strcmp(name, name_at(i)))
			return take_class(t, (enum place_class)i, out, err, err_len);
	}
	if (!strcmp(name, "nearest") || !strcmp(name, "farthest"))
		return take_class(t, extreme(t, *name == 'f'), out, err, err_len);
	if (!strcmp(name, "unpinned"))
		out->kind = PLACE_KIND_UNPINNED;
	else if (!strcmp(name, "compact"))
		out->kind = PLACE_KIND_COMPACT;
	else if (!strcmp(name, "spread"))
		out->kind = PLACE_KIND_SPREAD;
	else
		return refuse_name(name, err, err_len);
	out->pinned = out->kind != PLACE_KIND_UNPINNED;
	return 0;
}

/* The one class of all pairs across; a PU that is on both sides counts only if it is alone. */
static enum place_class class_across(
	const struct topo *t, hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
	enum place_class all = PLACE_CLASSES;
	int x, y;

	if (hwloc_bitmap_weight(a) == 1 && hwloc_bitmap_isequal(a, b))
		return PLACE_SAME_PU;
	hwloc_bitmap_foreach_begin(x, a) hwloc_bitmap_foreach_begin(y, b)
	{
		enum place_class cls = topo_pair_class(t, (unsigned)x, (unsigned)y);

		if (x != y && all == PLACE_CLASSES)
			all = cls;
		if (x != y && all != cls)
			return PLACE_CLASSES;
	}
	hwloc_bitmap_foreach_end();
	hwloc_bitmap_foreach_end();
	return all;
}

static int take_sides(const struct topo *t, struct placement *out, char *err, size_t err_len)
{
	hwloc_bitmap_t a = hwloc_bitmap_alloc(), b = hwloc_bitmap_alloc();
	int rc = -ENOMEM;

	if (a && b)
		rc = locate_sides(t, out->name, a, b, err, err_len);
	else
		snprintf(err, err_len, "placement \"%s\": %s", out->name, strerror(ENOMEM));
	if (!rc) {
		out->kind = PLACE_KIND_SIDES;
		out->cls = class_across(t, a, b);
	}
	hwloc_bitmap_free(a);
	hwloc_bitmap_free(b);
	return rc;
}

/* Lower case, without space around; false if it does not fit. */
static bool normalise(const char *text, char *out)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len >= PLACE_NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[len] = 0;
	return true;
}

int place_parse(
	const struct topo *t, const char *text, struct placement *out, char *err, size_t err_len)
{
	*out = (struct placement){.pinned = true, .cls = PLACE_CLASSES};
	if (!normalise(text, out->name)) {
		snprintf(err, err_len, "placement \"%.*s...\" is longer than %d characters",
			PLACE_NAME_BYTES / 2, text, PLACE_NAME_BYTES - 1);
		return -EINVAL;
	}
	memcpy(out->resolved, out->name, sizeof(out->resolved));
	if (strpbrk(out->name, ":+"))
		return take_sides(t, out, err, err_len);
	return take_name(t, out, err, err_len);
}

static int pin_failed(const struct topo *t, unsigned os, int error, char *err, size_t err_len)
{
	snprintf(err, err_len, "cannot pin to PU P#%u (L#%u): %s", os, topo_pu_logical(t, os),
		error == EINVAL ? "it is outside this process's cpuset" : strerror(error));
	return -error;
}

static int verify_pin(
	const struct topo *t, unsigned os, hwloc_const_bitmap_t want, char *err, size_t err_len)
{
	hwloc_bitmap_t have = hwloc_bitmap_alloc();
	int rc = 0, cpu = sched_getcpu();
	char list[128] = "?";

	if (!have || hwloc_get_cpubind(topo_hwloc(t), have, HWLOC_CPUBIND_THREAD) < 0)
		rc = -EIO;
	else if (!hwloc_bitmap_isequal(have, want) || cpu != (int)os)
		rc = -EIO;
	if (have)
		hwloc_bitmap_list_snprintf(list, sizeof(list), have);
	if (rc)
		snprintf(err, err_len,
			"pinned to PU P#%u, but the mask is %s and the thread runs on %d", os, list,
			cpu);
	hwloc_bitmap_free(have);
	return rc;
}

int place_pin(const struct topo *t, unsigned os, char *err, size_t err_len)
{
	hwloc_bitmap_t set;
	int rc;

	if (os == PLACE_PU_NONE)
		return 0;
	if (!topo_is_thissystem(t)) {
		snprintf(err, err_len, "cannot pin to PU P#%u: %s is not this machine", os,
			topo_source(t));
		return -EXDEV;
	}
	if (topo_pu_logical(t, os) == PLACE_PU_NONE) {
		snprintf(err, err_len, "cannot pin to PU P#%u: %s has none that may be used", os,
			topo_source(t));
		return -EINVAL;
	}
	set = hwloc_bitmap_alloc();
	if (!set || hwloc_bitmap_only(set, os) < 0)
		rc = pin_failed(t, os, ENOMEM, err, err_len);
	else if (hwloc_set_cpubind(
			 topo_hwloc(t), set, HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT) < 0)
		rc = pin_failed(t, os, errno, err, err_len);
	else
		rc = verify_pin(t, os, set, err, err_len);
	hwloc_bitmap_free(set);
	return rc;
}
