/* main.c - the program: picks the command, and sees to it that what it printed has arrived. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd.h"
#include "bench/opt.h"
#include "bench/plugin.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL: hidden */
};

static const struct command commands[] = {
	{"run", cmd_run, "measure a matrix of cells"},
	{"stress", cmd_stress, "load everything from a seed and check every byte"},
	{"list", cmd_list, "the mechanisms, what each promises, and whether it works here"},
	{"topology", cmd_topology,
		"the machine's processors, the placements it has, what lies between two"},
	{"floor", cmd_floor, "the least that the parts of a hand-over cost on this machine"},
	{"doctor", cmd_doctor, "what of this machine bears on a measurement, and what you can do"},
	{"rank", cmd_rank, "order the mechanisms of a run"},
	{"report", cmd_report, "write REPORT.md and the pictures of a run"},
	{"compare", cmd_compare, "is a run slower than what was measured before"},
	{"baseline", cmd_baseline, "keep what later runs are compared with"},
	{"selftest", cmd_selftest,
		"hold the harness against mechanisms of known cost and known faults"},
	{"ab", cmd_ab, "is a new build slower than an old one: the gate of a CI job"},
	{"repro", cmd_repro, "do runs of one matrix on one machine say the same"},
	{"export", cmd_export, "a run's figures in the formats of other programs"},
	{"clean", cmd_clean, "remove objects that killed runs left behind"},
	{"version", cmd_version, "what this build is"},
	{"trial", cmd_trial, NULL},
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_help(FILE *to)
{
	fputs("Usage: handoff [--plugin FILE.so]... COMMAND [options]\n\n"
	      "Measures every way that one thread or process hands data to another, with proof\n"
	      "that each message arrived once, in order and whole.\n\n",
		to);
	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].summary)
			fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	}
	fputs("\n--plugin: with the mechanisms in that file too (`make plugin SRC=FILE.c` makes one).\n"
	      "\n`handoff COMMAND --help` tells the rest.  Exit codes: 0 as wanted, 1 a finding,\n"
	      "2 usage or I/O, 3 nothing could run or not comparable, 4 inconclusive, 128+n signal.\n",
		to);
}

static int unknown(const char *name)
{
	const char *known[COMMANDS], *near[2];
	size_t n = 0, hits;

	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].summary)
			known[n++] = commands[i].name;
	}
	hits = opt_near(name, known, n, near, 2);
	fprintf(stderr, "handoff: there is no command \"%s\"%s%s%s; see `handoff --help`\n", name,
		hits ? "; did you mean " : "", hits ? near[0] : "", hits ? "?" : "");
	return EXIT_USAGE;
}

/* Nothing of ours may land on fd 0, 1 or 2 because they were closed. */
static void hold_std_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* A full disk or a closed pipe behind stdout is an error, not a success. */
static int finish(int code)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || code > EXIT_SIGNAL)
		return code;
	fprintf(stderr, "handoff: cannot write to standard output: %s\n", strerror(errno));
	return EXIT_USAGE;
}

/* Trials are processes of this program: the environment tells them. */
static int name_plugin(const char *path, char *err, size_t err_len)
{
	char *all;
	int code;

	if (!path) {
		snprintf(err, err_len, "--plugin wants a file");
		return -EINVAL;
	}
	code = plugin_names_with(path, &all, err, err_len);
	if (!code && setenv(PLUGIN_ENV, all, 1) != 0) {
		snprintf(err, err_len, "no memory");
		code = -ENOMEM;
	}
	free(all);
	return code;
}

/* What stands before the command; how many words that are, or -1. */
static int take_plugins(int argc, char **argv)
{
	char err[700];
	int at = 1, code = 0;

	while (!code && at < argc && strcmp(argv[at], "--plugin") == 0) {
		code = name_plugin(at + 1 < argc ? argv[at + 1] : NULL, err, sizeof(err));
		at += 2;
	}
	if (!code)
		code = plugin_load_named(err, sizeof(err));
	if (!code)
		return at - 1;
	fprintf(stderr, "handoff: %s\n", err);
	return -1;
}

int main(int argc, char **argv)
{
	int taken;

	hold_std_fds();
	taken = take_plugins(argc, argv);
	if (taken < 0)
		return EXIT_USAGE;
	argc -= taken;
	argv += taken;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return finish(EXIT_FINE);
	}
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = (char *)(uintptr_t) "version";
	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return finish(commands[i].run(argc - 1, argv + 1));
	}
	return unknown(argv[1]);
}
