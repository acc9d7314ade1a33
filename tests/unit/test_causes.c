// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "stats/causes.h"
#include "util/hist.h"

#define MS 1000000ull

/* What is allocated: mallinfo2() knows nothing of a sanitizer's heap, and the hooks of that do. */
struct ct_counted {
	size_t bytes;
};

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static struct ct_counted counted(void)
{
	return (struct ct_counted){ __sanitizer_get_current_allocated_bytes
					    ? __sanitizer_get_current_allocated_bytes()
					    : mallinfo2().uordblks };
}

static int add(struct ct_causes *c, const char *key, uint64_t cpu_ms, uint64_t rcu_ms,
	       uint64_t unknown_ms)
{
	struct ct_piece path[4] = { 0 };
	struct ct_record rec = { .type = CT_RECORD_START, .path = path };
	const struct {
		enum ct_reason reason;
		uint64_t ms;
	} parts[] = { { CT_REASON_CPU, cpu_ms / 2 },
		      { CT_REASON_RCU, rcu_ms },
		      { CT_REASON_CPU, cpu_ms - cpu_ms / 2 },
		      { CT_REASON_UNKNOWN, unknown_ms } };
	uint64_t at = 5 * MS;

	for (size_t i = 0; i < 4; i++) {
		struct ct_piece *piece = &path[rec.piece_count];

		if (!parts[i].ms)
			continue;
		*piece = (struct ct_piece){ .begin_ns = at,
					    .end_ns = at + parts[i].ms * MS,
					    .phase = CT_PHASE_CONNECT,
					    .reason = parts[i].reason,
					    .step = "namespaces",
					    .actor = "runc" };
		at = piece->end_ns;
		rec.piece_count++;
	}
	return ct_causes_add(c, &rec, key);
}

Test(causes, medians_over_records_that_have_them_or_not)
{
	struct ct_causes *c = ct_causes_new();
	const struct ct_cause_group *g;
	const struct ct_cause_sum *sums;
	size_t count;

	cr_assert_eq(add(c, "runc", 10, 0, 0), 0);
	cr_assert_eq(add(c, "runc", 20, 4, 0), 0);
	cr_assert_eq(add(c, "runc", 60, 6, 3), 0);
	cr_assert_eq(add(c, "runsc", 1000, 0, 0), 0);
	cr_assert_eq(ct_causes_groups(c), 2);
	g = ct_causes_group(c, 0);
	cr_expect_str_eq(g->key, "runc");
	cr_expect_eq(g->records, 3);
	cr_expect_eq(g->ns, 103 * MS);
	cr_expect_eq(g->unknown_ns, 3 * MS);
	sums = ct_causes_ranked(c, 0, &count);
	cr_assert_eq(count, 3);
	cr_expect_eq(sums[0].key.reason, CT_REASON_CPU);
	cr_expect_eq(sums[0].median_ns, 20 * MS);
	cr_expect_eq(sums[0].ns, 90 * MS);
	cr_expect_eq(sums[1].median_ns, 4 * MS, "0, 4 and 6");
	cr_expect_eq(sums[1].records, 2);
	cr_expect_eq(sums[2].median_ns, 0);
	cr_expect_eq(ct_causes_phase(c, 0, CT_PHASE_CONNECT, CT_REASON_RCU), 4 * MS);
	cr_expect_eq(ct_causes_phase(c, 0, CT_PHASE_START, CT_REASON_RCU), 0);
	ct_causes_free(c);
}

Test(causes, records_without_waits_are_no_zeros)
{
	struct ct_causes *c = ct_causes_new();
	struct ct_record rec = { .type = CT_RECORD_START };

	cr_expect_eq(ct_causes_add(c, &rec, "runc"), 0);
	cr_expect_eq(ct_causes_groups(c), 0);
	ct_causes_free(c);
}

Test(causes, too_many_go_into_one)
{
	struct ct_causes *c = ct_causes_new();
	uint64_t sum = 0;
	size_t count;
	const struct ct_cause_sum *sums;

	for (unsigned i = 0; i < CT_CAUSES_MAX + 50; i++) {
		struct ct_piece piece = { .begin_ns = 1, .end_ns = 3, .step = "" };
		struct ct_record rec = { .path = &piece, .piece_count = 1 };

		snprintf(piece.what, sizeof(piece.what), "%u", i);
		cr_assert_eq(ct_causes_add(c, &rec, ""), 0);
	}
	sums = ct_causes_ranked(c, 0, &count);
	cr_expect_eq(count, CT_CAUSES_MAX + 1);
	for (size_t i = 0; i < count; i++)
		sum += sums[i].ns;
	cr_expect_eq(sum, 2 * (CT_CAUSES_MAX + 50));
	cr_expect_str_eq(sums[0].key.step, CT_CAUSES_REST);
	cr_expect_str_eq(sums[0].key.what, "");
	cr_expect_eq(sums[0].ns, 2 * 50);
	ct_causes_free(c);
}

/* What is put together is still of its phase, and has its reason. */
Test(causes, what_is_too_many_keeps_its_reason)
{
	struct ct_causes *c = ct_causes_new();
	const struct ct_cause_sum *sums;
	uint64_t unknown = 0;
	size_t count;

	for (unsigned i = 0; i < CT_CAUSES_MAX + 50; i++) {
		struct ct_piece piece = { .begin_ns = 1, .end_ns = 3, .step = "" };
		struct ct_record rec = { .path = &piece, .piece_count = 1 };

		piece.reason = i < CT_CAUSES_MAX ? CT_REASON_CPU : CT_REASON_UNKNOWN;
		snprintf(piece.what, sizeof(piece.what), "%u", i);
		cr_assert_eq(ct_causes_add(c, &rec, ""), 0);
	}
	sums = ct_causes_ranked(c, 0, &count);
	for (size_t i = 0; i < count; i++)
		unknown += sums[i].key.reason == CT_REASON_UNKNOWN ? sums[i].ns : 0;
	cr_expect_eq(unknown, ct_causes_group(c, 0)->unknown_ns);
	ct_causes_free(c);
}

/* Starts are not put together with stops, however many keys there are. */
Test(causes, too_many_keys_go_into_one_of_their_type)
{
	struct ct_causes *c = ct_causes_new();
	size_t starts = 0, stops = 0;
	char key[16];

	for (unsigned i = 0; i < 400; i++) {
		struct ct_piece piece = { .begin_ns = 1, .end_ns = 3, .step = "" };
		struct ct_record rec = { .path = &piece, .piece_count = 1 };

		rec.type = i < 300 ? CT_RECORD_START : CT_RECORD_STOP;
		snprintf(key, sizeof(key), "%u", i);
		cr_assert_eq(ct_causes_add(c, &rec, key), 0);
	}
	for (size_t i = 0; i < ct_causes_groups(c); i++) {
		const struct ct_cause_group *g = ct_causes_group(c, i);

		*(g->type == CT_RECORD_START ? &starts : &stops) += g->records;
	}
	cr_expect_eq(starts, 300);
	cr_expect_eq(stops, 100);
	ct_causes_free(c);
}

/* Months of --why: what is kept of a million records is what is kept of a few thousand. */
Test(causes, memory_does_not_grow_with_records)
{
	struct ct_causes *c = ct_causes_new();
	const struct ct_cause_sum *sums;
	struct ct_counted from, few = { 0 };
	size_t count;

	from = counted();
	for (unsigned i = 0; i < 1000000; i++) {
		/* 1 to 1000 ms, each as often; half of them with a grace period of a tenth */
		unsigned ms = i % 1000 * 7919u % 1000 + 1;

		cr_assert_eq(add(c, "runc", ms, i % 2 ? ms / 10 : 0, 0), 0);
		if (i == 20000)
			few = counted();
	}
	cr_expect_lt(counted().bytes - from.bytes, few.bytes - from.bytes + 4096);
	cr_expect_lt(counted().bytes - from.bytes, 256u << 10);
	cr_expect_eq(ct_causes_group(c, 0)->records, 1000000);
	sums = ct_causes_ranked(c, 0, &count);
	cr_assert_eq(count, 2);
	cr_expect_eq(sums[0].records, 1000000);
	cr_expect_eq(sums[0].ns, 500500 * 1000 * MS, "the sum is exact");
	cr_expect_float_eq((double)sums[0].median_ns, 500.0 * MS, 500.0 * MS * CT_HIST_ERROR);
	cr_expect_eq(sums[1].median_ns, 0, "more than half have none");
	ct_causes_free(c);
}

/* Just before and just behind where values are no longer kept one by one. */
Test(causes, medians_where_values_are_summed_up)
{
	static const unsigned counts[] = { CT_CAUSES_EXACT - 1, CT_CAUSES_EXACT,
					   CT_CAUSES_EXACT + 1, CT_CAUSES_EXACT + 2,
					   3 * CT_CAUSES_EXACT };

	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		struct ct_causes *c = ct_causes_new();
		unsigned n = counts[k], middle = (n - 1) / 2 + 1;
		const struct ct_cause_sum *sums;
		size_t count;

		for (unsigned i = 0; i < n; i++)
			cr_assert_eq(add(c, "runc", i + 1, 0, 0), 0);
		sums = ct_causes_ranked(c, 0, &count);
		cr_assert_eq(count, 1);
		cr_expect_float_eq((double)sums[0].median_ns, (double)middle * MS,
				   n <= CT_CAUSES_EXACT + 1 ? 0.5
							    : (double)middle * MS * CT_HIST_ERROR,
				   "%u values: %llu", n, (unsigned long long)sums[0].median_ns);
		ct_causes_free(c);
	}
}
