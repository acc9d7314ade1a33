// SPDX-License-Identifier: GPL-2.0-only
/*
 * A group is what the user has named: containers that start one after another, because one calls the next or a
 * client asks for all of them. It is told each time that all its members have started: until the last is ready,
 * or, if they are functions, which end by themselves, until the last has ended.
 */
#include "core/tell/group_record.h"
#include "core/tell/made.h"

#include <fnmatch.h>
#include <stdlib.h>

/* Members none of which has ended by then are services. */
#define SERVICES_NS (10000 * CT_NS_PER_MS)

struct member {
	struct ct_grouped told; /* begin_ns 0: it has not started */
	struct ct_identity who;
};

struct group {
	struct member members[CT_GROUP_MEMBERS];
	size_t count; /* that the user has named */
	uint32_t run; /* that they are of: what starts in two runs of a program is no group */
	uint64_t due; /* 0: not waited for */
	bool complete; /* all have started */
};

struct groups {
	struct group *all; /* owned, as many as the user has named; NULL before the first start */
};

/* The nth pattern of "a,b,c"; false: there is none. */
static bool nth_glob(const struct ct_group_named *named, size_t n, char *ret, size_t room)
{
	const char *at = named->globs;

	for (; n && *at; n--)
		at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',');
	ct_text_copy(ret, room, ct_text(at, strcspn(at, ",")));
	return *at;
}

static bool is_member(const struct ct_group_named *named, size_t n, const struct ct_identity *who)
{
	char glob[256];

	return nth_glob(named, n, glob, sizeof(glob)) &&
	       (!fnmatch(glob, who->name, 0) || !fnmatch(glob, who->image, 0));
}

static bool begin(struct ct_core *core, struct groups *groups)
{
	char glob[256];

	if (groups->all || !core->opts.group_count)
		return groups->all;
	groups->all = calloc(core->opts.group_count, sizeof(*groups->all));
	for (size_t i = 0; groups->all && i < core->opts.group_count; i++)
		while (groups->all[i].count < CT_GROUP_MEMBERS &&
		       nth_glob(&core->opts.groups[i], groups->all[i].count, glob, sizeof(glob)))
			groups->all[i].count++;
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
		members[i] = (struct ct_group_member){ g->members[i].told, &g->members[i].who };
	if (t) {
		ct_group_tell(t, members, g->count,
			      ct_text(named->name_len ? named->name : named->globs, len));
		ct_made_tell(core, &t->rec);
		free(t);
	}
	memset(g->members, 0, sizeof(g->members));
}

/* Beside each other there is no order; else who was asked for before the first is of another time. */
static bool is_whole(struct group *g)
{
	bool whole = true;

	for (size_t i = 0; i < g->count; i++) {
		struct ct_grouped *m = &g->members[i].told;
		const struct ct_grouped *before = i ? &g->members[i - 1].told : NULL;

		if (before && m->begin_ns && before->begin_ns && m->begin_ns < before->begin_ns &&
		    m->ready_ns <= before->begin_ns)
			memset(&g->members[i], 0, sizeof(g->members[i]));
		whole &= m->begin_ns != 0;
	}
	return whole;
}

static void started(struct ct_core *core, struct group *g, const struct ct_group_named *named,
		    const struct ct_record *rec)
{
	const struct ct_identity *who = rec->who;
	size_t at = 0;

	while (at < g->count && !is_member(named, at, who))
		at++;
	if (at == g->count)
		return;
	if (g->complete)
		tell(core, g, named);
	if (g->run != rec->run)
		memset(g->members, 0, sizeof(g->members));
	g->run = rec->run;
	g->members[at] = (struct member){
		.told = { .begin_ns = rec->begin_ns, .ready_ns = rec->end_ns },
		.who = *who,
	};
	memcpy(g->members[at].told.id, who->id, sizeof(g->members[at].told.id));
	memcpy(g->members[at].told.name, who->name, sizeof(g->members[at].told.name));
	memcpy(g->members[at].told.image, who->image, sizeof(g->members[at].told.image));
	g->complete = is_whole(g);
}

static void ended(struct group *g, const struct ct_record *rec)
{
	for (size_t i = 0; i < g->count; i++) {
		struct ct_grouped *m = &g->members[i].told;

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
		ended += g->members[i].told.exit_ns != 0;
		if (g->members[i].told.ready_ns > last)
			last = g->members[i].told.ready_ns;
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
