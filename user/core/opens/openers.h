/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose opened files are whose. Of every event of its kind, before or behind what life makes of it, as
 * the names say.
 */
#pragma once

#include "core/book/book.h"
#include "core/opens/opens.h"

struct ct_openers *ct_openers_new(void); /* NULL: no memory */
void ct_openers_free(struct ct_core *core);

/* Behind: a process was forked; `instead`: there still was one of that pid. */
void ct_openers_born(struct ct_core *core, uint32_t tgid, bool instead);
void ct_openers_exec(struct ct_core *core, const struct ct_event *e); /* behind; PROCESS, too */
void ct_openers_exit(struct ct_core *core, const struct ct_event *e); /* before */
void ct_openers_watched(struct ct_core *core, const struct ct_event *e); /* APP */
void ct_openers_opens(struct ct_core *core, const struct ct_event *e);
/* What is known of its runs now is all that ever will be. */
void ct_openers_learn(struct ct_core *core, const struct ct_container *c);
/* By the number of a run; NULL: nothing was opened in it since it was told. */
struct ct_opens *ct_openers_run(struct ct_core *core, uint32_t seq);
void ct_openers_tell(struct ct_core *core); /* hands over what was counted */

extern const struct ct_share_row ct_openers_row, ct_runs_row;
