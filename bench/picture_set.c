/* picture_set.c - see picture_set.h. */
#include "bench/picture_set.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#include "bench/paths.h"
#include "harness/compiler.h"

enum { TINTS = 7 }; /* colours that style.gp has: from then on dashes differ */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_unique(struct picture_set *s)
{
	size_t kept = 0;

	qsort(s->mechanism, s->mechanisms, sizeof(*s->mechanism), compare_names);
	for (size_t i = 0; i < s->mechanisms; i++) {
		if (i == 0 || strcmp(s->mechanism[i], s->mechanism[kept - 1]) != 0)
			s->mechanism[kept++] = s->mechanism[i];
	}
	s->mechanisms = kept;
}

bool picture_is_loaded(const struct sample *s)
{
	return sample_usable(s, false) && strcmp(s->workload, "openloop") == 0 && s->rate_per_s > 0;
}

int picture_set_open(struct picture_set *s, struct picture *out, const char *run_dir,
	const struct ranking *r, const struct sample *rows, size_t n, const char *caption)
{
	size_t entries = n;

	*s = (struct picture_set){.out = out, .run_dir = run_dir, .caption = caption, .ranking = r};
	s->rows = rows;
	s->n_rows = n;
	snprintf(s->dir, sizeof(s->dir), "%s/plots", run_dir);
	snprintf(s->scripts, sizeof(s->scripts), "%s/scripts/plot", share_dir());
	for (size_t i = 0; i < r->n; i++)
		entries += r->group[i].n;
	s->mechanism = calloc(entries + 1, sizeof(*s->mechanism));
	if (!s->mechanism)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->group[i].n; k++)
			s->mechanism[s->mechanisms++] = r->group[i].entry[k].mechanism;
	}
	for (size_t i = 0; i < n; i++) {
		if (picture_is_loaded(&rows[i]))
			s->mechanism[s->mechanisms++] = rows[i].mechanism;
	}
	sort_unique(s);
	return 0;
}

void picture_set_free(struct picture_set *s)
{
	free(s->mechanism);
	s->mechanism = NULL;
}

static bool same_family(const char *a, const char *b)
{
	size_t len = strcspn(a, "/");

	return len == strcspn(b, "/") && strncmp(a, b, len) == 0;
}

/* Its place among the mechanisms of its family. */
struct plot_look picture_look(const struct picture_set *s, const struct rank_entry *e)
{
	static const char *const waits[] = {"block", "spin", "yield", "spin-then-block", "epoll"};
	const char *name = e->mechanism;
	const char **at = bsearch(&name, s->mechanism, s->mechanisms, sizeof(name), compare_names);
	unsigned i = 0, wait = 1;

	while (at && at - i > s->mechanism && same_family(at[-(ptrdiff_t)i - 1], name))
		i++;

	for (unsigned w = 0; w < ARRAY_LEN(waits); w++)
		wait = strcmp(e->wait, waits[w]) == 0 ? w : wait;
	return (struct plot_look){
		.tint = i,
		.mark = i,
		.dash = i / TINTS + (wait > 1 ? wait - 1 : 0),
		.hollow = wait > 1,
	};
}

/* ---- names ------------------------------------------------------------------- */

static bool is_taken(const struct picture_set *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->out[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Names come from rows, which hold what they like: letters, digits and dashes remain. */
static void make_name(const struct picture_set *s, const char *wanted, char *out)
{
	char tame[PICTURE_NAME - 8];
	size_t n = 0;

	for (; *wanted && n + 1 < sizeof(tame); wanted++) {
		int c = tolower((unsigned char)*wanted);
		bool good = c < 128 && isalnum(c);

		if (n == 0 && !good)
			tame[n++] = 'x'; /* a name with a dash first would be an option */
		tame[n++] = (char)(good ? c : '-');
	}
	tame[n] = '\0';
	snprintf(out, PICTURE_NAME, "%s", tame);
	for (unsigned i = 2; is_taken(s, out); i++)
		snprintf(out, PICTURE_NAME, "%s-%u", tame, i);
}

const char *picture_prefix(const char *family, char *out, size_t len)
{
	bool short_one = strcmp(family, "channel") == 0;

	snprintf(out, len, "%s%s", short_one ? "" : family, short_one ? "" : "-");
	return out;
}

static void format_size(double bytes, const char *const unit[4], char *out, size_t len)
{
	int u = 0;

	while (u < 3 && bytes >= 1024 && fmod(bytes, 1024) == 0) {
		bytes /= 1024;
		u++;
	}
	snprintf(out, len, "%.0f%s", bytes, unit[u]);
}

const char *picture_size_suffix(double bytes, char *out, size_t len)
{
	static const char *const unit[] = {"", "k", "m", "g"};

	out[0] = '-';
	out[1] = '\0';
	if (isnan(bytes) || bytes == 64)
		out[0] = '\0';
	else
		format_size(bytes, unit, out + 1, len - 1);
	return out;
}

const char *picture_size_title(double bytes, char *out, size_t len)
{
	static const char *const unit[] = {" B", " KiB", " MiB", " GiB"};

	snprintf(out, len, " of ");
	if (isnan(bytes))
		out[0] = '\0';
	else
		format_size(bytes, unit, out + 4, len - 4);
	return out;
}

void picture_place(const struct sample *s, char *out, size_t len)
{
	bool known = strncmp(s->params, "class=", 6) == 0;

	snprintf(out, len, known ? "%s (%.*s)" : "%s", s->placement,
		(int)strcspn(s->params + (known ? 6 : 0), ";"), s->params + 6);
}

/* ---- pictures ------------------------------------------------------------------ */

/* The last one tells of those that there is no room for. */
void picture_set_skip(struct picture_set *s)
{
	struct picture *p = &s->out[PICTURES_MAX - 1];

	s->left_out++;
	if (s->left_out == 1) {
		s->n = PICTURES_MAX;
		*p = (struct picture){.name = "more", .title = "More pictures", .chapter = 6};
	}
	snprintf(p->why, sizeof(p->why), "%zu more would be too many: a report has at most %d",
		s->left_out, PICTURES_MAX - 1);
}

/* NULL where there is no room. */
static struct picture *new_picture(struct picture_set *s, const struct picture_page *page)
{
	struct picture *p = &s->out[s->n];

	if (s->n >= PICTURES_MAX - 1) {
		picture_set_skip(s);
		return NULL;
	}
	*p = (struct picture){.chapter = page->chapter};
	make_name(s, page->name, p->name);
	s->n++;
	snprintf(p->title, sizeof(p->title), "%s", page->title);
	return p;
}

void picture_set_miss(struct picture_set *s, const struct picture_page *page, const char *why)
{
	struct picture *p = new_picture(s, page);

	if (p)
		snprintf(p->why, sizeof(p->why), "%s", why);
}

void picture_set_add(struct picture_set *s, struct picture_page *page)
{
	struct picture *p = new_picture(s, page);
	char caption[PICTURE_CAPTION + 2700];

	if (!p)
		return;
	snprintf(caption, sizeof(caption), "%sRun: %s", page->note, s->caption);
	page->plot.dir = s->dir;
	page->plot.script_dir = s->scripts;
	page->plot.name = p->name;
	page->plot.title = p->title;
	page->plot.caption = caption;
	plot_write(&page->plot, p->why, sizeof(p->why));
}

/* 0: the usual one. */
static unsigned time_limit_ms(void)
{
	const char *text = getenv("HANDOFF_GNUPLOT_MS");
	unsigned long ms = text ? strtoul(text, NULL, 10) : 0;

	return ms <= UINT_MAX ? (unsigned)ms : 0;
}

void picture_set_render(struct picture_set *s)
{
	struct plot_job *job = calloc(s->n + 1, sizeof(*job));
	size_t n = 0;

	for (size_t i = 0; job && i < s->n; i++) {
		if (!s->out[i].why[0])
			job[n++].name = s->out[i].name;
	}
	if (job)
		plot_render(s->dir, job, n, time_limit_ms());
	n = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct picture *p = &s->out[i];

		if (!p->why[0])
			snprintf(p->why, sizeof(p->why), "%s",
				job ? job[n++].err : "no memory to draw pictures");
	}
	free(job);
}
