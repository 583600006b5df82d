/* floor_rows.c - see floor_rows.h. */
#include "bench/floor_rows.h"

#include <math.h>
#include <string.h>

#include "bench/row.h"
#include "bench/units.h"

static const char reason[] = "below-floor";

static bool is_below(const struct sample *s)
{
	return s->floor_ratio < FLOOR_BELOW; /* NAN: it has none */
}

static void put_floor(const struct floors *f, const struct cell *c, unsigned cpus, struct sample *s)
{
	struct floor_sum sum;

	floor_path(f, c, s->ctx_voluntary_per_op, s->ops, cpus, &sum);
	s->floor_ns = sum.ns;
	s->floor_ratio = floor_figure_of(s) / sum.ns;
	memcpy(s->floor_parts, sum.parts, sizeof(s->floor_parts));
}

/* The floors once more; true: that was too much to ask, or the row is below them still. */
static bool still_below(struct floors *f, const struct cell *c, unsigned cpus, struct sample *s)
{
	char ignored[200];

	if (f->again == FLOORS_AGAIN)
		return true;
	f->again++;
	floors_measure(f, FLOORS_PAIR_NS, ignored, sizeof(ignored));
	put_floor(f, c, cpus, s);
	return is_below(s);
}

void floor_row(
	struct floors *f, const struct cell *c, size_t index, unsigned cpus, struct sample *s)
{
	uint32_t *below = &f->below[index];

	if (!sample_usable(s, false))
		return;
	put_floor(f, c, cpus, s);
	if (!is_below(s))
		return;
	if (++*below < FLOOR_BLOCKS)
		return;
	if (*below == FLOOR_BLOCKS && !still_below(f, c, cpus, s))
		*below = 0; /* so were the blocks before, by the old floor */
	else
		row_mark(s, reason);
}

/* ---- all rows ------------------------------------------------------------- */

static size_t cell_of(const struct plan *p, const struct sample *s)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->cell[i].key, s->cell) != 0)
		i++;
	return i;
}

void floor_rows_resume(struct floors *f, const struct plan *p, const struct sample *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = is_below(&rows[i]) ? cell_of(p, &rows[i]) : p->n;

		if (at < p->n)
			f->below[at]++;
	}
}

static void say_defect(FILE *to, const struct sample *s, size_t blocks)
{
	char figure[UNITS_TEXT_BYTES], floor_text[UNITS_TEXT_BYTES];

	fprintf(to,
		"below its floor in %zu blocks, a defect of handoff to explain: %s: %s, floor %s "
		"(%s), ratio %.2f\n",
		blocks, s->cell, units_format_ns(figure, sizeof(figure), floor_figure_of(s)),
		units_format_ns(floor_text, sizeof(floor_text), s->floor_ns), s->floor_parts,
		s->floor_ratio);
}

/* Below by what all passes say, too: the lowest of a cell's rows, and how many there are. */
static size_t below_of_cell(const struct floors *f, const struct plan *p, const struct sample *rows,
	size_t n, unsigned cpus, size_t first, struct sample *lowest)
{
	const struct cell *c = &p->cell[cell_of(p, &rows[first])];
	size_t blocks = 0;

	for (size_t i = first; i < n; i++) {
		struct sample s = rows[i];

		if (!is_below(&s) || strcmp(s.cell, rows[first].cell) != 0)
			continue;
		put_floor(f, c, cpus, &s);
		if (!is_below(&s))
			continue;
		if (blocks++ == 0 || s.floor_ratio < lowest->floor_ratio)
			*lowest = s;
	}
	return blocks;
}

static bool comes_first(const struct sample *rows, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (is_below(&rows[k]) && strcmp(rows[k].cell, rows[i].cell) == 0)
			return false;
	}
	return true;
}

size_t floor_defects(FILE *to, const struct floors *f, const struct plan *p,
	const struct sample *rows, size_t n, unsigned cpus)
{
	struct sample lowest;
	size_t defects = 0, blocks;

	for (size_t i = 0; i < n; i++) {
		if (!is_below(&rows[i]) || cell_of(p, &rows[i]) == p->n || !comes_first(rows, i))
			continue;
		blocks = below_of_cell(f, p, rows, n, cpus, i, &lowest);
		if (blocks < FLOOR_BLOCKS)
			continue;
		say_defect(to, &lowest, blocks);
		defects++;
	}
	return defects;
}
