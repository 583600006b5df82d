/* plot_scene.c - see plot_scene.h. */
#include "tests/plot_scene.h"
#include "tests/support.h"

#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct plot_point scene_points[4] = {{.x = 8, .y = 4e6, .lo = 3.9e6, .hi = 4.2e6},
	{.x = 64, .y = 3.5e6, .lo = NAN, .hi = NAN}, {.x = 4096, .y = 9e5, .lo = 8e5, .hi = 1e6},
	{.x = 0, .y = 5}};
const struct plot_series scene_series[3] = {
	{.label = "channel/one", .point = scene_points, .n = 4},
	{.label = "channel/two_x", .point = scene_points + 1, .n = 2},
	{.label = "nothing to draw", .point = scene_points + 3, .n = 1},
};

int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)snprintf(p->root, sizeof(p->root), "/tmp/test_plot.XXXXXX");
	if (mkdtemp(p->root) == NULL)
		return -1;
	(void)snprintf(p->dir, sizeof(p->dir), "%s/plots", p->root);
	(void)snprintf(p->bin, sizeof(p->bin), "%s/bin", p->root);
	p->old_path = strdup(getenv("PATH"));
	*state = p;
	return mkdir(p->bin, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int remove_place(void **state)
{
	struct place *p = *state;
	int rc = setenv("PATH", p->old_path, 1);

	rc |= nftw(p->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(p->old_path);
	free(p);
	return rc;
}

struct plot_request request_in(const struct place *p)
{
	return (struct plot_request){
		.script = "throughput",
		.dir = p->dir,
		.script_dir = "scripts/plot",
		.name = "throughput-1x1",
		.title = "Throughput",
		.caption = "n = 3, this machine, today",
		.series = scene_series,
		.n_series = 3,
		.timeout_ms = 20000,
	};
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Makes a shell script the only gnuplot there is; NULL: there is none. */
void only_gnuplot(const struct place *p, const char *script)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/gnuplot", p->bin);
	if (script != NULL)
		write_file(path, script, 0755);
	assert_int_equal(setenv("PATH", p->bin, 1), 0);
}

#define NEW_ENOUGH                                                                                 \
	"#!/bin/sh\n[ \"$1\" = --version ] && echo 'gnuplot 5.2 patchlevel 8' && exit 0\n"

/* One that has a version; the script's lines are what it does with a picture. */
void fake_gnuplot(const struct place *p, const char *lines)
{
	char script[1024];

	(void)snprintf(script, sizeof(script), NEW_ENOUGH "%s", lines);
	only_gnuplot(p, script);
}

void need_gnuplot(const struct place *p)
{
	char path[PATH_MAX];

	for (const char *dir = p->old_path; *dir != '\0'; dir += strspn(dir, ":")) {
		size_t len = strcspn(dir, ":");

		(void)snprintf(path, sizeof(path), "%.*s/gnuplot", (int)len, dir);
		if (access(path, X_OK) == 0)
			return;
		dir += len;
	}
	skip_because("gnuplot is not installed");
}

long size_in(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static bool starts_with(const char *dir, const char *name, const char *magic)
{
	char path[PATH_MAX], head[16] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	assert_non_null(file);
	(void)fread(head, 1, sizeof(head) - 1, file);
	assert_int_equal(fclose(file), 0);
	return strncmp(head, magic, strlen(magic)) == 0;
}

void plot_is_drawn(const struct plot_request *r)
{
	char err[512] = "", svg[128], png[128];
	int rc = plot_draw(r, err, sizeof(err));

	if (rc != 0)
		print_message("%s\n", err);
	assert_int_equal(rc, 0);
	(void)snprintf(svg, sizeof(svg), "%s.svg", r->name);
	(void)snprintf(png, sizeof(png), "%s.png", r->name);
	assert_true(size_in(r->dir, svg) > 1000);
	assert_true(size_in(r->dir, png) > 1000);
	assert_true(starts_with(r->dir, svg, "<?xml"));
	assert_true(starts_with(r->dir, png, "\x89PNG"));
}

void plot_is_not_drawn(const struct plot_request *r, int rc, const char *part)
{
	char err[512] = "";

	assert_int_equal(plot_draw(r, err, sizeof(err)), rc);
	if (strstr(err, part) == NULL)
		fail_msg("'%s' does not say '%s'", err, part);
	assert_int_equal(size_in(r->dir, "throughput-1x1.svg"), -1);
	assert_int_equal(size_in(r->dir, "throughput-1x1.png"), -1);
}
