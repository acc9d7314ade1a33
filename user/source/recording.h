/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording: a header, then the events, byte for byte as they came. Everything can be computed
 * from it again. The reader trusts nothing in it: recordings come from anywhere.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ct_event.h"
#include "util/err.h"

#define CT_RECORDING_MAGIC   "coldtrac"
#define CT_RECORDING_ORDER   0x01020304u
#define CT_RECORDING_VERSION 1

struct ct_recording_header {
	char magic[8];
	__u32 byte_order;
	__u16 version; /* changes when old bytes change meaning */
	__u16 header_len; /* events begin here: later minor versions add at the end */
	__s64 wall_minus_mono_ns;
	__u64 begin_ns; /* CLOCK_MONOTONIC */
	__u32 depth; /* 0: phases, 1: steps */
	__u32 reserved;
	char kernel[64]; /* uname -r, NUL-terminated */
	char program[24]; /* version of coldtrace, NUL-terminated */
};
_Static_assert(sizeof(struct ct_recording_header) == 128, "the header is an ABI");

struct ct_recorder {
	FILE *out;
	const char *path; /* borrowed */
};

int ct_recorder_open(struct ct_recorder *r, const char *path,
		     const struct ct_recording_header *header, struct ct_err *err);
int ct_recorder_write(struct ct_recorder *r, const struct ct_event *e, struct ct_err *err);
int ct_recorder_close(struct ct_recorder *r, struct ct_err *err); /* also after a failure */

/* Reads and checks the header alone. */
int ct_recording_peek(const char *path, struct ct_recording_header *ret_header, struct ct_err *err);

typedef void (*ct_replay_fn)(void *ctx, const struct ct_event *e);

/*
 * Reads a whole recording. Events of kinds that this program does not know are handed over too.
 * A file that ends in the middle of an event is read up to there and *ret_cut is set to how many
 * bytes are left; anything else that is wrong is an error that names the offset.
 */
int ct_replay(const char *path, struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
	      uint64_t *ret_cut, struct ct_err *err);

/* The same on bytes in memory; name is for messages. */
int ct_replay_bytes(const char *name, const void *bytes, size_t len,
		    struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
		    uint64_t *ret_cut, struct ct_err *err);

/* This host and this moment. */
void ct_recording_header_fill(struct ct_recording_header *header, bool steps);
