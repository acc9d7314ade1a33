// SPDX-License-Identifier: GPL-2.0-only
/* What is told of a pod, from what is told of its containers. */
#include "core/book/pulls.h"

#include "cluster.h"

Test(pod_records, containers_one_after_the_other)
{
	struct cluster *cl = cluster_new(true);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 105, 205, true);
	starts(cl, "b1", "side", 150, 260, true);
	passes(cl, 5259);
	cr_expect_eq(cl->run.count, 0, "the kubelet may ask for another");
	passes(cl, 5261);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 0, 260);
	expect_phase(s, CT_PHASE_SANDBOX, 100);
	expect_phase(s, CT_PHASE_KUBELET, 5);
	expect_phase(s, CT_PHASE_CONTAINERS, 155);
	expect_tiled(s);
	cr_expect_str_eq(s->who.name, "web-1");
	cr_expect_str_eq(s->who.id, "u-1");
	cr_expect_str_eq(s->who.image, "");
	cr_expect_str_eq(s->rec.node, "n1");
	cr_expect_eq(s->rec.ready, CT_READY_LISTEN);
	cr_expect_eq(s->rec.ready_ns, MS(260));
	cr_expect_not(s->rec.first, "it is no container");
	cr_assert_eq(s->rec.step_count, 6, "each, and its only phase below it");
	cr_expect_str_eq(s->steps[2].name, "container");
	cr_expect_str_eq(s->steps[2].detail, "app");
	cr_expect_eq(s->steps[3].parent, 3);
	passes(cl, 100000);
	cr_expect_eq(cl->run.count, 1, "it is told once");
	cluster_free(cl);
}

Test(pod_records, steps_are_told_if_asked_for)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 105, 205, true);
	passes(cl, 10000);
	cr_expect_eq(only(cl, CT_RECORD_POD_START)->rec.step_count, 0);
	cluster_free(cl);
}

Test(pod_records, what_ends_before_the_next_is_init)
{
	struct cluster *cl = cluster_new(true);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "i1", "setup", 100, 150, false);
	stops(cl, "i1", "setup", 400, 420, 0, 0);
	passes(cl, 20000);
	cr_expect_eq(cl->run.count, 0, "what follows it may have to be pulled");
	starts(cl, "a1", "app", 21000, 21100, true);
	passes(cl, 27000);
	s = only(cl, CT_RECORD_POD_START);
	expect_phase(s, CT_PHASE_INIT, 300);
	expect_phase(s, CT_PHASE_KUBELET, 20600);
	expect_phase(s, CT_PHASE_CONTAINERS, 100);
	expect_tiled(s);
	cr_expect_str_eq(s->steps[2].name, "init container");
	cr_expect_str_eq(s->steps[4].name, "run");
	cr_expect_eq(s->steps[4].end_ns, MS(400));
	cluster_free(cl);
}

Test(pod_records, what_ends_while_others_are_asked_for_is_a_container)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "j1", "job", 100, 150, false);
	starts(cl, "a1", "app", 140, 300, true);
	stops(cl, "j1", "job", 200, 220, 0, 0);
	passes(cl, 8000);
	s = only(cl, CT_RECORD_POD_START);
	expect_phase(s, CT_PHASE_INIT, 0);
	expect_phase(s, CT_PHASE_CONTAINERS, 200);
	cluster_free(cl);
}

Test(pod_records, a_retry_comes_after_a_backoff)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	fails(cl, "a1", "app", 100, 150);
	starts(cl, "a2", "app", 3150, 3200, true);
	passes(cl, 9000);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_BACKOFF, 3000);
	expect_phase(s, CT_PHASE_KUBELET, 0);
	expect_tiled(s);
	cluster_free(cl);
}

Test(pod_records, who_never_was_ready_is_named)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	fails(cl, "a1", "app", 100, 150);
	passes(cl, 9000);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CONTAINERS);
	cr_expect_str_eq(s->message, "app: no such file");
	cluster_free(cl);

	cl = cluster_new(false);
	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 150, false);
	stops(cl, "a1", "app", 160, 170, 0, 3);
	passes(cl, 9000);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "app has exited");
	cr_expect_eq(s->rec.exit_code, 3);
	cluster_free(cl);
}

Test(pod_records, a_sandbox_that_fails_is_told_at_once)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	fails(cl, "s1", "", 0, 100);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_SANDBOX);
	cr_expect_str_eq(s->message, "the sandbox: no such file");
	/* and the next is another's */
	starts(cl, "s2", "", 200, 300, false);
	starts(cl, "a1", "app", 305, 400, true);
	passes(cl, 9000);
	cr_assert_eq(cl->run.count, 2);
	expect_outcome(&cl->run.seen[1], CT_OUTCOME_OK);
	expect_span(&cl->run.seen[1], 200, 400);
	cluster_free(cl);
}

Test(pod_records, a_restart_is_the_containers_own)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 200, true);
	stops(cl, "a1", "app", 300, 310, 0, 7);
	starts(cl, "a2", "app", 400, 500, true);
	passes(cl, 9000);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 0, 200);
	starts(cl, "a3", "app", 20000, 20100, true);
	passes(cl, 40000);
	cr_expect_eq(cl->run.count, 1);
	cluster_free(cl);
}

Test(pod_records, a_stop_is_the_containers_then_the_sandbox)
{
	struct cluster *cl = cluster_new(true);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "i1", "setup", 100, 150, false);
	stops(cl, "i1", "setup", 200, 220, 0, 0);
	starts(cl, "a1", "app", 300, 400, true);
	passes(cl, 6000);
	stops(cl, "a1", "app", 10000, 10200, 150, 0);
	passes(cl, 10900);
	stops(cl, "s1", "", 10230, 10400, 50, 137);
	passes(cl, 10450);
	cr_expect_eq(cl->run.count, 1, "another container's stop may be told yet");
	passes(cl, 13000);
	cr_assert_eq(cl->run.count, 2);
	s = &cl->run.seen[1];
	cr_expect_eq(s->rec.type, CT_RECORD_POD_STOP);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10000, 10400);
	expect_phase(s, CT_PHASE_CONTAINERS, 200);
	expect_phase(s, CT_PHASE_KUBELET, 30);
	expect_phase(s, CT_PHASE_SANDBOX, 170);
	expect_tiled(s);
	cr_expect_eq(s->rec.step_count, 2, "who had ended before was not stopped");
	cr_expect_eq(s->rec.exit_code, CT_NO_EXIT_CODE);
	cluster_free(cl);
}

/* A container whose name nobody has said: it is no sandbox, for it is in one. */
static void starts_nameless(struct cluster *cl, double begin, double end)
{
	struct ct_record rec = record_of(cl, CT_RECORD_START, "x1", "", begin, end);

	cl->c.pod = 1;
	ct_made_told(cl->core, &rec, &cl->c);
}

Test(pod_records, who_has_no_name_is_not_the_sandbox)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 200, true);
	passes(cl, 6000);
	stops(cl, "a1", "app", 10000, 10200, 150, 0);
	stops(cl, "s1", "", 10230, 10400, 50, 137);
	starts_nameless(cl, 10300, 10450);
	passes(cl, 13000);
	cr_assert_eq(cl->run.count, 2);
	s = &cl->run.seen[1];
	cr_expect_eq(s->rec.type, CT_RECORD_POD_STOP);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 10000, 10400);
	expect_phase(s, CT_PHASE_SANDBOX, 170);
	expect_tiled(s);
	cluster_free(cl);
}

Test(pod_records, a_stop_ends_the_wait_for_more)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 200, false);
	stops(cl, "a1", "app", 300, 400, 50, 137);
	stops(cl, "s1", "", 410, 500, 50, 137);
	passes(cl, 2600);
	cr_assert_eq(cl->run.count, 2);
	expect_outcome(&cl->run.seen[0], CT_OUTCOME_OK); /* it was ended, it has not failed */
	cr_expect_eq(cl->run.seen[0].rec.type, CT_RECORD_POD_START);
	cr_expect_eq(cl->run.seen[1].rec.type, CT_RECORD_POD_STOP);
	cluster_free(cl);
}

/* A liveness probe had it stopped before: that is no part of the pod's end. */
Test(pod_records, only_who_ran_last_is_stopped_with_the_pod)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 200, true);
	stops(cl, "a1", "app", 1000, 1100, 50, 137);
	starts(cl, "a2", "app", 1200, 1300, true);
	passes(cl, 9000);
	stops(cl, "a2", "app", 20000, 20100, 50, 137);
	starts(cl, "a3", "app", 20200, 20300, true);
	stops(cl, "a3", "app", 40000, 40100, 50, 0);
	stops(cl, "s1", "", 40100, 40200, 50, 0);
	passes(cl, 43000);
	cr_assert_eq(cl->run.count, 2);
	expect_span(&cl->run.seen[1], 40000, 40200);
	cluster_free(cl);
}

Test(pod_records, a_sandbox_that_nobody_fills_has_failed)
{
	struct cluster *cl = cluster_new(false);
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	passes(cl, 60000);
	cr_expect_eq(cl->run.count, 0);
	passes(cl, 60200);
	s = only(cl, CT_RECORD_POD_START);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_KUBELET);
	cr_expect_str_eq(s->message, "no container was asked for within a minute");
	cluster_free(cl);

	cl = cluster_new(false); /* it was wanted for itself */
	starts(cl, "s1", "", 0, 100, false);
	stops(cl, "s1", "", 1000, 1100, 50, 0);
	passes(cl, 4000);
	cr_assert_eq(cl->run.count, 2);
	expect_outcome(&cl->run.seen[0], CT_OUTCOME_OK);
	cluster_free(cl);
}

/* A sandbox without a process does not say by what it runs. */
Test(pod_records, its_runtime_is_that_of_its_containers)
{
	struct cluster *cl = cluster_new(false);
	struct ct_record rec = record_of(cl, CT_RECORD_START, "s1", "", 0, 100);

	cl->c.who.runtime[0] = '\0';
	ct_made_told(cl->core, &rec, &cl->c);
	starts(cl, "a1", "app", 100, 200, true);
	passes(cl, 9000);
	cr_expect_str_eq(only(cl, CT_RECORD_POD_START)->who.runtime, "runc");
	cluster_free(cl);
}

Test(pod_records, what_began_before_is_not_told_as_a_start)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "a2", "app", 100, 200, true);
	passes(cl, 100000);
	cr_expect_eq(cl->run.count, 0);
	cluster_free(cl);
}

/* Its stop is, by those who stop with it; one whose name nobody has said is a container all the same. */
Test(pod_records, what_began_before_is_told_as_a_stop)
{
	struct cluster *cl = cluster_new(true);
	struct ct_record rec;
	const struct seen *s;

	stops(cl, "a0", "app", 100, 150, 20, 0);
	starts(cl, "a1", "app", 300, 400, true);
	rec = record_of(cl, CT_RECORD_STOP, "b1", "", 9990, 10180);
	rec.segments[0].phase = CT_PHASE_STOP;
	cl->c.pod = 4711;
	ct_made_told(cl->core, &rec, &cl->c);
	stops(cl, "a1", "app", 10000, 10200, 150, 0);
	stops(cl, "s1", "", 10230, 10400, 50, 137);
	passes(cl, 13000);
	s = only(cl, CT_RECORD_POD_STOP);
	cr_expect_str_eq(s->who.name, "web-1");
	cr_expect_str_eq(s->who.id, "u-1");
	expect_span(s, 9990, 10400);
	expect_phase(s, CT_PHASE_CONTAINERS, 210);
	expect_phase(s, CT_PHASE_SANDBOX, 170);
	expect_tiled(s);
	cr_expect_eq(s->rec.step_count, 3);
	cluster_free(cl);
}

/* What a probe has failed was stopped before, to be started again. */
Test(pod_records, what_a_probe_has_stopped_is_no_part_of_its_end)
{
	struct cluster *cl = cluster_new(true);
	struct ct_record rec;
	const struct seen *s;

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 300, 400, true);
	passes(cl, 6000);
	rec = record_of(cl, CT_RECORD_STOP, "a1", "app", 7000, 7200);
	rec.segments[0] = (struct ct_segment){ CT_PHASE_STOP, MS(7000), MS(7150) };
	rec.cause = CT_CAUSE_PROBE;
	ct_made_told(cl->core, &rec, &cl->c);
	stops(cl, "s1", "", 10230, 10400, 50, 137);
	passes(cl, 13000);
	cr_assert_eq(cl->run.count, 2);
	s = &cl->run.seen[1];
	expect_span(s, 10230, 10400);
	cr_expect_eq(s->rec.step_count, 1);
	cluster_free(cl);
}

Test(pod_records, at_the_end_what_may_go_on_is_cut)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "s1", "", 0, 100, false);
	starts(cl, "a1", "app", 100, 200, true);
	ct_made_flush(cl->core);
	expect_outcome(only(cl, CT_RECORD_POD_START), CT_OUTCOME_OK);
	cluster_free(cl);

	cl = cluster_new(false);
	starts(cl, "s1", "", 0, 100, false);
	ct_made_flush(cl->core);
	expect_outcome(only(cl, CT_RECORD_POD_START), CT_OUTCOME_CUT);
	cluster_free(cl);
}

Test(pod_records, more_containers_than_there_is_room_for)
{
	struct cluster *cl = cluster_new(false);
	char id[16];

	starts(cl, "s1", "", 0, 100, false);
	for (int i = 0; i < 70; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		starts(cl, id, id, 100 + i * 10, 105 + i * 10, true);
	}
	passes(cl, 90000);
	expect_outcome(only(cl, CT_RECORD_POD_START), CT_OUTCOME_CUT);
	expect_tiled(only(cl, CT_RECORD_POD_START));
	cluster_free(cl);
}

Test(pod_records, who_is_of_another_scope_is_another)
{
	struct cluster *cl = cluster_new(false);
	struct ct_record rec;

	starts(cl, "s1", "", 0, 100, false);
	rec = record_of(cl, CT_RECORD_START, "a1", "app", 100, 5000);
	cl->c.key.scope.uid = 1000;
	ct_made_told(cl->core, &rec, &cl->c);
	starts(cl, "b1", "side", 110, 200, true);
	passes(cl, 9000);
	expect_span(only(cl, CT_RECORD_POD_START), 0, 200);
	cluster_free(cl);
}

Test(pod_records, a_sandbox_that_is_forgotten_takes_its_pod_along)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "s1", "", 0, 100, false);
	ct_made_goes(cl->core, &cl->c);
	passes(cl, 90000);
	cr_expect_eq(cl->run.count, 0);
	cluster_free(cl);
}

/* Another sandbox takes its place before all of the first was told: that is a start by itself. */
Test(pod_records, a_sandbox_that_comes_early_ends_the_start_before)
{
	struct cluster *cl = cluster_new(false);

	starts(cl, "s1", "", 0, 100, true);
	starts(cl, "a1", "app", 100, 200, true);
	starts(cl, "s2", "", 300, 400, true);
	starts(cl, "a2", "app", 400, 500, true);
	passes(cl, 20000);
	cr_assert_eq(cl->run.count, 2);
	expect_span(&cl->run.seen[0], 0, 200);
	expect_span(&cl->run.seen[1], 300, 500);
	cluster_free(cl);
}

/* An image that is fetched for it is waited for; what a kubelet in a container fetches for one of that uid is not. */
Test(pod_records, whose_images_are_waited_for)
{
	for (uint8_t level = 0; level < 2; level++) {
		const struct ct_scope scope = { .level = level };
		struct cluster *cl = cluster_new(false);
		struct ct_pull *p;

		starts(cl, "s1", "", 0, 100, true);
		starts(cl, "a1", "app", 100, 200, true);
		p = ct_pull_make(cl->core, &scope, "web:1", 1);
		cr_assert(p);
		p->begin_ns = MS(150);
		text(p->who.pod_uid, sizeof(p->who.pod_uid), "u-1");
		passes(cl, 20000);
		cr_expect_eq(cl->run.count, level, "%zu", cl->run.count);
		cluster_free(cl);
	}
}
