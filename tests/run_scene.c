/* run_scene.c - see run_scene.h. */
#include "tests/run_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERR = 1200, TRIAL_NS = 30 * 1000 * 1000 };

struct support_dir run_dir;

static const struct clock clock_raw = {.ns_per_tick_q32 = 1ull << 32, .hz = 1000000000};

int run_setup(void **state)
{
	(void)state;
	support_open(&run_dir);
	return 0;
}

int run_teardown(void **state)
{
	(void)state;
	support_close(&run_dir);
	return 0;
}

/* ---- a trial that never ran ---------------------------------------------------------- */

static struct cell make_cell(void)
{
	struct cell c;
	char err[ERR] = "";

	if (cell_parse(&c, "channel/queue-fifo/pingpong?placement=unpinned", err, sizeof(err)) != 0)
		fail_msg("%s", err);
	c.pu[0] = c.pu[1] = PLACE_PU_NONE;
	c.stretch_ns = TRIAL_NS;
	return c;
}

struct trial_result *run_result(uint64_t ops)
{
	struct trial_result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->status = TRIAL_OK;
	r->ops = r->cpu_ops = ops;
	r->elapsed_ns = TRIAL_NS;
	r->overlap_permille = 1000;
	r->fairness = 1;
	r->full_waits = r->empty_waits = UNKNOWN_COUNT;
	r->hist_kind[0] = KIND_RTT;
	r->hist_kind[1] = KIND_WAIT;
	for (unsigned side = 0; side < 2; side++) {
		hist_reset(&r->hist[side]);
		for (uint64_t i = 0; i < SAMPLES; i++)
			hist_record(&r->hist[side], 1000 + i * (side + 1));
	}
	return r;
}

struct sample run_row(const struct session *s, const struct trial_result *r, uint64_t block)
{
	const struct row_common common = {
		.run_id = s->run_id, .host = s->host, .clock = &clock_raw, .cpus = 64};
	const struct row_place at = {.block = block, .rep = block, .attempt = 1};
	struct cell c = make_cell();
	struct sample row;

	row_fill(&row, &common, &c, r, &at);
	return row;
}

void run_commit(struct session *s, struct trial_result *r, uint64_t block)
{
	struct sample row = run_row(s, r, block);
	char err[ERR] = "";

	if (session_commit(s, &row, r, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

void run_new(struct session *s)
{
	char err[ERR] = "";

	if (session_create(s, support_path(&run_dir, "run"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

void run_check(size_t n)
{
	struct sample *row = NULL;
	size_t found = 0;
	char err[ERR] = "";

	if (samples_read(support_path(&run_dir, "run/samples.csv"), &row, &found, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(found, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(row[i].block, i);
		assert_string_equal(row[i].run_id, "run");
	}
	free(row);
}

void run_again(struct session *s)
{
	char err[ERR] = "";

	if (session_resume(s, support_path(&run_dir, "run"), err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_string_equal(s->run_id, "run");
}
