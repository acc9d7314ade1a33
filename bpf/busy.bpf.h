/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The waits of a busy thread: beyond so many a second, those that are short are put together by what
 * they were for, and told at least every 10 ms.
 */
#pragma once

#include "coldtrace.bpf.h"

#define CT_BUSY_WHYS     8 /* a loop waits for two or three things */
#define CT_BUSY_NS       10000000ull /* so much is told in one piece */
#define CT_BUSY_SHORT_NS 2000000ull /* what is longer is told by itself, with who woke it */

struct ct_busy_why {
	__u64 stack; /* as ct_thread's */
	__u64 off_ns; /* of all, off a CPU */
	__u64 queue_ns; /* of these, without having to */
	__u32 count; /* 0: free, and so are those behind it */
	__u32 flags; /* enum ct_wait_flag */
};

struct ct_busy {
	__u64 from_ns; /* when the first began, 0: there is none */
	__u64 end_ns; /* when the last was over */
	__u64 gap; /* there was no room for one */
	struct ct_busy_why whys[CT_BUSY_WHYS];
};

/* Adds a wait. */
static __always_inline void busy_add(struct ct_busy *b, const struct ct_busy_why *why, __u64 off,
				     __u64 on)
{
	for (int i = 0; i < CT_BUSY_WHYS; i++) {
		struct ct_busy_why *w = &b->whys[i];

		if (w->count && (w->stack != why->stack || w->flags != why->flags))
			continue;
		w->stack = why->stack;
		w->flags = why->flags;
		w->off_ns += why->off_ns;
		w->queue_ns += why->queue_ns;
		w->count++;
		if (!b->from_ns)
			b->from_ns = off;
		b->end_ns = on;
		return;
	}
	b->gap = 1;
	ct_lose(CT_LOSS_WAITS);
}

/* One of them; who: tgid and tid. Returns whether there was room for it. */
__attribute__((noinline)) int ct_busy_tell_one(struct ct_busy *b, __u32 i, __u64 who, __u64 now,
					       __u32 gap)
{
	struct ct_waits_tail *tail;
	struct ct_busy_why *w;
	struct ct_event *e;

	if (!b || i >= CT_BUSY_WHYS)
		return 0;
	w = &b->whys[i];
	e = ct_reserve(CT_KIND_WAITS, sizeof(*tail));
	if (!e)
		return 0;
	e->ts_ns = now;
	e->dur_ns = b->end_ns - b->from_ns;
	e->tgid = who >> 32;
	e->tid = (__u32)who;
	e->obj = w->stack;
	e->arg = w->off_ns;
	e->ret = w->count;
	e->sub = w->flags | (gap ? CT_W_GAP : 0);
	tail = (struct ct_waits_tail *)e->tail;
	tail->queue_ns = w->queue_ns;
	tail->ago_ns = now - b->end_ns;
	ct_tail_set(e, sizeof(*tail));
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 1;
}

/*
 * Tells what was put together. gap: waits before these were left out. Returns whether some of these
 * were, for want of room.
 */
__attribute__((noinline)) int ct_busy_tell(struct ct_busy *b, __u64 who, __u64 now, __u32 gap)
{
	int missing;

	if (!b)
		return 0;
	missing = b->gap;
	for (int i = 0; i < CT_BUSY_WHYS; i++) {
		if (!b->whys[i].count)
			break;
		if (ct_busy_tell_one(b, i, who, now, gap))
			gap = 0;
		else
			missing = 1;
		__builtin_memset(&b->whys[i], 0, sizeof(b->whys[i]));
	}
	b->from_ns = 0;
	b->gap = 0;
	return missing;
}
