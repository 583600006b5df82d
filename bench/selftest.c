/* selftest.c - see selftest.h. */
#include "bench/selftest.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/launch.h"

/* ---- one figure ------------------------------------------------------------ */

enum selftest_verdict selftest_judge(enum selftest_kind kind, double expected, double seen)
{
	const double slack = SELFTEST_TOLERANCE_PERCENT / 100.0 * fabs(expected);
	bool fine = false;

	switch (kind) {
	case SELFTEST_SAME:
		fine = fabs(seen - expected) <= slack;
		break;
	case SELFTEST_EXACT:
		fine = seen >= expected && seen <= expected;
		break;
	case SELFTEST_LEAST:
		fine = seen >= expected;
		break;
	case SELFTEST_MOST:
		fine = seen <= expected + slack;
		break;
	case SELFTEST_KINDS:
		break;
	}
	return fine ? SELFTEST_OK : SELFTEST_WRONG;
}

/* What cannot be: is it found? */
static double broken(enum selftest_kind kind, double expected)
{
	switch (kind) {
	case SELFTEST_SAME:
		return expected * 1.05;
	case SELFTEST_EXACT:
		return expected + 1;
	case SELFTEST_LEAST:
		return expected * 1e6;
	default:
		return expected * 1e-6;
	}
}

struct selftest_figure *selftest_add(struct selftest *t, const char *check, enum selftest_kind kind,
	enum selftest_unit unit, double expected, double seen, const char *what, ...)
{
	struct selftest_figure *f = &t->figure[t->n_figures];
	va_list ap;

	t->n_figures += t->n_figures + 1 < SELFTEST_MAX_FIGURES;
	if (t->break_check && strcmp(t->break_check, check) == 0)
		expected = broken(kind, expected);
	*f = (struct selftest_figure){
		.check = check,
		.kind = kind,
		.unit = unit,
		.expected = expected,
		.seen = seen,
		.verdict = selftest_judge(kind, expected, seen),
	};
	va_start(ap, what);
	vsnprintf(f->what, sizeof(f->what), what, ap);
	va_end(ap);
	return f;
}

/* ---- all of them ----------------------------------------------------------- */

static const char *const checks[] = {
	"clock", "floor", "busy", "sleep", "hold", "late", "drop", "duplicate", "swap", "flip"};

const char *const *selftest_checks(size_t *n)
{
	*n = ARRAY_LEN(checks);
	return checks;
}

static bool asked_for(const struct selftest *t, const char *check)
{
	for (size_t i = 0; i < t->only.n; i++) {
		if (strcmp(t->only.item[i], check) == 0)
			return true;
	}
	return t->only.n == 0;
}

int selftest_run(struct selftest *t)
{
	int code = 0;

	for (size_t i = 0; i < ARRAY_LEN(checks) && !code; i++) {
		if (asked_for(t, checks[i]))
			code = selftest_trials(t, checks[i]);
	}
	return launch_stop ? -EINTR : code;
}

int selftest_exit(const struct selftest *t)
{
	if (t->verdicts[SELFTEST_WRONG])
		return EXIT_FINDING;
	if (t->verdicts[SELFTEST_OK] == 0)
		return EXIT_NOTHING;
	return t->verdicts[SELFTEST_NOT_RUN] ? EXIT_INCONCLUSIVE : EXIT_FINE;
}
