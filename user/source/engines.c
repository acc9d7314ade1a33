// SPDX-License-Identifier: GPL-2.0-only
/* All engines of the node: which run, when to look at one again, and what they are asked. */
#include <string.h>

#include "source/engine.h"
#include "util/mem.h"

/* When to look at an engine that has just been executed: ms after that. */
static const unsigned int rescan_ms[] = { 200, 1000, 3000 };

/* What was read is copied. NULL when the table is full, which is counted. */
static const struct ct_engine *found(struct ct_engines *engines, const struct ct_engine *engine)
{
	struct ct_engine *slot = NULL;

	for (size_t i = 0; i < engines->count && !slot; i++) {
		if (engines->list[i].pid == engine->pid)
			slot = &engines->list[i];
	}
	if (!slot && engines->count < CT_ENGINES_MAX)
		slot = &engines->list[engines->count++];
	if (!slot) {
		engines->dropped++;
		return NULL;
	}
	*slot = *engine;
	for (size_t i = 0; i < slot->socket_count; i++)
		engines->fn(engines->ctx, slot->pid, &slot->sockets[i]);
	ct_engine_tail(slot, &engines->facts->tail);
	ct_fact_emit_tail(engines->facts, CT_KIND_ENGINE, slot->pid);
	return slot;
}

void ct_engines_add(struct ct_engines *engines, uint32_t pid)
{
	struct ct_engine engine;

	if (ct_engine_read(pid, &engine))
		found(engines, &engine);
}

void ct_engines_identities(struct ct_engines *engines)
{
	for (size_t i = 0; i < engines->count; i++)
		ct_engine_tell_all(engines->facts, &engines->list[i]);
}

/* With no room left the oldest gives way: it has had its chance. */
void ct_engines_started(struct ct_engines *engines, uint32_t pid, uint64_t now_ns)
{
	struct ct_rescan *slot = &engines->rescans[0];

	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		struct ct_rescan *r = &engines->rescans[i];

		if (!r->pid || r->pid == pid) {
			slot = r;
			break;
		}
		if (r->exec_ns < slot->exec_ns)
			slot = r;
	}
	*slot = (struct ct_rescan){ .pid = pid, .exec_ns = now_ns };
}

void ct_engines_exited(struct ct_engines *engines, uint32_t pid)
{
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		if (engines->rescans[i].pid == pid)
			engines->rescans[i].pid = 0;
	}
	for (size_t i = 0; i < engines->count; i++) {
		if (engines->list[i].pid == pid) {
			engines->list[i] = engines->list[--engines->count];
			return;
		}
	}
}

static uint64_t due(const struct ct_rescan *r)
{
	return r->exec_ns + rescan_ms[r->attempt] * 1000000ull;
}

uint64_t ct_engines_due(const struct ct_engines *engines)
{
	uint64_t first = 0;

	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		const struct ct_rescan *r = &engines->rescans[i];

		if (r->pid && (!first || due(r) < first))
			first = due(r);
	}
	return first;
}

void ct_engines_rescan(struct ct_engines *engines, uint64_t now_ns)
{
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		struct ct_rescan *r = &engines->rescans[i];
		const struct ct_engine *slot;
		struct ct_engine engine;
		bool last;

		if (!r->pid || due(r) > now_ns)
			continue;
		last = ++r->attempt == CT_ARRAY_SIZE(rescan_ms);
		if (!ct_engine_read(r->pid, &engine)) {
			r->pid = 0;
			continue;
		}
		if (!engine.socket_count && !last)
			continue;
		r->pid = 0;
		slot = found(engines, &engine);
		if (slot)
			ct_engine_tell_all(engines->facts, slot);
	}
}

void ct_engines_ask(struct ct_engines *engines, const char *id, uint32_t engine_pid,
		    const char *bundle)
{
	struct ct_lookup_asked *asked;

	if (!ct_id_valid(id, strnlen(id, CT_ID_LEN + 1)))
		return;
	if (engines->lookup_count == CT_LOOKUPS_MAX) {
		engines->dropped++;
		return;
	}
	asked = &engines->lookups[engines->lookup_count++];
	asked->engine_pid = engine_pid;
	memcpy(asked->id, id, sizeof(asked->id));
	snprintf(asked->bundle, sizeof(asked->bundle), "%s", bundle);
}

/* An engine without a daemon is on no list: who stays with its container knows where it keeps it. */
static bool ask_monitor(struct ct_engines *engines, const struct ct_lookup_asked *asked)
{
	struct ct_engine engine;

	return (ct_engine_of_bundle(asked->engine_pid, asked->bundle, &engine) ||
		ct_engine_of_monitor(asked->engine_pid, &engine)) &&
	       ct_engine_tell(engines->facts, &engine, asked->id);
}

/* The engine that was named first, then all others. */
static void answer(struct ct_engines *engines, const struct ct_lookup_asked *asked)
{
	if (ask_monitor(engines, asked))
		return;
	for (int others = 0; others < 2; others++) {
		for (size_t i = 0; i < engines->count; i++) {
			const struct ct_engine *engine = &engines->list[i];

			if ((engine->pid != asked->engine_pid) != others)
				continue;
			if (ct_engine_tell(engines->facts, engine, asked->id))
				return;
		}
	}
}

/* An answer may bring up another question. */
void ct_engines_answer(struct ct_engines *engines)
{
	for (size_t i = 0; i < engines->lookup_count; i++) {
		struct ct_lookup_asked asked = engines->lookups[i];

		answer(engines, &asked);
	}
	engines->lookup_count = 0;
}
