/* contract.c - see contract.h. */
#include "bench/contract.h"

#include <inttypes.h>
#include <stdio.h>

#include "harness/workload.h"

enum { TEXT = 128 };

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
static const char *const yes_no[] = {"no", "yes"};

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

void contract_domains(const struct mech *m, char *out, size_t len)
{
	join(out, len, m->domains, DOMAIN_COUNT, nth_domain);
}

void contract_waits(const struct mech *m, char *out, size_t len)
{
	join(out, len, m->waits, WAIT_COUNT, nth_wait);
}

const char *contract_fans(const struct mech *m)
{
	if (family_one_role(m->family))
		return "N";
	if (m->family == FAMILY_EVENT)
		return "1:N";
	if (m->max_senders == 1)
		return m->max_receivers == 1 ? "1:1" : "1:N";
	return m->max_receivers == 1 ? "N:1" : "N:M";
}

const char *contract_absence(const struct mech *m, enum domain d)
{
	const char *why;

	if (d == DOMAIN_MIXED) {
		why = contract_absence(m, DOMAIN_THREAD);
		return why ? why : contract_absence(m, DOMAIN_PROCESS);
	}
	why = m->contract.not_in[d];
	if (m->domains & BIT(d))
		return NULL;
	return why ? why : "its contract does not say why";
}

static const char *or_nothing(const char *text)
{
	return text ? text : "";
}

void contract_each(const struct mech *m, contract_fn *fn, void *ctx)
{
	const struct contract *c = &m->contract;
	char waits[TEXT], most[32] = "", copies[32];

	contract_waits(m, waits, sizeof(waits));
	if (c->max_bytes)
		snprintf(most, sizeof(most), "%" PRIu64, c->max_bytes);
	snprintf(copies, sizeof(copies), "%u", c->copies);
	fn(ctx, "reach", reaches[c->reach]);
	fn(ctx, "unit", units[c->unit]);
	fn(ctx, "duplex", yes_no[c->duplex]);
	fn(ctx, "bounded", yes_no[c->bounded]);
	fn(ctx, "order", orders[c->order]);
	fn(ctx, "lossy", yes_no[c->lossy]);
	fn(ctx, "end_seen", or_nothing(c->end_seen));
	fn(ctx, "owner", or_nothing(c->owner));
	fn(ctx, "on_oversize", oversizes[c->on_oversize]);
	fn(ctx, "survives", survivals[c->survives]);
	fn(ctx, "max_bytes", most);
	fn(ctx, "waits", waits);
	fn(ctx, "copies", copies);
	fn(ctx, "needs", or_nothing(c->needs));
	fn(ctx, "cost_of_wait", or_nothing(c->cost_of_wait));
	fn(ctx, "floor", yes_no[(m->flags & MECH_FLOOR) != 0]);
	fn(ctx, "wakes", wakes[c->wakes]);
	fn(ctx, "remembers", m->family == FAMILY_EVENT ? yes_no[c->remembers] : "");
	fn(ctx, "peer_dies", or_nothing(c->peer_dies));
	fn(ctx, "limits", or_nothing(c->limits));
}
