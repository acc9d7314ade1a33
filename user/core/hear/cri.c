// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pods: what the Kubernetes runtime interface calls things, and which container of the engine is
 * meant. The engine chooses the ids; until it answers, a pod is known by the variables of the
 * network plugins that it has executed. Numbers of fields: k8s.io/cri-api, v1.
 */
#include "core/hear/talk.h"

static void copy(char *to, size_t room, struct ct_text from)
{
	if (from.len)
		ct_text_copy(to, room, from);
}

/* Field of a message in a message: empty when there is none. */
static struct ct_text field(struct ct_text msg, uint32_t number)
{
	struct ct_text found = { "", 0 };

	ct_proto_bytes(msg, number, &found);
	return found;
}

/* { 1: PodSandboxConfig { 1: { 1: name, 2: uid, 3: namespace } } } */
void ct_cri_run_pod(struct ct_pending_call *call, struct ct_text msg)
{
	struct ct_text pod = field(field(msg, 1), 1);

	copy(call->name, sizeof(call->name), field(pod, 1));
	copy(call->pod_uid, sizeof(call->pod_uid), field(pod, 2));
	copy(call->pod_ns, sizeof(call->pod_ns), field(pod, 3));
}

/* { 1: sandbox, 2: ContainerConfig { 1: { 1: name }, 2: { 1: image } } } */
void ct_cri_create_container(struct ct_pending_call *call, struct ct_text msg)
{
	struct ct_text config = field(msg, 2);

	copy(call->sandbox, sizeof(call->sandbox), field(msg, 1));
	copy(call->name, sizeof(call->name), field(field(config, 1), 1));
	copy(call->image, sizeof(call->image), field(field(config, 2), 1));
}

#define NAME_MAX_SHOWN 64 /* both are names of DNS, most are short */

/* What a user calls it: POD, or POD/CONTAINER. */
static void set_name(struct ct_core *core, struct ct_container *c)
{
	struct ct_identity *who = &c->who;
	size_t n;

	_Static_assert(sizeof(who->name) >= 2 * NAME_MAX_SHOWN, "there is room for both");
	ct_text_copy(who->name, NAME_MAX_SHOWN, ct_text(who->pod, strlen(who->pod)));
	n = strlen(who->name);
	if (who->pod_container[0]) {
		who->name[n++] = '/';
		ct_text_copy(who->name + n, sizeof(who->name) - n,
			     ct_text(who->pod_container, strlen(who->pod_container)));
	}
	ct_book_file(core, c);
}

static void request_heard(struct ct_core *core, struct ct_pending_call *call,
			  struct ct_container *c)
{
	ct_call_about(core, call, c);
	ct_signal(core, c, CT_SIG_ENGINE_REQUEST, ct_text(call->verb, strlen(call->verb)),
		  call->ts_ns);
}

/* The request that a sandbox comes from. */
static void pod_asked(struct ct_core *core, struct ct_pending_call *call, struct ct_container *c)
{
	c->family = &ct_family_pod;
	memcpy(c->who.pod, call->name, sizeof(call->name));
	memcpy(c->who.pod_uid, call->pod_uid, sizeof(c->who.pod_uid));
	memcpy(c->who.pod_ns, call->pod_ns, sizeof(c->who.pod_ns));
	set_name(core, c);
	request_heard(core, call, c);
}

static void container_asked(struct ct_core *core, struct ct_pending_call *call,
			    struct ct_container *c)
{
	struct ct_text ns = ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE));
	struct ct_container *pod = ct_book_find(core, &c->key.scope, ns,
						ct_text(call->sandbox, strlen(call->sandbox)));

	if (pod) {
		memcpy(c->who.pod, pod->who.pod, sizeof(c->who.pod));
		memcpy(c->who.pod_uid, pod->who.pod_uid, sizeof(c->who.pod_uid));
		memcpy(c->who.pod_ns, pod->who.pod_ns, sizeof(c->who.pod_ns));
	}
	copy(c->who.pod_container, sizeof(c->who.pod_container),
	     ct_text(call->name, strlen(call->name)));
	copy(c->who.image, sizeof(c->who.image), ct_text(call->image, strlen(call->image)));
	set_name(core, c);
	request_heard(core, call, c);
}

void ct_cri_made(struct ct_core *core, struct ct_pending_call *call, struct ct_text msg,
		 const struct ct_event *e)
{
	struct ct_text ns = ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE));
	const struct ct_actor_state *engine = ct_actor_get(core, e->tgid);
	struct ct_container *c;

	/* Another engine speaks the same, and lives in another way. */
	if (call->container ||
	    (engine && engine->engine_name && !strcmp(engine->engine_name, ct_family_crio.name)))
		return;
	c = ct_book_make(core, ct_speaker(core, e), ns, field(msg, 1));
	if (!c)
		return;
	if (!c->who.engine_pid)
		c->who.engine_pid = e->tgid;
	if (call->sandbox[0])
		container_asked(core, call, c);
	else
		pod_asked(core, call, c);
}

struct variables {
	struct ct_text command, id;
	struct ct_text pod, ns, uid;
};

/* CNI_ARGS, as kubelet's runtimes fill it: "K8S_POD_NAME=...;K8S_POD_UID=...". */
static void read_args(struct ct_text args, struct variables *v)
{
	while (args.len) {
		struct ct_text value = ct_text_cut(&args, ';'), name = ct_text_cut(&value, '=');

		if (ct_text_is(name, "K8S_POD_NAME"))
			v->pod = value;
		else if (ct_text_is(name, "K8S_POD_NAMESPACE"))
			v->ns = value;
		else if (ct_text_is(name, "K8S_POD_UID"))
			v->uid = value;
	}
}

static struct variables read_variables(const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct variables v = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 } };

	while (rest.len) {
		struct ct_text value = ct_text_cut(&rest, '\0'), name = ct_text_cut(&value, '=');

		if (ct_text_is(name, "CNI_COMMAND"))
			v.command = value;
		else if (ct_text_is(name, "CNI_CONTAINERID"))
			v.id = value;
		else if (ct_text_is(name, "CNI_ARGS"))
			read_args(value, &v);
	}
	return v;
}

static struct ct_pending_call *call_of_pod(struct ct_core *core, const struct variables *v,
					   const struct ct_scope *speaker)
{
	struct ct_pending_call *call, *next;

	HASH_ITER(hh, core->calls, call, next)
	{
		if (call->key.proto == CT_PROTO_H2 && !call->container && v->pod.len &&
		    ct_scope_is(&call->held.share->scope, speaker) &&
		    ct_text_is(v->pod, call->name) && ct_text_is(v->ns, call->pod_ns) &&
		    (!v->uid.len || ct_text_is(v->uid, call->pod_uid)))
			return call;
	}
	return NULL;
}

/* The sandbox that a plugin is executed for, made when it is heard of for the first time. */
static struct ct_container *sandbox_of(struct ct_core *core, const struct variables *v,
				       const struct ct_scope *speaker)
{
	struct ct_text ns = ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE));
	struct ct_container *c = ct_book_find(core, speaker, ct_text("", 0), v->id);
	struct ct_pending_call *call;

	if (!c && v->pod.len && ct_text_is(v->command, "ADD"))
		c = ct_book_make(core, speaker, ns, v->id);
	if (!c || !ct_text_is(ns, c->ns))
		return c;
	c->family = &ct_family_pod;
	call = call_of_pod(core, v, speaker);
	if (call)
		pod_asked(core, call, c);
	copy(c->who.pod, sizeof(c->who.pod), v->pod);
	copy(c->who.pod_ns, sizeof(c->who.pod_ns), v->ns);
	copy(c->who.pod_uid, sizeof(c->who.pod_uid), v->uid);
	set_name(core, c);
	return c;
}

/* Columns: command of the plugin (CNI specification), what it does. */
static const struct {
	const char *command;
	enum ct_op op;
} commands[] = {
	{ "ADD", CT_OP_SETUP },
	{ "DEL", CT_OP_TEARDOWN },
};

void ct_plugin(struct ct_core *core, const struct ct_event *e)
{
	struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct variables v = read_variables(e);
	struct ct_container *c;

	if (!a)
		return;
	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++) {
		if (ct_text_is(v.command, commands[i].command))
			a->plugin = (uint8_t)commands[i].op;
	}
	c = sandbox_of(core, &v, ct_speaker(core, e));
	if (c)
		ct_actor_works(a, c);
}
