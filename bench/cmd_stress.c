/* cmd_stress.c - load the mechanisms from a seed, check every byte, stop at what is wrong. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/launch.h"
#include "bench/stop.h"
#include "bench/stress_draw.h"
#include "bench/stress_opt.h"
#include "bench/stress_tally.h"
#include "harness/futex.h"
#include "harness/names.h"

enum {
	SKIPS_IN_VAIN = 300, /* none but skips from the start: nothing can run */
	DRY_TRIAL_NS = 300000000,
	DRY_MOST = 1000,
	LEAST_SOAK_NS = 1000000,
};

/* Everything that a stress run holds; freed in one place. */
struct stress {
	struct stress_settings set;
	struct topo *topo;
	struct clock clock;
	struct stress_scope scope;
	struct stress_tally tally;
	struct trial_result *result;
	struct stress_trial trial; /* the one that is drawn; large, as its cell is */
	char err[STRESS_ERR];
};

static int fail(const struct stress *s, int code)
{
	fprintf(stderr, "handoff stress: %s\n", s->err);
	return code;
}

/* ---- one trial ------------------------------------------------------------ */

/* Messages that one operation of the workload hands over. */
static uint64_t messages_per_op(const struct cell *c)
{
	if (c->workload->links == LINKS_PAIR)
		return 2;
	return workload_to_all(c->workload) ? c->side_b : 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The last trials are cut to what is left of the time and of the messages. */
static void make_spec(const struct stress *s, struct trial_spec *spec)
{
	const struct stress_trial *t = &s->trial;
	uint64_t spent = monotonic_ns() - s->tally.begin_ns, left;

	cell_spec(&t->cell, &s->clock, topo_pu_count(s->topo), false, spec);
	spec->probed = 1;
	spec->warm_n = 0;
	spec->warm_ns = 0;
	spec->fault = s->set.fault;
	spec->load = t->load;
	if (s->set.for_ns) {
		left = s->set.for_ns > spent ? s->set.for_ns - spent : 0;
		left = left > LEAST_SOAK_NS ? left : LEAST_SOAK_NS;
		spec->load.soak_ns = least(spec->load.soak_ns, left);
	}
	if (s->set.messages) {
		left = (s->set.messages - s->tally.all.messages) / messages_per_op(&t->cell);
		spec->load.most_n = left ? left : 1;
		spec->n = least(spec->n, spec->load.most_n);
	}
	spec->stretch_ns = spec->load.soak_ns; /* flag-ended: this is all */
}

static int run_trial(struct stress *s)
{
	const struct cell *c = &s->trial.cell;
	struct trial_spec spec;
	uint64_t wall = 0;
	size_t len = 0;
	char *xml = NULL;
	int code = 0;

	make_spec(s, &spec);
	if (c->pu[0] != PLACE_PU_NONE)
		code = topo_export_restricted(
			s->topo, c->pu, cell_workers(c), &xml, &len, s->err, sizeof(s->err));
	spec.xml_len = (uint32_t)len;
	if (!code)
		code = launch_trial(NULL, &spec, xml, s->result, &wall, s->err, sizeof(s->err));
	free(xml);
	return code;
}

static void skip_trial(struct stress *s)
{
	memset(s->result, 0, sizeof(*s->result));
	s->result->status = TRIAL_SKIP;
	snprintf(s->result->reason, sizeof(s->result->reason), "%s", s->trial.cell.skip);
}

static int do_trial(struct stress *s)
{
	int code = 0;

	stress_tally_progress(&s->tally, &s->trial);
	if (s->trial.cell.skip[0])
		skip_trial(s);
	else
		code = run_trial(s);
	if (code || s->result->status == TRIAL_INTERRUPTED)
		return code;
	return stress_tally_add(&s->tally, &s->trial, s->result, s->err, sizeof(s->err));
}

/* ---- all of them ---------------------------------------------------------- */

static bool is_over(const struct stress *s)
{
	const struct stress_count *all = &s->tally.all;

	if (launch_stop || (all->findings && !s->set.keep_going))
		return true;
	if (all->skipped == all->trials && all->skipped >= (s->set.cell ? 1 : SKIPS_IN_VAIN))
		return true;
	if (s->set.messages && all->messages >= s->set.messages)
		return true;
	return s->set.for_ns && monotonic_ns() - s->tally.begin_ns >= s->set.for_ns;
}

static int exit_code(const struct stress *s)
{
	const struct stress_count *all = &s->tally.all;

	if (launch_stop)
		return EXIT_SIGNAL + launch_stop;
	if (all->findings)
		return EXIT_FINDING;
	return all->ok ? EXIT_FINE : EXIT_NOTHING;
}

static int run_trials(struct stress *s)
{
	uint64_t k = s->set.trial ? s->set.trial : 1;
	int code = 0;

	for (; !code && !is_over(s); k += s->set.trial == 0) {
		code = stress_draw(&s->scope, k, &s->trial, s->err, sizeof(s->err));
		if (!code)
			code = do_trial(s);
	}
	if (code)
		return code;
	stress_tally_summary(&s->tally, &s->scope.not_taken);
	if (launch_stop)
		fprintf(stderr, "handoff stress: stopped by signal %d\n", (int)launch_stop);
	return 0;
}

static uint64_t dry_trials(const struct stress_settings *set)
{
	uint64_t each = set->trial_ns ? set->trial_ns : DRY_TRIAL_NS;
	uint64_t n = set->for_ns ? set->for_ns / each : DRY_MOST;

	if (set->trial)
		return 1;
	return n < 1 ? 1 : least(n, DRY_MOST);
}

static int dry_run(struct stress *s)
{
	uint64_t first = s->set.trial ? s->set.trial : 1, n = dry_trials(&s->set);
	char line[1024];

	printf("seed %" PRIu64 "\n", s->set.seed);
	for (uint64_t k = first; k < first + n; k++) {
		if (stress_draw(&s->scope, k, &s->trial, s->err, sizeof(s->err)) != 0)
			return fail(s, EXIT_USAGE);
		stress_describe(&s->trial, line, sizeof(line));
		printf("trial %" PRIu64 ": %s%s%s\n", k, line,
			s->trial.cell.skip[0] ? "  skip: " : "", s->trial.cell.skip);
	}
	return EXIT_FINE;
}

static int open_machine(struct stress *s)
{
	s->topo = topo_open_native(s->err, sizeof(s->err));
	if (!s->topo)
		return -EINVAL;
	if (topo_is_thissystem(s->topo) || s->set.dry_run)
		return 0;
	snprintf(s->err, sizeof(s->err),
		"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine: "
		"it can be drawn for (--dry-run), nothing can run on it");
	return -EINVAL;
}

/* The first trial is drawn before anything runs: an empty selection shows there. */
static int prepare(struct stress *s)
{
	struct selection not_taken;
	int code = open_machine(s);

	if (!code)
		code = stress_scope_init(&s->scope, &s->set, s->topo, s->err, sizeof(s->err));
	if (code)
		return code;
	not_taken = s->scope.not_taken;
	code = stress_draw(&s->scope, 1, &s->trial, s->err, sizeof(s->err));
	s->scope.not_taken = not_taken; /* it will be drawn again */
	return code;
}

static int run(struct stress *s)
{
	char why[128];
	int code = prepare(s);

	if (code)
		return fail(s, EXIT_USAGE);
	if (s->set.dry_run)
		return dry_run(s);
	stop_on_signals();
	names_clean(NULL, NULL, s->err, sizeof(s->err));
	clock_calibrate(&s->clock, false, why, sizeof(why));
	s->result = calloc(1, sizeof(*s->result));
	if (!s->result) {
		snprintf(s->err, sizeof(s->err), "no memory");
		return fail(s, EXIT_USAGE);
	}
	code = stress_tally_init(&s->tally, &s->set, s->err, sizeof(s->err));
	if (!code) {
		printf("seed %" PRIu64 "\n", s->set.seed);
		fflush(stdout);
		code = run_trials(s);
	}
	code = code ? fail(s, EXIT_USAGE) : exit_code(s);
	names_clean(NULL, NULL, s->err, sizeof(s->err)); /* of trials that were killed */
	stress_tally_free(&s->tally);
	return code;
}

int cmd_stress(int argc, char **argv)
{
	struct stress *s = calloc(1, sizeof(*s));
	int code;

	if (!s) {
		fputs("handoff stress: no memory\n", stderr);
		return EXIT_USAGE;
	}
	code = stress_opt_parse(&s->set, argc, argv);
	if (code == OPT_RUN) {
		code = run(s);
		stress_scope_free(&s->scope);
		topo_close(s->topo);
		stress_opt_free(&s->set);
	}
	free(s->result);
	free(s);
	return code;
}
