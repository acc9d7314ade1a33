// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was lost: by counters of the probes, by the kernel's own of each program, by ourselves. Where containers come all
 * the time it is what is asked of the kernel most: all counters at once, and programs, of which each is asked alone and
 * which nearly never have left out anything, less often.
 */
#include <bpf/bpf.h>

#include "source/live/live_state.h"

/* News of it is in time for a failure that is in doubt (LOSS_WAIT_NS of core/tell/attend.c). */
#define MISSED_EVERY_NS 1000000000ull

void ct_live_emit_lost(struct ct_live *live, enum ct_loss loss, uint64_t more)
{
	struct ct_event *e;

	if (!more)
		return;
	e = ct_fact_begin(&live->facts, CT_KIND_LOST, 0);
	e->sub = (__u16)loss;
	e->obj = more;
	ct_fact_emit(&live->facts, NULL, 0);
}

/* What is not known where runs of this probe were left out. */
static enum ct_loss missed_as(enum ct_probe probe)
{
	if (ct_group_is_call(ct_probes[probe].group))
		return CT_LOSS_OPENS;
	return ct_probes[probe].depth == CT_DEPTH_WHY ? CT_LOSS_WAITS : CT_LOSS_READ;
}

/*
 * Runs that the kernel left out: a thread is interrupted while it is in a program, and another one
 * comes there on the same CPU (prog->active of kernel/bpf/trampoline.c).
 */
static void read_missed(struct ct_live *live)
{
	uint64_t missed[CT_LOSS_MAX] = { 0 };

	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (live->plan.rows[i].on &&
		    !bpf_obj_get_info_by_fd(live->programs[i], &info, &len))
			missed[missed_as(i)] += info.recursion_misses;
	}
	for (enum ct_loss loss = 0; loss < CT_LOSS_MAX; loss++) {
		ct_live_emit_lost(live, loss, missed[loss] - live->missed[loss]);
		live->missed[loss] = missed[loss];
	}
}

/* Since Linux 5.13 in one call: false, and never asked for so again, where that is not known. */
static bool read_at_once(struct ct_live *live, int fd, uint64_t *to)
{
	__u32 keys[CT_LOSS_MAX], next, count = CT_LOSS_MAX;
	int r = live->one_by_one ? -1
				 : bpf_map_lookup_batch(fd, NULL, &next, keys, to, &count, NULL);

	for (__u32 i = 0; i < CT_LOSS_MAX && !r; i++)
		r = count == CT_LOSS_MAX && keys[i] == i ? 0 : -1;
	live->one_by_one = r;
	return !r;
}

static void read_counters(struct ct_live *live)
{
	int fd = bpf_map__fd(live->skel->maps.losses);
	bool all = read_at_once(live, fd, live->per_cpu);

	for (__u32 i = 0; i < CT_LOSS_MAX; i++) {
		const uint64_t *each = live->per_cpu + (all ? i * live->cpus : 0);
		uint64_t sum = 0, more;

		if (!all && bpf_map_lookup_elem(fd, &i, live->per_cpu))
			continue;
		for (size_t cpu = 0; cpu < live->cpus; cpu++)
			sum += each[cpu];
		more = sum - live->losses[i];
		live->losses[i] = sum;
		ct_live_emit_lost(live, (enum ct_loss)i, more);
		if (more && i == CT_LOSS_RING)
			ct_live_again_lost(live, live->losses_ns);
	}
}

void ct_live_read_losses(struct ct_live *live, uint64_t now_ns, bool last)
{
	uint64_t more;

	live->losses_ns = now_ns;
	read_counters(live);
	ct_live_places_turn(live, now_ns);
	ct_live_read_forgers(live);
	if (last || now_ns - live->missed_ns >= MISSED_EVERY_NS) {
		live->missed_ns = now_ns;
		read_missed(live);
	}
	ct_live_page_losses(live);
	ct_live_emit_lost(live, CT_LOSS_READ, ct_live_sends_missed(live));
	more = live->bad_events;
	live->bad_events = 0;
	ct_live_emit_lost(live, CT_LOSS_UNKNOWN, more);
	more = live->engines.dropped;
	live->engines.dropped = 0;
	ct_live_emit_lost(live, CT_LOSS_TABLE, more);
	if (live->inside) {
		ct_live_emit_lost(live, CT_LOSS_SANDBOX, ct_inside_lost(live->inside));
		ct_live_emit_lost(live, CT_LOSS_OPENS, ct_inside_opens_lost(live->inside));
	}
}
