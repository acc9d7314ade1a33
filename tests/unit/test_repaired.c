// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that are older than the trace: what was refused before anybody knew what had been asked is
 * told when it is known.
 */
#include <criterion/criterion.h>

#include "late.h"
#include "runs.h"

static void runs_pod(struct tape *t, uint32_t stream, double ms)
{
	char msg[300];

	tape_at(t, ms);
	late_asks(t, stream, RUN_POD, msg, late_put_pod(msg, "web", "u1", "shop"));
}

static void creates(struct tape *t, uint32_t stream, double ms)
{
	char msg[400];

	tape_at(t, ms);
	late_asks(t, stream, CREATE, msg, late_put_container(msg, POD, "nginx", "nginx:1"));
}

static void refuses(struct tape *t, uint32_t stream, double ms)
{
	tape_at(t, ms);
	grpc_refuses(t, stream, "no");
}

static void makes(struct tape *t, uint32_t stream, const char *id, double ms)
{
	tape_at(t, ms);
	grpc_answers_id(t, stream, id);
}

/* The first is asked for from 10 to 15. */
static void pods(struct tape *t, unsigned n)
{
	for (uint32_t i = 0; i < n; i++) {
		runs_pod(t, 1 + 2 * i, 10 + 10 * i);
		refuses(t, 1 + 2 * i, 15 + 10 * i);
	}
}

static void refused(struct tape *t)
{
	pods(t, 1);
}

static void refused_then_run(struct tape *t)
{
	pods(t, 1);
	runs_pod(t, 33, 130);
	makes(t, 33, POD, 140);
}

static void often_refused_then_run(struct tape *t)
{
	pods(t, 10);
	runs_pod(t, 33, 130);
	makes(t, 33, POD, 140);
}

static void create_refused_then_made(struct tape *t)
{
	creates(t, 31, 10);
	refuses(t, 31, 15);
	creates(t, 35, 150);
	makes(t, 35, BOX, 160);
}

static const struct {
	const char *name, *of;
	void (*ask)(struct tape *t);
	unsigned failed, unheard;
} rows[] = {
	{ "nobody ever knows", "", refused, 0, 1 },
	{ "a pod", "web", refused_then_run, 1, 0 },
	{ "more than are kept", "web", often_refused_then_run, 8, 2 },
	{ "a container", "0123456789ab/nginx", create_refused_then_made, 1, 0 },
};

Test(repaired, what_had_failed_before)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_new();
		unsigned failed = 0;

		rows[i].ask(&run->t);
		play_until(run, 90000);
		for (size_t k = 0; k < run->count; k++) {
			const struct seen *s = &run->seen[k];

			if (s->rec.type != CT_RECORD_START || s->rec.outcome != CT_OUTCOME_FAILED)
				continue;
			failed++;
			cr_expect_str_eq(s->who.name, rows[i].of, "%s", rows[i].name);
			cr_expect_str_eq(s->message, "no", "%s", rows[i].name);
			cr_expect_float_eq((double)(s->rec.end_ns - s->rec.begin_ns), 5e6, 1, "%s",
					   rows[i].name);
		}
		cr_expect_eq(failed, rows[i].failed, "%s", rows[i].name);
		cr_expect_eq(ct_unheard_sum(&run->counts.unheard), rows[i].unheard, "%s",
			     rows[i].name);
		cr_expect_eq(ct_counts_incomplete(&run->counts), rows[i].unheard != 0, "%s",
			     rows[i].name);
		run_free(run);
	}
}
