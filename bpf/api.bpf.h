/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What actors say to each other: every message is heard when its sender sends it, at a tracepoint
 * that fires on socket sends and on nothing else. Both directions of a dialogue are sends, so no
 * receiving side is needed. The bytes were just written by the sender, so they are resident.
 */
#pragma once

#include "coldtrace.bpf.h"

#define CT_IOV_MAX 2

#if defined(__TARGET_ARCH_x86)
#define CT_SYSCALL_NR(regs) ((regs)->orig_ax)
#define CT_NR_WRITE         1
#define CT_NR_WRITEV        20
#define CT_NR_SENDTO        44
#define CT_NR_SENDMSG       46
#elif defined(__TARGET_ARCH_arm64)
#define CT_SYSCALL_NR(regs) (((struct pt_regs *)(regs))->syscallno)
#define CT_NR_WRITE         64
#define CT_NR_WRITEV        66
#define CT_NR_SENDTO        206
#define CT_NR_SENDMSG       211
#endif

/* Where the bytes of the current system call lie, or NULL if it is not a call that we read. */
static __always_inline const void *sent_bytes(__u64 *len)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	const void *arg = (const void *)PT_REGS_PARM2_CORE_SYSCALL(regs);
	struct user_msghdr msg;
	struct iovec iov;

	switch ((__u32)CT_SYSCALL_NR(regs)) {
	case CT_NR_WRITE:
	case CT_NR_SENDTO:
		return arg;
	case CT_NR_SENDMSG:
		if (bpf_probe_read_user(&msg, sizeof(msg), arg))
			return NULL;
		arg = msg.msg_iov;
		break;
	case CT_NR_WRITEV:
		break;
	default:
		return NULL;
	}
	if (bpf_probe_read_user(&iov, sizeof(iov), arg))
		return NULL;
	if (iov.iov_len < *len)
		*len = iov.iov_len;
	return iov.iov_base;
}

#define CT_MESSAGE_MIN 10 /* nothing that is listened for is shorter */
#define CT_H2_HEADER   9
#define CT_H2_DATA     0
#define CT_H2_HEADERS  1
#define CT_H2_TYPE_MAX 9
#define CT_H2_BATCH    32
#define CT_GRPC_PREFIX 5

enum ct_speech {
	SILENT,
	SHORT,
	LONG,
	FRAMES
};

/* Sockets whose last request announced a body that is worth reading: a create request. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u8);
} bodies SEC(".maps");

/*
 * How much of a message is worth carrying: the start of an HTTP/1 request or answer, a TTRPC
 * message (its length field must agree with what was sent), a batch of HTTP/2 frames (gRPC).
 */
static __always_inline enum ct_speech speech_of(const unsigned char *b, __u64 len)
{
	__u32 word;

	word = (__u32)b[0] << 24 | (__u32)b[1] << 16 | (__u32)b[2] << 8 | b[3];
	switch (word) {
	case 0x504f5354: /* POST */
		return LONG;
	case 0x44454c45: /* DELE */
	case 0x48545450: /* HTTP */
		return SHORT;
	}
	if ((b[8] == 1 || b[8] == 2) && word + 10 == len)
		return SHORT;
	/* HTTP/2 frames: length (24 bits), type, flags, stream. */
	if (b[0] == 0 && b[3] <= CT_H2_TYPE_MAX && !(b[5] & 0x80) &&
	    (word >> 8) + CT_H2_HEADER <= len)
		return FRAMES;
	return SILENT;
}

static __always_inline void send_event(struct sock *sk, struct unix_sock *us, const void *bytes,
				       __u64 len, int ret, __u32 tail_max)
{
	struct ct_event *e = ct_reserve(CT_KIND_SEND, tail_max);

	if (!e)
		return;
	barrier_var(len); /* the verifier must see the bound on what is passed on */
	if (len > tail_max) {
		len = tail_max;
		e->flags |= CT_F_TRUNCATED;
	}
	if (bpf_probe_read_user(e->tail, len, bytes)) {
		e->flags |= CT_F_NO_DATA;
		ct_lose(CT_LOSS_READ);
		len = 0;
	}
	ct_tail_set(e, len);
	e->sub = AF_UNIX;
	e->ret = ret;
	if (us->addr)
		e->flags |= CT_F_SERVER;
	e->obj = bpf_get_socket_cookie(sk);
	if (us->peer)
		e->arg = bpf_get_socket_cookie(us->peer);
	ct_submit(e);
}

/*
 * gRPC batches the frames of many streams into one send. What counts is the beginning of each
 * request (its first DATA frame, with the container id) and that an answer begins (HEADERS).
 */
static __always_inline void frame_events(struct sock *sk, struct unix_sock *us, const void *bytes,
					 __u64 len, int ret)
{
	bool answers = us->addr;
	unsigned char h[CT_H2_HEADER];
	__u64 at = 0, frame;

	for (int i = 0; i < CT_H2_BATCH && at + CT_H2_HEADER <= len; i++) {
		if (bpf_probe_read_user(h, sizeof(h), bytes + at))
			return;
		frame = CT_H2_HEADER + ((__u64)h[0] << 16 | (__u64)h[1] << 8 | h[2]);
		if (answers ? h[3] == CT_H2_HEADERS
			    : h[3] == CT_H2_DATA && frame > CT_H2_HEADER + CT_GRPC_PREFIX)
			send_event(sk, us, bytes + at, frame, ret, CT_TAIL_SMALL);
		at += frame;
	}
}

static __always_inline bool file_id_of(struct unix_sock *us, struct ct_file_id *id)
{
	struct dentry *dentry = us->path.dentry;
	struct inode *inode;

	if (!dentry)
		return false;
	inode = dentry->d_inode;
	if (!inode)
		return false;
	id->ino = inode->i_ino;
	id->dev = inode->i_sb->s_dev;
	return true;
}

static __always_inline int heard_unix(struct sock *sk, int ret)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct unix_sock *us = bpf_skc_to_unix_sock(sk);
	struct ct_file_id id;
	unsigned char head[10];
	const void *bytes;
	__u64 len = ret, key;
	enum ct_speech speech;
	__u8 one = 1;

	if (!us)
		return 0;
	if (!actor || (actor->role != CT_ROLE_ENGINE && actor->role != CT_ROLE_SHIM)) {
		/* Anybody may be a client: known by the socket file that it talks to. */
		struct sock *peer = us->peer;
		struct unix_sock *peer_us;

		if (!peer)
			return 0;
		peer_us = bpf_skc_to_unix_sock(peer);
		if (!peer_us || !file_id_of(peer_us, &id))
			return 0;
		if (!bpf_map_lookup_elem(&api_sockets, &id))
			return 0;
	}
	bytes = sent_bytes(&len);
	if (!bytes || len < sizeof(head) || bpf_probe_read_user(head, sizeof(head), bytes))
		return 0;
	speech = speech_of(head, ret);
	key = bpf_get_socket_cookie(sk);
	if (speech == LONG) {
		bpf_map_update_elem(&bodies, &key, &one, BPF_ANY);
	} else if (speech == SILENT && head[0] == '{' && head[1] == '"' &&
		   !bpf_map_delete_elem(&bodies, &key)) {
		speech = LONG;
	}
	switch (speech) {
	case SHORT:
		if (len <= CT_TAIL_SMALL)
			send_event(sk, us, bytes, len, ret, CT_TAIL_SMALL);
		else
			send_event(sk, us, bytes, len, ret, CT_TAIL_MEDIUM);
		break;
	case LONG:
		if (len <= CT_TAIL_MEDIUM)
			send_event(sk, us, bytes, len, ret, CT_TAIL_MEDIUM);
		else
			send_event(sk, us, bytes, len, ret, CT_TAIL_MAX);
		break;
	case FRAMES:
		frame_events(sk, us, bytes, len, ret);
		break;
	case SILENT:
		return 0;
	}
	/* An engine that answers on a socket made by a listener: that is its API. */
	if (actor && actor->role == CT_ROLE_ENGINE && file_id_of(us, &id)) {
		__u32 tgid = bpf_get_current_pid_tgid() >> 32;

		if (!bpf_map_lookup_elem(&api_sockets, &id))
			bpf_map_update_elem(&api_sockets, &id, &tgid, BPF_ANY);
	}
	return 0;
}

static __always_inline int heard_netlink(struct sock *sk, int ret)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_event *e;
	const void *bytes;
	__u64 len = ret;

	if (!actor || ct_is_workload(actor) || sk->sk_protocol != 0 /* NETLINK_ROUTE */)
		return 0;
	bytes = sent_bytes(&len);
	e = ct_reserve(CT_KIND_NETLINK, CT_TAIL_SMALL);
	if (!e)
		return 0;
	if (len > CT_TAIL_SMALL) {
		len = CT_TAIL_SMALL;
		e->flags |= CT_F_TRUNCATED;
	}
	if (!bytes || bpf_probe_read_user(e->tail, len, bytes)) {
		e->flags |= CT_F_NO_DATA;
		len = 0;
	}
	ct_tail_set(e, len);
	e->obj = sk->__sk_common.skc_net.net->ns.inum;
	e->ret = ret;
	ct_submit(e);
	return 0;
}

/* int sock_send_length(struct sock *sk, int ret, int flags): net/socket.c, since 6.3. */
SEC("?tp_btf/sock_send_length")
int BPF_PROG(ct_send, struct sock *sk, int ret, int flags)
{
	if (ret < CT_MESSAGE_MIN)
		return 0;
	switch (sk->__sk_common.skc_family) {
	case AF_UNIX:
		return heard_unix(sk, ret);
	case AF_NETLINK:
		return heard_netlink(sk, ret);
	}
	return 0;
}
