/*
 * report_cards.c - {{cards}}: what each mechanism promises, its best rows and
 * what its evidence said; see report_part.h.
 *
 * What it promises comes from the registry of this build, figures from the run.
 * A mechanism that only one of them knows has a card that says so.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/contract.h"
#include "bench/registry.h"
#include "bench/report_part.h"
#include "bench/report_spots.h"
#include "bench/report_text.h"
#include "harness/workload.h"

enum { TEXT = 128 };

/* ---- what it promises ------------------------------------------------------- */

/* What it does not have is left out, but whether it survives and what limits it are never. */
static bool is_said(const char *name, const char *value)
{
	if (strcmp(name, "survives") == 0 || strcmp(name, "limits") == 0)
		return true;
	return value[0] && strcmp(value, "no") != 0;
}

static void put_field(void *ctx, const char *name, const char *value)
{
	FILE *to = ctx;

	if (!is_said(name, value))
		return;
	fputs(" · ", to);
	for (; *name; name++)
		fputc(*name == '_' ? ' ' : *name, to);
	fputs(": ", to);
	report_text(to, value[0] ? value : "memory only");
}

/* "not between processes: why", for each domain that it does not offer. */
static void put_absences(FILE *to, const struct mech *m)
{
	for (int d = 0; d < DOMAIN_COUNT; d++) {
		const char *why = contract_absence(m, (enum domain)d);

		if (!why)
			continue;
		fprintf(to, " · not offered, %s: ", domain_name((enum domain)d));
		report_text(to, why);
	}
}

static void put_contract(FILE *to, const struct mech *m)
{
	char domains[TEXT];

	contract_domains(m, domains, sizeof(domains));
	fputs("\n\n", to);
	report_text(to, m->summary);
	fprintf(to, "\n\ndomains: %s · fans: %s", domains, contract_fans(m));
	contract_each(m, put_field, to);
	put_absences(to, m);
	fputs("\n", to);
	if (m->flags & MECH_FLOOR)
		fputs("\nA floor: it bounds what the loops cost and is never ranked.\n", to);
	if (m->flags & MECH_RACY)
		fputs("\nA race, shown: it loses updates by design and is never ranked.\n", to);
}

/* ---- its evidence ------------------------------------------------------------- */

struct evidence {
	size_t ok, noisy, bad;
	double ops, lost, duplicated, reordered, corrupt;
	bool counted; /* at least one row has the four */
};

static double or_zero(double v)
{
	return isnan(v) ? 0 : v;
}

static void add_evidence(struct evidence *e, const struct sample *s)
{
	bool ok = sample_usable(s, false);

	e->ok += ok;
	e->noisy += ok && strcmp(s->quality, "noisy") == 0;
	e->bad += strcmp(s->status, "ok") != 0;
	e->ops += ok ? or_zero(s->ops) : 0;
	e->counted |= !isnan(s->lost);
	e->lost += or_zero(s->lost);
	e->duplicated += or_zero(s->duplicated);
	e->reordered += or_zero(s->reordered);
	e->corrupt += or_zero(s->corrupt);
}

static void put_evidence(FILE *to, const struct mech *m, const struct sample *const *row, size_t n)
{
	struct evidence e = {0};

	for (size_t i = 0; i < n; i++)
		add_evidence(&e, row[i]);
	fprintf(to, "\nEvidence: %zu trials ok (%zu noisy), %.0f operations; ", e.ok, e.noisy,
		e.ops);
	if (m && (m->flags & MECH_NO_EVIDENCE))
		fputs("nothing is handed over, so that only operations are counted.", to);
	else if (!e.counted)
		fputs("no row says what arrived.", to);
	else
		fprintf(to,
			"lost %.0f, duplicated %.0f, out of order %.0f, damaged %.0f. "
			"%zu trials not ok.",
			e.lost, e.duplicated, e.reordered, e.corrupt, e.bad);
	fputs("\n", to);
	if (e.bad) {
		fputs("\n", to);
		report_reasons(to, row, n, NULL, "- ");
	}
}

/* ---- cards ---------------------------------------------------------------------- */

/* The run in the order of mechanisms, and the names of all that there are. */
struct deck {
	const struct sample **row;
	size_t rows;
	struct report_spot *spot;
	size_t spots;
	const char **name;
	size_t names;
};

static int compare_mechanisms(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a;
	const struct sample *y = *(const struct sample *const *)b;
	int c = strcmp(x->mechanism, y->mechanism);

	return c ? c : (x > y) - (x < y);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void name_deck(struct deck *d)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < registry_count(); i++)
		d->name[n++] = registry_all()[i]->name;
	for (size_t i = 0; i < d->rows; i++) {
		if (i == 0 || strcmp(d->row[i]->mechanism, d->row[i - 1]->mechanism) != 0)
			d->name[n++] = d->row[i]->mechanism;
	}
	qsort(d->name, n, sizeof(*d->name), compare_names);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || strcmp(d->name[i], d->name[kept - 1]) != 0)
			d->name[kept++] = d->name[i];
	}
	d->names = kept;
}

static void free_deck(struct deck *d)
{
	free(d->row);
	free(d->spot);
	free(d->name);
}

static int make_deck(struct deck *d, const struct report_run *run)
{
	*d = (struct deck){.row = calloc(run->n + 1, sizeof(*d->row)), .rows = run->n};
	d->spot = calloc(run->n + 1, sizeof(*d->spot)); /* each entry has a row at least */
	d->name = calloc(run->n + registry_count(), sizeof(*d->name));
	if (!d->row || !d->spot || !d->name)
		return -ENOMEM;
	for (size_t i = 0; i < run->n; i++)
		d->row[i] = &run->rows[i];
	qsort(d->row, d->rows, sizeof(*d->row), compare_mechanisms);
	for (size_t g = 0; g < run->all.n; g++) {
		for (size_t i = 0; i < run->all.group[g].n; i++)
			d->spot[d->spots++] = (struct report_spot){
				&run->all.group[g], &run->all.group[g].entry[i]};
	}
	qsort(d->spot, d->spots, sizeof(*d->spot), report_spots_compare);
	name_deck(d);
	return 0;
}

static void put_card(FILE *to, const char *name, const struct report_spot *spot, size_t spots,
	const struct sample *const *row, size_t n)
{
	const struct mech *m = registry_find(name);

	fputs("\n### ", to);
	report_text(to, name);
	if (m)
		put_contract(to, m);
	else
		fputs("\n\nThis build does not know the mechanism: what it promises cannot be "
		      "said.\n",
			to);
	report_spots_put(to, spot, spots);
	if (n)
		put_evidence(to, m, row, n);
	else
		fputs("\nNot in this run.\n", to);
}

static void put_deck(FILE *to, const struct deck *d)
{
	size_t row = 0, spot = 0;

	for (size_t i = 0; i < d->names; i++) {
		size_t rows = 0, spots = 0;

		while (row + rows < d->rows &&
			strcmp(d->row[row + rows]->mechanism, d->name[i]) == 0)
			rows++;
		while (spot + spots < d->spots &&
			strcmp(d->spot[spot + spots].e->mechanism, d->name[i]) == 0)
			spots++;
		put_card(to, d->name[i], &d->spot[spot], spots, &d->row[row], rows);
		row += rows;
		spot += spots;
	}
}

int report_cards(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct deck d;
	int code;

	if (w->n) {
		snprintf(why, why_len, "is written {{cards}}");
		return -EINVAL;
	}
	code = make_deck(&d, r->run);
	if (code)
		snprintf(why, why_len, "no memory for the cards");
	else
		put_deck(to, &d);
	free_deck(&d);
	return code;
}
