/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a tracked thread did not run: one event for every time that it was off its CPU, sent when it
 * runs again. Only loaded for --why.
 *
 * Threads are known by task storage: a task that was never given one is told by a NULL in its own
 * task_struct, so a bystander's switch costs two loads and no call. Storage is given at fork, at
 * exec and, to what runs already, by an iterator.
 */
#pragma once

#include "busy.bpf.h"
#include "coldtrace.bpf.h"
#include "quota.bpf.h"
#include "ready.bpf.h"
#include "scratch.bpf.h"

#define CT_FRAMES      32
#define CT_STACKS      16384
#define CT_YOUNG_NS    10000000000ull /* as long as a service may take to be ready */
#define CT_WINDOW_NS   1000000000ull
#define CT_WINDOW_MAX  20000 /* of an engine's, a shim's, a runtime's thread */
#define CT_WINDOW_BUSY 2000 /* of a container's thread that is no longer young */

/* Bits of preempt_count, include/linux/preempt.h: the same from 5.10 to 7.x on x86 and arm64. */
#define CT_IN_INTERRUPT    (0x00100000 | 0x00200000 | 0x00400000 | 0x00800000 | 0x000f0000 | 0x100)

#define CT_INTERRUPTIBLE   1
#define CT_UNINTERRUPTIBLE 2
#define CT_DEAD            0x80

/* In the time off its CPU, whatever that was for, it did not get on for want of memory. */
#define CT_W_MEMORY (CT_W_RECLAIM | CT_W_STALL)

struct ct_thread {
	__u64 off_ns; /* when it left its CPU, 0: it has not since we know it */
	__u64 wake_ns;
	__u64 ran_ns; /* of its life, when it left its CPU */
	__u64 stack; /* enum ct_known_wait, or the id of a stack */
	__u64 young_ns; /* until then each wait is told */
	__u64 window_ns; /* since when window_count counts */
	__u32 window_count;
	__u32 waker;
	__u8 off_flags; /* enum ct_wait_flag */
	__u8 wake_flags;
	__u8 always; /* not of a container */
	__u8 gap; /* a wait was left out */
	__u8 reclaims;
	char comm[CT_COMM_LEN]; /* of a waker that is not tracked, else empty */
	__u64 reclaim_since_ns; /* it reclaims memory, and runs; 0: not */
	__u64 reclaim_until_ns; /* it has, since a return to a CPU that was not seen; 0: not */
	__u64 reclaim_ns; /* how long it did, since it came to its CPU */
	__u64 off_reclaim_ns; /* and before it left it last */
	struct ct_quota quota;
	struct ct_busy busy; /* what is not told yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ct_thread);
} threads SEC(".maps");

/* Ids of stacks that have been sent. One that was forgotten is sent again: it costs time, and hides nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CT_STACKS);
	__type(key, __u64);
	__type(value, __u8);
} stacks SEC(".maps");

struct ct_frames {
	__u64 ip[CT_FRAMES];
};

CT_SCRATCH(scratch, struct ct_frames)

/*
 * x86 counts in a variable of each CPU, whose address no kernel tells without CONFIG_KALLSYMS_ALL.
 * It lies at a fixed distance, which the BTF knows, from another such variable that has pointers to
 * it: the run queue. 0: not known, then only the idle task's wake-ups are known as interrupts.
 */
const volatile __s64 ct_preempt_from_rq;

#if defined(__TARGET_ARCH_x86)
static __always_inline bool in_interrupt(struct task_struct *task)
{
	__u64 rq;
	int count;

	if (!ct_preempt_from_rq || !bpf_core_field_exists(task->se.cfs_rq))
		return false;
	rq = (__u64)CT_PLAIN(task_struct, task)->se.cfs_rq->rq;
	if (bpf_probe_read_kernel(&count, sizeof(count), (void *)(rq + ct_preempt_from_rq)))
		return false;
	return count & CT_IN_INTERRUPT;
}

#define CT_REGS_NR(regs)   ((regs)->orig_ax)
#define CT_NR_IS_FUTEX(nr) ((nr) == 202)
#define CT_NR_IS_EPOLL(nr) ((nr) == 232 || (nr) == 281 || (nr) == 441)
#define CT_NR_IS_SLEEP(nr) ((nr) == 35 || (nr) == 230)
#elif defined(__TARGET_ARCH_arm64)
static __always_inline bool in_interrupt(struct task_struct *task)
{
	return task->thread_info.preempt.count & CT_IN_INTERRUPT;
}

#define CT_REGS_NR(regs)   (((struct pt_regs *)(regs))->syscallno)
#define CT_NR_IS_FUTEX(nr) ((nr) == 98)
#define CT_NR_IS_EPOLL(nr) ((nr) == 22 || (nr) == 441)
#define CT_NR_IS_SLEEP(nr) ((nr) == 101 || (nr) == 115)
#endif

/*
 * Most of what Go programs wait for they wait for in three system calls, whose number says as much
 * as the stack would at a hundredth of its cost. Not while the task cannot be interrupted: then it
 * waits for something else that the call has met, a page for instance.
 */
static __always_inline __u64 known_wait(struct task_struct *task, __u32 state)
{
	__u64 nr;

	if (!(state & CT_INTERRUPTIBLE) || !CT_PLAIN(task_struct, task)->mm)
		return 0;
	nr = CT_REGS_NR((struct pt_regs *)bpf_task_pt_regs(task));
	if (CT_NR_IS_FUTEX(nr))
		return CT_WAIT_FUTEX;
	if (CT_NR_IS_EPOLL(nr))
		return CT_WAIT_EPOLL;
	if (CT_NR_IS_SLEEP(nr))
		return CT_WAIT_SLEEP;
	return 0;
}

static __always_inline struct ct_thread *thread(struct task_struct *task)
{
	return task->bpf_storage ? bpf_task_storage_get(&threads, task, 0, 0) : NULL;
}

static __always_inline struct ct_thread *thread_of(struct task_struct *task,
						   const struct ct_actor *actor)
{
	struct ct_thread *t =
		bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t) {
		ct_lose(CT_LOSS_WAITS);
		return NULL;
	}
	t->always = actor->role == CT_ROLE_ENGINE || actor->role == CT_ROLE_SHIM ||
		    actor->role == CT_ROLE_RUNTIME;
	t->young_ns = bpf_ktime_get_ns() + CT_YOUNG_NS;
	return t;
}

/* A thread, too: it is born waiting for a CPU, woken by who made it. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(ct_why_fork, struct task_struct *parent, struct task_struct *child)
{
	struct ct_thread *up = thread(parent), *t;

	if (!up)
		return 0;
	t = bpf_task_storage_get(&threads, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		ct_lose(CT_LOSS_WAITS);
		return 0;
	}
	t->always = up->always;
	t->off_ns = t->wake_ns = bpf_ktime_get_ns();
	t->young_ns = up->always ? t->off_ns + CT_YOUNG_NS : up->young_ns;
	t->off_flags = CT_W_NEW;
	t->waker = parent->pid;
	return 0;
}

/* After ct_exec, which decides who is an actor: the table of probes has them in this order. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(ct_why_exec, struct task_struct *task)
{
	struct ct_actor *actor = ct_actor_of(task->tgid);

	if (actor)
		thread_of(task, actor);
	return 0;
}

SEC("?iter/task")
int ct_why_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ct_actor *actor;
	struct ct_thread *t;
	__u32 state;

	if (!task)
		return 0;
	actor = ct_actor_of(task->tgid);
	t = actor ? thread_of(task, actor) : NULL;
	if (!t || t->off_ns)
		return 0;
	/* It sleeps: since when is not known, and nobody asks about a time before this. */
	state = task->__state; /* since 5.14; sched_switch is as it is here since 5.18 */
	if (state) {
		t->stack = known_wait(task, state);
		t->ran_ns = task->se.sum_exec_runtime;
		t->off_ns = bpf_ktime_get_ns();
	}
	return 0;
}

/* Some --ready asks for a service's first output: see ct_output, whose place this takes. */
const volatile bool ct_hear_output;

SEC("?tp_btf/sched_waking")
int BPF_PROG(ct_why_waking, struct task_struct *woken)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ct_thread *t = thread(woken), *waker = thread(task);

	if (task == woken)
		return 0;
	if (t) {
		t->wake_ns = bpf_ktime_get_ns();
		t->waker = task->pid;
		t->wake_flags = in_interrupt(task) || !task->pid ? CT_W_IRQ : 0;
		if (t->wake_flags || waker)
			t->comm[0] = '\0';
		else
			bpf_get_current_comm(t->comm, sizeof(t->comm));
		if (!bpf_core_field_exists(((struct task_struct___quota *)0)->throttled)) {
			t->quota.task = (__u64)woken;
			ct_quota_begin(&t->quota);
		}
	}
	if (ct_hear_output && waker && !in_interrupt(task))
		hear_output(CT_TYPED, woken);
	return 0;
}

static __always_inline bool send_frames(__u64 id, const struct ct_frames *frames, __u32 bytes)
{
	struct ct_event *e = ct_reserve(CT_KIND_FRAMES, sizeof(*frames));

	if (!e)
		return false;
	__builtin_memcpy(e->tail, frames, sizeof(*frames));
	e->obj = id;
	ct_tail_set(e, bytes);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return true;
}

/* The id of the current task's stack, which is sent the first time. 0: it has none. */
static __always_inline __u64 stack_of(void *ctx)
{
	__u64 id = 0xcbf29ce484222325ull; /* FNV-1a, a word at a time */
	struct ct_frames *frames = scratch_of();
	__u8 one = 1;
	long bytes;

	if (!frames)
		return 0;
	bytes = bpf_get_stack(ctx, frames->ip, sizeof(frames->ip), 0);
	if (bytes <= 0)
		return 0;
	for (__u32 i = 0; i < CT_FRAMES; i++) {
		if (i * sizeof(__u64) >= bytes)
			break;
		id = (id ^ frames->ip[i]) * 0x100000001b3ull;
		id ^= id >> 29;
	}
	if (id < CT_KNOWN_WAITS)
		id = ~id;
	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	/* What the ring had no room for is sent with the next wait of this stack. */
	if (send_frames(id, frames, bytes > sizeof(*frames) ? sizeof(*frames) : bytes))
		bpf_map_update_elem(&stacks, &id, &one, BPF_ANY);
	return id;
}

/* Whether anybody will ask for this wait. */
static __always_inline bool is_wanted(const struct ct_thread *t, __u64 now)
{
	/* Else no container is between two states. */
	return t->always || now <= t->young_ns || now <= ct_motion_until;
}

/* Whether the thread has had more waits this second than are told one by one. */
static __always_inline bool is_busy(struct ct_thread *t, __u64 now)
{
	if (now - t->window_ns > CT_WINDOW_NS) {
		t->window_ns = now;
		t->window_count = 0;
	}
	return ++t->window_count >
	       (t->always || now <= t->young_ns ? CT_WINDOW_MAX : CT_WINDOW_BUSY);
}

/* who: tgid and tid */
static __always_inline void tell_busy(struct ct_thread *t, __u64 who, __u64 now)
{
	if (t->busy.from_ns)
		t->gap = ct_busy_tell(&t->busy, who, now, t->gap);
}

/* What is put together; false: the wait is to be told by itself. */
static __always_inline bool hold(struct ct_thread *t, __u64 who, __u64 now, __u64 on,
				 __u64 queue_ns)
{
	struct ct_busy_why why = {
		.stack = t->stack,
		.off_ns = on - t->off_ns,
		.queue_ns = queue_ns,
		.flags = t->off_flags & (CT_W_PREEMPTED | CT_W_MEMORY),
	};

	if (why.off_ns > CT_BUSY_SHORT_NS)
		return false;
	busy_add(&t->busy, &why, t->off_ns, on);
	if (on - t->busy.from_ns >= CT_BUSY_NS)
		tell_busy(t, who, now);
	return true;
}

static __always_inline void tell_more(struct ct_event *e, struct ct_thread *t, __u64 ran_ns,
				      __u64 throttled_ns)
{
	struct ct_wait_tail *tail = (struct ct_wait_tail *)e->tail;

	__builtin_memcpy(tail->comm, t->comm, sizeof(tail->comm));
	tail->ran_ns = ran_ns;
	tail->reclaim_ns = t->off_reclaim_ns;
	tail->throttled_ns = throttled_ns;
	__builtin_memcpy(tail->cgroup, t->quota.cgroup, sizeof(tail->cgroup));
	if (throttled_ns)
		ct_tail_set(e, sizeof(*tail));
	else
		ct_tail_set(e, t->off_reclaim_ns ? offsetof(struct ct_wait_tail, throttled_ns)
						 : offsetof(struct ct_wait_tail, reclaim_ns));
}

/* Tells the wait that was over when the thread had ran_ns to run until now. Global: verified once. */
__attribute__((noinline)) int ct_tell_wait(struct ct_thread *t, __u64 who, __u64 now, __u64 ran_ns)
{
	__u64 off, on = now - ran_ns, wake, throttled, queue_ns = 0;
	bool woken, by_thread;
	struct ct_event *e;

	if (!t)
		return 0;
	off = t->off_ns;
	wake = t->wake_ns > off ? t->wake_ns : off;
	woken = !(t->off_flags & CT_W_PREEMPTED);
	by_thread = woken && t->wake_ns;
	throttled = t->quota.queue ? ct_quota_end(&t->quota, on - off) : 0;
	/* A waker on another CPU may have come before the switch was over. */
	if (!woken)
		queue_ns = on - off;
	else if (by_thread && wake < on)
		queue_ns = on - wake;
	if (!is_wanted(t, now)) {
		t->gap = 1;
		goto out; /* what is left out is marked on the next one that is told */
	}
	if (is_busy(t, now) && !throttled && hold(t, who, now, on, queue_ns))
		goto out;
	tell_busy(t, who, now);
	e = ct_reserve(CT_KIND_WAIT, sizeof(struct ct_wait_tail));
	if (!e) {
		t->gap = 1;
		goto out;
	}
	e->ts_ns = now;
	e->tgid = who >> 32;
	e->tid = (__u32)who;
	e->dur_ns = on - off;
	e->arg = queue_ns;
	e->obj = t->stack;
	e->sub = t->off_flags | (t->gap ? CT_W_GAP : 0);
	if (by_thread) {
		e->sub |= t->wake_flags;
		e->ret = t->waker;
	} else if (woken) {
		e->sub |= CT_W_IRQ;
	}
	t->gap = 0;
	if (ran_ns || (by_thread && t->comm[0]) || t->off_reclaim_ns || throttled)
		tell_more(e, t, ran_ns, throttled);
	t->off_reclaim_ns = 0;
	bpf_ringbuf_submit(e, bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > ct_unread_waits_max
				      ? BPF_RB_FORCE_WAKEUP
				      : BPF_RB_NO_WAKEUP);
out:
	t->off_ns = 0;
	t->wake_ns = 0;
	t->comm[0] = '\0';
	t->quota.cgroup[0] = '\0';
	return 0;
}

static __always_inline __u64 who_is(const struct task_struct *task)
{
	return (__u64)task->tgid << 32 | (__u32)task->pid;
}

static __always_inline void switch_in(struct ct_thread *t, struct task_struct *task)
{
	__u64 now;

	if (!t->off_ns)
		return;
	now = bpf_ktime_get_ns();
	ct_tell_wait(t, who_is(task), now, 0);
	if (t->reclaims)
		t->reclaim_since_ns = now;
}

/*
 * A thread that leaves its CPU and was not seen to come: the kernel counts how long it ran. On a
 * nested guest no tracepoint, ftrace's own included, showed any switch from the idle task of one CPU.
 */
static __always_inline void switch_unseen(struct ct_thread *t, struct task_struct *task, __u64 now)
{
	__u64 ran = task->se.sum_exec_runtime - t->ran_ns, most = now - t->off_ns;

	if (ran > most)
		ran = most;
	ct_tell_wait(t, who_is(task), now, ran);
	if (t->reclaim_until_ns > now - ran)
		t->reclaim_ns += t->reclaim_until_ns - (now - ran);
	else if (t->reclaims && !t->reclaim_since_ns && !t->reclaim_until_ns)
		t->reclaim_since_ns = now - ran;
	t->reclaim_until_ns = 0;
}

/* Since Linux 5.7. */
struct task_struct___stall {
	unsigned in_memstall : 1;
} __attribute__((preserve_access_index));

static __always_inline __u8 memory_flags(const struct ct_thread *t, const struct task_struct *task)
{
	const struct task_struct___stall *stall = (const void *)task;
	__u8 flags = t->reclaims ? CT_W_RECLAIM : 0;

	if (bpf_core_field_exists(stall->in_memstall) &&
	    BPF_CORE_READ_BITFIELD_PROBED(stall, in_memstall))
		flags |= CT_W_STALL;
	return flags;
}

static __always_inline void switch_out(void *ctx, struct ct_thread *t, struct task_struct *task,
				       bool preempt, __u32 state)
{
	__u64 now = bpf_ktime_get_ns();

	if (t->off_ns)
		switch_unseen(t, task, now);
	if (state & CT_DEAD)
		tell_busy(t, who_is(task), now);
	t->off_ns = now;
	t->ran_ns = task->se.sum_exec_runtime;
	t->stack = 0;
	t->quota.queue = 0;
	if (t->reclaim_since_ns)
		t->reclaim_ns += now - t->reclaim_since_ns;
	t->reclaim_since_ns = 0;
	t->off_reclaim_ns += t->reclaim_ns;
	t->reclaim_ns = 0;
	t->off_flags = memory_flags(t, task);
	if (preempt || !state) {
		t->off_flags |= CT_W_PREEMPTED;
		t->quota.task = (__u64)task;
		ct_quota_begin(&t->quota);
		return;
	}
	/* It comes back no more: what it did is told with a wait that takes no time. */
	if ((state & CT_DEAD) && t->off_reclaim_ns)
		ct_tell_wait(t, who_is(task), now, 0);
	t->stack = known_wait(task, state);
	if (!t->stack)
		t->stack = stack_of(ctx);
}

/* sched_switch(bool preempt, prev, next, unsigned int prev_state): the last one since 5.18. */
SEC("?tp_btf/sched_switch")
int BPF_PROG(ct_why_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int state)
{
	struct ct_thread *t;

	t = thread(prev);
	if (t)
		switch_out(ctx, t, prev, preempt, state);
	t = thread(next);
	if (t)
		switch_in(t, next);
	return 0;
}

/*
 * The kernel takes pages away from the cgroup, or from all, before the thread gets one: mm/vmscan.c. What
 * it waits for meanwhile, its stack tells; what it does itself is counted here, and told with its next wait.
 */
static __always_inline int reclaim_begins(void)
{
	struct ct_thread *t = thread(bpf_get_current_task_btf());

	if (t) {
		t->reclaims = 1;
		t->reclaim_since_ns = bpf_ktime_get_ns();
	}
	return 0;
}

static __always_inline int reclaim_ends(void)
{
	struct ct_thread *t = thread(bpf_get_current_task_btf());

	if (!t)
		return 0;
	if (t->reclaim_since_ns)
		t->reclaim_ns += bpf_ktime_get_ns() - t->reclaim_since_ns;
	else if (t->off_ns) /* it was not seen to come to its CPU: since when is known later */
		t->reclaim_until_ns = bpf_ktime_get_ns();
	t->reclaim_since_ns = 0;
	t->reclaims = 0;
	return 0;
}

SEC("?tp_btf/mm_vmscan_memcg_reclaim_begin")
int ct_why_memcg_reclaim(void *ctx)
{
	return reclaim_begins();
}

SEC("?tp_btf/mm_vmscan_memcg_reclaim_end")
int ct_why_memcg_reclaimed(void *ctx)
{
	return reclaim_ends();
}

SEC("?tp_btf/mm_vmscan_direct_reclaim_begin")
int ct_why_reclaim(void *ctx)
{
	return reclaim_begins();
}

SEC("?tp_btf/mm_vmscan_direct_reclaim_end")
int ct_why_reclaimed(void *ctx)
{
	return reclaim_ends();
}
