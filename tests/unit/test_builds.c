// SPDX-License-Identifier: GPL-2.0-only
/* Steps of builds: of dockerd's legacy builder, and of BuildKit's. */
#include "runs.h"

#define BUILDER 7000 /* the client */
#define SOCKET  7004
#define RUNC    7100
#define INIT    7110

static void build_asked(struct run *run, double ms, uint32_t engine)
{
	struct tape *t = &run->t;

	tape_at(t, ms);
	t->engine = engine;
	tape_http_request(t, BUILDER, SOCKET, "POST /v1.41/build?t=x%3A1", NULL);
	tape_http_answer(t, engine, SOCKET, 200, NULL);
}

/* dockerd makes it, starts it and removes it; it is known when its runtime is called. */
static void step(struct run *run, struct life *l, double ms, const char *image)
{
	struct tape *t = &run->t;

	tape_at(t, ms - 1);
	tape_sync(t, l->engine, l->id, ".tmp-hostconfig.json1");
	tape_at(t, ms);
	tape_sync(t, l->engine, l->id, ".tmp-config.v2.json1");
	tape_at(t, ms + 2);
	tape_sync(t, l->engine, l->id, ".tmp-hostconfig.json2");
	tape_sync(t, l->engine, l->id, ".tmp-config.v2.json2");
	life_started_within(t, l, ms);
	tape_at(t, ms + 50);
	tape_identity(t, l->engine, "id", l->id, "engine", "docker", "name", l->name, "image",
		      image, "runtime", "runc", TAPE_END);
	life_exit(t, l, ms + 300, 1 << 8);
	life_vanish(t, l, ms + 400);
	tape_sort(t);
}

#define PARENT "sha256:6352a7b11e6b444f312ac5477e828624c025b08b0fee055166d266842c233625"

static struct life builder(struct run *run)
{
	struct life l = life_of(0);

	life_engines(&run->t);
	l.name = "kind_greider";
	return l;
}

Test(builds, a_step_is_told_once_with_all_that_it_was)
{
	struct run *run = run_new();
	struct life l = builder(run);
	const struct seen *s;

	build_asked(run, 5, l.engine);
	step(run, &l, 30, PARENT);
	play_until(run, 5000);
	cr_expect_eq(run->count, 1);
	s = find(run, CT_RECORD_BUILD, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 30, 30 + 400 + LIFE_REMOVE_UNLINKED);
	expect_phase(s, CT_PHASE_CONNECT, LIFE_CONNECT);
	expect_phase(s, CT_PHASE_START, LIFE_EXEC - LIFE_CONNECT);
	expect_phase(s, CT_PHASE_RUN, 300 - LIFE_EXEC);
	expect_phase(s, CT_PHASE_DIE, LIFE_DIE);
	expect_phase(s, CT_PHASE_DISCONNECT, LIFE_DISCONNECT - LIFE_DIE);
	cr_expect_eq(s->rec.exit_code, 1);
	cr_expect(s->rec.removed);
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_str_eq(s->who.image, PARENT);
	cr_expect_eq(s->who.client.pid, BUILDER);
	expect_nothing_odd(run);
	run_free(run);
}

/* What makes it none: how many builds are told, where nothing but that differs. */
static unsigned builds(bool asked, bool client_left, uint32_t engine, const char *image, bool made)
{
	struct run *run = run_new();
	struct life l = builder(run);
	unsigned n;

	if (asked)
		build_asked(run, 5, engine);
	tape_at(&run->t, 8);
	if (client_left)
		tape_exit(&run->t, BUILDER, CT_ROLE_NONE, 0);
	if (made)
		life_create(&run->t, &l, 15);
	step(run, &l, 30, image);
	play_until(run, 30000);
	n = count(run, CT_RECORD_BUILD);
	cr_expect_eq(n + count(run, CT_RECORD_START), 1);
	cr_expect_eq(n + count(run, CT_RECORD_STOP), 1);
	run_free(run);
	return n;
}

Test(builds, what_is_none)
{
	cr_expect_eq(builds(true, false, LIFE_DOCKERD, PARENT, false), 1);
	cr_expect_eq(builds(false, false, LIFE_DOCKERD, PARENT, false), 0, "nobody builds");
	cr_expect_eq(builds(true, true, LIFE_DOCKERD, PARENT, false), 0, "who did has left");
	cr_expect_eq(builds(true, false, 9999, PARENT, false), 0, "another engine does");
	cr_expect_eq(builds(true, false, LIFE_DOCKERD, "web:1", false), 0, "a user's image");
	cr_expect_eq(builds(true, false, LIFE_DOCKERD, PARENT, true), 0, "somebody has made it");
}

/* Whoever builds on a connection that is kept has been answered when he asks for something else there. */
Test(builds, over_when_its_client_goes_on)
{
	struct run *run = run_new();
	struct life l = builder(run);

	build_asked(run, 5, l.engine);
	tape_at(&run->t, 10);
	tape_http_request(&run->t, BUILDER, SOCKET, "GET /v1.41/images/x:1/json", NULL);
	tape_http_answer(&run->t, l.engine, SOCKET, 200, NULL);
	step(run, &l, 30, PARENT);
	play_until(run, 30000);
	cr_expect_eq(count(run, CT_RECORD_BUILD), 0);
	run_free(run);
}

/* Nobody answers a request for it: that its task cannot be made is all that is said. */
Test(builds, a_step_that_cannot_be_started)
{
	struct run *run = run_new();
	struct life l = builder(run);
	struct tape *t = &run->t;
	const struct seen *s;

	build_asked(run, 5, l.engine);
	tape_at(t, 30);
	tape_sync(t, l.engine, l.id, ".tmp-config.v2.json1");
	tape_at(t, 36);
	tape_sync(t, l.engine, l.id, ".tmp-hostconfig.json2");
	tape_at(t, 60);
	tape_ttrpc_request(t, l.containerd, l.shim_socket, 1, "Create", l.id, "/run/bundle");
	tape_at(t, 80);
	tape_identity(t, l.engine, "id", l.id, "engine", "docker", "name", l.name, "image", PARENT,
		      "runtime", "runc", TAPE_END);
	tape_at(t, 100);
	tape_ttrpc_error(t, l.shim, l.shim_socket, 1, "no such file");
	play_until(run, 5000);
	cr_expect_eq(run->count, 1);
	s = find(run, CT_RECORD_BUILD, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 30, 100);
	cr_expect_str_eq(s->message, "no such file");
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_START);
	run_free(run);
}

static void buildkit(struct run *run, double ms, bool runs)
{
	struct tape *t = &run->t;

	tape_at(t, ms);
	tape_fork(t, LIFE_DOCKERD, RUNC, CT_ROLE_ENGINE);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "--log", "/l", "run", "--bundle", "/b",
		  "o5mr5j7tpvx61sj468aqje3dp", TAPE_END);
	tape_at(t, ms + 10);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, ms + 90);
	if (runs)
		tape_exec(t, INIT, CT_ROLE_INIT, 0xf0000300, "/bin/sh", TAPE_END);
	tape_at(t, ms + 100);
	tape_exit(t, INIT, CT_ROLE_INIT, 7 << 8);
	tape_at(t, ms + 102);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 7 << 8);
}

Test(builds, a_step_of_buildkit)
{
	struct run *run = run_new();
	const struct seen *s;

	life_engines(&run->t);
	build_asked(run, 5, LIFE_DOCKERD);
	buildkit(run, 20, true);
	tape_at(&run->t, 125);
	tape_fork(&run->t, LIFE_DOCKERD, RUNC + 1, CT_ROLE_ENGINE);
	tape_exec(&run->t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "delete",
		  "o5mr5j7tpvx61sj468aqje3dp", TAPE_END);
	tape_at(&run->t, 130);
	tape_exit(&run->t, RUNC + 1, CT_ROLE_RUNTIME, 0);
	play_until(run, 5000);
	cr_expect_eq(run->count, 1);
	s = find(run, CT_RECORD_BUILD, "o5mr5j7tpvx61sj468aqje3dp", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 20, 130);
	expect_phase(s, CT_PHASE_START, 90);
	expect_phase(s, CT_PHASE_RUN, 10);
	expect_phase(s, CT_PHASE_DIE, 10);
	cr_expect_eq(s->rec.exit_code, 7);
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_str_eq(s->who.runtime, "runc");
	cr_expect_eq(s->who.client.pid, BUILDER);
	expect_nothing_odd(run);
	run_free(run);
}

Test(builds, a_step_of_buildkit_that_cannot_be_started)
{
	struct run *run = run_new();

	life_engines(&run->t);
	buildkit(run, 20, false);
	play_until(run, 5000);
	cr_expect_eq(run->count, 1);
	expect_outcome(find(run, CT_RECORD_BUILD, "o5mr5j7tpvx61sj468aqje3dp", 0),
		       CT_OUTCOME_FAILED);
	run_free(run);
}

/* Two build at once: whose step it is nobody knows. */
Test(builds, two_clients)
{
	struct run *run = run_new();

	life_engines(&run->t);
	build_asked(run, 5, LIFE_DOCKERD);
	tape_http_request(&run->t, BUILDER + 1, SOCKET + 2, "POST /session", NULL);
	tape_http_answer(&run->t, LIFE_DOCKERD, SOCKET + 2, 101, NULL);
	buildkit(run, 20, true);
	play_until(run, 5000);
	cr_expect_eq(run->count, 1);
	cr_expect_eq(run->seen[0].who.client.pid, 0);
	run_free(run);
}

/* What tracing does not see the end of is cut. */
Test(builds, cut)
{
	struct run *run = run_new();
	struct life l = builder(run);

	build_asked(run, 5, l.engine);
	step(run, &l, 30, PARENT);
	while (tape_event(&run->t, run->t.count - 1)->ts_ns > tape_ns(310))
		run->t.count--, run->t.len -= tape_event(&run->t, run->t.count)->len;
	play(run);
	cr_expect_eq(run->count, 1);
	expect_outcome(find(run, CT_RECORD_BUILD, l.name, 0), CT_OUTCOME_CUT);
	run_free(run);
}
