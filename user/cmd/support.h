/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of what is supported, as markdown, on stdout. */
#pragma once

#include "util/err.h"

int ct_print_support(struct ct_err *err);
