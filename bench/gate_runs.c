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
	bool may_lack;
} columns[] = {
#define T(f)                                                                                       \
	{                                                                                          \
#f, offsetof(struct gate_run, f), sizeof(((struct gate_run *)0)->f), false         \
	}
#define F(f)                                                                                       \
	{                                                                                          \
#f, offsetof(struct gate_run, f), 0, false                                         \
	}
#define S(cost, name)                                                                              \
	{"shift_p90_" name "_pct", offsetof(struct gate_run, shift[cost].p90), 0, true},           \
	{                                                                                          \
		"shift_most_" name "_pct", offsetof(struct gate_run, shift[cost].most), 0, true    \
	}
	T(kind), T(began), T(matrix), T(old_id), T(new_id), T(commit), T(rules), F(seed), F(pairs),
	F(cells), F(gated), F(open), F(injected), F(effect_pct), F(found), F(false_cells), F(suite),
	F(exit_code), S(COST_THROUGHPUT, "throughput"), S(COST_P50, "p50"), S(COST_P99, "p99"),
	S(COST_CPU, "cpu"), S(COST_SWITCHES, "switches"), F(wall_s)};

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
	if (!text[0] && columns[i].may_lack) {
		*(double *)(void *)at = (double)NAN;
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

bool gate_runs_alike(const struct gate_run *a, const struct gate_run *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->matrix, b->matrix) == 0 &&
	       strcmp(a->old_id, b->old_id) == 0 &&
	       (strcmp(a->new_id, b->new_id) == 0 || strcmp(a->kind, "aa2") == 0) &&
	       strcmp(a->commit, b->commit) == 0 && strcmp(a->rules, b->rules) == 0 &&
	       a->effect_pct == b->effect_pct;
}

bool gate_run_uniform(const struct gate_run *run)
{
	return run->injected > 1 && 10 * run->injected >= 9 * run->cells;
}

static bool is_alarm(const struct gate_run *run)
{
	return run->false_cells > 0 || (run->suite > 0 && run->injected <= 0);
}

bool gate_run_right(const struct gate_run *run)
{
	if (is_alarm(run))
		return false;
	return gate_run_uniform(run) ? run->suite > 0 : run->found >= run->injected;
}

static void add_shift(struct gate_shift *sum, const struct gate_shift *s, double runs)
{
	if (isnan(s->p90))
		return;
	sum->p90 = isnan(sum->p90) ? s->p90 : sum->p90 + (s->p90 - sum->p90) / runs;
	sum->most = isnan(sum->most) || s->most > sum->most ? s->most : sum->most;
}

struct gate_sums gate_runs_sum(const struct gate_run *run, size_t n, const struct gate_run *of)
{
	struct gate_sums s = {0};

	for (int m = 0; m < COSTS; m++)
		s.shift[m] = (struct gate_shift){NAN, NAN};
	for (size_t i = 0; i < n; i++) {
		const struct gate_run *r = &run[i];

		if (!gate_runs_alike(r, of))
			continue;
		s.runs++;
		s.alarms += is_alarm(r);
		s.right += r->exit_code <= 1 && gate_run_right(r);
		s.undecided += r->exit_code > 1; /* 2 and 3: it broke */
		s.gated += r->gated;
		s.open += r->open;
		s.injected += r->injected;
		s.found += r->found;
		s.false_cells += r->false_cells;
		s.wall_s += r->wall_s;
		s.longest_s = r->wall_s > s.longest_s ? r->wall_s : s.longest_s;
		for (int m = 0; m < COSTS; m++)
			add_shift(&s.shift[m], &r->shift[m], s.runs);
	}
	return s;
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

static void put_shifts(FILE *out, const struct gate_sums *s)
{
	fputs("  estimates off by, 90th percentile of cells and most:", out);
	for (enum cost m = 0; m < COSTS; m++) {
		if (isfinite(s->shift[m].p90))
			fprintf(out, " %s %.2f %.2f %%", cost_name(m), s->shift[m].p90,
				s->shift[m].most);
	}
	fputc('\n', out);
}

static void print_group(FILE *out, const struct gate_run *run, size_t n, const struct gate_run *of)
{
	struct gate_sums s = gate_runs_sum(run, n, of);

	fprintf(out, "%s, matrix %s", of->kind, of->matrix);
	if (of->injected > 0)
		fprintf(out, ", %.3g %% slower in %.0f cells", of->effect_pct, of->injected);
	fprintf(out, ": %.0f run%s of %.0f s on average; 95 %% bounds are exact\n", s.runs,
		s.runs == 1 ? "" : "s", s.wall_s / s.runs);
	put_share(out, "runs with a false alarm", s.alarms, s.runs);
	put_share(out, gate_run_uniform(of) ? "runs called slower as a whole" : "runs wholly right",
		s.right, s.runs);
	if (s.injected > 0 && !gate_run_uniform(of)) {
		put_share(out, "slowed cells that were found", s.found, s.injected);
		put_share(out, "named cells that were slowed", s.found, s.found + s.false_cells);
	}
	put_share(out, "gated figures left open", s.open, s.gated);
	put_share(out, "runs that decided nothing", s.undecided, s.runs);
	put_shifts(out, &s);
}

void gate_runs_print(FILE *out, const struct gate_run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool first = true;

		for (size_t j = 0; j < i; j++)
			first = first && !gate_runs_alike(&run[i], &run[j]);
		if (first)
			print_group(out, run, n, &run[i]);
	}
}
