// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/doctor_try.h"

#include "source/proc/credentials.h"
#include "source/live/live.h"

#define READY_ALL ((1u << CT_READY_MAX) - 1)

struct question {
	enum ct_depth depth;
	enum ct_plan_name plan;
};

/* They stay until this process ends, which takes them away after its answer. */
static bool attached(const struct ct_live_options *opts, struct ct_plan *ret_plan,
		     struct ct_err *err)
{
	struct ct_live *live;

	if (ct_live_try(&live, opts, err))
		return false;
	*ret_plan = *ct_live_plan(live);
	return true;
}

/* What all depths share is tried once: it is slow to take away again. */
static void attempt(const void *arg, void *answer)
{
	const struct question *q = arg;
	const bool first = q->depth == CT_DEPTH_PHASES;
	struct ct_tried *tried = answer;
	struct ct_live_options opts = {
		.steps = q->depth == CT_DEPTH_STEPS,
		.why = q->depth == CT_DEPTH_WHY,
		.ready_mask = first ? READY_ALL : READY_ALL & ~CT_READY_BIT(PATH),
		.plan = q->plan,
		.opens = first ? CT_OPENS_COUNTED : CT_OPENS_NONE,
	};

	tried->works = attached(&opts, &tried->plan, &tried->why);
	tried->opens = tried->works && first;
	tried->why_no_opens = tried->why;
	if (tried->works || !first)
		return;
	/* Opens by themselves may be too much for a kernel. */
	opts.opens = CT_OPENS_NONE;
	tried->works = attached(&opts, &tried->plan, &tried->why);
}

void ct_doctor_try(struct ct_tried *tried, enum ct_depth depth, enum ct_plan_name plan)
{
	const struct question q = { depth, plan };

	if (ct_may_trace(&tried->why) ||
	    ct_apart_begin(&tried->apart, attempt, &q, sizeof(*tried), &tried->why))
		tried->why_no_opens = tried->why;
}

void ct_doctor_tried(struct ct_tried *tried)
{
	struct ct_apart apart = tried->apart;

	if (!apart.pid)
		return;
	if (ct_apart_answer(&apart, tried, sizeof(*tried), &tried->why))
		tried->why_no_opens = tried->why;
	tried->apart = apart;
}

/* Rows of what is not tried at every depth. */
static bool is_shared(enum ct_probe i)
{
	return ct_probes[i].ready == CT_ASKED_OPENS || ct_probes[i].ready == CT_READY_BIT(PATH);
}

void ct_doctor_on(struct ct_plan *plan, const struct ct_tried *tried, const struct ct_tried *first)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		const struct ct_tried *by = is_shared(i) ? first : tried;
		bool none = !by->works || (ct_probes[i].ready == CT_ASKED_OPENS && !first->opens);

		if (!none)
			plan->rows[i] = by->plan.rows[i];
		else if (plan->rows[i].on)
			plan->rows[i].why_not = CT_NOT_TRIED;
		plan->rows[i].on &= !none;
	}
}
