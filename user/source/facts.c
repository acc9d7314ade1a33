// SPDX-License-Identifier: GPL-2.0-only
#include "source/facts.h"

#include <string.h>

void ct_facts_hand_over(struct ct_facts *facts, const struct ct_event *e)
{
	if (e->ts_ns > facts->newest_ns)
		facts->newest_ns = e->ts_ns;
	facts->handed++;
	facts->fn(facts->ctx, e);
}

struct ct_event *ct_fact_begin(struct ct_facts *facts, enum ct_kind kind, uint32_t pid)
{
	struct ct_event *e = &facts->out.e;

	memset(e, 0, sizeof(*e));
	e->kind = (__u8)kind;
	e->flags = CT_F_SEEDED;
	e->ts_ns = facts->newest_ns;
	e->tgid = pid;
	e->tid = pid;
	return e;
}

void ct_fact_emit(struct ct_facts *facts, const char *tail, size_t len)
{
	struct ct_event *e = &facts->out.e;
	size_t whole;

	if (len > CT_TAIL_MAX) {
		len = CT_TAIL_MAX;
		e->flags |= CT_F_TRUNCATED;
	}
	whole = (sizeof(*e) + len + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1);
	memset(facts->out.bytes + sizeof(*e), 0, whole - sizeof(*e));
	if (len)
		memcpy(facts->out.bytes + sizeof(*e), tail, len);
	e->tail_len = (__u16)len;
	e->len = (__u16)whole;
	ct_facts_hand_over(facts, e);
}

void ct_fact_emit_tail(struct ct_facts *facts, enum ct_kind kind, uint32_t pid)
{
	struct ct_event *e = ct_fact_begin(facts, kind, pid);

	if (facts->tail.truncated)
		e->flags |= CT_F_TRUNCATED;
	ct_fact_emit(facts, facts->tail.bytes, facts->tail.len);
}
