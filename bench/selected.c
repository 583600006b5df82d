/* selected.c - the cells selected so far, each once; see select.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/select.h"

enum { SEEN_SLOTS = 1 << 16 }; /* of a hash table: over three a cell */

_Static_assert(SEEN_SLOTS > 2 * SELECT_MAX_CELLS, "the table of keys must never fill up");

void select_left_out(struct selection *s, const char *why)
{
	for (size_t i = 0; i < s->n_left_out; i++) {
		if (strcmp(s->left_out[i].why, why) == 0) {
			s->left_out[i].n++;
			return;
		}
	}
	if (s->n_left_out < SELECT_MAX_REASONS)
		s->left_out[s->n_left_out++] = (struct left_out){.why = why, .n = 1};
}

void select_free(struct selection *s)
{
	free(s->cell);
	free(s->seen);
	*s = (struct selection){0};
}

/* FNV-1a. */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

/* Its slot among the keys seen: holds the cell's number + 1, or 0 where it has none yet. */
static uint32_t *find_seen(const struct selection *s, const char *key)
{
	size_t i = hash(key) % SEEN_SLOTS;

	while (s->seen[i] && strcmp(s->cell[s->seen[i] - 1].key, key) != 0)
		i = (i + 1) % SEEN_SLOTS;
	return &s->seen[i];
}

static int grow(struct selection *s, char *err, size_t err_len)
{
	size_t room = s->room ? 2 * s->room : 64;
	struct cell *more = realloc(s->cell, room * sizeof(*more));

	if (more)
		s->cell = more;
	if (!s->seen)
		s->seen = calloc(SEEN_SLOTS, sizeof(*s->seen));
	if (!more || !s->seen) {
		snprintf(err, err_len, "no memory for %zu cells", room);
		return -ENOMEM;
	}
	s->room = room;
	return 0;
}

int select_add(struct selection *s, const struct cell *c, char *err, size_t err_len)
{
	uint32_t *slot;

	if (s->n == s->room && grow(s, err, err_len) != 0)
		return -ENOMEM;
	slot = find_seen(s, c->key);
	if (*slot) {
		struct cell *first = &s->cell[*slot - 1];

		if (c->stretch_ns > first->stretch_ns)
			first->stretch_ns = c->stretch_ns;
		s->duplicates++;
		return 0;
	}
	if (s->n == SELECT_MAX_CELLS) {
		snprintf(err, err_len, "more than %d cells are too many; name fewer values",
			SELECT_MAX_CELLS);
		return -E2BIG;
	}
	s->cell[s->n++] = *c;
	*slot = (uint32_t)s->n;
	return 0;
}
