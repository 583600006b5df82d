/*
 * channel/udp6 - datagrams over the loopback interface (IPv6).
 *
 * What does not fit into the receiver's buffer is lost without a word; the
 * rows' `lost` counts it.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/udp.h"

static const char *udp6_probe(void)
{
	return inet_probe(AF_INET6);
}

static int udp6_attach(struct port *p)
{
	return udp_attach(p, AF_INET6);
}

static const struct channel_ops udp6_ops = {
	.send = udp_send,
	.recv = udp_recv,
	.close = udp_detach,
	.poll_fd = udp_poll_fd,
	.lossy = true,
};
CHANNEL_STAMP(channel_udp6, udp6_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_udp6 = {
	CHANNEL_COMMON(channel_udp6, udp6_ops, WAITS_FD | AWAITS),
	.name = "channel/udp6",
	.summary = "UDP datagrams over the loopback interface (IPv6)",
	.contract =
		{
			CONTRACT_UDP,
			.needs = "IPv6 and a loopback interface that is up",
		},
	UDP_PORT,
	.probe = udp6_probe,
	.attach = udp6_attach,
};
