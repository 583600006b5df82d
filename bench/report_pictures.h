/*
 * report_pictures.h - a run's pictures: drawn, or as they were kept.
 *
 * plots/pictures.csv (name,title,why) says which there are, so that a document
 * can be made again where nothing can be drawn.
 */
#ifndef BENCH_REPORT_PICTURES_H
#define BENCH_REPORT_PICTURES_H

#include "bench/pictures.h"
#include "bench/report_run.h"

/*
 * The pictures of a run into *out (malloc'd, caller frees), how many into *n.  keep: those that
 * plots/pictures.csv names, and nothing is written; a missing file is said in why.  Else they are
 * drawn, and pictures.csv is written.  0, or -errno with a sentence.
 */
int report_pictures(const struct report_run *run, bool keep, struct picture **out, size_t *n,
	char *err, size_t err_len);

#endif
