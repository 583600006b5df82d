/*
 * sweep.h - one check over every mechanism of a family that leaves evidence, in
 * every domain, and the count of what ran.
 *
 * A table of struct check becomes a group of cmocka tests by sweep_test().
 */
#ifndef TESTS_SWEEP_H
#define TESTS_SWEEP_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "tests/rig.h"

struct check;

/* One check of one mechanism in one domain with one way to wait. */
struct trial {
	const struct check *check;
	const struct mech *mech;
	enum domain domain;
	enum wait wait;
	unsigned links; /* that could be made */
	unsigned failures;
};

struct check {
	const char *name; /* a sentence */
	enum family family;
	bool every_wait;                          /* else the first one offered */
	bool forks;                               /* also between threads */
	bool (*applies)(const struct mech *mech); /* NULL: to all */
	void (*run)(struct trial *t);
};

/* cmocka's test function; *state is the check. */
void sweep(void **state);

static inline struct CMUnitTest sweep_test(const struct check *c)
{
	return (struct CMUnitTest){
		.name = c->name, .test_func = sweep, .initial_state = (void *)(uintptr_t)c};
}

/* (mechanism, domain, check) that have run so far. */
unsigned sweep_ran(void);

/* Domains in which this mechanism can be checked here; 0: not of the family, or no evidence. */
unsigned sweep_domains(const struct mech *m, enum family family);

/* A link with one worker on each side. */
struct rig_spec trial_spec(const struct trial *t, uint32_t msg_bytes, uint32_t capacity);

/* False: fits() refuses this link, or it could not be made (which is blamed). */
bool trial_open(struct trial *t, struct rig *r, struct rig_spec spec);
void trial_close(struct trial *t, struct rig *r);

/* Open, run, close. */
void trial_play(struct trial *t, struct rig_spec spec, rig_fn *sender, rig_fn *receiver);

/* A link with one worker, who is alone with it. */
void trial_alone(struct trial *t, rig_fn *fn);

void trial_blame(struct trial *t, const char *verdict);

#endif
