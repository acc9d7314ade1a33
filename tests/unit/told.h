/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whatever a core tells of a tape, to the last field, is what tests/unit/told.sums has of it: of the tape as it is, and as
 * if some of its events had been lost, had come twice or been cut, its clock were coarse, tracing had begun late or ended early,
 * there were room for few containers.
 */
#pragma once

#include "core/core.h"
#include "tape.h"

void told_as_ever(const struct tape *t, const struct ct_core_options *opts);
