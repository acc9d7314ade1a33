// SPDX-License-Identifier: GPL-2.0-only
/* What dockerd is seen to do for layers: the programs that unpack them, and what it syncs when they are (moby 20.10 and 28). */
#include "core/book/pulls.h"
#include "docker_pulls.h"

#define SOCKET PULL_SOCKET
#define PULL   PULL_LINE("a%2Fweb")
#define NAME   "reg.test:5000/a/web:1"
#define UNTAR  900
#define OTHER  9900 /* beyond all of those */

static void says(struct tape *t, double ms, const char *id, const char *status)
{
	pull_status(t, ms, SOCKET, id, status);
}

static void begins(struct tape *t)
{
	life_engines(t);
	pull_begins(t, 100, 0, SOCKET, PULL);
	says(t, 130, "aaa", "Pulling fs layer");
	says(t, 130, "bbb", "Pulling fs layer");
	says(t, 140, "aaa", "Download complete");
	says(t, 145, "bbb", "Download complete");
}

static void executes(struct tape *t, uint32_t pid, const char *program, double from, double until)
{
	tape_at(t, from);
	tape_fork(t, LIFE_DOCKERD, pid, CT_ROLE_ENGINE);
	tape_exec(t, pid, CT_ROLE_HELPER, LIFE_HOST_NETNS, program, "*", "*", TAPE_END);
	tape_at(t, until);
	tape_exit(t, pid, CT_ROLE_HELPER, 0);
}

static void registers(struct tape *t, double ms, const char *dir)
{
	static const char *const files[] = { "tar-split.json.gz", "diff", "size", "cache-id" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		tape_at(t, ms + (double)i);
		tape_sync(t, LIFE_DOCKERD, dir, files[i]);
	}
}

static void ends(struct tape *t)
{
	says(t, 210, "aaa", "Pull complete");
	says(t, 260, "bbb", "Pull complete");
	pull_is_done(t, 270, SOCKET, NAME);
}

static const struct seen *told(struct run *run)
{
	struct tape *t = &run->t;

	ends(t);
	tape_sort(t);
	play_until(run, 5000);
	return find(run, CT_RECORD_PULL, NAME, 0);
}

static void expect_worker(const struct ct_worker *by, uint32_t pid, const char *name)
{
	cr_expect_eq(by->pid, pid, "%u", by->pid);
	cr_expect_str_eq(by->name, name);
}

Test(pulls_handled, a_program_unpacks_each_layer)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	begins(t);
	executes(t, UNTAR - 1, "unpigz", 141, 197);
	executes(t, UNTAR, "docker-untar", 142, 198);
	registers(t, 200, "write-set-1");
	executes(t, UNTAR + 1, "docker-untar", 212, 248);
	registers(t, 250, "write-set-2");
	s = told(run);
	expect_worker(&s->layers[0].unpacker, UNTAR, "docker-untar");
	expect_worker(&s->layers[0].inflater, UNTAR - 1, "unpigz");
	expect_worker(&s->layers[1].unpacker, UNTAR + 1, "docker-untar");
	expect_worker(&s->layers[1].inflater, 0, "");
	cr_expect_eq(s->layers[0].unpacking_ns, tape_ns(142));
	cr_expect_eq(s->layers[0].unpacking_by, CT_PROVED_PROCESS);
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(200));
	cr_expect_eq(s->layers[0].unpacked_by, CT_PROVED_FILE);
	cr_expect_eq(s->layers[0].registered_ns, tape_ns(210));
	cr_expect_eq(s->layers[1].turn_ns, tape_ns(210), "the one before is registered first");
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(250));
	expect_phase(s, CT_PHASE_UNPACK, 110);
	expect_phase(s, CT_PHASE_REGISTER, 20);
	expect_tiled(s);
	run_free(run);
}

Test(pulls_handled, dockerd_unpacks_itself)
{
	struct run *run = run_new();
	const struct seen *s;

	begins(&run->t);
	registers(&run->t, 200, "write-set-1");
	registers(&run->t, 250, "write-set-2");
	s = told(run);
	expect_worker(&s->layers[0].unpacker, LIFE_DOCKERD, "dockerd");
	cr_expect_eq(s->layers[0].unpacking_by, CT_PROVED_NONE);
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(250));
	run_free(run);
}

/* Something else is unpacked by the same dockerd meanwhile: what may be of either is not told. */
Test(pulls_handled, what_may_be_anothers_is_not_told)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	begins(t);
	executes(t, UNTAR, "docker-untar", 142, 198);
	executes(t, UNTAR + 5, "docker-untar", 150, 180);
	registers(t, 182, "write-set-5");
	registers(t, 200, "write-set-1");
	executes(t, UNTAR + 1, "docker-untar", 212, 248);
	registers(t, 250, "write-set-2");
	s = told(run);
	expect_worker(&s->layers[0].unpacker, 0, "");
	cr_expect_eq(s->layers[0].unpacked_ns, tape_ns(210));
	cr_expect_eq(s->layers[0].unpacked_by, CT_PROVED_BOUND);
	cr_expect_eq(s->layers[0].registered_ns, 0);
	expect_worker(&s->layers[1].unpacker, UNTAR + 1, "docker-untar");
	cr_expect_eq(s->layers[1].unpacked_ns, tape_ns(250));
	run_free(run);
}

/* Nobody has said that its bytes were there, but by unpacking them. */
Test(pulls_handled, who_unpacks_has_all_of_it)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	life_engines(t);
	pull_begins(t, 100, 0, SOCKET, PULL);
	says(t, 130, "aaa", "Pulling fs layer");
	executes(t, UNTAR, "docker-untar", 142, 198);
	says(t, 160, "aaa", "Extracting");
	registers(t, 200, "write-set-1");
	s = told(run);
	cr_expect(s->layers[0].bounded);
	cr_expect_eq(s->layers[0].fetched_ns, tape_ns(142));
	expect_tiled(s);
	run_free(run);
}

/* Only as many as an image can have are remembered. */
Test(pulls_handled, more_than_there_can_be)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	begins(t);
	for (unsigned i = 0; i < CT_LAYERS_MAX + 5; i++) {
		executes(t, UNTAR + i, "docker-untar", 150 + i * 0.2, 150.1 + i * 0.2);
		registers(t, 150 + i * 0.2, "write-set-1");
	}
	s = told(run);
	cr_expect_eq(s->layers[0].unpacked_by, CT_PROVED_BOUND);
	run_free(run);
}

/* Where there was no room for all of them, that there is one alone says nothing: its own may be one of the others. */
Test(pulls_handled, what_may_have_been_left_out_is_not_told)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	begins(t);
	for (unsigned i = 0; i < CT_WORKS_MAX - 1; i++) {
		executes(t, UNTAR + i, "docker-untar", 150 + i * 0.2, 150.1 + i * 0.2);
		registers(t, 150 + i * 0.2, "write-set-1");
	}
	executes(t, OTHER, "docker-untar", 212, 219); /* for another pull */
	registers(t, 220, "write-set-900");
	executes(t, OTHER + 1, "docker-untar", 221, 249);
	registers(t, 250, "write-set-901");
	s = told(run);
	cr_expect_eq(s->layers[1].unpacked_by, CT_PROVED_BOUND);
	expect_worker(&s->layers[1].unpacker, 0, "");
	run_free(run);
}

/* What is remembered of a pull has no more room than it takes, whatever is said of it behind its end. */
Test(pulls_handled, what_was_told_takes_no_more_than_it_needs)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct ct_core *core = core_of(run);
	const struct ct_pull *p;

	begins(t);
	registers(t, 200, "write-set-1");
	ends(t);
	says(t, 280, "ccc", "Pulling fs layer");
	executes(t, UNTAR, "docker-untar", 290, 298);
	registers(t, 299, "write-set-2");
	tape_at(t, 5000);
	tape_clock(t);
	tape_feed(t, core);
	p = ct_pull_next(core, NULL);
	cr_assert(p && p->told);
	cr_expect_eq(p->fetched->layer_count, 2);
	cr_expect_eq(p->room, 2);
	cr_expect_null(p->handled);
	ct_core_flush(core);
	ct_core_free(core);
	run_free(run);
}
