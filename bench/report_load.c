/* report_load.c - {{load}}: what the offered rate does, from knees.csv and its pictures. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/knees.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "bench/units.h"

static bool has_rows(const struct report_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		if (strcmp(run->rows[i].workload, "openloop") == 0)
			return true;
	}
	return false;
}

static void put_rate(FILE *to, uint64_t per_s)
{
	char text[UNITS_TEXT_BYTES];

	fprintf(to, " %s |", per_s ? units_format_rate(text, sizeof(text), (double)per_s) : "");
}

static void put_knees(FILE *to, const struct knees *k)
{
	char slo[UNITS_TEXT_BYTES];

	fprintf(to,
		"The knee is the highest rate whose 99th percentile of the response time stayed "
		"under %s, found by search; the capacity is what came through with everything due "
		"at once.\n\n| cell | knee | capacity | trials of the search | why there is no knee "
		"|\n|---|--:|--:|--:|---|\n",
		units_format_ns(slo, sizeof(slo), (double)k->row[0].slo_ns));
	for (size_t i = 0; i < k->n; i++) {
		fputs("| ", to);
		report_text(to, k->row[i].cell);
		fputs(" |", to);
		put_rate(to, k->row[i].knee_per_s);
		put_rate(to, k->row[i].capacity_per_s);
		fprintf(to, " %llu | ", (unsigned long long)k->row[i].trials);
		report_text(to, k->row[i].reason);
		fputs(" |\n", to);
	}
	fputs("\n", to);
}

/* Trials that did not keep up are a result, but not one of the rate in their key. */
static void put_missed(FILE *to, const struct report_run *run)
{
	size_t ok = 0, missed = 0;

	for (size_t i = 0; i < run->n; i++) {
		bool counts = strcmp(run->rows[i].workload, "openloop") == 0 &&
			      sample_usable(&run->rows[i], false);

		ok += counts;
		missed += counts && run->rows[i].missed[0];
	}
	fprintf(to, "In %zu of %zu trials the rate was not kept up with.\n\n", missed, ok);
}

static void put_pictures(struct report *r, FILE *to)
{
	for (size_t i = 0; i < r->pictures; i++) {
		const struct picture *p = &r->picture[i];

		if (r->shown[i] || strncmp(p->name, "load-", 5) != 0)
			continue;
		fputs(p->why[0] ? "*" : "![", to);
		report_text(to, p->title);
		if (p->why[0])
			fputs(": not drawn, see chapter 7*\n\n", to);
		else
			fprintf(to, "](%s/%s.svg)\n\n", r->plots, p->name);
		r->shown[i] = true;
	}
}

int report_load(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	char path[4300];
	struct knees k;
	int code;

	(void)w;
	if (!has_rows(r->run)) {
		fputs("This run has no `openloop` rows: what load does is not shown here.\n", to);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/knees.csv", r->run->dir);
	code = knees_read(&k, path, why, why_len);
	if (code)
		return code == -ENOENT ? -EIO : code;
	put_missed(to, r->run);
	if (k.n)
		put_knees(to, &k);
	put_pictures(r, to);
	knees_free(&k);
	return 0;
}
