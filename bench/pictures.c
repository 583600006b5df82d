/* pictures.c - see pictures.h. */
#include "bench/pictures.h"

#include <stdio.h>

#include "bench/picture_set.h"
#include "harness/compiler.h"

/* In the order of the report. */
static picture_kind_fn *const kinds[] = {
	picture_roundtrip,
	picture_throughput,
	picture_latency,
	picture_places,
	picture_fans,
	picture_cost,
	picture_load,
};

size_t pictures_draw(struct picture out[PICTURES_MAX], const char *run_dir, const struct ranking *r,
	const struct sample *rows, size_t n, const char *caption)
{
	struct picture_set set;

	if (picture_set_open(&set, out, run_dir, r, rows, n, caption) != 0) {
		out[0] = (struct picture){.name = "pictures", .title = "Pictures", .chapter = 1};
		snprintf(out[0].why, sizeof(out[0].why), "no memory to draw pictures");
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		kinds[i](&set);
	picture_set_render(&set);
	picture_set_free(&set);
	return set.n;
}
