/* answers.c - see answers.h. */
#include "bench/answers.h"

#include <math.h>
#include <string.h>

#include "bench/units.h"

enum { TEXT = 120, LINE_COLUMNS = 100 };

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

static bool asks(const struct question *q, const struct sample *k, const char *workload)
{
	return strcmp(k->workload, workload) == 0 && strcmp(k->domain, q->domain) == 0 &&
	       k->msg_bytes == q->bytes && k->producers == 1 && k->consumers == 1 &&
	       strcmp(k->start, "exec") != 0;
}

static const struct rank_group *find_preferred(
	const struct ranking *r, const char *workload, const struct question *q)
{
	for (size_t i = 0; i < sizeof(preferred) / sizeof(*preferred); i++) {
		const struct rank_group *g = rank_find(
			r, workload, q->domain, q->bytes, preferred[i]);

		if (g)
			return g;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (asks(q, r->group[i].key, workload))
			return &r->group[i]; /* a class or CPUs named by the user */
	}
	return NULL;
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

/* Where the lines of an answer begin: a nested list, or columns. */
static const char *begin_line(bool markdown)
{
	return markdown ? "  - " : "            ";
}

/* Those that share the first one's rank, on as many lines as they need. */
static void put_shared_rank(FILE *to, const struct rank_entry *first, size_t n, bool markdown)
{
	static const char head[] = "not separable from ";
	size_t begin = strlen(begin_line(markdown)), at = 0;

	for (size_t i = 1; i < n; i++) {
		size_t len = strlen(first[i].label);

		if (first[i].rank != first->rank)
			continue;
		if (at == 0) {
			fprintf(to, "%s%s", begin_line(markdown), head);
			at = begin + strlen(head);
		} else if (at + len + 3 > LINE_COLUMNS) {
			fprintf(to, ",\n%*s", (int)begin, "");
			at = begin;
		} else {
			fputs(", ", to);
			at += 2;
		}
		fputs(first[i].label, to);
		at += len;
	}
	fputs(at ? "\n" : "", to);
}

static void put_throughput(FILE *to, const char *what, const struct rank_entry *e, bool markdown)
{
	char figure[TEXT], bytes[UNITS_TEXT_BYTES], cpu[UNITS_TEXT_BYTES];

	rank_format(&e->figure, "per_s", figure, sizeof(figure));
	units_format_bytes_per_s(bytes, sizeof(bytes), e->bytes.median);
	units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median);
	fprintf(to, "%s%s%s, %s, %s CPU a message\n", begin_line(markdown), what, figure, bytes,
		cpu);
}

/* Throughput of the one with the best round trip, and who has more. */
static void put_one_way(FILE *to, const struct rank_entry *e, const struct rank_group *stream,
	bool spins, bool markdown)
{
	size_t n;
	const struct rank_entry *top = best(stream, spins, &n);
	const struct rank_entry *s = e ? same_entry(stream, e) : NULL;

	if (s)
		put_throughput(to, "one way ", s, markdown);
	else if (e)
		fprintf(to, "%sone way: it was not measured\n", begin_line(markdown));
	if (!top || (s && top->rank == s->rank))
		return;
	fprintf(to, "%s%s one way: %s\n", begin_line(markdown),
		s ? "more messages" : "most messages", top->label);
	put_throughput(to, markdown ? "its figures: " : "  ", top, markdown);
}

static void put_best(FILE *to, const struct rank_group *ping, const struct rank_group *stream,
	bool spins, bool markdown)
{
	char figure[TEXT], cpu[UNITS_TEXT_BYTES];
	size_t n;
	const struct rank_entry *e = best(ping, spins, &n);

	fprintf(to, "%s%s", markdown ? "- " : "    ", spins ? "spins:  " : "sleeps: ");
	if (e) {
		rank_format(&e->figure, "ns", figure, sizeof(figure));
		fprintf(to, "%s\n%sround trip %s, %s CPU each\n", e->label, begin_line(markdown),
			figure, units_format_ns(cpu, sizeof(cpu), e->cpu_ns.median));
		put_shared_rank(to, e, n, markdown);
	} else {
		fputs("no round trip was measured\n", to);
	}
	put_one_way(to, e, stream, spins, markdown);
}

static void put_place(FILE *to, const struct sample *k)
{
	fprintf(to, "%s%s%s", k->placement, answers_class(k)[0] ? ", here " : "", answers_class(k));
}

static void put_answer(FILE *to, const struct ranking *r, const struct question *q, bool markdown)
{
	const struct rank_group *ping = find_preferred(r, "pingpong", q);
	const struct rank_group *stream = find_preferred(r, "stream", q);
	char size[UNITS_TEXT_BYTES];

	units_format_bytes(size, sizeof(size), (uint64_t)q->bytes);
	fprintf(to, markdown ? "\n**Between %s, %s**" : "\nBetween %s, %s", q->who, size);
	if (ping || stream) {
		fputs(" (", to);
		put_place(to, ping ? ping->key : stream->key);
		if (ping && stream && strcmp(ping->key->placement, stream->key->placement) != 0) {
			fputs("; one way: ", to);
			put_place(to, stream->key);
		}
		fputs(")", to);
	}
	fputs(markdown ? "\n\n" : "\n", to);
	put_best(to, ping, stream, false, markdown);
	put_best(to, ping, stream, true, markdown);
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

static void put_placements(FILE *to, const struct ranking *r, const struct question *q)
{
	static const char *const places[] = {"unpinned", "nearest", "farthest", "same-pu"};
	enum { PLACES = sizeof(places) / sizeof(*places) };
	const struct rank_group *g[PLACES];
	char size[UNITS_TEXT_BYTES];
	int n = 0;

	for (int i = 0; i < PLACES; i++) {
		g[n] = rank_find(r, "pingpong", q->domain, q->bytes, places[i]);
		n += g[n] != NULL;
	}
	if (n < 2)
		return;
	fprintf(to, "\nround trip by placement, %s, %s\n     %-35s", q->who,
		units_format_bytes(size, sizeof(size), (uint64_t)q->bytes), "");
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
	for (int i = 0; i < QUESTIONS; i++)
		put_placements(to, r, &questions[i]);
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
		fputs("\nThe four answers (median over trials; [95 % interval], or the range where "
		      "there are too few)\n",
			to);
	for (int i = 0; i < QUESTIONS; i++)
		put_answer(to, &r, &questions[i], markdown);
	fprintf(to, "\n%s%s %.0f %% of the trials are marked noisy.\n",
		markdown ? "" : "How far to believe it: ", belief, noisy_share(rows, n));
	rank_free(&r);
}
