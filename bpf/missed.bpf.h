/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens that are not counted, because they do not come by the calls that opens.bpf.h hears: those by
 * io_uring, and those of 32-bit programs, whose calls are others. That there may be some is told once of
 * each container, so that nobody takes its numbers for all of them.
 */
#pragma once

#include "opens.bpf.h"

struct mm_struct___missed {
	unsigned long task_size;
} __attribute__((preserve_access_index));

struct task_struct___missed {
	struct mm_struct___missed *mm;
	void *io_uring; /* it has used one; since 5.10 */
} __attribute__((preserve_access_index));

#define CT_COMPAT_SIZE (1ull << 32) /* so much can be addressed with 32 bits */

static __always_inline bool has_ring(const struct task_struct *of)
{
	const struct task_struct___missed *task = (const void *)of;

	return bpf_core_field_exists(task->io_uring) && BPF_CORE_READ(task, io_uring);
}

static __always_inline bool is_compat(const struct task_struct *of)
{
	const struct task_struct___missed *task = (const void *)of;
	unsigned long size = BPF_CORE_READ(task, mm, task_size); /* of a thread of the kernel 0 */

	return size && size <= CT_COMPAT_SIZE;
}

/* Once of each container. Global: verified once. */
__attribute__((noinline)) int ct_misses(__u32 tgid, __u32 view)
{
	__u8 flag = view == CT_VIEW_RING ? CT_ACTOR_RING : CT_ACTOR_COMPAT;
	struct ct_actor *actor = ct_actor_of(tgid), *root;
	struct ct_event *e;
	__u32 of;

	if (!actor || !ct_may_serve(actor))
		return 0;
	of = ct_is_workload(actor) ? actor->root : tgid;
	root = of == tgid ? actor : ct_actor_of(of);
	if (!root)
		root = actor;
	if (root->flags & flag || !ct_may_say(actor->share, 0))
		return 0;
	e = ct_reserve(CT_KIND_OPENED, 0);
	if (!e)
		return 0;
	root->flags |= flag;
	e->tgid = tgid;
	e->root = of;
	e->sub = CT_OPENS_SUB(view, CT_OPEN_OPEN);
	ct_submit(e);
	return 0;
}

SEC("?tp_btf/io_uring_create")
int ct_opens_ring(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return is_bystander(task) ? 0 : ct_misses(task->tgid, CT_VIEW_RING);
}

/* After ct_exec, which decides who is an actor: the table of probes has them in this order. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(ct_opens_exec, struct task_struct *task)
{
	if (is_bystander(task) || !is_compat(task))
		return 0;
	return ct_misses(task->tgid, CT_VIEW_COMPAT);
}

/* What ran when tracing began. */
SEC("?iter/task")
int ct_opens_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task || !ct_actor_of(task->tgid))
		return 0;
	if (has_ring(task))
		ct_misses(task->tgid, CT_VIEW_RING);
	if (is_compat(task))
		ct_misses(task->tgid, CT_VIEW_COMPAT);
	return 0;
}
