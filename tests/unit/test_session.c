// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/session.h"
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
