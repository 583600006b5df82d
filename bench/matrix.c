/* matrix.c - matrix files: libinih, with limits of our own; see select.h. */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/select.h"
#include "bench/units.h"

enum {
	MATRIX_MAX_BYTES = 1 << 20,
	MATRIX_MAX_LINE = INI_MAX_LINE - 2,
	MATRIX_MAX_VALUES = 256,
	MATRIX_SECTION = 64,
};

struct reader {
	struct selection *selection;
	const struct axes *named;
	struct axes axes; /* of the section being read */
	char *texts[AXIS_COUNT];
	char section[MATRIX_SECTION];
	bool has_section, any_section;
	char *err;
	size_t err_len;
	int code;
};

static int complain(struct reader *r, const char *what, const char *value)
{
	snprintf(r->err, r->err_len, "[%s] %s%s%s", r->section, what, value ? " " : "",
		value ? value : "");
	r->code = -EINVAL;
	return 0; /* stops inih */
}

static void forget_section(struct reader *r)
{
	for (int a = 0; a < AXIS_COUNT; a++) {
		free(r->texts[a]);
		free(r->axes.value[a].item);
		r->texts[a] = NULL;
		r->axes.value[a] = (struct opt_list){0};
	}
}

/* A section is complete: its product, with the command line's axes on top. */
static int finish_section(struct reader *r)
{
	struct axes axes = r->axes;
	char why[400];
	int code = 0;

	if (r->has_section) {
		for (int a = 0; a < AXIS_COUNT; a++) {
			if (r->named->value[a].n)
				axes.value[a] = r->named->value[a];
		}
		code = select_axes(r->selection, &axes, why, sizeof(why));
		if (code) {
			snprintf(r->err, r->err_len, "[%s] %s", r->section, why);
			r->code = code;
		}
	}
	forget_section(r);
	r->has_section = false;
	return code;
}

static int read_general(struct reader *r, const char *name, const char *value)
{
	char why[160];
	int code;

	if (strcmp(name, "reps") == 0)
		code = units_parse_u64(value, &r->selection->reps, why, sizeof(why));
	else if (strcmp(name, "trial") == 0)
		code = units_parse_time_ns(value, 0, &r->selection->trial_ns, why, sizeof(why));
	else if (strcmp(name, "budget") == 0)
		code = units_parse_time_ns(value, 0, &r->selection->budget_ns, why, sizeof(why));
	else
		return complain(r, "knows reps, trial and budget, not", name);
	return code ? complain(r, name, why) : 1;
}

/* Split "a, b, c" in place. */
static int split(struct reader *r, enum axis a, const char *value)
{
	struct opt_list *list = &r->axes.value[a];
	char *save, *piece;

	if (list->n)
		return complain(r, "names twice:", axis_name(a));
	r->texts[a] = strdup(value);
	list->item = calloc(MATRIX_MAX_VALUES, sizeof(*list->item));
	if (!r->texts[a] || !list->item)
		return complain(r, "no memory for", axis_name(a));
	for (piece = strtok_r(r->texts[a], ", \t", &save); piece;
		piece = strtok_r(NULL, ", \t", &save)) {
		if (list->n == MATRIX_MAX_VALUES)
			return complain(r, "has too many values for", axis_name(a));
		list->item[list->n++] = piece;
	}
	return list->n ? 1 : complain(r, "has no value for", axis_name(a));
}

static int on_entry(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;

	if (r->code) /* the parser goes on after an error; the first one counts */
		return 0;
	if (strcmp(section, r->section) != 0) {
		if (finish_section(r))
			return 0;
		snprintf(r->section, sizeof(r->section), "%s", section);
	}
	if (strcmp(section, "matrix") == 0)
		return read_general(r, name, value);
	r->has_section = r->any_section = true;
	for (int a = 0; a < AXIS_COUNT; a++) {
		if (strcmp(name, axis_name((enum axis)a)) == 0)
			return split(r, (enum axis)a, value);
	}
	return complain(r, "there is no axis", name);
}

/* libinih would read what a longer line has beyond as a line of its own. */
static bool has_long_line(const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > MATRIX_MAX_LINE)
			return true;
	}
	return false;
}

/* The whole file as a string: regular, small, without NUL. */
static char *slurp(const char *path, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *what = NULL;
	struct stat st;
	char *text = NULL;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		what = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		what = "not a regular file";
	else if (st.st_size > MATRIX_MAX_BYTES)
		what = "larger than 1 MiB";
	else if (!(text = calloc(1, (size_t)st.st_size + 1)))
		what = strerror(ENOMEM);
	else if ((n = read(fd, text, (size_t)st.st_size)) < 0)
		what = strerror(errno);
	else if (memchr(text, '\0', (size_t)n))
		what = "holds a NUL byte";
	else if (has_long_line(text))
		what = "has a line that is too long (at most 198 bytes)";
	if (fd >= 0)
		close(fd);
	if (what) {
		snprintf(err, err_len, "matrix file %s: %s", path, what);
		free(text);
		return NULL;
	}
	return text;
}

int select_matrix(
	struct selection *s, const char *path, const struct axes *named, char *err, size_t err_len)
{
	char why[500] = "";
	struct reader r = {.selection = s, .named = named, .err = why, .err_len = sizeof(why)};
	char *text = slurp(path, err, err_len);
	int line;

	if (!text)
		return -EINVAL;
	line = ini_parse_string(text, on_entry, &r);
	free(text);
	if (!r.code && line == 0)
		finish_section(&r);
	forget_section(&r);
	if (r.code)
		snprintf(err, err_len, "matrix file %s: %s", path, why);
	else if (line)
		snprintf(
			err, err_len, "matrix file %s: line %d is no \"name = value\"", path, line);
	else if (!r.any_section)
		snprintf(err, err_len, "matrix file %s: no section with axes", path);
	else
		return 0;
	return -EINVAL;
}
