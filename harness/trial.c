/* trial.c - one trial from its spec to its result; see trial.h. */
#include "harness/trial.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/awake.h"
#include "harness/conduct.h"
#include "harness/crowd.h"
#include "harness/futex.h"
#include "harness/link.h"
#include "harness/memory.h"
#include "harness/names.h"
#include "harness/place.h"
#include "harness/quiet.h"
#include "harness/stored.h"

static const char *const status_names[TRIAL_STATUS_COUNT] = {
	[TRIAL_OK] = "ok",
	[TRIAL_SKIP] = "skip",
	[TRIAL_FAIL] = "fail",
	[TRIAL_TIMEOUT] = "timeout",
	[TRIAL_CRASH] = "crash",
	[TRIAL_INTERRUPTED] = "interrupted",
};

const char *trial_status_name(enum trial_status s)
{
	return status_names[s];
}

/* Whatever the caller's shell left: default actions, nothing blocked. */
static void clean_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < SIGRTMAX; sig++) {
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	}
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is a result, not a death */
	signal(SIGXFSZ, SIG_IGN); /* so is a file that may not grow */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Own group, adopted orphans, and an end with the parent's. */
static void settle(pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	clean_signals();
	quiet_hold_cont();
}

static int set_up_links(struct crew *c)
{
	if (workload_crowds(c->workload)) {
		int err = crowd_create(c);

		if (err || !workload_one_role(c->workload)) /* pairs have links of their own */
			return err;
	}
	for (unsigned i = 0; i < c->arena->links; i++) {
		int err = c->mech->setup ? c->mech->setup(&c->link[i]) : 0;

		if (err)
			return err;
	}
	return 0;
}

/* A file keeps its name until all workers are attached. */
static void look_at_file(const struct crew *c, struct trial_result *r)
{
	if (c->link[0].path[0])
		stored_in(c->link[0].path[0], r->stored, sizeof(r->stored));
}

/* Nobody is at work any more. */
static void count_callbacks(const struct crew *c, struct trial_result *r)
{
	if (c->mech->callbacks)
		c->mech->callbacks(&c->link[0], &r->unread, &r->callbacks_failed);
}

static void tear_down_links(struct crew *c)
{
	crowd_tear_down(c);
	for (unsigned i = 0; i < c->arena->links; i++) {
		if (c->mech->teardown)
			c->mech->teardown(&c->link[i]);
		link_close_all(&c->link[i]);
	}
}

/* The parent keeps the receiving ends only, so that an end of file is seen. */
static void release_fds(struct crew *c)
{
	if (!domain_has_processes(c->spec->domain) || workload_alone(c->workload))
		return;
	crowd_close_others(c, ROLE_RECEIVER);
	for (unsigned i = 0; i < c->arena->links; i++)
		link_close_others(&c->link[i], ROLE_RECEIVER);
}

/* Everything before the workers.  False: the result says why not. */
static bool prepare(struct trial *t, const struct trial_spec *spec, const char *xml)
{
	struct crew *c = &t->crew;
	const char *why;
	int err = arena_create(c, spec, xml);

	if (err) {
		verdict_refused(t->result, err, c->err);
		return false;
	}
	why = c->mech->probe ? c->mech->probe() : NULL;
	if (!why && c->mech->fits)
		why = c->mech->fits(&c->link[0]);
	if (why) {
		verdict_early(t->result, TRIAL_SKIP, why);
		return false;
	}
	if (spec->xml_len) {
		c->topo = topo_open_xmlbuffer(xml, spec->xml_len, c->err, sizeof(c->err));
		if (!c->topo) {
			verdict_early(t->result, TRIAL_FAIL, c->err);
			return false;
		}
	}
	err = memory_set_up(c, set_up_links);
	look_at_file(c, t->result);
	if (!err && memory_is_asked(spec))
		err = memory_verify(c, t->result->pages, sizeof(t->result->pages));
	if (err)
		verdict_refused(t->result, err, c->err);
	return err == 0;
}

/* All sides hold what has a name (or never will): the name can go. */
static void forget_names(struct crew *c)
{
	if (!c->arena)
		return;
	if (c->arena->name[0])
		names_shm_unlink(c->arena->name);
	crowd_forget_names(c);
	for (unsigned i = 0; i < c->arena->links; i++)
		link_unlink_paths(&c->link[i]);
}

/* The timed stretch. */
static enum outcome measure(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	enum outcome o;

	cost_energy_begin(t);
	if (t->crew.workload->ending == ENDING_FLAG)
		o = conduct_flagged(t, DO_MEASURE, spec->stretch_ns);
	else
		o = conduct_counted(t);
	cost_energy_end(t);
	return o;
}

static enum outcome run_orders(struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;
	enum outcome o = conduct_await(t); /* attached */

	forget_names(&t->crew);
	if (o != OUTCOME_FINE)
		return o;
	if (spec->calibrate && t->crew.workload->ending != ENDING_FLAG)
		return conduct_calibrate(t);
	o = cost_count(t);
	if (o != OUTCOME_FINE)
		return o;
	if (t->crew.workload->ending == ENDING_FLAG)
		return measure(t);
	if (spec->load.soak_ns) {
		o = conduct_soak(t);
		if (o != OUTCOME_FINE)
			return o;
	}
	if (spec->warm_n) {
		o = conduct_order(t, DO_WARM, spec->warm_n, spec->block);
		if (o != OUTCOME_FINE)
			return o;
	}
	t->result->n = spec->n;
	t->result->block = spec->block;
	return measure(t);
}

static void run_awake(struct trial *t)
{
	enum outcome o = OUTCOME_FINE;
	int err;

	t->roster.crew = &t->crew;
	err = crew_start(&t->roster);
	if (err) {
		verdict_refused(t->result, err, t->crew.err);
		crew_kill(&t->roster);
		return;
	}
	release_fds(&t->crew);
	o = run_orders(t);
	if (o == OUTCOME_FINE && (crew_has_ledgers(&t->crew) || crew_has_tallies(&t->crew)))
		o = conduct_order(t, DO_LEFTOVERS, 0, 1);
	if (o == OUTCOME_FINE)
		o = conduct_leave(t);
	if (o != OUTCOME_FINE) {
		conduct_seal(t);
		verdict_broken(t, o);
		return;
	}
	err = memory_verify(&t->crew, t->result->pages, sizeof(t->result->pages));
	if (err)
		verdict_refused(t->result, err, t->crew.err);
	else
		verdict_measured(t);
	count_callbacks(&t->crew, t->result);
	tear_down_links(&t->crew);
}

/* Spinners do as well, now and then (wait.h). */
static bool gives_way(const struct trial_spec *spec)
{
	return spec->wait == WAIT_YIELD || spec->wait == WAIT_SPIN;
}

static void run_and_judge(struct trial *t)
{
	struct awake *awake = NULL;

	if (t->crew.spec->extra.keep_awake) {
		awake = awake_start(gives_way(t->crew.spec), t->crew.err, sizeof(t->crew.err));
		if (!awake) {
			verdict_early(t->result, TRIAL_SKIP, t->crew.err);
			return;
		}
	}
	run_awake(t);
	awake_stop(awake);
}

/* Only where a figure comes of it. */
static uint64_t look_for_gaps(const struct trial *t)
{
	const struct trial_spec *spec = t->crew.spec;

	return spec->look_for_gaps ? quiet_gap_ns(spec) : UNKNOWN_COUNT;
}

/* While nothing of the trial's own runs, what keeps CPUs awake included. */
static void run(struct trial *t)
{
	t->result->noise.gap_before_ns = look_for_gaps(t);
	run_and_judge(t);
	if (t->result->status == TRIAL_OK)
		t->result->noise.gap_after_ns = look_for_gaps(t);
}

static const void *map_spec(int fd, size_t *len)
{
	struct stat st;
	const struct trial_spec *spec;

	if (fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(*spec))
		return NULL;
	*len = (size_t)st.st_size;
	spec = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (spec == MAP_FAILED || spec->magic != TRIAL_MAGIC || spec->protocol != TRIAL_PROTOCOL ||
		spec->size != sizeof(*spec) || *len < sizeof(*spec) + spec->xml_len)
		return NULL;
	return spec;
}

int trial_main(int spec_fd, int result_fd, const struct mech *(*find)(const char *name))
{
	size_t len = 0;
	const struct trial_spec *spec = map_spec(spec_fd, &len);
	struct trial *t = calloc(1, sizeof(*t));
	struct trial_result *r = mmap(NULL, sizeof(struct trial_result), PROT_READ | PROT_WRITE,
		MAP_SHARED, result_fd, 0);

	if (!spec || !t || r == MAP_FAILED)
		return 2;
	close(spec_fd);
	close(result_fd);
	settle((pid_t)spec->parent);
	r->magic = TRIAL_MAGIC;
	r->protocol = TRIAL_PROTOCOL;
	r->size = sizeof(*r);
	t->result = r;
	t->crew.find = find;
	t->deadline_ns = monotonic_ns() + spec->deadline_ns;
	if (prepare(t, spec, (const char *)(spec + 1)))
		run(t);
	forget_names(&t->crew);
	if (t->crew.arena)
		r->fired = load_acquire(&t->crew.arena->gate.fired);
	__atomic_store_n(&r->complete, 1u, __ATOMIC_RELEASE);
	fflush(NULL);
	_exit(0); /* abandoned threads may still stand somewhere: no destructors */
}

int trial_exec_worker(
	const char *arena_name, unsigned index, const struct mech *(*find)(const char *name))
{
	struct crew c = {.find = find};
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	err = arena_join(&c, arena_name);
	if (err)
		return 1;
	if (getppid() != c.arena->leader)
		return 1;
	if (c.spec->xml_len) {
		c.topo = topo_open_xmlbuffer((const char *)c.arena + c.arena->xml_offset,
			c.spec->xml_len, c.err, sizeof(c.err));
		if (!c.topo)
			return 1;
	}
	crew_process_body(&c, index);
	_exit(0);
}
