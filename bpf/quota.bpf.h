/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a cgroup's quota of CPU time kept a thread from running: the kernel's own account of each
 * queue (kernel/sched/fair.c, CONFIG_CFS_BANDWIDTH), read when the thread begins to need a CPU and when
 * it has one. Before Linux 6.6 there is no such account, and throttled time counts as run queue.
 */
#pragma once

#include "coldtrace.bpf.h"

struct ct_quota {
	__u64 task; /* whose it is: set before a function below is called */
	__u64 queue; /* struct cfs_rq of which throttled_ns is, 0: none */
	__u64 throttled_ns;
	char cgroup[CT_CGROUP_LEN]; /* whose quota it was; empty: none was seen to be used up */
};

/* What of kernel/sched/ depends on the kernel's age. */
struct cfs_rq___quota {
	struct rq___quota *rq;
	struct task_group___quota *tg;
	int throttle_count; /* its own quota, or one above, is used up */
	__u64 throttled_clock_self; /* since 6.6: since when, of rq->clock; 0: it is not */
	__u64 throttled_clock_self_time; /* how long it was until then */
} __attribute__((preserve_access_index));

struct rq___quota {
	__u64 clock;
} __attribute__((preserve_access_index));

struct kernfs_node___quota {
	const char *name;
} __attribute__((preserve_access_index));

struct cgroup___quota {
	struct kernfs_node___quota *kn;
} __attribute__((preserve_access_index));

struct cgroup_subsys_state___quota {
	struct cgroup___quota *cgroup;
} __attribute__((preserve_access_index));

struct task_group___quota {
	struct cgroup_subsys_state___quota css;
} __attribute__((preserve_access_index));

struct sched_entity___quota {
	struct sched_entity___quota *parent;
	struct cfs_rq___quota *cfs_rq;
} __attribute__((preserve_access_index));

struct task_struct___quota {
	struct sched_entity___quota se;
	bool throttled; /* since 6.18, which takes each task from its queue by itself */
} __attribute__((preserve_access_index));

#define CT_QUOTA_DEPTH 8 /* cgroups above one another that are looked through */

/* How long the queue has been throttled since it was made, ns of its CPU's clock. */
static __always_inline __u64 throttled_ns(const struct cfs_rq___quota *queue)
{
	__u64 since = BPF_CORE_READ(queue, throttled_clock_self), now;

	now = since ? BPF_CORE_READ(queue, rq, clock) : 0;
	return BPF_CORE_READ(queue, throttled_clock_self_time) + (now > since ? now - since : 0);
}

/* Keeps the name of the outermost cgroup whose tasks are throttled: that has the quota. */
static __always_inline void keep_cgroup(struct ct_quota *q, const struct sched_entity___quota *se)
{
	struct task_group___quota *tg = NULL;
	const char *name;

	for (int i = 0; i < CT_QUOTA_DEPTH && se; i++) {
		struct cfs_rq___quota *queue = BPF_CORE_READ(se, cfs_rq);

		if (!BPF_CORE_READ(queue, throttle_count))
			break;
		tg = BPF_CORE_READ(queue, tg);
		se = BPF_CORE_READ(se, parent);
	}
	name = tg ? BPF_CORE_READ(tg, css.cgroup, kn, name) : NULL;
	if (!name || bpf_probe_read_kernel_str(q->cgroup, sizeof(q->cgroup), name) < 0)
		q->cgroup[0] = '\0';
}

/*
 * The thread could run from now on: where the clock of its queue's throttling stands. Since 6.18 a task
 * is throttled on its way back to user space alone, and says so; before, with its queue, at any time.
 */
__attribute__((noinline)) int ct_quota_begin(struct ct_quota *q) /* global: verified once */
{
	const struct task_struct___quota *who;
	struct cfs_rq___quota *queue = NULL;

	if (!q)
		return 0;
	who = (void *)q->task;
	q->queue = 0;
	if (!bpf_core_field_exists(queue->throttled_clock_self_time))
		return 0;
	if (bpf_core_field_exists(who->throttled) && !BPF_CORE_READ(who, throttled))
		return 0;
	queue = BPF_CORE_READ(who, se.cfs_rq);
	q->queue = (__u64)queue;
	q->throttled_ns = throttled_ns(queue);
	if (BPF_CORE_READ(queue, throttle_count))
		keep_cgroup(q, &who->se);
	return 0;
}

/* How much of the time without a CPU a quota took. The queue may be gone: then what is read is cut. */
__attribute__((noinline)) __u64 ct_quota_end(struct ct_quota *q, __u64 most_ns)
{
	const struct task_struct___quota *who;
	struct cfs_rq___quota *queue = NULL;
	__u64 end;

	if (!q || !bpf_core_field_exists(queue->throttled_clock_self_time))
		return 0;
	who = (void *)q->task;
	queue = (void *)q->queue;
	q->queue = 0;
	if (!queue ||
	    (!bpf_core_field_exists(who->throttled) && BPF_CORE_READ(who, se.cfs_rq) != queue))
		return 0;
	end = throttled_ns(queue);
	if (end <= q->throttled_ns)
		return 0;
	return end - q->throttled_ns < most_ns ? end - q->throttled_ns : most_ns;
}
