// SPDX-License-Identifier: GPL-2.0-only
/* TTRPC between containerd and its shims: requests about tasks one way, events the other. */
#include "core/hear/talk.h"

/* What is before the last '/', and what is behind it. */
static struct ct_text parent(struct ct_text path, struct ct_text *name)
{
	*name = ct_text_base(path);
	return ct_text(path.p, path.len > name->len ? path.len - name->len - 1 : 0);
}

/* ".../io.containerd.runtime.v2.task/NAMESPACE/ID", the bundle of a Create. */
static struct ct_text namespace_of_bundle(struct ct_text bundle)
{
	struct ct_text id, ns, tasks, dir = parent(parent(bundle, &id), &ns);

	parent(dir, &tasks);
	return ct_text_starts(tasks, "io.containerd.runtime.v") ? ns : ct_text("", 0);
}

/* Requests name no namespace. A Create has its bundle, and what follows comes the same way. */
static struct ct_text namespace_of(struct ct_core *core, const struct ct_event *e,
				   const struct ct_ttrpc *rpc)
{
	struct ct_conn *conn = rpc->bundle.len ? ct_conn_get(core, e) : NULL;
	struct ct_text ns;

	if (conn) {
		ns = namespace_of_bundle(rpc->bundle);
		if (ns.len < sizeof(conn->ns))
			ct_text_copy(conn->ns, sizeof(conn->ns), ns);
	}
	conn = ct_conn_find(core, e->obj);
	return conn ? ct_text(conn->ns, strlen(conn->ns)) : ct_text("", 0);
}

static void request(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc)
{
	struct ct_container *c =
		ct_book_make(core, ct_speaker(core, e), namespace_of(core, e, rpc), rpc->id);
	struct ct_pending_call *call;
	uint64_t number = 0;
	struct ct_early *early;

	if (!c)
		return;
	/* KillRequest, 3: signal */
	if (ct_text_is(rpc->method, "Kill") && !c->family->kills_end &&
	    ct_proto_varint(rpc->request, 3, &number) && ct_signal_spares(number))
		return;
	call = ct_call_make(core, e->obj, rpc->stream, CT_PROTO_TTRPC, rpc->method, e);
	if (!call)
		return;
	ct_call_about(core, call, c);
	if (!c->who.engine_pid)
		c->who.engine_pid = e->tgid;
	ct_grpc_cause(core, c, rpc->method);
	early = ct_call_asked(core, call);
	ct_signal(core, c, CT_SIG_TASK_REQUEST, rpc->method, call->ts_ns);
	ct_answer_early(core, early);
}

static void set_init(struct ct_core *core, struct ct_container *c, uint32_t pid)
{
	const struct ct_actor_state *a;

	ct_container_first(core, c, pid);
	a = ct_actor_get(core, pid);
	if (a && a->container == c)
		ct_container_netns(core, c, a);
}

/* An answer to a request about a task. */
static void task_answer(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc,
			const struct ct_pending_call *call)
{
	struct ct_text method = ct_text(call->verb, strlen(call->verb));
	struct ct_container *c = call->container;
	uint64_t value;

	ct_steps_rpc(core, c, CT_ROLE_SHIM, method, call->ts_ns, e->ts_ns, e->tgid, rpc->failed);
	if (rpc->failed) {
		if (rpc->message.len && !c->run.message[0])
			ct_text_copy(c->run.message, sizeof(c->run.message), rpc->message);
		return;
	}
	if (ct_text_is(method, "Start") && c->vm_ns)
		ct_steps_agent(core, c, method, e);
	if (ct_text_is(method, "Create") && ct_proto_varint(rpc->payload, 1, &value))
		set_init(core, c, (uint32_t)value);
	if (ct_text_is(method, "Delete"))
		c->run.exit_code = ct_proto_varint(rpc->payload, 2, &value) ? (int)value : 0;
	if (ct_text_is(method, "Wait") && c->run.exit_code == CT_NO_EXIT_CODE)
		c->run.exit_code = ct_proto_varint(rpc->payload, 1, &value) ? (int)value : 0;
	ct_signal(core, c, CT_SIG_TASK_ANSWER, method, e->ts_ns);
}

/*
 * A shim tells containerd what happened: ForwardRequest { 1: Envelope { 2: namespace, 3: topic,
 * 4: Any { 2: the event, with 1: container, 2: process } } }, containerd api/services/ttrpc/events.
 * A process that was executed in the container is none of its own life.
 */
static void forward(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc)
{
	struct ct_text envelope, ns = { "", 0 }, topic, any, event, id, process;
	struct ct_pending_call *call;
	struct ct_container *c;

	if (!ct_proto_bytes(rpc->request, 1, &envelope) || !ct_proto_bytes(envelope, 3, &topic) ||
	    !ct_proto_bytes(envelope, 4, &any) || !ct_proto_bytes(any, 2, &event) ||
	    !ct_proto_bytes(event, 1, &id))
		return;
	ct_proto_bytes(envelope, 2, &ns);
	if (ct_text_is(topic, "/tasks/exit") && ct_proto_bytes(event, 2, &process) &&
	    (process.len != id.len || memcmp(process.p, id.p, id.len)))
		return;
	c = ct_book_find(core, ct_speaker(core, e), ns, id);
	if (!c || !ct_hears(core, c, CT_SIG_SHIM_EVENT))
		return;
	call = ct_call_make(core, e->obj, rpc->stream, CT_PROTO_TTRPC, topic, e);
	if (!call)
		return;
	call->event = true;
	ct_call_about(core, call, c);
	ct_answer_early(core, ct_call_asked(core, call));
}

/*
 * The agent in a virtual machine is asked in the same way, but answers from inside it. Its own
 * services are grpc.* (kata-containers, src/libs/protocols/protos/agent.proto).
 */
static void agent_asked(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc)
{
	const struct ct_actor_state *shim = ct_actor_get(core, e->tgid);
	struct ct_container *c;

	if (!core->opts.steps || !shim || !shim->container)
		return;
	c = ct_book_find(core, ct_speaker(core, e),
			 ct_text(shim->container->ns, strlen(shim->container->ns)), rpc->id);
	ct_steps_agent(core, c ? c : shim->container, rpc->method, e);
}

void ct_talk_ttrpc(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc)
{
	struct ct_call_key key = { e->arg, rpc->stream, CT_PROTO_TTRPC };
	struct ct_pending_call *call;

	if (!rpc->answer) {
		if (ct_text_is(rpc->service, "containerd.services.events.ttrpc.v1.Events"))
			forward(core, e, rpc);
		else if (ct_text_starts(rpc->service, "containerd.task.v") && !rpc->exec_id.len)
			request(core, e, rpc);
		else if (ct_text_starts(rpc->service, "grpc."))
			agent_asked(core, e, rpc);
		return;
	}
	call = ct_call_find(core, key);
	if (!call) {
		ct_answer_keep(core, key, e);
		return;
	}
	if (call->container && call->event)
		ct_signal(core, call->container, CT_SIG_SHIM_EVENT,
			  ct_text(call->verb, strlen(call->verb)), e->ts_ns);
	else if (call->container)
		task_answer(core, e, rpc, call);
	ct_call_drop(core, call);
}
