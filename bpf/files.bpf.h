/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two tracepoints of the file system below an engine's state directory: which file is synced, and
 * which is removed. They fire on fsync and unlink alone, and carry the container id as the name
 * of a directory: exact evidence without any tracepoint on system calls.
 */
#pragma once

#include "coldtrace.bpf.h"

static __always_inline bool is_by(__u8 role)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);

	return actor && actor->role == role;
}

/* Which file: the last two names of its path. */
static __always_inline int file_event(__u8 kind, struct dentry *dentry)
{
	struct ct_event *e;
	const unsigned char *name;
	long n, m;

	e = ct_reserve(kind, CT_TAIL_MEDIUM);
	if (!e)
		return 0;
	name = BPF_CORE_READ(dentry, d_parent, d_name.name);
	n = bpf_probe_read_kernel_str(e->tail, 160, name);
	if (n <= 0 || n > 160)
		n = 1;
	e->tail[n - 1] = '/';
	name = BPF_CORE_READ(dentry, d_name.name);
	m = bpf_probe_read_kernel_str(e->tail + n, 160, name);
	if (m <= 0)
		m = 1;
	ct_tail_set(e, n + m - 1);
	ct_submit(e);
	return 0;
}

SEC("?tp_btf/ext4_sync_file_enter")
int BPF_PROG(ct_ext4_sync, struct file *file, int datasync)
{
	if (!is_by(CT_ROLE_ENGINE))
		return 0;
	return file_event(CT_KIND_SYNC, BPF_CORE_READ(file, f_path.dentry));
}

SEC("?tp_btf/ext4_unlink_exit")
int BPF_PROG(ct_ext4_unlink, struct dentry *dentry, int ret)
{
	if (ret || !is_by(CT_ROLE_ENGINE))
		return 0;
	return file_event(CT_KIND_UNLINK, dentry);
}

#define CT_S_IFMT  00170000
#define CT_S_IFIFO 0010000

/* Fifos through which a first output was passed on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ct_file_id);
	__type(value, __u8);
} relayed SEC(".maps");

/*
 * A write into a fifo updates the time in its inode, which marks the inode dirty: the shim passes
 * on what the workload wrote. (Into an anonymous pipe it does not, since 6.15: what the workload
 * itself writes is heard at sched_waking, but only when the shim slept.)
 */
SEC("?tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(ct_relay, struct inode *inode, int flags)
{
	struct ct_file_id id = {};
	struct dentry *dentry;
	struct hlist_node *alias;
	__u8 one = 1;

	if (!is_by(CT_ROLE_SHIM) || (inode->i_mode & CT_S_IFMT) != CT_S_IFIFO)
		return 0;
	id.ino = inode->i_ino;
	/* Inode numbers are used again, for the next container's fifo too: the generation is new. */
	id.dev = inode->i_sb->s_dev | (__u64)inode->i_generation << 32;
	if (bpf_map_update_elem(&relayed, &id, &one, BPF_NOEXIST))
		return 0;
	alias = BPF_CORE_READ(inode, i_dentry.first);
	if (!alias)
		return 0;
	dentry = (void *)alias - __builtin_preserve_field_info(((struct dentry *)0)->d_u.d_alias,
							       BPF_FIELD_BYTE_OFFSET);
	return file_event(CT_KIND_RELAY, dentry);
}
