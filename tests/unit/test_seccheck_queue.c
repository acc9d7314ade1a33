// SPDX-License-Identifier: GPL-2.0-only
/* Between a sandbox and the core: the queue of its events, and what is said on its control socket. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/sandbox/seccheck_queue.h"
#include "source/sandbox/seccheck_rpc.h"
#include "util/mem.h"

static struct ct_event heard[16];
static size_t heard_count;

static void hear(void *ctx, const struct ct_event *e)
{
	(void)ctx;
	cr_assert(heard_count < 16);
	heard[heard_count++] = *e;
}

Test(seccheck_queue, events_leave_the_queue_by_time)
{
	static const uint64_t times[] = { 30, 10, 20, 10, 40 };
	struct ct_seccheck_queue q = { 0 };

	heard_count = 0;
	for (size_t i = 0; i < 5; i++) {
		const struct ct_event e = { .len = sizeof(e), .ts_ns = times[i], .tid = (__u32)i };

		cr_assert(ct_seccheck_keep(&q, &e));
	}
	ct_seccheck_release(&q, 20, hear, NULL);
	cr_assert_eq(heard_count, 3);
	cr_expect_eq(heard[0].tid, 1);
	cr_expect_eq(heard[1].tid, 3);
	cr_expect_eq(heard[2].tid, 2);
	{
		const struct ct_event late = { .len = sizeof(late), .ts_ns = 25, .tid = 9 };

		cr_assert(ct_seccheck_keep(&q, &late));
	}
	ct_seccheck_release(&q, UINT64_MAX, hear, NULL);
	cr_assert_eq(heard_count, 6);
	cr_expect_eq(heard[3].tid, 9);
	cr_expect_eq(heard[4].tid, 0);
	cr_expect_eq(heard[5].tid, 4);
	ct_seccheck_queue_free(&q);
}

static void count(void *ctx, const struct ct_event *e)
{
	uint64_t *next = ctx;

	cr_assert_eq(e->ts_ns, *next);
	++*next;
}

/* While a sandbox is busy there is always something that has to wait for the next time. */
Test(seccheck_queue, a_queue_that_never_runs_empty_does_not_grow)
{
	struct ct_seccheck_queue q = { 0 };
	uint64_t next = 1;

	for (uint64_t ts = 1; ts <= 500000; ts++) {
		const struct ct_event e = { .len = sizeof(e), .ts_ns = ts };

		cr_assert(ct_seccheck_keep(&q, &e));
		ct_seccheck_release(&q, ts - 1, count, &next);
		cr_assert_eq(next, ts);
	}
	cr_expect_lt(q.room, 2u << 20);
	cr_expect_lt(q.kept_room, 8192);
	ct_seccheck_queue_free(&q);
}

/* Sandboxes that send more than anybody takes. */
Test(seccheck_queue, the_queue_has_a_maximum)
{
	static union {
		struct ct_event e;
		char bytes[UINT16_MAX & ~(CT_EVENT_ALIGN - 1)];
	} large;
	struct ct_seccheck_queue q = { 0 };
	size_t kept = 0;

	large.e.len = sizeof(large);
	while (kept < 5000 && ct_seccheck_keep(&q, &large.e))
		kept++;
	cr_expect_eq(kept, CT_SECCHECK_QUEUE_BYTES / sizeof(large), "%zu", kept);
	ct_seccheck_queue_free(&q);
}

/* Those of one time stay in their order, also when what was before them has gone. */
Test(seccheck_queue, what_stays_in_the_queue_keeps_its_order)
{
	static const uint64_t times[] = { 5, 1, 7, 2, 5, 3, 4, 1, 7, 5 };
	static const unsigned want[] = { 1, 7, 3, 5, 6, 0, 4, 9, 10, 2, 8 };
	struct ct_seccheck_queue q = { 0 };
	struct ct_event e = { .len = sizeof(e) };

	heard_count = 0;
	for (size_t i = 0; i < 10; i++) {
		e.ts_ns = times[i];
		e.tid = (__u32)i;
		cr_assert(ct_seccheck_keep(&q, &e));
	}
	ct_seccheck_release(&q, 4, hear, NULL);
	cr_assert_eq(heard_count, 5);
	e.ts_ns = 5;
	e.tid = 10;
	cr_assert(ct_seccheck_keep(&q, &e));
	ct_seccheck_release(&q, UINT64_MAX, hear, NULL);
	cr_assert_eq(heard_count, 11);
	for (size_t i = 0; i < 11; i++)
		cr_expect_eq(heard[i].tid, want[i]);
	ct_seccheck_queue_free(&q);
}

struct reply {
	const char *json;
	enum ct_seccheck_reply want;
	const char *why;
};

static const struct reply replies[] = {
	{ "", CT_SECCHECK_PARTIAL, "" },
	{ "{\"success\":tr", CT_SECCHECK_PARTIAL, "" },
	{ "{\"success\":true,\"err\":\"\",\"result\":{}}", CT_SECCHECK_DONE, "" },
	{ "{\"success\":false,\"err\":\"session \\\"Default\\\" already exists\"}",
	  CT_SECCHECK_HELD, "session \"Default\" already exists" },
	{ "{\"success\":false,\"err\":\"unknown method\"}", CT_SECCHECK_REFUSED, "unknown method" },
	{ "{\"success\":1}", CT_SECCHECK_REFUSED, "" },
	{ "{}", CT_SECCHECK_REFUSED, "" },
	{ "[]", CT_SECCHECK_PARTIAL, "" },
};

static void try_reply(const struct reply *row)
{
	char why[64];

	cr_expect_eq(ct_seccheck_answer(ct_text(row->json, strlen(row->json)), why, sizeof(why)),
		     row->want);
	cr_expect_str_eq(why, row->why);
}

Test(seccheck_queue, replies)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(replies); i++)
		try_reply(&replies[i]);
}

Test(seccheck_queue, the_last_drops_are_in_the_list)
{
	static const char two[] =
		"{\"success\":true,\"result\":[{\"name\":\"Default\",\"sinks\":[{\"name\":\"remote\","
		"\"status\":{\"DroppedCount\":5}},{\"status\":{\"DroppedCount\":2}}]}]}";
	static const char none[] = "{\"success\":true,\"result\":[{\"name\":\"Default\"}]}";
	uint64_t n;

	cr_expect(ct_seccheck_dropped(ct_text(two, strlen(two)), &n));
	cr_expect_eq(n, 7);
	cr_expect_not(ct_seccheck_dropped(ct_text(none, strlen(none)), &n));
	cr_expect_not(ct_seccheck_dropped(ct_text("x", 1), &n));
}

static size_t points_named(const char *part, bool opens)
{
	char *text = ct_seccheck_create(opens);
	json_t *request = json_loads(text, 0, NULL), *config, *point;
	size_t i, n = 0;

	cr_assert(request);
	config = json_object_get(json_object_get(request, "arg"), "Config");
	cr_expect_str_eq(json_string_value(json_object_get(config, "name")), "Default");
	cr_expect(json_is_false(json_object_get(json_object_get(request, "arg"), "Force")),
		  "nobody is evicted");
	json_array_foreach(json_object_get(config, "points"), i, point) n +=
		!!strstr(json_string_value(json_object_get(point, "name")), part);
	json_decref(request);
	free(text);
	return n;
}

Test(seccheck_queue, opens_are_asked_for_only_when_wanted)
{
	cr_expect_eq(points_named("open", false), 0);
	cr_expect_eq(points_named("execve", false), 0);
	cr_expect_eq(points_named("container/start", false), 1);
	cr_expect_eq(points_named("syscall/openat/", true), 2);
	cr_expect_eq(points_named("container/start", true), 1);
}
