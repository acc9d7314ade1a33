// SPDX-License-Identifier: GPL-2.0-only
/* Opened files as text. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/session.h"
#include "sinks/escape.h"
#include "sinks/table/table_opens.h"
#include "tape.h"

static struct ct_opens *opens_of(struct tape *t)
{
	struct ct_opens *o = ct_opens_new();

	cr_assert(o);
	strcpy(o->who.name, "web");
	for (size_t i = 0; i < t->count; i++)
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(t, i)), 0);
	tape_free(t);
	return o;
}

/* The caller frees it. Takes the opens. */
static char *drawn(struct ct_opens *o)
{
	struct ct_opens_list l = { 0 };
	struct ct_pen pen = { .width = 80, .utf8 = true };
	char *text = NULL;
	bool percentiles;
	size_t len;

	cr_assert_eq(ct_opens_list_take(&l, o), 0);
	pen.f = open_memstream(&text, &len);
	cr_assert(pen.f);
	cr_assert_eq(ct_table_opens(&pen, &l, &percentiles), 0);
	fclose(pen.f);
	cr_expect_eq(percentiles, !!strstr(text, ", p50 "), "%s", text);
	ct_opens_list_clear(&l);
	return text;
}

/* A call that failed, so many times. */
static void failed(struct tape *t, const char *path, enum ct_open_call call, int error, int times)
{
	while (times--)
		tape_opened(t, 1, CT_VIEW_NATIVE, path, 1000, -error)->sub =
			CT_OPENS_SUB(CT_VIEW_NATIVE, call);
}

/* A shell that looks for programs along its PATH: no file was opened for that. */
Test(table_opens, programs_that_are_not_there_are_no_opens)
{
	struct tape t = { 0 };
	char *text;

	failed(&t, "/usr/local/bin/true", CT_OPEN_EXEC, ENOENT, 150);
	failed(&t, "/etc/a", CT_OPEN_OPEN, EACCES, 1);
	text = drawn(opens_of(&t));
	cr_expect(!strstr(text, "found no file"), "%s", text);
	free(text);
	failed(&t, "/usr/local/bin/true", CT_OPEN_EXEC, ENOENT, 150);
	failed(&t, "/etc/a", CT_OPEN_OPEN, ENOENT, 120);
	failed(&t, "/etc/b", CT_OPEN_OPEN, EACCES, 120);
	text = drawn(opens_of(&t));
	cr_expect(strstr(text, "  50.0 % of the opens found no file\n"), "%s", text);
	free(text);
}

/* Most failures are not most files that are not there. */
Test(table_opens, only_what_is_not_there_is_called_so)
{
	struct tape t = { 0 };
	char *text;

	failed(&t, "/app/node_modules/searched/a.js", CT_OPEN_OPEN, ENOENT, 150);
	failed(&t, "/app/node_modules/forbidden/a.js", CT_OPEN_OPEN, EACCES, 200);
	text = drawn(opens_of(&t));
	cr_expect(strstr(text, "  42.9 % of the opens found no file; 150 of them for searched\n"),
		  "%s", text);
	free(text);
}

/* What to do about it comes last. */
Test(table_opens, why_a_view_is_missed_is_said_to_the_end)
{
	static const char why[] =
		"somebody else holds its only trace session, which is left alone "
		"(runsc trace delete --name Default "
		"0123456789012345678901234567890123456789012345678901234567890123 "
		"would end it)";
	struct ct_opens *o = ct_opens_new();
	char *text;

	cr_assert(ct_opens_miss(o, CT_VIEW_APPLICATION, why));
	text = drawn(o);
	cr_expect(strstr(text, " it)\n"), "%s", text);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		cr_expect_leq(strcspn(line, "\n"), 80, "%s", text);
	free(text);
}

Test(table_opens, a_long_path_begins_with_a_whole_character)
{
	for (size_t pad = 0; pad < 2; pad++) {
		struct tape t = { 0 };
		char path[256], *text;
		size_t len = pad;

		memset(path, '/', sizeof(path));
		while (len < 200) {
			memcpy(path + len, "\u00e9", 2);
			len += 2;
		}
		path[len] = '\0';
		path[0] = '/';
		failed(&t, path, CT_OPEN_OPEN, ENOENT, 1);
		text = drawn(opens_of(&t));
		cr_expect(!strstr(text, "\\x"), "%s", text);
		cr_expect(strstr(text, "..\u00e9"), "%s", text);
		free(text);
	}
}

/* Bytes that are shown as four columns each, and a path that the kernel side cut. */
Test(table_opens, no_path_is_wider_than_its_room)
{
	for (int longer = 0; longer < 2; longer++) {
		struct tape t = { 0 };
		char path[256] = "/", *text;
		size_t len = longer ? 250 : 21;

		memset(path + 1, longer ? 1 : 'a', len);
		tape_opened(&t, 1, CT_VIEW_NATIVE, path, 10, 3)->flags |= CT_F_TRUNCATED;
		text = drawn(opens_of(&t));
		for (const char *line = strstr(text, "path, most opened"); line && *line;
		     line += strcspn(line, "\n") + 1)
			cr_expect_leq(ct_text_columns(line) -
					      ct_text_columns(line + strcspn(line, "\n")),
				      80, "%s", line);
		free(text);
	}
}

static void expect_narrow(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		cr_expect_leq(ct_text_columns(line) - ct_text_columns(line + strcspn(line, "\n")),
			      80, "%s", line);
}

/* The longest names that there are, all errors at once, and numbers of a long day. */
Test(table_opens, nothing_is_wider_than_the_terminal)
{
	static const char pod[] = "k8s_istio-proxy_product-page-v1-6b746f74dc-9rlmh_default_0";
	static const int errors[] = { ENOENT, ENAMETOOLONG, EACCES, ENOTDIR, ELOOP, EISDIR };
	struct ct_opens *o;
	struct tape t = { 0 };
	char *text;

	for (size_t i = 0; i < 6; i++)
		failed(&t, "/app/node_modules/@a-scope-with-a-name/and-a-package/i.js",
		       CT_OPEN_OPEN, errors[i], 150);
	tape_opens(&t, 1, CT_VIEW_NATIVE, 1234, 1230, 1, 5)->obj = 1234567890;
	tape_opens_path(&t, 1, "/a", "/", TAPE_OVERLAY, 1234567, 1234567);
	o = opens_of(&t);
	snprintf(o->who.name, sizeof(o->who.name), "%s", pod);
	snprintf(o->who.runtime, sizeof(o->who.runtime), "%s", "io.containerd.runsc.v1");
	snprintf(o->who.image, sizeof(o->who.image), "%s",
		 "registry.example.com/team/product-page/frontend:v1.2.3");
	cr_assert(ct_opens_miss(o, CT_VIEW_APPLICATION, "because"));
	o->exec_ns = 1;
	o->ready_ns = tape_ns(3);
	text = drawn(o);
	expect_narrow(text);
	cr_expect(strstr(text, "ready: at most"), "%s", text);
	cr_expect(strstr(text, "found no file"), "%s", text);
	cr_expect(strstr(text, "too low"), "%s", text);
	cr_expect(strstr(text, "view native"), "%s", text);
	/* What tells it from its neighbours stays. */
	cr_expect(strstr(text, "k8s_istio-proxy_product-page-v1"), "%s", text);
	free(text);
}

/* The kind of a library gives way to its name, not the width to both. */
Test(table_opens, no_group_is_wider_than_the_terminal)
{
	struct tape t = { 0 };
	char *text;

	failed(&t, "/lib64/ld-linux-x86-64.so.2", CT_OPEN_OPEN, ENOENT, 1);
	failed(&t, "/lib/libm.so.6", CT_OPEN_OPEN, ENOENT, 1);
	failed(&t, "/lib/libname-that-takes-more-than-its-room.so.2", CT_OPEN_OPEN, ENOENT, 2);
	text = drawn(opens_of(&t));
	expect_narrow(text);
	cr_expect(strstr(text, "  ld-linux-x86-64.so.2\n"), "%s", text);
	cr_expect(strstr(text, "  libm.so.6 (shared object)\n"), "%s", text);
	cr_expect(strstr(text, "  50.0 %"), "%s", text);
	free(text);
}

/* What is short is not shortened for what is long. */
Test(table_opens, a_title_is_whole_where_there_is_room)
{
	struct tape t = { 0 };
	struct ct_opens *o;
	char *text;

	failed(&t, "/a", CT_OPEN_OPEN, ENOENT, 1);
	o = opens_of(&t);
	snprintf(o->who.name, sizeof(o->who.name), "%s", "a-name-that-is-more-than-32-columns");
	snprintf(o->who.runtime, sizeof(o->who.runtime), "%s", "runc");
	snprintf(o->who.image, sizeof(o->who.image), "%s", "image:1");
	text = drawn(o);
	cr_expect(strstr(text, "opens of a-name-that-is-more-than-32-columns, runc, image:1, "
			       "view native\n"),
		  "%s", text);
	free(text);
}

static void ignore(void *ctx, const struct ct_record *rec)
{
	(void)ctx, (void)rec;
}

/* Executed at 100, ready at 200; opened a file now. */
static bool until_ready_is_said(struct ct_run_session *s, uint64_t now_ns)
{
	struct tape t = { 0 };
	struct ct_opens_numbers n;
	struct ct_opens *o = ct_opens_new();
	bool blurred;

	o->exec_ns = 100;
	o->ready_ns = 200;
	tape_opened(&t, 1, CT_VIEW_NATIVE, "/a", 10, 3)->ts_ns = now_ns;
	cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, 0)), 0);
	tape_free(&t);
	ct_session_opens(s, o);
	o = ct_summary_opens(s->summary)->items[0];
	return ct_opens_until_ready(o, o->views[CT_VIEW_NATIVE], &n, &blurred);
}

/* Of what has been told of a run before, the next table knows nothing. */
Test(table_opens, until_ready_is_not_said_of_a_part)
{
	static struct ct_options opts;
	const struct ct_core_options core = { 0 };
	const struct ct_core_ops ops = { .record = ignore };
	struct ct_run_session s = { .opts = &opts };

	s.summary = ct_summary_new();
	s.core = ct_core_new(&core, &ops, NULL);
	cr_assert(s.summary && s.core);
	cr_expect(until_ready_is_said(&s, 150));
	ct_session_interval(&s, 1000);
	cr_expect(!until_ready_is_said(&s, 1500));
	ct_session_interval(&s, 2000);
	ct_core_free(s.core);
	ct_summary_free(s.summary);
}

/* A table that cannot be written ends the run, and is told when the others have got their summary. */
Test(table_opens, a_full_disk_under_the_tables)
{
	static struct ct_options opts;
	const struct ct_core_options core = { 0 };
	const struct ct_core_ops ops = { .record = ignore };
	struct ct_run_session s = { .opts = &opts, .sink_count = 2 };
	struct ct_err err = { 0 };
	char *text = NULL;
	size_t len = 0;

	s.head = (struct ct_session){ .version = "1", .kernel = "6.1", .depth = "phases" };
	s.summary = ct_summary_new();
	s.core = ct_core_new(&core, &ops, NULL);
	cr_assert(s.summary && s.core);
	cr_assert_eq(ct_sink_open(&s.sinks[0], "opens:/dev/full", &err), 0, "%s", err.msg);
	s.sinks[0].live = true;
	s.sinks[1] = (struct ct_sink){ .ops = &ct_json_ops,
				       .path = "file",
				       .out = open_memstream(&text, &len) };
	cr_assert_eq(ct_session_begin(&s, &err), 0, "%s", err.msg);
	ct_session_interval(&s, 1000);
	cr_expect(s.failed);
	cr_expect_eq(ct_session_end(&s, 2000, &err), -ENOSPC);
	cr_expect_str_eq(err.msg, "write output 'opens' to '/dev/full': No space left on device");
	cr_expect(strstr(text, "\"kind\":\"summary\""), "%s", text);
	ct_session_close(&s);
	free(text);
}
