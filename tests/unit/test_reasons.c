// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "core/why/reasons.h"
#include "util/mem.h"

struct stack_case {
	char stack[160]; /* functions, spaces between them */
	enum ct_reason reason;
	char what[24]; /* "" if none */
	int handed;
};

#define R(symbol) CT_REASON_##symbol

ParameterizedTestParameters(reasons, of_a_stack)
{
	static struct stack_case cases[] = {
		{ "schedule io_schedule folio_wait_bit_common filemap_read ext4_file_read_iter",
		  R(DISK), "", 0 },
		{ "schedule io_schedule rq_qos_wait wbt_wait", R(DISK), "", 0 },
		{ "schedule_timeout io_schedule_timeout balance_dirty_pages", R(DISK), "write back",
		  0 },
		/* fsync and the journal are apart from it, whatever they wait in. */
		{ "schedule io_schedule bit_wait_io __wait_on_bit folio_wait_writeback "
		  "file_write_and_wait_range ext4_sync_file do_fsync",
		  R(SYNC), "", 0 },
		{ "schedule jbd2_log_wait_commit ext4_sync_file", R(SYNC), "", 0 },
		{ "schedule wait_transaction_locked start_this_handle jbd2__journal_start", R(SYNC),
		  "journal", 0 },
		{ "schedule wb_wait_for_completion sync_inodes_sb sync_filesystem", R(SYNC),
		  "file system", 0 },
		/* A page fault that reads is a page fault. */
		{ "schedule io_schedule folio_wait_bit_common filemap_fault __do_fault "
		  "handle_mm_fault exc_page_fault",
		  R(FAULT), "", 0 },
		{ "schedule io_schedule shrink_folio_list shrink_node try_to_free_pages "
		  "handle_mm_fault",
		  R(MEMORY), "", 0 },
		{ "schedule schedule_timeout wait_for_completion __wait_rcu_gp synchronize_rcu "
		  "namespace_unlock",
		  R(RCU), "", 0 },
		{ "schedule_timeout wait_for_completion_state rcu_barrier", R(RCU), "", 0 },
		/* Under a lock is not for a lock. */
		{ "schedule wait_for_completion synchronize_net rtnl_unlock", R(RCU), "", 0 },
		{ "schedule schedule_preempt_disabled __mutex_lock rtnl_lock rtnetlink_rcv_msg",
		  R(LOCK), "rtnl", 0 },
		{ "schedule schedule_preempt_disabled __mutex_lock cgroup_kn_lock_live "
		  "cgroup_mkdir",
		  R(LOCK), "cgroup", 0 },
		{ "schedule percpu_rwsem_wait percpu_down_write cgroup_attach_lock", R(LOCK),
		  "cgroup", 0 },
		{ "schedule rwsem_down_read_slowpath down_read_killable copy_net_ns", R(LOCK),
		  "namespace", 0 },
		{ "schedule rwsem_down_write_slowpath down_write namespace_lock lock_mount",
		  R(LOCK), "mount", 0 },
		{ "schedule rwsem_down_write_slowpath down_write_killable vm_mmap_pgoff", R(LOCK),
		  "mmap", 0 },
		{ "schedule rwsem_down_read_slowpath lookup_slow walk_component", R(LOCK), "inode",
		  0 },
		{ "schedule __mutex_lock some_driver_open", R(LOCK), "", 0 },
		{ "schedule futex_do_wait __futex_wait futex_wait", R(LOCK), "futex", 1 },
		{ "schedule flock_lock_inode_wait locks_lock_inode_wait", R(LOCK), "file", 0 },
		{ "schedule do_wait kernel_wait4", R(CHILD), "", 1 },
		{ "schedule wait_for_completion_state wait_for_vfork_done kernel_clone", R(CHILD),
		  "", 1 },
		{ "schedule schedule_timeout unix_stream_data_wait unix_stream_read_generic",
		  R(PEER), "", 1 },
		{ "schedule anon_pipe_read vfs_read", R(PEER), "pipe", 1 },
		{ "schedule pipe_read vfs_read", R(PEER), "pipe", 1 },
		{ "schedule wait_for_partner fifo_open", R(PEER), "fifo", 1 },
		{ "schedule_hrtimeout_range ep_poll do_epoll_wait", R(PEER), "", 1 },
		{ "schedule_timeout wait_woken sk_wait_data tcp_recvmsg_locked", R(NETWORK), "",
		  1 },
		{ "schedule do_nanosleep hrtimer_nanosleep", R(SLEEP), "", 1 },
		{ "schedule do_signal_stop get_signal", R(OTHER), "", 1 },
		{ "schedule wait_for_completion devtmpfs_submit_req", R(OTHER), "", 1 },
		{ "", R(OTHER), "", 1 },
	};

	return cr_make_param_array(struct stack_case, cases, CT_ARRAY_SIZE(cases));
}

ParameterizedTest(struct stack_case *c, reasons, of_a_stack)
{
	char stack[160];
	struct ct_wait_cause cause;

	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = (char)(c->stack[i] == ' ' ? '\0' : c->stack[i]);
	cause = ct_cause_of(ct_text(stack, strlen(c->stack)));
	cr_expect_eq(cause.reason, c->reason, "%s: %s", c->stack, ct_reason_names[cause.reason]);
	cr_expect_str_eq(cause.what ? cause.what : "", c->what, "%s", c->stack);
	cr_expect_eq(cause.handed, c->handed, "%s", c->stack);
}

Test(reasons, the_function_that_says_most_is_kept)
{
	static const char lock[] = "schedule\0__mutex_lock\0some_driver_open\0do_sys_open";
	static const char other[] = "schedule\0wait_for_completion\0devtmpfs_submit_req";
	static const char stopped[] = "schedule\0do_signal_stop\0get_signal";
	struct ct_wait_cause cause = ct_cause_of(ct_text(lock, sizeof(lock) - 1));

	cr_expect(ct_text_is(cause.function, "some_driver_open"));
	cause = ct_cause_of(ct_text(other, sizeof(other) - 1));
	cr_expect(ct_text_is(cause.function, "devtmpfs_submit_req"));
	cr_expect(ct_cause_of(ct_text(stopped, sizeof(stopped) - 1)).stopped);
}
