/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opened files, counted where they are opened: per opener a histogram of times, per path a few
 * numbers. Nothing goes through the ring, unless a recording asks for each of them.
 *
 * The hooks are the functions of the calls that open, where the kernel permits fentry, or else the
 * tracepoints of these calls. Each of the latter makes every system call of the node take the
 * kernel's slow path, and prepares a perf record before a program can leave (perf_syscall_enter()
 * in kernel/trace/trace_syscalls.c): docs/overhead.md has what that costs. Either are attached only
 * when opened files are asked for.
 *
 * What has been counted is taken away by user space while it is counted on: there are two of each
 * map, and one slot says which is written. The kernel returns from changing that slot when no
 * program uses the other any more (maybe_wait_bpf_programs()), so nothing is counted in neither.
 */
#pragma once

#include "coldtrace.bpf.h"
#include "ct_opens.h"
#include "open_maps.bpf.h"
#include "ready.bpf.h"

/*
 * Columns: tracepoint below syscalls/sys_{enter,exit}_, enum ct_open_call, directory, path, flags.
 * A(n) is argument n: the kernel refuses to attach a program to a tracepoint that reads one which
 * the call does not have. openat2() has its flags in memory: left out. 32-bit processes have other
 * calls.
 */
#define CT_COUNTED_CALLS(X) \
	X(openat, OPEN, A(0), A(1), A(2)) \
	X(open, OPEN, CT_AT_FDCWD, A(0), A(1)) \
	X(openat2, OPEN, A(0), A(1), 0) \
	X(creat, OPEN, CT_AT_FDCWD, A(0), CT_CREAT_FLAGS) \
	X(execve, EXEC, CT_AT_FDCWD, A(0), 0) \
	X(execveat, EXEC, A(0), A(1), 0)

#define CT_AT_FDCWD       (-100)
#define CT_CREAT_FLAGS    01101 /* O_CREAT | O_WRONLY | O_TRUNC: creat() in fs/open.c */
#define CT_STORAGE_CREATE 1 /* BPF_LOCAL_STORAGE_GET_F_CREATE */

const volatile bool opens_each = false; /* an event per open, and no counters */

/*
 * Known before anything is looked up: a bystander is no actor. Of those nobody is counted who is no deeper than the
 * host, unless he has been told to be. A task has no pid but at its end; loads through it are then zero.
 */
static __always_inline bool is_bystander(const struct task_struct *task)
{
	return ct_is_bystander(task->tgid) ||
	       (opens_beside <= 0 && task->thread_pid->level <= opens_host_level);
}

/* The time is taken last here and first in open_end(): what is done to count is not counted. */
static __always_inline void open_begin(struct task_struct *task, __u8 call, __s32 dir, __u64 path,
				       __u64 flags)
{
	struct ct_opening *open;

	open = bpf_task_storage_get(&opening, task, NULL, 0);
	/* A runtime becomes the container's first process in the middle of an execve. */
	if (!open) {
		if (!ct_actor_of(bpf_get_current_pid_tgid() >> 32))
			return;
		open = bpf_task_storage_get(&opening, task, NULL, CT_STORAGE_CREATE);
	}
	if (!open) {
		ct_lose(CT_LOSS_OPENS);
		return;
	}
	open->path = path;
	open->flags = flags;
	open->dir = dir;
	open->call = call;
	open->ts_ns = bpf_ktime_get_ns();
}

static __always_inline __u32 open_bucket(__u64 ns)
{
	__u64 n = ns >> 1;
	__u32 msb = 0, at;

	if (ns < CT_OPENS_EXACT)
		return (__u32)ns;
	if (ns >> (CT_OPENS_SUB_BITS + CT_OPENS_POWERS + 1))
		return CT_OPENS_BUCKETS - 1;
#define CT_STEP(bits) \
	do { \
		if (n >> (bits)) { \
			n >>= (bits); \
			msb += (bits); \
		} \
	} while (0)
	CT_STEP(32);
	CT_STEP(16);
	CT_STEP(8);
	CT_STEP(4);
	CT_STEP(2);
	CT_STEP(1);
#undef CT_STEP
	msb += 1; /* of ns itself, which is at least CT_OPENS_EXACT */
	at = CT_OPENS_EXACT + (msb - CT_OPENS_SUB_BITS - 1) * CT_OPENS_SUB_BUCKETS +
	     (__u32)((ns >> (msb - CT_OPENS_SUB_BITS)) - CT_OPENS_SUB_BUCKETS);
	return at;
}

static __always_inline void count_open(struct ct_opens_counts *c, __u64 now, __u64 ns, bool failed)
{
	__sync_fetch_and_add(&c->count, 1);
	__sync_fetch_and_add(&c->ns, ns);
	if (failed)
		__sync_fetch_and_add(&c->failed, 1);
	if (ns > c->max_ns) /* two CPUs at once: the histogram corrects it to within a bucket */
		c->max_ns = ns;
	if (!c->first_ns)
		c->first_ns = now;
	c->last_ns = now;
}

/* Eight bytes at a time; what lies behind the NUL in the last of them is zero. */
static __always_inline __u64 hash_path(const char *path, __u32 len, __u64 seed)
{
	const __u64 *words = (const void *)path;
	__u64 h = seed ^ len;

	for (__u32 i = 0; i < CT_OPENS_PATH_LEN / 8; i++) {
		if (i * 8 >= len)
			break;
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return h;
}

static __always_inline struct mount___open *mount_of(const struct vfsmount___open *mnt)
{
	return (void *)mnt - __builtin_preserve_field_info(((struct mount___open *)0)->mnt,
							   BPF_FIELD_BYTE_OFFSET);
}

/*
 * The names from a dentry to the root of its mount, and on where that is mounted. All reads are
 * of what may change meanwhile: a name that is wrong then is one of a directory that moved.
 */
static __noinline int name_dir(struct ct_opens_dir *dir, __u64 dentry_at, __u64 mnt_at)
{
	struct dentry *dentry = (void *)dentry_at, *up;
	struct mount___open *mount, *above;

	if (!dir)
		return 0;
	dir->end = 0;
	dir->cut = 1;
	mount = mnt_at ? mount_of((void *)mnt_at) : NULL;
	for (int i = 0; i <= CT_OPENS_DIR_DEPTH; i++) {
		__u32 end = dir->end;
		long n;

		if (mount && dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount) {
				dir->cut = 0;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		up = BPF_CORE_READ(dentry, d_parent);
		if (up == dentry || !up) {
			dir->cut = 0;
			break;
		}
		if (i == CT_OPENS_DIR_DEPTH || end >= CT_OPENS_DIR_LEN)
			break;
		n = bpf_probe_read_kernel_str(dir->names + end, CT_OPENS_NAME_LEN,
					      BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0)
			break;
		dir->end = end + n;
		dentry = up;
	}
	return 0;
}

/*
 * Remembers what a directory is called. The key is as unique as the kernel's address of it; when
 * that is another directory's by now, or it was moved, the stamp is not the same any more.
 */
static __always_inline __u64 keep_dir(struct ct_opens_scratch *s, __u32 root, __u64 dentry_at,
				      __u64 mnt, __u64 at)
{
	const struct dentry___open *dentry = (void *)dentry_at;
	__u64 key = (at ^ (__u64)root << 48) | 1, stamp;
	struct ct_opens_dir *kept;

	stamp = BPF_CORE_READ(dentry, d_name.hash_len) ^ (__u64)BPF_CORE_READ(dentry, d_parent);
	kept = bpf_map_lookup_elem(&open_dirs, &key);
	if (!kept || kept->stamp != stamp) {
		name_dir(&s->dir, dentry_at, mnt);
		s->dir.stamp = stamp;
		bpf_map_update_elem(&open_dirs, &key, &s->dir, BPF_ANY);
	}
	return key;
}

/* Where the opened file lies. */
static __always_inline void place(struct ct_opens_path *p, struct ct_opens_scratch *s, __u32 root,
				  const struct file___open *file)
{
	struct vfsmount___open *mnt;
	struct super_block___open *sb;
	struct dentry___open *dentry;

	if (!file)
		return;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	mnt = BPF_CORE_READ(file, f_path.mnt);
	sb = BPF_CORE_READ(dentry, d_sb);
	p->where = CT_OPENS_WHERE(BPF_CORE_READ(sb, s_dev), BPF_CORE_READ(sb, s_magic));
	p->mount = keep_dir(s, root, (__u64)BPF_CORE_READ(mnt, mnt_root), (__u64)mnt, (__u64)mnt);
}

/* The directory that a relative path begins at, or the whole name of what was executed. */
struct ct_open_base {
	__u64 dentry;
	__u64 mnt;
};

/* The same directory may be mounted twice, and is called differently there. */
static __always_inline __u64 base_key(const struct ct_open_base *base)
{
	return base->dentry ^ base->mnt * 0x9e3779b97f4a7c15ull;
}

static __always_inline struct ct_open_base base_of(const struct task_struct___open *task, __s32 dir)
{
	struct ct_open_base base = {};
	struct file___open *file;

	if (dir == CT_AT_FDCWD) {
		base.dentry = (__u64)BPF_CORE_READ(task, fs, pwd.dentry);
		base.mnt = (__u64)BPF_CORE_READ(task, fs, pwd.mnt);
		return base;
	}
	file = ct_file_at(task, dir);
	if (file) {
		base.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
		base.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	}
	return base;
}

static __always_inline void count_path(struct ct_opener opener, const struct ct_opening *args,
				       struct ct_opens_scratch *s, struct ct_opens_sum *sum,
				       __u64 now, __u64 ns, long ret)
{
	const struct task_struct___open *task = (void *)bpf_get_current_task_btf();
	struct ct_opens_path_key key = { .opener = opener };
	struct ct_open_base base = {};
	struct ct_opens_path *p = NULL;
	bool executed = args->call == CT_OPEN_EXEC && !ret;
	__u32 zero = 0, flags = 0;
	struct file___open *file;
	void *paths;
	__u64 at;
	long n;

	paths = bpf_map_lookup_elem(&open_paths, &zero);
	if (!paths)
		return;
	n = executed ? 1
		     : bpf_probe_read_user_str(s->path.path, CT_OPENS_PATH_LEN,
					       (const void *)args->path);
	if (n <= 0) {
		flags |= CT_OPENS_F_UNREADABLE;
		n = 1;
	}
	if (n >= CT_OPENS_PATH_LEN) {
		flags |= CT_OPENS_F_CUT;
		n = CT_OPENS_PATH_LEN;
	}
	if (n == 1)
		s->path.path[0] = '\0';
	/*
	 * The rest of the last word is of an older path. At its end this goes on into the directory,
	 * which is written before it is used.
	 */
	at = n;
	barrier_var(at); /* the verifier of 6.1 must see the mask */
	if (n < CT_OPENS_PATH_LEN)
		*(__u64 *)(s->path.path + (at & (CT_OPENS_PATH_LEN - 1))) = 0;
	if (executed) {
		file = BPF_CORE_READ(task, mm, exe_file);
		base.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
		base.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	} else if (s->path.path[0] != '/' && !(flags & CT_OPENS_F_UNREADABLE)) {
		base = base_of(task, args->dir);
		flags |= CT_OPENS_F_RELATIVE;
	}
	key.opener.epoch = 0;
	key.hash = hash_path(s->path.path, n, base_key(&base) ^ flags);
	p = bpf_map_lookup_elem(paths, &key);
	if (!p) {
		struct ct_opens_path *new = &s->path;

		__builtin_memset(&new->counts, 0, sizeof(new->counts));
		new->where = 0;
		new->mount = 0;
		new->error = 0;
		new->flags = flags;
		new->base = base.dentry ? keep_dir(s, opener.root, base.dentry, base.mnt,
						   base_key(&base))
					: 0;
		bpf_map_update_elem(paths, &key, new, BPF_NOEXIST);
		p = bpf_map_lookup_elem(paths, &key);
		if (!p) {
			__sync_fetch_and_add(&sum->unkept, 1);
			return;
		}
		__sync_fetch_and_add(&opens_inserted, 1);
	}
	count_open(&p->counts, now, ns, ret < 0);
	if (ret < 0)
		p->error = -ret;
	else if (!p->where)
		place(p, s, opener.root,
		      executed ? BPF_CORE_READ(task, mm, exe_file) : ct_file_at(task, ret));
}

static __always_inline void count_opened(struct ct_opener opener, const struct ct_opening *args,
					 __u64 now, __u64 ns, long ret)
{
	struct ct_opens_scratch *s;
	struct ct_opens_sum *sum, *nothing;
	__u32 zero = 0;
	__u64 error, bucket;
	void *sums;

	sums = bpf_map_lookup_elem(&open_sums, &zero);
	if (!sums)
		return;
	sum = bpf_map_lookup_elem(sums, &opener);
	if (!sum) {
		nothing = bpf_map_lookup_elem(&open_nothing, &zero);
		if (!nothing)
			return;
		bpf_map_update_elem(sums, &opener, nothing, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(sums, &opener);
		if (!sum) {
			ct_lose(CT_LOSS_OPENS);
			return;
		}
	}
	count_open(&sum->counts, now, ns, ret < 0);
	if (ret < 0) {
		error = -ret;
		barrier_var(error);
		if (error >= CT_OPENS_ERRNOS)
			error = CT_OPENS_ERRNOS - 1;
		__sync_fetch_and_add(&sum->errors[error], 1);
	}
	bucket = open_bucket(ns);
	barrier_var(bucket); /* the verifier must see the bound */
	if (bucket < CT_OPENS_BUCKETS)
		__sync_fetch_and_add(&sum->buckets[bucket], 1);
	s = bpf_task_storage_get(&open_scratch, bpf_get_current_task_btf(), NULL,
				 CT_STORAGE_CREATE);
	if (s)
		count_path(opener, args, s, sum, now, ns, ret);
	else
		__sync_fetch_and_add(&sum->unkept, 1);
}

static __always_inline void opened_event(struct ct_opener opener, const struct ct_opening *args,
					 __u64 ns, long ret)
{
	const struct task_struct___open *task = (void *)bpf_get_current_task_btf();
	bool executed = args->call == CT_OPEN_EXEC && !ret;
	struct file___open *file;
	struct super_block___open *sb;
	struct ct_event *e;
	__u64 path = args->path;
	long n;

	e = ct_reserve(CT_KIND_OPENED, CT_OPENS_PATH_LEN);
	if (!e)
		return;
	e->root = opener.root;
	e->sub = CT_OPENS_SUB(opener.view, opener.call);
	e->ret = ret;
	e->dur_ns = ns;
	e->obj = args->flags;
	file = executed ? BPF_CORE_READ(task, mm, exe_file) : ct_file_at(task, ret);
	if (file && ret >= 0) {
		sb = BPF_CORE_READ(file, f_path.dentry, d_sb);
		e->arg = CT_OPENS_WHERE(BPF_CORE_READ(sb, s_dev), BPF_CORE_READ(sb, s_magic));
	}
	if (executed) /* the new program's first argument is as near as it gets */
		path = BPF_CORE_READ((struct task_struct *)task, mm, arg_start);
	n = bpf_probe_read_user_str(e->tail, CT_OPENS_PATH_LEN, (const void *)path);
	if (n <= 0) {
		e->flags |= CT_F_NO_DATA;
		ct_lose(CT_LOSS_READ);
	} else if (n >= CT_OPENS_PATH_LEN) {
		e->flags |= CT_F_TRUNCATED;
		n = CT_OPENS_PATH_LEN;
	}
	ct_tail_set(e, n > 0 ? n - 1 : 0);
	ct_submit(e);
}

/* One copy for all calls. */
static __noinline int open_end(__u64 now, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ct_opener opener = {};
	struct ct_actor *actor, *root;
	struct ct_opening *open;
	__u64 ns;

	actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	if (!actor || !ct_may_serve(actor))
		return 0;
	open = bpf_task_storage_get(&opening, task, NULL, 0);
	if (!open || !open->ts_ns) /* it began before it was traced */
		return 0;
	ns = now - open->ts_ns;
	open->ts_ns = 0;
	opener.root = ct_root_of(actor);
	opener.view = ct_is_workload(actor) ? CT_VIEW_NATIVE : CT_VIEW_HOST;
	opener.call = open->call;
	if (opens_each) {
		if (ct_may_say(actor->share, CT_OPENS_PATH_LEN))
			opened_event(opener, open, ns, ret);
		return 0;
	}
	root = opener.root == (__u32)(bpf_get_current_pid_tgid() >> 32) ? actor
									: ct_actor_of(opener.root);
	if (root)
		opener.epoch = root->epoch;
	count_opened(opener, open, now, ns, ret);
	return 0;
}

/* The arguments are looked at last: a bystander pays for what is done before. */
#define OPEN_ENTERS(call, dir, path, flags) \
	do { \
		struct task_struct *task = bpf_get_current_task_btf(); \
\
		if (is_bystander(task)) \
			return 0; \
		open_begin(task, CT_OPEN_##call, dir, path, flags); \
		return 0; \
	} while (0)

static __always_inline int open_leaves(long ret)
{
	if (!is_bystander(bpf_get_current_task_btf()))
		open_end(bpf_ktime_get_ns(), ret);
	return 0;
}

#define A(n) (ctx->args[n])
#define X(name, call, dir, path, flags) \
	SEC("?tracepoint/syscalls/sys_enter_" #name) \
	int ct_opens_enter_##name(struct trace_event_raw_sys_enter *ctx) \
	{ \
		OPEN_ENTERS(call, dir, path, flags); \
	} \
	SEC("?tracepoint/syscalls/sys_exit_" #name) \
	int ct_opens_leave_##name(struct trace_event_raw_sys_exit *ctx) \
	{ \
		return open_leaves(ctx->ret); \
	}
CT_COUNTED_CALLS(X)
#undef X
#undef A

/* asm/syscall_wrapper.h: the function of a call gets the registers of who called. */
#if defined(__TARGET_ARCH_x86)
#define CT_ARG_0 di
#define CT_ARG_1 si
#define CT_ARG_2 dx
#elif defined(__TARGET_ARCH_arm64)
#define CT_ARG_0 regs[0]
#define CT_ARG_1 regs[1]
#define CT_ARG_2 regs[2]
#endif

#define A(n) (regs->CT_ARG_##n)
#define X(name, call, dir, path, flags) \
	SEC("?fentry/" CT_CALL_FUNCTION #name) \
	int BPF_PROG(ct_opens_fentry_##name, const struct pt_regs *regs) \
	{ \
		OPEN_ENTERS(call, dir, path, flags); \
	} \
	SEC("?fexit/" CT_CALL_FUNCTION #name) \
	int BPF_PROG(ct_opens_fexit_##name, const struct pt_regs *regs, long ret) \
	{ \
		return open_leaves(ret); \
	}
CT_COUNTED_CALLS(X)
#undef X
#undef A
