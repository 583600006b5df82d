/*
 * Topologies: where they come from, and handing them on.
 */
#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/topo_files.h"

static void check_refused(const char *path, const char *content)
{
	char err[ERR_BYTES] = "";

	if (content) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		assert_true(fputs(content, f) >= 0);
		fclose(f);
	}
	assert_null(topo_open_file(path, err, sizeof(err)));
	if (!strstr(err, path))
		fail_msg("\"%s\" does not name %s", err, path);
}

static void topo_refuses_what_is_no_topology_file(void **state)
{
	char dir[] = "/tmp/test_topo.XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.xml", dir);
	check_refused(dir, NULL);
	check_refused(path, NULL); /* missing */
	check_refused(path, "");
	check_refused(path, "PU 0\n");
	check_refused(path, "<?xml version=\"1.0\"?>\n<topology version=\"2.0\">\n</topology>\n");
	check_refused(
		path, "<?xml version=\"1.0\"?>\n<topology version=\"2.0\">\n  <object type=\"Mac");
	check_refused(path, "<?xml version=\"1.0\"?>\n<topology version=\"3.0\">\n</topology>\n");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(60); /* opened as a file is, it would block for ever */
	check_refused(path, NULL);
	alarm(0);
	unlink(path);
	rmdir(dir);
}

static void topo_refuses_what_is_no_description(void **state)
{
	char err[ERR_BYTES] = "";

	(void)state;
	assert_null(topo_open_synthetic("nonsense:4", err, sizeof(err)));
	assert_non_null(strstr(err, "nonsense:4"));
	assert_null(topo_open_synthetic("", err, sizeof(err)));
	assert_null(topo_open_xmlbuffer("<topology", 9, err, sizeof(err)));
	assert_null(topo_open_xmlbuffer("", 0, err, sizeof(err)));
}

static void topo_never_falls_back_from_what_the_environment_names(void **state)
{
	static const char *const names[] = {"HWLOC_XMLFILE", "HWLOC_SYNTHETIC", "HWLOC_FSROOT"};
	char err[ERR_BYTES];

	(void)state;
	for (int i = 0; i < 3; i++) {
		setenv(names[i], "/nonexistent/t.xml", 1);
		err[0] = 0;
		assert_null(topo_open_native(err, sizeof(err)));
		assert_non_null(strstr(err, names[i]));
		unsetenv(names[i]);
	}
}

static void topo_takes_what_the_environment_names_as_foreign(void **state)
{
	struct topo *t;

	(void)state;
	setenv("HWLOC_THISSYSTEM", "1", 1);
	setenv("HWLOC_SYNTHETIC", "pack:2 core:2 pu:1", 1);
	t = open_native();
	assert_int_equal(topo_pu_count(t), 4);
	assert_false(topo_is_thissystem(t));
	topo_close(t);
	unsetenv("HWLOC_SYNTHETIC");
	unsetenv("HWLOC_THISSYSTEM");
}

static void topo_of_this_machine_honours_the_cpu_mask(void **state)
{
	cpu_set_t before, one;
	struct topo *t = open_native();
	unsigned last = topo_pu_os(t, topo_pu_count(t) - 1);

	(void)state;
	assert_true(topo_is_thissystem(t));
	topo_close(t);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	t = open_native();
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(topo_pu_count(t), 1);
	assert_int_equal(topo_pu_os(t, 0), last);
	topo_close(t);
}

/* Every other PU, handed on, keeps its number and its classes, and stays foreign. */
static void check_restricted(const struct topo *t, const char *what)
{
	unsigned os[4096], n = 0;
	char *xml, err[ERR_BYTES];
	struct topo *u;
	size_t len;

	for (unsigned i = 0; i < topo_pu_count(t); i += 2)
		os[n++] = topo_pu_os(t, i);
	if (topo_export_restricted(t, os, n, &xml, &len, err, sizeof(err)))
		fail_msg("%s: %s", what, err);
	assert_int_equal(len, strlen(xml));
	assert_null(strstr(xml, "HostName"));
	assert_null(strstr(xml, "DMI"));
	assert_null(strstr(xml, "secret"));
	xml[len] = '!'; /* the length says where it ends */
	u = topo_open_xmlbuffer(xml, len, err, sizeof(err));
	if (!u)
		fail_msg("%s: %s", what, err);
	assert_int_equal(topo_pu_count(u), n);
	assert_false(topo_is_thissystem(u));
	for (unsigned a = 0; a < n; a++) {
		for (unsigned b = 0; b <= a; b++)
			assert_int_equal(
				topo_pair_class(u, os[a], os[b]), topo_pair_class(t, os[a], os[b]));
	}
	topo_close(u);
	free(xml);
}

static void topo_handed_on_keeps_numbers_and_classes(void **state)
{
	(void)state;
	for_each_topology(check_restricted);
}

static void topo_refuses_to_hand_on_pus_that_do_not_exist(void **state)
{
	struct topo *t = open_synthetic("core:3 pu:2");
	char *xml = NULL, err[ERR_BYTES];
	size_t len;

	(void)state;
	assert_int_equal(
		topo_export_restricted(t, (unsigned[]){0, 6}, 2, &xml, &len, err, sizeof(err)),
		-EINVAL);
	assert_int_equal(topo_export_restricted(
				 t, (unsigned[]){PLACE_PU_NONE}, 1, &xml, &len, err, sizeof(err)),
		-EINVAL);
	assert_int_equal(topo_export_restricted(t, NULL, 0, &xml, &len, err, sizeof(err)), -EINVAL);
	assert_null(xml);
	topo_close(t);
}

static void topo_of_this_machine_handed_on_is_this_machine(void **state)
{
	struct topo *t = open_native(), *u;
	unsigned os = topo_pu_os(t, topo_pu_count(t) - 1);
	char *xml, err[ERR_BYTES];
	size_t len;

	(void)state;
	assert_int_equal(topo_export_restricted(t, &os, 1, &xml, &len, err, sizeof(err)), 0);
	u = topo_open_xmlbuffer(xml, len, err, sizeof(err));
	assert_non_null(u);
	assert_true(topo_is_thissystem(u));
	assert_int_equal(topo_pu_count(u), 1);
	assert_int_equal(topo_pu_os(u, 0), os);
	topo_close(u);
	topo_close(t);
	free(xml);
}

static void topo_writes_a_file_without_private_names(void **state)
{
	char path[] = "/tmp/test_topo.XXXXXX", own[PATH_BYTES], err[ERR_BYTES];
	char text[8192] = "";
	int fd = mkstemp(path);
	struct topo *t;

	(void)state;
	source_path(own, "tests/topologies/smt-sparse-numbers.xml");
	t = topo_open_file(own, err, sizeof(err));
	assert_non_null(t);
	assert_int_equal(topo_export_file(t, path, err, sizeof(err)), 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "OSName"));
	assert_null(strstr(text, "secret"));
	topo_close(t);
	t = topo_open_file(path, err, sizeof(err));
	assert_non_null(t);
	assert_int_equal(topo_pu_count(t), 4);
	assert_int_equal(topo_export_file(t, "/nonexistent/x", err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/x"));
	topo_close(t);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topo_refuses_what_is_no_topology_file),
		cmocka_unit_test(topo_refuses_what_is_no_description),
		cmocka_unit_test(topo_never_falls_back_from_what_the_environment_names),
		cmocka_unit_test(topo_takes_what_the_environment_names_as_foreign),
		cmocka_unit_test(topo_of_this_machine_honours_the_cpu_mask),
		cmocka_unit_test(topo_handed_on_keeps_numbers_and_classes),
		cmocka_unit_test(topo_refuses_to_hand_on_pus_that_do_not_exist),
		cmocka_unit_test(topo_of_this_machine_handed_on_is_this_machine),
		cmocka_unit_test(topo_writes_a_file_without_private_names),
	};

	return cmocka_run_group_tests_name("topo_io", tests, NULL, NULL);
}
