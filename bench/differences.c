/* differences.c - see differences.h. */
#include "bench/differences.h"

#include <stdio.h>

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

size_t differences_soft(const char *command, const struct campaign *a, const struct campaign *b)
{
	struct between d = {command, "note: ", a, b};

	return facts_soft(&a->facts, &b->facts, say, &d);
}
