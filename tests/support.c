/* support.c - see support.h. */
#include "tests/support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_NS = 20 * 1000 * 1000 }; /* a nap of a few ms, on a machine that is busy */

void support_open(struct support_dir *d)
{
	snprintf(d->path, sizeof(d->path), "/tmp/handoff-test-XXXXXX");
	if (!mkdtemp(d->path))
		fail_msg("%s: %s", d->path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void support_close(struct support_dir *d)
{
	nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *support_path(struct support_dir *d, const char *name)
{
	snprintf(d->joined, sizeof(d->joined), "%s/%s", d->path, name);
	return d->joined;
}

static void put(const char *path, int flags, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

void support_write(const char *path, const void *bytes, size_t len)
{
	put(path, O_TRUNC, bytes, len);
}

void support_text(const char *path, const char *text)
{
	put(path, O_TRUNC, text, strlen(text));
}

void support_text_below(const struct support_dir *d, const char *path, const char *text)
{
	char full[SUPPORT_PATH * 2];

	snprintf(full, sizeof(full), "%s%s", d->path, path);
	for (char *c = full + strlen(d->path) + 1; (c = strchr(c, '/')) != NULL; *c++ = '/') {
		*c = '\0';
		mkdir(full, 0700);
	}
	support_text(full, text);
}

void support_append(const char *path, const char *text)
{
	put(path, O_APPEND, text, strlen(text));
}

void support_append_bytes(const char *path, const void *bytes, size_t len)
{
	put(path, O_APPEND, bytes, len);
}

char *support_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st) != 0)
		fail_msg("%s: %s", path, strerror(errno));
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text || read(fd, text, (size_t)st.st_size) != st.st_size)
		fail_msg("%s: %s", path, strerror(errno));
	close(fd);
	return text;
}

bool support_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

long patience_ms(struct patience *p)
{
	uint64_t now_ns, step_ns;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	step_ns = p->last_ns ? now_ns - p->last_ns : 0;
	p->spent_ns += step_ns < LOOK_NS ? step_ns : LOOK_NS;
	p->last_ns = now_ns;
	return (long)(p->spent_ns / 1000000);
}

uint64_t support_cpu_ns(pid_t pid)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

void support_say_skip(const char *fmt, ...)
{
	char why[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	why[strcspn(why, "\n")] = '\0';
	print_message("SKIP: %s\n", why);
}

bool support_fast(void)
{
	const char *fast = getenv("HANDOFF_TEST_FAST");

	return fast && *fast;
}

uint64_t support_seed(void)
{
	const char *given = getenv("HANDOFF_TEST_SEED");

	return given && *given ? strtoull(given, NULL, 10) : 1;
}
