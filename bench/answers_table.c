/* answers_table.c - a group of a ranking as a table; see answers.h. */
#include "bench/answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report_text.h"
#include "bench/units.h"

enum { TEXT = 120, LABEL_LEAST = 20, LABEL_MOST = 30, FIGURE_COLUMNS = 31 };

const char *answers_class(const struct sample *s)
{
	return strncmp(s->params, "class=", 6) == 0 ? s->params + 6 : "";
}

static void fan_of(const struct sample *k, char *out, size_t len)
{
	bool threads = strcmp(k->domain, "thread") == 0;
	double n = k->producers + k->consumers;

	if (k->consumers == 0 || (k->producers == 1 && k->consumers == 1))
		snprintf(out, len, "%.0f %s%s", n, threads ? "thread" : "process",
			n == 1    ? ""
			: threads ? "s"
				  : "es");
	else
		snprintf(out, len, "%.0f senders, %.0f receivers (%s)", k->producers, k->consumers,
			k->domain);
}

void answers_title(const struct rank_group *g, char *out, size_t out_len)
{
	const struct sample *k = g->key;
	char size[UNITS_TEXT_BYTES + 4] = "", fan[64], b[UNITS_TEXT_BYTES];

	if (!isnan(k->msg_bytes))
		snprintf(size, sizeof(size), ", %s",
			units_format_bytes(b, sizeof(b), (uint64_t)k->msg_bytes));
	fan_of(k, fan, sizeof(fan));
	snprintf(out, out_len, "%s, %s%s%s, %s%s%s%s%s%s", k->workload, fan,
		strcmp(k->start, "exec") == 0 ? " begun by exec" : "", size, k->placement,
		answers_class(k)[0] ? " (" : "", answers_class(k), answers_class(k)[0] ? ")" : "",
		k->axes[0] ? ", " : "", k->axes);
}

/* Columns for the labels of a group; a longer one gets a line of its own. */
static int label_columns(const struct rank_group *g)
{
	size_t most = LABEL_LEAST;

	for (size_t i = 0; i < g->n; i++) {
		size_t len = strlen(g->entry[i].label);

		most = len > most && len <= LABEL_MOST ? len : most;
	}
	return (int)most;
}

void answers_noisy(const struct rank_entry *e, char *out, size_t len)
{
	out[0] = '\0';
	if (e->noisy_left_out)
		snprintf(out, len, "%zu out", e->noisy_left_out);
	else if (e->noisy_used)
		snprintf(out, len, "%zu used", e->noisy_used);
}

/* Where workers share processors, how far they overlapped is a result. */
static bool shows_overlap(const struct rank_group *g)
{
	return g->key->workers_per_pu > 1 && strcmp(g->key->family, "lock") != 0;
}

double answers_overlap(const struct rank_entry *e)
{
	struct rank_value v = {.median = NAN};
	double *pct = calloc(e->n + 1, sizeof(*pct));
	size_t n = 0;

	for (size_t i = 0; pct && i < e->n; i++) {
		if (isfinite(e->row[i]->overlap_pct))
			pct[n++] = e->row[i]->overlap_pct;
	}
	if (n)
		rank_summarise(pct, n, &v);
	free(pct);
	return v.median;
}

static void put_overlap(FILE *to, const struct rank_entry *e, const char *begin, const char *end)
{
	double pct = answers_overlap(e);

	if (isnan(pct))
		fprintf(to, "%s-%s", begin, end);
	else
		fprintf(to, "%s%.0f %%%s", begin, pct, end);
}

static void put_entry(
	FILE *to, const struct rank_group *g, const struct rank_entry *e, bool markdown)
{
	char figure[TEXT], bytes[UNITS_TEXT_BYTES] = "", cpu[UNITS_TEXT_BYTES], noisy[32];

	rank_format(&e->figure, g->unit, figure, sizeof(figure));
	if (!g->lower_is_better && !isnan(e->bytes.median))
		units_format_bytes_per_s(bytes, sizeof(bytes), e->bytes.median);
	units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median);
	answers_noisy(e, noisy, sizeof(noisy));
	if (markdown) {
		fprintf(to, "| %u | ", e->rank);
		report_text(to, e->label);
		fprintf(to, " | %s | %s | %s | %s | %zu | %s |", e->spins ? "spins" : "sleeps",
			figure, bytes, cpu, e->n, noisy);
		if (shows_overlap(g))
			put_overlap(to, e, " ", " |");
		fputs("\n", to);
		return;
	}
	if (strlen(e->label) > LABEL_MOST)
		fprintf(to, "%2u  %s\n    %-*s %-*s", e->rank, e->label, label_columns(g), "",
			FIGURE_COLUMNS, figure);
	else
		fprintf(to, "%2u  %-*s %-*s", e->rank, label_columns(g), e->label, FIGURE_COLUMNS,
			figure);
	if (!g->lower_is_better)
		fprintf(to, " %-9s", bytes);
	if (noisy[0])
		fprintf(to, " %-7s %2zu %s", cpu, e->n, noisy);
	else
		fprintf(to, " %-7s %2zu", cpu, e->n);
	if (shows_overlap(g))
		put_overlap(to, e, ", overlap ", "");
	fputs("\n", to);
}

static void put_head(FILE *to, const struct rank_group *g, bool markdown)
{
	const char *figure = strcmp(g->key->kind, "rtt") == 0 ||
					     strcmp(g->key->workload, "pingpong") == 0
				     ? "round trip, median"
			     : g->lower_is_better ? "per operation"
						  : "per second";

	if (markdown)
		fprintf(to,
			"| rank | mechanism | waits by | %s | bytes | CPU per operation | trials | "
			"noisy |%s\n|--:|---|---|---|--:|--:|--:|---|%s\n",
			figure, shows_overlap(g) ? " overlap |" : "",
			shows_overlap(g) ? "--:|" : "");
	else
		fprintf(to, "    %-*s %-*s%s %-7s %2s noisy\n", label_columns(g), "",
			FIGURE_COLUMNS, figure, g->lower_is_better ? "" : " bytes    ", "CPU/op",
			"n");
}

void answers_group(FILE *to, const struct rank_group *g, bool markdown)
{
	char title[2 * TEXT];

	answers_title(g, title, sizeof(title));
	if (markdown) {
		fputs("\n**", to);
		report_text(to, title);
		fputs("**\n\n", to);
	} else {
		fprintf(to, "\n%s\n", title);
	}
	put_head(to, g, markdown);
	for (size_t i = 0; i < g->n; i++) {
		if (!markdown && i == g->sleeping)
			fputs(i ? "    spinning:\n" : "", to);
		put_entry(to, g, &g->entry[i], markdown);
	}
}
