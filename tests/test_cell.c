/*
 * Cells: their keys there and back over the whole product of axes, and the
 * combinations that are impossible.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell.h"
#include "bench/registry.h"
#include "tests/support.h"

static const uint32_t sizes[] = {1, 7, 8, 64, 4097, 1 << 20};
static const uint32_t capacities[] = {1, 2, 1024, 65536};
static const char *const placements[] = {
	"nearest", "unpinned", "same-pu", "pu:0+pu:3", "core:0+core:1"};
/* {a, 0}: one number */
static const uint32_t fans[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 4}, {1, 0}, {4, 0}, {16, 0}};

/* ---- the product ------------------------------------------------------------ */

typedef void visit_fn(struct cell *c, bool one_side);

/* One combination in so many, and all under HANDOFF_TEST_LONG=1; prime: all values turn up. */
enum { SAMPLED = 7 };

static bool is_sampled(void)
{
	static unsigned seen;

	return getenv("HANDOFF_TEST_LONG") || seen++ % SAMPLED == 0;
}

/* Each size with each of the capacities and placements. */
static void visit_sizes(const struct cell *base, bool one_side, visit_fn *visit)
{
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		for (size_t cap = 0; cap < ARRAY_LEN(capacities); cap++) {
			for (size_t p = 0; p < ARRAY_LEN(placements); p++) {
				struct cell c;

				if (!is_sampled())
					continue;
				c = *base;
				c.msg_bytes = sizes[s];
				c.capacity = capacities[cap];
				snprintf(c.placement, sizeof(c.placement), "%s", placements[p]);
				visit(&c, one_side);
			}
		}
	}
}

static void visit_workers(const struct cell *base, visit_fn *visit)
{
	for (int d = 0; d < DOMAIN_COUNT * START_COUNT * WAIT_COUNT; d++) {
		for (size_t f = 0; f < ARRAY_LEN(fans); f++) {
			struct cell c = *base;

			c.domain = (enum domain)(d % DOMAIN_COUNT);
			c.start = (enum start)(d / DOMAIN_COUNT % START_COUNT);
			c.wait = (enum wait)(d / DOMAIN_COUNT / START_COUNT);
			c.side_a = fans[f][0];
			c.side_b = fans[f][1];
			visit_sizes(&c, fans[f][1] == 0, visit);
		}
	}
}

/* Every mechanism with every workload of its family and every value of every axis. */
static void visit_all(visit_fn *visit)
{
	size_t n;
	const struct workload *w = workload_all(&n);

	for (size_t m = 0; m < registry_count(); m++) {
		for (size_t i = 0; i < n; i++) {
			struct cell c = {.mech = registry_all()[m], .workload = &w[i]};

			if (w[i].family == c.mech->family)
				visit_workers(&c, visit);
		}
	}
}

/* ---- keys -------------------------------------------------------------------- */

static unsigned cells_seen, reasons_seen;

static void check_same(const struct cell *a, const struct cell *b)
{
	assert_ptr_equal(a->mech, b->mech);
	assert_ptr_equal(a->workload, b->workload);
	assert_int_equal(a->domain, b->domain);
	assert_int_equal(a->start, b->start);
	assert_int_equal(a->wait, b->wait);
	assert_int_equal(a->side_a, b->side_a);
	assert_int_equal(a->side_b, b->side_b);
	assert_int_equal(a->msg_bytes, b->msg_bytes);
	assert_int_equal(a->capacity, b->capacity);
	assert_string_equal(a->placement, b->placement);
	assert_string_equal(a->key, b->key);
}

static void check_round_trip(struct cell *c, bool one_side)
{
	const char *why = cell_normalise(c, one_side);
	static struct cell back;
	char err[400] = "";

	if (why) {
		assert_true(why[0] != '\0');
		reasons_seen++;
		return;
	}
	if (cell_parse(&back, c->key, err, sizeof(err)) != 0)
		fail_msg("%s: %s", c->key, err);
	check_same(c, &back);
	back = *c;
	assert_null(cell_normalise(&back, workload_one_role(c->workload)));
	check_same(c, &back); /* what is normal stays as it is */
	cells_seen++;
}

static void cell_key_leads_back_to_the_same_axes(void **state)
{
	(void)state;
	cells_seen = reasons_seen = 0;
	visit_all(check_round_trip);
	print_message("%u cells, %u impossible combinations\n", cells_seen, reasons_seen);
	assert_true(cells_seen > 10000 && reasons_seen > 10000);
}

/* The name of the axis that begins at `axis`, before its '='. */
static size_t name_length(const char *axis)
{
	return strcspn(axis, "=");
}

/* domain, fan, (size,) placement; then the others, sorted. */
static void check_order(struct cell *c, bool one_side)
{
	const char *axis, *last = NULL;

	if (cell_normalise(c, one_side))
		return;
	axis = strstr(c->key, "&placement=");
	assert_non_null(axis);
	assert_non_null(strstr(c->key, "?domain="));
	assert_non_null(strstr(c->key, "&fan="));
	assert_int_equal(c->msg_bytes != 0, strstr(c->key, "&size=") != NULL);
	while ((axis = strchr(axis + 1, '&'))) {
		if (last)
			assert_true(memcmp(last + 1, axis + 1, name_length(axis + 1)) < 0);
		last = axis;
	}
}

static void cell_key_has_its_further_axes_in_alphabetical_order(void **state)
{
	(void)state;
	visit_all(check_order);
}

static void check_key(const char *given, const char *want)
{
	struct cell c;
	char err[400] = "";

	if (cell_parse(&c, given, err, sizeof(err)) != 0)
		fail_msg("%s: %s", given, err);
	assert_string_equal(c.key, want);
}

static void cell_key_leaves_defaults_out(void **state)
{
	static const char plain[] =
		"channel/queue-fifo/stream?domain=thread&fan=1x1&size=64&placement=nearest";

	(void)state;
	check_key("channel/queue-fifo/stream", plain);
	check_key(plain, plain);
	check_key("channel/queue-fifo/stream?capacity=1024&start=fork&wait=block", plain);
	check_key("lock/mutex/contend?fan=2",
		"lock/mutex/contend?domain=thread&fan=2&placement=nearest");
	/* the only wait that it has is its default, though the product's is another */
	check_key("lock/atomic-add/contend?wait=spin&fan=2",
		"lock/atomic-add/contend?domain=thread&fan=2&placement=nearest");
}

static void cell_key_names_what_is_not_at_its_default(void **state)
{
	static const char full[] = "channel/ring-spsc/stream?domain=process&fan=1x1&size=4096"
				   "&placement=nearest&capacity=7&start=exec&wait=spin-then-block";

	(void)state;
	check_key(full, full);
	check_key("channel/ring-spsc/stream?wait=spin-then-block&start=exec&size=4K&capacity=7"
		  "&domain=process",
		full); /* in any order, with units */
	/* what a lock guards beside its counter; nothing unless asked */
	check_key("lock/mutex/contend?size=64&fan=2",
		"lock/mutex/contend?domain=thread&fan=2&size=64&placement=nearest");
	check_key("lock/mutex-recursive/contend?fan=2&depth=3",
		"lock/mutex-recursive/contend?domain=thread&fan=2&placement=nearest&depth=3");
	check_key("lock/gil-ticks/convoy?ticks=7&released=10&interval=1ms",
		"lock/gil-ticks/convoy?domain=thread&fan=1x1&placement=nearest&released=10"
		"&ticks=7");
	check_key("lock/gil-interval/convoy?interval=1500us&fan=1x4",
		"lock/gil-interval/convoy?domain=thread&fan=1x4&placement=nearest"
		"&interval=1500us");
	check_key("rwlock/mutex/readers?reads=0&fan=2",
		"rwlock/mutex/readers?domain=thread&fan=2&size=64&placement=nearest&reads=0");
	check_key("rwlock/mutex/readers?reads=90&fan=2",
		"rwlock/mutex/readers?domain=thread&fan=2&size=64&placement=nearest");
}

static void cell_key_reduces_axes_that_mean_nothing(void **state)
{
	(void)state;
	/* no capacity of its own */
	check_key("channel/pipe/stream?capacity=7",
		"channel/pipe/stream?domain=thread&fan=1x1&size=64&placement=nearest");
	/* threads do not begin by exec */
	check_key("channel/ring-spsc/stream?start=exec",
		"channel/ring-spsc/stream?domain=thread&fan=1x1&size=64&placement=nearest");
	/* a lock moves no bytes and has one role */
	check_key("lock/mutex/poll?size=64&fan=1x1",
		"lock/mutex/poll?domain=thread&fan=2&placement=nearest");
	/* a counter without a lock guards nothing else, and several permits guard nothing */
	check_key("lock/atomic-add/contend?size=64&fan=2",
		"lock/atomic-add/contend?domain=thread&fan=2&placement=nearest");
	check_key("lock/semaphore/contend?size=64&permits=2&fan=2",
		"lock/semaphore/contend?domain=thread&fan=2&placement=nearest&permits=2");
	/* each of these is another mechanism's, or another workload's */
	check_key("lock/mutex/contend?fan=2&depth=3&permits=2&reads=50&ticks=7&interval=1ms"
		  "&released=10",
		"lock/mutex/contend?domain=thread&fan=2&placement=nearest");
	/* one worker alone */
	check_key("lock/mutex/uncontended?fan=8&placement=farthest",
		"lock/mutex/uncontended?domain=thread&fan=1&placement=same-pu");
}

/* ---- impossible --------------------------------------------------------------- */

static void check_refused(const char *key, const char *because)
{
	struct cell c;
	char err[400] = "";

	assert_int_equal(cell_parse(&c, key, err, sizeof(err)), -EINVAL);
	if (!strstr(err, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", key, err, because);
}

static void cell_says_why_a_combination_is_impossible(void **state)
{
	(void)state;
	check_refused("channel/pipe/stream?domain=process&start=exec", "unrelated");
	check_refused("channel/memcpy/stream?wait=spin", "wait");
	check_refused("channel/ring-spsc/stream?fan=2x1", "workers");
	check_refused("channel/ring-spsc/stream?fan=1x2", "workers");
	check_refused("channel/pipe/pingpong?fan=2x2", "one worker a side");
	check_refused("channel/pipe/stream?fan=2", "one role");
	check_refused("channel/pipe/stream?fan=2x1&size=4", "1x1 only");
	check_refused("lock/mutex-recursive/poll-vain", "its holder");
	check_refused("rwlock/mutex/readers?fan=2&size=7", "version");
	check_refused("channel/pipe/stream?size=64&fan=1x1&size=65", "twice");
	check_refused("channel/pipe/stream?domain=thread&domain=thread", "twice");
}

/* Its key would be that of another capacity, which it would not have run with. */
static void cell_has_no_native_capacity_where_an_exact_one_is_kept(void **state)
{
	struct cell c;
	char err[400] = "";

	(void)state;
	assert_int_equal(cell_parse(&c, "channel/queue-fifo/stream?", err, sizeof(err)), 0);
	c.capacity = 0;
	assert_non_null(cell_normalise(&c, false));
}

static void cell_refuses_what_is_no_key(void **state)
{
	static const char *const bad[] = {"", "?", "/", "channel/pipe", "channel/pipe/", "nothing",
		"channel/pipe/contend", "lock/mutex/stream", "channel/none/stream",
		"channel/pipe/stream?colour=red", "channel/pipe/stream?size",
		"channel/pipe/stream?=", "channel/pipe/stream?size=",
		"channel/pipe/stream?size=huge", "channel/pipe/stream?size=-1",
		"channel/pipe/stream?size=2G", "channel/pipe/stream?size=18446744073709551680",
		"channel/pipe/stream?domain=fiber", "channel/pipe/stream?start=spawn",
		"channel/pipe/stream?wait=pray", "channel/pipe/stream?size=0",
		"channel/queue-fifo/stream?capacity=0", "channel/queue-fifo/stream?capacity=1G",
		"channel/pipe/stream?fan=1x0", "channel/pipe/stream?fan=256x256",
		"lock/mutex/contend?fan=200x200",
		("channel/pipe/stream?placement="
		 "pu:0123456789012345678901234567890123456789012345678901234567890123456789"),
		"channel/pipe/stream?fan=0x1", "channel/pipe/stream?fan=x",
		"channel/pipe/stream?fan=1y1", "channel/pipe/stream?fan=257x1",
		"channel/pipe/stream?fan=1x1x1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_refused(bad[i], "no cell");
}

static void cell_refuses_keys_of_any_length(void **state)
{
	char key[4 * CELL_KEY];

	(void)state;
	for (size_t n = 1; n < sizeof(key); n += 3) {
		memset(key, 'a', sizeof(key));
		memcpy(key, "channel/pipe/dream?", n < 19 ? n : 19);
		key[n] = '\0';
		check_refused(key, "no cell");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cell_key_leads_back_to_the_same_axes),
		cmocka_unit_test(cell_key_has_its_further_axes_in_alphabetical_order),
		cmocka_unit_test(cell_key_leaves_defaults_out),
		cmocka_unit_test(cell_key_names_what_is_not_at_its_default),
		cmocka_unit_test(cell_key_reduces_axes_that_mean_nothing),
		cmocka_unit_test(cell_says_why_a_combination_is_impossible),
		cmocka_unit_test(cell_has_no_native_capacity_where_an_exact_one_is_kept),
		cmocka_unit_test(cell_refuses_what_is_no_key),
		cmocka_unit_test(cell_refuses_keys_of_any_length),
	};

	return cmocka_run_group_tests_name("cell", tests, NULL, NULL);
}
