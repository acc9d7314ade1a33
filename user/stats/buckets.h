/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upper bounds of a classic histogram of Prometheus. A quantile that is computed of one is wrong by at
 * most the width of a bucket: those of ct_buckets_default() are at most 5 % wide from 1 ms to 60 s.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define CT_BUCKETS_MAX       512 /* the one without a bound included */
#define CT_BUCKETS_DEFAULT   48 /* per power of ten */
#define CT_BUCKETS_DENSE_MAX 100

struct ct_buckets {
	uint64_t ns[CT_BUCKETS_MAX]; /* inclusive; the last is UINT64_MAX */
	size_t count;
};

/* Borrowed; the same for ever, made when it is first asked for. By any number of threads. */
const struct ct_buckets *ct_buckets_default(void);

/*
 * Of what a user wrote: a whole number, so many per power of ten from 1 ms to 60 s (and three below),
 * or bounds in seconds, ascending, with commas between. -EINVAL: it is neither.
 */
int ct_buckets_parse(struct ct_buckets *ret, const char *text, struct ct_err *err);

/* Which one a value is in. */
size_t ct_buckets_find(const struct ct_buckets *buckets, uint64_t ns);
