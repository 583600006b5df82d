/* stress_opt.c - see stress_opt.h. */
#include "bench/stress_opt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/random.h"
#include "bench/units.h"

#define AXIS(a)  offsetof(struct stress_settings, axes.value[a])
#define FIELD(f) offsetof(struct stress_settings, f)

static const struct opt opts[] = {
	{"for", 0, OPT_STR, FIELD(for_text), "TIME", NULL,
		"How long: 30s, 10m, 8h.  Default: 1m, or until --messages are through."},
	{"messages", 0, OPT_STR, FIELD(messages_text), "N", NULL,
		"How many messages (sections, where locks are taken): 500M, 1G.  With --for: "
		"whichever comes first."},
#define AXIS_ROW(id, name, letter, arg, help, run_default, stress_default, ...)                    \
	{name, letter, OPT_LIST, AXIS(AXIS_##id), arg, NULL, help stress_default},
#include "bench/axes.def"
#undef AXIS_ROW
	{"seed", 0, OPT_STR, FIELD(seed_text), "N", NULL,
		"What everything is drawn from.  Default: a fresh one, printed."},
	{"trial", 0, OPT_STR, FIELD(trial_text), "K", NULL,
		"Only the K-th trial of the seed, again and again."},
	{"cell", 0, OPT_STR, FIELD(cell), "KEY", NULL,
		"This cell in every trial; the rest is drawn as ever."},
	{"trial-ms", 0, OPT_TIME_NS, FIELD(trial_ns), "MS", NULL,
		"Length of a trial.  Default: drawn from 100 to 500."},
	{"inject", 0, OPT_STR, FIELD(inject), "FAULT", NULL,
		"A fault on purpose, to see it found: drop@1000, also duplicate, swap, flip, "
		"flip-middle, truncate, replay, mix; /1 behind it for worker 1; die@mid-write:5."},
	{"keep-going", 'k', OPT_FLAG, FIELD(keep_going), NULL, NULL, "Do not stop at a finding."},
	{"out", 'o', OPT_STR, FIELD(out), "DIR", NULL,
		"Add findings to DIR/findings.csv and each trial to DIR/trials.csv."},
	{"dry-run", 'n', OPT_FLAG, FIELD(dry_run), NULL, NULL,
		"Print what would be drawn; run nothing."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "stress",
	.synopsis = "[options]",
	.summary = "Load the mechanisms with whatever is drawn from a seed, and check every byte.  "
		   "Nothing is measured.",
	.opts = opts,
	.after = "Sizes, capacities, fans, placements, bursts and rests are drawn for each trial;\n"
		 "axes that are named are drawn from what they name.  A finding ends it, with the\n"
		 "line that finds it again.\n"
		 "\n"
		 "  handoff stress --for 10m                   everything\n"
		 "  handoff stress -m channel/ring-* -d thread two mechanisms, threads only\n"
		 "  handoff stress --inject drop@1000 -m channel/pipe -w stream   is it found?\n",
};

#define MAX_NS (8760 * UINT64_C(3600000000000)) /* a year */

static int refuse(char *err, size_t err_len, const char *what)
{
	snprintf(err, err_len, "%s", what);
	return -EINVAL;
}

/* ---- single values -------------------------------------------------------- */

int stress_parse_messages(const char *text, uint64_t *n, char *err, size_t err_len)
{
	int code = units_parse_count(text, n, err, err_len);

	if (code)
		return code;
	if (*n > UINT64_C(1000000000000000))
		return refuse(err, err_len, "too many; at most 1000T");
	return *n ? 0 : refuse(err, err_len, "0 messages are nothing to do");
}

static int parse_for(const char *text, uint64_t *ns, char *err, size_t err_len)
{
	int code = units_parse_time_ns(text, 0, ns, err, err_len);

	if (code)
		return code;
	if (*ns < 1000000 || *ns > MAX_NS)
		return refuse(err, err_len, "must be from 1ms to 8760h");
	return 0;
}

/* "drop" -> its act; near matches else. */
static int parse_act(const char *name, struct trial_fault *f, char *err, size_t err_len)
{
	const char *known[PROBE_ACT_COUNT], *near[2];
	size_t n = 0, hits;
	int act = probe_act_parse(name);

	if (act == PROBE_DIE || (act > 0 && probe_act_on_message((uint32_t)act))) {
		f->act = (uint32_t)act;
		return 0;
	}
	known[n++] = probe_act_name(PROBE_DIE);
	for (int i = PROBE_DROP; i < PROBE_ACT_COUNT; i++)
		known[n++] = probe_act_name((enum probe_act)i);
	hits = opt_near(name, known, n, near, 2);
	snprintf(err, err_len, "there is no fault \"%s\"%s%s%s", name,
		hits ? "; did you mean " : "; there are drop, flip-middle, die ...",
		hits ? near[0] : "", hits ? "?" : "");
	return -EINVAL;
}

/* "mid-write:5" of a death: its point; the rest stays. */
static int parse_point(char **at, struct trial_fault *f, char *err, size_t err_len)
{
	char *colon = strchr(*at, ':');
	int point;

	if (f->act != PROBE_DIE)
		return colon ? refuse(err, err_len, "only die has a point") : 0;
	if (!colon)
		return refuse(err, err_len, "die needs a point: die@mid-write:5");
	*colon = '\0';
	point = probe_point_parse(*at);
	if (point < 0)
		return refuse(err, err_len,
			"there is no such point; there are before-send, mid-write, before-publish, "
			"after-send, blocked, mid-read, before-release, holding, after-recv ...");
	f->point = (uint32_t)point;
	*at = colon + 1;
	return 0;
}

int stress_parse_fault(const char *text, struct trial_fault *f, char *err, size_t err_len)
{
	char copy[64], why[160], *at, *slash;
	uint64_t worker = 0;
	int code;

	*f = (struct trial_fault){0};
	if (strlen(text) >= sizeof(copy))
		return refuse(err, err_len, "too long");
	snprintf(copy, sizeof(copy), "%s", text);
	at = strchr(copy, '@');
	if (!at)
		return refuse(err, err_len, "say when: drop@1000 is the 1000th message");
	*at++ = '\0';
	slash = strchr(at, '/');
	if (slash)
		*slash++ = '\0';
	code = parse_act(copy, f, err, err_len);
	if (!code)
		code = parse_point(&at, f, err, err_len);
	if (code)
		return code;
	if (units_parse_u64(at, &f->nth, why, sizeof(why)) != 0 || f->nth == 0)
		return refuse(err, err_len, "behind the @ goes a number from 1 on");
	if (slash && (units_parse_u64(slash, &worker, why, sizeof(why)) != 0 ||
			     worker >= TRIAL_MAX_WORKERS))
		return refuse(err, err_len, "behind the / goes the number of a worker, 0 to 255");
	f->worker = (uint32_t)worker;
	return 0;
}

/* ---- all of them ---------------------------------------------------------- */

static int refused(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "handoff stress: --%s \"%s\": %s; see `handoff stress --help`\n", option,
		value, why);
	return EXIT_USAGE;
}

static bool names_axes(const struct axes *axes)
{
	for (int a = 0; a < AXIS_COUNT; a++) {
		if (axes->value[a].n)
			return true;
	}
	return false;
}

static int check_limits(struct stress_settings *set)
{
	char why[256];

	set->for_ns = set->messages_text ? 0 : 60 * UINT64_C(1000000000);
	if (set->for_text && parse_for(set->for_text, &set->for_ns, why, sizeof(why)) != 0)
		return refused("for", set->for_text, why);
	if (set->messages_text &&
		stress_parse_messages(set->messages_text, &set->messages, why, sizeof(why)) != 0)
		return refused("messages", set->messages_text, why);
	if (set->trial_ns && (set->trial_ns < 1000000 || set->trial_ns > 60000000000))
		return refused("trial-ms", "", "must be from 1 to 60000");
	return OPT_RUN;
}

static int check_draws(struct stress_settings *set)
{
	char why[256];

	set->seed = random_fresh_seed();
	if (set->seed_text && units_parse_u64(set->seed_text, &set->seed, why, sizeof(why)) != 0)
		return refused("seed", set->seed_text, why);
	if (set->trial_text &&
		(units_parse_u64(set->trial_text, &set->trial, why, sizeof(why)) != 0 ||
			set->trial == 0))
		return refused("trial", set->trial_text, "trials are counted from 1");
	if (set->trial && !set->seed_text)
		return refused("trial", set->trial_text, "is one of which --seed?");
	if (set->inject && stress_parse_fault(set->inject, &set->fault, why, sizeof(why)) != 0)
		return refused("inject", set->inject, why);
	if (set->cell && names_axes(&set->axes))
		return refused("cell", set->cell,
			"says everything itself; leave out the options of single axes");
	return OPT_RUN;
}

int stress_opt_parse(struct stress_settings *set, int argc, char **argv)
{
	int code;

	*set = (struct stress_settings){0};
	code = opt_parse(&cmd, set, argc, argv, NULL, NULL);
	if (code != OPT_RUN)
		return code;
	code = check_limits(set);
	if (code == OPT_RUN)
		code = check_draws(set);
	if (code == OPT_RUN && set->dry_run && set->out)
		code = refused("out", set->out, "nothing is written with --dry-run");
	if (code != OPT_RUN)
		stress_opt_free(set);
	return code;
}

void stress_opt_free(struct stress_settings *set)
{
	opt_free(&cmd, set);
}
