/* export_rows.c - see export_rows.h. */
#include "bench/export_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd.h"

void export_rows_path(const char *run, char out[EXPORT_PATH])
{
	char pairs[EXPORT_PATH];

	cmd_run_path(run, "samples.csv", out, EXPORT_PATH);
	cmd_run_path(run, "pairs.csv", pairs, sizeof(pairs));
	if (access(out, F_OK) != 0 && access(pairs, F_OK) == 0)
		memcpy(out, pairs, sizeof(pairs));
}

static int take_row(void *ctx, uint64_t line, const struct sample *row)
{
	const struct export_rows *r = ctx;

	if (!sample_usable(row, r->clean) || (r->side && strcmp(r->side, row->side) != 0) ||
		!filter_takes(r->filter, row))
		return 0;
	return r->fn(r->ctx, line, row);
}

int export_rows_each(void *from, samples_fn *on_row, void *ctx, char *err, size_t err_len)
{
	struct export_rows *r = from;

	r->fn = on_row;
	r->ctx = ctx;
	return samples_each(r->path, take_row, r, NULL, err, err_len);
}

static int count_row(void *ctx, uint64_t line, const struct sample *row)
{
	struct export_rows *r = ctx;

	(void)line;
	if (r->n++ == 0)
		r->first = *row;
	return 0;
}

int export_rows_count(struct export_rows *r, char *err, size_t err_len)
{
	return export_rows_each(r, count_row, r, err, err_len);
}

static int keep_row(void *ctx, uint64_t line, const struct sample *row)
{
	struct export_rows *r = ctx;

	(void)line;
	if (r->kept == r->n)
		return 0; /* the file has grown since they were counted */
	r->all[r->kept] = *row;
	r->row[r->kept] = &r->all[r->kept];
	r->kept++;
	return 0;
}

int export_rows_keep(struct export_rows *r, char *err, size_t err_len)
{
	size_t most = EXPORT_MOST_HELD / sizeof(*r->all);

	if (r->n > most) {
		snprintf(err, err_len,
			"%zu trials at once are more than the %zu that this format can hold; "
			"choose some by -m, -w, -d, -s or -p",
			r->n, most);
		return -E2BIG;
	}
	r->all = calloc(r->n, sizeof(*r->all));
	r->row = calloc(r->n, sizeof(*r->row));
	if (r->all && r->row)
		return export_rows_each(r, keep_row, r, err, err_len);
	snprintf(err, err_len, "no memory for %zu rows", r->n);
	return -ENOMEM;
}

void export_rows_free(struct export_rows *r)
{
	free(r->all);
	free(r->row);
}
