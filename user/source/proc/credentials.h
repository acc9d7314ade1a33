/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process may do, by the kernel's own account, and giving it up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/* Whether this is another user namespace than the first: its capabilities do not count for bpf(2). */
bool ct_in_user_namespace(void);

/*
 * Which processes /proc shows, as it says itself. Strings are empty where it says nothing: it is not
 * mounted, or shows a pid namespace in which this process is not.
 */
struct ct_pid_view {
	char space[64]; /* where /proc/self/ns/pid leads: the pid namespace of this process */
	char self[32]; /* where /proc/self leads: this process, as /proc numbers it */
	uint32_t pid; /* as it numbers itself */
};

struct ct_pid_view ct_pid_view(void);

/*
 * Everything that tracing takes of this process: capabilities, the first user namespace, and that the
 * pids that the kernel tells are those that /proc shows. Fails with a sentence.
 */
int ct_may_trace(struct ct_err *err);

/* Whether a filter looks at the system calls of this process. */
bool ct_seccomp_filtered(void);

/* Only these of the held capabilities stay effective; the others can be had back. */
int ct_caps_lower(uint64_t keep, struct ct_err *err);

/*
 * All but these are given up for good: no permitted, inheritable, ambient or (if it may) bounding
 * capability is left beside them, and no program that is executed gains any.
 */
int ct_caps_keep(uint64_t keep, struct ct_err *err);

/* Why the kernel refuses bpf(2) with this error although the capabilities are there. */
const char *ct_bpf_refusal(int code);
