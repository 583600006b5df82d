/* remains.c - see remains.h. */
#include "tests/remains.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/plan.h"

enum { MAX_CELLS = 64, MAX_BLOCKS = 64 };

const char *remains_path(const char *file)
{
	char name[64];

	snprintf(name, sizeof(name), "here/run/%s", file);
	return support_path(&program.dir, name);
}

bool remains_plan(void)
{
	return support_exists(remains_path("plan.csv"));
}

void remains_clear(void)
{
	program_ends("rm -rf run", RC_FINE);
}

/* ---- what is not ours ------------------------------------------------------------- */

static char foreign_shm[64];

static const char *const foreign_files[] = {
	"handoff/handoff-foreign0123456", "handoff/foreign-journal", "here/handoff-foreign"};

static void make_foreign(void)
{
	int fd;

	assert_int_equal(mkdir(support_path(&program.dir, "handoff"), 0700), 0);
	snprintf(foreign_shm, sizeof(foreign_shm), "/handoff-%032lx", (long)getpid());
	shm_unlink(foreign_shm); /* of a test with this pid that was killed */
	fd = shm_open(foreign_shm, O_CREAT | O_EXCL | O_RDWR, 0600);
	assert_true(fd >= 0);
	close(fd);
	support_text(support_path(&program.dir, foreign_files[0]), "precious");
	assert_int_equal(mkfifo(support_path(&program.dir, foreign_files[1]), 0600), 0);
	support_text(support_path(&program.dir, foreign_files[2]), "precious");
}

void remains_check_foreign(void)
{
	int fd = shm_open(foreign_shm, O_RDONLY, 0);

	if (fd < 0)
		fail_msg("%s, which is not ours, was removed", foreign_shm);
	close(fd);
	for (size_t i = 0; i < sizeof(foreign_files) / sizeof(*foreign_files); i++) {
		if (!support_exists(support_path(&program.dir, foreign_files[i])))
			fail_msg("%s, which is not ours, was removed", foreign_files[i]);
	}
}

int remains_setup(void **state)
{
	int code = program_setup(state);

	if (!code)
		make_foreign();
	return code;
}

int remains_teardown(void **state)
{
	shm_unlink(foreign_shm);
	return program_teardown(state);
}

/* ---- what a run has ---------------------------------------------------------------- */

static int ignore_row(void *ctx, uint64_t line, size_t n, const char *const *f, const size_t *len)
{
	(void)ctx;
	(void)line;
	(void)n;
	(void)f;
	(void)len;
	return 0;
}

/* It can be read from its first to its last line; `whole`: nothing is cut off. */
static void check_csv(const char *file, bool whole)
{
	struct csv_limits limits = {.max_row_bytes = 1 << 24, .max_field_bytes = 1 << 24};
	char err[400] = "";

	if (csv_read_file(remains_path(file), &limits, ignore_row, NULL, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	if (limits.rows == 0 || (whole && limits.truncated_tail))
		fail_msg("%s: %llu lines, %s", file, (unsigned long long)limits.rows,
			limits.truncated_tail ? "the last one is not whole" : "whole");
}

static void read_the_plan(struct plan *p)
{
	char err[600] = "";

	if (plan_read(p, remains_path("plan.csv"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_true(p->n <= MAX_CELLS && p->reps <= MAX_BLOCKS);
}

static size_t cell_number(const struct plan *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->cell[i].key, key) == 0)
			return i;
	}
	fail_msg("%s is not in the plan", key);
	return 0;
}

/*
 * Trials with their final row; no (cell, block, attempt) twice, and no further row but of what was
 * noisy until then.
 */
static size_t count_final(const struct plan *p, const struct sample *row, size_t n)
{
	static uint64_t attempts[MAX_CELLS][MAX_BLOCKS];
	static bool final[MAX_CELLS][MAX_BLOCKS], noisy[MAX_CELLS][MAX_BLOCKS];
	size_t done = 0;

	memset(attempts, 0, sizeof(attempts));
	memset(final, 0, sizeof(final));
	for (size_t i = 0; i < n; i++) {
		size_t c = cell_number(p, row[i].cell), b = (size_t)row[i].block;
		uint64_t bit = UINT64_C(1) << (unsigned)row[i].attempt;

		assert_true(b < p->reps && row[i].attempt >= 1);
		if (attempts[c][b] & bit)
			fail_msg("%s, block %zu: attempt %g twice", row[i].cell, b, row[i].attempt);
		attempts[c][b] |= bit;
		if (strcmp(row[i].status, "interrupted") == 0)
			continue;
		if (final[c][b] && !noisy[c][b])
			fail_msg("%s, block %zu: measured twice", row[i].cell, b);
		done += !final[c][b];
		final[c][b] = true;
		noisy[c][b] = strcmp(row[i].quality, "noisy") == 0;
		if (strcmp(row[i].status, "ok") != 0 && strcmp(row[i].status, "skip") != 0)
			fail_msg("%s: %s: %s", row[i].cell, row[i].status, row[i].reason);
	}
	return done;
}

size_t remains_count(size_t *planned)
{
	struct plan p;
	size_t n = 0, done;
	struct sample *row;

	read_the_plan(&p);
	row = program_rows("run", &n);
	done = count_final(&p, row, n);
	*planned = plan_rows(&p);
	free(row);
	plan_free(&p);
	return done;
}

/* Each line of histograms.csv is of another trial and side than all others. */
static void check_histograms_apart(void)
{
	char line[] =
		"sh -c 'cut -d, -f2-6 run/histograms.csv | sort | uniq -d | grep . && exit 1; :'";

	program_ends(line, RC_FINE);
}

/* What the run had is still there, at the beginning of what it has now. */
static void check_kept(const char *before)
{
	char *after = support_read(remains_path("samples.csv"));
	const char *end = strrchr(before, '\n');

	if (end && strncmp(before, after, (size_t)(end - before) + 1) != 0)
		fail_msg("rows of before were lost or changed");
	free(after);
}

void remains_check_resumed(const char *what)
{
	size_t planned = 0, done;
	char *before = support_read(remains_path("samples.csv"));

	program_ends(H "run --no-report --resume run", RC_FINE);
	done = remains_count(&planned);
	if (done != planned)
		fail_msg("%s: resumed, %zu of %zu trials have their row", what, done, planned);
	check_kept(before);
	check_histograms_apart();
	free(before);
}

void remains_check_nothing(const char *what, const char *journal)
{
	char which[PATH_MAX] = "";

	if (program_objects(journal, which, sizeof(which)) != 0)
		fail_msg("%s: %s was left behind", what, which);
	remains_check_foreign();
}

void remains_check_files(bool whole)
{
	size_t planned = 0;

	check_csv("plan.csv", true);
	check_csv("environment.csv", true);
	check_csv("samples.csv", whole);
	check_csv("histograms.csv", whole);
	remains_count(&planned);
}
