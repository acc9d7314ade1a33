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
	__u64 dur_ns; /* how long it took, 0 for an instant; SEND: see CT_KINDS */
	__u32 tgid;
	__u32 tid;
	/*
	 * First process of the container or exec session that it runs in, its own tgid where it is
	 * that; 0 on the host, and of programs with a name of the role table in old recordings.
	 * See also CT_KINDS.
	 */
	__u32 root;
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
	CT_F_SEEDED = 1 << 3, /* user space looked it up, the kernel did not say it */
	CT_F_MINE =
		1 << 4 /* SEND, EXEC: by a descendant of coldtrace, which had a program to run */
};

/*
 * Columns: number, symbol, name, what obj, arg, sub and the tail hold.
 * 1..63 come from the kernel, 64.. are facts that user space looked up.
 */
#define CT_KINDS(X) \
	X(1, FORK, "fork", "obj: child tgid; arg: its pid namespace level") \
	X(2, EXEC, "exec", \
	  "obj: netns inode; arg: pid namespace level, owner uid << 32; sub: role; tail: argv; of whose fork was not " \
	  "told dur: its parent, and << 32 of that one's") \
	X(3, EXIT, "exit", \
	  "ret: wait status; sub: role, 0: of a client of an engine; of a helper dur: since it woke a process of its own " \
	  "last") \
	X(4, SEND, "send", \
	  "obj: socket cookie; arg: its peer's; sub: family; tail: bytes sent; client: root: tgid of the engine, dur: " \
	  "of its parent, and << 32 of that one's") \
	X(5, NETLINK, "netlink", "obj: netns inode of the socket; sub: protocol; tail: bytes") \
	X(6, LISTEN, "listen", "obj: netns inode; arg: port") \
	X(7, ACCEPT, "accept", "obj: netns inode; arg: port") \
	X(8, OUTPUT, "output", "the workload wrote to its shim; obj: tgid of the shim") \
	X(9, CGROUP, "cgroup", "cgroup made; obj: cgroup id; tail: path") \
	X(10, SYNC, "sync", \
	  "fsync began; sub: fdatasync; obj: inode; arg: bytes, 0: not known; tail: directory/file, " \
	  "last two names; of what is fetched dur: since its first byte, ret: since its last, us") \
	X(11, UNLINK, "unlink", \
	  "file unlinked; obj, arg: as of sync; tail: directory/file [NUL digest of what was there]") \
	X(12, CALL, "call", "sub: enum ct_call; obj, arg: its numbers; tail: its strings") \
	X(13, OPEN, "open", "a workload opened a file; tail: path") \
	X(14, RELAY, "relay", "the shim passed output on; tail: directory/file, last two names") \
	X(15, WAIT, "wait", \
	  "a thread runs again after dur; obj: why, see below; arg: of it, ns without a CPU; " \
	  "sub: enum ct_wait_flag; ret: tid of who woke it; tail: struct ct_wait_tail, or none") \
	X(16, STACK, "stack", "obj: its id; tail: kernel functions, innermost first") \
	X(17, FRAMES, "frames", \
	  "obj: id of a stack; tail: addresses; user space makes it a STACK") \
	X(18, OPENED, "opened", \
	  "one open; sub: view, call; obj: flags of the call; arg: where; tail: path [NUL container]") \
	X(19, HOLE, "hole", \
	  "something that was said on a connection is not carried; obj: socket cookie; sub: enum ct_hole") \
	X(20, PLUGIN, "plugin", \
	  "a network plugin is executed; tail: its CNI_ variables, NUL behind each") \
	X(21, WAITS, "waits", \
	  "a busy thread's short ones for the same, in dur; obj: why, see below; " \
	  "arg: of dur, ns off its CPU; ret: how many; sub: enum ct_wait_flag; " \
	  "tail: struct ct_waits_tail") \
	X(22, LINK, "link", "an engine asks for a connection of TCP; sub: family") \
	X(23, POD, "pod", \
	  "a kubelet prepares a pod; sub: enum ct_pod_sub; tail: path of its cgroup, where a volume is mounted") \
	X(24, LINKED, "linked", \
	  "of that connection, which ret tells from others of tgid; sub: enum ct_linked, family << 8; obj: bytes " \
	  "received; dur: since it was asked for, behind that since it was made; arg: port of the other side, own " \
	  "port << 16, RTT << 32, us; tail: struct ct_linked_tail; NAMED: obj: enum ct_named; tail: the host, ct_host.h") \
	X(25, ASKER, "asker", \
	  "a client asks an engine for the first time; root: tgid of the engine; sub: enum ct_asker_sub; tail: name of its " \
	  "program, CT_COMM_LEN bytes; behind that CALLED: argv, IMAGE: the image") \
	X(26, ABOVE, "above", \
	  "of who asks for something, once, before it does: who forked it, and that one, and so on; tail: their tgids, 32 " \
	  "bits each") \
	X(64, CLOCK, "clock", "time passed: nothing else happened until ts") \
	X(65, PROCESS, "process", \
	  "running when tracing began; obj: netns; arg: ppid, owner uid << 32; " \
	  "ret: pid namespace level; tail: argv") \
	X(66, IDENTITY, "identity", "tail: key NUL value NUL ... of one container") \
	X(67, LOST, "lost", \
	  "sub: enum ct_loss; obj: how many more were lost; tail: why, if it is tgid's doing; " \
	  "SHARE: root, arg: of which container, user") \
	X(68, OPTIONS, "options", \
	  "obj: ready mask; arg: depth; sub: 1: short answers of engines are carried; tail: ready glob") \
	X(69, ENGINE, "engine", "an engine was found; tail: key NUL value NUL ...") \
	X(70, OPENS, "opens", "opens of one opener since the last; sub: view, call; ct_opens.h") \
	X(71, APP, "app", \
	  "inside a sandbox; sub: enum ct_app; ret: wait status or errno; tail: id NUL argv or why") \
	X(72, OPENS_PATH, "opens-path", "opens of one path, likewise; ct_opens.h") \
	X(73, FORGER, "forger", \
	  "programs that have an engine's name and are none; sub: role of the name; obj: how many " \
	  "more; arg: owner uid; root: container that they run in; tail: name") \
	X(74, BEGIN, "begin", \
	  "all probes are attached, and what ran before is known; arg: how long after ts, ns") \
	X(75, LAYER, "layer", \
	  "a layer of an image; obj: bytes; arg: how many there are, 0: it is no manifest; sub: its " \
	  "number (of none 1: nobody has looked); tail: digests of manifest, config, layer, its media " \
	  "type, of a command's own: when it was stored, ns since 1970, bytes unpacked; NUL behind each") \
	X(76, LABELS, "labels", \
	  "what the user calls what follows; obj: number of the run, 0: none; tail: key NUL value NUL ...") \
	X(77, UNPACKED, "unpacked", \
	  "a layer was unpacked; obj: bytes of its files; arg: how many there are, 0: it is not known; sub: its " \
	  "number; dur: when, CLOCK_REALTIME; tail: digits of the config, namespace, NUL behind each") \
	X(78, IMAGE, "image", \
	  "arg: whether an engine has such an image; tail: namespace, name, digest, NUL behind each")

/* So many processes above one are told by ABOVE. */
#define CT_ABOVE_MAX 15

enum ct_kind {
#define X(number, symbol, name, doc) CT_KIND_##symbol = number,
	CT_KINDS(X)
#undef X
	CT_KIND_MAX = 128
};

/* Of a HOLE. */
enum ct_hole {
	CT_HOLE_LOST = 0, /* and counted where it was */
	/* What was said before is not known where it is heard: nothing is lost, unless it was once */
	CT_HOLE_UNKNOWN = 1
};

/*
 * What EXEC and PROCESS say of who executes. The owner is 0 only if nobody but root of the host
 * decides what the program does: real and effective user are root, and so is whoever may write the
 * file. Old recordings have 0 there, which is what they meant.
 */
#define CT_LEVEL_MASK 0xff
#define CT_UID_SHIFT  32
#define CT_UID_NOBODY 65534 /* a file of root that others may write: owned by anybody */

static inline __u8 ct_event_level(const struct ct_event *e)
{
	return (__u8)((e->kind == CT_KIND_PROCESS ? (__u64)e->ret : e->arg) & CT_LEVEL_MASK);
}

static inline __u32 ct_event_uid(const struct ct_event *e)
{
	return (__u32)(e->arg >> CT_UID_SHIFT);
}

/* Of PROCESS alone. */
static inline __u32 ct_event_ppid(const struct ct_event *e)
{
	return (__u32)e->arg;
}

enum ct_wait_flag {
	CT_W_PREEMPTED = 1 << 0, /* it could have run all the time */
	CT_W_IRQ = 1 << 1, /* woken by an interrupt or a timer, not by a thread that was seen */
	CT_W_NEW = 1 << 2, /* it was made at the begin of the wait */
	CT_W_GAP = 1 << 3, /* waits of this thread before this one were left out */
	CT_W_RECLAIM = 1 << 4, /* it was in the middle of reclaiming memory */
	CT_W_STALL = 1 << 5 /* the kernel counts all of it as a stall for memory (PSI) */
};

#define CT_CGROUP_LEN 40

/* Only as much of it is sent as is not 0. */
struct ct_wait_tail {
	char comm[CT_COMM_LEN]; /* of a waker that is not tracked, else empty */
	__u64 ran_ns; /* how long the thread had run again when it was seen to: dur ended so long ago */
	__u64 reclaim_ns; /* of the time that it ran before the wait, how long it reclaimed memory */
	__u64 throttled_ns; /* of the time without a CPU, how long a quota forbade it one */
	char cgroup[CT_CGROUP_LEN]; /* whose quota: begin of the last name of its path */
};

struct ct_waits_tail {
	__u64 queue_ns; /* of arg, ns without a CPU */
	__u64 ago_ns; /* dur ended so long ago */
};

/*
 * What WAIT's and WAITS's obj says without a stack. Columns: number, symbol, the function in which the stack
 * would have ended. Greater numbers are ids of stacks, 0 is none.
 */
#define CT_KNOWN_WAITS 16
#define CT_WAITS(X) \
	X(1, FUTEX, "futex_wait") \
	X(2, EPOLL, "ep_poll") \
	X(3, SLEEP, "hrtimer_nanosleep")

enum ct_known_wait {
#define X(number, symbol, function) CT_WAIT_##symbol = number,
	CT_WAITS(X)
#undef X
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

/* What is known of an asker's command line, and lies behind its name. */
enum ct_asker_sub {
	CT_ASKER_NAMED = 0, /* nothing */
	CT_ASKER_CALLED =
		1, /* the kernel's: all of it, or nothing; of programs that fetch images */
	CT_ASKER_IMAGE = 2 /* which image it is to fetch: so it is recorded */
};

/* What is seen of a kubelet. Columns: number, symbol, what it says. */
#define CT_PODS(X) \
	X(1, CGROUP, "the cgroup of a pod is made") \
	X(2, MOUNT, "a program is executed that mounts a volume of a pod; its EXIT ends that")

enum ct_pod_sub {
#define X(number, symbol, doc) CT_POD_##symbol = number,
	CT_PODS(X)
#undef X
	CT_POD_MAX
};

/*
 * What becomes of a connection that an engine has asked for. The first that is said behind MADE and NAMED is its end, and
 * nothing is said behind that. Columns: number, symbol, what it says.
 */
#define CT_LINKEDS(X) \
	X(1, MADE, "it is there") \
	X(2, FAILED, "it never was: refused, unreachable, given up") \
	X(3, FINISHED, "the other side has said all, and all of that has been received") \
	X(4, CLOSED, "the engine has closed it") \
	X(5, BROKEN, "one side has broken it off") \
	X(6, NAMED, "the engine has said which host it asks for; where sends over TCP are heard")

enum ct_linked {
#define X(number, symbol, doc) CT_LINKED_##symbol = number,
	CT_LINKEDS(X)
#undef X
	CT_LINKED_MAX
};

/* By what a host is known. Columns: number, symbol, name, what it is. */
#define CT_NAMEDS(X) \
	X(1, SNI, "sni", "the server name of TLS") \
	X(2, HOST, "host", "the Host of a request") \
	X(3, CONNECT, "connect", "a proxy was asked for a connection to it")

enum ct_named {
	CT_NAMED_NONE = 0,
#define X(number, symbol, name, doc) CT_NAMED_##symbol = number,
	CT_NAMEDS(X)
#undef X
	CT_NAMED_MAX
};

struct ct_linked_tail {
	__u8 address[16]; /* of the other side; of IPv4 the first 4 */
	__u32 resent; /* segments that the engine sent again */
	__u32 disordered; /* that it received in another order: some were lost, or overtaken */
};

/* What is heard from inside a sandbox besides opens. Columns: number, symbol, what it says. */
#define CT_APPS(X) \
	X(1, WATCHED, "it is listened to from here on; ret: 0, else why not; obj: for opens") \
	X(2, EXEC, "the container's own program is loaded, its first task about to run") \
	X(3, START, "the first system call of the container's own program") \
	X(4, EXIT, "the container's own program has ended")

enum ct_app {
#define X(number, symbol, doc) CT_APP_##symbol = number,
	CT_APPS(X)
#undef X
	CT_APP_MAX
};

/* Why something is missing from the events. Columns: number, symbol, name, what to do. */
#define CT_LOSSES(X) \
	X(0, RING, "ring buffer full", "raise --ring") \
	X(1, ACTORS, "process table full", "raise --processes") \
	X(2, CALLS, "call table full", "raise --processes") \
	X(3, READ, "argument or message not readable, or too long", "") \
	X(4, LATE, "event out of order", "") \
	X(5, UNKNOWN, "event of an unknown kind", "use a newer coldtrace") \
	X(6, TABLE, "container table full", "raise --containers") \
	X(7, OPENS, "opened file not counted, or not by its path", "raise --processes") \
	X(8, WAITS, "waits of a busy thread left out", "") \
	X(9, SANDBOX, "message of a sandbox dropped", "") \
	X(10, STEPS, "step of a start or stop with too many", "") \
	X(11, SHARE, "beyond the share of one container or user", "look at what it runs") \
	X(12, DISK, "event not recorded: disk full or stalled", "make room, or lower --keep-size") \
	X(13, TALK, "request, connection, port or file forgotten: there were too many", "")

enum ct_loss {
#define X(number, symbol, name, advice) CT_LOSS_##symbol = number,
	CT_LOSSES(X)
#undef X
	CT_LOSS_MAX
};
