/* fuzz_samples.c - see fuzz_samples.h. */
#include "tests/fuzz_samples.h"

#include <math.h>
#include <sys/mman.h>

#include "bench/campaign.h"
#include "bench/facts.h"
#include "bench/gate_runs.h"
#include "bench/judged.h"
#include "tests/judged_scene.h"
#include "tests/sample_rows.h"

enum { FEW = 4, NAME = 300 };

const char *const fuzz_seed[FUZZ_SEEDS] = {
	[FUZZ_SAMPLES] = "samples.csv",
	[FUZZ_OTHER] = "other.csv",
	[FUZZ_CAMPAIGN] = "campaign.csv",
	[FUZZ_FACTS] = "environment.csv",
	[FUZZ_JUDGEMENT] = "judgement.csv",
	[FUZZ_RUNS] = "runs.csv",
};

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

static int read_campaign_file(const char *path, char *err, size_t err_len)
{
	struct campaign c = {.control_ns = {NAN, NAN, NAN}};
	int code = campaign_read_file(&c, path, err, err_len);

	if (code == 0)
		check_campaign(&c);
	campaign_free(&c);
	return code;
}

static int read_samples(const char *path, char *err, size_t err_len)
{
	struct campaign c = {.control_ns = {NAN, NAN, NAN}};
	int code = campaign_gather(&c, path, err, err_len);

	if (code == 0)
		check_campaign(&c);
	campaign_free(&c);
	return code;
}

static bool is_figure(double v)
{
	return isnan(v) || isfinite(v);
}

/* Counts are those of its gated rows; figures are what they can be. */
static void check_judgement(const struct judgement *j)
{
	size_t counted = 0;

	for (int v = 0; v < JUDGED_VERDICTS; v++)
		counted += j->count[v];
	must(counted == j->gated && j->gated <= j->n, "each gated row is counted once");
	for (size_t i = 0; i < j->n; i++) {
		const struct judged *r = &j->row[i];

		must(r->verdict >= 0 && r->verdict < JUDGED_VERDICTS, "a verdict");
		must(r->cell[0] && r->metric[0], "rows have a cell and a metric");
		must(is_figure(r->ratio) && is_figure(r->lo) && is_figure(r->hi), "no infinity");
		must(!(r->ratio <= 0) && !(r->p < 0) && !(r->p > 1), "ratios and shares");
	}
}

static int read_judgement(const char *path, char *err, size_t err_len)
{
	struct judgement j;
	int code = judged_read(&j, path, err, err_len);

	if (code == 0) {
		check_judgement(&j);
		judged_free(&j);
	}
	return code;
}

static int read_facts(const char *path, char *err, size_t err_len)
{
	struct facts f = {.n = 0};
	int code = facts_read(&f, path, err, err_len);

	for (size_t i = 0; code == 0 && i < f.n; i++) {
		must(f.fact[i].key[0] && f.fact[i].value, "a fact has a key");
		must(facts_get(&f, f.fact[i].key) == f.fact[i].value, "a key stands there once");
	}
	must(f.n <= FACTS_MOST, "no more facts than it says");
	facts_free(&f);
	return code;
}

static int read_runs(const char *path, char *err, size_t err_len)
{
	struct gate_run *run = NULL;
	size_t n = 0;
	int code = gate_runs_read(path, &run, &n, err, err_len);

	for (size_t i = 0; code == 0 && i < n; i++) {
		must(strnlen(run[i].rules, sizeof(run[i].rules)) < sizeof(run[i].rules), "ends");
		must(isfinite(run[i].seed) && isfinite(run[i].wall_s), "figures are finite");
	}
	free(run);
	return code;
}

/* Which reader a file is for shows in how it begins; the first that fits. */
static const struct reader {
	const char *begins;
	int (*read)(const char *path, char *err, size_t err_len);
} readers[] = {
	{"kind,began,", read_runs},
	{"kind,", read_campaign_file},
	{"key,", read_facts},
	{"schema_version,record,", read_judgement},
	{"", read_samples},
};

static const struct reader *reader_of(const uint8_t *data, size_t len)
{
	const struct reader *r = readers;

	while (len < strlen(r->begins) || memcmp(data, r->begins, strlen(r->begins)) != 0)
		r++;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64], err[600] = "";
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len, "a file in memory");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	last = reader_of(data, len)->read(path, err, sizeof(err));
	must(last <= 0 && (last == 0) == (err[0] == '\0'), "an error has its sentence");
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

static void seed_judgement(const char *dir)
{
	struct judgement j;
	char path[NAME], err[600] = "";

	(void)snprintf(path, sizeof(path), "%.200s/%s", dir, fuzz_seed[FUZZ_JUDGEMENT]);
	scene_each(&j);
	must(judged_write(path, &j, err, sizeof(err)) == 0, err);
	judged_free(&j);
}

static void seed_runs(const char *dir)
{
	struct gate_run run = {.kind = "inject", .began = "2026-01-02T03:04:05Z", .effect_pct = 10};
	char path[NAME], err[400] = "";

	(void)snprintf(path, sizeof(path), "%.200s/%s", dir, fuzz_seed[FUZZ_RUNS]);
	(void)unlink(path);
	for (int i = 0; i < FEW; i++) {
		run.found = i;
		must(gate_runs_add(path, &run, err, sizeof(err)) == 0, err);
	}
}

size_t fuzz_seeds(const char *dir)
{
	static const char facts[] = "key,value,reason\nkernel,\"Linux 6, \"\"x\"\"\",\n"
				    "governor,,not there\ncpus_online,0-1,\n";
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
	append_text(dir, fuzz_seed[FUZZ_FACTS], facts);
	seed_judgement(dir);
	seed_runs(dir);
	return FUZZ_SEEDS;
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
