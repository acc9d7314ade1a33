/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of the kernel's types (BTF), and of those of modules that have hooks, what is asked for and what programs are
 * relocated by: picked once (types_pick.h), with numbers of their own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "source/live/kernel.h"

#define CT_TYPES_PATH        "/sys/kernel/btf"
#define CT_TYPES_MODULES_MAX 8

struct btf;

struct ct_types_of {
	const char *name; /* of the module, borrowed; NULL: the kernel */
	struct btf *btf; /* owned; NULL: there is none */
	uint32_t *ids; /* owned: what the kernel calls each of them */
	uint32_t count;
};

struct ct_types {
	struct ct_types_of vmlinux, modules[CT_TYPES_MODULES_MAX];
	size_t module_count;
	int file; /* the kernel's as libbpf reads them, in memory; -1: none */
};

/* Negative errno when those of the kernel cannot be read. */
int ct_types_open(struct ct_types *types);
void ct_types_close(struct ct_types *types);

const struct btf *ct_types(const struct ct_types *types);
/* NULL: no such module is loaded, or name is empty. */
const struct ct_types_of *ct_types_module(const struct ct_types *types, const char *name);

/* What the kernel calls the type of a name: 0 if there is none. */
uint32_t ct_types_id(const struct ct_types_of *of, const char *name, uint32_t kind);

const char *ct_layout_module(enum ct_layout layout);
/* In bytes from the structure's begin, -1 if it is not known. */
int64_t ct_types_layout(const struct ct_types *types, enum ct_layout layout);
/* See ct_kernel_preempt_from_rq(). */
int64_t ct_types_preempt_from_rq(const struct ct_types *types);
