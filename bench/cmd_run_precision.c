/* cmd_run_precision.c - what came of --precision, on stdout and in precision.csv; see cmd_run.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd_run.h"
#include "bench/csv.h"

static const char *const columns[] = {
	"cell", "n", "median", "half_width_pct", "wanted_pct", "met", "why"};

/* Why a cell's median is not known as precisely as was asked; "" where it is. */
static void say_why(
	const struct run *r, const struct cell *c, const struct precision *p, char *why, size_t len)
{
	why[0] = '\0';
	if (c->skip[0])
		snprintf(why, len, "not measured: %s", c->skip);
	else if (!p->met && r->plan.reps < PRECISION_LEAST) /* calibration took its share */
		snprintf(why, len,
			"%zu usable trials; an interval takes %d, and --max-reps or --budget "
			"leave room for %" PRIu64,
			p->n, PRECISION_LEAST, r->plan.reps);
	else if (!p->met && p->n < PRECISION_LEAST)
		snprintf(
			why, len, "%zu usable trials; an interval takes %d", p->n, PRECISION_LEAST);
	else if (!p->met && r->runner.late)
		snprintf(why, len, "the budget is used up");
	else if (!p->met)
		snprintf(why, len, "%" PRIu64 " trials a cell are the most (--max-reps, --budget)",
			r->plan.reps);
}

static int put_cell(const struct run *r, size_t i, struct csv_row *row, int fd, size_t *met)
{
	const struct cell *c = &r->plan.cell[i];
	char why[TRIAL_REASON + 32];
	struct precision p;
	int code = runner_precision(&r->runner, i, &p);

	if (code)
		return code;
	say_why(r, c, &p, why, sizeof(why));
	*met += p.met;
	if (!p.met && isnan(p.half_width_pct))
		printf("not precise: %s: %s\n", c->key, why);
	else if (!p.met)
		printf("not precise: %s: +-%.3g %%: %s\n", c->key, p.half_width_pct, why);
	csv_row_reset(row);
	csv_row_text(row, c->key);
	csv_row_u64(row, p.n);
	csv_row_f64(row, p.median, CSV_SHORT);
	csv_row_f64(row, p.half_width_pct, CSV_SHORT);
	csv_row_f64(row, r->plan.precision_pct, CSV_SHORT);
	csv_row_text(row, p.met ? "yes" : "no");
	csv_row_text(row, why);
	csv_row_end(row);
	return row->failed ? -ENOMEM : csv_row_write(row, fd);
}

int run_say_precision(struct run *r)
{
	char path[SESSION_PATH + 64];
	struct csv_row row = {0};
	size_t met = 0;
	int fd, code = 0;

	if (!(r->plan.precision_pct > 0))
		return 0;
	session_path(&r->session, "precision.csv", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		code = -errno;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_row_text(&row, columns[i]);
	csv_row_end(&row);
	if (!code)
		code = csv_row_write(&row, fd);
	for (size_t i = 0; i < r->plan.n && !code; i++)
		code = put_cell(r, i, &row, fd, &met);
	if (fd >= 0 && close(fd) != 0 && !code)
		code = -errno;
	csv_row_free(&row);
	if (code)
		snprintf(r->err, RUN_ERR, "cannot write %.400s: %s", path, strerror(-code));
	else
		printf("precision +-%g %%: met by %zu of %zu cells (precision.csv)\n",
			r->plan.precision_pct, met, r->plan.n);
	return code;
}
