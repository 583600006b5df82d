/*
 * report_compare.c - several runs side by side, see report.h.
 *
 * Every run is ranked within itself elsewhere; here nothing is: machines differ
 * in more than the mechanisms, so that a ratio between columns compares machines.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/answers.h"
#include "bench/report.h"
#include "bench/report_run.h"
#include "bench/report_text.h"
#include "harness/compiler.h"
#include "harness/topo.h"

enum { PATH_BYTES = 4200, TEXT = 160, CLASSES = 256 };

struct comparison {
	const char *const *dir;
	struct report_run *run;
	char (*classes)[CLASSES];
	size_t n;
};

/* ---- reading ----------------------------------------------------------------- */

/* The same file by whatever path, or a copy of it: one run, host and first row. */
static bool same_run(const struct comparison *c, size_t a, size_t b)
{
	const struct report_run *x = &c->run[a], *y = &c->run[b];
	char path[PATH_BYTES];
	struct stat st[2];

	snprintf(path, sizeof(path), "%s/samples.csv", c->dir[a]);
	if (stat(path, &st[0]) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/samples.csv", c->dir[b]);
	if (stat(path, &st[1]) != 0)
		return false;
	if (st[0].st_dev == st[1].st_dev && st[0].st_ino == st[1].st_ino)
		return true;
	return x->n && y->n && strcmp(x->rows[0].run_id, y->rows[0].run_id) == 0 &&
	       strcmp(x->rows[0].host, y->rows[0].host) == 0 &&
	       strcmp(x->rows[0].timestamp_utc, y->rows[0].timestamp_utc) == 0 &&
	       strcmp(report_run_env(x, "seed"), report_run_env(y, "seed")) == 0;
}

/* Of its topology.xml: "same-pu smt same-l3"; or why that cannot be said. */
static void read_classes(const char *dir, char *out)
{
	struct place_count count[PLACE_CLASSES];
	char path[PATH_BYTES], err[300];
	struct topo *t;
	size_t used = 0;

	snprintf(path, sizeof(path), "%s/topology.xml", dir);
	t = topo_open_file(path, err, sizeof(err));
	if (!t) {
		snprintf(out, CLASSES, "unknown: no topology.xml that can be read");
		return;
	}
	topo_count_pairs(t, count);
	for (int i = 0; i < PLACE_CLASSES; i++) {
		if (count[i].pairs && used < CLASSES)
			used += (size_t)snprintf(out + used, CLASSES - used, "%s%s",
				used ? " " : "", place_class_name((enum place_class)i));
	}
	topo_close(t);
}

static int read_runs(struct comparison *c, char *err, size_t err_len)
{
	for (size_t i = 0; i < c->n; i++) {
		int code = report_run_read(&c->run[i], c->dir[i], err, err_len);

		if (code)
			return code;
		read_classes(c->dir[i], c->classes[i]);
		for (size_t k = 0; k < i; k++) {
			if (!same_run(c, k, i))
				continue;
			snprintf(err, err_len,
				"%.200s and %.200s are the same run; give each run once", c->dir[k],
				c->dir[i]);
			return -EEXIST;
		}
	}
	return 0;
}

/* ---- how the machines differ ---------------------------------------------------- */

static void put_head(FILE *to, const struct comparison *c, const char *first, const char *rule)
{
	fprintf(to, "| %s |", first);
	for (size_t i = 0; i < c->n; i++) {
		fprintf(to, " %c: ", (char)('A' + (int)(i % 26)));
		report_text(to, report_run_id(&c->run[i]));
		fputs(" |", to);
	}
	fputs("\n|---|", to);
	for (size_t i = 0; i < c->n; i++)
		fputs(rule, to);
	fputs("\n", to);
}

static const char *fact(const struct comparison *c, size_t run, const char *key)
{
	const struct run_env *e;

	if (strcmp(key, "placement_classes") == 0)
		return c->classes[run];
	e = report_run_env_row(&c->run[run], key);
	return !e ? "not recorded" : e->value[0] ? e->value : "could not be read";
}

static bool differs(const struct comparison *c, const char *key)
{
	for (size_t i = 1; i < c->n; i++) {
		if (strcmp(fact(c, 0, key), fact(c, i, key)) != 0)
			return true;
	}
	return false;
}

static void put_fact(FILE *to, const struct comparison *c, const char *key)
{
	fputs("| ", to);
	report_text(to, key);
	fputs(" |", to);
	for (size_t i = 0; i < c->n; i++) {
		fputs(" ", to);
		report_text(to, fact(c, i, key));
		fputs(" |", to);
	}
	fputs("\n", to);
}

/* Always shown: what decides whether two runs may be looked at together. */
static const char *const main_facts[] = {"host", "cpu_model", "cpus_online_count",
	"placement_classes", "kernel", "libc", "compiler", "compiler_flags", "governor",
	"hypervisor", "handoff_commit", "handoff_flags", "clock", "transparent_hugepages"};

static bool is_main(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(main_facts); i++) {
		if (strcmp(main_facts[i], key) == 0)
			return true;
	}
	return false;
}

/* Runs of one machine are no comparison of machines: said, with what there is for them. */
static void put_same_machine(FILE *to, const struct comparison *c)
{
	for (size_t k = 1; k < c->n; k++) {
		for (size_t i = 0; i < k; i++) {
			if (strcmp(fact(c, i, "host"), fact(c, k, "host")) == 0 &&
				report_run_env_row(&c->run[i], "host") &&
				strcmp(fact(c, i, "cpu_model"), fact(c, k, "cpu_model")) == 0)
				fprintf(to,
					"\n%c and %c are runs of one machine: whether they say the "
					"same is judged by `handoff repro`.\n",
					(char)('A' + (int)(i % 26)), (char)('A' + (int)(k % 26)));
		}
	}
}

static void put_differences(FILE *to, const struct comparison *c)
{
	fputs("\n## How the runs differ\n\n", to);
	put_head(to, c, "", "---|");
	for (size_t i = 0; i < ARRAY_LEN(main_facts); i++)
		put_fact(to, c, main_facts[i]);
	for (size_t run = 0; run < c->n; run++) {
		for (size_t i = 0; i < c->run[run].n_env; i++) {
			const char *key = c->run[run].env[i].key;
			bool seen = is_main(key);

			for (size_t k = 0; k < run && !seen; k++)
				seen = report_run_env_row(&c->run[k], key) != NULL;
			if (!seen && differs(c, key))
				put_fact(to, c, key);
		}
	}
	fputs("\nEverything else that environment.csv records is the same in all of them.\n", to);
	put_same_machine(to, c);
}

/* ---- the cells ------------------------------------------------------------------- */

/* The next key after the rows at `at`, over all runs; NULL: none. */
static const char *next_key(const struct comparison *c, const size_t *at)
{
	const char *key = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct report_run *r = &c->run[i];

		if (at[i] < r->n && (!key || strcmp(r->by_cell[at[i]]->cell, key) < 0))
			key = r->by_cell[at[i]]->cell;
	}
	return key;
}

/* What nearest and farthest were, where the runs do not agree. */
static bool classes_differ(const struct comparison *c, const size_t *at, const size_t *n)
{
	const char *class = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const char *here = n[i] ? answers_class(c->run[i].by_cell[at[i]]) : "";

		if (!here[0])
			continue;
		if (class && strcmp(class, here) != 0)
			return true;
		class = here;
	}
	return false;
}

static void put_place(FILE *to, const struct sample *const *row, size_t n, bool say_class)
{
	struct run_figure f = {.n = 0};
	char text[TEXT];

	if (n)
		report_run_figure(row, n, RUN_FIGURE, &f);
	if (n == 0 || f.n == 0) {
		fputs(" - |", to);
		return;
	}
	rank_format(&f.v, rank_lower_is_better(row[0]) ? "ns" : "per_s", text, sizeof(text));
	fprintf(to, " %s, n=%zu", text, f.n);
	if (say_class && answers_class(row[0])[0]) {
		fputs(" (", to);
		report_text(to, answers_class(row[0]));
		fputs(")", to);
	}
	fputs(" |", to);
}

static void put_cell(FILE *to, const struct comparison *c, const char *key, size_t *at, size_t *n)
{
	bool say_class;

	for (size_t i = 0; i < c->n; i++) {
		const struct report_run *r = &c->run[i];

		for (n[i] = 0;
			at[i] + n[i] < r->n && strcmp(r->by_cell[at[i] + n[i]]->cell, key) == 0;)
			n[i]++;
	}
	say_class = classes_differ(c, at, n);
	fputs("| ", to);
	report_code(to, key);
	fputs(" |", to);
	for (size_t i = 0; i < c->n; i++)
		put_place(to, &c->run[i].by_cell[at[i]], n[i], say_class);
	fputs("\n", to);
	for (size_t i = 0; i < c->n; i++)
		at[i] += n[i];
}

static int put_cells(FILE *to, const struct comparison *c)
{
	size_t *at = calloc(2 * c->n, sizeof(*at));
	const char *key;

	if (!at)
		return -ENOMEM;
	fputs("\n## The cells\n\nMedians over trials with their 95 % interval, or the range where "
	      "there are under six: of round trips and single operations the time, of the others "
	      "operations per second. A dash: that run has no ok row of the cell.\n\n",
		to);
	put_head(to, c, "cell", "---|");
	while ((key = next_key(c, at)))
		put_cell(to, c, key, at, at + c->n);
	free(at);
	return 0;
}

static int put_comparison(void *ctx, FILE *to, char *err, size_t err_len)
{
	const struct comparison *c = ctx;
	int code;

	fprintf(to,
		"# %zu runs side by side\n\n"
		"**Ratios between machines are not a comparison of mechanisms.** Two columns "
		"differ in processor, kernel, compiler, settings and neighbours all at once; "
		"which mechanism to use on a machine is said by that machine's own report. "
		"There is no winner here.\n",
		c->n);
	put_differences(to, c);
	code = put_cells(to, c);
	if (code)
		snprintf(err, err_len, "no memory to compare %zu runs", c->n);
	return code;
}

static int write_comparison(struct comparison *c, const char *path, char *err, size_t err_len)
{
	int code;

	if (path)
		return report_save(path, put_comparison, c, err, err_len);
	code = put_comparison(c, stdout, err, err_len);
	if (!code && (fflush(stdout) != 0 || ferror(stdout))) {
		snprintf(err, err_len, "the comparison could not be written to stdout");
		code = -EIO;
	}
	return code;
}

int report_compare(
	const char *const *run_dir, size_t n, const char *out_path, char *err, size_t err_len)
{
	struct comparison c = {
		.dir = run_dir,
		.run = calloc(n, sizeof(*c.run)),
		.classes = calloc(n, sizeof(*c.classes)),
		.n = n,
	};
	int code = -ENOMEM;

	if (c.run && c.classes)
		code = read_runs(&c, err, err_len);
	else
		snprintf(err, err_len, "no memory for %zu runs", n);
	if (!code)
		code = write_comparison(&c, out_path, err, err_len);
	for (size_t i = 0; c.run && i < n; i++)
		report_run_free(&c.run[i]);
	free(c.run);
	free(c.classes);
	return code;
}
