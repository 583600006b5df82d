/* picture_dots.c - a row for each mechanism: round trips side by side, placements side by side. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/picture_lines.h"

enum { MOST_DOTS = 10, SIZES = 2 };

/* What becomes of a grid: each column is a series. */
struct dots {
	struct plot_series series[GRID_COLUMNS];
	struct plot_point point[GRID_COLUMNS][PICTURE_ROWS];
	struct plot_category category[PICTURE_ROWS + 2];
	size_t n_categories;
};

static void put_heading(struct dots *d, double at, bool spins)
{
	struct plot_category *c = &d->category[d->n_categories++];

	*c = (struct plot_category){.at = at, .heading = true};
	snprintf(c->label, sizeof(c->label), "Mechanisms that %s", picture_wait_title[spins]);
}

static void put_row(struct dots *d, const struct grid *g, size_t row, double at)
{
	struct plot_category *c = &d->category[d->n_categories++];

	*c = (struct plot_category){.at = at};
	snprintf(c->label, sizeof(c->label), "%s", g->row[row].label);
	for (size_t i = 0; i < g->columns; i++) {
		const struct rank_entry *e = g->row[row].at[i];

		if (e)
			d->point[i][d->series[i].n++] = (struct plot_point){.x = at,
				.y = e->figure.median,
				.lo = e->figure.lo,
				.hi = e->figure.hi};
	}
}

/* A heading before the first row of each part of a page. */
static void put_rows(struct dots *d, const struct grid *g, size_t from, size_t to)
{
	double at = 0;

	for (size_t i = from; i < to; i++) {
		if (i == from || i == g->sleeping)
			put_heading(d, ++at, g->row[i].first->spins);
		put_row(d, g, i, ++at);
	}
}

/* Panels and looks of the columns, which every page has. */
struct dots_columns {
	unsigned panel[GRID_COLUMNS];
	struct plot_look look[GRID_COLUMNS];
};

static void put_page(struct picture_set *s, const struct grid *g, const struct dots_columns *cols,
	const struct picture_page *model, size_t number, struct dots *d)
{
	size_t from = number * PICTURE_ROWS, to = from + PICTURE_ROWS;
	struct picture_page page = *model;
	char title[PICTURE_TITLE];

	*d = (struct dots){0};
	for (size_t c = 0; c < g->columns; c++) {
		d->series[c].panel = cols->panel[c];
		d->series[c].look = cols->look[c];
		d->series[c].point = d->point[c];
		snprintf(d->series[c].label, sizeof(d->series[c].label), "%s", g->column[c]);
	}
	put_rows(d, g, from, to < g->n ? to : g->n);
	if (number > 0) {
		snprintf(title, sizeof(title), "%.200s, more (%zu)", model->title, number + 1);
		page.title = title;
	}
	page.plot.script = "dots";
	page.plot.category = d->category;
	page.plot.n_categories = d->n_categories;
	page.plot.series = d->series;
	page.plot.n_series = g->columns;
	picture_set_add(s, &page);
}

static void add_dots(struct picture_set *s, const struct grid *g, const struct dots_columns *cols,
	struct picture_page *page)
{
	struct dots *d = calloc(1, sizeof(*d));

	picture_say_rest(page->note, g, PICTURE_PAGES * PICTURE_ROWS, g->n);
	for (size_t i = 0; d && i * PICTURE_ROWS < g->n && i < PICTURE_PAGES; i++)
		put_page(s, g, cols, page, i, d);
	free(d);
}

/* ---- domains side by side ------------------------------------------------------------ */

/* A column for each domain and start that has the size at the base. */
static void add_domains(struct grid *g, struct dots_columns *cols, const struct picture_span *s,
	double bytes, const struct picture_base *b)
{
	char label[PLOT_LABEL];

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *k = s->group[i].key;
		unsigned at = (unsigned)g->columns;

		if (!picture_same_size(k->msg_bytes, bytes) || !picture_is_base(b, k))
			continue;
		snprintf(label, sizeof(label), "%s%s", k->domain,
			picture_is_unrelated(k) ? ", unrelated (started by exec)" : "");
		if (grid_add(g, &s->group[i], label))
			cols->look[at] = (struct plot_look){.tint = at, .mark = at};
	}
}

static void add_roundtrip(struct picture_set *set, const struct picture_span *s, double bytes)
{
	const struct sample *k = s->group[0].key;
	struct picture_base base = picture_base_of(s, bytes);
	struct dots_columns *cols = calloc(1, sizeof(*cols));
	struct grid *g = calloc(1, sizeof(*g));
	bool standing = strcmp(k->workload, "pingpong") == 0 && strcmp(k->family, "channel") == 0;
	struct picture_page page = {.chapter = standing ? 1 : 6};
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], size[2][40];

	if (g && cols)
		add_domains(g, cols, s, bytes, &base);
	if (g && cols && grid_settle(g, 1) == 0 && grid_mechanisms(g) >= 2) {
		picture_size_suffix(bytes, size[0], sizeof(size[0]));
		if (standing)
			snprintf(name, sizeof(name), "roundtrip%s", size[0]);
		else
			snprintf(name, sizeof(name), "%s-%s%s", k->family, k->workload, size[0]);
		snprintf(title, sizeof(title), "Side by side: %s%s, placement %.40s (%s)",
			k->workload, picture_size_title(bytes, size[1], sizeof(size[1])),
			base.placement, k->family);
		page.name = name;
		page.title = title;
		page.plot.unit = s->group[0].unit;
		page.plot.y_title = picture_figure_title(&s->group[0]);
		picture_say_grid(page.note, g, "bars");
		picture_say_places(page.note, s, bytes, base.placement);
		add_dots(set, g, cols, &page);
	}
	if (g)
		grid_free(g);
	free(g);
	free(cols);
}

void picture_roundtrip(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;
	double bytes[SIZES];

	while (picture_next(&rest, BY_WORKLOAD, &part)) {
		size_t n = picture_sizes(&part, false, bytes, SIZES);

		if (picture_is_minor(part.group[0].key) || !part.group[0].lower_is_better)
			continue;
		for (size_t i = 0; i < n; i++)
			add_roundtrip(s, &part, bytes[i]);
	}
}

/* ---- placements side by side ------------------------------------------------------------ */

static const char *const places[] = {"unpinned", "nearest", "farthest", "same-pu", "smt", "same-l2",
	"same-l3", "same-package", "no-shared-cache", "cross-numa", "cross-package"};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

static int rank_of_place(const char *placement)
{
	for (int i = 0; i < PLACES; i++) {
		if (strcmp(places[i], placement) == 0)
			return i;
	}
	return PLACES;
}

/* The same in every picture, but for places that have no name in the list. */
static unsigned look_of_place(const char *placement, size_t column)
{
	unsigned rank = (unsigned)rank_of_place(placement);

	return rank < PLACES ? rank : rank + (unsigned)column;
}

static int compare_places(const void *a, const void *b)
{
	const struct sample *x = (*(const struct rank_group *const *)a)->key;
	const struct sample *y = (*(const struct rank_group *const *)b)->key;
	int by = rank_of_place(x->placement) - rank_of_place(y->placement);

	return by ? by : strcmp(x->placement, y->placement);
}

/* The columns of one panel: what one domain has of the size at the base's fan. */
static size_t add_places(struct grid *g, struct dots_columns *cols, unsigned panel,
	const struct picture_span *s, double bytes, const struct picture_base *b)
{
	const struct rank_group **found = calloc(s->n + 1, sizeof(*found));
	size_t n = 0;
	char label[PLOT_LABEL];

	for (size_t i = 0; found && i < s->n; i++) {
		struct picture_base here = *b;

		here.placement = s->group[i].key->placement;
		if (picture_same_size(s->group[i].key->msg_bytes, bytes) &&
			picture_is_base(&here, s->group[i].key))
			found[n++] = &s->group[i];
	}
	if (found && n)
		qsort(found, n, sizeof(*found), compare_places);
	for (size_t i = 0; i < n; i++) {
		unsigned look = look_of_place(found[i]->key->placement, i);
		size_t at = g->columns;

		picture_place(found[i]->key, label, sizeof(label));
		if (i >= MOST_DOTS) {
			g->columns_left_out++;
		} else if (grid_add(g, found[i], label)) {
			cols->panel[at] = panel;
			cols->look[at] = (struct plot_look){.tint = look, .mark = look};
		}
	}
	free(found);
	return n;
}

static void say_absent(char *note, const struct grid *g)
{
	static const char *const standing[] = {"unpinned", "nearest", "farthest"};

	for (size_t i = 0; i < 3; i++) {
		bool there = false;

		for (size_t c = 0; c < g->columns; c++)
			there |= strcmp(g->group[c]->key->placement, standing[i]) == 0;
		if (!there)
			picture_say(note, "Not in this run: %s%s. ", standing[i],
				i == 2 ? " (or no other class than nearest)" : "");
	}
}

static void add_places_page(struct picture_set *set, const struct grid *g,
	const struct dots_columns *cols, double bytes, struct picture_page *page)
{
	const struct sample *k = g->group[0]->key;
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], prefix[20], size[2][40];

	snprintf(name, sizeof(name), "%splaces-%s%s",
		picture_prefix(k->family, prefix, sizeof(prefix)), k->workload,
		picture_size_suffix(bytes, size[0], sizeof(size[0])));
	snprintf(title, sizeof(title), "By placement: %s%s, %.0f worker%s (%s)", k->workload,
		picture_size_title(bytes, size[1], sizeof(size[1])), picture_workers(k),
		picture_workers(k) > 1 ? "s" : "", k->family);
	page->name = name;
	page->title = title;
	page->chapter = 6;
	page->plot.unit = g->group[0]->unit;
	page->plot.y_title = picture_figure_title(g->group[0]);
	picture_say_grid(page->note, g, "bars");
	say_absent(page->note, g);
	add_dots(set, g, cols, page);
}

/* The first two domains get a panel each; others are named in the caption. */
static void add_places_of(struct picture_set *set, const struct picture_span *s, double bytes)
{
	struct picture_base base = picture_base_of(s, bytes);
	struct dots_columns *cols = calloc(1, sizeof(*cols));
	struct grid *g = calloc(1, sizeof(*g));
	struct picture_page page = {0};
	struct picture_span rest = *s, part;
	unsigned panel = 0;
	size_t most = 0;

	while (g && cols && picture_next(&rest, BY_DOMAIN, &part)) {
		const struct sample *k = part.group[0].key;
		size_t n;

		if (picture_is_unrelated(k) || panel == PLOT_PANELS) {
			picture_say(page.note, "Not in this picture: %s%s. ", k->domain,
				picture_is_unrelated(k) ? " started by exec" : "");
			continue;
		}
		n = add_places(g, cols, panel, &part, bytes, &base);
		most = n > most ? n : most;
		page.plot.panel[panel] = k->domain;
		panel += n > 0;
	}
	if (g && cols && most >= 2 && grid_settle(g, 2) == 0 && grid_mechanisms(g) >= 2)
		add_places_page(set, g, cols, bytes, &page);
	if (g)
		grid_free(g);
	free(g);
	free(cols);
}

void picture_places(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;
	double bytes[1];

	while (picture_next(&rest, BY_WORKLOAD, &part)) {
		if (!picture_is_minor(part.group[0].key) && picture_sizes(&part, false, bytes, 1))
			add_places_of(s, &part, bytes[0]);
	}
}
