/* ab_rules.c - a fingerprint of what decides a comparison, apart from its programs; see ab.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "bench/ab.h"

static void __attribute__((format(printf, 2, 3))) add(uint64_t *hash, const char *format, ...)
{
	char text[CELL_KEY + 200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*hash = facts_hash(*hash, text, strlen(text));
}

static void add_rules(uint64_t *hash, const struct gate_rules *r)
{
	add(hash, "%u %u %u %u %u ", r->screen_pairs, r->interim_pairs, r->confirm_most,
		r->resolve_least, r->resolve_most);
	add(hash, "%.9g %.9g %.9g %.9g %u ", r->fwer, r->screen_p, r->interim_p, r->select_share,
		r->select_least);
	add(hash, "%.9g %.9g %u %u ", r->better_p, r->better_share, r->better_least, r->mean_pairs);
	add(hash, "%.9g %.9g %.9g %u %.9g\n", r->suite_margin, r->suite_p, r->suite_trim,
		r->suite_least, r->open_share);
}

void ab_rules_id(const struct ab *ab, char out[20])
{
	uint64_t hash = facts_hash_begin;

	add_rules(&hash, &gate_default_rules);
	for (enum cost m = 0; m < COSTS; m++)
		add(&hash, "%s %.9g %.9g\n", cost_name(m), cost_rules[m].margin,
			cost_rules[m].tolerance);
	add(&hash, "%d %d %d\n", AB_STEAL_PERCENT, AB_REPEAT_PERCENT, AB_REPEATS);
	add(&hash, "%" PRIu64 " %" PRIu64 "\n", ab_mean_pairs(ab), ab->run.plan.trial_ns);
	for (size_t i = 0; i < ab->run.plan.n; i++)
		add(&hash, "%s\n", ab->run.plan.cell[i].key);
	snprintf(out, 20, "%016" PRIx64, hash);
}
