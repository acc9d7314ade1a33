/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program of a test measures around its own calls, by its own clock. */
#ifndef TESTS_CLOCKED_H
#define TESTS_CLOCKED_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CLOCKED_EMPTY_ROUNDS 4096

static inline uint64_t clocked_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static inline int clocked_by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts TIMES, N of them and at least one. Returns the median. */
static inline uint64_t clocked_median(uint64_t *times, size_t n)
{
	qsort(times, n, sizeof(times[0]), clocked_by_value);
	return times[n / 2];
}

/*
 * Returns the median, in ns, of a call that does nothing: the way into the kernel and back, which no
 * tracer inside of it sees, and the clock. 0.1 us on bare metal, 1 us where a hypervisor takes each call.
 */
static inline uint64_t clocked_empty(void)
{
	static uint64_t times[CLOCKED_EMPTY_ROUNDS];

	for (size_t i = 0; i < CLOCKED_EMPTY_ROUNDS; i++) {
		uint64_t begin = clocked_now();

		syscall(SYS_getppid);
		times[i] = clocked_now() - begin;
	}
	return clocked_median(times, CLOCKED_EMPTY_ROUNDS);
}

#endif
