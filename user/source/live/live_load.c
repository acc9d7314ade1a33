// SPDX-License-Identifier: GPL-2.0-only
/* The plan becomes programs that are loaded and attached, or a refusal that the next plan heeds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/who/roles.h"
#include "source/live/live_state.h"
#include "source/proc/credentials.h"
#include "source/live/reads.h"
#include "util/mem.h"

#define RING_BYTES     (4u << 20)
#define RING_BYTES_WHY (16u << 20)
#define PROCESSES      16384u
#define PENDING_MIN    4096u
#define LRU_PER_CPU    256u

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

/*
 * Tables that forget what is oldest keep 128 free places for each CPU (kernel/bpf/bpf_lru_list.c): what is
 * in flight on a host of many has to have room beside them. Those of requests do not forget, but more
 * processors ask more.
 */
static uint32_t least_by_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return (uint32_t)(cpus > 0 ? cpus : 1) * LRU_PER_CPU;
}

static int set_by_cpus(struct ct_live *live)
{
	struct bpf_map *const maps[] = {
		live->skel->maps.bodies,  live->skel->maps.bodies_shared,
		live->skel->maps.streams, live->skel->maps.streams_shared,
		live->skel->maps.h2_host, live->skel->maps.h2_shared,
		live->skel->maps.sending, live->skel->maps.relayed,
	};
	__u32 least = least_by_cpus();
	int r = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(maps) && !r; i++) {
		if (bpf_map__max_entries(maps[i]) < least)
			r = bpf_map__set_max_entries(maps[i], least);
	}
	return r;
}

static size_t processes_of(const struct ct_live *live)
{
	return live->opts.processes_max ? live->opts.processes_max : PROCESSES;
}

/* Of four processes, one in the middle of an open. */
uint32_t ct_live_sentry_opens(const struct ct_live *live)
{
	uint32_t opens = (uint32_t)(processes_of(live) / 4), least = least_by_cpus();

	return opens > least ? opens : least;
}

static int set_sizes(struct ct_live *live)
{
	bool why = live->opts.why;
	size_t ring = live->opts.ring_bytes ? live->opts.ring_bytes
		      : why                 ? RING_BYTES_WHY
					    : RING_BYTES;
	size_t processes = processes_of(live);
	size_t calls = processes / 4 > PENDING_MIN ? processes / 4 : PENDING_MIN;
	int r;

	/* What containers may have of the table of processes: each, and all of them. */
	live->skel->rodata->ct_share_actors = (__s64)processes / 8;
	live->skel->rodata->ct_shared_actors_max = (__s64)processes / 4 * 3;
	if (live->skel->rodata->ct_unread_max > ring / 4)
		live->skel->rodata->ct_unread_max = ring / 4;
	if (live->skel->rodata->ct_unread_waits_max > ring / 4)
		live->skel->rodata->ct_unread_waits_max = ring / 4;
	r = bpf_map__set_max_entries(live->skel->maps.events, (__u32)ring);
	if (!r)
		r = bpf_map__set_max_entries(live->skel->maps.actors, (__u32)processes);
	if (!r)
		r = bpf_map__set_max_entries(live->skel->maps.pending, (__u32)calls);
	if (!r)
		r = set_by_cpus(live);
	if (!r && !why) /* their programs are not loaded, so they need not be made */
		r = bpf_map__set_autocreate(live->skel->maps.threads, false) ||
		    bpf_map__set_autocreate(live->skel->maps.stacks, false) ||
		    bpf_map__set_autocreate(live->skel->maps.scratch, false);
	return r;
}

/* What the kernel said no to is no part of the next plan. */
static int refuse(struct ct_live *live, enum ct_probe probe, const char *why)
{
	live->refused[probe] = why;
	return -EAGAIN;
}

/* asm/thread_info.h: 16 KiB on both architectures, unless pages are larger (arm64). */
static uint32_t thread_size(void)
{
	long page = sysconf(_SC_PAGESIZE);

	return page > 16384 ? (uint32_t)page : 16384;
}

/* 0 where it is not known: then no probe that uses it is loaded. */
static uint32_t layout(struct ct_live *live, enum ct_layout which)
{
	int64_t at = ct_kernel_layout(live->kernel, which);

	return at < 0 ? 0 : (uint32_t)at;
}

static int open_object(struct ct_live *live, struct ct_err *err)
{
	char path[64];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = path);
	int r;

	ct_kernel_types_path(live->kernel, path, sizeof(path));

	r = ct_reads_keep(ct_kernel_cast(live->kernel));
	if (r)
		return ct_fail(err, r, "prepare the built-in BPF object: %s", strerror(-r));
	live->skel = coldtrace_bpf__open_opts(&opts);
	if (!live->skel)
		return ct_fail(err, errno, "open the built-in BPF object: %s", strerror(errno));
	if (bpf_map__value_size(live->skel->maps.actors) != sizeof(struct ct_seed_actor) ||
	    bpf_map__value_size(live->skel->maps.shares) != sizeof(struct ct_live_share) ||
	    bpf_map__key_size(live->skel->maps.forgers) != sizeof(struct ct_live_forger_key) ||
	    bpf_map__value_size(live->skel->maps.forgers) != sizeof(struct ct_live_forger) ||
	    bpf_map__key_size(live->skel->maps.api_sockets) != sizeof(struct ct_live_file_id) ||
	    bpf_map__value_size(live->skel->maps.sending) != sizeof(struct ct_live_sending) ||
	    !ct_live_places_fit(live))
		return ct_fail(err, -EINVAL,
			       "open the built-in BPF object: it is not of this build; run 'make "
			       "clean' and build again");
	return 0;
}

static int prepare(struct ct_live *live, struct ct_err *err)
{
	int r = open_object(live, err);

	if (r)
		return r;
	live->skel->rodata->ct_preempt_from_rq = ct_kernel_preempt_from_rq(live->kernel);
	live->skel->rodata->ct_xfs_inode_at = layout(live, CT_LAYOUT_XFS_INODE);
	live->skel->rodata->ct_xfs_name_at = layout(live, CT_LAYOUT_XFS_NAME);
	ct_kernel_cast_types(live->kernel, (uint32_t *)live->skel->rodata->ct_cast_types);
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		struct bpf_program *prog =
			bpf_object__find_program_by_name(live->skel->obj, ct_probes[i].program);

		if (!prog)
			return ct_fail(err, -ENOENT,
				       "open the built-in BPF object: no program '%s'",
				       ct_probes[i].program);
		bpf_program__set_autoload(prog, live->plan.rows[i].on);
		if (live->plan.rows[i].on && ct_reads_target(live->kernel, i))
			return refuse(live, i, "it does not say where that is");
	}
	live->skel->rodata->ct_hear_output = live->opts.ready_mask >> CT_READY_OUTPUT & 1 &&
					     live->plan.rows[CT_PROBE_WHY_WAKING].on;
	live->skel->rodata->ct_features = live->plan.features;
	live->skel->rodata->ct_thread_size = thread_size();
	live->skel->rodata->ct_mine_tgid = live->opts.mine;
	r = set_sizes(live);
	if (!r)
		r = ct_open_maps_prepare(live->skel, live->opts.opens, live->opts.processes_max,
					 least_by_cpus());
	return r ? ct_fail(err, r, "size the maps: %s", strerror(-r)) : 0;
}

/* EPERM of bpf(2) is about who asks; what libbpf makes of other refusals differs, ENOSYS does not. */
static bool is_refusal(int r)
{
	return r == -EPERM || r == -EACCES || r == -ENOSYS;
}

static int fail_load(int r, struct ct_err *err)
{
	if (is_refusal(r))
		return ct_fail(err, r, "load the BPF programs: %s: %s", strerror(-r),
			       ct_bpf_refusal(r));
	return ct_fail(err, r, "load the BPF programs: %s; -v shows the kernel's own words",
		       strerror(-r));
}

int ct_live_load(struct ct_live *live, struct ct_err *err)
{
	int r = prepare(live, err);

	ct_lap(&live->laps, CT_LAP_PREPARE);
	if (r)
		return r;
	libbpf.refused = CT_PROBE_MAX;
	r = coldtrace_bpf__load(live->skel);
	if (!r)
		return 0;
	if (r != -EPERM && libbpf.refused != CT_PROBE_MAX && live->plan.rows[libbpf.refused].on)
		return refuse(live, libbpf.refused, "its verifier refuses it");
	return fail_load(r, err);
}

int ct_live_fill_roles(struct ct_live *live, struct ct_err *err)
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

int ct_live_attach(struct ct_live *live)
{
	int r = 0;

	/* All of them, whatever is refused: the next plan costs the verifier as much as this one did. */
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		struct bpf_program *prog;

		if (!live->plan.rows[i].on)
			continue;
		prog = bpf_object__find_program_by_name(live->skel->obj, ct_probes[i].program);
		live->programs[i] = bpf_program__fd(prog);
		live->links[i] = ct_kernel_attach(live->kernel, i, prog);
		if (!live->links[i])
			r = refuse(live, i, "it refuses to attach it");
		else if (ct_probes[i].group == CT_GROUP_SEND)
			ct_live_before_hears(live); /* at once: the others take their time */
	}
	return r;
}

void ct_live_listen(bool verbose)
{
	libbpf.verbose = verbose;
	libbpf_set_print(on_libbpf_message);
}
