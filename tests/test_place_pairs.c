/*
 * Pairs of a class: which PUs they are, that they keep apart, and how many there are.
 */
#include <errno.h>
#include <time.h>

#include "harness/place.h"
#include "tests/topo_files.h"

enum { LISTED = 8, PUS_CHECKED = 512 };

static const char two_packages[] = "pack:2 [numa] l3:2 core:2 pu:2";

static void check_pair(
	const struct topo *t, enum place_class cls, unsigned k, unsigned a, unsigned b)
{
	unsigned os_a, os_b;

	assert_int_equal(place_pair(t, cls, k, &os_a, &os_b), 0);
	if (os_a != a || os_b != b)
		fail_msg("%s: pair %u of %s is %u and %u, not %u and %u", topo_source(t), k,
			place_class_name(cls), os_a, os_b, a, b);
}

/* Some pair of the class that none of the PUs is in. */
static bool any_unused(const struct topo *t, enum place_class cls, const bool *used)
{
	for (unsigned a = 0; a < topo_pu_count(t); a++) {
		for (unsigned b = a; b < topo_pu_count(t); b++) {
			if (!used[a] && !used[b] && topo_pair_class_logical(t, a, b) == cls)
				return true;
		}
	}
	return false;
}

static void check_list(const struct topo *t, enum place_class cls, const struct place_count *count)
{
	unsigned n = place_pairs(t, cls), seen[LISTED][2], a, b;
	bool used[PUS_CHECKED] = {false};

	assert_int_equal(n, count->pairs < PLACE_MAX_PAIRS ? count->pairs : PLACE_MAX_PAIRS);
	if (n)
		check_pair(t, cls, 0, count->example_a, count->example_b);
	for (unsigned k = 0; k < n && k < LISTED; k++) {
		bool unused = any_unused(t, cls, used);

		assert_int_equal(place_pair(t, cls, k, &a, &b), 0);
		assert_int_equal(topo_pair_class(t, a, b), cls);
		for (unsigned i = 0; i < k; i++)
			assert_false(seen[i][0] == a && seen[i][1] == b);
		seen[k][0] = a;
		seen[k][1] = b;
		a = topo_pu_logical(t, a);
		b = topo_pu_logical(t, b);
		if (unused && (used[a] || used[b]))
			fail_msg("%s: pair %u of %s shares a PU with one before it", topo_source(t),
				k, place_class_name(cls));
		used[a] = used[b] = true;
	}
	assert_int_equal(place_pair(t, cls, n, &a, &b), -ENOENT);
}

static void check_machine(const struct topo *t, const char *what)
{
	struct place_count count[PLACE_CLASSES];

	if (topo_pu_count(t) > PUS_CHECKED)
		fail_msg("%s has more than %d PUs", what, PUS_CHECKED);
	topo_count_pairs(t, count);
	for (unsigned c = 0; c < PLACE_CLASSES; c++)
		check_list(t, (enum place_class)c, &count[c]);
}

static void pairs_are_in_the_class_and_share_no_pu_while_there_are_others(void **state)
{
	(void)state;
	assert_true(for_each_topology(check_machine) >= SYNTHETICS);
}

static void pairs_are_spread_over_the_machine(void **state)
{
	struct topo *t = open_synthetic(two_packages);

	(void)state;
	/* packages 0-7 and 8-15, L3s of four, cores of two */
	check_pair(t, PLACE_SMT, 0, 0, 1);
	check_pair(t, PLACE_SMT, 1, 8, 9);
	check_pair(t, PLACE_SMT, 2, 4, 5);
	check_pair(t, PLACE_SMT, 3, 12, 13);
	check_pair(t, PLACE_SMT, 4, 2, 3);
	check_pair(t, PLACE_SAME_PU, 0, 0, 0);
	check_pair(t, PLACE_SAME_PU, 1, 8, 8);
	check_pair(t, PLACE_SAME_L3, 1, 8, 10);
	check_pair(t, PLACE_CROSS_PACKAGE, 1, 4, 12);
	topo_close(t);
}

/* A cache of 3 beside one of 16: however crowded the large one, its unused PUs come first. */
static void pairs_leave_no_pu_unused_for_being_in_a_crowd(void **state)
{
	struct topo *whole = open_synthetic("pack:1 l3:2 core:16 pu:1"), *t;
	bool used[PUS_CHECKED] = {false};
	unsigned os[19], n = 0, a, b;
	char err[ERR_BYTES], *xml;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		os[n++] = i;
	for (unsigned i = 16; i < 32; i++)
		os[n++] = i;
	assert_int_equal(topo_export_restricted(whole, os, n, &xml, &len, err, sizeof(err)), 0);
	t = topo_open_xmlbuffer(xml, len, err, sizeof(err));
	assert_non_null(t);
	for (unsigned k = 0; k < 9; k++) {
		assert_int_equal(place_pair(t, PLACE_SAME_L3, k, &a, &b), 0);
		assert_false(used[a] || used[b]);
		used[a] = used[b] = true;
	}
	topo_close(t);
	topo_close(whole);
	free(xml);
}

static void pairs_start_a_placement(void **state)
{
	struct topo *t = open_synthetic(two_packages);
	struct placement p;
	char err[ERR_BYTES];
	unsigned os[4];
	double per_pu;

	(void)state;
	assert_int_equal(place_parse(t, "nearest", &p, err, sizeof(err)), 0);
	assert_int_equal(place_choose_pair(t, &p, 1, err, sizeof(err)), 0);
	assert_int_equal(place_assign(&p, t, 1, 1, os, &per_pu), 0);
	assert_int_equal(os[0], 8);
	assert_int_equal(os[1], 9);
	assert_int_equal(place_assign_alternate(&p, t, 2, os, &per_pu), 0);
	assert_int_equal(os[0], 8);
	assert_int_equal(os[1], 9);
	topo_close(t);
}

static void pairs_that_there_are_not_are_refused_with_their_number(void **state)
{
	struct topo *t = open_synthetic("pack:1 l3:1 core:2 pu:1");
	struct placement p;
	char err[ERR_BYTES];

	(void)state;
	assert_int_equal(place_parse(t, "nearest", &p, err, sizeof(err)), 0);
	assert_int_equal(place_choose_pair(t, &p, 1, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "1 same-l3 pair of PUs, counted from 0"));
	assert_int_equal(place_parse(t, "unpinned", &p, err, sizeof(err)), 0);
	assert_int_equal(place_choose_pair(t, &p, 0, err, sizeof(err)), 0);
	assert_int_equal(place_choose_pair(t, &p, 1, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "no class"));
	topo_close(t);
	t = open_synthetic("pack:64 core:2 pu:2");
	assert_int_equal(place_parse(t, "farthest", &p, err, sizeof(err)), 0);
	assert_int_equal(place_choose_pair(t, &p, PLACE_MAX_PAIRS, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "only the first 128"));
	topo_close(t);
}

static void pairs_of_4096_pus_are_found_quickly(void **state)
{
	struct topo *t = open_synthetic("pack:64 numa:1 l3:2 core:16 pu:2");
	clock_t start = clock();
	unsigned a, b;

	(void)state;
	assert_int_equal(place_pair(t, PLACE_CROSS_PACKAGE, 7, &a, &b), 0);
	assert_int_equal(place_pair(t, PLACE_SMT, 7, &a, &b), 0);
	assert_true((double)(clock() - start) < 10.0 * CLOCKS_PER_SEC);
	topo_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_in_the_class_and_share_no_pu_while_there_are_others),
		cmocka_unit_test(pairs_are_spread_over_the_machine),
		cmocka_unit_test(pairs_leave_no_pu_unused_for_being_in_a_crowd),
		cmocka_unit_test(pairs_start_a_placement),
		cmocka_unit_test(pairs_that_there_are_not_are_refused_with_their_number),
		cmocka_unit_test(pairs_of_4096_pus_are_found_quickly),
	};

	return cmocka_run_group_tests_name("place pairs", tests, NULL, NULL);
}
