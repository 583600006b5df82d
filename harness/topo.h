/*
 * topo.h - the machine as a topology: which PUs there are, and how near two of them are.
 *
 * A topology is this machine, or a foreign one (a file, a synthetic description) that can be
 * planned for but never pinned to.  Only allowed PUs count.  A PU has an OS number (P#, what
 * the kernel and taskset say) and a logical index (L#, hwloc's order, neighbours adjacent);
 * everything here that says "os" takes or gives the former.
 *
 * Opening is for a process that has one thread: hwloc reads the environment, and its plug-ins
 * (graphics, OpenCL: milliseconds, and nothing that is needed here) are kept out by setting
 * HWLOC_PLUGINS_PATH for the time of the call, unless the user has set it.  An open topology
 * is read-only and may be used by any number of threads.
 *
 * Functions with err write one sentence into it when they fail.
 */
#ifndef HARNESS_TOPO_H
#define HARNESS_TOPO_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How two PUs stand to each other; the first that applies:
 *
 *	same-pu          one and the same
 *	smt              threads of one core
 *	unknown          one of them has no known package, and they share no L2 or L3
 *	cross-package    different packages
 *	cross-numa       one package, and no NUMA node is local to both
 *	same-l2, same-l3 share that cache
 *	same-package     have different L3
 *	no-shared-cache  one package, and an L3 is missing
 */
enum place_class {
	PLACE_SAME_PU,
	PLACE_SMT,
	PLACE_SAME_L2,
	PLACE_SAME_L3,
	PLACE_SAME_PACKAGE,
	PLACE_CROSS_NUMA,
	PLACE_CROSS_PACKAGE,
	PLACE_NO_SHARED_CACHE,
	PLACE_UNKNOWN,
	PLACE_CLASSES /* how many; also "no class", "no single class" */
};

/* An OS number or logical index that there is not; as a worker's PU: not pinned. */
#define PLACE_PU_NONE UINT_MAX

/* "same-pu", "smt" ...; "none" for what is no class. */
const char *place_class_name(enum place_class cls);

struct topo;

/*
 * This machine, cut down to the CPUs that the process is bound to (taskset is honoured).
 * HWLOC_SYNTHETIC or HWLOC_XMLFILE in the environment give that topology instead, as a foreign
 * one, and an error where it cannot be loaded.  NULL with err.
 */
struct topo *topo_open_native(char *err, size_t err_len);

/*
 * A foreign machine from an hwloc 2 (or 1) XML file.  Anything but a readable regular file that
 * hwloc accepts is an error naming the file; opening a FIFO does not block.
 */
struct topo *topo_open_file(const char *path, char *err, size_t err_len);

/* A foreign machine from hwloc's synthetic description: "pack:2 l3:1 core:4 pu:2". */
struct topo *topo_open_synthetic(const char *desc, char *err, size_t err_len);

/*
 * This machine from what topo_export_restricted() wrote on it: a tenth of a millisecond instead
 * of several.  The text is copied and need not be terminated.  It is trusted: pins are real,
 * unless it came from a foreign topology.
 */
struct topo *topo_open_xmlbuffer(const char *xml, size_t len, char *err, size_t err_len);

void topo_close(struct topo *t); /* NULL is fine */

bool topo_is_thissystem(const struct topo *t);

/* "this machine", or what the foreign one was opened from; lives as long as t. */
const char *topo_source(const struct topo *t);

/* Allowed PUs. */
unsigned topo_pu_count(const struct topo *t);

/* From one numbering to the other; PLACE_PU_NONE if there is no such PU. */
unsigned topo_pu_os(const struct topo *t, unsigned logical);
unsigned topo_pu_logical(const struct topo *t, unsigned os);

/* Where a PU sits, in logical indexes, PLACE_PU_NONE where the level is missing. */
struct topo_pu {
	unsigned os;
	unsigned core, l2, l3, package;
	unsigned numa;       /* the first local NUMA node */
	unsigned numa_nodes; /* local NUMA nodes */
	unsigned locality;   /* PUs with the same set of local nodes have the same number */
};

/* NULL if there is no such PU. */
const struct topo_pu *topo_pu(const struct topo *t, unsigned logical);

/* NUMA nodes by OS number: whether there is this one; all of them, "0" or "0-3,8". */
bool topo_has_node(const struct topo *t, unsigned os);
void topo_say_nodes(const struct topo *t, char *out, size_t out_len);

/* PLACE_UNKNOWN if one of them does not exist. */
enum place_class topo_pair_class(const struct topo *t, unsigned os_a, unsigned os_b);

/* The same by logical indexes, which must exist; table look-ups only. */
enum place_class topo_pair_class_logical(const struct topo *t, unsigned a, unsigned b);

struct place_count {
	enum place_class cls;
	uint64_t pairs;                /* unordered pairs of PUs; of same-pu: PUs */
	unsigned example_a, example_b; /* OS numbers of the first pair in logical order, or NONE */
};

/* out[c].cls == c.  Counted when the topology was opened: costs nothing. */
void topo_count_pairs(const struct topo *t, struct place_count out[PLACE_CLASSES]);

/*
 * XML of the topology with these n PUs (OS numbers) only, for topo_open_xmlbuffer() in another
 * process; without host name, DMI and cgroup names.  *xml is malloc'd, NUL-terminated and the
 * caller's; *len does not count the NUL.  0 or -errno; -EINVAL if n is 0 or a PU is missing.
 */
int topo_export_restricted(const struct topo *t, const unsigned *os, unsigned n, char **xml,
	size_t *len, char *err, size_t err_len);

/* The whole topology as a file, without the names left out above.  0 or -errno. */
int topo_export_file(const struct topo *t, const char *path, char *err, size_t err_len);

struct hwloc_topology;

/* The hwloc topology below, to be read only; lives as long as t. */
struct hwloc_topology *topo_hwloc(const struct topo *t);

#endif
