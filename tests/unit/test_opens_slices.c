// SPDX-License-Identifier: GPL-2.0-only
/* Opens by stretches of time. */
#include <criterion/criterion.h>
#include <errno.h>

#include "core/opens/opens_slices.h"
#include "util/mem.h"

#define MS 1000000ull

/* One open of that many ns, which failed or not. */
static void open_at(struct ct_opens_slices *s, uint64_t at_ns, uint64_t took_ns, bool fails,
		    uint64_t ready_ns)
{
	struct ct_opens_pair pairs[] = { { ct_hist_bucket(took_ns), 1 },
					 { CT_OPENS_ERRNO | ENOENT, 1 } };
	const struct ct_opens_slice slice = {
		.n = { 1, fails, took_ns, took_ns },
		.first_ns = at_ns,
		.last_ns = at_ns,
		.pairs = pairs,
		.pair_count = fails ? 2 : 1,
	};

	cr_assert_eq(ct_slices_add(s, &slice, ready_ns), 0);
}

/* However many slices became one: what was before is all there, with latencies and errors. */
Test(opens_slices, nothing_is_lost_by_putting_together)
{
	struct ct_opens_slices *s = calloc(1, sizeof(*s));
	uint64_t errors[CT_OPENS_ERRNOS] = { 0 };
	struct ct_hist *hist = ct_hist_new();
	struct ct_opens_numbers n;
	bool blurred;

	cr_assert(s && hist);
	for (uint64_t i = 0; i < 5000; i++)
		open_at(s, i * 2 * MS, 1000 + i, i % 7 == 0, 0);
	cr_expect_leq(s->count, CT_OPENS_SLICES_MAX);
	ct_slices_until(s, UINT64_MAX, &n, &blurred);
	cr_expect_eq(n.count, 5000, "%lu", (unsigned long)n.count);
	cr_expect_eq(n.failed, 715, "%lu", (unsigned long)n.failed);
	cr_expect_not(blurred);
	ct_slices_each_until(s, UINT64_MAX, hist, errors);
	cr_expect_eq(ct_hist_count(hist), 5000);
	cr_expect_eq(errors[ENOENT], 715);
	cr_expect_eq(ct_hist_max(hist), 5999, "%lu", (unsigned long)ct_hist_max(hist));
	ct_slices_clear(s);
	ct_hist_free(hist);
	free(s);
}

/* A tail that had no room for all pairs goes on in the next: that of what was after goes with it. */
Test(opens_slices, what_goes_on)
{
	struct ct_opens_slices *s = calloc(1, sizeof(*s));
	const struct ct_opens_pair more = { CT_OPENS_ERRNO | EACCES, 3 };
	uint64_t errors[CT_OPENS_ERRNOS] = { 0 };
	struct ct_hist *hist = ct_hist_new();

	cr_assert(s && hist);
	cr_expect_eq(ct_slices_more(s, &more, 1), 0, "of nothing");
	open_at(s, 10 * MS, 1000, true, 50 * MS);
	cr_expect_eq(ct_slices_more(s, &more, 1), 0);
	open_at(s, 90 * MS, 2000, true, 50 * MS); /* after it was ready */
	cr_expect_eq(ct_slices_more(s, &more, 1), 0);
	ct_slices_each_until(s, 50 * MS, hist, errors);
	cr_expect_eq(ct_hist_count(hist), 1);
	cr_expect_eq(errors[ENOENT], 1);
	cr_expect_eq(errors[EACCES], 3, "%lu", (unsigned long)errors[EACCES]);
	ct_slices_clear(s);
	ct_hist_free(hist);
	free(s);
}
