/* broker.c - the life of a server; see broker.h. */
#include "bench/broker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/broker_ask.h"
#include "bench/broker_start.h"
#include "harness/futex.h"
#include "harness/names.h"

enum {
	PATIENCE_MS = 1000, /* with a server that was given, or that was up */
	STILL_MS = 500,     /* a look that takes so much longer: the machine stood still */
	ASK_MS = 200,       /* with one that is starting: asked again */
	NAP_NS = 5 * 1000 * 1000,
	REASON = 300,
};

static const struct kind {
	const char *name, *variable;
	broker_program_fn *program;
	broker_start_fn *start;
	uint64_t patience_ns; /* from its start to its first answer, with a last ASK_MS */
	unsigned tries;       /* ... and so often */
} kinds[BROKER_COUNT] = {
	[BROKER_REDIS] = {"Redis", "HANDOFF_REDIS", broker_redis_program, broker_redis_start,
		UINT64_C(1700000000), 3},
	[BROKER_RABBITMQ] = {"RabbitMQ", "HANDOFF_RABBITMQ", broker_rabbitmq_program,
		broker_rabbitmq_start, UINT64_C(90000000000), 1},
};

/* What became of a kind of server in this program. */
static struct life {
	struct broker_server server;
	bool ours;          /* the address is that of a server of ours */
	char never[REASON]; /* it could not be started: why */
	unsigned late;      /* times that it did not begin to answer in time */
} lives[BROKER_COUNT];

static pid_t owner; /* who started them: its forked children shall not end them */

const char *broker_name(enum broker b)
{
	return kinds[b].name;
}

const char *broker_absent(enum broker b)
{
	static char why[REASON];
	char path[BROKER_PATH];

	if (b == BROKER_NONE || getenv(kinds[b].variable) ||
		kinds[b].program(path, sizeof(path), why, sizeof(why)) == 0)
		return NULL;
	return why;
}

pid_t broker_pid(enum broker b)
{
	return owner == getpid() ? lives[b].server.pid[0] : 0;
}

bool broker_owns(pid_t pid)
{
	for (unsigned i = 0; pid > 0 && i < BROKER_COUNT * BROKER_PROCESSES; i++) {
		if (lives[i / BROKER_PROCESSES].server.pid[i % BROKER_PROCESSES] == pid)
			return true;
	}
	return false;
}

bool broker_keeps(const char *dir)
{
	for (unsigned b = 0; b < BROKER_COUNT; b++) {
		if (lives[b].server.dir[0] && strcmp(lives[b].server.dir, dir) == 0)
			return true;
	}
	return false;
}

static void end(enum broker b)
{
	struct life *life = &lives[b];

	for (unsigned i = 0; i < BROKER_PROCESSES; i++) {
		pid_t pid = life->server.pid[i];

		if (pid <= 0)
			continue;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (life->server.dir[0])
		names_dir_remove(life->server.dir);
	if (life->ours)
		unsetenv(kinds[b].variable);
	life->server = (struct broker_server){0};
	life->ours = false;
}

void broker_end_all(void)
{
	if (owner != getpid())
		return;
	for (enum broker b = BROKER_NONE + 1; b < BROKER_COUNT; b++)
		end(b);
}

static bool has_died(struct life *life)
{
	pid_t pid = life->server.pid[0];

	if (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0)
		return false;
	life->server.pid[0] = 0;
	return true;
}

/* The first line that the server left that tells of trouble, or its last one. */
static void read_log(const char *dir, char *line, size_t len)
{
	char path[BROKER_PATH + 8], next[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", dir);
	f = fopen(path, "re");
	line[0] = '\0';
	while (f && fgets(next, sizeof(next), f)) {
		next[strcspn(next, "\n")] = '\0';
		if (next[0])
			snprintf(line, len, "%.120s", next);
		if (strcasestr(next, "error") || strcasestr(next, "fatal"))
			break;
	}
	if (f)
		fclose(f);
}

static int await_answer(enum broker b, char *err, size_t err_len)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};
	struct life *life = &lives[b];
	uint64_t now = monotonic_ns(), last = now, until = now + kinds[b].patience_ns;
	char why[REASON], line[128];

	while (broker_ask(b, life->server.address, ASK_MS, why, sizeof(why)) != 0) {
		if (has_died(life)) {
			read_log(life->server.dir, line, sizeof(line));
			snprintf(err, err_len, "%s: the server ended while it started: %s",
				broker_name(b), line[0] ? line : "it left no word");
			return -ECHILD;
		}
		now = monotonic_ns();
		if (now - last > (ASK_MS + STILL_MS) * UINT64_C(1000000))
			until += now - last;
		last = now;
		if (now >= until) {
			snprintf(err, err_len, "%s: started, but not ready in time: %s",
				broker_name(b), why);
			return -ETIMEDOUT;
		}
		nanosleep(&nap, NULL);
	}
	return 0;
}

static int start(enum broker b, char *err, size_t err_len)
{
	struct life *life = &lives[b];
	char path[BROKER_PATH];
	int code = kinds[b].program(path, sizeof(path), err, err_len);

	if (code)
		return code;
	if (owner != getpid()) {
		memset(lives, 0, sizeof(lives));
		owner = getpid();
		atexit(broker_end_all);
	}
	code = names_dir_new(life->server.dir, sizeof(life->server.dir), err, err_len);
	if (!code)
		code = kinds[b].start(&life->server, path, err, err_len);
	if (!code)
		code = await_answer(b, err, err_len);
	if (code) {
		end(b);
		return code;
	}
	life->ours = true;
	return setenv(kinds[b].variable, life->server.address, 1) == 0 ? 0 : -ENOMEM;
}

int broker_need(enum broker b, char *err, size_t err_len)
{
	struct life *life = &lives[b];
	const char *address;
	int code;

	if (b == BROKER_NONE)
		return 0;
	address = getenv(kinds[b].variable);
	if (address && !(life->ours && owner == getpid()))
		return broker_ask(b, address, PATIENCE_MS, err, err_len);
	if (address && !has_died(life))
		return broker_ask(b, address, PATIENCE_MS, err, err_len);
	if (address) /* ours has died: another one */
		end(b);
	if (life->never[0]) {
		snprintf(err, err_len, "%s", life->never);
		return -ENOTSUP;
	}
	code = start(b, err, err_len);
	life->late += code == -ETIMEDOUT;
	if (code && (code != -ETIMEDOUT || life->late >= kinds[b].tries))
		snprintf(life->never, sizeof(life->never), "%s", err);
	return code;
}

int broker_look(enum broker b, char *err, size_t err_len)
{
	const char *address = b == BROKER_NONE ? NULL : getenv(kinds[b].variable);
	uint64_t begin = monotonic_ns();
	int code = address ? broker_ask(b, address, PATIENCE_MS, err, err_len) : 0;

	if (monotonic_ns() - begin > (PATIENCE_MS + STILL_MS) * UINT64_C(1000000))
		return 0;
	return code;
}
