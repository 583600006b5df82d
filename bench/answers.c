/* answers.c - see answers.h. */
#include "bench/answers.h"

#include <math.h>
#include <string.h>

#include "bench/units.h"

enum { TEXT = 120 };

struct question {
	const char *who, *domain;
	double bytes;
};

static const struct question questions[] = {
	{"two threads", "thread", 64},
	{"two threads", "thread", 65536},
	{"two processes", "process", 64},
	{"two processes", "process", 65536},
};

enum { QUESTIONS = sizeof(questions) / sizeof(*questions) };

/* Pinned and near is what a careful user would choose; then whatever there is. */
static const char *const preferred[] = {
	"nearest", "same-l2", "same-l3", "same-package", "smt", "farthest", "unpinned", "same-pu"};

static const struct rank_group *find_preferred(
	const struct ranking *r, const char *workload, const struct question *q)
{
	for (size_t i = 0; i < sizeof(preferred) / sizeof(*preferred); i++) {
		const struct rank_group *g = rank_find(
			r, workload, q->domain, q->bytes, preferred[i]);

		if (g)
			return g;
	}
	return NULL;
}

static const char *class_of(const struct sample *s)
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
	snprintf(out, out_len, "%s, %s%s%s, %s%s%s%s", k->workload, fan,
		strcmp(k->start, "exec") == 0 ? " begun by exec" : "", size, k->placement,
		class_of(k)[0] ? " (" : "", class_of(k), class_of(k)[0] ? ")" : "");
}

static void put_entry(
	FILE *to, const struct rank_group *g, const struct rank_entry *e, bool markdown)
{
	char figure[TEXT], bytes[TEXT] = "", cpu[UNITS_TEXT_BYTES], noisy[48] = "", trials[24];
	const char *label = e->label;

	rank_format(&e->figure, g->unit, figure, sizeof(figure));
	if (!g->lower_is_better && !isnan(e->bytes.median))
		units_format_bytes_per_s(bytes, sizeof(bytes), e->bytes.median);
	units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median);
	if (e->noisy_left_out)
		snprintf(noisy, sizeof(noisy), "%zu noisy left out", e->noisy_left_out);
	else if (e->noisy_used)
		snprintf(noisy, sizeof(noisy), "%zu noisy", e->noisy_used);
	snprintf(trials, sizeof(trials), "%zu", e->n);
	if (markdown)
		fprintf(to, "| %u | %s | %s | %s | %s | %s | %s | %s |\n", e->rank, label,
			e->spins ? "spins" : "sleeps", figure, bytes, cpu, trials, noisy);
	else
		fprintf(to, "  %2u  %-28s %-34s %-9s %-8s n=%-3s %s\n", e->rank, label, figure,
			bytes, cpu, trials, noisy);
}

static void put_head(FILE *to, const struct rank_group *g, bool markdown)
{
	const char *figure = strcmp(g->key->workload, "pingpong") == 0 ? "round trip, median"
			     : g->lower_is_better                      ? "per operation"
								       : "per second";

	if (markdown)
		fprintf(to,
			"| rank | mechanism | waits by | %s | bytes | CPU per operation | trials | |\n"
			"|--:|---|---|---|--:|--:|--:|---|\n",
			figure);
	else
		fprintf(to, "      %-28s %-34s %-9s %s\n", "", figure,
			g->lower_is_better ? "" : "bytes", "CPU/op");
}

void answers_group(FILE *to, const struct rank_group *g, bool markdown)
{
	char title[2 * TEXT];

	answers_title(g, title, sizeof(title));
	fprintf(to, markdown ? "\n**%s**\n\n" : "\n%s\n", title);
	put_head(to, g, markdown);
	for (size_t i = 0; i < g->n; i++) {
		if (!markdown && i == g->sleeping)
			fputs(i ? "   spinning:\n" : "", to);
		put_entry(to, g, &g->entry[i], markdown);
	}
}

/* ---- the answers ---------------------------------------------------------- */

static const struct rank_entry *same_entry(const struct rank_group *g, const struct rank_entry *e)
{
	for (size_t i = 0; g && i < g->n; i++) {
		if (strcmp(g->entry[i].label, e->label) == 0 &&
			strcmp(g->entry[i].capacity, e->capacity) == 0)
			return &g->entry[i];
	}
	return NULL;
}

/* First of the part of a group that sleeps or spins; NULL when that is empty. */
static const struct rank_entry *best(const struct rank_group *g, bool spins, size_t *n)
{
	*n = 0;
	if (!g)
		return NULL;
	*n = spins ? g->n - g->sleeping : g->sleeping;
	return *n ? &g->entry[spins ? g->sleeping : 0] : NULL;
}

static void put_shared_rank(FILE *to, const struct rank_entry *first, size_t n)
{
	bool any = false;

	for (size_t i = 1; i < n; i++) {
		if (first[i].rank != first->rank)
			continue;
		fprintf(to, "%s%s", any ? ", " : "; not separable from ", first[i].label);
		any = true;
	}
}

static void put_best(FILE *to, const struct rank_group *ping, const struct rank_group *stream,
	bool spins, const char *dash)
{
	char figure[TEXT], cpu[UNITS_TEXT_BYTES], bytes[TEXT];
	size_t n, n_stream;
	const struct rank_entry *e = best(ping, spins, &n);
	const struct rank_entry *top = best(stream, spins, &n_stream), *s;

	fprintf(to, "%s %s: ", dash, spins ? "spins " : "sleeps");
	if (!e) {
		fputs("nothing was measured\n", to);
		return;
	}
	rank_format(&e->figure, "ns", figure, sizeof(figure));
	fprintf(to, "%s, round trip %s, %s CPU each", e->label, figure,
		units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median));
	put_shared_rank(to, e, n);
	fputs("\n", to);
	s = same_entry(stream, e);
	if (s) {
		rank_format(&s->figure, "per_s", figure, sizeof(figure));
		units_format_bytes_per_s(bytes, sizeof(bytes), s->bytes.median);
		fprintf(to, "%*s one way %s, %s, %s CPU a message\n", (int)strlen(dash) + 8, "",
			figure, bytes, units_format_ns(cpu, sizeof(cpu), s->cpu_ns.median));
	}
	if (top && s && top != s && top->rank != s->rank) {
		rank_format(&top->figure, "per_s", figure, sizeof(figure));
		fprintf(to, "%*s more messages one way: %s, %s\n", (int)strlen(dash) + 8, "",
			top->label, figure);
	}
}

static void put_answer(FILE *to, const struct ranking *r, const struct question *q, bool markdown)
{
	const struct rank_group *ping = find_preferred(r, "pingpong", q);
	const struct rank_group *stream = find_preferred(r, "stream", q);
	const char *dash = markdown ? "-" : "   ";
	char size[UNITS_TEXT_BYTES];
	const struct sample *k = ping ? ping->key : NULL;

	units_format_bytes(size, sizeof(size), (uint64_t)q->bytes);
	fprintf(to, markdown ? "\n**Between %s, %s**" : "\nBetween %s, %s", q->who, size);
	if (k)
		fprintf(to, " (%s%s%s)", k->placement, class_of(k)[0] ? ", here " : "",
			class_of(k));
	fputs(markdown ? "\n\n" : "\n", to);
	put_best(to, ping, stream, false, dash);
	put_best(to, ping, stream, true, dash);
}

/* ---- round trips by placement --------------------------------------------- */

static void put_placements(FILE *to, const struct ranking *r, const char *domain)
{
	static const char *const places[] = {"same-pu", "nearest", "farthest", "unpinned"};
	const struct rank_group *g[4];
	const struct rank_group *base = NULL;

	for (int i = 0; i < 4; i++) {
		g[i] = rank_find(r, "pingpong", domain, 64, places[i]);
		base = base ? base : g[i];
	}
	if (!base)
		return;
	fprintf(to, "\nround trip of 64 B by placement, %s\n      %-28s", domain, "");
	for (int i = 0; i < 4; i++)
		fprintf(to, " %12s", g[i] ? places[i] : "");
	fputs("\n", to);
	for (size_t k = 0; k < base->n; k++) {
		fprintf(to, "      %-28s", base->entry[k].label);
		for (int i = 0; i < 4; i++) {
			const struct rank_entry *e = same_entry(g[i], &base->entry[k]);
			char v[UNITS_TEXT_BYTES] = "";

			if (e)
				units_format_ns(v, sizeof(v), e->figure.median);
			fprintf(to, " %12s", v);
		}
		fputs("\n", to);
	}
}

static void put_tables(FILE *to, const struct ranking *r)
{
	for (int i = 0; i < QUESTIONS; i++) {
		const struct rank_group *ping = find_preferred(r, "pingpong", &questions[i]);
		const struct rank_group *stream = find_preferred(r, "stream", &questions[i]);

		if (ping)
			answers_group(to, ping, false);
		if (stream)
			answers_group(to, stream, false);
	}
	put_placements(to, r, "thread");
	put_placements(to, r, "process");
}

static double noisy_share(const struct sample *rows, size_t n)
{
	size_t ok = 0, noisy = 0;

	for (size_t i = 0; i < n; i++) {
		ok += sample_usable(&rows[i], false);
		noisy += sample_usable(&rows[i], false) && strcmp(rows[i].quality, "noisy") == 0;
	}
	return ok ? 100.0 * (double)noisy / (double)ok : 0;
}

void answers_print(FILE *to, const struct sample *rows, size_t n, rank_filter_fn *rankable,
	const char *belief, bool markdown)
{
	struct ranking r;

	if (rank_rows(&r, rows, n, rankable) != 0) {
		fputs("no memory for the answers\n", to);
		return;
	}
	if (!markdown)
		put_tables(to, &r);
	if (!markdown)
		fputs("\nThe four answers (round trip: median over trials; [95 % interval])\n", to);
	for (int i = 0; i < QUESTIONS; i++)
		put_answer(to, &r, &questions[i], markdown);
	fprintf(to, "\n%s%s %.0f %% of the trials are marked noisy.\n",
		markdown ? "" : "How far to believe it: ", belief, noisy_share(rows, n));
	rank_free(&r);
}
