/* SPDX-License-Identifier: GPL-2.0-only */
/* What a shell completes, from the tables of commands, options, outputs and roles. */
#pragma once

#include <stdio.h>

#include "util/err.h"

/*
 * A script for that shell: bash, fish or zsh. Commands end with NULL. -EINVAL and a sentence: no such
 * shell.
 */
int ct_completion(FILE *out, const char *shell, const char *const *commands, struct ct_err *err);

/* Of one shell each; for the table of completion.c. */
void ct_completion_fish(FILE *out, const char *const *commands);
void ct_completion_zsh(FILE *out, const char *const *commands);
