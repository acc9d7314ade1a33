/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the programs read memory, put right between libbpf and the kernel.
 *
 * libbpf takes reads of user memory away. It tries bpf_probe_read_kernel, and where that
 * is refused it makes both bpf_probe_read_kernel and bpf_probe_read_user the bpf_probe_read of
 * kernels before 5.5 (bpf_object__sanitize_prog() in libbpf.c, 1.1). Under lockdown=confidentiality
 * the first is refused too, but bpf_probe_read_user is not, and bpf_probe_read is.
 *
 * The kernel function bpf_rdonly_cast is called by the number that this kernel has for it, and programs of typed
 * hooks are loaded for the numbers of these: libbpf would read all types of the kernel to find them.
 */
#pragma once

#include "source/live/plan.h"

struct ct_kernel;

/* Before the object is opened; cast: BTF number of bpf_rdonly_cast, or 0. 0 or a negative errno. */
int ct_reads_keep(int cast);

/* Before it is loaded: where a program of a typed hook goes. 0 or a negative errno. */
int ct_reads_target(struct ct_kernel *kernel, enum ct_probe probe);
