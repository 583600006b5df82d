/* campaign_file.c - campaign files, written whole and read strictly; see campaign.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/campaign.h"
#include "bench/csv.h"
#include "bench/number.h"
#include "harness/compiler.h"

enum { COST_DECIMALS = 9, PATH_BYTES = CAMPAIGN_PATH + 32 };

static const char *const columns[] = {
	"kind", "name", "metric", "unit", "trials", "noisy", "log_cost", "within", "value", "text"};

enum { KIND, NAME, METRIC, UNIT, TRIALS, NOISY, LOG_COST, WITHIN, VALUE, TEXT, COLUMNS };

_Static_assert(ARRAY_LEN(columns) == COLUMNS, "a column each");

/* ---- writing ------------------------------------------------------------------------ */

struct writer {
	struct csv_row row;
	int fd, code;
};

static void put_text(struct writer *w, const char *const field[COLUMNS])
{
	csv_row_reset(&w->row);
	for (int i = 0; i < COLUMNS; i++)
		csv_row_text(&w->row, field[i]);
	csv_row_end(&w->row);
	if (!w->code)
		w->code = csv_row_write(&w->row, w->fd);
}

static void put_figure(
	struct writer *w, const char *key, enum cost m, const struct campaign_figure *f)
{
	csv_row_reset(&w->row);
	csv_row_text(&w->row, "figure");
	csv_row_text(&w->row, key);
	csv_row_text(&w->row, cost_name(m));
	csv_row_text(&w->row, cost_unit(m, key));
	csv_row_u64(&w->row, f->trials);
	csv_row_u64(&w->row, f->noisy);
	csv_row_f64(&w->row, f->cost, COST_DECIMALS);
	csv_row_f64(&w->row, f->within, COST_DECIMALS);
	csv_row_f64(&w->row, f->value, CSV_SHORT);
	csv_row_empty(&w->row);
	csv_row_end(&w->row);
	if (!w->code)
		w->code = csv_row_write(&w->row, w->fd);
}

static void put_number(struct writer *w, const char *kind, const char *name, const char *unit,
	uint64_t trials, uint64_t noisy, double value, const char *text)
{
	csv_row_reset(&w->row);
	csv_row_text(&w->row, kind);
	csv_row_text(&w->row, name);
	csv_row_empty(&w->row);
	csv_row_text(&w->row, unit);
	csv_row_u64(&w->row, trials);
	csv_row_u64(&w->row, noisy);
	csv_row_empty(&w->row);
	csv_row_empty(&w->row);
	csv_row_f64(&w->row, value, CSV_SHORT);
	csv_row_text(&w->row, text);
	csv_row_end(&w->row);
	if (!w->code)
		w->code = csv_row_write(&w->row, w->fd);
}

static void put_cell(struct writer *w, const struct campaign_cell *c)
{
	const char *const cell[COLUMNS] = {
		[KIND] = "cell", [NAME] = c->key, [METRIC] = c->status, [TEXT] = c->reason};
	char trials[24];
	const char *with[COLUMNS];

	snprintf(trials, sizeof(trials), "%" PRIu32, c->trials);
	memcpy(with, cell, sizeof(with));
	with[TRIALS] = trials;
	put_text(w, with);
	for (int m = 0; m < COSTS; m++) {
		if (!isnan(c->figure[m].cost))
			put_figure(w, c->key, (enum cost)m, &c->figure[m]);
	}
}

static void put_all(struct writer *w, const struct campaign *c)
{
	put_text(w, columns);
	put_number(w, "campaign", c->run_id, "", c->rows, c->unfinished, CAMPAIGN_SCHEMA, c->began);
	for (size_t i = 0; i < c->facts.n && c->knows_machine; i++) {
		const char *const fact[COLUMNS] = {[KIND] = "fact",
			[NAME] = c->facts.fact[i].key,
			[TEXT] = c->facts.fact[i].value};

		put_text(w, fact);
	}
	for (int k = 0; k < CONTROLS; k++) {
		if (!isnan(c->control_ns[k]))
			put_number(w, "control", campaign_control_name((enum campaign_control)k),
				"ns", k == CONTROL_COPY ? c->copy_bytes : 0, 0, c->control_ns[k],
				"");
	}
	for (size_t i = 0; i < c->n; i++)
		put_cell(w, &c->cell[i]);
}

int campaign_write(const struct campaign *c, const char *path, char *err, size_t err_len)
{
	struct writer w = {.fd = -1};
	char temp[PATH_BYTES];

	snprintf(temp, sizeof(temp), "%.1000s.new-%ld", path, (long)getpid());
	w.fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (w.fd < 0) {
		w.code = -errno;
	} else {
		put_all(&w, c);
		if (!w.code && (fsync(w.fd) != 0 || rename(temp, path) != 0))
			w.code = -errno;
		close(w.fd);
		if (w.code)
			unlink(temp);
	}
	csv_row_free(&w.row);
	if (w.code)
		snprintf(err, err_len, "cannot write %s: %s", path, strerror(-w.code));
	return w.code;
}

/* ---- reading ------------------------------------------------------------------------ */

struct reader {
	struct campaign *campaign;
	const char *path;
	size_t room;
	uint64_t rows;
	char *err;
	size_t err_len;
};

static int bad(const struct reader *r, uint64_t line, int column, const char *what)
{
	snprintf(r->err, r->err_len, "%s:%" PRIu64 ": %s %s (column %d)", r->path, line,
		columns[column], what, column + 1);
	return -EINVAL;
}

static bool whole(const char *text, uint64_t most, uint64_t *out)
{
	double x;

	if (text[strspn(text, "0123456789")] != '\0' || !text[0] || !number_read(text, &x) ||
		x > (double)most)
		return false;
	*out = (uint64_t)x;
	return true;
}

static int read_campaign(struct reader *r, uint64_t line, const char *const *field)
{
	struct campaign *c = r->campaign;
	uint64_t rows, unfinished;

	if (strcmp(field[VALUE], "1") != 0)
		return bad(r, line, VALUE, "is another schema than 1, which this build reads");
	if (strlen(field[NAME]) >= sizeof(c->run_id))
		return bad(r, line, NAME, "is too long for the name of a run");
	if (strlen(field[TEXT]) >= sizeof(c->began))
		return bad(r, line, TEXT, "is too long for a time");
	if (!whole(field[TRIALS], UINT32_MAX, &rows))
		return bad(r, line, TRIALS, "is no number");
	if (!whole(field[NOISY], UINT32_MAX, &unfinished))
		return bad(r, line, NOISY, "is no number");
	snprintf(c->run_id, sizeof(c->run_id), "%s", field[NAME]);
	snprintf(c->began, sizeof(c->began), "%s", field[TEXT]);
	c->rows = (size_t)rows;
	c->unfinished = (size_t)unfinished;
	return 0;
}

static int read_fact(struct reader *r, uint64_t line, const char *const *field)
{
	if (facts_has(&r->campaign->facts, field[NAME]))
		return bad(r, line, NAME, "is a fact that stands there already");
	if (!field[NAME][0])
		return bad(r, line, NAME, "is empty");
	if (r->campaign->facts.n == FACTS_MOST)
		return bad(r, line, NAME, "is one fact more than any machine has");
	if (facts_set(&r->campaign->facts, field[NAME], field[TEXT]))
		return bad(r, line, NAME, "does not fit into memory");
	return 0;
}

static int read_control(struct reader *r, uint64_t line, const char *const *field)
{
	struct campaign *c = r->campaign;
	uint64_t bytes;
	double x;

	for (int k = 0; k < CONTROLS; k++) {
		if (strcmp(field[NAME], campaign_control_name((enum campaign_control)k)) != 0)
			continue;
		if (!number_read(field[VALUE], &x) || !(x > 0))
			return bad(r, line, VALUE, "is no time");
		if (!whole(field[TRIALS], UINT32_MAX, &bytes))
			return bad(r, line, TRIALS, "is no number of bytes");
		c->control_ns[k] = x;
		c->copy_bytes = k == CONTROL_COPY ? (uint32_t)bytes : c->copy_bytes;
		return 0;
	}
	return bad(r, line, NAME, "is no control");
}

static struct campaign_cell *new_cell(struct reader *r)
{
	struct campaign *c = r->campaign;

	if (c->n == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct campaign_cell *more = realloc(c->cell, room * sizeof(*more));

		if (!more)
			return NULL;
		c->cell = more;
		r->room = room;
	}
	c->cell[c->n] = (struct campaign_cell){0};
	for (int m = 0; m < COSTS; m++)
		c->cell[c->n].figure[m] = (struct campaign_figure){NAN, NAN, NAN, 0, 0};
	return &c->cell[c->n];
}

static int read_cell(struct reader *r, uint64_t line, const char *const *field)
{
	struct campaign *c = r->campaign;
	struct campaign_cell *cell;
	uint64_t trials;

	if (!field[NAME][0] || (c->n && strcmp(c->cell[c->n - 1].key, field[NAME]) >= 0))
		return bad(r, line, NAME, "is empty, or not behind the cell before it");
	if (!whole(field[TRIALS], UINT32_MAX, &trials))
		return bad(r, line, TRIALS, "is no number");
	if (strlen(field[METRIC]) >= sizeof(cell->status))
		return bad(r, line, METRIC, "is no status");
	cell = new_cell(r);
	if (!cell || !(cell->key = strdup(field[NAME])))
		return bad(r, line, NAME, "does not fit into memory");
	cell->trials = (uint32_t)trials;
	snprintf(cell->status, sizeof(cell->status), "%s", field[METRIC]);
	snprintf(cell->reason, sizeof(cell->reason), "%.127s", field[TEXT]);
	c->n++;
	return 0;
}

static int read_figure(struct reader *r, uint64_t line, const char *const *field)
{
	struct campaign *c = r->campaign;
	int m = cost_of_name(field[METRIC]);
	struct campaign_figure f;
	uint64_t trials, noisy;

	if (!c->n || strcmp(c->cell[c->n - 1].key, field[NAME]) != 0)
		return bad(r, line, NAME, "is not the cell above it");
	if (m < 0)
		return bad(r, line, METRIC, "is unknown");
	if (!isnan(c->cell[c->n - 1].figure[m].cost))
		return bad(r, line, METRIC, "stands there for the second time");
	if (strcmp(field[UNIT], cost_unit((enum cost)m, field[NAME])) != 0)
		return bad(r, line, UNIT, "is not the metric's");
	if (!whole(field[TRIALS], UINT32_MAX, &trials) || !whole(field[NOISY], UINT32_MAX, &noisy))
		return bad(r, line, TRIALS, "or noisy is no number");
	if (trials == 0)
		return bad(r, line, TRIALS, "is none, but there is a figure");
	if (!number_read(field[LOG_COST], &f.cost) || isnan(f.cost))
		return bad(r, line, LOG_COST, "is no number");
	if (!number_read(field[WITHIN], &f.within) || f.within < 0)
		return bad(r, line, WITHIN, "is no number");
	if (!number_read(field[VALUE], &f.value) || !(f.value >= 0))
		return bad(r, line, VALUE, "is no number");
	f.trials = (uint32_t)trials;
	f.noisy = (uint32_t)noisy;
	c->cell[c->n - 1].figure[m] = f;
	return 0;
}

static int on_header(const struct reader *r, size_t n, const char *const *field)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		if (n != COLUMNS || strcmp(field[i], columns[i]) != 0)
			return bad(r, 1, (int)i, "is not where a campaign file has it");
	}
	return 0;
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;

	(void)len;
	if (r->rows++ == 0)
		return on_header(r, n, field);
	if (r->rows == 2)
		return strcmp(field[KIND], "campaign") == 0
			       ? read_campaign(r, line, field)
			       : bad(r, line, KIND, "is not that of the campaign itself");
	if (strcmp(field[KIND], "fact") == 0)
		return read_fact(r, line, field);
	if (strcmp(field[KIND], "control") == 0)
		return read_control(r, line, field);
	if (strcmp(field[KIND], "cell") == 0)
		return read_cell(r, line, field);
	if (strcmp(field[KIND], "figure") == 0)
		return read_figure(r, line, field);
	return bad(r, line, KIND, "is unknown");
}

int campaign_read_file(struct campaign *c, const char *path, char *err, size_t err_len)
{
	struct reader r = {.campaign = c, .path = path, .err = err, .err_len = err_len};
	struct csv_limits limits = {0};
	int code = csv_read_file(path, &limits, on_row, &r, err, err_len);

	if (!code && (r.rows < 2 || limits.truncated_tail || c->n == 0)) {
		snprintf(err, err_len, "%s: it is cut short: remove it and keep the run again",
			path);
		code = -EINVAL;
	}
	c->knows_machine = facts_get(&c->facts, "cpu_model")[0] != '\0';
	return code;
}
