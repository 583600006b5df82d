/* judged_scene.c - see judged_scene.h. */
#include "tests/judged_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/compiler.h"
#include "tests/support.h"

void scene_judgement(struct judgement *j)
{
	*j = (struct judgement){
		.old_name = "build/old",
		.new_name = "build/new",
		.machine = "AMD EPYC 7763, 2 PUs, Linux 6.1.0",
		.began = "2026-11-21T14:00:00Z",
		.seed = 18446744073709551615u,
		.fwer = 0.01,
		.suite_ratio = 1.002,
		.suite_lo = 0.991,
		.suite_hi = 1.0132,
	};
}

static bool has_figures(enum judged_verdict v)
{
	return v != JUDGED_NEW && v != JUDGED_MISSING && v != JUDGED_NA;
}

static void set_figures(struct judged *r, double ratio)
{
	bool rate = strcmp(r->metric, "throughput") == 0;

	r->old_value = rate ? 195000 : 5123.25;
	r->new_value = rate ? r->old_value / ratio : r->old_value * ratio;
	r->ratio = ratio;
	r->lo = ratio * 0.97;
	r->hi = ratio / 0.97;
	r->p = 1e-9 / 3;
	r->q = 2.0 / 3 * 1e-8;
	r->mde = 1.0617;
	r->pairs = 34;
}

struct judged *scene_row(
	struct judgement *j, const char *cell, const char *metric, enum judged_verdict v)
{
	struct judged *r = j->row;

	/* doubled at powers of two: many rows are not copied each time */
	if ((j->n & (j->n - 1)) == 0)
		r = realloc(j->row, (j->n ? 2 * j->n : 1) * sizeof(*r));
	assert_non_null(r);
	j->row = r;
	r += j->n++;
	*r = (struct judged){.verdict = v, .margin = 0.03};
	r->gated = v != JUDGED_NA && v != JUDGED_NEW;
	(void)snprintf(r->cell, sizeof(r->cell), "%s", cell);
	(void)snprintf(r->metric, sizeof(r->metric), "%s", metric);
	(void)snprintf(
		r->unit, sizeof(r->unit), "%s", strcmp(metric, "throughput") == 0 ? "1/s" : "ns");
	r->old_value = r->new_value = r->ratio = r->lo = r->hi = r->p = r->q = r->mde = NAN;
	if (has_figures(v))
		set_figures(r, v == JUDGED_REGRESSED ? 1.123 : v == JUDGED_IMPROVED ? 0.8 : 1.004);
	if (v == JUDGED_INCONCLUSIVE)
		r->needs = 120;
	if (v == JUDGED_NA)
		(void)snprintf(r->reason, sizeof(r->reason), "under 100 samples beyond it");
	return r;
}

#define PIPE "channel/pipe/pingpong?domain=process&fan=1x1&size=64&placement=nearest"
#define RING "channel/ring-spsc/stream?domain=thread&fan=1x1&size=64&placement=nearest"
#define LOCK "lock/mutex/contend?domain=thread&fan=4&placement=compact"

void scene_each(struct judgement *j)
{
	struct judged *r;

	scene_judgement(j);
	scene_row(j, LOCK, "throughput", JUDGED_OK);
	scene_row(j, LOCK, "p50", JUDGED_INCONCLUSIVE);
	scene_row(j, LOCK, "p99", JUDGED_NA);
	scene_row(j, RING, "throughput", JUDGED_REGRESSED);
	scene_row(j, RING, "cpu", JUDGED_OK);
	scene_row(j, RING, "p50", JUDGED_IMPROVED);
	scene_row(j, PIPE, "throughput", JUDGED_REGRESSED);
	r = scene_row(j, PIPE, "p50", JUDGED_REGRESSED);
	set_figures(r, 1.5);
	r = scene_row(j, PIPE, "p99", JUDGED_REGRESSED);
	set_figures(r, 9);
	r->gated = false;
	scene_row(j, "channel/fifo/pingpong", "p50", JUDGED_MISSING);
	r = scene_row(j, "channel/tcp/pingpong", "p50", JUDGED_MISSING);
	r->gated = false;
	(void)snprintf(r->reason, sizeof(r->reason), "allowed by --allow-missing channel/tcp*");
	scene_row(j, "channel/ring-new/pingpong", "p50", JUDGED_NEW);
	j->exit_code = 1;
	judged_sort(j);
}

void scene_hostile(struct judgement *j)
{
	static const char *const words[] = {"a,b;c|d`e\"f'g", "</testcase><failure/>&amp;&lt;]]>",
		"two\nlines\r\nand\ttab", "::error::x%0A%25", "| md | *bold* [link](x) <b> \\|",
		"\xc3\xa4 \xe2\x88\x9e \xf0\x9f\x90\xa2 \xe2\x80\xa8", "\xff\xfe broken \xc3",
		" edge ", "\x01\x1b[31mred", "Benchmark-8", "%s%n$(id)"};
	char cell[CELL_KEY];

	scene_judgement(j);
	(void)snprintf(j->old_name, sizeof(j->old_name), "old \"<&>\"\n,%%");
	(void)snprintf(j->note, sizeof(j->note), "a | note\nof <two> \"lines\"");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct judged *r;

		(void)snprintf(
			cell, sizeof(cell), "%s/%s", i % 2 ? "lock/x" : "channel/x", words[i]);
		r = scene_row(j, cell, "p50", i % 3 ? JUDGED_REGRESSED : JUDGED_NA);
		set_figures(r, 1.2 + (double)i / 100);
		(void)snprintf(r->reason, sizeof(r->reason), "%s", words[i]);
	}
	memset(cell, 'x', sizeof(cell) - 1);
	cell[sizeof(cell) - 1] = '\0';
	scene_row(j, cell, "p50", JUDGED_REGRESSED);
	j->exit_code = 1;
	judged_sort(j);
}

void scene_many(struct judgement *j, size_t n)
{
	char cell[CELL_KEY];

	scene_judgement(j);
	for (size_t i = 0; i < n; i++) {
		enum judged_verdict v = i % 10 ? JUDGED_OK : JUDGED_REGRESSED;

		(void)snprintf(cell, sizeof(cell), PIPE "&pair=%zu", i);
		scene_row(j, cell, "p50", v);
		scene_row(j, cell, "cpu", JUDGED_OK);
	}
	j->exit_code = 1;
	judged_sort(j);
}
