// SPDX-License-Identifier: GPL-2.0-only
#include "core/state.h"

#include <stdlib.h>

/* Whose way of living it has: that of who uses the namespace. */
void ct_container_namespace(struct ct_core *core, struct ct_container *c, struct ct_text ns)
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

void ct_container_begin(struct ct_core *core, struct ct_container *c, struct ct_text ns)
{
	c->family = &ct_family_docker;
	c->run.exit_code = CT_NO_EXIT_CODE;
	ct_container_namespace(core, c, ns);
	ct_orphans_adopt(core, c);
}

void ct_container_first(struct ct_core *core, struct ct_container *c, uint32_t pid)
{
	struct ct_actor_state *a = ct_actor_get(core, pid);

	/* An engine inside a container knows pids of its own namespace only. */
	if (c->key.scope.level || !ct_book_init(core, c, pid) || !a)
		return;
	ct_actor_works(a, c);
	ct_scope_enclose(a, pid);
}

struct ct_container *ct_draft_new(struct ct_core *core, const struct ct_family *family)
{
	struct ct_container *draft = calloc(1, sizeof(*draft));

	if (!draft) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	draft->family = family;
	draft->draft = true;
	draft->run.seq = ++core->run_seq;
	return draft;
}

void ct_draft_free(struct ct_container *draft)
{
	if (!draft)
		return;
	ct_actors_move(draft, NULL);
	free(draft->run.steps);
	free(draft);
}

void ct_draft_becomes(struct ct_core *core, struct ct_container *draft, struct ct_container *c)
{
	struct ct_run *run = &c->run;

	c->family = draft->family;
	for (int m = 0; m < CT_MARK_MAX; m++) {
		if (!run->marks[m])
			run->marks[m] = draft->run.marks[m];
	}
	/* Steps that are still open belong to the run by its number, and are found by index. */
	if (!run->step_count) {
		free(run->steps);
		run->steps = draft->run.steps;
		run->step_count = draft->run.step_count;
		run->step_room = draft->run.step_room;
		run->steps_forgotten = draft->run.steps_forgotten;
		ct_book_run(core, c, draft->run.seq);
		draft->run.steps = NULL;
	}
	ct_book_file(core, c);
	ct_actors_move(draft, c);
	ct_draft_free(draft);
}

void ct_container_new_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause)
{
	uint64_t base = c->run.start_end_ns;
	uint32_t seq;

	for (int m = CT_MARK_EXIT; m <= CT_MARK_SAVED; m++) {
		if (c->run.marks[m] > base)
			base = c->run.marks[m];
	}
	ct_openers_learn(core, c);
	ct_steps_drop(&c->run);
	c->old = c->run;
	c->has_old = true;
	ct_book_run(core, c, ++core->run_seq);
	seq = c->run.seq;
	memset(&c->run, 0, sizeof(c->run));
	c->run.seq = seq;
	c->run.exit_code = CT_NO_EXIT_CODE;
	c->run.cause = cause;
	c->run.base_ns = base;
	ct_book_init(core, c, 0);
	c->netns = 0;
	/* Made anew under the id of one that was removed. */
	c->gone = false;
	c->removed = false;
	ct_book_touch(core, c);
	ct_book_file(core, c);
	ct_orphans_adopt(core, c);
}

/* The network namespace of the first process; that of the host is nobody's. */
void ct_container_netns(struct ct_core *core, struct ct_container *c,
			const struct ct_actor_state *init)
{
	struct ct_actor_state *engine = ct_actor_get(core, c->who.engine_pid);

	if (!init->netns || (engine && engine->netns == init->netns))
		return;
	c->netns = init->netns;
	ct_orphans_adopt(core, c);
}

uint64_t ct_args_hash(const char *image, const char *args)
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
	X(pid, "pid")

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
	struct ct_container *c = NULL, *found = NULL;

	if (e->tgid)
		return ct_book_make(core, ct_speaker(core, e), said->ns, said->id);
	while ((c = ct_book_next(core, c))) {
		if (!ct_text_is(said->id, c->who.id))
			continue;
		if (c->looked_up_ns)
			return c;
		found = c;
	}
	return found ? found : ct_book_make(core, &self, said->ns, said->id);
}

void ct_container_identity(struct ct_core *core, const struct ct_event *e)
{
	const struct said said = said_of(ct_text(e->tail, e->tail_len));
	struct ct_container *c = identified(core, e, &said);
	char text[1024];

	if (!c)
		return;
	set(c->who.name, sizeof(c->who.name), said.name);
	set(c->who.image, sizeof(c->who.image), said.image);
	set(c->who.runtime, sizeof(c->who.runtime), said.runtime);
	set(c->who.engine, sizeof(c->who.engine), said.engine);
	/* The same engine lives in several ways: its namespaces tell them apart. */
	if (!said.ns.len && ct_family_of_engine(said.engine))
		c->family = ct_family_of_engine(said.engine);
	set(c->layer, sizeof(c->layer), said.layer);
	set(c->sandbox, sizeof(c->sandbox), said.sandbox);
	if (e->tgid)
		c->who.engine_pid = e->tgid;
	c->auto_remove = ct_text_is(said.autoremove, "1");
	c->guest = ct_text_starts(said.network, "container:");
	if (said.args.len) {
		ct_text_copy(text, sizeof(text), said.args);
		c->who.args_hash = ct_args_hash(c->who.image, text);
	}
	if (number(said.pid) && !c->who.init_pid && !c->run.marks[CT_MARK_EXIT])
		ct_container_first(core, c, number(said.pid));
	ct_book_file(core, c);
	ct_orphans_adopt(core, c);
	if (c->looked_up_ns) {
		c->looked_up_ns = 0;
		ct_evaluate(core, c);
	}
}
