/*
 * Noise that is really there: the program measures while this test takes its
 * processor, its quota or its workers away.  Each trial must be marked, and say why.
 *
 * What the machine's other work does meanwhile can only add reasons.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/neighbour.h"
#include "tests/support.h"

enum { REPS = 3, MAX_TRIALS = 16, FIRST_MS = 100, LAST_MS = 1600 };

#define RUN(cells)                                                                                 \
	H "run " cells " -p nearest --reps 3 --repeat-noisy no --no-report -o run --trial-ms "

/* Workers that sleep at each message. */
#define SLEEPS "-m channel/pipe -w pingpong -s 64 -d process"

static void nap_ms(long ms)
{
	const struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

/* One of the words is among the row's reasons. */
static bool says_one_of(const char *reasons, const char *words)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (strstr(reasons, w))
			return true;
	}
	return false;
}

/* All rows are ok and keep their numbers; false: one that does not name any of these reasons. */
static bool all_marked(const char *words, char *why, size_t len)
{
	bool all = true;
	size_t n = 0;
	struct sample *row = program_rows("run", &n);

	assert_int_equal(n, REPS);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(row[i].status, "ok");
		assert_true(row[i].ops > 0 && row[i].elapsed_ns > 0);
		if (strcmp(row[i].quality, "noisy") == 0 &&
			says_one_of(row[i].quality_reason, words))
			continue;
		snprintf(why, len, "%s, block %g: %s \"%s\", not one of \"%s\"", row[i].cell,
			row[i].block, row[i].quality, row[i].quality_reason, words);
		all = false;
	}
	free(row);
	return all;
}

static void check_marked(const char *words)
{
	char why[512];

	if (!all_marked(words, why, sizeof(why)))
		fail_msg("%s", why);
}

/*
 * Runs `line` of that many ms a trial, disturbs it and comes back when it has ended.  Who disturbs
 * may be kept from it for as long as a trial takes: then they take longer.
 */
typedef void scene_fn(const char *line);

static void check_scene(scene_fn *scene, const char *cells, const char *words)
{
	char line[512], why[512] = "";

	for (unsigned ms = FIRST_MS; ms <= LAST_MS; ms *= 2) {
		snprintf(line, sizeof(line), "%s%u", cells, ms);
		scene(line);
		if (all_marked(words, why, sizeof(why)))
			return;
		program_ends("rm -r run", 0);
	}
	fail_msg("%s", why);
}

/* ---- a neighbour --------------------------------------------------------------------- */

static void trial_beside_a_busy_neighbour_is_noisy_where_workers_spin(void **state)
{
	(void)state;
	program_need_processes();
	neighbour_beside(RUN(SPINS) "40");
	check_marked("queue preempted");
}

static void trial_beside_a_busy_neighbour_is_noisy_where_workers_sleep(void **state)
{
	(void)state;
	program_need_processes();
	neighbour_beside(RUN(SLEEPS) "20");
	check_marked("gap");
}

/* ---- stopped workers ----------------------------------------------------------------- */

static pid_t parent_of(pid_t pid)
{
	char path[64], line[512] = "", *end;
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	end = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* A child of `parent` that is not among `seen`; 0: there is none. */
static pid_t new_child(pid_t parent, const pid_t *seen, size_t n)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; d && !found && (e = readdir(d));) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid <= 0 || parent_of(pid) != parent)
			continue;
		found = pid;
		for (size_t i = 0; i < n && found; i++)
			found = seen[i] == pid ? 0 : found;
	}
	if (d)
		closedir(d);
	return found;
}

/* The leader and both workers are there. */
static bool has_threads(pid_t pid)
{
	char path[64];
	struct dirent **entry;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	n = scandir(path, &entry, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(entry[i]);
	if (n >= 0)
		free(entry);
	return n >= 2 + 3;
}

/* Stop one worker of each trial (or, with threads, the trial) for 30 ms, until the run ends. */
static int stop_each(pid_t run, bool threads)
{
	pid_t seen[MAX_TRIALS];
	size_t n = 0;
	int status = 0;

	while (waitpid(run, &status, WNOHANG) == 0 && n < MAX_TRIALS) {
		pid_t trial = new_child(run, seen, n), worker;

		worker = trial && !threads ? new_child(trial, NULL, 0) : trial;
		if (!worker || (threads && !has_threads(trial)) || kill(worker, SIGSTOP) != 0)
			continue;
		nap_ms(30);
		kill(worker, SIGCONT);
		seen[n++] = trial;
	}
	return status;
}

static void stop_workers(const char *line)
{
	assert_int_equal(stop_each(program_start(line), false), 0);
}

static void stop_trials(const char *line)
{
	assert_int_equal(stop_each(program_start(line), true), 0);
}

static void trial_whose_worker_was_stopped_says_so(void **state)
{
	(void)state;
	program_need_processes();
	check_scene(stop_workers, RUN(SPINS), "stopped");
}

static void trial_whose_threads_were_stopped_says_so(void **state)
{
	(void)state;
	program_need_processes();
	check_scene(stop_trials, RUN("-m lock/mutex -w contend -d thread"), "stopped");
}

/* ---- control groups ------------------------------------------------------------------ */

struct group {
	char dir[256];
	bool v2;
};

static bool write_to(const struct group *g, const char *file, const char *text)
{
	char path[320];
	int fd;
	bool fine;

	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	fine = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return fine;
}

/* Mount point of version 2, or of the version 1 hierarchy with this controller. */
static bool find_mount(const char *controller, char *point, size_t len)
{
	char line[1024], at[160], type[32], options[256];
	bool found = false;
	FILE *f = fopen("/proc/self/mounts", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %159s %31s %255s", at, type, options) != 3)
			continue;
		if (controller)
			found = strcmp(type, "cgroup") == 0 && strstr(options, controller);
		else
			found = strcmp(type, "cgroup2") == 0;
	}
	if (f)
		fclose(f);
	snprintf(point, len, "%s", found ? at : "");
	return found;
}

/* A group of our own with this file in it; skips where it is not to be had. */
static void open_group(struct group *g, const char *controller, const char *file)
{
	char point[200] = "", path[320];

	g->v2 = controller == NULL;
	snprintf(g->dir, sizeof(g->dir), "no");
	if (find_mount(controller, point, sizeof(point)))
		snprintf(g->dir, sizeof(g->dir), "%s/handoff-test-%d", point, (int)getpid());
	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	if (!point[0] || mkdir(g->dir, 0755) != 0 || access(path, W_OK) != 0) {
		rmdir(g->dir);
		skip_because("no control group with %s may be made here", file);
	}
}

static void close_group(struct group *g)
{
	for (int i = 0; i < 100 && rmdir(g->dir) != 0 && errno == EBUSY; i++)
		nap_ms(10);
}

/* The shell enters the group, then becomes the program. */
static pid_t start_inside(const struct group *g, const char *line)
{
	char inside[1024];

	snprintf(inside, sizeof(inside), "sh -c 'echo $$ > %s/cgroup.procs && exec %s'", g->dir,
		line);
	return program_start(inside);
}

static void check_quota(const char *controller, const char *file, const char *value)
{
	struct group g;
	int code;

	open_group(&g, controller, file);
	assert_true(write_to(&g, file, value));
	code = program_finish(start_inside(&g, RUN(SPINS) "40"));
	close_group(&g);
	assert_int_equal(code, 0);
	check_marked("throttled");
}

/* A tenth of a CPU: 10 ms in each 100. */
static void trial_within_a_quota_that_is_used_up_says_so(void **state)
{
	(void)state;
	program_need_processes();
	check_quota("cpu", "cpu.cfs_quota_us", "10000");
}

static void trial_within_a_quota_of_version_2_says_so(void **state)
{
	(void)state;
	program_need_processes();
	check_quota(NULL, "cpu.max", "10000 100000");
}

/* 30 ms in each 60, until the run ends. */
static int freeze_again_and_again(const struct group *g, pid_t run)
{
	const char *file = g->v2 ? "cgroup.freeze" : "freezer.state";
	int status = 0;

	while (waitpid(run, &status, WNOHANG) == 0) {
		write_to(g, file, g->v2 ? "1" : "FROZEN");
		nap_ms(30);
		write_to(g, file, g->v2 ? "0" : "THAWED");
		nap_ms(30);
	}
	return status;
}

/* The group of the scene that is played. */
static struct group frozen;

static void freeze(const char *line)
{
	int status = freeze_again_and_again(&frozen, start_inside(&frozen, line));

	if (status)
		close_group(&frozen);
	assert_int_equal(status, 0);
}

static void check_freezer(const char *controller, const char *file, const char *words)
{
	char counted[320];

	open_group(&frozen, controller, file);
	snprintf(counted, sizeof(counted), "%s/cgroup.stat.local", frozen.dir);
	if (access(counted, R_OK) == 0)
		words = "frozen";
	check_scene(freeze, RUN(SPINS), words);
	close_group(&frozen);
}

static void trial_that_was_frozen_says_so(void **state)
{
	(void)state;
	program_need_processes();
	check_freezer(NULL, "cgroup.freeze", "away");
}

/* Nobody counts the time there: workers that never sleep are missed. */
static void trial_that_version_1_froze_was_away(void **state)
{
	(void)state;
	program_need_processes();
	check_freezer("freezer", "freezer.state", "away");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(trial_beside_a_busy_neighbour_is_noisy_where_workers_spin),
		PROGRAM_TEST(trial_beside_a_busy_neighbour_is_noisy_where_workers_sleep),
		PROGRAM_TEST(trial_whose_worker_was_stopped_says_so),
		PROGRAM_TEST(trial_whose_threads_were_stopped_says_so),
		PROGRAM_TEST(trial_within_a_quota_that_is_used_up_says_so),
		PROGRAM_TEST(trial_within_a_quota_of_version_2_says_so),
		PROGRAM_TEST(trial_that_was_frozen_says_so),
		PROGRAM_TEST(trial_that_version_1_froze_was_away),
	};

	program_find();
	return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
