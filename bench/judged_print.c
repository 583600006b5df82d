/* judged_print.c - see judged_print.h. */
#include "bench/judged_print.h"

#include <math.h>
#include <string.h>

#include "bench/judged_words.h"
#include "bench/utf8.h"

enum { METRIC = 10 }; /* columns */

/* One line, whatever is in it. */
static void put_plain(FILE *out, const char *text)
{
	for (const char *at = text; *at;) {
		int n = utf8_bytes(at);

		if (n > 1)
			fwrite(at, 1, (size_t)n, out);
		else
			fputc(n == 0 || (unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at, out);
		at += n ? n : 1;
	}
}

static void put_head(FILE *out, const struct judgement *j)
{
	char title[JUDGED_TITLE];

	fputs("handoff: ", out);
	put_plain(out, judged_title(title, j));
	fputs("\n  old ", out);
	put_plain(out, j->old_name);
	fputs("\n  new ", out);
	put_plain(out, j->new_name);
	fputs("\n  on  ", out);
	put_plain(out, j->machine);
	if (j->mode == JUDGED_PAIRED)
		fprintf(out, "; both side by side, seed %llu\n", (unsigned long long)j->seed);
	else
		fputs("; campaigns compared\n", out);
}

/* What changed and by how much, then where. */
static void put_row(FILE *out, const struct judgement *j, const struct judged *r)
{
	char say[JUDGED_TITLE];

	fputs("  ", out);
	put_plain(out, r->metric);
	fprintf(out, "%*s  ", (int)(strlen(r->metric) < METRIC ? METRIC - strlen(r->metric) : 0),
		"");
	put_plain(out, judged_say_all(say, j, r));
	fprintf(out, "\n%*s", METRIC + 4, "");
	put_plain(out, r->cell);
	fputc('\n', out);
}

static void put_section(
	FILE *out, const struct judgement *j, const struct judged_section *s, size_t most)
{
	const struct judged *row;
	size_t n = judged_section_rows(j, s, &row), shown = most && n > most ? most : n;

	if (!n)
		return;
	fprintf(out, "\n%s: %zu metric%s of %zu cell%s\n", s->title, n, n == 1 ? "" : "s",
		judged_cells_of(row, n), judged_cells_of(row, n) == 1 ? "" : "s");
	for (size_t i = 0; i < shown; i++)
		put_row(out, j, &row[i]);
	if (shown < n)
		fprintf(out, "  ... and %zu more\n", n - shown);
}

/* The farthest that an interval of what is fine reaches, and what none would have hidden. */
static void put_fine(FILE *out, const struct judgement *j, const struct judged_section *s)
{
	const struct judged *row;
	size_t n = judged_section_rows(j, s, &row);
	double hi = -INFINITY, mde = -INFINITY;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		hi = row[i].hi > hi ? row[i].hi : hi;
		mde = row[i].mde > mde ? row[i].mde : mde;
	}
	fprintf(out, "\n%s: %zu metric%s of %zu cell%s", s->title, n, n == 1 ? "" : "s",
		judged_cells_of(row, n), judged_cells_of(row, n) == 1 ? "" : "s");
	if (isfinite(hi))
		fprintf(out, "; no interval reaches further than %.1f %%",
			hi > 1 ? 100 * (hi - 1) : 0.0);
	if (isfinite(mde))
		fprintf(out, "; slow-downs from %.1f %% on would have been seen", 100 * (mde - 1));
	fputc('\n', out);
}

void judged_print(FILE *out, const struct judgement *j, size_t most)
{
	char suite[JUDGED_SAY];

	put_head(out, j);
	for (int i = 0; i < JUDGED_SECTIONS; i++) {
		if (judged_section[i].verdict == JUDGED_OK)
			put_fine(out, j, &judged_section[i]);
		else
			put_section(out, j, &judged_section[i], most);
	}
	if (judged_say_suite(suite, j)[0])
		fprintf(out, "\nAll cells together: %s\n", suite);
	fputc('\n', out);
	judged_last_line(out, j);
}
