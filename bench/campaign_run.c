/* campaign_run.c - a campaign from a path: which of the kinds it is, and the files of a run. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/campaign.h"
#include "bench/csv.h"
#include "bench/floors.h"
#include "bench/stats.h"

enum { PATH_BYTES = CAMPAIGN_PATH + 32 };

/* ---- the files beside it -------------------------------------------------------------- */

static const char *beside(const char *samples, const char *name, char buf[PATH_BYTES])
{
	const char *slash = strrchr(samples, '/');

	if (slash)
		snprintf(buf, PATH_BYTES, "%.*s/%s", (int)(slash - samples), samples, name);
	else
		snprintf(buf, PATH_BYTES, "%s", name);
	return buf;
}

struct plan_reader {
	struct facts *facts;
	int column; /* -1: the header was not seen yet */
};

/* How long trials are is the same in each row. */
static int on_plan_row(
	void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct plan_reader *r = ctx;

	(void)line;
	(void)len;
	if (r->column < 0) {
		r->column = csv_header_find(field, n, "trial_ns");
		return r->column < 0;
	}
	return facts_set(r->facts, "trial_ns", field[r->column]) ? -ENOMEM : 1;
}

static int read_plan(struct campaign *c, const char *samples, char *err, size_t err_len)
{
	struct plan_reader r = {&c->facts, -1};
	char path[PATH_BYTES];
	int code;

	if (access(beside(samples, "plan.csv", path), F_OK) != 0)
		return 0;
	code = csv_read_file(path, NULL, on_plan_row, &r, err, err_len);
	return code < 0 ? code : 0;
}

static double median_of(const struct floors *f, enum floor_part part, uint32_t bytes)
{
	double *x = calloc(2 * f->n + 1, sizeof(*x)), median = NAN;
	size_t n = 0;

	for (size_t i = 0; x && i < f->n; i++) {
		if (f->row[i].part == (int)part && f->row[i].bytes == bytes &&
			f->row[i].median_ns > 0)
			x[n++] = f->row[i].median_ns;
	}
	if (n)
		median = stats_median(x, n, x + n);
	free(x);
	return median;
}

static int read_controls(struct campaign *c, const char *samples, char *err, size_t err_len)
{
	struct floors f = {0};
	char path[PATH_BYTES];
	int code = 0;

	if (access(beside(samples, "floors.csv", path), F_OK) == 0)
		code = floors_read(&f, path, err, err_len);
	for (size_t i = 0; i < f.n && !code; i++) {
		if (f.row[i].part == FLOOR_COPY && f.row[i].bytes <= CAMPAIGN_COPY_BYTES &&
			f.row[i].bytes > c->copy_bytes)
			c->copy_bytes = f.row[i].bytes;
	}
	if (!code) {
		c->control_ns[CONTROL_ATOMIC] = median_of(&f, FLOOR_ATOMIC, 0);
		c->control_ns[CONTROL_SYSCALL] = median_of(&f, FLOOR_SYSCALL, 0);
		c->control_ns[CONTROL_COPY] = median_of(&f, FLOOR_COPY, c->copy_bytes);
	}
	floors_free(&f);
	return code;
}

static int read_environment(struct campaign *c, const char *samples, char *err, size_t err_len)
{
	struct facts beside_it = {0};
	char path[PATH_BYTES];
	int code;

	if (access(beside(samples, "environment.csv", path), F_OK) != 0)
		return 0;
	code = facts_read(&beside_it, path, err, err_len);
	if (code) {
		facts_free(&beside_it);
		return code;
	}
	facts_free(&c->facts);
	c->facts = beside_it;
	c->knows_machine = facts_get(&c->facts, "cpu_model")[0] != '\0';
	return 0;
}

static int set_cells(struct campaign *c, char *err, size_t err_len)
{
	uint64_t hash = facts_hash_begin;
	char text[24];

	for (size_t i = 0; i < c->n; i++)
		hash = facts_hash(hash, c->cell[i].key, strlen(c->cell[i].key) + 1);
	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	if (facts_set(&c->facts, "cells", text) == 0)
		return 0;
	snprintf(err, err_len, "%s: out of memory", c->from);
	return -ENOMEM;
}

int campaign_read_run(struct campaign *c, const char *samples, char *err, size_t err_len)
{
	int code = campaign_gather(c, samples, err, err_len);

	if (!code && c->rows == 0) {
		snprintf(err, err_len, "%s: it has no row", samples);
		code = -EINVAL;
	}
	if (!code)
		code = read_environment(c, samples, err, err_len);
	if (!code)
		code = read_plan(c, samples, err, err_len);
	if (!code)
		code = read_controls(c, samples, err, err_len);
	return code ? code : set_cells(c, err, err_len);
}

/* ---- which of them ------------------------------------------------------------------- */

bool campaign_is_file(const char *path)
{
	static const char begin[] = "kind,name,metric,";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char text[sizeof(begin)] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(begin) - 1);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof(begin) - 1 && strcmp(text, begin) == 0;
}

int campaign_read(struct campaign *c, const char *path, char *err, size_t err_len)
{
	char samples[PATH_BYTES];
	struct stat st;
	int code;

	*c = (struct campaign){.control_ns = {NAN, NAN, NAN}};
	if (strlen(path) >= sizeof(c->from)) {
		snprintf(err, err_len, "%.60s...: the path is too long", path);
		return -ENAMETOOLONG;
	}
	snprintf(c->from, sizeof(c->from), "%s", path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(samples, sizeof(samples), "%s/samples.csv", path);
		code = campaign_read_run(c, samples, err, err_len);
	} else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && campaign_is_file(path)) {
		code = campaign_read_file(c, path, err, err_len);
	} else {
		code = campaign_read_run(c, path, err, err_len);
	}
	if (code)
		campaign_free(c);
	return code;
}
