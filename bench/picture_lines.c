/* picture_lines.c - pictures of lines: throughput against size, figures over fans. */
#include "bench/picture_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const picture_wait_title[2] = {
	"sleep while they wait", "spin or yield while they wait"};

/* ---- pages --------------------------------------------------------------------- */

/* Rows [from, to) of one part of a grid, in pages of about the same length. */
struct part {
	size_t from, to, pages;
};

static struct part part_of(size_t from, size_t to)
{
	size_t pages = (to - from + PICTURE_LINES - 1) / PICTURE_LINES;

	if (pages > PICTURE_PAGES)
		return (struct part){from, from + PICTURE_PAGES * PICTURE_LINES, PICTURE_PAGES};
	return (struct part){from, to, pages};
}

static struct part page_of(const struct part *p, size_t number)
{
	size_t n = p->to - p->from, pages = p->pages ? p->pages : 1;
	size_t page = number < p->pages ? number : p->pages;

	return (struct part){
		.from = p->from + n * page / pages,
		.to = p->from + n * (page < p->pages ? page + 1 : page) / pages,
	};
}

struct lines_of {
	struct picture_set *set;
	const struct grid *grid;
	const struct picture_page *model;
	struct part sleeping, spinning;
	picture_points_fn *points;
	void *ctx;
	struct picture_lines lines;
	struct plot_point corner[2]; /* of what all pages show */
};

static void put_rows(struct lines_of *l, struct part rows)
{
	for (size_t i = rows.from; i < rows.to; i++) {
		const struct grid_row *row = &l->grid->row[i];
		struct plot_series *line = &l->lines.series[l->lines.n];

		*line = (struct plot_series){
			.point = l->lines.point[l->lines.n],
			.panel = row->first->spins,
			.look = picture_look(l->set, row->first),
		};
		snprintf(line->label, sizeof(line->label), "%s", row->label);
		line->n = l->points(l->ctx, l->grid, i, l->lines.point[l->lines.n]);
		l->lines.n++;
	}
}

static void widen(struct lines_of *l, struct part rows)
{
	struct plot_point *lo = &l->corner[0], *hi = &l->corner[1], *pt = l->lines.point[0];

	for (size_t i = rows.from; i < rows.to; i++) {
		size_t n = l->points(l->ctx, l->grid, i, pt);

		for (size_t k = 0; k < n; k++) {
			lo->x = fmin(lo->x, pt[k].x);
			hi->x = fmax(hi->x, pt[k].x);
			lo->y = fmin(lo->y, pt[k].lo > 0 ? pt[k].lo : pt[k].y);
			hi->y = fmax(hi->y, pt[k].hi > 0 ? pt[k].hi : pt[k].y);
		}
	}
}

static void put_page(struct lines_of *l, size_t number)
{
	struct picture_page page = *l->model;
	char title[PICTURE_TITLE];

	l->lines.n = 0;
	put_rows(l, page_of(&l->sleeping, number));
	put_rows(l, page_of(&l->spinning, number));
	if (number > 0) {
		snprintf(title, sizeof(title), "%.200s (%zu: slower ones)", l->model->title,
			number + 1);
		page.title = title;
	}
	page.plot.panel[0] = picture_wait_title[0];
	page.plot.panel[1] = picture_wait_title[1];
	page.plot.series = l->lines.series;
	page.plot.n_series = l->lines.n;
	page.plot.also = l->corner;
	page.plot.n_also = 2;
	picture_set_add(l->set, &page);
}

void picture_add_lines(struct picture_set *s, const struct grid *g, struct picture_page *page,
	picture_points_fn *points, void *ctx)
{
	struct lines_of *l = calloc(1, sizeof(*l));
	size_t pages;

	if (!l)
		return;
	l->set = s;
	l->grid = g;
	l->model = page;
	l->points = points;
	l->ctx = ctx;
	l->sleeping = part_of(0, g->sleeping);
	l->spinning = part_of(g->sleeping, g->n);
	l->corner[0] = (struct plot_point){.x = (double)INFINITY, .y = (double)INFINITY};
	widen(l, l->sleeping);
	widen(l, l->spinning);
	picture_say_rest(page->note, g, l->sleeping.to, g->sleeping);
	picture_say_rest(page->note, g, l->spinning.to, g->n);
	pages = l->sleeping.pages > l->spinning.pages ? l->sleeping.pages : l->spinning.pages;
	if (pages > 1)
		picture_say(
			page->note, "The mechanisms are on %zu pictures, fastest first. ", pages);
	for (size_t i = 0; i < pages; i++)
		put_page(l, i);
	free(l);
}

/* ---- columns as points ----------------------------------------------------------- */

static struct plot_point point_of(double x, const struct rank_entry *e)
{
	return (struct plot_point){
		.x = x, .y = e->figure.median, .lo = e->figure.lo, .hi = e->figure.hi};
}

static size_t by_size(void *ctx, const struct grid *g, size_t row, struct plot_point *to)
{
	size_t n = 0;

	(void)ctx;
	for (size_t c = 0; c < g->columns; c++) {
		if (g->row[row].at[c])
			to[n++] = point_of(g->group[c]->key->msg_bytes, g->row[row].at[c]);
	}
	return n;
}

static size_t by_column(void *ctx, const struct grid *g, size_t row, struct plot_point *to)
{
	size_t n = 0;

	(void)ctx;
	for (size_t c = 0; c < g->columns; c++) {
		if (g->row[row].at[c])
			to[n++] = point_of((double)c + 1, g->row[row].at[c]);
	}
	return n;
}

/* ---- throughput against size ------------------------------------------------------ */

/* The first size has the base that all sizes are looked for at. */
static void fill_sizes(struct grid *g, const struct picture_span *s, const struct picture_base *b)
{
	for (size_t i = 0; i < s->n; i++) {
		if (picture_is_base(b, s->group[i].key))
			grid_add(g, &s->group[i], "");
	}
}

static void throughput_of(struct picture_set *set, const struct picture_span *s)
{
	const struct sample *k = s->group[0].key;
	struct picture_page page = {.chapter = 1};
	struct picture_base base = {0};
	struct grid *g = calloc(1, sizeof(*g));
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], prefix[20];
	double bytes[1];

	if (g && picture_sizes(s, false, bytes, 1)) {
		base = picture_base_of(s, bytes[0]);
		fill_sizes(g, s, &base);
	}
	if (g && grid_settle(g, 2) == 0 && g->columns >= 2 && grid_mechanisms(g) >= 2) {
		snprintf(name, sizeof(name), "%sthroughput-%s",
			picture_prefix(k->family, prefix, sizeof(prefix)), k->domain);
		snprintf(title, sizeof(title),
			"Throughput by message size, %s to %s, placement %.40s (%s/%s)", k->domain,
			k->domain, base.placement, k->family, k->workload);
		page.name = name;
		page.title = title;
		page.plot.script = "throughput";
		page.plot.unit = "per_s";
		page.plot.y_title = picture_figure_title(&s->group[0]);
		picture_say_grid(page.note, g, "bands");
		picture_say_places(page.note, s, NAN, base.placement);
		picture_add_lines(set, g, &page, by_size, NULL);
	}
	if (g)
		grid_free(g);
	free(g);
}

void picture_throughput(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;

	while (picture_next(&rest, BY_DOMAIN, &part)) {
		const struct sample *k = part.group[0].key;

		if (!picture_is_minor(k) && !part.group[0].lower_is_better &&
			!isnan(k->msg_bytes) && !picture_is_unrelated(k))
			throughput_of(s, &part);
	}
}

/* ---- fans --------------------------------------------------------------------------- */

static int compare_fans(const void *a, const void *b)
{
	const struct sample *x = (*(const struct rank_group *const *)a)->key;
	const struct sample *y = (*(const struct rank_group *const *)b)->key;
	double by = picture_workers(x) - picture_workers(y);

	by = by == 0 ? x->producers - y->producers : by;
	return (by > 0) - (by < 0);
}

/* unpinned first: workers that share two processors would show the placement, not the fan. */
static int favour(const char *placement)
{
	return strcmp(placement, "unpinned") == 0 ? 2 : strcmp(placement, "nearest") == 0;
}

/* Groups of a placement have a fan each. */
static const char *place_with_most_fans(const struct picture_span *s, size_t *fans)
{
	const char *best = "";

	*fans = 0;
	for (size_t i = 0; i < s->n; i++) {
		const char *place = s->group[i].key->placement;
		size_t n = 0;

		for (size_t k = 0; k < s->n; k++)
			n += strcmp(s->group[k].key->placement, place) == 0;
		if (n > *fans || (n == *fans && favour(place) > favour(best))) {
			*fans = n;
			best = place;
		}
	}
	return best;
}

static void add_fans(struct grid *g, const struct picture_span *s, const char *placement, size_t n)
{
	const struct rank_group **fan = calloc(n + 1, sizeof(*fan));
	size_t found = 0;
	char label[PLOT_LABEL];

	g->failed = !fan;
	for (size_t i = 0; fan && i < s->n; i++) {
		if (strcmp(s->group[i].key->placement, placement) == 0)
			fan[found++] = &s->group[i];
	}
	if (fan)
		qsort(fan, found, sizeof(*fan), compare_fans);
	for (size_t i = 0; i < found; i++) {
		const struct sample *k = fan[i]->key;

		if (picture_one_role(k))
			snprintf(label, sizeof(label), "%.0f", k->producers);
		else
			snprintf(label, sizeof(label), "%.0fx%.0f", k->producers, k->consumers);
		grid_add(g, fan[i], label);
	}
	free(fan);
}

static void add_fans_page(struct picture_set *set, const struct grid *g,
	const struct picture_span *s, const char *placement)
{
	const struct sample *k = s->group[0].key;
	struct plot_category category[GRID_COLUMNS] = {0};
	struct picture_page page = {.chapter = 6};
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], prefix[20], size[2][40];

	for (size_t c = 0; c < g->columns; c++) {
		category[c].at = (double)c + 1;
		snprintf(category[c].label, sizeof(category[c].label), "%s", g->column[c]);
	}
	snprintf(name, sizeof(name), "%sfans-%s-%s%s",
		picture_prefix(k->family, prefix, sizeof(prefix)), k->workload, k->domain,
		picture_size_suffix(k->msg_bytes, size[0], sizeof(size[0])));
	snprintf(title, sizeof(title),
		"By number of workers, each a %s: %s%s, placement %.40s (%s)", k->domain,
		k->workload, picture_size_title(k->msg_bytes, size[1], sizeof(size[1])), placement,
		k->family);
	page.name = name;
	page.title = title;
	page.plot.script = "fans";
	page.plot.unit = s->group[0].unit;
	page.plot.x_title = picture_one_role(k) ? "workers" : "workers: senders x receivers";
	page.plot.y_title = picture_figure_title(&s->group[0]);
	page.plot.category = category;
	page.plot.n_categories = g->columns;
	picture_say_grid(page.note, g, "bands");
	picture_say_places(page.note, s, k->msg_bytes, placement);
	picture_add_lines(set, g, &page, by_column, NULL);
}

static void fans_of(struct picture_set *set, const struct picture_span *s)
{
	struct grid *g = calloc(1, sizeof(*g));
	size_t fans;
	const char *placement = place_with_most_fans(s, &fans);

	if (g && fans >= 2)
		add_fans(g, s, placement, fans);
	if (g && grid_settle(g, 2) == 0 && g->columns >= 2 && grid_mechanisms(g) >= 2)
		add_fans_page(set, g, s, placement);
	if (g)
		grid_free(g);
	free(g);
}

void picture_fans(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;

	while (picture_next(&rest, BY_SIZE, &part)) {
		const struct sample *k = part.group[0].key;

		if (!picture_is_minor(k) && !picture_is_unrelated(k))
			fans_of(s, &part);
	}
}
