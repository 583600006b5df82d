/*
 * report.h - REPORT.md and the pictures of a run, from its files alone.
 *
 * Every figure is computed from samples.csv, histograms.csv and
 * environment.csv; the same files give the same bytes.  A picture that cannot
 * be drawn (gnuplot missing, failing, hanging) costs neither the report nor the
 * exit code: the reason stands in chapter 7 and on stderr.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stddef.h>

/* 0, or -errno with a sentence. */
int report_write(const char *run_dir, char *err, size_t err_len);

#endif
