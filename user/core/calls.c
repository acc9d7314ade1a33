// SPDX-License-Identifier: GPL-2.0-only
/* Requests that wait for their answers, and answers that came before them. */
#include "talk.h"

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

void ct_call_about(struct ct_pending_call *call, struct ct_container *c)
{
	call->container = c;
	DL_APPEND(c->calls, call);
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
		call->line->count--;
	}
	HASH_DEL(core->calls, call);
	call_free(core, call);
}

/* The answer to one of a line would be taken for that to the next: its whole line goes. */
static void drop_oldest(struct ct_core *core)
{
	if (core->calls->line)
		ct_line_forget(core, core->calls->line);
	else
		ct_call_drop(core, core->calls);
}

/* Replaces what was pending there: the answer to it was not seen. */
struct ct_pending_call *ct_call_make(struct ct_core *core, uint64_t socket, uint32_t stream,
				     enum ct_proto proto, struct ct_text verb,
				     const struct ct_event *e)
{
	struct ct_call_key key = { socket, stream, proto };
	struct ct_pending_call *call = ct_call_find(core, key);

	if (call)
		ct_call_drop(core, call);
	if (HASH_COUNT(core->calls) >= CT_CALLS_MAX)
		drop_oldest(core);
	call = call_alloc(core);
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
	LL_FOREACH_SAFE(core->spare_calls, call, next)
	free(call);
}

static size_t early_slot(struct ct_call_key key)
{
	return (key.socket * 31 + key.stream) % CT_EARLY_SLOTS;
}

void ct_answer_keep(struct ct_core *core, struct ct_call_key key, const struct ct_event *e)
{
	size_t at = core->early_next % CT_EARLY_MAX;

	if (!core->early)
		core->early = calloc(CT_EARLY_MAX, sizeof(*core->early));
	if (!core->early || e->len > sizeof(core->early->bytes))
		return;
	if (core->early_next >= CT_EARLY_MAX)
		core->early_at[early_slot(core->early_keys[at].call)]--;
	core->early_at[early_slot(key)]++;
	core->early_keys[at] = (struct ct_early_key){ key, core->now };
	memcpy(core->early[at].bytes, e, e->len);
	core->early_next++;
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

static void early_used(struct ct_core *core, size_t at)
{
	const struct ct_call_key none = { 0 };

	core->early_at[early_slot(core->early_keys[at].call)]--;
	core->early_at[early_slot(none)]++; /* until its place is used again */
	core->early_keys[at].call = none;
}

static bool may_answer(const struct ct_core *core, const struct ct_pending_call *call, size_t at)
{
	const struct ct_event *e = &core->early[at].e;
	struct ct_http http;

	if (call->key.proto != CT_PROTO_HTTP)
		return true;
	return ct_http_parse(ct_text(e->tail, e->tail_len), &http) &&
	       ct_line_early(core, call, &http);
}

/* The answer to this request, if it was heard before it: its place in the ring, else -1. */
int ct_call_early(const struct ct_core *core, const struct ct_pending_call *call, uint64_t heard_ns)
{
	size_t n = core->early_next < CT_EARLY_MAX ? core->early_next : CT_EARLY_MAX;
	struct ct_call_key call_key = answer_key(call->key);
	int first = -1;

	if (!core->early_at[early_slot(call_key)])
		return -1;
	/* From the newest back: most of them are older than that. */
	for (size_t back = 1; back <= n; back++) {
		size_t at = (core->early_next - back) % CT_EARLY_MAX;
		const struct ct_early_key *key = &core->early_keys[at];

		if (key->heard_ns + CT_LATE_NS < heard_ns)
			break;
		if (!key->call.socket || key->call.socket != call_key.socket ||
		    key->call.stream != call_key.stream || key->call.proto != call_key.proto ||
		    core->early[at].e.ts_ns + CT_LATE_NS < heard_ns)
			continue;
		if (may_answer(core, call, at))
			first = (int)at;
	}
	return first;
}

/* What a line was told before that answers nobody who asks later. */
static void pass_over(struct ct_core *core, const struct ct_pending_call *call, int early)
{
	struct ct_call_key key = answer_key(call->key);
	size_t n = core->early_next < CT_EARLY_MAX ? core->early_next : CT_EARLY_MAX;

	for (size_t back = n; back && core->early_at[early_slot(key)]; back--) {
		size_t at = (core->early_next - back) % CT_EARLY_MAX;

		if ((int)at == early)
			return;
		if (core->early_keys[at].call.proto == CT_PROTO_HTTP &&
		    core->early_keys[at].call.socket == key.socket)
			early_used(core, at);
	}
}

/* A request that was heard late was made no later than it was answered. */
int ct_call_asked(struct ct_core *core, struct ct_pending_call *call)
{
	int early = ct_call_early(core, call, call->ts_ns);

	if (call->line)
		pass_over(core, call, early);
	if (early >= 0 && core->early[early].e.ts_ns < call->ts_ns)
		call->ts_ns = core->early[early].e.ts_ns;
	return early;
}

void ct_answer_early(struct ct_core *core, int early)
{
	union ct_early found;

	if (early < 0 || !core->early_keys[early].call.socket)
		return;
	found = core->early[early];
	early_used(core, (size_t)early);
	core->answering_early = true;
	ct_talk_send(core, &found.e);
	core->answering_early = false;
}
