/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histogram of nanoseconds: constant memory, relative error at most 1/128, merges
 * without loss. Minimum, maximum, sum and count are exact.
 */
#pragma once

#include <stdint.h>

#define CT_HIST_PRECISION 128
#define CT_HIST_ERROR     (1.0 / CT_HIST_PRECISION)

struct ct_hist;

struct ct_hist *ct_hist_new(void); /* NULL when out of memory */
void ct_hist_free(struct ct_hist *h); /* NULL is fine */
void ct_hist_add(struct ct_hist *h, uint64_t ns);

/*
 * Counts that somebody else made with the same buckets: n values in bucket i (those beyond the last
 * are in the last), then what he knows exactly of all of them: their sum, the greatest.
 */
unsigned ct_hist_bucket(uint64_t ns); /* which one a value is in */
void ct_hist_add_bucket(struct ct_hist *h, unsigned i, uint64_t n);
void ct_hist_correct(struct ct_hist *h, uint64_t sum, uint64_t max);

void ct_hist_merge(struct ct_hist *to, const struct ct_hist *from);
uint64_t ct_hist_count(const struct ct_hist *h);
uint64_t ct_hist_sum(const struct ct_hist *h);
uint64_t ct_hist_min(const struct ct_hist *h); /* 0 when empty */
uint64_t ct_hist_max(const struct ct_hist *h);
/* Nearest rank: the least v with at least quantile (0..1) * count values <= v, to the error. */
uint64_t ct_hist_quantile(const struct ct_hist *h, double quantile);
/* Each value, to the error, with how often it was counted; ends when fn returns other than 0. */
int ct_hist_each(const struct ct_hist *h, int (*fn)(void *ctx, uint64_t ns, uint64_t count),
		 void *ctx);
/*
 * How many values are at most ns, to the error: 0 below the minimum, all from the maximum on,
 * neither in between.
 */
uint64_t ct_hist_at_most(const struct ct_hist *h, uint64_t ns);
