/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that engines ask for: to registries, from where they fetch images. Whose one is, is known where it is asked
 * for: that happens in the engine, as no later change of its state does. From then on it is kept by the address
 * of its socket, until that is closed: an address is soon another's.
 */
#pragma once

#include "shares.bpf.h"
#include <bpf/bpf_endian.h>

#define CT_TCP_ESTABLISHED  1
#define CT_TCP_SYN_SENT     2
#define CT_TCP_FIN_WAIT1    4
#define CT_TCP_CLOSE        7
#define CT_TCP_CLOSE_WAIT   8

#define CT_LINKS_MAX        4096
#define CT_LINKS_SHARED_MAX (CT_LINKS_MAX / 4 * 3)

struct ct_link {
	__u64 asked_ns;
	__u64 made_ns; /* 0: it is not */
	__u32 tgid;
	__u32 number;
	__u16 port; /* of the other side, as the kernel has it */
	__u8 over; /* its end has been told */
	__u8 shared; /* counted in ct_links_shared */
};

/* A socket is closed sooner or later, whatever becomes of its process: none stays. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CT_LINKS_MAX);
	__type(key, __u64);
	__type(value, struct ct_link);
} links SEC(".maps");

/* Which of them have not said anything yet. What they say first names the host: see hosts.bpf.h. */
struct ct_silent {
	__u32 tgid;
	__u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CT_LINKS_MAX);
	__type(key, __u64);
	__type(value, struct ct_silent);
} links_silent SEC(".maps");

/* How many of them: what a bystander's send over TCP meets, and no more while there is none. */
__s64 ct_links_silent = 0;

/* How many there are: a bystander's connection meets no more than this while there is none. */
__s64 ct_links = 0;
__s64 ct_links_shared = 0;
__u32 ct_links_asked = 0;

/* What is read of the kernel's types, and no more: offsets come in when the object is loaded. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct in6_addr___link {
	union {
		__u32 u6_addr32[4];
	} in6_u;
};
struct sock_common___link {
	__u32 skc_daddr;
	__u16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	struct in6_addr___link skc_v6_daddr;
};
struct tcp_sock___link {
	__u64 bytes_received;
	__u32 srtt_us;
	__u32 total_retrans;
	__u32 rcv_ooopack;
};
#pragma clang attribute pop

/* A struct sock of TCP is the beginning of a struct tcp_sock (include/linux/tcp.h). NULL: it is none. */
static __always_inline const struct tcp_sock___link *tcp_of(enum ct_how how, const struct sock *sk)
{
	if (how != CT_TYPED)
		return (const void *)sk;
	if (ct_has(CAST))
		return (const void *)CT_CAST(tcp_sock, sk);
	return (const void *)bpf_skc_to_tcp_sock((void *)sk); /* since 5.9 */
}

static __always_inline void link_address(enum ct_how how, const struct sock *sk,
					 struct ct_linked_tail *to)
{
	const struct sock_common___link *at = (const void *)sk;
	__u32 *words = (__u32 *)to->address;

	if (CT_GET(how, at, skc_family) == AF_INET6) {
		words[0] = CT_GET(how, at, skc_v6_daddr.in6_u.u6_addr32[0]);
		words[1] = CT_GET(how, at, skc_v6_daddr.in6_u.u6_addr32[1]);
		words[2] = CT_GET(how, at, skc_v6_daddr.in6_u.u6_addr32[2]);
		words[3] = CT_GET(how, at, skc_v6_daddr.in6_u.u6_addr32[3]);
	} else {
		words[0] = CT_GET(how, at, skc_daddr);
		words[1] = words[2] = words[3] = 0;
	}
}

/* The smoothed round trip is kept in eighths of a microsecond. */
#define CT_SRTT_SHIFT 3

static __always_inline void link_event(enum ct_how how, const struct sock *sk,
				       const struct ct_link *link, enum ct_linked is)
{
	const struct sock_common___link *at = (const void *)sk;
	const struct tcp_sock___link *tcp = tcp_of(how, sk);
	struct ct_linked_tail *tail;
	struct ct_event *e;
	__u16 port;

	if (!tcp)
		return;
	e = ct_reserve(CT_KIND_LINKED, sizeof(*tail));
	if (!e)
		return;
	e->tgid = e->tid = link->tgid; /* packets arrive in anybody's context */
	e->sub = is | CT_GET(how, at, skc_family) << 8;
	e->ret = link->number;
	e->dur_ns = e->ts_ns - (link->made_ns ? link->made_ns : link->asked_ns);
	e->obj = CT_GET(how, tcp, bytes_received);
	port = bpf_ntohs(CT_GET(how, at, skc_dport));
	e->arg = (__u64)(CT_GET(how, tcp, srtt_us) >> CT_SRTT_SHIFT) << 32 |
		 (__u32)CT_GET(how, at, skc_num) << 16 | port;
	tail = (struct ct_linked_tail *)e->tail;
	link_address(how, sk, tail);
	tail->resent = CT_GET(how, tcp, total_retrans);
	tail->disordered = CT_GET(how, tcp, rcv_ooopack);
	ct_tail_set(e, sizeof(*tail));
	ct_submit(e);
}

/* Two may be at it: its engine sends, and it is reset. Only one of them takes it out. */
static __always_inline void link_has_spoken(__u64 key)
{
	if (!bpf_map_delete_elem(&links_silent, &key))
		__sync_fetch_and_add(&ct_links_silent, -1);
}

static __always_inline void link_is_silent(__u64 key, const struct ct_link *link)
{
	struct ct_silent silent = { .tgid = link->tgid, .number = link->number };

	if (!bpf_map_update_elem(&links_silent, &key, &silent, BPF_NOEXIST))
		__sync_fetch_and_add(&ct_links_silent, 1);
	else
		bpf_map_update_elem(&links_silent, &key, &silent, BPF_EXIST);
}

static __always_inline void link_drop(__u64 key, const struct ct_link *link)
{
	__u8 shared = link->shared;

	link_has_spoken(key);
	if (bpf_map_delete_elem(&links, &key))
		return;
	__sync_fetch_and_add(&ct_links, -1);
	if (shared)
		__sync_fetch_and_add(&ct_links_shared, -1);
}

/* Whoever has a share leaves room for the host's. */
static __always_inline void link_own(enum ct_how how, const struct sock *sk, __u64 share,
				     __u64 asked_ns)
{
	const struct sock_common___link *at = (const void *)sk;
	struct ct_link link = {
		.asked_ns = asked_ns,
		.tgid = bpf_get_current_pid_tgid() >> 32,
		.number = ct_links_asked++ << 8 | (bpf_get_smp_processor_id() & 0xff),
		.port = CT_GET(how, at, skc_dport),
		.shared = !!share,
	};
	__u64 key = (__u64)sk;
	long r;

	if (share && ct_links_shared >= CT_LINKS_SHARED_MAX) {
		ct_beyond_share(share);
		return;
	}
	link_is_silent(key, &link);
	r = bpf_map_update_elem(&links, &key, &link, BPF_NOEXIST);
	if (r == -CT_EEXIST) { /* its end was missed: the kernel runs no probe inside itself */
		bpf_map_update_elem(&links, &key, &link, BPF_EXIST);
	} else if (r) {
		link_has_spoken(key);
		ct_lose(CT_LOSS_TALK);
	} else {
		__sync_fetch_and_add(&ct_links, 1);
		if (share)
			__sync_fetch_and_add(&ct_links_shared, 1);
	}
}

static __always_inline int link_asked(enum ct_how how, const struct sock *sk)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_event *e;
	__u64 asked_ns;

	/* It and what becomes of it. */
	if (!actor || actor->role != CT_ROLE_ENGINE ||
	    !ct_may_say(actor->share, 3 * CT_SHARE_EVENT_MIN))
		return 0;
	e = ct_reserve(CT_KIND_LINK, 0);
	asked_ns = e ? e->ts_ns : bpf_ktime_get_ns();
	if (e) {
		e->sub = CT_GET(how, sk, __sk_common.skc_family);
		ct_submit(e);
	}
	link_own(how, sk, actor->share, asked_ns);
	return 0;
}

/* 0: nothing that is told. */
static __always_inline enum ct_linked link_becomes(const struct ct_link *link, int new)
{
	switch (new) {
	case CT_TCP_ESTABLISHED:
		return CT_LINKED_MADE;
	case CT_TCP_CLOSE_WAIT:
		return CT_LINKED_FINISHED;
	case CT_TCP_FIN_WAIT1:
		return CT_LINKED_CLOSED;
	case CT_TCP_CLOSE:
		return link->made_ns ? CT_LINKED_BROKEN : CT_LINKED_FAILED;
	}
	return 0;
}

static __always_inline int link_changed(enum ct_how how, const struct sock *sk, int new)
{
	__u64 key = (__u64)sk;
	struct ct_link *link = bpf_map_lookup_elem(&links, &key);
	const struct sock_common___link *at = (const void *)sk;
	enum ct_linked is;

	if (!link)
		return 0;
	is = link_becomes(link, new);
	if (is && !link->over && link->port == CT_GET(how, at, skc_dport)) {
		link_event(how, sk, link, is);
		if (is == CT_LINKED_MADE)
			link->made_ns = bpf_ktime_get_ns();
		else
			link->over = 1;
	}
	if (new == CT_TCP_CLOSE)
		link_drop(key, link);
	return 0;
}
