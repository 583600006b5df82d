/* cmd_run.c - measure a matrix of cells. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/answers.h"
#include "bench/cmd.h"
#include "bench/env.h"
#include "bench/opt.h"
#include "bench/paths.h"
#include "bench/random.h"
#include "bench/report.h"
#include "bench/runner.h"
#include "bench/select.h"
#include "bench/stop.h"
#include "bench/units.h"
#include "bench/version.h"
#include "harness/futex.h"
#include "harness/names.h"

enum { ERR = 512, DEFAULT_REPS = 5, DEFAULT_TRIAL_NS = 30000000 };

struct run_settings {
	struct axes axes;
	const char *matrix, *out, *resume;
	uint64_t reps, seed, trial_ns, budget_ns;
	bool dry_run, strict, no_report, clock_gettime;
};

#define AXIS(a)  offsetof(struct run_settings, axes.value[a])
#define FIELD(f) offsetof(struct run_settings, f)

static const struct opt opts[] = {
	{"mechanism", 'm', OPT_LIST, AXIS(AXIS_MECHANISM), "GLOB", NULL,
		"Mechanisms: channel/pipe, lock/*; !channel/null takes away.  Default: all."},
	{"workload", 'w', OPT_LIST, AXIS(AXIS_WORKLOAD), "GLOB", NULL,
		"Workloads: pingpong, stream, contend, uncontended.  Default: all."},
	{"domain", 'd', OPT_LIST, AXIS(AXIS_DOMAIN), "DOMAIN", NULL,
		"What the workers are: thread, process.  Default: both."},
	{"fan", 'f', OPT_LIST, AXIS(AXIS_FAN), "AxB", NULL,
		"Senders x receivers, or one number for locks.  Default: 1x1."},
	{"size", 's', OPT_LIST, AXIS(AXIS_SIZE), "BYTES", NULL,
		"Message sizes: 64, 4K, 1M.  Default: 64."},
	{"capacity", 'c', OPT_LIST, AXIS(AXIS_CAPACITY), "N", NULL,
		"Messages that fit, where the mechanism keeps that exactly.  Default: 1024."},
	{"placement", 'p', OPT_LIST, AXIS(AXIS_PLACEMENT), "PLACE", NULL,
		"Where the two sides run: unpinned, nearest, farthest, same-pu, smt, same-l2, "
		"same-l3, ..., compact, spread, or locations like core:0+core:1.  Default: nearest."},
	{"wait", 0, OPT_LIST, AXIS(AXIS_WAIT), "HOW", NULL,
		"How to wait: block, spin, yield, spin-then-block.  Default: block."},
	{"start", 0, OPT_LIST, AXIS(AXIS_START), "HOW", NULL,
		"How processes begin: fork, exec.  Default: fork."},
	{"matrix", 0, OPT_STR, FIELD(matrix), "NAME", NULL,
		"A matrix file, or the name of a shipped one: quick, default, full, ci.  Axes given "
		"on the command line replace the file's."},
	{"reps", 'r', OPT_U64, FIELD(reps), "N", NULL,
		"Trials of each cell, one in each block.  Default: 5, or the matrix's."},
	{"trial-ms", 0, OPT_TIME_NS, FIELD(trial_ns), "MS", NULL,
		"Length of the timed stretch.  Default: 30, or the matrix's."},
	{"budget", 0, OPT_TIME_NS, FIELD(budget_ns), "TIME", NULL,
		"Cut repetitions, then the stretch, until the run fits.  Default: none, or the "
		"matrix's."},
	{"seed", 0, OPT_U64, FIELD(seed), "N", NULL,
		"Seed of the order of trials.  Default: a fresh one, printed."},
	{"out", 'o', OPT_STR, FIELD(out), "DIR", NULL,
		"Where to put the run.  Default: a new directory under results/."},
	{"resume", 0, OPT_STR, FIELD(resume), "DIR", NULL,
		"Go on with an interrupted run: exactly the rows that its plan still lacks."},
	{"dry-run", 'n', OPT_FLAG, FIELD(dry_run), NULL, NULL,
		"Print the cells, their number and the time they would take; measure nothing."},
	{"strict", 0, OPT_FLAG, FIELD(strict), NULL, NULL, "Exit with 4 when rows are noisy."},
	{"no-report", 0, OPT_FLAG, FIELD(no_report), NULL, NULL, "Neither REPORT.md nor pictures."},
	{"clock-gettime", 0, OPT_FLAG, FIELD(clock_gettime), NULL, NULL,
		"Take time from clock_gettime even where the processor's counter is fit."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "run",
	.synopsis = "[options]",
	.summary = "Measure cells: the product of the axes below, less impossible combinations.",
	.opts = opts,
	.after = "Axes may be repeated and take lists: -m channel/pipe,lock/* -s 64 -s 4K\n"
		 "\n"
		 "  handoff run -m channel/pipe            one mechanism, everything else default\n"
		 "  handoff run --matrix quick             the answers within a minute\n"
		 "  handoff run --resume results/latest    go on after an interruption\n",
};

/* Everything that a run holds; freed in one place. */
struct run {
	struct run_settings set;
	struct selection selection;
	struct plan plan;
	struct topo *topo;
	struct clock clock;
	char clock_why[128];
	struct env_facts facts;
	struct session session;
	struct runner runner;
	bool has_session, has_runner;
	char err[ERR];
};

static int fail(const struct run *r, int code)
{
	fprintf(stderr, "handoff run: %s\n", r->err);
	return code;
}

/* ---- what to measure ----------------------------------------------------- */

/* "quick" is the shipped file; anything with a slash or a dot is a path. */
static void matrix_path(const char *name, char *out, size_t len)
{
	if (strchr(name, '/') || strchr(name, '.'))
		snprintf(out, len, "%s", name);
	else
		snprintf(out, len, "%s/bench/matrices/%s.ini", share_dir(), name);
}

static int select_cells(struct run *r)
{
	char path[4200];
	int code;

	if (!r->set.matrix) {
		code = select_axes(&r->selection, &r->set.axes, r->err, ERR);
	} else {
		matrix_path(r->set.matrix, path, sizeof(path));
		code = select_matrix(&r->selection, path, &r->set.axes, r->err, ERR);
	}
	if (!code && r->selection.n == 0) {
		snprintf(r->err, ERR, "no cell is left: %s",
			r->selection.n_left_out ? r->selection.left_out[0].why
						: "the selection is empty");
		code = -EINVAL;
	}
	return code;
}

static uint64_t first_of(uint64_t a, uint64_t b, uint64_t c)
{
	return a ? a : b ? b : c;
}

static int make_plan(struct run *r)
{
	struct selection *s = &r->selection;

	r->plan = (struct plan){
		.cell = s->cell,
		.n = s->n,
		.reps = first_of(r->set.reps, s->reps, DEFAULT_REPS),
		.trial_ns = first_of(r->set.trial_ns, s->trial_ns, DEFAULT_TRIAL_NS),
		.seed = r->set.seed ? r->set.seed : random_fresh_seed(),
	};
	s->cell = NULL; /* the plan's now */
	version_binary_id(r->plan.binary);
	if (r->plan.reps > 100000 || r->plan.trial_ns < 100000 || r->plan.trial_ns > 600000000000) {
		snprintf(r->err, ERR, "--reps goes up to 100000, --trial-ms from 0.1 to 600000");
		return -EINVAL;
	}
	for (size_t i = 0; i < r->plan.n; i++)
		r->plan.cell[i].stretch_ns = r->plan.trial_ns;
	return 0;
}

/* farthest is nearest where the machine has one class only: the same cell twice. */
static bool repeats_nearest(const struct plan *p, const struct cell *c)
{
	char key[CELL_KEY];
	struct cell near = *c;

	if (strcmp(c->placement, "farthest") != 0 || c->skip[0])
		return false;
	snprintf(near.placement, sizeof(near.placement), "nearest");
	cell_make_key(&near);
	memcpy(key, near.key, sizeof(key));
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->cell[i].key, key) == 0)
			return strcmp(p->cell[i].place_class, c->place_class) == 0;
	}
	return false;
}

static void drop_repeats(struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->plan.n; i++) {
		if (repeats_nearest(&r->plan, &r->plan.cell[i]))
			select_left_out(
				&r->selection, "farthest is the same class as nearest here");
		else
			r->plan.cell[kept++] = r->plan.cell[i];
	}
	r->plan.n = kept;
}

static int place_cells(struct run *r)
{
	int code = 0;

	for (size_t i = 0; i < r->plan.n && !code; i++)
		code = cell_place(&r->plan.cell[i], r->topo, r->err, ERR);
	return code;
}

static int open_machine(struct run *r)
{
	r->topo = topo_open_native(r->err, ERR);
	if (!r->topo)
		return -EINVAL;
	if (!topo_is_thissystem(r->topo) && !r->set.dry_run) {
		snprintf(r->err, ERR,
			"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine: "
			"it can be planned for (--dry-run), not measured on");
		return -EINVAL;
	}
	env_read("", &r->facts);
	return 0;
}

/* ---- before measuring ---------------------------------------------------- */

static void say_left_out(const struct selection *s, FILE *to)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_left_out; i++)
		n += s->left_out[i].n;
	if (n)
		fprintf(to, "%zu impossible or repeated combinations left out:\n", n);
	for (size_t i = 0; i < s->n_left_out; i++)
		fprintf(to, "  %6zu  %s\n", s->left_out[i].n, s->left_out[i].why);
}

static int dry_run(const struct run *r)
{
	const struct plan *p = &r->plan;
	double seconds = (double)runner_estimate_ns(p) / 1e9;
	size_t skipped = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct cell *c = &p->cell[i];

		skipped += c->skip[0] != '\0';
		printf("%s%s%s\n", c->key, c->skip[0] ? "  skip: " : "", c->skip);
	}
	printf("\n%zu cells (%zu to be skipped), %" PRIu64
	       " trials each, %.3g ms timed: about %.0f s "
	       "and calibration, %.0f s\n",
		p->n, skipped, p->reps, (double)p->trial_ns / 1e6, seconds,
		seconds / (double)p->reps * 1.2);
	say_left_out(&r->selection, stdout);
	return EXIT_FINE;
}

static void bound_offset(struct run *r)
{
	unsigned n = topo_pu_count(r->topo);

	if (n > 1)
		clock_bound_offset(&r->clock, topo_pu_os(r->topo, 0), topo_pu_os(r->topo, n - 1));
	else
		r->clock.offset_bound_ns = 0;
}

static int write_environment(struct run *r)
{
	char path[SESSION_PATH + 64], seed[24], hz[24], cost[24], step[24], bound[24];
	const struct env_extra extra[] = {
		{"handoff_version", version_number, ""},
		{"handoff_commit", version_commit, ""},
		{"handoff_flags", version_flags, ""},
		{"handoff_flavour", version_flavour, ""},
		{"binary_id", r->plan.binary, ""},
		{"seed", seed, ""},
		{"clock", clock_source_name((enum clock_source)r->clock.source), r->clock_why},
		{"clock_hz", hz, ""},
		{"clock_cost_ns", cost, ""},
		{"clock_step_ns", step, ""},
		{"clock_offset_bound_ns", bound,
			bound[0] ? "" : "could not be bounded: one-way times are not measured"},
	};
	int code;

	snprintf(seed, sizeof(seed), "%" PRIu64, r->plan.seed);
	snprintf(hz, sizeof(hz), "%" PRIu64, r->clock.hz);
	snprintf(cost, sizeof(cost), "%.2f", (double)r->clock.cost_ns_x100 / 100);
	snprintf(step, sizeof(step), "%.2f", r->clock.step_ns_x100 / 100.0);
	snprintf(bound, sizeof(bound), "%" PRIu64, r->clock.offset_bound_ns);
	code = env_write("", session_path(&r->session, "environment.csv", path), extra,
		ARRAY_LEN(extra), r->err, ERR);
	if (!code)
		code = topo_export_file(
			r->topo, session_path(&r->session, "topology.xml", path), r->err, ERR);
	return code;
}

static int calibrate(struct run *r)
{
	char path[SESSION_PATH + 64];
	uint64_t budget = first_of(r->set.budget_ns, r->selection.budget_ns, 0);
	uint64_t begin = monotonic_ns(), spent;
	int code = runner_calibrate(&r->runner, r->err, ERR);

	if (code)
		return code;
	spent = monotonic_ns() - begin;
	if (budget && runner_fit_budget(&r->plan, budget > spent ? budget - spent : 0))
		fprintf(stderr, "budget: cut to %" PRIu64 " trials a cell, %.3g ms timed\n",
			r->plan.reps, (double)r->plan.trial_ns / 1e6);
	return plan_write(&r->plan, session_path(&r->session, "plan.csv", path), r->err, ERR);
}

static int start_runner(struct run *r)
{
	r->runner = (struct runner){
		.plan = &r->plan,
		.session = &r->session,
		.topo = r->topo,
		.clock = &r->clock,
		.common = {r->session.run_id, r->session.host, &r->clock, topo_pu_count(r->topo)},
	};
	r->has_runner = true;
	return runner_init(&r->runner, r->err, ERR);
}

/* ---- new run, or an old one gone on with --------------------------------- */

static int begin_new(struct run *r)
{
	int code = session_create(&r->session, r->set.out, r->err, ERR);

	r->has_session = true;
	if (!code)
		code = start_runner(r);
	if (!code)
		code = write_environment(r);
	return code ? code : calibrate(r);
}

static int begin_resumed(struct run *r)
{
	char path[SESSION_PATH + 64], id[20];
	int code = session_resume(&r->session, r->set.resume, r->err, ERR);

	r->has_session = true;
	if (!code)
		code = plan_read(
			&r->plan, session_path(&r->session, "plan.csv", path), r->err, ERR);
	if (code)
		return code;
	version_binary_id(id);
	if (strcmp(id, r->plan.binary) != 0) {
		snprintf(r->err, ERR,
			"%s was measured by another build (binary %s, this is %s); "
			"start a new run",
			r->session.dir, r->plan.binary, id);
		return -EXDEV;
	}
	code = place_cells(r);
	if (!code)
		code = start_runner(r);
	return code ? code : runner_read_done(&r->runner, r->err, ERR);
}

/* ---- the end ------------------------------------------------------------- */

static void say_rows(const struct run *r)
{
	const uint64_t *n = r->runner.status;
	uint64_t rows = 0;

	for (int i = 0; i < TRIAL_STATUS_COUNT; i++)
		rows += n[i];
	printf("%zu cells, %" PRIu64 " rows%s", r->plan.n, rows, rows ? ":" : "");
	for (int i = 0; i < TRIAL_STATUS_COUNT; i++) {
		if (n[i])
			printf(" %" PRIu64 " %s", n[i], trial_status_name((enum trial_status)i));
	}
	printf("%s; seed %" PRIu64 "\n", r->runner.noisy ? "" : ", none noisy", r->plan.seed);
	if (r->runner.noisy)
		printf("%" PRIu64 " ok rows are marked noisy\n", r->runner.noisy);
}

static void say_answers(const struct run *r)
{
	char path[SESSION_PATH + 64], err[ERR], belief[400] = "";
	struct sample *rows = NULL;
	size_t n = 0;

	if (samples_read(session_path(&r->session, "samples.csv", path), &rows, &n, err, ERR) !=
		0) {
		fprintf(stderr, "handoff run: %s\n", err);
		return;
	}
	env_believe(&r->facts, belief, sizeof(belief));
	answers_print(stdout, rows, n, cmd_rankable, belief, false);
	free(rows);
}

static int exit_code(const struct run *r)
{
	const uint64_t *n = r->runner.status;

	if (n[TRIAL_FAIL] || n[TRIAL_TIMEOUT] || n[TRIAL_CRASH])
		return EXIT_FINDING;
	if (n[TRIAL_SKIP] && !n[TRIAL_OK])
		return EXIT_NOTHING;
	return r->set.strict && r->runner.noisy ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int finish(struct run *r)
{
	char path[SESSION_PATH + 64];
	int code = exit_code(r);

	say_left_out(&r->selection, stdout);
	say_rows(r);
	say_answers(r);
	if (!r->set.no_report && report_write(r->session.dir, r->err, ERR) != 0)
		fprintf(stderr, "handoff run: %s\n", r->err);
	session_publish(&r->session);
	printf("%s\n",
		session_path(&r->session, r->set.no_report ? "samples.csv" : "REPORT.md", path));
	return code;
}

static int stopped(const struct run *r)
{
	fprintf(stderr,
		"handoff run: stopped by signal %d; rows so far are kept, go on with\n"
		"  handoff run --resume %s\n",
		(int)launch_stop, r->session.dir);
	return EXIT_SIGNAL + launch_stop;
}

static int measure(struct run *r)
{
	int code;

	if (!version_may_measure()) {
		fprintf(stderr, "handoff run: this is a %s build: its figures mean nothing\n",
			version_flavour);
		if (!r->set.out && !r->set.resume) {
			snprintf(r->err, ERR, "a %s build may not write into results/; use --out",
				version_flavour);
			return fail(r, EXIT_USAGE);
		}
	}
	stop_on_signals();
	names_clean(NULL, NULL, r->err, ERR);
	clock_calibrate(&r->clock, r->set.clock_gettime, r->clock_why, sizeof(r->clock_why));
	bound_offset(r);
	code = r->set.resume ? begin_resumed(r) : begin_new(r);
	if (!code)
		code = runner_measure(&r->runner, r->err, ERR);
	if (code == -EINTR)
		return stopped(r);
	if (code)
		return fail(r, code == -EXDEV ? EXIT_NOTHING : EXIT_USAGE);
	return finish(r);
}

static int run(struct run *r)
{
	int code = open_machine(r);

	if (code)
		return fail(r, EXIT_USAGE);
	if (r->set.resume)
		return measure(r);
	code = select_cells(r);
	if (!code)
		code = make_plan(r);
	if (!code)
		code = place_cells(r);
	if (code)
		return fail(r, EXIT_USAGE);
	drop_repeats(r);
	return r->set.dry_run ? dry_run(r) : measure(r);
}

int cmd_run(int argc, char **argv)
{
	struct run r = {.has_session = false};
	int code = opt_parse(&cmd, &r.set, argc, argv, NULL, NULL);

	if (code != OPT_RUN)
		return code;
	if (r.set.resume && (r.set.matrix || r.set.out)) {
		snprintf(r.err, ERR,
			"--resume takes everything from the run itself; leave out "
			"--matrix and --out");
		code = fail(&r, EXIT_USAGE);
	} else {
		code = run(&r);
	}
	if (r.has_runner)
		runner_free(&r.runner);
	if (r.has_session)
		session_close(&r.session);
	plan_free(&r.plan);
	select_free(&r.selection);
	topo_close(r.topo);
	opt_free(&cmd, &r.set);
	return code;
}
