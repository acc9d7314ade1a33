// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <string.h>

#include "util/pb.h"

/* The examples of the published description of the encoding. */
Test(pb, as_published)
{
	struct ct_pb pb = { 0 };
	static const char expected[] = "\x08\x96\x01"
				       "\x12\x07testing"
				       "\x1a\x03\x08\x96\x01"
				       "\x32\x06\x03\x8e\x02\x9e\xa7\x05"
				       "\x38\x03"
				       "\x41\0\0\0\0\0\0\xf0\x3f";
	size_t at;

	ct_pb_u64(&pb, 1, 150);
	ct_pb_string(&pb, 2, "testing");
	at = ct_pb_begin(&pb, 3);
	ct_pb_u64(&pb, 1, 150);
	ct_pb_end(&pb, at);
	at = ct_pb_begin(&pb, 6);
	ct_pb_put_varint(&pb, 3);
	ct_pb_put_varint(&pb, 270);
	ct_pb_put_varint(&pb, 86942);
	ct_pb_end(&pb, at);
	ct_pb_s64(&pb, 7, -2);
	ct_pb_double(&pb, 8, 1.0);
	cr_assert_eq(pb.len, sizeof(expected) - 1);
	cr_expect_eq(memcmp(pb.bytes, expected, pb.len), 0);
	ct_pb_free(&pb);
}

Test(pb, a_message_that_is_long)
{
	struct ct_pb pb = { 0 };
	size_t at = ct_pb_begin(&pb, 1);

	for (int i = 0; i < 1000; i++)
		ct_pb_fixed64(&pb, 2, UINT64_MAX);
	ct_pb_end(&pb, at);
	cr_assert_eq(pb.len, 1 + 2 + 9000);
	cr_expect_eq(memcmp(pb.bytes, "\x0a\xa8\x46\x11\xff", 5), 0);
	ct_pb_free(&pb);
}
