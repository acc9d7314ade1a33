// SPDX-License-Identifier: GPL-2.0-only
/* HPACK: the examples of RFC 7541, what an independent encoder made, and what is broken. */
#include <criterion/criterion.h>

#include "core/hear/talk.h"
#include "core/hear/wire_hpack.h"

static size_t unhex(const char *hex, char *to, size_t room)
{
	size_t n = 0;

	for (; hex[0] && hex[1] && n < room; hex += 2) {
		char byte[3] = { hex[0], hex[1], '\0' };

		to[n++] = (char)strtoul(byte, NULL, 16);
	}
	return n;
}

static bool read_hex(struct ct_hpack *h, const char *hex, struct ct_headers *ret)
{
	char bytes[512];

	return ct_hpack_read(h, ct_text(bytes, unhex(hex, bytes, sizeof(bytes))), ret);
}

/* Three requests of one client, by python3-hpack 4.0: Create, Start, Create again by its number. */
static const struct {
	const char *block;
	const char *path;
} requests[] = {
	{ "8386449e6087a9233545b245d05b3b988542e91a3aa17ee15f78d1d50c5eb0a3497f4186a0e41d139d095f8b"
	  "1d75d0620d263d4c4d65647a8a9acac8b4c7602bb4eae04082497f864d833505b11f408e21ea48cd516c916a"
	  "87495158c85f8590b28eda1340899acac8b24d494f6a7f867df7df7df7ed",
	  "/containerd.services.tasks.v1.Tasks/Create" },
	{ "8386449d6087a9233545b245d05b3b988542e91a3aa17ee15f78d1d50c6e48ec4fc4c3c2c1c0bf",
	  "/containerd.services.tasks.v1.Tasks/Start" },
	{ "8386c5c4c3c2c1c0bf", "/containerd.services.tasks.v1.Tasks/Create" },
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

Test(hpack, follows_a_connection)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;

	for (size_t i = 0; i < REQUESTS; i++) {
		cr_assert(read_hex(h, requests[i].block, &got));
		cr_expect_str_eq(got.path, requests[i].path);
		cr_expect_str_eq(got.ns, "default");
	}
	ct_hpack_free(h);
}

/* Whose beginning was not heard: what is said anew is known, what is referred to is not. */
Test(hpack, begins_in_the_middle)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;

	cr_assert(read_hex(h, requests[1].block, &got));
	cr_expect_str_eq(got.path, requests[1].path);
	cr_expect_str_eq(got.ns, "");
	cr_assert(read_hex(h, requests[2].block, &got));
	cr_expect_str_eq(got.path, "", "got %s", got.path);
	ct_hpack_free(h);
}

Test(hpack, a_hole_makes_what_was_known_unknown_not_wrong)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;
	char bytes[512];
	size_t n = unhex(requests[1].block, bytes, sizeof(bytes));

	cr_assert(read_hex(h, requests[0].block, &got));
	cr_expect_not(ct_hpack_read(h, ct_text(bytes, n - 30), &got), "cut within a string");
	cr_assert(read_hex(h, requests[2].block, &got));
	cr_expect_str_eq(got.path, "");
	ct_hpack_free(h);
}

/* RFC 7541, C.4.1 and C.3.1: the same request, Huffman coded and plain. */
Test(hpack, examples_of_the_rfc)
{
	static const char *const blocks[] = {
		"828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684410f7777772e6578616d706c652e636f6d",
		"828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", /* C.3.3 behind it */
	};
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		cr_expect(read_hex(h, blocks[i], &got), "block %zu", i);
	/* a plain :path, not to be remembered (C.2.2) */
	cr_assert(read_hex(h, "040c2f73616d706c652f70617468", &got));
	cr_expect_str_eq(got.path, "/sample/path");
	ct_hpack_free(h);
}

/* Every symbol that a header can hold, in the order of ASCII: by python3-hpack 4.0. */
Test(hpack, every_printable_symbol)
{
	static const char block[] =
		"40889acac8b21234da8f820b3f40899acac8b5254207317fdd53f8fe7febff2afc7fafebfbf9ff7f4b2ec002"
		"265a6dc75e7ee7dfffc83feffcffd4376f5fc187163c997367d1a756bd9b776fe1c797e73fdffdffff0ffe7f"
		"f917ffd1c6490b2cd39ba75a29a8f5f6b109b7bf8f3ebdfffeff9ffefff7";
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;

	cr_assert(read_hex(h, block, &got));
	for (int c = ' '; c <= '~'; c++)
		cr_expect_eq(got.message[c - ' '], c, "'%c' is '%c'", c, got.message[c - ' ']);
	cr_expect_eq(got.status, 13);
	ct_hpack_free(h);
}

/* A table that is full lets its oldest go: 60 paths of about 100 bytes, then the first by number. */
Test(hpack, forgets_what_the_sender_forgets)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;
	char block[128] = { 0x44, 80 };

	for (int i = 0; i < 60; i++) {
		memset(block + 2, 'a' + i % 26, 80);
		cr_assert(ct_hpack_read(h, ct_text(block, 82), &got));
	}
	/* 4096 / (5 + 80 + 32) = 35 entries */
	cr_assert(ct_hpack_read(h, ct_text("\xff\x1d", 2), &got)); /* 62 + 94: beyond */
	cr_expect_str_eq(got.path, "");
	cr_assert(ct_hpack_read(h, ct_text("\xbe", 1), &got)); /* 62: the newest */
	cr_expect_eq(got.path[0], 'a' + 59 % 26);
	cr_assert(ct_hpack_read(h, ct_text("\x20\xbe", 2), &got)); /* size 0: nothing is left */
	cr_expect_str_eq(got.path, "");
	ct_hpack_free(h);
}

/* Its room grows with it: after a while in a small table, each of those that it has by its number. */
Test(hpack, knows_all_that_a_table_holds)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;
	char block[4] = { 0x44, 2, '/' };

	cr_assert(ct_hpack_read(h, ct_text("\x3f\xa9\x01", 3), &got)); /* 200: 4 entries */
	for (char i = 0; i < 50; i++) {
		if (i == 11) /* they begin in the middle of their room */
			cr_assert(ct_hpack_read(h, ct_text("\x3f\xe1\x1f", 3), &got)); /* 4096 */
		block[3] = (char)('A' + i);
		cr_assert(ct_hpack_read(h, ct_text(block, 4), &got));
		for (char age = 0; age <= i; age++) {
			const char number = (char)(0x80 | (62 + age));
			int held = i < 11 ? 4 : i - 6;

			cr_assert(ct_hpack_read(h, ct_text(&number, 1), &got));
			cr_expect_eq(got.path[0] ? got.path[1] : 0, age < held ? 'A' + i - age : 0,
				     "%d of %d", age, i);
		}
	}
	ct_hpack_free(h);
}

static const char *const broken[] = {
	"80", /* number 0 */
	"44", /* no value */
	"0f", /* a number that goes on */
	"1f",
	"3f",
	"7f",
	"ff",
	"0f80",
	"ff80",
	"00", /* no name */
	"0001", /* shorter than it says */
	"000161", /* and no value */
	"4482", /* shorter than it says */
	"447f", /* a length that goes on */
	"447fffffffffffff7f", /* and on */
	"4485ffffffffff", /* EOS */
	"3fe2ff03", /* a table larger than allowed */
};

Test(hpack, refuses_what_is_broken)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct ct_hpack *h = ct_hpack_new();
		struct ct_headers got;

		cr_expect_not(read_hex(h, broken[i], &got), "%s", broken[i]);
		ct_hpack_free(h);
	}
}

/* There is room for CT_CONNS_MAX of the host; the one that has said nothing for longest makes room. */
Test(conns, longest_silent_goes)
{
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);
	struct ct_event e = { .kind = CT_KIND_SEND };
	const struct ct_scope host = { 0 };
	const struct ct_sent sent = { &e, &host };
	uint64_t first = 1, last = CT_CONNS_MAX;

	cr_assert(core);
	for (e.obj = first; e.obj <= last; e.obj++)
		cr_assert(ct_conn_get(core, &sent));
	core->turn++; /* what one event is about stays */
	e.obj = first; /* speaks again */
	cr_assert(ct_conn_get(core, &sent));
	e.obj = last + 1;
	cr_assert(ct_conn_get(core, &sent));
	cr_expect(ct_conn_find(core, first));
	cr_expect_null(ct_conn_find(core, first + 1));
	cr_expect(ct_conn_find(core, first + 2));
	cr_expect(ct_conn_find(core, last + 1));
	ct_core_free(core);
}
