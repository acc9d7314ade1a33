// SPDX-License-Identifier: GPL-2.0-only
/* Requests that wait for their answers, and answers that came before them. */
#include "core/hear/talk.h"

#include <stdlib.h>

#define UNTOUCHED "signal", "wait", "attach", "logs", "resize", "exec", "top", "stats"

struct ct_pending_call *ct_call_find(struct ct_core *core, struct ct_call_key key)
{
	struct ct_pending_call *call;

	HASH_FIND(hh, core->calls, &key, sizeof(key), call);
	return call;
}

/* API requests after whose answer a container may be in another state. */
bool ct_call_changes(const char *verb)
{
	static const char *const untouched[] = { UNTOUCHED };

	for (size_t i = 0; i < sizeof(untouched) / sizeof(untouched[0]); i++) {
		if (!strcmp(verb, untouched[i]))
			return false;
	}
	return true;
}

void ct_call_about(struct ct_core *core, struct ct_pending_call *call, struct ct_container *c)
{
	call->container = c;
	DL_APPEND(c->calls, call);
	ct_share_touch(core, &call->held);
}

/* Kept for the next: there are several requests for every event of interest. */
static void call_free(struct ct_core *core, struct ct_pending_call *call)
{
	LL_PREPEND(core->spare_calls, call);
}

static struct ct_pending_call *call_alloc(struct ct_core *core)
{
	struct ct_pending_call *call = core->spare_calls;

	if (!call)
		return calloc(1, sizeof(*call));
	LL_DELETE(core->spare_calls, call);
	call->container = NULL;
	call->name[0] = call->image[0] = call->runtime[0] = '\0';
	call->ns[0] = call->pod_ns[0] = call->pod_uid[0] = call->sandbox[0] = '\0';
	call->auto_remove = call->named = call->body = call->event = false;
	call->makes = call->doubted = call->patched = call->suspected = call->streams = false;
	call->args_hash = 0;
	call->method = NULL;
	call->line = NULL;
	return call;
}

void ct_call_drop(struct ct_core *core, struct ct_pending_call *call)
{
	if (call->container && call->key.proto == CT_PROTO_HTTP && ct_call_changes(call->verb) &&
	    call->container->in_flight)
		call->container->in_flight--;
	if (call->container)
		DL_DELETE(call->container->calls, call);
	if (call->line) {
		DL_DELETE2(call->line->calls, call, line_prev, line_next);
		if (!--call->line->count)
			ct_share_touch(core, &call->line->held);
	}
	ct_share_leave(core, &call->held);
	HASH_DEL(core->calls, call);
	call_free(core, call);
}

static enum ct_place place_of(const struct ct_held *held)
{
	return CT_HELD_OF(struct ct_pending_call, held)->container ? CT_PLACE_LIVE : CT_PLACE_IDLE;
}

/* Who asked about nothing that is known, and for so long, has gone, or was answered unheard. */
bool ct_call_matters(const struct ct_core *core, const struct ct_pending_call *call)
{
	return call->container || call->held.heard_ns + CT_WAIT_NS >= core->now;
}

static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return ct_call_matters(core, CT_HELD_OF(struct ct_pending_call, held));
}

/* The answer to one of a line would be taken for that to the next: its whole line goes. */
static void give_up(struct ct_core *core, struct ct_held *held)
{
	struct ct_pending_call *call = CT_HELD_OF(struct ct_pending_call, held);

	if (call->line)
		ct_line_forget(core, call->line);
	else
		ct_call_drop(core, call);
}

const struct ct_share_row ct_calls_row = {
	.max = CT_CALLS_MAX,
	.full = CT_LOSS_TALK,
	.place = place_of,
	.matters = matters,
	.give_up = give_up,
};

/* Replaces what was pending there: the answer to it was not seen. */
struct ct_pending_call *ct_call_make(struct ct_core *core, uint64_t socket, uint32_t stream,
				     enum ct_proto proto, struct ct_text verb,
				     const struct ct_event *e)
{
	struct ct_call_key key = { socket, stream, proto };
	struct ct_pending_call *call = ct_call_find(core, key);

	if (call)
		ct_call_drop(core, call);
	call = call_alloc(core);
	if (!call) {
		core->counts.lost[CT_LOSS_TALK]++;
		return NULL;
	}
	if (!ct_share_enter(core, ct_speaker(core, e), CT_SHARE_CALLS, &call->held)) {
		call_free(core, call);
		return NULL;
	}
	call->key = key;
	call->ts_ns = e->ts_ns;
	call->tgid = e->tgid;
	ct_text_copy(call->verb, sizeof(call->verb), verb);
	HASH_ADD(hh, core->calls, key, sizeof(call->key), call);
	return call;
}

void ct_calls_forget(struct ct_core *core, struct ct_container *c)
{
	struct ct_pending_call *call;

	DL_FOREACH(c->calls, call)
	{
		call->container = NULL;
		ct_share_touch(core, &call->held);
	}
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
	LL_FOREACH_SAFE(core->spare_calls, call, next)
	free(call);
}

static uint16_t *early_slot(struct ct_core *core, struct ct_call_key key)
{
	return &core->early_at[(key.socket * 31 + key.stream) % CT_EARLY_SLOTS];
}

static void early_drop(struct ct_core *core, struct ct_early *early)
{
	--*early_slot(core, early->key);
	ct_share_leave(core, &early->held);
	DL_DELETE(core->early, early);
	free(early);
}

static bool is_over(const struct ct_core *core, const struct ct_held *held)
{
	return held->heard_ns + CT_LATE_NS < core->now;
}

static void give_up_early(struct ct_core *core, struct ct_held *held)
{
	early_drop(core, CT_HELD_OF(struct ct_early, held));
}

const struct ct_share_row ct_early_row = {
	.max = CT_EARLY_MAX,
	.full = CT_LOSS_TALK,
	.over = is_over,
	.give_up = give_up_early,
};

void ct_answer_keep(struct ct_core *core, struct ct_call_key key, const struct ct_event *e)
{
	struct ct_early *early;

	if (e->len > sizeof(early->said))
		return;
	early = malloc(sizeof(*early));
	if (!early || !ct_share_enter(core, ct_speaker(core, e), CT_SHARE_EARLY, &early->held)) {
		free(early);
		return;
	}
	early->key = key;
	memcpy(early->said.bytes, e, e->len);
	++*early_slot(core, key);
	DL_APPEND(core->early, early);
}

void ct_early_free(struct ct_core *core)
{
	struct ct_early *early, *next;

	DL_FOREACH_SAFE(core->early, early, next)
	early_drop(core, early);
}

/* What may answer a request: columns: verb, statuses of success. */
static const struct {
	const char *verb;
	int status[2];
} successes[] = {
	{ "create", { 201, 201 } }, { "attach", { 101, 200 } }, { "start", { 204, 304 } },
	{ "stop", { 204, 304 } },   { "kill", { 204, 204 } },   { "restart", { 204, 204 } },
	{ "delete", { 204, 204 } }, { "rename", { 204, 204 } }, { "exec", { 201, 201 } },
};

bool ct_call_fits(const struct ct_pending_call *call, int status)
{
	if (status >= 400)
		return true;
	if (call->makes)
		return status == 201;
	for (size_t i = 0; i < sizeof(successes) / sizeof(successes[0]); i++) {
		if (!strcmp(call->verb, successes[i].verb))
			return status == successes[i].status[0] || status == successes[i].status[1];
	}
	return true;
}

/* Answers to requests on a line have no number: which is whose follows from their order. */
static struct ct_call_key answer_key(struct ct_call_key key)
{
	if (key.proto == CT_PROTO_HTTP)
		key.stream = 0;
	return key;
}

static bool may_answer(const struct ct_core *core, const struct ct_pending_call *call,
		       const struct ct_early *early)
{
	const struct ct_event *e = &early->said.e;
	struct ct_http http;

	if (call->key.proto != CT_PROTO_HTTP)
		return true;
	return ct_http_parse(ct_text(e->tail, e->tail_len), &http) &&
	       ct_line_early(core, call, &http);
}

/* The one before it, NULL: it is the first of all. */
static struct ct_early *before(const struct ct_core *core, const struct ct_early *early)
{
	return early == core->early ? NULL : early->prev;
}

/* The answer to this request, if it was heard before it. */
struct ct_early *ct_call_early(struct ct_core *core, const struct ct_pending_call *call,
			       uint64_t heard_ns)
{
	struct ct_call_key key = answer_key(call->key);
	struct ct_early *early, *first = NULL;

	if (!*early_slot(core, key))
		return NULL;
	/* From the newest back: most of them are older than that. */
	for (early = core->early->prev; early; early = before(core, early)) {
		if (early->held.heard_ns + CT_LATE_NS < heard_ns)
			break;
		if (memcmp(&early->key, &key, sizeof(key)) != 0 ||
		    early->said.e.ts_ns + CT_LATE_NS < heard_ns)
			continue;
		if (may_answer(core, call, early))
			first = early;
	}
	if (first)
		ct_share_use(core, &first->held);
	return first;
}

/* What a line was told before that answers nobody who asks later. */
static void pass_over(struct ct_core *core, const struct ct_pending_call *call,
		      const struct ct_early *until)
{
	struct ct_call_key key = answer_key(call->key);
	struct ct_early *early, *next;

	for (early = core->early; early && early != until && *early_slot(core, key); early = next) {
		next = early->next;
		if (early->key.proto == CT_PROTO_HTTP && early->key.socket == key.socket)
			early_drop(core, early);
	}
}

/* A request that was heard late was made no later than it was answered. */
struct ct_early *ct_call_asked(struct ct_core *core, struct ct_pending_call *call)
{
	struct ct_early *early = ct_call_early(core, call, call->ts_ns);

	if (call->line)
		pass_over(core, call, early);
	if (early && early->said.e.ts_ns < call->ts_ns)
		call->ts_ns = early->said.e.ts_ns;
	return early;
}

void ct_answer_early(struct ct_core *core, struct ct_early *early)
{
	union ct_heard found;

	if (!early)
		return;
	found = early->said;
	early_drop(core, early);
	core->answering_early = true;
	ct_talk_send(core, &found.e);
	core->answering_early = false;
}
