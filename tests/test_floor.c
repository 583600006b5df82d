/*
 * Floors: the parts of a hand-over as this machine has them, and sums of them that were
 * worked out by hand.
 */
#include <math.h>
#include <string.h>

#include "tests/floor_scene.h"
#include "tests/support.h"

enum { MEASURE_NS = 40000000, TRIES = 3 };

/* ---- the machine that this is ----------------------------------------------------- */

static void check_part(const struct floor_figure *f, const char *name)
{
	if (!(f->min_ns > 0 && f->min_ns < 1e9 && f->median_ns >= f->min_ns && f->n > 0 && !f->why))
		fail_msg("%s: minimum %g, median %g, n %llu, %s", name, f->min_ns, f->median_ns,
			(unsigned long long)f->n, f->why ? f->why : "");
}

static void check_none(const struct floor_figure *f, const char *why)
{
	assert_true(isnan(f->min_ns) && isnan(f->median_ns) && f->n == 0);
	assert_non_null(f->why);
	assert_non_null(strstr(f->why, why));
}

/* More bytes take longer. */
static bool grows(const struct floor_result *r)
{
	return r->copy[0].min_ns < r->copy[1].min_ns && r->copy[1].min_ns < r->copy[2].min_ns;
}

static void measure(struct topo *t, unsigned a, unsigned b, struct floor_result *r)
{
	static const uint32_t bytes[] = {64, 65536, FLOOR_MAX_BYTES};
	struct clock clock;
	char err[400] = "";
	struct floor_ask ask = {.topo = t,
		.clock = &clock,
		.pu_a = a,
		.pu_b = b,
		.time_ns = MEASURE_NS,
		.bytes = bytes,
		.n_bytes = ARRAY_LEN(bytes)};

	clock_calibrate(&clock, false, NULL, 0);
	/* of a part that lost its processor there may be one sample only */
	for (int i = 0; i < TRIES && !(i > 0 && grows(r)); i++, ask.time_ns *= 4) {
		if (floor_measure(&ask, r, err, sizeof(err)) != 0)
			fail_msg("%s", err);
	}
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		check_part(&r->copy[i], "copy");
	assert_true(grows(r));
	check_part(&r->part[FLOOR_SYSCALL], "syscall");
	check_part(&r->part[FLOOR_ATOMIC], "atomic");
	check_part(&r->part[FLOOR_CLOCK], "clock");
}

static struct topo *open_machine(unsigned pus)
{
	char err[400] = "";
	struct topo *t = topo_open_native(err, sizeof(err));

	if (!t)
		fail_msg("%s", err);
	if (topo_pu_count(t) >= pus && topo_is_thissystem(t))
		return t;
	topo_close(t);
	skip_because("this takes %u PUs of this machine", pus);
	return NULL;
}

static void floor_finds_every_part_of_two_pus(void **state)
{
	struct topo *t = open_machine(2);
	struct floor_result r;

	(void)state;
	measure(t, topo_pu_os(t, 0), topo_pu_os(t, 1), &r);
	check_part(&r.part[FLOOR_LINE_CAS], "line-cas");
	check_part(&r.part[FLOOR_LINE_TWO], "line-two");
	assert_true(r.part[FLOOR_LINE_TWO].spread_ns >= r.part[FLOOR_LINE_TWO].min_ns);
	/* a line is no system call, a wake-up is more than the two that it takes */
	check_none(&r.part[FLOOR_SWITCH], "two PUs");
	if (r.part[FLOOR_WAKE].n == 0) /* others kept these PUs busy: then nobody slept */
		check_none(&r.part[FLOOR_WAKE], "sleep");
	else
		assert_true(r.part[FLOOR_WAKE].min_ns > r.part[FLOOR_SYSCALL].min_ns);
	topo_close(t);
}

static void floor_finds_every_part_of_one_pu(void **state)
{
	struct topo *t = open_machine(1);
	unsigned pu = topo_pu_os(t, topo_pu_count(t) - 1);
	struct floor_result r;

	(void)state;
	measure(t, pu, pu, &r);
	check_part(&r.part[FLOOR_SWITCH], "switch");
	check_part(&r.part[FLOOR_WAKE], "wake");
	check_none(&r.part[FLOOR_LINE_CAS], "one PU");
	check_none(&r.part[FLOOR_LINE_TWO], "one PU");
	/* each turn is a switch, and enters the kernel for it */
	assert_true(r.part[FLOOR_SWITCH].min_ns > r.part[FLOOR_SYSCALL].min_ns);
	assert_true(r.part[FLOOR_WAKE].min_ns > r.part[FLOOR_SYSCALL].min_ns);
	topo_close(t);
}

static void floor_refuses_a_pu_that_is_not_there(void **state)
{
	struct topo *t = open_machine(1);
	struct clock clock;
	struct floor_result r;
	char err[400] = "";
	struct floor_ask ask = {.topo = t, .clock = &clock, .pu_b = 99999, .time_ns = MEASURE_NS};

	(void)state;
	clock_calibrate(&clock, false, NULL, 0);
	ask.pu_a = topo_pu_os(t, 0);
	assert_true(floor_measure(&ask, &r, err, sizeof(err)) < 0);
	assert_true(err[0]);
	topo_close(t);
}

/* ---- sums ----------------------------------------------------------------------- */

struct sum {
	const char *key;
	unsigned a, b;
	double sleeps, ops;
	double ns;
	const char *parts;
};

/* By hand, from the contracts and floor_scene_ns. */
static const struct sum sums[] = {
	/* both sleep; neither; one of them in half of the operations */
	{"channel/pipe/pingpong", PU_A, PU_B, 2, 1e6, 20008, "2 wake + 4 copy-64"},
	{"channel/pipe/pingpong", PU_A, PU_B, 1, 1e6, 228, "2 line + 2 syscall + 4 copy-64"},
	{"channel/pipe/pingpong", PU_A, PU_B, 1.2, 1e6, 10118,
		"1 wake + 1 line + 1 syscall + 4 copy-64"},
	{"channel/pipe/pingpong", PU_B, PU_A, NAN, 1e6, 228, "2 line + 2 syscall + 4 copy-64"},
	/* through in parts: both sides copy at once; slots: one after the other */
	{"channel/pipe/pingpong?size=64K", PU_A, PU_B, 2, 1e6, 24000, "2 wake + 2 copy-65536"},
	{"channel/pipe/pingpong?size=64K", PU_A, PU_A, 2, 1e6, 18000, "2 wake + 4 copy-65536"},
	{"channel/ring-spsc/pingpong?size=64K", PU_A, PU_B, 2, 1e6, 28000, "2 wake + 4 copy-65536"},
	/* who spins does not sleep, whatever the switches are of */
	{"channel/ring-spsc/pingpong?wait=spin", PU_A, PU_B, 2, 1e6, 208, "2 line + 4 copy-64"},
	{"channel/ring-spsc/pingpong?wait=yield", PU_A, PU_A, 2, 1e6, 2008, "2 switch + 4 copy-64"},
	/* above the largest size that is copied; between two sizes */
	{"channel/ring-spsc/pingpong?wait=spin&size=2M", PU_A, PU_B, 0, 1e6, 16200,
		"2 line + 8 copy-65536"},
	{"channel/ring-spsc/pingpong?wait=spin&size=8K", PU_A, PU_B, 0, 1e6, 208,
		"2 line + 4 copy-64"},
	{"channel/ring-spsc/pingpong?wait=spin&size=8", PU_A, PU_B, 0, 1e6, 200, "2 line"},
	/* messages: the slower side's work, or that of all on all PUs */
	{"channel/pipe/stream", PU_A, PU_B, 2, 1e6, 12, "1 syscall + 1 copy-64"},
	{"channel/pipe/stream", PU_A, PU_A, 2, 1e6, 24, "2 syscall + 2 copy-64"},
	{"channel/pipe/stream?fan=3x1", PU_A, PU_B, 2, 1e6, 12, "1 syscall + 1 copy-64"},
	{"channel/ring-spsc/stream?capacity=4&wait=spin", PU_A, PU_B, 0, 1e6, 50, "2 line / 4"},
	{"channel/ring-spsc/stream?capacity=4&wait=spin", PU_A, PU_B, 0, 399, 2, "1 copy-64"},
	{"channel/shm-sem/uncontended?placement=same-pu", PU_A, PU_A, 0, 1e6, 12,
		"8 atomic + 2 copy-64"},
	{"channel/pipe/poll-vain?placement=same-pu", PU_A, PU_A, 0, 1e6, 10, "1 syscall"},
	{"event/epoll/poll-vain?placement=same-pu", PU_A, PU_A, 0, 1e6, 10, "1 syscall"},
	{"channel/file-queue/poll-vain?placement=same-pu", PU_A, PU_A, 0, 1e6, NAN, ""},
	/* locks and events */
	{"lock/mutex/contend?fan=2", PU_A, PU_B, 1, 1e6, 2, "2 atomic"},
	{"event/semaphore/wake-one", PU_A, PU_B, 1, 1e6, 10100, "1 wake + 1 line"},
	{"event/semaphore/wake-one", PU_A, PU_A, 1, 1e6, 6000, "1 wake + 1 switch"},
	{"event/semaphore/wake-one", PU_A, PU_B, 0.4, 1e6, 200, "2 line"},
	{"event/event/wake-all?fan=1x3", PU_A, PU_B, 4, 1e6, 200, "2 line"},
	{"event/event/wake-all?fan=1x3", PU_A, PU_B, 6, 1e6, 10100, "1 wake + 1 line"},
	{"event/event/poll", PU_A, PU_B, 1, 1e6, 10100, "1 wake + 1 line"},
	{"barrier/pthread/rendezvous?fan=3", PU_A, PU_B, 2, 1e6, 100, "1 line"},
	{"barrier/pthread/rendezvous?fan=2", PU_B, PU_B, 2, 1e6, 1000, "1 switch"},
	/* unpinned: wherever it is the least */
	{"channel/pipe/pingpong?placement=unpinned", PLACE_PU_NONE, PLACE_PU_NONE, 2, 1e6, 10008,
		"2 wake + 4 copy-64"},
	/* nothing is known to be needed; nothing is to be bounded */
	{"channel/ring-spsc/poll-vain?placement=same-pu", PU_A, PU_A, 0, 1e6, NAN, ""},
	{"channel/null/pingpong", PU_A, PU_B, 0, 1e6, NAN, ""},
	{"lock/none/contend?fan=2", PU_A, PU_B, 0, 1e6, NAN, ""},
	{"channel/pipe/pingpong", PU_A, PU_B + 1, 2, 1e6, NAN, ""},
	{"channel/pipe/stream", PU_A, PU_B + 1, 2, 1e6, NAN, ""},
};

static void floor_of_a_cell_is_the_sum_of_its_parts(void **state)
{
	struct floors f;

	(void)state;
	floor_scene(&f);
	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		const struct sum *s = &sums[i];
		struct cell c = floor_scene_cell(s->key, s->a, s->b);
		struct floor_sum sum;

		floor_path(&f, &c, s->sleeps, s->ops, 2, &sum);
		if (strcmp(sum.parts, s->parts) != 0 || (sum.why == NULL) != (s->parts[0] != 0) ||
			!(fabs(sum.ns - s->ns) < 1e-6 || (isnan(sum.ns) && isnan(s->ns))))
			fail_msg("%s: %g (%s), not %g (%s)", s->key, sum.ns, sum.parts, s->ns,
				s->parts);
	}
	floors_free(&f);
}

static void floor_of_an_unpinned_cell_needs_all_pairs(void **state)
{
	struct cell c = floor_scene_cell(
		"channel/pipe/pingpong?placement=unpinned", PLACE_PU_NONE, PLACE_PU_NONE);
	struct floors f;
	struct floor_sum sum;

	(void)state;
	floor_scene(&f);
	f.all = false;
	floor_path(&f, &c, 2, 1e6, 2, &sum);
	assert_true(isnan(sum.ns));
	assert_non_null(strstr(sum.why, "unpinned"));
	floors_free(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(floor_finds_every_part_of_two_pus),
		cmocka_unit_test(floor_finds_every_part_of_one_pu),
		cmocka_unit_test(floor_refuses_a_pu_that_is_not_there),
		cmocka_unit_test(floor_of_a_cell_is_the_sum_of_its_parts),
		cmocka_unit_test(floor_of_an_unpinned_cell_needs_all_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
