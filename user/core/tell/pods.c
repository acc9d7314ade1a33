// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pod is told of by what is told of its sandbox and its containers: the kubelet asks for one after
 * the other, and nobody says how many there will be (pkg/kubelet/kuberuntime of Kubernetes 1.26:
 * SyncPod). So a pod has started when what was asked for is there, and nothing else has been asked for
 * as long as the kubelet may take for its next look at it.
 */
#include "core/tell/made.h"
#include "core/tell/segments.h"

#include <stdlib.h>

#define MEMBERS_MAX  48
#define SEGMENTS_MAX 8 /* of a member that are kept */
/* The kubelet asks for the next container at once, if it asks for one. */
#define QUIET_NS     (5000 * CT_NS_PER_MS)
/* What has ended may be awaited by the next: the kubelet looks every second, then pulls its image. */
#define NEXT_NS      (60000 * CT_NS_PER_MS)
/* How long after its sandbox a stop of one of its containers may be told. */
#define LATE_NS      (2000 * CT_NS_PER_MS)
/* Who is between two states is looked at again so often. */
#define AGAIN_NS     (1000 * CT_NS_PER_MS)

/* A start of the sandbox or of a container, and its end. */
struct member {
	char id[sizeof(((struct ct_identity *)0)->id)];
	char name[sizeof(((struct ct_identity *)0)->pod_container)]; /* empty: the sandbox */
	uint64_t begin_ns, end_ns; /* of its start */
	uint64_t ready_ns;
	int ready; /* enum ct_ready, -1: no sign */
	enum ct_outcome outcome;
	uint64_t exit_ns; /* 0: it runs */
	int exit_code;
	uint64_t stop_ns, stopped_ns; /* asked to stop, until it is gone; 0: it was not asked */
	uint32_t pid;
	struct ct_segment segments[SEGMENTS_MAX];
	size_t segment_count;
	char message[128];
};

struct pod {
	struct ct_book_key key; /* id: its uid */
	struct ct_identity who;
	struct member members[MEMBERS_MAX]; /* in the order in which they were told */
	size_t count;
	size_t beyond; /* for whom there was no room */
	bool began; /* its sandbox was seen to start */
	bool start_told;
	enum ct_outcome stop_outcome; /* of its sandbox */
	uint64_t start_due, stop_due; /* 0: not waited for */
	UT_hash_handle hh;
};

struct pods {
	struct pod *all;
};

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static struct ct_book_key key_of(const struct ct_container *c)
{
	struct ct_book_key key;

	_Static_assert(sizeof(key.id) >= sizeof(c->who.pod_uid), "a uid is no longer than an id");
	memset(&key, 0, sizeof(key));
	key.scope = c->key.scope;
	memcpy(key.id, c->who.pod_uid, strnlen(c->who.pod_uid, sizeof(c->who.pod_uid) - 1));
	return key;
}

static struct pod *find(struct pods *pods, const struct ct_container *c)
{
	struct ct_book_key key = key_of(c);
	struct pod *pod = NULL;

	HASH_FIND(hh, pods->all, &key, sizeof(key), pod);
	return pod;
}

static struct pod *find_or_make(struct pods *pods, const struct ct_container *c)
{
	struct pod *pod = find(pods, c);

	if (pod)
		return pod;
	pod = calloc(1, sizeof(*pod));
	if (!pod)
		return NULL;
	pod->key = key_of(c);
	HASH_ADD(hh, pods->all, key, sizeof(pod->key), pod);
	return pod;
}

static void forget(struct pods *pods, struct pod *pod)
{
	HASH_DEL(pods->all, pod);
	free(pod);
}

static bool is_sandbox(const struct member *m)
{
	return !m->name[0];
}

static struct member *sandbox_of(struct pod *pod)
{
	for (size_t i = 0; i < pod->count; i++)
		if (is_sandbox(&pod->members[i]))
			return &pod->members[i];
	return NULL;
}

/* It never was what it was started for, and nobody has made it so. */
static bool is_failed(const struct member *m)
{
	if (m->outcome == CT_OUTCOME_FAILED)
		return true;
	return !is_sandbox(m) && m->exit_ns && !m->stop_ns && m->ready < 0 &&
	       m->exit_code != CT_NO_EXIT_CODE && m->exit_code;
}

/* Nothing tells an init container from another but this: what is asked for next waits for its end. */
static bool is_init(const struct pod *pod, size_t i)
{
	const struct member *m = &pod->members[i];
	bool next = false;

	if (is_sandbox(m) || !m->exit_ns)
		return false;
	for (size_t k = 0; k < pod->count; k++) {
		const struct member *other = &pod->members[k];

		if (is_sandbox(other) || !strcmp(other->name, m->name) ||
		    other->begin_ns < m->begin_ns)
			continue;
		if (other->begin_ns < m->exit_ns)
			return false;
		next = true;
	}
	return next;
}

static enum ct_phase phase_of(const struct pod *pod, size_t i)
{
	if (is_sandbox(&pod->members[i]))
		return CT_PHASE_SANDBOX;
	return is_init(pod, i) ? CT_PHASE_INIT : CT_PHASE_CONTAINERS;
}

/* Until when the pod waits for it. */
static uint64_t end_of(const struct pod *pod, size_t i)
{
	const struct member *m = &pod->members[i];

	return phase_of(pod, i) == CT_PHASE_INIT ? later(m->end_ns, m->exit_ns) : m->end_ns;
}

static bool is_same(const struct member *a, const struct member *b)
{
	return a != b && !strcmp(a->name, b->name);
}

static bool tried_again(const struct pod *pod, size_t i)
{
	for (size_t k = 0; k < pod->count; k++)
		if (is_same(&pod->members[k], &pod->members[i]) &&
		    pod->members[k].begin_ns > pod->members[i].begin_ns)
			return true;
	return false;
}

static bool tried_before(const struct pod *pod, size_t i)
{
	for (size_t k = 0; k < pod->count; k++)
		if (is_same(&pod->members[k], &pod->members[i]) &&
		    pod->members[k].begin_ns < pod->members[i].begin_ns)
			return true;
	return false;
}

/* It was ready once: that it is so again is the container's affair, and no part of the pod's start. */
static bool is_restart(const struct pod *pod, size_t i)
{
	for (size_t k = 0; k < pod->count; k++)
		if (is_same(&pod->members[k], &pod->members[i]) && pod->members[k].ready >= 0 &&
		    pod->members[k].begin_ns < pod->members[i].begin_ns)
			return !is_init(pod, i);
	return false;
}

static int by_begin(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	return is_sandbox(y) - is_sandbox(x);
}

static int by_stop(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->stop_ns != y->stop_ns)
		return x->stop_ns < y->stop_ns ? -1 : 1;
	return by_begin(a, b);
}

/* What belongs to a record of a pod while it is told. */
struct telling {
	struct ct_record rec;
	struct ct_step steps[MEMBERS_MAX * (1 + SEGMENTS_MAX)];
	char message[256];
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

/* A member is a step, and its own phases are steps below it. */
static void add_member(struct telling *t, const struct pod *pod, size_t i, const char *name)
{
	const struct member *m = &pod->members[i];
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

/* Members in order of begin: what lies between them is the kubelet's, or it does not try again yet. */
static void fill_start(struct telling *t, const struct pod *pod)
{
	static const char *const names[CT_PHASE_MAX] = {
		[CT_PHASE_SANDBOX] = "sandbox",
		[CT_PHASE_INIT] = "init container",
		[CT_PHASE_CONTAINERS] = "container",
	};
	struct ct_record *rec = &t->rec;
	uint64_t cursor = rec->begin_ns;

	for (size_t i = 0; i < pod->count; i++) {
		const struct member *m = &pod->members[i];
		uint64_t end = end_of(pod, i);
		enum ct_phase phase = phase_of(pod, i);

		if (is_restart(pod, i))
			continue;
		if (m->begin_ns > cursor) {
			fill(rec, tried_before(pod, i) ? CT_PHASE_BACKOFF : CT_PHASE_CLIENT, cursor,
			     m->begin_ns);
			cursor = m->begin_ns;
		}
		if (end > cursor) {
			fill(rec, phase, cursor, end);
			cursor = end;
		}
		add_member(t, pod, i, names[phase]);
	}
	rec->end_ns = cursor;
}

static void set_failure(struct telling *t, const struct pod *pod, size_t i)
{
	const struct member *m = &pod->members[i];
	const char *name = is_sandbox(m) ? "the sandbox" : m->name;

	t->rec.outcome = CT_OUTCOME_FAILED;
	t->rec.failed_phase = phase_of(pod, i);
	t->rec.message = t->message;
	if (m->outcome == CT_OUTCOME_FAILED)
		snprintf(t->message, sizeof(t->message), "%s%s%s", name, m->message[0] ? ": " : "",
			 m->message);
	else
		snprintf(t->message, sizeof(t->message), "%s exited with %d", name, m->exit_code);
}

static void set_outcome(struct telling *t, const struct pod *pod)
{
	struct ct_record *rec = &t->rec;

	for (size_t i = 0; i < pod->count; i++) {
		const struct member *m = &pod->members[i];

		if (is_restart(pod, i))
			continue;
		if (m->outcome == CT_OUTCOME_CUT && rec->outcome == CT_OUTCOME_OK)
			rec->outcome = CT_OUTCOME_CUT;
		if (is_failed(m) && !tried_again(pod, i))
			set_failure(t, pod, i);
	}
}

static struct telling *telling_of(struct pod *pod, enum ct_record_type type)
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

static void tell_start(struct ct_core *core, struct pod *pod, bool cut)
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
	for (size_t i = 0; i < pod->count; i++) {
		const struct member *m = &pod->members[i];

		if (!is_sandbox(m) && !is_restart(pod, i) && m->ready_ns > t->rec.ready_ns) {
			t->rec.ready_ns = m->ready_ns;
			t->rec.ready = m->ready;
		}
	}
	set_outcome(t, pod);
	ct_made_tell(core, &t->rec);
	free(t);
}

/* Those who were asked to stop, and then the sandbox: in between nothing is under way. */
static void tell_stop(struct ct_core *core, struct pod *pod)
{
	const struct member *sandbox = sandbox_of(pod);
	uint64_t begin = sandbox->stop_ns, cursor, last = 0;
	struct telling *t = telling_of(pod, CT_RECORD_POD_STOP);

	pod->stop_due = 0;
	if (!t)
		return;
	sandbox = sandbox_of(pod);
	for (size_t i = 0; i < pod->count; i++) {
		const struct member *m = &pod->members[i];
		struct ct_step step = {
			.name = is_sandbox(m) ? "sandbox" : "container",
			.phase = is_sandbox(m) ? CT_PHASE_SANDBOX : CT_PHASE_CONTAINERS,
			.begin_ns = m->stop_ns,
			.end_ns = m->stopped_ns,
			.pid = m->pid,
		};

		if (!m->stop_ns)
			continue;
		add_step(t, &step, m->name);
		if (m->stop_ns < begin)
			begin = m->stop_ns;
		if (!is_sandbox(m))
			last = later(last, m->stopped_ns);
	}
	t->rec.begin_ns = cursor = begin;
	t->rec.outcome = pod->stop_outcome;
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

/* Whether anything of it is between two states, so that more will be told. */
static bool is_moving(const struct ct_core *core, const struct pod *pod)
{
	for (const struct ct_container *c = ct_book_moving(core); c; c = c->next)
		if (ct_scope_is(&c->key.scope, &pod->key.scope) &&
		    !strcmp(c->who.pod_uid, pod->key.id) &&
		    (pod->stop_due ? c->run.marks[CT_MARK_EXIT] && !c->run.stop_reported
				   : !c->run.start_reported))
			return true;
	return false;
}

/* More is to come, if the sandbox is all there is, or who came last may have been waited for. */
static bool awaits_more(const struct pod *pod, uint64_t *heard)
{
	const struct member *last = NULL;

	*heard = 0;
	for (size_t i = 0; i < pod->count; i++) {
		const struct member *m = &pod->members[i];

		if (is_restart(pod, i))
			continue;
		if (!last || m->begin_ns >= last->begin_ns)
			last = m;
		*heard = later(*heard, later(m->end_ns, m->exit_ns));
	}
	return !last || is_sandbox(last) || (last->exit_ns && !last->exit_code && !last->stop_ns);
}

/* When its start is complete, if nothing else is heard of it. */
static uint64_t complete_at(const struct pod *pod)
{
	uint64_t heard;
	bool more = awaits_more(pod, &heard);

	return heard + (more ? NEXT_NS : QUIET_NS);
}

static struct member *add(struct pod *pod)
{
	if (pod->count == MEMBERS_MAX) {
		pod->beyond++;
		return NULL;
	}
	memset(&pod->members[pod->count], 0, sizeof(pod->members[0]));
	return &pod->members[pod->count++];
}

static void keep(struct member *m, const struct ct_record *rec)
{
	const struct ct_identity *who = rec->who;

	memcpy(m->id, who->id, sizeof(m->id));
	memcpy(m->name, who->pod_container, sizeof(m->name));
	m->begin_ns = rec->begin_ns;
	m->end_ns = rec->end_ns;
	m->ready_ns = rec->ready_ns;
	m->ready = rec->ready;
	m->outcome = rec->outcome;
	m->exit_code = CT_NO_EXIT_CODE;
	m->pid = who->init_pid;
	for (size_t i = 0; i < rec->segment_count && i < SEGMENTS_MAX; i++)
		m->segments[m->segment_count++] = rec->segments[i];
	if (rec->message)
		ct_text_copy(m->message, sizeof(m->message),
			     ct_text(rec->message, strlen(rec->message)));
}

/* A sandbox begins a pod, or takes the place of one that has gone. */
static void begin(struct ct_core *core, struct pods *pods, const struct ct_record *rec,
		  const struct ct_container *c)
{
	struct pod *pod = find_or_make(pods, c);

	if (!pod)
		return;
	if (pod->began && !pod->start_told)
		tell_start(core, pod, false);
	pod->count = pod->beyond = 0;
	pod->start_told = false;
	pod->began = true;
	pod->stop_due = 0;
	pod->who = *rec->who;
	ct_text_copy(pod->who.id, sizeof(pod->who.id), ct_text(pod->key.id, strlen(pod->key.id)));
	ct_text_copy(pod->who.name, sizeof(pod->who.name),
		     ct_text(rec->who->pod, strlen(rec->who->pod)));
	pod->who.image[0] = '\0';
	pod->who.args_hash = 0;
	keep(add(pod), rec);
	if (rec->outcome == CT_OUTCOME_FAILED) /* the kubelet will ask for another */
		tell_start(core, pod, false);
	else
		pod->start_due = complete_at(pod);
}

static void started(struct ct_core *core, struct pods *pods, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct pod *pod;
	struct member *m;

	if (!rec->who->pod_container[0]) {
		begin(core, pods, rec, c);
		return;
	}
	pod = find(pods, c);
	if (!pod)
		return;
	/* What is started again is the container's own affair; what stops is who runs last. */
	for (size_t i = 0; pod->start_told && i < pod->count; i++) {
		if (!strcmp(pod->members[i].name, rec->who->pod_container)) {
			memset(&pod->members[i], 0, sizeof(pod->members[i]));
			keep(&pod->members[i], rec);
			return;
		}
	}
	m = add(pod);
	if (!m)
		return;
	keep(m, rec);
	if (!pod->start_told)
		pod->start_due = complete_at(pod);
}

static void stopped(struct ct_core *core, struct pods *pods, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct pod *pod = find(pods, c);
	struct member *m = NULL;

	(void)core;
	for (size_t i = 0; pod && i < pod->count; i++)
		if (!strcmp(pod->members[i].id, rec->who->id))
			m = &pod->members[i];
	if (!m)
		return;
	m->exit_ns = rec->service_end_ns;
	m->exit_code = rec->exit_code;
	if (is_sandbox(m) || ct_record_phase_ns(rec, CT_PHASE_STOP)) {
		m->stop_ns = rec->begin_ns;
		m->stopped_ns = rec->end_ns;
	}
	if (is_sandbox(m)) {
		pod->stop_outcome = rec->outcome;
		pod->stop_due = core->now + LATE_NS;
	}
	if (pod->start_due)
		pod->start_due = complete_at(pod);
}

static void told(struct ct_core *core, void *state, const struct ct_record *rec,
		 struct ct_container *c)
{
	struct pods *pods = state;
	struct pod *pod;

	if (!c->who.pod_uid[0])
		return;
	if (rec->type == CT_RECORD_START)
		started(core, pods, rec, c);
	else if (rec->type == CT_RECORD_STOP)
		stopped(core, pods, rec, c);
	pod = find(pods, c);
	if (pod) {
		ct_made_wait(core, pod->start_due);
		ct_made_wait(core, pod->stop_due);
	}
}

static uint64_t look(struct ct_core *core, const struct pod *pod, uint64_t due)
{
	if (core->now < due)
		return due;
	return is_moving(core, pod) ? core->now + AGAIN_NS : 0;
}

static void due(struct ct_core *core, void *state)
{
	struct pods *pods = state;
	struct pod *pod, *next;

	HASH_ITER(hh, pods->all, pod, next) {
		/* Its stop says that nothing more will start. */
		if (pod->start_due && !pod->stop_due) {
			pod->start_due = look(core, pod, pod->start_due);
			if (!pod->start_due)
				tell_start(core, pod, false);
		}
		if (pod->stop_due) {
			pod->stop_due = look(core, pod, pod->stop_due);
			if (!pod->stop_due) {
				if (pod->began && !pod->start_told)
					tell_start(core, pod, false);
				tell_stop(core, pod);
				forget(pods, pod);
				continue;
			}
		}
		ct_made_wait(core, pod->start_due);
		ct_made_wait(core, pod->stop_due);
	}
}

static void goes(struct ct_core *core, void *state, const struct ct_container *c)
{
	struct pods *pods = state;
	struct pod *pod = c->who.pod_uid[0] && !c->who.pod_container[0] ? find(pods, c) : NULL;
	const struct member *sandbox = pod ? sandbox_of(pod) : NULL;

	(void)core;
	if (sandbox && !strcmp(sandbox->id, c->who.id))
		forget(pods, pod);
}

static void flush(struct ct_core *core, void *state)
{
	struct pods *pods = state;
	struct pod *pod, *next;

	HASH_ITER(hh, pods->all, pod, next) {
		uint64_t heard;

		if (pod->start_due)
			tell_start(core, pod, awaits_more(pod, &heard) && !pod->stop_due);
		if (pod->stop_due)
			tell_stop(core, pod);
	}
}

static void free_all(void *state)
{
	struct pods *pods = state;
	struct pod *pod, *next;

	HASH_ITER(hh, pods->all, pod, next)
	forget(pods, pod);
}

const struct ct_made_kind ct_made_pods = {
	.subject = CT_SUBJECT_POD,
	.state_size = sizeof(struct pods),
	.told = told,
	.due = due,
	.goes = goes,
	.flush = flush,
	.free = free_all,
};
