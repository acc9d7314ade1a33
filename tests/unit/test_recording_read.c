// SPDX-License-Identifier: GPL-2.0-only
/* Recordings of version 2: who reads them from a pipe, and who has read enough. */
#include "recording_play.h"

/* A pipe gives it in pieces; the reader needs no file. */
Test(recording_read, pipe)
{
	struct tape t = { 0 }, got = { 0 };
	struct ct_reader *reader;
	struct ct_err err = { 0 };
	char path[32];
	struct file f;
	uint64_t cut;
	int fds[2];

	fill(&t);
	f = record(&t);
	cr_assert_eq(pipe(fds), 0);
	cr_assert_lt(f.len, 65536, "it fits the pipe");
	cr_assert_eq(write(fds[1], f.bytes, f.len), (ssize_t)f.len);
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	cr_assert_eq(ct_reader_open(&reader, path, &err), 0, "%s", err.msg);
	cr_expect_eq(ct_reader_header(reader)->wall_minus_mono_ns, -5);
	cr_expect_eq(ct_reader_header(reader)->depth, 1);
	cr_assert_eq(ct_reader_run(reader, copy_event, &got, &cut, &err), 0, "%s", err.msg);
	cr_expect_eq(cut, 0);
	cr_expect_eq(got.len, t.len);
	ct_reader_close(reader);
	ct_reader_close(NULL);
	close(fds[0]);
	free(f.bytes);
	tape_free(&t);
	tape_free(&got);
}

struct stopping {
	struct ct_reader *reader;
	struct tape got;
};

static void copy_and_stop(void *ctx, const struct ct_event *e)
{
	struct stopping *s = ctx;

	copy_event(&s->got, e);
	ct_reader_stop(s->reader);
}

/* Who has seen enough is not given what is in the blocks behind; nothing is missing, nothing cut. */
Test(recording_read, stop)
{
	struct tape t = { 0 };
	struct stopping s = { 0 };
	struct ct_err err = { 0 };
	struct ct_recorder r;
	struct file f;
	uint64_t cut = 1;

	fill(&t);
	begin(&f, &r);
	for (size_t i = 0; i < t.count; i++)
		cr_assert_eq(ct_recorder_write(&r, tape_event(&t, i), &err), 0, "%s", err.msg);
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_reader_open(&s.reader, f.path, &err), 0, "%s", err.msg);
	cr_expect_eq(ct_reader_run(s.reader, copy_and_stop, &s, &cut, &err), 0, "%s", err.msg);
	cr_expect_eq(cut, 0);
	cr_expect_gt(s.got.count, 0);
	cr_expect_lt(s.got.count, t.count);
	ct_reader_close(s.reader);
	unlink(f.path);
	tape_free(&t);
	tape_free(&s.got);
}

Test(recording_read, header_of_this_host)
{
	struct ct_recording_header h = header();

	cr_expect_eq(h.version, CT_RECORDING_VERSION);
	cr_expect_gt(h.cpus, 0);
	cr_expect_gt(strlen(h.machine), 0);
	cr_expect_gt(strlen(h.command), 0);
	cr_expect_neq(h.boot, 0);
	cr_expect_lt(h.clock_error_ns, 1000000000u);
}
