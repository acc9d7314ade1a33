// SPDX-License-Identifier: GPL-2.0-only
/* Lives of containers, event by event, and what the core says about them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "life.h"
#include "util/mem.h"

#define RECORDS_MAX 64

struct seen {
	struct ct_record rec;
	struct ct_identity who, predecessor;
	char message[384];
	struct ct_step steps[64];
};

struct run {
	struct tape t;
	struct ct_core_options opts;
	struct seen seen[RECORDS_MAX];
	size_t count;
	unsigned lookups;
	struct ct_core_counts counts;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	const char *wrong = check_record(rec);
	struct run *run = ctx;
	struct seen *s = &run->seen[run->count];

	cr_assert_null(wrong, "%s of '%s': %s", ct_record_names[rec->type], rec->who->name, wrong);
	cr_assert_lt(run->count++, RECORDS_MAX);
	s->rec = *rec;
	s->who = *rec->who;
	s->rec.who = &s->who;
	if (rec->predecessor)
		s->predecessor = *rec->predecessor;
	if (rec->message)
		strncpy(s->message, rec->message, sizeof(s->message) - 1);
	for (size_t i = 0; i < rec->step_count && i < CT_ARRAY_SIZE(s->steps); i++)
		s->steps[i] = rec->steps[i];
}

static void on_lookup(void *ctx, enum ct_lookup what, const char *id, uint32_t engine)
{
	struct run *run = ctx;

	cr_expect_eq(what, CT_LOOKUP_IDENTITY);
	cr_expect_eq(strlen(id), 64);
	cr_expect_eq(engine, LIFE_DOCKERD);
	run->lookups++;
}

static struct run *run_new(void)
{
	struct run *run = calloc(1, sizeof(*run));

	cr_assert(run);
	life_engines(&run->t);
	return run;
}

static void run_free(struct run *run)
{
	tape_free(&run->t);
	free(run);
}

static struct ct_core *core_of(struct run *run)
{
	const struct ct_core_ops ops = { .record = on_record, .lookup = on_lookup };
	struct ct_core *core = ct_core_new(&run->opts, &ops, run);

	cr_assert(core);
	return core;
}

/* Feeds the tape, and nothing after it. */
static void play(struct run *run)
{
	struct ct_core *core = core_of(run);

	tape_feed(&run->t, core);
	ct_core_flush(core);
	run->counts = ct_core_counts(core);
	ct_core_free(core);
}

/* The n-th record of a type of a container, which must be there. */
static const struct seen *find(const struct run *run, enum ct_record_type type, const char *name,
			       unsigned n)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct seen *s = &run->seen[i];

		if (s->rec.type == type && !strcmp(s->who.name, name) && !n--)
			return s;
	}
	cr_assert_fail("no %s of '%s' among %zu records", ct_record_names[type], name, run->count);
	return NULL;
}

static unsigned count(const struct run *run, enum ct_record_type type)
{
	unsigned n = 0;

	for (size_t i = 0; i < run->count; i++)
		n += run->seen[i].rec.type == type;
	return n;
}

static void expect_counts(const struct run *run, unsigned starts, unsigned stops, unsigned restarts)
{
	cr_expect_eq(count(run, CT_RECORD_START), starts, "%u starts", count(run, CT_RECORD_START));
	cr_expect_eq(count(run, CT_RECORD_STOP), stops, "%u stops", count(run, CT_RECORD_STOP));
	cr_expect_eq(count(run, CT_RECORD_RESTART), restarts, "%u restarts",
		     count(run, CT_RECORD_RESTART));
}

/* Sum of a phase in ms, within a nanosecond. */
static void expect_phase(const struct seen *s, enum ct_phase phase, double ms)
{
	uint64_t ns = ct_record_phase_ns(&s->rec, phase);

	cr_expect_eq(ns, (uint64_t)(ms * TAPE_MS + 0.5), "%s of %s '%s': %.3f ms, not %.3f",
		     ct_phase_names[phase], ct_record_names[s->rec.type], s->who.name,
		     (double)ns / TAPE_MS, ms);
}

static void expect_span(const struct seen *s, double begin_ms, double end_ms)
{
	cr_expect_eq(s->rec.begin_ns, tape_ns(begin_ms), "%s '%s' begins at %.3f ms",
		     ct_record_names[s->rec.type], s->who.name,
		     (double)(s->rec.begin_ns - TAPE_T0_NS) / TAPE_MS);
	cr_expect_eq(s->rec.end_ns, tape_ns(end_ms), "%s '%s' ends at %.3f ms",
		     ct_record_names[s->rec.type], s->who.name,
		     (double)(s->rec.end_ns - TAPE_T0_NS) / TAPE_MS);
}

static void expect_outcome(const struct seen *s, enum ct_outcome outcome)
{
	cr_expect_eq(s->rec.outcome, outcome, "%s '%s' is %s", ct_record_names[s->rec.type],
		     s->who.name, ct_outcome_names[s->rec.outcome]);
}

static void expect_nothing_odd(const struct run *run)
{
	for (int i = 0; i < CT_LOSS_MAX; i++)
		cr_expect_eq(run->counts.lost[i], 0, "loss %d", i);
	cr_expect_eq(run->counts.unmatched_exits, 0);
	cr_expect_eq(run->counts.unmatched_answers, 0);
	cr_expect_eq(run->counts.unmatched_requests, 0);
	cr_expect_eq(run->counts.unknown_phases, 0, "%llu unknown",
		     (unsigned long long)run->counts.unknown_phases);
}

/* docker run, docker stop, docker rm. */
static void run_stop_rm(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_attach(t, l, ms + 12);
	life_start(t, l, ms + 15);
	tape_at(t, ms + 200);
	tape_output(t, l->init, l->shim);
	life_request(t, l, ms + 1000, "stop?t=0");
	life_exit(t, l, ms + 1010, 9);
	life_answer(t, l, ms + 1076, 204, NULL);
	life_remove(t, l, ms + 1090);
	tape_at(t, ms + 1400);
	tape_clock(t);
}

static void expect_run_stop_rm(const struct run *run, const struct life *l, double ms)
{
	const struct seen *s = find(run, CT_RECORD_START, l->name, 0);

	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.cause, CT_CAUSE_REQUEST);
	cr_expect_str_eq(s->who.id, l->id);
	cr_expect_str_eq(s->who.image, l->image);
	cr_expect_str_eq(s->who.runtime, l->runtime);
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_eq(s->who.init_pid, l->init);
	cr_expect_eq(s->rec.exit_code, CT_NO_EXIT_CODE);
	cr_expect_eq(s->rec.ready, CT_READY_OUTPUT);
	cr_expect_eq(s->rec.ready_ns, tape_ns(ms + 200));
	expect_span(s, ms, ms + 200);
	expect_phase(s, CT_PHASE_CREATE, 10);
	expect_phase(s, CT_PHASE_ATTACH, 1);
	expect_phase(s, CT_PHASE_CONNECT, 6);
	expect_phase(s, CT_PHASE_START, 145);
	expect_phase(s, CT_PHASE_READY, 34);
	expect_phase(s, CT_PHASE_CLIENT, 4);
	cr_expect_eq(s->rec.missing, 0);

	s = find(run, CT_RECORD_STOP, l->name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, ms + 1000, ms + 1097);
	expect_phase(s, CT_PHASE_STOP, 10);
	expect_phase(s, CT_PHASE_DIE, 20);
	expect_phase(s, CT_PHASE_DISCONNECT, 40);
	expect_phase(s, CT_PHASE_DESTROY, 6 + 7);
	expect_phase(s, CT_PHASE_CLIENT, 14);
	cr_expect_eq(s->rec.run_ns, 800 * TAPE_MS);
	cr_expect_eq(s->rec.service_end_ns, tape_ns(ms + 1010));
	cr_expect_eq(s->rec.exit_code, 137, "%d", s->rec.exit_code);
	cr_expect(s->rec.removed);
	cr_expect_eq(s->rec.missing, 0);
}

Test(core, one_life)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run_stop_rm(&run->t, &l, 10);
	play(run);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(run->count, 2, "%zu records", run->count);
	expect_run_stop_rm(run, &l, 10);
	expect_nothing_odd(run);
	cr_expect_eq(run->lookups, 1);
	cr_expect_eq(run->counts.containers, 1);
	cr_expect_eq(run->counts.events, run->t.count);
	cr_expect_eq(run->counts.open, 0);
	run_free(run);
}

/* The records come while time passes, not at the end. */
Test(core, records_are_not_held_back)
{
	struct run *run = run_new();
	struct ct_core *core;
	struct life l = life_of(0);

	run_stop_rm(&run->t, &l, 10);
	tape_at(&run->t, 1500);
	tape_clock(&run->t);
	core = core_of(run);
	tape_feed(&run->t, core);
	cr_expect_eq(run->count, 2, "%zu records before the end", run->count);
	ct_core_free(core);
	run_free(run);
}

/* docker run -d: nobody attaches. */
Test(core, detached)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 300);
	tape_listen(&run->t, l.init, 80);
	play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_span(s, 10, 300);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_ATTACH);
	cr_expect_not(s->rec.missing & 1u << CT_PHASE_ATTACH);
	expect_phase(s, CT_PHASE_CLIENT, 10);
	expect_nothing_odd(run);
	run_free(run);
}

/* docker run true: it has exited before the start is answered. */
Test(core, exits_before_the_answer)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	life_exit(&run->t, &l, 30 + LIFE_EXEC + 1, 3 << 8);
	tape_sort(&run->t);
	tape_at(&run->t, 5000);
	tape_clock(&run->t);
	play(run);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10, 30 + LIFE_START);
	cr_expect_eq(s->rec.ready, -1);
	cr_expect_eq(s->rec.missing, 0, "what has exited is not awaited");
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.exit_code, 3);
	cr_expect_eq(s->rec.service_end_ns, tape_ns(30 + LIFE_EXEC + 1));
	/* It began to stop once it was started: the two records do not overlap. */
	cr_expect_geq(s->rec.begin_ns, find(run, CT_RECORD_START, l.name, 0)->rec.end_ns);
	run_free(run);
}

#define NO_IMAGE "No such image: nothing:1"

Test(core, create_fails)
{
	struct run *run = run_new();
	const struct seen *s;

	tape_at(&run->t, 10);
	tape_http_request(&run->t, LIFE_CLIENT, 2000, "POST /v1.41/containers/create?name=web",
			  "{\"Image\":\"nothing:1\",\"HostConfig\":{\"Runtime\":\"runsc\"}}");
	tape_at(&run->t, 13);
	tape_http_answer(&run->t, LIFE_DOCKERD, 2000, 404, "{\"message\":\"" NO_IMAGE "\"}\n");
	play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 13);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CREATE);
	cr_expect_str_eq(s->message, NO_IMAGE);
	cr_expect_str_eq(s->who.image, "nothing:1");
	cr_expect_str_eq(s->who.runtime, "runsc");
	cr_expect_eq(run->counts.containers, 0);
	expect_nothing_odd(run);
	run_free(run);
}

#define NO_COMMAND "OCI runtime create failed: exec: \\\"nothing\\\": not found"

/* docker run busybox nothing: runc create fails, dockerd answers 400. */
Test(core, start_fails)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint32_t runc = l.init + 10;
	const struct seen *s;

	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 36);
	tape_sync(t, LIFE_DOCKERD, l.id, ".tmp-hostconfig.json3107050383");
	tape_at(t, 50);
	tape_fork(t, LIFE_CONTAINERD, l.shim, CT_ROLE_ENGINE);
	tape_exec(t, l.shim, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-id", l.id, TAPE_END);
	tape_at(t, 60);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Create", l.id, "/bundle");
	tape_fork(t, l.shim, runc, CT_ROLE_SHIM);
	tape_exec(t, runc, CT_ROLE_RUNTIME, 1, "runc", "create", l.id, TAPE_END);
	tape_at(t, 100);
	tape_exit(t, runc, CT_ROLE_RUNTIME, 1 << 8);
	tape_at(t, 101);
	tape_ttrpc_error(t, l.shim, l.shim_socket, 3, "OCI runtime create failed");
	life_answer(t, &l, 120, 400, "{\"message\":\"" NO_COMMAND "\"}\n");
	life_remove(t, &l, 130);
	tape_at(t, 5000);
	tape_clock(t);
	play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 120);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_START, "%s",
		     ct_phase_names[s->rec.failed_phase]);
	cr_assert(s->rec.failed_step);
	cr_expect_str_eq(s->rec.failed_step, "runtime create");
	cr_expect_str_eq(s->message, "OCI runtime create failed: exec: \"nothing\": not found");
	expect_phase(s, CT_PHASE_CONNECT, 6);
	expect_phase(s, CT_PHASE_START, 84);
	cr_expect_eq(s->rec.missing, 0);
	run_free(run);
}

/* The network cannot be had: it fails before any task is asked for. */
Test(core, start_fails_in_connect)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "start");
	life_answer(&run->t, &l, 35, 500, "{\"message\":\"port is already allocated\"}\n");
	play(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CONNECT);
	cr_expect_null(s->rec.failed_step);
	cr_expect_str_eq(s->message, "port is already allocated");
	expect_span(s, 10, 35);
	run_free(run);
}

/* It runs already: whatever is answered to a second request, it was started once. */
static const int refusals[] = { 304, 404, 409, 500 };

Test(core, start_is_refused)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(refusals); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		unsigned failed = 0;

		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		tape_at(&run->t, 200);
		tape_output(&run->t, l.init, l.shim);
		life_request(&run->t, &l, 300, "start");
		life_answer(&run->t, &l, 301, refusals[i], NULL);
		play(run);
		for (size_t k = 0; k < run->count; k++)
			failed += run->seen[k].rec.outcome == CT_OUTCOME_FAILED;
		cr_expect_eq(failed, 0, "status %d", refusals[i]);
		expect_counts(run, 1, 0, 0);
		run_free(run);
	}
}

/* Created, never started: a record of its own, and its removal another. */
Test(core, created_only)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	life_remove(&run->t, &l, 9010);
	tape_at(&run->t, 15000);
	tape_clock(&run->t);
	play(run);
	expect_counts(run, 0, 0, 0);
	expect_span(find(run, CT_RECORD_CREATE, l.name, 0), 10, 20);
	expect_span(find(run, CT_RECORD_REMOVE, l.name, 0), 9010, 9010 + LIFE_REMOVE);
	cr_expect_eq(run->count, 2);
	run_free(run);
}

/* docker create, and the start long after: what lies between is the client's. */
Test(core, created_long_before)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	life_start(&run->t, &l, 9010);
	tape_at(&run->t, 9300);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	expect_counts(run, 1, 0, 0);
	expect_span(find(run, CT_RECORD_CREATE, l.name, 0), 10, 20);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_span(s, 9010, 9300);
	cr_expect_eq(s->rec.missing, 0);
	run_free(run);
}

/* --rm: dockerd removes it by itself, right after the stop. */
Test(core, removed_by_the_engine)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	life_exit(&run->t, &l, 500, 0);
	life_vanish(&run->t, &l, 500 + LIFE_STOPPED);
	tape_at(&run->t, 900);
	tape_clock(&run->t);
	play(run);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(run->count, 2, "%zu records", run->count);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 500, 500 + LIFE_STOPPED + LIFE_REMOVE_UNLINKED);
	cr_expect(s->rec.removed);
	cr_expect_eq(s->rec.exit_code, 0);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_STOP, "nobody stopped it");
	run_free(run);
}

/* docker rm long after the stop. */
Test(core, removed_later)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	life_exit(&run->t, &l, 500, 0);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	life_remove(&run->t, &l, 9010);
	tape_at(&run->t, 9900);
	tape_clock(&run->t);
	play(run);
	expect_counts(run, 1, 1, 0);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 500, 500 + LIFE_STOPPED);
	cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed);
	expect_span(find(run, CT_RECORD_REMOVE, l.name, 0), 9010, 9010 + LIFE_REMOVE);
	run_free(run);
}

/* docker rm -f: the removal is the stop. */
Test(core, removed_by_force)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	life_request(&run->t, &l, 490, "delete");
	life_exit(&run->t, &l, 500, 9);
	life_vanish(&run->t, &l, 570);
	life_answer(&run->t, &l, 580, 204, NULL);
	tape_at(&run->t, 900);
	tape_clock(&run->t);
	play(run);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_span(s, 490, 580);
	expect_phase(s, CT_PHASE_STOP, 10);
	cr_expect(s->rec.removed);
	run_free(run);
}

/* A restart policy: exit, and a new task of the same container that nobody asked for. */
Test(core, restart_policy)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	life_exit(&run->t, &l, 500, 1 << 8);
	l.init += 50;
	l.shim += 50;
	life_started_within(&run->t, &l, 700);
	tape_at(&run->t, 900);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	expect_counts(run, 2, 1, 1);
	s = find(run, CT_RECORD_START, l.name, 1);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.cause, CT_CAUSE_POLICY);
	cr_expect_eq(s->rec.ready, CT_READY_OUTPUT);
	cr_expect_eq(s->rec.end_ns, tape_ns(900));
	cr_expect_eq(s->who.init_pid, l.init);
	cr_expect_not(s->rec.seen & 1u << CT_PHASE_CREATE);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	cr_expect_eq(s->rec.exit_code, 1);
	s = find(run, CT_RECORD_RESTART, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_str_eq(s->predecessor.id, l.id, "its own");
	expect_span(s, 500, 900);
	run_free(run);
}

/* docker restart: one request, both halves. */
Test(core, restart_request)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	life_request(&run->t, &l, 490, "restart?t=0");
	life_exit(&run->t, &l, 500, 9);
	l.init += 50;
	l.shim += 50;
	life_started_within(&run->t, &l, 600);
	life_answer(&run->t, &l, 600 + LIFE_START, 204, NULL);
	tape_at(&run->t, 800);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	expect_counts(run, 2, 1, 1);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_STOP, 10);
	cr_expect_eq(s->rec.exit_code, 137);
	s = find(run, CT_RECORD_START, l.name, 1);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.cause, CT_CAUSE_RESTART_REQUEST);
	cr_expect_eq(s->rec.missing, 0, "%x", s->rec.missing);
	cr_expect_eq(s->rec.end_ns, tape_ns(800));
	s = find(run, CT_RECORD_RESTART, l.name, 0);
	expect_span(s, 500, 800);
	expect_phase(s, CT_PHASE_DIE, 20);
	expect_phase(s, CT_PHASE_DISCONNECT, 40);
	run_free(run);
}

/* docker stop; docker start: the same container, asked for twice. */
Test(core, started_again)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 200);
	tape_output(&run->t, l.init, l.shim);
	life_request(&run->t, &l, 490, "stop");
	life_exit(&run->t, &l, 500, 0);
	life_answer(&run->t, &l, 566, 204, NULL);
	l.init += 50;
	l.shim += 50;
	life_start(&run->t, &l, 600);
	tape_at(&run->t, 800);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	expect_counts(run, 2, 1, 1);
	s = find(run, CT_RECORD_START, l.name, 1);
	cr_expect_eq(s->rec.cause, CT_CAUSE_REQUEST);
	expect_span(s, 600, 800);
	expect_phase(s, CT_PHASE_CONNECT, 6);
	expect_span(find(run, CT_RECORD_RESTART, l.name, 0), 500, 800);
	run_free(run);
}

/* docker stop, docker rm, docker run of the same name: two containers, one service. */
Test(core, replaced_by_name)
{
	struct run *run = run_new();
	struct life first = life_of(0), second = life_of(1);
	const struct seen *s;

	second.name = first.name;
	run_stop_rm(&run->t, &first, 10);
	life_create(&run->t, &second, 1500);
	life_start(&run->t, &second, 1530);
	tape_at(&run->t, 1800);
	tape_accept(&run->t, second.init, 80);
	play(run);
	expect_counts(run, 2, 1, 1);
	s = find(run, CT_RECORD_RESTART, first.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1020, 1800);
	cr_expect_str_eq(s->who.id, second.id);
	cr_expect_str_eq(s->predecessor.id, first.id);
	cr_expect_eq(s->rec.ready, CT_READY_ACCEPT);
	expect_phase(s, CT_PHASE_DIE, 20);
	expect_phase(s, CT_PHASE_DISCONNECT, 40);
	expect_phase(s, CT_PHASE_CREATE, 10);
	expect_phase(s, CT_PHASE_UNKNOWN, 0);
	cr_expect_eq(s->rec.exit_code, 137);
	run_free(run);
}

/* No name in common: the same image and arguments make a successor, but only once. */
Test(core, replaced_by_image_and_arguments)
{
	struct run *run = run_new();
	struct life lives[3] = { life_of(0), life_of(1), life_of(2) };

	lives[1].args = lives[0].args;
	lives[2].args = lives[0].args;
	run_stop_rm(&run->t, &lives[0], 10);
	for (size_t i = 1; i < 3; i++) {
		life_create(&run->t, &lives[i], 1500.0 * (double)i);
		life_start(&run->t, &lives[i], 1500.0 * (double)i + 30);
		tape_at(&run->t, 1500.0 * (double)i + 300);
		tape_output(&run->t, lives[i].init, lives[i].shim);
	}
	play(run);
	expect_counts(run, 3, 1, 1);
	cr_expect_str_eq(find(run, CT_RECORD_RESTART, lives[1].name, 0)->predecessor.id,
			 lives[0].id);
	run_free(run);
}

/* Another image, other arguments, another name: somebody else. */
Test(core, not_replaced)
{
	struct run *run = run_new();
	struct life first = life_of(0), second = life_of(1);

	run_stop_rm(&run->t, &first, 10);
	life_create(&run->t, &second, 1500);
	life_start(&run->t, &second, 1530);
	tape_at(&run->t, 1800);
	tape_output(&run->t, second.init, second.shim);
	play(run);
	expect_counts(run, 2, 1, 0);
	run_free(run);
}

/* docker exec: requests, tasks and processes of a container that is not started again. */
Test(core, exec_is_no_start)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint32_t runc = l.init + 30, session = l.init + 31;

	life_create(t, &l, 10);
	life_start(t, &l, 30);
	tape_at(t, 200);
	tape_output(t, l.init, l.shim);
	life_request(t, &l, 1000, "exec");
	life_answer(t, &l, 1002, 201, "{\"Id\":\"ab12\"}\n");
	tape_at(t, 1003);
	tape_http_request(t, LIFE_CLIENT, l.client, "POST /v1.41/exec/ab12/start", "{}");
	tape_at(t, 1010);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 101, "Exec", l.id, "ab12");
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 101, 0, 0);
	tape_at(t, 1012);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 103, "Start", l.id, "ab12");
	tape_fork(t, l.shim, runc, CT_ROLE_SHIM);
	tape_exec(t, runc, CT_ROLE_RUNTIME, 1, "runc", "exec", "--process", "p.json", l.id,
		  TAPE_END);
	tape_fork(t, runc, session, CT_ROLE_RUNTIME);
	tape_at(t, 1050);
	tape_exec(t, session, CT_ROLE_INIT, 9, "ls", TAPE_END);
	tape_exit(t, runc, CT_ROLE_RUNTIME, 0);
	tape_at(t, 1052);
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 103, session, 0);
	tape_output(t, session, l.shim);
	tape_at(t, 1060);
	tape_exit(t, session, CT_ROLE_INIT, 1 << 8);
	tape_at(t, 1061);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 105, "Delete", l.id, "ab12");
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 105, session, 1);
	/* pause, unpause, kill -HUP: neither */
	life_request(t, &l, 1100, "pause");
	life_answer(t, &l, 1101, 204, NULL);
	life_request(t, &l, 1200, "unpause");
	life_answer(t, &l, 1201, 204, NULL);
	life_request(t, &l, 1300, "kill?signal=HUP");
	life_answer(t, &l, 1301, 204, NULL);
	tape_at(t, 60000);
	tape_clock(t);
	play(run);
	expect_counts(run, 1, 0, 0);
	cr_expect_eq(run->count, 1, "%zu records", run->count);
	cr_expect_eq(run->counts.open, 0);
	run_free(run);
}

/* It ran before tracing began: its stop is reported, its start is not. */
Test(core, already_running)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	tape_process(t, l.shim, 1, CT_ROLE_SHIM, "/usr/bin/containerd-shim-runc-v2", "-namespace",
		     "moby", "-id", l.id, TAPE_END);
	tape_process(t, l.init, l.shim, CT_ROLE_INIT, "serve", TAPE_END);
	tape_identity(t, LIFE_DOCKERD, "id", l.id, "engine", "docker", "name", l.name, "image",
		      l.image, "pid", "30000", "running", "1", "runtime", "runc", TAPE_END);
	tape_at(t, 100);
	tape_output(t, l.init, l.shim);
	life_request(t, &l, 1000, "stop");
	life_exit(t, &l, 1010, 15);
	life_answer(t, &l, 1076, 204, NULL);
	tape_at(t, 9000);
	tape_clock(t);
	play(run);
	expect_counts(run, 0, 1, 0);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1076);
	cr_expect_eq(s->who.init_pid, l.init);
	cr_expect_eq(s->rec.exit_code, 143);
	cr_expect_eq(s->rec.run_ns, 0, "since when is not known");
	expect_nothing_odd(run);
	run_free(run);
}

/* dockerd is killed in the middle of a start. */
Test(core, engine_exits)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_create(&run->t, &l, 10);
	life_request(&run->t, &l, 30, "start");
	tape_at(&run->t, 36);
	tape_sync(&run->t, LIFE_DOCKERD, l.id, ".tmp-hostconfig.json3107050383");
	tape_at(&run->t, 50);
	tape_exit(&run->t, LIFE_DOCKERD, CT_ROLE_ENGINE, 9);
	tape_at(&run->t, 60000);
	tape_clock(&run->t);
	play(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 50);
	cr_expect_str_eq(s->message, "the engine exited");
	run_free(run);
}

/* Tracing ends in the middle of a start, at every event of it. */
Test(core, cut_anywhere)
{
	struct run *whole = run_new();
	struct life l = life_of(0);

	run_stop_rm(&whole->t, &l, 10);
	for (size_t n = 0; n <= whole->t.count; n++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);

		for (size_t i = 0; i < n; i++)
			ct_core_feed(core, tape_event(&whole->t, i));
		ct_core_flush(core);
		cr_expect_leq(count(run, CT_RECORD_START), 1, "cut at %zu", n);
		cr_expect_leq(count(run, CT_RECORD_STOP), 1, "cut at %zu", n);
		for (size_t i = 0; i < run->count; i++)
			cr_expect_neq(run->seen[i].rec.outcome, CT_OUTCOME_FAILED, "cut at %zu", n);
		ct_core_free(core);
		run_free(run);
	}
	run_free(whole);
}

/* Two lives, event by event in turns: each as if the other were not. */
ParameterizedTestParameters(core, interleaved)
{
	static const double offsets[] = {
		0, 0.001, 0.5, 1, 3, 5, 6, 10, 15, 20, 60, 125, 500, 1000
	};

	return cr_make_param_array(const double, offsets, CT_ARRAY_SIZE(offsets));
}

ParameterizedTest(const double *offset, core, interleaved)
{
	struct run *run = run_new();
	struct life a = life_of(0), b = life_of(1);

	run_stop_rm(&run->t, &a, 10);
	run_stop_rm(&run->t, &b, 10 + *offset);
	tape_sort(&run->t);
	play(run);
	expect_counts(run, 2, 2, 0);
	cr_expect_eq(run->count, 4, "%zu records", run->count);
	expect_run_stop_rm(run, &a, 10);
	expect_run_stop_rm(run, &b, 10 + *offset);
	expect_nothing_odd(run);
	run_free(run);
}

/* Twenty at once: every start and stop once, none mixed up. */
Test(core, twenty_at_once)
{
	struct run *run = run_new();
	char ids[20][65], names[20][8];
	struct life lives[20];

	for (unsigned i = 0; i < 20; i++) {
		lives[i] = life_of(i);
		snprintf(ids[i], sizeof(ids[i]), "%064u", i + 1);
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		lives[i].id = ids[i];
		lives[i].name = names[i];
		lives[i].args = names[i];
		run_stop_rm(&run->t, &lives[i], 10 + 0.37 * i);
	}
	tape_sort(&run->t);
	play(run);
	expect_counts(run, 20, 20, 0);
	for (unsigned i = 0; i < 20; i++)
		expect_run_stop_rm(run, &lives[i], 10 + 0.37 * i);
	expect_nothing_odd(run);
	run_free(run);
}

/* One connection for all requests, as the docker command keeps it, and answers to other ones. */
Test(core, connection_is_used_again)
{
	struct run *run = run_new();
	struct life a = life_of(0), b = life_of(1);
	const struct seen *s;

	b.client = a.client;
	tape_at(&run->t, 5);
	tape_http_answer(&run->t, LIFE_DOCKERD, a.client, 200, NULL); /* to a GET /_ping */
	life_create(&run->t, &a, 10);
	tape_at(&run->t, 22);
	tape_http_request(&run->t, LIFE_CLIENT, a.client, "GET /v1.41/containers/x/json", NULL);
	tape_at(&run->t, 23);
	tape_http_answer(&run->t, LIFE_DOCKERD, a.client, 200, "{}");
	life_create(&run->t, &b, 30);
	life_start(&run->t, &a, 50);
	life_start(&run->t, &b, 250);
	tape_at(&run->t, 500);
	tape_output(&run->t, a.init, a.shim);
	tape_output(&run->t, b.init, b.shim);
	play(run);
	expect_counts(run, 2, 0, 0);
	s = find(run, CT_RECORD_START, a.name, 0);
	expect_span(s, 10, 500);
	expect_phase(s, CT_PHASE_CREATE, 10);
	s = find(run, CT_RECORD_START, b.name, 0);
	expect_span(s, 30, 500);
	expect_phase(s, CT_PHASE_CONNECT, 6);
	expect_nothing_odd(run);
	run_free(run);
}

/* By name and by the beginning of the id, as people name containers. */
Test(core, references)
{
	static const char *const refs[] = { "web", "7805ffef97dd", "7805" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(refs); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		char line[128];

		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		tape_at(&run->t, 200);
		tape_output(&run->t, l.init, l.shim);
		snprintf(line, sizeof(line), "POST /v1.41/containers/%s/stop", refs[i]);
		tape_at(&run->t, 1000);
		tape_http_request(&run->t, LIFE_CLIENT, l.client, line, NULL);
		life_exit(&run->t, &l, 1010, 0);
		life_answer(&run->t, &l, 1080, 204, NULL);
		play(run);
		expect_counts(run, 1, 1, 0);
		expect_span(find(run, CT_RECORD_STOP, l.name, 0), 1000, 1080);
		run_free(run);
	}
}

Test(core, unmatched_is_counted)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exit(t, 4711, CT_ROLE_RUNTIME, 0);
	tape_http_request(t, LIFE_CLIENT, 2000, "POST /v1.41/containers/unheard-of/stop", NULL);
	tape_http_answer(t, LIFE_DOCKERD, 2000, 404, "{\"message\":\"No such container\"}");
	/* An answer that names nothing. */
	tape_http_request(t, LIFE_CLIENT, 2002, "POST /v1.41/containers/create", "{}");
	tape_http_answer(t, LIFE_DOCKERD, 2002, 201, "no JSON");
	play(run);
	cr_expect_eq(run->counts.unmatched_exits, 1);
	cr_expect_eq(run->counts.unmatched_requests, 1);
	cr_expect_eq(run->counts.unmatched_answers, 1);
	cr_expect_eq(run->count, 0);
	run_free(run);
}

Test(core, losses_are_counted)
{
	struct run *run = run_new();

	tape_at(&run->t, 10);
	tape_lost(&run->t, CT_LOSS_RING, 7);
	tape_lost(&run->t, CT_LOSS_RING, 5);
	tape_lost(&run->t, CT_LOSS_ACTORS, 3);
	tape_lost(&run->t, 4000, 2); /* a cause that a newer coldtrace knows */
	tape_add(&run->t, 127, 1, NULL, 0);
	tape_at(&run->t, 1000);
	tape_clock(&run->t);
	tape_at(&run->t, 1100);
	tape_clock(&run->t);
	tape_at(&run->t, 11);
	tape_clock(&run->t); /* a second too late */
	play(run);
	cr_expect_eq(run->counts.lost[CT_LOSS_RING], 12);
	cr_expect_eq(run->counts.lost[CT_LOSS_ACTORS], 3);
	cr_expect_eq(run->counts.lost[CT_LOSS_UNKNOWN], 3);
	cr_expect_eq(run->counts.lost[CT_LOSS_LATE], 1, "%llu late",
		     (unsigned long long)run->counts.lost[CT_LOSS_LATE]);
	run_free(run);
}

/* The table of containers is full of such that live: the next ones are counted, not forgotten. */
Test(core, table_full)
{
	struct run *run = run_new();
	struct life lives[3] = { life_of(0), life_of(1), life_of(2) };

	run->opts.containers_max = 2;
	for (size_t i = 0; i < 3; i++) {
		life_create(&run->t, &lives[i], 10 + 400.0 * (double)i);
		life_start(&run->t, &lives[i], 30 + 400.0 * (double)i);
		tape_at(&run->t, 300 + 400.0 * (double)i);
		tape_output(&run->t, lives[i].init, lives[i].shim);
	}
	play(run);
	expect_counts(run, 2, 0, 0);
	cr_expect_gt(run->counts.lost[CT_LOSS_TABLE], 0);
	cr_expect_eq(run->counts.containers, 2);
	run_free(run);

	/* Those that are removed make room. */
	run = run_new();
	run->opts.containers_max = 2;
	for (size_t i = 0; i < 3; i++) {
		lives[i] = life_of((unsigned)i);
		run_stop_rm(&run->t, &lives[i], 10 + 2000.0 * (double)i);
	}
	play(run);
	expect_counts(run, 3, 3, 0);
	expect_nothing_odd(run);
	cr_expect_eq(run->counts.containers, 3);
	run_free(run);
}

#define BIT(symbol) (1u << CT_READY_##symbol)

/* Columns: asked for, what shows it (-1: nothing), its time; without, the timeout ends it. */
static const struct {
	const char *name;
	uint32_t mask;
	int by;
	double at, clock;
	bool in_options; /* asked for when it was recorded, not now */
} readies[] = {
	{ "first of three", 0, CT_READY_OUTPUT, 300, 0, false },
	{ "relayed by the shim", 0, CT_READY_OUTPUT, 290, 0, false },
	{ "listen", BIT(LISTEN), CT_READY_LISTEN, 310, 0, false },
	{ "accept", BIT(ACCEPT), CT_READY_ACCEPT, 320, 0, false },
	{ "exec", BIT(EXEC), CT_READY_EXEC, 30 + LIFE_EXEC, 0, false },
	{ "path", BIT(PATH), CT_READY_PATH, 330, 0, false },
	{ "listen or accept", BIT(LISTEN) | BIT(ACCEPT), CT_READY_LISTEN, 310, 0, false },
	{ "as it was recorded", BIT(PATH), CT_READY_PATH, 330, 0, true },
	{ "never", BIT(PATH), -1, 0, 20000, false },
};

Test(core, ready)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(readies); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		const struct seen *s;

		if (readies[i].in_options)
			tape_options(&run->t, readies[i].mask);
		else
			run->opts.ready_mask = readies[i].mask;
		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		if (readies[i].clock > 0) {
			tape_at(&run->t, readies[i].clock);
			tape_clock(&run->t);
		} else {
			if (readies[i].at == 290) {
				tape_at(&run->t, 290);
				tape_relay(&run->t, l.shim, l.id, "init-stdout");
			}
			tape_at(&run->t, 300);
			tape_output(&run->t, l.init, l.shim);
			tape_at(&run->t, 310);
			tape_listen(&run->t, l.init, 80);
			tape_at(&run->t, 320);
			tape_accept(&run->t, l.init, 80);
			tape_at(&run->t, 330);
			tape_open(&run->t, l.init, "/run/app.ready");
		}
		play(run);
		expect_counts(run, 1, 0, 0);
		s = find(run, CT_RECORD_START, l.name, 0);
		cr_expect_eq(s->rec.ready, readies[i].by, "%s: by %d", readies[i].name,
			     s->rec.ready);
		expect_outcome(s, CT_OUTCOME_OK);
		if (readies[i].by < 0) {
			cr_expect(s->rec.missing & 1u << CT_PHASE_READY, "%s", readies[i].name);
			expect_span(s, 10, 30 + LIFE_START);
			cr_expect_eq(run->counts.unknown_phases, 1);
		} else {
			cr_expect_eq(s->rec.ready_ns, tape_ns(readies[i].at), "%s",
				     readies[i].name);
			cr_expect_eq(s->rec.missing, 0, "%s", readies[i].name);
		}
		run_free(run);
	}
}

/* The core says until when nothing can happen without an event, and CLOCK is one. */
Test(core, deadline)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	struct ct_core *core;
	uint64_t deadline, now = 0;

	run->opts.ready_timeout_ns = 500 * TAPE_MS;
	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	core = core_of(run);
	cr_expect_eq(ct_core_deadline(core), 0);
	tape_feed(&run->t, core);
	for (unsigned i = 0; i < 100 && (deadline = ct_core_deadline(core)); i++) {
		struct tape clock = { .now_ns = now < deadline ? deadline : now };

		now = clock.now_ns + 50 * TAPE_MS; /* as often as it is asked */
		tape_clock(&clock);
		tape_feed(&clock, core);
		tape_free(&clock);
	}
	cr_expect_eq(run->count, 1, "the start is over when nothing shows that it is ready");
	cr_expect_eq(ct_core_deadline(core), 0, "nothing is awaited any more");
	ct_core_free(core);
	run_free(run);
}

/* A random half of the events, of two lives, shuffled within the window: still a tiling. */
Test(core, whatever_is_lost)
{
	uint32_t seed = 3;

	for (unsigned round = 0; round < 300; round++) {
		struct run *whole = run_new(), *run = run_new();
		struct life lives[2] = { life_of(0), life_of(1) };
		struct ct_core *core;

		run->opts.steps = round & 1;
		if (round & 2)
			lives[1].name = lives[0].name;
		run_stop_rm(&whole->t, &lives[0], 10);
		run_stop_rm(&whole->t, &lives[1], round & 4 ? 13 : 1500);
		tape_sort(&whole->t);
		core = core_of(run);
		for (size_t i = 0; i < whole->t.count; i++) {
			seed = seed * 1664525 + 1013904223;
			if (seed >> 24 > 16 * (round % 16))
				ct_core_feed(core, tape_event(&whole->t, i));
		}
		ct_core_flush(core);
		cr_expect_leq(count(run, CT_RECORD_START), 3, "round %u", round);
		cr_expect_leq(count(run, CT_RECORD_STOP), 3, "round %u", round);
		ct_core_free(core);
		run_free(run);
		run_free(whole);
	}
}

static bool has_step(const struct seen *s, const char *name, enum ct_phase phase, double begin_ms,
		     double end_ms)
{
	for (size_t i = 0; i < s->rec.step_count && i < CT_ARRAY_SIZE(s->steps); i++) {
		const struct ct_step *step = &s->steps[i];

		if (!strcmp(step->name, name) && step->phase == phase &&
		    step->begin_ns == tape_ns(begin_ms) && step->end_ns == tape_ns(end_ms))
			return true;
	}
	return false;
}

/* Columns: step, phase, begin and end in ms after the start request. */
static const struct {
	const char *name;
	enum ct_phase phase;
	double begin, end;
} start_steps[] = {
	{ "task create", CT_PHASE_START, 30, 125 },
	{ "runtime create", CT_PHASE_START, 31, 120 },
	{ "runtime init", CT_PHASE_START, 40, LIFE_EXEC },
	{ "task start", CT_PHASE_START, 126, 143 },
	{ "runtime start", CT_PHASE_START, 127, 142 },
	{ "rootfs mount", CT_PHASE_CONNECT, 1, 2 },
	{ "mounts", CT_PHASE_START, 50, 53 },
	{ "cgroup", CT_PHASE_START, 45, 45 },
};

Test(core, steps)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	run->opts.steps = true;
	life_create(t, &l, 10);
	tape_at(t, 21);
	tape_identity(t, LIFE_DOCKERD, "id", l.id, "layer", "e344e0429a36d2b4", TAPE_END);
	life_start(t, &l, 30);
	tape_at(t, 32);
	tape_call(t, LIFE_DOCKERD, CT_CALL_MOUNT, 1, "overlay",
		  "/var/lib/docker/overlay2/e344e0429a36d2b4/merged", "overlay", TAPE_END);
	tape_at(t, 75);
	tape_cgroup(t, l.init + 10, "/docker/7805");
	for (int i = 0; i < 3; i++) {
		tape_at(t, 81 + i);
		tape_call(t, l.init, CT_CALL_MOUNT, 1, "proc", "/proc", "proc", TAPE_END);
	}
	tape_at(t, 300);
	tape_output(t, l.init, l.shim);
	tape_sort(t);
	play(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	cr_expect_leq(s->rec.step_count, CT_ARRAY_SIZE(s->steps));
	for (size_t i = 0; i < CT_ARRAY_SIZE(start_steps); i++)
		cr_expect(has_step(s, start_steps[i].name, start_steps[i].phase,
				   30 + start_steps[i].begin, 30 + start_steps[i].end),
			  "no step '%s'", start_steps[i].name);
	for (size_t i = 0; i < s->rec.step_count; i++) {
		if (!strcmp(s->steps[i].name, "mounts"))
			cr_expect_eq(s->steps[i].count, 3, "three mounts in a row are one step");
	}
	run_free(run);
}

/* Without the option nothing of them is kept. */
Test(core, no_steps)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run_stop_rm(&run->t, &l, 10);
	play(run);
	for (size_t i = 0; i < run->count; i++)
		cr_expect_eq(run->seen[i].rec.step_count, 0);
	run_free(run);
}

/* Columns: what is wrong with an event, its fields, error. */
static const struct {
	uint16_t len, tail_len;
	size_t room;
	const char *error;
} events[] = {
	{ 56, 0, 56, NULL },
	{ 64, 8, 64, NULL },
	{ 64, 8, 640, NULL },
	{ 56, 0, 55, "event header needs 56 bytes, 55 left" },
	{ 0, 0, 56, "event length 0 is no event's" },
	{ 48, 0, 56, "event length 48 is no event's" },
	{ 60, 0, 64, "event length 60 is no event's" },
	{ 64, 0, 56, "event length 64, 56 bytes left" },
	{ 64, 9, 64, "event tail of 9 bytes in a record of 64" },
};

Test(core, event_check)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(events); i++) {
		struct ct_event *e =
			calloc(1, events[i].room > sizeof(*e) ? events[i].room : sizeof(*e));
		struct ct_err err = { 0 };
		int ret;

		cr_assert(e);
		e->len = events[i].len;
		e->tail_len = events[i].tail_len;
		ret = ct_event_check(e, events[i].room, &err);
		cr_expect_eq(ret < 0, events[i].error != NULL, "%zu", i);
		if (events[i].error)
			cr_expect_str_eq(err.msg, events[i].error, "%s", err.msg);
		free(e);
	}
}
