// SPDX-License-Identifier: GPL-2.0-only
/* Images that podman and skopeo fetch by themselves: files, programs and what is stored in the end. */
#include "runs.h"

#define PODMAN 700
#define UNTAR  710
#define NAME   "reg.test:5000/a/web:1"
#define WALL   1000000000000000000 /* of the clock that a store has, less the other */

static struct run *new_run(void)
{
	struct run *run = run_new();

	run->opts.wall_minus_mono_ns = WALL;
	return run;
}

static void begins(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "-*", "*", "pull", "-*", "*", NAME,
		  TAPE_END);
}

static void ends(struct tape *t, double ms, int status)
{
	tape_at(t, ms);
	tape_exit(t, PODMAN, CT_ROLE_ENGINE, status);
}

/* What was fetched is removed, and was written meanwhile. */
static void file(struct tape *t, double ms, const char *name, uint64_t size, double first,
		 double last)
{
	struct ct_event *e;
	char path[80];
	int n = snprintf(path, sizeof(path), "storage1234567/%s", name);

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_UNLINK, PODMAN, path, (size_t)n);
	e->arg = size;
	if (first) {
		e->dur_ns = tape_ns(ms) - tape_ns(first);
		e->ret = (int)((tape_ns(ms) - tape_ns(last)) / 1000);
	}
}

static void unpack(struct tape *t, uint32_t pid, double from, double until)
{
	tape_at(t, from);
	tape_fork(t, PODMAN, pid, CT_ROLE_ENGINE);
	tape_exec(t, pid, CT_ROLE_HELPER, 1, "storage-untar", "/", "/l", TAPE_END);
	tape_at(t, until);
	tape_exit(t, pid, CT_ROLE_HELPER, 0);
}

static void images_synced(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_sync(t, PODMAN, "overlay-images", ".tmp-images.json123");
}

/* Stored so many ms after the tape began; 0: that is not known. */
static void layer(struct tape *t, unsigned number, unsigned of, const char *digest, uint64_t size,
		  double stored)
{
	char tail[400];
	int n = snprintf(tail, sizeof(tail),
			 "sha256:feed%csha256:cfg%csha256:%s%ctar+gzip%c%llu%c%u%c", 0, 0, digest,
			 0, 0, stored ? (unsigned long long)(tape_ns(stored) + WALL) : 0, 0, 4096,
			 0);
	struct ct_event *e = tape_add(t, CT_KIND_LAYER, PODMAN, tail, (size_t)n);

	e->obj = size;
	e->arg = of;
	e->sub = (uint16_t)number;
}

static const struct seen *pull_of(struct run *run)
{
	play_until(run, 5000);
	cr_assert_eq(count(run, CT_RECORD_PULL), 1);
	return find(run, CT_RECORD_PULL, NAME, 0);
}

/* Two layers, of which the second is fetched first. */
static void two_layers(struct tape *t)
{
	begins(t, 100);
	unpack(t, UNTAR, 205, 250);
	unpack(t, UNTAR + 1, 260, 300);
	images_synced(t, 310);
	file(t, 320, "2", 1000, 140, 200);
	file(t, 320, "1", 500, 130, 150);
	file(t, 320, "3", 77, 305, 306); /* the config */
	ends(t, 340, 0);
	layer(t, 0, 2, "aaaaaaaaaaaaaaaaaaaa", 1000, 204);
	layer(t, 1, 2, "bbbb", 500, 255);
}

Test(pulls_command, phases_and_layers)
{
	struct run *run = new_run();
	const struct seen *s;

	two_layers(&run->t);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 100, 340);
	expect_phase(s, CT_PHASE_RESOLVE, 30); /* until the first byte */
	expect_phase(s, CT_PHASE_DOWNLOAD, 70);
	expect_phase(s, CT_PHASE_UNPACK, 100);
	expect_phase(s, CT_PHASE_REGISTER, 40);
	cr_expect_str_eq(s->who.engine, "podman");
	cr_expect_str_eq(s->who.image, NAME);
	cr_expect_str_eq(s->fetched.digest, "sha256:feed");
	cr_expect_eq(s->fetched.client, PODMAN);
	cr_expect_str_eq(s->fetched.client_name, "podman");
	cr_expect_eq(s->fetched.client_by, CT_CLIENT_COMMAND);
	cr_expect_str_eq(s->layers[0].unpacker.name, "storage-untar");
	cr_expect_eq(s->layers[1].unpacker.pid, UNTAR + 1);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_str_eq(s->layers[0].id, "aaaaaaaaaaaa");
	cr_expect_str_eq(s->layers[0].digest, "sha256:aaaaaaaaaaaaaaaaaaaa");
	cr_expect_str_eq(s->layers[0].type, "tar+gzip");
	cr_expect_eq(s->layers[0].size, 1000);
	cr_expect_eq(s->layers[0].files, 4096);
	cr_expect_eq(s->layers[0].first_ns, tape_ns(140));
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(200));
	cr_expect_eq(s->layers[0].unpacking_ns, tape_ns(205));
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(250));
	cr_expect_eq(s->layers[1].first_ns, tape_ns(130));
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(300));
	cr_expect_eq(s->layers[1].fetched_by, CT_PROVED_FILE);
	cr_expect_eq(s->layers[1].unpacked_by, CT_PROVED_PROCESS);
	cr_expect_not(s->layers[0].by_order || s->layers[1].by_order);
	expect_nothing_odd(run);
	run_free(run);
}

/* What was stored before it began was there; so a file of that size is another's. */
Test(pulls_command, a_layer_that_was_there)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	unpack(&run->t, UNTAR, 205, 250);
	images_synced(&run->t, 310);
	file(&run->t, 320, "1", 500, 130, 150);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 2, "aaaa", 500, 50);
	layer(&run->t, 1, 2, "bbbb", 500, 200);
	s = pull_of(run);
	cr_expect(s->layers[0].there && !s->layers[1].there);
	cr_expect_eq(s->layers[0].first_ns, 0);
	cr_expect_eq(s->layers[1].fetched_ns, tape_ns(150));
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(250));
	cr_expect_not(s->layers[1].by_order);
	cr_expect_not(s->fetched.up_to_date);
	run_free(run);
}

Test(pulls_command, up_to_date)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	images_synced(&run->t, 310);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 1, "aaaa", 500, 50);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect(s->fetched.up_to_date);
	cr_expect(s->layers[0].there);
	cr_expect_eq(s->rec.missing, 0);
	run_free(run);
}

/* Two of one size: the one that was not whole when the first began to be unpacked is the second. */
Test(pulls_command, two_of_one_size)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	unpack(&run->t, UNTAR, 155, 200);
	unpack(&run->t, UNTAR + 1, 205, 250);
	images_synced(&run->t, 310);
	file(&run->t, 320, "1", 500, 130, 204);
	file(&run->t, 320, "2", 500, 140, 150);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 2, "aaaa", 500, 154);
	layer(&run->t, 1, 2, "bbbb", 500, 203);
	s = pull_of(run);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(150));
	cr_expect_eq(s->layers[1].fetched_ns, tape_ns(204));
	cr_expect_not(s->layers[0].by_order || s->layers[1].by_order);
	run_free(run);
}

Test(pulls_command, two_of_one_size_that_nothing_tells_apart)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	unpack(&run->t, UNTAR, 210, 220);
	unpack(&run->t, UNTAR + 1, 225, 250);
	images_synced(&run->t, 310);
	file(&run->t, 320, "2", 500, 140, 150);
	file(&run->t, 320, "1", 500, 130, 204);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 2, "aaaa", 500, 154);
	layer(&run->t, 1, 2, "bbbb", 500, 203);
	s = pull_of(run);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(204));
	cr_expect(s->layers[0].by_order);
	run_free(run);
}

/* The files are on a file system without a hook: that it was fetched is known, when is not. */
Test(pulls_command, files_that_nobody_sees)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	unpack(&run->t, UNTAR, 205, 250);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 1, "aaaa", 500, 200);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_not(s->layers[0].there);
	cr_expect_eq(s->layers[0].fetched_ns, 0);
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(250));
	expect_phase(s, CT_PHASE_UNKNOWN, 240);
	run_free(run);
}

/* Podman takes it out of another image's layer (containers/image: TryReusingBlob), or its file was lost. */
Test(pulls_command, a_layer_that_another_image_has)
{
	for (size_t lost = 0; lost < 2; lost++) {
		struct run *run = new_run();
		const struct seen *s;

		begins(&run->t, 100);
		unpack(&run->t, UNTAR, 205, 250);
		unpack(&run->t, UNTAR + 1, 260, 300);
		if (lost)
			tape_lost(&run->t, CT_LOSS_RING, 1);
		file(&run->t, 320, "1", 1000, 140, 200);
		ends(&run->t, 340, 0);
		layer(&run->t, 0, 2, "aaaa", 1000, 204);
		layer(&run->t, 1, 2, "bbbb", 500, 255);
		s = pull_of(run);
		cr_expect_eq(s->layers[1].stored, !lost);
		cr_expect_eq(s->layers[1].first_ns, 0);
		cr_expect_eq(s->rec.missing, lost ? 1u << CT_PHASE_UNPACK : 0);
		run_free(run);
	}
}

/* Where nobody has looked into the store in time nothing is known of what it consists of. */
Test(pulls_command, a_store_that_nobody_has_seen)
{
	struct run *run = new_run();
	const struct seen *s;
	struct ct_event *e;

	begins(&run->t, 100);
	ends(&run->t, 140, 0);
	e = tape_add(&run->t, CT_KIND_LAYER, PODMAN, NULL, 0);
	e->sub = 1;
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_UNKNOWN, 40);
	run_free(run);
}

Test(pulls_command, refused)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	ends(&run->t, 140, 125 << 8);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_RESOLVE);
	cr_expect_not(s->fetched.interrupted);
	run_free(run);
}

Test(pulls_command, ended_by_a_signal)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	ends(&run->t, 140, 9);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect(s->fetched.interrupted);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_UNKNOWN);
	run_free(run);
}

/* Asked to end by SIGTERM podman exits with 0, and has stored nothing. */
Test(pulls_command, asked_to_end)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	ends(&run->t, 140, 0);
	tape_add(&run->t, CT_KIND_LAYER, PODMAN, NULL, 0);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect(s->fetched.interrupted);
	run_free(run);
}

/* Without root it executes itself once more: the second one does it, the first one waits. */
Test(pulls_command, without_root)
{
	struct run *run = new_run();
	const struct seen *s;

	tape_at(&run->t, 90);
	tape_exec(&run->t, PODMAN - 1, CT_ROLE_ENGINE, 1, "podman", "pull", NAME, TAPE_END);
	tape_fork(&run->t, PODMAN - 1, PODMAN, CT_ROLE_ENGINE);
	two_layers(&run->t);
	tape_at(&run->t, 350);
	tape_exit(&run->t, PODMAN - 1, CT_ROLE_ENGINE, 0);
	s = pull_of(run);
	expect_span(s, 90, 350);
	cr_expect_eq(s->fetched.client, PODMAN - 1);
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(300));
	run_free(run);
}

/* What skopeo copies from a registry; what it copies from elsewhere is no pull. */
Test(pulls_command, skopeo)
{
	struct run *run = new_run();

	tape_at(&run->t, 100);
	tape_exec(&run->t, PODMAN, CT_ROLE_ENGINE, 1, "skopeo", "copy", "docker://" NAME, "*",
		  TAPE_END);
	ends(&run->t, 140, 0);
	tape_at(&run->t, 200);
	tape_exec(&run->t, PODMAN, CT_ROLE_ENGINE, 1, "skopeo", "copy", "*", "*", TAPE_END);
	ends(&run->t, 240, 0);
	cr_expect_str_eq(pull_of(run)->who.engine, "skopeo");
	run_free(run);
}

#define CONMON    720
#define RUNC      721
#define INIT      725
#define PODMAN_ID "3333333333333333333333333333333333333333333333333333333333333333"

static void runs(struct tape *t, double ms, const char *command)
{
	tape_at(t, ms);
	tape_exec(t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "-*", "*", command, "--name", "web", "-*",
		  "*", NAME, "*", TAPE_END);
}

static void asks(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_add(t, CT_KIND_LINK, PODMAN, NULL, 0)->sub = 2;
}

/* What a pull is, from the first connection until the image is stored and what it was fetched into removed. */
static void fetches(struct tape *t)
{
	asks(t, 150);
	asks(t, 160);
	unpack(t, UNTAR, 205, 250);
	images_synced(t, 300);
	file(t, 310, "1", 500, 170, 190);
}

static void is_made(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_sync(t, PODMAN, "overlay-containers", ".tmp-containers.json123");
	tape_at(t, ms + 10);
	tape_sync(t, PODMAN, "libpod", "bolt_state.db");
	layer(t, 0, 1, "aaaa", 500, 240);
}

static void is_started(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_fork(t, PODMAN, CONMON, CT_ROLE_ENGINE);
	tape_exec(t, CONMON, CT_ROLE_SHIM, 1, "conmon", "-c", PODMAN_ID, "-n", "web", "-r",
		  "/usr/bin/runc", "-b", "/b", TAPE_END);
	tape_at(t, ms + 10);
	tape_fork(t, CONMON, RUNC, CT_ROLE_SHIM);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "create", "--bundle", "/b", PODMAN_ID,
		  TAPE_END);
	tape_at(t, ms + 20);
	tape_fork(t, RUNC, INIT, CT_ROLE_INIT);
	tape_at(t, ms + 30);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_fork(t, PODMAN, RUNC + 1, CT_ROLE_ENGINE);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "start", PODMAN_ID, TAPE_END);
	tape_at(t, ms + 40);
	tape_exec(t, INIT, CT_ROLE_INIT, 2, "service", TAPE_END);
	tape_at(t, ms + 50);
	tape_exit(t, RUNC + 1, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 55);
	tape_output(t, INIT, CONMON);
}

/* `podman run` of an image that is not there: the pull is a phase of the start, and a record. */
Test(pulls_command, a_start_that_waits)
{
	struct run *run = new_run();
	const struct seen *s;

	runs(&run->t, 100, "run");
	tape_at(&run->t, 105); /* it asks its monitor for its version, and makes its database */
	tape_fork(&run->t, PODMAN, CONMON, CT_ROLE_ENGINE);
	tape_exec(&run->t, CONMON, CT_ROLE_SHIM, 1, "conmon", "--version", TAPE_END);
	tape_exit(&run->t, CONMON, CT_ROLE_SHIM, 0);
	tape_sync(&run->t, PODMAN, "libpod", "bolt_state.db");
	tape_sync(&run->t, PODMAN, "libpod", "bolt_state.db");
	fetches(&run->t);
	is_made(&run->t, 330);
	is_started(&run->t, 360);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, 150, 310);
	expect_phase(s, CT_PHASE_RESOLVE, 20);
	expect_phase(s, CT_PHASE_DOWNLOAD, 20);
	expect_phase(s, CT_PHASE_UNPACK, 60);
	expect_phase(s, CT_PHASE_REGISTER, 60);
	cr_expect_eq(s->fetched.layer_count, 1);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_phase(s, CT_PHASE_PULL, 160);
	expect_phase(s, CT_PHASE_CREATE, 80); /* until the first connection, and behind the pull */
	cr_expect_eq(s->rec.begin_ns, tape_ns(100));
	expect_nothing_odd(run);
	run_free(run);
}

Test(pulls_command, a_start_whose_image_is_there)
{
	struct run *run = new_run();

	runs(&run->t, 100, "run");
	is_made(&run->t, 130);
	is_started(&run->t, 160);
	play_until(run, 5000);
	cr_expect_eq(count(run, CT_RECORD_PULL), 0);
	expect_phase(find(run, CT_RECORD_START, "web", 0), CT_PHASE_CREATE, 40);
	run_free(run);
}

/* Nobody has heard of connections: it began no later than the command. */
Test(pulls_command, a_start_without_connections)
{
	struct run *run = new_run();

	runs(&run->t, 100, "run");
	unpack(&run->t, UNTAR, 205, 250);
	images_synced(&run->t, 300);
	file(&run->t, 310, "1", 500, 170, 190);
	is_made(&run->t, 330);
	is_started(&run->t, 360);
	expect_span(pull_of(run), 100, 310);
	run_free(run);
}

/* The registry does not have it: nothing is made, and both have failed. */
Test(pulls_command, a_start_whose_image_does_not_come)
{
	struct run *run = new_run();
	const struct seen *s;

	runs(&run->t, 100, "run");
	asks(&run->t, 150);
	ends(&run->t, 200, 125 << 8);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 150, 200);
	s = find(run, CT_RECORD_START, "web", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 100, 200);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_PULL);
	cr_expect_str_eq(s->who.engine, "podman");
	cr_expect_str_eq(s->who.image, NAME);
	run_free(run);
}

/* Made and not started; fetched, and failed of something else. */
Test(pulls_command, nothing_is_started)
{
	static const char *const commands[] = { "create", "run" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++) {
		struct run *run = new_run();

		runs(&run->t, 100, commands[i]);
		fetches(&run->t);
		if (!i)
			is_made(&run->t, 330);
		ends(&run->t, 400, i ? 125 << 8 : 0);
		if (i)
			layer(&run->t, 0, 1, "aaaa", 500, 240);
		expect_span(pull_of(run), 150, 310);
		expect_outcome(find(run, CT_RECORD_PULL, NAME, 0), CT_OUTCOME_OK);
		run_free(run);
	}
}

/* `podman pull A B`: one after the other, each from where the one before it was done. */
Test(pulls_command, several_images)
{
	struct run *run = new_run();
	const struct seen *s;

	tape_at(&run->t, 100);
	tape_exec(&run->t, PODMAN, CT_ROLE_ENGINE, 1, "podman", "pull", NAME, "reg.test:5000/b:1",
		  TAPE_END);
	fetches(&run->t);
	asks(&run->t, 320);
	layer(&run->t, 0, 1, "aaaa", 500, 240);
	asks(&run->t, 325);
	unpack(&run->t, UNTAR, 350, 360);
	images_synced(&run->t, 370);
	file(&run->t, 380, "1", 700, 330, 340);
	ends(&run->t, 400, 0);
	layer(&run->t, 0, 1, "bbbb", 700, 355);
	play_until(run, 5000);
	cr_expect_eq(count(run, CT_RECORD_PULL), 2);
	expect_span(find(run, CT_RECORD_PULL, NAME, 0), 100, 310);
	s = find(run, CT_RECORD_PULL, "reg.test:5000/b:1", 0);
	expect_span(s, 310, 400);
	cr_expect_str_eq(s->layers[0].digest, "sha256:bbbb");
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(340));
	expect_nothing_odd(run);
	run_free(run);
}

/* Rows that nobody can have sent: too many, behind the last, not in their order. */
Test(pulls_command, rows_that_are_none)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	unpack(&run->t, UNTAR, 205, 250);
	images_synced(&run->t, 310);
	file(&run->t, 320, "1", 500, 130, 150);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 200, "many", 1, 200);
	layer(&run->t, 2, 2, "behind", 2, 200);
	layer(&run->t, 1, 2, "early", 3, 200);
	layer(&run->t, 0, 2, "aaaa", 500, 50);
	layer(&run->t, 0, 2, "again", 4, 200);
	layer(&run->t, 1, 2, "bbbb", 500, 200);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_OK);
	cr_assert_eq(s->fetched.layer_count, 2);
	cr_expect_str_eq(s->layers[0].digest, "sha256:aaaa");
	cr_expect_str_eq(s->layers[1].digest, "sha256:bbbb");
	cr_expect_eq(s->layers[1].fetched_ns, tape_ns(150));
	run_free(run);
}

/* More programs and files than an image can have: what is beyond is left out, and that is said. */
Test(pulls_command, more_than_there_can_be)
{
	struct run *run = new_run();
	const struct seen *s;

	begins(&run->t, 100);
	for (uint32_t i = 0; i < 140; i++)
		unpack(&run->t, UNTAR + i, 205 + 0.1 * i, 205.05 + 0.1 * i);
	images_synced(&run->t, 310);
	for (unsigned i = 0; i < 270; i++)
		file(&run->t, 320, "1", i, 130, 150);
	ends(&run->t, 340, 0);
	layer(&run->t, 0, 1, "aaaa", 7, 204);
	s = pull_of(run);
	expect_outcome(s, CT_OUTCOME_CUT);
	expect_span(s, 100, 340);
	cr_assert_eq(s->fetched.layer_count, 1);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(150));
	run_free(run);
}
