/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which host the first bytes that are said on a connection ask for: the server name of TLS, which is in clear, or the Host of
 * a request. It needs nothing of the kernel's but to read them, and to loop: a unit test plays it whatever there is.
 */
#pragma once

#include "ct_event.h"
#include "ct_host.h"
#include "scratch.bpf.h"
#include <bpf/bpf_helpers.h>

#define CT_FIRST_MIN   10 /* nothing that is looked for is shorter */
#define CT_REQUEST_MAX 2048 /* so far into a request its Host is looked for */

struct ct_first_words {
	__u64 host[CT_HOST_LEN / 8]; /* of characters; zeros behind it */
	char bytes[CT_REQUEST_MAX]; /* of a request */
	__u32 named; /* enum ct_named; 0: there is none */
};

CT_SCRATCH(first_words, struct ct_first_words)

/* A TLS record, and in it a ClientHello up to the length of its session (RFC 8446, 4.1.2 and 5.1). */
#define CT_TLS_HEADER     5
#define CT_HELLO_SESSION  43
#define CT_EXTENSIONS_MAX 64 /* Go has 14 of them, a browser 20 */

static __always_inline bool is_hello(const unsigned char *b)
{
	return b[0] == 0x16 && b[1] == 3 && b[5] == 1 && b[9] == 3;
}

/* A length of one byte or two: behind what has it; beyond any end where there is none. */
static __always_inline __u64 behind(__u64 from, __u64 at, __u64 end, const __u32 size)
{
	unsigned char n[2] = {};

	if (at + size > end || bpf_probe_read_user(n, size, (const void *)(from + at)))
		return end + 1;
	return at + size + (size == 1 ? n[0] : (__u64)n[0] << 8 | n[1]);
}

struct ct_hello {
	__u64 from;
	__u64 at;
	__u64 end;
	__u64 size; /* of the name that begins there, 0: it is not found */
};

/* Of a list, the first, which is a name of a host (type 0). */
static __always_inline void server_name(struct ct_hello *hello, __u64 size)
{
	unsigned char name[5];

	if (size < sizeof(name) || hello->at + size > hello->end ||
	    bpf_probe_read_user(name, sizeof(name), (const void *)(hello->from + hello->at)) ||
	    name[2])
		return;
	hello->at += sizeof(name);
	size = (__u64)name[3] << 8 | name[4];
	if (hello->at + size <= hello->end)
		hello->size = size;
}

static long hello_extension(__u64 n, void *ctx)
{
	struct ct_hello *hello = ctx;
	unsigned char x[4];
	__u64 size;

	(void)n;
	if (hello->at + sizeof(x) > hello->end ||
	    bpf_probe_read_user(x, sizeof(x), (const void *)(hello->from + hello->at)))
		return 1;
	hello->at += sizeof(x);
	size = (__u64)x[2] << 8 | x[3];
	if (!x[0] && !x[1]) {
		server_name(hello, size);
		return 1;
	}
	hello->at += size;
	return 0;
}

/* Where the server name begins (RFC 6066, 3), and << 16 how long it is; 0: there is none. */
static __always_inline __u32 hello_host(__u64 from, __u64 len)
{
	unsigned char b[CT_HELLO_SESSION + 1];
	struct ct_hello hello = { .from = from };

	if (len < sizeof(b) || bpf_probe_read_user(b, sizeof(b), (const void *)from))
		return 0;
	hello.end = CT_TLS_HEADER + ((__u64)b[3] << 8 | b[4]);
	if (hello.end > len) /* the rest comes with the next send, which is not looked at */
		hello.end = len;
	hello.at = sizeof(b) + b[CT_HELLO_SESSION];
	hello.at = behind(from, hello.at, hello.end, 2); /* ciphers */
	hello.at = behind(from, hello.at, hello.end, 1); /* compression */
	hello.at += 2; /* the extensions' length: they go on to the end of the record */
	bpf_loop(CT_EXTENSIONS_MAX, hello_extension, &hello, 0);
	if (hello.at > 0xffff || hello.size >= CT_HOST_LEN)
		return 0;
	return hello.size ? hello.at | hello.size << 16 : 0;
}

#define CT_LINE_HOST 0x0a686f73743aull /* "\nhost:" */
#define CT_LINE_CASE 0x002020202000ull
#define CT_LINE_MASK 0xffffffffffffull
#define CT_HEAD_ENDS 0x0d0a0d0au

struct ct_head {
	__u64 last; /* characters */
	__u32 at; /* where the value of the Host begins; 0: not yet */
};

static long head_char(__u64 i, void *ctx)
{
	struct ct_first_words *words = first_words_of();
	struct ct_head *head = ctx;

	if (!words || i >= CT_REQUEST_MAX)
		return 1;
	head->last = head->last << 8 | (unsigned char)words->bytes[i];
	if (((head->last | CT_LINE_CASE) & CT_LINE_MASK) == CT_LINE_HOST) {
		head->at = i + 1;
		return 1;
	}
	return (__u32)head->last == CT_HEAD_ENDS;
}

/* Where the value of the Host begins; 0: nowhere before the body. */
static __always_inline __u32 request_host(struct ct_first_words *words, __u64 from, __u64 len)
{
	struct ct_head head = {};

	if (len > CT_REQUEST_MAX)
		len = CT_REQUEST_MAX;
	if (bpf_probe_read_user(words->bytes, len, (const void *)from))
		return 0;
	bpf_loop(len, head_char, &head, 0);
	if (!head.at || head.at >= len || head.at >= CT_REQUEST_MAX)
		return 0;
	return head.at + (words->bytes[head.at] == ' ');
}

struct ct_host_walk {
	__u32 len; /* of the host */
	__u32 over;
	__u32 end; /* the character behind it */
};

static long host_char(__u64 i, void *ctx)
{
	struct ct_first_words *words = first_words_of();
	struct ct_host_walk *walk = ctx;
	unsigned char *host;

	if (!words || i >= CT_HOST_LEN)
		return 1;
	host = (unsigned char *)words->host;
	if (!walk->over && !ct_host_char(host[i])) {
		walk->end = host[i];
		walk->over = 1;
	}
	if (walk->over)
		host[i] = 0;
	else
		walk->len++;
	return 0;
}

/* The methods with which a client of a registry begins, and that by which it asks a proxy for one. */
static __always_inline __u32 request_of(const unsigned char *b)
{
	switch ((__u32)b[0] << 24 | (__u32)b[1] << 16 | (__u32)b[2] << 8 | b[3]) {
	case 0x47455420: /* GET */
	case 0x48454144: /* HEAD */
	case 0x504f5354: /* POST */
		return CT_NAMED_HOST;
	case 0x434f4e4e: /* CONN */
		return CT_NAMED_CONNECT;
	}
	return 0;
}

#define CT_CONNECT_LEN 8 /* "CONNECT " */

/* Where in what was sent the host may begin, and << 16 how long it is, if that is known. */
static __always_inline __u32 host_at(struct ct_first_words *words, __u64 from, __u64 len)
{
	unsigned char head[CT_FIRST_MIN];

	if (bpf_probe_read_user(head, sizeof(head), (const void *)from))
		return 0;
	words->named = is_hello(head) ? CT_NAMED_SNI : request_of(head);
	switch (words->named) {
	case CT_NAMED_SNI:
		return hello_host(from, len);
	case CT_NAMED_CONNECT:
		return CT_CONNECT_LEN;
	case CT_NAMED_HOST:
		return request_host(words, from, len);
	}
	return 0;
}

/*
 * Puts it into the scratch, and nothing of what is behind it: its length, 0: there is none. A line or a word has an end:
 * without one it is cut, or longer than there is room. Global: verified once.
 */
__attribute__((noinline)) int ct_first_host(__u64 from, __u64 len)
{
	struct ct_first_words *words = first_words_of();
	__u64 at, size, most; /* wide: what is shifted to be so has no bounds */
	struct ct_host_walk walk = {};
	__u32 found;

	if (!words || len < CT_FIRST_MIN)
		return 0;
	found = host_at(words, from, len);
	at = found & 0xffff;
	size = found >> 16;
	if (!at || at >= len)
		return 0;
	most = size ? size : len - at;
	if (most > CT_HOST_LEN)
		most = CT_HOST_LEN;
	__builtin_memset(words->host, 0, sizeof(words->host));
	barrier_var(most); /* the verifier must see the bound on what is passed on */
	if (most > CT_HOST_LEN || bpf_probe_read_user(words->host, most, (const void *)(from + at)))
		return 0;
	bpf_loop(CT_HOST_LEN, host_char, &walk, 0);
	if (size ? walk.len != size : walk.end != (at == CT_CONNECT_LEN ? ' ' : '\r'))
		return 0;
	return walk.len;
}
