/*
 * Environment - what machine this is, as far as it bears on a measurement.
 *
 * Everything is read from /proc and /sys or known at compile time; nothing is changed, run or asked
 * of the network. `root` is put in front of every path read ("" for the real machine, else a
 * directory that holds proc/ and sys/). All functions may be called from any thread.
 */
#ifndef BENCH_ENV_H
#define BENCH_ENV_H

#include <stdbool.h>
#include <stddef.h>

/* A row of the caller's (seed, commit, ...). NULL counts as empty. */
struct env_extra {
	const char *key;
	const char *value;
	const char *reason; /* why value is empty */
};

/*
 * Writes environment.csv to path (an existing file is replaced): header key,value,reason, a row for
 * every fact, then the caller's n rows. A fact that cannot be had has an empty value and a reason.
 * Returns 0, or -errno with a sentence in err; nothing is left at path then.
 */
int env_write(const char *root, const char *path, const struct env_extra *extra, size_t n,
	char *err, size_t err_len);

enum { ENV_TEXT_BYTES = 128 };

/* The facts that reports and captions name. Text that is not known is "unknown". */
struct env_facts {
	char host[ENV_TEXT_BYTES];
	char cpu_model[ENV_TEXT_BYTES];
	char kernel[ENV_TEXT_BYTES];     /* release: "6.1.0-18-amd64" */
	char hypervisor[ENV_TEXT_BYTES]; /* "none", "kvm", ... */
	char governor[ENV_TEXT_BYTES];   /* empty if the kernel offers none */
	bool is_virtual;
	unsigned cpus_online; /* 0 = unknown */
	double quota_cpus;    /* CPU time the control groups allow, in CPUs; NAN = no limit known */
	double load;          /* run queue, mean of the last minute; NAN = unknown */
	double steal_pct;     /* of all CPU time since boot, taken by the host; NAN = unknown */
};

void env_read(const char *root, struct env_facts *facts);

/* Text belongs to facts. */
const char *env_host(const struct env_facts *facts);
const char *env_cpu_model(const struct env_facts *facts);
const char *env_kernel(const struct env_facts *facts);
bool env_is_virtual(const struct env_facts *facts);

/*
 * One sentence on how far figures from this machine can be believed, into line (512 bytes are
 * enough). Returns how many reservations it makes; 0 = none.
 */
unsigned env_believe(const struct env_facts *facts, char *line, size_t len);

#endif
