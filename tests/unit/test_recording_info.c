// SPDX-License-Identifier: GPL-2.0-only
/* What is said of a recording without replaying it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/recording/recording_info.h"
#include "util/mem.h"

static char dir[] = "/tmp/coldtrace-info-XXXXXX";

static void in_a_directory(void)
{
	cr_assert(mkdtemp(dir) && !chdir(dir));
}

static void out_of_it(void)
{
	unlink("run.ct");
	cr_expect_eq(rmdir(dir), 0, "something is left in %s", dir);
}

TestSuite(recording_info, .init = in_a_directory, .fini = out_of_it);

static void add(struct ct_recorder *r, enum ct_kind kind, uint64_t ts_ns, uint64_t obj)
{
	struct ct_event e = { .len = sizeof(e), .kind = (__u8)kind, .ts_ns = ts_ns, .obj = obj };
	struct ct_err err = { 0 };

	cr_assert_eq(ct_recorder_write(r, &e, &err), 0, "%s", err.msg);
}

static void begin(struct ct_recorder *r)
{
	struct ct_recording_header header;
	struct ct_err err = { 0 };

	ct_recording_header_fill(&header, CT_DEEP_STEPS);
	header.begin_ns = 1000;
	snprintf(header.command, sizeof(header.command),
		 "coldtrace record -- docker login -p secret");
	cr_assert_eq(ct_recorder_open(r, "run.ct", &header, &err), 0, "%s", err.msg);
	snprintf(ct_recorder_header(r)->plan, sizeof(header.plan), "btf");
	add(r, CT_KIND_EXEC, 2000, 0);
	add(r, CT_KIND_EXEC, 1500, 0);
	add(r, CT_KIND_LOST, 3000, 7); /* sub 0: the ring */
	add(r, 100, 3500, 0);
	cr_assert_eq(ct_recorder_tick(r, UINT64_MAX, &err), 0, "%s", err.msg);
}

static struct ct_recording_info read_info(enum ct_recording_state state)
{
	struct ct_recording_info info;
	struct ct_err err = { 0 };

	cr_assert_eq(ct_recording_info_read(&info, "run.ct", &err), 0, "%s", err.msg);
	cr_expect_eq(info.state, state, "%s", ct_recording_states[info.state].words);
	return info;
}

static void expect_content(const struct ct_recording_info *info)
{
	cr_expect_eq(info->events, 4);
	cr_expect_eq(info->blocks, 1);
	cr_expect_eq(info->first_ns, 1500);
	cr_expect_eq(info->last_ns, 3500);
	cr_expect_eq(info->kinds[CT_KIND_EXEC], 2);
	cr_expect_eq(info->kinds[CT_KIND_MAX - 1], 1, "a kind that is not known is counted");
	cr_expect_eq(info->lost[CT_LOSS_RING], 7);
	cr_expect_eq(info->header.depth, CT_DEEP_STEPS);
	cr_expect_str_eq(info->header.plan, "btf");
	cr_expect_str_eq(info->header.command, "coldtrace record -- docker",
			 "the arguments of a program may be passwords");
}

Test(recording_info, growing_then_whole_then_cut_then_empty)
{
	struct ct_recording_info info;
	struct ct_recorder r;
	struct ct_err err = { 0 };
	struct stat st;

	begin(&r);
	info = read_info(CT_RECORDING_GROWING);
	expect_content(&info);
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	info = read_info(CT_RECORDING_WHOLE);
	expect_content(&info);
	cr_assert(!stat("run.ct", &st) && !truncate("run.ct", st.st_size - 20));
	cr_expect_eq(info.size, (uint64_t)st.st_size);
	info = read_info(CT_RECORDING_CUT);
	expect_content(&info);
	cr_assert(!truncate("run.ct", 0));
	info = read_info(CT_RECORDING_EMPTY);
	cr_expect_eq(info.events, 0);
	cr_expect_str_eq(info.why.msg, "read 'run.ct': it is empty");
}

Test(recording_info, damaged)
{
	struct ct_recording_info info;
	struct ct_recorder r;
	struct ct_err err = { 0 };
	own_file FILE *f = NULL;

	begin(&r);
	add(&r, CT_KIND_EXIT, 60000000000, 0); /* in a chain of its own */
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	f = fopen("run.ct", "r+");
	cr_assert(f && !fseek(f, sizeof(struct ct_recording_header) + 50, SEEK_SET) &&
		  fputc(0xff, f) == 0xff && !fflush(f));
	info = read_info(CT_RECORDING_DAMAGED);
	cr_expect_eq(info.events, 1);
	cr_expect(strstr(info.why.msg, "is damaged"), "%s", info.why.msg);
}

Test(recording_info, what_is_no_recording_is_an_error)
{
	struct ct_recording_info info;
	struct ct_err err = { 0 };

	cr_expect_eq(ct_recording_info_read(&info, "run.ct", &err), -ENOENT);
	cr_expect_str_eq(err.msg, "open recording 'run.ct': No such file or directory");
}

Test(recording_info, only_the_name_of_a_program_is_kept)
{
	static const char *const lines[][2] = {
		{ "coldtrace record -o a.ct", "coldtrace record -o a.ct" },
		{ "coldtrace -- docker", "coldtrace -- docker" },
		{ "coldtrace -s -- docker login -p x -- y", "coldtrace -s -- docker" },
		{ "coldtrace -- ", "coldtrace -- " },
		{ "coldtrace serve --otlp http://me:login@c:1",
		  "coldtrace serve --otlp http://*@c:1" },
		{ "", "" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(lines); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s", lines[i][0]);
		ct_recording_command_cut(line);
		cr_expect_str_eq(line, lines[i][1]);
		cr_expect_null(memmem(line, strlen(lines[i][0]), "login", 5), "it is still there");
	}
}

Test(recording_info, kinds_have_names)
{
	cr_expect_str_eq(ct_kind_name(CT_KIND_EXEC), "exec");
	cr_expect_null(ct_kind_name(100));
	cr_expect_null(ct_kind_name(CT_KIND_MAX));
	cr_expect_null(ct_kind_name(UINT32_MAX));
}
