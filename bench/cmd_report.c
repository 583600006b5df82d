/* cmd_report.c - documents about one run, or several side by side. */
#include <stdio.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/report.h"

enum { ERR = 1000 };

#define FIELD(f) offsetof(struct report_options, f)

static const struct opt opts[] = {
	{"out", 'o', OPT_STR, FIELD(out_path), "FILE", NULL,
		"Where to write.  Default: RUN/REPORT.md; several runs: stdout."},
	{"template", 0, OPT_STR, FIELD(template_path), "FILE", NULL,
		"The prose, with references to rows.  Default: the REPORT.in.md that came with "
		"handoff; its head explains the references."},
	{"demand-all", 0, OPT_FLAG, FIELD(demand), NULL, NULL,
		"A reference to what the run does not have is an error, and nothing is written."},
	{"keep-pictures", 0, OPT_FLAG, FIELD(keep_pictures), NULL, NULL,
		"Show the pictures that are in RUN/plots; draw none."},
	{"fill", 0, OPT_STR, FIELD(fill_path), "FILE", NULL,
		"Fill in the tables between <!-- table:REFERENCE --> and <!-- /table --> in FILE, "
		"too."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "report",
	.synopsis = "[options] [RUN...]",
	.summary = "Write REPORT.md and the pictures of a run (default: results/latest) from its "
		   "files.  The pictures' scripts and data stay in RUN/plots, to be restyled.  "
		   "Several runs: print them side by side, what differs between the machines "
		   "first; no verdict.",
	.opts = opts,
};

static int fail(const char *err)
{
	fprintf(stderr, "handoff report: %s\n", err);
	return EXIT_USAGE;
}

static int report_one(const struct report_options *o, const char *run)
{
	char err[ERR];

	if (report_make(run, o, err, sizeof(err)) != 0)
		return fail(err);
	if (o->out_path)
		printf("%s\n", o->out_path);
	else
		printf("%s/REPORT.md\n", run);
	return EXIT_FINE;
}

static int report_several(const struct report_options *o, const char *const *run, int n)
{
	char err[ERR];

	if (o->template_path || o->fill_path || o->demand || o->keep_pictures)
		return fail("several runs are set side by side: only --out can be chosen");
	if (report_compare(run, (size_t)n, o->out_path, err, sizeof(err)) != 0)
		return fail(err);
	if (o->out_path)
		printf("%s\n", o->out_path);
	return EXIT_FINE;
}

int cmd_report(int argc, char **argv)
{
	struct report_options o;
	const char **operands;
	int n, code = opt_parse(&cmd, &o, argc, argv, &operands, &n);

	if (code != OPT_RUN)
		return code;
	code = n > 1 ? report_several(&o, operands, n)
		     : report_one(&o, n ? operands[0] : "results/latest");
	opt_free(&cmd, &o);
	return code;
}
