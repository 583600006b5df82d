/* report.c - see report.h. */
#include "bench/report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/answers.h"
#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/env.h"
#include "bench/pictures.h"
#include "bench/report_cells.h"
#include "bench/report_text.h"
#include "harness/compiler.h"

enum { PATH_BYTES = 4200, ENV_ROWS = 160, ENV_VALUE = 400, CAPTION = 2600 };

struct env_row {
	char key[64], value[ENV_VALUE], reason[ENV_VALUE];
};

struct report {
	const char *dir;
	struct sample *rows;
	size_t n;
	struct env_row *env;
	size_t n_env;
	char env_why[ENV_VALUE]; /* why there is no environment; "" if there is one */
	struct ranking ranking;
	struct picture picture[PICTURES_MAX];
	size_t pictures;
	char caption[CAPTION];
	FILE *out;
};

/* ---- the run's files ------------------------------------------------------- */

static int on_env(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct report *r = ctx;
	struct env_row *e = &r->env[r->n_env];

	(void)len;
	if (line == 1 || n < 3 || r->n_env == ENV_ROWS)
		return 0;
	snprintf(e->key, sizeof(e->key), "%s", field[0]);
	snprintf(e->value, sizeof(e->value), "%s", field[1]);
	snprintf(e->reason, sizeof(e->reason), "%s", field[2]);
	r->n_env++;
	return 0;
}

static const char *env(const struct report *r, const char *key)
{
	for (size_t i = 0; i < r->n_env; i++) {
		if (strcmp(r->env[i].key, key) == 0)
			return r->env[i].value[0] ? r->env[i].value : "unknown";
	}
	return "unknown";
}

static int read_run(struct report *r, char *err, size_t err_len)
{
	char path[PATH_BYTES];
	int code;

	snprintf(path, sizeof(path), "%s/samples.csv", r->dir);
	code = samples_read(path, &r->rows, &r->n, err, err_len);
	if (code)
		return code;
	r->env = calloc(ENV_ROWS, sizeof(*r->env));
	if (r->env)
		code = rank_rows(&r->ranking, r->rows, r->n, cmd_rankable);
	if (!r->env || code) {
		snprintf(err, err_len, "%s: no memory to rank %zu rows", path, r->n);
		return -ENOMEM;
	}
	snprintf(path, sizeof(path), "%s/environment.csv", r->dir);
	csv_read_file(path, NULL, on_env, r, r->env_why, sizeof(r->env_why));
	return 0;
}

/* The most trials that any cell has, and the day: what a caption must say. */
static void make_caption(struct report *r)
{
	double trials = 0;

	for (size_t i = 0; i < r->n; i++)
		trials = r->rows[i].rep + 1 > trials ? r->rows[i].rep + 1 : trials;
	snprintf(r->caption, sizeof(r->caption),
		"up to %.0f trials a cell; %s, kernel %s, %s; %.10s; handoff %s", trials,
		env(r, "cpu_model"), env(r, "kernel"), env(r, "handoff_flags"),
		r->n ? r->rows[0].timestamp_utc : "", env(r, "handoff_commit"));
}

/* ---- chapters -------------------------------------------------------------- */

static double env_number(const struct report *r, const char *key)
{
	const char *text = env(r, key);
	char *end;
	double v = strtod(text, &end);

	return end != text ? v : NAN; /* "unlimited", "unknown" */
}

/* The machine of the run, as its environment.csv has it: not the one that writes the report. */
static void run_facts(const struct report *r, struct env_facts *f)
{
	double cpus = env_number(r, "cpus_online_count");
	const char *governor = env(r, "governor");

	*f = (struct env_facts){
		.cpus_online = cpus > 0 ? (unsigned)cpus : 0,
		.quota_cpus = env_number(r, "cgroup_cpu_quota_cpus"),
		.load = env_number(r, "load_average"),
		.steal_pct = env_number(r, "steal_since_boot_pct"),
	};
	snprintf(f->hypervisor, sizeof(f->hypervisor), "%.127s", env(r, "hypervisor"));
	f->is_virtual = strcmp(f->hypervisor, "none") != 0 && strcmp(f->hypervisor, "unknown") != 0;
	if (strcmp(governor, "unknown") != 0)
		snprintf(f->governor, sizeof(f->governor), "%.127s", governor);
}

static void belief(const struct report *r, char *out, size_t len)
{
	struct env_facts facts;
	char doubts[512];

	run_facts(r, &facts);
	env_believe(&facts, doubts, sizeof(doubts));
	snprintf(out, len, "Measured on %s (CPUs %s), kernel %s. %s", env(r, "cpu_model"),
		env(r, "cpus_online"), env(r, "kernel"), r->n_env ? doubts : "");
}

static void put_pictures(const struct report *r)
{
	for (size_t i = 0; i < r->pictures; i++) {
		const struct picture *p = &r->picture[i];

		if (p->why[0])
			fprintf(r->out, "\n*%s: not drawn, see chapter 7*\n", p->title);
		else
			fprintf(r->out, "\n![%s](plots/%s.svg)\n", p->title, p->name);
	}
}

static void put_answers(const struct report *r)
{
	char line[2600];

	belief(r, line, sizeof(line));
	fputs("## 1 The answers\n\n"
	      "Fastest by the median round trip over trials, with its 95 % interval (or the range "
	      "where there are fewer than six trials); mechanisms that sleep and mechanisms that "
	      "spin are judged apart.\n",
		r->out);
	answers_print(r->out, r->rows, r->n, cmd_rankable, line, true);
	put_pictures(r);
}

static void count_status(const struct report *r)
{
	static const char *const status[] = {
		"ok", "skip", "fail", "timeout", "crash", "interrupted"};
	size_t noisy = 0;

	fprintf(r->out, "%zu rows:", r->n);
	for (size_t s = 0; s < ARRAY_LEN(status); s++) {
		size_t n = 0;

		for (size_t i = 0; i < r->n; i++)
			n += strcmp(r->rows[i].status, status[s]) == 0;
		if (n)
			fprintf(r->out, " %zu %s", n, status[s]);
	}
	for (size_t i = 0; i < r->n; i++)
		noisy += strcmp(r->rows[i].quality, "noisy") == 0;
	fprintf(r->out, "; %zu of the ok ones are marked noisy.\n", noisy);
}

/* What was asked for and is not on this machine, each reason once. */
static void put_absent(const struct report *r)
{
	fputs("\n**What this machine cannot show**\n\n", r->out);
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		bool seen = strcmp(r->rows[i].status, "skip") != 0;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(r->rows[k].status, "skip") == 0 &&
			       strcmp(r->rows[k].reason, r->rows[i].reason) == 0;
		if (seen)
			continue;
		fputs("- ", r->out);
		report_text(r->out, r->rows[i].reason);
		fputs("\n", r->out);
		any = true;
	}
	if (!any)
		fputs("- Nothing that the matrix asked for was skipped. What it did not ask for "
		      "(other placements, NUMA, other kernels) is not said here.\n",
			r->out);
}

static void put_environment(const struct report *r)
{
	fputs("\n**The machine**\n\n", r->out);
	if (r->env_why[0]) {
		fputs("What machine this was cannot be said: ", r->out);
		report_text(r->out, r->env_why);
		fputs("\n", r->out);
	}
	if (r->n_env)
		fputs("| key | value | why there is none |\n|---|---|---|\n", r->out);
	for (size_t i = 0; i < r->n_env; i++) {
		fputs("| ", r->out);
		report_text(r->out, r->env[i].key);
		fputs(" | ", r->out);
		report_text(r->out, r->env[i].value);
		fputs(" | ", r->out);
		report_text(r->out, r->env[i].reason);
		fputs(" |\n", r->out);
	}
}

static void put_method(const struct report *r)
{
	fputs("\n## 7 How it was measured, how far to believe it, what this machine cannot show\n\n"
	      "Each trial ran in fresh processes. Trials ran in blocks, one of every cell in random "
	      "order, so that a drift of the machine meets all cells alike. Workers were pinned and "
	      "looked for before and after, started at an agreed time, and warmed up untimed. "
	      "Senders and receivers claimed their work from common counters until it was done; "
	      "locks ran until a flag. Every message carried its producer and sequence at both "
	      "ends and was checked: a trial that lost, doubled, reordered or damaged one has no "
	      "number. A round trip is a whole one. Percentiles appear only where 100 samples lie "
	      "beyond. A trial is marked noisy when the host took more than 2 % of the CPU time "
	      "around it, a worker was seen off its processor, the workers overlapped for less than "
	      "80 % though each had a processor, or the stretch came out at less than half or more "
	      "than twice its plan; noisy trials are left out of the medians where three clean ones "
	      "exist, never deleted.\n\n",
		r->out);
	count_status(r);
	for (size_t i = 0; i < r->pictures; i++) {
		if (!r->picture[i].why[0])
			continue;
		fprintf(r->out, "\nPicture %s was not drawn: ", r->picture[i].name);
		report_text(r->out, r->picture[i].why);
		fputs("\n", r->out);
	}
	put_absent(r);
	put_environment(r);
}

static void put_report(const struct report *r)
{
	fprintf(r->out,
		"# Report of run %s\n\nMade from the files of this directory by `handoff "
		"report`; every figure comes from them.\n\n",
		r->n ? r->rows[0].run_id : "(empty)");
	put_answers(r);
	put_method(r);
	report_cells(r->out, r->rows, r->n);
}

/* ---- writing ---------------------------------------------------------------- */

static int save(struct report *r, char *err, size_t err_len)
{
	char path[PATH_BYTES], temp[PATH_BYTES + 8];
	int code = 0;

	snprintf(path, sizeof(path), "%s/REPORT.md", r->dir);
	snprintf(temp, sizeof(temp), "%s.new", path);
	r->out = fopen(temp, "we");
	if (!r->out) {
		code = -errno;
		snprintf(err, err_len, "cannot write %s: %s", temp, strerror(-code));
		return code;
	}
	put_report(r);
	if (fflush(r->out) != 0 || ferror(r->out))
		code = -EIO;
	if (fclose(r->out) != 0)
		code = -EIO;
	if (!code && rename(temp, path) != 0)
		code = -errno;
	if (code) {
		unlink(temp);
		snprintf(err, err_len, "cannot write %s: %s", path, strerror(-code));
	}
	return code;
}

int report_write(const char *run_dir, char *err, size_t err_len)
{
	struct report r = {.dir = run_dir};
	int code = read_run(&r, err, err_len);

	if (!code) {
		make_caption(&r);
		r.pictures = pictures_draw(r.picture, run_dir, &r.ranking, r.rows, r.n, r.caption);
		for (size_t i = 0; i < r.pictures; i++) {
			if (r.picture[i].why[0]) {
				fprintf(stderr, "pictures: %s\n", r.picture[i].why);
				break; /* the others fail alike */
			}
		}
		code = save(&r, err, err_len);
	}
	rank_free(&r.ranking);
	free(r.rows);
	free(r.env);
	return code;
}
