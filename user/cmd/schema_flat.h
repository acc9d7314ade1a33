/* SPDX-License-Identifier: GPL-2.0-only */
/* What a database is told of the output flat, from the columns that it has. */
#pragma once

#include "util/err.h"

/* To stdout: the statement that makes the table. -EINVAL and a sentence: no such database. */
int ct_print_flat_ddl(const char *database, struct ct_err *err);
/* To stdout: the JSON Schema of a line. */
int ct_print_flat_schema(struct ct_err *err);
