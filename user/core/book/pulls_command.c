// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/pulls_table.h"

#include <stdlib.h>
#include <utlist.h>

static struct ct_pull **workers(struct ct_core *core, uint32_t worker)
{
	return &core->pulls->workers[ct_hash(&worker, sizeof(worker)) & (CT_PULL_LISTS - 1)];
}

bool ct_command_works(struct ct_core *core, struct ct_pull *p, uint32_t worker)
{
	struct ct_command *c = p->command;

	ct_command_rests(core, p);
	if (!c)
		c = p->command = calloc(1, sizeof(*c));
	if (!c)
		return false;
	c->worker = worker;
	DL_APPEND2(*workers(core, worker), p, worker_prev, worker_next);
	return true;
}

void ct_command_rests(struct ct_core *core, struct ct_pull *p)
{
	if (p->command)
		DL_DELETE2(*workers(core, p->command->worker), p, worker_prev, worker_next);
}

void ct_command_settle(struct ct_command *c)
{
	if (!c)
		return;
	c->layers_known = c->file_count = 0;
	free(c->room);
	c->room = NULL;
}

void ct_command_free(struct ct_command *c)
{
	if (!c)
		return;
	free(c->further);
	free(c->room);
	free(c);
}

struct ct_command_room *ct_command_room(struct ct_command *c)
{
	if (!c->room)
		c->room = calloc(1, sizeof(*c->room));
	return c->room;
}

static bool is_under_way(const struct ct_pull *p)
{
	return !p->end_ns;
}

static bool is_not_answered(const struct ct_pull *p)
{
	return !p->command->answered;
}

static bool is_asked_for(const struct ct_pull *p)
{
	return p->command->asked && !p->command->answered;
}

static struct ct_pull *find(struct ct_core *core, uint32_t worker,
			    bool (*is)(const struct ct_pull *p))
{
	for (struct ct_pull *p = core->pulls ? *workers(core, worker) : NULL; p; p = p->worker_next)
		if (p->command->worker == worker && is(p))
			return p;
	return NULL;
}

struct ct_pull *ct_command_of(struct ct_core *core, uint32_t worker)
{
	return find(core, worker, is_under_way);
}

struct ct_pull *ct_command_asked(struct ct_core *core, uint32_t worker)
{
	struct ct_pull *p = find(core, worker, is_asked_for);

	return p ? p : find(core, worker, is_not_answered);
}

uint64_t ct_command_done(const struct ct_pull *p)
{
	const struct ct_command *c = p->command;

	return c->stored_ns > c->cleared_ns ? c->stored_ns : c->cleared_ns;
}

struct ct_command_file *ct_command_file(struct ct_pull *p)
{
	struct ct_command *c = p->command;

	if (c->file_count < CT_COMMAND_FILES_MAX && ct_command_room(c))
		return &c->room->files[c->file_count++];
	p->beyond++;
	return NULL;
}

static uint64_t number(struct ct_text digits)
{
	char text[24];

	ct_text_copy(text, sizeof(text), digits);
	return strtoull(text, NULL, 10);
}

void ct_command_layer(struct ct_pull *p, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), digest = ct_text_cut(&rest, '\0');
	struct ct_command *c = p->command;
	struct ct_command_layer *to;

	if (!e->arg) { /* it has stored none */
		c->answered = true;
		c->absent = !e->sub;
		return;
	}
	if (e->arg > CT_LAYERS_MAX || e->sub >= e->arg || c->layers_known != e->sub ||
	    !ct_command_room(c))
		return;
	c->layer_count = e->arg;
	ct_text_copy(c->digest, sizeof(c->digest), digest);
	ct_text_cut(&rest, '\0'); /* of the config */
	to = &c->room->layers[c->layers_known++];
	to->size = e->obj;
	ct_text_copy(to->digest, sizeof(to->digest), ct_text_cut(&rest, '\0'));
	ct_text_copy(to->type, sizeof(to->type), ct_text_cut(&rest, '\0'));
	to->stored_wall_ns = number(ct_text_cut(&rest, '\0'));
	to->unpacked_size = number(ct_text_cut(&rest, '\0'));
	c->answered = c->layers_known == c->layer_count;
}
