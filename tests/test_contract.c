/*
 * Contracts: what every mechanism of the registry says of its domains, of its limits and of
 * what is seen when a worker dies; and that the report shows it, with no empty place.
 */
#include <ctype.h>
#include <stdbool.h>

#include "bench/contract.h"
#include "bench/registry.h"
#include "bench/report.h"
#include "bench/report_text.h"
#include "harness/link.h"
#include "harness/workload.h"
#include "tests/sample_rows.h"

enum { NAME = 80 };

/* ---- domains that are not offered ------------------------------------------------- */

/* The mechanism that a reason names, "... see lock/mutex-async"; false: it names none. */
static bool relative_of(const char *why, char name[NAME])
{
	const char *see = strstr(why, "see ");
	size_t n;

	if (!see)
		return false;
	n = strcspn(see + 4, " ,;");
	(void)snprintf(name, NAME, "%.*s", (int)(n < NAME ? n : NAME - 1), see + 4);
	return true;
}

static void check_relative(const struct mech *m, enum domain d, const char *why)
{
	const struct mech *other;
	char name[NAME];

	if (relative_of(why, name)) {
		other = registry_find(name);
		if (!other || !(other->domains & BIT(d)))
			fail_msg("%s, %s: %s does not offer it", m->name, domain_name(d), name);
	}
	(void)snprintf(name, NAME, "%s-async", m->name);
	other = registry_find(name);
	if (other && other->domains & BIT(d) && !strstr(why, name))
		fail_msg("%s, %s: does not name %s", m->name, domain_name(d), name);
}

static void domain_that_is_not_offered_has_a_reason_and_its_relative_is_named(void **state)
{
	unsigned absent = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		for (int d = 0; d < DOMAIN_COUNT; d++) {
			const char *why = m->contract.not_in[d];

			if (!(m->domains & BIT(d)) != (why && why[0]))
				fail_msg("%s, %s: offered, or else with a reason", m->name,
					domain_name((enum domain)d));
			if (why)
				check_relative(m, (enum domain)d, why);
			absent += why != NULL;
		}
	}
	assert_true(absent > registry_count() / 2);
}

static void absence_is_what_the_contract_says_mixed_among_them(void **state)
{
	const struct mech *fifo = registry_find("channel/queue-fifo");
	const struct mech *grows = registry_find("channel/queue-unbounded");
	struct mech silent = *grows;

	(void)state;
	assert_null(contract_absence(fifo, DOMAIN_PROCESS));
	assert_null(contract_absence(fifo, DOMAIN_MIXED));
	assert_string_equal(
		contract_absence(grows, DOMAIN_MIXED), grows->contract.not_in[DOMAIN_PROCESS]);
	silent.contract.not_in[DOMAIN_PROCESS] = NULL;
	assert_string_equal(
		contract_absence(&silent, DOMAIN_PROCESS), "its contract does not say why");
}

/* ---- limits -------------------------------------------------------------------------- */

/* Far beyond what anything allows, one thing each. */
static const struct link monsters[] = {
	{.msg_bytes = 1u << 30, .senders = 2, .receivers = 2, .capacity = 16},
	{.msg_bytes = 1u << 30, .senders = 1, .receivers = 1, .capacity = 16, .self = true},
	{.msg_bytes = 64, .senders = 1, .receivers = 1, .capacity = 3},
	{.msg_bytes = 64, .senders = 1, .receivers = 1, .capacity = 16, .fds = 1000000},
	{.msg_bytes = 64, .senders = 1, .capacity = 16, .alive = 1000000000},
};

/* "PIPE_BUF (4096): larger ..." is about PIPE_BUF. */
static void name_of_limit(const char *why, char name[NAME])
{
	size_t n = strcspn(why, ":(");

	(void)snprintf(name, NAME, "%.*s", (int)(n < NAME ? n : NAME - 1), why);
	for (n = strlen(name); n > 0 && isspace((unsigned char)name[n - 1]); n--)
		name[n - 1] = '\0';
}

static void limit_by_which_a_link_does_not_fit_stands_in_the_contract(void **state)
{
	unsigned with_limits = 0;

	(void)state;
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		unsigned refused = 0;

		for (size_t k = 0; m->fits && k < ARRAY_LEN(monsters); k++) {
			struct link l = monsters[k];
			const char *why, *says = m->contract.limits;
			char name[NAME];

			l.mech = m;
			why = m->fits(&l);
			if (!why)
				continue;
			refused++;
			name_of_limit(why, name);
			if (!says || !strstr(says, name))
				fail_msg("%s: its limits do not name %s", m->name, name);
		}
		if (m->fits && !refused)
			fail_msg("%s: nothing is too much for it", m->name);
		with_limits += m->fits != NULL;
	}
	assert_true(with_limits > 5);
}

/* ---- what the report makes of them ----------------------------------------------------- */

static char *report_of_nothing(const char *dir)
{
	const struct report_options quiet = {.keep_pictures = true};
	struct sample row = row_with((struct at){.mechanism = "channel/new"}, 1000);
	char err[512] = "";

	write_samples(dir, &row, 1);
	if (report_make(dir, &quiet, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return read_text_file(dir, "REPORT.md");
}

/* As report_text() writes plain words; free() it. */
static char *shown(const char *words)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	report_text(to, words);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void check_card_has(
	const char *card, const struct mech *m, const char *field, const char *is)
{
	char *text = shown(is), want[600];

	(void)snprintf(want, sizeof(want), " · %s: %s", field, text);
	if (!strstr(card, want))
		fail_msg("the card of %s does not say \"%s\"", m->name, want);
	free(text);
}

static void check_card(const char *card, const struct mech *m)
{
	static const char *const survives[] = {"no", "yes", "seen"};
	const struct contract *c = &m->contract;

	if (!c->peer_dies)
		fail_msg("%s: nothing says what the others see when it dies", m->name);
	check_card_has(card, m, "survives", survives[c->survives]);
	check_card_has(card, m, "peer dies", c->peer_dies);
	check_card_has(card, m, "limits", c->limits ? c->limits : "memory only");
	for (int d = 0; d < DOMAIN_COUNT; d++) {
		char field[NAME];

		(void)snprintf(
			field, sizeof(field), "not offered, %s", domain_name((enum domain)d));
		if (c->not_in[d])
			check_card_has(card, m, field, c->not_in[d]);
	}
}

static void every_card_says_what_limits_it_and_what_is_seen_when_it_dies(void **state)
{
	char *text = report_of_nothing(*state), want[NAME], *card, *end;

	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		(void)snprintf(want, sizeof(want), "\n### %s\n", m->name);
		card = strstr(text, want);
		if (!card)
			fail_msg("%s has no card", m->name);
		end = strstr(card + 1, "\n### ");
		card = strndup(card, end ? (size_t)(end - card) : strlen(card));
		check_card(card, m);
		free(card);
	}
	free(text);
}

/* "| name | threads | processes | coroutines |": each with a figure, or with words. */
static void check_places(const char *row, const struct mech *m)
{
	for (int d = 0; d < DOMAIN_COUNT; d++) {
		const char *why = contract_absence(m, (enum domain)d);
		char *text = shown(why ? why : "not in this run"), want[600];

		row = strchr(row + 1, '|');
		assert_non_null(row);
		(void)snprintf(want, sizeof(want), "| %s%s |", why ? "not offered: " : "", text);
		if (strncmp(row, want, strlen(want)) != 0)
			fail_msg("%s, %s: not \"%s\"", m->name, domain_name((enum domain)d), want);
		free(text);
	}
}

static void table_has_no_empty_place_without_a_reason(void **state)
{
	char *text = report_of_nothing(*state), want[NAME], *row;

	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		(void)snprintf(want, sizeof(want), "\n| %s %s|", m->name,
			m->flags & (MECH_FLOOR | MECH_RACY) ? "(not ranked) " : "");
		row = strstr(strstr(text, "| mechanism | threads |"), want);
		if (!row)
			fail_msg("%s has no row", m->name);
		check_places(row + 2, m);
	}
	free(text);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domain_that_is_not_offered_has_a_reason_and_its_relative_is_named),
		cmocka_unit_test(absence_is_what_the_contract_says_mixed_among_them),
		cmocka_unit_test(limit_by_which_a_link_does_not_fit_stands_in_the_contract),
		DIR_TEST(every_card_says_what_limits_it_and_what_is_seen_when_it_dies),
		DIR_TEST(table_has_no_empty_place_without_a_reason),
	};

	return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
