// SPDX-License-Identifier: GPL-2.0-only
/* How many steps are kept, and which. */
#include <criterion/criterion.h>

#include "core/steps/steps.h"
#include "runs.h"

#define RUNC 40000

/* containerd's shim calls runc, which calls itself: a health check, or docker exec. */
static void checks_health(struct tape *t, const struct life *l, double ms)
{
	tape_at(t, ms);
	tape_fork(t, l->shim, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "exec", l->id, TAPE_END);
	tape_fork(t, RUNC, RUNC + 1, CT_ROLE_RUNTIME);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "init", TAPE_END);
	tape_at(t, ms + 1);
	tape_exit(t, RUNC + 1, CT_ROLE_RUNTIME, 0);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
}

/* How many steps its stop has, after so many checks, one a second. */
static size_t steps_of_stop(unsigned checks, uint64_t *ret_lost)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	double stop = 1000 + 1000.0 * (checks + 1);
	size_t n;

	run->opts.steps = true;
	life_serves(&run->t, &l);
	for (unsigned i = 0; i < checks; i++)
		checks_health(&run->t, &l, 1000 + 1000.0 * i);
	life_stop(&run->t, &l, stop);
	tape_sort(&run->t);
	play_until(run, stop + 60000);
	n = find(run, CT_RECORD_STOP, l.name, 0)->rec.step_count;
	*ret_lost = run->counts.lost[CT_LOSS_STEPS];
	run_free(run);
	return n;
}

/* What it did while it ran is no part of its stop, and takes no room from it. */
Test(steps_kept, stop_of_one_whose_health_is_checked)
{
	uint64_t lost = 0;
	size_t alone = steps_of_stop(0, &lost);

	cr_expect_gt(alone, 0);
	cr_expect_eq(lost, 0);
	cr_expect_eq(steps_of_stop(3000, &lost), alone);
	cr_expect_eq(lost, 0, "%llu", (unsigned long long)lost);
}

/* What has no room is counted. */
Test(steps_kept, too_many_in_a_start)
{
	struct run *run = run_new();
	struct life l = life_of(0);

	run->opts.steps = true;
	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	for (unsigned i = 0; i < CT_STEPS_MAX + 100; i++)
		checks_health(&run->t, &l, 50 + 0.05 * i);
	tape_at(&run->t, 300);
	tape_output(&run->t, l.init, l.shim);
	tape_sort(&run->t);
	play_until(run, 20000);
	expect_counts(run, 1, 0, 0);
	cr_expect_geq(run->counts.lost[CT_LOSS_STEPS], 100, "%llu",
		      (unsigned long long)run->counts.lost[CT_LOSS_STEPS]);
	cr_expect(ct_counts_incomplete(&run->counts));
	run_free(run);
}
