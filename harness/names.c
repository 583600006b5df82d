/* names.c - see names.h. */
#include "harness/names.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/compiler.h"

enum { LINE_MAX_BYTES = 512, BOOT_ID_BYTES = 40 };

#define NO_TIME ULLONG_MAX

static const char unknown[] = "unknown";

/* One line of the journal. */
struct entry {
	char kind[16];
	char name[NAMES_PATH_MAX];
	long pid;
	unsigned long long start_time;
	char boot[BOOT_ID_BYTES];
	unsigned long long pid_space; /* what its pid counts in; 0: not known */
};

static int fail(char *err, size_t err_len, int code, const char *fmt, ...) PRINTF_LIKE(4, 5);
static int fail(char *err, size_t err_len, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(err, err_len, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < err_len)
		snprintf(err + n, err_len - (size_t)n, ": %s", strerror(-code));
	return code;
}

/* A place that this machine lacks is a limit of it. */
static int lacking(int code)
{
	return code == -ENOENT || code == -ENOTDIR ? -ENOTSUP : code;
}

int names_dir(char *dir, size_t dir_len, char *err, size_t err_len)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	/* the journal's fields are separated by white space */
	if (base && base[0] == '/' && access(base, W_OK) == 0 && strlen(base) < dir_len - 16 &&
		!strpbrk(base, " \t\n\r"))
		snprintf(dir, dir_len, "%s/handoff", base);
	else
		snprintf(dir, dir_len, "/tmp/handoff-%u", (unsigned)geteuid());
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return lacking(
			fail(err, err_len, -errno, "cannot make the journal's directory %s", dir));
	if (lstat(dir, &st) != 0)
		return fail(err, err_len, -errno, "cannot look at %s", dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return fail(err, err_len, -EPERM,
			"%s must be a directory of yours with mode 0700; remove it or set "
			"XDG_RUNTIME_DIR",
			dir);
	return 0;
}

/* The journal, locked: one process at a time reads or changes it. */
static int journal_open(char *err, size_t err_len)
{
	char dir[NAMES_PATH_MAX - 16], path[NAMES_PATH_MAX];
	struct stat st;
	int fd, code = names_dir(dir, sizeof(dir), err, err_len);

	if (code)
		return code;
	snprintf(path, sizeof(path), "%s/journal", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return lacking(fail(err, err_len, -errno, "cannot open the journal %s", path));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		while ((code = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
			;
		if (code == 0)
			return fd;
	}
	close(fd);
	return fail(err, err_len, -EINVAL, "the journal %s is no file; remove it", path);
}

static void read_boot_id(char boot[BOOT_ID_BYTES])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || fscanf(f, "%39s", boot) != 1)
		snprintf(boot, BOOT_ID_BYTES, "%s", unknown);
	if (f)
		fclose(f);
}

/* Containers may share files but count their processes apart. 0: unknown. */
static unsigned long long read_pid_space(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? (unsigned long long)st.st_ino : 0;
}

/*
 * Field 22 of /proc/PID/stat; the name in field 2 may hold anything.  0: unknown;
 * NO_TIME: it has ended and only waits for its parent to look.
 */
static unsigned long long start_time_of(long pid)
{
	char path[32], buf[1024], *p;
	unsigned long long t = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (p && p[1] == ' ' && (p[2] == 'Z' || p[2] == 'X'))
		return NO_TIME;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p)
		t = strtoull(p, NULL, 10);
	return t;
}

static bool both_known(const char *a, const char *b)
{
	return strcmp(a, unknown) != 0 && strcmp(b, unknown) != 0;
}

/* In doubt it is: what cannot be seen from here is not ours to remove. */
static bool alive(const struct entry *e)
{
	unsigned long long space = read_pid_space(), t;
	char boot[BOOT_ID_BYTES];

	read_boot_id(boot);
	if (both_known(boot, e->boot) && strcmp(boot, e->boot) != 0)
		return false;
	if (space && e->pid_space && space != e->pid_space)
		return true;
	if (kill((pid_t)e->pid, 0) != 0 && errno == ESRCH)
		return false;
	t = start_time_of(e->pid);
	return t == 0 || (e->start_time == 0 && t != NO_TIME) || t == e->start_time;
}

static int journal_add(const char *kind, const char *name, char *err, size_t err_len)
{
	char line[LINE_MAX_BYTES], boot[BOOT_ID_BYTES];
	int fd = journal_open(err, err_len), n, code = 0;
	off_t end;

	if (fd < 0)
		return fd;
	read_boot_id(boot);
	n = snprintf(line, sizeof(line), "%s %s %ld %llu %s %llu\n", kind, name, (long)getpid(),
		start_time_of(getpid()), boot, read_pid_space());
	end = lseek(fd, 0, SEEK_END);
	errno = 0;
	if (end < 0 || write(fd, line, (size_t)n) != n) {
		code = fail(err, err_len, errno ? -errno : -ENOSPC, "cannot write the journal");
		if (end < 0 || ftruncate(fd, end) != 0) /* no half line before the next one */
			code = -EIO;
	}
	close(fd);
	return code;
}

int names_shm_create(char name[NAMES_MAX], size_t bytes, char *err, size_t err_len)
{
	uint64_t random[2];
	int fd, code;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fail(err, err_len, -errno, "no random name to be had");
	snprintf(name, NAMES_MAX, "/handoff-%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	code = journal_add("shm", name, err, err_len);
	if (code)
		return code;
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return lacking(fail(err, err_len, -errno,
			"no shared memory with a name can be made in /dev/shm"));
	code = -posix_fallocate(fd, 0, (off_t)bytes);
	if (code) {
		close(fd);
		names_shm_unlink(name);
		return fail(err, err_len, code, "/dev/shm has no room for %zu bytes", bytes);
	}
	return fd;
}

static int too_long(const char *kind, size_t path_len, const char *dir, char *err, size_t err_len)
{
	return fail(err, err_len, -ENAMETOOLONG,
		"%s has room for %zu bytes: set XDG_RUNTIME_DIR to a directory with a shorter "
		"name than %s",
		strcmp(kind, "socket") == 0 ? "sun_path, a unix socket's address," : "a name",
		path_len - 1, dir);
}

int names_path_new(const char *kind, char *path, size_t path_len, char *err, size_t err_len)
{
	char dir[NAMES_PATH_MAX - 16];
	uint64_t random;
	int code = names_dir(dir, sizeof(dir), err, err_len);

	if (code)
		return code;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fail(err, err_len, -errno, "no random name to be had");
	if ((size_t)snprintf(path, path_len, "%s/handoff-%016" PRIx64, dir, random) >= path_len) {
		path[0] = '\0'; /* the beginning of it may be somebody's file */
		return too_long(kind, path_len, dir, err, err_len);
	}
	return journal_add(kind, path, err, err_len);
}

int names_shm_open(const char *name)
{
	int fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

void names_shm_unlink(const char *name)
{
	shm_unlink(name);
}

/* A path that names_path_new() could have made: in our directory, by our name. */
static bool our_path(const char *path)
{
	char dir[NAMES_PATH_MAX - 16], ignored[128];
	size_t n;

	if (names_dir(dir, sizeof(dir), ignored, sizeof(ignored)) != 0)
		return false;
	n = strlen(dir);
	return strncmp(path, dir, n) == 0 && strncmp(path + n, "/handoff-", 9) == 0 &&
	       !strchr(path + n + 1, '/');
}

static bool parse_entry(const char *line, struct entry *e)
{
	e->pid_space = 0;
	if (sscanf(line, "%15s %255s %ld %llu %39s %llu", e->kind, e->name, &e->pid, &e->start_time,
		    e->boot, &e->pid_space) < 5)
		return false;
	/* only what this program makes, whatever the file says */
	if (strcmp(e->kind, "shm") == 0)
		return strncmp(e->name, "/handoff-", 9) == 0 && !strchr(e->name + 1, '/');
	return our_path(e->name);
}

int names_dir_new(char *path, size_t path_len, char *err, size_t err_len)
{
	int code = names_path_new("dir", path, path_len, err, err_len);

	if (code)
		return code;
	return mkdir(path, 0700) == 0 ? 0 : fail(err, err_len, -errno, "cannot make %s", path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

int names_dir_remove(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -errno;
}

/* 0: it was there and is gone; -ENOENT: it was not; else it is still there. */
static int remove_object(const struct entry *e)
{
	int code;

	if (strcmp(e->kind, "dir") == 0)
		return names_dir_remove(e->name);
	code = strcmp(e->kind, "shm") == 0 ? shm_unlink(e->name) : unlink(e->name);
	return code == 0 ? 0 : -errno;
}

typedef void say_fn(void *ctx, const char *kind, const char *name);

/* Keep the living and what won't go, remove what the dead left.  Returns how many went. */
static int sweep(FILE *in, char *keep, size_t *kept, say_fn *say, void *ctx)
{
	char line[LINE_MAX_BYTES];
	int gone = 0;

	while (fgets(line, sizeof(line), in)) {
		struct entry e;
		size_t n = strlen(line);
		int code = -ENOENT;

		if (!parse_entry(line, &e))
			continue;
		if (alive(&e) || ((code = remove_object(&e)) && code != -ENOENT)) {
			memcpy(keep + *kept, line, n);
			*kept += n;
		} else if (code == 0) {
			gone++;
			if (say)
				say(ctx, e.kind, e.name);
		}
	}
	return gone;
}

/*
 * In place: what is kept only moves towards the beginning, hence whoever is killed
 * in the middle leaves each line that counts, at its old place or at its new one.
 */
static int rewrite(int fd, const char *keep, size_t kept, off_t before)
{
	if ((off_t)kept == before)
		return 0;
	if (pwrite(fd, keep, kept, 0) != (ssize_t)kept || ftruncate(fd, (off_t)kept) != 0)
		return errno ? -errno : -EIO;
	return 0;
}

int names_clean(say_fn *say, void *ctx, char *err, size_t err_len)
{
	int fd = journal_open(err, err_len), gone = 0, code;
	size_t kept = 0;
	struct stat st;
	char *keep;
	FILE *in;

	if (fd < 0)
		return fd;
	keep = fstat(fd, &st) == 0 ? malloc((size_t)st.st_size + 1) : NULL;
	in = fdopen(dup(fd), "r");
	if (keep && in) {
		gone = sweep(in, keep, &kept, say, ctx);
		code = rewrite(fd, keep, kept, st.st_size);
		if (code)
			gone = fail(err, err_len, code, "cannot rewrite the journal");
	} else {
		gone = fail(err, err_len, -ENOMEM, "cannot read the journal");
	}
	if (in)
		fclose(in);
	free(keep);
	close(fd);
	return gone;
}
