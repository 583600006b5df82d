/* judged_axes.c - see judged_axes.h. */
#include "bench/judged_axes.h"

#include <string.h>

/* Where the axes of a key begin; NULL: it has none. */
static const char *axes_of(const char *cell)
{
	const char *mark = strchr(cell, '?');

	return mark ? mark + 1 : NULL;
}

/* The length of the axis that begins here. */
static size_t axis_bytes(const char *axis)
{
	return strcspn(axis, "&");
}

static bool has_axis(const char *cell, const char *axis)
{
	size_t len = strlen(axis);

	for (const char *at = axes_of(cell); at; at = strchr(at, '&')) {
		at += *at == '&';
		if (axis_bytes(at) == len && strncmp(at, axis, len) == 0)
			return true;
	}
	return false;
}

static bool all_have(const struct judgement *j, const char *axis)
{
	for (size_t i = 0; i < j->n; i++) {
		if (!has_axis(j->row[i].cell, axis))
			return false;
	}
	return true;
}

void judged_axes_of(struct judged_axes *a, const struct judgement *j)
{
	char *save = NULL, *axes;

	*a = (struct judged_axes){.n = 0};
	if (j->cells < 2)
		return;
	memcpy(a->key, j->row[0].cell, sizeof(a->key));
	axes = strchr(a->key, '?');
	if (!axes)
		return;
	for (char *at = strtok_r(axes + 1, "&", &save); at; at = strtok_r(NULL, "&", &save)) {
		if (a->n < JUDGED_AXES && all_have(j, at))
			a->axis[a->n++] = at;
	}
}

bool judged_axes_text(const struct judged_axes *a, char *out, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < a->n && at < len; i++)
		at += (size_t)snprintf(out + at, len - at, "%s%s", i ? "&" : "", a->axis[i]);
	return a->n > 0;
}

static bool is_left_out(const struct judged_axes *a, const char *axis)
{
	for (size_t i = 0; i < a->n; i++) {
		if (strlen(a->axis[i]) == axis_bytes(axis) &&
			strncmp(a->axis[i], axis, axis_bytes(axis)) == 0)
			return true;
	}
	return false;
}

char *judged_axes_leave_out(const struct judged_axes *a, const char *cell, char out[CELL_KEY])
{
	const char *axis = a->n ? axes_of(cell) : NULL;
	size_t at = axis ? (size_t)(axis - cell) - 1 : strlen(cell);
	char sign = '?';

	memcpy(out, cell, at);
	for (; axis; axis = axis[axis_bytes(axis)] ? axis + axis_bytes(axis) + 1 : NULL) {
		if (is_left_out(a, axis))
			continue;
		out[at++] = sign;
		memcpy(out + at, axis, axis_bytes(axis));
		at += axis_bytes(axis);
		sign = '&';
	}
	out[at] = '\0';
	return out;
}
