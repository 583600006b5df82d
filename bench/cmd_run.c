/* cmd_run.c - measure a matrix of cells. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/cmd_run.h"
#include "bench/oneway.h"
#include "bench/opt.h"
#include "bench/plugin.h"
#include "bench/stop.h"
#include "bench/version.h"
#include "harness/futex.h"
#include "harness/names.h"

#define AXIS(a)  offsetof(struct run_settings, axes.value[a])
#define FIELD(f) offsetof(struct run_settings, f)

static const struct opt opts[] = {
#define AXIS_ROW(id, name, letter, arg, help, run_default, stress_default, ...)                    \
	{name, letter, OPT_LIST, AXIS(AXIS_##id), arg, NULL, help run_default},
#include "bench/axes.def"
#undef AXIS_ROW
	{"pairs", 0, OPT_U64, FIELD(pairs), "K", NULL,
		"The first K pairs of processors of each placement's class, spread over the machine: "
		"--pair 0, 1 ... as far as the class has them.  Default: one, or the matrix's."},
	{"matrix", 0, OPT_STR, FIELD(matrix), "NAME", NULL,
		"A matrix file, or the name of a shipped one: quick, default, full, table, ci.  Axes given "
		"on the command line replace the file's."},
	{"reps", 'r', OPT_U64, FIELD(reps), "N", NULL,
		"Trials of each cell, one in each block.  Default: 5, or the matrix's."},
	{"trial-ms", 0, OPT_TIME_NS, FIELD(trial_ns), "MS", NULL,
		"Length of the timed stretch.  Default: 30, or the matrix's."},
	{"budget", 0, OPT_TIME_NS, FIELD(budget_ns), "TIME", NULL,
		"Cut repetitions, then the stretch, until the run fits.  Default: none, or the "
		"matrix's."},
	{"precision", 0, OPT_STR, FIELD(precision), "PCT", NULL,
		"Instead of --reps: fresh trials of each cell until the 95 % interval of its "
		"median lies within +-PCT, as 2% (the interval's width decides, never the value)."},
	{"max-reps", 0, OPT_U64, FIELD(max_reps), "N", NULL,
		"With --precision: the most trials of a cell.  Default: 30."},
	{"repeat-noisy", 0, OPT_STR, FIELD(repeat_noisy), "N|no", NULL,
		"Trials that are marked noisy are repeated after their block, twice at most; N of "
		"them in all.  Default: a quarter of the planned trials."},
	{"slo", 0, OPT_TIME_NS, FIELD(slo_ns), "TIME", NULL,
		"openloop with rate=auto: search for the highest rate whose 99th percentile of the "
		"response time stays under this.  Default: 1ms."},
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
	{"no-keep", 0, OPT_FLAG, FIELD(no_keep), NULL, NULL,
		"Leave no campaign file in results/campaigns for `handoff compare` ($HANDOFF_NO_KEEP "
		"means the same; runs with --out leave none)."},
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
		 "  handoff run -w openloop -m '*/pipe'    latency against load, around its knee\n"
		 "  handoff run --matrix quick             the answers within a minute\n"
		 "  handoff run --resume results/latest    go on after an interruption\n",
};

static int fail(const struct run *r, int code)
{
	fprintf(stderr, "handoff run: %s\n", r->err);
	return code;
}

/* ---- before measuring ---------------------------------------------------- */

static int open_machine(struct run *r)
{
	r->topo = topo_open_native(r->err, RUN_ERR);
	if (!r->topo)
		return -EINVAL;
	if (!topo_is_thissystem(r->topo) && !r->set.dry_run) {
		snprintf(r->err, RUN_ERR,
			"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine: "
			"it can be planned for (--dry-run), not measured on");
		return -EINVAL;
	}
	env_read("", &r->facts);
	return 0;
}

static void bound_offset(struct run *r)
{
	unsigned n = topo_pu_count(r->topo);

	if (n > 1)
		clock_bound_offset(&r->clock, topo_pu_os(r->topo, 0), topo_pu_os(r->topo, n - 1));
	else
		r->clock.offset_bound_ns = 0;
}

/* Into text; returns why there is none. */
static const char *put_bound(const struct clock *c, char *text, size_t len)
{
	text[0] = '\0';
	if (c->offset_bound_ns == UINT64_MAX)
		return "could not be bounded: one-way times are not measured";
	snprintf(text, len, "%" PRIu64, c->offset_bound_ns);
	return "";
}

static int write_environment(struct run *r)
{
	char path[SESSION_PATH + 64], seed[24], hz[24], cost[24], step[24], bound[24];
	const char *unbounded = put_bound(&r->clock, bound, sizeof(bound));
	const struct env_extra extra[] = {
		{"handoff_version", version_number, ""},
		{"handoff_commit", version_commit, ""},
		{"handoff_flags", version_flags, ""},
		{"handoff_flavour", version_flavour, ""},
		{"binary_id", r->plan.binary, ""},
		{"plugins", getenv(PLUGIN_ENV), "none"},
		{"seed", seed, ""},
		{"clock", clock_source_name((enum clock_source)r->clock.source), r->clock_why},
		{"clock_hz", hz, ""},
		{"clock_cost_ns", cost, ""},
		{"clock_step_ns", step, ""},
		{"clock_offset_bound_ns", bound, unbounded},
		{"perf_events", r->gauges.counters_say, r->gauges.counters_why},
		{"energy", r->gauges.energy_say, r->gauges.energy_why},
	};
	int code;

	snprintf(seed, sizeof(seed), "%" PRIu64, r->plan.seed);
	snprintf(hz, sizeof(hz), "%" PRIu64, r->clock.hz);
	snprintf(cost, sizeof(cost), "%.2f", (double)r->clock.cost_ns_x100 / 100);
	snprintf(step, sizeof(step), "%.2f", r->clock.step_ns_x100 / 100.0);
	code = env_write("", session_path(&r->session, "environment.csv", path), extra,
		ARRAY_LEN(extra), r->err, RUN_ERR);
	if (!code)
		code = topo_export_file(
			r->topo, session_path(&r->session, "topology.xml", path), r->err, RUN_ERR);
	return code;
}

static int calibrate(struct run *r)
{
	char path[SESSION_PATH + 64];
	uint64_t budget = run_first_of(r->set.budget_ns, r->selection.budget_ns, 0);
	uint64_t begin = monotonic_ns(), spent;
	int code = run_find_rates(r);

	if (!code)
		code = run_floors_begin(r);
	if (!code)
		code = runner_calibrate(&r->runner, r->err, RUN_ERR);
	if (code)
		return code;
	r->runner.until_ns = budget ? begin + budget : 0;
	spent = monotonic_ns() - begin + run_floors_ns(r) / 2; /* they come again */
	if (budget && run_fit_budget(&r->plan, budget > spent ? budget - spent : 0))
		fprintf(stderr, "budget: cut to %" PRIu64 " trials a cell, %.3g ms timed\n",
			r->plan.reps, (double)r->plan.trial_ns / 1e6);
	code = plan_write(&r->plan, session_path(&r->session, "plan.csv", path), r->err, RUN_ERR);
	r->has_plan = code == 0;
	return code;
}

int run_start_runner(struct run *r)
{
	if (r->has_runner)
		runner_free(&r->runner);
	r->runner = (struct runner){
		.plan = &r->plan,
		.session = &r->session,
		.topo = r->topo,
		.clock = &r->clock,
		.gauges = &r->gauges,
		.common = {r->session.run_id, r->session.host, &r->clock, topo_pu_count(r->topo)},
	};
	r->has_runner = true;
	r->plan.counted = r->gauges.counters.scope != COUNTERS_NONE;
	return runner_init(&r->runner, r->err, RUN_ERR);
}

/* ---- new run, or an old one gone on with --------------------------------- */

static int begin_new(struct run *r)
{
	int code = session_create(&r->session, r->set.out, r->err, RUN_ERR);

	r->has_session = true;
	if (!code)
		code = oneway_bound_cells(&r->plan, r->topo, &r->clock, r->err, RUN_ERR);
	if (!code)
		code = run_start_runner(r);
	if (!code)
		code = write_environment(r);
	if (!code)
		code = run_announce(r);
	return code ? code : calibrate(r);
}

static int read_plan(struct run *r)
{
	char path[SESSION_PATH + 64], id[20];
	int code = plan_read(
		&r->plan, session_path(&r->session, "plan.csv", path), r->err, RUN_ERR);

	if (code == -ENOENT)
		snprintf(r->err, RUN_ERR, "%.300s %s", r->session.dir, session_no_plan);
	if (code)
		return code;
	r->has_plan = true;
	version_binary_id(id);
	if (strcmp(id, r->plan.binary) == 0)
		return 0;
	snprintf(r->err, RUN_ERR,
		"%.300s was measured by another build (binary %s, this is %s); start a new run",
		r->session.dir, r->plan.binary, id);
	return -EXDEV;
}

/*
 * The plan is trusted: a cell that it measures is still to be measured, and its trials
 * say themselves what may stand in the way now.  But the processors must be there.
 */
static int place_as_planned(struct run *r)
{
	int code;

	for (size_t i = 0; i < r->plan.n; i++) {
		struct cell *c = &r->plan.cell[i];
		bool skipped = c->skip[0];

		code = cell_place(c, r->topo, r->err, RUN_ERR);
		if (code)
			return code;
		if (skipped)
			continue;
		if (c->skip[0] && !c->place_class[0]) {
			snprintf(r->err, RUN_ERR,
				"the machine is not what it was when the run began: %.300s: %.120s",
				c->key, c->skip);
			return -EXDEV;
		}
		c->skip[0] = '\0';
	}
	return 0;
}

static int begin_resumed(struct run *r)
{
	int code = session_resume(&r->session, r->set.resume, r->err, RUN_ERR);

	r->has_session = true;
	if (!code)
		code = read_plan(r);
	if (!code)
		code = place_as_planned(r);
	if (!code)
		code = oneway_bound_cells(&r->plan, r->topo, &r->clock, r->err, RUN_ERR);
	if (!code)
		code = run_start_runner(r);
	if (!code)
		code = runner_read_done(&r->runner, r->err, RUN_ERR);
	if (!code)
		code = run_announce(r);
	return code ? code : run_floors_begin(r);
}

static void clean_up_after_others(struct run *r)
{
	if (names_clean(NULL, NULL, r->err, RUN_ERR) < 0)
		fprintf(stderr, "handoff run: what killed runs left is not removed: %s\n", r->err);
}

static int measure(struct run *r)
{
	int code;

	if (!version_may_measure()) {
		fprintf(stderr, "handoff run: this is a %s build: its figures mean nothing\n",
			version_flavour);
		if (!r->set.out && !r->set.resume) {
			snprintf(r->err, RUN_ERR,
				"a %s build may not write into results/; use --out",
				version_flavour);
			return fail(r, EXIT_USAGE);
		}
	}
	stop_on_signals();
	clean_up_after_others(r);
	clock_calibrate(&r->clock, r->set.clock_gettime, r->clock_why, sizeof(r->clock_why));
	bound_offset(r);
	gauges_probe(&r->gauges, "");
	code = r->set.resume ? begin_resumed(r) : begin_new(r);
	run_allow_repeats(r);
	if (!code)
		code = runner_measure(&r->runner, r->err, RUN_ERR);
	if (!code && !launch_stop)
		code = run_floors_end(r);
	if (launch_stop && (!code || code == -EINTR))
		return run_stopped(r);
	return code ? run_failed(r, code) : run_finish(r);
}

/* What the run itself says and what therefore may not be said again. */
static bool says_more_than_resume(const struct run_settings *s)
{
	for (int a = 0; a < AXIS_COUNT; a++) {
		if (s->axes.value[a].n)
			return true;
	}
	return s->matrix || s->out || s->reps || s->pairs || s->seed || s->trial_ns ||
	       s->budget_ns || s->slo_ns || s->dry_run || s->precision || s->max_reps;
}

static int run(struct run *r)
{
	int code;

	if (r->set.resume && says_more_than_resume(&r->set)) {
		snprintf(r->err, RUN_ERR,
			"--resume takes everything from the run itself; leave out axes, --pairs, "
			"--matrix, --out, --reps, --precision, --max-reps, --trial-ms, --budget, "
			"--slo, --seed and --dry-run");
		return fail(r, EXIT_USAGE);
	}
	code = run_check_length(r);
	if (!code)
		code = open_machine(r);
	if (!code && !r->set.resume)
		code = run_make_plan(r);
	if (code)
		return fail(r, EXIT_USAGE);
	return r->set.dry_run ? run_dry(r) : measure(r);
}

int cmd_run(int argc, char **argv)
{
	struct run r = {.has_session = false};
	int code = opt_parse(&cmd, &r.set, argc, argv, NULL, NULL);

	if (code != OPT_RUN)
		return code;
	code = run(&r);
	if (r.has_runner)
		runner_free(&r.runner);
	if (r.has_session)
		session_close(&r.session);
	floors_free(&r.floors);
	plan_free(&r.plan);
	select_free(&r.selection);
	topo_close(r.topo);
	opt_free(&cmd, &r.set);
	return code;
}
