// SPDX-License-Identifier: GPL-2.0-only
/* Runtimes that nobody but a command line asks. */
#include <criterion/criterion.h>

#include "runs.h"

#define RUNC   700
#define INIT   710
#define NETNS  4026532001
#define STATUS 3

/* `runc run ID` up to the container's program, at 30 ms. */
static void run_begins(struct tape *t, const char *id, double ms)
{
	tape_at(t, ms);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "--root", "/r", "run", id, TAPE_END);
	tape_at(t, ms + 8);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_exec(t, INIT, CT_ROLE_HELPER, 1, "runc", "init", TAPE_END);
	tape_at(t, ms + 30);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "sh", TAPE_END);
}

/* Its program exits, and `runc run` some time after it, with the same status. */
static void run_ends(struct tape *t, double exit_ms, double end_ms, int status)
{
	tape_at(t, exit_ms);
	tape_exit(t, INIT, CT_ROLE_INIT, status);
	tape_at(t, end_ms);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, status);
}

static void expect_identity(const struct seen *s, const char *id, const char *runtime)
{
	cr_expect_str_eq(s->who.id, id);
	cr_expect_str_eq(s->who.name, id);
	cr_expect_str_eq(s->who.runtime, runtime);
	cr_expect_str_eq(s->who.engine, "none");
}

static void expect_absent(const struct seen *s, enum ct_phase phase)
{
	cr_expect_not((s->rec.seen | s->rec.missing) & 1u << phase, "%s", ct_phase_names[phase]);
}

Test(bare, run_in_the_foreground)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_begins(t, "one", 10);
	tape_at(t, 45);
	tape_output(t, INIT, 0);
	run_ends(t, 400, 403, STATUS << 8);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_identity(s, "one", "runc");
	expect_span(s, 10, 45);
	expect_phase(s, CT_PHASE_START, 30);
	expect_phase(s, CT_PHASE_READY, 5);
	expect_absent(s, CT_PHASE_CREATE);
	expect_absent(s, CT_PHASE_CONNECT);
	cr_expect_eq(s->who.init_pid, INIT);
	s = find(run, CT_RECORD_STOP, "one", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_DIE, 3);
	expect_absent(s, CT_PHASE_STOP);
	expect_absent(s, CT_PHASE_DESTROY);
	cr_expect_eq(s->rec.exit_code, STATUS);
	cr_expect(s->rec.removed);
	expect_nothing_odd(run);
	run_free(run);
}

/* The exit of its `run` was lost, and that process' pid is another's, that nobody known has forked. */
Test(bare, pid_of_one_whose_exit_was_lost)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	run_begins(t, "one", 10);
	tape_at(t, 45);
	tape_output(t, INIT, 0);
	tape_at(t, 400);
	tape_exit(t, INIT, CT_ROLE_INIT, STATUS << 8);
	tape_lost(t, CT_LOSS_RING, 7);
	run_begins(t, "two", 200000);
	tape_at(t, 200045);
	tape_output(t, INIT, 0);
	run_ends(t, 200400, 200403, STATUS << 8);
	play_until(run, 205000);
	expect_counts(run, 2, 2, 0);
	cr_assert_not_null(find(run, CT_RECORD_START, "one", 0));
	expect_outcome(find(run, CT_RECORD_STOP, "one", 0), CT_OUTCOME_CUT);
	expect_span(find(run, CT_RECORD_START, "two", 0), 200000, 200045);
	expect_outcome(find(run, CT_RECORD_STOP, "two", 0), CT_OUTCOME_OK);
	run_free(run);
}

/*
 * So was that of a process between its `run` and the program, which executes nothing itself: its pid,
 * too, is another's. That one's container was taken for the first, which was told again.
 */
Test(bare, pid_of_one_that_never_executed)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "run", "one", TAPE_END);
	tape_fork(t, RUNC + 1, INIT - 1, CT_ROLE_RUNTIME);
	tape_exec(t, INIT - 1, CT_ROLE_HELPER, 1, "runc", "init", TAPE_END);
	tape_at(t, 18);
	tape_fork(t, INIT - 1, RUNC, CT_ROLE_RUNTIME);
	tape_fork(t, RUNC, INIT + 1, CT_ROLE_RUNTIME);
	tape_lost(t, CT_LOSS_RING, 7);
	tape_at(t, 30);
	tape_exec(t, INIT + 1, CT_ROLE_INIT, NETNS, "sh", TAPE_END);
	tape_output(t, INIT + 1, 0);
	tape_exit(t, INIT + 1, CT_ROLE_INIT, STATUS << 8);
	tape_at(t, 33);
	tape_exit(t, RUNC + 1, CT_ROLE_RUNTIME, STATUS << 8);
	run_begins(t, "two", 90000);
	tape_at(t, 90045);
	tape_output(t, INIT, 0);
	run_ends(t, 90400, 90403, STATUS << 8);
	play_until(run, 95000);
	expect_counts(run, 2, 2, 0);
	expect_outcome(find(run, CT_RECORD_STOP, "one", 0), CT_OUTCOME_OK);
	expect_span(find(run, CT_RECORD_START, "two", 0), 90000, 90045);
	expect_outcome(find(run, CT_RECORD_STOP, "two", 0), CT_OUTCOME_OK);
	run_free(run);
}

/* Something was lost, but just now: who executes again is who it was. */
Test(bare, executes_again_behind_a_loss)
{
	const uint32_t child = INIT - 1;
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "run", "one", TAPE_END);
	tape_fork(t, RUNC, child, CT_ROLE_RUNTIME);
	tape_exec(t, child, CT_ROLE_HELPER, 1, "runc", "init", TAPE_END);
	tape_lost(t, CT_LOSS_RING, 7);
	tape_at(t, 2000);
	tape_exec(t, child, CT_ROLE_HELPER, 1, "runc", "init", TAPE_END);
	tape_fork(t, child, INIT, CT_ROLE_RUNTIME);
	tape_exit(t, child, CT_ROLE_HELPER, 0);
	tape_at(t, 2030);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "sh", TAPE_END);
	tape_output(t, INIT, 0);
	run_ends(t, 2400, 2403, STATUS << 8);
	play_until(run, 8000);
	expect_counts(run, 1, 1, 0);
	expect_outcome(find(run, CT_RECORD_START, "one", 0), CT_OUTCOME_OK);
	run_free(run);
}

/* Who ran when tracing began executes again at any time: nothing was lost. */
Test(bare, executes_again_long_after_tracing_began)
{
	const uint32_t child = INIT - 1;
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_process(t, RUNC, 1, CT_ROLE_RUNTIME, "runc", "run", "one", TAPE_END);
	tape_process(t, child, RUNC, CT_ROLE_HELPER, "runc", "init", TAPE_END);
	tape_at(t, 20000);
	tape_exec(t, child, CT_ROLE_HELPER, 1, "runc", "init", TAPE_END);
	tape_fork(t, child, INIT, CT_ROLE_RUNTIME);
	tape_at(t, 20030);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "sh", TAPE_END);
	tape_output(t, INIT, 0);
	run_ends(t, 20400, 20403, STATUS << 8);
	play_until(run, 30000);
	expect_counts(run, 0, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, "one", 0)->who.init_pid, INIT);
	run_free(run);
}

/* On a busy machine it may be seconds until `run` has deleted what has exited. */
Test(bare, slow_to_clean_up)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_begins(t, "slow", 10);
	tape_at(t, 45);
	tape_listen(t, INIT, 80);
	tape_at(t, 400);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_at(t, 4000);
	tape_clock(t);
	tape_at(t, 5400);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, "slow", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_phase(s, CT_PHASE_DIE, 5000);
	expect_nothing_odd(run);
	run_free(run);
}

/* A program that has exited before `start` has returned: nobody waits for it all the same. */
Test(bare, exits_within_its_start)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "create", "short", TAPE_END);
	tape_at(t, 15);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, 30);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_at(t, 40);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "start", "short", TAPE_END);
	tape_at(t, 44);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "true", TAPE_END);
	tape_at(t, 45);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	tape_at(t, 46);
	tape_exit(t, RUNC + 1, CT_ROLE_RUNTIME, 0);
	play_until(run, 9000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, "short", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_absent(s, CT_PHASE_DIE);
	expect_nothing_odd(run);
	run_free(run);
}

/* create, start, kill, delete: each a process, and between them the caller's time. */
Test(bare, step_by_step)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "crun", "create", "--bundle", "b", "two", TAPE_END);
	tape_at(t, 15);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, 30);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_at(t, 130);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "crun", "start", "two", TAPE_END);
	tape_at(t, 134);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "service", TAPE_END);
	tape_at(t, 135);
	tape_exit(t, RUNC + 1, CT_ROLE_RUNTIME, 0);
	tape_at(t, 140);
	tape_listen(t, INIT, 80);
	tape_at(t, 600);
	tape_exec(t, RUNC + 2, CT_ROLE_RUNTIME, 1, "crun", "kill", "two", "KILL", TAPE_END);
	tape_at(t, 604);
	tape_exit(t, INIT, CT_ROLE_INIT, 9);
	tape_at(t, 605);
	tape_exit(t, RUNC + 2, CT_ROLE_RUNTIME, 0);
	tape_at(t, 700);
	tape_exec(t, RUNC + 3, CT_ROLE_RUNTIME, 1, "crun", "delete", "two", TAPE_END);
	tape_at(t, 706);
	tape_exit(t, RUNC + 3, CT_ROLE_RUNTIME, 0);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "two", 0);
	expect_identity(s, "two", "crun");
	expect_span(s, 10, 140);
	expect_phase(s, CT_PHASE_CREATE, 20);
	expect_phase(s, CT_PHASE_CLIENT, 100);
	expect_phase(s, CT_PHASE_START, 4);
	expect_phase(s, CT_PHASE_READY, 6);
	s = find(run, CT_RECORD_STOP, "two", 0);
	expect_span(s, 600, 706);
	expect_phase(s, CT_PHASE_STOP, 4);
	expect_absent(s, CT_PHASE_DIE);
	expect_phase(s, CT_PHASE_DESTROY, 6);
	expect_phase(s, CT_PHASE_CLIENT, 96);
	cr_expect_eq(s->rec.exit_code, 137);
	cr_expect(s->rec.removed);
	expect_nothing_odd(run);
	run_free(run);
}

/* `runc run -d` returns, and nobody waits: its end is told, and no `die` that nobody did. */
Test(bare, detached)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_begins(t, "three", 10);
	tape_at(t, 42);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	tape_at(t, 45);
	tape_listen(t, INIT, 80);
	tape_at(t, 400);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, "three", 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_absent(s, CT_PHASE_DIE);
	cr_expect_not(s->rec.removed);
	expect_nothing_odd(run);
	run_free(run);
}

Test(bare, fails)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "create", "four", TAPE_END);
	tape_at(t, 17);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 1 << 8);
	play_until(run, 5000);
	expect_counts(run, 1, 0, 0);
	s = find(run, CT_RECORD_START, "four", 0);
	expect_outcome(s, CT_OUTCOME_FAILED);
	expect_span(s, 10, 17);
	cr_expect_eq(s->rec.failed_phase, CT_PHASE_CREATE);
	cr_assert(s->rec.failed_step);
	cr_expect_str_eq(s->rec.failed_step, "runtime create");
	run_free(run);
}

/* Columns: what is lost when, and what the failure of `run` is then. */
static const struct {
	double lost;
	enum ct_outcome outcome;
} failures[] = {
	{ 0, CT_OUTCOME_FAILED }, /* nothing */
	{ 5, CT_OUTCOME_FAILED }, /* before it began */
	{ 12, CT_OUTCOME_CUT },      { 1900, CT_OUTCOME_CUT }, /* it is heard late */
	{ 2100, CT_OUTCOME_FAILED }, /* another time */
};

/* `run` ends with the status of what it ran. That may have been lost, with all that it did. */
Test(bare, fails_or_has_run_unseen)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(failures); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		tape_at(t, 10);
		tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "run", "four", TAPE_END);
		tape_at(t, 17);
		tape_exit(t, RUNC, CT_ROLE_RUNTIME, 1 << 8);
		if (failures[i].lost > 0) {
			tape_at(t, failures[i].lost);
			tape_lost(t, CT_LOSS_RING, 7);
		}
		tape_sort(t);
		play_until(run, 5000);
		expect_counts(run, 1, 0, 0);
		expect_outcome(find(run, CT_RECORD_START, "four", 0), failures[i].outcome);
		expect_span(find(run, CT_RECORD_START, "four", 0), 10, 17);
		run_free(run);
	}
}

/* That its program was executed was lost. Its exit says that it was. */
Test(bare, exits_and_was_not_seen_to_begin)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct ct_event *e;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "run", "five", TAPE_END);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_at(t, 40);
	e = tape_add(t, CT_KIND_EXIT, INIT, NULL, 0);
	e->root = INIT;
	e->sub = CT_ROLE_INIT;
	e->ret = STATUS << 8;
	tape_at(t, 43);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, STATUS << 8);
	play_until(run, 60000);
	expect_counts(run, 1, 1, 0);
	expect_outcome(find(run, CT_RECORD_START, "five", 0), CT_OUTCOME_CUT);
	expect_outcome(find(run, CT_RECORD_STOP, "five", 0), CT_OUTCOME_OK);
	expect_span(find(run, CT_RECORD_STOP, "five", 0), 40, 43);
	cr_expect_eq(find(run, CT_RECORD_STOP, "five", 0)->rec.exit_code, STATUS);
	run_free(run);
}

/* A delete that is refused deletes nothing, a kill that is refused stops nothing. */
Test(bare, refused)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	run_begins(t, "five", 10);
	tape_at(t, 45);
	tape_listen(t, INIT, 80);
	tape_at(t, 100);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "delete", "five", TAPE_END);
	tape_at(t, 105);
	tape_exit(t, RUNC + 1, CT_ROLE_RUNTIME, 1 << 8);
	run_ends(t, 400, 402, 0);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_STOP, "five", 0);
	expect_span(s, 400, 402);
	expect_absent(s, CT_PHASE_STOP);
	expect_absent(s, CT_PHASE_DESTROY);
	run_free(run);
}

/* The id of one that was removed may be used again: that is a restart of the same name. */
Test(bare, again)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	for (int i = 0; i < 2; i++) {
		run_begins(t, "six", 10 + 1000 * i);
		tape_at(t, 45 + 1000 * i);
		tape_listen(t, INIT, 80);
		run_ends(t, 400 + 1000 * i, 402 + 1000 * i, 0);
	}
	play_until(run, 5000);
	expect_counts(run, 2, 2, 1);
	s = find(run, CT_RECORD_RESTART, "six", 0);
	expect_span(s, 400, 1045);
	expect_phase(s, CT_PHASE_DIE, 2);
	expect_phase(s, CT_PHASE_CLIENT, 608);
	expect_nothing_odd(run);
	run_free(run);
}

/* From its boot until `runsc do` returns: its program at 90 ms, its end at 120. */
static void sandbox_lives(struct tape *t)
{
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_exec(t, INIT, CT_ROLE_HELPER, NETNS, "runsc-sandbox", "boot", "runsc-77", TAPE_END);
	tape_at(t, 60);
	tape_fork(t, INIT, INIT + 2, CT_ROLE_HELPER);
	tape_at(t, 90);
	tape_fork(t, INIT + 2, INIT + 3, CT_ROLE_HELPER);
	tape_at(t, 120);
	tape_exit(t, INIT, CT_ROLE_HELPER, 0);
	tape_at(t, 123);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
}

/* `runsc do`: the sandbox is the container to the host, and what it forks first the program. */
Test(bare, sandbox_by_itself)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runsc", "do", "/bin/true", TAPE_END);
	tape_at(t, 20);
	tape_fork(t, RUNC, INIT + 1, CT_ROLE_RUNTIME);
	tape_exec(t, INIT + 1, CT_ROLE_INIT, 1, "runsc-gofer", "gofer", "runsc-77", TAPE_END);
	sandbox_lives(t);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	s = find(run, CT_RECORD_START, "runsc-77", 0);
	expect_identity(s, "runsc-77", "runsc");
	expect_span(s, 10, 90);
	expect_phase(s, CT_PHASE_START, 80);
	s = find(run, CT_RECORD_STOP, "runsc-77", 0);
	expect_phase(s, CT_PHASE_DIE, 3);
	run_free(run);
}

/* gVisor's gofer has no id at its end, and what stands for an argument that was not kept is none. */
Test(bare, sandbox_whose_gofer_has_no_id)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runsc", "do", "*", TAPE_END);
	tape_at(t, 20);
	tape_fork(t, RUNC, INIT + 1, CT_ROLE_RUNTIME);
	tape_exec(t, INIT + 1, CT_ROLE_HELPER, 1, "runsc-gofer", "-*", "*", "-*", TAPE_END);
	tape_exec(t, INIT + 1, CT_ROLE_HELPER, 1, "exe", "umount", "-*", "*", TAPE_END);
	sandbox_lives(t);
	play_until(run, 5000);
	expect_counts(run, 1, 1, 0);
	cr_expect(find(run, CT_RECORD_START, "runsc-77", 0));
	run_free(run);
}

/* Tracing begins in the middle of it: when it was called is not known, and not guessed. */
Test(bare, sandbox_of_a_call_before_tracing)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_process(t, RUNC, 1, CT_ROLE_RUNTIME, "runsc", "do", "/bin/true", TAPE_END);
	tape_at(t, 20);
	sandbox_lives(t);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1);
	cr_expect_str_eq(find(run, CT_RECORD_STOP, "runsc-77", 0)->who.runtime, "runsc");
	for (size_t i = 0; i < run->count; i++)
		cr_expect(run->seen[i].rec.type != CT_RECORD_START ||
			  run->seen[i].rec.outcome == CT_OUTCOME_CUT);
	run_free(run);
}

/* What a sandbox writes while it boots is not what its program writes. */
Test(bare, sandbox_writes_before_its_program_runs)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_at(t, 10);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runsc", "run", "eight", TAPE_END);
	tape_at(t, 20);
	tape_fork(t, RUNC, INIT, CT_ROLE_RUNTIME);
	tape_exec(t, INIT, CT_ROLE_HELPER, NETNS, "runsc-sandbox", "boot", "eight", TAPE_END);
	tape_at(t, 40);
	tape_output(t, INIT, 4000);
	tape_at(t, 60);
	tape_fork(t, INIT, INIT + 2, CT_ROLE_HELPER);
	tape_at(t, 70);
	tape_output(t, INIT, 4000);
	tape_at(t, 90);
	tape_fork(t, INIT + 2, INIT + 3, CT_ROLE_HELPER);
	tape_at(t, 110);
	tape_output(t, INIT, 4000);
	tape_at(t, 120);
	tape_exit(t, INIT, CT_ROLE_HELPER, 0);
	tape_exit(t, RUNC, CT_ROLE_RUNTIME, 0);
	play_until(run, 5000);
	s = find(run, CT_RECORD_START, "eight", 0);
	expect_span(s, 10, 110);
	expect_phase(s, CT_PHASE_START, 80);
	expect_phase(s, CT_PHASE_READY, 20);
	cr_expect_eq(s->rec.ready, CT_READY_OUTPUT);
	run_free(run);
}

/* What an engine calls is not bare, whether or not its container is known: dockerd's BuildKit alone has one run. */
Test(bare, not_below_an_engine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	life_engines(t);
	tape_at(t, 10);
	tape_fork(t, LIFE_DOCKERD, RUNC, CT_ROLE_ENGINE);
	tape_exec(t, RUNC, CT_ROLE_RUNTIME, 1, "runc", "create", "nobodys", TAPE_END);
	tape_fork(t, LIFE_CONTAINERD, RUNC + 1, CT_ROLE_ENGINE);
	tape_exec(t, RUNC + 1, CT_ROLE_RUNTIME, 1, "runc", "run", "nobodys", TAPE_END);
	play_until(run, 5000);
	cr_expect_eq(run->count, 0);
	cr_expect_eq(run->counts.containers, 0);
	run_free(run);
}
