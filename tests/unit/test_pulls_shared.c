// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two images that dockerd fetches at once, of which some layers are the same. A transfer of a layer is known by it and all
 * those below it (moby 20.10 and 28: distribution/xfer/download.go, transferKey): above another one it is fetched again.
 */
#include "runs.h"

#define SOCKET       4000
#define OTHER_SOCKET 4100
#define OTHER_CLIENT (LIFE_CLIENT + 1)
#define NAMED(image) "POST /v1.41/images/create?fromImage=reg.test%3A5000%2F" image "&tag=1"

static void says(struct tape *t, double ms, uint64_t socket, const char *json)
{
	tape_at(t, ms);
	tape_http_chunk(t, LIFE_DOCKERD, socket, json);
}

static void layer_says(struct tape *t, double ms, uint64_t socket, const char *id,
		       const char *status)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"status\":\"%s\",\"progressDetail\":{},\"id\":\"%s\"}",
		 status, id);
	says(t, ms, socket, json);
}

static void begins(struct tape *t, double ms, uint64_t socket, uint32_t client, const char *line)
{
	tape_at(t, ms);
	t->engine = LIFE_DOCKERD;
	tape_http_request(t, client, socket, line, NULL);
	tape_http_answer(t, LIFE_DOCKERD, socket, 200, NULL);
}

/* Both have the layer "ccc" last, the first below it. */
static struct run *two_images(const char *below, const char *other_below)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	life_engines(t);
	begins(t, 100, SOCKET, LIFE_CLIENT, NAMED("one"));
	begins(t, 105, OTHER_SOCKET, OTHER_CLIENT, NAMED("two"));
	layer_says(t, 130, SOCKET, below, "Pulling fs layer");
	layer_says(t, 130, SOCKET, "ccc", "Pulling fs layer");
	layer_says(t, 140, OTHER_SOCKET, other_below, "Pulling fs layer");
	layer_says(t, 140, OTHER_SOCKET, "ccc", "Pulling fs layer");
	layer_says(t, 150, SOCKET, below, "Download complete");
	layer_says(t, 152, OTHER_SOCKET, other_below, "Download complete");
	layer_says(t, 160, SOCKET, "ccc", "Download complete");
	layer_says(t, 170, SOCKET, below, "Pull complete");
	layer_says(t, 180, OTHER_SOCKET, other_below, "Pull complete");
	layer_says(t, 190, SOCKET, "ccc", "Pull complete");
	layer_says(t, 200, OTHER_SOCKET, "ccc", "Download complete");
	layer_says(t, 220, OTHER_SOCKET, "ccc", "Pull complete");
	says(t, 230, SOCKET, "{\"status\":\"Status: Downloaded newer image for one\"}");
	says(t, 240, OTHER_SOCKET, "{\"status\":\"Status: Downloaded newer image for two\"}");
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
