// SPDX-License-Identifier: GPL-2.0-only
/* CRI-O, asked on a connection that is older than the trace. */
#include <criterion/criterion.h>

#include "crio.h"
#include "late.h"

#define OTHER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void asks_late(struct tape *t, uint32_t stream, enum late_path path, const char *id,
		      double ms, double until)
{
	tape_at(t, ms);
	late_asks_about(t, stream, path, id);
	tape_at(t, until);
	grpc_answers(t, stream, "", 0);
}

/* A container and its pod end, by a kubelet whose methods nobody has heard: what crio executes says which they are. */
static void ends_late(struct tape *t)
{
	asks_late(t, 21, STATUS, BOX, 990,
		  991); /* it calls the runtime for nothing but its state */
	crio_does(t, "kill", BOX, 1005, 0);
	tape_at(t, 1012);
	tape_exit(t, FIRST, CT_ROLE_INIT, 3 << 8);
	tape_at(t, 1014);
	tape_exit(t, CONMON, CT_ROLE_SHIM, 3 << 8);
	asks_late(t, 23, STOP, BOX, 1000, 1040);
	crio_plugs(t, "DEL", POD, 1060, 1080);
	asks_late(t, 25, STATUS + 20, POD, 1050, 1090);
	crio_does(t, "delete", BOX, 1105, 0);
	asks_late(t, 27, REMOVE, BOX, 1100, 1130);
}

/* What ran before: a container that its monitor tells of, in a pod that nobody does until it goes. */
Test(crio_late, on_a_connection_that_is_older)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_process(t, CONMON, 1, CT_ROLE_SHIM, "/usr/bin/conmon", "-b", "/b", "-c", BOX, "-n",
		     NAMED, "-r", "/usr/sbin/runc", TAPE_END);
	tape_process(t, FIRST, CONMON, CT_ROLE_INIT, "/bin/svc", TAPE_END);
	ends_late(t);
	crio_play(run);
	s = find(run, CT_RECORD_STOP, "one/web", 0);
	expect_span(s, 1000, 1130);
	expect_phase(s, CT_PHASE_STOP, 12);
	expect_phase(s, CT_PHASE_DIE, 28);
	expect_phase(s, CT_PHASE_DESTROY, 30);
	cr_expect_eq(s->rec.cause, CT_CAUSE_STOP_REQUEST);
	s = find(run, CT_RECORD_STOP, "one", 0);
	expect_span(s, 1050, 1090);
	cr_expect_str_eq(s->who.pod_ns, "shop");
	s = find(run, CT_RECORD_POD_STOP, "one", 0);
	expect_span(s, 1000, 1090);
	cr_expect_not(ct_counts_incomplete(&run->counts));
	run_free(run);
}

/* A container that is made in a pod of which nobody has heard; or its answer says which one it is. */
Test(crio_late, made_in_a_pod_that_is_older)
{
	for (unsigned int others = 0; others < 2; others++) {
		struct run *run = crio_new();
		struct tape *t = &run->t;
		const struct seen *s;
		char msg[512];

		tape_at(t, 110);
		late_asks(t, 31, CREATE, msg, late_put_container(msg, POD, "web", "shop/web:1"));
		if (others)
			late_asks(t, 33, CREATE, msg,
				  late_put_container(msg, OTHER, "web", "shop/other:1"));
		crio_creates(t, BOX, NAMED, 0, 120, 0);
		tape_at(t, 150);
		grpc_answers_id(t, 31, BOX);
		crio_does(t, "start", BOX, 165, 0);
		tape_at(t, 172);
		tape_exec(t, FIRST, CT_ROLE_INIT, NETNS, "/bin/svc", TAPE_END);
		asks_late(t, 35, START, BOX, 160, 180);
		tape_at(t, 190);
		tape_output(t, FIRST, CONMON);
		crio_plugs(t, "DEL", POD, 1060, 1080);
		asks_late(t, 37, STOP, POD, 1050, 1090);
		crio_play(run);
		s = find(run, CT_RECORD_START, "one/web", 0);
		expect_span(s, 110, 190);
		expect_phase(s, CT_PHASE_START, 20);
		cr_expect_str_eq(s->who.image, "shop/web:1");
		expect_span(find(run, CT_RECORD_STOP, "one", 0), 1050, 1090);
		run_free(run);
	}
}

/* Without a network and a process a pod stops without a trace: which request that was is known when another has stopped. */
Test(crio_late, stopped_without_a_trace)
{
	struct run *run = crio_new();
	struct tape *t = &run->t;
	const struct seen *s;
	char msg[512];

	tape_at(t, 10);
	late_asks(t, 31, RUN_POD, msg, late_put_pod(msg, "bare", "u2", "shop"));
	tape_at(t, 20);
	grpc_answers_id(t, 31, OTHER);
	asks_late(t, 33, STOP, OTHER, 1000, 1004);
	asks_late(t, 35, REMOVE, OTHER, 1100, 1103);
	crio_plugs(t, "DEL", POD, 5060, 5080);
	asks_late(t, 37, STOP, POD, 5050, 5090);
	asks_late(t, 39, STOP, OTHER, 9000, 9001); /* before it is removed it is so once more */
	crio_play(run);
	s = find(run, CT_RECORD_STOP, "bare", 0);
	expect_span(s, 1000, 1004);
	cr_expect_eq(s->rec.cause, CT_CAUSE_STOP_REQUEST);
	expect_span(find(run, CT_RECORD_POD_STOP, "bare", 0), 1000, 1004);
	run_free(run);
}
