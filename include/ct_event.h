/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The event: the one record that crosses from the kernel to user space, lies in a recording and
 * comes out of replay. Everything coldtrace says is computed from these bytes.
 *
 * Numbers are append-only: a retired kind leaves a hole. A reader skips a kind it does not know
 * by `len` and counts it. Fixed-width members only, no implicit padding: what is not written
 * would carry old ring memory out of the kernel.
 */
#pragma once

#include "ct_types.h"

#define CT_EVENT_ALIGN   8
#define CT_TAIL_SMALL    128
#define CT_TAIL_MEDIUM   512
#define CT_TAIL_LARGE    1536
#define CT_TAIL_MAX      4096
#define CT_COMM_LEN      16
#define CT_EVENT_LEN_MAX (sizeof(struct ct_event) + CT_TAIL_MAX)

struct ct_event {
	__u16 len; /* whole record with tail, a multiple of CT_EVENT_ALIGN */
	__u8 kind; /* enum ct_kind */
	__u8 flags; /* CT_F_* */
	__u16 tail_len; /* bytes of tail[] in use */
	__u16 sub; /* small number, see CT_KINDS */
	__u64 ts_ns; /* CLOCK_MONOTONIC, when it ended */
	__u64 dur_ns; /* how long it took, 0 for an instant */
	__u32 tgid;
	__u32 tid;
	__u32 root; /* workload: first process of its container or exec session, else 0 */
	__s32 ret; /* result of the call, exit status of a process, bytes of a send */
	__u64 obj; /* see CT_KINDS */
	__u64 arg; /* see CT_KINDS */
	char tail[];
};
_Static_assert(sizeof(struct ct_event) == 56, "ct_event is an ABI");
_Static_assert(__builtin_offsetof(struct ct_event, ts_ns) == 8, "ct_event is an ABI");
_Static_assert(__builtin_offsetof(struct ct_event, obj) == 40, "ct_event is an ABI");
_Static_assert(CT_EVENT_LEN_MAX < 65536, "len is 16 bits wide");

enum ct_event_flag {
	CT_F_TRUNCATED = 1 << 0, /* the tail was longer */
	CT_F_NO_DATA = 1 << 1, /* the tail could not be read */
	CT_F_SERVER = 1 << 2, /* SEND: the sending socket was accepted from a listener */
	CT_F_SEEDED = 1 << 3 /* user space looked it up, the kernel did not say it */
};

/*
 * Columns: number, symbol, name, what obj, arg, sub and the tail hold.
 * 1..63 come from the kernel, 64.. are facts that user space looked up.
 */
#define CT_KINDS(X) \
	X(1, FORK, "fork", "obj: child tgid; arg: its pid namespace level") \
	X(2, EXEC, "exec", "obj: netns inode; arg: pid namespace level; sub: role; tail: argv") \
	X(3, EXIT, "exit", "ret: wait status; sub: role") \
	X(4, SEND, "send", \
	  "obj: socket cookie; arg: its peer's; sub: address family; tail: bytes sent") \
	X(5, NETLINK, "netlink", "obj: netns inode of the socket; sub: protocol; tail: bytes") \
	X(6, LISTEN, "listen", "obj: netns inode; arg: port") \
	X(7, ACCEPT, "accept", "obj: netns inode; arg: port") \
	X(8, OUTPUT, "output", "the workload wrote to its shim; obj: tgid of the shim") \
	X(9, CGROUP, "cgroup", "cgroup made; obj: cgroup id; tail: path") \
	X(10, SYNC, "sync", "fsync began; tail: directory/file, last two names") \
	X(11, UNLINK, "unlink", "file unlinked; tail: directory/file, last two names") \
	X(12, CALL, "call", "sub: enum ct_call; obj, arg: its numbers; tail: its strings") \
	X(13, OPEN, "open", "a workload opened a file; tail: path") \
	X(14, RELAY, "relay", "the shim passed output on; tail: directory/file, last two names") \
	X(64, CLOCK, "clock", "time passed: nothing else happened until ts") \
	X(65, PROCESS, "process", "running when tracing began; obj: netns; arg: ppid; tail: argv") \
	X(66, IDENTITY, "identity", "tail: key NUL value NUL ... of one container") \
	X(67, LOST, "lost", "sub: enum ct_loss; obj: how many more were lost") \
	X(68, OPTIONS, "options", "obj: ready mask; arg: depth; tail: ready glob") \
	X(69, ENGINE, "engine", "an engine was found; tail: key NUL value NUL ...")

enum ct_kind {
#define X(number, symbol, name, doc) CT_KIND_##symbol = number,
	CT_KINDS(X)
#undef X
	CT_KIND_MAX = 128
};

/* What a process is. The kernel side keeps one per tracked process. Columns: number, symbol, name. */
#define CT_ROLES(X) \
	X(1, ENGINE, "engine") \
	X(2, SHIM, "shim") \
	X(3, RUNTIME, "runtime") \
	X(4, HELPER, "helper") \
	X(5, INIT, "init") \
	X(6, WORKLOAD, "workload")

enum ct_role {
	CT_ROLE_NONE = 0,
#define X(number, symbol, name) CT_ROLE_##symbol = number,
	CT_ROLES(X)
#undef X
	CT_ROLE_MAX
};

/* System calls traced at depth "steps". Columns: number, symbol, name, strings in the tail. */
#define CT_CALLS(X) \
	X(1, MOUNT, "mount", 3) \
	X(2, UMOUNT, "umount", 1) \
	X(3, UNSHARE, "unshare", 0) \
	X(4, SETNS, "setns", 0) \
	X(5, PIVOT_ROOT, "pivot_root", 0) \
	X(6, MKDIR, "mkdir", 1) \
	X(7, MKNOD, "mknod", 1) \
	X(8, RENAME, "rename", 2) \
	X(9, UNLINK, "unlink", 1) \
	X(10, FSYNC, "fsync", 0) \
	X(11, MEMFD, "memfd", 1) \
	X(12, SECCOMP, "seccomp", 0) \
	X(13, MOVE_MOUNT, "move_mount", 2) \
	X(14, OPEN_TREE, "open_tree", 1) \
	X(15, FSOPEN, "fsopen", 1)

enum ct_call {
	CT_CALL_NONE = 0,
#define X(number, symbol, name, strings) CT_CALL_##symbol = number,
	CT_CALLS(X)
#undef X
	CT_CALL_MAX
};

/* Why something is missing from the events. Columns: number, symbol, name, what to do. */
#define CT_LOSSES(X) \
	X(0, RING, "ring buffer full", "raise --ring") \
	X(1, ACTORS, "process table full", "raise --processes") \
	X(2, CALLS, "call table full", "raise --processes") \
	X(3, READ, "argument not readable", "") \
	X(4, LATE, "event out of order", "") \
	X(5, UNKNOWN, "event of an unknown kind", "use a newer coldtrace") \
	X(6, TABLE, "container table full", "")

enum ct_loss {
#define X(number, symbol, name, advice) CT_LOSS_##symbol = number,
	CT_LOSSES(X)
#undef X
	CT_LOSS_MAX
};
