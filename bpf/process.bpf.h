/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is an actor: processes become one by the name they exec, or by being the child of one.
 * Nothing else on the node is ever more than one lookup here.
 */
#pragma once

#include "coldtrace.bpf.h"

/* Depth of the pid namespace a task lives in: 0 is the host. */
static __always_inline __u32 pidns_level(struct task_struct *task)
{
	struct pid *pid = task->thread_pid;

	return pid ? pid->level : 0;
}

static __always_inline __u64 netns_of(struct task_struct *task)
{
	struct nsproxy *ns = task->nsproxy;

	return ns && ns->net_ns ? ns->net_ns->ns.inum : 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(ct_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = child->tgid, level;
	struct ct_actor *up, actor;
	struct ct_event *e;

	if (child->pid != child->tgid) /* a thread */
		return 0;
	up = ct_actor_of(parent->tgid);
	if (!up)
		return 0;

	actor = *up;
	level = pidns_level(child);
	if (up->role == CT_ROLE_INIT)
		actor.role = CT_ROLE_WORKLOAD;
	if (bpf_map_update_elem(&actors, &pid, &actor, BPF_ANY)) {
		ct_lose(CT_LOSS_ACTORS);
		return 0;
	}
	if (ct_is_workload(up)) /* what a container forks is its own business */
		return 0;

	e = ct_reserve(CT_KIND_FORK, 0);
	if (!e)
		return 0;
	e->tgid = parent->tgid;
	e->obj = pid;
	e->arg = level;
	e->sub = actor.role;
	ct_submit(e);
	return 0;
}

/*
 * The tail is the command line as the new program sees it, arguments separated by NUL. Its pages
 * were written a moment ago by the kernel itself, so they are resident.
 */
static __always_inline void exec_event(struct task_struct *task, const struct ct_actor *actor,
				       __u32 level, __u32 tail_max)
{
	struct ct_event *e = ct_reserve(CT_KIND_EXEC, tail_max);
	__u64 from = 0, to = 0, len;
	struct mm_struct *mm = task->mm;

	if (!e)
		return;
	if (mm) {
		from = mm->arg_start;
		to = mm->arg_end;
	}
	len = to > from ? to - from : 0;
	if (len > tail_max) {
		len = tail_max;
		e->flags |= CT_F_TRUNCATED;
	}
	if (len && bpf_probe_read_user(e->tail, len, (void *)from)) {
		e->flags |= CT_F_NO_DATA;
		ct_lose(CT_LOSS_READ);
		len = 0;
	}
	ct_tail_set(e, len);
	e->sub = actor->role;
	e->root = actor->root;
	e->obj = netns_of(task);
	e->arg = level;
	ct_submit(e);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(ct_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	char comm[CT_COMM_LEN];
	struct ct_actor *old, actor = {};
	__u32 tgid = task->tgid, level = pidns_level(task);
	struct mm_struct *mm = task->mm;
	__u8 *role;

	bpf_get_current_comm(comm, sizeof(comm)); /* already the new one, padded with NUL */
	role = bpf_map_lookup_elem(&roles, &comm);
	old = ct_actor_of(tgid);
	if (role) {
		actor.role = *role;
		actor.level = level;
	} else if (!old || ct_is_workload(old)) {
		return 0;
	} else {
		actor = *old;
		/* Below the pid namespace of who started it: the program of a container. */
		actor.role = level > old->level ? CT_ROLE_INIT : CT_ROLE_HELPER;
		if (actor.role == CT_ROLE_INIT)
			actor.root = tgid;
	}
	if (bpf_map_update_elem(&actors, &tgid, &actor, BPF_ANY))
		ct_lose(CT_LOSS_ACTORS);

	if (mm && mm->arg_end - mm->arg_start <= CT_TAIL_SMALL)
		exec_event(task, &actor, level, CT_TAIL_SMALL);
	else if (mm && mm->arg_end - mm->arg_start <= CT_TAIL_MEDIUM)
		exec_event(task, &actor, level, CT_TAIL_MEDIUM);
	else
		exec_event(task, &actor, level, CT_TAIL_LARGE);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(ct_exit, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct ct_actor *actor = ct_actor_of(tgid);
	struct ct_event *e;
	__u32 role, root;

	if (!actor || task->signal->live.counter)
		return 0;
	role = actor->role;
	root = actor->root;
	/* Two last threads may both see zero here: the one that deletes the entry speaks. */
	if (bpf_map_delete_elem(&actors, &tgid) || role == CT_ROLE_WORKLOAD)
		return 0;
	e = ct_reserve(CT_KIND_EXIT, 0);
	if (!e)
		return 0;
	e->sub = role;
	e->root = root;
	/* A process killed as a whole keeps the status in the group, not in the last thread. */
	e->ret = task->signal->group_exit_code ? task->signal->group_exit_code : task->exit_code;
	ct_submit(e);
	return 0;
}

SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(ct_cgroup, struct cgroup *cgrp, const char *path)
{
	struct ct_event *e;
	long n;

	if (!ct_actor_of(bpf_get_current_pid_tgid() >> 32))
		return 0;
	e = ct_reserve(CT_KIND_CGROUP, CT_TAIL_MEDIUM);
	if (!e)
		return 0;
	n = bpf_probe_read_kernel_str(e->tail, CT_TAIL_MEDIUM, path);
	ct_tail_set(e, n > 1 ? n - 1 : 0);
	e->obj = cgrp->kn->id;
	ct_submit(e);
	return 0;
}
