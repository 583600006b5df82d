/* compare_scene.c - see compare_scene.h. */
#include "tests/compare_scene.h"

#include <math.h>

#include "bench/random.h"

static double uniform(uint64_t *s)
{
	return ((double)(random_next(s) >> 11) + 0.5) / 9007199254740992.0;
}

/* Between -1 and 1. */
static double noise(uint64_t *s)
{
	return uniform(s) + uniform(s) - 1;
}

static const char *path_in(const char *run, const char *name)
{
	static char path[2 * SUPPORT_PATH];

	snprintf(path, sizeof(path), "%s/%s/%s", program.here, run, name);
	return path;
}

static size_t make_rows(struct sample *row, const char *name, unsigned hour, const struct scene *s)
{
	uint64_t seed = random_stream(hour, 7, 7);
	double together = 0.01 * noise(&seed);
	size_t n = 0;

	for (size_t c = 0; c < SCENE_CELLS - s->without; c++) {
		double drift = together + 0.008 * noise(&seed);

		for (int rep = 0; rep < SCENE_REPS; rep++) {
			struct at at = {.bytes = 64.0 * (double)(c + 1), .block = rep};
			double cost = 5000 * exp(drift + 0.004 * noise(&seed)) *
				      (1 + (c < s->slowed ? s->slow : 0)) * (1 + s->all);

			row[n] = row_with(at, cost);
			snprintf(row[n].run_id, sizeof(row[n].run_id), "%s", name);
			snprintf(row[n].host, sizeof(row[n].host), "vm");
			snprintf(row[n].timestamp_utc, sizeof(row[n].timestamp_utc),
				"2026-03-%02uT%02u:00:%02uZ", 1 + hour / 24, hour % 24,
				(unsigned)rep);
			if (s->status && n == 0)
				set_bad(&row[n], s->status, "a worker died of signal 11");
			n++;
		}
	}
	return n;
}

static void write_environment(const char *name, unsigned hour, const struct scene *s)
{
	char text[1000];

	snprintf(text, sizeof(text),
		"key,value,reason\nhost,vm,\ncpu_model,A processor,\ncpus_online_count,2,\n"
		"kernel,%s,\nlibc,glibc 2.36,\nbinary_id,%s,\nhandoff_commit,abc,\n"
		"boot_id,boot-%u,\nseed,%u,\nmicrocode,0x1,\nload_average,0.%u 0 0,\n"
		"mitigation_meltdown,Not affected,\n",
		s->kernel ? s->kernel : "6.1", s->binary ? s->binary : "aaaa", hour, hour + 1,
		hour % 10);
	support_text(path_in(name, "environment.csv"), text);
	snprintf(text, sizeof(text),
		"pass,pu_a,pu_b,part,bytes,min_ns,median_ns,spread_ns,n,reason\n"
		"1,0,1,atomic,,5,%.4f,,100,\n1,0,1,syscall,,90,%.4f,,100,\n"
		"1,0,1,copy,64,3,%.4f,,100,\n",
		5.1 * (1 + s->machine), 93 * (1 + s->machine), 3.2 * (1 + s->machine));
	support_text(path_in(name, "floors.csv"), text);
}

void scene_run(const char *name, unsigned hour, const struct scene *s)
{
	struct sample *row = calloc(SCENE_ROWS, sizeof(*row));
	char dir[288];

	assert_non_null(row);
	snprintf(dir, sizeof(dir), "%.200s/%.64s", program.here, name);
	assert_int_equal(mkdir(dir, 0700), 0);
	write_samples(dir, row, make_rows(row, name, hour, s));
	if (!s->bare)
		write_environment(name, hour, s);
	free(row);
}

void scene_runs(const char *prefix, size_t n, unsigned hour, const struct scene *s)
{
	char name[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%zu", prefix, i + 1);
		scene_run(name, hour + (unsigned)i, s);
	}
}

void scene_six_three(const struct scene *fresh)
{
	const struct scene usual = {.bare = fresh->bare};
	struct scene other = *fresh;

	if (!other.binary)
		other.binary = "bbbb";
	scene_runs("b", 6, 0, &usual);
	scene_runs("n", 3, 100, &other);
}

void scene_bytes(const char *run, const void *bytes, size_t len)
{
	support_write(path_in(run, "samples.csv"), bytes, len);
}

char *scene_samples(const char *run)
{
	return support_read(path_in(run, "samples.csv"));
}

void scene_says(const char *line, int code, const char *words)
{
	program_ends(line, code);
	if (!strstr(program.out, words) && !strstr(program.err, words))
		fail_msg("%s: does not say \"%s\":\n%s%s", line, words, program.out, program.err);
}
