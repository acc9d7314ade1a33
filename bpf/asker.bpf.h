/* SPDX-License-Identifier: GPL-2.0-only */
/* Who asks an engine, and is no actor: by the name of its program. */
#pragma once

#include "shares.bpf.h"
#include "trust.bpf.h"

#define CT_ASKER_ARGS 496 /* of its command line, behind its name: together a tail */
_Static_assert(CT_COMM_LEN + CT_ASKER_ARGS == CT_TAIL_MEDIUM, "a tail of an asker");

/* As the first eight bytes of a name: "ctr", which fetches images itself, and says of which to nobody before it has it. */
#define CT_WORD_CTR 0x0000000000727463ull

/* Of the process, whatever its threads are called; where memory cannot be read, of the thread. */
static __always_inline void own_name(union ct_name *name)
{
	struct task_struct *task;
	long n = -1;

	if (ct_has(READ)) {
		task = (void *)bpf_get_current_task();
		task = CT_GET(CT_PROBED, task, group_leader);
		n = BPF_CORE_READ_STR_INTO(&name->text, task, comm);
	}
	if (n <= 0)
		bpf_get_current_comm(name->text, sizeof(name->text));
}

/* Its command line was written by the kernel, and lies in its own memory. */
static __always_inline __u32 own_args(char *to)
{
	struct task_struct *task;
	__u64 from, end, len;

	if (ct_has(READ)) {
		task = (void *)bpf_get_current_task();
		from = CT_GET(CT_PROBED, task, mm, arg_start);
		end = CT_GET(CT_PROBED, task, mm, arg_end);
	} else {
		task = bpf_get_current_task_btf();
		from = task->mm->arg_start;
		end = task->mm->arg_end;
	}
	len = end > from ? end - from : 0;
	barrier_var(len);
	if (len >
	    CT_ASKER_ARGS) /* what it is cut in is not known to be whole: user space takes none of it */
		return 0;
	return bpf_probe_read_user(to, len, (const void *)from) ? 0 : len;
}

/*
 * Who asks, said once before what it asks for first: a request says that of few (a User-Agent). Global: verified once, by
 * itself.
 */
__attribute__((noinline)) int ct_asker_event(__u32 engine)
{
	union ct_name name = {};
	struct ct_event *e;
	__u32 len = CT_COMM_LEN;

	own_name(&name);
	e = ct_reserve(CT_KIND_ASKER, CT_TAIL_MEDIUM);
	if (!e)
		return 0;
	__builtin_memcpy(e->tail, name.text, CT_COMM_LEN);
	if (name.word[0] == CT_WORD_CTR && !name.word[1]) {
		len += own_args(e->tail + CT_COMM_LEN);
		e->sub = CT_ASKER_CALLED;
	}
	ct_tail_set(e, len);
	e->root = engine;
	ct_submit(e);
	return 0;
}
