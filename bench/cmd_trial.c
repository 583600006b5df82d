/*
 * cmd_trial.c - the hidden command behind every trial, and behind workers that
 * or children begin by exec.  Not for users: the spec comes in a file descriptor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/cmd.h"
#include "bench/registry.h"
#include "harness/family/spawn.h"
#include "harness/trial.h"
#include "primitives/selftest.h"

/* Those of the self-test have names that no selection gives. */
static const struct mech *find(const char *name)
{
	const struct mech *m = registry_find(name);

	return m ? m : selftest_find(name);
}

/*
 * A link may have ten thousand descriptors.  The soft limit is there for programs that ask
 * select; event/select looks at FD_SETSIZE itself.  What the hard one forbids is a skip.
 */
static void allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

int cmd_trial(int argc, char **argv)
{
	allow_files();
	if (argc == 5 && strcmp(argv[1], "--spec") == 0 && strcmp(argv[3], "--result") == 0)
		return trial_main(atoi(argv[2]), atoi(argv[4]), find);
	if (argc == 5 && strcmp(argv[1], "--arena") == 0 && strcmp(argv[3], "--worker") == 0)
		return trial_exec_worker(argv[2], (unsigned)atoi(argv[4]), find);
	if (argc == 5 && strcmp(argv[1], "--child") == 0)
		return spawn_exec_child(
			atoi(argv[2]), (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
	fputs("handoff: trial is run by `handoff run`, not by hand\n", stderr);
	return EXIT_USAGE;
}
