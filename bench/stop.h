/*
 * stop.h - how a command that runs trials hears that it is to stop.
 */
#ifndef BENCH_STOP_H
#define BENCH_STOP_H

/*
 * From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT set launch_stop (launch.h),
 * which ends the running trial; nothing is blocked, SIGPIPE and SIGXFSZ are ignored and
 * SIGCHLD has its default action, whatever was inherited.
 */
void stop_on_signals(void);

#endif
