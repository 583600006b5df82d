/*
 * verdict_evidence.h - the evidence of a trial, by family: what the workers' ledgers and the
 * mechanism's memory say of what was handed over.
 *
 * The trial's leader only, when its workers have gone or stand still.
 */
#ifndef HARNESS_VERDICT_EVIDENCE_H
#define HARNESS_VERDICT_EVIDENCE_H

#include "harness/conduct.h"

/* Of a trial that has ended; *e begins as zeroes.  Nothing where there is no evidence. */
void verdict_judge(const struct trial *t, struct evidence *e);

/*
 * What a death left, of those that keep ledgers: attempted and received, but no verdict on the
 * difference, which may have been on its way.
 */
void verdict_judge_dead(const struct trial *t, struct evidence *e);

/* Of a trial in which nothing moves any more; false: that says nothing there. */
bool verdict_judge_stalled(const struct trial *t, struct evidence *e);

/* Into the result: what was counted, whatever the verdict. */
void verdict_report(const struct trial *t, const struct evidence *e);

/* Loss is allowed only where the contract says so; where nothing guards, what comes of that. */
bool verdict_acceptable(const struct mech *m, const struct evidence *e);

#endif
