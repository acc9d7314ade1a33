/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who asks for something, and all above him. Of recordings of old versions his pid alone is known, of others two more at
 * least. He is forgotten when he exits, and all of them are where events were lost.
 */
#pragma once

#include "core/base/house.h"
#include "core/record.h"
#include "ct_event.h"

/* ABOVE, and whose word it is, NULL: nobody's who is known. */
void ct_hear_above(struct ct_core *core, const struct ct_event *e, const struct ct_scope *speaker);
/* Of what somebody says, or of his EXEC. */
struct ct_client ct_hear_client(struct ct_core *core, const struct ct_event *e);
void ct_hear_exits(struct ct_core *core, uint32_t tgid);
void ct_hear_above_forget(struct ct_core *core);

extern const struct ct_share_row ct_above_row;
