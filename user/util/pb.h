/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of protobuf messages: https://protobuf.dev/programming-guides/encoding/ */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros is an empty one. */
struct ct_pb {
	uint8_t *bytes; /* owned */
	size_t len, room;
	bool failed; /* out of memory: nothing more is written */
};

void ct_pb_free(struct ct_pb *pb); /* it is an empty one then */

void ct_pb_u64(struct ct_pb *pb, unsigned field,
	       uint64_t n); /* uint32, uint64, int64, bool, enum */
void ct_pb_s64(struct ct_pb *pb, unsigned field, int64_t n); /* sint32, sint64 */
void ct_pb_fixed64(struct ct_pb *pb, unsigned field, uint64_t n); /* also sfixed64 */
void ct_pb_double(struct ct_pb *pb, unsigned field, double n);
void ct_pb_bytes(struct ct_pb *pb, unsigned field, const void *bytes, size_t len);
void ct_pb_string(struct ct_pb *pb, unsigned field, const char *s);

/* Elements of a packed field, between begin and end. */
void ct_pb_put_varint(struct ct_pb *pb, uint64_t n);
void ct_pb_put_sint(struct ct_pb *pb, int64_t n);
void ct_pb_put_fixed64(struct ct_pb *pb, uint64_t n);

/* What is written between is the message, or the packed field; end takes what begin returned. */
size_t ct_pb_begin(struct ct_pb *pb, unsigned field);
void ct_pb_end(struct ct_pb *pb, size_t begin);
/* The same without a field: a message of a stream, after its length. */
size_t ct_pb_begin_delimited(const struct ct_pb *pb);
