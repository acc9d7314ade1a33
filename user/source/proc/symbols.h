/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of kernel functions, from /proc/kallsyms: what makes a stack readable on another machine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

struct ct_symbols;

/* Begins to read them, in a thread: nothing else is to be asked before they are ready. */
int ct_symbols_open(struct ct_symbols **ret, struct ct_err *err);

/* Waits for it. Fails when the addresses are hidden (kernel.kptr_restrict, or no CAP_SYSLOG). */
int ct_symbols_ready(struct ct_symbols *symbols, struct ct_err *err);
void ct_symbols_close(struct ct_symbols *symbols); /* NULL is fine */

/* Borrowed from symbols; "" for an address before all functions. */
const char *ct_symbols_name(const struct ct_symbols *symbols, uint64_t address);

/*
 * Names of the functions from where the task waits outwards, each with its NUL but the last;
 * what belongs to the tracing and to the scheduler itself is left out. Returns the length.
 */
size_t ct_symbols_stack(const struct ct_symbols *symbols, const uint64_t *addresses, size_t count,
			char *text, size_t room);
