/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is an actor: processes become one by the name they exec, or by being the child of one.
 * Nothing else on the node is ever more than one lookup here.
 */
#pragma once

#include "scratch.bpf.h"
#include "trust.bpf.h"

/* Depth of the pid namespace a task lives in: 0 is the host. */
static __always_inline __u32 pidns_level(enum ct_how how, struct task_struct *task)
{
	return CT_GET(how, task, thread_pid, level);
}

static __always_inline void beside_add(const struct ct_actor *actor, __s64 n)
{
	if (actor->flags & CT_ACTOR_BESIDE)
		__sync_fetch_and_add(&opens_beside, n);
}

/* A process that was none becomes an actor. If not, that is counted. */
static __always_inline bool actor_add(__u32 tgid, struct ct_actor *actor)
{
	if (!share_enter(actor, false)) {
		ct_beyond_share(actor->share);
		return false;
	}
	ct_actor_alike(tgid, 1);
	if (bpf_map_update_elem(&actors, &tgid, actor, BPF_ANY)) {
		ct_actor_alike(tgid, -1);
		share_leave(actor);
		ct_lose(CT_LOSS_ACTORS);
		return false;
	}
	beside_add(actor, 1);
	return true;
}

/* An actor becomes another one. Its place is there, so there is room for it; user space may have taken it away. */
static __always_inline void actor_change(__u32 tgid, const struct ct_actor *old,
					 struct ct_actor *actor)
{
	bool moves = old->share != actor->share || !(old->flags & CT_ACTOR_SHARED);

	if (moves)
		share_enter(actor, true);
	if (bpf_map_update_elem(&actors, &tgid, actor, BPF_EXIST)) {
		if (moves)
			share_leave(actor);
		ct_lose(CT_LOSS_ACTORS);
		return;
	}
	if (moves)
		share_leave(old);
	beside_add(old, -1);
	beside_add(actor, 1);
}

static __always_inline __u64 netns_of(enum ct_how how, struct task_struct *task)
{
	return CT_GET(how, task, nsproxy, net_ns, ns.inum);
}

static __always_inline int forked(enum ct_how how, struct task_struct *parent,
				  struct task_struct *child)
{
	__u32 pid = CT_GET(how, child, tgid), tgid = CT_GET(how, parent, tgid), level;
	struct ct_actor *up, actor;
	struct ct_event *e;

	if (CT_GET(how, child, pid) != pid) /* a thread */
		return 0;
	up = ct_actor_of(tgid);
	if (!up)
		return 0;

	actor = *up;
	actor.woke_ns = 0;
	level = pidns_level(how, CT_PLAIN_IF(how, task_struct, child));
	if (up->role == CT_ROLE_INIT)
		actor.role = CT_ROLE_WORKLOAD;
	/* What cannot be told is no actor: its exit could not be told either. */
	if (!ct_is_workload(&actor) && !ct_may_say(actor.share, sizeof(*e)))
		return 0;
	if (!actor_add(pid, &actor))
		return 0;
	if (ct_is_workload(&actor)) /* what a container forks is its own business */
		return 0;

	e = ct_reserve(CT_KIND_FORK, 0);
	if (!e)
		return 0;
	e->tgid = tgid;
	e->obj = pid;
	e->arg = level;
	e->sub = actor.role;
	ct_submit(e);
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(ct_fork, struct task_struct *parent, struct task_struct *child)
{
	return forked(CT_TYPED, parent, child);
}

SEC("?raw_tp/sched_process_fork")
int BPF_PROG(ct_fork_raw, struct task_struct *parent, struct task_struct *child)
{
	return forked(CT_PROBED, parent, child);
}

/*
 * The reader is woken: a container that removes itself lives no longer than 70 ms at times, and who it was is asked of
 * what its engine keeps. None starts, is started or is removed without a shim, a monitor or a runtime that is executed; of
 * the host's own, for those of a container could keep the reader awake.
 * Not once more for what a shim or a monitor then executes.
 */
#define CT_WHO_BEGINS (1ull << 63)
/* No actor whose fork was told has forked it: it says itself who has. */
#define CT_WHO_STRANGE (1ull << 62)

/*
 * The tail is the command line as the new program sees it, arguments separated by NUL. Its pages
 * were written a moment ago by the kernel itself, so they are resident.
 */
static __always_inline int exec_event(__u64 from, __u64 len, __u64 who, __u64 netns, __u64 arg,
				      const __u32 tail_max)
{
	struct ct_event *e = ct_reserve(CT_KIND_EXEC, tail_max);

	if (!e)
		return 0;
	barrier_var(len);
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
	e->sub = who >> 32;
	e->root = who;
	e->obj = netns;
	e->arg = arg;
	e->flags |= ct_mine();
	if (who & CT_WHO_STRANGE)
		e->dur_ns = ct_ups();
	ct_submit_as(e, who & CT_WHO_BEGINS);
	return 0;
}

/* Global: the verifier goes through it once. who: role and root, and CT_WHO_*. */
__attribute__((noinline)) int ct_exec_event(__u64 from, __u64 len, __u64 who, __u64 netns,
					    __u64 arg)
{
	if (len <= CT_TAIL_SMALL)
		return exec_event(from, len, who, netns, arg, CT_TAIL_SMALL);
	if (len <= CT_TAIL_MEDIUM)
		return exec_event(from, len, who, netns, arg, CT_TAIL_MEDIUM);
	return exec_event(from, len, who, netns, arg, CT_TAIL_LARGE);
}

#define CT_PLUGIN_VARIABLES 256 /* of its environment are looked at */
#define CT_PLUGIN_TAIL      1024
#define CT_CNI_PREFIX       4

struct ct_plugin_scratch {
	char text[CT_PLUGIN_TAIL + CT_TAIL_MEDIUM];
};

CT_SCRATCH(plugin_scratch, struct ct_plugin_scratch)

struct ct_plugin_walk {
	__u64 at, end;
	__u32 off;
};

/* Keeps the variable that it is at if it is one of CNI. Of one that is very long the rest is taken
 * for another. */
static long plugin_variable(__u32 i, struct ct_plugin_walk *walk)
{
	struct ct_plugin_scratch *scratch = plugin_scratch_of();
	__u32 off = walk->off;
	char *to;
	long n;

	if (!scratch || walk->at >= walk->end || off >= CT_PLUGIN_TAIL)
		return 1;
	to = scratch->text + off;
	n = bpf_probe_read_user_str(to, CT_TAIL_MEDIUM, (void *)walk->at);
	if (n <= 0)
		return 1;
	walk->at += n;
	if (n > CT_CNI_PREFIX && to[0] == 'C' && to[1] == 'N' && to[2] == 'I' && to[3] == '_')
		walk->off = off + n;
	return 0;
}

/*
 * A network plugin (CNI) is called by an engine with no arguments: what for and for whom is in its
 * environment. Only the variables of CNI are carried: the others are the engine's own, secrets
 * among them. They were written a moment ago by the kernel, as the arguments were.
 */
static __always_inline void plugin_event(struct task_struct *task)
{
	struct ct_plugin_scratch *scratch = plugin_scratch_of();
	struct mm_struct *mm = CT_GET(CT_TYPED, task, mm);
	__u64 from = CT_GET(CT_TYPED, mm, arg_start), to = CT_GET(CT_TYPED, mm, arg_end);
	struct ct_plugin_walk walk = {};
	char first[CT_TAIL_SMALL];
	struct ct_event *e;
	__u32 off;
	long n;

	if (!scratch || to - from > sizeof(first))
		return;
	n = bpf_probe_read_user_str(first, sizeof(first), (void *)from);
	if (n <= 0 || from + n != to) /* it has arguments */
		return;
	walk.at = CT_GET(CT_TYPED, mm, env_start);
	walk.end = CT_GET(CT_TYPED, mm, env_end);
	bpf_loop(CT_PLUGIN_VARIABLES, plugin_variable, &walk, 0);
	off = walk.off;
	if (!off || off > sizeof(scratch->text))
		return;
	e = ct_reserve(CT_KIND_PLUGIN, sizeof(scratch->text));
	if (!e)
		return;
	if (walk.at < walk.end)
		e->flags |= CT_F_TRUNCATED;
	if (bpf_probe_read_kernel(e->tail, off, scratch->text)) {
		e->flags |= CT_F_NO_DATA;
		off = 0;
	}
	ct_tail_set(e, off);
	ct_submit(e);
}

/*
 * A program of its own, because the callback of a loop is not even known to kernels before 5.17.
 * Attached before ct_exec: what a plugin is for tells what it is. Until then a child of an engine
 * is taken for the engine.
 */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(ct_plugin, struct task_struct *trusted)
{
	char comm[CT_COMM_LEN] = {};
	struct task_struct *task = CT_PLAIN(task_struct, trusted);
	struct ct_actor *actor = ct_actor_of(task->tgid),
			*up = ct_actor_of(task->real_parent->tgid);

	if (!actor || !up || actor->role != CT_ROLE_ENGINE || up->role != CT_ROLE_ENGINE)
		return 0;
	bpf_get_current_comm(comm, sizeof(comm));
	if (!bpf_map_lookup_elem(&roles, &comm))
		plugin_event(task);
	return 0;
}

/*
 * In which container. Whoever is executed in a deeper pid namespace than its engine or runtime is
 * the first of one. One that has the host's is told by its mounts: runtimes give it its own.
 */
static __always_inline __u32 root_of(enum ct_how how, struct task_struct *task,
				     const struct ct_actor *old, __u32 tgid, __u32 level)
{
	if (ct_is_workload(old))
		return old->root;
	if (level > old->level)
		return tgid;
	if (!old->root && old->mntns && old->mntns != mntns_of(how, task))
		return tgid;
	return old->root;
}

/* A container's is that of the outermost one: nesting makes no more of it. */
static __always_inline void share_set(struct ct_actor *actor)
{
	if (actor->share)
		return;
	if (actor->root)
		actor->share = actor->root;
	else if (actor->uid)
		actor->share = CT_SHARE_USER | actor->uid;
}

/* It has taken a name of the table of roles: true if that is what it is now. */
static __always_inline bool name_taken(enum ct_how how, struct task_struct *task, const char *comm,
				       __u8 role, __u32 level, struct ct_actor *actor)
{
	struct ct_actor named = *actor;

	named.uid = owner_of(how, task, actor->root);
	if (!may_be_called(how, task, &named, comm)) {
		struct ct_forger_key key = { .uid = named.uid };

		__builtin_memcpy(key.comm, comm, sizeof(key.comm));
		ct_accuse(&key, role);
		return false;
	}
	named.role = role;
	named.level = level;
	named.flags &= CT_ACTOR_SHARED;
	named.epoch = 0;
	named.mntns = role == CT_ROLE_RUNTIME ? mntns_of(how, task) : 0;
	*actor = named;
	return true;
}

/* As the first eight bytes of a text: "mount", and "/kubepo", which is seven. */
#define CT_WORD_MOUNT 0x000000746e756f6dull
#define CT_WORD_PODS  0x006f706562756b2full
#define CT_SEVEN      0x00ffffffffffffffull

/* Where it mounts is its last argument: what stands before may be a password. */
static __always_inline void mount_event(__u64 from, __u64 to)
{
	__u64 len = to > from ? to - from : 0;
	struct ct_event *e;

	e = ct_reserve(CT_KIND_POD, CT_TAIL_MEDIUM);
	if (!e)
		return;
	if (len > CT_TAIL_MEDIUM) {
		from = to - CT_TAIL_MEDIUM;
		len = CT_TAIL_MEDIUM;
		e->flags |= CT_F_TRUNCATED;
	}
	barrier_var(len);
	if (len > CT_TAIL_MEDIUM)
		len = CT_TAIL_MEDIUM;
	if (len && bpf_probe_read_user(e->tail, len, (void *)from)) {
		e->flags |= CT_F_NO_DATA;
		len = 0;
	}
	ct_tail_set(e, len);
	e->sub = CT_POD_MOUNT;
	ct_submit(e);
}

/* Global: the verifier goes through it once. */
__attribute__((noinline)) int ct_mount_event(__u64 from, __u64 to)
{
	mount_event(from, to);
	return 0;
}

/*
 * A kubelet mounts the volumes of a pod before it asks for it: it executes "mount", or systemd-run, which becomes that
 * (k8s.io/mount-utils). Root's, on the host: whoever is called so elsewhere prepares nobody's pod.
 */
static __always_inline void mounts(enum ct_how how, struct task_struct *task, const char *comm,
				   __u32 level)
{
	struct mm_struct *mm;
	union ct_name name;

	__builtin_memcpy(name.text, comm, sizeof(name));
	if (name.word[0] != CT_WORD_MOUNT || name.word[1] || level > opens_host_level ||
	    owner_of(how, task, false))
		return;
	mm = CT_GET(how, task, mm);
	ct_mount_event(CT_GET(how, mm, arg_start), CT_GET(how, mm, arg_end));
	ct_asks(0); /* its EXIT is told, too */
}

/*
 * The runtime of a shim or a monitor: these began, and were looked at, some milliseconds ago. As were those of a helper
 * that becomes a runtime: `runc init`, which executes a copy of itself (libcontainer/nsenter/cloned_binary.c of
 * runc 1.1), and wrappers of runtimes.
 */
static __always_inline bool is_at_work(const struct ct_actor *before, __u8 role)
{
	return role == CT_ROLE_RUNTIME &&
	       (before->role == CT_ROLE_SHIM || before->role == CT_ROLE_HELPER);
}

static __always_inline int executed(enum ct_how how, struct task_struct *task)
{
	char comm[CT_COMM_LEN] = {}; /* 6.1 writes up to the NUL and no further */
	struct ct_actor *old, before = {}, actor = {};
	__u32 tgid = CT_GET(how, task, tgid), level = pidns_level(how, task);
	struct mm_struct *mm = CT_GET(how, task, mm);
	__u64 from, to, args, who;
	__u8 *role;

	bpf_get_current_comm(comm, sizeof(comm)); /* already the new one */
	role = bpf_map_lookup_elem(&roles, &comm);
	old = ct_actor_of(tgid);
	if (!role) {
		if (!old) {
			mounts(how, task, comm, level);
			return 0;
		}
		if (ct_is_workload(old))
			return 0;
	}
	if (old) {
		before = *old;
		actor = before;
		actor.root = root_of(how, task, &before, tgid, level);
	}
	if (!role || !name_taken(how, task, comm, *role, level, &actor)) {
		if (!old || ct_is_workload(&before))
			return 0;
		/* Below the pid namespace of who started it: the program of a container. */
		actor.role = level > before.level ? CT_ROLE_INIT : CT_ROLE_HELPER;
		if (actor.role == CT_ROLE_INIT) {
			actor.flags &= CT_ACTOR_SHARED;
			actor.epoch = 0;
		}
	}
	share_set(&actor);
	actor.flags &= ~CT_ACTOR_BESIDE;
	if (actor.role == CT_ROLE_HELPER && level <= opens_host_level)
		actor.flags |= CT_ACTOR_BESIDE;
	from = CT_GET(how, mm, arg_start);
	to = CT_GET(how, mm, arg_end);
	args = to > from ? to - from : 0;
	if (!ct_may_say(actor.share, args))
		return 0;
	if (old)
		actor_change(tgid, &before, &actor);
	else if (!actor_add(tgid, &actor))
		return 0;
	who = (__u64)actor.role << 32 | actor.root;
	if (role && actor.role != before.role && !actor.share && !is_at_work(&before, actor.role))
		who |= CT_WHO_BEGINS;
	if (!old || ct_is_workload(&before)) {
		who |= CT_WHO_STRANGE;
		ct_above();
	}
	ct_exec_event(from, args, who, netns_of(how, task),
		      level | (__u64)actor.uid << CT_UID_SHIFT);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(ct_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return executed(CT_TYPED, CT_PLAIN(task_struct, task));
}

SEC("?raw_tp/sched_process_exec")
int BPF_PROG(ct_exec_raw, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return executed(CT_PROBED, task);
}

/* The client of an engine, in a container or not. Global: verified once, by itself. */
__attribute__((noinline)) int ct_asker_exited(__u32 tgid)
{
	struct ct_event *e;

	if (!ct_asked(tgid))
		return 0;
	e = ct_reserve(CT_KIND_EXIT, 0);
	if (e)
		ct_submit(e);
	return 0;
}

static __always_inline int exited(enum ct_how how, struct task_struct *task)
{
	__u32 tgid = CT_GET(how, task, tgid);
	struct ct_actor *actor = ct_actor_of(tgid);
	struct ct_event *e;
	struct ct_actor gone;
	__u32 role, root;
	int whole;

	if (CT_GET(how, task, signal, live.counter))
		return 0;
	if (!actor)
		return ct_asker_exited(tgid);
	role = actor->role;
	root = actor->root;
	gone = *actor;
	/* Two last threads may both see zero here: the one that deletes the entry speaks. */
	if (bpf_map_delete_elem(&actors, &tgid))
		return 0;
	ct_actor_alike(tgid, -1);
	beside_add(&gone, -1);
	share_leave(&gone);
	if (role == CT_ROLE_WORKLOAD)
		return ct_asker_exited(tgid);
	ct_asked(tgid);
	e = ct_reserve(CT_KIND_EXIT, 0);
	if (!e)
		return 0;
	e->sub = role;
	e->root = root;
	/* A process killed as a whole keeps the status in the group, not in the last thread. */
	whole = CT_GET(how, task, signal, group_exit_code);
	e->ret = whole ? whole : CT_GET(how, task, exit_code);
	if (gone.woke_ns)
		e->dur_ns = e->ts_ns - gone.woke_ns;
	ct_submit(e);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(ct_exit, struct task_struct *task)
{
	return exited(CT_TYPED, CT_PLAIN(task_struct, task));
}

SEC("?raw_tp/sched_process_exit")
int BPF_PROG(ct_exit_raw, struct task_struct *task)
{
	return exited(CT_PROBED, task);
}

/* How deep the cgroup of a pod lies: below its class of service, and that below all pods. */
#define CT_POD_LEVEL 3

/*
 * The cgroup of a pod is made before anything else is done for it: by its kubelet, or by systemd that it has asked
 * (pkg/kubelet/cm). Who makes it is no actor: only root of the host can make any there.
 */
static __always_inline bool is_of_pods(enum ct_how how, struct cgroup *cgrp, const char *path)
{
	__u64 word = 0;

	if (CT_GET(how, cgrp, level) > CT_POD_LEVEL ||
	    ct_kernel_str((char *)&word, sizeof(word), path) <= 0)
		return false;
	return (word & CT_SEVEN) == CT_WORD_PODS;
}

static __always_inline int cgroup_made(enum ct_how how, struct cgroup *cgrp, const char *path)
{
	struct ct_actor *actor;
	struct ct_event *e;
	long n;

	actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	if (actor ? !ct_may_say(actor->share, CT_TAIL_SMALL) : !is_of_pods(how, cgrp, path))
		return 0;
	e = ct_reserve(actor ? CT_KIND_CGROUP : CT_KIND_POD, CT_TAIL_MEDIUM);
	if (!e)
		return 0;
	if (!actor)
		e->sub = CT_POD_CGROUP;
	n = ct_kernel_str(e->tail, CT_TAIL_MEDIUM, path);
	ct_tail_set(e, n > 1 ? n - 1 : 0);
	e->obj = CT_GET(how, CT_PLAIN_IF(how, cgroup, cgrp), kn, id);
	ct_submit(e);
	return 0;
}

SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(ct_cgroup, struct cgroup *cgrp, const char *path)
{
	return cgroup_made(CT_TYPED, cgrp, path);
}

SEC("?raw_tp/cgroup_mkdir")
int BPF_PROG(ct_cgroup_raw, struct cgroup *cgrp, const char *path)
{
	return cgroup_made(CT_PROBED, cgrp, path);
}
