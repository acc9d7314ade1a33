// SPDX-License-Identifier: GPL-2.0-only
#include "util/pb.h"

#include <stdlib.h>
#include <string.h>

#define WIRE_VARINT 0u
#define WIRE_64     1u
#define WIRE_LEN    2u
#define VARINT_MAX  10

void ct_pb_free(struct ct_pb *pb)
{
	free(pb->bytes);
	*pb = (struct ct_pb){ 0 };
}

static bool reserve(struct ct_pb *pb, size_t more)
{
	size_t room = pb->room ? pb->room : 256;
	uint8_t *bytes;

	if (pb->failed)
		return false;
	if (pb->room - pb->len >= more)
		return true;
	while (room - pb->len < more)
		room *= 2;
	bytes = realloc(pb->bytes, room);
	if (!bytes) {
		pb->failed = true;
		return false;
	}
	pb->bytes = bytes;
	pb->room = room;
	return true;
}

static size_t varint(uint8_t *to, uint64_t n)
{
	size_t len = 0;

	while (n >= 0x80) {
		to[len++] = (uint8_t)(n | 0x80);
		n >>= 7;
	}
	to[len++] = (uint8_t)n;
	return len;
}

static uint64_t zigzag(int64_t n)
{
	return (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0);
}

void ct_pb_put_varint(struct ct_pb *pb, uint64_t n)
{
	if (reserve(pb, VARINT_MAX))
		pb->len += varint(pb->bytes + pb->len, n);
}

void ct_pb_put_sint(struct ct_pb *pb, int64_t n)
{
	ct_pb_put_varint(pb, zigzag(n));
}

void ct_pb_put_fixed64(struct ct_pb *pb, uint64_t n)
{
	if (!reserve(pb, 8))
		return;
	for (unsigned i = 0; i < 8; i++)
		pb->bytes[pb->len++] = (uint8_t)(n >> 8 * i);
}

static void tag(struct ct_pb *pb, unsigned field, unsigned wire)
{
	ct_pb_put_varint(pb, field << 3 | wire);
}

void ct_pb_u64(struct ct_pb *pb, unsigned field, uint64_t n)
{
	tag(pb, field, WIRE_VARINT);
	ct_pb_put_varint(pb, n);
}

void ct_pb_s64(struct ct_pb *pb, unsigned field, int64_t n)
{
	tag(pb, field, WIRE_VARINT);
	ct_pb_put_sint(pb, n);
}

void ct_pb_fixed64(struct ct_pb *pb, unsigned field, uint64_t n)
{
	tag(pb, field, WIRE_64);
	ct_pb_put_fixed64(pb, n);
}

void ct_pb_double(struct ct_pb *pb, unsigned field, double n)
{
	uint64_t bits;

	memcpy(&bits, &n, sizeof(bits));
	ct_pb_fixed64(pb, field, bits);
}

void ct_pb_bytes(struct ct_pb *pb, unsigned field, const void *bytes, size_t len)
{
	tag(pb, field, WIRE_LEN);
	ct_pb_put_varint(pb, len);
	if (!len || !reserve(pb, len))
		return;
	memcpy(pb->bytes + pb->len, bytes, len);
	pb->len += len;
}

void ct_pb_string(struct ct_pb *pb, unsigned field, const char *s)
{
	ct_pb_bytes(pb, field, s, strlen(s));
}

size_t ct_pb_begin(struct ct_pb *pb, unsigned field)
{
	tag(pb, field, WIRE_LEN);
	return pb->len;
}

size_t ct_pb_begin_delimited(const struct ct_pb *pb)
{
	return pb->len;
}

/* How long it is stands before it. */
void ct_pb_end(struct ct_pb *pb, size_t begin)
{
	uint8_t len[VARINT_MAX];
	size_t size, n;

	if (pb->failed)
		return;
	size = pb->len - begin;
	n = varint(len, size);
	if (!reserve(pb, n))
		return;
	memmove(pb->bytes + begin + n, pb->bytes + begin, size);
	memcpy(pb->bytes + begin, len, n);
	pb->len += n;
}
