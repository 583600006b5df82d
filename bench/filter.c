/* filter.c - see filter.h. */
#include "bench/filter.h"

#include <stdio.h>

#include "bench/select.h"
#include "bench/units.h"

static bool wanted(const struct opt_list *l, const char *value)
{
	return l->n == 0 || select_match(l, value);
}

static bool wanted_size(const struct opt_list *l, double bytes)
{
	char err[100];
	uint64_t v;

	for (size_t i = 0; i < l->n; i++) {
		if (units_parse_bytes(l->item[i], &v, err, sizeof(err)) == 0 && (double)v == bytes)
			return true;
	}
	return l->n == 0;
}

int filter_check(const struct row_filter *f, char *err, size_t err_len)
{
	char why[200];
	uint64_t v;

	for (size_t i = 0; i < f->size.n; i++) {
		int code = units_parse_bytes(f->size.item[i], &v, why, sizeof(why));

		if (code) {
			snprintf(err, err_len, "--size: %s", why);
			return code;
		}
	}
	return 0;
}

bool filter_takes(const struct row_filter *f, const struct sample *s)
{
	return wanted(&f->mechanism, s->mechanism) && wanted(&f->workload, s->workload) &&
	       wanted(&f->domain, s->domain) && wanted(&f->placement, s->placement) &&
	       wanted_size(&f->size, s->msg_bytes);
}
