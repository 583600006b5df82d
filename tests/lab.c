/* lab.c - see lab.h. */
#include "tests/lab.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/broker.h"
#include "bench/launch.h"
#include "bench/registry.h"
#include "harness/futex.h"
#include "harness/names.h"
#include "tests/ramdir.h"
#include "tests/support.h"

enum { ERR_BYTES = 400, SETTLE_MS = 5000 };

struct lab lab;

bool lab_is_trial(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "trial") == 0;
}

/* Does HANDOFF_TEST_MECH hold the mechanism of this key? */
static bool asks_for(const char *key)
{
	const char *list = getenv("HANDOFF_TEST_MECH");

	for (size_t len; list && *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len && strncmp(key, list, len) == 0 && (key[len] == '\0' || key[len] == '/'))
			return true;
	}
	return false;
}

/* A name that is none would ask for nothing, and nobody would know. */
static bool asks_well(void)
{
	const char *list = getenv("HANDOFF_TEST_MECH");
	char name[80];

	for (size_t len; list && *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		if (!registry_find(name)) {
			print_error("HANDOFF_TEST_MECH: there is no mechanism \"%s\"\n", name);
			return false;
		}
	}
	return true;
}

bool lab_is_asked(const struct mech *m)
{
	return asks_for(m->name);
}

bool lab_always_runs(const struct mech *m)
{
	return !m->probe && m->broker == BROKER_NONE;
}

bool lab_is_sampled(const char *key, unsigned share)
{
	uint64_t hash = support_seed();
	const char *more = getenv("HANDOFF_TEST_LONG");

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return (more && *more) || asks_for(key) || (hash >> 32) % share == 0;
}

bool lab_is_fast(void)
{
	const char *fast = getenv("HANDOFF_TEST_FAST");

	return fast && *fast;
}

bool lab_is_desk(void)
{
	const char *fast = getenv("HANDOFF_TEST_FAST");

	return fast && strcmp(fast, "desk") == 0;
}

bool lab_wants(const struct mech *m)
{
	static const char *const few[] = {"channel/queue-fifo", "channel/pipe", "event/condition",
		"lock/mutex", "barrier/pthread"};

	for (unsigned i = 0; i < ARRAY_LEN(few); i++) {
		if (strcmp(m->name, few[i]) == 0)
			return true;
	}
	return !lab_is_fast() || lab_is_asked(m);
}

/* ---- what there is in the machine ---------------------------------------- */

static int is_ours(const struct dirent *d)
{
	return strncmp(d->d_name, "handoff-", 8) == 0;
}

/* Named objects; where there is no /dev/shm there are none. */
static int list_shm(struct dirent ***names)
{
	int n = scandir("/dev/shm", names, is_ours, alphasort);

	if (n < 0)
		*names = NULL;
	return n < 0 ? 0 : n;
}

static void free_shm(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		fail_msg("/proc/self/fd: %s", strerror(errno));
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- opening and closing ------------------------------------------------- */

int lab_setup(void **state)
{
	char err[ERR_BYTES] = "";

	(void)state;
	if (!asks_well())
		return -1;
	if (!ramdir_make(lab.runtime_dir, sizeof(lab.runtime_dir)))
		return -1;
	/* A worker that outlives its trial shall become a child of ours and be seen. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	clock_calibrate(&lab.clock, false, err, sizeof(err));
	lab.topo = topo_open_native(err, sizeof(err));
	lab.result = calloc(1, sizeof(*lab.result));
	if (!lab.topo || !lab.result) {
		print_error("%s\n", err);
		return -1;
	}
	clock_bound_offset(&lab.clock, topo_pu_os(lab.topo, 0),
		topo_pu_os(lab.topo, topo_pu_count(lab.topo) - 1));
	lab.fds = count_fds();
	return 0;
}

int lab_teardown(void **state)
{
	(void)state;
	broker_end_all();
	ramdir_remove(lab.runtime_dir);
	free(lab.result);
	topo_close(lab.topo);
	return 0;
}

/* ---- running ------------------------------------------------------------- */

/* A mechanism that such a server is behind is asked for. */
static bool is_asked_broker(enum broker b)
{
	for (size_t i = 0; i < registry_count(); i++) {
		if (registry_all()[i]->broker == b && lab_is_asked(registry_all()[i]))
			return true;
	}
	return false;
}

bool lab_starts(enum broker b)
{
	const char *more = getenv("HANDOFF_TEST_LONG");

	return is_asked_broker(b) || b != BROKER_RABBITMQ || getenv("HANDOFF_RABBITMQ") ||
	       broker_pid(b) > 0 || (more && *more);
}

const char *lab_cell(struct cell *c, const char *key)
{
	static char err[ERR_BYTES];

	if (cell_parse(c, key, err, sizeof(err)) != 0)
		return err;
	if (cell_place(c, lab.topo, err, sizeof(err)) != 0)
		fail_msg("%s: %s", key, err);
	if (!c->skip[0] && !lab_starts(c->mech->broker))
		snprintf(c->skip, sizeof(c->skip),
			"%s takes its time to start: test_broker does, other tests only with "
			"HANDOFF_TEST_MECH=%s or HANDOFF_TEST_LONG=1",
			broker_name(c->mech->broker), c->mech->name);
	c->n = workload_spawns(c->workload) || workload_timed(c->workload) ? LAB_FEW : LAB_N;
	c->block = c->n == LAB_N ? LAB_BLOCK : 1;
	c->stretch_ns = LAB_STRETCH_NS;
	return NULL;
}

void lab_need_cell(struct cell *c, const char *key)
{
	const char *why = lab_cell(c, key);

	if (why)
		fail_msg("%s", why);
	if (c->skip[0])
		skip_because("%s: %s", key, c->skip);
}

void lab_spec(const struct cell *c, struct trial_spec *spec)
{
	cell_spec(c, &lab.clock, topo_pu_count(lab.topo), false, spec);
	spec->deadline_ns = LAB_DEADLINE_NS;
	spec->stall_ns = LAB_PATIENCE_NS;
}

enum trial_status lab_run_spec(const struct cell *c, const struct trial_spec *spec)
{
	struct trial_spec s = *spec;
	char err[ERR_BYTES] = "", *xml = NULL;
	size_t len = 0;
	int code = 0;

	if (c->pu[0] != PLACE_PU_NONE)
		code = topo_export_restricted(
			lab.topo, c->pu, cell_workers(c), &xml, &len, err, sizeof(err));
	s.xml_len = (uint32_t)len;
	if (code == 0)
		code = launch_trial(NULL, &s, xml, lab.result, &lab.wall_ns, err, sizeof(err));
	free(xml);
	if (code)
		fail_msg("%s: %s", c->key, err);
	lab.trials++;
	return lab.result->status;
}

enum trial_status lab_run(const struct cell *c, const struct trial_fault *fault)
{
	struct trial_spec spec;

	lab_spec(c, &spec);
	if (fault) {
		spec.probed = 1;
		spec.fault = *fault;
		if (fault->act >= PROBE_DROP)
			spec.stall_ns = LAB_STALL_NS;
	}
	return lab_run_spec(c, &spec);
}

/* ---- afterwards ---------------------------------------------------------- */

/* All children of this process are servers that its trials share. */
static bool only_servers(void)
{
	char path[64];
	bool fine;
	int pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	fine = f != NULL;
	while (fine && fscanf(f, "%d", &pid) == 1)
		fine = broker_owns(pid);
	if (f)
		fclose(f);
	return fine;
}

/* Dead children are reaped here as init would; true when no other is left. */
static bool no_children(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD) || only_servers();
}

/* Did a trial of ours make it?  Others may run on this machine. */
static bool is_journalled(const char *name)
{
	char path[96], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/handoff/journal", lab.runtime_dir);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, name) != NULL;
	if (f)
		fclose(f);
	return found;
}

/* Objects that are files lie beside the journal, in a directory of our own. */
static bool no_files(char *which, size_t len)
{
	char path[96], file[96 + sizeof(((struct dirent *)0)->d_name)];
	struct dirent *d;
	bool fine = true;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/handoff", lab.runtime_dir);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		snprintf(file, sizeof(file), "%s/%s", path, d->d_name);
		if (d->d_name[0] != '.' && strcmp(d->d_name, "journal") != 0 &&
			!broker_keeps(file)) {
			snprintf(which, len, "%s/%.100s", path, d->d_name);
			fine = false;
		}
	}
	if (dir)
		closedir(dir);
	return fine;
}

static bool no_objects(char *which, size_t len)
{
	struct dirent **names;
	int n = list_shm(&names);
	bool fine = no_files(which, len);

	for (int i = 0; i < n; i++) {
		if (is_journalled(names[i]->d_name)) {
			snprintf(which, len, "/dev/shm/%.100s", names[i]->d_name);
			fine = false;
		}
	}
	free_shm(names, n);
	return fine;
}

void lab_nothing_left(const char *key)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct patience waited = {0};
	char which[256] = "", err[ERR_BYTES];
	bool children = no_children(), objects = no_objects(which, sizeof(which));
	int swept;

	/* A killed process takes a moment. */
	while ((!children || !objects) && patience_ms(&waited) < SETTLE_MS) {
		nanosleep(&nap, NULL);
		children = no_children();
		objects = no_objects(which, sizeof(which));
	}
	swept = names_clean(NULL, NULL, err, sizeof(err)); /* for the tests that follow */
	if (!children)
		fail_msg("%s: a process still runs after the trial", key);
	if (!objects)
		fail_msg("%s: %s was left behind", key, which);
	if (swept != 0)
		fail_msg("%s: the journal knows of something left behind", key);
	if (count_fds() != lab.fds)
		fail_msg("%s: %d file descriptors, %d before", key, count_fds(), lab.fds);
}
