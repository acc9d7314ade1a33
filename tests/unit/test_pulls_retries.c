// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often a layer was begun anew: dockerd counts down to each attempt, a line for each second (moby 20.10 and 28,
 * distribution/xfer), of which a slow reader hears the newest alone.
 */
#include "docker_pulls.h"

#define SOCKET PULL_SOCKET
#define NAME   "reg.test:5000/web:1"

static const struct {
	const char *said[12];
	unsigned retries;
} rows[] = {
	{ { "Downloading" }, 0 },
	{ { "Retrying in 5 seconds", "Retrying in 4 seconds", "Retrying in 3 seconds",
	    "Retrying in 2 seconds", "Retrying in 1 second", "Downloading" },
	  1 },
	{ { "Retrying in 2 seconds", "Retrying in 1 second", "Retrying in 10 seconds",
	    "Retrying in 9 seconds" },
	  2 },
	{ { "Retrying in 1 second", "Downloading", "Retrying in 1 second" }, 2 },
	{ { "Retrying in 3 seconds", "Retrying in 5 seconds", "Retrying in 15 seconds" }, 3 },
	{ { "Retrying in 2 seconds", "Download complete", "Retrying in 5 seconds" }, 1 },
	{ { "Retrying in " }, 1 },
};

Test(pulls_retries, a_countdown_is_one)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		life_engines(t);
		pull_begins(t, 100, 0, SOCKET, PULL_LINE("web"));
		for (size_t k = 0; k < CT_ARRAY_SIZE(rows[i].said) && rows[i].said[k]; k++)
			pull_status(t, 110 + 10 * (double)k, SOCKET, "aaa", rows[i].said[k]);
		pull_says(t, 300, SOCKET, "{\"errorDetail\":{\"message\":\"reset\"}}");
		play(run);
		cr_expect_eq(find(run, CT_RECORD_PULL, NAME, 0)->layers[0].retries, rows[i].retries,
			     "row %zu", i);
		run_free(run);
	}
}
