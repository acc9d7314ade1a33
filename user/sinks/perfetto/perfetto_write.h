/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets of a Perfetto trace: what a field is called there is known here and nowhere else. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sinks/perfetto/perfetto_names.h"

/*
 * Packets one after the other are a trace: each is written as a trace of one. Begins as { 0 }, and
 * ct_trace_free() ends it.
 */
struct ct_trace {
	FILE *f; /* borrowed, in memory */
	struct ct_names *names; /* owned; NULL: a packet was not written yet */
	uint64_t left_out; /* slices for which there was no track */
	bool no_memory; /* a packet is missing: what was written is of no use */
};

struct ct_track {
	uint64_t uuid;
	uint64_t parent; /* 0: none */
	const char *name;
};

/* text, or the number if that is NULL. A note without a name is left out. */
struct ct_note {
	const char *name;
	const char *text;
	uint64_t number;
};

#define CT_NOTES_MAX 24

struct ct_slice {
	uint64_t track;
	const char *name;
	const char *category;
	const uint64_t *flows; /* that begin here */
	size_t flow_count;
	uint64_t flow_end; /* that ends here, 0: none */
	const struct ct_note *notes;
	size_t note_count; /* CT_NOTES_MAX at most */
};

void ct_trace_free(struct ct_trace *t);

/* Says which clock the packets are of (CLOCK_MONOTONIC) and what time it was on the wall. */
void ct_trace_clocks(struct ct_trace *t, uint64_t mono_ns, int64_t wall_ns);

/* Before the first slice of the track. */
void ct_trace_track(struct ct_trace *t, const struct ct_track *track);

/*
 * For Perfetto's tables of processes and threads: there is one of that pid, called so. tid 0: a process.
 * uuid is its own.
 */
void ct_trace_thread(struct ct_trace *t, uint64_t uuid, uint32_t pid, uint32_t tid,
		     const char *name);

/* Begins and ends of one track nest, in the order in which they are written. */
void ct_trace_begin(struct ct_trace *t, uint64_t ns, const struct ct_slice *slice);
void ct_trace_end(struct ct_trace *t, uint64_t ns, uint64_t track);
void ct_trace_instant(struct ct_trace *t, uint64_t ns, const struct ct_slice *slice);
