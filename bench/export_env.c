/* export_env.c - a value of a run's environment.csv; see export.h. */
#include <stdio.h>
#include <string.h>

#include "bench/csv.h"
#include "bench/export.h"

enum { PATH_BYTES = 4200, ERR = 300, COLUMN_KEY = 0, COLUMN_VALUE = 1 };

struct wanted {
	const char *key;
	char *out;
	size_t len;
};

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct wanted *w = ctx;

	(void)line, (void)len;
	if (n > COLUMN_VALUE && strcmp(field[COLUMN_KEY], w->key) == 0)
		snprintf(w->out, w->len, "%s", field[COLUMN_VALUE]);
	return 0;
}

void export_env(const char *run_dir, const char *key, char *out, size_t len)
{
	char path[PATH_BYTES], err[ERR];
	struct wanted w = {key, out, len};

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/environment.csv", run_dir);
	csv_read_file(path, NULL, on_row, &w, err, sizeof(err));
}
