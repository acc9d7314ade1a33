// SPDX-License-Identifier: GPL-2.0-only
/* What a record waited for: sums by reason and by cause, and the path itself. */
#include "sinks/json/json_objects.h"
#include "stats/causes.h"
#include "stats/path_brief.h"
#include "util/mem.h"

/* Only what there is of it: the sum is the whole. */
void ct_json_why(struct ct_json *w, const struct ct_why *why)
{
	ct_json_enter(w, "why", '{');
	for (unsigned r = 0; r < CT_REASON_MAX; r++)
		if (why->ns[r])
			ct_json_u64(w, ct_reason_keys[r], why->ns[r]);
	ct_json_leave(w, '}');
}

static void put_piece(struct ct_json *w, const struct ct_brief_piece *brief)
{
	const struct ct_piece *piece = &brief->piece;

	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "phase", ct_phase_names[piece->phase]);
	ct_json_u64(w, "begin_ns", piece->begin_ns);
	ct_json_u64(w, "end_ns", piece->end_ns);
	ct_json_string(w, "reason", ct_reason_keys[piece->reason]);
	ct_json_string(w, "what", piece->what);
	ct_json_string(w, "actor", piece->actor);
	ct_json_string(w, "step", piece->step);
	ct_json_u64(w, "pid", piece->pid);
	ct_json_u64(w, "tid", piece->tid);
	if (brief->pieces > 1) {
		ct_json_u64(w, "pieces", brief->pieces);
		ct_json_why(w, &brief->why);
	}
	ct_json_leave(w, '}');
}

static void put_cause(struct ct_json *w, const struct ct_brief_cause *cause)
{
	const struct ct_piece *like = cause->like;

	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "phase", ct_phase_names[like->phase]);
	ct_json_string(w, "reason", ct_reason_keys[like->reason]);
	ct_json_string(w, "what", cause->rest ? "" : like->what);
	ct_json_string(w, "actor", cause->rest ? "" : like->actor);
	ct_json_string(w, "step", cause->rest ? CT_CAUSES_REST : like->step);
	ct_json_u64(w, "ns", cause->ns);
	ct_json_leave(w, '}');
}

void ct_json_path(struct ct_json *w, const struct ct_record *rec)
{
	const struct ct_why why = ct_record_why(rec, CT_PHASE_MAX);
	own_mem struct ct_brief_piece *pieces = NULL;
	own_mem struct ct_brief_cause *causes = NULL;
	size_t count, cause_count;

	ct_json_why(w, &why);
	w->no_memory |=
		ct_brief_causes(rec, &causes, &cause_count) ||
		ct_brief_path(rec, w->pieces ? w->pieces : CT_BRIEF_PIECES, &pieces, &count);
	if (w->no_memory)
		return;
	ct_json_enter(w, "causes", '[');
	for (size_t i = 0; i < cause_count; i++)
		put_cause(w, &causes[i]);
	ct_json_leave(w, ']');
	ct_json_enter(w, "path", '[');
	for (size_t i = 0; i < count; i++)
		put_piece(w, &pieces[i]);
	ct_json_leave(w, ']');
}
