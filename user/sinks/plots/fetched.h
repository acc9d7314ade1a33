/* SPDX-License-Identifier: GPL-2.0-only */
/* What is drawn of a pull beside its times, wherever it is drawn. */
#pragma once

#include "core/record.h"
#include "sinks/pen.h"

/* Who has asked for it, and what for; nothing if nobody is known. A line. */
void ct_fetched_draw_asked(struct ct_pen *pen, const struct ct_record *rec);
/* Which programs have unpacked its layers; nothing where none is known. A line. */
void ct_fetched_draw_unpacked(struct ct_pen *pen, const struct ct_fetched *f);
/* By which connections it came, if they are known to be its own. A line for each other side. */
void ct_fetched_draw_peers(struct ct_pen *pen, const struct ct_fetched *f);
