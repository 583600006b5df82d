/* picture_say.c - what captions say; see picture_set.h. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/picture_set.h"

enum { NAMES = 400 }; /* bytes of names in "not shown" */

void picture_say(char *note, const char *format, ...)
{
	size_t len = strlen(note), room = PICTURE_CAPTION - len;
	va_list args;
	int need;

	va_start(args, format);
	need = vsnprintf(note + len, room, format, args);
	va_end(args);
	if (need >= (int)room && room > 4)
		memcpy(note + PICTURE_CAPTION - 5, "... ", 5);
}

/* What the trials behind a grid were. */
struct trials {
	size_t least, most, left_out, used, ranges, entries;
};

static void count_trials(const struct grid *g, struct trials *t)
{
	for (size_t i = 0; i < g->n; i++) {
		for (size_t c = 0; c < g->columns; c++) {
			const struct rank_entry *e = g->row[i].at[c];

			if (!e)
				continue;
			t->least = t->entries == 0 || e->n < t->least ? e->n : t->least;
			t->most = e->n > t->most ? e->n : t->most;
			t->left_out += e->noisy_left_out;
			t->used += e->noisy_used;
			t->ranges += e->figure.range;
			t->entries++;
		}
	}
}

static void say_trials(char *note, const struct trials *t)
{
	if (t->least == t->most)
		picture_say(note, "n = %zu", t->least);
	else
		picture_say(note, "n = %zu to %zu", t->least, t->most);
	if (t->left_out)
		picture_say(note, "; %zu noisy left out", t->left_out);
	if (t->used)
		picture_say(note, "; %zu noisy used, too few clean ones", t->used);
}

void picture_say_grid(char *note, const struct grid *g, const char *what)
{
	struct trials t = {0};

	count_trials(g, &t);
	picture_say(note, what ? "Medians over trials (" : "Trials: ");
	say_trials(note, &t);
	if (!what)
		picture_say(note, ". ");
	else if (t.ranges == t.entries)
		picture_say(note, "); %s: range of the trials (too few for an interval). ", what);
	else
		picture_say(note, "); %s: 95 %% interval of the median%s. ", what,
			t.ranges ? ", the range where there are fewer than six trials" : "");
	if (g->capacities_left_out)
		picture_say(note,
			"Where a mechanism was measured with several capacities, the one that most "
			"points have; %zu medians of others not shown. ",
			g->capacities_left_out);
	if (g->capacities_differ)
		picture_say(note, "Capacities differ along a line. ");
	if (g->rows_left_out)
		picture_say(note, "Not shown, with nothing to compare: %s%s. ", g->left_out,
			strlen(g->left_out) + PLOT_LABEL > GRID_NAMES ? " ..." : "");
	if (g->columns_left_out)
		picture_say(note, "%zu more columns not shown. ", g->columns_left_out);
}

void picture_say_rest(char *note, const struct grid *g, size_t from, size_t to)
{
	size_t begin;

	if (from >= to)
		return;
	picture_say(note, "Not shown: %zu slower ones (", to - from);
	begin = strlen(note);
	for (size_t i = from; i < to; i++) {
		if (strlen(note) - begin > NAMES) {
			picture_say(note, " ...");
			break;
		}
		picture_say(note, "%s%s", i > from ? ", " : "", g->row[i].label);
	}
	picture_say(note, "). ");
}

void picture_say_places(char *note, const struct picture_span *s, double bytes, const char *shown)
{
	const char *said[8];
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < 8; i++) {
		const struct sample *k = s->group[i].key;
		bool known = strcmp(k->placement, shown) == 0 ||
			     (!isnan(bytes) && k->msg_bytes != bytes);

		for (size_t j = 0; j < n && !known; j++)
			known = strcmp(said[j], k->placement) == 0;
		if (known)
			continue;
		picture_say(note, n ? ", %s" : "Also measured, not in this picture: placement %s",
			k->placement);
		said[n++] = k->placement;
	}
	if (n)
		picture_say(note, n == 8 ? " ... " : ". ");
}

const char *picture_figure_title(const struct rank_group *g)
{
	static const struct {
		const char *what, *title;
	} times[] = {{"rtt", "round trip (median)"}, {"oneway", "one way (median)"},
		{"wake", "from the signal until it is seen to run (median)"},
		{"late", "how late a timer fires (median)"}};

	if (!g->lower_is_better)
		return strcmp(g->key->family, "channel") == 0 ? "messages per second"
		       : strcmp(g->key->family, "lock") == 0  ? "acquisitions per second"
							      : "operations per second";
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (strcmp(g->key->kind, times[i].what) == 0)
			return times[i].title;
	}
	return strcmp(g->key->workload, "pingpong") == 0 ? times[0].title : "time per operation";
}
