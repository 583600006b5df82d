/* cmd_list.c - the mechanisms, their contract, and whether they work here. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd.h"
#include "bench/csv.h"
#include "bench/opt.h"
#include "harness/workload.h"
#include "primitives/registry.h"

struct list_settings {
	const char *format;
	bool workloads;
};

static const struct opt opts[] = {
	{"format", 0, OPT_STR, offsetof(struct list_settings, format), "text|csv", "text",
		"How to print.  csv has the whole contract."},
	{"workloads", 0, OPT_FLAG, offsetof(struct list_settings, workloads), NULL, NULL,
		"List the workloads instead."},
	{0},
};

static const struct opt_cmd cmd = {
	.name = "list",
	.synopsis = "[options]",
	.summary = "The mechanisms, what each promises, and whether it works on this machine.",
	.opts = opts,
};

static const char *const reaches[] = {
	[REACH_THREAD] = "thread",
	[REACH_RELATED] = "related-process",
	[REACH_ANY] = "any-process",
	[REACH_HOST] = "host",
};
static const char *const units[] = {
	[UNIT_NONE] = "", [UNIT_MESSAGE] = "message", [UNIT_BYTES] = "bytes"};
static const char *const orders[] = {
	[ORDER_NONE] = "none",
	[ORDER_FIFO] = "fifo",
	[ORDER_LIFO] = "lifo",
	[ORDER_PRIORITY] = "priority",
	[ORDER_FAIR] = "fair",
};
static const char *const oversizes[] = {
	[OVERSIZE_NONE] = "", [OVERSIZE_REFUSED] = "refused", [OVERSIZE_SPLIT] = "split"};
static const char *const survivals[] = {
	[SURVIVE_NO] = "no", [SURVIVE_YES] = "yes", [SURVIVE_SEEN] = "seen"};
static const char *const wakes[] = {[WAKES_NOBODY] = "", [WAKES_ONE] = "one", [WAKES_ALL] = "all"};

/* "thread process" from a bit mask. */
static void join(char *out, size_t len, unsigned mask, int n, const char *(*name)(int))
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < n; i++) {
		if ((mask & BIT(i)) && used < len)
			used += (size_t)snprintf(
				out + used, len - used, "%s%s", used ? " " : "", name(i));
	}
}

static const char *nth_domain(int i)
{
	return domain_name((enum domain)i);
}

static const char *nth_wait(int i)
{
	return wait_name((enum wait)i);
}

/* The sides' limits: "1:1", "N:1", "N:M"; locks: "N"; events: who signals is one. */
static const char *fans(const struct mech *m)
{
	if (m->family == FAMILY_LOCK)
		return "N";
	if (m->family == FAMILY_EVENT)
		return "1:N";
	if (m->max_senders == 1)
		return m->max_receivers == 1 ? "1:1" : "1:N";
	return m->max_receivers == 1 ? "N:1" : "N:M";
}

static const char *unavailable(const struct mech *m)
{
	return m->probe ? m->probe() : NULL;
}

static void put_csv(const struct mech *m)
{
	static const char *const yes_no[] = {"no", "yes"};
	const struct contract *c = &m->contract;
	const char *why = unavailable(m);
	struct csv_row row = {0};
	char text[128];

	csv_row_text(&row, m->name);
	csv_row_text(&row, family_name(m->family));
	join(text, sizeof(text), m->domains, DOMAIN_COUNT, nth_domain);
	csv_row_text(&row, text);
	csv_row_text(&row, fans(m));
	csv_row_text(&row, yes_no[!why]);
	csv_row_text(&row, why ? why : "");
	csv_row_text(&row, m->summary);
	csv_row_text(&row, reaches[c->reach]);
	csv_row_text(&row, units[c->unit]);
	csv_row_text(&row, yes_no[c->duplex]);
	csv_row_text(&row, yes_no[c->bounded]);
	csv_row_text(&row, orders[c->order]);
	csv_row_text(&row, yes_no[c->lossy]);
	csv_row_text(&row, c->end_seen);
	csv_row_text(&row, c->owner);
	csv_row_text(&row, oversizes[c->on_oversize]);
	csv_row_text(&row, survivals[c->survives]);
	if (c->max_bytes)
		csv_row_u64(&row, c->max_bytes);
	else
		csv_row_empty(&row);
	join(text, sizeof(text), m->waits, WAIT_COUNT, nth_wait);
	csv_row_text(&row, text);
	csv_row_u64(&row, c->copies);
	csv_row_text(&row, c->needs);
	csv_row_text(&row, c->cost_of_wait);
	csv_row_text(&row, yes_no[(m->flags & MECH_FLOOR) != 0]);
	csv_row_text(&row, wakes[c->wakes]);
	csv_row_text(&row, m->family == FAMILY_EVENT ? yes_no[c->remembers] : "");
	csv_row_end(&row);
	fwrite(row.buf, 1, row.len, stdout);
	csv_row_free(&row);
}

static int list_csv(void)
{
	puts("mechanism,family,domains,fans,available,reason,summary,reach,unit,duplex,bounded,order,"
	     "lossy,end_seen,owner,on_oversize,survives,max_bytes,waits,copies,needs,cost_of_wait,"
	     "floor,wakes,remembers");
	for (size_t i = 0; i < registry_count(); i++)
		put_csv(registry_all()[i]);
	return EXIT_FINE;
}

static int list_text(void)
{
	char domains[64], waits[64];

	printf("%-20s %-15s %-4s %-32s %s\n", "MECHANISM", "DOMAINS", "FAN", "WAITS", "WHAT IT IS");
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		const char *why = unavailable(m);

		join(domains, sizeof(domains), m->domains, DOMAIN_COUNT, nth_domain);
		join(waits, sizeof(waits), m->waits, WAIT_COUNT, nth_wait);
		printf("%-20s %-15s %-4s %-32s %s\n", m->name, domains, fans(m), waits, m->summary);
		if (why)
			printf("%-20s not here: %s\n", "", why);
	}
	return EXIT_FINE;
}

static int list_workloads(void)
{
	size_t n;
	const struct workload *w = workload_all(&n);

	printf("%-12s %-8s %s\n", "WORKLOAD", "FAMILY", "WHAT IS DONE");
	for (size_t i = 0; i < n; i++)
		printf("%-12s %-8s %s\n", w[i].name, family_name(w[i].family), w[i].summary);
	return EXIT_FINE;
}

int cmd_list(int argc, char **argv)
{
	struct list_settings s = {0};
	int code = opt_parse(&cmd, &s, argc, argv, NULL, NULL);

	if (code != OPT_RUN)
		return code;
	if (s.workloads)
		code = list_workloads();
	else if (strcmp(s.format, "csv") == 0)
		code = list_csv();
	else if (strcmp(s.format, "text") == 0)
		code = list_text();
	else {
		fprintf(stderr, "handoff list: --format \"%s\": there are text and csv\n",
			s.format);
		code = EXIT_USAGE;
	}
	opt_free(&cmd, &s);
	return code;
}
