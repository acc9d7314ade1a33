/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks that build on one another (CT_CODEC_CHAIN): what an event shares with those before it, also with
 * those of the blocks before, is not stored again. docs/recording.md has the format. A chain ends after
 * CT_CHAIN_LEN bytes of events or CT_CHAIN_NS, so that what a damaged block takes with it has an end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/recording/recording.h"

#define CT_CHAIN_LEN (1u << 20)
#define CT_CHAIN_NS  20000000000ull

/* What is stored begins with it. Then: times, durations, words; then what zstd makes of the rest. */
struct ct_chain_head {
	__u32 after; /* CRC of the block before, which it builds on; 0: a chain begins */
	__u32 mixed_len; /* of what zstd gives, at most CT_BLOCK_RAW_MAX */
	__u32 numbers_len; /* of it: numbers */
	__u32 durs_len, words_len;
};
_Static_assert(sizeof(struct ct_chain_head) == 20, "the head of what is stored is an ABI");

struct ct_chain;

/* For who writes, or for who reads. NULL: no memory. */
struct ct_chain *ct_chain_new(bool write);
void ct_chain_free(struct ct_chain *chain); /* NULL is fine */

/*
 * Of `count` whole events that are len bytes together, the first of them at that time. How much of `to` is
 * used; 0: there is no room, or one of them is not as the kernel makes them. Then the chain has ended.
 */
size_t ct_chain_pack(struct ct_chain *chain, const char *events, size_t len, uint32_t count,
		     uint64_t ts_ns, char *to, size_t room);
/* What was packed last has been written as a block with this CRC. */
void ct_chain_wrote(struct ct_chain *chain, __u32 crc);
/* What was packed last is not in the file: the next block begins a chain. */
void ct_chain_end(struct ct_chain *chain);

/* Whether a block can be read although those before it could not. */
bool ct_chain_stands_alone(const struct ct_block *b, const char *stored);
/* Into raw; it and mixed have room for CT_BLOCK_RAW_MAX. -EBADMSG, also when what it builds on was not read. */
int ct_chain_unpack(struct ct_chain *chain, const struct ct_block *b, const char *stored, char *raw,
		    char *mixed, struct ct_err *err);
