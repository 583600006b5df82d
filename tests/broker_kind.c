/* broker_kind.c - see broker_kind.h. */
#include "tests/broker_kind.h"

#include <stdlib.h>

#include "bench/registry.h"
#include "tests/support.h"

const struct broker_kind redis = {
	.broker = BROKER_REDIS,
	.channel = "channel/redis-list",
	.all = "-m channel/redis-list,bus/redis-pubsub -d thread,process --start fork,exec",
	.rows = 6,
	.process = "redis-server",
	.variable = "HANDOFF_REDIS",
	.no_program = "redis-server is not installed",
};

const struct broker_kind rabbitmq = {
	.broker = BROKER_RABBITMQ,
	.channel = "channel/rabbitmq-queue",
	.all = "-m channel/rabbitmq-queue,bus/rabbitmq-fanout -d thread,process",
	.rows = 4,
	.process = "beam.smp",
	.variable = "HANDOFF_RABBITMQ",
	.no_program = "epmd is not installed",
	.slow = true,
};

static bool is_long(void)
{
	const char *more = getenv("HANDOFF_TEST_LONG");

	return more && *more;
}

void need_client(const struct broker_kind *k)
{
	const struct mech *m = registry_find(k->channel);
	const char *why = m->probe ? m->probe() : NULL;

	if (why)
		skip_because("%s", why);
}

static void need_server(const struct broker_kind *k)
{
	const char *why = broker_absent(k->broker);

	need_client(k);
	if (why)
		skip_because("%s", why);
}

void need_server_once(const struct broker_kind *k)
{
	need_server(k);
	if (k->slow && support_fast() && !is_long())
		skip_because("%s takes ten seconds to start: not where tests are to be fast",
			broker_name(k->broker));
}

void need_server_again(const struct broker_kind *k)
{
	need_server(k);
	if (k->slow && !is_long())
		skip_because("%s takes ten seconds to start: HANDOFF_TEST_LONG=1",
			broker_name(k->broker));
}
