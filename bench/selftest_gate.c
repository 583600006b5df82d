/*
 * selftest_gate.c - gates whose right answer is known; see selftest_gate.h.
 *
 * aa: this program against a copy of its file.  aa2: against another link of the same objects.
 * inject: against its copy, both as probed twins, those of the copy burning time in each operation
 * of some cells.
 */
#include "bench/selftest_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/random.h"
#include "bench/version.h"
#include "harness/futex.h"

enum { MOST_RUNS = 1000 };

#define FIELD(f) offsetof(struct gate_test_settings, f)
#define COMMON                                                                                     \
	{"runs", 0, OPT_U64, FIELD(runs), "N", "1", "How many gates."},                            \
		{"matrix", 0, OPT_STR, FIELD(ab.matrix), "NAME", "gate6",                          \
			"A matrix file, or the name of a shipped one."},                           \
		{"pairs", 0, OPT_U64, FIELD(ab.pairs), "N", NULL, "As in `handoff ab`."},          \
		{"trial-ms", 0, OPT_TIME_NS, FIELD(ab.trial_ns), "MS", NULL,                       \
			"As in `handoff ab`."},                                                    \
		{"seed", 0, OPT_U64, FIELD(ab.seed), "N", NULL,                                    \
			"Of the first gate; the next have the numbers behind it.  Default: a "     \
			"fresh one."},                                                             \
	{                                                                                          \
		"out", 'o', OPT_STR, FIELD(out), "FILE", NULL,                                     \
			"Add a row for each gate to this CSV file, and print what all its rows "   \
			"add up to."                                                               \
	}

static const struct opt opts[] = {COMMON, {0}};

static const struct opt inject_opts[] = {COMMON,
	{"cells", 0, OPT_U64, FIELD(cells), "N", NULL,
		"Slow down so many of the cells that match, drawn anew for each gate.  Default: all "
		"of them."},
	{0}};

/* ---- the two programs -------------------------------------------------------------- */

static int copy_self(struct gate_test *t)
{
	const char *dir = getenv("TMPDIR");
	int from = open(t->old_path, O_RDONLY | O_CLOEXEC), to;
	struct stat st;
	int code = 0;

	snprintf(t->copy, sizeof(t->copy), "%.3000s/handoff-copy-XXXXXX",
		dir && dir[0] ? dir : "/tmp");
	to = from < 0 ? -1 : mkostemp(t->copy, O_CLOEXEC);
	if (to < 0 || fstat(from, &st) != 0)
		code = -errno;
	while (!code && lseek(to, 0, SEEK_CUR) < st.st_size) {
		if (sendfile(to, from, NULL, (size_t)st.st_size) <= 0)
			code = -EIO;
	}
	if (!code && fchmod(to, 0755) != 0)
		code = -errno;
	if (code)
		snprintf(t->err, RUN_ERR, "cannot copy this program to %.300s: %s", t->copy,
			strerror(-code));
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	else
		t->copy[0] = '\0';
	snprintf(t->new_path, sizeof(t->new_path), "%s", t->copy);
	return code;
}

static int find_self(struct gate_test *t)
{
	if (realpath("/proc/self/exe", t->old_path))
		return 0;
	snprintf(t->err, RUN_ERR, "/proc/self/exe, this program's file, cannot be read: %s",
		strerror(errno));
	return -errno;
}

/* ---- one gate ------------------------------------------------------------------------ */

static int run_gate(struct gate_test *t, uint64_t number)
{
	struct ab *ab = calloc(1, sizeof(*ab));
	uint64_t begin = monotonic_ns();
	int code;

	if (!ab)
		return EXIT_USAGE;
	t->run = (struct gate_run){.kind = ""};
	ab->set = t->set.ab;
	ab->set.quiet = true;
	ab->set.seed = t->set.ab.seed + number;
	ab->side[AB_OLD].given = t->old_path;
	ab->side[AB_NEW].given = t->new_path;
	if (t->changes) {
		ab->probed = true;
		ab->adjust = gate_test_arm;
		ab->adjust_arg = t;
	}
	code = ab_run(ab);
	if (code < EXIT_SIGNAL && ab->judgement.row) {
		gate_test_row(t, ab, code, (double)(monotonic_ns() - begin) / 1e9);
		printf("gate %llu, seed %.0f: ", (unsigned long long)number + 1, t->run.seed);
		judged_last_line(stdout, &ab->judgement);
		fflush(stdout);
	}
	ab_free(ab);
	free(ab);
	return code;
}

/* ---- all of them ----------------------------------------------------------------------- */

static int fail(const struct gate_test *t)
{
	fprintf(stderr, "handoff selftest %s: %s\n", t->kind, t->err);
	return EXIT_USAGE;
}

static int keep(struct gate_test *t)
{
	struct gate_run *more = realloc(t->past, (t->n_past + 1) * sizeof(*more));

	if (!more) {
		snprintf(t->err, RUN_ERR, "no memory");
		return -ENOMEM;
	}
	t->past = more;
	t->past[t->n_past++] = t->run;
	return t->set.out ? gate_runs_add(t->set.out, &t->run, t->err, RUN_ERR) : 0;
}

static int run_gates(struct gate_test *t)
{
	bool wrong = false, open = false;

	for (uint64_t i = 0; i < t->set.runs; i++) {
		int code = run_gate(t, i);

		/* one that came to no verdict is told of, too */
		if (code < EXIT_SIGNAL && t->run.kind[0] && keep(t) != 0)
			return fail(t);
		if (code >= EXIT_SIGNAL || code == EXIT_USAGE || code == EXIT_NOTHING)
			return code;
		wrong = wrong || !gate_run_right(&t->run);
		open = open || code == EXIT_INCONCLUSIVE;
	}
	return wrong ? EXIT_FINDING : open ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int check(struct gate_test *t)
{
	if (t->set.runs > MOST_RUNS) {
		snprintf(t->err, RUN_ERR, "--runs goes up to %d", MOST_RUNS);
		return -EINVAL;
	}
	if (!t->set.ab.seed)
		t->set.ab.seed = random_fresh_seed();
	if (t->set.out && access(t->set.out, F_OK) == 0)
		return gate_runs_read(t->set.out, &t->past, &t->n_past, t->err, RUN_ERR);
	return 0;
}

static int run_test(struct gate_test *t)
{
	int code = check(t);

	if (!code)
		code = find_self(t);
	if (!code && !t->new_path[0])
		code = copy_self(t);
	if (code)
		return fail(t);
	code = run_gates(t);
	if (t->n_past)
		gate_runs_print(stdout, t->past, t->n_past);
	return code;
}

static void end_test(struct gate_test *t)
{
	if (t->copy[0])
		unlink(t->copy);
	free(t->past);
	free(t);
}

/* ---- the words --------------------------------------------------------------------------- */

#define EXITS                                                                                      \
	"Exit codes: 0 right each time, 1 a false alarm, or a slowed cell that was not named, 3\n" \
	"nothing could run, 4 a gate decided nothing.\n"

int selftest_gate_aa(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "selftest aa",
		.synopsis = "[options]",
		.summary = "`handoff ab` on this program and a copy of its file: nothing became "
			   "slower, and it must say so.",
		.opts = opts,
		.after = EXITS,
	};
	struct gate_test *t = calloc(1, sizeof(*t));
	int code = t ? opt_parse(&cmd, &t->set, argc, argv, NULL, NULL) : EXIT_USAGE;

	if (code == OPT_RUN) {
		t->kind = "aa";
		code = run_test(t);
		opt_free(&cmd, &t->set);
	}
	if (t)
		end_test(t);
	return code;
}

int selftest_gate_aa2(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "selftest aa2",
		.synopsis = "[options] RELINKED",
		.summary = "`handoff ab` on this program and another link of the same objects, in "
			   "another order and alignment: `make aa2` makes build/aa2/handoff.",
		.opts = opts,
		.after = EXITS,
	};
	struct gate_test *t = calloc(1, sizeof(*t));
	const char **operand;
	int n = 0, code = t ? opt_parse(&cmd, &t->set, argc, argv, &operand, &n) : EXIT_USAGE;

	if (code == OPT_RUN && (n != 1 || plugin_is_name(operand[0]))) {
		fputs("handoff selftest aa2: name the relinked program; `make aa2` makes "
		      "build/aa2/handoff\n",
			stderr);
		opt_free(&cmd, &t->set);
		code = EXIT_USAGE;
	} else if (code == OPT_RUN) {
		t->kind = "aa2";
		snprintf(t->new_path, sizeof(t->new_path), "%.4095s", operand[0]);
		code = run_test(t);
		opt_free(&cmd, &t->set);
	}
	if (t)
		end_test(t);
	return code;
}

static int inject(struct gate_test *t, const char **operand, int n)
{
	t->kind = "inject";
	if (n == 0) {
		snprintf(t->err, RUN_ERR, "say which cells become slower: 'channel/pipe/*=10%%'");
		return fail(t);
	}
	for (int i = 0; i < n; i++) {
		if (gate_test_parse_change(t, operand[i]) != 0)
			return fail(t);
	}
	gate_test_measure_spin(t);
	return run_test(t);
}

int selftest_gate_inject(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "selftest inject",
		.synopsis = "[options] CELL=PERCENT...",
		.summary =
			"`handoff ab` on this program and its copy, which burns so much more time "
			"in each operation of the cells named (globs of keys): those and no "
			"others must be named.  Both run the probed twins.",
		.opts = inject_opts,
		.after = "  handoff selftest inject 'channel/pipe/*=10%'\n"
			 "  handoff selftest inject --matrix gate60 --cells 3 '*=10%'\n\n" EXITS,
	};
	struct gate_test *t = calloc(1, sizeof(*t));
	const char **operand;
	int n = 0, code = t ? opt_parse(&cmd, &t->set, argc, argv, &operand, &n) : EXIT_USAGE;

	if (code == OPT_RUN) {
		code = inject(t, operand, n);
		opt_free(&cmd, &t->set);
	}
	if (t)
		end_test(t);
	return code;
}
