/*
 * names.h - every named object, and the journal that says who made it.
 *
 * Before an object with a name comes into being, a line (kind, name, pid, start
 * time of that process, boot id, pid namespace) is appended to a journal in a directory of the
 * user's own ($XDG_RUNTIME_DIR/handoff, else /tmp/handoff-UID, mode 0700).  The
 * object is unlinked as soon as all sides hold it.  What a killed process left
 * behind is found in the journal and removed by the next run or by `handoff
 * clean`; what the journal does not name is never touched.  Where it cannot be told
 * whether an owner lives (another container's, /proc hidden) it counts as alive.
 *
 * A place that the machine lacks (no /dev/shm) is -ENOTSUP: a limit, not a failure.
 *
 * Single-threaded use; several processes may share the journal, which is locked
 * while it is read or changed.  Being killed at any time loses no line.
 */
#ifndef HARNESS_NAMES_H
#define HARNESS_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum { NAMES_MAX = 64, NAMES_PATH_MAX = 256 };

/* The journal's directory, made if need be.  0, or -errno with a sentence. */
int names_dir(char *dir, size_t dir_len, char *err, size_t err_len);

/*
 * A new POSIX shared memory object of `bytes`, with a random name, journalled,
 * mode 0600, its pages reserved (ENOSPC now, not SIGBUS later).  Returns the fd
 * (close-on-exec) and the name, or -errno with a sentence.
 */
int names_shm_create(char name[NAMES_MAX], size_t bytes, char *err, size_t err_len);

/* Open one by name; fd or -errno. */
int names_shm_open(const char *name);

/* Remove the name; what is open stays usable.  Safe to repeat. */
void names_shm_unlink(const char *name);

/*
 * A fresh random path for a FIFO, a socket or a file ("fifo", "socket", "file")
 * in the user's own directory, journalled; the caller creates the object.  0, or
 * -errno with a sentence; -ENAMETOOLONG: `path` has no room for a name there (a
 * socket's address, sun_path, has little), and is then "".
 */
int names_path_new(const char *kind, char *path, size_t path_len, char *err, size_t err_len);

/*
 * The same for a directory ("dir"), made with mode 0700; names_dir_remove() takes it
 * away with everything in it, as does the sweep when its owner is dead.
 */
int names_dir_new(char *path, size_t path_len, char *err, size_t err_len);
int names_dir_remove(const char *path);

/*
 * Remove what dead owners left.  Returns the number removed, or -errno with a
 * sentence.  `say` (may be NULL) is told each name.
 */
int names_clean(void (*say)(void *ctx, const char *kind, const char *name), void *ctx, char *err,
	size_t err_len);

#endif
