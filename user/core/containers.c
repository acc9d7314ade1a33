// SPDX-License-Identifier: GPL-2.0-only
#include "state.h"

#include <stdlib.h>

#define CONTAINERS_MAX_DEFAULT 4096

struct ct_container *ct_container_by_id(struct ct_core *core, struct ct_text id)
{
	struct ct_container *c = core->last_found;

	if (!id.len || id.len >= sizeof(c->who.id) || !core->id_lengths[id.len])
		return NULL;
	/* What is said about one container comes in runs. */
	if (c && c->who.id[id.len - 1] == id.p[id.len - 1] && !c->who.id[id.len] &&
	    !memcmp(c->who.id, id.p, id.len))
		return c;
	HASH_FIND(hh, core->containers, id.p, id.len, c);
	if (c)
		core->last_found = c;
	return c;
}

/* Elements of one key are in one bucket: the one behind `c`, NULL at its end. */
static struct ct_container *same_id(struct ct_core *core, struct ct_container *c)
{
	UT_hash_handle *hh;

	for (hh = c->hh.hh_next; hh; hh = hh->hh_next) {
		struct ct_container *other = ELMT_FROM_HH(core->containers->hh.tbl, hh);

		if (!strcmp(other->who.id, c->who.id))
			return other;
	}
	return NULL;
}

static bool is_in(const struct ct_container *c, struct ct_text ns)
{
	return !ns.len || !c->ns[0] || ct_text_is(ns, c->ns);
}

struct ct_container *ct_container_in(struct ct_core *core, struct ct_text ns, struct ct_text id)
{
	struct ct_container *c = ct_container_by_id(core, id);

	if (!c || is_in(c, ns))
		return c;
	HASH_FIND(hh, core->containers, id.p, id.len, c);
	while (c && !is_in(c, ns))
		c = same_id(core, c);
	if (c)
		core->last_found = c;
	return c;
}

struct ct_container *ct_container_of_run(struct ct_core *core, struct ct_text id, uint32_t seq)
{
	struct ct_container *c = ct_container_by_id(core, id);

	if (!c || c->run.seq == seq)
		return c;
	HASH_FIND(hh, core->containers, id.p, id.len, c);
	while (c && c->run.seq != seq)
		c = same_id(core, c);
	return c;
}

bool ct_container_is_of(struct ct_core *core, const struct ct_container *c, uint32_t engine)
{
	return !engine || !c->who.engine_pid || c->who.engine_pid == engine ||
	       !ct_actor_get(core, c->who.engine_pid);
}

bool ct_container_heeds(struct ct_core *core, struct ct_container *c, uint32_t tgid)
{
	const struct ct_actor_state *a = ct_actor_get(core, tgid);
	uint8_t level = a ? a->level : 0;

	if (!c->heeded || level < c->level)
		c->level = level;
	c->heeded = true;
	return level == c->level;
}

struct ct_container *ct_container_by_pid(struct ct_core *core, uint32_t init_pid)
{
	struct ct_actor_state *a = init_pid ? ct_actor_get(core, init_pid) : NULL;

	return a && a->container && a->container->who.init_pid == init_pid ? a->container : NULL;
}

struct ct_container *ct_container_inside(struct ct_core *core, struct ct_text id, uint32_t sandbox)
{
	const struct ct_actor_state *a = ct_actor_get(core, sandbox);
	struct ct_container *c = ct_container_by_id(core, id);

	return c && (c->who.init_pid == sandbox || (a && a->container == c)) ? c : NULL;
}

static void container_free(struct ct_core *core, struct ct_container *c)
{
	if (c->attended)
		DL_DELETE(core->attended, c);
	core->gone -= c->gone;
	ct_openers_learn(core, c);
	ct_actors_move(core, c, NULL);
	ct_calls_forget(c);
	ct_container_unfile(c);
	if (core->last_found == c)
		core->last_found = NULL;
	HASH_DEL(core->containers, c);
	free(c->run.steps);
	free(c);
}

/* Forgets the oldest that is gone; hash order is order of birth. */
static bool forget_one(struct ct_core *core)
{
	struct ct_container *c, *next;

	if (!core->gone)
		return false;
	HASH_ITER(hh, core->containers, c, next)
	{
		if (c->gone && !c->attended) {
			container_free(core, c);
			return true;
		}
	}
	return false;
}

/* Forgets the oldest that has stopped and that all has been said about, though it still exists. */
static bool forget_stopped(struct ct_core *core)
{
	struct ct_container *c, *next;

	if (!core->stopped)
		return false;
	HASH_ITER(hh, core->containers, c, next)
	{
		if (c->run.stop_reported && !c->attended) {
			container_free(core, c);
			return true;
		}
	}
	core->stopped = false;
	return false;
}

static bool make_room(struct ct_core *core)
{
	size_t max = core->opts.containers_max ? core->opts.containers_max : CONTAINERS_MAX_DEFAULT;

	if (core->gone > CT_GONE_MAX)
		forget_one(core);
	if (HASH_COUNT(core->containers) < max || forget_one(core) || forget_stopped(core))
		return true;
	core->counts.lost[CT_LOSS_TABLE]++;
	return false;
}

/* Whose way of living it has: that of who uses the namespace. */
static void set_namespace(struct ct_core *core, struct ct_container *c, struct ct_text ns)
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
		ct_container_file(core, c);
	}
	if (!c->who.engine[0])
		ct_text_copy(c->who.engine, sizeof(c->who.engine),
			     ct_text(c->family->engine, strlen(c->family->engine)));
}

struct ct_container *ct_container_make(struct ct_core *core, struct ct_text ns, struct ct_text id)
{
	struct ct_container *c = ct_container_in(core, ns, id);

	if (c) {
		set_namespace(core, c, ns);
		return c;
	}
	if (!id.len || id.len >= sizeof(c->who.id) || !make_room(core))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	ct_text_copy(c->who.id, sizeof(c->who.id), id);
	c->family = &ct_family_docker;
	set_namespace(core, c, ns);
	c->run.seq = ++core->run_seq;
	c->run.exit_code = CT_NO_EXIT_CODE;
	HASH_ADD_KEYPTR(hh, core->containers, c->who.id, id.len, c);
	core->id_lengths[id.len] = true;
	core->counts.containers++;
	ct_orphans_adopt(core, c);
	return c;
}

struct ct_container *ct_container_claim(struct ct_core *core, struct ct_text ns, struct ct_text id,
					uint32_t tgid)
{
	struct ct_container *c = ct_container_by_id(core, id);

	if (c && !ct_container_heeds(core, c, tgid))
		return NULL;
	c = ct_container_make(core, ns, id);
	return c && ct_container_heeds(core, c, tgid) ? c : NULL;
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

void ct_draft_free(struct ct_core *core, struct ct_container *draft)
{
	if (!draft)
		return;
	ct_actors_move(core, draft, NULL);
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
		run->seq = draft->run.seq;
		draft->run.steps = NULL;
	}
	ct_container_file(core, c);
	ct_actors_move(core, draft, c);
	ct_draft_free(core, draft);
}

void ct_container_new_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause)
{
	uint64_t base = c->run.start_end_ns;

	for (int m = CT_MARK_EXIT; m <= CT_MARK_SAVED; m++) {
		if (c->run.marks[m] > base)
			base = c->run.marks[m];
	}
	ct_openers_learn(core, c);
	ct_steps_drop(&c->run);
	c->old = c->run;
	c->has_old = true;
	memset(&c->run, 0, sizeof(c->run));
	c->run.seq = ++core->run_seq;
	c->run.exit_code = CT_NO_EXIT_CODE;
	c->run.cause = cause;
	c->run.base_ns = base;
	c->who.init_pid = 0;
	c->netns = 0;
	/* Made anew under the id of one that was removed. */
	core->gone -= c->gone;
	c->gone = false;
	c->removed = false;
	ct_container_file(core, c);
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

void ct_container_identity(struct ct_core *core, const struct ct_event *e)
{
	const struct said said = said_of(ct_text(e->tail, e->tail_len));
	struct ct_container *c = ct_container_make(core, said.ns, said.id);
	char text[1024];

	/* Without an engine it is what user space found: nobody's word against another's. */
	if (!c || (e->tgid && !ct_container_heeds(core, c, e->tgid)))
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
	/* An engine inside a container knows pids of its own namespace only. */
	if (number(said.pid) && !c->level && !c->who.init_pid && !c->run.marks[CT_MARK_EXIT]) {
		struct ct_actor_state *a = ct_actor_get(core, number(said.pid));

		c->who.init_pid = number(said.pid);
		if (a)
			a->container = c;
	}
	ct_container_file(core, c);
	ct_orphans_adopt(core, c);
	if (c->looked_up_ns) {
		c->looked_up_ns = 0;
		ct_evaluate(core, c);
	}
}

void ct_containers_free(struct ct_core *core)
{
	struct ct_container *c, *next;

	HASH_ITER(hh, core->containers, c, next)
	{
		HASH_DEL(core->containers, c);
		free(c->run.steps);
		free(c);
	}
}
