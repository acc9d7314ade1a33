// SPDX-License-Identifier: GPL-2.0-only
/* Docker's API: HTTP/1, one request after the other on a connection. */
#include "core/hear/talk.h"

#include <stdlib.h>

/* The body of a create request: what the container is to be, before it has an id. */
static void create_body(struct ct_pending_call *call, struct ct_text body)
{
	struct ct_json_field fields[] = {
		{ NULL, "Image", call->asked.image, sizeof(call->asked.image), false, false },
		{ "HostConfig", "Runtime", call->asked.runtime, sizeof(call->asked.runtime), false,
		  false },
		{ "HostConfig", "AutoRemove", NULL, 0, false, false },
		{ "Labels", CT_COMPOSE_PROJECT, call->asked.project, sizeof(call->asked.project),
		  false, false },
		{ "Labels", CT_COMPOSE_SERVICE, call->asked.service, sizeof(call->asked.service),
		  false, false },
	};

	ct_json_fields(body, fields, sizeof(fields) / sizeof(fields[0]));
	call->asked.auto_remove = fields[2].truth;
}

/* A signal that is not sent to end it is another request than a kill. */
static struct ct_text verb_of(const struct ct_http *http)
{
	if (ct_text_is(http->verb, "kill") &&
	    ct_signal_named_spares(ct_http_query(http->query, "signal")))
		return ct_text("signal", 6);
	return http->verb;
}

/* The rest of a value of a query, without its %XX. */
static size_t put_decoded(char *to, size_t room, size_t at, struct ct_text value)
{
	while (value.len && at < room - 1) {
		char hex[3] = { 0 };
		size_t n = 1;

		to[at] = *value.p;
		if (*value.p == '%' && value.len >= 3) {
			memcpy(hex, value.p + 1, 2);
			to[at] = (char)strtoul(hex, NULL, 16);
			n = 3;
		}
		at++;
		value = ct_text(value.p + n, value.len - n);
	}
	to[at] = '\0';
	return at;
}

/* NAME:TAG or NAME@DIGEST, as its user would write it. */
static void pull_query(struct ct_request *asked, struct ct_text query)
{
	struct ct_text tag = ct_http_query(query, "tag");
	size_t at = put_decoded(asked->image, sizeof(asked->image), 0,
				ct_http_query(query, "fromImage"));

	if (!tag.len || at + 1 >= sizeof(asked->image))
		return;
	asked->image[at] = ct_text_starts(tag, "sha256") ? '@' : ':';
	put_decoded(asked->image, sizeof(asked->image), at + 1, tag);
}

static void request(struct ct_core *core, const struct ct_sent *sent, const struct ct_http *http)
{
	struct ct_text verb = verb_of(http);
	bool create = ct_text_is(verb, "create");
	struct ct_pending_call *call = ct_line_ask(core, sent, http, verb);
	struct ct_fact fact = {
		.kind = CT_FACT_ASKED,
		.how = call ? ct_call_how(call) : CT_HOW_API,
		.e = sent->e,
		.speaker = sent->speaker,
		.ids = { http->ref },
		.engine = sent->e->root,
		.verb = verb,
		.call = call,
	};

	if (!call)
		return;
	if (create || ct_text_is(verb, "rename"))
		ct_text_copy(call->asked.name, sizeof(call->asked.name),
			     ct_http_query(http->query, "name"));
	if (create && http->body.len)
		create_body(call, http->body);
	if (http->pulls) {
		pull_query(&call->asked, http->query);
		ct_text_copy(call->asked.agent, sizeof(call->asked.agent),
			     ct_http_agent(ct_text(sent->e->tail, sent->e->tail_len)));
		fact.request = &call->asked;
	}
	if (!create && verb.len)
		core->seams->heard(core, &fact);
	/* None of ours, or about nobody who is known: but its answer is its own. */
	if (!fact.about)
		fact.early = ct_early_asked(core, call);
	ct_early_answer(core, fact.early);
	if (fact.early && http->streams)
		ct_line_uploaded(core, sent->e->obj, sent->e->ts_ns);
}

/* {"message":"..."} of a failed request, or {"Id":"..."} of a create. */
static struct ct_text body_string(struct ct_text body, const char *key, char *to, size_t room)
{
	struct ct_json_field field = { NULL, key, to, room, false, false };

	ct_json_fields(body, &field, 1);
	return ct_text(to, strlen(to));
}

static void answered(struct ct_core *core, const struct ct_sent *sent, const struct ct_http *http,
		     struct ct_pending_call *call)
{
	struct ct_fact fact = {
		.kind = http->status < 400 ? CT_FACT_ANSWERED : CT_FACT_REFUSED,
		.how = ct_call_how(call),
		.e = sent->e,
		.speaker = sent->speaker,
		.verb = ct_text(call->asked.verb, strlen(call->asked.verb)),
		.ts_ns = sent->e->ts_ns,
		.request = &call->asked,
		.about = call->about,
	};
	char text[384], id[sizeof(((struct ct_identity *)0)->id)];

	if (http->status >= 400)
		fact.message = body_string(http->body, "message", text, sizeof(text));
	fact.awaits_id = ct_text_is(fact.verb, "create");
	if (fact.awaits_id && http->status < 300)
		fact.made = body_string(http->body, "Id", id, sizeof(id));
	else if (fact.awaits_id)
		fact.kind = CT_FACT_REFUSED;
	core->seams->heard(core, &fact);
	ct_call_drop(core, call);
}

/* From here on the container itself is heard, or another protocol. */
static bool hijacks(const struct ct_pending_call *call, int status)
{
	return status == 101 || (status < 300 && !strcmp(call->asked.verb, "attach"));
}

static void answer(struct ct_core *core, const struct ct_sent *sent, const struct ct_http *http)
{
	struct ct_pending_call *call;
	struct ct_line *hijacked;

	if (http->status < 200 && http->status != 101) /* "go on": the answer is still to come */
		return;
	call = ct_line_answers(core, sent, http);
	if (!call)
		return;
	if ((call->pulls || call->builds) && http->status == 200) {
		call->answering = true;
		return;
	}
	hijacked = hijacks(call, http->status) ? call->line : NULL;
	if (hijacked && call->builds) /* it goes on: until its client exits */
		ct_call_is_about(core, call, 0);
	if (call->asked.verb[0])
		answered(core, sent, http, call);
	else
		ct_call_drop(core, call);
	if (hijacked)
		ct_line_hijack(core, hijacked);
}

void ct_talk_http(struct ct_core *core, const struct ct_sent *sent, const struct ct_http *http)
{
	if (http->answer)
		answer(core, sent, http);
	else
		request(core, sent, http);
}

/* One more line of what is said of a pull; after the last there is none. */
void ct_talk_http_line(struct ct_core *core, const struct ct_sent *sent,
		       const struct ct_progress *said)
{
	const struct ct_line *line = ct_line_find(core, sent->e->arg);
	struct ct_pending_call *call = line ? line->calls : NULL;
	struct ct_fact fact = {
		.kind = CT_FACT_PROGRESS,
		.how = CT_HOW_IMAGE,
		.e = sent->e,
		.speaker = sent->speaker,
		.ts_ns = sent->e->ts_ns,
		.progress = said,
	};

	if (!call || !call->pulls)
		return;
	fact.request = &call->asked;
	fact.about = call->about;
	core->seams->heard(core, &fact);
	if (said->line == CT_PULL_FAILED) {
		fact.kind = CT_FACT_REFUSED;
		fact.message = ct_text(said->text, strlen(said->text));
	} else if (said->line == CT_PULL_DONE || said->line == CT_PULL_UP_TO_DATE) {
		fact.kind = CT_FACT_ANSWERED;
	} else {
		return;
	}
	core->seams->heard(core, &fact);
	ct_call_drop(core, call);
}

/* The body of the request before it on this connection. */
void ct_talk_http_body(struct ct_core *core, const struct ct_event *e, struct ct_text bytes)
{
	const struct ct_line *line = ct_line_find(core, e->obj);
	struct ct_pending_call *call = line && line->calls ? line->calls->line_prev : NULL;

	if (call && !strcmp(call->asked.verb, "create"))
		create_body(call, bytes);
}
