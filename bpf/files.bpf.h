/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two hooks of the file system below an engine's state directory: which file is synced, and which
 * is removed. They fire on fsync and unlink alone, and carry the container id as the name of a
 * directory: exact evidence without any tracepoint on system calls. Each file system has its own;
 * those of one that nobody uses cost nothing.
 */
#pragma once

#include "places.bpf.h"

#define CT_NAME_MAX 160 /* room for one name; a container id has 64 */

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

/* The word that lies there; through some type that has one, which is no pointer. */
static __always_inline __u64 word_at(const void *from)
{
	__u64 word = 0;

	if (ct_has(READ))
		bpf_probe_read_kernel(&word, sizeof(word), from);
	else if (ct_has(CAST))
		word = CT_CAST(inode, from - bpf_core_field_offset(((struct inode *)0)->i_ino))
			       ->i_ino;
	return word;
}

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
	__u64 first_ns, last_ns; /* when its first byte was written, and its last; 0: not known */
	__u16 data_alone; /* synced: fdatasync */
};

#define CT_US_MAX 0x7fffffffull

/* How long ago. */
static __always_inline void written_set(struct ct_event *e, const struct ct_which *which)
{
	__u64 us;

	if (!which->first_ns)
		return;
	us = (e->ts_ns - which->last_ns) / 1000;
	e->dur_ns = e->ts_ns - which->first_ns;
	e->ret = us < CT_US_MAX ? us : CT_US_MAX;
}

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
	written_set(e, which);
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

/* Of a file into which an engine fetches something. Its place was used when its last byte was written. */
struct ct_written {
	struct ct_place place;
	__u64 first_ns;
	__u64 size;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct ct_file_id);
	__type(value, struct ct_written);
} written SEC(".maps");

/* Inode numbers are used again at once: the generation is new. */
static __always_inline struct ct_file_id inode_id(enum ct_how how, struct inode *inode)
{
	struct ct_file_id id = {
		.ino = CT_GET(how, inode, i_ino),
		.dev = CT_GET(how, inode, i_sb, s_dev) | (__u64)CT_GET(how, inode, i_generation)
								 << 32,
	};

	return id;
}

static __always_inline void written_get(enum ct_how how, __u8 kind, struct inode *inode,
					struct ct_which *which)
{
	struct ct_file_id id = inode_id(how, inode);
	struct ct_written *w = bpf_map_lookup_elem(&written, &id);

	if (!w)
		return;
	which->first_ns = w->first_ns;
	which->last_ns = w->place.used_ns;
	w->place.flags |= CT_PLACE_DONE;
	if (kind == CT_KIND_UNLINK)
		bpf_map_delete_elem(&written, &id);
}

static __always_inline int file_event(enum ct_how how, __u8 kind, struct dentry *dentry,
				      const void *renamed, int data_alone)
{
	/* To the verifier it may have none (BTF_TYPE_SAFE_TRUSTED_OR_NULL, since 6.12). */
	struct inode *inode = CT_GET(how, dentry, d_inode);
	struct ct_which which = {
		.inode = inode ? CT_GET(how, inode, i_ino) : 0,
		.size = inode ? CT_GET(how, inode, i_size) : 0,
		.renamed = renamed,
		.data_alone = !!data_alone,
	};

	if (inode)
		written_get(how, kind, inode, &which);
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
	struct ct_place place;
	__u64 dentry;
	__u64 inode;
};

/* By the address of the directory's dentry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct ct_stored);
} stored SEC(".maps");

#define CT_NAME_DATA  0x61746164 /* "data", ended */
#define CT_NAME_TOTAL 0x6c61746f74 /* "total", likewise */

static __always_inline void store_synced(enum ct_how how, struct dentry *dentry, __u64 share)
{
	struct ct_stored file = { .place = place_of(share, 0) };
	struct inode *inode;
	__u64 directory;

	if ((word_at(CT_GET(how, dentry, d_name.name)) & 0xffffffffff) != CT_NAME_DATA)
		return;
	directory = (__u64)CT_GET(how, dentry, d_parent);
	file.dentry = (__u64)dentry;
	inode = CT_GET(how, dentry, d_inode);
	file.inode = inode ? CT_GET(how, inode, i_ino) : 0;
	ct_place_taken(CT_PLACES_STORED, share,
		       bpf_map_update_elem(&stored, &directory, &file, BPF_ANY));
}

/* The address of the digest, or NULL. */
static __always_inline const void *store_emptied(enum ct_how how, struct dentry *dentry)
{
	struct ct_stored *file;
	const void *name = NULL, *moved, *inode;
	__u64 directory;

	if ((word_at(CT_GET(how, dentry, d_name.name)) & 0xffffffffffff) != CT_NAME_TOTAL)
		return NULL;
	directory = (__u64)CT_GET(how, dentry, d_parent);
	file = bpf_map_lookup_elem(&stored, &directory);
	if (!file)
		return NULL;
	moved = (const void *)file->dentry;
	inode = pointer_at(moved + DENTRY_AT(d_inode));
	if (word_at(inode + bpf_core_field_offset(((struct inode *)0)->i_ino)) == file->inode)
		name = pointer_at(moved + DENTRY_AT(d_name.name));
	bpf_map_delete_elem(&stored, &directory);
	return name;
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
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct dentry *dentry;

	if (!is_by(CT_ROLE_ENGINE) || !actor || !file)
		return 0;
	dentry = CT_GET(how, file, f_path.dentry);
	store_synced(how, dentry, actor->share);
	return file_event(how, CT_KIND_SYNC, dentry, NULL, data_alone);
}

SEC("?tp_btf/ext4_sync_file_enter")
int BPF_PROG(ct_ext4_sync, struct file *file, int datasync)
{
	return synced(CT_TYPED, CT_PLAIN(file, file), datasync);
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
	return unlinked(CT_TYPED, CT_PLAIN(dentry, dentry), ret);
}

SEC("?raw_tp/ext4_unlink_exit")
int BPF_PROG(ct_ext4_unlink_raw, struct dentry *dentry, int ret)
{
	return unlinked(CT_PROBED, dentry, ret);
}

SEC("?tp_btf/btrfs_sync_file")
int BPF_PROG(ct_btrfs_sync, struct file *file, int datasync)
{
	return synced(CT_TYPED, CT_PLAIN(file, file), datasync);
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
	return synced(CT_TYPED, CT_PLAIN(file, file), datasync);
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
	return unlinked(CT_TYPED, CT_PLAIN(dentry, dentry), ret);
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

/*
 * Fifos through which a first output was passed on. Of one that was forgotten it is told again, and only the
 * first counts: nothing is hidden.
 */
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
	struct ct_file_id id;
	__u32 type;
	__u8 one = 1;

	type = CT_GET(how, inode, i_mode) & CT_S_IFMT;
	if (type != CT_S_IFIFO && type != CT_S_IFREG)
		return 0;
	id = inode_id(how, inode);
	/* Where there was no place for it: better told again than never. */
	if (bpf_map_update_elem(&relayed, &id, &one, BPF_NOEXIST) == -CT_EEXIST)
		return 0;
	return inode_event(CT_KIND_RELAY, CT_GET(how, inode, i_dentry.first));
}

/* Names, or what they begin with, as the words that lie there in memory. */
#define CT_NAME_BLOB      0x6567616d49746547 /* "GetImage", of moby's GetImageBlobN */
#define CT_NAME_DIR_PUT   0x2d7475702d726964 /* "dir-put-", of containers/image's dir-put-blobN */
#define CT_NAME_OCI_PUT   0x2d7475702d69636f /* "oci-put-", likewise */
#define CT_NAME_STORAGE   0x656761726f7473 /* "storage", of its storageN/M */
#define CT_NAME_CONTAINER 0x656e6961746e6f63 /* "containe" */
#define CT_NAME_IMAGES    0x736567616d695f72 /* "r_images": newer ones' container_images_storageN/M */

static __always_inline bool is_fetched(const void *dentry)
{
	const void *parent = pointer_at(dentry + DENTRY_AT(d_parent));
	const void *directory = pointer_at(parent + DENTRY_AT(d_name.name));
	__u64 within = word_at(directory);
	__u64 name = word_at(pointer_at(dentry + DENTRY_AT(d_name.name)));

	if (name == CT_NAME_BLOB || name == CT_NAME_DIR_PUT || name == CT_NAME_OCI_PUT ||
	    (name & 0xffffffffff) == CT_NAME_DATA)
		return true;
	if ((within & ~0ull >> 8) == CT_NAME_STORAGE)
		return within >> 56 >= '0' && within >> 56 <= '9';
	return within == CT_NAME_CONTAINER && word_at(directory + sizeof(name)) == CT_NAME_IMAGES;
}

/*
 * Whatever makes a file longer marks its inode dirty; so does what reads it later, and leaves its size. What
 * is found is told with the next sync of the file, or when it is removed.
 */
static __always_inline int grows(enum ct_how how, struct inode *inode, __u64 share)
{
	struct ct_written *w, first = {};
	struct ct_file_id id;
	const void *alias;
	__u64 size;

	if ((CT_GET(how, inode, i_mode) & CT_S_IFMT) != CT_S_IFREG)
		return 0;
	id = inode_id(how, inode);
	size = CT_GET(how, inode, i_size);
	w = bpf_map_lookup_elem(&written, &id);
	if (w) {
		if (size <= w->size)
			return 0;
		w->size = size;
		w->place.used_ns = bpf_ktime_get_ns();
		w->place.flags = 0;
		return 0;
	}
	alias = CT_GET(how, inode, i_dentry.first);
	if (!alias || !is_fetched(alias - alias_at()) || !ct_may_say(share, CT_PLACE_LASTING_BYTES))
		return 0;
	first.place = place_of(share, 0);
	first.first_ns = first.place.used_ns;
	first.size = size;
	ct_place_taken(CT_PLACES_WRITTEN, share,
		       bpf_map_update_elem(&written, &id, &first, BPF_ANY));
	return 0;
}

static __always_inline int dirtied(enum ct_how how, struct inode *inode)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);

	if (!actor)
		return 0;
	if (actor->role == CT_ROLE_ENGINE)
		return grows(how, CT_PLAIN_IF(how, inode, inode), actor->share);
	if (actor->role != CT_ROLE_SHIM || !ct_may_say(actor->share, CT_TAIL_SMALL))
		return 0;
	return relays(how, CT_PLAIN_IF(how, inode, inode));
}

SEC("?tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(ct_relay, struct inode *inode, int flags)
{
	return dirtied(CT_TYPED, inode);
}

SEC("?raw_tp/writeback_mark_inode_dirty")
int BPF_PROG(ct_relay_raw, struct inode *inode, int flags)
{
	return dirtied(CT_PROBED, inode);
}
