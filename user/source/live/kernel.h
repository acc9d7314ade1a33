/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel can host, and how a probe is put there. It is asked, never guessed from
 * its version. Asking leaves nothing behind: what is loaded to find out is closed at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "ct_features.h"
#include "source/live/plan.h"
#include "util/err.h"

struct bpf_link;
struct bpf_program;
struct ct_kernel;

enum ct_layout {
	CT_LAYOUT_XFS_INODE,
	CT_LAYOUT_XFS_NAME,
	CT_LAYOUT_MAX
};

/* "none", "integrity" or "confidentiality"; else why that is not known. */
void ct_kernel_lockdown(char *mode, size_t room);

int ct_kernel_open(struct ct_kernel **ret, struct ct_err *err);
void ct_kernel_close(struct ct_kernel *kernel); /* NULL is fine */

/* For struct ct_plan_kernel. */
bool ct_kernel_can(void *kernel, enum ct_probe probe, const char **why_not);
bool ct_kernel_has(void *kernel, enum ct_feature feature, const char **why_not);
/*
 * How far a CPU's preempt_count lies from its run queue, both being variables of that CPU; 0 if
 * this kernel keeps it elsewhere or does not say.
 */
int64_t ct_kernel_preempt_from_rq(struct ct_kernel *kernel);
/* Offset of a member that programs look for by themselves, -1 if its type is not known here. */
int64_t ct_kernel_layout(struct ct_kernel *kernel, enum ct_layout layout);
bool ct_kernel_has_ring(struct ct_kernel *kernel);

int ct_kernel_cast(struct ct_kernel *kernel); /* BTF number of bpf_rdonly_cast, or 0 */
void ct_kernel_cast_types(struct ct_kernel *kernel, uint32_t ret[CT_CAST_TYPE_MAX]);

/* Where libbpf finds the types that programs are relocated by, while it is open. */
void ct_kernel_types_path(const struct ct_kernel *kernel, char *path, size_t room);

/* What a program of a typed hook is loaded for. */
struct ct_kernel_target {
	uint32_t id; /* 0: of no typed hook */
	int module; /* borrowed descriptor of the module's types, 0: the kernel itself */
};

/* 0 or a negative errno. */
int ct_kernel_target(struct ct_kernel *kernel, enum ct_probe probe, struct ct_kernel_target *ret);

/* NULL and errno when it is refused. What it returns lives by a descriptor of this process alone. */
struct bpf_link *ct_kernel_attach(struct ct_kernel *kernel, enum ct_probe probe,
				  struct bpf_program *prog);
