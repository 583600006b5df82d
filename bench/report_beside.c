/*
 * report_beside.c - {{beside RUN NAME ...}}: a reference of another run, that was kept beside this
 * one; see report_part.h.
 *
 * RUN is the name of its directory: `table` of results/kept/full is results/kept/table.  Where there
 * is none, the reference is this run's own.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench/report_part.h"
#include "bench/report_text.h"
#include "harness/compiler.h"

enum { PATH_BYTES = 4200, ERR = 400 };

/* Which run, when, of which build; and the machine, if it is another. */
static void put_run(FILE *to, const struct report_run *ours, const struct report_run *run)
{
	static const char *const machine[] = {"cpu_model", "cpus_online", "kernel"};
	char day[11];

	fputs("Measured in a run of its own, ", to);
	report_text(to, report_run_id(run));
	if (run->n) {
		snprintf(day, sizeof(day), "%.10s", run->rows[0].timestamp_utc);
		fputs(" of ", to);
		report_text(to, day);
	}
	fputs(", commit ", to);
	report_text(to, report_run_env(run, "handoff_commit"));
	for (size_t i = 0; i < ARRAY_LEN(machine); i++) {
		const char *value = report_run_env(run, machine[i]);

		if (strcmp(value, report_run_env(ours, machine[i])) == 0)
			continue;
		fprintf(to, ", %s ", machine[i]);
		report_text(to, value);
	}
	fputs(".\n\n", to);
}

static int put_from(struct report *r, FILE *to, const struct words *w, const char *dir, char *why,
	size_t why_len)
{
	struct report_run run = {0};
	struct report other = *r;
	char err[ERR] = "";
	int code = report_run_read(&run, dir, err, sizeof(err));

	if (code) {
		snprintf(why, why_len, "%s", err);
	} else {
		put_run(to, r->run, &run);
		other.run = &run;
		other.pictures = 0;
		code = report_part(&other, to, w->n - 1, w->word + 1, why, why_len);
	}
	report_run_free(&run);
	return code;
}

int report_beside(struct report *r, FILE *to, const struct words *w, char *why, size_t why_len)
{
	char path[PATH_BYTES];

	if (w->n < 2 || strchr(w->word[0], '/') || w->word[0][0] == '.' ||
		strcmp(w->word[1], "beside") == 0) {
		snprintf(why, why_len, "is written {{beside RUN NAME ...}}");
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s/../%s", r->run->dir, w->word[0]);
	if (access(path, F_OK) != 0)
		return report_part(r, to, w->n - 1, w->word + 1, why, why_len);
	return put_from(r, to, w, path, why, why_len);
}
