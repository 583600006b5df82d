/*
 * paths.h - where the program's own files are.
 *
 * The directory that holds scripts/plot and bench/matrices: $HANDOFF_SHARE, or
 * found from the program's own place (a build tree, or PREFIX/bin beside
 * PREFIX/share/handoff).  Constant after the first call; one thread.
 */
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

const char *share_dir(void);

#endif
