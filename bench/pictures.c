/* pictures.c - see pictures.h. */
#include "bench/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/paths.h"
#include "bench/plot.h"
#include "harness/hist.h"

enum { MAX_SERIES = 12, MAX_POINTS = 64, PATH_BYTES = 4200, GNUPLOT_MS = 30000 };

/* Series with room for their points. */
struct curves {
	struct plot_series series[MAX_SERIES];
	struct plot_point point[MAX_SERIES][MAX_POINTS];
	struct hist *hist[MAX_SERIES];
	const char *cell[MAX_SERIES];
	size_t n;
};

static void free_curves(struct curves *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->hist[i]);
	free(c);
}

static int draw(struct picture *p, const char *run_dir, const char *script, const struct curves *c,
	const char *caption)
{
	char dir[PATH_BYTES], scripts[PATH_BYTES];
	struct plot_request request = {
		.script = script,
		.dir = dir,
		.script_dir = scripts,
		.name = p->name,
		.title = p->title,
		.caption = caption,
		.series = c->series,
		.n_series = c->n,
		.timeout_ms = GNUPLOT_MS,
	};

	snprintf(dir, sizeof(dir), "%s/plots", run_dir);
	snprintf(scripts, sizeof(scripts), "%s/scripts/plot", share_dir());
	p->why[0] = '\0';
	return plot_draw(&request, p->why, sizeof(p->why));
}

/* ---- throughput against size ---------------------------------------------- */

static struct plot_series *series_of(struct curves *c, const char *label)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->series[i].label, label) == 0)
			return &c->series[i];
	}
	if (c->n == MAX_SERIES)
		return NULL;
	snprintf(c->series[c->n].label, sizeof(c->series[c->n].label), "%s", label);
	c->series[c->n].point = c->point[c->n];
	return &c->series[c->n++];
}

static void add_sizes(struct curves *c, const struct rank_group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct rank_entry *e = &g->entry[i];
		struct plot_series *s = series_of(c, e->label);

		if (s && s->n < MAX_POINTS)
			c->point[s - c->series][s->n++] = (struct plot_point){
				.x = g->key->msg_bytes,
				.y = e->figure.median,
				.lo = e->figure.lo,
				.hi = e->figure.hi,
			};
	}
}

static bool two_workers(const struct sample *k, const char *workload, const char *domain)
{
	return strcmp(k->workload, workload) == 0 && strcmp(k->domain, domain) == 0 &&
	       k->producers == 1 && k->consumers == 1 && strcmp(k->start, "exec") != 0;
}

/* The placement that most two-worker groups of the workload have, nearest first. */
static const char *common_placement(
	const struct ranking *r, const char *workload, const char *domain)
{
	const char *any = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct sample *k = r->group[i].key;

		if (!two_workers(k, workload, domain))
			continue;
		if (strcmp(k->placement, "nearest") == 0)
			return k->placement;
		any = any ? any : k->placement;
	}
	return any;
}

static bool draw_throughput(struct picture *p, const char *run_dir, const struct ranking *r,
	const char *domain, const char *caption)
{
	const char *place = common_placement(r, "stream", domain);
	struct curves *c = calloc(1, sizeof(*c));
	size_t sizes = 0;

	for (size_t i = 0; c && place && i < r->n; i++) {
		const struct sample *k = r->group[i].key;

		if (two_workers(k, "stream", domain) && strcmp(k->placement, place) == 0) {
			add_sizes(c, &r->group[i]); /* groups come by rising size */
			sizes++;
		}
	}
	if (sizes >= 2) {
		snprintf(p->name, sizeof(p->name), "throughput-%s", domain);
		snprintf(p->title, sizeof(p->title), "Throughput, %s to %s, placement %s", domain,
			domain, place);
		draw(p, run_dir, "throughput", c, caption);
	}
	if (c)
		free_curves(c);
	return sizes >= 2;
}

/* ---- latency in nines ------------------------------------------------------ */

/* Which histogram lines count: those whose row was committed as ok. */
struct hist_reader {
	struct curves *curves;
	const struct sample **ok; /* sorted by cell, block, attempt */
	size_t n_ok;
};

static int compare_trials(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a;
	const struct sample *y = *(const struct sample *const *)b;
	int c = strcmp(x->cell, y->cell);

	c = c ? c : (x->block > y->block) - (x->block < y->block);
	return c ? c : (x->attempt > y->attempt) - (x->attempt < y->attempt);
}

/* Columns of histograms.csv: run_id,cell,block,rep,attempt,kind,count,overflow,...,bins. */
static int on_hist(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct hist_reader *r = ctx;
	struct sample *key;
	struct hist *h;
	char err[200];

	(void)len;
	if (line == 1 || n < 12 || strcmp(field[5], "rtt") != 0)
		return 0;
	for (size_t i = 0; i < r->curves->n; i++) {
		if (strcmp(r->curves->cell[i], field[1]) != 0)
			continue;
		key = calloc(1, sizeof(*key));
		h = calloc(1, sizeof(*h));
		if (key && h) {
			const struct sample *k = key;

			snprintf(key->cell, sizeof(key->cell), "%s", field[1]);
			key->block = strtod(field[2], NULL);
			key->attempt = strtod(field[4], NULL);
			if (bsearch(&k, r->ok, r->n_ok, sizeof(*r->ok), compare_trials) &&
				hist_decode(h, field[11], err, sizeof(err)) == 0)
				hist_merge(r->curves->hist[i], h);
		}
		free(key);
		free(h);
	}
	return 0;
}

/* One curve per entry of the group; the cells whose histograms it merges. */
static void add_cells(struct curves *c, const struct rank_group *g)
{
	for (size_t i = 0; i < g->n && c->n < MAX_SERIES; i++) {
		struct hist *h = calloc(1, sizeof(*h));

		if (!h)
			return;
		hist_reset(h);
		c->hist[c->n] = h;
		c->cell[c->n] = g->entry[i].first->cell;
		snprintf(c->series[c->n].label, sizeof(c->series[c->n].label), "%s",
			g->entry[i].label);
		c->series[c->n].point = c->point[c->n];
		c->n++;
	}
}

static void read_hists(struct curves *c, const char *run_dir, const struct sample *rows, size_t n)
{
	struct hist_reader r = {.curves = c, .ok = calloc(n + 1, sizeof(*r.ok))};
	char path[PATH_BYTES], err[300];

	for (size_t i = 0; r.ok && i < n; i++) {
		if (sample_usable(&rows[i], false))
			r.ok[r.n_ok++] = &rows[i];
	}
	if (r.ok) {
		qsort(r.ok, r.n_ok, sizeof(*r.ok), compare_trials);
		snprintf(path, sizeof(path), "%s/histograms.csv", run_dir);
		csv_read_file(path, NULL, on_hist, &r, err, sizeof(err));
	}
	free(r.ok);
}

/* Percentiles that at least 100 samples lie beyond, in even steps of the nines axis. */
static void points_from_hist(struct curves *c, size_t i)
{
	for (int step = 0; step < MAX_POINTS; step++) {
		double beyond = pow(10, -step / 8.0);
		double p = 1 - beyond;

		if (!hist_percentile_ok(c->hist[i], p))
			break;
		c->point[i][c->series[i].n++] = (struct plot_point){
			.x = 1 / beyond,
			.y = (double)hist_value_at_percentile(c->hist[i], p),
			.lo = NAN,
			.hi = NAN,
		};
	}
}

static bool draw_latency(struct picture *p, const char *run_dir, const struct ranking *r,
	const char *domain, const struct sample *rows, size_t n, const char *caption)
{
	const char *place = common_placement(r, "pingpong", domain);
	const struct rank_group *g = place ? rank_find(r, "pingpong", domain, 64, place) : NULL;
	struct curves *c = g ? calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return false;
	add_cells(c, g);
	read_hists(c, run_dir, rows, n);
	for (size_t i = 0; i < c->n; i++)
		points_from_hist(c, i);
	snprintf(p->name, sizeof(p->name), "latency-%s", domain);
	snprintf(p->title, sizeof(p->title), "Round trip of 64 B, %s to %s, placement %s", domain,
		domain, place);
	draw(p, run_dir, "latency", c, caption);
	free_curves(c);
	return true;
}

size_t pictures_draw(struct picture out[PICTURES_MAX], const char *run_dir, const struct ranking *r,
	const struct sample *rows, size_t n, const char *caption)
{
	static const char *const domains[] = {"thread", "process"};
	size_t tried = 0;

	for (int d = 0; d < 2; d++) {
		tried += draw_throughput(&out[tried], run_dir, r, domains[d], caption);
		tried += draw_latency(&out[tried], run_dir, r, domains[d], rows, n, caption);
	}
	return tried;
}
