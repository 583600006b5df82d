/* names_scene.c - see names_scene.h. */
#include "tests/names_scene.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct names_scene names;

int names_scene_setup(void **state)
{
	(void)state;
	support_open(&names.dir);
	return setenv("XDG_RUNTIME_DIR", names.dir.path, 1);
}

static void owner_end(struct owner *o)
{
	if (o->pid > 0) {
		kill(o->pid, SIGKILL);
		waitpid(o->pid, NULL, 0);
	}
	for (unsigned i = 0; i < OWNED_MANY; i++)
		shm_unlink(o->name[i]);
	munmap(o, sizeof(*o));
}

int names_scene_teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OWNERS; i++) {
		if (names.owner[i])
			owner_end(names.owner[i]);
		names.owner[i] = NULL;
		shm_unlink(names.extra[i]);
		names.extra[i][0] = '\0';
	}
	support_close(&names.dir);
	return 0;
}

bool names_scene_exists(const char *name)
{
	int fd = names_shm_open(name);

	if (fd >= 0)
		close(fd);
	else
		assert_int_equal(fd, -ENOENT);
	return fd >= 0;
}

int names_scene_clean(void)
{
	char err[400] = "";
	int n = names_clean(NULL, NULL, err, sizeof(err));

	if (n < 0)
		fail_msg("names_clean: %s", err);
	return n;
}

static void make_all(struct owner *o, unsigned n)
{
	char err[400];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
	for (unsigned i = 0; i < n; i++) {
		if (names_shm_create(o->name[i], OWNED_BYTES, err, sizeof(err)) < 0)
			_exit(1);
	}
	if (names_path_new("file", o->path, sizeof(o->path), err, sizeof(err)) != 0)
		_exit(1);
	fd = open(o->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	_exit(fd >= 0 && raise(SIGSTOP) == 0 ? 0 : 1);
}

static void remember_owner(struct owner *o)
{
	unsigned i = 0;

	while (i < OWNERS - 1 && names.owner[i])
		i++;
	names.owner[i] = o;
}

struct owner *owner_start(unsigned n, bool wait)
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
	remember_owner(o);
	if (wait) {
		assert_int_equal(waitpid(o->pid, &status, WUNTRACED), o->pid);
		assert_true(WIFSTOPPED(status));
	}
	return o;
}

void owner_kill(struct owner *o)
{
	int status;

	kill(o->pid, SIGKILL);
	do
		assert_int_equal(waitpid(o->pid, &status, WUNTRACED), o->pid);
	while (!WIFSIGNALED(status) && !WIFEXITED(status));
	assert_true(WIFSIGNALED(status));
	o->pid = 0;
}

char *names_scene_extra(void)
{
	unsigned i = 0;

	while (names.extra[i][0])
		assert_true(++i < OWNERS);
	return names.extra[i];
}

const char *names_scene_make(const char *stem)
{
	char *name = names_scene_extra();
	int fd;

	snprintf(name, NAMES_MAX, "%s%ld", stem, (long)getpid());
	shm_unlink(name); /* of a test with this pid that was killed */
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	return name;
}
