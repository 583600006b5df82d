/* plan.c - see plan.h. */
#include "bench/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/random.h"

static const char *const columns[] = {"cell", "n", "claim", "stretch_ns", "reps", "trial_ns",
	"seed", "binary", "skip", "precision_pct"};

enum { PLAN_COLUMNS = ARRAY_LEN(columns), PLAN_MAX_REPS = 100000 }; /* as --reps */

size_t plan_rows(const struct plan *p)
{
	size_t rows = 0;

	for (size_t i = 0; i < p->n; i++)
		rows += p->cell[i].skip[0] ? 1 : p->reps;
	return rows;
}

void plan_order(const struct plan *p, uint64_t block, size_t *order)
{
	uint64_t state = p->seed ^ (block + 1) * 0xd1342543de82ef95u;

	for (size_t i = 0; i < p->n; i++)
		order[i] = i;
	for (size_t i = p->n; i > 1; i--) {
		size_t j = (size_t)(random_below(&state, i)), swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
}

static void put_cell(struct csv_row *row, const struct plan *p, const struct cell *c)
{
	csv_row_text(row, c->key);
	csv_row_u64(row, c->n);
	csv_row_u64(row, c->block);
	csv_row_u64(row, c->stretch_ns);
	csv_row_u64(row, p->reps);
	csv_row_u64(row, p->trial_ns);
	csv_row_u64(row, p->seed);
	csv_row_text(row, p->binary);
	csv_row_text(row, c->skip);
	if (p->precision_pct > 0)
		csv_row_f64(row, p->precision_pct, CSV_SHORT);
	else
		csv_row_text(row, "");
	csv_row_end(row);
}

static int put_plan(const void *ctx, int fd)
{
	const struct plan *p = ctx;
	struct csv_row row = {0};
	int code;

	for (int i = 0; i < PLAN_COLUMNS; i++)
		csv_row_text(&row, columns[i]);
	csv_row_end(&row);
	code = csv_row_write(&row, fd);
	for (size_t i = 0; i < p->n && !code; i++) {
		csv_row_reset(&row);
		put_cell(&row, p, &p->cell[i]);
		code = csv_row_write(&row, fd);
	}
	csv_row_free(&row);
	return code;
}

int plan_write(const struct plan *p, const char *path, char *err, size_t err_len)
{
	return csv_save(path, put_plan, p, err, err_len);
}

struct plan_reader {
	struct plan *plan;
	size_t room;
	char *err;
	size_t err_len;
};

static bool number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

/* "" or a percentage. */
static bool percentage(const char *text, double *out)
{
	char *end;

	*out = 0;
	if (!text[0])
		return true;
	*out = strtod(text, &end);
	return text[strspn(text, "0123456789.")] == '\0' && *end == '\0' && *out > 0 && *out < 100;
}

static int on_header(const struct plan_reader *r, size_t n, const char *const *field)
{
	for (size_t i = 0; i < PLAN_COLUMNS; i++) {
		if (i >= n || strcmp(field[i], columns[i]) != 0) {
			snprintf(r->err, r->err_len, "not a plan: column %zu should be %s", i + 1,
				columns[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct plan_reader *r = ctx;
	struct plan *p = r->plan;
	struct cell *c;
	int code;

	(void)len;
	if (line == 1)
		return on_header(r, n, field);
	if (p->n == r->room) {
		size_t room = r->room ? 2 * r->room : 64;

		c = realloc(p->cell, room * sizeof(*c));
		if (!c)
			return -ENOMEM;
		p->cell = c;
		r->room = room;
	}
	c = &p->cell[p->n];
	code = cell_parse(c, field[0], r->err, r->err_len);
	if (code)
		return code;
	if (!number(field[1], &c->n) || !number(field[2], &c->block) ||
		!number(field[3], &c->stretch_ns) || !number(field[4], &p->reps) ||
		!number(field[5], &p->trial_ns) || !number(field[6], &p->seed) ||
		!percentage(field[9], &p->precision_pct)) {
		snprintf(r->err, r->err_len, "line %llu: a figure of the plan is no number",
			(unsigned long long)line);
		return -EINVAL;
	}
	if (p->reps == 0 || p->reps > PLAN_MAX_REPS || (c->n && !c->block)) {
		snprintf(r->err, r->err_len, "line %llu: a figure of the plan is out of range",
			(unsigned long long)line);
		return -EINVAL;
	}
	snprintf(p->binary, sizeof(p->binary), "%s", field[7]);
	snprintf(c->skip, sizeof(c->skip), "%s", field[8]);
	p->n++;
	return 0;
}

int plan_read(struct plan *p, const char *path, char *err, size_t err_len)
{
	char why[400] = "";
	struct plan_reader r = {.plan = p, .err = why, .err_len = sizeof(why)};
	struct csv_limits limits = {0};
	int code;

	*p = (struct plan){0};
	code = csv_read_file(path, &limits, on_row, &r, err, err_len);
	if (!code && limits.truncated_tail) {
		snprintf(why, sizeof(why), "its last line is not whole");
		code = -EINVAL;
	}
	if (!code && p->n == 0) {
		snprintf(why, sizeof(why), "no cells in it");
		code = -EINVAL;
	}
	if (code && why[0])
		snprintf(err, err_len, "%s: %s", path, why);
	if (code)
		plan_free(p);
	return code;
}

void plan_free(struct plan *p)
{
	free(p->cell);
	*p = (struct plan){0};
}
