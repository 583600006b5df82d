/* stress_draw.c - see stress_draw.h. */
#include "bench/stress_draw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/random.h"
#include "bench/registry.h"
#include "harness/place.h"

enum {
	DRAWS = 1000, /* in vain, one after the other: the selection is empty */
	WORKERS_A_SIDE = 4,
	SIZE_BITS = 17, /* most are below 128 KiB */
	SIZE_BITS_RARE = 20,
	RARE_1_IN = 16,
	CAPACITY_BITS = 12,
	MEMORY_BYTES = 4 << 20, /* of one link's messages */
};

/* ---- the selection -------------------------------------------------------- */

static bool under_tsan(void)
{
#if defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
	return true;
#else
	return false;
#endif
#else
	return false;
#endif
}

/* Floors, races, and what needs a server are for those who name them in full. */
static bool asked_for(const struct axes *axes, const struct mech *m)
{
	const struct opt_list *l = &axes->value[AXIS_MECHANISM];

	if (!select_takes(axes, AXIS_MECHANISM, m->name))
		return false;
	if (!(m->flags & (MECH_FLOOR | MECH_RACY)) && m->broker == BROKER_NONE)
		return true;
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->item[i], m->name) == 0)
			return true;
	}
	return false;
}

/* NULL, or why a fault would show nothing there. */
static const char *fault_is_lost(
	const struct trial_fault *f, const struct mech *m, const struct workload *w)
{
	if (!probe_act_on_message(f->act))
		return NULL;
	if (family_one_role(m->family) || (m->flags & MECH_NO_EVIDENCE) || w->side_a == LOOP_VAIN)
		return "no message is handed over that a fault could spoil";
	if (m->family == FAMILY_EVENT && f->act != PROBE_DROP && f->act != PROBE_FLIP &&
		f->act != PROBE_REPLAY)
		return "events know the faults drop, flip and replay";
	if (m->contract.lossy && f->act == PROBE_DROP)
		return "a drop is no finding where messages may be lost";
	return NULL;
}

static const char *check_pair(
	const struct stress_settings *set, const struct mech *m, const struct workload *w)
{
	bool counted = !(m->flags & MECH_NO_EVIDENCE) && w->side_a != LOOP_VAIN;

	if (workload_crowds(w))
		return "a crowd's operations are not probed";
	if (set->messages && !counted)
		return "no message is handed over that could be counted";
	return fault_is_lost(&set->fault, m, w);
}

static void add_mech(struct stress_scope *s, const struct mech *m)
{
	struct stress_mech *mine = &s->mech[s->n];
	size_t n;
	const struct workload *w = workload_all(&n);

	mine->mech = m;
	for (size_t i = 0; i < n && mine->n_loads < STRESS_MAX_LOADS; i++) {
		const char *why;

		if (w[i].family != m->family ||
			!select_takes(&s->set->axes, AXIS_WORKLOAD, w[i].name))
			continue;
		why = check_pair(s->set, m, &w[i]);
		if (why)
			select_left_out(&s->not_taken, why);
		else
			mine->load[mine->n_loads++] = &w[i];
	}
	s->n += mine->n_loads > 0;
}

/* Each value that was named means something, before the first is drawn. */
static int check_values(const struct stress_scope *s, char *err, size_t err_len)
{
	struct cell scratch = {0};
	struct placement where;
	bool one_side;
	int code = select_check(&s->set->axes, err, err_len);

	for (int a = AXIS_DOMAIN; a < AXIS_COUNT && !code; a++) {
		const struct opt_list *l = &s->set->axes.value[a];

		for (size_t i = 0; i < l->n && !code; i++) {
			code = select_set(
				&scratch, (enum axis)a, l->item[i], &one_side, err, err_len);
			if (!code && a == AXIS_PLACEMENT)
				code = place_parse(s->topo, l->item[i], &where, err, err_len);
			if (code == -ENOENT) /* understood; the trial will be a skip */
				code = 0;
		}
	}
	return code;
}

static int nothing_left(const struct stress_scope *s, char *err, size_t err_len)
{
	const struct left_out *most = NULL;

	for (size_t i = 0; i < s->not_taken.n_left_out; i++) {
		if (!most || s->not_taken.left_out[i].n > most->n)
			most = &s->not_taken.left_out[i];
	}
	snprintf(err, err_len, "no cell is left: %s", most ? most->why : "the selection is empty");
	return -EINVAL;
}

static int init_cell(struct stress_scope *s, char *err, size_t err_len)
{
	const char *why;
	int code = cell_parse(&s->cell, s->set->cell, err, err_len);

	if (code)
		return code;
	why = check_pair(s->set, s->cell.mech, s->cell.workload);
	if (why)
		snprintf(err, err_len, "--cell: %s", why);
	return why ? -EINVAL : 0;
}

int stress_scope_init(struct stress_scope *s, const struct stress_settings *set,
	const struct topo *topo, char *err, size_t err_len)
{
	int code;

	*s = (struct stress_scope){.set = set, .topo = topo};
	if (set->cell)
		return init_cell(s, err, err_len);
	code = check_values(s, err, err_len);
	if (code)
		return code;
	s->mech = calloc(registry_count(), sizeof(*s->mech));
	if (!s->mech) {
		snprintf(err, err_len, "no memory for %zu mechanisms", registry_count());
		return -ENOMEM;
	}
	for (size_t i = 0; i < registry_count(); i++) {
		if (asked_for(&set->axes, registry_all()[i]))
			add_mech(s, registry_all()[i]);
	}
	return s->n ? 0 : nothing_left(s, err, err_len);
}

void stress_scope_free(struct stress_scope *s)
{
	free(s->mech);
	select_free(&s->not_taken);
	*s = (struct stress_scope){0};
}

/* ---- the axes of one cell ------------------------------------------------- */

static void draw_fan(uint64_t *state, struct cell *c, bool *one_side)
{
	c->side_a = 1 + (uint32_t)random_below(state, WORKERS_A_SIDE);
	c->side_b = 1 + (uint32_t)random_below(state, WORKERS_A_SIDE);
	if (c->workload->links == LINKS_PAIR || random_below(state, 3) == 0)
		c->side_a = c->side_b = 1;
	if (c->mech->max_senders && c->side_a > c->mech->max_senders)
		c->side_a = c->mech->max_senders;
	if (c->mech->max_receivers && c->side_b > c->mech->max_receivers)
		c->side_b = c->mech->max_receivers;
	*one_side = false;
}

static void draw_size(uint64_t *state, struct cell *c)
{
	bool rare = random_below(state, RARE_1_IN) == 0;
	uint64_t most = c->mech->contract.max_bytes;
	uint64_t size = random_log(state, rare ? SIZE_BITS_RARE : SIZE_BITS);

	c->msg_bytes = (uint32_t)(most && size > most ? 1 + size % most : size);
}

static void draw_capacity(uint64_t *state, struct cell *c)
{
	uint64_t most = MEMORY_BYTES / (c->msg_bytes ? c->msg_bytes : 1);
	uint64_t capacity = random_log(state, CAPACITY_BITS + 1);

	if (random_below(state, 4)) /* rings know no other */
		capacity = UINT64_C(1) << random_below(state, CAPACITY_BITS + 1);
	while (capacity > 1 && capacity > most)
		capacity /= 2;
	c->capacity = (uint32_t)capacity;
	if ((c->mech->flags & MECH_GROWS) && random_below(state, 4) == 0)
		c->capacity = 0;
}

/* A domain that was named may be one that the mechanism is not offered in. */
static void draw_wait(uint64_t *state, struct cell *c)
{
	unsigned waits = mech_waits(c->mech, c->domain);

	if (!waits)
		waits = c->mech->waits;
	do
		c->wait = (enum wait)random_below(state, WAIT_COUNT);
	while (!(waits & BIT(c->wait)));
}

/* ThreadSanitizer does not follow forks. */
static enum domain draw_domain(uint64_t *state, const struct mech *m)
{
	unsigned domains = m->domains, d;

	if (under_tsan() && (domains & ~BIT(DOMAIN_PROCESS)))
		domains &= ~BIT(DOMAIN_PROCESS);
	do
		d = (unsigned)random_below(state, DOMAIN_COUNT);
	while (!(domains & BIT(d)));
	return (enum domain)d;
}

/* What an axis that nobody named may be. */
static void draw_free(uint64_t *state, struct cell *c, enum axis a, bool *one_side)
{
	static const char *const places[] = {"unpinned", "nearest", "farthest", "same-pu"};
	uint64_t v = random_next(state);

	switch (a) {
	case AXIS_DOMAIN:
		c->domain = draw_domain(&v, c->mech);
		break;
	case AXIS_START:
		c->start = c->mech->contract.reach < REACH_ANY ? START_FORK
							       : (enum start)(v % START_COUNT);
		break;
	case AXIS_FAN:
		draw_fan(&v, c, one_side);
		break;
	case AXIS_SIZE:
		draw_size(&v, c);
		break;
	case AXIS_CAPACITY:
		draw_capacity(&v, c);
		break;
	case AXIS_PLACEMENT:
		snprintf(c->placement, sizeof(c->placement), "%s", places[v % ARRAY_LEN(places)]);
		break;
	case AXIS_WAIT:
		draw_wait(&v, c);
		break;
	default: /* further axes stay at their default */
		break;
	}
}

/* A worker alone stresses little: such workloads come up, but seldom. */
static const struct workload *draw_workload(uint64_t *state, const struct stress_mech *m)
{
	const struct workload *w = m->load[random_below(state, m->n_loads)];

	if (workload_alone(w) && random_below(state, 4))
		w = m->load[random_below(state, m->n_loads)];
	return w;
}

/* NULL, or why what was drawn does not go together. */
static const char *draw_once(const struct stress_scope *s, uint64_t *state, struct cell *c)
{
	const struct stress_mech *m = &s->mech[random_below(state, s->n)];
	bool one_side = false;
	char err[STRESS_ERR];

	*c = (struct cell){.mech = m->mech, .workload = draw_workload(state, m)};
	for (int a = AXIS_DOMAIN; a < AXIS_COUNT; a++) {
		const struct opt_list *l = &s->set->axes.value[a];

		if (l->n == 0)
			draw_free(state, c, (enum axis)a, &one_side);
		else if (select_set(c, (enum axis)a, l->item[random_below(state, l->n)], &one_side,
				 err, sizeof(err)) != 0)
			return "a value that means nothing";
	}
	return cell_normalise(c, one_side);
}

static const char *check_fault(const struct trial_fault *f, const struct cell *c)
{
	uint32_t senders = c->workload->links == LINKS_PAIR ? cell_workers(c) : c->side_a;

	if (f->act == PROBE_NONE)
		return NULL;
	if (f->worker >= cell_workers(c))
		return "the cell has no such worker to inject a fault into";
	if (probe_act_on_message(f->act) && f->worker >= senders)
		return "that worker sends no message to inject a fault into";
	return NULL;
}

static int draw_cell(struct stress_scope *s, uint64_t k, struct cell *c, char *err, size_t err_len)
{
	uint64_t state = random_stream(s->set->seed, k, STREAM_CELL);

	for (int i = 0; i < DRAWS; i++) {
		const char *why = draw_once(s, &state, c);

		if (!why)
			why = check_fault(&s->set->fault, c);
		if (!why)
			return 0;
		select_left_out(&s->not_taken, why);
	}
	return nothing_left(s, err, err_len);
}

/* ---- both ------------------------------------------------------------------ */

int stress_draw(
	struct stress_scope *s, uint64_t k, struct stress_trial *t, char *err, size_t err_len)
{
	const char *why = NULL;
	int code = 0;

	t->k = k;
	t->cell = s->cell;
	if (s->set->cell)
		why = check_fault(&s->set->fault, &t->cell);
	else
		code = draw_cell(s, k, &t->cell, err, err_len);
	if (why) {
		snprintf(err, err_len, "--cell: %s", why);
		return -EINVAL;
	}
	if (!code)
		code = cell_place(&t->cell, s->topo, err, err_len);
	stress_draw_load(s, t);
	return code;
}
