// SPDX-License-Identifier: GPL-2.0-only
/*
 * gRPC between who runs a virtual machine and the agent inside it: grpc.AgentService and grpc.Health of
 * Kata 1.x (protocols/grpc of its agent). What nobody asks a container's life of is not told.
 */
#include "core/hear/talk.h"

#define CT_FAMILY_VSOCK 40 /* AF_VSOCK; else it is a serial port of the machine */
#define SERVICES        "/grpc." /* containerd's and others' have more dots */

/* Columns: method; whether its first field is the id of a container. */
static const struct ct_agent_method {
	const char *name;
	bool about;
} methods[] = {
	{ "Check", false },          { "CreateSandbox", false },  { "GetGuestDetails", false },
	{ "CreateContainer", true }, { "OnlineCPUMem", false },   { "StartContainer", true },
	{ "SignalProcess", true },   { "RemoveContainer", true }, { "DestroySandbox", false },
	{ "GetOOMEvent", false },
};

static const struct ct_agent_method *method_of(struct ct_text name)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(methods); i++) {
		if (ct_text_is(name, methods[i].name))
			return &methods[i];
	}
	return NULL;
}

static void tell(struct ct_core *core, const struct ct_sent *sent, struct ct_text method,
		 struct ct_text id, uint64_t ts_ns)
{
	struct ct_fact fact = {
		.kind = CT_FACT_ASKED,
		.how = CT_HOW_AGENT,
		.e = sent->e,
		.speaker = sent->speaker,
		.ids = { id },
		.verb = method,
		.ts_ns = ts_ns,
		.booted = sent->e->sub == CT_FAMILY_VSOCK,
	};

	core->seams->heard(core, &fact);
}

/* What is about a container has its id in the message behind; what is not may have no message. */
bool ct_agent_headers(struct ct_core *core, const struct ct_sent *sent, uint32_t stream,
		      const char *path)
{
	const struct ct_call_key key = { sent->e->obj, stream, CT_PROTO_H2 };
	struct ct_text name = ct_text(path, strlen(path));
	const struct ct_agent_method *method;
	struct ct_pending_call *call;

	if (!ct_text_starts(name, SERVICES))
		return false;
	name = ct_text_base(name);
	method = method_of(name);
	call = ct_call_make(core, sent, &key, name);
	if (call)
		call->named = call->agent = true;
	if (method && !method->about)
		tell(core, sent, name, ct_text("", 0), sent->e->ts_ns);
	return true;
}

/* Its answer comes from inside of the machine: it is not waited for. */
void ct_agent_asked(struct ct_core *core, const struct ct_sent *sent, struct ct_pending_call *call,
		    struct ct_text data)
{
	struct ct_text name = ct_text(call->asked.verb, strlen(call->asked.verb));
	const struct ct_agent_method *method = method_of(name);
	struct ct_text msg, id = ct_text("", 0);

	if (method && method->about && ct_grpc_message(data, &msg) && ct_proto_bytes(msg, 1, &id))
		tell(core, sent, name, id, call->asked.ts_ns);
	ct_call_drop(core, call);
}
