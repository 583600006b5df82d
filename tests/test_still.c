/*
 * A machine that stands still for seconds, as a paused virtual machine does: the trial that was under
 * way has no less time for it, and is no finding.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lab.h"
#include "tests/support.h"

enum {
	STRETCH_NS = 600 * 1000 * 1000,
	DEADLINE_NS = 1500 * 1000 * 1000,
	BEFORE_US = 200 * 1000,
	STILL_S = 3,            /* longer than the trial's deadline and what its parent adds */
	LATER_US = 1300 * 1000, /* its parent looks each second */
	TRIES = 1000,
	SCENES = 3,
};

struct verdict {
	enum trial_status status;
	char reason[TRIAL_REASON];
};

static void run_trial(struct verdict *to)
{
	static struct cell c;
	struct trial_spec spec;

	lab_need_cell(&c, "lock/mutex/contend?domain=thread&fan=1&placement=same-pu");
	c.stretch_ns = STRETCH_NS;
	lab_spec(&c, &spec);
	spec.stretch_ns = STRETCH_NS;
	spec.deadline_ns = DEADLINE_NS;
	to->status = lab_run_spec(&c, &spec);
	snprintf(to->reason, sizeof(to->reason), "%s", lab.result->reason);
}

/* The first child of a process; 0: it has none yet. */
static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

/* Who waits for the trial, and the trial, which leads a group of its own and comes back later. */
static void stand_still(pid_t runner, pid_t trial)
{
	kill(runner, SIGSTOP);
	kill(-trial, SIGSTOP);
	sleep(STILL_S);
	kill(runner, SIGCONT);
	usleep(LATER_US);
	kill(-trial, SIGCONT);
}

static void play(struct verdict *v)
{
	pid_t runner, trial = 0;
	int status;

	v->status = TRIAL_FAIL;
	runner = fork();
	if (runner == 0) {
		run_trial(v);
		_exit(0);
	}
	for (int i = 0; i < TRIES && (trial = child_of(runner)) == 0; i++)
		usleep(1000);
	usleep(BEFORE_US);
	if (trial > 0)
		stand_still(runner, trial);
	assert_int_equal(waitpid(runner, &status, 0), runner);
	assert_true(trial > 0 && WIFEXITED(status));
}

static void trial_of_a_machine_that_stood_still_has_its_time(void **state)
{
	struct verdict *v = mmap(
		NULL, sizeof(*v), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(v != MAP_FAILED);
	/* on a busy machine it may not have begun yet, or stand still once more by itself */
	for (int i = 0; i < SCENES && (i == 0 || v->status != TRIAL_OK); i++)
		play(v);
	if (v->status != TRIAL_OK)
		fail_msg("%s: %s", trial_status_name(v->status), v->reason);
	munmap(v, sizeof(*v));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trial_of_a_machine_that_stood_still_has_its_time),
	};

	if (lab_is_trial(argc, argv))
		return cmd_trial(argc - 1, argv + 1);
	return cmocka_run_group_tests_name("still", tests, lab_setup, lab_teardown);
}
