/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks are the named instants of a container's life; rules say which signal sets which mark;
 * spans say which marks open and close each phase. The rows are those of a family (family.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/record.h"
#include "core/base/text.h"

/* Columns: symbol, name. The order is the order of life where there is one. */
#define CT_MARKS(X) \
	X(REFUSED_BEGIN, "refused.begin") \
	X(REFUSED_END, "refused.end") \
	X(PULL_BEGIN, "pull.begin") \
	X(PULL_END, "pull.end") \
	X(CREATE_BEGIN, "create.begin") \
	X(CREATE_END, "create.end") \
	X(ATTACH_BEGIN, "attach.begin") \
	X(ATTACH_END, "attach.end") \
	X(START_BEGIN, "start.begin") \
	X(CONNECT_BEGIN, "connect.begin") \
	X(CONNECT_END, "connect.end") \
	X(TASK_CREATE_BEGIN, "task.create.begin") \
	X(TASK_CREATE_END, "task.create.end") \
	X(TASK_START_BEGIN, "task.start.begin") \
	X(TASK_START_END, "task.start.end") \
	X(INIT_EXEC, "init.exec") \
	X(START_SAVED, "start.saved") \
	X(START_END, "start.end") \
	X(READY, "ready") \
	X(STOP_BEGIN, "stop.begin") \
	X(EXIT, "exit") \
	X(TASK_DELETE_BEGIN, "task.delete.begin") \
	X(TASK_DELETE_END, "task.delete.end") \
	X(DIE_END, "die.end") \
	X(DISCONNECT_BEGIN, "disconnect.begin") \
	X(DISCONNECT_END, "disconnect.end") \
	X(DIED, "died") \
	X(SAVED, "saved") \
	X(STOP_END, "stop.end") \
	X(REMOVE_BEGIN, "remove.begin") \
	X(UNLINKED, "unlinked") \
	X(REMOVE_END, "remove.end")

enum ct_mark {
	CT_MARK_NONE = 0,
#define X(symbol, name) CT_MARK_##symbol,
	CT_MARKS(X)
#undef X
	CT_MARK_MAX
};

/* Where a signal comes from: what a wire or a kernel event said about one container. */
enum ct_signal {
	CT_SIG_API_REQUEST, /* engine API; what: the verb */
	CT_SIG_API_ANSWER, /* what: the verb of the request; only successes */
	CT_SIG_ENGINE_REQUEST, /* one engine asks another about the container */
	CT_SIG_ENGINE_ANSWER, /* what: the request that it led to, if any */
	CT_SIG_TASK_REQUEST, /* engine to shim; what: the method */
	CT_SIG_TASK_ANSWER,
	CT_SIG_SHIM_EVENT, /* a shim has told its engine of an event; what: the topic */
	CT_SIG_SYNC, /* the engine syncs a state file; what: its name up to the first digit */
	CT_SIG_UNLINK, /* the engine removes a file of the container; what: its name */
	CT_SIG_PROGRAM, /* a program was executed for it; what: its step ("runtime create") */
	CT_SIG_PROGRAM_RUNS, /* it was executed for it before tracing began */
	CT_SIG_PROGRAM_DONE, /* it exited with status 0 */
	CT_SIG_PROGRAM_FAILED, /* it exited with another, or was killed */
	CT_SIG_PROGRAM_END, /* after either of these */
	CT_SIG_INIT_EXEC,
	CT_SIG_INIT_EXIT,
	CT_SIG_VM_EXIT, /* the last process of its virtual machine has exited */
	CT_SIG_MAX
};

#define CT_MARK_LIST 4 /* how many marks a list of them has at most; shorter ones end with NONE */

enum ct_keep {
	CT_FIRST,
	CT_LAST
};

struct ct_rule {
	enum ct_signal signal;
	const char *what; /* NULL: anything */
	enum ct_mark mark;
	enum ct_keep keep; /* of several signals, which one counts */
	enum ct_mark after; /* only once this mark is set; NONE: always */
	enum ct_mark before; /* only until this mark is set; NONE: always */
};

/* What a phase lasts from and to. Rows are in order of life. */
struct ct_span {
	enum ct_phase phase;
	enum ct_mark from;
	enum ct_mark to[4]; /* the latest that is set, not beyond the next span's begin */
	enum ct_phase gap; /* what the time before it is, if there is any */
	bool optional; /* absent, not unknown, when its begin is not set */
	enum ct_mark past; /* once set, the phase is over, whether or not its end was seen */
};

/* In which order an engine does things, if its generations differ (life/family.h). */
enum ct_order {
	CT_ORDER_UNKNOWN, /* nothing has shown it yet */
	CT_ORDER_FIRST,
	CT_ORDER_OTHER
};

extern const char *const ct_mark_names[CT_MARK_MAX];

/* Texts are compared last: most rows are over, or not yet to come. */
static inline bool ct_rule_matches(const struct ct_rule *rule, enum ct_signal signal,
				   struct ct_text what, const uint64_t marks[CT_MARK_MAX])
{
	if (rule->signal != signal || (rule->keep == CT_FIRST && marks[rule->mark]))
		return false;
	if ((rule->before && marks[rule->before]) || (rule->after && !marks[rule->after]))
		return false;
	return !rule->what || ct_text_starts(what, rule->what);
}
