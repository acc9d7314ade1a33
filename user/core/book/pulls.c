// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/pulls_table.h"

#include <stdlib.h>
#include <utlist.h>

#define PULLS_MAX 256
/* Handles of containers count from 1: they do not come so far. */
#define HANDLES (1ull << 63)

static enum ct_place place_of(const struct ct_held *held)
{
	const struct ct_pull *p = CT_HELD_OF(struct ct_pull, held);

	return p->told || p->idle ? CT_PLACE_OVER : CT_PLACE_LIVE;
}

static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	const struct ct_pull *p = CT_HELD_OF(struct ct_pull, held);

	(void)core;
	return !p->told && !p->idle;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	ct_pull_drop(core, CT_HELD_OF(struct ct_pull, held));
}

const struct ct_share_row ct_pulls_row = {
	.max = PULLS_MAX,
	.full = CT_LOSS_TABLE,
	.place = place_of,
	.matters = matters,
	.give_up = give_up,
};

static struct ct_pull *pull_alloc(void)
{
	struct ct_pull *p = calloc(1, sizeof(*p));

	if (p)
		p->fetched = calloc(1, sizeof(*p->fetched));
	if (p && p->fetched)
		return p;
	free(p);
	return NULL;
}

static void pull_free(struct ct_pull *p)
{
	ct_command_free(p->command);
	free(p->fetched);
	free(p->handled);
	free(p);
}

/* They count, and few are remembered at the same time. */
static struct ct_pull **handles(const struct ct_core *core, uint64_t handle)
{
	return &core->pulls->handles[handle & (CT_PULL_LISTS - 1)];
}

static struct ct_pull **clients(const struct ct_core *core, uint32_t client)
{
	return &core->pulls->clients[ct_hash(&client, sizeof(client)) & (CT_PULL_LISTS - 1)];
}

static void enlist(struct ct_core *core, struct ct_pull *p)
{
	DL_APPEND(core->pulls->all, p);
	DL_APPEND2(core->pulls->untold, p, untold_prev, untold_next);
	DL_APPEND2(*handles(core, p->handle), p, handle_prev, handle_next);
	DL_APPEND2(*clients(core, p->fetched->client), p, client_prev, client_next);
}

/* It is none of those that something may still be said of. */
static void is_told(struct ct_core *core, struct ct_pull *p)
{
	if (p->told)
		return;
	ct_pull_due(core, p, 0);
	DL_DELETE2(core->pulls->untold, p, untold_prev, untold_next);
	ct_command_rests(core, p);
}

struct ct_pull *ct_pull_make(struct ct_core *core, const struct ct_scope *scope, const char *image,
			     uint32_t client)
{
	struct ct_pull *p = pull_alloc();

	if (!p) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	if (!core->pulls)
		core->pulls = calloc(1, sizeof(*core->pulls));
	if (!core->pulls || !ct_share_enter(core, scope, CT_SHARE_PULLS, &p->held)) {
		pull_free(p);
		return NULL;
	}
	p->handle = HANDLES + ++core->pulls->made;
	ct_text_copy(p->who.image, sizeof(p->who.image), ct_text(image, strlen(image)));
	ct_text_copy(p->who.name, sizeof(p->who.name), ct_text(image, strlen(image)));
	p->fetched->client = client;
	p->heard_ns = core->now;
	enlist(core, p);
	return p;
}

void ct_pull_due(struct ct_core *core, struct ct_pull *p, uint64_t ns)
{
	core->pulls->due -= !p->told && p->due_ns;
	p->due_ns = ns;
	core->pulls->due += !p->told && p->due_ns;
}

void ct_pull_begins(struct ct_core *core, struct ct_pull *p, uint64_t ts_ns)
{
	p->idle = false;
	p->begin_ns = ts_ns;
	ct_share_touch(core, &p->held);
}

bool ct_work_begins(struct ct_works_list *list, const struct ct_worker *by, uint64_t ts_ns)
{
	if (list->count == CT_WORKS_MAX)
		return false;
	list->at[list->count++] = (struct ct_work){ .by = *by, .begin_ns = ts_ns };
	return true;
}

void ct_work_ends(struct ct_works_list *list, uint32_t pid, uint64_t ts_ns)
{
	for (size_t i = list->count; i-- > 0;) {
		if (list->at[i].by.pid != pid || list->at[i].end_ns)
			continue;
		list->at[i].end_ns = ts_ns;
		return;
	}
}

void ct_pull_wanted(struct ct_pull *p)
{
	_Static_assert(sizeof(p->fetched->container) == sizeof(p->wanted_name), "one name");

	p->fetched->for_container = true;
	memcpy(p->fetched->container, p->wanted_name, sizeof(p->fetched->container));
}

void ct_pull_told(struct ct_core *core, struct ct_pull *p)
{
	is_told(core, p);
	p->told = true;
	ct_share_touch(core, &p->held);
}

/* What was made of it stays as it is if there is no memory. */
static bool make_room(struct ct_pull *p, size_t layers)
{
	struct ct_fetched *f =
		realloc(p->fetched, sizeof(*f) + layers * sizeof(p->fetched->layers[0]));

	if (!f)
		return false;
	p->fetched = f;
	p->room = layers;
	return true;
}

void ct_pull_settle(struct ct_pull *p)
{
	p->settled = true;
	make_room(p, p->fetched->layer_count);
	free(p->handled);
	p->handled = NULL;
	ct_command_settle(p->command);
}

struct ct_handled *ct_pull_handled(struct ct_core *core, struct ct_pull *p)
{
	if (!p->handled)
		p->handled = calloc(1, sizeof(*p->handled));
	core->counts.lost[CT_LOSS_TABLE] += !p->handled;
	return p->handled;
}

struct ct_pull *ct_pull_next(const struct ct_core *core, const struct ct_pull *p)
{
	if (p)
		return p->next;
	return core->pulls ? core->pulls->all : NULL;
}

struct ct_pull *ct_pull_of(struct ct_core *core, uint64_t handle)
{
	struct ct_pull *p = core->pulls ? *handles(core, handle) : NULL;

	while (p && p->handle != handle)
		p = p->handle_next;
	return p;
}

struct ct_pull *ct_pull_untold(const struct ct_core *core, const struct ct_pull *p)
{
	if (p)
		return p->untold_next;
	return core->pulls ? core->pulls->untold : NULL;
}

struct ct_pull *ct_pull_of_client(const struct ct_core *core, uint32_t client,
				  const struct ct_pull *p)
{
	struct ct_pull *found = p ? p->client_next : core->pulls ? *clients(core, client) : NULL;

	while (found && found->fetched->client != client)
		found = found->client_next;
	return found;
}

bool ct_pulls_due(const struct ct_core *core)
{
	return core->pulls && core->pulls->due;
}

void ct_pull_drop(struct ct_core *core, struct ct_pull *p)
{
	is_told(core, p);
	DL_DELETE2(*clients(core, p->fetched->client), p, client_prev, client_next);
	DL_DELETE2(*handles(core, p->handle), p, handle_prev, handle_next);
	DL_DELETE(core->pulls->all, p);
	ct_share_leave(core, &p->held);
	pull_free(p);
}

#define LAYERS_MIN 8

/* Of most images there are few, of some as many as there may be. */
static bool has_room(struct ct_pull *p)
{
	size_t more = p->room ? 2 * p->room : LAYERS_MIN;

	if (p->fetched->layer_count < p->room)
		return true;
	return !p->settled && p->room < CT_LAYERS_MAX &&
	       make_room(p, more < CT_LAYERS_MAX ? more : CT_LAYERS_MAX);
}

struct ct_layer *ct_pull_layer(struct ct_pull *p, const char *id)
{
	struct ct_layer *layer;

	for (size_t i = 0; i < p->fetched->layer_count; i++)
		if (!strcmp(p->fetched->layers[i].id, id))
			return &p->fetched->layers[i];
	if (!has_room(p)) {
		p->beyond++;
		return NULL;
	}
	layer = &p->fetched->layers[p->fetched->layer_count++];
	memset(layer, 0, sizeof(*layer));
	ct_text_copy(layer->id, sizeof(layer->id), ct_text(id, strlen(id)));
	return layer;
}

static const struct ct_layer *layer_of(const struct ct_pull *p, const char *id)
{
	for (size_t i = 0; i < p->fetched->layer_count; i++)
		if (!strcmp(p->fetched->layers[i].id, id))
			return &p->fetched->layers[i];
	return NULL;
}

const struct ct_layer *ct_pull_same(const struct ct_pull *p, size_t n, const struct ct_pull *other)
{
	const struct ct_fetched *f = p->fetched, *of = other->fetched;

	if (p->by_layer)
		return layer_of(other, f->layers[n].id);
	for (size_t i = 0; i <= n; i++)
		if (i >= of->layer_count || strcmp(f->layers[i].id, of->layers[i].id) != 0)
			return NULL;
	return &of->layers[n];
}

/* "alpine" is asked for as "alpine:latest". */
static bool is_same_image(const char *pulled, const char *wanted)
{
	size_t n = strlen(wanted);

	return !strncmp(pulled, wanted, n) && (!pulled[n] || !strcmp(pulled + n, ":latest"));
}

struct ct_pull *ct_pull_awaited(struct ct_core *core, const struct ct_scope *scope, uint32_t client,
				const char *image)
{
	struct ct_pull *p = NULL;

	while ((p = ct_pull_of_client(core, client, p)))
		if (p->awaited && ct_scope_is(&p->held.share->scope, scope) &&
		    is_same_image(image, p->who.image))
			return p;
	return NULL;
}

struct ct_pull *ct_pull_before(struct ct_core *core, const struct ct_scope *scope, uint32_t client,
			       const char *image, uint64_t before_ns)
{
	struct ct_pull *found = NULL, *p = NULL;

	while ((p = ct_pull_of_client(core, client, p)))
		if (p->end_ns && !p->failed && p->end_ns <= before_ns &&
		    ct_scope_is(&p->held.share->scope, scope) && is_same_image(p->who.image, image))
			found = p;
	return found;
}

struct ct_pull *ct_pull_for(struct ct_core *core, const struct ct_scope *scope,
			    const struct ct_request *asked, const char *pod_uid)
{
	struct ct_pull *found = NULL, *p = NULL;

	while ((p = ct_pull_of_client(core, asked->tgid, p))) {
		if (!p->end_ns || p->failed || p->used || p->end_ns > asked->ts_ns ||
		    !ct_scope_is(&p->held.share->scope, scope))
			continue;
		if (p->who.pod_uid[0] && strcmp(p->who.pod_uid, pod_uid) != 0)
			continue;
		if (!strcmp(p->image_id, asked->image) || is_same_image(p->who.image, asked->image))
			found = p;
	}
	return found;
}

void ct_pulls_under_way(const struct ct_core *core, struct ct_pulling *ret)
{
	char registry[sizeof(ret->each[0].registry)];

	memset(ret, 0, sizeof(*ret));
	for (const struct ct_pull *p = NULL; (p = ct_pull_untold(core, p));) {
		size_t i = 0;

		if (p->end_ns || p->idle || p->awaited)
			continue;
		ct_image_registry(p->who.image, registry, sizeof(registry));
		while (i < CT_PULLING_MAX && ret->each[i].count &&
		       strcmp(ret->each[i].registry, registry) != 0)
			i++;
		if (i == CT_PULLING_MAX)
			continue;
		memcpy(ret->each[i].registry, registry, sizeof(registry));
		ret->each[i].count++;
	}
}

void ct_pulls_free(struct ct_core *core)
{
	struct ct_pull *p, *next;

	for (p = ct_pull_next(core, NULL); p; p = next) {
		next = p->next;
		ct_pull_drop(core, p);
	}
	free(core->pulls);
	core->pulls = NULL;
}
