/*
 * picture_latency.c - latency in nines: the samples of an entry's trials, merged.
 *
 * histograms.csv is read once for all pictures. Only trials behind the medians count: a line
 * without such a row (not committed, noisy and left out) is passed over.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/picture_lines.h"
#include "harness/hist.h"

enum {
	MOST_CURVES = 1500,
	MOST_LINES = PICTURE_PAGES * PICTURE_LINES,
	MOST_SIZES = 6,
	STEPS_A_NINE = 8,
	NAMED = 12
};

struct curve {
	struct hist *hist; /* NULL until there is a sample */
};

/* A trial behind some curve. */
struct wanted {
	const struct sample *row;
	struct curve *curve;
};

struct picture_of {
	struct grid grid;
	struct curve *curve; /* the first ones are those of the grid's rows */
	size_t curves;
	const struct rank_group *group;
	char note[PICTURE_CAPTION];
};

struct latency {
	struct picture_set *set;
	struct picture_of *picture;
	size_t n, room, curves;
	struct wanted *wanted;
	size_t n_wanted;
	int at[6]; /* columns of histograms.csv */
	char why[PLOT_ERR];
};

/* ---- what is wanted -------------------------------------------------------------- */

static struct picture_of *new_picture(struct latency *l)
{
	struct picture_of *more;

	if (l->n == l->room) {
		more = realloc(l->picture, (2 * l->room + 8) * sizeof(*more));
		if (!more)
			return NULL;
		l->picture = more;
		l->room = 2 * l->room + 8;
	}
	l->picture[l->n] = (struct picture_of){0};
	return &l->picture[l->n++];
}

/* As many as the pages of a picture have room for. */
static bool has_room(void *ctx, size_t row)
{
	const struct grid *g = ctx;

	return row < g->sleeping ? row < MOST_LINES : row - g->sleeping < MOST_LINES;
}

static void cut(struct picture_of *p)
{
	struct grid before = p->grid;

	if (before.sleeping > MOST_LINES)
		picture_say_rest(p->note, &before, MOST_LINES, before.sleeping);
	if (before.n - before.sleeping > MOST_LINES)
		picture_say_rest(p->note, &before, before.sleeping + MOST_LINES, before.n);
	grid_keep(&p->grid, has_room, &before);
}

static void want(struct latency *l, const struct rank_group *g)
{
	struct picture_of *p = l->curves < MOST_CURVES ? new_picture(l) : NULL;

	if (!p) {
		picture_set_skip(l->set);
		return;
	}
	p->group = g;
	if (grid_add(&p->grid, g, "") && grid_settle(&p->grid, 1) == 0 &&
		grid_mechanisms(&p->grid) >= 2) {
		cut(p);
		p->curve = calloc(p->grid.n, sizeof(*p->curve));
	}
	if (p->curve) {
		p->curves = p->grid.n;
		l->curves += p->curves;
		return;
	}
	grid_free(&p->grid);
	l->n--;
}

static void want_domain(struct latency *l, const struct picture_span *s)
{
	double bytes[MOST_SIZES];
	size_t n = picture_sizes(s, true, bytes, MOST_SIZES);

	for (size_t i = 0; i < n; i++) {
		struct picture_base base = picture_base_of(s, bytes[i]);

		for (size_t k = 0; k < s->n; k++) {
			if (picture_same_size(s->group[k].key->msg_bytes, bytes[i]) &&
				picture_is_base(&base, s->group[k].key))
				want(l, &s->group[k]);
		}
	}
}

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return samples_compare(x->row, y->row);
}

static void want_rows(struct latency *l)
{
	size_t rows = 0;

	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->picture[i].grid.n; k++)
			rows += l->picture[i].grid.row[k].at[0]->n;
	}
	l->wanted = calloc(rows + 1, sizeof(*l->wanted));
	for (size_t i = 0; l->wanted && i < l->n; i++) {
		struct picture_of *p = &l->picture[i];

		for (size_t k = 0; k < p->grid.n; k++) {
			const struct rank_entry *e = p->grid.row[k].at[0];

			for (size_t t = 0; t < e->n; t++)
				l->wanted[l->n_wanted++] = (struct wanted){e->row[t], &p->curve[k]};
		}
	}
	if (l->wanted)
		qsort(l->wanted, l->n_wanted, sizeof(*l->wanted), compare_wanted);
}

/* ---- reading ---------------------------------------------------------------------- */

enum { CELL, BLOCK, ATTEMPT, KIND, COUNT, BINS };

static int read_header(struct latency *l, size_t n, const char *const *field)
{
	static const char *const names[] = {"cell", "block", "attempt", "kind", "count", "bins"};

	for (int i = 0; i <= BINS; i++) {
		l->at[i] = csv_header_find(field, n, names[i]);
		if (l->at[i] < 0) {
			snprintf(l->why, sizeof(l->why), "histograms.csv has no column %s",
				names[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static struct hist *new_hist(void)
{
	struct hist *h = malloc(sizeof(*h));

	if (h)
		hist_reset(h);
	return h;
}

static int on_hist(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct latency *l = ctx;
	struct sample key = {0};
	struct wanted probe = {.row = &key}, *found;
	struct hist *h;
	int rc;

	(void)len;
	if (line == 1)
		return read_header(l, n, field);
	snprintf(key.cell, sizeof(key.cell), "%s", field[l->at[CELL]]);
	key.block = strtod(field[l->at[BLOCK]], NULL);
	key.attempt = strtod(field[l->at[ATTEMPT]], NULL);
	found = bsearch(&probe, l->wanted, l->n_wanted, sizeof(*l->wanted), compare_wanted);
	if (!found || strcmp(field[l->at[KIND]], found->row->kind) != 0)
		return 0;
	h = new_hist();
	if (!found->curve->hist)
		found->curve->hist = new_hist();
	if (!h || !found->curve->hist) {
		free(h);
		snprintf(l->why, sizeof(l->why), "no memory for histograms");
		return -ENOMEM;
	}
	rc = hist_decode(h, field[l->at[BINS]], l->why, sizeof(l->why));
	if (rc == 0)
		hist_merge(found->curve->hist, h);
	free(h);
	return rc;
}

/* The report that quotes why must not depend on where the run lies. */
static void read_histograms(struct latency *l)
{
	char path[4400], err[4800] = "";
	size_t dir = strlen(l->set->run_dir) + 1;

	snprintf(path, sizeof(path), "%s/histograms.csv", l->set->run_dir);
	if (csv_read_file(path, NULL, on_hist, l, err, sizeof(err)) == 0 || l->why[0])
		return;
	snprintf(l->why, sizeof(l->why), "%.290s",
		strncmp(err, path, strlen(path)) == 0 ? err + dir : err);
}

/* ---- drawing ---------------------------------------------------------------------- */

/* Percentiles that at least 100 samples lie beyond, in even steps of the nines axis. */
static size_t nines(void *ctx, const struct grid *g, size_t row, struct plot_point *to)
{
	const struct curve *c = ctx;
	const struct hist *h = c[row].hist;
	size_t n = 0;

	(void)g;
	for (int step = 0; h && step < LINES_POINTS; step++) {
		double beyond = pow(10, -step / (double)STEPS_A_NINE);

		if (!hist_percentile_ok(h, 1 - beyond))
			break;
		to[n++] = (struct plot_point){
			.x = 1 / beyond,
			.y = (double)hist_value_at_percentile(h, 1 - beyond),
		};
	}
	return n;
}

/* Whether a curve has at least its first point. */
static bool has_points(const struct curve *c)
{
	return c->hist && hist_percentile_ok(c->hist, 0);
}

static void say_missing(char *note, const struct picture_of *p)
{
	size_t none = 0;

	for (size_t k = 0; k < p->grid.n; k++) {
		if (has_points(&p->curve[k]))
			continue;
		if (none == 0)
			picture_say(note, "Not shown, with too few samples: ");
		if (none < NAMED)
			picture_say(note, "%s%s", none ? ", " : "", p->grid.row[k].label);
		none++;
	}
	if (none > NAMED)
		picture_say(note, " and %zu more", none - NAMED);
	if (none)
		picture_say(note, ". ");
}

static void say_samples(char *note, const struct picture_of *p)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (size_t k = 0; k < p->grid.n; k++) {
		const struct hist *h = p->curve[k].hist;

		if (!has_points(&p->curve[k]))
			continue;
		least = h->count < least ? h->count : least;
		most = h->count > most ? h->count : most;
	}
	if (most)
		picture_say(note,
			"Each line: all samples of the trials, %llu to %llu of them; it ends "
			"where fewer than 100 lie beyond; no interval is drawn. ",
			(unsigned long long)least, (unsigned long long)most);
	say_missing(note, p);
}

static bool is_drawn(void *ctx, size_t row)
{
	const struct picture_of *p = ctx;

	return has_points(&p->curve[row]);
}

/* Rows without a line make room for others. */
static void drop_empty(struct picture_of *p)
{
	size_t kept = 0;

	say_samples(p->note, p);
	grid_keep(&p->grid, is_drawn, p);
	for (size_t k = 0; kept < p->grid.n; k++) {
		struct curve c = p->curve[k];

		if (!has_points(&c))
			continue;
		p->curve[k] = p->curve[kept];
		p->curve[kept++] = c;
	}
}

static void add_picture(struct latency *l, struct picture_of *p)
{
	const struct sample *k = p->group->key;
	bool channel = strcmp(k->family, "channel") == 0;
	struct picture_page page = {.chapter = channel ? 1 : 6};
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], prefix[20], size[2][40];

	snprintf(name, sizeof(name), "%slatency-%s%s",
		picture_prefix(k->family, prefix, sizeof(prefix)), k->domain,
		picture_size_suffix(k->msg_bytes, size[0], sizeof(size[0])));
	snprintf(title, sizeof(title), "Latency in nines: %s%s, %s to %s, placement %.40s (%s)",
		k->workload, picture_size_title(k->msg_bytes, size[1], sizeof(size[1])), k->domain,
		k->domain, k->placement, k->family);
	page.name = name;
	page.title = title;
	page.plot.script = "latency";
	page.plot.unit = "ns";
	page.plot.y_title = "round trip";
	drop_empty(p);
	picture_say_grid(p->note, &p->grid, NULL);
	snprintf(page.note, sizeof(page.note), "%s", p->note);
	if (p->grid.n > 0)
		picture_add_lines(l->set, &p->grid, &page, nines, p->curve);
	else if (l->why[0])
		picture_set_miss(l->set, &page, l->why);
}

void picture_latency(struct picture_set *s)
{
	struct picture_span rest = {s->ranking->group, s->ranking->n}, part;
	struct latency l = {.set = s};

	while (picture_next(&rest, BY_DOMAIN, &part)) {
		const struct sample *k = part.group[0].key;

		if (strcmp(k->workload, "pingpong") == 0 && !picture_is_unrelated(k))
			want_domain(&l, &part);
	}
	want_rows(&l);
	if (l.n > 0 && l.wanted)
		read_histograms(&l);
	for (size_t i = 0; i < l.n; i++) {
		add_picture(&l, &l.picture[i]);
		for (size_t k = 0; k < l.picture[i].curves; k++)
			free(l.picture[i].curve[k].hist);
		free(l.picture[i].curve);
		grid_free(&l.picture[i].grid);
	}
	free(l.picture);
	free(l.wanted);
}
