/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording as it would be if it had begun later, on connections that were there: with what a recorder
 * tells at the begin of each file, of processes and of who the containers are, and nothing that was said.
 */
#pragma once

#include "util/err.h"

/* part: of its length, from 0 to 1, before which it does not begin. */
int later(const char *from, const char *to, double part, struct ct_err *err);
