// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left out: processes below a runtime that was called to execute another one in a container; what
 * a shim is asked about such a process by its id, and says of it, but for the request that it comes from;
 * that a shim writes to what is no output of a container; what root mounts for no pod.
 */
#include "source/recording/execs.h"

#include <stdlib.h>
#include <string.h>

#include "core/hear/args.h"
#include "core/hear/kubelet.h"
#include "core/hear/wire.h"
#include "util/mem.h"

#define SETS 1024 /* of each table; a power of two */
#define WAYS 4

/* The newest first. Who has no room is as if there never was such a process: it is carried. */
struct ct_execs {
	uint32_t below[SETS][WAYS]; /* processes, and whether they are the runtime; 0: free */
	uint64_t asked[SETS][WAYS]; /* requests whose answers nobody needs, 0: free */
	uint64_t ids[SETS][WAYS]; /* hashes of what shims call such processes, 0: free */
};

struct ct_execs *ct_execs_new(void)
{
	return calloc(1, sizeof(struct ct_execs));
}

void ct_execs_free(struct ct_execs *execs)
{
	free(execs);
}

static uint32_t *below_set(struct ct_execs *x, uint32_t tgid)
{
	return x->below[tgid & (SETS - 1)];
}

#define RUNTIME (1u << 31) /* of the number of a process: it is what was called */

enum is {
	OUTSIDE,
	BELOW,
	CALLED
};

static enum is where(struct ct_execs *x, uint32_t tgid)
{
	const uint32_t *set = below_set(x, tgid);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i] && (set[i] & ~RUNTIME) == tgid)
			return set[i] & RUNTIME ? CALLED : BELOW;
	}
	return OUTSIDE;
}

static void leave(struct ct_execs *x, uint32_t tgid)
{
	uint32_t *set = below_set(x, tgid);

	for (size_t i = 0; i < WAYS; i++) {
		if ((set[i] & ~RUNTIME) == tgid)
			set[i] = 0;
	}
}

static void enter(struct ct_execs *x, uint32_t tgid, uint32_t flag)
{
	uint32_t *set = below_set(x, tgid);

	leave(x, tgid);
	memmove(set + 1, set, (WAYS - 1) * sizeof(*set));
	set[0] = tgid | flag;
}

/* Whoever forks below is below; a process of that number that somebody else forks is another one. */
static bool fork_needed(struct ct_execs *x, const struct ct_event *e)
{
	bool below = where(x, e->tgid) != OUTSIDE;

	if (below)
		enter(x, (uint32_t)e->obj, 0);
	else
		leave(x, (uint32_t)e->obj);
	return !below;
}

/*
 * `runc exec` is seen to begin and to end; what it does to that end is not, nor what it executes. It is
 * not below itself: what it is called again with, by a wrapper, says no more.
 */
static bool exec_needed(struct ct_execs *x, const struct ct_event *e)
{
	struct ct_text args[CT_ARGS_MAX];
	size_t n;

	if (where(x, e->tgid) != OUTSIDE)
		return false;
	if (e->sub != CT_ROLE_RUNTIME)
		return true;
	n = ct_argv_split(e, args);
	if (n && ct_argv_op(args, n) == CT_OP_EXEC)
		enter(x, e->tgid, RUNTIME);
	return true;
}

/* What a shim is asked, and by what number. Those of two connections that share one are both left out. */
static uint64_t key_of(uint64_t socket, uint32_t stream)
{
	return (socket * 0x9e3779b97f4a7c15ull) ^ ((uint64_t)stream << 1 | 1);
}

static void put(uint64_t table[SETS][WAYS], uint64_t key)
{
	uint64_t *set = table[key >> 54];

	memmove(set + 1, set, (WAYS - 1) * sizeof(*set));
	set[0] = key;
}

static void ask(struct ct_execs *x, uint64_t key)
{
	put(x->asked, key);
}

/* FNV-1a, and all of its bits in the first ones. */
static uint64_t hash_of(struct ct_text id)
{
	uint64_t hash = 14695981039346656037ull;

	for (size_t i = 0; i < id.len; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 1099511628211ull;
	return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull | 1;
}

/* "directory/ID-stdout": of a process that was executed in a container. */
static bool is_fifo_of_exec(struct ct_execs *x, const struct ct_event *e)
{
	struct ct_text id = ct_text_base(ct_text(e->tail, e->tail_len));
	const char *dash = memrchr(id.p, '-', id.len);
	const uint64_t *set;
	uint64_t hash;

	if (!dash)
		return false;
	hash = hash_of(ct_text(id.p, (size_t)(dash - id.p)));
	set = x->ids[hash >> 54];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i] == hash)
			return true;
	}
	return false;
}

static bool was_asked(struct ct_execs *x, uint64_t key)
{
	uint64_t *set = x->asked[key >> 54];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i] != key)
			continue;
		set[i] = 0;
		return true;
	}
	return false;
}

/* ForwardRequest { 1: Envelope { 3: topic, 4: Any { 2: { 1: container, 2: process } } } } */
static bool is_of_exec(const struct ct_ttrpc *rpc)
{
	struct ct_text envelope, topic, any, event, id, process;

	if (!ct_proto_bytes(rpc->request, 1, &envelope) || !ct_proto_bytes(envelope, 3, &topic))
		return false;
	if (ct_text_is(topic, "/tasks/exec-added") || ct_text_is(topic, "/tasks/exec-started"))
		return true;
	return ct_text_is(topic, "/tasks/exit") && ct_proto_bytes(envelope, 4, &any) &&
	       ct_proto_bytes(any, 2, &event) && ct_proto_bytes(event, 1, &id) &&
	       ct_proto_bytes(event, 2, &process) && process.len &&
	       (id.len != process.len || memcmp(id.p, process.p, id.len) != 0);
}

#define TTRPC_HEADER 10

static bool send_needed(struct ct_execs *x, const struct ct_event *e)
{
	const unsigned char *h = (const unsigned char *)e->tail;
	struct ct_ttrpc rpc;
	bool exec;

	if (e->tail_len < TTRPC_HEADER || (h[8] != 1 && h[8] != 2) ||
	    ((uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3]) +
			    TTRPC_HEADER !=
		    (uint32_t)e->ret ||
	    !ct_ttrpc_parse(ct_text(e->tail, e->tail_len), &rpc))
		return true;
	if (rpc.answer)
		return !was_asked(x, key_of(e->arg, rpc.stream));
	if (ct_text_is(rpc.service, "containerd.services.events.ttrpc.v1.Events"))
		exec = is_of_exec(&rpc);
	else
		exec = ct_text_starts(rpc.service, "containerd.task.v") && rpc.exec_id.len;
	if (!exec)
		return true;
	ask(x, key_of(e->obj, rpc.stream));
	if (!ct_text_is(rpc.method, "Exec"))
		return false;
	put(x->ids, hash_of(rpc.exec_id));
	return true;
}

/* Columns: how the name of a container's output begins, how it ends (core/life/files.c). */
static const struct {
	const char *begin, *end;
} outputs[] = { { "ctr.log", "" }, { "init-std", "" }, { "", "-stdout" }, { "", "-stderr" } };

static bool relay_needed(const struct ct_event *e)
{
	struct ct_text name = ct_text_base(ct_text(e->tail, e->tail_len));

	for (size_t i = 0; i < CT_ARRAY_SIZE(outputs); i++) {
		size_t n = strlen(outputs[i].end);

		if (ct_text_starts(name, outputs[i].begin) && name.len >= n &&
		    !memcmp(name.p + name.len - n, outputs[i].end, n))
			return true;
	}
	return false;
}

bool ct_execs_needed(struct ct_execs *x, const struct ct_event *e)
{
	struct ct_preparing does;
	enum is was;

	switch (e->kind) {
	case CT_KIND_FORK:
		return fork_needed(x, e);
	case CT_KIND_EXEC:
		return exec_needed(x, e);
	case CT_KIND_EXIT:
		was = where(x, e->tgid);
		leave(x, e->tgid);
		return was != BELOW;
	case CT_KIND_CALL:
	case CT_KIND_WAIT:
	case CT_KIND_CGROUP:
	case CT_KIND_NETLINK:
	case CT_KIND_OUTPUT:
		return where(x, e->tgid) == OUTSIDE;
	case CT_KIND_SEND:
		return send_needed(x, e);
	case CT_KIND_POD:
		return ct_preparing_parse(e, &does);
	case CT_KIND_RELAY:
		return relay_needed(e) && !is_fifo_of_exec(x, e);
	case CT_KIND_UNLINK:
		return !is_fifo_of_exec(x, e);
	default:
		return true;
	}
}
