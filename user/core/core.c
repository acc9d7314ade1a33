// SPDX-License-Identifier: GPL-2.0-only
/* Events in, by time; each goes to the file that knows its kind. */
#include "state.h"

#include <stdlib.h>

/* "directory/file" of a SYNC or an UNLINK: the directory of a container is named by its id. */
static void state_file(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text file = ct_text(e->tail, e->tail_len), dir = ct_text_cut(&file, '/');
	struct ct_container *c = ct_container_by_id(core, dir);
	enum ct_signal signal = e->kind == CT_KIND_SYNC ? CT_SIG_SYNC : CT_SIG_UNLINK;

	if (ct_text_is(file, "local-kv.db")) {
		if (e->kind == CT_KIND_SYNC)
			ct_network_synced(core, e->tgid, e->ts_ns);
		return;
	}
	/* The fifos of its stdio go at every stop, whether or not it is removed. */
	if (ct_text_starts(file, "init-std"))
		return;
	if (core->opts.steps && e->kind == CT_KIND_SYNC)
		ct_steps_sync(core, c, dir, e);
	else if (core->opts.steps)
		ct_steps_unlink(core, c, e);
	if (c)
		ct_signal(core, c, signal, file, e->ts_ns);
}

/*
 * The shim passed on the first output: it was written before. When the container has exited by
 * now, then not later than that.
 */
static void relayed(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text file = ct_text(e->tail, e->tail_len), dir = ct_text_cut(&file, '/');
	struct ct_container *c = ct_container_by_id(core, dir);
	uint64_t exit;

	if (!c || !ct_text_starts(file, "init-std"))
		return;
	exit = c->run.marks[CT_MARK_EXIT];
	ct_readied(core, c, CT_READY_OUTPUT, exit && exit < e->ts_ns ? exit : e->ts_ns);
}

static void options(struct ct_core *core, const struct ct_event *e)
{
	if (!core->opts.ready_mask) /* what is asked for now counts before what was asked then */
		core->opts.ready_mask = (uint32_t)e->obj;
}

static void ready(struct ct_core *core, const struct ct_event *e, enum ct_ready by)
{
	struct ct_container *c = ct_container_by_pid(core, e->root);

	if (!c) {
		const struct ct_actor_state *a = ct_actor_get(core, e->tgid);

		if (a && ct_actor_serves(core, a))
			c = a->container;
	}
	if (c)
		ct_readied(core, c, by, e->ts_ns);
}

static void lost(struct ct_core *core, const struct ct_event *e)
{
	if (e->sub < CT_LOSS_MAX)
		core->counts.lost[e->sub] += e->obj;
	else
		core->counts.lost[CT_LOSS_UNKNOWN] += e->obj;
}

static void handle(void *ctx, const struct ct_event *e)
{
	struct ct_core *core = ctx;

	if (e->ts_ns > core->now)
		core->now = e->ts_ns;
	ct_attend_due(core);
	switch (e->kind) {
	case CT_KIND_FORK:
		ct_actors_fork(core, e);
		break;
	case CT_KIND_EXEC:
		ct_actors_exec(core, e);
		break;
	case CT_KIND_EXIT:
		ct_actors_exit(core, e);
		break;
	case CT_KIND_PROCESS:
		ct_actors_seed(core, e);
		break;
	case CT_KIND_SEND:
		ct_talk_send(core, e);
		break;
	case CT_KIND_NETLINK: /* these three are evidence of steps and of nothing else */
		if (core->opts.steps)
			ct_steps_netlink(core, e);
		break;
	case CT_KIND_CGROUP:
		if (core->opts.steps)
			ct_steps_cgroup(core, e);
		break;
	case CT_KIND_CALL:
		if (core->opts.steps)
			ct_steps_call(core, e);
		break;
	case CT_KIND_SYNC:
	case CT_KIND_UNLINK:
		state_file(core, e);
		break;
	case CT_KIND_LISTEN:
		ready(core, e, CT_READY_LISTEN);
		break;
	case CT_KIND_ACCEPT:
		ready(core, e, CT_READY_ACCEPT);
		break;
	case CT_KIND_OUTPUT:
		ready(core, e, CT_READY_OUTPUT);
		break;
	case CT_KIND_RELAY:
		relayed(core, e);
		break;
	case CT_KIND_OPEN:
		ready(core, e, CT_READY_PATH);
		break;
	case CT_KIND_IDENTITY:
		ct_container_identity(core, e);
		break;
	case CT_KIND_OPTIONS:
		options(core, e);
		break;
	case CT_KIND_LOST:
		lost(core, e);
		break;
	case CT_KIND_ENGINE:
	case CT_KIND_CLOCK:
		break;
	default:
		core->counts.lost[CT_LOSS_UNKNOWN]++;
		break;
	}
}

struct ct_core *ct_core_new(const struct ct_core_options *opts, const struct ct_core_ops *ops,
			    void *ctx)
{
	struct ct_core *core = calloc(1, sizeof(*core));

	if (!core)
		return NULL;
	core->opts = *opts;
	core->ops = *ops;
	core->ctx = ctx;
	core->reorder = ct_reorder_new(handle, core);
	if (!core->reorder) {
		free(core);
		return NULL;
	}
	return core;
}

void ct_core_free(struct ct_core *core)
{
	if (!core)
		return;
	ct_reorder_free(core->reorder);
	ct_calls_free(core);
	ct_containers_free(core);
	ct_actors_free(core);
	free(core->orphans);
	free(core->early);
	free(core);
}

void ct_core_feed(struct ct_core *core, const struct ct_event *e)
{
	core->counts.events++;
	if (e->kind != CT_KIND_CLOCK && e->ts_ns > core->newest)
		core->newest = e->ts_ns;
	ct_reorder_push(core->reorder, e);
}

uint64_t ct_core_deadline(const struct ct_core *core)
{
	/* A CLOCK that is held awaits nothing: an idle node must not be told the time for ever. */
	if (core->now < core->newest)
		return core->newest + CT_REORDER_WINDOW_NS;
	return core->deadline;
}

void ct_core_flush(struct ct_core *core)
{
	struct ct_container *c, *next;

	ct_reorder_flush(core->reorder);
	DL_FOREACH_SAFE(core->attended, c, next)
	{
		const uint64_t *m = c->run.marks;

		/* What is complete but for its waiting times is complete. */
		if (!c->run.start_reported &&
		    (m[CT_MARK_START_BEGIN] || m[CT_MARK_TASK_CREATE_BEGIN]))
			ct_report_start(core, c,
					m[CT_MARK_START_END] ? CT_OUTCOME_OK : CT_OUTCOME_CUT);
		if (m[CT_MARK_EXIT] && !c->run.stop_reported)
			ct_report_stop(core, c,
				       m[CT_MARK_DISCONNECT_END] ? CT_OUTCOME_OK : CT_OUTCOME_CUT);
	}
}

struct ct_core_counts ct_core_counts(const struct ct_core *core)
{
	struct ct_core_counts counts = core->counts;
	struct ct_container *c;

	counts.lost[CT_LOSS_LATE] += ct_reorder_late(core->reorder);
	DL_FOREACH(core->attended, c)
	counts.open++;
	return counts;
}

bool ct_counts_incomplete(const struct ct_core_counts *counts)
{
	for (int i = 0; i < CT_LOSS_MAX; i++) {
		if (i != CT_LOSS_LATE && counts->lost[i])
			return true;
	}
	return false;
}
