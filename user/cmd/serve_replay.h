/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "cmd/options.h"
#include "serve/serve.h"

/*
 * Serves what the recordings and directories of opts->operands hold, until it is told to end: what was recorded
 * in the past at once, and what has a time that is yet to come when it has come. Takes serve, and closes it.
 */
int ct_serve_replay(const struct ct_options *opts, struct ct_serve *serve, struct ct_err *err);
