/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events in few bytes: what each shares with those before it is said by its place in a list of what was said
 * last. Inside of CT_CODEC_CHAIN. Writer and reader remember the same, from block to block.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/recording/recording.h"
#include "source/recording/recording_recent.h"

#define CT_ROW_LEN    9 /* kind, flags, sub, tail_len, tgid, root, ret, obj, arg: a byte each */
#define CT_ROW_PLANES 3 /* and a byte each in planes of their own: tid, time, duration */
#define CT_ROW_KINDS  48 /* lists of ret, obj and arg: by kind */
#define CT_ROW_PAIRS  1024

struct ct_rows_memory {
	uint64_t ts_ns;
	struct ct_recent tgid, tid, root;
	struct ct_recent ret[CT_ROW_KINDS], obj[CT_ROW_KINDS], arg[CT_ROW_KINDS];
	/* Which arg came last with an obj of a kind. */
	struct ct_row_pair {
		uint64_t kind, obj, arg;
	} pairs[CT_ROW_PAIRS];
	struct ct_words words;
};

void ct_rows_begin(struct ct_rows_memory *m);

/* A part of what is stored. */
struct ct_bytes {
	uint8_t *at, *end;
};

struct ct_rows {
	struct ct_bytes heads; /* CT_ROW_LEN for each event, then the planes */
	struct ct_bytes numbers, text; /* what was not in a list; tails */
	/* What nothing makes smaller: the lower bytes of times and durations, new words. */
	struct ct_bytes times, durs, words;
};

/*
 * `at` of each moves behind what was written or read. False: there is no room, or an event is not as the
 * kernel makes them, with nothing but zeros behind its tail.
 */
bool ct_rows_pack(struct ct_rows_memory *m, struct ct_rows *to, const char *events, size_t len,
		  uint32_t count);
/* False: it is damaged. All of numbers, text, durations and words was read, and all of len written. */
bool ct_rows_unpack(struct ct_rows_memory *m, struct ct_rows *from, char *events, size_t len,
		    uint32_t count);
