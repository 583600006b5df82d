/*
 * ab_resume.c - `handoff ab --resume DIR`: what an interrupted comparison left is taken as measured.
 *
 * The gate is a function of its pairs: with the same programs, cells, n, seed and constants it asks
 * for the same pairs in the same order, is given the rows of pairs.csv, and goes on where they end.
 * Anything else than the trial that is due refuses the directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/ab.h"

static const char *in_dir(const struct ab *ab, const char *file, char path[SESSION_PATH + 64])
{
	snprintf(path, SESSION_PATH + 64, "%s/%s", ab->dir, file);
	return path;
}

static int refuse(struct ab *ab, const char *what)
{
	snprintf(ab->err, RUN_ERR, "--resume %.200s: %.280s", ab->dir, what);
	return -EXDEV;
}

/* ---- is it the same comparison? ----------------------------------------------------- */

int ab_resume_open(struct ab *ab)
{
	char path[SESSION_PATH + 64];
	uint64_t seed;
	int code;

	if (!ab->set.resume)
		return 0;
	if (strlen(ab->set.resume) >= sizeof(ab->dir)) {
		snprintf(ab->err, RUN_ERR, "--resume: the name is too long");
		return -ENAMETOOLONG;
	}
	snprintf(ab->dir, sizeof(ab->dir), "%s", ab->set.resume);
	code = facts_read(&ab->past.facts, in_dir(ab, "environment.csv", path), ab->err, RUN_ERR);
	if (code)
		return code;
	if (facts_get(&ab->past.facts, "budget")[0])
		return refuse(
			ab, "it had a --budget of time, of which it is not known what is left");
	seed = strtoull(facts_get(&ab->past.facts, "seed"), NULL, 10);
	if (seed == 0 || !facts_get(&ab->past.facts, "rules")[0])
		return refuse(ab, "environment.csv is not that of a comparison that can go on");
	if (ab->set.seed && ab->set.seed != seed)
		return refuse(ab, "it had another --seed");
	ab->set.seed = seed;
	snprintf(ab->began, sizeof(ab->began), "%.31s", facts_get(&ab->past.facts, "began"));
	return 0;
}

static void say_difference(void *ctx, const char *key, const char *a, const char *b)
{
	struct ab *ab = ctx;
	size_t used = strlen(ab->err);

	snprintf(ab->err + used, RUN_ERR - used, "%s %s was \"%.60s\" and is \"%.60s\"",
		used ? ";" : "", key, a, b);
}

static int compare_facts(struct ab *ab, const struct facts *now)
{
	static const char *const own[] = {"old_binary_id", "new_binary_id", "binary_id", "old_env",
		"new_env", "old_setup", "new_setup", "rules"};
	const struct facts *was = &ab->past.facts;
	char differences[RUN_ERR / 2];

	ab->err[0] = '\0';
	facts_hard(was, now, NULL, say_difference, ab);
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		const char *a = facts_get(was, own[i]), *b = facts_get(now, own[i]);

		if (strcmp(a, b) != 0)
			say_difference(ab, own[i], a, b);
	}
	if (!ab->err[0])
		return 0;
	snprintf(differences, sizeof(differences), "not the same comparison:%.*s",
		(int)sizeof(differences) - 40, ab->err);
	return refuse(ab, differences);
}

/* Programs, their worlds, cells, constants and the machine. */
static int check_same(struct ab *ab)
{
	char path[SESSION_PATH + 64];
	struct facts now = {.n = 0};
	int code = ab_write_environment(ab, in_dir(ab, "environment.now", path));

	if (!code)
		code = facts_read(&now, path, ab->err, RUN_ERR);
	unlink(path);
	if (!code)
		code = compare_facts(ab, &now);
	facts_free(&now);
	return code;
}

/* ---- rows ---------------------------------------------------------------------------- */

static uint32_t status_of(const char *name)
{
	for (uint32_t s = 0; s < TRIAL_STATUS_COUNT; s++) {
		if (strcmp(trial_status_name((enum trial_status)s), name) == 0)
			return s;
	}
	return TRIAL_FAIL;
}

static uint32_t cell_of(const struct ab *ab, const char *key)
{
	size_t i = 0;

	while (i < ab->run.plan.n && strcmp(ab->run.plan.cell[i].key, key) != 0)
		i++;
	return (uint32_t)i;
}

static int keep_row(const struct ab *ab, struct ab_past_row *to, const struct sample *s)
{
	*to = (struct ab_past_row){
		.block = s->block,
		.order = s->order,
		.rep = s->rep,
		.attempt = s->attempt,
		.ops_per_s = s->ops_per_s,
		.p50_ns = s->lat_p50_ns,
		.p99_ns = s->lat_p99_ns,
		.cpu_ns = s->cpu_ns_per_op,
		.voluntary = s->ctx_voluntary_per_op,
		.involuntary = s->ctx_involuntary_per_op,
		.steal_pct = s->steal_pct,
		.steal_used_pct = s->steal_used_pct,
		.cell = cell_of(ab, s->cell),
		.status = (uint8_t)status_of(s->status),
		.side = strcmp(s->side, "old") == 0   ? AB_OLD
			: strcmp(s->side, "new") == 0 ? AB_NEW
						      : AB_SIDES,
	};
	if (to->status == TRIAL_OK)
		return 0;
	to->reason = strdup(s->reason);
	return to->reason ? 0 : -ENOMEM;
}

static void give_row(const struct ab_past_row *from, struct sample *to)
{
	sample_init(to);
	to->ops_per_s = from->ops_per_s;
	to->lat_p50_ns = from->p50_ns;
	to->lat_p99_ns = from->p99_ns;
	to->cpu_ns_per_op = from->cpu_ns;
	to->ctx_voluntary_per_op = from->voluntary;
	to->ctx_involuntary_per_op = from->involuntary;
	to->steal_pct = from->steal_pct;
	to->steal_used_pct = from->steal_used_pct;
	snprintf(to->status, sizeof(to->status), "%s",
		trial_status_name((enum trial_status)from->status));
	snprintf(to->reason, sizeof(to->reason), "%s", from->reason ? from->reason : "");
}

/* The last whole row, and where it begins. */
static int on_row(void *ctx, uint64_t line, const struct sample *row)
{
	struct ab *ab = ctx;
	struct ab_past *p = &ab->past;

	if (p->n == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		struct ab_past_row *more = realloc(p->row, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->row = more;
		p->room = room;
	}
	p->last_line = line;
	return keep_row(ab, &p->row[p->n++], row);
}

void ab_resume_free(struct ab *ab)
{
	for (size_t i = 0; i < ab->past.n; i++)
		free(ab->past.row[i].reason);
	free(ab->past.row);
	facts_free(&ab->past.facts);
}

/* Where a line of the file begins; 0 is the line behind the last whole one. */
static off_t find_line(FILE *f, uint64_t line)
{
	off_t at = 0, whole = 0;
	uint64_t n = 1;
	int c;

	while ((c = getc(f)) != EOF && n != line) {
		at++;
		n += c == '\n';
		whole = c == '\n' ? at : whole;
	}
	return line ? at : whole;
}

/* A row that was cut, and of a pair that was under way the first one, were never measured. */
static int cut_tail(struct ab *ab, const char *path)
{
	bool odd = ab->past.n % 2;
	FILE *f = fopen(path, "re");
	off_t keep;

	if (!f)
		return -errno;
	keep = find_line(f, odd ? ab->past.last_line : 0);
	fclose(f);
	if (odd)
		free(ab->past.row[--ab->past.n].reason);
	return ftruncate(ab->pairs_fd, keep) == 0 ? 0 : -errno;
}

static int read_pairs(struct ab *ab)
{
	char path[SESSION_PATH + 64];
	int code;

	ab->pairs_fd = open(
		in_dir(ab, "pairs.csv", path), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (ab->pairs_fd < 0) {
		snprintf(ab->err, RUN_ERR, "cannot open %.300s: %s", path, strerror(errno));
		return -errno;
	}
	if (flock(ab->pairs_fd, LOCK_EX | LOCK_NB) != 0)
		return refuse(ab, "another ab is at work there");
	code = samples_each(path, on_row, ab, NULL, ab->err, RUN_ERR);
	if (code)
		return code;
	code = cut_tail(ab, path);
	if (code)
		snprintf(ab->err, RUN_ERR, "cannot cut %.300s: %s", path, strerror(-code));
	return code;
}

/* ---- what calibration found ------------------------------------------------------------ */

/* OLD could not be calibrated: ab_stand()'s words tell how it stands. */
static enum ab_standing standing_of(const char *reason)
{
	if (strcmp(reason, "only in the new program") == 0)
		return AB_ONLY_NEW;
	return strncmp(reason, "OLD: skip: ", 11) == 0 ? AB_NO_FIGURE : AB_BROKE_OLD;
}

static int take_plan(struct ab *ab, const struct plan *was)
{
	struct plan *p = &ab->run.plan;

	if (was->n != p->n)
		return refuse(ab, "plan.csv has other cells");
	for (size_t i = 0; i < p->n; i++) {
		const struct cell *from = &was->cell[i];
		struct cell *to = &p->cell[i];

		if (strcmp(from->key, to->key) != 0)
			return refuse(ab, "plan.csv has other cells");
		to->n = from->n;
		to->block = from->block;
		to->stretch_ns = from->stretch_ns;
		if (ab->cell[i].standing != AB_JUDGED || !from->skip[0])
			continue;
		ab->cell[i].standing = standing_of(from->skip);
		snprintf(ab->cell[i].reason, sizeof(ab->cell[i].reason), "%.159s", from->skip);
	}
	return 0;
}

static int read_plan(struct ab *ab)
{
	char path[SESSION_PATH + 64];
	struct plan was = {.n = 0};
	int code;

	if (access(in_dir(ab, "plan.csv", path), F_OK) != 0) /* calibration had not ended */
		return ab->past.n ? refuse(ab, "there are pairs, but no plan.csv") : 0;
	code = plan_read(&was, path, ab->err, RUN_ERR);
	if (code)
		return code;
	code = take_plan(ab, &was);
	plan_free(&was);
	ab->past.calibrated = !code;
	return code;
}

int ab_write_plan(struct ab *ab)
{
	struct plan p = ab->run.plan;
	char path[SESSION_PATH + 64];
	int code;

	if (!ab->dir[0] || ab->past.calibrated)
		return 0;
	p.cell = calloc(p.n + 1, sizeof(*p.cell));
	if (!p.cell)
		return -ENOMEM;
	for (size_t i = 0; i < p.n; i++) {
		p.cell[i] = ab->run.plan.cell[i];
		if (ab->cell[i].standing != AB_JUDGED)
			snprintf(p.cell[i].skip, sizeof(p.cell[i].skip), "%.*s",
				(int)sizeof(p.cell[i].skip) - 1, ab->cell[i].reason);
	}
	code = plan_write(&p, in_dir(ab, "plan.csv", path), ab->err, RUN_ERR);
	free(p.cell);
	return code;
}

int ab_resume(struct ab *ab)
{
	int code = check_same(ab);
	const char *slash = strrchr(ab->dir, '/');

	snprintf(ab->run_id, sizeof(ab->run_id), "%.47s", slash ? slash + 1 : ab->dir);
	if (!code)
		code = read_pairs(ab);
	if (!code)
		code = read_plan(ab);
	if (!code)
		fprintf(stderr, "handoff ab: %zu pairs are taken from %s/pairs.csv\n",
			ab->past.n / 2, ab->dir);
	return code;
}

/* ---- the trials again -------------------------------------------------------------------- */

static enum ab_standing stand_again(
	struct ab *ab, size_t cell, enum ab_which which, const struct sample *s)
{
	struct trial_result *r = ab->run.runner.result;

	r->status = status_of(s->status);
	snprintf(r->reason, sizeof(r->reason), "%s", s->reason);
	return ab_stand(ab, cell, which, r);
}

int ab_take_past(struct ab *ab, size_t cell, enum ab_which which, const struct row_place *at,
	struct sample *row, enum ab_standing *stands)
{
	const struct ab_past_row *s = &ab->past.row[ab->past.next++];

	if (s->cell != cell || s->side != which || s->block != (double)at->block ||
		s->order != (double)at->order || s->rep != (double)at->rep ||
		s->attempt != (double)at->attempt)
		return refuse(ab, "pairs.csv has other trials than this comparison asks for");
	give_row(s, row);
	*stands = stand_again(ab, cell, which, row);
	return 0;
}
