/* select.c - the product of axes; see select.h.  Matrix files: matrix.c. */
#include "bench/select.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/registry.h"

/* ---- values -------------------------------------------------------------- */

/* One axis's values, parsed: numbers, or indexes, or text. */
struct values {
	const char *const *text;
	size_t n;
	bool named;
};

static struct values values_of(const struct axes *axes, enum axis a)
{
	const struct opt_list *l = &axes->value[a];
	struct values v = {0};

	if (l->n)
		return (struct values){.text = l->item, .n = l->n, .named = true};
	v.text = axis_defaults(a, &v.n);
	return v;
}

static int refuse(char *err, size_t err_len, enum axis a, const char *value, const char *hint)
{
	snprintf(err, err_len, "--%s \"%s\": %s", axis_name(a), value, hint);
	return -EINVAL;
}

/* "... matches nothing; did you mean channel/pipe?" */
static int refuse_near(char *err, size_t err_len, enum axis a, const char *value,
	const char *const *known, size_t n_known)
{
	const char *near[3];
	char hint[256];
	size_t n = opt_near(value, known, n_known, near, ARRAY_LEN(near)), used;

	used = (size_t)snprintf(
		hint, sizeof(hint), "matches nothing%s", n ? "; did you mean " : "");
	for (size_t i = 0; i < n && used < sizeof(hint); i++)
		used += (size_t)snprintf(
			hint + used, sizeof(hint) - used, "%s%s", i ? " or " : "", near[i]);
	if (used < sizeof(hint))
		snprintf(hint + used, sizeof(hint) - used, "%s",
			n ? "?" : "; `handoff list` has the names");
	return refuse(err, err_len, a, value, hint);
}

static int check_mechanisms(struct values v, char *err, size_t err_len)
{
	size_t count = registry_count();
	const char **known = calloc(count, sizeof(*known));
	int code = 0;

	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		known[i] = registry_all()[i]->name;
	for (size_t i = 0; i < v.n && !code; i++) {
		const char *pattern = v.text[i] + (v.text[i][0] == '!');
		bool any = false;

		for (size_t k = 0; k < count; k++)
			any |= fnmatch(pattern, registry_all()[k]->name, 0) == 0;
		if (!any)
			code = refuse_near(err, err_len, AXIS_MECHANISM, v.text[i], known, count);
	}
	free(known);
	return code;
}

static int check_workloads(struct values v, char *err, size_t err_len)
{
	const char *known[64];
	size_t count, n = 0;
	const struct workload *w = workload_all(&count);

	for (size_t i = 0; i < count && n < ARRAY_LEN(known); i++)
		known[n++] = w[i].name;
	for (size_t i = 0; i < v.n; i++) {
		const char *pattern = v.text[i] + (v.text[i][0] == '!');
		bool any = false;

		for (size_t k = 0; k < n; k++)
			any |= fnmatch(pattern, known[k], 0) == 0;
		if (!any)
			return refuse_near(err, err_len, AXIS_WORKLOAD, v.text[i], known, n);
	}
	return 0;
}

/* ---- the product --------------------------------------------------------- */

int select_set(
	struct cell *c, enum axis a, const char *text, bool *one_side, char *err, size_t err_len)
{
	char hint[200];

	if (axis_set(c, a, text, one_side, hint, sizeof(hint)) != 0)
		return refuse(err, err_len, a, text, hint);
	return 0;
}

/* Who is offered to coroutines alone is meant for them where nobody named a domain. */
static bool only_coroutines(const struct mech *m)
{
	return m->domains == BIT(DOMAIN_COROUTINE);
}

/* The same from the values of an axis; a wait that nobody named is the mechanism's own, a size the
 * family's. */
static int set_axis(struct cell *c, enum axis a, struct values v, size_t i, bool *one_side,
	char *err, size_t err_len)
{
	if (a == AXIS_WAIT && !v.named) {
		c->wait = cell_default_wait(c->mech, c->domain);
		return 0;
	}
	if (a == AXIS_DOMAIN && !v.named && only_coroutines(c->mech)) {
		c->domain = DOMAIN_COROUTINE;
		return 0;
	}
	if (a == AXIS_SIZE && !v.named && !family_has_size(c->mech->family)) {
		c->msg_bytes = 0;
		return 0;
	}
	return select_set(c, a, v.text[i], one_side, err, err_len);
}

/* All further axes of one mechanism and workload, as an odometer. */
static int expand(struct selection *s, const struct axes *axes, const struct cell *base, char *err,
	size_t err_len)
{
	size_t at[AXIS_COUNT] = {0};

	for (;;) {
		struct cell c = *base;
		bool one_side = false;
		const char *why;
		int a, code = 0;

		for (a = AXIS_DOMAIN; a < AXIS_COUNT && !code; a++)
			code = set_axis(&c, (enum axis)a, values_of(axes, (enum axis)a), at[a],
				&one_side, err, err_len);
		if (!code && ++s->tried > SELECT_MAX_TRIED) {
			snprintf(err, err_len,
				"more than %d combinations are too many; "
				"name fewer values",
				SELECT_MAX_TRIED);
			code = -E2BIG;
		}
		if (code)
			return code;
		why = cell_normalise(&c, one_side);
		if (why)
			select_left_out(s, why);
		else
			code = select_add(s, &c, err, err_len);
		if (code)
			return code;
		for (a = AXIS_COUNT - 1; a >= AXIS_DOMAIN; a--) {
			if (++at[a] < values_of(axes, (enum axis)a).n)
				break;
			at[a] = 0;
		}
		if (a < AXIS_DOMAIN)
			return 0;
	}
}

/* Before anything is expanded: a hostile product must not cost memory. */
static int check_size(const struct axes *axes, char *err, size_t err_len)
{
	double product = 1;

	for (int a = AXIS_DOMAIN; a < AXIS_COUNT; a++)
		product *= (double)values_of(axes, (enum axis)a).n;
	product *= (double)registry_count();
	if (product <= SELECT_MAX_CELLS)
		return 0;
	snprintf(err, err_len, "up to %.3g cells are too many (at most %d); name fewer values",
		product, SELECT_MAX_CELLS);
	return -E2BIG;
}

bool select_match(const struct opt_list *globs, const char *name)
{
	bool yes = false, only_noes = globs->n > 0;

	for (size_t i = 0; i < globs->n; i++) {
		bool no = globs->item[i][0] == '!';

		only_noes &= no;
		if (fnmatch(globs->item[i] + no, name, 0) != 0)
			continue;
		if (no)
			return false;
		yes = true;
	}
	return yes || only_noes;
}

/* Values that nobody named match everything. */
static bool any_match(struct values v, const struct opt_list *named, const char *name)
{
	return !v.named || select_match(named, name);
}

/* A rate that nobody named takes a search: for those who ask for it by name. */
static bool takes_load(const struct axes *axes, struct values loads, const struct workload *w)
{
	if (!loads.named && workload_scheduled(w) && axes->value[AXIS_RATE].n == 0)
		return false;
	return any_match(loads, &axes->value[AXIS_WORKLOAD], w->name);
}

bool select_takes(const struct axes *axes, enum axis a, const char *name)
{
	return any_match(values_of(axes, a), &axes->value[a], name);
}

int select_check(const struct axes *axes, char *err, size_t err_len)
{
	int code = check_mechanisms(values_of(axes, AXIS_MECHANISM), err, err_len);

	return code ? code : check_workloads(values_of(axes, AXIS_WORKLOAD), err, err_len);
}

int select_axes(struct selection *s, const struct axes *axes, char *err, size_t err_len)
{
	struct values mechs = values_of(axes, AXIS_MECHANISM);
	struct values loads = values_of(axes, AXIS_WORKLOAD);
	size_t n_loads;
	const struct workload *w = workload_all(&n_loads);
	int code = select_check(axes, err, err_len);

	if (!code)
		code = check_size(axes, err, err_len);
	for (size_t m = 0; m < registry_count() && !code; m++) {
		const struct mech *mech = registry_all()[m];

		if (!any_match(mechs, &axes->value[AXIS_MECHANISM], mech->name))
			continue;
		for (size_t i = 0; i < n_loads && !code; i++) {
			struct cell base = {
				.mech = mech, .workload = &w[i], .stretch_ns = axes->trial_ns};

			if (w[i].family == mech->family && takes_load(axes, loads, &w[i]))
				code = expand(s, axes, &base, err, err_len);
		}
	}
	return code;
}
