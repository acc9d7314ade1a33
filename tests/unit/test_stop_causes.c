// SPDX-License-Identifier: GPL-2.0-only
/* Why a container stopped: what was asked for, or what its exit and its shim say. */
#include "runs.h"

/* The shim tells containerd: ForwardRequest { 1: Envelope { 2: namespace, 3: topic, 4: Any { 2: { 1: id } } } }. */
static void shim_says(struct tape *t, const struct life *l, double ms, const char *topic)
{
	static const char service[] = "containerd.services.events.ttrpc.v1.Events";
	char event[128], any[192], envelope[320], body[400], req[512], bytes[600];
	size_t n = tape_put_bytes(event, 1, l->id, strlen(l->id));
	size_t a = tape_put_bytes(any, 2, event, n), m;

	m = tape_put_bytes(envelope, 2, "moby", 4);
	m += tape_put_bytes(envelope + m, 3, topic, strlen(topic));
	m += tape_put_bytes(envelope + m, 4, any, a);
	n = tape_put_bytes(body, 1, envelope, m);
	m = tape_put_bytes(req, 1, service, sizeof(service) - 1);
	m += tape_put_bytes(req + m, 2, "Forward", 7);
	m += tape_put_bytes(req + m, 3, body, n);
	n = tape_put_ttrpc(bytes, 5, 1, req, m);
	tape_at(t, ms);
	tape_send(t, l->shim, l->shim_socket + 40, bytes, n);
}

static enum ct_cause cause(const char *asked, bool oom, int status)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	enum ct_cause ret;

	life_serves(&run->t, &l);
	if (oom)
		shim_says(&run->t, &l, 499, "/tasks/oom");
	if (asked)
		life_request(&run->t, &l, 490, asked);
	life_exit(&run->t, &l, 500, status);
	if (asked)
		life_answer(&run->t, &l, 580, 204, NULL);
	play_until(run, 5000);
	ret = find(run, CT_RECORD_STOP, l.name, 0)->rec.cause;
	if (!asked)
		expect_span(find(run, CT_RECORD_STOP, l.name, 0), 500, 500 + LIFE_STOPPED);
	run_free(run);
	return ret;
}

Test(stop_causes, each_is_its_own)
{
	cr_expect_eq(cause("stop", false, 9), CT_CAUSE_STOP_REQUEST);
	cr_expect_eq(cause("kill", false, 9), CT_CAUSE_KILL_REQUEST);
	cr_expect_eq(cause("restart", false, 9), CT_CAUSE_RESTART_REQUEST);
	cr_expect_eq(cause(NULL, false, 0), CT_CAUSE_EXIT);
	cr_expect_eq(cause(NULL, false, 9), CT_CAUSE_EXIT, "somebody's signal");
}

/* dockerd ends, or serves a swarm: nobody asks for it, and its containers are to end. */
Test(stop_causes, the_engine_of_its_own_accord)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	tape_at(&run->t, 480);
	tape_ttrpc_request(&run->t, l.containerd, l.shim_socket, l.stream += 2, "Kill", l.id, NULL);
	tape_at(&run->t, 490);
	tape_ttrpc_request(&run->t, l.containerd, l.shim_socket, l.stream += 2, "Kill", l.id, NULL);
	life_exit(&run->t, &l, 500, 9);
	play_until(run, 5000);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	cr_expect_eq(s->rec.cause, CT_CAUSE_ENGINE);
	expect_span(s, 480, 500 + LIFE_STOPPED);
	expect_phase(s, CT_PHASE_STOP, 20);
	expect_nothing_odd(run);
	run_free(run);
}

Test(stop_causes, out_of_memory)
{
	cr_expect_eq(cause(NULL, true, 9), CT_CAUSE_OOM);
	cr_expect_eq(cause(NULL, true, 137 << 8), CT_CAUSE_OOM, "its shell says so");
	cr_expect_eq(cause(NULL, true, 3 << 8), CT_CAUSE_EXIT, "it was one of its children");
	cr_expect_eq(cause("stop", true, 9), CT_CAUSE_STOP_REQUEST, "it was to stop all the same");
}
