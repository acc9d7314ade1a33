// SPDX-License-Identifier: GPL-2.0-only
#include "recording_planes.h"

#include <endian.h>
#include <string.h>

#include "ct_event.h"

#define HEAD   sizeof(struct ct_event)
#define SQUARE 8 /* bytes of a word: so many planes and events are turned at once */
_Static_assert(HEAD % SQUARE == 0, "planes come in groups of a word");

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

/* Swaps the upper right quarter of two by two fields of `bits` with the lower left one. */
static void swap(uint64_t *upper, uint64_t *lower, unsigned bits, uint64_t mask)
{
	uint64_t t = (*upper >> bits ^ *lower) & mask;

	*lower ^= t;
	*upper ^= t << bits;
}

/* Byte j of word k becomes byte k of word j. */
static void turn(uint64_t x[SQUARE])
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		swap(&x[i], &x[i + 4], 32, 0x00000000ffffffffull);
#pragma GCC unroll 4
	for (int i = 0; i < 8; i += i & 1 ? 3 : 1)
		swap(&x[i], &x[i + 2], 16, 0x0000ffff0000ffffull);
#pragma GCC unroll 4
	for (int i = 0; i < 8; i += 2)
		swap(&x[i], &x[i + 1], 8, 0x00ff00ff00ff00ffull);
}

/* The headers of events i.. of count; as many as there are, at most SQUARE. */
static void heads(char to[SQUARE][HEAD], const char *planes, uint32_t count, uint32_t i, uint32_t n)
{
	if (n < SQUARE) {
		for (uint32_t j = 0; j < n; j++) {
			for (size_t k = 0; k < HEAD; k++)
				to[j][k] = planes[k * count + i + j];
		}
		return;
	}
	for (size_t group = 0; group < HEAD; group += SQUARE) {
		uint64_t x[SQUARE];

#pragma GCC unroll 8
		for (size_t k = 0; k < SQUARE; k++) {
			memcpy(&x[k], planes + (group + k) * count + i, sizeof(x[k]));
			x[k] = le64toh(x[k]);
		}
		turn(x);
#pragma GCC unroll 8
		for (size_t j = 0; j < SQUARE; j++) {
			x[j] = htole64(x[j]);
			memcpy(&to[j][group], &x[j], sizeof(x[j]));
		}
	}
}

bool ct_planes_unpack(char *events, const char *planes, size_t len, uint32_t count)
{
	const char *tails = planes + count * HEAD;
	char square[SQUARE][HEAD];
	size_t at = 0;

	if (count > len / HEAD)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = count - i < SQUARE ? count - i : SQUARE;
		const char *head = square[i % SQUARE];
		__u16 event_len; /* begins the head */
		size_t tail;

		if (i % SQUARE == 0)
			heads(square, planes, count, i, n);
		memcpy(&event_len, head, sizeof(event_len));
		tail = event_len - HEAD;
		/* What is left is the rest of the heads and the rest of the tails. */
		if (event_len < HEAD || tail > len - at - (count - i) * HEAD)
			return false;
		memcpy(events + at, head, HEAD);
		memcpy(events + at + HEAD, tails, tail);
		tails += tail;
		at += event_len;
	}
	return at == len;
}
