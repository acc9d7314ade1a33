// SPDX-License-Identifier: GPL-2.0-only
#include "stats/buckets.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S    1000000000ull
#define FROM_NS     1000000ull
#define UNTIL_NS    (60 * NS_PER_S)
#define SECONDS_MAX 1e9

/* Below the first: that it took no time at all is worth knowing, how little is not. */
static const uint64_t below[] = { 100000, 250000, 500000 };

/* Four digits are enough: the bounds have the same names everywhere, however pow() rounds. */
static uint64_t bound_of(unsigned per_ten, unsigned k)
{
	uint64_t ns = (uint64_t)llround(1000 * pow(10, (double)(k % per_ten) / per_ten));

	for (unsigned power = 0; power < k / per_ten; power++)
		ns *= 10;
	return ns * (FROM_NS / 1000);
}

static void fill(struct ct_buckets *b, unsigned per_ten)
{
	uint64_t ns = 0;

	b->count = 0;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		b->ns[b->count++] = below[i];
	for (unsigned k = 0; ns < UNTIL_NS; k++)
		b->ns[b->count++] = ns = bound_of(per_ten, k);
	b->ns[b->count++] = UINT64_MAX;
}

static struct ct_buckets by_default;

static void fill_default(void)
{
	fill(&by_default, CT_BUCKETS_DEFAULT);
}

const struct ct_buckets *ct_buckets_default(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_default);
	return &by_default;
}

static int refuse(const char *text, struct ct_err *err)
{
	return ct_fail(
		err, EINVAL,
		"option --buckets: '%s' is neither a number from 1 to %d, of buckets per power of ten, nor at most %d ascending bounds in seconds, as 0.1,0.25,0.5,1",
		text, CT_BUCKETS_DENSE_MAX, CT_BUCKETS_MAX - 1);
}

static int parse_bounds(struct ct_buckets *b, const char *text, struct ct_err *err)
{
	const char *at = text;
	char *end;

	b->count = 0;
	for (;;) {
		double seconds = strtod(at, &end);
		uint64_t ns;

		if (end == at || !(seconds > 0) || seconds > SECONDS_MAX ||
		    b->count == CT_BUCKETS_MAX - 1)
			return refuse(text, err);
		ns = (uint64_t)llround(seconds * (double)NS_PER_S);
		if (!ns || (b->count && ns <= b->ns[b->count - 1]))
			return refuse(text, err);
		b->ns[b->count++] = ns;
		if (!*end)
			break;
		if (*end != ',')
			return refuse(text, err);
		at = end + 1;
	}
	b->ns[b->count++] = UINT64_MAX;
	return 0;
}

int ct_buckets_parse(struct ct_buckets *ret, const char *text, struct ct_err *err)
{
	char *end;
	unsigned long n;

	if (strpbrk(text, ",."))
		return parse_bounds(ret, text, err);
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !n || n > CT_BUCKETS_DENSE_MAX)
		return refuse(text, err);
	fill(ret, (unsigned)n);
	return 0;
}

size_t ct_buckets_find(const struct ct_buckets *buckets, uint64_t ns)
{
	size_t low = 0, high = buckets->count - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ns <= buckets->ns[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
