/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that are global, so that the verifier goes through them once and not in each place, take
 * numbers alone: before 5.13 there is nothing else that it would believe them.
 *
 * What one container, or one user with engines of his own, may take of what all share: places in the
 * table of processes, and room in the ring. What is nested in it is of its share. The host's own
 * engines have no share: they are bounded by the tables alone.
 */
#pragma once

#include "coldtrace.bpf.h"

#define CT_SHARES_MAX       4096
#define CT_SHARES_USERS_MAX 256
#define CT_SHARE_USER       (1ull << 32) /* of a key: below it is a uid, else a tgid */

/* A nested engine starts some 20 containers a second with it, at depth "steps". */
#define CT_SHARE_BYTES     (1 << 20) /* of events, a second */
#define CT_SHARE_EVENT_MIN 256 /* what an event counts at least: 4096 of them a second */
#define CT_SHARE_SURE      64 /* processes that each may have however many others have */
#define CT_NS_PER_S        1000000000ll

struct ct_share {
	__s64 actors;
	__s64 since_ns; /* begin of the second in which bytes were counted */
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CT_SHARES_MAX);
	__type(key, __u64);
	__type(value, struct ct_share);
} shares SEC(".maps");

/* Who took a name that is not his, or more than his share: taken away by user space as it reads. */
struct ct_forger_key {
	__u32 uid;
	__u32 root;
	char comm[CT_COMM_LEN]; /* empty: beyond the share */
};

struct ct_forger {
	__u64 count;
	__u64 role; /* of the name */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct ct_forger_key);
	__type(value, struct ct_forger);
} forgers SEC(".maps");

/* An eighth and three quarters of the table of processes: user space knows its size. */
const volatile __s64 ct_share_actors = 2048;
const volatile __s64 ct_shared_actors_max = 12288;

/* Processes that are counted in some share, of user space's finding too. */
__s64 ct_shared_actors = 0;
__s64 ct_share_users = 0;

static __always_inline void ct_accuse(const struct ct_forger_key *key, __u8 role)
{
	struct ct_forger *known = bpf_map_lookup_elem(&forgers, key), first = { 1, role };

	if (known)
		__sync_fetch_and_add(&known->count, 1);
	else if (bpf_map_update_elem(&forgers, key, &first, BPF_NOEXIST))
		ct_lose(CT_LOSS_SHARE);
}

__attribute__((noinline)) int ct_beyond_share(__u64 share)
{
	struct ct_forger_key key = {};

	if (share & CT_SHARE_USER)
		key.uid = (__u32)share;
	else
		key.root = (__u32)share;
	ct_accuse(&key, CT_ROLE_NONE);
	return 0;
}

/*
 * Whether somebody may cause an event of so many bytes; if not, that is counted. Two CPUs at once
 * may let pass a few more.
 */
__attribute__((noinline)) int ct_may_say(__u64 share, __u64 bytes)
{
	struct ct_share *s = share ? bpf_map_lookup_elem(&shares, &share) : NULL;
	__s64 now;

	if (!s)
		return 1;
	now = bpf_ktime_get_ns();
	if (now - s->since_ns >= CT_NS_PER_S) {
		s->since_ns = now;
		s->bytes = 0;
	}
	if (s->bytes >= CT_SHARE_BYTES) {
		ct_beyond_share(share);
		return 0;
	}
	__sync_fetch_and_add(&s->bytes, bytes > CT_SHARE_EVENT_MIN ? bytes : CT_SHARE_EVENT_MIN);
	return 1;
}

static __always_inline struct ct_share *share_of(__u64 share)
{
	struct ct_share *s = bpf_map_lookup_elem(&shares, &share), first = {};

	if (s)
		return s;
	if (share & CT_SHARE_USER) {
		if (ct_share_users >= CT_SHARES_USERS_MAX)
			return NULL;
		__sync_fetch_and_add(&ct_share_users, 1);
	}
	if (bpf_map_update_elem(&shares, &share, &first, BPF_NOEXIST) && share & CT_SHARE_USER)
		__sync_fetch_and_add(&ct_share_users, -1);
	return bpf_map_lookup_elem(&shares, &share);
}

/*
 * Counts a process in its share: 1; 0 if there is no room. Forced: it is in the table already. Nobody can
 * make containers of the host without its engines, so one more of them than there is room for has no
 * share, and is not counted: -1; a user without one has no process either.
 */
__attribute__((noinline)) int ct_share_enter(__u64 share, __u32 forced)
{
	struct ct_share *s = share_of(share);

	if (!s)
		return forced || !(share & CT_SHARE_USER) ? -1 : 0;
	if (!forced && s->actors >= CT_SHARE_SURE &&
	    (s->actors >= ct_share_actors || ct_shared_actors >= ct_shared_actors_max))
		return 0;
	__sync_fetch_and_add(&s->actors, 1);
	__sync_fetch_and_add(&ct_shared_actors, 1);
	return 1;
}

static __always_inline bool share_enter(struct ct_actor *actor, bool forced)
{
	int entered = actor->share ? ct_share_enter(actor->share, forced) : -1;

	actor->flags &= ~CT_ACTOR_SHARED;
	if (entered > 0)
		actor->flags |= CT_ACTOR_SHARED;
	return entered;
}

/* The last one takes the share with it. Whoever enters at that moment is not counted in it. */
__attribute__((noinline)) int ct_share_leave(__u64 share)
{
	struct ct_share *s;

	__sync_fetch_and_add(&ct_shared_actors, -1);
	s = bpf_map_lookup_elem(&shares, &share);
	if (!s)
		return 0;
	__sync_fetch_and_add(&s->actors, -1);
	if (s->actors <= 0 && !bpf_map_delete_elem(&shares, &share) && share & CT_SHARE_USER)
		__sync_fetch_and_add(&ct_share_users, -1);
	return 0;
}

static __always_inline void share_leave(const struct ct_actor *actor)
{
	if (actor->flags & CT_ACTOR_SHARED)
		ct_share_leave(actor->share);
}

#define CT_ASKERS_MAX        4096
#define CT_ASKERS_SHARED_MAX (CT_ASKERS_MAX / 4 * 3)

/*
 * Who has asked an engine for something, and is no actor that is told of by itself: what it asked for may end
 * with it. Those who have ended are in it no more, so it is full only of who still lives; one more is
 * counted as lost. The value: whether it has a share. Those who have leave room for the host's.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CT_ASKERS_MAX);
	__type(key, __u32);
	__type(value, __u8);
} askers SEC(".maps");

__s64 ct_askers_shared = 0;

#define CT_EEXIST 17 /* include/uapi/asm-generic/errno-base.h */

/* 1: it is one from now on. Global: verified once, by itself. */
__attribute__((noinline)) int ct_asks(__u64 share)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u8 shared = !!share;
	long r;

	if (bpf_map_lookup_elem(&askers, &tgid))
		return 0;
	if (shared && ct_askers_shared >= CT_ASKERS_SHARED_MAX) {
		ct_beyond_share(share);
		return 0;
	}
	r = bpf_map_update_elem(&askers, &tgid, &shared, BPF_NOEXIST);
	if (r == -CT_EEXIST) /* another thread of it was faster */
		return 0;
	if (r) {
		ct_lose(CT_LOSS_TALK);
		return 0;
	}
	if (shared)
		__sync_fetch_and_add(&ct_askers_shared, 1);
	return 1;
}

/* It exits: whether it was one. */
__attribute__((noinline)) int ct_asked(__u32 tgid)
{
	__u8 *asker = bpf_map_lookup_elem(&askers, &tgid), shared;

	if (!asker)
		return 0;
	shared = *asker;
	if (bpf_map_delete_elem(&askers, &tgid))
		return 0;
	if (shared)
		__sync_fetch_and_add(&ct_askers_shared, -1);
	return 1;
}
