// SPDX-License-Identifier: GPL-2.0-only
/* Which process works for which container: by what it was called to do, or by its parent. */
#include "core/hear/above.h"
#include "core/life/life.h"

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
	return ct_container_make(core, speaker, ns, id);
}

/* The family of an engine that is no daemon; NULL: it is one, or not known. */
static const struct ct_family *commands_of(const struct ct_actor_state *a)
{
	const char *name = a->engine_name ? a->engine_name : "";
	const struct ct_family *f = ct_family_of_engine(ct_text(name, strlen(name)));

	return f && f->commands ? f : NULL;
}

/* A command asks for a container by itself, and says who forked it if that is nobody known. */
static void command_asks(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	if (c && e->dur_ns)
		c->who.client = ct_hear_client(core, e);
}

/*
 * A command of such an engine: what it makes has no id yet, what it works on is named by its arguments.
 * Of several containers that it names the first is whom its children work for.
 */
static void command_called(struct ct_core *core, struct ct_actor_state *a,
			   const struct ct_text *args, size_t n, const struct ct_event *e)
{
	const struct ct_scope *speaker = ct_speaker_process(core, a->tgid);
	const struct ct_family *family = commands_of(a);
	bool starts = a->op == CT_OP_START || a->op == CT_OP_RESTART;
	const char *program = a->program;

	if (a->op == CT_OP_RUN || a->op == CT_OP_START)
		ct_works(a, ct_draft_new(core, family));
	command_asks(core, a->container, e);
	for (size_t i = 2; program && i < n; i++) {
		struct ct_container *c = ct_book_by_ref(core, speaker, args[i], 0, family);

		if (!c || c == a->container || a->op == CT_OP_RUN)
			continue;
		if (a->op == CT_OP_CLEANUP && ct_argv_has(args, n, "--rm"))
			c->auto_remove = true;
		if (starts)
			command_asks(core, c, e);
		if (a->container && !a->container->draft) {
			ct_signal(core, c, CT_SIG_PROGRAM, ct_text(program, strlen(program)),
				  e->ts_ns);
			continue;
		}
		ct_draft_free(a->container);
		ct_works(a, c);
	}
}

/* Whose monitor a program is; NULL: it is none. */
static const struct ct_family *monitored(struct ct_core *core, const struct ct_actor_state *a,
					 const struct ct_text *args, size_t n)
{
	const struct ct_actor_state *engine = ct_actor_get(core, a->engine);

	return ct_family_of_monitor(ct_text_base(args[0]), engine ? engine->engine_name : NULL,
				    ct_pod_is_name(ct_argv_value(args, n, "-n")));
}

/* A monitor is called with all that its engine knows about the container: conmon's options. */
static void monitor_called(struct ct_core *core, struct ct_actor_state *a,
			   const struct ct_family *family, const struct ct_text *args, size_t n)
{
	struct ct_text name = ct_argv_value(args, n, "-n"), runtime = ct_argv_value(args, n, "-r");
	struct ct_container *c;

	/* Of one that it makes the engine names the bundle. */
	if (family->execs_monitored && (!ct_argv_has(args, n, "-b") || ct_argv_has(args, n, "-e") ||
					ct_argv_has(args, n, "--exec-process-spec")))
		return;
	c = ct_container_make(core, ct_speaker_process(core, a->tgid), ct_text("", 0),
			      ct_argv_value(args, n, "-c"));
	if (!c)
		return;
	if (a->container && a->container->draft)
		ct_draft_becomes(core, a->container, c);
	ct_works(a, c);
	c->family = family;
	ct_text_copy(c->who.engine, sizeof(c->who.engine),
		     ct_text(c->family->name, strlen(c->family->name)));
	if ((!family->pods || !ct_pod_monitored(core, c, name)) && name.len)
		ct_text_copy(c->who.name, sizeof(c->who.name), name);
	if (runtime.len)
		ct_text_copy(c->who.runtime, sizeof(c->who.runtime), ct_text_base(runtime));
	ct_book_file(core, c);
	/* With a short life the monitor is gone by the time of the answer; its engine waits for that. */
	ct_container_look_up(core, c, a->engine ? a->engine : a->tgid,
			     ct_argv_value(args, n, "-b"));
}

static struct ct_container *bare_make(struct ct_core *core, const struct ct_actor_state *runtime,
				      struct ct_text id)
{
	const struct ct_role_row *row = runtime->runtime;
	struct ct_container *c = ct_container_make(core, ct_speaker_process(core, runtime->tgid),
						   ct_text("", 0), id);

	if (!c)
		return NULL;
	c->family = &ct_family_bare;
	ct_text_copy(c->who.name, sizeof(c->who.name), id);
	if (!runtime->engine)
		ct_text_copy(c->who.engine, sizeof(c->who.engine),
			     ct_text(c->family->name, strlen(c->family->name)));
	ct_text_copy(c->who.runtime, sizeof(c->who.runtime),
		     ct_text(row->runtime, strlen(row->runtime)));
	ct_book_file(core, c);
	return c;
}

/*
 * A runtime that nobody known has called, or an engine itself: what it makes is named by its last argument.
 */
static struct ct_container *bare_container(struct ct_core *core, struct ct_actor_state *a,
					   const struct ct_text *args, size_t n)
{
	const struct ct_role_row *row = ct_role_of_program(args[0]);
	bool builds = a->op == CT_OP_RUN && ct_build_engine(ct_actor_get(core, a->engine));
	struct ct_container *c;

	a->runtime = row && !a->container && (!a->engine || builds) ? row : NULL;
	if (!a->runtime || (a->op != CT_OP_CREATE && a->op != CT_OP_RUN) || n < 3 ||
	    args[n - 1].p[0] == '-')
		return NULL;
	c = bare_make(core, a, args[n - 1]);
	if (c && builds)
		ct_build_runs(core, c, a->engine);
	return c;
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
	c->who.client = up->forked_by;
	ct_works(up, c);
	if (up->program) /* else it was called before tracing began */
		ct_signal(core, c, CT_SIG_PROGRAM, ct_text(up->program, strlen(up->program)),
			  up->execed_ns);
	return c;
}

/* A client of containerd names the shim; which runtime that has is seen when it runs. */
static void runtime_ran(struct ct_container *c, struct ct_text program)
{
	const struct ct_role_row *row = c->family->grpc ? ct_role_of_program(program) : NULL;
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
	/* Detached, a command may be gone by the time of the answer; the monitor stays. */
	if (c->family->commands)
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
		   commands_of(a);
	return a->again;
}

static void engine_called(struct ct_core *core, struct ct_actor_state *a,
			  const struct ct_text *args, size_t n, const struct ct_event *e)
{
	const struct ct_role_row *row = ct_role_of_program(args[0]);

	/* A shim's messenger to the engine, called as the engine is. */
	if (a->container && ct_argv_op(args, n) == CT_OP_PUBLISH) {
		a->op = CT_OP_PUBLISH;
		return;
	}
	a->engine_name = row && row->engine ? row->engine : "";
	a->engine = a->tgid;
	if (executed_again(a, args, n)) {
		ct_image_goes_on(core, a);
		return;
	}
	ct_works_drop_draft(a);
	ct_works(a, NULL);
	a->op = CT_OP_NONE;
	if (commands_of(a))
		a->op = (uint8_t)ct_argv_op(args, n);
	a->program = ct_program_name(a, ct_text(e->tail, e->tail_len));
	ct_image_called(core, a, args, n, e);
	if (a->op != CT_OP_NONE && a->op != CT_OP_PULL)
		command_called(core, a, args, n, e);
}

static void runtime_called(struct ct_core *core, struct ct_actor_state *a,
			   const struct ct_text *args, size_t n)
{
	struct ct_container *c;

	a->op = (uint8_t)ct_argv_op(args, n);
	a->joins = a->op == CT_OP_EXEC && a->role == CT_ROLE_RUNTIME;
	c = container_of_args(core, a, args, n);
	if (!c && a->role == CT_ROLE_RUNTIME)
		c = bare_container(core, a, args, n);
	if (!c)
		return;
	ct_works(a, c);
	if (a->op == CT_OP_EXEC)
		c->exec_ns = a->execed_ns;
	runtime_ran(c, args[0]);
	if (a->op == CT_OP_CREATE)
		runtime_creates(core, a, c);
}

static void helper_called(struct ct_core *core, struct ct_actor_state *a,
			  const struct ct_text *args, size_t n)
{
	struct ct_container *c;

	a->op = (uint8_t)ct_argv_op(args, n);
	c = container_of_args(core, a, args, n);
	if (!c && !a->container)
		c = bare_sandbox(core, a, args, n);
	if (c)
		ct_works(a, c);
}

/* A runtime that is to make a container, or has made it. */
static bool starts(const struct ct_actor_state *a)
{
	return a->role == CT_ROLE_RUNTIME && (a->op == CT_OP_CREATE || a->op == CT_OP_RUN ||
					      a->op == CT_OP_DO || a->op == CT_OP_START);
}

void ct_life_called(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_text args[CT_ARGS_MAX];
	size_t n = ct_argv_split(e, args);
	const struct ct_family *monitor;

	if (!n)
		return;
	a->sandbox = ct_program_is_sandbox(a, ct_text(e->tail, e->tail_len));
	monitor = a->role == CT_ROLE_SHIM ? monitored(core, a, args, n) : NULL;
	if (a->role == CT_ROLE_ENGINE)
		engine_called(core, a, args, n, e);
	else if (monitor)
		monitor_called(core, a, monitor, args, n);
	else if (a->role == CT_ROLE_SHIM || a->role == CT_ROLE_RUNTIME)
		runtime_called(core, a, args, n);
	else
		helper_called(core, a, args, n);
	if (!a->container || !(monitor || starts(a)))
		return;
	a->container->who.mine |= (e->flags & CT_F_MINE) != 0;
	command_asks(core, a->container, e);
}
