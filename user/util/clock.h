/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t ct_clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* The clock of events: bpf_ktime_get_ns() is CLOCK_MONOTONIC. */
static inline uint64_t ct_mono_ns(void)
{
	return ct_clock_ns(CLOCK_MONOTONIC);
}

/*
 * The tightest of a few readings: a preemption between the two clocks would be an error. The
 * offset is right to within *ret_error_ns either way.
 */
static inline int64_t ct_wall_minus_mono_ns(uint32_t *ret_error_ns)
{
	uint64_t best = UINT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < 8; i++) {
		uint64_t a = ct_mono_ns(), wall = ct_clock_ns(CLOCK_REALTIME), b = ct_mono_ns();

		if (b - a < best) {
			best = b - a;
			offset = (int64_t)(wall - (a + (b - a) / 2));
		}
	}
	best = (best + 1) / 2;
	*ret_error_ns = best < UINT32_MAX ? (uint32_t)best : UINT32_MAX;
	return offset;
}
