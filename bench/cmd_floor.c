/*
 * handoff floor - the least that the parts of a hand-over cost on this machine.
 *
 * One pair of PUs for each placement that is asked for, the same parts that `run`
 * measures beside its cells (harness/floor.h says what they are).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/floors.h"
#include "bench/launch.h"
#include "bench/opt.h"
#include "bench/stop.h"
#include "bench/units.h"
#include "harness/place.h"

enum {
	ERR_BYTES = 512,
	MOST_PLACEMENTS = 64,
	MOST_TIME_NS = 600,
	NS_PER_S = 1000000000,
};

struct floor_settings {
	struct opt_list placement, size;
	const char *format;
	uint64_t time_ns;
	bool clock_gettime;
};

static const struct opt floor_opts[] = {
	{"placement", 'p', OPT_LIST, offsetof(struct floor_settings, placement), "PLACEMENT",
		"same-pu,nearest,farthest",
		"Where the two threads run: a class, nearest, farthest, or locations (pu:0+pu:3). "
		"What is the same pair again is measured once."},
	{"size", 's', OPT_LIST, offsetof(struct floor_settings, size), "SIZE", "64,1K,4K,64K,1M",
		"Sizes of copies, 1 to 1M, at most 32."},
	{"time", 't', OPT_TIME_NS, offsetof(struct floor_settings, time_ns), "TIME", "2s",
		"How long to measure, all placements together."},
	{"format", 0, OPT_STR, offsetof(struct floor_settings, format), "FORMAT", "text",
		"text, or csv: placement,part,bytes,unit,min,median,spread,n,reason."},
	{"clock-gettime", 0, OPT_FLAG, offsetof(struct floor_settings, clock_gettime), NULL, NULL,
		"Take time from clock_gettime even where the processor's counter is fit."},
	{0},
};

static const struct opt_cmd floor_cmd = {
	.name = "floor",
	.synopsis = "[options]",
	.summary = "Measure what a hand-over is made of, each part alone, as fast as it gets:\n"
		   "no mechanism can be faster than its parts.",
	.opts = floor_opts,
	.after =
		"The minimum over batches is the floor.  The spread of a line is the minimum at the\n"
		"slowest of 8 addresses: a line has a home in the caches, which may be far.\n"
		"\n"
		"  line-cas  one way of a cache line that both compare and swap\n"
		"  line-two  one way, each side writing a line of its own\n"
		"  switch    from a thread that yields to the other one on its PU\n"
		"  wake      from before a futex is woken until its sleeper runs\n"
		"  syscall   getppid, there and back\n"
		"  atomic    an addition that nobody contends for\n"
		"  clock     a reading of the clock of the timed loops\n"
		"  copy      of so many bytes, warm\n",
};

/* What is asked for, and what came of it. */
struct asked {
	struct floor_settings set;
	struct topo *topo;
	struct clock clock;
	uint32_t bytes[FLOOR_SIZES];
	size_t n_bytes;
	struct place {
		char name[2 * PLACE_NAME_BYTES + 4];
		struct floors_pair pair;
		char why[TRIAL_REASON]; /* why it is not measured; "" if it is */
	} place[MOST_PLACEMENTS];
	size_t n, pairs;
	char err[ERR_BYTES];
};

/* ---- what is asked for ----------------------------------------------------- */

static int read_sizes(struct asked *a)
{
	for (size_t i = 0; i < a->set.size.n; i++) {
		uint64_t bytes;
		int code = units_parse_bytes(a->set.size.item[i], &bytes, a->err, sizeof(a->err));

		if (code)
			return code;
		if (bytes < 1 || bytes > FLOOR_MAX_BYTES || a->n_bytes == FLOOR_SIZES) {
			snprintf(a->err, sizeof(a->err),
				"--size: %.40s: sizes go from 1 to 1M, %d of them at most",
				a->set.size.item[i], FLOOR_SIZES);
			return -EINVAL;
		}
		a->bytes[a->n_bytes++] = (uint32_t)bytes;
	}
	return 0;
}

/* The pair of a placement, or why there is none here. */
static int find_pair(struct asked *a, const char *text, struct place *out)
{
	struct placement where;
	unsigned pu[2];
	double ignored;
	int code = place_parse(a->topo, text, &where, out->why, sizeof(out->why));

	snprintf(out->name, sizeof(out->name), "%.63s", text);
	if (code == -ENOENT)
		return 0;
	if (code) {
		snprintf(a->err, sizeof(a->err), "%s", out->why);
		return code;
	}
	out->why[0] = '\0';
	if (!where.pinned) {
		snprintf(a->err, sizeof(a->err),
			"--placement: %.63s is no pair of PUs; name a class or locations", text);
		return -EINVAL;
	}
	code = place_assign(&where, a->topo, 1, 1, pu, &ignored);
	if (code) {
		snprintf(a->err, sizeof(a->err), "--placement: %.63s: %s", text, strerror(-code));
		return code;
	}
	if (strcmp(where.resolved, where.name) != 0)
		snprintf(out->name, sizeof(out->name), "%s (%s)", where.name, where.resolved);
	out->pair = (struct floors_pair){pu[0], pu[1]};
	return 0;
}

static void name_the_same(struct asked *a, struct place *p)
{
	for (const struct place *q = a->place; q < p; q++) {
		if (q->why[0] || q->pair.a != p->pair.a || q->pair.b != p->pair.b)
			continue;
		snprintf(p->why, sizeof(p->why), "the same pair of PUs as %.100s", q->name);
		return;
	}
	a->pairs++;
}

static int read_placements(struct asked *a)
{
	if (a->set.placement.n > MOST_PLACEMENTS) {
		snprintf(
			a->err, sizeof(a->err), "--placement: at most %d at once", MOST_PLACEMENTS);
		return -E2BIG;
	}
	for (size_t i = 0; i < a->set.placement.n; i++) {
		struct place *p = &a->place[a->n++];
		int code = find_pair(a, a->set.placement.item[i], p);

		if (code)
			return code;
		if (!p->why[0])
			name_the_same(a, p);
	}
	return 0;
}

static int read_rest(struct asked *a)
{
	const char *format = a->set.format;

	if (strcmp(format, "text") != 0 && strcmp(format, "csv") != 0) {
		snprintf(a->err, sizeof(a->err), "unknown format \"%.40s\": there are text and csv",
			format);
		return -EINVAL;
	}
	if (a->set.time_ns > (uint64_t)MOST_TIME_NS * NS_PER_S) {
		snprintf(a->err, sizeof(a->err), "--time goes up to %d s", MOST_TIME_NS);
		return -EINVAL;
	}
	a->topo = topo_open_native(a->err, sizeof(a->err));
	if (!a->topo)
		return -EINVAL;
	if (topo_is_thissystem(a->topo))
		return 0;
	snprintf(a->err, sizeof(a->err),
		"HWLOC_XMLFILE or HWLOC_SYNTHETIC describes another machine: nothing can be "
		"measured on it");
	return -EINVAL;
}

/* ---- the table ------------------------------------------------------------- */

static void put_text(const char *name, const char *part, const struct floor_figure *f)
{
	char min[UNITS_TEXT_BYTES], median[UNITS_TEXT_BYTES], spread[UNITS_TEXT_BYTES];

	if (f->why) {
		printf("%-26s %-12s %10s %10s %10s %6s  %s\n", name, part, "-", "-", "-", "-",
			f->why);
		return;
	}
	printf("%-26s %-12s %10s %10s %10s %6llu\n", name, part,
		units_format_ns(min, sizeof(min), f->min_ns),
		units_format_ns(median, sizeof(median), f->median_ns),
		units_format_ns(spread, sizeof(spread), f->spread_ns), (unsigned long long)f->n);
}

static void put_csv(
	const char *name, const char *part, uint32_t bytes, const struct floor_figure *f)
{
	struct csv_row row = {0};

	csv_row_text(&row, name);
	csv_row_text(&row, part);
	if (bytes)
		csv_row_u64(&row, bytes);
	else
		csv_row_empty(&row);
	csv_row_text(&row, "ns");
	csv_row_f64(&row, f->min_ns, CSV_SHORT);
	csv_row_f64(&row, f->median_ns, CSV_SHORT);
	csv_row_f64(&row, f->spread_ns, CSV_SHORT);
	csv_row_u64(&row, f->n);
	csv_row_text(&row, f->why);
	csv_row_end(&row);
	fwrite(row.buf, 1, row.len, stdout);
	csv_row_free(&row);
}

static void put_figure(const struct asked *a, const struct place *p, const char *part,
	uint32_t bytes, const struct floor_figure *f)
{
	char size[UNITS_TEXT_BYTES], name[UNITS_TEXT_BYTES + 8];

	if (strcmp(a->set.format, "csv") == 0) {
		put_csv(p->name, part, bytes, f);
		return;
	}
	snprintf(name, sizeof(name), "%s%s%s", part, bytes ? " " : "",
		bytes ? units_format_bytes(size, sizeof(size), bytes) : "");
	put_text(p->name, name, f);
}

static void put_head(const struct asked *a)
{
	if (strcmp(a->set.format, "csv") == 0)
		puts("placement,part,bytes,unit,min,median,spread,n,reason");
	else
		printf("%-26s %-12s %10s %10s %10s %6s\n", "placement", "part", "minimum", "median",
			"spread", "n");
}

static void put_place(const struct asked *a, const struct place *p, const struct floor_result *r)
{
	for (int i = 0; i < FLOOR_COPY; i++)
		put_figure(a, p, floor_part_name((enum floor_part)i), 0, &r->part[i]);
	for (size_t i = 0; i < a->n_bytes; i++)
		put_figure(a, p, floor_part_name(FLOOR_COPY), a->bytes[i], &r->copy[i]);
}

/* ---- measuring ------------------------------------------------------------- */

static int measure_place(struct asked *a, const struct place *p)
{
	const struct floor_figure none = {
		.min_ns = NAN, .median_ns = NAN, .spread_ns = NAN, .why = p->why};
	const struct floor_ask ask = {.topo = a->topo,
		.clock = &a->clock,
		.pu_a = p->pair.a,
		.pu_b = p->pair.b,
		.time_ns = a->set.time_ns / a->pairs,
		.bytes = a->bytes,
		.n_bytes = a->n_bytes};
	struct floor_result result;
	int code;

	if (p->why[0]) {
		put_figure(a, p, "", 0, &none);
		return 0;
	}
	code = floor_measure(&ask, &result, a->err, sizeof(a->err));
	if (!code)
		put_place(a, p, &result);
	return code;
}

static int measure(struct asked *a)
{
	int code = 0;

	if (a->pairs == 0) {
		fprintf(stderr, "handoff floor: none of these placements is on this machine: %s\n",
			a->place[0].why);
		return EXIT_NOTHING;
	}
	stop_on_signals();
	clock_calibrate(&a->clock, a->set.clock_gettime, NULL, 0);
	put_head(a);
	for (size_t i = 0; i < a->n && !code && !launch_stop; i++)
		code = measure_place(a, &a->place[i]);
	if (launch_stop)
		return EXIT_SIGNAL + launch_stop;
	if (!code)
		return EXIT_FINE;
	fprintf(stderr, "handoff floor: %s\n", a->err);
	return EXIT_USAGE;
}

int cmd_floor(int argc, char **argv)
{
	struct asked a = {.n = 0};
	int rc = opt_parse(&floor_cmd, &a.set, argc, argv, NULL, NULL);

	if (rc != OPT_RUN)
		return rc;
	if (read_sizes(&a) || read_rest(&a) || read_placements(&a)) {
		fprintf(stderr, "handoff floor: %s\n", a.err);
		rc = EXIT_USAGE;
	} else {
		rc = measure(&a);
	}
	topo_close(a.topo);
	opt_free(&floor_cmd, &a.set);
	return rc;
}
