/*
 * report_csv.c - {{csv FILE optional first=N COLUMN ...}}: a CSV file that is kept
 * beside the run, as a table; see report_part.h.
 *
 * FILE is a path below the directory that holds the run's: cross-check/pairs.csv
 * of results/kept/full is results/kept/cross-check/pairs.csv.  Without columns
 * all of them, without first= all rows; what is left out is counted.  An optional
 * file that is not there is said, also where all is demanded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/report_part.h"
#include "bench/report_text.h"

enum { PATH_BYTES = 4200, MOST_COLUMNS = 64, WHY = 400 };

struct csv_table {
	FILE *to;
	const char *path;
	const char *const *wanted;
	size_t n_wanted, column[MOST_COLUMNS], columns;
	unsigned long first, rows; /* most rows to show; rows there are */
	bool optional;
	char *why;
	size_t why_len;
};

static bool is_inside(const char *file)
{
	return file[0] != '/' && !strstr(file, "..");
}

/* Which columns, and the table's head. */
static int put_header(struct csv_table *t, size_t n, const char *const *field)
{
	t->columns = t->n_wanted ? t->n_wanted : n < MOST_COLUMNS ? n : MOST_COLUMNS;
	for (size_t i = 0; i < t->columns; i++) {
		int at = t->n_wanted ? csv_header_find(field, n, t->wanted[i]) : (int)i;

		if (at < 0) {
			snprintf(t->why, t->why_len, "%.200s has no column %.60s", t->path,
				t->wanted[i]);
			return -EINVAL;
		}
		t->column[i] = (size_t)at;
	}
	for (size_t i = 0; i < t->columns; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s", field[t->column[i]]);
		for (char *c = name; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		fputs("| ", t->to);
		report_text(t->to, name);
		fputc(' ', t->to);
	}
	fputs("|\n", t->to);
	for (size_t i = 0; i < t->columns; i++)
		fputs("|---", t->to);
	fputs("|\n", t->to);
	return 0;
}

static int put_line(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct csv_table *t = ctx;

	(void)len;
	if (line == 1)
		return put_header(t, n, field);
	if (t->rows++ >= t->first)
		return 0;
	for (size_t i = 0; i < t->columns; i++) {
		const char *text = field[t->column[i]];

		fputs("| ", t->to);
		if (text[0])
			report_text(t->to, text);
		else
			fputc('-', t->to);
		fputc(' ', t->to);
	}
	fputs("|\n", t->to);
	return 0;
}

static int parse(struct csv_table *t, const struct words *w)
{
	size_t at = 1;

	if (w->n == 0 || !is_inside(w->word[0]))
		return -EINVAL;
	if (at < w->n && strcmp(w->word[at], "optional") == 0) {
		t->optional = true;
		at++;
	}
	if (at < w->n && strncmp(w->word[at], "first=", 6) == 0) {
		char *end;

		t->first = strtoul(w->word[at++] + 6, &end, 10);
		if (*end || t->first == 0)
			return -EINVAL;
	}
	t->wanted = (const char *const *)&w->word[at];
	t->n_wanted = w->n - at;
	return 0;
}

int report_csv(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct csv_table t = {.to = to, .first = -1ul, .why = why, .why_len = why_len};
	char path[PATH_BYTES], err[WHY];
	int code = parse(&t, w);

	if (code) {
		snprintf(why, why_len,
			"is written {{csv FILE optional first=N COLUMN ...}}, FILE below the run's "
			"parent");
		return code;
	}
	snprintf(path, sizeof(path), "%s/../%s", r->run->dir, w->word[0]);
	t.path = w->word[0];
	why[0] = '\0';
	code = csv_read_file(path, NULL, put_line, &t, err, sizeof(err));
	if (code == -ENOENT && t.optional) {
		fputs("*Not measured: there is no ", to);
		report_text(to, t.path);
		fputs(" beside this run.*\n", to);
		return 0;
	}
	if (code && !why[0])
		snprintf(why, why_len, "%s", err);
	if (!code && t.rows > t.first)
		fprintf(to, "\n%lu more are in the file.\n", t.rows - t.first);
	return code;
}
