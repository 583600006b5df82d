/*
 * export_junit.c - a judgement as JUnit XML; see export.h.
 *
 * A testcase for each metric of each cell: failed where it regressed, broke or is missing, skipped
 * where there is no verdict.  What is not gated never fails; its change is in the testcase's output.
 * What is about the whole (everything slower, nothing could be compared) is a testcase of its own.
 *
 * Jenkins shows the message of a failure, GitLab its text and no attribute: both say it.  classname
 * is the mechanism; time is what one operation costs in the new one, in seconds, where the metric
 * is a time or a rate.
 */
#include <math.h>
#include <string.h>

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
	if (r->verdict != JUDGED_INCONCLUSIVE && judged_say_seen(say, r)[0])
		fprintf(to, "; %s", say);
	if (!r->gated)
		fputs("; not gated", to);
}

/* The mechanism is all up to the workload: "channel/pipe" of "channel/pipe/pingpong?...". */
static size_t mechanism_bytes(const char *cell)
{
	size_t stem = strcspn(cell, "?"), at = stem;

	while (at > 0 && cell[at - 1] != '/')
		at--;
	return at > 1 ? at - 1 : stem;
}

static void put_names(FILE *to, const struct judged *r)
{
	size_t n = mechanism_bytes(r->cell);
	char mechanism[CELL_KEY];

	memcpy(mechanism, r->cell, n);
	mechanism[n] = '\0';
	fputs("    <testcase classname=\"", to);
	escape_xml(to, mechanism);
	fputs("\" name=\"", to);
	escape_xml(to, r->cell[n] == '/' ? r->cell + n + 1 : r->cell);
	fputc(' ', to);
	escape_xml(to, r->metric);
	fputc('"', to);
}

/* Of an operation in the new one; NAN where the metric is no time. */
static double seconds_of(const struct judged *r)
{
	size_t n = strlen(r->unit);

	if (n >= 2 && strcmp(r->unit + n - 2, "/s") == 0)
		return r->new_value > 0 ? 1 / r->new_value : (double)NAN;
	return strncmp(r->unit, "ns", 2) == 0 ? r->new_value / 1e9 : (double)NAN;
}

static void put_case(FILE *to, const struct judgement *j, const struct judged *r)
{
	enum outcome o = outcome_of(r);
	const char *tag = o == FAILED ? "failure" : "skipped";

	put_names(to, r);
	if (isfinite(seconds_of(r)))
		fprintf(to, " time=\"%.12f\"", seconds_of(r));
	fputc('>', to);
	if (o != PASSED) {
		fprintf(to, "<%s message=\"", tag);
		put_said(to, j, r);
		fputs("\">", to);
		escape_xml(to, r->metric);
		fputs(" of ", to);
		escape_xml(to, r->cell);
		fputs(": ", to);
		put_said(to, j, r);
		fprintf(to, " (in brackets: 95 %% interval)</%s>", tag);
	}
	fputs("<system-out>", to);
	put_said(to, j, r);
	fputs("</system-out></testcase>\n", to);
}

static void put_whole(FILE *to, const struct judgement *j)
{
	enum outcome o = outcome_of_all(j);
	const char *tag = o == FAILED ? "failure" : "skipped";
	char title[JUDGED_TITLE];

	judged_title(title, j);
	fputs("    <testcase classname=\"handoff\" name=\"all cells together\">", to);
	if (o != PASSED) {
		fprintf(to, "<%s message=\"", tag);
		escape_xml(to, title);
		fputs("\">", to);
		escape_xml(to, title);
		fprintf(to, "</%s>", tag);
	}
	fputs("<system-out>", to);
	escape_xml(to, title);
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
