/* `handoff repro`: campaigns made of two seeds, and what must not pass for agreement. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "bench/cmd.h"
#include "bench/repro.h"
#include "tests/sample_rows.h"

enum { CELLS = 60, TRIALS = 6, ROWS = CELLS * TRIALS, PATH = 200, RUNS = 3 };

/* How a campaign is made. */
struct made {
	uint64_t seed;
	const char *cpu, *boot, *began;
	double shift;         /* every 5th cell is so many times as slow */
	double factor;        /* all cells are */
	size_t trials, cells; /* 0: TRIALS, CELLS */
	bool reversed;        /* the fast ones are slow */
	bool alike;           /* no cell differs from another but by much noise */
	bool noisy;           /* a third of the trials, and 1000 times as slow */
};

static unsigned next_random(uint64_t *seed)
{
	uint64_t v = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

	v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
	v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
	return (unsigned)(v >> 33);
}

/* Sizes stand for groups, mechanisms for rows: ten of each six, 30 % from one to the next. */
static struct at place_of(size_t cell)
{
	static const char *const mechanism[] = {"channel/a", "channel/b", "channel/c", "channel/d",
		"channel/e", "channel/f", "channel/g", "channel/h", "channel/i", "channel/j"};

	return (struct at){
		.mechanism = mechanism[cell % 10], .bytes = 8.0 * (double)(1 + cell / 10)};
}

static double figure_of(const struct made *m, size_t cell, uint64_t *seed)
{
	size_t order = m->reversed ? 9 - cell % 10 : cell % 10;
	double noise = (double)(next_random(seed) % 1000) / 1000 - 0.5;

	if (m->alike)
		return 5000 * (1 + noise);
	return 5000 * pow(1.3, (double)order) * (1 + 0.04 * noise) * m->factor *
	       (cell % 5 == 3 ? m->shift : 1);
}

static void write_environment(const char *dir, const struct made *m)
{
	char env[500];

	(void)snprintf(env, sizeof(env),
		"key,value,reason\nhost,here,\ncpu_model,%s,\nkernel,6.1.0,\nbinary_id,b1,\n"
		"boot_id,%s,\nload_average,0.1 0.2 0.3,\n",
		m->cpu ? m->cpu : "CPU", m->boot ? m->boot : "11111111-2222");
	append_text(dir, "environment.csv", env);
}

/* dir/NAME; its path in out. */
static void make_campaign(const char *dir, const char *name, struct made m, char out[PATH])
{
	struct sample *rows = calloc(ROWS, sizeof(*rows));
	size_t n = 0, trials = m.trials ? m.trials : TRIALS, cells = m.cells ? m.cells : CELLS;
	uint64_t seed = m.seed;

	assert_non_null(rows);
	m.shift = m.shift > 0 ? m.shift : 1;
	m.factor = m.factor > 0 ? m.factor : 1;
	(void)snprintf(out, PATH, "%s/%s", dir, name);
	assert_int_equal(mkdir(out, 0700), 0);
	for (size_t cell = 0; cell < cells; cell++) {
		for (size_t t = 0; t < trials; t++) {
			struct at at = place_of(cell);
			bool noisy = m.noisy && t % 3 == 0;

			at.block = (double)t;
			rows[n] = row_with(at, figure_of(&m, cell, &seed) * (noisy ? 1000 : 1));
			if (noisy)
				set_noisy(&rows[n]);
			(void)snprintf(rows[n].run_id, sizeof(rows[n].run_id), "%s", name);
			(void)snprintf(rows[n].timestamp_utc, sizeof(rows[n].timestamp_utc), "%s",
				m.began ? m.began : "2026-01-02T03:04:05Z");
			n++;
		}
	}
	write_samples(out, rows, n);
	write_environment(out, &m);
	free(rows);
}

struct output {
	int code;
	char *out, *err;
};

static int redirect(const char *dir, const char *name, int fd)
{
	char path[PATH];
	int saved = dup(fd), file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && file >= 0);
	assert_true(dup2(file, fd) >= 0);
	(void)close(file);
	return saved;
}

static void restore(int saved, int fd)
{
	assert_true(dup2(saved, fd) >= 0);
	(void)close(saved);
}

/* cmd_repro() with these words, what it wrote beside. */
static struct output repro_command(const char *dir, const char *const *word, int n)
{
	char *argv[10] = {(char *)(uintptr_t) "repro"};
	int saved[2];
	struct output o;

	for (int i = 0; i < n; i++)
		argv[i + 1] = (char *)(uintptr_t)word[i];
	(void)fflush(stdout);
	(void)fflush(stderr);
	saved[0] = redirect(dir, "said", STDOUT_FILENO);
	saved[1] = redirect(dir, "complained", STDERR_FILENO);
	o.code = cmd_repro(n + 1, argv);
	(void)fflush(stdout);
	(void)fflush(stderr);
	restore(saved[0], STDOUT_FILENO);
	restore(saved[1], STDERR_FILENO);
	o.out = read_text_file(dir, "said");
	o.err = read_text_file(dir, "complained");
	return o;
}

static void free_output(struct output *o)
{
	free(o->out);
	free(o->err);
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (const char *c = text; *c; c++)
		n += *c == '\n';
	return n;
}

/* Two campaigns, and what the command says of them. */
static void check_two(
	const char *dir, struct made a, struct made b, int code, const char *says, const char *too)
{
	char path[2][PATH];
	const char *words[] = {path[0], path[1]};
	struct output o;

	make_campaign(dir, "first", a, path[0]);
	make_campaign(dir, "second", b, path[1]);
	o = repro_command(dir, words, 2);
	if (o.code != code)
		fail_msg("exit %d, not %d:\n%s%s", o.code, code, o.out, o.err);
	check_says(code == EXIT_NOTHING ? o.err : o.out, says);
	check_says(code == EXIT_NOTHING ? o.err : o.out, too);
	free_output(&o);
}

static void campaigns_of_two_seeds_agree(void **state)
{
	check_two(*state, (struct made){.seed = 1},
		(struct made){.seed = 2, .boot = "33333333-4", .began = "2026-01-02T05:04:05Z"},
		EXIT_FINE, "A and B, 2.0 h apart, new boot: reproduced",
		"order: tau-b 1.000 over 270 pairs of rows");
}

static void cells_that_moved_are_named_with_how_far(void **state)
{
	char cell[400];
	const struct at at = place_of(3);

	(void)snprintf(cell, sizeof(cell), "    %s: times 1.5", row_at(at).cell);
	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .shift = 1.55},
		EXIT_INCONCLUSIVE, "same boot: not reproduced", cell);
}

static void an_order_that_turned_round_is_seen(void **state)
{
	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .reversed = true},
		EXIT_INCONCLUSIVE, "goal 0.95: not met", "goal 90 %: not met");
}

static void cells_that_all_moved_alike_do_not_agree_though_the_order_does(void **state)
{
	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .factor = 1.2},
		EXIT_INCONCLUSIVE, "goal 90 %: not met", "goal 0.95: met");
}

static void rows_that_changed_places_are_named_in_the_order_of_how_far(void **state)
{
	char path[2][PATH], kept[PATH], first[500], *text;
	const char *words[] = {"--out", kept, path[0], path[1]};
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1, .cells = 10}, path[0]);
	make_campaign(
		*state, "second", (struct made){.seed = 2, .cells = 10, .reversed = true}, path[1]);
	(void)snprintf(kept, sizeof(kept), "%s/kept", (const char *)*state);
	o = repro_command(*state, words, 4);
	assert_int_equal(o.code, EXIT_INCONCLUSIVE);
	check_says(o.out, "of them 45 the other way round");
	check_says(o.out, "    changed places: channel/");
	check_says(o.out, "    and 25 pairs of rows more (--top)");
	text = read_text_file(kept, "swaps.csv");
	assert_non_null(text);
	assert_int_equal(lines_of(text), 1 + 45);
	(void)snprintf(first, sizeof(first), "%.490s", strchr(text, '\n'));
	check_says(first, "\nA-B,channel/a/"); /* the first and the last of ten: 1.3 ^ 9 */
	check_says(first, ",10.");
	check_says(first, ",0.09");
	free(text);
	free_output(&o);
}

static void an_order_of_chance_does_not_agree_though_the_cells_do(void **state)
{
	check_two(*state, (struct made){.seed = 1, .alike = true},
		(struct made){.seed = 2, .alike = true}, EXIT_INCONCLUSIVE, "goal 90 %: met",
		"goal 0.95: not met");
}

/* One row of one ranking in each: the cells may agree, of an order nothing is known. */
static void campaigns_with_nothing_to_rank_do_not_agree_about_an_order(void **state)
{
	char path[2][PATH], kept[PATH], *text;
	const char *words[] = {"--out", kept, path[0], path[1]};
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1, .cells = 1}, path[0]);
	make_campaign(*state, "second", (struct made){.seed = 2, .cells = 1}, path[1]);
	(void)snprintf(kept, sizeof(kept), "%s/kept", (const char *)*state);
	o = repro_command(*state, words, 4);
	assert_int_equal(o.code, EXIT_NOTHING);
	check_says(o.err, "nothing could be ranked");
	check_says(o.out, ": the cells are reproduced, of an order nothing is known\n");
	check_says(o.out, "cells: 1 of 1 agree");
	check_says(o.out, "differ by more than 10 %: nothing could be ranked\n");
	text = read_text_file(kept, "pairs.csv");
	check_says(text, ",met,nothing to order\n");
	free(text);
	free_output(&o);
}

/* A pair of campaigns that has rows to rank does not stand for one that has none. */
static void one_pair_with_nothing_to_rank_is_enough_to_say_so(void **state)
{
	char path[RUNS][PATH];
	const char *words[] = {path[0], path[1], path[2]};
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1}, path[0]);
	make_campaign(*state, "second", (struct made){.seed = 2}, path[1]);
	make_campaign(*state, "third", (struct made){.seed = 3, .cells = 1}, path[2]);
	o = repro_command(*state, words, 3);
	assert_int_equal(o.code, EXIT_NOTHING);
	check_says(o.out, "goal 0.95: met");
	check_says(o.out, ": reproduced\n");
	check_says(o.out, "nothing could be ranked\n");
	free_output(&o);
}

static void trials_too_few_for_an_interval_never_agree(void **state)
{
	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .trials = 2},
		EXIT_INCONCLUSIVE, "cells: none could be judged",
		"60 cells have too few ok trials for a 95 % interval");
}

static void noisy_trials_are_left_out_where_there_are_enough_clean_ones(void **state)
{
	char path[2][PATH];
	const char *words[] = {path[0], path[1], "--format=csv"};
	struct output o;

	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .noisy = true},
		EXIT_FINE, "boot 11111111, 33.3 % noisy", ": reproduced");
	(void)snprintf(path[0], PATH, "%s/first", (const char *)*state);
	(void)snprintf(path[1], PATH, "%s/second", (const char *)*state);
	o = repro_command(*state, words, 3);
	check_says(o.out, ",6,4,0,0\n"); /* trials and noisy ones that were used */
	assert_null(strstr(o.out, ",6,6,"));
	free_output(&o);
}

static void another_machine_is_not_comparable(void **state)
{
	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .cpu = "Other"},
		EXIT_NOTHING, "are not comparable: their cpu_model differs: CPU and Other",
		"`handoff report RUN RUN`");
}

static void machines_that_nobody_recorded_are_not_comparable(void **state)
{
	char path[2][PATH], file[PATH + 20];
	const char *words[] = {path[0], path[1]};
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1}, path[0]);
	make_campaign(*state, "second", (struct made){.seed = 2}, path[1]);
	(void)snprintf(file, sizeof(file), "%s/environment.csv", path[1]);
	assert_int_equal(unlink(file), 0);
	o = repro_command(*state, words, 2);
	assert_int_equal(o.code, EXIT_NOTHING);
	check_says(o.err, "does not say what machine");
	free_output(&o);
}

static void cells_of_one_campaign_only_are_counted_apart(void **state)
{
	check_two(*state, (struct made){.seed = 1}, (struct made){.seed = 2, .cells = 50},
		EXIT_FINE, "10 cells ran in the first only, 0 in the second only", " of 50 agree");
}

static void campaigns_without_a_common_cell_are_not_comparable(void **state)
{
	char path[2][PATH];
	const char *words[] = {path[0], path[1]};
	struct sample row = row_with((struct at){.mechanism = "channel/other"}, 5000);
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1}, path[0]);
	make_campaign(*state, "second", (struct made){.seed = 2, .cells = 1}, path[1]);
	write_samples(path[1], &row, 1);
	o = repro_command(*state, words, 2);
	assert_int_equal(o.code, EXIT_NOTHING);
	check_says(o.err, "no cell in common");
	free_output(&o);
}

static void what_is_no_pair_of_campaigns_is_refused(void **state)
{
	char path[PATH];
	const char *words[] = {path, path}, *format[] = {"--format=xml", path, path};
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1, .cells = 2}, path);
	o = repro_command(*state, words, 1);
	assert_int_equal(o.code, EXIT_USAGE);
	check_says(o.err, "give two runs or more");
	free_output(&o);
	o = repro_command(*state, words, 2);
	assert_int_equal(o.code, EXIT_USAGE);
	check_says(o.err, "are the same run");
	free_output(&o);
	o = repro_command(*state, format, 3);
	assert_int_equal(o.code, EXIT_USAGE);
	check_says(o.err, "there are text, csv and markdown");
	free_output(&o);
}

static void every_pair_of_campaigns_is_judged_and_every_cell_in_csv(void **state)
{
	char path[RUNS][PATH];
	const char *words[] = {"--format=csv", path[0], path[1], path[2]};
	struct output o;

	make_campaign(*state, "first", (struct made){.seed = 1}, path[0]);
	make_campaign(*state, "second", (struct made){.seed = 2}, path[1]);
	make_campaign(*state, "third", (struct made){.seed = 3, .shift = 2.05}, path[2]);
	o = repro_command(*state, words, 4);
	assert_int_equal(o.code, EXIT_INCONCLUSIVE);
	assert_int_equal(lines_of(o.out), 1 + 3 * CELLS);
	check_says(o.out, "\nA-B,");
	check_says(o.out, "\nA-C,channel/d/pingpong?domain=thread&size=");
	check_says(o.out, ",differs,2.0");
	check_says(o.out, "\nB-C,");
	free_output(&o);
}

/* What the repository keeps: the pairs, and of the cells what did not agree. */
static void what_is_kept_is_small_and_the_same_as_is_printed(void **state)
{
	char path[2][PATH], kept[PATH], *text;
	const char *words[] = {"--format", "markdown", "--top=1", "--out", kept, path[0], path[1]};
	struct output o;
	size_t agree, differ = 0;
	char more[60];

	make_campaign(*state, "first", (struct made){.seed = 1}, path[0]);
	make_campaign(*state, "second", (struct made){.seed = 2, .shift = 1.55}, path[1]);
	(void)snprintf(kept, sizeof(kept), "%s/kept", (const char *)*state);
	o = repro_command(*state, words, 7);
	assert_int_equal(o.code, EXIT_INCONCLUSIVE);
	check_says(o.out, "| A | first | 2026-01-02T03:04:05Z | 11111111 | 360 | 0.0 |");
	text = read_text_file(kept, "pairs.csv");
	assert_non_null(text);
	assert_int_equal(
		sscanf(strstr(text, "\nA-B,"), "\nA-B,0.00,same boot,%zu,%zu,", &agree, &differ),
		2);
	assert_int_equal(agree + differ, CELLS);
	assert_in_range(differ, 12, 18); /* twelve moved; few others fall outside by chance */
	(void)snprintf(more, sizeof(more), "\n%zu more are not shown.\n", differ - 1);
	check_says(o.out, more);
	free(text);
	text = read_text_file(kept, "cells.csv");
	assert_non_null(text);
	assert_int_equal(lines_of(text), 1 + differ);
	assert_null(strstr(text, "agrees"));
	free(text);
	text = read_text_file(kept, "campaigns.csv");
	check_says(text, "\nB,second,");
	free(text);
	free_output(&o);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(campaigns_of_two_seeds_agree),
		IN_DIR(cells_that_moved_are_named_with_how_far),
		IN_DIR(an_order_that_turned_round_is_seen),
		IN_DIR(cells_that_all_moved_alike_do_not_agree_though_the_order_does),
		IN_DIR(rows_that_changed_places_are_named_in_the_order_of_how_far),
		IN_DIR(an_order_of_chance_does_not_agree_though_the_cells_do),
		IN_DIR(campaigns_with_nothing_to_rank_do_not_agree_about_an_order),
		IN_DIR(one_pair_with_nothing_to_rank_is_enough_to_say_so),
		IN_DIR(trials_too_few_for_an_interval_never_agree),
		IN_DIR(noisy_trials_are_left_out_where_there_are_enough_clean_ones),
		IN_DIR(another_machine_is_not_comparable),
		IN_DIR(machines_that_nobody_recorded_are_not_comparable),
		IN_DIR(cells_of_one_campaign_only_are_counted_apart),
		IN_DIR(campaigns_without_a_common_cell_are_not_comparable),
		IN_DIR(what_is_no_pair_of_campaigns_is_refused),
		IN_DIR(every_pair_of_campaigns_is_judged_and_every_cell_in_csv),
		IN_DIR(what_is_kept_is_small_and_the_same_as_is_printed),
	};

	return cmocka_run_group_tests_name("repro", tests, NULL, NULL);
}
