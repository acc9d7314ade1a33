// SPDX-License-Identifier: GPL-2.0-only
#include "source/live.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "coldtrace.skel.h"
#include "core/roles.h"
#include "source/engine.h"
#include "source/kernel.h"
#include "source/procfs.h"
#include "source/seed.h"
#include "util/mem.h"

#define RING_BYTES      (4u << 20)
#define RING_BYTES_MIN  4096u
#define PROCESSES       16384u
#define PENDING_MIN     4096u
#define HANDED_MAX      1000000
#define LOSSES_EVERY_NS 500000000ull
#define NS_PER_MS       1000000ull

/* The kernel side's key of socket files. */
struct file_id {
	uint64_t ino;
	uint64_t dev;
};

struct ct_live {
	struct ct_live_options opts;
	struct ct_plan plan;
	struct coldtrace_bpf *skel;
	struct bpf_link *links[CT_PROBE_MAX];
	struct ring_buffer *ring;
	int epoll;
	uint64_t bad_events;
	uint64_t losses_ns; /* when the counters were read */
	uint64_t losses[CT_LOSS_MAX];
	uint64_t *per_cpu; /* owned */
	size_t cpus;
	struct ct_facts facts;
	struct ct_engines engines;
};

/*
 * libbpf says what went wrong in words only, to a function without a context: the probe that it
 * named last is the one that the kernel refused.
 */
static struct {
	bool verbose;
	enum ct_probe refused;
} libbpf;

static int on_libbpf_message(enum libbpf_print_level level, const char *fmt, va_list args)
{
	static const char before[] = "libbpf: prog '";
	char text[256];
	va_list copy;

	va_copy(copy, args);
	if (level == LIBBPF_WARN && vsnprintf(text, sizeof(text), fmt, copy) > 0 &&
	    !strncmp(text, before, sizeof(before) - 1)) {
		const char *name = text + sizeof(before) - 1;
		enum ct_probe probe = ct_probe_by_program(name, strcspn(name, "'"));

		if (probe != CT_PROBE_MAX)
			libbpf.refused = probe;
	}
	va_end(copy);
	return libbpf.verbose && level <= LIBBPF_INFO ? vfprintf(stderr, fmt, args) : 0;
}

static bool has_cap(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

static int check_rights(struct ct_err *err)
{
	uint64_t caps = ct_own_caps();
	char unprivileged[8] = "?";

	if (has_cap(caps, CAP_SYS_ADMIN) || (has_cap(caps, CAP_BPF) && has_cap(caps, CAP_PERFMON)))
		return 0;
	ct_text_read("/proc/sys/kernel/unprivileged_bpf_disabled", unprivileged,
		     sizeof(unprivileged));
	return ct_fail(err, -EPERM,
		       "trace this node: needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE "
		       "(kernel.unprivileged_bpf_disabled is %s, and would not suffice as 0); "
		       "run it with sudo",
		       unprivileged);
}

static int set_sizes(struct ct_live *live)
{
	size_t ring = live->opts.ring_bytes ? live->opts.ring_bytes : RING_BYTES;
	size_t processes = live->opts.processes_max ? live->opts.processes_max : PROCESSES;
	size_t calls = processes / 4 > PENDING_MIN ? processes / 4 : PENDING_MIN;
	int r;

	r = bpf_map__set_max_entries(live->skel->maps.events, (__u32)ring);
	if (!r)
		r = bpf_map__set_max_entries(live->skel->maps.actors, (__u32)processes);
	if (!r)
		r = bpf_map__set_max_entries(live->skel->maps.pending, (__u32)calls);
	return r;
}

static int prepare(struct ct_live *live, struct ct_err *err)
{
	int r;

	live->skel = coldtrace_bpf__open();
	if (!live->skel)
		return ct_fail(err, errno, "open the built-in BPF object: %s", strerror(errno));
	if (bpf_map__value_size(live->skel->maps.actors) != sizeof(struct ct_seed_actor) ||
	    bpf_map__key_size(live->skel->maps.api_sockets) != sizeof(struct file_id))
		return ct_fail(err, -EINVAL,
			       "open the built-in BPF object: it is not of this build; run 'make "
			       "clean' and build again");
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		struct bpf_program *prog =
			bpf_object__find_program_by_name(live->skel->obj, ct_probes[i].program);

		if (!prog)
			return ct_fail(err, -ENOENT,
				       "open the built-in BPF object: no program '%s'",
				       ct_probes[i].program);
		bpf_program__set_autoload(prog, live->plan.rows[i].on);
	}
	r = set_sizes(live);
	return r ? ct_fail(err, r, "size the maps: %s", strerror(-r)) : 0;
}

static int fail_load(int r, struct ct_err *err)
{
	if (r == -EPERM)
		return ct_fail(err, r,
			       "load the BPF programs: the kernel refused it although the "
			       "capabilities are there: RLIMIT_MEMLOCK (before kernel 5.11), a "
			       "container's seccomp profile, or a security module; run it as root "
			       "on the host itself");
	return ct_fail(err, r, "load the BPF programs: %s; -v shows the kernel's own words",
		       strerror(-r));
}

/* What is only wanted and turns out to be refused is left out. */
static int load(struct ct_live *live, struct ct_err *err)
{
	for (unsigned int attempt = 0; attempt <= CT_PROBE_MAX; attempt++) {
		int r = prepare(live, err);

		if (r)
			return r;
		libbpf.refused = CT_PROBE_MAX;
		r = coldtrace_bpf__load(live->skel);
		if (!r)
			return 0;
		if (r == -EPERM || libbpf.refused == CT_PROBE_MAX ||
		    !live->plan.rows[libbpf.refused].on)
			return fail_load(r, err);
		if (ct_plan_refuse(&live->plan, libbpf.refused, "its verifier refuses it", err))
			return err->code;
		coldtrace_bpf__destroy(live->skel);
		live->skel = NULL;
	}
	return fail_load(-EINVAL, err);
}

static int fill_roles(struct ct_live *live, struct ct_err *err)
{
	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		char comm[CT_COMM_LEN] = "";
		int r;

		snprintf(comm, sizeof(comm), "%s", row->comm);
		r = bpf_map_update_elem(bpf_map__fd(live->skel->maps.roles), comm, &row->role,
					BPF_ANY);
		if (r)
			return ct_fail(err, r, "tell the kernel about '%s': %s", row->comm,
				       strerror(-r));
	}
	return 0;
}

static int attach(struct ct_live *live, struct ct_kernel *kernel, struct ct_err *err)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		struct bpf_program *prog;

		if (!live->plan.rows[i].on)
			continue;
		prog = bpf_object__find_program_by_name(live->skel->obj, ct_probes[i].program);
		live->links[i] = ct_kernel_attach(kernel, i, prog);
		if (!live->links[i] &&
		    ct_plan_refuse(&live->plan, i, "it refuses to attach it", err))
			return err->code;
	}
	return 0;
}

static void emit_lost(struct ct_live *live, enum ct_loss loss, uint64_t more)
{
	struct ct_event *e;

	if (!more)
		return;
	e = ct_fact_begin(&live->facts, CT_KIND_LOST, 0);
	e->sub = (__u16)loss;
	e->obj = more;
	ct_fact_emit(&live->facts, NULL, 0);
}

static void read_losses(struct ct_live *live)
{
	uint64_t more;

	for (__u32 i = 0; i < CT_LOSS_MAX; i++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.losses), &i, live->per_cpu))
			continue;
		for (size_t cpu = 0; cpu < live->cpus; cpu++)
			sum += live->per_cpu[cpu];
		more = sum - live->losses[i];
		live->losses[i] = sum;
		emit_lost(live, (enum ct_loss)i, more);
	}
	more = live->bad_events;
	live->bad_events = 0;
	emit_lost(live, CT_LOSS_UNKNOWN, more);
	more = live->engines.lookups_dropped;
	live->engines.lookups_dropped = 0;
	emit_lost(live, CT_LOSS_TABLE, more);
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct ct_event *e = data;
	struct ct_live *live = ctx;
	struct ct_err ignored;

	if (ct_event_check(e, size, &ignored)) {
		live->bad_events++;
		return 0;
	}
	ct_facts_hand_over(&live->facts, e);
	if (e->sub == CT_ROLE_ENGINE && e->kind == CT_KIND_EXEC)
		ct_engines_started(&live->engines, e->tgid, ct_now_ns());
	else if (e->sub == CT_ROLE_ENGINE && e->kind == CT_KIND_EXIT)
		ct_engines_exited(&live->engines, e->tgid);
	ct_engines_answer(&live->engines);
	/* Who writes faster than is read here must not keep the reader from all else. */
	return live->facts.handed < HANDED_MAX ? 0 : -EINTR;
}

/* An own epoll: edge-triggered it sleeps although there is something to read, until woken. */
static int open_ring(struct ct_live *live, struct ct_err *err)
{
	int fd = bpf_map__fd(live->skel->maps.events), cpus = libbpf_num_possible_cpus();
	struct epoll_event want = { .events = EPOLLIN | EPOLLET };

	live->ring = ring_buffer__new(fd, on_record, live, NULL);
	if (!live->ring)
		return ct_fail(err, errno, "map the ring buffer: %s", strerror(errno));
	live->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (live->epoll < 0 || epoll_ctl(live->epoll, EPOLL_CTL_ADD, fd, &want))
		return ct_fail(err, errno, "wait for the ring buffer: %s", strerror(errno));
	live->cpus = cpus > 0 ? (size_t)cpus : 1;
	live->per_cpu = calloc(live->cpus, sizeof(*live->per_cpu));
	if (!live->per_cpu)
		return ct_fail(err, -ENOMEM, "count losses: out of memory");
	return 0;
}

static bool actor_known(void *ctx, uint32_t pid, struct ct_seed_actor *ret)
{
	struct ct_live *live = ctx;

	return !bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.actors), &pid, ret);
}

static bool actor_add(void *ctx, uint32_t pid, const struct ct_seed_actor *actor)
{
	struct ct_live *live = ctx;
	int r = bpf_map_update_elem(bpf_map__fd(live->skel->maps.actors), &pid, actor, BPF_NOEXIST);

	if (r && r != -EEXIST)
		emit_lost(live, CT_LOSS_ACTORS, 1);
	return !r;
}

static void actor_remove(void *ctx, uint32_t pid)
{
	struct ct_live *live = ctx;

	bpf_map_delete_elem(bpf_map__fd(live->skel->maps.actors), &pid);
}

static void actor_engine(void *ctx, uint32_t pid)
{
	struct ct_live *live = ctx;

	ct_engines_add(&live->engines, pid);
}

static void on_socket(void *ctx, uint32_t pid, const struct ct_socket_file *file)
{
	struct ct_live *live = ctx;
	struct file_id id = { .ino = file->ino, .dev = file->dev };

	bpf_map_update_elem(bpf_map__fd(live->skel->maps.api_sockets), &id, &pid, BPF_ANY);
}

static int find_running(struct ct_live *live, struct ct_err *err)
{
	static const struct ct_seed_ops ops = {
		.known = actor_known,
		.add = actor_add,
		.remove = actor_remove,
		.engine = actor_engine,
	};
	const char *glob = live->opts.ready_glob;
	struct ct_event *e;
	int r;

	e = ct_fact_begin(&live->facts, CT_KIND_OPTIONS, 0);
	e->obj = live->opts.ready_mask;
	e->arg = live->plan.request.depth;
	ct_fact_emit(&live->facts, glob, glob ? strlen(glob) : 0);
	r = ct_seed(&ops, live, &live->facts, err);
	if (!r)
		ct_engines_identities(&live->engines);
	return r;
}

static int start(struct ct_live *live, struct ct_err *err)
{
	struct ct_plan_request req = {
		.depth = live->opts.steps ? CT_DEPTH_STEPS : CT_DEPTH_PHASES,
		.ready_mask = live->opts.ready_mask,
	};
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct ct_kernel *kernel = NULL;
	int r;

	r = check_rights(err);
	if (!r)
		r = ct_kernel_open(&kernel, err);
	if (!r)
		r = ct_plan_make(&live->plan, &req, ct_kernel_can, kernel, err);
	setrlimit(RLIMIT_MEMLOCK, &all); /* only kernels before 5.11 need it */
	if (!r)
		r = load(live, err);
	if (!r)
		r = fill_roles(live, err);
	if (!r)
		r = open_ring(live, err);
	live->facts.newest_ns = ct_now_ns(); /* what is found has been there before all events */
	if (!r)
		r = attach(live, kernel, err);
	if (!r)
		r = find_running(live, err);
	ct_kernel_close(kernel);
	return r;
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
	live->epoll = -1;
	live->facts.fn = fn;
	live->facts.ctx = ctx;
	live->engines.facts = &live->facts;
	live->engines.fn = on_socket;
	live->engines.ctx = live;
	libbpf.verbose = opts->verbose;
	libbpf_set_print(on_libbpf_message);
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
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++)
		bpf_link__destroy(live->links[i]);
	ring_buffer__free(live->ring);
	if (live->epoll >= 0)
		close(live->epoll);
	coldtrace_bpf__destroy(live->skel);
	free(live->per_cpu);
	free(live);
}

/* Not past the time when an engine is to be looked at. */
static int wait_ms(const struct ct_live *live, int timeout_ms)
{
	uint64_t due = ct_engines_due(&live->engines), now;
	uint64_t ms;

	if (!due || timeout_ms == 0)
		return timeout_ms;
	now = ct_now_ns();
	ms = due > now ? (due - now) / NS_PER_MS + 1 : 0;
	return timeout_ms < 0 || ms < (uint64_t)timeout_ms ? (int)ms : timeout_ms;
}

int ct_live_poll(struct ct_live *live, int timeout_ms, struct ct_err *err)
{
	struct epoll_event got;
	uint64_t now;
	int r;

	live->facts.handed = 0;
	ct_engines_answer(&live->engines);
	if (timeout_ms && epoll_wait(live->epoll, &got, 1, wait_ms(live, timeout_ms)) < 0)
		return errno == EINTR ? -EINTR
				      : ct_fail(err, errno, "wait for events: %s", strerror(errno));
	r = ring_buffer__consume(live->ring);
	if (r < 0 && r != -EINTR)
		return ct_fail(err, r, "read the ring buffer: %s", strerror(-r));
	now = ct_now_ns();
	ct_engines_rescan(&live->engines, now);
	ct_engines_answer(&live->engines);
	if (!timeout_ms || now - live->losses_ns >= LOSSES_EVERY_NS) {
		live->losses_ns = now;
		read_losses(live);
	}
	return (int)live->facts.handed;
}

void ct_live_lookup_identity(struct ct_live *live, const char *id, uint32_t engine_pid)
{
	if (live)
		ct_engines_ask(&live->engines, id, engine_pid);
}

const struct ct_plan *ct_live_plan(const struct ct_live *live)
{
	return &live->plan;
}

size_t ct_live_engines(const struct ct_live *live)
{
	return live->engines.count;
}
