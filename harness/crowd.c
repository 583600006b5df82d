/* crowd.c - a host and its light workers; see crowd.h.  The leader's part: crowd_links.c. */
#include "harness/crowd.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "harness/conduct.h"
#include "harness/coroutine.h"
#include "harness/crowd_links.h"
#include "harness/family/channel.h"
#include "harness/tasks.h"

enum { STACK_BYTES = 128 * 1024, LEAVE = UINT32_MAX };

/* What light workers cost in one stretch, all together. */
struct totals {
	atomic_u64 cpu_ns, user_ns, sys_ns, voluntary, involuntary, faults;
};

struct light {
	OWN_STRIDE struct worker w;
	struct port port;
	struct crowd_host *host;
	pthread_t thread;
	uint32_t seen; /* rounds that it has taken part in */
	int err;       /* why it could not attach */
};

struct crowd_host {
	struct crew *crew;
	loop_fn *loop;
	unsigned side;
	uint32_t n, begun; /* light workers; threads that exist */
	struct light *light;
	OWN_STRIDE atomic_u32 round; /* futex: stretches so far; LEAVE */
	OWN_STRIDE atomic_u32 started;
	OWN_STRIDE atomic_u32 there; /* futex: those that have attached, or ended their round */
	bool let_go;
	bool together;                    /* coroutines: the crowd and its host are on one thread */
	struct coro_queue waiting, waits; /* then: for the next round; the host, for all */
	struct totals totals;
};

uint32_t crowd_size(const struct trial_spec *spec)
{
	return spec->extra.crowd ? spec->extra.crowd : TRIAL_CROWD;
}

/* ---- a light worker ----------------------------------------------------------- */

static uint64_t thread_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

static void add_costs(struct totals *t, const struct rusage *a, const struct rusage *b, uint64_t ns)
{
	add_relaxed(&t->cpu_ns, ns);
	add_relaxed(&t->user_ns, timeval_ns(b->ru_utime) - timeval_ns(a->ru_utime));
	add_relaxed(&t->sys_ns, timeval_ns(b->ru_stime) - timeval_ns(a->ru_stime));
	add_relaxed(&t->voluntary, (uint64_t)(b->ru_nvcsw - a->ru_nvcsw));
	add_relaxed(&t->involuntary, (uint64_t)(b->ru_nivcsw - a->ru_nivcsw));
	add_relaxed(&t->faults, (uint64_t)(b->ru_minflt - a->ru_minflt));
}

/* The last one wakes the host. */
static void say_there(struct crowd_host *h)
{
	if (add_acq_rel(&h->there, 1u) + 1 < h->begun)
		return;
	if (h->together)
		coro_queue_wake(&h->waits);
	else
		futex_wake(&h->there, 1, false);
}

static void wake_light_ones(struct crowd_host *h)
{
	while (h->together && coro_queue_wake(&h->waiting))
		;
	if (!h->together)
		futex_wake(&h->round, UINT32_MAX, false);
}

/* The round that is not over yet. */
static uint32_t await_round(struct light *l)
{
	struct crowd_host *h = l->host;
	uint32_t round;

	while ((round = load_acquire(&h->round)) == l->seen) {
		if (h->together)
			coro_queue_wait(&h->waiting, CORO_FOREVER);
		else
			futex_wait(&h->round, l->seen, FUTEX_FOREVER, false);
	}
	return round;
}

static void play(struct light *l)
{
	struct crowd_host *h = l->host;
	struct rusage before, after;
	uint64_t ns = 0;

	if (!h->together) { /* else all of it is the host's own thread's */
		getrusage(RUSAGE_THREAD, &before);
		ns = thread_ns();
	}
	add_acq_rel(&h->started, 1u);
	h->loop(&l->w);
	if (!h->together) {
		ns = thread_ns() - ns;
		getrusage(RUSAGE_THREAD, &after);
		add_costs(&h->totals, &before, &after, ns);
	}
	if (h->side == 0 && !workload_one_role(h->crew->workload))
		crowd_links_sent(h->crew, l->port.index, l->w.seq);
}

static void live(struct light *l)
{
	struct crowd_host *h = l->host;
	const struct mech *m = h->crew->mech;
	uint32_t round;

	l->err = m->attach ? m->attach(&l->port) : 0;
	say_there(h);
	for (;;) {
		round = await_round(l);
		if (round == LEAVE)
			break;
		l->seen = round;
		play(l);
		say_there(h);
	}
	if (m->family == FAMILY_CHANNEL)
		channel_close(m->ops, &l->port);
	if (m->detach)
		m->detach(&l->port);
}

static void *thread_body(void *arg)
{
	live(arg);
	return NULL;
}

/* Nobody joins a coroutine: it says that it has gone. */
static void coroutine_body(void *arg)
{
	struct light *l = arg;

	live(l);
	say_there(l->host);
}

/* ---- opening and closing --------------------------------------------------------- */

static void *zeroed(size_t bytes)
{
	void *mem = aligned_alloc(WORKER_STRIDE, ROUND_UP(bytes + 1, WORKER_STRIDE));

	if (mem)
		memset(mem, 0, ROUND_UP(bytes + 1, WORKER_STRIDE));
	return mem;
}

static int init_light(struct crowd_host *h, uint32_t i)
{
	const struct trial_spec *spec = h->crew->spec;
	bool locks = workload_one_role(h->crew->workload);
	struct light *l = &h->light[i];

	l->host = h;
	l->w = (struct worker){
		.clock = &spec->clock,
		.stretch = &h->crew->arena->gate.stretch,
		.msg_bytes = spec->msg_bytes,
		.wait = spec->wait,
		.msg = zeroed(spec->msg_bytes),
		/* pages that nobody stamps into are never touched */
		.hist = i < CROWD_HISTS ? zeroed(sizeof(struct hist))
					: calloc(1, sizeof(struct hist)),
		.senders = 1,
	};
	l->port = (struct port){
		.local = zeroed(h->crew->mech->local_bytes),
		.role = locks || h->side == 0 ? ROLE_SENDER : ROLE_RECEIVER,
	};
	crowd_links_join(h->crew, h->side, i, h->n, &l->w, &l->port);
	return l->w.msg && l->w.hist && l->port.local ? 0 : -ENOMEM;
}

static int begin_light(struct crowd_host *h, uint32_t i)
{
	pthread_attr_t attr;
	int err = init_light(h, i);

	if (err)
		return err;
	if (h->together)
		return coro_start(coro_self_loop(), coroutine_body, &h->light[i]);
	err = pthread_attr_init(&attr);
	if (!err)
		err = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (!err)
		err = pthread_create(&h->light[i].thread, &attr, thread_body, &h->light[i]);
	pthread_attr_destroy(&attr);
	return -err;
}

static void await_all(struct crowd_host *h)
{
	uint32_t v;

	while ((v = load_acquire(&h->there)) < h->begun) {
		if (h->together)
			coro_queue_wait(&h->waits, CORO_FOREVER);
		else
			futex_wait(&h->there, v, FUTEX_FOREVER, false);
	}
}

/* h->begun is what the last one compares with: it counts all before the first exists. */
static int begin_all(struct crowd_host *h, char *err, size_t err_len)
{
	const char *limit = h->together ? NULL : tasks_limit(h->n);
	int code = 0;

	if (limit) {
		snprintf(err, err_len, "a crowd of %u: %s", crowd_size(h->crew->spec), limit);
		return -EAGAIN;
	}
	h->begun = h->n;
	for (uint32_t i = 0; i < h->n && !code; i++) {
		code = begin_light(h, i);
		if (code)
			snprintf(err, err_len, "a crowd of %u: cannot begin %s %u of %u: %s%s",
				crowd_size(h->crew->spec), h->together ? "coroutine" : "thread",
				i + 1, h->n, strerror(-code), verdict_limit_of(code));
	}
	if (code) /* those that exist wait for ever, and end with the trial */
		return code;
	await_all(h);
	for (uint32_t i = 0; i < h->n && !code; i++)
		code = h->light[i].err;
	if (code)
		snprintf(err, err_len, "%s%s", h->crew->err[0] ? h->crew->err : strerror(-code),
			verdict_limit_of(code));
	return code;
}

int crowd_open(struct crowd_host **out, struct crew *c, unsigned side, loop_fn *loop, char *err,
	size_t err_len)
{
	struct crowd_host *h = zeroed(sizeof(*h));

	*out = h;
	if (!h)
		return -ENOMEM;
	h->crew = c;
	h->loop = loop;
	h->side = side;
	h->n = crowd_size(c->spec) / 2;
	h->together = c->spec->domain == DOMAIN_COROUTINE;
	h->light = zeroed(h->n * sizeof(*h->light));
	return h->light ? begin_all(h, err, err_len) : -ENOMEM;
}

static void free_light(struct light *l)
{
	free(l->w.msg);
	free(l->w.hist);
	free(l->port.local);
}

void crowd_close(struct crowd_host *h)
{
	store_relaxed(&h->there, 0);
	store_release(&h->round, (uint32_t)LEAVE);
	wake_light_ones(h);
	if (h->together)
		await_all(h);
	for (uint32_t i = 0; i < h->n; i++) {
		if (!h->together)
			pthread_join(h->light[i].thread, NULL);
		free_light(&h->light[i]);
	}
	free(h->light);
	free(h);
}

/* ---- a stretch ----------------------------------------------------------------------- */

/* Each pair has the same share, one operation at least; contenders go by the flag. */
static void prepare_round(struct crowd_host *h, const struct worker *w)
{
	uint32_t round = load_relaxed(&h->round) + 1;
	uint64_t share = w->n / h->n;

	memset(&h->totals, 0, sizeof(h->totals));
	store_relaxed(&h->there, 0);
	store_relaxed(&h->started, 0);
	for (uint32_t i = 0; i < h->n; i++) {
		struct light *l = &h->light[i];

		l->w.n = share ? share : 1;
		l->w.block = w->block;
		l->w.senders = round; /* stretches that the sender must have ended */
		if (i < CROWD_HISTS)
			hist_reset(l->w.hist);
		crowd_links_reset(h->crew, h->side, i);
	}
}

static void let_go(struct crowd_host *h, const struct worker *w)
{
	prepare_round(h, w);
	add_acq_rel(&h->round, 1u);
	wake_light_ones(h);
	h->let_go = true;
}

void crowd_begin(struct crowd_host *h, const struct worker *w)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	if (h->crew->workload->ending != ENDING_FLAG)
		return;
	let_go(h, w);
	while (load_acquire(&h->started) < h->n) {
		if (h->together)
			coro_yield();
		else
			nanosleep(&nap, NULL);
	}
}

static void sum_up(struct crowd_host *h, struct worker *w)
{
	w->ops = w->all_ops = w->overtakes = w->overtakes_max = w->overtakes_n = 0;
	w->result = OP_DONE;
	for (uint32_t i = 0; i < h->n; i++) {
		const struct worker *l = &h->light[i].w;

		w->ops += l->ops;
		w->all_ops += l->all_ops;
		w->overtakes += l->overtakes;
		w->overtakes_n += l->overtakes_n;
		if (l->overtakes_max > w->overtakes_max)
			w->overtakes_max = l->overtakes_max;
		if (l->result != OP_DONE)
			w->result = l->result;
		if (i < CROWD_HISTS)
			hist_merge(w->hist, l->hist);
	}
}

void crowd_run(struct crowd_host *h, struct worker *w)
{
	if (!h->let_go)
		let_go(h, w);
	h->let_go = false;
	await_all(h);
	sum_up(h, w);
}

void crowd_add_costs(const struct crowd_host *h, struct worker_report *r)
{
	const struct totals *t = &h->totals;

	r->cpu_ns += load_relaxed(&t->cpu_ns);
	r->cpu_user_ns += load_relaxed(&t->user_ns);
	r->cpu_sys_ns += load_relaxed(&t->sys_ns);
	r->ctx_voluntary += load_relaxed(&t->voluntary);
	r->ctx_involuntary += load_relaxed(&t->involuntary);
	r->minor_faults += load_relaxed(&t->faults);
}
