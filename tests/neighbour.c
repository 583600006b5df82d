/* neighbour.c - see neighbour.h. */
#include "tests/neighbour.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_neighbour(unsigned cpu)
{
	pid_t pid = fork();
	cpu_set_t set;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(PROGRAM_PATIENCE_S);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (volatile unsigned long i = 0;; i++)
		;
}

/* Where the first worker of an undisturbed run was. */
static unsigned first_cpu(void)
{
	size_t n = 0;
	struct sample *row;
	unsigned cpu;

	program_ends(H "run " SPINS
		       " -p nearest --reps 1 --trial-ms 1 --repeat-noisy no --no-report -o where",
		0);
	row = program_rows("where", &n);
	assert_int_equal(n, 1);
	cpu = (unsigned)strtoul(row[0].cpus, NULL, 10);
	free(row);
	program_ends("rm -r where", 0);
	return cpu;
}

void neighbour_beside(const char *line)
{
	pid_t pid = start_neighbour(first_cpu());
	int code = program_finish(program_start(line));

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(code, 0);
}
