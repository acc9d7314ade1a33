// SPDX-License-Identifier: GPL-2.0-only
/* When engines that have just been executed are looked at. */
#include "source/engines/rescans.h"

#define NS_PER_MS 1000000ull

/* ms after that. */
static const unsigned int rescan_ms[CT_RESCANS] = { 200, 1000, 3000 };

struct ct_rescan *ct_rescan_of(struct ct_engines *engines, uint32_t seq)
{
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		if (engines->rescans[i].pid && engines->rescans[i].seq == seq)
			return &engines->rescans[i];
	}
	return NULL;
}

static uint64_t due(const struct ct_rescan *r)
{
	return r->exec_ns + rescan_ms[r->attempt] * NS_PER_MS;
}

static bool is_due(const struct ct_rescan *r)
{
	return r->pid && r->exec_ns && !r->seq && !r->waiting && r->attempt < CT_RESCANS;
}

void ct_rescans_due(struct ct_engines *engines, uint64_t now_ns)
{
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		struct ct_rescan *r = &engines->rescans[i];

		if (!is_due(r) || due(r) > now_ns)
			continue;
		r->attempt++;
		r->waiting = true;
		engines->to_send = true;
	}
}

uint64_t ct_engines_due(const struct ct_engines *engines)
{
	uint64_t first = 0;

	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		const struct ct_rescan *r = &engines->rescans[i];

		if (is_due(r) && (!first || due(r) < first))
			first = due(r);
	}
	return first;
}

struct ct_rescan *ct_rescan_slot(struct ct_engines *engines, uint32_t pid)
{
	struct ct_rescan *slot = &engines->rescans[0];

	/* With no room left the oldest gives way: it has had its chance. */
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		struct ct_rescan *r = &engines->rescans[i];

		if (!r->pid || r->pid == pid)
			return r;
		if (r->exec_ns < slot->exec_ns)
			slot = r;
	}
	return slot;
}

void ct_engines_started(struct ct_engines *engines, uint32_t pid, bool foreign, uint64_t now_ns)
{
	*ct_rescan_slot(engines, pid) =
		(struct ct_rescan){ .pid = pid, .foreign = foreign, .exec_ns = now_ns };
}

bool ct_rescan_hastens(struct ct_engines *engines, uint32_t pid)
{
	for (size_t i = 0; i < CT_ENGINES_MAX; i++) {
		struct ct_rescan *r = &engines->rescans[i];

		if (r->pid != pid)
			continue;
		if (!r->seq && !r->waiting) {
			r->attempt = CT_RESCANS;
			r->waiting = engines->to_send = true;
		}
		return true;
	}
	return false;
}
