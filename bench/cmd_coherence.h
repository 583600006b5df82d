/*
 * cmd_coherence.h - `handoff topology --measure`; internal to the command.
 */
#ifndef BENCH_CMD_COHERENCE_H
#define BENCH_CMD_COHERENCE_H

#include <stdbool.h>
#include <stdint.h>

struct topo;

struct measure_settings {
	bool csv;
	const char *out; /* NULL: only standard output */
	uint64_t budget_ns, seed;
};

/* Measure, print, write; an exit code. */
int cmd_coherence(const struct topo *t, const struct measure_settings *s);

#endif
