/*
 * plot_scene.h - a directory for pictures, a request, and programs called gnuplot.
 *
 * Whatever goes wrong in here fails the running test. Main thread only.
 */
#ifndef TESTS_PLOT_SCENE_H
#define TESTS_PLOT_SCENE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "bench/plot.h"

extern const struct plot_point scene_points[4];
extern const struct plot_series scene_series[3];

struct place {
	char root[64];
	char dir[80];
	char bin[80]; /* for a program called gnuplot */
	char *old_path;
};

/* cmocka fixtures: *state is the place. */
int make_place(void **state);
int remove_place(void **state);

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

/* Of the series above, in the place. */
struct plot_request request_in(const struct place *p);

/* Makes a shell script the only gnuplot there is; NULL: there is none. */
void only_gnuplot(const struct place *p, const char *script);

/* One that has a version; the script's lines are what it does with a picture. */
void fake_gnuplot(const struct place *p, const char *lines);

/* What passes for two whole pictures called $n. */
#define SIXTY_BYTES "............................................................"
#define WHOLE(n)                                                                                   \
	"echo '" SIXTY_BYTES "IEND' > " n ".png\necho '" SIXTY_BYTES "</svg>' > " n ".svg\n"
#define WHOLE_PICTURES WHOLE("throughput-1x1")

/* Skips the test where no gnuplot is installed. */
void need_gnuplot(const struct place *p);

/* Bytes of a file; -1: there is none. */
long size_in(const char *dir, const char *name);

/* The picture is drawn, both files. */
void plot_is_drawn(const struct plot_request *r);

/* It is not, with this code and these words, and neither file is there. */
void plot_is_not_drawn(const struct plot_request *r, int rc, const char *part);

#endif
