/*
 * self_main.c - what handoff itself costs: `make bench-self`.
 *
 * Each comparison runs both sides in turn, A B B A ..., in fresh trials of the
 * same plan, and prints the median of the paired ratios with its interval.  Our
 * side has all that a run switches on: histograms, the pieces of intervals.csv,
 * the counters' and the energy's reading, looks for gaps.  (Floors are measured
 * before and after all trials.)  Comparisons with a limit are of the same work,
 * and long enough for two pieces.  A busy machine gives wide intervals, no
 * failure: a limit is broken where the whole interval is above it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/cell.h"
#include "bench/cmd.h"
#include "bench/env.h"
#include "bench/gauges.h"
#include "bench/launch.h"
#include "bench/registry.h"
#include "bench/self_compare.h"
#include "bench/self_hand.h"
#include "bench/selfcost.h"
#include "bench/version.h"

enum {
	PAIRS = 24,
	TRIAL_NS = 20000000,
	LONG_NS = 220000000, /* two pieces of 100 ms */
	ON_OFF_PAIRS = 240,  /* 2 % is little: as many as make the interval narrower than that */
	ON_OFF_NS = 40000000,
	COMMANDS = 6, /* of each; the fewest that give an interval */
	ERR = 400
};

/* Time per operation of our loop over that of the same work without handoff. */
static const double most_ratio = 1.02;
static const double most_record_ns = 5, most_floor_ms = 5000;

struct bench {
	struct topo *topo;
	struct clock clock;
	struct gauges gauges;
	struct selfcost table;
	bool bare; /* trials without what a run adds to them */
	char err[ERR];
};

struct prepared {
	struct cell cell;
	char *xml;
	size_t xml_len;
};

static bool prepare(struct bench *b, struct prepared *p, const char *key, uint64_t stretch_ns)
{
	memset(p, 0, sizeof(*p));
	if (cell_parse(&p->cell, key, b->err, ERR) || cell_place(&p->cell, b->topo, b->err, ERR))
		return false;
	if (p->cell.skip[0]) {
		snprintf(b->err, ERR, "%s", p->cell.skip);
		return false;
	}
	p->cell.stretch_ns = stretch_ns;
	if (p->cell.pu[0] != PLACE_PU_NONE &&
		topo_export_restricted(b->topo, p->cell.pu, cell_workers(&p->cell), &p->xml,
			&p->xml_len, b->err, ERR) != 0)
		return false;
	return true;
}

static bool launch(
	struct bench *b, struct prepared *p, bool calibrate, struct trial_result *r, uint64_t *wall)
{
	struct trial_spec spec;

	cell_spec(&p->cell, &b->clock, topo_pu_count(b->topo), calibrate, &spec);
	spec.xml_len = (uint32_t)p->xml_len;
	spec.look_for_gaps = !calibrate && !b->bare;
	gauges_spec(calibrate || b->bare ? NULL : &b->gauges, &spec);
	return launch_trial(NULL, &spec, p->xml, r, wall, b->err, ERR) == 0 &&
	       r->status == TRIAL_OK;
}

/* ---- stamped loop against a hand-written one ------------------------------ */

static void compare_loop(
	struct bench *b, struct trial_result *r, const char *key, const struct hand *hand)
{
	const uint64_t stretch_ns = hand->same ? LONG_NS : TRIAL_NS;
	double ratio[PAIRS];
	struct prepared p;
	uint64_t wall;
	size_t n = 0;

	b->err[0] = r->reason[0] = '\0';
	if (!prepare(b, &p, key, stretch_ns) || !launch(b, &p, true, r, &wall)) {
		selfcost_absent(&b->table, key, hand->name, b->err[0] ? b->err : r->reason);
		return;
	}
	p.cell.n = r->n ? r->n : 0;
	p.cell.block = r->block ? r->block : 1;
	for (int i = 0; i < PAIRS; i++) {
		double ours = 0, theirs = 0;

		for (int turn = 0; turn < 2; turn++) {
			if ((turn ^ i) & 1) {
				theirs = hand->run(&b->clock, p.cell.pu, p.cell.n, stretch_ns);
			} else if (launch(b, &p, false, r, &wall)) {
				ours = hand->cpu ? (double)r->cpu_ns / (double)r->cpu_ops
						 : (double)r->elapsed_ns / (double)r->ops;
			}
		}
		if (ours > 0 && theirs > 0)
			ratio[n++] = ours / theirs;
	}
	selfcost_put(&b->table, key, hand->name, "ratio", ratio, n, hand->same ? most_ratio : NAN);
	free(p.xml);
}

/* ---- everything on against off ---------------------------------------------- */

static double trial_ns(struct bench *b, struct prepared *p, struct trial_result *r, bool bare)
{
	uint64_t wall;
	bool fine;

	b->bare = bare;
	fine = launch(b, p, false, r, &wall) && r->ops;
	b->bare = false;
	return fine ? (double)r->elapsed_ns / (double)r->ops : 0;
}

/* Histograms and pieces are of every trial; all else can be left out. */
static void compare_bare(struct bench *b, struct trial_result *r, const char *key)
{
	static const char against[] = "the same without counters, energy, looks for gaps";
	double ratio[ON_OFF_PAIRS];
	struct prepared p;
	uint64_t wall;
	size_t n = 0;

	b->err[0] = r->reason[0] = '\0';
	if (!prepare(b, &p, key, ON_OFF_NS) || !launch(b, &p, true, r, &wall)) {
		selfcost_absent(&b->table, key, against, b->err[0] ? b->err : r->reason);
		return;
	}
	p.cell.n = r->n;
	p.cell.block = r->block ? r->block : 1;
	for (int i = 0; i < ON_OFF_PAIRS; i++) {
		double first = trial_ns(b, &p, r, i & 1), second = trial_ns(b, &p, r, !(i & 1));

		if (first > 0 && second > 0)
			ratio[n++] = i & 1 ? second / first : first / second;
	}
	selfcost_put(&b->table, key, against, "ratio", ratio, n, most_ratio);
	free(p.xml);
}

/* ---- recording a sample ---------------------------------------------------- */

/* What runs on a core's other half slows a loop by half without a trace: the limit is for the least. */
static void recording(struct bench *b)
{
	double ns[PAIRS], ratio[PAIRS];
	size_t n = self_hist(ns, ratio, PAIRS);
	double least = n ? ns[0] : 0;

	for (size_t i = 1; i < n; i++)
		least = ns[i] < least ? ns[i] : least;
	selfcost_put(&b->table, "hist_record", "CPU time of a sample, the least", "ns", &least,
		n ? 1 : 0, most_record_ns);
	selfcost_put(&b->table, "hist_record", "CPU time of a sample", "ns", ns, n, NAN);
	selfcost_put(&b->table, "hist_record", "a histogram by hand that nobody watches", "ratio",
		ratio, n, NAN);
}

/* ---- what a trial costs beyond its stretch ------------------------------- */

static void trial_overhead(struct bench *b, struct trial_result *r, const char *key)
{
	double ms[PAIRS];
	struct prepared p;
	uint64_t wall;
	size_t n = 0;

	b->err[0] = r->reason[0] = '\0';
	if (!prepare(b, &p, key, TRIAL_NS) || !launch(b, &p, true, r, &wall)) {
		selfcost_absent(&b->table, key, "a trial beyond its stretch",
			b->err[0] ? b->err : r->reason);
		return;
	}
	p.cell.n = r->n;
	p.cell.block = r->block;
	for (int i = 0; i < PAIRS; i++) {
		if (launch(b, &p, false, r, &wall))
			ms[n++] = ((double)wall - (double)r->elapsed_ns) / 1e6;
	}
	selfcost_put(&b->table, key, "a trial beyond its stretch", "ms", ms, n, NAN);
	free(p.xml);
}

/* ---- commands ------------------------------------------------------------- */

static void command_time(
	struct bench *b, const char *program, const char *arg, size_t times, double limit_ms)
{
	double ms[PAIRS];
	char what[64];
	int status;

	fflush(stdout); /* or every child would print what is in the buffer */
	snprintf(what, sizeof(what), "handoff %s", arg);
	for (size_t i = 0; i < times; i++) {
		uint64_t begin = clock_read(&b->clock);
		pid_t pid = fork();

		if (pid == 0) {
			if (!freopen("/dev/null", "w", stdout))
				_exit(1);
			execl(program, "handoff", arg, (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
			selfcost_absent(&b->table, what, "the whole command", "it failed");
			return;
		}
		ms[i] = (double)clock_ns(&b->clock, clock_read(&b->clock) - begin) / 1e6;
	}
	selfcost_put(&b->table, what, "the whole command", "ms", ms, times, limit_ms);
}

static void commands(struct bench *b, const char *program)
{
	command_time(b, program, "list", PAIRS, NAN);
	command_time(b, program, "--help", PAIRS, NAN);
	command_time(b, program, "floor", COMMANDS, most_floor_ms);
	self_compare(&b->table, program);
}

static void compare_all(struct bench *b, struct trial_result *r)
{
	puts("ratio: time per operation (CPU: CPU time of both sides) of the stamped loop / of the "
	     "hand-written one, median of pairs [95 %]");
	for (size_t i = 0; i < hand_count; i++)
		compare_loop(b, r, hands[i].cell, &hands[i]);
	compare_bare(b, r, "channel/ring-spsc/uncontended?domain=thread&wait=spin");
	compare_bare(b, r, "channel/ring-spsc/stream?domain=thread&wait=spin");
	compare_bare(b, r, "channel/pipe/pingpong?domain=process&placement=same-pu");
	compare_bare(b, r, "lock/mutex/contend?domain=thread");
	recording(b);
	trial_overhead(b, r, "channel/ring-spsc/stream?domain=thread&wait=spin");
	trial_overhead(b, r, "channel/pipe/stream?domain=process");
}

static int refuse(const char *why)
{
	fprintf(stderr, "bench-self: %s\n", why);
	return EXIT_USAGE;
}

/* self [PROGRAM [DIR]]: its commands too; the table into DIR. */
int main(int argc, char **argv)
{
	struct trial_result *r = calloc(1, sizeof(*r));
	struct bench b = {0};
	struct env_facts facts;

	if (argc > 1 && strcmp(argv[1], "trial") == 0)
		return cmd_trial(argc - 1, argv + 1);
	setlinebuf(stdout); /* minutes pass */
	b.topo = topo_open_native(b.err, ERR);
	if (!b.topo || !r)
		return refuse(b.err);
	if (selfcost_begin(&b.table, argc > 2 ? argv[2] : NULL, b.err, ERR))
		return refuse(b.err);
	clock_calibrate(&b.clock, false, NULL, 0);
	gauges_probe(&b.gauges, "");
	env_read("", &facts);
	printf("handoff %s, commit %s, %s, %s, kernel %s\n", version_number, version_commit,
		version_flags, env_cpu_model(&facts), env_kernel(&facts));
	compare_all(&b, r);
	if (argc > 1)
		commands(&b, argv[1]);
	topo_close(b.topo);
	free(r);
	if (selfcost_end(&b.table, b.err, ERR))
		return refuse(b.err);
	return b.table.broken ? EXIT_FINDING : EXIT_FINE;
}
