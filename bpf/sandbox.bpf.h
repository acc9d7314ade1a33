/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When gVisor's application ran last. To the host it runs in stub processes of its sandbox, which sleep until the
 * Sentry wakes them: by a futex (systrap), or as their tracer (ptrace). Behind the last system call of the application
 * it wakes one once more, to unmap what was mapped, and then none.
 */
#pragma once

#include "coldtrace.bpf.h"

/* Its own: the stub of an address space is its child, a thread of the application a child of that. */
static __always_inline bool is_own(enum ct_how how, struct task_struct *woken, __u32 tgid)
{
	return CT_GET(how, woken, real_parent, tgid) == tgid ||
	       CT_GET(how, woken, real_parent, real_parent, tgid) == tgid;
}

/* A thread that exits signals those that it has made: it wakes nobody to go on. It has no memory any more then. */
static __always_inline bool ct_exits(void)
{
	if (ct_has(READ)) {
		struct task_struct *task = (void *)bpf_get_current_task();

		return !CT_GET(CT_PROBED, task, mm);
	}
	return !bpf_get_current_task_btf()->mm;
}

/* One helper wakes another. */
static __always_inline void ct_helper_wakes(enum ct_how how, struct ct_actor *actor, __u32 tgid,
					    struct task_struct *woken)
{
	if (is_own(how, woken, tgid) && !ct_exits())
		actor->woke_ns = bpf_ktime_get_ns();
}
