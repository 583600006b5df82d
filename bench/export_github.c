/*
 * export_github.c - a judgement as annotations of a GitHub workflow; see export.h.
 *
 * Of a step ten errors and ten warnings are shown: one line for the whole, which counts, and the
 * nine worst.
 */
#include "bench/cmd.h"
#include "bench/escape.h"
#include "bench/export.h"
#include "bench/judged_words.h"

enum { SHOWN = 9 };

static void put_row(FILE *to, const struct judgement *j, const struct judged *r, const char *level)
{
	char say[JUDGED_TITLE], title[CELL_KEY + 64];

	snprintf(title, sizeof(title), "%s %s", r->metric, r->cell);
	fprintf(to, "::%s title=", level);
	escape_command(to, title, true);
	fprintf(to, "::%s: ", judged_name(r->verdict));
	escape_command(to, judged_say_all(say, j, r), false);
	fputc('\n', to);
}

/* As many as there is room for; returns how many are left. */
static size_t put_section(FILE *to, const struct judgement *j, const struct judged_section *s,
	const char *level, size_t room)
{
	const struct judged *row;
	size_t n = judged_section_rows(j, s, &row);

	for (size_t i = 0; i < n && i < room; i++)
		put_row(to, j, &row[i], level);
	return n < room ? room - n : 0;
}

static const char *level_of(const struct judgement *j)
{
	if (j->exit_code == EXIT_FINE)
		return "notice";
	return j->exit_code == EXIT_INCONCLUSIVE || judged_exit(j) == EXIT_FINE ? "warning"
										: "error";
}

static void put_whole(FILE *to, const struct judgement *j)
{
	char title[JUDGED_TITLE];

	fprintf(to, "::%s title=handoff %s::", level_of(j), judged_word(j));
	escape_command(to, judged_title(title, j), false);
	fputc('\n', to);
}

int export_github(const struct export_job *job, char *err, size_t err_len)
{
	const struct judgement *j = job->judgement;
	const char *fails = j->advisory ? "warning" : "error";
	size_t room[2] = {SHOWN, SHOWN}; /* of what fails, of warnings */

	(void)err, (void)err_len;
	put_whole(job->to, j);
	for (int i = 0; i < JUDGED_SECTIONS; i++) {
		const struct judged_section *s = &judged_section[i];

		if (s->gated && !s->ungated)
			room[0] = put_section(job->to, j, s, fails, room[0]);
		else if (s->verdict == JUDGED_REGRESSED || s->verdict == JUDGED_INCONCLUSIVE)
			room[j->advisory ? 0 : 1] = put_section(
				job->to, j, s, "warning", room[j->advisory ? 0 : 1]);
	}
	return 1;
}
