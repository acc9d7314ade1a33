/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two hooks of the file system below an engine's state directory: which file is synced, and which
 * is removed. They fire on fsync and unlink alone, and carry the container id as the name of a
 * directory: exact evidence without any tracepoint on system calls. Each file system has its own;
 * those of one that nobody uses cost nothing.
 */
#pragma once

#include "shares.bpf.h"

#define CT_NAME_MAX 160 /* room for one name; a container id has 64 */

static __always_inline bool is_by(__u8 role)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);

	return actor && actor->role == role && ct_may_say(actor->share, CT_TAIL_SMALL);
}

/* What else is known of it. */
struct ct_which {
	__u64 inode;
	__u64 size;
	const void *renamed; /* address of the name that another file has by now, or NULL */
	__u16 data_alone; /* synced: fdatasync */
};

/* Which file: the last two names of its path, as addresses. */
static __always_inline int names_event(__u8 kind, const void *directory, const void *name,
				       const struct ct_which *which)
{
	struct ct_event *e;
	long n, m, k;

	e = ct_reserve(kind, CT_TAIL_MEDIUM);
	if (!e)
		return 0;
	n = ct_kernel_str(e->tail, CT_NAME_MAX, directory);
	if (n <= 0 || n > CT_NAME_MAX)
		n = 1;
	e->tail[n - 1] = '/';
	m = ct_kernel_str(e->tail + n, CT_NAME_MAX, name);
	if (m <= 0)
		m = 1;
	m += n - 1;
	e->obj = which->inode;
	e->arg = which->size;
	e->sub = which->data_alone;
	if (which->renamed) { /* behind a NUL */
		e->tail[m] = '\0';
		k = ct_kernel_str(e->tail + m + 1, CT_NAME_MAX, which->renamed);
		if (k > 1 && k <= CT_NAME_MAX)
			m += k;
	}
	ct_tail_set(e, m);
	ct_submit(e);
	return 0;
}

static __always_inline int file_event(enum ct_how how, __u8 kind, struct dentry *dentry,
				      const void *renamed, int data_alone)
{
	/* To the verifier it may have none (BTF_TYPE_SAFE_TRUSTED_OR_NULL, since 6.12). */
	struct inode *inode = CT_GET(how, dentry, d_inode);
	const struct ct_which which = {
		.inode = inode ? CT_GET(how, inode, i_ino) : 0,
		.size = inode ? CT_GET(how, inode, i_size) : 0,
		.renamed = renamed,
		.data_alone = !!data_alone,
	};

	return names_event(kind, CT_GET(how, dentry, d_parent, d_name.name),
			   CT_GET(how, dentry, d_name.name), &which);
}

/*
 * containerd writes what it fetches to ingest/HASH/data, syncs it, gives it its digest as its name in
 * another directory, and removes the first one with all that is left in it, of which `total` is one
 * (plugins/content/local of containerd). So the file that was synced is looked at again then: as long as it
 * is the same inode, its name is the digest.
 */
struct ct_stored {
	__u64 dentry;
	__u64 inode;
};

/* By the address of the directory's dentry. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct ct_stored);
} stored SEC(".maps");

static __always_inline __u64 name_begins(enum ct_how how, struct dentry *dentry)
{
	__u64 name = 0;

	if (!ct_has(READ) ||
	    bpf_probe_read_kernel(&name, sizeof(name), CT_GET(how, dentry, d_name.name)))
		return 0;
	return name;
}

#define CT_NAME_DATA  0x61746164 /* "data", ended */
#define CT_NAME_TOTAL 0x6c61746f74 /* "total", likewise */

static __always_inline void store_synced(enum ct_how how, struct dentry *dentry)
{
	struct ct_stored file;
	struct inode *inode;
	__u64 directory;

	if ((name_begins(how, dentry) & 0xffffffffff) != CT_NAME_DATA)
		return;
	directory = (__u64)CT_GET(how, dentry, d_parent);
	file.dentry = (__u64)dentry;
	inode = CT_GET(how, dentry, d_inode);
	file.inode = inode ? CT_GET(how, inode, i_ino) : 0;
	bpf_map_update_elem(&stored, &directory, &file, BPF_ANY);
}

/* The address of the digest, or NULL. */
static __always_inline const void *store_emptied(enum ct_how how, struct dentry *dentry)
{
	struct ct_stored *file;
	struct dentry *moved;
	const void *name;
	__u64 directory;

	if ((name_begins(how, dentry) & 0xffffffffffff) != CT_NAME_TOTAL)
		return NULL;
	directory = (__u64)CT_GET(how, dentry, d_parent);
	file = bpf_map_lookup_elem(&stored, &directory);
	if (!file)
		return NULL;
	moved = (struct dentry *)file->dentry;
	name = CT_GET(CT_PROBED, moved, d_inode, i_ino) == file->inode
		       ? (const void *)CT_GET(CT_PROBED, moved, d_name.name)
		       : NULL;
	bpf_map_delete_elem(&stored, &directory);
	return name;
}

/* Where a member lies. */
#define DENTRY_AT(member) bpf_core_field_offset(((struct dentry *)0)->member)

/* 6.18 has it in d_u, 7.3 in a union without a name. */
struct dentry___unnamed {
	struct hlist_node d_alias;
} __attribute__((preserve_access_index));

static __always_inline __u32 alias_at(void)
{
	const struct dentry___unnamed *unnamed = NULL;

	if (bpf_core_field_exists(unnamed->d_alias))
		return bpf_core_field_offset(unnamed->d_alias);
	return DENTRY_AT(d_u.d_alias);
}

/* The pointer that lies at an address; addresses that are found by a member have no type. */
static __always_inline void *pointer_at(const void *from)
{
	void *to = NULL;

	if (!ct_has(READ))
		return ct_cast_load(from);
	bpf_probe_read_kernel(&to, sizeof(to), from);
	return to;
}

/* The same of an inode by the head of its dentries, of which the first is its name. */
static __always_inline int inode_event(__u8 kind, const void *alias)
{
	const struct ct_which unknown = { 0 };
	const void *dentry, *parent;

	if (!alias)
		return 0;
	dentry = alias - alias_at();
	parent = pointer_at(dentry + DENTRY_AT(d_parent));
	return names_event(kind, pointer_at(parent + DENTRY_AT(d_name.name)),
			   pointer_at(dentry + DENTRY_AT(d_name.name)), &unknown);
}

/*
 * Of a module's tracepoints the verifier takes each argument for one that may be NULL, since 6.14 and in
 * stable kernels before it.
 */
static __always_inline int synced(enum ct_how how, struct file *file, int data_alone)
{
	struct dentry *dentry;

	if (!is_by(CT_ROLE_ENGINE) || !file)
		return 0;
	dentry = CT_GET(how, file, f_path.dentry);
	store_synced(how, dentry);
	return file_event(how, CT_KIND_SYNC, dentry, NULL, data_alone);
}

SEC("?tp_btf/ext4_sync_file_enter")
int BPF_PROG(ct_ext4_sync, struct file *file, int datasync)
{
	return synced(CT_TYPED, file, datasync);
}

SEC("?raw_tp/ext4_sync_file_enter")
int BPF_PROG(ct_ext4_sync_raw, struct file *file, int datasync)
{
	return synced(CT_PROBED, file, datasync);
}

static __always_inline int unlinked(enum ct_how how, struct dentry *dentry, int ret)
{
	if (ret || !is_by(CT_ROLE_ENGINE) || !dentry)
		return 0;
	return file_event(how, CT_KIND_UNLINK, dentry, store_emptied(how, dentry), 0);
}

SEC("?tp_btf/ext4_unlink_exit")
int BPF_PROG(ct_ext4_unlink, struct dentry *dentry, int ret)
{
	return unlinked(CT_TYPED, dentry, ret);
}

SEC("?raw_tp/ext4_unlink_exit")
int BPF_PROG(ct_ext4_unlink_raw, struct dentry *dentry, int ret)
{
	return unlinked(CT_PROBED, dentry, ret);
}

SEC("?tp_btf/btrfs_sync_file")
int BPF_PROG(ct_btrfs_sync, struct file *file, int datasync)
{
	return synced(CT_TYPED, file, datasync);
}

SEC("?raw_tp/btrfs_sync_file")
int BPF_PROG(ct_btrfs_sync_raw, struct file *file, int datasync)
{
	return synced(CT_PROBED, file, datasync);
}

/* 7.3 calls it so. */
SEC("?tp_btf/btrfs_sync_file_enter")
int BPF_PROG(ct_btrfs_sync_enter, struct file *file, int datasync)
{
	return synced(CT_TYPED, file, datasync);
}

SEC("?raw_tp/btrfs_sync_file_enter")
int BPF_PROG(ct_btrfs_sync_enter_raw, struct file *file, int datasync)
{
	return synced(CT_PROBED, file, datasync);
}

/* Btrfs has no tracepoint where a name is removed. */
SEC("?fexit/btrfs_unlink")
int BPF_PROG(ct_btrfs_unlink, struct inode *dir, struct dentry *dentry, int ret)
{
	return unlinked(CT_TYPED, dentry, ret);
}

/* About to be removed: the VFS has looked it up. */
SEC("?kprobe/btrfs_unlink")
int BPF_KPROBE(ct_btrfs_unlink_enter, struct inode *dir, struct dentry *dentry)
{
	return unlinked(CT_PROBED, dentry, 0);
}

/*
 * Where members of XFS's own types lie. Set by user space: XFS may be a module, of whose types the
 * loader of programs learns with CAP_SYS_ADMIN alone.
 */
const volatile __u32 ct_xfs_inode_at; /* the inode, in XFS's */
const volatile __u32 ct_xfs_name_at; /* the name's text */

static __always_inline const void *xfs_alias(const void *xfs_inode)
{
	return pointer_at(xfs_inode + ct_xfs_inode_at +
			  bpf_core_field_offset(((struct inode *)0)->i_dentry.first));
}

/* The file is open: it has its dentry. */
static __always_inline int xfs_synced(const void *xfs_inode)
{
	if (!is_by(CT_ROLE_ENGINE) || !xfs_inode)
		return 0;
	return inode_event(CT_KIND_SYNC, xfs_alias(xfs_inode));
}

SEC("?tp_btf/xfs_file_fsync")
int BPF_PROG(ct_xfs_sync, const void *inode)
{
	return xfs_synced(inode);
}

SEC("?raw_tp/xfs_file_fsync")
int BPF_PROG(ct_xfs_sync_raw, const void *inode)
{
	return xfs_synced(inode);
}

/* As above; a directory has one dentry. */
static __always_inline int xfs_removes(const void *xfs_directory, const void *name)
{
	const struct ct_which unknown = { 0 };
	const void *alias;

	if (!is_by(CT_ROLE_ENGINE) || !xfs_directory || !name)
		return 0;
	alias = xfs_alias(xfs_directory);
	if (!alias)
		return 0;
	return names_event(CT_KIND_UNLINK, pointer_at(alias - alias_at() + DENTRY_AT(d_name.name)),
			   pointer_at(name + ct_xfs_name_at), &unknown);
}

SEC("?tp_btf/xfs_remove")
int BPF_PROG(ct_xfs_unlink, const void *directory, const void *name)
{
	return xfs_removes(directory, name);
}

SEC("?raw_tp/xfs_remove")
int BPF_PROG(ct_xfs_unlink_raw, const void *directory, const void *name)
{
	return xfs_removes(directory, name);
}

#define CT_S_IFIFO 0010000
#define CT_S_IFREG 0100000

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
 * itself writes is heard at sched_waking, but only when the shim slept.) conmon has no fifos but
 * a log, which is a file.
 */
static __always_inline int relays(enum ct_how how, struct inode *inode)
{
	struct ct_file_id id = {};
	__u32 type;
	__u8 one = 1;

	if (!is_by(CT_ROLE_SHIM))
		return 0;
	type = CT_GET(how, inode, i_mode) & CT_S_IFMT;
	if (type != CT_S_IFIFO && type != CT_S_IFREG)
		return 0;
	id.ino = CT_GET(how, inode, i_ino);
	/* Inode numbers are used again, for the next container's fifo too: the generation is new. */
	id.dev = CT_GET(how, inode, i_sb, s_dev) | (__u64)CT_GET(how, inode, i_generation) << 32;
	if (bpf_map_update_elem(&relayed, &id, &one, BPF_NOEXIST))
		return 0;
	return inode_event(CT_KIND_RELAY, CT_GET(how, inode, i_dentry.first));
}

SEC("?tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(ct_relay, struct inode *inode, int flags)
{
	return relays(CT_TYPED, inode);
}

SEC("?raw_tp/writeback_mark_inode_dirty")
int BPF_PROG(ct_relay_raw, struct inode *inode, int flags)
{
	return relays(CT_PROBED, inode);
}
