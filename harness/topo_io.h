/*
 * topo_io.h - between topo_io.c, which loads a topology, and topo.c, which makes its tables.
 */
#ifndef HARNESS_TOPO_IO_H
#define HARNESS_TOPO_IO_H

#include <stdbool.h>
#include <stddef.h>

struct topo;
struct hwloc_topology;

/*
 * Takes over a loaded topology (and destroys it where this fails).  source is what messages and
 * topo_source() call it; copied.  NULL with a sentence in err.
 */
struct topo *topo_from_hwloc(
	struct hwloc_topology *h, const char *source, bool this_system, char *err, size_t err_len);

#endif
