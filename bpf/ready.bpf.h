/* SPDX-License-Identifier: GPL-2.0-only */
/* When a service is ready: it listens, is connected to, or writes its first output. */
#pragma once

#include "coldtrace.bpf.h"

/* A sandbox (gVisor's Sentry) is a helper of the runtime, and does what its workload does. */
static __always_inline bool ct_may_serve(const struct ct_actor *actor)
{
	return ct_is_workload(actor) || actor->role == CT_ROLE_HELPER;
}

static __always_inline __u32 ct_root_of(const struct ct_actor *actor)
{
	return ct_is_workload(actor) ? actor->root : bpf_get_current_pid_tgid() >> 32;
}

#define CT_TCP_ESTABLISHED 1
#define CT_TCP_SYN_RECV    3
#define CT_TCP_LISTEN      10

static __always_inline struct ct_listener listener_of(const struct sock *sk)
{
	struct ct_listener key = {
		.netns = sk->__sk_common.skc_net.net->ns.inum,
		.port = sk->__sk_common.skc_num,
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

/* void inet_sock_set_state(const struct sock *sk, int oldstate, int newstate): since 4.16. */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(ct_tcp, const struct sock *sk, int old, int new)
{
	struct ct_listener key;
	struct ct_actor *actor;
	__u32 root, *owner;

	if (new == CT_TCP_LISTEN) {
		actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
		if (!actor || !ct_may_serve(actor))
			return 0;
		root = ct_root_of(actor);
		key = listener_of(sk);
		bpf_map_update_elem(&listeners, &key, &root, BPF_ANY);
		socket_event(CT_KIND_LISTEN, &key, root);
	} else if (new == CT_TCP_ESTABLISHED && old == CT_TCP_SYN_RECV) {
		key = listener_of(sk);
		owner = bpf_map_lookup_elem(&listeners, &key);
		if (!owner || !*owner)
			return 0;
		root = *owner;
		*owner = 0; /* the first one is enough */
		socket_event(CT_KIND_ACCEPT, &key, root);
	}
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define CT_SYSCALL_NR(regs) ((regs)->orig_ax)
#define CT_IS_WRITE(nr) \
	((nr) == 1 || (nr) == 20 || (nr) == 296 || (nr) == 328 || (nr) == 40 || (nr) == 275)
#elif defined(__TARGET_ARCH_arm64)
#define CT_SYSCALL_NR(regs) (((struct pt_regs *)(regs))->syscallno)
#define CT_IS_WRITE(nr) \
	((nr) == 64 || (nr) == 66 || (nr) == 70 || (nr) == 287 || (nr) == 71 || (nr) == 76)
#endif

/*
 * A write into a pipe wakes its reader, in the writer's context. A workload that is inside a
 * write call and wakes its shim has written its first output: no tracepoint on write is needed.
 */
SEC("?tp_btf/sched_waking")
int BPF_PROG(ct_output, struct task_struct *woken)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, owner;
	struct ct_actor *actor = ct_actor_of(tgid), *reader, *root;
	struct task_struct *task;
	struct ct_event *e;
	__u64 nr;

	if (!actor || !ct_may_serve(actor) || woken->tgid == tgid)
		return 0;
	reader = ct_actor_of(woken->tgid);
	if (!reader || reader->role != CT_ROLE_SHIM)
		return 0;
	owner = ct_root_of(actor);
	root = ct_actor_of(owner);
	if (!root || root->wrote)
		return 0;
	task = bpf_get_current_task_btf();
	nr = CT_SYSCALL_NR((struct pt_regs *)bpf_task_pt_regs(task));
	if (!CT_IS_WRITE(nr))
		return 0;
	root->wrote = 1;
	e = ct_reserve(CT_KIND_OUTPUT, 0);
	if (!e)
		return 0;
	e->root = owner;
	e->obj = woken->tgid;
	e->arg = nr;
	ct_submit(e);
	return 0;
}
