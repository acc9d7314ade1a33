// SPDX-License-Identifier: GPL-2.0-only
/* The table of containers when there are more than it holds, and what everybody may have of it. */
#include <stdio.h>

#include "core/base/parties.h"
#include "runs.h"

#define HOUR 3600000.0

/* `./runc create X` from a container, so often; each leaves a container that nobody ever ends. */
static void fill(struct tape *t, unsigned count, uint32_t root, uint32_t uid)
{
	char id[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "x%u", i);
		tape_exec(t, 7000, CT_ROLE_RUNTIME, 9, "runc", "create", id, TAPE_END);
		((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->root = root;
		((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->arg =
			(uint64_t)uid << CT_UID_SHIFT | (root != 0);
		tape_exit(t, 7000, CT_ROLE_RUNTIME, 0);
	}
}

static void starts(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_start(t, l, ms + 30);
	tape_at(t, ms + 300);
	tape_output(t, l->init, l->shim);
}

static void fills_in_vain(uint32_t root, uint32_t uid)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	run->opts.containers_max = 64;
	tape_at(t, 10);
	fill(t, 200, root, uid);
	starts(t, &l, HOUR);
	life_stop(t, &l, HOUR + 1000);
	play_until(run, HOUR + 60000);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_OK);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_SHARE], 200 - 64 / 8, "%llu beyond the share",
		     (unsigned long long)run->counts.lost[CT_LOSS_SHARE]);
	cr_expect_eq(run->counts.beyond.each[0].uid, uid);
	cr_expect_eq(run->counts.beyond.each[0].count, run->counts.lost[CT_LOSS_SHARE]);
	cr_expect(ct_counts_incomplete(&run->counts));
	run_free(run);
}

Test(book, others_pay_for_what_is_beyond_their_share)
{
	fills_in_vain(777, 0);
	fills_in_vain(0, 65534);
}

/* Many of them together do not, either. */
Test(book, all_others_have_half_as_much_as_the_host)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life lives[3] = { life_of(0), life_of(1), life_of(2) };

	run->opts.containers_max = 16;
	for (unsigned i = 0; i < 3; i++)
		starts(t, &lives[i], 10 + 1000.0 * i);
	tape_at(t, 10000);
	for (uint32_t uid = 1000; uid < 1020; uid++)
		fill(t, 2, 0, uid);
	for (unsigned i = 0; i < 3; i++)
		life_stop(t, &lives[i], 20000 + 1000.0 * i);
	play_until(run, 90000);
	expect_counts(run, 3, 3, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_SHARE], 20 * 2 - 16 / 2);
	cr_expect_eq(ct_parties_sum(&run->counts.beyond), 20 * 2 - 16 / 2);
	run_free(run);
}

/* Who has little keeps it, and so does the host, however much that has: who has most pays. */
Test(book, who_has_most_makes_room)
{
	static const struct {
		uint32_t uid;
		unsigned has;
	} others[] = { { 1000, 5 }, { 1001, 8 }, { 1002, 7 }, { 1003, 6 }, { 1004, 6 } };
	static char ids[10][65], names[10][8];
	struct run *run = run_new();
	struct tape *t = &run->t;

	run->opts.containers_max = 64; /* all others have 32 of them */
	for (unsigned i = 0; i < 10; i++) {
		struct life l = life_of(i);

		snprintf(ids[i], sizeof(ids[i]), "%064x", i + 1);
		snprintf(names[i], sizeof(names[i]), "z%u", i);
		l.id = ids[i];
		l.name = l.args = names[i];
		starts(t, &l, 10 + 1000.0 * i);
	}
	tape_at(t, 20000);
	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++)
		fill(t, others[i].has, 0, others[i].uid);
	fill(t, 1, 0, 1005);
	play_until(run, 30000);
	cr_expect_eq(run->counts.lost[CT_LOSS_SHARE], 1);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 0);
	cr_expect_eq(run->counts.beyond.each[0].uid, 1001);
	run_free(run);
}

/* It is forgotten by its first process, too: whoever has that pid next is not taken for it. */
Test(book, what_made_room_has_no_first_process)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life lives[3] = { life_of(0), life_of(1), life_of(2) };

	run->opts.containers_max = 2;
	for (unsigned i = 0; i < 3; i++) {
		starts(t, &lives[i], (i ? 24 * HOUR : 0) + 10 + 1000.0 * i);
		tape_lost(t, CT_LOSS_RING, 20);
	}
	tape_at(t, 24 * HOUR + 9000);
	tape_process(t, lives[0].init, 1, CT_ROLE_INIT, "other", TAPE_END);
	play_until(run, 25 * HOUR);
	expect_counts(run, 3, 0, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 1);
	run_free(run);
}

/* Their ends fell into holes: a day later the next one is told all the same. */
Test(book, containers_whose_end_was_lost_give_way)
{
	static char ids[24][65], names[24][8];
	struct run *run = run_new();
	struct tape *t = &run->t;

	run->opts.containers_max = 16;
	for (unsigned i = 0; i < 24; i++) {
		struct life l = life_of(i);

		snprintf(ids[i], sizeof(ids[i]), "%064x", i + 1);
		snprintf(names[i], sizeof(names[i]), "z%u", i);
		l.id = ids[i];
		l.name = l.args = names[i];
		starts(t, &l, (i < 20 ? 0 : 24 * HOUR) + 10 + 1000.0 * i);
		tape_lost(t, CT_LOSS_RING, 20);
	}
	play_until(run, 25 * HOUR);
	expect_counts(run, 24, 0, 0);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 24 - 16);
	run_free(run);
}

static void count_restarts(void *ctx, const struct ct_record *rec)
{
	*(unsigned *)ctx += rec->type == CT_RECORD_RESTART;
}

/* Ten minutes are documented, whatever else comes and goes in them. */
Test(book, a_restart_is_one_on_a_busy_node)
{
	static char ids[300][65], names[300][8];
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	unsigned restarts = 0;
	const struct ct_core_ops ops = { .record = count_restarts };
	struct ct_core *core = ct_core_new(&run->opts, &ops, &restarts);

	run_stop_rm(t, &l, 10);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%064x", i + 7);
		snprintf(names[i], sizeof(names[i]), "job%u", i);
		tape_at(t, 3000 + 1000.0 * i);
		tape_exec(t, 7000 + i, CT_ROLE_RUNTIME, 9, "runc", "create", names[i], TAPE_END);
		tape_exit(t, 7000 + i, CT_ROLE_RUNTIME, 0);
		tape_at(t, 3500 + 1000.0 * i);
		tape_exec(t, 7000 + i, CT_ROLE_RUNTIME, 9, "runc", "delete", names[i], TAPE_END);
		tape_exit(t, 7000 + i, CT_ROLE_RUNTIME, 0);
	}
	l = life_of(1);
	l.name = "web";
	l.args = "other";
	starts(t, &l, 400000);
	tape_at(t, 500000);
	tape_clock(t);
	tape_sort(t);
	tape_feed(t, core);
	ct_core_flush(core);
	run->counts = ct_core_counts(core);
	ct_core_free(core);
	cr_expect_eq(restarts, 1, "%u restarts", restarts);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 0);
	run_free(run);
}

/* What is borrowed of a container goes with it: it must not be the one that makes room. */
Test(book, what_is_handled_is_not_what_makes_room)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	char id[32];

	run->opts.containers_max = 8;
	tape_at(t, 10);
	tape_exec(t, 8001, CT_ROLE_SHIM, 9, "containerd-shim", "-namespace", "nnnnnnnn", "-id", "A",
		  TAPE_END);
	for (unsigned i = 0; i < 7; i++) {
		snprintf(id, sizeof(id), "x%u", i);
		tape_exec(t, 7000, CT_ROLE_RUNTIME, 9, "runc", "create", id, TAPE_END);
		tape_exit(t, 7000, CT_ROLE_RUNTIME, 0);
	}
	tape_at(t, 100);
	tape_exec(t, 8001, CT_ROLE_SHIM, 9, "containerd-shim", "-id", "B", TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 1, "Create", "B", NULL);
	play_until(run, 60000);
	cr_expect_eq(run->counts.lost[CT_LOSS_TABLE], 1);
	run_free(run);
}

/* A name that is not a program's own costs a count, and nothing else. */
Test(book, forgers_are_counted_by_whom)
{
	struct run *run = run_new();
	struct ct_event *e;

	for (unsigned i = 0; i < 2; i++) {
		e = tape_add(&run->t, CT_KIND_FORGER, 0, "dockerd", 7);
		e->obj = 2 + i;
		e->arg = 65534;
	}
	play(run);
	cr_expect_eq(run->counts.forgers.each[0].count, 5);
	cr_expect_eq(run->counts.forgers.each[0].uid, 65534);
	cr_expect_str_eq(run->counts.forgers.each[0].comm, "dockerd");
	cr_expect_not(ct_counts_incomplete(&run->counts));
	run_free(run);
}

/* The kernel side has shares of its own, and says whose went beyond. */
Test(book, losses_of_a_share_are_told_by_whom)
{
	struct run *run = run_new();
	struct ct_event *e = tape_add(&run->t, CT_KIND_LOST, 0, NULL, 0);

	e->sub = CT_LOSS_SHARE;
	e->obj = 9;
	e->arg = 1000;
	play(run);
	cr_expect_eq(run->counts.lost[CT_LOSS_SHARE], 9);
	cr_expect_eq(run->counts.beyond.each[0].count, 9);
	cr_expect_eq(run->counts.beyond.each[0].uid, 1000);
	run_free(run);
}

/* What coldtrace reads itself for a rootless engine is about that engine's container. */
Test(book, facts_without_an_engine_find_whom_they_are_about)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	tape_at(t, 10);
	tape_exec(t, 7000, CT_ROLE_SHIM, 9, "conmon", "-c", l.id, "-n", "web", "-r", "crun", "-b",
		  "/srv/x-containers/y/userdata", TAPE_END);
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->arg = 1000ull << CT_UID_SHIFT;
	tape_at(t, 20);
	tape_identity(t, 0, "id", l.id, "engine", "podman", "image", "busybox:1", TAPE_END);
	play(run);
	cr_expect_eq(run->counts.containers, 1, "%llu containers",
		     (unsigned long long)run->counts.containers);
	run_free(run);
}
