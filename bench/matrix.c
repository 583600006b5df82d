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
	MATRIX_SECTION = 50, /* libinih's; a longer name would be cut */
	MATRIX_MAX_SECTIONS = 1000,
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
	r->axes.trial_ns = 0;
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

/* Where an entry of [matrix] goes; NULL: there is no such entry. */
static uint64_t *general_field(struct selection *s, const char *name)
{
	if (strcmp(name, "reps") == 0)
		return &s->reps;
	if (strcmp(name, "trial") == 0)
		return &s->trial_ns;
	if (strcmp(name, "pairs") == 0)
		return &s->pairs;
	return strcmp(name, "budget") == 0 ? &s->budget_ns : NULL;
}

static int read_general(struct reader *r, const char *name, const char *value)
{
	uint64_t *field = general_field(r->selection, name);
	char why[160] = "must be more than 0";
	int code;

	if (!field)
		return complain(r, "knows reps, trial, budget and pairs, not", name);
	if (*field)
		return complain(r, "names twice:", name);
	if (field == &r->selection->reps || field == &r->selection->pairs)
		code = units_parse_u64(value, field, why, sizeof(why));
	else
		code = units_parse_time_ns(value, 0, field, why, sizeof(why));
	return code || *field == 0 ? complain(r, name, why) : 1;
}

/* A trial of the section's own. */
static int read_trial(struct reader *r, const char *value)
{
	char why[160] = "must be more than 0";

	if (r->axes.trial_ns)
		return complain(r, "names twice:", "trial");
	if (units_parse_time_ns(value, 0, &r->axes.trial_ns, why, sizeof(why)) != 0 ||
		r->axes.trial_ns == 0)
		return complain(r, "trial", why);
	return 1;
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
	if (strcmp(name, "trial") == 0)
		return read_trial(r, value);
	return complain(r, "there is no axis", name);
}

/* ---- what libinih would let pass ------------------------------------------------- */

/* One line of the file, blanks in front skipped. */
struct line {
	const char *at;
	size_t len, number;
};

static bool next_line(struct line *l, const char *text)
{
	if (l->at)
		l->at += l->len + (l->at[l->len] == '\n');
	else
		l->at = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
	l->at += strspn(l->at, " \t\r");
	l->len = strcspn(l->at, "\n");
	l->number++;
	return *l->at != '\0';
}

/* The names of the sections so far. */
struct sections {
	char name[MATRIX_MAX_SECTIONS][MATRIX_SECTION];
	size_t n;
	bool has_entries; /* the last one */
};

static const char *begin_section(struct sections *s, const struct line *l)
{
	size_t len = strcspn(l->at, "]\n") - 1;

	if (s->n && !s->has_entries)
		return "the section before it is empty";
	if (len >= MATRIX_SECTION)
		return "the section's name is too long (at most 49 bytes)";
	if (s->n == MATRIX_MAX_SECTIONS)
		return "too many sections (at most 1000)";
	snprintf(s->name[s->n], MATRIX_SECTION, "%.*s", (int)len, l->at + 1);
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->name[i], s->name[s->n]) == 0)
			return "a second section of that name";
	}
	s->n++;
	s->has_entries = false;
	return NULL;
}

/* Sections that would melt into each other, or go without a word. */
static const char *check_sections(struct sections *s, const char *text, struct line *l)
{
	const char *why = NULL;

	while (!why && next_line(l, text)) {
		if (*l->at == '[')
			why = begin_section(s, l);
		else if (*l->at != '\n' && *l->at != ';' && *l->at != '#' && s->n == 0)
			why = "an entry before the first section";
		else
			s->has_entries |= *l->at != '\n' && *l->at != ';' && *l->at != '#';
	}
	return why ? why : s->n && !s->has_entries ? "the last section is empty" : NULL;
}

static int refuse_sections(const char *path, const char *text, char *err, size_t err_len)
{
	struct sections *s = calloc(1, sizeof(*s));
	struct line l = {0};
	const char *why = s ? check_sections(s, text, &l) : strerror(ENOMEM);

	free(s);
	if (why)
		snprintf(err, err_len, "matrix file %s: line %zu: %s", path, l.number, why);
	return why ? -EINVAL : 0;
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
	if (refuse_sections(path, text, err, err_len) != 0) {
		free(text);
		return -EINVAL;
	}
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
