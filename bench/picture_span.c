/* picture_span.c - parts of a ranking, and what a picture holds still; see picture_set.h. */
#include <math.h>
#include <string.h>

#include "bench/picture_set.h"

bool picture_same_size(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool same(const struct sample *a, const struct sample *b, enum picture_by by)
{
	return strcmp(a->family, b->family) == 0 && strcmp(a->workload, b->workload) == 0 &&
	       (by < BY_DOMAIN ||
		       (strcmp(a->domain, b->domain) == 0 && strcmp(a->start, b->start) == 0)) &&
	       (by < BY_SIZE || picture_same_size(a->msg_bytes, b->msg_bytes));
}

bool picture_next(struct picture_span *rest, enum picture_by by, struct picture_span *out)
{
	size_t n = 1;

	if (rest->n == 0)
		return false;
	while (n < rest->n && same(rest->group[0].key, rest->group[n].key, by))
		n++;
	*out = (struct picture_span){rest->group, n};
	rest->group += n;
	rest->n -= n;
	return true;
}

bool picture_is_minor(const struct sample *s)
{
	static const char *const minor[] = {
		"poll", "poll-vain", "drain", "drain-close", "drain-join", "drain-timeout"};

	for (size_t i = 0; i < sizeof(minor) / sizeof(minor[0]); i++) {
		if (strcmp(s->workload, minor[i]) == 0)
			return true;
	}
	return false;
}

bool picture_is_unrelated(const struct sample *s)
{
	return strcmp(s->start, "exec") == 0;
}

bool picture_one_role(const struct sample *s)
{
	return !(s->consumers > 0);
}

double picture_workers(const struct sample *s)
{
	return s->producers + (picture_one_role(s) ? 0 : s->consumers);
}

/* ---- what is held still --------------------------------------------------------- */

/* Two workers are what most is about; of more, few; else one. */
static double distance(const struct sample *s)
{
	double workers = picture_workers(s);

	return workers >= 2 ? workers - 2 : 1000000 - workers;
}

static bool same_fan(const struct picture_base *b, const struct sample *s)
{
	return b->producers == s->producers && picture_same_size(b->consumers, s->consumers);
}

static size_t count_place(const struct picture_span *s, double bytes, const struct picture_base *b,
	const char *placement)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *k = s->group[i].key;

		n += picture_same_size(k->msg_bytes, bytes) && same_fan(b, k) &&
		     strcmp(k->placement, placement) == 0;
	}
	return n;
}

struct picture_base picture_base_of(const struct picture_span *s, double bytes)
{
	struct picture_base b = {.placement = ""};
	const struct sample *fan = NULL;
	size_t most = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct sample *k = s->group[i].key;

		if (picture_same_size(k->msg_bytes, bytes) && (!fan || distance(k) < distance(fan)))
			fan = k;
	}
	if (!fan)
		return b;
	b.producers = fan->producers;
	b.consumers = fan->consumers;
	b.placement = fan->placement;
	if (count_place(s, bytes, &b, "nearest") > 0) {
		b.placement = "nearest";
		return b;
	}
	for (size_t i = 0; i < s->n; i++) {
		const char *place = s->group[i].key->placement;
		size_t n;

		if (i > 0 && strcmp(place, s->group[i - 1].key->placement) == 0)
			continue;
		n = count_place(s, bytes, &b, place);
		if (n > most) {
			most = n;
			b.placement = place;
		}
	}
	return b;
}

bool picture_is_base(const struct picture_base *b, const struct sample *s)
{
	return same_fan(b, s) && strcmp(b->placement, s->placement) == 0;
}

static bool has_size(const double *size, size_t n, double bytes)
{
	for (size_t i = 0; i < n; i++) {
		if (picture_same_size(size[i], bytes))
			return true;
	}
	return false;
}

size_t picture_sizes(const struct picture_span *s, bool above, double *out, size_t max)
{
	double smallest = (double)INFINITY;
	size_t n = 0;

	for (size_t i = 0; i < s->n && n < max; i++) {
		double bytes = s->group[i].key->msg_bytes;
		bool standing = isnan(bytes) || bytes == 64 || bytes == 65536;

		smallest = bytes < smallest ? bytes : smallest;
		if ((standing || (above && bytes > 65536)) && !has_size(out, n, bytes))
			out[n++] = bytes;
	}
	if (n == 0 && s->n > 0 && max > 0)
		out[n++] = smallest;
	return n;
}
