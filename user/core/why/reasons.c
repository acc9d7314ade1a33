// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel function -> reason. Names were looked up in Linux 5.10 to 7.x; where one was renamed, all
 * its names have a row. A name that ends with '*' stands for all that begin so.
 */
#include "core/why/reasons.h"

#include "util/mem.h"

/* In these a thread waits for a lock, whichever it is: kernel/locking/. */
static const char *const lock_functions[] = {
	"__mutex_lock*",     "mutex_lock*",        "rwsem_down_*",         "__down*",
	"down_read*",        "down_write*",        "percpu_rwsem_wait",    "__percpu_down_read*",
	"percpu_down_write", "rt_mutex_slowlock*", "__rt_mutex_slowlock*", "rtlock_slowlock*",
};

/*
 * The function that takes it says which lock it is. Columns: function, name. The first function of
 * the stack that fits counts, from the lock outwards.
 */
static const struct lock_row {
	const char *function, *name;
} lock_rows[] = {
	/* net/core/rtnetlink.c; rtnl_net_lock since 6.13 */
	{ "rtnl_*", "rtnl" },
	{ "rtnetlink_*", "rtnl" },
	{ "__rtnl_*", "rtnl" },
	/* kernel/cgroup/ */
	{ "cgroup_*", "cgroup" },
	{ "__cgroup*", "cgroup" },
	{ "cgroup1_*", "cgroup" },
	{ "cpuset_*", "cgroup" },
	{ "proc_cgroup_show", "cgroup" },
	{ "css_*", "cgroup" },
	/* fs/kernfs/: cgroupfs and sysfs */
	{ "kernfs_*", "kernfs" },
	/* net/core/net_namespace.c: pernet_ops_rwsem, net_mutex before 4.17 */
	{ "copy_net_ns", "namespace" },
	{ "setup_net", "namespace" },
	{ "cleanup_net", "namespace" },
	{ "create_new_namespaces", "namespace" },
	{ "create_user_ns", "namespace" },
	/* fs/namespace.c: namespace_sem, and the mutex of the mount point */
	{ "namespace_lock", "mount" },
	{ "lock_mount*", "mount" },
	{ "do_lock_mount*", "mount" },
	{ "copy_mnt_ns", "mount" },
	{ "path_umount", "mount" },
	{ "do_umount", "mount" },
	{ "attach_recursive_mnt", "mount" },
	{ "do_move_mount*", "mount" },
	{ "path_mount", "mount" },
	{ "mnt_get_write_access", "mount" },
	{ "alloc_super", "superblock" },
	{ "super_lock*", "superblock" },
	{ "grab_super*", "superblock" },
	{ "deactivate_super", "superblock" },
	{ "iterate_supers", "superblock" },
	{ "sb_start_*", "superblock" },
	{ "mnt_want_write*", "superblock" },
	/* mm: mmap_lock (mmap_sem before 5.8) */
	{ "mmap_read_lock*", "mmap" },
	{ "mmap_write_lock*", "mmap" },
	{ "lock_mm_and_find_vma", "mmap" },
	{ "do_user_addr_fault", "mmap" },
	{ "__do_page_fault", "mmap" },
	{ "do_page_fault", "mmap" },
	{ "vm_mmap_pgoff", "mmap" },
	{ "__vm_munmap", "mmap" },
	{ "do_mprotect_pkey", "mmap" },
	{ "do_madvise", "mmap" },
	{ "madvise_*", "mmap" },
	{ "__do_sys_brk", "mmap" },
	{ "__x64_sys_brk", "mmap" },
	{ "dup_mmap", "mmap" },
	{ "dup_mm*", "mmap" },
	{ "exit_mm*", "mmap" },
	{ "exit_mmap", "mmap" },
	{ "setup_arg_pages", "mmap" },
	{ "exec_mmap", "mmap" },
	{ "__access_remote_vm", "mmap" },
	{ "access_remote_vm", "mmap" },
	{ "pin_user_pages*", "mmap" },
	{ "anon_vma_*", "mmap" },
	{ "unlink_anon_vmas", "mmap" },
	/* net/netfilter/ */
	{ "nf_tables_*", "netfilter" },
	{ "nfnetlink_*", "netfilter" },
	{ "nft_*", "netfilter" },
	{ "xt_*", "netfilter" },
	{ "ipt_*", "netfilter" },
	{ "do_ipt_*", "netfilter" },
	{ "do_ip6t_*", "netfilter" },
	{ "genl_*", "netlink" },
	{ "netlink_*", "netlink" },
	/* kernel/: exec, ptrace, BPF, files of a process */
	{ "prepare_bprm_creds", "exec" },
	{ "begin_new_exec", "exec" },
	{ "mm_access", "exec" },
	{ "ptrace_*", "ptrace" },
	{ "unix_*", "socket" },
	{ "lock_sock*", "socket" },
	{ "pipe_*", "pipe" },
	{ "anon_pipe_*", "pipe" },
	{ "fifo_*", "pipe" },
	{ "ep_*", "epoll" },
	{ "do_epoll_*", "epoll" },
	{ "tty_*", "tty" },
	{ "n_tty_*", "tty" },
	{ "audit_*", "audit" },
	{ "bpf_*", "bpf" },
	{ "seq_read*", "seq file" },
	{ "fdget_pos", "file position" },
	{ "__fdget_pos", "file position" },
	{ "ovl_*", "overlayfs" },
	/* fs/: i_rwsem, the rename mutex, a directory that another thread looks up in */
	{ "inode_lock*", "inode" },
	{ "lookup_slow", "inode" },
	{ "lookup_one*", "inode" },
	{ "__lookup_slow", "inode" },
	{ "open_last_lookups", "inode" },
	{ "path_openat", "inode" },
	{ "do_last", "inode" },
	{ "filename_create", "inode" },
	{ "start_dirop", "inode" },
	{ "do_unlinkat", "inode" },
	{ "do_rmdir", "inode" },
	{ "lock_rename*", "inode" },
	{ "do_renameat2", "inode" },
	{ "iterate_dir", "inode" },
	{ "chmod_common", "inode" },
	{ "chown_common", "inode" },
	{ "vfs_*", "inode" },
	{ "ext4_*", "ext4" },
	{ "jbd2_*", "ext4" },
	{ "xfs_*", "xfs" },
	{ "btrfs_*", "btrfs" },
};

/*
 * Everything else. A row higher up counts before one further down, wherever in the stack its
 * function is: a page fault that reads from a disk is a page fault. HANDED: the wait ended by what
 * another thread did, STOPPED: it was stopped.
 */
enum {
	HANDED = 1,
	STOPPED = 2
};

static const struct reason_row {
	const char *function;
	enum ct_reason reason;
	unsigned how;
	const char *what;
} reason_rows[] = {
#define R(symbol) CT_REASON_##symbol
	/* mm/vmscan.c, mm/memcontrol.c, mm/oom_kill.c, mm/swap */
	{ "try_to_free_*", R(MEMORY), 0, NULL },
	{ "__alloc_pages_direct_*", R(MEMORY), 0, NULL },
	{ "shrink_*", R(MEMORY), 0, NULL },
	{ "mem_cgroup_oom*", R(MEMORY), 0, NULL },
	{ "mem_cgroup_handle_over_high", R(MEMORY), 0, "high" },
	{ "__mem_cgroup_handle_over_high", R(MEMORY), 0, "high" },
	{ "throttle_direct_reclaim", R(MEMORY), 0, NULL },
	{ "reclaim_throttle", R(MEMORY), 0, NULL },
	{ "wait_iff_congested", R(MEMORY), 0, NULL },
	{ "out_of_memory", R(MEMORY), 0, NULL },
	{ "compact_zone*", R(MEMORY), 0, NULL },

	/* kernel/rcu/; __wait_rcu_gp takes the name of its caller from the stack */
	{ "__wait_rcu_gp", R(RCU), 0, NULL },
	{ "wait_rcu_gp*", R(RCU), 0, NULL },
	{ "synchronize_rcu*", R(RCU), 0, NULL },
	{ "synchronize_net", R(RCU), 0, NULL },
	{ "synchronize_srcu*", R(RCU), 0, NULL },
	{ "__synchronize_srcu", R(RCU), 0, NULL },
	{ "synchronize_sched", R(RCU), 0, NULL },
	{ "rcu_barrier*", R(RCU), 0, NULL },
	{ "rcu_sync_enter", R(RCU), 0, NULL },
	{ "cond_synchronize_rcu*", R(RCU), 0, NULL },

	/* arch/x86/mm/fault.c, arch/arm64/mm/fault.c, mm/memory.c */
	{ "exc_page_fault", R(FAULT), 0, NULL },
	{ "asm_exc_page_fault", R(FAULT), 0, NULL },
	{ "do_mem_abort", R(FAULT), 0, NULL },
	{ "do_page_fault", R(FAULT), 0, NULL },
	{ "handle_mm_fault", R(FAULT), 0, NULL },
	{ "__handle_mm_fault", R(FAULT), 0, NULL },
	{ "filemap_fault", R(FAULT), 0, NULL },
	{ "faultin_page", R(FAULT), 0, NULL },
	{ "handle_userfault", R(FAULT), 0, NULL },
	{ "do_swap_page", R(FAULT), 0, NULL },

	/* fs/sync.c, fs/jbd2/, fs/fs-writeback.c, block/blk-flush.c */
	{ "jbd2_log_wait_commit", R(SYNC), 0, NULL },
	{ "jbd2_complete_transaction", R(SYNC), 0, NULL },
	{ "jbd2_journal_*", R(SYNC), 0, "journal" },
	{ "wait_transaction_locked", R(SYNC), 0, "journal" },
	{ "start_this_handle", R(SYNC), 0, "journal" },
	{ "do_get_write_access", R(SYNC), 0, "journal" },
	{ "ext4_sync_file", R(SYNC), 0, NULL },
	{ "ext4_sync_fs", R(SYNC), 0, "file system" },
	{ "ovl_sync_fs", R(SYNC), 0, "file system" },
	{ "sync_filesystem", R(SYNC), 0, "file system" },
	{ "sync_inodes_sb", R(SYNC), 0, "file system" },
	{ "ksys_sync", R(SYNC), 0, "file system" },
	{ "do_fsync", R(SYNC), 0, NULL },
	{ "vfs_fsync_range", R(SYNC), 0, NULL },
	{ "file_write_and_wait_range", R(SYNC), 0, NULL },
	{ "filemap_write_and_wait_range", R(SYNC), 0, NULL },
	{ "filemap_fdatawait*", R(SYNC), 0, NULL },
	{ "blkdev_issue_flush", R(SYNC), 0, NULL },
	{ "wb_wait_for_completion", R(SYNC), 0, NULL },
	{ "xfs_log_force*", R(SYNC), 0, "journal" },
	{ "xlog_*", R(SYNC), 0, "journal" },
	{ "xfs_file_fsync", R(SYNC), 0, NULL },
	{ "btrfs_sync_file", R(SYNC), 0, NULL },
	{ "btrfs_wait_*", R(SYNC), 0, NULL },

	/* block/, mm/filemap.c, mm/page-writeback.c, fs/buffer.c */
	{ "balance_dirty_pages*", R(DISK), 0, "write back" },
	{ "io_schedule*", R(DISK), 0, NULL },
	{ "folio_wait_*", R(DISK), 0, NULL },
	{ "wait_on_page_*", R(DISK), 0, NULL },
	{ "__lock_page*", R(DISK), 0, NULL },
	{ "__folio_lock*", R(DISK), 0, NULL },
	{ "__wait_on_buffer", R(DISK), 0, NULL },
	{ "submit_bio_wait", R(DISK), 0, NULL },
	{ "bio_await*", R(DISK), 0, NULL },
	{ "blk_mq_get_tag", R(DISK), 0, NULL },
	{ "rq_qos_wait", R(DISK), 0, NULL },
	{ "wbt_wait", R(DISK), 0, NULL },
	{ "blk_execute_rq", R(DISK), 0, NULL },
	{ "bit_wait_io*", R(DISK), 0, NULL },

	/* fs/locks.c */
	{ "flock_lock_inode_wait", R(LOCK), 0, "file" },
	{ "posix_lock_inode_wait", R(LOCK), 0, "file" },
	{ "locks_lock_inode_wait", R(LOCK), 0, "file" },
	{ "do_lock_file_wait", R(LOCK), 0, "file" },
	{ "fcntl_setlk*", R(LOCK), 0, "file" },
	{ "__break_lease", R(LOCK), 0, "file" },
	/* kernel/futex/ (kernel/futex.c before 5.16) */
	{ "futex_*", R(LOCK), HANDED, "futex" },
	{ "__futex_*", R(LOCK), HANDED, "futex" },
	{ "do_futex", R(LOCK), HANDED, "futex" },
	{ "__inode_wait_for_writeback", R(DISK), 0, NULL },
	{ "inode_wait_for_writeback", R(DISK), 0, NULL },
	{ "__wait_on_freeing_inode", R(LOCK), 0, "inode" },
	{ "d_alloc_parallel", R(LOCK), 0, "inode" },
	{ "d_wait_lookup", R(LOCK), 0, "inode" },

	/* kernel/exit.c, kernel/fork.c */
	{ "do_wait", R(CHILD), HANDED, NULL },
	{ "__do_wait", R(CHILD), HANDED, NULL },
	{ "kernel_wait*", R(CHILD), HANDED, NULL },
	{ "wait_for_vfork_done", R(CHILD), HANDED, NULL },
	{ "zap_pid_ns_processes", R(CHILD), HANDED, NULL },
	{ "call_usermodehelper*", R(CHILD), 0, "usermode helper" },

	{ "do_signal_stop", R(OTHER), HANDED | STOPPED, NULL },
	{ "do_freezer_trap", R(OTHER), HANDED | STOPPED, NULL },
	{ "__refrigerator", R(OTHER), HANDED | STOPPED, NULL },
	{ "ptrace_stop", R(PEER), HANDED, "tracer" },

	/* kernel/time/, kernel/signal.c */
	{ "hrtimer_nanosleep", R(SLEEP), HANDED, NULL },
	{ "do_nanosleep", R(SLEEP), HANDED, NULL },
	{ "msleep*", R(SLEEP), 0, NULL },
	{ "usleep_range*", R(SLEEP), 0, NULL },
	{ "do_sigtimedwait", R(PEER), HANDED, "signal" },
	{ "sigsuspend", R(PEER), HANDED, "signal" },
	{ "__do_sys_pause", R(PEER), HANDED, "signal" },

	/* net/ */
	{ "unix_*", R(PEER), HANDED, NULL },
	{ "__skb_wait_for_more_packets", R(PEER), HANDED, NULL },
	{ "vsock_*", R(PEER), HANDED, NULL },
	{ "netlink_*", R(NETWORK), 0, NULL },
	{ "tcp_*", R(NETWORK), HANDED, NULL },
	{ "udp_*", R(NETWORK), HANDED, NULL },
	{ "inet_*", R(NETWORK), HANDED, NULL },
	{ "sk_wait_data", R(NETWORK), HANDED, NULL },
	{ "sk_stream_wait_*", R(NETWORK), HANDED, NULL },

	/* fs/pipe.c, fs/eventpoll.c, fs/select.c, fs/eventfd.c */
	{ "wait_for_partner", R(PEER), HANDED, "fifo" },
	{ "fifo_open", R(PEER), HANDED, "fifo" },
	{ "pipe_*", R(PEER), HANDED, "pipe" },
	{ "anon_pipe_*", R(PEER), HANDED, "pipe" },
	{ "ep_poll", R(PEER), HANDED, NULL },
	{ "do_epoll_*", R(PEER), HANDED, NULL },
	{ "do_select", R(PEER), HANDED, NULL },
	{ "do_poll*", R(PEER), HANDED, NULL },
	{ "do_sys_poll", R(PEER), HANDED, NULL },
	{ "eventfd_*", R(PEER), HANDED, NULL },
	{ "signalfd_*", R(PEER), HANDED, NULL },
	{ "inotify_read", R(PEER), HANDED, NULL },
	{ "fuse_*", R(PEER), HANDED, "fuse" },
	{ "request_wait_answer", R(PEER), HANDED, "fuse" },
	{ "v9fs_*", R(PEER), 0, "9p" },
	{ "p9_*", R(PEER), 0, "9p" },
	{ "tty_*", R(PEER), HANDED, "tty" },
	{ "n_tty_*", R(PEER), HANDED, "tty" },
	{ "kvm_vcpu_*", R(OTHER), HANDED, NULL },
#undef R
};

static bool fits(const char *pattern, struct ct_text name)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return name.len >= n - 1 && !memcmp(name.p, pattern, n - 1);
	return ct_text_is(name, pattern);
}

static bool is_lock_function(struct ct_text name)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(lock_functions); i++)
		if (fits(lock_functions[i], name))
			return true;
	return false;
}

/* Which lock, from the function outwards that takes it. */
static struct ct_wait_cause lock_of(struct ct_text rest, struct ct_text function)
{
	struct ct_wait_cause cause = { .reason = CT_REASON_LOCK };

	while (rest.len) {
		struct ct_text name = ct_text_cut(&rest, '\0');

		if (is_lock_function(name))
			continue;
		if (!cause.function.len)
			cause.function = name;
		for (size_t i = 0; i < CT_ARRAY_SIZE(lock_rows); i++) {
			if (fits(lock_rows[i].function, name)) {
				cause.what = lock_rows[i].name;
				cause.function = name;
				return cause;
			}
		}
	}
	if (!cause.function.len)
		cause.function = function;
	return cause;
}

/* In these a thread gives up its CPU on behalf of whoever called them. */
static bool is_transparent(struct ct_text name)
{
	static const char *const functions[] = {
		"schedule*",
		"preempt_schedule*",
		"__cond_resched",
		"wait_for_completion*",
		"__wait_for_common",
		"do_wait_for_common",
		"__wait_for_completion*",
		"wait_woken",
		"io_schedule*",
		"bit_wait*",
		"__wait_on_bit*",
		"out_of_line_wait_on_bit*",
		"swake_*",
		"prepare_to_*",
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(functions); i++)
		if (fits(functions[i], name))
			return true;
	return false;
}

struct ct_wait_cause ct_cause_of(struct ct_text stack)
{
	struct ct_wait_cause cause = { .reason = CT_REASON_OTHER };
	size_t best = CT_ARRAY_SIZE(reason_rows);
	struct ct_text rest = stack;
	bool lock = true;

	while (rest.len) {
		struct ct_text name = ct_text_cut(&rest, '\0');

		for (size_t i = 0; i < best; i++)
			if (fits(reason_rows[i].function, name))
				best = i;
		if (is_transparent(name))
			continue;
		if (lock && is_lock_function(name))
			return lock_of(rest, name);
		lock = false;
		if (!cause.function.len)
			cause.function = name;
	}
	if (best < CT_ARRAY_SIZE(reason_rows)) {
		const struct reason_row *row = &reason_rows[best];

		cause.reason = row->reason;
		cause.what = row->what;
		cause.handed = row->how & HANDED;
		cause.stopped = row->how & STOPPED;
	} else {
		/* A wait that no row knows may end by what another thread does: who, is known. */
		cause.handed = true;
	}
	return cause;
}
