/*
 * channel/tcp - a TCP connection over the loopback interface (IPv4), Nagle off.
 *
 * The receiver listens on a port that the kernel chooses and publishes it in
 * shared state; the sender waits for it and connects.  One connection carries
 * both ways.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/family/channel.h"
#include "primitives/channel/parts/stream_sock.h"

struct tcp {
	atomic_u32 port; /* 0 until there is a listener */
};

static size_t tcp_bytes(const struct link *l)
{
	(void)l;
	return sizeof(struct tcp);
}

static struct sockaddr_in tcp_address(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
	};
}

/* A connect to a port without listener tells whether the interface is up. */
static const char *tcp_probe(void)
{
	struct sockaddr_in a = tcp_address(1);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *why = NULL;

	if (fd < 0)
		return "IPv4 sockets are not to be had";
	if (connect(fd, (struct sockaddr *)(void *)&a, sizeof(a)) != 0 &&
		(errno == ENETUNREACH || errno == EADDRNOTAVAIL))
		why = "the loopback interface is down";
	close(fd);
	return why;
}

static void tcp_no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* TCP_NODELAY is inherited by the connections that the listener accepts. */
static int tcp_listen(struct port *p)
{
	struct tcp *t = p->link->shared;
	struct sockaddr_in a = tcp_address(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return link_fail(p->link, -errno, "socket");
	sock_attach_listening(p->local, fd);
	tcp_no_delay(fd);
	if (bind(fd, (struct sockaddr *)(void *)&a, len) != 0 || listen(fd, 1) != 0 ||
		getsockname(fd, (struct sockaddr *)(void *)&a, &len) != 0)
		return link_fail(p->link, -errno, "bind and listen on 127.0.0.1");
	store_release(&t->port, ntohs(a.sin_port));
	return 0;
}

static int tcp_connect(struct port *p)
{
	struct tcp *t = p->link->shared;
	struct sockaddr_in a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return link_fail(p->link, -errno, "socket");
	sock_attach_connected(p->local, fd);
	tcp_no_delay(fd);
	while (load_acquire(&t->port) == 0)
		sock_nap();
	a = tcp_address((uint16_t)load_acquire(&t->port));
	if (connect(fd, (struct sockaddr *)(void *)&a, sizeof(a)) != 0)
		return link_fail(p->link, -errno, "connect to 127.0.0.1");
	return 0;
}

static int tcp_attach(struct port *p)
{
	return p->role == ROLE_RECEIVER ? tcp_listen(p) : tcp_connect(p);
}

static const struct channel_ops tcp_ops = {
	.send = sock_send,
	.recv = sock_recv,
	.close = sock_detach,
	.poll_fd = sock_poll_fd,
};
CHANNEL_STAMP(channel_tcp, tcp_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_tcp = {
	.name = "channel/tcp",
	.summary = "TCP over the loopback interface, Nagle off",
	.family = FAMILY_CHANNEL,
	.domains = BIT(DOMAIN_THREAD) | BIT(DOMAIN_PROCESS),
	.waits = BIT(WAIT_BLOCK),
	.max_senders = 1,
	.max_receivers = 1,
	.contract =
		{
			.reach = REACH_HOST,
			.unit = UNIT_BYTES,
			.duplex = true,
			.order = ORDER_FIFO,
			.end_seen = "end of file",
			.on_oversize = OVERSIZE_SPLIT,
			.survives = SURVIVE_SEEN,
			.copies = 2,
			.needs = "IPv4 and a loopback interface that is up",
		},
	.local_bytes = sizeof(struct stream_end),
	.shared_bytes = tcp_bytes,
	.probe = tcp_probe,
	.fits = sock_fits,
	.attach = tcp_attach,
	.detach = sock_detach,
	.ops = &tcp_ops,
	.loops = &channel_tcp_loops,
};
