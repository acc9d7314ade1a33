/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows of a family, beside rules and spans (base/marks.h). */
#pragma once

#include "core/book/book.h"
#include "core/life/proofs.h"

/* A signal with which a container that has exited starts again. */
struct ct_again {
	enum ct_signal signal;
	const char *what;
	enum ct_cause cause;
};

/* A request to the engine that makes it ask the shim. */
struct ct_cause_row {
	const char *task_method;
	const char *request;
};

/* Whose an engine's file is. */
enum ct_file_is {
	CT_FILE_OWN, /* its directory is named by the id of a container */
	CT_FILE_NETWORKS, /* one for all containers of the engine */
	CT_FILE_DATABASE, /* of whatever the process that syncs it works for */
	CT_FILE_STDIO /* goes at every stop, whether or not the container is removed */
};

/* What follows from a signal beyond marks: bits. */
enum ct_effect {
	CT_EFFECT_NONE = 0,
	CT_EFFECT_FAILED = 1, /* the start has failed with it */
	CT_EFFECT_DOUBTED = 2 /* that, unless events were lost: what ran may have ended so, too */
};

struct ct_spans {
	const struct ct_span *rows; /* in order of life */
	size_t count;
	bool whole; /* of a phase in two parts both are known, or it is not */
};

/*
 * In a virtual machine nobody sees it exit: its shim says when it was (life/dialogue.c), or it was
 * before the machine ended, or the shim was asked.
 */
#define CT_RULES_OF_MACHINES \
	{ CT_SIG_VM_EXIT, NULL, CT_MARK_EXIT, CT_FIRST, CT_MARK_TASK_START_BEGIN, CT_MARK_NONE }, \
	{ \
		CT_SIG_TASK_ANSWER, "Wait", CT_MARK_EXIT, CT_FIRST, CT_MARK_TASK_START_BEGIN, \
			CT_MARK_NONE \
	}
