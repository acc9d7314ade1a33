// SPDX-License-Identifier: GPL-2.0-only
/* What is lost, odd, late or asked for; steps. */
#include <criterion/criterion.h>

#include "core/book/book.h"
#include "core/hear/talk.h"
#include "runs.h"

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

		life_serves(&run->t, &l);
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

/* docker rename: from then on it goes by its new name, unless the engine refuses. */
Test(core, renamed)
{
	for (int refused = 0; refused < 2; refused++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		const char *name = refused ? l.name : "other";

		life_serves(&run->t, &l);
		life_request(&run->t, &l, 900, "rename?name=other");
		life_answer(&run->t, &l, 910, refused ? 409 : 204, NULL);
		tape_at(&run->t, 1000);
		tape_http_request(&run->t, LIFE_CLIENT, l.client,
				  refused ? "POST /v1.41/containers/web/stop"
					  : "POST /v1.41/containers/other/stop",
				  NULL);
		life_exit(&run->t, &l, 1010, 0);
		life_answer(&run->t, &l, 1080, 204, NULL);
		play(run);
		expect_counts(run, 1, 1, 0);
		expect_span(find(run, CT_RECORD_STOP, name, 0), 1000, 1080);
		cr_expect_eq(run->counts.unmatched_requests, 0);
		run_free(run);
	}
}

/* The exit of a process was lost, its pid is another's now: that one is nobody's. */
Test(core, pid_is_used_again)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 300);
	tape_fork(&run->t, 4711, l.init, CT_ROLE_RUNTIME); /* of a parent that was lost, too */
	tape_exit(&run->t, l.init, CT_ROLE_RUNTIME, 1 << 8);
	play_until(run, 20000);
	expect_counts(run, 1, 0, 0);
	run_free(run);
}

/* A hostile recording forks for ever: what does not fit is counted. */
Test(core, processes_full)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct ct_event e = { .len = sizeof(e), .kind = CT_KIND_FORK, .ts_ns = TAPE_T0_NS };

	tape_feed(&run->t, core);
	e.tgid = LIFE_DOCKERD;
	for (e.obj = 100001; e.obj <= 400000; e.obj++)
		ct_core_feed(core, &e);
	ct_core_flush(core);
	cr_expect_geq(ct_core_counts(core).lost[CT_LOSS_ACTORS], 300000 - 262144);
	cr_expect_leq(ct_core_counts(core).lost[CT_LOSS_ACTORS], 300010 - 262144);
	cr_expect(ct_actor_get(core, LIFE_DOCKERD));
	ct_core_free(core);
	run_free(run);
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

/* A full table gives up the longest silent: nobody can tell whether it lives, so it is counted. */
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
	expect_counts(run, 3, 0, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 1);
	run_free(run);

	/* Those that are removed make room; for a while a successor may come, and is no restart then. */
	run = run_new();
	run->opts.containers_max = 2;
	for (size_t i = 0; i < 3; i++) {
		lives[i] = life_of((unsigned)i);
		run_stop_rm(&run->t, &lives[i], 10 + 2000.0 * (double)i);
	}
	play(run);
	expect_counts(run, 3, 3, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 1);
	cr_expect_eq(run->counts.unknown_phases, 0);
	cr_expect_eq(run->counts.containers, 3);
	run_free(run);

	/* So do those that have stopped and stay, when there is no other room. */
	run = run_new();
	run->opts.containers_max = 2;
	for (size_t i = 0; i < 3; i++) {
		double ms = 10 + 20000.0 * (double)i;

		lives[i] = life_of((unsigned)i);
		life_create(&run->t, &lives[i], ms);
		life_start(&run->t, &lives[i], ms + 20);
		tape_at(&run->t, ms + 300);
		tape_output(&run->t, lives[i].init, lives[i].shim);
		life_exit(&run->t, &lives[i], ms + 500, 0);
		tape_at(&run->t, ms + 9000);
		tape_clock(&run->t);
	}
	play(run);
	expect_counts(run, 3, 3, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 1);
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
			cr_expect_eq(s->rec.missing, 0, "%s: it never was", readies[i].name);
			expect_span(s, 10, 30 + LIFE_START);
			cr_expect_eq(run->counts.unknown_phases, 0);
		} else {
			cr_expect_eq(s->rec.ready_ns, tape_ns(readies[i].at), "%s",
				     readies[i].name);
			cr_expect_eq(s->rec.missing, 0, "%s", readies[i].name);
		}
		run_free(run);
	}
}

/* All probes are attached. Columns: when, what is told of a start at 10 ms, and of a stop at 500. */
static const struct {
	double begin;
	enum ct_outcome start, stop;
	uint64_t early;
} begins[] = {
	{ 0, CT_OUTCOME_OK, CT_OUTCOME_OK, 0 },
	{ 9, CT_OUTCOME_OK, CT_OUTCOME_OK, 0 },
	{ 15, CT_OUTCOME_CUT, CT_OUTCOME_OK, 1 },
	{ 505, CT_OUTCOME_CUT, CT_OUTCOME_CUT, 2 },
};

Test(core, began_before_all_was_attached)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(begins); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		tape_at(&run->t, 0);
		if (begins[i].begin > 0)
			tape_add(&run->t, CT_KIND_BEGIN, 0, NULL, 0)->arg =
				(uint64_t)(begins[i].begin * TAPE_MS);
		life_serves(&run->t, &l);
		life_stop(&run->t, &l, 500);
		play_until(run, 5000);
		expect_counts(run, 1, 1, 0);
		expect_outcome(find(run, CT_RECORD_START, l.name, 0), begins[i].start);
		expect_outcome(find(run, CT_RECORD_STOP, l.name, 0), begins[i].stop);
		cr_expect_eq(run->counts.early, begins[i].early, "row %zu", i);
		run_free(run);
	}
}

/* No sign of being ready. Columns: when tracing ends, whether something is lost, what ready is. */
static const struct {
	double end;
	double lost; /* when; 0: never */
	bool unknown;
} signless[] = {
	{ 20000, 0, false },
	{ 20000, 5, false }, /* before it began */
	{ 20000, 200, true }, /* it may have been the sign */
	{ 3000, 0, true }, /* there was time for one */
};

Test(core, ready_never_came_or_is_not_known)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(signless); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		if (signless[i].lost == 5) {
			tape_at(&run->t, 5);
			tape_lost(&run->t, CT_LOSS_RING, 1);
		}
		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		if (signless[i].lost == 200) {
			tape_at(&run->t, 200);
			tape_lost(&run->t, CT_LOSS_RING, 1);
		}
		play_until(run, signless[i].end);
		cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.missing,
			     signless[i].unknown ? 1u << CT_PHASE_READY : 0, "row %zu", i);
		cr_expect_eq(run->counts.unknown_phases, signless[i].unknown, "row %zu", i);
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

/* Found by the fuzzer: a role that nobody knows is none. A run has it that a newer coldtrace recorded. */
Test(core, role_of_a_newer_one)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	run->opts.steps = true;
	run_stop_rm(t, &l, 10);
	tape_at(t, 250);
	tape_fork(t, l.init, l.init + 1, 68);
	tape_exec(t, l.init + 1, 68, 1, "odd", TAPE_END);
	tape_call(t, l.init + 1, CT_CALL_MOUNT, 1, "proc", "/proc", "proc", TAPE_END);
	tape_sort(t);
	play(run);
	expect_counts(run, 1, 1, 0);
	run_free(run);
}

/* Found by the fuzzer: an answer from before its request, too late to be put in order. */
Test(core, steps_out_of_order)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	run->opts.steps = true;
	life_create(t, &l, 10);
	life_request(t, &l, 30, "start");
	tape_at(t, 60);
	tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Create", l.id, "/bundle");
	tape_at(t, 200);
	tape_clock(t);
	tape_at(t, 300);
	tape_clock(t);
	tape_at(t, 50);
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 3, l.init, 0);
	life_answer(t, &l, 310, 500, "{}");
	play(run);
	expect_counts(run, 1, 0, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_LATE], 1);
	cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.step_count, 1);
	run_free(run);
}

/* Longer than anybody is preempted in the middle of a send. */
#define LATE_NS 5000000

static struct ct_event *event_of(struct tape *t, size_t i)
{
	return (struct ct_event *)(uintptr_t)tape_event(t, i);
}

/*
 * A send is heard when it is done. Who is preempted just then is heard after what it led to: each
 * send of a life in turn is heard after the next one, whatever it was.
 */
Test(core, heard_late)
{
	size_t tried = 0;

	for (size_t i = 0;; i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		size_t next = i + 1;

		run_stop_rm(&run->t, &l, 10);
		if (i >= run->t.count) {
			run_free(run);
			break;
		}
		while (next < run->t.count && event_of(&run->t, next)->kind != CT_KIND_SEND)
			next++;
		if (event_of(&run->t, i)->kind == CT_KIND_SEND && next < run->t.count &&
		    event_of(&run->t, next)->ts_ns - event_of(&run->t, i)->ts_ns < LATE_NS) {
			event_of(&run->t, i)->ts_ns = event_of(&run->t, next)->ts_ns + 1000;
			play(run);
			cr_expect_eq(count(run, CT_RECORD_START), 1, "send %zu late", i);
			cr_expect_eq(count(run, CT_RECORD_STOP), 1, "send %zu late", i);
			for (size_t k = 0; k < run->count; k++) {
				const struct ct_record *rec = &run->seen[k].rec;

				cr_expect_eq(rec->outcome, CT_OUTCOME_OK, "send %zu late: %s", i,
					     ct_record_names[rec->type]);
				cr_expect_eq(rec->missing, 0, "send %zu late: %s misses %x", i,
					     ct_record_names[rec->type], rec->missing);
			}
			tried++;
		}
		run_free(run);
	}
	cr_expect_gt(tried, 5);
}

/* The answer to what the client asked before on the same connection is none to this. */
Test(core, answer_of_the_request_before)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run_stop_rm(&run->t, &l, 10);
	tape_at(&run->t, 10.1);
	tape_http_answer(&run->t, LIFE_DOCKERD, l.client, 200, "OK");
	tape_sort(&run->t);
	play(run);
	expect_run_stop_rm(run, &l, 10);
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
