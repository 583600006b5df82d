/* answers_markdown.c - the answers as tables of a document; see answers.h. */
#include "bench/answers_view.h"
#include "bench/report_text.h"
#include "bench/units.h"

enum { TEXT = 120 };

static void put_shared_markdown(FILE *to, const struct rank_entry *first, size_t n)
{
	const char *comma = "";

	for (size_t i = answers_next_shared(first, n, 0); i < n;
		i = answers_next_shared(first, n, i)) {
		char name[TEXT];

		answers_name(&first[i], name, sizeof(name));
		fputs(comma, to);
		report_text(to, name);
		comma = ", ";
	}
}

/* A line of a table behind the words that stand before its placement. */
static void put_best_markdown(
	FILE *to, const char *before, const char *place, const struct rank_group *g, bool spins)
{
	char figure[TEXT], cpu[UNITS_TEXT_BYTES], noisy[32];
	size_t n;
	const struct rank_entry *e = answers_best(g, spins, &n);

	fprintf(to, "| %s | ", before);
	report_text(to, place);
	fprintf(to, " | %s | ", spins ? "spins" : "sleeps");
	if (!e) {
		fputs("none was measured | | | | | |\n", to);
		return;
	}
	report_text(to, e->label);
	rank_format(&e->figure, g->unit, figure, sizeof(figure));
	answers_noisy(e, noisy, sizeof(noisy));
	fprintf(to, " | %s | %s | %zu | %s | ", figure,
		units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median), e->n, noisy);
	put_shared_markdown(to, e, n);
	fputs(" |\n", to);
}

static void put_head_markdown(FILE *to, const char *first)
{
	fprintf(to,
		"\n| %s | placement | waits by | fastest | median | CPU per operation | trials | "
		"noisy | not separable from it |\n|---|---|---|---|---|--:|--:|---|---|\n",
		first);
}

static void put_block_markdown(
	FILE *to, const struct view *v, const char *before, struct rank_group const *const *g)
{
	for (int i = 0; i < v->n; i++) {
		if (!g[i])
			continue;
		put_best_markdown(to, before, v->place[i], g[i], false);
		put_best_markdown(to, before, v->place[i], g[i], true);
	}
	if (!answers_any(g, v->n))
		fprintf(to, "| %s | | | not measured | | | | | |\n", before);
}

static void put_answer_markdown(FILE *to, const struct ranking *r, int i)
{
	struct view v = answers_view(r, i);
	char size[UNITS_TEXT_BYTES];

	fprintf(to, "\n**Between %s, %s**", v.q->who, answers_size(v.q, size, sizeof(size)));
	answers_classes(to, &v, true);
	fputs("\n", to);
	put_head_markdown(to, "what");
	put_block_markdown(to, &v, "round trip", v.ping);
	put_block_markdown(to, &v, "one way", v.stream);
}

void answers_markdown(FILE *to, const struct ranking *r)
{
	for (int i = 0; i < ANSWERS_QUESTIONS; i++)
		put_answer_markdown(to, r, i);
}

void answers_brief(FILE *to, const struct ranking *r)
{
	put_head_markdown(to, "round trip between");
	for (int i = 0; i < ANSWERS_QUESTIONS; i++) {
		struct view v = answers_view(r, i);
		char size[UNITS_TEXT_BYTES], before[TEXT];

		snprintf(before, sizeof(before), "%s, %s", v.q->who,
			answers_size(v.q, size, sizeof(size)));
		put_block_markdown(to, &v, before, v.ping);
	}
}
