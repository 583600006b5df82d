/*
 * Named objects: the directory of their journal, how they are made, and that
 * what the dead left goes while what the living hold stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/names_scene.h"

/* ---- the directory --------------------------------------------------------- */

static void names_makes_a_directory_for_its_user_alone(void **state)
{
	char path[NAMES_PATH_MAX], err[400] = "";
	struct stat st;
	mode_t old = umask(0);

	(void)state;
	assert_int_equal(names_dir(path, sizeof(path), err, sizeof(err)), 0);
	umask(old);
	assert_int_equal(strncmp(path, names.dir.path, strlen(names.dir.path)), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
	assert_int_equal(names_dir(path, sizeof(path), err, sizeof(err)), 0); /* is there already */
}

static void check_refused(void)
{
	char path[NAMES_PATH_MAX], *name = names_scene_extra(), err[400] = "";

	assert_true(names_dir(path, sizeof(path), err, sizeof(err)) < 0);
	assert_non_null(strstr(err, names.dir.path));
	assert_non_null(strstr(err, "0700"));
	assert_true(names_shm_create(name, OWNED_BYTES, err, sizeof(err)) < 0);
	assert_true(names_path_new("file", path, sizeof(path), err, sizeof(err)) < 0);
	assert_true(names_clean(NULL, NULL, err, sizeof(err)) < 0);
	if (name[0])
		assert_false(names_scene_exists(name)); /* nothing is made that is not journalled */
}

static void names_refuses_a_directory_that_others_may_enter(void **state)
{
	static const mode_t modes[] = {0755, 0770, 0701, 0777};

	(void)state;
	assert_int_equal(mkdir(support_path(&names.dir, "handoff"), 0700), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(support_path(&names.dir, "handoff"), modes[i]), 0);
		check_refused();
	}
}

static void names_refuses_a_directory_that_is_none(void **state)
{
	(void)state;
	assert_int_equal(mkdir(support_path(&names.dir, "real"), 0700), 0);
	assert_int_equal(symlink("real", support_path(&names.dir, "handoff")), 0);
	check_refused();
	assert_int_equal(unlink(support_path(&names.dir, "handoff")), 0);
	support_text(support_path(&names.dir, "handoff"), "a file\n");
	check_refused();
}

static void names_refuses_a_journal_that_is_a_link(void **state)
{
	char victim[SUPPORT_PATH], err[400] = "", *name = names_scene_extra(), *text;

	(void)state;
	snprintf(victim, sizeof(victim), "%s", support_path(&names.dir, "victim"));
	support_text(victim, "precious\n");
	assert_int_equal(mkdir(support_path(&names.dir, "handoff"), 0700), 0);
	assert_int_equal(symlink(victim, support_path(&names.dir, "handoff/journal")), 0);
	assert_true(names_shm_create(name, OWNED_BYTES, err, sizeof(err)) < 0);
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
	char *name = names_scene_extra(), err[400] = "", line[NAMES_MAX + 8], *journal;
	int fd = names_shm_create(name, OWNED_BYTES, err, sizeof(err));
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == OWNED_BYTES && (st.st_mode & 0777) == 0600);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	journal = support_read(support_path(&names.dir, "handoff/journal"));
	snprintf(line, sizeof(line), "shm %s ", name);
	assert_non_null(strstr(journal, line));
	free(journal);
	assert_true(names_scene_exists(name));
	names_shm_unlink(name);
	names_shm_unlink(name);
	assert_false(names_scene_exists(name));
	close(fd);
}

static void names_leaves_nothing_when_there_is_no_room(void **state)
{
	char *name = names_scene_extra(), err[400] = "";

	(void)state;
	assert_true(names_shm_create(name, (size_t)1 << 50, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "/dev/shm"));
	assert_false(names_scene_exists(name));
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
	memset(small, 'x', sizeof(small));
	assert_int_equal(
		names_path_new("socket", small, sizeof(small), err, sizeof(err)), -ENAMETOOLONG);
	assert_non_null(strstr(err, "sun_path"));
	assert_non_null(strstr(err, "room for 7 bytes"));
	assert_string_equal(small, ""); /* whoever unlinks it unlinks nothing */
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
	assert_true(names_scene_exists(o->name[0]) && names_scene_exists(o->name[1]) &&
		    support_exists(o->path));
	assert_int_equal(names_clean(hear, &said, err, sizeof(err)), 3);
	assert_true(said.n == 3 && said.shm == 2);
	assert_false(names_scene_exists(o->name[0]) || names_scene_exists(o->name[1]) ||
		     support_exists(o->path));
	assert_int_equal(names_scene_clean(), 0);
}

static void names_keeps_what_a_living_owner_holds(void **state)
{
	struct owner *o = owner_start(2, true);
	char *mine = names_scene_extra(), err[400] = "";
	int fd = names_shm_create(mine, OWNED_BYTES, err, sizeof(err));

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(names_scene_clean(), 0);
	assert_true(names_scene_exists(o->name[0]) && names_scene_exists(o->name[1]) &&
		    support_exists(o->path));
	assert_true(names_scene_exists(mine));
	owner_kill(o);
	assert_int_equal(names_scene_clean(), 3); /* the journal still knew */
	assert_true(names_scene_exists(mine));
	names_shm_unlink(mine);
	close(fd);
}

static void names_of_many_owners_survive_cleaning_while_they_are_made(void **state)
{
	struct owner *o[OWNERS];
	int status;

	(void)state;
	for (unsigned i = 0; i < OWNERS; i++)
		o[i] = owner_start(OWNED_MANY, false);
	for (unsigned i = 0; i < OWNERS; i++) {
		while (waitpid(o[i]->pid, &status, WUNTRACED | WNOHANG) != o[i]->pid)
			assert_int_equal(names_scene_clean(), 0);
		assert_true(WIFSTOPPED(status));
	}
	for (unsigned i = 0; i < OWNERS; i++)
		owner_kill(o[i]);
	assert_int_equal(names_scene_clean(), OWNERS * (OWNED_MANY + 1));
}

/* ---- directories -------------------------------------------------------------- */

/* In a child that does not come to remove anything: a directory with something in it. */
static void leave_dir(char *path, const char *outside)
{
	char inside[NAMES_PATH_MAX + 16], err[400];

	if (names_dir_new(path, NAMES_PATH_MAX, err, sizeof(err)) != 0)
		_exit(1);
	snprintf(inside, sizeof(inside), "%s/deep", path);
	if (mkdir(inside, 0700) != 0)
		_exit(1);
	snprintf(inside, sizeof(inside), "%s/deep/file", path);
	close(open(inside, O_CREAT | O_WRONLY, 0600));
	snprintf(inside, sizeof(inside), "%s/deep/link", path);
	_exit(symlink(outside, inside));
}

static void names_removes_a_dead_owners_directory_with_all_that_is_in_it(void **state)
{
	char *path = mmap(
		NULL, NAMES_PATH_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char mine[NAMES_PATH_MAX], foreign[] = "/tmp/handoff-test-XXXXXX", err[400] = "";
	int fd = mkstemp(foreign), status = 1;
	pid_t pid;

	(void)state;
	assert_true(path != MAP_FAILED && fd >= 0);
	assert_int_equal(names_dir_new(mine, sizeof(mine), err, sizeof(err)), 0);
	pid = fork();
	if (pid == 0)
		leave_dir(path, foreign);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(support_exists(path));
	assert_int_equal(names_scene_clean(), 1);
	assert_false(support_exists(path));
	assert_true(support_exists(mine) && support_exists(foreign));
	assert_int_equal(names_dir_remove(mine), 0);
	assert_int_equal(names_dir_remove(mine), -ENOENT);
	unlink(foreign);
	close(fd);
	munmap(path, NAMES_PATH_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMES_TEST(names_makes_a_directory_for_its_user_alone),
		NAMES_TEST(names_refuses_a_directory_that_others_may_enter),
		NAMES_TEST(names_refuses_a_directory_that_is_none),
		NAMES_TEST(names_refuses_a_journal_that_is_a_link),
		NAMES_TEST(names_uses_tmp_when_the_runtime_directory_is_no_use),
		NAMES_TEST(names_makes_an_object_that_is_journalled_first),
		NAMES_TEST(names_leaves_nothing_when_there_is_no_room),
		NAMES_TEST(names_gives_paths_that_fit_a_socket),
		NAMES_TEST(names_removes_what_a_killed_owner_left),
		NAMES_TEST(names_keeps_what_a_living_owner_holds),
		NAMES_TEST(names_removes_a_dead_owners_directory_with_all_that_is_in_it),
		NAMES_TEST(names_of_many_owners_survive_cleaning_while_they_are_made),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
