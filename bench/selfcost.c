/* selfcost.c - see selfcost.h. */
#include "bench/selfcost.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/env.h"
#include "bench/stats.h"
#include "bench/version.h"
#include "harness/compiler.h"

enum { PATH_BYTES = 4200, EMPTY = 8, MODE_DIR = 0777, MODE_FILE = 0666 };

static const char *const columns[] = {"what", "against", "value", "unit", "low", "high", "bounds",
	"pairs", "limit", "kept", "reason"};

static int fail(char *err, size_t err_len, const char *path, int code)
{
	snprintf(err, err_len, "%s: %s", path, strerror(-code));
	return code;
}

static void file_path(const struct selfcost *t, const char *name, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", t->dir, name);
}

static void write_row(struct selfcost *t, struct csv_row *row)
{
	int code = csv_row_end(row);

	if (t->dir && !code)
		code = csv_row_write(row, t->fd);
	if (code && !t->code)
		t->code = code;
	csv_row_free(row);
}

int selfcost_begin(struct selfcost *t, const char *dir, char *err, size_t err_len)
{
	struct csv_row row = {0};
	char path[PATH_BYTES];

	*t = (struct selfcost){.dir = dir, .fd = -1};
	if (!dir)
		return 0;
	if (mkdir(dir, MODE_DIR) != 0 && errno != EEXIST)
		return fail(err, err_len, dir, -errno);
	file_path(t, "self.csv.new", path);
	t->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE_FILE);
	if (t->fd < 0)
		return fail(err, err_len, path, -errno);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_row_text(&row, columns[i]);
	write_row(t, &row);
	return 0;
}

static const char *verdict(double lo, double hi, double limit)
{
	if (isnan(limit))
		return "";
	return hi <= limit ? "yes" : lo > limit ? "no" : "not separable";
}

void selfcost_put(struct selfcost *t, const char *what, const char *against, const char *unit,
	const double *v, size_t n, double limit)
{
	struct stats_interval i;
	double *work = calloc(n ? n : 1, sizeof(*work));
	struct csv_row row = {0};
	const char *kept;
	bool sure;

	if (n == 0 || !work) {
		selfcost_absent(t, what, against, n ? "no memory" : "no pair came to an end");
		free(work);
		return;
	}
	sure = stats_median_interval(v, n, 0.95, &i, work);
	i.estimate = stats_median(v, n, work);
	free(work);
	kept = verdict(i.lo, i.hi, limit);
	t->broken += strcmp(kept, "no") == 0;
	printf("%-52s %.3f%s%s %s[%.3f, %.3f] n=%zu  %s", what, i.estimate,
		strcmp(unit, "ratio") != 0 ? " " : "", strcmp(unit, "ratio") != 0 ? unit : "",
		sure ? "" : "range ", i.lo, i.hi, n, against);
	if (kept[0])
		printf("; at most %g: %s", limit, kept);
	putchar('\n');
	csv_row_text(&row, what);
	csv_row_text(&row, against);
	csv_row_f64(&row, i.estimate, 3);
	csv_row_text(&row, unit);
	csv_row_f64(&row, i.lo, 3);
	csv_row_f64(&row, i.hi, 3);
	csv_row_text(&row, sure ? "interval95" : "range");
	csv_row_u64(&row, n);
	csv_row_f64(&row, limit, CSV_SHORT);
	csv_row_text(&row, kept);
	csv_row_empty(&row);
	write_row(t, &row);
}

void selfcost_absent(struct selfcost *t, const char *what, const char *against, const char *why)
{
	struct csv_row row = {0};

	printf("%-52s not measured: %s  %s\n", what, why, against);
	csv_row_text(&row, what);
	csv_row_text(&row, against);
	for (int i = 0; i < EMPTY; i++)
		csv_row_empty(&row);
	csv_row_text(&row, why);
	write_row(t, &row);
}

int selfcost_end(struct selfcost *t, char *err, size_t err_len)
{
	const struct env_extra extra[] = {
		{"handoff_commit", version_commit, ""},
		{"handoff_flags", version_flags, ""},
	};
	char path[PATH_BYTES], begun[PATH_BYTES];

	if (!t->dir)
		return 0;
	file_path(t, "self.csv.new", begun);
	file_path(t, "self.csv", path);
	if (close(t->fd) != 0 && !t->code)
		t->code = -errno;
	if (t->code)
		return fail(err, err_len, begun, t->code);
	if (rename(begun, path) != 0)
		return fail(err, err_len, path, -errno);
	file_path(t, "environment.csv", path);
	return env_write("", path, extra, ARRAY_LEN(extra), err, err_len);
}
