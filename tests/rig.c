/* rig.c - see rig.h. */
#include "tests/rig.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/coroutine.h"
#include "harness/names.h"

/* A child gives up before its parent does: the parent can then say so. */
enum { CHILD_PATIENCE_S = RIG_PATIENCE_S - 15, CANARY = 0xa5, PAGE = 4096 };

static char guarded[200];

/* ---- findings ------------------------------------------------------------ */

void rig_fail(struct rig *r, const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	uint32_t none = 0;
	va_list ap;
	int n;

	if (!cas_acq_rel(&r->sh->failed, &none, 1u))
		return;
	n = snprintf(r->sh->verdict, RIG_TEXT, "%s:%d: ", base ? base + 1 : file, line);
	va_start(ap, fmt);
	vsnprintf(r->sh->verdict + n, RIG_TEXT - (size_t)n, fmt, ap);
	va_end(ap);
}

bool rig_same(struct rig *r, const char *file, int line, const char *what, enum result got,
	enum result want)
{
	static const char *const name[] = {
		"OP_DONE", "OP_WOULD_BLOCK", "OP_TIMED_OUT", "OP_CLOSED", "OP_ERROR"};

	if (got == want)
		return true;
	rig_fail(r, file, line, "%s is %s, not %s", what, name[got], name[want]);
	return false;
}

static void on_alarm(int sig)
{
	(void)sig;
	if (write(STDERR_FILENO, guarded, strlen(guarded)) < 0)
		_exit(98);
	_exit(99);
}

void rig_guard(const char *what)
{
	struct sigaction act = {.sa_handler = on_alarm};

	if (!what) {
		alarm(0);
		return;
	}
	snprintf(guarded, sizeof(guarded), "hangs: %s\n", what);
	sigaction(SIGALRM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(RIG_PATIENCE_S);
}

/* ---- what is left -------------------------------------------------------- */

static unsigned count_entries(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	unsigned n = 0;

	if (!d)
		return 0;
	while ((e = readdir(d)))
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return n;
}

unsigned rig_count_fds(void)
{
	return count_entries("/proc/self/fd", "");
}

unsigned rig_count_names(void)
{
	char dir[NAMES_PATH_MAX], err[NAMES_PATH_MAX];
	unsigned n = count_entries("/dev/shm", "handoff-") + count_entries("/dev/mqueue", "");

	if (names_dir(dir, sizeof(dir), err, sizeof(err)) == 0)
		n += count_entries(dir, "handoff-");
	return n;
}

/* ---- the link ------------------------------------------------------------ */

enum wait rig_first_wait(const struct mech *m)
{
	return (enum wait)__builtin_ctz(m->waits);
}

enum rig_state rig_map(struct rig *r, const struct rig_spec *s)
{
	const size_t head = ROUND_UP(sizeof(struct rig_shared), PAGE);
	size_t state_at;
	char *mem;

	*r = (struct rig){.wait = s->wait,
		.late_ms = {s->late_ms[0], s->late_ms[1]},
		.fds_before = rig_count_fds()};
	r->link = (struct link){
		.mech = s->mech,
		.msg_bytes = s->msg_bytes,
		.capacity = s->capacity,
		.senders = s->senders,
		.receivers = s->receivers,
		.domain = s->domain,
		.fd = {-1, -1, -1, -1},
		.err = r->err,
		.err_len = sizeof(r->err),
		.tuning = s->tuning,
	};
	r->shared_bytes = s->mech->shared_bytes ? s->mech->shared_bytes(&r->link) : 0;
	state_at = ROUND_UP(r->shared_bytes, WORKER_STRIDE);
	if (family_one_role(s->mech->family))
		r->shared_bytes = state_at + s->msg_bytes;
	r->map_bytes = ROUND_UP(head + r->shared_bytes + 1, PAGE);
	mem = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED) {
		snprintf(r->verdict, RIG_TEXT, "no memory for the link");
		return RIG_FAILED;
	}
	r->sh = (struct rig_shared *)(void *)mem;
	r->link.shared = mem + head;
	r->link.state = mem + head + state_at;
	r->link.board = &r->sh->board;
	memset(mem + head + r->shared_bytes, CANARY, r->map_bytes - head - r->shared_bytes);
	r->link.open_ports = r->sh->open_ports;
	store_relaxed(&r->sh->open_ports[ROLE_SENDER], s->senders);
	store_relaxed(&r->sh->open_ports[ROLE_RECEIVER], s->receivers);
	return RIG_READY;
}

enum rig_state rig_open(struct rig *r, const struct rig_spec *s)
{
	enum rig_state state = rig_map(r, s);
	const char *limit;

	if (state != RIG_READY)
		return state;
	limit = s->mech->fits ? s->mech->fits(&r->link) : NULL;
	if (limit) {
		rig_close(r);
		snprintf(r->err, sizeof(r->err), "%s", limit);
		return RIG_REFUSED;
	}
	if (!s->mech->setup || s->mech->setup(&r->link) == 0)
		return RIG_READY;
	rig_fail(r, "setup", 0, "%s", r->err);
	rig_close(r);
	return RIG_FAILED;
}

static void check_canary(struct rig *r)
{
	const uint8_t *at = (const uint8_t *)r->link.shared + r->shared_bytes;
	const uint8_t *end = (const uint8_t *)r->sh + r->map_bytes;

	for (; at < end; at++) {
		if (*at != CANARY) {
			rig_fail(r, __FILE__, __LINE__, "wrote past its shared_bytes");
			return;
		}
	}
}

bool rig_close(struct rig *r)
{
	unsigned fds;

	if (r->link.mech->teardown)
		r->link.mech->teardown(&r->link);
	link_close_all(&r->link);
	link_unlink_paths(&r->link);
	check_canary(r);
	fds = rig_count_fds();
	if (fds != r->fds_before)
		rig_fail(r, __FILE__, __LINE__, "%u fds before, %u after", r->fds_before, fds);
	memcpy(r->verdict, r->sh->verdict, RIG_TEXT);
	munmap(r->sh, r->map_bytes);
	r->sh = NULL;
	r->link.shared = NULL;
	return r->verdict[0] == '\0';
}

/* ---- workers ------------------------------------------------------------- */

static void nap_ns(uint64_t ns)
{
	struct timespec ts = link_timespec(ns);

	if (coro_self())
		coro_park(monotonic_ns() + ns);
	else
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

void rig_sleep_ms(unsigned ms)
{
	uint64_t until = monotonic_ns() + ms * UINT64_C(1000000), now;

	while ((now = monotonic_ns()) < until)
		nap_ns(until - now);
}

static void await_word(const atomic_u32 *word, uint32_t want, const atomic_u32 *failed)
{
	while (load_acquire(word) < want && !(failed && load_acquire(failed)))
		nap_ns(50000);
}

bool rig_await(struct rig_worker *w, uint32_t step)
{
	struct rig_shared *sh = w->rig->sh;

	await_word(&sh->step, step, &sh->failed);
	return load_acquire(&sh->failed) == 0;
}

void rig_reach(struct rig_worker *w, uint32_t step)
{
	store_release(&w->rig->sh->step, step);
}

static void *zeroed(size_t bytes)
{
	size_t all = ROUND_UP(bytes + 1, WORKER_STRIDE);
	void *mem = aligned_alloc(WORKER_STRIDE, all);

	if (!mem)
		abort();
	return memset(mem, 0, all);
}

void rig_shut(struct rig_worker *w)
{
	if (family_has_messages(w->port.link->mech->family))
		channel_close(w->port.link->mech->ops, &w->port);
}

static void work(struct rig_worker *w)
{
	const struct mech *m = w->rig->link.mech;
	struct rig_shared *sh = w->rig->sh;
	bool attached;

	w->port.local = zeroed(m->local_bytes);
	w->msg = zeroed(w->rig->link.msg_bytes + 1);
	if (w->rig->late_ms[w->port.role])
		rig_sleep_ms(w->rig->late_ms[w->port.role]);
	attached = !m->attach || m->attach(&w->port) == 0;
	if (!attached)
		rig_fail(w->rig, "attach", 0, "%s", w->rig->err);
	add_acq_rel(&sh->attached, 1u);
	await_word(&sh->go, 1, NULL);
	if (load_acquire(&sh->failed) == 0)
		w->fn(w);
	rig_shut(w);
	if (attached && m->detach)
		m->detach(&w->port);
	free(w->msg);
	free(w->port.local);
}

static void *thread_main(void *arg)
{
	work(arg);
	return NULL;
}

static void child_main(struct rig_worker *w)
{
	struct rig *r = w->rig;
	unsigned fds;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CHILD_PATIENCE_S);
	if (family_has_messages(r->link.mech->family))
		link_close_others(&r->link, w->port.role);
	work(w);
	link_close_all(&r->link);
	fds = rig_count_fds();
	if (fds != r->fds_before)
		rig_fail(r, __FILE__, __LINE__, "a worker left %u fds, not %u", fds, r->fds_before);
	_exit(0);
}

static void start(struct rig_worker *w)
{
	if (w->rig->link.domain == DOMAIN_THREAD) {
		if (pthread_create(&w->thread, NULL, thread_main, w) != 0)
			abort();
		return;
	}
	w->pid = fork();
	if (w->pid == 0)
		child_main(w);
	if (w->pid < 0)
		abort();
}

/* ---- coroutines: all workers, and what else starts and ends them, on one loop ---- */

static void coroutine_main(void *arg)
{
	work(arg);
}

/* What the test's own thread does for other domains: all are attached, begin. */
static void let_them_begin(void *arg)
{
	struct rig *r = arg;

	await_word(&r->sh->attached, r->link.senders + r->link.receivers, NULL);
	link_unlink_paths(&r->link);
	store_release(&r->sh->go, 1u);
}

static void run_in_a_loop(struct rig *r, struct rig_worker *w, uint32_t n)
{
	enum coro_switch how = coro_switch_offered(CORO_ASSEMBLY) ? CORO_ASSEMBLY : CORO_UCONTEXT;
	struct coro_loop *l = coro_loop_open(how, 0);

	if (!l)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		if (coro_start(l, coroutine_main, &w[i]) != 0)
			abort();
	}
	if (coro_start(l, let_them_begin, r) != 0)
		abort();
	if (coro_run(l) != 0)
		rig_fail(r, __FILE__, __LINE__, "the coroutines wait for each other for ever");
	coro_loop_close(l);
}

static void reap(struct rig *r, pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		rig_fail(r, "child", 0, "a worker died, wait status 0x%x", (unsigned)status);
}

void rig_run(struct rig *r, rig_fn *sender, rig_fn *receiver)
{
	struct rig_worker w[RIG_MAX_WORKERS] = {0};
	uint32_t n = r->link.senders + r->link.receivers;

	for (uint32_t i = 0; i < n; i++) {
		bool sends = i < r->link.senders;

		w[i].rig = r;
		w[i].fn = sends ? sender : receiver;
		w[i].port.link = &r->link;
		w[i].port.role = sends ? ROLE_SENDER : ROLE_RECEIVER;
		w[i].port.index = sends ? i : i - r->link.senders;
	}
	if (r->link.domain == DOMAIN_COROUTINE) {
		run_in_a_loop(r, w, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		start(&w[i]);
	await_word(&r->sh->attached, n, NULL);
	link_unlink_paths(&r->link);
	if (r->link.domain != DOMAIN_THREAD)
		link_close_all(&r->link);
	store_release(&r->sh->go, 1u);
	for (uint32_t i = 0; i < n; i++) {
		if (r->link.domain == DOMAIN_THREAD)
			pthread_join(w[i].thread, NULL);
		else
			reap(r, w[i].pid);
	}
}

bool rig_in_child(struct rig *r, void (*fn)(struct rig *r))
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(CHILD_PATIENCE_S);
		fn(r);
		_exit(0);
	}
	if (pid < 0)
		abort();
	reap(r, pid);
	return load_acquire(&r->sh->failed) == 0;
}

/* ---- operations ---------------------------------------------------------- */

enum result rig_send(struct rig_worker *w, uint32_t len, enum mode mode)
{
	const struct channel_ops *o = w->port.link->mech->ops;

	return channel_op_send(o, &w->port, w->msg, len, (struct how){w->rig->wait, mode, false});
}

enum result rig_recv(struct rig_worker *w, uint32_t room, enum mode mode)
{
	const struct channel_ops *o = w->port.link->mech->ops;
	const struct how how = {w->rig->wait, mode, false};

	return channel_op_recv(o, &w->port, w->msg, room, &w->len, how);
}

enum result rig_lock(struct rig_worker *w, enum mode mode)
{
	const struct lock_ops *o = w->port.link->mech->ops;

	return o->lock(&w->port, (struct how){w->rig->wait, mode, false});
}

enum result rig_unlock(struct rig_worker *w)
{
	const struct lock_ops *o = w->port.link->mech->ops;

	return o->unlock(&w->port, (struct how){w->rig->wait, MODE_BLOCK, false});
}
