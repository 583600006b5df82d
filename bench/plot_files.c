/*
 * What gnuplot reads: data, texts and scripts of one picture.
 *
 * File names are made of the request's name, which is checked, and of the scripts' names; every
 * other text goes into single quotes, within which gnuplot knows no command, no macro and no escape
 * but a doubled quote. That one fails at the beginning of a string, so quotes become typographic
 * ones.
 */
#include "bench/plot_files.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CAPTION_COLUMNS = 165, CAPTION_LINES = 12 };

static int fail(const struct plot *p, int rc, const char *what, const char *name)
{
	(void)snprintf(p->err, p->err_len, "%s %s: %s", what, name, strerror(-rc));
	return rc;
}

bool plot_drawable(const struct plot_point *pt)
{
	return isfinite(pt->x) && isfinite(pt->y) && pt->x > 0 && pt->y > 0;
}

static bool is_interval(double lo, double hi)
{
	return isfinite(lo) && isfinite(hi) && lo > 0 && hi >= lo;
}

bool plot_has_interval(const struct plot_point *pt)
{
	return is_interval(pt->lo, pt->hi);
}

bool plot_has_x_interval(const struct plot_point *pt)
{
	return is_interval(pt->x_lo, pt->x_hi);
}

size_t plot_count(const struct plot_series *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += plot_drawable(&s->point[i]);
	return n;
}

/* ---- files ------------------------------------------------------------------- */

static void make_path(char *path, const char *dir, const char *name, const char *suffix)
{
	(void)snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);
}

static FILE *create(const struct plot *p, const char *suffix)
{
	char path[PATH_MAX];

	make_path(path, p->req->dir, p->req->name, suffix);
	return fopen(path, "we");
}

/* Closes what create() gave; -errno if something could not be written. */
static int finish(const struct plot *p, FILE *file, const char *suffix)
{
	char path[PATH_MAX];
	bool bad = file == NULL || ferror(file) != 0;
	int rc = bad ? -errno : 0;

	if (file != NULL && fclose(file) != 0 && rc == 0)
		rc = -errno;
	if (!bad && rc == 0)
		return 0;
	make_path(path, p->req->dir, p->req->name, suffix);
	return fail(p, rc != 0 ? rc : -EIO, "cannot write", path);
}

/* A single-quoted string of gnuplot's. */
static void put_quoted(FILE *file, const char *text, size_t len)
{
	(void)fputc('\'', file);
	for (size_t i = 0; text != NULL && i < len && text[i] != '\0'; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\'')
			(void)fputs("\xe2\x80\x99", file);
		else
			(void)fputc(c < ' ' ? ' ' : c > '~' ? '?' : c, file);
	}
	(void)fputc('\'', file);
}

static void put_text(FILE *file, const char *name, const char *text)
{
	(void)fprintf(file, "%s = ", name);
	put_quoted(file, text, SIZE_MAX);
	(void)fputc('\n', file);
}

/* ---- points ------------------------------------------------------------------ */

static void put_number(FILE *file, bool known, double value)
{
	if (known)
		(void)fprintf(file, ",%.9g", value);
	else
		(void)fputc(',', file);
}

static void put_series(FILE *file, const struct plot_series *s, size_t number)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct plot_point *pt = &s->point[i];

		if (!plot_drawable(pt))
			continue;
		(void)fprintf(file, "%zu", number);
		put_number(file, true, pt->x);
		put_number(file, true, pt->y);
		put_number(file, plot_has_interval(pt), pt->lo);
		put_number(file, plot_has_interval(pt), pt->hi);
		put_number(file, plot_has_x_interval(pt), pt->x_lo);
		put_number(file, plot_has_x_interval(pt), pt->x_hi);
		(void)fputc('\n', file);
	}
}

/* Calls for the drawn series, panel by panel; number counts them from 1. */
typedef void series_fn(FILE *file, const struct plot_series *s, size_t number);

static void each_series(const struct plot *p, FILE *file, series_fn *put)
{
	size_t number = 0;

	for (unsigned panel = 0; panel < PLOT_PANELS; panel++) {
		for (size_t i = 0; i < p->req->n_series; i++) {
			const struct plot_series *s = &p->req->series[i];

			if (s->panel == panel && plot_count(s) > 0)
				put(file, s, ++number);
		}
	}
}

static int write_data(const struct plot *p)
{
	FILE *file = create(p, ".csv");

	if (file == NULL)
		return finish(p, file, ".csv");
	(void)fputs("series,x,y,lo,hi,x_lo,x_hi\n", file);
	each_series(p, file, put_series);
	return finish(p, file, ".csv");
}

/* ---- what the scripts know of the series --------------------------------------- */

static void put_label(FILE *file, const struct plot_series *s, size_t number)
{
	(void)fprintf(file, "label[%zu] = ", number);
	put_quoted(file, s->label[0] != '\0' ? s->label : "(no name)", sizeof(s->label));
	(void)fputc('\n', file);
}

static void put_look(FILE *file, const struct plot_series *s, size_t number)
{
	const struct plot_point *end = s->point;
	bool interval = false;

	for (size_t i = 0; i < s->n; i++) {
		if (!plot_drawable(&s->point[i]))
			continue;
		interval |= plot_has_interval(&s->point[i]);
		end = &s->point[i];
	}
	(void)fprintf(file,
		"points[%zu] = %zu; interval[%zu] = %d; tint[%zu] = %u; mark[%zu] = %u; "
		"dash[%zu] = %u; hollow[%zu] = %d; end_x[%zu] = %.9g; end_y[%zu] = %.9g\n",
		number, plot_count(s), number, interval, number, s->look.tint, number, s->look.mark,
		number, s->look.dash, number, s->look.hollow, number, end->x, number, end->y);
}

static void put_panels(const struct plot *p, FILE *file)
{
	size_t n = 0, first = 1;

	for (unsigned i = 0; i < PLOT_PANELS; i++)
		n += p->in_panel[i] > 0;
	(void)fprintf(file, "panels = %zu\narray panel[%zu]\narray first[%zu]\narray last[%zu]\n",
		n, n, n, n);
	n = 0;
	for (unsigned i = 0; i < PLOT_PANELS; i++) {
		if (p->in_panel[i] == 0)
			continue;
		(void)fprintf(file, "first[%zu] = %zu; last[%zu] = %zu; panel[%zu] = ", n + 1,
			first, n + 1, first + p->in_panel[i] - 1, n + 1);
		put_quoted(file, p->req->panel[i], SIZE_MAX);
		(void)fputc('\n', file);
		first += p->in_panel[i];
		n++;
	}
}

static void put_categories(const struct plot *p, FILE *file)
{
	size_t n = p->req->n_categories, longest = 0, room = n > 0 ? n : 1;

	(void)fprintf(file, "categories = %zu\narray category[%zu]\narray category_at[%zu]\n", n,
		room, room);
	(void)fprintf(file, "array heading[%zu]\n", room);
	for (size_t i = 0; i < n; i++) {
		const struct plot_category *c = &p->req->category[i];
		size_t len = c->heading ? 0 : strnlen(c->label, sizeof(c->label));

		longest = len > longest ? len : longest;
		(void)fprintf(file,
			"category_at[%zu] = %.9g; heading[%zu] = %d; category[%zu] = ", i + 1,
			c->at, i + 1, c->heading, i + 1);
		put_quoted(file, c->label, sizeof(c->label));
		(void)fputc('\n', file);
	}
	(void)fprintf(file, "longest_category = %zu\n", longest);
}

static size_t longest_label(const struct plot *p)
{
	size_t longest = 0;

	for (size_t i = 0; i < p->req->n_series; i++) {
		const struct plot_series *s = &p->req->series[i];
		size_t len = strnlen(s->label, sizeof(s->label));

		longest = plot_count(s) > 0 && len > longest ? len : longest;
	}
	return longest;
}

static int write_prelude(const struct plot *p)
{
	static const char *const arrays[] = {
		"label", "points", "interval", "tint", "mark", "dash", "hollow", "end_x", "end_y"};
	FILE *file = create(p, "-series.gp");

	if (file == NULL)
		return finish(p, file, "-series.gp");
	(void)fprintf(file,
		"# Generated: the series of %s.gp.\nseries = %zu\nlongest_label = %zu\n",
		p->req->name, p->drawn, longest_label(p));
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		(void)fprintf(file, "array %s[%zu]\n", arrays[i], p->drawn);
	each_series(p, file, put_label);
	each_series(p, file, put_look);
	put_panels(p, file);
	put_categories(p, file);
	put_text(file, "x_title", p->req->x_title);
	put_text(file, "y_title", p->req->y_title);
	put_text(file, "unit", p->req->unit);
	(void)fprintf(file, "x_min = %.9e\nx_max = %.9e\ny_min = %.9e\ny_max = %.9e\n", p->x_min,
		p->x_max, p->y_min, p->y_max);
	return finish(p, file, "-series.gp");
}

/* ---- title and caption ---------------------------------------------------------- */

/* Length of the next line of a caption: up to a space before column CAPTION_COLUMNS. */
static size_t line_length(const char *text)
{
	size_t len = strlen(text), at = CAPTION_COLUMNS;

	if (len <= at)
		return len;
	while (at > 0 && text[at] != ' ')
		at--;
	return at > 0 ? at : CAPTION_COLUMNS;
}

static int write_caption(const struct plot *p)
{
	const char *line[CAPTION_LINES], *text = p->req->caption != NULL ? p->req->caption : "";
	FILE *file = create(p, "-caption.gp");
	unsigned n = 0;

	if (file == NULL)
		return finish(p, file, "-caption.gp");
	for (; *text != '\0' && n < CAPTION_LINES; n++) {
		line[n] = text;
		text += line_length(text);
		text += strspn(text, " ");
	}
	if (*text != '\0')
		line[CAPTION_LINES - 1] = "... (the caption is longer)";
	(void)fprintf(file, "# Generated: title and caption of %s.gp.\n", p->req->name);
	put_text(file, "plot_title", p->req->title);
	(void)fprintf(file, "captions = %u\narray caption[%u]\n", n, n > 0 ? n : 1);
	for (unsigned i = 0; i < n; i++) {
		(void)fprintf(file, "caption[%u] = ", i + 1);
		put_quoted(file, line[i], line_length(line[i]));
		(void)fputc('\n', file);
	}
	return finish(p, file, "-caption.gp");
}

/* ---- scripts --------------------------------------------------------------------- */

/* Copies the rest of in to out and closes out; false if something went wrong. */
static bool pour(FILE *in, FILE *out)
{
	char part[4096];
	bool good;
	size_t n;

	while ((n = fread(part, 1, sizeof(part), in)) > 0)
		(void)fwrite(part, 1, n, out);
	good = ferror(in) == 0 && ferror(out) == 0;
	return fclose(out) == 0 && good;
}

/* Copies a script; that of a picture after a line that tells it its name. */
static int copy_script(const struct plot *p, const char *from_name, const char *to_name)
{
	char from[PATH_MAX], to[PATH_MAX];
	FILE *in, *out;
	int rc = 0;

	make_path(from, p->req->script_dir, from_name, ".gp");
	make_path(to, p->req->dir, to_name, ".gp");
	in = fopen(from, "re");
	if (in == NULL)
		return fail(p, -errno, "cannot read", from);
	out = fopen(to, "we");
	if (out == NULL)
		rc = fail(p, -errno, "cannot write", to);
	else if (to_name == p->req->name)
		(void)fprintf(out, "name = '%s'\n", to_name);
	if (out != NULL && !pour(in, out))
		rc = fail(p, -EIO, "cannot write", to);
	(void)fclose(in);
	return rc;
}

int plot_files_write(const struct plot *p)
{
	static const char *const shared[] = {"style", "axis", "legend"};
	int rc = 0;

	if (mkdir(p->req->dir, 0777) != 0 && errno != EEXIST)
		return fail(p, -errno, "cannot make", p->req->dir);
	rc = copy_script(p, p->req->script, p->req->name);
	for (size_t i = 0; rc == 0 && i < sizeof(shared) / sizeof(shared[0]); i++)
		rc = copy_script(p, shared[i], shared[i]);
	if (rc == 0)
		rc = write_data(p);
	if (rc == 0)
		rc = write_prelude(p);
	return rc == 0 ? write_caption(p) : rc;
}
