// SPDX-License-Identifier: GPL-2.0-only
/* Images that dockerd is asked for, and what it says while it fetches them (moby 20.10). */
#include "docker_pulls.h"

#define SOCKET PULL_SOCKET
#define OTHER  PULL_OTHER_SOCKET
#define PULL   PULL_LINE("a%2Fweb")
#define NAME   "reg.test:5000/a/web:1"

static void begins(struct tape *t, double ms)
{
	pull_begins(t, ms, 20, SOCKET, PULL);
	pull_says(t, ms + 20, SOCKET, "{\"status\":\"Pulling from a/web\",\"id\":\"1\"}");
}

/* Two layers: the second is there before the first, and waits for it. */
static void two_layers(struct tape *t, double ms)
{
	begins(t, ms);
	pull_status(t, ms + 30, SOCKET, "aaa", "Pulling fs layer");
	pull_status(t, ms + 30, SOCKET, "bbb", "Pulling fs layer");
	pull_status(t, ms + 30, SOCKET, "bbb", "Waiting");
	pull_downloads(t, ms + 50, SOCKET, "aaa", 10, 1000);
	pull_downloads(t, ms + 60, SOCKET, "bbb", 1, 50);
	pull_status(t, ms + 70, SOCKET, "bbb", "Download complete");
	pull_status(t, ms + 100, SOCKET, "aaa", "Verifying Checksum");
	pull_status(t, ms + 101, SOCKET, "aaa", "Download complete");
	pull_status(t, ms + 102, SOCKET, "aaa", "Extracting");
	pull_status(t, ms + 150, SOCKET, "aaa", "Pull complete");
	pull_status(t, ms + 151, SOCKET, "bbb", "Extracting");
	pull_status(t, ms + 170, SOCKET, "bbb", "Pull complete");
	pull_is_done(t, ms + 180, SOCKET, NAME);
}

static struct run *new_run(void)
{
	struct run *run = run_new();

	life_engines(&run->t);
	return run;
}

Test(pulls, phases_and_layers)
{
	struct run *run = new_run();
	const struct seen *s;

	two_layers(&run->t, 100);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 100, 280);
	expect_phase(s, CT_PHASE_RESOLVE, 30);
	cr_expect_eq(s->rec.seen, 1u << CT_PHASE_RESOLVE | 1u << CT_PHASE_DOWNLOAD |
					  1u << CT_PHASE_UNPACK | 1u << CT_PHASE_REGISTER);
	expect_phase(s, CT_PHASE_DOWNLOAD, 70); /* until the first layer is there */
	expect_phase(s, CT_PHASE_UNPACK, 70); /* one after the other */
	expect_phase(s, CT_PHASE_REGISTER, 10);
	expect_tiled(s);
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_str_eq(s->who.runtime, "");
	cr_expect_str_eq(s->fetched.digest, "sha256:feed");
	cr_expect_eq(s->fetched.client, LIFE_CLIENT);
	cr_expect_not(s->fetched.up_to_date);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_str_eq(s->layers[0].id, "aaa");
	cr_expect_eq(s->layers[0].size, 1000);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(200));
	cr_expect_eq(s->layers[1].size, 50);
	cr_expect(s->layers[1].waited && !s->layers[0].waited);
	expect_nothing_odd(run);
	run_free(run);
}

/* Two clients: one hears late that the layer is there, the other late that it is unpacked. */
Test(pulls, of_one_transfer_counts_what_was_said_sooner)
{
	struct run *run = new_run();
	struct tape *t = &run->t;

	begins(t, 100);
	pull_status(t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_begins(t, 140, 0, OTHER, PULL);
	pull_status(t, 150, OTHER, "aaa", "Pulling fs layer");
	pull_status(t, 200, SOCKET, "aaa", "Download complete");
	pull_status(t, 260, OTHER, "aaa", "Extracting"); /* no later than that */
	pull_status(t, 300, OTHER, "aaa", "Pull complete");
	pull_status(t, 310, SOCKET, "aaa", "Pull complete");
	pull_says(t, 320, OTHER, "{\"status\":\"Status: Image is up to date for " NAME "\"}");
	pull_is_done(t, 330, SOCKET, NAME);
	play(run);
	for (size_t i = 0; i < 2; i++) {
		const struct seen *s = find(run, CT_RECORD_PULL, NAME, i);

		cr_assert_eq(s->fetched.layer_count, 1);
		cr_expect_eq(s->layers[0].fetched_ns, tape_ns(200));
		cr_expect_not(s->layers[0].bounded);
		cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(300));
		cr_expect_eq(s->layers[0].shared, i == 1);
		cr_expect_not(s->fetched.up_to_date);
		expect_tiled(s);
	}
	run_free(run);
}

Test(pulls, layers_are_steps)
{
	static const struct {
		const char *name;
		double begin, end;
		unsigned parent;
	} steps[] = {
		{ "layer", 130, 250, 0 },
		{ "download", 130, 200, 1 },
		{ "unpack", 200, 250, 1 },
		{ "layer", 130, 270, 0 },
		{ "wait for a slot", 130, 160, 4 },
		{ "download", 160, 170, 4 },
		{ "wait for the layer before", 170, 250, 4 },
		{ "unpack", 250, 270, 4 },
	};
	struct run *run = new_run();
	const struct seen *s;

	run->opts.steps = true;
	two_layers(&run->t, 100);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	cr_assert_eq(s->rec.step_count, CT_ARRAY_SIZE(steps));
	for (size_t i = 0; i < CT_ARRAY_SIZE(steps); i++) {
		cr_expect_str_eq(s->steps[i].name, steps[i].name);
		cr_expect_eq(s->steps[i].begin_ns, tape_ns(steps[i].begin), "%zu", i);
		cr_expect_eq(s->steps[i].end_ns, tape_ns(steps[i].end), "%zu", i);
		cr_expect_eq(s->steps[i].parent, steps[i].parent, "%zu", i);
		cr_expect_str_eq(s->steps[i].detail, i < 3 ? "aaa" : "bbb");
	}
	run_free(run);
}

/* The last layer's bytes are what is waited for: nothing before it counts. */
Test(pulls, a_late_layer_is_the_critical_one)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(&run->t, 130, SOCKET, "bbb", "Pulling fs layer");
	pull_status(&run->t, 140, SOCKET, "aaa", "Download complete");
	pull_status(&run->t, 160, SOCKET, "aaa", "Pull complete");
	pull_status(&run->t, 300, SOCKET, "bbb", "Download complete");
	pull_status(&run->t, 320, SOCKET, "bbb", "Pull complete");
	pull_is_done(&run->t, 330, SOCKET, NAME);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_phase(s, CT_PHASE_DOWNLOAD, 170);
	expect_phase(s, CT_PHASE_UNPACK, 20);
	expect_tiled(s);
	run_free(run);
}

Test(pulls, what_is_there_is_neither_fetched_nor_unpacked)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Already exists");
	pull_status(&run->t, 130, SOCKET, "bbb", "Pulling fs layer");
	pull_status(&run->t, 200, SOCKET, "bbb", "Download complete");
	pull_status(&run->t, 220, SOCKET, "bbb", "Pull complete");
	pull_is_done(&run->t, 230, SOCKET, NAME);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_DOWNLOAD, 70);
	cr_expect(s->layers[0].there && !s->layers[1].there);
	cr_expect_eq(s->rec.missing, 0);
	run_free(run);
}

Test(pulls, up_to_date)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_says(&run->t, 150, SOCKET, "{\"status\":\"Digest: sha256:feed\"}");
	pull_says(&run->t, 151, SOCKET,
		  "{\"status\":\"Status: Image is up to date for " NAME "\"}");
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_RESOLVE, 51);
	cr_expect(s->fetched.up_to_date);
	run_free(run);
}

Test(pulls, refused_or_failed_on_the_way)
{
	struct run *run = new_run();
	const struct seen *s;

	pull_asks(&run->t, 100, SOCKET, PULL);
	tape_at(&run->t, 120);
	tape_http_answer(&run->t, LIFE_DOCKERD, SOCKET, 404, "{\"message\":\"not found\"}");
	begins(&run->t, 200);
	pull_status(&run->t, 230, SOCKET, "aaa", "Pulling fs layer");
	pull_status(&run->t, 250, SOCKET, "aaa", "Retrying in 5 seconds");
	pull_says(
		&run->t, 300, SOCKET,
		"{\"errorDetail\":{\"message\":\"connection reset\"},\"error\":\"connection reset\"}");
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 100, 120);
	cr_expect_str_eq(s->message, "not found");
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_RESOLVE);
	s = find(run, CT_RECORD_PULL, NAME, 1);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 200, 300);
	cr_expect_str_eq(s->message, "connection reset");
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_UNKNOWN);
	cr_expect_eq(s->layers[0].retries, 1);
	expect_tiled(s);
	cr_expect_eq(s->rec.missing, 0, "what never was is not unknown");
	run_free(run);
}

/* The reader was slow: dockerd said only what came last. */
Test(pulls, a_state_that_was_never_said_is_no_later_than_the_next)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(&run->t, 190, SOCKET, "aaa", "Extracting");
	pull_status(&run->t, 220, SOCKET, "aaa", "Pull complete");
	pull_is_done(&run->t, 230, SOCKET, NAME);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_phase(s, CT_PHASE_DOWNLOAD, 60);
	expect_phase(s, CT_PHASE_UNPACK, 30);
	cr_expect(s->layers[0].bounded);
	run_free(run);
}

/* Podman's service says no "Pull complete" (pkg/api/handlers/compat of 4.3). */
Test(pulls, an_unpacking_that_nobody_tells_of_is_unknown)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(&run->t, 190, SOCKET, "aaa", "Download complete");
	pull_is_done(&run->t, 230, SOCKET, NAME);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_phase(s, CT_PHASE_DOWNLOAD, 60);
	expect_phase(s, CT_PHASE_UNKNOWN, 40);
	cr_expect_eq(s->rec.missing, 1u << CT_PHASE_UNPACK);
	expect_tiled(s);
	run_free(run);
}

Test(pulls, whose_end_was_not_heard_is_cut)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_asks(&run->t, 500, SOCKET, PULL); /* the next on this connection */
	play(run);
	cr_assert_eq(count(run, CT_RECORD_PULL), 2);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_CUT);
	expect_span(s, 100, 130);
	expect_outcome(find(run, CT_RECORD_PULL, NAME, 1), CT_OUTCOME_CUT);
	run_free(run);
}

/* The next request on its connection was not heard, and is refused: that is not the pull. */
Test(pulls, what_another_is_answered_is_not_of_a_pull)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	tape_at(&run->t, 500);
	tape_http_answer(&run->t, LIFE_DOCKERD, SOCKET, 404, "{\"message\":\"no such container\"}");
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	expect_outcome(s, CT_OUTCOME_CUT);
	expect_span(s, 100, 130);
	cr_expect_str_eq(s->message, "");
	run_free(run);
}

/* It is told when the next is asked for, which may be answered after hours: /events. */
Test(pulls, whose_end_was_not_heard_is_told_with_the_next_request)
{
	struct run *run = new_run();
	struct ct_core *core = core_of(run);

	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_asks(&run->t, 500, SOCKET, "GET /v1.41/events");
	tape_at(&run->t, 60000);
	tape_clock(&run->t);
	tape_feed(&run->t, core);
	cr_expect_eq(count(run, CT_RECORD_PULL), 1);
	ct_core_free(core);
	run_free(run);
}

/* What was under way when it was cut has no end. */
Test(pulls, steps_of_what_is_cut_are_open)
{
	struct run *run = new_run();
	const struct seen *s;

	run->opts.steps = true;
	begins(&run->t, 100);
	pull_status(&run->t, 130, SOCKET, "aaa", "Pulling fs layer");
	pull_status(&run->t, 150, SOCKET, "aaa", "Download complete");
	pull_status(&run->t, 150, SOCKET, "aaa", "Pull complete");
	pull_status(&run->t, 160, SOCKET, "bbb", "Pulling fs layer");
	pull_asks(&run->t, 500, SOCKET, PULL);
	play(run);
	s = find(run, CT_RECORD_PULL, NAME, 0);
	cr_assert_gt(s->rec.step_count, 2);
	for (size_t i = 0; i < s->rec.step_count; i++)
		cr_expect_eq(s->steps[i].open, !strcmp(s->steps[i].detail, "bbb"), "%s of %s",
			     s->steps[i].name, s->steps[i].detail);
	run_free(run);
}

Test(pulls, a_start_that_waited_for_its_image_begins_with_it)
{
	struct life l = life_of(1);
	struct run *run = new_run();
	const struct seen *s;

	l.image = NAME;
	l.client = SOCKET;
	two_layers(&run->t, 100);
	life_create(&run->t, &l, 300);
	life_start(&run->t, &l, 320);
	tape_at(&run->t, 480);
	tape_output(&run->t, l.init, l.shim);
	play_until(run, 30000);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_phase(s, CT_PHASE_PULL, 180);
	cr_expect_eq(s->rec.begin_ns, tape_ns(100));
	expect_tiled(s);
	run_free(run);
}

/* docker run: the container is asked for, and refused; then the image, then the container again. */
static void wants(struct tape *t, const struct life *l, double ms)
{
	char line[256], body[256];

	snprintf(line, sizeof(line), "POST /v1.41/containers/create?name=%s", l->name);
	snprintf(body, sizeof(body), "{\"Image\":\"" NAME "\",\"HostConfig\":{}}");
	tape_at(t, ms);
	t->engine = LIFE_DOCKERD;
	tape_http_request(t, LIFE_CLIENT, SOCKET, line, body);
	tape_at(t, ms + 1);
	tape_http_answer(t, LIFE_DOCKERD, SOCKET, 404, "{\"message\":\"No such image: " NAME "\"}");
}

Test(pulls, a_create_that_was_refused_for_it_is_part_of_the_start)
{
	struct life l = life_of(1);
	struct run *run = new_run();
	const struct seen *s;

	l.image = NAME;
	l.client = SOCKET;
	wants(&run->t, &l, 90);
	two_layers(&run->t, 100);
	life_create(&run->t, &l, 300);
	life_start(&run->t, &l, 320);
	tape_at(&run->t, 480);
	tape_output(&run->t, l.init, l.shim);
	play_until(run, 30000);
	cr_expect_eq(count(run, CT_RECORD_START), 1);
	s = find(run, CT_RECORD_START, l.name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.begin_ns, tape_ns(90));
	expect_phase(s, CT_PHASE_PULL, 180);
	expect_phase(s, CT_PHASE_CREATE, 11);
	expect_tiled(s);
	run_free(run);
}

/* One of another name was refused for the image: that is not where this one begins. */
Test(pulls, what_another_was_refused_is_not_of_this_start)
{
	struct life l = life_of(1), other = life_of(2);
	struct run *run = new_run();

	l.image = other.image = NAME;
	l.client = SOCKET;
	wants(&run->t, &other, 90);
	two_layers(&run->t, 100);
	life_create(&run->t, &l, 300);
	life_start(&run->t, &l, 320);
	play_until(run, 30000);
	cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.begin_ns, tape_ns(100));
	run_free(run);
}

Test(pulls, a_start_fails_with_its_image)
{
	static const struct {
		const char *pulled, *message;
		double end;
		enum ct_phase phase;
		bool leaves;
	} rows[] = {
		{ NULL, "No such image: " NAME, 91, CT_PHASE_CREATE, false },
		{ NULL, "No such image: " NAME, 91, CT_PHASE_CREATE, true },
		{ "{\"errorDetail\":{\"message\":\"no room\"}}", "no room", 150, CT_PHASE_PULL,
		  false },
		{ "{\"status\":\"x\"}", "interrupted: its client has left", 200, CT_PHASE_PULL,
		  true },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct life l = life_of(1);
		struct run *run = new_run();
		const struct seen *s;

		wants(&run->t, &l, 90);
		if (rows[i].pulled) {
			begins(&run->t, 100);
			pull_says(&run->t, 150, SOCKET, rows[i].pulled);
		}
		if (rows[i].leaves) {
			tape_at(&run->t, 200);
			tape_exit(&run->t, LIFE_CLIENT, CT_ROLE_NONE, 0);
		}
		play_until(run, 2000);
		cr_assert_eq(count(run, CT_RECORD_START), 1, "%zu", i);
		s = find(run, CT_RECORD_START, l.name, 0);
		expect_outcome(s, CT_OUTCOME_FAILED);
		expect_span(s, 90, rows[i].end);
		cr_expect_eq(s->rec.failed_phase, rows[i].phase);
		cr_expect_str_eq(s->message, rows[i].message);
		expect_tiled(s);
		cr_expect_eq(count(run, CT_RECORD_PULL), rows[i].pulled != NULL);
		if (rows[i].pulled) {
			s = find(run, CT_RECORD_PULL, NAME, 0);
			expect_outcome(s, CT_OUTCOME_FAILED);
			cr_expect_eq(s->fetched.interrupted, rows[i].leaves);
			expect_span(s, 100, rows[i].end);
		}
		cr_expect_eq(run->counts.unmatched_exits, 0);
		run_free(run);
	}
}

Test(pulls, of_another_image_or_that_failed_it_does_not)
{
	struct life l = life_of(1);
	struct run *run = new_run();

	l.image = "reg.test:5000/a/we"; /* the beginning of the name that was pulled */
	l.client = SOCKET;
	two_layers(&run->t, 100);
	life_create(&run->t, &l, 300);
	life_start(&run->t, &l, 320);
	play_until(run, 30000);
	expect_phase(find(run, CT_RECORD_START, l.name, 0), CT_PHASE_PULL, 0);
	run_free(run);

	l = life_of(1);
	run = new_run();
	l.image = NAME;
	l.client = SOCKET;
	begins(&run->t, 100);
	pull_says(&run->t, 150, SOCKET, "{\"errorDetail\":{\"message\":\"no\"}}");
	life_create(&run->t, &l, 300);
	life_start(&run->t, &l, 320);
	play_until(run, 30000);
	expect_phase(find(run, CT_RECORD_START, l.name, 0), CT_PHASE_PULL, 0);
	run_free(run);
}

/* Whatever is said in which order: steps lie in one another (runs.c checks it). */
Test(pulls, any_order_of_lines)
{
	static const char *const said[] = {
		"Pulling fs layer",   "Waiting",           "Downloading",
		"Verifying Checksum", "Download complete", "Extracting",
		"Pull complete",      "Already exists",    "Retrying in 5 seconds",
	};
	uint32_t seed = 1;

	for (int round = 0; round < 400; round++) {
		struct run *run = new_run();

		run->opts.steps = true;
		begins(&run->t, 100);
		for (int i = 0; i < 12; i++) {
			seed = seed * 1664525 + 1013904223;
			pull_status(&run->t, 130 + 5 * i, SOCKET, seed >> 16 & 1 ? "aaa" : "bbb",
				    said[(seed >> 20) % CT_ARRAY_SIZE(said)]);
		}
		if (round % 3)
			pull_is_done(&run->t, 160 + round % 50, SOCKET, NAME);
		tape_sort(&run->t);
		play(run);
		cr_assert_eq(count(run, CT_RECORD_PULL), 1);
		run_free(run);
	}
}

/* The last of several: what is pulled at the very moment at which it is created counts. */
Test(pulls, the_last_pull_before_it_counts)
{
	struct life l = life_of(1);
	struct run *run = new_run();

	l.image = NAME;
	l.client = SOCKET;
	two_layers(&run->t, 100);
	two_layers(&run->t, 400);
	life_create(&run->t, &l, 580);
	life_start(&run->t, &l, 600);
	play_until(run, 30000);
	cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.begin_ns, tape_ns(400));
	run_free(run);
}

/* More pulls than anybody keeps: the oldest that are over go first, and nothing is lost. */
Test(pulls, old_ones_make_room)
{
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);
	struct ct_core_counts counts;
	struct run *run = new_run();

	cr_assert(core);
	for (int i = 0; i < 300; i++) {
		pull_asks(&run->t, 100 + 100 * i, SOCKET, PULL);
		tape_at(&run->t, 120 + 100 * i);
		tape_http_answer(&run->t, LIFE_DOCKERD, SOCKET, 404, "{\"message\":\"no\"}");
	}
	tape_feed(&run->t, core);
	ct_core_flush(core);
	counts = ct_core_counts(core);
	cr_expect_not(ct_counts_incomplete(&counts));
	ct_core_free(core);
	run_free(run);
}

Test(pulls, an_import_is_no_pull)
{
	struct run *run = new_run();

	pull_asks(&run->t, 100, SOCKET, "POST /v1.41/images/create?fromSrc=-&repo=a");
	tape_at(&run->t, 120);
	tape_http_answer(&run->t, LIFE_DOCKERD, SOCKET, 200, NULL);
	pull_says(&run->t, 130, SOCKET, "{\"status\":\"Status: whatever\"}");
	play(run);
	cr_expect_eq(count(run, CT_RECORD_PULL), 0);
	run_free(run);
}

Test(pulls, lines_of_nobody_are_nothing)
{
	struct run *run = new_run();

	pull_status(&run->t, 100, SOCKET, "aaa", "Pulling fs layer");
	pull_is_done(&run->t, 110, SOCKET, NAME);
	play(run);
	cr_expect_eq(run->count, 0);
	run_free(run);
}
