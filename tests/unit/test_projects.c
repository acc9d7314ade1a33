// SPDX-License-Identifier: GPL-2.0-only
/* What is told of a project of Docker Compose: from its requests, and from what is told of its containers. */
#include <stdio.h>

#include "runs.h"

#define LABELS(service) \
	"{\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"" service "\"}"

static struct life of_shop(unsigned n, const char *name, const char *labels)
{
	struct life l = life_of(n);

	l.name = name;
	l.labels = labels;
	return l;
}

static struct life db(void)
{
	return of_shop(1, "shop-db-1", LABELS("db"));
}

static struct life web(void)
{
	return of_shop(2, "shop-web-1", LABELS("web"));
}

static void ready(struct run *run, const struct life *l, double ms)
{
	tape_at(&run->t, ms);
	tape_output(&run->t, l->init, l->shim);
}

/* The process that asked leaves. */
static void leaves(struct run *run, double ms)
{
	tape_at(&run->t, ms);
	tape_exit(&run->t, LIFE_CLIENT, CT_ROLE_NONE, 0);
}

/* Both are made, then the database is started, and the service when that has been healthy for a second. */
static void up(struct run *run, struct life *d, struct life *w)
{
	life_create(&run->t, d, 10);
	life_create(&run->t, w, 12);
	life_start(&run->t, d, 30);
	ready(run, d, 200);
	life_start(&run->t, w, 1200);
	ready(run, w, 1400);
}

static const struct seen *only(const struct run *run, enum ct_record_type type)
{
	cr_assert_eq(count(run, type), 1, "%u of %s", count(run, type), ct_record_names[type]);
	return find(run, type, "shop", 0);
}

Test(projects, up)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	const struct seen *s;

	run->opts.steps = true;
	up(run, &d, &w);
	leaves(run, 1500);
	play_until(run, 4000);
	s = only(run, CT_RECORD_PROJECT_START);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 1400);
	expect_tiled(s);
	/* Both are created until 22, the database starts from 30 until 200, the service from 1200 on. */
	expect_phase(s, CT_PHASE_CONTAINERS, 12 + 170 + 200);
	expect_phase(s, CT_PHASE_CLIENT, 8 + 1000);
	cr_expect_str_eq(s->who.id, "shop");
	cr_expect_str_eq(s->who.project, "shop");
	cr_expect_str_eq(s->who.service, "");
	cr_expect_str_eq(s->who.image, "");
	cr_expect_str_eq(s->who.runtime, "runc");
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_eq(s->rec.ready, CT_READY_OUTPUT);
	cr_expect_eq(s->rec.ready_ns, tape_ns(1400));
	cr_expect_str_eq(s->steps[0].name, "container");
	cr_expect_str_eq(s->steps[0].detail, "db-1");
	cr_expect_eq(s->steps[0].begin_ns, tape_ns(10));
	s = find(run, CT_RECORD_START, "shop-web-1", 0);
	cr_expect_str_eq(s->who.project, "shop");
	cr_expect_str_eq(s->who.service, "web");
	expect_nothing_odd(run);
	run_free(run);
}

Test(projects, whose_client_is_there_may_go_on)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	struct ct_core *core;

	up(run, &d, &w);
	tape_at(&run->t, 2000);
	tape_clock(&run->t);
	tape_at(&run->t, 61000);
	tape_clock(&run->t);
	core = core_of(run);
	tape_feed(&run->t, core);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_START), 0, "a health check may be waited for");
	tape_free(&run->t);
	memset(&run->t, 0, sizeof(run->t));
	tape_at(&run->t, 62500);
	tape_clock(&run->t);
	tape_at(&run->t, 64000);
	tape_clock(&run->t);
	tape_feed(&run->t, core);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_START), 1);
	ct_core_free(core);
	run_free(run);
}

Test(projects, what_ends_before_the_next_is_init)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	const struct seen *s;

	life_create(&run->t, &d, 10);
	life_create(&run->t, &w, 12);
	life_start(&run->t, &d, 30);
	ready(run, &d, 200);
	life_exit(&run->t, &d, 500, 0);
	life_start(&run->t, &w, 700);
	ready(run, &w, 900);
	leaves(run, 1000);
	play_until(run, 4000);
	s = only(run, CT_RECORD_PROJECT_START);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_tiled(s);
	expect_phase(s, CT_PHASE_INIT, 10 + 470);
	expect_phase(s, CT_PHASE_CONTAINERS, 2 + 200);
	run_free(run);
}

Test(projects, made_long_before_it_is_started)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	const struct seen *s;

	life_create(&run->t, &d, 10);
	life_create(&run->t, &w, 12);
	life_start(&run->t, &d, 30);
	ready(run, &d, 200);
	life_start(&run->t, &w, 30000);
	ready(run, &w, 30200);
	leaves(run, 30300);
	play_until(run, 40000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 1, "nobody starts it for long");
	s = only(run, CT_RECORD_PROJECT_START);
	expect_span(s, 10, 30200);
	expect_phase(s, CT_PHASE_CONTAINERS, 12 + 170 + 200);
	expect_phase(s, CT_PHASE_CLIENT, 8 + 29800);
	expect_tiled(s);
	run_free(run);
}

Test(projects, what_is_only_made_has_not_started)
{
	struct run *run = run_new();
	struct life d = db();

	life_create(&run->t, &d, 10);
	leaves(run, 100);
	play_until(run, 70000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 1);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_START), 0);
	run_free(run);
}

Test(projects, who_exits_before_it_is_ready_has_failed)
{
	struct run *run = run_new();
	struct life d = db();
	const struct seen *s;

	life_create(&run->t, &d, 10);
	life_start(&run->t, &d, 30);
	life_exit(&run->t, &d, 300, 7 << 8);
	leaves(run, 400);
	play_until(run, 40000);
	s = only(run, CT_RECORD_PROJECT_START);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "db-1 has exited");
	cr_expect_eq(s->rec.exit_code, 7);
	run_free(run);
}

Test(projects, down)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	const struct seen *s;

	up(run, &d, &w);
	leaves(run, 1500);
	life_stop(&run->t, &w, 20000);
	life_stop(&run->t, &d, 20100);
	life_remove(&run->t, &w, 20200);
	life_remove(&run->t, &d, 20210);
	play_until(run, 30000);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_START), 1);
	s = only(run, CT_RECORD_PROJECT_STOP);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 20000, 20210 + LIFE_REMOVE);
	expect_tiled(s);
	expect_phase(s, CT_PHASE_CONTAINERS, 210 + LIFE_REMOVE);
	cr_expect(s->rec.removed);
	cr_expect_str_eq(s->who.name, "shop");
	expect_nothing_odd(run);
	run_free(run);
}

Test(projects, it_runs_as_long_as_any_of_it_does)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	const struct seen *s;

	up(run, &d, &w);
	leaves(run, 1500);
	life_stop(&run->t, &w, 20000);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_STOP), 0);
	run_free(run);

	run = run_new();
	d = db();
	w = web();
	up(run, &d, &w);
	leaves(run, 1500);
	life_stop(&run->t, &w, 20000);
	life_stop(&run->t, &d, 50000);
	play_until(run, 60000);
	s = only(run, CT_RECORD_PROJECT_STOP);
	expect_span(s, 50000, 50000 + LIFE_STOP_ANSWER);
	cr_expect_not(s->rec.removed);
	run_free(run);
}

Test(projects, what_is_restarted_is_neither)
{
	struct run *run = run_new();
	struct life d = db();

	life_create(&run->t, &d, 10);
	life_start(&run->t, &d, 30);
	ready(run, &d, 200);
	leaves(run, 300);
	life_request(&run->t, &d, 20000, "restart");
	life_exit(&run->t, &d, 20010, 15);
	d.init += 50;
	d.shim += 50;
	life_started_within(&run->t, &d, 20100);
	life_answer(&run->t, &d, 20100 + LIFE_START, 204, NULL);
	ready(run, &d, 20300);
	play_until(run, 40000);
	expect_counts(run, 2, 1, 1);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_START), 1);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_STOP), 0);
	run_free(run);
}

Test(projects, another_who_asks_starts_another_part)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	const struct seen *s;

	life_create(&run->t, &d, 10);
	life_start(&run->t, &d, 30);
	ready(run, &d, 200);
	leaves(run, 300);
	life_create(&run->t, &w, 10000);
	life_start(&run->t, &w, 10020);
	ready(run, &w, 10200);
	leaves(run, 10300);
	play_until(run, 20000);
	cr_assert_eq(count(run, CT_RECORD_PROJECT_START), 2);
	s = find(run, CT_RECORD_PROJECT_START, "shop", 1);
	expect_span(s, 10000, 10200);
	run_free(run);
}

/* The request was not heard, or not to its end: the engine's files say whose it is. */
Test(projects, by_the_files_of_the_engine)
{
	struct run *run = run_new();
	struct life d = db();

	d.labels = NULL;
	life_create(&run->t, &d, 10);
	tape_identity(&run->t, d.engine, "id", d.id, "engine", "docker", "project", "shop",
		      "service", "db", TAPE_END);
	life_start(&run->t, &d, 30);
	ready(run, &d, 200);
	leaves(run, 300);
	play_until(run, 20000);
	only(run, CT_RECORD_PROJECT_START);
	cr_expect_str_eq(find(run, CT_RECORD_START, d.name, 0)->who.service, "db");
	run_free(run);
}

Test(projects, what_is_of_none_makes_none)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_serves(&run->t, &l);
	life_stop(&run->t, &l, 1000);
	play_until(run, 80000);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(run->count, 2);
	run_free(run);
}
