// SPDX-License-Identifier: GPL-2.0-only
/* From marks to records: what is said about a start, a stop, a restart. */
#include "core/tell/made.h"
#include "core/tell/tell.h"

#include "core/why/path.h"

#include <stdlib.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static enum ct_phase phase_at(const struct ct_record *rec, uint64_t ns)
{
	for (size_t i = 0; i < rec->segment_count; i++) {
		if (ns < rec->segments[i].end_ns)
			return rec->segments[i].phase;
	}
	return rec->segment_count ? rec->segments[rec->segment_count - 1].phase : CT_PHASE_UNKNOWN;
}

/* The steps that began within the record. NULL and 0 when there are none, or no memory. */
static struct ct_step *steps_of(const struct ct_core *core, const struct ct_run *run,
				const struct ct_record *rec, size_t *count)
{
	const uint64_t *lost = core->counts.lost;
	const struct ct_steps_told told = {
		.begin_ns = rec->begin_ns,
		.end_ns = rec->end_ns,
		.lost = lost[CT_LOSS_RING] || lost[CT_LOSS_ACTORS] || lost[CT_LOSS_DISK],
	};
	struct ct_step *steps;

	*count = 0;
	if (!core->opts.steps)
		return NULL;
	steps = ct_steps_tree(run->steps, run->step_count, &told, count);
	for (size_t i = 0; i < *count; i++)
		steps[i].phase = phase_at(rec, steps[i].begin_ns);
	return steps;
}

static struct ct_why *why_of(const struct ct_core *core, const struct ct_step *steps, size_t count)
{
	struct ct_why *why = count ? calloc(count, sizeof(*why)) : NULL;

	for (size_t i = 0; why && i < count; i++)
		ct_path_step(core->why, &steps[i], &why[i]);
	return why;
}

static void emit(struct ct_core *core, struct ct_record *rec, struct ct_container *c,
		 const struct ct_run *run)
{
	bool waits = core->opts.why && ct_waits_any(core->why);
	size_t step_count = 0, piece_count = 0;
	struct ct_step *steps;
	struct ct_piece *path = NULL;
	struct ct_why *why = NULL;
	struct ct_probed probes[CT_PROBES_MAX];

	/* Of events that came too late to be put in order, which have been counted. */
	if (rec->end_ns < rec->begin_ns)
		return;
	/* What was evidence of it may have been before. */
	if (rec->begin_ns < core->begin_ns) {
		core->counts.early++;
		rec->outcome = rec->outcome == CT_OUTCOME_OK ? CT_OUTCOME_CUT : rec->outcome;
	}
	ct_scope_owner(core, &c->key.scope, &c->who.owner);
	ct_tell_where(core, rec);
	if (rec->type == CT_RECORD_START || rec->type == CT_RECORD_STOP)
		rec->probe_count = ct_probes_told(c, probes);
	rec->probes = probes;
	rec->first = !c->told;
	c->told = true;
	/* A restart's steps are told with its stop and its start: here they are of use to its path alone. */
	steps = rec->type != CT_RECORD_RESTART || waits ? steps_of(core, run, rec, &step_count)
							: NULL;
	if (waits)
		path = ct_path_record(core->why, rec, steps, step_count, &piece_count);
	rec->path = path;
	rec->piece_count = piece_count;
	if (rec->type != CT_RECORD_RESTART) {
		why = waits ? why_of(core, steps, step_count) : NULL;
		rec->why = why;
		rec->steps = steps;
		rec->step_count = step_count;
	}
	core->counts.unknown_phases += (unsigned)__builtin_popcount(rec->missing);
	ct_tell_strange(core, rec, c);
	if (core->ops.record)
		core->ops.record(core->ctx, rec);
	ct_made_told(core, rec, c);
	free(why);
	free(path);
	free(steps);
}

static struct ct_record record_of(enum ct_record_type type, enum ct_outcome outcome,
				  const struct ct_container *c, const struct ct_run *run)
{
	struct ct_record rec = {
		.type = type,
		.outcome = outcome,
		.cause = run->cause,
		.who = &c->who,
		.exit_code = run->exit_code,
		.removed = c->removed,
		.ready = -1,
		.service_end_ns = run->marks[CT_MARK_EXIT],
		.message = run->message,
	};

	return rec;
}

static void set_ready(struct ct_record *rec, const struct ct_run *run)
{
	rec->ready_ns = run->marks[CT_MARK_READY];
	for (int by = 0; rec->ready_ns && by < CT_READY_MAX; by++) {
		if (run->ready_at[by] == rec->ready_ns)
			rec->ready = by;
	}
}

/* Ends the phase in which a start failed at the moment at which it was known to have failed. */
static struct ct_spans set_failure(struct ct_record *rec, uint64_t marks[CT_MARK_MAX],
				   const struct ct_container *c)
{
	struct ct_spans spans = ct_family_start(c->family, &c->run);

	/* When all was done it has failed last. */
	rec->failed_phase = spans.rows[spans.count - 1].phase;
	for (size_t i = 0; i < spans.count; i++) {
		const struct ct_span *span = &spans.rows[i];
		uint64_t ends = 0;

		for (size_t k = 0; k < CT_ARRAY_SIZE(span->to); k++)
			ends |= marks[span->to[k]];
		if (ends || (span->past && marks[span->past]) ||
		    (span->optional && !marks[span->from]))
			continue;
		marks[span->to[0]] = c->run.failed_ns;
		rec->failed_phase = span->phase;
		spans.count = i + 1; /* what comes after a failure never was */
		break;
	}
	rec->failed_step = c->run.failed_step;
	return spans;
}

static uint64_t build(struct ct_record *rec, struct ct_spans spans,
		      const uint64_t marks[CT_MARK_MAX], uint64_t cursor)
{
	cursor = ct_segments_build(rec, spans.rows, spans.count, marks, cursor);
	if (spans.whole)
		ct_segments_forget_halves(rec);
	return cursor;
}

static uint64_t start_begin(const struct ct_container *c)
{
	uint64_t asked = ct_run_first(&c->run, c->family->begins);

	if (asked || c->run.base_ns)
		return asked ? asked : c->run.base_ns;
	return ct_run_first(&c->run, c->family->opens);
}

/* Nobody's request, or none that was seen, ends this start: the engine's saved state does. */
bool ct_start_unasked(const struct ct_container *c)
{
	return c->run.cause == CT_CAUSE_POLICY ||
	       (c->run.cause == CT_CAUSE_REQUEST && !c->run.marks[c->family->asked]);
}

static void effective_marks(const struct ct_container *c, uint64_t marks[CT_MARK_MAX])
{
	memcpy(marks, c->run.marks, sizeof(c->run.marks));
	/* Nobody connects it: its start begins with the request. */
	if (c->guest && !marks[CT_MARK_CONNECT_END])
		marks[CT_MARK_CONNECT_END] = marks[CT_MARK_START_BEGIN];
	if (!marks[CT_MARK_START_END] && ct_start_unasked(c))
		marks[CT_MARK_START_END] = marks[CT_MARK_START_SAVED];
}

#define KILLED (128 + 9) /* exit code of what SIGKILL has ended, or whose last child it has */

/* Nobody asked: it ended by itself, or was killed for want of memory. That kills one process, not always the first. */
static enum ct_cause unasked(const struct ct_run *run)
{
	return run->oom_ns && run->exit_code == KILLED ? CT_CAUSE_OOM : CT_CAUSE_EXIT;
}

static enum ct_cause stop_cause(struct ct_core *core, const struct ct_container *c,
				const struct ct_run *run)
{
	uint64_t asked = run->marks[CT_MARK_STOP_BEGIN];

	if (!asked || asked > run->marks[CT_MARK_EXIT])
		return unasked(run);
	return ct_probe_stopped(core, c) ? CT_CAUSE_PROBE : run->stop_cause;
}

static void report_restart(struct ct_core *core, struct ct_container *c)
{
	uint64_t begin = start_begin(c), marks[CT_MARK_MAX], cursor;
	struct ct_spans spans;
	struct ct_container *from = NULL;
	struct ct_record rec;
	struct ct_run *run;

	if (c->run.marks[CT_MARK_EXIT] && !c->run.marks[CT_MARK_READY])
		return; /* it ended before it was ready: the service is not back */
	if (c->has_old && c->old.marks[CT_MARK_EXIT]) {
		from = c;
		run = &c->old;
	} else {
		from = ct_book_before(core, c, begin);
		if (!from)
			return;
		run = &from->run;
		run->restart_used = true;
		ct_book_file(core, from);
	}
	rec = record_of(CT_RECORD_RESTART, CT_OUTCOME_OK, c, &c->run);
	rec.predecessor = &from->who;
	rec.begin_ns = run->marks[CT_MARK_EXIT];
	rec.service_end_ns = rec.begin_ns;
	rec.told_until_ns = run->stop_end_ns;
	rec.told_from_ns = begin;
	rec.exit_code = run->exit_code;
	if (c->who.pod_container[0]) /* its pod goes on: Kubernetes makes another container */
		rec.cause = stop_cause(core, from, run);
	set_ready(&rec, &c->run);

	memcpy(marks, run->marks, sizeof(marks));
	for (int m = CT_MARK_DIE_END; m < CT_MARK_MAX; m++) {
		if (marks[m] > begin && from != c)
			marks[m] = 0;
	}
	spans = ct_family_stop(from->family, run);
	/* The first of a stop is the wait for the exit, and that is where a restart begins. */
	spans.rows++;
	spans.count--;
	cursor = build(&rec, spans, marks, rec.begin_ns);
	effective_marks(c, marks);
	spans = ct_family_start(c->family, &c->run);
	cursor = build(&rec, spans, marks, cursor);
	if (c->guest)
		rec.seen &= ~(1u << CT_PHASE_CONNECT);
	rec.end_ns = rec.ready_ns ? rec.ready_ns : cursor;
	if (!rec.ready_ns)
		rec.outcome = CT_OUTCOME_CUT;
	if (ct_start_signless(core, c))
		rec.missing &= ~(1u << CT_PHASE_READY);
	if (cursor < rec.end_ns)
		ct_segments_fill(&rec, CT_PHASE_UNKNOWN, cursor, rec.end_ns);
	ct_segments_clip(&rec, rec.begin_ns, rec.end_ns);
	emit(core, &rec, c, &c->run);
}

/* Where a start that has no end is cut: not beyond the stop. */
static uint64_t cut_at(const struct ct_container *c)
{
	const uint64_t *m = c->run.marks;

	if (m[CT_MARK_STOP_BEGIN])
		return m[CT_MARK_STOP_BEGIN];
	return m[CT_MARK_EXIT] ? m[CT_MARK_EXIT] : c->last_ns;
}

void ct_report_start(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome)
{
	struct ct_run *run = &c->run;
	struct ct_record rec = record_of(CT_RECORD_START, outcome, c, run);
	struct ct_spans spans = ct_family_start(c->family, run);
	uint64_t marks[CT_MARK_MAX], cursor;

	run->start_reported = true;
	rec.begin_ns = start_begin(c);
	if (!rec.begin_ns)
		return; /* it began before tracing did */
	set_ready(&rec, run);
	effective_marks(c, marks);
	if (outcome == CT_OUTCOME_FAILED)
		spans = set_failure(&rec, marks, c);
	cursor = build(&rec, spans, marks, rec.begin_ns);
	if (c->guest)
		rec.seen &= ~(1u << CT_PHASE_CONNECT);
	rec.end_ns = later(later(cursor, marks[CT_MARK_START_END]), marks[CT_MARK_READY]);
	if (outcome == CT_OUTCOME_CUT && !marks[CT_MARK_START_END])
		rec.end_ns = later(rec.end_ns, cut_at(c));
	if (cursor < rec.end_ns)
		ct_segments_fill(&rec, CT_PHASE_UNKNOWN, cursor, rec.end_ns);
	/* What comes after a failure never was, nor is what exits without having been ready ready: that
	 * is not unknown. */
	if (outcome == CT_OUTCOME_FAILED)
		rec.missing &= (1u << rec.failed_phase) - 1;
	if ((marks[CT_MARK_EXIT] && !rec.ready_ns) || ct_start_signless(core, c))
		rec.missing &= ~(1u << CT_PHASE_READY);
	run->start_end_ns = rec.end_ns;
	emit(core, &rec, c, run);
	if (outcome == CT_OUTCOME_OK)
		report_restart(core, c);
}

void ct_report_stop(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome)
{
	struct ct_run *run = &c->run;
	struct ct_record rec = record_of(CT_RECORD_STOP, outcome, c, run);
	uint64_t begin = run->marks[CT_MARK_STOP_BEGIN], cursor;
	struct ct_spans spans;

	run->stop_reported = true;
	if (c->family->stop_ends)
		c->family->stop_ends(c);
	rec.cause = stop_cause(core, c, run);
	if (rec.cause == CT_CAUSE_EXIT || rec.cause == CT_CAUSE_OOM)
		begin = run->marks[CT_MARK_EXIT];
	if (!begin)
		return;
	rec.begin_ns = later(begin, run->start_end_ns);
	if (run->start_end_ns)
		rec.run_ns = rec.begin_ns - run->start_end_ns;
	spans = ct_family_stop(c->family, run);
	cursor = build(&rec, spans, run->marks, rec.begin_ns);
	rec.end_ns = cursor;
	if (rec.missing && outcome == CT_OUTCOME_OK)
		rec.outcome = CT_OUTCOME_CUT;
	if (rec.missing && c->last_ns > rec.end_ns) {
		ct_segments_fill(&rec, CT_PHASE_UNKNOWN, cursor, c->last_ns);
		rec.end_ns = c->last_ns;
	}
	/* A removal that is told with the stop is no record of its own. */
	run->remove_told = run->marks[CT_MARK_REMOVE_BEGIN] || c->removed;
	run->stop_end_ns = rec.end_ns;
	emit(core, &rec, c, run);
}

void ct_report_build(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome)
{
	struct ct_run *run = &c->run;
	struct ct_record rec = record_of(CT_RECORD_BUILD, outcome, c, run);
	struct ct_spans spans = ct_family_start(c->family, run);
	uint64_t marks[CT_MARK_MAX], cursor;

	run->start_reported = run->stop_reported = run->remove_told = true;
	rec.begin_ns = start_begin(c);
	if (!rec.begin_ns)
		return;
	effective_marks(c, marks);
	if (outcome == CT_OUTCOME_FAILED)
		spans = set_failure(&rec, marks, c);
	cursor = build(&rec, spans, marks, rec.begin_ns);
	if (outcome == CT_OUTCOME_FAILED) {
		rec.missing &= (1u << rec.failed_phase) - 1;
	} else if (marks[CT_MARK_EXIT]) {
		spans = ct_family_stop(c->family, run);
		cursor = build(&rec,
			       (struct ct_spans){ spans.rows + 1, spans.count - 1, spans.whole },
			       marks, cursor);
	}
	rec.end_ns = cursor;
	if (outcome == CT_OUTCOME_CUT && c->last_ns > cursor) {
		ct_segments_fill(&rec, CT_PHASE_UNKNOWN, cursor, c->last_ns);
		rec.end_ns = c->last_ns;
	}
	emit(core, &rec, c, run);
}

void ct_report_create(struct ct_core *core, struct ct_container *c)
{
	struct ct_run *run = &c->run;
	struct ct_record rec = record_of(CT_RECORD_CREATE, CT_OUTCOME_OK, c, run);

	rec.begin_ns = run->marks[CT_MARK_CREATE_BEGIN];
	rec.end_ns = run->marks[CT_MARK_CREATE_END];
	if (rec.begin_ns) {
		ct_segments_fill(&rec, CT_PHASE_CREATE, rec.begin_ns, rec.end_ns);
		rec.seen = 1u << CT_PHASE_CREATE;
		emit(core, &rec, c, run);
	}
	for (int m = CT_MARK_REFUSED_BEGIN; m <= CT_MARK_ATTACH_END; m++)
		run->marks[m] = 0;
}

void ct_report_remove(struct ct_core *core, struct ct_container *c)
{
	struct ct_run *run = &c->run;
	struct ct_record rec = record_of(CT_RECORD_REMOVE, CT_OUTCOME_OK, c, run);

	run->remove_told = true;
	rec.begin_ns = run->marks[CT_MARK_REMOVE_BEGIN];
	rec.end_ns = later(run->marks[CT_MARK_REMOVE_END], run->marks[CT_MARK_UNLINKED]);
	if (!rec.begin_ns || rec.end_ns < rec.begin_ns)
		return;
	ct_segments_fill(&rec, CT_PHASE_DESTROY, rec.begin_ns, rec.end_ns);
	rec.seen = 1u << CT_PHASE_DESTROY;
	emit(core, &rec, c, run);
}

#define POD_SHOWN 64 /* as in life/pods.c */
#define SHORT_ID  12 /* digits of it, where nobody has said the name */

/* A pod that could not be, or a container in one: whose it is says the request, or the sandbox that it names. */
static void in_pod(struct ct_core *core, const struct ct_request *asked, struct ct_container *c)
{
	struct ct_text id = ct_text(asked->sandbox, strlen(asked->sandbox));
	const struct ct_container *pod =
		id.len ? ct_book_find(core, &c->key.scope, ct_text("", 0), id) : NULL;
	struct ct_identity *who = &c->who;
	size_t n;

	if (pod) {
		c->pod = pod->handle;
		memcpy(who->pod, pod->who.pod, sizeof(who->pod));
		memcpy(who->pod_ns, pod->who.pod_ns, sizeof(who->pod_ns));
		memcpy(who->pod_uid, pod->who.pod_uid, sizeof(who->pod_uid));
		ct_text_copy(who->pod_container, sizeof(who->pod_container),
			     ct_text(asked->name, strlen(asked->name)));
		ct_text_copy(who->name, POD_SHOWN,
			     pod->who.name[0]
				     ? ct_text(pod->who.name, strlen(pod->who.name))
				     : ct_text(pod->who.id, strnlen(pod->who.id, SHORT_ID)));
		n = strlen(who->name);
		who->name[n++] = '/';
		ct_text_copy(who->name + n, sizeof(who->name) - n,
			     ct_text(asked->name, strlen(asked->name)));
	} else if (!id.len && asked->pod_uid[0]) {
		memcpy(who->pod, asked->name, sizeof(asked->name));
		memcpy(who->pod_ns, asked->pod_ns, sizeof(who->pod_ns));
		memcpy(who->pod_uid, asked->pod_uid, sizeof(who->pod_uid));
	}
}

void ct_report_unmade(struct ct_core *core, const struct ct_unmade *of)
{
	struct ct_container c = { .told = true };
	struct ct_record rec;

	c.key.scope = *of->scope;
	ct_text_copy(c.who.name, sizeof(c.who.name), ct_text(of->name, strlen(of->name)));
	ct_text_copy(c.who.image, sizeof(c.who.image), ct_text(of->image, strlen(of->image)));
	ct_text_copy(c.who.runtime, sizeof(c.who.runtime),
		     ct_text(of->runtime, strlen(of->runtime)));
	if (of->engine_name)
		ct_text_copy(c.who.engine, sizeof(c.who.engine),
			     ct_text(of->engine_name, strlen(of->engine_name)));
	ct_life_engine_name(core, &c.who, of->engine);
	if (of->asked)
		in_pod(core, of->asked, &c);
	c.run.exit_code = CT_NO_EXIT_CODE;
	ct_text_copy(c.run.message, sizeof(c.run.message), of->message);
	rec = record_of(CT_RECORD_START, CT_OUTCOME_FAILED, &c, &c.run);
	rec.begin_ns = of->begin_ns;
	rec.end_ns = of->end_ns;
	rec.failed_phase = CT_PHASE_CREATE;
	ct_segments_fill(&rec, CT_PHASE_CREATE, rec.begin_ns, rec.end_ns);
	rec.seen = 1u << CT_PHASE_CREATE;
	if (of->pull_end_ns) {
		rec.end_ns = of->pull_end_ns;
		rec.failed_phase = CT_PHASE_PULL;
		if (of->pull_begin_ns > of->end_ns)
			ct_segments_fill(&rec, CT_PHASE_CLIENT, of->end_ns, of->pull_begin_ns);
		ct_segments_fill(&rec, CT_PHASE_PULL, of->pull_begin_ns, rec.end_ns);
		rec.seen |= 1u << CT_PHASE_PULL;
	}
	emit(core, &rec, &c, &c.run);
}

/* Nothing was made: there never was a container. */
static void failed_create(struct ct_core *core, const struct ct_fact *fact)
{
	const struct ct_unmade of = {
		.scope = fact->speaker,
		.engine = fact->e->tgid,
		.name = fact->request->name,
		.image = fact->request->image,
		.runtime = fact->request->runtime,
		.asked = fact->how == CT_HOW_ENGINE ? fact->request : NULL,
		.message = fact->message,
		.begin_ns = fact->request->ts_ns,
		.end_ns = fact->ts_ns,
	};

	ct_report_unmade(core, &of);
}

void ct_tell_fact(struct ct_core *core, const struct ct_fact *fact)
{
	if (fact->how == CT_HOW_IMAGE || (fact->how == CT_HOW_PART && fact->about))
		ct_tell_image(core, fact);
	else if (fact->wants_image)
		ct_tell_images_known(core);
	else if (fact->kind == CT_FACT_REFUSED && fact->awaits_id && !fact->container &&
		 fact->speaker)
		failed_create(core, fact);
}
