// SPDX-License-Identifier: GPL-2.0-only
/* A disk that stalls: a pipe whose reader sleeps. Nobody waits for it, and what does not fit is told. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/recording/recording_desk.h"
#include "tape.h"
#include "util/clock.h"
#include "util/mem.h"

#define MIB    (1u << 20)
#define TAIL   1024
#define EVENTS 6000 /* 6 MiB that do not compress */
#define BYTES  (32 * MIB)

static struct stall {
	char path[64];
	int fd;
	struct ct_archive archive;
	struct ct_desk *desk;
	pthread_t reader;
	atomic_bool over;
	char *bytes; /* owned */
	size_t len;
	/* What the recording says. */
	uint64_t forks, sends, lost, last;
	bool disorder, gap; /* gap: it ends in one */
} s;

static uint32_t seed = 17;

/* Number i, of which a tail says so, and is noise. */
static void put(enum ct_kind kind, uint64_t i)
{
	union {
		struct ct_event e;
		char bytes[sizeof(struct ct_event) + TAIL];
	} out = { .e = { .len = sizeof(out), .kind = (uint8_t)kind, .tail_len = TAIL } };

	out.e.ts_ns = tape_ns(0) + i * 1000;
	out.e.obj = i;
	for (size_t at = 0; at < TAIL; at++) {
		seed = seed * 1664525 + 1013904223;
		out.bytes[sizeof(out.e) + at] = (char)(seed >> 24);
	}
	ct_desk_write(s.desk, &out.e);
}

static void *drain(void *arg)
{
	struct stall *stall = arg;

	for (;;) {
		bool over = stall->over;
		ssize_t n = read(stall->fd, stall->bytes + stall->len, BYTES - stall->len);

		if (n > 0)
			stall->len += (size_t)n;
		else if (over)
			return NULL;
		else
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

static void count(void *ctx, const struct ct_event *e)
{
	struct stall *stall = ctx;

	stall->gap = e->kind == CT_KIND_LOST;
	if (stall->gap) {
		cr_expect_eq(e->sub, CT_LOSS_DISK);
		stall->lost += e->obj;
		return;
	}
	stall->forks += e->kind == CT_KIND_FORK;
	stall->sends += e->kind == CT_KIND_SEND;
	stall->disorder |= e->obj <= stall->last;
	stall->last = e->obj;
}

static void begin(size_t room)
{
	const struct ct_archive_options opts = { .path = s.path };
	struct ct_recording_header header;
	struct ct_err err = { 0 };

	snprintf(s.path, sizeof(s.path), "/tmp/coldtrace-desk-%d", (int)getpid());
	cr_assert_eq(mkfifo(s.path, 0600), 0);
	s.fd = open(s.path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	s.bytes = malloc(BYTES);
	cr_assert(s.fd >= 0 && s.bytes);
	ct_recording_header_fill(&header, 0);
	cr_assert_eq(ct_archive_open(&s.archive, &opts, &header, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_archive_begin(&s.archive, "full", &err), 0, "%s", err.msg);
	cr_assert_eq(ct_desk_begin_sized(&s.desk, &s.archive, room, &err), 0, "%s", err.msg);
}

static void wakes_up(void)
{
	cr_assert_eq(pthread_create(&s.reader, NULL, drain, &s), 0);
}

static void end(void)
{
	struct ct_err err = { 0 };
	struct ct_recording_header header;
	uint64_t cut;

	cr_expect_eq(ct_desk_end(take_ptr(s.desk), &err), 0, "%s", err.msg);
	cr_expect_eq(ct_archive_close(&s.archive, &err), 0, "%s", err.msg);
	s.over = true;
	pthread_join(s.reader, NULL);
	cr_assert_eq(ct_replay_bytes("it", s.bytes, s.len, &header, count, &s, &cut, &err), 0, "%s",
		     err.msg);
	cr_expect_eq(cut, 0);
	cr_expect_not(s.disorder);
	close(s.fd);
	unlink(s.path);
	free(s.bytes);
}

static void tick(void)
{
	struct ct_err err = { 0 };

	cr_expect_eq(ct_desk_tick(s.desk, tape_ns(0), false, &err), 0, "%s", err.msg);
}

/* Behind what waits there is room again. */
static void waits_for_room(void)
{
	struct ct_err err = { 0 };

	for (int i = 0; i < 10000 && ct_desk_seen(s.desk).counts.events < 2500; i++) {
		ct_desk_tick(s.desk, tape_ns(0), false, &err);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

Test(desk, nothing_is_missing_of_what_it_holds)
{
	uint64_t begun;

	begin(16 * MIB);
	begun = ct_mono_ns();
	for (unsigned i = 1; i <= EVENTS; i++) {
		put(i % 2 ? CT_KIND_FORK : CT_KIND_SEND, i);
		if (i % 100 == 0)
			tick();
	}
	cr_expect_lt(ct_mono_ns() - begun, UINT64_C(5000000000), "it waited for the disk");
	wakes_up();
	end();
	cr_expect_eq(s.forks + s.sends, EVENTS);
	cr_expect_eq(s.lost, 0);
	cr_expect_eq(s.archive.missing, 0);
}

/* What tells who is who has as much room again as all else. */
Test(desk, what_is_too_much_is_told)
{
	begin(2 * MIB);
	for (unsigned i = 1; i <= EVENTS; i++) {
		put(i % 2 ? CT_KIND_FORK : CT_KIND_SEND, i);
		if (i % 100 == 0)
			tick();
	}
	wakes_up();
	waits_for_room();
	for (unsigned i = 0; i < 10; i++)
		put(CT_KIND_SEND, EVENTS + 1 + i);
	end();
	cr_expect_gt(s.lost, EVENTS / 8);
	cr_expect_gt(s.forks, s.sends);
	cr_expect_eq(s.forks + s.sends + s.lost, EVENTS + 10);
	cr_expect_eq(s.last, EVENTS + 10, "it goes on");
	cr_expect_eq(s.archive.missing, s.lost);
	cr_expect_eq(ct_archive_seen(&s.archive).counts.lost, s.lost, "each once");
}

/* Nothing comes behind it. */
Test(desk, a_gap_at_the_end_is_told)
{
	begin(MIB);
	for (unsigned i = 1; i <= EVENTS; i++) {
		put(CT_KIND_SEND, i);
		if (i % 100 == 0)
			tick();
	}
	wakes_up();
	end();
	cr_expect_gt(s.lost, 0);
	cr_expect(s.gap);
	cr_expect_eq(s.sends + s.lost, EVENTS);
}
