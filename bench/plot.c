/*
 * Pictures: looks at the request, has the files written, runs gnuplot, checks what it left.
 */
#include "bench/plot.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/plot_files.h"
#include "bench/plot_run.h"

enum {
	DEFAULT_TIMEOUT_MS = 30000,
	NAME_MAX_BYTES = 100,
	AT_ONCE = 2,
	TAIL = 64, /* bytes in which a picture's end must be */
};

/* Not an option of gnuplot's either. */
static bool is_plain(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < NAME_MAX_BYTES && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static void widen(struct plot *p, const struct plot_point *pt)
{
	bool x = plot_has_x_interval(pt), y = plot_has_interval(pt);

	p->x_min = fmin(p->x_min, x ? fmin(pt->x_lo, pt->x) : pt->x);
	p->x_max = fmax(p->x_max, x ? fmax(pt->x_hi, pt->x) : pt->x);
	p->y_min = fmin(p->y_min, y ? fmin(pt->lo, pt->y) : pt->y);
	p->y_max = fmax(p->y_max, y ? fmax(pt->hi, pt->y) : pt->y);
}

static int survey_series(struct plot *p, const struct plot_series *s)
{
	if (s->panel >= PLOT_PANELS) {
		(void)snprintf(p->err, p->err_len, "picture %s: there is no panel %u", p->req->name,
			s->panel);
		return -EINVAL;
	}
	if (plot_count(s) == 0)
		return 0;
	p->drawn++;
	p->in_panel[s->panel]++;
	for (size_t i = 0; i < s->n; i++) {
		if (plot_drawable(&s->point[i]))
			widen(p, &s->point[i]);
	}
	return 0;
}

static int survey(struct plot *p)
{
	const struct plot_request *r = p->req;
	int rc = 0;

	if (!is_plain(r->name) || !is_plain(r->script)) {
		(void)snprintf(p->err, p->err_len,
			"picture '%s' of script '%s': names are lower-case letters, digits and dashes "
			"within",
			r->name, r->script);
		return -EINVAL;
	}
	p->x_min = p->y_min = (double)INFINITY;
	for (size_t i = 0; rc == 0 && i < r->n_series; i++)
		rc = survey_series(p, &r->series[i]);
	for (size_t i = 0; i < r->n_also; i++) {
		if (plot_drawable(&r->also[i]))
			widen(p, &r->also[i]);
	}
	if (rc != 0 || p->drawn > 0)
		return rc;
	(void)snprintf(p->err, p->err_len, "picture %s: there is no point to draw", r->name);
	return -EINVAL;
}

/* What a whole file ends with. */
static const struct suffix {
	const char *name, *end;
	size_t end_len;
} suffixes[] = {{".svg", "</svg>", 6}, {".png", "IEND", 4}};

static void make_path(char *path, const char *dir, const char *name, const char *suffix)
{
	(void)snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);
}

static void remove_pictures(const char *dir, const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		make_path(path, dir, name, suffixes[i].name);
		(void)unlink(path);
	}
}

static bool is_whole(const char *path, const struct suffix *s)
{
	char tail[TAIL];
	FILE *file = fopen(path, "re");
	size_t n = 0;

	if (file == NULL)
		return false;
	if (fseek(file, -TAIL, SEEK_END) == 0)
		n = fread(tail, 1, sizeof(tail), file);
	(void)fclose(file);
	return memmem(tail, n, s->end, s->end_len) != NULL;
}

/* gnuplot may exit with 0 and leave an empty file, or half of one where the disk was full. */
static int check_pictures(const char *dir, struct plot_job *job)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		bool there;

		make_path(path, dir, job->name, suffixes[i].name);
		there = stat(path, &st) == 0 && st.st_size > 0;
		if (there && is_whole(path, &suffixes[i]))
			continue;
		(void)snprintf(job->err, sizeof(job->err),
			"gnuplot ended well but left %s picture in %.100s%s",
			there ? "half a" : "no", job->name, suffixes[i].name);
		return -EIO;
	}
	return 0;
}

int plot_write(const struct plot_request *request, char *err, size_t err_len)
{
	struct plot p = {.req = request, .err = err, .err_len = err_len};
	int rc = survey(&p);

	if (rc != 0)
		return rc;
	remove_pictures(request->dir, request->name);
	return plot_files_write(&p);
}

/* ---- several at once ------------------------------------------------------------ */

struct render {
	const char *dir;
	struct plot_job *job;
	size_t n, next;
	unsigned timeout_ms;
	struct plot_child child[AT_ONCE];
	struct plot_job *runs[AT_ONCE]; /* NULL: nothing runs there */
	int stop_rc;                    /* what is wrong with gnuplot itself */
	char stop[PLOT_ERR];
};

static void settle(struct render *r, struct plot_job *job, int rc)
{
	job->rc = rc == 0 ? check_pictures(r->dir, job) : rc;
	if (job->rc == 0)
		return;
	remove_pictures(r->dir, job->name);
	if (rc != -ENOENT && rc != -ETIMEDOUT && rc != -EINTR)
		return;
	r->stop_rc = rc;
	(void)snprintf(r->stop, sizeof(r->stop), "%s", job->err);
}

static void begin(struct render *r, size_t slot)
{
	struct plot_job *job = &r->job[r->next++];
	char script[NAME_MAX_BYTES + 8];
	int rc;

	(void)snprintf(script, sizeof(script), "%s.gp", job->name);
	rc = plot_run_begin(
		&r->child[slot], r->dir, script, r->timeout_ms, job->err, sizeof(job->err));
	if (rc == 0)
		r->runs[slot] = job;
	else
		settle(r, job, rc);
}

/* Whether there is more to do. */
static bool step(struct render *r)
{
	bool busy = false;

	for (size_t slot = 0; slot < AT_ONCE; slot++) {
		struct plot_child *child = &r->child[slot];
		struct plot_job *job = r->runs[slot];

		if (job != NULL && plot_run_over(child)) {
			r->runs[slot] = NULL;
			settle(r, job, plot_run_end(child, job->err, sizeof(job->err)));
		}
		if (r->runs[slot] == NULL && r->next < r->n && r->stop_rc == 0)
			begin(r, slot);
		busy |= r->runs[slot] != NULL;
	}
	return busy || (r->next < r->n && r->stop_rc == 0);
}

void plot_render(const char *dir, struct plot_job *job, size_t n, unsigned timeout_ms)
{
	struct render r = {.dir = dir, .job = job, .n = n};

	r.timeout_ms = timeout_ms > 0 ? timeout_ms : DEFAULT_TIMEOUT_MS;
	if (n == 0)
		return;
	r.stop_rc = plot_run_version(r.timeout_ms, r.stop, sizeof(r.stop));
	while (step(&r))
		;
	for (; r.next < n; r.next++) {
		job[r.next].rc = r.stop_rc;
		(void)snprintf(job[r.next].err, sizeof(job[r.next].err), "%s", r.stop);
		remove_pictures(dir, job[r.next].name);
	}
}

int plot_draw(const struct plot_request *request, char *err, size_t err_len)
{
	struct plot_job job = {.name = request->name};
	int rc = plot_write(request, err, err_len);

	if (rc != 0)
		return rc;
	plot_render(request->dir, &job, 1, request->timeout_ms);
	if (job.rc != 0)
		(void)snprintf(err, err_len, "%s", job.err);
	return job.rc;
}
