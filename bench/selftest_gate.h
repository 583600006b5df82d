/*
 * selftest_gate.h - `handoff selftest aa | aa2 | inject`: the gate on pairs of programs whose
 * difference is known.
 */
#ifndef BENCH_SELFTEST_GATE_H
#define BENCH_SELFTEST_GATE_H

/* argv[0] is the word.  Each returns the exit code. */
int selftest_gate_aa(int argc, char **argv);
int selftest_gate_aa2(int argc, char **argv);
int selftest_gate_inject(int argc, char **argv);

#endif
