/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan: which probes a run loads, decided from a table, the options and what the kernel says
 * it can host. Pure: a test passes a fake kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"
#include "util/err.h"

#define CT_READY_BIT(symbol) (1u << CT_READY_##symbol)

/* Both sides of a system call: tracepoint below syscalls/, CT_STEPS or a bit per enum ct_ready. */
#define CT_PROBE_CALL(X, SYMBOL, call, depth, ready, unseen) \
	X(ENTER_##SYMBOL, ct_enter_##call, "tracepoint/syscalls/sys_enter_" #call, "", depth, \
	  ready, 0, WANTED, "", unseen) \
	X(LEAVE_##SYMBOL, ct_leave_##call, "tracepoint/syscalls/sys_exit_" #call, "", depth, \
	  ready, 0, WANTED, "", unseen)
#define CT_PROBE_STEP(X, SYMBOL, call, unseen) CT_PROBE_CALL(X, SYMBOL, call, STEPS, 0, unseen)
#define CT_PROBE_OPEN(X, SYMBOL, call) \
	CT_PROBE_CALL(X, SYMBOL, call, PHASES, CT_READY_BIT(PATH), \
		      "files that a service opens with " #call "() to say that it is ready")

/*
 * Columns: symbol, BPF program, hook, kernel module that may have the hook ("" for none), depth,
 * ready kinds of which one must be asked for (0: always), alternatives, need, kernel that brought
 * the hook ("" if older than all that can run this), what is not seen without it.
 *
 * Probes of one group other than 0 are alternatives, best first: one is loaded.
 */
#define CT_PROBES(X) \
	X(FORK, ct_fork, "tp_btf/sched_process_fork", "", PHASES, 0, 0, REQUIRED, "5.5", \
	  "which processes belong to an engine, a shim or a container") \
	X(EXEC, ct_exec, "tp_btf/sched_process_exec", "", PHASES, 0, 0, REQUIRED, "5.5", \
	  "engines, shims and runtimes, and the first process of a container") \
	X(EXIT, ct_exit, "tp_btf/sched_process_exit", "", PHASES, 0, 0, REQUIRED, "5.5", \
	  "the end of a container and its exit code") \
	X(SEND, ct_send, "tp_btf/sock_send_length", "", PHASES, 0, 0, REQUIRED, "6.3", \
	  "the engine's API and what it says to its shims, and with them every phase") \
	X(CGROUP, ct_cgroup, "tp_btf/cgroup_mkdir", "", PHASES, 0, 0, WANTED, "5.5", \
	  "when the cgroup of a container is made") \
	X(TCP, ct_tcp, "tp_btf/inet_sock_set_state", "", PHASES, \
	  CT_READY_BIT(LISTEN) | CT_READY_BIT(ACCEPT), 0, WANTED, "5.5", \
	  "services that listen on a TCP port or are connected to") \
	X(OUTPUT, ct_output, "tp_btf/sched_waking", "", PHASES, CT_READY_BIT(OUTPUT), 0, WANTED, \
	  "5.5", "the first output of a service") \
	X(RELAY, ct_relay, "tp_btf/writeback_mark_inode_dirty", "", PHASES, CT_READY_BIT(OUTPUT), \
	  0, WANTED, "5.5", "a first output that the shim was too busy to be woken for") \
	X(EXT4_SYNC, ct_ext4_sync, "tp_btf/ext4_sync_file_enter", "ext4", PHASES, 0, 0, WANTED, \
	  "5.5", "when the engine saves the state of a container") \
	X(EXT4_UNLINK, ct_ext4_unlink, "tp_btf/ext4_unlink_exit", "ext4", PHASES, 0, 0, WANTED, \
	  "5.5", "when the engine removes the state of a container") \
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
	CT_PROBE_STEP(X, FSOPEN, fsopen, "file systems made with fsopen()")

enum ct_probe {
#define X(symbol, program, hook, module, depth, ready, group, need, since, unseen) \
	CT_PROBE_##symbol,
	CT_PROBES(X)
#undef X
	CT_PROBE_MAX
};

enum ct_depth {
	CT_DEPTH_PHASES,
	CT_DEPTH_STEPS
};

enum ct_need {
	CT_NEED_REQUIRED,
	CT_NEED_WANTED
};

struct ct_probe_row {
	const char *program;
	const char *hook;
	const char *module;
	enum ct_depth depth;
	uint32_t ready;
	unsigned int group;
	enum ct_need need;
	const char *since;
	const char *unseen;
};

extern const struct ct_probe_row ct_probes[CT_PROBE_MAX];
extern const char *const ct_depth_names[];

struct ct_plan_request {
	enum ct_depth depth;
	uint32_t ready_mask; /* bit per enum ct_ready */
};

struct ct_plan {
	struct ct_plan_request request;
	struct {
		bool on;
		bool asked; /* the request has a use for it */
		const char *why_not; /* borrowed, lives as long as the program; NULL while on */
	} rows[CT_PROBE_MAX];
};

/* Whether this kernel can host a probe. *why_not must live as long as the program. */
typedef bool (*ct_can_fn)(void *ctx, enum ct_probe probe, const char **why_not);

/*
 * Fills the whole plan, also when it fails: it fails only if a required probe is not served, with
 * a sentence about the first one.
 */
int ct_plan_make(struct ct_plan *plan, const struct ct_plan_request *req, ct_can_fn can, void *ctx,
		 struct ct_err *err);

/* The kernel said no after all. Fails if the probe is required; its alternatives are not tried. */
int ct_plan_refuse(struct ct_plan *plan, enum ct_probe probe, const char *why_not,
		   struct ct_err *err);

/* The probe of a BPF program's name, CT_PROBE_MAX if there is none. */
enum ct_probe ct_probe_by_program(const char *program, size_t len);
