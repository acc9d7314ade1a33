// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRI-O, as far as its processes tell: conmon for each container, which calls the runtime, then the
 * runtime for every step of its life. Seen in recordings of CRI-O 1.26.4, conmon 2.1.6 and runc 1.1.5 under a kubelet.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_PROGRAM, "conmon", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(START_BEGIN) },
	{ CT_SIG_PROGRAM_DONE, "runtime create", M(CREATE_END), CT_FIRST, M(CREATE_BEGIN),
	  M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime start", M(START_END), CT_FIRST, M(START_BEGIN), M(NONE) },

	{ CT_SIG_PROGRAM, "runtime kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	/* conmon has written down how it ended: nobody has anything to do until it is removed. */
	{ CT_SIG_INIT_EXIT, NULL, M(SAVED), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime delete", M(REMOVE_BEGIN), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime delete", M(REMOVE_END), CT_FIRST, M(REMOVE_BEGIN),
	  M(NONE) },
};

static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(START), M(START_BEGIN), { M(START_END) }, P(CLIENT), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	(void)ts_ns;
	if (signal == CT_SIG_PROGRAM_DONE && ct_text_is(what, "runtime delete"))
		c->removed = true;
	if (signal == CT_SIG_PROGRAM_FAILED && !c->run.marks[CT_MARK_START_END] &&
	    (ct_text_is(what, "runtime create") || ct_text_is(what, "runtime start")))
		return CT_EFFECT_FAILED;
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_crio = {
	.number = CT_FAMILY_CRIO,
	.name = "crio",
	.rules = rules,
	.rule_count = CT_RULE_COUNT(rules),
	.start = start,
	.start_count = CT_ARRAY_SIZE(start),
	.stop = stop,
	.stop_count = CT_ARRAY_SIZE(stop),
	.cri = true,
	.monitor = "conmon",
	.execs_monitored = true, /* kubelets probe so */
	.begins = { M(CREATE_BEGIN), M(START_BEGIN) },
	.opens = { M(START_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(SAVED),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.first_exec_is_init = true,
	.follow = follow,
};
