/* SPDX-License-Identifier: GPL-2.0-only */
/* What uthash hashes with, before it is included: keys are a few numbers, or ids of 64 bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline unsigned ct_hash(const void *key, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15ull, word;
	const char *p = key;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	for (word = 0; len; len--)
		word = word << 8 | (unsigned char)*p++;
	h = (h ^ word) * 0xc4ceb9fe1a85ec53ull;
	return (unsigned)(h ^ h >> 32);
}

#define HASH_FUNCTION(key, len, hashv) ((hashv) = ct_hash(key, len))
