/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be said of a recording without replaying it. */
#pragma once

#include "source/recording/recording.h"

/* Columns: symbol, the word for programs, that for people. */
#define CT_RECORDING_STATES(X) \
	X(WHOLE, "whole", "whole") \
	X(GROWING, "growing", "still being written") \
	X(CUT, "cut", "cut off") \
	X(DAMAGED, "damaged", "damaged") \
	X(EMPTY, "empty", "empty")

enum ct_recording_state {
#define X(symbol, word, words) CT_RECORDING_##symbol,
	CT_RECORDING_STATES(X)
#undef X
	CT_RECORDING_STATE_MAX
};

extern const struct ct_recording_state_row {
	const char *word, *words;
} ct_recording_states[CT_RECORDING_STATE_MAX];

struct ct_recording_info {
	enum ct_recording_state state;
	struct ct_err why; /* a sentence, when it is not whole */
	struct ct_recording_header header; /* zeros when it is empty */
	uint64_t size; /* bytes of the file, 0: not known, it is a pipe */
	uint64_t blocks, events;
	uint64_t raw_bytes; /* of the events */
	uint64_t first_ns, last_ns; /* of its events; 0: none */
	uint64_t end_ns; /* when it was closed, else that of its last event */
	uint64_t kinds[CT_KIND_MAX]; /* the last one: of kinds that are not known */
	uint64_t lost[CT_LOSS_MAX];
	uint64_t runs; /* of a program; 0: there were none */
	size_t labels_len;
	char labels[512]; /* "key NUL value NUL" pairs, as they were last */
};

/*
 * Reads all of it. One that is cut off, damaged or empty has been read: 0. An error is what leaves
 * nothing to be said: there is no such file, or it is no recording.
 */
int ct_recording_info_read(struct ct_recording_info *info, const char *path, struct ct_err *err);

/* "exec"; NULL: there is no such kind. */
const char *ct_kind_name(unsigned int kind);
