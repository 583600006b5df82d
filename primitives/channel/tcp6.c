/*
 * channel/tcp6 - a TCP connection over the loopback interface (IPv6), Nagle off.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/tcp.h"

static const char *tcp6_probe(void)
{
	return inet_probe(AF_INET6);
}

static int tcp6_attach(struct port *p)
{
	return tcp_attach(p, AF_INET6);
}

static const struct channel_ops tcp6_ops = {
	.send = sock_send,
	.recv = fan_recv,
	.close = fan_detach,
	.poll_fd = fan_poll_fd,
};
CHANNEL_STAMP(channel_tcp6, tcp6_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_tcp6 = {
	CHANNEL_COMMON(channel_tcp6, tcp6_ops, WAITS_FD | AWAITS),
	.name = "channel/tcp6",
	.summary = "TCP over the loopback interface (IPv6), Nagle off",
	.contract =
		{
			CONTRACT_TCP,
			.needs = "IPv6 and a loopback interface that is up",
		},
	TCP_PORT,
	.probe = tcp6_probe,
	.attach = tcp6_attach,
};
