/* SPDX-License-Identifier: GPL-2.0-only */
/* When a service is ready: it listens, is connected to, or writes its first output. */
#pragma once

#include "links.bpf.h"
#include "sandbox.bpf.h"
#include "ct_opens.h"
#include "open_types.bpf.h"
#include "places.bpf.h"

struct ct_listener {
	__u64 netns;
	__u64 port;
};

/* Ports on which workloads listen, until somebody connects; the owner is the workload's root. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ct_listener);
	__type(value, struct ct_place);
} listeners SEC(".maps");

/* A sandbox (gVisor's Sentry) is a helper of the runtime, and does what its workload does. */
static __always_inline bool ct_may_serve(const struct ct_actor *actor)
{
	return ct_is_workload(actor) || actor->role == CT_ROLE_HELPER;
}

static __always_inline __u32 ct_root_of(const struct ct_actor *actor)
{
	return ct_is_workload(actor) ? actor->root : bpf_get_current_pid_tgid() >> 32;
}

/* What is counted from now on is kept apart from what was counted before: see opens.bpf.h. */
static __always_inline void next_epoch(struct ct_actor *root)
{
	if (root && root->epoch < CT_OPENS_EPOCHS - 1)
		root->epoch++;
}

#define CT_TCP_SYN_RECV 3
#define CT_TCP_LISTEN   10

static __always_inline struct ct_listener listener_of(enum ct_how how, const struct sock *sk)
{
	struct ct_listener key = {
		.netns = CT_GET(how, sk, __sk_common.skc_net.net, ns.inum),
		.port = CT_GET(how, sk, __sk_common.skc_num),
	};

	return key;
}

static __always_inline void socket_event(__u8 kind, const struct ct_listener *key, __u32 root)
{
	struct ct_event *e = ct_reserve(kind, 0);

	if (!e)
		return;
	e->root = root;
	e->obj = key->netns;
	e->arg = key->port;
	if (kind == CT_KIND_ACCEPT) {
		/* A handshake completes in anybody's context: the actor is the listener. */
		e->tgid = root;
		e->tid = root;
	}
	ct_submit(e);
}

static __always_inline int listens(enum ct_how how, const struct sock *sk)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_listener key;
	struct ct_place place;
	__u64 share;
	__u32 root;

	if (!actor || !ct_may_serve(actor))
		return 0;
	share = actor->share;
	if (!ct_may_say(share, CT_PLACE_LASTING_BYTES))
		return 0;
	root = ct_root_of(actor);
	key = listener_of(how, sk);
	place = place_of(share, root);
	ct_place_taken(CT_PLACES_LISTENERS, share,
		       bpf_map_update_elem(&listeners, &key, &place, BPF_ANY));
	socket_event(CT_KIND_LISTEN, &key, root);
	next_epoch(ct_actor_of(root));
	return 0;
}

static __always_inline int accepts(enum ct_how how, const struct sock *sk)
{
	struct ct_listener key = listener_of(how, sk);
	struct ct_place *place = bpf_map_lookup_elem(&listeners, &key);
	__u32 root;

	if (!place || !place->owner)
		return 0;
	root = place->owner;
	place->owner = 0; /* the first one is enough, and another CPU may be at it */
	bpf_map_delete_elem(&listeners, &key);
	socket_event(CT_KIND_ACCEPT, &key, root);
	next_epoch(ct_actor_of(root));
	return 0;
}

static __always_inline int tcp_changed(enum ct_how how, const struct sock *sk, int old, int new)
{
	if (new == CT_TCP_SYN_SENT)
		return link_asked(how, sk);
	if (new == CT_TCP_LISTEN)
		return listens(how, sk);
	if (new == CT_TCP_ESTABLISHED && old == CT_TCP_SYN_RECV)
		return accepts(how, sk);
	return ct_links ? link_changed(how, sk, new) : 0;
}

/* void inet_sock_set_state(const struct sock *sk, int oldstate, int newstate): since 4.16. */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(ct_tcp, const struct sock *sk, int old, int new)
{
	return tcp_changed(CT_TYPED, CT_PLAIN(sock, sk), old, new);
}

SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(ct_tcp_raw, const struct sock *sk, int old, int new)
{
	return tcp_changed(CT_PROBED, sk, old, new);
}

/*
 * write, writev, pwritev, pwritev2, sendfile, splice. The last begins with what it reads from; one of
 * both is a pipe.
 */
#if defined(__TARGET_ARCH_x86)
#define CT_NR_SPLICE 275
#define CT_IS_WRITE(nr) \
	((nr) == 1 || (nr) == 20 || (nr) == 296 || (nr) == 328 || (nr) == 40 || (nr) == 275)
#elif defined(__TARGET_ARCH_arm64)
#define CT_NR_SPLICE 76
#define CT_IS_WRITE(nr) \
	((nr) == 64 || (nr) == 66 || (nr) == 70 || (nr) == 287 || (nr) == 71 || (nr) == 76)
#endif

/*
 * A write into a pipe wakes its reader, in the writer's context. A workload that is inside a
 * write call and wakes its shim has written its first output: no tracepoint on write is needed.
 * Without a shim its output goes to whoever called the runtime, through the runtime (runc) or by
 * itself: then the descriptor is that of stdout or stderr. gVisor's Sentry has the caller's under
 * other numbers; all else that it writes to wakes its own threads, its gofer or the runtime.
 *
 * An interrupt in any write may wake anybody, too: a shim whose timer expires while the Sentry
 * writes to an eventfd, or to a pipe of its own, of which it has some (runsc 20240729: a hundred writes
 * while it boots). What is written to must be something that has another end, and somebody else has it.
 */
static __always_inline bool is_output(const struct ct_actor *actor, const struct ct_actor *reader,
				      const struct ct_call_regs *call)
{
	struct task_struct___open *task;
	struct file___open *file;

	if (!CT_IS_WRITE(call->nr))
		return false;
	if (!reader || reader->role != CT_ROLE_SHIM) {
		if (reader && (reader->role != CT_ROLE_RUNTIME || !ct_is_workload(actor)))
			return false;
		if (ct_is_workload(actor) && call->first != 1 && call->first != 2)
			return false;
	}
	if (!ct_has(READ) || call->nr == CT_NR_SPLICE)
		return true;
	task = (void *)bpf_get_current_task();
	file = ct_file_at(task, (__s32)call->first);
	return ct_is_stream(file) && (ct_is_workload(actor) || !ct_reads_itself(task, file));
}

/*
 * The first output is enough, of a workload. What a sandbox wrote before its program ran is
 * dismissed by user space, which knows when that was: some more of its are reported.
 */
static __always_inline bool was_last_output(const struct ct_actor *root)
{
	return ct_is_workload(root) || root->epoch >= CT_OPENS_EPOCHS - 1;
}

static __always_inline void hear_output(enum ct_how how, struct task_struct *woken)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, owner, reader_tgid;
	struct ct_actor *actor = ct_actor_of(tgid), *reader, *root;
	struct ct_call_regs call;
	struct ct_event *e;

	if (!actor || !ct_may_serve(actor))
		return;
	reader_tgid = CT_GET(how, woken, tgid);
	if (reader_tgid == tgid)
		return;
	reader = ct_actor_of(reader_tgid);
	if (reader && reader->role == CT_ROLE_HELPER && actor->role == CT_ROLE_HELPER) {
		ct_helper_wakes(how, actor, tgid, woken);
		return;
	}
	owner = ct_root_of(actor);
	root = ct_actor_of(owner);
	if (!root || root->flags & CT_ACTOR_WROTE)
		return;
	ct_call_regs(&call);
	if (!is_output(actor, reader, &call))
		return;
	next_epoch(root);
	if (was_last_output(root))
		root->flags |= CT_ACTOR_WROTE;
	e = ct_reserve(CT_KIND_OUTPUT, 0);
	if (!e)
		return;
	e->root = owner;
	e->obj = reader_tgid;
	e->arg = call.nr;
	ct_submit(e);
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(ct_output, struct task_struct *woken)
{
	hear_output(CT_TYPED, woken);
	return 0;
}

SEC("?raw_tp/sched_waking")
int BPF_PROG(ct_output_raw, struct task_struct *woken)
{
	hear_output(CT_PROBED, woken);
	return 0;
}
