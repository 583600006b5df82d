/*
 * scripts/gate: two refs of a repository are built and judged.  The repository is a small one whose
 * program stands in for `ab` (what it decides is prepared) and hands all else to the real one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/compiler.h"
#include "tests/judged_scene.h"
#include "tests/program.h"

enum { RC_FINDING = 1, RC_INCONCLUSIVE = 4 };

static const char makefile[] = "all:\n\tmkdir -p build\n\tcp stub build/handoff\n"
			       "\tchmod +x build/handoff\n";

/* `ab OLD NEW --out DIR ...`: says what it was called with, leaves what was prepared. */
static const char stub[] =
	"#!/bin/sh\n"
	"[ \"$1\" = ab ] || exec \"$H\" \"$@\"\n"
	"echo \"$0\" \"$@\" >\"$D/called\"\n"
	"[ -x \"$2\" ] && [ -x \"$3\" ] && [ \"$4\" = --out ] || exit 99\n"
	"cat \"$(dirname \"$2\")/../which\" \"$(dirname \"$3\")/../which\" >\"$D/sides\"\n"
	"echo progress\n"
	"mkdir -p \"$5\"\n"
	"[ ! -e \"$D/judgement.csv\" ] || cp \"$D/judgement.csv\" \"$5/\"\n"
	"exit $(cat \"$D/code\")\n";

/* In program.dir, beside `here`. */
static void put(const char *name, const char *text)
{
	support_text(support_path(&program.dir, name), text);
}

static void decide(int code)
{
	struct judgement j;
	char text[8], err[600] = "";

	scene_each(&j);
	j.exit_code = code;
	if (judged_write(support_path(&program.dir, "judgement.csv"), &j, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	judged_free(&j);
	(void)snprintf(text, sizeof(text), "%d\n", code);
	put("code", text);
}

#define GIT "git -c user.name=n -c user.email=e@example.com "

/* Refs one, two, broken (does not build) and silent (make leaves no program). */
static void make_repository(void)
{
	if (system("command -v git >/dev/null && command -v make >/dev/null") != 0)
		skip_because("git or make is not installed");
	put("here/Makefile", makefile);
	put("here/stub", stub);
	put("here/which", "one\n");
	program_ends("sh -c 'git init -q . && git add . && " GIT "commit -qm one && git tag one && "
		     "echo two >which && " GIT "commit -qam two && git tag two && "
		     "echo \"all: ; @echo broke; false\" >Makefile && " GIT "commit -qam broken && "
		     "git tag broken && echo \"all: ;\" >Makefile && " GIT "commit -qam silent && "
		     "git tag silent && git checkout -q two'",
		RC_FINE);
	setenv("TMPDIR", program.dir.path, 1);
	unsetenv("MAKEFLAGS");
}

#define GATE "\"$HANDOFF_SHARE/scripts/gate\" "

/* Nothing of the worktrees is left, neither files nor git's own notes. */
static void check_left_nothing(void)
{
	program_ends("sh -c 'ls -d ../tmp.* 2>/dev/null; git worktree list | tail -n +2; "
		     "git status --porcelain | grep -v gate/'",
		1);
	assert_string_equal(program.out, "");
}

static void check_text(const char *name, const char *words)
{
	char *text = support_read(support_path(&program.dir, name));

	if (!strstr(text, words))
		fail_msg("%s: \"%s\" is not in \"%s\"", name, words, text);
	free(text);
}

static void gate_script_ends_as_ab_does_and_prints_markdown(void **state)
{
	static const int code[] = {RC_FINE, RC_FINDING, RC_NOTHING, RC_INCONCLUSIVE};

	(void)state;
	make_repository();
	for (size_t i = 0; i < ARRAY_LEN(code); i++) {
		decide(code[i]);
		program_ends(GATE "one two --seed 7 --matrix gate6", code[i]);
		assert_ptr_equal(strstr(program.out, "### handoff: "), program.out);
		assert_null(strstr(program.out, "progress"));
		assert_non_null(strstr(program.err, "progress"));
		check_text("called", " --out gate --seed 7 --matrix gate6\n");
		check_text("sides", "one\ntwo\n");
		check_text("here/gate/junit.xml", "<testsuites>");
		check_text("here/gate/summary.md", "### handoff: ");
		check_left_nothing();
	}
}

static void gate_script_takes_the_checked_out_commit_or_the_files_as_new(void **state)
{
	(void)state;
	make_repository();
	decide(RC_FINE);
	program_ends(GATE "one --out=elsewhere", RC_FINE);
	check_text("sides", "one\ntwo\n");
	check_text("here/elsewhere/summary.md", "### handoff: ");
	put("here/which", "three\n");
	program_ends(GATE "two . -o elsewhere", RC_FINE);
	check_text("sides", "two\nthree\n");
}

static void check_refused(const char *line, const char *words)
{
	program_ends(line, RC_USAGE);
	assert_string_equal(program.out, "");
	if (!strstr(program.err, words))
		fail_msg("\"%s\" does not say \"%s\"", program.err, words);
	assert_false(support_exists(support_path(&program.dir, "called")));
	check_left_nothing();
}

static void gate_script_refuses_what_cannot_be_built(void **state)
{
	(void)state;
	make_repository();
	decide(RC_FINE);
	check_refused(GATE, "usage: scripts/gate");
	check_refused(GATE "nowhere two", "\"nowhere\" names no commit");
	check_refused(GATE "one nowhere", "\"nowhere\" names no commit");
	check_refused(GATE "one broken", "broke");
	check_refused(GATE "broken one", "broken does not build");
	check_refused(GATE "one silent", "silent has no build/handoff");
	program_ends(GATE "--help", RC_FINE);
	assert_non_null(strstr(program.out, "usage: scripts/gate OLD_REF [NEW_REF]"));
}

static void gate_script_does_not_show_what_an_earlier_gate_decided(void **state)
{
	(void)state;
	make_repository();
	decide(RC_FINE);
	program_ends(GATE "one two", RC_FINE);
	program_ends("rm ../judgement.csv", RC_FINE);
	put("code", "2\n");
	program_ends(GATE "one two", RC_USAGE);
	assert_string_equal(program.out, "");
	put("code", "0\n");
	program_ends(GATE "one two", RC_USAGE);
	assert_non_null(strstr(program.err, "left no gate/judgement.csv"));
	check_left_nothing();
}

/* ---- what there is to copy -------------------------------------------------------------- */

/* A file of the repository. */
static char *source(const char *name)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("HANDOFF_SHARE"), name);
	return support_read(path);
}

/* What the commands know, and install-deps. */
static char *all_help(void)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	program_ends(H "ab --help", RC_FINE);
	(void)fputs(program.out, to);
	program_ends(H "compare --help", RC_FINE);
	(void)fputs(program.out, to);
	program_ends(H "baseline --help", RC_FINE);
	(void)fputs(program.out, to);
	program_ends(H "export --help", RC_FINE);
	(void)fprintf(to, "%s --with \n", program.out);
	assert_int_equal(fclose(to), 0);
	return text;
}

/* Every word --option between two places of a text is an option of something; returns how many. */
static size_t check_options(const char *text, const char *end, const char *help)
{
	char word[64];
	size_t n = 0;

	while ((text = strstr(text, " --")) != NULL && (!end || text < end)) {
		size_t len = strspn(++text, "-abcdefghijklmnopqrstuvwxyz");

		(void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (!strstr(help, word))
			fail_msg("nothing has the option %s", word);
		n++;
	}
	return n;
}

static void gate_examples_use_options_that_there_are(void **state)
{
	char *help = all_help(), *text = source(".github/workflows/handoff.yml"), *from;

	(void)state;
	assert_true(check_options(text, NULL, help) >= 9);
	free(text);
	text = source("ci/gitlab.example.yml");
	assert_true(check_options(text, NULL, help) >= 4);
	free(text);
	text = source("README.md");
	from = strstr(text, "\n## Gate your CI in five minutes\n");
	assert_non_null(from);
	assert_true(check_options(from, strstr(from, "\n## The report\n"), help) >= 8);
	free(text);
	free(help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(gate_script_ends_as_ab_does_and_prints_markdown),
		PROGRAM_TEST(gate_script_takes_the_checked_out_commit_or_the_files_as_new),
		PROGRAM_TEST(gate_script_refuses_what_cannot_be_built),
		PROGRAM_TEST(gate_script_does_not_show_what_an_earlier_gate_decided),
		PROGRAM_TEST(gate_examples_use_options_that_there_are),
	};

	program_find();
	return cmocka_run_group_tests_name("gate_script", tests, NULL, NULL);
}
