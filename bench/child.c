/* child.c - see child.h. */
#include "bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/launch.h"
#include "harness/futex.h"

enum { MOST_BYTES = 64 << 20 };

pid_t child_start(const char *path, char *const *argv, int out, int err)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		dup2(null, 0);
		if (out >= 0) {
			dup2(out, 1);
			dup2(err >= 0 ? err : null, 2);
		}
		execv(path, argv);
		_exit(127);
	}
	return pid;
}

int child_await(pid_t pid, uint64_t until_ns, int *status)
{
	bool ended = launch_await(pid, until_ns);

	if (!ended) {
		kill(pid, SIGKILL);
		kill(-pid, SIGKILL);
	}
	waitpid(pid, status, 0);
	return ended ? 0 : launch_stop ? -EINTR : -ETIME;
}

/* Room for more; the caller frees *text in any case. */
static int make_room(char **text, size_t *room)
{
	char *more = *room < MOST_BYTES ? realloc(*text, 2 * *room) : NULL;

	if (!more)
		return *room < MOST_BYTES ? -ENOMEM : -EFBIG;
	*text = more;
	*room *= 2;
	return 0;
}

int child_read(int fd, uint64_t until_ns, char **text)
{
	size_t n = 0, room = 1 << 16;
	ssize_t got = 1;
	int code = (*text = malloc(room)) ? 0 : -ENOMEM;

	while (!code && got > 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = monotonic_ns();

		if (now >= until_ns || launch_stop)
			code = launch_stop ? -EINTR : -ETIME;
		else if (poll(&p, 1, (int)((until_ns - now) / 1000000 % 1000) + 1) <= 0)
			continue;
		else if ((got = read(fd, *text + n, room - n - 1)) > 0)
			n += (size_t)got;
		if (!code && n + 1 == room)
			code = make_room(text, &room);
	}
	if (*text)
		(*text)[n] = '\0';
	return code;
}
