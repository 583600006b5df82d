/* compare_print.c - see compare_print.h. */
#include "bench/compare_print.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/judged_print.h"

enum { SHOWN = 10 }; /* of each kind, in words */

/* "+3.1 %" of a ratio less 1. */
static void put_change(FILE *out, double moved)
{
	if (isnan(moved))
		fputs("not known", out);
	else
		fprintf(out, "%+.1f %%", 100 * moved);
}

static void put_side(
	FILE *out, const char *side, const struct campaign_set *s, size_t boots, double span_s)
{
	fprintf(out, "%s: %zu campaign%s, %zu boot%s, %.1f h", side, s->n, s->n == 1 ? "" : "s",
		boots, boots == 1 ? "" : "s", span_s / 3600);
	if (s->item[0].knows_machine)
		fprintf(out, ", build %s (%s)", facts_get(&s->item[0].facts, "handoff_commit"),
			facts_get(&s->item[0].facts, "binary_id"));
	fputs("\n", out);
}

static void put_quarantined(FILE *out, const struct compared *c, const struct compare_ask *ask)
{
	for (size_t i = 0; i < ask->base->n; i++) {
		if (c->out[i])
			fprintf(out,
				"left out: %.300s, whose cells together lie apart from the other "
				"campaigns of BASE\n",
				ask->base->item[i].from);
	}
}

static void put_controls(FILE *out, const struct compared *c)
{
	fputs("controls:", out);
	for (int k = 0; k < CONTROLS; k++) {
		fprintf(out, "%s %s ", k ? "," : "",
			campaign_control_name((enum campaign_control)k));
		put_change(out, c->control[k].moved);
		if (!c->control[k].counts)
			fputs(" (under test)", out);
	}
	fputs("\n", out);
}

static void put_shifts(FILE *out, const struct compared *c)
{
	for (int m = 0; m < COSTS; m++) {
		const struct stored_shift *s = &c->shift[m];

		if (s->cells == 0)
			continue;
		fprintf(out, "all %zu cells' %s together: ", s->cells, cost_name((enum cost)m));
		put_change(out, expm1(s->diff));
		if (!isnan(s->lo))
			fprintf(out, " [%+.1f, %+.1f]", 100 * expm1(s->lo), 100 * expm1(s->hi));
		fputs(s->removed ? ", taken out of each below\n"
				 : "; too few cells to take it out of each\n",
			out);
	}
}

static void put_value(FILE *out, double value)
{
	char text[32] = "-";

	if (!isnan(value))
		snprintf(text, sizeof(text), "%.4g", value);
	fprintf(out, " %10s", text);
}

static void put_row(FILE *out, const struct judged *r)
{
	char interval[48] = "", seen[24] = "-";

	if (!isnan(r->lo))
		snprintf(interval, sizeof(interval), "[%.3f, %.3f]", r->lo, r->hi);
	if (isfinite(r->mde))
		snprintf(seen, sizeof(seen), "%.3f", r->mde);
	fprintf(out, "%-12s %-10s", judged_name(r->verdict), r->metric);
	put_value(out, r->old_value);
	put_value(out, r->new_value);
	fprintf(out, " %-5s ", r->unit);
	if (isnan(r->ratio))
		fprintf(out, "%7s %-17s", "-", interval);
	else
		fprintf(out, "%7.3f %-17s", r->ratio, interval);
	fprintf(out, " %7s  ", seen);
	for (const char *at = r->cell; *at; at++) /* names come from files */
		fputc((unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at, out);
	fputs("\n", out);
}

void compare_print(FILE *out, const struct compared *c, const struct compare_ask *ask, uint64_t top)
{
	const struct judgement *j = &c->judgement;
	size_t n = top == 0 || j->n < top ? j->n : (size_t)top;

	put_side(out, "BASE", ask->base, c->boots[0], c->span_s[0]);
	put_side(out, "NEW", ask->fresh, c->boots[1], c->span_s[1]);
	put_quarantined(out, c, ask);
	put_controls(out, c);
	put_shifts(out, c);
	fprintf(out, "\n%-12s %-10s %10s %10s %-5s %7s %-17s %7s  %s\n", "verdict", "metric", "old",
		"new", "unit", "cost", "95 % interval", "sees", "cell");
	for (size_t i = 0; i < n; i++)
		put_row(out, &j->row[i]);
	if (n < j->n)
		fprintf(out, "... and %zu more rows (--top 0 prints all, --out keeps all)\n",
			j->n - n);
	fputs("\n", out);
	judged_print(out, j, SHOWN);
}
