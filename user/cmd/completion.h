/* SPDX-License-Identifier: GPL-2.0-only */
/* What a shell completes, from the tables of commands, options, outputs and roles. */
#pragma once

#include <stdio.h>

#include "util/err.h"

/* A script for bash; commands end with NULL. */
int ct_completion_bash(FILE *out, const char *const *commands, struct ct_err *err);
