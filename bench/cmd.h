/*
 * cmd.h - the commands of the program.
 *
 * Each takes its own argv (argv[0] is the command's name), prints, and returns
 * the exit code: 0 as wanted, 1 a finding, 2 usage or I/O, 3 nothing could run
 * or not comparable, 4 inconclusive, 128+n after a signal.
 */
#ifndef BENCH_CMD_H
#define BENCH_CMD_H

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_FINE, EXIT_FINDING, EXIT_USAGE, EXIT_NOTHING, EXIT_INCONCLUSIVE, EXIT_SIGNAL = 128 };

/* Not floors, not races: what rankings may hold. */
bool cmd_rankable(const char *mechanism);

/* A run is a directory, or the file itself. */
void cmd_run_path(const char *run, const char *file, char *out, size_t len);

int cmd_ab(int argc, char **argv);
int cmd_baseline(int argc, char **argv);
int cmd_clean(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_floor(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_rank(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_repro(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_stress(int argc, char **argv);
int cmd_topology(int argc, char **argv);
int cmd_trial(int argc, char **argv); /* hidden */
int cmd_version(int argc, char **argv);

#endif
