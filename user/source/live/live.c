// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/live.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/order/reorder.h"
#include "source/live/live_state.h"
#include "source/proc/credentials.h"
#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define RING_BYTES_MIN  4096u
#define TAKEN_MAX       1000000
#define LOSSES_EVERY_NS 500000000ull
#define INSIDE_MS       50 /* what sandboxes say is looked for, nobody is woken for it */
#define NS_PER_MS       1000000ull
/* A command like podman may be over soon, and what it has in its store is asked of the process: it is looked at more often. */
#define YOUNG_MS        10
#define YOUNG_NS        (300 * NS_PER_MS)
#define LAST_ANSWERS_NS (200 * NS_PER_MS)

/* Addresses mean nothing elsewhere: what is handed over, and recorded, are names. */
static void name_stack(struct ct_live *live, const struct ct_event *frames)
{
	uint64_t addresses[CT_TAIL_SMALL];
	char names[CT_TAIL_MAX];
	size_t count = frames->tail_len / sizeof(addresses[0]), len;
	struct ct_event *e;

	if (count > CT_ARRAY_SIZE(addresses))
		count = CT_ARRAY_SIZE(addresses);
	memcpy(addresses, frames->tail, count * sizeof(addresses[0]));
	len = ct_symbols_stack(live->symbols, addresses, count, names, sizeof(names));
	e = ct_fact_begin(&live->facts, CT_KIND_STACK, 0);
	e->obj = frames->obj;
	ct_fact_emit(&live->facts, names, len);
}

void ct_live_take(struct ct_live *live, const struct ct_event *e)
{
	if (e->kind == CT_KIND_FRAMES) {
		name_stack(live, e);
		return;
	}
	if (live->inside)
		ct_inside_take(live->inside, e);
	else
		ct_facts_hand_over(&live->facts, e);
	if (e->sub == CT_ROLE_ENGINE && e->kind == CT_KIND_EXEC) {
		ct_engines_started(&live->engines, e->tgid,
				   ct_event_level(e) || ct_event_uid(e) || e->root, ct_now_ns());
		live->young_ns = e->ts_ns + YOUNG_NS;
		live->last_in_order_ns = e->ts_ns + CT_REORDER_WINDOW_NS;
		if (!live->in_order_ns)
			live->in_order_ns = live->last_in_order_ns;
	} else if (e->sub == CT_ROLE_ENGINE && e->kind == CT_KIND_EXIT)
		ct_engines_exited(&live->engines, e->tgid);
	ct_engines_send(&live->engines);
}

static int on_record(void *ctx, const void *data, size_t size)
{
	const struct ct_event *e = data;
	struct ct_live *live = ctx;
	struct ct_err ignored;

	if (ct_event_check(e, size, &ignored)) {
		live->bad_events++;
		return 0;
	}
	/* What is not carried of a connection is not carried of what comes then, either. */
	if (e->ts_ns >= live->from_ns || e->kind == CT_KIND_HOLE)
		ct_live_take(live, e);
	/* Who writes faster than is read here must not keep the reader from all else. */
	return ++live->taken < TAKEN_MAX ? 0 : -EINTR;
}

/* An own epoll: edge-triggered it sleeps although there is something to read, until woken. */
static int open_ring(struct ct_live *live, struct ct_err *err)
{
	int fd = bpf_map__fd(live->skel->maps.events), cpus = libbpf_num_possible_cpus();
	struct epoll_event want = { .events = EPOLLIN | EPOLLET };
	int r;

	r = ct_ring_open(&live->ring, fd, bpf_map__max_entries(live->skel->maps.events), on_record,
			 live);
	if (r)
		return ct_fail(err, r, "map the ring buffer: %s", strerror(-r));
	live->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (live->epoll < 0 || epoll_ctl(live->epoll, EPOLL_CTL_ADD, fd, &want))
		return ct_fail(err, errno, "wait for the ring buffer: %s", strerror(errno));
	live->cpus = cpus > 0 ? (size_t)cpus : 1;
	live->per_cpu = calloc(CT_LOSS_MAX * live->cpus, sizeof(*live->per_cpu));
	if (!live->per_cpu)
		return ct_fail(err, -ENOMEM, "count losses: out of memory");
	return 0;
}

static void on_inside(void *ctx, const struct ct_event *e)
{
	struct ct_live *live = ctx;

	ct_facts_hand_over(&live->facts, e);
}

static int look_inside(struct ct_live *live, struct ct_err *err)
{
	const struct ct_inside_options opts = {
		.seccheck = live->opts.seccheck,
		.opens = live->opts.seccheck_opens,
		.probes = live->opts.sentry_probes,
		.sentry = {
			.events = bpf_map__fd(live->skel->maps.events),
			.losses = bpf_map__fd(live->skel->maps.losses),
			.opens_max = ct_live_sentry_opens(live),
		},
	};

	if (!opts.seccheck && !opts.probes)
		return 0;
	return ct_inside_open(&live->inside, &opts, on_inside, live, err);
}

static bool can(void *ctx, enum ct_probe probe, const char **why_not)
{
	struct ct_live *live = ctx;

	*why_not = live->refused[probe];
	return !*why_not && ct_kernel_can(live->kernel, probe, why_not);
}

static bool has(void *ctx, enum ct_feature feature, const char **why_not)
{
	struct ct_live *live = ctx;

	return ct_kernel_has(live->kernel, feature, why_not);
}

static void unload(struct ct_live *live)
{
	ct_live_detach(live);
	ct_ring_close(live->ring);
	live->ring = NULL;
	ct_open_maps_free(live->opens);
	live->opens = NULL;
	ct_symbols_close(live->symbols);
	live->symbols = NULL;
	if (live->epoll >= 0)
		close(live->epoll);
	live->epoll = -1;
	free(live->per_cpu);
	live->per_cpu = NULL;
	coldtrace_bpf__destroy(live->skel);
	live->skel = NULL;
}

/* What hides names most often hides more than that: it is said first. */
static int load(struct ct_live *live, struct ct_err *err)
{
	int r = ct_live_load(live, err), unnamed = 0;
	struct ct_err own;

	if (live->symbols && r != -EAGAIN)
		unnamed = ct_symbols_ready(live->symbols, &own);
	if (unnamed)
		*err = own;
	return unnamed ? unnamed : r;
}

/* One plan, as far as it goes. -EAGAIN: the kernel refused something, another plan may do. */
static int run_plan(struct ct_live *live, struct ct_err *err)
{
	const bool opens = live->opts.opens != CT_OPENS_NONE;
	const struct ct_plan_request req = {
		.steps = live->opts.steps,
		.why = live->opts.why,
		.ready_mask = live->opts.ready_mask | (opens ? CT_ASKED_OPENS : 0),
		.plan = live->opts.plan,
	};
	const struct ct_plan_kernel kernel = { .can = can, .has = has, .ctx = live };
	int r = req.why ? ct_symbols_open(&live->symbols, err) : 0;

	if (!r)
		r = ct_plan_make(&live->plan, &req, &kernel, err);
	if (!r)
		r = load(live, err);
	if (!r)
		r = ct_live_fill_roles(live, err);
	if (!r)
		r = open_ring(live, err);
	if (!r && live->opts.opens == CT_OPENS_COUNTED)
		r = ct_open_maps_new(&live->opens, live->skel, &live->facts, err);
	live->facts.newest_ns = ct_now_ns(); /* what is found has been there before all events */
	ct_lap(&live->laps, CT_LAP_LOAD);
	if (!r)
		ct_live_before_attach(live);
	if (!r)
		r = ct_live_attach(live);
	ct_lap(&live->laps, CT_LAP_ATTACH);
	return r;
}

/* Until the probes are attached. */
static int attach(struct ct_live *live, struct ct_err *err)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	const char *why_not;
	int r;

	r = ct_may_trace(err);
	setrlimit(RLIMIT_MEMLOCK, &all); /* only kernels before 5.11 need it */
	if (!r)
		r = ct_kernel_open(&live->kernel, err);
	ct_lap(&live->laps, CT_LAP_KERNEL);
	if (!r && live->opts.opens != CT_OPENS_NONE &&
	    !ct_kernel_has(live->kernel, CT_FEATURE_STORAGE, &why_not))
		r = ct_fail(err, -ENOTSUP,
			    "count opened files: this kernel cannot keep a time per thread for BPF "
			    "programs; use kernel 5.13 or newer, or leave out --opens");
	if (!r)
		r = run_plan(live, err);
	while (r == -EAGAIN) { /* ends: each time there is one probe less */
		unload(live);
		r = run_plan(live, err);
	}
	return r;
}

/* From now on nothing is missed. The time is that of the first probe, so that it is in order. */
static void tell_begin(struct ct_live *live)
{
	struct ct_event *e = ct_fact_begin(&live->facts, CT_KIND_BEGIN, 0);

	e->arg = ct_now_ns() - e->ts_ns;
	ct_fact_emit(&live->facts, NULL, 0);
}

static int start(struct ct_live *live, struct ct_err *err)
{
	int r = ct_may_trace(err);

	ct_laps_begin(&live->laps);
	if (!r)
		r = ct_engines_open(&live->engines, err);
	ct_lap(&live->laps, CT_LAP_ENGINES);
	if (!r)
		r = ct_live_before_open(live, err);
	if (!r)
		r = attach(live, err);
	if (!r)
		ct_engines_watch(&live->engines, live->epoll);
	if (!r)
		r = ct_live_find_running(live, err);
	if (!r)
		r = ct_live_seed_threads(live, err);
	ct_lap(&live->laps, CT_LAP_RUNNING);
	if (!r)
		r = look_inside(live, err);
	ct_lap(&live->laps, CT_LAP_INSIDE);
	if (!r && live->before)
		r = ct_live_before_found(live, err);
	else if (!r)
		tell_begin(live);
	live->engines.patience_ns = 0; /* from now on nobody waits for one */
	ct_kernel_close(live->kernel);
	live->kernel = NULL;
	return r;
}

int ct_live_try(struct ct_live **ret, const struct ct_live_options *opts, struct ct_err *err)
{
	struct ct_live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return ct_fail(err, -ENOMEM, "try to trace: out of memory");
	live->opts = *opts;
	live->epoll = live->page_fd = -1;
	ct_live_listen(opts->verbose);
	r = attach(live, err);
	ct_kernel_close(live->kernel);
	live->kernel = NULL;
	if (r) {
		ct_live_close(live);
		return r;
	}
	*ret = live;
	return 0;
}

int ct_live_open(struct ct_live **ret, const struct ct_live_options *opts, ct_event_fn fn,
		 void *ctx, struct ct_err *err)
{
	struct ct_live *live;
	int r;

	if (opts->ring_bytes && (opts->ring_bytes < RING_BYTES_MIN || opts->ring_bytes >> 31 ||
				 (opts->ring_bytes & (opts->ring_bytes - 1))))
		return ct_fail(err, -EINVAL,
			       "size the ring buffer: %zu bytes is no power of two from 4 KiB to "
			       "1 GiB",
			       opts->ring_bytes);
	live = calloc(1, sizeof(*live));
	if (!live)
		return ct_fail(err, -ENOMEM, "begin to trace: out of memory");
	live->opts = *opts;
	live->epoll = live->page_fd = -1;
	live->facts.fn = fn;
	live->facts.ctx = ctx;
	live->engines.facts = &live->facts;
	live->engines.fn = ct_live_on_socket;
	live->engines.ctx = live;
	ct_live_listen(opts->verbose);
	r = start(live, err);
	if (r) {
		ct_live_close(live);
		return r;
	}
	*ret = live;
	return 0;
}

void ct_live_close(struct ct_live *live)
{
	if (!live)
		return;
	free(live->again.list);
	ct_live_before_close(live);
	ct_inside_close(live->inside);
	ct_engines_close(&live->engines);
	unload(live);
	free(live);
}

int ct_live_drop_privileges(struct ct_live *live, bool with_command, struct ct_err *err)
{
	uint64_t keep = ct_privileges_kept(with_command, live->opts.seccheck), own = ct_own_caps();
	__u32 first = 0;
	int r;

	/* Sandboxes get their probes when they are past their birth. */
	if (live->opts.sentry_probes)
		keep |= CT_CAP_BIT(CAP_BPF) | CT_CAP_BIT(CAP_PERFMON) | CT_CAP_BIT(CAP_SYS_ADMIN);
	r = ct_caps_lower(keep, err);

	if (r)
		return r;
	/* Before 5.19, with kernel.unprivileged_bpf_disabled, reading an own map takes it too. */
	if (bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.losses), &first, live->per_cpu) ==
	    -EPERM)
		keep |= CT_CAP_BIT(own & CT_CAP_BIT(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN);
	return ct_caps_keep(keep, err);
}

/* Not past the time when an engine or a sandbox is to be looked at. */
static int wait_ms(const struct ct_live *live, int timeout_ms)
{
	uint64_t due = ct_engines_due(&live->engines), now;
	const uint64_t others[] = { live->inside ? ct_inside_due(live->inside) : 0,
				    ct_live_again_due(live), live->in_order_ns };
	uint64_t ms;

	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++) {
		if (others[i] && (!due || others[i] < due))
			due = others[i];
	}
	if (!due || timeout_ms == 0)
		return timeout_ms;
	now = ct_now_ns();
	ms = due > now ? (due - now) / NS_PER_MS + 1 : 0;
	return timeout_ms < 0 || ms < (uint64_t)timeout_ms ? (int)ms : timeout_ms;
}

/* What is left in it when that fails is lost: one event at least. */
static int read_ring(struct ct_live *live, struct ct_err *err)
{
	long r;

	ct_live_page_read(live);
	r = ct_ring_read(live->ring);
	if (r >= 0 || r == -EINTR)
		return 0;
	ct_live_emit_lost(live, CT_LOSS_RING, 1);
	return ct_fail(err, (int)r, "read the ring buffer: %s", strerror((int)-r));
}

int ct_live_tell_opens(struct ct_live *live, struct ct_err *err)
{
	int r;

	if (!live->opens)
		return 0;
	r = ct_open_maps_turn(live->opens, err);
	if (!r)
		r = read_ring(live, err);
	if (!r)
		r = ct_open_maps_tell(live->opens, ct_now_ns(), err);
	ct_live_emit_lost(live, CT_LOSS_OPENS, ct_open_maps_lost(live->opens));
	if (r)
		ct_live_emit_lost(live, CT_LOSS_OPENS, 1); /* one at least */
	return r;
}

/*
 * Before a long wait: from now on the first event wakes us, and what was written until now is read.
 * Returns how long to wait then, or an error.
 */
static int doze(struct ct_live *live, int timeout_ms, struct ct_err *err)
{
	int r;

	__atomic_store_n(&live->skel->bss->reader_dozes, 1, __ATOMIC_SEQ_CST);
	r = read_ring(live, err);
	if (r)
		return r;
	return live->facts.handed ? 1 : timeout_ms;
}

int ct_live_poll(struct ct_live *live, int timeout_ms, struct ct_err *err)
{
	struct epoll_event got;
	uint64_t now;
	int r, woken = 1;

	live->facts.handed = live->taken = 0;
	ct_live_before_turn(live);
	ct_engines_send(&live->engines);
	if (live->inside && timeout_ms > INSIDE_MS)
		timeout_ms = INSIDE_MS;
	if (timeout_ms > YOUNG_MS && ct_now_ns() < live->young_ns)
		timeout_ms = YOUNG_MS;
	if (timeout_ms > CT_LIVE_AWAKE_MS) {
		timeout_ms = doze(live, timeout_ms, err);
		if (timeout_ms < 0)
			return timeout_ms;
	}
	if (timeout_ms)
		woken = epoll_wait(live->epoll, &got, 1, wait_ms(live, timeout_ms));
	if (woken < 0)
		return errno == EINTR ? -EINTR
				      : ct_fail(err, errno, "wait for events: %s", strerror(errno));
	__atomic_store_n(&live->skel->bss->reader_dozes, 0, __ATOMIC_RELAXED);
	/* Before the ring: what the kernel says of the time before is then in it. */
	if (live->inside)
		ct_inside_read(live->inside);
	r = read_ring(live, err);
	if (live->inside)
		ct_inside_hand_over(live->inside);
	if (r)
		return r;
	now = ct_now_ns();
	if (now >= live->in_order_ns)
		live->in_order_ns = now < live->last_in_order_ns ? live->last_in_order_ns : 0;
	/* The last time: what was asked for last is still to be told. */
	if (!timeout_ms)
		ct_engines_settle(&live->engines, now + LAST_ANSWERS_NS);
	ct_engines_turn(&live->engines, now, woken);
	if (live->opens && (!timeout_ms || ct_open_maps_due(live->opens, now))) {
		r = ct_live_tell_opens(live, err);
		if (r)
			return r;
	}
	if (!timeout_ms || now - live->losses_ns >= LOSSES_EVERY_NS)
		ct_live_read_losses(live, now, !timeout_ms);
	ct_live_again_turn(live, now);
	return (int)live->facts.handed;
}

void ct_live_lookup(struct ct_live *live, enum ct_lookup what, const char *id, uint32_t engine_pid,
		    const char *bundle)
{
	static const enum ct_errand_kind kinds[] = {
		[CT_LOOKUP_IDENTITY] = CT_ERRAND_WHO,
		[CT_LOOKUP_MANIFEST] = CT_ERRAND_MANIFEST,
		[CT_LOOKUP_UNPACKED] = CT_ERRAND_UNPACKED,
		[CT_LOOKUP_IMAGE] = CT_ERRAND_IMAGE,
		[CT_LOOKUP_STORE] = CT_ERRAND_STORE,
		[CT_LOOKUP_STORED] = CT_ERRAND_STORED,
	};

	ct_engines_ask(&live->engines, kinds[what], id, engine_pid, bundle);
}

uint64_t ct_live_until(const struct ct_live *live)
{
	return live->inside ? ct_inside_until(live->inside) : ct_now_ns();
}

void ct_live_end(struct ct_live *live)
{
	if (live->inside)
		ct_inside_end(live->inside);
}

const struct ct_laps *ct_live_laps(const struct ct_live *live)
{
	return &live->laps;
}

const struct ct_plan *ct_live_plan(const struct ct_live *live)
{
	return &live->plan;
}

size_t ct_live_engines(const struct ct_live *live)
{
	return live->engines.count;
}
