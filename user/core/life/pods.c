// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pods: which container of the engine the Kubernetes runtime interface means. The engine chooses the
 * ids; until it answers, a pod is known by the variables of the network plugins that it has executed.
 */
#include "core/hear/cri.h"
#include "core/life/life.h"

static void copy(char *to, size_t room, struct ct_text from)
{
	if (from.len)
		ct_text_copy(to, room, from);
}

#define NAME_MAX_SHOWN 64 /* both are names of DNS, most are short */

#define SHORT_ID       12 /* digits of an id, where nothing else tells two apart */

static struct ct_text short_id(const struct ct_identity *who)
{
	return ct_text(who->id, strnlen(who->id, SHORT_ID));
}

/* What a user calls it: POD, or POD/CONTAINER; for either the ID, where nobody said its name. */
static void set_name(struct ct_core *core, struct ct_container *c)
{
	const struct ct_container *pod = c->pod ? ct_book_of(core, c->pod) : NULL;
	struct ct_identity *who = &c->who;
	size_t n;

	_Static_assert(sizeof(who->name) >= 2 * NAME_MAX_SHOWN, "there is room for both");
	ct_text_copy(who->name, NAME_MAX_SHOWN,
		     who->pod[0] || !pod ? ct_text(who->pod, strlen(who->pod))
					 : short_id(&pod->who));
	n = strlen(who->name);
	if (who->pod_container[0]) {
		who->name[n++] = '/';
		ct_text_copy(who->name + n, sizeof(who->name) - n,
			     ct_text(who->pod_container, strlen(who->pod_container)));
	} else if (c->pod) {
		who->name[n++] = '/';
		ct_text_copy(who->name + n, sizeof(who->name) - n, short_id(who));
	}
	ct_book_file(core, c);
}

/* It lives as that family's do. */
static void lives_as(struct ct_container *c, const struct ct_family *family)
{
	c->family = family;
	if (family->engine && !c->who.engine[0])
		ct_text_copy(c->who.engine, sizeof(c->who.engine),
			     ct_text(family->engine, strlen(family->engine)));
}

/* Without a network nothing has told it from a container: those are started with their task. */
static void becomes_pod(struct ct_container *c, const struct ct_family *pods)
{
	if (c->family != pods && !c->run.start_reported)
		c->run.marks[CT_MARK_START_END] = 0;
	lives_as(c, pods);
}

/* The request that a sandbox comes from. */
static void pod_asked(struct ct_core *core, const struct ct_request *asked, struct ct_container *c)
{
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

/* More than one engine speaks the same, and each lives in its own way. */
static const struct ct_family *family_of(struct ct_core *core, uint32_t engine)
{
	const struct ct_actor_state *a = ct_actor_get(core, engine);

	return ct_family_of_cri(a ? a->engine_name : NULL);
}

/* containerd's namespaces are its own. */
static struct ct_container *make(struct ct_core *core, const struct ct_scope *speaker,
				 const struct ct_family *family, struct ct_text id)
{
	bool named = family == ct_family_of_namespace(pods());

	return ct_container_make(core, speaker, named ? pods() : ct_text("", 0), id);
}

/* That which a container is to be in; where nobody has heard who it is, it is by its id. */
static struct ct_container *asked_in(struct ct_core *core, const struct ct_request *asked,
				     const struct ct_container *c)
{
	struct ct_text id = ct_text(asked->sandbox, strlen(asked->sandbox));
	struct ct_container *pod = ct_book_find(core, &c->key.scope, pods(), id);

	if (pod || !ct_cri_is_id(id) || !c->family->pods)
		return pod;
	pod = make(core, &c->key.scope, c->family, id);
	if (pod) {
		pod->who.engine_pid = c->who.engine_pid;
		becomes_pod(pod, c->family->pods);
	}
	return pod;
}

static void container_asked(struct ct_core *core, const struct ct_request *asked,
			    struct ct_container *c)
{
	struct ct_container *pod = asked_in(core, asked, c);

	if (pod)
		in_pod(core, c, pod);
	copy(c->who.pod_container, sizeof(c->who.pod_container),
	     ct_text(asked->name, strlen(asked->name)));
	copy(c->who.image, sizeof(c->who.image), ct_text(asked->image, strlen(asked->image)));
	ct_image_waited(core, c, asked);
	set_name(core, c);
	ct_life_engine_request(core, c, asked);
}

struct ct_container *ct_pod_made(struct ct_core *core, struct ct_fact *fact)
{
	const struct ct_family *family = family_of(core, fact->e->tgid);
	struct ct_container *c = make(core, fact->speaker, family, fact->made);

	if (!c)
		return NULL;
	if (!c->who.engine_pid)
		c->who.engine_pid = fact->e->tgid;
	if (fact->request->sandbox[0]) {
		lives_as(c, family);
		container_asked(core, fact->request, c);
	} else {
		becomes_pod(c, family->pods);
		pod_asked(core, fact->request, c);
	}
	return c;
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

/* It asks for that pod. */
static bool asks_pod(struct ct_core *core, const struct ct_request *asked, const void *ctx)
{
	const struct ct_identity *who = ctx;

	(void)core;
	return !asked->sandbox[0] && !strcmp(who->pod, asked->name) &&
	       !strcmp(who->pod_ns, asked->pod_ns) &&
	       (!who->pod_uid[0] || !strcmp(who->pod_uid, asked->pod_uid));
}

static void take_pod(struct ct_container *c, struct ct_text pod, struct ct_text ns,
		     struct ct_text uid)
{
	copy(c->who.pod, sizeof(c->who.pod), pod);
	copy(c->who.pod_ns, sizeof(c->who.pod_ns), ns);
	copy(c->who.pod_uid, sizeof(c->who.pod_uid), uid);
}

/* The request for it counts, if it was heard and not answered yet. */
static void sandbox_named(struct ct_core *core, const struct ct_scope *speaker,
			  struct ct_container *c)
{
	const struct ct_request *asked = ct_hear_made(core, speaker, asks_pod, &c->who, c->handle);

	if (asked)
		pod_asked(core, asked, c);
	set_name(core, c);
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

void ct_pod_named(struct ct_core *core, struct ct_container *c)
{
	if (c->family->pods && !c->who.pod_container[0])
		c->family = c->family->pods;
	set_name(core, c);
	if (!c->who.pod_container[0])
		name_all(core, c);
}

/* The sandbox that a plugin is executed for, made when it is heard of for the first time. */
static struct ct_container *sandbox_of(struct ct_core *core, const struct variables *v,
				       const struct ct_scope *speaker, uint32_t engine)
{
	const struct ct_family *family = family_of(core, engine);
	struct ct_container *c = ct_book_find(core, speaker, ct_text("", 0), v->id);
	bool adds = ct_text_is(v->command, "ADD"), made = false, named;

	/* One without a process, that was there before anybody listened, is heard of when it goes. */
	if (!c && v->pod.len && (adds || (family->monitor && ct_text_is(v->command, "DEL")))) {
		c = make(core, speaker, family, v->id);
		made = true;
		if (c)
			becomes_pod(c, family->pods);
		if (c && !adds)
			ct_life_spoken(core, c, speaker, v->id);
	}
	if (!c || (!made && c->family != family && c->family != family->pods))
		return c;
	if (!c->who.engine_pid)
		c->who.engine_pid = engine;
	becomes_pod(c, family->pods);
	named = c->who.pod[0];
	take_pod(c, v->pod, v->ns, v->uid);
	sandbox_named(core, speaker, c);
	if (!made && !named) /* later ones are named when they come */
		name_all(core, c);
	return c;
}

/* It asks for a container of that name in that pod. */
static bool asks_container(struct ct_core *core, const struct ct_request *asked, const void *ctx)
{
	const struct ct_container *c = ctx, *pod;

	if (strcmp(c->who.pod_container, asked->name) != 0)
		return false;
	pod = ct_book_find(core, &c->key.scope, pods(),
			   ct_text(asked->sandbox, strlen(asked->sandbox)));
	return pod && !strcmp(c->who.pod, pod->who.pod) && !strcmp(c->who.pod_ns, pod->who.pod_ns);
}

/* It asks for one of that name in a pod that nobody has heard of; counts them. */
struct lone {
	const struct ct_container *c;
	unsigned int count;
	bool counts;
};

static bool asks_stranger(struct ct_core *core, const struct ct_request *asked, const void *ctx)
{
	struct lone *lone = (struct lone *)ctx;

	if (!asked->sandbox[0] || strcmp(lone->c->who.pod_container, asked->name) != 0 ||
	    ct_book_find(core, &lone->c->key.scope, pods(),
			 ct_text(asked->sandbox, strlen(asked->sandbox))))
		return false;
	lone->count++;
	return !lone->counts;
}

/* Its monitor says whose it is, and the request which sandbox that has; if there is but one. */
static const struct ct_request *stranger(struct ct_core *core, struct ct_container *c)
{
	const struct ct_scope scope = c->key.scope;
	struct lone lone = { .c = c, .counts = true };
	const struct ct_request *asked;
	struct ct_container *pod;

	ct_hear_made(core, &scope, asks_stranger, &lone, c->handle);
	lone.counts = false;
	asked = lone.count == 1 ? ct_hear_made(core, &scope, asks_stranger, &lone, c->handle)
				: NULL;
	pod = asked ? make(core, &scope, c->family, ct_text(asked->sandbox, strlen(asked->sandbox)))
		    : NULL;
	if (pod) {
		pod->who.engine_pid = c->who.engine_pid;
		becomes_pod(pod, c->family->pods);
		memcpy(pod->who.pod, c->who.pod, sizeof(pod->who.pod));
		memcpy(pod->who.pod_ns, c->who.pod_ns, sizeof(pod->who.pod_ns));
		memcpy(pod->who.pod_uid, c->who.pod_uid, sizeof(pod->who.pod_uid));
		set_name(core, pod);
	}
	return asked;
}

/* No name of Kubernetes has a '_' (its object names are those of DNS). */
enum part {
	PREFIX,
	CONTAINER,
	POD,
	NAMESPACE,
	UID,
	ATTEMPT,
	PARTS
};

/* "k8s_web_one_shop_u1_0"; the container of a sandbox is called POD. */
static bool cut_name(struct ct_text name, struct ct_text parts[PARTS])
{
	for (size_t i = 0; i < PARTS; i++)
		parts[i] = ct_text_cut(&name, '_');
	return ct_text_is(parts[PREFIX], "k8s") && parts[CONTAINER].len && parts[POD].len &&
	       parts[ATTEMPT].len && !name.len;
}

bool ct_pod_is_name(struct ct_text name)
{
	struct ct_text parts[PARTS];

	return cut_name(name, parts);
}

bool ct_pod_monitored(struct ct_core *core, struct ct_container *c, struct ct_text name)
{
	const struct ct_scope speaker = c->key.scope;
	const struct ct_request *asked;
	struct ct_text parts[PARTS];

	if (!cut_name(name, parts))
		return false;
	take_pod(c, parts[POD], parts[NAMESPACE], parts[UID]);
	if (ct_text_is(parts[CONTAINER], "POD")) {
		lives_as(c, c->family->pods);
		sandbox_named(core, &speaker, c);
		return true;
	}
	copy(c->who.pod_container, sizeof(c->who.pod_container), parts[CONTAINER]);
	asked = ct_hear_made(core, &speaker, asks_container, c, c->handle);
	if (!asked)
		asked = stranger(core, c);
	if (asked)
		container_asked(core, asked, c);
	set_name(core, c);
	return true;
}

/* Columns: command of the plugin (CNI specification), what it does. */
static const struct {
	const char *command;
	enum ct_op op;
} commands[] = {
	{ "ADD", CT_OP_SETUP },
	{ "CHECK", CT_OP_SETUP }, /* CRI-O's, behind all that it has added */
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
	c = sandbox_of(core, &v, ct_speaker(core, e), a->engine);
	if (c)
		ct_works(a, c);
}
