// SPDX-License-Identifier: GPL-2.0-only
/*
 * Methods of connections that are older than the trace. Their paths were sent once, before anybody
 * listened, and are numbers since then; what is asked is in the bytes all the same.
 *
 * A method is inferred by a rule of proof, and never by likelihood:
 * - RunPodSandbox, CreateContainer: the message has the shape of that method and of no other, and it
 *   is answered on its stream with an id of 64 digits and nothing else, or, while it waits, the engine
 *   executes a network plugin for the pod that it names. No other method with an id for an answer
 *   takes a message like it.
 * - What names one container and no more (start, stop, remove and what only reads are alike): by what
 *   was done to that container between the request and its answer, by the rows `proofs` of its family
 *   (life/family.h). Two that wait at once about the same container prove nothing.
 * - ExecSync: the message has its shape, and between it and its answer a process was executed in that
 *   container.
 * What is proved of one request is so of all whose path has the same key (wire_hpack.h): of those that
 * wait, of those that come, and of those that were answered before, which are told when it is. What a request cannot have been is kept too: a path whose request was
 * answered and has started nothing is not that of a start.
 */
#include "core/hear/talk.h"

#include <stdlib.h>

#define LEFT_MAX 8 /* of a path */

/* What was asked and answered before its path had a name: who hears that name hears of it. */
struct left {
	struct ct_request asked;
	struct ct_scope speaker;
	bool spoken; /* somebody who is known has answered */
	bool refused;
	uint64_t answered_ns, about;
	uint32_t engine;
	char message[256];
};

struct path {
	struct ct_path_key key;
	struct left *left; /* owned, LEFT_MAX of them; NULL: there was none */
	uint64_t left_count; /* the latest of so many are kept */
	uint64_t beyond; /* of the others, those that may hide something */
	const struct ct_method *method; /* static, NULL: not known */
	uint32_t refuted; /* methods that it is not, a bit each */
	bool reads; /* one that succeeded has changed nothing of its container */
	uint64_t asked; /* requests that may have made something, or failed to start or stop it */
};

struct ct_paths {
	bool repairs; /* one that has left something has got its name */
	uint32_t engine; /* that is asked, 0: not known */
	uint32_t count, next; /* ring */
	struct path at[CT_PATHS_MAX];
};

static bool is_key(const struct ct_path_key *a, const struct ct_path_key *b)
{
	return a->fields == CT_PATH_FIELDS && b->fields == CT_PATH_FIELDS &&
	       !memcmp(a->field, b->field, sizeof(a->field));
}

static struct path *path_of(struct ct_core *core, const struct ct_pending_call *call)
{
	struct ct_conn *conn = call->provable ? ct_conn_find(core, call->key.socket) : NULL;

	for (uint32_t i = 0; conn && conn->paths && i < conn->paths->count; i++) {
		if (is_key(&conn->paths->at[i].key, &call->path))
			return &conn->paths->at[i];
	}
	return NULL;
}

/*
 * What a request that nobody knows may hide: that something was to be made, or started and was not.
 * What was done is seen all the same, by the shim and the kernel.
 */
static void add_unheard(const struct ct_paths *paths, struct ct_unheard *to)
{
	struct ct_unheard_of of = { .connections = 1, .pid = paths->engine };

	for (uint32_t i = 0; i < paths->count; i++) {
		const struct path *path = &paths->at[i];

		if (path->method)
			of.requests += path->beyond;
		else if (!path->reads)
			of.requests += path->asked;
	}
	ct_unheard_add(to, &of);
}

void ct_paths_free(struct ct_core *core, struct ct_paths *paths)
{
	if (paths)
		add_unheard(paths, &core->hear->gone);
	for (uint32_t i = 0; paths && i < paths->count; i++)
		free(paths->at[i].left);
	free(paths);
}

void ct_hear_unheard(const struct ct_core *core, struct ct_unheard *to)
{
	ct_unheard_merge(to, &core->hear->gone);
	for (const struct ct_conn *conn = core->hear->conns; conn; conn = conn->hh.next) {
		if (conn->paths)
			add_unheard(conn->paths, to);
	}
}

/* What was made is seen all the same: only what could not be, and what is about something that is known, matters. */
static void leave(struct ct_core *core, struct path *path, const struct ct_pending_call *call,
		  const struct ct_fact *fact, bool refused)
{
	struct left *left;

	if (refused ? !ct_method_shaped(call->shape) : !call->about)
		return;
	if (!path->left)
		path->left = calloc(LEFT_MAX, sizeof(*path->left));
	if (!path->left) {
		core->counts.lost[CT_LOSS_TALK]++;
		return;
	}
	left = &path->left[path->left_count++ % LEFT_MAX];
	path->beyond += left->refused;
	*left = (struct left){
		.asked = call->asked,
		.spoken = fact->speaker != NULL,
		.refused = refused,
		.answered_ns = fact->ts_ns,
		.about = call->about,
		.engine = fact->e->tgid,
	};
	if (fact->speaker)
		left->speaker = *fact->speaker;
	ct_text_copy(left->message, sizeof(left->message), fact->message);
}

static void repair(struct ct_core *core, const struct path *path, struct left *left)
{
	const struct ct_event e = { .kind = CT_KIND_SEND,
				    .flags = CT_F_SERVER,
				    .tgid = left->engine,
				    .ts_ns = left->answered_ns };
	const char *verb = ct_method_name(path->method);
	struct ct_fact fact = {
		.kind = left->refused ? CT_FACT_REFUSED : CT_FACT_ANSWERED,
		.how = CT_HOW_ENGINE,
		.e = &e,
		.speaker = left->spoken ? &left->speaker : NULL,
		.ns = ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE)),
		.verb = ct_text(verb, strlen(verb)),
		.ts_ns = left->answered_ns,
		.request = &left->asked,
		.awaits_id = left->refused,
		.message = ct_text(left->message, strlen(left->message)),
		.about = left->about,
		.late = true,
	};

	ct_text_copy(left->asked.verb, sizeof(left->asked.verb), fact.verb);
	ct_text_copy(left->asked.ns, sizeof(left->asked.ns), fact.ns);
	core->seams->heard(core, &fact);
}

static void repair_path(struct ct_core *core, struct path *path)
{
	struct left *all = path->left;
	uint64_t i = path->left_count > LEFT_MAX ? path->left_count - LEFT_MAX : 0;

	path->left = NULL;
	for (; i < path->left_count; i++)
		repair(core, path, &all[i % LEFT_MAX]);
	path->left_count = 0;
	free(all);
}

void ct_paths_repair(struct ct_core *core, struct ct_paths *paths)
{
	if (!paths || !paths->repairs)
		return;
	paths->repairs = false;
	for (uint32_t i = 0; i < paths->count; i++) {
		if (paths->at[i].method && paths->at[i].left)
			repair_path(core, &paths->at[i]);
	}
}

void ct_path_unproved(struct ct_core *core, struct ct_pending_call *call,
		      const struct ct_fact *fact, bool refused)
{
	struct path *path = path_of(core, call);

	/* What was executed in a container makes nothing, and starts and stops none. */
	if (!path || call->shape == CT_CRI_OTHER || call->shape == CT_CRI_EXEC)
		return;
	/* A success about a container has led to what is seen all the same, or to nothing. */
	path->asked += refused || ct_method_shaped(call->shape);
	if (!refused && call->about && !call->crowded)
		path->reads = true;
	leave(core, path, call, fact, refused);
}

static struct path *path_make(struct ct_core *core, struct ct_pending_call *call, uint32_t engine)
{
	struct ct_conn *conn = ct_conn_find(core, call->key.socket);
	struct ct_paths *paths;
	struct path *path;

	if (!conn)
		return NULL;
	if (!conn->paths)
		conn->paths = calloc(1, sizeof(*conn->paths));
	paths = conn->paths;
	if (!paths) {
		core->counts.lost[CT_LOSS_TALK]++;
		return NULL;
	}
	paths->engine = engine;
	path = &paths->at[paths->next];
	paths->next = (paths->next + 1) % CT_PATHS_MAX;
	paths->count += paths->count < CT_PATHS_MAX;
	free(path->left);
	*path = (struct path){ .key = call->path };
	return path;
}

static void name(struct ct_pending_call *call, const struct ct_method *method)
{
	call->named = true;
	ct_call_named(call, ct_method_name(method));
	ct_text_copy(call->asked.ns, sizeof(call->asked.ns),
		     ct_text(CT_CRI_NAMESPACE, strlen(CT_CRI_NAMESPACE)));
}

bool ct_path_settles(struct ct_core *core, struct ct_pending_call *call)
{
	const struct path *path = call->named ? NULL : path_of(core, call);

	if (!path || !path->method)
		return false;
	name(call, path->method);
	return true;
}

void ct_path_asked(struct ct_core *core, struct ct_pending_call *call,
		   const struct ct_path_key *key, uint32_t engine)
{
	if (key->fields < CT_PATH_FIELDS)
		return;
	call->path = *key;
	call->provable = true;
	if (!path_of(core, call))
		call->provable = path_make(core, call, engine) != NULL;
	ct_path_settles(core, call);
}

void ct_path_message(struct ct_core *core, struct ct_pending_call *call, struct ct_text data)
{
	struct ct_text msg;

	(void)core;
	if (!call->provable || !ct_grpc_message(data, &msg))
		return;
	call->shape = ct_cri_shape(msg);
	if (call->shape == CT_CRI_POD)
		ct_cri_run_pod(&call->asked, msg);
	else if (call->shape == CT_CRI_CONTAINER)
		ct_cri_create_container(&call->asked, msg);
	else if (call->shape == CT_CRI_EXEC)
		ct_cri_exec(&call->asked, data);
}

bool ct_path_may_be(struct ct_core *core, const struct ct_pending_call *call,
		    const struct ct_method *method)
{
	const struct path *path = path_of(core, call);

	if (!call->provable)
		return true;
	return ct_method_has(method, call->shape) &&
	       !(path && (path->refuted & ct_method_bit(method) ||
			  (path->method && path->method != method)));
}

void ct_path_proved(struct ct_core *core, struct ct_pending_call *call,
		    const struct ct_method *method)
{
	struct path *path = path_of(core, call);

	if (path && !path->method) {
		path->method = method;
		ct_conn_find(core, call->key.socket)->paths->repairs |= path->left != NULL;
	}
	name(call, method);
}

void ct_hear_refuted(struct ct_core *core, const struct ct_fact *fact, const char *verb)
{
	const struct ct_method *method = ct_method_of(verb);
	struct path *path = fact->call ? path_of(core, fact->call) : NULL;

	if (path && method)
		path->refuted |= ct_method_bit(method);
}

void ct_hear_proved(struct ct_core *core, struct ct_fact *fact, const char *verb)
{
	const struct ct_method *method = ct_method_of(verb);

	if (!fact->call || !method || !ct_path_may_be(core, fact->call, method) ||
	    !ct_call_alone(core, fact->call, method))
		return;
	ct_path_proved(core, fact->call, method);
	fact->verb = ct_text(fact->call->asked.verb, strlen(fact->call->asked.verb));
	fact->unproved = false;
}

bool ct_path_answered(struct ct_core *core, struct ct_pending_call *call,
		      const struct ct_h2_frame *frame)
{
	const struct ct_method *method = ct_method_shaped(call->shape);
	struct ct_text msg;

	if (!method || frame->type != CT_H2_DATA || !ct_grpc_message(frame->payload, &msg) ||
	    !ct_cri_is_id(ct_cri_made(msg)) || !ct_path_may_be(core, call, method))
		return false;
	ct_path_proved(core, call, method);
	return true;
}
