// SPDX-License-Identifier: GPL-2.0-only
/* What waits for a collector: in order, whole, and in little memory. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "serve/push_queue.h"
#include "stats/bootstrap.h"

#define S 1000000000ull

/* As records are: long, and much the same. */
static struct ct_pb message(unsigned n)
{
	struct ct_pb pb = { 0 };
	char text[80];

	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "coldtrace.phase.%u of container number %u", i, n);
		ct_pb_string(&pb, 1, text);
		ct_pb_fixed64(&pb, 2, n * 1000003ull + i);
	}
	return pb;
}

static bool put(struct ct_push_queue *q, enum ct_otlp_signal signal, unsigned n)
{
	struct ct_pb pb = message(n);
	bool taken = ct_push_queue_put(q, signal, &pb, (n + 1) * S);

	ct_pb_free(&pb);
	return taken;
}

/* Those from a number on, one behind the other. Returns how many. */
static unsigned expect_batch(struct ct_push_queue *q, enum ct_otlp_signal signal, unsigned from)
{
	struct ct_push_batch batch;
	size_t at = 0;

	cr_assert(ct_push_queue_take(q, &batch));
	cr_expect_eq(batch.signal, signal);
	cr_expect_eq(batch.spoilt, 0);
	for (size_t i = 0; i < batch.count; i++) {
		struct ct_pb pb = message(from + (unsigned)i);

		cr_assert_leq(at + pb.len, batch.pb.len);
		cr_assert_arr_eq(batch.pb.bytes + at, pb.bytes, pb.len);
		at += pb.len;
		ct_pb_free(&pb);
	}
	cr_expect_eq(at, batch.pb.len);
	cr_expect_leq(batch.count, CT_PUSH_BATCH_MAX);
	ct_pb_free(&batch.pb);
	return (unsigned)batch.count;
}

Test(push_queue, one_waits_and_is_taken)
{
	struct ct_push_queue *q = ct_push_queue_new();
	struct ct_push_batch batch;

	cr_assert(q);
	cr_expect_eq(ct_push_queue_since(q), 0);
	cr_expect_not(ct_push_queue_take(q, &batch));
	cr_expect(put(q, CT_OTLP_TRACES, 0));
	cr_expect_eq(ct_push_queue_since(q), S);
	cr_expect_gt(ct_push_queue_bytes(q), 0);
	cr_expect_eq(expect_batch(q, CT_OTLP_TRACES, 0), 1);
	cr_expect_eq(ct_push_queue_bytes(q), 0);
	cr_expect_eq(ct_push_queue_since(q), 0);
	cr_expect_not(ct_push_queue_take(q, &batch));
	ct_push_queue_free(q);
}

/* 5 minutes without a collector, at 10 records a second and metrics a minute. */
Test(push_queue, what_waits_comes_out_as_it_came)
{
	struct ct_push_queue *q = ct_push_queue_new();
	unsigned from = 0, requests = 0;
	size_t raw = 0;

	cr_assert(q);
	for (unsigned n = 0; n < 3000; n++) {
		struct ct_pb pb = message(n);

		raw += pb.len;
		ct_pb_free(&pb);
		cr_assert(put(q, n % 600 ? CT_OTLP_TRACES : CT_OTLP_METRICS, n));
	}
	cr_expect_gt(raw, 8u << 20, "%zu", raw);
	cr_expect_lt(ct_push_queue_bytes(q), raw / 5, "%zu of %zu", ct_push_queue_bytes(q), raw);
	cr_expect_eq(ct_push_queue_since(q), S);
	for (; from < 3000; requests++)
		from += expect_batch(q, from % 600 ? CT_OTLP_TRACES : CT_OTLP_METRICS, from);
	cr_expect_eq(from, 3000);
	cr_expect_lt(requests, 100, "%u", requests);
	cr_expect_eq(ct_push_queue_bytes(q), 0);
	ct_push_queue_free(q);
}

/* What cannot be made smaller: as much as there is room for, and what is there stays whole. */
Test(push_queue, it_is_bounded)
{
	struct ct_push_queue *q = ct_push_queue_new();
	struct ct_push_batch batch;
	struct ct_random random;
	unsigned taken = 0, refused = 0, got = 0;
	uint64_t noise[512];

	cr_assert(q);
	ct_random_seed(&random, 7);
	for (unsigned n = 0; n < 4000; n++) {
		struct ct_pb pb = { 0 };

		for (size_t i = 0; i < 512; i++)
			noise[i] = ct_random_u64(&random);
		ct_pb_bytes(&pb, 1, noise, sizeof(noise));
		if (ct_push_queue_put(q, CT_OTLP_TRACES, &pb, S))
			taken++;
		else
			refused++;
		ct_pb_free(&pb);
		cr_assert_leq(ct_push_queue_bytes(q),
			      CT_PUSH_QUEUE_BYTES + 2 * CT_PUSH_BLOCK_BYTES);
	}
	cr_expect_gt(refused, 0);
	cr_expect_gt(taken, 1000);
	while (ct_push_queue_take(q, &batch)) {
		got += (unsigned)batch.count;
		cr_expect_leq(batch.pb.len, CT_PUSH_BATCH_BYTES);
		ct_pb_free(&batch.pb);
	}
	cr_expect_eq(got, taken);
	ct_push_queue_free(q);
}

/* Longer than a block, and than a batch: alone. */
Test(push_queue, a_long_one_goes_by_itself)
{
	struct ct_push_queue *q = ct_push_queue_new();
	struct ct_push_batch batch;
	struct ct_pb pb = { 0 };
	char text[1000];

	cr_assert(q);
	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 600; i++)
		ct_pb_bytes(&pb, 1, text, sizeof(text));
	cr_expect(put(q, CT_OTLP_METRICS, 0));
	cr_expect(ct_push_queue_put(q, CT_OTLP_METRICS, &pb, S));
	cr_expect(put(q, CT_OTLP_METRICS, 1));
	cr_expect_eq(expect_batch(q, CT_OTLP_METRICS, 0), 1);
	cr_assert(ct_push_queue_take(q, &batch));
	cr_expect_eq(batch.count, 1);
	cr_expect_eq(batch.pb.len, pb.len);
	ct_pb_free(&batch.pb);
	cr_expect_eq(expect_batch(q, CT_OTLP_METRICS, 1), 1);
	ct_pb_free(&pb);
	ct_push_queue_free(q);
}
