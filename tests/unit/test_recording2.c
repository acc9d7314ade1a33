// SPDX-License-Identifier: GPL-2.0-only
/* Recordings of version 2: blocks, index, trailer. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "recording_play.h"

static int replay(const struct file *f, size_t len, struct tape *got, uint64_t *cut,
		  struct ct_err *err)
{
	char *exact = malloc(len ? len : 1);
	struct ct_recording_header h;
	int ret;

	cr_assert(exact);
	memcpy(exact, f->bytes, len);
	*err = (struct ct_err){ 0 };
	*cut = 0;
	ret = ct_replay_bytes("a.ct", exact, len, &h, copy_event, got, cut, err);
	free(exact);
	return ret;
}

/* Offsets of the blocks, and of the trailer behind them. */
static size_t blocks_of(const struct file *f, size_t *offsets, size_t room)
{
	size_t at = sizeof(struct ct_recording_header), n = 0;
	struct ct_block b;

	for (;;) {
		cr_assert_lt(n, room);
		offsets[n++] = at;
		if (at + sizeof(b) > f->len)
			return n;
		memcpy(&b, f->bytes + at, sizeof(b));
		at += sizeof(b) + b.stored_len;
	}
}

/* Makes the checksum of a block fit what was done to it. */
static void sum_up(struct file *f, size_t at)
{
	struct ct_block b;

	memcpy(&b, f->bytes + at, sizeof(b));
	b.crc32 = 0;
	b.crc32 = libdeflate_crc32(0, &b, sizeof(b));
	b.crc32 = libdeflate_crc32(b.crc32, f->bytes + at + sizeof(b), b.stored_len);
	memcpy(f->bytes + at, &b, sizeof(b));
}

Test(recording2, round_trip)
{
	struct tape t = { 0 }, got = { 0 };
	struct ct_index index;
	struct ct_trailer trailer;
	struct ct_block b;
	size_t offsets[8], n;
	struct ct_err err;
	struct file f;
	uint64_t cut;

	fill(&t);
	f = record(&t);
	cr_assert_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s", err.msg);
	cr_expect_eq(cut, 0);
	cr_assert_eq(got.len, t.len);
	cr_expect_arr_eq(got.bytes, t.bytes, t.len);
	n = blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
	cr_assert_eq(n, 5, "3 blocks, index, trailer: %zu", n);
	memcpy(&b, f.bytes + offsets[0], sizeof(b));
	cr_expect_eq(b.codec, CT_CODEC_CHAIN);
	cr_expect_eq(b.first_ns, tape_ns(0));
	memcpy(&trailer, f.bytes + offsets[4], sizeof(trailer));
	cr_expect_eq(trailer.index, offsets[3]);
	memcpy(&b, f.bytes + offsets[3], sizeof(b));
	cr_expect_eq(b.kind, CT_BLOCK_INDEX);
	if (b.codec == CT_CODEC_RAW) {
		memcpy(&index, f.bytes + offsets[3] + sizeof(b), sizeof(index));
	} else {
		struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
		char raw[1024];

		cr_assert_eq(libdeflate_zlib_decompress(d, f.bytes + offsets[3] + sizeof(b),
							b.stored_len, raw, sizeof(raw), &n),
			     LIBDEFLATE_SUCCESS);
		libdeflate_free_decompressor(d);
		memcpy(&index, raw, sizeof(index));
	}
	cr_expect_eq(index.events, t.count);
	cr_expect_eq(index.raw_bytes, t.len);
	cr_expect_eq(index.entries, 3);
	cr_expect_eq(index.lost[CT_LOSS_RING], 7);
	free(f.bytes);
	tape_free(&t);
	tape_free(&got);
}

/* At every byte: whole blocks are read, and unless it is whole it is said where they end. */
Test(recording2, cut_anywhere)
{
	struct tape t = { 0 };
	size_t offsets[8], n;
	struct file f;

	fill(&t);
	f = record(&t);
	n = blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
	for (size_t len = 0; len <= f.len; len++) {
		struct tape got = { 0 };
		size_t whole = 0;
		struct ct_err err;
		uint64_t cut;
		int ret = replay(&f, len, &got, &cut, &err);

		while (whole + 1 < n && offsets[whole + 1] <= len)
			whole++;
		if (len < offsets[0]) {
			cr_expect_lt(ret, 0, "cut at %zu", len);
		} else if (len < f.len) {
			cr_expect_eq(ret, 0, "cut at %zu: %s", len, err.msg);
			cr_expect_eq(cut, offsets[whole], "cut at %zu: readable to %llu", len,
				     (unsigned long long)cut);
			cr_expect(strstr(err.msg, "'a.ct' was cut off"), "%s", err.msg);
			cr_expect_eq(got.len > 0, whole > 0);
			cr_expect_eq(got.len == t.len, whole >= 3);
			if (got.len)
				cr_expect_arr_eq(got.bytes, t.bytes, got.len);
		} else {
			cr_expect_eq(ret, 0, "%s", err.msg);
			cr_expect_eq(cut, 0);
		}
		tape_free(&got);
	}
	free(f.bytes);
	tape_free(&t);
}

/* A power loss: the file has its length, but from some byte on what was to be there is zero. */
Test(recording2, zeros_at_the_end)
{
	struct tape t = { 0 };
	size_t offsets[8], n;
	struct file f;

	fill(&t);
	f = record(&t);
	n = blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
	cr_assert_geq(n, 3);
	for (size_t from = offsets[0]; from < offsets[2]; from += 97) {
		size_t whole = from < offsets[1] ? 0 : 1, len = offsets[whole + 1];
		char *kept = malloc(f.len);
		struct tape got = { 0 };
		struct ct_err err;
		uint64_t cut;
		int ret;

		memcpy(kept, f.bytes, f.len);
		memset(f.bytes + from, 0, f.len - from);
		/* It ends where the block that was being written was to end, or behind it. */
		if (from == offsets[whole])
			len = f.len;
		ret = replay(&f, len, &got, &cut, &err);
		cr_expect_eq(ret, 0, "zeros from %zu: %s", from, err.msg);
		cr_expect_eq(cut, offsets[whole], "zeros from %zu: readable to %llu", from,
			     (unsigned long long)cut);
		memcpy(f.bytes, kept, f.len);
		free(kept);
		tape_free(&got);
	}
	free(f.bytes);
	tape_free(&t);
}

/* Whatever byte is wrong: it is seen, and no event of a damaged block is handed over. What is
 * handed over is what was recorded, with one gap. */
static void expect_part(const struct tape *got, const struct tape *all, size_t at)
{
	size_t head = 0, tail = 0;

	while (head < got->len && got->bytes[head] == all->bytes[head])
		head++;
	while (tail < got->len &&
	       got->bytes[got->len - 1 - tail] == all->bytes[all->len - 1 - tail])
		tail++;
	cr_expect_geq(head + tail, got->len, "byte %zu", at);
}

Test(recording2, damage_anywhere)
{
	struct tape t = { 0 };
	size_t offsets[8], n;
	struct file f;

	fill(&t);
	f = record(&t);
	n = blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
	for (size_t at = 0; at < f.len; at++) {
		struct tape got = { 0 };
		size_t block = 0;
		struct ct_err err;
		uint64_t cut;
		int ret;

		while (block + 1 < n && offsets[block + 1] <= at)
			block++;
		f.bytes[at] ^= 0x40;
		ret = replay(&f, f.len, &got, &cut, &err);
		/* Nothing can be said without a header. */
		cr_expect_eq(ret < 0, at < offsets[0], "byte %zu: %s", at, err.msg);
		cr_expect_eq(cut, ret < 0 ? 0 : offsets[block], "byte %zu: %s", at, err.msg);
		cr_expect(err.msg[0], "byte %zu", at);
		expect_part(&got, &t, at);
		/* One block is lost, and no other. */
		cr_expect_eq(got.len < t.len, at < offsets[n - 2], "byte %zu", at);
		cr_expect_eq(got.len > 0, at >= offsets[0], "byte %zu", at);
		f.bytes[at] ^= 0x40;
		tape_free(&got);
	}
	free(f.bytes);
	tape_free(&t);
}

/* Columns: what is wrong, offset in the second block, bytes written there, error. */
static const struct {
	const char *name;
	size_t offset;
	const char *bytes;
	size_t len;
	const char *error; /* behind "block 1 at offset N: " */
	bool fatal; /* nothing behind it is read either */
} damages[] = {
	{ "magic", 0, "x", 1, "no block begins here", false },
	{ "larger than any", 4, "\1\0\x10\0", 4, "1048577 bytes stored as", false },
	{ "stored larger than raw", 8, "\xff\xff\x0f\0", 4, "bytes stored as 1048575", false },
	{ "more events than fit", 20, "\xff\xff\0\0", 4, "with 65535 events are impossible",
	  false },
	{ "another count", 20, "\1\0\0\0", 4, "do not decode to", false },
	{ "codec", 14, "\x09\0", 2, "codec 9 is not known; use a newer coldtrace", true },
	{ "not compressed", 14, "\0\0", 2, "do not decode to", false },
	{ "zlib that is none", 14, "\1\0", 2, "do not decode to", false },
	{ "planes that are none", 14, "\2\0", 2, "do not decode to", false },
	{ "builds on another", 40, "\1\0\0\0", 4, "what it builds on was not read", false },
	{ "larger than it is", 44, "\xff\xff\0\0", 4, "do not decode to", false },
	{ "larger than any block", 44, "\1\0\x10\0", 4, "do not decode to", false },
	{ "more numbers than there are", 48, "\xff\xff\0\0", 4, "do not decode to", false },
	{ "more durations", 52, "\xff\xff\xff\xff", 4, "do not decode to", false },
	{ "more words", 56, "\xff\xff\xff\xff", 4, "do not decode to", false },
};

Test(recording2, damage_that_sums_up)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(damages); i++) {
		struct tape t = { 0 }, got = { 0 };
		size_t offsets[8];
		struct ct_err err;
		struct file f;
		char where[64];
		uint64_t cut;

		fill(&t);
		f = record(&t);
		blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
		memcpy(f.bytes + offsets[1] + damages[i].offset, damages[i].bytes, damages[i].len);
		if (damages[i].offset >= 12)
			sum_up(&f, offsets[1]);
		cr_expect_eq(replay(&f, f.len, &got, &cut, &err) < 0, damages[i].fatal, "%s: %s",
			     damages[i].name, err.msg);
		snprintf(where, sizeof(where), "block 1 at offset %zu: ", offsets[1]);
		cr_expect(strstr(err.msg, where), "%s: %s", damages[i].name, err.msg);
		cr_expect(strstr(err.msg, damages[i].error), "%s: %s", damages[i].name, err.msg);
		cr_expect_eq(cut, damages[i].fatal ? 0 : offsets[1], "%s", damages[i].name);
		cr_expect_gt(got.len, 0, "%s: what came before is there", damages[i].name);
		cr_expect_lt(got.len, t.len, "%s", damages[i].name);
		expect_part(&got, &t, offsets[1]);
		free(f.bytes);
		tape_free(&t);
		tape_free(&got);
	}
}

/* All events are there, and it is said what is not: like an index that was not written. */
Test(recording2, damage_behind_the_events)
{
	static const struct {
		const char *name;
		size_t block, byte; /* 3: the index, 4: the trailer */
		bool first_too; /* the first block is damaged as well */
		const char *said;
	} rows[] = {
		{ "magic of the index", 3, 0, false,
		  "bytes in 1 place were skipped, the first: block 3 at offset" },
		{ "its sum", 3, 30, false, "it is damaged (checksum)" },
		{ "trailer", 4, 0, false, "16 bytes in 1 place were skipped, the first: offset " },
		{ "end of the trailer", 4, 15, false, ": its trailer is damaged" },
		{ "the first block and the index", 3, 0, true,
		  "bytes in 2 places were skipped, the first: block 0 at offset" },
		{ "the first block and the trailer", 4, 0, true,
		  "bytes in 2 places were skipped (" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct tape t = { 0 }, got = { 0 };
		size_t offsets[8];
		struct ct_err err;
		struct file f;
		uint64_t cut;

		fill(&t);
		f = record(&t);
		blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
		f.bytes[offsets[rows[i].block] + rows[i].byte] ^= 0x40;
		f.bytes[offsets[0]] ^= rows[i].first_too ? 0x40 : 0;
		cr_expect_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s: %s", rows[i].name,
			     err.msg);
		cr_expect_eq(cut, offsets[rows[i].first_too ? 0 : rows[i].block], "%s",
			     rows[i].name);
		cr_expect(strstr(err.msg, "'a.ct' is damaged: "), "%s: %s", rows[i].name, err.msg);
		cr_expect(strstr(err.msg, rows[i].said), "%s: %s", rows[i].name, err.msg);
		cr_expect_eq(got.len == t.len, !rows[i].first_too, "%s", rows[i].name);
		free(f.bytes);
		tape_free(&t);
		tape_free(&got);
	}
}

/* A block that is left out, one of a later minor version, and something behind the end. */
Test(recording2, blocks_about)
{
	struct tape t = { 0 }, got = { 0 };
	size_t offsets[8];
	struct ct_err err;
	struct file f;
	__u16 kind = 99;
	uint64_t cut;
	char *longer;

	fill(&t);
	f = record(&t);
	blocks_of(&f, offsets, CT_ARRAY_SIZE(offsets));
	memcpy(f.bytes + offsets[1] + offsetof(struct ct_block, kind), &kind, sizeof(kind));
	sum_up(&f, offsets[1]);
	cr_expect_lt(replay(&f, f.len, &got, &cut, &err), 0);
	cr_expect(strstr(err.msg, "the index counts"), "%s", err.msg);
	cr_expect_gt(got.len, 0);
	cr_expect_lt(got.len, t.len, "skipped");
	kind = CT_BLOCK_EVENTS;
	memcpy(f.bytes + offsets[1] + offsetof(struct ct_block, kind), &kind, sizeof(kind));
	sum_up(&f, offsets[1]);

	longer = realloc(f.bytes, f.len + 1);
	cr_assert(longer);
	f.bytes = longer;
	f.bytes[f.len++] = 'x';
	cr_expect_lt(replay(&f, f.len, &got, &cut, &err), 0);
	cr_expect(strstr(err.msg, "something follows its end"), "%s", err.msg);
	free(f.bytes);
	tape_free(&t);
	tape_free(&got);
}

/* What waits for its block to be full is on disk after a second, if anybody says that it passed. */
Test(recording2, tick)
{
	struct tape t = { 0 };
	struct ct_recorder r;
	struct ct_err err = { 0 };
	struct file f;
	uint64_t before;

	tape_clock(&t);
	begin(&f, &r);
	before = r.bytes;
	cr_assert_eq(ct_recorder_tick(&r, tape_ns(5000), &err), 0);
	cr_expect_eq(r.bytes, before, "nothing to write");
	ct_recorder_write(&r, tape_event(&t, 0), &err);
	cr_assert_eq(ct_recorder_tick(&r, tape_ns(999), &err), 0);
	cr_expect_eq(r.bytes, before);
	cr_assert_eq(ct_recorder_tick(&r, tape_ns(1000), &err), 0);
	cr_expect_gt(r.bytes, before);
	cr_assert_eq(ct_recorder_close(&r, &err), 0);
	cr_assert_eq(ct_recorder_tick(&r, tape_ns(9000), &err), 0, "closed");
	unlink(f.path);
	tape_free(&t);
}

/* More blocks than the index has entries: neighbours share one. */
Test(recording2, long_recording)
{
	const size_t blocks = CT_INDEX_ENTRIES_MAX + CT_INDEX_ENTRIES_MAX / 2;
	struct tape t = { 0 }, got = { 0 };
	struct ct_recorder r;
	struct ct_err err = { 0 };
	struct file f;
	uint64_t cut;

	tape_clock(&t);
	begin(&f, &r);
	for (size_t i = 0; i < blocks; i++) {
		struct ct_event e = *tape_event(&t, 0);

		e.ts_ns += i * CT_BLOCK_FLUSH_NS;
		cr_assert_eq(ct_recorder_write(&r, &e, &err), 0);
	}
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	load(&f);
	cr_assert_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s", err.msg);
	cr_expect_eq(got.count, blocks);
	free(f.bytes);
	tape_free(&t);
	tape_free(&got);
}

/* The disk is full in the middle of a block: the whole ones are there, and it is no whole file. */
Test(recording2, file_too_large)
{
	const struct rlimit limit = { 20000, 20000 };
	struct tape t = { 0 }, got = { 0 };
	struct ct_recorder r;
	struct ct_err err = { 0 };
	struct file f;
	uint64_t cut, seed = 1;
	int ret = 0;

	tape_clock(&t);
	begin(&f, &r);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (size_t i = 0; i < 100000 && !ret; i++) {
		struct ct_event e = *tape_event(&t, 0);

		e.ts_ns += i * 10000000;
		e.obj = seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		ret = ct_recorder_write(&r, &e, &err);
	}
	cr_expect_eq(ret, -EFBIG, "%d", ret);
	cr_expect(strstr(err.msg, "write recording '/tmp/"), "%s", err.msg);
	cr_expect_eq(ct_recorder_close(&r, &err), 0, "the failure was told");
	load(&f);
	cr_expect_eq(f.len, r.bytes, "what was written in part is taken back");
	cr_assert_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s", err.msg);
	cr_expect_eq(cut, f.len);
	cr_expect_gt(got.count, 100);
	free(f.bytes);
	tape_free(&t);
	tape_free(&got);
}

Test(recording2, full_disk)
{
	struct ct_recording_header h = header();
	struct ct_recorder r;
	struct ct_err err = { 0 };

	cr_assert_eq(ct_recorder_open(&r, "/dev/full", &h, &err), 0, "%s", err.msg);
	cr_expect_eq(ct_recorder_begin(&r, &err), -ENOSPC);
	cr_expect_str_eq(err.msg, "write recording '/dev/full': No space left on device", "%s",
			 err.msg);
	cr_expect_eq(ct_recorder_close(&r, &err), 0);
}
