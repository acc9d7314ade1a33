// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one tracer to the next: while its programs stay attached their ring fills, and the next one, whose own are attached
 * by then, reads it first. What began and ended in between is then told as anything else, and what did not fit is
 * counted as lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/live/before.h"
#include "source/live/live_state.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define NS_PER_MS 1000000ull
/* Another one when what is kept, bpf/h2.bpf.h's tables for instance, comes to mean something else. */
#define PAGE_MAGIC  0x3174706b6174726full
#define PAGE_LOSSES 16
#define H2_MAX      65536u /* a walk ends, whatever comes and goes */
#define BOTH_NS     (10 * NS_PER_MS) /* both are listened to for so long */
#define LATE_NS     (100 * NS_PER_MS) /* somebody is in the middle of writing */
#define HOOKS_PLAIN (CT_HOOK_TP_BTF | CT_HOOK_RAW_TP | CT_HOOK_FENTRY)

/* What was asked for: with something else events mean something else. */
struct asked {
	uint32_t steps, why, ready_mask, opens;
	char ready_glob[256];
};

/* Of one version and the next: only the magic number and size may be trusted to be the same. */
struct ct_kept_page {
	uint64_t magic;
	uint32_t size, losses;
	struct asked asked;
	uint64_t ring_bytes;
	uint64_t read_ns; /* what came earlier has been read */
	uint64_t told[PAGE_LOSSES]; /* of the counters of losses */
	uint64_t missed; /* runs that the kernel left out, and that have been told */
};
_Static_assert(CT_LOSS_MAX <= PAGE_LOSSES, "every cause has room");

struct ct_live_before {
	struct ct_before *events; /* owned */
	struct ct_ring *ring; /* owned */
	struct ct_kept_page page;
	uint64_t lost[PAGE_LOSSES], missed;
	uint64_t unread; /* events that are none */
	uint64_t until_ns; /* from then on own programs tell */
	ct_event_fn fn; /* of whoever facts are for */
	void *ctx; /* borrowed */
};

static struct asked asked_of(const struct ct_live_options *opts)
{
	struct asked a = {
		.steps = opts->steps,
		.why = opts->why,
		.ready_mask = opts->ready_mask,
		.opens = opts->opens,
	};

	snprintf(a.ready_glob, sizeof(a.ready_glob), "%s",
		 opts->ready_glob ? opts->ready_glob : "");
	return a;
}

static int kept_fd(const struct ct_kept *kept, enum ct_kept_kind kind)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->fds[i].kind == kind)
			return kept->fds[i].fd;
	return -1;
}

/* Nobody makes it smaller while it is read. */
static bool read_page(int fd, struct ct_kept_page *ret)
{
	return fd >= 0 && pread(fd, ret, sizeof(*ret), 0) == sizeof(*ret) &&
	       ret->magic == PAGE_MAGIC && ret->size == sizeof(*ret) && ret->losses <= PAGE_LOSSES;
}

static bool is_map(int fd, uint32_t type, uint64_t entries, uint32_t value)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == type &&
	       info.max_entries >= entries && info.value_size == value;
}

static int on_seen(void *ctx, const void *data, size_t size)
{
	struct ct_live_before *before = ctx;
	struct ct_err ignored;

	if (ct_event_check(data, size, &ignored))
		before->unread++;
	else
		ct_before_seen(before->events, data);
	return 0;
}

static bool can_be_read(struct ct_live *live, struct ct_live_before *before)
{
	const struct ct_kept *kept = live->opts.before;
	const struct asked asked = asked_of(&live->opts);
	int ring = kept_fd(kept, CT_KEPT_RING);
	uint64_t bytes;

	if (!read_page(kept_fd(kept, CT_KEPT_PAGE), &before->page) ||
	    memcmp(&before->page.asked, &asked, sizeof(asked)) != 0)
		return false;
	bytes = before->page.ring_bytes;
	return is_map(ring, BPF_MAP_TYPE_RINGBUF, bytes, 0) && bytes && !(bytes & (bytes - 1)) &&
	       is_map(kept_fd(kept, CT_KEPT_LOSSES), BPF_MAP_TYPE_PERCPU_ARRAY, before->page.losses,
		      sizeof(uint64_t)) &&
	       !ct_ring_open(&before->ring, ring, bytes, on_seen, before);
}

static void forget(struct ct_live_before *before)
{
	ct_ring_close(before->ring);
	ct_before_free(before->events);
	free(before);
}

int ct_live_before_open(struct ct_live *live, struct ct_err *err)
{
	struct ct_live_before *before;

	if (!live->opts.before || !live->opts.before->count)
		return 0;
	before = calloc(1, sizeof(*before));
	if (before)
		before->events = ct_before_new();
	if (!before || !before->events) {
		free(before);
		return ct_fail(err, -ENOMEM, "go on where another one ended: out of memory");
	}
	if (!can_be_read(live, before)) {
		forget(before);
		return 0;
	}
	before->fn = live->facts.fn;
	before->ctx = live->facts.ctx;
	live->facts.fn = ct_before_found;
	live->facts.ctx = before->events;
	live->before = before;
	return 0;
}

/*
 * Connections of HTTP/2 go on: where their next frames begin, so that nothing has to be called unknown of which all has
 * been heard. Before anything is attached what has ever been known, afterwards what is known now: of whoever has sent
 * meanwhile the own programs know more.
 */
static void copy_left(int from, int to)
{
	uint64_t key, *before = NULL, left;

	for (uint32_t n = 0; n < H2_MAX && !bpf_map_get_next_key(from, before, &key); n++) {
		before = &key;
		if (!bpf_map_lookup_elem(from, &key, &left))
			bpf_map_update_elem(to, &key, &left, BPF_NOEXIST);
	}
}

static void copy_ever(const struct ct_live *live, int from)
{
	int to = bpf_map__fd(live->skel->maps.h2_ever);
	own_mem void *ever = calloc(1, bpf_map__value_size(live->skel->maps.h2_ever));
	const __u32 zero = 0;

	if (ever &&
	    is_map(from, BPF_MAP_TYPE_ARRAY, 1, bpf_map__value_size(live->skel->maps.h2_ever)) &&
	    !bpf_map_lookup_elem(from, &zero, ever))
		bpf_map_update_elem(to, &zero, ever, BPF_ANY);
}

void ct_live_before_attach(struct ct_live *live)
{
	if (live->before)
		copy_ever(live, kept_fd(live->opts.before, CT_KEPT_H2_EVER));
}

void ct_live_before_hears(struct ct_live *live)
{
	const struct {
		enum ct_kept_kind kind;
		const struct bpf_map *to;
	} rows[] = {
		{ CT_KEPT_H2, live->skel->maps.h2_host },
		{ CT_KEPT_H2_SHARED, live->skel->maps.h2_shared },
	};

	for (size_t i = 0; live->before && i < CT_ARRAY_SIZE(rows); i++) {
		int from = kept_fd(live->opts.before, rows[i].kind);

		if (is_map(from, BPF_MAP_TYPE_LRU_HASH, 1, sizeof(uint64_t)))
			copy_left(from, bpf_map__fd(rows[i].to));
	}
}

static void nap(uint64_t ns)
{
	const struct timespec pause = { .tv_nsec = (long)ns };

	nanosleep(&pause, NULL);
}

/* All that began to be written until then. */
static int read_until(struct ct_live_before *before, uint64_t ns)
{
	long r;

	while (ct_now_ns() < ns)
		nap(NS_PER_MS);
	do {
		r = ct_ring_read(before->ring);
		if (r < 0)
			return (int)r;
		if (ct_ring_is_read(before->ring))
			return 0;
		nap(NS_PER_MS);
	} while (ct_now_ns() < ns + LATE_NS);
	before->lost[CT_LOSS_RING]++; /* one at least */
	return 0;
}

static uint64_t missed_by(const struct ct_kept *kept)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < kept->count; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (kept->fds[i].kind == CT_KEPT_PROGRAM &&
		    !bpf_obj_get_info_by_fd(kept->fds[i].fd, &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

static void count_lost(struct ct_live *live, struct ct_live_before *before)
{
	int fd = kept_fd(live->opts.before, CT_KEPT_LOSSES);
	uint64_t missed = missed_by(live->opts.before);

	for (__u32 i = 0; i < before->page.losses; i++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(fd, &i, live->per_cpu))
			continue;
		for (size_t cpu = 0; cpu < live->cpus; cpu++)
			sum += live->per_cpu[cpu];
		if (sum > before->page.told[i])
			before->lost[i] += sum - before->page.told[i];
	}
	if (missed > before->page.missed)
		before->missed = missed - before->page.missed;
}

int ct_live_before_found(struct ct_live *live, struct ct_err *err)
{
	struct ct_live_before *before = live->before;
	uint64_t now = ct_now_ns(), begin;
	struct ct_event *e;
	int r;

	if (!before)
		return 0;
	r = read_until(before, now + BOTH_NS);
	if (r)
		return ct_fail(err, r, "read what another one has left: %s", strerror(-r));
	before->until_ns = live->from_ns = ct_before_cut(before->events, now, now + BOTH_NS);
	if (!ct_before_whole(before->events))
		return ct_fail(err, -ENOMEM, "read what another one has left: out of memory");
	count_lost(live, before);
	live->facts.fn = before->fn;
	live->facts.ctx = before->ctx;
	begin = ct_before_first(before->events, before->page.read_ns);
	live->facts.newest_ns = begin;
	ct_before_tell_found(before->events, begin, before->fn, before->ctx);
	/* Since then nothing is missed. */
	e = ct_fact_begin(&live->facts, CT_KIND_BEGIN, 0);
	e->arg = before->page.read_ns - begin;
	ct_fact_emit(&live->facts, NULL, 0);
	return 0;
}

static void take(void *ctx, const struct ct_event *e)
{
	ct_live_take(ctx, e);
}

static void hand_over(void *ctx, const struct ct_event *e)
{
	ct_facts_hand_over(ctx, e);
}

void ct_live_before_turn(struct ct_live *live)
{
	struct ct_live_before *before = live->before;

	if (!before || !before->until_ns)
		return;
	live->before = NULL;
	live->went_on.events = ct_before_count(before->events);
	live->went_on.since_ns = before->page.read_ns;
	ct_before_tell_seen(before->events, take, live);
	ct_before_tell_known(before->events, live->facts.newest_ns, hand_over, &live->facts);
	for (enum ct_loss loss = 0; loss < CT_LOSS_MAX; loss++)
		ct_live_emit_lost(live, loss, before->lost[loss]);
	ct_live_emit_lost(live, CT_LOSS_READ, before->missed);
	ct_live_emit_lost(live, CT_LOSS_UNKNOWN, before->unread);
	forget(before);
}

void ct_live_before_close(struct ct_live *live)
{
	if (live->before)
		forget(live->before);
	live->before = NULL;
	if (live->page)
		munmap(live->page, sizeof(*live->page));
	live->page = NULL;
	if (live->page_fd >= 0)
		close(live->page_fd);
	live->page_fd = -1;
}

bool ct_live_went_on(const struct ct_live *live, uint64_t *ret_since_ns, size_t *ret_events)
{
	*ret_since_ns = live->went_on.since_ns;
	*ret_events = live->went_on.events;
	return live->went_on.since_ns != 0;
}

/* --- for the next one */

static bool make_page(struct ct_live *live)
{
	void *page;

	live->page_fd = memfd_create("coldtrace-kept", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (live->page_fd < 0 || ftruncate(live->page_fd, sizeof(*live->page)) ||
	    fcntl(live->page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return false;
	page = mmap(NULL, sizeof(*live->page), PROT_READ | PROT_WRITE, MAP_SHARED, live->page_fd,
		    0);
	if (page == MAP_FAILED)
		return false;
	live->page = page;
	*live->page = (struct ct_kept_page){
		.magic = PAGE_MAGIC,
		.size = sizeof(*live->page),
		.losses = CT_LOSS_MAX,
		.asked = asked_of(&live->opts),
		.ring_bytes = bpf_map__max_entries(live->skel->maps.events),
		.read_ns = ct_now_ns(),
	};
	ct_live_page_losses(live);
	return true;
}

/*
 * Links alone, which end with their last descriptor, and at once: whoever closes one on a system call waits for 65 ms
 * (live_detach.c), and that would be the service manager. Of functions by kprobes it is not counted here what they miss.
 */
static bool may_be_kept(const struct ct_live *live)
{
	size_t on = 0;

	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		if (live->plan.rows[i].on && !(ct_hook_of(i) & HOOKS_PLAIN))
			return false;
		on += live->plan.rows[i].on;
	}
	return !live->inside && !live->opens && !live->opts.mine &&
	       CT_KEPT_PROGRAM + 2 * on <= CT_KEPT_MAX;
}

static void keep(struct ct_kept *to, enum ct_kept_kind kind, int fd)
{
	to->fds[to->count++] = (struct ct_kept_fd){ kind, fd };
}

bool ct_live_keep(struct ct_live *live, struct ct_kept *ret)
{
	*ret = (struct ct_kept){ 0 };
	if (!may_be_kept(live) || !make_page(live))
		return false;
	keep(ret, CT_KEPT_PAGE, live->page_fd);
	keep(ret, CT_KEPT_RING, bpf_map__fd(live->skel->maps.events));
	keep(ret, CT_KEPT_LOSSES, bpf_map__fd(live->skel->maps.losses));
	keep(ret, CT_KEPT_H2, bpf_map__fd(live->skel->maps.h2_host));
	keep(ret, CT_KEPT_H2_SHARED, bpf_map__fd(live->skel->maps.h2_shared));
	keep(ret, CT_KEPT_H2_EVER, bpf_map__fd(live->skel->maps.h2_ever));
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		if (!live->plan.rows[i].on)
			continue;
		keep(ret, CT_KEPT_PROGRAM, live->programs[i]);
		keep(ret, CT_KEPT_LINK, bpf_link__fd(live->links[i]));
	}
	return true;
}

void ct_live_page_read(struct ct_live *live)
{
	if (live->page)
		__atomic_store_n(&live->page->read_ns, ct_now_ns(), __ATOMIC_RELAXED);
}

void ct_live_page_losses(struct ct_live *live)
{
	if (!live->page)
		return;
	memcpy(live->page->told, live->losses, sizeof(live->losses));
	live->page->missed = 0;
	for (enum ct_loss loss = 0; loss < CT_LOSS_MAX; loss++)
		live->page->missed += live->missed[loss];
}
