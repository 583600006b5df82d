/* floor_scene.c - see floor_scene.h. */
#include "tests/floor_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const double floor_scene_ns[FLOOR_COPY] = {
	[FLOOR_LINE_CAS] = 120,
	[FLOOR_LINE_TWO] = 100,
	[FLOOR_SWITCH] = 1000,
	[FLOOR_WAKE] = 10000,
	[FLOOR_SYSCALL] = 10,
	[FLOOR_ATOMIC] = 1,
	[FLOOR_CLOCK] = 0.5,
};

void floor_scene(struct floors *f)
{
	static const struct floors_pair pairs[] = {{PU_A, PU_B}, {PU_A, PU_A}, {PU_B, PU_B}};
	struct floor_result r;

	*f = (struct floors){.n_bytes = 2, .bytes = {64, 65536}, .pass = 1, .all = true};
	f->below = calloc(8, sizeof(*f->below));
	f->again = FLOORS_AGAIN; /* there is nothing to be measured */
	assert_non_null(f->below);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		bool one = pairs[i].a == pairs[i].b;

		memset(&r, 0, sizeof(r));
		for (int p = 0; p < FLOOR_COPY; p++) {
			bool none = one ? p <= FLOOR_LINE_TWO : p == FLOOR_SWITCH;

			r.part[p] = (struct floor_figure){.min_ns = none ? NAN : floor_scene_ns[p],
				.median_ns = NAN,
				.spread_ns = NAN,
				.n = !none,
				.why = none ? "none" : NULL};
		}
		if (one)
			r.part[FLOOR_WAKE].min_ns = 5000;
		r.copy[0] = (struct floor_figure){.min_ns = 2, .median_ns = 3, .n = 1};
		r.copy[1] = (struct floor_figure){.min_ns = 2000, .median_ns = 3000, .n = 1};
		assert_int_equal(floors_add(f, pairs[i], &r), 0);
		f->pair[f->n_pairs++] = pairs[i];
	}
}

struct cell floor_scene_cell(const char *key, unsigned a, unsigned b)
{
	struct cell c;
	char err[400] = "";

	if (cell_parse(&c, key, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	for (uint32_t i = 0; i < cell_workers(&c); i++)
		c.pu[i] = (c.side_b ? i < c.side_a : i % 2 == 0) ? a : b;
	return c;
}
