/*
 * picture_scene.h - rows, the pictures that they make, and what is written of them for gnuplot,
 * which is not on PATH here.
 *
 * Whatever goes wrong in here fails the running test. Main thread only.
 */
#ifndef TESTS_PICTURE_SCENE_H
#define TESTS_PICTURE_SCENE_H

#include "bench/pictures.h"
#include "tests/sample_rows.h"

enum { ROWS = 4000 };

struct scene {
	char *dir, *path;
	struct sample *row;
	size_t n;
	struct picture picture[PICTURES_MAX];
	size_t pictures;
};

/* cmocka fixtures: *state is the scene. */
int pic_open(void **state);
int pic_close(void **state);

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, pic_open, pic_close)

/* Rows of n trials, the first of them; the family is what stands before the slash. */
struct sample *pic_add(struct scene *s, struct at at, double figure, size_t n);

/* Ping-pong of 64 B between threads, by pipe and by fifo. */
void pic_pingpongs(struct scene *s, size_t trials);

/* Make the pictures of all rows. */
void pic_draw(struct scene *s);

/* A picture by name; pic_find(): NULL where there is none. */
const struct picture *pic_find(const struct scene *s, const char *name);
const struct picture *pic_need(const struct scene *s, const char *name);

/* What is written for a picture, to be freed. */
char *pic_text(const struct scene *s, const char *name, const char *suffix);

/* It says these words. */
void pic_says(const struct scene *s, const char *name, const char *suffix, const char *words);

/* Its caption does, put into one line. */
void pic_caption_says(const struct scene *s, const char *name, const char *words);

/* Where words are in a text. */
size_t pic_place(const char *text, const char *words);

#endif
