/*
 * pictures.h - which curves a run's pictures show.
 *
 * Throughput against size (stream) and latency in nines (ping-pong), for
 * threads and for processes.  Drawn by plot.h.
 */
#ifndef BENCH_PICTURES_H
#define BENCH_PICTURES_H

#include "bench/rank.h"

enum { PICTURES_MAX = 4, PICTURE_NAME = 48, PICTURE_WHY = 300 };

struct picture {
	char name[PICTURE_NAME]; /* file name without suffix */
	char title[120];
	char why[PICTURE_WHY]; /* why it was not drawn; "" if it was */
};

/* Draw what the rows allow; returns how many pictures were tried. */
size_t pictures_draw(struct picture out[PICTURES_MAX], const char *run_dir, const struct ranking *r,
	const struct sample *rows, size_t n, const char *caption);

#endif
