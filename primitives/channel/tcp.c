/*
 * channel/tcp - a TCP connection over the loopback interface (IPv4), Nagle off.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/tcp.h"

static const char *tcp4_probe(void)
{
	return inet_probe(AF_INET);
}

static int tcp4_attach(struct port *p)
{
	return tcp_attach(p, AF_INET);
}

static const struct channel_ops tcp4_ops = {
	.send = sock_send,
	.recv = fan_recv,
	.close = fan_detach,
	.poll_fd = fan_poll_fd,
};
CHANNEL_STAMP(channel_tcp, tcp4_ops, WAITS_FD | AWAITS);

const struct mech mech_channel_tcp = {
	CHANNEL_COMMON(channel_tcp, tcp4_ops, WAITS_FD | AWAITS),
	.name = "channel/tcp",
	.summary = "TCP over the loopback interface, Nagle off",
	.contract =
		{
			CONTRACT_TCP,
			.needs = "IPv4 and a loopback interface that is up",
		},
	TCP_PORT,
	.probe = tcp4_probe,
	.attach = tcp4_attach,
};
