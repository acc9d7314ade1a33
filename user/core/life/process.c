// SPDX-License-Identifier: GPL-2.0-only
/* Processes begin, execute and end: what that means for the container that they work for. */
#include "core/hear/above.h"
#include "core/life/life.h"

#include <sys/wait.h>

/* What was known of the process that had its pid before, whose exit was not seen, is not its own. */
static void begins_anew(struct ct_actor_state *a)
{
	a->program = NULL;
	a->runtime = NULL;
	a->step = -1;
	ct_works_drop_draft(a);
	a->engine = 0;
	ct_works(a, NULL);
	ct_works_first_of(a, NULL);
	a->vmm = false;
	a->sandbox = false;
	a->op = CT_OP_NONE;
	a->plugin = CT_OP_NONE;
	a->joins = false;
	a->stage = 0;
}

/*
 * runc executes itself, that forks, and what it has forked once more (nsexec.c): the last becomes the
 * container's program. With the host's pids nothing else tells which process that is.
 */
static uint8_t next_stage(const struct ct_actor_state *up)
{
	if (up->program && !strcmp(up->program, CT_NSEXEC))
		return 1;
	return up->stage == 1 ? 2 : 0;
}

void ct_life_fork(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *up = ct_actor_get(core, e->tgid);
	bool instead = ct_actor_get(core, (uint32_t)e->obj);
	struct ct_scope room;
	const struct ct_scope *payer = ct_works_payer(up, &room);
	struct ct_actor_state *a = ct_actor_make(core, (uint32_t)e->obj, payer);

	if (!a)
		return;
	if (instead)
		ct_share_move(core, payer, &a->held);
	a->parent = e->tgid;
	ct_actor_descends(a, up);
	a->role = ct_role_of(e);
	a->execed = false;
	a->forked_ns = e->ts_ns;
	begins_anew(a);
	a->level = ct_event_level(e);
	ct_scope_inherit(a, up);
	if (!up)
		return;
	a->engine = up->engine;
	ct_works(a, up->container);
	a->op = up->op;
	a->plugin = up->plugin;
	a->joins = up->joins;
	a->stage = next_stage(up);
	/* A daemon: what was executed exits, what it has forked is the machine. */
	a->vmm = up->vmm && a->container;
	if (a->vmm)
		a->container->vmms++;
	/* gVisor: the first task of the application is a stub that the sandbox forks and that
	 * never execs, between the request to start and its answer. A machine forks to become a
	 * daemon, which also holds when nobody heard what it had executed. */
	if (a->container && up->role == CT_ROLE_HELPER && !up->execed && !up->vmm &&
	    !ct_runtime_makes_machines(a->container->who.runtime) &&
	    a->container->run.marks[CT_MARK_TASK_START_BEGIN])
		ct_signal(core, a->container, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
}

static bool same_command(const struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_text args[CT_ARGS_MAX] = { { NULL, 0 } };
	size_t n = ct_argv_split(e, args);

	return ct_argv_op(args, n) == a->op && ct_argv_has(args, n, a->container->who.id);
}

/*
 * A runtime's wrapper may give it mounts of its own, as runtimes give to containers: the kernel side
 * takes it for one. It is told by going on with the same command, about the same container.
 */
static bool goes_on(const struct ct_actor_state *a, const struct ct_event *e)
{
	if (e->root != e->tgid || ct_role_of(e) != CT_ROLE_RUNTIME || a->op == CT_OP_NONE ||
	    !a->container || a->container->who.init_pid == a->tgid)
		return false;
	return same_command(a, e);
}

/*
 * Whether events were lost since it last executed, or was forked and has not, its exit and the fork of
 * who has its pid now among them: who executes does so soon. A container's first process may do so at
 * any time.
 */
static bool is_another(const struct ct_core *core, const struct ct_actor_state *a,
		       const struct ct_event *e)
{
	uint64_t since = a->execed ? a->execed_ns : a->forked_ns;

	if (e->root == e->tgid ||
	    (!a->execed && a->container && a->container->who.init_pid == a->tgid))
		return false;
	return since <= core->hole_ns && since + CT_OPEN_NS < e->ts_ns;
}

/* A wrapper may execute another: one machine. */
static void machine_begins(struct ct_actor_state *a, uint64_t ts_ns)
{
	if (!a->container || a->vmm)
		return;
	a->vmm = true;
	a->container->machine = true;
	a->container->vmms++;
	a->container->vm_ns = ts_ns;
}

static void machine_ends(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_container *c = a->container;

	if (c && a->vmm && c->vmms && --c->vmms == 0)
		ct_signal(core, c, CT_SIG_VM_EXIT, ct_text("", 0), ts_ns);
}

/*
 * With the host's pids it has the role of a helper. crun forks it without executing anything: the
 * kernel side knows it by its mounts once it executes, which it does when it has been started, and
 * a hook of its own is forked by it and not by crun.
 */
static bool becomes_first(struct ct_core *core, const struct ct_actor_state *a,
			  const struct ct_event *e)
{
	const struct ct_actor_state *up = ct_actor_get(core, a->parent);

	if (ct_role_of(e) != CT_ROLE_HELPER)
		return false;
	if (a->stage == 2)
		return true;
	return e->root == e->tgid && !a->execed && a->op == CT_OP_CREATE && a->container &&
	       a->container->run.marks[CT_MARK_TASK_START_BEGIN] && (!up || up->execed);
}

void ct_life_exec(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c;
	bool sandbox, first, becomes;

	if (!a)
		a = ct_actor_make(core, e->tgid, NULL);
	if (!a)
		return;
	if (is_another(core, a, e)) {
		a->parent = 0;
		ct_actor_descends(a, NULL);
		ct_scope_inherit(a, NULL);
		begins_anew(a);
	}
	if (a->container && a->container->who.init_pid == a->tgid)
		ct_works_first_of(a, a->container);
	ct_scope_exec(core, a, e, goes_on(a, e));
	becomes = becomes_first(core, a, e);
	a->role = ct_role_of(e);
	a->stage = 0;
	a->execed = true;
	ct_works_pays(core, a);
	a->execed_ns = e->ts_ns;
	a->netns = e->obj;
	a->again = false;
	a->forked_by = e->dur_ns ? ct_hear_client(core, e) : (struct ct_client){ 0 };
	ct_life_called(core, a, e);
	if (a->plugin && !memchr(e->tail, '\0', e->tail_len ? e->tail_len - 1u : 0))
		a->op = a->plugin; /* plugins are called with no arguments, also by each other */
	a->program = ct_program_name(a, ct_text(e->tail, e->tail_len));
	c = a->container;
	if (c && a->program && !a->again) {
		struct ct_text what = ct_text(a->program, strlen(a->program));

		ct_life_caused(core, c, what);
		ct_signal(core, c, CT_SIG_PROGRAM, what, e->ts_ns);
	}
	sandbox = a->program && !strcmp(a->program, CT_SANDBOX);
	first = c && !c->who.init_pid && !a->joins &&
		(c->family->first_exec_is_init || c->key.scope.level);
	if (first && (sandbox || becomes || (a->role == CT_ROLE_INIT && !a->program)))
		ct_book_init(core, c, a->tgid);
	/* With --pid=host the kernel side cannot tell it from a helper; its pid can. */
	if (c && a->role != CT_ROLE_RUNTIME && c->who.init_pid == a->tgid && !sandbox) {
		ct_container_netns(core, c, a);
		ct_signal(core, c, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
	}
	if (a->program && !strcmp(a->program, CT_VMM))
		machine_begins(a, e->ts_ns);
	ct_image_exec(core, a, e);
	/* Its program has the name of an engine or a shim: it is that, too. */
	if (a->first_of && a->first_of != c)
		ct_signal(core, a->first_of, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
}

/* Who stands between a container and its engine goes when it has written down how that ended. */
static void monitor_exits(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_container *c = a->container;

	if (c && a->role == CT_ROLE_SHIM && c->family->monitor &&
	    ct_hears(core, c, CT_SIG_SHIM_EVENT))
		ct_signal(core, c, CT_SIG_SHIM_EVENT, ct_text("exit", 4), ts_ns);
}

/* Taking itself apart takes a sandbox some milliseconds, or more where it has to wait for a processor. */
#define APART_NS (100 * CT_NS_PER_MS)

/*
 * When a container's first process has ended what it is there for. gVisor's has ended its application before, and
 * takes itself apart: its application ran last when the sandbox woke a process of its own last. What is killed, or
 * fails, has not ended it: then it is when that happened.
 */
static uint64_t ended_at(const struct ct_container *c, const struct ct_actor_state *a,
			 const struct ct_event *e)
{
	const uint64_t *m = c->run.marks;
	uint64_t at = e->ts_ns - e->dur_ns;

	if (!a->sandbox || !e->dur_ns || e->dur_ns > APART_NS || at > e->ts_ns ||
	    WIFSIGNALED(e->ret) || at <= m[CT_MARK_TASK_START_BEGIN] || at <= m[CT_MARK_INIT_EXEC])
		return e->ts_ns;
	return at;
}

void ct_life_exit(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c;
	int status = e->ret;

	ct_image_client_exits(core, e);
	ct_build_client_exits(core, e);
	if (!a && ct_role_of(e) == CT_ROLE_NONE)
		return;
	if (!a) {
		core->counts.unmatched_exits++;
		core->counts.unmatched_ends += ct_role_of(e) == CT_ROLE_INIT;
		return;
	}
	c = a->first_of ? a->first_of : a->container;
	/* It did execute, as the kernel side says: that was lost. */
	if (c && !a->execed && e->root == e->tgid && ct_role_of(e) == CT_ROLE_INIT &&
	    !c->who.init_pid && c->family->first_exec_is_init)
		ct_book_init(core, c, a->tgid);
	if (c && c->who.init_pid == a->tgid && a->role != CT_ROLE_SHIM) {
		if (c->run.exit_code == CT_NO_EXIT_CODE)
			c->run.exit_code = ct_exit_code(status);
		c->run.exit_seen = true;
		ct_signal(core, c, CT_SIG_INIT_EXIT, ct_text("", 0), ended_at(c, a, e));
		c->last_ns = e->ts_ns;
	}
	machine_ends(core, a, e->ts_ns);
	ct_image_exit(core, a, e->ts_ns);
	ct_image_command_exit(core, a, e->ts_ns);
	monitor_exits(core, a, e->ts_ns);
	c = a->container;
	if (c && a->program) {
		struct ct_text what = ct_text(a->program, strlen(a->program));

		ct_signal(core, c, status ? CT_SIG_PROGRAM_FAILED : CT_SIG_PROGRAM_DONE, what,
			  e->ts_ns);
		ct_signal(core, c, CT_SIG_PROGRAM_END, what, e->ts_ns);
	}
	if (a->role == CT_ROLE_ENGINE && a->engine == a->tgid && a->execed)
		ct_engine_exited(core, a->tgid);
	ct_works_leave(core, a);
}

/* Containers whose first process it was found to be. */
static void seed_first(struct ct_core *core, struct ct_actor_state *a,
		       const struct ct_actor_state *up)
{
	struct ct_container *c = NULL;

	while ((c = ct_book_of_init(core, a->tgid, c))) {
		if (up ? !ct_scope_is(&up->scope, &c->key.scope) : !ct_scope_is_host(&c->key.scope))
			continue;
		if (a->role == CT_ROLE_ENGINE || a->role == CT_ROLE_SHIM)
			ct_works_first_of(a, c);
		else
			ct_works(a, c);
	}
}

/*
 * Whether it is the first process of its container, of which that is not known yet. A gofer looks like one, in a pid
 * namespace of its own; a sandbox does not. One that waits to be started is still called as the runtime was.
 */
static bool is_first(const struct ct_actor_state *a, struct ct_text args)
{
	const char *program = ct_program_name(a, args);

	if (a->container->who.init_pid || a->joins)
		return false;
	if (!program || !strcmp(program, CT_NSEXEC))
		return a->role == CT_ROLE_INIT;
	return a->sandbox;
}

/* What stays for as long as its container runs is there when that ends. */
static void seed_run(struct ct_core *core, struct ct_actor_state *a, struct ct_text args,
		     uint64_t ts_ns)
{
	if (a->role != CT_ROLE_RUNTIME || a->op != CT_OP_RUN || !a->container)
		return;
	a->program = ct_program_name(a, args);
	if (a->program)
		ct_signal(core, a->container, CT_SIG_PROGRAM_RUNS,
			  ct_text(a->program, strlen(a->program)), ts_ns);
}

/* It runs already. After events were lost all are told once more: those that are known stay what they were. */
void ct_life_seed(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *up = ct_actor_get(core, ct_event_ppid(e)), *a;
	struct ct_scope room;
	struct ct_text args;

	a = ct_actor_make(core, e->tgid, ct_works_payer(up, &room));
	if (!a)
		return;
	a->parent = ct_event_ppid(e);
	ct_actor_descends(a, up);
	ct_scope_inherit(a, up);
	ct_scope_exec(core, a, e, false);
	a->role = ct_role_of(e);
	a->execed = true;
	a->execed_ns = e->ts_ns; /* or before */
	ct_works_pays(core, a);
	a->netns = e->obj;
	if (up) {
		a->engine = up->engine;
		ct_works(a, up->container);
		a->op = up->op;
	}
	ct_life_called(core, a, e);
	args = ct_text(e->tail, e->tail_len);
	if (a->container && a->container->key.scope.level && is_first(a, args))
		ct_book_init(core, a->container, a->tgid);
	seed_first(core, a, up);
	if (a->container && a->container->family->first_exec_is_init && is_first(a, args))
		ct_book_init(core, a->container, a->tgid);
	seed_run(core, a, args, e->ts_ns);
}
