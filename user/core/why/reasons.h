/* SPDX-License-Identifier: GPL-2.0-only */
/* From the functions in which a thread waits to the reason: a table, pure. */
#pragma once

#include "core/record.h"
#include "core/base/text.h"

struct ct_wait_cause {
	enum ct_reason reason;
	/* LOCK: which; static. Else NULL. */
	const char *what;
	/* The function that says it best; points into the stack. */
	struct ct_text function;
	/* It ended when another thread did something, and who that was is worth following. */
	bool handed;
	/* The thread was stopped, by a signal or a freezer. */
	bool stopped;
};

/* Names of functions with NUL between them, innermost first, as in a STACK event. */
struct ct_wait_cause ct_cause_of(struct ct_text stack);
