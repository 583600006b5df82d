/* evidence.c - the verdict on what arrived; see evidence.h. */
#include "harness/evidence.h"

#include <stdio.h>

__extension__ typedef unsigned __int128 evidence_u128;

void ledger_spoiled(struct ledger *g, const uint8_t *msg, uint32_t at)
{
	if (g->spoiled++ > 0)
		return;
	memcpy(&g->spoiled_head, msg, sizeof(g->spoiled_head));
	g->spoiled_at = at;
}

void ledger_bad(struct ledger *g, const uint8_t *msg, uint32_t len, uint32_t want)
{
	uint64_t head = 0;

	if (len != want) {
		g->cut++;
		return;
	}
	if (len >= 8)
		memcpy(&head, msg, 8);
	if (len >= 16 && memcmp(msg, msg + len - 8, 8) != 0)
		g->torn++;
	else if (len >= 8 && (head & 0xffff) >= g->producers)
		g->foreign++;
	else
		g->torn++;
}

static void gap_add(struct ledger *g, uint32_t producer, uint64_t first, uint64_t end)
{
	if (g->gaps == LEDGER_GAPS) {
		g->gaps_lost++;
		return;
	}
	g->gap[g->gaps++] = (struct ledger_gap){
		.first = first,
		.end = end,
		.producer = producer,
	};
}

/* Take seq out of the gap that holds it; false when none does. */
static bool gap_fill(struct ledger *g, uint32_t producer, uint64_t seq)
{
	for (uint32_t i = 0; i < g->gaps; i++) {
		struct ledger_gap *gap = &g->gap[i], old = *gap;

		if (old.producer != producer || seq < old.first || seq >= old.end)
			continue;
		*gap = g->gap[--g->gaps];
		if (old.first < seq)
			gap_add(g, producer, old.first, seq);
		if (seq + 1 < old.end)
			gap_add(g, producer, seq + 1, old.end);
		return true;
	}
	return false;
}

void ledger_odd(struct ledger *g, struct ledger_from *f, uint64_t seq)
{
	uint32_t producer = (uint32_t)(f - g->from);

	if (seq > f->next) {
		gap_add(g, producer, f->next, seq);
		f->next = seq + 1;
		return;
	}
	f->late++;
	if (g->exact && !gap_fill(g, producer, seq))
		f->repeated++;
}

static uint64_t sum_to(uint64_t n)
{
	return (uint64_t)((evidence_u128)n * (n - 1) / 2);
}

static uint64_t sum_squares_to(uint64_t n)
{
	/* (n-1)n(2n-1)/6 may pass 2^128 for n over 2^42: divide first */
	uint64_t a = n - 1, b = n, c = 2 * n - 1;

	if (a % 2 == 0)
		a /= 2;
	else
		b /= 2;
	if (a % 3 == 0)
		a /= 3;
	else if (b % 3 == 0)
		b /= 3;
	else
		c /= 3;
	return a * b * c;
}

static void judge_producer(struct evidence *e, const struct ledger_from *f, uint64_t sent,
	bool exact, uint64_t *missing)
{
	uint64_t repeated = f->repeated, count = load_relaxed(&f->count);
	bool sums = sent == 0 || (f->sum == sum_to(sent) && f->sum_squares == sum_squares_to(sent));

	if (!exact) {
		repeated = count > sent ? count - sent : 0;
		if (count == sent && !sums)
			repeated = 1;
	} else if (count == sent && repeated == 0 && !sums) {
		e->foreign++; /* all there, but a number that nobody sent: damaged in the stamp */
		e->corrupt++;
	}
	*missing += sent > count - repeated ? sent - (count - repeated) : 0;
	e->sent += sent;
	e->received += count;
	e->duplicated += repeated;
	e->reordered += f->late > repeated ? f->late - repeated : 0;
}

/* What the probed twin saw between the stamps. */
static void judge_bytes(struct evidence *e, const struct ledger *g)
{
	if (g->spoiled && !e->spoiled) {
		e->spoiled_head = g->spoiled_head;
		e->spoiled_at = g->spoiled_at;
	}
	e->spoiled += g->spoiled;
	e->corrupt += g->spoiled;
}

void evidence_judge(struct evidence *e, const struct ledger *const *ledger, uint32_t receivers,
	const uint64_t *sent, uint32_t producers, uint64_t leftover)
{
	uint64_t missing = 0, bad = 0;

	for (uint32_t p = 0; p < producers; p++) {
		struct ledger_from all = {0};

		for (uint32_t r = 0; r < receivers; r++) {
			const struct ledger_from *f = &ledger[r]->from[p];

			add_relaxed(&all.count, load_relaxed(&f->count));
			all.sum += f->sum;
			all.sum_squares += f->sum_squares;
			all.late += f->late;
			all.repeated += f->repeated;
		}
		judge_producer(e, &all, sent[p], receivers == 1 && ledger[0]->exact, &missing);
	}
	for (uint32_t r = 0; r < receivers; r++) {
		e->torn += ledger[r]->torn;
		e->cut += ledger[r]->cut;
		e->foreign += ledger[r]->foreign;
		bad += ledger[r]->torn + ledger[r]->cut + ledger[r]->foreign;
	}
	for (uint32_t r = 0; r < receivers; r++)
		judge_bytes(e, ledger[r]);
	e->corrupt += bad;
	e->leftover += leftover;
	e->lost += missing > bad + leftover ? missing - bad - leftover : 0;
	if (leftover > missing) /* more than is missing: it had been received already */
		e->duplicated += leftover - missing;
}

bool evidence_clean(const struct evidence *e)
{
	return e->lost == 0 && e->duplicated == 0 && e->reordered == 0 && e->corrupt == 0 &&
	       e->leftover == 0;
}

/* Only the probed twin knows of some of these. */
static void say_more(const struct evidence *e, char *out, size_t out_len)
{
	size_t used = strlen(out);

	if (e->spoiled)
		snprintf(out + used, out_len - used,
			"; bytes changed in %llu, first byte %u of message %llu of sender %u",
			(unsigned long long)e->spoiled, e->spoiled_at,
			(unsigned long long)(e->spoiled_head >> 16),
			(unsigned)(e->spoiled_head & 0xffff));
	used += strlen(out + used);
	if (e->intruded)
		snprintf(out + used, out_len - used, "; another worker was inside %llu times",
			(unsigned long long)e->intruded);
	used += strlen(out + used);
	if (e->strayed)
		snprintf(out + used, out_len - used,
			"; a barrier let a worker go at the wrong time %llu times",
			(unsigned long long)e->strayed);
	used += strlen(out + used);
	if (e->crowded)
		snprintf(out + used, out_len - used,
			"; more workers than permits were inside %llu times",
			(unsigned long long)e->crowded);
	used += strlen(out + used);
	if (e->scraps)
		snprintf(out + used, out_len - used,
			"; of the guarded bytes %llu parts are not those of the last section",
			(unsigned long long)e->scraps);
	used += strlen(out + used);
	if (e->mistaken)
		snprintf(out + used, out_len - used, "; a child ran as another one %llu times",
			(unsigned long long)e->mistaken);
	used += strlen(out + used);
	if (e->early)
		snprintf(out + used, out_len - used, "; a timer fired too early %llu times",
			(unsigned long long)e->early);
}

void evidence_say(const struct evidence *e, char *out, size_t out_len)
{
	if (evidence_clean(e)) {
		out[0] = '\0';
		return;
	}
	snprintf(out, out_len,
		"evidence: of %llu sent: lost %llu, duplicated %llu, reordered %llu, corrupt %llu "
		"(torn %llu, cut %llu, foreign %llu), left over %llu",
		(unsigned long long)e->sent, (unsigned long long)e->lost,
		(unsigned long long)e->duplicated, (unsigned long long)e->reordered,
		(unsigned long long)e->corrupt, (unsigned long long)e->torn,
		(unsigned long long)e->cut, (unsigned long long)e->foreign,
		(unsigned long long)e->leftover);
	say_more(e, out, out_len);
}
