/* cmd_ab.c - is NEW slower than OLD?  Two programs, pair by pair; see ab.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/stop.h"
#include "bench/version.h"
#include "harness/futex.h"
#include "harness/names.h"

#define AXIS(a)  offsetof(struct ab_settings, axes.value[a])
#define FIELD(f) offsetof(struct ab_settings, f)

enum { SHOWN_ROWS = 20 };

static const struct opt opts[] = {
	{"matrix", 0, OPT_STR, FIELD(matrix), "NAME", NULL,
		"A matrix file, or the name of a shipped one.  Default: ci, unless axes are named, or "
		"a side is a plugin: then its mechanisms; "
		"gate60 is decided in two or three minutes, gate6 in half of one.  Axes given on "
		"the command line replace the file's."},
#define AXIS_ROW(id, name, letter, arg, help, run_default, stress_default, ...)                    \
	{name, letter, OPT_LIST, AXIS(AXIS_##id), arg, NULL, help run_default},
#include "bench/axes.def"
#undef AXIS_ROW
	{"pairs", 0, OPT_U64, FIELD(pairs), "N", NULL,
		"How many pairs of trials a cell has on average, 8 at least.  Default: the matrix's, "
		"or 24."},
	{"budget", 0, OPT_TIME_NS, FIELD(budget_ns), "TIME", NULL,
		"Pairs as fit into this time, instead."},
	{"trial-ms", 0, OPT_TIME_NS, FIELD(trial_ns), "MS", NULL,
		"Length of the timed stretch.  Default: the matrix's, or 30."},
	{"seed", 0, OPT_U64, FIELD(seed), "N", NULL,
		"Seed of all orders.  Default: a fresh one, printed."},
	{"old-env", 0, OPT_LIST, FIELD(old_env), "NAME=VALUE", NULL,
		"In the environment of OLD's trials: LD_PRELOAD, a tunable of the C library."},
	{"new-env", 0, OPT_LIST, FIELD(new_env), "NAME=VALUE", NULL,
		"In the environment of NEW's trials."},
	{"old-setup", 0, OPT_STR, FIELD(old_setup), "CMD", NULL,
		"A shell command before each trial of OLD: a sysctl.  It must succeed."},
	{"new-setup", 0, OPT_STR, FIELD(new_setup), "CMD", NULL, "The same for NEW."},
	{"allow-missing", 0, OPT_LIST, FIELD(allow_missing), "GLOB", NULL,
		"Cells that NEW may lack."},
	{"strict", 0, OPT_FLAG, FIELD(strict), NULL, NULL,
		"Exit with 4 when any gated figure is inconclusive, not only above 5 % of them."},
	{"advisory", 0, OPT_FLAG, FIELD(advisory), NULL, NULL,
		"The same text, but exit with 0 instead of 1 and 4."},
	{"deadline", 0, OPT_TIME_NS, FIELD(deadline_ns), "TIME", NULL,
		"A trial that takes longer hangs, and so does a command before it.  Default: 10 s "
		"and twenty times its length; 60 s for a command."},
	{"resume", 0, OPT_STR, FIELD(resume), "DIR", NULL,
		"Go on with what was interrupted there: OLD, NEW and the options are to be the same, "
		"its pairs count."},
	{"out", 'o', OPT_STR, FIELD(out), "DIR", NULL,
		"Where pairs.csv and judgement.csv go.  Default: a new results/ab-..."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "ab",
	.synopsis = "[options] OLD NEW",
	.summary = "Is NEW slower than OLD?  Two handoff programs, or this one with two plugins, "
		   "run the same cells in pairs of "
		   "fresh processes, in random order; what looks slower is measured again and "
		   "again, and called so only when chance is ruled out for all cells together.",
	.opts = opts,
	.after =
		"  handoff ab old/build/handoff build/handoff             the ci matrix\n"
		"  handoff ab --matrix gate6 OLD NEW                      six cells in 30 s\n"
		"  handoff ab old.so new.so                               two plugins (make plugin)\n"
		"  handoff ab --new-env GLIBC_TUNABLES=... P P            one program, two worlds\n"
		"\n"
		"Exit codes: 0 nothing became slower, 1 something did (or crashes now), 2 bad\n"
		"arguments or OLD crashes, 3 not comparable (cells are missing, another protocol),\n"
		"4 inconclusive: above 5 % of the figures are neither fine nor slower.\n",
};

/* ---- all of it --------------------------------------------------------------------- */

static int fail(const struct ab *ab, int code)
{
	fprintf(stderr, "handoff ab: %s\n", ab->err);
	return code == -EXDEV ? EXIT_NOTHING : EXIT_USAGE;
}

static int check_settings(struct ab *ab)
{
	struct ab_settings *s = &ab->set;
	const char *why = NULL;
	bool named = plugin_is_name(ab->side[AB_OLD].given) ||
		     plugin_is_name(ab->side[AB_NEW].given);

	for (int a = 0; a < AXIS_COUNT; a++)
		named = named || s->axes.value[a].n;
	if (!s->matrix && !named)
		s->matrix = "ci";
	if (s->pairs && s->budget_ns)
		why = "--pairs and --budget both say how much to measure: give one of the two";
	else if (s->pairs &&
		 (s->pairs < gate_default_rules.screen_pairs || s->pairs > AB_MOST_PAIRS))
		why = "--pairs goes from 8, which the first look needs, to 10000";
	else if (s->resume && (s->out || s->budget_ns))
		why = "--resume goes on in its own directory and without --budget: leave out --out "
		      "and --budget";
	else if (s->strict && s->advisory)
		why = "--strict and --advisory contradict each other";
	if (!why)
		return 0;
	snprintf(ab->err, RUN_ERR, "%s", why);
	return -EINVAL;
}

static int open_machine(struct ab *ab)
{
	struct run *r = &ab->run;
	time_t now = time(NULL);
	struct tm tm;
	unsigned n;

	r->topo = topo_open_native(ab->err, RUN_ERR);
	if (!r->topo)
		return -EINVAL;
	if (!topo_is_thissystem(r->topo)) {
		snprintf(ab->err, RUN_ERR,
			"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine: nothing can "
			"be measured on it");
		return -EINVAL;
	}
	env_read("", &r->facts);
	clock_calibrate(&r->clock, false, r->clock_why, sizeof(r->clock_why));
	n = topo_pu_count(r->topo);
	if (n > 1)
		clock_bound_offset(&r->clock, topo_pu_os(r->topo, 0), topo_pu_os(r->topo, n - 1));
	if (!ab->began[0])
		strftime(ab->began, sizeof(ab->began), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return 0;
}

static int open_sides(struct ab *ab)
{
	int code;

	ab->side[AB_OLD].name = "OLD";
	ab->side[AB_NEW].name = "NEW";
	ab->side[AB_OLD].env = ab->set.old_env;
	ab->side[AB_NEW].env = ab->set.new_env;
	ab->side[AB_OLD].setup = ab->set.old_setup;
	ab->side[AB_NEW].setup = ab->set.new_setup;
	code = ab_side_open(ab, AB_OLD);
	return code ? code : ab_side_open(ab, AB_NEW);
}

static int check_build(struct ab *ab)
{
	if (version_may_measure())
		return 0;
	fprintf(stderr, "handoff ab: this is a %s build: its figures mean nothing\n",
		version_flavour);
	if (ab->set.out || ab->set.resume)
		return 0;
	snprintf(ab->err, RUN_ERR, "a %s build may not write into results/; use --out",
		version_flavour);
	return -EINVAL;
}

static int prepare(struct ab *ab)
{
	int code = check_settings(ab);

	if (!code)
		code = check_build(ab);
	if (!code)
		code = ab_resume_open(ab);
	if (!code)
		code = open_machine(ab);
	if (!code)
		code = open_sides(ab);
	if (!code)
		code = ab_plugin_select(ab);
	return code ? code : ab_plan(ab);
}

static int stopped(const struct ab *ab)
{
	fprintf(stderr, "handoff ab: stopped by signal %d; nothing is decided\n", (int)launch_stop);
	if (ab->dir[0])
		fprintf(stderr,
			"handoff ab: the pairs so far are in %s/pairs.csv; --resume %s goes on\n",
			ab->dir, ab->dir);
	return EXIT_SIGNAL + launch_stop;
}

static int write_judgement(struct ab *ab)
{
	char path[SESSION_PATH + 64];

	if (!ab->dir[0])
		return 0;
	snprintf(path, sizeof(path), "%s/judgement.csv", ab->dir);
	return judged_write(path, &ab->judgement, ab->err, RUN_ERR);
}

static int finish(struct ab *ab)
{
	int code = ab_judge(ab);

	if (!code)
		code = write_judgement(ab);
	if (code)
		return fail(ab, code);
	if (!ab->set.quiet) {
		if (ab->dir[0])
			printf("%s/judgement.csv\n", ab->dir);
		if (ab->judgement.note[0] && ab->judgement.exit_code == EXIT_FINE)
			printf("%s\n", ab->judgement.note);
		judged_print(stdout, &ab->judgement, SHOWN_ROWS);
	}
	return judged_exit(&ab->judgement);
}

int ab_run(struct ab *ab)
{
	char ignored[200];
	int code;

	ab->pairs_fd = -1;
	code = prepare(ab);
	if (code)
		return launch_stop ? stopped(ab) : fail(ab, code);
	stop_on_signals();
	names_clean(NULL, NULL, ignored, sizeof(ignored));
	if (ab->set.budget_ns)
		ab->until_ns = monotonic_ns() + ab->set.budget_ns;
	if (ab->set.resume)
		code = ab_resume(ab);
	else if (!ab->set.quiet || ab->set.out)
		code = ab_open_dir(ab);
	if (!code)
		code = ab_calibrate(ab);
	if (!code)
		code = ab_write_plan(ab);
	if (!code && ab->adjust)
		code = ab->adjust(ab);
	if (!code)
		code = ab_measure(ab);
	if (launch_stop && (!code || code == -EINTR))
		return stopped(ab);
	return code ? fail(ab, code) : finish(ab);
}

void ab_free(struct ab *ab)
{
	struct run *r = &ab->run;

	for (size_t i = 0; ab->cell && i < r->plan.n; i++) {
		free(ab->cell[i].figure[AB_OLD]);
		free(ab->cell[i].figure[AB_NEW]);
	}
	free(ab->cell);
	free(ab->other);
	ab_resume_free(ab);
	gate_free(&ab->gate);
	judged_free(&ab->judgement);
	ab_side_close(&ab->side[AB_OLD]);
	ab_side_close(&ab->side[AB_NEW]);
	if (ab->pairs_fd >= 0)
		close(ab->pairs_fd);
	if (r->has_runner)
		runner_free(&r->runner);
	plan_free(&r->plan);
	select_free(&r->selection);
	topo_close(r->topo);
}

int cmd_ab(int argc, char **argv)
{
	struct ab *ab = calloc(1, sizeof(*ab));
	const char **operand;
	int n, code;

	if (!ab)
		return EXIT_USAGE;
	code = opt_parse(&cmd, &ab->set, argc, argv, &operand, &n);
	if (code != OPT_RUN) {
		free(ab);
		return code;
	}
	if (n == 2) {
		ab->side[AB_OLD].given = operand[0];
		ab->side[AB_NEW].given = operand[1];
		code = ab_run(ab);
		ab_free(ab);
	} else {
		fprintf(stderr,
			"handoff ab: compares two programs or plugins: handoff ab OLD NEW\n");
		code = EXIT_USAGE;
	}
	opt_free(&cmd, &ab->set);
	free(ab);
	return code;
}
