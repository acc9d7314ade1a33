// SPDX-License-Identifier: GPL-2.0-only
/*
 * A runtime by itself: no engine, no shim, no API. All that is asked is asked by command line, and
 * the answer is the exit of the runtime, or, for `run`, the container's program itself. Watched on
 * runc 1.1.5, crun 1.8.1 and runsc 2024-07.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_PROGRAM, "runtime create", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime create", M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime run", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime run", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	/* Tells `run` from `start`: it may stay. */
	{ CT_SIG_PROGRAM, "runtime run", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_RUNS, "runtime run", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(START_END), CT_FIRST, M(START_BEGIN), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	/* Its first process was there before: what stands for it outside of its machine. */
	{ CT_SIG_PROGRAM_DONE, "runtime start", M(START_END), CT_FIRST, M(INIT_EXEC), M(NONE) },
	/* Whoever has returned by the exit does not clean up behind the container. */
	{ CT_SIG_PROGRAM_END, "runtime start", M(TASK_START_END), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM_END, "runtime run", M(TASK_START_END), CT_FIRST, M(NONE), M(EXIT) },

	{ CT_SIG_PROGRAM, "runtime kill", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM, "runtime delete", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	/* `run` in the foreground: it deletes the container, then exits with its status. */
	{ CT_SIG_PROGRAM_END, "runtime run", M(DIE_END), CT_FIRST, M(TASK_DELETE_BEGIN), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime delete", M(REMOVE_BEGIN), CT_LAST, M(NONE), M(REMOVE_END) },
	{ CT_SIG_PROGRAM_DONE, "runtime delete", M(REMOVE_END), CT_FIRST, M(NONE), M(NONE) },
};

static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(START), M(START_BEGIN), { M(START_END) }, P(CLIENT), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(TASK_DELETE_BEGIN), { M(DIE_END) }, P(UNKNOWN), true, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_again again[] = {
	{ CT_SIG_PROGRAM, "runtime create", CT_CAUSE_REQUEST },
	{ CT_SIG_PROGRAM, "runtime run", CT_CAUSE_REQUEST },
};

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	switch (signal) {
	case CT_SIG_INIT_EXIT:
		if (!m[CT_MARK_TASK_CREATE_BEGIN] || m[CT_MARK_TASK_START_END])
			m[CT_MARK_SAVED] = ts_ns; /* nobody has anything to do */
		else if (!m[CT_MARK_TASK_DELETE_BEGIN])
			m[CT_MARK_TASK_DELETE_BEGIN] = ts_ns;
		break;
	case CT_SIG_VM_EXIT:
		/* Nobody but a kill takes the machine apart before it is to be removed. */
		if (m[CT_MARK_EXIT] && !m[CT_MARK_TASK_DELETE_BEGIN] && !m[CT_MARK_REMOVE_BEGIN]) {
			m[CT_MARK_TASK_DELETE_BEGIN] = m[CT_MARK_EXIT];
			m[CT_MARK_DIE_END] = ts_ns;
		}
		break;
	case CT_SIG_PROGRAM_DONE:
		if (ct_text_is(what, "runtime delete"))
			c->removed = true;
		break;
	case CT_SIG_PROGRAM_END:
		if (ct_text_is(what, "runtime kill") && c->machine && m[CT_MARK_DIE_END] &&
		    !m[CT_MARK_REMOVE_BEGIN])
			m[CT_MARK_DIE_END] = ts_ns;
		if (ct_text_is(what, "runtime run") && m[CT_MARK_DIE_END]) {
			m[CT_MARK_SAVED] = m[CT_MARK_DIE_END];
			c->removed = true;
		}
		break;
	case CT_SIG_PROGRAM_FAILED:
		if (ct_text_is(what, "runtime delete")) /* it is still there */
			m[CT_MARK_REMOVE_BEGIN] = 0;
		if (!m[CT_MARK_EXIT] &&
		    (ct_text_is(what, "runtime kill") || ct_text_is(what, "runtime delete")))
			m[CT_MARK_STOP_BEGIN] = 0;
		if (m[CT_MARK_START_END] || m[CT_MARK_EXIT])
			break;
		if (ct_text_is(what, "runtime create") || ct_text_is(what, "runtime start"))
			return CT_EFFECT_FAILED;
		if (ct_text_is(what, "runtime run")) /* or with the status of what it ran */
			return CT_EFFECT_DOUBTED;
		break;
	default:
		break;
	}
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_bare = {
	.number = CT_FAMILY_BARE,
	.name = "none",
	CT_FAMILY_TABLES,
	.begins = { M(CREATE_BEGIN), M(START_BEGIN) },
	.opens = { M(START_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(SAVED),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.hears_itself = true,
	.first_exec_is_init = true,
	.follow = follow,
};
