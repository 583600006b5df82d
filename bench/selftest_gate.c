/*
 * selftest_gate.c - gates whose right answer is known; see selftest_gate.h.
 *
 * aa: this program against a copy of its file.  aa2: against another link of the same objects.
 * inject: against its copy, both as probed twins, those of the copy burning time in each operation
 * of some cells.
 */
#include "bench/selftest_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/cmd.h"
#include "bench/gate_runs.h"
#include "bench/opt.h"
#include "bench/random.h"
#include "bench/stats.h"
#include "bench/version.h"
#include "harness/futex.h"

enum {
	MOST_RUNS = 1000,
	MOST_CHANGES = 64,
	SPINS = 20000000,
	LOOKS = 5,
	STREAM_CELLS = 21,
};

struct settings {
	struct ab_settings ab;
	uint64_t runs, cells;
	const char *out;
};

/* "GLOB=10%". */
struct change {
	char glob[CELL_KEY];
	double share; /* 0.1 */
};

struct gate_test {
	struct settings set;
	const char *kind;
	char old_path[PATH_MAX], new_path[PATH_MAX], copy[PATH_MAX]; /* copy: to be removed, "" */
	struct change change[MOST_CHANGES];
	size_t changes;
	double spin_ns;
	struct gate_run run; /* the one at hand */
	struct gate_run *past;
	size_t n_past;
	char err[RUN_ERR];
};

#define FIELD(f) offsetof(struct settings, f)
#define COMMON                                                                                     \
	{"runs", 0, OPT_U64, FIELD(runs), "N", "1", "How many gates."},                            \
		{"matrix", 0, OPT_STR, FIELD(ab.matrix), "NAME", "gate6",                          \
			"A matrix file, or the name of a shipped one."},                           \
		{"pairs", 0, OPT_U64, FIELD(ab.pairs), "N", NULL, "As in `handoff ab`."},          \
		{"trial-ms", 0, OPT_TIME_NS, FIELD(ab.trial_ns), "MS", NULL,                       \
			"As in `handoff ab`."},                                                    \
		{"seed", 0, OPT_U64, FIELD(ab.seed), "N", NULL,                                    \
			"Of the first gate; the next have the numbers behind it.  Default: a "     \
			"fresh one."},                                                             \
	{                                                                                          \
		"out", 'o', OPT_STR, FIELD(out), "FILE", NULL,                                     \
			"Add a row for each gate to this CSV file, and print what all its rows "   \
			"add up to."                                                               \
	}

static const struct opt opts[] = {COMMON, {0}};

static const struct opt inject_opts[] = {COMMON,
	{"cells", 0, OPT_U64, FIELD(cells), "N", NULL,
		"Slow down so many of the cells that match, drawn anew for each gate.  Default: all "
		"of them."},
	{0}};

/* ---- the two programs -------------------------------------------------------------- */

static int copy_self(struct gate_test *t)
{
	const char *dir = getenv("TMPDIR");
	int from = open(t->old_path, O_RDONLY | O_CLOEXEC), to;
	struct stat st;
	int code = 0;

	snprintf(t->copy, sizeof(t->copy), "%.3000s/handoff-copy-XXXXXX",
		dir && dir[0] ? dir : "/tmp");
	to = from < 0 ? -1 : mkostemp(t->copy, O_CLOEXEC);
	if (to < 0 || fstat(from, &st) != 0)
		code = -errno;
	while (!code && lseek(to, 0, SEEK_CUR) < st.st_size) {
		if (sendfile(to, from, NULL, (size_t)st.st_size) <= 0)
			code = -EIO;
	}
	if (!code && fchmod(to, 0755) != 0)
		code = -errno;
	if (code)
		snprintf(t->err, RUN_ERR, "cannot copy this program to %.300s: %s", t->copy,
			strerror(-code));
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	else
		t->copy[0] = '\0';
	snprintf(t->new_path, sizeof(t->new_path), "%s", t->copy);
	return code;
}

static int find_self(struct gate_test *t)
{
	if (realpath("/proc/self/exe", t->old_path))
		return 0;
	snprintf(t->err, RUN_ERR, "/proc/self/exe, this program's file, cannot be read: %s",
		strerror(errno));
	return -errno;
}

/* ---- slowing down ------------------------------------------------------------------- */

/* What one of probe.c's spins takes; the least of several looks. */
static double measure_spin(void)
{
	double least = INFINITY;

	for (int look = 0; look < LOOKS; look++) {
		uint64_t begin = monotonic_ns();
		double each;

		for (uint64_t i = 0; i < SPINS; i++)
			__asm__ volatile("" ::: "memory");
		each = (double)(monotonic_ns() - begin) / SPINS;
		least = each < least ? each : least;
	}
	return least;
}

static double change_of(const struct gate_test *t, const char *key)
{
	for (size_t i = 0; i < t->changes; i++) {
		if (fnmatch(t->change[i].glob, key, 0) == 0)
			return t->change[i].share;
	}
	return 0;
}

/* One worker passes one point in each operation, and nothing else goes on meanwhile. */
static bool can_be_slowed(const struct cell *c)
{
	const char *w = c->workload->name;

	return c->side_a == 1 && c->side_b <= 1 &&
	       (strcmp(w, "pingpong") == 0 || strcmp(w, "uncontended") == 0);
}

/* ns of an operation of the probed twin: the median of some trials of OLD. */
static int time_operation(struct ab *ab, size_t cell, double *ns)
{
	struct runner *r = &ab->run.runner;
	struct trial_fault none = {.act = PROBE_NONE};
	double seen[LOOKS], work[LOOKS];
	size_t n = 0;
	int code = 0;

	r->binary = ab->side[AB_OLD].path;
	r->probed = &none;
	for (int i = 0; i < LOOKS && !code && !launch_stop; i++) {
		code = runner_trial(r, &ab->run.plan.cell[cell], false, ab->err, RUN_ERR);
		if (!code && r->result->status == TRIAL_OK && r->result->ops)
			seen[n++] = (double)r->result->elapsed_ns / (double)r->result->ops;
	}
	*ns = stats_median(seen, n, work);
	return launch_stop ? -EINTR : code;
}

static int arm(struct ab *ab, struct gate_test *t, size_t cell, double share)
{
	double ns = 0;
	int code = time_operation(ab, cell, &ns);

	if (code || !isfinite(ns)) {
		if (!code)
			snprintf(ab->err, RUN_ERR, "%.300s does not run here: %.100s",
				ab->run.plan.cell[cell].key, ab->run.runner.result->reason);
		return code ? code : -EINVAL;
	}
	ab->cell[cell].fault = (struct trial_fault){
		.act = PROBE_BURN,
		.point = POINT_BEFORE_SEND,
		.nth = 1,
		.value = (uint64_t)(share * ns / t->spin_ns + 0.5),
	};
	t->run.effect_pct = 100 * share;
	return 0;
}

/* Of the cells that match, those that are drawn. */
static int arm_cells(struct ab *ab)
{
	struct gate_test *t = ab->adjust_arg;
	uint64_t state = random_stream(ab->run.plan.seed, 0, STREAM_CELLS);
	size_t match = 0, left;
	int code = 0;

	for (size_t i = 0; i < ab->run.plan.n; i++)
		match += ab->cell[i].standing == AB_JUDGED &&
			 can_be_slowed(&ab->run.plan.cell[i]) &&
			 change_of(t, ab->run.plan.cell[i].key) > 0;
	left = t->set.cells && t->set.cells < match ? t->set.cells : match;
	if (match == 0) {
		snprintf(ab->err, RUN_ERR,
			"no cell of the matrix that matches can be slowed: round trips and what "
			"one worker does alone can");
		return -EINVAL;
	}
	for (size_t i = 0; i < ab->run.plan.n && !code; i++) {
		const struct cell *c = &ab->run.plan.cell[i];
		double share = change_of(t, c->key);

		if (ab->cell[i].standing != AB_JUDGED || !can_be_slowed(c) || !(share > 0))
			continue;
		if (random_below(&state, match--) < left) {
			code = arm(ab, t, i, share);
			left--;
		}
	}
	return code;
}

/* ---- one gate ------------------------------------------------------------------------ */

static bool has_regressed(const struct judgement *j, const char *key)
{
	for (size_t i = 0; i < j->n; i++) {
		if (j->row[i].verdict == JUDGED_REGRESSED && j->row[i].gated &&
			strcmp(j->row[i].cell, key) == 0)
			return true;
	}
	return false;
}

static void sum_up(struct gate_test *t, const struct ab *ab, int code, double wall_s)
{
	struct gate_run *r = &t->run;

	snprintf(r->kind, sizeof(r->kind), "%s", t->kind);
	snprintf(r->began, sizeof(r->began), "%s", ab->began);
	snprintf(r->matrix, sizeof(r->matrix), "%.63s", t->set.ab.matrix);
	snprintf(r->old_id, sizeof(r->old_id), "%s", ab->side[AB_OLD].id);
	snprintf(r->new_id, sizeof(r->new_id), "%s", ab->side[AB_NEW].id);
	snprintf(r->commit, sizeof(r->commit), "%.23s", version_commit);
	r->seed = (double)ab->run.plan.seed;
	r->pairs = (double)ab->gate.spent;
	r->cells = (double)ab->run.plan.n;
	r->gated = (double)ab->gate.gated;
	r->open = (double)ab->gate.open;
	r->suite = ab->gate.suite_slower;
	r->exit_code = code;
	r->wall_s = wall_s;
	for (size_t i = 0; i < ab->run.plan.n; i++) {
		bool slowed = ab->cell[i].fault.act == PROBE_BURN;
		bool named = has_regressed(&ab->judgement, ab->run.plan.cell[i].key);

		r->injected += slowed;
		r->found += slowed && named;
		r->false_cells += !slowed && named;
	}
}

static int run_gate(struct gate_test *t, uint64_t number)
{
	struct ab *ab = calloc(1, sizeof(*ab));
	uint64_t begin = monotonic_ns();
	int code;

	if (!ab)
		return EXIT_USAGE;
	t->run = (struct gate_run){.kind = ""};
	ab->set = t->set.ab;
	ab->set.quiet = true;
	ab->set.seed = t->set.ab.seed + number;
	ab->side[AB_OLD].given = t->old_path;
	ab->side[AB_NEW].given = t->new_path;
	if (t->changes) {
		ab->probed = true;
		ab->adjust = arm_cells;
		ab->adjust_arg = t;
	}
	code = ab_run(ab);
	if (code < EXIT_SIGNAL && ab->judgement.row) {
		sum_up(t, ab, code, (double)(monotonic_ns() - begin) / 1e9);
		printf("gate %llu, seed %.0f: ", (unsigned long long)number + 1, t->run.seed);
		judged_last_line(stdout, &ab->judgement);
		fflush(stdout);
	}
	ab_free(ab);
	free(ab);
	return code;
}

/* ---- all of them ----------------------------------------------------------------------- */

static int fail(const struct gate_test *t)
{
	fprintf(stderr, "handoff selftest %s: %s\n", t->kind, t->err);
	return EXIT_USAGE;
}

static int keep(struct gate_test *t)
{
	struct gate_run *more = realloc(t->past, (t->n_past + 1) * sizeof(*more));

	if (!more) {
		snprintf(t->err, RUN_ERR, "no memory");
		return -ENOMEM;
	}
	t->past = more;
	t->past[t->n_past++] = t->run;
	return t->set.out ? gate_runs_add(t->set.out, &t->run, t->err, RUN_ERR) : 0;
}

/* Green on what is the same; with something injected: all of it, and nothing else. */
static bool is_wrong(const struct gate_run *r)
{
	return r->false_cells > 0 || (r->suite > 0 && r->injected == 0) || r->found < r->injected;
}

static int run_gates(struct gate_test *t)
{
	bool wrong = false, open = false;

	for (uint64_t i = 0; i < t->set.runs; i++) {
		int code = run_gate(t, i);

		if (code >= EXIT_SIGNAL || code == EXIT_USAGE || code == EXIT_NOTHING)
			return code;
		if (keep(t) != 0)
			return fail(t);
		wrong = wrong || is_wrong(&t->run);
		open = open || code == EXIT_INCONCLUSIVE;
	}
	return wrong ? EXIT_FINDING : open ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int check(struct gate_test *t)
{
	if (t->set.runs > MOST_RUNS) {
		snprintf(t->err, RUN_ERR, "--runs goes up to %d", MOST_RUNS);
		return -EINVAL;
	}
	if (!t->set.ab.seed)
		t->set.ab.seed = random_fresh_seed();
	if (t->set.out && access(t->set.out, F_OK) == 0)
		return gate_runs_read(t->set.out, &t->past, &t->n_past, t->err, RUN_ERR);
	return 0;
}

static int run_test(struct gate_test *t)
{
	int code = check(t);

	if (!code)
		code = find_self(t);
	if (!code && !t->new_path[0])
		code = copy_self(t);
	if (code)
		return fail(t);
	code = run_gates(t);
	if (t->n_past)
		gate_runs_print(stdout, t->past, t->n_past);
	return code;
}

static void end_test(struct gate_test *t)
{
	if (t->copy[0])
		unlink(t->copy);
	free(t->past);
	free(t);
}

/* ---- the words --------------------------------------------------------------------------- */

#define EXITS                                                                                      \
	"Exit codes: 0 right each time, 1 a false alarm, or a slowed cell that was not named, 3\n" \
	"nothing could run, 4 a gate decided nothing.\n"

int selftest_gate_aa(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "selftest aa",
		.synopsis = "[options]",
		.summary = "`handoff ab` on this program and a copy of its file: nothing became "
			   "slower, and it must say so.",
		.opts = opts,
		.after = EXITS,
	};
	struct gate_test *t = calloc(1, sizeof(*t));
	int code = t ? opt_parse(&cmd, &t->set, argc, argv, NULL, NULL) : EXIT_USAGE;

	if (code == OPT_RUN) {
		t->kind = "aa";
		code = run_test(t);
		opt_free(&cmd, &t->set);
	}
	if (t)
		end_test(t);
	return code;
}

int selftest_gate_aa2(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "selftest aa2",
		.synopsis = "[options] RELINKED",
		.summary = "`handoff ab` on this program and another link of the same objects, in "
			   "another order and alignment: `make aa2` makes build/aa2/handoff.",
		.opts = opts,
		.after = EXITS,
	};
	struct gate_test *t = calloc(1, sizeof(*t));
	const char **operand;
	int n = 0, code = t ? opt_parse(&cmd, &t->set, argc, argv, &operand, &n) : EXIT_USAGE;

	if (code == OPT_RUN && n != 1) {
		fputs("handoff selftest aa2: name the relinked program; `make aa2` makes "
		      "build/aa2/handoff\n",
			stderr);
		opt_free(&cmd, &t->set);
		code = EXIT_USAGE;
	} else if (code == OPT_RUN) {
		t->kind = "aa2";
		snprintf(t->new_path, sizeof(t->new_path), "%.4095s", operand[0]);
		code = run_test(t);
		opt_free(&cmd, &t->set);
	}
	if (t)
		end_test(t);
	return code;
}

/* "GLOB=10%"; a key has "=" in it, too. */
static int parse_change(struct gate_test *t, const char *text)
{
	const char *eq = strrchr(text, '=');
	struct change *c = &t->change[t->changes];
	char *end = NULL;
	double pct = eq ? strtod(eq + 1, &end) : 0;

	if (!eq || eq == text || end == eq + 1 || strcmp(end, "%") != 0 || !(pct > 0) ||
		pct > 1000 || (size_t)(eq - text) >= sizeof(c->glob) ||
		t->changes == MOST_CHANGES) {
		snprintf(t->err, RUN_ERR,
			"\"%.200s\" is not CELL=PERCENT, as 'channel/pipe/*=10%%', up to 1000 %%",
			text);
		return -EINVAL;
	}
	snprintf(c->glob, sizeof(c->glob), "%.*s", (int)(eq - text), text);
	c->share = pct / 100;
	t->changes++;
	return 0;
}

static int inject(struct gate_test *t, const char **operand, int n)
{
	t->kind = "inject";
	if (n == 0) {
		snprintf(t->err, RUN_ERR, "say which cells become slower: 'channel/pipe/*=10%%'");
		return fail(t);
	}
	for (int i = 0; i < n; i++) {
		if (parse_change(t, operand[i]) != 0)
			return fail(t);
	}
	t->spin_ns = measure_spin();
	return run_test(t);
}

int selftest_gate_inject(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "selftest inject",
		.synopsis = "[options] CELL=PERCENT...",
		.summary =
			"`handoff ab` on this program and its copy, which burns so much more time "
			"in each operation of the cells named (globs of keys): those and no "
			"others must be named.  Both run the probed twins.",
		.opts = inject_opts,
		.after = "  handoff selftest inject 'channel/pipe/*=10%'\n"
			 "  handoff selftest inject --matrix gate60 --cells 3 '*=10%'\n\n" EXITS,
	};
	struct gate_test *t = calloc(1, sizeof(*t));
	const char **operand;
	int n = 0, code = t ? opt_parse(&cmd, &t->set, argc, argv, &operand, &n) : EXIT_USAGE;

	if (code == OPT_RUN) {
		code = inject(t, operand, n);
		opt_free(&cmd, &t->set);
	}
	if (t)
		end_test(t);
	return code;
}
