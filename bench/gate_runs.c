/* gate_runs.c - see gate_runs.h. */
#include "bench/gate_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/gate_stats.h"
#include "harness/compiler.h"

static const struct column {
	const char *name;
	size_t offset, text_bytes; /* 0: a figure */
} columns[] = {
#define T(f)                                                                                       \
	{                                                                                          \
#f, offsetof(struct gate_run, f), sizeof(((struct gate_run *)0)->f)                \
	}
#define F(f)                                                                                       \
	{                                                                                          \
#f, offsetof(struct gate_run, f), 0                                                \
	}
	T(kind), T(began), T(matrix), T(old_id), T(new_id), T(commit), T(rules), F(seed), F(pairs),
	F(cells), F(gated), F(open), F(injected), F(effect_pct), F(found), F(false_cells), F(suite),
	F(exit_code), F(wall_s)};

enum { COLUMNS = ARRAY_LEN(columns) };

/* ---- writing --------------------------------------------------------------------- */

static void put_header(struct csv_row *row)
{
	for (int i = 0; i < COLUMNS; i++)
		csv_row_text(row, columns[i].name);
	csv_row_end(row);
}

static void put_run(struct csv_row *row, const struct gate_run *run)
{
	for (int i = 0; i < COLUMNS; i++) {
		const char *at = (const char *)run + columns[i].offset;

		if (columns[i].text_bytes)
			csv_row_text(row, at);
		else
			csv_row_f64(row, *(const double *)(const void *)at, CSV_SHORT);
	}
	csv_row_end(row);
}

static int write_row(int fd, const struct gate_run *run)
{
	struct csv_row row = {0};
	int code;

	if (run)
		put_run(&row, run);
	else
		put_header(&row);
	code = row.failed ? -ENOMEM : csv_row_write(&row, fd);
	csv_row_free(&row);
	return code;
}

int gate_runs_add(const char *path, const struct gate_run *run, char *err, size_t err_len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct stat st;
	int code = fd < 0 || fstat(fd, &st) != 0 ? -errno : 0;

	if (!code && st.st_size == 0)
		code = write_row(fd, NULL);
	if (!code)
		code = write_row(fd, run);
	if (code)
		snprintf(err, err_len, "cannot write to %s: %s", path, strerror(-code));
	if (fd >= 0)
		close(fd);
	return code;
}

/* ---- reading ---------------------------------------------------------------------- */

struct reader {
	const char *path;
	struct gate_run *run;
	size_t n, room;
	char *err;
	size_t err_len;
};

static int refuse(struct reader *r, uint64_t line, const char *what, const char *which)
{
	snprintf(r->err, r->err_len, "%s:%llu: %s %s", r->path, (unsigned long long)line, what,
		which);
	return -EINVAL;
}

static int take_field(struct reader *r, uint64_t line, int i, const char *text)
{
	char *at = (char *)&r->run[r->n] + columns[i].offset, *end;
	double v;

	if (columns[i].text_bytes) {
		if (strlen(text) >= columns[i].text_bytes)
			return refuse(r, line, "too long a", columns[i].name);
		memcpy(at, text, strlen(text) + 1);
		return 0;
	}
	v = strtod(text, &end);
	if (end == text || *end || !isfinite(v))
		return refuse(r, line, "no number in", columns[i].name);
	*(double *)(void *)at = v;
	return 0;
}

static int take_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;
	int code = 0;

	(void)len;
	if (n != COLUMNS)
		return refuse(r, line, "not a file of gate runs:", "other columns");
	for (int i = 0; i < COLUMNS && line == 1; i++) {
		if (strcmp(field[i], columns[i].name) != 0)
			return refuse(r, line, "not a file of gate runs: no", columns[i].name);
	}
	if (line == 1)
		return 0;
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct gate_run *more = realloc(r->run, room * sizeof(*more));

		if (!more)
			return refuse(r, line, "no memory for", "its rows");
		r->run = more;
		r->room = room;
	}
	for (int i = 0; i < COLUMNS && !code; i++)
		code = take_field(r, line, i, field[i]);
	r->n += !code;
	return code;
}

int gate_runs_read(const char *path, struct gate_run **out, size_t *n, char *err, size_t err_len)
{
	struct reader r = {.path = path, .err = err, .err_len = err_len};
	int code = csv_read_file(path, NULL, take_row, &r, err, err_len);

	if (code) {
		free(r.run);
		return code;
	}
	*out = r.run;
	*n = r.n;
	return 0;
}

/* ---- sums ------------------------------------------------------------------------- */

static bool is_alike(const struct gate_run *a, const struct gate_run *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->matrix, b->matrix) == 0 &&
	       strcmp(a->old_id, b->old_id) == 0 && strcmp(a->new_id, b->new_id) == 0 &&
	       strcmp(a->commit, b->commit) == 0 && strcmp(a->rules, b->rules) == 0 &&
	       a->effect_pct == b->effect_pct;
}

/* "3 of 20 (15 %, 3.2 .. 37.9 %)". */
static void put_share(FILE *out, const char *what, double k, double n)
{
	double lo, hi;

	if (n < 1) {
		fprintf(out, "  %-28s none to count\n", what);
		return;
	}
	gate_binomial_interval((uint64_t)k, (uint64_t)n, 0.95, &lo, &hi);
	fprintf(out, "  %-28s %.0f of %.0f: %.3g %% [%.3g, %.3g]\n", what, k, n, 100 * k / n,
		100 * lo, 100 * hi);
}

static void print_group(FILE *out, const struct gate_run *run, size_t n, const struct gate_run *of)
{
	struct gate_run sum = {.cells = 0};
	double runs = 0, alarms = 0, undecided = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_alike(&run[i], of))
			continue;
		runs++;
		alarms += run[i].false_cells > 0 || (run[i].suite > 0 && run[i].injected == 0);
		undecided += run[i].exit_code > 1; /* 2 and 3: it broke */
		sum.gated += run[i].gated;
		sum.open += run[i].open;
		sum.injected += run[i].injected;
		sum.found += run[i].found;
		sum.false_cells += run[i].false_cells;
		sum.wall_s += run[i].wall_s;
	}
	fprintf(out, "%s, matrix %s", of->kind, of->matrix);
	if (of->injected > 0)
		fprintf(out, ", %.3g %% slower in %.0f cells", of->effect_pct, of->injected);
	fprintf(out, ": %.0f run%s of %.0f s on average; 95 %% bounds are exact\n", runs,
		runs == 1 ? "" : "s", sum.wall_s / runs);
	put_share(out, "runs with a false alarm", alarms, runs);
	if (sum.injected > 0) {
		put_share(out, "slowed cells that were found", sum.found, sum.injected);
		put_share(out, "named cells that were slowed", sum.found,
			sum.found + sum.false_cells);
	}
	put_share(out, "gated figures left open", sum.open, sum.gated);
	put_share(out, "runs that decided nothing", undecided, runs);
}

void gate_runs_print(FILE *out, const struct gate_run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool first = true;

		for (size_t j = 0; j < i; j++)
			first = first && !is_alike(&run[i], &run[j]);
		if (first)
			print_group(out, run, n, &run[i]);
	}
}
