/* counters.c - see counters.h. */
#include "harness/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/compiler.h"

#define UNKNOWN UINT64_MAX

enum { BUSY_ROUNDS = 200000 };

static const char *const names[COUNTER_COUNT] = {
	[COUNTER_CYCLES] = "cycles",
	[COUNTER_INSTRUCTIONS] = "instructions",
	[COUNTER_CACHE_MISSES] = "cache-misses",
};

const char *counter_name(enum counter c)
{
	return names[c];
}

void counters_hardware(struct counter_plan *p)
{
	*p = (struct counter_plan){
		.event = {
			[COUNTER_CYCLES] = {PERF_TYPE_HARDWARE, 0, PERF_COUNT_HW_CPU_CYCLES},
			[COUNTER_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, 0,
				PERF_COUNT_HW_INSTRUCTIONS},
			[COUNTER_CACHE_MISSES] = {PERF_TYPE_HARDWARE, 0,
				PERF_COUNT_HW_CACHE_MISSES},
		}};
}

/* ---- a group --------------------------------------------------------------- */

/* Of this thread on any processor.  A descriptor, or -errno. */
static int open_event(const struct counter_event *e, enum counter_scope scope, int leader)
{
	struct perf_event_attr attr = {
		.type = e->type,
		.size = sizeof(attr),
		.config = e->config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.disabled = leader < 0,
		.exclude_kernel = scope == COUNTERS_USER,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, leader, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/* The first that is open leads the others. */
static int leader_of(const struct counters *c)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (c->fd[i] >= 0)
			return c->fd[i];
	}
	return -1;
}

static void open_group(struct counters *c, const struct counter_plan *p, int code[COUNTER_COUNT])
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		c->fd[i] = -1;
	for (int i = 0; i < COUNTER_COUNT; i++) {
		code[i] = 0;
		if (p->event[i].absent)
			continue;
		c->fd[i] = open_event(&p->event[i], (enum counter_scope)p->scope, leader_of(c));
		code[i] = c->fd[i] < 0 ? c->fd[i] : 0;
		c->fd[i] = c->fd[i] < 0 ? -1 : c->fd[i];
	}
}

void counters_open(struct counters *c, const struct counter_plan *p)
{
	static const struct counter_plan none = {
		.event = {{.absent = 1}, {.absent = 1}, {.absent = 1}}};
	int code[COUNTER_COUNT];

	open_group(c, p->scope == COUNTERS_NONE ? &none : p, code);
}

void counters_start(const struct counters *c)
{
	int leader = leader_of(c);

	if (leader < 0)
		return;
	ioctl(leader, PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP);
	ioctl(leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
}

void counters_stop(const struct counters *c)
{
	int leader = leader_of(c);

	if (leader >= 0)
		ioctl(leader, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP);
}

uint64_t counter_scaled(uint64_t counted, uint64_t enabled_ns, uint64_t running_ns)
{
	if (running_ns == 0 || running_ns > enabled_ns)
		return UNKNOWN;
	if (running_ns == enabled_ns)
		return counted;
	return (uint64_t)((long double)counted * enabled_ns / running_ns);
}

void counters_read(const struct counters *c, uint64_t value[COUNTER_COUNT])
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		struct {
			uint64_t value, enabled_ns, running_ns;
		} r;

		value[i] = UNKNOWN;
		if (c->fd[i] >= 0 && read(c->fd[i], &r, sizeof(r)) == (ssize_t)sizeof(r))
			value[i] = counter_scaled(r.value, r.enabled_ns, r.running_ns);
	}
}

void counters_close(struct counters *c)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (c->fd[i] >= 0)
			close(c->fd[i]);
		c->fd[i] = -1;
	}
}

/* ---- what there is ----------------------------------------------------------- */

/* Something to count. */
static void be_busy(void)
{
	volatile uint32_t sum = 0;

	for (uint32_t i = 0; i < BUSY_ROUNDS; i++)
		sum = sum + i;
}

static void add(char *out, size_t len, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void add(char *out, size_t len, const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, fmt);
	vsnprintf(out + used, len - used, fmt, args);
	va_end(args);
}

/* "kernel.perf_event_paranoid is 3", as far as that can be read. */
static void say_paranoid(const char *root, char *out, size_t len)
{
	char path[300], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "%.200s/proc/sys/kernel/perf_event_paranoid", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	text[strcspn(text, "\n")] = '\0';
	add(out, len, "kernel.perf_event_paranoid is %s", text[0] ? text : "not to be read");
}

/* What an error of perf_event_open() means here. */
static void say_error(int code, const char *root, char *out, size_t len)
{
	if (code == -EACCES || code == -EPERM) {
		add(out, len, "not allowed, ");
		say_paranoid(root, out, len);
	} else if (code == -ENOENT || code == -EOPNOTSUPP || code == -ENODEV) {
		add(out, len, "this machine shows no such event (a virtual one may hide them)");
	} else if (code == -ENOSYS) {
		add(out, len, "the kernel has no perf_event_open()");
	} else {
		add(out, len, "perf_event_open: %s", strerror(-code));
	}
}

/* How many opened; the others are marked. */
static int mark_absent(struct counter_plan *p, const int code[COUNTER_COUNT])
{
	int open = 0;

	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (code[i])
			p->event[i].absent = 1;
		open += !p->event[i].absent;
	}
	return open;
}

/* With the kernel's events, else without them; how many are open, of `c`. */
static int try_scopes(struct counter_plan *p, struct counters *c, int code[COUNTER_COUNT])
{
	bool refused = false;

	p->scope = COUNTERS_KERNEL;
	open_group(c, p, code);
	for (int i = 0; i < COUNTER_COUNT; i++)
		refused = refused || code[i] == -EACCES || code[i] == -EPERM;
	if (refused) {
		counters_close(c);
		p->scope = COUNTERS_USER;
		open_group(c, p, code);
	}
	return mark_absent(p, code);
}

/* Those that counted nothing of a busy stretch; returns how many did. */
static int check_counting(
	struct counter_plan *p, const struct counters *c, bool idle[COUNTER_COUNT])
{
	uint64_t value[COUNTER_COUNT];
	int counting = 0;

	counters_start(c);
	be_busy();
	counters_stop(c);
	counters_read(c, value);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		idle[i] = !p->event[i].absent &&
			  (value[i] == UNKNOWN || (value[i] == 0 && i != COUNTER_CACHE_MISSES));
		if (idle[i])
			p->event[i].absent = 1;
		counting += !p->event[i].absent;
	}
	return counting;
}

/* Each reason once, behind the names that it holds for. */
static void say_missing(const int code[COUNTER_COUNT], const bool idle[COUNTER_COUNT],
	const char *root, char *why, size_t len)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		bool same = i > 0 && code[i] == code[i - 1] && idle[i] == idle[i - 1];
		bool next = i + 1 < COUNTER_COUNT && code[i] == code[i + 1] &&
			    idle[i] == idle[i + 1];

		if (!code[i] && !idle[i])
			continue;
		add(why, len, "%s%s", !why[0] ? "" : same ? " " : "; ", names[i]);
		if (next)
			continue;
		add(why, len, ": ");
		if (idle[i])
			add(why, len, "counted nothing (somebody else may have the counters)");
		else
			say_error(code[i], root, why, len);
	}
}

void counters_probe(struct counter_plan *p, const char *root, char *why, size_t why_len)
{
	int code[COUNTER_COUNT];
	bool idle[COUNTER_COUNT] = {false};
	struct counters c;
	int counting = try_scopes(p, &c, code);

	if (counting)
		counting = check_counting(p, &c, idle);
	counters_close(&c);
	why[0] = '\0';
	say_missing(code, idle, root, why, why_len);
	if (!counting)
		p->scope = COUNTERS_NONE;
	if (p->scope == COUNTERS_USER) {
		add(why, why_len, "%sthe kernel's own are not allowed, ", why[0] ? "; " : "");
		say_paranoid(root, why, why_len);
	}
}

void counters_say(const struct counter_plan *p, char *out, size_t out_len)
{
	out[0] = '\0';
	if (p->scope == COUNTERS_NONE)
		return;
	add(out, out_len, "%s:", p->scope == COUNTERS_USER ? "user" : "user+kernel");
	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (!p->event[i].absent)
			add(out, out_len, " %s", names[i]);
	}
}
