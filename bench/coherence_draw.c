/*
 * coherence_draw.c - the matrix as a picture; see coherence_map.h.
 *
 * To plot.c a cell is a point: x its column, y its row, both counted from 1, and its figure in lo
 * and hi.  Pairs without a figure are a series of their own, so that the script can show them as
 * what they are, each in its place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/coherence_map.h"
#include "bench/paths.h"
#include "bench/plot.h"

enum { MEASURED, MISSING, KINDS, CAPTION = 700, DRAW_MS = 120000, MOST_DRAWN = 256 };

struct drawing {
	struct plot_point *point[KINDS];
	struct plot_series series[KINDS];
	struct plot_category *category;
};

static void sort_pairs(struct drawing *d, const struct coherence_map *m)
{
	for (unsigned row = 0; row < m->n; row++) {
		for (unsigned column = 0; column < m->n; column++) {
			struct coherence c = coherence_map_at(m, row, column);
			struct plot_series *s = &d->series[c.n ? MEASURED : MISSING];

			if (row == column)
				continue;
			d->point[c.n ? MEASURED : MISSING][s->n++] = (struct plot_point){
				.x = column + 1,
				.y = row + 1,
				.lo = c.median_ns,
				.hi = c.median_ns};
		}
	}
}

static int make_drawing(struct drawing *d, const struct coherence_map *m)
{
	static const char *const label[KINDS] = {"measured", "not measured"};
	size_t n = (size_t)m->n * m->n;

	for (int k = 0; k < KINDS; k++) {
		d->point[k] = calloc(n, sizeof(*d->point[k]));
		d->series[k] = (struct plot_series){.point = d->point[k]};
		snprintf(d->series[k].label, sizeof(d->series[k].label), "%s", label[k]);
	}
	d->category = calloc(m->n, sizeof(*d->category));
	if (!d->point[MEASURED] || !d->point[MISSING] || !d->category)
		return -ENOMEM;
	for (unsigned i = 0; i < m->n; i++) {
		snprintf(d->category[i].label, sizeof(d->category[i].label), "%u", m->os[i]);
		d->category[i].at = i + 1;
	}
	sort_pairs(d, m);
	return 0;
}

static void free_drawing(struct drawing *d)
{
	free(d->point[MEASURED]);
	free(d->point[MISSING]);
	free(d->category);
}

static void say(const struct coherence_map *m, const char *where, char *out, size_t out_len)
{
	size_t all = (size_t)m->n * (m->n - 1), have = coherence_map_measured(m);

	snprintf(out, out_len,
		"Half of a round trip by compare-and-swap, median over lines and rounds. %zu of %zu "
		"pairs measured, both directions. Rows begin and have touched the memory first; PUs "
		"by P# number, in the order of hwloc: neighbours share most. %s",
		have, all, where);
}

int coherence_map_draw(const struct coherence_map *m, const char *dir, const char *where, char *err,
	size_t err_len)
{
	struct drawing d = {0};
	char scripts[4096], caption[CAPTION];
	struct plot_request r = {
		.script = "heat",
		.dir = dir,
		.script_dir = scripts,
		.name = "coherence",
		.title = "One way of a cache line between two processors",
		.caption = caption,
		.panel = {""},
		.x_title = "to PU",
		.y_title = "from PU",
		.unit = "ns",
		.n_categories = m->n,
		.series = d.series,
		.n_series = KINDS,
		.timeout_ms = DRAW_MS,
	};
	int code = m->n > MOST_DRAWN ? -EFBIG : make_drawing(&d, m);

	if (code == -EFBIG) {
		snprintf(err, err_len,
			"a matrix of %u PUs is too large to be read (at most %d); coherence.csv has it",
			m->n, MOST_DRAWN);
	} else if (code) {
		snprintf(err, err_len, "no memory for a picture of %u PUs", m->n);
	} else if (d.series[MEASURED].n == 0) {
		snprintf(err, err_len, "no pair has a figure: there is nothing to draw");
		code = -EINVAL;
	} else {
		say(m, where, caption, sizeof(caption));
		snprintf(scripts, sizeof(scripts), "%s/scripts/plot", share_dir());
		r.category = d.category;
		code = plot_draw(&r, err, err_len);
	}
	free_drawing(&d);
	return code;
}
