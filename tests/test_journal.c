/*
 * The journal of named objects: what it does not name, or names in a way that
 * this program would not, is never touched.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/names_scene.h"

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
	support_append(support_path(&names.dir, "handoff/journal"), line);
}

static void names_touches_nothing_that_no_journal_names(void **state)
{
	struct owner *o = owner_start(1, true);
	const char *foreign;

	(void)state;
	foreign = names_scene_make("/handoff-foreign-");
	owner_kill(o);
	assert_int_equal(names_scene_clean(), 2);
	assert_true(names_scene_exists(foreign));
}

static void names_tells_a_recycled_pid_and_another_boot_from_the_owner(void **state)
{
	const char *recycled, *rebooted;
	char boot[40];

	(void)state;
	boot_id(boot);
	names_scene_clean(); /* makes the directory */
	recycled = names_scene_make("/handoff-recycled-");
	rebooted = names_scene_make("/handoff-rebooted-");
	add_line("shm", recycled, getpid(), 1, boot);
	add_line("shm", rebooted, getpid(), 0, "00000000-0000-0000-0000-000000000000");
	assert_int_equal(names_scene_clean(), 2);
	assert_false(names_scene_exists(recycled) || names_scene_exists(rebooted));
}

static void names_ignores_lines_that_it_did_not_write(void **state)
{
	char victim[SUPPORT_PATH], climb[SUPPORT_PATH + 32], boot[40];
	const char *other;
	long dead = dead_pid();

	(void)state;
	boot_id(boot);
	names_scene_clean();
	snprintf(victim, sizeof(victim), "%s", support_path(&names.dir, "victim"));
	support_text(victim, "precious\n");
	other = names_scene_make("/other-program-");
	add_line("file", victim, dead, 1, boot);
	add_line("shm", victim, dead, 1, boot);
	add_line("fifo", "victim", dead, 1, boot);
	snprintf(climb, sizeof(climb), "%s/handoff/../victim", names.dir.path);
	add_line("file", climb, dead, 1, boot);
	snprintf(climb, sizeof(climb), "%s/handoff/handoff-x/../../victim", names.dir.path);
	add_line("file", climb, dead, 1, boot);
	snprintf(climb, sizeof(climb), "/handoff-x/../..%s", victim);
	add_line("shm", climb, dead, 1, boot);
	add_line("shm", other, dead, 1, boot);
	support_append(
		support_path(&names.dir, "handoff/journal"), "\n\n \nshm\nshm /handoff-x\n%s%n\n");
	support_write(support_path(&names.dir, "handoff/handoff-kept"), "", 0);
	assert_int_equal(names_scene_clean(), 0);
	assert_true(support_exists(victim) && names_scene_exists(other));
	assert_true(support_exists(support_path(&names.dir, "handoff/handoff-kept")));
}

static void names_cleans_on_after_garbage(void **state)
{
	char boot[40], noise[5000];
	const char *left;
	uint32_t random = 1;

	(void)state;
	boot_id(boot);
	names_scene_clean();
	for (size_t i = 0; i < sizeof(noise); i++) {
		random = random * 1664525u + 1013904223u;
		noise[i] = (char)(random >> 24);
	}
	noise[sizeof(noise) - 1] = '\n';
	support_write(support_path(&names.dir, "handoff/journal"), noise, sizeof(noise));
	left = names_scene_make("/handoff-left-");
	add_line("shm", left, dead_pid(), 1, boot);
	support_append(
		support_path(&names.dir, "handoff/journal"), "shm /handoff-half"); /* no LF */
	assert_int_equal(names_scene_clean(), 1);
	assert_false(names_scene_exists(left));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMES_TEST(names_touches_nothing_that_no_journal_names),
		NAMES_TEST(names_tells_a_recycled_pid_and_another_boot_from_the_owner),
		NAMES_TEST(names_ignores_lines_that_it_did_not_write),
		NAMES_TEST(names_cleans_on_after_garbage),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
