// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

static const char *check_segments(const struct ct_record *rec)
{
	uint64_t at = rec->begin_ns, sum = 0;

	if (rec->segment_count > CT_SEGMENTS_MAX)
		return "more segments than there is room for";
	for (size_t i = 0; i < rec->segment_count; i++) {
		const struct ct_segment *s = &rec->segments[i];

		if (s->phase >= CT_PHASE_MAX)
			return "a segment of no phase";
		if (s->begin_ns < at)
			return "segments overlap";
		if (s->begin_ns > at)
			return "a gap between segments";
		if (s->end_ns < s->begin_ns)
			return "a segment ends before it begins";
		at = s->end_ns;
	}
	if (at != rec->end_ns)
		return "the segments do not end where the record does";
	for (int p = 0; p < CT_PHASE_MAX; p++)
		sum += ct_record_phase_ns(rec, (enum ct_phase)p);
	if (sum != rec->end_ns - rec->begin_ns)
		return "the phases do not add up to the total";
	return NULL;
}

static uint64_t told_until(const struct ct_record *rec, const struct ct_step *s)
{
	return s->end_ns < rec->end_ns ? s->end_ns : rec->end_ns;
}

/* Each comes before what hangs below it and lies around it; those side by side are in order. */
static const char *check_place(const struct ct_record *rec, size_t i)
{
	const struct ct_step *s = &rec->steps[i],
			     *up = s->parent ? &rec->steps[s->parent - 1] : NULL;

	if (s->parent > i || s->starter > rec->step_count || s->starter == i + 1)
		return "a step hangs below one that comes after it, or that does not exist";
	if (s->depth != (up ? up->depth + 1 : 0))
		return "the depth of a step is not one more than its parent's";
	if (up && (up->begin_ns > s->begin_ns || told_until(rec, up) < told_until(rec, s)))
		return "a step does not lie within its parent";
	for (size_t k = i; k-- > s->parent;) {
		const struct ct_step *before = &rec->steps[k];

		if (before->depth < s->depth)
			return "a step is not with those that it is beside";
		if (before->depth == s->depth)
			return before->begin_ns > s->begin_ns ? "steps are not in order" : NULL;
	}
	return NULL;
}

static const char *check_steps(const struct ct_record *rec)
{
	for (size_t i = 0; i < rec->step_count; i++) {
		const struct ct_step *s = &rec->steps[i];

		if (!s->name || !s->actor || !s->count || s->phase >= CT_PHASE_MAX)
			return "a step without a name, an actor, a call or a phase";
		if (s->begin_ns < rec->begin_ns || s->begin_ns > rec->end_ns)
			return "a step begins outside of its record";
		if (s->end_ns < s->begin_ns)
			return "a step ends before it begins";
		if (check_place(rec, i))
			return check_place(rec, i);
	}
	return NULL;
}

const char *check_record(const struct ct_record *rec)
{
	const char *wrong;

	if (!rec->who)
		return "of nobody";
	if (rec->type >= CT_RECORD_MAX || rec->outcome >= CT_OUTCOME_MAX)
		return "no such type or outcome";
	if (!rec->begin_ns || rec->end_ns < rec->begin_ns)
		return "ends before it begins";
	wrong = check_segments(rec);
	if (!wrong)
		wrong = check_steps(rec);
	if (wrong)
		return wrong;
	if (rec->ready >= CT_READY_MAX || (rec->ready >= 0 && !rec->ready_ns))
		return "ready by nothing";
	if (rec->outcome == CT_OUTCOME_FAILED && !rec->message)
		return "failed without a message";
	if ((rec->type == CT_RECORD_RESTART) != (rec->predecessor != NULL))
		return "a restart has a predecessor, nothing else has";
	return NULL;
}
