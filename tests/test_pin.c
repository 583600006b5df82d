/*
 * Pinning: the one part of placement that touches this machine.
 */
#include <errno.h>
#include <sched.h>

#include "harness/place.h"
#include "tests/topo_files.h"

static const char two_packages[] = "pack:2 [numa] l3:2 core:2 pu:2";

/* Pins to every PU in turn and looks at the kernel's own answer; gives the mask back. */
static void check_pins(const struct topo *t)
{
	cpu_set_t before, now;
	char err[ERR_BYTES];

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (unsigned i = 0; i < topo_pu_count(t); i++) {
		unsigned os = topo_pu_os(t, i);

		if (place_pin(t, os, err, sizeof(err)))
			fail_msg("%s", err);
		assert_int_equal(sched_getcpu(), os);
		assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
		assert_int_equal(CPU_COUNT(&now), 1);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void place_pins_to_every_pu_of_this_machine(void **state)
{
	struct topo *t = open_native();

	(void)state;
	check_pins(t);
	topo_close(t);
}

static void place_pins_by_a_topology_handed_on(void **state)
{
	struct topo *t = open_native(), *u;
	unsigned os = topo_pu_os(t, topo_pu_count(t) - 1);
	char *xml, err[ERR_BYTES];
	size_t len;

	(void)state;
	assert_int_equal(topo_export_restricted(t, &os, 1, &xml, &len, err, sizeof(err)), 0);
	topo_close(t);
	u = topo_open_xmlbuffer(xml, len, err, sizeof(err));
	assert_non_null(u);
	check_pins(u);
	topo_close(u);
	free(xml);
}

static void place_refuses_to_pin_by_a_foreign_topology(void **state)
{
	struct topo *t = open_synthetic(two_packages);
	cpu_set_t before, after;
	char err[ERR_BYTES] = "";

	(void)state;
	setenv("HWLOC_THISSYSTEM", "1", 1);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(place_pin(t, 0, err, sizeof(err)), -EXDEV);
	assert_non_null(strstr(err, two_packages));
	topo_close(t);
	t = open_synthetic(two_packages);
	assert_int_equal(place_pin(t, 0, err, sizeof(err)), -EXDEV);
	unsetenv("HWLOC_THISSYSTEM");
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	topo_close(t);
}

static void place_refuses_to_pin_to_a_pu_that_does_not_exist(void **state)
{
	struct topo *t = open_native();
	char err[ERR_BYTES] = "";

	(void)state;
	assert_int_equal(place_pin(t, 1u << 20, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "P#1048576"));
	assert_int_equal(place_pin(t, PLACE_PU_NONE, err, sizeof(err)), 0);
	topo_close(t);
}

/* XML of another machine that is taken for this one: the kernel has no such CPU. */
static void place_reports_a_pin_that_the_kernel_refuses(void **state)
{
	static const char xml[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<topology version=\"2.0\">\n"
		"  <object type=\"Machine\" cpuset=\"0x80000000,0x0\" complete_cpuset=\"0x80000000,0x0\""
		" allowed_cpuset=\"0x80000000,0x0\" nodeset=\"0x1\" complete_nodeset=\"0x1\""
		" allowed_nodeset=\"0x1\">\n"
		"    <object type=\"NUMANode\" os_index=\"0\" cpuset=\"0x80000000,0x0\""
		" complete_cpuset=\"0x80000000,0x0\" nodeset=\"0x1\" complete_nodeset=\"0x1\"/>\n"
		"    <object type=\"PU\" os_index=\"63\" cpuset=\"0x80000000,0x0\""
		" complete_cpuset=\"0x80000000,0x0\" nodeset=\"0x1\" complete_nodeset=\"0x1\"/>\n"
		"  </object>\n</topology>\n";
	char err[ERR_BYTES] = "";
	struct topo *t = topo_open_xmlbuffer(xml, sizeof(xml) - 1, err, sizeof(err));
	cpu_set_t mine;

	(void)state;
	if (!t)
		fail_msg("%s", err);
	assert_int_equal(sched_getaffinity(0, sizeof(mine), &mine), 0);
	if (!CPU_ISSET(63, &mine)) {
		assert_int_equal(place_pin(t, 63, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "P#63"));
	}
	topo_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_pins_to_every_pu_of_this_machine),
		cmocka_unit_test(place_pins_by_a_topology_handed_on),
		cmocka_unit_test(place_refuses_to_pin_by_a_foreign_topology),
		cmocka_unit_test(place_refuses_to_pin_to_a_pu_that_does_not_exist),
		cmocka_unit_test(place_reports_a_pin_that_the_kernel_refuses),
	};

	return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
