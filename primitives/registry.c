/* registry.c - see registry.h. */
#include "primitives/registry.h"

#include <string.h>

#define MECH(id) extern const struct mech mech_##id;
#include "primitives/mechanisms.def"
#undef MECH

static const struct mech *const all[] = {
#define MECH(id) &mech_##id,
#include "primitives/mechanisms.def"
#undef MECH
};

const struct mech *const *registry_all(void)
{
	return all;
}

size_t registry_count(void)
{
	return ARRAY_LEN(all);
}

const struct mech *registry_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}
