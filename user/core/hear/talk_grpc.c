// SPDX-License-Identifier: GPL-2.0-only
/*
 * gRPC between engines and their clients: HTTP/2 frames (RFC 9113), the method in a header block,
 * the message behind a prefix of five bytes. The numbers of fields are those of containerd's
 * api/services (1.6) and of the Kubernetes CRI (k8s.io/cri-api, v1 and v1alpha2).
 */
#include "core/hear/grpc.h"

#include <stdlib.h>

#define FLAG_END_BLOCK    0x04
#define FLAG_PADDED       0x08
#define FLAG_PRIORITY     0x20

#define SHORT_LEN         16 /* CT_SHORT_ANSWER of bpf/api.bpf.h */
#define DEADLINE_EXCEEDED 4 /* google.golang.org/grpc/codes */

static struct ct_text ns_of(const struct ct_pending_call *call)
{
	return ct_text(call->asked.ns, strlen(call->asked.ns));
}

struct ct_fact ct_grpc_fact(const struct ct_grpc_asked *r)
{
	return (struct ct_fact){
		.kind = CT_FACT_ASKED,
		.how = r->call->event   ? CT_HOW_SHIM
		       : r->call->pulls ? CT_HOW_IMAGE
		       : r->call->part  ? CT_HOW_PART
					: CT_HOW_ENGINE,
		.e = r->sent->e,
		.speaker = r->sent->speaker,
		.ns = ns_of(r->call),
		.verb = ct_text(r->call->asked.verb, strlen(r->call->asked.verb)),
		.ts_ns = r->call->asked.ts_ns,
		.request = &r->call->asked,
		.call = r->call,
	};
}

/* "io.containerd.runc.v2" is runc, until a program says otherwise. */
static struct ct_text runtime_name(struct ct_text name)
{
	if (!ct_text_starts(name, "io.containerd."))
		return ct_text("", 0);
	ct_text_cut(&name, '.');
	ct_text_cut(&name, '.');
	return ct_text_cut(&name, '.');
}

/* A snapshot that was asked for before the container that it is for: the key is the container's id. */
struct ct_prepared {
	struct ct_held held;
	uint64_t ts_ns;
	char ns[80];
	char key[80];
};

static void prepared_drop(struct ct_core *core, struct ct_prepared *p)
{
	ct_share_leave(core, &p->held);
	free(p);
}

/* The container is asked for at once. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return held->heard_ns + CT_OPEN_NS >= core->now;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	prepared_drop(core, CT_HELD_OF(struct ct_prepared, held));
}

const struct ct_share_row ct_prepared_row = {
	.max = CT_PREPARED_MAX,
	.full = CT_LOSS_TALK,
	.matters = matters,
	.give_up = give_up,
};

void ct_prepared_free(struct ct_core *core)
{
	ct_share_empty(core, CT_SHARE_PREPARED);
}

/* The snapshot of a container is made before the container is: its create began then. */
static uint64_t prepared_at(struct ct_core *core, const struct ct_scope *speaker, struct ct_text ns,
			    struct ct_text id)
{
	struct ct_held *held = ct_share_first(core, speaker, CT_SHARE_PREPARED);

	for (; held; held = held->next) {
		struct ct_prepared *p = CT_HELD_OF(struct ct_prepared, held);
		uint64_t ts_ns = p->ts_ns;

		if (!ct_text_is(id, p->key) || !ct_text_is(ns, p->ns))
			continue;
		prepared_drop(core, p);
		return ts_ns;
	}
	return 0;
}

/* { 1: Container { 1: id, 3: image, 4: { 1: name of the runtime } } } */
static void containers_create(const struct ct_grpc_asked *r)
{
	struct ct_fact fact = ct_grpc_fact(r);
	struct ct_text container, runtime, name;

	if (!ct_proto_bytes(r->msg, 1, &container) || !ct_proto_bytes(container, 1, &fact.ids[0]))
		return;
	ct_proto_bytes(container, 3, &fact.image);
	if (ct_proto_bytes(container, 4, &runtime) && ct_proto_bytes(runtime, 1, &name))
		fact.runtime = runtime_name(name);
	fact.makes = CT_MAKES_NEW;
	fact.prepared_ns = prepared_at(r->core, r->sent->speaker, fact.ns, fact.ids[0]);
	ct_call_told(r->core, &fact);
}

static void prepared_keep(const struct ct_grpc_asked *r, struct ct_text key)
{
	struct ct_prepared *p = malloc(sizeof(*p));

	if (!p || !ct_share_enter(r->core, r->sent->speaker, CT_SHARE_PREPARED, &p->held)) {
		free(p);
		return;
	}
	p->ts_ns = r->call->asked.ts_ns;
	ct_text_copy(p->key, sizeof(p->key), key);
	memcpy(p->ns, r->call->asked.ns, sizeof(p->ns));
}

/* { 1: snapshotter, 2: key }; that of an image's layer has a blank: no id of a container has one. */
static void snapshots_prepare(const struct ct_grpc_asked *r)
{
	struct ct_text key;

	if (!ct_proto_bytes(r->msg, 2, &key) || key.len >= sizeof(((struct ct_prepared *)0)->key))
		return;
	ct_early_asked(r->core, r->call);
	if (!memchr(key.p, ' ', key.len))
		prepared_keep(r, key);
	ct_text_copy(r->call->asked.name, sizeof(r->call->asked.name), key);
}

/* { 1: id, 2: id of a process executed in it, 3: signal } */
static void tasks_kill(const struct ct_grpc_asked *r)
{
	struct ct_fact fact = ct_grpc_fact(r);
	struct ct_text exec;

	ct_proto_varint(r->msg, 3, &fact.signal);
	if (!ct_proto_bytes(r->msg, 1, &fact.ids[0]) || ct_signal_spares(fact.signal) ||
	    (ct_proto_bytes(r->msg, 2, &exec) && exec.len))
		return;
	ct_call_told(r->core, &fact);
}

/*
 * { 1: topic, 2: Any }: the messenger of a shim that does not tell its engine itself (containerd
 * publish, cmd/containerd/command/publish.go).
 */
static void events_publish(const struct ct_grpc_asked *r)
{
	struct ct_fact fact = ct_grpc_fact(r);
	struct ct_text topic, any;

	fact.how = CT_HOW_SHIM;
	if (!ct_proto_bytes(r->msg, 1, &topic) || !ct_proto_bytes(r->msg, 2, &any) ||
	    !ct_shim_event(&fact, topic, any))
		return;
	r->call->event = true;
	ct_text_copy(r->call->asked.verb, sizeof(r->call->asked.verb), topic);
	ct_call_told(r->core, &fact);
}

static void run_pod(const struct ct_grpc_asked *r)
{
	ct_cri_run_pod(&r->call->asked, r->msg);
}

static void create_container(const struct ct_grpc_asked *r)
{
	ct_cri_create_container(&r->call->asked, r->msg);
}

/* Which container it is, and what it is a command for, is in its words alone: their hash is kept. */
static void exec_sync(const struct ct_grpc_asked *r)
{
	struct ct_fact fact = ct_grpc_fact(r);

	r->call->shape = CT_CRI_EXEC;
	ct_cri_exec(&r->call->asked, r->data);
	if (ct_proto_bytes(r->msg, 1, &fact.ids[0]))
		ct_call_told(r->core, &fact);
}

#define CRI "RuntimeService/"

/*
 * Columns: service and method; number of the field with the container's id; of that with the id of
 * a process executed in it, which makes it a request about that and not about the container;
 * whether a container may be heard of first in it; what else reads it; what the answer says;
 * what the message looks like where nobody has heard the name, OTHER: that is not asked.
 */
static const struct ct_method {
	const char *name;
	uint8_t id, exec_id;
	bool makes;
	void (*read)(const struct ct_grpc_asked *r);
	enum {
		NOTHING,
		ID, /* of what it made */
		STATUS, /* of the command that it was for */
		END /* as often as it was asked: only the last says how it went */
	} answers;
	enum ct_cri_shape shape;
} methods[] = {
	{ "Snapshots/Prepare", 0, 0, false, snapshots_prepare, NOTHING, CT_CRI_OTHER },
	{ "Snapshots/Remove", 2, 0, false, NULL, NOTHING, CT_CRI_OTHER },
	{ "Containers/Create", 0, 0, false, containers_create, NOTHING, CT_CRI_OTHER },
	{ "Containers/Delete", 1, 0, false, NULL, NOTHING, CT_CRI_OTHER },
	{ "Tasks/Create", 1, 0, true, NULL, NOTHING, CT_CRI_OTHER },
	{ "Tasks/Start", 1, 2, true, NULL, NOTHING, CT_CRI_OTHER },
	{ "Tasks/Kill", 0, 0, false, tasks_kill, NOTHING, CT_CRI_OTHER },
	{ "Tasks/Delete", 1, 0, false, NULL, NOTHING, CT_CRI_OTHER },
	{ "Events/Publish", 0, 0, false, events_publish, NOTHING, CT_CRI_OTHER },
	{ CRI "RunPodSandbox", 0, 0, false, run_pod, ID, CT_CRI_POD },
	{ CRI "StopPodSandbox", 1, 0, false, NULL, NOTHING, CT_CRI_ID },
	{ CRI "RemovePodSandbox", 1, 0, false, NULL, NOTHING, CT_CRI_ID },
	{ CRI "CreateContainer", 0, 0, false, create_container, ID, CT_CRI_CONTAINER },
	{ CRI "StartContainer", 1, 0, false, NULL, NOTHING, CT_CRI_ID },
	{ CRI "StopContainer", 1, 0, false, NULL, NOTHING, CT_CRI_ID_AND_NUMBER },
	{ CRI "RemoveContainer", 1, 0, false, NULL, NOTHING, CT_CRI_ID },
	{ CT_EXEC_SYNC, 1, 0, false, exec_sync, STATUS, CT_CRI_EXEC },
	{ "ImageService/PullImage", 0, 0, false, ct_grpc_pull_image, ID, CT_CRI_OTHER },
	{ "Transfer/Transfer", 0, 0, false, ct_grpc_transfer, NOTHING, CT_CRI_OTHER },
	{ "Content/Write", 0, 0, false, ct_grpc_write, END, CT_CRI_OTHER },
	{ "Content/Update", 0, 0, false, ct_grpc_label, NOTHING, CT_CRI_OTHER },
	{ "Images/Create", 0, 0, false, ct_grpc_save_image, NOTHING, CT_CRI_OTHER },
	{ "Images/Update", 0, 0, false, ct_grpc_save_image, NOTHING, CT_CRI_OTHER },
	{ "Leases/Create", 0, 0, false, ct_grpc_lease, NOTHING, CT_CRI_OTHER },
	{ "Leases/Delete", 0, 0, false, ct_grpc_lease, NOTHING, CT_CRI_OTHER },
	{ CT_APPLY, 0, 0, false, ct_grpc_apply, NOTHING, CT_CRI_OTHER },
};

const struct ct_method *ct_method_of(const char *name)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(methods); i++) {
		if (!strcmp(name, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

bool ct_method_has(const struct ct_method *method, enum ct_cri_shape shape)
{
	/* A number that is 0 is not sent. */
	return method->shape == CT_CRI_OTHER || method->shape == shape ||
	       (method->shape == CT_CRI_ID_AND_NUMBER && shape == CT_CRI_ID);
}

bool ct_method_provable(const struct ct_method *method)
{
	return method->shape != CT_CRI_OTHER;
}

const struct ct_method *ct_method_shaped(enum ct_cri_shape shape)
{
	for (size_t i = 0; shape != CT_CRI_OTHER && i < CT_ARRAY_SIZE(methods); i++) {
		if (methods[i].answers == ID && methods[i].shape == shape)
			return &methods[i];
	}
	return NULL;
}

const char *ct_method_name(const struct ct_method *method)
{
	return method->name;
}

unsigned int ct_method_bit(const struct ct_method *method)
{
	_Static_assert(CT_ARRAY_SIZE(methods) <= 32, "every method has a bit");
	return 1u << (method - methods);
}

/* "/containerd.services.tasks.v1.Tasks/Create": what follows the last dot. */
static struct ct_text method_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? ct_text(dot + 1, strlen(dot + 1)) : ct_text("", 0);
}

/* False: the sender's headers are not known from here on, and these are what they were. */
static bool read_headers(struct ct_core *core, const struct ct_sent *sent,
			 const struct ct_h2_frame *frame, struct ct_headers *ret)
{
	struct ct_conn *conn = ct_conn_get(core, sent);
	struct ct_text block = frame->payload;
	size_t skip = (frame->flags & FLAG_PADDED ? 1 : 0) + (frame->flags & FLAG_PRIORITY ? 5 : 0);

	if (conn && !conn->hpack)
		conn->hpack = ct_hpack_new();
	if (!conn || !conn->hpack || block.len < skip)
		return false;
	block = ct_text(block.p + skip, block.len - skip);
	if (!(frame->flags & FLAG_END_BLOCK) || frame->flags & FLAG_PADDED ||
	    sent->e->flags & (CT_F_TRUNCATED | CT_F_NO_DATA)) {
		ct_hpack_forget(conn->hpack);
		return false;
	}
	return ct_hpack_read(conn->hpack, block, ret);
}

static void client_headers(struct ct_core *core, const struct ct_sent *sent,
			   const struct ct_h2_frame *frame)
{
	const struct ct_call_key key = { sent->e->obj, frame->stream, CT_PROTO_H2 };
	struct ct_headers headers;
	struct ct_pending_call *call;
	struct ct_text method;

	if (!read_headers(core, sent, frame, &headers) ||
	    ct_agent_headers(core, sent, frame->stream, headers.path))
		return;
	method = method_name(headers.path);
	if (!method.len && headers.key.fields < CT_PATH_FIELDS)
		return;
	call = ct_call_make(core, sent, &key, method);
	if (!call)
		return;
	if (!method.len) {
		ct_path_asked(core, call, &headers.key, sent->e->root);
		return;
	}
	call->named = true;
	call->method = ct_method_of(call->asked.verb);
	if (ct_text_starts(method, CRI))
		ct_text_copy(call->asked.ns, sizeof(call->asked.ns),
			     ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE)));
	else
		memcpy(call->asked.ns, headers.ns, sizeof(call->asked.ns));
	memcpy(call->asked.lease, headers.lease, sizeof(call->asked.lease));
}

/* What it asks for no other method is asked for. */
static bool names_itself(struct ct_pending_call *call, struct ct_text data)
{
	struct ct_text msg;

	if (!call || !ct_grpc_message(data, &msg) || !ct_grpc_applies(msg))
		return false;
	ct_call_named(call, CT_APPLY);
	return call->named = true;
}

/* Its headers were not heard, but whose it is may be: the message begins with an id. */
static void unnamed(struct ct_core *core, const struct ct_sent *sent,
		    const struct ct_h2_frame *frame, struct ct_pending_call *call)
{
	struct ct_fact fact = {
		.kind = CT_FACT_ASKED,
		.how = CT_HOW_ENGINE,
		.e = sent->e,
		.speaker = sent->speaker,
		.ts_ns = sent->e->ts_ns,
		.stream = frame->stream,
		.call = call,
	};

	if (call) {
		call->body = true;
		ct_path_message(core, call, frame->payload);
		if (ct_method_shaped(call->shape))
			return; /* which container it is about will be known when it is answered */
	}
	ct_grpc_ids(frame->payload, fact.ids);
	if (call && (call->shape == CT_CRI_ID || call->shape == CT_CRI_ID_AND_NUMBER))
		ct_call_of(call, fact.ids[0]);
	ct_call_told(core, &fact);
}

static void client_data(struct ct_core *core, const struct ct_sent *sent,
			const struct ct_h2_frame *frame)
{
	const struct ct_call_key key = { sent->e->obj, frame->stream, CT_PROTO_H2 };
	struct ct_grpc_asked r = { core, sent, ct_call_find(core, key), { "", 0 }, frame->payload };
	const struct ct_method *method;
	struct ct_fact fact;
	struct ct_text exec;

	if (r.call && r.call->body)
		return;
	if (!r.call || (!r.call->named && !names_itself(r.call, frame->payload))) {
		unnamed(core, sent, frame, r.call);
		return;
	}
	r.call->body = true;
	if (r.call->agent) {
		ct_agent_asked(core, sent, r.call, frame->payload);
		return;
	}
	fact = ct_grpc_fact(&r);
	method = r.call->method;
	if (!method) { /* its name says nothing to us */
		ct_grpc_ids(frame->payload, fact.ids);
		ct_call_told(core, &fact);
		return;
	}
	if (!ct_grpc_message(frame->payload, &r.msg))
		return;
	if (method->read) {
		method->read(&r);
		return;
	}
	if (!ct_proto_bytes(r.msg, method->id, &fact.ids[0]) ||
	    (method->exec_id && ct_proto_bytes(r.msg, method->exec_id, &exec) && exec.len))
		return;
	fact.makes = method->makes ? CT_MAKES_KNOWN : CT_MAKES_NOTHING;
	ct_call_of(r.call, fact.ids[0]);
	ct_call_told(core, &fact);
}

static int hex(char c)
{
	static const char digits[] = "0123456789ABCDEFabcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	int value = at ? (int)(at - digits) : -1;

	return value > 15 ? value - 6 : value;
}

/* %XX of a grpc-message (gRPC over HTTP/2, "Responses"). */
static struct ct_text unescaped(char *message)
{
	size_t to = 0;

	for (size_t i = 0; message[i]; i++) {
		int high = message[i] == '%' ? hex(message[i + 1]) : -1;
		int low = high < 0 ? -1 : hex(message[i + 2]);

		if (high >= 0 && low >= 0) {
			message[to++] = (char)((unsigned)high << 4 | (unsigned)low);
			i += 2;
		} else {
			message[to++] = message[i];
		}
	}
	return ct_text(message, to);
}

/* Headers that end the stream: there is no message, so it failed. */
static bool has_failed(const struct ct_h2_frame *frame, const struct ct_headers *headers)
{
	return frame->flags & CT_H2_END_STREAM && headers->status != 0;
}

/* Its answer says something: it is more than that it came. */
static bool says(const struct ct_pending_call *call)
{
	return call->method ? call->method->answers != NOTHING : call->shape == CT_CRI_EXEC;
}

static struct ct_over *over_of(const struct ct_core *core, struct ct_call_key key)
{
	return &core->hear->over[(key.socket * 31 + key.stream / 2) & (CT_OVER_SLOTS - 1)];
}

/* What is told before it was asked may come to matter; what follows an answer does not. */
static void nobody_asked(struct ct_core *core, const struct ct_sent *sent, struct ct_call_key key)
{
	const struct ct_over *over = over_of(core, key);

	if (over->socket != key.socket || over->stream != key.stream ||
	    over->ts_ns + CT_LATE_NS < sent->e->ts_ns)
		ct_early_keep(core, key, sent);
}

/* An id and nothing else is the answer to who has asked for what has it. */
static void nobody_was_heard(struct ct_core *core, const struct ct_sent *sent,
			     const struct ct_h2_frame *frame)
{
	struct ct_fact fact = {
		.kind = CT_FACT_UNASKED,
		.how = CT_HOW_ENGINE,
		.e = sent->e,
		.speaker = sent->speaker,
		.ts_ns = sent->e->ts_ns,
	};
	struct ct_text msg;

	if (frame->type != CT_H2_DATA || !ct_grpc_message(frame->payload, &msg))
		return;
	fact.made = ct_cri_made(msg);
	if (ct_cri_is_id(fact.made) && fact.made.p + fact.made.len == msg.p + msg.len)
		core->seams->heard(core, &fact);
}

static void is_answered(struct ct_core *core, struct ct_pending_call *call, uint64_t ts_ns)
{
	*over_of(core, call->key) = (struct ct_over){ call->key.socket, call->key.stream, ts_ns };
	ct_call_drop(core, call);
}

static void server_frame(struct ct_core *core, const struct ct_sent *sent,
			 const struct ct_h2_frame *frame)
{
	const struct ct_call_key key = { sent->e->arg, frame->stream, CT_PROTO_H2 };
	struct ct_pending_call *call = ct_call_find(core, key);
	bool headed = frame->type == CT_H2_HEADERS, late;
	const struct ct_method *method;
	struct ct_headers headers;
	struct ct_text msg;
	struct ct_fact fact;

	ct_headers_none(&headers);
	/* An answer that waited for its request has been read already. */
	if (headed && !core->hear->answering_early)
		read_headers(core, sent, frame, &headers);
	core->hear->hears_short |= !headed && frame->payload.len <= SHORT_LEN;
	if (!call) {
		nobody_asked(core, sent, key);
		nobody_was_heard(core, sent, frame);
		return;
	}
	late = ct_path_settles(core, call);
	if (!call->named && ct_method_shaped(call->shape) && !ct_path_answered(core, call, frame) &&
	    !(frame->flags & CT_H2_END_STREAM))
		return; /* what it was is still to come */
	method = call->method;
	fact = ct_grpc_fact(&(struct ct_grpc_asked){ .sent = sent, .call = call });
	fact.late = late;
	fact.unproved = call->provable && !call->named;
	fact.kind = has_failed(frame, &headers) ? CT_FACT_REFUSED : CT_FACT_ANSWERED;
	fact.ts_ns = sent->e->ts_ns;
	fact.about = call->about;
	fact.awaits_id = method && method->answers == ID;
	fact.timed_out = headers.status == DEADLINE_EXCEEDED;
	if (call->shape == CT_CRI_EXEC && !ct_grpc_status(core, sent, frame, call, &fact))
		return;
	if (says(call) && (headed || (call->method && call->method->answers == END)) &&
	    !(frame->flags & CT_H2_END_STREAM))
		return; /* that is still to come */
	if (fact.awaits_id && frame->type == CT_H2_DATA && ct_grpc_message(frame->payload, &msg))
		fact.made = ct_cri_made(msg);
	if (fact.kind == CT_FACT_REFUSED)
		fact.message = unescaped(headers.message);
	core->seams->heard(core, &fact);
	if (fact.unproved && !call->named)
		ct_path_unproved(core, call, &fact, has_failed(frame, &headers));
	is_answered(core, call, sent->e->ts_ns);
}

void ct_call_named(struct ct_pending_call *call, const char *verb)
{
	ct_text_copy(call->asked.verb, sizeof(call->asked.verb), ct_text(verb, strlen(verb)));
	call->method = ct_method_of(verb);
}

void ct_talk_grpc(struct ct_core *core, const struct ct_sent *sent)
{
	bool answers = sent->e->flags & CT_F_SERVER;
	struct ct_text rest = ct_text(sent->e->tail, sent->e->tail_len);
	struct ct_h2_frame frame;
	struct ct_conn *conn;

	while (ct_h2_next(&rest, &frame)) {
		if (!frame.stream || frame.type > CT_H2_HEADERS)
			continue;
		if (answers)
			server_frame(core, sent, &frame);
		else if (frame.type == CT_H2_HEADERS)
			client_headers(core, sent, &frame);
		else
			client_data(core, sent, &frame);
	}
	conn = ct_conn_find(core, answers ? sent->e->arg : sent->e->obj);
	if (conn)
		ct_paths_repair(core, conn->paths);
}
