/*
 * locate.h - hwloc locations: the text by which a user names PUs.
 *
 *	TYPE:INDEX[.TYPE:INDEX...]   as for hwloc-calc and hwloc-bind, logical indexes; an index
 *	                             after a dot counts inside what stands before it
 *	    TYPE    machine package (pack socket) die numanode (numa node) group groupN core pu
 *	            l1cache ... l5cache (l1 ... l5, l1dcache l1d, l1icache l1i ...)
 *	    INDEX   X, X-Y, X- (to the last), X:N (N from X on, wrapping), all, odd, even
 *	all, root                    everything
 *	cpu:0,2-3,8-15:2             OS numbers, as for taskset -c
 *
 * Letter case does not count.  Stricter than hwloc-calc: nothing selected is an error, as are
 * trailing characters, ranges that run backwards and X:N with an X that does not exist; cpu: may
 * name only CPUs that there are.
 * A range of TYPE:INDEX may run beyond the last object, as with hwloc-calc.
 */
#ifndef HARNESS_LOCATE_H
#define HARNESS_LOCATE_H

#include <stddef.h>

struct topo;
struct hwloc_bitmap_s;

/*
 * Puts the PUs (OS numbers, allowed ones only) that text selects into set, which the caller has
 * allocated.  0; or -EINVAL or -ENOMEM with a sentence in err, set then being of no use.
 */
int locate_parse(const struct topo *t, const char *text, struct hwloc_bitmap_s *set, char *err,
	size_t err_len);

/* The same for "LOCATION+LOCATION": the two sides of a placement. */
int locate_sides(const struct topo *t, const char *text, struct hwloc_bitmap_s *a,
	struct hwloc_bitmap_s *b, char *err, size_t err_len);

#endif
