/* differences.c - see differences.h. */
#include "bench/differences.h"

#include <stdio.h>

enum { SHOWN = 10 }; /* cells */

struct between {
	const char *command, *note;
	const struct campaign *a, *b;
};

static const char *or_unknown(const char *value)
{
	return value[0] ? value : "(not known)";
}

static void say(void *ctx, const char *key, const char *x, const char *y)
{
	const struct between *d = ctx;

	fprintf(stderr, "%s: %s%.200s and %.200s differ in %s: %.120s, %.120s\n", d->command,
		d->note, d->a->from, d->b->from, key, or_unknown(x), or_unknown(y));
}

void differences_say(const char *command, const struct campaign *a, const struct campaign *b,
	const char *key, const char *x, const char *y)
{
	struct between d = {command, "", a, b};

	say(&d, key, x, y);
}

size_t differences_hard(const char *command, const struct campaign *first,
	const struct campaign_set *s, const struct opt_list *exempt)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n && n == 0; i++) {
		struct between d = {command, "", first, &s->item[i]};

		if (first != d.b && first->knows_machine && d.b->knows_machine)
			n = facts_hard(&first->facts, &d.b->facts, exempt, say, &d);
	}
	return n;
}

static size_t say_lacking(
	const char *command, const char *note, const struct campaign *a, const struct campaign *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (campaign_find(b, a->cell[i].key))
			continue;
		if (n++ < SHOWN)
			fprintf(stderr, "%s: %s%.200s has no cell %s, which %.200s has\n", command,
				note, b->from, a->cell[i].key, a->from);
	}
	if (n > SHOWN)
		fprintf(stderr, "%s: %s... and %zu more cells\n", command, note, n - SHOWN);
	return n;
}

size_t differences_cells(
	const char *command, const struct campaign *first, const struct campaign_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n && n == 0; i++) {
		n = say_lacking(command, "", first, &s->item[i]);
		say_lacking(command, "note: ", &s->item[i], first);
	}
	return n;
}

size_t differences_soft(const char *command, const struct campaign *a, const struct campaign *b)
{
	struct between d = {command, "note: ", a, b};

	return facts_soft(&a->facts, &b->facts, say, &d);
}
