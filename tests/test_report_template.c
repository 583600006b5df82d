/* The template language: prose with references, and marked tables in a file. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "bench/report_template.h"
#include "bench/report_text.h"
#include "tests/sample_rows.h"

enum { ERR = 1000 };

/* "echo a b" says <a><b>; "lines" says two; "absent" has no row; anything else is wrong. */
static int resolve(void *ctx, FILE *to, size_t n, char *const *word, char *why, size_t why_len)
{
	(void)ctx;
	if (strcmp(word[0], "echo") == 0) {
		for (size_t i = 1; i < n; i++)
			(void)fprintf(to, "<%s>", word[i]);
		return 0;
	}
	if (strcmp(word[0], "lines") == 0)
		return fputs("one\ntwo\n", to) < 0;
	(void)fputs("never to be seen", to);
	(void)snprintf(why, why_len, "no such %s", word[0]);
	return strcmp(word[0], "absent") == 0 ? -ENOENT : -EINVAL;
}

/* What render or fill make of a text; *code what they return. Freed by the caller. */
static char *made(const char *text, bool fill, bool demand, int *code, char *err)
{
	const struct template t = {.path = "T", .text = text, .resolve = resolve, .demand = demand};
	char *out = NULL;
	size_t len;
	FILE *to = open_memstream(&out, &len);

	assert_non_null(to);
	err[0] = '\0';
	*code = fill ? template_fill(&t, to, err, ERR) : template_render(&t, to, err, ERR);
	assert_int_equal(fclose(to), 0);
	return out;
}

static void check_becomes(const char *text, bool fill, const char *expected)
{
	char err[ERR], *out;
	int code;

	out = made(text, fill, false, &code, err);
	assert_string_equal(err, "");
	assert_int_equal(code, 0);
	assert_string_equal(out, expected);
	free(out);
}

static void check_fails(const char *text, bool fill, int expected, const char *says)
{
	char err[ERR], *out;
	int code;

	out = made(text, fill, true, &code, err);
	assert_int_equal(code, expected);
	check_says(err, says);
	assert_null(strstr(out, "never to be seen"));
	free(out);
}

static void template_copies_prose_byte_for_byte(void **state)
{
	(void)state;
	check_becomes("", false, "");
	check_becomes("a { b } }} \n\n\tc", false, "a { b } }} \n\n\tc");
}

static void template_puts_what_a_reference_says_in_its_place(void **state)
{
	(void)state;
	check_becomes("a {{echo x  y\nz}} b{{echo k}}", false, "a <x><y><z> b<k>");
	check_becomes("{{lines}}\nend\n", false, "one\ntwo\nend\n");
}

static void template_drops_remarks_with_their_lines(void **state)
{
	(void)state;
	check_becomes("{{# a }}\nb\n{{# c }}\nd", false, "b\nd");
	check_becomes("a {{# b }}\nc", false, "a \nc");
}

static void template_says_what_a_run_does_not_have(void **state)
{
	(void)state;
	check_becomes("a {{absent x}} b", false, "a *not in this run* b");
}

static void template_that_demands_all_fails_with_line_and_reference(void **state)
{
	(void)state;
	check_fails("a\nb\n c {{absent x y}}\n", false, -ENOENT, "T:3: absent x y: no such absent");
}

static void template_never_forgives_a_wrong_reference(void **state)
{
	char err[ERR], *out;
	int code;

	(void)state;
	out = made("\n{{wrong}}", false, false, &code, err);
	assert_int_equal(code, -EINVAL);
	check_says(err, "T:2: wrong: no such wrong");
	free(out);
}

static void template_refuses_what_is_no_reference(void **state)
{
	char many[200] = "{{", *big = calloc(1, 3000);

	(void)state;
	check_fails("a\n{{echo", false, -EINVAL, "T:2: {{: is never closed by }}");
	check_fails("{{ }}", false, -EINVAL, "an empty reference");
	for (int i = 0; i <= TEMPLATE_WORDS; i++)
		strcat(many, "w ");
	check_fails(strcat(many, "}}"), false, -EINVAL, "too many words");
	assert_non_null(big);
	memset(big, 'x', 2900);
	memcpy(big, "{{", 2);
	check_fails(strcat(big, "}}"), false, -EINVAL, "longer than any reference");
	free(big);
}

static void fill_replaces_what_stands_between_its_marks(void **state)
{
	static const char once[] = "a\n<!-- table:echo x y -->\n<x><y>\n\n<!-- /table -->\nb\n"
				   "<!-- table:lines -->\none\ntwo\n\n<!-- /table -->\n";

	(void)state;
	check_becomes("a\n<!-- table:echo x y -->\nold\nolder\n<!-- /table -->\nb\n"
		      "<!-- table:lines -->\n<!-- /table -->\n",
		true, once);
	check_becomes(once, true, once);
}

static void fill_leaves_braces_in_the_file_alone(void **state)
{
	(void)state;
	check_becomes("{{x}}\n<!-- table:echo -->\n<!-- /table -->\n", true,
		"{{x}}\n<!-- table:echo -->\n\n\n<!-- /table -->\n");
}

static void fill_refuses_marks_that_do_not_match(void **state)
{
	(void)state;
	check_fails("nothing", true, -EINVAL, "there is no such mark");
	check_fails("\n<!-- table:echo -->\n", true, -EINVAL, "T:2: ");
	check_fails("<!-- table:echo -->\n<!-- table:echo -->\n<!-- /table -->\n", true, -EINVAL,
		"that ends it");
	check_fails("<!-- table:absent -->\n<!-- /table -->\n", true, -ENOENT, "no such absent");
}

static void read_refuses_what_is_no_text_file(void **state)
{
	char path[300], err[ERR];
	FILE *file;

	assert_null(template_read(*state, err, ERR));
	check_says(err, "not a regular file");
	(void)snprintf(path, sizeof(path), "%s/nul", (const char *)*state);
	assert_null(template_read(path, err, ERR));
	check_says(err, "No such file");
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite("a\0b", 1, 3, file), 3);
	assert_int_equal(fclose(file), 0);
	assert_null(template_read(path, err, ERR));
	check_says(err, "NUL");
}

/* ---- text of the files ------------------------------------------------------- */

static void check_text(const char *text, bool code, const char *expected)
{
	char *out = NULL;
	size_t len;
	FILE *to = open_memstream(&out, &len);

	assert_non_null(to);
	if (code)
		report_code(to, text);
	else
		report_text(to, text);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(out, expected);
	free(out);
}

static void text_of_a_file_cannot_become_markup(void **state)
{
	(void)state;
	check_text("plain words, 1.5 us (a/b)", false, "plain words, 1.5 us (a/b)");
	check_text("a|b\nc\rd\te", false, "a\\|b c d e");
	check_text("<img src=x onerror=y>&amp;", false, "&lt;img src=x onerror=y&gt;&amp;amp;");
	check_text("[t](u) ![i](j) `c` *b* ~s~ $m$ \\", false,
		"\\[t\\](u) !\\[i\\](j) \\`c\\` \\*b\\* \\~s\\~ \\$m\\$ \\\\");
	check_text("cpu_model _x_ a_", false, "cpu_model \\_x\\_ a\\_");
	check_text("# head", false, "\\# head");
	check_text("- item", false, "\\- item");
}

static void text_of_a_file_stays_utf8(void **state)
{
	(void)state;
	check_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", false,
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	check_text("a\xff\xc3", false, "a??");
	check_text("\xc0\xaf", false, "??");      /* not the shortest form */
	check_text("\xed\xa0\x80", false, "???"); /* a surrogate */
	check_text("\x1b[31m\x7f", false, " \\[31m ");
}

static void code_of_a_file_cannot_end_its_span(void **state)
{
	(void)state;
	check_text("a?b=1&c=2", true, "`a?b=1&c=2`");
	check_text("x` <b> |\n*", true, "`x' <b> \\| *`");
	check_text("\xff", true, "`?`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template_copies_prose_byte_for_byte),
		cmocka_unit_test(template_puts_what_a_reference_says_in_its_place),
		cmocka_unit_test(template_drops_remarks_with_their_lines),
		cmocka_unit_test(template_says_what_a_run_does_not_have),
		cmocka_unit_test(template_that_demands_all_fails_with_line_and_reference),
		cmocka_unit_test(template_never_forgives_a_wrong_reference),
		cmocka_unit_test(template_refuses_what_is_no_reference),
		cmocka_unit_test(fill_replaces_what_stands_between_its_marks),
		cmocka_unit_test(fill_leaves_braces_in_the_file_alone),
		cmocka_unit_test(fill_refuses_marks_that_do_not_match),
		cmocka_unit_test_setup_teardown(
			read_refuses_what_is_no_text_file, make_dir, remove_dir),
		cmocka_unit_test(text_of_a_file_cannot_become_markup),
		cmocka_unit_test(text_of_a_file_stays_utf8),
		cmocka_unit_test(code_of_a_file_cannot_end_its_span),
	};

	return cmocka_run_group_tests_name("report_template", tests, NULL, NULL);
}
