/* utf8.c - see utf8.h. */
#include "bench/utf8.h"

int utf8_bytes(const char *bytes)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *text = (const unsigned char *)bytes;
	int n = text[0] < 0x80   ? 1
		: text[0] < 0xc0 ? 0
		: text[0] < 0xe0 ? 2
		: text[0] < 0xf0 ? 3
		: text[0] < 0xf8 ? 4
				 : 0;
	unsigned code = n > 1 ? text[0] & (0xffu >> (n + 1)) : text[0];

	for (int i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (n > 1 && (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
		return 0;
	return n;
}
