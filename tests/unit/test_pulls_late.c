// SPDX-License-Identifier: GPL-2.0-only
/* What is known of layers by lines that come behind the fact, and how many were fetched at once. */
#include "docker_pulls.h"

#include "stats/pulls.h"

#define SOCKET PULL_SOCKET
#define NAME   "reg.test:5000/web:1"

/* "ccc" waits for a slot, which "aaa" has; that "bbb" is fetched is never said. */
static const struct seen *three_layers(struct run *run)
{
	struct tape *t = &run->t;

	life_engines(t);
	pull_begins(t, 100, 0, SOCKET, PULL_LINE("web"));
	pull_status(t, 120, SOCKET, "aaa", "Pulling fs layer");
	pull_status(t, 120, SOCKET, "bbb", "Pulling fs layer");
	pull_status(t, 120, SOCKET, "ccc", "Pulling fs layer");
	pull_status(t, 121, SOCKET, "ccc", "Waiting");
	pull_status(t, 199, SOCKET, "ccc", "Downloading");
	pull_status(t, 201, SOCKET, "aaa", "Download complete");
	pull_status(t, 230, SOCKET, "aaa", "Pull complete");
	pull_status(t, 240, SOCKET, "bbb", "Extracting");
	pull_status(t, 250, SOCKET, "bbb", "Pull complete");
	pull_status(t, 300, SOCKET, "ccc", "Download complete");
	pull_status(t, 320, SOCKET, "ccc", "Pull complete");
	pull_is_done(t, 330, SOCKET, NAME);
	play(run);
	return find(run, CT_RECORD_PULL, NAME, 0);
}

Test(pulls_late, what_was_so_no_later_than_then_is_marked)
{
	static const struct {
		const char *name;
		bool begin, end;
	} steps[] = {
		{ "layer", false, true },    { "download", false, false },
		{ "unpack", false, true },   { "layer", false, true },
		{ "download", false, true }, { "unpack", true, true },
		{ "layer", false, true },    { "wait for a slot", false, true },
		{ "download", true, false }, { "unpack", false, true },
	};
	struct run *run = run_new();
	const struct seen *s;

	run->opts.steps = true;
	s = three_layers(run);
	cr_assert_eq(s->rec.step_count, CT_ARRAY_SIZE(steps));
	for (size_t i = 0; i < CT_ARRAY_SIZE(steps); i++) {
		cr_expect_str_eq(s->steps[i].name, steps[i].name);
		cr_expect_eq(s->steps[i].begin_late, steps[i].begin, "%zu", i);
		cr_expect_eq(s->steps[i].end_late, steps[i].end, "%zu", i);
	}
	run_free(run);
}

/* Who takes the place of another is not fetched beside it, though that is said 2 ms later. */
Test(pulls_late, fetched_at_once)
{
	struct run *run = run_new();
	const struct seen *s = three_layers(run);
	struct ct_fetched *f = calloc(1, sizeof(*f) + sizeof(s->layers[0]) * 3);

	cr_assert(f);
	f->layer_count = 3;
	memcpy(f->layers, s->layers, sizeof(s->layers[0]) * 3);
	cr_expect_eq(ct_pull_at_once(f, tape_ns(100), tape_ns(119)), 0);
	cr_expect_eq(ct_pull_at_once(f, tape_ns(100), tape_ns(400)), 2);
	cr_expect_eq(ct_pull_at_once(f, tape_ns(250), tape_ns(260)), 1);
	cr_expect_eq(ct_pull_at_once(f, tape_ns(310), tape_ns(400)), 0);
	free(f);
	run_free(run);
}

/* ctr has nothing unpacked before all is there: no limit held it up, and without one it would gain nothing. */
Test(pulls_late, who_waits_for_all_layers_gains_nothing_by_more_at_once)
{
	struct ct_fetched *f = calloc(1, sizeof(*f) + sizeof(f->layers[0]) * 2);
	struct ct_record rec = { .type = CT_RECORD_PULL, .outcome = CT_OUTCOME_OK, .fetched = f };
	struct ct_pull_bound b;

	cr_assert(f);
	f->layer_count = 2;
	f->layers[0] = (struct ct_layer){
		.known_ns = 10, .fetched_ns = 20, .turn_ns = 100, .unpacked_ns = 150
	};
	f->layers[1] = (struct ct_layer){
		.known_ns = 10, .fetched_ns = 100, .turn_ns = 150, .unpacked_ns = 200
	};
	b = ct_pull_bound(&rec);
	cr_expect(b.whole);
	cr_expect_eq(b.unlimited, 0);
	cr_expect_eq(b.parallel, 50);
	f->layers[1].waited = true; /* 30 of its time: then all would be there so much sooner */
	f->layers[1].first_ns = 40;
	cr_expect_eq(ct_pull_bound(&rec).unlimited, 30);
	free(f);
}

/* Whatever was said of it before: what is there was not fetched, and the download is over without it. */
Test(pulls_late, what_turns_out_to_be_there)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	life_engines(t);
	pull_begins(t, 100, 0, SOCKET, PULL_LINE("web"));
	pull_status(t, 120, SOCKET, "aaa", "Pulling fs layer");
	pull_status(t, 120, SOCKET, "bbb", "Pulling fs layer");
	pull_status(t, 200, SOCKET, "bbb", "Download complete");
	pull_status(t, 290, SOCKET, "aaa", "Download complete");
	pull_status(t, 300, SOCKET, "aaa", "Already exists");
	pull_is_done(t, 330, SOCKET, NAME);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	cr_expect(s->layers[0].there);
	expect_phase(s, CT_PHASE_DOWNLOAD, 80);
	expect_phase(s, CT_PHASE_UNKNOWN, 130);
	expect_tiled(s);
	run_free(run);
}
