/*
 * fuzz_samples.h - the readers of CSV files under any bytes: samples, campaigns, environments,
 * judgements, runs of gates.
 *
 * `make fuzz` links it with libFuzzer; the tests run the seeds through it.  It aborts where a
 * reader breaks its word.  One thread.
 */
#ifndef TESTS_FUZZ_SAMPLES_H
#define TESTS_FUZZ_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What the readers did with the last input: 0, or -errno. */
int fuzz_last(void);

/* Good files in several shapes. */
enum { FUZZ_SAMPLES, FUZZ_OTHER, FUZZ_CAMPAIGN, FUZZ_FACTS, FUZZ_JUDGEMENT, FUZZ_RUNS, FUZZ_SEEDS };
extern const char *const fuzz_seed[FUZZ_SEEDS];

/* Writes them into a directory that has none.  Returns how many. */
size_t fuzz_seeds(const char *dir);

#endif
