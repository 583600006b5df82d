/*
 * self_main.c - what handoff itself costs: `make bench-self`.
 *
 * Each comparison runs both sides in turn, A B B A ..., in fresh trials of the
 * same plan, and prints the median of the paired ratios with its interval.
 * Nothing here is a test: a busy machine gives wide intervals, no failure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/cell.h"
#include "bench/cmd.h"
#include "bench/env.h"
#include "bench/launch.h"
#include "bench/self_compare.h"
#include "bench/self_hand.h"
#include "bench/stats.h"
#include "bench/version.h"
#include "primitives/registry.h"

enum { PAIRS = 24, TRIAL_NS = 20000000, ERR = 400 };

struct bench {
	struct topo *topo;
	struct clock clock;
	char err[ERR];
};

struct prepared {
	struct cell cell;
	char *xml;
	size_t xml_len;
};

static bool prepare(struct bench *b, struct prepared *p, const char *key)
{
	memset(p, 0, sizeof(*p));
	if (cell_parse(&p->cell, key, b->err, ERR) || cell_place(&p->cell, b->topo, b->err, ERR))
		return false;
	if (p->cell.skip[0]) {
		snprintf(b->err, ERR, "%s", p->cell.skip);
		return false;
	}
	p->cell.stretch_ns = TRIAL_NS;
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
	return launch_trial(NULL, &spec, p->xml, r, wall, b->err, ERR) == 0 &&
	       r->status == TRIAL_OK;
}

/* "1.004 [0.998, 1.011] n=24" */
static void put_median(
	const char *what, const double *v, size_t n, const char *unit, const char *of)
{
	struct stats_interval i;
	double work[PAIRS];

	if (n == 0) {
		printf("%-52s not measured\n", what);
		return;
	}
	stats_median_interval(v, n, 0.95, &i, work);
	printf("%-52s %.3f%s [%.3f, %.3f] n=%zu  %s\n", what, stats_median(v, n, work), unit, i.lo,
		i.hi, n, of);
}

/* ---- stamped loop against a hand-written one ------------------------------ */

static void compare_loop(
	struct bench *b, struct trial_result *r, const char *key, const struct hand *hand)
{
	double ratio[PAIRS];
	struct prepared p;
	uint64_t wall;
	size_t n = 0;

	if (!prepare(b, &p, key) || !launch(b, &p, true, r, &wall)) {
		printf("%-52s not measured: %s\n", key, b->err[0] ? b->err : r->reason);
		return;
	}
	p.cell.n = r->n ? r->n : 0;
	p.cell.block = r->block ? r->block : 1;
	for (int i = 0; i < PAIRS; i++) {
		double ours = 0, theirs = 0;

		for (int turn = 0; turn < 2; turn++) {
			if ((turn ^ i) & 1) {
				theirs = hand->run(&b->clock, p.cell.pu, p.cell.n, TRIAL_NS);
			} else if (launch(b, &p, false, r, &wall)) {
				ours = hand->cpu ? (double)r->cpu_ns / (double)r->cpu_ops
						 : (double)r->elapsed_ns / (double)r->ops;
			}
		}
		if (ours > 0 && theirs > 0)
			ratio[n++] = ours / theirs;
	}
	put_median(key, ratio, n, "", hand->name);
	free(p.xml);
}

/* ---- recording a sample ---------------------------------------------------- */

static void recording(void)
{
	double ns[PAIRS], ratio[PAIRS];
	size_t n = self_hist(ns, ratio, PAIRS);

	put_median("hist_record", ns, n, " ns", "CPU time of a sample");
	put_median("hist_record", ratio, n, "", "a histogram by hand that nobody watches");
}

/* ---- what a trial costs beyond its stretch ------------------------------- */

static void trial_overhead(struct bench *b, struct trial_result *r, const char *key)
{
	double ms[PAIRS];
	struct prepared p;
	uint64_t wall;
	size_t n = 0;

	if (!prepare(b, &p, key) || !launch(b, &p, true, r, &wall))
		return;
	p.cell.n = r->n;
	p.cell.block = r->block;
	for (int i = 0; i < PAIRS; i++) {
		if (launch(b, &p, false, r, &wall))
			ms[n++] = ((double)wall - (double)r->elapsed_ns) / 1e6;
	}
	put_median(key, ms, n, " ms", "a trial beyond its stretch");
	free(p.xml);
}

/* ---- commands ------------------------------------------------------------- */

static void command_time(struct bench *b, const char *program, const char *arg)
{
	double ms[PAIRS];

	fflush(stdout); /* or every child would print what is in the buffer */
	for (int i = 0; i < PAIRS; i++) {
		uint64_t begin = clock_read(&b->clock);
		pid_t pid = fork();

		if (pid == 0) {
			if (!freopen("/dev/null", "w", stdout))
				_exit(1);
			execl(program, "handoff", arg, (char *)NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
		ms[i] = (double)clock_ns(&b->clock, clock_read(&b->clock) - begin) / 1e6;
	}
	put_median(arg, ms, PAIRS, " ms", "the whole command");
}

int main(int argc, char **argv)
{
	struct trial_result *r = calloc(1, sizeof(*r));
	struct bench b = {0};
	struct env_facts facts;

	if (argc > 1 && strcmp(argv[1], "trial") == 0)
		return cmd_trial(argc - 1, argv + 1);
	b.topo = topo_open_native(b.err, ERR);
	if (!b.topo || !r) {
		fprintf(stderr, "bench-self: %s\n", b.err);
		return EXIT_USAGE;
	}
	clock_calibrate(&b.clock, false, NULL, 0);
	env_read("", &facts);
	printf("handoff %s, commit %s, %s, %s, kernel %s\n", version_number, version_commit,
		version_flags, env_cpu_model(&facts), env_kernel(&facts));
	puts("ratio: time per operation (CPU: CPU time of both sides) of the stamped loop / of the hand-written one, median of "
	     "pairs [95 %]");
	for (size_t i = 0; i < hand_count; i++)
		compare_loop(&b, r, hands[i].cell, &hands[i]);
	recording();
	trial_overhead(&b, r, "channel/ring-spsc/stream?domain=thread&wait=spin");
	trial_overhead(&b, r, "channel/pipe/stream?domain=process");
	if (argc > 1) {
		command_time(&b, argv[1], "list");
		command_time(&b, argv[1], "--help");
		self_compare(argv[1]);
	}
	topo_close(b.topo);
	free(r);
	return EXIT_FINE;
}
