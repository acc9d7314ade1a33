// SPDX-License-Identifier: GPL-2.0-only
/* An engine that nobody has: zappd starts zapmon for each container, which calls the runtime. */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_PROGRAM, "zapmon", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime create", M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime start", M(START_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime delete", M(REMOVE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime delete", M(REMOVE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime delete", M(SAVED), CT_FIRST, M(NONE), M(NONE) },
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

const struct ct_family ct_family_zapp = {
	.number = CT_FAMILY_ZAPP,
	.name = "zapp",
	CT_FAMILY_LIVES,
	.monitor = "zapmon",
	.begins = { M(CREATE_BEGIN), M(START_BEGIN) },
	.opens = { M(START_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(SAVED),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.first_exec_is_init = true,
};
