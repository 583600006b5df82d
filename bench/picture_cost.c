/* picture_cost.c - what a round trip takes and what it costs in CPU time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/picture_set.h"

enum { MOST_POINTS = 96, SIZES = 2 }; /* mechanisms by ways to wait */

struct cost {
	struct plot_series series[MOST_POINTS];
	struct plot_point point[MOST_POINTS];
	size_t n;
	struct grid grid;
};

static void put_point(struct picture_set *set, struct cost *c, const struct grid_row *row)
{
	const struct rank_entry *e = row->at[0];
	struct plot_series *s = &c->series[c->n];

	c->point[c->n] = (struct plot_point){
		.x = e->figure.median,
		.x_lo = e->figure.lo,
		.x_hi = e->figure.hi,
		.y = e->cpu_ns.median,
		.lo = e->cpu_ns.lo,
		.hi = e->cpu_ns.hi,
	};
	*s = (struct plot_series){.point = &c->point[c->n], .n = 1, .look = picture_look(set, e)};
	s->look.hollow = !e->spins;
	snprintf(s->label, sizeof(s->label), "%s", row->label);
	c->n++;
}

static void say_without_cpu(char *note, const struct cost *c)
{
	size_t none = 0;

	for (size_t i = 0; i < c->n; i++)
		none += !(c->point[i].y > 0);
	if (none)
		picture_say(note, "Without CPU time, not shown: %zu. ", none);
}

static void add_page(struct picture_set *set, struct cost *c, const struct rank_group *group)
{
	const struct sample *k = group->key;
	const struct grid *g = &c->grid;
	struct picture_page page = {.chapter = 6};
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], prefix[20], size[2][40];

	for (size_t i = 0; i < g->n && i < MOST_POINTS; i++)
		put_point(set, c, &g->row[i]);
	snprintf(name, sizeof(name), "%scost-%s%s",
		picture_prefix(k->family, prefix, sizeof(prefix)), k->domain,
		picture_size_suffix(k->msg_bytes, size[0], sizeof(size[0])));
	snprintf(title, sizeof(title), "Time and CPU time: %s%s, %s to %s, placement %.40s (%s)",
		k->workload, picture_size_title(k->msg_bytes, size[1], sizeof(size[1])), k->domain,
		k->domain, k->placement, k->family);
	page.name = name;
	page.title = title;
	page.plot.script = "cost";
	page.plot.unit = "ns";
	page.plot.x_title = picture_figure_title(group);
	page.plot.y_title = "CPU time per operation, all workers (median)";
	page.plot.series = c->series;
	page.plot.n_series = c->n;
	picture_say(page.note,
		"Hollow: sleeps while it waits; filled: spins or yields. Grey lines: one (dotted) "
		"and two (dashed) processors busy all the time. ");
	picture_say_grid(page.note, g, "bars");
	say_without_cpu(page.note, c);
	picture_say_rest(page.note, g, MOST_POINTS, g->n);
	picture_set_add(set, &page);
}

static void cost_of(struct picture_set *set, const struct rank_group *group)
{
	struct cost *c = calloc(1, sizeof(*c));

	if (!c)
		return;
	if (grid_add(&c->grid, group, "") && grid_settle(&c->grid, 1) == 0 &&
		grid_mechanisms(&c->grid) >= 2)
		add_page(set, c, group);
	grid_free(&c->grid);
	free(c);
}

/* Both wait for each other, and nothing waits for the clock: wake-ups are spaced. */
static bool fits(const struct rank_group *g)
{
	return g->lower_is_better && picture_workers(g->key) >= 2 &&
	       strcmp(g->key->kind, "wake") != 0 && !picture_is_minor(g->key) &&
	       !picture_is_unrelated(g->key);
}

void picture_cost(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;
	double bytes[SIZES];

	while (picture_next(&rest, BY_DOMAIN, &part)) {
		size_t n = picture_sizes(&part, false, bytes, SIZES);

		for (size_t i = 0; i < n; i++) {
			struct picture_base base = picture_base_of(&part, bytes[i]);

			for (size_t k = 0; k < part.n; k++) {
				const struct rank_group *g = &part.group[k];

				if (picture_same_size(g->key->msg_bytes, bytes[i]) &&
					picture_is_base(&base, g->key) && fits(g))
					cost_of(s, g);
			}
		}
	}
}
