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
