/* ab_scene.c - see ab_scene.h. */
#include "tests/ab_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *in_here(const char *dir, const char *file, char path[SUPPORT_PATH + 128])
{
	snprintf(path, SUPPORT_PATH + 128, "%s/%s%s%s", program.here, dir, dir[0] ? "/" : "", file);
	return path;
}

void ab_make_script(const char *name, const char *lines)
{
	char path[SUPPORT_PATH + 128], text[2048];

	in_here("", name, path);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s\nexec \"$H\" \"$@\"\n", lines);
	support_text(path, text);
	assert_int_equal(chmod(path, 0755), 0);
}

struct sample *ab_pairs_of(const char *dir, size_t *n)
{
	char path[SUPPORT_PATH + 128], err[400] = "";
	struct sample *row = NULL;

	if (samples_read(in_here(dir, "pairs.csv", path), &row, n, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return row;
}

struct judgement ab_judgement_of(const char *dir)
{
	char path[SUPPORT_PATH + 128], err[400] = "";
	struct judgement j;

	if (judged_read(&j, in_here(dir, "judgement.csv", path), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return j;
}

char *ab_text_of(const char *dir, const char *file)
{
	char path[SUPPORT_PATH + 128];

	return support_read(in_here(dir, file, path));
}
