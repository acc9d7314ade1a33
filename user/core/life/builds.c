// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of builds: containers that nobody has asked their engine for. What dockerd makes of its own accord while it
 * is asked to build, of an image that it has made a moment ago, is a step of its legacy builder; what an engine
 * itself has a runtime run is one of BuildKit's.
 */
#include <stdlib.h>

#include "core/life/life.h"

#define BUILDS_MAX 64
#define SAVED_MAX  64
/* Handles of containers count from 1, those of pulls from the other half: they do not come so far. */
#define HANDLES (1ull << 62)

/* An engine is asked to build, and has not been heard to be done. */
struct build {
	uint64_t handle; /* 0: none */
	uint64_t since_ns;
	uint32_t engine;
	bool mine;
	struct ct_client client;
};

/* What dockerd saves of a container that is not known yet. */
struct saved {
	char id[80];
	uint32_t engine;
	uint64_t made_ns; /* its state, first: it has been made */
	uint64_t host_ns, config_ns; /* of either file, last */
};

struct ct_builds {
	uint64_t asked;
	struct build each[BUILDS_MAX]; /* the oldest gives way */
	/* Of the host's root, of all others: none of them makes the host's give way. */
	struct saved saved[2][SAVED_MAX];
	size_t next[2];
};

struct ct_builds *ct_builds_new(void)
{
	return calloc(1, sizeof(struct ct_builds));
}

void ct_builds_free(struct ct_builds *builds)
{
	free(builds);
}

void ct_build_asked(struct ct_core *core, struct ct_fact *f)
{
	struct ct_builds *all = ct_life_builds(core);
	struct build *b = &all->each[all->asked % BUILDS_MAX];
	uint64_t handle = HANDLES + all->asked + 1;

	if (!f->speaker || !f->engine || !ct_hear_about(core, f, handle))
		return;
	all->asked++;
	*b = (struct build){
		.handle = handle,
		.since_ns = f->request->ts_ns,
		.engine = f->engine,
		.mine = f->request->mine,
		.client = f->request->client,
	};
}

void ct_build_over(struct ct_core *core, struct ct_fact *f)
{
	struct ct_builds *all = ct_life_builds(core);

	for (size_t i = 0; i < BUILDS_MAX; i++) {
		if (all->each[i].handle == f->about)
			all->each[i].handle = 0;
	}
}

void ct_build_client_exits(struct ct_core *core, const struct ct_event *e)
{
	struct ct_builds *all = ct_life_builds(core);

	for (size_t i = 0; all->asked && i < BUILDS_MAX; i++) {
		if (all->each[i].client.pid == e->tgid)
			all->each[i].handle = 0;
	}
}

/* One that this engine was asked for by then; `only`: whether nobody else asks for any. */
static const struct build *build_of(struct ct_core *core, uint32_t engine, uint64_t by_ns,
				    bool *only)
{
	struct ct_builds *all = ct_life_builds(core);
	const struct build *found = NULL;

	*only = true;
	for (size_t i = 0; i < BUILDS_MAX; i++) {
		const struct build *b = &all->each[i];

		if (!b->handle || b->engine != engine || b->since_ns > by_ns)
			continue;
		*only &= !found || found->client.pid == b->client.pid;
		found = b;
	}
	return found;
}

static struct saved *saved_find(struct ct_core *core, uint32_t engine, struct ct_text id)
{
	struct ct_builds *all = ct_life_builds(core);

	for (int who = 0; who < 2; who++) {
		size_t count = all->next[who] < SAVED_MAX ? all->next[who] : SAVED_MAX;

		/* The newest first: its files are saved one after the other. */
		for (size_t i = 1; i <= count; i++) {
			struct saved *s = &all->saved[who][(all->next[who] - i) % SAVED_MAX];

			if (s->engine == engine && ct_text_is(id, s->id))
				return s;
		}
	}
	return NULL;
}

void ct_build_file(struct ct_core *core, const struct ct_file *file)
{
	bool host = ct_text_starts(file->name, ".tmp-hostconfig"),
	     config = ct_text_starts(file->name, ".tmp-config.v");
	struct ct_builds *all = ct_life_builds(core);
	const struct ct_event *e = file->e;
	struct saved *s;
	int who;

	if ((!host && !config) || !file->speaker || file->dir.len >= sizeof(s->id))
		return;
	s = saved_find(core, e->tgid, file->dir);
	if (!s) {
		who = !ct_scope_is_host(file->speaker);
		s = &all->saved[who][all->next[who]++ % SAVED_MAX];
		*s = (struct saved){ .engine = e->tgid };
		ct_text_copy(s->id, sizeof(s->id), file->dir);
	}
	if (host)
		s->host_ns = e->ts_ns;
	else
		s->config_ns = e->ts_ns;
	if (config && !s->made_ns)
		s->made_ns = e->ts_ns;
}

static void asked_for(struct ct_core *core, struct ct_container *c, uint32_t engine)
{
	uint64_t begin_ns = ct_run_first(&c->run, c->family->opens);
	bool only;
	const struct build *b = build_of(core, engine, begin_ns ? begin_ns : core->now, &only);

	c->who.engine_pid = engine;
	ct_life_engine_name(core, &c->who, engine);
	if (!b || !only)
		return;
	c->who.client = b->client;
	c->who.mine |= b->mine;
}

/* When it was started: nobody asks for that, its builder goes on when it is made. */
static void begun(struct ct_core *core, struct ct_container *c, uint32_t engine)
{
	uint64_t *m = c->run.marks;
	const struct saved *s = saved_find(core, engine, ct_text(c->who.id, strlen(c->who.id)));

	if (!s || !s->made_ns || s->made_ns > m[CT_MARK_TASK_CREATE_BEGIN])
		return;
	m[CT_MARK_START_BEGIN] = s->made_ns;
	if (s->host_ns > s->config_ns && s->host_ns < m[CT_MARK_TASK_CREATE_BEGIN]) {
		m[CT_MARK_CONNECT_END] = s->host_ns;
		c->run.start_order = CT_ORDER_FIRST;
	}
}

void ct_build_identified(struct ct_core *core, struct ct_container *c, uint32_t engine)
{
	const uint64_t *m = c->run.marks;
	bool only;

	if (c->family != &ct_family_docker || c->has_old || c->run.start_reported ||
	    c->run.cause != CT_CAUSE_REQUEST || m[CT_MARK_CREATE_BEGIN] || m[CT_MARK_START_BEGIN] ||
	    !m[CT_MARK_TASK_CREATE_BEGIN] || strncmp(c->who.image, "sha256:", 7) != 0 ||
	    !build_of(core, engine, m[CT_MARK_TASK_CREATE_BEGIN], &only))
		return;
	c->family = &ct_family_builder;
	begun(core, c, engine);
	asked_for(core, c, engine);
	if (c->run.message[0] && !m[CT_MARK_TASK_CREATE_END])
		ct_failed(core, c, ct_text("", 0));
}

bool ct_build_engine(const struct ct_actor_state *engine)
{
	/* BuildKit is part of the first, and the second is BuildKit. */
	static const char *const names[] = { "docker", "buildkit" };

	for (size_t i = 0; engine && engine->engine_name && i < CT_ARRAY_SIZE(names); i++) {
		if (!strcmp(engine->engine_name, names[i]))
			return true;
	}
	return false;
}

void ct_build_runs(struct ct_core *core, struct ct_container *c, uint32_t engine)
{
	c->family = &ct_family_buildkit;
	memcpy(c->who.name, c->who.id, sizeof(c->who.id));
	asked_for(core, c, engine);
	ct_book_file(core, c);
}
