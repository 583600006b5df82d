/* report_pictures.c - see report_pictures.h. */
#include "bench/report_pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/report.h"

enum { PATH_BYTES = 4400, CAPTION = 2600 };

/* ---- kept ------------------------------------------------------------------- */

struct kept {
	const char *dir;
	struct picture *picture;
	size_t n;
	char *err;
	size_t err_len;
};

/* A name becomes a path and a link. */
static bool tame(const char *name)
{
	return name[0] && strlen(name) < PICTURE_NAME &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static int on_picture(
	void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct kept *k = ctx;
	struct picture *p;
	char path[PATH_BYTES];

	(void)len;
	if (line == 1)
		return 0;
	if (n < 3 || !tame(field[0])) {
		snprintf(k->err, k->err_len, "%s/plots/pictures.csv:%llu: no name of a picture",
			k->dir, (unsigned long long)line);
		return -EINVAL;
	}
	p = realloc(k->picture, (k->n + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	k->picture = p;
	p = &p[k->n++];
	*p = (struct picture){0};
	snprintf(p->name, sizeof(p->name), "%s", field[0]);
	snprintf(p->title, sizeof(p->title), "%s", field[1]);
	snprintf(p->why, sizeof(p->why), "%s", field[2]);
	snprintf(path, sizeof(path), "%s/plots/%s.svg", k->dir, p->name);
	if (!p->why[0] && access(path, R_OK) != 0)
		snprintf(p->why, sizeof(p->why), "its file was not kept: %s", strerror(errno));
	return 0;
}

static int read_kept(const char *dir, struct picture **out, size_t *n, char *err, size_t err_len)
{
	struct kept k = {.dir = dir, .err = err, .err_len = err_len};
	char path[PATH_BYTES];
	int code;

	snprintf(path, sizeof(path), "%s/plots/pictures.csv", dir);
	code = access(path, F_OK) == 0 ? csv_read_file(path, NULL, on_picture, &k, err, err_len)
				       : 0;
	*out = k.picture;
	*n = k.n;
	return code;
}

/* ---- drawn ------------------------------------------------------------------ */

/* The most trials that any cell has, and the day: what a caption must say. */
static void make_caption(const struct report_run *run, char *out)
{
	double trials = 0;

	for (size_t i = 0; i < run->n; i++)
		trials = run->rows[i].rep + 1 > trials ? run->rows[i].rep + 1 : trials;
	snprintf(out, CAPTION, "up to %.0f trials a cell; %s, kernel %s, %s; %.10s; handoff %s",
		trials, report_run_env(run, "cpu_model"), report_run_env(run, "kernel"),
		report_run_env(run, "handoff_flags"), run->n ? run->rows[0].timestamp_utc : "",
		report_run_env(run, "handoff_commit"));
}

struct list {
	const struct picture *picture;
	size_t n;
};

static int put_list(void *ctx, FILE *to, char *err, size_t err_len)
{
	const struct list *l = ctx;
	struct csv_row row = {0};

	fputs("name,title,why\n", to);
	for (size_t i = 0; i < l->n; i++) {
		csv_row_reset(&row);
		csv_row_text(&row, l->picture[i].name);
		csv_row_text(&row, l->picture[i].title);
		csv_row_text(&row, l->picture[i].why);
		if (csv_row_end(&row) == 0)
			fwrite(row.buf, 1, row.len, to);
	}
	snprintf(err, err_len, "no memory for the list of pictures");
	csv_row_free(&row);
	return row.failed ? -ENOMEM : 0;
}

static void save_list(const char *dir, const struct picture *picture, size_t n)
{
	struct list l = {picture, n};
	char path[PATH_BYTES], err[300];

	snprintf(path, sizeof(path), "%s/plots/pictures.csv", dir);
	if (n && report_save(path, put_list, &l, err, sizeof(err)) != 0)
		fprintf(stderr, "pictures: %s\n", err);
}

int report_pictures(const struct report_run *run, bool keep, struct picture **out, size_t *n,
	char *err, size_t err_len)
{
	char caption[CAPTION];

	*n = 0;
	*out = NULL;
	if (keep)
		return read_kept(run->dir, out, n, err, err_len);
	*out = calloc(PICTURES_MAX, sizeof(**out));
	if (!*out) {
		snprintf(err, err_len, "no memory for the pictures");
		return -ENOMEM;
	}
	make_caption(run, caption);
	*n = pictures_draw(*out, run->dir, &run->ranking, run->rows, run->n, caption);
	save_list(run->dir, *out, *n);
	for (size_t i = 0; i < *n; i++) {
		if ((*out)[i].why[0]) {
			fprintf(stderr, "pictures: %s\n", (*out)[i].why);
			break; /* the others fail alike */
		}
	}
	return 0;
}
