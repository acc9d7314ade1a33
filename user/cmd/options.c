// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"
#include "options_filter.h"
#include "options_keep.h"
#include "options_label.h"
#include "options_limit.h"
#include "options_metrics.h"
#include "options_opens.h"
#include "options_value.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/sink.h"
#include "util/mem.h"

#define HELP_WIDTH  80
#define HELP_COLUMN 29

typedef int (*parse_fn)(struct ct_options *opts, const char *value, struct ct_err *err);

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
	return ct_value_add(&opts->outputs, "output", value, err);
}

static int parse_count(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_value_number("-n", value, 1, UINT32_MAX, &opts->count, err);
}

static int parse_seconds(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_value_seconds("-d", value, 1e-9, &opts->seconds, err);
}

static int parse_ready(struct ct_options *opts, const char *value, struct ct_err *err)
{
	if (!strncmp(value, "path:", 5) && value[5]) {
		if (opts->ready_glob)
			return ct_fail(
				err, EINVAL,
				"option --ready: it takes one path, and was given 'path:%s' and '%s'",
				opts->ready_glob, value);
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
	return ct_fail(
		err, EINVAL,
		"option --ready: '%s' is none of listen, accept, output, exec, probe, path:GLOB",
		value);
}

static int parse_by(struct ct_options *opts, const char *value, struct ct_err *err)
{
	int by = 0, ret = ct_value_one_of("--by", value, ct_by_names, CT_BY_MAX, &by, err);

	if (ret)
		return ret;
	opts->by = (enum ct_by)by;
	opts->by_asked = true;
	return 0;
}

static int parse_timeline(struct ct_options *opts, const char *value, struct ct_err *err)
{
	opts->timeline = value;
	return ct_value_add(&opts->containers, "timeline", value, err);
}

static int parse_format(struct ct_options *opts, const char *value, struct ct_err *err)
{
	return ct_value_add(&opts->formats, "format", value, err);
}

static int parse_ready_fd(struct ct_options *opts, const char *value, struct ct_err *err)
{
	uint64_t n = 0;
	int ret = ct_value_number("--ready-fd", value, 1, 1 << 20, &n, err), flags;

	if (ret)
		return ret;
	/* Now: what is opened later may get that number. */
	flags = fcntl((int)n, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return ct_fail(err, EINVAL, "option --ready-fd: '%s' is not open for writing",
			       value);
	opts->ready_fd = (int)n;
	return 0;
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

static int parse_plan(struct ct_options *opts, const char *value, struct ct_err *err)
{
	const char *names[CT_PLAN_MAX];
	int plan = 0, ret;

	for (int i = 0; i < CT_PLAN_MAX; i++)
		names[i] = ct_plans[i].name;
	ret = ct_value_one_of("--plan", value, names, CT_PLAN_MAX, &plan, err);
	if (!ret)
		opts->plan = (enum ct_plan_name)plan;
	return ret;
}

#define READS_EVENTS     "trace record report diff compare export opens serve"
#define READS_IMAGES     "trace record report diff compare export serve"
#define READS_RECORDINGS "report diff compare export"

/* Instead of an offset: each value is kept. Of other options the second would hide the first. */
#define MANY ((size_t)-1)

/*
 * Columns: commands that take it ("" for all), short, long, argument, offset of a bool, or of a
 * string if there is an argument, or MANY; the function that takes the argument, help.
 */
static const struct option_row {
	const char *of;
	char letter;
	const char *name;
	const char *arg;
	size_t member;
	parse_fn parse;
	const char *help;
} rows[] = {
	{ READS_EVENTS, 'r', "runtime", "NAME", MANY, ct_parse_runtime,
	  "only containers of this runtime (runc, runsc, ...); several: 'runc,crun'; repeatable" },
	{ READS_EVENTS, 'e', "engine", "NAME", MANY, ct_parse_engine,
	  "only containers of this engine (docker, ...); repeatable" },
	{ READS_EVENTS, 'c', "container", "ID|NAME", MANY, ct_parse_container,
	  "only this container: name or glob of it, id or beginning of the id, or name of its pod or project; repeatable" },
	{ READS_IMAGES, 'i', "image", "GLOB", MANY, ct_parse_image,
	  "only images that match, e.g. 'node:*'; repeatable" },
	{ READS_IMAGES, 0, "pod", "GLOB", MANY, ct_parse_pod,
	  "only pods of Kubernetes that match by name, and their containers; repeatable" },
	{ READS_IMAGES, 0, "namespace", "GLOB", MANY, ct_parse_namespace,
	  "only pods of these namespaces of Kubernetes, and their containers; repeatable" },
	{ READS_IMAGES, 0, "project", "GLOB", MANY, ct_parse_project,
	  "only projects of Docker Compose that match by name, and their containers; repeatable" },
	{ READS_IMAGES, 0, "outcome", "NAME", MANY, ct_parse_outcome,
	  "only what ended so: ok, failed, cut; repeatable" },
	{ READS_IMAGES, 0, "kind", "NAME", MANY, ct_parse_kind,
	  "only such records: start, stop, restart, create, remove, pod-start, pod-stop, pull, build, project-start, project-stop, group; repeatable" },
	{ READS_RECORDINGS, 0, "label", "K=V", MANY, ct_parse_labelled,
	  "only what 'record --label' called so, e.g. load=disk; a glob, or several: 'load=disk,cpu'; repeatable" },
	{ READS_RECORDINGS, 0, "since", "TIME", 0, ct_parse_since,
	  "only what began then or later: 2026-11-23T22:00:00 (UTC), 22:00:00 (as in the table), +90s (after the begin), 1h (ago)" },
	{ READS_RECORDINGS, 0, "until", "TIME", 0, ct_parse_until, "only what began earlier" },
	{ "opens", 0, "image", "GLOB", MANY, ct_parse_image,
	  "only images that match, e.g. 'node:*'; repeatable" },
	{ "opens", 'i', "interval", "TIME", 0, ct_parse_interval,
	  "a table every so often, each of what was opened since the last" },
	{ "opens", 'n', "count", "COUNT", 0, parse_count, "end after COUNT tables" },
	{ "opens report", 0, "top", "N", 0, ct_parse_top, "so many paths and groups, default 10" },
	{ "opens report", 0, "group", "NAME=GLOB", MANY, ct_parse_group,
	  "paths that match as a group, e.g. 'express=*/node_modules/express/*'; repeatable" },
	{ "opens", 0, "by", "KEY", 0, ct_parse_open_by,
	  "put together by module (default), dir, depth, mount or path" },
	{ "report", 0, "opens-by", "KEY", 0, ct_parse_opens_by,
	  "opened files by module (default), dir, depth, mount or path" },
	{ "report", 0, "opens", NULL, offsetof(struct ct_options, opens), NULL,
	  "also opened files; --top, --group and --opens-by are about them, and mean it too" },
	{ "trace", 0, "opens", NULL, offsetof(struct ct_options, opens), NULL,
	  "also the files that containers open" },
	{ "record", 0, "opens", NULL, offsetof(struct ct_options, opens), NULL,
	  "also the files that containers open, with an event for each open" },
	{ "trace record", 'n', "count", "COUNT", 0, parse_count, "end after COUNT starts" },
	{ "trace record opens serve", 'd', "duration", "TIME", 0, parse_seconds,
	  "end after that long: 90, 90s, 1m or 1h30m" },
	{ READS_EVENTS, 0, "ready", "WHEN", MANY, parse_ready,
	  "what makes a service ready: listen, accept, output, exec, probe or path:GLOB; repeatable, the first counts; without it the first of listen, accept, output, probe" },
	{ READS_IMAGES, 0, "restarts-by", "WHAT", 0, ct_parse_restarts,
	  "what makes a start the restart of another container: name (default), or image: also the same image and arguments within a minute" },
	{ "trace record serve", 's', "steps", NULL, offsetof(struct ct_options, steps), NULL,
	  "also the steps inside the phases; attaches system-call tracepoints" },
	{ "report diff", 's', "steps", NULL, offsetof(struct ct_options, steps), NULL,
	  "also the steps inside the phases, of recordings that have them" },
	{ "trace record serve report diff", 'w', "why", NULL, offsetof(struct ct_options, why),
	  NULL, "also why it took that long: what each step waited for, and the critical path" },
	{ "trace report", 'o', "output", "FORMAT[:FILE]", MANY, parse_output,
	  "table, json (JSON Lines), csv, html and others; repeatable; default: table" },
	{ "report diff", 0, "by", "KEY", 0, parse_by,
	  "tell apart by runtime (default), engine, image, container, node, pod, namespace, project or registry" },
	{ "compare", 0, "by", "KEY,...", 0, ct_parse_compare_by,
	  "tell apart by these together: as --by of report, labels, kind, run or file; default: runtime" },
	{ "diff", 0, "a", "K=V,...", 0, ct_parse_side_a,
	  "of the first recording only what is so, e.g. runtime=runc,load=disk; of a single recording it is one side" },
	{ "diff", 0, "b", "K=V,...", 0, ct_parse_side_b,
	  "the same of the second, or the other side" },
	{ "compare", 0, "where", "K=V,...", 0, ct_parse_where,
	  "only what is so, e.g. load=disk; values may be patterns" },
	{ "report diff", 0, "phases", NULL, offsetof(struct ct_options, phases), NULL,
	  "only the phases, also if the recording has steps" },
	{ "report export", 0, "chains", NULL, offsetof(struct ct_options, chains.find), NULL,
	  "what the same client has started one after another, 3 times or more in the same order; with an output, as records of kind group" },
	{ "trace report export serve diff compare", 0, "chain", "GLOB,...", MANY, ct_parse_chain,
	  "containers or images that start one after another, in this order, or NAME=GLOB,...: each time is a record of kind group; repeatable" },
	{ "report", 0, "what-if", "WHAT", 0, ct_parse_what_if,
	  "of chains: prewarm: what is saved if members start earlier" },
	{ "report", 0, "lead", "SECONDS", 0, ct_parse_lead,
	  "of --what-if, and means it: so long before their own requests; default: with the first request" },
	{ "report", 0, "timeline", "ID|NAME", MANY, parse_timeline,
	  "draw this container's phases and steps on a line of time, repeatable; as -c for every other output" },
	{ "report", 0, "cdf", NULL, offsetof(struct ct_options, cdf), NULL,
	  "draw how the starts and restarts are distributed" },
	{ "report", 0, "histogram", NULL, offsetof(struct ct_options, histogram), NULL,
	  "draw how many took how long" },
	{ "report", 0, "pulls", NULL, offsetof(struct ct_options, pulls), NULL,
	  "say of each pull of an image what bounded it" },
	{ "report", 0, "html", "FILE", offsetof(struct ct_options, html), NULL,
	  "write one page for a browser" },
	{ "diff", 0, "fail-if-slower", "PCT", 0, ct_parse_percent,
	  "exit with status 1 if something is significantly slower by more than PCT %" },
	{ "export", 0, "format", "F[:FILE],...", MANY, parse_format,
	  "what to write; several at once, separated by commas; repeatable" },
	{ "trace report export serve", 0, "buckets", "N|LIST", 0, ct_parse_buckets,
	  "of openmetrics and prometheus: so many buckets per power of ten (default 48, 5 % wide), or bounds in seconds, as 0.1,0.5,1" },
	{ "trace report export serve", 0, "metrics-by", "KEY,...", 0, ct_parse_metrics_by,
	  "of openmetrics and prometheus: tell apart by image, node or namespace too, two at most; 64 of them, the rest is '(other)'" },
	{ "export", 'd', "directory", "DIR", offsetof(struct ct_options, directory), NULL,
	  "where the files go that are given no name" },
	{ "record", 'o', "output", "FILE", offsetof(struct ct_options, record), NULL,
	  "the recording, - for stdout, or a directory for files that follow one another; default: coldtrace-DATE-TIME.ct" },
	{ "record serve", 0, "rotate", "TIME|SIZE", 0, ct_parse_rotate,
	  "of a directory: begin another file after so long or so much: 1h, 100M or 1h,100M; default: 1d,256M" },
	{ "record serve", 0, "keep-size", "SIZE", 0, ct_parse_keep_size,
	  "of a directory: remove the oldest when all are larger, default 2G" },
	{ "record serve", 0, "keep-age", "TIME", 0, ct_parse_keep_age,
	  "of a directory: remove what is older, e.g. 7d" },
	{ "trace record opens", 0, "max-size", "SIZE", 0, ct_parse_max_size,
	  "end when the recording has that size, default 16G" },
	{ "record", 0, "label", "K=V", MANY, ct_parse_label,
	  "what you call what is recorded, e.g. load=disk, for 'coldtrace compare --by load'; repeatable" },
	{ "record", 0, "runs", "N", 0, ct_parse_runs,
	  "run the program so often, and tell only what it starts" },
	{ "record", 0, "warmup", "N", 0, ct_parse_warmup,
	  "of a program: run it so often before anything is recorded" },
	{ "trace record report diff compare export", 0, "only-mine", NULL,
	  offsetof(struct ct_options, only_mine), NULL,
	  "only what the traced program has started, or what that has" },
	{ "record", 0, "live", NULL, offsetof(struct ct_options, live), NULL,
	  "also draw the table" },
	{ "trace opens", 0, "record", "FILE", offsetof(struct ct_options, record), NULL,
	  "write the events to a recording, for 'coldtrace report FILE'" },
	{ "serve", 0, "listen", "[ADDR:]PORT", offsetof(struct ct_options, listen), NULL,
	  "where to answer, default 127.0.0.1:9917; 0.0.0.0:9917 for all who can reach this node" },
	{ "serve", 0, "records", "N", 0, ct_parse_records,
	  "keep the last N for the page, default 500" },
	{ "serve", 0, "tls-cert", "FILE", offsetof(struct ct_options, tls_cert), NULL,
	  "answer by https with this certificate (PEM)" },
	{ "serve", 0, "tls-key", "FILE", offsetof(struct ct_options, tls_key), NULL,
	  "and its key" },
	{ "serve", 0, "password", "FILE", offsetof(struct ct_options, password), NULL,
	  "ask for what its first line says: USER:PASSWORD" },
	{ "serve", 0, "otlp", "URL", offsetof(struct ct_options, otlp), NULL,
	  "send traces and metrics to this collector, as http://localhost:4318; OTEL_* variables say how" },
	{ "serve", 0, "record", "DIR", offsetof(struct ct_options, record), NULL,
	  "also keep recordings there, as 'coldtrace record -o DIR/' does" },
	{ "trace record opens serve", 0, "seccheck", NULL, offsetof(struct ct_options, seccheck),
	  NULL,
	  "gVisor: have each sandbox tell when its program begins and ends, by a trace session of its own; opens imply it, and are told too" },
	{ "trace record opens serve", 0, "no-seccheck", NULL,
	  offsetof(struct ct_options, no_seccheck), NULL,
	  "gVisor: not even then; what applications open is not seen" },
	{ "trace record opens serve", 0, "sentry-probes", NULL,
	  offsetof(struct ct_options, sentry_probes), NULL,
	  "gVisor: also time opens inside the Sentry, by probes in its code" },
	{ "trace record opens serve", 0, "ready-fd", "N", 0, parse_ready_fd,
	  "write a line to file descriptor N once tracing has begun" },
	{ "trace record opens serve", 0, "ring", "BYTES", 0, parse_ring,
	  "size of the ring buffer, e.g. 8M, default 4M; raise it when events are lost" },
	{ "trace record opens serve", 0, "processes", "N", 0, ct_parse_processes,
	  "how many processes can be tracked at once, default 16384" },
	{ "trace record report opens diff compare export serve", 0, "containers", "N", 0,
	  ct_parse_containers,
	  "how many containers can be known at once, default 4096; of others than root, and inside of containers, an eighth each" },
	{ "trace report export", 0, "path-pieces", "N|all", 0, ct_parse_path_pieces,
	  "with --why: pieces of a critical path that json, document, html and perfetto have at most, default 48, 48, 32, 128: the shortest are put together" },
	{ "report export compare diff", 'j', "jobs", "N", 0, ct_parse_jobs,
	  "read so many recordings at once, default: one for each CPU; what comes out is the same" },
	{ "trace record doctor serve", 0, "plan", "NAME", 0, parse_plan,
	  "use these probes, not the best that the kernel offers: full, fentry, btf, kprobe or tracepoint; 'coldtrace doctor' says which are possible" },
	{ "info", 0, "format", "F", 0, ct_parse_info_format,
	  "text (default), or json: an object a line for each file" },
	{ "schema", 0, "json", NULL, offsetof(struct ct_options, json), NULL,
	  "print the JSON Schema that every line of the output json, or flat, is valid against" },
	{ "schema", 0, "ddl", "DATABASE", offsetof(struct ct_options, ddl), NULL,
	  "of the output flat: print the statement that makes its table: duckdb, clickhouse or spark" },
	{ "doctor diff compare report", 0, "json", NULL, offsetof(struct ct_options, json), NULL,
	  "print JSON" },
	{ "trace record opens serve", 'v', "verbose", NULL, offsetof(struct ct_options, verbose),
	  NULL, "say which probes are attached, how long that took, and what libbpf says" },
	{ "", 'h', "help", NULL, offsetof(struct ct_options, help), NULL, "print this" },
	{ "", 'V', "version", NULL, offsetof(struct ct_options, version), NULL,
	  "print the version" },
};
#define ROWS CT_ARRAY_SIZE(rows)

/* *ret_given: its value until now, NULL: none. */
static int apply(struct ct_options *opts, const struct option_row *row, const char *value,
		 const char **ret_given, struct ct_err *err)
{
	if (row->arg && row->member != MANY && *ret_given)
		return ct_fail(err, EINVAL,
			       "option --%s: it takes one value, and was given '%s' and '%s'",
			       row->name, *ret_given, value);
	*ret_given = value;
	if (row->parse)
		return row->parse(opts, value, err);
	if (row->arg)
		*(const char **)((char *)opts + row->member) = value;
	else
		*(bool *)((char *)opts + row->member) = true;
	return 0;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; len && (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static bool takes(const struct option_row *row, const char *command)
{
	return !*row->of || has_word(row->of, command);
}

/* Commands that have no option of their own. */
static const char *const plain_commands[] = { "completion", "scrub" };

/* argv[0] is a command's name, or how the program was called: that is "trace". */
static const char *command_of(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (has_word(rows[i].of, name))
			return name;
	for (size_t i = 0; i < CT_ARRAY_SIZE(plain_commands); i++)
		if (!strcmp(name, plain_commands[i]))
			return name;
	return "trace";
}

static int unknown_word(const char *command, const char *word, struct ct_err *err)
{
	const char *names[ROWS + 1];
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (takes(&rows[i], command))
			names[count++] = rows[i].name;
	names[count] = NULL;
	near = !strncmp(word, "--", 2) ? ct_value_near(word + 2, names) : NULL;
	if (near)
		return ct_fail(err, EINVAL, "option '%s' is not known; did you mean '--%s'?", word,
			       near);
	return ct_fail(err, EINVAL, "option '%s' is not known; see --help", word);
}

static int unknown_option(const char *command, const char *word, char letter, struct ct_err *err)
{
	const char text[] = { '-', letter, '\0' };

	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		bool same = letter ? row->letter == letter
				   : !strncmp(word, "--", 2) && !strcmp(word + 2, row->name);

		if (same && !takes(row, command))
			return ct_fail(err, EINVAL,
				       "option '%s' is not for command '%s'; see --help",
				       letter ? text : word, command);
	}
	return unknown_word(command, letter ? text : word, err);
}

/* What getopt_long() takes, of the rows of one command. */
struct table {
	struct option longs[ROWS + 1];
	char shorts[3 * ROWS + 3];
};

static void table_fill(struct table *t, const char *command)
{
	size_t l = 0, n = 2;

	memset(t, 0, sizeof(*t));
	memcpy(t->shorts, "+:", n);
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];

		if (!takes(row, command))
			continue;
		t->longs[l++] =
			(struct option){ row->name, row->arg ? required_argument : no_argument,
					 NULL, 256 + (int)i };
		if (!row->letter)
			continue;
		t->shorts[n++] = row->letter;
		if (row->arg)
			t->shorts[n++] = ':';
	}
}

static const struct option_row *row_of(int key, const char *command)
{
	if (key >= 256)
		return &rows[key - 256];
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter == key && takes(&rows[i], command))
			return &rows[i];
	return NULL;
}

static int contradiction(const struct ct_options *opts, struct ct_err *err)
{
	const struct {
		bool both;
		const char *one, *other;
	} pairs[] = {
		{ opts->seccheck && opts->no_seccheck, "seccheck", "no-seccheck" },
		{ opts->phases && opts->steps, "phases", "steps" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(pairs); i++)
		if (pairs[i].both)
			return ct_fail(err, EINVAL, "options --%s and --%s contradict each other",
				       pairs[i].one, pairs[i].other);
	return 0;
}

int ct_options_parse(struct ct_options *opts, int argc, char **argv, struct ct_err *err)
{
	const char *command = command_of(argc ? argv[0] : "");
	const char *given[ROWS] = { NULL };
	const struct option_row *row;
	struct table table;
	int ret, key, command_at = argc;

	memset(opts, 0, sizeof(*opts));
	opts->ready_fd = -1;
	opts->plan = CT_PLAN_BEST;
	opts->operands.items = (const char *const *)argv + (argc ? 1 : 0);
	table_fill(&table, command);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			command_at = i;
			break;
		}
	}
	opterr = 0;
	optind = 0;
	for (;;) {
		key = getopt_long(command_at, argv, table.shorts, table.longs, NULL);
		if (key == -1 && optind < command_at) { /* an operand between options */
			argv[1 + opts->operands.count++] = argv[optind++];
			continue;
		}
		if (key == -1)
			break;
		if (key == '?' && optopt >= 256)
			return ct_fail(err, EINVAL, "option '%s' takes no value; see --help",
				       argv[optind - 1]);
		if (key == '?')
			return unknown_option(command, argv[optind - 1], (char)optopt, err);
		if (key == ':')
			return ct_fail(err, EINVAL, "option '%s' needs a value; see --help",
				       argv[optind - 1]);
		row = row_of(key, command);
		ret = apply(opts, row, optarg, &given[row - rows], err);
		if (ret)
			return ret;
	}
	ret = contradiction(opts, err);
	if (ret)
		return ret;
	if (command_at < argc) {
		opts->command = argv + command_at + 1;
		if (!*opts->command)
			return ct_fail(err, EINVAL, "'--' is followed by no command to trace");
	}
	return 0;
}

bool ct_options_row(size_t at, const char *command, struct ct_option_row *ret)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (!takes(&rows[i], command) || at--)
			continue;
		*ret = (struct ct_option_row){ rows[i].letter, rows[i].name, rows[i].arg,
					       rows[i].help };
		return true;
	}
	return false;
}

/* Words from the right column on, as many in a line as fit. */
static void print_words(const char *words)
{
	size_t column = HELP_COLUMN;

	while (*words) {
		size_t len = strcspn(words, " ");

		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		printf("%s%.*s", column > HELP_COLUMN ? " " : "", (int)len, words);
		column += len + (column > HELP_COLUMN);
		words += len + strspn(words + len, " ");
	}
	putchar('\n');
}

void ct_options_print(const char *command)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		char left[40];

		if (!takes(row, command))
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
			 row->arg ? " " : "", row->arg ? row->arg : "");
		printf("  %-*s ", HELP_COLUMN - 3, left);
		print_words(row->help);
	}
}
