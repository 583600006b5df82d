/* baseline_red.c - see baseline_red.h. */
#include "bench/baseline_red.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/compare.h"
#include "bench/differences.h"
#include "bench/judged_words.h"

enum { ERR = 1000, PATH_BYTES = CAMPAIGN_PATH + 32 };

/* Stands for all cells together. */
static const char all_cells[] = "all";

/* ---- one cell ----------------------------------------------------------------------- */

/* "CELL=WHY" for this cell, whose key holds such signs itself. */
static const char *why_accepted(const struct opt_list *accept, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < accept->n; i++) {
		const char *item = accept->item[i];

		if (strncmp(item, key, len) == 0 && item[len] == '=' && item[len + 1])
			return item + len + 1;
	}
	return NULL;
}

static bool is_noted(const struct baseline_red *r, const char *key)
{
	for (size_t i = 0; i < r->n_accepted; i++) {
		if (strcmp(r->cell[i], key) == 0)
			return true;
	}
	return false;
}

/* A finding about a cell: accepted, or said and counted.  `from`: who says it. */
static void put(struct baseline_red *r, const char *from, const char *key, const char *what)
{
	const char *why = why_accepted(r->accept, key);

	if (is_noted(r, key))
		return;
	if (!why || r->n_accepted == BASELINE_ACCEPTED) {
		fprintf(stderr, "%s: %.200s: %s: %s%s\n", r->command, from, key, what,
			why ? "; more is accepted than a baseline can stand" : "");
		r->refused++;
		return;
	}
	snprintf(r->cell[r->n_accepted], CELL_KEY, "%s", key);
	r->accepted[r->n_accepted] = (struct baseline_accept){r->cell[r->n_accepted], why};
	r->n_accepted++;
}

/* ---- trials ------------------------------------------------------------------------- */

static void find_failed(struct baseline_red *r, const struct campaign *c)
{
	char what[200];

	for (size_t i = 0; i < c->n; i++) {
		if (!campaign_is_red(&c->cell[i]))
			continue;
		snprintf(what, sizeof(what), "%s: %s", c->cell[i].status, c->cell[i].reason);
		put(r, c->from, c->cell[i].key, what);
	}
}

/* ---- judgements ----------------------------------------------------------------------- */

static void find_slower(struct baseline_red *r, const char *from, const struct judgement *j)
{
	char what[JUDGED_TITLE + 64], say[JUDGED_TITLE];

	for (size_t i = 0; i < j->n; i++) {
		const struct judged *row = &j->row[i];

		if (row->verdict != JUDGED_REGRESSED || !row->gated)
			continue;
		snprintf(what, sizeof(what), "REGRESSED: %s: %s", row->metric,
			judged_say_all(say, j, row));
		put(r, from, row->cell, what);
	}
	if (!j->suite_flagged)
		return;
	snprintf(what, sizeof(what), "all cells together became %s", judged_say_suite(say, j));
	put(r, from, all_cells, what);
}

/* The judgement that lies in the run's directory; none is none. */
static int find_left(struct baseline_red *r, const struct campaign *c, char *err, size_t err_len)
{
	const char *slash = strrchr(c->from, '/');
	char path[PATH_BYTES];
	struct judgement j;
	struct stat st;
	int code;

	if (stat(c->from, &st) == 0 && S_ISDIR(st.st_mode))
		snprintf(path, sizeof(path), "%s/judgement.csv", c->from);
	else if (slash)
		snprintf(path, sizeof(path), "%.*s/judgement.csv", (int)(slash - c->from), c->from);
	else
		snprintf(path, sizeof(path), "judgement.csv");
	if (access(path, F_OK) != 0)
		return 0;
	code = judged_read(&j, path, err, err_len);
	if (code)
		return code;
	find_slower(r, path, &j);
	judged_free(&j);
	return 0;
}

/* ---- the last baseline ------------------------------------------------------------------ */

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The newest one that can be read; "": there is none. */
static void newest(const char *root, char name[BASELINE_NAME])
{
	struct dirent **entry = NULL;
	char dir[CAMPAIGN_PATH], saved[32] = "", err[ERR];
	int n = scandir(root, &entry, visible, alphasort);

	name[0] = '\0';
	for (int i = 0; i < n; i++) {
		struct baseline b;

		if (baseline_dir(root, entry[i]->d_name, dir, err, sizeof(err)) == 0 &&
			baseline_read(&b, dir, err, sizeof(err)) == 0) {
			const char *when = facts_get(&b.facts, "saved_utc");

			if (strcmp(when, saved) >= 0) {
				snprintf(saved, sizeof(saved), "%.31s", when);
				snprintf(name, BASELINE_NAME, "%.63s", entry[i]->d_name);
			}
			baseline_free(&b);
		}
		free(entry[i]);
	}
	free(entry);
}

/* What may have changed on purpose between a baseline and the next one. */
static int add_exempt(struct opt_list *all, const struct opt_list *also)
{
	static const char *const always[] = {
		"kernel", "libc", "compiler", "mitigations", "handoff_version"};
	size_t n = sizeof(always) / sizeof(*always);

	all->item = calloc(n + also->n, sizeof(*all->item));
	if (!all->item)
		return -ENOMEM;
	for (size_t i = 0; i < n + also->n; i++)
		all->item[all->n++] = i < n ? (char *)always[i] : also->item[i - n];
	return 0;
}

static bool holds(const struct campaign_set *s, const struct campaign *c)
{
	for (size_t i = 0; i < s->n; i++) {
		if (campaign_same(&s->item[i], c))
			return true;
	}
	return false;
}

static int judge(struct baseline_red *r, const struct baseline *b, const struct campaign_set *fresh,
	const struct opt_list *exempt, char *err, size_t err_len)
{
	const struct opt_list none = {0};
	const struct compare_ask ask = {.base = &b->set,
		.fresh = fresh,
		.under_test = exempt,
		.allow_missing = &none,
		.base_name = b->dir,
		.fresh_name = "what is to be saved"};
	char say[JUDGED_TITLE], from[CAMPAIGN_PATH + 16];
	struct compared c;
	int code = compare_judge(&c, &ask, err, err_len);

	if (code)
		return code;
	if (!c.enough)
		fprintf(stderr, "%s: note: whether it is slower than %s is not known: %s\n",
			r->command, b->dir, judged_title(say, &c.judgement));
	snprintf(from, sizeof(from), "against %s", b->dir);
	find_slower(r, from, &c.judgement);
	compared_free(&c);
	return 0;
}

static int hold_against(struct baseline_red *r, const struct baseline *b,
	const struct campaign_set *s, char *err, size_t err_len)
{
	struct campaign_set fresh = {.item = calloc(s->n + 1, sizeof(*fresh.item))};
	struct opt_list exempt = {0};
	int code = fresh.item ? add_exempt(&exempt, r->under_test) : -ENOMEM;

	if (code)
		snprintf(err, err_len, "no memory to hold it against %.300s", b->dir);
	for (size_t i = 0; i < s->n && !code; i++) {
		if (!holds(&b->set, &s->item[i]))
			fresh.item[fresh.n++] = s->item[i]; /* theirs, not to be freed */
	}
	if (!code && fresh.n) {
		if (differences_hard(r->command, &b->set.item[0], &fresh, &exempt) > 0)
			fprintf(stderr,
				"%s: note: so it was not held against %s; --under-test KEY does\n",
				r->command, b->dir);
		else
			code = judge(r, b, &fresh, &exempt, err, err_len);
	}
	free(exempt.item);
	free(fresh.item);
	return code;
}

static int find_slower_than_last(
	struct baseline_red *r, const struct campaign_set *s, char *err, size_t err_len)
{
	char name[BASELINE_NAME], dir[CAMPAIGN_PATH];
	struct baseline b;
	int code = 0;

	if (!r->replaces[0] || baseline_dir(r->root, r->replaces, dir, err, err_len) ||
		access(dir, F_OK) != 0) {
		newest(r->root, name);
		if (!name[0])
			return 0;
		code = baseline_dir(r->root, name, dir, err, err_len);
	}
	if (!code)
		code = baseline_read(&b, dir, err, err_len);
	if (code) { /* what is replaced may be damaged: that is why */
		fprintf(stderr, "%s: note: not held against it: %s\n", r->command, err);
		return 0;
	}
	code = b.set.n ? hold_against(r, &b, s, err, err_len) : 0;
	baseline_free(&b);
	return code;
}

int baseline_red_find(
	struct baseline_red *r, const struct campaign_set *s, char *err, size_t err_len)
{
	int code = 0;

	for (size_t i = 0; i < s->n && !code; i++) {
		find_failed(r, &s->item[i]);
		code = find_left(r, &s->item[i], err, err_len);
	}
	return code ? code : find_slower_than_last(r, s, err, err_len);
}
