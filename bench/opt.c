/*
 * Options: the table is turned into getopt_long()'s input, into --help, and into defaults. Values
 * are read by bench/units.
 */
#include "bench/opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/units.h"

enum {
	HELP_COLUMNS = 100,
	HELP_TEXT_COLUMN_MAX = 30, /* a longer option stands on a line of its own */
	LABEL_BYTES = 96,
	NEAR_MAX = 3,
	NAMES_MAX = 64,     /* more options than any command has */
	NEAR_WORD_MAX = 63, /* longer words are compared as substrings only */
	CODE_LONG = 256,    /* getopt code of option i is CODE_LONG + i: never a letter */
	EXIT_USAGE = 2,
};

static const struct opt help_opt = {
	"help", 'h', OPT_FLAG, 0, NULL, NULL, "print this help and exit"};

struct parse {
	const struct opt_cmd *cmd;
	char *settings;
	size_t n;             /* options in the table */
	struct option *longs; /* n, help, and the terminator */
	char *shorts;
	bool *seen;
	bool takes_operands;
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements, and swaps of neighbours that turn a into b. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[3][NEAR_WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > NEAR_WORD_MAX || nb > NEAR_WORD_MAX)
		return UINT32_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *above = row[(i + 2) % 3], *two_up = row[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			now[j] = least(above[j], now[j - 1]) + 1;
			bool differ = strncasecmp(&a[i - 1], &b[j - 1], 1) != 0;
			now[j] = least(now[j], above[j - 1] + differ);
			if (i > 1 && j > 1 && strncasecmp(&a[i - 2], &b[j - 1], 1) == 0 &&
				strncasecmp(&a[i - 1], &b[j - 2], 1) == 0)
				now[j] = least(now[j], two_up[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

/* 0 = the same word; UINT32_MAX = not near. */
static unsigned near_score(const char *word, const char *known)
{
	size_t len = strlen(word);
	const char *slash = strrchr(known, '/');
	unsigned score = edit_distance(word, known);

	if (slash)
		score = least(score, edit_distance(word, slash + 1));
	if (score > (len < 3 ? 1 : (len + 2) / 3))
		score = UINT32_MAX;
	if (len && strncasecmp(word, known, len) == 0)
		score = least(score, 1);
	else if (len > 1 && strcasestr(known, word))
		score = least(score, 2);
	return score;
}

size_t opt_near(
	const char *word, const char *const *known, size_t n_known, const char **out, size_t max)
{
	size_t n = 0;
	const char *dash_free = word + strspn(word, "-");

	for (unsigned want = 0; want <= NEAR_WORD_MAX && n < max; want++)
		for (size_t i = 0; i < n_known && n < max; i++)
			if (near_score(dash_free, known[i]) == want)
				out[n++] = known[i];
	return n;
}

__attribute__((format(printf, 2, 3))) static int usage_error(
	const struct opt_cmd *cmd, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "handoff %s: ", cmd->name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "; see `handoff %s --help`\n", cmd->name);
	return EXIT_USAGE;
}

static int unknown_long(const struct parse *p, const char *word)
{
	const char *names[NAMES_MAX], *found[NEAR_MAX];
	char typed[NEAR_WORD_MAX + 1], hint[NEAR_MAX * 64 + 32] = "";
	size_t n = 0, n_found, used = 0;

	snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
	for (; n <= p->n && n < NAMES_MAX; n++)
		names[n] = p->longs[n].name;
	n_found = opt_near(typed, names, n, found, NEAR_MAX);
	for (size_t i = 0; i < n_found; i++)
		used += (size_t)snprintf(hint + used, sizeof(hint) - used, "%s--%.50s",
			i ? ", " : "; near matches: ", found[i]);
	return usage_error(p->cmd, "unknown or ambiguous option '%s'%s", typed, hint);
}

static int list_add(struct opt_list *list, const char *from, size_t len)
{
	const char **grown = realloc(list->item, (list->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->item = grown;
	list->item[list->n] = strndup(from, len);
	return list->item[list->n++] ? 0 : -ENOMEM;
}

static void list_free(struct opt_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free((char *)list->item[i]);
	free(list->item);
	*list = (struct opt_list){0};
}

/* Length of the first item of text; a CPU set swallows the commas before its further digits. */
static size_t item_length(const char *text)
{
	size_t len = strcspn(text, ",");

	while (text[len] == ',' && text[len + 1] >= '0' && text[len + 1] <= '9') {
		if (strncmp(text, "cpu:", 4) != 0 && !memmem(text, len, "+cpu:", 5))
			break;
		len += 1 + strcspn(text + len + 1, ",");
	}
	return len;
}

static int list_split(struct opt_list *list, const char *text, char *err, size_t err_len)
{
	for (const char *from = text;; from++) {
		size_t len = item_length(from);
		if (len == 0 || list_add(list, from, len)) {
			snprintf(err, err_len, "'%s' %s", text,
				len ? "does not fit in memory" : "holds an empty item");
			return len ? -ENOMEM : -EINVAL;
		}
		from += len;
		if (!*from)
			return 0;
	}
}

static int set_value(
	const struct opt *o, char *settings, const char *text, char *err, size_t err_len)
{
	void *field = settings + o->offset;
	uint64_t bare_ns = o->arg && strcmp(o->arg, "MS") == 0 ? 1000000 : 0;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case OPT_STR:
		*(const char **)field = text;
		return *text ? 0 : (snprintf(err, err_len, "it is empty"), -EINVAL);
	case OPT_LIST:
		return list_split(field, text, err, err_len);
	case OPT_U64:
		return units_parse_u64(text, field, err, err_len);
	case OPT_SIZE:
		return units_parse_bytes(text, field, err, err_len);
	case OPT_TIME_NS:
		return units_parse_time_ns(text, bare_ns, field, err, err_len);
	}
	return -EINVAL;
}

static int apply_defaults(const struct parse *p)
{
	char err[256];

	for (const struct opt *o = p->cmd->opts; o->name; o++) {
		size_t scalar = o->type == OPT_FLAG ? sizeof(bool) : sizeof(uint64_t);
		memset(p->settings + o->offset, 0,
			o->type == OPT_LIST ? sizeof(struct opt_list) : scalar);
	}
	for (const struct opt *o = p->cmd->opts; o->name; o++)
		if (o->def && set_value(o, p->settings, o->def, err, sizeof(err)))
			return usage_error(p->cmd, "default of --%s: %s", o->name, err);
	return OPT_RUN;
}

static int take_option(struct parse *p, size_t i, const char *text)
{
	const struct opt *o = &p->cmd->opts[i];
	void *field = p->settings + o->offset;
	char err[256];

	if (o->type == OPT_LIST && !p->seen[i])
		list_free(field);
	p->seen[i] = true;
	if (set_value(o, p->settings, text, err, sizeof(err)))
		return usage_error(p->cmd, "--%s: %s", o->name, err);
	if (o->type >= OPT_U64 && !o->def && !*(uint64_t *)field) /* as if it were not given */
		return usage_error(p->cmd, "--%s: must be more than 0", o->name);
	return OPT_RUN;
}

/* Prints words from column `at`, further lines indented; returns with the line ended. */
static void print_wrapped(const char *text, int indent, int at)
{
	while (*text) {
		size_t gap = strspn(text, " "), len = strcspn(text + gap, " \n");
		int width = 0;
		for (size_t i = 0; i < len; i++) /* columns, not bytes: skip UTF-8 tails */
			width += ((unsigned char)text[gap + i] & 0xc0) != 0x80;
		if (at > indent && at + (int)gap + width > HELP_COLUMNS) {
			at = printf("\n%*s", indent, "") - 1;
			gap = 0;
			text += strspn(text, " ");
		}
		at += (int)gap + width;
		printf("%.*s", (int)(gap + len), text);
		text += gap + len;
		if (*text == '\n' && *++text)
			at = printf("\n%*s", *text == '\n' ? 0 : indent, "") - 1;
	}
	putchar('\n');
}

static int format_label(char *buf, size_t len, const struct opt *o)
{
	char letter[4] = "   ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c,", o->letter);
	return snprintf(buf, len, "  %s --%s%s%s", letter, o->name, o->arg ? "=" : "",
		o->arg ? o->arg : "");
}

static void print_option(const struct opt *o, int column)
{
	char label[LABEL_BYTES], text[2048];
	int at = format_label(label, sizeof(label), o);

	snprintf(text, sizeof(text), "%s%s%s%s%s", o->help ? o->help : "",
		o->type == OPT_LIST ? " (repeatable, or separated by commas)" : "",
		o->def ? " [default: " : "", o->def ? o->def : "", o->def ? "]" : "");
	at = printf("%s", label);
	if (at + 2 > column)
		at = printf("\n") - 1;
	printf("%*s", column - at, "");
	print_wrapped(text, column, column);
}

static int print_help(const struct opt_cmd *cmd)
{
	char label[LABEL_BYTES];
	int column = format_label(label, sizeof(label), &help_opt) + 2;

	for (const struct opt *o = cmd->opts; o->name; o++) {
		int width = format_label(label, sizeof(label), o) + 2;
		if (width > column && width <= HELP_TEXT_COLUMN_MAX)
			column = width;
	}
	printf("Usage: handoff %s %s\n\n", cmd->name, cmd->synopsis);
	print_wrapped(cmd->summary, 0, 0);
	printf("\nOptions:\n");
	for (const struct opt *o = cmd->opts; o->name; o++)
		print_option(o, column);
	print_option(&help_opt, column);
	if (cmd->after && printf("\n") > 0)
		print_wrapped(cmd->after, 0, 0);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "handoff %s: cannot write the help: %s\n", cmd->name, strerror(errno));
	clearerr(stdout);
	return EXIT_USAGE;
}

static bool parse_init(struct parse *p)
{
	p->longs = calloc(p->n + 2, sizeof(*p->longs));
	p->shorts = calloc(2 * p->n + 3, 1);
	p->seen = calloc(p->n + 1, sizeof(*p->seen));
	if (!p->longs || !p->shorts || !p->seen)
		return false;
	char *s = p->shorts;
	*s++ = ':'; /* a missing value is told apart from an unknown option */
	for (size_t i = 0; i < p->n; i++) {
		const struct opt *o = &p->cmd->opts[i];
		int takes = o->type == OPT_FLAG ? no_argument : required_argument;
		p->longs[i] = (struct option){o->name, takes, NULL, CODE_LONG + (int)i};
		if (o->letter)
			*s++ = o->letter;
		if (o->letter && takes == required_argument)
			*s++ = ':';
	}
	p->longs[p->n] = (struct option){"help", no_argument, NULL, CODE_LONG + (int)p->n};
	*s = help_opt.letter;
	return true;
}

/* Index of the option that getopt's code stands for, p->n for help, above it for none. */
static size_t index_of(const struct parse *p, int code)
{
	if (code >= CODE_LONG)
		return (size_t)(code - CODE_LONG);
	for (size_t i = 0; i < p->n; i++)
		if (code && p->cmd->opts[i].letter == (char)code)
			return i;
	return code == 'h' ? p->n : SIZE_MAX;
}

static int refuse(const struct parse *p, int code, char **argv)
{
	size_t i = index_of(p, optopt);

	if (code == ':')
		return usage_error(p->cmd, "--%s needs a value", p->longs[i].name);
	if (i <= p->n)
		return usage_error(p->cmd, "--%s takes no value", p->longs[i].name);
	if (optopt)
		return usage_error(p->cmd, "unknown option '-%c'", optopt);
	return unknown_long(p, argv[optind - 1]);
}

static int parse_all(struct parse *p, int argc, char **argv)
{
	int rc = apply_defaults(p), code;

	optind = 0; /* glibc: start afresh, whatever was parsed before */
	opterr = 0;
	while (rc == OPT_RUN && (code = getopt_long(argc, argv, p->shorts, p->longs, NULL)) != -1) {
		if (code == '?' || code == ':')
			rc = refuse(p, code, argv);
		else if (index_of(p, code) == p->n)
			rc = print_help(p->cmd);
		else
			rc = take_option(p, index_of(p, code), optarg);
	}
	if (rc == OPT_RUN && !p->takes_operands && optind < argc)
		rc = usage_error(p->cmd, "takes no operands, but got '%s'", argv[optind]);
	if (rc != OPT_RUN)
		opt_free(p->cmd, p->settings);
	return rc;
}

int opt_parse(const struct opt_cmd *cmd, void *settings, int argc, char **argv,
	const char ***operands, int *n_operands)
{
	struct parse p = {.cmd = cmd, .settings = settings, .takes_operands = operands};
	int rc;

	while (cmd->opts[p.n].name)
		p.n++;
	rc = parse_init(&p) ? parse_all(&p, argc, argv) : usage_error(cmd, "out of memory");
	if (rc == OPT_RUN && operands) {
		*operands = (const char **)(void *)(argv + optind);
		*n_operands = argc - optind;
	}
	free(p.longs);
	free(p.shorts);
	free(p.seen);
	return rc;
}

void opt_free(const struct opt_cmd *cmd, void *settings)
{
	for (const struct opt *o = cmd->opts; o->name; o++)
		if (o->type == OPT_LIST)
			list_free((struct opt_list *)(void *)((char *)settings + o->offset));
}
