/* baseline.c - see baseline.h. */
#include "bench/baseline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/csv.h"
#include "bench/env.h"
#include "bench/version.h"

const char baseline_root[] = "results/baselines";

static const char file_key[] = "file ", apart_key[] = "quarantined ", sheet[] = "baseline.csv";

enum { PATH_BYTES = CAMPAIGN_PATH + 400, NAME_BYTES = 160 };

int baseline_dir(
	const char *root, const char *name, char dir[CAMPAIGN_PATH], char *err, size_t err_len)
{
	static const char tame[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-_";

	if (!name[0] || name[0] == '.' || name[strspn(name, tame)] ||
		strlen(name) >= BASELINE_NAME) {
		snprintf(err, err_len,
			"\"%.80s\" is no name for a baseline: up to %d letters, digits, dots, "
			"dashes and underscores, and no dot first",
			name, BASELINE_NAME - 1);
		return -EINVAL;
	}
	if (snprintf(dir, CAMPAIGN_PATH, "%s/%s", root, name) < CAMPAIGN_PATH)
		return 0;
	snprintf(err, err_len, "%.60s...: the path is too long", root);
	return -ENAMETOOLONG;
}

/* ---- files ------------------------------------------------------------------------- */

static int hash_file(const char *path, char out[FACTS_FINGERPRINT], char *err, size_t err_len)
{
	uint64_t hash = facts_hash_begin;
	char buf[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		snprintf(err, err_len, "%s: %s", path, strerror(errno));
		return -errno;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		hash = facts_hash(hash, buf, (size_t)n);
	close(fd);
	snprintf(out, FACTS_FINGERPRINT, "%016" PRIx64, hash);
	return 0;
}

static void remove_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[PATH_BYTES];

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (len < 5 || strcmp(e->d_name + len - 4, ".csv") != 0)
			continue;
		snprintf(path, sizeof(path), "%.1023s/%.255s", dir, e->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

static void remove_baseline(const char *dir)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%.1023s/quarantine", dir);
	remove_files(path);
	remove_files(dir);
}

/* ---- writing -------------------------------------------------------------------------- */

static int note(struct facts *f, const char *key, const char *value)
{
	return facts_set(f, key, value);
}

/* What the campaigns have in common, and their seeds. */
static int note_build(struct facts *f, const struct campaign_set *s)
{
	static const char *const keys[] = {"binary_id", "handoff_commit", "handoff_version",
		"handoff_flags", "compiler", "kernel", "cpu_model", "host"};
	char fingerprint[FACTS_FINGERPRINT], seeds[CAMPAIGN_PATH] = "", now[32];
	time_t t = time(NULL);
	struct tm tm;
	int code = 0;

	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	facts_fingerprint(&s->item[0].facts, fingerprint);
	for (size_t i = 0; i < s->n; i++) {
		size_t at = strlen(seeds);

		snprintf(seeds + at, sizeof(seeds) - at, "%s%s", at ? " " : "",
			facts_get(&s->item[i].facts, "seed"));
	}
	code = note(f, "saved_utc", now) || note(f, "fingerprint", fingerprint) ||
	       note(f, "seeds", seeds);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !code; i++)
		code = note(f, keys[i], facts_get(&s->item[0].facts, keys[i]));
	return code ? -ENOMEM : 0;
}

static int put_campaign(struct facts *f, const char *dir, const struct campaign *c, bool apart,
	double shift, char *err, size_t err_len)
{
	char name[NAME_BYTES], path[PATH_BYTES], key[NAME_BYTES + 16], hash[FACTS_FINGERPRINT];
	char text[96];
	int code;

	snprintf(name, sizeof(name), "%s%s.csv", apart ? "quarantine/" : "", c->run_id);
	snprintf(path, sizeof(path), "%.1023s/%s", dir, name);
	code = campaign_write(c, path, err, err_len);
	if (!code)
		code = hash_file(path, hash, err, err_len);
	if (code)
		return code;
	snprintf(key, sizeof(key), "%s%s", apart ? apart_key : file_key, name);
	if (note(f, key, hash))
		return -ENOMEM;
	if (!apart)
		return 0;
	snprintf(key, sizeof(key), "why %s", name);
	snprintf(text, sizeof(text), "its cells together lie %+.1f %% from BASE",
		100 * expm1(shift));
	return note(f, key, text) ? -ENOMEM : 0;
}

static int put_sheet(const struct facts *f, const char *dir, char *err, size_t err_len)
{
	struct csv_row line = {0};
	char path[PATH_BYTES];
	int fd, code = 0;

	snprintf(path, sizeof(path), "%.1023s/%s", dir, sheet);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		code = -errno;
	for (size_t i = 0; i <= f->n && !code; i++) {
		csv_row_reset(&line);
		csv_row_text(&line, i ? f->fact[i - 1].key : "key");
		csv_row_text(&line, i ? f->fact[i - 1].value : "value");
		csv_row_text(&line, i ? "" : "reason");
		csv_row_end(&line);
		code = csv_row_write(&line, fd);
	}
	if (!code && fsync(fd) != 0)
		code = -errno;
	if (fd >= 0)
		close(fd);
	csv_row_free(&line);
	if (code)
		snprintf(err, err_len, "cannot write %.300s: %s", path, strerror(-code));
	return code;
}

static int put_accepted(struct facts *f, const struct baseline_accept *accept, size_t n)
{
	char key[400];
	int code = 0;

	for (size_t i = 0; i < n && !code; i++) {
		snprintf(key, sizeof(key), "accepted %.320s", accept[i].cell);
		code = note(f, key, accept[i].reason);
	}
	return code;
}

/* results/ and results/baselines may not be there yet. */
static void make_parents(const char *dir)
{
	char path[CAMPAIGN_PATH];

	snprintf(path, sizeof(path), "%s", dir);
	for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(path, 0777);
		*at = '/';
	}
}

static int make_dirs(const char *temp, char *err, size_t err_len)
{
	char path[PATH_BYTES];

	make_parents(temp);
	snprintf(path, sizeof(path), "%.1023s/quarantine", temp);
	if (mkdir(temp, 0777) == 0 && mkdir(path, 0777) == 0)
		return 0;
	snprintf(err, err_len, "cannot make %.300s: %s", temp, strerror(errno));
	return -errno;
}

static int move_into_place(
	const char *temp, const char *dir, bool replace, char *err, size_t err_len)
{
	struct stat st;

	if (lstat(dir, &st) == 0 && !replace) {
		snprintf(err, err_len,
			"%.300s is there already; take another name, or replace it with --replace",
			dir);
		return -EEXIST;
	}
	if (lstat(dir, &st) == 0)
		remove_baseline(dir);
	if (rename(temp, dir) == 0)
		return 0;
	snprintf(err, err_len, "cannot make %.300s: %s", dir, strerror(errno));
	return -errno;
}

int baseline_write(const char *dir, const struct campaign_set *s, const bool *out,
	const double *shift, const struct baseline_accept *accept, size_t accepted, bool replace,
	char *err, size_t err_len)
{
	struct facts f = {0};
	char temp[CAMPAIGN_PATH];
	int code;

	snprintf(temp, sizeof(temp), "%.980s.new-%ld", dir, (long)getpid());
	snprintf(err, err_len, "no memory for a baseline");
	code = make_dirs(temp, err, err_len);
	if (!code)
		code = note_build(&f, s);
	if (!code)
		code = put_accepted(&f, accept, accepted);
	for (size_t i = 0; i < s->n && !code; i++)
		code = put_campaign(&f, temp, &s->item[i], out[i], shift[i], err, err_len);
	if (!code)
		code = put_sheet(&f, temp, err, err_len);
	if (!code)
		code = move_into_place(temp, dir, replace, err, err_len);
	if (code)
		remove_baseline(temp);
	facts_free(&f);
	return code;
}

/* ---- reading ---------------------------------------------------------------------------- */

static int broken(
	const struct baseline *b, const char *what, const char *which, char *err, size_t err_len)
{
	snprintf(err, err_len, "%.300s: %.160s%s", b->dir, which, what);
	return -EBADMSG;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

size_t baseline_quarantined(const struct baseline *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->facts.n; i++)
		n += begins(b->facts.fact[i].key, apart_key);
	return n;
}

static int check_files(const struct baseline *b, size_t *files, char *err, size_t err_len)
{
	char path[PATH_BYTES], hash[FACTS_FINGERPRINT];

	*files = 0;
	for (size_t i = 0; i < b->facts.n; i++) {
		const struct fact *f = &b->facts.fact[i];
		bool apart = begins(f->key, apart_key);
		const char *name = f->key + (apart ? sizeof(apart_key) : sizeof(file_key)) - 1;
		int code;

		if (!apart && !begins(f->key, file_key))
			continue;
		if (strstr(name, "..") || name[0] == '/')
			return broken(b, " is no name of a campaign", name, err, err_len);
		snprintf(path, sizeof(path), "%.1023s/%.255s", b->dir, name);
		code = hash_file(path, hash, err, err_len);
		if (code)
			return code;
		if (strcmp(hash, f->value) != 0)
			return broken(b, " is not what was saved", name, err, err_len);
		*files += !apart;
	}
	return 0;
}

int baseline_read(struct baseline *b, const char *dir, char *err, size_t err_len)
{
	char path[PATH_BYTES], fingerprint[FACTS_FINGERPRINT];
	size_t files = 0;
	int code;

	*b = (struct baseline){.facts = {0}};
	snprintf(b->dir, sizeof(b->dir), "%.1023s", dir);
	snprintf(path, sizeof(path), "%.1023s/%s", dir, sheet);
	code = facts_read(&b->facts, path, err, err_len);
	if (!code)
		code = check_files(b, &files, err, err_len);
	if (!code)
		code = campaign_set_add(&b->set, dir, err, err_len);
	if (!code && b->set.n != files)
		code = broken(b, "a campaign file that baseline.csv does not name", "there is ",
			err, err_len);
	for (size_t i = 0; i < b->set.n && !code; i++) {
		facts_fingerprint(&b->set.item[i].facts, fingerprint);
		if (strcmp(fingerprint, facts_get(&b->facts, "fingerprint")) != 0)
			code = broken(
				b, " has another fingerprint", b->set.item[i].run_id, err, err_len);
	}
	if (code)
		baseline_free(b);
	return code;
}

void baseline_free(struct baseline *b)
{
	facts_free(&b->facts);
	campaign_set_free(&b->set);
}

/* ---- this machine -------------------------------------------------------------------------- */

int baseline_now(struct facts *now, const struct facts *like, char *err, size_t err_len)
{
	static const char *const of_runs[] = {"clock", "trial_ns", "cells"};
	const struct env_extra extra[] = {
		{"handoff_version", version_number, ""},
		{"handoff_flags", version_flags, ""},
		{"handoff_flavour", version_flavour, ""},
	};
	int fd = memfd_create("environment", MFD_CLOEXEC), code;
	char path[64];

	if (fd < 0) {
		snprintf(err, err_len, "cannot read this machine: %s", strerror(errno));
		return -errno;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	code = env_write("", path, extra, sizeof(extra) / sizeof(*extra), err, err_len);
	if (!code)
		code = facts_read(now, path, err, err_len);
	for (size_t i = 0; i < sizeof(of_runs) / sizeof(*of_runs) && !code; i++) {
		code = facts_set(now, of_runs[i], facts_get(like, of_runs[i]));
		if (code)
			snprintf(err, err_len, "out of memory");
	}
	close(fd);
	return code;
}
