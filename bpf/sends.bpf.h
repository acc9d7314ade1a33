/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same sends as in api.bpf.h, on kernels before 6.3, which have no tracepoint there: where the
 * two families that are listened to return from sending, or else where the system calls return.
 */
#pragma once

#include "api.bpf.h"

#define CT_S_IFSOCK 0140000

/* net/unix/af_unix.c, net/netlink/af_netlink.c: (struct socket *, struct msghdr *, size_t). */
#define CT_SEND_FUNCTIONS(X) \
	X(unix, unix_stream_sendmsg) \
	X(netlink, netlink_sendmsg)

#define X(name, function) \
	SEC("?fexit/" #function) \
	int BPF_PROG(ct_send_##name##_fexit, struct socket *socket, struct msghdr *msg, \
		     size_t len, int ret) \
	{ \
		return heard(CT_TYPED, socket->sk, ret); \
	}
CT_SEND_FUNCTIONS(X)
#undef X

/* By tid, who is inside one of these functions and may be of interest; user space has the same (live_state.h). */
struct ct_sending {
	__u64 socket;
	__u64 since_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct ct_sending);
} sending SEC(".maps");

/*
 * Of those who are inside, the kernel hears as many return as it has CPUs, or 10 or twice as many where it can be
 * preempted (register_kretprobe() of kernel/kprobes.c, 5.10; no perf event can ask for more), and only counts the others, where nobody can read it. Who enters and has not
 * left is one of them. Who does not enter again is found by user space (live_sends.c).
 */
static __always_inline int send_enter(struct socket *socket)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct ct_sending now = { .socket = (__u64)socket };
	struct sock *sk = CT_GET(CT_PROBED, socket, sk);

	if (!bpf_map_delete_elem(&sending, &tid))
		ct_lose(CT_LOSS_READ);
	if (is_of_bystanders(CT_PROBED, sk, CT_GET(CT_PROBED, sk, __sk_common.skc_family)))
		return 0;
	now.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&sending, &tid, &now, BPF_ANY))
		ct_lose(CT_LOSS_READ);
	return 0;
}

static __always_inline int send_leave(int ret)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct ct_sending *entered = bpf_map_lookup_elem(&sending, &tid);
	struct socket *socket;

	if (!entered)
		return 0;
	socket = (struct socket *)entered->socket;
	bpf_map_delete_elem(&sending, &tid);
	return heard(CT_PROBED, CT_GET(CT_PROBED, socket, sk), ret);
}

#define X(name, function) \
	SEC("?kprobe/" #function) \
	int BPF_KPROBE(ct_send_##name##_enter, struct socket *socket) \
	{ \
		return send_enter(socket); \
	} \
	SEC("?kretprobe/" #function) \
	int BPF_KRETPROBE(ct_send_##name##_leave, int ret) \
	{ \
		return send_leave(ret); \
	}
CT_SEND_FUNCTIONS(X)
#undef X

/*
 * The weakest: at the return of the system call, the descriptor is looked up again. Another thread
 * may have closed it since, and each of these calls on the node, whatever it writes to, comes here.
 */
static __always_inline int call_sent(long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct ct_call_regs call;
	struct socket *socket;
	struct file **table, *file = NULL;

	if (ret < CT_MESSAGE_MIN)
		return 0;
	ct_call_regs(&call);
	table = CT_GET(CT_PROBED, task, files, fdt, fd);
	if (!table || bpf_probe_read_kernel(&file, sizeof(file), table + (__u32)call.first) ||
	    !file)
		return 0;
	if ((CT_GET(CT_PROBED, file, f_inode, i_mode) & CT_S_IFMT) != CT_S_IFSOCK)
		return 0;
	socket = CT_GET(CT_PROBED, file, private_data); /* net/socket.c: sock_alloc_file() */
	return heard(CT_PROBED, CT_GET(CT_PROBED, socket, sk), ret);
}

#define CT_SEND_CALLS(X) \
	X(write) \
	X(writev) \
	X(sendto) \
	X(sendmsg)

#define X(name) \
	SEC("?tracepoint/syscalls/sys_exit_" #name) \
	int ct_send_##name(struct trace_event_raw_sys_exit *ctx) \
	{ \
		return call_sent(ctx->ret); \
	}
CT_SEND_CALLS(X)
#undef X
