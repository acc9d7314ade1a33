/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A histogram with the buckets of HdrHistogram (http://hdrhistogram.org): nanoseconds up to a day,
 * three significant digits. Its encoding is HdrHistogram's V2, its text what HdrHistogram prints.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#define CT_HDR_DIGITS 3
#define CT_HDR_MAX_NS 86400000000000ULL /* what lasts longer counts as this long */
#define CT_HDR_PAGE   1024 /* buckets per power of two */
#define CT_HDR_PAGES  38 /* the first two powers are one, twice as long */

/* All zeros is an empty one. */
struct ct_hdr {
	uint64_t count;
	uint64_t max_ns;
	uint64_t *pages[CT_HDR_PAGES]; /* owned; NULL where nothing was counted */
};

/* All return 0 or -ENOMEM. */
int ct_hdr_add(struct ct_hdr *h, uint64_t ns);
int ct_hdr_add_many(struct ct_hdr *h, uint64_t ns, uint64_t count);
int ct_hdr_merge(struct ct_hdr *to, const struct ct_hdr *from);
void ct_hdr_clear(struct ct_hdr *h);

/* The highest value that cannot be told from ns. */
uint64_t ct_hdr_highest_equivalent(uint64_t ns);

/* The V2 encoding in a zlib stream, as base64. The stream's errors show at its close. */
int ct_hdr_put_base64(FILE *f, const struct ct_hdr *h);

/* The percentile distribution, five ticks per half distance, in units of unit_ns. */
void ct_hdr_put_percentiles(FILE *f, const struct ct_hdr *h, double unit_ns);
