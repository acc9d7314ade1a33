// SPDX-License-Identifier: GPL-2.0-only
/* docs/formats.md says what the columns are. What is not known, or does not apply, stays empty. */
#include "sinks/columns.h"

#include <stdio.h>

#include "sinks/owner.h"
#include "stats/measure.h"
#include "util/mem.h"

static void put_text(struct ct_row *row, const char *text)
{
	row->ops->text(row->ctx, text);
}

static void put_u64(struct ct_row *row, uint64_t n, bool known)
{
	row->ops->number(row->ctx, n, known);
}

static void put_time(struct ct_row *row, uint64_t mono_ns)
{
	row->ops->time(row->ctx, ct_wall_ns(row->session, mono_ns));
}

/* Instants before 1970 are none that a container began at. */
static void put_wall(struct ct_row *row, uint64_t mono_ns)
{
	int64_t ns = ct_wall_ns(row->session, mono_ns);

	put_u64(row, (uint64_t)ns, ns >= 0);
}

static void put_flag(struct ct_row *row, bool yes)
{
	row->ops->flag(row->ctx, yes);
}

#define CELL(cell, statement) \
	static void cell(struct ct_row *row, enum ct_phase phase) \
	{ \
		(void)phase; \
		statement; \
	}

CELL(kind, put_text(row, ct_record_names[row->rec->type]))
CELL(outcome, put_text(row, ct_outcome_names[row->rec->outcome]))
CELL(cause, put_text(row, ct_cause_names[row->rec->cause]))
CELL(id, put_text(row, row->rec->who->id))
CELL(name, put_text(row, row->rec->who->name))
CELL(image, put_text(row, row->rec->who->image))
CELL(runtime, put_text(row, row->rec->who->runtime))
CELL(engine, put_text(row, row->rec->who->engine))
CELL(node, put_text(row, row->rec->node))
CELL(pod, put_text(row, row->rec->who->pod))
CELL(pod_namespace, put_text(row, row->rec->who->pod_ns))
CELL(pod_uid, put_text(row, row->rec->who->pod_uid))
CELL(pod_container, put_text(row, row->rec->who->pod_container))
CELL(project, put_text(row, row->rec->who->project))
CELL(service, put_text(row, row->rec->who->service))
CELL(scope_uid, put_u64(row, row->rec->who->owner.uid, row->rec->who->owner.other))
CELL(init_pid, put_u64(row, row->rec->who->init_pid, row->rec->who->init_pid))
CELL(exit_code, put_u64(row, (uint64_t)row->rec->exit_code, row->rec->exit_code != CT_NO_EXIT_CODE))
CELL(begin_time, put_time(row, row->rec->begin_ns))
CELL(begin_unix_ns, put_wall(row, row->rec->begin_ns))
CELL(run, put_u64(row, row->rec->run, row->rec->run))
CELL(begin_ns, put_u64(row, row->rec->begin_ns, true))
CELL(end_ns, put_u64(row, row->rec->end_ns, true))
CELL(total_ns,
     put_u64(row, row->rec->end_ns > row->rec->begin_ns ? row->rec->end_ns - row->rec->begin_ns : 0,
	     true))
CELL(ready_ns, put_u64(row, row->rec->ready_ns, row->rec->ready >= 0))
CELL(run_ns, put_u64(row, row->rec->run_ns, row->rec->run_ns))
CELL(service_end_ns, put_u64(row, row->rec->service_end_ns, row->rec->service_end_ns))
CELL(removed, put_flag(row, row->rec->removed))
CELL(steps, put_u64(row, row->rec->step_count, true))

CELL(step_index, put_u64(row, row->index, true))
CELL(step_name, put_text(row, row->step->name))
CELL(step_actor, put_text(row, row->step->actor ? row->step->actor : ""))
CELL(step_pid, put_u64(row, row->step->pid, true))
CELL(step_phase, put_text(row, ct_phase_names[row->step->phase]))
CELL(step_begin_time, put_time(row, row->step->begin_ns))
CELL(step_begin_ns, put_u64(row, row->step->begin_ns, true))
CELL(step_end_ns, put_u64(row, row->step->end_ns, !row->step->open))
CELL(step_total_ns, put_u64(row, row->step->end_ns - row->step->begin_ns,
			    !row->step->open && row->step->end_ns >= row->step->begin_ns))
CELL(step_parent, put_u64(row, row->step->parent - 1u, row->step->parent))
CELL(step_depth, put_u64(row, row->step->depth, true))
CELL(step_count, put_u64(row, row->step->count, true))
CELL(step_open, put_flag(row, row->step->open))
CELL(step_detail, put_text(row, row->step->detail))

static void scope_container(struct ct_row *row, enum ct_phase phase)
{
	char buf[CT_OWNER_LEN];

	(void)phase;
	put_text(row, ct_owner_container(buf, &row->rec->who->owner));
}

static void phase_ns(struct ct_row *row, enum ct_phase phase)
{
	struct ct_phase_value value = ct_phase_value(row->rec, phase, CT_GAPS_WITH_TIME);

	put_u64(row, value.ns, value.is == CT_PHASE_MEASURED);
}

/* Of the record's critical path, of the step: empty where waits were not traced. */
static void path_ns(struct ct_row *row, enum ct_phase reason)
{
	struct ct_why why = ct_record_why(row->rec, CT_PHASE_MAX);

	put_u64(row, why.ns[reason], row->rec->path);
}

static void step_why_ns(struct ct_row *row, enum ct_phase reason)
{
	put_u64(row, row->rec->why ? row->rec->why[row->index].ns[reason] : 0, row->rec->why);
}

/* Names of the phases that happened and could not be measured: their columns are empty. */
static void missing(struct ct_row *row, enum ct_phase phase)
{
	char names[16 * CT_PHASE_MAX] = "";
	size_t len = 0;

	for (phase = 0; phase < CT_PHASE_MAX; phase++) {
		if (ct_phase_value(row->rec, phase, CT_GAPS_WITH_TIME).is != CT_PHASE_UNMEASURED)
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len ? " " : "",
					ct_phase_names[phase]);
	}
	put_text(row, names);
}

static void ready_by(struct ct_row *row, enum ct_phase phase)
{
	int by = row->rec->ready;

	(void)phase;
	put_text(row, by >= 0 && by < CT_READY_MAX ? ct_ready_names[by] : "");
}

static const char *if_failed(const struct ct_row *row, const char *text)
{
	return row->rec->outcome == CT_OUTCOME_FAILED && text ? text : "";
}

CELL(failed_phase, put_text(row, if_failed(row, ct_phase_names[row->rec->failed_phase])))
CELL(failed_step, put_text(row, if_failed(row, row->rec->failed_step)))
CELL(failed_message, put_text(row, if_failed(row, row->rec->message)))
CELL(predecessor_id, put_text(row, row->rec->predecessor ? row->rec->predecessor->id : ""))
CELL(predecessor_name, put_text(row, row->rec->predecessor ? row->rec->predecessor->name : ""))

const struct ct_column ct_record_columns[] = {
	{ "kind", CT_COLUMN_TEXT, kind, 0 },
	{ "outcome", CT_COLUMN_TEXT, outcome, 0 },
	{ "cause", CT_COLUMN_TEXT, cause, 0 },
	{ "id", CT_COLUMN_TEXT, id, 0 },
	{ "name", CT_COLUMN_TEXT, name, 0 },
	{ "image", CT_COLUMN_TEXT, image, 0 },
	{ "runtime", CT_COLUMN_TEXT, runtime, 0 },
	{ "engine", CT_COLUMN_TEXT, engine, 0 },
	{ "init_pid", CT_COLUMN_NUMBER, init_pid, 0 },
	{ "exit_code", CT_COLUMN_NUMBER, exit_code, 0 },
	{ "begin_time", CT_COLUMN_TIME, begin_time, 0 },
	{ "begin_ns", CT_COLUMN_NUMBER, begin_ns, 0 },
	{ "end_ns", CT_COLUMN_NUMBER, end_ns, 0 },
	{ "total_ns", CT_COLUMN_NUMBER, total_ns, 0 },
#define X(symbol, phase, doc) { phase "_ns", CT_COLUMN_NUMBER, phase_ns, CT_PHASE_##symbol },
	CT_CONTAINER_PHASES(X)
#undef X
		{ "missing", CT_COLUMN_TEXT, missing, 0 },
	{ "ready_by", CT_COLUMN_TEXT, ready_by, 0 },
	{ "ready_at_ns", CT_COLUMN_NUMBER, ready_ns, 0 },
	{ "run_before_ns", CT_COLUMN_NUMBER, run_ns, 0 },
	{ "service_end_ns", CT_COLUMN_NUMBER, service_end_ns, 0 },
	{ "removed", CT_COLUMN_FLAG, removed, 0 },
	{ "failed_phase", CT_COLUMN_TEXT, failed_phase, 0 },
	{ "failed_step", CT_COLUMN_TEXT, failed_step, 0 },
	{ "failed_message", CT_COLUMN_TEXT, failed_message, 0 },
	{ "predecessor_id", CT_COLUMN_TEXT, predecessor_id, 0 },
	{ "predecessor_name", CT_COLUMN_TEXT, predecessor_name, 0 },
	{ "steps", CT_COLUMN_NUMBER, steps, 0 },
#define X(symbol, key, letter, reason, doc) \
	{ "why_" key "_ns", CT_COLUMN_NUMBER, path_ns, (enum ct_phase)CT_REASON_##symbol },
	CT_REASONS(X)
#undef X
		{ "node", CT_COLUMN_TEXT, node, 0 },
	{ "scope_container", CT_COLUMN_TEXT, scope_container, 0 },
	{ "scope_uid", CT_COLUMN_NUMBER, scope_uid, 0 },
	{ "pod", CT_COLUMN_TEXT, pod, 0 },
	{ "pod_namespace", CT_COLUMN_TEXT, pod_namespace, 0 },
	{ "pod_uid", CT_COLUMN_TEXT, pod_uid, 0 },
	{ "pod_container", CT_COLUMN_TEXT, pod_container, 0 },
#define X(symbol, phase, doc) { phase "_ns", CT_COLUMN_NUMBER, phase_ns, CT_PHASE_##symbol },
	CT_POD_PHASES(X) CT_IMAGE_PHASES(X)
#undef X
		{ "project", CT_COLUMN_TEXT, project, 0 },
	{ "service", CT_COLUMN_TEXT, service, 0 },
#define X(symbol, phase, doc) { phase "_ns", CT_COLUMN_NUMBER, phase_ns, CT_PHASE_##symbol },
	CT_KUBELET_PHASES(X)
#undef X
};

const struct ct_column ct_step_columns[] = {
	{ "id", CT_COLUMN_TEXT, id, 0 },
	{ "name", CT_COLUMN_TEXT, name, 0 },
	{ "image", CT_COLUMN_TEXT, image, 0 },
	{ "runtime", CT_COLUMN_TEXT, runtime, 0 },
	{ "engine", CT_COLUMN_TEXT, engine, 0 },
	{ "kind", CT_COLUMN_TEXT, kind, 0 },
	{ "outcome", CT_COLUMN_TEXT, outcome, 0 },
	{ "record_begin_ns", CT_COLUMN_NUMBER, begin_ns, 0 },
	{ "index", CT_COLUMN_NUMBER, step_index, 0 },
	{ "step", CT_COLUMN_TEXT, step_name, 0 },
	{ "actor", CT_COLUMN_TEXT, step_actor, 0 },
	{ "pid", CT_COLUMN_NUMBER, step_pid, 0 },
	{ "phase", CT_COLUMN_TEXT, step_phase, 0 },
	{ "begin_time", CT_COLUMN_TIME, step_begin_time, 0 },
	{ "begin_ns", CT_COLUMN_NUMBER, step_begin_ns, 0 },
	{ "end_ns", CT_COLUMN_NUMBER, step_end_ns, 0 },
	{ "total_ns", CT_COLUMN_NUMBER, step_total_ns, 0 },
	{ "parent", CT_COLUMN_NUMBER, step_parent, 0 },
	{ "depth", CT_COLUMN_NUMBER, step_depth, 0 },
	{ "count", CT_COLUMN_NUMBER, step_count, 0 },
	{ "open", CT_COLUMN_FLAG, step_open, 0 },
	{ "detail", CT_COLUMN_TEXT, step_detail, 0 },
#define X(symbol, key, letter, reason, doc) \
	{ "why_" key "_ns", CT_COLUMN_NUMBER, step_why_ns, (enum ct_phase)CT_REASON_##symbol },
	CT_REASONS(X)
#undef X
		{ "node", CT_COLUMN_TEXT, node, 0 },
	{ "scope_container", CT_COLUMN_TEXT, scope_container, 0 },
	{ "scope_uid", CT_COLUMN_NUMBER, scope_uid, 0 },
};
const size_t ct_record_column_count = CT_ARRAY_SIZE(ct_record_columns);
const size_t ct_step_column_count = CT_ARRAY_SIZE(ct_step_columns);

const struct ct_column ct_flat_columns[] = {
	{ "begin_unix_ns", CT_COLUMN_NUMBER, begin_unix_ns, 0 },
	{ "run", CT_COLUMN_NUMBER, run, 0 },
};
const size_t ct_flat_column_count = CT_ARRAY_SIZE(ct_flat_columns);
