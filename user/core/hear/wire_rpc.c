// SPDX-License-Identifier: GPL-2.0-only
/* TTRPC (containerd/ttrpc channel.go), HTTP/2 framing (RFC 9113, 4.1), gRPC message prefix. */
#include "core/hear/wire.h"

#define TTRPC_HEADER   10
#define TTRPC_REQUEST  1
#define TTRPC_RESPONSE 2
#define H2_HEADER      9
#define GRPC_PREFIX    5
#define NS_PER_S       1000000000ull
#define ID_LEN_MAX     76 /* containerd identifiers.maxLength */

static bool take_long_varint(struct ct_text *msg, uint64_t *value)
{
	uint64_t v = 0;
	unsigned shift = 0;

	while (msg->len) {
		unsigned char byte = (unsigned char)*msg->p++;

		msg->len--;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*value = v;
			return true;
		}
		shift += 7;
		if (shift > 63)
			return false;
	}
	return false;
}

/* Most are small. */
static inline bool take_varint(struct ct_text *msg, uint64_t *value)
{
	if (!msg->len || *msg->p & 0x80)
		return take_long_varint(msg, value);
	*value = (unsigned char)*msg->p++;
	msg->len--;
	return true;
}

static inline bool next_field(struct ct_text *msg, struct ct_proto_field *f)
{
	uint64_t key, len;

	if (!take_varint(msg, &key))
		return false;
	f->number = (uint32_t)(key >> 3);
	f->type = (enum ct_proto_type)(key & 7);
	switch (f->type) {
	case CT_PROTO_VARINT:
		return take_varint(msg, &f->value);
	case CT_PROTO_FIXED64:
		len = 8;
		break;
	case CT_PROTO_FIXED32:
		len = 4;
		break;
	case CT_PROTO_BYTES:
		if (!take_varint(msg, &len))
			return false;
		break;
	default:
		return false;
	}
	if (len > msg->len) /* a capture may end in the middle of the last field */
		len = msg->len;
	f->data = ct_text(msg->p, (size_t)len);
	msg->p += len;
	msg->len -= (size_t)len;
	return true;
}

bool ct_proto_next(struct ct_text *msg, struct ct_proto_field *f)
{
	return next_field(msg, f);
}

bool ct_proto_varint(struct ct_text msg, uint32_t field, uint64_t *value)
{
	struct ct_proto_field f;

	while (next_field(&msg, &f)) {
		if (f.number == field && f.type == CT_PROTO_VARINT) {
			*value = f.value;
			return true;
		}
	}
	return false;
}

bool ct_proto_bytes(struct ct_text msg, uint32_t field, struct ct_text *data)
{
	struct ct_proto_field f;

	while (next_field(&msg, &f)) {
		if (f.number == field && f.type == CT_PROTO_BYTES) {
			*data = f.data;
			return true;
		}
	}
	return false;
}

uint64_t ct_proto_time(struct ct_text msg, uint32_t field)
{
	uint64_t seconds = 0, ns = 0;
	struct ct_text time;

	if (!ct_proto_bytes(msg, field, &time) || !ct_proto_varint(time, 1, &seconds) || !seconds ||
	    seconds > INT64_MAX / NS_PER_S)
		return 0;
	ct_proto_varint(time, 2, &ns);
	return ns < NS_PER_S ? seconds * NS_PER_S + ns : 0;
}

/* Of the fields below `end`, by their numbers, the first of each; NULL: there is none. */
static void first_fields(struct ct_text msg, struct ct_text *fields, uint32_t end)
{
	uint32_t missing = end - 1;
	struct ct_proto_field f;

	for (uint32_t i = 0; i < end; i++)
		fields[i] = (struct ct_text){ NULL, 0 };
	while (missing && next_field(&msg, &f)) {
		if (f.type != CT_PROTO_BYTES || !f.number || f.number >= end || fields[f.number].p)
			continue;
		fields[f.number] = f.data;
		missing--;
	}
}

/* { 5: KeyValue { 1: key, 2: value }, ... } of a request (containerd/ttrpc types.go). */
static struct ct_text namespace_of(struct ct_text request)
{
	struct ct_proto_field f;
	struct ct_text key, value;

	while (next_field(&request, &f)) {
		if (f.number == 5 && f.type == CT_PROTO_BYTES && ct_proto_bytes(f.data, 1, &key) &&
		    ct_text_is(key, CT_TTRPC_NAMESPACE) && ct_proto_bytes(f.data, 2, &value))
			return value;
	}
	return ct_text("", 0);
}

bool ct_ttrpc_parse(struct ct_text bytes, struct ct_ttrpc *ret)
{
	const unsigned char *h = (const unsigned char *)bytes.p;
	struct ct_ttrpc rpc = { 0 };
	struct ct_text body, fields[4];
	uint64_t code = 0;

	if (bytes.len < TTRPC_HEADER || h[9])
		return false;
	rpc.stream = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
	body = ct_text(bytes.p + TTRPC_HEADER, bytes.len - TTRPC_HEADER);
	switch (h[8]) {
	case TTRPC_REQUEST:
		first_fields(body, fields, 4);
		if (!fields[1].p || !fields[2].p)
			return false;
		rpc.service = fields[1];
		rpc.method = fields[2];
		rpc.request = fields[3];
		rpc.ns = namespace_of(body);
		first_fields(rpc.request, fields, 3);
		rpc.id = fields[1];
		*(ct_text_is(rpc.method, "Create") ? &rpc.bundle : &rpc.exec_id) = fields[2];
		break;
	case TTRPC_RESPONSE:
		rpc.answer = true;
		first_fields(body, fields, 3);
		rpc.payload = fields[2];
		/* Status { 1: code, 2: message }: ttrpc before 1.0.2 sends that of a success, too. */
		rpc.failed = fields[1].p && ct_proto_varint(fields[1], 1, &code) && code;
		if (rpc.failed)
			ct_proto_bytes(fields[1], 2, &rpc.message);
		break;
	default:
		return false;
	}
	*ret = rpc;
	return true;
}

bool ct_h2_next(struct ct_text *rest, struct ct_h2_frame *ret)
{
	const unsigned char *h = (const unsigned char *)rest->p;
	size_t len;

	if (rest->len < H2_HEADER)
		return false;
	len = (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
	ret->type = h[3];
	ret->flags = h[4];
	ret->stream = ((uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]) &
		      0x7fffffff;
	if (len > rest->len - H2_HEADER)
		len = rest->len - H2_HEADER;
	ret->payload = ct_text(rest->p + H2_HEADER, len);
	rest->p += H2_HEADER + len;
	rest->len -= H2_HEADER + len;
	return true;
}

bool ct_grpc_message(struct ct_text data, struct ct_text *ret)
{
	if (data.len < GRPC_PREFIX || data.p[0]) /* compressed */
		return false;
	*ret = ct_text(data.p + GRPC_PREFIX, data.len - GRPC_PREFIX);
	return true;
}

bool ct_grpc_whole(struct ct_text data)
{
	const unsigned char *p = (const unsigned char *)data.p;

	return data.len >= GRPC_PREFIX && ((uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
					   (uint32_t)p[3] << 8 | p[4]) <= data.len - GRPC_PREFIX;
}

size_t ct_grpc_ids(struct ct_text data, struct ct_text ret_ids[2])
{
	struct ct_text first, inner;
	size_t n = 0;

	if (!ct_grpc_message(data, &data) || !ct_proto_bytes(data, 1, &first))
		return 0;
	if (first.len && first.len <= ID_LEN_MAX)
		ret_ids[n++] = first;
	if (ct_proto_bytes(first, 1, &inner) && inner.len && inner.len <= ID_LEN_MAX)
		ret_ids[n++] = inner;
	return n;
}
