/*
 * self_kernel.c - hand-written loops over pipe, unix socket and TCP; see
 * self_hand.h.  What is compared is the CPU time that a message costs both
 * sides: kernel time nearly all, which no harness may add to.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/self_hand.h"
#include "harness/evidence.h"

enum { KERNEL_BYTES = 64 };
enum { SEND, RECV };

struct kernel_pair {
	int fd[2]; /* [SEND], [RECV] */
	uint64_t n;
	uint64_t cpu_ns[2];
	struct ledger *ledger;
	bool broken;
};

static uint64_t cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void kernel_send(void *arg)
{
	struct kernel_pair *k = arg;
	uint8_t msg[KERNEL_BYTES] = {0};
	uint64_t cpu = cpu_now();

	for (uint64_t i = 0; i < k->n; i++) {
		stamp_write(msg, sizeof(msg), i, 0);
		if (write(k->fd[SEND], msg, sizeof(msg)) != (ssize_t)sizeof(msg)) {
			k->broken = true;
			break;
		}
	}
	k->cpu_ns[SEND] = cpu_now() - cpu;
}

static void kernel_recv(void *arg)
{
	struct kernel_pair *k = arg;
	uint8_t msg[KERNEL_BYTES] = {0};
	uint64_t cpu = cpu_now();

	for (uint64_t i = 0; i < k->n; i++) {
		size_t got = 0;

		while (got < sizeof(msg)) { /* a stream may cut a message in two */
			ssize_t n = read(k->fd[RECV], msg + got, sizeof(msg) - got);

			if (n <= 0)
				break;
			got += (size_t)n;
		}
		if (got < sizeof(msg))
			break;
		ledger_check(k->ledger, msg, sizeof(msg), sizeof(msg));
	}
	k->cpu_ns[RECV] = cpu_now() - cpu;
}

static bool open_pipe(struct kernel_pair *k)
{
	int fd[2];

	if (pipe(fd) != 0)
		return false;
	k->fd[SEND] = fd[1];
	k->fd[RECV] = fd[0];
	return true;
}

static bool open_unix(struct kernel_pair *k)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
		return false;
	k->fd[SEND] = fd[0];
	k->fd[RECV] = fd[1];
	return true;
}

static bool open_tcp(struct kernel_pair *k)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	struct sockaddr *any = (struct sockaddr *)(void *)&a;
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	bool ok;

	k->fd[SEND] = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(k->fd[SEND], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	ok = bind(listener, any, len) == 0 && listen(listener, 1) == 0 &&
	     getsockname(listener, any, &len) == 0 && connect(k->fd[SEND], any, len) == 0;
	k->fd[RECV] = ok ? accept(listener, NULL, NULL) : -1;
	close(listener);
	return ok && k->fd[RECV] >= 0;
}

static double kernel_run(const struct clock *clock, const uint32_t *pu, uint64_t n,
	bool (*open_pair)(struct kernel_pair *))
{
	struct kernel_pair k = {.fd = {-1, -1}, .n = n, .ledger = calloc(1, ledger_bytes(1))};
	double ns = 0;

	if (k.ledger && open_pair(&k)) {
		k.ledger->producers = k.ledger->exact = 1;
		hand_pair(clock, pu, &k, kernel_send, kernel_recv);
		if (!k.broken && load_relaxed(&k.ledger->from[0].count) == n)
			ns = (double)(k.cpu_ns[SEND] + k.cpu_ns[RECV]) / (double)n;
	}
	for (int i = SEND; i <= RECV; i++) {
		if (k.fd[i] >= 0)
			close(k.fd[i]);
	}
	free(k.ledger);
	return ns;
}

double self_pipe(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return kernel_run(clock, pu, n, open_pipe);
}

double self_unix(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return kernel_run(clock, pu, n, open_unix);
}

double self_tcp(const struct clock *clock, const uint32_t *pu, uint64_t n, uint64_t stretch)
{
	(void)stretch;
	return kernel_run(clock, pu, n, open_tcp);
}
