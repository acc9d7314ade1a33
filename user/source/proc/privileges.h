/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which capability serves what, what is lost without it, and which outlive the attaching. A table
 * and what follows from it; pure: whoever asks says what is held.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define CT_CAP_BIT(cap) (UINT64_C(1) << (cap))

enum ct_privilege_need {
	CT_PRIVILEGE_REQUIRED, /* no tracing without it */
	CT_PRIVILEGE_WANTED, /* every run says what it does not see without it */
	CT_PRIVILEGE_SPARE /* on some kernels or nodes only, or instead of others */
};

enum ct_privilege_after {
	CT_PRIVILEGE_DROPPED, /* once the probes are attached */
	CT_PRIVILEGE_KEPT, /* for what is looked up about new containers and engines */
	CT_PRIVILEGE_KEPT_FOR_COMMAND, /* if there is a traced program */
	CT_PRIVILEGE_KEPT_FOR_SANDBOXES /* if gVisor's sandboxes are listened to */
};

struct ct_privilege {
	const char *name;
	int cap;
	enum ct_privilege_need need;
	enum ct_privilege_after after;
	const char *purpose; /* what coldtrace does with it */
	const char *unseen; /* a list of what it does not see, or cannot do, without it */
};

/* Ends with a row without a name. */
extern const struct ct_privilege ct_privileges[];
extern const char *const ct_privilege_need_names[];

/* How to get one, as the end of a sentence. */
#define CT_PRIVILEGE_GRANT "run it with sudo, or grant it as coldtrace(8) says under PRIVILEGES"

/* Whether what is held serves the row: CAP_SYS_ADMIN stands in for what was split off from it. */
bool ct_privilege_held(const struct ct_privilege *row, uint64_t own);

/* Fails with a sentence that names what is missing of what is required. */
int ct_privileges_check(uint64_t own, bool user_namespace, struct ct_err *err);

/*
 * Whether pids that the kernel tells, which are those of the host's pid namespace, mean the same in
 * /proc: as ct_pid_view() says. Fails with a sentence.
 */
int ct_pids_check(const char *space, const char *self, uint32_t pid, struct ct_err *err);

/* Why /proc/kallsyms hides addresses from who holds this, under that kernel.kptr_restrict; what to do. */
const char *ct_privileges_symbols(uint64_t own, int kptr_restrict);

/* What is kept once the probes are attached. */
uint64_t ct_privileges_kept(bool with_command, bool with_sandboxes);
