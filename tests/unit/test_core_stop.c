// SPDX-License-Identifier: GPL-2.0-only
/* Stops, removals and restarts. */
#include <criterion/criterion.h>

#include "core/life/family.h"
#include "runs.h"

/* --rm: dockerd removes it by itself, right after the stop. */
Test(core, removed_by_the_engine)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	life_exit(&run->t, &l, 500, 0);
	life_vanish(&run->t, &l, 500 + LIFE_STOPPED);
	play_until(run, 900);
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

/*
 * --rm where the file system does not tell what is removed: the last that is known is that the state was
 * saved, and that the stop was answered. Neither is the end.
 */
static const struct {
	const char *name;
	bool asked, removes, told;
	uint16_t missing;
} vanishings[] = {
	{ "ended by itself", false, true, false, 1u << CT_PHASE_DESTROY },
	{ "stopped", true, true, false, 1u << CT_PHASE_DESTROY },
	{ "stopped, and told", true, true, true, 0 },
	{ "kept", false, false, false, 0 },
};

Test(core, removed_by_the_engine_unseen)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(vanishings); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		const struct seen *s;

		life_create(&run->t, &l, 10);
		life_start(&run->t, &l, 30);
		tape_at(&run->t, 200);
		tape_identity(&run->t, l.engine, "id", l.id, "engine", "docker", "name", l.name,
			      "autoremove", vanishings[i].removes ? "1" : "0", TAPE_END);
		tape_output(&run->t, l.init, l.shim);
		if (vanishings[i].asked)
			life_stop(&run->t, &l, 500);
		else
			life_exit(&run->t, &l, 500, 0);
		if (vanishings[i].told)
			life_vanish(&run->t, &l, 500 + LIFE_STOP_ANSWER);
		play_until(run, 9000);
		s = find(run, CT_RECORD_STOP, l.name, 0);
		expect_outcome(s, vanishings[i].missing ? CT_OUTCOME_CUT : CT_OUTCOME_OK);
		cr_expect_eq(s->rec.missing, vanishings[i].missing, "%s: %x", vanishings[i].name,
			     s->rec.missing);
		cr_expect_eq(s->rec.removed, vanishings[i].told, "%s", vanishings[i].name);
		run_free(run);
	}
}

/* docker rm long after the stop. */
Test(core, removed_later)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_serves(&run->t, &l);
	life_exit(&run->t, &l, 500, 0);
	tape_at(&run->t, 9000);
	tape_clock(&run->t);
	life_remove(&run->t, &l, 9010);
	play_until(run, 9900);
	expect_counts(run, 1, 1, 0);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 500, 500 + LIFE_STOPPED);
	cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed);
	expect_span(find(run, CT_RECORD_REMOVE, l.name, 0), 9010, 9010 + LIFE_REMOVE);
	run_free(run);
}

/* After a stop its removal is awaited for two seconds. Columns: ms after it, whether it is told. */
static const struct {
	double after;
	unsigned stops;
} waits[] = { { 1500, 0 }, { 2100, 1 } };

Test(core, removal_is_awaited)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(waits); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		struct ct_core *core;

		life_serves(&run->t, &l);
		life_exit(&run->t, &l, 500, 0);
		tape_at(&run->t, 500 + LIFE_STOPPED + waits[i].after);
		tape_clock(&run->t);
		tape_at(&run->t, 550 + LIFE_STOPPED + waits[i].after);
		tape_clock(&run->t);
		core = core_of(run);
		tape_feed(&run->t, core);
		cr_expect_eq(count(run, CT_RECORD_STOP), waits[i].stops, "%.0f ms after",
			     waits[i].after);
		ct_core_free(core);
		run_free(run);
	}
}

/* docker rm -f: the removal is the stop. */
Test(core, removed_by_force)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	life_request(&run->t, &l, 490, "delete");
	life_exit(&run->t, &l, 500, 9);
	life_vanish(&run->t, &l, 570);
	life_answer(&run->t, &l, 580, 204, NULL);
	play_until(run, 900);
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

	life_serves(&run->t, &l);
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

	life_serves(&run->t, &l);
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

	life_serves(&run->t, &l);
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

/* Found by the fuzzer: the second run heard so late that it lies before the first. No restart. */
Test(core, started_again_before)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 2010);
	life_start(&run->t, &l, 2030);
	tape_at(&run->t, 2200);
	tape_output(&run->t, l.init, l.shim);
	life_request(&run->t, &l, 2490, "stop");
	life_exit(&run->t, &l, 2500, 0);
	life_answer(&run->t, &l, 2566, 204, NULL);
	tape_at(&run->t, 4000);
	tape_clock(&run->t);
	l.init += 50;
	l.shim += 50;
	life_start(&run->t, &l, 600);
	tape_at(&run->t, 800);
	tape_output(&run->t, l.init, l.shim);
	play(run);
	expect_counts(run, 2, 1, 0);
	cr_expect_gt(run->counts.lost[CT_LOSS_LATE], 0);
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

/*
 * No name in common: by image and arguments there is a successor, but only once, and only if it was asked
 * for: without, they are runs of one job.
 */
Test(core, replaced_by_image_and_arguments)
{
	for (unsigned asked = 0; asked < 2; asked++) {
		struct run *run = run_new();
		struct life lives[3] = { life_of(0), life_of(1), life_of(2) };

		run->opts.restarts_by_image = asked;
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
		expect_counts(run, 3, 1, asked);
		if (asked)
			cr_expect_str_eq(
				find(run, CT_RECORD_RESTART, lives[1].name, 0)->predecessor.id,
				lives[0].id);
		run_free(run);
	}
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

/* What ends it is not what began it. */
Test(core, stop_has_a_cause_of_its_own)
{
	static const struct {
		const char *verb; /* NULL: nobody asks */
		double ms;
		enum ct_cause cause;
	} stops[] = {
		{ "stop?t=5", 490, CT_CAUSE_STOP_REQUEST },
		{ "kill?signal=SIGKILL", 490, CT_CAUSE_KILL_REQUEST },
		{ "kill?signal=SIGHUP", 490, CT_CAUSE_EXIT }, /* it lives on */
		{ "restart?t=5", 490, CT_CAUSE_RESTART_REQUEST },
		{ "delete", 490, CT_CAUSE_REMOVE_REQUEST },
		{ "stop", 510, CT_CAUSE_EXIT }, /* too late */
		{ NULL, 0, CT_CAUSE_EXIT },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(stops); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);

		life_serves(&run->t, &l);
		if (stops[i].verb)
			life_request(&run->t, &l, stops[i].ms, stops[i].verb);
		life_exit(&run->t, &l, 500, 9);
		tape_sort(&run->t);
		play_until(run, 60000);
		cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.cause, stops[i].cause,
			     "%s: %s", stops[i].verb ? stops[i].verb : "nobody",
			     ct_cause_names[find(run, CT_RECORD_STOP, l.name, 0)->rec.cause]);
		cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.cause, CT_CAUSE_REQUEST);
		run_free(run);
	}
}

/* By the requests and programs of every family. */
Test(core, every_request_for_a_stop_is_a_cause)
{
	for (size_t f = 0; f < CT_FAMILY_MAX; f++) {
		for (size_t i = 0; i < ct_families[f]->rule_count; i++) {
			const struct ct_rule *rule = &ct_families[f]->rules[i];

			if (rule->mark == CT_MARK_STOP_BEGIN)
				cr_expect_neq(ct_stop_cause(rule->what), CT_CAUSE_REQUEST, "%s: %s",
					      ct_families[f]->name, rule->what);
		}
	}
}
