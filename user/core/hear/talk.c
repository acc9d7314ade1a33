// SPDX-License-Identifier: GPL-2.0-only
/* Requests and answers: pairs them by socket and stream, and turns them into signals. */
#include "core/hear/talk.h"

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

/* A signal that is not sent to end it is another request than a kill. */
static struct ct_text verb_of(const struct ct_http *http)
{
	if (ct_text_is(http->verb, "kill") &&
	    ct_signal_named_spares(ct_http_query(http->query, "signal")))
		return ct_text("signal", 6);
	return http->verb;
}

static void http_request(struct ct_core *core, const struct ct_event *e, const struct ct_http *http)
{
	struct ct_text verb = verb_of(http);
	bool create = ct_text_is(verb, "create");
	struct ct_container *c = NULL;
	struct ct_pending_call *call;
	struct ct_early *early;

	call = ct_line_ask(core, e, http, verb);
	if (!call)
		return;
	if (!verb.len) { /* none of ours, but its answer is its own */
		ct_answer_early(core, ct_call_asked(core, call));
		return;
	}
	if (!create)
		c = ct_book_by_ref(core, ct_speaker(core, e), http->ref, e->root,
				   &ct_family_docker);
	if (create || ct_text_is(verb, "rename"))
		ct_text_copy(call->name, sizeof(call->name), ct_http_query(http->query, "name"));
	if (create) {
		if (http->body.len)
			create_body(call, http->body);
		ct_answer_early(core, ct_call_asked(core, call));
		return;
	}
	if (!c) {
		core->counts.unmatched_requests++;
		ct_answer_early(core, ct_call_asked(core, call));
		return;
	}
	ct_call_about(core, call, c);
	if (ct_call_changes(call->verb))
		c->in_flight++;
	early = ct_call_asked(core, call);
	ct_signal(core, c, CT_SIG_API_REQUEST, verb, call->ts_ns);
	ct_answer_early(core, early);
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
	const struct ct_actor_state *a;
	struct ct_container *c;
	char id[80];

	body_string(http->body, "Id", id, sizeof(id));
	c = ct_book_make(core, ct_speaker(core, e), ct_text("", 0), ct_text(id, strlen(id)));
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
	/* What it keeps may be gone before it is read, if the start fails and it is removed. */
	a = ct_actor_get(core, e->tgid);
	if (a && a->engine_name && !c->who.engine[0])
		ct_text_copy(c->who.engine, sizeof(c->who.engine),
			     ct_text(a->engine_name, strlen(a->engine_name)));
	ct_book_file(core, c);
	c->run.marks[CT_MARK_CREATE_BEGIN] = call->ts_ns;
	ct_signal(core, c, CT_SIG_API_ANSWER, ct_text("create", 6), e->ts_ns);
	ct_container_look_up(core, c, e->tgid, ct_text("", 0));
}

static void http_answered(struct ct_core *core, const struct ct_event *e,
			  const struct ct_http *http, struct ct_pending_call *call)
{
	char message[384] = "";
	char verb_text[CT_VERB_LEN];
	struct ct_container *c = call->container;
	struct ct_text verb;
	uint64_t asked_ns;

	memcpy(verb_text, call->verb, sizeof(verb_text)); /* the call is dropped first */
	verb = ct_text(verb_text, strlen(verb_text));
	asked_ns = call->ts_ns;
	if (c && ct_text_is(verb, "rename") && http->status < 300 && call->name[0]) {
		memcpy(c->who.name, call->name, sizeof(c->who.name));
		ct_book_file(core, c);
	}
	if (http->status >= 400)
		body_string(http->body, "message", message, sizeof(message));

	if (!strcmp(call->verb, "create")) {
		if (http->status < 300)
			created(core, e, call, http);
		else
			ct_report_failed_create(core, call, e, ct_text(message, strlen(message)));
		ct_call_drop(core, call);
		return;
	}
	ct_call_drop(core, call);
	if (!c)
		return;
	if (http->status >= 400) {
		/* 304 is "already so"; only a start that fails is a failed start. */
		if (!ct_text_is(verb, "start"))
			ct_refused(core, c, CT_SIG_API_REQUEST, verb, asked_ns);
		else if (!c->run.marks[CT_MARK_START_END])
			ct_failed(core, c, ct_text(message, strlen(message)));
		return;
	}
	ct_signal(core, c, CT_SIG_API_ANSWER, verb, e->ts_ns);
}

/* From here on the container itself is heard, or another protocol. */
static bool hijacks(const struct ct_pending_call *call, int status)
{
	return status == 101 || (status < 300 && !strcmp(call->verb, "attach"));
}

static void http_answer(struct ct_core *core, const struct ct_event *e, const struct ct_http *http)
{
	struct ct_pending_call *call;
	struct ct_line *hijacked;

	if (http->status < 200 && http->status != 101) /* "go on": the answer is still to come */
		return;
	call = ct_line_answers(core, e, http);
	if (!call)
		return;
	hijacked = hijacks(call, http->status) ? call->line : NULL;
	if (call->verb[0])
		http_answered(core, e, http, call);
	else
		ct_call_drop(core, call);
	if (hijacked)
		ct_line_hijack(core, hijacked);
}

/* The body of the request before it on this connection. */
static void http_body(struct ct_core *core, const struct ct_event *e, struct ct_text bytes)
{
	const struct ct_line *line = ct_line_find(core, e->obj);
	struct ct_pending_call *call = line && line->calls ? line->calls->line_prev : NULL;

	if (call && !strcmp(call->verb, "create"))
		create_body(call, bytes);
}

void ct_talk_send(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text bytes = ct_text(e->tail, e->tail_len);
	struct ct_ttrpc rpc;
	struct ct_http http;

	if (!bytes.len || ct_line_is_hijacked(core, e))
		return;
	if (bytes.p[0] == '{') {
		http_body(core, e, bytes);
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
		ct_talk_ttrpc(core, e, &rpc);
	} else {
		ct_talk_grpc(core, e);
	}
}
