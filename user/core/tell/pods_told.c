// SPDX-License-Identifier: GPL-2.0-only
/* What is told of a pod: its phases lie between its containers, which are its steps. */
#include "core/tell/pods.h"
#include "core/tell/segments.h"

#include <stdlib.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool ct_pod_is_sandbox(const struct ct_pod_member *m)
{
	return !m->name[0];
}

struct ct_pod_member *ct_pod_sandbox(struct ct_pod *pod)
{
	for (size_t i = 0; i < pod->count; i++)
		if (ct_pod_is_sandbox(&pod->members[i]))
			return &pod->members[i];
	return NULL;
}

bool ct_pod_failed(const struct ct_pod_member *m)
{
	if (m->outcome == CT_OUTCOME_FAILED)
		return true;
	return !ct_pod_is_sandbox(m) && m->exit_ns && !m->stop_ns && m->ready < 0 &&
	       m->exit_code != CT_NO_EXIT_CODE && m->exit_code;
}

/* Nothing tells an init container from another but this: what is asked for next waits for its end. */
static bool is_init(const struct ct_pod *pod, size_t i)
{
	const struct ct_pod_member *m = &pod->members[i];
	bool next = false;

	if (ct_pod_is_sandbox(m) || !m->exit_ns)
		return false;
	for (size_t k = 0; k < pod->count; k++) {
		const struct ct_pod_member *other = &pod->members[k];

		if (ct_pod_is_sandbox(other) || !strcmp(other->name, m->name) ||
		    other->begin_ns < m->begin_ns)
			continue;
		if (other->begin_ns < m->exit_ns)
			return false;
		next = true;
	}
	return next;
}

static enum ct_phase phase_of(const struct ct_pod *pod, size_t i)
{
	if (ct_pod_is_sandbox(&pod->members[i]))
		return CT_PHASE_SANDBOX;
	return is_init(pod, i) ? CT_PHASE_INIT : CT_PHASE_CONTAINERS;
}

/* Until when the pod waits for it. */
static uint64_t end_of(const struct ct_pod *pod, size_t i)
{
	const struct ct_pod_member *m = &pod->members[i];

	return phase_of(pod, i) == CT_PHASE_INIT ? later(m->end_ns, m->exit_ns) : m->end_ns;
}

static bool is_same(const struct ct_pod_member *a, const struct ct_pod_member *b)
{
	return a != b && !strcmp(a->name, b->name);
}

static bool tried_again(const struct ct_pod *pod, size_t i)
{
	for (size_t k = 0; k < pod->count; k++)
		if (is_same(&pod->members[k], &pod->members[i]) &&
		    pod->members[k].begin_ns > pod->members[i].begin_ns)
			return true;
	return false;
}

static bool tried_before(const struct ct_pod *pod, size_t i)
{
	for (size_t k = 0; k < pod->count; k++)
		if (is_same(&pod->members[k], &pod->members[i]) &&
		    pod->members[k].begin_ns < pod->members[i].begin_ns)
			return true;
	return false;
}

bool ct_pod_is_restart(const struct ct_pod *pod, size_t i)
{
	for (size_t k = 0; k < pod->count; k++)
		if (is_same(&pod->members[k], &pod->members[i]) && pod->members[k].ready >= 0 &&
		    pod->members[k].begin_ns < pod->members[i].begin_ns)
			return !is_init(pod, i);
	return false;
}

static int by_begin(const void *a, const void *b)
{
	const struct ct_pod_member *x = a, *y = b;

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	return ct_pod_is_sandbox(y) - ct_pod_is_sandbox(x);
}

static int by_stop(const void *a, const void *b)
{
	const struct ct_pod_member *x = a, *y = b;

	if (x->stop_ns != y->stop_ns)
		return x->stop_ns < y->stop_ns ? -1 : 1;
	return by_begin(a, b);
}

/* What belongs to a record of a pod while it is told. */
struct telling {
	struct ct_record rec;
	struct ct_step steps[CT_POD_MEMBERS_MAX * (1 + CT_POD_SEGMENTS_MAX + CT_POD_PLUGINS_MAX)];
	struct ct_pod_probes so_far[CT_POD_PROBES_MAX];
	struct ct_probed probes[CT_POD_PROBES_MAX];
	char message[384];
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
static void add_plugins(struct telling *t, const struct ct_pod_member *m,
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
static void add_member(struct telling *t, const struct ct_pod *pod, size_t i, const char *name)
{
	const struct ct_pod_member *m = &pod->members[i];
	uint16_t parent = (uint16_t)(t->rec.step_count + 1);
	struct ct_step step = {
		.name = name,
		.phase = phase_of(pod, i),
		.begin_ns = m->begin_ns,
		.end_ns = end_of(pod, i),
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
	if (m->end_ns < end_of(pod, i)) {
		step.name = ct_phase_names[CT_PHASE_RUN];
		step.begin_ns = m->end_ns;
		step.end_ns = end_of(pod, i);
		add_step(t, &step, m->name);
	}
}

static void fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns, uint64_t end_ns)
{
	ct_segments_fill(rec, phase, begin_ns, end_ns);
	rec->seen |= 1u << phase;
}

/* A container that waits for its image keeps the pod waiting. Returns until when. */
static uint64_t fill_pull(struct ct_record *rec, const struct ct_pod_member *m, uint64_t cursor)
{
	const struct ct_segment *first = &m->segments[0];

	if (!m->segment_count || first->phase != CT_PHASE_PULL || first->end_ns <= cursor)
		return cursor;
	fill(rec, CT_PHASE_PULL, cursor, first->end_ns);
	return first->end_ns;
}

/* Members in order of begin: what lies between them is the kubelet's, or it does not try again yet. */
static void fill_start(struct telling *t, const struct ct_pod *pod)
{
	static const char *const names[CT_PHASE_MAX] = {
		[CT_PHASE_SANDBOX] = "sandbox",
		[CT_PHASE_INIT] = "init container",
		[CT_PHASE_CONTAINERS] = "container",
	};
	struct ct_record *rec = &t->rec;
	uint64_t cursor = rec->begin_ns;

	for (size_t i = 0; i < pod->count; i++) {
		const struct ct_pod_member *m = &pod->members[i];
		uint64_t end = end_of(pod, i);
		enum ct_phase phase = phase_of(pod, i);

		if (ct_pod_is_restart(pod, i))
			continue;
		if (m->begin_ns > cursor) {
			fill(rec, tried_before(pod, i) ? CT_PHASE_BACKOFF : CT_PHASE_CLIENT, cursor,
			     m->begin_ns);
			cursor = m->begin_ns;
		}
		cursor = fill_pull(rec, m, cursor);
		if (end > cursor) {
			fill(rec, phase, cursor, end);
			cursor = end;
		}
		add_member(t, pod, i, names[phase]);
	}
	rec->end_ns = cursor;
}

static void put(struct telling *t, const char *text)
{
	size_t len = strlen(t->message);

	ct_text_copy(t->message + len, sizeof(t->message) - len, ct_text(text, strlen(text)));
}

static void set_failure(struct telling *t, const struct ct_pod *pod, size_t i)
{
	const struct ct_pod_member *m = &pod->members[i];
	const char *name = ct_pod_is_sandbox(m) ? "the sandbox" : m->name;

	t->rec.outcome = CT_OUTCOME_FAILED;
	t->rec.failed_phase = phase_of(pod, i);
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

/* Its sandbox is there, and nobody has asked for anything in it. */
static void set_empty(struct telling *t)
{
	t->rec.outcome = CT_OUTCOME_FAILED;
	t->rec.failed_phase = CT_PHASE_CLIENT;
	t->rec.message = t->message;
	put(t, "no container was asked for within a minute");
}

static void set_outcome(struct telling *t, const struct ct_pod *pod)
{
	struct ct_record *rec = &t->rec;

	for (size_t i = 0; i < pod->count; i++) {
		const struct ct_pod_member *m = &pod->members[i];

		if (ct_pod_is_restart(pod, i))
			continue;
		if (m->outcome == CT_OUTCOME_CUT && rec->outcome == CT_OUTCOME_OK)
			rec->outcome = CT_OUTCOME_CUT;
		if (ct_pod_failed(m) && !tried_again(pod, i))
			set_failure(t, pod, i);
	}
}

static struct telling *telling_of(struct ct_pod *pod, enum ct_record_type type)
{
	struct telling *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	qsort(pod->members, pod->count, sizeof(pod->members[0]),
	      type == CT_RECORD_POD_START ? by_begin : by_stop);
	t->rec = (struct ct_record){
		.type = type,
		.who = &pod->who,
		.exit_code = CT_NO_EXIT_CODE,
		.ready = -1,
		.steps = t->steps,
		.message = "",
		.first = type == CT_RECORD_POD_START,
	};
	return t;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

static void add_probe(struct ct_probed *to, const struct ct_probed *from)
{
	to->count += from->count;
	to->failed += from->failed;
	to->unheard += from->unheard;
	if (from->last_ns > to->last_ns)
		to->failing = from->failing;
	to->first_ns = sooner(to->first_ns, from->first_ns);
	to->ok_ns = sooner(to->ok_ns, from->ok_ns);
	to->last_ns = later(to->last_ns, from->last_ns);
	to->min_ns = sooner(to->min_ns, from->min_ns);
	to->max_ns = later(to->max_ns, from->max_ns);
	to->sum_ns += from->sum_ns;
}

void ct_pod_add_probes(struct ct_pod_probes *to, size_t *count, const struct ct_probed *probes,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < *count && strcmp(to[at].container, probes[i].container) != 0)
			at++;
		if (at == CT_POD_PROBES_MAX)
			return;
		if (at == *count) {
			memset(&to[at], 0, sizeof(to[at]));
			ct_text_copy(to[at].container, sizeof(to[at].container),
				     ct_text(probes[i].container, strlen(probes[i].container)));
			(*count)++;
		}
		add_probe(&to[at].sum, &probes[i]);
	}
}

static void tell_probes(struct telling *t, const struct ct_pod_probes *probes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		t->probes[i] = probes[i].sum;
		t->probes[i].container = probes[i].container;
	}
	t->rec.probes = t->probes;
	t->rec.probe_count = count;
}

/* All that is known of them by now: what is told of a container may be older. */
static void add_probes_so_far(struct ct_core *core, struct telling *t, const struct ct_pod *pod)
{
	size_t count = 0;

	for (size_t i = 0; i < pod->count; i++) {
		const struct ct_container *c = ct_book_of(core, pod->members[i].handle);
		struct ct_probed probes[CT_PROBES_MAX];

		if (c)
			ct_pod_add_probes(t->so_far, &count, probes, ct_probes_told(c, probes));
	}
	tell_probes(t, t->so_far, count);
}

void ct_pod_tell_start(struct ct_core *core, struct ct_pod *pod, bool cut)
{
	struct telling *t;

	pod->start_told = true;
	pod->start_due = 0;
	t = telling_of(pod, CT_RECORD_POD_START);
	if (!t)
		return;
	t->rec.begin_ns = pod->members[0].begin_ns;
	t->rec.outcome = cut || pod->beyond ? CT_OUTCOME_CUT : CT_OUTCOME_OK;
	fill_start(t, pod);
	add_probes_so_far(core, t, pod);
	for (size_t i = 0; i < pod->count; i++) {
		const struct ct_pod_member *m = &pod->members[i];

		if (!ct_pod_is_sandbox(m) && !ct_pod_is_restart(pod, i) &&
		    m->ready_ns > t->rec.ready_ns) {
			t->rec.ready_ns = m->ready_ns;
			t->rec.ready = m->ready;
		}
	}
	set_outcome(t, pod);
	if (pod->count == 1 && t->rec.outcome == CT_OUTCOME_OK && !pod->members[0].stopped_ns)
		set_empty(t);
	ct_made_tell(core, &t->rec);
	free(t);
}

/* Removed before anything else of the pod was asked for, that is a part of what the pod waited for. */
static uint64_t stopped_at(const struct ct_pod_member *m, uint64_t next_ns)
{
	return !ct_pod_is_sandbox(m) && m->removed_ns <= next_ns ? m->removed_ns : m->stopped_ns;
}

void ct_pod_tell_stop(struct ct_core *core, struct ct_pod *pod)
{
	const struct ct_pod_member *sandbox = ct_pod_sandbox(pod);
	uint64_t begin = sandbox->stop_ns, cursor, last = 0;
	struct telling *t = telling_of(pod, CT_RECORD_POD_STOP);

	pod->stop_due = 0;
	if (!t)
		return;
	sandbox = ct_pod_sandbox(pod);
	for (size_t i = 0; i < pod->count; i++) {
		const struct ct_pod_member *m = &pod->members[i];
		struct ct_step step = {
			.name = ct_pod_is_sandbox(m) ? "sandbox" : "container",
			.phase = ct_pod_is_sandbox(m) ? CT_PHASE_SANDBOX : CT_PHASE_CONTAINERS,
			.begin_ns = m->stop_ns,
			.end_ns = stopped_at(m, sandbox->stop_ns),
			.pid = m->pid,
		};

		if (!m->stop_ns)
			continue;
		add_step(t, &step, m->name);
		if (m->stop_ns < begin)
			begin = m->stop_ns;
		if (!ct_pod_is_sandbox(m))
			last = later(last, step.end_ns);
	}
	t->rec.begin_ns = cursor = begin;
	t->rec.outcome = pod->stop_outcome;
	tell_probes(t, pod->probes, pod->probe_count);
	if (last > cursor) {
		fill(&t->rec, CT_PHASE_CONTAINERS, cursor, last);
		cursor = last;
	}
	if (sandbox->stop_ns > cursor) {
		fill(&t->rec, CT_PHASE_CLIENT, cursor, sandbox->stop_ns);
		cursor = sandbox->stop_ns;
	}
	if (sandbox->stopped_ns > cursor) {
		fill(&t->rec, CT_PHASE_SANDBOX, cursor, sandbox->stopped_ns);
		cursor = sandbox->stopped_ns;
	}
	t->rec.end_ns = cursor;
	ct_made_tell(core, &t->rec);
	free(t);
}
