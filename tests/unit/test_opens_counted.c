// SPDX-License-Identifier: GPL-2.0-only
/* What is counted of opened files: tails of any shape, paths, mounts, and two runs put together. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/opens/opens.h"
#include "tape.h"
#include "util/mem.h"

#define ROOT 4711
#define EXT4 CT_OPENS_WHERE(41, 0xef53)

static int add(struct ct_opens *o, const struct ct_event *e)
{
	return ct_opens_add(o, (enum ct_view)CT_OPENS_VIEW(e->sub), e);
}

static struct ct_opens *nothing(void)
{
	struct ct_opens *o = ct_opens_new();

	cr_assert(o);
	return o;
}

static const struct ct_open_path *path_of(const struct ct_opens *o, const char *path,
					  enum ct_open_call call)
{
	const struct ct_open_path *p = o->views[CT_VIEW_NATIVE]->paths;

	while (p && (strcmp(CT_OPEN_PATH_TEXT(p), path) || p->call != call))
		p = p->hh.next;
	return p;
}

/* Columns: flags of the event, path, flags that are told of it. */
static const struct {
	uint8_t flags;
	const char *path;
	uint32_t told;
} flags[] = {
	{ 0, "/etc/hosts", 0 },
	{ 0, "etc/hosts", CT_OPENS_F_RELATIVE },
	{ 0, "", CT_OPENS_F_RELATIVE },
	{ CT_F_TRUNCATED, "/etc/hosts", CT_OPENS_F_CUT },
	{ CT_F_NO_DATA, "", CT_OPENS_F_UNREADABLE },
	{ CT_F_TRUNCATED, "etc", CT_OPENS_F_CUT | CT_OPENS_F_RELATIVE },
};

/* Whoever looks for a file has to know that the path is not all of it, or begins somewhere. */
Test(opens_counted, what_is_odd_about_a_path_is_told)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(flags); i++) {
		struct ct_opens *o = nothing();
		struct tape t = { 0 };
		struct ct_event *e = tape_opened(&t, ROOT, CT_VIEW_NATIVE, flags[i].path, 100, 3);

		e->flags = flags[i].flags;
		cr_assert_eq(add(o, e), 0);
		cr_expect_eq(path_of(o, flags[i].path, CT_OPEN_OPEN)->flags, flags[i].told,
			     "row %zu", i);
		ct_opens_free(o);
		tape_free(&t);
	}
}

/* Columns: what the call returned, the error that it counts as (0: none). */
static const struct {
	int ret;
	uint32_t error;
} errors[] = {
	{ 3, 0 },
	{ 0, 0 },
	{ -ENOENT, ENOENT },
	{ 1 - CT_OPENS_ERRNOS, CT_OPENS_ERRNOS - 1 },
	{ -CT_OPENS_ERRNOS, CT_OPENS_ERRNOS - 1 }, /* what is beyond counts as the last */
	{ -4095, CT_OPENS_ERRNOS - 1 },
};

Test(opens_counted, errors_one_by_one)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(errors); i++) {
		struct ct_opens *o = nothing();
		struct tape t = { 0 };
		const struct ct_opens_view *v;

		cr_assert_eq(
			add(o, tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/a", 100, errors[i].ret)), 0);
		v = o->views[CT_VIEW_NATIVE];
		for (uint32_t e = 0; e < CT_OPENS_ERRNOS; e++)
			cr_expect_eq(v->errors[e], e && e == errors[i].error, "%d: %u",
				     errors[i].ret, e);
		cr_expect_eq(v->calls[CT_OPEN_OPEN].failed, errors[i].ret < 0);
		cr_expect_eq(path_of(o, "/a", CT_OPEN_OPEN)->error,
			     errors[i].ret < 0 ? (uint32_t)-errors[i].ret : 0);
		ct_opens_free(o);
		tape_free(&t);
	}
}

/* An event of counters with that many bytes of pairs, which are the bucket 7 and errno 500. */
static struct ct_event *counters(struct tape *t, size_t bytes)
{
	char tail[CT_TAIL_MAX + 64] = { 0 };
	const struct ct_opens_counts counts = { 9, 2, 900, 200, tape_ns(1), tape_ns(2) };
	const struct ct_opens_pair pairs[] = { { 7, 9 }, { CT_OPENS_ERRNO | 500, 2 } };
	struct ct_event *e;

	memcpy(tail, &counts, sizeof(counts));
	memcpy(tail + sizeof(counts), pairs, sizeof(pairs));
	e = tape_add(t, CT_KIND_OPENS, ROOT, tail, sizeof(counts) + bytes);
	e->root = ROOT;
	e->sub = CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_OPEN);
	return e;
}

/* Columns: bytes of pairs behind the counts, whether that is a tail. */
static const struct {
	size_t bytes;
	int ret;
} tails[] = {
	{ 0, 0 },
	{ sizeof(struct ct_opens_pair), 0 },
	{ sizeof(struct ct_opens_pair) - 1, -EBADMSG },
	{ sizeof(struct ct_opens_pair) + 1, -EBADMSG },
	{ CT_TAIL_MAX, 0 },
	{ CT_TAIL_MAX + sizeof(struct ct_opens_pair), -EBADMSG },
};

/* A length of a recording is not trusted: what is no tail counts for nothing. */
Test(opens_counted, tails_of_any_length)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(tails); i++) {
		struct ct_opens *o = nothing();
		struct tape t = { 0 };

		cr_expect_eq(add(o, counters(&t, tails[i].bytes)), tails[i].ret, "%zu bytes",
			     tails[i].bytes);
		cr_expect_eq(o->views[CT_VIEW_NATIVE] ? o->views[CT_VIEW_NATIVE]->calls[0].count
						      : 0,
			     tails[i].ret ? 0 : 9);
		ct_opens_free(o);
		tape_free(&t);
	}
}

/* A kernel with more errors than there are: the opens are counted, the error is none that has a name. */
Test(opens_counted, an_error_beyond_the_table)
{
	struct ct_opens *o = nothing();
	struct tape t = { 0 };
	struct ct_opens_ready *ready;

	cr_assert_eq(add(o, counters(&t, 2 * sizeof(struct ct_opens_pair))), 0);
	o->ready_ns = tape_ns(5);
	ready = ct_opens_ready_new(o, o->views[CT_VIEW_NATIVE]);
	cr_assert(ready);
	cr_expect_eq(ct_hist_count(ready->hist), 9);
	for (size_t i = 0; i < CT_OPENS_ERRNOS; i++) {
		cr_expect_eq(o->views[CT_VIEW_NATIVE]->errors[i], 0);
		cr_expect_eq(ready->errors[i], 0);
	}
	ct_opens_ready_free(ready);
	ct_opens_ready_free(NULL);
	o->ready_ns = 0;
	cr_expect_null(ct_opens_ready_new(o, o->views[CT_VIEW_NATIVE]), "it was not ready");
	ct_opens_free(o);
	ct_opens_free(NULL);
	tape_free(&t);
}

/* Programs that are executed are no opens: they count by themselves, and not as time until ready. */
Test(opens_counted, executed_programs_are_apart)
{
	struct ct_opens *o = nothing();
	struct tape t = { 0 };
	struct ct_opens_numbers n;
	struct ct_event *e;
	bool blurred;

	tape_at(&t, 3);
	cr_assert_eq(add(o, tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/bin/sh", 100, 3)), 0);
	e = tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/bin/sh", 700, -ENOENT);
	e->sub = CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_EXEC);
	cr_assert_eq(add(o, e), 0);
	e = counters(&t, 0);
	e->sub = CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_EXEC);
	cr_assert_eq(add(o, e), 0);
	o->ready_ns = tape_ns(5);
	cr_assert(ct_opens_until_ready(o, o->views[CT_VIEW_NATIVE], &n, &blurred));
	cr_expect_eq(n.count, 1, "%llu", (unsigned long long)n.count);
	cr_expect_eq(n.ns, 100);
	cr_expect_eq(o->views[CT_VIEW_NATIVE]->calls[CT_OPEN_EXEC].count, 10);
	cr_expect_eq(path_of(o, "/bin/sh", CT_OPEN_OPEN)->n.count, 1);
	cr_expect_eq(path_of(o, "/bin/sh", CT_OPEN_EXEC)->n.count, 1);
	ct_opens_free(o);
	tape_free(&t);
}

/* What is no kind of open, or of a call or view that is not known, is refused. */
Test(opens_counted, what_is_none_of_them)
{
	struct ct_opens *o = nothing();
	struct tape t = { 0 };

	cr_expect_eq(ct_opens_add(o, CT_VIEW_MAX, tape_opened(&t, 1, CT_VIEW_NATIVE, "/", 1, 3)),
		     -EBADMSG);
	cr_expect_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_add(&t, CT_KIND_OPEN, 1, "/", 1)),
		     -EBADMSG);
	tape_opened(&t, 1, CT_VIEW_NATIVE, "/", 1, 3)->sub =
		CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_CALL_MAX);
	cr_expect_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, 2)), -EBADMSG);
	ct_opens_free(o);
	tape_free(&t);
}

/* Columns: directory that is mounted, path, whether the path lies on it. */
static const struct {
	const char *dir, *path;
	bool on;
} below[] = {
	{ "/data", "/data/x", true }, { "/data", "/data", true }, { "/data", "/database", false },
	{ "/", "/anything", true },   { "/data", "/dat", false }, { "", "/data/x", false },
	{ "/data", "data/x", false },
};

/* A file that could not be opened says no mount: it is told to be on the one that it would be on. */
Test(opens_counted, mount_of_a_path)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(below); i++) {
		struct ct_opens *o = nothing();
		struct tape t = { 0 };
		const struct ct_opens_view *v;
		const struct ct_opens_mount *m;

		cr_assert_eq(add(o, tape_opens_path(&t, ROOT, "/there", below[i].dir, EXT4, 1, 0)),
			     0);
		cr_assert_eq(add(o, tape_opens_path(&t, ROOT, below[i].path, "", 0, 1, 1)), 0);
		v = o->views[CT_VIEW_NATIVE];
		m = ct_opens_mount_of(v, path_of(o, below[i].path, CT_OPEN_OPEN));
		cr_expect_eq(m != NULL, below[i].on, "%s on %s", below[i].path, below[i].dir);
		cr_expect_eq(ct_opens_mount_of(v, path_of(o, "/there", CT_OPEN_OPEN)),
			     &v->mounts[0], "its own, wherever its path is");
		ct_opens_free(o);
		tape_free(&t);
	}
}

/* Of several mounts it is the deepest; the order in which they were seen says nothing. */
Test(opens_counted, the_deepest_mount)
{
	static const char *const dirs[] = { "/a", "/a/b/c", "/", "/a/b" };

	for (size_t first = 0; first < CT_ARRAY_SIZE(dirs); first++) {
		struct ct_opens *o = nothing();
		struct tape t = { 0 };
		const struct ct_opens_mount *m;

		for (size_t i = 0; i < CT_ARRAY_SIZE(dirs); i++)
			cr_assert_eq(add(o, tape_opens_path(&t, ROOT, "/x", dirs[(first + i) % 4],
							    EXT4, 1, 0)),
				     0);
		/* Only the first of a path's mounts is its own. */
		for (size_t i = 0; i < CT_ARRAY_SIZE(dirs); i++) {
			char path[16];

			snprintf(path, sizeof(path), "/y%zu", i);
			cr_assert_eq(add(o, tape_opens_path(&t, ROOT, path, dirs[(first + i) % 4],
							    EXT4, 1, 0)),
				     0);
		}
		cr_assert_eq(add(o, tape_opens_path(&t, ROOT, "/a/b/x", "", 0, 1, 1)), 0);
		cr_assert_eq(o->views[CT_VIEW_NATIVE]->mount_count, 4);
		m = ct_opens_mount_of(o->views[CT_VIEW_NATIVE], path_of(o, "/a/b/x", CT_OPEN_OPEN));
		cr_assert(m);
		cr_expect_str_eq(m->dir, "/a/b");
		ct_opens_free(o);
		tape_free(&t);
	}
}

/* A mount table is bounded: paths beyond it are counted, and no mount is told of them. */
Test(opens_counted, mounts_are_bounded)
{
	struct ct_opens *o = nothing();
	struct tape t = { 0 };
	char path[32];

	for (unsigned i = 0; i <= CT_OPENS_MOUNTS_MAX; i++) {
		snprintf(path, sizeof(path), "m%u", i);
		cr_assert_eq(add(o, tape_opens_path(&t, ROOT, path, "/same",
						    CT_OPENS_WHERE(i + 1, 7), 1, 0)),
			     0);
	}
	cr_expect_eq(o->views[CT_VIEW_NATIVE]->mount_count, CT_OPENS_MOUNTS_MAX);
	cr_expect(path_of(o, "m63", CT_OPEN_OPEN)->mount);
	cr_expect_null(path_of(o, "m64", CT_OPEN_OPEN)->mount);
	cr_expect_eq(path_of(o, "m64", CT_OPEN_OPEN)->n.count, 1);
	ct_opens_free(o);
	tape_free(&t);
}

/* A run that was told in two parts is one: nothing of either is missing, or there twice. */
Test(opens_counted, two_parts_of_a_run)
{
	struct ct_opens *to = nothing(), *from = nothing();
	struct tape t = { 0 };
	const struct ct_opens_view *v;
	struct ct_opens_numbers n;
	bool blurred;

	tape_at(&t, 3);
	cr_assert_eq(add(to, tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/a", 100, 3)), 0);
	tape_at(&t, 1);
	cr_assert_eq(add(from, tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/a", 300, -ENOENT)), 0);
	tape_at(&t, 9);
	cr_assert_eq(add(from, tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/b", 500, 3)), 0);
	cr_assert_eq(add(from, tape_opens_path(&t, ROOT, "/m/c", "/m", EXT4, 7, 2)), 0);
	tape_opened(&t, ROOT, CT_VIEW_NATIVE, "/sh", 50, 3)->sub =
		CT_OPENS_SUB(CT_VIEW_HOST, CT_OPEN_EXEC);
	cr_assert_eq(add(from, tape_event(&t, t.count - 1)), 0);
	tape_opens(&t, ROOT, CT_VIEW_NATIVE, 11, 1, 2, 4)->obj = 6; /* paths that were not kept */
	cr_assert_eq(add(from, tape_event(&t, t.count - 1)), 0);
	cr_expect(ct_opens_miss(to, CT_VIEW_SENTRY, "before"));
	cr_expect(ct_opens_miss(from, CT_VIEW_SENTRY, "after"));
	cr_assert_eq(ct_opens_merge(to, from), 0);
	ct_opens_free(from);
	v = to->views[CT_VIEW_NATIVE];
	cr_expect_eq(v->calls[CT_OPEN_OPEN].count, 3 + 11);
	cr_expect_eq(v->calls[CT_OPEN_OPEN].failed, 1 + 1);
	cr_expect_eq(v->calls[CT_OPEN_OPEN].max_ns, 5000);
	cr_expect_eq(v->errors[ENOENT], 1 + 1);
	cr_expect_eq(ct_hist_count(v->hist[CT_OPEN_OPEN]), 3 + 11);
	cr_expect_eq(v->rest[CT_OPEN_OPEN].count, 6);
	cr_expect_eq(v->path_error, 6);
	cr_expect_eq(path_of(to, "/a", CT_OPEN_OPEN)->n.count, 2);
	cr_expect_eq(path_of(to, "/a", CT_OPEN_OPEN)->error, ENOENT);
	cr_expect_eq(path_of(to, "/b", CT_OPEN_OPEN)->n.count, 1);
	cr_expect_eq(path_of(to, "/m/c", CT_OPEN_OPEN)->n.count, 7);
	cr_expect_str_eq(path_of(to, "/m/c", CT_OPEN_OPEN)->mount->dir, "/m");
	cr_expect_eq(to->views[CT_VIEW_HOST]->calls[CT_OPEN_EXEC].count, 1);
	cr_expect_null(to->views[CT_VIEW_HOST]->hist[CT_OPEN_OPEN]);
	cr_expect_str_eq(to->unseen[CT_VIEW_SENTRY], "after");
	cr_expect_eq(to->first_ns, tape_ns(1));
	cr_expect_eq(to->last_ns, tape_ns(9));
	ct_slices_until(&v->slices, tape_ns(3), &n, &blurred);
	cr_expect_eq(n.count, 2 + 11);
	cr_expect(blurred, "eleven were from 2 to 4 ms");
	ct_slices_until(&v->slices, tape_ns(1.5), &n, &blurred);
	cr_expect_eq(n.count, 1);
	cr_expect_not(blurred);
	ct_opens_free(to);
	tape_free(&t);
}

/* One stretch, of which the opens lie between these times; with the latency of that bucket. */
static void slice(struct ct_opens_slices *s, uint64_t first, uint64_t last, uint32_t bucket)
{
	struct ct_opens_pair pair = { bucket, 1 };
	const struct ct_opens_slice one = { { 1, 0, bucket, bucket }, first, last, &pair, 1 };

	cr_assert_eq(ct_slices_add(s, &one, 0), 0);
}

/* Counters of several processes come in any order: neighbours that become one reach over both. */
Test(opens_counted, stretches_in_any_order)
{
	struct ct_opens_slices *s = calloc(1, sizeof(*s));
	struct ct_opens_numbers n;
	bool blurred;

	cr_assert(s);
	/* each reaches over the one before it, and the other way round */
	for (uint64_t i = 0; i < CT_OPENS_SLICES_MAX; i += 4) {
		slice(s, 1000 * i + 500, 1000 * i + 600, 1);
		slice(s, 1000 * i + 400, 1000 * i + 700, 2);
		slice(s, 1000 * i + 2400, 1000 * i + 2700, 3);
		slice(s, 1000 * i + 2500, 1000 * i + 2600, 4);
	}
	slice(s, 1000000, 1000001, 5); /* no room: all of the above become half as many */
	cr_expect_eq(s->count, CT_OPENS_SLICES_MAX / 2 + 1);
	for (size_t i = 0; i + 1 < s->count; i++) {
		cr_expect_eq(s->items[i].n.count, 2);
		cr_expect_eq(s->items[i].first_ns, 2000 * i + 400, "%zu", i);
		cr_expect_eq(s->items[i].last_ns, 2000 * i + 700, "%zu", i);
		cr_expect_eq(s->items[i].pair_count, 2);
	}
	ct_slices_until(s, 400, &n, &blurred);
	cr_expect_eq(n.count, 2);
	cr_expect(blurred);
	ct_slices_until(s, 399, &n, &blurred);
	cr_expect_eq(n.count, 0);
	ct_slices_clear(s);
	free(s);
}

/* Columns: when the second of two opens was, since the first; in how many stretches they are. */
static const struct {
	uint64_t after;
	size_t count;
} gaps[] = { { 0, 1 }, { 999999, 1 }, { 1000000, 2 } };

/* A millisecond is as fine as what was before ready is told from what came after. */
Test(opens_counted, opens_that_are_close_to_each_other)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(gaps); i++) {
		struct ct_opens_slices *s = calloc(1, sizeof(*s));

		cr_assert(s);
		slice(s, 5000000, 5000000, 1);
		slice(s, 5000000 + gaps[i].after, 5000000 + gaps[i].after, 1);
		cr_expect_eq(s->count, gaps[i].count, "%llu", (unsigned long long)gaps[i].after);
		slice(s, 4000000, 4000000, 1); /* before it: another */
		cr_expect_eq(s->count, gaps[i].count + 1);
		ct_slices_clear(s);
		free(s);
	}
}
