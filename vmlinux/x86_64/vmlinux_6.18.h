/* SPDX-License-Identifier: GPL-2.0-only */
/* Made by vmlinux/generate.sh from the BTF of Linux 6.18 (x86_64): do not edit. */
#pragma once

#define __VMLINUX_H__ /* tells bpf_tracing.h how the registers are called */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_head;
struct hlist_node;
struct task_struct;
struct pt_regs;
struct mm_struct;
struct ns_common;
struct pid;
struct nsproxy;
struct signal_struct;
struct path;
struct file;
struct iovec;
struct qstr;
struct dentry;
struct inode;
struct super_block;
struct cgroup;
struct kernfs_node;
struct linux_binprm;
struct net;
struct sock_common;
struct sock;
struct trace_event_raw_sys_enter;
struct trace_event_raw_sys_exit;
struct unix_sock;
struct user_msghdr;

typedef signed char __s8;

typedef unsigned char __u8;

typedef short int __s16;

typedef short unsigned int __u16;

typedef int __s32;

typedef unsigned int __u32;

typedef long long int __s64;

typedef long long unsigned int __u64;

typedef __u16 u16;

typedef __u32 u32;

typedef __u64 u64;

enum {
	false = 0,
	true = 1,
};

typedef long unsigned int __kernel_ulong_t;

typedef int __kernel_pid_t;

typedef __kernel_ulong_t __kernel_size_t;

typedef __u16 __be16;

typedef __u32 __be32;

typedef __u32 __wsum;

typedef u32 __kernel_dev_t;

typedef __kernel_dev_t dev_t;

typedef short unsigned int umode_t;

typedef __kernel_pid_t pid_t;

typedef _Bool bool;

typedef struct {
	int counter;
} atomic_t;

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_node {
};

struct task_struct {
	struct mm_struct *mm;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
};

struct pt_regs {
	long unsigned int si;
	long unsigned int orig_ax;
};

struct mm_struct {
	struct {
		long unsigned int arg_start;
		long unsigned int arg_end;
	};
};

struct ns_common {
	unsigned int inum;
};

struct pid {
	unsigned int level;
};

struct nsproxy {
	struct net *net_ns;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
};

struct path {
	struct dentry *dentry;
};

struct file {
	union {
		const struct path f_path;
	};
};

struct iovec {
	void *iov_base;
	__kernel_size_t iov_len;
};

struct qstr {
	void *name;
};

struct dentry {
	struct dentry *d_parent;
	union {
		const struct qstr d_name;
	};
	struct inode *d_inode;
	union {
		struct hlist_node d_alias;
	} d_u;
};

struct inode {
	umode_t i_mode;
	struct super_block *i_sb;
	long unsigned int i_ino;
	u32 i_generation;
	union {
		struct hlist_head i_dentry;
	};
};

struct super_block {
	dev_t s_dev;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct kernfs_node {
	u64 id;
};

struct net {
	struct ns_common ns;
};

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC = 0,
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_DEVMAP = 14,
	BPF_MAP_TYPE_SOCKMAP = 15,
	BPF_MAP_TYPE_CPUMAP = 16,
	BPF_MAP_TYPE_XSKMAP = 17,
	BPF_MAP_TYPE_SOCKHASH = 18,
	BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED = 19,
	BPF_MAP_TYPE_CGROUP_STORAGE = 19,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE_DEPRECATED = 21,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE = 21,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_DEVMAP_HASH = 25,
	BPF_MAP_TYPE_STRUCT_OPS = 26,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_MAP_TYPE_BLOOM_FILTER = 30,
	BPF_MAP_TYPE_USER_RINGBUF = 31,
	BPF_MAP_TYPE_CGRP_STORAGE = 32,
	BPF_MAP_TYPE_ARENA = 33,
	__MAX_BPF_MAP_TYPE = 34,
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	union {
		struct {
			__u16 skc_num;
		};
	};
	short unsigned int skc_family;
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol;
};

struct trace_event_raw_sys_enter {
	long unsigned int args[6];
};

struct trace_event_raw_sys_exit {
	long int ret;
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_LOCK = 4,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
	BPF_RB_CONS_POS = 2,
	BPF_RB_PROD_POS = 3,
};

struct unix_sock {
	void *addr;
	struct path path;
	struct sock *peer;
};

struct user_msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	__kernel_size_t msg_iovlen;
	void *msg_control;
	__kernel_size_t msg_controllen;
	unsigned int msg_flags;
};

#pragma clang attribute pop
