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

enum { POLL_MS = 5, MAX_READS = 64, OLDEST_MAJOR = 5, OLDEST_MINOR = 2 };

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

/* Version and complaints come over the same pipe. */
static int set_files(posix_spawn_file_actions_t *act, const char *dir, int said)
{
	int rc = posix_spawn_file_actions_addopen(act, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(act, said, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(act, said, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addchdir_np(act, dir);
	return rc;
}

static int spawn(struct plot_child *c, const char *dir, char *const *argv, int said)
{
	char **env = make_environment();
	posix_spawn_file_actions_t act;
	posix_spawnattr_t attr;
	int rc = env == NULL ? ENOMEM : 0;

	(void)posix_spawn_file_actions_init(&act);
	(void)posix_spawnattr_init(&attr);
	if (rc == 0)
		rc = set_attributes(&attr);
	if (rc == 0)
		rc = set_files(&act, dir, said);
	if (rc == 0)
		rc = posix_spawnp(&c->pid, argv[0], &act, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&act);
	free(env);
	return -rc;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int start(struct plot_child *c, const char *dir, char *const *argv)
{
	int fd[2], rc;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return -errno;
	(void)fcntl(fd[0], F_SETFL, O_NONBLOCK);
	rc = spawn(c, dir, argv, fd[1]);
	(void)close(fd[1]);
	c->fd = fd[0];
	if (rc != 0)
		(void)close(fd[0]);
	return rc;
}

int plot_run_begin(struct plot_child *c, const char *dir, const char *script, unsigned timeout_ms,
	char *err, size_t err_len)
{
	char name[100];
	char *draw[] = {(char[]){"gnuplot"}, (char[]){"-d"}, name, NULL};
	char *ask[] = {(char[]){"gnuplot"}, (char[]){"--version"}, NULL};
	int rc;

	*c = (struct plot_child){
		.end_ms = now_ms() + (int64_t)timeout_ms, .timeout_ms = timeout_ms};
	(void)snprintf(name, sizeof(name), "%s", script != NULL ? script : "");
	(void)snprintf(c->what, sizeof(c->what), "%s", script != NULL ? script : "--version");
	rc = start(c, dir, script != NULL ? draw : ask);
	if (rc == -ENOENT)
		(void)snprintf(err, err_len,
			"gnuplot is not on PATH, no picture was drawn; scripts/install-deps installs it");
	else if (rc != 0)
		(void)snprintf(err, err_len, "gnuplot cannot be started: %s", strerror(-rc));
	return rc;
}

/* Keeps the end of what it says, where the error is. */
static void listen_to(struct plot_child *c)
{
	enum { KEEP = PLOT_SAID / 2 };
	ssize_t n;

	for (unsigned i = 0; i < MAX_READS; i++) {
		if (c->len > KEEP) {
			memmove(c->said, c->said + c->len - KEEP, KEEP);
			c->len = KEEP;
		}
		n = read(c->fd, c->said + c->len, sizeof(c->said) - 1 - c->len);
		if (n <= 0)
			break;
		c->len += (size_t)n;
	}
	c->said[c->len] = '\0';
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

bool plot_run_over(struct plot_child *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	if (has_ended(c->pid) || launch_stop || now_ms() >= c->end_ms)
		return true;
	/* A closed pipe ends every poll at once. */
	if (poll(&p, 1, POLL_MS) > 0 && (p.revents & POLLIN) == 0)
		(void)poll(NULL, 0, 1);
	listen_to(c);
	return has_ended(c->pid);
}

/* The last line that says something, on one line: gnuplot ends with the error. */
static const char *last_said(struct plot_child *c)
{
	char *line;

	for (char *at = c->said; *at != '\0'; at++) {
		if (*at != '\n' && (*at < ' ' || *at > '~'))
			*at = ' ';
	}
	while (c->len > 0 && (c->said[c->len - 1] == '\n' || c->said[c->len - 1] == ' '))
		c->said[--c->len] = '\0';
	line = strrchr(c->said, '\n');
	line = line == NULL ? c->said : line + 1;
	return *line != '\0' ? line : "it said nothing";
}

/* It is reaped last: until then nobody else can have its number, which is also that of the group
 * to be killed. */
int plot_run_end(struct plot_child *c, char *err, size_t err_len)
{
	bool done = has_ended(c->pid);
	int status = 0;

	(void)kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	listen_to(c);
	(void)close(c->fd);
	if (!done && launch_stop) {
		(void)snprintf(err, err_len, "gnuplot %s: stopped by a signal", c->what);
		return -EINTR;
	}
	if (!done) {
		(void)snprintf(err, err_len, "gnuplot %s: not done after %u ms, killed", c->what,
			c->timeout_ms);
		return -ETIMEDOUT;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	(void)snprintf(err, err_len, "gnuplot %s: %s %d: %.200s", c->what,
		WIFEXITED(status) ? "exit code" : "killed by signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), last_said(c));
	return -EIO;
}

int plot_run(const char *dir, const char *script, unsigned timeout_ms, char *err, size_t err_len)
{
	struct plot_child c;
	int rc = plot_run_begin(&c, dir, script, timeout_ms, err, err_len);

	if (rc != 0)
		return rc;
	while (!plot_run_over(&c))
		;
	return plot_run_end(&c, err, err_len);
}

/* "gnuplot 5.4 patchlevel 4" */
static int judge_version(struct plot_child *c, char *err, size_t err_len)
{
	int major = 0, minor = 0;

	if (sscanf(c->said, "gnuplot %d.%d", &major, &minor) != 2) {
		(void)snprintf(
			err, err_len, "gnuplot --version names no version: %.200s", last_said(c));
		return -EIO;
	}
	if (major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR))
		return 0;
	(void)snprintf(err, err_len,
		"gnuplot %d.%d is too old: pictures need %d.%d or newer; scripts/install-deps "
		"installs it",
		major, minor, OLDEST_MAJOR, OLDEST_MINOR);
	return -ENOTSUP;
}

int plot_run_version(unsigned timeout_ms, char *err, size_t err_len)
{
	struct plot_child c;
	int rc = plot_run_begin(&c, ".", NULL, timeout_ms, err, err_len);

	if (rc != 0)
		return rc;
	while (!plot_run_over(&c))
		;
	rc = plot_run_end(&c, err, err_len);
	return rc == 0 ? judge_version(&c, err, err_len) : rc;
}
