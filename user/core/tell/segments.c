// SPDX-License-Identifier: GPL-2.0-only
/* Marks in, segments out: they tile the record's time, whatever is missing between them. */
#include "core/tell/segments.h"

void ct_segments_fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns,
		      uint64_t end_ns)
{
	struct ct_segment *last =
		rec->segment_count ? &rec->segments[rec->segment_count - 1] : NULL;

	if (last && last->phase == phase && last->end_ns == begin_ns) {
		last->end_ns = end_ns;
		return;
	}
	if (rec->segment_count == CT_SEGMENTS_MAX) {
		last->end_ns = end_ns; /* still tiles */
		return;
	}
	rec->segments[rec->segment_count++] = (struct ct_segment){ phase, begin_ns, end_ns };
}

/* The latest end mark of a span that is not beyond the begin of the next one. */
static uint64_t end_of(const struct ct_span *span, const uint64_t *marks, uint64_t next_from)
{
	uint64_t end = 0;

	for (size_t i = 0; i < sizeof(span->to) / sizeof(span->to[0]); i++) {
		uint64_t at = marks[span->to[i]];

		if (span->to[i] == CT_MARK_NONE)
			break;
		if (at > end && (!next_from || at <= next_from || !end))
			end = at;
	}
	return end;
}

void ct_segments_forget_halves(struct ct_record *rec)
{
	uint16_t halves = rec->seen & rec->missing;

	for (size_t i = 0; halves && i < rec->segment_count; i++) {
		if (halves & 1u << rec->segments[i].phase)
			rec->segments[i].phase = CT_PHASE_UNKNOWN;
	}
	rec->seen &= (uint16_t)~halves;
}

/* It was over before the first that was heard of the start: it was there, and how long is not known. */
static bool before(const struct ct_record *rec, uint64_t from, uint64_t to)
{
	return rec->type == CT_RECORD_START && from < rec->begin_ns && to <= rec->begin_ns;
}

uint64_t ct_segments_build(struct ct_record *rec, const struct ct_span *spans, size_t count,
			   const uint64_t marks[CT_MARK_MAX], uint64_t cursor)
{
	bool hole = false; /* the span before this one has no known end */

	for (size_t i = 0; i < count; i++) {
		const struct ct_span *span = &spans[i];
		uint64_t next = i + 1 < count && spans[i + 1].gap == CT_PHASE_CLIENT
					? marks[spans[i + 1].from]
					: 0;
		uint64_t from = marks[span->from], to = end_of(span, marks, next);

		if (!from && span->optional)
			continue;
		if (from > cursor) {
			ct_segments_fill(rec, hole ? CT_PHASE_UNKNOWN : span->gap, cursor, from);
			cursor = from;
		}
		hole = !from || !to || before(rec, from, to);
		if (hole) {
			/* The time is not lost: up to the next known mark it is unknown. */
			rec->missing |= 1u << span->phase;
			continue;
		}
		if (to < cursor)
			to = cursor;
		ct_segments_fill(rec, span->phase, cursor, to);
		rec->seen |= 1u << span->phase;
		cursor = to;
	}
	return cursor;
}

void ct_segments_clip(struct ct_record *rec, uint64_t begin_ns, uint64_t end_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < rec->segment_count; i++) {
		struct ct_segment s = rec->segments[i];

		if (s.begin_ns < begin_ns)
			s.begin_ns = begin_ns;
		if (s.end_ns > end_ns)
			s.end_ns = end_ns;
		if (s.begin_ns < s.end_ns || (s.begin_ns == s.end_ns && s.begin_ns == end_ns))
			rec->segments[kept++] = s;
	}
	rec->segment_count = kept;
}
