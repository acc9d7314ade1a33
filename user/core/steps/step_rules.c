// SPDX-License-Identifier: GPL-2.0-only
/* Processes, requests and programs as steps. */
#include "core/steps/evidence.h"

#include <stdlib.h>

struct ct_evidence *ct_steps_new(void)
{
	struct ct_evidence *all = calloc(1, sizeof(*all));

	if (all)
		ct_calls_index(all);
	return all;
}

void ct_steps_free(struct ct_core *core)
{
	if (!core->steps)
		return;
	ct_orphans_free(core);
	ct_syncs_free(core);
	free(core->steps);
	core->steps = NULL;
}

/* A process is a step of its container from its exec to its next exec or its exit. */
static int process(struct ct_core *core, const struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct ct_step step = {
		.name = a->program,
		.actor = ct_role_name(a->role),
		.begin_ns = e->ts_ns,
		.end_ns = e->ts_ns,
		.pid = a->tgid,
		.count = 1,
		.kind = CT_STEP_PROGRAM,
		.open = true,
	};

	ct_text_copy(step.detail, sizeof(step.detail), ct_text_base(ct_text_cut(&rest, '\0')));
	return ct_step_add(core, a->container, &step);
}

/* The container's program: what was before it was the runtime, in its process. */
static void program(struct ct_core *core, struct ct_actor_state *a, uint64_t exec_ns)
{
	struct ct_step step = {
		.name = "runtime init",
		.actor = ct_role_name(CT_ROLE_RUNTIME),
		.begin_ns = a->forked_ns,
		.end_ns = exec_ns,
		.pid = a->tgid,
		.count = 1,
		.kind = CT_STEP_PROGRAM,
	};

	if (a->forked_ns)
		ct_step_add(core, a->container, &step);
	step.name = "exec";
	step.actor = ct_role_name(CT_ROLE_INIT);
	step.begin_ns = exec_ns;
	ct_step_add(core, a->container, &step);
}

/* Columns: method of the task service or of the engine, step. */
static const struct {
	const char *method;
	const char *step;
} methods[] = {
	{ "Create", "task create" },
	{ "Start", "task start" },
	{ "Kill", "task kill" },
	{ "Delete", "task delete" },
	{ "Shutdown", "shim shutdown" },
	{ "Snapshots/Prepare", "snapshot" },
	{ "Snapshots/Remove", "snapshot" },
	{ "Containers/Create", "metadata write" },
	{ "Containers/Delete", "metadata removal" },
};

/* NULL: it is no step. */
static const char *method_step(struct ct_text method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (ct_text_is(method, methods[i].method))
			return methods[i].step;
	}
	return NULL;
}

static struct ct_step rpc_step(const char *name, uint8_t role, uint64_t begin_ns, uint64_t end_ns,
			       uint32_t pid)
{
	struct ct_step step = {
		.name = name,
		.actor = ct_role_name(role),
		.begin_ns = begin_ns,
		.end_ns = end_ns,
		.pid = pid,
		.count = 1,
	};

	return step;
}

/* Whose container is not known, or not yet: what was asked for may have its id. */
static void rpc_of_unknown(struct ct_core *core, const struct ct_fact *fact, struct ct_text method)
{
	const struct ct_request *asked = fact->request;
	struct ct_text id = ct_text(asked->name, strlen(asked->name));
	const char *name = method_step(method);
	struct ct_container *c;
	struct ct_step step;

	if (!name || !id.len)
		return;
	step = rpc_step(name, CT_ROLE_ENGINE, asked->ts_ns, fact->ts_ns, fact->e->tgid);
	c = ct_book_find(core, fact->speaker, ct_text("", 0), id);
	if (c && !c->removed)
		ct_step_add(core, c, &step);
	else
		ct_orphan_add(core, fact->speaker, CT_BY_ID, id, 0, &step);
}

static void rpc(struct ct_core *core, const struct ct_fact *fact, uint8_t role,
		struct ct_text method)
{
	const struct ct_request *asked = fact->request;
	bool failed = fact->kind == CT_FACT_REFUSED;
	const char *name = core->opts.steps || failed ? method_step(method) : NULL;
	struct ct_container *c = fact->container;
	struct ct_step step;

	if (!name)
		return;
	if (failed && !c->run.failed_step)
		c->run.failed_step = name;
	step = rpc_step(name, role, asked->ts_ns, fact->ts_ns, fact->e->tgid);
	ct_step_add(core, c, &step);
}

/* What a machine does. */
enum {
	EXECUTED, /* the machine's program */
	ANSWERED, /* nobody waits for the agent */
	BOOTED, /* executed, and the guest has booted since */
	CHECKED, /* asked for the first time, by who could since then */
	ASKED
};

/*
 * What is asked of the agent tells how far the machine is, for who asks waits for one answer before he
 * asks for the next: asked for a container, the sandbox is there. Nobody hears the answers. A serial port takes the first question
 * (Check) at once, and it is answered when the guest has booted; whoever listens on a vsock has. Columns:
 * request, step from it to the next one; whether it may be the first of a container; what else who
 * asks does himself once he has the answer, and does not before: a kind of event, of CALL its number.
 */
static const struct {
	const char *method;
	const char *step; /* NULL: none */
	bool first;
	uint8_t kind, call; /* 0: nothing */
} agent_steps[] = {
	[EXECUTED] = { NULL, "agent connected", false, 0, 0 },
	[ANSWERED] = { NULL, NULL, false, 0, 0 },
	[BOOTED] = { NULL, "guest boot", false, 0, 0 },
	[CHECKED] = { NULL, "agent connected", false, 0, 0 },
	[ASKED] = { "Check", "guest boot", false, 0,
		    0 }, /* nobody answers before the guest has booted */
	{ "CreateSandbox", "sandbox created", false, 0, 0 },
	{ "GetGuestDetails", "guest details", false, 0, 0 },
	{ "CreateContainer", "container created", true, CT_KIND_CGROUP, 0 },
	{ "OnlineCPUMem", "cpu and memory online", false, 0, 0 },
	/* Behind it hooks are run in the container's network, whether there are any or not. */
	{ "StartContainer", "workload started", true, CT_KIND_CALL, CT_CALL_SETNS },
	/* Listened for from the start of the first container on: that has been answered. */
	{ "GetOOMEvent", NULL, false, 0, 0 },
	{ "SignalProcess", "process signal", true, 0, 0 },
	/* Behind it what the guest was given of it is unmounted. */
	{ "RemoveContainer", "container removed", true, CT_KIND_CALL, CT_CALL_UMOUNT },
	{ "DestroySandbox", "sandbox destroyed", true, CT_KIND_CALL, CT_CALL_UNLINK },
};

/* It has done what it did until now. */
static void agent_done(struct ct_core *core, struct ct_container *c, uint64_t ts_ns)
{
	struct ct_step step = {
		.name = agent_steps[c->vm_does].step,
		.actor = ct_role_name(CT_ROLE_SHIM),
		.begin_ns = c->vm_ns,
		.end_ns = ts_ns,
		.pid = c->vm_asker,
		.count = 1,
	};

	if (c->vm_ns && step.name && core->opts.steps)
		ct_step_add(core, c, &step);
	c->vm_ns = 0;
	c->vm_does = 0;
}

/*
 * Behind which answer of who asks the agent it has answered him. Columns: what he was asked; what he had asked
 * for, NULL: whatever it was.
 */
static const struct {
	const char *task;
	const char *method;
} agent_answers[] = {
	{ "Create", NULL },
	{ "Start", NULL },
	{ "Kill", "SignalProcess" },
	{ "Wait", "RemoveContainer" },
	{ "Delete", "RemoveContainer" },
};

static void agent_answered(struct ct_core *core, struct ct_container *c, struct ct_text task,
			   uint64_t ts_ns)
{
	const char *does = agent_steps[c->vm_does].method;

	for (size_t i = 0; i < CT_ARRAY_SIZE(agent_answers); i++) {
		const char *method = agent_answers[i].method;

		if (!ct_text_is(task, agent_answers[i].task) ||
		    (method && !(does && !strcmp(does, method))))
			continue;
		/* Unless nobody was heard to ask. */
		if (c->vm_does)
			agent_done(core, c, ts_ns);
		c->vm_ns = 0;
	}
}

void ct_steps_agent(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	if (c && c->vm_ns && c->vm_asker == e->tgid && agent_steps[c->vm_does].kind == e->kind &&
	    (e->kind != CT_KIND_CALL || agent_steps[c->vm_does].call == e->sub)) {
		agent_done(core, c, e->ts_ns - e->dur_ns);
		c->vm_ns = e->ts_ns;
		c->vm_does = ANSWERED;
	}
}

/* Who watches over the agent asks it the same later (Check), each second: that says nothing of what it does. */
static bool boots(const struct ct_container *c)
{
	return c->vm_does != ANSWERED && c->vm_does <= ASKED;
}

static void agent(struct ct_core *core, struct ct_container *c, const struct ct_fact *fact)
{
	const struct ct_event *e = fact->e;
	for (size_t i = ASKED; i < CT_ARRAY_SIZE(agent_steps); i++) {
		if (!ct_text_is(fact->verb, agent_steps[i].method) ||
		    (!c->vm_ns && !agent_steps[i].first))
			continue;
		if (i == ASKED && !boots(c))
			return;
		c->vm_asker = e->tgid;
		if (fact->booted && c->vm_does == EXECUTED)
			c->vm_does = BOOTED;
		agent_done(core, c, e->ts_ns);
		c->vm_ns = e->ts_ns;
		c->vm_does = fact->booted && i == ASKED ? CHECKED : (uint8_t)i;
		return;
	}
}

/* What was asked is told by its answer; of the agent no answer is heard. */
void ct_steps_fact(struct ct_core *core, const struct ct_fact *fact)
{
	struct ct_container *c = fact->container;
	struct ct_text method = fact->verb;
	bool answer = fact->kind == CT_FACT_ANSWERED || fact->kind == CT_FACT_REFUSED;

	if (fact->how == CT_HOW_ENGINE && fact->kind == CT_FACT_ANSWERED) {
		method = ct_text(fact->request->verb, strlen(fact->request->verb));
		if (c)
			rpc(core, fact, CT_ROLE_ENGINE, method);
		else
			rpc_of_unknown(core, fact, method);
	}
	if (fact->how == CT_HOW_TASK && answer && c) {
		rpc(core, fact, CT_ROLE_SHIM, method);
		agent_answered(core, c, method, fact->e->ts_ns);
	}
	if (fact->how == CT_HOW_AGENT && c && core->opts.steps)
		agent(core, c, fact);
}

void ct_steps_exec_before(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);

	if (a && a->step >= 0)
		ct_step_end(a, e->ts_ns, 0);
}

/* With --pid=host the kernel side cannot tell it from a helper; its pid can. */
static bool is_program(const struct ct_actor_state *a)
{
	return a->container && a->role != CT_ROLE_RUNTIME &&
	       a->container->who.init_pid == a->tgid &&
	       !(a->program && !strcmp(a->program, CT_SANDBOX));
}

void ct_steps_exec(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);

	if (!a)
		return;
	if (is_program(a))
		program(core, a, e->ts_ns);
	if (!a->program || !a->container)
		return;
	a->step = core->opts.steps ? process(core, a, e) : -1;
	a->run_seq = a->container->run.seq;
}

void ct_steps_exit_before(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);

	if (!a)
		return;
	ct_step_end(a, e->ts_ns, e->ret);
	/* Who asks the agent leaves with its answer; behind a machine's last process it does nothing. */
	if (a->container && a->container->vm_does &&
	    (a->vmm ? a->container->vmms == 1 : a->container->vm_asker == a->tgid))
		agent_done(core, a->container, e->ts_ns);
}

static void executed(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	const struct ct_step step = {
		.name = "exec",
		.actor = ct_role_name(CT_ROLE_INIT),
		.begin_ns = e->ts_ns,
		.end_ns = e->ts_ns,
		.pid = e->tgid,
		.count = 1,
	};

	ct_step_add(core, c, &step);
}

static void started(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	const struct ct_step step = {
		.name = "program load",
		.actor = ct_role_name(CT_ROLE_INIT),
		.begin_ns = c->run.app_exec_ns,
		.end_ns = e->ts_ns,
		.pid = e->tgid,
		.count = 1,
	};

	if (step.begin_ns && step.begin_ns <= e->ts_ns)
		ct_step_add(core, c, &step);
}

/* What a sandbox says of the program inside. */
void ct_steps_app(struct ct_core *core, const struct ct_event *e)
{
	struct ct_container *c = ct_life_app_of(core, e);

	if (c && e->sub == CT_APP_EXEC)
		executed(core, c, e);
	else if (c && e->sub == CT_APP_START)
		started(core, c, e);
}
