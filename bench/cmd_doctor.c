/*
 * handoff doctor - what of this machine bears on a measurement, and what can be done.
 *
 * A look of half a second: settings, and what else goes on right now.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/doctor.h"
#include "bench/opt.h"
#include "bench/version.h"
#include "harness/quiet.h"
#include "harness/topo.h"

enum { LOOK_NS = 500000000, ERR_BYTES = 512 };

struct doctor_settings {
	const char *format;
};

static const struct opt opts[] = {
	{"format", 0, OPT_STR, offsetof(struct doctor_settings, format), "FORMAT", "text",
		"text, or csv: key,state,gate,found,touches,advice"},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "doctor",
	.synopsis = "[options]",
	.summary = "Look at this machine: what bears on a measurement, which rows it touches, and\n"
		   "what you can do.  Nothing is changed.",
	.opts = opts,
	.after = "Exit code 4 when a gate (two builds compared here) would be untrustworthy: it\n"
		 "says why.  Single runs are still worth having: noisy trials are marked.\n",
};

/* Gaps on all PUs that may be used, and the kernel's counters meanwhile. */
static void look_at(const struct topo *topo, struct doctor_now *now)
{
	static const struct timespec pause = {.tv_nsec = LOOK_NS};
	struct trial_spec *spec = calloc(1, sizeof(*spec));
	struct noise *noise = noise_open("");
	uint64_t gap = UNKNOWN_COUNT;

	noise_unknown(&now->noise);
	now->gap_ns = (double)NAN;
	if (spec && noise) {
		clock_calibrate(&spec->clock, false, NULL, 0);
		spec->side_a = topo_pu_count(topo);
		if (spec->side_a > TRIAL_MAX_WORKERS)
			spec->side_a = TRIAL_MAX_WORKERS;
		for (uint32_t i = 0; i < spec->side_a; i++)
			spec->pu[i] = topo_pu_os(topo, i);
		noise_begin(noise);
		gap = quiet_gap_ns(spec);
		nanosleep(&pause, NULL);
		noise_end(noise, spec->pu, spec->side_a, &now->noise);
	}
	if (gap != UNKNOWN_COUNT)
		now->gap_ns = (double)gap;
	noise_close(noise);
	free(spec);
}

/* ---- saying -------------------------------------------------------------- */

/* And make room for the next.  True: no memory for it. */
static bool print_row(struct csv_row *row)
{
	bool failed = row->failed;

	if (!failed)
		fwrite(row->buf, 1, row->len, stdout);
	csv_row_reset(row);
	return failed;
}

static int print_csv(const struct doctor_line *line, size_t n)
{
	static const char *const columns[] = {"key", "state", "gate", "found", "touches", "advice"};
	struct csv_row row = {0};
	bool failed;

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_row_text(&row, columns[i]);
	csv_row_end(&row);
	failed = print_row(&row);
	for (size_t i = 0; i < n && !failed; i++) {
		csv_row_text(&row, line[i].key);
		csv_row_text(&row, doctor_state_name(line[i].state));
		csv_row_text(&row, line[i].gate ? "untrustworthy" : "");
		csv_row_text(&row, line[i].found);
		csv_row_text(&row, line[i].touches);
		csv_row_text(&row, line[i].advice);
		csv_row_end(&row);
		failed = print_row(&row);
	}
	csv_row_free(&row);
	return failed ? EXIT_USAGE : EXIT_FINE;
}

static void widen(int *width, const char *text)
{
	int len = (int)strlen(text);

	*width = len > *width ? len : *width;
}

static void print_text(const struct doctor_line *line, size_t n)
{
	int key = 0, found = 0, touches = 0;

	for (size_t i = 0; i < n; i++) {
		widen(&key, line[i].key);
		if (line[i].state != DOCTOR_OK) {
			widen(&found, line[i].found);
			widen(&touches, line[i].touches);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (line[i].state == DOCTOR_OK)
			printf("%-4s  %-*s  %s\n", doctor_state_name(line[i].state), key,
				line[i].key, line[i].found);
		else
			printf("%-4s  %-*s  %-*s  touches %-*s  %s\n",
				doctor_state_name(line[i].state), key, line[i].key, found,
				line[i].found, touches, line[i].touches, line[i].advice);
	}
}

/* The exit code; why, on stdout or, beside CSV, on stderr. */
static int judge(const struct doctor_line *line, size_t n, FILE *to)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (!line[i].gate)
			continue;
		fprintf(to, "%s%s (%s)",
			any ? ", " : "\nA gate on this machine would be untrustworthy now: ",
			line[i].key, line[i].found);
		any = true;
	}
	if (any)
		fprintf(to, "\n");
	else
		fprintf(to, "\nNothing seen speaks against a gate on this machine.\n");
	return any ? EXIT_INCONCLUSIVE : EXIT_FINE;
}

static int look_and_say(const struct topo *topo, bool csv)
{
	struct doctor_now now = {.unfit = !version_may_measure(), .why = version_flavour};
	struct doctor_line line[DOCTOR_MAX_LINES];
	size_t n;
	int code = EXIT_FINE;

	look_at(topo, &now);
	n = doctor_look("", &now, line);
	if (csv)
		code = print_csv(line, n);
	else
		print_text(line, n);
	return code ? code : judge(line, n, csv ? stderr : stdout);
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor_settings s;
	char err[ERR_BYTES] = "";
	struct topo *topo;
	int code = opt_parse(&cmd, &s, argc, argv, NULL, NULL);
	bool csv;

	if (code != OPT_RUN)
		return code;
	csv = strcmp(s.format, "csv") == 0;
	if (!csv && strcmp(s.format, "text") != 0) {
		fprintf(stderr, "handoff doctor: --format takes text or csv, not \"%.40s\"\n",
			s.format);
		return EXIT_USAGE;
	}
	topo = topo_open_native(err, sizeof(err));
	if (topo && !topo_is_thissystem(topo)) {
		snprintf(err, sizeof(err),
			"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine; unset it");
		topo_close(topo);
		topo = NULL;
	}
	if (!topo) {
		fprintf(stderr, "handoff doctor: %s\n", err);
		return EXIT_USAGE;
	}
	code = look_and_say(topo, csv);
	topo_close(topo);
	return code;
}
