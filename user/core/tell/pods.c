// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pod is told of by what is told of its sandbox and its containers: the kubelet asks for one after
 * the other, and nobody says how many there will be (pkg/kubelet/kuberuntime of Kubernetes 1.26:
 * SyncPod). So a pod has started when what was asked for is there, and nothing else has been asked for
 * as long as the kubelet may take for its next look at it.
 */
#include "core/book/pulls.h"
#include "core/tell/prepared.h"

#include <stdlib.h>

/* The kubelet asks for the next container at once, if it asks for one. */
#define QUIET_NS (5000 * CT_NS_PER_MS)
/* What has ended may be awaited by the next: the kubelet looks every second, then pulls its image. */
#define NEXT_NS (60000 * CT_NS_PER_MS)
/* How long after its sandbox a stop of one of its containers may be told. */
#define LATE_NS (2000 * CT_NS_PER_MS)
/* A hook may take as long, and more is awaited as long. */
#define HOOK_NS (300000 * CT_NS_PER_MS)
/* Who is between two states is looked at again so often. */
#define AGAIN_NS (1000 * CT_NS_PER_MS)

struct pod {
	struct ct_book_key key; /* id: its uid */
	struct ct_crew crew;
	bool began; /* its sandbox was seen to start */
	bool again; /* there was one before that: what was done for it first was done for that */
	bool start_told;
	uint64_t start_due, stop_due; /* 0: not waited for */
	UT_hash_handle hh;
};

struct pods {
	struct pod *all;
	struct ct_preparations preparations; /* by kubelets of the host */
};

static const struct ct_crew_kind kind = {
	.start = CT_RECORD_POD_START,
	.stop = CT_RECORD_POD_STOP,
	.gap = CT_PHASE_KUBELET,
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
	pod->crew.kind = &kind;
	HASH_ADD(hh, pods->all, key, sizeof(pod->key), pod);
	return pod;
}

static void forget(struct pods *pods, struct pod *pod)
{
	HASH_DEL(pods->all, pod);
	free(pod->crew.members);
	free(pod);
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
	const struct ct_member *last = NULL;

	*heard = 0;
	for (size_t i = 0; i < pod->crew.count; i++) {
		const struct ct_member *m = &pod->crew.members[i];

		if (ct_crew_is_restart(&pod->crew, i))
			continue;
		if (!last || m->begin_ns >= last->begin_ns)
			last = m;
		*heard = later(*heard, later(m->end_ns, m->exit_ns));
	}
	return !last || ct_member_is_sandbox(last) ||
	       (last->exit_ns && !last->exit_code && !last->stop_ns);
}

/* When its start is complete, if nothing else is heard of it. */
static uint64_t complete_at(const struct pod *pod)
{
	uint64_t heard;
	bool more = awaits_more(pod, &heard);

	return heard + (more ? NEXT_NS : QUIET_NS);
}

static bool is_pull_of(const struct ct_pull *p, const struct pod *pod)
{
	return p->begin_ns >= pod->crew.members[0].begin_ns &&
	       !strcmp(p->who.pod_uid, pod->key.id) &&
	       ct_scope_is(&p->held.share->scope, &pod->key.scope);
}

/* An image is being fetched for it, or was and nothing else was asked for since: what then is awaited, and until when. */
static uint64_t fetches_until(const struct ct_core *core, const struct pod *pod)
{
	uint64_t heard, until = 0;

	awaits_more(pod, &heard);
	for (struct ct_pull *p = ct_pull_next(core, NULL); p; p = ct_pull_next(core, p)) {
		if (!pod->crew.count || !is_pull_of(p, pod))
			continue;
		if (!p->end_ns)
			return core->now + AGAIN_NS;
		if (p->end_ns > heard)
			until = later(until, p->end_ns + NEXT_NS);
	}
	return until;
}

static void keep(struct ct_member *m, const struct ct_record *rec, const struct ct_container *c)
{
	char name[CT_MEMBER_NAME_LEN];

	ct_member_name(name, c);
	ct_member_keep(m, name, rec, c);
}

static int by_begin(const void *a, const void *b)
{
	const struct ct_between *x = a, *y = b;

	return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

/* What was tried in vain, since its sandbox was asked for. */
static void add_pulls(struct ct_core *core, struct pod *pod)
{
	struct ct_crew *crew = &pod->crew;

	for (struct ct_pull *p = ct_pull_next(core, NULL); p; p = ct_pull_next(core, p)) {
		struct ct_between *b = &crew->between[crew->between_count];

		if (!is_pull_of(p, pod) || !p->failed || !p->end_ns ||
		    crew->between_count == CT_CREW_BETWEEN_MAX)
			continue;
		*b = (struct ct_between){ .phase = CT_PHASE_PULL,
					  .begin_ns = p->begin_ns,
					  .end_ns = p->end_ns,
					  .pid = p->who.engine_pid,
					  .failed = true,
					  .message = p->message };
		ct_text_copy(b->name, sizeof(b->name), ct_text(p->who.image, strlen(p->who.image)));
		crew->between_count++;
	}
}

/* What a container has executed behind its start: nothing else is asked for until that has ended. */
static void add_hooks(struct ct_core *core, struct pod *pod)
{
	struct ct_crew *crew = &pod->crew;

	for (size_t i = 0; i < crew->count; i++) {
		const struct ct_member *m = &crew->members[i];
		const struct ct_container *c = ct_book_of(core, m->handle);

		for (size_t k = 0; c && c->probes && k < c->probes->hook_count; k++) {
			const struct ct_hook *hook = &c->probes->hooks[k];
			struct ct_between *b = &crew->between[crew->between_count];

			if (crew->between_count == CT_CREW_BETWEEN_MAX)
				return;
			*b = (struct ct_between){ .phase = CT_PHASE_CONTAINERS,
						  .begin_ns = hook->begin_ns,
						  .end_ns = hook->end_ns,
						  .pid = m->pid };
			ct_text_copy(b->name, sizeof(b->name), ct_text(m->name, strlen(m->name)));
			crew->between_count++;
		}
	}
}

/* What its kubelet has done for it between what it has asked for. */
static void add_between(struct ct_core *core, struct pods *pods, struct pod *pod)
{
	const struct ct_prepared *p = ct_scope_is_host(&pod->key.scope)
					      ? ct_preparations_of(&pods->preparations, pod->key.id)
					      : NULL;
	struct ct_crew *crew = &pod->crew;

	_Static_assert(CT_PREPARED_MOUNTS_MAX < CT_CREW_BETWEEN_MAX, "some pulls find room");
	crew->first_ns = p && !pod->again ? p->first_ns : 0;
	crew->between_count = p ? p->count : 0;
	if (p)
		memcpy(crew->between, p->mounts, p->count * sizeof(p->mounts[0]));
	ct_preparations_forget(&pods->preparations, pod->key.id);
	add_pulls(core, pod);
	add_hooks(core, pod);
	qsort(crew->between, crew->between_count, sizeof(crew->between[0]), by_begin);
}

static void tell_start(struct ct_core *core, struct pods *pods, struct pod *pod, bool cut)
{
	pod->start_told = true;
	pod->start_due = 0;
	add_between(core, pods, pod);
	ct_crew_tell_start(core, &pod->crew, cut);
	pod->crew.between_count = 0;
}

static void tell_stop(struct ct_core *core, struct pod *pod)
{
	pod->stop_due = 0;
	ct_crew_tell_stop(core, &pod->crew);
}

static void take_name(struct pod *pod, const struct ct_identity *who)
{
	pod->crew.who = *who;
	ct_text_copy(pod->crew.who.id, sizeof(pod->crew.who.id),
		     ct_text(pod->key.id, strlen(pod->key.id)));
	ct_text_copy(pod->crew.who.name, sizeof(pod->crew.who.name),
		     ct_text(who->pod, strlen(who->pod)));
	pod->crew.who.pod_container[0] = '\0';
	pod->crew.who.image[0] = '\0';
	pod->crew.who.args_hash = 0;
}

/* Its sandbox may have no process that would say. */
static void take_runtime(struct pod *pod, const struct ct_identity *who)
{
	if (!pod->crew.who.runtime[0])
		memcpy(pod->crew.who.runtime, who->runtime, sizeof(pod->crew.who.runtime));
}

/* One that ran before anybody listened, or whose sandbox is yet to be told, is known by what is in it. */
static struct pod *find_or_meet(struct pods *pods, const struct ct_record *rec,
				const struct ct_container *c)
{
	struct pod *pod = find(pods, c);

	if (pod)
		return pod;
	pod = find_or_make(pods, c);
	if (!pod)
		return NULL;
	take_name(pod, rec->who);
	pod->start_told = true; /* as much of it as there will be */
	return pod;
}

/* Of those that were told before their sandbox. Whether there are any. */
static bool keep_own(struct ct_core *core, struct pod *pod, const struct ct_container *sandbox)
{
	struct ct_crew *crew = &pod->crew;
	size_t n = 0;

	for (size_t i = 0; i < crew->count && !pod->began; i++) {
		const struct ct_container *c = ct_book_of(core, crew->members[i].handle);

		if (c && c->pod == sandbox->handle)
			crew->members[n++] = crew->members[i];
	}
	crew->count = n;
	if (!n)
		crew->beyond = crew->probe_count = 0;
	return n > 0;
}

/* A sandbox begins a pod, or takes the place of one that has gone. */
static void begin(struct ct_core *core, struct pods *pods, const struct ct_record *rec,
		  const struct ct_container *c)
{
	struct pod *pod = find_or_make(pods, c);
	struct ct_member *sandbox;

	if (!pod)
		return;
	if (pod->began && !pod->start_told)
		tell_start(core, pods, pod, false);
	/* Cut, it is told with its end, and who was in it may be told by then. */
	if (!keep_own(core, pod, c) || rec->outcome != CT_OUTCOME_CUT) {
		pod->start_told = false;
		pod->again = pod->began;
		pod->began = true;
		pod->stop_due = 0;
	}
	take_name(pod, rec->who);
	sandbox = ct_crew_add(&pod->crew);
	if (!sandbox)
		return;
	keep(sandbox, rec, c);
	if (pod->start_told)
		return;
	if (rec->outcome == CT_OUTCOME_FAILED) /* the kubelet will ask for another */
		tell_start(core, pods, pod, false);
	else
		pod->start_due = complete_at(pod);
}

static void started(struct ct_core *core, struct pods *pods, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct ct_member *m, *before = NULL;
	char name[CT_MEMBER_NAME_LEN];
	struct pod *pod;

	if (!rec->who->pod_container[0] && !c->pod) {
		begin(core, pods, rec, c);
		return;
	}
	pod = find_or_meet(pods, rec, c);
	if (!pod)
		return;
	take_runtime(pod, rec->who);
	ct_member_name(name, c);
	/* What is started again is the container's own affair; what stops is who runs last. */
	for (size_t i = 0; i < pod->crew.count; i++) {
		if (strcmp(pod->crew.members[i].name, name) != 0)
			continue;
		pod->crew.members[i].stop_ns = pod->crew.members[i].stopped_ns = 0;
		before = &pod->crew.members[i];
	}
	if (pod->start_told && before) {
		memset(before, 0, sizeof(*before));
		keep(before, rec, c);
		return;
	}
	m = ct_crew_add(&pod->crew);
	if (!m)
		return;
	keep(m, rec, c);
	if (!pod->start_told)
		pod->start_due = complete_at(pod);
}

/* Its sandbox was heard to begin and to be ready: whoever is in it came later. */
static bool is_whole(struct pod *pod)
{
	const struct ct_member *sandbox = ct_crew_sandbox(&pod->crew);

	return pod->began && !(sandbox && sandbox->outcome == CT_OUTCOME_CUT);
}

/* Of one that ran before, the last of each name. */
static struct ct_member *member_of(struct pod *pod, const struct ct_record *rec,
				   const struct ct_container *c)
{
	char name[CT_MEMBER_NAME_LEN];
	struct ct_member *m = NULL;

	for (size_t i = 0; i < pod->crew.count; i++)
		if (!strcmp(pod->crew.members[i].id, rec->who->id))
			return &pod->crew.members[i];
	if (is_whole(pod))
		return NULL;
	ct_member_name(name, c);
	for (size_t i = 0; i < pod->crew.count; i++)
		if (!strcmp(pod->crew.members[i].name, name))
			m = &pod->crew.members[i];
	if (!m)
		m = ct_crew_add(&pod->crew);
	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	memcpy(m->id, rec->who->id, sizeof(m->id));
	memcpy(m->name, name, sizeof(m->name));
	m->pid = rec->who->init_pid;
	m->ready = -1;
	m->handle = c->handle;
	return m;
}

/* When nothing of it was left but what is removed: that is no part of its pod's end. */
static uint64_t over_at(const struct ct_record *rec)
{
	size_t i = 0;

	while (i < rec->segment_count && rec->segments[i].phase != CT_PHASE_DESTROY)
		i++;
	if (i == rec->segment_count || !i)
		return rec->end_ns;
	if (rec->segments[i - 1].phase == CT_PHASE_CLIENT)
		i--; /* until somebody asked for it */
	return rec->segments[i].begin_ns;
}

static void stopped(struct ct_core *core, struct pods *pods, const struct ct_record *rec,
		    const struct ct_container *c)
{
	struct pod *pod = find_or_meet(pods, rec, c);
	struct ct_member *m = pod ? member_of(pod, rec, c) : NULL;

	if (pod) /* whether or not another has taken its place */
		ct_crew_add_probes(pod->crew.probes, &pod->crew.probe_count, rec->probes,
				   rec->probe_count);
	if (pod)
		take_runtime(pod, rec->who);
	if (!m)
		return;
	m->exit_ns = rec->service_end_ns;
	m->exit_code = rec->exit_code;
	/* What a probe has failed is stopped to be started again, and not with its pod. */
	if (ct_member_is_sandbox(m) ||
	    (ct_record_phase_ns(rec, CT_PHASE_STOP) && rec->cause != CT_CAUSE_PROBE)) {
		m->stop_ns = rec->begin_ns;
		m->stopped_ns = over_at(rec);
		m->removed_ns = rec->end_ns;
	}
	if (ct_member_is_sandbox(m)) {
		pod->crew.stop_outcome = rec->outcome;
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

static void prepared(struct ct_core *core, void *state, const struct ct_event *e)
{
	struct pods *pods = state;

	ct_preparations_seen(core, &pods->preparations, e);
}

static void exits(struct ct_core *core, void *state, uint32_t pid)
{
	struct pods *pods = state;

	ct_preparations_exits(core, &pods->preparations, pid);
}

/* What a container has executed goes on; one that was never answered is given up. */
static bool has_hook(struct ct_core *core, const struct pod *pod)
{
	for (size_t i = 0; i < pod->crew.count; i++) {
		const struct ct_container *c = ct_book_of(core, pod->crew.members[i].handle);

		for (size_t k = 0; c && c->probes && k < c->probes->hook_count; k++) {
			const struct ct_hook *hook = &c->probes->hooks[k];

			if (later(hook->end_ns + QUIET_NS,
				  hook->end_ns ? 0 : hook->begin_ns + HOOK_NS) > core->now)
				return true;
		}
	}
	return false;
}

static uint64_t look(struct ct_core *core, const struct pod *pod, uint64_t due)
{
	if (core->now < due)
		return due;
	return is_moving(core, pod) || (!pod->stop_due && has_hook(core, pod))
		       ? core->now + AGAIN_NS
		       : 0;
}

static uint64_t more_until(const struct ct_core *core, const struct pod *pod)
{
	if (core->now < pod->start_due)
		return pod->start_due;
	return later(pod->start_due, fetches_until(core, pod));
}

static void due(struct ct_core *core, void *state)
{
	struct pods *pods = state;
	struct pod *pod, *next;

	HASH_ITER(hh, pods->all, pod, next)
	{
		/* Its stop says that nothing more will start. */
		if (pod->start_due && !pod->stop_due) {
			pod->start_due = look(core, pod, more_until(core, pod));
			if (!pod->start_due)
				tell_start(core, pods, pod, false);
		}
		if (pod->stop_due) {
			pod->stop_due = look(core, pod, pod->stop_due);
			if (!pod->stop_due) {
				if (pod->began && !pod->start_told)
					tell_start(core, pods, pod, false);
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
	struct pod *pod =
		c->who.pod_uid[0] && !c->who.pod_container[0] && !c->pod ? find(pods, c) : NULL;
	const struct ct_member *sandbox = pod ? ct_crew_sandbox(&pod->crew) : NULL;

	(void)core;
	if (pod && (!sandbox || !strcmp(sandbox->id, c->who.id)))
		forget(pods, pod);
}

static void flush(struct ct_core *core, void *state)
{
	struct pods *pods = state;
	struct pod *pod, *next;

	HASH_ITER(hh, pods->all, pod, next)
	{
		uint64_t heard;

		if (pod->start_due)
			tell_start(core, pods, pod, awaits_more(pod, &heard) && !pod->stop_due);
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
	ct_preparations_free(&pods->preparations);
}

const struct ct_made_kind ct_made_pods = {
	.subject = CT_SUBJECT_POD,
	.state_size = sizeof(struct pods),
	.told = told,
	.due = due,
	.prepared = prepared,
	.exits = exits,
	.goes = goes,
	.flush = flush,
	.free = free_all,
};
