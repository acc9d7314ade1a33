/* SPDX-License-Identifier: GPL-2.0-only */
/* One block of a recording, as it lies in the file. Nothing in it is trusted. */
#pragma once

#include "source/recording/recording.h"

struct ct_chain;
struct libdeflate_decompressor;

/* After a power loss, a file system may give back zeros for what it had no time to write. */
bool ct_block_never_written(const struct ct_block *b);
/* 0, or why no block begins with that. */
int ct_block_check(const struct ct_block *b, struct ct_err *err);
/* Of a block that is there as a whole: 0, or -EBADMSG. */
int ct_block_sum(const struct ct_block *b, const char *stored, struct ct_err *err);
/*
 * Into raw; it and planes have room for CT_BLOCK_RAW_MAX. -ENOTSUP: of a later version, -EBADMSG:
 * damaged, or one before it was, on which it builds.
 */
int ct_block_decode(struct libdeflate_decompressor *zlib, struct ct_chain *chain,
		    const struct ct_block *b, const char *stored, char *raw, char *planes,
		    struct ct_err *err);
