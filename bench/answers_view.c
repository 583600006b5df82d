/* answers_view.c - see answers_view.h. */
#include "bench/answers_view.h"

#include <string.h>

#include "bench/report_text.h"
#include "bench/units.h"

static const struct question questions[] = {
	{"two threads", "thread", 64},
	{"two threads", "thread", 65536},
	{"two processes", "process", 64},
	{"two processes", "process", 65536},
};

_Static_assert(sizeof(questions) / sizeof(*questions) == ANSWERS_QUESTIONS, "one count");

static bool asks(const struct question *q, const struct sample *k, const char *workload)
{
	return strcmp(k->family, "channel") == 0 && strcmp(k->workload, workload) == 0 &&
	       strcmp(k->domain, q->domain) == 0 && k->msg_bytes == q->bytes && k->producers == 1 &&
	       k->consumers == 1 && strcmp(k->start, "exec") != 0;
}

/* NULL for placement: the first there is but unpinned. */
static const struct rank_group *find_group(const struct ranking *r, const struct question *q,
	const char *workload, const char *placement)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct sample *k = r->group[i].key;

		if (asks(q, k, workload) && (placement ? strcmp(k->placement, placement) == 0
						       : strcmp(k->placement, "unpinned") != 0))
			return &r->group[i];
	}
	return NULL;
}

static void add_place(struct view *v, const struct ranking *r, const char *place)
{
	v->place[v->n] = place;
	v->ping[v->n] = find_group(r, v->q, "pingpong", place);
	v->stream[v->n] = find_group(r, v->q, "stream", place);
	v->n++;
}

/* Where neither end of the machine was asked for: a class, or CPUs that the user named. */
static void add_other_place(struct view *v, const struct ranking *r)
{
	static const char *const others[] = {
		"same-l2", "same-l3", "same-package", "smt", "same-pu", NULL};
	const struct rank_group *g = NULL;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && !g; i++) {
		g = find_group(r, v->q, "pingpong", others[i]);
		g = g ? g : find_group(r, v->q, "stream", others[i]);
	}
	if (g)
		add_place(v, r, g->key->placement);
}

struct view answers_view(const struct ranking *r, int i)
{
	struct view v = {.q = &questions[i]};

	add_place(&v, r, "unpinned");
	add_place(&v, r, "nearest");
	add_place(&v, r, "farthest");
	if (!v.ping[1] && !v.ping[2] && !v.stream[1] && !v.stream[2])
		add_other_place(&v, r);
	return v;
}

const char *answers_size(const struct question *q, char *out, size_t len)
{
	return units_format_bytes(out, len, (uint64_t)q->bytes);
}

const struct rank_entry *answers_best(const struct rank_group *g, bool spins, size_t *n)
{
	*n = 0;
	if (!g)
		return NULL;
	*n = spins ? g->n - g->sleeping : g->sleeping;
	return *n ? &g->entry[spins ? g->sleeping : 0] : NULL;
}

static bool same_but_capacity(const struct rank_entry *a, const struct rank_entry *b)
{
	return strcmp(a->mechanism, b->mechanism) == 0 && strcmp(a->wait, b->wait) == 0;
}

size_t answers_next_shared(const struct rank_entry *first, size_t n, size_t i)
{
	for (i++; i < n; i++) {
		bool named = first[i].rank != first->rank;

		for (size_t k = 0; k < i && !named; k++)
			named = same_but_capacity(&first[k], &first[i]);
		if (!named)
			return i;
	}
	return n;
}

void answers_name(const struct rank_entry *e, char *out, size_t len)
{
	bool waits = rank_names_wait(e);

	snprintf(out, len, "%s%s%s%s", e->mechanism, waits ? " (" : "", waits ? e->wait : "",
		waits ? ")" : "");
}

bool answers_any(struct rank_group const *const *g, int n)
{
	for (int i = 0; i < n; i++) {
		if (g[i])
			return true;
	}
	return false;
}

static const struct sample *key_of(const struct view *v, int i)
{
	return v->ping[i] ? v->ping[i]->key : v->stream[i] ? v->stream[i]->key : NULL;
}

static void put_word(FILE *to, const char *word, bool markdown)
{
	if (markdown)
		report_text(to, word);
	else
		fputs(word, to);
}

void answers_classes(FILE *to, const struct view *v, bool markdown)
{
	const char *begin = " (";

	for (int i = 1; i < v->n; i++) {
		const struct sample *k = key_of(v, i);

		if (!k || !answers_class(k)[0])
			continue;
		fputs(begin, to);
		put_word(to, v->place[i], markdown);
		fputs(" is ", to);
		put_word(to, answers_class(k), markdown);
		begin = ", ";
	}
	fputs(begin[0] == ',' ? " here)" : "", to);
}

bool answers_complete(const struct ranking *r, char *why, size_t why_len)
{
	for (int i = 0; i < 2 * ANSWERS_QUESTIONS; i++) {
		struct view v = answers_view(r, i / 2);
		bool found = false;
		char size[UNITS_TEXT_BYTES];
		size_t n;

		for (int k = 0; k < v.n; k++)
			found |= answers_best(v.ping[k], i % 2, &n) != NULL;
		if (found)
			continue;
		snprintf(why, why_len, "no mechanism that %s has a round trip between %s, %s",
			i % 2 ? "spins" : "sleeps", v.q->who,
			answers_size(v.q, size, sizeof(size)));
		return false;
	}
	return true;
}
