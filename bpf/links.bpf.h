/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that engines ask for: to registries, from where they fetch images. That one is asked for is all that is
 * carried: it happens in the engine, as no later change of its state does.
 */
#pragma once

#include "shares.bpf.h"

#define CT_TCP_SYN_SENT 2

static __always_inline int link_asked(enum ct_how how, const struct sock *sk)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_event *e;

	if (!actor || actor->role != CT_ROLE_ENGINE ||
	    !ct_may_say(actor->share, CT_SHARE_EVENT_MIN))
		return 0;
	e = ct_reserve(CT_KIND_LINK, 0);
	if (!e)
		return 0;
	e->sub = CT_GET(how, sk, __sk_common.skc_family);
	ct_submit(e);
	return 0;
}
