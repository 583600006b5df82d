/* pages.c - see pages.h. */
#include "harness/pages.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/compiler.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

enum { POLICY_BIND = 2, NODE_BITS = 1024, LONG_BITS = 8 * sizeof(long), BATCH = 256, KIB = 1024 };

#define THP "/sys/kernel/mm/transparent_hugepage/"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- what the kernel says of itself -------------------------------------------- */

/* The number behind `key` in a file, or its first one where key is "". */
static uint64_t read_number(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	uint64_t v = 0;
	char line[128];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, key, strlen(key)) == 0 &&
			sscanf(line + strlen(key), "%" SCNu64, &v) == 1;
	if (f)
		fclose(f);
	return found ? v : 0;
}

/* "always [madvise] never": the word in brackets; "" where there is no such file. */
static void read_choice(const char *path, char *out, size_t out_len)
{
	FILE *f = fopen(path, "re");
	char line[128] = "";
	const char *from;

	out[0] = '\0';
	if (f && fgets(line, sizeof(line), f) && (from = strchr(line, '[')))
		snprintf(out, out_len, "%.*s", (int)strcspn(from + 1, "]"), from + 1);
	if (f)
		fclose(f);
}

unsigned pages_node_of_cpu(unsigned cpu)
{
	char path[64];
	struct dirent *e;
	unsigned node = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u", cpu);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (sscanf(e->d_name, "node%u", &node) == 1)
			break;
	}
	if (d)
		closedir(d);
	return node;
}

void pages_why_not_huge(bool shared, char *out, size_t out_len)
{
	const char *file = shared ? "shmem_enabled" : "enabled";
	char path[96], choice[32];

	snprintf(path, sizeof(path), THP "%s", file);
	read_choice(path, choice, sizeof(choice));
	snprintf(out, out_len,
		"transparent_hugepage/%s is %s, and vm.nr_hugepages leaves %" PRIu64
		" huge pages free",
		file, choice[0] ? choice : "not there",
		read_number("/proc/meminfo", "HugePages_Free:"));
}

/* ---- looking --------------------------------------------------------------------- */

static void count_node(struct pages_seen *s, int status)
{
	unsigned i = 0;

	s->asked++;
	if (status < 0) {
		s->absent++;
		return;
	}
	while (i < s->n_nodes && s->node[i] != (unsigned)status)
		i++;
	if (i == PAGES_NODES) {
		s->more_nodes = true;
		return;
	}
	if (i == s->n_nodes)
		s->node[s->n_nodes++] = (unsigned)status;
	s->pages[i]++;
}

static void look_nodes(uintptr_t from, uintptr_t to, size_t most, struct pages_seen *s)
{
	size_t page = page_size(), n = (to - from + page - 1) / page;
	size_t stride = most && n > most ? n / most : 1;
	void *at[BATCH];
	int status[BATCH];

	for (size_t i = 0; i < n && !s->nodes_err;) {
		unsigned k = 0;

		for (; k < BATCH && i < n; k++, i += stride)
			at[k] = (void *)(from + i * page);
		if (syscall(SYS_move_pages, 0, (unsigned long)k, at, NULL, status, 0) != 0)
			s->nodes_err = -errno;
		for (unsigned j = 0; j < k && !s->nodes_err; j++)
			count_node(s, status[j]);
	}
}

/* A mapping in /proc/self/smaps, as far as it is read. */
struct mapping {
	uintptr_t from, to;
	uint64_t page_kib, huge_kib;
};

static void add_mapping(const struct mapping *m, uintptr_t from, uintptr_t to, struct pages_seen *s)
{
	uintptr_t a = m->from > from ? m->from : from, b = m->to < to ? m->to : to;
	size_t huge = m->huge_kib * KIB;

	if (a >= b)
		return;
	s->page_bytes = m->page_kib * KIB;
	if (s->page_bytes > page_size()) {
		s->huge_page_bytes = s->page_bytes;
		huge = b - a;
	}
	s->huge_bytes += huge < b - a ? huge : b - a;
}

static void look_mappings(uintptr_t from, uintptr_t to, struct pages_seen *s)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	struct mapping m = {0};
	uint64_t a, b, kib;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &a, &b) == 2) {
			add_mapping(&m, from, to, s);
			m = (struct mapping){.from = (uintptr_t)a, .to = (uintptr_t)b};
		} else if (sscanf(line, "KernelPageSize: %" SCNu64, &kib) == 1) {
			m.page_kib = kib;
		} else if (sscanf(line, "AnonHugePages: %" SCNu64, &kib) == 1 ||
			   sscanf(line, "ShmemPmdMapped: %" SCNu64, &kib) == 1) {
			m.huge_kib += kib;
		}
	}
	add_mapping(&m, from, to, s);
	if (f)
		fclose(f);
}

void pages_look(const void *area, size_t bytes, size_t most, struct pages_seen *out)
{
	uintptr_t page = page_size(), from = (uintptr_t)area / page * page;
	uintptr_t to = (uintptr_t)area + bytes;

	*out = (struct pages_seen){
		.bytes = to - from,
		.huge_page_bytes = read_number(THP "hpage_pmd_size", ""),
	};
	look_mappings(from, to, out);
	look_nodes(from, to, most, out);
}

bool pages_all_on(const struct pages_seen *s, unsigned node)
{
	return !s->nodes_err && s->absent == 0 && s->n_nodes == 1 && !s->more_nodes &&
	       s->node[0] == node;
}

static void say_bytes(size_t bytes, char *out, size_t out_len)
{
	bool mib = bytes >= KIB * KIB && bytes % (KIB * KIB) == 0;

	snprintf(
		out, out_len, "%zu %s", mib ? bytes / KIB / KIB : bytes / KIB, mib ? "MiB" : "KiB");
}

static void append(char *out, size_t out_len, const char *text)
{
	size_t used = strlen(out);

	snprintf(out + used, out_len - used, "%s", text);
}

void pages_say(const struct pages_seen *s, char *out, size_t out_len)
{
	bool huge = s->bytes && s->huge_bytes >= s->bytes;
	char part[32];

	out[0] = '\0';
	if (s->page_bytes) {
		say_bytes(huge ? s->huge_page_bytes : s->page_bytes, out, out_len);
		append(out, out_len, huge ? " huge" : s->huge_bytes ? ", partly huge" : "");
	}
	if (s->n_nodes)
		append(out, out_len, s->n_nodes > 1 ? ", nodes" : ", node");
	for (unsigned i = 0; i < s->n_nodes; i++) {
		snprintf(part, sizeof(part), " %u", s->node[i]);
		append(out, out_len, part);
	}
	append(out, out_len, s->more_nodes ? " ..." : "");
}

/* ---- asking ---------------------------------------------------------------------- */

static void *map(size_t bytes, bool shared, int flags)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		(shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | flags, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* From the pool that vm.nr_hugepages fills; reserved now, so that a touch cannot fail. */
static void *map_pool(size_t *bytes, bool shared)
{
	size_t huge = read_number("/proc/meminfo", "Hugepagesize:") * KIB;
	size_t whole = huge ? ROUND_UP(*bytes, huge) : 0;
	void *mem = NULL;

	if (huge && read_number("/proc/meminfo", "HugePages_Free:") >= whole / huge)
		mem = map(whole, shared, MAP_HUGETLB);
	if (mem)
		*bytes = whole;
	return mem;
}

void *pages_map_huge(size_t *bytes, bool shared, char *err, size_t err_len)
{
	size_t huge = read_number(THP "hpage_pmd_size", ""), whole, before;
	char *mem = map_pool(bytes, shared);

	if (mem)
		return mem;
	if (!huge) {
		pages_why_not_huge(shared, err, err_len);
		return NULL;
	}
	whole = ROUND_UP(*bytes, huge);
	mem = map(whole + huge, shared, MAP_NORESERVE);
	if (!mem) {
		snprintf(err, err_len, "mmap of %zu bytes for huge pages: %s", whole + huge,
			strerror(errno));
		return NULL;
	}
	before = ROUND_UP((uintptr_t)mem, huge) - (uintptr_t)mem;
	if (before)
		munmap(mem, before);
	if (before < huge)
		munmap(mem + before + whole, huge - before);
	madvise(mem + before, whole, MADV_HUGEPAGE); /* refused: it shows when it is looked at */
	*bytes = whole;
	return mem + before;
}

int pages_bind(void *area, size_t bytes, unsigned node)
{
	unsigned long mask[NODE_BITS / LONG_BITS] = {0};

	if (node >= NODE_BITS)
		return -EINVAL;
	mask[node / LONG_BITS] = 1UL << node % LONG_BITS;
	return syscall(SYS_mbind, area, bytes, POLICY_BIND, mask, (unsigned long)NODE_BITS + 1,
		       0) == 0
		       ? 0
		       : -errno;
}

int pages_touch(void *area, size_t bytes)
{
	if (madvise(area, bytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL)
		return -errno;
	memset(area, 0, bytes);
	return 0;
}

void pages_map_in(void *area, size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)area;
	uintptr_t first = from / page * page, end = ROUND_UP(from + bytes, page);

	madvise((void *)first, end - first, MADV_POPULATE_WRITE);
}
