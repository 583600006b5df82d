/* registry.c - see registry.h. */
#include "bench/registry.h"

#include <errno.h>
#include <string.h>

#define MECH(id) extern const struct mech mech_##id;
#include "primitives/mechanisms.def"
#undef MECH

enum {
#define MECH(id) BUILT_IN_##id,
#include "primitives/mechanisms.def"
#undef MECH
	BUILT_IN,
	ROOM = BUILT_IN + 64,
};

static const struct mech *all[ROOM] = {
#define MECH(id) &mech_##id,
#include "primitives/mechanisms.def"
#undef MECH
};

static size_t count = BUILT_IN;

const struct mech *const *registry_all(void)
{
	return all;
}

size_t registry_count(void)
{
	return count;
}

/* Where it stands, or would. */
static size_t place_of(const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(all[i]->name, name) != 0)
		i++;
	return i;
}

const struct mech *registry_find(const char *name)
{
	size_t i = place_of(name);

	return i < count ? all[i] : NULL;
}

int registry_add(const struct mech *m)
{
	size_t i = place_of(m->name);

	if (i == ROOM)
		return -ENOSPC;
	all[i] = m;
	count += i == count;
	return 0;
}
