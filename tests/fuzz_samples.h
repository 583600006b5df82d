/*
 * fuzz_samples.h - the readers of samples.csv and of campaign files under any bytes.
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

/* Writes the seeds into a directory: good files in several shapes.  Returns how many. */
size_t fuzz_seeds(const char *dir);

#endif
