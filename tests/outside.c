/* outside.c - see outside.h. */
#include "tests/outside.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct support_dir outside_dir;
static char binary[PATH_MAX];
static unsigned started;

void outside_find(void)
{
	const char *name = getenv("HANDOFF_BIN"), *src = getenv("HANDOFF_SRC");
	char share[PATH_MAX] = ".";

	if (!realpath(name ? name : "build/handoff", binary))
		binary[0] = '\0';
	setenv("HANDOFF_SHARE", realpath(src ? src : ".", share) ? share : ".", 1);
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_SYNTHETIC");
	/* A worker that outlives its run shall become a child of ours and be seen. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int outside_setup(void **state)
{
	(void)state;
	support_open(&outside_dir);
	setenv("XDG_RUNTIME_DIR", outside_dir.path, 1);
	return mkdir(support_path(&outside_dir, "here"), 0700);
}

int outside_teardown(void **state)
{
	(void)state;
	support_close(&outside_dir);
	return 0;
}

void outside_start(struct outside *p, const char *line)
{
	char command[PATH_MAX + 2048];

	if (!binary[0])
		skip_because("the program is not built");
	p->number = started++;
	snprintf(command, sizeof(command),
		"cd %s/here && exec > ../out.%u 2> ../err.%u && exec %s %s", outside_dir.path,
		p->number, p->number, binary, line);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid > 0)
		return;
	alarm(OUTSIDE_PATIENCE_S); /* whoever hangs is ended by it, and shows in the code */
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(99);
}

static void take_text(const struct outside *p, const char *which, char *to)
{
	char name[32], *text;

	snprintf(name, sizeof(name), "%s.%u", which, p->number);
	text = support_read(support_path(&outside_dir, name));
	snprintf(to, OUTSIDE_TEXT, "%s", text);
	free(text);
}

void outside_finish(struct outside *p)
{
	int status = 0;

	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	take_text(p, "out", p->out);
	take_text(p, "err", p->err);
}

void outside_run(struct outside *p, const char *line)
{
	outside_start(p, line);
	outside_finish(p);
}

void outside_says(const struct outside *p, const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" is not said; exit code %d\n%s%s", words, p->code, p->out, p->err);
}

void outside_check(struct outside *p, const char *line, int code, const char *words)
{
	outside_run(p, line);
	if (p->code != code)
		fail_msg("%s: exit code %d, not %d\n%s%s", line, p->code, code, p->out, p->err);
	outside_says(p, code == 2 ? p->err : p->out, words);
}

/* ---- afterwards ----------------------------------------------------------- */

static bool no_children(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return errno == ECHILD;
}

/* What is journalled in this test's own directory and still there. */
static bool no_objects(char *which, size_t len)
{
	char *journal;
	bool fine = true;
	struct dirent *d;
	DIR *shm = opendir("/dev/shm");

	if (!support_exists(support_path(&outside_dir, "handoff/journal"))) {
		if (shm)
			closedir(shm);
		return true;
	}
	journal = support_read(support_path(&outside_dir, "handoff/journal"));
	while (shm && (d = readdir(shm))) {
		if (strncmp(d->d_name, "handoff", 7) == 0 && strstr(journal, d->d_name)) {
			snprintf(which, len, "/dev/shm/%.100s", d->d_name);
			fine = false;
		}
	}
	if (shm)
		closedir(shm);
	free(journal);
	return fine;
}

/* FIFOs, sockets and files lie beside the journal. */
static bool no_files(char *which, size_t len)
{
	struct dirent *d;
	bool fine = true;
	DIR *dir = opendir(support_path(&outside_dir, "handoff"));

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] != '.' && strcmp(d->d_name, "journal") != 0) {
			snprintf(which, len, "%.100s", d->d_name);
			fine = false;
		}
	}
	if (dir)
		closedir(dir);
	return fine;
}

void outside_nothing_left(void)
{
	const struct timespec nap = {.tv_nsec = 5000000};
	char which[160] = "a process";

	/* A killed process takes a moment. */
	for (int i = 0; i < 1000; i++) {
		bool children = no_children();

		if (no_objects(which, sizeof(which)) && no_files(which, sizeof(which)) && children)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("%s was left behind", which);
}
