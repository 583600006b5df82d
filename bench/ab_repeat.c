/* ab_repeat.c - which pairs are run again, and what is said of it; see ab.h. */
#include <stdio.h>
#include <string.h>

#include "bench/ab.h"
#include "bench/csv.h"

/* As pairs.csv gives it back: --resume repeats the same pairs. */
static bool was_stolen_from(const struct sample *s)
{
	return csv_short(s->steal_pct) > AB_STEAL_PERCENT ||
	       csv_short(s->steal_used_pct) > AB_STEAL_PERCENT;
}

bool ab_is_repeated(const struct sample *old_row, const struct sample *new_row, uint32_t attempt,
	uint64_t pairs_done, uint64_t repeats_done)
{
	return attempt <= AB_REPEATS && (was_stolen_from(old_row) || was_stolen_from(new_row)) &&
	       100 * (repeats_done + 1) <= AB_REPEAT_PERCENT * (pairs_done + AB_FREE_PAIRS);
}

static bool hung(const struct sample *s)
{
	return strcmp(s->status, trial_status_name(TRIAL_TIMEOUT)) == 0;
}

bool ab_forgive(struct ab *ab, size_t cell, const enum ab_standing stands[AB_SIDES],
	const struct sample row[AB_SIDES])
{
	struct ab_cell *c = &ab->cell[cell];

	for (int i = 0; i < AB_SIDES; i++) {
		if (stands[i] != AB_JUDGED && (!hung(&row[i]) || c->hung[i]))
			return false;
	}
	for (int i = 0; i < AB_SIDES; i++)
		c->hung[i] = c->hung[i] || stands[i] != AB_JUDGED;
	c->standing = AB_JUDGED;
	c->reason[0] = '\0';
	return true;
}

void ab_say_forgiven(const struct ab *ab, char *out, size_t len)
{
	const char *first = NULL, *side = NULL;
	unsigned trials = 0;

	for (size_t c = 0; c < ab->run.plan.n; c++) {
		for (int i = 0; i < AB_SIDES; i++) {
			if (!ab->cell[c].hung[i] || ab->cell[c].standing != AB_JUDGED)
				continue;
			side = trials ? side : ab->side[i].name;
			first = trials ? first : ab->run.plan.cell[c].key;
			trials++;
		}
	}
	out[0] = '\0';
	if (trials == 1)
		snprintf(out, len, "a trial of %s hung once, and its pair was run again: %.160s",
			side, first);
	else if (trials)
		snprintf(out, len,
			"%u trials hung once, and their pairs were run again, the first one %s's in "
			"%.140s",
			trials, side, first);
}
