/*
 * support.h - files for tests: a directory of the test's own, and quick ways to
 * fill and read what is in it.
 *
 * Whatever goes wrong in here fails the running test.  Main thread only.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>

#if defined(__SANITIZE_THREAD__)
#define SUPPORT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SUPPORT_TSAN 1
#endif
#endif
#ifndef SUPPORT_TSAN
#define SUPPORT_TSAN 0 /* 1: threads only, no fork */
#endif

enum { SUPPORT_PATH = 256 };

struct support_dir {
	char path[64];
	char joined[SUPPORT_PATH]; /* support_path()'s answer */
};

/* A fresh empty directory (mode 0700), and its end with all that it holds. */
void support_open(struct support_dir *d);
void support_close(struct support_dir *d);

/* "DIR/name"; good until the next call for this directory. */
const char *support_path(struct support_dir *d, const char *name);

/* Make or replace a file; add to one. */
void support_write(const char *path, const void *bytes, size_t len);
void support_text(const char *path, const char *text);

/* The same of DIR/PATH, with the directories on the way: "/sys/devices/x". */
void support_text_below(const struct support_dir *d, const char *path, const char *text);
void support_append(const char *path, const char *text);
void support_append_bytes(const char *path, const void *bytes, size_t len);

/* A whole file as a string; free() it. */
char *support_read(const char *path);

bool support_exists(const char *path);

/*
 * How long somebody is waited for who is looked at again and again, each few ms.  Of the time
 * between two looks only a little counts: a machine that stood still, or ran others, gave it to
 * nobody.  Starts as {0}; ask at each look.
 */
struct patience {
	uint64_t last_ns, spent_ns;
};

long patience_ms(struct patience *p);

/* How long a process has run on processors; 0 where /proc does not say. */
uint64_t support_cpu_ns(pid_t pid);

/* HANDOFF_TEST_FAST is set: the tests for the desk. */
bool support_fast(void);

/*
 * HANDOFF_TEST_SEED=N, or the same one every time: what is drawn or sampled in `make check` does
 * not depend on the day, so that a red test is red again.  HANDOFF_TEST_LONG=1 samples nothing.
 */
uint64_t support_seed(void);

/* End the running test as skipped, and print why: scripts/run-tests takes no skip without. */
#define skip_because(...)                                                                          \
	do {                                                                                       \
		support_say_skip(__VA_ARGS__);                                                     \
		skip();                                                                            \
	} while (0)

void support_say_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
