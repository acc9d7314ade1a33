// SPDX-License-Identifier: GPL-2.0-only
/*
 * dockerd in front of containerd. The evidence behind every row was watched on dockerd 20.10.24,
 * 26.1.5 and 28.5.2 beside `docker events` of the same run; docs/how-it-works.md has the figures.
 *
 * Its generations do the same in another order. 28 joins the network when the task has been created,
 * the others before. 26 and 28 have containerd delete the container as soon as its task is deleted,
 * and let go of the network, save and say `die` then; 20.10 says `die`, lets go of the network and
 * has containerd delete the container at last. What is seen of a container shows the order, not a
 * version; where it shows none, that which its engine has shown with another is taken.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_API_ANSWER, "create", M(CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_API_REQUEST, "attach", M(ATTACH_BEGIN), CT_FIRST, M(NONE), M(TASK_CREATE_BEGIN) },
	{ CT_SIG_API_ANSWER, "attach", M(ATTACH_END), CT_FIRST, M(ATTACH_BEGIN), M(EXIT) },
	{ CT_SIG_API_REQUEST, "start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	/* dockerd writes the host config right after the endpoint has joined, just behind its
	 * `connect` event (daemon/container_operations.go, allocateNetwork). What it writes before
	 * that is of the stop before: 26 answers that, and takes the next request, before it saves. */
	{ CT_SIG_SYNC, ".tmp-hostconfig.json", M(CONNECT_END), CT_LAST, M(START_BEGIN),
	  M(TASK_CREATE_BEGIN) },
	{ CT_SIG_TASK_REQUEST, "Create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Create", M(TASK_CREATE_END), CT_FIRST, M(NONE), M(NONE) },
	/* Or between containerd's answer and the start of the task (initializeCreatedTask). */
	{ CT_SIG_TASK_ANSWER, "Create", M(CONNECT_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_ENGINE_ANSWER, "Tasks/Create", M(CONNECT_BEGIN), CT_LAST, M(TASK_CREATE_END),
	  M(TASK_START_BEGIN) },
	{ CT_SIG_SYNC, ".tmp-hostconfig.json", M(CONNECT_END), CT_FIRST, M(CONNECT_BEGIN),
	  M(TASK_START_BEGIN) },
	{ CT_SIG_TASK_REQUEST, "Start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Start", M(TASK_START_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_INIT_EXEC, NULL, M(INIT_EXEC), CT_FIRST, M(NONE), M(NONE) },
	/* A start that nobody asked for by API (restart policy) ends with the saved state. */
	{ CT_SIG_SYNC, ".tmp-config.v", M(START_SAVED), CT_FIRST, M(TASK_START_END), M(NONE) },
	{ CT_SIG_API_ANSWER, "start", M(START_END), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_API_ANSWER, "restart", M(START_END), CT_FIRST, M(TASK_START_END), M(NONE) },

	{ CT_SIG_API_REQUEST, "stop", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_API_REQUEST, "kill", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_API_REQUEST, "restart", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_API_REQUEST, "delete", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	/* Nobody was heard to ask for it: it ends itself, or serves a swarm. See follow(). */
	{ CT_SIG_TASK_REQUEST, "Kill", M(STOP_BEGIN), CT_FIRST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	CT_RULES_OF_MACHINES,
	{ CT_SIG_TASK_REQUEST, "Delete", M(TASK_DELETE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_TASK_ANSWER, "Delete", M(TASK_DELETE_END), CT_FIRST, M(NONE), M(NONE) },
	/* containerd answers dockerd's DeleteTask; 0.3 ms later dockerd emits `die`. */
	{ CT_SIG_ENGINE_ANSWER, "Tasks/Delete", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	/* With the network gone and the root file system unmounted, dockerd turns to containerd to
	 * delete the container. The core moves the mark back to the network store's last sync when
	 * that can only be this container's. */
	{ CT_SIG_ENGINE_REQUEST, NULL, M(DISCONNECT_END), CT_FIRST, M(DIE_END), M(NONE) },
	/* Or it does that first, and the network comes behind its answer: see follow(). */
	{ CT_SIG_ENGINE_ANSWER, NULL, M(DISCONNECT_BEGIN), CT_LAST, M(DIE_END), M(DIED) },
	/* Then it saves the state, and emits `die` 0.3 ms later (daemon/monitor.go). */
	{ CT_SIG_SYNC, ".tmp-config.v", M(DIED), CT_FIRST, M(DISCONNECT_END), M(NONE) },
	{ CT_SIG_SYNC, ".tmp-config.v", M(SAVED), CT_LAST, M(DISCONNECT_END), M(REMOVE_BEGIN) },
	{ CT_SIG_API_ANSWER, "stop", M(STOP_END), CT_LAST, M(EXIT), M(NONE) },
	{ CT_SIG_API_REQUEST, "delete", M(REMOVE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_UNLINK, NULL, M(UNLINKED), CT_LAST, M(DISCONNECT_END), M(NONE) },
	{ CT_SIG_API_ANSWER, "delete", M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

#define P(symbol) CT_PHASE_##symbol

static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	{ P(CREATE), M(REFUSED_BEGIN), { M(REFUSED_END) }, P(CLIENT), true, M(PULL_BEGIN) },
	{ P(PULL), M(PULL_BEGIN), { M(PULL_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(ATTACH), M(ATTACH_BEGIN), { M(ATTACH_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(CONNECT), M(START_BEGIN), { M(CONNECT_END) }, P(CLIENT), false, M(TASK_CREATE_BEGIN) },
	{ P(START), M(CONNECT_END), { M(START_END), M(START_SAVED) }, P(UNKNOWN), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span start_late[] = {
	{ P(CREATE), M(REFUSED_BEGIN), { M(REFUSED_END) }, P(CLIENT), true, M(PULL_BEGIN) },
	{ P(PULL), M(PULL_BEGIN), { M(PULL_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(ATTACH), M(ATTACH_BEGIN), { M(ATTACH_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(START), M(START_BEGIN), { M(CONNECT_BEGIN) }, P(CLIENT), false, M(NONE) },
	{ P(CONNECT), M(CONNECT_BEGIN), { M(CONNECT_END) }, P(START), false, M(TASK_START_BEGIN) },
	{ P(START), M(CONNECT_END), { M(START_END), M(START_SAVED) }, P(UNKNOWN), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DISCONNECT), M(DIE_END), { M(DISCONNECT_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DESTROY),
	  M(DISCONNECT_END),
	  { M(STOP_END), M(SAVED), M(UNLINKED) },
	  P(UNKNOWN),
	  true,
	  M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END), M(UNLINKED) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_span stop_late[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DISCONNECT), M(DISCONNECT_BEGIN), { M(DISCONNECT_END) }, P(DIE), false, M(NONE) },
	{ P(DIE), M(DISCONNECT_END), { M(DIED) }, P(UNKNOWN), false, M(NONE) },
	{ P(DESTROY), M(DIED), { M(STOP_END), M(SAVED), M(UNLINKED) }, P(UNKNOWN), true, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END), M(UNLINKED) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_again again[] = {
	{ CT_SIG_API_REQUEST, "start", CT_CAUSE_REQUEST },
	{ CT_SIG_TASK_REQUEST, "Create", CT_CAUSE_POLICY },
};

static const struct ct_cause_row causes[] = {
	{ "Delete", "Tasks/Delete" },
	{ "Create", "Tasks/Create" },
};

/* The network store was last synced by us: closer than what follows it. */
static void let_go_at_sync(struct ct_run *run)
{
	if (run->network_synced && !run->network_crowded)
		run->marks[CT_MARK_DISCONNECT_END] = run->network_synced;
}

/*
 * It starts before anybody has heard that its stop is saved: what was let go of is gone. What was synced since it
 * was asked to start may be of the start.
 */
static void again_begins(struct ct_container *c)
{
	struct ct_run *run = &c->run;

	if (run->marks[CT_MARK_DIED])
		return;
	if (run->again_ns && run->marks[CT_MARK_DISCONNECT_END] > run->again_ns)
		run->marks[CT_MARK_DISCONNECT_END] = 0;
	if (!run->marks[CT_MARK_DISCONNECT_END] && run->stop_order == CT_ORDER_OTHER &&
	    (!run->again_ns || run->network_synced < run->again_ns))
		let_go_at_sync(run);
}

static void again_began(struct ct_container *c, const struct ct_again *how)
{
	uint64_t connected = c->host_synced > c->config_synced ? c->host_synced : 0;

	if (how->cause == CT_CAUSE_POLICY && c->restart_asked)
		c->run.cause = CT_CAUSE_RESTART_REQUEST;
	/* The last sync before the task is created was the host config alone: the endpoint has
	 * joined. When the engine saves a stopped container, both files are synced. */
	if (c->run.cause != CT_CAUSE_REQUEST && connected > c->run.base_ns)
		c->run.marks[CT_MARK_CONNECT_END] = connected;
	/* The engine is in the middle of a request: it started as soon as it had stopped. */
	if (c->run.cause == CT_CAUSE_RESTART_REQUEST)
		c->run.marks[CT_MARK_START_BEGIN] = c->run.base_ns;
}

/*
 * The engine saves what has stopped. When its network was let go of is between these: it turned to
 * containerd, was answered the last time, and saves. With others in motion any sync may be theirs:
 * then it is as it is with this engine, or not known.
 */
static void saves_stopped(struct ct_run *run, uint64_t ts_ns)
{
	uint64_t *m = run->marks;
	bool before = m[CT_MARK_DISCONNECT_END],
	     after = run->networks_ns > m[CT_MARK_DISCONNECT_BEGIN];

	if (before != after)
		run->stop_order = after ? CT_ORDER_OTHER : CT_ORDER_FIRST;
	run->networks_silent = !before && !after;
	if (!before && !after) {
		m[CT_MARK_DISCONNECT_END] = run->turned_ns;
	} else if (run->stop_order == CT_ORDER_OTHER) {
		m[CT_MARK_DISCONNECT_END] = ts_ns;
		let_go_at_sync(run);
	} else if (!run->stop_order) {
		m[CT_MARK_DISCONNECT_END] = 0;
	}
}

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	switch (signal) {
	case CT_SIG_API_REQUEST:
		if (ct_text_is(what, "restart"))
			c->restart_asked = true;
		break;
	case CT_SIG_API_ANSWER:
		if (ct_text_is(what, "restart"))
			c->restart_asked = false;
		if (ct_text_is(what, "delete"))
			c->removed = true;
		break;
	case CT_SIG_SYNC:
		if (ct_text_starts(what, ".tmp-hostconfig")) {
			c->host_synced = ts_ns;
			if (m[CT_MARK_CONNECT_END] == ts_ns)
				c->run.start_order = m[CT_MARK_TASK_CREATE_BEGIN] ? CT_ORDER_OTHER
										  : CT_ORDER_FIRST;
			if (m[CT_MARK_DIE_END] && !m[CT_MARK_DIED] && !c->guest)
				saves_stopped(&c->run, ts_ns);
		} else if (ct_text_starts(what, ".tmp-config"))
			c->config_synced = ts_ns;
		break;
	case CT_SIG_TASK_REQUEST:
		if (ct_text_is(what, "Kill") && m[CT_MARK_STOP_BEGIN] == ts_ns)
			c->run.stop_cause = CT_CAUSE_ENGINE;
		break;
	case CT_SIG_UNLINK:
		if (ct_text_is(what, "config.v2.json"))
			c->removed = true;
		break;
	case CT_SIG_ENGINE_REQUEST:
		if (m[CT_MARK_DISCONNECT_END] != ts_ns || c->guest)
			break;
		/* Nobody has let go of anything: that is still to come. */
		if (c->run.turned_ns || c->run.networks_ns <= m[CT_MARK_DIE_END])
			m[CT_MARK_DISCONNECT_END] = 0;
		else
			let_go_at_sync(&c->run);
		if (!c->run.turned_ns)
			c->run.turned_ns = ts_ns;
		break;
	default:
		break;
	}
	return CT_EFFECT_NONE;
}

/*
 * With --rm it goes after it has been saved and its stop has been answered. Where the file system does
 * not tell what is removed, neither of these is the end.
 */
static void stop_ends(struct ct_container *c)
{
	if (c->auto_remove && !c->removed)
		c->run.marks[CT_MARK_SAVED] = c->run.marks[CT_MARK_STOP_END] = 0;
}

const struct ct_family ct_family_docker = {
	.number = CT_FAMILY_DOCKER,
	.name = "docker",
	CT_FAMILY_TABLES,
	.start_other = { start_late, CT_ARRAY_SIZE(start_late), true },
	.stop_other = { stop_late, CT_ARRAY_SIZE(stop_late), true },
	CT_FAMILY_CAUSES,
	.api = true,
	.at_first = true,
	.begins = { M(REFUSED_BEGIN), M(PULL_BEGIN), M(CREATE_BEGIN), M(START_BEGIN) },
	.opens = { M(START_BEGIN), M(TASK_CREATE_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(DISCONNECT_END),
	.stops_from = M(DIE_END),
	.stops_to = M(DIED),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	/* daemon/start_unix.go, getLibcontainerdCreateOptions (20.10) */
	.runtime_at_start = true,
	.follow = follow,
	.stop_ends = stop_ends,
	.again_begins = again_begins,
	.again_began = again_began,
};

/*
 * A line of a Dockerfile, run by the legacy builder (builder/dockerfile of moby): dockerd makes, starts and removes
 * a container of its own accord. It is started when it has been made and saved; its start is over when its program
 * runs, for nobody is told.
 */
static const struct ct_span step[] = {
	{ P(CONNECT), M(START_BEGIN), { M(CONNECT_END) }, P(CLIENT), false, M(TASK_CREATE_BEGIN) },
	{ P(START), M(CONNECT_END), { M(INIT_EXEC) }, P(UNKNOWN), false, M(NONE) },
	{ P(RUN), M(INIT_EXEC), { M(EXIT) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span step_late[] = {
	{ P(START), M(START_BEGIN), { M(CONNECT_BEGIN) }, P(CLIENT), false, M(NONE) },
	{ P(CONNECT), M(CONNECT_BEGIN), { M(CONNECT_END) }, P(START), false, M(TASK_START_BEGIN) },
	{ P(START), M(CONNECT_END), { M(INIT_EXEC) }, P(UNKNOWN), false, M(NONE) },
	{ P(RUN), M(INIT_EXEC), { M(EXIT) }, P(UNKNOWN), false, M(NONE) },
};

const struct ct_family ct_family_builder = {
	.number = CT_FAMILY_BUILDER,
	.name = "docker build",
	.rules = rules,
	.rule_count = CT_RULE_COUNT(rules),
	.start = step,
	.start_count = CT_ARRAY_SIZE(step),
	.stop = stop,
	.stop_count = CT_ARRAY_SIZE(stop),
	.start_other = { step_late, CT_ARRAY_SIZE(step_late), true },
	.stop_other = { stop_late, CT_ARRAY_SIZE(stop_late), true },
	CT_FAMILY_CAUSES,
	.fails = { "Create", "Start" },
	.build = true,
	.begins = { M(START_BEGIN) },
	.opens = { M(START_BEGIN), M(TASK_CREATE_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(DISCONNECT_END),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.follow = follow,
};
