/* report_run.c - see report_run.h. */
#include "bench/report_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/csv.h"

enum { PATH_BYTES = 4200, ENV_FIRST = 128 };

/* ---- reading --------------------------------------------------------------- */

static int on_env(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct report_run *r = ctx;
	struct run_env *e;

	(void)len;
	if (line == 1 || n < 3)
		return 0;
	if (r->n_env == r->env_room) {
		size_t room = r->env_room ? 2 * r->env_room : ENV_FIRST;

		e = realloc(r->env, room * sizeof(*e));
		if (!e)
			return -ENOMEM;
		r->env = e;
		r->env_room = room;
	}
	e = &r->env[r->n_env++];
	snprintf(e->key, sizeof(e->key), "%s", field[0]);
	snprintf(e->value, sizeof(e->value), "%s", field[1]);
	snprintf(e->reason, sizeof(e->reason), "%s", field[2]);
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a;
	const struct sample *y = *(const struct sample *const *)b;
	int c = strcmp(x->cell, y->cell);

	c = c ? c : (x->block > y->block) - (x->block < y->block);
	c = c ? c : (x->attempt > y->attempt) - (x->attempt < y->attempt);
	return c ? c : (x > y) - (x < y);
}

static bool any_mechanism(const char *mechanism)
{
	(void)mechanism;
	return true;
}

static int order_rows(struct report_run *r)
{
	int code;

	r->by_cell = calloc(r->n + 1, sizeof(*r->by_cell));
	if (!r->by_cell)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		r->by_cell[i] = &r->rows[i];
	qsort(r->by_cell, r->n, sizeof(*r->by_cell), compare_rows);
	code = rank_rows(&r->ranking, r->rows, r->n, cmd_rankable);
	rank_keep_usual(&r->ranking);
	return code ? code : rank_rows(&r->all, r->rows, r->n, any_mechanism);
}

int report_run_read(struct report_run *r, const char *dir, char *err, size_t err_len)
{
	char path[PATH_BYTES];
	int code;

	*r = (struct report_run){.dir = dir};
	snprintf(path, sizeof(path), "%s/samples.csv", dir);
	code = samples_read(path, &r->rows, &r->n, err, err_len);
	if (code)
		return code;
	if (order_rows(r) != 0) {
		snprintf(err, err_len, "%s: no memory to rank %zu rows", path, r->n);
		return -ENOMEM;
	}
	snprintf(path, sizeof(path), "%s/environment.csv", dir);
	if (csv_read_file(path, NULL, on_env, r, r->env_why, sizeof(r->env_why)) == -ENOMEM)
		snprintf(r->env_why, sizeof(r->env_why), "%.300s: no memory to read it", path);
	return 0;
}

void report_run_free(struct report_run *r)
{
	rank_free(&r->ranking);
	rank_free(&r->all);
	free(r->by_cell);
	free(r->rows);
	free(r->env);
	*r = (struct report_run){0};
}

/* ---- asking ---------------------------------------------------------------- */

const char *report_run_id(const struct report_run *r)
{
	return r->n ? r->rows[0].run_id : "(empty)";
}

const struct run_env *report_run_env_row(const struct report_run *r, const char *key)
{
	for (size_t i = 0; i < r->n_env; i++) {
		if (strcmp(r->env[i].key, key) == 0)
			return &r->env[i];
	}
	return NULL;
}

const char *report_run_env(const struct report_run *r, const char *key)
{
	const struct run_env *e = report_run_env_row(r, key);

	return e && e->value[0] ? e->value : "unknown";
}

static double env_number(const struct report_run *r, const char *key)
{
	const char *text = report_run_env(r, key);
	char *end;
	double v = strtod(text, &end);

	return end != text ? v : NAN; /* "unlimited", "unknown" */
}

void report_run_facts(const struct report_run *r, struct env_facts *f)
{
	double cpus = env_number(r, "cpus_online_count");
	const char *governor = report_run_env(r, "governor");

	*f = (struct env_facts){
		.cpus_online = cpus > 0 && cpus < 1e6 ? (unsigned)cpus : 0,
		.quota_cpus = env_number(r, "cgroup_cpu_quota_cpus"),
		.load = env_number(r, "load_average"),
		.steal_pct = env_number(r, "steal_since_boot_pct"),
	};
	snprintf(f->hypervisor, sizeof(f->hypervisor), "%.127s", report_run_env(r, "hypervisor"));
	f->is_virtual = strcmp(f->hypervisor, "none") != 0 && strcmp(f->hypervisor, "unknown") != 0;
	if (strcmp(governor, "unknown") != 0)
		snprintf(f->governor, sizeof(f->governor), "%.127s", governor);
}

size_t report_run_cell(
	const struct report_run *r, const char *key, const struct sample *const **first)
{
	size_t low = 0, high = r->n, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(r->by_cell[middle]->cell, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = &r->by_cell[low];
	while (low + n < r->n && strcmp(r->by_cell[low + n]->cell, key) == 0)
		n++;
	return n;
}

/* ---- figures --------------------------------------------------------------- */

static double value_of(const struct sample *s, int column)
{
	return column == RUN_FIGURE ? rank_figure(s) : samples_figure(s, column);
}

size_t report_run_values(const struct sample *const *row, size_t n, int column,
	const struct sample **used, double *value)
{
	size_t clean = 0, have = 0;

	for (size_t i = 0; i < n; i++)
		clean += sample_usable(row[i], true) && isfinite(value_of(row[i], column));
	for (size_t i = 0; i < n; i++) {
		double v = value_of(row[i], column);

		if (!sample_usable(row[i], clean >= RANK_ENOUGH_CLEAN) || !isfinite(v))
			continue;
		used[have] = row[i];
		value[have++] = v;
	}
	return have;
}

int report_run_figure(const struct sample *const *row, size_t n, int column, struct run_figure *out)
{
	const struct sample **used = calloc(n + 1, sizeof(*used));
	double *value = calloc(n + 1, sizeof(*value));
	int code = used && value ? 0 : -ENOMEM;

	*out = (struct run_figure){.v = {NAN, NAN, NAN, true}};
	for (size_t i = 0; i < n; i++) {
		bool ok = sample_usable(row[i], false);

		out->ok += ok;
		out->noisy += ok && strcmp(row[i]->quality, "noisy") == 0;
	}
	if (!code)
		out->n = report_run_values(row, n, column, used, value);
	if (out->n)
		rank_summarise(value, out->n, &out->v);
	free(used);
	free(value);
	return code;
}
