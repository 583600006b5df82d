/* report_template.c - see report_template.h. */
#include "bench/report_template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WHY = 400, SHOWN = 120, MOST_BYTES = 8 << 20 };

static const char open_mark[] = "<!-- table:", close_mark[] = "<!-- /table -->";

static unsigned line_of(const struct template *t, const char *at)
{
	unsigned line = 1;

	for (const char *c = t->text; c < at; c++)
		line += *c == '\n';
	return line;
}

static int fail_at(const struct template *t, const char *at, int code, const char *reference,
	const char *why, char *err, size_t err_len)
{
	snprintf(err, err_len, "%s:%u: %.*s: %s", t->path, line_of(t, at), SHOWN, reference, why);
	return code;
}

static size_t split(char *text, char **word)
{
	char *state = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, " \t\n", &state); w; w = strtok_r(NULL, " \t\n", &state)) {
		if (n == TEMPLATE_WORDS)
			return n + 1;
		word[n++] = w;
	}
	return n;
}

/* Into memory first: what a reference wrote before it failed must not be seen. */
static int resolve_apart(const struct template *t, size_t n, char **word, char **said, char *why)
{
	size_t len = 0;
	FILE *memory = open_memstream(said, &len);
	int code;

	if (!memory) {
		snprintf(why, WHY, "no memory");
		return -ENOMEM;
	}
	code = t->resolve(t->ctx, memory, n, word, why, WHY);
	if ((ferror(memory) | fclose(memory)) && !code) {
		snprintf(why, WHY, "no memory");
		code = -ENOMEM;
	}
	return code;
}

/* The line that the reference stands on ends by itself. */
static void put_said(const char *said, FILE *to)
{
	size_t len = strlen(said);

	fwrite(said, 1, len && said[len - 1] == '\n' ? len - 1 : len, to);
}

/* The reference of len bytes at `at`. */
static int put_reference(
	const struct template *t, const char *at, size_t len, FILE *to, char *err, size_t err_len)
{
	char text[TEMPLATE_REFERENCE], shown[TEMPLATE_REFERENCE], why[WHY] = "";
	char *word[TEMPLATE_WORDS], *said = NULL;
	size_t n;
	int code;

	if (len >= sizeof(text))
		return fail_at(t, at, -EINVAL, "{{", "longer than any reference", err, err_len);
	snprintf(text, sizeof(text), "%.*s", (int)len, at);
	snprintf(shown, sizeof(shown), "%.*s", (int)len, at);
	n = split(text, word);
	if (n == 0 || n > TEMPLATE_WORDS)
		return fail_at(t, at, -EINVAL, shown, n ? "too many words" : "an empty reference",
			err, err_len);
	code = resolve_apart(t, n, word, &said, why);
	if (!code)
		put_said(said, to);
	else if (code == -ENOENT && !t->demand)
		fputs("*not in this run*", to);
	else
		fail_at(t, at, code, shown, why, err, err_len);
	free(said);
	return code == -ENOENT && !t->demand ? 0 : code;
}

/* After a remark: the rest of its line too, where it had the line for itself. */
static const char *after_remark(const struct template *t, const char *begin, const char *end)
{
	bool alone = (begin == t->text || begin[-1] == '\n') && *end == '\n';

	return alone ? end + 1 : end;
}

int template_render(const struct template *t, FILE *to, char *err, size_t err_len)
{
	const char *at = t->text;
	int code = 0;

	while (!code) {
		const char *begin = strstr(at, "{{"), *end = begin ? strstr(begin, "}}") : NULL;

		if (!begin) {
			fputs(at, to);
			return 0;
		}
		if (!end)
			return fail_at(
				t, begin, -EINVAL, "{{", "is never closed by }}", err, err_len);
		fwrite(at, 1, (size_t)(begin - at), to);
		at = end + 2;
		if (begin[2] == '#')
			at = after_remark(t, begin, at);
		else
			code = put_reference(
				t, begin + 2, (size_t)(end - begin) - 2, to, err, err_len);
	}
	return code;
}

int template_fill(const struct template *t, FILE *to, char *err, size_t err_len)
{
	const char *at = t->text, *begin;
	int code = 0;
	size_t filled = 0;

	while (!code && (begin = strstr(at, open_mark))) {
		const char *words = begin + strlen(open_mark), *end = strstr(words, " -->\n");
		const char *close = end ? strstr(end, close_mark) : NULL;
		const char *next = strstr(words, open_mark);

		if (!close || (next && next < close))
			return fail_at(t, begin, -EINVAL, open_mark,
				"there is no <!-- /table --> that ends it", err, err_len);
		end += strlen(" -->\n");
		fwrite(at, 1, (size_t)(end - at), to);
		code = put_reference(
			t, words, (size_t)(end - words) - strlen(" -->\n"), to, err, err_len);
		fputs("\n\n", to);
		at = close;
		filled++;
	}
	if (!code && filled == 0)
		return fail_at(
			t, t->text, -EINVAL, open_mark, "there is no such mark", err, err_len);
	fputs(code ? "" : at, to);
	return code;
}

static char *read_open(FILE *file, const char *path, char *err, size_t err_len)
{
	struct stat st;
	char *text = NULL;
	size_t n = 0;

	if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MOST_BYTES) {
		snprintf(err, err_len, "%s: not a regular file of at most %d bytes", path,
			MOST_BYTES);
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text)
		n = fread(text, 1, (size_t)st.st_size, file);
	if (!text || ferror(file)) {
		snprintf(err, err_len, "%s: cannot be read", path);
		free(text);
		return NULL;
	}
	text[n] = '\0';
	if (strlen(text) != n) {
		snprintf(err, err_len, "%s: has a NUL byte: not a text file", path);
		free(text);
		return NULL;
	}
	return text;
}

char *template_read(const char *path, char *err, size_t err_len)
{
	FILE *file = fopen(path, "re");
	char *text;

	if (!file) {
		snprintf(err, err_len, "cannot open %s: %s", path, strerror(errno));
		return NULL;
	}
	text = read_open(file, path, err, err_len);
	fclose(file);
	return text;
}
