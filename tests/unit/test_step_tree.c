// SPDX-License-Identifier: GPL-2.0-only
/* Which step hangs below which: events by hand, and the tree that the core makes of them. */
#include <criterion/criterion.h>

#include "core/steps/steps.h"
#include "runs.h"

#define OUTER   490 /* without root */
#define PODMAN  500
#define NETWORK 510
#define CONMON  520
#define MONITOR 521
#define RUNTIME 530
#define CHILD   531
#define ORPHAN  532
#define STARTER 535
#define INIT    540
#define ID      "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"

static void executes(struct tape *t, double ms, uint32_t parent, uint32_t child, enum ct_role role,
		     const char *program, const char *word)
{
	tape_at(t, ms);
	tape_fork(t, parent, child, role);
	tape_exec(t, child, role, 1, program, word, ID, TAPE_END);
}

static void exits(struct tape *t, double ms, uint32_t tgid, enum ct_role role)
{
	tape_at(t, ms);
	tape_exit(t, tgid, role, 0);
}

/* It returns at that time, after a tenth of a millisecond. */
static void mounts(struct tape *t, double ms, uint32_t tgid)
{
	tape_at(t, ms);
	tape_call(t, tgid, CT_CALL_MOUNT, 0.1, "proc", "/proc", TAPE_END);
}

/*
 * podman runs a container, from 10 to 100 ms: conmon from 40 to 42, the runtime is called at 45 to
 * create it, until 60, and at 70 to start it, until 80. The first process is forked at 50 and
 * executes the program at 75.
 */
static void run_by_podman(struct tape *t, uint32_t podman)
{
	tape_at(t, 10);
	tape_exec(t, podman, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image",
		  TAPE_END);
	tape_at(t, 40);
	tape_fork(t, podman, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 1, "/usr/bin/conmon", "-c", ID, "-r", "/usr/bin/crun",
		  "-n", "web", TAPE_END);
	tape_at(t, 41);
	tape_fork(t, CONMON, MONITOR, CT_ROLE_SHIM);
	exits(t, 42, CONMON, CT_ROLE_SHIM);
	executes(t, 45, MONITOR, RUNTIME, CT_ROLE_RUNTIME, "/usr/bin/crun", "create");
	tape_at(t, 50);
	tape_fork(t, RUNTIME, INIT, CT_ROLE_RUNTIME);
	exits(t, 60, RUNTIME, CT_ROLE_RUNTIME);
	executes(t, 70, podman, STARTER, CT_ROLE_RUNTIME, "/usr/bin/crun", "start");
	tape_at(t, 75);
	tape_exec(t, INIT, CT_ROLE_INIT, 2, "service", TAPE_END);
	exits(t, 80, STARTER, CT_ROLE_RUNTIME);
	tape_at(t, 90);
	tape_output(t, INIT, MONITOR);
	exits(t, 100, podman, CT_ROLE_ENGINE);
}

static const struct seen *played(struct run *run, const char *name)
{
	run->opts.steps = true;
	tape_sort(&run->t);
	play_until(run, 9000);
	return find(run, CT_RECORD_START, name, 0);
}

/* The n-th step of that name, which must be there. */
static const struct ct_step *step_of(const struct seen *s, const char *name, unsigned n)
{
	const struct ct_step *step = s->steps;

	for (size_t i = 0; i < s->rec.step_count; i++, step++)
		if (!strcmp(step->name, name) && !n--)
			return step;
	cr_assert_fail("no step '%s' %u", name, n);
	return NULL;
}

static void expect_one_below(const struct seen *s, const struct ct_step *step, const char *parent)
{
	const char *above = step->parent ? s->steps[step->parent - 1].name : "";

	cr_expect_str_eq(above, parent, "'%s' at %u is below '%s'", step->name,
			 (unsigned)((step->begin_ns - TAPE_T0_NS) / TAPE_MS), above);
}

/* parent is "" for none. */
static void expect_below(const struct seen *s, const char *name, const char *parent)
{
	expect_one_below(s, step_of(s, name, 0), parent);
}

/* slirp4netns goes on while podman calls conmon and the runtime: it did not call them. */
Test(step_tree, who_goes_on_did_not_start_what_comes_next)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_by_podman(t, PODMAN);
	executes(t, 20, PODMAN, NETWORK, CT_ROLE_HELPER, "/usr/bin/slirp4netns", "-c");
	mounts(t, 22, NETWORK);
	mounts(t, 48, RUNTIME);
	mounts(t, 65, INIT);
	s = played(run, "web");
	expect_below(s, "podman run", "");
	expect_below(s, "user network", "podman run");
	expect_one_below(s, step_of(s, "mounts", 0), "user network");
	expect_below(s, "conmon", "podman run");
	expect_below(s, "runtime create", "podman run");
	expect_one_below(s, step_of(s, "mounts", 1), "runtime create");
	expect_below(s, "runtime init", "podman run");
	expect_one_below(s, step_of(s, "mounts", 2), "runtime init");
	expect_below(s, "runtime start", "podman run");
	expect_below(s, "exec", "podman run");
	run_free(run);
}

/* Without root podman executes itself once more: what it starts hangs below the inner one. */
Test(step_tree, each_below_the_nearest_who_has_a_step)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct ct_step *inner;
	const struct seen *s;

	tape_at(t, 5);
	tape_exec(t, OUTER, CT_ROLE_ENGINE, 1, "podman", "run", "--name", "web", "image", TAPE_END);
	tape_at(t, 9);
	tape_fork(t, OUTER, PODMAN, CT_ROLE_ENGINE);
	run_by_podman(t, PODMAN);
	s = played(run, "web");
	inner = step_of(s, "podman run", 1);
	expect_below(s, "podman run", "");
	expect_one_below(s, inner, "podman run");
	cr_expect_eq(step_of(s, "conmon", 0)->parent, inner - s->steps + 1);
	cr_expect_eq(step_of(s, "runtime create", 0)->parent, inner - s->steps + 1);
	cr_expect_eq(step_of(s, "runtime start", 0)->depth, 2);
	run_free(run);
}

/* It is known whose they are when who forked them, and has no step, is gone. */
Test(step_tree, ancestors_that_are_gone)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_by_podman(t, PODMAN);
	executes(t, 20, PODMAN, NETWORK, CT_ROLE_HELPER, "/usr/bin/slirp4netns", "-c");
	tape_at(t, 46);
	tape_fork(t, RUNTIME, CHILD, CT_ROLE_RUNTIME);
	tape_at(t, 47);
	tape_fork(t, CHILD, ORPHAN, CT_ROLE_RUNTIME);
	exits(t, 48, CHILD, CT_ROLE_RUNTIME);
	mounts(t, 49, ORPHAN);
	s = played(run, "web");
	expect_below(s, "mounts", "runtime create");
	cr_expect_eq(step_of(s, "mounts", 0)->pid, ORPHAN);
	run_free(run);
}

/* A daemon is no part of who started it: beside, but known to be started by it. */
Test(step_tree, who_outlives_its_parent_is_beside_it)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct ct_step *create, *gofer;
	const struct seen *s;

	run_by_podman(t, PODMAN);
	executes(t, 46, RUNTIME, CHILD, CT_ROLE_HELPER, "runsc-gofer", "gofer");
	mounts(t, 55, CHILD);
	mounts(t, 62, CHILD);
	s = played(run, "web");
	create = step_of(s, "runtime create", 0);
	gofer = step_of(s, "gofer", 0);
	cr_expect(gofer->open);
	expect_one_below(s, gofer, "podman run");
	cr_expect_eq(gofer->starter, create - s->steps + 1);
	/* What it does is told with it, not with what went on meanwhile. */
	cr_expect_eq(step_of(s, "mounts", 0)->parent, gofer - s->steps + 1);
	cr_expect_eq(step_of(s, "mounts", 1)->parent, gofer - s->steps + 1);
	cr_expect_eq(step_of(s, "mounts", 0), gofer + 1);
	cr_expect_eq(step_of(s, "mounts", 0)->starter, 0);
	run_free(run);
}

/* One program after the other, the first while its parent goes on: they stand together. */
Test(step_tree, the_programs_of_a_process_are_side_by_side)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_by_podman(t, PODMAN);
	executes(t, 46, RUNTIME, CHILD, CT_ROLE_HELPER, "runsc-sandbox", "boot");
	mounts(t, 54, CHILD);
	tape_at(t, 55);
	tape_exec(t, CHILD, CT_ROLE_HELPER, 1, "runsc-sandbox", "boot", ID, TAPE_END);
	mounts(t, 56, CHILD);
	exits(t, 65, CHILD, CT_ROLE_HELPER);
	s = played(run, "web");
	for (unsigned n = 0; n < 2; n++) {
		const struct ct_step *boot = step_of(s, CT_SANDBOX, n);
		const struct ct_step *mount = step_of(s, "mounts", n);

		expect_one_below(s, boot, "podman run");
		/* Calls of two programs are two steps, however close to each other. */
		cr_expect_eq(mount->count, 1);
		cr_expect_eq(mount->parent, boot - s->steps + 1);
	}
	run_free(run);
}

/* An engine does nothing within what it serves, whatever lies around it in time. */
Test(step_tree, an_engine_is_started_by_nobody)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	const struct seen *s;
	char path[128];

	snprintf(path, sizeof(path), "/x/containers/%s/config.v2.json", l.id);
	life_create(t, &l, 10);
	life_start(t, &l, 30);
	tape_at(t, 30 + 60);
	tape_call(t, l.engine, CT_CALL_RENAME, 1, "/x/new", path, TAPE_END);
	tape_at(t, 30 + 200);
	tape_listen(t, l.init, 80);
	s = played(run, l.name);
	cr_expect_gt(step_of(s, "metadata write", 0)->begin_ns,
		     step_of(s, "task create", 0)->begin_ns);
	cr_expect_lt(step_of(s, "metadata write", 0)->end_ns,
		     step_of(s, "runtime create", 0)->end_ns);
	expect_below(s, "metadata write", "");
	expect_below(s, "task create", "");
	expect_below(s, "runtime create", "task create");
	expect_below(s, "runtime init", "");
	expect_below(s, "task start", "");
	expect_below(s, "runtime start", "task start");
	expect_below(s, "exec", "");
	run_free(run);
}

static struct ct_step a_step(const char *name, uint32_t pid, uint32_t parent, uint64_t begin_ns,
			     uint64_t end_ns)
{
	return (struct ct_step){
		.name = name,
		.actor = "runtime",
		.begin_ns = begin_ns,
		.end_ns = end_ns,
		.pid = pid,
		.count = 1,
		.kind = CT_STEP_PROGRAM,
		.up = { parent },
	};
}

#define END_NS 20000

static void expect_tree(const struct ct_step *steps, size_t count, bool lost, const char *expected)
{
	const struct ct_steps_told told = { .begin_ns = 10, .end_ns = END_NS, .lost = lost };
	struct ct_step *tree = ct_steps_tree(steps, count, &told, &count);
	char text[512] = "";
	size_t len = 0;

	cr_assert(tree);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s%s", i ? " " : "",
					tree[i].depth, "........", tree[i].name);
	cr_expect_str_eq(text, expected);
	free(tree);
}

/*
 * Who forked it is watched or not: one of whom no fork was seen was started by somebody else. But if
 * forks were lost, what lies within what in time is all there is.
 */
Test(step_tree, of_unknown_parents)
{
	const struct ct_step steps[] = {
		a_step("d", 4, 0, 15, 18), /* order of their ends, as they come */
		a_step("c", 3, 0, 12, 30),
		a_step("b", 2, 9, 11, 60), /* of a parent who has no step */
		a_step("a", 1, 0, 10, 100),
	};

	expect_tree(steps, CT_ARRAY_SIZE(steps), false, "a b c d");
	expect_tree(steps, CT_ARRAY_SIZE(steps), true, "a b .c ..d");
}

/* Both go on when the record ends: more is not told of either. */
Test(step_tree, what_goes_on_at_the_end)
{
	struct ct_step steps[] = {
		a_step("parent", 1, 9, 10, END_NS + 1),
		a_step("child", 2, 1, 20, END_NS + 2),
		a_step("done", 3, 2, 30, END_NS - 2),
		a_step("daemon", 4, 3, 40, END_NS - 1),
	};

	steps[3].up[1] = 2;
	expect_tree(steps, CT_ARRAY_SIZE(steps), false, "parent .child ..done ..daemon");
}

/* Calls start nobody: below the program that does them, or what it was asked for. */
Test(step_tree, nobody_is_below_the_calls_of_another)
{
	struct ct_step steps[] = {
		a_step("program", 1, 9, 10, 100),
		a_step("calls", 1, 9, 20, 50),
		a_step("more", 1, 9, 25, 30),
		a_step("child", 2, 1, 26, 40),
	};

	steps[1].kind = steps[2].kind = CT_STEP_CALLS;
	expect_tree(steps, CT_ARRAY_SIZE(steps), false, "program .calls ..more .child");
}

/* Far more below each other than there is any use for. */
Test(step_tree, is_not_deeper_than_it_can_be_told)
{
	const struct ct_steps_told told = { .begin_ns = 1, .end_ns = END_NS };
	struct ct_step steps[CT_STEPS_MAX - 1], *tree;
	size_t count;

	for (uint32_t i = 0; i < CT_ARRAY_SIZE(steps); i++)
		steps[i] = a_step("s", i + 2, i + 1, 10 + i, 10000 - i);
	tree = ct_steps_tree(steps, CT_ARRAY_SIZE(steps), &told, &count);
	cr_assert_eq(count, CT_ARRAY_SIZE(steps));
	for (size_t i = 0; i < CT_ARRAY_SIZE(steps); i++) {
		cr_expect_eq(tree[i].begin_ns, 10 + i);
		cr_expect_leq(tree[i].depth, 31);
		cr_expect_eq(tree[i].parent, i < 31 ? i : 31);
	}
	free(tree);
}

static struct ct_step program(uint32_t pid, uint32_t up, uint64_t begin_ns, uint64_t end_ns)
{
	return (struct ct_step){
		.name = "x",
		.kind = CT_STEP_PROGRAM,
		.pid = pid,
		.up = { up },
		.begin_ns = begin_ns,
		.end_ns = end_ns,
	};
}

/* Columns: when another who was started by it ends, and begins: who is over starts nobody. */
static const struct {
	uint64_t end_ns, begin_ns;
	bool starts, below;
} relations[] = {
	{ 50, 20, true, true },  { 50, 60, false, false }, { 50, 50, true, false },
	{ 70, 60, true, false }, { 100, 60, true, true },
};

Test(step_tree, who_is_over_starts_nobody)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(relations); i++) {
		const struct ct_step steps[] = {
			program(2, 0, 5, 15), /* is over in any case */
			program(1, 0, 10, relations[i].end_ns),
			program(3, 1, relations[i].begin_ns, relations[i].begin_ns < 50 ? 40 : 80),
			program(4, 2, 90, 95),
		};
		const struct ct_steps_told told = { .begin_ns = 1, .end_ns = 200 };
		size_t count;
		struct ct_step *tree = ct_steps_tree(steps, CT_ARRAY_SIZE(steps), &told, &count);

		cr_assert_eq(count, CT_ARRAY_SIZE(steps));
		for (size_t k = 0; k < count; k++) {
			if (tree[k].pid == 4)
				cr_expect_eq(tree[k].starter, 0, "%zu", i);
			if (tree[k].pid != 3)
				continue;
			cr_expect_eq(tree[k].starter != 0, relations[i].starts, "%zu", i);
			cr_expect_eq(tree[k].parent != 0, relations[i].below, "%zu", i);
		}
		free(tree);
	}
}
