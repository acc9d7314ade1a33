/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What probes use where a kernel has it, and do without where not. User space finds out and tells
 * the kernel side in one constant, so that the verifier drops the other half of each choice.
 */
#pragma once

#include "ct_types.h"

/* Columns: number, symbol, what the kernel calls it, the kernel that brought it, what is done without. */
#define CT_FEATURES(X) \
	X(0, READ, "bpf_probe_read_kernel", "5.5", \
	  "only hooks with typed arguments are used (lockdown=confidentiality)") \
	X(1, TASK_REGS, "bpf_task_pt_regs", "5.15", \
	  "the registers of a system call are found at the end of the kernel stack") \
	X(2, SOCKETS, "bpf_skc_to_unix_sock", "5.16", \
	  "sockets are known by their inode numbers, not by their cookies") \
	X(3, CAST, "bpf_rdonly_cast", "6.2", \
	  "names in the kernel's memory are read with bpf_probe_read_kernel alone") \
	X(4, LOOP, "bpf_loop", "5.17", "network plugins are helpers without a name") \
	X(5, STORAGE, "bpf_task_storage_get", "5.13", \
	  "neither --why nor --opens: nothing can be kept for a thread")

enum ct_feature {
#define X(number, symbol, name, since, without) CT_FEATURE_##symbol = number,
	CT_FEATURES(X)
#undef X
	CT_FEATURE_MAX
};

/* Structures of the kernel that addresses are cast to, and what their types are numbered where it runs. */
#define CT_CAST_TYPES(X) \
	X(cgroup) \
	X(dentry) \
	X(file) \
	X(hlist_node) \
	X(inode) \
	X(sock) \
	X(sockaddr_un) \
	X(task_struct) \
	X(tcp_sock) \
	X(unix_sock)

enum ct_cast_type {
#define X(name) CT_CAST_TYPE_##name,
	CT_CAST_TYPES(X)
#undef X
	CT_CAST_TYPE_MAX
};

/* Number of the call that becomes bpf_rdonly_cast when it is loaded; no helper will ever have it. */
#define CT_CALL_CAST           0x43545243

#define CT_FEATURE_BIT(symbol) (1u << CT_FEATURE_##symbol)
/* In the same mask of a probe: it cannot do without that one, whichever others it has. */
#define CT_FEATURE_MUST(symbol) (1u << (16 + CT_FEATURE_##symbol))
