/* stress_tally.c - see stress_tally.h. */
#include "bench/stress_tally.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/plugin.h"
#include "bench/registry.h"
#include "bench/units.h"
#include "harness/futex.h"

enum { LINE = 1024, STRESS_PATH = 4096, REPLAY = LINE + STRESS_PATH };

static const char *const finding_columns[] = {"timestamp_utc", "seed", "trial", "cell", "status",
	"reason", "attempted", "received", "lost", "duplicated", "reordered", "corrupt", "replay"};
static const char *const trial_columns[] = {
	"seed", "trial", "cell", "status", "reason", "received", "verified_bytes"};

/* ---- files ---------------------------------------------------------------- */

static int fail(char *err, size_t err_len, int code, const char *what, const char *path)
{
	snprintf(err, err_len, "%s %s: %s", what, path, strerror(-code));
	return code;
}

static int write_row(struct csv_row *row, int fd, const char *name, char *err, size_t err_len)
{
	int code;

	csv_row_end(row);
	code = row->failed ? -ENOMEM : csv_row_write(row, fd);
	return code ? fail(err, err_len, code, "cannot write", name) : 0;
}

/* Appends to what is there: no finding is ever lost. */
static int open_log(struct stress_tally *t, const char *name, const char *const *columns, size_t n,
	int *fd, char *err, size_t err_len)
{
	char path[STRESS_PATH];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", t->set->out, name) >= (int)sizeof(path))
		return fail(err, err_len, -ENAMETOOLONG, "cannot write", name);
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (*fd < 0)
		return fail(err, err_len, -errno, "cannot write", path);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fail(err, err_len, -EINVAL, "not a regular file:", path);
	if (st.st_size > 0)
		return 0;
	csv_row_reset(&t->row);
	for (size_t i = 0; i < n; i++)
		csv_row_text(&t->row, columns[i]);
	return write_row(&t->row, *fd, path, err, err_len);
}

static int open_logs(struct stress_tally *t, char *err, size_t err_len)
{
	int code;

	if (mkdir(t->set->out, 0755) != 0 && errno != EEXIST)
		return fail(err, err_len, -errno, "cannot make", t->set->out);
	code = open_log(t, "findings.csv", finding_columns, ARRAY_LEN(finding_columns),
		&t->findings_fd, err, err_len);
	if (!code)
		code = open_log(t, "trials.csv", trial_columns, ARRAY_LEN(trial_columns),
			&t->trials_fd, err, err_len);
	return code;
}

int stress_tally_init(
	struct stress_tally *t, const struct stress_settings *set, char *err, size_t err_len)
{
	*t = (struct stress_tally){.set = set, .findings_fd = -1, .trials_fd = -1};
	t->mech = calloc(registry_count(), sizeof(*t->mech));
	if (!t->mech)
		return fail(err, err_len, -ENOMEM, "cannot count", "mechanisms");
	t->begin_ns = monotonic_ns();
	progress_begin(&t->progress, "stress", 0, 0);
	return set->out ? open_logs(t, err, err_len) : 0;
}

void stress_tally_free(struct stress_tally *t)
{
	if (t->findings_fd >= 0)
		close(t->findings_fd);
	if (t->trials_fd >= 0)
		close(t->trials_fd);
	csv_row_free(&t->row);
	free(t->mech);
	*t = (struct stress_tally){.findings_fd = -1, .trials_fd = -1};
}

static int log_trial(struct stress_tally *t, const struct stress_trial *trial,
	const struct trial_result *r, char *err, size_t err_len)
{
	struct csv_row *row = &t->row;

	csv_row_reset(row);
	csv_row_u64(row, t->set->seed);
	csv_row_u64(row, trial->k);
	csv_row_text(row, trial->cell.key);
	csv_row_text(row, trial_status_name((enum trial_status)r->status));
	csv_row_text(row, r->reason);
	csv_row_u64(row, r->received);
	csv_row_u64(row, r->verified_bytes);
	return write_row(row, t->trials_fd, "trials.csv", err, err_len);
}

static void put_counts(struct csv_row *row, const struct trial_result *r)
{
	const uint64_t counts[] = {
		r->attempted, r->received, r->lost, r->duplicated, r->reordered, r->corrupt};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		if (r->counted)
			csv_row_u64(row, counts[i]);
		else
			csv_row_empty(row);
	}
}

static int log_finding(struct stress_tally *t, const struct stress_trial *trial,
	const struct trial_result *r, char *err, size_t err_len)
{
	struct csv_row *row = &t->row;
	char replay[REPLAY], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int code;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	stress_replay(t->set, trial, replay, sizeof(replay));
	csv_row_reset(row);
	csv_row_text(row, stamp);
	csv_row_u64(row, t->set->seed);
	csv_row_u64(row, trial->k);
	csv_row_text(row, trial->cell.key);
	csv_row_text(row, trial_status_name((enum trial_status)r->status));
	csv_row_text(row, r->reason);
	put_counts(row, r);
	csv_row_text(row, replay);
	code = write_row(row, t->findings_fd, "findings.csv", err, err_len);
	if (!code && fdatasync(t->findings_fd) != 0)
		code = fail(err, err_len, -errno, "cannot write", "findings.csv");
	return code;
}

/* ---- findings ------------------------------------------------------------- */

bool stress_is_finding(const struct trial_result *r)
{
	return r->status == TRIAL_FAIL || r->status == TRIAL_TIMEOUT || r->status == TRIAL_CRASH;
}

void stress_replay(
	const struct stress_settings *set, const struct stress_trial *trial, char *out, size_t len)
{
	char plugins[STRESS_PATH], ms[40] = "", fault[96] = "";

	if (set->trial_ns)
		snprintf(ms, sizeof(ms), " --trial-ms %g", (double)set->trial_ns / 1e6);
	if (set->inject)
		snprintf(fault, sizeof(fault), " --inject %s", set->inject);
	snprintf(out, len,
		"%shandoff stress --seed %" PRIu64 " --trial %" PRIu64 "%s%s --cell '%s'",
		plugin_words(plugins, sizeof(plugins)), set->seed, trial->k, ms, fault,
		trial->cell.key);
}

static void say_finding(const struct stress_tally *t, const struct stress_trial *trial,
	const struct trial_result *r)
{
	char drawn[LINE], replay[REPLAY];

	stress_describe(trial, drawn, sizeof(drawn));
	stress_replay(t->set, trial, replay, sizeof(replay));
	printf("FINDING %" PRIu64 ": trial %" PRIu64 ": %s: %s\n", t->all.findings, trial->k,
		trial_status_name((enum trial_status)r->status), r->reason);
	printf("  drawn   %s\n", drawn);
	if (r->counted)
		printf("  counts  attempted %" PRIu64 ", received %" PRIu64 ", lost %" PRIu64
		       ", duplicated %" PRIu64 ", reordered %" PRIu64 ", corrupt %" PRIu64 "\n",
			r->attempted, r->received, r->lost, r->duplicated, r->reordered,
			r->corrupt);
	else
		printf("  counts  not known: who kept them is gone\n");
	printf("  replay  %s\n", replay);
	fflush(stdout);
}

/* ---- counting ------------------------------------------------------------- */

static void count_skip(struct stress_tally *t, const char *why)
{
	char cut[STRESS_REASON];

	snprintf(cut, sizeof(cut), "%.*s", STRESS_REASON - 1, why);
	for (size_t i = 0; i < t->n_skips; i++) {
		if (strcmp(t->skip[i].why, cut) == 0) {
			t->skip[i].n++;
			return;
		}
	}
	if (t->n_skips == STRESS_REASONS) {
		t->other_skips++;
		return;
	}
	memcpy(t->skip[t->n_skips].why, cut, sizeof(cut));
	t->skip[t->n_skips++].n = 1;
}

static void count(struct stress_count *c, const struct trial_result *r)
{
	c->trials++;
	c->ok += r->status == TRIAL_OK;
	c->skipped += r->status == TRIAL_SKIP;
	c->findings += stress_is_finding(r);
	if (r->counted) {
		c->messages += r->received;
		c->bytes += r->verified_bytes;
		c->lost += r->status == TRIAL_OK ? r->lost : 0;
	}
}

static size_t index_of(const struct mech *m)
{
	size_t i = 0;

	while (i + 1 < registry_count() && registry_all()[i] != m)
		i++;
	return i;
}

int stress_tally_add(struct stress_tally *t, const struct stress_trial *trial,
	const struct trial_result *r, char *err, size_t err_len)
{
	int code = 0;

	count(&t->all, r);
	count(&t->mech[index_of(trial->cell.mech)], r);
	if (r->status == TRIAL_SKIP)
		count_skip(t, r->reason);
	if (stress_is_finding(r)) {
		if (t->progress.terminal)
			progress_end(&t->progress);
		say_finding(t, trial, r);
		if (t->findings_fd >= 0)
			code = log_finding(t, trial, r, err, err_len);
	}
	if (!code && t->trials_fd >= 0)
		code = log_trial(t, trial, r, err, err_len);
	return code;
}

/* ---- words ---------------------------------------------------------------- */

static double seconds_since(uint64_t begin_ns)
{
	return (double)(monotonic_ns() - begin_ns) / 1e9;
}

static char *say_count(char *buf, size_t len, uint64_t n)
{
	static const char units[] = " kMGTP";
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1000 && u + 2 < sizeof(units); u++)
		v /= 1000;
	if (u == 0)
		snprintf(buf, len, "%" PRIu64, n);
	else
		snprintf(buf, len, "%.3g%c", v, units[u]);
	return buf;
}

void stress_tally_progress(struct stress_tally *t, const struct stress_trial *next)
{
	char line[LINE], n[32], rate[UNITS_TEXT_BYTES], bytes[UNITS_TEXT_BYTES], limit[24] = "";
	double s = seconds_since(t->begin_ns);

	if (!progress_due(&t->progress))
		return;
	if (t->set->for_ns)
		snprintf(limit, sizeof(limit), "/%.0f", (double)t->set->for_ns / 1e9);
	snprintf(line, sizeof(line),
		"stress %.0f%s s, trial %" PRIu64 ", %s messages, %s, %s verified, %" PRIu64
		" findings: %s",
		s, limit, next->k, say_count(n, sizeof(n), t->all.messages),
		units_format_rate(rate, sizeof(rate), s > 0 ? (double)t->all.messages / s : 0),
		units_format_bytes(bytes, sizeof(bytes), t->all.bytes), t->all.findings,
		next->cell.key);
	progress_line(&t->progress, line);
}

static void print_count(const char *name, const struct stress_count *c)
{
	char n[32], bytes[UNITS_TEXT_BYTES];

	printf("%-24s %7" PRIu64 " %7" PRIu64 " %9s %12s %8" PRIu64 "\n", name, c->trials,
		c->skipped, say_count(n, sizeof(n), c->messages),
		units_format_bytes(bytes, sizeof(bytes), c->bytes), c->findings);
}

static void print_lost(const struct stress_tally *t)
{
	for (size_t i = 0; i < registry_count(); i++) {
		if (t->mech[i].lost)
			printf("%s lost %" PRIu64 " messages, as its contract allows\n",
				registry_all()[i]->name, t->mech[i].lost);
	}
}

static void print_skips(const struct stress_tally *t, const struct selection *not_taken)
{
	for (size_t i = 0; i < t->n_skips; i++)
		printf("%6" PRIu64 " skipped: %s\n", t->skip[i].n, t->skip[i].why);
	if (t->other_skips)
		printf("%6" PRIu64 " skipped for further reasons\n", t->other_skips);
	for (size_t i = 0; i < not_taken->n_left_out; i++)
		printf("%6zu drawn in vain: %s\n", not_taken->left_out[i].n,
			not_taken->left_out[i].why);
}

void stress_tally_summary(struct stress_tally *t, const struct selection *not_taken)
{
	if (t->progress.terminal)
		progress_end(&t->progress);
	printf("%-24s %7s %7s %9s %12s %8s\n", "mechanism", "trials", "skipped", "messages",
		"verified", "findings");
	for (size_t i = 0; i < registry_count(); i++) {
		if (t->mech[i].trials)
			print_count(registry_all()[i]->name, &t->mech[i]);
	}
	print_count("all", &t->all);
	print_lost(t);
	print_skips(t, not_taken);
	printf("seed %" PRIu64 ", %.1f s, %" PRIu64 " messages, %" PRIu64
	       " bytes verified, %" PRIu64 " findings\n",
		t->set->seed, seconds_since(t->begin_ns), t->all.messages, t->all.bytes,
		t->all.findings);
}
