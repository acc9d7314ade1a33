/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that the kubelet has executed in a container: again and again, to see whether it serves, and once. */
#pragma once

#include "core/record.h"

#define CT_HOOKS_MAX 4

/* One without a limit: a hook, as a rule. The kubelet asks for nothing else of its pod until that has ended. */
struct ct_hook {
	uint64_t begin_ns, end_ns; /* 0: it goes on */
};

struct ct_probes {
	struct ct_hook hooks[CT_HOOKS_MAX]; /* the first of them */
	size_t hook_count;
	size_t count;
	struct {
		uint32_t command; /* hash of it */
		bool known; /* to be one, and no other command */
		struct ct_probed told;
	} each[CT_PROBES_MAX];
};
