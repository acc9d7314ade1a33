// SPDX-License-Identifier: GPL-2.0-only
/* Whoever comes again is not who it was: pids, names, ids; and what is asked of one is not asked of another. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/base/house.h"
#include "core/hear/args.h"
#include "core/life/family.h"
#include "core/life/family_rows.h"
#include "core/life/life.h"
#include "core/life/proofs.h"
#include "core/why/programs.h"
#include "grpc.h"
#include "runs.h"

/* The exit of a process was lost, and its pid comes again: nothing of what it was is left. */
Test(anew, a_pid_that_comes_again_is_nobody)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct tape *t = &run->t;
	struct ct_actor_state *a;

	tape_at(t, 10);
	tape_exec(t, 7000, CT_ROLE_RUNTIME, 9, "runc", "create", "web", TAPE_END);
	tape_feed(t, core);
	ct_core_flush(core);
	a = ct_actor_get(core, 7000);
	cr_assert(a && a->container && a->program && a->runtime);
	cr_expect_eq(a->op, CT_OP_CREATE);
	ct_works_first_of(a, a->container);
	a->engine = 5;
	a->plugin = CT_OP_SETUP;
	a->joins = a->vmm = true;
	a->stage = 2;
	a->step = 3;
	tape_at(t, 20);
	tape_fork(t, 999, 7000, CT_ROLE_NONE);
	ct_core_feed(core, tape_event(t, t->count - 1));
	ct_core_flush(core);
	cr_assert_eq(ct_actor_get(core, 7000), a);
	cr_expect_null(a->container);
	cr_expect_null(a->first_of);
	cr_expect_null(a->program);
	cr_expect_null(a->runtime);
	cr_expect_eq(a->op, CT_OP_NONE);
	cr_expect_eq(a->plugin, CT_OP_NONE);
	cr_expect_eq(a->engine, 0);
	cr_expect_eq(a->stage, 0);
	cr_expect_eq(a->step, -1);
	cr_expect_not(a->joins || a->vmm || a->execed);
	cr_expect_eq(a->parent, 999);
	cr_expect_eq(a->forked_ns, tape_ns(20));
	ct_core_free(core);
	run_free(run);
}

/* Its exit was lost, and another engine's child has its pid: who ends there is not the engine of what is under way. */
Test(anew, who_has_the_pid_of_an_engine_is_not_that)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	life_create(&run->t, &l, 10);
	tape_at(&run->t, 25);
	tape_fork(&run->t, 999, LIFE_DOCKERD, CT_ROLE_ENGINE);
	tape_at(&run->t, 26);
	tape_exit(&run->t, LIFE_DOCKERD, CT_ROLE_ENGINE, 0);
	play(run);
	for (size_t i = 0; i < run->count; i++)
		cr_expect_neq(run->seen[i].rec.outcome, CT_OUTCOME_FAILED, "%s",
			      run->seen[i].message);
	run_free(run);
}

/* Columns: what a runtime is called to do by what coldtrace runs itself; whether its container is that. */
static const struct {
	const char *command;
	bool mine;
} commands[] = {
	{ "start", true },   { "state", false }, { "kill", false },
	{ "delete", false }, { "exec", false },
};

Test(anew, who_makes_it_runs_it)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);
		struct tape *t = &run->t;
		struct ct_container *c;

		tape_at(t, 10);
		tape_exec(t, 7000, CT_ROLE_RUNTIME, 9, "runc", "create", "web", TAPE_END);
		tape_exec(t, 7001, CT_ROLE_RUNTIME, 9, "runc", commands[i].command, "web",
			  TAPE_END);
		((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->flags |= CT_F_MINE;
		tape_feed(t, core);
		ct_core_flush(core);
		c = ct_book_next(core, NULL);
		cr_assert(c);
		cr_expect_null(ct_book_next(core, c));
		cr_expect_eq(c->who.mine, commands[i].mine, "%s", commands[i].command);
		ct_core_free(core);
		run_free(run);
	}
}

/* What a request was is proved by what was done between it and its answer, these moments included. */
static const char *proof(const struct ct_family *f, const struct ct_proof *row, uint64_t at,
			 bool refused)
{
	struct ct_container c = { .family = f };

	for (size_t k = 0; k < CT_ARRAY_SIZE(row->marks); k++)
		c.run.marks[row->marks[k]] = at;
	c.files_gone_ns = row->files ? at : 0;
	return ct_family_proof(&c, 100, 200, refused);
}

Test(anew, what_lies_between_a_request_and_its_answer)
{
	unsigned rows = 0;

	for (size_t i = 0; i < CT_FAMILY_MAX; i++) {
		const struct ct_family *f = ct_families[i];

		for (size_t k = 0; k < f->proof_count; k++) {
			const struct ct_proof *row = &f->proofs[k];

			rows++;
			cr_assert(proof(f, row, 100, row->refused), "%s", f->name);
			cr_expect_str_eq(proof(f, row, 100, row->refused), row->request);
			cr_expect_str_eq(proof(f, row, 200, row->refused), row->request);
			cr_expect_null(proof(f, row, 99, row->refused), "%s %zu", f->name, k);
			cr_expect_null(proof(f, row, 201, row->refused), "%s %zu", f->name, k);
		}
	}
	cr_expect_gt(rows, 0);
}

/* A program that has been there since before was so at any time before. */
Test(anew, what_ran_before_ran_since_ever)
{
	struct ct_programs *all = ct_programs_new();
	uint64_t born_ns;
	uint32_t forker;
	struct tape t = { 0 };

	tape_at(&t, 100);
	tape_process(&t, 7, 1, CT_ROLE_ENGINE, "/usr/bin/dockerd", TAPE_END);
	cr_expect(ct_programs_feed(all, tape_event(&t, 0)));
	tape_at(&t, 200);
	tape_exec(&t, 7, CT_ROLE_ENGINE, 9, "/usr/bin/other", TAPE_END);
	cr_expect(ct_programs_feed(all, tape_event(&t, 1)));
	cr_expect_str_eq(ct_programs_name(all, 7, tape_ns(0)), "dockerd");
	cr_expect_str_eq(ct_programs_name(all, 7, tape_ns(199)), "dockerd");
	cr_expect_str_eq(ct_programs_name(all, 7, tape_ns(201)), "other");
	cr_expect_str_eq(ct_programs_name(all, 8, tape_ns(201)), "");
	cr_expect_not(ct_programs_born(all, 7, tape_ns(100), &born_ns, &forker), "nobody saw it");
	ct_programs_free(all);
	tape_free(&t);
}

/* The network plugin of a pod that names a container of Docker's makes no pod of it. */
Test(anew, a_plugin_makes_no_pod_of_what_is_another_engines)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	life_create(t, &l, 10);
	tape_at(t, 25);
	grpc_plugs(t, "ADD", l.id, "K8S_POD_NAME=web-pod;K8S_POD_NAMESPACE=shop;K8S_POD_UID=u1");
	life_start(t, &l, 30);
	tape_at(t, 400);
	tape_output(t, l.init, l.shim);
	play_until(run, 60000);
	s = find(run, CT_RECORD_START, l.name, 0);
	cr_expect_str_eq(s->who.pod, "");
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_eq(s->rec.begin_ns, tape_ns(10));
	run_free(run);
}

/* What is asked of a shim says no namespace where its bundle does: that is of all that follows. */
static const struct {
	size_t len;
	bool known;
} spaces[] = { { 6, true }, { 79, true }, { 80, false } };

Test(anew, a_bundle_says_the_namespace)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(spaces); i++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);
		struct tape *t = &run->t;
		char ns[128] = { 0 }, bundle[300];
		struct ct_container *c;

		memset(ns, 'n', spaces[i].len);
		snprintf(bundle, sizeof(bundle), "/run/io.containerd.runtime.v2.task/%s/web", ns);
		life_engines(t);
		tape_at(t, 10);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 1, "Create", "web", bundle);
		tape_at(t, 20);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 3, "Start", "web", NULL);
		tape_feed(t, core);
		ct_core_flush(core);
		c = ct_book_next(core, NULL);
		cr_assert(c);
		cr_expect_str_eq(c->ns, spaces[i].known ? ns : "");
		cr_expect_null(ct_book_next(core, c));
		ct_core_free(core);
		run_free(run);
	}
}

/* Columns: what a request for an image says: { 1: { 1: image } }. */
static const struct {
	const char *bytes;
	size_t len;
	bool pulls;
} wanted[] = {
	{ "\x0a\x03\x0a\x01x", 5, true },
	{ "\x0a\x02\x0a\x00", 4, false },
	{ "\x0a\x02\x12\x00", 4, false },
	{ "\x12\x03\x0a\x01x", 5, false },
};

Test(anew, who_asks_for_no_image_pulls_none)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(wanted); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_process(t, LIFE_CONTAINERD, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
		t->engine = LIFE_CONTAINERD;
		tape_at(t, 10);
		grpc_asks(t, 1, "/runtime.v1.ImageService/PullImage", NULL, wanted[i].bytes,
			  wanted[i].len);
		tape_at(t, 50);
		grpc_answers(t, 1, "\x0a\x01y", 3);
		play_until(run, 5000);
		cr_expect_eq(count(run, CT_RECORD_PULL), wanted[i].pulls, "%zu", i);
		run_free(run);
	}
}

/* A pull of which nothing more was heard ends when it was asked for, and not with the next. */
Test(anew, a_pull_that_is_not_heard_of_again)
{
	static const char line[] = "POST /v1.41/images/create?fromImage=a&tag=1";
	struct run *run = run_new();
	struct tape *t = &run->t;

	life_engines(t);
	t->engine = LIFE_DOCKERD;
	for (unsigned i = 0; i < 2; i++) {
		tape_at(t, 100 + 400 * i);
		tape_http_request(t, LIFE_CLIENT, 4000, line, NULL);
	}
	play(run);
	expect_outcome(find(run, CT_RECORD_PULL, "a:1", 0), CT_OUTCOME_CUT);
	expect_span(find(run, CT_RECORD_PULL, "a:1", 0), 100, 100);
	run_free(run);
}

/* Names of signals, as they are written. */
Test(anew, signals_have_many_names)
{
	static const struct {
		const char *name;
		bool spares;
	} names[] = {
		{ "HUP", true },      { "SIGHUP", true }, { "sighup", true }, { "1", true },
		{ "28", true },       { "WINCH", true },  { "SIG", false },   { "", false },
		{ "SIGH", false },    { "HUPS", false },  { "9", false },     { "KILL", false },
		{ "SIGTERM", false }, { "1001", false },  { "1x", false },    { "10000", false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++)
		cr_expect_eq(ct_signal_named_spares(ct_text(names[i].name, strlen(names[i].name))),
			     names[i].spares, "%s", names[i].name);
}

/* Who does the same is known by image and arguments, and by where the one ends and the other begins. */
Test(anew, the_same_image_and_arguments)
{
	static const char *const rows[][2] = {
		{ "a", "b" },  { "b", "b" },  { "a", "a" },
		{ "ab", "c" }, { "a", "bc" }, { "b", "a" },
	};
	uint64_t hashes[CT_ARRAY_SIZE(rows)];

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		for (unsigned again = 0; again < 2; again++) {
			struct run *run = run_new();
			struct ct_core *core = core_of(run);
			struct tape *t = &run->t;

			life_engines(t);
			tape_at(t, 10);
			tape_identity(t, LIFE_DOCKERD, "id", again ? POD : BOX, "image", rows[i][0],
				      "args", rows[i][1], TAPE_END);
			tape_feed(t, core);
			ct_core_flush(core);
			cr_assert(ct_book_next(core, NULL));
			if (again)
				cr_expect_eq(ct_book_next(core, NULL)->who.args_hash, hashes[i]);
			hashes[i] = ct_book_next(core, NULL)->who.args_hash;
			ct_core_free(core);
			run_free(run);
		}
		for (size_t k = 0; k < i; k++)
			cr_expect_neq(hashes[i], hashes[k], "%zu and %zu", i, k);
	}
}

/* It is gone when that is answered: who asks may be refused. */
static const struct {
	const struct ct_family *family;
	const char *what;
} removals[] = {
	{ &ct_family_crio, "RuntimeService/RemoveContainer" },
	{ &ct_family_containerd, "Containers/Delete" },
	{ &ct_family_cri, "RuntimeService/RemoveContainer" },
	{ &ct_family_pod, "RuntimeService/RemovePodSandbox" },
	{ &ct_family_crio_pod, "RuntimeService/RemovePodSandbox" },
};

static bool removes(size_t i, enum ct_signal signal, const char *what)
{
	struct ct_container c = { .family = removals[i].family };

	c.family->follow(&c, signal, ct_text(what, strlen(what)), 100);
	return c.removed;
}

Test(anew, what_is_removed_has_been_answered)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(removals); i++) {
		cr_expect(removes(i, CT_SIG_ENGINE_ANSWER, removals[i].what), "%zu", i);
		cr_expect_not(removes(i, CT_SIG_ENGINE_REQUEST, removals[i].what), "%zu", i);
		cr_expect_not(removes(i, CT_SIG_ENGINE_ANSWER, "RuntimeService/Status"), "%zu", i);
	}
}

/* Of what ran before: whoever an engine has started works for it. */
Test(anew, what_ran_before_descends_from_its_engine)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_process(t, 500, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
	tape_process(t, 501, 500, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-namespace", "x", "-id",
		     "web", TAPE_END);
	tape_process(t, 502, 501, CT_ROLE_INIT, "redis", TAPE_END);
	tape_process(t, 503, 1, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-namespace", "x", "-id",
		     "db", TAPE_END);
	tape_feed(t, core);
	ct_core_flush(core);
	cr_expect_eq(ct_actor_get(core, 500)->engine, 500);
	cr_expect_eq(ct_actor_get(core, 501)->engine, 500);
	cr_expect_eq(ct_actor_get(core, 502)->engine, 500);
	cr_expect_eq(ct_actor_get(core, 503)->engine, 0);
	cr_expect_eq(ct_actor_get(core, 502)->container, ct_actor_get(core, 501)->container);
	cr_expect(ct_actor_get(core, 501)->container);
	cr_expect_neq(ct_actor_get(core, 503)->container, ct_actor_get(core, 501)->container);
	ct_core_free(core);
	run_free(run);
}

/* What an engine has written down of one that ran before says whether it is a pod's sandbox. */
Test(anew, what_is_written_down_says_who_is_a_pod)
{
	for (unsigned sandbox = 0; sandbox < 2; sandbox++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);
		struct tape *t = &run->t;
		struct ct_container *c;

		tape_process(t, LIFE_CONTAINERD, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
		grpc_runs(t, 10, "k8s.io", POD);
		tape_at(t, 60);
		tape_identity(t, LIFE_CONTAINERD, "id", POD, "namespace", "k8s.io", "pod", "web",
			      sandbox ? "restart" : "pod_container", "nginx", TAPE_END);
		tape_feed(t, core);
		ct_core_flush(core);
		c = ct_book_next(core, NULL);
		cr_assert(c);
		cr_expect_eq(c->family, sandbox ? &ct_family_pod : &ct_family_cri);
		cr_expect_str_eq(c->who.name, sandbox ? "web" : "web/nginx");
		ct_core_free(core);
		run_free(run);
	}
}

/* Roles that a newer recording has are nobody's. */
Test(anew, a_role_that_is_not_known)
{
	struct ct_event e = { .sub = CT_ROLE_MAX };

	cr_expect_eq(ct_role_of(&e), CT_ROLE_NONE);
	e.sub = CT_ROLE_MAX - 1;
	cr_expect_eq(ct_role_of(&e), CT_ROLE_MAX - 1);
}

/* What a kill is called with ends where its arguments do. */
Test(anew, a_kill_without_its_signal)
{
	struct ct_text *args = malloc(4 * sizeof(*args));

	cr_assert(args);
	args[0] = ct_text("runc", 4);
	args[1] = ct_text("kill", 4);
	args[2] = ct_text("web", 3);
	args[3] = ct_text("-s", 2);
	cr_expect_not(ct_kill_spares(args, 4));
	args[3] = ct_text("-s=HUP", 6);
	cr_expect(ct_kill_spares(args, 4));
	args[3] = ct_text("HUP", 3);
	cr_expect(ct_kill_spares(args, 4));
	args[2] = ct_text("-s", 2);
	cr_expect(ct_kill_spares(args, 4));
	free(args);
}
