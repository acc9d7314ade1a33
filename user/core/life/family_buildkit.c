// SPDX-License-Identifier: GPL-2.0-only
/*
 * BuildKit, inside dockerd or a daemon of its own: it has its runtime run each step, with no shim and no API
 * between them (executor/runcexecutor of moby/buildkit), and since 0.13 delete it as a step of its own.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_PROGRAM, "runtime run", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(START_BEGIN), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime kill", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_END, "runtime run", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM_END, "runtime delete", M(REMOVE_END), CT_LAST, M(DIE_END), M(NONE) },
};

static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(START), M(START_BEGIN), { M(INIT_EXEC) }, P(CLIENT), false, M(NONE) },
	{ P(RUN), M(INIT_EXEC), { M(EXIT) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END), M(REMOVE_END) }, P(UNKNOWN), false, M(NONE) },
};

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	(void)ts_ns;
	if (signal == CT_SIG_PROGRAM_END && ct_text_is(what, "runtime run"))
		c->removed = c->run.marks[CT_MARK_EXIT];
	if (signal == CT_SIG_PROGRAM_FAILED && ct_text_is(what, "runtime run") &&
	    !c->run.marks[CT_MARK_INIT_EXEC])
		return CT_EFFECT_DOUBTED;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_buildkit = {
	.number = CT_FAMILY_BUILDKIT,
	.name = "buildkit",
	CT_FAMILY_LIVES,
	.build = true,
	.begins = { M(START_BEGIN) },
	.opens = { M(START_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(DIE_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.hears_itself = true,
	.first_exec_is_init = true,
	.follow = follow,
};
