// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/sink.h"
#include "util/mem.h"

typedef int (*parse_fn)(struct ct_options *opts, const char *value, struct ct_err *err);

static int add(struct ct_list *list, const char *name, const char *value, struct ct_err *err)
{
	if (list->count == CT_LIST_MAX)
		return ct_fail(err, EINVAL, "option --%s: at most %d of them", name, CT_LIST_MAX);
	list->items[list->count++] = value;
	return 0;
}

static int number(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *ret,
		  struct ct_err *err)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno || end == value || *end || *value == '-' || n < min || n > max)
		return ct_fail(err, EINVAL, "option %s: '%s' is no whole number from %llu to %llu",
			       name, value, (unsigned long long)min, (unsigned long long)max);
	*ret = n;
	return 0;
}

static int parse_runtime(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add(&opts->runtimes, "runtime", value, err);
}

static int parse_engine(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add(&opts->engines, "engine", value, err);
}

static int parse_container(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add(&opts->containers, "container", value, err);
}

static int parse_image(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return add(&opts->images, "image", value, err);
}

static int parse_output(struct ct_options *opts, const char *value, struct ct_err *err)
{
	bool to_stdout = false;
	int ret = ct_sink_check(value, &to_stdout, err);

	if (ret)
		return ret;
	if (to_stdout && opts->stdout_taken)
		return ct_fail(err, EINVAL,
			       "option -o: '%s' is the second output to stdout; write '%s:FILE'",
			       value, value);
	opts->stdout_taken |= to_stdout;
	return add(&opts->outputs, "output", value, err);
}

static int parse_count(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return number("-n", value, 1, UINT32_MAX, &opts->count, err);
}

static int parse_seconds(struct ct_options *opts, const char *value, struct ct_err *err)
{
	char *end;
	double s = strtod(value, &end);

	if (end == value || *end || !(s > 0) || s > 1e9)
		return ct_fail(err, EINVAL, "option -d: '%s' is no number of seconds above 0",
			       value);
	opts->seconds = s;
	return 0;
}

static int parse_ready(struct ct_options *opts, const char *value, struct ct_err *err)
{
	if (!strncmp(value, "path:", 5) && value[5]) {
		opts->ready_glob = value + 5;
		opts->ready_mask |= 1u << CT_READY_PATH;
		return 0;
	}
	for (int i = 0; i < CT_READY_MAX; i++) {
		if (i != CT_READY_PATH && !strcmp(value, ct_ready_names[i])) {
			opts->ready_mask |= 1u << i;
			return 0;
		}
	}
	return ct_fail(err, EINVAL,
		       "option --ready: '%s' is none of listen, accept, output, exec, path:GLOB",
		       value);
}

static int parse_record(struct ct_options *opts, const char *value, struct ct_err *err)
{
	(void)err;
	opts->record = value;
	return 0;
}

static int parse_ready_fd(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = number("--ready-fd", value, 1, 1 << 20, &n, err);

	if (!ret)
		opts->ready_fd = (int)n;
	return ret;
}

static int parse_ring(struct ct_options *opts, const char *value, struct ct_err *err)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (n > 1 << 30) /* with a suffix it would wrap */
		n = 0;
	if (*end == 'K' || *end == 'k')
		n <<= 10, end++;
	else if (*end == 'M' || *end == 'm')
		n <<= 20, end++;
	if (errno || end == value || *end || *value == '-' || n < 4096 || n > 1 << 30 ||
	    n & (n - 1))
		return ct_fail(err, EINVAL,
			       "option --ring: '%s' is no power of two from 4096 to 1024M", value);
	opts->ring_bytes = (size_t)n;
	return 0;
}

static int parse_processes(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = number("--processes", value, 64, 1 << 22, &n, err);

	if (!ret)
		opts->processes = (size_t)n;
	return ret;
}

/* Columns: short, long, argument, offset of a bool or function for a value, help. */
static const struct option_row {
	char letter;
	const char *name;
	const char *arg;
	size_t flag;
	parse_fn parse;
	const char *help;
} rows[] = {
	{ 'r', "runtime", "NAME", 0, parse_runtime,
	  "only containers of this runtime (runc, runsc, ...); repeatable" },
	{ 'e', "engine", "NAME", 0, parse_engine,
	  "only containers of this engine (docker, ...); repeatable" },
	{ 'c', "container", "ID|NAME", 0, parse_container,
	  "only this container: name, id or beginning of the id; repeatable" },
	{ 'i', "image", "GLOB", 0, parse_image,
	  "only images that match, e.g. 'node:*'; repeatable" },
	{ 'n', "count", "COUNT", 0, parse_count, "end after COUNT starts" },
	{ 'd', "duration", "SECONDS", 0, parse_seconds, "end after that long" },
	{ 0, "ready", "WHEN", 0, parse_ready,
	  "what makes a service ready: listen, accept, output, exec or path:GLOB;\nrepeatable, the first counts; without it the first of listen, accept, output" },
	{ 's', "steps", NULL, offsetof(struct ct_options, steps), NULL,
	  "also the steps inside the phases; attaches system-call tracepoints" },
	{ 'o', "output", "FORMAT[:FILE]", 0, parse_output,
	  "table or json (JSON Lines); repeatable; default: table" },
	{ 0, "record", "FILE", 0, parse_record,
	  "write the events to a recording, for 'coldtrace report FILE'" },
	{ 0, "ready-fd", "N", 0, parse_ready_fd,
	  "write a line to file descriptor N once tracing has begun" },
	{ 0, "ring", "BYTES", 0, parse_ring,
	  "size of the ring buffer, e.g. 8M, default 4M; raise it when events are lost" },
	{ 0, "processes", "N", 0, parse_processes,
	  "how many processes can be tracked at once, default 16384" },
	{ 0, "json", NULL, offsetof(struct ct_options, json), NULL, "doctor: print JSON" },
	{ 'v', "verbose", NULL, offsetof(struct ct_options, verbose), NULL,
	  "say what is loaded and found" },
	{ 'h', "help", NULL, offsetof(struct ct_options, help), NULL, "print this" },
	{ 'V', "version", NULL, offsetof(struct ct_options, version), NULL, "print the version" },
};
#define ROWS CT_ARRAY_SIZE(rows)

static int apply(struct ct_options *opts, const struct option_row *row, const char *value,
		 struct ct_err *err)
{
	if (row->parse)
		return row->parse(opts, value, err);
	*(bool *)((char *)opts + row->flag) = true;
	return 0;
}

static const char *unknown_option(char **argv, char letter)
{
	static char text[3] = "-?";

	if (!letter)
		return argv[optind - 1];
	text[1] = letter;
	return text;
}

int ct_options_parse(struct ct_options *opts, int argc, char **argv, struct ct_err *err)
{
	struct option longs[ROWS + 1] = { 0 };
	char shorts[3 * ROWS + 3] = "+:";
	size_t n = 2;
	int ret, key, command_at = argc;

	memset(opts, 0, sizeof(*opts));
	opts->ready_fd = -1;
	for (size_t i = 0; i < ROWS; i++) {
		longs[i] = (struct option){ rows[i].name,
					    rows[i].arg ? required_argument : no_argument, NULL,
					    256 + (int)i };
		if (!rows[i].letter)
			continue;
		shorts[n++] = rows[i].letter;
		if (rows[i].arg)
			shorts[n++] = ':';
	}
	shorts[n] = '\0';
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			command_at = i;
			break;
		}
	}
	opterr = 0;
	optind = 0;
	for (;;) {
		const struct option_row *row = NULL;

		key = getopt_long(command_at, argv, shorts, longs, NULL);
		if (key == -1 && optind < command_at) { /* an operand between options */
			ret = add(&opts->operands, "operand", argv[optind++], err);
			if (ret)
				return ret;
			continue;
		}
		if (key == -1)
			break;
		if (key == '?')
			return ct_fail(err, EINVAL, "option '%s' is not known; see --help",
				       unknown_option(argv, (char)(optopt < 256 ? optopt : 0)));
		if (key == ':')
			return ct_fail(err, EINVAL, "option '%s' needs a value; see --help",
				       argv[optind - 1]);
		for (size_t i = 0; i < ROWS && !row; i++) {
			if (key == 256 + (int)i || (rows[i].letter && key == rows[i].letter))
				row = &rows[i];
		}
		ret = apply(opts, row, optarg, err);
		if (ret)
			return ret;
	}
	if (command_at < argc) {
		opts->command = argv + command_at + 1;
		if (!*opts->command)
			return ct_fail(err, EINVAL, "'--' is followed by no command to trace");
	}
	return 0;
}

void ct_options_print(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		const char *help = row->help;
		char left[40];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
			 row->arg ? " " : "", row->arg ? row->arg : "");
		while (help) {
			const char *end = strchr(help, '\n');

			printf("  %-26s %.*s\n", left, end ? (int)(end - help) : (int)strlen(help),
			       help);
			left[0] = '\0';
			help = end ? end + 1 : NULL;
		}
	}
}

static bool any(const struct ct_list *list, const char *value, bool glob)
{
	for (size_t i = 0; i < list->count; i++) {
		if (glob ? !fnmatch(list->items[i], value, 0) : !strcmp(list->items[i], value))
			return true;
	}
	return !list->count;
}

static bool is_container(const struct ct_list *list, const struct ct_identity *who)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *item = list->items[i];

		if (!strcmp(item, who->name) || (*item && !strncmp(item, who->id, strlen(item))))
			return true;
	}
	return !list->count;
}

bool ct_options_match(const struct ct_options *opts, const struct ct_record *rec)
{
	const struct ct_identity *who = rec->who;

	return any(&opts->runtimes, who->runtime, false) &&
	       any(&opts->engines, who->engine, false) && any(&opts->images, who->image, true) &&
	       is_container(&opts->containers, who);
}
