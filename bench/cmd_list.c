/* cmd_list.c - the mechanisms, their contract, and whether they work here. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/broker.h"
#include "bench/cmd.h"
#include "bench/contract.h"
#include "bench/csv.h"
#include "bench/opt.h"
#include "bench/registry.h"
#include "harness/workload.h"

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

static const char *unavailable(const struct mech *m)
{
	const char *why = m->probe ? m->probe() : NULL;

	return why ? why : broker_absent(m->broker);
}

static void put_field(void *row, const char *name, const char *value)
{
	(void)name;
	csv_row_text(row, value);
}

static void put_name(void *row, const char *name, const char *value)
{
	(void)row;
	(void)value;
	printf(",%s", name);
}

static void put_csv(const struct mech *m)
{
	const char *why = unavailable(m);
	struct csv_row row = {0};
	char domains[128];

	contract_domains(m, domains, sizeof(domains));
	csv_row_text(&row, m->name);
	csv_row_text(&row, family_name(m->family));
	csv_row_text(&row, domains);
	csv_row_text(&row, contract_fans(m));
	csv_row_text(&row, why ? "no" : "yes");
	csv_row_text(&row, why ? why : "");
	csv_row_text(&row, m->summary);
	contract_each(m, put_field, &row);
	csv_row_end(&row);
	fwrite(row.buf, 1, row.len, stdout);
	csv_row_free(&row);
}

static int list_csv(void)
{
	fputs("mechanism,family,domains,fans,available,reason,summary", stdout);
	contract_each(registry_all()[0], put_name, NULL);
	puts("");
	for (size_t i = 0; i < registry_count(); i++)
		put_csv(registry_all()[i]);
	return EXIT_FINE;
}

static int list_text(void)
{
	char domains[64], waits[64];

	printf("%-24s %-24s %-4s %-44s %s\n", "MECHANISM", "DOMAINS", "FAN", "WAITS", "WHAT IT IS");
	for (size_t i = 0; i < registry_count(); i++) {
		const struct mech *m = registry_all()[i];
		const char *why = unavailable(m);

		contract_domains(m, domains, sizeof(domains));
		contract_waits(m, waits, sizeof(waits));
		printf("%-24s %-24s %-4s %-44s %s\n", m->name, domains, contract_fans(m), waits,
			m->summary);
		if (why)
			printf("%-24s not here: %s\n", "", why);
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
