/*
 * One set of mechanisms: those of tests/mechanisms.tsv, in each of the domains that it names, are
 * in the registry, in the catalogue of what must run, in the full matrix, and in REPORT.md and
 * README.md; and nothing else is.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell_tasks.h"
#include "bench/registry.h"
#include "bench/select.h"
#include "harness/workload.h"
#include "tests/support.h"

enum { ERR = 900, LINE = 400 };

/* A file of the source tree; free() it. */
static char *source(const char *name)
{
	const char *root = getenv("HANDOFF_SRC");
	char path[SUPPORT_PATH];

	snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);
	return support_read(path);
}

/* The next line of *text, without its end; false: there is none. */
static bool next_line(const char **text, char line[LINE])
{
	size_t n = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(line, LINE, "%.*s", (int)(n < LINE ? n : LINE - 1), *text);
	*text += n + ((*text)[n] == '\n');
	return true;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += n) {
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

/* ---- tests/mechanisms.tsv ----------------------------------------------------------- */

/* A domain in which the mechanism has cells: mixed takes more workers than processes. */
static bool has_domain(const struct mech *m, enum domain d)
{
	if (d == DOMAIN_MIXED && m->max_senders == 1 && m->max_receivers == 1)
		return false;
	return cell_tasks_offered(m, d);
}

static void check_listed(const char *name, const char *domains)
{
	const struct mech *m = registry_find(name);

	if (!m)
		fail_msg("tests/mechanisms.tsv has %s, the registry has not", name);
	for (int d = 0; d < DOMAIN_NAMES; d++) {
		const char *word = domain_name((enum domain)d);

		if (has_word(domains, word) != has_domain(m, (enum domain)d))
			fail_msg("%s, %s: in one of tests/mechanisms.tsv and the registry only",
				name, word);
	}
}

/* Calls fn for each line, "family/name", "thread process"; how many there were. */
static size_t each_listed(void (*fn)(const char *name, const char *domains))
{
	char *list = source("tests/mechanisms.tsv"), line[LINE];
	const char *at = list;
	size_t n = 0;

	while (next_line(&at, line)) {
		char *domains = line, *name;

		if (line[0] == '#')
			continue;
		name = strsep(&domains, "\t");
		if (!domains || !domains[0])
			fail_msg("mechanisms.tsv: not two columns: %s", line);
		fn(name, domains);
		n++;
	}
	free(list);
	return n;
}

/* Each line once, so that as many lines as mechanisms are all of them. */
static void list_and_registry_have_the_same_mechanisms_and_domains(void **state)
{
	size_t listed = each_listed(check_listed);

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		char *list = source("tests/mechanisms.tsv"), want[LINE], *first;

		snprintf(want, sizeof(want), "\n%s\t", registry_all()[i]->name);
		first = strstr(list, want);
		if (!first || strstr(first + 1, want))
			fail_msg("tests/mechanisms.tsv does not have %s once",
				registry_all()[i]->name);
		free(list);
	}
	assert_int_equal(listed, registry_count());
}

/* ---- tests/catalogue.tsv ----------------------------------------------------------- */

struct asked { /* a row of the catalogue */
	char *pattern, *workload, *domains;
};

static bool next_row(const char **text, char line[LINE], struct asked *row)
{
	while (next_line(text, line)) {
		char *rest = line;

		if (line[0] == '#' || !line[0])
			continue;
		row->pattern = strsep(&rest, "\t");
		row->workload = strsep(&rest, "\t");
		row->domains = strsep(&rest, "\t");
		if (!rest || !strsep(&rest, "\t") || !rest)
			fail_msg("catalogue.tsv: not five columns: %s", line);
		return true;
	}
	return false;
}

static bool catalogue_asks(const char *catalogue, const struct mech *m, enum domain d)
{
	char line[LINE];
	struct asked row;

	while (next_row(&catalogue, line, &row)) {
		if (fnmatch(row.pattern, m->name, 0) == 0 && has_word(row.domains, domain_name(d)))
			return true;
	}
	return false;
}

static void catalogue_asks_for_every_mechanism_in_each_of_its_domains(void **state)
{
	char *catalogue = source("tests/catalogue.tsv");

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		for (int d = 0; d < DOMAIN_NAMES; d++) {
			if (has_domain(m, (enum domain)d) &&
				!catalogue_asks(catalogue, m, (enum domain)d))
				fail_msg("tests/catalogue.tsv has no row for %s, %s", m->name,
					domain_name((enum domain)d));
		}
	}
	free(catalogue);
}

static void check_row(const struct asked *row)
{
	bool mech = false, workload = false;
	size_t n;
	const struct workload *all = workload_all(&n);

	for (size_t i = 0; i < registry_count(); i++)
		mech = mech || fnmatch(row->pattern, registry_all()[i]->name, 0) == 0;
	for (size_t i = 0; i < n; i++)
		workload = workload || strcmp(all[i].name, row->workload) == 0;
	if (!mech || !workload)
		fail_msg(
			"tests/catalogue.tsv: there is no %s with %s", row->pattern, row->workload);
}

static void catalogue_asks_for_nothing_that_does_not_exist(void **state)
{
	char *catalogue = source("tests/catalogue.tsv"), line[LINE];
	const char *at = catalogue;
	struct asked row;
	size_t n = 0;

	(void)state;
	for (; next_row(&at, line, &row); n++)
		check_row(&row);
	assert_true(n > registry_count());
	free(catalogue);
}

/* ---- the full matrix ----------------------------------------------------------------- */

static bool matrix_has(const struct selection *s, const struct mech *m, enum domain d)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->cell[i].mech == m && s->cell[i].domain == d)
			return true;
	}
	return false;
}

static void check_matrix(const char *name, uint32_t domains)
{
	const struct axes none = {0};
	const char *root = getenv("HANDOFF_SRC");
	struct selection s = {0};
	char path[SUPPORT_PATH], err[ERR];

	snprintf(path, sizeof(path), "%s/bench/matrices/%s.ini", root ? root : ".", name);
	if (select_matrix(&s, path, &none, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		for (int d = 0; d < DOMAIN_NAMES; d++) {
			if (has_domain(m, (enum domain)d) && domains & BIT(d) &&
				!matrix_has(&s, m, (enum domain)d))
				fail_msg("the matrix %s has no cell of %s, %s", name, m->name,
					domain_name((enum domain)d));
		}
	}
	select_free(&s);
}

static void full_matrix_has_every_mechanism_in_each_of_its_domains(void **state)
{
	(void)state;
	check_matrix("full", UINT32_MAX);
}

static void table_matrix_has_every_mechanism_of_threads_processes_and_coroutines(void **state)
{
	(void)state;
	check_matrix("table", BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS) | BIT(DOMAIN_COROUTINE));
}

/* ---- what is written about them -------------------------------------------------------- */

/* REPORT.md has a card for each mechanism, headed "### family/name", and for nothing else. */
static void report_has_a_card_for_every_mechanism_and_for_no_other(void **state)
{
	char *report = source("REPORT.md"), line[LINE], want[LINE];
	const char *at = report;
	size_t cards = 0;

	(void)state;
	while (next_line(&at, line)) {
		if (strncmp(line, "### ", 4) != 0 || !strchr(line, '/'))
			continue;
		if (!registry_find(line + 4))
			fail_msg("REPORT.md has a card of %s, which is no mechanism", line + 4);
		cards++;
	}
	for (size_t i = 0; i < registry_count(); i++) {
		snprintf(want, sizeof(want), "\n### %s\n", registry_all()[i]->name);
		if (!strstr(report, want))
			fail_msg("REPORT.md has no card of %s: `make report`",
				registry_all()[i]->name);
	}
	assert_int_equal(cards, registry_count());
	free(report);
}

/* README.md: "| family | `name` ... |" */
static bool readme_names(const char *readme, const struct mech *m)
{
	const char *slash = strchr(m->name, '/');
	char row[LINE], name[LINE], *line;
	const char *at;
	bool found;

	snprintf(row, sizeof(row), "\n| %.*s | `", (int)(slash - m->name), m->name);
	snprintf(name, sizeof(name), "`%s`", slash + 1);
	at = strstr(readme, row);
	if (!at)
		return false;
	line = strndup(at + 1, strcspn(at + 1, "\n"));
	found = line && strstr(line, name);
	free(line);
	return found;
}

static void readme_names_every_mechanism_and_every_workload(void **state)
{
	char *readme = source("README.md"), word[LINE];
	size_t n;
	const struct workload *all = workload_all(&n);

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		if (!readme_names(readme, registry_all()[i]))
			fail_msg("README.md's table does not name %s", registry_all()[i]->name);
	}
	for (size_t i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "`%s`", all[i].name);
		if (!strstr(readme, word))
			fail_msg("README.md does not name the workload %s", word);
	}
	free(readme);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_and_registry_have_the_same_mechanisms_and_domains),
		cmocka_unit_test(catalogue_asks_for_every_mechanism_in_each_of_its_domains),
		cmocka_unit_test(catalogue_asks_for_nothing_that_does_not_exist),
		cmocka_unit_test(full_matrix_has_every_mechanism_in_each_of_its_domains),
		cmocka_unit_test(
			table_matrix_has_every_mechanism_of_threads_processes_and_coroutines),
		cmocka_unit_test(report_has_a_card_for_every_mechanism_and_for_no_other),
		cmocka_unit_test(readme_names_every_mechanism_and_every_workload),
	};

	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
