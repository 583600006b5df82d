/*
 * The links' shared memory: untouched until its first toucher comes, on the node that was asked
 * for, in huge pages where the kernel gives them, and looked at.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/cell_memory.h"
#include "bench/registry.h"
#include "harness/memory.h"
#include "harness/names.h"
#include "harness/pages.h"
#include "tests/lab.h"
#include "tests/support.h"

enum { AREA_PAGES = 8, FAR_NODE = 900 };

#define ENABLED "/sys/kernel/mm/transparent_hugepage/enabled"
#define RING    "channel/ring-spsc/stream?fan=1x1&size=64&capacity=1024"

/* ---- looking --------------------------------------------------------------------- */

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void pages_are_seen_where_they_are_and_missed_where_they_are_not(void **state)
{
	size_t bytes = AREA_PAGES * page();
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pages_seen s;

	(void)state;
	assert_ptr_not_equal(area, MAP_FAILED);
	pages_look(area, bytes, 0, &s);
	if (s.nodes_err) {
		munmap(area, bytes);
		skip_because("move_pages: %s", strerror(-s.nodes_err));
	}
	assert_int_equal(s.absent, AREA_PAGES);
	assert_int_equal(pages_touch(area, 3 * page()), 0);
	pages_look(area, bytes, 0, &s);
	assert_int_equal(s.asked, AREA_PAGES);
	assert_int_equal(s.absent, AREA_PAGES - 3);
	assert_false(pages_all_on(&s, s.node[0]));
	assert_int_equal(pages_touch(area, bytes), 0);
	pages_look(area + 10, bytes - 10, 0, &s);
	assert_int_equal(s.bytes, bytes);
	assert_int_equal(s.asked, AREA_PAGES);
	assert_true(pages_all_on(&s, s.node[0]));
	assert_false(pages_all_on(&s, s.node[0] + 1));
	pages_look(area, bytes, 2, &s);
	assert_int_equal(s.asked, 2);
	munmap(area, bytes);
}

static bool enabled_at_all(void)
{
	FILE *f = fopen(ENABLED, "re");
	char line[128] = "[never]";

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return strchr(line, '[') && !strstr(line, "[never]");
}

enum { HUGE_TRIES = 8 };

/* Fragments may stand in the way once, not always. */
static void pages_are_huge_where_the_kernel_has_them(void **state)
{
	bool huge = false;
	char err[200] = "";

	(void)state;
	if (!enabled_at_all())
		skip_because("no transparent huge pages here");
	for (int i = 0; i < HUGE_TRIES && !huge; i++) {
		size_t bytes = 1;
		void *area = pages_map_huge(&bytes, false, err, sizeof(err));
		struct pages_seen s;

		if (!area)
			fail_msg("%s", err);
		assert_int_equal(pages_touch(area, bytes), 0);
		pages_look(area, bytes, 0, &s);
		assert_int_equal(s.bytes, bytes);
		huge = s.huge_bytes == bytes;
		munmap(area, bytes);
	}
	assert_true(huge);
}

static void check_said(struct pages_seen s, const char *want)
{
	char text[PAGES_TEXT];

	pages_say(&s, text, sizeof(text));
	assert_string_equal(text, want);
	pages_say(&s, text, 6);
	assert_true(strlen(text) < 6);
}

static void pages_are_said_in_few_words(void **state)
{
	const size_t kib = 1024, mib = 1024 * 1024;

	(void)state;
	check_said((struct pages_seen){.bytes = 4 * mib, .page_bytes = 4 * kib, .n_nodes = 1},
		"4 KiB, node 0");
	check_said((struct pages_seen){.bytes = 4 * mib,
			   .page_bytes = 4 * kib,
			   .huge_bytes = 4 * mib,
			   .huge_page_bytes = 2 * mib,
			   .n_nodes = 2,
			   .node = {1, 3}},
		"2 MiB huge, nodes 1 3");
	check_said((struct pages_seen){.bytes = 4 * mib,
			   .page_bytes = 4 * kib,
			   .huge_bytes = 2 * mib,
			   .huge_page_bytes = 2 * mib},
		"4 KiB, partly huge");
	check_said((struct pages_seen){.bytes = 1}, "");
}

/* ---- a trial's memory ------------------------------------------------------------- */

/* What the setup found; a test has one crew at a time. */
static struct {
	int cpu;
	unsigned calls;
	struct pages_seen pages;
	int answer;
} met;

static int meet(struct crew *c)
{
	met.calls++;
	met.cpu = sched_getcpu();
	pages_look(c->link[0].shared, 1, 0, &met.pages);
	return met.answer;
}

static void *area_of(const struct crew *c)
{
	return c->area ? c->area : (char *)c->arena + c->arena->area_offset;
}

/* The arena of a cell, as a trial makes it, with the topology of this machine. */
static void make_arena(struct crew *c, const struct cell *cell, struct trial_spec *spec)
{
	memset(&met, 0, sizeof(met));
	*c = (struct crew){.find = registry_find, .topo = lab.topo};
	lab_spec(cell, spec);
	if (arena_create(c, spec, NULL) != 0)
		fail_msg("%s: %s", cell->key, c->err);
	c->topo = lab.topo;
}

static void drop_arena(struct crew *c)
{
	if (c->arena->name[0])
		names_shm_unlink(c->arena->name);
	if (c->area)
		munmap(c->area, c->arena->area_bytes);
	munmap(c->arena, c->arena->bytes);
}

/* Nobody has touched it when the setup is entered at the side's processor, but that one. */
static void check_toucher(const char *axes, unsigned pu)
{
	size_t bytes;
	char key[CELL_KEY], text[PAGES_TEXT];
	struct trial_spec spec;
	struct pages_seen s;
	cpu_set_t before, after;
	struct cell cell;
	struct crew c;

	snprintf(key, sizeof(key), RING "&placement=nearest&%s", axes);
	lab_need_cell(&cell, key);
	make_arena(&c, &cell, &spec);
	bytes = c.arena->area_bytes;
	assert_int_equal((uintptr_t)area_of(&c) % page(), 0);
	pages_look(c.arena, c.arena->area_offset, 0, &s);
	assert_int_equal(s.absent, 0);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	if (!c.arena->name[0]) { /* a named one has been paid for: it is given back in there */
		pages_look(area_of(&c), bytes, 0, &s);
		assert_int_equal(s.absent, s.asked);
	}
	if (memory_set_up(&c, meet) != 0)
		fail_msg("%s: %s", key, c.err);
	assert_int_equal(met.calls, 1);
	assert_int_equal(met.cpu, cell.pu[pu]);
	assert_int_equal(met.pages.absent, 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	if (memory_verify(&c, text, sizeof(text)) != 0)
		fail_msg("%s: %s", key, c.err);
	assert_non_null(strstr(text, "node "));
	drop_arena(&c);
}

static void memory_is_touched_first_by_the_side_that_is_asked_for(void **state)
{
	(void)state;
	check_toucher("domain=thread&touch=a", 0);
	check_toucher("domain=thread&touch=b", 1);
	check_toucher("domain=process&touch=b", 1);
	check_toucher("domain=process&start=exec&touch=b", 1);
	check_toucher("domain=process&start=exec&touch=a&node=a", 0);
}

static size_t faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (size_t)u.ru_minflt;
}

/* What names_shm_create() has paid for lies where the leader was: the touch must not find it. */
static void memory_with_a_name_is_given_back_before_it_is_touched(void **state)
{
	struct trial_spec spec;
	struct cell cell;
	struct crew c;
	size_t before;

	(void)state;
	lab_need_cell(&cell, RING "&domain=process&start=exec&placement=nearest&touch=a");
	make_arena(&c, &cell, &spec);
	memset(area_of(&c), 7, c.arena->area_bytes);
	before = faults();
	assert_int_equal(memory_set_up(&c, meet), 0);
	assert_true(faults() - before >= c.arena->area_bytes / page());
	drop_arena(&c);
}

static void memory_that_nobody_asks_anything_of_lies_in_the_arena_as_before(void **state)
{
	struct trial_spec spec;
	struct cell cell;
	struct crew c;
	char text[PAGES_TEXT];

	(void)state;
	lab_need_cell(&cell, RING "&domain=thread&placement=nearest");
	make_arena(&c, &cell, &spec);
	assert_null(c.area);
	met.answer = -EPERM;
	assert_int_equal(memory_set_up(&c, meet), -EPERM);
	assert_int_equal(met.pages.absent, 0);
	assert_int_equal(memory_verify(&c, text, sizeof(text)), 0);
	assert_true(text[0]);
	drop_arena(&c);
}

/* The kernel cannot be made to err on a machine with one node: the memory was bound to another. */
static void memory_on_the_wrong_node_is_refused_with_the_node_it_is_on(void **state)
{
	struct trial_spec spec;
	struct cell cell;
	struct crew c;
	char text[PAGES_TEXT];

	(void)state;
	lab_need_cell(&cell, RING "&domain=thread&placement=nearest&touch=a");
	make_arena(&c, &cell, &spec);
	assert_int_equal(memory_set_up(&c, meet), 0);
	c.arena->spec.extra.node = NODE_FIRST + FAR_NODE;
	assert_int_equal(memory_verify(&c, text, sizeof(text)), -ENOTSUP);
	assert_non_null(strstr(c.err, "are on node 900: "));
	assert_non_null(strstr(c.err, text));
	drop_arena(&c);
}

static void memory_of_a_node_that_there_is_not_is_refused_by_the_kernel(void **state)
{
	struct trial_spec spec;
	struct cell cell;
	struct crew c;

	(void)state;
	lab_need_cell(&cell, RING "&domain=thread&placement=nearest&node=0");
	cell.extra.node = NODE_FIRST + FAR_NODE;
	make_arena(&c, &cell, &spec);
	assert_int_equal(memory_set_up(&c, meet), -ENOTSUP);
	assert_non_null(strstr(c.err, "mbind to node 900"));
	assert_int_equal(met.calls, 0);
	drop_arena(&c);
}

static void memory_of_a_side_that_is_not_pinned_is_refused(void **state)
{
	struct trial_spec spec;
	struct cell cell;
	struct crew c;

	(void)state;
	lab_need_cell(&cell, RING "&domain=thread&placement=nearest&node=b");
	make_arena(&c, &cell, &spec);
	c.arena->spec.pu[1] = PLACE_PU_NONE;
	assert_int_equal(memory_set_up(&c, meet), -ENOTSUP);
	assert_non_null(strstr(c.err, "not pinned"));
	drop_arena(&c);
}

static void memory_in_ordinary_pages_is_not_called_huge(void **state)
{
	struct trial_spec spec;
	struct cell cell;
	struct crew c;
	char text[PAGES_TEXT];

	(void)state;
	lab_need_cell(&cell, RING "&domain=thread&placement=nearest&memory=huge");
	make_arena(&c, &cell, &spec);
	assert_non_null(c.area);
	madvise(c.area, c.arena->area_bytes, MADV_NOHUGEPAGE);
	assert_int_equal(memory_set_up(&c, meet), 0);
	if (memory_verify(&c, text, sizeof(text)) == 0) {
		print_message("pages of the pool are huge whatever is advised: %s\n", text);
	} else {
		assert_non_null(strstr(c.err, "0 of "));
		assert_non_null(strstr(c.err, "transparent_hugepage/enabled is "));
		assert_null(strstr(text, "huge"));
	}
	drop_arena(&c);
}

/* ---- whole trials ----------------------------------------------------------------- */

static void check_trial(const char *axes)
{
	char key[CELL_KEY];
	struct cell c;

	snprintf(key, sizeof(key), "%s", axes);
	lab_need_cell(&c, key);
	switch (lab_run(&c, NULL)) {
	case TRIAL_OK:
		assert_non_null(strstr(lab.result->pages, "node "));
		assert_int_equal(c.extra.memory == MEMORY_HUGE,
			strstr(lab.result->pages, " huge, ") != NULL);
		break;
	case TRIAL_SKIP:
		if (c.extra.memory != MEMORY_HUGE ||
			!strstr(lab.result->reason, "transparent_hugepage/"))
			fail_msg("%s: %s", key, lab.result->reason);
		print_message("%s: %s\n", key, lab.result->reason);
		break;
	default:
		fail_msg("%s: %s %s", key, trial_status_name((enum trial_status)lab.result->status),
			lab.result->reason);
	}
	lab_nothing_left(key);
}

static void trials_have_the_memory_that_they_ask_for_or_say_why_not(void **state)
{
	(void)state;
	check_trial("channel/ring-spsc/pingpong?domain=thread&memory=huge&node=0&touch=b");
	check_trial("lock/mutex/contend?domain=thread&fan=2&memory=huge&touch=b");
	check_trial("event/event/pingpong?domain=thread&node=b");
	if (LAB_TSAN)
		return;
	check_trial("channel/queue-fifo/pingpong?domain=process&memory=huge");
	check_trial("channel/shm-sem/pingpong?domain=process&touch=b");
	check_trial("channel/ring-mpmc/stream?domain=process&start=exec&node=b&touch=a");
	check_trial("lock/mutex/contend?domain=process&start=exec&fan=3&touch=b");
}

/* ---- cells ------------------------------------------------------------------------ */

static void check_impossible(const char *key, const char *words)
{
	struct cell c;
	const char *why = lab_cell(&c, key);

	if (!why || !strstr(why, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", key, why ? why : "", words);
}

static void cells_ask_of_memory_only_what_it_could_give(void **state)
{
	static const char *const kernels[] = {"channel/pipe", "channel/fifo", "channel/tcp",
		"channel/udp6", "channel/unix-stream", "channel/mmap-file"};
	char key[CELL_KEY];
	struct cell c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kernels); i++) {
		snprintf(key, sizeof(key), "%s/stream?memory=huge&node=5&touch=b", kernels[i]);
		assert_null(lab_cell(&c, key));
		assert_int_equal(c.extra.memory + c.extra.node + c.extra.touch, 0);
		assert_false(cell_has_memory(c.mech));
	}
	check_impossible(RING "&placement=unpinned&touch=a", "pinned");
	check_impossible(RING "&placement=unpinned&node=b", "pinned");
	check_impossible(RING "&domain=process&start=exec&memory=huge", "inherit");
	check_impossible("lock/mutex/contend?fan=1&touch=b", "no side b");
	assert_null(lab_cell(&c, RING "&placement=unpinned&node=0"));
	assert_null(lab_cell(&c, RING "&node=901"));
	assert_non_null(strstr(c.skip, "node=901: this machine has NUMA node"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_seen_where_they_are_and_missed_where_they_are_not),
		cmocka_unit_test(pages_are_huge_where_the_kernel_has_them),
		cmocka_unit_test(pages_are_said_in_few_words),
		cmocka_unit_test(memory_is_touched_first_by_the_side_that_is_asked_for),
		cmocka_unit_test(memory_with_a_name_is_given_back_before_it_is_touched),
		cmocka_unit_test(memory_that_nobody_asks_anything_of_lies_in_the_arena_as_before),
		cmocka_unit_test(memory_on_the_wrong_node_is_refused_with_the_node_it_is_on),
		cmocka_unit_test(memory_of_a_node_that_there_is_not_is_refused_by_the_kernel),
		cmocka_unit_test(memory_of_a_side_that_is_not_pinned_is_refused),
		cmocka_unit_test(memory_in_ordinary_pages_is_not_called_huge),
		cmocka_unit_test(trials_have_the_memory_that_they_ask_for_or_say_why_not),
		cmocka_unit_test(cells_ask_of_memory_only_what_it_could_give),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("memory", tests, lab_setup, lab_teardown);
}
