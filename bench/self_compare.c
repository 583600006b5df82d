/* self_compare.c - see self_compare.h. */
#include "bench/self_compare.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/random.h"
#include "bench/samples.h"

enum { CELLS = 200, TRIALS = 220, TIMES = 6, PATH_BYTES = 64 };

/* A trial with about as many figures as a real one has. */
static void fill(struct sample *s, const char *run, int cell, int trial, uint64_t *seed)
{
	double ns = (1000 + 10 * cell) * (1 + 1e-4 * (double)random_below(seed, 500));

	sample_init(s);
	s->schema_version = SAMPLES_SCHEMA;
	snprintf(s->run_id, sizeof(s->run_id), "%s", run);
	snprintf(s->host, sizeof(s->host), "vm");
	snprintf(s->timestamp_utc, sizeof(s->timestamp_utc), "2026-01-01T00:00:00Z");
	snprintf(s->cell, sizeof(s->cell),
		"channel/pipe/pingpong?domain=thread&fan=1x1&size=%d&placement=nearest", cell + 8);
	snprintf(s->mechanism, sizeof(s->mechanism), "channel/pipe");
	snprintf(s->loop, sizeof(s->loop), "plain");
	snprintf(s->status, sizeof(s->status), "ok");
	snprintf(s->quality, sizeof(s->quality), "clean");
	s->block = s->rep = trial;
	s->attempt = 1;
	s->ops = 30000;
	s->elapsed_ns = s->ops * ns;
	s->ops_per_s = 1e9 / ns;
	s->lat_p50_ns = s->lat_p90_ns = s->lat_mean_ns = s->lat_p50_lo_ns = s->lat_p50_hi_ns = ns;
	s->lat_p99_ns = 3 * ns;
	s->cpu_ns_per_op = 1.7 * ns;
	s->ctx_voluntary_per_op = 2.00012;
	s->ctx_involuntary_per_op = 0.000123;
	s->runq_wait_ns = 12345678;
	s->gap_before_ns = s->gap_after_ns = 23456;
	s->clock_cost_ns = 16.43;
	s->overlap_pct = 99.6;
}

static long write_run(const char *dir, const char *run)
{
	struct sample *s = calloc(1, sizeof(*s));
	char path[PATH_BYTES];
	struct csv_row row = {0};
	uint64_t seed = (uint64_t)run[0];
	long bytes = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.csv", dir, run);
	f = fopen(path, "we");
	for (int i = -1; f && s && i < CELLS * TRIALS; i++) {
		csv_row_reset(&row);
		if (i < 0) {
			samples_header(&row);
		} else {
			fill(s, run, i % CELLS, i / CELLS, &seed);
			samples_row(&row, s);
		}
		fwrite(row.buf, 1, row.len, f);
	}
	if (f) {
		bytes = ftell(f);
		fclose(f);
	}
	csv_row_free(&row);
	free(s);
	return bytes;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double compare_once(const char *program, const char *dir)
{
	double begin = now_s();
	pid_t pid = fork();
	int null, status = 0;

	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || chdir(dir) != 0)
			_exit(126);
		execl(program, "handoff", "compare", "--no-kept", "a.csv", "b.csv", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
		WEXITSTATUS(status) != 4)
		return NAN;
	return now_s() - begin;
}

static void clean_up(const char *dir)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/a.csv", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/b.csv", dir);
	unlink(path);
	rmdir(dir);
}

void self_compare(struct selfcost *t, const char *program)
{
	static const char what[] = "compare, 2 x 200 cells x 220 trials";
	char dir[] = "/tmp/handoff-self-XXXXXX", real[4096], against[100];
	double took[TIMES];
	size_t n = 0;
	struct rusage u;
	long bytes;

	if (!realpath(program, real) || !mkdtemp(dir)) {
		selfcost_absent(t, what, "", "no program, or no directory in /tmp");
		return;
	}
	bytes = write_run(dir, "a") + write_run(dir, "b");
	fflush(stdout);
	for (int i = 0; i < TIMES; i++) {
		took[n] = compare_once(real, dir);
		n += isnan(took[n]) ? 0 : 1;
	}
	getrusage(RUSAGE_CHILDREN, &u);
	clean_up(dir);
	snprintf(against, sizeof(against), "%ld MiB in two files; at most %ld MiB of memory",
		bytes >> 20, u.ru_maxrss / 1024);
	selfcost_put(t, what, against, "s", took, n, NAN);
}
