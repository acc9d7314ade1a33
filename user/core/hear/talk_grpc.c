// SPDX-License-Identifier: GPL-2.0-only
/*
 * gRPC between engines and their clients: HTTP/2 frames (RFC 9113), the method in a header block,
 * the message behind a prefix of five bytes. The numbers of fields are those of containerd's
 * api/services (1.6) and of the Kubernetes CRI (k8s.io/cri-api, v1 and v1alpha2).
 */
#include "core/hear/talk.h"

#include <stdlib.h>

#define FLAG_END_STREAM 0x01
#define FLAG_END_BLOCK  0x04
#define FLAG_PADDED     0x08
#define FLAG_PRIORITY   0x20

struct request {
	struct ct_core *core;
	const struct ct_event *e;
	struct ct_pending_call *call;
	struct ct_text ns;
	struct ct_text msg;
};

static void ask(const struct request *r, struct ct_container *c)
{
	struct ct_early *early = ct_call_asked(r->core, r->call);

	ct_call_about(r->core, r->call, c);
	ct_signal(r->core, c, CT_SIG_ENGINE_REQUEST, ct_text(r->call->verb, strlen(r->call->verb)),
		  r->call->ts_ns);
	ct_answer_early(r->core, early);
}

/* "io.containerd.runc.v2" is runc, until a program says otherwise. */
static void runtime_name(struct ct_container *c, struct ct_text name)
{
	struct ct_text version = name;

	if (!ct_text_starts(name, "io.containerd."))
		return;
	ct_text_cut(&version, '.');
	ct_text_cut(&version, '.');
	ct_text_copy(c->who.runtime, sizeof(c->who.runtime), ct_text_cut(&version, '.'));
}

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
	for (struct ct_share *s = core->shares, *next; s; s = next) {
		struct ct_held **list = &s->of[CT_SHARE_PREPARED].lists[CT_PLACE_LIVE];
		size_t n = s->of[CT_SHARE_PREPARED].count;

		next = s->hh.next;
		while (n--) /* with the last the share may go */
			give_up(core, *list);
	}
}

/* The snapshot of a container is made before the container is: its create began then. */
static uint64_t prepared_at(struct ct_core *core, const struct ct_scope *speaker, struct ct_text ns,
			    struct ct_text id)
{
	const struct ct_share *share = ct_share_find(core, speaker);
	struct ct_held *held = share ? share->of[CT_SHARE_PREPARED].lists[CT_PLACE_LIVE] : NULL;

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
static void containers_create(const struct request *r)
{
	struct ct_text container, id, image, runtime, name;
	struct ct_container *c;
	uint64_t prepared;

	if (!ct_proto_bytes(r->msg, 1, &container) || !ct_proto_bytes(container, 1, &id))
		return;
	c = ct_family_of_namespace(r->ns)->grpc
		    ? ct_book_make(r->core, ct_speaker(r->core, r->e), r->ns, id)
		    : ct_book_find(r->core, ct_speaker(r->core, r->e), r->ns, id);
	/* An id that is in use will be refused. */
	if (!c || (c->family->grpc && !c->removed && c->run.marks[CT_MARK_EXIT]))
		return;
	if (c->family->grpc && ct_proto_bytes(container, 3, &image))
		ct_text_copy(c->who.image, sizeof(c->who.image), image);
	if (c->family->grpc && ct_proto_bytes(container, 4, &runtime) &&
	    ct_proto_bytes(runtime, 1, &name))
		runtime_name(c, name);
	prepared = prepared_at(r->core, ct_speaker(r->core, r->e), r->ns, id);
	if (prepared)
		ct_signal(r->core, c, CT_SIG_ENGINE_REQUEST, ct_text("Snapshots/Prepare", 17),
			  prepared);
	ask(r, c);
}

static void prepared_keep(const struct request *r, struct ct_text key)
{
	struct ct_prepared *p = malloc(sizeof(*p));

	if (!p ||
	    !ct_share_enter(r->core, ct_speaker(r->core, r->e), CT_SHARE_PREPARED, &p->held)) {
		free(p);
		return;
	}
	p->ts_ns = r->call->ts_ns;
	ct_text_copy(p->key, sizeof(p->key), key);
	ct_text_copy(p->ns, sizeof(p->ns), r->ns);
}

/* { 1: snapshotter, 2: key }; that of an image's layer has a blank: no id of a container has one. */
static void snapshots_prepare(const struct request *r)
{
	struct ct_text key;

	if (!ct_proto_bytes(r->msg, 2, &key) || key.len >= sizeof(((struct ct_prepared *)0)->key) ||
	    r->ns.len >= sizeof(((struct ct_prepared *)0)->ns))
		return;
	ct_call_asked(r->core, r->call);
	if (!memchr(key.p, ' ', key.len))
		prepared_keep(r, key);
	ct_text_copy(r->call->name, sizeof(r->call->name), key);
}

/* { 1: id, 2: id of a process executed in it, 3: signal } */
static void tasks_kill(const struct request *r)
{
	struct ct_text id, exec;
	struct ct_container *c;
	uint64_t number = 0;

	ct_proto_varint(r->msg, 3, &number);
	if (!ct_proto_bytes(r->msg, 1, &id) || ct_signal_spares(number) ||
	    (ct_proto_bytes(r->msg, 2, &exec) && exec.len))
		return;
	c = ct_book_find(r->core, ct_speaker(r->core, r->e), r->ns, id);
	if (c)
		ask(r, c);
}

static void run_pod(const struct request *r)
{
	ct_cri_run_pod(r->call, r->msg);
}

static void create_container(const struct request *r)
{
	ct_cri_create_container(r->call, r->msg);
}

#define CRI "RuntimeService/"

/*
 * Columns: service and method; number of the field with the container's id; of that with the id of
 * a process executed in it, which makes it a request about that and not about the container;
 * whether a container may be heard of first in it; what else reads it; whether the answer is an id.
 */
static const struct ct_method {
	const char *name;
	uint8_t id, exec_id;
	bool makes;
	void (*read)(const struct request *r);
	bool answers_id; /* of what it made */
} methods[] = {
	{ "Snapshots/Prepare", 0, 0, false, snapshots_prepare, false },
	{ "Snapshots/Remove", 2, 0, false, NULL, false },
	{ "Containers/Create", 0, 0, false, containers_create, false },
	{ "Containers/Delete", 1, 0, false, NULL, false },
	{ "Tasks/Create", 1, 0, true, NULL, false },
	{ "Tasks/Start", 1, 2, true, NULL, false },
	{ "Tasks/Kill", 0, 0, false, tasks_kill, false },
	{ "Tasks/Delete", 1, 0, false, NULL, false },
	{ CRI "RunPodSandbox", 0, 0, false, run_pod, true },
	{ CRI "StopPodSandbox", 1, 0, false, NULL, false },
	{ CRI "RemovePodSandbox", 1, 0, false, NULL, false },
	{ CRI "CreateContainer", 0, 0, false, create_container, true },
	{ CRI "StartContainer", 1, 0, false, NULL, false },
	{ CRI "StopContainer", 1, 0, false, NULL, false },
	{ CRI "RemoveContainer", 1, 0, false, NULL, false },
};

static const struct ct_method *method_of(const char *name)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(methods); i++) {
		if (!strcmp(name, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

/* "/containerd.services.tasks.v1.Tasks/Create": what follows the last dot. */
static struct ct_text method_name(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? ct_text(dot + 1, strlen(dot + 1)) : ct_text("", 0);
}

/* False: the sender's headers are not known from here on. */
static bool read_headers(struct ct_core *core, const struct ct_event *e,
			 const struct ct_h2_frame *frame, struct ct_headers *ret)
{
	struct ct_conn *conn = ct_conn_get(core, e);
	struct ct_text block = frame->payload;
	size_t skip = (frame->flags & FLAG_PADDED ? 1 : 0) + (frame->flags & FLAG_PRIORITY ? 5 : 0);

	ct_headers_none(ret);
	if (conn && !conn->hpack)
		conn->hpack = ct_hpack_new();
	if (!conn || !conn->hpack || block.len < skip)
		return false;
	block = ct_text(block.p + skip, block.len - skip);
	if (!(frame->flags & FLAG_END_BLOCK) || frame->flags & FLAG_PADDED ||
	    e->flags & (CT_F_TRUNCATED | CT_F_NO_DATA)) {
		ct_hpack_forget(conn->hpack);
		return false;
	}
	return ct_hpack_read(conn->hpack, block, ret);
}

static void client_headers(struct ct_core *core, const struct ct_event *e,
			   const struct ct_h2_frame *frame)
{
	struct ct_headers headers;
	struct ct_pending_call *call;
	struct ct_text method;

	if (!read_headers(core, e, frame, &headers))
		return;
	method = method_name(headers.path);
	if (!method.len)
		return;
	call = ct_call_make(core, e->obj, frame->stream, CT_PROTO_H2, method, e);
	if (!call)
		return;
	call->named = true;
	call->method = method_of(call->verb);
	if (ct_text_starts(method, CRI))
		ct_text_copy(call->ns, sizeof(call->ns),
			     ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE)));
	else
		memcpy(call->ns, headers.ns, sizeof(call->ns));
}

/* Its name is not known, but whose it is may be: the message begins with an id. */
static struct ct_container *guess(struct ct_core *core, const struct ct_event *e, struct ct_text ns,
				  struct ct_text payload)
{
	const struct ct_scope *speaker = ct_speaker(core, e);
	struct ct_container *c = NULL;
	struct ct_text ids[2];
	size_t n = ct_grpc_ids(payload, ids);

	for (size_t i = 0; i < n && !c; i++)
		c = ct_book_find(core, speaker, ns, ids[i]);
	return c;
}

static void unnamed(struct ct_core *core, const struct ct_event *e, const struct ct_h2_frame *frame)
{
	struct ct_container *c = guess(core, e, ct_text("", 0), frame->payload);
	struct ct_pending_call *call;
	struct ct_early *early;

	if (!c)
		return;
	call = ct_call_make(core, e->obj, frame->stream, CT_PROTO_H2, ct_text("", 0), e);
	if (call)
		ct_call_about(core, call, c);
	/* Heard after what it led to: the engine asks nothing else in between. */
	if (c->run.marks[CT_MARK_TASK_DELETE_BEGIN] && !c->run.marks[CT_MARK_DIE_END])
		ct_grpc_cause(core, c, ct_text("Delete", 6));
	early = call ? ct_call_early(core, call, e->ts_ns) : NULL;
	ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text("", 0), e->ts_ns);
	ct_answer_early(core, early);
}

static void client_data(struct ct_core *core, const struct ct_event *e,
			const struct ct_h2_frame *frame)
{
	struct ct_call_key key = { e->obj, frame->stream, CT_PROTO_H2 };
	struct request r = { core, e, ct_call_find(core, key), { "", 0 }, { "", 0 } };
	const struct ct_method *method;
	struct ct_container *c;
	struct ct_text id, exec;

	if (!r.call || !r.call->named) {
		unnamed(core, e, frame);
		return;
	}
	if (r.call->body)
		return;
	r.call->body = true;
	r.ns = ct_text(r.call->ns, strlen(r.call->ns));
	method = r.call->method;
	if (!method) {
		c = guess(core, e, r.ns, frame->payload);
		if (c)
			ask(&r, c);
		return;
	}
	if (!ct_grpc_message(frame->payload, &r.msg))
		return;
	if (method->read) {
		method->read(&r);
		return;
	}
	if (!ct_proto_bytes(r.msg, method->id, &id) ||
	    (method->exec_id && ct_proto_bytes(r.msg, method->exec_id, &exec) && exec.len))
		return;
	c = ct_book_find(core, ct_speaker(core, e), r.ns, id);
	if (!c && method->makes && ct_family_of_namespace(r.ns)->grpc)
		c = ct_book_make(core, ct_speaker(core, e), r.ns, id);
	if (c)
		ask(&r, c);
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

/* A request that was refused; one that a start depends on has failed with it. */
static void refused(struct ct_core *core, const struct ct_event *e,
		    const struct ct_pending_call *call, struct ct_headers *headers)
{
	struct ct_text verb = ct_text(call->verb, strlen(call->verb));
	struct ct_container *c = call->container;

	if (!c)
		ct_report_failed_create(core, call, e, unescaped(headers->message));
	else if (ct_family_fails(c->family, verb) && !c->run.marks[CT_MARK_START_END])
		ct_failed(core, c, unescaped(headers->message));
	else
		ct_refused(core, c, CT_SIG_ENGINE_REQUEST, verb, call->ts_ns);
}

static void answered(struct ct_core *core, const struct ct_event *e, struct ct_pending_call *call)
{
	struct ct_text verb = ct_text(call->verb, strlen(call->verb));
	struct ct_container *c = call->container;

	if (c) {
		ct_steps_rpc(core, c, CT_ROLE_ENGINE, verb, call->ts_ns, e->ts_ns, e->tgid, false);
		ct_signal(core, c, CT_SIG_ENGINE_ANSWER, verb, e->ts_ns);
	} else if (call->name[0]) {
		ct_steps_rpc_orphan(core, ct_speaker(core, e),
				    ct_text(call->name, strlen(call->name)), verb, call->ts_ns,
				    e->ts_ns, e->tgid);
	}
}

static void server_frame(struct ct_core *core, const struct ct_event *e,
			 const struct ct_h2_frame *frame)
{
	struct ct_call_key key = { e->arg, frame->stream, CT_PROTO_H2 };
	struct ct_pending_call *call = ct_call_find(core, key);
	const struct ct_method *method = call ? call->method : NULL;
	bool id = method && method->answers_id;
	struct ct_headers headers;
	struct ct_text msg;

	ct_headers_none(&headers);
	/* An answer that waited for its request has been read already. */
	if (frame->type == CT_H2_HEADERS && !core->answering_early)
		read_headers(core, e, frame, &headers);
	if (!call) {
		ct_answer_keep(core, key, e);
		return;
	}
	/* Headers that end the stream: there is no message, so it failed. To Docker it is an answer
	 * all the same: what it asks to be gone may be gone. */
	if (frame->flags & FLAG_END_STREAM && headers.status != 0 &&
	    (call->container ? call->container->family->grpc : id)) {
		refused(core, e, call, &headers);
	} else if (id && frame->type == CT_H2_HEADERS && !(frame->flags & FLAG_END_STREAM)) {
		return; /* the id is still to come */
	} else {
		if (id && frame->type == CT_H2_DATA && ct_grpc_message(frame->payload, &msg))
			ct_cri_made(core, call, msg, e);
		answered(core, e, call);
	}
	ct_call_drop(core, call);
}

/* What a shim is asked follows from what the engine was asked: the latest that still waits. */
void ct_grpc_cause(struct ct_core *core, struct ct_container *c, struct ct_text task_method)
{
	struct ct_pending_call *call, *latest = NULL;
	const char *verb = ct_family_cause(c->family, task_method);

	if (!verb)
		return;
	DL_FOREACH(c->calls, call)
	{
		if (strcmp(call->verb, verb))
			continue;
		if (call->named)
			return;
		call->verb[0] = '\0';
		call->method = NULL;
	}
	DL_FOREACH(c->calls, call)
	{
		if (call->key.proto == CT_PROTO_H2 && !call->named &&
		    (!latest || call->ts_ns > latest->ts_ns))
			latest = call;
	}
	if (!latest)
		return;
	ct_text_copy(latest->verb, sizeof(latest->verb), ct_text(verb, strlen(verb)));
	latest->method = method_of(verb);
	if (c->family->grpc)
		ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text(verb, strlen(verb)),
			  latest->ts_ns);
}

void ct_talk_grpc(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct ct_h2_frame frame;

	while (ct_h2_next(&rest, &frame)) {
		if (!frame.stream || frame.type > CT_H2_HEADERS)
			continue;
		if (e->flags & CT_F_SERVER)
			server_frame(core, e, &frame);
		else if (frame.type == CT_H2_HEADERS)
			client_headers(core, e, &frame);
		else
			client_data(core, e, &frame);
	}
}
