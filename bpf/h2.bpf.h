/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the next frame begins on a connection that is known to speak HTTP/2: a long frame goes on in
 * sends that begin with anything. When that is not known any more, or when something was said that is
 * not carried, the reader is told: header blocks refer to what was said before them.
 */
#pragma once

#include "places.bpf.h"
#include "scratch.bpf.h"

#define CT_H2_HEADER      9
#define CT_H2_DATA        0
#define CT_H2_HEADERS     1
#define CT_H2_TYPE_MAX    9
#define CT_H2_END_HEADERS 4
/*
 * Frames of one send: whoever waits sends many small ones at once. Of answers to what is uploaded by several, in 32 KiB,
 * there were more than 64.
 */
#define CT_H2_BATCH   512
#define CT_H2_PREFACE 24 /* what a client begins with: "PRI * HTTP/2.0" and so on */
#define CT_H2_LOST    (~0ull)

/*
 * By the sender's socket: how much of its last frame is still to come, or that this is not known. What
 * is in containers, or is a user's, cannot push out what the host's engines say.
 *
 * No probe sees a socket closed, so most of what has to make room is of connections that are gone, and a
 * count of it would say nothing. Of one that goes on its next send says so, whatever it begins with:
 * ct_h2_unknown() and ct_h2_strange(), and who has heard the connection before counts it.
 */
struct h2_left {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} h2_host SEC(".maps"), h2_shared SEC(".maps");

/*
 * By the remainder of its number, whether there was a socket whose next frame was known: that may be forgotten above, not
 * here. Of any other one nothing was known that could be; of some that it is said of neither.
 */
#define CT_H2_EVER (1u << 17)
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[CT_H2_EVER]);
} h2_ever SEC(".maps");

struct ct_h2 {
	__u64 key;
	__u64 share;
	__u64 left;
	__u64 at; /* where in a send its first frame begins */
	__u32 known;
	__u32 headers; /* the send has header blocks, */
	__u32 cut; /* one of which is not whole */
	__u32 pad;
};

/*
 * Between functions that the verifier goes through by themselves. Where a program may be interrupted by
 * another one (fexit), a hole too many may be told.
 */
CT_SCRATCH(h2_scratch, struct ct_h2)

static __always_inline struct ct_h2 *h2_read(__u64 key, __u64 share)
{
	__u64 *left =
		share ? bpf_map_lookup_elem(&h2_shared, &key) : bpf_map_lookup_elem(&h2_host, &key);
	struct ct_h2 *h2 = h2_scratch_of();

	if (!h2)
		return NULL;
	h2->key = key;
	h2->share = share;
	h2->headers = 0;
	h2->cut = 0;
	h2->known = !!left;
	h2->left = left ? *left : 0;
	return h2;
}

static __always_inline void h2_write(const struct ct_h2 *h2)
{
	__u64 key = h2->key, left = h2->left; /* of the stack: kernels before 5.18 want that */

	if (h2->share)
		bpf_map_update_elem(&h2_shared, &key, &left, BPF_ANY);
	else
		bpf_map_update_elem(&h2_host, &key, &left, BPF_ANY);
}

static __always_inline void h2_event(const struct ct_h2 *h2, __u16 what)
{
	struct ct_event *e = ct_reserve(CT_KIND_HOLE, 0);

	if (!e)
		return;
	e->sub = what;
	e->obj = h2->key;
	ct_submit(e);
}

/* Once, until a header block is carried again: no share is asked. */
static __always_inline void h2_hole(const struct ct_h2 *h2)
{
	ct_lose(CT_LOSS_READ);
	h2_event(h2, CT_HOLE_LOST);
}

/*
 * It does not begin here, and where its last frame ended is not known: it is older than tracing, or had
 * to make room for others, and then something of it may not have been carried. Who knows it can tell.
 */
__attribute__((noinline)) int ct_h2_unknown(void)
{
	struct ct_h2 *h2 = h2_scratch_of();

	if (h2)
		h2_event(h2, CT_HOLE_UNKNOWN);
	return 0;
}

/* It is known from now on. */
__attribute__((noinline)) int ct_h2_is_known(void)
{
	struct ct_h2 *h2 = h2_scratch_of();
	__u32 zero = 0;
	__u8 *ever = bpf_map_lookup_elem(&h2_ever, &zero);

	if (h2 && ever && !h2->known)
		ever[h2->key & (CT_H2_EVER - 1)] = 1;
	return 0;
}

/*
 * A send on a connection that is not known begins with nothing that is: the body of an answer, what a container writes,
 * or the rest of a frame whose begin was forgotten, with others behind it. Told once: from then on it is lost.
 */
__attribute__((noinline)) int ct_h2_strange(void)
{
	struct ct_h2 *h2 = h2_scratch_of();
	__u32 zero = 0;
	__u8 *ever = bpf_map_lookup_elem(&h2_ever, &zero);

	if (!h2 || !ever || !ever[h2->key & (CT_H2_EVER - 1)])
		return 0;
	if (!ct_may_say(h2->share, sizeof(struct ct_event)))
		return 0;
	h2->left = CT_H2_LOST;
	h2_write(h2);
	h2_event(h2, CT_HOLE_UNKNOWN);
	return 0;
}

/* Global: the verifier goes through it once. */
__attribute__((noinline)) int ct_h2_lost(void)
{
	struct ct_h2 *h2 = h2_scratch_of();

	if (!h2 || (h2->known && h2->left == CT_H2_LOST))
		return 0;
	h2->left = CT_H2_LOST;
	h2_write(h2);
	h2_hole(h2);
	return 0;
}

/*
 * A send may end within the header of a frame: 32 KiB of a client's buffer are full. Then so many bytes of it are kept,
 * of which the first six say how long it is, what it is, and its flags.
 */
#define CT_H2_PART      0xfeull
#define CT_H2_PART_WORD 6
#define CT_H2_WORD      8

static __always_inline bool h2_is_part(__u64 left)
{
	return left >> 56 == CT_H2_PART;
}

static __always_inline bool h2_word(const void *from, __u64 *ret)
{
	if (bpf_probe_read_user(ret, sizeof(*ret), from))
		return false;
	*ret = __builtin_bswap64(*ret);
	return true;
}

/* n: bytes of the header, of 1 to 8, before the end of what was sent, which is longer than that. */
static __always_inline void h2_keep_part(struct ct_h2 *h2, const void *end, __u64 n)
{
	__u64 word;

	if (!h2_word(end - CT_H2_WORD, &word)) {
		ct_h2_lost();
		return;
	}
	if (n < CT_H2_WORD)
		word &= (1ull << (8 * n)) - 1;
	if (n > CT_H2_PART_WORD)
		word >>= 8 * (n - CT_H2_PART_WORD);
	h2->left = CT_H2_PART << 56 | n << 48 | (word & 0xffffffffffffull);
	h2_write(h2);
}

/* Where the next frame begins: behind the rest of that of which a part was kept. */
__attribute__((noinline)) int ct_h2_rest(__u64 from)
{
	struct ct_h2 *h2 = h2_scratch_of();
	__u64 word, head, n, len;

	if (!h2 || !h2_word((const void *)from, &word))
		return 0;
	n = h2->left >> 48 & 0xff;
	head = h2->left & 0xffffffffffffull;
	if (n < CT_H2_PART_WORD)
		head = head << (8 * (CT_H2_PART_WORD - n)) |
		       word >> (64 - 8 * (CT_H2_PART_WORD - n));
	len = head >> 24 & 0xffffff;
	/* A header block, or the begin of a request: that is not carried. */
	if ((head >> 16 & 0xff) == CT_H2_HEADERS ||
	    ((head >> 16 & 0xff) == CT_H2_DATA && len <= CT_TAIL_LARGE))
		h2_hole(h2);
	return len + CT_H2_HEADER - n;
}

/* Nothing of it can be read: it is no longer in memory, or what is first of it is a few bytes (writev). */
__attribute__((noinline)) int ct_h2_unread(__u64 key, __u64 share, __u32 gone)
{
	struct ct_h2 *h2 = h2_read(key, share);

	if (h2 && h2->known) {
		ct_h2_lost();
		return 0;
	}
	if (gone)
		ct_lose(CT_LOSS_READ);
	ct_h2_strange();
	return 0;
}
