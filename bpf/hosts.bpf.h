/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host that an engine asks for by a connection of its own, from what it says there first. Nothing else of that
 * is carried, nor is what it says next looked at: both hold passwords.
 */
#pragma once

#include "first_words.bpf.h"
#include "links.bpf.h"
#include "speech.bpf.h"

/*
 * The first send of a connection that an engine has asked for. A function of its own: a bystander has nothing to save
 * for what it does with stack and registers.
 */
static __noinline int link_speaks(struct sock *sk, __u32 family, int ret)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, number, size;
	struct ct_first_words *words;
	struct ct_actor *actor;
	struct ct_silent *link;
	__u64 key = (__u64)sk, len = ret, share;
	struct ct_event *e;
	const void *bytes;

	if (ct_is_bystander(tgid))
		return 0;
	actor = ct_actor_of(tgid);
	words = first_words_of();
	if (!actor || !words)
		return 0;
	share = actor->share;
	link = bpf_map_lookup_elem(&links_silent, &key);
	if (!link || link->tgid != tgid)
		return 0;
	number = link->number;
	link_has_spoken(key);
	bytes = sent_bytes(&len);
	size = bytes && ct_may_say(share, CT_HOST_LEN) ? ct_first_host((__u64)bytes, len) : 0;
	if (!size || size >= CT_HOST_LEN)
		return 0;
	e = ct_reserve(CT_KIND_LINKED, CT_HOST_LEN);
	if (!e)
		return 0;
	e->sub = CT_LINKED_NAMED | family << 8;
	e->ret = number;
	e->obj = words->named;
	__builtin_memcpy(e->tail, words->host, CT_HOST_LEN);
	ct_tail_set(e, size);
	ct_submit(e);
	return 0;
}
