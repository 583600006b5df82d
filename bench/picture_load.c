/*
 * picture_load.c - latency against the offered rate: what load does, and the knee.
 *
 * Left the 99th percentile of the response time, right its median and, dashed,
 * that of the service time.  One picture for each domain, size, fan and
 * placement of the open loop; a line is a mechanism and a way to wait.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/knees.h"
#include "bench/picture_set.h"
#include "bench/units.h"

enum { LEAST_RATES = 2, MOST_RATES = 48, MOST_TRIALS = 400, KEY = 320 };

/* A row, and its cell's key without the rate. */
struct loaded {
	const struct sample *s;
	char base[KEY];
};

struct load {
	struct picture_set *set;
	struct knees knees;
	struct loaded *row;
	size_t n;
};

struct line {
	struct plot_point p99[MOST_RATES], p50[MOST_RATES], service[MOST_RATES];
	size_t rates;
};

struct page_lines {
	struct line line[PICTURE_LINES];
	struct plot_series series[3 * PICTURE_LINES];
	size_t lines, series_n, left_out, trials, missed, hidden;
};

static void cut_rate(const char *cell, char *base)
{
	const char *rate = strstr(cell, "&rate="), *rest = rate ? strchr(rate + 1, '&') : NULL;

	snprintf(base, KEY, "%.*s%s", rate ? (int)(rate - cell) : KEY - 1, cell, rest ? rest : "");
}

/* What a picture holds still. */
static int compare_pages(const struct sample *a, const struct sample *b)
{
	int c = -strcmp(a->domain, b->domain);

	c = c ? c : -strcmp(a->start, b->start);
	c = c ? c : (a->msg_bytes > b->msg_bytes) - (a->msg_bytes < b->msg_bytes);
	c = c ? c : (a->producers > b->producers) - (a->producers < b->producers);
	c = c ? c : (a->consumers > b->consumers) - (a->consumers < b->consumers);
	c = c ? c : strcmp(a->placement, b->placement);
	return c ? c : (strstr(a->axes, "poisson") != NULL) - (strstr(b->axes, "poisson") != NULL);
}

static int compare_loaded(const void *a, const void *b)
{
	const struct loaded *x = a, *y = b;
	int c = compare_pages(x->s, y->s);

	c = c ? c : strcmp(x->base, y->base);
	c = c ? c : (x->s->rate_per_s > y->s->rate_per_s) - (x->s->rate_per_s < y->s->rate_per_s);
	return c ? c : (x->s->block > y->s->block) - (x->s->block < y->s->block);
}

/* ---- one line --------------------------------------------------------------- */

typedef double figure_fn(const struct sample *s);

static double p99_of(const struct sample *s)
{
	return s->lat_p99_ns;
}

static double p50_of(const struct sample *s)
{
	return s->lat_p50_ns;
}

static double service_of(const struct sample *s)
{
	return s->svc_p50_ns;
}

/* Clean trials only where there are enough of them, as everywhere. */
static struct plot_point point_of(
	const struct loaded *row, size_t n, figure_fn *figure, double knee_per_s)
{
	double all[MOST_TRIALS], clean[MOST_TRIALS];
	size_t n_all = 0, n_clean = 0;
	struct rank_value v = {NAN, NAN, NAN, true};
	bool enough;

	for (size_t i = 0; i < n && n_all < MOST_TRIALS; i++) {
		double x = figure(row[i].s);

		if (isnan(x))
			continue;
		all[n_all++] = x;
		if (strcmp(row[i].s->quality, "clean") == 0)
			clean[n_clean++] = x;
	}
	enough = n_clean >= RANK_ENOUGH_CLEAN;
	if (n_all)
		rank_summarise(enough ? clean : all, enough ? n_clean : n_all, &v);
	return (struct plot_point){
		.x = row->s->rate_per_s,
		.y = v.median,
		.lo = v.lo,
		.hi = v.hi,
		.x_lo = knee_per_s,
		.x_hi = knee_per_s,
	};
}

static double knee_of(const struct load *l, const char *base)
{
	for (size_t i = 0; i < l->knees.n; i++) {
		const struct knee_row *k = &l->knees.row[i];

		if (strcmp(k->cell, base) == 0 && k->knee_per_s)
			return (double)k->knee_per_s;
	}
	return NAN;
}

static size_t same_rate(const struct loaded *row, size_t n)
{
	size_t i = 1;

	while (i < n && row[i].s->rate_per_s == row->s->rate_per_s)
		i++;
	return i;
}

static void fill_line(const struct load *l, struct page_lines *p, struct line *line,
	const struct loaded *row, size_t n)
{
	double knee = knee_of(l, row->base);

	for (size_t i = 0, m; i < n; i += m) {
		m = same_rate(row + i, n - i);
		if (line->rates == MOST_RATES)
			continue;
		line->p99[line->rates] = point_of(row + i, m, p99_of, knee);
		line->p50[line->rates] = point_of(row + i, m, p50_of, knee);
		line->service[line->rates] = point_of(row + i, m, service_of, knee);
		if (isnan(line->p99[line->rates].y))
			p->hidden++;
		line->rates++;
	}
	for (size_t i = 0; i < n; i++)
		p->missed += row[i].s->missed[0] != '\0';
	p->trials += n;
}

/* ---- one picture ------------------------------------------------------------ */

static void put_series(struct page_lines *p, const char *label, struct plot_look look,
	unsigned panel, const struct plot_point *point, size_t n)
{
	struct plot_series *s = &p->series[p->series_n++];

	*s = (struct plot_series){.point = point, .n = n, .panel = panel, .look = look};
	snprintf(s->label, sizeof(s->label), "%s", label);
}

static void put_line(const struct picture_set *set, struct page_lines *p, const struct line *line,
	const struct sample *s)
{
	struct rank_entry e = {.spins = strcmp(s->wait, "block") != 0};
	struct plot_look look;
	char label[PLOT_LABEL], service[PLOT_LABEL];
	bool wide = s->capacity[0] && strcmp(s->capacity, "native") && strcmp(s->capacity, "1024");

	snprintf(e.mechanism, sizeof(e.mechanism), "%s", s->mechanism);
	snprintf(e.wait, sizeof(e.wait), "%s", s->wait);
	snprintf(label, sizeof(label), "%.40s%s%s%s%s%s", grid_short(s->mechanism),
		e.spins ? " (" : "", e.spins ? s->wait : "", e.spins ? ")" : "", wide ? " x" : "",
		wide ? s->capacity : "");
	snprintf(service, sizeof(service), "%.80s: service", label);
	look = picture_look(set, &e);
	look.dash = 0;
	look.hollow = e.spins;
	put_series(p, label, look, 0, line->p99, line->rates);
	put_series(p, label, look, 1, line->p50, line->rates);
	look.dash = 1;
	put_series(p, service, look, 1, line->service, line->rates);
}

static size_t same_base(const struct loaded *row, size_t n)
{
	size_t i = 1;

	while (i < n && strcmp(row[i].base, row->base) == 0)
		i++;
	return i;
}

static bool has_curve(const struct loaded *row, size_t n)
{
	size_t rates = 0, m;

	for (size_t i = 0; i < n; i += m) {
		m = same_rate(row + i, n - i);
		rates++;
	}
	return rates >= LEAST_RATES;
}

static void say(const struct load *l, const struct page_lines *p, char *note)
{
	char slo[UNITS_TEXT_BYTES];

	picture_say(note, "Medians over trials; bands: interval or range of the trials. Times run "
			  "from when a message was due (response) or sent (service). ");
	if (l->knees.n)
		picture_say(note,
			"A vertical line is the knee: the highest rate whose 99th percentile stayed "
			"under %s. ",
			units_format_ns(slo, sizeof(slo), (double)l->knees.row[0].slo_ns));
	picture_say(
		note, "In %zu of %zu trials the rate was not kept up with. ", p->missed, p->trials);
	if (p->hidden)
		picture_say(note,
			"%zu points have no 99th percentile: too few messages, or a median under "
			"five times what the two clocks may differ by. ",
			p->hidden);
	if (p->left_out)
		picture_say(note, "Not shown: %zu more mechanisms. ", p->left_out);
}

static void add_page(struct load *l, struct page_lines *p, const struct sample *s)
{
	struct picture_page page = {.chapter = 6};
	char name[4 * PICTURE_NAME], title[PICTURE_TITLE], place[80], size[40], fan[40] = "";
	const char *poisson = strstr(s->axes, "poisson") ? ", Poisson arrivals" : "";
	const char *exec = strcmp(s->start, "exec") == 0 ? "-exec" : "";

	picture_place(s, place, sizeof(place));
	if (s->producers != 1 || s->consumers != 1)
		snprintf(fan, sizeof(fan), "-%.0fx%.0f", s->producers, s->consumers);
	snprintf(name, sizeof(name), "load-%s%s%s%s%s%s%s", s->domain, exec, fan,
		picture_size_suffix(s->msg_bytes, size, sizeof(size)),
		strcmp(s->placement, "nearest") ? "-" : "",
		strcmp(s->placement, "nearest") ? s->placement : "", poisson[0] ? "-poisson" : "");
	snprintf(title, sizeof(title),
		"Latency by offered rate, %s to %s%s%s%s, placement %.70s%s (channel/openloop)",
		s->domain, s->domain, exec[0] ? ", unrelated" : "", fan[0] ? ", fan " : "",
		fan[0] ? fan + 1 : "", place, poisson);
	page.name = name;
	page.title = title;
	page.plot.script = "load";
	page.plot.unit = "ns";
	page.plot.y_title = "time of a message";
	page.plot.panel[0] = "response, 99th percentile";
	page.plot.panel[1] = "response, median; dashed: service, median";
	page.plot.series = p->series;
	page.plot.n_series = p->series_n;
	say(l, p, page.note);
	picture_set_add(l->set, &page);
}

/* plot_write() wants the series of a panel together. */
static int by_panel(const void *a, const void *b)
{
	const struct plot_series *x = a, *y = b;
	int c = (x->panel > y->panel) - (x->panel < y->panel);

	return c ? c : strcmp(x->label, y->label);
}

static void draw_page(struct load *l, const struct loaded *row, size_t n)
{
	struct page_lines *p = calloc(1, sizeof(*p));

	for (size_t i = 0, m; p && i < n; i += m) {
		m = same_base(row + i, n - i);
		if (!has_curve(row + i, m))
			continue;
		if (p->lines == PICTURE_LINES) {
			p->left_out++;
			continue;
		}
		fill_line(l, p, &p->line[p->lines], row + i, m);
		put_line(l->set, p, &p->line[p->lines], row[i].s);
		p->lines++;
	}
	if (p && p->lines) {
		qsort(p->series, p->series_n, sizeof(*p->series), by_panel);
		add_page(l, p, row->s);
	}
	free(p);
}

void picture_load(struct picture_set *s)
{
	struct load l = {.set = s, .row = calloc(s->n_rows + 1, sizeof(*l.row))};
	char path[4300], why[PLOT_ERR];
	size_t from = 0;

	snprintf(path, sizeof(path), "%s/knees.csv", s->run_dir);
	if (knees_read(&l.knees, path, why, sizeof(why)) != 0)
		fprintf(stderr, "pictures: %s\n", why);
	for (size_t i = 0; l.row && i < s->n_rows; i++) {
		if (!picture_is_loaded(&s->rows[i]))
			continue;
		l.row[l.n].s = &s->rows[i];
		cut_rate(s->rows[i].cell, l.row[l.n++].base);
	}
	if (l.n)
		qsort(l.row, l.n, sizeof(*l.row), compare_loaded);
	for (size_t i = 1; i <= l.n; i++) {
		if (i < l.n && compare_pages(l.row[from].s, l.row[i].s) == 0)
			continue;
		draw_page(&l, l.row + from, i - from);
		from = i;
	}
	free(l.row);
	knees_free(&l.knees);
}
