/*
 * Options: the parser, its messages, --help and near matches, through real argv and real fds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <cmocka.h>

#include "bench/opt.h"

struct settings {
	bool dry_run;
	const char *out;
	struct opt_list size, place;
	uint64_t count, bytes, time_ns, timeout_ns;
};

#define AT(field) offsetof(struct settings, field)

static const struct opt table[] = {
	{"dry-run", 'n', OPT_FLAG, AT(dry_run), NULL, NULL, "say what would run"},
	{"output", 'o', OPT_STR, AT(out), "DIR", "results", "where the rows go"},
	{"size", 's', OPT_LIST, AT(size), "SIZE", "64,4K", "message sizes"},
	{"placement", 'p', OPT_LIST, AT(place), "PLACE", NULL, "where workers run"},
	{"count", 'c', OPT_U64, AT(count), "N", "7", "how often"},
	{"buffer", 'b', OPT_SIZE, AT(bytes), "BYTES", "1M",
		"a long sentence that has to be wrapped, since together with its option it would "
		"be wider than a hundred columns, which no line of the help may be, ever"},
	{"time", 't', OPT_TIME_NS, AT(time_ns), "TIME", "30ms", "length of a stretch"},
	{"timeout", 0, OPT_TIME_NS, AT(timeout_ns), "MS", NULL, "deadline in milliseconds"},
	{0},
};

static const struct opt_cmd command = {.name = "run",
	.synopsis = "[options] [CELL...]",
	.summary = "Runs cells.",
	.opts = table,
	.after = "Examples:\n  handoff run -s 64\n"};

enum { OUTPUT_BYTES = 8192 };

/* What a call printed and returned. */
struct outcome {
	int rc;
	char out[OUTPUT_BYTES], err[OUTPUT_BYTES];
	struct settings settings;
	const char **operands;
	int n_operands;
	char *argv[16];
};

static int redirect(FILE *stream, int target)
{
	int saved;

	fflush(stream);
	saved = dup(fileno(stream));
	assert_true(saved >= 0);
	assert_true(dup2(target, fileno(stream)) >= 0);
	return saved;
}

static void restore(FILE *stream, int saved)
{
	fflush(stream);
	assert_true(dup2(saved, fileno(stream)) >= 0);
	close(saved);
}

static void slurp(FILE *from, char *text)
{
	rewind(from);
	text[fread(text, 1, OUTPUT_BYTES - 1, from)] = '\0';
	fclose(from);
}

/* words: the command line behind the command's name, ended by NULL. */
static void call(struct outcome *o, const char *const *words)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int argc = 1;

	memset(o, 0xa5, sizeof(*o)); /* opt_parse() must set every field itself */
	o->argv[0] = (char *)"run";
	for (; words[argc - 1]; argc++)
		o->argv[argc] = (char *)words[argc - 1];
	o->argv[argc] = NULL;
	int saved_out = redirect(stdout, fileno(out)), saved_err = redirect(stderr, fileno(err));
	o->rc = opt_parse(&command, &o->settings, argc, o->argv, &o->operands, &o->n_operands);
	restore(stdout, saved_out);
	restore(stderr, saved_err);
	slurp(out, o->out);
	slurp(err, o->err);
}

#define CALL(o, ...) call((o), (const char *const[]){__VA_ARGS__, NULL})

static void done(struct outcome *o)
{
	if (o->rc == OPT_RUN)
		opt_free(&command, &o->settings);
}

static void check_refused(struct outcome *o, const char *says)
{
	assert_int_equal(o->rc, 2);
	assert_string_equal(o->out, "");
	assert_non_null(strstr(o->err, says));
	assert_non_null(strstr(o->err, "see `handoff run --help`\n"));
	assert_ptr_equal(strchr(o->err, '\n'), o->err + strlen(o->err) - 1);
}

static void opt_applies_defaults_without_arguments(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, NULL);
	assert_int_equal(o.rc, OPT_RUN);
	assert_false(o.settings.dry_run);
	assert_string_equal(o.settings.out, "results");
	assert_int_equal(o.settings.size.n, 2);
	assert_string_equal(o.settings.size.item[1], "4K");
	assert_int_equal(o.settings.place.n, 0);
	assert_int_equal(o.settings.count, 7);
	assert_int_equal(o.settings.bytes, 1 << 20);
	assert_int_equal(o.settings.time_ns, 30000000);
	assert_int_equal(o.settings.timeout_ns, 0);
	assert_int_equal(o.n_operands, 0);
	done(&o);
}

static void opt_reads_long_and_short_forms_and_operands_between(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "a", "--count=9", "-no", "x", "b", "--buffer", "4k", "-t2s", "--", "-c");
	assert_int_equal(o.rc, OPT_RUN);
	assert_true(o.settings.dry_run);
	assert_string_equal(o.settings.out, "x");
	assert_int_equal(o.settings.count, 9);
	assert_int_equal(o.settings.bytes, 4096);
	assert_int_equal(o.settings.time_ns, 2000000000);
	assert_int_equal(o.n_operands, 3);
	assert_string_equal(o.operands[0], "a");
	assert_string_equal(o.operands[1], "b");
	assert_string_equal(o.operands[2], "-c");
	done(&o);
}

static void opt_joins_repeated_lists_and_replaces_their_default(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-s", "64,1K", "--size=4K");
	assert_int_equal(o.rc, OPT_RUN);
	assert_int_equal(o.settings.size.n, 3);
	assert_string_equal(o.settings.size.item[0], "64");
	assert_string_equal(o.settings.size.item[1], "1K");
	assert_string_equal(o.settings.size.item[2], "4K");
	done(&o);
}

static void opt_keeps_cpu_sets_whole_in_lists(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-p", "cpu:0,2-3+cpu:1,nearest,core:0+cpu:1,3,unpinned", "-p", "a,1");
	assert_int_equal(o.rc, OPT_RUN);
	assert_int_equal(o.settings.place.n, 6);
	assert_string_equal(o.settings.place.item[0], "cpu:0,2-3+cpu:1");
	assert_string_equal(o.settings.place.item[1], "nearest");
	assert_string_equal(o.settings.place.item[2], "core:0+cpu:1,3");
	assert_string_equal(o.settings.place.item[3], "unpinned");
	assert_string_equal(o.settings.place.item[5], "1");
	done(&o);
}

static void opt_lets_the_last_scalar_win(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-c", "1", "--count", "2");
	assert_int_equal(o.settings.count, 2);
	done(&o);
}

static void opt_parses_afresh_after_a_failed_parse(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-nz", "x");
	assert_int_equal(o.rc, 2);
	CALL(&o, "-n", "x");
	assert_int_equal(o.rc, OPT_RUN);
	assert_true(o.settings.dry_run);
	assert_int_equal(o.n_operands, 1);
	done(&o);
}

static void opt_names_an_unknown_option_and_near_ones(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "x", "--sise=4");
	check_refused(&o, "'--sise'; near matches: --size");
	CALL(&o, "--tim=4"); /* --time and --timeout */
	check_refused(&o, "near matches: --time, --timeout");
	CALL(&o, "-z");
	check_refused(&o, "'-z'");
	CALL(&o, "--qqqqqqqq");
	check_refused(&o, "'--qqqqqqqq';");
	assert_null(strstr(o.err, "near"));
}

static void opt_names_the_option_of_a_bad_value(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-b", "4x");
	check_refused(&o, "--buffer: '4x' is not a size");
	CALL(&o, "-c-1");
	check_refused(&o, "--count: '-1'");
	CALL(&o, "--size=64,,4K");
	check_refused(&o, "--size: '64,,4K' holds an empty item");
	CALL(&o, "-s", "");
	check_refused(&o, "--size: '' holds an empty item");
	CALL(&o, "-c");
	check_refused(&o, "--count needs a value");
	CALL(&o, "--dry-run=yes");
	check_refused(&o, "--dry-run takes no value");
}

static void opt_wants_a_unit_unless_milliseconds_are_documented(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-t", "30");
	check_refused(&o, "--time: '30' needs a unit");
	CALL(&o, "--timeout=30");
	assert_int_equal(o.settings.timeout_ns, 30000000);
	done(&o);
	CALL(&o, "--timeout=30us");
	assert_int_equal(o.settings.timeout_ns, 30000);
	done(&o);
}

static void opt_refuses_operands_where_none_are_taken(void **state)
{
	struct settings settings;
	char *argv[] = {(char *)"run", (char *)"extra", NULL};
	FILE *err = tmpfile();
	char text[OUTPUT_BYTES];
	int saved = redirect(stderr, fileno(err));

	(void)state;
	int rc = opt_parse(&command, &settings, 2, argv, NULL, NULL);
	restore(stderr, saved);
	slurp(err, text);
	assert_int_equal(rc, 2);
	assert_non_null(strstr(text, "'extra'"));
}

static void opt_prints_help_within_a_hundred_columns(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "-n", "--help");
	assert_int_equal(o.rc, 0);
	assert_string_equal(o.err, "");
	assert_ptr_equal(strstr(o.out, "Usage: handoff run [options] [CELL...]\n"), o.out);
	for (const struct opt *opt = table; opt->name; opt++)
		assert_non_null(strstr(o.out, opt->name));
	assert_non_null(strstr(o.out, "  -t, --time=TIME"));
	assert_non_null(strstr(o.out, "[default: 30ms]"));
	assert_non_null(strstr(o.out, "\n  handoff run -s 64\n"));
	size_t widest = 0;
	for (const char *line = o.out; *line; line += strcspn(line, "\n") + 1)
		widest = strcspn(line, "\n") > widest ? strcspn(line, "\n") : widest;
	assert_in_range(widest, 80, 100);
}

static void opt_prints_the_same_help_for_h(void **state)
{
	struct outcome o, p;

	(void)state;
	CALL(&o, "-h");
	CALL(&p, "--help");
	assert_int_equal(o.rc, 0);
	assert_string_equal(o.out, p.out);
}

static void opt_reports_help_that_cannot_be_written(void **state)
{
	struct settings settings;
	char *argv[] = {(char *)"run", (char *)"--help", NULL};
	FILE *err = tmpfile();
	char text[OUTPUT_BYTES];
	int full = open("/dev/full", O_WRONLY);
	int saved_out = redirect(stdout, full), saved_err = redirect(stderr, fileno(err));

	(void)state;
	int rc = opt_parse(&command, &settings, 2, argv, NULL, NULL);
	restore(stderr, saved_err);
	restore(stdout, saved_out);
	close(full);
	slurp(err, text);
	assert_int_equal(rc, 2);
	assert_non_null(strstr(text, "cannot write the help"));
}

static void opt_near_offers_typing_errors_parts_and_tails(void **state)
{
	static const char *const known[] = {"channel/pipe", "channel/socketpair", "lock/ticket",
		"lock/mcs", "event/eventfd", "event/pipe"};
	const char *out[6];

	(void)state;
	assert_int_equal(opt_near("chanel/pipe", known, 6, out, 6), 1);
	assert_string_equal(out[0], "channel/pipe");
	assert_int_equal(opt_near("pipee", known, 6, out, 6), 2);
	assert_string_equal(out[1], "event/pipe");
	assert_int_equal(opt_near("TICKTE", known, 6, out, 6), 1);
	assert_string_equal(out[0], "lock/ticket");
	assert_int_equal(opt_near("lock/", known, 6, out, 6), 2);
	assert_int_equal(opt_near("lock/", known, 6, out, 1), 1);
	assert_int_equal(opt_near("fo", (const char *const[]){"of"}, 1, out, 6), 1);
	assert_int_equal(opt_near("zzzzzz", known, 6, out, 6), 0);
	assert_int_equal(opt_near("", known, 6, out, 6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opt_applies_defaults_without_arguments),
		cmocka_unit_test(opt_reads_long_and_short_forms_and_operands_between),
		cmocka_unit_test(opt_joins_repeated_lists_and_replaces_their_default),
		cmocka_unit_test(opt_keeps_cpu_sets_whole_in_lists),
		cmocka_unit_test(opt_lets_the_last_scalar_win),
		cmocka_unit_test(opt_parses_afresh_after_a_failed_parse),
		cmocka_unit_test(opt_names_an_unknown_option_and_near_ones),
		cmocka_unit_test(opt_names_the_option_of_a_bad_value),
		cmocka_unit_test(opt_wants_a_unit_unless_milliseconds_are_documented),
		cmocka_unit_test(opt_refuses_operands_where_none_are_taken),
		cmocka_unit_test(opt_prints_help_within_a_hundred_columns),
		cmocka_unit_test(opt_prints_the_same_help_for_h),
		cmocka_unit_test(opt_reports_help_that_cannot_be_written),
		cmocka_unit_test(opt_near_offers_typing_errors_parts_and_tails),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
