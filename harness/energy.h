/*
 * energy.h - what the processor packages took, from the kernel's powercap files
 * (RAPL; Intel and AMD).
 *
 * A package's counter holds everything in it: all its cores, whoever runs on them,
 * caches and uncore, idle or not.  It moves about once a millisecond and wraps
 * around.  Units: microjoules.  `root` is put in front of every path: "" for the real
 * machine.  One thread per struct.
 */
#ifndef HARNESS_ENERGY_H
#define HARNESS_ENERGY_H

#include <stddef.h>
#include <stdint.h>

enum { ENERGY_MAX_PACKAGES = 16 };

/* Energy that is not known. */
#define ENERGY_UNKNOWN UINT64_MAX

/* Open counters, one a package. */
struct energy {
	unsigned n;
	int fd[ENERGY_MAX_PACKAGES];
	uint64_t range_uj[ENERGY_MAX_PACKAGES]; /* the counter's largest value */
};

/* One look at all of them; known 0: could not be read. */
struct energy_reading {
	uint64_t uj[ENERGY_MAX_PACKAGES];
	uint32_t known;
};

/*
 * Open every package's counter, each once where several interfaces show it.  0, or
 * -errno and in `why` what is missing or not allowed; nothing is open then.
 */
int energy_open(struct energy *e, const char *root, char *why, size_t why_len);
void energy_read(const struct energy *e, struct energy_reading *r);

/*
 * All packages together between two readings, at most one wrap-around apart; 0 where
 * the counters have not moved.  ENERGY_UNKNOWN where a reading is not known or a
 * counter stands above its range.
 */
uint64_t energy_between(const struct energy *e, const struct energy_reading *before,
	const struct energy_reading *after);

/* May run twice, and on a zeroed one. */
void energy_close(struct energy *e);

#endif
