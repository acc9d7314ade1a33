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

/* A step is called as the container is in its project. */
Test(projects, what_its_containers_are_called)
{
	static const struct {
		const char *name, *told;
	} names[] = { { "shop-db-1", "db-1" },
		      { "shop_db_1", "db_1" },
		      { "shop-", "shop-" },
		      { "shopdb", "shopdb" },
		      { "base", "base" } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++) {
		struct run *run = run_new();
		struct life d = of_shop(1, names[i].name, LABELS("db"));

		run->opts.steps = true;
		life_create(&run->t, &d, 10);
		life_start(&run->t, &d, 30);
		ready(run, &d, 200);
		leaves(run, 300);
		play_until(run, 20000);
		cr_expect_str_eq(only(run, CT_RECORD_PROJECT_START)->steps[0].detail,
				 names[i].told);
		run_free(run);
	}
}

/* The recording ends: what waits for nothing but time is told as it is, what may go on is not all. */
Test(projects, when_nothing_more_is_heard)
{
	for (unsigned how = 0; how < 5; how++) {
		struct run *run = run_new();
		struct life d = db(), w = web();

		up(run, &d, &w);
		if (how)
			leaves(run, 1500);
		if (how > 1)
			life_stop(&run->t, &w, 1600);
		if (how > 2)
			life_stop(&run->t, &d, 1700);
		if (how == 4) {
			life_remove(&run->t, &w, 1900);
			life_remove(&run->t, &d, 1910);
		}
		play(run);
		expect_outcome(only(run, CT_RECORD_PROJECT_START),
			       how ? CT_OUTCOME_OK : CT_OUTCOME_CUT);
		cr_expect_eq(count(run, CT_RECORD_PROJECT_STOP), how > 2, "%u", how);
		if (how > 2)
			cr_expect_eq(find(run, CT_RECORD_PROJECT_STOP, "shop", 0)->rec.removed,
				     how == 4);
		run_free(run);
	}
}

/* Two projects, one within the other's start: neither waits for the other, nor has its containers. */
Test(projects, beside_another)
{
	static const char bar[] = "{\"com.docker.compose.project\":\"bar\","
				  "\"com.docker.compose.service\":\"db\"}";
	struct run *run = run_new();
	struct life d = db(), w = web(), b = of_shop(3, "bar-db-1", bar);

	life_create(&run->t, &d, 10);
	life_create(&run->t, &w, 12);
	life_start(&run->t, &d, 30);
	ready(run, &d, 200);
	life_create(&run->t, &b, 300);
	life_start(&run->t, &b, 320);
	ready(run, &b, 500);
	life_start(&run->t, &w, 1200);
	ready(run, &w, 1400);
	leaves(run, 1500);
	life_stop(&run->t, &b, 20000);
	play_until(run, 40000);
	cr_assert_eq(count(run, CT_RECORD_PROJECT_START), 2);
	expect_span(find(run, CT_RECORD_PROJECT_START, "shop", 0), 10, 1400);
	expect_span(find(run, CT_RECORD_PROJECT_START, "bar", 0), 300, 500);
	cr_assert_eq(count(run, CT_RECORD_PROJECT_STOP), 1, "all others still run");
	expect_span(find(run, CT_RECORD_PROJECT_STOP, "bar", 0), 20000, 20000 + LIFE_STOP_ANSWER);
	run_free(run);
}

/* Who asked has left: what is between two states is waited for. */
Test(projects, what_is_not_ready_yet)
{
	struct run *run = run_new();
	struct life d = db(), w = web();

	life_create(&run->t, &d, 10);
	life_create(&run->t, &w, 12);
	life_start(&run->t, &w, 30);
	ready(run, &w, 200);
	life_start(&run->t, &d, 300);
	leaves(run, 500);
	ready(run, &d, 6000);
	play_until(run, 20000);
	expect_span(only(run, CT_RECORD_PROJECT_START), 10, 6000);
	run_free(run);
}

/* Its client is still there when it stops: its start is told first. */
Test(projects, what_stops_before_its_start_was_told)
{
	struct run *run = run_new();
	struct life d = db(), w = web();
	size_t start = 0, stop = 0;

	up(run, &d, &w);
	life_stop(&run->t, &w, 3000);
	life_stop(&run->t, &d, 3100);
	play_until(run, 20000);
	only(run, CT_RECORD_PROJECT_START);
	expect_span(only(run, CT_RECORD_PROJECT_STOP), 3000, 3100 + LIFE_STOP_ANSWER);
	while (run->seen[start].rec.type != CT_RECORD_PROJECT_START)
		start++;
	while (run->seen[stop].rec.type != CT_RECORD_PROJECT_STOP)
		stop++;
	cr_expect_lt(start, stop);
	run_free(run);
}

/* What its engine starts again was asked for by nobody, and its client waits for the rest. */
Test(projects, what_the_engine_tries_again)
{
	for (unsigned late = 0; late < 2; late++) {
		struct run *run = run_new();
		struct life d = db(), w = web();

		life_create(&run->t, &d, 10);
		life_create(&run->t, &w, 12);
		life_start(&run->t, &d, 30);
		ready(run, &d, 200);
		life_start(&run->t, &w, 600);
		ready(run, &w, 800);
		leaves(run, 900);
		life_exit(&run->t, &d, late ? 9000 : 1000, 1 << 8);
		d.init += 50;
		d.shim += 50;
		life_started_within(&run->t, &d, late ? 9200 : 1200);
		ready(run, &d, late ? 9400 : 1400);
		play_until(run, 30000);
		expect_counts(run, 3, 1, 1);
		expect_outcome(only(run, CT_RECORD_PROJECT_START), CT_OUTCOME_OK);
		cr_expect_eq(count(run, CT_RECORD_PROJECT_STOP), 0);
		run_free(run);
	}
}

/* All of it is gone and forgotten, then it comes again: another project, with nothing of the first. */
Test(projects, what_was_forgotten)
{
	struct run *run = run_new();
	struct life d = db(), w = web(), other = life_of(3),
		    again = of_shop(4, "shop-db-1", LABELS("db"));

	up(run, &d, &w);
	leaves(run, 1500);
	life_stop(&run->t, &w, 20000);
	life_stop(&run->t, &d, 20100);
	life_remove(&run->t, &w, 20200);
	life_remove(&run->t, &d, 20210);
	life_create(&run->t, &other, 400000);
	life_create(&run->t, &again, 500000);
	life_start(&run->t, &again, 500020);
	ready(run, &again, 500200);
	leaves(run, 500300);
	play_until(run, 600000);
	cr_assert_eq(count(run, CT_RECORD_PROJECT_START), 2);
	cr_expect_eq(count(run, CT_RECORD_PROJECT_STOP), 1);
	expect_span(find(run, CT_RECORD_PROJECT_START, "shop", 1), 500000, 500200);
	run_free(run);
}
