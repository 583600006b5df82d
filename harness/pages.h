/*
 * pages.h - what pages an area of memory has, and on which NUMA node they lie: asking the kernel
 * for it beforehand, and looking afterwards.
 *
 * System calls rather than hwloc: a trial knows the topology of its own processors only, or none
 * when nobody is pinned, and the memory may lie on any node.
 *
 * Any thread.  Errors are -errno; where there is an err, one sentence is written into it.
 */
#ifndef HARNESS_PAGES_H
#define HARNESS_PAGES_H

#include <stdbool.h>
#include <stddef.h>

enum { PAGES_NODES = 16, PAGES_TEXT = 64 };

/* What an area was seen to be made of. */
struct pages_seen {
	size_t bytes;      /* of the pages that hold the area */
	size_t page_bytes; /* of the kernel's page tables; 0: cannot be told */
	size_t huge_bytes; /* of the area, that are in huge pages */
	size_t huge_page_bytes;
	int nodes_err;    /* -errno where nodes cannot be told */
	size_t asked;     /* pages whose node was asked for */
	size_t absent;    /* of them, not in memory */
	unsigned n_nodes; /* of the list below */
	bool more_nodes;  /* than the list holds */
	unsigned node[PAGES_NODES];
	size_t pages[PAGES_NODES]; /* of those asked, on that node */
};

/*
 * Look at the pages that hold [area, area + bytes).  Asks for the nodes of all of them, or of
 * `most` that are evenly spread (0: all).
 */
void pages_look(const void *area, size_t bytes, size_t most, struct pages_seen *out);

/* "2 MiB huge, node 0", "4 KiB, nodes 0 1", "4 KiB, partly huge, node 0". */
void pages_say(const struct pages_seen *s, char *out, size_t out_len);

/* All pages that were asked for are in memory, on this node. */
bool pages_all_on(const struct pages_seen *s, unsigned node);

/*
 * Fresh, untouched memory for huge pages, from the kernel's pool where that has some, else what
 * transparent ones may be made of.  *bytes is rounded up.  `shared`: also with children.  Whether
 * the kernel gives huge pages shows when they have been touched.  NULL with err.
 */
void *pages_map_huge(size_t *bytes, bool shared, char *err, size_t err_len);

/* The settings that keep huge pages away: "transparent_hugepage/enabled is never; ...". */
void pages_why_not_huge(bool shared, char *out, size_t out_len);

/* Pages of an area, which is not touched yet, shall come from this node only. */
int pages_bind(void *area, size_t bytes, unsigned node);

/* Touch every page, for writing.  -EFAULT or -ENOMEM where the kernel has no such page to give. */
int pages_touch(void *area, size_t bytes);

/*
 * Map the pages of a shared area into this process, which keeps what is in them:
 * a forked worker inherits the area, but not its page table.  Where the kernel
 * cannot (before Linux 5.14), they are mapped as they are touched.
 */
void pages_map_in(void *area, size_t bytes);

/* The node that a CPU (OS number) takes memory from first; 0 where the kernel knows no nodes. */
unsigned pages_node_of_cpu(unsigned cpu);

#endif
