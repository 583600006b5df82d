/* cmd_run_rates.c - rates that `handoff run` finds by search; see cmd_run.h. */
#include <inttypes.h>
#include <stdio.h>

#include "bench/cmd_run.h"
#include "bench/knees.h"
#include "bench/openloop.h"
#include "bench/units.h"

enum { DEFAULT_SLO_NS = 1000000 };

static bool any_base(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (openloop_is_auto(&p->cell[i]))
			return true;
	}
	return false;
}

int run_find_rates(struct run *r)
{
	char path[SESSION_PATH + 64];
	struct knees k;
	int code;

	if (!any_base(&r->plan))
		return 0;
	code = knees_search(
		&r->runner, run_first_of(r->set.slo_ns, DEFAULT_SLO_NS, 0), &k, r->err, RUN_ERR);
	if (!code)
		code = knees_expand(&r->plan, &k, r->err, RUN_ERR);
	if (!code)
		code = run_start_runner(r);
	if (!code)
		code = knees_write(
			&k, session_path(&r->session, "knees.csv", path), r->err, RUN_ERR);
	knees_free(&k);
	return code;
}

static void say_rate(const struct knee_row *k)
{
	char rate[UNITS_TEXT_BYTES];

	if (k->knee_per_s)
		printf("  %-12s %s\n", units_format_rate(rate, sizeof(rate), (double)k->knee_per_s),
			k->cell);
	else
		printf("  %-12s %s: %s\n", "none", k->cell, k->reason);
}

int run_say_rates(struct run *r)
{
	char path[SESSION_PATH + 64], slo[UNITS_TEXT_BYTES];
	struct knees k;
	int code = knees_read(&k, session_path(&r->session, "knees.csv", path), r->err, RUN_ERR);

	if (code || k.n == 0)
		return code;
	printf("highest rate with a 99th percentile of the response time under %s:\n",
		units_format_ns(slo, sizeof(slo), (double)k.row[0].slo_ns));
	for (size_t i = 0; i < k.n; i++)
		say_rate(&k.row[i]);
	knees_free(&k);
	return 0;
}
