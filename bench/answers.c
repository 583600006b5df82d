/* answers.c - see answers.h. */
#include "bench/answers.h"

#include <string.h>

#include "bench/answers_view.h"
#include "bench/units.h"

enum { TEXT = 120, LINE_COLUMNS = 100, LABEL_COLUMNS = 30, FIGURE_COLUMNS = 31, BELIEF = 1000 };

/* ---- the answers ---------------------------------------------------------- */

/* On as many lines as they need, under the name of the first. */
static void put_shared_text(FILE *to, const struct rank_entry *first, size_t n)
{
	static const char head[] = "not separable from ";
	enum { BEGIN = 18 };
	size_t at = 0;

	for (size_t i = answers_next_shared(first, n, 0); i < n;
		i = answers_next_shared(first, n, i)) {
		char name[TEXT];

		answers_name(&first[i], name, sizeof(name));
		if (at == 0)
			at = BEGIN + (size_t)fprintf(to, "%*s%s", BEGIN, "", head) - BEGIN;
		else if (at + strlen(name) + 3 > LINE_COLUMNS)
			at = (size_t)fprintf(to, ",\n%*s", BEGIN, "") - 2;
		else
			at += (size_t)fprintf(to, ", ");
		fputs(name, to);
		at += strlen(name);
	}
	fputs(at ? "\n" : "", to);
}

/* "  nearest  ", or a line of its own for a longer one. */
static void put_place_text(FILE *to, const char *place)
{
	enum { COLUMNS = 9 };

	if (strlen(place) < COLUMNS)
		fprintf(to, "  %-*s", COLUMNS, place);
	else
		fprintf(to, "  %s\n  %*s", place, COLUMNS, "");
}

static void put_best_text(FILE *to, const char *place, const struct rank_group *g, bool spins)
{
	char figure[TEXT], cpu[UNITS_TEXT_BYTES], noisy[32];
	size_t n;
	const struct rank_entry *e = answers_best(g, spins, &n);

	put_place_text(to, place);
	fprintf(to, "%-7s", spins ? "spins" : "sleeps");
	if (!e) {
		fputs("none was measured\n", to);
		return;
	}
	rank_format(&e->figure, g->unit, figure, sizeof(figure));
	units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median);
	answers_noisy(e, noisy, sizeof(noisy));
	if (strlen(e->label) > LABEL_COLUMNS)
		fprintf(to, "%s\n%*s", e->label, 18 + LABEL_COLUMNS, "");
	else
		fprintf(to, "%-*s", LABEL_COLUMNS, e->label);
	fprintf(to, " %-*s %-7s %2zu%s%s\n", FIGURE_COLUMNS, figure, cpu, e->n, noisy[0] ? " " : "",
		noisy);
	put_shared_text(to, e, n);
}

/* "  not in this run: nearest, farthest": of the three that always stand beside each other. */
static void put_missing_text(FILE *to, const struct view *v, struct rank_group const *const *g)
{
	const char *comma = "  not in this run: ";
	bool any = false;

	for (int i = 0; i < 3; i++) {
		if (g[i])
			continue;
		fprintf(to, "%s%s", comma, v->place[i]);
		comma = ", ";
		any = true;
	}
	if (any && g[1] && !g[2])
		fputs(" (not asked for, or no other class than nearest)", to);
	fputs(any ? "\n" : "", to);
}

static void put_block_text(
	FILE *to, const struct view *v, const char *what, struct rank_group const *const *g)
{
	if (!answers_any(g, v->n)) {
		fprintf(to, "  %s: not measured\n", what);
		return;
	}
	fprintf(to, "  %-*s %-*s %-7s %2s noisy\n", 16 + LABEL_COLUMNS, what, FIGURE_COLUMNS,
		"median", "CPU/op", "n");
	for (int i = 0; i < v->n; i++) {
		if (!g[i])
			continue;
		put_best_text(to, v->place[i], g[i], false);
		put_best_text(to, "", g[i], true);
	}
	put_missing_text(to, v, g);
}

static void put_answer_text(FILE *to, const struct ranking *r, int i)
{
	struct view v = answers_view(r, i);
	char size[UNITS_TEXT_BYTES];

	fprintf(to, "\nBetween %s, %s", v.q->who, answers_size(v.q, size, sizeof(size)));
	answers_classes(to, &v, false);
	fputs("\n", to);
	put_block_text(to, &v, "round trip", v.ping);
	put_block_text(to, &v, "one way", v.stream);
}

/* The same mechanism, however the group's labels tell it from its neighbours. */
static const struct rank_entry *same_entry(const struct rank_group *g, const struct rank_entry *e)
{
	for (size_t i = 0; g && i < g->n; i++) {
		if (strcmp(g->entry[i].mechanism, e->mechanism) == 0 &&
			strcmp(g->entry[i].wait, e->wait) == 0 &&
			strcmp(g->entry[i].capacity, e->capacity) == 0)
			return &g->entry[i];
	}
	return NULL;
}

/* ---- round trips by placement --------------------------------------------- */

/* An entry that some group has and none before it had. */
static bool is_new(struct rank_group const *const *g, int at, const struct rank_entry *e)
{
	for (int i = 0; i < at; i++) {
		if (same_entry(g[i], e))
			return false;
	}
	return true;
}

static void put_placement_line(
	FILE *to, struct rank_group const *const *g, int n, const struct rank_entry *entry)
{
	fprintf(to, "     %-35s", entry->label);
	for (int i = 0; i < n; i++) {
		const struct rank_entry *e = same_entry(g[i], entry);
		char v[UNITS_TEXT_BYTES] = "";

		if (e)
			units_format_ns(v, sizeof(v), e->figure.median);
		fprintf(to, " %12s", e ? v : "-");
	}
	fputs("\n", to);
}

static void put_placements(FILE *to, const struct ranking *r, int q)
{
	struct view v = answers_view(r, q);
	const struct rank_group *g[ANSWERS_PLACES + 1];
	char size[UNITS_TEXT_BYTES];
	int n = 0;

	for (int i = 0; i < v.n; i++) {
		g[n] = v.ping[i];
		n += g[n] != NULL;
	}
	g[n] = rank_find(r, "pingpong", v.q->domain, v.q->bytes, "same-pu");
	n += g[n] && (n == 0 || g[n] != g[n - 1]);
	if (n < 2)
		return;
	fprintf(to, "\nround trip by placement, %s, %s\n     %-35s", v.q->who,
		answers_size(v.q, size, sizeof(size)), "");
	for (int i = 0; i < n; i++)
		fprintf(to, " %12s", g[i]->key->placement);
	fputs("\n", to);
	for (int i = 0; i < n; i++) {
		for (size_t k = 0; k < g[i]->n; k++) {
			if (is_new(g, i, &g[i]->entry[k]))
				put_placement_line(to, g, n, &g[i]->entry[k]);
		}
	}
}

/* Which of its places a question's whole table is of: pinned and near, if there is such a one. */
static int main_place(const struct view *v)
{
	static const int order[ANSWERS_PLACES] = {1, 3, 2, 0};

	for (int i = 0; i < ANSWERS_PLACES; i++) {
		if (order[i] < v->n && (v->ping[order[i]] || v->stream[order[i]]))
			return order[i];
	}
	return 0;
}

static void put_tables(FILE *to, const struct ranking *r)
{
	for (int i = 0; i < ANSWERS_QUESTIONS; i++) {
		struct view v = answers_view(r, i);
		int main = main_place(&v);

		if (v.ping[main])
			answers_group(to, v.ping[main], false);
		if (v.stream[main])
			answers_group(to, v.stream[main], false);
	}
	for (int i = 0; i < ANSWERS_QUESTIONS; i++)
		put_placements(to, r, i);
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

/* Broken into lines between words. */
static void put_wrapped(FILE *to, const char *text)
{
	size_t at = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (at && at + 1 + len > LINE_COLUMNS)
			at = (size_t)fprintf(to, "\n") - 1;
		else if (at)
			at += (size_t)fprintf(to, " ");
		at += (size_t)fprintf(to, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	fputs("\n", to);
}

void answers_text(FILE *to, const struct ranking *r)
{
	fputs("\nThe four answers (median over trials; [95 % interval], or the range where there "
	      "are too few)\n",
		to);
	for (int i = 0; i < ANSWERS_QUESTIONS; i++)
		put_answer_text(to, r, i);
}

void answers_print(
	FILE *to, const struct sample *rows, size_t n, rank_filter_fn *rankable, const char *belief)
{
	struct ranking r;
	char text[BELIEF];

	if (rank_rows(&r, rows, n, rankable) != 0) {
		fputs("no memory for the answers\n", to);
		return;
	}
	rank_keep_usual(&r);
	put_tables(to, &r);
	answers_text(to, &r);
	fputs("\n", to);
	snprintf(text, sizeof(text),
		"How far to believe it: %s %.0f %% of the trials are marked noisy.", belief,
		noisy_share(rows, n));
	put_wrapped(to, text);
	rank_free(&r);
}
