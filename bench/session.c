/* session.c - see session.h. */
#include "bench/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/intervals.h"

enum { SAME_SECOND_TRIES = 100 };

static const char results[] = "results";

const char session_no_plan[] = "was stopped before its plan was made, and nothing in it was "
			       "measured: remove it and start again";

static const char *const files[] = {"plan.csv", "plan.csv.new", "samples.csv", "histograms.csv",
	"environment.csv", "topology.xml", "floors.csv", "floors.csv.new", "intervals.csv",
	"precision.csv", "knees.csv"};

static int fail(char *err, size_t err_len, int code, const char *what, const char *path)
{
	snprintf(err, err_len, "%s %s: %s", what, path, strerror(-code));
	return code;
}

const char *session_path(const struct session *s, const char *file, char buf[SESSION_PATH + 64])
{
	snprintf(buf, SESSION_PATH + 64, "%s/%s", s->dir, file);
	return buf;
}

/* Host names may hold anything; directories and rows get a tame one. */
static void read_host(char *host, size_t len)
{
	if (gethostname(host, len) != 0 || !host[0])
		snprintf(host, len, "unknown");
	host[len - 1] = '\0';
	for (char *p = host; *p; p++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *p))
			*p = '_';
	}
}

static int open_file(
	const struct session *s, const char *name, int flags, int *fd, char *err, size_t err_len)
{
	char path[SESSION_PATH + 64];
	struct stat st;

	session_path(s, name, path);
	*fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (*fd < 0)
		return fail(err, err_len, -errno,
			flags & O_CREAT ? "cannot make" : "no run here:", path);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		return fail(err, err_len, -EINVAL, "not a regular file:", path);
	}
	return 0;
}

/* Only one runner at a time in a directory. */
static int lock_dir(struct session *s, char *err, size_t err_len)
{
	s->lock_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock_fd < 0)
		return fail(err, err_len, -errno, "cannot open", s->dir);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return fail(err, err_len, -EBUSY, "another run is writing to", s->dir);
	return 0;
}

static int open_files(struct session *s, int flags, char *err, size_t err_len)
{
	int code = open_file(
		s, "samples.csv", O_RDWR | O_APPEND | flags, &s->samples_fd, err, err_len);
	if (!code)
		code = open_file(
			s, "histograms.csv", O_RDWR | O_APPEND | flags, &s->hists_fd, err, err_len);
	s->bins_len = 1 << 20;
	s->bins = malloc(s->bins_len);
	if (!code && !s->bins)
		code = fail(err, err_len, -ENOMEM, "cannot work in", s->dir);
	return code;
}

static int write_headers(struct session *s, char *err, size_t err_len)
{
	static const char *const columns[] = {"run_id", "cell", "block", "rep", "attempt", "kind",
		"count", "overflow", "min_ns", "max_ns", "sum_ns", "bins"};
	int code;

	csv_row_reset(&s->row);
	samples_header(&s->row);
	code = csv_row_write(&s->row, s->samples_fd);
	csv_row_reset(&s->row);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		csv_row_text(&s->row, columns[i]);
	csv_row_end(&s->row);
	if (!code)
		code = csv_row_write(&s->row, s->hists_fd);
	return code ? fail(err, err_len, code, "cannot write to", s->dir) : 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A name that is free: the second, and a number if two runs start in it. */
static int make_results_dir(struct session *s, char *err, size_t err_len)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	if (mkdir(results, 0755) != 0 && errno != EEXIST)
		return fail(err, err_len, -errno, "cannot make", results);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 0; i < SAME_SECOND_TRIES; i++) {
		char suffix[16] = "";

		if (i)
			snprintf(suffix, sizeof(suffix), "-%d", i + 1);
		snprintf(s->dir, sizeof(s->dir), "%s/%s-%.32s%s", results, stamp, s->host, suffix);
		if (mkdir(s->dir, 0755) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return fail(err, err_len, -errno, "cannot make", s->dir);
}

static void start(struct session *s)
{
	*s = (struct session){.samples_fd = -1, .hists_fd = -1, .intervals_fd = -1, .lock_fd = -1};
	read_host(s->host, sizeof(s->host));
}

/* Whatever a run writes must not be there yet, as a FIFO, a link or anything. */
static int check_empty(const struct session *s, char *err, size_t err_len)
{
	char path[SESSION_PATH + 64];
	bool plan = access(session_path(s, "plan.csv", path), F_OK) == 0;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (lstat(session_path(s, files[i], path), &st) != 0)
			continue;
		if (plan)
			snprintf(err, err_len, "%s holds a run already; --resume goes on with it",
				s->dir);
		else if (strcmp(files[i], "samples.csv") == 0 && S_ISREG(st.st_mode))
			snprintf(err, err_len, "%s %s", s->dir, session_no_plan);
		else
			snprintf(err, err_len, "%s is there already; choose another directory",
				path);
		return -EEXIST;
	}
	return 0;
}

static int make_dir(struct session *s, const char *out, char *err, size_t err_len)
{
	if (!out) {
		int code = make_results_dir(s, err, err_len);

		s->made_dir = code == 0;
		return code;
	}
	if (strlen(out) >= sizeof(s->dir))
		return fail(err, err_len, -ENAMETOOLONG, "cannot make", out);
	snprintf(s->dir, sizeof(s->dir), "%s", out);
	s->made_dir = mkdir(out, 0755) == 0;
	if (!s->made_dir && errno != EEXIST)
		return fail(err, err_len, -errno, "cannot make", out);
	return 0;
}

int session_create(struct session *s, const char *out, char *err, size_t err_len)
{
	int code;

	start(s);
	code = make_dir(s, out, err, err_len);
	if (!code)
		code = lock_dir(s, err, err_len);
	if (code)
		return code;
	snprintf(s->run_id, sizeof(s->run_id), "%.47s", base_name(s->dir));
	code = check_empty(s, err, err_len);
	if (code)
		return code;
	s->made_files = true;
	code = open_files(s, O_CREAT | O_EXCL, err, err_len);
	return code ? code : write_headers(s, err, err_len);
}

void session_discard(struct session *s)
{
	char path[SESSION_PATH + 64];

	for (size_t i = 0; i < ARRAY_LEN(files) && s->made_files; i++)
		unlink(session_path(s, files[i], path));
	if (s->made_dir)
		rmdir(s->dir);
	s->made_files = s->made_dir = false;
}

/* A killed runner may have left half a line: the row was not committed. */
static int cut_tail(int fd, char *err, size_t err_len)
{
	off_t end = lseek(fd, 0, SEEK_END), keep = end;
	char c;

	while (keep > 0 && pread(fd, &c, 1, keep - 1) == 1 && c != '\n')
		keep--;
	if (keep == end || ftruncate(fd, keep) == 0)
		return 0;
	return fail(err, err_len, -errno, "cannot cut", "an unfinished line");
}

/*
 * The pieces of long trials: the file is made for the first of them (O_CREAT), or gone on with.
 * A killed runner may have left it without its header.
 */
static int open_intervals(struct session *s, int flags, char *err, size_t err_len)
{
	struct stat st;
	int code = open_file(
		s, "intervals.csv", O_RDWR | O_APPEND | flags, &s->intervals_fd, err, err_len);

	if (!code)
		code = cut_tail(s->intervals_fd, err, err_len);
	if (code || fstat(s->intervals_fd, &st) != 0 || st.st_size > 0)
		return code;
	csv_row_reset(&s->row);
	intervals_header(&s->row);
	return s->row.failed ? -ENOMEM : csv_row_write(&s->row, s->intervals_fd);
}

int session_resume(struct session *s, const char *dir, char *err, size_t err_len)
{
	char real[4096], path[SESSION_PATH + 64];
	int code;

	start(s);
	if (!realpath(dir, real))
		return fail(err, err_len, -errno, "no such run:", dir);
	if (strlen(dir) >= sizeof(s->dir))
		return fail(err, err_len, -ENAMETOOLONG, "cannot open", dir);
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	snprintf(s->run_id, sizeof(s->run_id), "%.47s", base_name(real));
	code = lock_dir(s, err, err_len);
	if (!code)
		code = open_files(s, 0, err, err_len);
	if (!code)
		code = cut_tail(s->samples_fd, err, err_len);
	if (!code)
		code = cut_tail(s->hists_fd, err, err_len);
	if (!code && access(session_path(s, "intervals.csv", path), F_OK) == 0)
		code = open_intervals(s, 0, err, err_len);
	return code;
}

static int put_hist(
	struct session *s, const struct sample *row, const struct hist *h, const char *kind)
{
	size_t need = hist_encode(h, s->bins, s->bins_len);

	if (need >= s->bins_len) {
		char *more = realloc(s->bins, need + 1);

		if (!more)
			return -ENOMEM;
		s->bins = more;
		s->bins_len = need + 1;
		hist_encode(h, s->bins, s->bins_len);
	}
	csv_row_reset(&s->row);
	csv_row_text(&s->row, row->run_id);
	csv_row_text(&s->row, row->cell);
	csv_row_u64(&s->row, (uint64_t)row->block);
	csv_row_u64(&s->row, (uint64_t)row->rep);
	csv_row_u64(&s->row, (uint64_t)row->attempt);
	csv_row_text(&s->row, kind);
	csv_row_u64(&s->row, h->count);
	csv_row_u64(&s->row, h->overflow);
	csv_row_u64(&s->row, h->min);
	csv_row_u64(&s->row, h->max);
	csv_row_u64(&s->row, h->sum);
	csv_row_text(&s->row, s->bins);
	csv_row_end(&s->row);
	return s->row.failed ? -ENOMEM : csv_row_write(&s->row, s->hists_fd);
}

static int put_intervals(struct session *s, const struct sample *row, const struct trial_result *r)
{
	char err[2 * SESSION_PATH]; /* the caller names the directory */
	int code = s->intervals_fd < 0 ? open_intervals(s, O_CREAT, err, sizeof(err)) : 0;

	for (uint32_t i = 0; i < r->intervals && !code; i++) {
		csv_row_reset(&s->row);
		intervals_row(&s->row, row, &r->interval[i], i);
		code = s->row.failed ? -ENOMEM : csv_row_write(&s->row, s->intervals_fd);
	}
	return code;
}

int session_commit(struct session *s, const struct sample *row, const struct trial_result *r,
	char *err, size_t err_len)
{
	int code = r && r->status == TRIAL_OK && r->intervals ? put_intervals(s, row, r) : 0;

	for (int side = 0; side < 2 && r && r->status == TRIAL_OK && !code; side++) {
		if (r->hist_kind[side] != KIND_NONE && r->hist[side].count)
			code = put_hist(
				s, row, &r->hist[side], kind_name((enum kind)r->hist_kind[side]));
	}
	csv_row_reset(&s->row);
	samples_row(&s->row, row);
	if (!code)
		code = s->row.failed ? -ENOMEM : csv_row_write(&s->row, s->samples_fd);
	return code ? fail(err, err_len, code, "cannot write to", s->dir) : 0;
}

int session_sync(struct session *s, char *err, size_t err_len)
{
	if (fdatasync(s->hists_fd) == 0 && fdatasync(s->samples_fd) == 0 &&
		(s->intervals_fd < 0 || fdatasync(s->intervals_fd) == 0))
		return 0;
	return fail(err, err_len, -errno, "cannot write to", s->dir);
}

void session_publish(const struct session *s)
{
	char temp[64];

	if (strncmp(s->dir, "results/", 8) != 0 || strchr(s->dir + 8, '/'))
		return;
	/* two runs may end at once */
	snprintf(temp, sizeof(temp), "results/.latest-%ld", (long)getpid());
	unlink(temp);
	if (symlink(s->dir + 8, temp) == 0 && rename(temp, "results/latest") != 0)
		unlink(temp);
}

void session_close(struct session *s)
{
	if (s->samples_fd >= 0)
		close(s->samples_fd);
	if (s->hists_fd >= 0)
		close(s->hists_fd);
	if (s->intervals_fd >= 0)
		close(s->intervals_fd);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	csv_row_free(&s->row);
	free(s->bins);
	s->bins = NULL;
	s->samples_fd = s->hists_fd = s->intervals_fd = s->lock_fd = -1;
}
