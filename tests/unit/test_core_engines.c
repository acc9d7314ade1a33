// SPDX-License-Identifier: GPL-2.0-only
/* More than one engine on a node: beside each other, inside a container of another, in disguise. */
#include <criterion/criterion.h>

#include "runs.h"

#define OTHER_DOCKERD    5248
#define OTHER_CONTAINERD 5268

static struct life other_life(unsigned n)
{
	struct life l = life_of(n);

	l.engine = OTHER_DOCKERD;
	l.containerd = OTHER_CONTAINERD;
	l.grpc_socket = 1104;
	return l;
}

static void other_engines(struct tape *t)
{
	tape_process(t, OTHER_DOCKERD, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	tape_process(t, OTHER_CONTAINERD, OTHER_DOCKERD, CT_ROLE_ENGINE, "containerd", TAPE_END);
}

/* Everything by name, as people ask: "POST /containers/web/stop". */
static struct life by_name(const struct life *l)
{
	struct life named = *l;

	named.id = l->name;
	return named;
}

/* The same name in two engines: what is asked of one is nothing to the other. */
Test(core, names_belong_to_their_engine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life one = life_of(0), two = other_life(1), named;
	const struct seen *s;

	other_engines(t);
	two.name = one.name;
	two.args = one.args;
	life_create(t, &one, 10);
	life_create(t, &two, 20);
	life_start(t, &one, 30);
	life_start(t, &two, 40);
	tape_at(t, 300);
	tape_output(t, one.init, one.shim);
	tape_output(t, two.init, two.shim);
	named = by_name(&two);
	life_request(t, &named, 1000, "stop");
	life_exit(t, &two, 1010, 15);
	life_answer(t, &named, 1080, 204, NULL);
	named = by_name(&one);
	life_request(t, &named, 5000, "stop");
	life_exit(t, &one, 5020, 15);
	life_answer(t, &named, 5090, 204, NULL);
	tape_at(t, 20000);
	tape_clock(t);
	tape_sort(t);
	play(run);
	expect_counts(run, 2, 2, 0);
	s = find(run, CT_RECORD_STOP, one.name, 0);
	cr_assert_str_eq(s->who.id, two.id);
	expect_span(s, 1000, 1080);
	expect_phase(s, CT_PHASE_STOP, 10);
	s = find(run, CT_RECORD_STOP, one.name, 1);
	cr_assert_str_eq(s->who.id, one.id);
	expect_span(s, 5000, 5090);
	expect_phase(s, CT_PHASE_STOP, 20);
	expect_nothing_odd(run);
	run_free(run);
}

/* A container of the name of another engine's that has stopped is not its successor. */
Test(core, no_restart_across_engines)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life one = life_of(0), two = other_life(1);

	other_engines(t);
	two.name = one.name;
	life_create(t, &one, 10);
	life_start(t, &one, 30);
	tape_at(t, 300);
	tape_output(t, one.init, one.shim);
	life_stop(t, &one, 1000);
	life_create(t, &two, 2000);
	life_start(t, &two, 2020);
	tape_at(t, 2300);
	tape_output(t, two.init, two.shim);
	play_until(run, 20000);
	expect_counts(run, 2, 1, 0);
	run_free(run);
}

/* The engine has been restarted, its containers are known from before: names still lead to them. */
Test(core, names_outlive_their_engine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life one = life_of(0), named = by_name(&one);

	life_create(t, &one, 10);
	life_start(t, &one, 30);
	tape_at(t, 300);
	tape_output(t, one.init, one.shim);
	tape_at(t, 500);
	tape_exit(t, LIFE_DOCKERD, CT_ROLE_ENGINE, 0);
	tape_at(t, 600);
	tape_exec(t, OTHER_DOCKERD, CT_ROLE_ENGINE, LIFE_HOST_NETNS, "dockerd", TAPE_END);
	named.engine = OTHER_DOCKERD;
	life_request(t, &named, 1000, "stop");
	one.engine = OTHER_DOCKERD;
	life_exit(t, &one, 1010, 15);
	life_answer(t, &named, 1080, 204, NULL);
	play_until(run, 20000);
	expect_counts(run, 1, 1, 0);
	expect_span(find(run, CT_RECORD_STOP, one.name, 0), 1000, 1080);
	run_free(run);
}

/* dockerd in a container: what its shims call pid 300 is not the node's process of that number. */
Test(core, nested_engine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life outer = life_of(0), inner = other_life(1);
	const struct seen *s;
	size_t from;

	life_create(t, &outer, 10);
	life_start(t, &outer, 30);
	tape_at(t, 300);
	tape_output(t, outer.init, outer.shim);
	from = t->count;
	tape_at(t, 400);
	tape_exec(t, OTHER_DOCKERD, CT_ROLE_ENGINE, 0xf0000300 + outer.init, "dockerd", TAPE_END);
	tape_fork(t, OTHER_DOCKERD, OTHER_CONTAINERD, CT_ROLE_ENGINE);
	tape_exec(t, OTHER_CONTAINERD, CT_ROLE_ENGINE, 0xf0000300 + outer.init, "containerd",
		  TAPE_END);
	inner.told_init = outer.init; /* of all numbers */
	life_create(t, &inner, 1000);
	life_start(t, &inner, 1020);
	tape_at(t, 1300);
	tape_output(t, inner.init, inner.shim);
	life_stop(t, &inner, 2000);
	nest(t, from, inner.init);
	life_request(t, &outer, 9000, "stop");
	life_exit(t, &outer, 9030, 15);
	life_answer(t, &outer, 9100, 204, NULL);
	play_until(run, 30000);
	expect_counts(run, 2, 2, 0);
	s = find(run, CT_RECORD_START, inner.name, 0);
	cr_assert_str_eq(s->who.id, inner.id);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 1000, 1300);
	s = find(run, CT_RECORD_STOP, inner.name, 0);
	expect_span(s, 2000, 2080);
	cr_expect_eq(s->who.init_pid, inner.init);
	s = find(run, CT_RECORD_STOP, outer.name, 0);
	expect_span(s, 9000, 9100);
	cr_expect_eq(s->who.init_pid, outer.init);
	expect_nothing_odd(run);
	run_free(run);
}

/* A container's program that has the name of an engine is still that container's program. */
Test(core, program_called_as_an_engine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	l.args = "dockerd";
	life_create(t, &l, 10);
	life_start(t, &l, 30);
	for (size_t i = 0; i < t->count; i++) {
		struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, i);

		if (e->kind == CT_KIND_EXEC && e->tgid == l.init) {
			e->sub = CT_ROLE_ENGINE;
			e->arg = 1;
		}
	}
	tape_at(t, 300);
	tape_relay(t, l.shim, l.id, "init-stdout");
	life_stop(t, &l, 2000);
	play_until(run, 30000);
	expect_counts(run, 1, 1, 0);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_OK);
	expect_span(find(run, CT_RECORD_START, l.name, 0), 10, 300);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 2000, 2080);
	expect_nothing_odd(run);
	run_free(run);
}

/* A network plugin for the container of that id. */
static void plugin_of(struct tape *t, uint32_t engine, uint32_t pid, const char *id)
{
	char variables[256] = "CNI_COMMAND=ADD";
	size_t n = strlen(variables) + 1;

	n += (size_t)snprintf(variables + n, sizeof(variables) - n, "CNI_CONTAINERID=%s", id) + 1;
	tape_fork(t, engine, pid, CT_ROLE_ENGINE);
	tape_add(t, CT_KIND_PLUGIN, pid, variables, n);
}

/* Programs in a container may be called anything, with any argument: they end nobody's life. */
Test(core, impostor_in_a_container)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	size_t from;

	life_engines(t);
	life_create(t, &l, 10);
	life_start(t, &l, 30);
	tape_at(t, 300);
	tape_output(t, l.init, l.shim);
	from = t->count;
	tape_at(t, 1000);
	tape_exec(t, 6001, CT_ROLE_ENGINE, 9, "containerd", TAPE_END);
	tape_ttrpc_request(t, 6001, 7000, 1, "Create", l.id, "/run/bundle");
	tape_ttrpc_answer(t, 6002, 7000, 1, 6009, 0);
	tape_ttrpc_request(t, 6001, 7000, 3, "Delete", l.id, NULL);
	tape_exec(t, 6002, CT_ROLE_SHIM, 9, "containerd-shim", "-namespace", "default", "-id", l.id,
		  TAPE_END);
	tape_ttrpc_answer(t, 6002, 7000, 3, 1, 77);
	tape_exec(t, 6003, CT_ROLE_RUNTIME, 9, "runc", "delete", l.id, TAPE_END);
	tape_exit(t, 6003, CT_ROLE_RUNTIME, 0);
	tape_sync(t, 6001, l.id, ".tmp-config.v2.json1");
	tape_unlink(t, 6001, l.id, "config.v2.json");
	plugin_of(t, 6001, 6004, l.id);
	tape_exec(t, 6004, CT_ROLE_HELPER, 9, "qemu-system-x86_64", TAPE_END);
	tape_exit(t, 6004, CT_ROLE_HELPER, 0);
	tape_exec(t, 6005, CT_ROLE_HELPER, 9, "runsc-sandbox", "boot", "mine", TAPE_END);
	tape_add(t, CT_KIND_APP, 6005, l.id, strlen(l.id) + 1)->sub = CT_APP_EXIT;
	nest(t, from, l.init);
	life_stop(t, &l, 2000);
	play_until(run, 30000);
	expect_counts(run, 1, 1, 0);
	expect_outcome(find(run, CT_RECORD_STOP, l.name, 0), CT_OUTCOME_OK);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 2000, 2080);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.exit_code, 143);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->who.init_pid, l.init);
	cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed);
	run_free(run);
}
