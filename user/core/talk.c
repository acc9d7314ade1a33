// SPDX-License-Identifier: GPL-2.0-only
/* Requests and answers: pairs them by socket and stream, and turns them into signals. */
#include "state.h"

#include <stdlib.h>

#define UNTOUCHED "wait", "attach", "logs", "resize", "exec", "top", "stats"

static struct ct_pending_call *call_find(struct ct_core *core, struct ct_call_key key)
{
	struct ct_pending_call *call;

	HASH_FIND(hh, core->calls, &key, sizeof(key), call);
	return call;
}

/* API requests after whose answer a container may be in another state. */
static bool changes(const char *verb)
{
	static const char *const untouched[] = { UNTOUCHED };

	for (size_t i = 0; i < sizeof(untouched) / sizeof(untouched[0]); i++) {
		if (!strcmp(verb, untouched[i]))
			return false;
	}
	return true;
}

static void call_about(struct ct_pending_call *call, struct ct_container *c)
{
	call->container = c;
	DL_APPEND(c->calls, call);
}

static void call_drop(struct ct_core *core, struct ct_pending_call *call)
{
	if (call->container && call->key.proto == CT_PROTO_HTTP && changes(call->verb) &&
	    call->container->in_flight)
		call->container->in_flight--;
	if (call->container)
		DL_DELETE(call->container->calls, call);
	HASH_DEL(core->calls, call);
	free(call);
}

/* Replaces what was pending there: the answer to it was not seen. */
static struct ct_pending_call *call_make(struct ct_core *core, uint64_t socket, uint32_t stream,
					 enum ct_proto proto, struct ct_text verb,
					 const struct ct_event *e)
{
	struct ct_call_key key = { socket, stream, proto };
	struct ct_pending_call *call = call_find(core, key);

	if (call)
		call_drop(core, call);
	if (HASH_COUNT(core->calls) >= CT_CALLS_MAX)
		call_drop(core, core->calls); /* the oldest */
	call = calloc(1, sizeof(*call));
	if (!call) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	call->key = key;
	call->ts_ns = e->ts_ns;
	call->tgid = e->tgid;
	ct_text_copy(call->verb, sizeof(call->verb), verb);
	HASH_ADD(hh, core->calls, key, sizeof(call->key), call);
	return call;
}

void ct_calls_forget(struct ct_container *c)
{
	struct ct_pending_call *call;

	DL_FOREACH(c->calls, call)
	call->container = NULL;
	c->calls = NULL;
}

void ct_calls_free(struct ct_core *core)
{
	struct ct_pending_call *call, *next;

	HASH_ITER(hh, core->calls, call, next)
	{
		HASH_DEL(core->calls, call);
		free(call);
	}
}

#define EARLY_NS (50 * CT_NS_PER_MS)

static void keep_early(struct ct_core *core, struct ct_call_key key, const struct ct_event *e)
{
	struct ct_early *early;

	if (!core->early)
		core->early = calloc(CT_EARLY_MAX, sizeof(*core->early));
	if (!core->early || e->len > sizeof(early->bytes))
		return;
	early = &core->early[core->early_next++ % CT_EARLY_MAX];
	early->key = key;
	memcpy(early->bytes, e, e->len);
}

/* What may answer a request: columns: verb, statuses of success. */
static const struct {
	const char *verb;
	int status[2];
} successes[] = {
	{ "create", { 201, 201 } }, { "attach", { 101, 200 } }, { "start", { 204, 304 } },
	{ "stop", { 204, 304 } },   { "kill", { 204, 204 } },   { "restart", { 204, 204 } },
	{ "delete", { 204, 204 } }, { "rename", { 204, 204 } },
};

static bool succeeds(const char *verb, int status)
{
	for (size_t i = 0; i < sizeof(successes) / sizeof(successes[0]); i++) {
		if (!strcmp(verb, successes[i].verb))
			return status == successes[i].status[0] || status == successes[i].status[1];
	}
	return status < 400;
}

/* The answer to this request, if it was heard before it. */
static struct ct_early *early_answer(const struct ct_core *core, const struct ct_pending_call *call,
				     uint64_t heard_ns)
{
	struct ct_http http;

	for (size_t i = 0; core->early && i < CT_EARLY_MAX; i++) {
		struct ct_early *early = &core->early[i];

		if (!early->key.socket || memcmp(&early->key, &call->key, sizeof(call->key)) ||
		    early->e.ts_ns + EARLY_NS < heard_ns)
			continue;
		if (call->key.proto != CT_PROTO_HTTP ||
		    (ct_http_parse(ct_text(early->e.tail, early->e.tail_len), &http) &&
		     succeeds(call->verb, http.status)))
			return early;
	}
	return NULL;
}

/* A request that was heard late was made no later than it was answered. */
static uint64_t asked_at(const struct ct_core *core, struct ct_pending_call *call)
{
	const struct ct_early *early = early_answer(core, call, call->ts_ns);

	if (early && early->e.ts_ns < call->ts_ns)
		call->ts_ns = early->e.ts_ns;
	return call->ts_ns;
}

static void answer_early(struct ct_core *core, struct ct_call_key key, const struct ct_event *e)
{
	struct ct_pending_call *call = call_find(core, key);
	struct ct_early *early = call ? early_answer(core, call, e->ts_ns) : NULL;
	struct ct_early found;

	if (!early)
		return;
	found = *early;
	early->key.socket = 0;
	ct_talk_send(core, &found.e);
}

/* The body of a create request: what the container is to be, before it has an id. */
static void create_body(struct ct_pending_call *call, struct ct_text body)
{
	struct ct_json_field fields[] = {
		{ NULL, "Image", call->image, sizeof(call->image), false },
		{ "HostConfig", "Runtime", call->runtime, sizeof(call->runtime), false },
		{ "HostConfig", "AutoRemove", NULL, 0, false },
	};

	ct_json_fields(body, fields, sizeof(fields) / sizeof(fields[0]));
	call->auto_remove = fields[2].truth;
}

static void http_request(struct ct_core *core, const struct ct_event *e, const struct ct_http *http)
{
	bool create = ct_text_is(http->verb, "create");
	struct ct_container *c = create ? NULL : ct_container_by_ref(core, http->ref);
	struct ct_call_key key = { e->obj, 0, CT_PROTO_HTTP };
	struct ct_pending_call *call;

	call = call_make(core, e->obj, 0, CT_PROTO_HTTP, http->verb, e);
	if (!call)
		return;
	if (create || ct_text_is(http->verb, "rename"))
		ct_text_copy(call->name, sizeof(call->name), ct_http_query(http->query, "name"));
	if (create) {
		if (http->body.len)
			create_body(call, http->body);
		asked_at(core, call);
		answer_early(core, key, e);
		return;
	}
	if (!c) {
		core->counts.unmatched_requests++;
		return;
	}
	call_about(call, c);
	if (changes(call->verb))
		c->in_flight++;
	ct_signal(core, c, CT_SIG_API_REQUEST, http->verb, asked_at(core, call));
	answer_early(core, key, e);
}

/* {"message":"..."} of a failed request, or {"Id":"..."} of a create. */
static void body_string(struct ct_text body, const char *key, char *to, size_t room)
{
	struct ct_json_field field = { NULL, key, to, room, false };

	ct_json_fields(body, &field, 1);
}

static void created(struct ct_core *core, const struct ct_event *e,
		    const struct ct_pending_call *call, const struct ct_http *http)
{
	struct ct_container *c;
	char id[80];

	body_string(http->body, "Id", id, sizeof(id));
	c = id[0] ? ct_container_make(core, ct_text(id, strlen(id))) : NULL;
	if (!c) {
		core->counts.unmatched_answers++;
		return;
	}
	if (call->name[0])
		ct_text_copy(c->who.name, sizeof(c->who.name),
			     ct_text(call->name, strlen(call->name)));
	ct_text_copy(c->who.image, sizeof(c->who.image), ct_text(call->image, strlen(call->image)));
	ct_text_copy(c->who.runtime, sizeof(c->who.runtime),
		     ct_text(call->runtime, strlen(call->runtime)));
	c->auto_remove = call->auto_remove;
	c->who.engine_pid = e->tgid;
	c->run.marks[CT_MARK_CREATE_BEGIN] = call->ts_ns;
	ct_signal(core, c, CT_SIG_API_ANSWER, ct_text("create", 6), e->ts_ns);
	if (core->ops.lookup)
		core->ops.lookup(core->ctx, CT_LOOKUP_IDENTITY, c->who.id, e->tgid);
}

static void http_answer(struct ct_core *core, const struct ct_event *e, const struct ct_http *http)
{
	struct ct_call_key key = { e->arg, 0, CT_PROTO_HTTP };
	struct ct_pending_call *call = call_find(core, key);
	char message[384] = "";
	char verb_text[CT_VERB_LEN];
	struct ct_container *c;
	struct ct_text verb;
	uint64_t asked_ns;

	/* To a request that is not about a container, or to one before this, or early. */
	if (!call || (http->status < 400 && !succeeds(call->verb, http->status))) {
		keep_early(core, key, e);
		return;
	}
	c = call->container;
	memcpy(verb_text, call->verb, sizeof(verb_text)); /* the call is dropped first */
	verb = ct_text(verb_text, strlen(verb_text));
	asked_ns = call->ts_ns;
	if (c && ct_text_is(verb, "rename") && http->status < 300 && call->name[0])
		memcpy(c->who.name, call->name, sizeof(c->who.name));
	if (http->status >= 400)
		body_string(http->body, "message", message, sizeof(message));

	if (!strcmp(call->verb, "create")) {
		if (http->status < 300)
			created(core, e, call, http);
		else
			ct_report_failed_create(core, call, e->ts_ns,
						ct_text(message, strlen(message)));
		call_drop(core, call);
		return;
	}
	call_drop(core, call);
	if (!c)
		return;
	if (http->status >= 400) {
		/* 304 is "already so"; only a start that fails is a failed start. */
		if (!ct_text_is(verb, "start"))
			ct_refused(core, c, verb, asked_ns);
		else if (!c->run.marks[CT_MARK_START_END])
			ct_failed(core, c, ct_text(message, strlen(message)));
		return;
	}
	ct_signal(core, c, CT_SIG_API_ANSWER, verb, e->ts_ns);
}

/*
 * The names of gRPC methods are compressed away. But what an engine asks of another and what the
 * other then asks of the shim is one request: the latest that still waits for its answer.
 */
static void name_cause(const struct ct_container *c, const char *verb)
{
	struct ct_pending_call *call, *latest = NULL;

	DL_FOREACH(c->calls, call)
	{
		if (!strcmp(call->verb, verb))
			call->verb[0] = '\0';
	}

	DL_FOREACH(c->calls, call)
	{
		if (call->key.proto == CT_PROTO_H2 && (!latest || call->ts_ns > latest->ts_ns))
			latest = call;
	}
	if (latest)
		ct_text_copy(latest->verb, sizeof(latest->verb), ct_text(verb, strlen(verb)));
}

static void ttrpc(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc)
{
	struct ct_pending_call *call;
	struct ct_call_key key;
	struct ct_container *c;
	struct ct_text method;
	uint64_t value;

	if (!rpc->answer) {
		if (!ct_text_starts(rpc->service, "containerd.task.v") || rpc->exec_id.len)
			return;
		c = ct_container_make(core, rpc->id);
		if (!c)
			return;
		call = call_make(core, e->obj, rpc->stream, CT_PROTO_TTRPC, rpc->method, e);
		if (!call)
			return;
		call_about(call, c);
		if (ct_text_is(rpc->method, "Delete"))
			name_cause(c, "delete-task");
		ct_signal(core, c, CT_SIG_TASK_REQUEST, rpc->method, asked_at(core, call));
		answer_early(core, (struct ct_call_key){ e->obj, rpc->stream, CT_PROTO_TTRPC }, e);
		return;
	}
	key = (struct ct_call_key){ e->arg, rpc->stream, CT_PROTO_TTRPC };
	call = call_find(core, key);
	if (!call) {
		keep_early(core, key, e);
		return;
	}
	c = call->container;
	method = ct_text(call->verb, strlen(call->verb));
	if (c) {
		ct_steps_rpc(core, c, method, call->ts_ns, e->ts_ns, e->tgid, rpc->failed);
		if (!rpc->failed && ct_text_is(method, "Create") &&
		    ct_proto_varint(rpc->payload, 1, &value)) {
			struct ct_actor_state *a = ct_actor_get(core, (uint32_t)value);

			c->who.init_pid = (uint32_t)value;
			if (a) {
				a->container = c;
				ct_container_netns(core, c, a);
			}
		}
		if (!rpc->failed && ct_text_is(method, "Delete"))
			c->run.exit_code =
				ct_proto_varint(rpc->payload, 2, &value) ? (int)value : 0;
		if (!rpc->failed)
			ct_signal(core, c, CT_SIG_TASK_ANSWER, method, e->ts_ns);
		else if (rpc->message.len && !c->run.message[0])
			ct_text_copy(c->run.message, sizeof(c->run.message), rpc->message);
	}
	call_drop(core, call);
}

static void grpc(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), ids[2];
	bool server = e->flags & CT_F_SERVER;
	struct ct_pending_call *call;
	struct ct_call_key key;
	struct ct_h2_frame frame;

	while (ct_h2_next(&rest, &frame)) {
		struct ct_container *c = NULL;
		size_t n;

		if (!frame.stream || frame.type > CT_H2_HEADERS)
			continue;
		if (server) {
			key = (struct ct_call_key){ e->arg, frame.stream, CT_PROTO_H2 };
			call = call_find(core, key);
			if (!call) {
				keep_early(core, key, e);
				continue;
			}
			if (call->container)
				ct_signal(core, call->container, CT_SIG_ENGINE_ANSWER,
					  ct_text(call->verb, strlen(call->verb)), e->ts_ns);
			call_drop(core, call);
			continue;
		}
		if (frame.type != CT_H2_DATA)
			continue;
		n = ct_grpc_ids(frame.payload, ids);
		for (size_t i = 0; i < n && !c; i++)
			c = ct_container_by_id(core, ids[i]);
		if (!c)
			continue;
		call = call_make(core, e->obj, frame.stream, CT_PROTO_H2, ct_text("", 0), e);
		if (call)
			call_about(call, c);
		/* Heard after what it led to: the engine asks nothing else in between. */
		if (c->run.marks[CT_MARK_TASK_DELETE_BEGIN] && !c->run.marks[CT_MARK_DIE_END])
			name_cause(c, "delete-task");
		ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text("", 0), e->ts_ns);
		key = (struct ct_call_key){ e->obj, frame.stream, CT_PROTO_H2 };
		answer_early(core, key, e);
	}
}

void ct_talk_send(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text bytes = ct_text(e->tail, e->tail_len);
	struct ct_ttrpc rpc;
	struct ct_http http;

	if (!bytes.len)
		return;
	if (bytes.p[0] == '{') { /* the body of the request before it on this connection */
		struct ct_call_key key = { e->obj, 0, CT_PROTO_HTTP };
		struct ct_pending_call *call = call_find(core, key);

		if (call && !strcmp(call->verb, "create"))
			create_body(call, bytes);
	} else if (ct_http_parse(bytes, &http)) {
		if (http.answer)
			http_answer(core, e, &http);
		else
			http_request(core, e, &http);
	} else if (bytes.len >= 10 && (bytes.p[8] == 1 || bytes.p[8] == 2) && e->ret >= 10 &&
		   ((uint32_t)(unsigned char)bytes.p[0] << 24 |
		    (uint32_t)(unsigned char)bytes.p[1] << 16 |
		    (uint32_t)(unsigned char)bytes.p[2] << 8 | (unsigned char)bytes.p[3]) +
				   10 ==
			   (uint32_t)e->ret &&
		   ct_ttrpc_parse(bytes, &rpc)) {
		ttrpc(core, e, &rpc);
	} else {
		grpc(core, e);
	}
}
