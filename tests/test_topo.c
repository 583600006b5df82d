/*
 * Topologies: pairs of PUs counted and classified.
 */
#include <time.h>
#include <unistd.h>

#include "harness/place.h"
#include "tests/topo_files.h"

/* Both spellings of a class in a table: ours, and that of the real machines'. */
static enum place_class class_of_name(const char *name)
{
	static const char *const other[PLACE_CLASSES] = {"", "SMT", "L2", "L3", "PKG_DIFF_L3",
		"XNUMA_SAMEPKG", "XPKG", "PKG_NOSHARE", "NOPKG"};

	for (unsigned c = 0; c < PLACE_CLASSES; c++) {
		if (!strcmp(name, place_class_name((enum place_class)c)) || !strcmp(name, other[c]))
			return (enum place_class)c;
	}
	fail_msg("no class is called %s", name);
	return PLACE_CLASSES;
}

/* One line "file<TAB>class<TAB>pairs<TAB>a<TAB>b" against the topology of that file. */
static void check_line(const char *directory, char *line)
{
	char path[2 * PATH_BYTES], err[ERR_BYTES], *field[5];
	struct place_count count[PLACE_CLASSES], *c;
	struct topo *t;

	line[strcspn(line, "\n")] = 0;
	for (int i = 0; i < 5; i++)
		assert_non_null(field[i] = strsep(&line, "\t"));
	snprintf(path, sizeof(path), "%s/%s", directory, field[0]);
	t = topo_open_file(path, err, sizeof(err));
	if (!t)
		fail_msg("%s", err);
	topo_count_pairs(t, count);
	c = &count[class_of_name(field[1])];
	if (c->pairs != strtoull(field[2], NULL, 10))
		fail_msg("%s: %s: %lu pairs, not %s", field[0], field[1], c->pairs, field[2]);
	assert_int_equal(
		c->example_a, *field[3] ? (unsigned)strtoul(field[3], NULL, 10) : PLACE_PU_NONE);
	assert_int_equal(
		c->example_b, *field[4] ? (unsigned)strtoul(field[4], NULL, 10) : PLACE_PU_NONE);
	topo_close(t);
}

/* Every line of directory/pairs.tsv; how many files it speaks of. */
static int check_table(const char *directory)
{
	char path[2 * PATH_BYTES], line[256], last[256] = "";
	int files = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/pairs.tsv", directory);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		size_t len = strcspn(line, "\t");

		files += strncmp(line, last, len + 1) != 0;
		snprintf(last, sizeof(last), "%s", line);
		check_line(directory, line);
	}
	fclose(f);
	return files;
}

static void topo_counts_the_pairs_of_odd_machines(void **state)
{
	char directory[PATH_BYTES], *names[FILES_MAX];
	int n;

	(void)state;
	source_path(directory, "tests/topologies");
	n = list_xml(directory, names);
	assert_true(n >= 12);
	assert_int_equal(check_table(directory), n);
	for (int i = 0; i < n; i++)
		free(names[i]);
}

static void topo_counts_the_pairs_of_real_machines(void **state)
{
	char directory[PATH_BYTES], reject[2 * PATH_BYTES], *names[FILES_MAX], err[ERR_BYTES];
	int refused = 0, n;

	(void)state;
	source_path(directory, "../shared/topologies");
	if (access(directory, R_OK)) {
		print_message("skipped: there is no %s\n", directory);
		return;
	}
	assert_true(check_table(directory) >= 12);
	snprintf(reject, sizeof(reject), "%s/reject", directory);
	n = list_xml(reject, names);
	for (int i = 0; i < n; i++) {
		char file[3 * PATH_BYTES];

		snprintf(file, sizeof(file), "%s/%s", reject, names[i]);
		refused += !topo_open_file(file, err, sizeof(err)) && strstr(err, names[i]);
		free(names[i]);
	}
	assert_true(n >= 1);
	assert_int_equal(refused, n);
}

static void check_symmetry(const struct topo *t, const char *what)
{
	unsigned n = topo_pu_count(t);

	(void)what;
	for (unsigned a = 0; a < n; a++) {
		unsigned os = topo_pu_os(t, a);

		assert_int_equal(topo_pu_logical(t, os), a);
		assert_int_equal(topo_pair_class(t, os, os), PLACE_SAME_PU);
		for (unsigned b = 0; b < a; b++)
			assert_int_equal(topo_pair_class(t, os, topo_pu_os(t, b)),
				topo_pair_class(t, topo_pu_os(t, b), os));
	}
	assert_int_equal(topo_pu_os(t, n), PLACE_PU_NONE);
	assert_false(topo_is_thissystem(t));
}

static void topo_pairs_are_symmetric_and_numbers_translate_both_ways(void **state)
{
	(void)state;
	assert_true(for_each_topology(check_symmetry) >= 12 + SYNTHETICS);
}

static void topo_counts_are_complete(void **state)
{
	struct topo *t = open_synthetic("pack:3 [numa] l3:2 core:2 pu:2");
	struct place_count count[PLACE_CLASSES];
	uint64_t sum = 0;

	(void)state;
	topo_count_pairs(t, count);
	for (unsigned c = 0; c < PLACE_CLASSES; c++) {
		assert_int_equal(count[c].cls, c);
		sum += count[c].pairs;
	}
	assert_int_equal(count[PLACE_SAME_PU].pairs, 24);
	assert_int_equal(sum, 24 * 25 / 2);
	topo_close(t);
}

static void topo_does_not_know_pus_that_do_not_exist(void **state)
{
	struct topo *t = open_synthetic("core:3 pu:2");

	(void)state;
	assert_int_equal(topo_pu_logical(t, 6), PLACE_PU_NONE);
	assert_int_equal(topo_pair_class(t, 0, 6), PLACE_UNKNOWN);
	assert_int_equal(topo_pair_class(t, PLACE_PU_NONE, PLACE_PU_NONE), PLACE_UNKNOWN);
	assert_null(topo_pu(t, 6));
	topo_close(t);
}

/* Eight million pairs; a hwloc call for each would take a minute, not a tenth of a second. */
static void topo_of_4096_pus_is_counted_quickly(void **state)
{
	struct place_count count[PLACE_CLASSES];
	clock_t start = clock();
	struct topo *t = open_synthetic("pack:64 numa:1 l3:2 core:16 pu:2");

	(void)state;
	topo_count_pairs(t, count);
	assert_int_equal(count[PLACE_CROSS_PACKAGE].pairs, 2016u * 64 * 64);
	assert_true((double)(clock() - start) < 5.0 * CLOCKS_PER_SEC);
	topo_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topo_counts_the_pairs_of_odd_machines),
		cmocka_unit_test(topo_counts_the_pairs_of_real_machines),
		cmocka_unit_test(topo_pairs_are_symmetric_and_numbers_translate_both_ways),
		cmocka_unit_test(topo_counts_are_complete),
		cmocka_unit_test(topo_does_not_know_pus_that_do_not_exist),
		cmocka_unit_test(topo_of_4096_pus_is_counted_quickly),
	};

	return cmocka_run_group_tests_name("topo", tests, NULL, NULL);
}
