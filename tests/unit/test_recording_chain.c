// SPDX-License-Identifier: GPL-2.0-only
/* Blocks that build on one another. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording_play.h"
#include "source/recording/recording_chain.h"

static int replay(const struct file *f, size_t len, struct tape *got, uint64_t *cut,
		  struct ct_err *err)
{
	struct ct_recording_header h;

	*err = (struct ct_err){ 0 };
	*cut = 0;
	return ct_replay_bytes("a.ct", f->bytes, len, &h, copy_event, got, cut, err);
}

static struct ct_block block_at(const struct file *f, size_t at)
{
	struct ct_block b;

	memcpy(&b, f->bytes + at, sizeof(b));
	return b;
}

/* Offset of block n; of the index it is the last one. */
static size_t offset_of(const struct file *f, size_t n)
{
	size_t at = sizeof(struct ct_recording_header);

	while (n--)
		at += sizeof(struct ct_block) + block_at(f, at).stored_len;
	return at;
}

static uint64_t seed;

static uint64_t any(uint64_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 20) % below;
}

/* Words of all lengths, some again; bytes that have a meaning in what is stored. */
static size_t any_tail(char *tail)
{
	static const char *const words[] = { "/var/lib/",
					     "deadbeef",
					     "0123456789abcdef",
					     "ffffffffffffffff0",
					     "12345678",
					     "1234567",
					     "18446744073709551615",
					     "9999999999999999999",
					     "012345678",
					     "\xfe",
					     "\xfe\xff",
					     "a",
					     "0",
					     "999999999999",
					     "1000000000000" };
	size_t len = 0;

	for (uint64_t n = any(5); n; n--) {
		const char *word = words[any(CT_ARRAY_SIZE(words))];

		memcpy(tail + len, word, strlen(word));
		len += strlen(word);
		for (uint64_t hex = any(3) ? 0 : any(70); hex; hex--)
			tail[len++] = "0123456789abcdef"[any(any(2) ? 16 : 10)];
	}
	if (!any(20)) {
		memset(tail + len, 'x', 300);
		len += 300;
	}
	return len;
}

static uint64_t any_value(void)
{
	switch (any(4)) {
	case 0:
		return any(3);
	case 1:
		return any(400);
	case 2:
		return any(1u << 20);
	default:
		return seed ^ seed << 31;
	}
}

static void add_any(struct tape *t)
{
	char tail[1024];
	size_t len = any_tail(tail);
	struct ct_event *e = tape_add(t, (enum ct_kind)any(256), (uint32_t)any_value(), tail, len);

	e->flags = (__u8)any(256);
	e->sub = (__u16)any_value();
	/* Time goes back, too. */
	e->ts_ns += any(50) ? any_value() % 1000000 : any_value() % 1000000000 - 500000000;
	e->dur_ns = any(2) ? 0 : any_value();
	e->tid = e->tgid + (any(3) ? 0 : (uint32_t)any_value());
	e->root = (__u32)any_value();
	e->ret = any(2) ? e->tail_len : (__s32)any_value();
	e->obj = any_value();
	e->arg = any_value();
}

Test(recording_chain, whatever_there_is)
{
	for (seed = 1; seed < 40;) {
		struct tape t = { 0 }, got = { 0 };
		uint64_t first = seed, cut;
		struct ct_err err;
		struct file f;

		for (unsigned int i = 0; i < 400; i++) {
			tape_at(&t, i * 50.0);
			add_any(&t);
		}
		f = record(&t);
		cr_expect_eq(block_at(&f, offset_of(&f, 1)).codec, CT_CODEC_CHAIN);
		cr_assert_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s", err.msg);
		cr_assert_eq(got.len, t.len, "seed %llu", (unsigned long long)first);
		cr_expect_arr_eq(got.bytes, t.bytes, t.len, "seed %llu", (unsigned long long)first);
		free(f.bytes);
		tape_free(&t);
		tape_free(&got);
		seed = first + 1;
	}
}

/* So many lives, a second from one to the next. */
static void lives(struct tape *t, unsigned int count)
{
	life_engines(t);
	for (unsigned int i = 0; i < count; i++) {
		struct life life = life_of(i);

		life_create(t, &life, 1100.0 * i + 10);
		life_start(t, &life, 1100.0 * i + 30);
	}
}

/* What is like what was before takes less room. */
Test(recording_chain, is_shorter)
{
	struct tape t = { 0 };
	struct file f;
	size_t first, later;

	lives(&t, 10);
	f = record(&t);
	first = block_at(&f, offset_of(&f, 0)).stored_len;
	later = block_at(&f, offset_of(&f, 8)).stored_len;
	cr_expect_lt(2 * later, first, "%zu, then %zu", first, later);
	free(f.bytes);
	tape_free(&t);
}

/* At every byte: whole blocks are read. */
Test(recording_chain, cut_anywhere)
{
	struct tape t = { 0 };
	struct file f;
	size_t whole = 0;

	lives(&t, 4);
	f = record(&t);
	for (size_t len = offset_of(&f, 0); len < f.len; len++) {
		struct tape got = { 0 };
		struct ct_err err;
		uint64_t cut;

		while (whole < 5 && offset_of(&f, whole + 1) <= len)
			whole++;
		cr_expect_eq(replay(&f, len, &got, &cut, &err), 0, "cut at %zu", len);
		cr_expect_eq(cut, offset_of(&f, whole), "cut at %zu", len);
		cr_expect_eq(got.len == t.len, whole >= 4, "cut at %zu", len);
		cr_expect_eq(got.len > 0, whole > 0, "cut at %zu", len);
		if (got.len)
			cr_expect_arr_eq(got.bytes, t.bytes, got.len);
		tape_free(&got);
	}
	free(f.bytes);
	tape_free(&t);
}

/* What builds on a damaged block is not read, what comes behind its chain is; it is one place. */
Test(recording_chain, damaged_block)
{
	struct tape t = { 0 };
	struct ct_chain_head head;
	size_t next = 0, before = 0;
	struct file f;

	lives(&t, 30);
	f = record(&t);
	do {
		next++;
		memcpy(&head, f.bytes + offset_of(&f, next) + sizeof(struct ct_block),
		       sizeof(head));
	} while (head.after);
	cr_assert_gt(next, 15);
	cr_assert_lt(next, 22);
	for (size_t i = 0; i < t.count && tape_event(&t, i)->ts_ns < tape_ns(1100.0 * next); i++)
		before += tape_event(&t, i)->len;
	for (size_t damaged = 0; damaged < next; damaged += 3) {
		char *byte = f.bytes + offset_of(&f, damaged) + sizeof(struct ct_block) + 30;
		struct tape got = { 0 };
		struct ct_err err;
		uint64_t cut;
		*byte ^= 0x40;
		cr_expect_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s", err.msg);
		cr_expect_eq(cut, offset_of(&f, damaged));
		cr_expect(strstr(err.msg, "in 1 place were skipped ("), "%s", err.msg);
		cr_assert_eq(got.len > t.len - before, damaged > 0);
		cr_assert_geq(got.len, t.len - before);
		cr_expect_arr_eq(got.bytes + got.len - (t.len - before), t.bytes + before,
				 t.len - before);
		cr_expect_lt(got.len, t.len);
		*byte ^= 0x40;
		tape_free(&got);
	}
	free(f.bytes);
	tape_free(&t);
}

/* An event that no kernel makes is stored as before, and a chain begins behind it. */
Test(recording_chain, odd_event)
{
	static char long_tail[CT_TAIL_MAX + 8];
	struct tape t = { 0 }, got = { 0 };
	struct ct_chain_head head;
	struct ct_err err;
	struct file f;
	uint64_t cut;

	lives(&t, 3);
	tape_at(&t, 1500);
	tape_add(&t, CT_KIND_SYNC, 1, long_tail, sizeof(long_tail));
	lives(&t, 6);
	f = record(&t);
	cr_assert_eq(replay(&f, f.len, &got, &cut, &err), 0, "%s", err.msg);
	cr_assert_eq(got.len, t.len);
	cr_expect_arr_eq(got.bytes, t.bytes, t.len);
	for (size_t i = 0;; i++) {
		cr_assert_lt(i, 9);
		if (block_at(&f, offset_of(&f, i)).codec != CT_CODEC_PLANES)
			continue;
		memcpy(&head, f.bytes + offset_of(&f, i + 1) + sizeof(struct ct_block),
		       sizeof(head));
		cr_expect_eq(head.after, 0);
		break;
	}
	free(f.bytes);
	tape_free(&t);
	tape_free(&got);
}
