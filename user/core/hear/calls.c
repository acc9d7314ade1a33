// SPDX-License-Identifier: GPL-2.0-only
/* Requests that wait for their answers. */
#include "core/hear/above.h"
#include "core/hear/talk.h"

#include <stdlib.h>

#define UNTOUCHED "signal", "wait", "attach", "logs", "resize", "exec", "top", "stats"

struct ct_pending_call *ct_call_find(struct ct_core *core, struct ct_call_key key)
{
	struct ct_pending_call *call;

	HASH_FIND(hh, core->hear->calls, &key, sizeof(key), call);
	if (call)
		ct_share_use(core, &call->held);
	return call;
}

bool ct_request_changes(struct ct_text verb)
{
	static const char *const untouched[] = { UNTOUCHED };

	for (size_t i = 0; i < CT_ARRAY_SIZE(untouched); i++) {
		if (ct_text_is(verb, untouched[i]))
			return false;
	}
	return true;
}

static struct ct_pending_call **about_list(struct ct_core *core, uint64_t about)
{
	return &core->hear->about[about & (CT_ABOUT_LISTS - 1)];
}

void ct_call_is_about(struct ct_core *core, struct ct_pending_call *call, uint64_t about)
{
	struct ct_pending_call **list = about_list(core, call->about ? call->about : about);

	if (call->about)
		DL_DELETE(*list, call);
	call->about = about;
	list = about_list(core, about);
	if (about)
		DL_APPEND(*list, call);
	ct_share_touch(core, &call->held);
}

/* Kept for the next: there are several requests for every event of interest. */
static void call_free(struct ct_core *core, struct ct_pending_call *call)
{
	LL_PREPEND(core->hear->spare_calls, call);
}

static struct ct_pending_call *call_alloc(struct ct_core *core)
{
	struct ct_pending_call *call = core->hear->spare_calls;

	if (!call)
		return calloc(1, sizeof(*call));
	LL_DELETE(core->hear->spare_calls, call);
	call->about = 0;
	call->asked.name[0] = call->asked.image[0] = call->asked.runtime[0] = '\0';
	call->asked.ns[0] = call->asked.pod_ns[0] = call->asked.pod_uid[0] = '\0';
	call->asked.sandbox[0] = '\0';
	call->asked.lease[0] = '\0';
	call->asked.project[0] = call->asked.service[0] = '\0';
	call->asked.limit = CT_LIMIT_NONE;
	call->asked.auto_remove = call->named = call->body = call->event = false;
	call->agent = call->headed = false;
	call->provable = call->crowded = false;
	call->shape = CT_CRI_OTHER;
	call->makes = call->doubted = call->patched = call->suspected = call->crossed = false;
	call->streams = call->puts = call->unheard = false;
	call->pulls = call->part = call->builds = call->answering = false;
	call->method = NULL;
	call->line = NULL;
	return call;
}

enum ct_how ct_call_how(const struct ct_pending_call *call)
{
	if (call->builds)
		return CT_HOW_BUILD;
	return call->pulls ? CT_HOW_IMAGE : CT_HOW_API;
}

/* A request to an API waits no more: somebody counts those that may change its container. */
static void tell_over(struct ct_core *core, const struct ct_pending_call *call)
{
	struct ct_fact fact = {
		.kind = CT_FACT_OVER,
		.how = ct_call_how(call),
		.verb = ct_text(call->asked.verb, strlen(call->asked.verb)),
		.about = call->about,
	};

	core->seams->heard(core, &fact);
}

void ct_call_drop(struct ct_core *core, struct ct_pending_call *call)
{
	if (call->about && call->key.proto == CT_PROTO_HTTP)
		tell_over(core, call);
	if (call->about)
		DL_DELETE(*about_list(core, call->about), call);
	if (call->line) {
		DL_DELETE2(call->line->calls, call, line_prev, line_next);
		if (!--call->line->count)
			ct_share_touch(core, &call->line->held);
	}
	ct_share_leave(core, &call->held);
	HASH_DEL(core->hear->calls, call);
	call_free(core, call);
}

static enum ct_place place_of(const struct ct_held *held)
{
	return CT_HELD_OF(struct ct_pending_call, held)->about ? CT_PLACE_LIVE : CT_PLACE_IDLE;
}

/* Who asked about nothing that is known, and for so long, has gone, or was answered unheard. */
bool ct_call_matters(const struct ct_core *core, const struct ct_pending_call *call)
{
	return call->about || call->held.heard_ns + CT_WAIT_NS >= core->now;
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
struct ct_pending_call *ct_call_make(struct ct_core *core, const struct ct_sent *sent,
				     const struct ct_call_key *key, struct ct_text verb)
{
	struct ct_pending_call *call = ct_call_find(core, *key);

	if (call)
		ct_call_drop(core, call);
	call = call_alloc(core);
	if (!call) {
		core->counts.lost[CT_LOSS_TALK]++;
		return NULL;
	}
	if (!ct_share_enter(core, sent->speaker, CT_SHARE_CALLS, &call->held)) {
		call_free(core, call);
		return NULL;
	}
	call->key = *key;
	call->asked.ts_ns = sent->e->ts_ns;
	call->asked.tgid = sent->e->tgid;
	call->asked.client = ct_hear_client(core, sent->e);
	call->asked.mine = sent->e->flags & CT_F_MINE;
	ct_text_copy(call->asked.verb, sizeof(call->asked.verb), verb);
	HASH_ADD(hh, core->hear->calls, key, sizeof(call->key), call);
	return call;
}

/* Of a fact that no call was made for yet. */
static struct ct_pending_call *call_of(struct ct_core *core, const struct ct_fact *fact)
{
	const struct ct_sent sent = { fact->e, fact->speaker };
	const struct ct_call_key key = {
		.socket = fact->e->obj,
		.stream = fact->stream,
		.proto = fact->how == CT_HOW_ENGINE ? CT_PROTO_H2 : CT_PROTO_TTRPC,
	};
	struct ct_pending_call *call = ct_call_make(core, &sent, &key, fact->verb);

	if (call)
		call->event = fact->how == CT_HOW_SHIM;
	return call;
}

bool ct_hear_about(struct ct_core *core, struct ct_fact *fact, uint64_t about)
{
	fact->about = about;
	if (!fact->call)
		fact->call = call_of(core, fact);
	if (!fact->call)
		return false;
	ct_call_is_about(core, fact->call, about);
	fact->request = &fact->call->asked;
	/* Of what has no name nobody knows whether that was its answer. */
	if (fact->how == CT_HOW_ENGINE && !fact->call->named) {
		fact->early = ct_early_find(core, fact->call, fact->e->ts_ns);
		return true;
	}
	fact->early = ct_early_asked(core, fact->call);
	fact->ts_ns = fact->call->asked.ts_ns;
	return true;
}

void ct_call_told(struct ct_core *core, struct ct_fact *fact)
{
	core->seams->heard(core, fact);
	ct_early_answer(core, fact->early);
}

/* On a line it stays all the same, so that its answer is not taken for another's. */
void ct_hear_forget(struct ct_core *core, uint64_t about)
{
	struct ct_pending_call *call, *next;

	DL_FOREACH_SAFE(*about_list(core, about), call, next)
	{
		if (call->about != about)
			continue;
		if (call->line || call->held.turn == core->turn)
			ct_call_is_about(core, call, 0);
		else
			ct_call_drop(core, call);
	}
}

uint64_t ct_hear_named(struct ct_core *core, uint64_t about, const char *verb)
{
	struct ct_pending_call *call, *latest = NULL, *list = *about_list(core, about);
	const struct ct_method *method = ct_method_of(verb);
	unsigned int provable = 0;

	DL_FOREACH(list, call)
	{
		if (call->about != about || strcmp(call->asked.verb, verb) != 0)
			continue;
		if (call->named)
			return 0;
		ct_call_named(call, "");
	}
	DL_FOREACH(list, call)
	{
		if (call->about != about || call->key.proto != CT_PROTO_H2 || call->named ||
		    (method && !ct_path_may_be(core, call, method)))
			continue;
		provable += call->provable && method && ct_method_provable(method);
		if (!latest || call->asked.ts_ns > latest->asked.ts_ns)
			latest = call;
	}
	/* One of two that look the same: which will be seen when they have been answered. */
	if (!latest || provable > 1)
		return 0;
	ct_call_named(latest, verb);
	return latest->asked.ts_ns;
}

bool ct_call_alone(struct ct_core *core, struct ct_pending_call *call,
		   const struct ct_method *method)
{
	struct ct_pending_call *other;

	DL_FOREACH(*about_list(core, call->about), other)
	{
		if (other != call && other->about == call->about && other->provable &&
		    !other->named && ct_path_may_be(core, other, method))
			other->crowded = call->crowded = true;
	}
	return !call->crowded;
}

/* Somebody has been seen to make what it asks for. */
static void prove(struct ct_core *core, struct ct_pending_call *call)
{
	const struct ct_method *method = ct_method_shaped(call->shape);

	if (method && ct_path_may_be(core, call, method))
		ct_path_proved(core, call, method);
}

const struct ct_request *ct_hear_made(struct ct_core *core, const struct ct_scope *speaker,
				      ct_is_asked_fn *is, const void *ctx, uint64_t about)
{
	struct ct_pending_call *call, *next;

	HASH_ITER(hh, core->hear->calls, call, next)
	{
		if (call->key.proto == CT_PROTO_H2 && !call->about && call->asked.name[0] &&
		    (call->named || call->shape == CT_CRI_POD || call->shape == CT_CRI_CONTAINER) &&
		    ct_scope_is(&call->held.share->scope, speaker) && is(core, &call->asked, ctx)) {
			if (!call->named)
				prove(core, call);
			ct_call_is_about(core, call, about);
			return &call->asked;
		}
	}
	return NULL;
}

void ct_call_of(struct ct_pending_call *call, struct ct_text id)
{
	if (!call->about && ct_cri_is_id(id))
		ct_text_copy(call->of, sizeof(call->of), id);
}

const struct ct_request *ct_hear_spoken(struct ct_core *core, const struct ct_scope *speaker,
					struct ct_text id, uint64_t about)
{
	struct ct_pending_call *call, *next;
	const struct ct_request *named = NULL;

	HASH_ITER(hh, core->hear->calls, call, next)
	{
		if (call->about || !call->of[0] || !ct_text_is(id, call->of) ||
		    !ct_scope_is(&call->held.share->scope, speaker))
			continue;
		ct_call_is_about(core, call, about);
		if (call->named)
			named = &call->asked;
	}
	return named;
}

static void calls_free(struct ct_core *core)
{
	struct ct_pending_call *call, *next;

	HASH_ITER(hh, core->hear->calls, call, next)
	{
		HASH_DEL(core->hear->calls, call);
		free(call);
	}
	LL_FOREACH_SAFE(core->hear->spare_calls, call, next)
	free(call);
}

struct ct_hear *ct_hear_new(void)
{
	return calloc(1, sizeof(struct ct_hear));
}

void ct_hear_free(struct ct_core *core)
{
	if (!core->hear)
		return;
	ct_lines_free(core);
	calls_free(core);
	ct_conns_free(core);
	ct_early_free(core);
	ct_prepared_free(core);
	ct_hear_above_forget(core);
	free(core->hear);
	core->hear = NULL;
}

/* What may answer a request: columns: verb, statuses of success. */
static const struct {
	const char *verb;
	int status[2];
} successes[] = {
	{ "create", { 201, 201 } }, { "attach", { 101, 200 } }, { "start", { 204, 304 } },
	{ "stop", { 204, 304 } },   { "kill", { 204, 204 } },   { "restart", { 204, 204 } },
	{ "delete", { 204, 204 } }, { "rename", { 204, 204 } }, { "exec", { 201, 201 } },
	{ "pull", { 200, 200 } },   { "build", { 200, 200 } },
};

bool ct_call_fits(const struct ct_pending_call *call, int status)
{
	if (status >= 400)
		return true;
	if (call->makes)
		return status == 201;
	for (size_t i = 0; i < sizeof(successes) / sizeof(successes[0]); i++) {
		if (!strcmp(call->asked.verb, successes[i].verb))
			return status == successes[i].status[0] || status == successes[i].status[1];
	}
	return true;
}
