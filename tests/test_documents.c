/*
 * Documents name everything that there is: the references of the report, the workloads and the
 * marks of noise in the manual of results, the targets in `make help`.  Mutants still fit the code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/quality.h"
#include "bench/report_part.h"
#include "harness/workload.h"
#include "tests/support.h"

enum { TEXT = 80, OUTPUT = 1 << 14 };

/* A text of the source; free() it. */
static char *source(const char *path)
{
	const char *src = getenv("HANDOFF_SRC");
	char full[SUPPORT_PATH];

	snprintf(full, sizeof(full), "%s/%s", src ? src : ".", path);
	if (!support_exists(full))
		skip_because("%s is not there", full);
	return support_read(full);
}

/* What stands between the two marks; the text ends there. */
static char *between(char *text, const char *from, const char *to)
{
	char *begin = strstr(text, from), *end;

	if (!begin)
		fail_msg("\"%s\" is not there", from);
	begin += strlen(from);
	end = strstr(begin, to);
	if (!end)
		fail_msg("\"%s\" does not end", from);
	*end = '\0';
	return begin;
}

static bool ends_word(char c)
{
	return c == ' ' || c == ',' || c == '\n' || c == '\0' || c == ':';
}

/* At the begin of a line, or behind a comma there: before the explanation. */
static bool is_listed(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n) {
		const char *line = at;

		while (line > text && line[-1] != '\n')
			line--;
		if (at - line < 27 && at > text && (at[-1] == ' ') && ends_word(at[n]))
			return true;
	}
	return false;
}

static void report_template_explains_every_reference(void **state)
{
	char *text = source("REPORT.in.md"), *head = between(text, "References (", "}}");
	size_t n = 0;

	(void)state;
	for (const char *name; (name = report_part_name(n)); n++) {
		if (!is_listed(head, name))
			fail_msg("REPORT.in.md does not explain %s", name);
	}
	assert_true(n > 0);
	free(text);
}

static void manual_of_results_names_every_workload(void **state)
{
	char *text = source("results/README.md"), *row = between(text, "\n| `workload` |", "\n");
	const struct workload *w;
	char quoted[TEXT];
	size_t n;

	(void)state;
	w = workload_all(&n);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(quoted, sizeof(quoted), "`%s`", w[i].name);
		if (!strstr(row, quoted))
			fail_msg("results/README.md: the row workload lacks %s", quoted);
	}
	free(text);
}

static void manual_of_results_names_every_kind_of_sample(void **state)
{
	char *text = source("results/README.md"), *row = between(text, "\n| `kind` |", "\n");
	char quoted[TEXT];

	(void)state;
	for (int k = KIND_NONE + 1; k < KIND_COUNT; k++) {
		snprintf(quoted, sizeof(quoted), "`%s` ", kind_name((enum kind)k));
		if (!strstr(row, quoted))
			fail_msg("results/README.md: the row kind lacks %s", quoted);
	}
	free(text);
}

static void manual_of_results_names_every_mark_of_noise(void **state)
{
	char *text = source("results/README.md"), *table = between(text, "### quality\n", "\n## ");
	char row[TEXT];

	(void)state;
	for (int q = 0; q < QUALITY_REASONS; q++) {
		snprintf(row, sizeof(row), "\n| `%s` |",
			quality_reason_name((enum quality_reason)q));
		if (!strstr(table, row))
			fail_msg("results/README.md does not say when a row is marked%s", row + 1);
	}
	free(text);
}

/* What `make help` prints; free() it. */
static char *help(void)
{
	const char *src = getenv("HANDOFF_SRC");
	char command[SUPPORT_PATH], *text = calloc(1, OUTPUT);
	FILE *from;

	snprintf(command, sizeof(command),
		"env -u MAKEFLAGS -u MFLAGS make -s -C '%s' --no-print-directory help",
		src ? src : ".");
	from = popen(command, "r");
	assert_non_null(from);
	assert_non_null(text);
	assert_true(fread(text, 1, OUTPUT - 1, from) < OUTPUT - 1);
	assert_int_equal(pclose(from), 0);
	return text;
}

static void make_help_lists_every_target(void **state)
{
	char *text = source("Makefile"), *phony = between(text, "\n.PHONY: ", "\n.DELETE_ON_ERROR");
	char *said = help(), *rest = NULL;
	unsigned n = 0;

	(void)state;
	for (char *t = strtok_r(phony, " \t\n\\", &rest); t; t = strtok_r(NULL, " \t\n\\", &rest)) {
		char line[TEXT];

		snprintf(line, sizeof(line), "  %s ", t);
		if (!strstr(said, line))
			fail_msg("make help does not say what %s is", t);
		n++;
	}
	assert_true(n > 0);
	free(said);
	free(text);
}

/* One that fits nothing any more protects nothing; `make mutants` is too long to say so soon. */
static void every_mutant_still_applies(void **state)
{
	const char *src = getenv("HANDOFF_SRC");
	char command[SUPPORT_PATH];

	(void)state;
	if (system("git --version > /dev/null 2>&1") != 0)
		skip_because("there is no git");
	snprintf(command, sizeof(command),
		"cd '%s' && [ -d tests/mutants ] && for p in tests/mutants/*.patch; do "
		"git apply --check \"$p\" || exit 1; done",
		src ? src : ".");
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_template_explains_every_reference),
		cmocka_unit_test(manual_of_results_names_every_workload),
		cmocka_unit_test(manual_of_results_names_every_kind_of_sample),
		cmocka_unit_test(manual_of_results_names_every_mark_of_noise),
		cmocka_unit_test(make_help_lists_every_target),
		cmocka_unit_test(every_mutant_still_applies),
	};

	return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
