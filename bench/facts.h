/*
 * facts.h - what a run's environment.csv says, and whether two runs are of one machine.
 *
 * Hard keys must be the same for figures to be comparable; soft ones are worth a note, among them
 * the boot, and the load where it differs by half a processor or more.  Never compared: what is
 * measured anew each time (clock rate and cost, steal).  Whether both have the same cells is asked
 * by those who care (differences_cells()).  The fingerprint is a hash of the hard keys and the cells.
 *
 * Pure apart from the files; one thread.
 */
#ifndef BENCH_FACTS_H
#define BENCH_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/opt.h"

enum { FACTS_FINGERPRINT = 20, FACTS_MOST = 4096 };

struct fact {
	char *key, *value; /* value "": not known there */
};

struct facts {
	struct fact *fact;
	size_t n, room;
};

/* environment.csv.  0, or -errno with a sentence; -ENOENT where there is no such file. */
int facts_read(struct facts *f, const char *path, char *err, size_t err_len);
void facts_free(struct facts *f);

/* 0 or -ENOMEM; a key that is there is replaced. */
int facts_set(struct facts *f, const char *key, const char *value);

/* "" where it is not known. */
const char *facts_get(const struct facts *f, const char *key);
bool facts_has(const struct facts *f, const char *key);

/*
 * Which keys the names of --under-test exempt: a hard key, or one of the groups kernel, compiler,
 * libc, cpu, mitigations.  0, or -EINVAL with a sentence that offers near matches.
 */
int facts_check_under_test(const struct opt_list *names, char *err, size_t err_len);
bool facts_exempt(const struct opt_list *names, const char *key);

/* Told once for each key whose values differ. */
typedef void facts_differ_fn(void *ctx, const char *key, const char *a, const char *b);

/* Returns how many hard keys differ that are not under test (NULL: none is). */
size_t facts_hard(const struct facts *a, const struct facts *b, const struct opt_list *under_test,
	facts_differ_fn *differ, void *ctx);
size_t facts_soft(const struct facts *a, const struct facts *b, facts_differ_fn *differ, void *ctx);

void facts_fingerprint(const struct facts *f, char out[FACTS_FINGERPRINT]);

/* FNV-1a, to be gone on with; begins with facts_hash_begin. */
extern const uint64_t facts_hash_begin;
uint64_t facts_hash(uint64_t hash, const void *bytes, size_t len);

#endif
