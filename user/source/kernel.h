/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel can host, and how a probe is put there. It is asked, never guessed from
 * its version, and asking changes nothing on the machine.
 */
#pragma once

#include <stdbool.h>

#include "source/plan.h"
#include "util/err.h"

struct bpf_link;
struct bpf_program;
struct ct_kernel;

int ct_kernel_open(struct ct_kernel **ret, struct ct_err *err);
void ct_kernel_close(struct ct_kernel *kernel); /* NULL is fine */

bool ct_kernel_can(void *kernel, enum ct_probe probe, const char **why_not); /* a ct_can_fn */
bool ct_kernel_has_ring(const struct ct_kernel *kernel);

/* NULL and errno when it is refused. What it returns lives by a descriptor of this process alone. */
struct bpf_link *ct_kernel_attach(struct ct_kernel *kernel, enum ct_probe probe,
				  struct bpf_program *prog);
