/* ab_side.c - the programs that `handoff ab` compares: what they are, and what surrounds them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/axis.h"
#include "bench/version.h"
#include "harness/futex.h"

enum {
	ASK_MOST_BYTES = 64 << 20,
	ASK_NS_EXTRA = 20, /* s */
	ASK_ARGS = 512,
	ARG_BYTES = 400,
};

static int fail(struct ab *ab, int code, const struct ab_side *s, const char *what)
{
	snprintf(ab->err, RUN_ERR, "%s, %.300s: %s", s->name, s->given, what);
	return code;
}

/* ---- its environment and its command ------------------------------------------ */

/* What the variable was before; put back by ab_side_leave(). */
static char *const none = (char *)(uintptr_t) "";

static void set_all(struct ab_side *s)
{
	for (size_t i = 0; i < s->env.n; i++) {
		const char *item = s->env.item[i], *eq = strchr(item, '=');
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)(eq - item), item);
		s->before[i] = getenv(name) ? strdup(getenv(name)) : none;
		setenv(name, eq + 1, 1);
	}
}

int ab_side_enter(struct ab *ab, enum ab_which which)
{
	struct ab_side *s = &ab->side[which];
	int status;

	set_all(s);
	if (!s->setup)
		return 0;
	status = system(s->setup);
	if (status == 0)
		return 0;
	ab_side_leave(ab, which);
	return fail(ab, -EINVAL, s, "the command before its trials failed");
}

void ab_side_leave(struct ab *ab, enum ab_which which)
{
	struct ab_side *s = &ab->side[which];

	for (size_t i = s->env.n; i > 0; i--) {
		const char *item = s->env.item[i - 1], *eq = strchr(item, '=');
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)(eq - item), item);
		if (!s->before[i - 1])
			continue;
		if (s->before[i - 1] == none)
			unsetenv(name);
		else
			setenv(name, s->before[i - 1], 1);
		if (s->before[i - 1] != none)
			free(s->before[i - 1]);
		s->before[i - 1] = NULL;
	}
}

/* ---- asking it ------------------------------------------------------------------ */

static pid_t start(const struct ab_side *s, char *const *argv, int out)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(out, 1);
		dup2(null, 2);
		setpgid(0, 0);
		execv(s->path, argv);
		_exit(127);
	}
	return pid;
}

/* What it prints, as one string that the caller frees; NULL when it takes too long or too much. */
static char *read_all(int fd)
{
	uint64_t until = monotonic_ns() + ASK_NS_EXTRA * UINT64_C(1000000000);
	size_t n = 0, room = 1 << 16;
	char *text = malloc(room);

	while (text && monotonic_ns() < until && n < ASK_MOST_BYTES) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&p, 1, 1000) <= 0)
			continue;
		got = read(fd, text + n, room - n - 1);
		if (got <= 0) {
			text[n] = '\0';
			return text;
		}
		n += (size_t)got;
		if (n + 1 == room) {
			char *more = realloc(text, 2 * room);

			if (!more)
				break;
			room *= 2;
			text = more;
		}
	}
	free(text);
	return NULL;
}

/*
 * The side's answer to a command line, in its environment; *code is its exit code, or -1 where it
 * was killed or never ended.  NULL: there is none.
 */
static char *ask(struct ab *ab, enum ab_which which, char *const *argv, int *code)
{
	struct ab_side *s = &ab->side[which];
	int fd[2], status = 0;
	char *text = NULL;
	pid_t pid;

	*code = -1;
	if (pipe2(fd, O_CLOEXEC) != 0)
		return NULL;
	set_all(s);
	pid = start(s, argv, fd[1]);
	ab_side_leave(ab, which);
	close(fd[1]);
	if (pid > 0) {
		text = read_all(fd[0]);
		if (!text)
			kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		*code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	close(fd[0]);
	return text;
}

/* ---- what it is ------------------------------------------------------------------ */

static int resolve(struct ab *ab, struct ab_side *s)
{
	size_t len = strlen(s->given);
	struct stat st;

	if (len > 3 && strcmp(s->given + len - 3, ".so") == 0)
		return fail(ab, -EINVAL, s,
			"mechanisms are not loaded from plugins; name a handoff program that was "
			"built with it");
	if (!realpath(s->given, s->path))
		return fail(ab, -EINVAL, s, strerror(errno));
	if (stat(s->path, &st) != 0 || !S_ISREG(st.st_mode))
		return fail(ab, -EINVAL, s, "not a program (no regular file)");
	if (access(s->path, X_OK) != 0)
		return fail(ab, -EINVAL, s, strerror(errno));
	return version_file_id(s->path, s->id);
}

static int check_env(struct ab *ab, struct ab_side *s)
{
	for (size_t i = 0; i < s->env.n; i++) {
		const char *eq = strchr(s->env.item[i], '=');

		if (!eq || eq == s->env.item[i] || eq - s->env.item[i] > 255) {
			snprintf(ab->err, RUN_ERR,
				"%s: \"%.200s\" is not NAME=VALUE (a value may hold no comma)",
				s == &ab->side[AB_OLD] ? "--old-env" : "--new-env", s->env.item[i]);
			return -EINVAL;
		}
	}
	s->before = calloc(s->env.n + 1, sizeof(*s->before));
	return s->before ? 0 : -ENOMEM;
}

static int check_protocol(struct ab *ab, struct ab_side *s)
{
	if (s->protocol == TRIAL_PROTOCOL)
		return 0;
	snprintf(ab->err, RUN_ERR,
		"%s, %.200s: its trials speak protocol %d, this program's %d: build both from "
		"sources that share it, or compare with the older program's own `handoff ab`",
		s->name, s->given, s->protocol, TRIAL_PROTOCOL);
	return -EXDEV;
}

int ab_side_open(struct ab *ab, enum ab_which which)
{
	static char *const argv[] = {
		(char *)(uintptr_t) "handoff", (char *)(uintptr_t) "version", NULL};
	struct ab_side *s = &ab->side[which];
	const char *at;
	char *text;
	int code = resolve(ab, s), exit_code;

	if (!code)
		code = check_env(ab, s);
	if (code)
		return code;
	text = ask(ab, which, argv, &exit_code);
	at = text ? strstr(text, "trial protocol ") : NULL;
	s->protocol = at ? atoi(at + strlen("trial protocol ")) : 0;
	free(text);
	if (exit_code != 0 || !at)
		return fail(
			ab, -EINVAL, s, "it does not answer `version` as a handoff program does");
	return check_protocol(ab, s);
}

/* ---- which cells it has ------------------------------------------------------------- */

struct line {
	char *arg[ASK_ARGS + 1];
	size_t n;
	bool full;
};

static void add_arg(struct line *l, const char *name, const char *value)
{
	char text[ARG_BYTES + PATH_MAX];

	snprintf(text, sizeof(text), name ? "--%s=%s" : "%s%s", name ? name : "", value);
	l->full = l->full || l->n >= ASK_ARGS;
	if (!l->full)
		l->arg[l->n++] = strdup(text);
}

static void make_line(const struct ab *ab, struct line *l)
{
	add_arg(l, NULL, "handoff");
	add_arg(l, NULL, "run");
	add_arg(l, NULL, "--dry-run");
	if (ab->set.matrix)
		add_arg(l, "matrix", ab->run.matrix_path);
	for (int a = 0; a < AXIS_COUNT; a++) {
		for (size_t i = 0; i < ab->set.axes.value[a].n; i++)
			add_arg(l, axis_name((enum axis)a), ab->set.axes.value[a].item[i]);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A key a line, until the blank one; what follows the key is for people. */
static int take_keys(struct ab_side *s, char *text)
{
	char *save, *line = strtok_r(text, "\n", &save);

	s->key = calloc(AB_MAX_KEYS, sizeof(*s->key));
	if (!s->key)
		return -ENOMEM;
	for (; line && s->n_keys < AB_MAX_KEYS; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " ")] = '\0';
		if (strchr(line, '?') && strchr(line, '/'))
			s->key[s->n_keys++] = strdup(line);
	}
	qsort(s->key, s->n_keys, sizeof(*s->key), by_text);
	s->knows_keys = true;
	return 0;
}

int ab_side_keys(struct ab *ab, enum ab_which which)
{
	struct line l = {.n = 0};
	int exit_code = -1, code = 0;
	char *text = NULL;

	make_line(ab, &l);
	if (!l.full)
		text = ask(ab, which, l.arg, &exit_code);
	if (text && exit_code == 0) /* else its trials will say what it has */
		code = take_keys(&ab->side[which], text);
	free(text);
	for (size_t i = 0; i < l.n; i++)
		free(l.arg[i]);
	return code;
}

bool ab_side_has(const struct ab_side *s, const char *key)
{
	return s->n_keys > 0 && bsearch(&key, s->key, s->n_keys, sizeof(*s->key), by_text) != NULL;
}

void ab_side_close(struct ab_side *s)
{
	for (size_t i = 0; i < s->n_keys; i++)
		free(s->key[i]);
	free(s->key);
	free(s->before);
	s->key = NULL;
	s->before = NULL;
	s->n_keys = 0;
}
