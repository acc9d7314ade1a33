// SPDX-License-Identifier: GPL-2.0-only
/* Recordings of version 1: what was recorded then is read for ever. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "life.h"
#include "source/recording/recording.h"
#include "util/mem.h"

struct file {
	char *bytes; /* owned, of exactly that size */
	size_t len;
};

static struct ct_recording_header header(void)
{
	struct ct_recording_header h = {
		.magic = { 'c', 'o', 'l', 'd', 't', 'r', 'a', 'c' },
		.byte_order = CT_RECORDING_ORDER,
		.version = CT_RECORDING_V1,
		.header_len = CT_RECORDING_V1_LEN,
		.wall_minus_mono_ns = -5,
		.begin_ns = TAPE_T0_NS,
		.kernel = "6.18.0-test",
		.program = "0.1-test",
	};

	return h;
}

static struct file file_of(const struct ct_recording_header *h, const struct tape *t)
{
	struct file f = { .len = CT_RECORDING_V1_LEN + t->len };

	f.bytes = malloc(f.len);
	cr_assert(f.bytes);
	memcpy(f.bytes, h, CT_RECORDING_V1_LEN);
	if (t->len)
		memcpy(f.bytes + CT_RECORDING_V1_LEN, t->bytes, t->len);
	return f;
}

static struct tape small_tape(void)
{
	struct tape t = { 0 };

	tape_clock(&t);
	tape_exec(&t, 7, CT_ROLE_RUNTIME, 1, "runc", "create", TAPE_END);
	tape_exit(&t, 7, CT_ROLE_RUNTIME, 0);
	return t;
}

static void count_event(void *ctx, const struct ct_event *e)
{
	struct ct_err err;

	cr_assert_eq(ct_event_check(e, e->len, &err), 0);
	++*(size_t *)ctx;
}

static int replay(const struct file *f, size_t *events, uint64_t *cut, struct ct_err *err)
{
	struct ct_recording_header h;

	*events = 0;
	return ct_replay_bytes("a.ct", f->bytes, f->len, &h, count_event, events, cut, err);
}

/* Columns: what is damaged, offset, bytes written there, error. Offset -1 cuts to `len`. */
static const struct {
	const char *name;
	int offset;
	const char *bytes;
	size_t len;
	const char *error; /* NULL: none */
} damages[] = {
	{ "nothing", 0, "c", 1, NULL },
	{ "magic", 0, "C", 1, "read 'a.ct': not a coldtrace recording" },
	{ "end of the magic", 7, "k", 1, "read 'a.ct': not a coldtrace recording" },
	{ "by gzip", 0, "\x1f\x8b", 2,
	  "read 'a.ct': not a coldtrace recording, but packed: gzip -dc < a.ct | coldtrace ... -" },
	{ "by zstd", 0, "\x28\xb5\x2f\xfd", 4,
	  "read 'a.ct': not a coldtrace recording, but packed: zstd -dc < a.ct | coldtrace ... -" },
	{ "by xz", 0,
	  "\xfd"
	  "7zXZ",
	  5,
	  "read 'a.ct': not a coldtrace recording, but packed: xz -dc < a.ct | coldtrace ... -" },
	{ "empty", -1, "", 0, "read 'a.ct': it is empty" },
	{ "header cut", -1, "", 127, "read 'a.ct': it was cut off within its header" },
	{ "magic cut", -1, "", 3, "read 'a.ct': it was cut off within its header" },
	{ "header alone", -1, "", 128, NULL },
	{ "byte order", 8, "\1\2\3\4", 4,
	  "read 'a.ct': recorded on a machine of the other byte order" },
	{ "older version", 12, "\0\0", 2,
	  "read 'a.ct': format version 0, this coldtrace reads 1 to 2" },
	{ "newer version", 12, "\3\0", 2,
	  "read 'a.ct': format version 3, this coldtrace reads 1 to 2" },
	{ "short header", 14, "\x78\0", 2, "read 'a.ct': header length 120 is impossible" },
	{ "header that is not aligned", 14, "\x81\0", 2,
	  "read 'a.ct': header length 129 is impossible" },
	{ "header beyond the end", 14, "\xf8\xff", 2, NULL },
	{ "event of length 0", 128, "\0\0", 2,
	  "read 'a.ct': offset 128: event length 0 is no event's" },
	{ "event shorter than its header", 128, "\x30\0", 2,
	  "read 'a.ct': offset 128: event length 48 is no event's" },
	{ "event that is not aligned", 128, "\x39\0", 2,
	  "read 'a.ct': offset 128: event length 57 is no event's" },
	{ "event longer than any", 128, "\xf8\xff", 2,
	  "read 'a.ct': offset 128: event length 65528, 184 bytes left" },
	{ "tail longer than its event", 132, "\1\0", 2,
	  "read 'a.ct': offset 128: event tail of 1 bytes in a record of 56" },
	{ "unknown kind", 130, "\x7f", 1, NULL },
};

Test(recording, damage)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(damages); i++) {
		struct ct_recording_header h = header();
		struct tape t = small_tape();
		struct file f = file_of(&h, &t);
		struct ct_err err = { 0 };
		uint64_t cut;
		size_t events;
		int ret;

		cr_assert_eq(f.len, 128 + 184, "%zu", f.len);
		if (damages[i].offset < 0) {
			f.len = damages[i].len;
			f.bytes = realloc(f.bytes, f.len ? f.len : 1);
			cr_assert(f.bytes);
		} else {
			memcpy(f.bytes + damages[i].offset, damages[i].bytes, damages[i].len);
		}
		ret = replay(&f, &events, &cut, &err);
		if (damages[i].error) {
			cr_expect_lt(ret, 0, "%s", damages[i].name);
			cr_expect_str_eq(err.msg, damages[i].error, "%s: %s", damages[i].name,
					 err.msg);
		} else {
			cr_expect_eq(ret, 0, "%s: %s", damages[i].name, err.msg);
		}
		free(f.bytes);
		tape_free(&t);
	}
}

/* At every byte: the whole events before it are read, and where they end is said. */
Test(recording, cut_anywhere)
{
	struct ct_recording_header h = header();
	struct tape t = small_tape();
	struct file whole = file_of(&h, &t);

	for (size_t len = 0; len <= whole.len; len++) {
		struct file f = { malloc(len ? len : 1), len };
		size_t events, expected = 0, at = CT_RECORDING_V1_LEN;
		struct ct_err err = { 0 };
		uint64_t cut = 42;
		int ret;

		cr_assert(f.bytes);
		memcpy(f.bytes, whole.bytes, len);
		ret = replay(&f, &events, &cut, &err);
		if (len < CT_RECORDING_V1_LEN) {
			cr_expect_lt(ret, 0, "cut at %zu", len);
		} else {
			while (expected < t.count && at + tape_event(&t, expected)->len <= len)
				at += tape_event(&t, expected++)->len;
			cr_expect_eq(ret, 0, "cut at %zu: %s", len, err.msg);
			cr_expect_eq(events, expected, "cut at %zu: %zu events", len, events);
			cr_expect_eq(cut, len > at ? at : 0, "cut at %zu: readable to %llu", len,
				     (unsigned long long)cut);
		}
		free(f.bytes);
	}
	free(whole.bytes);
	tape_free(&t);
}

/* What a later minor version adds to the header is skipped. */
Test(recording, longer_header)
{
	struct ct_recording_header h = header(), read;
	struct tape t = small_tape();
	char *bytes = calloc(1, CT_RECORDING_V1_LEN + 16 + t.len);
	struct ct_err err = { 0 };
	size_t events = 0;
	uint64_t cut;

	cr_assert(bytes);
	h.header_len += 16;
	memset(h.kernel, 'k', sizeof(h.kernel)); /* not terminated */
	memset(h.program, 'p', sizeof(h.program));
	memcpy(bytes, &h, CT_RECORDING_V1_LEN);
	memcpy(bytes + CT_RECORDING_V1_LEN + 16, t.bytes, t.len);
	cr_expect_eq(ct_replay_bytes("a.ct", bytes, CT_RECORDING_V1_LEN + 16 + t.len, &read,
				     count_event, &events, &cut, &err),
		     0, "%s", err.msg);
	cr_expect_eq(events, t.count);
	cr_expect_eq(strlen(read.kernel), sizeof(read.kernel) - 1);
	cr_expect_eq(strlen(read.program), sizeof(read.program) - 1);
	free(bytes);
	tape_free(&t);
}

static const struct {
	const char *path, *replayed, *peeked;
} unreadable[] = {
	{ "/nonexistent/a.ct", "open recording '/nonexistent/a.ct': No such file or directory",
	  "open recording '/nonexistent/a.ct': No such file or directory" },
	{ "/dev/null", "read '/dev/null': it is empty", "read '/dev/null': it is empty" },
	{ "/tmp", "read '/tmp': Is a directory", "read '/tmp': Is a directory" },
};

Test(recording, unreadable)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(unreadable); i++) {
		struct ct_recording_header h;
		struct ct_err err = { 0 };
		size_t events = 0;
		uint64_t cut;

		cr_expect_lt(ct_replay(unreadable[i].path, &h, count_event, &events, &cut, &err),
			     0);
		cr_expect_str_eq(err.msg, unreadable[i].replayed, "%s", err.msg);
		cr_expect_lt(ct_recording_peek(unreadable[i].path, &h, &err), 0);
		cr_expect_str_eq(err.msg, unreadable[i].peeked, "%s", err.msg);
		cr_expect_eq(events, 0);
	}
}
