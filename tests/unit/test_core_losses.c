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
