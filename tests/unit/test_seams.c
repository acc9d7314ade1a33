// SPDX-License-Identifier: GPL-2.0-only
/* What one station makes of what another says: what is refused, forgotten, made again, or already known. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/order/reorder.h"
#include "grpc.h"
#include "runs.h"

#define SHIM_SOCKET 9000
#define RUNC        7000

static void runtime(struct tape *t, double ms, const char *op, const char *id)
{
	tape_at(t, ms);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 9, "runc", op, id, TAPE_END);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
}

/* Containers that somebody has made and nobody ends. */
static void fill(struct tape *t, double ms, unsigned first, unsigned count)
{
	char id[32];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(id, sizeof(id), "x%u", i);
		runtime(t, ms + i, "create", id);
	}
}

/* An id that was removed and is used again is of one that lives: it is not the first to give way. */
Test(seams, who_is_made_again_is_not_gone)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	run->opts.containers_max = 16;
	for (int i = 0; i < 2; i++) {
		double ms = 100 + 1000 * i;

		tape_at(t, ms);
		tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "create", "one", TAPE_END);
		tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
		tape_at(t, ms + 10);
		tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
		tape_at(t, ms + 20);
		tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "start", "one", TAPE_END);
		tape_exec(t, INIT, CT_ROLE_INIT, 9, "sh", TAPE_END);
		tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
		tape_at(t, ms + 30);
		tape_output(t, INIT, 0);
		if (i)
			break;
		tape_at(t, ms + 200);
		tape_exit(t, INIT, CT_ROLE_INIT, 0);
		runtime(t, ms + 210, "delete", "one");
	}
	fill(t, 600000, 0, 15);
	runtime(t, 700000, "kill", "one");
	fill(t, 700100, 15, 2);
	tape_at(t, 701000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 800000);
	cr_expect_eq(count(run, CT_RECORD_STOP), 2);
	run_free(run);
}

/*
 * An event is held for a while: whoever feeds has to come back then, though nothing has been heard; or has, but nothing
 * that is so much younger.
 */
Test(seams, what_is_held_has_a_deadline)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);

	tape_at(&run->t, 15);
	tape_exit(&run->t, INIT, CT_ROLE_INIT, 0);
	tape_feed(&run->t, core);
	cr_expect_eq(ct_core_deadline(core), tape_ns(0) + CT_REORDER_WINDOW_NS);
	ct_core_free(core);
	run_free(run);
}

/* The shim says how the program ended, and then, to who waits for all of it, how the sandbox did. */
Test(seams, an_exit_code_that_is_known_stays)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_serves(t, &l);
	tape_at(t, 500);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIM_SOCKET, 1, "Wait", l.id, NULL);
	life_exit(t, &l, 1000, 7 << 8);
	tape_at(t, 1070);
	tape_ttrpc_answer(t, l.shim, SHIM_SOCKET, 1, 137, 0);
	play_until(run, 60000);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.exit_code, 7);
	run_free(run);
}

/* Of two that ask for the same the one that is refused takes nothing from the other. */
Test(seams, one_of_two_stops_is_refused)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0), other = l;

	other.client += 20;
	life_serves(t, &l);
	life_request(t, &l, 600, "stop");
	life_request(t, &other, 700, "stop");
	life_answer(t, &l, 710, 500, "{}");
	life_exit(t, &l, 1000, 0);
	life_answer(t, &other, 1100, 204, NULL);
	play_until(run, 60000);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 700, 1100);
	run_free(run);
}

/* The task is gone already: dockerd goes on as if it had deleted it. */
Test(seams, what_docker_is_refused_is_answered)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(t, &l);
	tape_at(t, 1000);
	tape_exit(t, l.init, CT_ROLE_INIT, 0);
	tape_at(t, 1005);
	tape_grpc_request(t, l.engine, SOCKET, 1, l.id, false);
	tape_at(t, 1006);
	tape_ttrpc_request(t, l.containerd, l.shim_socket, 9001, "Delete", l.id, NULL);
	tape_at(t, 1014);
	tape_ttrpc_answer(t, l.shim, l.shim_socket, 9001, l.init, 0);
	tape_at(t, 1020);
	grpc_refuses(t, 1, "not found");
	play_until(run, 60000);
	s = find(run, CT_RECORD_STOP, l.name, 0);
	expect_phase(s, CT_PHASE_DIE, 20);
	run_free(run);
}

/* A directory with a longer name than a namespace has is none, and no beginning of one. */
Test(seams, a_namespace_of_any_length)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	char bundle[300];

	snprintf(bundle, sizeof(bundle), "/run/io.containerd.runtime.v2.task/%0100d/%s", 7, l.id);
	tape_at(t, 10);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIM_SOCKET, 1, "Create", l.id, bundle);
	tape_at(t, 20);
	tape_exec(t, l.shim, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", "default",
		  "-id", l.id, TAPE_END);
	play_until(run, 60000);
	cr_expect_eq(run->counts.containers, 1);
	run_free(run);
}
