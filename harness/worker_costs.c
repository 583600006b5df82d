/* worker_costs.c - what the kernel counts for a worker, before and after the stretch. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/quiet.h"
#include "harness/worker_part.h"

uint64_t worker_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

static uint64_t read_field(const char *path, const char *key, unsigned field)
{
	char buf[4096], *p = buf;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return UNKNOWN_COUNT;
	buf[n] = '\0';
	if (key) {
		p = strstr(buf, key);
		p = p ? strchr(p, ':') : NULL;
		return p ? strtoull(p + 1, NULL, 10) : UNKNOWN_COUNT;
	}
	while (field-- && p)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : UNKNOWN_COUNT;
}

void worker_read_costs(struct costs *c)
{
	c->runq_wait_ns = read_field("/proc/thread-self/schedstat", NULL, 1);
	c->migrations = read_field("/proc/thread-self/sched", "nr_migrations", 0);
	getrusage(RUSAGE_THREAD, &c->usage);
}

static uint64_t since(uint64_t before, uint64_t after)
{
	return before == UNKNOWN_COUNT || after == UNKNOWN_COUNT ? UNKNOWN_COUNT : after - before;
}

void worker_report_costs(struct worker_report *r, const struct costs *a, const struct costs *b)
{
	r->runq_wait_ns = since(a->runq_wait_ns, b->runq_wait_ns);
	r->migrations = since(a->migrations, b->migrations);
	r->cpu_user_ns = timeval_ns(b->usage.ru_utime) - timeval_ns(a->usage.ru_utime);
	r->cpu_sys_ns = timeval_ns(b->usage.ru_stime) - timeval_ns(a->usage.ru_stime);
	r->ctx_voluntary = (uint64_t)(b->usage.ru_nvcsw - a->usage.ru_nvcsw);
	r->ctx_involuntary = (uint64_t)(b->usage.ru_nivcsw - a->usage.ru_nivcsw);
	r->minor_faults = (uint64_t)(b->usage.ru_minflt - a->usage.ru_minflt);
	r->stopped = quiet_was_stopped();
	r->elsewhere = 0;
}

void worker_report_no_costs(struct worker_report *r)
{
	r->runq_wait_ns = r->migrations = 0;
	r->cpu_ns = r->cpu_user_ns = r->cpu_sys_ns = 0;
	r->ctx_voluntary = r->ctx_involuntary = r->minor_faults = 0;
	r->stopped = 0;
	r->elsewhere = 1;
}
