// SPDX-License-Identifier: GPL-2.0-only
/*
 * A project of Docker Compose: its containers say whose they are, by their labels. One process asks for all
 * of them (compose 2.40 makes them all, then starts each when those that it depends on are so far; 1.29 makes
 * each when it is its turn), and so a project has started when that process has left, or asks for nothing
 * more. It has stopped when its last container that ran was asked to stop, and is gone.
 */
#include "core/tell/crew.h"

#include <stdlib.h>

/* Nobody is known to wait for anything: the next is asked for at once, or not at all. */
#define QUIET_NS (5000 * CT_NS_PER_MS)
/* Who asks for it is there, and may wait for a health check, or a job to end. */
#define NEXT_NS (60000 * CT_NS_PER_MS)
/* How long what is told of its containers may be late. */
#define LATE_NS (2000 * CT_NS_PER_MS)
/* Who is between two states is looked at again so often. */
#define AGAIN_NS (1000 * CT_NS_PER_MS)

struct key {
	struct ct_scope scope; /* of who runs it */
	char name[sizeof(((struct ct_identity *)0)->project)];
};

struct project {
	struct key key;
	struct ct_crew up; /* what is started now, until that is told */
	struct ct_crew down; /* what was asked to stop since it last was up */
	uint64_t heard_ns; /* of what is started */
	uint32_t client; /* who asks for that, 0: not known */
	bool left; /* he has exited */
	uint64_t start_due, stop_due; /* 0: not waited for */
	UT_hash_handle hh;
};

struct projects {
	struct project *all;
};

static const struct ct_crew_kind kind = {
	.start = CT_RECORD_PROJECT_START,
	.stop = CT_RECORD_PROJECT_STOP,
	.gap = CT_PHASE_CLIENT,
	.side_by_side = true,
};

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static struct key key_of(const struct ct_container *c)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	key.scope = c->key.scope;
	memcpy(key.name, c->who.project, strlen(c->who.project));
	return key;
}

static struct project *find(struct projects *projects, const struct ct_container *c)
{
	struct key key = key_of(c);
	struct project *p = NULL;

	HASH_FIND(hh, projects->all, &key, sizeof(key), p);
	return p;
}

static struct project *find_or_make(struct projects *projects, const struct ct_container *c)
{
	struct project *p = find(projects, c);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = key_of(c);
	p->up.kind = p->down.kind = &kind;
	HASH_ADD(hh, projects->all, key, sizeof(p->key), p);
	return p;
}

static void forget(struct projects *projects, struct project *p)
{
	HASH_DEL(projects->all, p);
	free(p->up.members);
	free(p->down.members);
	free(p);
}

static bool is_of(const struct project *p, const struct ct_container *c)
{
	return ct_scope_is(&c->key.scope, &p->key.scope) && !strcmp(c->who.project, p->key.name);
}

static bool is_starting(struct ct_core *core, const struct project *p)
{
	for (const struct ct_container *c = ct_book_moving(core); c; c = c->next)
		if (is_of(p, c) && !c->run.start_reported)
			return true;
	return false;
}

/* Any of it runs, or what is told of its end is still to come. */
static bool is_up(struct ct_core *core, const struct project *p)
{
	const struct ct_container *c = NULL;

	while ((c = ct_book_next(core, c)))
		if (is_of(p, c) && !c->removed && c->who.init_pid &&
		    (!c->run.marks[CT_MARK_EXIT] || !c->run.stop_reported))
			return true;
	return false;
}

/* What it is called in its project: compose puts the project's name before it, and a '-' or a '_'. */
static const char *name_in(const struct ct_identity *who)
{
	size_t n = strlen(who->project);

	if (!strncmp(who->name, who->project, n) && (who->name[n] == '-' || who->name[n] == '_') &&
	    who->name[n + 1])
		return who->name + n + 1;
	return *who->name ? who->name : who->id;
}

static void take_name(struct ct_crew *crew, const struct project *p, const struct ct_identity *who)
{
	crew->who = *who;
	ct_text_copy(crew->who.id, sizeof(crew->who.id), ct_text(p->key.name, strlen(p->key.name)));
	memcpy(crew->who.name, p->key.name, sizeof(crew->who.name));
	crew->who.service[0] = crew->who.image[0] = '\0';
	crew->who.init_pid = 0;
	crew->who.args_hash = 0;
}

static struct ct_member *member_of(struct ct_crew *crew, const char *id)
{
	for (size_t i = 0; i < crew->count; i++)
		if (!strcmp(crew->members[i].id, id))
			return &crew->members[i];
	return NULL;
}

static void drop(struct ct_crew *crew, struct ct_member *m)
{
	*m = crew->members[--crew->count];
}

static void clear(struct ct_crew *crew)
{
	crew->count = crew->beyond = crew->probe_count = 0;
}

/* What was made and not started is no part of a start. */
static void tell_start(struct ct_core *core, struct project *p, bool cut)
{
	size_t i = 0;

	p->start_due = 0;
	while (i < p->up.count)
		if (p->up.members[i].end_ns)
			i++;
		else
			drop(&p->up, &p->up.members[i]);
	if (p->up.count)
		ct_crew_tell_start(core, &p->up, cut);
	clear(&p->up);
	p->client = 0;
	p->left = false;
}

static void wait_for_more(struct project *p, uint64_t heard_ns)
{
	p->heard_ns = later(p->heard_ns, heard_ns);
	if (p->left)
		p->start_due = p->heard_ns + LATE_NS;
	else
		p->start_due = p->heard_ns + (p->client ? NEXT_NS : QUIET_NS);
}

/* Who asks for it; another who does begins another start. */
static void asked_by(struct ct_core *core, struct project *p, const struct ct_record *rec)
{
	uint32_t client = rec->who->client.pid;

	if (p->up.count && p->client && client && p->client != client)
		tell_start(core, p, false);
	if (!p->up.count)
		p->heard_ns = 0;
	if (client && client != p->client) {
		p->client = client;
		p->left = false;
	}
	if (!p->up.count)
		take_name(&p->up, p, rec->who);
	else if (!p->up.who.runtime[0])
		memcpy(p->up.who.runtime, rec->who->runtime, sizeof(p->up.who.runtime));
}

/* Its start may be asked for long after: when what it waits for is so far. */
static void created(struct ct_core *core, struct project *p, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct ct_member *m;

	asked_by(core, p, rec);
	m = ct_crew_add(&p->up);
	if (!m)
		return;
	ct_member_keep(m, name_in(rec->who), rec, c);
	m->end_ns = 0;
	wait_for_more(p, rec->end_ns);
}

/* Its creation was told before. */
static void joined(struct ct_member *m, const struct ct_member *made)
{
	size_t room = CT_CREW_SEGMENTS_MAX - m->segment_count;
	size_t n = made->segment_count < room ? made->segment_count : room;

	memmove(m->segments + n, m->segments, m->segment_count * sizeof(m->segments[0]));
	memcpy(m->segments, made->segments, n * sizeof(m->segments[0]));
	m->segment_count += n;
	m->begin_ns = made->begin_ns;
}

static uint64_t asked_at(const struct ct_record *rec)
{
	for (size_t i = 0; i < rec->segment_count; i++)
		if (rec->segments[i].phase == CT_PHASE_CONNECT ||
		    rec->segments[i].phase == CT_PHASE_START)
			return rec->segments[i].begin_ns;
	return rec->begin_ns;
}

static void started(struct ct_core *core, struct project *p, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct ct_member *m, made = { 0 }, *before;

	/* What is restarted is the container's own affair, but for what was never ready. */
	if (rec->cause == CT_CAUSE_RESTART_REQUEST ||
	    (rec->cause == CT_CAUSE_POLICY && !p->up.count))
		return;
	before = member_of(&p->down, rec->who->id);
	if (before)
		drop(&p->down, before);
	asked_by(core, p, rec);
	before = member_of(&p->up, rec->who->id);
	if (before && !before->end_ns) {
		made = *before;
		drop(&p->up, before);
	}
	m = ct_crew_add(&p->up);
	if (!m)
		return;
	ct_member_keep(m, name_in(rec->who), rec, c);
	m->asked_ns = asked_at(rec);
	if (made.segment_count)
		joined(m, &made);
	if (rec->cause != CT_CAUSE_POLICY) /* nobody has asked for what its engine tries again */
		wait_for_more(p, later(rec->end_ns, core->now));
}

/* The rest of it still runs: that is another stop. */
static void drop_older(struct ct_crew *down, uint64_t stop_ns)
{
	uint64_t last = 0;

	for (size_t i = 0; i < down->count; i++)
		last = later(last, down->members[i].stopped_ns);
	if (down->count && last + QUIET_NS < stop_ns)
		clear(down);
}

static bool is_asked(enum ct_cause cause)
{
	return cause == CT_CAUSE_STOP_REQUEST || cause == CT_CAUSE_KILL_REQUEST ||
	       cause == CT_CAUSE_REMOVE_REQUEST;
}

static void asked_to_stop(struct project *p, const struct ct_record *rec,
			  const struct ct_container *c)
{
	struct ct_crew *down = &p->down;
	struct ct_member *m;

	drop_older(down, rec->begin_ns);
	if (!down->count) {
		take_name(down, p, rec->who);
		down->stop_outcome = CT_OUTCOME_OK;
		down->removed = true;
	}
	m = ct_crew_add(down);
	if (!m)
		return;
	ct_member_keep(m, name_in(rec->who), rec, c);
	m->exit_ns = rec->service_end_ns;
	m->exit_code = rec->exit_code;
	m->stop_ns = rec->begin_ns;
	m->stopped_ns = m->removed_ns = rec->end_ns;
	down->removed &= rec->removed;
	if (rec->outcome != CT_OUTCOME_OK)
		down->stop_outcome = rec->outcome;
}

static void stopped(struct ct_core *core, struct project *p, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct ct_member *m = member_of(&p->up, rec->who->id);

	if (m && m->end_ns) {
		m->exit_ns = rec->service_end_ns;
		m->exit_code = rec->exit_code;
		if (is_asked(rec->cause))
			m->stop_ns = rec->begin_ns;
		if (p->start_due)
			wait_for_more(p, m->exit_ns);
	}
	if (is_asked(rec->cause))
		asked_to_stop(p, rec, c);
	if (p->down.count && !p->stop_due)
		p->stop_due = core->now + LATE_NS;
}

static void told(struct ct_core *core, void *state, const struct ct_record *rec,
		 struct ct_container *c)
{
	struct project *p;

	if (!c->who.project[0] || (rec->type != CT_RECORD_START && rec->type != CT_RECORD_STOP &&
				   rec->type != CT_RECORD_CREATE))
		return;
	p = find_or_make(state, c);
	if (!p)
		return;
	if (rec->type == CT_RECORD_START)
		started(core, p, rec, c);
	else if (rec->type == CT_RECORD_STOP)
		stopped(core, p, rec, c);
	else
		created(core, p, rec, c);
	ct_made_wait(core, p->start_due);
	ct_made_wait(core, p->stop_due);
}

static void due_start(struct ct_core *core, struct project *p)
{
	if (core->now < p->start_due)
		return;
	if (is_starting(core, p))
		p->start_due = core->now + AGAIN_NS;
	else
		tell_start(core, p, false);
}

static void due_stop(struct ct_core *core, struct project *p)
{
	if (core->now < p->stop_due)
		return;
	p->stop_due = 0;
	if (is_up(core, p))
		return; /* whoever of it stops next will say */
	if (p->start_due)
		tell_start(core, p, false);
	if (p->down.count)
		ct_crew_tell_stop(core, &p->down);
	clear(&p->down);
}

static void due(struct ct_core *core, void *state)
{
	struct projects *projects = state;
	struct project *p, *next;

	HASH_ITER(hh, projects->all, p, next)
	{
		if (p->start_due)
			due_start(core, p);
		if (p->stop_due)
			due_stop(core, p);
		ct_made_wait(core, p->start_due);
		ct_made_wait(core, p->stop_due);
	}
}

static void exits(struct ct_core *core, void *state, uint32_t pid)
{
	struct projects *projects = state;
	struct project *p, *next;

	HASH_ITER(hh, projects->all, p, next)
	{
		if (!p->start_due || p->client != pid)
			continue;
		p->left = true;
		wait_for_more(p, core->now);
		ct_made_wait(core, p->start_due);
	}
}

static void goes(struct ct_core *core, void *state, const struct ct_container *c)
{
	struct projects *projects = state;
	struct project *p = c->who.project[0] ? find(projects, c) : NULL;
	const struct ct_container *other = NULL;

	if (!p || p->start_due || p->stop_due)
		return;
	while ((other = ct_book_next(core, other)))
		if (other != c && is_of(p, other))
			return;
	forget(projects, p);
}

static void flush(struct ct_core *core, void *state)
{
	struct projects *projects = state;
	struct project *p, *next;

	HASH_ITER(hh, projects->all, p, next)
	{
		if (p->start_due)
			tell_start(core, p, !p->left && core->now < p->heard_ns + QUIET_NS);
		if (p->stop_due && !is_up(core, p) && p->down.count)
			ct_crew_tell_stop(core, &p->down);
	}
}

static void free_all(void *state)
{
	struct projects *projects = state;
	struct project *p, *next;

	HASH_ITER(hh, projects->all, p, next)
	forget(projects, p);
}

const struct ct_made_kind ct_made_projects = {
	.subject = CT_SUBJECT_PROJECT,
	.state_size = sizeof(struct projects),
	.told = told,
	.due = due,
	.exits = exits,
	.goes = goes,
	.flush = flush,
	.free = free_all,
};
