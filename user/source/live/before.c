// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/before.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "util/sorted.h"

#define ROOM_MIN (64u << 10)

/* Events, one behind the other. */
struct roll {
	char *bytes; /* owned */
	size_t len, room, count;
};

/* Of a process: of what was seen of it. */
struct born {
	uint32_t pid;
};

struct ct_before {
	struct roll found, seen;
	struct born *born; /* owned, in order: who began in between */
	size_t born_count;
	bool failed;
};

struct ct_before *ct_before_new(void)
{
	return calloc(1, sizeof(struct ct_before));
}

void ct_before_free(struct ct_before *b)
{
	if (!b)
		return;
	free(b->found.bytes);
	free(b->seen.bytes);
	free(b->born);
	free(b);
}

static bool add(struct roll *to, const struct ct_event *e)
{
	if (to->room - to->len < e->len) {
		size_t room = to->room ? 2 * to->room : ROOM_MIN;
		char *bytes = realloc(to->bytes, room);

		if (!bytes)
			return false;
		to->bytes = bytes;
		to->room = room;
	}
	memcpy(to->bytes + to->len, e, e->len);
	to->len += e->len;
	to->count++;
	return true;
}

static struct ct_event *at(const struct roll *r, size_t off)
{
	return (struct ct_event *)(r->bytes + off);
}

void ct_before_found(void *ctx, const struct ct_event *e)
{
	struct ct_before *b = ctx;

	b->failed |= !add(&b->found, e);
}

void ct_before_seen(struct ct_before *b, const struct ct_event *e)
{
	b->failed |= !add(&b->seen, e);
}

bool ct_before_whole(const struct ct_before *b)
{
	return !b->failed;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* In the middle of the longest time without an event. */
static uint64_t quietest(const struct ct_before *b, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t *times = calloc(b->seen.count + 2, sizeof(*times)), best = from_ns;
	size_t count = 0;

	if (!times)
		return from_ns;
	times[count++] = from_ns;
	times[count++] = to_ns;
	for (size_t off = 0; off < b->seen.len; off += at(&b->seen, off)->len)
		if (at(&b->seen, off)->ts_ns > from_ns && at(&b->seen, off)->ts_ns < to_ns)
			times[count++] = at(&b->seen, off)->ts_ns;
	qsort(times, count, sizeof(*times), by_time);
	for (size_t i = 1, most = 0; i < count; i++) {
		if (times[i] - times[i - 1] <= most)
			continue;
		most = times[i] - times[i - 1];
		best = times[i - 1] + most / 2;
	}
	free(times);
	return best;
}

static void leave_out(struct roll *r, uint64_t from_ns)
{
	size_t to = 0;

	for (size_t off = 0, len; off < r->len; off += len) {
		len = at(r, off)->len;
		if (at(r, off)->ts_ns >= from_ns) {
			r->count--;
			continue;
		}
		memmove(r->bytes + to, r->bytes + off, len);
		to += len;
	}
	r->len = to;
}

static uint32_t born_of(const struct ct_event *e)
{
	return e->kind == CT_KIND_FORK ? (uint32_t)e->obj : e->kind == CT_KIND_EXEC ? e->tgid : 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct born *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void list_born(struct ct_before *b)
{
	b->born = calloc(b->seen.count + 1, sizeof(*b->born));
	if (!b->born) {
		b->failed = true;
		return;
	}
	for (size_t off = 0; off < b->seen.len; off += at(&b->seen, off)->len) {
		uint32_t pid = born_of(at(&b->seen, off));

		if (pid)
			b->born[b->born_count++].pid = pid;
	}
	qsort(b->born, b->born_count, sizeof(*b->born), by_pid);
}

uint64_t ct_before_cut(struct ct_before *b, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t cut = quietest(b, from_ns, to_ns);

	leave_out(&b->seen, cut);
	list_born(b);
	return cut;
}

uint64_t ct_before_first(const struct ct_before *b, uint64_t end_ns)
{
	for (size_t off = 0; off < b->seen.len; off += at(&b->seen, off)->len)
		if (at(&b->seen, off)->ts_ns < end_ns)
			end_ns = at(&b->seen, off)->ts_ns;
	return end_ns;
}

size_t ct_before_count(const struct ct_before *b)
{
	return b->seen.count;
}

static bool is_born(const struct ct_before *b, uint32_t pid)
{
	size_t i = CT_SORTED_FIRST(b->born, 0, b->born_count, pid, pid);

	return pid && i < b->born_count && b->born[i].pid == pid;
}

/* Of a container that runs: its first process. 0: it does not, or it is not known. */
static uint32_t runs_as(const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	uint32_t pid = 0;

	while (rest.len) {
		struct ct_text key = ct_text_cut(&rest, '\0'), value = ct_text_cut(&rest, '\0');

		for (size_t i = 0; ct_text_is(key, "pid") && i < value.len; i++)
			pid = pid * 10 + (uint32_t)(value.p[i] - '0');
	}
	return pid;
}

enum when {
	THEN, /* it was so when the tracer before ended */
	SINCE, /* it may have come to be so since */
	NEVER /* what has been seen says more of it */
};

static enum when found_when(const struct ct_before *b, const struct ct_event *e)
{
	uint32_t pid;

	switch (e->kind) {
	case CT_KIND_PROCESS:
		return is_born(b, e->tgid) || is_born(b, e->root) ? NEVER : THEN;
	case CT_KIND_IDENTITY:
		pid = runs_as(e);
		return is_born(b, e->tgid) || !pid || is_born(b, pid) ? SINCE : THEN;
	case CT_KIND_ENGINE:
		return is_born(b, e->tgid) ? SINCE : THEN;
	default:
		return THEN;
	}
}

static void tell(struct ct_before *b, enum when when, uint64_t ns, ct_event_fn fn, void *ctx)
{
	for (size_t off = 0; off < b->found.len; off += at(&b->found, off)->len) {
		struct ct_event *e = at(&b->found, off);

		if (found_when(b, e) != when)
			continue;
		e->ts_ns = ns;
		fn(ctx, e);
	}
}

void ct_before_tell_found(struct ct_before *b, uint64_t ns, ct_event_fn fn, void *ctx)
{
	tell(b, THEN, ns, fn, ctx);
}

void ct_before_tell_seen(const struct ct_before *b, ct_event_fn fn, void *ctx)
{
	for (size_t off = 0; off < b->seen.len; off += at(&b->seen, off)->len)
		fn(ctx, at(&b->seen, off));
}

void ct_before_tell_known(struct ct_before *b, uint64_t ns, ct_event_fn fn, void *ctx)
{
	tell(b, SINCE, ns, fn, ctx);
}
