/*
 * Locations: a table of what they select, and hwloc-calc as the oracle over many of them.
 */
#include <errno.h>
#include <unistd.h>

#include <hwloc.h>

#include "harness/locate.h"
#include "tests/topo_files.h"

enum { TEXTS_MAX = 4096, TEXT_BYTES = 48 };

/* What text selects as a list ("0,2-3"), or the error if it is refused. */
static int select_list(const struct topo *t, const char *text, char *list, size_t len)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	int rc = locate_parse(t, text, set, list, len);

	if (!rc)
		hwloc_bitmap_list_snprintf(list, len, set);
	hwloc_bitmap_free(set);
	return rc;
}

static struct topo *two_packages(void)
{
	char err[ERR_BYTES];
	struct topo *t = topo_open_synthetic("pack:2 [numa] l3:2 core:2 pu:2", err, sizeof(err));

	assert_non_null(t);
	return t;
}

static void locate_selects_what_the_text_says(void **state)
{
	static const char *const expect[][2] = {
		{"pu:3", "3"},
		{"core:1", "2-3"},
		{"CORE:1", "2-3"},
		{"core:6:4", "0-3,12-15"},
		{"core:2-", "4-15"},
		{"core:0-9", "0-15"},
		{"core:odd", "2-3,6-7,10-11,14-15"},
		{"pu:even", "0,2,4,6,8,10,12,14"},
		{"package:1.core:0", "8-9"},
		{"socket:all.l3:1.core:0.pu:1", "5,13"},
		{"numa:1.pu:0", "8"},
		{"node:1", "8-15"},
		{"l3cache:3", "12-15"},
		{"all", "0-15"},
		{"machine:0", "0-15"},
		{"cpu:0,2-3", "0,2-3"},
		{"cpu:1-9:4", "1,5,9"},
	};
	struct topo *t = two_packages();
	char list[ERR_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(expect) / sizeof(*expect); i++) {
		if (select_list(t, expect[i][0], list, sizeof(list)))
			fail_msg("%s", list);
		assert_string_equal(list, expect[i][1]);
	}
	topo_close(t);
}

static void locate_refuses_what_selects_nothing_or_is_no_location(void **state)
{
	static const char *const bad[] = {"", "core", "core:", "core:9", "core:9:2", "core:3-1",
		"core:-1", "core:1x", "core:allx", "core:0,2", "core:0.", "core:0.pu", "core:0:0",
		"cor:1", "core1:0", "l2:0", "l6:0", "l2x:0", "group:0", "foo:1", "foo", "core: 1",
		"core:+1", "core:99999999999999999999", "l3:1.numa:0", "core:0.package:0", "pci:0",
		"os:0", "all:0", "cpu:", "cpu:16", "cpu:0-16", "cpu:1,", "cpu:,1", "cpu:3-1",
		"cpu:0-4:0", "cpu:0x1", "cpu:0;1", "0x3", "eth0", "verylongtypenameindeed:0"};
	struct topo *t = two_packages();
	char err[ERR_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err[0] = 0;
		if (select_list(t, bad[i], err, sizeof(err)) != -EINVAL)
			fail_msg("\"%s\" was taken as %s", bad[i], err);
		assert_non_null(strstr(err, bad[i]));
	}
	topo_close(t);
}

static void locate_selects_only_cpus_that_may_be_used(void **state)
{
	char path[PATH_BYTES], text[ERR_BYTES];
	struct topo *t;

	(void)state;
	source_path(path, "tests/topologies/disallowed-pus.xml");
	t = topo_open_file(path, text, sizeof(text));
	assert_non_null(t);
	assert_int_equal(select_list(t, "all", text, sizeof(text)), 0);
	assert_string_equal(text, "0-1,5,7");
	assert_int_equal(select_list(t, "cpu:4", text, sizeof(text)), -EINVAL);
	topo_close(t);
}

static void locate_takes_exactly_two_sides(void **state)
{
	struct topo *t = two_packages();
	hwloc_bitmap_t a = hwloc_bitmap_alloc(), b = hwloc_bitmap_alloc();
	char err[ERR_BYTES];

	(void)state;
	assert_int_equal(locate_sides(t, "core:0+cpu:4,6", a, b, err, sizeof(err)), 0);
	assert_int_equal(hwloc_bitmap_to_ulong(a), 0x3);
	assert_int_equal(hwloc_bitmap_to_ulong(b), 0x50);
	assert_int_equal(locate_sides(t, "core:0", a, b, err, sizeof(err)), -EINVAL);
	assert_int_equal(locate_sides(t, "core:0+", a, b, err, sizeof(err)), -EINVAL);
	assert_int_equal(locate_sides(t, "+core:0", a, b, err, sizeof(err)), -EINVAL);
	assert_int_equal(locate_sides(t, "core:0+core:1+core:2", a, b, err, sizeof(err)), -EINVAL);
	hwloc_bitmap_free(a);
	hwloc_bitmap_free(b);
	topo_close(t);
}

struct texts {
	char text[TEXTS_MAX][TEXT_BYTES];
	int n;
};

static const char *const types[] = {
	"machine", "package", "die", "numa", "l3", "l2", "l1d", "core", "pu"};
static const char *const indexes[] = {
	"0", "1", "3", "0-1", "2-5", "1-", "0:3", "all", "odd", "even"};

/* Below another object never "1-": hwloc-calc 2.9 counts to 2^32 where there is no object. */
static const char *const inner[] = {"0", "1", "3", "0-1", "2-5", "0-", "0:3", "all", "odd", "even"};

enum { TYPES = sizeof(types) / sizeof(*types), INDEXES = sizeof(indexes) / sizeof(*indexes) };

/* Every type with every index, alone and below every other type. */
static void make_texts(struct texts *x)
{
	x->n = 0;
	for (int t = 0; t < TYPES; t++) {
		for (int i = 0; i < INDEXES; i++) {
			snprintf(x->text[x->n++], TEXT_BYTES, "%s:%s", types[t], indexes[i]);
			for (int u = 0; u < TYPES; u++)
				snprintf(x->text[x->n++], TEXT_BYTES, "%s:%s.%s:%s", types[t],
					indexes[i], types[u], inner[(3 * i + 2 * t + u) % INDEXES]);
		}
	}
}

/* hwloc-calc reading all texts from a file: one mask a line. */
static FILE *ask_oracle(const struct texts *x, const char *what, const char *list)
{
	bool is_file = strchr(what, '/');
	char command[4 * PATH_BYTES];
	FILE *f = fopen(list, "w");

	assert_non_null(f);
	for (int i = 0; i < x->n; i++)
		fprintf(f, "%s\n", x->text[i]);
	fclose(f);
	snprintf(command, sizeof(command), "hwloc-calc -i '%s'%s -q <'%s' 2>/dev/null", what,
		is_file ? " --if xml" : "", list);
	return popen(command, "r");
}

static void check_text(const struct topo *t, const char *what, const char *text, const char *mask)
{
	hwloc_bitmap_t ours = hwloc_bitmap_alloc(), theirs = hwloc_bitmap_alloc();
	char err[ERR_BYTES] = "";
	int rc = locate_parse(t, text, ours, err, sizeof(err));

	assert_int_equal(hwloc_bitmap_sscanf(theirs, mask), 0);
	if (hwloc_bitmap_iszero(theirs) ? rc != -EINVAL : rc || !hwloc_bitmap_isequal(ours, theirs))
		fail_msg("%s: %s is %s; here: %d %s", what, text, mask, rc, err);
	hwloc_bitmap_free(ours);
	hwloc_bitmap_free(theirs);
}

static void compare_with_oracle(const struct topo *t, const char *what)
{
	struct texts *x = malloc(sizeof(*x));
	char list[] = "/tmp/test_locate.XXXXXX", line[4096];
	int fd = mkstemp(list), i = 0;
	FILE *answers;

	assert_true(x && fd >= 0);
	make_texts(x);
	answers = ask_oracle(x, what, list);
	assert_non_null(answers);
	while (fgets(line, sizeof(line), answers)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0x", 2))
			continue;
		assert_true(i < x->n);
		check_text(t, what, x->text[i++], line);
	}
	pclose(answers);
	assert_int_equal(i, x->n);
	close(fd);
	unlink(list);
	free(x);
}

static void locate_agrees_with_hwloc_calc(void **state)
{
	(void)state;
	if (system("hwloc-calc --version >/dev/null 2>&1")) {
		print_message("skipped: hwloc-calc is not installed\n");
		return;
	}
	assert_true(for_each_topology(compare_with_oracle) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locate_selects_what_the_text_says),
		cmocka_unit_test(locate_refuses_what_selects_nothing_or_is_no_location),
		cmocka_unit_test(locate_selects_only_cpus_that_may_be_used),
		cmocka_unit_test(locate_takes_exactly_two_sides),
		cmocka_unit_test(locate_agrees_with_hwloc_calc),
	};

	return cmocka_run_group_tests_name("locate", tests, NULL, NULL);
}
