/*
 * picture_set.h - the pictures of a run while they are made: names, captions, what they share.
 *
 * Internal to pictures.c and picture_*.c. One thread.
 */
#ifndef BENCH_PICTURE_SET_H
#define BENCH_PICTURE_SET_H

#include "bench/picture_grid.h"
#include "bench/pictures.h"

enum {
	PICTURE_PAGES = 3,  /* beyond, a caption says how many more there are */
	PICTURE_LINES = 10, /* series of a panel */
	PICTURE_ROWS = 36,  /* mechanisms below each other */
	PICTURE_CAPTION = 3600,
};

struct picture_set {
	struct picture *out;
	size_t n, left_out; /* left_out: beyond PICTURES_MAX */
	const char *run_dir, *caption;
	char dir[4200], scripts[4200];
	const struct ranking *ranking;
	const struct sample *rows; /* all of the run; the ranking has those that are ranked */
	size_t n_rows;
	const char **mechanism; /* sorted: each has the same colour in every picture */
	size_t mechanisms;
};

/* 0 or -ENOMEM; picture_set_free(). */
int picture_set_open(struct picture_set *s, struct picture *out, const char *run_dir,
	const struct ranking *r, const struct sample *rows, size_t n, const char *caption);
void picture_set_free(struct picture_set *s);

/* What one picture shows; filled by its kind. */
struct picture_page {
	const char *name; /* made tame and unique */
	const char *title;
	unsigned chapter;
	char note[PICTURE_CAPTION]; /* the caption's own part */
	struct plot_request plot;   /* script, panels, titles, series; the rest is set here */
};

/* Write what gnuplot reads; drawn later, with all others. */
void picture_set_add(struct picture_set *s, struct picture_page *page);

/* One that cannot be drawn, and why. */
void picture_set_miss(struct picture_set *s, const struct picture_page *page, const char *why);

/* One that there is no room for: counted. */
void picture_set_skip(struct picture_set *s);

/* Draw all that were added. */
void picture_set_render(struct picture_set *s);

/* Colour, shape and dashes of an entry: by its mechanism and how it waits. */
struct plot_look picture_look(const struct picture_set *s, const struct rank_entry *e);

/* Append to a note, a sentence at a time; what does not fit ends in "...". */
__attribute__((format(printf, 2, 3))) void picture_say(char *note, const char *format, ...);

/*
 * What a caption must say of the figures: trials and noisy ones, interval or range (drawn as
 * `what`; NULL: neither), capacities, columns and rows left out.
 */
void picture_say_grid(char *note, const struct grid *g, const char *what);

/* "Not shown: 3 slower ones (a, b, c)." for rows [from, to) of a grid; nothing for none. */
void picture_say_rest(char *note, const struct grid *g, size_t from, size_t to);

/*
 * "channel" -> "", others "event-": what a file name begins with, so that names are short where
 * most are. Result in out; returns out.
 */
const char *picture_prefix(const char *family, char *out, size_t len);

/* "" for 64 B and for no size, else "-64k". Returns out. */
const char *picture_size_suffix(double bytes, char *out, size_t len);

/* " of 64 B", "" for no size. */
const char *picture_size_title(double bytes, char *out, size_t len);

/* "nearest (same-l3)" */
void picture_place(const struct sample *s, char *out, size_t len);

/* What the axis of a group's figures is called. */
const char *picture_figure_title(const struct rank_group *g);

/* ---- parts of a ranking ------------------------------------------------------- */

/* Neighbours in the ranking: of one family and workload, or further of one domain or size. */
struct picture_span {
	const struct rank_group *group;
	size_t n;
};

enum picture_by { BY_WORKLOAD, BY_DOMAIN, BY_SIZE };

/*
 * Cuts the next span off *rest; false at the end. BY_WORKLOAD: one family and workload; BY_DOMAIN:
 * and one domain and start; BY_SIZE: and one size.
 */
bool picture_next(struct picture_span *rest, enum picture_by by, struct picture_span *out);

/* Workloads whose rows say more in tables: tries and ends. */
bool picture_is_minor(const struct sample *s);

/* Processes that were started unrelated (exec). */
bool picture_is_unrelated(const struct sample *s);

/* Total workers of a row; whether they are all alike (locks), and not senders and receivers. */
double picture_workers(const struct sample *s);
bool picture_one_role(const struct sample *s);

/*
 * What a picture holds still: the fan with two workers (else the next larger, else the smallest),
 * and a placement: nearest, else the one that most groups have. key is a row that has them.
 */
struct picture_base {
	double producers, consumers;
	const char *placement;
};

struct picture_base picture_base_of(const struct picture_span *s, double bytes);
bool picture_is_base(const struct picture_base *b, const struct sample *s);

/* Sizes are equal; no size equals no size. */
bool picture_same_size(double a, double b);

/*
 * The standing sizes that a span has: 64 B and 64 KiB; all above where `above`; the smallest where
 * it has neither; no size (NAN) for families without messages. Returns how many, at most max.
 */
size_t picture_sizes(const struct picture_span *s, bool above, double *out, size_t max);

/* "Also measured, not in this picture: placements a, b." for the span's groups of the size. */
void picture_say_places(char *note, const struct picture_span *s, double bytes, const char *shown);

/* A row of the open loop that may be shown. */
bool picture_is_loaded(const struct sample *s);

/* ---- the seven kinds ------------------------------------------------------------- */

typedef void picture_kind_fn(struct picture_set *s);

picture_kind_fn picture_roundtrip, picture_throughput, picture_fans, picture_places, picture_cost;

/* Reads knees.csv, where there is one. */
picture_kind_fn picture_load;

/* Reads histograms.csv once, for all of its pictures. */
picture_kind_fn picture_latency;

#endif
