/* SPDX-License-Identifier: GPL-2.0-only */
/* What everybody waited for: kept as long as somebody may ask. */
#pragma once

#include "core/book/book.h"
#include "core/why/waits.h"

void ct_why_feed(struct ct_core *core, const struct ct_event *e); /* every event, before all else */
