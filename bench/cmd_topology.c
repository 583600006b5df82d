/*
 * handoff topology - what the machine looks like to a placement.
 *
 * Text for people: where the topology comes from, every PU in both numberings, and which
 * placement classes there are.  CSV for programs: the classes alone, always in the same order.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd.h"
#include "bench/cmd_coherence.h"
#include "bench/opt.h"
#include "harness/place.h"

enum { PUS_ALL = 64, PUS_HEAD = 32, PUS_TAIL = 8, ERR_BYTES = 512 };

#define MEASURE_BUDGET_NS UINT64_C(20000000000)

struct topology_settings {
	const char *topology;
	const char *synthetic;
	const char *format;
	const char *out;
	uint64_t budget_ns, seed, pairs;
	bool measure;
};

static const struct opt topology_opts[] = {
	{"topology", 0, OPT_STR, offsetof(struct topology_settings, topology), "FILE", NULL,
		"show the machine that this hwloc XML file describes (lstopo FILE.xml writes one)"},
	{"synthetic", 0, OPT_STR, offsetof(struct topology_settings, synthetic), "DESCRIPTION",
		NULL, "show an invented machine, for example \"pack:2 l3:2 core:4 pu:2\""},
	{"format", 0, OPT_STR, offsetof(struct topology_settings, format), "FORMAT", "text",
		"text, or csv: placement,pairs,example_a,example_b with OS numbers"},
	{"pairs", 0, OPT_U64, offsetof(struct topology_settings, pairs), "K", NULL,
		"show also the first K pairs of each class, those that run --pairs takes"},
	{"measure", 0, OPT_FLAG, offsetof(struct topology_settings, measure), NULL, NULL,
		"measure instead what one way of a cache line takes between every two PUs, both "
		"directions, in random order; csv: pu_a,pu_b,class,min_ns,median_ns,n,reason"},
	{"budget", 0, OPT_TIME_NS, offsetof(struct topology_settings, budget_ns), "TIME", NULL,
		"stop measuring after so long; pairs that had no turn are missing.  Default: 20s"},
	{"seed", 0, OPT_U64, offsetof(struct topology_settings, seed), "N", NULL,
		"seed of the order of pairs.  Default: a fresh one, printed"},
	{"out", 'o', OPT_STR, offsetof(struct topology_settings, out), "DIR", NULL,
		"write DIR/coherence.csv and the matrix as a picture, DIR/plots/coherence.svg and "
		".png"},
	{0},
};

static const struct opt_cmd topology_cmd = {
	.name = "topology",
	.synopsis = "[options]",
	.summary = "Show the PUs of this machine and how near pairs of them are: the placement\n"
		   "classes that --placement can ask for.",
	.opts = topology_opts,
	.after =
		"L# is hwloc's logical index, P# the operating system's number. Only PUs that this\n"
		"process may use are shown. A machine from a file can be planned for, not run on.\n",
};

/* The order of the CSV; same-pu is left out. */
static const enum place_class classes[] = {PLACE_SMT, PLACE_SAME_L2, PLACE_SAME_L3,
	PLACE_SAME_PACKAGE, PLACE_CROSS_NUMA, PLACE_CROSS_PACKAGE, PLACE_NO_SHARED_CACHE,
	PLACE_UNKNOWN};

enum { CLASSES = sizeof(classes) / sizeof(*classes) };

static void print_csv(const struct topo *t)
{
	struct place_count count[PLACE_CLASSES];

	topo_count_pairs(t, count);
	puts("placement,pairs,example_a,example_b");
	for (unsigned i = 0; i < CLASSES; i++) {
		const struct place_count *c = &count[classes[i]];

		if (c->pairs)
			printf("%s,%" PRIu64 ",%u,%u\n", place_class_name(c->cls), c->pairs,
				c->example_a, c->example_b);
		else
			printf("%s,0,,\n", place_class_name(c->cls));
	}
}

static void print_index(unsigned width, unsigned index)
{
	if (index == PLACE_PU_NONE)
		printf(" %*s", (int)width, "-");
	else
		printf(" %*u", (int)width, index);
}

static void print_pu(const struct topo *t, unsigned logical)
{
	const struct topo_pu *pu = topo_pu(t, logical);

	print_index(6, logical);
	print_index(6, pu->os);
	print_index(6, pu->core);
	print_index(6, pu->l2);
	print_index(6, pu->l3);
	print_index(6, pu->numa);
	print_index(8, pu->package);
	if (pu->numa_nodes > 1)
		printf("  (%u local NUMA nodes)", pu->numa_nodes);
	putchar('\n');
}

static void print_pus(const struct topo *t)
{
	unsigned n = topo_pu_count(t), head = n > PUS_ALL ? PUS_HEAD : n;

	printf("%u PU%s that may be used; core to package are logical indexes, - is not known:\n",
		n, n == 1 ? "" : "s");
	printf(" %6s %6s %6s %6s %6s %6s %8s\n", "L#", "P#", "core", "L2", "L3", "NUMA", "package");
	for (unsigned i = 0; i < head; i++)
		print_pu(t, i);
	if (head == n)
		return;
	printf("    ... %u more ...\n", n - PUS_HEAD - PUS_TAIL);
	for (unsigned i = n - PUS_TAIL; i < n; i++)
		print_pu(t, i);
}

static void print_present(const struct topo *t, const struct place_count *c)
{
	printf("  %-16s %10" PRIu64 " pair%s for example P#%u and P#%u (L#%u, L#%u)\n",
		place_class_name(c->cls), c->pairs, c->pairs == 1 ? ", " : "s,", c->example_a,
		c->example_b, topo_pu_logical(t, c->example_a), topo_pu_logical(t, c->example_b));
}

/* "    pairs: P#0 P#1, P#8 P#9": as many as are wanted and there are. */
static void print_pairs(const struct topo *t, enum place_class cls, uint64_t most)
{
	unsigned a, b, k = 0;

	for (; k < most && place_pair(t, cls, k, &a, &b) == 0; k++)
		printf("%sP#%u P#%u", k ? ", " : "    pairs: ", a, b);
	if (k)
		putchar('\n');
}

static void print_resolved(const struct topo *t, const char *name)
{
	struct placement p;
	char err[ERR_BYTES];

	if (!place_parse(t, name, &p, err, sizeof(err)))
		printf("%s means %s\n", name, p.resolved);
}

static void print_classes(const struct topo *t, uint64_t pairs)
{
	struct place_count count[PLACE_CLASSES];
	const char *separator = "absent: ";

	topo_count_pairs(t, count);
	puts("placement classes present:");
	for (unsigned i = 0; i < CLASSES; i++) {
		if (!count[classes[i]].pairs)
			continue;
		print_present(t, &count[classes[i]]);
		print_pairs(t, classes[i], pairs);
	}
	if (topo_pu_count(t) == 1)
		puts("  none: one PU makes no pair; all workers share it (same-pu)");
	for (unsigned i = 0; i < CLASSES; i++) {
		if (count[classes[i]].pairs)
			continue;
		printf("%s%s", separator, place_class_name(classes[i]));
		separator = ", ";
	}
	putchar('\n');
	print_resolved(t, "nearest");
	print_resolved(t, "farthest");
}

static void print_text(const struct topo *t, uint64_t pairs)
{
	if (topo_is_thissystem(t))
		printf("topology of %s, workers are really pinned\n\n", topo_source(t));
	else
		printf("foreign: %s; can be planned for, workers are not pinned by it\n\n",
			topo_source(t));
	print_pus(t);
	putchar('\n');
	print_classes(t, pairs);
}

/* Options of the measurement say nothing without it. */
static bool is_refused(const struct topology_settings *s, char *err, size_t err_len)
{
	if (strcmp(s->format, "csv") != 0 && strcmp(s->format, "text") != 0)
		snprintf(err, err_len, "unknown format \"%s\": there are text and csv", s->format);
	else if (!s->measure && (s->budget_ns || s->seed || s->out))
		snprintf(err, err_len, "--budget, --seed and --out belong to --measure");
	else
		return false;
	return true;
}

static struct topo *open_asked(const struct topology_settings *s, char *err, size_t err_len)
{
	if (s->topology && s->synthetic) {
		snprintf(err, err_len, "--topology and --synthetic exclude each other, give one");
		return NULL;
	}
	if (s->topology)
		return topo_open_file(s->topology, err, err_len);
	if (s->synthetic)
		return topo_open_synthetic(s->synthetic, err, err_len);
	return topo_open_native(err, err_len);
}

static int show(const struct topo *t, bool csv, uint64_t pairs)
{
	if (csv)
		print_csv(t);
	else
		print_text(t, pairs);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "handoff topology: cannot write to standard output\n");
		return EXIT_USAGE;
	}
	return EXIT_FINE;
}

int cmd_topology(int argc, char **argv)
{
	struct topology_settings s;
	char err[ERR_BYTES] = "";
	struct topo *t = NULL;
	int rc = opt_parse(&topology_cmd, &s, argc, argv, NULL, NULL);
	struct measure_settings measure;

	if (rc != OPT_RUN)
		return rc;
	if (!is_refused(&s, err, sizeof(err)))
		t = open_asked(&s, err, sizeof(err));
	measure = (struct measure_settings){
		.csv = strcmp(s.format, "csv") == 0,
		.out = s.out,
		.budget_ns = s.budget_ns ? s.budget_ns : MEASURE_BUDGET_NS,
		.seed = s.seed,
	};
	opt_free(&topology_cmd, &s);
	if (!t) {
		fprintf(stderr, "handoff topology: %s\n", err);
		return EXIT_USAGE;
	}
	rc = s.measure ? cmd_coherence(t, &measure) : show(t, measure.csv, s.pairs);
	topo_close(t);
	return rc;
}
