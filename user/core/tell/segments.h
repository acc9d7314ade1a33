/* SPDX-License-Identifier: GPL-2.0-only */
/* Marks and the spans between them as the segments of a record. */
#pragma once

#include "core/base/marks.h"

/* Fills segments, seen and missing of rec from marks; returns where they end. */
uint64_t ct_segments_build(struct ct_record *rec, const struct ct_span *spans, size_t count,
			   const uint64_t marks[CT_MARK_MAX], uint64_t cursor);
/* Of a phase in two parts one is not known: nor is how long it took. Its time is unknown. */
void ct_segments_forget_halves(struct ct_record *rec);
void ct_segments_clip(struct ct_record *rec, uint64_t begin_ns, uint64_t end_ns);
void ct_segments_fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns,
		      uint64_t end_ns);
