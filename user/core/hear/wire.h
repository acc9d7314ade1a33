/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What actors say to each other, decoded from the first bytes of a send. Every decoder trusts no
 * length and reads no byte beyond what it is given; what it does not understand it refuses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

/* HTTP/1 of Docker's API. */
struct ct_http {
	bool answer;
	int status; /* answer */
	struct ct_text verb; /* request on a container: "create", "start", ...; else empty */
	bool reads; /* request: neither POST nor DELETE. These were not carried at first */
	bool makes; /* request: of something else, which is made: 201, or refused */
	bool streams; /* request: what follows it is no text of ours, but files */
	bool pulls; /* request: an image; the answer is a stream of lines, see ct_progress */
	bool builds; /* request: an image is to be built; the answer is a stream */
	struct ct_text ref; /* request: id, id prefix or name of the container */
	struct ct_text query; /* request: behind the '?' */
	struct ct_text body; /* of an answer or a create: what of it was in the same send */
};

/* False: not HTTP. Texts are borrowed from `bytes`. */
bool ct_http_parse(struct ct_text bytes, struct ct_http *ret);

/* Of what is behind the first line: what is behind the empty one. */
struct ct_text ct_http_body(struct ct_text rest);

/* Of an answer: the version that its server says it is, "28.5.2+dfsg1"; empty: it says none. */
struct ct_text ct_http_version(struct ct_text bytes);
/* Of a request: what its client calls itself, without its version, "docker"; empty: it does not. */
struct ct_text ct_http_agent(struct ct_text bytes);

/* The value of a key in a query string, undecoded; empty when there is none. */
struct ct_text ct_http_query(struct ct_text query, const char *key);

/*
 * Strings of a JSON object: that of `key`, or of `key` in the object at `outer`. What is not there
 * or no string is empty; what does not fit is cut.
 */
struct ct_json_field {
	const char *outer; /* NULL: none */
	const char *key;
	char *to; /* borrowed */
	size_t room; /* 0: only the truth is asked for */
	bool truth; /* it is there and true */
	bool number; /* asked for: that, as it is written, and no string */
};

/* False, and nothing found, when the text does not begin with a whole object or array. */
bool ct_json_fields(struct ct_text json, struct ct_json_field *fields, size_t count);

/* TTRPC: containerd to shim and back. Header of 10 bytes, then protobuf. */
struct ct_ttrpc {
	bool answer;
	uint32_t stream;
	struct ct_text service; /* request */
	struct ct_text method;
	struct ct_text id; /* request to the task service: container id */
	struct ct_text exec_id; /* request: empty for the container's own process */
	struct ct_text bundle; /* request Create: directory of the task */
	struct ct_text ns; /* request: containerd's namespace; empty: it does not say */
	struct ct_text request; /* request: protobuf of what is asked */
	/* answer */
	bool failed;
	struct ct_text message; /* why, when failed */
	struct ct_text payload; /* protobuf of the method's answer, else */
};

/* Label of content: which registry it comes from; its value is the repository (containerd pkg/labels). */
#define CT_SOURCE_LABEL "containerd.io/distribution.source."

#define CT_TTRPC_NAMESPACE \
	"containerd-namespace-ttrpc" /* of metadata: containerd namespaces/ttrpc.go */

bool ct_ttrpc_parse(struct ct_text bytes, struct ct_ttrpc *ret);

/* Wire types of protobuf (protobuf.dev/programming-guides/encoding). */
enum ct_proto_type {
	CT_PROTO_VARINT = 0,
	CT_PROTO_FIXED64 = 1,
	CT_PROTO_BYTES = 2,
	CT_PROTO_FIXED32 = 5
};

struct ct_proto_field {
	uint32_t number;
	enum ct_proto_type type;
	uint64_t value;
	struct ct_text data; /* as much as was captured */
};

/* Takes the next field off `msg`. False when there is none, or nothing that is one. */
bool ct_proto_next(struct ct_text *msg, struct ct_proto_field *ret);

/* Field of a protobuf message: varint in *value, or bytes in *data. False when there is none. */
bool ct_proto_varint(struct ct_text msg, uint32_t field, uint64_t *value);
bool ct_proto_bytes(struct ct_text msg, uint32_t field, struct ct_text *data);
/* google.protobuf.Timestamp, CLOCK_REALTIME ns. 0: there is none, or none of these years. */
uint64_t ct_proto_time(struct ct_text msg, uint32_t field);

/* HTTP/2 frames of one send, as far as it was captured: gRPC between engines. */
#define CT_H2_DATA       0
#define CT_H2_HEADERS    1

#define CT_H2_END_STREAM 0x01 /* flag */

struct ct_h2_frame {
	uint8_t type;
	uint8_t flags;
	uint32_t stream;
	struct ct_text payload; /* what of it was captured */
};

/* Takes the next frame off `rest`. False when there is no further whole header. */
bool ct_h2_next(struct ct_text *rest, struct ct_h2_frame *ret);

/* The message behind the prefix of a DATA frame. False when it is compressed. */
bool ct_grpc_message(struct ct_text data, struct ct_text *ret);
/* Whether a message asks containerd to unpack a layer, whatever its method: no other names one so. */
bool ct_grpc_applies(struct ct_text msg);

/*
 * What a sentence of why something failed quotes that is no part of the reason: who asks in an address, what is behind a
 * question mark, the value of an option. Takes off `rest` what is before its end. False: there is no further.
 */
bool ct_sentence_secret(struct ct_text *rest, struct ct_text *ret);

/* Whether all of it was captured. */
bool ct_grpc_whole(struct ct_text data);

/*
 * The container id in a gRPC request: the first field of the message, or of its first field.
 * Nested messages look like strings: the caller tries candidates against the ids it knows.
 */
size_t ct_grpc_ids(struct ct_text data, struct ct_text ret_ids[2]);
