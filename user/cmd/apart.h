/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work in a process of its own: what it holds when it has answered, the kernel takes away while the
 * caller goes on, and what becomes of it there harms nobody else.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/err.h"

struct ct_apart {
	pid_t pid; /* 0: there is none */
	int fd; /* owned, until the answer is there */
};

/*
 * Forks. The child calls work(arg, answer), with room for len bytes of zeros, and ends; it ends too when
 * the caller does. It has nothing of the caller's open, so that nobody waits for it. An answer may
 * point at what is constant in this program, and at nothing else.
 */
int ct_apart_begin(struct ct_apart *apart, void (*work)(const void *arg, void *answer),
		   const void *arg, size_t len, struct ct_err *err);

/*
 * Waits for the answer, not for the end: once, of what has been begun. Fails if the child ends before;
 * else its end is left to who ends later than the caller.
 */
int ct_apart_answer(struct ct_apart *apart, void *ret_answer, size_t len, struct ct_err *err);
