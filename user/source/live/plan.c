// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/plan.h"

#include <errno.h>
#include <string.h>

#include "util/mem.h"

const struct ct_probe_row ct_probes[CT_PROBE_MAX] = {
#define X(symbol_, program_, hook_, module_, depth_, ready_, group_, need_, features_, since_, \
	  unseen_) \
	[CT_PROBE_##symbol_] = { \
		.program = #program_, \
		.hook = hook_, \
		.module = module_, \
		.depth = CT_DEPTH_##depth_, \
		.ready = ready_, \
		.group = group_, \
		.need = CT_NEED_##need_, \
		.features = features_, \
		.since = since_, \
		.unseen = unseen_, \
	},
	CT_PROBES(X)
#undef X
};

const struct ct_plan_row ct_plans[CT_PLAN_MAX] = {
#define X(symbol_, name_, hooks_, sends_, must_, may_, when_) \
	[CT_PLAN_##symbol_] = { \
		.name = name_, \
		.hooks = hooks_, \
		.sends = sends_, \
		.must = must_, \
		.may = may_, \
		.when = when_, \
	},
	CT_PLANS(X)
#undef X
};

const struct ct_feature_row ct_features[CT_FEATURE_MAX] = {
#define X(number_, symbol_, name_, since_, without_) \
	[CT_FEATURE_##symbol_] = { .name = name_, .since = since_, .without = without_ },
	CT_FEATURES(X)
#undef X
};

const char *const ct_depth_names[] = {
	[CT_DEPTH_PHASES] = "phases",
	[CT_DEPTH_STEPS] = "steps",
	[CT_DEPTH_WHY] = "why",
};

enum ct_hook ct_hook_of(enum ct_probe probe)
{
	static const struct {
		enum ct_hook kind;
		const char *prefix;
	} kinds[] = {
#define X(kind_, prefix_) { CT_HOOK_##kind_, prefix_ },
		CT_HOOKS(X)
#undef X
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++)
		if (!strncmp(ct_probes[probe].hook, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].kind;
	return 0;
}

bool ct_probe_is_first(enum ct_probe probe)
{
	for (unsigned int i = 0; i < probe; i++)
		if (ct_probes[i].group && ct_probes[i].group == ct_probes[probe].group)
			return false;
	return true;
}

static const char *not_asked(const struct ct_probe_row *row, const struct ct_plan_request *req)
{
	if (row->depth == CT_DEPTH_STEPS && !req->steps)
		return "only with --steps";
	if (row->ready == CT_ASKED_OPENS && !(row->ready & req->ready_mask))
		return CT_NOT_ASKED_OPENS;
	if (row->depth == CT_DEPTH_WHY && !req->why)
		return "only with --why";
	if (row->group == CT_GROUP_OUTPUT && req->why)
		return "with --why ct_why_waking hears it";
	if (row->ready && !(row->ready & req->ready_mask))
		return "no --ready asks for it";
	return NULL;
}

/* What is being filled. */
struct making {
	struct ct_plan *plan;
	const struct ct_plan_row *limits;
	const struct ct_plan_kernel *kernel;
};

static void find_features(struct making *m)
{
	struct ct_plan *plan = m->plan;

	plan->features = 0;
	for (unsigned int i = 0; i < CT_FEATURE_MAX; i++) {
		const char *why = NULL;

		if (!m->kernel->has(m->kernel->ctx, i, &why))
			why = why ? why : "this kernel does not have it";
		else if (!(m->limits->may >> i & 1))
			why = "not used by this plan";
		plan->feature_why_not[i] = why;
		if (!why)
			plan->features |= 1u << i;
	}
}

/* NULL: the plan allows it and the kernel can host it. */
static const char *why_not(const struct making *m, enum ct_probe probe)
{
	const struct ct_probe_row *row = &ct_probes[probe];
	uint32_t hooks = row->group == CT_GROUP_SEND ? m->limits->sends : m->limits->hooks;
	const char *why = NULL;

	/* What the kernel lacks comes first: no plan could change that. */
	if (!m->kernel->can(m->kernel->ctx, probe, &why))
		return why ? why : "this kernel does not have it";
	if (!(ct_hook_of(probe) & hooks))
		return "not used by this plan";
	for (unsigned int i = 0; i < CT_FEATURE_MAX; i++)
		if (row->features >> 16 & ~m->plan->features & 1u << i)
			return m->plan->feature_why_not[i];
	if (row->features && !(row->features & m->plan->features))
		return "this plan cannot read what it needs";
	return NULL;
}

static bool same_way(enum ct_probe a, enum ct_probe b)
{
	return a == b || (ct_probes[a].group && ct_probes[a].group == ct_probes[b].group &&
			  ct_hook_of(a) == ct_hook_of(b));
}

/* The first probe of the way that is taken, CT_PROBE_MAX if none of the group is yet. */
static enum ct_probe taken(const struct ct_plan *plan, enum ct_probe_group group)
{
	for (unsigned int i = 0; group && i < CT_PROBE_MAX; i++)
		if (ct_probes[i].group == group && plan->rows[i].on)
			return i;
	return CT_PROBE_MAX;
}

static const char useless_alone[] = "of no use without the others of its kind";

/* All rows of one way, of which first is the first: they go together, or not. */
static void try_way(struct making *m, enum ct_probe first)
{
	struct ct_plan *plan = m->plan;
	bool possible = true;

	for (unsigned int i = first; i < CT_PROBE_MAX; i++) {
		if (!same_way(first, i))
			continue;
		plan->rows[i].why_not = why_not(m, i);
		if (plan->rows[i].why_not && ct_probes[i].need != CT_NEED_EXTRA)
			possible = false;
	}
	for (unsigned int i = first; i < CT_PROBE_MAX; i++) {
		if (!same_way(first, i) || plan->rows[i].why_not)
			continue;
		plan->rows[i].on = possible;
		plan->rows[i].why_not = possible ? NULL : useless_alone;
	}
}

static void choose_probes(struct making *m)
{
	struct ct_plan *plan = m->plan;

	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		const char *why = not_asked(&ct_probes[i], &plan->request);

		plan->rows[i].asked = !why;
		if (why) {
			plan->rows[i].why_not = why;
			continue;
		}
		if (plan->rows[i].on || plan->rows[i].why_not) /* its way has been tried */
			continue;
		if (taken(plan, ct_probes[i].group) != CT_PROBE_MAX)
			plan->rows[i].why_not = "there is a better way";
		else
			try_way(m, i);
	}
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++)
		if (plan->rows[i].asked && !plan->rows[i].on)
			plan->rows[i].instead = taken(plan, ct_probes[i].group);
}

static bool lacks(struct ct_plan *plan, const char *what, const char *hook, const char *why)
{
	plan->plans[plan->name].what = what;
	plan->plans[plan->name].hook = hook;
	plan->plans[plan->name].why_not = why;
	return true;
}

/* Whether the plan can do nothing without this probe, and has it not. */
static bool is_missed(const struct ct_plan *plan, enum ct_probe probe)
{
	const struct ct_plan_row *limits = &ct_plans[plan->name];
	const struct ct_probe_row *row = &ct_probes[probe];

	if (row->need != CT_NEED_REQUIRED || !plan->rows[probe].asked || plan->rows[probe].on ||
	    plan->rows[probe].why_not == useless_alone || taken(plan, row->group) != CT_PROBE_MAX)
		return false;
	/* What the plan does not use is not what it lacks; but no plan has another way to see waits. */
	return row->depth == CT_DEPTH_WHY ||
	       ct_hook_of(probe) & (row->group == CT_GROUP_SEND ? limits->sends : limits->hooks);
}

/* Whether something is missing that the plan cannot do without; the plan says what. */
static bool incomplete(struct ct_plan *plan)
{
	const struct ct_plan_row *limits = &ct_plans[plan->name];
	enum ct_probe missed = CT_PROBE_MAX;

	for (unsigned int i = 0; i < CT_FEATURE_MAX; i++)
		if (limits->must & ~plan->features & 1u << i)
			return lacks(plan, ct_features[i].name, "", plan->feature_why_not[i]);
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		/* What every plan lacks says more than what this one does. */
		if (is_missed(plan, i) &&
		    (missed == CT_PROBE_MAX || ct_probes[i].depth == CT_DEPTH_WHY))
			missed = i;
	}
	return missed != CT_PROBE_MAX && lacks(plan, ct_probes[missed].program,
					       ct_probes[missed].hook, plan->rows[missed].why_not);
}

static bool make_one(struct ct_plan *plan, enum ct_plan_name name,
		     const struct ct_plan_kernel *kernel)
{
	struct making m = { plan, &ct_plans[name], kernel };

	plan->name = name;
	plan->plans[name].tried = true;
	memset(plan->rows, 0, sizeof(plan->rows));
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++)
		plan->rows[i].instead = CT_PROBE_MAX;
	find_features(&m);
	choose_probes(&m);
	return !incomplete(plan);
}

static int fail(const struct ct_plan *plan, enum ct_plan_name name, struct ct_err *err)
{
	enum ct_probe probe =
		ct_probe_by_program(plan->plans[name].what, strlen(plan->plans[name].what));
	bool forced = plan->request.plan != CT_PLAN_BEST;
	const char *others = forced ? "" : "; no weaker plan is possible either, see doctor";

	if (probe == CT_PROBE_MAX)
		return ct_fail(err, -ENOTSUP, "plan '%s' is not for this kernel: %s: %s%s",
			       ct_plans[name].name, plan->plans[name].what,
			       plan->plans[name].why_not, others);
	return ct_fail(err, -ENOTSUP,
		       "this kernel cannot host probe '%s' (%s) of plan '%s': %s; without it "
		       "coldtrace does not see %s%s%s%s%s",
		       ct_probes[probe].program, ct_probes[probe].hook, ct_plans[name].name,
		       plan->plans[name].why_not, ct_probes[probe].unseen,
		       *ct_probes[probe].since ? "; use kernel " : "", ct_probes[probe].since,
		       *ct_probes[probe].since ? " or newer" : "", others);
}

int ct_plan_make(struct ct_plan *plan, const struct ct_plan_request *req,
		 const struct ct_plan_kernel *kernel, struct ct_err *err)
{
	memset(plan, 0, sizeof(*plan));
	plan->request = *req;
	if (req->plan != CT_PLAN_BEST)
		return make_one(plan, req->plan, kernel) ? 0 : fail(plan, req->plan, err);
	for (unsigned int i = 0; i < CT_PLAN_MAX; i++)
		if (make_one(plan, i, kernel))
			return 0;
	return fail(plan, 0, err);
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

enum ct_plan_name ct_plan_by_name(const char *name)
{
	unsigned int i = 0;

	while (i < CT_PLAN_MAX && strcmp(ct_plans[i].name, name) != 0)
		i++;
	return i;
}
