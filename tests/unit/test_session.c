// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/session.h"
#include "grpc.h"
#include "life.h"
#include "util/mem.h"

#define OLD "what was there before\n"

static char dir[] = "/tmp/coldtrace-session-XXXXXX";

static void in_a_directory(void)
{
	cr_assert(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void out_of_it(void)
{
	static const char *const names[] = { "old", "new", "link", "hard", "pipe", "run.ct" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++)
		unlink(names[i]);
	cr_expect_eq(rmdir(dir), 0, "something is left in %s", dir);
}

static void put_old(const char *name)
{
	FILE *f = fopen(name, "w");

	cr_assert(f);
	cr_assert(fputs(OLD, f) >= 0);
	cr_assert_eq(fclose(f), 0);
}

static bool is_old(const char *name)
{
	own_file FILE *f = fopen(name, "r");
	char text[64] = "";

	return f && fread(text, 1, sizeof(text) - 1, f) > 0 && !strcmp(text, OLD);
}

/* Opens a session with these outputs, up to NULL. */
static int open_them(const struct ct_options *given, const char *const *specs, struct ct_err *err)
{
	struct ct_options opts = *given;
	struct ct_run_session s;
	int ret;

	for (; specs[opts.outputs.count]; opts.outputs.count++)
		opts.outputs.items[opts.outputs.count] = specs[opts.outputs.count];
	ret = ct_session_open(&s, &opts, NULL, NULL, err);
	ct_session_close(&s);
	return ret;
}

TestSuite(session, .init = in_a_directory, .fini = out_of_it);

/* What is refused last costs nothing of what was opened first. */
Test(session, nothing_is_emptied_before_all_is_open)
{
	static const char *const refused[] = { "csv:/nonexistent/x", "csv:.", "xml:new", "csv:" };
	const struct ct_options opts = { 0 };

	put_old("old");
	for (size_t i = 0; i < CT_ARRAY_SIZE(refused); i++) {
		const char *const specs[] = { "json:old", refused[i], NULL };
		struct ct_err err = { 0 };

		cr_expect_lt(open_them(&opts, specs, &err), 0, "%s", refused[i]);
		cr_expect(is_old("old"), "%s: %s", refused[i], err.msg);
	}
}

/* It is replaced, not written over. */
Test(session, a_file_is_emptied_when_it_begins)
{
	struct ct_options opts = { .outputs = { { "csv:old" }, 1 } };
	struct ct_run_session s;
	struct ct_err err = { 0 };
	struct stat st;

	put_old("old");
	cr_assert_eq(truncate("old", 1 << 20), 0);
	cr_assert_eq(ct_session_open(&s, &opts, NULL, NULL, &err), 0, "%s", err.msg);
	cr_assert_eq(stat("old", &st), 0);
	cr_expect_eq(st.st_size, 1 << 20);
	cr_assert_eq(ct_session_begin(&s, &err), 0, "%s", err.msg);
	ct_session_close(&s);
	cr_assert_eq(stat("old", &st), 0);
	cr_expect_lt(st.st_size, 1 << 10);
}

/* Columns: --record, what is read, outputs, what is said; NULL: it is well. Link and hard are old. */
static const struct {
	const char *record, *input;
	const char *specs[3];
	const char *said;
} shared[] = {
	{ NULL,
	  NULL,
	  { "json:old", "csv:old" },
	  "open 'old' for output 'csv': output 'json' goes there too; write 'csv:FILE'" },
	{ NULL,
	  NULL,
	  { "json:new", "csv:./new" },
	  "open './new' for output 'csv': output 'json' goes there too; write 'csv:FILE'" },
	{ NULL,
	  NULL,
	  { "json:old", "csv:link" },
	  "open 'link' for output 'csv': output 'json' goes there too; write 'csv:FILE'" },
	{ NULL,
	  NULL,
	  { "json:hard", "csv:old" },
	  "open 'old' for output 'csv': output 'json' goes there too; write 'csv:FILE'" },
	{ "old",
	  NULL,
	  { "json:link" },
	  "open recording 'old': output 'json' goes there too; name another file for one of them" },
	{ "new",
	  NULL,
	  { "json:new" },
	  "open recording 'new': output 'json' goes there too; name another file for one of them" },
	{ "-",
	  NULL,
	  { "table" },
	  "open recording 'stdout': output 'table' goes there too; name another file for one of them" },
	{ NULL,
	  "old",
	  { "json:new", "csv:hard" },
	  "open 'hard' for output: it is the recording 'old' itself" },
	{ NULL, NULL, { "json:/dev/null", "csv:/dev/null" }, NULL },
	{ NULL, NULL, { "json:/dev/full", "csv:/dev/full" }, NULL },
	{ "/dev/null", NULL, { "json:/dev/null" }, NULL },
	{ "-", NULL, { "json:new" }, NULL },
	{ NULL, NULL, { "cdf", "histogram" }, NULL },
	{ "run.ct", "old", { "json:new", "table" }, NULL },
};

Test(session, two_in_one_file)
{
	put_old("old");
	cr_assert_eq(symlink("old", "link"), 0);
	cr_assert_eq(link("old", "hard"), 0);
	for (size_t i = 0; i < CT_ARRAY_SIZE(shared); i++) {
		const struct ct_options opts = {
			.record = shared[i].record,
			.operands = { &shared[i].input, shared[i].input != NULL },
		};
		struct ct_err err = { 0 };

		cr_expect_eq(open_them(&opts, shared[i].specs, &err),
			     shared[i].said ? -CT_EUSAGE : 0, "%zu: %s", i, err.msg);
		cr_expect_str_eq(err.msg, shared[i].said ? shared[i].said : "", "%zu: %s", i,
				 err.msg);
		cr_expect(is_old("old"), "%zu", i);
		unlink("new");
	}
}

/* What > of a shell has opened is a file like others. */
Test(session, stdout_and_its_file)
{
	static const char *const specs[] = { "json:old", "table", NULL };
	const struct ct_options opts = { 0 };
	struct ct_err err = { 0 };
	int before = dup(STDOUT_FILENO), fd;

	put_old("old");
	fd = open("old", O_WRONLY | O_APPEND);
	cr_assert(before >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	cr_expect_eq(open_them(&opts, specs, &err), -CT_EUSAGE);
	dup2(before, STDOUT_FILENO);
	cr_expect_str_eq(
		err.msg,
		"open 'stdout' for output 'table': output 'json' goes there too; write 'table:FILE'");
	cr_expect(is_old("old"));
	close(fd);
	close(before);
}

static void told(void *ctx, const struct ct_record *rec)
{
	ct_session_record(ctx, rec);
}

static void left(void *ctx, const struct ct_identity *who, bool was_told, bool open)
{
	ct_session_left(ctx, who, was_told, open);
}

/* What shows that the container was connected is taken for something else. */
static void not_connected(struct tape *t, size_t from)
{
	static const char shows[] = ".tmp-hostconfig.json3107050383";

	for (size_t i = from; i < t->count; i++) {
		struct ct_event *e = (struct ct_event *)tape_event(t, i);

		if (e->kind == CT_KIND_SYNC && memmem(e->tail, e->tail_len, shows, strlen(shows)))
			e->kind = CT_KIND_NETLINK;
	}
}

/* One that is all there, one without its connect, and one that is not yet ready when all ends. */
static void three_lives(struct tape *t)
{
	struct life whole = life_of(0), lacks = life_of(1), late = life_of(2);
	size_t from;

	life_engines(t);
	life_serves(t, &whole);
	from = t->count;
	life_serves(t, &lacks);
	not_connected(t, from);
	life_create(t, &late, 300);
	life_start(t, &late, 320);
	tape_sort(t);
}

/* What passes which filter. Columns: -c, what the JSON counts, what the footer says. */
static const struct {
	const char *only;
	const char *json, *table;
} filters[] = {
	{ NULL, "\"containers\":3,\"unfinished\":1",
	  "Unknown: 3 phases (connect 1, start 1, ready 1)" },
	{ "web", "\"containers\":1,\"unfinished\":0", "No phase unknown." },
	{ "db", "\"containers\":1,\"unfinished\":0", "Unknown: 2 phases (connect 1, start 1)" },
	{ "cache", "\"containers\":1,\"unfinished\":1", "Unknown: 1 phase (ready 1)" },
	{ "nobody", "\"containers\":0,\"unfinished\":0", "No phase unknown." },
};

static void read_into(const char *name, char *text, size_t room)
{
	own_file FILE *f = fopen(name, "r");

	cr_assert(f);
	text[fread(text, 1, room - 1, f)] = '\0';
}

/* A filter bounds what is counted of containers, and the parts add up. */
Test(session, a_filter_bounds_the_summary)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(filters); i++) {
		const struct ct_core_ops ops = { .record = told, .left = left };
		struct ct_options opts = { .outputs = { { "json:new", "table:old" }, 2 } };
		struct ct_run_session s;
		struct tape t = { 0 };
		struct ct_err err = { 0 };
		static char text[1 << 16];

		if (filters[i].only)
			opts.containers.items[opts.containers.count++] = filters[i].only;
		three_lives(&t);
		cr_assert_eq(ct_session_open(&s, &opts, &ops, &s, &err), 0, "%s", err.msg);
		s.head = (struct ct_session){ .version = "1", .kernel = "6", .depth = "phases" };
		cr_assert_eq(ct_session_begin(&s, &err), 0, "%s", err.msg);
		tape_feed(&t, s.core);
		cr_expect_eq(ct_session_end(&s, tape_ns(1000), &err), 0, "%s", err.msg);
		ct_session_close(&s);
		read_into("new", text, sizeof(text));
		cr_expect(strstr(text, filters[i].json), "%zu: %s in %s", i, filters[i].json, text);
		read_into("old", text, sizeof(text));
		cr_expect(strstr(text, filters[i].table), "%zu: %s in %s", i, filters[i].table,
			  text);
		tape_free(&t);
	}
}

/* A container that is probed once. */
static void probed(struct tape *t)
{
	char msg[200];
	size_t n = grpc_put_text(msg, 1, BOX);

	life_engines(t);
	grpc_makes_pod(t);
	grpc_makes_box(t);
	tape_at(t, 80);
	grpc_asks_about(t, 5, CRI "StartContainer", NULL, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 105);
	grpc_answers(t, 5, "", 0);
	tape_at(t, 200);
	n += grpc_put_text(msg + n, 2, "/bin/test");
	grpc_asks(t, 7, CRI "ExecSync", NULL, msg, n + tape_put_number(msg + n, 3, 1));
	tape_at(t, 210);
	grpc_answers(t, 7, "", 0);
}

/* Those of a container that does not pass are not told of those that do. */
Test(session, a_filter_bounds_the_probes)
{
	for (unsigned only = 0; only < 2; only++) {
		const struct ct_core_ops ops = { .record = told, .left = left };
		struct ct_options opts = { .outputs = { { "json:new", "table:old" }, 2 } };
		struct ct_run_session s;
		struct tape t = { 0 };
		struct ct_err err = { 0 };
		static char text[1 << 16];

		if (only)
			opts.containers.items[opts.containers.count++] = "another";
		probed(&t);
		cr_assert_eq(ct_session_open(&s, &opts, &ops, &s, &err), 0, "%s", err.msg);
		s.head = (struct ct_session){ .version = "1", .kernel = "6", .depth = "phases" };
		cr_assert_eq(ct_session_begin(&s, &err), 0, "%s", err.msg);
		tape_feed(&t, s.core);
		cr_expect_eq(ct_session_end(&s, tape_ns(1000), &err), 0, "%s", err.msg);
		ct_session_close(&s);
		read_into("new", text, sizeof(text));
		cr_expect_eq(!strstr(text, "\"probes\":{\"count\":1"), only, "%s", text);
		read_into("old", text, sizeof(text));
		cr_expect_eq(!strstr(text, "1 probe, 0 failed"), only, "%s", text);
		tape_free(&t);
	}
}

/*
 * The start that -n waited for, and a stop that has begun meanwhile: nobody waited for that, and what is not
 * told is not counted as unknown either.
 */
Test(session, what_goes_on_after_n_is_not_told_as_cut)
{
	for (unsigned over = 0; over < 2; over++) {
		const struct ct_core_ops ops = { .record = told, .left = left };
		const struct ct_options opts = { .outputs = { { "json:new", "table:old" }, 2 } };
		struct life l = life_of(0);
		struct ct_run_session s;
		struct tape t = { 0 };
		struct ct_err err = { 0 };
		static char text[1 << 16];

		life_engines(&t);
		life_serves(&t, &l);
		life_exit(&t, &l, 900, 0);
		tape_sort(&t);
		cr_assert_eq(ct_session_open(&s, &opts, &ops, &s, &err), 0, "%s", err.msg);
		s.head = (struct ct_session){ .version = "1", .kernel = "6", .depth = "phases" };
		cr_assert_eq(ct_session_begin(&s, &err), 0, "%s", err.msg);
		for (size_t i = 0; i < t.count && tape_event(&t, i)->ts_ns <= tape_ns(905); i++)
			ct_core_feed(s.core, tape_event(&t, i));
		s.over = over;
		cr_expect_eq(ct_session_end(&s, tape_ns(1000), &err), 0, "%s", err.msg);
		ct_session_close(&s);
		read_into("new", text, sizeof(text));
		cr_expect(strstr(text, "\"kind\":\"start\""), "%s", text);
		cr_expect_eq(!strstr(text, "\"kind\":\"stop\",\"outcome\":\"cut\""), over, "%s",
			     text);
		cr_expect(strstr(text, "\"containers\":1,\"unfinished\":1"), "%s", text);
		read_into("old", text, sizeof(text));
		cr_expect_eq(!strstr(text, "No phase unknown"), !over, "%s", text);
		tape_free(&t);
	}
}
