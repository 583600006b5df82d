/*
 * contract.h - what a mechanism promises, as names and words: the columns of
 * `handoff list --format csv` and the cards of REPORT.md.
 *
 * Constant facts of the build; nothing is asked of the machine.  Any thread.
 */
#ifndef BENCH_CONTRACT_H
#define BENCH_CONTRACT_H

#include "harness/mech.h"

/* One field; value is "" where it does not apply, and gone after the call. */
typedef void contract_fn(void *ctx, const char *name, const char *value);

/*
 * Calls fn for every field of the contract, always the same ones in the same order; domains and
 * fans, which stand before them, are below.
 */
void contract_each(const struct mech *m, contract_fn *fn, void *ctx);

/*
 * Why it is not offered in a domain, mixed among them, as its contract says; NULL: it is offered.
 * A relative that does is named: "... see channel/queue-async".
 */
const char *contract_absence(const struct mech *m, enum domain d);

/* "thread process"; what --domain takes. */
void contract_domains(const struct mech *m, char *out, size_t len);

/* "block spin"; what --wait takes. */
void contract_waits(const struct mech *m, char *out, size_t len);

/* How many workers a side may have: "1:1", "N:1", "N:M"; families with one side: "N";
 * events, which one worker gives: "1:N". */
const char *contract_fans(const struct mech *m);

#endif
