/* picture_scene.c - see picture_scene.h. */
#include "tests/picture_scene.h"

#include "bench/cmd.h"
#include "tests/sample_rows.h"

int pic_open(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	if (!s || make_dir((void **)&s->dir) != 0)
		return -1;
	s->row = calloc(ROWS, sizeof(*s->row));
	s->path = strdup(getenv("PATH"));
	*state = s;
	return setenv("PATH", s->dir, 1);
}

int pic_close(void **state)
{
	struct scene *s = *state;
	int rc = setenv("PATH", s->path, 1);

	rc |= remove_dir((void **)&s->dir);
	free(s->path);
	free(s->row);
	free(s);
	return rc;
}

void pic_draw(struct scene *s)
{
	struct ranking r;

	assert_int_equal(rank_rows(&r, s->row, s->n, cmd_rankable), 0);
	s->pictures = pictures_draw(s->picture, s->dir, &r, s->row, s->n, "the machine");
	rank_free(&r);
}

/* Rows of n trials; the family is what stands before the slash. */
struct sample *pic_add(struct scene *s, struct at at, double figure, size_t n)
{
	struct sample *first = &s->row[s->n];

	assert_true(s->n + n <= ROWS);
	s->n = add_rows(s->row, s->n, at, figure, n);
	for (struct sample *r = first; r < &s->row[s->n]; r++)
		(void)snprintf(r->family, sizeof(r->family), "%.*s",
			(int)strcspn(r->mechanism, "/"), r->mechanism);
	return first;
}

const struct picture *pic_find(const struct scene *s, const char *name)
{
	for (size_t i = 0; i < s->pictures; i++) {
		if (strcmp(s->picture[i].name, name) == 0)
			return &s->picture[i];
	}
	return NULL;
}

const struct picture *pic_need(const struct scene *s, const char *name)
{
	const struct picture *p = pic_find(s, name);

	if (!p) {
		for (size_t i = 0; i < s->pictures; i++)
			print_message("there is %s\n", s->picture[i].name);
		fail_msg("there is no picture %s", name);
	}
	return p;
}

/* What is written for a picture, to be freed. */
char *pic_text(const struct scene *s, const char *name, const char *suffix)
{
	char file[128], *text;

	(void)snprintf(file, sizeof(file), "plots/%s%s", name, suffix);
	text = read_text_file(s->dir, file);
	if (!text)
		fail_msg("there is no %s", file);
	return text;
}

void pic_says(const struct scene *s, const char *name, const char *suffix, const char *words)
{
	char *text = pic_text(s, name, suffix);

	check_says(text, words);
	free(text);
}

/* The caption as one line. */
void pic_caption_says(const struct scene *s, const char *name, const char *words)
{
	char *text = pic_text(s, name, "-caption.gp"), *line = calloc(1, strlen(text) + 1);

	for (char *at = strstr(text, "caption[1]"); at; at = strstr(at + 1, "\ncaption[")) {
		char *from = strchr(at, '\''), *to = from ? strchr(from + 1, '\'') : NULL;

		assert_non_null(to);
		(void)strncat(line, from + 1, (size_t)(to - from - 1));
		(void)strcat(line, " ");
	}
	check_says(line, words);
	free(line);
	free(text);
}

/* Place of words in the text; fails when they are not there. */
size_t pic_place(const char *text, const char *words)
{
	const char *at = strstr(text, words);

	if (!at)
		fail_msg("\"%s\" is not in:\n%s", words, text);
	return (size_t)(at - text);
}

void pic_pingpongs(struct scene *s, size_t trials)
{
	(void)pic_add(s, (struct at){.mechanism = "channel/pipe"}, 5000, trials);
	(void)pic_add(s, (struct at){.mechanism = "channel/fifo"}, 9000, trials);
}
