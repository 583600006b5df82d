/* cmd_run_end.c - what `handoff run` says about what it did; see cmd_run.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "bench/answers.h"
#include "bench/campaign_set.h"
#include "bench/cmd.h"
#include "bench/cmd_run.h"
#include "bench/plugin.h"
#include "bench/report.h"

static int say_error(const struct run *r, int code)
{
	fprintf(stderr, "handoff run: %s\n", r->err);
	return code;
}

void run_say_left_out(const struct selection *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_left_out; i++)
		n += s->left_out[i].n;
	if (n)
		printf("%zu impossible or repeated combinations left out:\n", n);
	for (size_t i = 0; i < s->n_left_out; i++)
		printf("  %6zu  %s\n", s->left_out[i].n, s->left_out[i].why);
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
		printf("%" PRIu64 " ok rows are marked noisy; %" PRIu64
		       " trials were repeated for it\n",
			r->runner.noisy, r->runner.repeats.done);
}

static int say_answers(const struct run *r)
{
	char path[SESSION_PATH + 64], err[RUN_ERR], belief[400] = "";
	struct sample *rows = NULL;
	size_t n = 0;

	if (samples_read(session_path(&r->session, "samples.csv", path), &rows, &n, err, RUN_ERR) !=
		0) {
		fprintf(stderr, "handoff run: %s\n", err);
		return -EIO;
	}
	env_believe(&r->facts, belief, sizeof(belief));
	answers_print(stdout, rows, n, cmd_rankable, belief);
	free(rows);
	return 0;
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

int run_announce(struct run *r)
{
	printf("%zu cells, up to %zu rows, in %s\n", r->plan.n, plan_rows(&r->plan),
		r->session.dir);
	if (fflush(stdout) == 0)
		return 0;
	snprintf(r->err, RUN_ERR, "cannot write to standard output: %s", strerror(errno));
	__fpurge(stdout); /* said once is enough */
	clearerr(stdout);
	return -EIO;
}

/* A finished run under results/ without findings is a replicate for comparisons to come. */
static int keep_campaign(const struct run *r, int code)
{
	char path[CAMPAIGN_PATH], err[RUN_ERR];
	struct campaign c;
	int rc;

	if (r->set.no_keep || getenv("HANDOFF_NO_KEEP") ||
		(code != EXIT_FINE && code != EXIT_INCONCLUSIVE) ||
		strncmp(r->session.dir, "results/", 8) != 0)
		return 0;
	rc = campaign_read(&c, r->session.dir, err, sizeof(err));
	if (rc) {
		fprintf(stderr, "handoff run: %s\n", err);
		return rc;
	}
	rc = c.unfinished ? 0 : campaign_keep(&c, path, err, sizeof(err));
	if (rc)
		fprintf(stderr, "handoff run: %s\n", err);
	campaign_free(&c);
	return rc;
}

/* Everything but the report is on paper before gnuplot takes its time. */
int run_finish(struct run *r)
{
	char path[SESSION_PATH + 64];
	int code = exit_code(r);

	run_say_left_out(&r->selection);
	say_rows(r);
	if (run_say_rates(r) != 0)
		code = say_error(r, EXIT_USAGE);
	if (run_say_precision(r) != 0)
		code = say_error(r, EXIT_USAGE);
	if (say_answers(r) != 0)
		code = EXIT_USAGE;
	session_publish(&r->session);
	if (keep_campaign(r, code) != 0)
		code = EXIT_USAGE;
	fflush(stdout);
	if (!r->set.no_report && report_write(r->session.dir, r->err, RUN_ERR) != 0 && !launch_stop)
		code = say_error(r, EXIT_USAGE);
	if (launch_stop) {
		fprintf(stderr,
			"handoff run: stopped by signal %d; all rows are kept, the report is made "
			"by\n  handoff report %s\n",
			(int)launch_stop, r->session.dir);
		return EXIT_SIGNAL + launch_stop;
	}
	printf("%s\n",
		session_path(&r->session, r->set.no_report ? "samples.csv" : "REPORT.md", path));
	return code;
}

int run_stopped(struct run *r)
{
	char plugins[SESSION_PATH];

	if (r->has_plan) {
		fprintf(stderr,
			"handoff run: stopped by signal %d; rows so far are kept, go on with\n"
			"  %shandoff run --resume %s\n",
			(int)launch_stop, plugin_words(plugins, sizeof(plugins)), r->session.dir);
	} else {
		session_discard(&r->session);
		fprintf(stderr,
			"handoff run: stopped by signal %d before anything was measured; nothing "
			"is kept\n",
			(int)launch_stop);
	}
	return EXIT_SIGNAL + launch_stop;
}

int run_failed(struct run *r, int code)
{
	char plugins[SESSION_PATH];

	say_error(r, EXIT_USAGE);
	if (r->runner.measuring)
		fprintf(stderr,
			"rows so far are kept; when that is mended go on with\n"
			"  %shandoff run --resume %s\n",
			plugin_words(plugins, sizeof(plugins)), r->session.dir);
	else if (!r->has_plan)
		session_discard(&r->session);
	return code == -EXDEV ? EXIT_NOTHING : EXIT_USAGE;
}
