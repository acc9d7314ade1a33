// SPDX-License-Identifier: GPL-2.0-only
/*
 * Podman has no daemon: each command is a process that makes the container by itself, starts
 * conmon, and may leave. conmon calls the runtime, waits for the container, and calls podman to
 * clean up behind it. Watched on podman 4.3.1, conmon 2.1.6, netavark 1.4 and runc 1.1.5.
 */
#include "core/life/family.h"

#define M(symbol) CT_MARK_##symbol
#define P(symbol) CT_PHASE_##symbol

static const struct ct_rule rules[] = {
	/* signal, what, mark, keep, after, before */
	{ CT_SIG_PROGRAM, "podman run", M(CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	/* The first commit to the database adds the container (addContainer of libpod/boltdb_state_internal.go,
	 * since 5.0 of sqlite_state_internal.go). What follows is its start: `run` knows no moment between the two. */
	{ CT_SIG_SYNC, "database", M(CREATE_END), CT_FIRST, M(CREATE_BEGIN), M(START_BEGIN) },
	{ CT_SIG_SYNC, "database", M(START_BEGIN), CT_FIRST, M(CREATE_END), M(NONE) },
	{ CT_SIG_PROGRAM, "podman start", M(START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "network setup", M(CONNECT_END), CT_LAST, M(CONNECT_BEGIN),
	  M(TASK_CREATE_BEGIN) },
	{ CT_SIG_PROGRAM, "conmon", M(ATTACH_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	/* conmon has made the sockets to attach to when it calls the runtime. */
	{ CT_SIG_PROGRAM, "runtime create", M(ATTACH_END), CT_FIRST, M(ATTACH_BEGIN), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime create", M(TASK_CREATE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "runtime start", M(TASK_START_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "runtime start", M(START_END), CT_FIRST, M(NONE), M(NONE) },

	{ CT_SIG_PROGRAM, "podman stop", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM, "podman kill", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM, "podman restart", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_PROGRAM, "podman rm", M(STOP_BEGIN), CT_LAST, M(NONE), M(EXIT) },
	{ CT_SIG_INIT_EXIT, NULL, M(EXIT), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM, "podman cleanup", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	/* Who waited for the container may be faster than who conmon calls. */
	{ CT_SIG_PROGRAM, "network teardown", M(DIE_END), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM_END, "network teardown", M(DISCONNECT_END), CT_LAST, M(DISCONNECT_BEGIN),
	  M(NONE) },
	{ CT_SIG_PROGRAM_END, "podman cleanup", M(SAVED), CT_FIRST, M(EXIT), M(NONE) },
	{ CT_SIG_PROGRAM, "podman rm", M(REMOVE_BEGIN), CT_FIRST, M(NONE), M(NONE) },
	{ CT_SIG_PROGRAM_DONE, "podman rm", M(REMOVE_END), CT_LAST, M(NONE), M(NONE) },
};

/* In order of time: unlike Docker it attaches when the network is there. */
static const struct ct_span start[] = {
	/* phase, from, to, gap before it, optional, past */
	/* `run` of an image that is not there: it finds out, fetches it, and makes the container (images_command.c). */
	{ P(CREATE), M(REFUSED_BEGIN), { M(REFUSED_END) }, P(CLIENT), true, M(PULL_BEGIN) },
	{ P(PULL), M(PULL_BEGIN), { M(PULL_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(CREATE), M(CREATE_BEGIN), { M(CREATE_END) }, P(CLIENT), true, M(START_BEGIN) },
	{ P(CONNECT), M(CONNECT_BEGIN), { M(CONNECT_END) }, P(UNKNOWN), true, M(ATTACH_BEGIN) },
	/* mounts, the OCI configuration, and with no network all that was before them */
	{ P(START), M(START_BEGIN), { M(ATTACH_BEGIN) }, P(CLIENT), false, M(TASK_CREATE_BEGIN) },
	{ P(ATTACH), M(ATTACH_BEGIN), { M(ATTACH_END) }, P(UNKNOWN), false, M(TASK_CREATE_BEGIN) },
	{ P(START), M(ATTACH_END), { M(START_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(READY), M(START_END), { M(READY) }, P(UNKNOWN), false, M(NONE) },
};

static const struct ct_span stop[] = {
	{ P(STOP), M(STOP_BEGIN), { M(EXIT) }, P(CLIENT), true, M(NONE) },
	{ P(DIE), M(EXIT), { M(DIE_END) }, P(UNKNOWN), false, M(NONE) },
	{ P(DISCONNECT), M(DISCONNECT_BEGIN), { M(DISCONNECT_END) }, P(UNKNOWN), true, M(NONE) },
	{ P(DESTROY), M(DIE_END), { M(SAVED) }, P(UNKNOWN), false, M(NONE) },
	{ P(DESTROY), M(REMOVE_BEGIN), { M(REMOVE_END) }, P(CLIENT), true, M(NONE) },
};

static const struct ct_again again[] = {
	{ CT_SIG_PROGRAM, "podman start", CT_CAUSE_REQUEST },
	/* `restart`, and a restart policy, which is cleanup's: the same process goes on. */
	{ CT_SIG_PROGRAM, "network setup", CT_CAUSE_POLICY },
	{ CT_SIG_PROGRAM, "conmon", CT_CAUSE_POLICY },
};

/* `restart` goes on with the container as it is: nothing is destroyed. */
static void again_begins(struct ct_container *c)
{
	uint64_t *m = c->run.marks;

	if (!m[CT_MARK_SAVED])
		m[CT_MARK_SAVED] =
			m[CT_MARK_DISCONNECT_END] ? m[CT_MARK_DISCONNECT_END] : m[CT_MARK_DIE_END];
}

static void again_began(struct ct_container *c, const struct ct_again *how)
{
	if (how->cause != CT_CAUSE_POLICY)
		return;
	if (c->restart_asked)
		c->run.cause = CT_CAUSE_RESTART_REQUEST;
	c->restart_asked = false;
	c->run.marks[CT_MARK_START_BEGIN] = c->run.base_ns;
}

/* `--health-on-failure`: who checks it stops it, too, and nobody else has asked for that. */
static void checks(struct ct_container *c, struct ct_text what, uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	c->checked |= ct_text_is(what, "podman healthcheck");
	if (!c->checked || !ct_text_is(what, "runtime kill") || m[CT_MARK_STOP_BEGIN] ||
	    m[CT_MARK_EXIT])
		return;
	m[CT_MARK_STOP_BEGIN] = ts_ns;
	c->run.stop_cause = CT_CAUSE_PROBE;
}

static enum ct_effect follow(struct ct_container *c, enum ct_signal signal, struct ct_text what,
			     uint64_t ts_ns)
{
	uint64_t *m = c->run.marks;

	switch (signal) {
	case CT_SIG_PROGRAM:
		if (ct_text_is(what, "podman restart"))
			c->restart_asked = true;
		checks(c, what, ts_ns);
		/* Namespace and mounts are made while the network is being made. */
		if (ct_text_is(what, "network setup") && !m[CT_MARK_CONNECT_BEGIN])
			m[CT_MARK_CONNECT_BEGIN] =
				m[CT_MARK_START_BEGIN] ? m[CT_MARK_START_BEGIN] : ts_ns;
		/* Without a network there is no disconnect: all is destroy then. */
		if (ct_text_is(what, "network teardown") && !m[CT_MARK_DISCONNECT_BEGIN])
			m[CT_MARK_DISCONNECT_BEGIN] = m[CT_MARK_DIE_END];
		break;
	case CT_SIG_PROGRAM_DONE:
		if (ct_text_is(what, "podman rm"))
			c->removed = true;
		break;
	case CT_SIG_PROGRAM_FAILED:
		if (!m[CT_MARK_START_END] &&
		    (ct_text_is(what, "runtime create") || ct_text_is(what, "runtime start")))
			return CT_EFFECT_FAILED;
		break;
	case CT_SIG_PROGRAM_END:
		if (ct_text_is(what, "podman cleanup") && c->auto_remove)
			c->removed = true;
		if (ct_text_is(what, "podman healthcheck"))
			c->checked = false;
		break;
	default:
		break;
	}
	return CT_EFFECT_NONE;
}

const struct ct_family ct_family_podman = {
	.number = CT_FAMILY_PODMAN,
	.name = "podman",
	CT_FAMILY_TABLES,
	.commands = true,
	.monitor = "conmon",
	.monitor_alone = true, /* without root it may be called by who has left */
	.begins = { M(REFUSED_BEGIN), M(PULL_BEGIN), M(CREATE_BEGIN), M(START_BEGIN) },
	.opens = { M(START_BEGIN), M(TASK_CREATE_BEGIN) },
	.asked = M(START_BEGIN),
	.stopped = M(SAVED),
	.remove_wait_ns = 2000 * CT_NS_PER_MS,
	.first_exec_is_init = true,
	.follow = follow,
	.again_begins = again_begins,
	.again_began = again_began,
};
