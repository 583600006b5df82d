/* repro_print.c - see repro_print.h. */
#include "bench/repro_print.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/csv.h"
#include "bench/report.h"
#include "bench/report_text.h"
#include "harness/compiler.h"

enum { PATH_BYTES = 4200, WORDS = 64, BOOT_CHARS = 8 };

/* ---- tables: the same rows as CSV or as Markdown ---------------------------------- */

struct sheet {
	FILE *to;
	bool markdown;
	struct csv_row row;
};

static void put_text(struct sheet *s, const char *text)
{
	if (s->markdown) {
		fputs("| ", s->to);
		report_text(s->to, text);
		fputc(' ', s->to);
	} else
		csv_row_text(&s->row, text);
}

static void put_number(struct sheet *s, double v, int decimals)
{
	if (!s->markdown)
		csv_row_f64(&s->row, v, decimals);
	else if (isfinite(v))
		fprintf(s->to, "| %.*f ", decimals, v);
	else
		fputs("| - ", s->to);
}

static void end_row(struct sheet *s)
{
	if (s->markdown)
		fputs("|\n", s->to);
	else {
		csv_row_end(&s->row);
		fwrite(s->row.buf, 1, s->row.len, s->to);
		csv_row_reset(&s->row);
	}
}

static void put_head(struct sheet *s, const char *const *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_text(s, name[i]);
	end_row(s);
	if (!s->markdown)
		return;
	for (size_t i = 0; i < n; i++)
		fputs("|---", s->to);
	fputs("|\n", s->to);
}

char repro_letter(const struct repro *r, const struct report_run *run)
{
	return (char)('A' + (run - r->run) % 26);
}

static const char *pair_name(const struct repro *r, const struct repro_pair *p, char out[4])
{
	snprintf(out, 4, "%c-%c", repro_letter(r, p->run[0]), repro_letter(r, p->run[1]));
	return out;
}

/* What lies between the two: a new boot, or only new processes. */
static const char *start_of(const struct repro_pair *p)
{
	const struct run_env *a = report_run_env_row(p->run[0], "boot_id");
	const struct run_env *b = report_run_env_row(p->run[1], "boot_id");

	if (!a || !b || !a->value[0] || !b->value[0])
		return "boot unknown";
	return strcmp(a->value, b->value) == 0 ? "same boot" : "new boot";
}

static const char *verdict_of(const struct repro_pair *p)
{
	if (!repro_cells_hold(p))
		return "not reproduced";
	if (!repro_order_known(p))
		return "the cells are reproduced, of an order nothing is known";
	return repro_order_holds(p) ? "reproduced" : "not reproduced";
}

static double noisy_pct(const struct report_run *r)
{
	size_t ok = 0, noisy = 0;

	for (size_t i = 0; i < r->n; i++) {
		ok += sample_usable(&r->rows[i], false);
		noisy += sample_usable(&r->rows[i], false) && !sample_usable(&r->rows[i], true);
	}
	return ok ? 100.0 * (double)noisy / (double)ok : NAN;
}

static void put_campaigns(struct sheet *s, const struct repro *r)
{
	static const char *const head[] = {"campaign", "run", "began_utc", "boot", "trials",
		"noisy_pct", "load_average", "cpu_model", "kernel", "build"};

	put_head(s, head, ARRAY_LEN(head));
	for (size_t i = 0; i < r->runs; i++) {
		const struct report_run *run = &r->run[i];
		char letter[2] = {repro_letter(r, run)}, boot[BOOT_CHARS + 1];

		snprintf(boot, sizeof(boot), "%s", report_run_env(run, "boot_id"));
		put_text(s, letter);
		put_text(s, report_run_id(run));
		put_text(s, repro_began(run));
		put_text(s, boot);
		put_number(s, (double)run->n, 0);
		put_number(s, noisy_pct(run), 1);
		put_text(s, report_run_env(run, "load_average"));
		put_text(s, report_run_env(run, "cpu_model"));
		put_text(s, report_run_env(run, "kernel"));
		put_text(s, report_run_env(run, "binary_id"));
		end_row(s);
	}
}

static void put_pair(struct sheet *s, const struct repro *r, const struct repro_pair *p)
{
	char name[4];

	put_text(s, pair_name(r, p, name));
	put_number(s, p->apart_s / 3600, 2);
	put_text(s, start_of(p));
	put_number(s, (double)p->count[REPRO_AGREES], 0);
	put_number(s, (double)p->count[REPRO_DIFFERS], 0);
	put_number(s, p->agree_pct, 1);
	put_number(s, (double)p->count[REPRO_TOO_FEW], 0);
	put_number(s, (double)(p->count[REPRO_ONLY_A] + p->count[REPRO_ONLY_B]), 0);
	put_number(s, (double)p->order.pairs, 0);
	put_number(s, (double)p->order.discordant, 0);
	put_number(s, p->tau, 3);
	put_number(s, (double)p->by_median.pairs, 0);
	put_number(s, p->tau_by_median, 3);
	put_text(s, repro_cells_hold(p) ? "met" : "not met");
	put_text(s, !repro_order_known(p)  ? "nothing to order"
		    : repro_order_holds(p) ? "met"
					   : "not met");
	end_row(s);
}

static void put_pairs(struct sheet *s, const struct repro *r)
{
	static const char *const head[] = {"pair", "hours_apart", "start", "cells_agree",
		"cells_differ", "agree_pct", "too_few_trials", "only_in_one", "row_pairs",
		"reversed", "tau_b", "pairs_by_median", "tau_b_by_median", "goal_cells",
		"goal_order"};

	put_head(s, head, ARRAY_LEN(head));
	for (size_t i = 0; i < r->pairs; i++)
		put_pair(s, r, &r->pair[i]);
}

/* At most `most` of each pair; those that agree only if `all`. */
static void put_cells(struct sheet *s, const struct repro *r, size_t most, bool all)
{
	static const char *const head[] = {"pair", "cell", "verdict", "ratio", "low", "high",
		"trials_a", "trials_b", "noisy_a", "noisy_b"};
	char name[4];

	put_head(s, head, ARRAY_LEN(head));
	for (size_t i = 0; i < r->pairs; i++) {
		const struct repro_pair *p = &r->pair[i];

		for (size_t k = 0, put = 0; k < p->n && put < most; k++) {
			const struct repro_cell *c = &p->cell[k];

			if (c->verdict == REPRO_AGREES && !all)
				continue;
			put_text(s, pair_name(r, p, name));
			put_text(s, c->key);
			put_text(s, repro_verdict_name(c->verdict));
			put_number(s, c->ratio, 3);
			put_number(s, c->lo, 3);
			put_number(s, c->hi, 3);
			for (int side = 0; side < 2; side++)
				put_number(s, (double)c->n[side], 0);
			for (int side = 0; side < 2; side++)
				put_number(s, (double)c->noisy[side], 0);
			end_row(s);
			put++;
		}
	}
}

/* At most `most` of each pair. */
static void put_swaps(struct sheet *s, const struct repro *r, size_t most)
{
	static const char *const head[] = {
		"pair", "first_cell", "second_cell", "ratio_before", "ratio_after"};
	char name[4];

	put_head(s, head, ARRAY_LEN(head));
	for (size_t i = 0; i < r->pairs; i++) {
		const struct repro_pair *p = &r->pair[i];

		for (size_t k = 0; k < p->swaps && k < most; k++) {
			const struct repro_swap *w = &p->swap[k];

			put_text(s, pair_name(r, p, name));
			put_text(s, w->key[0]);
			put_text(s, w->key[1]);
			put_number(s, w->ratio[0], 3);
			put_number(s, w->ratio[1], 3);
			end_row(s);
		}
	}
}

void repro_csv(FILE *to, const struct repro *r)
{
	struct sheet s = {.to = to};

	put_cells(&s, r, SIZE_MAX, true);
	csv_row_free(&s.row);
}

static size_t not_agreeing(const struct repro_pair *p)
{
	return p->n - p->count[REPRO_AGREES];
}

void repro_markdown(FILE *to, const struct repro *r, size_t most)
{
	struct sheet s = {.to = to, .markdown = true};
	size_t left = 0;

	put_campaigns(&s, r);
	fputc('\n', to);
	put_pairs(&s, r);
	fputc('\n', to);
	put_cells(&s, r, most, false);
	fputc('\n', to);
	put_swaps(&s, r, most);
	for (size_t i = 0; i < r->pairs; i++)
		left += not_agreeing(&r->pair[i]) > most ? not_agreeing(&r->pair[i]) - most : 0;
	if (left)
		fprintf(to, "\n%zu more are not shown.\n", left);
}

/* ---- text ------------------------------------------------------------------------- */

static void put_apart(FILE *to, double s)
{
	if (isnan(s))
		fputs("an unknown time", to);
	else if (s < 3600)
		fprintf(to, "%.0f min", s / 60);
	else
		fprintf(to, "%.1f h", s / 3600);
}

static void put_cell_line(FILE *to, const struct repro_cell *c)
{
	fprintf(to, "    %s: ", c->key);
	if (isnan(c->ratio))
		fputs(repro_verdict_name(c->verdict), to);
	else
		fprintf(to, "times %.3f [%.3f .. %.3f]", c->ratio, c->lo, c->hi);
	fprintf(to, ", n %zu and %zu", c->n[0], c->n[1]);
	if (c->noisy[0] + c->noisy[1])
		fprintf(to, ", of them noisy %zu and %zu", c->noisy[0], c->noisy[1]);
	fputc('\n', to);
}

static void put_verdicts(FILE *to, const struct repro_pair *p)
{
	size_t judged = p->count[REPRO_AGREES] + p->count[REPRO_DIFFERS];

	if (judged == 0)
		fputs("  cells: none could be judged\n", to);
	else
		fprintf(to,
			"  cells: %zu of %zu agree (0 is in the 95 %% interval of the difference): "
			"%.1f %%, goal %d %%: %s\n",
			p->count[REPRO_AGREES], judged, p->agree_pct, REPRO_CELLS_PCT,
			p->agree_pct >= REPRO_CELLS_PCT ? "met" : "not met");
	if (p->count[REPRO_TOO_FEW])
		fprintf(to, "  %zu cells have too few ok trials for a 95 %% interval%s\n",
			p->count[REPRO_TOO_FEW],
			p->judged_pct >= REPRO_JUDGED_PCT ? "" : ": too many for a verdict");
	if (p->count[REPRO_ONLY_A] + p->count[REPRO_ONLY_B])
		fprintf(to, "  %zu cells ran in the first only, %zu in the second only\n",
			p->count[REPRO_ONLY_A], p->count[REPRO_ONLY_B]);
	if (!repro_order_known(p))
		fprintf(to,
			"  order: no two rows of a ranking differ by more than %d %%: nothing could "
			"be ranked\n",
			REPRO_APART_PCT);
	else
		fprintf(to,
			"  order: tau-b %.3f over %zu pairs of rows that differ by more than %d "
			"%%, of them %zu the other way round, goal %.2f: %s\n",
			p->tau, p->order.pairs, REPRO_APART_PCT, p->order.discordant,
			REPRO_TAU_PCT / 100.0, repro_order_holds(p) ? "met" : "not met");
	if (p->by_median.pairs)
		fprintf(to, "  (tau-b %.3f over %zu pairs whose medians alone lie as far apart)\n",
			p->tau_by_median, p->by_median.pairs);
}

static void put_pair_text(FILE *to, const struct repro *r, const struct repro_pair *p, size_t most)
{
	size_t put = 0;

	fprintf(to, "\n%c and %c, ", repro_letter(r, p->run[0]), repro_letter(r, p->run[1]));
	put_apart(to, p->apart_s);
	fprintf(to, " apart, %s: %s\n", start_of(p), verdict_of(p));
	put_verdicts(to, p);
	for (size_t k = 0; k < p->n && put < most; k++) {
		if (p->cell[k].verdict == REPRO_AGREES)
			continue;
		put_cell_line(to, &p->cell[k]);
		put++;
	}
	if (not_agreeing(p) > put)
		fprintf(to, "    and %zu more (--top)\n", not_agreeing(p) - put);
	for (size_t k = 0; k < p->swaps && k < most; k++)
		fprintf(to, "    changed places: %s: times %.3f, then %.3f, of %s\n",
			p->swap[k].key[1], p->swap[k].ratio[0], p->swap[k].ratio[1],
			p->swap[k].key[0]);
	if (p->swaps > most)
		fprintf(to, "    and %zu pairs of rows more (--top)\n", p->swaps - most);
}

void repro_text(FILE *to, const struct repro *r, size_t most)
{
	for (size_t i = 0; i < r->runs; i++)
		fprintf(to, "%c  %s, began %s, boot %.8s, %.1f %% noisy\n",
			repro_letter(r, &r->run[i]), report_run_id(&r->run[i]),
			repro_began(&r->run[i]), report_run_env(&r->run[i], "boot_id"),
			noisy_pct(&r->run[i]));
	for (size_t i = 0; i < r->pairs; i++)
		put_pair_text(to, r, &r->pair[i], most);
}

/* ---- what is kept ------------------------------------------------------------------ */

typedef void put_fn(struct sheet *s, const struct repro *r);

struct kept {
	const struct repro *r;
	put_fn *put;
};

static int put_kept(void *ctx, FILE *to, char *err, size_t err_len)
{
	const struct kept *k = ctx;
	struct sheet s = {.to = to};
	bool failed;

	k->put(&s, k->r);
	failed = s.row.failed;
	csv_row_free(&s.row);
	if (failed)
		snprintf(err, err_len, "no memory for the tables of %zu pairs", k->r->pairs);
	return failed ? -ENOMEM : 0;
}

static void put_unlike(struct sheet *s, const struct repro *r)
{
	put_cells(s, r, SIZE_MAX, false);
}

static void put_all_swaps(struct sheet *s, const struct repro *r)
{
	put_swaps(s, r, SIZE_MAX);
}

int repro_keep(const struct repro *r, const char *dir, char *err, size_t err_len)
{
	static const struct {
		const char *name;
		put_fn *put;
	} files[] = {{"campaigns.csv", put_campaigns}, {"pairs.csv", put_pairs},
		{"cells.csv", put_unlike}, {"swaps.csv", put_all_swaps}};
	char path[PATH_BYTES];
	int code = 0;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
		code = -errno;
		snprintf(err, err_len, "%.300s cannot be made: %s", dir, strerror(-code));
	}
	for (size_t i = 0; i < ARRAY_LEN(files) && !code; i++) {
		struct kept k = {r, files[i].put};

		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		code = report_save(path, put_kept, &k, err, err_len);
	}
	return code;
}
