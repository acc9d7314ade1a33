// SPDX-License-Identifier: GPL-2.0-only
/* System calls as steps. */
#include "core/steps/evidence.h"

#include <stdlib.h>

/* Calls that are further apart are two steps. A netlink request is seen when it is done, and one
 * that waits for a grace period takes its time. */
#define MERGE_GAP_NS   (3 * CT_NS_PER_MS)
#define NETLINK_GAP_NS (40 * CT_NS_PER_MS)

struct ct_step ct_step_of(const char *name, const char *actor, const struct ct_event *e)
{
	struct ct_step step = {
		.name = name,
		.actor = actor,
		.begin_ns = e->ts_ns - e->dur_ns,
		.end_ns = e->ts_ns,
		.pid = e->tgid,
		.count = 1,
		.kind = CT_STEP_CALLS,
	};

	return step;
}

/* The engine's container that is being connected or disconnected, when there is just one. */
static struct ct_container *only_moving(struct ct_core *core, uint32_t engine)
{
	struct ct_container *c, *only = NULL;

	for (c = ct_book_moving(core); c; c = c->next) {
		const uint64_t *m = c->run.marks;
		bool starts = m[CT_MARK_START_BEGIN] && !m[CT_MARK_START_END] && !c->run.failed_ns;
		bool stops = m[CT_MARK_DIE_END] && !m[CT_MARK_DISCONNECT_END];

		if (c->who.engine_pid != engine || (!starts && !stops))
			continue;
		if (only)
			return NULL;
		only = c;
	}
	return only;
}

void ct_steps_netlink(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	const struct ct_scope *speaker;
	struct ct_container *c;
	struct ct_step step;

	if (!a)
		return;
	c = a->container;
	step = ct_step_of("network sandbox", ct_role_name(a->role), e);
	if (c) {
		/* The runtime's own child lives in the new namespace before it execs. */
		if (!c->netns && !a->execed && a->role == CT_ROLE_RUNTIME) {
			c->netns = e->obj;
			ct_orphans_adopt(core, c);
		}
		ct_step_merge(core, c, &step, NETLINK_GAP_NS);
		return;
	}
	if (a->role != CT_ROLE_ENGINE)
		return;
	if (e->obj == a->netns || !a->netns) {
		c = only_moving(core, a->tgid);
		step.name = "network host end";
		if (c)
			ct_step_merge(core, c, &step, NETLINK_GAP_NS);
		return;
	}
	speaker = ct_speaker(core, e);
	for (c = ct_book_moving(core); speaker && c; c = c->next) {
		if (c->netns == e->obj && ct_scope_is(&c->key.scope, speaker)) {
			ct_step_merge(core, c, &step, NETLINK_GAP_NS);
			return;
		}
	}
	ct_orphan_add(core, speaker, CT_BY_NETNS, ct_text("", 0), e->obj, &step);
}

void ct_steps_cgroup(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_step step;

	if (!a || !a->container)
		return;
	ct_steps_agent(core, a->container, e);
	step = ct_step_of("cgroup", ct_role_name(a->role), e);
	ct_step_merge(core, a->container, &step, MERGE_GAP_NS);
}

static void sync_drop(struct ct_core *core, struct ct_sync *sync)
{
	ct_share_leave(core, &sync->held);
	HASH_DEL(core->steps->syncs, sync);
	free(sync);
}

/* Disks are slow, but not for so long. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return held->heard_ns + CT_OPEN_NS >= core->now;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	sync_drop(core, CT_HELD_OF(struct ct_sync, held));
}

const struct ct_share_row ct_syncs_row = {
	.max = CT_SYNCS_MAX,
	.full = CT_LOSS_STEPS,
	.matters = matters,
	.give_up = give_up,
};

void ct_syncs_free(struct ct_core *core)
{
	struct ct_sync *sync, *next;

	HASH_ITER(hh, core->steps->syncs, sync, next)
	sync_drop(core, sync);
}

static struct ct_sync *sync_of(struct ct_core *core, uint32_t tid)
{
	struct ct_sync *sync;

	HASH_FIND(hh, core->steps->syncs, &tid, sizeof(tid), sync);
	return sync;
}

/* A thread has one at a time. */
static struct ct_sync *sync_make(struct ct_core *core, const struct ct_file *file)
{
	struct ct_sync *sync = sync_of(core, file->e->tid);

	if (sync || !file->speaker)
		return sync;
	sync = malloc(sizeof(*sync));
	if (!sync || !ct_share_enter(core, file->speaker, CT_SHARE_SYNCS, &sync->held)) {
		free(sync);
		return NULL;
	}
	sync->tid = file->e->tid;
	HASH_ADD(hh, core->steps->syncs, tid, sizeof(sync->tid), sync);
	return sync;
}

/*
 * An fsync call has a duration and no path, the file system's own event has the path and lies
 * within the call: together they are a step.
 */
static void synced(struct ct_core *core, const struct ct_file *file)
{
	const struct ct_container *c = file->container;
	struct ct_sync *sync = sync_make(core, file);

	if (!sync)
		return;
	sync->ts_ns = file->e->ts_ns;
	ct_text_copy(sync->id, sizeof(sync->id),
		     c ? ct_text(c->who.id, strlen(c->who.id)) : file->dir);
}

static void synced_call(struct ct_core *core, const struct ct_event *e)
{
	struct ct_step step = ct_step_of("metadata sync", ct_role_name(CT_ROLE_ENGINE), e);
	const struct ct_scope *speaker = ct_speaker(core, e);
	struct ct_sync *sync = sync_of(core, e->tid);
	char text[sizeof(sync->id)];
	struct ct_container *c;
	struct ct_text id;

	if (!sync || sync->ts_ns < step.begin_ns || sync->ts_ns > step.end_ns)
		return;
	memcpy(text, sync->id, sizeof(text));
	sync_drop(core, sync);
	id = ct_text(text, strlen(text));
	c = ct_book_find(core, speaker, ct_text("", 0), id);
	if (c)
		ct_step_merge(core, c, &step, MERGE_GAP_NS);
	else
		ct_orphan_add(core, speaker, CT_BY_ID, id, 0, &step);
}

static void unlinked(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	struct ct_step step;

	if (!c)
		return;
	step = ct_step_of("metadata removal", ct_role_name(CT_ROLE_ENGINE), e);
	ct_step_merge(core, c, &step, MERGE_GAP_NS);
}

void ct_steps_file(struct ct_core *core, const struct ct_file *file)
{
	if (file->is != CT_FILE_OWN)
		return;
	if (file->e->kind == CT_KIND_SYNC)
		synced(core, file);
	else
		unlinked(core, file->container, file->e);
}

#define ENGINE  (1u << CT_ROLE_ENGINE)
#define SHIM    (1u << CT_ROLE_SHIM)
#define RUNTIME (1u << CT_ROLE_RUNTIME | 1u << CT_ROLE_HELPER | 1u << CT_ROLE_INIT)
#define ANY     (ENGINE | SHIM | RUNTIME)

/* Columns: call, roles, pattern of its strings (NULL: any), step. The first that fits counts. */
static const struct call_row {
	uint8_t call;
	uint8_t roles;
	const char *pattern;
	const char *step; /* NULL: not worth one */
} call_rows[] = {
	{ CT_CALL_MOUNT, ANY, "*/netns/*", "network namespace pin" },
	{ CT_CALL_MOUNT, ENGINE | SHIM, "overlay *", "rootfs mount" },
	{ CT_CALL_MOUNT, SHIM | RUNTIME, "*/kata-containers/shared/*/rootfs*", "rootfs share" },
	{ CT_CALL_MOUNT, SHIM | RUNTIME, "*/kata-containers/shared/*", "shared directory" },
	{ CT_CALL_MKDIR, SHIM | RUNTIME, "*/kata-containers/shared/*", "shared directory" },
	{ CT_CALL_UMOUNT, SHIM | RUNTIME, "*/kata-containers/shared/*/rootfs*", "rootfs unshare" },
	{ CT_CALL_UMOUNT, SHIM | RUNTIME, "*/kata-containers/shared/*", "shared directory" },
	{ CT_CALL_MKDIR, SHIM | RUNTIME, "*/vc/*", "sandbox directory" },
	{ CT_CALL_UNLINK, SHIM | RUNTIME, "*/vc/*", "sandbox directory" },
	{ CT_CALL_MKDIR, SHIM, "/sys/fs/cgroup/*", "cgroup" },
	{ CT_CALL_UNSHARE, SHIM, NULL, "namespaces" },
	{ CT_CALL_MOUNT, RUNTIME, NULL, "mounts" },
	{ CT_CALL_FSOPEN, RUNTIME, NULL, "mounts" },
	{ CT_CALL_MOVE_MOUNT, RUNTIME, NULL, "mounts" },
	{ CT_CALL_OPEN_TREE, RUNTIME, NULL, "mounts" },
	{ CT_CALL_UMOUNT, ANY, "*/netns/*", "network namespace unpin" },
	{ CT_CALL_UMOUNT, ENGINE | SHIM, "*/merged", "rootfs umount" },
	{ CT_CALL_UMOUNT, ENGINE | SHIM, "*/rootfs", "rootfs umount" },
	{ CT_CALL_UMOUNT, RUNTIME, NULL, "mounts" },
	{ CT_CALL_UNSHARE, RUNTIME, NULL, "namespaces" },
	{ CT_CALL_PIVOT_ROOT, RUNTIME, NULL, "pivot_root" },
	{ CT_CALL_MKDIR, ENGINE, "*/overlay2/*", "layer" },
	{ CT_CALL_MKDIR, ENGINE, "*/containers/*", "metadata write" },
	{ CT_CALL_MKDIR, ENGINE, "*/io.containerd.runtime*", "task directory" },
	{ CT_CALL_MKDIR, RUNTIME, "/sys/fs/cgroup/*", "cgroup" },
	{ CT_CALL_MKDIR, RUNTIME, NULL, "mounts" },
	{ CT_CALL_MKNOD, ENGINE, "*/init-std*", "stdio fifos" },
	{ CT_CALL_MKNOD, RUNTIME, "*/exec.fifo", "exec fifo" },
	{ CT_CALL_MKNOD, RUNTIME, NULL, "mounts" },
	{ CT_CALL_RENAME, ENGINE, "*config*json*", "metadata write" },
	{ CT_CALL_UNLINK, ENGINE, "*/overlay2/*", "layer" },
	{ CT_CALL_UNLINK, ENGINE, "*/containers/*", "metadata removal" },
	{ CT_CALL_UNLINK, ENGINE, "*/layerdb/*", "metadata removal" },
	{ CT_CALL_UNLINK, ENGINE, "*/io.containerd.runtime*", "task directory" },
	{ CT_CALL_UNLINK, SHIM | RUNTIME, "/sys/fs/cgroup/*", "cgroup removal" },
	{ CT_CALL_MEMFD, RUNTIME, NULL, "memfd" },
	{ CT_CALL_SECCOMP, RUNTIME, NULL, "seccomp" },
};

#define SECCOMP_SET_MODE_FILTER 1

_Static_assert(sizeof(call_rows) / sizeof(call_rows[0]) <= CT_CALL_ROWS_MAX, "a bit per row");

void ct_calls_index(struct ct_evidence *all)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(call_rows); i++) {
		all->call_rows[call_rows[i].call] |= 1ull << i;
		all->call_patterns[i] =
			ct_pattern(call_rows[i].pattern ? call_rows[i].pattern : "*");
	}
}

static const char *call_step(const struct ct_core *core, uint8_t role, const struct ct_event *e,
			     struct ct_said *said)
{
	uint64_t rows = e->sub < CT_CALL_MAX ? core->steps->call_rows[e->sub] : 0;

	/* libseccomp asks for what the kernel can do by calls that fail. */
	if (e->sub == CT_CALL_SECCOMP && (e->obj != SECCOMP_SET_MODE_FILTER || e->ret < 0))
		return NULL;
	for (; rows; rows &= rows - 1) {
		int i = __builtin_ctzll(rows);
		const struct call_row *row = &call_rows[i];

		if (!(row->roles & 1u << role))
			continue;
		if (!row->pattern)
			return row->step;
		if (!said->text.p)
			ct_said_hear(said, e);
		if (ct_said_matches(said, &core->steps->call_patterns[i]))
			return row->step;
	}
	return NULL;
}

/* Paths say whose they are. Columns: directory before the name, what the name is. */
static const struct {
	struct ct_text dir;
	enum ct_orphan_key by;
} owners[] = {
	{ CT_TEXT("/containers/"), CT_BY_ID },
	{ CT_TEXT("/containerd/"), CT_BY_ID },
	{ CT_TEXT("/layerdb/mounts/"), CT_BY_ID },
	{ CT_TEXT("/io.containerd.runtime.v2.task/moby/"), CT_BY_ID },
	{ CT_TEXT("/overlay2/l/"), CT_BY_LAYER },
	{ CT_TEXT("/overlay2/"), CT_BY_LAYER },
	{ CT_TEXT("/netns/"), CT_BY_SANDBOX },
};

static struct ct_container *find_owner(struct ct_core *core, const struct ct_scope *speaker,
				       enum ct_orphan_key by, struct ct_text name)
{
	struct ct_container *c;

	if (by == CT_BY_ID)
		return ct_book_find(core, speaker, ct_text("", 0), name);
	for (c = ct_book_moving(core); speaker && c; c = c->next) {
		if (!ct_scope_is(&c->key.scope, speaker))
			continue;
		if (by == CT_BY_LAYER && c->layer[0] && ct_text_starts(name, c->layer))
			return c;
		if (by == CT_BY_SANDBOX && c->sandbox[0] && ct_text_is(name, c->sandbox))
			return c;
	}
	return NULL;
}

/* What a pod's shim does for one of its containers is in a directory of that id, or, of a machine, begins with it. */
static const struct ct_text of_one[] = { CT_TEXT("/k8s.io/"), CT_TEXT("/mounts/"),
					 CT_TEXT("/passthrough/") };

static uint64_t pod_of(const struct ct_container *c)
{
	return c->pod ? c->pod : c->handle;
}

/* For whom a process does it. */
static struct ct_container *served(struct ct_core *core, const struct ct_scope *speaker,
				   const struct ct_actor_state *a, const struct ct_event *e,
				   struct ct_said *said)
{
	struct ct_container *c = a->container;

	if (a->role == CT_ROLE_ENGINE)
		return NULL;
	if (a->role != CT_ROLE_SHIM || !c)
		return c;
	ct_said_hear(said, e);
	for (size_t i = 0; i < CT_ARRAY_SIZE(of_one); i++) {
		struct ct_text name = ct_said_behind(said, e, of_one[i]);
		struct ct_container *other =
			ct_book_find(core, speaker, ct_text("", 0), ct_text_cut(&name, '-'));

		if (other && pod_of(other) == pod_of(c))
			return other;
	}
	return c;
}

/* mount("/proc/<pid>/ns/net", ".../netns/<name>"): from here on the name says whose it is. */
static void learn_sandbox(struct ct_core *core, const struct ct_event *e,
			  const struct ct_said *said)
{
	struct ct_text pid = ct_said_behind(said, e, ct_text("/proc/", 6));
	struct ct_text name = ct_said_behind(said, e, ct_text("/netns/", 7));
	const struct ct_scope *speaker;
	struct ct_actor_state *a;
	uint32_t tgid = 0;

	if (!pid.len || !name.len)
		return;
	for (size_t i = 0; i < pid.len && pid.p[i] >= '0' && pid.p[i] <= '9' && i < 9; i++)
		tgid = tgid * 10 + (uint32_t)(pid.p[i] - '0');
	a = ct_actor_get(core, tgid);
	speaker = ct_speaker(core, e);
	if (a && a->container && speaker && ct_scope_is(&a->container->key.scope, speaker)) {
		ct_text_copy(a->container->sandbox, sizeof(a->container->sandbox), name);
		ct_orphans_adopt(core, a->container);
	}
}

void ct_steps_call(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	const struct ct_scope *speaker = ct_speaker(core, e);
	struct ct_container *c;
	struct ct_said said;
	struct ct_step step;
	const char *name;

	/* What a virtual machine does for its guest, or tries when it begins, is not its container's. */
	if (!a || a->vmm)
		return;
	if (e->sub == CT_CALL_FSYNC) {
		synced_call(core, e);
		return;
	}
	said.text.p = NULL;
	c = served(core, speaker, a, e, &said);
	ct_steps_agent(core, c, e);
	name = call_step(core, a->role, e, &said);
	if (!name)
		return;
	step = ct_step_of(name, ct_role_name(a->role), e);
	if (!said.text.p && (!c || e->sub == CT_CALL_MOUNT))
		ct_said_hear(&said, e);
	if (e->sub == CT_CALL_MOUNT)
		learn_sandbox(core, e, &said);
	if (c) {
		ct_step_merge(core, c, &step, MERGE_GAP_NS);
		return;
	}
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct ct_text owner = ct_said_behind(&said, e, owners[i].dir);

		if (!owner.len)
			continue;
		c = find_owner(core, speaker, owners[i].by, owner);
		if (c)
			ct_step_merge(core, c, &step, MERGE_GAP_NS);
		else
			ct_orphan_add(core, speaker, owners[i].by, owner, 0, &step);
		return;
	}
}
