// SPDX-License-Identifier: GPL-2.0-only
/* Whose service a container continues: what is a restart, and of whom. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

/* run_stop_rm(): what it asks for at 10 exits then. */
#define EXIT(ms) ((ms) + 1010.0)

static void serves(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_start(t, l, ms + 20);
	tape_at(t, ms + 190);
	tape_output(t, l->init, l->shim);
}

/* Columns: name and arguments of the second, when it begins after the first one's exit, a restart. */
static const struct {
	const char *name, *args;
	double after;
	bool restart;
} times[] = {
	{ "web", "other", 600000, true }, { "web", "other", 600000.001, false },
	{ "db", "serve", 60000, true },   { "db", "serve", 60000.001, false },
	{ "db", "other", 1000, false },
};

/* The times that README.md and docs tell: beyond them it is another service. */
Test(successor, for_how_long)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++) {
		struct run *run = run_new();
		struct life first = life_of(0), second = life_of(1);

		run->opts.restarts_by_image = true;
		second.name = times[i].name;
		second.args = times[i].args;
		run_stop_rm(&run->t, &first, 10);
		serves(&run->t, &second, EXIT(10) + times[i].after);
		play_until(run, 700000);
		expect_counts(run, 2, 1, times[i].restart);
		run_free(run);
	}
}

/* A rename that was lost: two of one name beside each other, in turn, until they exit. */
static void two_of_a_name(struct run *run, bool by_args, double exit0, double exit1)
{
	struct life lives[4] = { life_of(0), life_of(1), life_of(2), life_of(3) };
	struct tape *t = &run->t;

	run->opts.restarts_by_image = by_args;
	for (unsigned i = 0; i < 4; i++) {
		if (by_args)
			lives[i].args = "serve";
		else
			lives[i].name = "web";
	}
	serves(t, &lives[0], 10);
	serves(t, &lives[1], 500);
	life_exit(t, &lives[0], exit0, 0);
	life_exit(t, &lives[1], exit1, 0);
	serves(t, &lives[2], 6000);
	serves(t, &lives[3], 7000);
	tape_at(t, 60000);
	tape_clock(t);
	tape_sort(t);
	play(run);
}

/* Of several of its name it is the last that exited, and each is continued once. */
Test(successor, of_the_last_of_its_name)
{
	for (int later = 0; later < 2; later++) {
		struct run *run = run_new();

		two_of_a_name(run, false, later ? 2000 : 1000, later ? 1000 : 2000);
		expect_counts(run, 4, 2, 2);
		cr_expect_eq(find(run, CT_RECORD_RESTART, "web", 0)->rec.begin_ns, tape_ns(2000));
		cr_expect_str_eq(find(run, CT_RECORD_RESTART, "web", 0)->predecessor.id,
				 life_of(later ? 0 : 1).id);
		cr_expect_str_eq(find(run, CT_RECORD_RESTART, "web", 1)->predecessor.id,
				 life_of(later ? 1 : 0).id);
		run_free(run);
	}
}

/* Of several that did the same it is the first that exited: they are replaced in turn. */
Test(successor, of_the_first_of_its_kind)
{
	for (int later = 0; later < 2; later++) {
		struct run *run = run_new();

		two_of_a_name(run, true, later ? 2000 : 1000, later ? 1000 : 2000);
		expect_counts(run, 4, 2, 2);
		cr_expect_str_eq(find(run, CT_RECORD_RESTART, life_of(2).name, 0)->predecessor.id,
				 life_of(later ? 1 : 0).id);
		cr_expect_eq(find(run, CT_RECORD_RESTART, life_of(2).name, 0)->rec.begin_ns,
			     tape_ns(1000));
		cr_expect_str_eq(find(run, CT_RECORD_RESTART, life_of(3).name, 0)->predecessor.id,
				 life_of(later ? 0 : 1).id);
		run_free(run);
	}
}

/* Three of a kind go out of the list of those that exited, from its middle and from its ends. */
Test(successor, of_several_of_a_kind_each_once)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	static const double exits[] = { 1000, 3000, 2000 };
	char id[65], name[8];

	run->opts.restarts_by_image = true;
	for (unsigned i = 0; i < 7; i++) {
		struct life l = life_of(i);

		snprintf(id, sizeof(id), "%064x", i + 1);
		snprintf(name, sizeof(name), "w%u", i);
		l.id = id;
		l.name = name;
		l.args = "serve";
		serves(t, &l, i < 3 ? 10 + 200.0 * i : 6000 + 1000.0 * i);
		if (i < 3)
			life_exit(t, &l, exits[i], 0);
	}
	tape_at(t, 70000);
	tape_clock(t);
	tape_sort(t);
	play(run);
	expect_counts(run, 7, 3, 3);
	cr_expect_eq(find(run, CT_RECORD_RESTART, "w3", 0)->rec.begin_ns, tape_ns(1000));
	cr_expect_eq(find(run, CT_RECORD_RESTART, "w4", 0)->rec.begin_ns, tape_ns(2000));
	cr_expect_eq(find(run, CT_RECORD_RESTART, "w5", 0)->rec.begin_ns, tape_ns(3000));
	run_free(run);
}

/* It was there before the other exited: it continues nothing. */
Test(successor, not_who_was_there_before)
{
	struct run *run = run_new();
	struct life first = life_of(0), second = life_of(1);
	struct tape *t = &run->t;

	second.name = first.name;
	serves(t, &first, 10);
	life_create(t, &second, 900);
	life_start(t, &second, 905);
	life_exit(t, &first, 950, 0);
	tape_at(t, 1200);
	tape_output(t, second.init, second.shim);
	tape_at(t, 60000);
	tape_clock(t);
	tape_sort(t);
	play(run);
	expect_counts(run, 2, 1, 0);
	run_free(run);
}

/* A start that failed was no service: the next one of its name starts, it does not start again. */
Test(successor, not_of_one_that_failed)
{
	struct run *run = run_new();
	struct life first = life_of(0), second = life_of(1);
	struct tape *t = &run->t;

	second.name = first.name;
	second.args = first.args;
	life_create(t, &first, 10);
	life_request(t, &first, 30, "start");
	life_started_within(t, &first, 30);
	tape_at(t, 175);
	tape_exit(t, first.init, CT_ROLE_INIT, 1 << 8);
	life_answer(t, &first, 180, 500, "{\"message\":\"no\"}");
	serves(t, &second, 2000);
	play_until(run, 60000);
	expect_outcome(find(run, CT_RECORD_START, "web", 0), CT_OUTCOME_FAILED);
	cr_expect_eq(count(run, CT_RECORD_RESTART), 0);
	run_free(run);
}

/* A task of ctr in a namespace: asked for at ms, ready 40 ms later. */
static void task(struct tape *t, const char *ns, const char *id, uint32_t pid, double ms)
{
	tape_at(t, ms);
	tape_fork(t, LIFE_CONTAINERD, pid, CT_ROLE_ENGINE);
	tape_exec(t, pid, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-runc-v2",
		  "-namespace", ns, "-id", id, "start", TAPE_END);
	tape_fork(t, pid, pid + 1, CT_ROLE_SHIM);
	tape_at(t, ms + 5);
	tape_fork(t, pid + 1, pid + 2, CT_ROLE_SHIM);
	tape_exec(t, pid + 2, CT_ROLE_RUNTIME, LIFE_HOST_NETNS, "runc", "create", id, TAPE_END);
	tape_fork(t, pid + 2, pid + 3, CT_ROLE_RUNTIME);
	tape_at(t, ms + 10);
	tape_exit(t, pid + 2, CT_ROLE_RUNTIME, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 4000 + 2 * pid, 1, "Create", id, "/b");
	tape_at(t, ms + 12);
	tape_ttrpc_answer(t, pid + 1, 4000 + 2 * pid, 1, pid + 3, 0);
	tape_at(t, ms + 20);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 4000 + 2 * pid, 3, "Start", id, NULL);
	tape_at(t, ms + 25);
	tape_exec(t, pid + 3, CT_ROLE_INIT, 9, "app", TAPE_END);
	tape_at(t, ms + 30);
	tape_ttrpc_answer(t, pid + 1, 4000 + 2 * pid, 3, pid + 3, 0);
	tape_at(t, ms + 40);
	tape_output(t, pid + 3, pid + 1);
}

static void task_ends(struct tape *t, uint32_t pid, const char *id, double ms)
{
	tape_at(t, ms);
	tape_exit(t, pid + 3, CT_ROLE_INIT, 0);
	tape_at(t, ms + 5);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 4000 + 2 * pid, 5, "Delete", id, NULL);
	tape_at(t, ms + 8);
	tape_ttrpc_answer(t, pid + 1, 4000 + 2 * pid, 5, pid + 3, 0);
}

/* The same id in two namespaces of containerd: two containers, and none continues the other. */
Test(successor, not_across_namespaces)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	task(t, "one", "web", 5000, 10);
	task_ends(t, 5000, "web", 1000);
	task(t, "two", "web", 6000, 2000);
	task_ends(t, 6000, "web", 3000);
	play_until(run, 60000);
	expect_counts(run, 2, 2, 0);
	cr_expect_str_eq(find(run, CT_RECORD_STOP, "web", 0)->who.ns, "one");
	cr_expect_str_eq(find(run, CT_RECORD_STOP, "web", 1)->who.ns, "two");
	expect_span(find(run, CT_RECORD_STOP, "web", 1), 3000, 3008);
	run_free(run);
}

/* What bare runtimes run and what an engine runs may have one name: neither continues the other. */
Test(successor, not_across_ways_of_living)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life second = life_of(0);

	tape_at(t, 10);
	tape_exec(t, 7000, CT_ROLE_RUNTIME, 1, "runc", "run", second.name, TAPE_END);
	tape_fork(t, 7000, 7001, CT_ROLE_RUNTIME);
	tape_at(t, 30);
	tape_exec(t, 7001, CT_ROLE_INIT, 9, "app", TAPE_END);
	tape_at(t, 40);
	tape_output(t, 7001, 7000);
	tape_at(t, 500);
	tape_exit(t, 7001, CT_ROLE_INIT, 0);
	tape_exit(t, 7000, CT_ROLE_RUNTIME, 0);
	serves(t, &second, 1000);
	play_until(run, 60000);
	expect_counts(run, 2, 1, 0);
	run_free(run);
}

/* Nor does a user's container continue root's, whatever he calls it. */
Test(successor, not_across_users)
{
	for (uint32_t uid = 0; uid < 1001; uid += 1000) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		for (unsigned i = 0; i < 2; i++) {
			uint32_t pid = 7000 + 10 * i;

			tape_at(t, 10 + 1000.0 * i);
			tape_exec(t, pid, CT_ROLE_RUNTIME, 1, "runc", "run", "web", TAPE_END);
			((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->arg =
				i ? (uint64_t)uid << CT_UID_SHIFT : 0;
			tape_fork(t, pid, pid + 1, CT_ROLE_RUNTIME);
			tape_at(t, 30 + 1000.0 * i);
			tape_exec(t, pid + 1, CT_ROLE_INIT, 9, "app", TAPE_END);
			tape_at(t, 40 + 1000.0 * i);
			tape_output(t, pid + 1, pid);
			tape_at(t, 500 + 1000.0 * i);
			tape_exit(t, pid + 1, CT_ROLE_INIT, 0);
			tape_exit(t, pid, CT_ROLE_RUNTIME, 0);
		}
		play_until(run, 60000);
		expect_counts(run, 2, 2, uid ? 0 : 1);
		run_free(run);
	}
}

/* A full table: what may still be continued is missed when it goes, and what is over is not. */
static uint64_t missed(double until, bool exits)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint64_t lost;

	run->opts.containers_max = 1;
	serves(t, &l, 10);
	if (exits) {
		life_exit(t, &l, 1000, 0);
		life_remove(t, &l, 1100);
	}
	tape_at(t, 5000);
	tape_clock(t);
	tape_at(t, until);
	tape_exec(t, 7000, CT_ROLE_RUNTIME, 9, "runc", "create", "later", TAPE_END);
	play_until(run, until + 1000);
	lost = run->counts.lost[CT_LOSS_TABLE];
	run_free(run);
	return lost;
}

Test(successor, who_may_have_one_is_missed)
{
	cr_expect_eq(missed(10000, true), 1);
	cr_expect_eq(missed(600000, true), 1);
	cr_expect_eq(missed(601300, true), 0, "ten minutes are over");
	cr_expect_eq(missed(10000, false), 1, "it runs");
}
