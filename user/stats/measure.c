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

int ct_measure(const struct ct_record *rec, ct_measure_fn fn, void *ctx)
{
	struct ct_measure m = {
		.phase = CT_MEASURE_TOTAL,
		.ns = rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0,
		.timed = true,
	};
	int ret = fn(ctx, &m);

	for (unsigned p = 0; p < CT_PHASE_MAX && !ret; p++) {
		m.phase = p;
		m.ns = ct_record_phase_ns(rec, (enum ct_phase)p);
		if (!(rec->missing >> p & 1) && (rec->seen >> p & 1 || m.ns))
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
