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

enum { MOST_CURVES = 600, MOST_SIZES = 6, STEPS_A_NINE = 8, MISSING = 400 };

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
	struct curve *curve; /* one for each row of the grid */
	const struct rank_group *group;
	double bytes;
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

static size_t shown_rows(const struct grid *g)
{
	return g->n < MOST_CURVES ? g->n : MOST_CURVES;
}

static void want(struct latency *l, const struct rank_group *g)
{
	struct picture_of *p = new_picture(l);

	if (!p)
		return;
	p->group = g;
	p->bytes = g->key->msg_bytes;
	if (!grid_add(&p->grid, g, "") || grid_settle(&p->grid, 1) != 0 ||
		grid_mechanisms(&p->grid) < 2 || l->curves + shown_rows(&p->grid) > MOST_CURVES)
		goto drop;
	p->curve = calloc(shown_rows(&p->grid), sizeof(*p->curve));
	if (!p->curve)
		goto drop;
	l->curves += shown_rows(&p->grid);
	return;
drop:
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
	const struct sample *x = ((const struct wanted *)a)->row;
	const struct sample *y = ((const struct wanted *)b)->row;
	int c = strcmp(x->cell, y->cell);

	c = c ? c : (x->block > y->block) - (x->block < y->block);
	return c ? c : (x->attempt > y->attempt) - (x->attempt < y->attempt);
}

static void want_rows(struct latency *l)
{
	size_t rows = 0;

	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < shown_rows(&l->picture[i].grid); k++)
			rows += l->picture[i].grid.row[k].at[0]->n;
	}
	l->wanted = calloc(rows + 1, sizeof(*l->wanted));
	for (size_t i = 0; l->wanted && i < l->n; i++) {
		struct picture_of *p = &l->picture[i];

		for (size_t k = 0; k < shown_rows(&p->grid); k++) {
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

static void read_histograms(struct latency *l)
{
	char path[4400], err[PLOT_ERR] = "";

	snprintf(path, sizeof(path), "%s/histograms.csv", l->set->run_dir);
	if (csv_read_file(path, NULL, on_hist, l, err, sizeof(err)) != 0 && !l->why[0])
		snprintf(l->why, sizeof(l->why), "%s", err);
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

static void say_samples(char *note, const struct picture_of *p)
{
	uint64_t least = UINT64_MAX, most = 0;
	size_t none = 0, begin;

	for (size_t k = 0; k < shown_rows(&p->grid); k++) {
		const struct hist *h = p->curve[k].hist;

		none += !h;
		if (!h)
			continue;
		least = h->count < least ? h->count : least;
		most = h->count > most ? h->count : most;
	}
	if (most)
		picture_say(note,
			"Each line: all samples of the trials, %llu to %llu of them; it ends "
			"where fewer than 100 lie beyond; no interval is drawn. ",
			(unsigned long long)least, (unsigned long long)most);
	if (!none)
		return;
	picture_say(note, "No samples of %zu: ", none);
	begin = strlen(note);
	for (size_t k = 0; k < shown_rows(&p->grid) && strlen(note) - begin < MISSING; k++) {
		if (!p->curve[k].hist)
			picture_say(note, "%s; ", p->grid.row[k].label);
	}
}

static bool has_samples(const struct picture_of *p)
{
	for (size_t k = 0; k < shown_rows(&p->grid); k++) {
		if (p->curve[k].hist)
			return true;
	}
	return false;
}

static void add_picture(struct latency *l, const struct picture_of *p)
{
	const struct sample *k = p->group->key;
	bool channel = strcmp(k->family, "channel") == 0;
	struct picture_page page = {.chapter = channel ? 1 : 6};
	char name[2 * PICTURE_NAME], title[PICTURE_TITLE], prefix[20], size[2][40];

	snprintf(name, sizeof(name), "%slatency-%s%s",
		picture_prefix(k->family, prefix, sizeof(prefix)), k->domain,
		picture_size_suffix(p->bytes, size[0], sizeof(size[0])));
	snprintf(title, sizeof(title), "Latency in nines: %s%s, %s to %s, placement %.40s (%s)",
		k->workload, picture_size_title(p->bytes, size[1], sizeof(size[1])), k->domain,
		k->domain, k->placement, k->family);
	page.name = name;
	page.title = title;
	page.plot.script = "latency";
	page.plot.unit = "ns";
	page.plot.y_title = "round trip";
	say_samples(page.note, p);
	picture_say_grid(page.note, &p->grid, NULL);
	picture_add_lines(l->set, &p->grid, &page, nines, p->curve);
	if (!has_samples(p) && l->why[0])
		snprintf(l->set->out[l->set->n - 1].why, PICTURE_WHY, "%s", l->why);
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
		for (size_t k = 0; k < shown_rows(&l.picture[i].grid); k++)
			free(l.picture[i].curve[k].hist);
		free(l.picture[i].curve);
		grid_free(&l.picture[i].grid);
	}
	free(l.picture);
	free(l.wanted);
}
