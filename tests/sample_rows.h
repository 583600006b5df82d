/*
 * Rows of samples.csv made in memory, and run directories made of them: for the tests of what
 * reads them.
 */
#ifndef TESTS_SAMPLE_ROWS_H
#define TESTS_SAMPLE_ROWS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/samples.h"
#include "harness/hist.h"

/* Where a row stands; what is left out is the default that row_at() names. */
struct at {
	const char *mechanism, *workload, *domain, *wait, *placement, *capacity;
	double bytes, block;
};

static inline const char *or_default(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* An ok, clean, plain 1x1 row: ping-pong of 64 B by channel/pipe, threads, block, nearest. */
static inline struct sample row_at(struct at at)
{
	struct sample s;

	sample_init(&s);
	s.schema_version = SAMPLES_SCHEMA;
	(void)snprintf(s.run_id, sizeof(s.run_id), "run-1");
	(void)snprintf(s.timestamp_utc, sizeof(s.timestamp_utc), "2026-01-02T03:04:05Z");
	(void)snprintf(s.family, sizeof(s.family), "channel");
	(void)snprintf(
		s.mechanism, sizeof(s.mechanism), "%s", or_default(at.mechanism, "channel/pipe"));
	(void)snprintf(s.workload, sizeof(s.workload), "%s", or_default(at.workload, "pingpong"));
	(void)snprintf(s.domain, sizeof(s.domain), "%s", or_default(at.domain, "thread"));
	if (strcmp(s.domain, "process") == 0)
		(void)snprintf(s.start, sizeof(s.start), "fork");
	s.producers = s.consumers = 1;
	s.msg_bytes = at.bytes > 0 ? at.bytes : 64;
	(void)snprintf(s.capacity, sizeof(s.capacity), "%s", or_default(at.capacity, "1024"));
	(void)snprintf(s.wait, sizeof(s.wait), "%s", or_default(at.wait, "block"));
	(void)snprintf(s.placement, sizeof(s.placement), "%s", or_default(at.placement, "nearest"));
	(void)snprintf(s.loop, sizeof(s.loop), "plain");
	s.block = s.rep = at.block;
	s.attempt = 1;
	(void)snprintf(s.status, sizeof(s.status), "ok");
	(void)snprintf(s.quality, sizeof(s.quality), "clean");
	(void)snprintf(s.cell, sizeof(s.cell),
		"%.40s/%.20s?domain=%.8s&size=%.0f&placement=%.20s&wait=%.16s&capacity=%.8s",
		s.mechanism, s.workload, s.domain, s.msg_bytes, s.placement, s.wait, s.capacity);
	s.ops = 1000;
	return s;
}

/* With what its workload is judged by: ns for ping-pong, operations a second for the others. */
static inline struct sample row_with(struct at at, double figure)
{
	struct sample s = row_at(at);

	if (strcmp(s.workload, "pingpong") == 0) {
		s.lat_p50_ns = figure;
		s.elapsed_ns = s.ops * figure;
		s.ops_per_s = 1e9 / figure;
	} else {
		s.ops_per_s = figure;
		s.bytes_per_s = figure * s.msg_bytes;
		s.elapsed_ns = s.ops * 1e9 / figure;
	}
	s.cpu_ns_per_op = 100;
	return s;
}

/* Adds n rows, in blocks 0, 1 ..., whose figures are figure x 1.00, 1.01, ... */
static inline size_t add_rows(
	struct sample *rows, size_t n_rows, struct at at, double figure, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		at.block = (double)i;
		rows[n_rows++] = row_with(at, figure * (1 + 0.01 * (double)i));
	}
	return n_rows;
}

static inline void set_noisy(struct sample *s)
{
	(void)snprintf(s->quality, sizeof(s->quality), "noisy");
	(void)snprintf(s->quality_reason, sizeof(s->quality_reason), "steal");
}

/* A trial that is not ok: it has a reason. */
static inline void set_bad(struct sample *s, const char *status, const char *reason)
{
	(void)snprintf(s->status, sizeof(s->status), "%s", status);
	(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
	s->quality[0] = '\0';
}

static inline void append_text(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "ae");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void write_samples(const char *dir, const struct sample *rows, size_t n)
{
	struct csv_row row = {0};
	char path[300];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/samples.csv", dir);
	file = fopen(path, "we");
	assert_non_null(file);
	samples_header(&row);
	for (size_t i = 0; i <= n; i++) {
		assert_false(row.failed);
		assert_int_equal(fwrite(row.buf, 1, row.len, file), row.len);
		csv_row_reset(&row);
		if (i < n)
			samples_row(&row, &rows[i]);
	}
	assert_int_equal(fclose(file), 0);
	csv_row_free(&row);
}

/* The whole of a file, to be freed; NULL when there is none. */
static inline char *read_text_file(const char *dir, const char *name)
{
	char path[300];
	char *text;
	size_t n;
	struct stat st;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	assert_int_equal(fstat(fileno(file), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	n = fread(text, 1, (size_t)st.st_size, file);
	text[n] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

static inline void check_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* cmocka fixtures: *state is the path of a directory of its own. */
static inline int make_dir(void **state)
{
	char *dir = strdup("/tmp/test_rows.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
	int rc = nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return rc;
}

/* The line of histograms.csv of a row: n samples, spread evenly over 1 .. 1001 ns; and one too long
 * for a bin where overflow is "1". */
static inline void append_hist(
	const char *dir, const struct sample *s, uint64_t n, const char *overflow)
{
	static struct hist h;
	char head[600], *bins;
	size_t len;

	hist_reset(&h);
	for (uint64_t i = 1; i <= n; i++)
		hist_record(&h, 1 + i * 1000 / n);
	len = hist_encode(&h, NULL, 0) + 1;
	bins = malloc(len);
	assert_non_null(bins);
	(void)hist_encode(&h, bins, len);
	(void)snprintf(head, sizeof(head), "run-1,%s,%.0f,%.0f,1,rtt,%llu,%s,1,1001,500000,",
		s->cell, s->block, s->rep, (unsigned long long)n + (*overflow == '1'), overflow);
	append_text(dir, "histograms.csv", head);
	append_text(dir, "histograms.csv", bins);
	append_text(dir, "histograms.csv", *overflow == '1' ? " 27648:1\n" : "\n");
	free(bins);
}

static inline void begin_hists(const char *dir)
{
	append_text(dir, "histograms.csv",
		"run_id,cell,block,rep,attempt,kind,count,overflow,min_ns,max_ns,sum_ns,bins\n");
}

#endif
