/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF files share: the maps, the one place where an event is reserved, and the lookup
 * with which every probe begins.
 */
#pragma once

#include "ct_alike.h"
#include "ct_event.h"
#include "read.bpf.h"

#ifndef AF_UNIX
#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_VSOCK   40
#endif

#define CT_S_IFMT 00170000

#define CT_EEXIST 17

struct ct_actor {
	__u8 role; /* enum ct_role */
	__u8 level; /* depth of the pid namespace that the engine or runtime itself runs in */
	__u8 flags; /* CT_ACTOR_* */
	__u8 epoch; /* INIT, helpers: signs of being ready so far, see opens.bpf.h */
	__u32 root; /* first process of the container that it runs in, 0: on the host */
	__u32 uid; /* who decides what it does, or what the engine does that it descends from */
	__u32 mntns; /* of the runtime that it descends from, when that was executed; 0: of none */
	__u64 share; /* in which it is counted, 0: none; see shares.bpf.h */
	__u64 woke_ns; /* HELPER: when it woke a process of its own last, see sandbox.bpf.h; 0: never */
};

enum ct_actor_flag {
	CT_ACTOR_WROTE = 1 << 0, /* INIT: its first output has been reported */
	CT_ACTOR_BESIDE = 1 << 1, /* HELPER: counted in opens_beside */
	CT_ACTOR_SHARED = 1 << 2, /* counted in its share */
	CT_ACTOR_RING = 1 << 3, /* of a root: told that it uses io_uring, see missed.bpf.h */
	CT_ACTOR_COMPAT = 1 << 4 /* likewise: that a 32-bit program runs in it */
};

struct ct_file_id {
	__u64 ino;
	__u64 dev;
};

struct ct_pending {
	__u64 ts_ns;
	__u64 arg[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

/* tgid of every tracked process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct ct_actor);
} actors SEC(".maps");

/* comm of a program that is an actor by its name alone, and its role: from the table of roles. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[CT_COMM_LEN]);
	__type(value, __u8);
} roles SEC(".maps");

/* tid of a thread inside a traced system call. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct ct_pending);
} pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CT_LOSS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} losses SEC(".maps");

/*
 * Read and written by user space too: new paths of opened files, and how many helpers live no
 * deeper than the host, so that a bystander's open cannot be told from theirs by its depth.
 */
__u64 opens_inserted = 0;
__s64 opens_beside = 0;
const volatile __u32 opens_host_level = 0; /* depth of the pid namespace of bystanders */

/* Whose descendants' words are marked as its own: coldtrace's, if it has a program to run; else 0. */
const volatile __u32 ct_mine_tgid = 0;

#define CT_MINE_UP 16 /* so far above is looked */

/* CT_F_MINE or 0. Global: verified once, by itself. */
__attribute__((noinline)) int ct_mine(void)
{
	struct task_struct *task;
	int mine = 0;

	if (!ct_mine_tgid)
		return 0;
	if (ct_has(READ)) {
		task = (void *)bpf_get_current_task();
		for (int i = 0; i < CT_MINE_UP && task && !mine; i++) {
			mine = CT_GET(CT_PROBED, task, tgid) == ct_mine_tgid;
			task = CT_GET(CT_PROBED, task, real_parent);
		}
	} else {
		task = bpf_get_current_task_btf();
		for (int i = 0; i < CT_MINE_UP && task && !mine; i++) {
			mine = task->tgid == ct_mine_tgid;
			task = task->real_parent;
		}
	}
	return mine ? CT_F_MINE : 0;
}

/* Who forked the current process, or, 2, who forked that one. */
__attribute__((noinline)) int ct_up(int n)
{
	struct task_struct *task;

	if (ct_has(READ)) {
		task = (void *)bpf_get_current_task();
		task = CT_GET(CT_PROBED, task, real_parent);
		if (n > 1)
			task = CT_GET(CT_PROBED, task, real_parent);
		return CT_GET(CT_PROBED, task, tgid);
	}
	task = bpf_get_current_task_btf();
	task = task->real_parent;
	if (n > 1)
		task = task->real_parent;
	return task->tgid;
}

/* Both, as an event of a client carries them in dur_ns. */
static __always_inline __u64 ct_ups(void)
{
	return (__u32)ct_up(1) | (__u64)(__u32)ct_up(2) << 32;
}

/* How long after the last event of a container's life waits are of interest. */
#define CT_MOTION_NS 1000000000ull

/* Until when some container is between two states. Written and read without a lock: late by one
 * event does no harm. */
__u64 ct_motion_until;

/* Set by user space when it sleeps long, because nothing has happened for a while. */
__u32 reader_dozes = 0;

static __always_inline void ct_lose(__u32 loss)
{
	__u64 *n = bpf_map_lookup_elem(&losses, &loss);

	if (n)
		*n += 1;
}

/*
 * How many actors there are, by the remainder of their tgid. One too many costs bystanders a look-up, one too few would
 * make an actor unseen: each is counted before it is in the table, and until it is not. Written by user space too.
 */
__u32 ct_actors_alike[CT_ALIKE_ACTORS] = {};

static __always_inline void ct_actor_alike(__u32 tgid, __s32 n)
{
	__sync_fetch_and_add(&ct_actors_alike[CT_ALIKE_ACTOR(tgid)], n);
}

/* All that a probe costs a bystander, nearly always. */
static __always_inline bool ct_is_bystander(__u32 tgid)
{
	return !ct_actors_alike[CT_ALIKE_ACTOR(tgid)];
}

static __always_inline struct ct_actor *ct_actor_of(__u32 tgid)
{
	return ct_is_bystander(tgid) ? NULL : bpf_map_lookup_elem(&actors, &tgid);
}

static __always_inline bool ct_is_workload(const struct ct_actor *actor)
{
	return actor->role == CT_ROLE_INIT || actor->role == CT_ROLE_WORKLOAD;
}

/*
 * Reserves an event with room for tail_max bytes, which must be a constant. Every member is set
 * here; the caller submits. The reader is not woken: it looks every 50 ms, or when woken by an
 * event that somebody waits for (see ct_submit).
 */
static __always_inline struct ct_event *ct_reserve(__u8 kind, __u32 tail_max)
{
	struct ct_event *e = bpf_ringbuf_reserve(&events, sizeof(*e) + tail_max, 0);
	__u64 id;

	if (!e) {
		ct_lose(CT_LOSS_RING);
		return NULL;
	}
	id = bpf_get_current_pid_tgid();
	e->len = sizeof(*e);
	e->kind = kind;
	e->flags = 0;
	e->tail_len = 0;
	e->sub = 0;
	e->ts_ns = bpf_ktime_get_ns();
	e->dur_ns = 0;
	e->tgid = id >> 32;
	e->tid = (__u32)id;
	e->root = 0;
	e->ret = 0;
	e->obj = 0;
	e->arg = 0;
	return e;
}

static __always_inline void ct_tail_set(struct ct_event *e, __u32 tail_len)
{
	e->tail_len = tail_len;
	e->len = (sizeof(*e) + tail_len + CT_EVENT_ALIGN - 1) & ~(CT_EVENT_ALIGN - 1);
}

/* From so many unread bytes on the reader is woken, of events and of waits: a quarter of a small ring. By user space. */
const volatile __u64 ct_unread_max = 256 << 10, ct_unread_waits_max = 1 << 20;

/*
 * Wakes the reader only when it is far behind, or dozes, or is to look now: a wake-up per event would tax what is
 * measured.
 */
static __always_inline void ct_submit_as(struct ct_event *e, bool now)
{
	__u64 unread = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	__u32 dozes = reader_dozes;

	if (dozes)
		reader_dozes = 0;
	ct_motion_until = e->ts_ns + CT_MOTION_NS;
	bpf_ringbuf_submit(e, now || dozes || unread > ct_unread_max ? BPF_RB_FORCE_WAKEUP
								     : BPF_RB_NO_WAKEUP);
}

static __always_inline void ct_submit(struct ct_event *e)
{
	ct_submit_as(e, false);
}

#define CT_ABOVE_TAIL 64 /* an event is as long as a whole number of CT_EVENT_ALIGN bytes */
_Static_assert(CT_ABOVE_MAX * sizeof(__u32) <= CT_ABOVE_TAIL && CT_ABOVE_TAIL % CT_EVENT_ALIGN == 0,
	       "all that are above");

/*
 * Who forked the current process, and that one, and so on up to the first one of the host. Of who has no more above him
 * than its other events say (ct_ups()) there is nothing to tell. Global: verified once, by itself.
 */
__attribute__((noinline)) int ct_above(void)
{
	struct ct_event *e = ct_reserve(CT_KIND_ABOVE, CT_ABOVE_TAIL);
	bool probed = ct_has(READ);
	struct task_struct *task;
	__u32 n = 0;

	if (!e)
		return 0;
	if (probed)
		task = (void *)bpf_get_current_task();
	else
		task = CT_PLAIN(task_struct, bpf_get_current_task_btf());
	for (__u32 i = 0; i < CT_ABOVE_MAX; i++) {
		__u32 up;

		task = probed ? CT_GET(CT_PROBED, task, real_parent) : task->real_parent;
		up = probed ? CT_GET(CT_PROBED, task, tgid) : task->tgid;
		if (up <= 1)
			break;
		((__u32 *)(void *)e->tail)[i] = up;
		n = i + 1;
	}
	if (n <= 2) {
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
		return 0;
	}
	ct_tail_set(e, n * sizeof(__u32));
	ct_submit(e);
	return 0;
}
