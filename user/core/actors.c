// SPDX-License-Identifier: GPL-2.0-only
/* Which process does what for which container: by what it was called to do, or by its parent. */
#include "state.h"

#include <stdlib.h>

#include "roles.h"

#define ARGS_MAX      64
#define ANCESTORS_MAX 64

struct ct_actor_state *ct_actor_get(struct ct_core *core, uint32_t tgid)
{
	struct ct_actor_state *a;

	HASH_FIND(hh, core->actors, &tgid, sizeof(tgid), a);
	return a;
}

static struct ct_actor_state *actor_make(struct ct_core *core, uint32_t tgid)
{
	struct ct_actor_state *a = ct_actor_get(core, tgid);

	if (a)
		return a;
	a = HASH_COUNT(core->actors) < CT_ACTORS_MAX ? calloc(1, sizeof(*a)) : NULL;
	if (!a) {
		core->counts.lost[CT_LOSS_ACTORS]++;
		return NULL;
	}
	a->tgid = tgid;
	a->step = -1;
	HASH_ADD(hh, core->actors, tgid, sizeof(a->tgid), a);
	return a;
}

static void actor_drop(struct ct_core *core, struct ct_actor_state *a)
{
	HASH_DEL(core->actors, a);
	free(a);
}

void ct_actors_free(struct ct_core *core)
{
	struct ct_actor_state *a, *next;

	HASH_ITER(hh, core->actors, a, next)
	actor_drop(core, a);
}

void ct_actors_forget(struct ct_core *core, const struct ct_container *c)
{
	struct ct_actor_state *a, *next;

	HASH_ITER(hh, core->actors, a, next)
	{
		if (a->container == c) {
			a->container = NULL;
			a->step = -1;
		}
	}
}

/* Words of a command line. Columns: word, what it means. */
static const struct {
	const char *word;
	enum ct_op op;
} ops[] = {
	{ "create", CT_OP_CREATE }, { "run", CT_OP_CREATE },   { "start", CT_OP_START },
	{ "delete", CT_OP_DELETE }, { "exec", CT_OP_OTHER },   { "kill", CT_OP_OTHER },
	{ "state", CT_OP_OTHER },   { "pause", CT_OP_OTHER },  { "resume", CT_OP_OTHER },
	{ "update", CT_OP_OTHER },  { "events", CT_OP_OTHER }, { "ps", CT_OP_OTHER },
};

static size_t split(const struct ct_event *e, struct ct_text args[ARGS_MAX])
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	size_t n = 0;

	while (rest.len && n < ARGS_MAX)
		args[n++] = ct_text_cut(&rest, '\0');
	return n;
}

/* The command word: the first argument that is one, whatever flags come before it. */
static enum ct_op op_of(const struct ct_text *args, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < sizeof(ops) / sizeof(ops[0]); k++) {
			if (ct_text_is(args[i], ops[k].word))
				return ops[k].op;
		}
	}
	return CT_OP_NONE;
}

/* Any argument may be the id of a container that is known; a shim says it behind -id. */
static struct ct_container *container_of_args(struct ct_core *core, const struct ct_text *args,
					      size_t n)
{
	for (size_t i = n; i-- > 1;) {
		struct ct_container *c = ct_container_by_id(core, args[i]);

		if (c)
			return c;
	}
	for (size_t i = 1; i + 1 < n; i++) {
		if (ct_text_is(args[i], "-id"))
			return ct_container_make(core, args[i + 1]);
	}
	return NULL;
}

static const struct ct_role_row *row_of(struct ct_text program)
{
	struct ct_text base = ct_text_base(program);

	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		if (ct_text_starts(base, row->comm))
			return row;
	}
	return NULL;
}

void ct_actors_fork(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *up = ct_actor_get(core, e->tgid);
	struct ct_actor_state *a = actor_make(core, (uint32_t)e->obj);

	if (!a)
		return;
	a->parent = e->tgid;
	a->role = (uint8_t)e->sub;
	a->execed = false;
	a->forked_ns = e->ts_ns;
	a->step = -1;
	/* Its pid may have been another's, whose exit was not seen. */
	a->engine = 0;
	a->container = NULL;
	a->op = CT_OP_NONE;
	if (!up)
		return;
	a->engine = up->engine;
	a->container = up->container;
	a->op = up->op;
	/* gVisor: the first task of the application is a stub that the sandbox forks and that
	 * never execs, between the request to start and its answer. */
	if (a->container && up->role == CT_ROLE_HELPER && !up->execed &&
	    a->container->run.marks[CT_MARK_TASK_START_BEGIN])
		ct_signal(core, a->container, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
}

/* Whether it is the first process of its container or descends from it. */
bool ct_actor_serves(struct ct_core *core, const struct ct_actor_state *a)
{
	const struct ct_container *c = a->container;

	for (int up = 0; a && up < ANCESTORS_MAX; up++) {
		if (c && c->who.init_pid == a->tgid)
			return true;
		a = ct_actor_get(core, a->parent);
	}
	return false;
}

static void exec_identity(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_text args[ARGS_MAX];
	size_t n = split(e, args);
	struct ct_container *c;

	if (!n)
		return;
	switch (a->role) {
	case CT_ROLE_ENGINE: {
		const struct ct_role_row *row = row_of(args[0]);

		a->engine_name = row && row->engine ? row->engine : "";
		a->engine = a->tgid;
		a->container = NULL;
		a->op = CT_OP_NONE;
		break;
	}
	case CT_ROLE_SHIM:
	case CT_ROLE_RUNTIME:
		a->op = (uint8_t)op_of(args, n);
		c = container_of_args(core, args, n);
		if (c)
			a->container = c;
		break;
	default:
		c = container_of_args(core, args, n);
		if (c)
			a->container = c;
		break;
	}
}

void ct_actors_exec(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c;

	if (!a)
		a = actor_make(core, e->tgid);
	if (!a)
		return;
	if (a->step >= 0)
		ct_step_end(core, a, e->ts_ns, 0);
	a->role = (uint8_t)e->sub;
	a->execed = true;
	a->netns = e->obj;
	exec_identity(core, a, e);
	c = a->container;
	/* With --pid=host the kernel side cannot tell it from a helper; its pid can. */
	if (c && a->role != CT_ROLE_RUNTIME && c->who.init_pid == a->tgid) {
		ct_container_netns(core, c, a);
		ct_steps_init(core, a, e->ts_ns);
		ct_signal(core, c, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
	}
	ct_steps_process(core, a, e);
}

void ct_actors_exit(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c;
	int status = e->ret;

	if (!a) {
		core->counts.unmatched_exits++;
		return;
	}
	ct_step_end(core, a, e->ts_ns, status);
	c = a->container;
	if (c && c->who.init_pid == a->tgid) {
		if (c->run.exit_code == CT_NO_EXIT_CODE)
			c->run.exit_code =
				status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
		ct_signal(core, c, CT_SIG_INIT_EXIT, ct_text("", 0), e->ts_ns);
	}
	if (a->role == CT_ROLE_ENGINE && a->engine == a->tgid && a->execed)
		ct_engine_exited(core, a->tgid);
	actor_drop(core, a);
}

void ct_actors_seed(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = actor_make(core, e->tgid);
	struct ct_actor_state *up = ct_actor_get(core, (uint32_t)e->arg);

	if (!a)
		return;
	a->parent = (uint32_t)e->arg;
	a->role = (uint8_t)e->sub;
	a->execed = true;
	a->netns = e->obj;
	if (up) {
		a->engine = up->engine;
		a->container = up->container;
		a->op = up->op;
	}
	exec_identity(core, a, e);
	for (struct ct_container *c = core->containers; c; c = c->hh.next) {
		if (c->who.init_pid == a->tgid)
			a->container = c;
	}
}
