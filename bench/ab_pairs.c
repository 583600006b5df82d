/* ab_pairs.c - the pairs that the gate asks for, block by block; see ab.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/progress.h"
#include "bench/random.h"
#include "bench/version.h"
#include "harness/futex.h"

enum { STREAM_BLOCK = 11, STREAM_SIDE = 12, SAME_SECOND = 100 };

/* ---- DIR ------------------------------------------------------------------------- */

static int fail(struct ab *ab, int code, const char *what, const char *path)
{
	snprintf(ab->err, RUN_ERR, "%s %.300s: %s", what, path, strerror(-code));
	return code;
}

static int make_dir(struct ab *ab)
{
	char stamp[20];
	time_t now = time(NULL);
	struct tm tm;

	if (ab->set.out) {
		if (strlen(ab->set.out) >= sizeof(ab->dir))
			return fail(ab, -ENAMETOOLONG, "cannot make", ab->set.out);
		snprintf(ab->dir, sizeof(ab->dir), "%s", ab->set.out);
		ab->made_dir = mkdir(ab->dir, 0755) == 0;
		return ab->made_dir || errno == EEXIST ? 0
						       : fail(ab, -errno, "cannot make", ab->dir);
	}
	if (mkdir("results", 0755) != 0 && errno != EEXIST)
		return fail(ab, -errno, "cannot make", "results");
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (int i = 0; i < SAME_SECOND; i++) {
		snprintf(ab->dir, sizeof(ab->dir), i ? "results/ab-%s-%d" : "results/ab-%s", stamp,
			i + 1);
		ab->made_dir = mkdir(ab->dir, 0755) == 0;
		if (ab->made_dir || errno != EEXIST)
			break;
	}
	return ab->made_dir ? 0 : fail(ab, -errno, "cannot make", ab->dir);
}

static const char *in_dir(const struct ab *ab, const char *file, char path[SESSION_PATH + 64])
{
	snprintf(path, SESSION_PATH + 64, "%s/%s", ab->dir, file);
	return path;
}

static void join(const struct opt_list *l, char *out, size_t len)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < l->n && used < len; i++)
		used += (size_t)snprintf(out + used, len - used, "%s%s", i ? " " : "", l->item[i]);
}

static const char *path_of(const struct ab_side *s)
{
	return s->plugin ? s->plugin->path : s->path;
}

int ab_write_environment(struct ab *ab, const char *path)
{
	char seed[24], rules[20], budget[24] = "", env[AB_SIDES][512];
	const struct env_extra extra[] = {
		{"old", path_of(&ab->side[AB_OLD]), ""},
		{"new", path_of(&ab->side[AB_NEW]), ""},
		{"plugins", getenv(PLUGIN_ENV), "none in both"},
		{"old_binary_id", ab->side[AB_OLD].id, ""},
		{"new_binary_id", ab->side[AB_NEW].id, ""},
		{"old_env", env[AB_OLD], "not given"},
		{"new_env", env[AB_NEW], "not given"},
		{"old_setup", ab->side[AB_OLD].setup, "not given"},
		{"new_setup", ab->side[AB_NEW].setup, "not given"},
		{"handoff_version", version_number, ""},
		{"handoff_commit", version_commit, ""},
		{"handoff_flavour", version_flavour, ""},
		{"binary_id", ab->run.plan.binary, ""},
		{"seed", seed, ""},
		{"rules", rules, ""},
		{"budget", budget, "not given"},
		{"began", ab->began, ""},
		{"clock", clock_source_name((enum clock_source)ab->run.clock.source),
			ab->run.clock_why},
	};

	snprintf(seed, sizeof(seed), "%" PRIu64, ab->run.plan.seed);
	ab_rules_id(ab, rules);
	if (ab->set.budget_ns)
		snprintf(budget, sizeof(budget), "%" PRIu64 "ns", ab->set.budget_ns);
	join(&ab->side[AB_OLD].env, env[AB_OLD], sizeof(env[AB_OLD]));
	join(&ab->side[AB_NEW].env, env[AB_NEW], sizeof(env[AB_NEW]));
	return env_write("", path, extra, ARRAY_LEN(extra), ab->err, RUN_ERR);
}

static int write_row(struct ab *ab, const struct sample *s)
{
	struct csv_row row = {0};
	int code;

	if (!ab->dir[0])
		return 0;
	if (s)
		samples_row(&row, s);
	else
		samples_header(&row);
	code = row.failed ? -ENOMEM : csv_row_write(&row, ab->pairs_fd);
	csv_row_free(&row);
	return code ? fail(ab, code, "cannot write to", ab->dir) : 0;
}

int ab_open_dir(struct ab *ab)
{
	char path[SESSION_PATH + 64];
	const char *slash;
	int code = make_dir(ab);

	if (code) {
		ab->dir[0] = '\0';
		return code;
	}
	slash = strrchr(ab->dir, '/');
	snprintf(ab->run_id, sizeof(ab->run_id), "%.47s", slash ? slash + 1 : ab->dir);
	ab->pairs_fd = open(in_dir(ab, "pairs.csv", path),
		O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (ab->pairs_fd < 0) {
		code = fail(ab, -errno, "cannot make", path);
		ab->dir[0] = '\0';
		return code;
	}
	flock(ab->pairs_fd, LOCK_EX | LOCK_NB); /* --resume finds somebody at work */
	code = write_row(ab, NULL);
	return code ? code : ab_write_environment(ab, in_dir(ab, "environment.csv", path));
}

/* ---- one trial --------------------------------------------------------------------- */

/* Where the trial at hand stands. */
struct turn {
	size_t cell;
	uint64_t order;
	uint32_t attempt;
	struct sample row[AB_SIDES];
	enum ab_standing stands[AB_SIDES];
};

static void mark_row(const struct ab *ab, enum ab_which which, struct sample *s)
{
	snprintf(s->side, sizeof(s->side), "%s", which == AB_OLD ? "old" : "new");
	if (ab->probed)
		snprintf(s->loop, sizeof(s->loop), "probed");
}

static int run_side(struct ab *ab, struct turn *t, enum ab_which which, bool first)
{
	struct runner *r = &ab->run.runner;
	struct cell *c = &ab->run.plan.cell[t->cell];
	struct trial_fault none = {.act = PROBE_NONE};
	struct row_place at = {.block = ab->block,
		.order = 2 * t->order + !first,
		.rep = ab->cell[t->cell].pairs,
		.attempt = t->attempt};
	int code;

	if (ab->past.next < ab->past.n)
		return ab_take_past(ab, t->cell, which, &at, &t->row[which], &t->stands[which]);
	code = ab_side_enter(ab, which);
	if (code)
		return code;
	r->binary = ab->side[which].path;
	r->probed = !ab->probed ? NULL : which == AB_NEW ? &ab->cell[t->cell].fault : &none;
	r->draw = ab->cell[t->cell].pairs * ab->run.plan.n + t->cell;
	noise_begin(r->noise);
	code = runner_trial(r, c, false, ab->err, RUN_ERR);
	ab_side_leave(ab, which);
	if (code || launch_stop)
		return launch_stop ? -EINTR : code;
	noise_end(r->noise, c->pu[0] == PLACE_PU_NONE ? r->result->cpu : c->pu, cell_workers(c),
		&at.noise);
	row_fill(&t->row[which], &r->common, c, r->result, &at);
	mark_row(ab, which, &t->row[which]);
	t->stands[which] = ab_stand(ab, t->cell, which, r->result);
	return write_row(ab, &t->row[which]);
}

/* ---- one pair ---------------------------------------------------------------------- */

static int try_pair(struct ab *ab, struct turn *t)
{
	uint64_t coin = random_stream(ab->run.plan.seed,
		ab->block * ab->run.plan.n + t->cell + (uint64_t)t->attempt * 1000003, STREAM_SIDE);
	enum ab_which first = coin & 1 ? AB_NEW : AB_OLD;
	int code = run_side(ab, t, first, true);

	return code ? code : run_side(ab, t, first == AB_OLD ? AB_NEW : AB_OLD, false);
}

/* Who broke it: OLD, if it did at all. */
static void drop(struct ab *ab, struct turn *t)
{
	struct ab_cell *c = &ab->cell[t->cell];

	if (t->stands[AB_OLD] != AB_JUDGED && c->standing != t->stands[AB_OLD]) {
		c->standing = t->stands[AB_OLD];
		snprintf(c->reason, sizeof(c->reason), "OLD: %.15s: %.130s", t->row[AB_OLD].status,
			t->row[AB_OLD].reason);
	}
	gate_drop(&ab->gate, t->cell);
}

static int run_pair(struct ab *ab, size_t cell, uint64_t order)
{
	struct turn *t = calloc(1, sizeof(*t));
	int code = t ? 0 : -ENOMEM;

	for (uint32_t attempt = 1; !code; attempt++) {
		t->cell = cell;
		t->order = order;
		t->attempt = attempt;
		code = try_pair(ab, t);
		if (code)
			break;
		if (t->stands[AB_OLD] != AB_JUDGED || t->stands[AB_NEW] != AB_JUDGED) {
			if (ab_forgive(ab, cell, t->stands, t->row))
				continue;
			drop(ab, t);
			break;
		}
		if (!ab_is_repeated(&t->row[AB_OLD], &t->row[AB_NEW], attempt, ab->pairs_done,
			    ab->repeats_done)) {
			ab->pairs_done++;
			code = ab_book(ab, cell, &t->row[AB_OLD], &t->row[AB_NEW]);
			break;
		}
		ab->repeats_done++;
	}
	free(t);
	return code;
}

/* ---- blocks -------------------------------------------------------------------------- */

/* The cells that want a pair, in an order of the block's own. */
static size_t draw_order(const struct ab *ab, size_t *order)
{
	uint64_t state = random_stream(ab->run.plan.seed, ab->block, STREAM_BLOCK);
	size_t n = 0;

	for (size_t i = 0; i < ab->gate.cells; i++) {
		if (ab->gate.cell[i].want)
			order[n++] = i;
	}
	for (size_t i = n; i > 1; i--) {
		size_t j = random_below(&state, i), swap = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swap;
	}
	return n;
}

static bool is_time_up(struct ab *ab)
{
	ab->time_was_up = ab->until_ns && monotonic_ns() >= ab->until_ns;
	return ab->time_was_up;
}

static int run_block(struct ab *ab, size_t *order, struct progress *p)
{
	size_t n = draw_order(ab, order);
	int code = 0;

	for (size_t i = 0; i < n && !code && !is_time_up(ab); i++) {
		progress_step(p, ab->run.plan.cell[order[i]].key);
		code = run_pair(ab, order[i], i);
		p->total = ab->gate.budget;
		if (p->done + 1 < p->total)
			progress_done(p);
	}
	ab->block++;
	return code;
}

/* Of the time that is left, by what pairs have taken so far. */
static void fit_budget(struct ab *ab)
{
	struct gate *g = &ab->gate;
	uint64_t now = monotonic_ns(), each, least = (uint64_t)g->rules.screen_pairs * g->cells;

	if (!ab->until_ns || g->stage != GATE_SCREEN || !g->spent)
		return;
	each = (now - ab->began_ns) / g->spent + 1;
	g->budget = g->spent + (ab->until_ns > now ? (ab->until_ns - now) / each : 0);
	g->budget = g->budget > least ? g->budget : least;
}

uint64_t ab_mean_pairs(const struct ab *ab)
{
	if (ab->set.pairs)
		return ab->set.pairs;
	return ab->run.selection.pairs ? ab->run.selection.pairs : gate_default_rules.mean_pairs;
}

static int start_gate(struct ab *ab)
{
	size_t n = ab->run.plan.n, judged = 0;
	int code;

	for (size_t i = 0; i < n; i++)
		judged += ab->cell[i].standing == AB_JUDGED;
	for (enum cost m = 0; m < COSTS; m++)
		ab->metric[m] = (struct gate_metric){
			log1p(cost_rules[m].margin), log1p(cost_rules[m].tolerance), true};
	code = gate_init(
		&ab->gate, &gate_default_rules, ab->metric, COSTS, n, judged * ab_mean_pairs(ab));
	if (code)
		return code;
	ab->gate.budget = judged * ab_mean_pairs(ab);
	for (size_t i = 0; i < n; i++) {
		if (ab->cell[i].standing != AB_JUDGED)
			gate_drop(&ab->gate, i);
		if (!cmd_rankable(ab->run.plan.cell[i].mech->name)) /* a floor, a race */
			gate_ungate(&ab->gate, i);
	}
	return 0;
}

int ab_measure(struct ab *ab)
{
	size_t *order = calloc(ab->run.plan.n + 1, sizeof(*order));
	struct progress p;
	int code = order ? start_gate(ab) : -ENOMEM;

	ab->began_ns = monotonic_ns();
	progress_begin(&p, "pairs", 0, ab->gate.budget);
	while (!code && !launch_stop && gate_next(&ab->gate)) {
		code = run_block(ab, order, &p);
		fit_budget(ab);
		if (ab->time_was_up) {
			gate_close(&ab->gate);
			break;
		}
	}
	progress_end(&p);
	free(order);
	return launch_stop ? -EINTR : code;
}
