/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What actors say to each other: every message is heard when its sender sends it, at a tracepoint
 * that fires on socket sends and on nothing else. Both directions of a dialogue are sends, so no
 * receiving side is needed. The bytes were just written by the sender, so they are resident.
 */
#pragma once

#include "asker.bpf.h"
#include "hosts.bpf.h"
#include "listeners.bpf.h"
#include "scratch.bpf.h"
#include "speech.bpf.h"

/*
 * What tells one socket from all others: its cookie. Where the kernel gives none to this kind of
 * program, the number of its inode, which no other socket has while it lives; 0 for one that no
 * process has accepted yet.
 */
static __always_inline __u64 socket_id(enum ct_how how, struct sock *sk)
{
	if (how == CT_TYPED)
		return bpf_get_socket_cookie(sk);
	return CT_GET(how, sk, sk_socket, file, f_inode, i_ino);
}

/*
 * What all events of one send have in common. Functions below that are no part of their caller are global:
 * the verifier goes through each once, by itself, and not once per way to it. Before 5.13 those take
 * numbers alone.
 */
struct ct_send {
	__u64 socket;
	__u64 peer;
	__u64 end; /* address of the engine's end */
	__u64 share;
	__u64 side; /* share of the engine that speaks or is spoken to */
	__u32 engine; /* that is spoken to, 0: it speaks itself */
	__s32 ret;
	__u32 answers; /* the socket was made by a listener */
	__u32 family; /* of the socket */
};

CT_SCRATCH(send_scratch, struct ct_send)

static __always_inline int send_event(const struct ct_send *send, const void *bytes, __u64 len,
				      const __u32 tail_max)
{
	struct ct_event *e = ct_reserve(CT_KIND_SEND, tail_max);

	if (!e)
		return 0;
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
	e->sub = (__u16)send->family;
	e->ret = send->ret;
	e->root = send->engine;
	e->flags |= ct_mine();
	if (send->engine)
		e->dur_ns = ct_ups();
	if (send->answers)
		e->flags |= CT_F_SERVER;
	e->obj = send->socket;
	e->arg = send->peer;
	ct_submit(e);
	return 0;
}

/* Bytes of the current send, as many as an event of its size carries, and not more than max. */
__attribute__((noinline)) int ct_send_event(__u64 bytes, __u64 len, __u32 max)
{
	const struct ct_send *send = send_scratch_of();

	if (!send)
		return 0;
	if (len <= CT_TAIL_SMALL)
		return send_event(send, (const void *)bytes, len, CT_TAIL_SMALL);
	if (len <= CT_TAIL_MEDIUM || max <= CT_TAIL_MEDIUM)
		return send_event(send, (const void *)bytes, len, CT_TAIL_MEDIUM);
	return send_event(send, (const void *)bytes, len, CT_TAIL_MAX);
}

/* An answer that is an id of 64 digits and nothing else: its prefix, its field, the id. */
#define CT_ID_ANSWER (CT_GRPC_PREFIX + 2 + 64)
/* The same with "sha256:" before it: an image. */
#define CT_IMAGE_ANSWER (CT_ID_ANSWER + 7)

/* Of answers as short as that there are few: none, and the status of a command that said nothing. */
#define CT_SHORT_ANSWER (CT_GRPC_PREFIX + 11)

#define CT_STATUS_FIELD 0x18 /* a number, field 3 */

/*
 * An answer that ends in the status of a command that has failed, behind what it said (ExecSyncResponse
 * of the Kubernetes runtime interface): so does hardly another, and those that succeed do not.
 */
__attribute__((noinline)) int ct_ends_in_status(__u64 end) /* global: verified once, by itself */
{
	unsigned char b[3];

	if (bpf_probe_read_user(b, sizeof(b), (const void *)(end - sizeof(b))))
		return 0;
	if (b[2] & 0x80)
		return 0;
	return (b[1] == CT_STATUS_FIELD && b[2]) || (b[0] == CT_STATUS_FIELD && b[1] & 0x80);
}

/*
 * What of a frame is worth carrying: all header blocks, because what a client said once it refers
 * to later; the beginning of each request; of the answers those that say which id was made. A
 * message that does not end in its first frame goes on in frames that begin with anything. Short
 * answers, and those that end in the status of what has failed: who hears neither hears of a success.
 */
static __always_inline bool frame_counts(const unsigned char *h, __u64 payload, const void *at,
					 __u64 answers)
{
	unsigned char m[CT_GRPC_PREFIX + 1];
	__u64 message;

	if (h[3] == CT_H2_HEADERS)
		return true;
	if (h[3] != CT_H2_DATA || payload < CT_GRPC_PREFIX)
		return false;
	if (answers && payload != CT_ID_ANSWER && payload != CT_IMAGE_ANSWER)
		return payload <= CT_SHORT_ANSWER ||
		       ct_ends_in_status((__u64)at + CT_H2_HEADER + payload);
	if (payload == CT_GRPC_PREFIX || bpf_probe_read_user(m, sizeof(m), at + CT_H2_HEADER))
		return false;
	message = (__u64)m[1] << 24 | (__u64)m[2] << 16 | (__u64)m[3] << 8 | m[4];
	if (m[0] > 1 || message + CT_GRPC_PREFIX < payload)
		return false;
	return !answers || m[CT_GRPC_PREFIX] == 0x0a; /* its first field, bytes */
}

/*
 * A header block is carried as far as an event can: the one that says why something failed says it twice
 * (grpc-message, grpc-status-details-bin of grpc-go).
 */
#define CT_H2_BLOCK_MAX CT_TAIL_MAX

/* A header block that is cut, or goes on in another frame, or in another send. */
static __always_inline void h2_frame(struct ct_h2 *h2, const unsigned char *h, __u64 frame,
				     __u64 room)
{
	if (h[3] != CT_H2_HEADERS)
		return;
	h2->headers = 1;
	if (!(h[4] & CT_H2_END_HEADERS) || frame > CT_H2_BLOCK_MAX || frame > room)
		h2->cut = 1;
}

/*
 * The frame that begins there: its length with its header, 0: there is none. What is behind the bytes that were sent
 * is something else of the sender's, or not in memory.
 */
__attribute__((noinline)) int ct_send_frame(__u64 at, __u64 room)
{
	const struct ct_send *send = send_scratch_of();
	struct ct_h2 *h2 = h2_scratch_of();
	unsigned char h[CT_H2_HEADER];
	__u64 frame;

	if (!send || !h2)
		return 0;
	if (bpf_probe_read_user(h, sizeof(h), (const void *)at) || !is_frame(h))
		return 0;
	frame = CT_H2_HEADER + ((__u64)h[0] << 16 | (__u64)h[1] << 8 | h[2]);
	if (frame_counts(h, frame - CT_H2_HEADER, (const void *)at, send->answers))
		ct_send_event(at, frame < room ? frame : room,
			      h[3] == CT_H2_HEADERS ? CT_H2_BLOCK_MAX : CT_TAIL_MEDIUM);
	h2_frame(h2, h, frame, room);
	return frame;
}

/*
 * gRPC batches the frames of many streams into one send. Begins where a frame does. A stream of other
 * bytes that looks like one has no header blocks.
 */
__attribute__((noinline)) int ct_send_frames(__u64 bytes, __u64 len)
{
	struct ct_h2 *h2 = h2_scratch_of();
	__u64 at, frame;

	if (!h2)
		return 0;
	at = h2->at;
	for (int i = 0; i < CT_H2_BATCH; i++) {
		at = ct_forget(at, h2->key);
		if (at + CT_H2_HEADER > len)
			break;
		frame = ct_send_frame(bytes + at, len - at);
		if (!frame)
			break;
		at += frame;
	}
	h2->at = at;
	return 0;
}

static __always_inline void frame_events(const void *bytes, __u64 len, int ret, struct ct_h2 *h2)
{
	__u64 at;

	ct_send_frames((__u64)bytes, len);
	at = h2->at;
	if (!h2->known && !h2->headers)
		return;
	ct_h2_is_known();
	if (h2->headers) /* said again: a hole is one more */
		h2->left = 0;
	if (at < ret && ret - at < CT_H2_HEADER && len == ret) {
		h2_keep_part(h2, bytes + ret, ret - at);
		if (h2->cut)
			h2_hole(h2);
		return;
	}
	if (at < ret) { /* something else, more of it than is looked at, or not whole */
		ct_h2_lost();
		return;
	}
	h2->left = at - ret;
	h2_write(h2);
	if (h2->cut)
		h2_hole(h2);
}

/*
 * Where in a send the first frame begins: behind the rest of the last one. What is too short to be
 * heard may have been that rest: then it begins at once. Beyond its end: it is all rest.
 */
static __always_inline __u64 first_frame(const struct ct_h2 *h2, const void *bytes, __u64 len,
					 bool preface)
{
	unsigned char h[CT_H2_HEADER];
	__u64 at = h2->left;

	if (preface)
		return CT_H2_PREFACE;
	if (h2_is_part(at))
		at = ct_h2_rest((__u64)bytes);
	if (!at || at == CT_H2_LOST || at >= len)
		return at == CT_H2_LOST ? 0 : at;
	if (at + CT_H2_HEADER <= len && !bpf_probe_read_user(h, sizeof(h), bytes + at) &&
	    is_frame(h))
		return at;
	return 0;
}

/* Runtimes: kata-runtime asks the agent of its machine. */
static __always_inline bool is_heard(__u8 role)
{
	return role == CT_ROLE_ENGINE || role == CT_ROLE_SHIM || role == CT_ROLE_RUNTIME;
}

static __always_inline int speech_events(enum ct_speech speech, const void *bytes, __u64 len,
					 int ret, struct ct_h2 *h2)
{
	switch (speech) {
	case LINE:
		ct_send_event((__u64)bytes, len > CT_LINE_LEN ? CT_LINE_LEN : len, CT_TAIL_SMALL);
		return 1;
	case SHORT:
		ct_send_event((__u64)bytes, len, CT_TAIL_MEDIUM);
		return 1;
	case LONG:
		ct_send_event((__u64)bytes, len, CT_TAIL_MAX);
		return 1;
	case FRAMES:
		frame_events(bytes, len, ret, h2);
		return 1;
	case SILENT:
		break;
	}
	return 0;
}

/*
 * What the current send says, by its bytes and by what its connection has said before. Returns whether it
 * was worth carrying. Once more by itself for the verifier: from here on nothing depends on who speaks.
 */
__attribute__((noinline)) int ct_send_heard(__u64 from, __u64 len)
{
	const struct ct_send *send = send_scratch_of();
	const void *bytes = (const void *)from;
	unsigned char head[CT_MESSAGE_MIN];
	enum ct_speech speech;
	struct ct_h2 *h2;
	__u64 key, end, share, side, at = 0;
	int ret;

	if (!send)
		return 0;
	key = send->socket; /* of the stack: kernels before 5.18 want that */
	end = send->end;
	share = send->share;
	side = send->side;
	ret = send->ret;
	if (len < sizeof(head) || bpf_probe_read_user(head, sizeof(head), bytes)) {
		ct_h2_unread(key, share, len >= sizeof(head));
		return 0;
	}
	speech = speech_of(head, ret);
	if (speech == FRAMES && head[0] == 'P') {
		stream_is_over(side, end); /* of another connection there */
	} else if ((speech == SILENT || speech == FRAMES) && is_stream_end(side, end)) {
		if (speech == SILENT && ct_is_progress(from)) {
			if (ct_may_say(share, len)) {
				stream_goes_on(side, end);
				ct_send_event(from, len, CT_TAIL_MEDIUM);
			}
			return 0;
		}
		/* The body of a client's POST, a tar archive for instance. An engine's own end
		 * may have the address of one that was POSTed to, and speaks HTTP/2 all the same. */
		if (speech == FRAMES && send->engine)
			return 0;
	}
	h2 = h2_read(key, share);
	if (!h2)
		return 0;
	if (is_mux_header(head, ret) && (!h2->left || h2->left == CT_H2_LOST))
		return 0;
	if (h2->known || speech == FRAMES) {
		bool preface = speech == FRAMES && head[0] == 'P';

		at = first_frame(h2, bytes, len, preface);
		if (at >= (__u64)ret && !preface) {
			h2->left = at - ret;
			h2_write(h2);
			return 0;
		}
		if (at)
			speech = FRAMES;
	}
	if (h2->known && speech != FRAMES)
		ct_h2_lost();
	if (speech != SILENT && !ct_may_say(share, speech == LONG ? len + CT_PLACE_BYTES : len)) {
		if (speech == FRAMES && h2->known)
			ct_h2_lost();
		return 0;
	}
	if (speech == FRAMES && !h2->known && head[0] != 'P')
		ct_h2_unknown();
	if ((speech == LONG || speech == FRAMES) && send->engine && ct_asks(share)) {
		ct_asker_event(send->engine);
		ct_above();
	}
	if (speech == LONG) {
		body_follows(share, key);
		stream_begins(side, share, end);
	} else if (speech == SILENT && head[0] == '{' && head[1] == '"' &&
		   body_followed(share, key)) {
		speech = LONG;
	} else if (speech == SILENT && !h2->known) {
		ct_h2_strange();
	}
	h2->at = at;
	return speech_events(speech, bytes, len, ret, h2);
}

/* The other end of an engine's socket, by the engine's own end, where sockets are known by their inodes. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} peers SEC(".maps");

/*
 * Whoever has been answered may have closed its socket before who answers is back from sending: nothing has its inode
 * then (sock_orphan()), but it is the one that it was before. 0: not known. A function of its own, for what it has on the
 * stack: with that of its callers and what they call it would be too much.
 */
static __noinline __u64 peer_id(struct sock *peer, __u64 own)
{
	__u64 id = socket_id(CT_PROBED, peer), *known;

	known = bpf_map_lookup_elem(&peers, &own);
	if (!id)
		return known ? *known : 0;
	if (!known || *known != id)
		bpf_map_update_elem(&peers, &own, &id, BPF_ANY);
	return id;
}

static __always_inline int heard_on(enum ct_how how, struct sock *sk, int ret)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct unix_sock *us, *peer_us;
	struct ct_send *send;
	struct ct_file_id id;
	struct sock *peer;
	const void *bytes;
	__u64 len = ret, share, own;
	__u32 engine = 0;

	us = unix_sock_of(how, sk);
	if (!us)
		return 0;
	peer = CT_GET(how, us, peer);
	peer_us = peer ? unix_sock_of(how, peer) : NULL;
	if (!is_dialogue(how, us, peer_us))
		return 0;
	share = actor ? actor->share : 0;
	if (actor && !is_heard(actor->role))
		actor = NULL;
	if (!actor)
		engine = engine_of(how, peer_us);
	if (!actor && !engine)
		return 0;
	send = send_scratch_of();
	bytes = sent_bytes(&len);
	if (!send || !bytes)
		return 0;
	own = socket_id(how, sk);
	send->socket = own;
	send->answers = !!CT_GET(how, us, addr);
	if (!peer)
		send->peer = 0;
	else if (how == CT_PROBED && send->answers)
		send->peer = peer_id(peer, own);
	else
		send->peer = socket_id(how, peer);
	send->end = (__u64)(engine ? peer : sk);
	send->side = engine ? share_of_engine(engine) : share;
	send->share = share ? share : send->side;
	send->engine = engine;
	send->ret = ret;
	send->family = AF_UNIX;
	if (!ct_send_heard((__u64)bytes, len))
		return 0;
	if (how != CT_TYPED && peer && !send->peer && send->answers)
		ct_lose(CT_LOSS_TALK); /* an answer of which nobody knows to whom */
	/* An engine that answers on a socket made by a listener: that is its API. */
	if (actor && actor->role == CT_ROLE_ENGINE && file_id_of(how, us, &id))
		api_socket(&id, actor->share);
	return 0;
}

/* A socket is typed if its program got it so and the kernel can say what kind of socket it is. */
static __always_inline int heard_unix(enum ct_how how, struct sock *sk, int ret)
{
	if (how == CT_TYPED && ct_has(SOCKETS))
		return heard_on(CT_TYPED, sk, ret);
	if (ct_has(READ))
		return heard_on(CT_PROBED, sk, ret);
	return 0;
}

/*
 * Into a virtual machine, whose agent answers from inside it: who asks is all that there is to know. Such a
 * socket has no path, and its peer is no socket of this kernel.
 */
static __always_inline int heard_vsock_on(enum ct_how how, struct sock *sk, int ret)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_send *send;
	const void *bytes;
	__u64 len = ret;

	if (!actor || (actor->role != CT_ROLE_SHIM && actor->role != CT_ROLE_RUNTIME))
		return 0;
	send = send_scratch_of();
	bytes = sent_bytes(&len);
	if (!send || !bytes)
		return 0;
	__builtin_memset(send, 0, sizeof(*send));
	send->socket = socket_id(how, sk);
	send->end = (__u64)sk;
	send->share = send->side = actor->share;
	send->ret = ret;
	send->family = AF_VSOCK;
	ct_send_heard((__u64)bytes, len);
	return 0;
}

static __always_inline int heard_vsock(enum ct_how how, struct sock *sk, int ret)
{
	if (how == CT_TYPED && ct_has(SOCKETS)) /* with the cookies of sockets */
		return heard_vsock_on(CT_TYPED, sk, ret);
	if (ct_has(READ))
		return heard_vsock_on(CT_PROBED, sk, ret);
	return 0;
}

static __always_inline int heard_netlink(enum ct_how how, struct sock *sk, int ret)
{
	struct ct_actor *actor = ct_actor_of(bpf_get_current_pid_tgid() >> 32);
	struct ct_event *e;
	const void *bytes;
	__u64 len = ret;

	if (!actor || ct_is_workload(actor) || CT_GET(how, sk, sk_protocol)) /* 0: NETLINK_ROUTE */
		return 0;
	if (!ct_may_say(actor->share, CT_TAIL_SMALL))
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
	e->obj = CT_GET(how, CT_PLAIN_IF(how, sock, sk), __sk_common.skc_net.net, ns.inum);
	e->ret = ret;
	ct_submit(e);
	return 0;
}

static __always_inline int heard_of(enum ct_how how, struct sock *sk, __u32 family, int ret)
{
	switch (family) {
	case AF_UNIX:
		return heard_unix(how, sk, ret);
	case AF_VSOCK:
		return heard_vsock(how, sk, ret);
	case AF_NETLINK:
		return heard_netlink(how, sk, ret);
	}
	return 0;
}

/* Functions of their own: a bystander has nothing to save for what they do with stack and registers. */
static __noinline int heard_typed(struct sock *sk, __u32 family, int ret)
{
	return heard_of(CT_TYPED, sk, family, ret);
}

static __noinline int heard_probed(struct sock *sk, __u32 family, int ret)
{
	return heard_of(CT_PROBED, sk, family, ret);
}

/* What is sent there now is not listened to, whatever it is. */
static __always_inline bool is_of_bystanders(enum ct_how how, struct sock *sk, __u32 family)
{
	if (family == AF_UNIX)
		return ct_is_bystander(bpf_get_current_pid_tgid() >> 32) && is_chat(how, sk);
	return (family != AF_NETLINK && family != AF_VSOCK) ||
	       ct_is_bystander(bpf_get_current_pid_tgid() >> 32);
}

/* tcp: sends over it come here, too. */
static __always_inline int heard_on_any(enum ct_how how, struct sock *sk, int ret, const bool tcp)
{
	__u32 family;

	if (ret < CT_MESSAGE_MIN)
		return 0;
	family = CT_GET(how, sk, __sk_common.skc_family);
	if (tcp && (family == AF_INET || family == AF_INET6))
		return ct_links_silent ? link_speaks(sk, family, ret) : 0;
	if (is_of_bystanders(how, sk, family))
		return 0;
	return how == CT_TYPED ? heard_typed(sk, family, ret) : heard_probed(sk, family, ret);
}

static __always_inline int heard(enum ct_how how, struct sock *sk, int ret)
{
	return heard_on_any(how, sk, ret, false);
}

/* int sock_send_length(struct sock *sk, int ret, int flags): net/socket.c, since 6.3. */
SEC("?tp_btf/sock_send_length")
int BPF_PROG(ct_send, struct sock *sk, int ret, int flags)
{
	return heard_on_any(CT_TYPED, sk, ret, true);
}
