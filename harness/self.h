/*
 * self.h - starting this program once more, also where /proc is not to be seen.
 */
#ifndef HARNESS_SELF_H
#define HARNESS_SELF_H

/*
 * Become this program with these arguments.  /proc/self/exe is the binary that
 * runs, whatever has become of its path since; without /proc it is the path that
 * it was started by.  Does not return unless it fails, with -errno.  Calls nothing
 * that a child of vfork() may not call.
 */
int self_exec(char *const argv[]);

#endif
