/*
 * cmd_selftest.c - `handoff selftest`: does the harness tell the truth here?
 *
 * Without a word it holds the harness against mechanisms of known cost and known
 * faults (selftest.h).  A word asks for another test of this kind.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/launch.h"
#include "bench/opt.h"
#include "bench/selftest.h"
#include "bench/selftest_gate.h"
#include "bench/stop.h"
#include "bench/units.h"
#include "bench/version.h"
#include "harness/names.h"

enum { MOST_TRIES = 100 };

struct settings {
	struct opt_list check;
	const char *break_check, *format;
	uint64_t tries;
};

static const struct opt opts[] = {
	{"check", 'c', OPT_LIST, offsetof(struct settings, check), "CHECK", NULL,
		"Only these: clock, floor, busy, sleep, hold, late, drop, duplicate, swap, flip.  "
		"Default: all."},
	{"tries", 0, OPT_U64, offsetof(struct settings, tries), "N", "5",
		"Trials at most for a figure that does not agree: something from outside may have "
		"come between the two readings."},
	{"break", 0, OPT_STR, offsetof(struct settings, break_check), "CHECK", NULL,
		"Expect of this check what cannot be, to see that it is found."},
	{"format", 0, OPT_STR, offsetof(struct settings, format), "FORMAT", "text",
		"text, or csv: check,figure,relation,expected,seen,unit,ratio,verdict,tries,"
		"reason."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "selftest",
	.synopsis = "[options] | aa | aa2 RELINKED | inject CELL=PERCENT",
	.summary = "Hold the harness against mechanisms whose cost or whose fault is known; or, "
		   "with a word, the gate against programs whose difference is.",
	.opts = opts,
	.after =
		"  clock      ticks against CLOCK_MONOTONIC_RAW\n"
		"  floor      loops that hand nothing over: none is faster than a bare loop\n"
		"  busy       a send works for 10 us        | rates, times and CPU times against a\n"
		"  sleep      a send sleeps 500 us          | second clock's reading of the same\n"
		"  hold       a lock is held for 500 ns     | stretch, within 2 %\n"
		"  late       each 1000th message is 1 ms late: in p99.9 and the count, not in p50, and\n"
		"             as long by the second clock\n"
		"  drop, duplicate, swap, flip   every 256th message: caught, and rightly named\n"
		"\n"
		"Exit codes: 0 all agree, 1 something is wrong, 3 nothing could run, 4 a part could\n"
		"not.\n",
};

/* ---- what it prints ---------------------------------------------------------- */

static const char *const verdict_names[SELFTEST_VERDICTS] = {"ok", "WRONG", "not run"};
static const char *const kind_marks[SELFTEST_KINDS] = {"", "", ">= ", "<= "};
static const char *const kind_names[SELFTEST_KINDS] = {"same", "equal", "least", "most"};
static const char *const unit_names[SELFTEST_UNITS] = {"ns", "1/s", "", "share"};

static void format_value(enum selftest_unit unit, double v, char *out, size_t len)
{
	if (!isfinite(v))
		snprintf(out, len, "-");
	else if (unit == SELFTEST_NS)
		units_format_ns(out, len, v);
	else if (unit == SELFTEST_RATE)
		units_format_rate(out, len, v);
	else if (unit == SELFTEST_COUNT)
		snprintf(out, len, "%.0f", v);
	else
		snprintf(out, len, "%.3f", v);
}

static void show_text(const struct selftest_figure *f, void *arg)
{
	char expected[2 * UNITS_TEXT_BYTES], seen[UNITS_TEXT_BYTES], ratio[16] = "-";
	const char *mark = kind_marks[f->kind];

	(void)arg;
	snprintf(expected, sizeof(expected), "%s", mark);
	format_value(f->unit, f->expected, expected + strlen(mark), UNITS_TEXT_BYTES);
	format_value(f->unit, f->seen, seen, sizeof(seen));
	if (isfinite(f->seen / f->expected))
		snprintf(ratio, sizeof(ratio), "%.3f", f->seen / f->expected);
	printf("%-10s %-44s %12s %10s %9s  %s", f->check, f->what, expected, seen, ratio,
		verdict_names[f->verdict]);
	if (f->tries > 1)
		printf(" (%u trials)", f->tries);
	printf("%s%s\n", f->reason[0] ? ": " : "", f->reason);
	fflush(stdout);
}

static void show_csv(const struct selftest_figure *f, void *arg)
{
	struct csv_row *row = arg;

	csv_row_reset(row);
	csv_row_text(row, f->check);
	csv_row_text(row, f->what);
	csv_row_text(row, kind_names[f->kind]);
	csv_row_f64(row, f->expected, CSV_SHORT);
	csv_row_f64(row, f->seen, CSV_SHORT);
	csv_row_text(row, unit_names[f->unit]);
	csv_row_f64(row, f->seen / f->expected, CSV_SHORT);
	csv_row_text(row, verdict_names[f->verdict]);
	csv_row_u64(row, f->tries);
	csv_row_text(row, f->reason);
	if (csv_row_end(row) == 0)
		fwrite(row->buf, 1, row->len, stdout);
}

static void print_head(const struct selftest *t, bool csv)
{
	if (csv) {
		puts("check,figure,relation,expected,seen,unit,ratio,verdict,tries,reason");
		return;
	}
	printf("the harness reads %s; the second clocks are monotonic_raw and, for CPU time, the "
	       "thread's\n",
		clock_source_name((enum clock_source)t->clock.source));
	if (t->clock.source == CLOCK_SOURCE_GETTIME)
		puts("both are the same clock here: what is checked is what is made of it");
	printf("%-10s %-44s %12s %10s %9s  %s\n", "check", "figure", "expected", "seen", "ratio",
		"verdict");
}

static void print_end(const struct selftest *t)
{
	printf("%" PRIu64 " figures agree, %" PRIu64 " wrong, %" PRIu64 " not run; %" PRIu64
	       " trial%s repeated\n",
		t->verdicts[SELFTEST_OK], t->verdicts[SELFTEST_WRONG],
		t->verdicts[SELFTEST_NOT_RUN], t->again, t->again == 1 ? "" : "s");
}

/* ---- the command --------------------------------------------------------------- */

static int refuse(const char *option, const char *word, const char *const *known, size_t n)
{
	const char *near;
	size_t hits = opt_near(word, known, n, &near, 1);

	fprintf(stderr,
		"handoff selftest: %s \"%s\" is none that there is%s%s%s; see "
		"`handoff selftest --help`\n",
		option, word, hits ? "; did you mean " : "", hits ? near : "", hits ? "?" : "");
	return EXIT_USAGE;
}

static bool is_check(const char *word)
{
	size_t n;
	const char *const *known = selftest_checks(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(known[i], word) == 0)
			return true;
	}
	return false;
}

/* EXIT_FINE, or what is wrong with them is said. */
static int check_settings(const struct settings *s)
{
	static const char *const formats[] = {"text", "csv"};
	size_t n;
	const char *const *known = selftest_checks(&n);

	for (size_t i = 0; i < s->check.n; i++) {
		if (!is_check(s->check.item[i]))
			return refuse("the check", s->check.item[i], known, n);
	}
	if (s->break_check && !is_check(s->break_check))
		return refuse("the check", s->break_check, known, n);
	if (strcmp(s->format, "text") != 0 && strcmp(s->format, "csv") != 0)
		return refuse("the format", s->format, formats, 2);
	if (s->tries == 0 || s->tries > MOST_TRIES) {
		fprintf(stderr, "handoff selftest: --tries is from 1 to %d\n", MOST_TRIES);
		return EXIT_USAGE;
	}
	return EXIT_FINE;
}

static int exit_code(const struct selftest *t, int code)
{
	if (code == -EINTR && launch_stop)
		return EXIT_SIGNAL + launch_stop;
	if (code) {
		fprintf(stderr, "handoff selftest: %s\n", t->err);
		return EXIT_USAGE;
	}
	return selftest_exit(t);
}

static int open_machine(struct selftest *t)
{
	char why[128];

	t->topo = topo_open_native(t->err, sizeof(t->err));
	if (!t->topo)
		return -EINVAL;
	if (!topo_is_thissystem(t->topo)) {
		snprintf(t->err, sizeof(t->err),
			"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine: nothing can "
			"run on it");
		return -EINVAL;
	}
	t->result = calloc(1, sizeof(*t->result));
	if (!t->result) {
		snprintf(t->err, sizeof(t->err), "no memory");
		return -ENOMEM;
	}
	clock_calibrate(&t->clock, false, why, sizeof(why));
	return 0;
}

static int run(struct selftest *t, bool csv)
{
	struct csv_row row = {0};
	char ignored[200];
	int code;

	if (strcmp(version_flavour, "tsan") == 0) {
		fputs("handoff selftest: ThreadSanitizer makes every operation dearer than any of "
		      "them is known to be; use another build\n",
			stderr);
		return EXIT_NOTHING;
	}
	code = open_machine(t);
	if (code)
		return exit_code(t, code);
	t->show = csv ? show_csv : show_text;
	t->show_arg = &row;
	stop_on_signals();
	print_head(t, csv);
	code = selftest_run(t);
	names_clean(NULL, NULL, ignored, sizeof(ignored)); /* of trials that were killed */
	if (!code && !csv)
		print_end(t);
	csv_row_free(&row);
	return exit_code(t, code);
}

/* Against mechanisms of known cost and known faults: what no word asks for. */
static int selftest_harness(int argc, char **argv)
{
	struct selftest t = {.tries = 0};
	struct settings s;
	int code = opt_parse(&cmd, &s, argc, argv, NULL, NULL);

	if (code != OPT_RUN)
		return code;
	code = check_settings(&s);
	if (code == EXIT_FINE) {
		t.only = s.check;
		t.break_check = s.break_check;
		t.tries = (unsigned)s.tries;
		code = run(&t, strcmp(s.format, "csv") == 0);
		topo_close(t.topo);
		free(t.result);
	}
	opt_free(&cmd, &s);
	return code;
}

/* ---- other tests of this kind ---------------------------------------------------- */

static const struct word {
	const char *name;
	int (*run)(int argc, char **argv);
} words[] = {
	{"harness", selftest_harness},
	{"aa", selftest_gate_aa},
	{"aa2", selftest_gate_aa2},
	{"inject", selftest_gate_inject},
};

enum { WORDS = sizeof(words) / sizeof(*words) };

int cmd_selftest(int argc, char **argv)
{
	const char *known[WORDS];

	if (argc < 2 || argv[1][0] == '-')
		return selftest_harness(argc, argv);
	for (size_t i = 0; i < WORDS; i++) {
		known[i] = words[i].name;
		if (strcmp(argv[1], words[i].name) == 0)
			return words[i].run(argc - 1, argv + 1);
	}
	return refuse("the test", argv[1], known, WORDS);
}
