// SPDX-License-Identifier: GPL-2.0-only
/* What a sandbox tells of the program inside: the host sees neither its exec nor its exit. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/who/who.h"
#include "runs.h"

#define RUNSC   700
#define SANDBOX 710

/* An event of the program inside of that container, which may be called by anything. */
static struct ct_event *tells(struct tape *t, double ms, enum ct_app what, const char *id)
{
	struct ct_event *e;

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_APP, SANDBOX, id, strlen(id) + 1);
	e->root = SANDBOX;
	e->sub = (uint16_t)what;
	return e;
}

/* `runsc run web`, up to its sandbox. */
static void boots(struct tape *t)
{
	tape_at(t, 10);
	tape_exec(t, RUNSC, CT_ROLE_RUNTIME, 1, "runsc", "run", "web", TAPE_END);
	tape_at(t, 20);
	tape_fork(t, RUNSC, SANDBOX, CT_ROLE_RUNTIME);
	tape_exec(t, SANDBOX, CT_ROLE_HELPER, 9, "runsc-sandbox", "boot", "web", TAPE_END);
}

/* It has a process of its own, and that makes the first of its program. */
static void runs(struct tape *t, double ms)
{
	tape_at(t, ms - 10);
	tape_fork(t, SANDBOX, SANDBOX + 1, CT_ROLE_HELPER);
	tape_at(t, ms);
	tape_fork(t, SANDBOX + 1, SANDBOX + 2, CT_ROLE_HELPER);
}

/* What was told last took, or had been, so long. */
static void last_lasts(struct tape *t, double ms)
{
	struct ct_event *e = (struct ct_event *)tape_event(t, t->count - 1);

	e->dur_ns = (uint64_t)(ms * TAPE_MS);
}

static void ends(struct tape *t, double ms, int status)
{
	tape_at(t, ms);
	tape_exit(t, SANDBOX, CT_ROLE_HELPER, status);
	tape_at(t, ms + 3);
	tape_exit(t, RUNSC, CT_ROLE_RUNTIME, status);
}

static const struct ct_step *step_of(const struct seen *s, const char *name)
{
	for (size_t i = 0; i < s->rec.step_count; i++)
		if (!strcmp(s->steps[i].name, name))
			return &s->steps[i];
	return NULL;
}

/* Columns: how the program inside ends, and its sandbox after it; what is told. */
static const struct {
	int app, sandbox;
	int code;
	bool app_first;
} exits[] = {
	{ 3 << 8, 0, 3, true },
	{ 9, 0, 137, true },
	{ 0, 9, 0, true }, /* the sandbox was killed when all was over */
	{ 3 << 8, 9, 137, false }, /* it was heard of too late: the host's word is there */
};

/* It starts when its program is loaded and ends when that ends; how, its sandbox does not know. */
Test(inside, one_life)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(exits); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct seen *s;

		run->opts.steps = true;
		boots(t);
		tells(t, 90, CT_APP_EXEC, "web");
		tells(t, 95, CT_APP_START, "web");
		tape_at(t, 100);
		tape_output(t, SANDBOX, RUNSC);
		tells(t, exits[i].app_first ? 400 : 411, CT_APP_EXIT, "web")->ret = exits[i].app;
		ends(t, 410, exits[i].sandbox);
		tape_sort(t);
		play_until(run, 60000);
		expect_counts(run, 1, 1, 0);
		s = find(run, CT_RECORD_START, "web", 0);
		expect_span(s, 10, 100);
		expect_phase(s, CT_PHASE_START, 80);
		cr_assert(step_of(s, "exec"));
		cr_expect_eq(step_of(s, "exec")->begin_ns, tape_ns(90));
		cr_assert(step_of(s, "program load"));
		cr_expect_eq(step_of(s, "program load")->begin_ns, tape_ns(90));
		cr_expect_eq(step_of(s, "program load")->end_ns, tape_ns(95));
		s = find(run, CT_RECORD_STOP, "web", 0);
		cr_expect_eq(s->rec.exit_code, exits[i].code, "row %zu: %d", i, s->rec.exit_code);
		cr_expect_eq(s->rec.service_end_ns, tape_ns(exits[i].app_first ? 400 : 410),
			     "row %zu", i);
		run_free(run);
	}
}

/* Since when it was being loaded is not known, or was after that: no step of that is made up. */
Test(inside, a_start_without_an_exec)
{
	for (int late = 0; late < 2; late++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct seen *s;

		run->opts.steps = true;
		boots(t);
		if (late)
			tells(t, 500, CT_APP_EXEC, "web");
		tape_at(t, 1000);
		tape_clock(t);
		tape_at(t, 1100);
		tape_clock(t); /* what comes now from before is too late to be put in order */
		tells(t, 95, CT_APP_START, "web");
		tells(t, 1200, CT_APP_MAX, "web"); /* a newer coldtrace's */
		if (!late)
			tells(t, 1300, CT_APP_EXEC, "web");
		play_until(run, 60000);
		s = find(run, CT_RECORD_START, "web", 0);
		cr_expect_null(step_of(s, "program load"));
		expect_phase(s, CT_PHASE_START, late ? 490 : 1290);
		run_free(run);
	}
}

#define LONG "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"

/* Columns: what a sandbox calls its only container: it is that one all the same. */
static const char *const names[] = { "web", "", "we", "webs", LONG };

Test(inside, whatever_it_is_called)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		boots(t);
		tells(t, 90, CT_APP_EXEC, names[i]);
		tape_at(t, 100);
		tape_output(t, SANDBOX, RUNSC);
		play_until(run, 60000);
		expect_span(find(run, CT_RECORD_START, "web", 0), 10, 100);
		expect_phase(find(run, CT_RECORD_START, "web", 0), CT_PHASE_START, 80);
		run_free(run);
	}
}

/* Three containers of a pod in one sandbox: which of them has ended is told by its id. */
Test(inside, several_in_one_sandbox)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	for (unsigned i = 0; i < 3; i++)
		tape_identity(t, LIFE_DOCKERD, "id", life_of(i).id, "engine", "docker", "name",
			      life_of(i).name, "pid", "710", TAPE_END);
	tape_process(t, SANDBOX, LIFE_CONTAINERD, CT_ROLE_HELPER, "runsc-sandbox", "boot",
		     TAPE_END);
	for (unsigned i = 0; i < 3; i++)
		tells(t, 100 + 100.0 * i, CT_APP_EXIT, life_of((i + 1) % 3).id)->ret = (int)(i + 1)
										       << 8;
	tells(t, 1000, CT_APP_EXIT, life_of(3).id); /* another's */
	play_until(run, 90000);
	cr_expect_eq(count(run, CT_RECORD_STOP), 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct seen *s = find(run, CT_RECORD_STOP, life_of((i + 1) % 3).name, 0);

		cr_expect_eq(s->rec.service_end_ns, tape_ns(100 + 100.0 * i), "%u", i);
		cr_expect_eq(s->rec.exit_code, i + 1);
	}
	run_free(run);
}

/* Columns: how long before its end the sandbox woke a process of its own last, how it ends; when its program did. */
static const struct {
	double ago_ms;
	int status;
	double end_ms;
	const char *why;
} aparts[] = {
	{ 0, 7 << 8, 500, "it is not known" },
	{ 4, 7 << 8, 496, "it has taken itself apart" },
	{ 100, 0, 400, "it had to wait for a processor" },
	{ 100.001, 0, 500, "it has slept, and failed" },
	{ 4, 9, 500, "it was killed" },
	{ 4, 9 | 0x80, 500, "and left a core" },
};

/* gVisor's application runs in processes of its sandbox: behind the last time that it woke one it ran no more. */
Test(inside, ends_before_its_sandbox)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(aparts); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct seen *s;

		boots(t);
		runs(t, 60);
		tape_at(t, 500);
		tape_exit(t, SANDBOX, CT_ROLE_HELPER, aparts[i].status);
		last_lasts(t, aparts[i].ago_ms);
		tape_at(t, 503);
		tape_exit(t, RUNSC, CT_ROLE_RUNTIME, aparts[i].status);
		play_until(run, 5000);
		s = find(run, CT_RECORD_STOP, "web", 0);
		cr_expect_eq(s->rec.service_end_ns, tape_ns(aparts[i].end_ms), "%s", aparts[i].why);
		cr_expect_eq(s->rec.exit_code, ct_exit_code(aparts[i].status), "%s", aparts[i].why);
		cr_expect_eq(s->rec.end_ns, tape_ns(503), "%s", aparts[i].why);
		expect_nothing_odd(run);
		run_free(run);
	}
}

/* It ran before its program was told to: what it woke then was not that. */
Test(inside, ends_when_it_has_begun)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	boots(t);
	runs(t, 60);
	tape_at(t, 70);
	tape_exit(t, SANDBOX, CT_ROLE_HELPER, 0);
	last_lasts(t, 10);
	tape_at(t, 73);
	tape_exit(t, RUNSC, CT_ROLE_RUNTIME, 0);
	play_until(run, 5000);
	cr_expect_eq(find(run, CT_RECORD_STOP, "web", 0)->rec.service_end_ns, tape_ns(70));
	run_free(run);
}

/* Its own word is nearer, and one that ran before tracing began is a sandbox, too. */
Test(inside, ends_before_its_sandbox_and_says_so)
{
	for (unsigned says = 0; says < 2; says++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);

		tape_identity(t, LIFE_DOCKERD, "id", l.id, "engine", "docker", "name", l.name,
			      "pid", "710", TAPE_END);
		tape_process(t, SANDBOX, LIFE_CONTAINERD, CT_ROLE_HELPER, "runsc-sandbox", "boot",
			     TAPE_END);
		if (says)
			tells(t, 490, CT_APP_EXIT, l.id);
		tape_at(t, 500);
		tape_exit(t, SANDBOX, CT_ROLE_HELPER, 0);
		last_lasts(t, 5);
		play_until(run, 90000);
		cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.service_end_ns,
			     tape_ns(says ? 490 : 495));
		run_free(run);
	}
}

/* A program that wakes its children is no sandbox. */
Test(inside, others_end_when_they_exit)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_engines(t);
	life_serves(t, &l);
	life_exit(t, &l, 500, 0);
	for (size_t i = 0; i < t->count; i++) {
		struct ct_event *e = (struct ct_event *)tape_event(t, i);

		if (e->kind == CT_KIND_EXIT && e->tgid == l.init)
			e->dur_ns = 5 * TAPE_MS;
	}
	play_until(run, 5000);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.service_end_ns, tape_ns(500));
	run_free(run);
}
