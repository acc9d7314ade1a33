// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "source/tail.h"
#include "util/mem.h"

#define PROCESSES_MAX  16384 /* as many as the kernel side tracks */
#define IDENTITIES_MAX 4096
#define ENGINES_MAX    64
#define ASKERS_MAX     4096 /* as many as the kernel side knows */
#define ARGS_KEPT      CT_TAIL_LARGE
#define KEY_LEN        160 /* an id of 76 characters, and a namespace of as many */

/* A process that is tracked. */
struct process {
	uint32_t tgid, ppid, root;
	uint8_t role, level;
	uint32_t uid;
	uint64_t netns;
	char id[80]; /* of the container that it works for or is, as its arguments say; else empty */
	char *args; /* owned, NULL: it has executed nothing */
	size_t args_len;
	UT_hash_handle hh;
};

/* Whatever was said of an engine or a container, as it was said last. */
struct fact {
	char key[KEY_LEN];
	struct ct_event *e; /* owned, with its tail */
	bool learned; /* from the core, which may come to know more */
	UT_hash_handle hh;
};

struct ct_carry {
	struct process *processes; /* in the order of their birth */
	struct fact *engines, *identities, *askers;
	struct ct_event *options; /* owned, NULL: not heard */
	struct ct_event *labels; /* the same */
	uint64_t heard_ns; /* of the last event */
	struct ct_tail tail;
	union {
		struct ct_event e;
		char bytes[CT_EVENT_LEN_MAX];
	} out;
};

struct ct_carry *ct_carry_new(void)
{
	return calloc(1, sizeof(struct ct_carry));
}

static void process_free(struct ct_carry *carry, struct process *p)
{
	HASH_DEL(carry->processes, p);
	free(p->args);
	free(p);
}

static void fact_free(struct fact **facts, struct fact *fact)
{
	HASH_DEL(*facts, fact);
	free(fact->e);
	free(fact);
}

static void facts_free(struct fact **facts)
{
	struct fact *fact, *next;

	HASH_ITER(hh, *facts, fact, next)
	{
		fact_free(facts, fact);
	}
}

void ct_carry_free(struct ct_carry *carry)
{
	struct process *p, *next;

	if (!carry)
		return;
	HASH_ITER(hh, carry->processes, p, next)
	{
		process_free(carry, p);
	}
	facts_free(&carry->engines);
	facts_free(&carry->identities);
	facts_free(&carry->askers);
	free(carry->options);
	free(carry->labels);
	free(carry);
}

static struct ct_event *copy_of(const struct ct_event *e)
{
	struct ct_event *copy = malloc(e->len);

	if (copy)
		memcpy(copy, e, e->len);
	return copy;
}

/* The last word counts, and makes it the youngest. NULL: no memory. */
static struct fact *keep(struct fact **facts, size_t max, const char *key, const struct ct_event *e)
{
	struct fact *fact;

	HASH_FIND_STR(*facts, key, fact);
	if (fact)
		fact_free(facts, fact);
	if (HASH_COUNT(*facts) >= max)
		fact_free(facts, *facts);
	fact = calloc(1, sizeof(*fact));
	if (fact)
		fact->e = copy_of(e);
	if (!fact || !fact->e) {
		free(fact);
		return NULL;
	}
	memcpy(fact->key, key, strlen(key) + 1);
	HASH_ADD_STR(*facts, key, fact);
	return fact;
}

static struct process *process_of(const struct ct_carry *carry, uint32_t tgid)
{
	struct process *p;

	HASH_FIND(hh, carry->processes, &tgid, sizeof(tgid), p);
	return p;
}

/* NULL: there is no room, or no memory. */
static struct process *process_make(struct ct_carry *carry, uint32_t tgid)
{
	struct process *p = process_of(carry, tgid);

	if (p)
		return p;
	/* The oldest are the engines. */
	p = HASH_COUNT(carry->processes) < PROCESSES_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->tgid = tgid;
	HASH_ADD(hh, carry->processes, tgid, sizeof(p->tgid), p);
	return p;
}

static void take_args(struct process *p, const char *args, size_t len)
{
	char *copy = malloc(len ? len : 1);

	free(p->args);
	p->args = copy;
	p->args_len = copy ? len : 0;
	if (copy && len)
		memcpy(copy, args, len);
}

static void forked(struct ct_carry *carry, const struct ct_event *e)
{
	struct process *p = process_of(carry, (uint32_t)e->obj), *up;

	if (p) /* its pid was another's, whose exit was not seen */
		process_free(carry, p);
	p = process_make(carry, (uint32_t)e->obj);
	up = process_of(carry, e->tgid);
	if (!p)
		return;
	p->ppid = e->tgid;
	p->role = (uint8_t)e->sub;
	p->level = (uint8_t)(e->arg & CT_LEVEL_MASK);
	if (!up || up == p)
		return;
	p->uid = up->uid;
	p->root = up->root;
	p->netns = up->netns;
	memcpy(p->id, up->id, sizeof(p->id));
	/*
	 * A monitor that has become a daemon is called as who has forked it was, and so is the process that
	 * a runtime has made: it waits to be started, and executes nothing until then.
	 */
	if ((p->role == CT_ROLE_SHIM || p->role == CT_ROLE_RUNTIME) && up->role == p->role &&
	    up->args)
		take_args(p, up->args, up->args_len);
	if (p->role == CT_ROLE_RUNTIME && p->level > up->level)
		p->role = CT_ROLE_INIT;
}

/* Shims say whose they are; what they start is theirs. */
static void name_container(struct process *p)
{
	static const char *const options[] = { "-id", "--id", "-c", "--cid" };
	struct ct_text rest = ct_text(p->args, p->args_len), arg = ct_text_cut(&rest, '\0');

	if (p->role != CT_ROLE_SHIM)
		return;
	while (rest.len) {
		bool is_option = false;

		arg = ct_text_cut(&rest, '\0');
		for (size_t i = 0; i < CT_ARRAY_SIZE(options); i++)
			is_option |= ct_text_is(arg, options[i]);
		if (!is_option)
			continue;
		ct_text_copy(p->id, sizeof(p->id), ct_text_cut(&rest, '\0'));
		return;
	}
}

static void executed(struct ct_carry *carry, const struct ct_event *e)
{
	struct process *p = process_make(carry, e->tgid);
	size_t len = e->tail_len < ARGS_KEPT ? e->tail_len : ARGS_KEPT;

	if (!p)
		return;
	take_args(p, e->tail, len);
	p->role = (uint8_t)e->sub;
	p->level = ct_event_level(e);
	p->uid = ct_event_uid(e);
	p->root = e->root;
	p->netns = e->obj;
	if (p->args)
		name_container(p);
}

static void seeded(struct ct_carry *carry, const struct ct_event *e)
{
	const struct process *up = process_of(carry, ct_event_ppid(e));
	struct process *p = process_make(carry, e->tgid);

	if (!p)
		return;
	p->ppid = ct_event_ppid(e);
	if (up && up != p)
		memcpy(p->id, up->id, sizeof(p->id));
	executed(carry, e);
}

static void exited(struct ct_carry *carry, const struct ct_event *e)
{
	struct process *p = process_of(carry, e->tgid);
	struct fact *engine, *asker;
	char key[KEY_LEN];

	if (p)
		process_free(carry, p);
	snprintf(key, sizeof(key), "%u", e->tgid);
	HASH_FIND_STR(carry->engines, key, engine);
	if (engine)
		fact_free(&carry->engines, engine);
	HASH_FIND_STR(carry->askers, key, asker);
	if (asker)
		fact_free(&carry->askers, asker);
}

static void key_of(char key[KEY_LEN], const char *id, const char *ns)
{
	snprintf(key, KEY_LEN, "%.78s/%.78s", id, ns ? ns : "");
}

static void identity(struct ct_carry *carry, const struct ct_event *e)
{
	const char *id = ct_tail_value(e->tail, e->tail_len, "id");
	char key[KEY_LEN];

	if (!id)
		return;
	key_of(key, id, ct_tail_value(e->tail, e->tail_len, "namespace"));
	keep(&carry->identities, IDENTITIES_MAX, key, e);
}

void ct_carry_feed(struct ct_carry *carry, const struct ct_event *e)
{
	char key[KEY_LEN];

	carry->heard_ns = e->ts_ns;
	switch (e->kind) {
	case CT_KIND_FORK:
		forked(carry, e);
		break;
	case CT_KIND_EXEC:
		executed(carry, e);
		break;
	case CT_KIND_PROCESS:
		seeded(carry, e);
		break;
	case CT_KIND_EXIT:
		exited(carry, e);
		break;
	case CT_KIND_IDENTITY:
		identity(carry, e);
		break;
	case CT_KIND_ENGINE:
		snprintf(key, sizeof(key), "%u", e->tgid);
		keep(&carry->engines, ENGINES_MAX, key, e);
		break;
	case CT_KIND_ASKER:
		snprintf(key, sizeof(key), "%u", e->tgid);
		keep(&carry->askers, ASKERS_MAX, key, e);
		break;
	case CT_KIND_OPTIONS:
		free(carry->options);
		carry->options = copy_of(e);
		break;
	case CT_KIND_LABELS:
		free(carry->labels);
		carry->labels = copy_of(e);
		break;
	default:
		break;
	}
}

static struct ct_event *begin(struct ct_carry *carry, enum ct_kind kind, uint32_t tgid)
{
	struct ct_event *e = &carry->out.e;

	memset(e, 0, sizeof(*e));
	e->kind = (__u8)kind;
	e->flags = CT_F_SEEDED;
	e->tgid = tgid;
	e->tid = tgid;
	return e;
}

static void set_tail(struct ct_carry *carry, const char *tail, size_t len)
{
	struct ct_event *e = &carry->out.e;
	size_t whole = (sizeof(*e) + len + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1);

	memset(carry->out.bytes + sizeof(*e), 0, whole - sizeof(*e));
	if (len)
		memcpy(carry->out.bytes + sizeof(*e), tail, len);
	e->tail_len = (__u16)len;
	e->len = (__u16)whole;
}

/* Whose first process is a shim's of the host: nobody inside a container says who that is. */
static const struct process *init_of(const struct ct_carry *carry, const char *id, bool alone)
{
	const struct process *found = NULL;

	for (const struct process *p = carry->processes; p; p = p->hh.next) {
		if (p->role != CT_ROLE_INIT || strcmp(p->id, id) != 0)
			continue;
		if (found && alone)
			return NULL;
		found = found ? found : p;
	}
	return found;
}

static bool on_host(const struct process *p)
{
	return p && !p->level && !p->uid && !p->root;
}

static bool has_shim(const struct ct_carry *carry, const char *id)
{
	for (const struct process *p = carry->processes; p; p = p->hh.next)
		if (p->role == CT_ROLE_SHIM && !strcmp(p->id, id))
			return on_host(p);
	return false;
}

/* The shim of a pod serves all that is in it, and a pod without a process has none: its engine made it. */
static bool is_in_pod_of_host(const struct ct_carry *carry, const struct ct_identity *who)
{
	const struct process *init = process_of(carry, who->init_pid);
	const struct process *up = init ? process_of(carry, init->ppid) : NULL;
	const struct process *engine = process_of(carry, who->engine_pid);

	if (!who->pod_uid[0])
		return false;
	return up ? up->role == CT_ROLE_SHIM && on_host(up)
		  : engine && engine->role == CT_ROLE_ENGINE && on_host(engine);
}

static bool is_of_host(const struct ct_carry *carry, const struct ct_identity *who)
{
	return has_shim(carry, who->id) || is_in_pod_of_host(carry, who);
}

static void forget(struct ct_carry *carry, const char *id, const char *ns)
{
	char key[KEY_LEN];
	struct fact *fact;

	key_of(key, id, ns);
	HASH_FIND_STR(carry->identities, key, fact);
	if (fact)
		fact_free(&carry->identities, fact);
}

struct telling {
	struct ct_carry *carry;
	uint64_t now_ns;
	ct_carry_fn fn;
	void *ctx;
};

static void hand_over(const struct telling *t)
{
	struct ct_event *e = &t->carry->out.e;

	e->ts_ns = t->now_ns;
	t->fn(t->ctx, e);
}

static void tell_copy(const struct telling *t, const struct ct_event *e)
{
	memcpy(t->carry->out.bytes, e, e->len);
	hand_over(t);
}

static void tell_process(const struct telling *t, const struct process *p, uint32_t ppid)
{
	struct ct_event *e = begin(t->carry, CT_KIND_PROCESS, p->tgid);

	e->sub = p->role;
	e->root = p->root;
	e->obj = p->netns;
	e->arg = ppid | (__u64)p->uid << CT_UID_SHIFT;
	e->ret = p->level;
	set_tail(t->carry, p->args, p->args_len);
	hand_over(t);
}

/* The pid that was looked up may be that of a life before. */
static void tell_identity(const struct telling *t, const struct ct_event *e)
{
	struct ct_tail *tail = &t->carry->tail;
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	const char *id = ct_tail_value(e->tail, e->tail_len, "id");
	const char *pid = ct_tail_value(e->tail, e->tail_len, "pid");
	const struct process *init =
		pid ? process_of(t->carry, (uint32_t)strtoul(pid, NULL, 10)) : NULL;
	bool in_pod = ct_tail_value(e->tail, e->tail_len, "pod_uid");

	/*
	 * The processes of a pod's containers are of one shim, which has the pod's id. With the host's pids
	 * they have the role of helpers.
	 */
	if (init && !(init->role == CT_ROLE_INIT && (in_pod || !strcmp(init->id, id))) &&
	    !(init->role == CT_ROLE_HELPER && in_pod))
		init = NULL;
	if (!init)
		init = init_of(t->carry, id, in_pod);
	memset(tail, 0, sizeof(*tail));
	while (rest.len) {
		struct ct_text key = ct_text_cut(&rest, '\0'), value = ct_text_cut(&rest, '\0');
		char name[32];

		ct_text_copy(name, sizeof(name), key);
		if (strcmp(name, "pid") != 0 && strcmp(name, "running") != 0)
			ct_tail_add(tail, name, value.p, value.len, value.len);
	}
	if (init)
		ct_tail_add_number(tail, "pid", init->tgid);
	ct_tail_add_number(tail, "running", init != NULL);
	memcpy(t->carry->out.bytes, e, sizeof(*e));
	set_tail(t->carry, tail->bytes, tail->len);
	hand_over(t);
}

static void identify(struct ct_tail *tail, const struct ct_identity *who)
{
	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "id", who->id, sizeof(who->id));
	ct_tail_add_str(tail, "namespace", who->ns, sizeof(who->ns));
	ct_tail_add_str(tail, "name", who->name, sizeof(who->name));
	ct_tail_add_str(tail, "image", who->image, sizeof(who->image));
	ct_tail_add_str(tail, "runtime", who->runtime, sizeof(who->runtime));
	ct_tail_add_str(tail, "engine", who->engine, sizeof(who->engine));
	if (who->init_pid)
		ct_tail_add_number(tail, "pid", who->init_pid);
	if (who->pod[0]) {
		ct_tail_add_str(tail, "pod", who->pod, sizeof(who->pod));
		ct_tail_add_str(tail, "pod_namespace", who->pod_ns, sizeof(who->pod_ns));
		ct_tail_add_str(tail, "pod_uid", who->pod_uid, sizeof(who->pod_uid));
		ct_tail_add_str(tail, "pod_container", who->pod_container,
				sizeof(who->pod_container));
	}
	if (who->project[0]) {
		ct_tail_add_str(tail, "project", who->project, sizeof(who->project));
		ct_tail_add_str(tail, "service", who->service, sizeof(who->service));
	}
}

static bool is_same(const struct fact *known, const struct ct_tail *tail)
{
	return known && known->e->tail_len == tail->len &&
	       !memcmp(known->e->tail, tail->bytes, tail->len);
}

void ct_carry_learn(struct ct_carry *carry, const struct ct_record *rec, uint64_t since_ns,
		    ct_carry_fn fn, void *ctx)
{
	const struct telling t = { carry, carry->heard_ns, fn, ctx };
	const struct ct_identity *who = rec->who;
	struct ct_tail *tail = &carry->tail;
	char key[KEY_LEN];
	struct fact *known;

	/* A pod is what its sandbox says; what else is told of is no container. */
	if (ct_record_subjects[rec->type] != CT_SUBJECT_CONTAINER)
		return;
	/* What stops without a process leaves nothing that says so. */
	if (rec->removed || (rec->type == CT_RECORD_STOP && who->pod_uid[0] && !who->init_pid)) {
		/* Engines tell no namespace in what they keep; others do. */
		forget(carry, who->id, who->ns);
		forget(carry, who->id, "");
		return;
	}
	key_of(key, who->id, who->ns);
	HASH_FIND_STR(carry->identities, key, known);
	/* What its engine keeps says more. */
	if ((known && !known->learned) || !*who->id || !is_of_host(carry, who))
		return;
	identify(tail, who);
	if (is_same(known, tail))
		return;
	begin(carry, CT_KIND_IDENTITY, 0);
	set_tail(carry, tail->bytes, tail->len);
	known = keep(&carry->identities, IDENTITIES_MAX, key, &carry->out.e);
	if (!known)
		return;
	known->learned = true;
	if (fn && rec->type == CT_RECORD_START && rec->begin_ns && rec->begin_ns < since_ns)
		tell_identity(&t, known->e);
}

/* A child of who is no monitor or runtime executes something in a moment; until then it is whose child it is. */
static bool is_told(const struct process *p)
{
	return p->args != NULL;
}

void ct_carry_tell(struct ct_carry *carry, uint64_t now_ns, ct_carry_parent_fn parent,
		   void *parent_ctx, ct_carry_fn fn, void *ctx)
{
	const struct telling t = { carry, now_ns, fn, ctx };
	struct process *p, *next;
	struct fact *fact;

	if (carry->options)
		tell_copy(&t, carry->options);
	if (carry->labels)
		tell_copy(&t, carry->labels);
	HASH_ITER(hh, carry->processes, p, next)
	{
		uint32_t ppid = parent ? parent(parent_ctx, p->tgid) : p->ppid;

		p->ppid = ppid;
		if (parent && !ppid)
			process_free(carry, p);
		else if (is_told(p))
			tell_process(&t, p, ppid);
	}
	for (fact = carry->engines; fact; fact = fact->hh.next)
		tell_copy(&t, fact->e);
	for (fact = carry->askers; fact; fact = fact->hh.next)
		tell_copy(&t, fact->e);
	for (fact = carry->identities; fact; fact = fact->hh.next)
		tell_identity(&t, fact->e);
}
