/*
 * report_table.c - {{table AXIS filter=value ...}}: medians across one axis, a
 * line per mechanism, strategy of waiting and capacity; see report_part.h.
 *
 * The filters are axes of a cell's key, and family, each with a value, a glob or
 * several with commas between; show=figure|bytes|cpu says what stands in the
 * table.  Axes that are not named have their default: two
 * workers, processes begun by fork, any mechanism, wait and capacity.  What
 * would put two cells of the run into one place is refused: the table then needs
 * another filter.
 */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/answers.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "bench/units.h"
#include "harness/compiler.h"

enum { VALUE = 64, NAME = 96 };

enum axis {
	FAMILY,
	MECHANISM,
	WORKLOAD,
	DOMAIN,
	START,
	FAN,
	SIZE,
	PLACEMENT,
	WAIT,
	CAPACITY,
	SHOW,
	AXES
};

static const char *const axis_names[AXES] = {"family", "mechanism", "workload", "domain", "start",
	"fan", "size", "placement", "wait", "capacity", "show"};

struct query {
	enum axis across;
	const char *filter[AXES]; /* NULL: none */
};

/* One place of the table, before it is one. */
struct spot {
	const struct rank_entry *e;
	const struct rank_group *g;
	char column[VALUE];
	double order; /* of the column */
	char line[NAME];
	int part; /* sleeping before spinning; one where both stand in a line */
};

/* ---- the reference ------------------------------------------------------------ */

static int axis_of(const char *name, size_t len)
{
	for (int i = 0; i < AXES; i++) {
		if (strlen(axis_names[i]) == len && strncmp(axis_names[i], name, len) == 0)
			return i;
	}
	return -1;
}

static int read_query(const struct words *w, struct query *q, char *why, size_t why_len)
{
	int across = w->n ? axis_of(w->word[0], strlen(w->word[0])) : -1;

	*q = (struct query){.across = (enum axis)across};
	if (across != FAN && across != SIZE && across != PLACEMENT && across != WAIT) {
		snprintf(why, why_len,
			"is written {{table fan|size|placement|wait AXIS=VALUE "
			"...}}");
		return -EINVAL;
	}
	for (size_t i = 1; i < w->n; i++) {
		const char *equals = strchr(w->word[i], '=');
		int axis = equals ? axis_of(w->word[i], (size_t)(equals - w->word[i])) : -1;

		if (axis < 0 || axis == across || q->filter[axis]) {
			snprintf(why, why_len, "\"%.60s\" is no AXIS=VALUE, or said twice",
				w->word[i]);
			return -EINVAL;
		}
		q->filter[axis] = equals + 1;
	}
	return 0;
}

/* ---- the value of a cell on an axis --------------------------------------------- */

static void fan_text(const struct sample *k, char *out)
{
	if (k->consumers > 0)
		snprintf(out, VALUE, "%.0fx%.0f", k->producers, k->consumers);
	else
		snprintf(out, VALUE, "%.0f", k->producers);
}

static void axis_text(const struct sample *s, enum axis axis, char *out)
{
	const char *const text[AXES] = {
		[FAMILY] = s->family,
		[MECHANISM] = s->mechanism,
		[WORKLOAD] = s->workload,
		[DOMAIN] = s->domain,
		[START] = s->start,
		[PLACEMENT] = s->placement,
		[WAIT] = s->wait,
		[CAPACITY] = s->capacity,
	};

	if (axis == FAN)
		fan_text(s, out);
	else if (axis == SIZE && isnan(s->msg_bytes))
		out[0] = '\0';
	else if (axis == SIZE)
		units_format_bytes(out, VALUE, (uint64_t)s->msg_bytes);
	else
		snprintf(out, VALUE, "%s", text[axis] ? text[axis] : "");
}

static bool size_is(const struct sample *s, const char *wanted)
{
	char err[100];
	uint64_t bytes;

	return units_parse_bytes(wanted, &bytes, err, sizeof(err)) == 0 &&
	       (double)bytes == s->msg_bytes;
}

/* One of the values, which are separated by commas: globs, or sizes. */
static bool value_in(const struct sample *s, enum axis axis, const char *text, const char *values)
{
	while (*values) {
		size_t len = strcspn(values, ",");
		char one[NAME];

		snprintf(one, sizeof(one), "%.*s", (int)len, values);
		if (axis == SIZE ? size_is(s, one) : fnmatch(one, text, 0) == 0)
			return true;
		values += len + (values[len] == ',');
	}
	return false;
}

static bool is_default(const struct query *q, const struct sample *s, enum axis axis)
{
	if (axis == q->across)
		return true;
	if (axis == START)
		return strcmp(s->start, "exec") != 0;
	if (axis == FAN)
		return s->producers + (s->consumers > 0 ? s->consumers : 0) == 2 ||
		       strcmp(s->workload, "uncontended") == 0;
	return true;
}

static bool wanted(const struct query *q, const struct sample *s)
{
	for (int axis = 0; axis < SHOW; axis++) {
		const char *filter = q->filter[axis];
		char text[VALUE];

		axis_text(s, (enum axis)axis, text);
		if (filter ? !value_in(s, (enum axis)axis, text, filter)
			   : !is_default(q, s, (enum axis)axis))
			return false;
	}
	return true;
}

/* Where a column stands among the others: figures by size, names as a reader looks for them. */
static double order_of(const struct sample *s, enum axis axis, const char *text)
{
	static const char *const names[] = {"block", "spin", "yield", "spin-then-block", "unpinned",
		"same-pu", "smt", "same-l2", "same-l3", "same-package", "no-shared-cache",
		"cross-numa", "cross-package", "nearest", "farthest"};

	if (axis == SIZE)
		return s->msg_bytes;
	if (axis == FAN)
		return s->producers * 1000 + (s->consumers > 0 ? s->consumers : 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], text) == 0)
			return (double)i;
	}
	return ARRAY_LEN(names);
}

/* ---- the places ------------------------------------------------------------------ */

static void fill_spot(struct spot *s, const struct query *q, const struct rank_group *g,
	const struct rank_entry *e)
{
	bool waits = q->across != WAIT && strcmp(e->wait, "block") != 0;
	bool has_capacity = e->capacity[0] && strcmp(e->capacity, "native") != 0;

	s->g = g;
	s->e = e;
	axis_text(e->first, q->across, s->column);
	s->order = order_of(e->first, q->across, s->column);
	s->part = q->across != WAIT && e->spins;
	snprintf(s->line, sizeof(s->line), "%s%s%s%s%s%s", e->mechanism, waits ? " (" : "",
		waits ? e->wait : "", waits ? ")" : "", has_capacity ? " x" : "",
		has_capacity ? e->capacity : "");
}

static size_t find_spots(const struct ranking *r, const struct query *q, struct spot *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++) {
			const struct rank_entry *e = &r->group[i].entry[k];

			if (wanted(q, e->first) && out)
				fill_spot(&out[n], q, &r->group[i], e);
			n += wanted(q, e->first);
		}
	}
	return n;
}

static int by_column(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->column, y->column);
}

static int by_line(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;
	double more_x = strtod(x->e->capacity, NULL), more_y = strtod(y->e->capacity, NULL);
	int c = x->part - y->part;

	c = c ? c : strcmp(x->e->mechanism, y->e->mechanism);
	c = c ? c : (more_x > more_y) - (more_x < more_y);
	c = c ? c : strcmp(x->line, y->line);
	return c ? c : by_column(a, b);
}

static double shown(const struct query *q, const struct spot *s, char *out)
{
	const char *what = q->filter[SHOW] ? q->filter[SHOW] : "figure";

	if (strcmp(what, "bytes") == 0)
		units_format_bytes_per_s(out, VALUE, s->e->bytes.median);
	else if (strcmp(what, "cpu") == 0)
		units_format_ns(out, VALUE, s->e->cpu_ns.median);
	else if (s->g->lower_is_better)
		units_format_ns(out, VALUE, s->e->figure.median);
	else
		units_format_rate(out, VALUE, s->e->figure.median);
	return s->e->figure.median;
}

/* ---- writing ----------------------------------------------------------------------- */

/* The distinct columns of n spots in that order; returns how many. */
static size_t find_columns(struct spot *spot, size_t n, struct spot *column)
{
	size_t columns = 0;

	qsort(spot, n, sizeof(*spot), by_column);
	for (size_t i = 0; i < n; i++) {
		if (columns == 0 || by_column(&column[columns - 1], &spot[i]) != 0)
			column[columns++] = spot[i];
	}
	return columns;
}

static void put_head(FILE *to, const struct spot *column, size_t columns)
{
	fputs("| mechanism |", to);
	for (size_t i = 0; i < columns; i++) {
		fputc(' ', to);
		report_text(to, column[i].column);
		fputs(" |", to);
	}
	fputs("\n|---|", to);
	for (size_t i = 0; i < columns; i++)
		fputs("--:|", to);
	fputs("\n", to);
}

/* The spots of one line, which are in the order of the columns. */
static void put_line(FILE *to, const struct query *q, const struct spot *spot, size_t n,
	const struct spot *column, size_t columns)
{
	char text[VALUE];
	size_t at = 0;

	fputs("| ", to);
	report_text(to, spot[0].line);
	fputs(" |", to);
	for (size_t i = 0; i < columns; i++) {
		bool here = at < n && by_column(&spot[at], &column[i]) == 0;

		if (here)
			shown(q, &spot[at++], text);
		fprintf(to, " %s |", here ? text : "-");
	}
	fputs("\n", to);
}

static int refuse_twins(const struct spot *spot, size_t n, char *why, size_t why_len)
{
	for (size_t i = 1; i < n; i++) {
		if (by_line(&spot[i - 1], &spot[i]) != 0)
			continue;
		snprintf(why, why_len,
			"two cells in one place, name another axis: %.120s and %.120s",
			spot[i - 1].e->first->cell, spot[i].e->first->cell);
		return -EINVAL;
	}
	return 0;
}

static int put_table(FILE *to, const struct query *q, struct spot *spot, size_t n,
	struct spot *column, char *why, size_t why_len)
{
	size_t columns = find_columns(spot, n, column), from = 0;
	int code;

	qsort(spot, n, sizeof(*spot), by_line);
	code = refuse_twins(spot, n, why, why_len);
	if (code)
		return code;
	put_head(to, column, columns);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && strcmp(spot[i].line, spot[from].line) == 0)
			continue;
		put_line(to, q, &spot[from], i - from, column, columns);
		from = i;
	}
	return 0;
}

static bool show_known(const struct query *q)
{
	const char *what = q->filter[SHOW];

	return !what || strcmp(what, "figure") == 0 || strcmp(what, "bytes") == 0 ||
	       strcmp(what, "cpu") == 0;
}

int report_table(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	struct query q;
	struct spot *spot, *column;
	int code = read_query(w, &q, why, why_len);
	size_t n;

	if (!code && !show_known(&q)) {
		snprintf(why, why_len, "show= is figure, bytes or cpu");
		code = -EINVAL;
	}
	if (code)
		return code;
	n = find_spots(&r->run->ranking, &q, NULL);
	if (n == 0) {
		snprintf(why, why_len, "this run has no ok row like that");
		return -ENOENT;
	}
	spot = calloc(n, sizeof(*spot));
	column = calloc(n, sizeof(*column));
	if (spot && column) {
		find_spots(&r->run->ranking, &q, spot);
		code = put_table(to, &q, spot, n, column, why, why_len);
	} else {
		snprintf(why, why_len, "no memory for %zu cells", n);
		code = -ENOMEM;
	}
	free(spot);
	free(column);
	return code;
}
