/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is too large for a stack of 512 bytes: one of each CPU, its own of whoever wants one. What another has left in it is
 * still there.
 */
#pragma once

#include "ct_event.h"
#include <bpf/bpf_helpers.h>

/* A map of that name, and NAME_of(), which is never NULL: the verifier wants to see that it is asked. */
#define CT_SCRATCH(name, scratch_type) \
	struct { \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
		__uint(max_entries, 1); \
		__type(key, __u32); \
		__type(value, scratch_type); \
	} name SEC(".maps"); \
\
	static __always_inline scratch_type *name##_of(void) \
	{ \
		__u32 zero = 0; \
\
		return bpf_map_lookup_elem(&name, &zero); \
	}
