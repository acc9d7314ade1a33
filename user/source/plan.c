// SPDX-License-Identifier: GPL-2.0-only
#include "source/plan.h"

#include <errno.h>
#include <string.h>

const struct ct_probe_row ct_probes[CT_PROBE_MAX] = {
#define X(symbol_, program_, hook_, module_, depth_, ready_, group_, need_, since_, unseen_) \
	[CT_PROBE_##symbol_] = { \
		.program = #program_, \
		.hook = hook_, \
		.module = module_, \
		.depth = CT_DEPTH_##depth_, \
		.ready = ready_, \
		.group = group_, \
		.need = CT_NEED_##need_, \
		.since = since_, \
		.unseen = unseen_, \
	},
	CT_PROBES(X)
#undef X
};

const char *const ct_depth_names[] = {
	[CT_DEPTH_PHASES] = "phases",
	[CT_DEPTH_STEPS] = "steps",
};

static const char *not_asked(const struct ct_probe_row *row, const struct ct_plan_request *req)
{
	if (row->depth > req->depth)
		return "only with --steps";
	if (row->ready && !(row->ready & req->ready_mask))
		return "no --ready asks for it";
	return NULL;
}

/* Another probe of the group that is on, or CT_PROBE_MAX. */
static enum ct_probe alternative(const struct ct_plan *plan, enum ct_probe probe)
{
	for (unsigned int i = 0; ct_probes[probe].group && i < CT_PROBE_MAX; i++) {
		if (i != probe && ct_probes[i].group == ct_probes[probe].group && plan->rows[i].on)
			return i;
	}
	return CT_PROBE_MAX;
}

static int fail_required(const struct ct_plan *plan, enum ct_probe probe, struct ct_err *err)
{
	const struct ct_probe_row *row = &ct_probes[probe];

	return ct_fail(err, -ENOTSUP,
		       "this kernel cannot host probe '%s' (%s): %s; without it coldtrace does not "
		       "see %s%s%s%s",
		       row->program, row->hook, plan->rows[probe].why_not, row->unseen,
		       *row->since ? "; use kernel " : "", row->since,
		       *row->since ? " or newer" : "");
}

int ct_plan_make(struct ct_plan *plan, const struct ct_plan_request *req, ct_can_fn can, void *ctx,
		 struct ct_err *err)
{
	memset(plan, 0, sizeof(*plan));
	plan->request = *req;
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		const char *why = not_asked(&ct_probes[i], req);

		plan->rows[i].asked = !why;
		if (!why && alternative(plan, i) != CT_PROBE_MAX)
			why = "an alternative to it is in use";
		if (!why) {
			plan->rows[i].on = can(ctx, i, &why);
			if (plan->rows[i].on)
				why = NULL;
			else if (!why)
				why = "this kernel does not have it";
		}
		plan->rows[i].why_not = why;
	}
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		if (ct_probes[i].need == CT_NEED_REQUIRED && plan->rows[i].asked &&
		    !plan->rows[i].on && alternative(plan, i) == CT_PROBE_MAX)
			return fail_required(plan, i, err);
	}
	return 0;
}

int ct_plan_refuse(struct ct_plan *plan, enum ct_probe probe, const char *why_not,
		   struct ct_err *err)
{
	plan->rows[probe].on = false;
	plan->rows[probe].why_not = why_not;
	if (ct_probes[probe].need == CT_NEED_REQUIRED && alternative(plan, probe) == CT_PROBE_MAX)
		return fail_required(plan, probe, err);
	return 0;
}

enum ct_probe ct_probe_by_program(const char *program, size_t len)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		if (strlen(ct_probes[i].program) == len &&
		    !memcmp(ct_probes[i].program, program, len))
			return i;
	}
	return CT_PROBE_MAX;
}
