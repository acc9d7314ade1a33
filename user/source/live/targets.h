/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs of typed hooks are loaded for, by the numbers that the kernel has for its types. */
#pragma once

#include "source/live/kernel.h"
#include "source/live/types.h"

/* Descriptors of modules' types, for as long as programs are loaded. */
struct ct_target_modules {
	struct {
		const char *name; /* borrowed */
		int fd; /* owned */
	} items[CT_TYPES_MODULES_MAX];
	size_t count;
};

int ct_target_find(const struct ct_types *types, struct ct_target_modules *modules,
		   enum ct_probe probe, struct ct_kernel_target *ret);
void ct_target_modules_close(struct ct_target_modules *modules);
