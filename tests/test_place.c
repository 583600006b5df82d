/*
 * Placements: understood, and turned into PUs.
 */
#include <errno.h>
#include <time.h>

#include "harness/place.h"
#include "tests/topo_files.h"

enum { WORKERS_MAX = 5000 };

static const char two_packages[] = "pack:2 [numa] l3:2 core:2 pu:2";

static struct placement parse(const struct topo *t, const char *text)
{
	struct placement p;
	char err[ERR_BYTES];

	if (place_parse(t, text, &p, err, sizeof(err)))
		fail_msg("%s", err);
	return p;
}

/* Workers on the busiest PU, counted the slow way. */
static unsigned busiest(const unsigned *os, unsigned n)
{
	unsigned max = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned same = 0;

		for (unsigned j = 0; j < n; j++)
			same += os[i] == os[j];
		max = same > max ? same : max;
	}
	return max;
}

static void check_assign(const char *desc, const char *text, unsigned side_a, unsigned side_b,
	const unsigned *expect)
{
	struct topo *t = open_synthetic(desc);
	struct placement p = parse(t, text);
	unsigned os[64];
	double per_pu;

	assert_int_equal(place_assign(&p, t, side_a, side_b, os, &per_pu), 0);
	for (unsigned i = 0; i < side_a + side_b; i++) {
		if (os[i] != expect[i])
			fail_msg("%s: worker %u is on %u, not %u", text, i, os[i], expect[i]);
	}
	assert_true(per_pu == busiest(os, side_a + side_b));
	topo_close(t);
}

/* What must hold of any class on any machine, for one number of workers. */
static void check_class(
	const struct topo *t, const struct placement *p, unsigned side_a, unsigned side_b)
{
	unsigned os[64], n = side_a + side_b;
	double per_pu = -1;

	assert_int_equal(place_assign(p, t, side_a, side_b, os, &per_pu), 0);
	assert_true(per_pu == busiest(os, n));
	for (unsigned i = 0; i < n; i++)
		assert_int_not_equal(topo_pu_logical(t, os[i]), PLACE_PU_NONE);
	for (unsigned a = 0; a < side_a; a++) {
		for (unsigned b = side_a; b < n; b++)
			assert_int_equal(topo_pair_class(t, os[a], os[b]), p->cls);
	}
}

static void check_classes(const struct topo *t, const char *what)
{
	static const unsigned sides[][2] = {
		{1, 1}, {2, 2}, {4, 1}, {1, 4}, {3, 5}, {16, 16}, {3, 0}, {0, 2}};
	struct place_count count[PLACE_CLASSES];
	struct placement p;
	char err[ERR_BYTES];

	topo_count_pairs(t, count);
	for (unsigned c = 0; c < PLACE_CLASSES; c++) {
		int rc = place_parse(
			t, place_class_name((enum place_class)c), &p, err, sizeof(err));

		if (rc != (count[c].pairs ? 0 : -ENOENT))
			fail_msg("%s: %s: %d", what, place_class_name((enum place_class)c), rc);
		for (unsigned i = 0; !rc && i < sizeof(sides) / sizeof(*sides); i++)
			check_class(t, &p, sides[i][0], sides[i][1]);
	}
}

static void place_keeps_every_pair_in_the_class_on_every_machine(void **state)
{
	(void)state;
	assert_true(for_each_topology(check_classes) >= 12 + SYNTHETICS);
}

static void place_of_a_class_starts_from_its_first_pair(void **state)
{
	(void)state;
	check_assign(two_packages, "smt", 1, 1, (unsigned[]){0, 1});
	check_assign(two_packages, "same-l3", 1, 1, (unsigned[]){0, 2});
	check_assign(two_packages, "same-package", 1, 1, (unsigned[]){0, 4});
	check_assign(two_packages, "cross-package", 1, 1, (unsigned[]){0, 8});
	check_assign(two_packages, "same-pu", 1, 2, (unsigned[]){0, 0, 0});
}

static void place_of_a_class_takes_idle_cores_before_idle_threads(void **state)
{
	static const char one_l3[] = "pack:1 l3:1 core:4 pu:2";

	(void)state;
	check_assign(one_l3, "same-l3", 2, 2, (unsigned[]){0, 4, 2, 6});
	check_assign(one_l3, "same-l3", 4, 4, (unsigned[]){0, 4, 1, 5, 2, 6, 3, 7});
	check_assign(one_l3, "same-l3", 3, 1, (unsigned[]){0, 4, 6, 2});
}

static void place_shares_pus_where_the_class_has_no_more(void **state)
{
	(void)state;
	check_assign(two_packages, "smt", 2, 2, (unsigned[]){0, 0, 1, 1});
	check_assign("pack:2 core:1 pu:1", "cross-package", 3, 2, (unsigned[]){0, 0, 0, 1, 1});
}

static void place_keeps_to_the_locations_given(void **state)
{
	(void)state;
	check_assign(two_packages, "pu:0+pu:3", 1, 1, (unsigned[]){0, 3});
	check_assign(two_packages, "core:0+cpu:4,6", 3, 3, (unsigned[]){0, 1, 0, 4, 6, 4});
	check_assign(two_packages, "package:1.core:0+numa:0", 1, 2, (unsigned[]){8, 0, 1});
	check_assign(two_packages, "pu:5+pu:5", 1, 1, (unsigned[]){5, 5});
	check_assign(two_packages, "core:0+core:0", 1, 1, (unsigned[]){0, 1});
}

static void place_tells_the_class_of_locations(void **state)
{
	struct topo *t = open_synthetic(two_packages);

	(void)state;
	assert_int_equal(parse(t, "pu:0+pu:1").cls, PLACE_SMT);
	assert_int_equal(parse(t, "pu:0+pu:0").cls, PLACE_SAME_PU);
	assert_int_equal(parse(t, "core:0+core:0").cls, PLACE_SMT);
	assert_int_equal(parse(t, "package:0+package:1").cls, PLACE_CROSS_PACKAGE);
	assert_int_equal(parse(t, "core:0+all").cls, PLACE_CLASSES);
	topo_close(t);
}

static void place_compact_packs_and_spread_scatters(void **state)
{
	(void)state;
	check_assign(two_packages, "compact", 2, 2, (unsigned[]){0, 2, 1, 3});
	check_assign(two_packages, "compact", 3, 1, (unsigned[]){0, 2, 3, 1});
	check_assign(two_packages, "compact", 1, 3, (unsigned[]){0, 1, 2, 3});
	check_assign("core:2 pu:1", "compact", 3, 2, (unsigned[]){0, 0, 0, 1, 1});
	check_assign(two_packages, "spread", 1, 1, (unsigned[]){0, 8});
	check_assign(two_packages, "spread", 2, 2, (unsigned[]){0, 8, 4, 12});
	check_assign("pack:2 core:2 pu:2", "spread", 2, 2, (unsigned[]){0, 4, 2, 6});
	check_assign("core:2 pu:1", "spread", 2, 2, (unsigned[]){0, 0, 1, 1});
}

static void check_spread(const struct topo *t, const char *what)
{
	static const char *const names[] = {"spread", "compact"};
	unsigned os[256], n = topo_pu_count(t) < 256 ? topo_pu_count(t) : 256;
	double per_pu;

	for (int i = 0; i < 2; i++) {
		struct placement p = parse(t, names[i]);

		assert_int_equal(place_assign(&p, t, n - n / 2, n / 2, os, &per_pu), 0);
		if (per_pu != 1)
			fail_msg("%s: %s shares PUs without need", what, names[i]);
		assert_int_equal(busiest(os, n), 1);
	}
}

static void place_gives_each_worker_a_pu_while_there_are_any(void **state)
{
	(void)state;
	for_each_topology(check_spread);
}

static void place_alternates_workers_of_one_role(void **state)
{
	struct topo *t = open_synthetic(two_packages);
	struct placement p = parse(t, "cross-package");
	unsigned os[5];
	double per_pu;

	(void)state;
	assert_int_equal(place_assign_alternate(&p, t, 5, os, &per_pu), 0);
	assert_true(per_pu == 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(os[i] / 8, i % 2);
	p = parse(t, "compact");
	assert_int_equal(place_assign_alternate(&p, t, 5, os, &per_pu), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(os[i], i);
	assert_int_equal(place_assign_alternate(&p, t, 0, os, &per_pu), -EINVAL);
	topo_close(t);
}

static void place_unpinned_has_no_pus(void **state)
{
	struct topo *t = open_synthetic(two_packages);
	struct placement p = parse(t, " Unpinned ");
	unsigned os[3] = {0, 0, 0};
	double per_pu = -1;

	(void)state;
	assert_false(p.pinned);
	assert_string_equal(p.name, "unpinned");
	assert_int_equal(place_assign(&p, t, 2, 1, os, &per_pu), 0);
	assert_true(per_pu == 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(os[i], PLACE_PU_NONE);
	topo_close(t);
}

static void check_extremes(const char *desc, const char *nearest, const char *farthest)
{
	struct topo *t = open_synthetic(desc);

	assert_string_equal(parse(t, "nearest").name, "nearest");
	assert_string_equal(parse(t, "nearest").resolved, nearest);
	assert_string_equal(parse(t, "FARTHEST").name, "farthest");
	assert_string_equal(parse(t, "FARTHEST").resolved, farthest);
	topo_close(t);
}

static void place_nearest_and_farthest_are_what_the_machine_has(void **state)
{
	(void)state;
	check_extremes(two_packages, "smt", "cross-package");
	check_extremes("pack:1 l3:1 l2:2 core:2 pu:1", "same-l2", "same-l3");
	check_extremes("pack:1 l3:2 core:2 pu:1", "same-l3", "same-package");
	check_extremes("pack:1 l2:2 core:2 pu:1", "same-l2", "no-shared-cache");
	check_extremes("pack:1 group:2 [numa] core:2 pu:1", "no-shared-cache", "cross-numa");
	check_extremes("core:4 pu:1", "unknown", "unknown");
	check_extremes("pack:1 core:1 pu:1", "same-pu", "same-pu");
}

static void place_says_which_classes_there_are(void **state)
{
	struct topo *t = open_synthetic("pack:1 l3:1 core:2 pu:2");
	struct placement p;
	char err[ERR_BYTES];

	(void)state;
	assert_int_equal(place_parse(t, "cross-numa", &p, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "cross-numa"));
	assert_non_null(strstr(err, "it has same-pu, smt, same-l3"));
	topo_close(t);
}

static void check_refused(const char *text, const char *hint)
{
	struct topo *t = open_synthetic(two_packages);
	struct placement p;
	char err[ERR_BYTES] = "";

	assert_int_equal(place_parse(t, text, &p, err, sizeof(err)), -EINVAL);
	if (!strstr(err, hint))
		fail_msg("\"%s\" does not say %s", err, hint);
	assert_int_equal(place_parse(t, text, &p, err, 8), -EINVAL);
	assert_true(strlen(err) < 8);
	topo_close(t);
}

static void place_refuses_what_it_does_not_understand_with_near_names(void **state)
{
	(void)state;
	check_refused("same-l4", "same-l2 or same-l3?");
	check_refused("numa", "cross-numa");
	check_refused("farhtest", "farthest");
	check_refused("zzzzzzzz", "there are same-pu, smt");
	check_refused("", "there are same-pu, smt");
	check_refused("pu:0", "two");
	check_refused("pu:0+", "\"\"");
	check_refused("pu:0+pu:99", "selects nothing");
	check_refused("pu:0+pu:1+pu:2", "two");
	check_refused(
		"cpu:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,0,1,2,3,4,5,6,7,8+cpu:1", "longer");
}

static void place_refuses_to_assign_nobody_or_on_another_machine(void **state)
{
	struct topo *t = open_synthetic(two_packages), *other = open_synthetic("core:2 pu:1");
	struct placement numa = parse(t, "cross-package"), at = parse(t, "pu:0+pu:15");
	unsigned os[2];
	double per_pu;

	(void)state;
	assert_int_equal(place_assign(&numa, t, 0, 0, os, &per_pu), -EINVAL);
	assert_int_equal(place_assign(&numa, other, 1, 1, os, &per_pu), -ENOENT);
	assert_int_equal(place_assign(&at, other, 1, 1, os, &per_pu), -ENOENT);
	topo_close(t);
	topo_close(other);
}

static void place_plans_4096_pus_quickly(void **state)
{
	static unsigned os[WORKERS_MAX];
	clock_t start = clock();
	struct topo *t = open_synthetic("pack:64 numa:1 l3:2 core:16 pu:2");
	struct placement p = parse(t, "farthest");
	double per_pu;

	(void)state;
	assert_int_equal(place_assign(&p, t, 2048, 2048, os, &per_pu), 0);
	p = parse(t, "spread");
	assert_int_equal(place_assign(&p, t, 2048, 2048, os, &per_pu), 0);
	assert_true(per_pu == 1);
	p = parse(t, "package:0-31+package:32-");
	assert_int_equal(p.cls, PLACE_CROSS_PACKAGE);
	assert_int_equal(place_assign(&p, t, 2048, 2048, os, &per_pu), 0);
	assert_true(per_pu == 1);
	assert_true((double)(clock() - start) < 10.0 * CLOCKS_PER_SEC);
	topo_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_keeps_every_pair_in_the_class_on_every_machine),
		cmocka_unit_test(place_of_a_class_starts_from_its_first_pair),
		cmocka_unit_test(place_of_a_class_takes_idle_cores_before_idle_threads),
		cmocka_unit_test(place_shares_pus_where_the_class_has_no_more),
		cmocka_unit_test(place_keeps_to_the_locations_given),
		cmocka_unit_test(place_tells_the_class_of_locations),
		cmocka_unit_test(place_compact_packs_and_spread_scatters),
		cmocka_unit_test(place_gives_each_worker_a_pu_while_there_are_any),
		cmocka_unit_test(place_alternates_workers_of_one_role),
		cmocka_unit_test(place_unpinned_has_no_pus),
		cmocka_unit_test(place_nearest_and_farthest_are_what_the_machine_has),
		cmocka_unit_test(place_says_which_classes_there_are),
		cmocka_unit_test(place_refuses_what_it_does_not_understand_with_near_names),
		cmocka_unit_test(place_refuses_to_assign_nobody_or_on_another_machine),
		cmocka_unit_test(place_plans_4096_pus_quickly),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
