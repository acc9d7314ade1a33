// SPDX-License-Identifier: GPL-2.0-only
/*
 * The evidence behind every row was watched on dockerd 20.10.24, containerd 1.6.20 and runc 1.1.5
 * beside `docker events` of the same run; docs/how-it-works.md has the figures.
 */
#include "marks.h"

#define M(symbol) CT_MARK_##symbol

const struct ct_rule ct_rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_API_ANSWER, "create", M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_API_REQUEST, "attach", M(ATTACH_BEGIN), CT_FIRST, M(NONE), M(TASK_CREATE_BEGIN) },
	{ CT_SIG_API_ANSWER, "attach", M(ATTACH_END), CT_FIRST, M(ATTACH_BEGIN), M(EXIT) },
	{ CT_SIG_API_REQUEST, "start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	/* dockerd writes the host config right after the endpoint has joined, just behind its
	 * `connect` event (daemon/container_operations.go, allocateNetwork). */
	{ CT_SIG_SYNC, ".tmp-hostconfig.json", M(CONNECT_END), CT_FIRST, M(START_BEGIN),
	  M(TASK_CREATE_BEGIN) },
	{ CT_SIG_TASK_REQUEST, "Create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Create", M(TASK_CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Start", M(TASK_START_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	/* A start that nobody asked for by API (restart policy) ends with the saved state. */
	{ CT_SIG_SYNC, ".tmp-config.v", M(START_SAVED), CT_FIRST, M(TASK_START_END), M(NONE) },
	{ CT_SIG_API_ANSWER, "start", M(START_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_API_ANSWER, "restart", M(START_END), CT_FIRST, M(TASK_START_END), M(NONE) },

	{ CT_SIG_API_REQUEST, "stop", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_API_REQUEST, "kill", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_API_REQUEST, "restart", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_API_REQUEST, "delete", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_REQUEST, "Delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(TASK_DELETE_END), CT_FIRST, M(NONE), M(NONE) },
	/* containerd answers dockerd's DeleteTask; 0.3 ms later dockerd emits `die`. */
	{ CT_SIG_ENGINE_ANSWER, "delete-task", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	/* With the network gone and the root file system unmounted, dockerd turns to containerd to
	 * delete the container. The core moves the mark back to the network store's last sync when
	 * that can only be this container's. */
	{ CT_SIG_ENGINE_REQUEST, NULL, M(DISCONNECT_END), CT_FIRST, M(DIE_END), M(NONE) },
	{ CT_SIG_SYNC, ".tmp-config.v", M(SAVED), CT_LAST, M(DISCONNECT_END), M(REMOVE_BEGIN) },
	{ CT_SIG_API_ANSWER, "stop", M(STOP_END), CT_LAST, M(EXIT), M(NONE) },
	{ CT_SIG_API_REQUEST, "delete", M(REMOVE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_UNLINK, NULL, M(UNLINKED), CT_LAST, M(DISCONNECT_END), M(NONE) },
	{ CT_SIG_API_ANSWER, "delete", M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};
const size_t ct_rule_count = sizeof(ct_rules) / sizeof(ct_rules[0]);

#define P(symbol) CT_PHASE_##symbol

const struct ct_span ct_start_spans[] = {
	/* phase, from, to, gap before it, optional */
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true },
	{ P(ATTACH), M(ATTACH_BEGIN), { M(ATTACH_END) }, P(CLIENT), true },
	{ P(CONNECT), M(START_BEGIN), { M(CONNECT_END) }, P(CLIENT), false },
	{ P(START), M(CONNECT_END), { M(START_END), M(START_SAVED) }, P(UNKNOWN), false },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false },
};
const size_t ct_start_span_count = sizeof(ct_start_spans) / sizeof(ct_start_spans[0]);

const struct ct_span ct_stop_spans[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false },
	{ P(DISCONNECT), M(DIE_END), { M(DISCONNECT_END) }, P(UNKNOWN), false },
	{ P(DESTROY), M(DISCONNECT_END), { M(STOP_END), M(SAVED), M(UNLINKED) }, P(UNKNOWN), true },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END), M(UNLINKED) }, P(CLIENT), true },
};
const size_t ct_stop_span_count = sizeof(ct_stop_spans) / sizeof(ct_stop_spans[0]);

const char *const ct_mark_names[CT_MARK_MAX] = {
#define X(symbol, name) [CT_MARK_##symbol] = name,
	CT_MARKS(X)
#undef X
};

bool ct_rule_matches(const struct ct_rule *rule, enum ct_signal signal, struct ct_text what,
		     const uint64_t marks[CT_MARK_MAX])
{
	if (rule->signal != signal || (rule->what && !ct_text_starts(what, rule->what)))
		return false;
	if (rule->after && !marks[rule->after])
		return false;
	if (rule->before && marks[rule->before])
		return false;
	return rule->keep == CT_LAST || !marks[rule->mark];
}
