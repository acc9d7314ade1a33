// SPDX-License-Identifier: GPL-2.0-only
/* How much of a layer had come when, of what dockerd says while it fetches it: some of that, from all of its time. */
#include "docker_pulls.h"

#define SOCKET PULL_SOCKET
#define NAME   "reg.test:5000/web:1"

Test(pulls_came, some_of_all_of_its_time_is_kept)
{
	for (unsigned lines = 1; lines < 300; lines = lines * 3 + 1) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct ct_layer *layer;

		life_engines(t);
		pull_begins(t, 100, 0, SOCKET, PULL_LINE("web"));
		pull_status(t, 110, SOCKET, "aaa", "Pulling fs layer");
		for (unsigned i = 1; i <= lines; i++)
			pull_downloads(t, 110 + i, SOCKET, "aaa", i * 1000, 300000);
		pull_status(t, 111 + lines, SOCKET, "aaa", "Download complete");
		pull_downloads(t, 112 + lines, SOCKET, "aaa", 1, 300000); /* late */
		pull_status(t, 120 + lines, SOCKET, "aaa", "Pull complete");
		pull_is_done(t, 130 + lines, SOCKET, NAME);
		play(run);
		layer = &find(run, CT_RECORD_PULL, NAME, 0)->layers[0];
		cr_assert_leq(layer->came_count, CT_CAME_MAX);
		cr_assert_geq(layer->came_count, lines < CT_CAME_MAX ? lines : CT_CAME_MAX / 2);
		for (size_t i = 0; i < layer->came_count; i++) {
			const struct ct_came *c = &layer->came[i];

			cr_expect_eq(c->ns, tape_ns(110) + c->bytes * 1000);
			cr_expect(!i || (c->bytes > layer->came[i - 1].bytes &&
					 c->bytes - layer->came[i - 1].bytes ==
						 layer->came[1].bytes - layer->came[0].bytes));
		}
		cr_expect_geq(layer->came[layer->came_count - 1].bytes, lines * 1000 * 5 / 6);
		run_free(run);
	}
}
