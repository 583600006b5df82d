/* ab_side.c - the programs that `handoff ab` compares: what they are, and what surrounds them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/ab.h"
#include "bench/axis.h"
#include "bench/child.h"
#include "bench/version.h"
#include "harness/futex.h"

enum {
	ASK_S = 20,
	SETUP_S = 60,
	ASK_ARGS = 512,
	ARG_BYTES = 400,
};

static const uint64_t second_ns = 1000000000;

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

static int run_setup(struct ab *ab, struct ab_side *s)
{
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", strdup(s->setup), NULL};
	uint64_t limit_ns = ab->set.deadline_ns ? ab->set.deadline_ns : SETUP_S * second_ns;
	int status = 0, code = -errno;
	pid_t pid = argv[2] ? child_start("/bin/sh", argv, -1, -1) : -1;

	if (pid > 0)
		code = child_await(pid, monotonic_ns() + limit_ns, &status);
	free(argv[2]);
	if (pid < 0)
		return fail(ab, -ENOMEM, s, "the command before its trials cannot be started");
	if (code == -ETIME)
		return fail(ab, code, s,
			"the command before its trials hangs: it did not end in time (--deadline)");
	if (!code && status != 0)
		return fail(ab, -EINVAL, s, "the command before its trials failed");
	return code;
}

int ab_side_enter(struct ab *ab, enum ab_which which)
{
	struct ab_side *s = &ab->side[which];
	int code;

	set_all(s);
	code = s->setup ? run_setup(ab, s) : 0;
	if (!code)
		code = ab_side_same(ab, which);
	if (code)
		ab_side_leave(ab, which);
	return code;
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

static uint64_t ask_limit_ns(const struct ab *ab)
{
	return ab->ask_ns ? ab->ask_ns : ASK_S * second_ns;
}

/*
 * The side's answer to a command line, in its environment, what it complains of included where
 * asked for; *exit_code is -1 where it was killed.
 * -ETIME: it did not end, whether it has closed its output or not.  The caller frees *text.
 */
static int ask(struct ab *ab, enum ab_which which, char *const *argv, bool complaints, char **text,
	int *exit_code)
{
	struct ab_side *s = &ab->side[which];
	uint64_t until_ns = monotonic_ns() + ask_limit_ns(ab);
	int fd[2], status = 0, code, ended;
	pid_t pid;

	*exit_code = -1;
	*text = NULL;
	if (pipe2(fd, O_CLOEXEC) != 0)
		return -errno;
	set_all(s);
	pid = child_start(s->path, argv, fd[1], complaints ? fd[1] : -1);
	code = pid < 0 ? -errno : 0;
	ab_side_leave(ab, which);
	close(fd[1]);
	if (pid > 0) {
		code = child_read(fd[0], until_ns, text);
		if (code) /* also who has left others behind that keep its output open */
			kill(-pid, SIGKILL);
		ended = child_await(pid, code ? 0 : until_ns, &status);
		code = code ? code : ended;
		*exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	close(fd[0]);
	return code;
}

static int fail_hung(struct ab *ab, const struct ab_side *s, const char *asked)
{
	char what[100];

	snprintf(what, sizeof(what), "it hangs: `%s` did not end within %.3g s", asked,
		(double)ask_limit_ns(ab) / 1e9);
	return fail(ab, -ETIME, s, what);
}

/* What it said first is the reason, where there is one: it refuses a plugin, lacks a library. */
static int fail_mute(struct ab *ab, const struct ab_side *s, const char *text)
{
	int len = text ? (int)strcspn(text, "\n") : 0;
	char what[190];

	snprintf(what, sizeof(what), "it does not answer `version` as a handoff program does%s%.*s",
		len ? "; it says: " : "", len, text ? text : "");
	return fail(ab, -EINVAL, s, what);
}

/* ---- what it is ------------------------------------------------------------------ */

static int resolve(struct ab *ab, enum ab_which which)
{
	struct ab_side *s = &ab->side[which];
	struct stat st;

	if (plugin_is_name(s->given))
		return ab_plugin_open(ab, which);
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

/* Of the program and its plugins together. */
static void take_id(struct ab_side *s, const char *text)
{
	const char *at = strstr(text, "\nbinary   ");

	if (at)
		snprintf(s->id, sizeof(s->id), "%.16s", at + strlen("\nbinary   "));
}

int ab_side_open(struct ab *ab, enum ab_which which)
{
	static char *const argv[] = {
		(char *)(uintptr_t) "handoff", (char *)(uintptr_t) "version", NULL};
	struct ab_side *s = &ab->side[which];
	const char *at;
	char *text;
	int code = resolve(ab, which), exit_code;

	if (!code)
		code = check_env(ab, s);
	if (code)
		return code;
	code = ask(ab, which, argv, true, &text, &exit_code);
	at = text ? strstr(text, "trial protocol ") : NULL;
	s->protocol = at ? atoi(at + strlen("trial protocol ")) : 0;
	if (at && ab_names_plugins(&s->env))
		take_id(s, text);
	ab_side_note(s);
	if (code == -ETIME)
		fail_hung(ab, s, "version");
	else if (code != -EINTR && (code || exit_code != 0 || !at))
		code = fail_mute(ab, s, text);
	free(text);
	return code ? code : check_protocol(ab, s);
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
		code = ask(ab, which, l.arg, false, &text, &exit_code);
	if (code == -ETIME)
		fail_hung(ab, &ab->side[which], "run --dry-run");
	else if (code != -EINTR) /* else its trials will say what it has */
		code = !code && text && exit_code == 0 ? take_keys(&ab->side[which], text) : 0;
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
