/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two tracepoints of the file system below an engine's state directory: which file is synced, and
 * which is removed. They fire on fsync and unlink alone, and carry the container id as the name
 * of a directory: exact evidence without any tracepoint on system calls.
 */
#pragma once

#include "coldtrace.bpf.h"

static __always_inline int file_event(__u8 kind, struct dentry *dentry)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_event *e;
	const unsigned char *name;
	long n, m;

	if (!actor || actor->role != CT_ROLE_ENGINE)
		return 0;
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
	return file_event(CT_KIND_SYNC, BPF_CORE_READ(file, f_path.dentry));
}

SEC("?tp_btf/ext4_unlink_exit")
int BPF_PROG(ct_ext4_unlink, struct dentry *dentry, int ret)
{
	return ret ? 0 : file_event(CT_KIND_UNLINK, dentry);
}
