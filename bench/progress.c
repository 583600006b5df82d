/* progress.c - see progress.h. */
#include "bench/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness/futex.h"

enum { TTY_EVERY_MS = 100, PLAIN_EVERY_MS = 5000, NS_PER_MS = 1000000, NARROW = 20, WIDE = 200 };

static int columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < NARROW)
		return 80;
	return w.ws_col > WIDE ? WIDE : w.ws_col;
}

void progress_begin(struct progress *p, const char *what, size_t done, size_t total)
{
	const char *term = getenv("TERM");

	*p = (struct progress){
		.terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
		.what = what,
		.done = done,
		.total = total,
		.begin_ns = monotonic_ns(),
	};
}

static void format_left(const struct progress *p, size_t first, char *out, size_t len)
{
	uint64_t spent = monotonic_ns() - p->begin_ns;
	unsigned long long s;

	if (p->done <= first || p->total <= p->done) {
		snprintf(out, len, "...");
		return;
	}
	s = spent / 1000000 * (p->total - p->done) / (p->done - first) / 1000;
	if (s < 100)
		snprintf(out, len, "%llu s left", s + 1);
	else
		snprintf(out, len, "%llu min left", s / 60 + 1);
}

bool progress_due(struct progress *p)
{
	uint64_t now = monotonic_ns();
	unsigned every = p->terminal ? TTY_EVERY_MS : PLAIN_EVERY_MS;

	if (p->said_ns && now - p->said_ns < (uint64_t)every * NS_PER_MS)
		return false;
	p->said_ns = now;
	return true;
}

void progress_line(const struct progress *p, const char *line)
{
	if (p->terminal)
		fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
	else
		fprintf(stderr, "%s\n", line);
}

void progress_step(struct progress *p, const char *cell)
{
	char line[512], left[32];

	if (!progress_due(p))
		return;
	format_left(p, 0, left, sizeof(left));
	snprintf(line, sizeof(line), "%s %zu/%zu, %s: %s", p->what, p->done, p->total, left, cell);
	progress_line(p, line);
}

void progress_done(struct progress *p)
{
	p->done++;
}

void progress_end(struct progress *p)
{
	if (p->terminal)
		fputs("\r\033[K", stderr);
	else
		fprintf(stderr, "%s %zu/%zu, done\n", p->what, p->done, p->total);
}
