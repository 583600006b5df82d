/*
 * export_junit.c - a judgement as JUnit XML; see export.h.
 *
 * A testcase for each metric of each cell: failed where it regressed, broke or is missing, skipped
 * where there is no verdict.  What is not gated never fails; its change is in the testcase's output.
 * What is about the whole (everything slower, nothing could be compared) is a testcase of its own.
 */
#include "bench/cmd.h"
#include "bench/escape.h"
#include "bench/export.h"
#include "bench/judged_words.h"

enum outcome { PASSED, FAILED, SKIPPED };

static enum outcome outcome_of(const struct judged *r)
{
	switch (r->verdict) {
	case JUDGED_REGRESSED:
	case JUDGED_MISSING:
		return r->gated ? FAILED : r->verdict == JUDGED_MISSING ? SKIPPED : PASSED;
	case JUDGED_NA:
		return r->gated ? FAILED : SKIPPED;
	case JUDGED_INCONCLUSIVE:
	case JUDGED_NEW:
		return SKIPPED;
	default:
		return PASSED;
	}
}

/* 0: the whole has nothing to say. */
static enum outcome outcome_of_all(const struct judgement *j)
{
	if (j->suite_flagged || j->exit_code == EXIT_USAGE || j->exit_code == EXIT_NOTHING ||
		j->exit_code > EXIT_SIGNAL)
		return FAILED;
	return j->exit_code == EXIT_INCONCLUSIVE ? SKIPPED : PASSED;
}

static void put_said(FILE *to, const struct judgement *j, const struct judged *r)
{
	char say[JUDGED_TITLE];

	fprintf(to, "%s: ", judged_name(r->verdict));
	escape_xml(to, judged_say_all(say, j, r));
	if (!r->gated)
		fputs("; not gated", to);
}

static void put_case(FILE *to, const struct judgement *j, const struct judged *r)
{
	enum outcome o = outcome_of(r);

	fputs("    <testcase classname=\"handoff\" name=\"", to);
	escape_xml(to, r->cell);
	fputc(' ', to);
	escape_xml(to, r->metric);
	fputs("\">", to);
	if (o != PASSED) {
		fprintf(to, "<%s message=\"", o == FAILED ? "failure" : "skipped");
		put_said(to, j, r);
		fputs("\"/>", to);
	}
	fputs("<system-out>", to);
	put_said(to, j, r);
	fputs("</system-out></testcase>\n", to);
}

static void put_whole(FILE *to, const struct judgement *j)
{
	enum outcome o = outcome_of_all(j);
	char title[JUDGED_TITLE];

	fputs("    <testcase classname=\"handoff\" name=\"all cells together\">", to);
	if (o != PASSED) {
		fprintf(to, "<%s message=\"", o == FAILED ? "failure" : "skipped");
		escape_xml(to, judged_title(title, j));
		fputs("\"/>", to);
	}
	fputs("<system-out>", to);
	escape_xml(to, judged_title(title, j));
	fputs("</system-out></testcase>\n", to);
}

static void put_suite(FILE *to, const struct judgement *j)
{
	size_t count[3] = {0};

	count[outcome_of_all(j)]++;
	for (size_t i = 0; i < j->n; i++)
		count[outcome_of(&j->row[i])]++;
	fprintf(to,
		"  <testsuite name=\"handoff\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		"skipped=\"%zu\"",
		j->n + 1, count[FAILED], count[SKIPPED]);
	if (j->began[0]) {
		fputs(" timestamp=\"", to);
		escape_xml(to, j->began);
		fputc('"', to);
	}
	fputs(">\n", to);
}

static void put_property(FILE *to, const char *name, const char *value)
{
	fprintf(to, "      <property name=\"%s\" value=\"", name);
	escape_xml(to, value);
	fputs("\"/>\n", to);
}

int export_junit(const struct export_job *job, char *err, size_t err_len)
{
	const struct judgement *j = job->judgement;
	FILE *to = job->to;

	(void)err, (void)err_len;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", to);
	put_suite(to, j);
	fputs("    <properties>\n", to);
	put_property(to, "old", j->old_name);
	put_property(to, "new", j->new_name);
	put_property(to, "machine", j->machine);
	put_property(to, "verdict", judged_word(j));
	fputs("    </properties>\n", to);
	put_whole(to, j);
	for (size_t i = 0; i < j->n; i++)
		put_case(to, j, &j->row[i]);
	fputs("  </testsuite>\n</testsuites>\n", to);
	return 1;
}
