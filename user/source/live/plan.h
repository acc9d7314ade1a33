/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan: which probes a run loads, decided from tables, the options and what the kernel says
 * it can host. Pure: a test passes a fake kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"
#include "ct_features.h"
#include "ct_opens.h"
#include "util/err.h"

#define CT_READY_BIT(symbol) (1u << CT_READY_##symbol)
/* In the same mask: not a sign of being ready, but an option of its own. */
#define CT_ASKED_OPENS (1u << 31)
/* Why a row is off that waits for it. */
#define CT_NOT_ASKED_OPENS "only with --opens"

/* Why a row is off whose module is a file system that this kernel does not know (now). */
#define CT_NO_FILE_SYSTEM "there is no such file system here: nothing is missed"

/* Kinds of hooks. Columns: kind, the beginning of a hook of that kind. */
#define CT_HOOKS(X) \
	X(TP_BTF, "tp_btf/") \
	X(RAW_TP, "raw_tp/") \
	X(FENTRY, "fentry/") \
	X(FENTRY, "fexit/") \
	X(KPROBE, "kprobe/") \
	X(KPROBE, "kretprobe/") \
	X(TRACEPOINT, "tracepoint/") \
	X(ITER, "iter/")

enum ct_hook {
	CT_HOOK_TP_BTF = 1 << 0, /* tracepoint, arguments with types */
	CT_HOOK_RAW_TP = 1 << 1, /* tracepoint, arguments as numbers */
	CT_HOOK_FENTRY = 1 << 2, /* begin or end of a function, arguments with types */
	CT_HOOK_KPROBE = 1 << 3, /* the same by a breakpoint, arguments as numbers */
	CT_HOOK_TRACEPOINT = 1 << 4, /* as perf sees it, by tracefs */
	CT_HOOK_ITER = 1 << 5, /* a walk through what there is */
	CT_HOOK_ALL = (1 << 6) - 1
};

/* What can be seen at several places. A probe of no group has no alternative. */
enum ct_probe_group {
	CT_GROUP_NONE,
	CT_GROUP_FORK,
	CT_GROUP_EXEC,
	CT_GROUP_EXIT,
	CT_GROUP_SEND,
	CT_GROUP_CGROUP,
	CT_GROUP_TCP,
	CT_GROUP_OUTPUT,
	CT_GROUP_RELAY,
	CT_GROUP_EXT4_SYNC, /* the same on different file systems: no alternatives */
	CT_GROUP_EXT4_UNLINK,
	CT_GROUP_XFS_SYNC,
	CT_GROUP_XFS_UNLINK,
	CT_GROUP_BTRFS_SYNC,
	CT_GROUP_BTRFS_UNLINK,
	CT_GROUP_OPENS_OPENAT, /* from here on a system call each */
	CT_GROUP_OPENS_OPEN,
	CT_GROUP_OPENS_OPENAT2,
	CT_GROUP_OPENS_CREAT,
	CT_GROUP_OPENS_EXECVE,
	CT_GROUP_OPENS_EXECVEAT
};

static inline bool ct_group_is_call(enum ct_probe_group group)
{
	return group >= CT_GROUP_OPENS_OPENAT;
}

/* A tracepoint of the kernel itself or of a module: typed if possible, raw if not. */
#define CT_PROBE_POINT(X, SYMBOL, program, point, module, ready, group, need, features, unseen) \
	X(SYMBOL, program, "tp_btf/" point, module, PHASES, ready, CT_GROUP_##group, need, \
	  features, "5.5", unseen) \
	X(SYMBOL##_RAW, program##_raw, "raw_tp/" point, module, PHASES, ready, CT_GROUP_##group, \
	  need, CT_FEATURE_BIT(READ), "5.5", unseen)

/* Other places where sends are heard. */
#define CT_UNSEEN_SENDS   "the engine's API and what it says to its shims, and with them every phase"
#define CT_UNSEEN_NETLINK "the steps that make and remove network interfaces"
#define CT_PROBE_SEND(X, SYMBOL, program, hook, need, unseen) \
	X(SYMBOL, program, hook, "", PHASES, 0, CT_GROUP_SEND, need, CT_FEATURE_BIT(READ), "", \
	  unseen)

/* Both sides of a system call: tracepoint below syscalls/, CT_STEPS or a bit per enum ct_ready. */
#define CT_PROBE_CALL(X, SYMBOL, call, depth, ready, unseen) \
	X(ENTER_##SYMBOL, ct_enter_##call, "tracepoint/syscalls/sys_enter_" #call, "", depth, \
	  ready, CT_GROUP_NONE, WANTED, 0, "", unseen) \
	X(LEAVE_##SYMBOL, ct_leave_##call, "tracepoint/syscalls/sys_exit_" #call, "", depth, \
	  ready, CT_GROUP_NONE, WANTED, 0, "", unseen)
#define CT_PROBE_STEP(X, SYMBOL, call, unseen) CT_PROBE_CALL(X, SYMBOL, call, STEPS, 0, unseen)
#define CT_PROBE_OPEN(X, SYMBOL, call) \
	CT_PROBE_CALL(X, SYMBOL, call, PHASES, CT_READY_BIT(PATH), \
		      "files that a service opens with " #call "() to say that it is ready")

/* The same calls once more, for opened files that are counted: their functions or their tracepoints. */
#define CT_PROBE_COUNTS(X, symbol, program, hook, group, since, unseen) \
	X(symbol, program, hook, "", PHASES, CT_ASKED_OPENS, group, WANTED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), since, unseen)
#define CT_PROBE_COUNTED(X, SYMBOL, call) \
	CT_PROBE_COUNTS(X, OPENS_FENTRY_##SYMBOL, ct_opens_fentry_##call, \
			"fentry/" CT_CALL_FUNCTION #call, CT_GROUP_OPENS_##SYMBOL, "5.11", \
			"how long " #call "() takes") \
	CT_PROBE_COUNTS(X, OPENS_FEXIT_##SYMBOL, ct_opens_fexit_##call, \
			"fexit/" CT_CALL_FUNCTION #call, CT_GROUP_OPENS_##SYMBOL, "5.11", \
			"files opened with " #call "()") \
	CT_PROBE_COUNTS(X, OPENS_ENTER_##SYMBOL, ct_opens_enter_##call, \
			"tracepoint/syscalls/sys_enter_" #call, CT_GROUP_OPENS_##SYMBOL, "5.13", \
			"how long " #call "() takes") \
	CT_PROBE_COUNTS(X, OPENS_LEAVE_##SYMBOL, ct_opens_leave_##call, \
			"tracepoint/syscalls/sys_exit_" #call, CT_GROUP_OPENS_##SYMBOL, "5.13", \
			"files opened with " #call "()")

/* That there are opens which are not counted. */
#define CT_PROBE_MISSED(X, SYMBOL, program, hook, since, unseen) \
	X(SYMBOL, program, hook, "", PHASES, CT_ASKED_OPENS, CT_GROUP_NONE, EXTRA, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), since, unseen)

/* What the hooks of each file system are for. */
#define CT_UNSEEN_SYNC   "when the engine saves the state of a container, on "
#define CT_UNSEEN_UNLINK "when the engine removes the state of a container, on "

/* Names lie outside of what is typed. */
#define CT_READS_NAMES (CT_FEATURE_BIT(READ) | CT_FEATURE_BIT(CAST))

/* Both ends, of the limit of a cgroup and of no memory at all. */
#define CT_PROBE_RECLAIM(X, SYMBOL, program, hook) \
	X(SYMBOL, program, hook, "", WHY, 0, CT_GROUP_NONE, WANTED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), "5.13", \
	  "what threads do to reclaim memory")

/*
 * Columns: symbol, BPF program, hook, kernel module that may have the hook ("" for none), depth,
 * ready kinds (or CT_ASKED_*) of which one must be asked for (0: always), group, need, features of
 * which it needs one (0: none), kernel that brought the hook ("" if older than all that can run this), what is
 * not seen without it.
 *
 * The rows of one group with one kind of hook are a way of seeing the same, and go together. The
 * ways of a group stand best first: the first that the kernel can host is taken.
 */
#define CT_PROBES(X) \
	CT_PROBE_POINT(X, FORK, ct_fork, "sched_process_fork", "", 0, FORK, REQUIRED, 0, \
		       "which processes belong to an engine, a shim or a container") \
	X(PLUGIN, ct_plugin, "tp_btf/sched_process_exec", "", PHASES, 0, CT_GROUP_NONE, WANTED, \
	  CT_FEATURE_BIT(LOOP), "5.17", "what network plugins are called for") \
	CT_PROBE_POINT(X, EXEC, ct_exec, "sched_process_exec", "", 0, EXEC, REQUIRED, 0, \
		       "engines, shims and runtimes, and the first process of a container") \
	CT_PROBE_POINT(X, EXIT, ct_exit, "sched_process_exit", "", 0, EXIT, REQUIRED, 0, \
		       "the end of a container and its exit code") \
	X(SEND, ct_send, "tp_btf/sock_send_length", "", PHASES, 0, CT_GROUP_SEND, REQUIRED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_BIT(SOCKETS), "6.3", CT_UNSEEN_SENDS) \
	X(SEND_UNIX_FEXIT, ct_send_unix_fexit, "fexit/unix_stream_sendmsg", "", PHASES, 0, \
	  CT_GROUP_SEND, REQUIRED, CT_FEATURE_BIT(READ) | CT_FEATURE_BIT(SOCKETS), "5.5", \
	  CT_UNSEEN_SENDS) \
	X(SEND_NETLINK_FEXIT, ct_send_netlink_fexit, "fexit/netlink_sendmsg", "", PHASES, 0, \
	  CT_GROUP_SEND, EXTRA, 0, "5.5", CT_UNSEEN_NETLINK) \
	CT_PROBE_SEND(X, SEND_UNIX_ENTER, ct_send_unix_enter, "kprobe/unix_stream_sendmsg", \
		      REQUIRED, CT_UNSEEN_SENDS) \
	CT_PROBE_SEND(X, SEND_UNIX_LEAVE, ct_send_unix_leave, "kretprobe/unix_stream_sendmsg", \
		      REQUIRED, CT_UNSEEN_SENDS) \
	CT_PROBE_SEND(X, SEND_NETLINK_ENTER, ct_send_netlink_enter, "kprobe/netlink_sendmsg", \
		      EXTRA, CT_UNSEEN_NETLINK) \
	CT_PROBE_SEND(X, SEND_NETLINK_LEAVE, ct_send_netlink_leave, "kretprobe/netlink_sendmsg", \
		      EXTRA, CT_UNSEEN_NETLINK) \
	CT_PROBE_SEND(X, SEND_WRITE, ct_send_write, "tracepoint/syscalls/sys_exit_write", \
		      REQUIRED, CT_UNSEEN_SENDS) \
	CT_PROBE_SEND(X, SEND_WRITEV, ct_send_writev, "tracepoint/syscalls/sys_exit_writev", \
		      REQUIRED, CT_UNSEEN_SENDS) \
	CT_PROBE_SEND(X, SEND_SENDTO, ct_send_sendto, "tracepoint/syscalls/sys_exit_sendto", \
		      REQUIRED, CT_UNSEEN_SENDS) \
	CT_PROBE_SEND(X, SEND_SENDMSG, ct_send_sendmsg, "tracepoint/syscalls/sys_exit_sendmsg", \
		      REQUIRED, CT_UNSEEN_SENDS) \
	CT_PROBE_POINT(X, CGROUP, ct_cgroup, "cgroup_mkdir", "", 0, CGROUP, WANTED, \
		       CT_READS_NAMES, "when the cgroup of a container is made") \
	CT_PROBE_POINT(X, TCP, ct_tcp, "inet_sock_set_state", "", \
		       CT_READY_BIT(LISTEN) | CT_READY_BIT(ACCEPT), TCP, WANTED, 0, \
		       "services that listen on a TCP port or are connected to") \
	CT_PROBE_POINT(X, OUTPUT, ct_output, "sched_waking", "", CT_READY_BIT(OUTPUT), OUTPUT, \
		       WANTED, CT_FEATURE_BIT(READ) | CT_FEATURE_BIT(TASK_REGS), \
		       "the first output of a service") \
	CT_PROBE_POINT(X, RELAY, ct_relay, "writeback_mark_inode_dirty", "", CT_READY_BIT(OUTPUT), \
		       RELAY, WANTED, CT_READS_NAMES, \
		       "a first output that the shim was too busy to be woken for") \
	CT_PROBE_POINT(X, EXT4_SYNC, ct_ext4_sync, "ext4_sync_file_enter", "ext4", 0, EXT4_SYNC, \
		       WANTED, CT_READS_NAMES, CT_UNSEEN_SYNC "ext4") \
	CT_PROBE_POINT(X, EXT4_UNLINK, ct_ext4_unlink, "ext4_unlink_exit", "ext4", 0, EXT4_UNLINK, \
		       WANTED, CT_READS_NAMES, CT_UNSEEN_UNLINK "ext4") \
	CT_PROBE_POINT(X, XFS_SYNC, ct_xfs_sync, "xfs_file_fsync", "xfs", 0, XFS_SYNC, WANTED, \
		       CT_READS_NAMES, CT_UNSEEN_SYNC "XFS") \
	CT_PROBE_POINT(X, XFS_UNLINK, ct_xfs_unlink, "xfs_remove", "xfs", 0, XFS_UNLINK, WANTED, \
		       CT_READS_NAMES, CT_UNSEEN_UNLINK "XFS") \
	CT_PROBE_POINT(X, BTRFS_SYNC, ct_btrfs_sync, "btrfs_sync_file", "btrfs", 0, BTRFS_SYNC, \
		       EXTRA, CT_READS_NAMES, CT_UNSEEN_SYNC "Btrfs") \
	CT_PROBE_POINT(X, BTRFS_SYNC_ENTER, ct_btrfs_sync_enter, "btrfs_sync_file_enter", "btrfs", \
		       0, BTRFS_SYNC, EXTRA, CT_READS_NAMES, CT_UNSEEN_SYNC "Btrfs") \
	X(BTRFS_UNLINK, ct_btrfs_unlink, "fexit/btrfs_unlink", "btrfs", PHASES, 0, \
	  CT_GROUP_BTRFS_UNLINK, EXTRA, CT_READS_NAMES, "5.5", CT_UNSEEN_UNLINK "Btrfs") \
	X(BTRFS_UNLINK_ENTER, ct_btrfs_unlink_enter, "kprobe/btrfs_unlink", "btrfs", PHASES, 0, \
	  CT_GROUP_BTRFS_UNLINK, EXTRA, CT_FEATURE_BIT(READ), "", CT_UNSEEN_UNLINK "Btrfs") \
	CT_PROBE_COUNTED(X, OPENAT, openat) \
	CT_PROBE_COUNTED(X, OPEN, open) \
	CT_PROBE_COUNTED(X, OPENAT2, openat2) \
	CT_PROBE_COUNTED(X, CREAT, creat) \
	CT_PROBE_COUNTED(X, EXECVE, execve) \
	CT_PROBE_COUNTED(X, EXECVEAT, execveat) \
	CT_PROBE_MISSED(X, OPENS_RING, ct_opens_ring, "tp_btf/io_uring_create", "5.5", \
			"that a container opens files by io_uring") \
	CT_PROBE_MISSED(X, OPENS_EXEC, ct_opens_exec, "tp_btf/sched_process_exec", "5.11", \
			"that a container's 32-bit programs open files") \
	CT_PROBE_MISSED(X, OPENS_SEED, ct_opens_seed, "iter/task", "5.11", \
			"the same of those that ran before") \
	CT_PROBE_OPEN(X, OPEN, open) \
	CT_PROBE_OPEN(X, OPENAT, openat) \
	CT_PROBE_OPEN(X, OPENAT2, openat2) \
	CT_PROBE_STEP(X, MOUNT, mount, "mounts") \
	CT_PROBE_STEP(X, UMOUNT, umount, "unmounts") \
	CT_PROBE_STEP(X, UNSHARE, unshare, "namespaces that are made") \
	CT_PROBE_STEP(X, SETNS, setns, "namespaces that are joined") \
	CT_PROBE_STEP(X, PIVOT_ROOT, pivot_root, "when the container's root is in place") \
	CT_PROBE_STEP(X, MKDIR, mkdir, "directories made with mkdir()") \
	CT_PROBE_STEP(X, MKDIRAT, mkdirat, "directories made with mkdirat()") \
	CT_PROBE_STEP(X, MKNODAT, mknodat, "fifos and devices") \
	CT_PROBE_STEP(X, RENAME, rename, "state files replaced with rename()") \
	CT_PROBE_STEP(X, RENAMEAT, renameat, "state files replaced with renameat()") \
	CT_PROBE_STEP(X, RENAMEAT2, renameat2, "state files replaced with renameat2()") \
	CT_PROBE_STEP(X, UNLINK, unlink, "files removed with unlink()") \
	CT_PROBE_STEP(X, UNLINKAT, unlinkat, "files removed with unlinkat()") \
	CT_PROBE_STEP(X, RMDIR, rmdir, "directories removed with rmdir()") \
	CT_PROBE_STEP(X, FSYNC, fsync, "waits for the disk in fsync()") \
	CT_PROBE_STEP(X, FDATASYNC, fdatasync, "waits for the disk in fdatasync()") \
	CT_PROBE_STEP(X, MEMFD_CREATE, memfd_create, "the runtime's copy of itself") \
	CT_PROBE_STEP(X, SECCOMP, seccomp, "system-call filters") \
	CT_PROBE_STEP(X, MOVE_MOUNT, move_mount, "mounts made with move_mount()") \
	CT_PROBE_STEP(X, OPEN_TREE, open_tree, "mounts copied with open_tree()") \
	CT_PROBE_STEP(X, FSOPEN, fsopen, "file systems made with fsopen()") \
	X(WHY_WAKING, ct_why_waking, "tp_btf/sched_waking", "", WHY, 0, CT_GROUP_NONE, REQUIRED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), "5.13", \
	  "who ended a wait, and how long a CPU was waited for then") \
	X(WHY_FORK, ct_why_fork, "tp_btf/sched_process_fork", "", WHY, 0, CT_GROUP_NONE, WANTED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), "5.13", "what new threads wait for") \
	X(WHY_EXEC, ct_why_exec, "tp_btf/sched_process_exec", "", WHY, 0, CT_GROUP_NONE, WANTED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), "5.13", \
	  "what engines, shims and runtimes wait for that start while tracing") \
	X(WHY_SEED, ct_why_seed, "iter/task", "", WHY, 0, CT_GROUP_NONE, WANTED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), "5.13", \
	  "what those wait for that ran before") \
	CT_PROBE_RECLAIM(X, WHY_MEMCG_RECLAIMED, ct_why_memcg_reclaimed, \
			 "tp_btf/mm_vmscan_memcg_reclaim_end") \
	CT_PROBE_RECLAIM(X, WHY_MEMCG_RECLAIM, ct_why_memcg_reclaim, \
			 "tp_btf/mm_vmscan_memcg_reclaim_begin") \
	CT_PROBE_RECLAIM(X, WHY_RECLAIMED, ct_why_reclaimed, \
			 "tp_btf/mm_vmscan_direct_reclaim_end") \
	CT_PROBE_RECLAIM(X, WHY_RECLAIM, ct_why_reclaim, "tp_btf/mm_vmscan_direct_reclaim_begin") \
	X(WHY_SWITCH, ct_why_switch, "tp_btf/sched_switch", "", WHY, 0, CT_GROUP_NONE, REQUIRED, \
	  CT_FEATURE_BIT(READ) | CT_FEATURE_MUST(STORAGE), "5.18", \
	  "when threads wait, and what for")

enum ct_probe {
#define X(symbol, program, hook, module, depth, ready, group, need, features, since, unseen) \
	CT_PROBE_##symbol,
	CT_PROBES(X)
#undef X
	CT_PROBE_MAX
};

/*
 * Plans: what a run may use, strongest first. Columns: symbol, name, hooks allowed, hooks allowed
 * for sends, features that must be there, features that may be used, when it is the one.
 */
#define CT_PLANS(X) \
	X(FULL, "full", CT_HOOK_ALL, CT_HOOK_TP_BTF, CT_FEATURE_BIT(READ), ~0u, \
	  "Linux 6.3 or newer") \
	X(FENTRY, "fentry", CT_HOOK_ALL, CT_HOOK_FENTRY, CT_FEATURE_BIT(READ), ~0u, \
	  "older; arm64 since 6.4") \
	X(BTF, "btf", CT_HOOK_TP_BTF | CT_HOOK_FENTRY | CT_HOOK_TRACEPOINT, \
	  CT_HOOK_TP_BTF | CT_HOOK_FENTRY, CT_FEATURE_BIT(TASK_REGS) | CT_FEATURE_BIT(SOCKETS), \
	  ~CT_FEATURE_BIT(READ), "lockdown=confidentiality; Linux 5.16 or newer") \
	X(KPROBE, "kprobe", CT_HOOK_ALL & ~CT_HOOK_FENTRY, CT_HOOK_KPROBE, CT_FEATURE_BIT(READ), \
	  ~0u, "no fentry: older kernels on arm64") \
	X(TRACEPOINT, "tracepoint", CT_HOOK_RAW_TP | CT_HOOK_TRACEPOINT, CT_HOOK_TRACEPOINT, \
	  CT_FEATURE_BIT(READ), CT_FEATURE_BIT(READ) | CT_FEATURE_BIT(TASK_REGS), \
	  "neither fentry nor kprobes; every write call of the node pays")

enum ct_plan_name {
#define X(symbol, name, hooks, sends, must, may, help) CT_PLAN_##symbol,
	CT_PLANS(X)
#undef X
	CT_PLAN_MAX,
	CT_PLAN_BEST = CT_PLAN_MAX /* asked for: the strongest that this kernel can host */
};

struct ct_plan_row {
	const char *name;
	uint32_t hooks, sends; /* of enum ct_hook */
	uint32_t must, may; /* of enum ct_feature */
	const char *when;
};

extern const struct ct_plan_row ct_plans[CT_PLAN_MAX];

struct ct_feature_row {
	const char *name;
	const char *since;
	const char *without;
};

extern const struct ct_feature_row ct_features[CT_FEATURE_MAX];

/* WHY does not contain STEPS: it is of a request of its own. */
enum ct_depth {
	CT_DEPTH_PHASES,
	CT_DEPTH_STEPS,
	CT_DEPTH_WHY
};

enum ct_need {
	CT_NEED_REQUIRED, /* nothing is traced without it, or without another way of its group */
	CT_NEED_WANTED,
	CT_NEED_EXTRA /* its way is worth taking without it; only doctor tells that it is off */
};

struct ct_probe_row {
	const char *program;
	const char *hook;
	const char *module;
	enum ct_depth depth;
	uint32_t ready;
	enum ct_probe_group group;
	enum ct_need need;
	uint32_t features; /* one of these bits, and all that it must have */
	const char *since;
	const char *unseen;
};

extern const struct ct_probe_row ct_probes[CT_PROBE_MAX];

extern const char *const ct_depth_names[];

struct ct_plan_request {
	bool steps, why;
	uint32_t ready_mask; /* bit per enum ct_ready, and CT_ASKED_* */
	enum ct_plan_name plan;
};

/* What the kernel says. A reason must live as long as the program. */
struct ct_plan_kernel {
	bool (*can)(void *ctx, enum ct_probe probe, const char **why_not);
	bool (*has)(void *ctx, enum ct_feature feature, const char **why_not);
	void *ctx;
};

struct ct_plan {
	struct ct_plan_request request;
	enum ct_plan_name name; /* the one that is made, of which all below tells */
	uint32_t features; /* bit per enum ct_feature: in use */
	const char
		*feature_why_not[CT_FEATURE_MAX]; /* borrowed, as all of these; NULL while in use */
	struct {
		bool on;
		bool asked; /* the request has a use for it */
		enum ct_probe instead; /* off: first probe of the way taken, or CT_PROBE_MAX */
		const char *why_not; /* NULL while on */
	} rows[CT_PROBE_MAX];
	/* Plans that are not possible, of those that were tried: what is missing. */
	struct {
		bool tried;
		const char *what, *hook, *why_not; /* why_not NULL: it is possible */
	} plans[CT_PLAN_MAX];
};

/*
 * Fills the whole plan, also when it fails, then with the last that was tried. It fails if no plan
 * that was asked for is possible, with a sentence about the first.
 */
int ct_plan_make(struct ct_plan *plan, const struct ct_plan_request *req,
		 const struct ct_plan_kernel *kernel, struct ct_err *err);

enum ct_hook ct_hook_of(enum ct_probe probe);

/* The others of a group are other ways of seeing the same. */
bool ct_probe_is_first(enum ct_probe probe);

/* The probe of a BPF program's name, CT_PROBE_MAX if there is none. */
enum ct_probe ct_probe_by_program(const char *program, size_t len);

/* The plan of a name, CT_PLAN_MAX if there is none. */
enum ct_plan_name ct_plan_by_name(const char *name);
