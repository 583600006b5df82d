/*
 * Environment: one sentence on how far this machine's figures can be believed.
 */
#include "bench/env.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FEW_CPUS = 4 };

/* Below these, load and steal are what every machine shows. */
static const double busy_load = 0.5;
static const double much_steal_pct = 0.1;

struct sentence {
	char *text;
	size_t len, used;
	unsigned reservations;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->text + s->used, s->len - s->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		s->used += (size_t)n < s->len - s->used ? (size_t)n : s->len - s->used - 1;
}

static void add_reservation(struct sentence *s)
{
	add(s, "%s", s->reservations++ == 0 ? ": " : "; ");
}

static void add_machine(struct sentence *s, const struct env_facts *f)
{
	if (f->is_virtual)
		add(s, "A virtual machine (%s)", f->hypervisor);
	else if (strcmp(f->hypervisor, "none") == 0)
		add(s, "A physical machine");
	else
		add(s, "A machine, physical or virtual,");
	if (f->cpus_online > 0)
		add(s, " with %u CPU%s", f->cpus_online, f->cpus_online == 1 ? "" : "s");
	if (!isnan(f->load))
		add(s, ", load %.2f", f->load);
	if (!isnan(f->steal_pct))
		add(s, ", %.3f %% of its CPU time stolen since boot", f->steal_pct);
}

static void add_machine_reservations(struct sentence *s, const struct env_facts *f)
{
	if (strcmp(f->hypervisor, "none") != 0) {
		add_reservation(s);
		add(s, "what else its host does cannot be seen%s",
			f->is_virtual ? "" : " if there is one");
	}
	if (strcmp(f->governor, "performance") != 0) {
		add_reservation(s);
		if (f->governor[0] == '\0')
			add(s, "the CPU frequency can be neither seen nor fixed");
		else
			add(s, "the frequency governor is '%s', not 'performance'", f->governor);
	}
}

static void add_share_reservations(struct sentence *s, const struct env_facts *f)
{
	if (f->cpus_online > 0 && f->cpus_online < FEW_CPUS) {
		add_reservation(s);
		add(s, "more than %u busy worker%s must take turns", f->cpus_online,
			f->cpus_online == 1 ? "" : "s");
	}
	if (!isnan(f->quota_cpus)) {
		add_reservation(s);
		add(s, "control groups allow %.3g CPUs of time", f->quota_cpus);
	}
	if (f->load > busy_load) {
		add_reservation(s);
		add(s, "other work was running");
	}
	if (f->steal_pct > much_steal_pct) {
		add_reservation(s);
		add(s, "the host took CPU time away");
	}
}

unsigned env_believe(const struct env_facts *facts, char *line, size_t len)
{
	struct sentence s = {.text = line, .len = len};

	if (len == 0)
		return 0;
	line[0] = '\0';
	add_machine(&s, facts);
	add_machine_reservations(&s, facts);
	add_share_reservations(&s, facts);
	if (s.reservations == 0)
		add(&s, ": nothing seen here speaks against its figures");
	add(&s, ".");
	return s.reservations;
}
