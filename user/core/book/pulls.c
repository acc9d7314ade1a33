// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/pulls_command.h"

#include <stdlib.h>
#include <utlist.h>

#define PULLS_MAX 256
/* Handles of containers count from 1: they do not come so far. */
#define HANDLES (1ull << 63)

struct ct_pulls {
	struct ct_pull *all; /* owned */
	uint64_t made;
};

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

	if (!p)
		return NULL;
	p->fetched = calloc(1, sizeof(*p->fetched) + CT_LAYERS_MAX * sizeof(p->fetched->layers[0]));
	p->handled = calloc(1, sizeof(*p->handled));
	p->room = CT_LAYERS_MAX;
	if (p->fetched && p->handled)
		return p;
	free(p->fetched);
	free(p->handled);
	free(p);
	return NULL;
}

static void pull_free(struct ct_pull *p)
{
	if (p->command)
		free(p->command->further);
	free(p->command);
	free(p->fetched);
	free(p->handled);
	free(p);
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
	DL_APPEND(core->pulls->all, p);
	return p;
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
	p->told = true;
	ct_share_touch(core, &p->held);
}

void ct_pull_settle(struct ct_pull *p)
{
	size_t n = p->fetched->layer_count;
	struct ct_fetched *less = realloc(p->fetched, sizeof(*less) + n * sizeof(less->layers[0]));

	if (less) {
		p->fetched = less;
		p->room = n;
	}
	free(p->handled);
	p->handled = NULL;
	p->command = ct_command_settle(p->command);
}

struct ct_pull *ct_pull_next(const struct ct_core *core, const struct ct_pull *p)
{
	if (p)
		return p->next;
	return core->pulls ? core->pulls->all : NULL;
}

struct ct_pull *ct_pull_of(struct ct_core *core, uint64_t handle)
{
	struct ct_pull *p = ct_pull_next(core, NULL);

	while (p && p->handle != handle)
		p = p->next;
	return p;
}

void ct_pull_drop(struct ct_core *core, struct ct_pull *p)
{
	DL_DELETE(core->pulls->all, p);
	ct_share_leave(core, &p->held);
	pull_free(p);
}

struct ct_layer *ct_pull_layer(struct ct_pull *p, const char *id)
{
	struct ct_fetched *f = p->fetched;
	struct ct_layer *layer;

	for (size_t i = 0; i < f->layer_count; i++)
		if (!strcmp(f->layers[i].id, id))
			return &f->layers[i];
	if (f->layer_count == p->room) {
		p->beyond++;
		return NULL;
	}
	layer = &f->layers[f->layer_count++];
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
	for (struct ct_pull *p = ct_pull_next(core, NULL); p; p = ct_pull_next(core, p))
		if (p->awaited && p->fetched->client == client &&
		    ct_scope_is(&p->held.share->scope, scope) && is_same_image(image, p->who.image))
			return p;
	return NULL;
}

struct ct_pull *ct_pull_before(struct ct_core *core, const struct ct_scope *scope, uint32_t client,
			       const char *image, uint64_t before_ns)
{
	struct ct_pull *found = NULL;

	for (struct ct_pull *p = ct_pull_next(core, NULL); p; p = p->next)
		if (p->end_ns && !p->failed && p->end_ns <= before_ns &&
		    p->fetched->client == client && ct_scope_is(&p->held.share->scope, scope) &&
		    is_same_image(p->who.image, image))
			found = p;
	return found;
}

struct ct_pull *ct_pull_for(struct ct_core *core, const struct ct_scope *scope,
			    const struct ct_request *asked, const char *pod_uid)
{
	struct ct_pull *found = NULL;

	for (struct ct_pull *p = ct_pull_next(core, NULL); p; p = ct_pull_next(core, p)) {
		if (!p->end_ns || p->failed || p->used || p->end_ns > asked->ts_ns ||
		    p->fetched->client != asked->tgid || !ct_scope_is(&p->held.share->scope, scope))
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
	for (const struct ct_pull *p = ct_pull_next(core, NULL); p; p = p->next) {
		size_t i = 0;

		if (p->end_ns || p->told || p->idle || p->awaited)
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
