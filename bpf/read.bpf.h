/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How kernel memory is read. A hook with typed arguments (tp_btf, fentry) loads through them: that
 * is the fastest, and all that lockdown=confidentiality leaves. Other hooks get bare addresses and
 * read with bpf_probe_read_kernel. What a probe does is written once, with `how` as a constant.
 */
#pragma once

#include "ct_event.h"
#include "ct_features.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

/* Set by user space before loading, so the verifier knows them. */
const volatile __u32 ct_features = 0;
const volatile __u32 ct_thread_size = 0;

#define ct_has(symbol) (ct_features & CT_FEATURE_BIT(symbol))

/*
 * x, of which the verifier then knows nothing; any: what it knows nothing of. In a loop, where what a
 * comparison taught it would make a state of its own of each way through.
 */
static __always_inline __u64 ct_forget(__u64 x, __u64 any)
{
	barrier_var(any);
	x ^= any;
	barrier_var(x);
	return x ^ any;
}

enum ct_how {
	CT_TYPED,
	CT_PROBED
};

#define ct_arrow1(p, a)          (p)->a
#define ct_arrow2(p, a, b)       (p)->a->b
#define ct_arrow3(p, a, b, c)    (p)->a->b->c
#define ct_arrow4(p, a, b, c, d) (p)->a->b->c->d
#define ct_arrow(p, ...)         ___apply(ct_arrow, ___narg(__VA_ARGS__))(p, __VA_ARGS__)

/* CT_GET(how, p, a, b): p->a->b; 0 where a pointer on the way is bad. The comma drops a const. */
#define CT_GET(how, p, ...) \
	({ \
		__typeof__(((void)0, ct_arrow(p, __VA_ARGS__))) got_; \
\
		if ((how) == CT_TYPED) \
			got_ = ct_arrow(p, __VA_ARGS__); \
		else \
			BPF_CORE_READ_INTO(&got_, p, __VA_ARGS__); \
		got_; \
	})

/*
 * bpf_rdonly_cast() of kernel/bpf/helpers.c, since 6.2: any address as a pointer to a type, to load
 * through. Not an extern: looking for one that is not there takes CAP_SYS_ADMIN. User space makes
 * the call what it is; where there is none it is never reached.
 */
static void *(*ct_rdonly_cast)(const void *obj, __u32 btf_id) = (void *)CT_CALL_CAST;

/* Not a relocation: user space hands libbpf a part of the kernel's types, which numbers them anew. */
const volatile __u32 ct_cast_types[CT_CAST_TYPE_MAX] = {};

#define CT_CAST(name, address) \
	((struct name *)ct_rdonly_cast((const void *)(address), ct_cast_types[CT_CAST_TYPE_##name]))

/*
 * p as a pointer that the verifier does not trust. Of each that is loaded through one that it does trust it asks
 * how far that goes on, in searches through all types of the kernel (since 6.4): half a millisecond for each
 * load on each way through a program. A load then checks its address, some instructions: for programs that are
 * not in the way of what is done a million times a second.
 */
#define CT_PLAIN(name, p) (ct_has(CAST) ? CT_CAST(name, p) : (p))

/* The same, of a pointer that may be a bare address. */
#define CT_PLAIN_IF(how, name, p) ((how) == CT_TYPED ? CT_PLAIN(name, p) : (p))

/* The pointer that lies at an address, through some type that has a pointer. */
static __always_inline void *ct_cast_load(const void *from)
{
	return ct_has(CAST) ? CT_CAST(hlist_node, from)->next : NULL;
}

/*
 * A byte at a time through some type that has a byte. Without a branch on what is read, or the
 * verifier would follow each length for itself.
 */
static __always_inline long cast_str(char *to, const __u32 max, const char *from)
{
	__u64 n = 0, alive = 1, c;

	from -= bpf_core_field_offset(struct sockaddr_un, sun_path);
	for (__u32 i = 0; i < max; i++) {
		c = (__u8)CT_CAST(sockaddr_un, from + i)->sun_path[0];
		to[i] = c;
		barrier_var(c); /* or the compiler makes a branch of it */
		alive &= (0 - c) >> 63;
		n += alive;
	}
	return n + 1;
}

/* A string in kernel memory, at most max bytes with its NUL. Its length with NUL, or negative. */
static __always_inline long ct_kernel_str(char *to, const __u32 max, const void *from)
{
	long n = -1;

	if (ct_has(READ)) {
		n = bpf_probe_read_kernel_str(to, max, from);
	} else if (ct_has(CAST)) {
		n = cast_str(to, max - 1, from);
		barrier_var(n);
		if (n > 0 && n <= max)
			to[n - 1] = '\0';
	}
	return n;
}

/* The system call that this thread is in. */
struct ct_call_regs {
	__u32 nr;
	__u64 first;
	__u64 second;
};

#if defined(__TARGET_ARCH_x86)
#define CT_REG_NR     orig_ax
#define CT_REG_FIRST  di
#define CT_REG_SECOND si
#elif defined(__TARGET_ARCH_arm64)
#define CT_REG_NR     syscallno
#define CT_REG_FIRST  orig_x0 /* x0 is the result when the call returns */
#define CT_REG_SECOND regs[1]
#endif

static __always_inline void call_regs_get(enum ct_how how, const struct pt_regs *regs,
					  struct ct_call_regs *ret)
{
	ret->nr = CT_GET(how, regs, CT_REG_NR);
	ret->first = CT_GET(how, regs, CT_REG_FIRST);
	ret->second = CT_GET(how, regs, CT_REG_SECOND);
}

static __always_inline void ct_call_regs(struct ct_call_regs *ret)
{
	if (ct_has(TASK_REGS)) {
		struct task_struct *task = bpf_get_current_task_btf();

		call_regs_get(CT_TYPED, (struct pt_regs *)bpf_task_pt_regs(task), ret);
	} else {
		/* At the top of the stack: asm/processor.h; nothing lies above before 6.9 (FRED). */
		struct task_struct *task = (void *)bpf_get_current_task();
		void *top = CT_GET(CT_PROBED, task, stack) + ct_thread_size;

		call_regs_get(CT_PROBED, top - bpf_core_type_size(struct pt_regs), ret);
	}
}
