/* energy.c - see energy.h. */
#include "harness/energy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 512, NAME = 32 };

static const char powercap[] = "/sys/class/powercap";

/* The zones of the packages: intel-rapl:0, and not their parts intel-rapl:0:1. */
static int is_zone(const struct dirent *d)
{
	const char *colon = strchr(d->d_name, ':');

	return strncmp(d->d_name, "intel-rapl", 10) == 0 && colon && !strchr(colon + 1, ':');
}

/* First line of a zone's file.  Its length, or -errno. */
static int read_line(const char *zone, const char *file, char *out, size_t len)
{
	char path[PATH + NAME];
	int fd, code;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", zone, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, out, len - 1);
	code = n < 0 ? -errno : (int)n;
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return code;
}

static bool parse_uj(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return end != text && errno == 0 && (*end == '\0' || *end == '\n');
}

/* 0; 1: no package's, or one that is there already; -errno with a sentence. */
static int open_zone(struct energy *e, const char *zone, char seen[][NAME], char *why, size_t len)
{
	char name[NAME], range[NAME], path[PATH + NAME];
	int fd;

	if (read_line(zone, "name", name, sizeof(name)) <= 0 || strncmp(name, "package", 7) != 0)
		return 1;
	for (unsigned i = 0; i < e->n; i++) {
		if (strcmp(seen[i], name) == 0)
			return 1;
	}
	if (read_line(zone, "max_energy_range_uj", range, sizeof(range)) <= 0 ||
		!parse_uj(range, &e->range_uj[e->n])) {
		snprintf(why, len, "%.200s/max_energy_range_uj holds no number", zone);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "%s/energy_uj", zone);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int code = -errno;

		snprintf(why, len, "%.200s: %s", path, strerror(errno));
		return code;
	}
	snprintf(seen[e->n], NAME, "%s", name);
	e->fd[e->n++] = fd;
	return 0;
}

static int open_zones(
	struct energy *e, const char *root, struct dirent **entry, int n, char *why, size_t len)
{
	char seen[ENERGY_MAX_PACKAGES][NAME], zone[PATH];
	int code = 0;

	/* from the last: intel-rapl before intel-rapl-mmio */
	for (int i = n - 1; i >= 0 && code >= 0 && e->n < ENERGY_MAX_PACKAGES; i--) {
		snprintf(zone, sizeof(zone), "%.200s%s/%.100s", root, powercap, entry[i]->d_name);
		code = open_zone(e, zone, seen, why, len);
	}
	if (code >= 0 && e->n == 0) {
		snprintf(why, len, "%s shows no package (a virtual machine, or no driver for it)",
			powercap);
		code = -ENOENT;
	}
	return code < 0 ? code : 0;
}

int energy_open(struct energy *e, const char *root, char *why, size_t why_len)
{
	struct dirent **entry = NULL;
	char path[PATH];
	int n, code;

	*e = (struct energy){0};
	why[0] = '\0';
	snprintf(path, sizeof(path), "%.200s%s", root, powercap);
	n = scandir(path, &entry, is_zone, alphasort);
	if (n < 0) {
		code = -errno;
		snprintf(why, why_len, "%s: %s (no driver, or a virtual machine)", powercap,
			strerror(-code));
		return code;
	}
	code = open_zones(e, root, entry, n, why, why_len);
	for (int i = 0; i < n; i++)
		free(entry[i]);
	free(entry);
	if (code)
		energy_close(e);
	return code;
}

void energy_read(const struct energy *e, struct energy_reading *r)
{
	r->known = e->n > 0;
	for (unsigned i = 0; i < e->n; i++) {
		char text[NAME];
		ssize_t n = pread(e->fd[i], text, sizeof(text) - 1, 0);

		text[n > 0 ? n : 0] = '\0';
		r->known = r->known && parse_uj(text, &r->uj[i]);
	}
}

uint64_t energy_between(const struct energy *e, const struct energy_reading *before,
	const struct energy_reading *after)
{
	uint64_t sum = 0;

	if (!before->known || !after->known)
		return ENERGY_UNKNOWN;
	for (unsigned i = 0; i < e->n; i++) {
		uint64_t a = before->uj[i], b = after->uj[i], range = e->range_uj[i];

		if (a > range || b > range)
			return ENERGY_UNKNOWN;
		sum += b >= a ? b - a : range - a + b;
	}
	return sum;
}

void energy_close(struct energy *e)
{
	for (unsigned i = 0; i < e->n; i++)
		close(e->fd[i]);
	e->n = 0;
}
