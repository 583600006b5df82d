/* cmd_small.c - version and clean. */
#include <stdio.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/plugin.h"
#include "bench/samples.h"
#include "bench/version.h"
#include "harness/names.h"
#include "harness/trial.h"

static void print_plugins(void)
{
	size_t n;
	const struct plugin_file *f = plugin_all(&n);

	for (size_t i = 0; i < n; i++) {
		printf("plugin   %s %s:", f[i].id, f[i].path);
		for (size_t m = 0; f[i].mech[m]; m++)
			printf(" %s", f[i].mech[m]->name);
		printf("\n");
	}
}

static const struct opt no_opts[] = {{0}};

int cmd_version(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "version",
		.synopsis = "",
		.summary = "What this build is: version, commit, compiler, flags, formats.",
		.opts = no_opts,
	};
	char id[20];
	int code = opt_parse(&cmd, NULL, argc, argv, NULL, NULL);

	if (code != OPT_RUN)
		return code;
	version_binary_id(id);
	printf("handoff %s\ncommit   %s\ncompiler %s\nflags    %s (%s)\nbinary   %s\n"
	       "formats  samples schema %d, trial protocol %d\n",
		version_number, version_commit, __VERSION__, version_flags, version_flavour, id,
		SAMPLES_SCHEMA, TRIAL_PROTOCOL);
	print_plugins();
	return EXIT_FINE;
}

static void say_removed(void *ctx, const char *kind, const char *name)
{
	(void)ctx;
	printf("removed %s %s\n", kind, name);
}

int cmd_clean(int argc, char **argv)
{
	static const struct opt_cmd cmd = {
		.name = "clean",
		.synopsis = "",
		.summary = "Remove shared memory that killed runs left behind: what the journal of "
			   "this user names and whose owner is dead.  Nothing else is touched.",
		.opts = no_opts,
	};
	char err[256] = "";
	int code = opt_parse(&cmd, NULL, argc, argv, NULL, NULL), gone;

	if (code != OPT_RUN)
		return code;
	gone = names_clean(say_removed, NULL, err, sizeof(err));
	if (gone < 0) {
		fprintf(stderr, "handoff: %s\n", err);
		return EXIT_USAGE;
	}
	printf("%d left-over object%s removed\n", gone, gone == 1 ? "" : "s");
	return EXIT_FINE;
}
