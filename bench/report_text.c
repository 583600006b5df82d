/* report_text.c - see report_text.h. */
#include "bench/report_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "bench/utf8.h"

/* In the middle of a word an underscore is only that. */
static bool inside_word(const char *text, const char *at)
{
	return at > text && isalnum((unsigned char)at[-1]) && isalnum((unsigned char)at[1]);
}

static void put_ascii(FILE *to, const char *text, const char *at)
{
	switch (*at) {
	case '<':
		fputs("&lt;", to);
		break;
	case '>':
		fputs("&gt;", to);
		break;
	case '&':
		fputs("&amp;", to);
		break;
	default:
		if (strchr("\\`*[]|~$", *at) || (*at == '_' && !inside_word(text, at)) ||
			(at == text && strchr("#+-=", *at)))
			fputc('\\', to);
		fputc(*at, to);
	}
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

void report_text(FILE *to, const char *text)
{
	for (const char *at = text; *at;) {
		int n = utf8_bytes(at);

		if (n == 0)
			fputc('?', to);
		else if (n > 1)
			fwrite(at, 1, (size_t)n, to);
		else if (is_control(*at))
			fputc(' ', to);
		else
			put_ascii(to, text, at);
		at += n ? n : 1;
	}
}

void report_code(FILE *to, const char *text)
{
	fputc('`', to);
	for (const char *at = text; *at;) {
		int n = utf8_bytes(at);

		if (n == 0)
			fputc('?', to);
		else if (n > 1)
			fwrite(at, 1, (size_t)n, to);
		else if (*at == '|')
			fputs("\\|", to);
		else if (*at == '\\' && at[1] == '|') /* two of them would not escape it */
			fputc('/', to);
		else
			fputc(*at == '`' ? '\'' : is_control(*at) ? ' ' : *at, to);
		at += n ? n : 1;
	}
	fputc('`', to);
}
