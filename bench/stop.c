/* stop.c - see stop.h. */
#include "bench/stop.h"

#include <signal.h>
#include <stddef.h>

#include "bench/launch.h"

static void on_signal(int sig)
{
	launch_stop = sig;
}

void stop_on_signals(void)
{
	const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa = {.sa_handler = on_signal};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not a death */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
