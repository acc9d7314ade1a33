// SPDX-License-Identifier: GPL-2.0-only
/* What is lost is counted, and makes a run incomplete. */
#include <criterion/criterion.h>

#include "runs.h"

Test(core, losses_are_counted)
{
	struct run *run = run_new();

	tape_at(&run->t, 10);
	tape_lost(&run->t, CT_LOSS_RING, 7);
	tape_lost(&run->t, CT_LOSS_RING, 5);
	tape_lost(&run->t, CT_LOSS_ACTORS, 3);
	tape_lost(&run->t, 4000, 2); /* a cause that a newer coldtrace knows */
	tape_add(&run->t, 127, 1, NULL, 0);
	tape_at(&run->t, 1000);
	tape_clock(&run->t);
	tape_at(&run->t, 1100);
	tape_clock(&run->t);
	tape_at(&run->t, 11);
	tape_clock(&run->t); /* a second too late */
	play(run);
	cr_expect_eq(run->counts.lost[CT_LOSS_RING], 12);
	cr_expect_eq(run->counts.lost[CT_LOSS_ACTORS], 3);
	cr_expect_eq(run->counts.lost[CT_LOSS_UNKNOWN], 3);
	cr_expect_eq(run->counts.lost[CT_LOSS_LATE], 1, "%llu late",
		     (unsigned long long)run->counts.lost[CT_LOSS_LATE]);
	run_free(run);
}

/* What is missing is missing, whatever it is; an event that came late was used. README.md says the same. */
Test(core, which_losses_make_a_run_incomplete)
{
	struct ct_core_counts none = { .unmatched_exits = 1, .unknown_phases = 1, .early = 1 };

	cr_expect_not(ct_counts_incomplete(&none));
	for (unsigned loss = 0; loss < CT_LOSS_MAX; loss++) {
		struct ct_core_counts counts = none;

		counts.lost[loss] = 1;
		cr_expect_eq(ct_counts_incomplete(&counts), loss != CT_LOSS_LATE, "loss %u", loss);
	}
}

/* A start of which nothing more comes. Columns: what is lost when, until when, whether it is waited for. */
static const struct {
	enum ct_loss loss;
	double lost;
	double end;
	bool open;
} hung[] = {
	{ CT_LOSS_RING, 5, 600000, true }, /* before it began */
	{ CT_LOSS_CALLS, 200, 600000, true }, /* no event */
	{ CT_LOSS_RING, 200, 50000, true }, /* the rest may just be late */
	{ CT_LOSS_RING, 200, 70000, false },  { CT_LOSS_DISK, 200, 70000, false },
};

static void lose(struct tape *t, enum ct_loss loss, double ms)
{
	tape_at(t, ms);
	tape_lost(t, (uint16_t)loss, 1);
}

/* Nobody hears what it is asked there; it is told of once, whoever tells it again. */
Test(core, an_engine_on_tcp_makes_a_run_incomplete)
{
	static const char on[] = "engine\0docker\0tcp\0001", off[] = "engine\0docker\0tcp\0000";
	struct run *run = run_new();

	tape_at(&run->t, 10);
	tape_add(&run->t, CT_KIND_ENGINE, 4712, off, sizeof(off));
	play(run);
	cr_expect_not(ct_counts_incomplete(&run->counts));
	run_free(run);
	run = run_new();
	tape_at(&run->t, 10);
	tape_add(&run->t, CT_KIND_ENGINE, 4711, on, sizeof(on));
	tape_add(&run->t, CT_KIND_ENGINE, 4711, on, sizeof(on));
	play(run);
	cr_expect(ct_counts_incomplete(&run->counts));
	cr_expect_eq(run->counts.deaf.each[0].pid, 4711);
	cr_expect_str_eq(run->counts.deaf.each[0].engine, "docker");
	cr_expect_eq(run->counts.deaf.each[1].pid, 0);
	cr_expect_eq(run->counts.deaf.others, 0);
	run_free(run);
}

/* That one has ended is known, and not which: its stop is missing. */
Test(core, an_end_of_nobody_makes_a_run_incomplete)
{
	static const enum ct_role roles[] = { CT_ROLE_HELPER, CT_ROLE_INIT };

	for (size_t i = 0; i < CT_ARRAY_SIZE(roles); i++) {
		struct run *run = run_new();

		tape_at(&run->t, 10);
		tape_exit(&run->t, 4711, roles[i], 0);
		play(run);
		cr_expect_eq(run->counts.unmatched_exits, 1);
		cr_expect_eq(ct_counts_incomplete(&run->counts), roles[i] == CT_ROLE_INIT);
		run_free(run);
	}
}

Test(core, start_whose_end_may_be_lost)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(hung); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		if (hung[i].lost < 10)
			lose(t, hung[i].loss, hung[i].lost);
		tape_at(t, 10);
		tape_exec(t, 700, CT_ROLE_RUNTIME, 1, "runc", "run", "one", TAPE_END);
		if (hung[i].lost > 10)
			lose(t, hung[i].loss, hung[i].lost);
		play_until(run, hung[i].end);
		cr_expect_eq(run->counts.open, hung[i].open, "row %zu", i);
		expect_counts(run, 1, 0, 0);
		expect_outcome(find(run, CT_RECORD_START, "one", 0), CT_OUTCOME_CUT);
		run_free(run);
	}
}

/*
 * With the host's pids a first process is known by its pid alone. It has executed nothing yet, and waits
 * for its start as long as that takes: it is no other whose pid that is now.
 */
Test(core, a_first_process_that_waits_behind_a_loss)
{
	const double late = 20000;
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_create(t, &l, 10);
	life_start(t, &l, 30);
	for (size_t i = 0; i < t->count; i++) {
		struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, i);

		if (e->kind == CT_KIND_EXEC && e->tgid == l.init) {
			e->sub = CT_ROLE_HELPER;
			e->root = 0;
			e->arg = 0;
		}
		if (e->ts_ns >= tape_ns(30 + 126))
			e->ts_ns += (uint64_t)(late * TAPE_MS);
	}
	tape_at(t, 1000);
	tape_lost(t, CT_LOSS_RING, 7);
	tape_at(t, late + 300);
	tape_output(t, l.init, l.shim);
	tape_sort(t);
	play_until(run, late + 5000);
	expect_counts(run, 1, 0, 0);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_OK);
	expect_phase(find(run, CT_RECORD_START, l.name, 0), CT_PHASE_READY, 300 - 30 - LIFE_START);
	run_free(run);
}
