// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ct_opens.h"
#include "sandbox_messages.h"
#include "source/sandbox/seccheck_app.h"
#include "util/mem.h"

#define WALL 1700000000000000000ll /* of the sandbox when CLOCK_MONOTONIC is 0 */
#define NOW  5000000000ull

static struct heard {
	struct ct_event e;
	char tail[CT_TAIL_MAX];
} heard[16];
static size_t heard_count;

static void hear(void *ctx, const struct ct_event *e)
{
	struct heard *h = &heard[heard_count++];

	(void)ctx;
	cr_assert(heard_count <= 16);
	cr_assert_eq(e->len % CT_EVENT_ALIGN, 0);
	cr_assert(e->len >= sizeof(*e) + e->tail_len);
	h->e = *e;
	memcpy(h->tail, e->tail, e->tail_len);
}

static struct ct_seccheck_app *sandbox(void)
{
	struct ct_seccheck_app *app = calloc(1, sizeof(*app));

	cr_assert(app);
	heard_count = 0;
	app->pid = 4711;
	app->fn = hear;
	strcpy(app->id, "abc");
	return app;
}

/* Takes a copy of exactly that size: a sanitizer sees the byte behind it. */
static void take(struct ct_seccheck_app *app, const struct message *m)
{
	char *copy = malloc(m->len ? m->len : 1);

	cr_assert(copy);
	memcpy(copy, m->bytes, m->len);
	ct_seccheck_app_take(app, ct_text(copy, m->len), WALL, NOW);
	free(copy);
}

static bool tail_is(const struct heard *h, const char *bytes, size_t len)
{
	return h->e.tail_len == len && !memcmp(h->tail, bytes, len);
}

#define TAIL_IS(h, text) cr_expect(tail_is(h, text, sizeof(text) - 1), "tail of %s", #h)

Test(seccheck, an_open_is_its_entry_and_its_return)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open(&m, WALL + 1000, 7, "/etc/passwd");
	take(app, &m);
	cr_expect_eq(heard_count, 0);
	message_open(&m, WALL + 6000, 7, "/etc/passwd");
	message_returned(&m, 3, 0);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect_eq(heard[0].e.kind, CT_KIND_OPENED);
	cr_expect_eq(heard[0].e.sub, CT_OPENS_SUB(CT_VIEW_APPLICATION, CT_OPEN_OPEN));
	cr_expect_eq(heard[0].e.ts_ns, 6000);
	cr_expect_eq(heard[0].e.dur_ns, 5000);
	cr_expect_eq(heard[0].e.ret, 3);
	cr_expect_eq(heard[0].e.tgid, 4711);
	cr_expect_eq(heard[0].e.root, 4711);
	cr_expect_eq(heard[0].e.tid, 7);
	TAIL_IS(&heard[0], "/etc/passwd");
	cr_expect_eq(app->lost, 0);
	free(app);
}

Test(seccheck, a_failed_open_has_its_errno)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open(&m, WALL + 1, 7, "/no");
	take(app, &m);
	message_open(&m, WALL + 2, 7, "/no");
	message_returned(&m, -1, 2);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect_eq(heard[0].e.ret, -2);
	free(app);
}

/* What a sandbox says is anything: times that are ages apart, an error that has no opposite. */
Test(seccheck, numbers_may_be_as_large_as_they_like)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open(&m, INT64_MIN, 7, "/a");
	take(app, &m);
	message_open(&m, INT64_MAX, 7, "/a");
	message_returned(&m, -1, INT64_MIN);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect_eq(heard[0].e.ts_ns, NOW);
	cr_expect_eq(heard[0].e.dur_ns, UINT64_MAX);
	free(app);
}

Test(seccheck, threads_are_paired_each_with_itself)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	for (int tid = 1; tid <= 3; tid++) {
		message_open(&m, WALL + tid * 100, tid, "/a");
		take(app, &m);
	}
	for (int tid = 3; tid >= 1; tid--) {
		message_open(&m, WALL + 1000, tid, "/a");
		message_returned(&m, 3, 0);
		take(app, &m);
	}
	cr_assert_eq(heard_count, 3);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(heard[i].e.dur_ns, 1000 - (3 - i) * 100ull);
	free(app);
}

Test(seccheck, a_return_without_entry_counts_and_has_no_duration)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open(&m, WALL + 6000, 7, "/a");
	message_returned(&m, 3, 0);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect_eq(heard[0].e.dur_ns, 0);
	free(app);
}

struct path {
	const char *path, *cwd, *dir;
	int64_t dirfd;
	const char *want;
};

static const struct path paths[] = {
	{ "/a", "/cwd", "/dir", 5, "/a" },
	{ "a", "/cwd", "/dir", 5, "/dir/a" },
	{ "a", "/cwd", "", -100, "/cwd/a" },
	{ "a", "/", "", -100, "/a" },
	{ "../a", "/cwd", "", -100, "/cwd/../a" },
	/* what gVisor writes there when the descriptor is not open */
	{ "a", "/cwd", "[err: FD not found]", 5, "a" },
	{ "a", "", "", -100, "a" },
	{ "", "/cwd", "", -100, "" },
};

static void try_path(const struct path *row)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open_at(&m, WALL + 2, 7, row->path, row->dirfd, row->dir, row->cwd);
	message_returned(&m, 3, 0);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect(tail_is(&heard[0], row->want, strlen(row->want)), "%s", row->want);
	cr_expect_eq(!!(heard[0].e.flags & CT_F_NO_DATA), !*row->want);
	free(app);
}

Test(seccheck, paths)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(paths); i++)
		try_path(&paths[i]);
}

Test(seccheck, a_path_that_is_too_long_is_cut)
{
	struct ct_seccheck_app *app = sandbox();
	static char path[CT_TAIL_MAX + 100];
	struct message m;

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	message_open(&m, WALL + 2, 7, path);
	message_returned(&m, 3, 0);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect(heard[0].e.flags & CT_F_TRUNCATED);
	cr_expect(heard[0].e.tail_len <= CT_TAIL_MAX && heard[0].e.tail_len > 3000);
	free(app);
}

Test(seccheck, another_container_of_the_sandbox_is_named)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open(&m, WALL + 2, 7, "/a");
	message_returned(&m, 3, 0);
	message_container(&m, "def");
	take(app, &m);
	message_open(&m, WALL + 2, 7, "/a");
	message_returned(&m, 3, 0);
	message_container(&m, "abc");
	take(app, &m);
	cr_assert_eq(heard_count, 2);
	TAIL_IS(&heard[0], "/a\0def");
	TAIL_IS(&heard[1], "/a");
	free(app);
}

Test(seccheck, the_life_of_a_container)
{
	static const char *const args[] = { "sh", "-c", "exit 3", NULL };
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_start(&m, WALL + 100, 1, "abc", args);
	take(app, &m);
	message_raw(&m, WALL + 200, 1, 1, 158);
	take(app, &m);
	message_raw(&m, WALL + 210, 1, 1, 218); /* it has begun already */
	take(app, &m);
	message_raw(&m, WALL + 220, 2, 2, 158); /* another program of it */
	take(app, &m);
	message_task_exit(&m, WALL + 300, 3, 1, 0); /* a thread */
	take(app, &m);
	message_task_exit(&m, WALL + 400, 1, 1, 3 << 8);
	take(app, &m);
	message_task_exit(&m, WALL + 500, 2, 2, 0); /* a child */
	take(app, &m);
	cr_assert_eq(heard_count, 3);
	cr_expect_eq(heard[0].e.sub, CT_APP_EXEC);
	cr_expect_eq(heard[0].e.ts_ns, 100);
	TAIL_IS(&heard[0], "abc\0sh\0-c\0exit 3\0");
	cr_expect_eq(heard[1].e.sub, CT_APP_START);
	cr_expect_eq(heard[1].e.ts_ns, 200);
	cr_expect_eq(heard[2].e.sub, CT_APP_EXIT);
	cr_expect_eq(heard[2].e.ts_ns, 400);
	cr_expect_eq(heard[2].e.ret, 3 << 8);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(heard[i].e.kind, CT_KIND_APP);
	free(app);
}

/* The start was before tracing: the first process of a sandbox is its container's program. */
Test(seccheck, an_exit_counts_though_the_start_was_not_seen)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_task_exit(&m, WALL + 400, 1, 1, 9);
	take(app, &m);
	message_task_exit(&m, WALL + 400, 5, 5, 9);
	take(app, &m);
	cr_assert_eq(heard_count, 1);
	cr_expect_eq(heard[0].e.ret, 9);
	free(app);
}

/* A container's program, thread 1, that has made these threads. */
static struct ct_seccheck_app *threaded(int64_t first, int64_t last)
{
	static const char *const args[] = { "sh", NULL };
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_start(&m, WALL + 100, 1, "abc", args);
	take(app, &m);
	for (int64_t tid = first; tid <= last; tid++) {
		message_clone(&m, WALL + 110, 1, tid, 1);
		take(app, &m);
	}
	message_clone(&m, WALL + 120, 1, 20, 20); /* a child, no thread */
	take(app, &m);
	return app;
}

static void ends(struct ct_seccheck_app *app, int64_t ts, int64_t tid, int64_t status)
{
	struct message m;

	message_task_exit(&m, WALL + ts, tid, 1, status);
	take(app, &m);
}

static void expect_exit_at(uint64_t ts, int status)
{
	cr_assert_eq(heard_count, 2, "%zu", heard_count);
	cr_expect_eq(heard[1].e.sub, CT_APP_EXIT);
	cr_expect_eq(heard[1].e.ts_ns, ts);
	cr_expect_eq(heard[1].e.ret, status);
}

/*
 * gVisor ends the first thread, with status 0, and gives its number to the one that executes
 * (Task.promoteLocked()): the program goes on.
 */
Test(seccheck, an_exec_by_another_thread_is_no_exit)
{
	struct ct_seccheck_app *app = threaded(2, 4);
	struct message m;

	message_execve(&m, WALL + 200, 3, "/bin/ls");
	take(app, &m);
	message_executed(&m, WALL + 300, 3, "/bin/ls");
	take(app, &m);
	cr_assert_eq(heard_count, 2);
	cr_expect_eq(heard[1].e.kind, CT_KIND_OPENED);
	cr_expect_eq(heard[1].e.dur_ns, 100);
	heard_count = 1;
	ends(app, 310, 1, 0);
	ends(app, 320, 4, 0);
	ends(app, 330, 2, 0);
	cr_expect_eq(heard_count, 1, "it goes on");
	ends(app, 900, 1, 7 << 8);
	expect_exit_at(900, 7 << 8);
	free(app);
}

Test(seccheck, a_first_thread_that_ends_alone_is_no_exit)
{
	struct ct_seccheck_app *app = threaded(2, 3);

	ends(app, 200, 1, 0);
	ends(app, 300, 3, 0);
	cr_expect_eq(heard_count, 1);
	ends(app, 400, 2, 3 << 8);
	expect_exit_at(400, 3 << 8);
	free(app);
}

/* All at once, in any order: the program ends with the last of them. */
Test(seccheck, a_program_ends_with_its_last_thread)
{
	struct ct_seccheck_app *app = threaded(2, 3);

	ends(app, 200, 3, 9);
	ends(app, 210, 1, 9);
	cr_expect_eq(heard_count, 1);
	ends(app, 220, 2, 9);
	expect_exit_at(220, 9);
	free(app);
}

/* A thread whose begin was dropped may be left: what is not known is not guessed. */
Test(seccheck, an_exit_is_certain_or_not_told)
{
	struct ct_seccheck_app *app = threaded(2, 2);

	ct_seccheck_app_dropped(app, 1);
	ends(app, 200, 2, 0);
	ends(app, 210, 1, 0);
	cr_expect_eq(heard_count, 1);
	ends(app, 220, 1, 9); /* that all of them end with */
	expect_exit_at(220, 9);
	free(app);
}

/* A sandbox that does not tell of threads. */
Test(seccheck, a_thread_that_was_not_told_of_does_not_end_the_program)
{
	struct ct_seccheck_app *app = threaded(1, 0);

	ends(app, 200, 5, 9);
	cr_expect_eq(heard_count, 1);
	ends(app, 210, 1, 9);
	expect_exit_at(210, 9);
	free(app);
}

/* Also when the end of as many as there is room for was not heard. */
Test(seccheck, containers_that_begin_are_known_however_many_there_were)
{
	static const char *const args[] = { "sh", NULL };
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	for (int64_t tgid = 1; tgid <= CT_SECCHECK_INITS + 5; tgid++) {
		heard_count = 0;
		message_start(&m, WALL + 100, tgid, "abc", args);
		take(app, &m);
		take(app, &m);
		message_raw(&m, WALL + 200, tgid, tgid, 158);
		take(app, &m);
		cr_assert_eq(heard_count, 3, "%ld", (long)tgid);
	}
	free(app);
}

Test(seccheck, an_exec_that_succeeds_is_told_once)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_execve(&m, WALL + 100, 2, "/bin/ls");
	take(app, &m);
	message_executed(&m, WALL + 400, 2, "/bin/ls");
	take(app, &m);
	message_execve(&m, WALL + 500, 2, "/bin/ls");
	message_returned(&m, 0, 0);
	take(app, &m);
	message_execve(&m, WALL + 600, 2, "/no");
	take(app, &m);
	message_execve(&m, WALL + 650, 2, "/no");
	message_returned(&m, -1, 2);
	take(app, &m);
	cr_assert_eq(heard_count, 2);
	cr_expect_eq(heard[0].e.sub, CT_OPENS_SUB(CT_VIEW_APPLICATION, CT_OPEN_EXEC));
	cr_expect_eq(heard[0].e.dur_ns, 300);
	cr_expect_eq(heard[0].e.ret, 0);
	TAIL_IS(&heard[0], "/bin/ls");
	cr_expect_eq(heard[1].e.dur_ns, 50);
	cr_expect_eq(heard[1].e.ret, -2);
	free(app);
}

Test(seccheck, what_the_sandbox_dropped_is_lost_once)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	app->dropped = UINT32_MAX - 1;
	message_open(&m, WALL, 7, "/a");
	m.bytes[4] = 3; /* the counter has wrapped */
	m.bytes[5] = m.bytes[6] = m.bytes[7] = 0;
	take(app, &m);
	take(app, &m);
	cr_expect_eq(app->lost, 5);
	free(app);
}

/* Threads of the sandbox read the counter, then write: the newer one may come first. */
Test(seccheck, what_was_counted_before_is_not_lost_again)
{
	static const char counted[] = { 2, 5, 4, 5, 6 };
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_open(&m, WALL, 7, "/a");
	for (size_t i = 0; i < sizeof(counted); i++) {
		m.bytes[4] = counted[i];
		take(app, &m);
	}
	cr_expect_eq(app->lost, 6);
	free(app);
}

Test(seccheck, no_event_is_in_the_future)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	message_task_exit(&m, WALL + (int64_t)NOW + 1, 1, 1, 9);
	take(app, &m);
	message_task_exit(&m, WALL - 1, 1, 1, 9); /* before the host was up */
	take(app, &m);
	cr_assert_eq(heard_count, 2);
	cr_expect_eq(heard[0].e.ts_ns, NOW);
	cr_expect_eq(heard[1].e.ts_ns, NOW);
	free(app);
}

Test(seccheck, more_threads_than_there_is_room_for_are_lost)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m;

	for (int tid = 1; tid <= 2 * CT_SECCHECK_INSIDE; tid++) {
		message_open(&m, WALL + 1, tid, "/a");
		take(app, &m);
	}
	cr_expect(app->lost >= CT_SECCHECK_INSIDE);
	cr_expect_eq(heard_count, 0);
	free(app);
}

struct bad {
	const char *bytes;
	size_t len;
	bool is_message;
};

static const struct bad odd_messages[] = {
#define ROW(bytes, is) \
	{ \
		bytes, sizeof(bytes) - 1, is \
	}
	ROW("", false),
	ROW("\x08\0\x07\0\0\0\0", false), /* a byte short */
	ROW("\x07\0\x07\0\0\0\0\0", false), /* header shorter than one */
	ROW("\x09\0\x07\0\0\0\0\0", false), /* header longer than the message */
	ROW("\x08\0\x07\0\0\0\0\0", true), /* nothing in it */
	ROW("\x0a\0\x07\0\0\0\0\0\xff\xff", true), /* a newer header */
	ROW("\x08\0\xff\xff\0\0\0\0\x0a\x02\x08\x01", true), /* a newer message */
	ROW("\x08\0\x07\0\0\0\0\0\x0a\xff\xff\xff\xff\x0f\x08", true), /* length lies */
	ROW("\x08\0\x07\0\0\0\0\0\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", true),
	ROW("\x08\0\x07\0\0\0\0\0\x32", true), /* a key without a value */
	ROW("\x08\0\x07\0\0\0\0\0\x08\x05\x30\x05", true), /* other types than expected */
#undef ROW
};

static void try_bad(const struct bad *row)
{
	struct ct_seccheck_app *app = sandbox();
	struct message m = { .len = row->len };

	memcpy(m.bytes, row->bytes, row->len);
	take(app, &m);
	cr_expect_eq(app->lost, !row->is_message);
	cr_expect_eq(heard_count, 0);
	free(app);
}

Test(seccheck, odd_messages)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(odd_messages); i++)
		try_bad(&odd_messages[i]);
}

Test(seccheck, a_sandbox_that_is_not_seen_says_why)
{
	struct ct_seccheck_app *app = sandbox();

	app->opens = true;
	ct_seccheck_app_say(app, CT_VIEW_SENTRY, -16, "because", 77);
	cr_assert_eq(heard_count, 1);
	cr_expect_eq(heard[0].e.sub, CT_APP_WATCHED);
	cr_expect_eq(heard[0].e.arg, CT_VIEW_SENTRY);
	cr_expect_eq(heard[0].e.ret, -16);
	cr_expect_eq(heard[0].e.obj, 1);
	cr_expect_eq(heard[0].e.ts_ns, 77);
	TAIL_IS(&heard[0], "abc\0because");
	free(app);
}
