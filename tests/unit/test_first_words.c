// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel side takes of the first bytes of a connection, by its own source: what clients say (captured), what they
 * may say, and what is broken on purpose. Nothing but what was sent is read, nothing but a host comes out.
 */
#include <criterion/criterion.h>

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf_helpers.h>

static struct {
	const char *bytes;
	size_t len;
} sent;

static long read_sent(void *to, uint32_t size, const void *from)
{
	uintptr_t at = (uintptr_t)from - (uintptr_t)sent.bytes;

	cr_assert(at <= sent.len && size <= sent.len - at, "%u bytes at %zu of %zu", size,
		  (size_t)at, sent.len);
	memcpy(to, from, size);
	return 0;
}

static long loops(uint32_t count, void *function, void *context, uint64_t flags)
{
	long (*step)(__u64 i, void *context) = function;

	(void)flags;
	for (uint32_t i = 0; i < count; i++)
		if (step(i, context))
			break;
	return 0;
}

static void *scratch(void *map, const void *key);

#define bpf_probe_read_user read_sent
#define bpf_loop            loops
#define bpf_map_lookup_elem scratch
#include "../../bpf/first_words.bpf.h"

static struct ct_first_words words;

static void *scratch(void *map, const void *key)
{
	(void)map, (void)key;
	return &words;
}

/* Whose scratch it was before. */
static void leave_behind(void)
{
	memset(&words, 'x', sizeof(words));
}

static int hear(const char *bytes, size_t len)
{
	/* Of its own, or what is read behind it would be there. */
	char *own = malloc(len ? len : 1);
	int size;

	cr_assert(own);
	memcpy(own, bytes, len);
	sent.bytes = own;
	sent.len = len;
	leave_behind();
	size = ct_first_host((uintptr_t)own, len);
	free(own);
	cr_assert(size >= 0 && size < CT_HOST_LEN);
	for (int i = 0; i < size; i++)
		cr_assert(ct_host_char(((unsigned char *)words.host)[i]));
	for (int i = size; size && i < CT_HOST_LEN; i++)
		cr_assert_eq(((char *)words.host)[i], '\0', "what is behind it goes along");
	return size;
}

/* NULL: none. */
static void expect(const char *bytes, size_t len, const char *host, enum ct_named named,
		   const char *what)
{
	int size = hear(bytes, len);

	cr_expect_eq(size, host ? (int)strlen(host) : 0, "%s: %d", what, size);
	if (!host || !size)
		return;
	cr_expect_str_eq((char *)words.host, host, "%s", what);
	cr_expect_eq(words.named, named, "%s", what);
}

static size_t unhex(const char *hex, char *to)
{
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		char byte[3] = { hex[0], hex[1], '\0' };

		to[n++] = (char)strtoul(byte, NULL, 16);
	}
	return n;
}

/* Podman 4.3 (Go 1.19), its beginning and its end; of OpenSSL 3.0 the beginning, with a session of 32 bytes. */
static const char go_hello[] =
	"16030100f0010000ec0303a582f043c11e4cb59417848b94c3eeb251a1c36d63e2d0a1053f2aa11cbb793620334f4c04"
	"fdf5ce2b46062e9239cd93c6ec5d377aa65ecd510af170ca4baafa1d0016c02bc02fc02cc030c009c013c00ac0141301"
	"130213030100008d0000000e000c0000096c6f63616c686f7374000500050100000000000a000a0008001d0017001800"
	"19000b00020100000d001a0018080404030807080508060401050106010503060302010203ff0100010000120000002b"
	"0009080304030303020301003300260024001d0020d0c3d35072bbf9f4a96c6be9fe247fea7b246fb4ff876f4b5266f9"
	"b28d8c207f";
static const char openssl_hello[] =
	"1603010200010001fc0303e4dc3995cf8d676b570668a3d2dc336d05737ef6406a81b4cc66fbccbbc59f8b20d4a85ee1"
	"85947301173d192c36d6f1915c7abbf3a83ac0a01da05434b084e5d90024130213031301c02cc030c02bc02fcca9cca8"
	"c024c028c023c027009f009e006b006700ff0100018f0000000d000b0000087265672e74657374000b00040300010200"
	"0a00160014001d0017001e0019001801000101010201030104002300000016000000170000000d002a00280403050306";

Test(first_words, what_clients_say)
{
	char bytes[1024];
	size_t len = unhex(go_hello, bytes);

	expect(bytes, len, "localhost", CT_NAMED_SNI, "Go");
	for (size_t n = 0; n < len;
	     n++) /* the server name ends there: cut before, it is not known */
		expect(bytes, n, n < 122 ? NULL : "localhost", CT_NAMED_SNI, "Go, cut");
	expect(bytes, unhex(openssl_hello, bytes), "reg.test", CT_NAMED_SNI, "OpenSSL");
}

/* A ClientHello of an own making. */
struct hello {
	char bytes[20000];
	size_t len;
};

static void put(struct hello *h, const void *what, size_t len)
{
	memcpy(h->bytes + h->len, what, len);
	h->len += len;
}

static void put16(struct hello *h, size_t n)
{
	put(h, (unsigned char[]){ (unsigned char)(n >> 8), (unsigned char)n }, 2);
}

static void hello_begins(struct hello *h, size_t ciphers)
{
	static const char record[] = "\x16\x03\x01\x00\x00\x01\x00\x00\x00\x03\x03";
	static const char zeros[4096];

	h->len = 0;
	put(h, record, 11);
	put(h, zeros, 32);
	put(h, "", 1); /* no session */
	put16(h, ciphers);
	put(h, zeros, ciphers);
	put(h, "\x01", 2); /* compression: none */
	put16(h, 0); /* of the extensions: nobody asks */
}

static void extension(struct hello *h, unsigned type, const void *what, size_t len)
{
	put16(h, type);
	put16(h, len);
	put(h, what, len);
}

static void server_name_is(struct hello *h, const char *host, size_t len, unsigned char type)
{
	put16(h, 0);
	put16(h, len + 5);
	put16(h, len + 3);
	put(h, &type, 1);
	put16(h, len);
	put(h, host, len);
}

static void hello_ends(struct hello *h)
{
	size_t len = h->len - 5;

	h->bytes[3] = (char)(len >> 8);
	h->bytes[4] = (char)len;
}

static const char filler[4096];

/* GREASE (RFC 8701) is extensions of no meaning, first and between. */
static void make(struct hello *h, int before, size_t each, const char *host)
{
	hello_begins(h, 32);
	for (int i = 0; i < before; i++)
		extension(h, 0x0a0au + (unsigned)i * 0x1010u, filler, each);
	server_name_is(h, host, strlen(host), 0);
	extension(h, 0x2b2b, filler, 1);
	hello_ends(h);
}

Test(first_words, what_clients_may_say)
{
	static struct hello h;
	char longest[CT_HOST_LEN + 1];

	make(&h, 0, 0, "reg.test");
	expect(h.bytes, h.len, "reg.test", CT_NAMED_SNI, "the first extension");
	make(&h, 12, 1, "reg.test");
	expect(h.bytes, h.len, "reg.test", CT_NAMED_SNI, "GREASE before it");
	make(&h, 2, 1300, "reg.test");
	expect(h.bytes, h.len, "reg.test", CT_NAMED_SNI, "keys of new kinds before it");
	make(&h, CT_EXTENSIONS_MAX - 1, 0, "reg.test");
	expect(h.bytes, h.len, "reg.test", CT_NAMED_SNI, "the last that is looked at");
	make(&h, CT_EXTENSIONS_MAX, 0, "reg.test");
	expect(h.bytes, h.len, NULL, 0, "too many before it");
	make(&h, 1, 0, "");
	expect(h.bytes, h.len, NULL, 0, "an empty name");
	memset(longest, 'a', CT_HOST_LEN);
	longest[CT_HOST_LEN] = '\0';
	make(&h, 1, 0, longest);
	expect(h.bytes, h.len, NULL, 0, "longer than is told");
	make(&h, 1, 0, longest + 1);
	expect(h.bytes, h.len, longest + 1, CT_NAMED_SNI, "the longest");
	hello_begins(&h, 4000);
	extension(&h, 10, filler, 10);
	hello_ends(&h);
	expect(h.bytes, h.len, NULL, 0, "of an address, which has no name");
	hello_begins(&h, 32);
	server_name_is(&h, "reg.test", 8, 1);
	hello_ends(&h);
	expect(h.bytes, h.len, NULL, 0, "a name of something else");
	hello_begins(&h, 32);
	server_name_is(&h, "reg\0test", 8, 0);
	hello_ends(&h);
	expect(h.bytes, h.len, NULL, 0, "a name with a NUL");
	make(&h, 1, 0, "me:secret@reg.test");
	expect(h.bytes, h.len, NULL, 0, "what is no name");
	/* Two writes: the name is in the second, or in the first. */
	make(&h, 2, 1300, "reg.test");
	expect(h.bytes, 1400, NULL, 0, "the first half");
	expect(h.bytes + 1400, h.len - 1400, NULL, 0, "the second half");
	make(&h, 0, 0, "reg.test");
	expect(h.bytes, h.len - 5, "reg.test", CT_NAMED_SNI, "all but its end");
	h.bytes[5] = 2;
	expect(h.bytes, h.len, NULL, 0, "what a server says");
	h.bytes[5] = 1;
	h.bytes[3] = h.bytes[4] = 0;
	expect(h.bytes, h.len, NULL, 0, "a record of nothing");
}

Test(first_words, of_requests)
{
	static const struct {
		const char *bytes, *host;
		enum ct_named named;
	} rows[] = {
		{ "GET /v2/ HTTP/1.1\r\nHost: localhost:39195\r\nUser-Agent: x\r\n\r\n",
		  "localhost:39195", CT_NAMED_HOST },
		{ "HEAD / HTTP/1.1\r\nAuthorization: Basic bWU6c2VjcmV0\r\nhost:reg.test\r\n\r\n",
		  "reg.test", CT_NAMED_HOST },
		{ "POST /token HTTP/1.1\r\nHOST: [::1]:5000\r\n\r\npassword=secret", "[::1]:5000",
		  CT_NAMED_HOST },
		{ "GET http://up.test/v2/ HTTP/1.1\r\nHost: up.test\r\nProxy-Authorization: x\r\n\r\n",
		  "up.test", CT_NAMED_HOST },
		{ "CONNECT reg.test:443 HTTP/1.1\r\nHost: other.test\r\n\r\n", "reg.test:443",
		  CT_NAMED_CONNECT },
		{ "CONNECT reg.test:443\r\n\r\n", NULL, 0 },
		{ "CONNECT me:secret@reg.test:443 HTTP/1.1\r\n\r\n", NULL, 0 },
		{ "CONNECTS reg.test HTTP/1.1\r\n\r\n", NULL, 0 },
		{ "GET / HTTP/1.1\r\nHost: \r\n\r\n", NULL, 0 },
		{ "GET / HTTP/1.1\r\nHost:", NULL, 0 },
		{ "GET / HTTP/1.1\r\nHost: ", NULL, 0 },
		{ "GET / HTTP/1.1\r\nHost: reg.te", NULL, 0 }, /* cut */
		{ "GET / HTTP/1.1\r\nHost: reg.test\n\n", NULL, 0 },
		{ "GET / HTTP/1.1\r\nHost: me:secret@reg.test\r\n\r\n", NULL, 0 },
		{ "GET / HTTP/1.1\r\nHost: reg.test secret\r\n\r\n", NULL, 0 },
		{ "GET / HTTP/1.1\r\nX-Host: reg.test\r\n\r\n", NULL, 0 },
		{ "GET / HTTP/1.1\r\nX: y\r\n\r\nHost: reg.test\r\n", NULL, 0 }, /* its body */
		{ "GET / HTTP/1.1", NULL, 0 },
		{ "PUT / HTTP/1.1\r\nHost: reg.test\r\n\r\n", NULL, 0 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL, 0 },
		{ "HTTP/1.1 200 OK\r\nHost: reg.test\r\n\r\n", NULL, 0 },
		{ "SSH-2.0-OpenSSH_9.2\r\n", NULL, 0 },
		{ "GET / HTTP", NULL, 0 },
		{ "GET", NULL, 0 },
		{ "", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].bytes, strlen(rows[i].bytes), rows[i].host, rows[i].named,
		       rows[i].bytes);
}

/* A request to a store of blobs has a long path: a signature. Behind 2 KiB it is not looked for. */
Test(first_words, far_behind)
{
	char request[4096];

	for (size_t path = 1; path < 2200; path++) {
		int len = snprintf(request, sizeof(request),
				   "GET %0*d HTTP/1.1\r\nHost: s3.test\r\nX: y\r\n\r\n", (int)path,
				   0);
		/* up to the colon of its line */
		size_t at = 4 + path + strlen(" HTTP/1.1\r\nHost:");

		expect(request, (size_t)len, at < CT_REQUEST_MAX ? "s3.test" : NULL, CT_NAMED_HOST,
		       "a long path");
	}
}

Test(first_words, garbage)
{
	static struct hello h;
	static const char *const heads[] = { "GET /", "CONNECT ", "\x16\x03\x01", "POST ", "" };
	unsigned seed = 17;

	for (int round = 0; round < 200000; round++) {
		size_t len, changes = (size_t)rand_r(&seed) % 8;
		const char *head = heads[rand_r(&seed) % 5];

		make(&h, rand_r(&seed) % 4, (size_t)rand_r(&seed) % 40, "a.registry.test");
		if (rand_r(&seed) % 4 == 0) {
			for (size_t i = 0; i < h.len; i++)
				h.bytes[i] = (char)rand_r(&seed);
			memcpy(h.bytes, head, strlen(head));
		}
		while (changes--)
			h.bytes[(size_t)rand_r(&seed) % h.len] = (char)rand_r(&seed);
		len = (size_t)rand_r(&seed) % (h.len + 1);
		hear(h.bytes, rand_r(&seed) % 2 ? len : h.len);
	}
}
