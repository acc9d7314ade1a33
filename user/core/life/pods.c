// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pods: which container of the engine the Kubernetes runtime interface means. The engine chooses the
 * ids; until it answers, a pod is known by the variables of the network plugins that it has executed.
 */
#include "core/life/life.h"

static void copy(char *to, size_t room, struct ct_text from)
{
	if (from.len)
		ct_text_copy(to, room, from);
}

#define NAME_MAX_SHOWN 64 /* both are names of DNS, most are short */

#define SHORT_ID       12 /* digits of an id, where nothing else tells two apart */

/* What a user calls it: POD, or POD/CONTAINER; where nobody said its name POD/ID. */
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
	} else if (c->pod) {
		who->name[n++] = '/';
		ct_text_copy(who->name + n, sizeof(who->name) - n,
			     ct_text(who->id, strnlen(who->id, SHORT_ID)));
	}
	ct_book_file(core, c);
}

/* The request that a sandbox comes from. */
static void pod_asked(struct ct_core *core, const struct ct_request *asked, struct ct_container *c)
{
	/* Without a network nothing has told it from a container: those are started with their task. */
	if (c->family != &ct_family_pod && !c->run.start_reported)
		c->run.marks[CT_MARK_START_END] = 0;
	c->family = &ct_family_pod;
	memcpy(c->who.pod, asked->name, sizeof(asked->name));
	memcpy(c->who.pod_uid, asked->pod_uid, sizeof(c->who.pod_uid));
	memcpy(c->who.pod_ns, asked->pod_ns, sizeof(c->who.pod_ns));
	set_name(core, c);
	ct_life_engine_request(core, c, asked);
}

static struct ct_text pods(void)
{
	return ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE));
}

/* It is in that pod: its names are the container's too. */
static void in_pod(struct ct_core *core, struct ct_container *c, const struct ct_container *pod)
{
	c->pod = pod->handle;
	if (!pod->who.pod[0])
		return;
	memcpy(c->who.pod, pod->who.pod, sizeof(c->who.pod));
	memcpy(c->who.pod_uid, pod->who.pod_uid, sizeof(c->who.pod_uid));
	memcpy(c->who.pod_ns, pod->who.pod_ns, sizeof(c->who.pod_ns));
	set_name(core, c);
}

void ct_pod_served(struct ct_core *core, struct ct_container *c, uint32_t shim)
{
	struct ct_actor_state *a = c->pod ? NULL : ct_actor_get(core, shim);
	struct ct_container *pod = a && a->role == CT_ROLE_SHIM ? a->container : NULL;

	if (!pod || pod == c || c->family != &ct_family_cri || strcmp(pod->ns, c->ns) != 0 ||
	    !ct_scope_is(&pod->key.scope, &c->key.scope))
		return;
	pod->family = &ct_family_pod;
	in_pod(core, c, pod);
}

static void container_asked(struct ct_core *core, const struct ct_request *asked,
			    struct ct_container *c)
{
	struct ct_container *pod = ct_book_find(core, &c->key.scope, pods(),
						ct_text(asked->sandbox, strlen(asked->sandbox)));

	if (pod)
		in_pod(core, c, pod);
	copy(c->who.pod_container, sizeof(c->who.pod_container),
	     ct_text(asked->name, strlen(asked->name)));
	copy(c->who.image, sizeof(c->who.image), ct_text(asked->image, strlen(asked->image)));
	set_name(core, c);
	ct_life_engine_request(core, c, asked);
}

/* Another engine speaks the same, and lives in another way. */
static bool is_others(struct ct_core *core, uint32_t engine)
{
	const struct ct_actor_state *a = ct_actor_get(core, engine);
	const char *name = a ? a->engine_name : NULL;
	const struct ct_family *f = name ? ct_family_of_engine(ct_text(name, strlen(name))) : NULL;

	return f && f->cri;
}

struct ct_container *ct_pod_made(struct ct_core *core, struct ct_fact *fact)
{
	struct ct_container *c;

	if (is_others(core, fact->e->tgid))
		return NULL;
	c = ct_container_make(core, fact->speaker, pods(), fact->made);
	if (!c)
		return NULL;
	if (!c->who.engine_pid)
		c->who.engine_pid = fact->e->tgid;
	if (fact->request->sandbox[0])
		container_asked(core, fact->request, c);
	else
		pod_asked(core, fact->request, c);
	return c;
}

void ct_pod_named(struct ct_core *core, struct ct_container *c)
{
	if (c->family == &ct_family_cri && !c->who.pod_container[0])
		c->family = &ct_family_pod;
	set_name(core, c);
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

/* The request for it, if it was heard and not answered yet. */
static const struct ct_request *asked_for(struct ct_core *core, const struct variables *v,
					  const struct ct_scope *speaker,
					  const struct ct_container *c)
{
	struct ct_request pod = { 0 };

	ct_text_copy(pod.name, sizeof(pod.name), v->pod);
	ct_text_copy(pod.pod_ns, sizeof(pod.pod_ns), v->ns);
	ct_text_copy(pod.pod_uid, sizeof(pod.pod_uid), v->uid);
	return ct_hear_pod(core, speaker, &pod, c->handle);
}

/* Those in it that nobody could name until now. */
static void name_all(struct ct_core *core, const struct ct_container *pod)
{
	struct ct_container *c = NULL;

	while ((c = ct_book_next(core, c))) {
		if (c->pod == pod->handle && !c->who.pod[0])
			in_pod(core, c, pod);
	}
}

/* The sandbox that a plugin is executed for, made when it is heard of for the first time. */
static struct ct_container *sandbox_of(struct ct_core *core, const struct variables *v,
				       const struct ct_scope *speaker)
{
	struct ct_container *c = ct_book_find(core, speaker, ct_text("", 0), v->id);
	const struct ct_request *asked;

	if (!c && v->pod.len && ct_text_is(v->command, "ADD"))
		c = ct_container_make(core, speaker, pods(), v->id);
	if (!c || !ct_text_is(pods(), c->ns))
		return c;
	c->family = &ct_family_pod;
	asked = asked_for(core, v, speaker, c);
	if (asked)
		pod_asked(core, asked, c);
	copy(c->who.pod, sizeof(c->who.pod), v->pod);
	copy(c->who.pod_ns, sizeof(c->who.pod_ns), v->ns);
	copy(c->who.pod_uid, sizeof(c->who.pod_uid), v->uid);
	set_name(core, c);
	name_all(core, c);
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

void ct_life_plugin(struct ct_core *core, const struct ct_event *e)
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
		ct_works(a, c);
}
