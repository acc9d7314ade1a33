// SPDX-License-Identifier: GPL-2.0-only
#include "runs.h"

#include "check.h"
#include "told.h"

static void on_record(void *ctx, const struct ct_record *rec)
{
	const char *wrong = check_record(rec);
	struct run *run = ctx;
	struct seen *s = &run->seen[run->count];

	cr_assert_null(wrong, "%s of '%s': %s", ct_record_names[rec->type], rec->who->name, wrong);
	cr_assert_lt(run->count++, RECORDS_MAX);
	s->rec = *rec;
	s->who = *rec->who;
	s->rec.who = &s->who;
	if (rec->predecessor)
		s->predecessor = *rec->predecessor;
	if (rec->fetched) {
		s->fetched = *rec->fetched;
		for (size_t i = 0; i < s->fetched.layer_count && i < CT_ARRAY_SIZE(s->layers); i++)
			s->layers[i] = rec->fetched->layers[i];
	}
	for (size_t i = 0; i < rec->probe_count && i < CT_ARRAY_SIZE(s->probes); i++)
		s->probes[i] = rec->probes[i];
	if (rec->message)
		strncpy(s->message, rec->message, sizeof(s->message) - 1);
	for (size_t i = 0; i < rec->step_count && i < CT_ARRAY_SIZE(s->steps); i++)
		s->steps[i] = rec->steps[i];
}

static void on_lookup(void *ctx, enum ct_lookup what, const char *id, uint32_t engine,
		      const char *bundle)
{
	struct run *run = ctx;

	if (what == CT_LOOKUP_STORE)
		run->stores = engine;
	if (what == CT_LOOKUP_STORE || what == CT_LOOKUP_STORED)
		return; /* a command has no id */
	if (what != CT_LOOKUP_IMAGE)
		cr_expect_eq(strlen(id), 64);
	cr_expect(bundle);
	run->manifests += what == CT_LOOKUP_MANIFEST;
	if (what != CT_LOOKUP_IDENTITY)
		return;
	run->asked = engine;
	run->lookups++;
}

struct run *run_new(void)
{
	struct run *run = calloc(1, sizeof(*run));

	cr_assert(run);
	life_engines(&run->t);
	return run;
}

struct run *run_of_containerd(void)
{
	struct run *run = run_new();

	tape_process(&run->t, LIFE_CONTAINERD, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
	run->t.engine = LIFE_CONTAINERD;
	return run;
}

void run_free(struct run *run)
{
	told_as_ever(&run->t, &run->opts);
	tape_free(&run->t);
	free(run);
}

struct ct_core *core_of(struct run *run)
{
	const struct ct_core_ops ops = { .record = on_record, .lookup = on_lookup };
	struct ct_core *core = ct_core_new(&run->opts, &ops, run);

	cr_assert(core);
	return core;
}

/* Feeds the tape, and nothing after it. */
void play(struct run *run)
{
	struct ct_core *core = core_of(run);

	tape_feed(&run->t, core);
	ct_core_flush(core);
	run->counts = ct_core_counts(core);
	ct_core_free(core);
}

void play_until(struct run *run, double ms)
{
	tape_at(&run->t, ms);
	tape_clock(&run->t);
	play(run);
}

/* The n-th record of a type of a container, which must be there. */
const struct seen *find(const struct run *run, enum ct_record_type type, const char *name,
			unsigned n)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct seen *s = &run->seen[i];

		if (s->rec.type == type && !strcmp(s->who.name, name) && !n--)
			return s;
	}
	cr_assert_fail("no %s of '%s' among %zu records", ct_record_names[type], name, run->count);
	return NULL;
}

unsigned count(const struct run *run, enum ct_record_type type)
{
	unsigned n = 0;

	for (size_t i = 0; i < run->count; i++)
		n += run->seen[i].rec.type == type;
	return n;
}

void expect_counts(const struct run *run, unsigned starts, unsigned stops, unsigned restarts)
{
	cr_expect_eq(count(run, CT_RECORD_START), starts, "%u starts", count(run, CT_RECORD_START));
	cr_expect_eq(count(run, CT_RECORD_STOP), stops, "%u stops", count(run, CT_RECORD_STOP));
	cr_expect_eq(count(run, CT_RECORD_RESTART), restarts, "%u restarts",
		     count(run, CT_RECORD_RESTART));
}

/* Sum of a phase in ms, within a nanosecond. */
void expect_phase(const struct seen *s, enum ct_phase phase, double ms)
{
	uint64_t ns = ct_record_phase_ns(&s->rec, phase);

	cr_expect_eq(ns, (uint64_t)(ms * TAPE_MS + 0.5), "%s of %s '%s': %.3f ms, not %.3f",
		     ct_phase_names[phase], ct_record_names[s->rec.type], s->who.name,
		     (double)ns / TAPE_MS, ms);
}

void expect_span(const struct seen *s, double begin_ms, double end_ms)
{
	cr_expect_eq(s->rec.begin_ns, tape_ns(begin_ms), "%s '%s' begins at %.3f ms",
		     ct_record_names[s->rec.type], s->who.name,
		     (double)(s->rec.begin_ns - TAPE_T0_NS) / TAPE_MS);
	cr_expect_eq(s->rec.end_ns, tape_ns(end_ms), "%s '%s' ends at %.3f ms",
		     ct_record_names[s->rec.type], s->who.name,
		     (double)(s->rec.end_ns - TAPE_T0_NS) / TAPE_MS);
}

void expect_tiled(const struct seen *s)
{
	uint64_t at = s->rec.begin_ns;

	for (size_t i = 0; i < s->rec.segment_count; i++) {
		cr_expect_eq(s->rec.segments[i].begin_ns, at);
		at = s->rec.segments[i].end_ns;
	}
	cr_expect_eq(at, s->rec.end_ns);
}

void expect_outcome(const struct seen *s, enum ct_outcome outcome)
{
	cr_expect_eq(s->rec.outcome, outcome, "%s '%s' is %s", ct_record_names[s->rec.type],
		     s->who.name, ct_outcome_names[s->rec.outcome]);
}

void expect_nothing_odd(const struct run *run)
{
	for (int i = 0; i < CT_LOSS_MAX; i++)
		cr_expect_eq(run->counts.lost[i], 0, "loss %d", i);
	cr_expect_eq(run->counts.unmatched_exits, 0);
	cr_expect_eq(run->counts.unmatched_answers, 0);
	cr_expect_eq(run->counts.unmatched_requests, 0);
	cr_expect_eq(run->counts.unknown_phases, 0, "%llu unknown",
		     (unsigned long long)run->counts.unknown_phases);
}

/* docker run, docker stop, docker rm. */
void nest(struct tape *t, size_t from, uint32_t init)
{
	for (size_t i = from; i < t->count; i++) {
		/* the tape's own bytes */
		struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, i);

		if (e->kind == CT_KIND_FORK)
			e->arg = e->obj == init ? 2 : 1;
		else if (e->kind == CT_KIND_EXEC)
			e->arg = e->tgid == init ? 2 : 1;
		else if (e->kind == CT_KIND_PROCESS)
			e->ret = 1;
	}
}

void run_stop_rm(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_attach(t, l, ms + 12);
	life_start(t, l, ms + 15);
	tape_at(t, ms + 200);
	tape_output(t, l->init, l->shim);
	life_request(t, l, ms + 1000, "stop?t=0");
	life_exit(t, l, ms + 1010, 9);
	life_answer(t, l, ms + 1076, 204, NULL);
	life_remove(t, l, ms + 1090);
	tape_at(t, ms + 1400);
	tape_clock(t);
}

void expect_run_stop_rm(const struct run *run, const struct life *l, double ms)
{
	const struct seen *s = find(run, CT_RECORD_START, l->name, 0);

	expect_outcome(s, CT_OUTCOME_OK);
	cr_expect_eq(s->rec.cause, CT_CAUSE_REQUEST);
	cr_expect_str_eq(s->who.id, l->id);
	cr_expect_str_eq(s->who.image, l->image);
	cr_expect_str_eq(s->who.runtime, l->runtime);
	cr_expect_str_eq(s->who.engine, "docker");
	cr_expect_eq(s->who.init_pid, l->init);
	cr_expect_eq(s->rec.exit_code, CT_NO_EXIT_CODE);
	cr_expect_eq(s->rec.ready, CT_READY_OUTPUT);
	cr_expect_eq(s->rec.ready_ns, tape_ns(ms + 200));
	expect_span(s, ms, ms + 200);
	expect_phase(s, CT_PHASE_CREATE, 10);
	expect_phase(s, CT_PHASE_ATTACH, 1);
	expect_phase(s, CT_PHASE_CONNECT, 6);
	expect_phase(s, CT_PHASE_START, 145);
	expect_phase(s, CT_PHASE_READY, 34);
	expect_phase(s, CT_PHASE_CLIENT, 4);
	cr_expect_eq(s->rec.missing, 0);

	s = find(run, CT_RECORD_STOP, l->name, 0);
	expect_outcome(s, CT_OUTCOME_OK);
	expect_span(s, ms + 1000, ms + 1097);
	expect_phase(s, CT_PHASE_STOP, 10);
	expect_phase(s, CT_PHASE_DIE, 20);
	expect_phase(s, CT_PHASE_DISCONNECT, 40);
	expect_phase(s, CT_PHASE_DESTROY, 6 + 7);
	expect_phase(s, CT_PHASE_CLIENT, 14);
	cr_expect_eq(s->rec.run_ns, 800 * TAPE_MS);
	cr_expect_eq(s->rec.service_end_ns, tape_ns(ms + 1010));
	cr_expect_eq(s->rec.exit_code, 137, "%d", s->rec.exit_code);
	cr_expect(s->rec.removed);
	cr_expect_eq(s->rec.missing, 0);
}
