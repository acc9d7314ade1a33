// SPDX-License-Identifier: GPL-2.0-only
/* Answers that were heard before their request. */
#include "core/hear/talk.h"

#include <stdlib.h>

static uint16_t *early_slot(struct ct_core *core, struct ct_call_key key)
{
	return &core->hear->early_at[(key.socket * 31 + key.stream) % CT_EARLY_SLOTS];
}

static void early_out(struct ct_core *core, struct ct_early *early)
{
	--*early_slot(core, early->key);
	ct_share_leave(core, &early->held);
	DL_DELETE(core->hear->early, early);
}

/* Kept for the next, as requests are. */
static void early_spare(struct ct_core *core, struct ct_early *early)
{
	LL_PREPEND(core->hear->spare_early, early);
}

static struct ct_early *early_alloc(struct ct_core *core)
{
	struct ct_early *early = core->hear->spare_early;

	if (!early)
		return malloc(sizeof(*early));
	LL_DELETE(core->hear->spare_early, early);
	return early;
}

static void early_drop(struct ct_core *core, struct ct_early *early)
{
	early_out(core, early);
	early_spare(core, early);
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

void ct_early_keep(struct ct_core *core, struct ct_call_key key, const struct ct_sent *sent)
{
	const struct ct_event *e = sent->e;
	struct ct_early *early;

	if (e->len > sizeof(early->said))
		return;
	early = early_alloc(core);
	if (!early)
		return;
	if (!ct_share_enter(core, sent->speaker, CT_SHARE_EARLY, &early->held)) {
		early_spare(core, early);
		return;
	}
	early->key = key;
	early->spoken = sent->speaker;
	if (sent->speaker)
		early->scope = *sent->speaker;
	memcpy(early->said.bytes, e, e->len);
	++*early_slot(core, key);
	DL_APPEND(core->hear->early, early);
}

void ct_early_free(struct ct_core *core)
{
	struct ct_early *early, *next;

	DL_FOREACH_SAFE(core->hear->early, early, next)
	early_drop(core, early);
	LL_FOREACH_SAFE(core->hear->spare_early, early, next)
	free(early);
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
	return early == core->hear->early ? NULL : early->prev;
}

/* The answer to this request, if it was heard before it. */
struct ct_early *ct_early_find(struct ct_core *core, const struct ct_pending_call *call,
			       uint64_t heard_ns)
{
	struct ct_call_key key = answer_key(call->key);
	struct ct_early *early, *first = NULL;

	if (!*early_slot(core, key))
		return NULL;
	/* From the newest back: most of them are older than that. */
	for (early = core->hear->early->prev; early; early = before(core, early)) {
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

	for (early = core->hear->early; early && early != until && *early_slot(core, key);
	     early = next) {
		next = early->next;
		if (early->key.proto == CT_PROTO_HTTP && early->key.socket == key.socket)
			early_drop(core, early);
	}
}

/* A request that was heard late was made no later than it was answered. */
struct ct_early *ct_early_asked(struct ct_core *core, struct ct_pending_call *call)
{
	struct ct_early *early = ct_early_find(core, call, call->asked.ts_ns);

	if (call->line)
		pass_over(core, call, early);
	if (early && early->said.e.ts_ns < call->asked.ts_ns)
		call->asked.ts_ns = early->said.e.ts_ns;
	return early;
}

void ct_early_answer(struct ct_core *core, struct ct_early *early)
{
	if (!early)
		return;
	early_out(core, early);
	core->hear->answering_early = true;
	ct_talk(core, &(struct ct_sent){ .e = &early->said.e,
					 .speaker = early->spoken ? &early->scope : NULL });
	core->hear->answering_early = false;
	early_spare(core, early);
}
