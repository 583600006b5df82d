/*
 * Options - one table per command, from which the parser and --help are made.
 *
 * A command describes its options as an array of struct opt (ending with {0}) that point into its
 * own settings structure:
 *
 *	struct run_settings { bool dry_run; struct opt_list size; uint64_t time_ns; };
 *	static const struct opt run_opts[] = {
 *		{"dry-run", 'n', OPT_FLAG, offsetof(struct run_settings, dry_run), NULL, NULL,
 *			"say what would run"},
 *		{"size", 's', OPT_LIST, offsetof(struct run_settings, size), "SIZE", "64,4K",
 *			"message sizes"},
 *		{"time", 't', OPT_TIME_NS, offsetof(struct run_settings, time_ns), "TIME", "30ms",
 *			"length of a timed stretch"},
 *		{0},
 *	};
 *
 * -h and --help exist in every command: a table must use neither. Unambiguous beginnings of long
 * options are accepted, as getopt_long does.
 *
 * opt_parse() uses getopt_long(), hence is for one thread at a time; it leaves no state behind that
 * the next call would trip over. opt_near() is pure.
 */
#ifndef BENCH_OPT_H
#define BENCH_OPT_H

#include <stddef.h>

enum opt_type {
	OPT_FLAG,    /* bool; takes no value */
	OPT_STR,     /* const char *, points into argv or to def; NULL if neither was given */
	OPT_LIST,    /* struct opt_list */
	OPT_U64,     /* uint64_t, decimal digits */
	OPT_SIZE,    /* uint64_t bytes: 64, 4k, 64K, 1M, 1MiB; 1024-based */
	OPT_TIME_NS, /* uint64_t ns: 10us, 30ms, 2s, 10m, 1h; a bare number is refused, but counts
			milliseconds where arg is "MS" */
};

struct opt {
	const char *name;   /* long name without dashes */
	char letter;        /* short name, 0 = none */
	enum opt_type type; /* what stands at offset */
	size_t offset;      /* of the field in the settings */
	const char *arg;    /* the value's name in --help ("SIZE"); NULL for a flag */
	const char *def;    /* default as text, shown in --help, applied first; NULL = none, which
				leaves false, NULL, an empty list or 0; a number that is given may
				then not be 0, nor may a text ever be empty */
	const char *help;   /* one or more sentences, wrapped by --help */
};

struct opt_cmd {
	const char *name;     /* "run", as in `handoff run` */
	const char *synopsis; /* what follows the name in the usage line: "[options] [CELL...]" */
	const char *summary;  /* what the command does */
	const struct opt *opts;
	const char *after; /* free text after the options (line breaks are kept), may be NULL */
};

/*
 * OPT_LIST: repeatable and comma-separated ("-s 64,1K -s 4K" gives three items). The first use
 * replaces the default. A CPU set stays whole: after an item that starts with "cpu:" or contains
 * "+cpu:", pieces that begin with a digit belong to it ("cpu:0,2-3+cpu:1" is one item). An empty
 * piece is an error. Items belong to the list; opt_free() releases them.
 */
struct opt_list {
	const char **item;
	size_t n;
};

/* What opt_parse() returns where the command shall go on; else an exit code. */
enum { OPT_RUN = -1 };

/*
 * Parses argv (argv[0] is the command's name and not looked at) into settings, whose fields are
 * all set, defaults first: they need not be initialised. Operands follow as *operands (borrowed: a
 * stretch of argv, which getopt_long reorders) and *n_operands; with operands NULL the command
 * takes none, and one that is given is an error. A scalar given twice keeps the last value; "--"
 * ends the options.
 *
 * Returns OPT_RUN; 0 after --help was printed to stdout; 2 after one sentence on stderr (unknown
 * option with near matches, bad or missing value, help that could not be written). The caller frees
 * with opt_free() after OPT_RUN only; otherwise nothing is left allocated.
 */
int opt_parse(const struct opt_cmd *cmd, void *settings, int argc, char **argv,
	const char ***operands, int *n_operands);

/* Releases the lists in settings and empties them; may run twice. */
void opt_free(const struct opt_cmd *cmd, void *settings);

/*
 * Near matches of a word among known ones, best first, at most max, into out (which borrows from
 * known): a beginning or a part of a known word, or few typing errors away from it or from what
 * follows its last '/'. Letter case does not count. Returns how many were found.
 */
size_t opt_near(
	const char *word, const char *const *known, size_t n_known, const char **out, size_t max);

#endif
