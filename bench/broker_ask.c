/* broker_ask.c - see broker_ask.h. */
#include "bench/broker_ask.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/broker.h"

/* What is said, and how an answer begins. */
static const struct greeting {
	const char *say;
	size_t len;
	char answer, refusal;
} greetings[BROKER_COUNT] = {
	[BROKER_REDIS] = {"PING\r\n", 6, '+', '-'},
	[BROKER_RABBITMQ] = {"AMQP\0\0\x09\x01", 8, '\x01', 'A'},
};

static int fail(
	char *err, size_t err_len, int code, enum broker b, const char *address, const char *what)
{
	snprintf(err, err_len, "%s: the server at %s %s: %s", broker_name(b), address, what,
		strerror(-code));
	return code;
}

static bool ready(int fd, short events, int patience_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, patience_ms) > 0;
}

/* Connected, or -errno. */
static int join(const struct sockaddr *a, socklen_t len, int patience_ms)
{
	int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), code = 0;
	socklen_t size = sizeof(code);

	if (fd < 0)
		return -errno;
	if (connect(fd, a, len) != 0) {
		code = errno;
		if (code == EINPROGRESS) {
			code = ETIMEDOUT;
			if (ready(fd, POLLOUT, patience_ms))
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
		} else if (code == EAGAIN) { /* a unix socket's backlog is full: nobody accepts */
			code = ETIMEDOUT;
		}
	}
	if (!code)
		return fd;
	close(fd);
	return -code;
}

static int join_unix(const char *path, int patience_ms)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path) + 1);
	return join((struct sockaddr *)&a, sizeof(a), patience_ms);
}

static int join_port(const char *address, int patience_ms)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(address, ':');
	struct addrinfo *found;
	char host[256];
	int fd;

	if (!colon || (size_t)(colon - address) >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -EADDRNOTAVAIL;
	fd = join(found->ai_addr, found->ai_addrlen, patience_ms);
	freeaddrinfo(found);
	return fd;
}

int broker_ask(enum broker b, const char *address, int patience_ms, char *err, size_t err_len)
{
	const struct greeting *g = &greetings[b];
	int fd = address[0] == '/' ? join_unix(address, patience_ms)
				   : join_port(address, patience_ms);
	char first = 0;
	bool said;
	ssize_t n;

	if (fd == -EINVAL)
		return fail(
			err, err_len, fd, b, address, "is neither /path/of/socket nor host:port");
	if (fd < 0)
		return fail(err, err_len, fd, b, address, "cannot be reached");
	said = send(fd, g->say, g->len, MSG_NOSIGNAL) == (ssize_t)g->len;
	if (said && !ready(fd, POLLIN, patience_ms)) {
		close(fd);
		return fail(err, err_len, -ETIMEDOUT, b, address, "does not answer");
	}
	n = said ? recv(fd, &first, 1, 0) : -1;
	close(fd);
	if (n != 1)
		return fail(err, err_len, -ECONNRESET, b, address, "does not answer");
	if (first == g->refusal && b == BROKER_REDIS)
		return fail(err, err_len, -EACCES, b, address, "answers with an error");
	if (first != g->answer)
		return fail(err, err_len, -EPROTO, b, address, "speaks another protocol");
	return 0;
}

bool broker_port_answers(unsigned port, int patience_ms)
{
	char address[32];
	int fd;

	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	fd = join_port(address, patience_ms);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

unsigned broker_free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(a);
	unsigned port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}
