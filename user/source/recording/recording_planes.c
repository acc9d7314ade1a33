// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_planes.h"

#include <string.h>

#include "ct_event.h"

#define HEAD  sizeof(struct ct_event)
#define GROUP 8 /* planes that are turned at once */
#define RUN   16 /* and the events of them: bytes of a vector */
_Static_assert(HEAD % GROUP == 0, "planes come in whole groups");

/* Sixteen bytes, two of which are interleaved by bytes, then pairs, then fours of bytes. */
typedef uint8_t bytes16 __attribute__((vector_size(RUN)));
typedef uint16_t pairs8 __attribute__((vector_size(RUN)));
typedef uint32_t fours4 __attribute__((vector_size(RUN)));

void ct_planes_pack(char *to, const char *events, size_t len, uint32_t count)
{
	char *tails = to + count * HEAD;
	size_t at = 0;

	for (uint32_t i = 0; i < count && at < len; i++) {
		const struct ct_event *e = (const struct ct_event *)(events + at);

		for (size_t k = 0; k < HEAD; k++)
			to[k * count + i] = events[at + k];
		memcpy(tails, e->tail, e->len - HEAD);
		tails += e->len - HEAD;
		at += e->len;
	}
}

static bytes16 bytes_low(bytes16 a, bytes16 b)
{
	return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
				       23);
}

static bytes16 bytes_high(bytes16 a, bytes16 b)
{
	return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30,
				       15, 31);
}

static bytes16 pairs_low(bytes16 a, bytes16 b)
{
	return (bytes16)__builtin_shufflevector((pairs8)a, (pairs8)b, 0, 8, 1, 9, 2, 10, 3, 11);
}

static bytes16 pairs_high(bytes16 a, bytes16 b)
{
	return (bytes16)__builtin_shufflevector((pairs8)a, (pairs8)b, 4, 12, 5, 13, 6, 14, 7, 15);
}

static void put(char to[RUN][HEAD], size_t at, size_t event, bytes16 low, bytes16 high)
{
	bytes16 two = (bytes16)__builtin_shufflevector((fours4)low, (fours4)high, 0, 4, 1, 5);
	bytes16 next = (bytes16)__builtin_shufflevector((fours4)low, (fours4)high, 2, 6, 3, 7);

	memcpy(&to[event][at], &two, GROUP);
	memcpy(&to[event + 1][at], (const char *)&two + GROUP, GROUP);
	memcpy(&to[event + 2][at], &next, GROUP);
	memcpy(&to[event + 3][at], (const char *)&next + GROUP, GROUP);
}

/* Byte j of plane k becomes byte k of event j. */
static void turn(char to[RUN][HEAD], size_t at, const char *planes, uint32_t count)
{
	bytes16 x[GROUP], low[GROUP / 2], high[GROUP / 2];

#pragma GCC unroll 8
	for (size_t k = 0; k < GROUP; k++)
		memcpy(&x[k], planes + k * count, sizeof(x[k]));
#pragma GCC unroll 4
	for (size_t k = 0; k < GROUP / 2; k++) {
		low[k] = bytes_low(x[2 * k], x[2 * k + 1]);
		high[k] = bytes_high(x[2 * k], x[2 * k + 1]);
	}
	put(to, at, 0, pairs_low(low[0], low[1]), pairs_low(low[2], low[3]));
	put(to, at, 4, pairs_high(low[0], low[1]), pairs_high(low[2], low[3]));
	put(to, at, 8, pairs_low(high[0], high[1]), pairs_low(high[2], high[3]));
	put(to, at, 12, pairs_high(high[0], high[1]), pairs_high(high[2], high[3]));
}

/* The headers of events i.. of count; as many as there are, at most RUN. */
static void heads(char to[RUN][HEAD], const char *planes, uint32_t count, uint32_t i, uint32_t n)
{
	if (n == RUN) {
		for (size_t at = 0; at < HEAD; at += GROUP)
			turn(to, at, planes + at * count + i, count);
		return;
	}
	for (uint32_t j = 0; j < n; j++) {
		for (size_t k = 0; k < HEAD; k++)
			to[j][k] = planes[k * count + i + j];
	}
}

bool ct_planes_unpack(char *events, const char *planes, size_t len, uint32_t count)
{
	const char *tails = planes + count * HEAD;
	char run[RUN][HEAD];
	size_t left; /* of the tails */

	if (count > len / HEAD)
		return false;
	left = len - count * HEAD;
	for (uint32_t i = 0; i < count; i += RUN) {
		uint32_t n = count - i < RUN ? count - i : RUN;

		heads(run, planes, count, i, n);
		for (uint32_t j = 0; j < n; j++) {
			const char *head = run[j];
			__u16 event_len; /* begins the head */
			size_t tail;

			memcpy(&event_len, head, sizeof(event_len));
			tail = event_len - HEAD;
			if (event_len < HEAD || tail > left)
				return false;
			memcpy(events, head, HEAD);
			memcpy(events + HEAD, tails, tail);
			tails += tail;
			left -= tail;
			events += event_len;
		}
	}
	return !left;
}
