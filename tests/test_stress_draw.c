/*
 * What a stress run draws: a pure function of seed, number and selection; and
 * what its options mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/stress_draw.h"
#include "harness/topo.h"
#include "tests/support.h"

enum { TRIALS = 300, SCOPE_ERR = 400 };

static struct topo *topo;
static struct stress_settings set;
static struct stress_scope scope;
static char err[SCOPE_ERR];

static int open_topo(void **state)
{
	(void)state;
	topo = topo_open_native(err, sizeof(err));
	return topo ? 0 : -1;
}

static int close_topo(void **state)
{
	(void)state;
	topo_close(topo);
	return 0;
}

/* The scope of a command line. */
static void open_scope(int argc, char **argv)
{
	assert_int_equal(stress_opt_parse(&set, argc, argv), OPT_RUN);
	if (stress_scope_init(&scope, &set, topo, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

#define OPEN(...)                                                                                  \
	do {                                                                                       \
		char line_[][80] = {"stress", __VA_ARGS__}, *argv_[16];                            \
		int argc_ = (int)(sizeof(line_) / sizeof(*line_));                                 \
		for (int i_ = 0; i_ < argc_; i_++)                                                 \
			argv_[i_] = line_[i_];                                                     \
		argv_[argc_] = NULL;                                                               \
		open_scope(argc_, argv_);                                                          \
	} while (0)

static int close_scope(void **state)
{
	(void)state;
	stress_scope_free(&scope);
	stress_opt_free(&set);
	return 0;
}

static void draw(uint64_t k, struct stress_trial *t)
{
	memset(t, 0, sizeof(*t));
	if (stress_draw(&scope, k, t, err, sizeof(err)) != 0)
		fail_msg("trial %lu: %s", (unsigned long)k, err);
}

static void describe(uint64_t k, char *text, size_t len)
{
	struct stress_trial t;

	draw(k, &t);
	stress_describe(&t, text, len);
}

static void draw_follows_from_seed_and_number_alone(void **state)
{
	char forth[TRIALS][512], text[512];
	unsigned same = 0;

	(void)state;
	OPEN("--seed", "17");
	for (unsigned k = 0; k < TRIALS; k++)
		describe(k + 1, forth[k], sizeof(*forth));
	for (unsigned k = TRIALS; k-- > 0;) { /* whatever was drawn before */
		describe(k + 1, text, sizeof(text));
		assert_string_equal(text, forth[k]);
	}
	close_scope(NULL);
	OPEN("--seed", "18");
	for (unsigned k = 0; k < TRIALS; k++) {
		describe(k + 1, text, sizeof(text));
		same += strcmp(text, forth[k]) == 0;
	}
	assert_int_equal(same, 0);
}

static void draw_keeps_to_the_axes_that_are_named(void **state)
{
	struct stress_trial t;

	(void)state;
	OPEN("--seed", "1", "-m", "channel/pipe*,channel/queue-fifo", "-w", "stream,drain", "-d",
		"process", "-s", "64,4K", "-f", "1x1,2x1");
	for (unsigned k = 1; k <= TRIALS; k++) {
		draw(k, &t);
		assert_true(strncmp(t.cell.mech->name, "channel/pipe", 12) == 0 ||
			    strcmp(t.cell.mech->name, "channel/queue-fifo") == 0);
		assert_true(t.cell.domain == DOMAIN_PROCESS && t.cell.side_b == 1);
		assert_true(t.cell.msg_bytes == 64 || t.cell.msg_bytes == 4096);
		assert_true(strcmp(t.cell.workload->name, "stream") == 0 ||
			    strcmp(t.cell.workload->name, "drain") == 0);
	}
}

/* Nothing that the selection holds is out of reach. */
static void draw_reaches_all_of_the_selection(void **state)
{
	bool domain[DOMAIN_COUNT] = {false}, start[START_COUNT] = {false};
	bool wait[WAIT_COUNT] = {false}, odd = false, large = false, one = false, many = false;
	struct stress_trial t;

	(void)state;
	OPEN("--seed", "1", "-m", "channel/ring-*");
	for (unsigned k = 1; k <= TRIALS; k++) {
		draw(k, &t);
		domain[t.cell.domain] = start[t.cell.start] = wait[t.cell.wait] = true;
		odd |= t.cell.msg_bytes % 8 != 0;
		large |= t.cell.msg_bytes > 1 << 16;
		one |= t.cell.msg_bytes == 1;
		many |= t.cell.side_a > 2;
		assert_in_range(t.cell.msg_bytes, 1, 1 << 20);
		assert_in_range(t.load.soak_ns, 100000000, 500000000);
		assert_true(t.cell.n > 0 && t.cell.block > 0 && t.load.verify);
	}
	assert_true(domain[DOMAIN_THREAD] && odd && large && one && many);
	assert_true(wait[WAIT_SPIN] && wait[WAIT_BLOCK]);
	if (!SUPPORT_TSAN)
		assert_true(domain[DOMAIN_PROCESS] && start[START_EXEC]);
}

/* Each operation of eight spinners on one processor is a turn of each: rounds of them are short. */
static void draw_gives_short_rounds_to_spinners_that_share_a_processor(void **state)
{
	struct stress_trial t;
	uint64_t most = 0;

	(void)state;
	OPEN("--seed", "1", "-w", "rendezvous", "-f", "8", "-p", "same-pu", "--wait", "spin");
	for (unsigned k = 1; k <= TRIALS; k++) {
		draw(k, &t);
		assert_in_range(t.cell.n, 1, 500 / 8);
	}
	close_scope(NULL);
	OPEN("--seed", "1", "-w", "rendezvous", "-f", "8", "-p", "same-pu", "--wait", "block");
	for (unsigned k = 1; k <= TRIALS; k++) {
		draw(k, &t);
		most = t.cell.n > most ? t.cell.n : most;
	}
	assert_true(most > 500);
}

static void draw_leaves_floors_and_races_out_unless_named_in_full(void **state)
{
	struct stress_trial t;

	(void)state;
	OPEN("--seed", "1", "-m", "lock/*,channel/*");
	for (unsigned k = 1; k <= TRIALS; k++) {
		draw(k, &t);
		assert_false(t.cell.mech->flags & (MECH_FLOOR | MECH_RACY));
	}
	close_scope(NULL);
	OPEN("--seed", "1", "-m", "lock/none");
	draw(1, &t);
	assert_string_equal(t.cell.mech->name, "lock/none");
}

/* What makes a replay: the cell from its key, the load of the same trial. */
static void draw_of_a_given_cell_has_the_load_of_its_trial(void **state)
{
	struct stress_trial drawn, again;
	char key[CELL_KEY + 8];

	(void)state;
	for (unsigned k = 1; k <= 20; k++) {
		OPEN("--seed", "5");
		draw(k, &drawn);
		close_scope(NULL);
		snprintf(key, sizeof(key), "--cell=%s", drawn.cell.key);
		char *argv[] = {(char[]){"stress"}, (char[]){"--seed=5"}, key, NULL};

		open_scope(3, argv);
		draw(k, &again);
		assert_string_equal(again.cell.key, drawn.cell.key);
		assert_true(again.cell.n == drawn.cell.n && again.cell.block == drawn.cell.block);
		assert_memory_equal(&again.load, &drawn.load, sizeof(again.load));
		close_scope(NULL);
	}
	OPEN("--seed", "5"); /* for the teardown */
}

/* ---- options -------------------------------------------------------------- */

static void messages_are_counted_in_thousands(void **state)
{
	static const struct {
		const char *text;
		uint64_t n;
	} good[] = {{"1", 1}, {"1000", 1000}, {"3k", 3000}, {"3K", 3000}, {"2.5M", 2500000},
		{"1G", 1000000000}, {"1000T", 1000000000000000}};
	static const char *const bad[] = {"", "0", "-1", "1e9", "1Q", "2.M", ".5M", "1.25", "1001T",
		"G", "1 000", "99999999999999999999"};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(stress_parse_messages(good[i].text, &n, err, sizeof(err)), 0);
		assert_int_equal(n, good[i].n);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err[0] = '\0';
		if (stress_parse_messages(bad[i], &n, err, sizeof(err)) == 0)
			fail_msg("\"%s\" is taken for %lu", bad[i], (unsigned long)n);
		assert_true(err[0]);
	}
}

static void faults_are_read_whole_or_not_at_all(void **state)
{
	static const char *const bad[] = {"", "drop", "drop@", "drop@0", "drop@x", "drop@5/",
		"drop@5/256", "dorp@5", "none@5", "burn@5", "die@5", "die@nowhere:5", "drop@mid:5",
		"drop@5x", "@5"};
	struct trial_fault f;

	(void)state;
	assert_int_equal(stress_parse_fault("flip-middle@1000", &f, err, sizeof(err)), 0);
	assert_true(f.act == PROBE_FLIP_MIDDLE && f.nth == 1000 && f.worker == 0);
	assert_int_equal(stress_parse_fault("drop@7/3", &f, err, sizeof(err)), 0);
	assert_true(f.act == PROBE_DROP && f.nth == 7 && f.worker == 3);
	assert_int_equal(stress_parse_fault("die@mid-write:5/1", &f, err, sizeof(err)), 0);
	assert_true(
		f.act == PROBE_DIE && f.point == POINT_MID_WRITE && f.nth == 5 && f.worker == 1);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err[0] = '\0';
		if (stress_parse_fault(bad[i], &f, err, sizeof(err)) == 0)
			fail_msg("\"%s\" is taken for a fault", bad[i]);
		assert_true(err[0]);
	}
}

#define DRAW(f) cmocka_unit_test_teardown(f, close_scope)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DRAW(draw_follows_from_seed_and_number_alone),
		DRAW(draw_keeps_to_the_axes_that_are_named),
		DRAW(draw_reaches_all_of_the_selection),
		DRAW(draw_gives_short_rounds_to_spinners_that_share_a_processor),
		DRAW(draw_leaves_floors_and_races_out_unless_named_in_full),
		DRAW(draw_of_a_given_cell_has_the_load_of_its_trial),
		cmocka_unit_test(messages_are_counted_in_thousands),
		cmocka_unit_test(faults_are_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("stress_draw", tests, open_topo, close_topo);
}
