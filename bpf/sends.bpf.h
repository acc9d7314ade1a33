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

/*
 * tid of a thread inside one of these functions, and on which socket. Whose place was needed for others is
 * missed when he returns: see send_leave(). Until then nothing of his is lost.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} sending SEC(".maps");

static __always_inline int send_enter(__u64 socket)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	bpf_map_update_elem(&sending, &tid, &socket, BPF_ANY);
	return 0;
}

static __always_inline int send_leave(int ret)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *entered = bpf_map_lookup_elem(&sending, &tid);
	struct socket *socket;

	/*
	 * Nobody returns here who was not heard to enter: that is attached first (the table of probes has them in
	 * this order), and the kernel takes note of a return when the function is entered. So there was no place
	 * for him, or it was needed for others. To whom he sent is not known: it may have been an engine.
	 */
	if (!entered) {
		if (ret >= CT_MESSAGE_MIN)
			ct_lose(CT_LOSS_READ);
		return 0;
	}
	socket = (struct socket *)*entered;
	bpf_map_delete_elem(&sending, &tid);
	return heard(CT_PROBED, CT_GET(CT_PROBED, socket, sk), ret);
}

#define X(name, function) \
	SEC("?kprobe/" #function) \
	int BPF_KPROBE(ct_send_##name##_enter, struct socket *socket) \
	{ \
		return send_enter((__u64)socket); \
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
