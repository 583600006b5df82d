/*
 * {{waits}}: ways to wait side by side, and many workers on one processor, from rows
 * made in memory.
 */
#include <math.h>
#include <stdbool.h>

#include "bench/report.h"
#include "tests/sample_rows.h"

enum { ROOM = 400, TRIALS = 7 };

static const struct report_options quiet = {.keep_pictures = true};

struct rows {
	struct sample row[ROOM];
	size_t n;
};

/* TRIALS rows, changed alike by `axes` (NULL: none) and the number of workers a side. */
static void add(struct rows *r, struct at at, double figure, double cpu_ns, const char *axes,
	double side_a, double side_b)
{
	size_t end = add_rows(r->row, r->n, at, figure, TRIALS);

	for (; r->n < end; r->n++) {
		struct sample *s = &r->row[r->n];
		size_t len = strlen(s->cell);

		s->cpu_ns_per_op = cpu_ns;
		s->producers = side_a;
		s->consumers = side_b > 0 ? side_b : (double)NAN;
		if (axes)
			(void)snprintf(s->axes, sizeof(s->axes), "%s", axes);
		(void)snprintf(s->cell + len, sizeof(s->cell) - len, "&fan=%gx%g&%.40s", side_a,
			side_b, axes ? axes : "");
	}
}

static void add_trip(struct rows *r, const char *domain, const char *placement, const char *wait,
	double figure, double cpu_ns, const char *axes)
{
	add(r,
		(struct at){.domain = domain,
			.placement = placement,
			.wait = wait,
			.capacity = "native"},
		figure, cpu_ns, axes, 1, 1);
}

static void add_crowd(struct rows *r, const char *wait, double workers, double figure)
{
	add(r,
		(struct at){.workload = "stream",
			.placement = "same-pu",
			.wait = wait,
			.capacity = "native"},
		figure, 500, NULL, workers / 2, workers / 2);
}

static void add_lock(struct rows *r, const char *wait, double workers, double figure)
{
	size_t from = r->n;

	add(r,
		(struct at){.mechanism = "lock/mutex",
			.workload = "contend",
			.placement = "same-pu",
			.wait = wait,
			.capacity = "native"},
		figure, 50, NULL, workers, 0);
	for (size_t i = from; i < r->n; i++) {
		(void)snprintf(r->row[i].family, sizeof(r->row[i].family), "lock");
		r->row[i].capacity[0] = '\0';
		r->row[i].msg_bytes = (double)NAN;
	}
}

/* Another cell of the same place: n bytes are changed inside. */
static void add_bytes_under_lock(struct rows *r, const char *wait, double workers, double figure)
{
	size_t from = r->n;

	add_lock(r, wait, workers, figure);
	for (size_t i = from; i < r->n; i++) {
		size_t len = strlen(r->row[i].cell);

		r->row[i].msg_bytes = 64;
		(void)snprintf(r->row[i].cell + len, sizeof(r->row[i].cell) - len, "&size=64");
	}
}

/* The section of the report that is made of the rows; to be freed. */
static char *section_of(const char *dir, const struct rows *r)
{
	char err[1000] = "", *text, *begin, *end;

	write_samples(dir, r->row, r->n);
	if (report_make(dir, &quiet, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	text = read_text_file(dir, "REPORT.md");
	assert_non_null(text);
	begin = strstr(text, "### How to wait");
	assert_non_null(begin);
	end = strstr(begin, "\n### ");
	assert_non_null(end);
	*end = '\0';
	memmove(text, begin, strlen(begin) + 1);
	return text;
}

static struct rows *new_rows(void)
{
	struct rows *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	return r;
}

static void sleeping_and_spinning_stand_side_by_side_with_their_cpu_time(void **state)
{
	struct rows *r = new_rows();
	char *text;

	add_trip(r, "thread", "nearest", "block", 10000, 15000, NULL);
	add_trip(r, "thread", "nearest", "epoll", 12000, 18000, NULL);
	add_trip(r, "thread", "nearest", "spin", 500, 1000, NULL);
	add_trip(r, "thread", "nearest", "block", 5000, 9000, "keep-awake=yes");
	text = section_of(*state, r);
	check_says(text, "Round trips of two threads, nearest:\n\n"
			 "| mechanism | block | epoll | spin-then-block | yield | spin |\n"
			 "|---|---|---|---|---|---|\n"
			 "| channel/pipe | 10.3 us [10.0 .. 10.6 us]; CPU 15.0 us "
			 "| 12.4 us [12.0 .. 12.7 us]; CPU 18.0 us | - | - "
			 "| 515 ns [500 .. 530 ns]; CPU 1.00 us |\n"
			 "| channel/pipe, kept awake | 5.15 us [5.00 .. 5.30 us]; CPU 9.00 us "
			 "| - | - | - | - |\n");
	free(text);
	free(r);
}

static void other_axes_sizes_and_floors_are_in_no_table(void **state)
{
	struct rows *r = new_rows();
	char *text;

	add_trip(r, "thread", "nearest", "block", 10000, 15000, "pair=2");
	add_trip(r, "thread", "nearest", "spin", 20000, 15000, "keep-awake=yes;pair=2");
	add_trip(r, "thread", "farthest", "yield", 30000, 15000, NULL);
	add(r, (struct at){.bytes = 4096}, 40000, 100, NULL, 1, 1);
	add(r, (struct at){.mechanism = "channel/null"}, 50, 100, NULL, 1, 1);
	text = section_of(*state, r);
	assert_null(strchr(text, '|'));
	check_says(text,
		"\nWithout a row in this run: two threads on one processor; two threads, nearest; ");
	free(text);
	free(r);
}

static void workers_on_one_processor_are_shown_by_their_number(void **state)
{
	struct rows *r = new_rows();
	char *text;

	for (int i = 0; i < 3; i++) {
		static const double workers[] = {2, 4, 16};

		add_crowd(r, "block", workers[i], 1e6 / workers[i]);
		add_crowd(r, "spin", workers[i], 1e5 / workers[i]);
		add_lock(r, "yield", workers[i], 1e7 / workers[i]);
	}
	add_bytes_under_lock(r, "yield", 2, 9e5);
	add_lock(r, "block", 2, 1e6); /* two are no crowd */
	add_lock(r, "spin", 8, 1e6);  /* nor in the table */
	text = section_of(*state, r);
	check_says(text,
		"| mechanism | 2 workers | 4 workers | 16 workers |\n|---|---|---|---|\n"
		"| channel/pipe (block) | 515 k/s [500 .. 530 k/s]; CPU 500 ns | 258 k/s "
		"[250 .. 265 k/s]; CPU 500 ns | 64.4 k/s [62.5 .. 66.2 k/s]; CPU 500 ns |\n"
		"| channel/pipe (spin) | 51.5 k/s ");
	check_says(text,
		"| lock/mutex (yield) | 5.15 M/s [5.00 .. 5.30 M/s]; CPU 50.0 ns "
		"| 2.58 M/s [2.50 .. 2.65 M/s]; CPU 50.0 ns | 644 k/s [625 .. 662 k/s]; CPU 50.0 ns |");
	assert_null(strstr(text, "lock/mutex (block)"));
	assert_null(strstr(text, "lock/mutex (spin)"));
	assert_null(strstr(text, "16 workers on one processor"));
	free(text);
	free(r);
}

static void run_says_in_one_sentence_what_it_lacks(void **state)
{
	static const char *const waits[] = {"block", "epoll", "spin-then-block", "yield", "spin"};
	struct rows *r = new_rows();
	char *text;

	for (size_t i = 0; i < 5; i++)
		add_trip(r, "thread", i % 2 ? "nearest" : "same-pu", waits[i], 1000, 100, NULL);
	add_trip(r, "process", "nearest", "block", 1000, 100, NULL);
	add_crowd(r, "block", 2, 1e6);
	add_crowd(r, "block", 4, 1e6);
	text = section_of(*state, r);
	check_says(text,
		"|\n\nWithout a row in this run: two processes on one processor; locks of more than two "
		"threads on one processor; 16 workers on one processor; processors kept "
		"awake.\n");
	add_trip(r, "process", "same-pu", "block", 1000, 100, "keep-awake=yes");
	add_crowd(r, "spin", 16, 1e6);
	add_lock(r, "block", 4, 1e6);
	free(text);
	text = section_of(*state, r);
	assert_null(strstr(text, "Without a row in this run"));
	free(text);
	free(r);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(sleeping_and_spinning_stand_side_by_side_with_their_cpu_time),
		DIR_TEST(other_axes_sizes_and_floors_are_in_no_table),
		DIR_TEST(workers_on_one_processor_are_shown_by_their_number),
		DIR_TEST(run_says_in_one_sentence_what_it_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
