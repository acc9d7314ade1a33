// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>

#include "stats/buckets.h"

Test(buckets, by_default_none_is_wider_than_5_percent)
{
	const struct ct_buckets *b = ct_buckets_default();
	size_t first = ct_buckets_find(b, 1000000);

	cr_expect_eq(b->ns[first], 1000000, "1 ms is a bound");
	for (size_t i = first; b->ns[i] < 60000000000; i++)
		cr_expect_leq((double)b->ns[i + 1] / (double)b->ns[i], 1.05, "%zu", i);
	cr_expect_eq(b->ns[b->count - 1], UINT64_MAX);
	cr_expect_eq(b->count, 235);
}

Test(buckets, bounds_are_inclusive)
{
	struct ct_buckets b;
	struct ct_err err;

	cr_assert_eq(ct_buckets_parse(&b, "0.1,0.25,1,2.5", &err), 0);
	cr_expect_eq(b.count, 5);
	cr_expect_eq(ct_buckets_find(&b, 0), 0);
	cr_expect_eq(ct_buckets_find(&b, 100000000), 0);
	cr_expect_eq(ct_buckets_find(&b, 100000001), 1);
	cr_expect_eq(ct_buckets_find(&b, 2500000000), 3);
	cr_expect_eq(ct_buckets_find(&b, UINT64_MAX), 4);
}

Test(buckets, a_number_is_of_each_power_of_ten)
{
	struct ct_buckets b;
	struct ct_err err;

	cr_assert_eq(ct_buckets_parse(&b, "1", &err), 0);
	cr_expect_eq(b.count, 3 + 6 + 1, "0.1, 0.25, 0.5 ms; 1 ms to 100 s; without a bound");
	cr_expect_eq(b.ns[8], 100000000000);
	cr_assert_eq(ct_buckets_parse(&b, "100", &err), 0);
	cr_expect_leq(b.count, CT_BUCKETS_MAX);
}

Test(buckets, what_is_none)
{
	static const char *const bad[] = { "",    "0",   "-1",    "101",   "1,", ",1",
					   "1,1", "2,1", "0,1.5", "1,nan", "x",  "1,2,1e99" };
	struct ct_buckets b;
	struct ct_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(ct_buckets_parse(&b, bad[i], &err), -EINVAL, "%s", bad[i]);
}
