/* SPDX-License-Identifier: GPL-2.0-only */
/* uthash as the core uses it: keys are a few numbers, or ids of 64 bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline unsigned ct_hash(const void *key, size_t len)
{
	uint64_t h = len * 0x9e3779b97f4a7c15ull, other = h, word;
	const char *p = key;

	/* Two at a time: neither waits for the other's multiplication. */
	for (; len >= 2 * sizeof(word); len -= 2 * sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
		p += sizeof(word);
		memcpy(&word, p, sizeof(word));
		other = (other ^ word) * 0x9fb21c651e98df25ull;
		other ^= other >> 32;
	}
	h ^= other << 1;
	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	word = 0;
	if (len == sizeof(uint32_t))
		memcpy(&word, p, sizeof(uint32_t));
	else
		for (; len; len--)
			word = word << 8 | (unsigned char)*p++;
	h = (h ^ word) * 0xc4ceb9fe1a85ec53ull;
	return (unsigned)(h ^ h >> 32);
}

#define HASH_FUNCTION(key, len, hashv) ((hashv) = ct_hash(key, len))

#include <uthash.h>

/* Elements are large and lie apart: each that is passed on the way to another is a cache miss. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 3U
/*
 * But chance alone makes such a chain sooner or later, however many buckets there are: where elements
 * come and go for days, uthash would double them for ever. There are at most 4 for an element.
 */
#define CT_HASH_MAY_GROW(tbl) (!(tbl)->noexpand && (tbl)->num_items * 2U > (tbl)->num_buckets)

/* As in uthash.h, but for CT_HASH_MAY_GROW(). */
#undef HASH_ADD_TO_BKT
#define HASH_ADD_TO_BKT(head, hh, addhh, oomed) \
	do { \
		UT_hash_bucket *_ct_bkt = &(head); \
\
		_ct_bkt->count++; \
		(addhh)->hh_next = _ct_bkt->hh_head; \
		(addhh)->hh_prev = NULL; \
		if (_ct_bkt->hh_head) \
			_ct_bkt->hh_head->hh_prev = (addhh); \
		_ct_bkt->hh_head = (addhh); \
		if (_ct_bkt->count >= (_ct_bkt->expand_mult + 1U) * HASH_BKT_CAPACITY_THRESH && \
		    CT_HASH_MAY_GROW((addhh)->tbl)) \
			HASH_EXPAND_BUCKETS(addhh, (addhh)->tbl, oomed); \
	} while (0)
