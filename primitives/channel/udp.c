/*
 * channel/udp - datagrams over the loopback interface (IPv4).
 *
 * What does not fit into the receiver's buffer is lost without a word; the
 * rows' `lost` counts it.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/udp.h"

static const char *udp4_probe(void)
{
	return inet_probe(AF_INET);
}

static int udp4_attach(struct port *p)
{
	return udp_attach(p, AF_INET);
}

static const struct channel_ops udp4_ops = {
	.send = udp_send,
	.recv = udp_recv,
	.close = udp_detach,
	.poll_fd = udp_poll_fd,
	.lossy = true,
};
CHANNEL_STAMP(channel_udp, udp4_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_udp = {
	CHANNEL_COMMON(channel_udp, udp4_ops, WAITS_FD | AWAITS),
	.name = "channel/udp",
	.summary = "UDP datagrams over the loopback interface",
	.contract =
		{
			CONTRACT_UDP,
			.needs = "IPv4 and a loopback interface that is up",
		},
	UDP_PORT,
	.probe = udp4_probe,
	.attach = udp4_attach,
};
