// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two images that dockerd fetches at once, of which some layers are the same. A transfer of a layer is known by it and all
 * those below it (moby 20.10 and 28: distribution/xfer/download.go, transferKey): above another one it is fetched again.
 */
#include "docker_pulls.h"

#define SOCKET PULL_SOCKET
#define OTHER  PULL_OTHER_SOCKET

/* Both have the layer "ccc" last, the first below it. */
static struct run *two_images(const char *below, const char *other_below)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	life_engines(t);
	pull_begins(t, 100, 0, SOCKET, PULL_LINE("one"));
	pull_begins(t, 105, 0, OTHER, PULL_LINE("two"));
	pull_status(t, 130, SOCKET, below, "Pulling fs layer");
	pull_status(t, 130, SOCKET, "ccc", "Pulling fs layer");
	pull_status(t, 140, OTHER, other_below, "Pulling fs layer");
	pull_status(t, 140, OTHER, "ccc", "Pulling fs layer");
	pull_status(t, 150, SOCKET, below, "Download complete");
	pull_status(t, 152, OTHER, other_below, "Download complete");
	pull_status(t, 160, SOCKET, "ccc", "Download complete");
	pull_status(t, 170, SOCKET, below, "Pull complete");
	pull_status(t, 180, OTHER, other_below, "Pull complete");
	pull_status(t, 190, SOCKET, "ccc", "Pull complete");
	pull_status(t, 200, OTHER, "ccc", "Download complete");
	pull_status(t, 220, OTHER, "ccc", "Pull complete");
	pull_is_done(t, 230, SOCKET, "one");
	pull_is_done(t, 240, OTHER, "two");
	play(run);
	return run;
}

Test(pulls_shared, a_layer_above_another_one_is_fetched_again)
{
	struct run *run = two_images("aaa", "bbb");
	const struct seen *s = find(run, CT_RECORD_PULL, "reg.test:5000/two:1", 0);

	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_not(s->layers[0].shared);
	cr_expect_not(s->layers[1].shared);
	cr_expect_eq(s->layers[1].fetched_ns, tape_ns(200));
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(220));
	run_free(run);
}

Test(pulls_shared, above_the_same_ones_it_is_fetched_once)
{
	struct run *run = two_images("aaa", "aaa");
	const struct seen *s = find(run, CT_RECORD_PULL, "reg.test:5000/two:1", 0);

	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect(s->layers[0].shared);
	cr_expect(s->layers[1].shared);
	cr_expect_eq(s->layers[1].fetched_ns, tape_ns(160));
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(190));
	run_free(run);
}

/* Two engines have nothing of each other: what one is told says nothing of the other's. */
Test(pulls_shared, another_engine_fetches_it_for_itself)
{
	static const uint64_t sockets[] = { SOCKET, PULL_ELSEWHERE };
	struct run *run = run_new();
	struct tape *t = &run->t;

	life_engines(t);
	tape_process(t, PULL_OTHER_DOCKERD, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	for (unsigned i = 0; i < 2; i++) {
		pull_begins(t, 100 + i, 0, sockets[i], PULL_LINE("one"));
		pull_status(t, 130 + i, sockets[i], "aaa", "Pulling fs layer");
		pull_status(t, 150 + 20 * i, sockets[i], "aaa", "Download complete");
		pull_status(t, 200 + 20 * i, sockets[i], "aaa", "Pull complete");
		pull_is_done(t, 240 + i, sockets[i], "reg.test:5000/one:1");
	}
	tape_sort(t);
	play(run);
	for (unsigned i = 0; i < 2; i++) {
		const struct seen *s = find(run, CT_RECORD_PULL, "reg.test:5000/one:1", i);

		cr_assert_eq(s->fetched.layer_count, 1);
		cr_expect_not(s->layers[0].shared);
		cr_expect_eq(s->layers[0].fetched_ns, tape_ns(150 + 20 * i));
		cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200 + 20 * i));
	}
	run_free(run);
}

/* What was there was not fetched by another either. */
Test(pulls_shared, what_is_there_is_not_shared)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	life_engines(t);
	pull_begins(t, 100, 0, SOCKET, PULL_LINE("one"));
	pull_begins(t, 101, 0, OTHER, PULL_LINE("two"));
	pull_status(t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(t, 150, SOCKET, "aaa", "Download complete");
	pull_status(t, 160, SOCKET, "aaa", "Pull complete");
	pull_is_done(t, 170, SOCKET, "reg.test:5000/one:1");
	pull_status(t, 180, OTHER, "aaa", "Already exists");
	pull_is_done(t, 190, OTHER, "reg.test:5000/two:1");
	play(run);
	s = find(run, CT_RECORD_PULL, "reg.test:5000/two:1", 0);
	cr_assert_eq(s->fetched.layer_count, 1);
	cr_expect(s->layers[0].there);
	cr_expect_not(s->layers[0].shared);
	run_free(run);
}
