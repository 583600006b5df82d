/* selftest.c - see selftest.h. */
#include "primitives/selftest.h"

#include <string.h>

#define SELFTEST(family, id) extern const struct mech mech_##id;
#include "primitives/selftest.def"
#undef SELFTEST

static const struct mech *const all[] = {
#define SELFTEST(family, id) &mech_##id,
#include "primitives/selftest.def"
#undef SELFTEST
};

const struct mech *const *selftest_all(size_t *n)
{
	*n = ARRAY_LEN(all);
	return all;
}

const struct mech *selftest_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}
