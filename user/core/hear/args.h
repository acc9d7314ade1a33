/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of a program, args[0] its name, and what its command word means. */
#pragma once

#include "core/state.h"

#define CT_ARGS_MAX 64

/* How many there are of an EXEC's; what is beyond CT_ARGS_MAX is left out. Borrows the event. */
size_t ct_argv_split(const struct ct_event *e, struct ct_text args[CT_ARGS_MAX]);
/* The command word: the first argument that is one, whatever flags come before it. */
enum ct_op ct_argv_op(const struct ct_text *args, size_t n);
/* What follows an option, empty if it is not among them. */
struct ct_text ct_argv_value(const struct ct_text *args, size_t n, const char *option);
/* Whether one is that word. */
bool ct_argv_has(const struct ct_text *args, size_t n, const char *word);
