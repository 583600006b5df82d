/* cmd_coherence.c - see cmd_coherence.h. */
#include "bench/cmd_coherence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bench/cmd.h"
#include "bench/coherence_map.h"
#include "bench/env.h"
#include "bench/launch.h"
#include "bench/random.h"
#include "bench/stop.h"

enum { PATH = 4200, ERR = 512, LINE = 300 };

static int fail(const char *err, int code)
{
	fprintf(stderr, "handoff topology: %s\n", err);
	return code;
}

/* What the picture's reader wants to know of the machine. */
static void say_where(uint64_t seed, char *out, size_t out_len)
{
	struct env_facts facts;
	time_t now = time(NULL);
	char day[32] = "";
	struct tm tm;

	env_read("", &facts);
	if (gmtime_r(&now, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	snprintf(out, out_len, "%s; %s; seed %" PRIu64 ".", facts.cpu_model, day, seed);
}

static int lost(const char *what, const char *path, char *err, size_t err_len)
{
	int code = errno ? -errno : -EIO;

	snprintf(err, err_len, "%s %.300s: %s", what, path, strerror(-code));
	return code;
}

static int write_csv(const struct coherence_map *m, const char *dir, char *err, size_t err_len)
{
	char path[PATH];
	FILE *f;
	bool bad;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return lost("cannot make", dir, err, err_len);
	snprintf(path, sizeof(path), "%s/coherence.csv", dir);
	f = fopen(path, "we");
	if (f)
		coherence_map_csv(m, f);
	bad = !f || ferror(f);
	if (f && fclose(f) != 0)
		bad = true;
	return bad ? lost("cannot write", path, err, err_len) : 0;
}

static int write_out(
	const struct coherence_map *m, const struct measure_settings *s, char *err, size_t err_len)
{
	char where[LINE], why[LINE], plots[PATH];
	int code = write_csv(m, s->out, err, err_len);

	if (code)
		return code;
	say_where(s->seed, where, sizeof(where));
	snprintf(plots, sizeof(plots), "%s/plots", s->out);
	if (coherence_map_draw(m, plots, where, why, sizeof(why)) != 0)
		fprintf(stderr, "handoff topology: the picture was not drawn: %s\n", why);
	return 0;
}

static int show(const struct coherence_map *m, const struct measure_settings *s)
{
	char err[ERR];

	if (s->csv)
		coherence_map_csv(m, stdout);
	else
		coherence_map_text(m, stdout);
	if (!s->csv)
		printf("seed %" PRIu64 "\n", s->seed);
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail("cannot write to standard output", EXIT_USAGE);
	if (s->out && write_out(m, s, err, sizeof(err)) != 0)
		return fail(err, EXIT_USAGE);
	if (launch_stop)
		return EXIT_SIGNAL + launch_stop;
	return coherence_map_measured(m) || m->n == 1 ? EXIT_FINE : EXIT_NOTHING;
}

int cmd_coherence(const struct topo *t, const struct measure_settings *s)
{
	struct measure_settings set = *s;
	struct coherence_map m;
	struct clock clock;
	char err[ERR];
	int code;

	if (!topo_is_thissystem(t)) {
		snprintf(err, sizeof(err),
			"%s is not this machine: its pairs can be planned for, not measured",
			topo_source(t));
		return fail(err, EXIT_USAGE);
	}
	if (coherence_map_make(&m, t, err, sizeof(err)) != 0)
		return fail(err, EXIT_USAGE);
	set.seed = s->seed ? s->seed : random_fresh_seed();
	stop_on_signals();
	clock_calibrate(&clock, false, NULL, 0);
	coherence_map_measure(&m, t, &clock, set.budget_ns, set.seed);
	code = show(&m, &set);
	coherence_map_free(&m);
	return code;
}
