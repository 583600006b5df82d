/*
 * Pictures: writes what gnuplot reads, runs it, checks what it left.
 *
 * File names are made of the request's name, which is checked, and of numbers; every other text
 * goes into single quotes, within which gnuplot knows no command, no macro and no escape but a
 * doubled quote. That one fails at the beginning of a string, so quotes become typographic ones.
 */
#include "bench/plot.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/plot_run.h"

enum { DEFAULT_TIMEOUT_MS = 30000, CAPTION_COLUMNS = 150, CAPTION_LINES = 6, NAME_MAX_BYTES = 100 };

/* A request with what was found out about it. */
struct plot {
	const struct plot_request *req;
	double x_min, x_max, y_min, y_max;
	size_t drawn; /* series with a point */
	char *err;
	size_t err_len;
};

static int fail(const struct plot *p, int rc, const char *what, const char *name)
{
	(void)snprintf(p->err, p->err_len, "%s %s: %s", what, name, strerror(-rc));
	return rc;
}

static bool is_plain(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < NAME_MAX_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool is_drawable(const struct plot_point *pt)
{
	return isfinite(pt->x) && isfinite(pt->y) && pt->x > 0 && pt->y > 0;
}

/* Error bars need both ends on a logarithmic axis. */
static bool has_interval(const struct plot_point *pt)
{
	return isfinite(pt->lo) && isfinite(pt->hi) && pt->lo > 0 && pt->hi >= pt->lo;
}

static void widen(struct plot *p, const struct plot_point *pt)
{
	p->x_min = fmin(p->x_min, pt->x);
	p->x_max = fmax(p->x_max, pt->x);
	p->y_min = fmin(p->y_min, has_interval(pt) ? fmin(pt->lo, pt->y) : pt->y);
	p->y_max = fmax(p->y_max, has_interval(pt) ? fmax(pt->hi, pt->y) : pt->y);
}

static size_t count_points(const struct plot_series *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += is_drawable(&s->point[i]);
	return n;
}

static bool any_interval(const struct plot_series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (is_drawable(&s->point[i]) && has_interval(&s->point[i]))
			return true;
	}
	return false;
}

static int survey(struct plot *p)
{
	const struct plot_request *r = p->req;

	if (!is_plain(r->name) || !is_plain(r->script)) {
		(void)snprintf(p->err, p->err_len,
			"picture '%s' of script '%s': names are lower-case letters, digits and dashes",
			r->name, r->script);
		return -EINVAL;
	}
	p->x_min = p->y_min = (double)INFINITY;
	p->x_max = p->y_max = 0;
	for (size_t i = 0; i < r->n_series; i++) {
		const struct plot_series *s = &r->series[i];

		p->drawn += count_points(s) > 0;
		for (size_t k = 0; k < s->n; k++) {
			if (is_drawable(&s->point[k]))
				widen(p, &s->point[k]);
		}
	}
	if (p->drawn > 0)
		return 0;
	(void)snprintf(p->err, p->err_len, "picture %s: there is no point to draw", r->name);
	return -EINVAL;
}

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
	for (size_t i = 0; i < len && text[i] != '\0'; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\'')
			(void)fputs("\xe2\x80\x99", file);
		else
			(void)fputc(c < ' ' ? ' ' : c > '~' ? '?' : c, file);
	}
	(void)fputc('\'', file);
}

static void put_number(FILE *file, bool known, double value)
{
	if (known)
		(void)fprintf(file, ",%.17g", value);
	else
		(void)fputc(',', file);
}

static int write_series(const struct plot *p, const struct plot_series *s, size_t number)
{
	char suffix[32];
	FILE *file;

	(void)snprintf(suffix, sizeof(suffix), "-%03zu.csv", number);
	file = create(p, suffix);
	if (file == NULL)
		return finish(p, file, suffix);
	(void)fputs("x,y,lo,hi\n", file);
	for (size_t i = 0; i < s->n; i++) {
		const struct plot_point *pt = &s->point[i];

		if (!is_drawable(pt))
			continue;
		(void)fprintf(file, "%.17g", pt->x);
		put_number(file, true, pt->y);
		put_number(file, has_interval(pt), pt->lo);
		put_number(file, has_interval(pt), pt->hi);
		(void)fputc('\n', file);
	}
	return finish(p, file, suffix);
}

static int write_data(const struct plot *p)
{
	size_t number = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->req->n_series; i++) {
		if (count_points(&p->req->series[i]) > 0)
			rc = write_series(p, &p->req->series[i], ++number);
	}
	return rc;
}

typedef void element_fn(FILE *file, const struct plot_series *s);

static void put_label(FILE *file, const struct plot_series *s)
{
	put_quoted(file, s->label[0] != '\0' ? s->label : "(no name)", sizeof(s->label));
}

static void put_points(FILE *file, const struct plot_series *s)
{
	(void)fprintf(file, "%zu", count_points(s));
}

static void put_interval(FILE *file, const struct plot_series *s)
{
	(void)fprintf(file, "%d", any_interval(s));
}

/* One array with an element per drawn series. */
static void put_array(FILE *file, const struct plot *p, const char *name, element_fn *put)
{
	bool first = true;

	(void)fprintf(file, "array %s[%zu] = [", name, p->drawn);
	for (size_t i = 0; i < p->req->n_series; i++) {
		if (count_points(&p->req->series[i]) == 0)
			continue;
		if (!first)
			(void)fputs(", ", file);
		put(file, &p->req->series[i]);
		first = false;
	}
	(void)fputs("]\n", file);
}

static int write_prelude(const struct plot *p)
{
	FILE *file = create(p, "-series.gp");
	size_t longest = 0;

	if (file == NULL)
		return finish(p, file, "-series.gp");
	for (size_t i = 0; i < p->req->n_series; i++) {
		size_t len = strnlen(p->req->series[i].label, sizeof(p->req->series[i].label));

		longest = len > longest ? len : longest;
	}
	(void)fprintf(file,
		"# Generated: the series of %s.gp.\nseries = %zu\nlongest_label = %zu\n",
		p->req->name, p->drawn, longest);
	put_array(file, p, "label", put_label);
	put_array(file, p, "points", put_points);
	put_array(file, p, "interval", put_interval);
	(void)fprintf(file, "x_min = %.17e\nx_max = %.17e\ny_min = %.17e\ny_max = %.17e\n",
		p->x_min, p->x_max, p->y_min, p->y_max);
	return finish(p, file, "-series.gp");
}

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
	const char *line[CAPTION_LINES], *text = p->req->caption;
	FILE *file = create(p, "-caption.gp");
	unsigned n = 0;

	if (file == NULL)
		return finish(p, file, "-caption.gp");
	for (; *text != '\0' && n < CAPTION_LINES; n++) {
		line[n] = text;
		text += line_length(text);
		text += strspn(text, " ");
	}
	(void)fprintf(
		file, "# Generated: title and caption of %s.gp.\nplot_title = ", p->req->name);
	put_quoted(file, p->req->title, SIZE_MAX);
	(void)fprintf(file, "\ncaptions = %u\narray caption[%u]\n", n, n > 0 ? n : 1);
	for (unsigned i = 0; i < n; i++) {
		(void)fprintf(file, "caption[%u] = ", i + 1);
		put_quoted(file, line[i], line_length(line[i]));
		(void)fputc('\n', file);
	}
	return finish(p, file, "-caption.gp");
}

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

static int write_files(const struct plot *p)
{
	int rc = 0;

	if (mkdir(p->req->dir, 0777) != 0 && errno != EEXIST)
		return fail(p, -errno, "cannot make", p->req->dir);
	rc = copy_script(p, p->req->script, p->req->name);
	if (rc == 0)
		rc = copy_script(p, "style", "style");
	if (rc == 0)
		rc = write_data(p);
	if (rc == 0)
		rc = write_prelude(p);
	return rc == 0 ? write_caption(p) : rc;
}

static const char *const picture[] = {".svg", ".png"};

static void remove_pictures(const struct plot *p)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(picture) / sizeof(picture[0]); i++) {
		make_path(path, p->req->dir, p->req->name, picture[i]);
		(void)unlink(path);
	}
}

/* gnuplot may exit with 0 and leave an empty file. */
static int check_pictures(const struct plot *p)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof(picture) / sizeof(picture[0]); i++) {
		make_path(path, p->req->dir, p->req->name, picture[i]);
		if (stat(path, &st) == 0 && st.st_size > 0)
			continue;
		(void)snprintf(
			p->err, p->err_len, "gnuplot ended well but left no picture in %s", path);
		return -EIO;
	}
	return 0;
}

int plot_draw(const struct plot_request *request, char *err, size_t err_len)
{
	struct plot p = {.req = request, .err = err, .err_len = err_len};
	unsigned limit_ms = request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
	char script[NAME_MAX_BYTES + 8];
	int rc = survey(&p);

	if (rc != 0)
		return rc;
	remove_pictures(&p);
	rc = write_files(&p);
	(void)snprintf(script, sizeof(script), "%s.gp", request->name);
	if (rc == 0)
		rc = plot_run(request->dir, script, limit_ms, err, err_len);
	if (rc == 0)
		rc = check_pictures(&p);
	if (rc != 0)
		remove_pictures(&p);
	return rc;
}
