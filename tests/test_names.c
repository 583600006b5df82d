/*
 * Named objects and their journal: what the dead left goes, everything else
 * stays.  The journal of these tests is in a directory of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/names.h"
#include "tests/support.h"

enum { BYTES = 4096, MANY = 40, OWNERS = 3 };

static struct support_dir dir; /* of the running test */

static int setup(void **state)
{
	(void)state;
	support_open(&dir);
	return setenv("XDG_RUNTIME_DIR", dir.path, 1);
}

static int teardown(void **state)
{
	(void)state;
	support_close(&dir);
	return 0;
}

static bool shm_exists(const char *name)
{
	int fd = names_shm_open(name);

	if (fd >= 0)
		close(fd);
	else
		assert_int_equal(fd, -ENOENT);
	return fd >= 0;
}

/* How many names a cleaning said it removed; -1: it failed. */
static int clean(void)
{
	char err[400] = "";
	int n = names_clean(NULL, NULL, err, sizeof(err));

	if (n < 0)
		fail_msg("names_clean: %s", err);
	return n;
}

/* ---- an owner: a child that makes objects and then waits to be killed ------ */

struct owner {
	pid_t pid;
	char name[MANY][NAMES_MAX];
	char path[NAMES_PATH_MAX];
};

static void make_all(struct owner *o, unsigned n)
{
	char err[400];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
	for (unsigned i = 0; i < n; i++) {
		if (names_shm_create(o->name[i], BYTES, err, sizeof(err)) < 0)
			_exit(1);
	}
	if (names_path_new("file", o->path, sizeof(o->path), err, sizeof(err)) != 0)
		_exit(1);
	fd = open(o->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	_exit(fd >= 0 && raise(SIGSTOP) == 0 ? 0 : 1);
}

/* Shared with the child; it has made `n` objects when this returns and sleeps if `wait`. */
static struct owner *owner_start(unsigned n, bool wait)
{
	struct owner *o = mmap(
		NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	assert_true(o != MAP_FAILED);
	pid = fork(); /* the child shares *o: it must not store its 0 there */
	if (pid == 0)
		make_all(o, n);
	assert_true(pid > 0);
	o->pid = pid;
	if (wait) {
		assert_int_equal(waitpid(o->pid, &status, WUNTRACED), o->pid);
		assert_true(WIFSTOPPED(status));
	}
	return o;
}

static void owner_kill(struct owner *o)
{
	int status;

	kill(o->pid, SIGKILL);
	do
		assert_int_equal(waitpid(o->pid, &status, WUNTRACED), o->pid);
	while (!WIFSIGNALED(status) && !WIFEXITED(status));
	assert_true(WIFSIGNALED(status));
}

/* ---- the directory --------------------------------------------------------- */

static void names_makes_a_directory_for_its_user_alone(void **state)
{
	char path[NAMES_PATH_MAX], err[400] = "";
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	assert_int_equal(names_dir(path, sizeof(path), err, sizeof(err)), 0);
	umask(old);
	assert_int_equal(strncmp(path, dir.path, strlen(dir.path)), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
	assert_int_equal(names_dir(path, sizeof(path), err, sizeof(err)), 0); /* is there already */
}

static void check_refused(void)
{
	char path[NAMES_PATH_MAX], name[NAMES_MAX] = "", err[400] = "";

	assert_true(names_dir(path, sizeof(path), err, sizeof(err)) < 0);
	assert_non_null(strstr(err, dir.path));
	assert_non_null(strstr(err, "0700"));
	assert_true(names_shm_create(name, BYTES, err, sizeof(err)) < 0);
	assert_true(names_path_new("file", path, sizeof(path), err, sizeof(err)) < 0);
	assert_true(names_clean(NULL, NULL, err, sizeof(err)) < 0);
	if (name[0])
		assert_false(shm_exists(name)); /* nothing is made that is not journalled */
}

static void names_refuses_a_directory_that_others_may_enter(void **state)
{
	static const mode_t modes[] = {0755, 0770, 0701, 0777};

	(void)state;
	assert_int_equal(mkdir(support_path(&dir, "handoff"), 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(support_path(&dir, "handoff"), modes[i]), 0);
		check_refused();
	}
}

static void names_refuses_a_directory_that_is_none(void **state)
{
	(void)state;
	assert_int_equal(mkdir(support_path(&dir, "real"), 0700), 0);
	assert_int_equal(symlink("real", support_path(&dir, "handoff")), 0);
	check_refused();
	assert_int_equal(unlink(support_path(&dir, "handoff")), 0);
	support_text(support_path(&dir, "handoff"), "a file\n");
	check_refused();
}

static void names_refuses_a_journal_that_is_a_link(void **state)
{
	char victim[SUPPORT_PATH], err[400] = "", name[NAMES_MAX] = "", *text;

	(void)state;
	snprintf(victim, sizeof(victim), "%s", support_path(&dir, "victim"));
	support_text(victim, "precious\n");
	assert_int_equal(mkdir(support_path(&dir, "handoff"), 0700), 0);
	assert_int_equal(symlink(victim, support_path(&dir, "handoff/journal")), 0);
	assert_true(names_shm_create(name, BYTES, err, sizeof(err)) < 0);
	assert_true(names_clean(NULL, NULL, err, sizeof(err)) < 0);
	text = support_read(victim);
	assert_string_equal(text, "precious\n");
	free(text);
}

static void names_uses_tmp_when_the_runtime_directory_is_no_use(void **state)
{
	static const char *const useless[] = {"", "relative", "/does/not/exist", "/tmp/a b"};
	char path[NAMES_PATH_MAX], want[64], err[400] = "";

	(void)state;
	snprintf(want, sizeof(want), "/tmp/handoff-%u", (unsigned)geteuid());
	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		setenv("XDG_RUNTIME_DIR", useless[i], 1);
		assert_int_equal(names_dir(path, sizeof(path), err, sizeof(err)), 0);
		assert_string_equal(path, want);
	}
}

/* ---- objects ---------------------------------------------------------------- */

static void names_makes_an_object_that_is_journalled_first(void **state)
{
	char name[NAMES_MAX], err[400] = "", line[NAMES_MAX + 8], *journal;
	int fd = names_shm_create(name, BYTES, err, sizeof(err));
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == BYTES && (st.st_mode & 0777) == 0600);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	journal = support_read(support_path(&dir, "handoff/journal"));
	snprintf(line, sizeof(line), "shm %s ", name);
	assert_non_null(strstr(journal, line));
	free(journal);
	assert_true(shm_exists(name));
	names_shm_unlink(name);
	names_shm_unlink(name);
	assert_false(shm_exists(name));
	close(fd);
}

static void names_leaves_nothing_when_there_is_no_room(void **state)
{
	char name[NAMES_MAX], err[400] = "";

	(void)state;
	assert_true(names_shm_create(name, (size_t)1 << 50, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "/dev/shm"));
	assert_false(shm_exists(name));
}

static void names_gives_paths_that_fit_a_socket(void **state)
{
	char a[NAMES_PATH_MAX], b[NAMES_PATH_MAX], small[8], err[400] = "";

	(void)state;
	assert_int_equal(names_path_new("socket", a, sizeof(a), err, sizeof(err)), 0);
	assert_int_equal(names_path_new("socket", b, sizeof(b), err, sizeof(err)), 0);
	assert_string_not_equal(a, b);
	assert_true(strlen(a) < 108);
	assert_false(support_exists(a));
	assert_true(names_path_new("socket", small, sizeof(small), err, sizeof(err)) < 0);
}

/* ---- cleaning ---------------------------------------------------------------- */

struct said {
	unsigned n, shm;
};

static void hear(void *ctx, const char *kind, const char *name)
{
	struct said *s = ctx;

	s->n++;
	s->shm += strcmp(kind, "shm") == 0 && name[0] == '/';
}

static void names_removes_what_a_killed_owner_left(void **state)
{
	struct owner *o = owner_start(2, true);
	struct said said = {0};
	char err[400] = "";

	(void)state;
	owner_kill(o);
	assert_true(shm_exists(o->name[0]) && shm_exists(o->name[1]) && support_exists(o->path));
	assert_int_equal(names_clean(hear, &said, err, sizeof(err)), 3);
	assert_true(said.n == 3 && said.shm == 2);
	assert_false(shm_exists(o->name[0]) || shm_exists(o->name[1]) || support_exists(o->path));
	assert_int_equal(clean(), 0);
	munmap(o, sizeof(*o));
}

static void names_keeps_what_a_living_owner_holds(void **state)
{
	struct owner *o = owner_start(2, true);
	char mine[NAMES_MAX], err[400] = "";
	int fd = names_shm_create(mine, BYTES, err, sizeof(err));

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(clean(), 0);
	assert_true(shm_exists(o->name[0]) && shm_exists(o->name[1]) && support_exists(o->path));
	assert_true(shm_exists(mine));
	owner_kill(o);
	assert_int_equal(clean(), 3); /* the journal still knew */
	assert_true(shm_exists(mine));
	names_shm_unlink(mine);
	close(fd);
	munmap(o, sizeof(*o));
}

static void names_of_many_owners_survive_cleaning_while_they_are_made(void **state)
{
	struct owner *o[OWNERS];
	int status;

	(void)state;
	for (unsigned i = 0; i < OWNERS; i++)
		o[i] = owner_start(MANY, false);
	for (unsigned i = 0; i < OWNERS; i++) {
		while (waitpid(o[i]->pid, &status, WUNTRACED | WNOHANG) != o[i]->pid)
			assert_int_equal(clean(), 0);
		assert_true(WIFSTOPPED(status));
	}
	for (unsigned i = 0; i < OWNERS; i++)
		owner_kill(o[i]);
	assert_int_equal(clean(), OWNERS * (MANY + 1));
	for (unsigned i = 0; i < OWNERS; i++)
		munmap(o[i], sizeof(*o[i]));
}

/* ---- lines that this program would not write --------------------------------- */

/* An object made by hand, which no journal knows yet. */
static void make_shm(char *name, size_t len, const char *stem)
{
	int fd;

	snprintf(name, len, "%s%ld", stem, (long)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void boot_id(char id[40])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	assert_true(f && fscanf(f, "%39s", id) == 1);
	fclose(f);
}

/* A pid that is nobody's: of a child that has been reaped. */
static long dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0 && waitpid(pid, NULL, 0) == pid);
	return pid;
}

static void add_line(const char *kind, const char *name, long pid, long start, const char *boot)
{
	char line[600];

	snprintf(line, sizeof(line), "%s %s %ld %ld %s\n", kind, name, pid, start, boot);
	support_append(support_path(&dir, "handoff/journal"), line);
}

static void names_touches_nothing_that_no_journal_names(void **state)
{
	struct owner *o = owner_start(1, true);
	char foreign[64];

	(void)state;
	make_shm(foreign, sizeof(foreign), "/handoff-foreign-");
	owner_kill(o);
	assert_int_equal(clean(), 2);
	assert_true(shm_exists(foreign));
	shm_unlink(foreign);
	munmap(o, sizeof(*o));
}

static void names_tells_a_recycled_pid_and_another_boot_from_the_owner(void **state)
{
	char recycled[64], rebooted[64], boot[40];

	(void)state;
	boot_id(boot);
	clean(); /* makes the directory */
	make_shm(recycled, sizeof(recycled), "/handoff-recycled-");
	make_shm(rebooted, sizeof(rebooted), "/handoff-rebooted-");
	add_line("shm", recycled, getpid(), 1, boot);
	add_line("shm", rebooted, getpid(), 0, "00000000-0000-0000-0000-000000000000");
	assert_int_equal(clean(), 2);
	assert_false(shm_exists(recycled) || shm_exists(rebooted));
}

static void names_ignores_lines_that_it_did_not_write(void **state)
{
	char victim[SUPPORT_PATH], climb[SUPPORT_PATH + 32], boot[40], other[64];
	long dead = dead_pid();

	(void)state;
	boot_id(boot);
	clean();
	snprintf(victim, sizeof(victim), "%s", support_path(&dir, "victim"));
	support_text(victim, "precious\n");
	make_shm(other, sizeof(other), "/other-program-");
	add_line("file", victim, dead, 1, boot);
	add_line("shm", victim, dead, 1, boot);
	add_line("fifo", "victim", dead, 1, boot);
	snprintf(climb, sizeof(climb), "%s/handoff/../victim", dir.path);
	add_line("file", climb, dead, 1, boot);
	snprintf(climb, sizeof(climb), "%s/handoff/handoff-x/../../victim", dir.path);
	add_line("file", climb, dead, 1, boot);
	snprintf(climb, sizeof(climb), "/handoff-x/../..%s", victim);
	add_line("shm", climb, dead, 1, boot);
	add_line("shm", other, dead, 1, boot);
	support_append(support_path(&dir, "handoff/journal"), "\n\n \nshm\nshm /handoff-x\n%s%n\n");
	support_write(support_path(&dir, "handoff/handoff-kept"), "", 0);
	assert_int_equal(clean(), 0);
	assert_true(support_exists(victim) && shm_exists(other));
	assert_true(support_exists(support_path(&dir, "handoff/handoff-kept")));
	shm_unlink(other);
}

static void names_cleans_on_after_garbage(void **state)
{
	char left[64], boot[40], noise[5000];
	uint32_t random = 1;

	(void)state;
	boot_id(boot);
	clean();
	for (size_t i = 0; i < sizeof(noise); i++) {
		random = random * 1664525u + 1013904223u;
		noise[i] = (char)(random >> 24);
	}
	noise[sizeof(noise) - 1] = '\n';
	support_write(support_path(&dir, "handoff/journal"), noise, sizeof(noise));
	make_shm(left, sizeof(left), "/handoff-left-");
	add_line("shm", left, dead_pid(), 1, boot);
	support_append(support_path(&dir, "handoff/journal"), "shm /handoff-half"); /* no LF */
	assert_int_equal(clean(), 1);
	assert_false(shm_exists(left));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_makes_a_directory_for_its_user_alone),
		TEST(names_refuses_a_directory_that_others_may_enter),
		TEST(names_refuses_a_directory_that_is_none),
		TEST(names_refuses_a_journal_that_is_a_link),
		TEST(names_uses_tmp_when_the_runtime_directory_is_no_use),
		TEST(names_makes_an_object_that_is_journalled_first),
		TEST(names_leaves_nothing_when_there_is_no_room),
		TEST(names_gives_paths_that_fit_a_socket),
		TEST(names_removes_what_a_killed_owner_left),
		TEST(names_keeps_what_a_living_owner_holds),
		TEST(names_of_many_owners_survive_cleaning_while_they_are_made),
		TEST(names_touches_nothing_that_no_journal_names),
		TEST(names_tells_a_recycled_pid_and_another_boot_from_the_owner),
		TEST(names_ignores_lines_that_it_did_not_write),
		TEST(names_cleans_on_after_garbage),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
