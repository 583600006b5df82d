/* campaign_set.c - see campaign_set.h. */
#include "bench/campaign_set.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char campaign_root[] = "results/campaigns";

enum { PATH_BYTES = CAMPAIGN_PATH + 300 };

static struct campaign *new_item(struct campaign_set *s)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct campaign *more = realloc(s->item, room * sizeof(*more));

		if (!more)
			return NULL;
		s->item = more;
		s->room = room;
	}
	return &s->item[s->n];
}

static int add_one(struct campaign_set *s, const char *path, char *err, size_t err_len)
{
	struct campaign *c = new_item(s);
	int code;

	if (!c) {
		snprintf(err, err_len, "no memory for another campaign");
		return -ENOMEM;
	}
	code = campaign_read(c, path, err, err_len);
	s->n += !code;
	return code;
}

/* ---- directories ------------------------------------------------------------------ */

static int is_csv(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 4 && strcmp(e->d_name + len - 4, ".csv") == 0;
}

typedef int path_fn(void *ctx, const char *path, char *err, size_t err_len);

/* The campaign files of a directory by name, which begins with their time. */
static int each_file(
	const char *dir, path_fn *fn, void *ctx, size_t *found, char *err, size_t err_len)
{
	struct dirent **entry = NULL;
	char path[PATH_BYTES];
	int n = scandir(dir, &entry, is_csv, alphasort), code = 0;

	*found = 0;
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%.1023s/%.255s", dir, entry[i]->d_name);
		if (!code && campaign_is_file(path)) {
			code = fn(ctx, path, err, err_len);
			++*found;
		}
		free(entry[i]);
	}
	free(entry);
	return code;
}

static int add_file(void *ctx, const char *path, char *err, size_t err_len)
{
	return add_one(ctx, path, err, err_len);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int campaign_set_add(struct campaign_set *s, const char *path, char *err, size_t err_len)
{
	char samples[PATH_BYTES];
	size_t found;
	int code;

	snprintf(samples, sizeof(samples), "%.1023s/samples.csv", path);
	if (!is_dir(path) || access(samples, F_OK) == 0)
		return add_one(s, path, err, err_len);
	code = each_file(path, add_file, s, &found, err, err_len);
	if (code || found)
		return code;
	snprintf(err, err_len,
		"%.300s: no run is there (samples.csv) and no campaign file; give a run, a "
		"samples.csv, or a directory of campaign files",
		path);
	return -ENOENT;
}

void campaign_set_free(struct campaign_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		campaign_free(&s->item[i]);
	free(s->item);
	*s = (struct campaign_set){0};
}

const struct campaign *campaign_set_same(const struct campaign_set *a, const struct campaign_set *b)
{
	for (size_t i = 0; i < a->n; i++) {
		for (size_t k = a == b ? i + 1 : 0; k < b->n; k++) {
			if (campaign_same(&a->item[i], &b->item[k]))
				return &b->item[k];
		}
	}
	return NULL;
}

/* ---- kept ones -------------------------------------------------------------------- */

static void kept_dir(const struct campaign *c, char out[CAMPAIGN_PATH])
{
	char fingerprint[FACTS_FINGERPRINT];

	facts_fingerprint(&c->facts, fingerprint);
	snprintf(out, CAMPAIGN_PATH, "%s/%s", campaign_root, fingerprint);
}

struct joining {
	struct campaign_set *set;
	char binary[32];
	size_t added;
};

static int join(void *ctx, const char *path, char *err, size_t err_len)
{
	struct joining *j = ctx;
	int code = add_one(j->set, path, err, err_len);
	struct campaign *last;
	bool known = false;

	if (code)
		return code;
	last = &j->set->item[j->set->n - 1];
	for (size_t i = 0; i + 1 < j->set->n; i++)
		known |= campaign_same(&j->set->item[i], last);
	if (known || strcmp(facts_get(&last->facts, "binary_id"), j->binary) != 0) {
		campaign_free(last);
		j->set->n--;
	} else {
		j->added++;
	}
	return 0;
}

int campaign_set_add_kept(struct campaign_set *s, size_t *added, char *err, size_t err_len)
{
	struct joining j = {.set = s};
	char dir[CAMPAIGN_PATH];
	size_t found;
	int code;

	*added = 0;
	if (s->n == 0 || !s->item[0].knows_machine)
		return 0;
	snprintf(j.binary, sizeof(j.binary), "%.31s", facts_get(&s->item[0].facts, "binary_id"));
	kept_dir(&s->item[0], dir);
	code = each_file(dir, join, &j, &found, err, err_len);
	*added = j.added;
	return code;
}

double campaign_set_span(const struct campaign_set *s)
{
	double first = INFINITY, last = -INFINITY;

	for (size_t i = 0; i < s->n; i++) {
		first = fmin(first, campaign_seconds(&s->item[i]));
		last = fmax(last, campaign_seconds(&s->item[i]));
	}
	return last > first ? last - first : 0;
}

size_t campaign_set_boots(const struct campaign_set *s)
{
	size_t boots = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *boot = facts_get(&s->item[i].facts, "boot_id");
		bool seen = boot[0] == '\0';

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(facts_get(&s->item[k].facts, "boot_id"), boot) == 0;
		boots += !seen;
	}
	return boots;
}

struct pruning {
	size_t n, drop;
};

static int count_file(void *ctx, const char *path, char *err, size_t err_len)
{
	(void)path;
	(void)err;
	(void)err_len;
	((struct pruning *)ctx)->n++;
	return 0;
}

static int drop_file(void *ctx, const char *path, char *err, size_t err_len)
{
	struct pruning *p = ctx;

	(void)err;
	(void)err_len;
	if (p->drop > 0 && p->drop--)
		unlink(path);
	return 0;
}

static int make_dirs(const char *dir, char *err, size_t err_len)
{
	char path[CAMPAIGN_PATH];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *at = path; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(path, 0777);
		*at = '/';
	}
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	snprintf(err, err_len, "cannot make %s: %s", path, strerror(errno));
	return -errno;
}

/* Names of runs begin with their time, so the first names are the oldest. */
int campaign_keep(const struct campaign *c, char path[CAMPAIGN_PATH], char *err, size_t err_len)
{
	struct pruning p = {0};
	char dir[CAMPAIGN_PATH];
	size_t found;
	int code;

	kept_dir(c, dir);
	snprintf(path, CAMPAIGN_PATH, "%.900s/%s.csv", dir, c->run_id);
	code = make_dirs(dir, err, err_len);
	if (!code)
		code = campaign_write(c, path, err, err_len);
	if (!code)
		code = each_file(dir, count_file, &p, &found, err, err_len);
	p.drop = p.n > CAMPAIGN_KEPT ? p.n - CAMPAIGN_KEPT : 0;
	return code ? code : each_file(dir, drop_file, &p, &found, err, err_len);
}
