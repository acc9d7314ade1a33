// SPDX-License-Identifier: GPL-2.0-only
/* What is said about a container besides events: its identity, and what follows for its records. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

static struct ct_event *last(struct tape *t)
{
	return (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
}

static void play_sorted(struct run *run)
{
	tape_at(&run->t, 90000);
	tape_clock(&run->t);
	tape_sort(&run->t);
	play(run);
}

static bool is_told(const struct seen *s, enum ct_phase phase)
{
	return (s->rec.seen | s->rec.missing) & 1u << phase;
}

/* Columns: what a file says its pid is, what it is. */
static const struct {
	const char *text;
	uint32_t pid;
} pids[] = {
	{ "4711", 4711 },
	{ "4711 ", 4711 },
	{ "47x11", 47 },
	{ "x4711", 0 },
	{ "-4711", 0 },
	{ "4/", 4 },
	{ "4:", 4 },
	{ "0", 0 },
	{ "999999999", 999999999 },
	{ "9999999999", 999999999 }, /* no pid is so long */
};

/* Whose first process it is is told by its exit alone, if tracing began later than it did. */
Test(facts, pid)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(pids); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_identity(t, LIFE_DOCKERD, "id", life_of(0).id, "engine", "docker", "name",
			      "web", "pid", pids[i].text, TAPE_END);
		tape_at(t, 10);
		tape_process(t, pids[i].pid ? pids[i].pid : 4711, LIFE_CONTAINERD, CT_ROLE_INIT,
			     "app", TAPE_END);
		tape_at(t, 1000);
		tape_exit(t, pids[i].pid ? pids[i].pid : 4711, CT_ROLE_INIT, 0);
		play_sorted(run);
		cr_expect_eq(count(run, CT_RECORD_STOP), pids[i].pid != 0, "'%s'", pids[i].text);
		if (pids[i].pid)
			cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->who.init_pid, pids[i].pid,
				     "'%s'", pids[i].text);
		run_free(run);
	}
}

/* Of a key that is there twice the first counts: a name may hold what looks like the next key. */
Test(facts, the_first_of_a_key)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(t, &l);
	tape_at(t, 20.5);
	tape_identity(t, LIFE_DOCKERD, "id", l.id, "name", "first", "image", "one", "runtime",
		      "runsc", "engine", "docker", "autoremove", "1", "network", "bridge", "args",
		      "a", "pid", "0", "layer", "l", "sandbox", "s", "namespace", "", "id",
		      life_of(1).id, "name", "second", "image", "two", "runtime", "other", "engine",
		      "podman", "autoremove", "0", "network", "container:x", "args", "b", "pid",
		      "4711", "layer", "m", "sandbox", "t", "namespace", "n", TAPE_END);
	play_sorted(run);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "first", 0);
	cr_expect_str_eq(s->who.id, l.id);
	cr_expect_str_eq(s->who.image, "one");
	cr_expect_str_eq(s->who.runtime, "runsc");
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_eq(s->who.init_pid, l.init);
	cr_expect(is_told(s, CT_PHASE_CONNECT), "it has a network of its own");
	cr_expect_eq(run->counts.containers, 1);
	run_free(run);
}

/* What is not said is not forgotten. */
Test(facts, what_is_left_out_stays)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	const struct seen *s;

	life_serves(&run->t, &l);
	tape_at(&run->t, 25);
	tape_identity(&run->t, LIFE_DOCKERD, "id", l.id, TAPE_END);
	play_sorted(run);
	s = find(run, CT_RECORD_START, l.name, 0);
	cr_expect_str_eq(s->who.image, l.image);
	cr_expect_str_eq(s->who.runtime, l.runtime);
	cr_expect_str_eq(s->who.engine, "docker");
	run_free(run);
}

/* Columns: network of the container, whether its engine connects it, whether connect is told. */
static const struct {
	const char *network;
	bool connects, told, missing;
} networks[] = {
	{ "bridge", true, true, false },
	{ "bridge", false, true, true },
	{ "container:7805", true, false, false },
	{ "container:7805", false, false, false },
};

/* In the network of another nothing is connected: absent, not unknown, in the start and the restart. */
Test(facts, network_of_another_container)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(networks); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		life_create(t, &l, 10);
		tape_identity(t, LIFE_DOCKERD, "id", l.id, "network", networks[i].network,
			      TAPE_END);
		life_start(t, &l, 30);
		tape_at(t, 200);
		tape_output(t, l.init, l.shim);
		life_stop(t, &l, 500);
		l.init += 50;
		l.shim += 50;
		life_start(t, &l, 800);
		tape_at(t, 1000);
		tape_output(t, l.init, l.shim);
		for (size_t k = 0; k < t->count; k++) {
			struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, k);

			/* the host config is written when the endpoint has joined */
			if (!networks[i].connects && e->kind == CT_KIND_SYNC &&
			    memmem(e->tail, e->tail_len, "hostconfig", 10))
				e->kind = CT_KIND_CLOCK;
		}
		play_sorted(run);
		expect_counts(run, 2, 1, 1);
		for (unsigned n = 0; n < 3; n++) {
			const struct seen *s = n < 2 ? find(run, CT_RECORD_START, l.name, n)
						     : find(run, CT_RECORD_RESTART, l.name, 0);

			cr_expect_eq(is_told(s, CT_PHASE_CONNECT), networks[i].told, "row %zu, %u",
				     i, n);
			cr_expect_eq((s->rec.missing >> CT_PHASE_CONNECT) & 1, networks[i].missing,
				     "row %zu, %u", i, n);
		}
		run_free(run);
	}
}

/* Columns: containerd's namespace as its shim says it, whether the container is told to be in it. */
static const struct {
	char letter;
	size_t len;
	bool told;
} namespaces[] = {
	{ 'n', 1, true },
	{ 'n', 79, true },
	{ 'n', 80, false }, /* containerd allows 76: not cut to another's */
};

Test(facts, namespace_of_any_length)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(namespaces); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char ns[128] = "";

		memset(ns, namespaces[i].letter, namespaces[i].len);
		tape_at(t, 10);
		tape_exec(t, 900, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-namespace", ns,
			  "-id", "web", TAPE_END);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 1, "Create", "web", "/b");
		tape_at(t, 20);
		tape_ttrpc_answer(t, 900, 3000, 1, 910, 0);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000, 3, "Start", "web", NULL);
		tape_at(t, 30);
		tape_ttrpc_answer(t, 900, 3000, 3, 910, 0);
		tape_at(t, 40);
		tape_exec(t, 900, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-namespace", "later",
			  "-id", "web", TAPE_END); /* another */
		play_sorted(run);
		cr_assert_gt(run->count, 0);
		cr_expect_str_eq(run->seen[0].who.ns, namespaces[i].told ? ns : "later", "%zu",
				 namespaces[i].len);
		run_free(run);
	}
}

/* A container is its engine's in its namespace: facts say neither another engine nor another way. */
Test(facts, engine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_identity(t, LIFE_CONTAINERD, "id", "web", "engine", "docker", "name", "one", TAPE_END);
	tape_identity(t, LIFE_CONTAINERD, "id", "db", "namespace", "default", TAPE_END);
	tape_identity(t, LIFE_CONTAINERD, "id", "cache", "engine", "unheard-of", "name", "three",
		      TAPE_END);
	for (uint32_t i = 0; i < 3; i++) {
		static const char *const ids[] = { "web", "db", "cache" };

		tape_at(t, 10 + i);
		tape_exec(t, 900 + 10 * i, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-namespace",
			  "default", "-id", ids[i], TAPE_END);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000 + 10 * i, 1, "Create", ids[i], "/b");
		tape_at(t, 20 + i);
		tape_ttrpc_answer(t, 900 + 10 * i, 3000 + 10 * i, 1, 905 + 10 * i, 0);
		tape_ttrpc_request(t, LIFE_CONTAINERD, 3000 + 10 * i, 3, "Start", ids[i], NULL);
		tape_at(t, 30 + i);
		tape_ttrpc_answer(t, 900 + 10 * i, 3000 + 10 * i, 3, 905 + 10 * i, 0);
	}
	play_sorted(run);
	cr_expect_str_eq(find(run, CT_RECORD_START, "one", 0)->who.engine, "docker");
	cr_expect_str_eq(find(run, CT_RECORD_START, "one", 0)->who.ns, "default");
	cr_expect_str_eq(find(run, CT_RECORD_START, "db", 0)->who.engine, "containerd",
			 "who has no name is called by its id");
	cr_expect_str_eq(find(run, CT_RECORD_START, "three", 0)->who.engine, "unheard-of");
	run_free(run);
}

/* The pid of one that has exited is another's by now. */
Test(facts, pid_of_one_that_has_exited)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_serves(t, &l);
	life_exit(t, &l, 500, 0);
	tape_at(t, 600);
	tape_fork(t, LIFE_CONTAINERD, 4711, CT_ROLE_ENGINE);
	tape_identity(t, LIFE_DOCKERD, "id", l.id, "pid", "4711", TAPE_END);
	tape_at(t, 700);
	tape_exit(t, 4711, CT_ROLE_ENGINE, 9);
	play_sorted(run);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->who.init_pid, l.init);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.exit_code, 0);
	run_free(run);
}

/* What coldtrace finds itself about nobody who is known makes one, in the share of whose it is. */
Test(facts, of_nobody_who_is_known)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_identity(t, 0, "id", life_of(0).id, "engine", "podman", "name", "web", TAPE_END);
	last(t)->arg = 1000ull << CT_UID_SHIFT;
	tape_identity(t, 0, "id", life_of(0).id, "engine", "podman", "name", "web2", TAPE_END);
	tape_identity(t, 0, "engine", "podman", TAPE_END); /* about nobody at all */
	play_sorted(run);
	cr_expect_eq(run->counts.containers, 1);
	run_free(run);
}

/* Columns: which part of the create was seen, what is told of it when nobody starts it. */
static const struct {
	const char *name;
	bool begin;
	int status;
	unsigned creates, failed;
} creates[] = {
	{ "all", true, 0, 1, 0 },
	{ "the end", false, 0, 0, 0 },
	{ "all, and it fails", true, 1 << 8, 0, 1 },
	{ "the end, and it fails", false, 1 << 8, 0, 0 },
};

/* It began before tracing did: since when is not known, and not told to be since the begin of time. */
Test(facts, begun_before_tracing)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(creates); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		tape_process(t, 900, 1, CT_ROLE_SHIM, "conmon", "-c", life_of(0).id, "-n", "web",
			     TAPE_END);
		if (creates[i].begin) {
			tape_fork(t, 1, 700, CT_ROLE_RUNTIME);
			tape_exec(t, 700, CT_ROLE_RUNTIME, 1, "runc", "create", "bare", TAPE_END);
		} else {
			tape_process(t, 700, 1, CT_ROLE_RUNTIME, "runc", "create", "bare",
				     TAPE_END);
		}
		tape_at(t, 50);
		tape_exit(t, 700, CT_ROLE_RUNTIME, creates[i].status);
		play_sorted(run);
		cr_expect_eq(count(run, CT_RECORD_CREATE), creates[i].creates, "%s",
			     creates[i].name);
		cr_expect_eq(count(run, CT_RECORD_START), creates[i].failed, "%s", creates[i].name);
		run_free(run);
	}
}

static void hears_nothing(void *ctx, struct ct_opens *opens)
{
	(void)ctx, (void)opens;
}

/* Who wants no records gets none; what is counted is counted. */
Test(facts, nobody_listens)
{
	const struct ct_core_options opts = { .steps = true };
	const struct ct_core_ops ops = { .opens = hears_nothing };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);
	struct tape t = { 0 };
	struct life l = life_of(0);

	cr_assert(core);
	life_engines(&t);
	run_stop_rm(&t, &l, 10);
	tape_feed(&t, core);
	ct_core_flush(core);
	cr_expect_eq(ct_core_counts(core).containers, 1);
	cr_expect_eq(ct_core_counts(core).unknown_phases, 0);
	ct_core_free(core);
	ct_core_free(NULL);
	tape_free(&t);
}
