/*
 * Runs together, and `handoff clean`: it removes what the dead left and nothing else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/names.h"
#include "tests/remains.h"
#include "tests/support.h"

/* ---- together --------------------------------------------------------------------------- */

static void check_run_is_fine(pid_t pid, const char *run)
{
	size_t n = 0;
	struct sample *row = program_rows(run, &n);

	(void)pid;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(row[i].run_id, run);
		if (strcmp(row[i].status, "ok") != 0)
			fail_msg("%s: %s: %s", row[i].cell, row[i].status, row[i].reason);
	}
	free(row);
}

static void runs_at_once_do_not_meet_nor_does_clean_disturb_them(void **state)
{
	pid_t a, b;
	int done = 0, status = 0, cleaned = 0;

	(void)state;
	program_need_processes();
	a = program_start_as(H "run --no-report " CELLS "--reps 5 -o a", "a");
	b = program_start_as(H "run --no-report " CELLS "--reps 5 -o b", "b");
	while (done < 2) {
		program_ends(H "clean", RC_FINE);
		cleaned++;
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
			if (pid != a && pid != b)
				continue;
			assert_int_equal(status, 0);
			done++;
		}
	}
	print_message("cleaned %d times meanwhile\n", cleaned);
	check_run_is_fine(a, "a");
	check_run_is_fine(b, "b");
	remains_check_foreign();
}

/* ---- clean -------------------------------------------------------------------------------- */

/* What a child made that ended without removing it. */
struct left {
	char shm[NAMES_MAX], path[NAMES_PATH_MAX];
};

static void leave(struct left *l)
{
	char err[400];

	if (names_shm_create(l->shm, 4096, err, sizeof(err)) < 0 ||
		names_path_new("fifo", l->path, sizeof(l->path), err, sizeof(err)) != 0 ||
		mkfifo(l->path, 0600) != 0)
		_exit(1);
	_exit(0);
}

static struct left *leave_something(void)
{
	struct left *l = mmap(
		NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1;
	pid_t pid;

	assert_true(l != MAP_FAILED);
	pid = fork();
	if (pid == 0)
		leave(l);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return l;
}

static bool shm_exists(const char *name)
{
	int fd = shm_open(name, O_RDONLY, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void clean_removes_what_the_dead_left_and_says_so(void **state)
{
	char mine[NAMES_MAX], err[400] = "";
	struct left *l;
	int fd;

	(void)state;
	program_need_processes();
	fd = names_shm_create(mine, 4096, err, sizeof(err));
	assert_true(fd >= 0);
	l = leave_something();
	assert_true(shm_exists(l->shm) && support_exists(l->path));
	program_says(H "clean", "2 left-over objects removed");
	assert_non_null(strstr(program.out, l->shm));
	assert_non_null(strstr(program.out, l->path));
	assert_false(shm_exists(l->shm) || support_exists(l->path));
	assert_true(shm_exists(mine));
	program_says(H "clean", "0 left-over objects removed");
	remains_check_foreign();
	names_shm_unlink(mine);
	close(fd);
	munmap(l, sizeof(*l));
}

/* As `from` in the journal, now `to`. */
static void rewrite_journal(const char *from, const char *to)
{
	char line[1024];

	snprintf(line, sizeof(line), "sed -i 's/%s/%s/' ../handoff/journal", from, to);
	program_ends(line, RC_FINE);
}

/* Their owner cannot be seen from here, dead or alive: another container's, say. */
static void clean_leaves_what_it_cannot_judge(void **state)
{
	struct left *l;

	(void)state;
	program_need_processes();
	l = leave_something();
	rewrite_journal("[0-9]*$", "4026531777"); /* another pid namespace */
	program_says(H "clean", "0 left-over objects removed");
	assert_true(shm_exists(l->shm) && support_exists(l->path));
	rewrite_journal("[0-9]*$", "0"); /* not known: the pid decides */
	program_says(H "clean", "2 left-over objects removed");
	munmap(l, sizeof(*l));
}

/* Hidden /proc: neither side knows of the boot, and that says nothing. */
static void clean_without_proc_leaves_the_living_alone(void **state)
{
	char mine[NAMES_MAX], err[400] = "";
	int fd;

	(void)state;
	program_need_processes();
	program_need_no_asan("it reads /proc");
	if (program_finish(program_start("unshare -m mount -t tmpfs none /proc")) != 0)
		skip_because("no root, /proc cannot be hidden");
	fd = names_shm_create(mine, 4096, err, sizeof(err));
	assert_true(fd >= 0);
	program_says("unshare -m sh -c 'mount -t tmpfs none /proc && exec " H "clean'", "0 left");
	assert_true(shm_exists(mine));
	rewrite_journal(" [0-9a-f-]* [0-9]*$", " unknown 0");
	program_says(H "clean", "0 left-over");
	assert_true(shm_exists(mine));
	names_shm_unlink(mine);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REMAINS_TEST(runs_at_once_do_not_meet_nor_does_clean_disturb_them),
		REMAINS_TEST(clean_removes_what_the_dead_left_and_says_so),
		REMAINS_TEST(clean_leaves_what_it_cannot_judge),
		REMAINS_TEST(clean_without_proc_leaves_the_living_alone),
	};

	program_find();
	return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
