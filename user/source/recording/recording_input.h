/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes that a reader of a recording looks at: a window into a file, a pipe or memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "source/recording/recording.h"
#include "util/err.h"

/* Holds any block with its header, and any event of version 1: 2 * CT_BLOCK_RAW_MAX. */
#define CT_INPUT_ROOM (2 * CT_BLOCK_RAW_MAX)

/* bytes[at..end) are there. Whoever makes it opens and closes fd, and frees room. */
struct ct_input {
	int fd; /* -1: memory, all of it is there */
	char *room; /* owned, of CT_INPUT_ROOM bytes; NULL: memory */
	const char *bytes;
	size_t at, end;
	uint64_t offset; /* of bytes[at] in the recording */
};

/*
 * Makes `want` bytes be there, at most CT_INPUT_ROOM, fewer at the end: *ret_got. name is for the error.
 */
int ct_input_peek(struct ct_input *in, const char *name, size_t want, size_t *ret_got,
		  struct ct_err *err);
