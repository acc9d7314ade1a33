/* SPDX-License-Identifier: GPL-2.0-only */
/* Open files of a process: what is read of the kernel's types, and how. */
#pragma once

#include "coldtrace.bpf.h"

/* What is read of the kernel's types, and no more: offsets come in when the object is loaded. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct vfsmount___open {
	struct dentry *mnt_root;
};
struct mount___open {
	struct mount___open *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount___open mnt;
};
struct path___open {
	struct vfsmount___open *mnt;
	struct dentry___open *dentry;
};
struct super_block___open {
	__u32 s_dev;
	unsigned long s_magic;
};
struct qstr___open {
	__u64 hash_len;
};
struct dentry___open {
	struct dentry___open *d_parent;
	struct qstr___open d_name;
	struct super_block___open *d_sb;
};
struct inode___open {
	__u16 i_mode;
	__u32 i_rdev;
};
struct socket___open {
	short type;
	struct sock *sk;
};
struct file___open {
	struct path___open f_path;
	struct inode___open *f_inode;
	void *private_data;
	unsigned int f_mode;
};
struct fdtable___open {
	unsigned int max_fds;
	struct file___open **fd;
};
struct files_struct___open {
	struct fdtable___open *fdt;
};
struct fs_struct___open {
	struct path___open pwd;
};
struct mm_struct___open {
	struct file___open *exe_file;
};
struct task_struct___open {
	struct files_struct___open *files;
	struct fs_struct___open *fs;
	struct mm_struct___open *mm;
};
#pragma clang attribute pop

static __always_inline struct file___open *ct_file_at(const struct task_struct___open *task,
						      __s32 fd)
{
	struct file___open *file = NULL, **files;
	struct fdtable___open *table;

	if (fd < 0)
		return NULL;
	table = BPF_CORE_READ(task, files, fdt);
	if ((__u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

#define CT_MODE_TYPE 0170000
#define CT_MODE_FIFO 0010000
#define CT_MODE_CHAR 0020000
#define CT_MODE_SOCK 0140000

/* /dev/null and its like, include/uapi/linux/major.h; how a dev_t is made: include/linux/kdev_t.h. */
#define CT_MEM_MAJOR   1
#define CT_MINOR_BITS  20

#define CT_SOCK_STREAM 1

/*
 * What a program's output goes to: a pipe, a terminal, a unix stream. Not a seqpacket socket: a trace
 * session of gVisor is one, and the Sentry writes to it all the time.
 */
static __always_inline bool ct_is_stream(const struct file___open *file)
{
	struct socket___open *socket;
	__u16 type;

	if (!file)
		return false;
	type = BPF_CORE_READ(file, f_inode, i_mode) & CT_MODE_TYPE;
	if (type == CT_MODE_CHAR)
		return BPF_CORE_READ(file, f_inode, i_rdev) >> CT_MINOR_BITS != CT_MEM_MAJOR;
	if (type != CT_MODE_SOCK)
		return type == CT_MODE_FIFO;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, type) == CT_SOCK_STREAM &&
	       BPF_CORE_READ(socket, sk, __sk_common.skc_family) == AF_UNIX;
}

#define CT_FMODE_READ  1u /* include/linux/fs.h */
#define CT_FMODE_WRITE 2u
#define CT_FDS_LOOKED  64 /* gVisor's Sentry has its own pipes at the first of its numbers */

/* Whether who writes to the pipe has the end that is read, too: it wakes its own threads. */
static __always_inline bool ct_reads_itself(const struct task_struct___open *task,
					    const struct file___open *file)
{
	struct inode___open *inode = BPF_CORE_READ(file, f_inode);
	struct fdtable___open *table = BPF_CORE_READ(task, files, fdt);
	__u32 max = BPF_CORE_READ(table, max_fds);
	struct file___open **files = BPF_CORE_READ(table, fd);

	for (__u32 i = 0; i < CT_FDS_LOOKED && i < max; i++) {
		struct file___open *other = NULL;

		bpf_probe_read_kernel(&other, sizeof(other), files + i);
		if (!other || BPF_CORE_READ(other, f_inode) != inode)
			continue;
		if ((BPF_CORE_READ(other, f_mode) & (CT_FMODE_READ | CT_FMODE_WRITE)) ==
		    CT_FMODE_READ)
			return true;
	}
	return false;
}
