/* cmd_rank.c - order the mechanisms of a run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/answers.h"
#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/filter.h"
#include "bench/opt.h"
#include "bench/pairs.h"
#include "bench/registry.h"

enum { PATH_BYTES = 4200, ERR = 400 };

struct rank_settings {
	struct row_filter filter;
	const char *format;
};

#define FIELD(f) offsetof(struct rank_settings, f)

static const struct opt opts[] = {
	FILTER_OPTS(struct rank_settings, filter),
	{"format", 0, OPT_STR, FIELD(format), "text|csv|markdown", "text", "How to print."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "rank",
	.synopsis = "[options] [RUN]",
	.summary =
		"Order the mechanisms of a run (default: results/latest) per workload, domain, "
		"size and placement; those that sleep and those that spin apart.  What the trials "
		"cannot tell apart shares a rank.  Floors and races are not ranked.",
	.opts = opts,
};

bool cmd_rankable(const char *mechanism)
{
	const struct mech *m = registry_find(mechanism);

	return !m || !(m->flags & (MECH_FLOOR | MECH_RACY));
}

void cmd_run_path(const char *run, const char *file, char *out, size_t len)
{
	struct stat st;

	if (stat(run, &st) == 0 && !S_ISDIR(st.st_mode))
		snprintf(out, len, "%s", run);
	else
		snprintf(out, len, "%s/%s", run, file);
}

static size_t select_rows(const struct rank_settings *s, struct sample *rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (filter_takes(&s->filter, &rows[i]))
			rows[kept++] = rows[i];
	}
	return kept;
}

static void put_csv_entry(
	struct csv_row *row, const struct rank_group *g, const struct rank_entry *e)
{
	csv_row_reset(row);
	csv_row_text(row, g->key->workload);
	csv_row_text(row, g->key->domain);
	csv_row_text(row, g->key->start);
	csv_row_f64(row, g->key->msg_bytes, CSV_SHORT);
	csv_row_f64(row, g->key->producers, CSV_SHORT);
	csv_row_f64(row, g->key->consumers, CSV_SHORT);
	csv_row_text(row, g->key->placement);
	csv_row_text(row, e->spins ? "spins" : "sleeps");
	csv_row_u64(row, e->rank);
	csv_row_text(row, e->mechanism);
	csv_row_text(row, e->wait);
	csv_row_text(row, e->capacity);
	csv_row_text(row, g->unit);
	csv_row_f64(row, e->figure.median, CSV_SHORT);
	csv_row_f64(row, e->figure.lo, CSV_SHORT);
	csv_row_f64(row, e->figure.hi, CSV_SHORT);
	csv_row_text(row, e->figure.range ? "range" : "interval95");
	csv_row_u64(row, e->n);
	csv_row_u64(row, e->noisy_left_out);
	csv_row_f64(row, e->cpu_ns.median, CSV_SHORT);
	csv_row_text(row, g->key->axes);
	csv_row_f64(row, g->key->workers_per_pu, CSV_SHORT);
	csv_row_f64(row, answers_overlap(e), CSV_SHORT);
	csv_row_end(row);
	fwrite(row->buf, 1, row->len, stdout);
}

static void put_csv(const struct ranking *r)
{
	struct csv_row row = {0};

	puts("workload,domain,start,msg_bytes,producers,consumers,placement,waits_by,rank,mechanism,"
	     "wait,capacity,unit,median,lo,hi,bounds,trials,noisy_left_out,cpu_ns_per_op,axes,"
	     "workers_per_pu,overlap_pct");
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++)
			put_csv_entry(&row, &r->group[i], &r->group[i].entry[k]);
	}
	csv_row_free(&row);
}

static void put_groups(const struct ranking *r, bool markdown)
{
	struct pair_spread *spread;
	size_t n;

	for (size_t i = 0; i < r->n; i++)
		answers_group(stdout, &r->group[i], markdown);
	if (pairs_find(r, cmd_rankable, &spread, &n) != 0) {
		fputs("no memory to compare pairs of processors\n", stdout);
		return;
	}
	pairs_put(stdout, spread, n, markdown);
	free(spread);
}

static int print_ranking(const struct rank_settings *s, const struct sample *rows, size_t n)
{
	struct ranking r;

	if (rank_rows(&r, rows, n, cmd_rankable) != 0) {
		fprintf(stderr, "handoff rank: no memory to rank %zu rows\n", n);
		return EXIT_USAGE;
	}
	if (r.n == 0) {
		fprintf(stderr, "handoff rank: no ok row of a mechanism that is ranked\n");
		rank_free(&r);
		return EXIT_NOTHING;
	}
	if (strcmp(s->format, "csv") == 0)
		put_csv(&r);
	else
		put_groups(&r, strcmp(s->format, "markdown") == 0);
	rank_free(&r);
	return EXIT_FINE;
}

static int rank(const struct rank_settings *s, const char *run)
{
	char path[PATH_BYTES], err[ERR];
	struct sample *rows = NULL;
	size_t n = 0;
	int code;

	if (strcmp(s->format, "text") != 0 && strcmp(s->format, "csv") != 0 &&
		strcmp(s->format, "markdown") != 0) {
		fprintf(stderr, "handoff rank: --format \"%s\": there are text, csv and markdown\n",
			s->format);
		return EXIT_USAGE;
	}
	if (filter_check(&s->filter, err, sizeof(err)) != 0) {
		fprintf(stderr, "handoff rank: %s\n", err);
		return EXIT_USAGE;
	}
	cmd_run_path(run, "samples.csv", path, sizeof(path));
	if (samples_read(path, &rows, &n, err, sizeof(err)) != 0) {
		fprintf(stderr, "handoff rank: %s\n", err);
		return EXIT_USAGE;
	}
	n = select_rows(s, rows, n);
	code = print_ranking(s, rows, n);
	free(rows);
	return code;
}

int cmd_rank(int argc, char **argv)
{
	struct rank_settings s;
	const char **operands;
	int n, code = opt_parse(&cmd, &s, argc, argv, &operands, &n);

	if (code != OPT_RUN)
		return code;
	if (n > 1) {
		fprintf(stderr, "handoff rank: one run at a time\n");
		code = EXIT_USAGE;
	} else {
		code = rank(&s, n ? operands[0] : "results/latest");
	}
	opt_free(&cmd, &s);
	return code;
}
