// SPDX-License-Identifier: GPL-2.0-only
/*
 * After events were lost: what the kernel side knows, and who interprets its events may not have
 * heard of. Its programs have seen every process; what did not fit into the ring was only the telling. So
 * the engines, shims and first processes of its table are told once more, as those that ran before.
 */
#include <stdlib.h>

#include "source/live/live_state.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define QUIET_NS (1000 * 1000000ull) /* nothing was lost for that long */
#define AGAIN_NS \
	(10 * \
	 QUIET_NS) /* from one time to the next: a node that loses all the time has work enough */
#define SLICE 32 /* processes between two looks at the ring: some ms */

/* Whoever is to be told, in this order: nobody before who started it. */
static const uint8_t told_roles[] = { CT_ROLE_ENGINE, CT_ROLE_SHIM, CT_ROLE_INIT };

static unsigned int rank_of(uint8_t role)
{
	unsigned int rank = 0;

	while (rank < CT_ARRAY_SIZE(told_roles) && told_roles[rank] != role)
		rank++;
	return rank;
}

static int by_rank(const void *a, const void *b)
{
	const struct ct_live_found *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static bool known(void *ctx, uint32_t pid, struct ct_seed_actor *ret)
{
	struct ct_live *live = ctx;

	return !bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.actors), &pid, ret);
}

/* It is looked at as if it had just been executed: nobody waits. */
static void engine(void *ctx, uint32_t pid)
{
	struct ct_live *live = ctx;

	ct_engines_started(&live->engines, pid, ct_proc_foreign(pid), ct_now_ns());
}

/* The first process that the kernel side knows below a shim. */
static uint32_t init_pid(void *ctx, uint32_t shim)
{
	struct ct_live *live = ctx;

	for (size_t i = live->again.count; i-- > 0;) {
		const struct ct_live_found *f = &live->again.list[i];

		if (told_roles[f->rank] != CT_ROLE_INIT)
			break;
		if (f->parent == shim)
			return f->pid;
	}
	return 0;
}

/* Engines that ended meanwhile are none any more. */
static void forget_engines(struct ct_live *live)
{
	struct ct_seed_actor actor;

	for (size_t i = live->engines.count; i-- > 0;) {
		uint32_t pid = live->engines.list[i].engine.pid;

		if (!known(live, pid, &actor) || actor.role != CT_ROLE_ENGINE)
			ct_engines_exited(&live->engines, pid);
	}
}

/* The table as it is now. That some come and go meanwhile does no harm: they are heard of. */
static void collect(struct ct_live *live)
{
	int fd = bpf_map__fd(live->skel->maps.actors);
	__u32 max = bpf_map__max_entries(live->skel->maps.actors);
	uint32_t pid, *key = NULL;
	struct ct_seed_actor actor;

	free(live->again.list);
	live->again.list = calloc(max, sizeof(*live->again.list));
	live->again.count = live->again.next = 0;
	/* Once around: when its key has gone, a walk begins from the first again. */
	for (__u32 n = 0; live->again.list && n < max && !bpf_map_get_next_key(fd, key, &pid);
	     n++) {
		unsigned int rank;

		key = &pid;
		if (bpf_map_lookup_elem(fd, &pid, &actor))
			continue;
		rank = rank_of(actor.role);
		if (rank < CT_ARRAY_SIZE(told_roles))
			live->again.list[live->again.count++] =
				(struct ct_live_found){ .pid = pid, .rank = (uint8_t)rank };
	}
	if (live->again.count)
		qsort(live->again.list, live->again.count, sizeof(*live->again.list), by_rank);
	forget_engines(live);
}

/* The first time around whose child each first process is, the second time all of them are told. */
static void look_at(struct ct_live *live, size_t turn)
{
	static const struct ct_seed_ops ops = {
		.known = known,
		.engine = engine,
		.init_pid = init_pid,
	};
	struct ct_live_found *f = &live->again.list[turn % live->again.count];
	struct ct_proc proc;

	if (turn >= live->again.count)
		ct_seed_tell(&ops, live, &live->facts, f->pid);
	else if (told_roles[f->rank] == CT_ROLE_INIT && !ct_proc_read(f->pid, &proc))
		f->parent = proc.ppid;
}

void ct_live_again_lost(struct ct_live *live, uint64_t now_ns)
{
	uint64_t due = now_ns + QUIET_NS;

	if (live->again.done_ns && due < live->again.done_ns + AGAIN_NS)
		due = live->again.done_ns + AGAIN_NS;
	live->again.due_ns = due;
}

uint64_t ct_live_again_due(const struct ct_live *live)
{
	return live->again.due_ns;
}

void ct_live_again_turn(struct ct_live *live, uint64_t now_ns)
{
	struct ct_live_again *again = &live->again;

	if (!again->due_ns || now_ns < again->due_ns)
		return;
	if (again->listing) { /* the engines have been found by now */
		again->listing = false;
		again->due_ns = 0;
		ct_engines_identities(&live->engines);
		return;
	}
	if (!again->list)
		collect(live);
	for (size_t n = 0; n < SLICE && again->next < 2 * again->count; n++)
		look_at(live, again->next++);
	if (again->next < 2 * again->count)
		return;
	free(again->list);
	again->list = NULL;
	again->done_ns = now_ns;
	again->listing = true;
	again->due_ns = now_ns + QUIET_NS;
}
