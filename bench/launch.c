/* launch.c - see launch.h. */
#include "bench/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/broker.h"
#include "bench/registry.h"
#include "harness/futex.h"
#include "harness/link.h"
#include "harness/names.h"
#include "harness/self.h"

enum { GRACE_NS = 1000000000, LOOK_NS = 1000000000, POLL_SLICE_NS = 200000 };
enum { ASK_NS = 750000000 }; /* with the answer's second: a silence is seen within two */

volatile sig_atomic_t launch_stop;

static int fail(char *err, size_t err_len, const char *what)
{
	int code = -errno;

	snprintf(err, err_len, "%s: %s", what, strerror(errno));
	return code;
}

/* The spec and its XML in a memfd; inherited on purpose. */
static int spec_file(const struct trial_spec *spec, const char *xml)
{
	int fd = memfd_create("handoff-spec", 0);
	ssize_t want = (ssize_t)sizeof(*spec);

	if (fd < 0)
		return -1;
	if (write(fd, spec, sizeof(*spec)) != want ||
		(spec->xml_len && write(fd, xml, spec->xml_len) != (ssize_t)spec->xml_len)) {
		close(fd);
		errno = ENOSPC;
		return -1;
	}
	return fd;
}

static int result_file(void)
{
	int fd = memfd_create("handoff-result", 0);

	if (fd >= 0 && ftruncate(fd, sizeof(struct trial_result)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Its pid, or -1 with errno. */
static pid_t start(const char *binary, int spec_fd, int result_fd)
{
	char a[12], b[12];
	char *argv[] = {
		(char *)(uintptr_t) "handoff",
		(char *)(uintptr_t) "trial",
		(char *)(uintptr_t) "--spec",
		a,
		(char *)(uintptr_t) "--result",
		b,
		NULL,
	};
	volatile int failed = 0; /* the child shares it until it has become another program */
	pid_t pid;

	snprintf(a, sizeof(a), "%d", spec_fd);
	snprintf(b, sizeof(b), "%d", result_fd);
	pid = vfork();
	if (pid == 0) {
		setpgid(0, 0); /* also of a program that hangs before it is a trial */
		failed = binary ? (execv(binary, argv), -errno) : self_exec(argv);
		_exit(127);
	}
	if (pid > 0 && failed) {
		waitpid(pid, NULL, 0);
		errno = -failed;
		return -1;
	}
	return pid;
}

/* The process's end as a readable fd; -1 on a kernel without it. */
static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0u);
}

/* True when it has ended (not reaped yet). */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* The signals that set launch_stop: they come in while we sleep, never just before. */
static void hold_signals(sigset_t *before)
{
	const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_LEN(sigs); i++)
		sigaddset(&held, sigs[i]);
	sigprocmask(SIG_BLOCK, &held, before);
}

/* The server behind a trial. */
struct server {
	enum broker broker;
	uint64_t due_ns;        /* when to ask it; UINT64_MAX: never */
	char why[TRIAL_REASON]; /* it keeps silent */
};

static struct server server_of(const struct trial_spec *spec)
{
	const struct mech *m = registry_find(spec->mechanism);
	enum broker b = m ? m->broker : BROKER_NONE;

	return (struct server){b, b == BROKER_NONE ? UINT64_MAX : monotonic_ns() + ASK_NS, ""};
}

/*
 * A client waits for a silent server without end, and from the trial a silence looks like a
 * loss.  Most trials are over before they are asked about; of a longer one the server is.
 */
static bool is_silent(struct server *s, uint64_t now_ns)
{
	bool silent;

	if (now_ns < s->due_ns)
		return false;
	silent = broker_look(s->broker, s->why, sizeof(s->why)) == -ETIMEDOUT;
	s->due_ns = monotonic_ns() + ASK_NS;
	if (!silent)
		s->why[0] = '\0';
	return silent;
}

/*
 * Wait for the end, the deadline, a signal or a silent server.  False: it still runs.  What a
 * machine stood still for (a virtual one does at times, for many seconds) moves the deadline, as
 * in the trial itself.
 */
static bool await_end(pid_t pid, uint64_t deadline_ns, struct server *s)
{
	int fd = open_pidfd(pid);
	uint64_t last = monotonic_ns(), now = last;
	bool ended = false;
	sigset_t before;

	hold_signals(&before);
	while (!(ended = has_ended(pid)) && !launch_stop && now < deadline_ns &&
		!is_silent(s, now)) {
		uint64_t until = deadline_ns < s->due_ns ? deadline_ns : s->due_ns;
		uint64_t left = until - now, look = fd >= 0 ? LOOK_NS : POLL_SLICE_NS;
		struct timespec ts = link_timespec(left < look ? left : look);
		struct pollfd pfd = {.fd = fd, .events = POLLIN};

		ppoll(&pfd, fd >= 0, &ts, &before);
		now = monotonic_ns();
		if (now - last > 2 * LOOK_NS)
			deadline_ns += now - last - LOOK_NS;
		last = now;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (fd >= 0)
		close(fd);
	return ended;
}

bool launch_await(pid_t pid, uint64_t deadline_ns)
{
	struct server none = {BROKER_NONE, UINT64_MAX, ""};

	return await_end(pid, deadline_ns, &none);
}

static void no_number(struct trial_result *r, enum trial_status status, const char *reason)
{
	memset(r, 0, sizeof(*r));
	r->status = status;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

static void take_result(struct trial_result *out, const struct trial_result *r, int status)
{
	char why[96];

	if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "the trial was killed by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
		no_number(out, TRIAL_CRASH, why);
	} else if (WEXITSTATUS(status) != 0) {
		snprintf(
			why, sizeof(why), "the trial ended with exit code %d", WEXITSTATUS(status));
		no_number(out, TRIAL_CRASH, why);
	} else if (r->magic != TRIAL_MAGIC || r->protocol != TRIAL_PROTOCOL ||
		   r->size != sizeof(*r) || !r->complete || r->status >= TRIAL_STATUS_COUNT) {
		no_number(out, TRIAL_CRASH, "the trial ended without a result");
	} else {
		*out = *r;
		out->reason[sizeof(out->reason) - 1] = '\0';
	}
}

/* False: the server that the mechanism needs does not answer, as the result says. */
static bool has_broker(const struct trial_spec *spec, struct trial_result *result)
{
	const struct mech *m = registry_find(spec->mechanism);
	char why[TRIAL_REASON];

	if (!m || broker_need(m->broker, why, sizeof(why)) == 0)
		return true;
	no_number(result, TRIAL_SKIP, why);
	return false;
}

/* Nothing has come out wrong, only not, or not all of it. */
static bool only_missing(const struct trial_result *r)
{
	return r->status == TRIAL_TIMEOUT ||
	       (r->status == TRIAL_FAIL && !r->corrupt && !r->duplicated && !r->reordered);
}

/* What is missing because its server does not answer is a skip that names the server. */
static void blame_server(struct server *s, struct trial_result *result)
{
	char ignored[200];

	if (s->broker == BROKER_NONE || !only_missing(result))
		return;
	if (!s->why[0] && broker_look(s->broker, s->why, sizeof(s->why)) == 0)
		return;
	no_number(result, TRIAL_SKIP, s->why);
	names_clean(NULL, NULL, ignored, sizeof(ignored)); /* of a trial that was killed */
}

int launch_trial(const char *binary, const struct trial_spec *spec, const char *xml,
	struct trial_result *result, uint64_t *wall_ns, char *err, size_t err_len)
{
	struct trial_result *r = MAP_FAILED;
	int spec_fd, result_fd, status = 0, code = 0;
	struct server server;
	uint64_t begin;
	bool ended;
	pid_t pid;

	*wall_ns = 0;
	if (!has_broker(spec, result))
		return 0;
	server = server_of(spec);
	begin = monotonic_ns();
	spec_fd = spec_file(spec, xml);
	result_fd = result_file();
	if (spec_fd < 0 || result_fd < 0) {
		code = fail(err, err_len, "memfd for a trial");
		goto out;
	}
	r = mmap(NULL, sizeof(*r), PROT_READ, MAP_SHARED, result_fd, 0);
	pid = r == MAP_FAILED ? -1 : start(binary, spec_fd, result_fd);
	if (pid < 0) {
		code = fail(err, err_len, "cannot start a trial");
		goto out;
	}
	ended = await_end(pid, begin + spec->deadline_ns + GRACE_NS, &server);
	/* Its whole group, before its number can be anybody else's. */
	if (!ended)
		kill(pid, SIGKILL);
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (ended)
		take_result(result, r, status);
	else if (launch_stop)
		no_number(result, TRIAL_INTERRUPTED, "interrupted by a signal");
	else
		no_number(result, TRIAL_TIMEOUT, "the trial did not end in time");
	blame_server(&server, result);
	*wall_ns = monotonic_ns() - begin;
out:
	if (r != MAP_FAILED)
		munmap(r, sizeof(*r));
	if (spec_fd >= 0)
		close(spec_fd);
	if (result_fd >= 0)
		close(result_fd);
	return code;
}
