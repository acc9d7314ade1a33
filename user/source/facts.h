/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts that user space looks up become events here, beside those of the kernel. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "source/tail.h"

/* The event is valid during the call only. */
typedef void (*ct_event_fn)(void *ctx, const struct ct_event *e);

/* Where events go, those of the kernel too. */
struct ct_facts {
	ct_event_fn fn;
	void *ctx; /* borrowed */
	/*
	 * Time of the newest event handed over. Facts get it too: stamped with the clock they would
	 * be ahead of events that still lie in the ring.
	 */
	uint64_t newest_ns;
	size_t handed;
	struct ct_tail tail; /* for whoever makes a fact */
	union {
		struct ct_event e;
		char bytes[CT_EVENT_LEN_MAX];
	} out;
};

void ct_facts_hand_over(struct ct_facts *facts, const struct ct_event *e);

/* An event without a tail, to be filled in and emitted before the next one is begun. */
struct ct_event *ct_fact_begin(struct ct_facts *facts, enum ct_kind kind, uint32_t pid);
void ct_fact_emit(struct ct_facts *facts, const char *tail, size_t len);

/* Emits an event with facts->tail. */
void ct_fact_emit_tail(struct ct_facts *facts, enum ct_kind kind, uint32_t pid);
