/*
 * pictures.h - which pictures a run has, and what they show.
 *
 * Seven kinds, each only where the run has two mechanisms and something to compare: throughput
 * against size; latency in nines; mechanisms side by side; figures over fans; over placements;
 * latency against CPU time; latency against the offered rate. Everything comes from the ranking (which has no floors and no races)
 * and from histograms.csv; families, workloads, domains and placements are taken as the rows name
 * them. What a picture leaves out its caption says. Drawn by plot.h.
 *
 * HANDOFF_GNUPLOT_MS in the environment: the time limit of a gnuplot, instead of 30000.
 */
#ifndef BENCH_PICTURES_H
#define BENCH_PICTURES_H

#include "bench/rank.h"

enum { PICTURES_MAX = 128, PICTURE_NAME = 64, PICTURE_TITLE = 240, PICTURE_WHY = 300 };

struct picture {
	char name[PICTURE_NAME]; /* file name without suffix */
	char title[PICTURE_TITLE];
	char why[PICTURE_WHY]; /* why it was not drawn; "" if it was */
	unsigned chapter;      /* of REPORT.md: 1 the answers, 6 what changes them */
};

/*
 * Draw what the rows allow into run_dir/plots; returns how many pictures were tried. caption: what
 * all of them say of the run. Where there are more than PICTURES_MAX, the last says how many.
 */
size_t pictures_draw(struct picture out[PICTURES_MAX], const char *run_dir, const struct ranking *r,
	const struct sample *rows, size_t n, const char *caption);

#endif
