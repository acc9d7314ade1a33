// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trace for ui.perfetto.dev: a track per container with its records and their phases, below it
 * a track per process with its steps, and arrows where one process hands over to another:
 * docs/perfetto.md.
 */
#include <errno.h>
#include <string.h>

#include "sinks/owner.h"
#include "sinks/perfetto/perfetto_tracks.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "stats/measure.h"
#include "stats/path_brief.h"
#include "stats/pulls.h"
#include "util/mem.h"

#define PIECES      128 /* of a critical path, if nobody says so */
#define PIECE_NOTES 7
#define FLOWS_MAX   64 /* that begin at one slice */
#define NO_SLICE    ((size_t)-1)

struct perfetto {
	struct ct_trace trace;
	struct ct_tracks *tracks; /* owned */
	size_t pieces; /* of a critical path, at most */
};

/*
 * Who hands over to whom, in one record. Slices are the segments and then the steps; each step
 * that another process began is in the list of the slice that it came from.
 */
struct handoffs {
	size_t *from; /* per step, NO_SLICE: nobody */
	size_t *first; /* per slice, a step */
	size_t *next; /* per step, another step of the same slice */
	size_t *order; /* the steps in order of begin, the outer first */
	struct ct_brief_piece *path; /* what no other record has of it */
	size_t piece_count;
	size_t *of_piece; /* per piece, the step that it is a part of, if another one begins there */
};

static const struct ct_tracks_row own_row = { 0 };
static const struct ct_tracks_row restart_row = { .group = "restart" };

static size_t segment_of(const struct ct_record *rec, const struct ct_step *step)
{
	size_t found = NO_SLICE;

	for (size_t i = 0; i < rec->segment_count && i < CT_SEGMENTS_MAX; i++)
		if (rec->segments[i].phase == step->phase &&
		    (found == NO_SLICE || rec->segments[i].begin_ns <= step->begin_ns))
			found = i;
	return found;
}

/* The step of another process that started it, or there is none and it is not the engine's own. */
static size_t origin_of(const struct ct_record *rec, size_t i)
{
	const struct ct_step *step = &rec->steps[i];

	if (step->starter)
		return CT_SEGMENTS_MAX + step->starter - 1;
	if (step->parent)
		return NO_SLICE;
	return step->actor && strcmp(step->actor, "engine") != 0 ? segment_of(rec, step) : NO_SLICE;
}

static int by_begin(const void *a, const void *b, void *ctx)
{
	const struct ct_record *rec = ctx;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	const struct ct_step *x = &rec->steps[i], *y = &rec->steps[k];

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	if (x->end_ns != y->end_ns)
		return x->end_ns > y->end_ns ? -1 : 1;
	return i < k ? -1 : 1;
}

/* The innermost step that the piece is a part of. */
static size_t step_of(const struct ct_record *rec, const struct ct_piece *piece)
{
	size_t found = NO_SLICE;

	for (size_t i = 0; *piece->step && i < rec->step_count; i++) {
		const struct ct_step *step = &rec->steps[i];

		if (step->pid == piece->pid && step->begin_ns <= piece->begin_ns &&
		    (step->open || step->end_ns > piece->begin_ns) &&
		    !strcmp(step->name, piece->step))
			found = i;
	}
	return found;
}

/* An arrow leads to the first piece in a row that is a part of a step. */
static bool find_pieces(const struct perfetto *p, const struct ct_record *rec, struct handoffs *h)
{
	size_t last = NO_SLICE;

	if (ct_brief_path(rec, p->pieces, &h->path, &h->piece_count))
		return false;
	h->of_piece = reallocarray(NULL, h->piece_count + 1, sizeof(*h->of_piece));
	if (!h->of_piece)
		return false;
	for (size_t k = 0; k < h->piece_count; k++) {
		size_t step = step_of(rec, &h->path[k].piece);

		h->of_piece[k] = step != last ? step : NO_SLICE;
		last = step;
	}
	return true;
}

static bool find_handoffs(const struct perfetto *p, const struct ct_record *rec, struct handoffs *h)
{
	size_t n = rec->step_count;

	h->from = reallocarray(NULL, n + 1, sizeof(*h->from));
	h->next = reallocarray(NULL, n + 1, sizeof(*h->next));
	h->first = reallocarray(NULL, n + CT_SEGMENTS_MAX, sizeof(*h->first));
	h->order = reallocarray(NULL, n + 1, sizeof(*h->order));
	if (!h->from || !h->next || !h->first || !h->order)
		return false;
	for (size_t i = 0; i < n + CT_SEGMENTS_MAX; i++)
		h->first[i] = NO_SLICE;
	for (size_t i = 0; i < n; i++) {
		h->from[i] = origin_of(rec, i);
		h->order[i] = i;
	}
	qsort_r(h->order, n, sizeof(*h->order), by_begin, (void *)rec);
	/* Backwards, so that each list is in order. */
	for (size_t i = n; i-- > 0;) {
		if (h->from[i] == NO_SLICE)
			continue;
		h->next[i] = h->first[h->from[i]];
		h->first[h->from[i]] = i;
	}
	return find_pieces(p, rec, h);
}

static void free_handoffs(struct handoffs *h)
{
	free(h->from);
	free(h->next);
	free(h->first);
	free(h->order);
	free(h->of_piece);
	free(h->path);
}

/* Flows are known by number in all of the trace. */
static uint64_t flow_id(const struct ct_tracks_container *c, const struct ct_record *rec, size_t i)
{
	uint64_t id = ct_tracks_uuid(c) ^ (rec->begin_ns * 0x9e3779b97f4a7c15ULL);

	id = (id + i) * 0xbf58476d1ce4e5b9ULL;
	return id ? id : 1;
}

static size_t flows_from(const struct handoffs *h, const struct ct_tracks_container *c,
			 const struct ct_record *rec, size_t slice, uint64_t *flows)
{
	size_t n = 0;

	for (size_t i = h->first[slice]; i != NO_SLICE && n < FLOWS_MAX; i = h->next[i])
		flows[n++] = flow_id(c, rec, i);
	return n;
}

/* And those to the path; one for which there is no room does not end either. */
static size_t flows_to_path(const struct handoffs *h, const struct ct_tracks_container *c,
			    const struct ct_record *rec, size_t step, uint64_t *flows, size_t n)
{
	for (size_t k = 0; k < h->piece_count; k++) {
		if (h->of_piece[k] != step)
			continue;
		if (n < FLOWS_MAX)
			flows[n++] = flow_id(c, rec, rec->step_count + k);
		else
			h->of_piece[k] = NO_SLICE;
	}
	return n;
}

/* A flow that could not begin must not end. */
static bool begins(const struct handoffs *h, size_t i)
{
	size_t n = 0;

	for (size_t k = h->first[h->from[i]]; k != i; k = h->next[k])
		if (++n >= FLOWS_MAX)
			return false;
	return true;
}

static const char *known(const char *s)
{
	return s && *s ? s : NULL;
}

#define NO_LATER "no later than that"

static void open_record(struct perfetto *p, struct ct_tracks_container *c, struct ct_tracks_row row,
			const struct ct_record *rec)
{
	const struct ct_identity *who = rec->who;
	const struct ct_fetched *f = rec->fetched;
	const struct ct_pull_bound bound = f ? ct_pull_bound(rec) : (struct ct_pull_bound){ 0 };
	const struct ct_pull_links links = f ? ct_pull_links(f) : (struct ct_pull_links){ 0 };
	bool failed = rec->outcome == CT_OUTCOME_FAILED;
	char within[CT_OWNER_LEN], peer[CT_ADDRESS_LEN];
	const struct ct_note notes[] = {
		{ "outcome", ct_outcome_names[rec->outcome], 0 },
		{ "cause", ct_cause_names[rec->cause], 0 },
		{ "container", who->id, 0 },
		{ known(who->image) ? "image" : NULL, who->image, 0 },
		{ f ? "registry" : NULL, f ? f->registry : "", 0 },
		{ f && known(f->digest) ? "manifest" : NULL, f ? f->digest : "", 0 },
		{ f && known(f->client_name) ? "asked by" : NULL, f ? f->client_name : "", 0 },
		{ f && f->client ? "client pid" : NULL, NULL, f ? f->client : 0 },
		{ f ? "bytes" : NULL, NULL, bound.bytes },
		{ bound.whole && !f->up_to_date ? "bounded by" : NULL, bound.by, 0 },
		{ links.asked ? "connections" : NULL, NULL, links.asked },
		{ links.host ? "host" : NULL, links.host, 0 },
		{ links.peer ? "peer" : NULL,
		  links.peer ? ct_address(peer, links.peer, links.peer->port) : "", 0 },
		{ links.asked && !links.open ? "received" : NULL, NULL, links.received },
		{ links.resent ? "segments resent" : NULL, NULL, links.resent },
		{ known(who->runtime) ? "runtime" : NULL, who->runtime, 0 },
		{ known(who->engine) ? "engine" : NULL, who->engine, 0 },
		{ who->init_pid ? "init pid" : NULL, NULL, who->init_pid },
		{ known(ct_owner_container(within, &who->owner)) ? "in" : NULL, within, 0 },
		{ who->owner.other ? "of uid" : NULL, NULL, who->owner.uid },
		{ rec->exit_code != CT_NO_EXIT_CODE ? "exit code" : NULL, NULL,
		  (uint64_t)rec->exit_code },
		{ rec->ready >= 0 && rec->ready < CT_READY_MAX ? "ready by" : NULL,
		  rec->ready >= 0 && rec->ready < CT_READY_MAX ? ct_ready_names[rec->ready] : "",
		  0 },
		{ failed ? "failed in" : NULL, ct_phase_names[rec->failed_phase], 0 },
		{ failed && known(rec->message) ? "message" : NULL, rec->message, 0 },
		{ rec->predecessor ? "successor of" : NULL,
		  rec->predecessor ? rec->predecessor->id : "", 0 },
	};
	struct ct_slice slice = {
		.name = ct_record_names[rec->type],
		.category = "record",
		.notes = notes,
		.note_count = CT_ARRAY_SIZE(notes),
	};

	ct_tracks_open(c, &p->trace, row, rec->begin_ns, rec->end_ns, &slice);
}

static void open_segments(struct perfetto *p, struct ct_tracks_container *c,
			  struct ct_tracks_row row, const struct ct_record *rec,
			  const struct handoffs *h)
{
	row.inside = 1;
	for (size_t i = 0; i < rec->segment_count && i < CT_SEGMENTS_MAX; i++) {
		const struct ct_segment *segment = &rec->segments[i];
		const struct ct_note notes[] = {
			{ ct_pull_is_bound(rec, segment->begin_ns) ? "begin" : NULL, NO_LATER, 0 },
			{ ct_pull_is_bound(rec, segment->end_ns) ? "end" : NULL, NO_LATER, 0 },
		};
		uint64_t flows[FLOWS_MAX];
		struct ct_slice slice = {
			.name = ct_phase_names[segment->phase],
			.category = "phase",
			.notes = notes,
			.note_count = CT_ARRAY_SIZE(notes),
			.flows = flows,
			.flow_count = flows_from(h, c, rec, i, flows),
		};

		ct_tracks_open(c, &p->trace, row, segment->begin_ns, segment->end_ns, &slice);
	}
}

static void open_steps(struct perfetto *p, struct ct_tracks_container *c,
		       const struct ct_record *rec, const struct handoffs *h)
{
	for (size_t k = 0; k < rec->step_count; k++) {
		size_t i = h->order[k];
		const struct ct_step *step = &rec->steps[i];
		const struct ct_tracks_row row = {
			.group = known(step->actor) ? step->actor : "process",
			.pid = step->pid,
		};
		const struct ct_note notes[] = {
			{ "phase", ct_phase_names[step->phase], 0 },
			{ "pid", NULL, step->pid },
			{ "calls", NULL, step->count },
			{ *step->detail ? "detail" : NULL, step->detail, 0 },
			{ step->open ? "end" : NULL, "not seen", 0 },
			{ step->begin_late ? "begin" : NULL, NO_LATER, 0 },
			{ step->end_late && !step->open ? "end" : NULL, NO_LATER, 0 },
		};
		uint64_t flows[FLOWS_MAX];
		struct ct_slice slice = {
			.name = step->name,
			.category = "step",
			.flows = flows,
			.notes = notes,
			.note_count = CT_ARRAY_SIZE(notes),
		};

		slice.flow_count = flows_from(h, c, rec, CT_SEGMENTS_MAX + i, flows);
		slice.flow_count = flows_to_path(h, c, rec, i, flows, slice.flow_count);
		if (h->from[i] != NO_SLICE && begins(h, i))
			slice.flow_end = flow_id(c, rec, i);
		ct_tracks_open(c, &p->trace, row, step->begin_ns,
			       step->open ? rec->end_ns : step->end_ns, &slice);
	}
}

/* The critical path as states, one after the other on a track of its own. */
static void open_path(struct perfetto *p, struct ct_tracks_container *c,
		      const struct ct_record *rec, const struct handoffs *h)
{
	const struct ct_tracks_row row = { .group = rec->type == CT_RECORD_RESTART
							    ? "critical path of the restart"
							    : "critical path" };

	for (size_t i = 0; i < h->piece_count; i++) {
		const struct ct_brief_piece *brief = &h->path[i];
		const struct ct_piece *piece = &brief->piece;
		struct ct_note notes[PIECE_NOTES + CT_REASON_MAX] = {
			{ *piece->what ? "what" : NULL, piece->what, 0 },
			{ *piece->actor ? "actor" : NULL, piece->actor, 0 },
			{ *piece->step ? "step" : NULL, piece->step, 0 },
			{ "phase", ct_phase_names[piece->phase], 0 },
			{ piece->pid ? "pid" : NULL, NULL, piece->pid },
			{ piece->tid ? "tid" : NULL, NULL, piece->tid },
			{ brief->pieces > 1 ? "pieces" : NULL, NULL, brief->pieces },
		};
		struct ct_slice slice = {
			.name = ct_reason_names[piece->reason],
			.category = "why",
			.notes = notes,
			.note_count = CT_ARRAY_SIZE(notes),
		};

		for (unsigned r = 0; r < CT_REASON_MAX && brief->pieces > 1; r++)
			if (brief->why.ns[r])
				notes[PIECE_NOTES + r] = (struct ct_note){ ct_reason_keys[r], NULL,
									   brief->why.ns[r] };
		if (h->of_piece[i] != NO_SLICE)
			slice.flow_end = flow_id(c, rec, rec->step_count + i);
		ct_tracks_thread(p->tracks, &p->trace, piece->pid, piece->tid, piece->actor);
		ct_tracks_open(c, &p->trace, row, piece->begin_ns, piece->end_ns, &slice);
	}
}

/* What happened and could not be measured has no slice: it is said where the record ends. */
static void say_missing(struct perfetto *p, struct ct_tracks_container *c,
			const struct ct_record *rec)
{
	for (unsigned phase = 0; phase < CT_PHASE_MAX; phase++) {
		const struct ct_note note = { "phase", ct_phase_names[phase], 0 };
		const struct ct_slice slice = {
			.track = ct_tracks_uuid(c),
			.name = "phase unknown: a mark was not seen",
			.category = "unknown",
			.notes = &note,
			.note_count = 1,
		};

		if (ct_phase_value(rec, (enum ct_phase)phase, CT_GAPS_WITH_TIME).is ==
		    CT_PHASE_UNMEASURED)
			ct_trace_instant(&p->trace, rec->end_ns, &slice);
	}
}

static int perfetto_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
			   const struct ct_record *rec)
{
	struct perfetto *p = s->state;
	struct ct_tracks_row row = rec->type == CT_RECORD_RESTART ? restart_row : own_row;
	struct ct_tracks_container *c;
	struct handoffs h = { 0 };

	(void)session;
	p->trace.f = page;
	c = ct_tracks_container(p->tracks, &p->trace, rec->who, rec->begin_ns);
	if (c && find_handoffs(p, rec, &h)) {
		open_record(p, c, row, rec);
		open_segments(p, c, row, rec, &h);
		open_steps(p, c, rec, &h);
		open_path(p, c, rec, &h);
		ct_tracks_settle(c, &p->trace);
		say_missing(p, c, rec);
		if (rec->removed)
			ct_tracks_forget(p->tracks, c);
	} else {
		p->trace.no_memory = true;
	}
	free_handoffs(&h);
	return p->trace.no_memory ? -ENOMEM : 0;
}

static int perfetto_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	const struct ct_track track = { .uuid = 1, .name = "coldtrace" };
	const struct ct_note notes[] = {
		{ "version", session->version, 0 },
		{ "kernel", session->kernel, 0 },
		{ "depth", session->depth, 0 },
	};
	const struct ct_slice slice = {
		.track = track.uuid,
		.name = "tracing began",
		.category = "coldtrace",
		.notes = notes,
		.note_count = CT_ARRAY_SIZE(notes),
	};
	struct perfetto *p = s->state;

	p->pieces = s->pieces ? s->pieces : PIECES;
	p->tracks = ct_tracks_new();
	if (!p->tracks)
		return -ENOMEM;
	p->trace.f = page;
	ct_trace_clocks(&p->trace, session->begin_ns, ct_wall_ns(session, session->begin_ns));
	ct_trace_track(&p->trace, &track);
	ct_trace_instant(&p->trace, session->begin_ns, &slice);
	return p->trace.no_memory ? -ENOMEM : 0;
}

static int perfetto_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	static const char *const losses[CT_LOSS_MAX] = {
#define X(number, symbol, name, advice) [CT_LOSS_##symbol] = name,
		CT_LOSSES(X)
#undef X
	};
	enum {
		LOST = 1,
		UNREAD = 2
	};
	static const char *const endings[] = {
		[0] = "tracing ended: nothing lost",
		[LOST] = "tracing ended: INCOMPLETE, events were lost",
		[UNREAD] = "tracing ended: INCOMPLETE, not all of it could be read",
		[LOST | UNREAD] =
			"tracing ended: INCOMPLETE, events were lost and not all of it could be read",
	};
	struct perfetto *p = s->state;
	struct ct_note notes[CT_LOSS_MAX + 2] = { 0 };
	unsigned ending = counts->unread ? UNREAD : 0;
	struct ct_slice slice = {
		.track = 1,
		.category = "coldtrace",
		.notes = notes,
		.note_count = CT_ARRAY_SIZE(notes),
	};

	(void)summary;
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		if (!counts->lost[i])
			continue;
		notes[i] = (struct ct_note){ losses[i], NULL, counts->lost[i] };
		ending |= LOST;
	}
	slice.name = endings[ending];
	if (counts->unread)
		notes[CT_LOSS_MAX + 1] =
			(struct ct_note){ "recordings not read whole", NULL, counts->unread };
	if (p->trace.left_out)
		notes[CT_LOSS_MAX] = (struct ct_note){ "slices left out of this trace", NULL,
						       p->trace.left_out };
	p->trace.f = page;
	ct_trace_instant(&p->trace, session->end_ns, &slice);
	return p->trace.no_memory ? -ENOMEM : 0;
}

static void perfetto_free(void *state)
{
	struct perfetto *p = state;

	ct_tracks_free(p->tracks);
	ct_trace_free(&p->trace);
}

const struct ct_sink_ops ct_perfetto_ops = {
	.name = "perfetto",
	.suffix = ".pftrace",
	.help = "a trace for ui.perfetto.dev: containers, phases, steps, hand-offs",
	.binary = true,
	.steps = CT_SINK_STEPS_DRAWN,
	.state_size = sizeof(struct perfetto),
	.begin = perfetto_begin,
	.record = perfetto_record,
	.end = perfetto_end,
	.free = perfetto_free,
};
