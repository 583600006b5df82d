/*
 * topo_io.c - where topologies come from and go to: this machine, XML, synthetic descriptions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hwloc.h>

#include "harness/topo.h"
#include "harness/topo_io.h"

enum { XML_BYTES_MAX = 256 << 20 };

/* Marks what was exported from a foreign topology, so that nobody pins by it. */
#define FOREIGN_INFO "handoff:foreign"

/* hwloc 3 writes its own format unless told otherwise */
#if HWLOC_API_VERSION >= 0x00030000
#define EXPORT_FLAGS HWLOC_TOPOLOGY_EXPORT_XML_FLAG_V2
#else
#define EXPORT_FLAGS 0
#endif

/* hwloc_topology_init() without the plug-ins; see topo.h. */
static hwloc_topology_t init_hwloc(void)
{
	bool unset = !getenv("HWLOC_PLUGINS_PATH");
	hwloc_topology_t h;
	int rc;

	if (unset)
		setenv("HWLOC_PLUGINS_PATH", "/nonexistent", 1);
	rc = hwloc_topology_init(&h);
	if (unset)
		unsetenv("HWLOC_PLUGINS_PATH");
	return rc < 0 ? NULL : h;
}

/* What a topology is opened from: one of the four, or nothing for the native one. */
struct origin {
	const char *source; /* for messages and topo_source() */
	const char *desc;
	const char *xml;
	size_t xml_len;
	unsigned long flags;
};

static int load(hwloc_topology_t h, const struct origin *o)
{
	if (hwloc_topology_set_flags(h, o->flags) < 0)
		return -1;
	if (o->desc && hwloc_topology_set_synthetic(h, o->desc) < 0)
		return -1;
	if (o->xml && hwloc_topology_set_xmlbuffer(h, o->xml, (int)o->xml_len + 1) < 0)
		return -1;
	return hwloc_topology_load(h);
}

static bool is_thissystem(hwloc_topology_t h, const struct origin *o)
{
	return o->flags & HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM && hwloc_topology_is_thissystem(h) &&
	       !hwloc_obj_get_info_by_name(hwloc_get_root_obj(h), FOREIGN_INFO);
}

static struct topo *open_origin(const struct origin *o, char *err, size_t err_len)
{
	hwloc_topology_t h = init_hwloc();

	if (h && load(h, o) == 0)
		return topo_from_hwloc(h, o->source, is_thissystem(h, o), err, err_len);
	snprintf(err, err_len, "%s: hwloc cannot load it%s", o->source,
		o->desc ? "; one that works is \"pack:2 core:4 pu:2\"" : "");
	if (h)
		hwloc_topology_destroy(h);
	return NULL;
}

struct topo *topo_open_synthetic(const char *desc, char *err, size_t err_len)
{
	char source[256];

	snprintf(source, sizeof(source), "synthetic topology \"%s\"", desc);
	return open_origin(&(struct origin){.source = source, .desc = desc}, err, err_len);
}

/* hwloc wants a terminated string; what comes through a pipe or shared memory has a length. */
struct topo *topo_open_xmlbuffer(const char *xml, size_t len, char *err, size_t err_len)
{
	char *text = len && len < XML_BYTES_MAX ? strndup(xml, len) : NULL;
	struct origin o = {
		.source = "this machine",
		.xml = text,
		.xml_len = text ? strlen(text) : 0,
		.flags = HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM,
	};
	struct topo *t = NULL;

	if (text)
		t = open_origin(&o, err, err_len);
	else
		snprintf(err, err_len, "topology XML of %zu bytes: empty or too long", len);
	free(text);
	return t;
}

/* The first thing wrong with the file behind fd, or NULL and its size. */
static const char *refuse_file(int fd, size_t *size)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return strerror(errno);
	*size = (size_t)st.st_size;
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_size < 1)
		return "it is empty";
	return st.st_size < XML_BYTES_MAX ? NULL : "it is too large for a topology";
}

static char *read_all(int fd, size_t size, const char **why)
{
	char *text = calloc(1, size + 1);
	size_t at = 0;

	while (text && at < size) {
		ssize_t n = read(fd, text + at, size - at);

		if (n > 0)
			at += (size_t)n;
		else if (!n || errno != EINTR)
			break;
	}
	if (text && at == size)
		return text;
	*why = text ? "it cannot be read to its end" : strerror(ENOMEM);
	free(text);
	return NULL;
}

static const char *refuse_version(const char *xml)
{
	const char *tag = strstr(xml, "<topology"), *end = tag ? strchr(tag, '>') : NULL;
	const char *version = tag ? strstr(tag, "version=\"3") : NULL;

	if (version && end && version < end)
		return "it is in the format of hwloc 3, export it again in that of hwloc 2";
	return NULL;
}

/* Reads the file itself: what hwloc would do with a path depends on what else it finds. */
struct topo *topo_open_file(const char *path, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	size_t size = 0;
	const char *why = refuse_file(fd, &size);
	char *xml = why ? NULL : read_all(fd, size, &why);
	struct topo *t = NULL;
	char source[512];

	if (xml)
		why = refuse_version(xml);
	snprintf(source, sizeof(source), "topology file %s", path);
	if (why)
		snprintf(err, err_len, "%s: %s", source, why);
	else
		t = open_origin(&(struct origin){.source = source, .xml = xml, .xml_len = size},
			err, err_len);
	free(xml);
	if (fd >= 0)
		close(fd);
	return t;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* What hwloc's variables name: hwloc itself would fall back to the native one in silence. */
static struct topo *open_environment(char *err, size_t err_len)
{
	const char *desc = environment("HWLOC_SYNTHETIC"), *path = environment("HWLOC_XMLFILE");
	char why[512] = "";
	struct topo *t = desc ? topo_open_synthetic(desc, why, sizeof(why))
			      : topo_open_file(path, why, sizeof(why));

	if (!t)
		snprintf(err, err_len, "%s is set: %s", desc ? "HWLOC_SYNTHETIC" : "HWLOC_XMLFILE",
			why);
	return t;
}

struct topo *topo_open_native(char *err, size_t err_len)
{
	/* without DONT_CHANGE_BINDING the x86 back end visits every CPU, isolated ones too */
	struct origin o = {
		.source = "this machine",
		.flags = HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM |
			 HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING |
			 HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING,
	};

	if (environment("HWLOC_FSROOT") || environment("HWLOC_CPUID_PATH")) {
		snprintf(err, err_len,
			"HWLOC_FSROOT or HWLOC_CPUID_PATH is set: export that machine to an "
			"XML file with lstopo and give the file as the topology");
		return NULL;
	}
	if (environment("HWLOC_SYNTHETIC") || environment("HWLOC_XMLFILE"))
		return open_environment(err, err_len);
	return open_origin(&o, err, err_len);
}

static bool is_private(const char *name)
{
	return !strcmp(name, "HostName") || !strcmp(name, "LinuxCgroup") ||
	       !strncmp(name, "DMI", 3);
}

/* The 2.x interface has no call that removes an info; they are malloc'd pairs in an array. */
static void scrub(hwloc_topology_t h, hwloc_obj_t obj)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < obj->infos_count; i++) {
		if (is_private(obj->infos[i].name)) {
			free(obj->infos[i].name);
			free(obj->infos[i].value);
		} else {
			obj->infos[kept++] = obj->infos[i];
		}
	}
	obj->infos_count = kept;
	for (hwloc_obj_t child = NULL; (child = hwloc_get_next_child(h, obj, child));)
		scrub(h, child);
}

/* A copy that may be changed, without private names and with its provenance. */
static hwloc_topology_t copy(const struct topo *t)
{
	hwloc_topology_t h;

	if (hwloc_topology_dup(&h, topo_hwloc(t)) < 0)
		return NULL;
	scrub(h, hwloc_get_root_obj(h));
	if (!topo_is_thissystem(t) &&
		!hwloc_obj_get_info_by_name(hwloc_get_root_obj(h), FOREIGN_INFO))
		hwloc_obj_add_info(hwloc_get_root_obj(h), FOREIGN_INFO, "1");
	return h;
}

static int restrict_to(hwloc_topology_t h, const struct topo *t, const unsigned *os, unsigned n)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	int rc = !set ? -ENOMEM : n ? 0 : -EINVAL;

	for (unsigned i = 0; !rc && i < n; i++) {
		if (topo_pu_logical(t, os[i]) == PLACE_PU_NONE)
			rc = -EINVAL;
		else
			rc = hwloc_bitmap_set(set, os[i]) < 0 ? -ENOMEM : 0;
	}
	if (!rc && hwloc_topology_restrict(h, set, HWLOC_RESTRICT_FLAG_REMOVE_CPULESS) < 0)
		rc = -errno;
	hwloc_bitmap_free(set);
	return rc;
}

/* hwloc's buffer has its own way to be freed: hand out a malloc'd one. */
static int export(hwloc_topology_t h, char **xml, size_t *len)
{
	char *buffer;
	int bytes;

	if (hwloc_topology_export_xmlbuffer(h, &buffer, &bytes, EXPORT_FLAGS) < 0)
		return -errno;
	*len = strnlen(buffer, (size_t)bytes);
	*xml = strndup(buffer, *len);
	hwloc_free_xmlbuffer(h, buffer);
	return *xml ? 0 : -ENOMEM;
}

int topo_export_restricted(const struct topo *t, const unsigned *os, unsigned n, char **xml,
	size_t *len, char *err, size_t err_len)
{
	hwloc_topology_t h = copy(t);
	int rc = h ? restrict_to(h, t, os, n) : -ENOMEM;

	if (!rc)
		rc = export(h, xml, len);
	if (rc)
		snprintf(err, err_len, "%s: cannot export the topology of %u PUs: %s",
			topo_source(t), n, strerror(-rc));
	if (h)
		hwloc_topology_destroy(h);
	return rc;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666);
	int rc = fd < 0 ? -errno : write_all(fd, text, len);

	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

int topo_export_file(const struct topo *t, const char *path, char *err, size_t err_len)
{
	hwloc_topology_t h = copy(t);
	char *xml = NULL;
	size_t len;
	int rc = h ? export(h, &xml, &len) : -ENOMEM;

	if (!rc)
		rc = write_file(path, xml, len);
	if (rc)
		snprintf(err, err_len, "cannot write the topology to %s: %s", path, strerror(-rc));
	free(xml);
	if (h)
		hwloc_topology_destroy(h);
	return rc;
}
