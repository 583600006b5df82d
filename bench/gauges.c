/* gauges.c - see gauges.h. */
#include "bench/gauges.h"

#include <stdio.h>
#include <string.h>

#include "harness/energy.h"

static void probe_energy(struct gauges *g, const char *root)
{
	struct energy e;
	struct energy_reading r;

	if (energy_open(&e, root, g->energy_why, sizeof(g->energy_why)) != 0)
		return;
	energy_read(&e, &r);
	if (r.known)
		snprintf(g->energy_say, sizeof(g->energy_say), "%u package%s", e.n,
			e.n == 1 ? "" : "s");
	else
		snprintf(g->energy_why, sizeof(g->energy_why), "energy_uj cannot be read");
	g->energy = r.known != 0;
	energy_close(&e);
}

void gauges_probe(struct gauges *g, const char *root)
{
	*g = (struct gauges){.energy = false};
	counters_hardware(&g->counters);
	counters_probe(&g->counters, root, g->counters_why, sizeof(g->counters_why));
	counters_say(&g->counters, g->counters_say, sizeof(g->counters_say));
	probe_energy(g, root);
}

void gauges_spec(const struct gauges *g, struct trial_spec *spec)
{
	if (!g)
		return;
	spec->counters = g->counters;
	snprintf(spec->energy_root, sizeof(spec->energy_root), "%s", g->energy ? "/" : "");
}
