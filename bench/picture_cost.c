/* picture_cost.c - what a round trip takes and what it costs in CPU time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/picture_lines.h"

enum { MOST_POINTS = 48, SIZES = 2 };

struct cost {
	struct plot_series series[PLOT_PANELS * MOST_POINTS];
	struct plot_point point[PLOT_PANELS * MOST_POINTS];
	size_t n;
	struct grid grid[PLOT_PANELS];
	unsigned panels;
};

static void put_point(
	struct picture_set *set, struct cost *c, unsigned panel, const struct grid_row *row)
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
	*s = (struct plot_series){
		.point = &c->point[c->n], .n = 1, .panel = panel, .look = picture_look(set, e)};
	s->look.hollow = !e->spins;
	snprintf(s->label, sizeof(s->label), "%s", row->label);
	c->n++;
}

/* A panel for each of the first two domains that has the size at the base. */
static void add_panels(struct cost *c, struct picture_page *page, const struct picture_span *s,
	double bytes, const struct picture_base *b)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sample *k = s->group[i].key;
		struct grid *g = &c->grid[c->panels < PLOT_PANELS ? c->panels : 0];

		if (!picture_same_size(k->msg_bytes, bytes) || !picture_is_base(b, k))
			continue;
		if (c->panels == PLOT_PANELS || picture_is_unrelated(k)) {
			picture_say(page->note, "Not in this picture: %s%s. ", k->domain,
				picture_is_unrelated(k) ? " started by exec" : "");
			continue;
		}
		page->plot.panel[c->panels] = k->domain;
		c->panels += grid_add(g, &s->group[i], "") && grid_settle(g, 1) == 0;
	}
}

static void add_page(struct picture_set *set, struct cost *c, struct picture_page *page,
	const struct sample *k, double bytes, const struct picture_base *b)
{
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], size[2][40];
	bool channel = strcmp(k->family, "channel") == 0 && strcmp(k->workload, "pingpong") == 0;

	picture_size_suffix(bytes, size[0], sizeof(size[0]));
	snprintf(name, sizeof(name), channel ? "cost%s" : "%2$s-cost-%3$s%1$s", size[0], k->family,
		k->workload);
	snprintf(title, sizeof(title), "%s: CPU time against time, %s%s, placement %.40s",
		k->family, k->workload, picture_size_title(bytes, size[1], sizeof(size[1])),
		b->placement);
	for (unsigned p = 0; p < c->panels; p++) {
		const struct grid *g = &c->grid[p];

		for (size_t i = 0; i < g->n && i < MOST_POINTS; i++)
			put_point(set, c, p, &g->row[i]);
		picture_say(page->note, "%s: ", page->plot.panel[p]);
		picture_say_grid(page->note, g, p == 0 ? "bars" : NULL);
		picture_say_rest(page->note, g, MOST_POINTS, g->n);
	}
	picture_say(page->note,
		"Hollow: sleeps; filled: spins or yields. Lines: one (dotted) and two "
		"(dashed) processors busy all the time. ");
	page->name = name;
	page->title = title;
	page->chapter = 6;
	page->plot.script = "cost";
	page->plot.unit = "ns";
	page->plot.x_title = picture_figure_title(c->grid[0].group[0]);
	page->plot.y_title = "CPU time per operation, all workers";
	page->plot.series = c->series;
	page->plot.n_series = c->n;
	picture_set_add(set, page);
}

static void cost_of(struct picture_set *set, const struct picture_span *s, double bytes)
{
	struct picture_base base = picture_base_of(s, bytes);
	struct picture_page page = {0};
	struct cost *c = calloc(1, sizeof(*c));

	if (!c)
		return;
	add_panels(c, &page, s, bytes, &base);
	if (c->panels > 0 && grid_mechanisms(&c->grid[0]) >= 2)
		add_page(set, c, &page, s->group[0].key, bytes, &base);
	for (unsigned p = 0; p < PLOT_PANELS; p++)
		grid_free(&c->grid[p]);
	free(c);
}

/* One worker has nobody to wait for: its CPU time is its time. */
void picture_cost(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;
	double bytes[SIZES];

	while (picture_next(&rest, BY_WORKLOAD, &part)) {
		size_t n = picture_sizes(&part, false, bytes, SIZES);

		if (picture_is_minor(part.group[0].key) || !part.group[0].lower_is_better ||
			strcmp(part.group[0].key->workload, "uncontended") == 0)
			continue;
		for (size_t i = 0; i < n; i++)
			cost_of(s, &part, bytes[i]);
	}
}
