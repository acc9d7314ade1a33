/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may have a name. Anybody can call a program "dockerd": an engine, shim or runtime is what root
 * of the host executes from a file that root alone can write. A user's engine is a program of root's
 * with that name of its own, and speaks for that user. Inside a container nobody is asked: what is
 * said there is about what is there. All of this is read only when a name has been found.
 */
#pragma once

#include "shares.bpf.h"

#define CT_CAP_SYS_ADMIN 21 /* include/uapi/linux/capability.h */
#define CT_MODE_OTHERS   0022 /* group or others may write it */

/* The set is two words of 32 bits before 6.3 and one of 64 since: this is the lower one of both. */
static __always_inline __u32 caps_of(enum ct_how how, const struct cred *cred)
{
	__u64 offset = bpf_core_field_offset(((struct cred *)0)->cap_effective);
	const void *at;
	__u32 low = 0;

	barrier_var(offset); /* or the load itself is relocated, as one of the whole set */
	at = (const void *)cred + offset;

	if (how == CT_TYPED)
		return *(const __u32 *)at;
	bpf_probe_read_kernel(&low, sizeof(low), at);
	return low;
}

static __always_inline __u32 mntns_of(enum ct_how how, struct task_struct *task)
{
	struct nsproxy *proxy = CT_GET(how, task, nsproxy);

	return proxy ? CT_GET(how, proxy, mnt_ns, ns.inum) : 0;
}

static __always_inline struct file *exe_of(enum ct_how how, struct task_struct *task)
{
	struct mm_struct *mm = CT_GET(how, task, mm);

	return mm ? CT_GET(how, mm, exe_file) : NULL;
}

/* A file's owner; anybody's if its owner is root and others may write it, or if there is none. */
static __always_inline __u32 file_owner(enum ct_how how, struct task_struct *task)
{
	struct file *file = exe_of(how, task);
	struct inode *inode = file ? CT_GET(how, file, f_inode) : NULL;
	__u32 uid;

	if (!inode)
		return CT_UID_NOBODY;
	uid = CT_GET(how, inode, i_uid.val);
	if (!uid && CT_GET(how, inode, i_mode) & CT_MODE_OTHERS)
		return CT_UID_NOBODY;
	return uid;
}

/* Root of the host's user namespace who may do what an engine must: not root of some container. */
static __always_inline bool is_root(enum ct_how how, const struct cred *cred)
{
	struct user_namespace *ns = CT_GET(how, cred, user_ns);

	return ns && !CT_GET(how, ns, level) && caps_of(how, cred) & 1u << CT_CAP_SYS_ADMIN;
}

/* Who decides what it does, as the host numbers users: see ct_event.h. */
static __always_inline __u32 owner_of(enum ct_how how, struct task_struct *task, bool inside)
{
	const struct cred *cred = CT_GET(how, task, real_cred);
	__u32 uid;

	if (!cred)
		return CT_UID_NOBODY;
	uid = CT_GET(how, cred, uid.val);
	if (!uid)
		uid = CT_GET(how, cred, euid.val);
	if (uid || inside)
		return uid;
	return is_root(how, cred) ? file_owner(how, task) : CT_UID_NOBODY;
}

/* A name as two words: to compare it takes no loop. */
union ct_name {
	char text[CT_COMM_LEN];
	__u64 word[CT_COMM_LEN / 8];
};

/* The bytes of a word before its first zero byte, the first in memory being the lowest. */
static __always_inline __u64 before_zero(__u64 word)
{
	__u64 zeros = (word - 0x0101010101010101) & ~word & 0x8080808080808080;

	return ((zeros & -zeros) >> 7) - 1;
}

/* Whether the file itself, and not only a link to it, begins with the name that was found. */
static __always_inline bool is_called(enum ct_how how, struct task_struct *task, const char *comm)
{
	struct file *file = exe_of(how, task);
	struct dentry *dentry = file ? CT_GET(how, file, f_path.dentry) : NULL;
	union ct_name name = {}, wanted;
	__u64 first, second;

	if (!dentry ||
	    ct_kernel_str(name.text, sizeof(name), CT_GET(how, dentry, d_name.name)) <= 0)
		return false;
	__builtin_memcpy(&wanted, comm, sizeof(wanted));
	first = before_zero(wanted.word[0]);
	second = ~first ? 0 : before_zero(wanted.word[1]);
	return !((name.word[0] ^ wanted.word[0]) & first) &&
	       !((name.word[1] ^ wanted.word[1]) & second);
}

static __always_inline bool may_be_called(enum ct_how how, struct task_struct *task,
					  const struct ct_actor *actor, const char *comm)
{
	if (actor->root || !actor->uid)
		return true;
	return !file_owner(how, task) && is_called(how, task, comm);
}
