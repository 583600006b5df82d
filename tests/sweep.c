/* sweep.c - see sweep.h. */
#include "tests/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/broker.h"
#include "bench/registry.h"
#include "harness/workload.h"
#include "tests/lab.h"
#include "tests/ramdir.h"
#include "tests/support.h"

static unsigned ran;
static char ramdir[64];
static pid_t owner;

unsigned sweep_ran(void)
{
	return ran;
}

static bool domain_here(const struct mech *m, enum domain d)
{
	return (m->domains & BIT(d)) && !(RIG_TSAN && domain_has_processes(d));
}

/* NULL, or why it cannot be checked here.  A server that is quickly started serves all checks. */
static const char *absent(const struct mech *m)
{
	const char *why = m->probe ? m->probe() : NULL;
	char err[400] = "";

	if (!why)
		why = broker_absent(m->broker);
	if (!why && !lab_starts(m->broker))
		why = "its server takes its time to start: HANDOFF_TEST_LONG=1 has it checked";
	if (!why && broker_need(m->broker, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return why;
}

unsigned sweep_domains(const struct mech *m, enum family family)
{
	unsigned n = 0;

	if (m->family != family || (m->flags & (MECH_NO_EVIDENCE | MECH_RACY)))
		return 0;
	if (absent(m))
		return 0;
	for (unsigned d = 0; d < DOMAIN_COUNT; d++)
		n += domain_here(m, (enum domain)d);
	return n;
}

/* With a sanitizer each takes its time: of the further ways to wait, a part. */
static bool is_wanted(const struct trial *t, unsigned w, const char *what)
{
	unsigned offered = mech_waits(t->mech, t->domain);
	char key[200];

	snprintf(key, sizeof(key), "%s/%s %s", t->mech->name, wait_name((enum wait)w), what);
	return !lab_is_fast() || !(offered & (BIT(w) - 1)) || lab_is_sampled(key, 6);
}

static void try_waits(struct trial *t)
{
	char what[160];

	snprintf(what, sizeof(what), "%s, %s: %s", t->mech->name, domain_name(t->domain),
		t->check->name);
	for (unsigned w = 0; w < WAIT_COUNT; w++) {
		if (!(mech_waits(t->mech, t->domain) & BIT(w)) || !is_wanted(t, w, what))
			continue;
		t->wait = (enum wait)w;
		rig_guard(what);
		t->check->run(t);
		rig_guard(NULL);
		if (!t->check->every_wait)
			break;
	}
}

static void remove_ramdir(void)
{
	if (getpid() == owner)
		ramdir_remove(ramdir);
}

/* Files of the sweep's links lie in memory. */
static void use_ramdir(void)
{
	if (owner)
		return;
	owner = getpid();
	if (!ramdir_make(ramdir, sizeof(ramdir)) || atexit(remove_ramdir) != 0)
		fail_msg("no directory for the links' files");
}

/* Once a program and family: what no check of it will see. */
static void tell_absent(enum family family)
{
	static bool told[FAMILY_COUNT];

	for (size_t i = 0; i < registry_count() && !told[family]; i++) {
		const struct mech *m = registry_all()[i];
		const char *why = m->family == family ? absent(m) : NULL;

		if (why)
			print_message("%s is not checked: %s\n", m->name, why);
	}
	told[family] = true;
}

void sweep(void **state)
{
	const struct check *c = *state;
	unsigned failures = 0, tried = 0;

	use_ramdir();
	if (c->forks && RIG_TSAN)
		skip_because("forks, which ThreadSanitizer does not follow: %s", c->name);
	tell_absent(c->family);
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];

		if (!sweep_domains(m, c->family) || (c->applies && !c->applies(m)))
			continue;
		for (unsigned d = 0; d < DOMAIN_COUNT; d++) {
			struct trial t = {.check = c, .mech = m, .domain = (enum domain)d};

			if (!domain_here(m, t.domain))
				continue;
			try_waits(&t);
			tried += t.links > 0;
			failures += t.failures;
		}
	}
	ran += tried;
	assert_int_equal(failures, 0);
	if (tried == 0)
		fail_msg("%s: of no mechanism could this be tried", c->name);
}

struct rig_spec trial_spec(const struct trial *t, uint32_t msg_bytes, uint32_t capacity)
{
	return (struct rig_spec){
		.mech = t->mech,
		.domain = t->domain,
		.wait = t->wait,
		.senders = 1,
		.receivers = 1,
		.msg_bytes = msg_bytes,
		.capacity = capacity,
	};
}

void trial_blame(struct trial *t, const char *verdict)
{
	print_error("%s, %s, %s, %s: %s\n", t->mech->name, domain_name(t->domain),
		wait_name(t->wait), t->check->name, verdict);
	t->failures++;
}

bool trial_open(struct trial *t, struct rig *r, struct rig_spec spec)
{
	enum rig_state state = rig_open(r, &spec);

	if (state == RIG_FAILED)
		trial_blame(t, r->verdict);
	t->links += state == RIG_READY;
	return state == RIG_READY;
}

void trial_close(struct trial *t, struct rig *r)
{
	if (!rig_close(r))
		trial_blame(t, r->verdict);
}

void trial_play(struct trial *t, struct rig_spec spec, rig_fn *sender, rig_fn *receiver)
{
	struct rig r;

	if (!trial_open(t, &r, spec))
		return;
	rig_run(&r, sender, receiver);
	trial_close(t, &r);
}

void trial_alone(struct trial *t, rig_fn *fn)
{
	struct rig_spec spec = trial_spec(t, 8, 1);

	spec.receivers = 0;
	trial_play(t, spec, fn, NULL);
}
