// SPDX-License-Identifier: GPL-2.0-only
/* What runs when tracing begins: told to the kernel side, and to the core as events. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/live/live_state.h"
#include "source/proc/procfs.h"
#include "source/recording/recording.h"
#include "util/mem.h"

#define CT_ACTOR_BESIDE (1 << 1) /* as in bpf/coldtrace.bpf.h */
#define CT_ACTOR_SHARED (1 << 2)

static bool actor_known(void *ctx, uint32_t pid, struct ct_seed_actor *ret)
{
	struct ct_live *live = ctx;

	return !bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.actors), &pid, ret);
}

/*
 * Counts it in its share, as share_enter() of bpf/shares.bpf.h does. What the kernel side counts at
 * the same moment may be forgotten: a share is a bound, not a measure.
 */
static bool share_enter(struct ct_live *live, struct ct_seed_actor *actor)
{
	int fd = bpf_map__fd(live->skel->maps.shares);
	struct ct_live_share share = { 0 };

	if (!actor->share)
		return true;
	bpf_map_lookup_elem(fd, &actor->share, &share);
	if (share.actors >= live->skel->rodata->ct_share_actors)
		return false;
	share.actors++;
	if (!bpf_map_update_elem(fd, &actor->share, &share, BPF_ANY)) {
		actor->flags |= CT_ACTOR_SHARED;
		__atomic_fetch_add(&live->skel->bss->ct_shared_actors, 1, __ATOMIC_RELAXED);
	}
	return true;
}

static void share_leave(struct ct_live *live, const struct ct_seed_actor *actor)
{
	int fd = bpf_map__fd(live->skel->maps.shares);
	struct ct_live_share share;

	if (!(actor->flags & CT_ACTOR_SHARED))
		return;
	__atomic_fetch_add(&live->skel->bss->ct_shared_actors, -1, __ATOMIC_RELAXED);
	if (bpf_map_lookup_elem(fd, &actor->share, &share))
		return;
	share.actors--;
	bpf_map_update_elem(fd, &actor->share, &share, BPF_EXIST);
}

/* As ct_actor_alike() of bpf/coldtrace.bpf.h: before it is in the table, and behind when it is out. */
static void actor_alike(struct ct_live *live, uint32_t pid, int n)
{
	__atomic_fetch_add(&live->skel->bss->ct_actors_alike[CT_ALIKE_ACTOR(pid)], n,
			   __ATOMIC_SEQ_CST);
}

static bool actor_add(void *ctx, uint32_t pid, const struct ct_seed_actor *actor)
{
	struct ct_live *live = ctx;
	struct ct_seed_actor known = *actor;
	int r;

	/* As ct_exec() of bpf/process.bpf.h: one more that is no deeper than bystanders are. */
	if (known.role == CT_ROLE_HELPER && ct_proc_level(pid) <= ct_proc_level((uint32_t)getpid()))
		known.flags |= CT_ACTOR_BESIDE;
	if (!share_enter(live, &known)) {
		ct_live_emit_lost(live, CT_LOSS_SHARE, 1);
		return false;
	}
	actor_alike(live, pid, 1);
	r = bpf_map_update_elem(bpf_map__fd(live->skel->maps.actors), &pid, &known, BPF_NOEXIST);
	if (r) {
		actor_alike(live, pid, -1);
		share_leave(live, &known);
	} else if (known.flags & CT_ACTOR_BESIDE) {
		__atomic_fetch_add(&live->skel->bss->opens_beside, 1, __ATOMIC_RELAXED);
	}

	if (r && r != -EEXIST)
		ct_live_emit_lost(live, CT_LOSS_ACTORS, 1);
	return !r;
}

/* Whoever takes it out of the table takes it out of what it is counted in: its exit, or this. */
static void actor_remove(void *ctx, uint32_t pid)
{
	struct ct_live *live = ctx;
	int fd = bpf_map__fd(live->skel->maps.actors);
	struct ct_seed_actor known;

	if (bpf_map_lookup_elem(fd, &pid, &known) || bpf_map_delete_elem(fd, &pid))
		return;
	actor_alike(live, pid, -1);
	share_leave(live, &known);
	if (known.flags & CT_ACTOR_BESIDE)
		__atomic_fetch_add(&live->skel->bss->opens_beside, -1, __ATOMIC_RELAXED);
}

static void actor_accuse(void *ctx, uint32_t uid, const char *comm, enum ct_role role)
{
	struct ct_live *live = ctx;
	int fd = bpf_map__fd(live->skel->maps.forgers);
	struct ct_live_forger_key key = { .uid = uid };
	struct ct_live_forger forger = { 0 };

	snprintf(key.comm, sizeof(key.comm), "%s", comm);
	bpf_map_lookup_elem(fd, &key, &forger);
	forger.count++;
	forger.role = role;
	if (bpf_map_update_elem(fd, &key, &forger, BPF_ANY))
		ct_live_emit_lost(live, CT_LOSS_SHARE, 1);
}

static void actor_engine(void *ctx, uint32_t pid)
{
	struct ct_live *live = ctx;

	ct_engines_add(&live->engines, pid, ct_proc_foreign(pid));
}

static uint32_t actor_init_pid(void *ctx, uint32_t shim)
{
	struct ct_live *live = ctx;
	char text[32];

	ct_engines_init_of(&live->engines, shim, ct_proc_foreign(shim), text, sizeof(text));
	return (uint32_t)strtoul(text, NULL, 10);
}

void ct_live_on_socket(void *ctx, const struct ct_engine *engine, const struct ct_socket_file *file)
{
	struct ct_live *live = ctx;
	struct ct_live_file_id id = { .ino = file->ino, .dev = file->dev };
	const struct bpf_map *map = engine->foreign ? live->skel->maps.api_sockets_shared
						    : live->skel->maps.api_sockets;
	struct ct_place place = { .used_ns = ct_now_ns(), .owner = engine->pid };
	struct ct_seed_actor actor;

	if (actor_known(live, engine->pid, &actor))
		place.share = actor.share;
	live->skel->bss->ct_sockets_alike[CT_ALIKE_SOCKET(file->ino)] = 1;
	if (bpf_map_update_elem(bpf_map__fd(map), &id, &place, BPF_ANY))
		ct_live_emit_lost(live, CT_LOSS_TALK, 1);
}

int ct_live_find_running(struct ct_live *live, struct ct_err *err)
{
	static const struct ct_seed_ops ops = {
		.known = actor_known,
		.add = actor_add,
		.remove = actor_remove,
		.accuse = actor_accuse,
		.engine = actor_engine,
		.init_pid = actor_init_pid,
	};
	const char *glob = live->opts.ready_glob;
	struct ct_event *e;
	int r;

	e = ct_fact_begin(&live->facts, CT_KIND_OPTIONS, 0);
	e->obj = live->opts.ready_mask;
	e->sub = 1; /* short answers are carried */
	e->arg = (live->opts.steps ? CT_DEEP_STEPS : 0) | (live->opts.why ? CT_DEEP_WHY : 0);
	ct_fact_emit(&live->facts, glob, glob ? strlen(glob) : 0);
	r = ct_seed(&ops, live, &live->facts, err);
	if (!r)
		ct_engines_identities(&live->engines);
	return r;
}

/* Goes through the threads that there are already, of processes that are found by now. */
static int walk_threads(const struct bpf_link *link, struct ct_err *err)
{
	own_fd int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	char nothing[64];
	ssize_t n;

	if (!link)
		return 0;
	do {
		n = fd < 0 ? -1 : read(fd, nothing, sizeof(nothing));
	} while (n > 0 || (n < 0 && fd >= 0 && (errno == EAGAIN || errno == EINTR)));
	return n ? ct_fail(err, -errno, "go through the threads of this node: %s", strerror(errno))
		 : 0;
}

int ct_live_seed_threads(struct ct_live *live, struct ct_err *err)
{
	int r = walk_threads(live->links[CT_PROBE_WHY_SEED], err);

	return r ? r : walk_threads(live->links[CT_PROBE_OPENS_SEED], err);
}
