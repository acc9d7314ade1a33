// SPDX-License-Identifier: GPL-2.0-only
#include "stats/measure.h"

#include <string.h>

static bool same_step(const struct ct_step *a, const struct ct_step *b)
{
	return a->phase == b->phase && !strcmp(a->name, b->name);
}

static bool repeats(const struct ct_record *rec, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (same_step(&rec->steps[i], &rec->steps[j]))
			return true;
	return false;
}

/* Steps without an end have no duration. */
static struct ct_measure sum_of(const struct ct_record *rec, size_t first)
{
	struct ct_measure sum = {
		.phase = rec->steps[first].phase,
		.step = rec->steps[first].name,
	};

	for (size_t i = first; i < rec->step_count; i++) {
		const struct ct_step *each = &rec->steps[i];

		if (!same_step(&rec->steps[first], each))
			continue;
		sum.calls += each->count;
		if (each->open || each->end_ns < each->begin_ns)
			continue;
		sum.ns += each->end_ns - each->begin_ns;
		sum.timed = true;
	}
	return sum;
}

struct ct_phase_value ct_phase_value(const struct ct_record *rec, enum ct_phase phase,
				     enum ct_gaps gaps)
{
	bool gap =
		phase == CT_PHASE_CLIENT || phase == CT_PHASE_KUBELET || phase == CT_PHASE_UNKNOWN;
	bool seen = rec->seen >> phase & 1 && !(gap && gaps == CT_GAPS_WITH_TIME);
	struct ct_phase_value value = { .ns = ct_record_phase_ns(rec, phase) };

	if (rec->missing >> phase & 1)
		value.is = CT_PHASE_UNMEASURED;
	else if (value.ns || seen)
		value.is = CT_PHASE_MEASURED;
	return value;
}

int ct_measure(const struct ct_record *rec, ct_measure_fn fn, void *ctx)
{
	struct ct_measure m = {
		.phase = CT_MEASURE_TOTAL,
		.ns = rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0,
		.timed = true,
	};
	int ret = fn(ctx, &m);

	for (unsigned p = 0; p < CT_PHASE_MAX && !ret; p++) {
		struct ct_phase_value value = ct_phase_value(rec, (enum ct_phase)p, CT_GAPS_ALL);

		m.phase = p;
		m.ns = value.ns;
		if (value.is == CT_PHASE_MEASURED)
			ret = fn(ctx, &m);
	}
	for (size_t i = 0; i < rec->step_count && !ret; i++) {
		if (repeats(rec, i))
			continue;
		m = sum_of(rec, i);
		ret = fn(ctx, &m);
	}
	return ret;
}
