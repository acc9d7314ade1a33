// SPDX-License-Identifier: GPL-2.0-only
/* Who a container is, as somebody says it. */
#include "core/life/life.h"

/* Whose way of living it has: that of who uses the namespace. */
static void take_namespace(struct ct_core *core, struct ct_container *c, struct ct_text ns)
{
	if (!ns.len || c->ns[0] || ns.len >= sizeof(c->ns))
		return;
	ct_text_copy(c->ns, sizeof(c->ns), ns);
	c->family = ct_family_of_namespace(ns);
	if (!c->family->engine)
		return;
	memcpy(c->who.ns, c->ns, sizeof(c->who.ns));
	if (c->family->named_by_id && !c->who.name[0]) {
		memcpy(c->who.name, c->who.id, sizeof(c->who.id));
		ct_book_file(core, c);
	}
	if (!c->who.engine[0])
		ct_text_copy(c->who.engine, sizeof(c->who.engine),
			     ct_text(c->family->engine, strlen(c->family->engine)));
}

struct ct_container *ct_container_make(struct ct_core *core, const struct ct_scope *speaker,
				       struct ct_text ns, struct ct_text id)
{
	struct ct_container *c = ct_book_make(core, speaker, ns, id);

	if (!c)
		return NULL;
	if (c->family) {
		take_namespace(core, c, ns);
		return c;
	}
	c->family = ct_family_at_first();
	c->run.exit_code = CT_NO_EXIT_CODE;
	take_namespace(core, c, ns);
	core->seams->learned(core, c);
	return c;
}

void ct_container_first(struct ct_core *core, struct ct_container *c, uint32_t pid)
{
	struct ct_actor_state *a = ct_actor_get(core, pid);

	/* An engine inside a container knows pids of its own namespace only. */
	if (c->key.scope.level || !ct_book_init(core, c, pid) || !a)
		return;
	ct_works(a, c);
	ct_scope_enclose(a, pid);
}

/* The network namespace of the first process; that of the host is nobody's. */
void ct_container_netns(struct ct_core *core, struct ct_container *c,
			const struct ct_actor_state *init)
{
	struct ct_actor_state *engine = ct_actor_get(core, c->who.engine_pid);

	if (!init->netns || (engine && engine->netns == init->netns))
		return;
	c->netns = init->netns;
	core->seams->learned(core, c);
}

static uint64_t args_hash(const char *image, const char *args)
{
	uint64_t h = 0xcbf29ce484222325ull; /* FNV-1a */

	for (const char *s = image; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	h = (h ^ 0xff) * 0x100000001b3ull;
	for (const char *s = args; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return h;
}

/* What is said about a container: columns: member, key. */
#define SAID(X) \
	X(id, "id") \
	X(ns, "namespace") \
	X(name, "name") \
	X(image, "image") \
	X(runtime, "runtime") \
	X(engine, "engine") \
	X(layer, "layer") \
	X(sandbox, "sandbox") \
	X(autoremove, "autoremove") \
	X(network, "network") \
	X(args, "args") \
	X(pid, "pid") \
	X(pod, "pod") \
	X(pod_ns, "pod_namespace") \
	X(pod_uid, "pod_uid") \
	X(pod_container, "pod_container") \
	X(project, "project") \
	X(service, "service")

struct said {
#define X(member, key) struct ct_text member;
	SAID(X)
#undef X
};

/* "key NUL value NUL" pairs; of several of one key the first counts. */
static struct said said_of(struct ct_text pairs)
{
	struct said said = { 0 };

	while (pairs.len) {
		struct ct_text key = ct_text_cut(&pairs, '\0');
		struct ct_text value = ct_text_cut(&pairs, '\0');

#define X(member, word) \
	if (!said.member.p && ct_text_is(key, word)) \
		said.member = value;
		SAID(X)
#undef X
	}
	return said;
}

static uint32_t number(struct ct_text t)
{
	uint32_t n = 0;

	for (size_t i = 0; i < t.len && t.p[i] >= '0' && t.p[i] <= '9' && n < 100000000; i++)
		n = n * 10 + (uint32_t)(t.p[i] - '0');
	return n;
}

static void set(char *field, size_t room, struct ct_text value)
{
	if (value.len)
		ct_text_copy(field, room, value);
}

void ct_container_look_up(struct ct_core *core, struct ct_container *c, uint32_t engine_pid,
			  struct ct_text bundle)
{
	char dir[512];

	ct_text_copy(dir, sizeof(dir), bundle);
	c->looked_up_ns = core->now;
	if (core->ops.lookup)
		core->ops.lookup(core->ctx, CT_LOOKUP_IDENTITY, c->who.id, engine_pid, dir);
}

/*
 * Without an engine it is what coldtrace itself has found: the answer to what it was asked, or about
 * one that somebody has spoken of, wherever that is. No two have one id: the door sees to it.
 */
static struct ct_container *identified(struct ct_core *core, const struct ct_event *e,
				       const struct said *said)
{
	const struct ct_scope self = { .uid = ct_event_uid(e) };
	struct ct_container *c = NULL, *found = NULL, *asked = NULL;

	if (e->tgid)
		return ct_container_make(core, ct_speaker(core, e), said->ns, said->id);
	while ((c = ct_book_of_id(core, said->id, c))) {
		if (c->looked_up_ns)
			asked = c;
		if (!found)
			found = c;
	}
	if (asked)
		return asked;
	return found ? found : ct_container_make(core, &self, said->ns, said->id);
}

void ct_life_identity(struct ct_core *core, const struct ct_event *e)
{
	const struct said said = said_of(ct_text(e->tail, e->tail_len));
	const struct ct_family *family = ct_family_of_engine(said.engine);
	struct ct_container *c = identified(core, e, &said);
	char text[1024];

	if (!c)
		return;
	set(c->who.name, sizeof(c->who.name), said.name);
	set(c->who.image, sizeof(c->who.image), said.image);
	set(c->who.runtime, sizeof(c->who.runtime), said.runtime);
	set(c->who.engine, sizeof(c->who.engine), said.engine);
	/* The same engine lives in several ways: its namespaces tell them apart. */
	if (!said.ns.len && family && c->family != family->pods && !c->family->build)
		c->family = family;
	set(c->who.project, sizeof(c->who.project), said.project);
	set(c->who.service, sizeof(c->who.service), said.service);
	set(c->layer, sizeof(c->layer), said.layer);
	set(c->sandbox, sizeof(c->sandbox), said.sandbox);
	if (e->tgid)
		c->who.engine_pid = e->tgid;
	c->auto_remove = ct_text_is(said.autoremove, "1");
	c->guest = ct_text_starts(said.network, "container:");
	if (said.args.len) {
		ct_text_copy(text, sizeof(text), said.args);
		c->who.args_hash = args_hash(c->who.image, text);
	}
	if (number(said.pid) && !c->who.init_pid && !c->run.marks[CT_MARK_EXIT])
		ct_container_first(core, c, number(said.pid));
	if (said.pod.len) {
		set(c->who.pod, sizeof(c->who.pod), said.pod);
		set(c->who.pod_ns, sizeof(c->who.pod_ns), said.pod_ns);
		set(c->who.pod_uid, sizeof(c->who.pod_uid), said.pod_uid);
		set(c->who.pod_container, sizeof(c->who.pod_container), said.pod_container);
		ct_pod_named(core, c);
	}
	if (e->tgid)
		ct_build_identified(core, c, e->tgid);
	ct_book_file(core, c);
	core->seams->learned(core, c);
	if (c->looked_up_ns) {
		c->looked_up_ns = 0;
		ct_book_changed(core, c);
	}
}
