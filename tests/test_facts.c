/*
 * Facts of two machines: each key that must be the same is told when it is not, unless it is what
 * is under test; the others are at most worth a note.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/facts.h"
#include "harness/compiler.h"
#include "tests/support.h"

/* Written down here again, so that none goes missing. */
static const struct {
	const char *key, *group;
} hard[] = {
	{"architecture", "cpu"},
	{"cpu_model", "cpu"},
	{"cpu_family", "cpu"},
	{"cpu_model_number", "cpu"},
	{"cpu_stepping", "cpu"},
	{"cache_l1d", "cpu"},
	{"cache_l1i", "cpu"},
	{"cache_l2", "cpu"},
	{"cache_l3", "cpu"},
	{"cpus_online", ""},
	{"cpus_allowed", ""},
	{"cpus_isolated", ""},
	{"cpus_nohz_full", ""},
	{"numa_nodes_online", ""},
	{"smt", ""},
	{"governor", ""},
	{"turbo", ""},
	{"transparent_hugepages", ""},
	{"hypervisor", ""},
	{"cgroup_cpu_quota_cpus", ""},
	{"cgroup_cpuset", ""},
	{"clocksource", ""},
	{"clock", ""},
	{"page_bytes", ""},
	{"kernel", "kernel"},
	{"kernel_version", "kernel"},
	{"boot_parameters", "kernel"},
	{"libc", "libc"},
	{"compiler", "compiler"},
	{"compiler_flags", "compiler"},
	{"handoff_flags", "compiler"},
	{"handoff_flavour", "compiler"},
	{"handoff_version", ""},
	{"trial_ns", ""},
	{"mitigation_meltdown", "mitigations"},
	{"mitigation_retbleed", "kernel"},
};

static const char *const soft[] = {"host", "microcode", "memory_bytes", "machine_vendor",
	"machine_product", "cpufreq_driver", "cpuidle_driver", "aslr", "perf_event_paranoid",
	"boot_id"};

/* What was told last. */
struct told {
	char key[64], a[64], b[64];
};

static void on_difference(void *ctx, const char *key, const char *a, const char *b)
{
	struct told *t = ctx;

	snprintf(t->key, sizeof(t->key), "%s", key);
	snprintf(t->a, sizeof(t->a), "%s", a);
	snprintf(t->b, sizeof(t->b), "%s", b);
}

static void set(struct facts *f, const char *key, const char *value)
{
	assert_int_equal(facts_set(f, key, value), 0);
}

static void set_all(struct facts *f)
{
	for (size_t i = 0; i < ARRAY_LEN(hard); i++)
		set(f, hard[i].key, "same");
	for (size_t i = 0; i < ARRAY_LEN(soft); i++)
		set(f, soft[i], "same");
	set(f, "load_average", "0.10 0.20 0.30");
}

static size_t hard_but(const struct facts *a, const struct facts *b, const char *under_test)
{
	struct opt_list names = {.item = &under_test, .n = 1};

	return facts_hard(a, b, &names, NULL, NULL);
}

static void check_key(struct facts *a, struct facts *b, size_t i)
{
	char old[FACTS_FINGERPRINT], new[FACTS_FINGERPRINT];
	struct told t = {.key = ""};

	facts_fingerprint(b, old);
	set(b, hard[i].key, "other");
	facts_fingerprint(b, new);
	if (facts_hard(a, b, NULL, on_difference, &t) != 1 || strcmp(t.key, hard[i].key) != 0)
		fail_msg("nobody tells that %s differs", hard[i].key);
	assert_string_equal(t.a, "same");
	assert_string_equal(t.b, "other");
	assert_string_not_equal(old, new);
	assert_int_equal(hard_but(a, b, hard[i].key), 0);
	if (hard[i].group[0])
		assert_int_equal(hard_but(a, b, hard[i].group), 0);
	assert_int_equal(
		hard_but(a, b, strcmp(hard[i].group, "libc") == 0 ? "compiler" : "libc"), 1);
	set(b, hard[i].key, "same");
}

static void each_hard_key_is_told_unless_it_is_under_test(void **state)
{
	struct facts a = {0}, b = {0};

	(void)state;
	set_all(&a);
	set_all(&b);
	assert_int_equal(facts_hard(&a, &b, NULL, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(hard); i++)
		check_key(&a, &b, i);
	facts_free(&a);
	facts_free(&b);
}

/* No key is compared that is not written down above. */
static void a_machine_that_nothing_is_known_of_differs_in_every_hard_key(void **state)
{
	struct facts a = {0}, none = {0};

	(void)state;
	set_all(&a);
	set(&a, "steal_since_boot_pct", "3");
	assert_int_equal(facts_hard(&a, &none, NULL, NULL, NULL), ARRAY_LEN(hard));
	assert_int_equal(facts_hard(&none, &a, NULL, NULL, NULL), ARRAY_LEN(hard));
	facts_free(&a);
}

static void each_soft_key_is_worth_a_note_and_no_more(void **state)
{
	struct facts a = {0}, b = {0};

	(void)state;
	set_all(&a);
	set_all(&b);
	assert_int_equal(facts_soft(&a, &b, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(soft); i++) {
		struct told t = {.key = ""};

		set(&b, soft[i], "other");
		if (facts_soft(&a, &b, on_difference, &t) != 1 || strcmp(t.key, soft[i]) != 0)
			fail_msg("nobody tells that %s differs", soft[i]);
		assert_int_equal(facts_hard(&a, &b, NULL, NULL, NULL), 0);
		set(&b, soft[i], "same");
	}
	facts_free(&a);
	facts_free(&b);
}

static void load_is_worth_a_note_where_it_is_another_one(void **state)
{
	static const struct {
		const char *load;
		size_t told;
	} at[] = {
		{"0.10 0.20 0.30", 0}, {"0.55 3 3", 0}, {"0.75 0 0", 1}, {"12.5 0 0", 1}, {"", 1}};
	struct facts a = {0}, b = {0};

	(void)state;
	set_all(&a);
	set_all(&b);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		set(&b, "load_average", at[i].load);
		assert_int_equal(facts_soft(&a, &b, NULL, NULL), at[i].told);
	}
	set(&a, "load_average", "");
	assert_int_equal(facts_soft(&a, &b, NULL, NULL), 0);
	facts_free(&a);
	facts_free(&b);
}

static void a_file_of_facts_that_is_wrong_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "it is empty"},
		{"key,text,reason\n", ":1: the columns are not key,value,reason"},
		{"key,value,reason\nsmt,on,\n,0-1,\n", ":3: a value stands there without its key"},
		{"key,value,reason\nsmt,on,\nsmt,on,\n",
			":3: a key stands there for the second time"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct facts f = {0};
		char path[64], err[300] = "";
		int fd = memfd_create("facts", MFD_CLOEXEC);

		assert_int_equal(write(fd, bad[i].text, strlen(bad[i].text)), strlen(bad[i].text));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		assert_int_equal(facts_read(&f, path, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, bad[i].says));
		facts_free(&f);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hard_key_is_told_unless_it_is_under_test),
		cmocka_unit_test(a_machine_that_nothing_is_known_of_differs_in_every_hard_key),
		cmocka_unit_test(each_soft_key_is_worth_a_note_and_no_more),
		cmocka_unit_test(a_file_of_facts_that_is_wrong_is_refused_with_its_line),
		cmocka_unit_test(load_is_worth_a_note_where_it_is_another_one),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
