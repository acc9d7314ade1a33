/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON Schema of the lines of 'json', on stdout; its words are those of the tables. */
#pragma once

#include "util/err.h"

int ct_print_json_schema(struct ct_err *err);
