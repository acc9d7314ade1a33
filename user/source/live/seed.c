// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/seed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/who/roles.h"
#include "source/engines/identity.h"
#include "source/proc/procfs.h"
#include "source/proc/trust.h"
#include "util/mem.h"
#include "util/sorted.h"

#define PASSES_MAX 4

struct seed {
	const struct ct_seed_ops *ops;
	void *ctx;
	struct ct_facts *facts;
	struct ct_proc *procs; /* owned, by parent */
	size_t count;
	size_t added;
	int pass;
	char args[CT_TAIL_MAX + 1];
};

static int by_parent(const void *a, const void *b)
{
	const struct ct_proc *x = a, *y = b;

	if (x->ppid != y->ppid)
		return x->ppid < y->ppid ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* The first child of a process in the list, or where it would be. */
static size_t first_child(const struct seed *s, uint32_t ppid)
{
	return CT_SORTED_FIRST(s->procs, 0, s->count, ppid, ppid);
}

/*
 * Programs that a runtime leaves behind in or beside a container, and that are not its workload.
 * By the beginning of the first argument, because they all run as "exe" or as the runtime.
 */
static const char *const helper_args[] = { "runsc-gofer", "runsc-sandbox", "runc:[" };

static bool is_helper(const struct ct_proc *proc, const char *args)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(helper_args); i++) {
		if (!strncmp(args, helper_args[i], strlen(helper_args[i])) ||
		    !strncmp(proc->comm, helper_args[i], strlen(helper_args[i])))
			return true;
	}
	return false;
}

/* What a runtime leaves beside a container that is in a virtual machine: comms, cut as the kernel does. */
static const char *const of_machines[] = { "qemu-", "cloud-hyperviso", "firecracker", "virtiofsd",
					   "kata-proxy" };

/* In the namespace of who runs it: inside of a container these are programs as any. */
static bool is_of_machine(const struct ct_proc *proc, const struct ct_seed_actor *up,
			  unsigned int level)
{
	if (level != up->level)
		return false;
	for (size_t i = 0; i < CT_ARRAY_SIZE(of_machines); i++) {
		if (!strncmp(proc->comm, of_machines[i], strlen(of_machines[i])))
			return true;
	}
	return false;
}

/*
 * In which container: root_of() of bpf/process.bpf.h. The runtime that made it has ended, so its
 * shim's mounts stand for those of the runtime.
 */
static uint32_t root_of(const struct ct_proc *proc, const struct ct_seed_actor *up,
			unsigned int level)
{
	if (!up)
		return 0;
	if (up->role == CT_ROLE_INIT || up->role == CT_ROLE_WORKLOAD)
		return up->root;
	if (level > up->level)
		return proc->pid;
	if (!up->root && up->mntns && up->mntns != ct_proc_ns(proc->pid, "mnt"))
		return proc->pid;
	return up->root;
}

/* It is called like an engine, shim or runtime: true if that is what it is. */
static bool name_taken(struct seed *s, const struct ct_proc *proc, const struct ct_role_row *row,
		       unsigned int level, struct ct_seed_actor *actor)
{
	struct ct_taker taker;

	if (!ct_taker_read(proc->pid, &taker))
		return false;
	if (!ct_taker_may(&taker, actor->root, row->comm)) {
		if (!s->pass)
			s->ops->accuse(s->ctx, ct_taker_owner(&taker, false), row->comm, row->role);
		return false;
	}
	actor->uid = ct_taker_owner(&taker, actor->root);
	actor->role = row->role;
	actor->level = (uint8_t)level;
	actor->mntns = row->role == CT_ROLE_RUNTIME || row->role == CT_ROLE_SHIM
			       ? (uint32_t)ct_proc_ns(proc->pid, "mnt")
			       : 0;
	return true;
}

static void share_set(struct ct_seed_actor *actor)
{
	if (actor->share)
		return;
	if (actor->root)
		actor->share = actor->root;
	else if (actor->uid)
		actor->share = CT_SHARE_USER | actor->uid;
}

/*
 * What the kernel side would have made of it. The level of an actor is where its engine or runtime
 * lives, so that whoever execs below it becomes the first process of a container.
 */
static bool classify(struct seed *s, const struct ct_proc *proc, const struct ct_seed_actor *up,
		     struct ct_seed_actor *ret)
{
	const struct ct_role_row *row = ct_role_of_comm(proc->comm);
	bool below = up && !(up->role == CT_ROLE_INIT || up->role == CT_ROLE_WORKLOAD);
	unsigned int level = ct_proc_level(proc->pid);

	memset(ret, 0, sizeof(*ret));
	if (up) {
		ret->uid = up->uid;
		ret->mntns = up->mntns;
		ret->share = up->share;
		ret->level = up->level;
		ret->root = root_of(proc, up, level);
	}
	if (row && !(below && row->role == CT_ROLE_RUNTIME && level > up->level) &&
	    name_taken(s, proc, row, level, ret)) {
		share_set(ret);
		return true;
	}
	if (!up)
		return false;
	if (!below) {
		ret->role = CT_ROLE_WORKLOAD;
	} else if (row || is_helper(proc, s->args) || is_of_machine(proc, up, level)) {
		/* A runtime inside the container's namespaces: its program is not yet executed. */
		ret->role = CT_ROLE_HELPER;
	} else if (up->role == CT_ROLE_SHIM || (up->role == CT_ROLE_RUNTIME && level > up->level)) {
		ret->role = CT_ROLE_INIT;
		ret->root = proc->pid;
		/* The kernel side has the level of its runtime there, too. */
	} else {
		ret->role = CT_ROLE_HELPER;
	}
	share_set(ret);
	return true;
}

static const char *const namespace_args[] = { "-namespace", "--namespace", NULL };
static const char *const id_args[] = { "-id", "--id", NULL };

static bool plain_id(const char *id)
{
	return *id && strlen(id) <= CT_ID_LEN &&
	       !id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")];
}

/* Docker's own containers are told in full from its files. */
static void emit_container(struct seed *s, uint32_t shim, size_t len)
{
	const char *space = ct_args_value(s->args, len, namespace_args);
	const char *id = ct_args_value(s->args, len, id_args);
	struct ct_tail *tail = &s->facts->tail;
	uint32_t pid;

	if (!space || !id || !strcmp(space, "moby") || !plain_id(id))
		return;
	/* Below the host's pid namespace it is a number of that namespace. */
	pid = ct_proc_level(shim) ? 0 : s->ops->init_pid(s->ctx, shim);
	memset(tail, 0, sizeof(*tail));
	ct_tail_add_str(tail, "id", id, CT_ID_LEN);
	ct_tail_add_str(tail, "engine", "containerd", 31);
	ct_tail_add_str(tail, "namespace", space, 76);
	if (pid)
		ct_tail_add_number(tail, "pid", pid);
	ct_tail_add_str(tail, "running", pid ? "1" : "0", 1);
	ct_fact_emit_tail(s->facts, CT_KIND_IDENTITY, shim);
}

/* s->args are its arguments, len of them. */
static void tell(struct seed *s, const struct ct_proc *proc, const struct ct_seed_actor *actor,
		 size_t len)
{
	struct ct_event *e = ct_fact_begin(s->facts, CT_KIND_PROCESS, proc->pid);

	e->sub = actor->role;
	e->root = actor->root;
	e->obj = ct_proc_ns(proc->pid, "net");
	e->arg = proc->ppid | (__u64)actor->uid << CT_UID_SHIFT;
	e->ret = (__s32)ct_proc_level(proc->pid);
	ct_fact_emit(s->facts, s->args, len);
	if (actor->role == CT_ROLE_SHIM)
		emit_container(s, proc->pid, len);
	else if (actor->role == CT_ROLE_ENGINE)
		s->ops->engine(s->ctx, proc->pid);
}

static void add(struct seed *s, const struct ct_proc *proc, const struct ct_seed_actor *actor,
		size_t len)
{
	struct ct_proc now;

	if (!s->ops->add(s->ctx, proc->pid, actor))
		return;
	if (ct_proc_read(proc->pid, &now)) {
		s->ops->remove(s->ctx, proc->pid);
		return;
	}
	s->added++;
	tell(s, proc, actor, len);
}

void ct_seed_tell(const struct ct_seed_ops *ops, void *ctx, struct ct_facts *facts, uint32_t pid)
{
	struct seed s = { .ops = ops, .ctx = ctx, .facts = facts };
	struct ct_seed_actor actor;
	struct ct_proc proc;
	size_t len;

	if (ct_proc_read(pid, &proc))
		return;
	len = ct_proc_args(pid, s.args, sizeof(s.args));
	/* Asked last: whose pid it was meanwhile is not taken for it. */
	if (ops->known(ctx, pid, &actor))
		tell(&s, &proc, &actor, len);
}

/* Reads the arguments of what may be an actor, and only of that. */
static bool visit(struct seed *s, const struct ct_proc *proc, const struct ct_seed_actor *up,
		  struct ct_seed_actor *ret)
{
	size_t len;

	if (s->ops->known(s->ctx, proc->pid, ret))
		return true;
	if (!up && !ct_role_of_comm(proc->comm))
		return false;
	len = ct_proc_args(proc->pid, s->args, sizeof(s->args));
	if (!classify(s, proc, up, ret))
		return false;
	add(s, proc, ret, len);
	return true;
}

struct frame {
	size_t next;
	uint32_t pid;
	bool actor;
	struct ct_seed_actor what;
};

/* Walks the tree of processes from its roots: nobody is older than its own parent on the stack. */
static int walk(struct seed *s)
{
	own_mem struct frame *stack = calloc(s->count + 2, sizeof(*stack));
	size_t depth = 0;

	if (!stack)
		return -1;
	stack[depth++] = (struct frame){ .next = first_child(s, 0) };
	while (depth) {
		struct frame *top = &stack[depth - 1];
		struct frame below = { 0 };
		const struct ct_proc *proc;

		if (top->next >= s->count || s->procs[top->next].ppid != top->pid) {
			depth--;
			continue;
		}
		proc = &s->procs[top->next++];
		below.pid = proc->pid;
		below.next = first_child(s, proc->pid);
		below.actor = visit(s, proc, top->actor ? &top->what : NULL, &below.what);
		if (depth < s->count + 2)
			stack[depth++] = below;
	}
	return 0;
}

int ct_seed(const struct ct_seed_ops *ops, void *ctx, struct ct_facts *facts, struct ct_err *err)
{
	struct seed s = { .ops = ops, .ctx = ctx, .facts = facts };

	for (; s.pass < PASSES_MAX; s.pass++) {
		own_mem struct ct_proc *procs = NULL;
		int r = ct_proc_list(&procs, &s.count);

		if (r)
			return ct_fail(err, r, "list the processes that run: %s", strerror(-r));
		qsort(procs, s.count, sizeof(*procs), by_parent);
		s.procs = procs;
		s.added = 0;
		if (walk(&s))
			return ct_fail(err, -ENOMEM, "list the processes that run: out of memory");
		/* Twice at least: who lost its parent meanwhile was in no tree. */
		if (s.pass && !s.added)
			break;
	}
	return 0;
}
