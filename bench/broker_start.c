/* broker_start.c - see broker_start.h. */
#include "bench/broker_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/broker_ask.h"
#include "harness/compiler.h"

enum { MAX_VARIABLES = 20, VARIABLE = BROKER_PATH + 64 };
enum { EPMD_TRIES = 3, EPMD_PATIENCE_MS = 5000, EPMD_LOOK_MS = 10 };

static int fail(char *err, size_t err_len, int code, const char *what)
{
	snprintf(err, err_len, "%s: %s", what, strerror(-code));
	return code;
}

/* In $PATH. */
static bool find_program(const char *name, char *path, size_t len)
{
	const char *dirs = getenv("PATH"), *end;

	for (; dirs && *dirs; dirs = *end ? end + 1 : end) {
		end = strchrnul(dirs, ':');
		if ((size_t)snprintf(path, len, "%.*s/%s", (int)(end - dirs), dirs, name) < len &&
			access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* In the child: ends with its parent, is nobody's terminal's, keeps no file of ours open. */
static void become(const char *dir, const char *path, char *const *argv, char *const *variables)
{
	char log[BROKER_PATH + 8];
	sigset_t none;
	int fd;

	for (int sig = 1; sig < SIGRTMAX; sig++) {
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	snprintf(log, sizeof(log), "%s/log", dir);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	close_range(3, ~0u, 0);
	for (; variables && *variables; variables++)
		putenv(*variables);
	if (chdir(dir) == 0)
		execv(path, argv);
	dprintf(2, "error: cannot start %s: %s\n", path, strerror(errno));
}

/* A process of its own; its pid or -errno. */
static pid_t spawn(const char *dir, const char *path, char *const *argv, char *const *variables)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		become(dir, path, argv, variables);
	_exit(127);
}

#define ARG(text) ((char *)(uintptr_t)(text))

/* ---- Redis ---------------------------------------------------------------- */

int broker_redis_program(char *path, size_t len, char *err, size_t err_len)
{
	if (find_program("redis-server", path, len))
		return 0;
	snprintf(err, err_len, "Redis: redis-server is not installed");
	return -ENOENT;
}

/*
 * A unix socket, nothing on disk.  What does not fit into the memory is refused, and
 * subscribers that are slow are not cut off.
 */
int broker_redis_start(struct broker_server *s, const char *path, char *err, size_t err_len)
{
	char *argv[] = {ARG("redis-server"), ARG("--port"), ARG("0"), ARG("--unixsocket"),
		s->address, ARG("--unixsocketperm"), ARG("700"), ARG("--dir"), s->dir,
		ARG("--save"), ARG(""), ARG("--appendonly"), ARG("no"), ARG("--daemonize"),
		ARG("no"), ARG("--maxmemory"), ARG("256mb"), ARG("--maxmemory-policy"),
		ARG("noeviction"), ARG("--client-output-buffer-limit"), ARG("pubsub 0 0 0"), NULL};

	snprintf(s->address, sizeof(s->address), "%s/s", s->dir);
	if (strlen(s->address) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		snprintf(err, err_len,
			"Redis: sun_path, a unix socket's address, has room for %zu bytes: set "
			"XDG_RUNTIME_DIR to a directory with a shorter name than that of %s",
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1, s->dir);
		return -ENAMETOOLONG;
	}
	s->pid[0] = spawn(s->dir, path, argv, NULL);
	return s->pid[0] > 0 ? 0
			     : fail(err, err_len, s->pid[0], "Redis: no process for the server");
}

/* ---- RabbitMQ -------------------------------------------------------------- */

/* The script itself: the one in $PATH is a wrapper that changes to another user. */
static const char rabbitmq_script[] = "/usr/lib/rabbitmq/bin/rabbitmq-server";

int broker_rabbitmq_program(char *path, size_t len, char *err, size_t err_len)
{
	char epmd[BROKER_PATH];

	if (!find_program("epmd", epmd, sizeof(epmd))) {
		snprintf(err, err_len, "RabbitMQ: Erlang's epmd is not installed");
		return -ENOENT;
	}
	snprintf(path, len, "%s", rabbitmq_script);
	if (access(path, X_OK) == 0)
		return 0;
	snprintf(err, err_len, "RabbitMQ: %s is not installed", rabbitmq_script);
	return -ENOENT;
}

/* Until epmd accepts connections; false: it has ended, or its time is over. */
static bool epmd_answers(struct broker_server *s, unsigned port)
{
	for (int waited_ms = 0; waited_ms < EPMD_PATIENCE_MS; waited_ms += EPMD_LOOK_MS) {
		if (broker_port_answers(port, EPMD_LOOK_MS))
			return true;
		if (waitpid(s->pid[1], NULL, WNOHANG) != 0) {
			s->pid[1] = 0;
			return false;
		}
		poll(NULL, 0, EPMD_LOOK_MS);
	}
	return false;
}

static void end_epmd(struct broker_server *s)
{
	if (s->pid[1] <= 0)
		return;
	kill(s->pid[1], SIGKILL);
	waitpid(s->pid[1], NULL, 0);
	s->pid[1] = 0;
}

/*
 * Erlang's names daemon, which would else be started by the server and stay.  The server ends
 * if it does not find it; a free port may be somebody else's by then.
 */
static int start_epmd(struct broker_server *s, unsigned *port, char *err, size_t err_len)
{
	char path[BROKER_PATH], number[16];
	char *argv[] = {ARG("epmd"), ARG("-port"), number, ARG("-address"), ARG("127.0.0.1"), NULL};

	if (!find_program("epmd", path, sizeof(path)))
		return fail(err, err_len, -ENOENT, "RabbitMQ: epmd");
	for (int i = 0; i < EPMD_TRIES; i++) {
		*port = broker_free_port();
		snprintf(number, sizeof(number), "%u", *port);
		s->pid[1] = spawn(s->dir, path, argv, NULL);
		if (s->pid[1] < 0)
			return fail(err, err_len, s->pid[1], "RabbitMQ: no process for epmd");
		if (*port && epmd_answers(s, *port))
			return 0;
		end_epmd(s);
	}
	return fail(err, err_len, -ETIMEDOUT, "RabbitMQ: epmd does not answer");
}

struct variables {
	char text[MAX_VARIABLES][VARIABLE];
	char *list[MAX_VARIABLES + 1];
	unsigned n;
};

static void add(struct variables *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct variables *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->text[v->n], VARIABLE, fmt, ap);
	va_end(ap);
	v->list[v->n] = v->text[v->n];
	v->n++;
}

/* Everything that it keeps lies in its directory, its cookie too; idle, it sleeps. */
int broker_rabbitmq_start(struct broker_server *s, const char *path, char *err, size_t err_len)
{
	unsigned port = broker_free_port(), peers = broker_free_port(), names = 0;
	char *argv[] = {ARG("rabbitmq-server"), NULL};
	struct variables v = {.n = 0};
	int code;

	if (!port || !peers)
		return fail(err, err_len, -EADDRNOTAVAIL, "RabbitMQ: no loopback port is free");
	code = start_epmd(s, &names, err, err_len);
	if (code)
		return code;
	snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", port);
	add(&v, "HOME=%s", s->dir);
	add(&v, "ERL_EPMD_PORT=%u", names);
	add(&v, "ERL_EPMD_ADDRESS=127.0.0.1");
	add(&v, "RABBITMQ_NODENAME=handoff-%d@localhost", (int)getpid());
	add(&v, "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1");
	add(&v, "RABBITMQ_NODE_PORT=%u", port);
	add(&v, "RABBITMQ_DIST_PORT=%u", peers);
	add(&v, "RABBITMQ_MNESIA_BASE=%s/mnesia", s->dir);
	add(&v, "RABBITMQ_LOG_BASE=%s", s->dir);
	add(&v, "RABBITMQ_LOGS=-");
	add(&v, "RABBITMQ_PID_FILE=%s/pid", s->dir);
	add(&v, "RABBITMQ_ENABLED_PLUGINS_FILE=%s/plugins", s->dir);
	add(&v, "RABBITMQ_GENERATED_CONFIG_DIR=%s/config", s->dir);
	add(&v, "RABBITMQ_CONFIG_FILE=%s/none", s->dir);
	add(&v, "RABBITMQ_ADVANCED_CONFIG_FILE=%s/none", s->dir);
	add(&v, "RABBITMQ_CONF_ENV_FILE=/dev/null");
	add(&v, "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+sbwt none +sbwtdcpu none +sbwtdio none");
	add(&v, "RUNNING_UNDER_SYSTEMD=true"); /* the script becomes the server */
	s->pid[0] = spawn(s->dir, path, argv, v.list);
	return s->pid[0] > 0 ? 0
			     : fail(err, err_len, s->pid[0], "RabbitMQ: no process for the server");
}
