/* cell_key.c - a cell's key, to and from text; see cell.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/axis.h"
#include "bench/cell.h"
#include "bench/registry.h"

/* "&name=value" of those axes behind the placement that `wanted` takes. */
static void put_axes(const struct cell *c, bool (*wanted)(enum axis a), char *out, size_t out_len)
{
	char value[AXIS_TEXT];
	size_t used = 0;
	enum axis a;

	out[0] = '\0';
	for (size_t i = 0; (a = axis_behind(i)) != AXIS_COUNT && used < out_len; i++) {
		if (wanted(a) && axis_get(c, a, value, sizeof(value)))
			used += (size_t)snprintf(
				out + used, out_len - used, "&%s=%s", axis_name(a), value);
	}
}

static bool any_axis(enum axis a)
{
	(void)a;
	return true;
}

void cell_further(const struct cell *c, char *out, size_t out_len)
{
	char all[CELL_KEY];

	put_axes(c, axis_is_further, all, sizeof(all));
	snprintf(out, out_len, "%s", all[0] ? all + 1 : "");
}

void cell_make_key(struct cell *c)
{
	char fan[24], size[24] = "";
	int used;

	cell_fan(c, fan, sizeof(fan));
	if (c->msg_bytes)
		snprintf(size, sizeof(size), "&size=%u", c->msg_bytes);
	used = snprintf(c->key, sizeof(c->key), "%s/%s?domain=%s&fan=%s%s&placement=%s",
		c->mech->name, c->workload->name, domain_name(c->domain), fan, size, c->placement);
	put_axes(c, any_axis, c->key + used, sizeof(c->key) - (size_t)used);
}

/* ---- from a key ---------------------------------------------------------- */

static int bad_key(char *err, size_t err_len, const char *key, const char *what)
{
	snprintf(err, err_len, "no cell: \"%s\": %s", key, what);
	return -EINVAL;
}

/* "size=64&size=65": neither is what the other says. */
static bool comes_again(const char *rest, const char *name)
{
	size_t n = strlen(name);

	for (; rest; rest = strchr(rest, '&')) {
		rest += *rest == '&';
		if (strncmp(rest, name, n) == 0 && rest[n] == '=')
			return true;
	}
	return false;
}

static bool parse_head(struct cell *c, char *head)
{
	char *slash = strrchr(head, '/');

	if (!slash)
		return false;
	*slash = '\0';
	c->mech = registry_find(head);
	c->workload = c->mech ? workload_find(slash + 1, c->mech->family) : NULL;
	return c->workload != NULL;
}

int cell_parse(struct cell *c, const char *key, char *err, size_t err_len)
{
	char copy[CELL_KEY], *save, *axis, *query;
	const char *why;
	char hint[200];
	bool one_side = false;
	enum axis a;

	if (strlen(key) >= sizeof(copy))
		return bad_key(err, err_len, key, "too long");
	memcpy(copy, key, strlen(key) + 1);
	query = strchr(copy, '?');
	if (query)
		*query++ = '\0';
	*c = (struct cell){.side_a = 1, .side_b = 1, .capacity = CELL_DEFAULT_CAPACITY};
	snprintf(c->placement, sizeof(c->placement), "nearest");
	if (!parse_head(c, copy))
		return bad_key(err, err_len, key, "this build has no such mechanism and workload");
	c->domain = (enum domain)__builtin_ctz(c->mech->domains);
	c->wait = cell_default_wait(c->mech, c->domain);
	c->msg_bytes = family_has_size(c->mech->family) ? 64 : 0;
	axis = query ? strtok_r(query, "&", &save) : NULL;
	for (; axis; axis = strtok_r(NULL, "&", &save)) {
		char *eq = strchr(axis, '=');

		if (eq)
			*eq = '\0';
		a = axis_find(axis);
		if (!eq || a < AXIS_DOMAIN || a == AXIS_COUNT ||
			axis_set(c, a, eq + 1, &one_side, hint, sizeof(hint)) != 0)
			return bad_key(err, err_len, key, axis);
		if (comes_again(save, axis))
			return bad_key(err, err_len, key, "it names an axis twice");
	}
	why = cell_normalise(c, one_side && !workload_one_role(c->workload));
	return why ? bad_key(err, err_len, key, why) : 0;
}
