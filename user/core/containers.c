// SPDX-License-Identifier: GPL-2.0-only
#include "state.h"

#include <stdlib.h>

#define CONTAINERS_MAX_DEFAULT 4096
#define REF_PREFIX_MIN         4

struct ct_container *ct_container_by_id(struct ct_core *core, struct ct_text id)
{
	struct ct_container *c = NULL;

	if (id.len && id.len < sizeof(c->who.id))
		HASH_FIND(hh, core->containers, id.p, id.len, c);
	return c;
}

struct ct_container *ct_container_by_ref(struct ct_core *core, struct ct_text ref)
{
	struct ct_container *c = ct_container_by_id(core, ref), *next, *found = NULL;

	if (c)
		return c;
	HASH_ITER(hh, core->containers, c, next)
	{
		if (c->removed || !ref.len)
			continue;
		if (c->who.name[0] == ref.p[0] && ct_text_is(ref, c->who.name))
			return c;
		if (c->who.id[0] == ref.p[0] && ref.len >= REF_PREFIX_MIN &&
		    ref.len < strlen(c->who.id) && !memcmp(c->who.id, ref.p, ref.len))
			found = c;
	}
	return found;
}

struct ct_container *ct_container_by_pid(struct ct_core *core, uint32_t init_pid)
{
	struct ct_actor_state *a = init_pid ? ct_actor_get(core, init_pid) : NULL;

	return a && a->container && a->container->who.init_pid == init_pid ? a->container : NULL;
}

static void container_free(struct ct_core *core, struct ct_container *c)
{
	if (c->attended)
		DL_DELETE(core->attended, c);
	core->gone -= c->gone;
	ct_actors_forget(core, c);
	ct_calls_forget(c);
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

struct ct_container *ct_container_make(struct ct_core *core, struct ct_text id)
{
	struct ct_container *c = ct_container_by_id(core, id);

	if (c)
		return c;
	if (!id.len || id.len >= sizeof(c->who.id) || !make_room(core))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	ct_text_copy(c->who.id, sizeof(c->who.id), id);
	c->run.seq = ++core->run_seq;
	c->run.exit_code = CT_NO_EXIT_CODE;
	HASH_ADD_KEYPTR(hh, core->containers, c->who.id, id.len, c);
	core->counts.containers++;
	ct_orphans_adopt(core, c);
	return c;
}

void ct_container_new_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause)
{
	uint64_t base = c->run.start_end_ns;

	for (int m = CT_MARK_EXIT; m <= CT_MARK_SAVED; m++) {
		if (c->run.marks[m] > base)
			base = c->run.marks[m];
	}
	free(c->run.steps);
	c->run.steps = NULL;
	c->run.step_count = c->run.step_room = 0;
	c->old = c->run;
	c->has_old = true;
	memset(&c->run, 0, sizeof(c->run));
	c->run.seq = ++core->run_seq;
	c->run.exit_code = CT_NO_EXIT_CODE;
	c->run.cause = cause;
	c->run.base_ns = base;
	c->who.init_pid = 0;
	c->netns = 0;
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

/* Value of a key among "key NUL value NUL" pairs; empty when there is none. */
static struct ct_text pair(struct ct_text pairs, const char *key)
{
	while (pairs.len) {
		struct ct_text name = ct_text_cut(&pairs, '\0');
		struct ct_text value = ct_text_cut(&pairs, '\0');

		if (ct_text_is(name, key))
			return value;
	}
	return ct_text("", 0);
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

void ct_container_identity(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text pairs = ct_text(e->tail, e->tail_len), args, pid;
	struct ct_container *c = ct_container_make(core, pair(pairs, "id"));
	char text[1024];

	if (!c)
		return;
	set(c->who.name, sizeof(c->who.name), pair(pairs, "name"));
	set(c->who.image, sizeof(c->who.image), pair(pairs, "image"));
	set(c->who.runtime, sizeof(c->who.runtime), pair(pairs, "runtime"));
	set(c->who.engine, sizeof(c->who.engine), pair(pairs, "engine"));
	set(c->layer, sizeof(c->layer), pair(pairs, "layer"));
	set(c->sandbox, sizeof(c->sandbox), pair(pairs, "sandbox"));
	if (e->tgid)
		c->who.engine_pid = e->tgid;
	c->auto_remove = ct_text_is(pair(pairs, "autoremove"), "1");
	args = pair(pairs, "args");
	ct_text_copy(text, sizeof(text), args);
	if (args.len || !c->who.args_hash)
		c->who.args_hash = ct_args_hash(c->who.image, text);
	pid = pair(pairs, "pid");
	if (number(pid) && !c->who.init_pid && !c->run.marks[CT_MARK_EXIT]) {
		struct ct_actor_state *a = ct_actor_get(core, number(pid));

		c->who.init_pid = number(pid);
		if (a)
			a->container = c;
	}
	ct_orphans_adopt(core, c);
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
