// SPDX-License-Identifier: GPL-2.0-only
/*
 * containerd by itself, as `ctr`, nerdctl and others use it: a client makes a snapshot, a container,
 * a task of it, and takes them apart again, each with a request of its own. It makes no network.
 * Watched on containerd 1.6.20 beside `ctr events` of the same run; services/{snapshots,containers,
 * tasks}/local.go of 1.6 say what is done before which answer.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_ENGINE_REQUEST, "Snapshots/Prepare", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, "Containers/Create", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, "Containers/Create", M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	/* A client that is not heard leaves what it led to. */
	{ CT_SIG_ENGINE_REQUEST, "Tasks/Create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "shim spawn", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Create", M(TASK_CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, "Tasks/Create", M(TASK_CREATE_END), CT_LAST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, "Tasks/Start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, "Tasks/Start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Start", M(START_END), CT_FIRST, M(NONE), M(START_BEGIN) },
	{ CT_SIG_ENGINE_ANSWER, "Tasks/Start", M(START_END), CT_FIRST, M(NONE), M(NONE) },

	{ CT_SIG_TASK_REQUEST, "Kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_ENGINE_REQUEST, "Tasks/Kill", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	CT_RULES_OF_MACHINES,
	{ CT_SIG_SHIM_EVENT, "/tasks/exit", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, "Tasks/Delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(TASK_DELETE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, "Tasks/Delete", M(TASK_DELETE_END), CT_LAST, M(EXIT), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, "Snapshots/Remove", M(REMOVE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_REQUEST, "Containers/Delete", M(REMOVE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, "Snapshots/Remove", M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, "Containers/Delete", M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(TASK_CREATE_BEGIN) },
	{ P(CREATE),
	  M(TASK_CREATE_BEGIN),
	  { M(TASK_CREATE_END) },
	  P(CLIENT),
	  false,
	  M(TASK_START_BEGIN) },
	{ P(START), M(TASK_START_BEGIN), { M(START_END) }, P(CLIENT), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DIE), M(TASK_DELETE_BEGIN), { M(TASK_DELETE_END) }, P(CLIENT), true, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

/* An id may be used again once its container is removed, a container may get another task. */
static const struct ct_again again[] = {
	{ CT_SIG_ENGINE_REQUEST, "Snapshots/Prepare", CT_CAUSE_REQUEST },
	{ CT_SIG_ENGINE_REQUEST, "Containers/Create", CT_CAUSE_REQUEST },
	{ CT_SIG_ENGINE_REQUEST, "Tasks/Create", CT_CAUSE_REQUEST },
	{ CT_SIG_TASK_REQUEST, "Create", CT_CAUSE_REQUEST },
};

static const struct ct_cause_row causes[] = {
	{ "Create", "Tasks/Create" },
	{ "Start", "Tasks/Start" },
	{ "Kill", "Tasks/Kill" },
	{ "Delete", "Tasks/Delete" },
};

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	(void)ts_ns;
	if (signal == CT_SIG_ENGINE_ANSWER && ct_text_is(what, "Containers/Delete"))
		c->removed = true;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_containerd = {
	.number = CT_FAMILY_CONTAINERD,
	.name = "containerd",
	.engine = "containerd",
	.named_by_id = true,
	.grpc = true,
	CT_FAMILY_TABLES,
	CT_FAMILY_CAUSES,
	.fails = { "Tasks/Create", "Tasks/Start" },
	.begins = { M(CREATE_BEGIN), M(TASK_CREATE_BEGIN) },
	.opens = { M(TASK_CREATE_BEGIN) },
	.asked = M(TASK_CREATE_BEGIN),
	.stopped = M(DIE_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.follow = follow,
};
