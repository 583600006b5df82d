/* floor_path.c - see floor_path.h. */
#include "bench/floor_path.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	PAGE_BYTES = 4096,   /* a message up to it is moved in one piece */
	MANY_FILLINGS = 100, /* of a channel: what fits in at the start says nothing any more */
	PUS_COUNTED = TRIAL_MAX_WORKERS,
};

/* A sum under construction. */
struct sum {
	double ns; /* NAN as soon as a part is missing */
	char text[FLOOR_TEXT];
};

static void add(struct sum *s, double count, const char *name, double each_ns)
{
	size_t used = strlen(s->text);

	if (count <= 0)
		return;
	s->ns += count * each_ns;
	snprintf(s->text + used, sizeof(s->text) - used, "%s%.3g %s", used ? " + " : "", count,
		name);
}

/* Shared among n; the text says so. */
static void divide(struct sum *s, double n)
{
	size_t used = strlen(s->text);
	bool several = strstr(s->text, " + ") != NULL;

	if (n <= 1 || !used)
		return;
	s->ns /= n;
	if (several && used + 2 < sizeof(s->text)) {
		memmove(s->text + 1, s->text, used + 1);
		s->text[0] = '(';
		used++;
	}
	snprintf(s->text + used, sizeof(s->text) - used, "%s / %.0f", several ? ")" : "", n);
}

/* Its switches are none of the kernel's, and cost less than all that is measured of one. */
static bool is_one_thread(const struct cell *c)
{
	return c->domain == DOMAIN_COROUTINE;
}

/* ---- parts --------------------------------------------------------------- */

static void add_copies(struct sum *s, const struct floors *f, const struct cell *c, double copies)
{
	uint32_t bytes = c->msg_bytes < FLOOR_MAX_BYTES ? c->msg_bytes : FLOOR_MAX_BYTES;
	double times = c->msg_bytes > FLOOR_MAX_BYTES ? floor((double)c->msg_bytes / bytes) : 1;
	double ns = copies > 0 && bytes ? floors_copy(f, &bytes) : NAN;
	char name[24];

	if (isnan(ns)) /* no size that small was measured: the sum is a bound without it */
		return;
	snprintf(name, sizeof(name), "copy-%u", bytes);
	add(s, copies * times, name, ns);
}

/* One way of a line between two PUs. */
static double line_ns(const struct floors *f, struct floors_pair pair)
{
	double cas = floors_of_pair(f, pair, FLOOR_LINE_CAS);
	double two = floors_of_pair(f, pair, FLOOR_LINE_TWO);

	return isnan(cas) || two < cas ? two : cas;
}

/* Somebody else sees what was written, without anybody asleep. */
static void add_moves(struct sum *s, const struct floors *f, struct floors_pair pair, double n)
{
	if (pair.a == pair.b)
		add(s, n, "switch", floors_of_pair(f, pair, FLOOR_SWITCH));
	else
		add(s, n, "line", line_ns(f, pair));
}

/*
 * n hand-overs, `wakes` of them to a sleeper, and `back` lines that are only looked at.  Half of the entries of an operation's
 * two sides lie on the way: into the kernel here, out of it there.
 */
static void add_hand_overs(struct sum *s, const struct floors *f, const struct cell *c,
	struct floors_pair pair, double n, double wakes, double back)
{
	const struct path *path = &c->mech->contract.path;
	double wake_ns = floors_of_pair(f, pair, FLOOR_WAKE);

	if (is_one_thread(c)) { /* all that both sides do, one after the other */
		add(s, n * (path->syscalls_send + path->syscalls_recv), "syscall",
			floors_alone(f, FLOOR_SYSCALL));
		return;
	}
	if (isnan(wake_ns)) /* was not to be had: a line is less */
		wakes = 0;
	add(s, wakes, "wake", wake_ns);
	add_moves(s, f, pair, n - wakes + back);
	if (pair.a != pair.b)
		add(s, (n - wakes) * (path->syscalls_send + path->syscalls_recv) / 2.0, "syscall",
			floors_alone(f, FLOOR_SYSCALL));
}

/* ---- who certainly slept -------------------------------------------------- */

/*
 * How many sleeps at least half of the operations had, of at most `most` each, where
 * there were `sleeps` on average: were it fewer than k in half of them, the average
 * would be at most k - 1 + (most - k + 1) / 2.
 */
static double certain_sleeps(double sleeps, unsigned most)
{
	unsigned k = most;

	while (k > 0 && !(sleeps > k - 1 + (most - k + 1) / 2.0))
		k--;
	return k;
}

static bool may_sleep(const struct cell *c)
{
	return c->wait == WAIT_BLOCK || c->wait == WAIT_SPIN_BLOCK;
}

/* ---- the four kinds of figures --------------------------------------------- */

static double copies_on_the_way(const struct cell *c, struct floors_pair pair)
{
	double copies = c->mech->contract.copies;
	bool at_once = c->mech->contract.unit == UNIT_BYTES && c->msg_bytes > PAGE_BYTES &&
		       pair.a != pair.b && !is_one_thread(c);

	return at_once ? copies / 2 : copies;
}

static void round_trip(struct sum *s, const struct floors *f, const struct cell *c,
	struct floors_pair pair, double sleeps)
{
	unsigned most = c->workload->side_b == LOOP_POLL ? 1 : 2;
	double wakes = may_sleep(c) ? certain_sleeps(sleeps, most) : 0;

	add_hand_overs(s, f, c, pair, 2, wakes, 0);
	add_copies(s, f, c, 2 * copies_on_the_way(c, pair));
}

/* Of wake-all's sleepers each sleeps a second time, until the round is over. */
static void wake_up(struct sum *s, const struct floors *f, const struct cell *c,
	struct floors_pair pair, double sleeps)
{
	bool all = workload_to_all(c->workload);
	double woken = all ? c->side_b : 1;
	bool slept = may_sleep(c) && (all ? sleeps - woken : sleeps) > woken / 2;

	add_hand_overs(s, f, c, pair, 1, slept, 1);
}

/* What a worker does for a message without the other side. */
static void add_work(struct sum *s, const struct floors *f, const struct cell *c, double syscalls,
	double atomics, double copies)
{
	add(s, syscalls, "syscall", floors_alone(f, FLOOR_SYSCALL));
	add(s, atomics, "atomic", floors_alone(f, FLOOR_ATOMIC));
	add_copies(s, f, c, copies);
}

static void keep_more(struct sum *s, const struct sum *other)
{
	if (isnan(s->ns) || other->ns > s->ns || isnan(other->ns))
		*s = *other;
}

static unsigned distinct_pus(const struct cell *c, unsigned cpus)
{
	unsigned n = 0;

	if (is_one_thread(c))
		return 1;
	if (c->pu[0] == PLACE_PU_NONE)
		return cpus;
	for (uint32_t i = 0; i < cell_workers(c); i++) {
		uint32_t before = 0;

		while (before < i && c->pu[before] != c->pu[i])
			before++;
		n += before == i;
	}
	return n;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void messages(struct sum *s, const struct floors *f, const struct cell *c,
	struct floors_pair pair, double ops, unsigned cpus)
{
	const struct path *p = &c->mech->contract.path;
	double pus = distinct_pus(c, cpus), each = floor(c->mech->contract.copies / 2.0);
	struct sum recv = {0}, both = {0}, slots = {0};

	add_work(s, f, c, p->syscalls_send, p->atomics_send, each);
	divide(s, least(c->side_a, pus));
	add_work(&recv, f, c, p->syscalls_recv, p->atomics_recv, each);
	divide(&recv, least(c->side_b, pus));
	keep_more(s, &recv);
	add_work(&both, f, c, p->syscalls_send + p->syscalls_recv,
		p->atomics_send + p->atomics_recv, c->mech->contract.copies);
	divide(&both, least(cell_workers(c), pus));
	keep_more(s, &both);
	if (!c->capacity || is_one_thread(c) || cell_workers(c) != 2 ||
		ops < (double)c->capacity * MANY_FILLINGS)
		return;
	add_moves(&slots, f, pair, 2);
	divide(&slots, c->capacity);
	keep_more(s, &slots);
}

/* By one worker: all of an operation. */
static void by_oneself(struct sum *s, const struct floors *f, const struct cell *c)
{
	const struct path *p = &c->mech->contract.path;

	add_work(s, f, c, p->syscalls_send + p->syscalls_recv, p->atomics_send + p->atomics_recv,
		c->mech->contract.copies);
}

/* The sum for one pair; nothing for roles that are not known here. */
static void sum_up(struct sum *s, const struct floors *f, const struct cell *c,
	struct floors_pair pair, double sleeps, double ops, unsigned cpus)
{
	switch (c->workload->side_a) {
	case LOOP_ASK:
		round_trip(s, f, c, pair, sleeps);
		break;
	case LOOP_RING:
	case LOOP_RING_ALL:
		wake_up(s, f, c, pair, sleeps);
		break;
	case LOOP_PRODUCE:
		messages(s, f, c, pair, ops, cpus);
		break;
	case LOOP_SELF:
	case LOOP_CONTEND:
	case LOOP_SHARE:
	case LOOP_POLL: /* a lock; side a of no other family */
		by_oneself(s, f, c);
		break;
	case LOOP_MEET: /* nobody goes on before it has seen what another one did since */
		add_moves(s, f, pair, c->side_a > 1);
		break;
	case LOOP_VAIN:
		add_work(s, f, c, c->mech->contract.path.syscalls_vain, 0, 0);
		break;
	default:
		break;
	}
}

/* ---- a cell --------------------------------------------------------------- */

static size_t pairs_of(const struct floors *f, const struct cell *c, struct floors_pair *out,
	size_t room, const char **why)
{
	size_t n = floors_cell_pairs(c, out, room);

	if (c->pu[0] == PLACE_PU_NONE && f->all) {
		n = f->n_pairs < room ? f->n_pairs : room;
		memcpy(out, f->pair, n * sizeof(*out));
	} else if (n == 0) {
		*why = "unpinned, and not every pair of this machine's PUs is measured";
	}
	for (size_t i = 0; i < n; i++) {
		if (!floors_has(f, out[i])) {
			*why = "a pair of its PUs is not measured";
			return 0;
		}
	}
	return n;
}

void floor_path(const struct floors *f, const struct cell *c, double sleeps, double ops,
	unsigned cpus, struct floor_sum *out)
{
	struct floors_pair pair[TRIAL_MAX_WORKERS];
	size_t n = 0;

	*out = (struct floor_sum){.ns = NAN};
	if (c->mech->flags & (MECH_FLOOR | MECH_RACY))
		out->why = "it is a floor itself, or a race";
	else if (workload_crowds(c->workload))
		out->why = "what its pairs do overlaps";
	else
		n = pairs_of(f, c, pair, ARRAY_LEN(pair), &out->why);
	for (size_t i = 0; i < n; i++) {
		struct sum s = {0};

		sum_up(&s, f, c, pair[i], sleeps, ops, cpus);
		if (isnan(s.ns)) { /* whoever is there may be faster than all others */
			*out = (struct floor_sum){.ns = NAN, .why = "a part of it is not measured"};
			return;
		}
		if (s.ns > 0 && !(s.ns >= out->ns)) {
			out->ns = s.ns;
			memcpy(out->parts, s.text, sizeof(out->parts));
		}
	}
	if (isnan(out->ns) && !out->why)
		out->why = "nothing of it has a known least";
}

double floor_figure_of(const struct sample *s)
{
	if (strcmp(s->kind, "rtt") == 0 || strcmp(s->kind, "wake") == 0)
		return s->lat_p50_ns;
	return s->elapsed_ns / s->ops;
}
