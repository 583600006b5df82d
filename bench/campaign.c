/* campaign.c - what a campaign can be asked; see campaign.h. */
#include "bench/campaign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *campaign_control_name(enum campaign_control c)
{
	static const char *const names[CONTROLS] = {"atomic", "copy", "syscall"};

	return names[c];
}

static int compare_key(const void *key, const void *cell)
{
	return strcmp(key, ((const struct campaign_cell *)cell)->key);
}

const struct campaign_cell *campaign_find(const struct campaign *c, const char *key)
{
	return c->n ? bsearch(key, c->cell, c->n, sizeof(*c->cell), compare_key) : NULL;
}

bool campaign_is_red(const struct campaign_cell *c)
{
	return strcmp(c->status, "fail") == 0 || strcmp(c->status, "timeout") == 0 ||
	       strcmp(c->status, "crash") == 0;
}

void campaign_mechanism(const char *key, char *out, size_t out_len)
{
	const char *slash = strchr(key, '/'), *end = slash ? strchr(slash + 1, '/') : NULL;

	snprintf(out, out_len, "%.*s", end ? (int)(end - key) : (int)strlen(key), key);
}

double campaign_seconds(const struct campaign *c)
{
	struct tm tm = {0};
	const char *end = strptime(c->began, "%Y-%m-%dT%H:%M:%SZ", &tm);

	return end && *end == '\0' ? (double)timegm(&tm) : (double)NAN;
}

bool campaign_same(const struct campaign *a, const struct campaign *b)
{
	return strcmp(a->run_id, b->run_id) == 0 && strcmp(a->began, b->began) == 0 &&
	       strcmp(facts_get(&a->facts, "host"), facts_get(&b->facts, "host")) == 0;
}

void campaign_free(struct campaign *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->cell[i].key);
	free(c->cell);
	facts_free(&c->facts);
	*c = (struct campaign){.n = 0};
}
