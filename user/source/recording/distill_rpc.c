// SPDX-License-Identifier: GPL-2.0-only
/*
 * gRPC and TTRPC: of a message stay the fields of the tables below, of a header block what names the
 * method. Lengths stay, so that what is left is read as it was.
 */
#include <string.h>

#include "core/hear/cri.h"
#include "core/hear/hear.h"
#include "core/hear/wire.h"
#include "source/recording/distill_state.h"
#include "util/mem.h"

/* A field that is kept: its bytes, or of the message in it the fields of another list. */
struct ct_keep {
	uint8_t field; /* 0: the end */
	enum {
		ANYTHING,
		NAME, /* an id, which others refer to */
		NUMBER, /* and no bytes */
		TIME, /* or a number */
		SPACE, /* a pair of texts, if the first says that the second is a namespace */
		SOURCE, /* or of which repository what is stored is */
		IMAGE, /* as registries know them */
		SENTENCE, /* without what it quotes */
		HASH /* a word: two that are the same stay so */
	} what;
	const struct ct_keep *in;
};

#define END \
	{ \
		0, ANYTHING, NULL \
	}
#define FIELD(n) \
	{ \
		n, ANYTHING, NULL \
	}
#define ID(n) \
	{ \
		n, NAME, NULL \
	}
#define IMAGE(n) \
	{ \
		n, IMAGE, NULL \
	}
#define SENTENCE(n) \
	{ \
		n, SENTENCE, NULL \
	}
#define NUMBER(n) \
	{ \
		n, NUMBER, NULL \
	}
#define HASHED(n) \
	{ \
		n, HASH, NULL \
	}
#define TIME(n) \
	{ \
		n, TIME, NULL \
	}
#define NAMESPACE(n) \
	{ \
		n, SPACE, NULL \
	}
#define LABELLED(n) \
	{ \
		n, SOURCE, NULL \
	}
#define IN(n, list) \
	{ \
		n, ANYTHING, list \
	}
#define LIST(name, ...) static const struct ct_keep name[] = { __VA_ARGS__, END }

static const struct ct_keep nothing[] = { END };
LIST(first_id, ID(1));
LIST(first_id_within, IN(1, first_id));
LIST(id_and_exec, ID(1), FIELD(2));
LIST(id_exec_and_number, ID(1), FIELD(2), NUMBER(3));
LIST(key, FIELD(2));
LIST(first, FIELD(1));
LIST(container, ID(1), IMAGE(3), IN(4, first));
LIST(containers_create, IN(1, container));
LIST(pod_metadata, FIELD(1), FIELD(2), FIELD(3));
LIST(pod_config, IN(1, pod_metadata));
LIST(run_pod, IN(1, pod_config));
LIST(image_spec, IMAGE(1), IMAGE(18));
LIST(container_config, IN(1, first), IN(2, image_spec));
LIST(create_container, ID(1), IN(2, container_config));
LIST(exec_sync, ID(1), HASHED(2), NUMBER(3));
LIST(exit_status, NUMBER(3));
LIST(first_image, IMAGE(1));
LIST(pull_image, IN(1, first_image), IN(3, pod_config));
LIST(any_text, FIELD(1), IN(2, first_image));
LIST(transfer, IN(1, any_text), IN(2, any_text));
LIST(write_content, FIELD(2), NUMBER(3));
LIST(content_info, FIELD(1), LABELLED(5));
LIST(label_content, IN(1, content_info));
LIST(descriptor, FIELD(1), FIELD(2), NUMBER(3));
LIST(image, IMAGE(1), IN(3, descriptor));
LIST(save_image, IN(1, image));
LIST(apply, IN(1, descriptor));
LIST(task_event, ID(1), FIELD(2), NUMBER(4), TIME(5));
LIST(any, IN(2, task_event));
LIST(publish, FIELD(1), IN(2, any));

#define CRI "RuntimeService/"

/* Columns: service and method as in talk_grpc.c; what is kept of the request, of the answer. */
struct ct_distill_method {
	const char *name;
	const struct ct_keep *kept, *answer;
};

static const struct ct_distill_method methods[] = {
	{ "Snapshots/Prepare", key, nothing },
	{ "Snapshots/Remove", key, nothing },
	{ "Containers/Create", containers_create, nothing },
	{ "Containers/Delete", first_id, nothing },
	{ "Tasks/Create", first_id, nothing },
	{ "Tasks/Start", id_and_exec, nothing },
	{ "Tasks/Kill", id_exec_and_number, nothing },
	{ "Tasks/Delete", first_id, nothing },
	{ "Events/Publish", publish, nothing },
	{ "AgentService/CreateContainer", first_id, nothing },
	{ "AgentService/StartContainer", first_id, nothing },
	{ "AgentService/SignalProcess", first_id, nothing },
	{ "AgentService/RemoveContainer", first_id, nothing },
	{ CRI "RunPodSandbox", run_pod, first_id },
	{ CRI "StopPodSandbox", first_id, nothing },
	{ CRI "RemovePodSandbox", first_id, nothing },
	{ CRI "RemovePodSandbox", first_id, nothing },
	{ CRI "CreateContainer", create_container, first_id },
	{ CRI "StartContainer", first_id, nothing },
	{ CRI "StopContainer", first_id, nothing },
	{ CRI "RemoveContainer", first_id, nothing },
	{ CRI "ExecSync", exec_sync, exit_status },
	{ "ImageService/PullImage", pull_image, first_id },
	{ "Transfer/Transfer", transfer, nothing },
	{ "Content/Write", write_content, nothing },
	{ "Content/Update", label_content, nothing },
	{ "Images/Create", save_image, nothing },
	{ "Images/Update", save_image, nothing },
	{ "Leases/Create", first, nothing },
	{ "Leases/Delete", first, nothing },
	{ CT_APPLY, apply, nothing },
};

static const struct ct_distill_method *method_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < CT_ARRAY_SIZE(methods); i++) {
		if (!strcmp(dot + 1, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

/* Texts are borrowed from the copy of the event, which may be changed. */
static void fill(struct ct_distill *d, struct ct_text t)
{
	if (!t.len)
		return;
	memset((char *)t.p, CT_DISTILL_FILLER, t.len);
	if (t.p != d->filled_end)
		d->filled = t.p;
	d->filled_end = t.p + t.len;
}

/* A number becomes 0, in as many bytes. */
static void zero(const char *field, const char *end, enum ct_proto_type type)
{
	char *p = (char *)field;

	while (p < end && *p & 0x80) /* the field's own number */
		p++;
	for (p++; p < end; p++)
		*p = type == CT_PROTO_VARINT && p + 1 < end ? (char)0x80 : 0;
}

static const struct ct_keep *kept_field(const struct ct_keep *list, uint32_t number)
{
	while (list->field && list->field != number)
		list++;
	return list->field ? list : NULL;
}

/* google.protobuf.Timestamp and nothing else: two numbers. */
static bool is_time(struct ct_text t)
{
	struct ct_proto_field f;

	while (ct_proto_next(&t, &f)) {
		if (f.type != CT_PROTO_VARINT || !f.number || f.number > 2)
			return false;
	}
	return !t.len;
}

/* { 1: key, 2: value } and nothing else, of a key that is kept. */
static bool is_pair(struct ct_text pair, int what)
{
	struct ct_proto_field word, value;

	return ct_proto_next(&pair, &word) && word.number == 1 && word.type == CT_PROTO_BYTES &&
	       (what == SPACE ? ct_text_is(word.data, CT_TTRPC_NAMESPACE)
			      : ct_text_starts(word.data, CT_SOURCE_LABEL)) &&
	       ct_proto_next(&pair, &value) && value.number == 2 && value.type == CT_PROTO_BYTES &&
	       !pair.len;
}

/* In place and of its length: what it was cannot be guessed at. */
static void put_hash(struct ct_distill *d, struct ct_text word)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = ct_distill_hash(d, word.p, word.len);
	char *p = (char *)word.p;

	for (size_t i = 0; i < word.len; i++)
		p[i] = digits[hash >> 4 * (i % 16) & 15];
}

/* Its lengths stay. */
static void hide(struct ct_distill *d, struct ct_text said)
{
	struct ct_text secret;

	while (ct_sentence_secret(&said, &secret))
		fill(d, secret);
}

#define NESTED_MAX 8

/* The deepest table has four lists in each other. */
static void keep(struct ct_distill *d, struct ct_text msg, const struct ct_keep *list,
		 unsigned int depth)
{
	struct ct_proto_field f;
	const char *begin = msg.p;

	for (; ct_proto_next(&msg, &f); begin = msg.p) {
		const struct ct_keep *row = kept_field(list, f.number);

		if (f.type != CT_PROTO_BYTES) {
			if (!row || row->in)
				zero(begin, msg.p, f.type);
		} else if (!row || row->what == NUMBER || (row->what == TIME && !is_time(f.data))) {
			fill(d, f.data);
		} else if (row->what == SPACE || row->what == SOURCE) {
			if (!is_pair(f.data, row->what))
				fill(d, f.data);
		} else if (row->in && depth < NESTED_MAX) {
			keep(d, f.data, row->in, depth + 1);
		} else if (row->what == IMAGE) {
			if (!ct_distill_is_image(f.data))
				fill(d, f.data);
		} else if (row->what == SENTENCE) {
			hide(d, f.data);
		} else if (row->what == HASH) {
			put_hash(d, f.data);
		} else if (row->what == NAME) {
			ct_distill_learn(d, f.data);
		}
	}
	/* What follows is no field, or one without an end. */
	fill(d, ct_text(begin, (size_t)(msg.p + msg.len - begin)));
}

/* Whatever its command writes: an answer that is nothing but an id may be that. */
static bool is_command(struct ct_text data)
{
	struct ct_text msg;

	return ct_grpc_message(data, &msg) && ct_cri_shape(msg) == CT_CRI_EXEC;
}

/*
 * A request whose method was named before anybody listened (hear/inferred.c): by the shape of its
 * message. What has the shape of these has names at the places that are kept, and not a secret.
 */
static const struct ct_keep *shaped(const struct ct_distill *d, struct ct_text data)
{
	struct ct_text msg, id;

	if (!ct_grpc_message(data, &msg))
		return NULL;
	if (ct_grpc_applies(msg))
		return apply;
	switch (ct_cri_shape(msg)) {
	case CT_CRI_POD:
		return run_pod;
	case CT_CRI_CONTAINER:
		return create_container;
	case CT_CRI_EXEC: /* in a container that is known; else it may be anything */
		return ct_proto_bytes(msg, 1, &id) && ct_distill_knows(d, id) ? exec_sync : NULL;
	default:
		return NULL;
	}
}

#define GRPC_PREFIX 5

/* The id is all of the message's first field, and not the first field of that. */
static bool is_outer(struct ct_text data, struct ct_text id)
{
	struct ct_text msg, field;

	return ct_grpc_message(data, &msg) && ct_proto_bytes(msg, 1, &field) && field.p == id.p &&
	       field.len == id.len;
}

/* Of a message that nobody understands: the id that it begins with, if it is one that is known. */
static void keep_known(struct ct_distill *d, struct ct_text data)
{
	struct ct_text ids[2], msg;
	size_t n = ct_grpc_ids(data, ids);

	for (size_t i = 0; i < n; i++) {
		if (!ct_distill_knows(d, ids[i]))
			continue;
		ct_grpc_message(data, &msg);
		keep(d, msg, is_outer(data, ids[i]) ? first_id : first_id_within, 0);
		return;
	}
	fill(d, data);
}

static void message(struct ct_distill *d, struct ct_text data, const struct ct_keep *kept)
{
	struct ct_text msg;

	if (ct_grpc_message(data, &msg))
		keep(d, msg, kept, 0);
	else
		fill(d, data);
}

static void client_data(struct ct_distill *d, struct ct_event *e, const struct ct_h2_frame *frame)
{
	struct ct_distill_call *call = ct_distill_call(d, e->obj, frame->stream);
	const struct ct_keep *list = call ? NULL : shaped(d, frame->payload);

	bool command = !call && is_command(frame->payload);

	if (command)
		call = ct_distill_call_made(d, e->obj, frame->stream);
	if (list)
		message(d, frame->payload, list);
	else if (call && call->spoken)
		fill(d, frame->payload);
	else if (call && call->method)
		message(d, frame->payload, call->method->kept);
	else
		keep_known(d, frame->payload);
	if (call) {
		call->spoken = true;
		call->status = command || (call->method && call->method->answer == exit_status);
	}
}

#define ID_LEN 64

static bool is_id(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (!strchr("0123456789abcdef", t.p[i]) || !t.p[i])
			return false;
	}
	return t.len == ID_LEN;
}

/* An answer may come before its request: then it is kept if it is nothing but an id. */
static void server_data(struct ct_distill *d, struct ct_event *e, const struct ct_h2_frame *frame)
{
	const struct ct_distill_call *call = ct_distill_call(d, e->arg, frame->stream);
	struct ct_text ids[2];
	bool id = call ? call->method && call->method->answer == first_id
		       : ct_grpc_ids(frame->payload, ids) && is_id(ids[0]) &&
				  is_outer(frame->payload, ids[0]);

	message(d, frame->payload, call && call->status ? exit_status : id ? first_id : nothing);
}

#define FLAG_END_BLOCK 0x04
#define FLAG_PADDED    0x08
#define FLAG_PRIORITY  0x20
#define PRIORITY_LEN   5

static void headers(struct ct_distill *d, struct ct_event *e, const struct ct_h2_frame *frame)
{
	bool server = e->flags & CT_F_SERVER;
	size_t skip = frame->flags & FLAG_PRIORITY ? PRIORITY_LEN : 0;
	struct ct_hpack *hpack = ct_distill_hpack(d, e->obj);
	struct ct_text block = frame->payload;
	struct ct_headers got;

	ct_headers_none(&got);
	if (!hpack || block.len < skip || !(frame->flags & FLAG_END_BLOCK) ||
	    frame->flags & FLAG_PADDED || e->flags & (CT_F_TRUNCATED | CT_F_NO_DATA)) {
		if (hpack)
			ct_hpack_forget(hpack);
		fill(d, block);
	} else if (!ct_hpack_sieve(hpack, (char *)block.p + skip, block.len - skip, server, &got)) {
		fill(d, block);
	}
	if (!server && *got.path)
		ct_distill_call_made(d, e->obj, frame->stream)->method = method_of(got.path);
}

#define H2_HEADER   9
#define H2_TYPE_MAX 9

/* As the kernel side takes it for one. */
static bool is_frame(const char *header)
{
	return (unsigned char)header[3] <= H2_TYPE_MAX && !(header[5] & 0x80);
}

/*
 * What was left out at the end need not be kept at all. By where it lies: a number that is kept may
 * look like it.
 */
static void trim(const struct ct_distill *d, struct ct_event *e, const char *from)
{
	if (d->filled_end == e->tail + e->tail_len)
		e->tail_len = (__u16)((d->filled > from ? d->filled : from) - e->tail);
}

void ct_distill_frames(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	const char *data = e->tail;
	struct ct_h2_frame frame;

	d->filled = d->filled_end = NULL;
	while (rest.len >= H2_HEADER && is_frame(rest.p) && ct_h2_next(&rest, &frame)) {
		if (!frame.stream || frame.type > CT_H2_HEADERS)
			fill(d, frame.payload);
		else if (frame.type == CT_H2_HEADERS)
			headers(d, e, &frame);
		else if (e->flags & CT_F_SERVER)
			server_data(d, e, &frame);
		else
			client_data(d, e, &frame);
		/* A header block is whole or nothing. */
		data = frame.type == CT_H2_HEADERS ? rest.p : frame.payload.p;
	}
	fill(d, rest);
	trim(d, e, data);
}

LIST(envelope, FIELD(2), FIELD(3), IN(4, any));
LIST(forwarded, IN(1, envelope));
LIST(named, FIELD(1), FIELD(2));
LIST(named_create, FIELD(1), FIELD(2), IN(3, id_and_exec), NAMESPACE(5));
LIST(named_exec, FIELD(1), FIELD(2), IN(3, first_id), NAMESPACE(5));
LIST(named_kill, FIELD(1), FIELD(2), IN(3, id_exec_and_number), NAMESPACE(5));
LIST(named_event, FIELD(1), FIELD(2), IN(3, forwarded));
LIST(named_agent, FIELD(1), FIELD(2), IN(3, first_id));

/*
 * { 1: Status { 1: code, 2: message }, 2: the answer, of which numbers are read: pid, exit status, state,
 * and when that was }
 */
LIST(status, NUMBER(1), SENTENCE(2));
LIST(numbers, NUMBER(1), TIME(2), TIME(3), NUMBER(4));
LIST(answer, IN(1, status), IN(2, numbers));

/* Of what a request is about. Columns: service that it begins with, method (NULL: any), what is kept. */
static const struct {
	const char *service;
	const char *method;
	const struct ct_keep *kept;
	bool known; /* only if its first field is an id that is known */
} services[] = {
	{ "containerd.services.events.ttrpc.v1.Events", NULL, named_event, false },
	{ "containerd.task.v", "Kill", named_kill, false },
	{ "containerd.task.v", "Exec", named_exec, false },
	{ "containerd.task.v", NULL, named_create, false },
	{ "grpc.", NULL, named_agent, true },
};

static const struct ct_keep *kept_of(const struct ct_distill *d, const struct ct_ttrpc *rpc)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(services); i++) {
		if (!ct_text_starts(rpc->service, services[i].service) ||
		    (services[i].method && !ct_text_is(rpc->method, services[i].method)))
			continue;
		return services[i].known && !ct_distill_knows(d, rpc->id) ? named
									  : services[i].kept;
	}
	return named;
}

#define TTRPC_HEADER 10

static bool is_ttrpc(const struct ct_event *e, struct ct_ttrpc *ret)
{
	const unsigned char *h = (const unsigned char *)e->tail;

	return e->tail_len >= TTRPC_HEADER && (h[8] == 1 || h[8] == 2) && e->ret >= TTRPC_HEADER &&
	       ((uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3]) +
			       TTRPC_HEADER ==
		       (uint32_t)e->ret &&
	       ct_ttrpc_parse(ct_text(e->tail, e->tail_len), ret);
}

bool ct_distill_ttrpc(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text body;
	struct ct_ttrpc rpc;

	if (!is_ttrpc(e, &rpc))
		return false;
	body = ct_text(e->tail + TTRPC_HEADER, e->tail_len - TTRPC_HEADER);
	d->filled = d->filled_end = NULL;
	keep(d, body, rpc.answer ? answer : kept_of(d, &rpc), 0);
	trim(d, e, e->tail + TTRPC_HEADER);
	return true;
}
