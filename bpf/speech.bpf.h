/* SPDX-License-Identifier: GPL-2.0-only */
/* What the first bytes of a send say: whether anybody listens to that, and how much of it. */
#pragma once

#include "h2.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define CT_NR_WRITE   1
#define CT_NR_WRITEV  20
#define CT_NR_SENDTO  44
#define CT_NR_SENDMSG 46
#elif defined(__TARGET_ARCH_arm64)
#define CT_NR_WRITE   64
#define CT_NR_WRITEV  66
#define CT_NR_SENDTO  206
#define CT_NR_SENDMSG 211
#endif

/* Where the bytes of the current system call lie, or NULL if it is not a call that we read. */
static __always_inline const void *sent_bytes(__u64 *len)
{
	struct ct_call_regs call;
	struct user_msghdr msg;
	struct iovec iov;
	const void *arg;

	ct_call_regs(&call);
	arg = (const void *)call.second;
	switch (call.nr) {
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

#define CT_LINE_LEN    16 /* "OPTIONS /v1.41/c": of what only reads */
#define CT_MESSAGE_MIN 10 /* nothing that is listened for is shorter */
#define CT_GRPC_PREFIX 5
#define CT_MUX_HEADER  12

enum ct_speech {
	SILENT,
	LINE,
	SHORT,
	LONG,
	FRAMES
};

/*
 * What is known of one end of a connection. Nobody says when it is closed. What is in containers, or is a
 * user's, takes no place of the host's.
 */
struct ct_ends {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct ct_place);
};

/* Sockets whose last request announced a body that is worth reading: a create request. */
struct ct_ends bodies SEC(".maps"), bodies_shared SEC(".maps");

/*
 * Ends of connections at which an engine may answer with a stream of lines: the peers of those who
 * have POSTed something, by address. One that is another's by now is told by its first bytes.
 */
struct ct_ends streams SEC(".maps"), streams_shared SEC(".maps");

/* share: of who says it. */
static __always_inline void body_follows(__u64 share, __u64 socket)
{
	struct ct_place place = place_of(share, 0);

	if (share)
		ct_place_taken(CT_PLACES_BODIES_SHARED, share,
			       bpf_map_update_elem(&bodies_shared, &socket, &place, BPF_ANY));
	else
		ct_place_taken(CT_PLACES_BODIES, share,
			       bpf_map_update_elem(&bodies, &socket, &place, BPF_ANY));
}

/* Whether it was to follow: once. */
static __always_inline bool body_followed(__u64 share, __u64 socket)
{
	return !(share ? bpf_map_delete_elem(&bodies_shared, &socket)
		       : bpf_map_delete_elem(&bodies, &socket));
}

/* side: the share of the engine, whoever asks it; share: of who asks. */
static __always_inline void stream_begins(__u64 side, __u64 share, __u64 end)
{
	struct ct_place place = place_of(share, 0);

	if (side)
		ct_place_taken(CT_PLACES_STREAMS_SHARED, share,
			       bpf_map_update_elem(&streams_shared, &end, &place, BPF_ANY));
	else
		ct_place_taken(CT_PLACES_STREAMS, share,
			       bpf_map_update_elem(&streams, &end, &place, BPF_ANY));
}

/* A line of it was said: it matters until it is over. */
static __always_inline void stream_goes_on(__u64 side, __u64 end)
{
	struct ct_place *place = side ? bpf_map_lookup_elem(&streams_shared, &end)
				      : bpf_map_lookup_elem(&streams, &end);

	if (!place)
		return;
	place->used_ns = bpf_ktime_get_ns();
	place->flags |= CT_PLACE_LASTS;
}

static __always_inline void stream_is_over(__u64 side, __u64 end)
{
	if (side)
		bpf_map_delete_elem(&streams_shared, &end);
	else
		bpf_map_delete_elem(&streams, &end);
}

static __always_inline bool is_stream_end(__u64 side, __u64 end)
{
	return side ? bpf_map_lookup_elem(&streams_shared, &end)
		    : bpf_map_lookup_elem(&streams, &end);
}

#define CT_LINE_HEAD 16

/*
 * A line of the progress of a pull, in a chunk of its own (moby's pkg/streamformatter): its length in
 * hexadecimal digits, then {"status":... or {"errorDetail":...
 */
__attribute__((noinline)) int ct_is_progress(__u64 at) /* global: verified once, by itself */
{
	unsigned char h[CT_LINE_HEAD];

	if (bpf_probe_read_user(h, sizeof(h), (const void *)at))
		return 0;
	for (int n = 1; n <= 4; n++) {
		if (h[n] != '\r' || h[n + 1] != '\n' || h[n + 2] != '{' || h[n + 3] != '"')
			continue;
		return (h[n + 4] == 's' && h[n + 5] == 't' && h[n + 6] == 'a') ||
		       (h[n + 4] == 'e' && h[n + 5] == 'r' && h[n + 6] == 'r');
	}
	return 0;
}

/*
 * HTTP/2: length (24 bits), type, flags, stream. Data and headers belong to a stream (RFC 9113, 6.1),
 * a row of zeros does not: docker load sends many.
 */
static __always_inline bool is_frame(const unsigned char *h)
{
	return h[3] <= CT_H2_TYPE_MAX && !(h[5] & 0x80) &&
	       (h[3] > CT_H2_HEADERS || (h[5] | h[6] | h[7] | h[8]));
}

/*
 * yamux writes a header by itself before what it carries (Kata 1.x speaks to its agent so): version 0, one of
 * four types, few flags. A frame of HTTP/2 has that length only with three bytes in it.
 */
static __always_inline bool is_mux_header(const unsigned char *b, int ret)
{
	return ret == CT_MUX_HEADER && !b[0] && b[1] <= 3 && !b[2] && b[3] <= 0xf;
}

/*
 * How much of a message is worth carrying: the start of an HTTP/1 request or answer (of one that
 * only reads, its method), a TTRPC message (its length field must agree with what was sent), a
 * batch of HTTP/2 frames (gRPC).
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
	case 0x47455420: /* GET: what it asks is of no interest, but its answer is its own */
	case 0x48454144: /* HEAD */
	case 0x50555420: /* PUT */
	case 0x4f505449: /* OPTI */
	case 0x50415443: /* PATC */
		return LINE;
	case 0x50524920: /* PRI, which nothing but HTTP/2 begins with */
		return FRAMES;
	}
	if ((b[8] == 1 || b[8] == 2) && word + 10 == len)
		return SHORT;
	if (b[0] == 0 && is_frame(b) && (word >> 8) + CT_H2_HEADER <= len)
		return FRAMES;
	return SILENT;
}
