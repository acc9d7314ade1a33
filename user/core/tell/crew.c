// SPDX-License-Identifier: GPL-2.0-only
/* What is told of a pod, of a project: its phases lie between its containers, which are its steps. */
#include "core/tell/crew.h"
#include "core/tell/segments.h"

#include <stddef.h>
#include <stdlib.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool ct_member_is_sandbox(const struct ct_member *m)
{
	return !m->name[0];
}

struct ct_member *ct_crew_sandbox(struct ct_crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		if (ct_member_is_sandbox(&crew->members[i]))
			return &crew->members[i];
	return NULL;
}

bool ct_member_failed(const struct ct_member *m)
{
	if (m->outcome == CT_OUTCOME_FAILED)
		return true;
	return !ct_member_is_sandbox(m) && m->exit_ns && !m->stop_ns && m->ready < 0 &&
	       m->exit_code != CT_NO_EXIT_CODE && m->exit_code;
}

/* Nothing tells an init container from another but this: what is asked for next waits for its end. */
static bool is_init(const struct ct_crew *crew, size_t i)
{
	const struct ct_member *m = &crew->members[i];
	bool next = false;

	if (ct_member_is_sandbox(m) || !m->exit_ns)
		return false;
	for (size_t k = 0; k < crew->count; k++) {
		const struct ct_member *other = &crew->members[k];

		if (ct_member_is_sandbox(other) || !strcmp(other->name, m->name) ||
		    other->asked_ns < m->asked_ns)
			continue;
		if (other->asked_ns < m->exit_ns)
			return false;
		next = true;
	}
	return next;
}

static enum ct_phase phase_of(const struct ct_crew *crew, size_t i)
{
	if (ct_member_is_sandbox(&crew->members[i]))
		return CT_PHASE_SANDBOX;
	return is_init(crew, i) ? CT_PHASE_INIT : CT_PHASE_CONTAINERS;
}

/* Until when it is waited for. */
static uint64_t end_of(const struct ct_crew *crew, size_t i)
{
	const struct ct_member *m = &crew->members[i];

	return phase_of(crew, i) == CT_PHASE_INIT ? later(m->end_ns, m->exit_ns) : m->end_ns;
}

static bool is_same(const struct ct_member *a, const struct ct_member *b)
{
	return a != b && !strcmp(a->name, b->name);
}

static bool tried_again(const struct ct_crew *crew, size_t i)
{
	for (size_t k = 0; k < crew->count; k++)
		if (is_same(&crew->members[k], &crew->members[i]) &&
		    crew->members[k].begin_ns > crew->members[i].begin_ns)
			return true;
	return false;
}

static bool tried_before(const struct ct_crew *crew, size_t i)
{
	for (size_t k = 0; k < crew->count; k++)
		if (is_same(&crew->members[k], &crew->members[i]) &&
		    crew->members[k].begin_ns < crew->members[i].begin_ns)
			return true;
	return false;
}

bool ct_crew_is_restart(const struct ct_crew *crew, size_t i)
{
	for (size_t k = 0; k < crew->count; k++)
		if (is_same(&crew->members[k], &crew->members[i]) && crew->members[k].ready >= 0 &&
		    crew->members[k].begin_ns < crew->members[i].begin_ns)
			return !is_init(crew, i);
	return false;
}

static int by_begin(const void *a, const void *b)
{
	const struct ct_member *x = a, *y = b;

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	return ct_member_is_sandbox(y) - ct_member_is_sandbox(x);
}

static int by_stop(const void *a, const void *b)
{
	const struct ct_member *x = a, *y = b;

	if (x->stop_ns != y->stop_ns)
		return x->stop_ns < y->stop_ns ? -1 : 1;
	return by_begin(a, b);
}

/* Something of it is under way. */
struct busy {
	uint64_t begin_ns, end_ns;
	enum ct_phase phase;
	bool again; /* of what was tried before */
};

#define BUSY_MAX (CT_CREW_MEMBERS_MAX * (1 + CT_CREW_SEGMENTS_MAX))
#define STEPS_MAX \
	(CT_CREW_MEMBERS_MAX * (1 + CT_CREW_SEGMENTS_MAX + CT_CREW_PLUGINS_MAX) + \
	 CT_CREW_BETWEEN_MAX)

/* What belongs to a record of it while it is told. */
struct telling {
	struct ct_record rec;
	struct ct_crew_probes so_far[CT_CREW_PROBES_MAX];
	struct ct_probed probes[CT_CREW_PROBES_MAX];
	size_t busy_count;
	/* The last of all was a try that failed; NULL: it was not. */
	const struct ct_between *in_vain;
	char message[384];
	/* As many as are counted are written, and most of it is not. */
	struct busy busy[BUSY_MAX];
	struct ct_step steps[STEPS_MAX];
};

static void add_step(struct telling *t, const struct ct_step *step, const char *detail)
{
	struct ct_step *to = &t->steps[t->rec.step_count++];

	*to = *step;
	to->kind = CT_STEP_REQUEST;
	to->actor = "container";
	to->count = 1;
	ct_text_copy(to->detail, sizeof(to->detail), ct_text(detail, strlen(detail)));
}

/*
 * Those that begin in that phase of its sandbox: what a pod's network consists of, plugin by plugin. One
 * that another has called lies below that.
 */
static void add_plugins(struct telling *t, const struct ct_member *m,
			const struct ct_segment *within, enum ct_phase phase)
{
	uint16_t parent = (uint16_t)t->rec.step_count, caller = 0;
	const struct ct_step *outer = NULL;

	for (size_t i = 0; i < m->plugin_count; i++) {
		const struct ct_step *plugin = &m->plugins[i];
		bool called = outer && plugin->depth > outer->depth;
		struct ct_step *to;

		if (plugin->begin_ns < within->begin_ns || plugin->begin_ns >= within->end_ns)
			continue;
		to = &t->steps[t->rec.step_count++];
		*to = *plugin;
		if (to->end_ns > within->end_ns)
			to->end_ns = within->end_ns;
		to->phase = phase;
		to->starter = 0;
		to->parent = called ? caller : parent;
		to->depth = called ? 3 : 2;
		if (!called) {
			outer = plugin;
			caller = (uint16_t)t->rec.step_count;
		}
	}
}

/* A member is a step, and its own phases are steps below it. */
static void add_member(struct telling *t, const struct ct_crew *crew, size_t i, const char *name)
{
	const struct ct_member *m = &crew->members[i];
	uint16_t parent = (uint16_t)(t->rec.step_count + 1);
	struct ct_step step = {
		.name = name,
		.phase = phase_of(crew, i),
		.begin_ns = m->begin_ns,
		.end_ns = end_of(crew, i),
		.pid = m->pid,
	};

	add_step(t, &step, m->name);
	step.parent = parent;
	step.depth = 1;
	for (size_t k = 0; k < m->segment_count; k++) {
		step.name = ct_phase_names[m->segments[k].phase];
		step.begin_ns = m->segments[k].begin_ns;
		step.end_ns = m->segments[k].end_ns;
		add_step(t, &step, m->name);
		add_plugins(t, m, &m->segments[k], step.phase);
	}
	if (m->end_ns < end_of(crew, i)) {
		step.name = ct_phase_names[CT_PHASE_RUN];
		step.begin_ns = m->end_ns;
		step.end_ns = end_of(crew, i);
		add_step(t, &step, m->name);
	}
}

static void fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns, uint64_t end_ns)
{
	ct_segments_fill(rec, phase, begin_ns, end_ns);
	rec->seen |= 1u << phase;
}

/* None of its members is under way. */
static void fill_gap(struct ct_record *rec, const struct ct_crew *crew, enum ct_phase gap,
		     uint64_t begin_ns, uint64_t end_ns)
{
	for (size_t i = 0; i < crew->between_count; i++) {
		const struct ct_between *b = &crew->between[i];
		uint64_t from = later(b->begin_ns, begin_ns);
		uint64_t to = b->end_ns && b->end_ns < end_ns ? b->end_ns : end_ns;

		if (from >= to)
			continue;
		if (from > begin_ns)
			fill(rec, gap, begin_ns, from);
		fill(rec, b->phase, from, to);
		begin_ns = to;
		if (b->failed)
			gap = CT_PHASE_BACKOFF;
	}
	if (begin_ns < end_ns)
		fill(rec, gap, begin_ns, end_ns);
}

/* NULL: something was asked for since, or it was no failure. */
static const struct ct_between *last_in_vain(const struct ct_crew *crew, uint64_t after_ns)
{
	const struct ct_between *last =
		crew->between_count ? &crew->between[crew->between_count - 1] : NULL;

	return last && last->failed && last->end_ns > after_ns ? last : NULL;
}

static const char *const between_names[CT_PHASE_MAX] = {
	[CT_PHASE_VOLUMES] = "mount",
	[CT_PHASE_PULL] = "pull",
	[CT_PHASE_CONTAINERS] = "exec",
};

static void add_between(struct telling *t, const struct ct_crew *crew)
{
	for (size_t i = 0; i < crew->between_count; i++) {
		const struct ct_between *b = &crew->between[i];
		struct ct_step step = {
			.name = between_names[b->phase],
			.phase = b->phase,
			.begin_ns = b->begin_ns,
			.end_ns = b->end_ns,
			.pid = b->pid,
		};

		if (b->begin_ns >= t->rec.end_ns)
			continue;
		if (!step.end_ns || step.end_ns > t->rec.end_ns)
			step.end_ns = t->rec.end_ns;
		add_step(t, &step, b->name);
		ct_made_into_order(t->steps, t->rec.step_count)->actor = ct_role_name(
			b->phase == CT_PHASE_VOLUMES ? CT_ROLE_HELPER : CT_ROLE_ENGINE);
	}
}

/* A container that waits for its image keeps the pod waiting. Returns until when. */
static uint64_t fill_pull(struct ct_record *rec, const struct ct_member *m, uint64_t cursor)
{
	const struct ct_segment *first = &m->segments[0];

	if (!m->segment_count || first->phase != CT_PHASE_PULL || first->end_ns <= cursor)
		return cursor;
	fill(rec, CT_PHASE_PULL, cursor, first->end_ns);
	return first->end_ns;
}

static const char *const step_names[CT_PHASE_MAX] = {
	[CT_PHASE_SANDBOX] = "sandbox",
	[CT_PHASE_INIT] = "init container",
	[CT_PHASE_CONTAINERS] = "container",
};

/* Members in order of begin: what lies between them is who asks', or it does not try again yet. */
static void fill_in_order(struct telling *t, const struct ct_crew *crew)
{
	struct ct_record *rec = &t->rec;
	uint64_t cursor = rec->begin_ns;

	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_member *m = &crew->members[i];
		uint64_t end = end_of(crew, i);
		enum ct_phase phase = phase_of(crew, i);

		if (ct_crew_is_restart(crew, i))
			continue;
		if (m->begin_ns > cursor) {
			fill_gap(rec, crew,
				 tried_before(crew, i) ? CT_PHASE_BACKOFF : crew->kind->gap, cursor,
				 m->begin_ns);
			cursor = m->begin_ns;
		}
		cursor = fill_pull(rec, m, cursor);
		if (end > cursor) {
			fill(rec, phase, cursor, end);
			cursor = end;
		}
		add_member(t, crew, i, step_names[phase]);
	}
	t->in_vain = last_in_vain(crew, cursor);
	if (t->in_vain) {
		fill_gap(rec, crew, crew->kind->gap, cursor, t->in_vain->end_ns);
		cursor = t->in_vain->end_ns;
	}
	rec->end_ns = cursor;
}

static void is_busy(struct telling *t, uint64_t begin_ns, uint64_t end_ns, enum ct_phase phase,
		    bool again)
{
	if (t->busy_count < BUSY_MAX)
		t->busy[t->busy_count++] = (struct busy){ begin_ns, end_ns, phase, again };
}

static int by_busy(const void *a, const void *b)
{
	const struct busy *x = a, *y = b;

	return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

/* What is under way: who came first has it until that is over. Between, nothing is. Returns its end. */
static uint64_t fill_busy(struct telling *t, enum ct_phase gap, uint64_t cursor)
{
	qsort(t->busy, t->busy_count, sizeof(t->busy[0]), by_busy);
	for (size_t i = 0; i < t->busy_count; i++) {
		const struct busy *b = &t->busy[i];

		if (b->begin_ns > cursor) {
			fill(&t->rec, b->again ? CT_PHASE_BACKOFF : gap, cursor, b->begin_ns);
			cursor = b->begin_ns;
		}
		if (b->end_ns > cursor) {
			fill(&t->rec, b->phase, cursor, b->end_ns);
			cursor = b->end_ns;
		}
	}
	return cursor;
}

/* Each is made, and then waits until it may be started: meanwhile others are under way, or nothing is. */
static void fill_side_by_side(struct telling *t, const struct ct_crew *crew)
{
	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_member *m = &crew->members[i];
		enum ct_phase phase = phase_of(crew, i);

		if (ct_crew_is_restart(crew, i))
			continue;
		for (size_t k = 0; k < m->segment_count; k++) {
			const struct ct_segment *s = &m->segments[k];

			if (s->phase != CT_PHASE_CLIENT)
				is_busy(t, s->begin_ns, s->end_ns,
					s->phase == CT_PHASE_PULL ? CT_PHASE_PULL : phase,
					tried_before(crew, i) && !k);
		}
		is_busy(t, m->end_ns, end_of(crew, i), phase, false);
		add_member(t, crew, i, step_names[phase]);
	}
	t->rec.end_ns = fill_busy(t, crew->kind->gap, t->rec.begin_ns);
}

static void put(struct telling *t, const char *text)
{
	size_t len = strlen(t->message);

	ct_text_copy(t->message + len, sizeof(t->message) - len, ct_text(text, strlen(text)));
}

static void set_failure(struct telling *t, const struct ct_crew *crew, size_t i)
{
	const struct ct_member *m = &crew->members[i];
	const char *name = ct_member_is_sandbox(m) ? "the sandbox" : m->name;

	t->rec.outcome = CT_OUTCOME_FAILED;
	t->rec.failed_phase = phase_of(crew, i);
	t->rec.message = t->message;
	put(t, name);
	if (m->outcome != CT_OUTCOME_FAILED) {
		put(t, " has exited");
		t->rec.exit_code = m->exit_code;
	} else if (m->message[0]) {
		put(t, ": ");
		put(t, m->message);
	}
}

/* Its sandbox is there, and nobody has asked for anything in it; or what was tried last has failed. */
static void set_missing(struct telling *t, const struct ct_crew *crew)
{
	t->rec.outcome = CT_OUTCOME_FAILED;
	t->rec.failed_phase = t->in_vain ? t->in_vain->phase : crew->kind->gap;
	t->rec.message = t->message;
	t->message[0] = '\0';
	put(t, t->in_vain ? t->in_vain->message : "no container was asked for within a minute");
}

static bool is_empty(const struct ct_crew *crew)
{
	return crew->count == 1 && ct_member_is_sandbox(&crew->members[0]) &&
	       !crew->members[0].stopped_ns;
}

static void set_outcome(struct telling *t, const struct ct_crew *crew)
{
	struct ct_record *rec = &t->rec;

	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_member *m = &crew->members[i];

		if (ct_crew_is_restart(crew, i))
			continue;
		if (m->outcome == CT_OUTCOME_CUT && rec->outcome == CT_OUTCOME_OK)
			rec->outcome = CT_OUTCOME_CUT;
		if (ct_member_failed(m) && !tried_again(crew, i))
			set_failure(t, crew, i);
	}
}

static struct telling *telling_of(struct ct_crew *crew, enum ct_record_type type)
{
	struct telling *t = malloc(sizeof(*t));

	if (!t)
		return NULL;
	memset(t, 0, offsetof(struct telling, busy));
	qsort(crew->members, crew->count, sizeof(crew->members[0]),
	      type == crew->kind->start ? by_begin : by_stop);
	t->rec = (struct ct_record){
		.type = type,
		.who = &crew->who,
		.exit_code = CT_NO_EXIT_CODE,
		.ready = -1,
		.steps = t->steps,
		.message = "",
	};
	return t;
}

static void tell_probes(struct telling *t, const struct ct_crew_probes *probes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		t->probes[i] = probes[i].sum;
		t->probes[i].container = probes[i].container;
	}
	t->rec.probes = t->probes;
	t->rec.probe_count = count;
}

/* All that is known of them by now: what is told of a container may be older. */
static void add_probes_so_far(struct ct_core *core, struct telling *t, const struct ct_crew *crew)
{
	size_t count = 0;

	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_container *c = ct_book_of(core, crew->members[i].handle);
		struct ct_probed probes[CT_PROBES_MAX];

		if (c)
			ct_crew_add_probes(t->so_far, &count, probes, ct_probes_told(c, probes));
	}
	tell_probes(t, t->so_far, count);
}

void ct_crew_tell_start(struct ct_core *core, struct ct_crew *crew, bool cut)
{
	struct telling *t;

	t = telling_of(crew, crew->kind->start);
	if (!t)
		return;
	t->rec.begin_ns = crew->members[0].begin_ns;
	if (crew->first_ns && crew->first_ns < t->rec.begin_ns)
		t->rec.begin_ns = crew->first_ns;
	t->rec.outcome = cut || crew->beyond ? CT_OUTCOME_CUT : CT_OUTCOME_OK;
	if (crew->kind->side_by_side)
		fill_side_by_side(t, crew);
	else
		fill_in_order(t, crew);
	add_between(t, crew);
	add_probes_so_far(core, t, crew);
	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_member *m = &crew->members[i];

		if (!ct_member_is_sandbox(m) && !ct_crew_is_restart(crew, i) &&
		    m->ready_ns > t->rec.ready_ns) {
			t->rec.ready_ns = m->ready_ns;
			t->rec.ready = m->ready;
		}
	}
	set_outcome(t, crew);
	if (t->rec.outcome == CT_OUTCOME_OK && (t->in_vain || is_empty(crew)))
		set_missing(t, crew);
	ct_made_tell(core, &t->rec);
	free(t);
}

/* Removed before anything else of the pod was asked for, that is a part of what the pod waited for. */
static uint64_t stopped_at(const struct ct_member *m, uint64_t next_ns)
{
	return !ct_member_is_sandbox(m) && m->removed_ns <= next_ns ? m->removed_ns : m->stopped_ns;
}

/* Those that were asked to stop, as steps. Until when the last of them but the sandbox was. */
static uint64_t add_stops(struct telling *t, const struct ct_crew *crew, uint64_t sandbox_ns)
{
	uint64_t last = 0;

	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_member *m = &crew->members[i];
		struct ct_step step = {
			.name = ct_member_is_sandbox(m) ? "sandbox" : "container",
			.phase = ct_member_is_sandbox(m) ? CT_PHASE_SANDBOX : CT_PHASE_CONTAINERS,
			.begin_ns = m->stop_ns,
			.end_ns = stopped_at(m, sandbox_ns),
			.pid = m->pid,
		};

		if (!m->stop_ns)
			continue;
		add_step(t, &step, m->name);
		if (m->stop_ns < t->rec.begin_ns)
			t->rec.begin_ns = m->stop_ns;
		if (ct_member_is_sandbox(m))
			continue;
		last = later(last, step.end_ns);
		is_busy(t, step.begin_ns, step.end_ns, CT_PHASE_CONTAINERS, false);
	}
	return last;
}

/* Its containers are stopped first, then its sandbox. */
static uint64_t fill_sandbox_stop(struct telling *t, const struct ct_crew *crew,
				  const struct ct_member *sandbox, uint64_t last)
{
	uint64_t cursor = t->rec.begin_ns;

	if (last > cursor) {
		fill(&t->rec, CT_PHASE_CONTAINERS, cursor, last);
		cursor = last;
	}
	if (sandbox->stop_ns > cursor) {
		fill(&t->rec, crew->kind->gap, cursor, sandbox->stop_ns);
		cursor = sandbox->stop_ns;
	}
	if (sandbox->stopped_ns > cursor) {
		fill(&t->rec, CT_PHASE_SANDBOX, cursor, sandbox->stopped_ns);
		cursor = sandbox->stopped_ns;
	}
	return cursor;
}

void ct_crew_tell_stop(struct ct_core *core, struct ct_crew *crew)
{
	struct telling *t = telling_of(crew, crew->kind->stop);
	const struct ct_member *sandbox = ct_crew_sandbox(crew);
	uint64_t last;

	if (!t)
		return;
	t->rec.begin_ns = sandbox ? sandbox->stop_ns : UINT64_MAX;
	last = add_stops(t, crew, sandbox ? sandbox->stop_ns : UINT64_MAX);
	t->rec.outcome = crew->beyond && !sandbox ? CT_OUTCOME_CUT : crew->stop_outcome;
	t->rec.removed = crew->removed;
	tell_probes(t, crew->probes, crew->probe_count);
	t->rec.end_ns = sandbox ? fill_sandbox_stop(t, crew, sandbox, last)
				: fill_busy(t, crew->kind->gap, t->rec.begin_ns);
	ct_made_tell(core, &t->rec);
	free(t);
}
