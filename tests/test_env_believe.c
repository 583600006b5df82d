/*
 * The sentence on how far a machine can be believed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/env.h"

static const struct env_facts ideal = {
	.hypervisor = "none", .governor = "performance", .cpus_online = 16, .quota_cpus = NAN};

static void env_believes_a_quiet_physical_machine(void **state)
{
	char line[512];

	(void)state;
	assert_int_equal(env_believe(&ideal, line, sizeof(line)), 0);
	assert_string_equal(line,
		"A physical machine with 16 CPUs, load 0.00, 0.000 % of its CPU time stolen since boot: "
		"nothing seen here speaks against its figures.");
}

static void env_makes_a_reservation_for_each_doubt(void **state)
{
	struct env_facts f = ideal;
	char line[512], cut[16];

	(void)state;
	f.governor[0] = '\0';
	assert_int_equal(env_believe(&f, line, sizeof(line)), 1);
	f.is_virtual = true;
	(void)snprintf(f.hypervisor, sizeof(f.hypervisor), "kvm");
	f.cpus_online = 2;
	f.load = 1.5;
	f.steal_pct = 2;
	f.quota_cpus = 0.5;
	assert_int_equal(env_believe(&f, line, sizeof(line)), 6);
	assert_non_null(strstr(line, "A virtual machine (kvm) with 2 CPUs, load 1.50, 2.000 %"));
	assert_int_equal(line[strlen(line) - 1], '.');
	assert_int_equal(env_believe(&f, cut, sizeof(cut)), 6);
	assert_string_equal(cut, "A virtual machi");
}

static void env_says_nothing_of_load_and_steal_it_does_not_know(void **state)
{
	struct env_facts f = ideal;
	char line[512];

	(void)state;
	f.load = (double)NAN;
	f.steal_pct = (double)NAN;
	assert_int_equal(env_believe(&f, line, sizeof(line)), 0);
	assert_null(strstr(line, "load"));
	assert_null(strstr(line, "stolen"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(env_believes_a_quiet_physical_machine),
		cmocka_unit_test(env_makes_a_reservation_for_each_doubt),
		cmocka_unit_test(env_says_nothing_of_load_and_steal_it_does_not_know),
	};

	return cmocka_run_group_tests_name("env_believe", tests, NULL, NULL);
}
