/* export.c - the table of formats; see export.h. */
#include "bench/export.h"

#include <inttypes.h>
#include <string.h>

#include "harness/compiler.h"

enum { KEPT = 180 };

static const struct exporter exporters[] = {
	{"hgrm", "HdrHistogram percentile distributions, a file per cell and kind of sample",
		EXPORT_FILES, "hgrm", export_hgrm},
	{"markdown", "what `ab` or `compare` decided, changed rows first", EXPORT_JUDGEMENT, NULL,
		export_markdown},
	{"junit", "the same as JUnit XML", EXPORT_JUDGEMENT, NULL, export_junit},
	{"github", "the same as annotations of a GitHub workflow", EXPORT_JUDGEMENT, NULL,
		export_github},
	{"gbench", "google/benchmark JSON", EXPORT_TEXT, NULL, export_gbench},
	{"gobench", "Go benchmark text for benchstat", EXPORT_TEXT, NULL, export_gobench},
};

const struct exporter *export_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(exporters); i++) {
		if (strcmp(exporters[i].name, name) == 0)
			return &exporters[i];
	}
	return NULL;
}

void export_list(char *out, size_t len)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(exporters) && used < len; i++)
		used += (size_t)snprintf(out + used, len - used, "%s%s (%s)", i ? ", " : "",
			exporters[i].name, exporters[i].summary);
}

static uint64_t hash_of(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h;
}

/* Of what keys hold: '/', '?' and '&' part the axes, ':' and '+' name processors. */
static bool is_tame(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '=';
}

void export_name(const char *cell, const char *what, const char *suffix, char out[EXPORT_NAME])
{
	size_t n = 0;
	bool exact = true;

	for (const char *c = cell; *c && n < KEPT; c++) {
		/* the three that every key has may be replaced and remain different */
		exact = exact && (is_tame(*c) || *c == '/' || *c == '?' || *c == '&');
		out[n++] = is_tame(*c) ? *c : '_';
	}
	if (!exact || strlen(cell) > KEPT)
		n += (size_t)snprintf(out + n, EXPORT_NAME - n, "-%016" PRIx64, hash_of(cell));
	snprintf(out + n, EXPORT_NAME - n, "-%.20s.%.20s", what, suffix);
}
