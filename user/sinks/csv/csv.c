// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 4180: a header, then a row per record or per step; docs/formats.md says what the columns
 * are. Text is always quoted, and a cell that a spreadsheet takes for a formula gets an apostrophe.
 */
#include <errno.h>

#include "sinks/csv/csv.h"
#include "sinks/owner.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "stats/measure.h"
#include "util/mem.h"

/* One row: a record, and in the table of steps one of its steps. */
struct row {
	FILE *f;
	const struct ct_record *rec;
	const struct ct_step *step;
	size_t index; /* of the step in its record */
	const struct ct_session *session;
	bool no_memory;
};

struct column {
	const char *name;
	void (*put)(struct row *row, enum ct_phase phase);
	enum ct_phase phase; /* of columns that are one of many; or an enum ct_reason */
};

static void put_text(struct row *row, const char *text)
{
	row->no_memory |= ct_csv_text(row->f, text) != 0;
}

static void put_u64(struct row *row, uint64_t n, bool known)
{
	if (known)
		fprintf(row->f, "%llu", (unsigned long long)n);
}

static void put_time(struct row *row, uint64_t mono_ns)
{
	char buf[CT_RFC3339_LEN];

	fputs(ct_rfc3339(buf, ct_wall_ns(row->session, mono_ns)), row->f);
}

/* A cell per column: what is not known, or does not apply, stays empty. */
#define CELL(cell, statement) \
	static void cell(struct row *row, enum ct_phase phase) \
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
CELL(begin_ns, put_u64(row, row->rec->begin_ns, true))
CELL(end_ns, put_u64(row, row->rec->end_ns, true))
CELL(total_ns,
     put_u64(row, row->rec->end_ns > row->rec->begin_ns ? row->rec->end_ns - row->rec->begin_ns : 0,
	     true))
CELL(ready_ns, put_u64(row, row->rec->ready_ns, row->rec->ready >= 0))
CELL(run_ns, put_u64(row, row->rec->run_ns, row->rec->run_ns))
CELL(service_end_ns, put_u64(row, row->rec->service_end_ns, row->rec->service_end_ns))
CELL(removed, fputs(row->rec->removed ? "true" : "false", row->f))
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
CELL(step_open, fputs(row->step->open ? "true" : "false", row->f))
CELL(step_detail, put_text(row, row->step->detail))

static void scope_container(struct row *row, enum ct_phase phase)
{
	char buf[CT_OWNER_LEN];

	(void)phase;
	put_text(row, ct_owner_container(buf, &row->rec->who->owner));
}

static void phase_ns(struct row *row, enum ct_phase phase)
{
	struct ct_phase_value value = ct_phase_value(row->rec, phase, CT_GAPS_WITH_TIME);

	put_u64(row, value.ns, value.is == CT_PHASE_MEASURED);
}

/* Of the record's critical path, of the step: empty where waits were not traced. */
static void path_ns(struct row *row, enum ct_phase reason)
{
	struct ct_why why = ct_record_why(row->rec, CT_PHASE_MAX);

	put_u64(row, why.ns[reason], row->rec->path);
}

static void step_why_ns(struct row *row, enum ct_phase reason)
{
	put_u64(row, row->rec->why ? row->rec->why[row->index].ns[reason] : 0, row->rec->why);
}

/* Names of the phases that happened and could not be measured: their columns are empty. */
static void missing(struct row *row, enum ct_phase phase)
{
	const char *space = "";

	putc('"', row->f);
	for (phase = 0; phase < CT_PHASE_MAX; phase++) {
		if (ct_phase_value(row->rec, phase, CT_GAPS_WITH_TIME).is != CT_PHASE_UNMEASURED)
			continue;
		fprintf(row->f, "%s%s", space, ct_phase_names[phase]);
		space = " ";
	}
	putc('"', row->f);
}

static void ready_by(struct row *row, enum ct_phase phase)
{
	int by = row->rec->ready;

	(void)phase;
	put_text(row, by >= 0 && by < CT_READY_MAX ? ct_ready_names[by] : "");
}

static const char *if_failed(const struct row *row, const char *text)
{
	return row->rec->outcome == CT_OUTCOME_FAILED && text ? text : "";
}

CELL(failed_phase, put_text(row, if_failed(row, ct_phase_names[row->rec->failed_phase])))
CELL(failed_step, put_text(row, if_failed(row, row->rec->failed_step)))
CELL(failed_message, put_text(row, if_failed(row, row->rec->message)))
CELL(predecessor_id, put_text(row, row->rec->predecessor ? row->rec->predecessor->id : ""))
CELL(predecessor_name, put_text(row, row->rec->predecessor ? row->rec->predecessor->name : ""))

static const struct column record_columns[] = {
	{ "kind", kind, 0 },
	{ "outcome", outcome, 0 },
	{ "cause", cause, 0 },
	{ "id", id, 0 },
	{ "name", name, 0 },
	{ "image", image, 0 },
	{ "runtime", runtime, 0 },
	{ "engine", engine, 0 },
	{ "init_pid", init_pid, 0 },
	{ "exit_code", exit_code, 0 },
	{ "begin_time", begin_time, 0 },
	{ "begin_ns", begin_ns, 0 },
	{ "end_ns", end_ns, 0 },
	{ "total_ns", total_ns, 0 },
#define X(symbol, phase, doc) { phase "_ns", phase_ns, CT_PHASE_##symbol },
	CT_CONTAINER_PHASES(X)
#undef X
		{ "missing", missing, 0 },
	{ "ready_by", ready_by, 0 },
	{ "ready_at_ns", ready_ns, 0 },
	{ "run_before_ns", run_ns, 0 },
	{ "service_end_ns", service_end_ns, 0 },
	{ "removed", removed, 0 },
	{ "failed_phase", failed_phase, 0 },
	{ "failed_step", failed_step, 0 },
	{ "failed_message", failed_message, 0 },
	{ "predecessor_id", predecessor_id, 0 },
	{ "predecessor_name", predecessor_name, 0 },
	{ "steps", steps, 0 },
#define X(symbol, key, letter, reason, doc) \
	{ "why_" key "_ns", path_ns, (enum ct_phase)CT_REASON_##symbol },
	CT_REASONS(X)
#undef X
		{ "node", node, 0 },
	{ "scope_container", scope_container, 0 },
	{ "scope_uid", scope_uid, 0 },
	{ "pod", pod, 0 },
	{ "pod_namespace", pod_namespace, 0 },
	{ "pod_uid", pod_uid, 0 },
	{ "pod_container", pod_container, 0 },
#define X(symbol, phase, doc) { phase "_ns", phase_ns, CT_PHASE_##symbol },
	CT_POD_PHASES(X) CT_IMAGE_PHASES(X)
#undef X
		{ "project", project, 0 },
	{ "service", service, 0 },
};

static const struct column step_columns[] = {
	{ "id", id, 0 },
	{ "name", name, 0 },
	{ "image", image, 0 },
	{ "runtime", runtime, 0 },
	{ "engine", engine, 0 },
	{ "kind", kind, 0 },
	{ "outcome", outcome, 0 },
	{ "record_begin_ns", begin_ns, 0 },
	{ "index", step_index, 0 },
	{ "step", step_name, 0 },
	{ "actor", step_actor, 0 },
	{ "pid", step_pid, 0 },
	{ "phase", step_phase, 0 },
	{ "begin_time", step_begin_time, 0 },
	{ "begin_ns", step_begin_ns, 0 },
	{ "end_ns", step_end_ns, 0 },
	{ "total_ns", step_total_ns, 0 },
	{ "parent", step_parent, 0 },
	{ "depth", step_depth, 0 },
	{ "count", step_count, 0 },
	{ "open", step_open, 0 },
	{ "detail", step_detail, 0 },
#define X(symbol, key, letter, reason, doc) \
	{ "why_" key "_ns", step_why_ns, (enum ct_phase)CT_REASON_##symbol },
	CT_REASONS(X)
#undef X
		{ "node", node, 0 },
	{ "scope_container", scope_container, 0 },
	{ "scope_uid", scope_uid, 0 },
};

static void put_row(struct row *row, const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			putc(',', row->f);
		columns[i].put(row, columns[i].phase);
	}
	fputs("\r\n", row->f);
}

static void put_head(FILE *page, const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(page, "%s%s", i ? "," : "", columns[i].name);
	fputs("\r\n", page);
}

static int csv_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s, (void)session;
	put_head(page, record_columns, CT_ARRAY_SIZE(record_columns));
	return 0;
}

/* Sums are for the reader of the table to make: there is no end. */
static int csv_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		      const struct ct_record *rec)
{
	struct row row = { .f = page, .rec = rec, .session = session };

	(void)s;
	put_row(&row, record_columns, CT_ARRAY_SIZE(record_columns));
	return row.no_memory ? -ENOMEM : 0;
}

static int steps_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s, (void)session;
	put_head(page, step_columns, CT_ARRAY_SIZE(step_columns));
	return 0;
}

static int steps_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			const struct ct_record *rec)
{
	struct row row = { .f = page, .rec = rec, .session = session };

	(void)s;
	for (row.index = 0; row.index < rec->step_count; row.index++) {
		row.step = &rec->steps[row.index];
		put_row(&row, step_columns, CT_ARRAY_SIZE(step_columns));
	}
	return row.no_memory ? -ENOMEM : 0;
}

const struct ct_sink_ops ct_csv_ops = {
	.name = "csv",
	.suffix = ".csv",
	.help = "a table for spreadsheets and data frames: a row per record",
	.begin = csv_begin,
	.record = csv_record,
};

const struct ct_sink_ops ct_csv_steps_ops = {
	.name = "csv-steps",
	.suffix = ".steps.csv",
	.help = "the same with a row per step",
	.steps = CT_SINK_STEPS_ALONE,
	.begin = steps_begin,
	.record = steps_record,
};
