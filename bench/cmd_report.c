/* cmd_report.c - REPORT.md and pictures of a run. */
#include <stdio.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/report.h"

static const struct opt opts[] = {{0}};

static const struct opt_cmd cmd = {
	.name = "report",
	.synopsis = "[RUN]",
	.summary = "Write REPORT.md and the pictures of a run (default: results/latest) from its "
		   "files.  The pictures' scripts and data stay in RUN/plots, to be restyled.",
	.opts = opts,
};

int cmd_report(int argc, char **argv)
{
	const char **operands;
	char err[500];
	int n, code = opt_parse(&cmd, NULL, argc, argv, &operands, &n);
	const char *run;

	if (code != OPT_RUN)
		return code;
	if (n > 1) {
		fprintf(stderr, "handoff report: one run at a time\n");
		return EXIT_USAGE;
	}
	run = n ? operands[0] : "results/latest";
	if (report_write(run, err, sizeof(err)) != 0) {
		fprintf(stderr, "handoff report: %s\n", err);
		return EXIT_USAGE;
	}
	printf("%s/REPORT.md\n", run);
	return EXIT_FINE;
}
