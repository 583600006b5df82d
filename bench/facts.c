/* facts.c - see facts.h. */
#include "bench/facts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/csv.h"
#include "harness/compiler.h"

const uint64_t facts_hash_begin = 0xcbf29ce484222325u;

static const char mitigation[] = "mitigation_";

/* Names of a group stand behind a key; NULL: it is its own group only. */
struct hard_key {
	const char *key, *group;
};

/* Of a plan: how long trials are.  The rest is environment.csv's. */
static const struct hard_key hard_keys[] = {
	{"architecture", "cpu"},
	{"cpu_model", "cpu"},
	{"cache_l1d", "cpu"},
	{"cache_l1i", "cpu"},
	{"cache_l2", "cpu"},
	{"cache_l3", "cpu"},
	{"cpus_online", NULL},
	{"cpus_allowed", NULL},
	{"cpus_isolated", NULL},
	{"cpus_nohz_full", NULL},
	{"numa_nodes_online", NULL},
	{"smt", NULL},
	{"governor", NULL},
	{"turbo", NULL},
	{"transparent_hugepages", NULL},
	{"hypervisor", NULL},
	{"cgroup_cpu_quota_cpus", NULL},
	{"cgroup_cpuset", NULL},
	{"clocksource", NULL},
	{"clock", NULL},
	{"page_bytes", NULL},
	{"kernel", "kernel"},
	{"kernel_version", "kernel"},
	{"boot_parameters", "kernel"},
	{"libc", "libc"},
	{"compiler", "compiler"},
	{"compiler_flags", "compiler"},
	{"handoff_flags", "compiler"},
	{"handoff_flavour", "compiler"},
	{"handoff_version", NULL},
	{"trial_ns", NULL},
	{"cpu_family", "cpu"},
	{"cpu_model_number", "cpu"},
	{"cpu_stepping", "cpu"},
};

static const char *const soft_keys[] = {"host", "microcode", "memory_bytes", "machine_vendor",
	"machine_product", "cpufreq_driver", "cpuidle_driver", "aslr", "perf_event_paranoid",
	"boot_id"};

/* Never the same twice; from here on it is another one. */
static const char load_key[] = "load_average";
static const double load_apart = 0.5;

static const char *const groups[] = {"kernel", "compiler", "libc", "cpu", "mitigations"};

/* ---- the list ----------------------------------------------------------------- */

static struct fact *find(const struct facts *f, const char *key)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->fact[i].key, key) == 0)
			return &f->fact[i];
	}
	return NULL;
}

bool facts_has(const struct facts *f, const char *key)
{
	return find(f, key) != NULL;
}

const char *facts_get(const struct facts *f, const char *key)
{
	const struct fact *at = find(f, key);

	return at ? at->value : "";
}

static int add(struct facts *f, const char *key, const char *value)
{
	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct fact *more = realloc(f->fact, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->fact = more;
		f->room = room;
	}
	f->fact[f->n] = (struct fact){strdup(key), strdup(value)};
	f->n++;
	return f->fact[f->n - 1].key && f->fact[f->n - 1].value ? 0 : -ENOMEM;
}

int facts_set(struct facts *f, const char *key, const char *value)
{
	struct fact *at = find(f, key);
	char *copy;

	if (!at)
		return add(f, key, value);
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(at->value);
	at->value = copy;
	return 0;
}

void facts_free(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->fact[i].key);
		free(f->fact[i].value);
	}
	free(f->fact);
	*f = (struct facts){0};
}

/* ---- environment.csv ------------------------------------------------------------ */

struct reader {
	struct facts *facts;
	const char *path;
	bool header_seen;
	char *err;
	size_t err_len;
};

static int bad(const struct reader *r, uint64_t line, const char *what)
{
	snprintf(r->err, r->err_len, "%s:%" PRIu64 ": %s", r->path, line, what);
	return -EINVAL;
}

static int on_row(void *ctx, uint64_t line, size_t n, const char *const *field, const size_t *len)
{
	struct reader *r = ctx;

	(void)len;
	if (!r->header_seen) {
		r->header_seen = true;
		if (n != 3 || strcmp(field[0], "key") != 0 || strcmp(field[1], "value") != 0)
			return bad(r, line, "the columns are not key,value,reason");
		return 0;
	}
	if (!field[0][0])
		return bad(r, line, "a value stands there without its key");
	if (find(r->facts, field[0]))
		return bad(r, line, "a key stands there for the second time");
	if (r->facts->n == FACTS_MOST)
		return bad(r, line, "more keys than any machine has");
	return add(r->facts, field[0], field[1]) ? bad(r, line, "out of memory") : 0;
}

int facts_read(struct facts *f, const char *path, char *err, size_t err_len)
{
	struct reader r = {f, path, false, err, err_len};
	int code = csv_read_file(path, NULL, on_row, &r, err, err_len);

	if (!code && !r.header_seen) {
		snprintf(err, err_len, "%s: it is empty", path);
		code = -EINVAL;
	}
	return code;
}

/* ---- under test ------------------------------------------------------------------- */

static bool is_mitigation(const char *key)
{
	return strncmp(key, mitigation, sizeof(mitigation) - 1) == 0;
}

static const struct hard_key *hard(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(hard_keys); i++) {
		if (strcmp(hard_keys[i].key, key) == 0)
			return &hard_keys[i];
	}
	return NULL;
}

static bool name_exempts(const char *name, const char *key)
{
	const struct hard_key *h = hard(key);

	if (strcmp(name, key) == 0)
		return true;
	if (is_mitigation(key))
		return strcmp(name, "kernel") == 0 || strcmp(name, "mitigations") == 0;
	return h && h->group && strcmp(h->group, name) == 0;
}

bool facts_exempt(const struct opt_list *names, const char *key)
{
	for (size_t i = 0; names && i < names->n; i++) {
		if (name_exempts(names->item[i], key))
			return true;
	}
	return false;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (strcmp(groups[i], name) == 0)
			return true;
	}
	return hard(name) || is_mitigation(name);
}

int facts_check_under_test(const struct opt_list *names, char *err, size_t err_len)
{
	const char *all[ARRAY_LEN(hard_keys) + ARRAY_LEN(groups)], *near[1];
	size_t n = 0, hits;

	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		all[n++] = groups[i];
	for (size_t i = 0; i < ARRAY_LEN(hard_keys); i++)
		all[n++] = hard_keys[i].key;
	for (size_t i = 0; i < names->n; i++) {
		if (known(names->item[i]))
			continue;
		hits = opt_near(names->item[i], all, n, near, 1);
		snprintf(err, err_len,
			"--under-test %.60s: no such key%s%s%s; there are kernel, compiler, libc, "
			"cpu, mitigations and the keys of environment.csv that must be the same",
			names->item[i], hits ? "; did you mean " : "", hits ? near[0] : "",
			hits ? "?" : "");
		return -EINVAL;
	}
	return 0;
}

/* ---- differences -------------------------------------------------------------------- */

static bool differs(const struct facts *a, const struct facts *b, const char *key,
	facts_differ_fn *differ, void *ctx)
{
	const char *x = facts_get(a, key), *y = facts_get(b, key);

	if (strcmp(x, y) == 0)
		return false;
	if (differ)
		differ(ctx, key, x, y);
	return true;
}

size_t facts_hard(const struct facts *a, const struct facts *b, const struct opt_list *under_test,
	facts_differ_fn *differ, void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(hard_keys); i++) {
		if (!facts_exempt(under_test, hard_keys[i].key))
			n += differs(a, b, hard_keys[i].key, differ, ctx);
	}
	for (size_t i = 0; i < a->n; i++) {
		if (is_mitigation(a->fact[i].key) && !facts_exempt(under_test, a->fact[i].key))
			n += differs(a, b, a->fact[i].key, differ, ctx);
	}
	for (size_t i = 0; i < b->n; i++) {
		if (is_mitigation(b->fact[i].key) && !facts_has(a, b->fact[i].key) &&
			!facts_exempt(under_test, b->fact[i].key))
			n += differs(a, b, b->fact[i].key, differ, ctx);
	}
	return n;
}

/* Of the last minute; NAN: not known. */
static double load_of(const struct facts *f)
{
	const char *text = facts_get(f, load_key);

	return text[0] ? strtod(text, NULL) : (double)NAN;
}

size_t facts_soft(const struct facts *a, const struct facts *b, facts_differ_fn *differ, void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(soft_keys); i++)
		n += differs(a, b, soft_keys[i], differ, ctx);
	if (!(fabs(load_of(a) - load_of(b)) < load_apart))
		n += differs(a, b, load_key, differ, ctx);
	return n;
}

/* ---- fingerprint ---------------------------------------------------------------------- */

uint64_t facts_hash(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t hash_fact(uint64_t hash, const char *key, const char *value)
{
	hash = facts_hash(hash, key, strlen(key) + 1);
	return facts_hash(hash, value, strlen(value) + 1);
}

static int compare_keys(const void *a, const void *b)
{
	const struct fact *x = *(const struct fact *const *)a, *y = *(const struct fact *const *)b;

	return strcmp(x->key, y->key);
}

/* In the order of their names, whatever the file's is. */
static uint64_t hash_mitigations(uint64_t hash, const struct facts *f)
{
	const struct fact **sorted = calloc(f->n + 1, sizeof(const struct fact *));
	size_t n = 0;

	for (size_t i = 0; sorted && i < f->n; i++) {
		if (is_mitigation(f->fact[i].key))
			sorted[n++] = &f->fact[i];
	}
	if (n)
		qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (size_t i = 0; i < n; i++)
		hash = hash_fact(hash, sorted[i]->key, sorted[i]->value);
	free(sorted);
	return hash;
}

void facts_fingerprint(const struct facts *f, char out[FACTS_FINGERPRINT])
{
	uint64_t hash = facts_hash_begin;

	for (size_t i = 0; i < ARRAY_LEN(hard_keys); i++)
		hash = hash_fact(hash, hard_keys[i].key, facts_get(f, hard_keys[i].key));
	hash = hash_mitigations(hash, f);
	hash = hash_fact(hash, "cells", facts_get(f, "cells"));
	snprintf(out, FACTS_FINGERPRINT, "%016" PRIx64, hash);
}
