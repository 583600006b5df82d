/*
 * Running gnuplot: spawn, listen to its complaints, wait with a limit.
 */
#include "bench/plot_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/launch.h"

extern char **environ;

enum { COMPLAINT_BYTES = 4096, POLL_MS = 20, MAX_READS = 64 };

struct runner {
	pid_t pid;
	int fd; /* its stderr; non-blocking */
	char complaint[COMPLAINT_BYTES];
	size_t len;
};

static bool is_unwanted(const char *var)
{
	return strncmp(var, "GNUTERM=", 8) == 0 || strncmp(var, "LC_ALL=", 7) == 0;
}

/* Our environment with LC_ALL=C and without GNUTERM; the strings are borrowed. */
static char **make_environment(void)
{
	static char c_locale[] = "LC_ALL=C";
	size_t n = 0, used = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (env == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (!is_unwanted(environ[i]))
			env[used++] = environ[i];
	}
	env[used] = c_locale;
	return env;
}

/* Own process group, default signals and an empty mask, whatever the caller has set. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setpgroup(attr, 0);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr,
			POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int set_files(posix_spawn_file_actions_t *act, const char *dir, int complaints)
{
	int rc = posix_spawn_file_actions_addopen(act, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(act, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(act, complaints, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addchdir_np(act, dir);
	return rc;
}

static int spawn(struct runner *r, const char *dir, const char *script, int complaints)
{
	char *argv[] = {(char[]){"gnuplot"}, (char[]){"-d"}, strdup(script), NULL};
	char **env = make_environment();
	posix_spawn_file_actions_t act;
	posix_spawnattr_t attr;
	int rc = argv[2] == NULL || env == NULL ? ENOMEM : 0;

	(void)posix_spawn_file_actions_init(&act);
	(void)posix_spawnattr_init(&attr);
	if (rc == 0)
		rc = set_attributes(&attr);
	if (rc == 0)
		rc = set_files(&act, dir, complaints);
	if (rc == 0)
		rc = posix_spawnp(&r->pid, argv[0], &act, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&act);
	free(argv[2]);
	free(env);
	return -rc;
}

static int start(struct runner *r, const char *dir, const char *script, char *err, size_t err_len)
{
	int fd[2], rc;

	if (pipe2(fd, O_CLOEXEC) != 0) {
		rc = -errno;
		(void)snprintf(err, err_len, "a pipe to gnuplot: %s", strerror(-rc));
		return rc;
	}
	(void)fcntl(fd[0], F_SETFL, O_NONBLOCK);
	rc = spawn(r, dir, script, fd[1]);
	(void)close(fd[1]);
	r->fd = fd[0];
	if (rc == 0)
		return 0;
	(void)close(fd[0]);
	if (rc == -ENOENT)
		(void)snprintf(err, err_len,
			"gnuplot is not on PATH, no picture was drawn; scripts/install-deps installs it");
	else
		(void)snprintf(err, err_len, "gnuplot cannot be started: %s", strerror(-rc));
	return rc;
}

/* Keeps the end of what it says, where the error is. */
static void listen_to(struct runner *r)
{
	enum { KEEP = COMPLAINT_BYTES / 2 };
	ssize_t n;

	for (unsigned i = 0; i < MAX_READS; i++) {
		if (r->len > KEEP) {
			memmove(r->complaint, r->complaint + r->len - KEEP, KEEP);
			r->len = KEEP;
		}
		n = read(r->fd, r->complaint + r->len, sizeof(r->complaint) - 1 - r->len);
		if (n <= 0)
			break;
		r->len += (size_t)n;
	}
	r->complaint[r->len] = '\0';
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* Its wait status, or -ETIMEDOUT. It is reaped last: until then nobody else can have its number,
 * which is also that of the group to be killed. */
static int wait_for(struct runner *r, unsigned timeout_ms, int *status)
{
	int64_t end_ms = now_ms() + (int64_t)timeout_ms;
	bool done = has_ended(r->pid);

	while (!done && !launch_stop && now_ms() < end_ms) {
		struct pollfd p = {.fd = r->fd, .events = POLLIN};

		/* A closed pipe ends every poll at once. */
		if (poll(&p, 1, POLL_MS) > 0 && (p.revents & POLLIN) == 0)
			(void)poll(NULL, 0, 1);
		listen_to(r);
		done = has_ended(r->pid);
	}
	(void)kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, status, 0) < 0 && errno == EINTR)
		;
	listen_to(r);
	return done ? 0 : -ETIMEDOUT;
}

/* The last line that says something, on one line: gnuplot ends with the error. */
static const char *last_complaint(struct runner *r)
{
	char *line;

	for (char *c = r->complaint; *c != '\0'; c++) {
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			*c = ' ';
	}
	while (r->len > 0 && (r->complaint[r->len - 1] == '\n' || r->complaint[r->len - 1] == ' '))
		r->complaint[--r->len] = '\0';
	line = strrchr(r->complaint, '\n');
	line = line == NULL ? r->complaint : line + 1;
	return *line != '\0' ? line : "it said nothing";
}

int plot_run(const char *dir, const char *script, unsigned timeout_ms, char *err, size_t err_len)
{
	struct runner r = {.pid = -1, .fd = -1};
	int rc = start(&r, dir, script, err, err_len), status = 0;

	if (rc != 0)
		return rc;
	rc = wait_for(&r, timeout_ms, &status);
	(void)close(r.fd);
	if (rc != 0) {
		(void)snprintf(err, err_len, "gnuplot %s in %s: not done after %u ms, killed",
			script, dir, timeout_ms);
		return rc;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	(void)snprintf(err, err_len, "gnuplot %s in %s: %s %d: %s", script, dir,
		WIFEXITED(status) ? "exit code" : "killed by signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), last_complaint(&r));
	return -EIO;
}
