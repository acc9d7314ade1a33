/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Depth "steps": the system calls with which engines, shims and runtimes do their work, one event
 * per call, emitted when it returns. What each call proves:
 *
 *   mount        engine: the root file system (overlay) or a network namespace is mounted;
 *                runtime, runc init: a mount of the container; arguments source, target, type
 *   umount       engine: the reverse of both, a container is being taken down
 *   fsopen, open_tree, move_mount
 *                the same as mount, by runtimes and engines that use the mount API of 5.2
 *   unshare      runtime: namespaces are made, obj says which; engine: a network sandbox is made
 *   setns        a namespace is joined: dockerd works on a container's network, exec enters it
 *   pivot_root   runc init, gofer: the container's root is in place, its mounts are done
 *   mkdir        engine: the directory of a container or of a layer; shim: of a bundle
 *   mknod        fifos by their mode: containerd's init-stdout, runc's exec.fifo; else devices
 *   rename       engine: a state file gets its final name, a metadata write ends
 *   unlink       engine, runtime: state, layer or fifo removed; obj has AT_REMOVEDIR for a directory
 *   fsync        a metadata write waits for the disk, for dur_ns
 *   memfd        runc: the copy of itself that it executes (CVE-2019-5736)
 *   seccomp      runc init: the last step before the program is executed; runsc boot: its filter
 *
 * What workloads do is not traced. gVisor's sandbox and gofer are helpers, and also do what their
 * workload asked for.
 *
 * The path that a workload opened, for --ready path:GLOB, is the one thing here that looks at
 * workloads; it is loaded for that option alone.
 */
#pragma once

#include "coldtrace.bpf.h"
#include "ready.bpf.h"

#define CT_AT_REMOVEDIR 0x200

/* One string has room for 256 bytes with its NUL; of three, the type of a file system is short. */
#define CT_STR_MAX   256
#define CT_STR_THIRD 64

/*
 * Columns: tracepoint below syscalls/sys_{enter,exit}_, symbol of enum ct_call, obj, arg, the
 * strings (CT_CALLS says how many count). A(n) is argument n: the kernel refuses to attach a
 * program that reads an argument which the call does not have. A name that an architecture lacks
 * (arm64: mkdir, rename, unlink, rmdir, open) has no tracepoint there.
 */
#define CT_TRACED_CALLS(X) \
	X(mount, MOUNT, A(3), 0, A(0), A(1), A(2)) \
	X(umount, UMOUNT, A(1), 0, A(0), 0, 0) \
	X(unshare, UNSHARE, A(0), 0, 0, 0, 0) \
	X(setns, SETNS, A(1), A(0), 0, 0, 0) \
	X(pivot_root, PIVOT_ROOT, 0, 0, 0, 0, 0) \
	X(mkdir, MKDIR, A(1), 0, A(0), 0, 0) \
	X(mkdirat, MKDIR, A(2), 0, A(1), 0, 0) \
	X(mknodat, MKNOD, A(2), A(3), A(1), 0, 0) \
	X(rename, RENAME, 0, 0, A(0), A(1), 0) \
	X(renameat, RENAME, 0, 0, A(1), A(3), 0) \
	X(renameat2, RENAME, A(4), 0, A(1), A(3), 0) \
	X(unlink, UNLINK, 0, 0, A(0), 0, 0) \
	X(unlinkat, UNLINK, A(2), 0, A(1), 0, 0) \
	X(rmdir, UNLINK, CT_AT_REMOVEDIR, 0, A(0), 0, 0) \
	X(fsync, FSYNC, A(0), 0, 0, 0, 0) \
	X(fdatasync, FSYNC, A(0), 0, 0, 0, 0) \
	X(memfd_create, MEMFD, A(1), 0, A(0), 0, 0) \
	X(seccomp, SECCOMP, A(0), A(1), 0, 0, 0) \
	X(move_mount, MOVE_MOUNT, A(4), 0, A(1), A(3), 0) \
	X(open_tree, OPEN_TREE, A(2), 0, A(1), 0, 0) \
	X(fsopen, FSOPEN, A(1), 0, A(0), 0, 0)

#define A(n) (ctx->args[n])

/* What arg[] of struct ct_pending holds here. */
enum ct_call_arg {
	CT_ARG_OBJ,
	CT_ARG_ARG,
	CT_ARG_STR
};

static __always_inline void call_enter(__u64 obj, __u64 arg, __u64 s0, __u64 s1, __u64 s2)
{
	struct ct_pending call = { .arg = { obj, arg, s0, s1, s2 } };
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	call.ts_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&pending, &tid, &call, BPF_ANY))
		ct_lose(CT_LOSS_CALLS);
}

/* Copies what is pending for this thread, and forgets it. */
static __always_inline bool call_take(struct ct_pending *ret_call)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct ct_pending *call = bpf_map_lookup_elem(&pending, &tid);

	if (!call)
		return false;
	*ret_call = *call;
	bpf_map_delete_elem(&pending, &tid);
	return true;
}

/*
 * Appends one string and its NUL at tail + at, with room for max bytes, and returns the new end.
 * The call has just read the string itself, so its page is resident; NULL is an empty string.
 */
static __always_inline __u64 tail_str(struct ct_event *e, __u64 at, __u64 max, __u64 user)
{
	__s64 n = user ? bpf_probe_read_user_str(e->tail + at, max, (const void *)user) : 0;
	__u64 len = n;

	if (n < 0) {
		e->flags |= CT_F_NO_DATA;
		ct_lose(CT_LOSS_READ);
	}
	barrier_var(len); /* one bound for the verifier, of 5.10 too, not one per way to get here */
	if (len - 1 >= max) {
		e->tail[at] = '\0';
		return at + 1;
	}
	if (len == max)
		e->flags |= CT_F_TRUNCATED;
	barrier_var(len);
	if (len > max)
		return at;
	return at + len;
}

enum ct_call_strings {
#define X(number, symbol, name, strings) CT_STRINGS_##symbol = strings,
	CT_CALLS(X)
#undef X
};

/* kind and strings are constants, so each program keeps only what its call needs. */
static __always_inline void call_event(__u16 kind, __u32 strings, long ret)
{
	const __u32 tail_max =
		(strings > 2 ? 2 : strings) * CT_STR_MAX + (strings > 2 ? CT_STR_THIRD : 0);
	struct ct_pending call;
	struct ct_event *e;
	__u64 end = 0;

	if (!call_take(&call))
		return;
	e = ct_reserve(CT_KIND_CALL, tail_max);
	if (!e)
		return;
	e->sub = kind;
	e->ret = ret;
	e->dur_ns = e->ts_ns - call.ts_ns;
	e->obj = call.arg[CT_ARG_OBJ];
	e->arg = call.arg[CT_ARG_ARG];
	if (strings > 0)
		end = tail_str(e, end, CT_STR_MAX, call.arg[CT_ARG_STR]);
	if (strings > 1)
		end = tail_str(e, end, CT_STR_MAX, call.arg[CT_ARG_STR + 1]);
	if (strings > 2)
		end = tail_str(e, end, CT_STR_THIRD, call.arg[CT_ARG_STR + 2]);
	ct_tail_set(e, end ? end - 1 : 0); /* NUL between strings, none after the last */
	ct_submit(e);
}

#define X(name, symbol, obj, arg, s0, s1, s2) \
	SEC("?tracepoint/syscalls/sys_enter_" #name) \
	int ct_enter_##name(struct trace_event_raw_sys_enter *ctx) \
	{ \
		struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32); \
\
		if (actor && !ct_is_workload(actor) && ct_may_say(actor->share, CT_TAIL_SMALL)) \
			call_enter(obj, arg, s0, s1, s2); \
		return 0; \
	} \
	SEC("?tracepoint/syscalls/sys_exit_" #name) \
	int ct_leave_##name(struct trace_event_raw_sys_exit *ctx) \
	{ \
		call_event(CT_CALL_##symbol, CT_STRINGS_##symbol, ctx->ret); \
		return 0; \
	}
CT_TRACED_CALLS(X)
#undef X

static __always_inline void open_enter(__u64 path)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);

	if (actor && ct_may_serve(actor) && ct_may_say(actor->share, CT_TAIL_SMALL))
		call_enter(0, 0, path, 0, 0);
}

static __always_inline void open_leave(long ret)
{
	struct ct_actor *actor;
	struct ct_pending call;
	struct ct_event *e;
	__u64 end;

	if (!call_take(&call) || ret < 0)
		return;
	actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	if (!actor)
		return;
	e = ct_reserve(CT_KIND_OPEN, CT_TAIL_MEDIUM);
	if (!e)
		return;
	e->root = ct_root_of(actor);
	e->ret = ret;
	e->dur_ns = e->ts_ns - call.ts_ns;
	end = tail_str(e, 0, CT_TAIL_MEDIUM, call.arg[CT_ARG_STR]);
	ct_tail_set(e, end - 1);
	ct_submit(e);
}

/* Columns: tracepoint, the path. */
#define CT_TRACED_OPENS(X) \
	X(open, A(0)) \
	X(openat, A(1)) \
	X(openat2, A(1))

#define X(name, path) \
	SEC("?tracepoint/syscalls/sys_enter_" #name) \
	int ct_enter_##name(struct trace_event_raw_sys_enter *ctx) \
	{ \
		open_enter(path); \
		return 0; \
	} \
	SEC("?tracepoint/syscalls/sys_exit_" #name) \
	int ct_leave_##name(struct trace_event_raw_sys_exit *ctx) \
	{ \
		open_leave(ctx->ret); \
		return 0; \
	}
CT_TRACED_OPENS(X)
#undef X
#undef A
