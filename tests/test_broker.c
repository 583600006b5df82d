/*
 * Brokers: a run starts a server of its own, measures through it and leaves nothing,
 * however it ends.  A server that is absent, refuses, keeps silent or dies is a row
 * that says so, and soon.  Real servers where they are installed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/broker.h"
#include "bench/broker_ask.h"
#include "tests/broker_kind.h"
#include "tests/program.h"

enum {
	SOON_MS = 2000,
	SLACK_MS = 15000, /* a machine that is busy with others: the test's, no promise */
	PATIENCE_MS = 60000,
	NAP_NS = 5 * 1000 * 1000,
	WORKERS = 2,
	BUSY_NS = 20 * 1000 * 1000,
};

#define RUN "run --no-report --reps 1 -f 1x1 -w stream -p unpinned --repeat-noisy no -o run "

static void nap(void)
{
	const struct timespec ts = {.tv_nsec = NAP_NS};

	nanosleep(&ts, NULL);
}

/* ---- what is there ------------------------------------------------------------- */

/* Does the command line of a process hold these words? */
static bool runs(int pid, const char *words)
{
	char path[64], line[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(line, 1, sizeof(line) - 1, f);
		fclose(f);
	}
	for (size_t i = 0; i < n; i++)
		line[i] = line[i] ? line[i] : ' ';
	line[n] = '\0';
	return strstr(line, words) != NULL;
}

/* The first child of a process that runs this; 0: none. */
static pid_t child_of(pid_t parent, const char *words)
{
	char path[64];
	pid_t found = 0;
	int pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	f = fopen(path, "re");
	while (f && !found && fscanf(f, "%d", &pid) == 1)
		found = runs(pid, words) ? pid : 0;
	if (f)
		fclose(f);
	return found;
}

/* Until the program has such a child. */
static pid_t await_child(pid_t parent, const char *words)
{
	long begin = program_now_ms();
	pid_t pid;

	while ((pid = child_of(parent, words)) == 0) {
		if (program_now_ms() - begin > PATIENCE_MS)
			fail_msg("%s has not been started", words);
		nap();
	}
	return pid;
}

/* The directories of servers beside the journal that exist. */
static unsigned count_dirs(void)
{
	char *journal = program_journal(), which[400];
	unsigned n = program_objects(journal, which, sizeof(which));

	free(journal);
	return n;
}

static void check_nothing_left(const char *what)
{
	program_await_nobody(what);
	if (count_dirs() != 0)
		fail_msg("%s: something is left beside the journal", what);
}

/* All rows of the run are so, and say this. */
static void check_rows(const char *status, const char *words, size_t at_least)
{
	size_t n = 0;
	struct sample *row = program_rows("run", &n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(row[i].status, status) != 0 || !strstr(row[i].reason, words))
			fail_msg("%s: %s: %s", row[i].cell, row[i].status, row[i].reason);
	}
	assert_true(n >= at_least);
	free(row);
}

/* ---- a server of the run's own --------------------------------------------------- */

static void a_run_starts_its_server_measures_and_leaves_nothing(void **state)
{
	const struct broker_kind *k = *state;
	char line[600];

	need_server_once(k);
	snprintf(line, sizeof(line), H RUN "%s --trial-ms 5", k->all);
	program_ends(line, RC_FINE);
	check_rows("ok", "", k->rows);
	check_nothing_left(broker_name(k->broker));
}

/* How many of its children have been at work for a while. */
static unsigned busy_children(pid_t parent)
{
	char path[64];
	unsigned n = 0;
	int pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		n += support_cpu_ns(pid) >= BUSY_NS;
	if (f)
		fclose(f);
	return n;
}

static void await_messages(pid_t run)
{
	struct patience waited = {0};
	pid_t trial;

	while ((trial = child_of(run, " trial ")) == 0 || busy_children(trial) < WORKERS) {
		if (patience_ms(&waited) > PATIENCE_MS)
			fail_msg("no trial is under way");
		nap();
	}
}

/* Started, and in the middle of a trial; the server's pid in *server. */
static pid_t start_long_run(const struct broker_kind *k, pid_t *server)
{
	char line[600];
	pid_t pid;

	snprintf(line, sizeof(line), H RUN "-m %s -d process --trial-ms 30000", k->channel);
	pid = program_start(line);
	*server = await_child(pid, k->process);
	await_messages(pid);
	return pid;
}

static void await_gone(pid_t pid, const char *what)
{
	struct patience waited = {0};

	while (kill(pid, 0) == 0) {
		waitpid(pid, NULL, WNOHANG); /* orphans come to this process */
		if (patience_ms(&waited) > SOON_MS + SLACK_MS)
			fail_msg("%s: the server still runs", what);
		nap();
	}
}

static void an_interrupted_run_takes_its_server_along(void **state)
{
	pid_t server, pid;

	program_need_processes();
	need_server_again(*state);
	pid = start_long_run(*state, &server);
	kill(pid, SIGINT);
	assert_int_equal(program_finish_soon(pid, "SIGINT"), RC_SIGNAL + SIGINT);
	await_gone(server, "after SIGINT");
	check_nothing_left("an interrupted run");
}

static void a_killed_run_takes_its_server_along_and_clean_removes_the_rest(void **state)
{
	pid_t server, pid;

	program_need_processes();
	need_server_again(*state);
	pid = start_long_run(*state, &server);
	kill(pid, SIGKILL);
	program_finish(pid);
	await_gone(server, "after SIGKILL");
	program_await_nobody("a killed run");
	assert_int_equal(count_dirs(), 1);
	program_ends(H "clean", RC_FINE);
	check_nothing_left("clean");
}

/* ---- no server -------------------------------------------------------------------- */

/* A run in this environment says `words` in every row, and does not wait long for it. */
static void check_no_server(const struct broker_kind *k, const char *environment, const char *words)
{
	long begin = program_now_ms(), ms;
	char line[1200];

	snprintf(line, sizeof(line), "env %s " H RUN "-m %s -d thread --trial-ms 5", environment,
		k->channel);
	program_ends(line, RC_NOTHING);
	ms = program_now_ms() - begin;
	check_rows("skip", words, 1);
	if (ms > SOON_MS + SLACK_MS)
		fail_msg("%s: took %ld ms", words, ms);
	check_nothing_left(words);
}

static void a_server_that_is_not_installed_is_a_row_that_says_so(void **state)
{
	const struct broker_kind *k = *state;

	need_client(k);
	check_no_server(k, "PATH=/nowhere", k->no_program);
}

/* A loopback port with nobody behind it, or with one who never answers. */
static int open_port(bool listens, char *address, size_t len)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(a);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	if (listens)
		assert_int_equal(listen(fd, 8), 0);
	snprintf(address, len, "127.0.0.1:%u", ntohs(a.sin_port));
	return fd;
}

/* Each kind alone: the other one's library, and any server, may be missing here. */
static void check_given(const struct broker_kind *k, bool listens, const char *words)
{
	char address[32], environment[80];
	int fd;

	need_client(k);
	fd = open_port(listens, address, sizeof(address));
	snprintf(environment, sizeof(environment), "%s=%s", k->variable, address);
	check_no_server(k, environment, words);
	close(fd);
}

static void a_server_that_refuses_is_a_row_that_says_so(void **state)
{
	check_given(*state, false, "Connection refused");
}

static void a_server_that_keeps_silent_is_a_row_that_says_so(void **state)
{
	check_given(*state, true, "does not answer");
}

/* A program called redis-server that is none, but this. */
static void check_instead(const struct broker_kind *k, const char *script, const char *words)
{
	char path[SUPPORT_PATH], environment[SUPPORT_PATH + 32];

	need_client(k);
	snprintf(path, sizeof(path), "%s", support_path(&program.dir, "bin"));
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(environment, sizeof(environment), "PATH=%s:/usr/bin:/bin", path);
	strcat(path, "/redis-server");
	support_text(path, script);
	assert_int_equal(chmod(path, 0700), 0);
	check_no_server(k, environment, words);
}

static void a_server_that_does_not_start_is_a_row_with_its_own_words(void **state)
{
	check_instead(*state, "#!/bin/sh\necho fatal: no room at the inn\nexit 1\n",
		"no room at the inn");
}

static void a_server_that_never_comes_to_answer_is_a_row_that_says_so(void **state)
{
	check_instead(*state, "#!/bin/sh\nexec sleep 60\n", "not ready in time");
}

static void a_server_whose_socket_has_too_long_a_name_is_a_row_that_says_so(void **state)
{
	const struct broker_kind *k = *state;
	char environment[SUPPORT_PATH + 160];

	need_server_once(k);
	snprintf(
		environment, sizeof(environment), "XDG_RUNTIME_DIR=%s/%0100d", program.dir.path, 0);
	assert_int_equal(mkdir(strchr(environment, '/'), 0700), 0);
	check_no_server(k, environment, "sun_path");
}

/* Killed in the middle of a trial: a row, soon; the next trial has a server again. */
static void a_server_that_dies_is_a_row_that_says_so_and_another_is_started(void **state)
{
	pid_t server, pid;
	long begin, ms;
	size_t n = 0;
	struct sample *row;

	program_need_processes();
	need_server_again(*state);
	pid = start_long_run(*state, &server);
	begin = program_now_ms();
	kill(server, SIGKILL);
	program_finish(pid);
	ms = program_now_ms() - begin;
	row = program_rows("run", &n);
	assert_int_equal(n, 1);
	if (strcmp(row[0].status, "skip") != 0 || !strstr(row[0].reason, "the server has gone"))
		fail_msg("%s: %s: %s", row[0].cell, row[0].status, row[0].reason);
	if (ms > SOON_MS + SLACK_MS)
		fail_msg("took %ld ms", ms);
	free(row);
	check_nothing_left("a dead server");
}

/* Stopped in the middle of a trial: its clients wait for ever, the run does not. */
static void a_server_that_goes_silent_is_a_row_that_says_so(void **state)
{
	const struct broker_kind *k = *state;
	pid_t server, pid;
	long begin, ms;
	char words[64];

	program_need_processes();
	need_server_again(k);
	pid = start_long_run(k, &server);
	begin = program_now_ms();
	kill(server, SIGSTOP);
	program_finish(pid);
	ms = program_now_ms() - begin;
	print_message("the run had its row and was over after %ld ms\n", ms);
	check_rows("skip", "does not answer", 1);
	snprintf(words, sizeof(words), "%s: the server at", broker_name(k->broker));
	check_rows("skip", words, 1);
	if (ms > SOON_MS + SLACK_MS)
		fail_msg("took %ld ms", ms);
	check_nothing_left("a silent server");
}

/* ---- by hand ----------------------------------------------------------------------- */

static int own_setup(void **state)
{
	int code = program_setup(state);

	unsetenv("HANDOFF_REDIS");
	unsetenv("HANDOFF_RABBITMQ");
	return code;
}

static int own_teardown(void **state)
{
	broker_end_all();
	return program_teardown(state);
}

static void a_server_serves_until_it_is_ended_and_is_started_again_when_it_died(void **state)
{
	const struct broker_kind *k = *state;
	enum broker b = k->broker;
	char err[400] = "";
	pid_t first, second;

	need_server_again(k);
	assert_int_equal(broker_pid(b), 0);
	assert_int_equal(broker_need(b, err, sizeof(err)), 0);
	first = broker_pid(b);
	assert_true(first > 0 && broker_owns(first));
	assert_int_equal(broker_need(b, err, sizeof(err)), 0);
	assert_int_equal(broker_pid(b), first);
	kill(first, SIGKILL);
	await_gone(first, "killed");
	assert_int_equal(broker_need(b, err, sizeof(err)), 0);
	second = broker_pid(b);
	assert_true(second > 0 && second != first);
	assert_int_equal(count_dirs(), 1);
	broker_end_all();
	assert_int_equal(kill(second, 0), -1);
	assert_int_equal(count_dirs(), 0);
	assert_null(getenv(k->variable));
	broker_end_all();
}

/* Not dead: it is asked, a second long, and is not started a second time. */
static void a_server_that_was_up_and_keeps_silent_is_not_waited_for(void **state)
{
	const struct broker_kind *k = *state;
	char err[400] = "";
	pid_t server;
	long begin;

	need_server_again(k);
	assert_int_equal(broker_need(k->broker, err, sizeof(err)), 0);
	assert_int_equal(broker_look(k->broker, err, sizeof(err)), 0);
	server = broker_pid(k->broker);
	kill(server, SIGSTOP);
	begin = program_now_ms();
	assert_int_equal(broker_need(k->broker, err, sizeof(err)), -ETIMEDOUT);
	assert_true(program_now_ms() - begin < SOON_MS + SLACK_MS);
	assert_non_null(strstr(err, "does not answer"));
	kill(server, SIGCONT);
	assert_int_equal(broker_need(k->broker, err, sizeof(err)), 0);
	assert_int_equal(broker_pid(k->broker), server);
}

static void an_address_is_understood_or_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *address, *words;
	} bad[] = {
		{"nowhere", "neither /path/of/socket nor host:port"},
		{"/nowhere/at/all", "No such file"},
		{"127.0.0.1:1", "refused"},
		{"127.0.0.1:99999999", "cannot be reached"},
	};
	char err[400];

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		assert_true(broker_ask(BROKER_REDIS, bad[i].address, 200, err, sizeof(err)) < 0);
		if (!strstr(err, bad[i].words) || !strstr(err, "Redis"))
			fail_msg("%s: %s", bad[i].address, err);
	}
}

/* The sentence, and of whom. */
#define TEST_OF(f, k, up, down)                                                                    \
	{                                                                                          \
		.name = #f " (" #k ")", .test_func = f, .setup_func = up, .teardown_func = down,   \
		.initial_state = broker_state(&k)                                                  \
	}
#define OF(f, k)   TEST_OF(f, k, program_setup, program_teardown)
#define OWN(f, k)  TEST_OF(f, k, own_setup, own_teardown)
#define OF_EACH(f) OF(f, redis), OF(f, rabbitmq)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_EACH(a_run_starts_its_server_measures_and_leaves_nothing),
		OF_EACH(an_interrupted_run_takes_its_server_along),
		OF_EACH(a_killed_run_takes_its_server_along_and_clean_removes_the_rest),
		OF_EACH(a_server_that_is_not_installed_is_a_row_that_says_so),
		OF_EACH(a_server_that_refuses_is_a_row_that_says_so),
		OF_EACH(a_server_that_keeps_silent_is_a_row_that_says_so),
		OF(a_server_that_does_not_start_is_a_row_with_its_own_words, redis),
		OF(a_server_that_never_comes_to_answer_is_a_row_that_says_so, redis),
		OF(a_server_whose_socket_has_too_long_a_name_is_a_row_that_says_so, redis),
		OF_EACH(a_server_that_goes_silent_is_a_row_that_says_so),
		OF_EACH(a_server_that_dies_is_a_row_that_says_so_and_another_is_started),
		OWN(a_server_serves_until_it_is_ended_and_is_started_again_when_it_died, redis),
		OWN(a_server_serves_until_it_is_ended_and_is_started_again_when_it_died, rabbitmq),
		OWN(a_server_that_was_up_and_keeps_silent_is_not_waited_for, redis),
		OWN(a_server_that_was_up_and_keeps_silent_is_not_waited_for, rabbitmq),
		cmocka_unit_test(an_address_is_understood_or_refused_with_a_sentence),
	};

	unsetenv("HANDOFF_REDIS");
	unsetenv("HANDOFF_RABBITMQ");
	program_find();
	return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
