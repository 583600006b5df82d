/*
 * report_measured.c - {{measured DIR}}: when, by which build and on which machine the files of DIR
 * beside the run were measured, from its environment.csv; without DIR, the run itself.  See
 * report_part.h.
 *
 * Nothing where there is no DIR: who shows its files says that.  A machine that is not the run's is
 * called another one; what was not kept is said.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench/facts.h"
#include "bench/report_part.h"
#include "bench/report_text.h"
#include "harness/compiler.h"

enum { PATH_BYTES = 4200, ERR = 400, DAY = 10 };

static const char *or_unknown(const char *text)
{
	return text[0] ? text : "unknown";
}

static void put_named(FILE *to, const char *before, const struct facts *f, const char *key)
{
	fputs(before, to);
	report_text(to, or_unknown(facts_get(f, key)));
}

static void put_origin(FILE *to, const struct facts *f, const char *utc)
{
	char day[DAY + 1];

	snprintf(day, sizeof(day), "%.*s", DAY, utc);
	put_named(to, "Measured on ", f, "cpu_model");
	put_named(to, " (CPUs ", f, "cpus_online");
	put_named(to, "), kernel ", f, "kernel");
	fputs(", on ", to);
	report_text(to, day[0] ? day : "a day that was not kept");
	put_named(to, day[0] ? " (UTC), by commit " : ", by commit ", f, "handoff_commit");
	put_named(to, ", ", f, "compiler");
	put_named(to, " ", f, "compiler_flags");
}

static bool is_elsewhere(const struct report_run *run, const struct facts *f)
{
	static const char *const machine[] = {"cpu_model", "cpus_online", "kernel"};

	for (size_t i = 0; i < ARRAY_LEN(machine); i++) {
		if (strcmp(report_run_env(run, machine[i]), or_unknown(facts_get(f, machine[i]))))
			return true;
	}
	return false;
}

static int put_beside(struct report *r, FILE *to, const char *dir, char *why, size_t why_len)
{
	struct facts f = {0};
	char path[PATH_BYTES], err[ERR] = "";
	const char *utc;
	int code;

	snprintf(path, sizeof(path), "%s/../%s/environment.csv", r->run->dir, dir);
	code = facts_read(&f, path, err, sizeof(err));
	utc = facts_has(&f, "taken_utc") ? facts_get(&f, "taken_utc") : facts_get(&f, "began");
	if (!code) {
		put_origin(to, &f, utc);
		fputs(is_elsewhere(r->run, &f) ? ": **another machine than the run's**." : ".", to);
	} else if (code == -ENOENT) {
		fputs("When and where this was measured was not kept.", to);
		code = 0;
	} else {
		snprintf(why, why_len, "%s", err);
	}
	facts_free(&f);
	return code;
}

/* The day is that of its first trial; an environment.csv of old has none. */
static int put_own(struct report *r, FILE *to, char *why, size_t why_len)
{
	static const char *const keys[] = {"handoff_commit", "compiler", "compiler_flags",
		"cpu_model", "cpus_online", "kernel"};
	struct facts f = {0};
	int code = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys) && !code; i++)
		code = facts_set(&f, keys[i], report_run_env(r->run, keys[i]));
	if (code) {
		snprintf(why, why_len, "no memory");
	} else {
		put_origin(to, &f, r->run->n ? r->run->rows[0].timestamp_utc : "");
		fputc('.', to);
	}
	facts_free(&f);
	return code;
}

int report_measured(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	char path[PATH_BYTES];

	if (w->n == 0)
		return put_own(r, to, why, why_len);
	if (w->n > 1 || strchr(w->word[0], '/') || w->word[0][0] == '.') {
		snprintf(why, why_len, "is written {{measured}} or {{measured DIR}}");
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s/../%s", r->run->dir, w->word[0]);
	return access(path, F_OK) == 0 ? put_beside(r, to, w->word[0], why, why_len) : 0;
}
