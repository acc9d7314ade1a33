// SPDX-License-Identifier: GPL-2.0-only
/*
 * A group is what the user has named: containers that start one after another, because one calls the next or a
 * client asks for all of them. It is told each time that all its members have started: until the last is ready,
 * or, if they are functions, which end by themselves, until the last has ended.
 */
#include "core/tell/group_named.h"
#include "core/tell/group_record.h"
#include "core/tell/made.h"

#include <stdlib.h>

/* Members none of which has ended by then are services. */
#define SERVICES_NS (10000 * CT_NS_PER_MS)

struct group {
	struct ct_grouped members[CT_GROUP_MEMBERS]; /* begin_ns 0: it has not started */
	struct ct_identity who[CT_GROUP_MEMBERS];
	size_t count; /* that the user has named */
	uint32_t run; /* that they are of: what starts in two runs of a program is no group */
	uint64_t due; /* 0: not waited for */
	bool complete; /* all have started */
};

struct groups {
	struct group *all; /* owned, as many as the user has named; NULL before the first start */
};

static bool begin(struct ct_core *core, struct groups *groups)
{
	if (groups->all || !core->opts.group_count)
		return groups->all;
	groups->all = calloc(core->opts.group_count, sizeof(*groups->all));
	for (size_t i = 0; groups->all && i < core->opts.group_count; i++)
		groups->all[i].count = ct_group_count(&core->opts.groups[i]);
	return groups->all;
}

static void tell(struct ct_core *core, struct group *g, const struct ct_group_named *named)
{
	size_t len = named->name_len ? named->name_len : strlen(named->globs);
	struct ct_group_told *t = calloc(1, sizeof(*t));
	struct ct_group_member members[CT_GROUP_MEMBERS];

	g->complete = false;
	g->due = 0;
	for (size_t i = 0; i < g->count; i++)
		members[i] = (struct ct_group_member){ g->members[i], &g->who[i] };
	if (t) {
		ct_group_tell(t, members, g->count,
			      ct_text(named->name_len ? named->name : named->globs, len));
		ct_made_tell(core, &t->rec);
		free(t);
	}
	memset(g->members, 0, sizeof(g->members));
}

static void started(struct ct_core *core, struct group *g, const struct ct_group_named *named,
		    const struct ct_record *rec)
{
	const struct ct_identity *who = rec->who;
	struct ct_grouped *m;
	size_t at;

	for (at = 0; at < g->count && !ct_group_has(named, at, who->name, who->image);)
		at++;
	if (at == g->count)
		return;
	if (g->complete)
		tell(core, g, named);
	if (g->run != rec->run)
		memset(g->members, 0, sizeof(g->members));
	g->run = rec->run;
	at = ct_group_member(named, g->members, g->count, who->name, who->image);
	m = &g->members[at];
	*m = (struct ct_grouped){ .begin_ns = rec->begin_ns, .ready_ns = rec->end_ns };
	memcpy(m->id, who->id, sizeof(m->id));
	memcpy(m->name, who->name, sizeof(m->name));
	memcpy(m->image, who->image, sizeof(m->image));
	g->who[at] = *who;
	g->complete = ct_group_is_whole(g->members, g->count);
}

static void ended(struct group *g, const struct ct_record *rec)
{
	for (size_t i = 0; i < g->count; i++) {
		struct ct_grouped *m = &g->members[i];

		if (!m->begin_ns || strcmp(m->id, rec->who->id) != 0 || m->exit_ns ||
		    rec->service_end_ns < m->begin_ns)
			continue;
		m->exit_ns = rec->service_end_ns;
		if (m->ready_ns > m->exit_ns) /* it had ended before its start was answered */
			m->ready_ns = m->exit_ns;
	}
}

/* Until when it is waited for what may still end; UINT64_MAX: all have. */
static uint64_t wait_for(const struct group *g)
{
	size_t ended = 0;
	uint64_t last = 0;

	for (size_t i = 0; i < g->count; i++) {
		ended += g->members[i].exit_ns != 0;
		if (g->members[i].ready_ns > last)
			last = g->members[i].ready_ns;
	}
	if (ended == g->count)
		return UINT64_MAX;
	return ended ? 0 : last + SERVICES_NS;
}

static void look(struct ct_core *core, struct group *g, const struct ct_group_named *named)
{
	if (!g->complete)
		return;
	g->due = wait_for(g);
	if (g->due == UINT64_MAX || (g->due && g->due <= core->now))
		tell(core, g, named);
	ct_made_wait(core, g->due);
}

static void told(struct ct_core *core, void *state, const struct ct_record *rec,
		 struct ct_container *c)
{
	struct groups *groups = state;

	(void)c;
	if (!begin(core, groups))
		return;
	for (size_t i = 0; i < core->opts.group_count; i++) {
		if (rec->type == CT_RECORD_START && rec->outcome == CT_OUTCOME_OK)
			started(core, &groups->all[i], &core->opts.groups[i], rec);
		else if (rec->type == CT_RECORD_STOP &&
			 (rec->cause == CT_CAUSE_EXIT || rec->cause == CT_CAUSE_OOM))
			ended(&groups->all[i], rec);
		look(core, &groups->all[i], &core->opts.groups[i]);
	}
}

static void due(struct ct_core *core, void *state)
{
	struct groups *groups = state;

	for (size_t i = 0; groups->all && i < core->opts.group_count; i++)
		look(core, &groups->all[i], &core->opts.groups[i]);
}

static void goes(struct ct_core *core, void *state, const struct ct_container *c)
{
	(void)core, (void)state, (void)c;
}

static void flush(struct ct_core *core, void *state)
{
	struct groups *groups = state;

	for (size_t i = 0; groups->all && i < core->opts.group_count; i++)
		if (groups->all[i].complete)
			tell(core, &groups->all[i], &core->opts.groups[i]);
}

static void free_all(void *state)
{
	struct groups *groups = state;

	free(groups->all);
}

const struct ct_made_kind ct_made_groups = {
	.subject = CT_SUBJECT_GROUP,
	.state_size = sizeof(struct groups),
	.told = told,
	.due = due,
	.goes = goes,
	.flush = flush,
	.free = free_all,
};
