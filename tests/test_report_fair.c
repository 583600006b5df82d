/* {{fairness}}: asked of a run made here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "bench/report.h"
#include "tests/sample_rows.h"

enum { TRIALS = 3, ERR = 1000, PATH = 300 };

static const char head[] =
	"| mechanism | workload | workers | which | Jain's index | least share | "
	"most | longest wait | overtaken, mean | most |\n"
	"|---|---|--:|---|--:|--:|--:|--:|--:|--:|\n";

static void check_table(const char *dir, const char *lines)
{
	char in[PATH], out[PATH], err[ERR] = "", wanted[ERR];
	const struct report_options o = {
		.template_path = in, .out_path = out, .keep_pictures = true, .demand = true};
	char *text;

	(void)snprintf(in, sizeof(in), "%s/in.md", dir);
	(void)snprintf(out, sizeof(out), "%s/out.md", dir);
	(void)unlink(in);
	append_text(dir, "in.md", "{{fairness}}\n");
	if (report_make(dir, &o, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	text = read_text_file(dir, "out.md");
	(void)snprintf(wanted, sizeof(wanted), "%s%s", *lines == '|' ? head : "", lines);
	assert_string_equal(text, wanted);
	free(text);
}

/* Trials of so many senders and receivers (0: a lock), the middle one's index 0.9. */
static size_t add_fan(struct sample *row, size_t n, struct at at, double a, double b)
{
	size_t end = add_rows(row, n, at, 1e6, TRIALS);

	for (size_t i = n; i < end; i++) {
		double k = (double)(i - n);
		size_t len = strlen(row[i].cell);

		row[i].producers = a;
		row[i].consumers = b;
		row[i].fairness = 0.8 + 0.1 * k;
		row[i].share_min_pct = 50 + k;
		row[i].share_max_pct = 150 - k;
		(void)snprintf(
			row[i].cell + len, sizeof(row[i].cell) - len, "&fan=%.0fx%.0f", a, b);
		if (b > 0) {
			row[i].share_b_min_pct = 40 + k;
			row[i].share_b_max_pct = 120;
		} else {
			(void)snprintf(row[i].family, sizeof(row[i].family), "lock");
			row[i].consumers = row[i].msg_bytes = 0;
			row[i].longest_stamped_wait_ns = 1000 * (1 + k);
			row[i].overtakes_mean = 1.5 + k;
			row[i].overtakes_max = 20 + k;
		}
	}
	return end;
}

static void shares_are_of_the_cell_with_the_most_workers(void **state)
{
	const struct at pipe = {.workload = "stream"},
			far = {.workload = "stream", .placement = "unpinned"};
	const struct at forked = {
		.workload = "stream", .domain = "process", .placement = "unpinned"};
	struct sample row[6 * TRIALS];
	size_t n = add_fan(row, 0, pipe, 4, 4);

	n = add_fan(row, n, pipe, 2, 2);
	n = add_fan(row, n, forked, 4, 4);
	n = add_fan(row, n, far, 4, 4);
	n = add_fan(row, n, pipe, 1, 1);
	n = add_fan(row, n, (struct at){.workload = "drain"}, 8, 8);
	write_samples(*state, row, n);
	check_table(*state,
		"| channel/pipe | stream | 4x4 | thread, unpinned | 0.900 range 0.800 .. "
		"1.000 | 41 % | 149 % | - | - | - |\n");
}

static void locks_have_their_longest_waits_and_who_was_overtaken(void **state)
{
	const struct at mutex = {.mechanism = "lock/mutex", .workload = "contend"};
	struct sample row[TRIALS];

	write_samples(*state, row, add_fan(row, 0, mutex, 8, 0));
	check_table(*state, "| lock/mutex | contend | 8 | thread, nearest | 0.900 range 0.800 .. "
			    "1.000 | 51 % | 149 % | 2.00 us | 2.5 | 21 |\n");
}

/* Of files that share what all of a crowd counted among few of it. */
static void mean_of_a_crowd_in_an_older_file_is_not_shown(void **state)
{
	const struct at crowd = {.mechanism = "lock/mutex", .workload = "oversubscribed"};
	struct sample row[TRIALS];
	size_t n = add_fan(row, 0, crowd, 100, 0);

	write_samples(*state, row, n);
	check_table(*state, "| lock/mutex | oversubscribed | 100 | thread, nearest | 0.900 range "
			    "0.800 .. 1.000 | 51 % | 149 % | 2.00 us | - | 21 |\n");
	for (size_t i = 0; i < n; i++)
		row[i].lat_p90_beyond = 0;
	write_samples(*state, row, n);
	check_table(*state, "| lock/mutex | oversubscribed | 100 | thread, nearest | 0.900 range "
			    "0.800 .. 1.000 | 51 % | 149 % | 2.00 us | 2.5 | 21 |\n");
}

static void receivers_and_those_at_a_barrier_are_overtaken_too(void **state)
{
	const struct at pipe = {.workload = "stream"},
			meet = {.mechanism = "barrier/condition", .workload = "rendezvous"};
	struct sample row[2 * TRIALS];
	size_t n = add_fan(row, 0, pipe, 2, 2), end;

	for (size_t i = 0; i < n; i++) {
		row[i].overtakes_mean = 0.5 + (double)i;
		row[i].overtakes_max = 7;
	}
	end = add_fan(row, n, meet, 2, 0);
	for (size_t i = n; i < end; i++) {
		(void)snprintf(row[i].family, sizeof(row[i].family), "barrier");
		row[i].overtakes_mean = 0.25;
		row[i].overtakes_max = 1;
	}
	write_samples(*state, row, end);
	check_table(*state,
		"| barrier/condition | rendezvous | 2 | thread, nearest | 0.900 range 0.800 .. "
		"1.000 | 51 % | 149 % | 2.00 us | 0.25 | 1 |\n"
		"| channel/pipe | stream | 2x2 | thread, nearest | 0.900 range 0.800 .. "
		"1.000 | 41 % | 149 % | - | 1.5 | 7 |\n");
}

static void run_of_pairs_has_no_shares(void **state)
{
	struct sample row[TRIALS];

	write_samples(*state, row, add_rows(row, 0, (struct at){0}, 500, TRIALS));
	check_table(*state, "In no row of this run did several workers compete.\n");
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(shares_are_of_the_cell_with_the_most_workers),
		IN_DIR(locks_have_their_longest_waits_and_who_was_overtaken),
		IN_DIR(mean_of_a_crowd_in_an_older_file_is_not_shown),
		IN_DIR(receivers_and_those_at_a_barrier_are_overtaken_too),
		IN_DIR(run_of_pairs_has_no_shares),
	};

	return cmocka_run_group_tests_name("report_fair", tests, NULL, NULL);
}
