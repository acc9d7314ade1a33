/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types (BTF) and those of one module, read when they are asked for. They take 6 MiB (Linux
 * 6.18), and libbpf reads them for itself when it loads: then these are put away.
 */
#pragma once

#include <stdint.h>

#include "source/live/kernel.h"

#define CT_TYPES_PATH "/sys/kernel/btf"

struct btf;

struct ct_types {
	struct btf *vmlinux;
	struct btf *module; /* of the module named last */
	const char *module_name; /* borrowed */
};

/* Read again where they have been put away. Empty, if they can't be, so that nothing is found in them. */
const struct btf *ct_types(struct ct_types *types);
/* NULL: no such module is loaded, or name is empty. Until another one is asked for. */
const struct btf *ct_types_module(struct ct_types *types, const char *name);
void ct_types_put_away(struct ct_types *types);

const char *ct_layout_module(enum ct_layout layout);
/* In bytes from the structure's begin, -1 if it is not known. */
int64_t ct_types_layout(struct ct_types *types, enum ct_layout layout);
/* See ct_kernel_preempt_from_rq(). */
int64_t ct_types_preempt_from_rq(struct ct_types *types);
