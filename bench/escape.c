/* escape.c - see escape.h. */
#include "bench/escape.h"

#include <string.h>

#include "bench/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* U+FFFE and U+FFFF are UTF-8, but no characters of XML. */
static bool is_nothing(const char *at, int n)
{
	return n == 3 && memcmp(at, "\xef\xbf", 2) == 0 && (unsigned char)at[2] >= 0xbe;
}

/* How one character of ASCII is written. */
typedef void put_fn(FILE *to, char c, bool property);

static void put_text(FILE *to, const char *text, put_fn *put, bool property)
{
	for (const char *at = text; *at;) {
		int n = utf8_bytes(at);

		if (n == 0 || is_nothing(at, n))
			fputs(REPLACEMENT, to);
		else if (n > 1)
			fwrite(at, 1, (size_t)n, to);
		else
			put(to, *at, property);
		at += n ? n : 1;
	}
}

static void put_xml(FILE *to, char c, bool property)
{
	static const char special[] = "<>&\"'";
	static const char *const name[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
	const char *at = strchr(special, c);

	(void)property;
	if (at)
		fputs(name[at - special], to);
	else if (c == '\t' || c == '\n' || c == '\r')
		fprintf(to, "&#%d;", c);
	else if (is_control(c) && c != 0x7f)
		fputs(REPLACEMENT, to);
	else
		fputc(c, to);
}

void escape_xml(FILE *to, const char *text)
{
	put_text(to, text, put_xml, false);
}

static void put_json(FILE *to, char c, bool property)
{
	(void)property;
	if (c == '"' || c == '\\')
		fprintf(to, "\\%c", c);
	else if (is_control(c))
		fprintf(to, "\\u%04x", (unsigned)c);
	else
		fputc(c, to);
}

void escape_json(FILE *to, const char *text)
{
	fputc('"', to);
	put_text(to, text, put_json, false);
	fputc('"', to);
}

static void put_command(FILE *to, char c, bool property)
{
	bool encoded = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));

	if (encoded)
		fprintf(to, "%%%02X", (unsigned)c);
	else if (is_control(c) && c != '\t')
		fputs(REPLACEMENT, to);
	else
		fputc(c, to);
}

void escape_command(FILE *to, const char *text, bool property)
{
	put_text(to, text, put_command, property);
}
