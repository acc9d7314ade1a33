/* SPDX-License-Identifier: GPL-2.0-only */
/* A container that has started, as groups of what starts one after another see it. */
#pragma once

#include "core/record.h"

#define MS    1000000ull
#define START 100 /* ms that a start takes */

/* Asked for, ok, of runc: whoever makes it fills in what else it is. It borrows who. */
struct ct_record start_of(struct ct_identity *who, uint64_t at_ms, uint64_t start_ms);
