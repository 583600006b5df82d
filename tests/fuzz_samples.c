/* fuzz_samples.c - see fuzz_samples.h. */
#include "tests/fuzz_samples.h"

#include <math.h>
#include <sys/mman.h>

#include "bench/campaign.h"
#include "tests/sample_rows.h"

enum { FEW = 4, NAME = 300 };

static int last;

int fuzz_last(void)
{
	return last;
}

static void must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "the reader broke its word: %s\n", what);
	abort();
}

/* Cells in order, each once; figures finite, or not there. */
static void check_campaign(const struct campaign *c)
{
	for (size_t i = 0; i < c->n; i++) {
		must(i == 0 || strcmp(c->cell[i - 1].key, c->cell[i].key) < 0, "cells in order");
		must(c->cell[i].key[0] != '\0', "cells have keys");
		for (int m = 0; m < COSTS; m++) {
			const struct campaign_figure *f = &c->cell[i].figure[m];

			must(isnan(f->cost) || isfinite(f->cost), "costs are finite");
			must(isnan(f->cost) == isnan(f->value), "a cost has its value");
			must(isnan(f->cost) || f->trials > 0 || !c->rows, "figures have trials");
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char campaign[] = "kind,";
	struct campaign c = {.control_ns = {NAN, NAN, NAN}};
	char path[64], err[400] = "";
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len, "a file in memory");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (len >= sizeof(campaign) - 1 && memcmp(data, campaign, sizeof(campaign) - 1) == 0)
		last = campaign_read_file(&c, path, err, sizeof(err));
	else
		last = campaign_gather(&c, path, err, sizeof(err));
	must(last <= 0 && (last == 0) == (err[0] == '\0'), "an error has its sentence");
	if (last == 0)
		check_campaign(&c);
	campaign_free(&c);
	(void)close(fd);
	return 0;
}

static void copy_with(const char *dir, const char *name, const char *head, const char *end)
{
	char *text = read_text_file(dir, "samples.csv"), *save = NULL;

	append_text(dir, name, head);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		append_text(dir, name, line);
		append_text(dir, name, end);
	}
	free(text);
}

size_t fuzz_seeds(const char *dir)
{
	struct sample row[FEW];
	struct campaign c;
	char path[NAME], err[400] = "";

	for (int i = 0; i < FEW; i++)
		row[i] = row_with((struct at){.bytes = 64 << (i / 2), .block = i % 2}, 1000 + i);
	set_bad(&row[3], "fail", "\"lost\" 3,\n4");
	row[2].lat_p99_ns = 0.25;
	write_samples(dir, row, FEW);
	copy_with(dir, "other.csv", "\xef\xbb\xbf", "\r\n");
	(void)snprintf(path, sizeof(path), "%.200s/samples.csv", dir);
	c = (struct campaign){.control_ns = {5, NAN, 90}};
	must(campaign_gather(&c, path, err, sizeof(err)) == 0, err);
	(void)snprintf(path, sizeof(path), "%.200s/campaign.csv", dir);
	must(campaign_write(&c, path, err, sizeof(err)) == 0, err);
	campaign_free(&c);
	return 3;
}

/* FUZZ_SEEDS: a directory, which is among the arguments too. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("FUZZ_SEEDS");

	(void)argc;
	(void)argv;
	if (dir)
		must(fuzz_seeds(dir) > 0, "seeds are made");
	return 0;
}
