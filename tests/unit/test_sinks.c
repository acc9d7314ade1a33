// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/session.h"
#include "sink_records.h"
#include "sinks/escape.h"
#include "sinks/sink.h"
#include "tape.h"
#include "util/mem.h"

Test(sinks, every_sink_opens_by_name_and_has_help)
{
	cr_assert(ct_sinks[0]);
	for (size_t i = 0; ct_sinks[i]; i++) {
		struct ct_sink s;
		struct ct_err err = { 0 };

		cr_expect(ct_sinks[i]->help && *ct_sinks[i]->help, "%s", ct_sinks[i]->name);
		cr_assert_eq(ct_sink_open(&s, ct_sinks[i]->name, &err), 0, "%s", err.msg);
		cr_expect_eq(s.out, stdout);
		cr_expect_null(s.path);
		cr_expect_eq(s.ops, ct_sinks[i]);
		cr_expect_eq(ct_sink_close(&s, &err), 0);
	}
}

Test(sinks, bad_specs_say_what_to_do)
{
	static const struct {
		const char *spec;
		int code;
		const char *msg;
	} cases[] = {
		{ "xml", -EINVAL, "no output is called 'xml'; choose one of 'table', 'json'" },
		{ "", -EINVAL, "no output is called ''; choose one of 'table', 'json'" },
		{ "tab:x", -EINVAL, "no output is called 'tab'; choose one of 'table', 'json'" },
		{ "json:", -EINVAL,
		  "output 'json:' names no file after the colon; write 'json:FILE'" },
		{ "json:/nowhere/at/all", -ENOENT,
		  "open '/nowhere/at/all' for output 'json': No such file or directory" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_sink s;
		struct ct_err err = { 0 };

		cr_expect_eq(ct_sink_open(&s, cases[i].spec, &err), cases[i].code);
		/* The list of outputs may go on. */
		cr_expect_eq(strncmp(err.msg, cases[i].msg, strlen(cases[i].msg)), 0, "%s",
			     err.msg);
	}
}

static int write_all(struct ct_sink *s, struct ct_err *err)
{
	struct ct_summary *summary = ct_summary_new();
	struct ct_record rec = a_start();
	int ret;

	cr_assert(summary);
	cr_assert_eq(ct_summary_add(summary, &rec), 0);
	ret = ct_sink_begin(s, &session, err);
	if (!ret)
		ret = ct_sink_record(s, &session, &rec, err);
	if (!ret)
		ret = ct_sink_end(s, &session, summary, &no_loss, err);
	ct_summary_free(summary);
	return ret;
}

Test(sinks, every_sink_reports_a_full_disk)
{
	for (size_t i = 0; ct_sinks[i]; i++) {
		for (int live = 0; live < 2; live++) {
			char spec[64], msg[128];
			struct ct_sink s;
			struct ct_err err = { 0 };

			snprintf(spec, sizeof(spec), "%s:/dev/full", ct_sinks[i]->name);
			snprintf(msg, sizeof(msg),
				 "write output '%s' to '/dev/full': No space left on device",
				 ct_sinks[i]->name);
			cr_assert_eq(ct_sink_open(&s, spec, &err), 0);
			s.live = live;
			cr_expect_eq(write_all(&s, &err), -ENOSPC, "%s", spec);
			cr_expect_str_eq(err.msg, msg);
			cr_expect_eq(ct_sink_close(&s, &err), 0, "%s", err.msg);
		}
	}
}

Test(sinks, every_sink_reports_a_closed_pipe)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; ct_sinks[i]; i++) {
		struct ct_sink s = { .ops = ct_sinks[i], .live = true, .path = "pipe" };
		struct ct_err err = { 0 };
		int fds[2];

		cr_assert_eq(pipe(fds), 0);
		close(fds[0]);
		s.out = fdopen(fds[1], "w");
		cr_assert(s.out);
		cr_expect_eq(write_all(&s, &err), -EPIPE, "%s", ct_sinks[i]->name);
		expect_in(err.msg, ct_sinks[i]->name);
		expect_in(err.msg, "'pipe': Broken pipe");
		cr_expect_eq(ct_sink_close(&s, &err), 0);
	}
}

static struct ct_sink to_pipe(const char *path, int *ret_reader)
{
	struct ct_sink s = { .ops = &ct_json_ops, .live = true, .path = path };
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(fds), 0);
	*ret_reader = fds[0];
	s.out = fdopen(fds[1], "w");
	cr_assert(s.out);
	return s;
}

/* What a run writes is done when nobody reads it any more: no error, and the others go on. */
Test(sinks, who_reads_stdout_may_leave)
{
	static struct ct_options opts;
	struct ct_run_session run = { .opts = &opts, .head = session, .sink_count = 2 };
	struct ct_record rec = a_start();
	struct ct_err err = { 0 };
	int reader;
	char *text = NULL;
	size_t len = 0;

	run.summary = ct_summary_new();
	cr_assert(run.summary);
	run.sinks[0] = to_pipe(NULL, &reader);
	close(reader);
	run.sinks[1] = (struct ct_sink){ .ops = &ct_json_ops,
					 .live = true,
					 .path = "file",
					 .out = open_memstream(&text, &len) };
	cr_expect_eq(ct_session_begin(&run, &err), 0, "%s", err.msg);
	cr_expect(!run.left);
	ct_session_record(&run, &rec);
	cr_expect(!run.failed, "%s", run.err.msg);
	cr_expect_eq(ct_session_end(&run, rec.end_ns, &err), 0, "%s", err.msg);
	expect_in(text, "\"kind\":\"summary\"");
	ct_session_close(&run);
	free(text);
}

/* When nobody is left there is nothing left to do. */
Test(sinks, all_who_read_may_leave)
{
	static struct ct_options opts;
	struct ct_run_session run = { .opts = &opts, .head = session, .sink_count = 1 };
	struct ct_record rec = a_start();
	struct ct_err err = { 0 };
	int reader;

	run.summary = ct_summary_new();
	cr_assert(run.summary);
	run.sinks[0] = to_pipe(NULL, &reader);
	cr_expect_eq(ct_session_begin(&run, &err), 0, "%s", err.msg);
	close(reader);
	cr_expect(!run.left);
	ct_session_record(&run, &rec);
	ct_session_record(&run, &rec);
	cr_expect(run.left);
	cr_expect(!run.failed);
	cr_expect_eq(ct_session_end(&run, rec.end_ns, &err), 0, "%s", err.msg);
	ct_session_close(&run);
}

/* A file that was asked for is another thing, be it a pipe: its reader was to read all. */
Test(sinks, who_reads_a_named_pipe_is_missed)
{
	static struct ct_options opts;
	struct ct_run_session run = { .opts = &opts, .head = session, .sink_count = 1 };
	struct ct_record rec = a_start();
	struct ct_err err = { 0 };
	int reader;

	run.summary = ct_summary_new();
	cr_assert(run.summary);
	run.sinks[0] = to_pipe("fifo", &reader);
	cr_expect_eq(ct_session_begin(&run, &err), 0, "%s", err.msg);
	close(reader);
	ct_session_record(&run, &rec);
	cr_expect(run.failed);
	cr_expect(!run.left);
	cr_expect_eq(ct_session_end(&run, rec.end_ns, &err), -EPIPE);
	expect_in(err.msg, "'fifo': Broken pipe");
	ct_session_close(&run);
}

/* Whatever fails, and when: the other output is what it would be alone, the first failure is told. */
Test(sinks, the_output_that_fails_fails_alone)
{
	static struct ct_options opts;
	char *texts[2] = { NULL, NULL };
	struct ct_err err = { 0 };

	for (size_t alone = 0; alone < 2; alone++) {
		struct ct_run_session run = { .opts = &opts, .head = session };
		struct ct_record rec = a_start();
		size_t len = 0;

		run.summary = ct_summary_new();
		cr_assert(run.summary);
		if (!alone) {
			cr_assert_eq(ct_sink_open(&run.sinks[0], "json:/dev/full", &err), 0);
			cr_assert_eq(ct_sink_open(&run.sinks[1], "document:/dev/full", &err), 0);
			run.sink_count = 2;
		}
		run.sinks[run.sink_count++] =
			(struct ct_sink){ .ops = &ct_json_ops,
					  .path = "file",
					  .out = open_memstream(&texts[alone], &len) };
		cr_expect_eq(ct_session_begin(&run, &err), alone ? 0 : -ENOSPC);
		ct_session_record(&run, &rec);
		cr_expect_eq(ct_session_end(&run, rec.end_ns, &err), alone ? 0 : -ENOSPC);
		cr_expect(!run.left);
		ct_session_close(&run);
	}
	expect_in(err.msg, "output 'json' to '/dev/full'");
	expect_in(texts[1], "\"kind\":\"summary\"");
	cr_expect_str_eq(texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

Test(table, lines)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start(), a_gap() };
	own_mem char *text = run("table", &(struct options){ 0 }, recs, 5, &no_loss);
	static const char *const lines[] = {
		"time         start   container       runtime  create  attach connect   start   ready  client   total\n",
		"             stop                               stop     die disconn destroy    exit  client   total\n",
		"09:08:20.000 start   web             runc    11.0 ms  312 us 9.00 ms  185 ms    0 ns 1.20 ms  207 ms\n",
		"09:08:20.000 stop    web             runc    1.20 s  25.0 ms 47.0 ms 10.0 ms     137       - 1.28 s\n",
		"09:08:20.000 restart web             runc     down 72.0 ms, up 194 ms, by policy              266 ms\n",
		"09:08:20.000 start   web             runc     FAILED in start / runtime create after 62.0 ms: "
		"exec: \"nope\": executable file not found in $PATH (exit 127)\n",
		"09:08:20.000 start   web             runc    11.0 ms       -       ?  185 ms 2.00 ms       -  218 ms\n"
		"                     and unknown 20.0 ms\n",
		"\nstart, runc: 2 ok, 1 failed\n",
		"\nrestart, runc: 1 ok\n",
		"Nothing lost. Nothing unmatched. Unknown: 1 phase (connect 1)",
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(lines); i++)
		expect_in(text, lines[i]);
	cr_expect_null(strstr(text, " \n"), "a line ends in a space");
}

/* Many share a pod: what tells them apart stays, as long as there is room for it. */
Test(table, a_pod_is_cut_before_its_container)
{
	static const struct {
		const char *pod, *name, *shown;
	} rows[] = {
		{ "web-1", "web-1/nginx", "start   web-1/nginx     runc" },
		{ "crash-k8snode", "crash-k8snode/boom", "start   crash-k8../boom runc" },
		{ "crash-k8snode", "crash-k8snode/a-very-long-name",
		  "start   ../a-very-lon.. runc" },
		{ "crash-k8snode", "crash-k8snode", "start   crash-k8snode   runc" },
		{ "", "of-no-pod-at-all/boom", "start   of-no-pod-at-.. runc" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_identity who = web;
		struct ct_record rec = a_start();
		own_mem char *text = NULL;

		strcpy(who.pod, rows[i].pod);
		strcpy(who.name, rows[i].name);
		rec.who = &who;
		text = run("table", &(struct options){ 0 }, &rec, 1, &no_loss);
		expect_in(text, rows[i].shown);
	}
}

/* Columns: days from the first record, and the line above its own, if any. */
static const struct {
	uint64_t days;
	const char *line;
} dated[] = {
	{ 0, NULL },
	{ 0, NULL },
	{ 1, "2024-11-22 (above: 2024-11-21)" },
	{ 1, NULL },
	{ 0, "2024-11-21 (above: 2024-11-22)" },
};

Test(table, another_day_is_said)
{
	struct ct_record recs[CT_ARRAY_SIZE(dated)];
	struct options opts = { .width = 120, .utf8 = true };
	own_mem char *text = NULL;
	const char *line;

	for (size_t i = 0; i < CT_ARRAY_SIZE(dated); i++) {
		recs[i] = a_start();
		recs[i].begin_ns += dated[i].days * 24 * 3600 * 1000 * MS;
		recs[i].end_ns += dated[i].days * 24 * 3600 * 1000 * MS;
	}
	text = run("table", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);
	line = strchr(strchr(text, '\n') + 1, '\n') + 1; /* behind both headings */
	for (size_t i = 0; i < CT_ARRAY_SIZE(dated); i++) {
		if (dated[i].line) {
			cr_expect_eq(strncmp(line, dated[i].line, strlen(dated[i].line)), 0,
				     "record %zu: %s", i, text);
			line = strchr(line, '\n') + 1;
		}
		cr_expect_eq(strncmp(line, "09:08:20.000 start", 18), 0, "record %zu: %s", i, text);
		line = strchr(line, '\n') + 1;
	}
	/* Without a column of times there is nothing to date. */
	free(text);
	opts.width = 60;
	text = run("table", &opts, recs, CT_ARRAY_SIZE(recs), &no_loss);
	cr_expect_null(strstr(text, "above"), "%s", text);
}

enum opened {
	OPENED_NOTHING,
	OPENED_UNSEEN,
	OPENED_ONE
};

/* The caller frees it, or gives it to a sink. */
static struct ct_opens *opens_of(enum opened opened)
{
	struct ct_opens *o = opened == OPENED_NOTHING ? NULL : ct_opens_new();
	struct tape t = { 0 };

	cr_assert(o || opened == OPENED_NOTHING);
	if (opened == OPENED_UNSEEN)
		cr_assert(ct_opens_miss(o, CT_VIEW_APPLICATION, "somebody holds it"));
	tape_opened(&t, 1, CT_VIEW_NATIVE, "/etc/a", 1000, 0);
	if (opened == OPENED_ONE)
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, 0)), 0);
	tape_free(&t);
	return o;
}

Test(table, percentiles_say_their_error_where_there_are_any)
{
	static const char percentiles[] = " Percentiles within 0.8 %.";
	static const char bins[] = " A time within 0.8 % of a bound may be counted beyond it.";
	static const struct {
		const char *name, *clause;
		bool of_starts, of_opens;
	} sinks[] = {
		{ "table", percentiles, true, true },
		{ "cdf", percentiles, true, false },
		{ "histogram", bins, true, false },
		{ "opens", percentiles, false, true },
	};
	const struct ct_record recs[] = { a_start(), a_failed_start() };

	for (size_t i = 0; i < CT_ARRAY_SIZE(sinks); i++) {
		for (unsigned r = 0; r < CT_ARRAY_SIZE(recs) * 3; r++) {
			bool ok = r % 2 == 0;
			struct options opts = { .width = 300,
						.opens = opens_of((enum opened)(r / 2)) };
			own_mem char *text = run(sinks[i].name, &opts, &recs[r % 2], 1, &no_loss);
			bool any = (ok && sinks[i].of_starts) ||
				   (r / 2 == OPENED_ONE && sinks[i].of_opens);

			cr_expect_eq(!!strstr(text, sinks[i].clause), any, "%u: %s", r, text);
			cr_expect_eq(!!strstr(text, " within "), any, "%u: %s", r, text);
		}
	}
}

Test(table, a_restarted_container_says_why)
{
	struct ct_record rec = record(CT_RECORD_START, &web);
	own_mem char *text = NULL;

	rec.cause = CT_CAUSE_POLICY;
	lasts(&rec, CT_PHASE_CONNECT, 9 * MS);
	lasts(&rec, CT_PHASE_START, 190 * MS);
	text = run("table", &(struct options){ 0 }, &rec, 1, &no_loss);
	expect_in(text, "runc          by policy 9.00 ms  190 ms");
}

Test(table, what_is_lost_is_said_with_advice)
{
	struct ct_core_counts counts = { .lost = { [CT_LOSS_RING] = 812, [CT_LOSS_LATE] = 1 },
					 .unmatched_exits = 3,
					 .open = 2 };
	own_mem char *text = run("table", &(struct options){ .width = 300 }, NULL, 0, &counts);

	expect_in(text,
		  "INCOMPLETE: 813 lost: ring buffer full 812 (raise --ring), event out of "
		  "order 1. Unmatched: 3 exits (the process began before tracing did). "
		  "No phase unknown. 2 containers were between two states when tracing ended.\n");
}

Test(table, nothing_is_wider_than_the_terminal)
{
	struct ct_identity long_name = web;
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start(), a_gap() };

	memset(long_name.name, 'n', sizeof(long_name.name) - 1);
	memset(long_name.runtime, 'r', sizeof(long_name.runtime) - 1);
	for (size_t i = 0; i < CT_ARRAY_SIZE(recs); i++)
		recs[i].who = &long_name;
	for (unsigned width = 50; width <= 200; width++) {
		for (int utf8 = 0; utf8 < 2; utf8++) {
			struct options opts = { .width = width, .utf8 = utf8, .steps = true };
			own_mem char *text = run("table", &opts, recs, 5, &no_loss);
			char *save = NULL;

			for (char *line = strtok_r(text, "\n", &save); line;
			     line = strtok_r(NULL, "\n", &save))
				cr_assert_leq(ct_text_columns(line), width, "%u: '%s'", width,
					      line);
		}
	}
}

Test(table, steps_are_a_tree_under_their_phases)
{
	struct ct_record rec = a_start();
	own_mem char *text = run("table", &(struct options){ .steps = true }, &rec, 1, &no_loss);

	expect_in(text, "        create                                    11.0 ms\n");
	expect_in(text, "          rootfs mount                  +1.00 ms  3.00 ms");
	expect_in(text, "            mounts                      +30.0 ms  20.0 ms");
	expect_in(text, "helper 12 x17  /proc\n");
	expect_in(text, "          exec                           +200 ms        ?");
	expect_in(text, "longest steps");
}

/* However long the names are, and however narrow the terminal is. */
Test(table, says_whose_a_container_is)
{
	static const struct ct_owner owners[] = {
		{ .other = true, .uid = 1000 },
		{ .other = true, .inside = true, .pid = 777, .name = "kind-node" },
		{ .other = true,
		  .inside = true,
		  .name = "a-node-with-a-name-that-is-very-long-indeed-and-then-some" },
	};
	static const char *const words[] = { "web of uid 1000 ", "web in kind-node ", " in a-" };
	static const char *const short_words[] = { " of", " in", " in" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(owners); i++) {
		struct ct_identity who = web;
		struct ct_record rec = record(CT_RECORD_STOP, &who);
		own_mem char *wide = NULL, *narrow = NULL;

		who.owner = owners[i];
		wide = run("table", &(struct options){ .width = 160 }, &rec, 1, &no_loss);
		expect_in(wide, words[i]);
		memset(who.name, 'x', sizeof(who.name) - 1);
		narrow = run("table", &(struct options){ .width = 60 }, &rec, 1, &no_loss);
		expect_in(narrow, short_words[i]);
	}
}

Test(table, colour_is_never_the_only_carrier)
{
	struct ct_record recs[] = { a_start(), a_stop(), a_restart(), a_failed_start(), a_gap() };
	struct options opts = { .width = 120, .utf8 = true, .steps = true };
	own_mem char *plain = run("table", &opts, recs, 5, &no_loss);
	own_mem char *colour = NULL;
	char *to;

	opts.colour = true;
	colour = run("table", &opts, recs, 5, &no_loss);
	cr_expect(strchr(colour, '\033'));
	cr_expect_null(strchr(plain, '\033'));
	to = colour;
	for (const char *from = colour; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
	/* Spaces at the end of a line are dropped where no colour stands in the way. */
	for (const char *p = plain, *c = colour; *p; p++, c++) {
		while (*p == '\n' && *c == ' ')
			c++;
		cr_assert_eq(*p, *c, "at '%.40s' and '%.40s'", p, c);
	}
}

Test(table, not_live_is_the_summary_alone)
{
	struct ct_record rec = a_start();
	own_mem char *text = run("table", &(struct options){ .not_live = true }, &rec, 1, &no_loss);

	cr_expect_eq(strncmp(text, "coldtrace 0.1: 1 record of 1 container in 31.0 s", 48), 0, "%s",
		     text);
	cr_expect_null(strstr(text, "09:08:20"));
}

Test(sinks, no_sink_lets_a_container_write_to_the_terminal)
{
	for (size_t i = 0; ct_sinks[i]; i++) {
		/* They refuse a terminal. */
		if (ct_sinks[i]->binary)
			continue;
		for (int utf8 = 0; utf8 < 2; utf8++) {
			struct options opts = { .width = utf8 ? 100 : 0,
						.utf8 = utf8,
						.steps = true };
			struct ct_identity who = { .init_pid = 1 };
			char message[4097];
			struct ct_record recs[3];
			own_mem char *text = NULL;

			recs[0] = recs[1] = an_injection(&who, message);
			recs[1].outcome = CT_OUTCOME_OK;
			recs[2] = recs[1];
			recs[2].type = CT_RECORD_RESTART;
			text = run(ct_sinks[i]->name, &opts, recs, 3, &no_loss);
			for (const char *c = text; *c; c++)
				cr_assert(*c == '\n' || (*c == '\r' && c[1] == '\n') ||
						  ((unsigned char)*c >= 0x20 && *c != 0x7f),
					  "%s: byte %02x", ct_sinks[i]->name, *c);
			cr_expect_null(strstr(text, "\xc2\x9b"));
			cr_expect_null(strstr(text, "\xe2\x80\xae"));
			cr_expect_null(strchr(text, '\xff'));
		}
	}
}

/* Of a forged recording: with the offset of the wall clock it is more than a number of 64 bits holds. */
Test(sinks, draw_an_instant_that_no_clock_has)
{
	static const char *const drawn[] = { "table", "timeline" };
	const struct options opts = { .width = 100, .utf8 = true };
	struct ct_record rec = a_start();

	rec.begin_ns = INT64_MAX;
	rec.end_ns = rec.begin_ns + 5 * MS;
	for (size_t i = 0; i < CT_ARRAY_SIZE(drawn); i++) {
		own_mem char *text = run(drawn[i], &opts, &rec, 1, &no_loss);

		expect_in(text, "web");
	}
}

/* Of its registry nothing is known but that it failed: there is no time to sort. */
Test(sinks, a_pull_that_failed_is_all_there_is)
{
	const struct options opts = { .width = 100 };
	struct ct_fetched fetched = { .layer_count = 0 };
	struct ct_record rec = record(CT_RECORD_PULL, &web);
	own_mem char *text = NULL;

	lasts(&rec, CT_PHASE_RESOLVE, 11 * MS);
	rec.outcome = CT_OUTCOME_FAILED;
	rec.failed_phase = CT_PHASE_RESOLVE;
	rec.message = "not found";
	rec.fetched = &fetched;
	text = run("pulls", &opts, &rec, 1, &no_loss);
	expect_in(text, "registry, by the name");
}
