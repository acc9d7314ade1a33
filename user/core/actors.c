// SPDX-License-Identifier: GPL-2.0-only
/* Which process does what for which container: by what it was called to do, or by its parent. */
#include "state.h"

#include "args.h"
#include "roles.h"

/* A newer coldtrace, or a damaged recording, may know others. */
static uint8_t role_of(const struct ct_event *e)
{
	return e->sub < CT_ROLE_MAX ? (uint8_t)e->sub : 0;
}

/*
 * A shim says whose it is behind -id and -namespace; what a shim starts is in its namespace. Else
 * any argument may be the id of a container that is known.
 */
static struct ct_container *container_of_args(struct ct_core *core, const struct ct_actor_state *a,
					      const struct ct_text *args, size_t n)
{
	const struct ct_scope *speaker = ct_speaker_process(core, a->tgid);
	struct ct_text ns = ct_argv_value(args, n, "-namespace"),
		       id = ct_argv_value(args, n, "-id");
	bool shim = id.len && a->role == CT_ROLE_SHIM;
	char of[sizeof(a->container->ns)]; /* the container may have to make room */

	if (!ns.len && a->container) {
		memcpy(of, a->container->ns, sizeof(of));
		ns = ct_text(of, strlen(of));
	}
	for (size_t i = n; !shim && i-- > 1;) {
		struct ct_container *c = ct_book_find(core, speaker, ns, args[i]);

		if (c)
			return c;
	}
	return ct_book_make(core, speaker, ns, id);
}

/* The longest name that it begins with: a shim of containerd begins as containerd does. */
static const struct ct_role_row *row_of(struct ct_text program)
{
	struct ct_text base = ct_text_base(program);
	const struct ct_role_row *found = NULL;

	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		if (ct_text_starts(base, row->comm) &&
		    (!found || strlen(row->comm) > strlen(found->comm)))
			found = row;
	}
	return found;
}

void ct_actors_fork(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *up = ct_actor_get(core, e->tgid);
	bool instead = ct_actor_get(core, (uint32_t)e->obj);
	struct ct_scope room;
	const struct ct_scope *payer = ct_actor_payer(up, &room);
	struct ct_actor_state *a = ct_actor_make(core, (uint32_t)e->obj, payer);

	ct_openers_born(core, (uint32_t)e->obj, instead);
	if (!a)
		return;
	if (instead)
		ct_share_move(core, payer, &a->held);
	a->parent = e->tgid;
	ct_actor_descends(a, up);
	a->role = role_of(e);
	a->execed = false;
	a->program = NULL;
	a->runtime = NULL;
	a->forked_ns = e->ts_ns;
	a->step = -1;
	/* Its pid may have been another's, whose exit was not seen. */
	ct_actor_drop_draft(a);
	a->engine = 0;
	ct_actor_works(a, NULL);
	ct_actor_is_first_of(a, NULL);
	a->vmm = false;
	a->level = ct_event_level(e);
	ct_scope_inherit(a, up);
	a->op = CT_OP_NONE;
	a->plugin = CT_OP_NONE;
	if (!up)
		return;
	a->engine = up->engine;
	ct_actor_works(a, up->container);
	a->op = up->op;
	a->plugin = up->plugin;
	/* A daemon: what was executed exits, what it has forked is the machine. */
	a->vmm = up->vmm && a->container;
	if (a->vmm)
		a->container->vmms++;
	/* gVisor: the first task of the application is a stub that the sandbox forks and that
	 * never execs, between the request to start and its answer. */
	if (a->container && up->role == CT_ROLE_HELPER && !up->execed &&
	    a->container->run.marks[CT_MARK_TASK_START_BEGIN])
		ct_signal(core, a->container, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
}

/*
 * A podman command: what it makes has no id yet, what it works on is named by its arguments. Of
 * several containers that it names the first is whom its children work for.
 */
static void podman_called(struct ct_core *core, struct ct_actor_state *a,
			  const struct ct_text *args, size_t n, uint64_t ts_ns)
{
	const struct ct_scope *speaker = ct_speaker_process(core, a->tgid);
	const char *program = a->program;

	if (a->op == CT_OP_RUN || a->op == CT_OP_START)
		ct_actor_works(a, ct_draft_new(core, &ct_family_podman));
	for (size_t i = 2; program && i < n; i++) {
		struct ct_container *c =
			ct_book_by_ref(core, speaker, args[i], 0, &ct_family_podman);

		if (!c || c == a->container || a->op == CT_OP_RUN)
			continue;
		if (a->op == CT_OP_CLEANUP && ct_argv_has(args, n, "--rm"))
			c->auto_remove = true;
		if (a->container && !a->container->draft) {
			ct_signal(core, c, CT_SIG_PROGRAM, ct_text(program, strlen(program)),
				  ts_ns);
			continue;
		}
		ct_draft_free(a->container);
		ct_actor_works(a, c);
	}
}

/* Whose conmon it is; without root that may be called by who has left: podman's. */
static const struct ct_family *family_of_conmon(struct ct_core *core,
						const struct ct_actor_state *a)
{
	const struct ct_actor_state *engine = ct_actor_get(core, a->engine);

	return engine && !strcmp(engine->engine_name ? engine->engine_name : "",
				 ct_family_crio.name)
		       ? &ct_family_crio
		       : &ct_family_podman;
}

/* conmon is called with all that its engine knows about the container. */
static void conmon_called(struct ct_core *core, struct ct_actor_state *a,
			  const struct ct_text *args, size_t n)
{
	struct ct_text name = ct_argv_value(args, n, "-n"), runtime = ct_argv_value(args, n, "-r");
	const struct ct_family *family = family_of_conmon(core, a);
	struct ct_container *c;

	/* For a process that is executed in a container there is one, too: kubelets probe so. */
	if (family == &ct_family_crio &&
	    (ct_argv_has(args, n, "-e") || ct_argv_has(args, n, "--exec-process-spec")))
		return;
	c = ct_book_make(core, ct_speaker_process(core, a->tgid), ct_text("", 0),
			 ct_argv_value(args, n, "-c"));
	if (!c)
		return;
	if (a->container && a->container->draft)
		ct_draft_becomes(core, a->container, c);
	ct_actor_works(a, c);
	c->family = family;
	ct_text_copy(c->who.engine, sizeof(c->who.engine),
		     ct_text(c->family->name, strlen(c->family->name)));
	if (name.len)
		ct_text_copy(c->who.name, sizeof(c->who.name), name);
	if (runtime.len)
		ct_text_copy(c->who.runtime, sizeof(c->who.runtime), ct_text_base(runtime));
	ct_book_file(core, c);
	/* With a short life conmon is gone by the time of the answer; podman waits for its end. */
	ct_container_look_up(core, c, a->engine ? a->engine : a->tgid,
			     ct_argv_value(args, n, "-b"));
}

static struct ct_container *bare_make(struct ct_core *core, const struct ct_actor_state *runtime,
				      struct ct_text id)
{
	const struct ct_role_row *row = runtime->runtime;
	struct ct_container *c =
		ct_book_make(core, ct_speaker_process(core, runtime->tgid), ct_text("", 0), id);

	if (!c)
		return NULL;
	c->family = &ct_family_bare;
	ct_text_copy(c->who.name, sizeof(c->who.name), id);
	ct_text_copy(c->who.engine, sizeof(c->who.engine),
		     ct_text(c->family->name, strlen(c->family->name)));
	ct_text_copy(c->who.runtime, sizeof(c->who.runtime),
		     ct_text(row->runtime, strlen(row->runtime)));
	ct_book_file(core, c);
	return c;
}

/* A runtime that nobody known has called: what it makes is named by its last argument. */
static struct ct_container *bare_container(struct ct_core *core, struct ct_actor_state *a,
					   const struct ct_text *args, size_t n)
{
	const struct ct_role_row *row = row_of(args[0]);

	a->runtime = row && !a->container && !a->engine ? row : NULL;
	if (!a->runtime || (a->op != CT_OP_CREATE && a->op != CT_OP_RUN) || n < 3 ||
	    args[n - 1].p[0] == '-')
		return NULL;
	return bare_make(core, a, args[n - 1]);
}

/* `runsc do` chooses the id: the processes of the sandbox are the first to be called with it. */
static struct ct_container *bare_sandbox(struct ct_core *core, const struct ct_actor_state *a,
					 const struct ct_text *args, size_t n)
{
	struct ct_actor_state *up = ct_actor_get(core, a->parent);
	struct ct_container *c;

	if (!up || !up->runtime || up->container || up->op != CT_OP_DO || n < 3)
		return NULL;
	c = bare_make(core, up, args[n - 1]);
	if (!c)
		return NULL;
	ct_actor_works(up, c);
	if (up->program) /* else it was called before tracing began */
		ct_signal(core, c, CT_SIG_PROGRAM, ct_text(up->program, strlen(up->program)),
			  up->execed_ns);
	return c;
}

/* A client of containerd names the shim; which runtime that has is seen when it runs. */
static void runtime_ran(struct ct_container *c, struct ct_text program)
{
	const struct ct_role_row *row = c->family->grpc ? row_of(program) : NULL;
	const char *runtime = row ? row->runtime : NULL;

	if (row && row->role == CT_ROLE_SHIM)
		runtime = ct_runtime_of_shim(ct_text_base(program));
	if (runtime)
		ct_text_copy(c->who.runtime, sizeof(c->who.runtime),
			     ct_text(runtime, strlen(runtime)));
}

/* What an engine keeps is read now, where it was too early before or may soon be too late. */
static void runtime_creates(struct ct_core *core, const struct ct_actor_state *a,
			    struct ct_container *c)
{
	/* Detached, podman may be gone by the time of the answer; conmon stays. */
	if (c->family == &ct_family_podman)
		ct_container_look_up(core, c, a->parent, ct_text("", 0));
	else if (c->family->runtime_at_start && !c->who.runtime[0] && c->who.engine_pid)
		ct_container_look_up(core, c, c->who.engine_pid, ct_text("", 0));
}

/*
 * Without root podman forks and executes itself once more, in a user namespace (rootless_linux.c of
 * its pkg/rootless, 4.3): the same command, about the same container, which began with the first.
 */
static bool executed_again(struct ct_actor_state *a, const struct ct_text *args, size_t n)
{
	a->again = a->container && a->op != CT_OP_NONE && a->op == ct_argv_op(args, n) &&
		   !strcmp(a->engine_name, ct_family_podman.name);
	return a->again;
}

static void exec_identity(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_text args[CT_ARGS_MAX];
	size_t n = ct_argv_split(e, args);
	struct ct_container *c;

	if (!n)
		return;
	switch (a->role) {
	case CT_ROLE_ENGINE: {
		const struct ct_role_row *row = row_of(args[0]);

		/* A shim's messenger to the engine, called as the engine is. */
		if (a->container && ct_argv_op(args, n) == CT_OP_PUBLISH) {
			a->op = CT_OP_PUBLISH;
			break;
		}
		a->engine_name = row && row->engine ? row->engine : "";
		a->engine = a->tgid;
		if (executed_again(a, args, n))
			break;
		ct_actor_drop_draft(a);
		ct_actor_works(a, NULL);
		a->op = CT_OP_NONE;
		if (!strcmp(a->engine_name, ct_family_podman.name))
			a->op = (uint8_t)ct_argv_op(args, n);
		a->program = ct_program_name(a, ct_text(e->tail, e->tail_len));
		if (a->op != CT_OP_NONE)
			podman_called(core, a, args, n, e->ts_ns);
		break;
	}
	case CT_ROLE_SHIM:
		if (ct_text_starts(ct_text_base(args[0]), "conmon")) {
			conmon_called(core, a, args, n);
			break;
		}
		__attribute__((fallthrough));
	case CT_ROLE_RUNTIME:
		a->op = (uint8_t)ct_argv_op(args, n);
		c = container_of_args(core, a, args, n);
		if (!c && a->role == CT_ROLE_RUNTIME)
			c = bare_container(core, a, args, n);
		if (c)
			ct_actor_works(a, c);
		if (c)
			runtime_ran(c, args[0]);
		if (c && a->op == CT_OP_CREATE)
			runtime_creates(core, a, c);
		break;
	default:
		a->op = (uint8_t)ct_argv_op(args, n);
		c = container_of_args(core, a, args, n);
		if (!c && !a->container)
			c = bare_sandbox(core, a, args, n);
		if (c)
			ct_actor_works(a, c);
		break;
	}
}

/*
 * A runtime's wrapper may give it mounts of its own, as runtimes give to containers: the kernel side
 * takes it for one. It is told by going on with the same command, about the same container.
 */
static bool goes_on(const struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_text args[CT_ARGS_MAX] = { { NULL, 0 } };
	size_t n;

	if (e->root != e->tgid || role_of(e) != CT_ROLE_RUNTIME || a->op == CT_OP_NONE ||
	    !a->container || a->container->who.init_pid == a->tgid)
		return false;
	n = ct_argv_split(e, args);
	return ct_argv_op(args, n) == a->op && ct_argv_has(args, n, a->container->who.id);
}

/* A wrapper may execute another: one machine. */
static void machine_begins(struct ct_actor_state *a, uint64_t ts_ns)
{
	if (!a->container || a->vmm)
		return;
	a->vmm = true;
	a->container->vmms++;
	a->container->vm_ns = ts_ns;
}

static void machine_ends(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_container *c = a->container;

	if (c && a->vmm && c->vmms && --c->vmms == 0)
		ct_signal(core, c, CT_SIG_VM_EXIT, ct_text("", 0), ts_ns);
}

void ct_actors_exec(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c;
	bool sandbox, first;

	if (!a)
		a = ct_actor_make(core, e->tgid, NULL);
	if (!a)
		return;
	if (a->container && a->container->who.init_pid == a->tgid)
		ct_actor_is_first_of(a, a->container);
	ct_scope_exec(core, a, e, goes_on(a, e));
	if (a->step >= 0)
		ct_step_end(core, a, e->ts_ns, 0);
	a->role = role_of(e);
	a->execed = true;
	ct_actor_pays(core, a);
	a->execed_ns = e->ts_ns;
	a->netns = e->obj;
	a->again = false;
	exec_identity(core, a, e);
	if (a->plugin && !memchr(e->tail, '\0', e->tail_len ? e->tail_len - 1u : 0))
		a->op = a->plugin; /* plugins are called with no arguments, also by each other */
	a->program = ct_program_name(a, ct_text(e->tail, e->tail_len));
	c = a->container;
	if (c && a->program && !a->again)
		ct_signal(core, c, CT_SIG_PROGRAM, ct_text(a->program, strlen(a->program)),
			  e->ts_ns);
	sandbox = a->program && !strcmp(a->program, CT_SANDBOX);
	first = c && !c->who.init_pid && (c->family->first_exec_is_init || c->key.scope.level);
	if (first && (sandbox || (a->role == CT_ROLE_INIT && !a->program)))
		ct_book_init(core, c, a->tgid);
	/* With --pid=host the kernel side cannot tell it from a helper; its pid can. */
	if (c && a->role != CT_ROLE_RUNTIME && c->who.init_pid == a->tgid && !sandbox) {
		ct_container_netns(core, c, a);
		ct_steps_init(core, a, e->ts_ns);
		ct_signal(core, c, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
	}
	if (a->program && !strcmp(a->program, CT_VMM))
		machine_begins(a, e->ts_ns);
	/* Its program has the name of an engine or a shim: it is that, too. */
	if (a->first_of && a->first_of != c)
		ct_signal(core, a->first_of, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
	ct_steps_process(core, a, e);
	ct_openers_exec(core, a, e);
}

/* As a shell says it, of what wait() says. */
int ct_exit_code(int status)
{
	return status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
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
	ct_openers_exit(core, a, e->ts_ns);
	c = a->first_of ? a->first_of : a->container;
	if (c && c->who.init_pid == a->tgid && a->role != CT_ROLE_SHIM) {
		if (c->run.exit_code == CT_NO_EXIT_CODE)
			c->run.exit_code = ct_exit_code(status);
		ct_signal(core, c, CT_SIG_INIT_EXIT, ct_text("", 0), e->ts_ns);
	}
	machine_ends(core, a, e->ts_ns);
	c = a->container;
	if (c && a->program) {
		struct ct_text what = ct_text(a->program, strlen(a->program));

		ct_signal(core, c, status ? CT_SIG_PROGRAM_FAILED : CT_SIG_PROGRAM_DONE, what,
			  e->ts_ns);
		ct_signal(core, c, CT_SIG_PROGRAM_END, what, e->ts_ns);
	}
	if (a->role == CT_ROLE_ENGINE && a->engine == a->tgid && a->execed)
		ct_engine_exited(core, a->tgid);
	ct_actor_drop_draft(a);
	ct_actor_drop(core, a);
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
			ct_actor_is_first_of(a, c);
		else
			ct_actor_works(a, c);
	}
}

void ct_actors_seed(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *up = ct_actor_get(core, ct_event_ppid(e)), *a;
	struct ct_scope room;

	a = ct_actor_make(core, e->tgid, ct_actor_payer(up, &room));
	if (!a)
		return;
	a->parent = ct_event_ppid(e);
	ct_actor_descends(a, up);
	ct_scope_inherit(a, up);
	ct_scope_exec(core, a, e, false);
	a->role = role_of(e);
	a->execed = true;
	ct_actor_pays(core, a);
	a->netns = e->obj;
	if (up) {
		a->engine = up->engine;
		ct_actor_works(a, up->container);
		a->op = up->op;
	}
	exec_identity(core, a, e);
	if (a->role == CT_ROLE_INIT && a->container && a->container->key.scope.level &&
	    !a->container->who.init_pid)
		ct_book_init(core, a->container, a->tgid);
	seed_first(core, a, up);
	if (a->container && !a->container->who.init_pid &&
	    a->container->family->first_exec_is_init && a->role == CT_ROLE_INIT)
		ct_book_init(core, a->container, a->tgid);
	ct_openers_exec(core, a, e);
}
