/* tails_read.c - histograms of several trials as one; see tails.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/tails.h"

enum { PATH_BYTES = 4400, MOST_LINE = 16 << 20 };

enum column { CELL, BLOCK, ATTEMPT, KIND, COUNT, MIN, MAX, SUM, BINS, COLUMNS };

static const char *const names[COLUMNS] = {
	"cell", "block", "attempt", "kind", "count", "min_ns", "max_ns", "sum_ns", "bins"};

struct wanted {
	const struct sample *row;
	bool found;
};

struct reading {
	struct tails *tails;
	struct wanted *wanted;
	size_t n;
	int at[COLUMNS];
	struct hist *one; /* the line's */
	const char *path;
	char *err;
	size_t err_len;
};

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return samples_compare(x->row, y->row);
}

static int compare_tail(const void *a, const void *b)
{
	const struct tail *x = a, *y = b;
	int c = strcmp(x->row->cell, y->row->cell);

	return c ? c : strcmp(x->kind, y->kind);
}

static int fail(struct reading *r, uint64_t line, int code, const char *what)
{
	snprintf(r->err, r->err_len, "%s:%llu: %s", r->path, (unsigned long long)line, what);
	return code;
}

static int read_header(struct reading *r, size_t n, const char *const *field)
{
	char what[80];

	for (int i = 0; i < COLUMNS; i++) {
		r->at[i] = csv_header_find(field, n, names[i]);
		if (r->at[i] >= 0)
			continue;
		snprintf(what, sizeof(what), "not a histograms file: no column %s", names[i]);
		return fail(r, 1, -EINVAL, what);
	}
	return 0;
}

/* Few kinds a cell, and lines of one trial stand together: the last ones are looked at first. */
static struct tail *find(struct tails *t, const struct sample *row, const char *kind)
{
	for (size_t i = t->n; i-- > 0;) {
		if (strcmp(t->tail[i].kind, kind) == 0 &&
			strcmp(t->tail[i].row->cell, row->cell) == 0)
			return &t->tail[i];
	}
	return NULL;
}

static struct tail *find_or_add(struct tails *t, const struct sample *row, const char *kind)
{
	struct tail *hit = find(t, row, kind), *more;

	if (hit)
		return hit;
	if (t->n == t->room) {
		more = realloc(t->tail, (2 * t->room + 16) * sizeof(*more));
		if (!more)
			return NULL;
		t->tail = more;
		t->room = 2 * t->room + 16;
	}
	hit = &t->tail[t->n];
	*hit = (struct tail){.row = row, .hist = malloc(sizeof(*hit->hist))};
	if (!hit->hist)
		return NULL;
	snprintf(hit->kind, sizeof(hit->kind), "%s", kind);
	hist_reset(hit->hist);
	t->n++;
	return hit;
}

static uint64_t number(const struct reading *r, const char *const *field, enum column c)
{
	return strtoull(field[r->at[c]], NULL, 10);
}

/* The bins say count and overflow exactly; the columns the rest. */
static int read_hist(struct reading *r, uint64_t line, const char *const *field)
{
	char why[300];
	int code = hist_decode(r->one, field[r->at[BINS]], why, sizeof(why));

	if (code)
		return fail(r, line, code, why);
	if (r->one->count != number(r, field, COUNT))
		return fail(r, line, -EINVAL, "the bins do not add up to count");
	r->one->min = number(r, field, MIN);
	r->one->max = number(r, field, MAX);
	r->one->sum = number(r, field, SUM);
	return 0;
}

static int on_line(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reading *r = ctx;
	struct sample key = {0};
	struct wanted probe = {.row = &key}, *hit;
	struct tail *to;
	int code;

	if (line == 1)
		return read_header(r, n, field);
	if (len[r->at[CELL]] >= sizeof(key.cell))
		return 0; /* no row has such a key */
	memcpy(key.cell, field[r->at[CELL]], len[r->at[CELL]] + 1);
	key.block = strtod(field[r->at[BLOCK]], NULL);
	key.attempt = strtod(field[r->at[ATTEMPT]], NULL);
	hit = bsearch(&probe, r->wanted, r->n, sizeof(*r->wanted), compare_wanted);
	if (!hit)
		return 0;
	code = read_hist(r, line, field);
	if (code)
		return code;
	hit->found = true;
	to = find_or_add(r->tails, hit->row, field[r->at[KIND]]);
	if (!to)
		return fail(r, line, -ENOMEM, "no memory for its histogram");
	to->trials++;
	if (hist_merge(to->hist, r->one) != 0)
		return fail(r, line, -EOVERFLOW, "more samples of one length than can be counted");
	return 0;
}

int tails_read(struct tails *t, const char *run_dir, const struct sample *const *row, size_t n,
	char *err, size_t err_len)
{
	struct csv_limits limits = {.max_row_bytes = MOST_LINE, .max_field_bytes = MOST_LINE};
	char path[PATH_BYTES];
	struct reading r = {.tails = t, .n = n, .path = path, .err = err, .err_len = err_len};
	int code = -ENOMEM;

	*t = (struct tails){0};
	snprintf(path, sizeof(path), "%s/histograms.csv", run_dir);
	snprintf(err, err_len, "%s: no memory for %zu rows", path, n);
	r.one = malloc(sizeof(*r.one));
	r.wanted = calloc(n + 1, sizeof(*r.wanted));
	for (size_t i = 0; r.wanted && i < n; i++)
		r.wanted[i].row = row[i];
	if (r.one && r.wanted) {
		qsort(r.wanted, n, sizeof(*r.wanted), compare_wanted);
		code = csv_read_file(path, &limits, on_line, &r, err, err_len);
	}
	for (size_t i = 0; r.wanted && i < n; i++)
		t->without += !r.wanted[i].found;
	if (t->n)
		qsort(t->tail, t->n, sizeof(*t->tail), compare_tail);
	free(r.one);
	free(r.wanted);
	return code;
}

void tails_free(struct tails *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->tail[i].hist);
	free(t->tail);
	*t = (struct tails){0};
}

const struct tail *tails_find(const struct tails *t, const char *cell, const char *kind)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->tail[i].row->cell, cell) == 0 && strcmp(t->tail[i].kind, kind) == 0)
			return &t->tail[i];
	}
	return NULL;
}
