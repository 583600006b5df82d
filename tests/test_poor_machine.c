/*
 * Poor machines: what is not there is a skip that names the limit; the rest is
 * measured.  Never a failure, a crash or a timeout that is the machine's.
 *
 * The poverty is real: limits, namespaces, control groups.  Where the test may not
 * make it, it says so and is skipped.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/program.h"

#define ALONE  "unshare -m sh -c '"
#define NOBODY "setpriv --reuid 65534 --regid 65534 --clear-groups "
#define QUICK  " run --matrix quick --start fork,exec --reps 1 --trial-ms 0.1 --no-report -o run "
#define SHORT  "-p nearest --wait block -s 64 -w stream,contend "
#define SINGLE QUICK "-p nearest --wait block -s 64 -m lock/* -w contend,uncontended "

/* A server feels the limits first. */
#define SERVERLESS "!channel/redis-*,!channel/rabbitmq-*"

/* One mechanism of each kind of resource. */
#define FEW "-m channel/fifo,channel/tcp,channel/mmap-file,channel/ring-mpmc,lock/mutex "

/* Of the quick matrix these, each trial as short as may be; all of it where there is time. */
static const char *selection(void)
{
	const char *more = getenv("HANDOFF_TEST_LONG");

	if (more && *more)
		return support_fast() ? QUICK SHORT : QUICK;
	return QUICK SHORT FEW;
}

struct poverty {
	const char *probe; /* ends with 0 where the poverty can be made; NULL: anywhere */
	const char *line;  /* %s is the program and what it shall run */
	const char *limit; /* what every skip must name; NULL: nothing may be skipped */
	bool must_skip;    /* the limit is felt on any machine */
};

static void check_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("does not say \"%s\":\n%s", words, text);
}

static void check_row(
	const struct sample *row, const struct poverty *p, size_t *ok, size_t *skipped)
{
	bool is_ok = strcmp(row->status, "ok") == 0, is_skip = strcmp(row->status, "skip") == 0;

	if (!is_ok && !is_skip)
		fail_msg("%s: %s: %s: %s", p->line, row->cell, row->status, row->reason);
	if (is_skip && (!p->limit || !strstr(row->reason, p->limit)))
		fail_msg("%s: %s is skipped, not for its %s: %s", p->line, row->cell,
			p->limit ? p->limit : "sake", row->reason);
	*ok += is_ok;
	*skipped += is_skip;
}

static void check_rows(const struct poverty *p)
{
	size_t n = 0, ok = 0, skipped = 0;
	struct sample *row = program_rows("run", &n);

	for (size_t i = 0; i < n; i++)
		check_row(&row[i], p, &ok, &skipped);
	free(row);
	print_message("%zu rows ok, %zu skipped\n", ok, skipped);
	if (ok == 0)
		fail_msg("%s: nothing was measured", p->line);
	if (p->must_skip && skipped == 0)
		fail_msg("%s: the limit was not felt: this test says nothing", p->line);
}

static void need(const char *probe)
{
	if (probe && program_finish(program_start(probe)) != 0)
		skip_because("this test may not: %s: %s", probe, program.err);
}

static void check_with(const struct poverty *p, const char *what)
{
	char line[4096], run[512];

	program_need_processes();
	need(p->probe);
	chmod(program.dir.path, 0777);
	chmod(program.here, 0777);
	snprintf(run, sizeof(run), "%s%s", H, what);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), p->line, run);
#pragma GCC diagnostic pop
	program_ends(line, RC_FINE);
	check_rows(p);
	program_await_nobody(p->line);
}

static void check(const struct poverty *p)
{
	check_with(p, selection());
}

/* ---- limits --------------------------------------------------------------------- */

static void machine_with_sixteen_files_a_process(void **state)
{
	(void)state;
	check(&(struct poverty){.line = "prlimit --nofile=16 %s", .limit = "ulimit -n"});
}

static void machine_with_too_few_files_for_many_workers(void **state)
{
	(void)state;
	check_with(
		&(struct poverty){
			.line = "prlimit --nofile=10 %s", .limit = "ulimit -n", .must_skip = true},
		"run -m channel/*," SERVERLESS
		" -d thread -w stream -f 32x1 --reps 1 --trial-ms 0.1 --no-report -o run");
}

static void machine_with_too_few_files_to_begin(void **state)
{
	char line[512];

	(void)state;
	snprintf(line, sizeof(line), "prlimit --nofile=7 %s%s", H, selection());
	program_ends(line, RC_USAGE);
	check_says(program.err, "Too many open files");
	program_made_nothing();
}

/* A socket's address is the shortest room for a name; files have more. */
static void machine_whose_runtime_directory_has_a_long_name(void **state)
{
	(void)state;
	check_with(&(struct poverty){.line = "sh -c 'd=$D/$(printf %%0100d 0); mkdir -m 700 $d; "
					     "XDG_RUNTIME_DIR=$d exec %s'",
			   .limit = "sun_path, a unix socket's address, has room for 107 bytes: "
				    "set XDG_RUNTIME_DIR",
			   .must_skip = true},
		"run -m channel/unix-stream,channel/fifo,channel/mmap-file -w stream -d process "
		"--reps 1 --trial-ms 0.1 --no-report -o run");
}

/* What the user's shell allows is not what the machine does. */
static void machine_with_few_files_that_may_be_more(void **state)
{
	(void)state;
	check_with(&(struct poverty){.line = "prlimit --nofile=32: %s"},
		"run -m event/select,event/poll,event/epoll -w wake-one -d thread,process --fds 200 "
		"--reps 1 --trial-ms 0.1 --no-report -o run");
}

static void machine_with_fewer_files_than_descriptors_are_wanted(void **state)
{
	(void)state;
	check_with(&(struct poverty){.line = "prlimit --nofile=100 %s",
			   .limit = "RLIMIT_NOFILE, ulimit -n",
			   .must_skip = true},
		"run -m event/select,event/poll,event/epoll -w wake-one --fds 10,200 --reps 1 "
		"--trial-ms 0.1 --no-report -o run");
}

/* Who has so many pipes gets small ones.  A user of the test's own, who has no others. */
enum { HOARDER = 65533, PIPES = 1100 };

static int hoard[PIPES][2];

/* Pipes count for the real user, and are large for whoever may what root may. */
static unsigned hoard_pipes(void)
{
	struct rlimit before, files;
	unsigned n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	files = before;
	files.rlim_cur = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	assert_int_equal(setresuid(HOARDER, 0, 0), 0);
	while (n < PIPES && pipe2(hoard[n], O_CLOEXEC) == 0)
		n++;
	assert_int_equal(setresuid(0, 0, 0), 0);
	setrlimit(RLIMIT_NOFILE, &before);
	return n;
}

static void machine_whose_user_has_many_pipes(void **state)
{
	unsigned n;

	(void)state;
	need("test \"$(id -u)\" = 0 -a \"$(cat /proc/sys/fs/pipe-user-pages-soft)\" = 16384 "
	     "-a \"$(getconf PAGESIZE)\" = 4096");
	need("setpriv --reuid 65533 --regid 65533 --clear-groups test -x \"$H\"");
	n = hoard_pipes();
	if (n == PIPES)
		check_with(&(struct poverty){.line = "setpriv --reuid 65533 --regid 65533 "
						     "--clear-groups %s",
				   .limit = "bytes, not 65536",
				   .must_skip = true},
			"run -m channel/pipe,channel/fifo,channel/queue-feeder,channel/queue-fifo "
			"-w stream,uncontended -s 64,64K -d process --reps 1 --trial-ms 0.1 "
			"--no-report -o run");
	for (unsigned i = 0; i < n; i++) {
		close(hoard[i][0]);
		close(hoard[i][1]);
	}
	if (n < PIPES)
		skip_because("this test may not open %d pipes", PIPES);
}

static void machine_with_three_processes_a_user(void **state)
{
	(void)state;
	check_with(&(struct poverty){.probe = NOBODY "test -x \"$H\"",
			   .line = NOBODY "prlimit --nproc=3 %s",
			   .limit = "ulimit -u",
			   .must_skip = true},
		SINGLE);
}

static void machine_with_little_address_space(void **state)
{
	(void)state;
	program_need_no_asan("it maps more than any limit");
	check_with(&(struct poverty){.line = "prlimit --as=60000000 %s",
			   .limit = "ulimit -v",
			   .must_skip = true},
		"run -m channel/*," SERVERLESS
		",!channel/udp* -w stream -s 64,64K --reps 1 --trial-ms 0.1 --no-report -o run");
}

static void machine_with_small_files_only(void **state)
{
	(void)state;
	check_with(&(struct poverty){.line = "prlimit --fsize=400000 %s",
			   .limit = "ulimit -f",
			   .must_skip = true},
		"run -m channel/*," SERVERLESS
		",!channel/udp* -w stream --start fork,exec -s 64K --reps 1 --trial-ms 0.1 "
		"--no-report -o run");
}

static void machine_of_one_processor(void **state)
{
	cpu_set_t set;
	char line[64];

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (size_t cpu = 0, seen = 0; cpu < CPU_SETSIZE && seen < 2; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		seen++;
		snprintf(line, sizeof(line), "taskset -c %zu %%s", cpu);
		check(&(struct poverty){.line = line});
		program_teardown(NULL);
		program_setup(NULL);
	}
}

/* ---- a machine without ... ---------------------------------------------------------- */

static void machine_without_root(void **state)
{
	(void)state;
	check(&(struct poverty){.probe = NOBODY "test -x \"$H\"", .line = NOBODY "%s"});
}

static void machine_without_shared_memory_objects(void **state)
{
	(void)state;
	check(&(struct poverty){.probe = "unshare -m mount -t tmpfs none /dev",
		.line = ALONE "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "
			      "%s'",
		.limit = "/dev/shm",
		.must_skip = true});
}

static void machine_with_read_only_shared_memory_objects(void **state)
{
	(void)state;
	check(&(struct poverty){.probe = "unshare -m mount -t tmpfs none /dev/shm",
		.line = ALONE "mount -t tmpfs -o ro none /dev/shm && exec %s'",
		.limit = "/dev/shm",
		.must_skip = true});
}

static void machine_with_tiny_shared_memory(void **state)
{
	(void)state;
	check(&(struct poverty){.probe = "unshare -m mount -t tmpfs none /dev/shm",
		.line = ALONE "mount -t tmpfs -o size=64k none /dev/shm && exec %s'",
		.limit = "/dev/shm has no room",
		.must_skip = true});
}

static void machine_without_loopback(void **state)
{
	(void)state;
	check(&(struct poverty){.probe = "unshare -n true",
		.line = "unshare -n %s",
		.limit = "loopback",
		.must_skip = true});
}

static void machine_without_ipv6(void **state)
{
	static const char off[] = "unshare -n sh -c 'ip link set lo up && echo 1 > "
				  "/proc/sys/net/ipv6/conf/all/disable_ipv6'";

	(void)state;
	check(&(struct poverty){.probe = off,
		.line = "unshare -n sh -c 'ip link set lo up && echo 1 > "
			"/proc/sys/net/ipv6/conf/all/disable_ipv6; exec %s'",
		.limit = "no IPv6"});
}

static void machine_without_proc(void **state)
{
	(void)state;
	program_need_no_asan("it reads /proc");
	check(&(struct poverty){.probe = "unshare -m mount -t tmpfs none /proc",
		.line = ALONE "mount -t tmpfs none /proc && "
			      "exec %s'"});
}

static void machine_that_hides_processes(void **state)
{
	(void)state;
	check(&(struct poverty){
		.probe = "unshare -mpf sh -c 'mount -t proc -o hidepid=2 none /proc && " NOBODY
			 "test -x \"$H\"'",
		.line = "unshare -mpf sh -c 'mount -t proc -o hidepid=2 none /proc && exec " NOBODY
			"%s'"});
}

static void machine_without_sys(void **state)
{
	(void)state;
	check(&(struct poverty){.probe = "unshare -m mount -t tmpfs none /sys",
		.line = ALONE "mount -t tmpfs none /sys && exec %s'"});
}

/* As a container: nothing can be written but the results. */
static void machine_with_a_read_only_root(void **state)
{
	static const char can[] = ALONE
		"mount --bind $D $D && mount -o remount,bind,ro / && ! touch /tmp/x 2>&-'";

	(void)state;
	check(&(struct poverty){.probe = can,
		.line = ALONE "mount --bind $D $D && mount -o remount,bind,ro / && "
			      "cd $D/here && XDG_RUNTIME_DIR=/none exec %s'",
		.limit = "Read-only",
		.must_skip = true});
}

/* ---- control groups ---------------------------------------------------------------- */

/* A version 1 controller's group that holds whoever runs after it. */
#define GROUP(c) "/sys/fs/cgroup/" c "/handoff-test-$$"

static void machine_with_a_control_group_of_little_memory(void **state)
{
	(void)state;
	check_with(&(struct poverty){.probe = "sh -c 'mkdir " GROUP("memory") " && test -e " GROUP(
					     "memory") "/memory.limit_in_bytes; c=$?; "
						       "rmdir " GROUP("memory") "; exit $c'",
			   .line = "sh -c 'g=" GROUP(
				   "memory") "; mkdir $g; echo 100M > "
					     "$g/memory.limit_in_bytes; (echo 0 > $g/cgroup.procs; "
					     "exec %s); c=$?; rmdir $g; exit $c'",
			   .limit = "memory",
			   .must_skip = true},
		"run -m channel/*," SERVERLESS
		",!channel/udp* -w stream -s 64,64K --reps 1 --trial-ms 0.1 --no-report -o run");
}

static void machine_with_a_control_group_of_few_processes(void **state)
{
	(void)state;
	check_with(
		&(struct poverty){
			.probe = "sh -c 'mkdir " GROUP("pids") " && test -e " GROUP(
				"pids") "/pids.max; c=$?; rmdir " GROUP("pids") "; exit $c'",
			.line = "sh -c 'g=" GROUP(
				"pids") "; mkdir $g; echo 3 > $g/pids.max; "
					"(echo 0 > $g/cgroup.procs; exec %s); c=$?; "
					"rmdir $g; exit $c'",
			.limit = "pids.max",
			.must_skip = true},
		SINGLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROGRAM_TEST(machine_with_sixteen_files_a_process),
		PROGRAM_TEST(machine_with_too_few_files_for_many_workers),
		PROGRAM_TEST(machine_with_too_few_files_to_begin),
		PROGRAM_TEST(machine_whose_runtime_directory_has_a_long_name),
		PROGRAM_TEST(machine_with_few_files_that_may_be_more),
		PROGRAM_TEST(machine_with_fewer_files_than_descriptors_are_wanted),
		PROGRAM_TEST(machine_whose_user_has_many_pipes),
		PROGRAM_TEST(machine_with_three_processes_a_user),
		PROGRAM_TEST(machine_with_little_address_space),
		PROGRAM_TEST(machine_with_small_files_only),
		PROGRAM_TEST(machine_of_one_processor),
		PROGRAM_TEST(machine_without_root),
		PROGRAM_TEST(machine_without_shared_memory_objects),
		PROGRAM_TEST(machine_with_read_only_shared_memory_objects),
		PROGRAM_TEST(machine_with_tiny_shared_memory),
		PROGRAM_TEST(machine_without_loopback),
		PROGRAM_TEST(machine_without_ipv6),
		PROGRAM_TEST(machine_without_proc),
		PROGRAM_TEST(machine_that_hides_processes),
		PROGRAM_TEST(machine_without_sys),
		PROGRAM_TEST(machine_with_a_read_only_root),
		PROGRAM_TEST(machine_with_a_control_group_of_little_memory),
		PROGRAM_TEST(machine_with_a_control_group_of_few_processes),
	};

	program_find();
	return cmocka_run_group_tests_name("poor machine", tests, NULL, NULL);
}
