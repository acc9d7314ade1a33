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

/*
 * Requests name their namespace behind what is asked, where that leaves room to be heard. A Create has
 * its bundle, and what follows comes the same way.
 */
static struct ct_text namespace_of(struct ct_core *core, const struct ct_sent *sent,
				   const struct ct_ttrpc *rpc)
{
	struct ct_conn *conn = rpc->bundle.len ? ct_conn_get(core, sent) : NULL;
	struct ct_text ns;

	if (rpc->ns.len && rpc->ns.len < sizeof(conn->ns))
		return rpc->ns;
	if (conn) {
		ns = namespace_of_bundle(rpc->bundle);
		if (ns.len < sizeof(conn->ns))
			ct_text_copy(conn->ns, sizeof(conn->ns), ns);
	}
	conn = ct_conn_find(core, sent->e->obj);
	return conn ? ct_text(conn->ns, strlen(conn->ns)) : ct_text("", 0);
}

static struct ct_fact fact_of(const struct ct_sent *sent, const struct ct_ttrpc *rpc,
			      enum ct_how how)
{
	return (struct ct_fact){
		.kind = CT_FACT_ASKED,
		.how = how,
		.e = sent->e,
		.speaker = sent->speaker,
		.ids = { rpc->id },
		.verb = rpc->method,
		.ts_ns = sent->e->ts_ns,
		.stream = rpc->stream,
	};
}

static void request(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc)
{
	struct ct_fact fact = fact_of(sent, rpc, CT_HOW_TASK);

	fact.ns = namespace_of(core, sent, rpc);
	fact.makes = CT_MAKES_KNOWN;
	if (ct_text_is(rpc->method, "Kill"))
		ct_proto_varint(rpc->request, 3, &fact.signal); /* KillRequest, 3: signal */
	ct_call_told(core, &fact);
}

/*
 * Any { 2: the event }, with 1: container, 2: process; of TaskExit also 4: its status, 5: when
 * (containerd api/events/task.proto). A process that was executed in the container is none of its own
 * life.
 */
bool ct_shim_event(struct ct_fact *fact, struct ct_text topic, struct ct_text any)
{
	bool exit = ct_text_is(topic, "/tasks/exit");
	struct ct_text event, id, process;

	if (!ct_proto_bytes(any, 2, &event) || !ct_proto_bytes(event, 1, &id))
		return false;
	if (exit && ct_proto_bytes(event, 2, &process) &&
	    (process.len != id.len || memcmp(process.p, id.p, id.len) != 0))
		return false;
	fact->ids[0] = id;
	fact->verb = topic;
	if (exit) {
		fact->valued = ct_proto_varint(event, 4, &fact->value);
		fact->exited_wall_ns = ct_proto_time(event, 5);
	}
	return true;
}

/* None that speaks so has a serial port. */
static void agent_booted(struct ct_core *core, const struct ct_sent *sent,
			 const struct ct_ttrpc *rpc)
{
	struct ct_fact fact = fact_of(sent, rpc, CT_HOW_AGENT);

	fact.booted = true;
	core->seams->heard(core, &fact);
}

/*
 * A shim tells containerd what happened: ForwardRequest { 1: Envelope { 2: namespace, 3: topic,
 * 4: Any } }, containerd api/services/ttrpc/events.
 */
static void forward(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc)
{
	struct ct_fact fact = fact_of(sent, rpc, CT_HOW_SHIM);
	struct ct_text envelope, topic, any;

	if (!ct_proto_bytes(rpc->request, 1, &envelope) || !ct_proto_bytes(envelope, 3, &topic) ||
	    !ct_proto_bytes(envelope, 4, &any) || !ct_shim_event(&fact, topic, any))
		return;
	ct_proto_bytes(envelope, 2, &fact.ns);
	ct_call_told(core, &fact);
}

#define RUNNING 2 /* containerd api/types/task */

/*
 * What a method answers with. Columns: method, field of a number, which number says whether it counts,
 * field of when the container exited.
 */
static const struct {
	const char *method;
	uint32_t field, state, exited; /* 0: none */
} values[] = {
	{ "Create", 1, 0, 0 }, /* pid */
	{ "State", 3, 4, 0 }, /* pid */
	{ "Delete", 2, 0, 3 }, /* exit status */
	{ "Wait", 1, 0, 2 }, /* exit status */
};

static void answer(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc,
		   struct ct_pending_call *call)
{
	struct ct_fact fact = fact_of(sent, rpc, call->event ? CT_HOW_SHIM : CT_HOW_TASK);

	fact.kind = rpc->failed ? CT_FACT_REFUSED : CT_FACT_ANSWERED;
	fact.verb = ct_text(call->asked.verb, strlen(call->asked.verb));
	fact.request = &call->asked;
	fact.about = call->about;
	fact.message = rpc->message;
	for (size_t i = 0; i < CT_ARRAY_SIZE(values); i++) {
		uint64_t state = RUNNING;

		if (!ct_text_is(fact.verb, values[i].method) ||
		    (values[i].state &&
		     (!ct_proto_varint(rpc->payload, values[i].state, &state) || state != RUNNING)))
			continue;
		fact.valued = ct_proto_varint(rpc->payload, values[i].field, &fact.value);
		if (values[i].exited)
			fact.exited_wall_ns = ct_proto_time(rpc->payload, values[i].exited);
	}
	core->seams->heard(core, &fact);
	ct_call_drop(core, call);
}

/* A process in a container: when is all that is asked of it, and nobody waits for an answer. */
static void executed(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc)
{
	struct ct_fact fact = fact_of(sent, rpc, CT_HOW_TASK);

	fact.ns = namespace_of(core, sent, rpc);
	core->seams->heard(core, &fact);
}

/*
 * Whom a shim asks for what. The agent in a virtual machine is asked in the same way, but answers from
 * inside it: its own services are grpc.* (kata-containers, src/libs/protocols/protos/agent.proto).
 */
static void asked(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc)
{
	if (ct_text_is(rpc->service, "containerd.services.events.ttrpc.v1.Events"))
		forward(core, sent, rpc);
	else if (ct_text_starts(rpc->service, "containerd.task.v") && !rpc->exec_id.len)
		request(core, sent, rpc);
	else if (ct_text_starts(rpc->service, "containerd.task.v") &&
		 ct_text_is(rpc->method, "Exec"))
		executed(core, sent, rpc);
	else if (ct_text_starts(rpc->service, "grpc."))
		agent_booted(core, sent, rpc);
}

void ct_talk_ttrpc(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc)
{
	const struct ct_call_key key = { sent->e->arg, rpc->stream, CT_PROTO_TTRPC };
	struct ct_pending_call *call;

	if (!rpc->answer) {
		asked(core, sent, rpc);
		return;
	}
	call = ct_call_find(core, key);
	if (call)
		answer(core, sent, rpc, call);
	else
		ct_early_keep(core, key, sent);
}
