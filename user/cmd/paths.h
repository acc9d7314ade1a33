/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings that are named by the directory that they are in. */
#pragma once

#include "cmd/options.h"
#include "util/err.h"

struct ct_directories {
	char **items; /* owned */
	size_t count;
};

/*
 * Each directory becomes its files that end in .ct, by name; all else stays. *operands then borrows from
 * *paths, which the caller frees, after a failure too. A directory with none is an error.
 */
int ct_directories_expand(struct ct_directories *paths, struct ct_operands *operands,
			  struct ct_err *err);
void ct_directories_free(struct ct_directories *paths);
