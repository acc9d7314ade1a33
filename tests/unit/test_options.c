// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cmd/options.h"
#include "sinks/sink.h"
#include "util/mem.h"

#define ARGS_MAX    40
#define BIT(symbol) (1u << CT_READY_##symbol)

/* "a b c" as argv. */
struct line {
	char text[512];
	char *argv[ARGS_MAX + 1];
	int argc;
};

static void split(struct line *line, const char *text)
{
	char *rest = NULL, *word;

	cr_assert_lt(strlen(text), sizeof(line->text));
	memcpy(line->text, text, strlen(text) + 1);
	line->argc = 0;
	line->argv[line->argc++] = "coldtrace";
	for (word = strtok_r(line->text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		cr_assert_lt(line->argc, ARGS_MAX);
		/* An empty word is written as two quotes. */
		line->argv[line->argc++] = strcmp(word, "''") ? word : word + 2;
	}
	line->argv[line->argc] = NULL;
}

static const struct {
	const char *line, *error;
} bad[] = {
	{ "--nonsense", "option '--nonsense' is not known; see --help" },
	{ "-x", "option '-x' is not known; see --help" },
	{ "-sx", "option '-x' is not known; see --help" },
	{ "--steps=1", "option '--steps=1' takes no value; see --help" },
	{ "-n", "option '-n' needs a value; see --help" },
	{ "--runtime", "option '--runtime' needs a value; see --help" },
	{ "-r ''",
	  "option --runtime: '' has a name that is empty; without the option all are chosen" },
	{ "-c web,,api",
	  "option --container: 'web,,api' has a name that is empty; without the option all are chosen" },
	{ "--engine docker,",
	  "option --engine: 'docker,' has a name that is empty; without the option all are chosen" },
	{ "-n 0", "option -n: '0' is no whole number from 1 to 4294967295" },
	{ "-n -1", "option -n: '-1' is no whole number from 1 to 4294967295" },
	{ "-n ''", "option -n: '' is no whole number from 1 to 4294967295" },
	{ "-n 1x", "option -n: '1x' is no whole number from 1 to 4294967295" },
	{ "-n 4294967296", "option -n: '4294967296' is no whole number from 1 to 4294967295" },
	{ "-n 99999999999999999999",
	  "option -n: '99999999999999999999' is no whole number from 1 to 4294967295" },
	{ "-d 0", "option -d: '0' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d -1", "option -d: '-1' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d nan", "option -d: 'nan' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d inf", "option -d: 'inf' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d 1x", "option -d: '1x' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d 1m30", "option -d: '1m30' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d 1M", "option -d: '1M' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d 1e9", "option -d: '1e9' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "-d 40000d", "option -d: '40000d' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "--stpes", "option '--stpes' is not known; did you mean '--steps'?" },
	{ "--contaner=x", "option '--contaner=x' is not known; see --help" },
	{ "--outcome good", "option --outcome: 'good' is none of ok, failed, cut" },
	{ "--outcome ok,", "option --outcome: '' is none of ok, failed, cut" },
	{ "--kind begin",
	  "option --kind: 'begin' is none of start, stop, restart, create, remove, pod-start, pod-stop, pull, build, project-start, project-stop, group" },
	{ "-d ''", "option -d: '' is no time above 0, as 90, 90s, 1m or 1h30m" },
	{ "--plan best", "option --plan: 'best' is none of full, fentry, btf, kprobe, tracepoint" },
	{ "--plan ''", "option --plan: '' is none of full, fentry, btf, kprobe, tracepoint" },
	{ "--ready soon",
	  "option --ready: 'soon' is none of listen, accept, output, exec, probe, path:GLOB" },
	{ "--ready path",
	  "option --ready: 'path' is none of listen, accept, output, exec, probe, path:GLOB" },
	{ "--ready path:",
	  "option --ready: 'path:' is none of listen, accept, output, exec, probe, path:GLOB" },
	{ "--ready ''",
	  "option --ready: '' is none of listen, accept, output, exec, probe, path:GLOB" },
	{ "--ready-fd 0", "option --ready-fd: '0' is no whole number from 1 to 1048576" },
	{ "--ready-fd x", "option --ready-fd: 'x' is no whole number from 1 to 1048576" },
	{ "--ready-fd 1048575", "option --ready-fd: '1048575' is not open for writing" },
	{ "--ring 3M", "option --ring: '3M' is no power of two from 4096 to 1024M" },
	{ "--ring 1024", "option --ring: '1024' is no power of two from 4096 to 1024M" },
	{ "--ring 2048M", "option --ring: '2048M' is no power of two from 4096 to 1024M" },
	{ "--ring -4096", "option --ring: '-4096' is no power of two from 4096 to 1024M" },
	{ "--ring 4Mb", "option --ring: '4Mb' is no power of two from 4096 to 1024M" },
	{ "--ring M", "option --ring: 'M' is no power of two from 4096 to 1024M" },
	{ "--ring 17592186044417M",
	  "option --ring: '17592186044417M' is no power of two from 4096 to 1024M" },
	{ "--ring 18014398509481988K",
	  "option --ring: '18014398509481988K' is no power of two from 4096 to 1024M" },
	{ "--processes 63", "option --processes: '63' is no whole number from 64 to 4194304" },
	{ "-o json:", "output 'json:' names no file after the colon; write 'json:FILE'" },
	{ "-o table -o json",
	  "option -o: 'json' is the second output to stdout; write 'json:FILE'" },
	{ "--record a -s --record b",
	  "option --record: it takes one value, and was given 'a' and 'b'" },
	{ "-n 1 --count=1", "option --count: it takes one value, and was given '1' and '1'" },
	{ "-d 1 -d 2", "option --duration: it takes one value, and was given '1' and '2'" },
	{ "--plan kprobe --plan full",
	  "option --plan: it takes one value, and was given 'kprobe' and 'full'" },
	{ "--ready path:a --ready exec --ready path:b",
	  "option --ready: it takes one path, and was given 'path:a' and 'path:b'" },
	{ "--", "'--' is followed by no command to trace" },
	{ "-s --", "'--' is followed by no command to trace" },
};

/* Options are those of one command; argv[0] says of which. Columns: line, error or NULL. */
static const struct {
	const char *command, *line, *error;
} of_commands[] = {
	{ "coldtrace", "--cdf", "option '--cdf' is not for command 'trace'; see --help" },
	{ "report", "--cdf --histogram --by image --timeline web a.ct", NULL },
	{ "report", "--timeline web --timeline db --cdf --cdf a.ct", NULL },
	{ "report", "--html x --html y",
	  "option --html: it takes one value, and was given 'x' and 'y'" },
	{ "report", "--by image --by image",
	  "option --by: it takes one value, and was given 'image' and 'image'" },
	{ "report", "--group a=* --group b=* -o json:x -o csv:y", NULL },
	{ "report", "--group a=*/x,*/y a.ct", NULL },
	{ "report", "--group story=fn-1,fn-2 a.ct",
	  "option --group: 'story=fn-1,fn-2' is no path of opened files; what starts one after another is named with --chain NAME=GLOB,..." },
	{ "record", "-o a -o b", "option --output: it takes one value, and was given 'a' and 'b'" },
	{ "export", "-d a --directory b",
	  "option --directory: it takes one value, and was given 'a' and 'b'" },
	{ "report", "-n 1", "option '-n' is not for command 'report'; see --help" },
	{ "report", "--ring 8M", "option '--ring' is not for command 'report'; see --help" },
	{ "report", "--by colour",
	  "option --by: 'colour' is none of runtime, engine, image, container, node, pod, namespace, project, registry" },
	{ "diff", "--fail-if-slower 5 --json a b", NULL },
	{ "diff", "--fail-if-slower 5% a b", NULL },
	{ "diff", "--fail-if-slower -1",
	  "option --fail-if-slower: '-1' is no percentage from 0 on" },
	{ "diff", "--fail-if-slower nan",
	  "option --fail-if-slower: 'nan' is no percentage from 0 on" },
	{ "diff", "--fail-if-slower %", "option --fail-if-slower: '%' is no percentage from 0 on" },
	{ "export", "a.ct --format csv,html:x.html -d out", NULL },
	{ "export", "-o csv", "option '-o' is not for command 'export'; see --help" },
	{ "opens", "--by colour",
	  "option --by: 'colour' is none of module, dir, depth, mount, path" },
	{ "report", "--opens-by colour",
	  "option --opens-by: 'colour' is none of module, dir, depth, mount, path" },
	{ "opens", "--seccheck --no-seccheck",
	  "options --seccheck and --no-seccheck contradict each other" },
	{ "report", "--phases -s a", "options --phases and --steps contradict each other" },
	{ "diff", "--phases --steps a b", "options --phases and --steps contradict each other" },
	{ "diff", "--phases --why a b", NULL },
	{ "schema", "--steps", "option '--steps' is not for command 'schema'; see --help" },
	{ "schema", "json", NULL },
};

Test(options, of_commands)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(of_commands); i++) {
		struct ct_options opts;
		struct ct_err err = { 0 };
		struct line line;

		split(&line, of_commands[i].line);
		line.argv[0] = (char *)of_commands[i].command;
		cr_expect_eq(ct_options_parse(&opts, line.argc, line.argv, &err),
			     of_commands[i].error ? -EINVAL : 0, "%s: %s", of_commands[i].line,
			     err.msg);
		if (of_commands[i].error)
			cr_expect_str_eq(err.msg, of_commands[i].error, "%s", err.msg);
	}
}

/* The two meanings of -d. */
Test(options, of_export)
{
	struct ct_options opts;
	struct ct_err err = { 0 };
	struct line line;

	split(&line, "a.ct -d out --format csv --format json:x b.ct");
	line.argv[0] = "export";
	cr_assert_eq(ct_options_parse(&opts, line.argc, line.argv, &err), 0, "%s", err.msg);
	cr_expect_str_eq(opts.directory, "out");
	cr_expect_eq(opts.seconds, 0);
	cr_expect_eq(opts.formats.count, 2);
	cr_expect_eq(opts.operands.count, 2);
	cr_expect_str_eq(opts.operands.items[1], "b.ct");
}

/* The sentence names all the outputs that there are. */
Test(options, unknown_output)
{
	struct ct_options opts;
	struct ct_err err = { 0 };
	struct line line;

	split(&line, "-o xml");
	cr_expect_eq(ct_options_parse(&opts, line.argc, line.argv, &err), -EINVAL);
	for (size_t i = 0; ct_sinks[i]; i++) {
		char name[64];

		snprintf(name, sizeof(name), "'%s'", ct_sinks[i]->name);
		cr_expect(strstr(err.msg, name), "no %s in: %s", name, err.msg);
	}
}

Test(options, bad)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(bad); i++) {
		struct ct_options opts;
		struct ct_err err = { 0 };
		struct line line;

		split(&line, bad[i].line);
		cr_expect_eq(ct_options_parse(&opts, line.argc, line.argv, &err), -EINVAL, "%s",
			     bad[i].line);
		/* The list of outputs may go on. */
		cr_expect_eq(strncmp(err.msg, bad[i].error, strlen(bad[i].error)), 0, "%s: \"%s\"",
			     bad[i].line, err.msg);
	}
}

Test(options, too_many)
{
	static const struct {
		const char *option, *error;
	} lists[] = {
		{ "-r", "option --runtime: at most 16 of them" },
		{ "-e", "option --engine: at most 16 of them" },
		{ "-c", "option --container: at most 16 of them" },
		{ "-i", "option --image: at most 16 of them" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(lists); i++) {
		char *argv[2 + 2 * (CT_LIST_MAX + 1)] = { "coldtrace" };
		struct ct_options opts;
		struct ct_err err = { 0 };
		int argc = 1;

		for (int n = 0; n <= CT_LIST_MAX; n++) {
			argv[argc++] = (char *)lists[i].option;
			argv[argc++] = "x";
			if (n < CT_LIST_MAX)
				cr_expect_eq(ct_options_parse(&opts, argc, argv, &err), 0, "%d", n);
		}
		cr_expect_eq(ct_options_parse(&opts, argc, argv, &err), -EINVAL);
		cr_expect_str_eq(err.msg, lists[i].error, "%s", err.msg);
	}
}

/* An option that may be repeated says so, and no other does. */
Test(options, repeated)
{
	static const char *const commands[] = { "trace",  "record", "report", "diff",
						"export", "opens",  "doctor" };
	/* What some option of each takes. */
	static const char *const values[] = { "1",   "table:x", "exec", "image",   "dir",
					      "a=b", "8M",      "64",   "full",    "1h",
					      "ok",  "stop",    "a,b",  "prewarm", "name" };

	for (size_t c = 0; c < CT_ARRAY_SIZE(commands); c++) {
		struct ct_option_row row;

		for (size_t i = 0; ct_options_row(i, commands[c], &row); i++) {
			bool once = false, twice = false;
			struct ct_err err = { 0 };
			char option[64];

			if (!row.arg)
				continue;
			snprintf(option, sizeof(option), "--%s", row.name);
			for (size_t v = 0; v < CT_ARRAY_SIZE(values); v++) {
				char *value = (char *)values[v];
				char *argv[] = {
					(char *)commands[c], option, value, option, value, NULL
				};
				struct ct_options opts;

				once |= !ct_options_parse(&opts, 3, argv, &err);
				twice |= !ct_options_parse(&opts, 5, argv, &err);
			}
			cr_expect(once, "%s %s: %s", commands[c], option, err.msg);
			cr_expect_eq(twice, strstr(row.help, "repeatable") != NULL, "%s %s",
				     commands[c], option);
		}
	}
}

static struct ct_options parsed(struct line *line, const char *text)
{
	struct ct_options opts;
	struct ct_err err = { 0 };

	split(line, text);
	cr_assert_eq(ct_options_parse(&opts, line->argc, line->argv, &err), 0, "%s: %s", text,
		     err.msg);
	return opts;
}

Test(options, defaults)
{
	struct line line;
	struct ct_options opts = parsed(&line, "");

	cr_expect_eq(opts.ready_fd, -1);
	cr_expect_eq(opts.ready_mask, 0);
	cr_expect_eq(opts.count, 0);
	cr_expect_eq(opts.ring_bytes, 0);
	cr_expect_null(opts.command);
	cr_expect_null(opts.record);
	cr_expect_not(opts.steps || opts.json || opts.verbose || opts.help || opts.version);
}

Test(options, all_at_once)
{
	struct line line;
	struct ct_options opts = parsed(
		&line,
		"-r runc --runtime=runsc -e docker -c web -i node:* -n 20 -d 1.5 --ready exec "
		"--ready path:*/up -s -o table -o json:x --record a.ct --ready-fd 2 --ring 8M -v");

	cr_expect_eq(opts.runtimes.count, 2);
	cr_expect_str_eq(opts.runtimes.items[1], "runsc");
	cr_expect_str_eq(opts.engines.items[0], "docker");
	cr_expect_str_eq(opts.containers.items[0], "web");
	cr_expect_str_eq(opts.images.items[0], "node:*");
	cr_expect_eq(opts.count, 20);
	cr_expect_eq(opts.seconds, 1.5);
	cr_expect_eq(opts.ready_mask, BIT(EXEC) | BIT(PATH));
	cr_expect_str_eq(opts.ready_glob, "*/up");
	cr_expect(opts.steps && opts.verbose);
	cr_expect_eq(opts.outputs.count, 2);
	cr_expect_str_eq(opts.outputs.items[1], "json:x");
	cr_expect_str_eq(opts.record, "a.ct");
	cr_expect_eq(opts.ready_fd, 2);
	cr_expect_eq(opts.ring_bytes, 8u << 20);
}

/* Before anything is opened: that may get the number. */
Test(options, ready_fd)
{
	static const struct {
		int flags;
		bool ok;
	} opened[] = { { O_RDONLY, false }, { O_WRONLY, true }, { O_RDWR, true } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(opened); i++) {
		own_fd int fd = open("/dev/null", opened[i].flags);
		struct ct_options opts;
		struct ct_err err = { 0 };
		struct line line;
		char text[32];

		snprintf(text, sizeof(text), "--ready-fd %d", fd);
		split(&line, text);
		cr_expect_eq(ct_options_parse(&opts, line.argc, line.argv, &err),
			     opened[i].ok ? 0 : -EINVAL, "%zu: %s", i, err.msg);
		close(take_fd(fd));
		cr_expect_eq(ct_options_parse(&opts, line.argc, line.argv, &err), -EINVAL);
	}
}

static const struct {
	const char *value;
	size_t bytes;
} rings[] = { { "4096", 4096 },
	      { "64K", 65536 },
	      { "64k", 65536 },
	      { "1m", 1 << 20 },
	      { "1024M", 1 << 30 } };

Test(options, ring)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(rings); i++) {
		char text[32];
		struct line line;

		snprintf(text, sizeof(text), "--ring %s", rings[i].value);
		cr_expect_eq(parsed(&line, text).ring_bytes, rings[i].bytes, "%s", text);
	}
}

/* What follows "--" belongs to the command, whatever it looks like. */
Test(options, command)
{
	struct line line;
	struct ct_options opts = parsed(&line, "-s -- docker run --rm -n 0 -- x --nonsense");

	cr_assert(opts.command);
	cr_expect_str_eq(opts.command[0], "docker");
	cr_expect_str_eq(opts.command[7], "--nonsense");
	cr_expect_null(opts.command[8]);
	cr_expect(opts.steps);
	cr_expect_eq(opts.count, 0);
	cr_expect_eq(opts.operands.count, 0);
}

/* Options may stand before, between and behind the operands. */
Test(options, operands)
{
	struct line line;
	struct ct_options opts = parsed(&line, "a.ct -s b.ct -o json c.ct");

	cr_expect_eq(opts.operands.count, 3);
	cr_expect_str_eq(opts.operands.items[0], "a.ct");
	cr_expect_str_eq(opts.operands.items[1], "b.ct");
	cr_expect_str_eq(opts.operands.items[2], "c.ct");
	cr_expect(opts.steps);
	cr_expect_eq(opts.outputs.count, 1);
}

#define ID "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada"

static const struct {
	const char *line;
	bool matches;
} filters[] = {
	{ "", true },
	{ "-r runc", true },
	{ "-r runsc", false },
	{ "-r runsc -r runc", true },
	{ "-r run", false },
	{ "-e docker", true },
	{ "-e podman", false },
	{ "-i node:*", true },
	{ "-i node", false },
	{ "-i *:20", true },
	{ "-c web", true },
	{ "-c we", false },
	{ "-c we*", true },
	{ "-c *b,db", true },
	{ "-c db,7805", true },
	{ "-c db,api", false },
	{ "-r runsc,runc", true },
	{ "-r runsc,crun", false },
	{ "-r run?", true },
	{ "-i x,node:*,y", true },
	{ "--outcome ok", true },
	{ "--outcome failed,cut", false },
	{ "--outcome failed --outcome ok", true },
	{ "--kind start", true },
	{ "--kind stop,restart", false },
	{ "-c web --kind stop", false },
	{ "-c " ID, true },
	{ "-c 7805ffef", true },
	{ "-c 805ffef", false },
	{ "-c " ID "00", false },
	{ "-r runc -e docker -i node:* -c web", true },
	{ "-r runc -e docker -i node:* -c db", false },
	{ "-r runsc -e docker -i node:* -c web", false },
};

Test(options, filters)
{
	const struct ct_identity who = {
		.id = ID,
		.name = "web",
		.image = "node:20",
		.runtime = "runc",
		.engine = "docker",
	};
	const struct ct_window always = { 0, UINT64_MAX };
	const struct ct_record rec = { .who = &who };

	for (size_t i = 0; i < CT_ARRAY_SIZE(filters); i++) {
		struct line line;
		struct ct_options opts = parsed(&line, filters[i].line);

		cr_expect_eq(ct_options_match(&opts, &always, &rec), filters[i].matches, "%s",
			     filters[i].line);
	}
}

/* It is drawn, and it is a filter: of what -c and --timeline name, any. */
Test(options, a_timeline_is_a_filter)
{
	const char *const names[] = { "web", "db", "api" };
	char *argv[] = { "report", "a.ct", "--timeline", "web", "-c", "db", NULL };
	struct ct_options opts;
	struct ct_err err = { 0 };

	cr_assert_eq(ct_options_parse(&opts, 6, argv, &err), 0, "%s", err.msg);
	cr_expect_str_eq(opts.timeline, "web");
	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++) {
		struct ct_identity who = { .id = "" };

		snprintf(who.name, sizeof(who.name), "%s", names[i]);
		cr_expect_eq(ct_options_match_who(&opts, &who), i < 2, "%s", names[i]);
	}
}

/* --help comes from the same table: every line of it fits a terminal. */
Test(options, help, .init = cr_redirect_stdout)
{
	static const char *const commands[] = { "trace",  "record", "report", "diff",
						"export", "opens",  "doctor" };
	char text[65536];
	FILE *out;
	size_t len;
	unsigned options = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++)
		ct_options_print(commands[i]);
	fflush(stdout);
	out = cr_get_redirected_stdout();
	len = fread(text, 1, sizeof(text) - 1, out);
	text[len] = '\0';
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line;) {
		cr_expect_leq(strlen(line), 80, "%s", line);
		cr_assert_gt(strlen(line), 29, "%s", line);
		cr_expect(line[28] == ' ' && line[29] != ' ', "'%s'", line);
		options += strspn(line, " ") < 28;
	}
	cr_expect_gt(options, 100);
}

Test(options, plan)
{
	struct ct_options opts;
	struct ct_err err = { 0 };
	struct line line;

	split(&line, "-s");
	cr_assert_eq(ct_options_parse(&opts, line.argc, line.argv, &err), 0);
	cr_expect_eq(opts.plan, CT_PLAN_BEST);
	split(&line, "--plan kprobe");
	cr_assert_eq(ct_options_parse(&opts, line.argc, line.argv, &err), 0, "%s", err.msg);
	cr_expect_eq(opts.plan, CT_PLAN_KPROBE);
}
