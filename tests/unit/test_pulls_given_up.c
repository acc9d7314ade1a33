// SPDX-License-Identifier: GPL-2.0-only
/* What ctr was to fetch, as its command line says, and has given up before it has told containerd of anything. */
#include "ctr_pulls.h"

static void asker(struct tape *t, double ms, const char *image)
{
	char tail[CT_COMM_LEN + 64] = "ctr";

	memcpy(tail + CT_COMM_LEN, image, strlen(image));
	tape_at(t, ms);
	struct ct_event *e = tape_add(t, CT_KIND_ASKER, CLIENT, tail, CT_COMM_LEN + strlen(image));
	e->sub = CT_ASKER_IMAGE;
	e->root = LIFE_CONTAINERD;
}

/* It asks its registry first, and nobody hears that: its lease, and what its command line says, are all there is. */
Test(pulls_given_up, what_is_given_up_before_anything_is_written)
{
	for (unsigned how = 0; how < 2; how++) {
		struct run *run = run_of_containerd();
		struct tape *t = &run->t;
		const struct seen *s;

		asker(t, 90, NAME);
		lease(t, 100, 1, LEASES "Create", LEASE);
		if (how == 0) {
			lease(t, 150, 3, LEASES "Delete", LEASE);
			lease(t, 160, 5, LEASES "Create", "other"); /* for something else */
			lease(t, 170, 7, LEASES "Delete", "other");
		}
		tape_at(t, how == 0 ? 200 : 150);
		tape_exit(t, CLIENT, CT_ROLE_NONE, 1);
		s = pull_of(run, NAME);
		expect_outcome(s, CT_OUTCOME_FAILED);
		expect_span(s, 100, 150);
		expect_phase(s, CT_PHASE_RESOLVE, 50);
		cr_expect_str_eq(s->who.engine, "containerd");
		cr_expect_str_eq(s->who.ns, "default");
		cr_expect_str_eq(s->fetched.client_name, "ctr");
		cr_expect_eq(s->fetched.client_by, CT_CLIENT_PROGRAM);
		cr_expect_eq(s->fetched.interrupted, how == 1);
		cr_expect_eq(count(run, CT_RECORD_PULL), 1);
		expect_nothing_odd(run);
		run_free(run);
	}
}

/* What has a pull is told by that, and a client that is to fetch nothing has none, whatever it takes. */
Test(pulls_given_up, what_is_no_second_pull)
{
	struct run *run = run_of_containerd();
	struct tape *t = &run->t;

	asker(t, 90, NAME);
	fetches(t, 100);
	keeps(t, 185);
	lease(t, 300, 21, LEASES "Create", "other");
	lease(t, 310, 23, LEASES "Delete", "other");
	expect_outcome(pull_of(run, NAME), CT_OUTCOME_OK);
	cr_expect_eq(count(run, CT_RECORD_PULL), 1);
	run_free(run);
	run = run_of_containerd();
	t = &run->t;
	lease(t, 100, 1, LEASES "Create", LEASE);
	lease(t, 150, 3, LEASES "Delete", LEASE);
	play_sorted(run);
	cr_expect_eq(count(run, CT_RECORD_PULL), 0);
	run_free(run);
}
