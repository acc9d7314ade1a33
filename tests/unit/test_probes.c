// SPDX-License-Identifier: GPL-2.0-only
/* Commands that the kubelet has executed in a container: what is a probe, what came of it, what follows. */
#include <criterion/criterion.h>

#include "late.h"
#include "runs.h"

/* ExecSyncRequest */
static size_t put_exec(char *msg, const char *word, uint32_t seconds)
{
	size_t n = grpc_put_text(msg, 1, BOX);

	n += grpc_put_text(msg + n, 2, "/bin/test");
	n += grpc_put_text(msg + n, 2, word);
	return seconds ? n + tape_put_number(msg + n, 3, seconds) : n;
}

static void executes(struct tape *t, uint32_t stream, const char *word, uint32_t seconds)
{
	char msg[200];

	grpc_asks(t, stream, CRI "ExecSync", NULL, msg, put_exec(msg, word, seconds));
}

static void answers(struct tape *t, uint32_t stream, unsigned status)
{
	char msg[16];

	grpc_answers(t, stream, msg, status ? tape_put_number(msg, 3, status) : 0);
}

/* A probe that takes 10 ms. */
static void probes(struct tape *t, double ms, uint32_t stream, const char *word, unsigned status)
{
	tape_at(t, ms);
	executes(t, stream, word, 1);
	tape_at(t, ms + 10);
	answers(t, stream, status);
}

static struct run *pod_runs(void)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	grpc_makes_pod(t);
	grpc_makes_box(t);
	tape_at(t, 80);
	grpc_asks_about(t, 5, CRI "StartContainer", NULL, BOX);
	grpc_runs(t, 81, "k8s.io", BOX);
	tape_at(t, 105);
	grpc_answers(t, 5, "", 0);
	return run;
}

/* StopContainer at that time, and what follows from it. */
static void stops(struct tape *t, double ms)
{
	tape_at(t, ms);
	grpc_asks_about(t, 91, CRI "StopContainer", NULL, BOX);
	tape_at(t, ms + 1);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 7, "Delete", BOX, NULL);
	tape_at(t, ms + 2);
	tape_ttrpc_answer(t, SHIM, SHIMS, 7, INIT, 0);
	tape_at(t, ms + 3);
	grpc_answers(t, 91, "", 0);
}

Test(probes, those_of_a_container_are_counted)
{
	struct run *run = pod_runs();
	struct tape *t = &run->t;
	const struct seen *s;

	probes(t, 1000, 11, "-e", 1);
	probes(t, 2000, 13, "-e", 0);
	probes(t, 3000, 15, "-e", 0);
	probes(t, 3005, 17, "-d", 0);
	stops(t, 5000);
	play_until(run, 90000);
	s = find(run, CT_RECORD_STOP, "web/nginx", 0);
	cr_assert_eq(s->rec.probe_count, 2);
	cr_expect_eq(s->probes[0].count, 3);
	cr_expect_eq(s->probes[0].failed, 1);
	cr_expect_eq(s->probes[0].unheard, 0);
	cr_expect_eq(s->probes[0].max_ns, 10 * TAPE_MS);
	cr_expect_eq(s->probes[0].sum_ns, 30 * TAPE_MS);
	cr_expect_eq(s->probes[0].ok_ns - s->probes[0].first_ns, 1010 * TAPE_MS);
	cr_expect_eq(s->probes[1].count, 1);
	cr_expect_eq(s->rec.cause, CT_CAUSE_STOP_REQUEST);
	cr_expect_eq(run->counts.probes.count, 4);
	cr_expect_eq(run->counts.probes.failed, 1);
	cr_expect_eq(run->counts.probes.max_ns, 10 * TAPE_MS);
	run_free(run);
}

/* Hooks, and what anybody has executed in a container, have no limit. */
Test(probes, a_command_without_a_limit_is_none)
{
	struct run *run = pod_runs();
	struct tape *t = &run->t;

	tape_at(t, 1000);
	executes(t, 11, "-e", 0);
	tape_at(t, 1010);
	answers(t, 11, 1);
	stops(t, 1020);
	play_until(run, 90000);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web/nginx", 0)->rec.probe_count, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web/nginx", 0)->rec.cause, CT_CAUSE_STOP_REQUEST);
	cr_expect_eq(run->counts.probes.count, 0);
	run_free(run);
}

#define SIDE "1111111111111111111111111111111111111111111111111111111111111111"

/* The kubelet asks for the next container when the hook of the one before has ended, however long that takes. */
Test(probes, a_pod_waits_for_a_hook)
{
	struct run *run = pod_runs();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 120);
	executes(t, 11, "-e", 0);
	tape_at(t, 8120);
	answers(t, 11, 0);
	tape_at(t, 8125);
	grpc_creates_in_pod(t, 13, "side", "side:1");
	tape_at(t, 8135);
	grpc_answers_id(t, 13, SIDE);
	tape_at(t, 8140);
	grpc_asks_about(t, 15, CRI "StartContainer", NULL, SIDE);
	tape_at(t, 8150);
	grpc_refuses(t, 15, "no");
	play_until(run, 90000);
	s = find(run, CT_RECORD_POD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 8150);
	expect_phase(s, CT_PHASE_KUBELET, 10 + 9 + 5);
	expect_phase(s, CT_PHASE_CONTAINERS, 51 + 8000 + 25);
	expect_tiled(s);
	run_free(run);
}

/* What is heard of a long answer is its last frame: how it ended, and no message. */
Test(probes, a_long_answer_ends_in_its_status)
{
	static const struct {
		const char *end;
		size_t len;
		unsigned int failed, unheard;
	} rows[] = {
		{ "and so on\x18\x03", 11, 1, 0 },
		{ "and so on\x18\x81\x02", 12, 1, 0 },
		{ "and so on, again", 16, 0, 1 },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = pod_runs();
		struct tape *t = &run->t;
		char frame[64] = { 0, 0, (char)rows[i].len, 0, 0, 0, 0, 0, 11 };

		memcpy(frame + 9, rows[i].end, rows[i].len);
		tape_at(t, 1000);
		executes(t, 11, "-e", 1);
		tape_at(t, 1010);
		grpc_says(t, frame, 9 + rows[i].len);
		stops(t, 1020);
		play_until(run, 90000);
		cr_expect_eq(run->counts.probes.count, 1, "%zu", i);
		cr_expect_eq(run->counts.probes.failed, rows[i].failed, "%zu", i);
		cr_expect_eq(run->counts.probes.unheard, rows[i].unheard, "%zu", i);
		run_free(run);
	}
}

/* It gave no sign but that: the first that succeeds, whenever that was asked for. */
Test(probes, the_first_success_shows_that_it_serves)
{
	struct run *run = pod_runs();
	struct tape *t = &run->t;
	const struct seen *s;

	run->opts.ready_mask = 1u << CT_READY_PROBE;
	probes(t, 1000, 11, "-e", 1);
	probes(t, 2000, 13, "-e", 0);
	probes(t, 3000, 15, "-e", 0);
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "web/nginx", 0);
	cr_expect_eq(s->rec.ready, CT_READY_PROBE);
	expect_span(s, 60, 2010);
	cr_expect_eq(find(run, CT_RECORD_POD_START, "web", 0)->rec.ready, CT_READY_PROBE);
	run_free(run);
}

/*
 * The kubelet has it stopped right after a probe has failed. What is stopped later, after a success or
 * with its pod is not; nor is what a kubelet that asked too long ago has let live.
 */
Test(probes, a_failure_is_why_a_container_is_stopped)
{
	static const struct {
		unsigned status;
		double stop_ms;
		bool pod;
		enum ct_cause cause;
	} rows[] = {
		{ 1, 1020, false, CT_CAUSE_PROBE },
		{ 1, 1020, true, CT_CAUSE_STOP_REQUEST },
		{ 0, 1020, false, CT_CAUSE_STOP_REQUEST },
		{ 1, 9000, false, CT_CAUSE_STOP_REQUEST },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = pod_runs();
		struct tape *t = &run->t;

		probes(t, 1000, 11, "-e", rows[i].status);
		stops(t, rows[i].stop_ms);
		if (rows[i].pod) {
			tape_at(t, rows[i].stop_ms + 10);
			grpc_asks_about(t, 93, CRI "StopPodSandbox", NULL, POD);
		}
		play_until(run, 90000);
		cr_expect_eq(find(run, CT_RECORD_STOP, "web/nginx", 0)->rec.cause, rows[i].cause,
			     "%zu", i);
		run_free(run);
	}
}

/* Nobody has heard the name of what is asked: that something was executed meanwhile proves it, once. */
Test(probes, a_name_that_nobody_heard_is_proved)
{
	for (unsigned proof = 0; proof < 2; proof++) {
		struct run *run = pod_runs();
		struct tape *t = &run->t;

		for (uint32_t i = 0; i < 3; i++) {
			char msg[200];

			tape_at(t, 1000 + 100 * i);
			late_asks(t, 11 + 2 * i, STATUS, msg, put_exec(msg, "-e", 1));
			tape_at(t, 1005 + 100 * i);
			if (proof && !i) {
				tape_fork(t, SHIM, 8100, CT_ROLE_SHIM);
				tape_exec(t, 8100, CT_ROLE_RUNTIME, 9, "runc", "exec", BOX,
					  TAPE_END);
				tape_exit(t, 8100, CT_ROLE_RUNTIME, 0);
			}
			tape_at(t, 1010 + 100 * i);
			answers(t, 11 + 2 * i, i == 2);
		}
		tape_sort(t);
		play_until(run, 90000);
		cr_expect_eq(run->counts.probes.count, proof ? 3 : 0);
		cr_expect_eq(run->counts.probes.failed, proof ? 1 : 0);
		run_free(run);
	}
}
