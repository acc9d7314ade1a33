// SPDX-License-Identifier: GPL-2.0-only
/* From one tracer to the next: what was found, and what had been seen until then, in one order. */
#include <criterion/criterion.h>
#include <string.h>

#include "source/live/before.h"
#include "life.h"
#include "util/mem.h"

struct heard {
	const struct ct_event *events[32];
	uint64_t ts_ns[32];
	size_t count;
};

static void hear(void *ctx, const struct ct_event *e)
{
	struct heard *h = ctx;

	cr_assert_lt(h->count, CT_ARRAY_SIZE(h->events));
	h->ts_ns[h->count] = e->ts_ns;
	h->events[h->count++] = e;
}

static void each(struct tape *t, void (*fn)(void *, const struct ct_event *), void *ctx)
{
	for (size_t i = 0; i < t->count; i++)
		fn(ctx, tape_event(t, i));
	tape_free(t);
}

static void seen(void *ctx, const struct ct_event *e)
{
	ct_before_seen(ctx, e);
}

static void running(struct tape *t, const char *id, const char *pid)
{
	tape_identity(t, LIFE_DOCKERD, "id", id, "engine", "docker", "pid", pid, TAPE_END);
}

/* An engine and a container of before; a shim, a container and its process that began since. */
static struct ct_before *between(void)
{
	struct ct_before *b = ct_before_new();
	struct tape found = { 0 }, before = { 0 };

	tape_at(&found, 2000);
	tape_process(&found, LIFE_DOCKERD, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	running(&found, "old", "50");
	running(&found, "new", "60");
	tape_identity(&found, LIFE_DOCKERD, "id", "ended", "engine", "docker", TAPE_END);
	tape_process(&found, 59, 1, CT_ROLE_SHIM, "containerd-shim", TAPE_END);
	tape_process(&found, 60, 59, CT_ROLE_INIT, "sleep", TAPE_END);
	tape_process(&found, 61, 60, CT_ROLE_WORKLOAD, "sleep", TAPE_END);
	/* Nobody tells what is born in a container. */
	((struct ct_event *)(uintptr_t)tape_event(&found, found.count - 1))->root = 60;
	tape_process(&found, 50, 49, CT_ROLE_INIT, "sleep", TAPE_END);
	each(&found, ct_before_found, b);

	tape_at(&before, 1000);
	tape_exec(&before, 59, CT_ROLE_SHIM, 0, "containerd-shim", TAPE_END);
	tape_at(&before, 1500);
	tape_fork(&before, 59, 60, CT_ROLE_HELPER);
	tape_at(&before, 2001);
	tape_exit(&before, 50, CT_ROLE_INIT, 0);
	tape_at(&before, 2009);
	tape_exit(&before, 60, CT_ROLE_INIT, 0);
	each(&before, seen, b);
	return b;
}

Test(before, what_ran_then_is_told_first_as_it_was)
{
	struct ct_before *b = between();
	struct heard h = { 0 };

	ct_before_cut(b, tape_ns(2000), tape_ns(2010));
	ct_before_tell_found(b, tape_ns(900), hear, &h);
	cr_assert_eq(h.count, 3);
	cr_assert_eq(h.events[0]->tgid, LIFE_DOCKERD);
	cr_assert_str_eq(h.events[1]->tail + strlen("id") + 1, "old");
	cr_assert_eq(h.events[2]->tgid, 50);
	for (size_t i = 0; i < h.count; i++)
		cr_assert_eq(h.ts_ns[i], tape_ns(900));
	ct_before_free(b);
}

Test(before, what_began_since_is_told_by_what_was_seen)
{
	struct ct_before *b = between();
	struct heard h = { 0 };

	ct_before_cut(b, tape_ns(2000), tape_ns(2010));
	ct_before_tell_seen(b, hear, &h);
	cr_assert_eq(ct_before_count(b), h.count);
	cr_assert_eq(h.count, 3);
	cr_assert_eq(h.events[0]->kind, CT_KIND_EXEC);
	cr_assert_eq(h.events[1]->kind, CT_KIND_FORK);
	cr_assert_eq(h.events[2]->kind, CT_KIND_EXIT);
	cr_assert_eq(h.ts_ns[2], tape_ns(2001));
	ct_before_free(b);
}

/* Names of what began since, and of what does not run: whether it did then nobody can say. */
Test(before, who_it_is_is_told_behind_that)
{
	struct ct_before *b = between();
	struct heard h = { 0 };

	ct_before_cut(b, tape_ns(2000), tape_ns(2010));
	ct_before_tell_known(b, tape_ns(2005), hear, &h);
	cr_assert_eq(h.count, 2);
	cr_assert_str_eq(h.events[0]->tail + strlen("id") + 1, "new");
	cr_assert_str_eq(h.events[1]->tail + strlen("id") + 1, "ended");
	cr_assert_eq(h.ts_ns[0], tape_ns(2005));
	ct_before_free(b);
}

Test(before, it_is_cut_where_least_happens)
{
	struct ct_before *b = between();

	/* From 2001 until 2009 nothing is said. */
	cr_assert_eq(ct_before_cut(b, tape_ns(2000), tape_ns(2010)), tape_ns(2005));
	cr_assert_eq(ct_before_first(b, tape_ns(1200)), tape_ns(1000));
	cr_assert_eq(ct_before_first(b, tape_ns(800)), tape_ns(800));
	ct_before_free(b);
}

Test(before, of_nothing_at_all_nothing_is_told)
{
	struct ct_before *b = ct_before_new();
	struct heard h = { 0 };

	cr_assert_eq(ct_before_cut(b, tape_ns(0), tape_ns(10)), tape_ns(5));
	ct_before_tell_found(b, tape_ns(0), hear, &h);
	ct_before_tell_seen(b, hear, &h);
	ct_before_tell_known(b, tape_ns(0), hear, &h);
	cr_assert_eq(h.count, 0);
	cr_assert(ct_before_whole(b));
	cr_assert_eq(ct_before_first(b, tape_ns(3)), tape_ns(3));
	ct_before_free(b);
	ct_before_free(NULL);
}
