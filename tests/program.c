/* program.c - see program.h. */
#include "tests/program.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/version.h"

struct program program;

void program_find(void)
{
	const char *name = getenv("HANDOFF_BIN"), *src = getenv("HANDOFF_SRC");
	char share[PATH_MAX] = ".";

	if (!realpath(name ? name : "build/handoff", program.path))
		program.path[0] = '\0';
	setenv("HANDOFF_SHARE", realpath(src ? src : ".", share) ? share : ".", 1);
	setenv("HANDOFF_SRC", getenv("HANDOFF_SHARE"), 1);
	unsetenv("HANDOFF_PLUGIN");
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_SYNTHETIC");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int program_setup(void **state)
{
	(void)state;
	support_open(&program.dir);
	snprintf(program.here, sizeof(program.here), "%s", support_path(&program.dir, "here"));
	setenv("H", program.path, 1);
	setenv("D", program.dir.path, 1);
	setenv("XDG_RUNTIME_DIR", program.dir.path, 1);
	return mkdir(program.here, 0700);
}

int program_teardown(void **state)
{
	(void)state;
	support_close(&program.dir);
	return 0;
}

long program_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- a program as a child ------------------------------------------------------- */

pid_t program_start_as(const char *line, const char *name)
{
	char command[4096];
	pid_t pid;

	if (!program.path[0])
		skip_because("the program is not built");
	snprintf(command, sizeof(command), "cd %s && exec > ../%s.out 2> ../%s.err && exec %s",
		program.here, name, name, line);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	alarm(PROGRAM_PATIENCE_S);
	/* a shell that starts tests in its background ignores these, which a script cannot undo */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(99);
}

pid_t program_start(const char *line)
{
	return program_start_as(line, "only");
}

static int take(int status, const char *name)
{
	for (int i = 0; i < 2; i++) {
		char file[64], *text;

		snprintf(file, sizeof(file), "%s.%s", name, i ? "err" : "out");
		text = support_read(support_path(&program.dir, file));
		snprintf(i ? program.err : program.out, PROGRAM_TEXT, "%s", text);
		free(text);
	}
	return WIFSIGNALED(status) ? RC_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

int program_finish_as(pid_t pid, const char *name)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return take(status, name);
}

int program_finish(pid_t pid)
{
	return program_finish_as(pid, "only");
}

int program_finish_soon(pid_t pid, const char *what)
{
	const struct timespec nap = {.tv_nsec = 2000000};
	struct patience waited = {0};
	long ms = 0;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		ms = patience_ms(&waited);
		if (ms > PROGRAM_OUT_MS + PROGRAM_SLACK_MS) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("%s: still there %ld ms after it", what, ms);
		}
		nanosleep(&nap, NULL);
	}
	if (ms > PROGRAM_OUT_MS)
		print_message("%s: out after %ld ms\n", what, ms);
	return take(status, "only");
}

void program_ends(const char *line, int want)
{
	int code = program_finish(program_start(line));

	if (code != want)
		fail_msg("%s: exit code %d, not %d\n%s%s", line, code, want, program.out,
			program.err);
}

static void check_holds(const char *line, const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("%s: does not say \"%s\":\n%s", line, words, text);
}

void program_ends_saying(const char *line, int want, const char *words)
{
	program_ends(line, want);
	check_holds(line, want == RC_USAGE ? program.err : program.out, words);
}

void program_says(const char *line, const char *words)
{
	program_ends_saying(line, RC_FINE, words);
}

void program_made_nothing(void)
{
	if (rmdir(program.here) != 0 || mkdir(program.here, 0700) != 0)
		fail_msg("%s: %s", program.here, strerror(errno));
}

void program_refuses(const char *line, const char *words)
{
	program_ends_saying(line, RC_USAGE, words);
	assert_string_equal(program.out, "");
	program_made_nothing();
}

struct sample *program_rows(const char *run, size_t *n)
{
	char path[SUPPORT_PATH + 64], err[400] = "";
	struct sample *row = NULL;

	snprintf(path, sizeof(path), "%s/%s/samples.csv", program.here, run);
	if (samples_read(path, &row, n, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return row;
}

void program_need_processes(void)
{
	if (SUPPORT_TSAN)
		skip_because("not under ThreadSanitizer: runs fork");
}

void program_need_no_asan(const char *why)
{
	if (strcmp(version_flavour, "asan") == 0)
		skip_because("not under AddressSanitizer: %s", why);
}

/* ---- what is left -------------------------------------------------------------- */

void program_await_nobody(const char *what)
{
	const struct timespec nap = {.tv_nsec = 2000000};
	struct patience waited = {0};

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return;
		if (pid == 0 && patience_ms(&waited) > PROGRAM_OUT_MS + PROGRAM_SLACK_MS)
			fail_msg("%s: a process of it still runs", what);
		if (pid == 0)
			nanosleep(&nap, NULL);
	}
}

char *program_journal(void)
{
	const char *path = support_path(&program.dir, "handoff/journal");

	return support_exists(path) ? support_read(path) : calloc(1, 1);
}

static unsigned count_strays(char *which, size_t which_len)
{
	DIR *dir = opendir(support_path(&program.dir, "handoff"));
	struct dirent *d;
	unsigned n = 0;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || strcmp(d->d_name, "journal") == 0 ||
			strstr(d->d_name, "foreign"))
			continue;
		snprintf(which, which_len, "%s", d->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

unsigned program_objects(const char *journal, char *which, size_t which_len)
{
	unsigned n = count_strays(which, which_len);
	char name[PATH_MAX], path[PATH_MAX + 16];

	for (const char *line = journal; *line; line += strcspn(line, "\n"), line += *line != 0) {
		if (sscanf(line, "shm %4095s", name) != 1)
			continue; /* all others are files beside the journal */
		snprintf(path, sizeof(path), "/dev/shm%s", name);
		if (support_exists(path)) {
			snprintf(which, which_len, "%s", path);
			n++;
		}
	}
	return n;
}

void program_nothing_left(const char *what)
{
	char which[PATH_MAX] = "", *journal;

	program_await_nobody(what);
	journal = program_journal();
	if (program_objects(journal, which, sizeof(which)) != 0)
		fail_msg("%s: %s was left behind", what, which);
	free(journal);
}
